"""No address, no local part and no hash of one is on the disk during a run, after it, or in what it returns."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tempfile
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

from tests.traffic.events.samples import SAMPLES, UTC, counted, folder
from tests.traffic.events.test_avro import packed, schema_of
from tests.traffic.traces import SAMPLE, People, Watch, contents, peopled
from warmup.traffic import private
from warmup.traffic.events import engine, store
from warmup.traffic.events.engine import count_events
from warmup.traffic.events.store import Store

FORMATS = (*SAMPLES, "postfix", "powermta", "sfmc", "avro")
"""Every kind of export of events."""


def people(shared):
    """Everybody in the samples."""
    found = {one for path in folder(shared).glob("*[!v]") for one in _ADDRESS.findall(peopled(path.read_bytes()))}
    return People(address.decode() for address in found)


_ADDRESS = re.compile(rb"quillon\d\dx@[a-z.]+[a-z]")


def exported(name, shared, into):
    """The samples of a format, with people in them, and the name of who reads them."""
    into.mkdir(parents=True)
    if name == "avro":
        by_type = defaultdict(list)
        for line in peopled((folder(shared) / "braze_currents.jsonl").read_bytes()).splitlines():
            by_type[json.loads(line)["event_type"]].append(json.loads(line))
        for kind, records in by_type.items():
            (into / f"{kind}.avro").write_bytes(packed(schema_of("Event", records), records, "deflate"))
        return "braze"
    single = {"postfix": ("postfix_mail.log",), "powermta": ("powermta_acct.csv",)}
    views = sorted(path.name for path in folder(shared).glob("sfmc_*.csv"))
    for sample in single.get(name) or SAMPLES.get(name) or views:
        data = (folder(shared) / sample).read_bytes()
        # The key that a customer gives to a subscriber may be the address.
        data = re.sub(rb",[0-9a-f]{16},", b",quillon05x@yahoo.example.com,", data) if name == "sfmc" else peopled(data)
        (into / sample).write_bytes(data)
    return name


@pytest.fixture
def watched(monkeypatch, tmp_path):
    """The folder for temporary files, and what was in each private folder when it was deleted."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[tuple[bytes, set[int]]] = []
    remove = private.shutil.rmtree

    def look(path, **kwargs):
        seen.append(contents(Path(path)))
        remove(path, **kwargs)

    monkeypatch.setattr(private.shutil, "rmtree", look)
    monkeypatch.setattr(engine, "SMALL", 0)  # as if there were more of them
    return tmp_path, seen


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("damaged", [False, True])
def test_no_trace_on_the_disk(watched, shared, tmp_path_factory, name, damaged):
    temporary, seen = watched
    into = tmp_path_factory.mktemp("in") / name
    reader = exported(name, shared, into)
    for path in into.iterdir() if damaged and name != "avro" else ():
        path.write_bytes(path.read_bytes() + b"\n{broken")
    counted(reader, *sorted(into.iterdir()))
    counted(reader, *sorted(into.iterdir()))
    (one, numbers), (other, others) = seen
    assert all(b"gmail.example.com" in held for held in (one, other))  # the database was looked at
    assert people(shared).found(one) == set()
    assert people(shared).numbers(numbers) == set()
    assert numbers.isdisjoint(others)  # every digest is under a key of its run: nothing can be recognised by it
    assert numbers or name == "postfix"
    assert list(temporary.iterdir()) == []


def test_a_trace_would_be_found(shared):
    """The search itself: each way in which somebody could be written."""
    somebody, address = people(shared), "quillon07x@outlook.example.com"
    for text in (address, address.upper(), "quillon07x", "sent to quillon07x yesterday"):
        assert somebody.found(text.encode())
    for text in (address, "quillon07x", "QUILLON07X"):
        digest = hashlib.sha256(text.encode()).digest()
        ways = (digest, digest.hex().encode(), digest.hex().upper().encode(), base64.b64encode(digest))
        assert all(somebody.found(b"<" + way + b">") for way in ways)
        with duckdb.connect() as connection:
            numbers = connection.execute("SELECT hash($1), md5_number($1), md5_number($1) >> 64", [text]).fetchone()
        for number in numbers:
            assert somebody.numbers([number])
            assert somebody.found(f"1,{number},2".encode())
            assert somebody.found(number.to_bytes(16, "little"))
    assert somebody.found(b"gmail.example.com, quillon, quillon077x") == set()


@pytest.mark.parametrize("memory", ["600MB", "90MB"])
def test_no_trace_while_it_runs(monkeypatch, tmp_path, tmp_path_factory, memory):
    """The database, its log and what does not fit into memory, looked at all the time."""
    monkeypatch.setattr(store, "MEMORY", memory)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(engine, "SMALL", 0)  # as if there were more of them
    path = tmp_path_factory.mktemp("in") / "events.jsonl"
    with path.open("w") as file:
        for n in range(400_000):
            person, kind = f"{SAMPLE[n % 14]}@gmail.example.com", ("delivered", "open", "click")[n % 3]
            file.write(
                f'{{"email":"{person}","event":"{kind}","timestamp":{1772442000 + n},"sg_event_id":"e{n}",'
                f'"sg_message_id":"m{n}","category":"news"}}\n'
            )
        file.write("{broken\n")  # so that both ways are gone
    with Watch(tmp_path) as watch:
        counted("sendgrid_events", path)
    assert {"events.duckdb", "events.duckdb.wal"} <= watch.names
    assert b"gmail.example.com" in watch.held
    assert People(f"{local}@gmail.example.com" for local in SAMPLE[:3]).found(watch.held) == set()


def test_the_folder_is_private_and_goes_with_an_error(watched, tmp_path_factory):
    temporary, _ = watched
    modes = []

    def choose(head):
        modes.extend(path.stat().st_mode & 0o777 for path in temporary.iterdir())
        raise KeyboardInterrupt

    path = tmp_path_factory.mktemp("in") / "e"
    path.write_text("{}")
    with pytest.raises(KeyboardInterrupt):
        count_events([path], choose, UTC)
    assert (modes, list(temporary.iterdir())) == ([0o700], [])


def test_an_address_in_a_name_is_dropped(tmp_path):
    event = {
        "type": "injection",
        "event_id": "1",
        "timestamp": "1772442000",
        "rcpt_to": '"odd@one"@Two.Example.COM.',
        "campaign_id": "for anna@example.com",
        "ip_pool": "anna@example.com",
        "sending_ip": "anna@example.com",
    }
    (tmp_path / "e").write_text(json.dumps(event))
    row = counted("sparkpost_events", tmp_path / "e").counts.iloc[0]
    assert (row["domain"], row["stream"], row["ip"], row["pool"]) == ("two.example.com", "", "", "")


def test_the_secret_is_new_each_time():
    with Store(UTC) as one, Store(UTC) as other:
        assert one.secret != other.secret


def test_sql_never_passes_an_address_on():
    from warmup.traffic.events.sql import COLUMNS

    assert set(COLUMNS) == {"kind", "key", "message", "day", "domain", "stream", "ip", "pool"}
