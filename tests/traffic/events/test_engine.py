"""What files hold is counted whatever they are packed in, however they are arranged, and how often it stands there."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import random
import shutil
import subprocess
import sys
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from tests.traffic.events.samples import SAMPLES, assert_truth, counted, folder, same
from warmup.errors import InputError
from warmup.traffic.events import engine, store

PLATFORM = "sparkpost_events"


@pytest.fixture
def events(shared):
    """The events of a sample."""
    return json.loads((folder(shared) / SAMPLES[PLATFORM][0]).read_text())["results"]


@pytest.fixture
def truth(shared):
    """What they count."""
    return counted(PLATFORM, folder(shared) / SAMPLES[PLATFORM][0])


def lines(events):
    return "".join(json.dumps(event) + "\n" for event in events)


SHAPES = {
    "lines": lines,
    "crlf": lambda events: lines(events).replace("\n", "\r\n"),
    "blank lines": lambda events: lines(events).replace("\n", "\n\n"),
    "no last newline": lambda events: lines(events).rstrip(),
    "array": json.dumps,
    "pretty array": lambda events: json.dumps(events, indent=2),
    "concatenated": lambda events: "".join(map(json.dumps, events)),
    "pretty, one after another": lambda events: "\n".join(json.dumps(event, indent=1) for event in events),
    "arrays": lambda events: "\n".join(json.dumps(events[n : n + 7]) for n in range(0, len(events), 7)),
    "answer": lambda events: json.dumps({"results": events, "total_count": 41}),
    "answer, list last": lambda events: json.dumps({"links": {"next": "/x"}, "total_count": 41, "results": events}),
    "answers": lambda events: "\n".join(json.dumps({"results": events[n : n + 7]}) for n in range(0, len(events), 7)),
    "pretty answers": lambda events: "".join(
        json.dumps({"results": events[n : n + 7], "links": {"next": ""}}, indent=2) for n in range(0, len(events), 7)
    ),
}

PACKINGS = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "two gzip members": lambda data: gzip.compress(data[:1000]) + gzip.compress(data[1000:]),
    "utf-8 with mark": lambda data: b"\xef\xbb\xbf" + data,
    "utf-16": lambda data: data.decode().encode("utf-16"),
    "utf-16 be": lambda data: b"\xfe\xff" + data.decode().encode("utf-16-be"),
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_in_every_packing(tmp_path, events, truth, shape, packing):
    path = tmp_path / "export"
    path.write_bytes(PACKINGS[packing](SHAPES[shape](events).encode()))
    result = counted(PLATFORM, path)
    assert result.damage.places == []
    assert same(result, truth)


@pytest.mark.skipif(shutil.which("zstd") is None, reason="needs the zstd command")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("damaged", [False, True])
def test_zstd(tmp_path, events, truth, shape, damaged):
    text = SHAPES[shape](events) + ("\n{broken" if damaged else "")
    (tmp_path / "e").write_text(text)
    subprocess.run(["zstd", "-q", "--rm", str(tmp_path / "e")], check=True)
    result = counted(PLATFORM, tmp_path / "e.zst")
    assert result.damage.count == int(damaged)
    assert same(result, truth)


@pytest.mark.parametrize("shape", ["lines", "array", "answer", "pretty, one after another"])
def test_standard_input(monkeypatch, events, truth, shape):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(SHAPES[shape](events).encode()))))
    assert same(counted(PLATFORM, "-"), truth)


@pytest.mark.parametrize("shape", ["lines", "answer"])
def test_packed_standard_input(monkeypatch, events, truth, shape):
    from backports import zstd

    for pack in (gzip.compress, zstd.compress):
        packed = io.BytesIO(pack(SHAPES[shape](events).encode()))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(packed)))
        assert same(counted(PLATFORM, "-"), truth)


def test_every_file_of_a_folder_and_of_a_pattern(tmp_path, events, truth):
    for n in range(0, len(events), 9):
        (tmp_path / f"{n}.jsonl").write_text(lines(events[n : n + 9]))
    (tmp_path / ".hidden").write_text("no events")
    assert same(counted(PLATFORM, tmp_path), truth)
    assert same(counted(PLATFORM, str(tmp_path / "*.jsonl")), truth)


def test_a_path_that_names_nothing(tmp_path):
    with pytest.raises(InputError, match="no file, folder or pattern"):
        counted(PLATFORM, tmp_path / "nothing*")


@pytest.mark.parametrize("platform", [name for name in SAMPLES if name != "kumomta"])
def test_what_stands_there_twice_counts_once(tmp_path, shared, platform):
    sample = folder(shared) / SAMPLES[platform][-1]
    (tmp_path / "again").write_bytes(sample.read_bytes())
    once, twice = counted(platform, sample), counted(platform, sample, tmp_path / "again")
    assert same(once, twice)
    assert twice.copies > 0


@pytest.mark.parametrize("platform", SAMPLES)
def test_order_does_not_matter(tmp_path, shared, platform):
    sample = folder(shared) / SAMPLES[platform][0]
    text = sample.read_text()
    loaded = [json.loads(line) for line in text.splitlines()] if sample.suffix == ".jsonl" else json.loads(text)
    if isinstance(loaded, dict):
        loaded = loaded.get("results") or loaded["items"]
    random.Random(1).shuffle(loaded)
    (tmp_path / "shuffled").write_text(lines(loaded))
    assert same(counted(platform, tmp_path / "shuffled"), counted(platform, sample))


def test_of_copies_that_differ_the_same_one_counts_whatever_their_order(tmp_path):
    """Threads store them in any order: otherwise the IP of a message would differ between two runs."""
    one = {"email": "p@gmail.com", "timestamp": 1772442000, "event": "delivered", "category": "news"}
    one |= {"sg_event_id": "b1", "sg_message_id": "m"}
    copies = [one | {"ip": "192.0.2.9"}, one | {"ip": "192.0.2.1"}, one]
    opened = one | {"event": "open", "sg_event_id": "o1", "ip": "198.51.100.7"}
    found = []
    for n, order in enumerate(itertools.permutations(copies)):
        path = tmp_path / f"{n}.jsonl"
        path.write_text(lines([*order, opened]))
        found.append(counted("sendgrid_events", path))
    assert all(same(result, found[0]) for result in found)


def test_many_events_are_compared_part_by_part(monkeypatch, tmp_path, events, truth):
    monkeypatch.setattr("warmup.traffic.events.store.PART", 7)
    (tmp_path / "e").write_text(lines(events) * 3)
    result = counted(PLATFORM, tmp_path / "e")
    assert same(result, truth)
    assert result.copies == 2 * len(events)


@pytest.mark.parametrize("end", ["", "\n{broken"])
def test_more_events_than_fit_into_memory(monkeypatch, tmp_path, end):
    """They are begun again in a file, where what does not fit is read with more care."""
    opened = []

    class Spy(store.Store):
        def __init__(self, zone, *, in_memory=False):
            opened.append(in_memory)
            super().__init__(zone, in_memory=in_memory)

    monkeypatch.setattr(engine, "Store", Spy)
    monkeypatch.setattr(store, "MEMORY", "70MB")
    line = '{{"type":"delivery","event_id":"{0}","timestamp":"1772442000","rcpt_to":"p@one.example.com"}}\n'
    (tmp_path / "e").write_text("".join(map(line.format, range(400_000))) + end)
    result = counted(PLATFORM, tmp_path / "e")
    assert (result.counts["delivered"].sum(), result.damage.count, result.copies) == (400_000, bool(end), 0)
    assert opened == [True, False]


def test_days_are_those_of_the_zone(tmp_path, events):
    event = next(event for event in events if event["type"] == "injection") | {"timestamp": "2026-03-02T23:30:00.000Z"}
    other = event | {"event_id": "77", "timestamp": "1772494200"}  # the same moment
    third = event | {"event_id": "78", "timestamp": "2026-03-03T01:30:00.1234567+02:00"}
    (tmp_path / "e").write_text(lines([event, other, third]))
    for zone, day in (
        ("UTC", date(2026, 3, 2)),
        ("Europe/Berlin", date(2026, 3, 3)),
        ("America/New_York", date(2026, 3, 2)),
    ):
        counts = counted(PLATFORM, tmp_path / "e", zone=ZoneInfo(zone)).counts
        assert [(day.date(), number) for day, number in zip(counts["date"], counts["injected"], strict=True)] == [
            (day, 3)
        ]


def test_what_the_export_leaves_out_is_unknown(tmp_path, events):
    (tmp_path / "e").write_text(lines(event for event in events if event["type"] != "injection"))
    result = counted(PLATFORM, tmp_path / "e")
    assert result.counts["injected"].isna().all()
    assert any("injected" in note.text for note in result.notes)


def test_a_sample_of_another_platform_is_damaged_throughout(shared):
    result = counted("sendgrid_events", folder(shared) / "postmark_webhooks.jsonl")
    assert (result.records, result.damage.count) == (0, 23)


def test_unlike_arrangements_in_one_run(shared, tmp_path, events, truth):
    (tmp_path / "a").write_text(SHAPES["array"](events[:20]))
    (tmp_path / "b").write_bytes(gzip.compress(lines(events[10:]).encode()))
    assert_truth(counted(PLATFORM, tmp_path), shared, lost={"suppressed"})
