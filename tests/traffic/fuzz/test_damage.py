"""Damage of every kind costs the lines that are damaged and no other, in every format in which a line is a record."""

from __future__ import annotations

import gzip
import os
import random
import zlib

import pytest
from backports.zstd import ZstdDecompressor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.traffic.fuzz.conftest import sound
from tests.traffic.fuzz.rows import FORMATS, SPELLINGS, TABLES, zstd
from tests.traffic.fuzz.worker import read

SLOW = os.environ.get("SLOW") == "1"

GARBAGE = (
    b"garbage", b"\xff\xfe\xfd", b"caf\xe9", b"\x00", b"{", b"}", b"[", b'"', b",", b"{}", b"[1,2", b"null",
    b"\x01\x02", b'{"type": ', b"x" * 70_000, b"[" * 5_000, b"\xed\xa0\x80", b"\\", b"'", b"-- ;", b"=1+1",
    "\u2028".encode(),
)  # fmt: skip
"""Lines that are no record in any format."""


def thorough(few: int) -> settings:
    return settings(
        max_examples=few * 10 if SLOW else few,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        deadline=None,
    )


PLATFORMS = st.sampled_from(sorted(FORMATS))
PACKINGS = st.sampled_from(["plain", "gzip", "zstd", "CRLF"])


def reading(path, data, platform):
    path.write_bytes(data)
    result = read([str(path)], platform)
    sound(result)
    return result


def same(one, other, *names):
    assert {name: one.get(name) for name in names} == {name: other.get(name) for name in names}, one["messages"]


COUNTS = ("outcome", "sums", "rows", "kept", "records")


@pytest.mark.parametrize("platform", FORMATS)
def test_how_a_file_is_spelled_makes_no_difference(tmp_path, platform):
    form = FORMATS[platform]
    data = form.file(form.rows(range(20)))
    plain = reading(tmp_path / "f", data, None)
    assert (plain["platforms"], plain["damaged"], plain["records"]) == ([platform], 0, 20)
    for name, spell in SPELLINGS.items():
        other = reading(tmp_path / "f", spell(data), None)
        assert other.get("damaged") == 0, (name, other["messages"])
        same(other, plain, *COUNTS)


@thorough(25)
@given(PLATFORMS, PACKINGS, st.data())
def test_garbage_costs_its_own_lines(tmp_path, platform, packing, data):
    form = FORMATS[platform]
    rows = form.rows(range(data.draw(st.integers(2, 30))))
    garbage = [one for one in GARBAGE if platform not in TABLES or one != b'"']
    spoiled = data.draw(st.dictionaries(st.integers(1, len(rows) - 1), st.sampled_from(garbage), max_size=4))
    lines = [spoiled.get(n, row) for n, row in enumerate(rows)]
    good = reading(tmp_path / "good", form.file(row for n, row in enumerate(rows) if n not in spoiled), platform)
    found = reading(tmp_path / "bad", SPELLINGS[packing](form.file(lines)), platform)
    same(found, good, *COUNTS)
    assert found["lines"] == sorted(n + form.first for n in spoiled)


@pytest.mark.parametrize("platform", ["sparkpost-events", "ses-events", "kumomta", "powermta", "postfix"])
def test_garbage_in_a_long_file_costs_its_own_lines(tmp_path, platform):
    form, choice = FORMATS[platform], random.Random(platform)
    rows = form.rows(range(200_000 if SLOW else 20_000))
    garbage = [one for one in GARBAGE if platform not in TABLES or one != b'"']
    spoiled = {n: choice.choice(garbage) for n in choice.sample(range(1, len(rows)), 40)}
    good = reading(tmp_path / "good", form.file(row for n, row in enumerate(rows) if n not in spoiled), platform)
    found = reading(tmp_path / "bad", form.file(spoiled.get(n, row) for n, row in enumerate(rows)), platform)
    same(found, good, *COUNTS)
    assert found["lines"] == sorted(n + form.first for n in spoiled)


