"""Where events come from: files, folders, patterns, standard input; their packing and how they are arranged."""

from __future__ import annotations

import io
import json
import re
import sys
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from warmup.errors import InputError, Problem
from warmup.traffic.events import avro, packing
from warmup.traffic.events.archives import check_archive
from warmup.traffic.wording import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from warmup.traffic.events.format import EventFormat

HEAD = 64 * 1024
"""Bytes looked at to see how a file is arranged."""

MAX_STEP = 4 * 1024 * 1024
"""Bytes among which there is the end of a line."""

FIRST_PACKED = 256 * 1024
"""Bytes of a packed file among which there is a whole block: one of zstd has up to 128 KB."""

_LINE = 64 * 1024
"""Bytes that most lines have less of."""

MAX_FILES = 100_000
_MOST_TOLD = 20
STDIN = "-"

SHAPES = ("lines", "array", "concatenated", "arrays", "answers", "unclear")
"""How events are arranged: one object a line; one list; objects one after another, over lines or on one; a list a line
(each a webhook's batch); objects that hold a list (each an API's answer); anything else is read carefully."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Input:
    """One file of events.

    Attributes:
        path: The file; None: standard input.
        name: What messages call it.
    """

    path: Path | None
    name: str

    def open(self) -> BinaryIO:
        """The bytes as they are."""
        return cast(BinaryIO, _standard_input()) if self.path is None else self.path.open("rb")

    def first(self, size: int) -> bytes:
        """The first bytes as they are; those of standard input can still be read."""
        if self.path is None:
            return _standard_input().first(size)
        with self.path.open("rb") as file:
            return file.read(size)


class _Standard(io.RawIOBase):
    """Standard input, of which the first bytes can be looked at before they are read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self._kept = file, b""

    def first(self, size: int) -> bytes:
        """The first bytes that were not read yet."""
        while len(self._kept) < size and (data := self.file.read(size - len(self._kept))):
            self._kept += data
        return self._kept[:size]

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        if not self._kept:
            return self.file.read(size)
        size = size if size >= 0 else len(self._kept)
        data, self._kept = self._kept[:size], self._kept[size:]
        return data


def _standard_input() -> _Standard:
    global _standard  # noqa: PLW0603 - there is one standard input, and what was read of it is gone from there
    if _standard is None or _standard.file is not sys.stdin.buffer or _standard.closed:
        _standard = _Standard(sys.stdin.buffer)
    return _standard


_standard: _Standard | None = None


def expand(paths: Iterable[str | Path]) -> list[Input]:
    """All files that paths name: files, folders (with all in them), patterns, ``-`` for standard input.

    Raises:
        InputError: What names nothing, or too much.
    """
    found: list[Input] = []
    problems: list[Problem] = []
    for path in paths:
        named = list(_expand(str(path)))
        if not named:
            problems.append(_nothing(str(path)))
        found += named
    if len(found) > MAX_FILES:
        problems.append(Problem("input", f"is {len(found):,} files", f"at most {MAX_FILES:,} are read at once"))
    if problems:
        raise InputError(problems)
    problems = [_unnamed(item) for item in found if not _is_text(item.name)]
    if problems:
        raise InputError(problems[:_MOST_TOLD])
    unique = {item.path.resolve() if item.path else None: item for item in found}
    return list(unique.values())


def _nothing(name: str) -> Problem:
    if Path(name).is_dir():
        return Problem(quote(name), "is a folder without files", "check whether the exports lie elsewhere")
    return Problem(quote(name), "is no file, folder or pattern that names one", "check the path")


