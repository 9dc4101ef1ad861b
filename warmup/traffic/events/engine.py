"""Exports of events → counts: :func:`count_events`.

Two ways lead through a file (:mod:`~warmup.traffic.events.ways`). DuckDB reads a clean one itself, on all cores. Where
anything fails, what failed is read again with care if it can be told from the rest, else the whole file: what is
damaged is counted with its lines and all else kept.
Packed (gzip) files and standard input go this way at once, because only there their size is watched.
"""

from __future__ import annotations

import math
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem, UndeterminedError
from warmup.traffic.events.format import DAMAGED, Settled
from warmup.traffic.events.inputs import Input, expand, head_of, packing_of
from warmup.traffic.events.sql import normal, staged
from warmup.traffic.events.store import Store
from warmup.traffic.events.tally import tally
from warmup.traffic.events.ways import Portion, Way, way
from warmup.traffic.export_counts import Damage, ExportCounts
from warmup.traffic.twice import equal_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import duckdb

    from warmup.traffic.events.format import EventFormat

_WORKERS = 2

SMALL = 1024 * 1024 * 1024
"""Bytes of files whose events are kept in memory, which takes a sixth less time."""

_RATIO = 30
"""How many times its size a packed export unpacks to."""


def count_events(
    paths: Iterable[str | Path],
    choose: Callable[[bytes], EventFormat] | EventFormat,
    zone: ZoneInfo,
    file_zone: ZoneInfo | None = None,
) -> ExportCounts:
    """Count the events of exports of one platform.

    Args:
        paths: Files, folders, patterns, or ``-`` for standard input; an event that stands in several counts once.
        choose: The format, or what tells it from the first bytes of a file, where a platform has several.
        zone: Days are counted in it.
        file_zone: Times without an offset are read in it; default: ``zone``.

    Returns:
        The counts, with the damage. Nothing is raised for damaged records: how much is too much, the caller says.

    Raises:
        InputError: Paths that name nothing, files that unpack to far more than any export, files that hold no events.
    """
    return count_inputs(paths, lambda _, head: choose(head) if callable(choose) else choose, zone, file_zone)


def count_inputs(
    paths: Iterable[str | Path],
    choose: Callable[[Input, bytes], EventFormat],
    zone: ZoneInfo,
    file_zone: ZoneInfo | None = None,
) -> ExportCounts:
    """The same as :func:`count_events`, where the name of a file may matter too: ``choose`` is asked with the file."""
    import duckdb

    try:
        return _count(paths, choose, zone, file_zone)
    except duckdb.Error as error:
        # Not in its words: they may quote a line of the file.
        what = f"The events could not be counted ({type(error).__name__}): is there too little memory or disk?"
        raise UndeterminedError(what) from None


def _count(
    paths: Iterable[str | Path],
    choose: Callable[[Input, bytes], EventFormat],
    zone: ZoneInfo,
    file_zone: ZoneInfo | None,
) -> ExportCounts:
    import duckdb

    items = expand(paths)
    if sum(map(_size, items)) < SMALL:
        with suppress(duckdb.OutOfMemoryException):  # they are more than it seemed
            return _counted(items, choose, zone, Store(file_zone or zone, in_memory=True))
    return _counted(items, choose, zone, Store(file_zone or zone))


def _counted(
    items: Sequence[Input], choose: Callable[[Input, bytes], EventFormat], zone: ZoneInfo, empty: Store
) -> ExportCounts:
    damage = Damage()
    with empty as store:
        files = _files(items, choose)
        form = files[-1].form
        for file in files:
            _Reading(store, file.form, zone, damage).read(file)
        store.allow_spilling()
        events = store.records(form)
        settled = _settle(store, files, zone)
        copies, unused = store.summarise(form)
        counts, notes = tally(store, form, settled)
    twice = () if form.unique_ids else equal_files(file.item for file in files)
    return ExportCounts(counts, events, copies, unused, damage, (*settled.notes, *notes, *twice))


@dataclass(frozen=True)
class _File:
    """A file, its format and the ways through it."""

    item: Input
    form: EventFormat
    way: Way


def _files(items: Iterable[Input], choose: Callable[[Input, bytes], EventFormat]) -> list[_File]:
    """All files, looked at before any is read.

    Raises:
        InputError: Every problem of their beginnings.
    """
    files: list[_File] = []
    problems: list[Problem] = []
    for item in items:
        try:
            head = head_of(item)
            form = choose(item, head)
            files.append(_File(item, form, way(item, head, form)))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return files


def _size(item: Input) -> float:
    """About how many bytes a file unpacks to."""
    if item.path is None:
        return math.inf
    return item.path.stat().st_size * (1 if packing_of(item) == "none" else _RATIO)


