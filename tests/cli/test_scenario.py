"""``warmup scenario``: one line per problem, a calm summary, JSON for machines."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from warmup.cli.group import run
from warmup.cli.main import cli
from warmup.scenario_file import scenario_schema

HOSTILE = "=cmd|' /C calc'!A0 [red]<script>"
TEXT = f"""\
customer = "{HOSTILE}"
start = 2026-02-03
deadline = 2026-05-01
history = "history.csv"

[legacy]
name = "Old [bold]Mailer"
until = 2026-06-30
capacity = 900_000

[[pools]]
name = "main"
ips = ["192.0.2.1", {{address = "192.0.2.2", start = 2026-03-03}}]

[[pools]]
name = "warm"
ip_count = 3

[new]
overflow = "warm"

[[streams]]
name = "newsletter"
pool = "main"
spread_days = 3
identity_old = {{from_domain = "example.com"}}
identity_new = {{from_domain = "news.example.com"}}

[calendar]
silent = [2026-02-05, {{from = 2026-03-01, to = 2026-03-04}}]
peaks = [{{name = "Sale", days = 2026-04-01, factor = 3}}]
holidays = [{{name = "Easter", days = 2026-04-05}}]

[preflight]
snds = 2026-02-01
"""


TODAY = date(2026, 1, 5)


def write_history(path: Path, volume: str = "1000", provider: str = "Gmail") -> None:
    days = [TODAY - timedelta(n) for n in range(28, 0, -1)]
    lines = ["date,provider,messages", *(f"{day},{provider},{volume}" for day in days)]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    write_history(tmp_path / "history.csv")
    path = Path("scenario.toml")
    path.write_text(TEXT, encoding="utf-8")
    return path


def warmup(*args: str) -> int:
    day = ["--today", TODAY.isoformat()] if args[0] == "check" else []
    return run(cli, "warmup", ["scenario", *args, *day])


def test_check_shows_what_was_understood(file, capsys):
    assert warmup("check", str(file)) == 0
    out = capsys.readouterr().out
    for words in (
        "scenario.toml is a valid scenario",
        HOSTILE,
        "Tue 03 Feb 2026 (UTC)",
        "Fri 01 May 2026",
        "Old [bold]Mailer (until Tue 30 Jun 2026, 900,000 a day)",
        "03 Feb 2026, 03 Mar 2026",
        "takes the overflow",
        "over 3 days",
        "NEW with the IPs",
        "05 Feb 2026, 01 Mar 2026 to 04 Mar 2026",
        "01 Apr 2026: 3 times the usual day",
        "05 Apr 2026: nothing is sent",
        "09:00 to 19:00",
        "2026-02-01",
        "History, 2025-12-08 to 2026-01-04",
        "about 979 messages a day on average",
    ):
        assert words in out


def test_a_narrow_terminal_loses_no_word(file, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    assert warmup("check", str(file)) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 50
    assert "newsletter" in out


def test_long_lists_of_days_are_cut_and_say_so(file, capsys):
    days = ", ".join(f"2026-03-{day:02}" for day in range(1, 31, 2))
    file.write_text(TEXT.replace("2026-02-05, {from = 2026-03-01, to = 2026-03-04}", days), encoding="utf-8")
    assert warmup("check", str(file)) == 0
    assert "and 9 more" in " ".join(capsys.readouterr().out.split())


def test_bad_input_is_one_line_each_on_standard_error(file, capsys):
    file.write_text(TEXT.replace('pool = "main"', 'pool = "mian"') + "sndz = 'done'\n", encoding="utf-8")
    assert warmup("check", str(file)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        'scenario.toml: streams.newsletter.pool: there is no pool "mian"; did you mean "main"?',
        'scenario.toml: preflight.sndz: there is no such pre-flight item; did you mean "snds"?',
    ]


def test_everything_wrong_with_the_scenario_and_every_file_is_told_in_one_go(file, capsys, tmp_path):
    write_history(tmp_path / "history.csv", "-5")
    (tmp_path / "audience.csv").write_text("provider,engaged_0_30,engaged_31_60\nGmail,many,1\n", encoding="utf-8")
    text = TEXT.replace('pool = "main"', 'pool = "mian"').replace(
        'history = "', 'audience = "audience.csv"\nhistory = "', 1
    )
    file.write_text(text, encoding="utf-8")
    assert warmup("check", str(file)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    starts = (
        "scenario.toml: streams.newsletter.pool: there is no pool",
        "history.csv: lines 2, 3, 4 and 25 more: volume '-5' is negative, 28 times",
        "audience.csv: line 2: 'engaged_0_30' 'many' is not a whole number",
    )
    for line, start in zip(err.splitlines(), starts, strict=True):
        assert line.startswith(start)
    assert warmup("check", str(file), "--format", "json") == 2
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 3


def test_files_are_read_however_little_of_the_scenario_is_right(file, capsys, tmp_path):
    """A file that is missing, a zone that is none and a stream without a name hide nothing of the others."""
    write_history(tmp_path / "history.csv", "1.5")
    text = (
        f'customer = 5\ntimezone = "Mars"\nhistory = ["none.csv", "history.csv"]\n[[streams]]\npool = "{"x" * 200}"\n'
    )
    file.write_text(text, encoding="utf-8")
    assert warmup("check", str(file)) == 2
    err = capsys.readouterr().err
    assert "history.csv: lines 2, 3, 4 and 25 more: volume '1.5' is not whole" in err
    assert err.count("none.csv") == 1
    assert "has no rows" not in err


def test_a_start_that_is_past_is_told_with_the_rest(file, capsys, tmp_path):
    write_history(tmp_path / "history.csv", "x")
    file.write_text(TEXT.replace("start = 2026-02-03", "start = 2025-12-30", 1), encoding="utf-8")
    assert warmup("check", str(file)) == 2
    err = capsys.readouterr().err
    assert "start: 2025-12-30 is past, today is 2026-01-05" in err
    assert "volume 'x' is not a number" in err


def test_notes_on_the_files_are_shown(file, capsys, tmp_path):
    write_history(tmp_path / "history.csv", provider="Outlok")
    assert warmup("check", str(file)) == 0
    assert "did you mean Outlook.com / Hotmail?" in " ".join(capsys.readouterr().out.split())
    assert warmup("check", str(file), "--format", "json") == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert any(note["level"] == "warning" and "did you mean Outlook.com" in note["text"] for note in notes)


def test_json_of_a_valid_scenario(file, capsys):
    assert warmup("check", str(file), "--format", "json") == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["schema_version"], data["ok"], data["problems"]) == (1, True, [])
    assert data["scenario"]["customer"] == HOSTILE
    assert data["scenario"]["calendar"]["silent"][1] == {"from": "2026-03-01", "to": "2026-03-04"}
    assert "base_dir" not in data["scenario"]


def test_json_of_bad_input(file, capsys):
    file.write_text(TEXT.replace("2026-02-03", "2026-02-30", 1), encoding="utf-8")
    assert warmup("check", str(file), "--format", "json") == 2
    data = json.loads(capsys.readouterr().out)
    assert (data["ok"], data["scenario"]) == (False, None)
    (problem,) = data["problems"]
    assert problem["where"] == "scenario.toml:2:9"
    assert problem["fix"] == "there is no such day or time"


def test_a_missing_file(file, capsys):
    assert warmup("check", "scenaro.toml") == 2
    assert capsys.readouterr().err == "scenaro.toml: there is no such file; did you mean scenario.toml?\n"


def test_schema_is_printed_for_editors(capsys):
    assert warmup("schema") == 0
    assert json.loads(capsys.readouterr().out) == scenario_schema()
