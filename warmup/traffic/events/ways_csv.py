"""Events as rows of a table in text (CSV): columns are known by the names in its header, never by their place.

A header may stand again further down, where files were put together, and then may name other columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.traffic.columns import MAX_COLUMNS, check_width
from warmup.traffic.events import packing
from warmup.traffic.events.format import quoted, text
from warmup.traffic.events.inputs import HEAD, Input, is_utf8, packing_of
from warmup.traffic.events.values import by_line, chunks
from warmup.traffic.events.ways import Find, Portion, table
from warmup.traffic.events.ways_text import damaged_lines, is_quick
from warmup.traffic.western import Recoded
from warmup.traffic.wording import some

if TYPE_CHECKING:
    import pandas as pd

    from warmup.traffic.events.format import EventFormat

MAX_LINES = 20
"""Lines that one row may have, when a quoted value holds line breaks: an SMTP reply has a few."""

_DELIMITER, _QUOTE = "chr(1)", "chr(2)"
_DELIMITERS = ",;\t|"
Lines = tuple[Sequence[str], Sequence[int], Sequence[str]]
"""A header, and the numbers and texts of lines under it."""


def header_of(head: bytes) -> list[str]:
    """The names in the header of a table, in lower case; empty where the first line is none.

    Args:
        head: The first bytes of the file, unpacked.
    """
    line = _first_line(head)
    return _names(_cells(line, _delimiter(line)) or [])


def _first_line(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        decoded = head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
    else:
        decoded = head.decode("utf-8-sig", errors="replace")
    return next((line for line in decoded.splitlines() if line.strip()), "")


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def _names(cells: Iterable[str]) -> list[str]:
    return [cell.strip().lower() for cell in cells]


def _cells(line: str, delimiter: str) -> list[str] | None:
    """The values of a row; None where it has an end in a quoted value, or a quote where none may be."""
    try:
        return next(csv.reader(io.StringIO(line), delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None


class CsvWay:
    """How a table is read."""

    def __init__(self, item: Input, head: bytes, form: EventFormat) -> None:
        self._item, self._form, self._packing, self._utf8 = item, form, packing_of(item), is_utf8(head)
        self.cut: list[str] = []
        line = _first_line(head)
        self._delimiter = _delimiter(line)
        self._header = _names(_cells(line, self._delimiter) or [])
        if line:
            check_width(item.name, self._header, head.lstrip().decode("latin-1") if len(head) >= HEAD else "\n")
            self._check()

    def _check(self) -> None:
        """Refuse a file in which a column is missing or stands twice."""
        missing = [name for name in self._form.required if name.lower() not in self._header]
        twice = [name for name in self._form.columns if self._header.count(name.lower()) > 1]
        problems = []
        if missing:
            what = f"has no column {some(missing)} in its first line"
            problems.append(Problem(self._item.name, what, "export it with a header and these columns"))
        if twice:
            what = f"has more than one column {some(twice)}"
            problems.append(Problem(self._item.name, what, "export it with each column once"))
        if problems:
            raise InputError(problems)

    def quick(self) -> str | None:
        """SQL for the rows of a file that is not packed and names its columns once."""
        if not is_quick(self._item, self._packing) or not self._utf8 or not self._header or self._item.path is None:
            return None
        named = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(len(self._header)))
        options = (
            f"columns = {{{named}}}, auto_detect = false, header = false, delim = {text(self._delimiter)}, "
            f"""quote = '"', escape = '"', compression = 'none'"""
        )
        rows = f"read_csv({text(packing.literal(self._item.path))}, {options})"
        values = ", ".join(f"{self._value(name, 'c{}')} AS {quoted(name)}" for name in self._form.columns)
        return f"SELECT NULL::BIGINT AS n, {values} FROM {rows} WHERE {self._is_record()}"

    def _value(self, name: str, called: str) -> str:
        """SQL for the value of a column, under the name that its place has; NULL where the file has none."""
        if name.lower() not in self._header:
            return "NULL::VARCHAR"
        return f"nullif({called.format(self._header.index(name.lower()))}, '')"

    def _is_record(self) -> str:
        """A condition that tells records from a header; another header than the first is left to the careful way."""
        first = f"lower(c{self._header.index(self._form.required[0].lower())})"
        same = " AND ".join(f"lower(trim(coalesce(c{n}, ''))) = {text(name)}" for n, name in enumerate(self._header))
        names = ", ".join(text(name) for name in dict.fromkeys(self._header) if name)
        record = (
            f"CASE WHEN {first} IN ({names}) THEN CASE WHEN {same} THEN false ELSE error('header') END ELSE true END"
        )
        whole = " OR ".join(
            f"contains(c{self._header.index(name.lower())}, chr(0))"
            for name in self._form.columns
            if name.lower() in self._header
        )
        return f"{record} AND CASE WHEN {whole} THEN error('NUL') ELSE true END"

    def broken(self, count: int, find: Find) -> Portion | None:
        """Not told from the others."""
        del count, find
        return None

    def portions(self) -> Iterator[Portion]:
        """Line by line, many at a time; DuckDB takes them apart."""
        lines = _Lines(self._form.required, self._delimiter)
        for batch in by_line(self._chunks()):
            damaged = damaged_lines(batch)
            for header, numbers, texts in lines.under_headers(batch.numbers, batch.texts):
                yield Portion(damaged, partial(self._tables, header, numbers, texts))
                damaged = []
            if damaged:
                yield Portion(damaged, tuple)
        for header, numbers, texts in lines.rest():
            yield Portion([], partial(self._tables, header, numbers, texts))

    def _chunks(self) -> Iterator[bytes]:
        data = chunks(self._item, self.cut)
        if self._form.western is None:
            yield from data
            return
        recoded = Recoded(data)
        yield from recoded
        if recoded.western:
            self._form.western(self._item.name)

    def _tables(
        self, header: Sequence[str], numbers: Sequence[int], texts: Sequence[str]
    ) -> Iterator[tuple[str, pd.DataFrame]]:
        yield self._taken_apart(header), table(numbers, texts)

    def _taken_apart(self, header: Sequence[str]) -> str:
        """SQL for the rows of a relation ``lines``; NULL throughout where a line is none.

        Quotes divide a line into what is outside and inside of them, by turns; a delimiter inside, and a doubled quote,
        are put away while the line is split.
        """
        delimiter = text(self._delimiter)
        whole = (
            "array_to_string(list_transform(pieces, lambda piece, i: "
            f"CASE WHEN i % 2 = 0 THEN replace(piece, {delimiter}, {_DELIMITER}) ELSE piece END), '')"
        )
        cells = f"CASE WHEN len(pieces) % 2 = 1 THEN string_split({whole}, {delimiter}) END"
        values = ", ".join(f"{self._cell(name, header)} AS {quoted(name)}" for name in self._form.columns)
        clean = f"replace(rtrim(line, '\r'), '\"\"', {_QUOTE})"
        pieces = f"SELECT n, string_split({clean}, '\"') AS pieces FROM lines WHERE line NOT IN ('', '\r')"
        whole = f"CASE WHEN len(cells) = {len(header)} THEN cells END"
        return f"SELECT n, {values} FROM (SELECT n, {whole} AS cells FROM (SELECT n, {cells} AS cells FROM ({pieces})))"

    def _cell(self, name: str, header: Sequence[str]) -> str:
        if name.lower() not in header:
            return "NULL::VARCHAR"
        cell = f"nullif(nullif(cells[{header.index(name.lower()) + 1}], ''), {_QUOTE})"
        return f"replace(replace({cell}, {_DELIMITER}, {text(self._delimiter)}), {_QUOTE}, '\"')"


class _Lines:
    """Brings lines under the header that is theirs, and lines of one row together."""

    def __init__(self, required: Sequence[str], delimiter: str) -> None:
        self._required = {name.lower() for name in required}
        self._delimiter = delimiter
        self._header: list[str] = []
        self._mark = ""
        self._open: list[tuple[int, str]] = []

    def under_headers(self, numbers: Sequence[int], texts: Sequence[str]) -> Iterator[Lines]:
        """Lines with their header."""
        if not self._header or self._open or any(self._is_odd(line) for line in texts):
            yield from self._one_by_one([*self._open, *zip(numbers, texts, strict=True)], last=False)
        elif texts:
            yield self._header, numbers, texts

    def rest(self) -> Iterator[Lines]:
        """What waited for the end of a quoted value that never came."""
        if self._open:
            yield from self._one_by_one(self._open, last=True)

    def _is_odd(self, line: str) -> bool:
        return line.count('"') % 2 == 1 or self._mark in line

    def _one_by_one(self, waiting: Sequence[tuple[int, str]], *, last: bool) -> Iterator[Lines]:
        numbers: list[int] = []
        texts: list[str] = []
        self._open, at = [], 0
        while at < len(waiting):
            number, line = waiting[at]
            odd = line.count('"') % 2 == 1 and not self._is_row(line)
            used = self._lines_of_row(waiting, at) if odd else 1
            if not used and not last:
                self._open = list(waiting[at:])
                break
            at += max(used, 1)
            header = self._header
            if self._is_header(line):
                if texts:
                    yield header, numbers, texts
                numbers, texts = [], []
                continue
            numbers.append(number)
            whole = "\n".join(part for _, part in waiting[at - max(used, 1) : at])
            texts.append(self._requoted(whole) if whole.count('"') % 2 else whole)
        if texts:
            yield self._header, numbers, texts

    def _is_header(self, line: str) -> bool:
        """Whether a line names columns; it does so for all lines after it."""
        if self._mark not in line:
            return False
        names = _names(_cells(line, self._delimiter) or [])
        if not self._required <= set(names) or len(names) > MAX_COLUMNS:
            return False
        self._header = names
        # Told by the name that is longest, as this file spells it.
        wanted = max(self._required, key=len)
        self._mark = line[line.lower().index(wanted) :][: len(wanted)]
        return True

    def _is_row(self, line: str) -> bool:
        cells = _cells(line, self._delimiter)
        return cells is not None and len(cells) == len(self._header)

    def _requoted(self, line: str) -> str:
        """A row with a quote inside of a value that is in none, written as tables are; damage stays as it is."""
        if not self._is_row(line):
            return line
        cells = (cell.replace('"', '""') for cell in _cells(line, self._delimiter) or [])
        return self._delimiter.join(f'"{cell}"' for cell in cells)

    def _lines_of_row(self, waiting: Sequence[tuple[int, str]], at: int) -> int:
        """How many lines a row has that has a quote too many in its first; 0: its end is not among them.

        A quote that nothing closes costs its own line, not those after it.
        """
        for used in range(2, MAX_LINES + 1):
            if at + used > len(waiting):
                return 0
            if waiting[at + used - 1][1].count('"') % 2 == 0:
                continue
            return used if self._is_row("\n".join(line for _, line in waiting[at : at + used])) else 1
        return 1
