"""Avro files as JSON lines: what Braze Currents writes to storage. Needs ``fastavro``, the extra ``avro``.

The container is walked here, block by block, so that nothing is unpacked or decoded whose size was not looked at
first; what a block holds is decoded by fastavro, with a schema that :mod:`~warmup.traffic.events.avro_schema` checked.
A damaged block costs itself: the next one begins after the file's marker, which ends every block.

Source: Apache Avro 1.12, specification, "Object Container Files".
"""

from __future__ import annotations

import bz2
import json
import lzma
import math
import re
import struct
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from warmup.errors import InputError, Problem, UndeterminedError
from warmup.traffic.events import packing
from warmup.traffic.events.avro_schema import Schema, SchemaError, checked
from warmup.traffic.wording import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAGIC = b"Obj\x01"

MAX_BLOCK = 16 * 1024 * 1024
"""Bytes of a block that is read, unpacked: writers end one after 16 kB to 4 MB."""

MAX_RECORD = 16 * 1024 * 1024
"""Characters of a record as JSON: a longer one is damaged."""

MAX_HEADER = 1024 * 1024
"""Bytes that the schema and what else stands before the first block may take; Braze's take 4 kB."""

_SYNC = 16
_LONGS = 20  # two numbers of at most ten bytes each
_PIECE = 1024 * 1024
_XZ_MEMORY = 128 * 1024 * 1024

_BROKEN = (EOFError, ValueError, LookupError, ArithmeticError, TypeError, struct.error)
"""What fastavro raises for bytes that are no record."""