def _settle(store: Store, files: Sequence[_File], zone: ZoneInfo) -> Settled:
    """Make events of records that had to wait for all others."""
    form = files[-1].form
    if form.staging is None:
        return Settled("")
    settled = form.staging.settle(store, frozenset(file.form.part for file in files), _latest(files))
    events = replace(form, ping="false")  # what is kept is none
    for records in store.groups(form.staging.together):
        select = normal(events, records, store.secret, zone, settled.rows)
        store.connection.execute(f"INSERT INTO events {select}")
    return settled


def _latest(files: Sequence[_File]) -> datetime:
    """When the last of the files was written: nothing in them is later."""
    now = datetime.now(UTC)
    times = [
        now if file.item.path is None else datetime.fromtimestamp(file.item.path.stat().st_mtime, UTC) for file in files
    ]
    return min(now, max(times))


class _Reading:
    """Brings one file into the store."""

    def __init__(self, store: Store, form: EventFormat, zone: ZoneInfo, damage: Damage) -> None:
        self._store, self._form, self._zone, self._damage = store, form, zone, damage
        self._table = "staged" if form.staging else "events"
        store.stage(form)
        self._new, self._stored = "true", 0

    def read(self, file: _File) -> None:
        """Quickly, or else with care."""
        if not self._quickly(file):
            self._carefully(file)

    def _quickly(self, file: _File) -> bool:
        """By DuckDB itself; False: something in the file is wrong, and nothing of it was kept."""
        import duckdb

        records = file.way.quick()
        if records is None:
            return False
        connection = self._store.connection
        self._new = f"rowid >= {self._store.count('true', self._table)}"  # so that many files do not make each slow
        connection.execute("BEGIN")
        try:
            self._stored = self._store.number(self._insert(records, every=True))
            if not self._form.staging:  # those ask of each record
                self._store.spoil_strange_domains(self._new)
            bad = self._store.count(f"kind = {DAMAGED} AND {self._new}", self._table)
            broken = file.way.broken(bad, self._find_damaged) if bad else None
            good = not bad or broken is not None
        except duckdb.InterruptException:
            raise  # the person, not the file
        except duckdb.OutOfMemoryException:
            if self._store.in_memory:
                raise
            good, broken = False, None
        except duckdb.Error:
            good, broken = False, None
        if good:
            self._store.drop_pings(self._new, self._table)
        connection.execute("COMMIT" if good else "ROLLBACK")
        if broken:
            self._replace_broken(file, broken)
        return good

    def _find_damaged(self, numbered: str) -> list[int]:
        """Which of the records that were just stored are damaged: 1 is the first of the file."""
        if self._form.several or self._form.staging:
            kept = f"SELECT DISTINCT key AS n FROM ({self._kept(numbered)}) WHERE kind = {DAMAGED}"
        else:  # rows are in the order of the records
            before = self._store.number(f"SELECT max(rowid) FROM {self._table} WHERE {self._new}") - self._stored
            kept = f"SELECT rowid - {before} AS n FROM {self._table} WHERE kind = {DAMAGED} AND {self._new}"
        return [int(n) for (n,) in self._store.connection.execute(kept).fetchall()]

    def _replace_broken(self, file: _File, broken: Portion) -> None:
        """What the quick way could not read, read with care: now the lines are known."""
        self._store.connection.execute(f"DELETE FROM {self._table} WHERE kind = {DAMAGED}")
        self._damage.add(file.item.name, broken.damaged)
        self._store_portion(self._store.connection, broken)
        self._damage.add(file.item.name, self._store.take_damaged(self._table))

    def _insert(self, records: str, *, every: bool = False) -> str:
        """SQL that stores records."""
        return f"INSERT INTO {self._table} {self._kept(records, every=every)}"

    def _kept(self, records: str, *, every: bool = False) -> str:
        """SQL for what is stored of records; ``every``: see :func:`~warmup.traffic.events.sql.normal`."""
        if self._form.staging:
            return f"SELECT *, '{self._form.part}' FROM ({staged(self._form, records, self._store.secret)})"
        return normal(self._form, records, self._store.secret, self._zone, every=every)

    def _carefully(self, file: _File) -> None:
        """Some records at a time, on two threads."""
        waiting: deque[Future[None]] = deque()
        with ThreadPoolExecutor(_WORKERS) as workers:
            cursors = [self._store.connection.cursor() for _ in range(_WORKERS)]
            for n, portion in enumerate(file.way.portions()):
                self._damage.add(file.item.name, portion.damaged)
                if len(waiting) >= _WORKERS:
                    waiting.popleft().result()
                waiting.append(workers.submit(self._store_portion, cursors[n % _WORKERS], portion))
            for future in waiting:
                future.result()
            for cursor in cursors:
                cursor.close()
        self._damage.cut += file.way.cut
        self._damage.add(file.item.name, self._store.take_damaged(self._table))

    def _store_portion(self, cursor: duckdb.DuckDBPyConnection, portion: Portion) -> None:
        for records, table in portion.tables():
            cursor.register("lines", table)
            cursor.execute(self._insert(records))
            cursor.unregister("lines")
