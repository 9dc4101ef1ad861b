"""Bad input: a clear line for every problem, all at once, exit 2 and no traceback; or an output that is safe."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest
from icalendar import Calendar

from tests.planner.make_files import START, TODAY, Mail, planned, write_customer, write_history
from warmup import Plan
from warmup.cli.group import run
from warmup.cli.main import cli

HEADER = "date,recipient_domain,stream,messages"
DAYS = [TODAY - timedelta(n) for n in range(28, 0, -1)]

Errors = pytest.CaptureFixture[str]


def refused(path: Path, capsys: Errors, *, today: date = TODAY) -> list[str]:
    """The lines of a refusal: exit 2, nothing on stdout, nothing written, one line a problem."""
    out = path.parent / "out"
    code = run(cli, "warmup", ["plan", str(path), "-o", str(out), "--today", str(today), "--only", "json"])
    said = capsys.readouterr()
    assert (code, said.out) == (2, ""), said
    assert not out.exists()
    assert "Traceback" not in said.err
    lines = said.err.strip().splitlines()
    assert lines
    return lines


def with_history(folder: Path, lines: list[str], header: str = HEADER, **scenario: object) -> Path:
    path = write_customer(folder, Mail(mix={"gmail.com": 1.0}), **scenario)
    (folder / "history.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def rows(volumes: list[str]) -> list[str]:
    return [f"{day},gmail.com,newsletter,{volume}" for day, volume in zip(DAYS, volumes, strict=True)]


# -- history ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "history.csv: is empty"),
        (HEADER + "\n", "history.csv: holds no rows"),
        ("when,who,how much\n2025-12-01,gmail.com,5\n", "history.csv: has no column 'date'"),
        ("\n".join([HEADER, *rows(["0"] * 28)]), "history.csv: holds no messages: every volume is 0"),
        ("\n".join([HEADER, *rows([""] * 28)]), "history.csv: holds no known volume"),
        ("\x00\x01\x02", "history.csv: "),
    ],
)
def test_history_that_says_nothing(tmp_path: Path, capsys: Errors, text: str, words: str) -> None:
    path = with_history(tmp_path, [])
    (tmp_path / "history.csv").write_text(text, encoding="utf-8")
    (line, *_) = refused(path, capsys)
    assert words in line


def test_volumes_that_are_none_are_told_together_with_their_lines(tmp_path: Path, capsys: Errors) -> None:
    bad = ["-5", "1.5", "abc", "inf", "1e400", "99999999999999999999"]
    lines = refused(with_history(tmp_path, rows([*bad, *["100"] * 22])), capsys)
    assert len(lines) == len(bad)
    for n, (line, volume) in enumerate(zip(lines, bad, strict=True), start=2):
        assert line.startswith(f"history.csv: line {n}: volume '{volume}' is ")
    assert "is negative; a volume is 0 or more" in lines[0]
    assert "is not whole" in lines[1]


def test_nan_is_unknown_and_not_zero(tmp_path: Path) -> None:
    """An unknown day is left out of the mean: it does not pull 1,000 down to 964."""
    plan = planned(with_history(tmp_path, rows(["NaN", *["1000"] * 27])))
    assert plan.days["supply"].iloc[0] == 1_000
    assert any("Unknown is not 0" in note.text for note in plan.notes)


def test_history_in_the_future(tmp_path: Path, capsys: Errors) -> None:
    lines = [f"{TODAY + timedelta(n)},gmail.com,newsletter,100" for n in range(1, 29)]
    (line,) = refused(with_history(tmp_path, lines), capsys)
    assert "holds 28 days in the future, up to 2026-02-01 (today is 2026-01-04)" in line


def test_mixed_time_zones(tmp_path: Path, capsys: Errors) -> None:
    zones = ["+01:00", "Z", "-05:00"]
    lines = [f"{day}T10:00:00{zones[n % 3]},gmail.com,newsletter,100" for n, day in enumerate(DAYS)]
    (line,) = refused(with_history(tmp_path, lines), capsys)
    assert "mixed time zones: dates with different UTC offsets, +01:00" in line
    assert "export all days in one zone" in line


def test_two_days_of_history(tmp_path: Path, capsys: Errors) -> None:
    lines = [f"{day},gmail.com,newsletter,100" for day in DAYS[-2:]]
    (line,) = refused(with_history(tmp_path, lines), capsys)
    assert "covers 2 days (2026-01-02 to 2026-01-03); at least 14 are needed" in line


def test_start_in_the_history(tmp_path: Path, capsys: Errors) -> None:
    path = with_history(tmp_path, rows(["100"] * 28), start=DAYS[5])
    (line,) = refused(path, capsys)
    assert line.startswith("scenario: start: 2025-12-12 is past, today is 2026-01-04; write a day from 2026-01-04 on")


def test_history_without_the_scenarios_stream(tmp_path: Path, capsys: Errors) -> None:
    path = with_history(tmp_path, [line.replace("newsletter", "newsleter") for line in rows(["100"] * 28)])
    assert any("newsletter" in line for line in refused(path, capsys))


# -- scenario -----------------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_a_scenario_is_told_at_once(tmp_path: Path, capsys: Errors) -> None:
    path = write_customer(
        tmp_path,
        Mail(keys={"pool": "mian"}),
        deadline=date(2026, 1, 1),
        legacy={"until": date(2026, 1, 31), "capacity": -5},
        policy={"ramp": "sparkpost-2021", "horizon_days": 10, "pace": 2, "ceilings": {"yahooo": {"daily": 5}}},
        new={"overflow": "nirvana"},
        pools=[{"name": "main", "ips": ["192.0.2.1", "192.0.2.1"]}],
        calendar={"silent": ["2026-02-30"]},
        preflight={"coffee": "done"},
    )
    lines = refused(path, capsys)
    expected = (
        "deadline: 2026-01-01 is before the start", "legacy.until: 2026-01-31 is before the start, 2026-02-03",
        "legacy.capacity: must be more than 0", 'there is no pool "nirvana"', '"2026-02-30" is not a date',
        "policy.horizon_days: must be at least 14", 'there is no ramp "sparkpost-2021"; did you mean "sparkpost-2020"?',
        'policy.pace: must be a number above 0 and up to 1, or "deadline", not 2', "192.0.2.1 is twice in this pool",
        'there is no pool "mian"; did you mean "main"?', 'there is no mailbox provider "yahooo"; did you mean "yahoo"?',
        "there is no such pre-flight item",
    )  # fmt: skip
    for words in expected:
        assert sum(words in line for line in lines) == 1, words
    assert all(str(path) in line for line in lines)


@pytest.mark.parametrize("days", [13, 731])
def test_horizon_outside_its_bounds(tmp_path: Path, capsys: Errors, days: int) -> None:
    (line,) = refused(write_customer(tmp_path, policy={"horizon_days": days}), capsys)
    assert "policy.horizon_days: must be at" in line


def test_deadline_after_the_horizon(tmp_path: Path, capsys: Errors) -> None:
    (line,) = refused(write_customer(tmp_path, deadline=date(2026, 12, 1)), capsys)
    assert "is day 302 of the plan, but it looks 90 days ahead; set policy.horizon_days = 302" in line


@pytest.mark.parametrize(
    "where",
    [
        {"customer": "Shop\nATTENDEE:mailto:x@example.com"},
        {"legacy": {"name": "Old\r\nESP"}},
        {"policy": {"override": {"name": "A", "reason": "x\ny"}}},
        {"calendar": {"peaks": [{"name": "Sale\u202e", "days": START, "factor": 2}]}},
    ],
)
def test_line_breaks_and_invisible_characters_in_names_are_refused(
    tmp_path: Path, capsys: Errors, where: dict[str, object]
) -> None:
    path = write_customer(tmp_path, **where)
    (line,) = refused(path, capsys)
    assert "must not contain line breaks, control or invisible characters" in line


def test_unknown_customer_file_and_folder(tmp_path: Path, capsys: Errors) -> None:
    (line,) = refused(tmp_path / "scenario.toml", capsys)
    assert "there is no such file" in line


def test_refusal_in_a_process_of_its_own(tmp_path: Path) -> None:
    path = with_history(tmp_path, rows(["-5", *["100"] * 27]))
    command = [sys.executable, "-m", "warmup.cli.main", "plan", str(path), "-o", str(tmp_path / "out")]
    command += ["--today", str(TODAY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("history.csv: line 2: volume '-5' is negative")
    assert not (tmp_path / "out").exists()


# -- hostile names ------------------------------------------------------------------------------------------------

FORMULA = "=cmd|' /C calc'!A0"
SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
MARKUP = "[bold red]{{7*7}}[/] ${x}"
CALENDAR = "a;ATTENDEE=x:mailto:y@example.com,\\n"
PLUS = "+SUM(1,2)*cmd"
AT = "@import \\\\host\\x"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Everything a name can be, in every place that takes one; what was written, and what was printed."""
    folder = tmp_path_factory.mktemp("hostile")
    mails = (
        Mail(FORMULA, 20_000, mix={"gmail.com": 1.0}, keys={"pool": SCRIPT}),
        Mail(IMAGE, 9_000, mix={"gmail.com": 1.0}, keys={"pool": PLUS, "kind": "transactional"}),
        Mail(CALENDAR, 9_000, mix={"gmail.com": 1.0}, keys={"pool": SCRIPT}),
    )
    path = write_customer(
        folder,
        *mails,
        weeks=3,
        pools=[{"name": SCRIPT, "ips": ["192.0.2.1"]}, {"name": PLUS, "ip_count": 1}],
        legacy={"name": MARKUP, "until": date(2026, 3, 31)},
        new={"name": AT},
        policy={"horizon_days": 28, "override": {"name": FORMULA, "reason": SCRIPT}},
        calendar={"peaks": [{"name": IMAGE, "days": START + timedelta(days=20), "factor": 3}]},
        customer=FORMULA + SCRIPT,
    )
    out = folder / "out"
    command = [sys.executable, "-m", "warmup.cli.main", "plan", str(path), "-o", str(out)]
    command += ["--today", str(TODAY), "--no-pdf"]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)
    assert done.stderr == ""
    assert done.returncode in (0, 1)
    return out, done.stdout


