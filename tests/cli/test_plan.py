"""``warmup plan``, ``levers``, ``size`` and ``latest-start`` on a small real customer."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from icalendar import Calendar

from warmup import Plan
from warmup.cli.group import run
from warmup.cli.main import cli

TODAY = "2026-11-24"
START = date(2027, 1, 12)


def write_customer(folder: Path, *, name: str = "Example Shop Ltd", more: str = "", weeks: int = 5) -> Path:
    """A scenario and its history: receipts every day, a newsletter on Tuesdays and Fridays, two providers."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "history.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["date", "recipient_domain", "stream", "messages"])
        for n in range(7 * weeks):
            day = date(2026, 11, 23) - timedelta(days=7 * weeks - n)
            for domain, share in (("gmail.com", 0.7), ("yahoo.com", 0.3)):
                rows.writerow([day, domain, "receipts", round(3_000 * share)])
                if day.weekday() in (1, 4):
                    rows.writerow([day, domain, "newsletter", round(20_000 * share)])
    path = folder / "scenario.toml"
    path.write_text(
        f"""customer = {json.dumps(name)}
start = {START}
history = "history.csv"
{more}
[[pools]]
name = "main"
ips = ["192.0.2.10"]
[[streams]]
name = "receipts"
kind = "transactional"
[[streams]]
name = "newsletter"
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_customer(tmp_path_factory.mktemp("customer"), more=f"deadline = {START + timedelta(days=120)}")


@pytest.fixture(scope="module")
def handed_over(scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str, str]:
    """One full run in a process of its own: the folder, exit code, stdout, stderr."""
    out = tmp_path_factory.mktemp("work") / "out"
    command = [sys.executable, "-m", "warmup.cli.main", "plan", str(scenario), "-o", str(out), "--today", TODAY]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=plain_env(), check=False)
    return out, done.returncode, done.stdout, done.stderr


def plain_env() -> dict[str, str]:
    return {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "80"}


def warmup(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    code = run(cli, "warmup", [str(arg) for arg in args])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_run_hands_over_every_file(handed_over):
    out, code, text, errors = handed_over
    assert errors == ""
    plan = Plan.load(out / "plan.json")
    assert code == plan.exit_code
    there = {path.name for path in out.iterdir()}
    assert {"report.html", "plan.xlsx", "plan.csv", "plan.ics", "plan.json", "charts"} <= there
    assert there <= {"report.html", "plan.pdf", "plan.xlsx", "plan.csv", "plan.ics", "plan.json", "charts"}
    assert {path.suffix for path in (out / "charts").iterdir()} == {".png", ".svg"}
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert "Example Shop Ltd" in text


def test_the_files_tell_one_story(handed_over):
    out, *_ = handed_over
    plan = Plan.load(out / "plan.json")
    with (out / "plan.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["messages"]) for row in rows) == plan.messages["messages"].sum() == plan.days["supply"].sum()
    events = Calendar.from_ical((out / "plan.ics").read_bytes()).walk("VEVENT")
    assert len(events) >= len(plan.preflight) + len(plan.milestones)
    book = openpyxl.load_workbook(out / "plan.xlsx", data_only=True)
    assert {"Summary", "Pre-flight", "Assumptions", "Findings"} <= set(book.sheetnames)
    assert (out / "report.html").stat().st_size <= 2_000_000


def test_the_summary_is_on_stdout_without_colour(handed_over):
    out, code, text, _ = handed_over
    assert "\x1b" not in text
    assert "The ramp" in text
    assert f"In {out}: report.html" in text
    assert "charts/ (" in text
    assert ("Not good enough yet" in text) == (code == 1)
    assert max(len(line) for line in text.splitlines() if not line.startswith("In ")) <= 80


def test_json_is_versioned_and_says_what_was_written(scenario, tmp_path, capsys):
    code, text, errors = warmup(
        capsys, "plan", scenario, "-o", tmp_path / "o", "--today", TODAY, "--format", "json", "--only", "json"
    )
    answer = json.loads(text)
    assert errors == ""
    assert answer["schema_version"] == 1
    assert answer["exit_code"] == code
    assert answer["files"] == ["plan.json"]
    assert answer["created"] == TODAY
    assert set(answer["all"]) >= {"day", "limit", "reason", "cure", "per_provider"}
    assert len(answer["answer"]) == 3


def test_a_plan_that_is_not_good_enough_is_written_and_exits_1(tmp_path, capsys):
    path = write_customer(tmp_path, more="[policy]\nhorizon_days = 14\n")
    code, text, _ = warmup(capsys, "plan", path, "-o", tmp_path / "out", "--today", TODAY, "--only", "csv")
    assert code == 1
    assert "Not good enough yet: " in text
    assert "not complete within the horizon" in text
    assert (tmp_path / "out" / "plan.csv").exists()


def test_how_much_damage_is_allowed_stands_in_the_plan(tmp_path, capsys):
    path = write_customer(tmp_path)
    lines = [
        {"email": f"p{n}@gmail.com", "timestamp": 1792569600 + 86400 * (n % 28), "event": "processed",
         "sg_event_id": f"e{n}", "sg_message_id": f"m{n}", "category": ("receipts", "newsletter")[n % 2]}
        for n in range(100)
    ]  # fmt: skip
    texts = [json.dumps(line) for line in lines]
    (tmp_path / "events.jsonl").write_text("\n".join([*texts, "{broken", "{broken"]))
    path.write_text(path.read_text().replace("history.csv", "events.jsonl"))
    given = ("plan", path, "-o", tmp_path / "out", "--only", "json", "--today", TODAY)
    code, _, said = warmup(capsys, *given)
    assert code == 2
    assert "2 records of 102 (2.0 %) cannot be read" in said
    code, *_ = warmup(capsys, *given, "--max-bad", "0.05")
    assert code in (0, 1)
    assert Plan.load(tmp_path / "out" / "plan.json").scenario.history[0].max_bad == 0.05
    code, _, said = warmup(capsys, "traffic", "read", path)
    assert code == 2
    assert warmup(capsys, "traffic", "read", path, "--max-bad", "0.05")[0] == 0


def test_a_plan_takes_kept_mx_answers_and_lists_what_they_decided(tmp_path, capsys, monkeypatch):
    from datetime import UTC, datetime

    from warmup.providers.mx_answer import MxAnswer
    from warmup.traffic.mx_store import MxStore, default_path

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = write_customer(tmp_path / "customer")
    history = path.with_name("history.csv")
    history.write_text(history.read_text().replace("yahoo.com", "corp.example.com"))
    now = datetime.now(UTC)
    hosts = {"corp.example.com": ("aspmx.l.google.com",), "gmail.com": ("gmail-smtp-in.l.google.com",)}
    with MxStore(default_path()) as store:
        store.keep(MxAnswer(name, "answer", found, 86_400, now, "") for name, found in hosts.items())
    warmup(capsys, "plan", path, "-o", tmp_path / "out", "--only", "json", "--today", TODAY)
    plan = Plan.load(tmp_path / "out" / "plan.json")
    assert plan.mx == {"corp.example.com": "google"}
    assert set(plan.providers) == {"google"}
    assert any("another mailbox provider than the catalogue" in note.text for note in plan.notes)


def test_plans_beside_each_other_are_compared(handed_over, tmp_path, capsys):
    out, *_ = handed_over
    path = write_customer(tmp_path / "two", name="Another Ltd")
    code, text, _ = warmup(
        capsys, "plan", path, "-o", tmp_path / "o", "--today", TODAY, "--only", "json",
        "--beside", out / "plan.json", "--format", "json",
    )  # fmt: skip
    findings = [finding for finding in json.loads(text)["findings"] if finding["id"].startswith("conflict.")]
    assert [(f["id"], f["subject"], f["severity"]) for f in findings] == [("conflict.ip", "192.0.2.10", "warning")]
    assert "Example Shop Ltd" in findings[0]["text"]
    saved = Plan.load(tmp_path / "o" / "plan.json")
    assert any(finding.id == "conflict.ip" for finding in saved.findings)
    assert code == saved.exit_code


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["missing.toml", "-o", "out"], "missing.toml"),
        (["scenario.toml"], "--output"),
        (["scenario.toml", "-o", "scenario.toml"], "is a file"),
        (["scenario.toml", "-o", "out", "--today", "tomorrow"], "--today"),
        (["scenario.toml", "-o", "out", "--only", "docx"], "docx"),
        (["scenario.toml", "-o", "out", "--only", "pdf", "--no-pdf"], "contradict"),
        (["scenario.toml", "-o", "out", "--beside", "nowhere.json"], "nowhere.json"),
        (["scenario.toml", "-o", "out", "--beside", "scenario.toml"], "scenario.toml"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(scenario, tmp_path, monkeypatch, capsys, args, words):
    monkeypatch.chdir(scenario.parent)
    before = sorted(path.name for path in scenario.parent.iterdir())
    code, text, errors = warmup(capsys, "plan", *args)
    assert code == 2
    assert text == ""
    assert words in errors
    assert len(errors.strip().splitlines()) == 1
    assert sorted(path.name for path in scenario.parent.iterdir()) == before


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="POSIX devices")
def test_a_folder_that_cannot_be_made_is_exit_3(scenario, capsys):
    code, text, errors = warmup(
        capsys, "plan", scenario, "-o", "/dev/null/out", "--today", TODAY, "--only", "csv", "--no-pdf"
    )
    assert (code, text) == (3, "")
    assert len(errors.strip().splitlines()) == 1
    assert "/dev/null" in errors


@pytest.mark.parametrize("command", ["plan", "levers", "size", "latest-start"])
def test_help_explains_itself_and_imports_nothing_heavy(command):
    code = (
        "import sys; from warmup.cli.main import cli; from warmup.cli.group import run\n"
        f"code = run(cli, 'warmup', ['{command}', '--help'])\n"
        "heavy = {'numpy', 'pandas', 'pydantic', 'matplotlib', 'altair', 'rich', 'xlsxwriter', 'icalendar'}\n"
        "sys.exit(code or bool(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "SCENARIO.toml" in done.stdout
    assert "--format" in done.stdout


def json_of(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, Any]:
    code, text, errors = warmup(capsys, *args, "--today", TODAY, "--format", "json")
    assert errors == ""
    answer = json.loads(text)
    assert answer["schema_version"] == 1
    return code, answer


def test_levers_as_json_and_text(scenario, capsys):
    code, answer = json_of(capsys, "levers", scenario)
    assert code == 0
    assert {"id", "text", "engaged", "all", "legacy_delta", "warning", "struck"} <= set(answer["levers"][0])
    code, text, _ = warmup(capsys, "levers", scenario, "--today", TODAY)
    assert code == 0
    assert text.startswith("As planned: ≤ 90 days ")
    assert answer["levers"][0]["text"].split(":")[0].split()[0] in text


def test_size_as_json_and_text(scenario, capsys):
    code, answer = json_of(capsys, "size", scenario)
    (pool,) = answer["pools"]
    assert code == int(pool["planned"] != pool["recommended"])
    assert pool["rows"][0]["ips"] == 0
    again, text, _ = warmup(capsys, "size", scenario, "--today", TODAY)
    assert again == code
    assert text.startswith("main: ")


def test_latest_start_as_json_and_text(scenario, capsys):
    code, answer = json_of(capsys, "latest-start", scenario)
    assert answer["start"] == str(START)
    assert answer["deadline"] == str(START + timedelta(days=120))
    assert code == int(answer["day"] is None or answer["day"] < answer["start"])
    again, text, _ = warmup(capsys, "latest-start", scenario, "--today", TODAY)
    assert again == code
    assert "at the latest" in text or "No start is early enough" in text


def test_latest_start_without_a_deadline_says_what_is_missing(tmp_path, capsys):
    code, text, errors = warmup(capsys, "latest-start", write_customer(tmp_path), "--today", TODAY)
    assert (code, text) == (2, "")
    assert "deadline" in errors
    assert len(errors.strip().splitlines()) == 1


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "<script>x</script> [bold]y[/]", "a; b\\nc, d:e"])
def test_hostile_customer_names_are_safe_in_every_output(tmp_path, capsys, name):
    path = write_customer(tmp_path, name=name)
    out = tmp_path / "out"
    kinds = [arg for kind in ("xlsx", "csv", "ics", "json") for arg in ("--only", kind)]
    _, text, errors = warmup(capsys, "plan", path, "-o", out, "--today", TODAY, *kinds)
    assert errors == ""
    assert name in text
    assert Plan.load(out / "plan.json").scenario.customer == name
    cell = openpyxl.load_workbook(out / "plan.xlsx")["Summary"]["A1"]
    assert (cell.data_type, cell.value) == ("s", f"{name}: moving to Bird Email Premium")
    calendar = Calendar.from_ical((out / "plan.ics").read_bytes())
    assert calendar["x-wr-calname"] == f"IP warm-up {name}"