@thorough(25)
@given(PLATFORMS, st.integers(2, 12), st.data())
def test_a_flipped_byte_costs_one_line_at_most(tmp_path, platform, number, data):
    form = FORMATS[platform]
    rows = form.rows(range(number))
    hit = data.draw(st.integers(0, number - 1))
    row = bytearray(rows[hit])
    at = data.draw(st.integers(0, len(row) - 1))
    row[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte not in b"\r\n" and byte != row[at]))
    rest = reading(tmp_path / "rest", form.file(rows[:hit] + rows[hit + 1 :]), platform)
    found = reading(tmp_path / "all", form.file([*rows[:hit], bytes(row), *rows[hit + 1 :]]), platform)
    if found["lines"]:
        assert found["lines"] == [hit + form.first]
        same(found, rest, "sums", "records")
    else:
        # What is read may be something else now, but all others are what they were. In a log it may be another
        # program's line, which is nobody's record.
        assert found["records"] == number or (platform == "postfix" and found["records"] == number - 1)
        assert all(0 <= found["sums"][name] - rest["sums"][name] <= 1 for name in rest["sums"])


@thorough(15)
@given(PLATFORMS, st.data())
def test_order_and_copies(tmp_path, platform, data):
    form = FORMATS[platform]
    numbers = list(range(data.draw(st.integers(1, 12))))
    twice = data.draw(st.lists(st.sampled_from(numbers), unique=True))
    once = reading(tmp_path / "once", form.file(form.rows(numbers)), platform)
    mixed = data.draw(st.permutations(numbers + twice))
    found = reading(tmp_path / "mixed", form.file(form.rows(mixed)), platform)
    assert found["damaged"] == 0
    if form.copies == "kept":
        assert found["sums"]["delivered"] == once["sums"]["delivered"] + len(twice)
        assert found["copies"] == 0
    else:
        same(found, once, "sums", "rows")
        if form.copies == "dropped":
            assert (found["records"], found["copies"]) == (len(mixed), len(twice))


@thorough(15)
@given(PLATFORMS, st.integers(1, 12), st.data())
def test_a_cut_file_loses_its_last_line_at_most(tmp_path, platform, number, data):
    form = FORMATS[platform]
    whole = form.file(form.rows(range(number)))
    start = len(form.file([])) + len(form.row(0).encode()) + 1
    cut = data.draw(st.integers(start, len(whole)))
    lines = whole[:cut].count(b"\n") - (form.first - 1)
    partly = not whole[:cut].endswith(b"\n")
    found = reading(tmp_path / "cut", whole[:cut], platform)
    good = reading(tmp_path / "good", form.file(form.rows(range(lines))), platform)
    there = found["records"] + found["damaged"]
    # What is left of a log's line may be any line of any program.
    assert there == lines + partly or (platform == "postfix" and b" to=<" not in whole[:cut].rpartition(b"\n")[2])
    assert found["lines"] in ([], [lines + form.first])
    assert all(0 <= found["sums"][name] - good["sums"][name] <= partly for name in good["sums"])


@thorough(15)
@given(PLATFORMS, st.integers(2, 40), st.floats(0, 1))
def test_a_cut_gzip_file_loses_what_cannot_be_unpacked_and_says_so(tmp_path, platform, number, where):
    form = FORMATS[platform]
    packed = gzip.compress(form.file(form.rows(range(number))), 1)
    packed = packed[: len(packed) - 1 - int(where * (len(packed) - 20))]
    there = zlib.decompressobj(wbits=31).decompress(packed)
    lines = there.count(b"\n") - (form.first - 1)
    if lines < 1:
        return
    found = reading(tmp_path / "cut.gz", packed, platform)
    good = reading(tmp_path / "good", form.file(form.rows(range(lines))), platform)
    same(found, good, *COUNTS)
    assert found["lines"] == [lines + form.first]
    assert any("Ends early" in text for text in found["messages"])


@thorough(15)
@given(PLATFORMS, st.integers(2, 40), st.integers(2, 200), st.floats(0, 1))
def test_a_cut_zstd_file_loses_what_cannot_be_unpacked_and_says_so(tmp_path, platform, number, block, where):
    form = FORMATS[platform]
    data = form.file(form.rows(range(number)))
    packed = zstd(*(data[at : at + block] for at in range(0, len(data), block)))
    cut = 6 + int(where * (len(packed) - 7))
    there = ZstdDecompressor().decompress(packed[:cut])
    lines = there.count(b"\n") - (form.first - 1)
    if lines < 1:
        return
    found = reading(tmp_path / "cut.zst", packed[:cut], platform)
    good = reading(tmp_path / "good", form.file(form.rows(range(lines))), platform)
    same(found, good, *COUNTS)
    assert found["lines"] == [lines + form.first]
    assert any("Ends early" in text for text in found["messages"])