def test_hostile_names_come_back_from_json_as_they_were(hostile: tuple[Path, str]) -> None:
    plan = Plan.load(hostile[0] / "plan.json")
    assert plan.scenario.customer == FORMULA + SCRIPT
    assert plan.streams == (FORMULA, IMAGE, CALENDAR)


def test_hostile_names_make_no_tag_in_the_report(hostile: tuple[Path, str]) -> None:
    page = (hostile[0] / "report.html").read_text(encoding="utf-8")
    reader = Tags()
    reader.feed(page)
    assert not reader.handlers
    assert "img" not in reader.names
    assert SCRIPT not in page
    assert all("alert(1)</script" not in script for script in reader.scripts)
    assert SCRIPT in reader.text  # shown, as text
    assert "49" not in reader.text.split(MARKUP)[0][-20:]


class Tags(HTMLParser):
    """Elements, event handlers, scripts and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.handlers: list[str] = []
        self.scripts: list[str] = []
        self.text = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.handlers += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.text += data


def test_hostile_names_start_no_formula_in_csv(hostile: tuple[Path, str]) -> None:
    with (hostile[0] / "plan.csv").open(newline="", encoding="utf-8-sig") as file:
        cells = {cell for row in csv.reader(file) for cell in row}
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
    assert f"'{FORMULA}" in cells


def test_hostile_names_start_no_formula_in_excel(hostile: tuple[Path, str]) -> None:
    book = openpyxl.load_workbook(hostile[0] / "plan.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    formulas = [str(cell.value) for cell in cells if cell.data_type == "f"]
    assert not [formula for formula in formulas if "cmd" in formula or "script" in formula]
    assert any(FORMULA in str(cell.value) and cell.data_type == "s" for cell in cells)
    assert all(sheet.title.isprintable() and len(sheet.title) <= 31 for sheet in book)


FIELDS = {
    "UID", "DTSTAMP", "DTSTART", "DTEND", "DURATION", "SUMMARY", "DESCRIPTION", "CATEGORIES", "TRANSP", "URL", "CLASS",
    "LAST-MODIFIED", "SEQUENCE", "STATUS", "X-MICROSOFT-CDO-BUSYSTATUS",
}  # fmt: skip
"""What an event of ours may hold."""


def test_hostile_names_add_no_field_to_the_calendar(hostile: tuple[Path, str]) -> None:
    data = (hostile[0] / "plan.ics").read_bytes()
    calendar = Calendar.from_ical(data)
    for event in calendar.walk("VEVENT"):
        assert {str(name) for name in event} <= FIELDS
    lines = data.split(b"\r\n")
    assert not [line for line in lines if line.upper().startswith((b"ATTENDEE", b"ORGANIZER", b"ATTACH"))]
    assert max(map(len, lines)) <= 75
    assert any(IMAGE in str(event.get("SUMMARY")) for event in calendar.walk("VEVENT"))


def test_hostile_names_make_no_element_in_the_charts(hostile: tuple[Path, str]) -> None:
    charts = list((hostile[0] / "charts").glob("*.svg"))
    assert charts
    for chart in charts:
        reader = Tags()
        reader.feed(chart.read_text(encoding="utf-8"))
        assert not reader.names & {"script", "foreignobject", "img"}
        assert not reader.handlers


def test_hostile_names_are_plain_text_on_the_terminal(hostile: tuple[Path, str]) -> None:
    _, printed = hostile
    assert "\x1b" not in printed
    assert "[bold red]" in printed  # not read as markup
    assert "49" not in printed.split("[bold red]")[1][:8]


def test_hostile_names_name_no_file(hostile: tuple[Path, str]) -> None:
    assert {path.name for path in hostile[0].iterdir()} == {
        "report.html", "plan.xlsx", "plan.csv", "plan.ics", "plan.json", "charts"
    }  # fmt: skip
    assert all(path.stem.replace("-", "").replace("_", "").isalnum() for path in (hostile[0] / "charts").iterdir())
    assert [path.name for path in hostile[0].parent.iterdir() if path.is_dir()] == ["out"]


def test_other_commands_show_hostile_names_as_text_too(tmp_path: Path, capsys: Errors) -> None:
    mail = Mail(MARKUP, 20_000, mix={"gmail.com": 1.0}, keys={"pool": SCRIPT})
    path = write_customer(tmp_path, mail, weeks=3, pools=[{"name": SCRIPT, "ip_count": 1}], deadline=date(2026, 4, 1))
    for command in ("levers", "size", "latest-start"):
        code = run(cli, "warmup", [command, str(path), "--today", str(TODAY)])
        said = capsys.readouterr()
        assert code in (0, 1), said
        assert "\x1b" not in said.out
        assert said.err == ""
    assert list(iter_names(tmp_path)) == ["history.csv", "scenario.toml"]


def iter_names(folder: Path) -> Iterator[str]:
    return iter(sorted(path.name for path in folder.iterdir()))


def test_history_for_another_customer_is_made_the_same_way(tmp_path: Path) -> None:
    """The helper writes zeros as rows, so that a gap is never read as a day without mail."""
    write_history(tmp_path / "h.csv", [Mail("news", 10, weekdays=(1,))], weeks=2)
    with (tmp_path / "h.csv").open(encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert len(found) == 14 * 4
    assert {row["messages"] for row in found} == {"0", "5", "2", "1"}


def test_plan_with_a_blocker_is_written_and_exits_1(tmp_path: Path, capsys: Errors) -> None:
    """Not bad input: an answer that is not good enough."""
    mail = Mail(messages=90_000, mix={"gmail.com": 1.0})
    new = {"overflow": "none", "autowarm": "off"}
    path = write_customer(tmp_path, mail, legacy={"until": date(2026, 2, 10)}, new=new)
    code = run(cli, "warmup", ["plan", str(path), "-o", str(tmp_path / "out"), "--today", str(TODAY), "--only", "json"])
    said = capsys.readouterr()
    assert code == 1
    assert said.err == ""
    plan = Plan.load(tmp_path / "out" / "plan.json")
    assert [one.id for one in plan.findings if one.severity == "blocker"] == ["legacy.unplaced"]
    assert "blocker" in said.out
    assert "Extend the legacy platform to" in " ".join(said.out.split())