def _is_text(name: str) -> bool:
    """Whether a name is made of characters: that of a file may be any bytes, which no engine takes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unnamed(item: Input) -> Problem:
    return Problem(quote(item.name), "has a name that is not UTF-8 text", "rename it")


def _expand(name: str) -> Iterator[Input]:
    if name == STDIN:
        yield Input(None, "standard input")
        return
    path = Path(name)
    if path.is_file():
        yield Input(path, name)
    elif path.is_dir():
        yield from (Input(item, str(item)) for item in sorted(path.rglob("*")) if _is_export(item, path))
    elif has_magic(name):
        parts = path.parts
        fixed = next(i for i, part in enumerate(parts) if has_magic(part))
        base = Path(*parts[:fixed]) if fixed else Path()
        yield from (Input(item, str(item)) for item in sorted(base.glob("/".join(parts[fixed:]))) if item.is_file())


def _is_export(path: Path, top: Path) -> bool:
    return path.is_file() and not any(part.startswith(".") for part in path.relative_to(top).parts)


def packing_of(item: Input) -> str:
    """``gzip``, ``zstd``, ``avro`` (read as JSON lines) or ``none``, from the first bytes; names lie."""
    raw = item.first(len(packing.ZSTD))
    magics = {"gzip": packing.GZIP, "zstd": packing.ZSTD, "avro": avro.MAGIC}
    return next((name for name, magic in magics.items() if raw.startswith(magic)), "none")


def head_of(item: Input) -> bytes:
    """The first bytes of a file, unpacked; empty if it cannot be.

    Raises:
        InputError: A zstd file that could unpack to too much, an Avro file that is not read, an archive.
        UndeterminedError: An Avro file, without what reads it.
    """
    raw = item.first(HEAD)
    check_archive(raw, item.path, item.name)
    if raw.startswith(packing.GZIP):
        return packing.gzip_head(raw, HEAD)
    if raw.startswith(packing.ZSTD):
        if item.path:
            packing.check_zstd(item.path, item.name)
        return packing.zstd_head(item.first(FIRST_PACKED), HEAD)
    if raw.startswith(avro.MAGIC):
        return avro.head(item.path, item.name, HEAD)
    return raw


def long_line(file: IO[bytes]) -> int | None:
    """Number of a line that has more than :data:`MAX_STEP` bytes at least, the first of them; None: there is none.

    DuckDB passes over lines of a table that are longer than what it reads at a time (32 MB), sometimes without a word.
    Only a little of the file is looked at: in each step there is the end of a line.
    """
    start = 0
    while head := file.read(_LINE):
        if not _ends(head) and not _ends(file.read(MAX_STEP - len(head))) and file.tell() - start >= MAX_STEP:
            return 1 + _ends_before(file, start)
        start = file.seek(start + MAX_STEP)
    return None


def _ends(data: bytes) -> bool:
    """Whether a line ends in here."""
    return b"\n" in data or b"\r" in data


def _ends_before(file: IO[bytes], place: int) -> int:
    """How many lines end before a place."""
    file.seek(0)
    return sum(file.read(min(MAX_STEP, place - at)).count(b"\n") for at in range(0, place, MAX_STEP))


def is_utf8(head: bytes) -> bool:
    """Whether a file can be read as it is: neither UTF-16 nor with a byte order mark."""
    return not head.startswith((*_UTF16, _BOM))


def shape_of(head: bytes, whole: bool, form: EventFormat) -> str:
    """How a file's events are arranged, from its first bytes.

    Args:
        head: The first bytes, unpacked.
        whole: Whether they are all.
        form: Its :attr:`~warmup.traffic.events.format.EventFormat.lists` tell an API's answer from an event.
    """
    if not is_utf8(head):
        return "unclear"
    text = head.decode("utf-8", errors="replace").lstrip(" \t\r\n")
    if text[:1] not in ("{", "["):
        return "unclear"
    end = _end_of_value(text)
    if text[0] == "[":
        if end is None:
            return "unclear" if whole else "array"
        rest = text[end:].lstrip(" \t\r\n")
        return "arrays" if rest.startswith("[") and "\n" not in text[:end] else "unclear" if rest else "array"
    start = answer_start(form.lists)
    if start and start.match(text):
        return "answers"
    if end is None:
        return "unclear" if whole else "concatenated"
    rest = text[end:].lstrip(" \t\r")
    one_line = "\n" not in text[:end]
    return "lines" if one_line and (not rest or rest.startswith("\n")) else "concatenated"


def answer_start(lists: tuple[str, ...]) -> re.Pattern[str] | None:
    """The beginning of an object that holds one of these lists, up to the list; None where a format has none."""
    if not lists:
        return None
    keys = "|".join(map(re.escape, lists))
    return re.compile(rf'\{{(?:[^{{}}\[]|\{{[^{{}}]{{0,2000}}\}}){{0,2000}}?"(?:{keys})"\s*:\s*\[')


def _end_of_value(text: str) -> int | None:
    """Where the first JSON value ends; None: not in this text."""
    try:
        return DECODER.raw_decode(text)[1]
    except (ValueError, RecursionError):
        return None


DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
"""Finds ends of values; digits stay text, because a number of a million digits must cost nothing."""


def looks_like(head: bytes, *signs: str) -> bool:
    """Whether JSON holds all signs, regular expressions, in its first bytes."""
    encoding = "utf-16" if head.startswith(_UTF16) else "utf-8-sig"
    text = head.decode(encoding, errors="replace").lstrip()
    return text.startswith(("{", "[")) and all(re.search(sign, text) for sign in signs)
