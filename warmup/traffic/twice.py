"""What may count messages twice: two kinds of export of one vendor, one platform sending for another, copies of a log.

The first is certain and refused; the others look like it, and are said.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from warmup.errors import Problem
from warmup.traffic.supply import Note
from warmup.traffic.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from warmup.traffic.events.inputs import Input

ALIKE = 0.75
"""Part that the smaller of two volumes must have of the larger to look like the same messages told twice."""


@dataclass(frozen=True, eq=False)
class Told:
    """What one kind of export tells of.

    Attributes:
        reader: Its name; what stands before the first ``-`` is the vendor.
        name: What messages call it.
        days: ``date``, ``stream`` and ``messages`` (sent; NA is unknown) of its rows; other columns do not matter.
    """

    reader: str
    name: str
    days: pd.DataFrame


def counted_twice(parts: Sequence[Told]) -> Iterator[Problem]:
    """Parts of one vendor, by different readers, that tell of the same days and streams."""
    for one, other in combinations(parts, 2):
        if one.reader != other.reader and _vendor(one) == _vendor(other) and (shared := _shared(one, other)).days:
            what = f"and {other.name} tell of the same messages on {counted(shared.days, 'day')}"
            yield Problem(one.name, what, "read one of them: together every message would count twice")


def perhaps_twice(parts: Sequence[Told]) -> Iterator[Note]:
    """Parts of different vendors with about the same volume on the same days, for the same streams.

    Braze sends through SparkPost, and a table of what was sent goes with the events of the platform that sent it. Two
    platforms may also share a stream, so it is no error.
    """
    for one, other in combinations(parts, 2):
        if _vendor(one) == _vendor(other) or not (shared := _shared(one, other)).days:
            continue
        if min(shared.volumes) >= ALIKE * max(shared.volumes) > 0:
            text = (
                f"{one.name} ({shared.volumes[0]:,} messages) and {other.name} ({shared.volumes[1]:,}) tell of the "
                f"same streams on the same {counted(shared.days, 'day')}, and were added up. If one sends for the "
                "other, or is a table of the same messages, every message counts twice: read one of them."
            )
            yield Note("warning", text)


def equal_files(files: Iterable[Input]) -> Iterator[Note]:
    """Files that hold the same bytes, where nothing drops copies: logs of mail servers and tables.

    Only files of the same size are read.
    """
    sizes: dict[int, list[tuple[Path, str]]] = {}
    for item in files:
        if item.path is not None and (size := item.path.stat().st_size):
            sizes.setdefault(size, []).append((item.path, item.name))
    for group in sizes.values():
        first: dict[bytes, str] = {}
        for path, name in group if len(group) > 1 else ():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "blake2b").digest()
            if digest in first:
                text = (
                    f"{name} holds byte for byte what {first[digest]} holds, and both were counted. If one is a copy, "
                    "its messages count twice: leave it out."
                )
                yield Note("warning", text)
            first.setdefault(digest, name)


@dataclass(frozen=True)
class _Shared:
    """Days that two parts both count for the same stream, and what each counts there."""

    days: int
    volumes: tuple[int, int]


def _vendor(part: Told) -> str:
    return part.reader.partition("-")[0]


def _shared(one: Told, other: Told) -> _Shared:
    """Where both count the same stream, or one that one of them does not name."""
    mine, theirs = (
        part.days.dropna(subset=["date"])
        .astype({"stream": "str"})
        .groupby(["date", "stream"], as_index=False)["messages"]
        .sum()
        for part in (one, other)
    )
    both = mine.merge(theirs, on="date", suffixes=("", "_there"))
    both = both[(both["stream"] == both["stream_there"]) | (both["stream"] == "") | (both["stream_there"] == "")]
    here = both.drop_duplicates(["date", "stream"])["messages"].sum()
    there = both.drop_duplicates(["date", "stream_there"])["messages_there"].sum()
    return _Shared(int(both["date"].nunique()), (int(here), int(there)))
