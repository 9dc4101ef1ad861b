"""Readers of what sending platforms export: one module per kind of export.

To add one, add one file to this package with

* ``NAME``: what ``format = "…"`` in a scenario and ``--platform`` call it, also its key in ``capabilities.toml``,
* ``TITLE``: what people call it,
* ``sniff(head) -> float``: how sure it is, 0 to 1, that a file is its own (``head``: up to 64 KB, unpacked),
* ``count(paths, context) -> ExportCounts``: what files of this kind say together, or an
  :class:`~warmup.errors.InputError` with every problem. Paths may be files, folders, patterns or ``-``.

A reader of finished tables may have ``read(source, path, context) -> Reading`` as well, which a plan takes: one file at
a time, with tiers. Nothing else needs to change: the registry finds it.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from warmup.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import pandas as pd

    from warmup.scenario import HistorySource
    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.supply import Note

FRAME_COLUMNS = ("date", "domain", "label", "stream", "tier", "messages")
"""Columns of :attr:`Reading.frame`."""


@dataclass(frozen=True)
class Context:
    """What a reader must know beside its files.

    Attributes:
        zone: The scenario's zone, whose days the plan counts.
        stream: Stream of rows that name none; None: the file must name it.
        file_zone: Zone of times and days that the file gives without an offset; None: the platform's own, or ``zone``.
        provider: Mailbox provider that files are about which name none; None: they must name it.
        columns: Role to column of a table, where the names do not speak for themselves.
    """

    zone: ZoneInfo
    stream: str | None = None
    file_zone: ZoneInfo | None = None
    provider: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What a source says about the history of sending.

    Attributes:
        frame: One row per day, recipient domain, provider label, stream and tier: ``date`` (datetime64), ``domain``,
            ``label``, ``stream``, ``tier`` (categories; empty text where the file says nothing), ``messages`` (Int64;
            NA is unknown, never 0). A reader may return plain text columns; :func:`uniform` brings them into this form.
        notes: What the reader of the plan must know about the file.
        has_streams: Whether the file itself names streams.
    """

    frame: pd.DataFrame
    notes: tuple[Note, ...] = ()
    has_streams: bool = False


class Reader(Protocol):
    """A module of this package."""

    NAME: str
    TITLE: str

    def sniff(self, head: bytes) -> float:
        """How sure, 0 to 1, that the file is this reader's."""

    def count(self, paths: Sequence[str | Path], context: Context) -> ExportCounts:
        """What the files say together; InputError with every problem."""


@runtime_checkable
class TableReader(Reader, Protocol):
    """A reader of finished tables."""

    def read(self, source: HistorySource, path: Path, context: Context) -> Reading:
        """What one file says; InputError with every problem."""


@cache
def readers() -> dict[str, Reader]:
    """All readers by name."""
    modules = (import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    return {module.NAME: cast("Reader", module) for module in modules if hasattr(module, "NAME")}


def named(text: str) -> list[str]:
    """Readers that somebody may mean: by the vendor's name or a part of it, else by a spelling that is close."""
    wanted = text.strip().casefold()
    known = readers()
    found = [name for name in known if len(wanted) > 1 and wanted in f"{name} {known[name].TITLE}".casefold()]
    return sorted(found or get_close_matches(wanted, known, n=3))


def recognise(head: bytes, name: str, among: Iterable[Reader] | None = None) -> Reader:
    """The reader that is surest of a file.

    Args:
        head: Its first bytes, unpacked.
        name: What messages call it.
        among: Readers to ask; default: all.

    Raises:
        InputError: None knows it.
    """
    known = list(among or readers().values())
    scores = {reader.NAME: float(reader.sniff(head)) for reader in known}
    best = max(known, key=lambda reader: scores[reader.NAME])
    if scores[best.NAME] <= 0:
        fix = f"name its platform, one of {', '.join(sorted(scores))}, or export a CSV"
        raise InputError(Problem(name, "is no export that is known", fix))
    return best


def read(source: HistorySource, paths: Sequence[Path], context: Context, reader: Reader | None = None) -> Reading:
    """What files of one kind say about the history of sending.

    Args:
        source: How the scenario names them.
        paths: One file for a :class:`TableReader`; those of any other are counted together.
        context: What the reader must know beside them.
        reader: Default: the one that the source names, or that recognises the first file.

    Raises:
        InputError: Nothing reads them, or every problem in them.
    """
    from warmup.traffic.export_history import as_history

    reader = reader or reader_of(source, paths[0])
    try:
        if isinstance(reader, TableReader):
            return uniform(reader.read(source, paths[0], context))
        return uniform(as_history(reader.count(paths, context), source.path, context, source.max_bad))
    except InputError as error:
        raise InputError(_named(problem, paths, source.path) for problem in error.problems) from None


def reader_of(source: HistorySource, path: Path) -> Reader:
    """The reader that a source names, or that recognises a file of it.

    Raises:
        InputError: None does.
    """
    from warmup.traffic.events.inputs import Input, head_of

    if source.format != "auto":
        return readers()[source.format]
    return recognise(head_of(Input(path, source.path)), source.path)


def _named(problem: Problem, paths: Sequence[Path], name: str) -> Problem:
    """A problem of one file, under the name that the scenario gives it."""
    return replace(problem, where=name) if len(paths) == 1 and problem.where == str(paths[0]) else problem


def uniform(reading: Reading) -> Reading:
    """The same with types as :attr:`Reading.frame` promises them."""
    frame = reading.frame
    wanted = {"date": "datetime64[s]", "messages": "Int64"}
    types = {column: name for column, name in wanted.items() if str(frame[column].dtype) != name}
    out = frame[list(FRAME_COLUMNS)]
    out = out.astype(types) if types else out.copy()
    for column in ("domain", "label", "stream", "tier"):
        texts = out[column]
        if texts.dtype != "category" or (texts.cat.codes.to_numpy() < 0).any():
            texts = out[column] = texts.astype("string").fillna("").astype("category")
        if texts.cat.ordered:
            out[column] = texts.cat.as_unordered()
    return replace(reading, frame=out)
