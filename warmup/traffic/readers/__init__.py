"""Readers of sending history: one module per platform export.

To add a platform, add one file to this package with

* ``NAME``: what ``format = "…"`` in a scenario calls it,
* ``sniff(head, path) -> float``: how sure it is, 0 to 1, that a file is its own (``head``: up to 64 KB, decompressed),
* ``read(source, path, context) -> Reading``: the rows, or an :class:`~warmup.errors.InputError` with every problem.

Nothing else needs to change: the registry finds it.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from warmup.errors import InputError, Problem
from warmup.traffic.tables import head_of

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import pandas as pd

    from warmup.scenario import HistorySource
    from warmup.traffic.supply import Note

FRAME_COLUMNS = ("date", "domain", "label", "stream", "tier", "messages")
"""Columns of :attr:`Reading.frame`."""


@dataclass(frozen=True)
class Context:
    """What a reader must know beside its file.

    Attributes:
        zone: The scenario's zone, whose days the plan counts.
        stream: Stream of rows that name none; None: the file must have a stream column.
    """

    zone: ZoneInfo
    stream: str | None = None


@dataclass(frozen=True)
class Reading:
    """What one file says.

    Attributes:
        frame: One row per day, recipient domain, provider label, stream and tier: ``date`` (datetime64), ``domain``,
            ``label``, ``stream``, ``tier`` (categories; empty text where the file says nothing), ``messages`` (Int64;
            NA is unknown, never 0). A reader may return plain text columns; :func:`read` brings them into this form.
        notes: What the reader of the plan must know about the file.
        has_streams: Whether the file itself names streams.
    """

    frame: pd.DataFrame
    notes: tuple[Note, ...] = ()
    has_streams: bool = False


class Reader(Protocol):
    """A module of this package."""

    NAME: str

    def sniff(self, head: bytes, path: Path) -> float:
        """How sure, 0 to 1, that the file is this reader's."""

    def read(self, source: HistorySource, path: Path, context: Context) -> Reading:
        """Read the file; InputError with every problem it has."""


@cache
def readers() -> dict[str, Reader]:
    """All readers by name."""
    modules = (import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    return {module.NAME: cast("Reader", module) for module in modules if hasattr(module, "NAME")}


def read(source: HistorySource, path: Path, context: Context) -> Reading:
    """Read one file with the reader its source names, or the one that recognises it.

    Raises:
        InputError: Nothing reads it, or every problem in it.
    """
    reading = _reader(source, path).read(source, path, context)
    return replace(reading, frame=_uniform(reading.frame))


def _reader(source: HistorySource, path: Path) -> Reader:
    known = readers()
    if source.format != "auto":
        return known[source.format]
    head = head_of(path)
    scores = {name: float(reader.sniff(head, path)) for name, reader in known.items()}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] <= 0:
        fix = f"set format to one of {', '.join(sorted(known))}, or export a CSV"
        raise InputError(Problem(source.path, "is no export that is known", fix))
    return known[best]


def _uniform(frame: pd.DataFrame) -> pd.DataFrame:
    """Types as :attr:`Reading.frame` promises them."""
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
    return out
