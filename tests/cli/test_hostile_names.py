"""Names in exports are chosen by someone else: none moves a cursor, breaks a line, starts a formula or a script."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from warmup.cli.group import run
from warmup.cli.main import cli
from warmup.scenario import load_scenario
from warmup.traffic.audience import load_audience
from warmup.traffic.history import load_history

HOSTILE = {
    "escape": "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "nul": "a\x00b",
    "lines": "one\r\ntwo\ttab",
    "turned": "abc\u202egpj.exe\u2066",
    "c1": "\x9b31mred",
    "separator": "a\u2028b",
    "formula": "=cmd|' /C calc'!A0",
    "sum": "@SUM(1+1)*cmd",
    "spaced": " +1+1",
    "wide": "\uff1d1+1",
    "markup": "</text><script>alert(1)</script>&amp;",
}
FORMULA = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"
PRINTED = {"\t", "\u00a0", "\u202f", "\u00ad"}
"""Signs that our own text has."""

MONDAY = date(2026, 3, 2)


def rows() -> list[dict[str, str]]:
    """Three weeks of mail: an honest stream, and one for every hostile name."""
    found = []
    for n in range(21):
        at = f"{MONDAY + timedelta(days=n)}T09:00:00Z"
        for key, name in [("news", "news"), *HOSTILE.items()]:
            about = {"timestamp": at, "rcpt_to": f"r{n}@gmail.com", "message_id": f"{key}{n}"}
            about |= {"campaign_id": name, "ip_pool": name, "sending_ip": name}
            found += [about | {"type": kind, "event_id": f"{kind}{key}{n}"} for kind in ("injection", "delivery")]
    return found


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows()))
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["date", "provider", "stream", "ip", "pool", "messages"])
        out.writerow([MONDAY, "Gmail", "news", "", "", 5])
        for name in HOSTILE.values():
            name = name.replace("\x00", "")  # a table with that in it is refused
            out.writerow([MONDAY, name, name, name, name, 7])
    return path


def controls(text: str) -> set[str]:
    return {sign for sign in text if not sign.isprintable() and sign != "\n"}


@pytest.mark.parametrize("kind", ["events", "table"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_what_is_read_is_harmless(request, tmp_path, capsys, kind, form):
    out = tmp_path / "out"
    assert (
        run(cli, "warmup", ["traffic", "read", str(request.getfixturevalue(kind)), "-o", str(out), "--format", form])
        == 0
    )
    printed = capsys.readouterr()
    assert controls(printed.out + printed.err) <= PRINTED
    text = (out / "traffic.csv").read_bytes().decode()
    assert controls(text) <= PRINTED
    with (out / "traffic.csv").open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [cell for cell in cells if cell.lstrip()[:1] in FORMULA and cell.strip()] == []
    drawn = (out / "traffic.svg").read_text(encoding="utf-8")
    assert controls(drawn) <= PRINTED
    assert "<script>" not in drawn
    assert "alert(1)" in text


def test_a_marked_name_is_the_name_again(tmp_path, capsys):
    """A stream called -promo: the apostrophe that keeps a spreadsheet from calculating is no part of its name."""
    source, out = tmp_path / "in.csv", tmp_path / "out"
    lines = [f"{MONDAY + timedelta(days=n)},gmail.com,-promo,100" for n in range(21)]
    source.write_text("\n".join(["date,recipient_domain,stream,messages", *lines]))
    people = tmp_path / "people.csv"
    people.write_text("domain,stream,last_click\n" + "gmail.com,-promo,2026-03-01\n" * 30)
    assert run(cli, "warmup", ["traffic", "read", str(source), "--recipients", str(people), "-o", str(out)]) == 0
    assert ",'-promo," in (out / "traffic.csv").read_text()
    assert ",'-promo," in (out / "audience.csv").read_text()
    scenario = 'customer = "A"\nstart = 2026-05-05\nhistory = "traffic.csv"\naudience = "audience.csv"\n'
    scenario += '[[pools]]\nname = "m"\nip_count = 1\n[[streams]]\nname = "-promo"\n'
    (out / "scenario.toml").write_text(scenario)
    capsys.readouterr()
    read = load_scenario(out / "scenario.toml")
    history = load_history(read, today=date(2026, 4, 1))
    assert history.frame["messages"].sum() == 2_100
    audience = load_audience(read)
    assert audience is not None
    assert set(audience.counts["stream"]) == {"-promo"}


def test_a_plan_is_harmless(events, tmp_path, capsys):
    """Streams of an export that no plan is made of are named in notes."""
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(
        'customer = "A"\nstart = 2026-05-05\nhistory = "events.jsonl"\n'
        '[[pools]]\nname = "m"\nip_count = 1\n[[streams]]\nname = "news"\n'
    )
    out = tmp_path / "out"
    assert run(cli, "warmup", ["plan", str(scenario), "-o", str(out), "--no-pdf", "--today", "2026-04-01"]) in (0, 1)
    printed = capsys.readouterr()
    assert controls(printed.out + printed.err) <= PRINTED
    for path in (path for path in out.rglob("*") if path.suffix in {".html", ".json", ".csv", ".ics", ".svg"}):
        text = path.read_bytes().decode()
        assert controls(text.replace("\r\n", "\n")) <= PRINTED, path.name
        assert "<script>alert" not in text or path.suffix in {".json", ".csv"}
    held = json.loads((out / "plan.json").read_text())
    assert held