LISTS = [name for name in sorted(FORMATS) if name not in (*TABLES, "postfix")]


@thorough(15)
@given(st.sampled_from(LISTS), st.integers(2, 6), PACKINGS, st.data())
def test_a_cut_batch_costs_the_object_that_is_cut(tmp_path, platform, batches, packing, data):
    form = FORMATS[platform]
    rows = [form.rows(range(9 * n, 9 * n + 9)) for n in range(batches)]
    lines = [b"[" + b",".join(row) + b"]" for row in rows]
    hit = data.draw(st.integers(0, batches - 1))
    at = data.draw(st.integers(len(rows[hit][0]) + 2, len(lines[hit]) - 2))
    lines[hit] = lines[hit][:at]
    kept = [row for n, row in enumerate(rows) if n != hit]
    ends = [len(b",".join(rows[hit][:n])) + 1 for n in range(10)]
    kept.append(rows[hit][: sum(1 for end in ends[1:] if end <= at)])
    good = reading(tmp_path / "good", form.file(row for batch in kept for row in batch), platform)
    found = reading(tmp_path / "cut", SPELLINGS[packing](b"\n".join(lines) + b"\n"), platform)
    same(found, good, *COUNTS)
    # What a cut object holds may look like one itself: a whole tag in an event of Bird, or several.
    assert set(found["lines"]) == {hit + 1}


@thorough(10)
@given(st.sampled_from([name for name in sorted(FORMATS) if name not in TABLES]), st.integers(1, 30), st.data())
def test_wrong_encoding_in_zstd_costs_its_own_lines(tmp_path, platform, number, data):
    form = FORMATS[platform]
    rows = form.rows(range(number + 1))
    spoiled = data.draw(st.sets(st.integers(1, number), max_size=3))
    good = reading(tmp_path / "good", form.file(row for n, row in enumerate(rows) if n not in spoiled), platform)
    bad = [row.replace(b"example", b"ex\xe4mple") if n in spoiled else row for n, row in enumerate(rows)]
    found = reading(tmp_path / "bad.zst", zstd(form.file(bad)), platform)
    same(found, good, *COUNTS)
    assert found["lines"] == sorted(n + 1 for n in spoiled)


@thorough(10)
@given(st.sampled_from([name for name in sorted(FORMATS) if name not in (*TABLES, "postfix")]), st.data())
def test_damage_in_a_list_costs_its_own_objects(tmp_path, platform, data):
    form = FORMATS[platform]
    rows = form.rows(range(data.draw(st.integers(2, 20))))
    spoiled = data.draw(st.sets(st.integers(0, len(rows) - 2), max_size=3))
    good = reading(tmp_path / "good", form.file(row for n, row in enumerate(rows) if n not in spoiled), platform)
    bad = [row.replace(b"example", b"ex\xe4mple") if n in spoiled else row for n, row in enumerate(rows)]
    packed = data.draw(st.sampled_from([bytes, gzip.compress, zstd]))
    listed = b"[" + b",\n".join(bad) + b"]"
    found = reading(tmp_path / "bad", packed(listed), platform)
    same(found, good, *COUNTS)
    assert found["lines"] == sorted(n + 1 for n in spoiled)


@pytest.mark.parametrize("platform", [name for name in sorted(FORMATS) if name not in (*TABLES, "postfix")])
def test_a_character_that_replaces_others_is_no_damage(tmp_path, platform):
    form = FORMATS[platform]
    row = form.row(1).replace("news", "n\ufffdws").encode()
    for text in (b"[" + b",\n".join([form.row(0).encode(), row]) + b",{bad}]", form.file([row, b"{bad"])):
        assert reading(tmp_path / "f", text, platform)["damaged"] == 1
