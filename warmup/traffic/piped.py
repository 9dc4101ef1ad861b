"""Tables of text that are held in memory, because they may hold addresses, which no file may.

Those from standard input or packed with zstd, and what DuckDB does not read: Windows-1252, and lines that end in
different ways.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.traffic.columns import check_width
from warmup.traffic.events import packing
from warmup.traffic.events.inputs import Input, packing_of
from warmup.traffic.problems import Problems
from warmup.traffic.tables import Table, connect, find_header, head_text, is_binary_table
from warmup.traffic.western import NAME as WESTERN
from warmup.traffic.western import decoded, western_note, written_so

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NAME = "standard input"

MOST = 256 * 1024 * 1024
"""Bytes of a table, unpacked, that are held in memory."""

MOST_BREAKS = 20
"""Line breaks inside one row that are believed: a note has some, a quote that was never closed has thousands."""


@dataclass(frozen=True)
class Rows:
    """The rows of a table.

    Attributes:
        header: Its column names.
        rows: One value per column each.
        at: The line that each begins in.
        wrong: Line of each damaged row, how many lines it has, what is wrong with it, and what to do.
        start: The line after the header.
    """

    header: list[str]
    rows: list[list[str]]
    at: list[int]
    wrong: list[tuple[int, int, str, str]]
    start: int


@dataclass
class Held(Table):
    """A table whose rows know their lines; nothing can be read again."""

    at: list[int] = field(default_factory=list)

    def lines(self, records: Iterable[int]) -> dict[int, int]:
        """Line of records."""
        return {record: self.at[record - 1] for record in records}


def open_piped() -> Table:
    """Read a table of text, plain, gzip or zstd, from standard input.

    Raises:
        InputError: It is something else, too large, empty, or has damaged rows (all of them).
    """
    return _held(Input(None, NAME), Path("-"))


def open_zstd(path: Path, name: str) -> Table:
    """Read a table of text packed with zstd.

    Raises:
        InputError: As for :func:`open_piped`.
    """
    return _held(Input(path, name), path)


def _held(item: Input, path: Path) -> Table:
    """A table that is held in memory, unpacked."""
    data = _unpacked(item)
    western = written_so(data[at : at + packing.CHUNK] for at in range(0, len(data), packing.CHUNK))
    text = decoded(data) if western else head_text(data)
    if is_binary_table(data) or "\x00" in text[:1000]:
        raise InputError(Problem(item.name, "is no table of text", "give the path of a parquet file or a workbook"))
    if not text.strip():
        raise InputError(Problem(item.name, "is empty", "export it again"))
    return _table(text, path, item.name, WESTERN if western else "utf-8")


def open_western(path: Path, name: str) -> Table:
    """Read a table in Windows-1252, plain or packed.

    Raises:
        InputError: It is too large, or has damaged rows (all of them).
    """
    return _table(western_text(Input(path, name)), path, name, WESTERN)


def open_mixed(path: Path, name: str) -> Table:
    """Read a table in UTF-8 whose lines end in different ways, which DuckDB gives up on.

    Raises:
        InputError: It has damaged rows (all of them).
    """
    return _table(head_text(path.read_bytes()), path, name, "utf-8")


def western_text(item: Input) -> str:
    """All of a file in Windows-1252.

    Raises:
        InputError: It is too large, cut or damaged.
    """
    return decoded(_unpacked(item))


def _table(text: str, path: Path, name: str, encoding: str) -> Table:
    import pandas as pd

    found = rows_of(text, name, *find_header(text))
    problems = Problems(name, "line")
    for line, _, what, fix in found.wrong:
        problems.add((line,), what, fix)
    problems.raise_any()
    connection = connect()
    columns = [f"c{i}" for i in range(len(found.header))]
    connection.register("piped", pd.DataFrame(found.rows, columns=columns, dtype="str"))
    notes = (western_note(name),) if encoding == WESTERN else ()
    return Held(connection, path, name, found.header, "line", found.start, "piped", [], "", encoding, notes, found.at)


def _unpacked(item: Input) -> bytes:
    """All bytes, unpacked."""
    kind, file = packing_of(item), item.open()
    unpack = {"gzip": packing.gzip_chunks, "zstd": packing.zstd_chunks}.get(kind)
    parts, size = [], 0
    with file:
        for part in unpack(file, item.name) if unpack else iter(lambda: file.read(packing.CHUNK), b""):
            if part is packing.CUT:
                raise InputError(Problem(item.name, f"is a cut or damaged {kind} file", "copy it again"))
            size += len(part)
            if size > MOST:
                raise InputError(_too_large(item))
            parts.append(part)
    return b"".join(parts)


def _too_large(item: Input) -> Problem:
    if item.path is None:
        return Problem(item.name, "is too large for a pipe", "save it to a file and give its path")
    if packing_of(item) == "zstd":
        what = f"unpacks to more than {MOST // 1024 // 1024} MB"
        return Problem(item.name, what, "pack it with gzip, or unpack it")
    what = f"is not UTF-8 and larger than {MOST // 1024 // 1024} MB"
    return Problem(item.name, what, "save it as CSV UTF-8")


def rows_of(text: str, name: str, delimiter: str, skip: int, header: Sequence[str]) -> Rows:
    """The rows of a table.

    Args:
        text: All of it.
        name: What messages call it.
        delimiter: What stands between values.
        skip: Lines before the header.
        header: Names of the columns.

    Raises:
        InputError: It has more columns than any export.
    """
    check_width(name, list(header))
    file = io.StringIO(text, newline="")
    for _ in range(skip + 1):
        file.readline()
    found = Rows(list(header), [], [], [], skip + 2)
    line = found.start
    reader = csv.reader(file, delimiter=delimiter)
    try:
        for row in reader:
            used = found.start + reader.line_num - line
            if row and (wrong := _wrong(row, len(header), used)):
                found.wrong.append((line, used, *wrong))
            elif row:
                found.rows.append(row)
                found.at.append(line)
            line += used
    except csv.Error as error:
        rest = sum(1 for _ in file) + 1
        found.wrong.append((line, rest, f"cannot be read ({error})", "correct or remove the line"))
    return found


def _wrong(row: Sequence[str], width: int, used: int) -> tuple[str, str] | None:
    """What is wrong with a row of so many lines, and what to do."""
    if used > MOST_BREAKS + 1:
        return "has a quote that does not end", 'close it with " or double it inside a value'
    if len(row) != width:
        what = f"has {len(row)} columns where the header has {width}"
        return what, "quote values that hold the delimiter, or remove the line"
    if any("\ufffd" in cell for cell in row):
        return "holds bytes that are not UTF-8", "save the file as CSV UTF-8"
    return None
