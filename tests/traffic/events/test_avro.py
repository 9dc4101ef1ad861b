"""Braze's events as Avro files count as their JSON lines do; what is wrong in a file costs no more than itself."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import zlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.traffic.events.samples import assert_truth, counted, folder, same
from warmup.errors import InputError, UndeterminedError
from warmup.traffic.events import avro, avro_schema, packing
from warmup.traffic.events.inputs import Input, head_of, packing_of
from warmup.traffic.readers import recognise

MARKER = b"sixteen bytes .."
SEND = "users.messages.email.Send"
BRAZE = "dataexport.S3.inner."


def events(shared: Path) -> dict[str, list[dict[str, Any]]]:
    by_type = defaultdict(list)
    for line in (folder(shared) / "braze_currents.jsonl").read_text().splitlines():
        event = json.loads(line)
        by_type[event["event_type"]].append(event)
    return by_type


def schema_of(name: str, records: list[dict[str, Any]], times: tuple[str, ...] = ()) -> dict[str, Any]:
    """As Braze's are: a full name without a namespace, and nearly everything may be missing."""
    kinds = {int: "int", str: "string", float: "double", bytes: "bytes"}
    fields = []
    for key in dict.fromkeys(key for record in records for key in record):
        kind: Any = next((kinds[type(one[key])] for one in records if one.get(key) is not None), "string")
        if key in times:
            kind = {"type": "long", "logicalType": "timestamp-millis"}
        fields.append({"name": key, "type": ["null", kind], "default": None})
    return {"type": "record", "name": name, "fields": fields}


def packed(schema: dict[str, Any], records: list[dict[str, Any]], codec: str = "null", interval: int = 16_000) -> bytes:
    out = io.BytesIO()
    fastavro.writer(out, schema, records, codec=codec, sync_interval=interval, sync_marker=MARKER)
    return out.getvalue()


def long(value: int) -> bytes:
    value, out = value << 1 ^ value >> 63, bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def text(value: bytes) -> bytes:
    return long(len(value)) + value


def container(schema: object, *blocks: bytes, codec: bytes = b"null") -> bytes:
    named = schema if isinstance(schema, bytes) else json.dumps(schema).encode()
    meta = text(b"avro.schema") + text(named) + text(b"avro.codec") + text(codec)
    return avro.MAGIC + long(2) + meta + long(0) + MARKER + b"".join(blocks)


def block(count: int, data: bytes, *, size: int | None = None, marker: bytes = MARKER) -> bytes:
    return long(count) + long(len(data) if size is None else size) + data + marker


def record(*fields: object, name: str = BRAZE + SEND) -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": f"f{n}", "type": one} for n, one in enumerate(fields)],
    }


def sends(number: int) -> list[dict[str, Any]]:
    return [
        {"id": f"{n:032x}", "time": 1772442000 + n, "email_address": f"p{n}@one.example.com", "dispatch_id": f"d{n}"}
        for n in range(number)
    ]


