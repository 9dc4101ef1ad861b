"""``warmup scenario``: one line per problem, a calm summary, JSON for machines."""

from __future__ import annotations

import json
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


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "history.csv").write_text("date,provider,messages\n", encoding="utf-8")
    path = Path("scenario.toml")
    path.write_text(TEXT, encoding="utf-8")
    return path


def warmup(*args: str) -> int:
    return run(cli, "warmup", ["scenario", *args])


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
