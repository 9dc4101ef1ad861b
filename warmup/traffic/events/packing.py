"""Packed files: read in bounded memory, and refused when they unpack to far more than any export does."""

from __future__ import annotations

import re
import zlib
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from warmup.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

CHUNK = 4 * 1024 * 1024
"""Bytes unpacked at a time."""

MAX_RATIO, LARGE = 200, 64 * 1024 * 1024
"""A file that unpacks to so many times its size, and is large then, is no export: those come to 5 to 50 times."""

MAX_LINE = 64 * 1024 * 1024
"""Bytes of a line that are read."""

_BLOCK = 128 * 1024


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""


CUT = b"\x00"
"""Stands for what is missing where a packed file ends too early or goes wrong: the last value becomes a damaged one."""


def too_large(name: str, ratio: int) -> InputError:
    """The error for a file that unpacks to too much."""
    what = f"unpacks to {ratio:,} times its size"
    return InputError(Problem(name, what, "export it again, or unpack it and look at what it is"))


def gzip_chunks(file: Readable, name: str) -> Iterator[bytes]:
    """The bytes of a gzip file, of one member or several.

    Yields:
        What could be unpacked, and :data:`CUT` where the file ends before its end.

    Raises:
        InputError: It unpacks to too much.
    """
    engine = zlib.decompressobj(wbits=31)
    read = unpacked = 0
    inside = False
    while raw := file.read(256 * 1024):
        read += len(raw)
        while raw:
            try:
                data = engine.decompress(raw, CHUNK)
            except zlib.error:
                yield CUT
                return
            unpacked += len(data)
            if unpacked > LARGE and unpacked > MAX_RATIO * read:
                raise too_large(name, unpacked // read)
            if data:
                yield data
            raw, inside = engine.unconsumed_tail, not engine.eof
            if engine.eof:
                raw = engine.unused_data.lstrip(b"\x00")  # padding between and after members is legal
                engine = zlib.decompressobj(wbits=31)
    if inside:
        yield CUT


def gzip_head(raw: bytes, size: int) -> bytes:
    """The first bytes of a gzip file, unpacked, from its first bytes packed; empty if they cannot be."""
    head = b""
    while raw.startswith(GZIP) and len(head) < size:
        engine = zlib.decompressobj(wbits=31)
        try:
            head += engine.decompress(raw, size - len(head))
        except zlib.error:
            break
        raw = engine.unused_data.lstrip(b"\x00")
    return head


def zstd_chunks(file: Readable, name: str) -> Iterator[bytes]:
    """The bytes of a zstd file, of one frame or several.

    Yields:
        What could be unpacked, and :data:`CUT` where the file ends before its end.

    Raises:
        InputError: It unpacks to too much.
    """
    engine = _zstd_engine()
    read = unpacked = 0
    inside = False
    while raw := file.read(256 * 1024):
        read += len(raw)
        while raw or not engine.needs_input:
            try:
                data = engine.decompress(raw, CHUNK)
            except _zstd().ZstdError:
                yield CUT
                return
            unpacked += len(data)
            if unpacked > LARGE and unpacked > MAX_RATIO * read:
                raise too_large(name, unpacked // read)
            if data:
                yield data
            raw, inside = b"", not engine.eof
            if engine.eof:
                raw, engine = engine.unused_data, _zstd_engine()
    if inside:
        yield CUT


def _zstd() -> Any:
    """What unpacks zstd: of the standard library from Python 3.14 on."""
    try:
        return import_module("compression.zstd")
    except ImportError:
        return import_module("backports.zstd")


def _zstd_engine() -> Any:
    # Refuses windows beyond 128 MB, which are held in memory; so does the zstd command unless told otherwise.
    return _zstd().ZstdDecompressor()


def zstd_head(raw: bytes, size: int) -> bytes:
    """The first bytes of a zstd file, unpacked, from its first bytes packed; empty if they cannot be."""
    head = b""
    while raw and len(head) < size:
        engine = _zstd_engine()
        try:
            head += engine.decompress(raw, size - len(head))
        except _zstd().ZstdError:
            break
        raw = engine.unused_data if engine.eof else b""
    return head


def zstd_bound(path: Path) -> int | None:
    """The most that a zstd file can unpack to, from its block headers (RFC 8878), without unpacking it.

    Returns:
        Bytes; None where the file is cut or is not zstd throughout.
    """
    total = 0
    with path.open("rb") as file:
        while magic := file.read(4):
            if len(magic) == 4 and magic[1:] == b"\x2a\x4d\x18" and magic[0] & 0xF0 == 0x50:  # skippable frame
                file.seek(int.from_bytes(file.read(4), "little"), 1)
                continue
            if magic != ZSTD or (size := _frame_bound(file)) is None:
                return None
            total += size
        return None if file.tell() > path.stat().st_size else total  # the last block is cut


def _frame_bound(file: BinaryIO) -> int | None:
    """The most that the blocks of one frame unpack to; the file stands after the frame then."""
    described = file.read(1)
    if not described:
        return None
    flags = described[0]
    single, dictionary, sized = flags >> 5 & 1, (0, 1, 2, 4)[flags & 3], (0, 2, 4, 8)[flags >> 6]
    file.seek((0 if single else 1) + dictionary + (sized or single), 1)
    total = 0
    while len(header := file.read(3)) == 3:
        word = int.from_bytes(header, "little")
        last, kind, size = word & 1, word >> 1 & 3, word >> 3
        total += _BLOCK if kind == 2 else size
        file.seek(1 if kind == 1 else size, 1)
        if last:
            file.seek(4 if flags >> 2 & 1 else 0, 1)
            return total
    return None


def check_zstd(path: Path, name: str) -> None:
    """Refuse a zstd file that could unpack to too much, before it is.

    Raises:
        InputError: It could.
    """
    bound, size = zstd_bound(path), max(path.stat().st_size, 1)
    if bound is not None and bound > LARGE and bound > MAX_RATIO * size:
        raise too_large(name, bound // size)


def literal(path: Path) -> str:
    """A path in which DuckDB sees no pattern."""
    return re.sub(r"([*?\[])", r"[\1]", str(path.absolute()))
