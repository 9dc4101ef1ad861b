"""No file that a command writes holds an address, a local part or a digest of one, nor does what it prints."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.providers.nameserver import Server
from tests.traffic.events.test_privacy import FORMATS, exported, people
from tests.traffic.traces import SAMPLE, contents
from warmup.cli.group import run
from warmup.cli.main import cli
from warmup.traffic import tables

TODAY, MONDAY = "2026-04-01", "2026-03-02"
DOMAINS = ("gmail.example.com", "corp.example.com", "yahoo.example.com", "outlook.example.com")


class Ground:
    """A world of its own for commands: all they write lies in ``folder``, but for what ``inputs`` holds before."""

    def __init__(self, folder: Path, inputs: Path, capfd) -> None:
        self.folder, self.inputs, self._capfd = folder, inputs, capfd
        self.printed = b""

    def __call__(self, *args: object) -> int:
        code = run(cli, "warmup", [str(arg) for arg in args])
        self.printed += "".join(self._capfd.readouterr()).encode()
        return code


@pytest.fixture
def ground(tmp_path, monkeypatch, capfd):
    folder, inputs = tmp_path / "ground", tmp_path / "inputs"
    for name in ("home", "cache", "temporary", "here"):
        (folder / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "temporary"))
    monkeypatch.chdir(folder / "here")
    return Ground(folder, inputs, capfd)


def lists(into: Path) -> list[Path]:
    """The same recipients as CSV, parquet and a workbook."""
    into.mkdir(parents=True)
    table = pd.DataFrame(
        [(f"{name}@{domain}", f"2026-02-{n + 1:02d}") for n, name in enumerate(SAMPLE) for domain in DOMAINS],
        columns=["email", "last_click"],
    )
    table.to_csv(into / "list.csv", index=False)
    table.assign(email=table["email"].str.upper()).to_csv(into / "loud.csv.gz", index=False)
    table.to_parquet(into / "list.parquet", index=False)
    table.to_excel(into / "list.xlsx", index=False)
    (into / "damaged.csv").write_text((into / "list.csv").read_text() + 'quillon01x@gmail.example.com,"2026\n')
    return sorted(into.iterdir())


def weeks(into: Path) -> Path:
    """Three weeks of a newsletter as SendGrid tells of them, and a scenario of it."""
    into.mkdir(parents=True)
    first, lines = datetime(2026, 3, 2, 9, tzinfo=UTC), []
    for day in range(21):
        for name in SAMPLE:
            for domain in (*DOMAINS, "bakery.example"):
                at, key = int((first + timedelta(days=day)).timestamp()), f"{day}{name}{domain}"
                about = f'"email":"{name}@{domain}","timestamp":{at},"category":["news"],"sg_message_id":"{key}"'
                lines += [f'{{{about},"event":"{kind}","sg_event_id":"{kind}{key}"}}\n' for kind in _KINDS]
    (into / "events.jsonl").write_text("".join(lines) + '{"email": "quillon03x@gmail.example.com", "event"\n')
    scenario = into / "scenario.toml"
    scenario.write_text(
        'customer = "Example"\nstart = 2026-05-05\nhistory = "events.jsonl"\n'
        '[[pools]]\nname = "main"\nip_count = 1\n[[streams]]\nname = "news"\n'
    )
    return scenario


_KINDS = ("processed", "delivered", "open")


def test_of_every_format(ground, shared):
    for name in FORMATS:
        exported(name, shared, ground.inputs / name)
        out = ground.folder / "here" / name
        assert ground("traffic", "read", ground.inputs / name, "-o", out, "--domains", "--max-bad", 1) == 0
        assert b"gmail.example.com" in (out / "traffic.csv").read_bytes()
    nothing_of(people(shared), ground)


def test_of_lists_of_recipients(ground, shared):
    for path in lists(ground.inputs):
        given = ("--recipients", path, "--as-of", MONDAY, "--smallest-domain", 1, "--max-bad", 1)
        assert ground("traffic", "read", *given, "-o", path.name) == 0
        assert b"gmail.example.com" in (ground.folder / "here" / path.name / "audience.csv").read_bytes()
        assert ground("traffic", "read", *given, "--format", "json") == 0
    nothing_of(people(shared), ground)


def test_of_a_table_that_does_not_fit_into_memory(ground, shared, monkeypatch):
    held = []
    load = tables.Table._load_into_file

    def loaded(table, rows):
        load(table, rows)
        held.append(b"".join(path.read_bytes() for path in tables._spill().rglob("*") if path.is_file()))

    tables._spill.cache_clear()  # an earlier test may have made a folder elsewhere
    monkeypatch.setattr(tables, "_MEMORY", "80MB")
    monkeypatch.setattr(tables.Table, "_load_into_file", loaded)
    ground.inputs.mkdir()
    with (ground.inputs / "sent.csv").open("w") as file:
        file.write("date,domain,email,messages\n")
        for n in range(700_000):
            person, domain = SAMPLE[n % len(SAMPLE)], DOMAINS[n % 3]
            file.write(f"2026-03-{n % 28 + 1:02d},{domain},{person}@{domain},{n + 1}\n")
    assert ground("traffic", "read", ground.inputs / "sent.csv", "-o", "read") == 0
    assert len(held[0]) > 1_000_000
    assert b"quillon" not in held[0]  # as everybody is called
    nothing_of(people(shared), ground)


def test_of_a_plan_and_of_what_dns_said(ground, shared):
    scenario = weeks(ground.inputs)
    with Server() as server:
        asked = ("--resolve", "--nameserver", f"127.0.0.1:{server.port}")
        assert ground("traffic", "read", scenario, *asked, "-o", "read", "--domains") == 0
    assert b"bakery.example" in (ground.folder / "cache" / "ipwarmup" / "mx.sqlite3").read_bytes()
    assert ground("plan", scenario, "-o", "planned", "--no-pdf", "--today", TODAY) in (0, 1)
    assert {"report.html", "plan.xlsx", "plan.csv", "plan.ics", "plan.json"} <= {
        path.name for path in (ground.folder / "here" / "planned").iterdir()
    }
    nothing_of(people(shared), ground)


def test_of_what_is_refused(ground, shared):
    """Messages about what is wrong quote nobody."""
    scenario = weeks(ground.inputs)
    with (ground.inputs / "events.jsonl").open("a") as file:
        file.write('{"email": "quillon04x@gmail.example.com", "event"}\n' * 2_000)
    assert ground("traffic", "read", scenario, "-o", "read") == 2
    assert ground("plan", scenario, "-o", "planned", "--today", TODAY) == 2
    for name, text in (("a.csv", "date,email,messages\nquillon01x@gmail.example.com,quillon02x@corp.example.com,x\n"),
                       ("b.csv", "date,quillon05x@gmail.example.com,n\n2026-03-02,quillon05x@corp.example.com,1\n"),
                       ("c.jsonl", '{"quillon06x@gmail.example.com": "quillon07x@corp.example.com"}\n'),
                       ("d.log", "Mar  2 quillon08x@gmail.example.com: quillon08x@corp.example.com\n")):  # fmt: skip
        (ground.inputs / name).write_text(text)
        assert ground("traffic", "read", ground.inputs / name, "-o", "read") == 2
        assert ground("traffic", "read", "--recipients", ground.inputs / name, "-o", "read") in (0, 2)
    nothing_of(people(shared), ground)


def nothing_of(somebody, ground: Ground) -> None:
    """Nobody is found in anything that was written or printed, and no private folder stays."""
    held, numbers = contents(ground.folder)
    assert somebody.found(held) == set()
    assert somebody.found(ground.printed) == set()
    assert somebody.numbers(numbers) == set()
    assert list((ground.folder / "temporary").glob("warmup-*/events.duckdb")) == []
