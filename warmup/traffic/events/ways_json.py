"""Events as JSON, however they are arranged."""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from warmup.traffic.events import packing
from warmup.traffic.events.inputs import HEAD, Input, packing_of, shape_of
from warmup.traffic.events.sql import read_file, read_lists, read_texts
from warmup.traffic.events.values import LONG, Batch, by_json_line, by_value, chunks, is_by_line, is_special
from warmup.traffic.events.ways import Find, Portion, table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from warmup.traffic.events.format import EventFormat


_BLOCK = 1024 * 1024
"""Bytes of lines that are looked at together."""

_MOST_BROKEN = 200_000
"""Lines that are held at once."""


class JsonWay:
    """How a file of JSON is read."""

    def __init__(self, item: Input, head: bytes, form: EventFormat) -> None:
        self._item, self._form, self._packing = item, form, packing_of(item)
        self.cut: list[str] = []
        # Only the careful way watches the size of these.
        unseen = self._packing in ("gzip", "avro") or item.path is None
        # And only that way reads what there is of a file that is cut.
        unseen = unseen or (self._packing == "zstd" and item.path is not None and not packing.zstd_bound(item.path))
        self._shape = "unclear" if unseen else shape_of(head, len(head) < HEAD, form)

    def quick(self) -> str | None:
        """SQL for the records of a file whose arrangement is clear."""
        if self._shape == "unclear" or self._item.path is None:
            return None
        return read_file(self._form, packing.literal(self._item.path), self._shape, self._packing)

    def broken(self, count: int, find: Find) -> Portion | None:
        """The lines that the quick way could not read."""
        path = self._item.path
        if self._shape != "lines" or self._packing != "none" or path is None or count > _MOST_BROKEN:
            return None
        numbered = read_file(self._form, packing.literal(path), self._shape, self._packing, numbered=True)
        lines = list(_lines(path, find(numbered)))
        # What may hold several objects may still have whole ones, which only the careful way looks for.
        keys = tuple(f'"{key}"'.encode() for key in self._form.lists)
        alone = all(
            len(line) <= LONG and line[:1] != b"[" and not any(key in line for key in keys) for _, line in lines
        )
        return self._portion(_batch(lines)) if alone else None

    def portions(self) -> Iterator[Portion]:
        """Value by value, a few thousand at a time."""
        return map(self._portion, self._batches())

    def _portion(self, batch: Batch) -> Portion:
        mark = tuple(f'"{key}"' for key in self._form.lists)
        return Portion(batch.damaged, partial(_tables, batch, read_texts(self._form), read_lists(self._form), mark))

    def _batches(self) -> Iterator[Batch]:
        """The values of a file."""
        data = chunks(self._item, self.cut)
        first = next(data, b"")
        every = chain([first], data)
        by_lines = self._packing == "avro" or is_by_line(first[:HEAD].decode("utf-8", errors="replace"))
        return by_json_line(every, self._form.lists, _invalid) if by_lines else by_value(every, self._form.lists)


def _invalid(texts: Sequence[str]) -> list[int]:
    """Places of texts that are no JSON; DuckDB sees it in a fraction of the time that Python takes."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("lines", table(range(len(texts)), texts))
        found = connection.execute("SELECT n FROM lines WHERE NOT json_valid(line) AND trim(line) != ''").fetchall()
    return [int(n) for (n,) in found]


def _lines(path: Path, records: Collection[int]) -> Iterator[tuple[int, bytes]]:
    """The lines of some records, with their numbers: each line that is not blank is a record."""
    wanted, number, record = deque(sorted(records)), 1, 1
    with path.open("rb") as file:
        while wanted and (lines := file.readlines(_BLOCK)):
            blank = any(map(bytes.isspace, lines))
            places = [n for n, line in enumerate(lines) if not line.isspace()] if blank else range(len(lines))
            while wanted and wanted[0] < record + len(places):
                place = places[wanted.popleft() - record]
                yield number + place, lines[place].strip()
            number, record = number + len(lines), record + len(places)


def _batch(lines: Iterable[tuple[int, bytes]]) -> Batch:
    batch = Batch()
    for number, line in lines:
        try:
            batch.add(number, line.decode())
        except UnicodeDecodeError:
            batch.damaged.append(number)
    return batch


def _tables(batch: Batch, plain: str, special: str, mark: tuple[str, ...]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Plain objects for the quick SELECT, and what may hold several (or nothing) for the other."""
    other = [n for n, text in enumerate(batch.texts) if is_special(text, mark)]
    held = frozenset(other)
    rest = [n for n in range(len(batch.texts)) if n not in held] if other else range(len(batch.texts))
    for select, chosen in ((plain, rest), (special, other)):
        if chosen:
            yield select, table([batch.numbers[n] for n in chosen], [batch.texts[n] for n in chosen])