def saved(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def sent(path: Path, number: int = 1_000, interval: int = 1_000, codec: str = "null") -> bytes:
    """A file of many blocks."""
    records = sends(number)
    data = packed(schema_of(BRAZE + SEND, records), records, codec, interval)
    path.write_bytes(data)
    return data


def lines(path: Path) -> list[str]:
    return b"".join(avro.json_lines(path, path.name)).decode().splitlines()


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz"])
def test_a_file_per_type_is_the_truth(shared, tmp_path, codec):
    for name, records in events(shared).items():
        bare = [{key: value for key, value in one.items() if key != "event_type"} for one in records]
        saved(tmp_path / f"{name}.avro", packed(schema_of(BRAZE + name, bare), bare, codec))
    result = counted("braze", tmp_path)
    assert_truth(result, shared, lost={"suppressed"})
    assert same(result, counted("braze", folder(shared) / "braze_currents.jsonl"))


def test_the_type_may_stand_in_the_record_or_in_the_path(shared, tmp_path):
    for n, (name, records) in enumerate(events(shared).items()):
        if n % 2:
            saved(tmp_path / f"{n}.avro", packed(schema_of("Event", records), records))
            continue
        bare = [{key: value for key, value in one.items() if key != "event_type"} for one in records]
        path = tmp_path / f"event_type={name}" / "date=2026-03-02-09" / "304" / "part+0+0000000001.avro"
        saved(path, packed(schema_of("Event", bare), bare))
    assert_truth(counted("braze", tmp_path), shared, lost={"suppressed"})


def test_a_namespace_belongs_to_the_name(shared, tmp_path):
    records = sends(3)
    schema = {**schema_of("Send", records), "namespace": "users.messages.email"}
    path = saved(tmp_path / "x.avro", packed(schema, records))
    assert {json.loads(line)["event_type"] for line in lines(path)} == {SEND}


def test_moments_are_read_as_such(tmp_path):
    records = sends(5)
    plain = saved(tmp_path / "plain.avro", packed(schema_of(SEND, records), records))
    later = [{**one, "time": one["time"] * 1000} for one in records]
    exact = saved(tmp_path / "exact.avro", packed(schema_of(SEND, records, times=("time",)), later))
    assert same(counted("braze", plain), counted("braze", exact))
    assert json.loads(lines(exact)[0])["time"] == "2026-03-02T09:00:00+00:00"


def test_it_is_recognised_by_what_it_holds(tmp_path):
    sent(tmp_path / "export.bin")
    item = Input(tmp_path / "export.bin", "export.bin")
    assert packing_of(item) == "avro"
    assert recognise(head_of(item), item.name).NAME == "braze"


def test_any_value_becomes_json(tmp_path):
    kinds = [
        "bytes",
        {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
        {"type": "long", "logicalType": "timestamp-micros"},
        {"type": "int", "logicalType": "date"},
        {"type": "string", "logicalType": "uuid"},
        "double",
        {"type": "enum", "name": "e", "symbols": ["A", "B"]},
        {"type": "fixed", "name": "f", "size": 2},
        {"type": "array", "items": ["null", "string"]},
        {"type": "map", "values": "long"},
        record("e", "double", name="inner"),
        "string",
    ]
    enormous = long(2**62)
    data = b"".join(
        (text(b"\xff\x00a"), text(b"\x80" * 40), enormous, long(2**31 - 1), text(b"no uuid"), b"\x00" * 6 + b"\xf0\x7f")
    )
    data += long(1) + b"ab" + long(2) + long(0) + long(1) + text("ü\n".encode()) + long(0)
    data += long(1) + text(b"k") + long(7) + long(0) + long(0) + b"\x00" * 6 + b"\xf8\x7f" + text(b"a\xffb")
    path = saved(tmp_path / "x.avro", container(record(*kinds), block(1, data)))
    (line,) = lines(path)
    found = json.loads(line, parse_constant=pytest.fail)
    assert found.pop("event_type") == SEND
    assert found == {
        **dict.fromkeys(["f5"], None),
        "f0": "\ufffd\x00a",
        "f1": "\ufffd" * 40,
        "f2": str(2**62),
        "f3": str(2**31 - 1),
        "f4": "no uuid",
        "f6": "B",
        "f7": "ab",
        "f8": [None, "ü\n"],
        "f9": {"k": 7},
        "f10": {"f0": "A", "f1": None},
        "f11": "a\ufffdb",
    }


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_a_cut_file_loses_one_record(tmp_path, codec):
    data = sent(tmp_path / "x.avro", codec=codec)
    cut = saved(tmp_path / "cut.avro", data[: len(data) * 2 // 3])
    result = counted("braze", cut)
    assert result.damage.count == 1
    assert 600 < result.records < 700
    whole = counted("braze", saved(tmp_path / "blocks.avro", data[: data[: len(data) // 2].rindex(MARKER) + 16]))
    assert (whole.damage.count, 450 < whole.records < 550) == (0, True)


def test_every_cut_is_survived(tmp_path):
    data = sent(tmp_path / "x.avro", number=5, interval=100)
    begin = data.index(MARKER) + 16
    for end in range(begin, len(data)):
        found = lines(saved(tmp_path / "cut.avro", data[:end]))
        damaged = sum(line == "\x00" for line in found)
        assert damaged <= 1
        assert [json.loads(line)["id"] for line in found[: len(found) - damaged]] == [
            one["id"] for one in sends(len(found) - damaged)
        ]
        assert damaged == (data[end - 16 : end] != MARKER), end


def test_a_damaged_block_costs_itself(tmp_path):
    data = sent(tmp_path / "x.avro")
    one, two = (data.index(MARKER, at) for at in (len(data) // 3, len(data) // 2))
    wrong = data[:one] + b"\x00" * 16 + data[one + 16 : two] + b"\xff" * 16 + data[two + 16 :]
    result = counted("braze", saved(tmp_path / "wrong.avro", wrong))
    assert 950 < result.records < 1_000
    assert result.records + result.damage.count >= 1_000
    assert result.damage.places[0] == (str(tmp_path / "wrong.avro"), pytest.approx(333, abs=30))


@pytest.mark.parametrize(
    "wrong",
    [
        block(2**62, b"", size=0),
        block(1, b"", size=2**62),
        block(1, b"abc", size=-1),
        block(-5, b"abc"),
        b"\xff" * 40 + MARKER,
        block(3, b"\x02a"),
        block(1, b"\x02a\x02b"),
        block(0, b"\x02a"),
        block(1, long(2**40)),
        block(1, long(-3)),
        block(2, b"\x02a", marker=b"x" * 16),
    ],
)
def test_absurd_blocks_are_damage_and_the_next_is_read(tmp_path, wrong):
    good = block(2, text(b"one") + text(b"two"))
    path = saved(tmp_path / "x.avro", container(record("string"), good, wrong, good))
    found = [json.loads(line)["f0"] for line in lines(path) if line != "\x00"]
    assert "\x00" in lines(path)
    assert len(lines(path)) < 20
    assert found[:2] == ["one", "two"]
    assert found[-2:] == ["one", "two"]
    assert found.count("one") == 2


@pytest.mark.parametrize("codec", [b"deflate", b"bzip2", b"xz"])
def test_what_cannot_be_unpacked_is_damage(tmp_path, codec):
    path = saved(tmp_path / "x.avro", container(record("string"), block(2, b"no such thing"), codec=codec))
    assert set(lines(path)) == {"\x00"}


def test_bombs_are_refused_before_they_go_off(tmp_path):
    def packed_zeros(size: int) -> bytes:
        engine = zlib.compressobj(9, wbits=-15)
        return engine.compress(bytes(size)) + engine.flush()

    start = time.perf_counter()
    one = saved(tmp_path / "one.avro", container(record("string"), block(9, packed_zeros(2**28)), codec=b"deflate"))
    with pytest.raises(InputError, match="block of more than 16 MB"):
        lines(one)
    fifteen = block(10**6, packed_zeros(15 * 2**20))
    wide = record({"type": "fixed", "name": "b", "size": 2**20})
    many = saved(tmp_path / "many.avro", container(wide, *[fifteen] * 40, codec=b"deflate"))
    with pytest.raises(InputError, match="times its size"):
        counted("braze", many)
    assert time.perf_counter() - start < 30


def test_a_block_that_is_too_large_is_said(tmp_path):
    path = saved(tmp_path / "x.avro", container(record("bytes"), block(1, text(bytes(17 * 2**20)))))
    with pytest.raises(InputError, match=r"x\.avro.*block of more than 16 MB.*smaller blocks"):
        lines(path)


CYCLE = {"type": "record", "name": "a", "fields": [{"name": "next", "type": ["null", "a"]}]}
DOUBLING: dict[str, Any] = {"type": "record", "name": "t0", "fields": [{"name": "x", "type": "int"}]}
for level in range(1, 30):
    both = [{"name": "x", "type": DOUBLING}, {"name": "y", "type": f"t{level - 1}"}]
    DOUBLING = {"type": "record", "name": f"t{level}", "fields": both}


@pytest.mark.parametrize(
    "schema",
    [
        CYCLE,
        DOUBLING,
        b"",
        b"[" * 100_000,
        b"null",
        b'"string"',
        b"\xff\xfe",
        b"9" * 10_000,
        {"type": "record"},
        {"type": "record", "name": "a", "fields": 7},
        {"type": "record", "name": "a", "fields": [{"type": "int"}]},
        {"type": "record", "name": "a", "fields": [{"name": "x\ny", "type": "int"}]},
        {"type": "record", "name": "a", "fields": [{"name": "x", "type": "int"}] * 2},
        record(),
        record("null"),
        record("nothing"),
        record(*["null"] * 9, "int"),
        record(*["int"] * 6_000),
        record([]),
        record([["int"]]),
        record({"type": "array", "items": "null"}),
        record({"type": "array", "items": record("int", name="b")}),
        record({"type": "map", "values": {"type": "array", "items": "int"}}),
        record({"type": "array"}),
        record({"type": "fixed", "name": "b", "size": 2**40}),
        record({"type": "fixed", "name": "b", "size": -1}),
        record({"type": "enum", "name": "b", "symbols": ["A", "A"]}),
        record({"type": "enum", "name": "b", "symbols": [[]]}),
        record({"type": {"type": {"type": None}}}),
    ],
)
def test_absurd_schemas_are_refused(tmp_path, schema):
    path = saved(tmp_path / "x.avro", container(schema, block(10**9, bytes(1_000))))
    with pytest.raises(InputError, match=r"x\.avro: is an Avro file whose schema ") as error:
        lines(path)
    assert len(str(error.value).splitlines()) == 1


def test_a_type_that_was_named_before_is_known():
    pair = {"type": "record", "name": "inner", "namespace": "n", "fields": [{"name": "x", "type": "int"}]}
    schema = {
        "type": "record",
        "name": "n.outer",
        "fields": [{"name": "a", "type": pair}, {"name": "b", "type": "inner"}, {"name": "c", "type": "n.inner"}],
    }
    assert avro_schema.checked(json.dumps(schema).encode()).smallest == 3


@pytest.mark.parametrize("codec", [b"snappy", b"zstandard", b"\xff\n"])
def test_an_unknown_codec_is_named(tmp_path, codec):
    path = saved(tmp_path / "x.avro", container(record("string"), codec=codec))
    with pytest.raises(InputError, match=r"packed with .* is not read; write it with the codec deflate"):
        counted("braze", path)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x02", long(2**62), long(-(2**62)) + long(5), b"\xff" * 30, long(1) + long(-9), long(1) + long(2**50)],
)
def test_a_beginning_that_is_none(tmp_path, data):
    with pytest.raises(InputError, match="without a whole beginning"):
        lines(saved(tmp_path / "x.avro", avro.MAGIC + data))


def test_many_small_damaged_blocks_take_no_time(tmp_path):
    path = saved(tmp_path / "x.avro", container(record("string"), (b"\xff" * 10 + MARKER) * 100_000))
    start = time.perf_counter()
    assert lines(path) == ["\x00"] * 100_000
    assert time.perf_counter() - start < 20


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_mutation_ends_in_anything_but_lines_or_a_message(tmp_path, data):
    codec = data.draw(st.sampled_from(["null", "deflate"]))
    whole = bytearray(sent(tmp_path / "x.avro", number=30, interval=300, codec=codec))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    path = saved(tmp_path / "y.avro", avro.MAGIC + bytes(whole[4:]))
    try:
        found = lines(path)
    except InputError:
        return
    assert len(found) < 5_000
    assert all(line == "\x00" or isinstance(json.loads(line), dict) for line in found)


def test_without_fastavro_one_line_says_so(tmp_path, monkeypatch):
    sent(tmp_path / "x.avro")
    monkeypatch.setitem(sys.modules, "fastavro", None)
    with pytest.raises(UndeterminedError, match=r'x\.avro: .*pip install "ipwarmup\[avro\]"'):
        counted("braze", tmp_path / "x.avro")


def test_standard_input_is_refused(tmp_path):
    data = sent(tmp_path / "x.avro")
    command = [sys.executable, "-c", "from warmup.cli.main import main; main()", "traffic", "read", "-"]
    run = subprocess.run(command, check=False, input=data, capture_output=True, timeout=120)
    assert run.returncode == 2
    assert b"is Avro, which is read from a file only" in run.stderr
    assert b"Traceback" not in run.stderr


@pytest.mark.parametrize("platform", ["powermta", "sendgrid_events", "mailgun_events", "postfix"])
def test_other_platforms_do_not_choke_on_it(tmp_path, platform):
    sent(tmp_path / "x.avro", number=20)
    try:
        result = counted(platform, tmp_path / "x.avro")
    except InputError:
        return
    assert result.damage.count + result.unused >= 20 or result.counts.empty


def test_recipients_in_avro_are_refused(tmp_path):
    from warmup.traffic.recipients.files import opened

    sent(tmp_path / "x.avro", number=20)
    with pytest.raises(InputError, match="is Avro; export it as CSV, parquet or xlsx"), opened(tmp_path / "x.avro"):
        pass


def test_nothing_large_is_held(tmp_path):
    """A chunk is a megabyte or so, however many records a file holds."""
    sent(tmp_path / "x.avro", number=20_000, interval=64_000)
    sizes = [len(chunk) for chunk in avro.json_lines(tmp_path / "x.avro", "x.avro")]
    assert len(sizes) > 2
    assert max(sizes) < packing.CHUNK


def test_a_record_of_endless_lists_is_damage(tmp_path):
    items = 3 * 2**20
    listed = record({"type": "array", "items": ["null", "string"]}, "string")
    data = long(items) + bytes(items) + long(0) + text(b"a")
    path = saved(tmp_path / "x.avro", container(listed, block(2, data + long(0) + text(b"b"))))
    assert [line[:30] for line in lines(path)] == ["\x00", '{"f0": [], "f1": "b", "event_t']