_TYPE = "event_type"
_BRAZE = re.compile(r"(?:^|\.)(users\.[A-Za-z.]+)$")
"""Braze's type of an event in the full name of a schema: ``dataexport.S3.inner.users.messages.email.Open``.

Source: Appboy/currents-examples, sample-data/Avro, read 2026-11."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"millis": 1_000, "micros": 1_000_000, "nanos": 1_000_000_000}


def json_lines(path: Path | None, name: str) -> Iterator[bytes]:
    """The records of an Avro file as JSON lines, about a megabyte at a time.

    Fields without a value are left out; bytes and moments are text. A record that lacks Braze's ``event_type`` gets it
    from the name of the schema, or from a folder ``event_type=…``.

    Args:
        path: The file; None: standard input, in which nobody can go back.
        name: What messages call it.

    Yields:
        Whole lines; one with :data:`~warmup.traffic.events.packing.CUT` for each record that is lost.

    Raises:
        InputError: It is no Avro file, is written in a way that is not read, or unpacks to too much.
        UndeterminedError: fastavro is not installed.
    """
    if path is None:
        raise InputError(Problem(name, "is Avro, which is read from a file only", "save it and name the file"))
    with path.open("rb") as file:
        container = _Container(file, path.stat().st_size, name)
        to_line = _Lines(container.schema, path, name)
        lines: list[str] = []
        size = written = 0
        for block in container.blocks():
            for line in to_line.of(block):
                lines.append(line)
                size += len(line)
                if size > _PIECE:
                    written += size
                    _check_ratio(name, written, container.at)
                    yield "\n".join([*lines, ""]).encode()
                    lines, size = [], 0
        if lines:
            yield "\n".join([*lines, ""]).encode()


def head(path: Path | None, name: str, size: int) -> bytes:
    """The first records of an Avro file as JSON lines, no more than so many bytes; raises as :func:`json_lines`."""
    return next(json_lines(path, name), b"")[:size]


@dataclass(frozen=True)
class _Block:
    """A block.

    Attributes:
        count: Records that it says it holds.
        data: Its records; empty where they could not be unpacked.
        size: Bytes that it takes in the file.
        cut: Whether the file ends within it.
    """

    count: int
    data: bytes
    size: int
    cut: bool = False


class _Container:
    """The blocks of a file."""

    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self._file, self._size, self._name = file, size, name
        try:
            meta, self.at = _meta(file.read(MAX_HEADER))
        except (EOFError, ValueError):
            raise self._refused("is an Avro file without a whole beginning", "copy it again") from None
        self._marker = self._read(self.at, _SYNC)
        self.at += _SYNC
        self._unpack = self._codec(meta.get(b"avro.codec", b"null"))
        try:
            self.schema = checked(meta.get(b"avro.schema", b""))
        except SchemaError as error:
            what = f"is an Avro file whose schema {error}"
            raise self._refused(what, "export it again, or convert it to JSON lines") from None
        self._unpacked = 0

    def blocks(self) -> Iterator[_Block]:
        """All blocks, damaged ones among them."""
        while self.at < self._size:
            yield self._block()

    def _block(self) -> _Block:
        """The block here; afterwards :attr:`at` is behind it."""
        count, size, body = self._begins(self.at)
        end = body + size
        if self._is_whole(count, size, body):
            if size > MAX_BLOCK:
                raise self._too_large()
            self.at = end + _SYNC
            return _Block(count, self._unpacked_data(self._read(body, size)), size)
        before = self.at
        if min(count, size) >= 0 and self._is_whole(*self._begins(end + _SYNC)):
            following, found = end + _SYNC, True  # only the marker is damaged: the next block begins where it should
        else:
            following, found = self._after_marker(max(body, before + 1))
        self.at = following
        if found or min(count, size) < 0 or end + _SYNC <= self._size:
            return _Block(max(count, 1), b"", following - before)
        raw = self._read(body, min(size, MAX_BLOCK))
        return _Block(count, self._unpacked_data(raw), following - before, cut=True)

    def _begins(self, at: int) -> tuple[int, int, int]:
        """Records and bytes that a block says it has, and where those begin; negative where that is unreadable."""
        start = self._read(at, _LONGS)
        try:
            count, used = _long(start, 0)
            size, used = _long(start, used)
        except (EOFError, ValueError):
            return -1, -1, at
        return count, size, at + used

    def _is_whole(self, count: int, size: int, body: int) -> bool:
        return min(count, size) >= 0 and self._read(body + size, _SYNC) == self._marker

    def _after_marker(self, at: int) -> tuple[int, bool]:
        """Where the first marker from a place on ends, or the file; whether there is one."""
        size = 4096  # a short look first: damaged blocks may be small and many
        while data := self._read(at, size):
            found = data.find(self._marker)
            if found >= 0:
                return at + found + _SYNC, True
            at += len(data) if len(data) < size else size - _SYNC + 1
            size = min(2 * size, packing.CHUNK)
        return self._size, False

    def _read(self, at: int, size: int) -> bytes:
        if at >= self._size:
            return b""
        self._file.seek(at)
        return self._file.read(size)

    def _unpacked_data(self, raw: bytes) -> bytes:
        """What a block holds; empty where it cannot be unpacked."""
        try:
            data = self._unpack(raw, MAX_BLOCK + 1)
        except (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError):
            return b""
        if len(data) > MAX_BLOCK:
            raise self._too_large()
        self._unpacked += len(data)
        _check_ratio(self._name, self._unpacked, self.at)
        return data

    def _codec(self, codec: bytes) -> Callable[[bytes, int], bytes]:
        """What unpacks a block, no more than so many bytes of it.

        Raises:
            InputError: Nothing here does.
        """
        codecs: dict[bytes, Callable[[bytes, int], bytes]] = {
            b"null": lambda raw, most: raw[:most],
            b"deflate": lambda raw, most: zlib.decompressobj(wbits=-15).decompress(raw, most),
            b"bzip2": lambda raw, most: bz2.BZ2Decompressor().decompress(raw, most),
            b"xz": lambda raw, most: lzma.LZMADecompressor(memlimit=_XZ_MEMORY).decompress(raw, most),
        }
        if codec not in codecs:
            what = f"is an Avro file packed with {quote(codec.decode(errors='replace'))}, which is not read"
            raise self._refused(what, "write it with the codec deflate, or convert it to JSON lines")
        return codecs[codec]

    def _too_large(self) -> InputError:
        what = f"is an Avro file with a block of more than {MAX_BLOCK // 1024**2} MB"
        return self._refused(what, "write it with smaller blocks, or convert it to JSON lines")

    def _refused(self, what: str, fix: str) -> InputError:
        return InputError(Problem(self._name, what, fix))


def _check_ratio(name: str, size: int, read: int) -> None:
    if size > packing.LARGE and size > packing.MAX_RATIO * read:
        raise packing.too_large(name, size // read)


def _long(data: bytes, at: int) -> tuple[int, int]:
    """A number in Avro's zigzag form, and where it ends.

    Raises:
        EOFError: The bytes end before it does.
        ValueError: It takes more than ten bytes.
    """
    value = shift = 0
    for place in range(at, at + 10):
        if place >= len(data):
            raise EOFError
        value |= (data[place] & 0x7F) << shift
        if data[place] < 0x80:
            return value >> 1 ^ -(value & 1), place + 1
        shift += 7
    raise ValueError


def _meta(data: bytes) -> tuple[dict[bytes, bytes], int]:
    """What stands before the first block, and where the marker after it begins.

    Raises:
        EOFError: The bytes end before it does.
        ValueError: It is no map of texts.
    """
    out: dict[bytes, bytes] = {}
    at = len(MAGIC)
    while True:
        count, at = _long(data, at)
        if count < 0:
            count, (_, at) = -count, _long(data, at)
        if not count:
            break
        for _ in range(count):  # each takes a byte at least, so the bytes end before a huge count does
            key, at = _text(data, at)
            out[key], at = _text(data, at)
    if at + _SYNC > len(data):
        raise EOFError
    return out, at


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    size, at = _long(data, at)
    if size < 0:
        raise ValueError
    if at + size > len(data):
        raise EOFError
    return data[at : at + size], at + size


class _Lines:
    """Makes JSON lines of a file's records."""

    def __init__(self, schema: Schema, path: Path, name: str) -> None:
        self._smallest, self._times = schema.smallest, schema.times
        self._record = _decoder(schema.decoder, name)
        named = _BRAZE.search(schema.name)
        folders = [part.removeprefix(f"{_TYPE}=") for part in path.absolute().parts if part.startswith(f"{_TYPE}=")]
        self._type = named[1] if named else folders[-1] if folders else None

    def of(self, block: _Block) -> Iterator[str]:
        """The lines of a block; what cannot be decoded is damaged from there to the block's end."""
        file, done, good = BytesIO(block.data), 0, 0
        while done < block.count and good < len(block.data):
            try:
                record = self._record(file)
            except _BROKEN:
                break
            done, good = done + 1, file.tell()
            line = self._line(record)
            yield line if len(line) <= MAX_RECORD else packing.CUT.decode()
        rest = len(block.data) - good if block.data else block.size
        if done < block.count or rest or block.cut:
            # As many as are said to follow, so far as the bytes could hold them; of a file that was cut, one.
            lost = 1 if block.cut else min(block.count - done, rest // self._smallest)
            yield from [packing.CUT.decode()] * max(lost, 1)

    def _line(self, record: dict[str, Any]) -> str:
        for field, kind in self._times.items():
            if isinstance(record.get(field), int):
                record[field] = _moment(record[field], kind)
        if self._type and record.get(_TYPE) is None:
            record[_TYPE] = self._type
        kept = {field: value for field, value in record.items() if value is not None}
        try:
            return json.dumps(kept, default=_as_text, allow_nan=False)
        except ValueError:
            return json.dumps(_finite(kept), default=_as_text)


def _decoder(schema: dict[str, Any], name: str) -> Callable[[BytesIO], dict[str, Any]]:
    """What reads the next record.

    Raises:
        UndeterminedError: fastavro is not installed.
    """
    try:
        from fastavro import parse_schema, schemaless_reader
    except ImportError:
        text = f'{name}: is Avro; fastavro, which reads it, is not installed: pip install "ipwarmup[avro]"'
        raise UndeterminedError(text) from None
    read: Any = schemaless_reader
    return partial(_read, read, parse_schema(schema))


def _read(read: Any, schema: Any, file: BytesIO) -> dict[str, Any]:
    record: dict[str, Any] = read(file, schema, None, handle_unicode_errors="replace")
    return record


def _moment(value: int, kind: str) -> str:
    """ISO 8601 for a moment; the number where there is no such day."""
    try:
        if kind == "date":
            return (_EPOCH + timedelta(days=value)).date().isoformat()
        moment = _EPOCH + timedelta(microseconds=value * 1_000_000 // _UNITS[kind.rpartition("-")[2]])
    except (OverflowError, LookupError):
        return str(value)
    return (moment.replace(tzinfo=None) if kind.startswith("local") else moment).isoformat()


def _as_text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _finite(value: Any) -> Any:
    """The same without numbers that JSON has no word for."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
