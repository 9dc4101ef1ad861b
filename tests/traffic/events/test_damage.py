"""Damage is counted with its place, never fatal and never silent; nothing hangs, nothing fills the memory."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.traffic.events.samples import SAMPLES, counted, folder
from warmup.errors import InputError
from warmup.traffic.events import packing

PLATFORM = "sparkpost_events"
QUIETLY = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def event(n: int, **more: object) -> dict[str, object]:
    return {
        "type": "injection",
        "event_id": str(10**17 + n),
        "timestamp": "1772442000",
        "rcpt_to": f"person{n}@one.example.com",
        "message_id": f"m{n}",
        **more,
    }


def good(number: int) -> list[str]:
    return [json.dumps(event(n)) for n in range(number)]


def places(result):
    return [line for _, line in result.damage.places]


@pytest.mark.parametrize(
    "bad",
    [
        '{"type": "injection", "event_id": "1", "timest',
        "garbage",
        '"a text"',
        "5",
        "null",
        "{}",
        '{"type": null}',
        json.dumps(event(1, timestamp="yesterday")),
        json.dumps(event(1, timestamp="99999999999999999999")),
        json.dumps(event(1, timestamp="NaN")),
        json.dumps(event(1, rcpt_to="")),
        json.dumps(event(1, rcpt_to="x@" + "y" * 300)),
        "[" * 100_000,
        '{"a":' * 5_000,
        "\x00",
        '{"type": "injection"} {"type": "injection"}',
    ],
)
def test_damaged_lines_are_counted_with_their_line(tmp_path, bad):
    rows = good(10)
    rows[3:3] = [bad]
    (tmp_path / "e").write_text("\n".join(rows))
    result = counted(PLATFORM, tmp_path / "e")
    assert (places(result), result.counts["injected"].sum()) == ([4], 10)
    assert 0 < result.damaged_share < 0.1


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_lines_of_a_large_file_are_told_although_all_cores_read_it(tmp_path, wrapped):
    number, pad = 180_000, "x" * 600
    bad = {n: kind for kind in range(3) for n in range(17 + 1000 * kind, number, 31_000)}
    with (tmp_path / "e").open("w") as file:
        for n in range(1, number + 1):
            row = json.dumps(event(n, subject=pad, **({"timestamp": "never"} if bad.get(n) == 0 else {})))
            row = f'{{"msys": {{"message_event": {row}}}}}' if wrapped else row
            file.write({1: row[:-300], 2: row.replace("@one.ex", "@!.ex")}.get(bad.get(n, 0), row) + "\n")
            # A blank line; a test ping is no event, and no damage.
            file.write("\n" if n == 40_000 else '{"msys": {}}\n' if wrapped and n == 90_000 else "")
    result = counted(PLATFORM, tmp_path / "e")
    shift = [n + (n > 40_000) + (wrapped and n > 90_000) for n in sorted(bad)]
    assert (places(result), result.damage.count) == (shift[: len(places(result))], len(bad))
    assert (result.counts["injected"].sum(), result.records) == (number - len(bad), number - len(bad))


def test_wrong_encoding(tmp_path):
    rows = [row.encode() for row in good(10)]
    rows[5] = json.dumps(event(99, campaign_id="caf\u00e9"), ensure_ascii=False).encode("latin-1")
    (tmp_path / "e").write_bytes(b"\n".join(rows))
    result = counted(PLATFORM, tmp_path / "e")
    assert (places(result), result.counts["injected"].sum()) == ([6], 9)


def test_a_cut_last_line(tmp_path):
    (tmp_path / "e").write_text("\n".join(good(10))[:-20])
    result = counted(PLATFORM, tmp_path / "e")
    assert (places(result), result.counts["injected"].sum()) == ([10], 9)


@pytest.mark.parametrize("cut", [-1, -2, -30])
def test_a_cut_list(tmp_path, cut):
    (tmp_path / "e").write_text(("[" + ",\n".join(good(10)) + "]")[:cut])
    result = counted(PLATFORM, tmp_path / "e")
    assert result.damage.count == 1
    assert result.counts["injected"].sum() == (10 if cut == -1 else 9)


@pytest.mark.parametrize("separator", [",", ",\n"])
def test_damage_inside_a_list_costs_one_event(tmp_path, separator):
    rows = good(30)
    rows[11] = rows[11].replace('"type"', '"type', 1)
    rows[20] = rows[20][:-9]
    (tmp_path / "e").write_text("[" + separator.join(rows) + "]")
    result = counted(PLATFORM, tmp_path / "e")
    assert (result.damage.count, result.counts["injected"].sum()) == (2, 28)


def test_damage_inside_an_answer(tmp_path):
    rows = good(30)
    rows[11] = rows[11][:-9]
    answer = '{"total_count": 30, "results": [' + ",".join(rows) + '], "links": {"next": "x"}}'
    (tmp_path / "e").write_text(answer + answer.replace("person", "other"))
    result = counted(PLATFORM, tmp_path / "e")
    assert (result.damage.count, result.copies, result.counts["injected"].sum()) == (2, 29, 29)


@pytest.mark.parametrize("cut", [0.5, 0.99])
def test_a_cut_gzip_file(tmp_path, cut):
    rows = [json.dumps(event(n, noise=os.urandom(40).hex())) for n in range(2000)]
    data = gzip.compress("\n".join(rows).encode())
    (tmp_path / "e.gz").write_bytes(data[: int(len(data) * cut)])
    result = counted(PLATFORM, tmp_path / "e.gz")
    assert result.damage.count >= 1
    assert 2000 * cut * 0.9 < result.counts["injected"].sum() < 2000


def test_a_line_without_end_is_one_damaged_line(tmp_path):
    with (tmp_path / "e").open("w") as file:
        file.write(good(1)[0] + "\n" + '{"type": "' + "x" * 100_000_000 + "\n" + good(3)[2] + "\n")
    began = time.monotonic()
    result = counted(PLATFORM, tmp_path / "e")
    assert (places(result), result.counts["injected"].sum()) == ([2], 2)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_bomb_is_refused(tmp_path, end):
    line = (json.dumps(event(1)) + end).encode() * 4000
    packer = zlib.compressobj(9, wbits=31)
    with (tmp_path / "e.gz").open("wb") as file:
        for _ in range(packing.LARGE // len(line) + 50):
            file.write(packer.compress(line))
        file.write(packer.flush())
    with pytest.raises(InputError, match="times its size"):
        counted(PLATFORM, tmp_path / "e.gz")


def test_a_zstd_bomb_is_refused_unread(tmp_path):
    # One block that repeats one byte 128 KB long takes four bytes; RFC 8878 section 3.1.1.2.
    block = (131072 << 3 | 1 << 1).to_bytes(3, "little") + b"x"
    last = (131072 << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"x"
    (tmp_path / "e.zst").write_bytes(packing.ZSTD + b"\x00\x58" + block * 4000 + last)
    with pytest.raises(InputError, match="times its size"):
        counted(PLATFORM, tmp_path / "e.zst")


def test_memory_stays_bounded(tmp_path):
    """A line of 100 MB, lists that never end and objects that never close, in a process of its own."""
    (tmp_path / "1").write_text('{"a":"' + "x" * 100_000_000)
    (tmp_path / "2").write_text("[" * 20_000_000)
    (tmp_path / "3").write_text('{"a":[' * 5_000_000)
    (tmp_path / "4").write_text("[" + '{"type":"injection",\n' * 100_000)
    code = (
        "import re, sys; from tests.traffic.events.samples import counted\n"
        "for path in sys.argv[1:]: assert counted('sparkpost_events', path).damage.count\n"
        "print(int(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1]) // 1024)"
    )
    files = [str(path) for path in sorted(tmp_path.iterdir())]
    run = subprocess.run([sys.executable, "-c", code, *files], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 1000


@QUIETLY
@given(st.data())
def test_mutilated_samples(tmp_path, shared, data):
    platform = data.draw(st.sampled_from(sorted(SAMPLES)))
    raw = bytearray((folder(shared) / SAMPLES[platform][0]).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        end = start + data.draw(st.integers(0, 50))
        raw[start:end] = data.draw(st.binary(max_size=20))
    (tmp_path / "e").write_bytes(bytes(raw))
    result = counted(platform, tmp_path / "e")
    assert result.records + result.damage.count > 0
    assert (
        result.counts.drop(columns=["date", "domain", "label", "stream", "ip", "pool", "source"]).fillna(0) >= 0
    ).all(axis=None)


@QUIETLY
@given(st.binary(max_size=400), st.sampled_from([b"", b"{", b"[", b"[{", packing.GZIP, packing.ZSTD, b"\xff\xfe"]))
def test_any_bytes(tmp_path, rest, start):
    (tmp_path / "e").write_bytes(start + rest)
    result, told = None, ""
    try:
        result = counted(PLATFORM, tmp_path / "e")
    except InputError as error:
        told = str(error)
    assert result.counts.empty if result else len(told.splitlines()) == 1


@QUIETLY
@given(st.integers(1, 40), st.sets(st.integers(0, 39)), st.booleans())
def test_no_good_line_is_lost(tmp_path, number, bad, listed):
    rows = good(number)
    spoiled = {n for n in bad if n < number}
    for n in spoiled:
        rows[n] = rows[n][: len(rows[n]) // 2]
    (tmp_path / "e").write_text("[" + ",\n".join(rows) + "]" if listed else "\n".join(rows))
    result = counted(PLATFORM, tmp_path / "e")
    assert (result.records, result.damage.count) == (number - len(spoiled), len(spoiled))


def test_the_careful_way_through_zstd_holds_little_of_it(tmp_path):
    """Numbers of lines are right beyond blank ones; 200 MB of lines, one of them damaged, in a process of its own."""
    from backports import zstd

    with zstd.open(tmp_path / "e.zst", "wb") as file:
        for n in range(1_000):
            file.write("".join(json.dumps(event(300 * n + i)) + "\n\n" for i in range(300)).encode())
        file.write(b"{broken\n")
    code = (
        "import re, sys; from tests.traffic.events.samples import counted\n"
        "result = counted('sparkpost_events', sys.argv[1])\n"
        "assert [line for _, line in result.damage.places] == [600_001], result.damage\n"
        "assert result.records == 300_000\n"
        "print(int(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1]) // 1024)"
    )
    path = str(tmp_path / "e.zst")
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 700
