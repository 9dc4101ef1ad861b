"""Whether the sending level of a stream has moved, and since when.

Sizes are compared by whole weeks (of a stream that sends every N days: by sends), each against the usual size of its
weekdays. The point where they move is the one that leaves the smallest sum of distances to the medians before and after
it, on a logarithmic scale: a single campaign day, or a single week, moves no median. The rules are of this project.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from warmup.traffic.rhythm import LEVEL_WEEKS, Rhythm, window

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOVED = 0.3
"""Change of the level above which the last weeks alone give it."""

LAST_WEEKS, WEEKS_BEFORE = 4, 2
"""Whole weeks that give a level that has moved, and weeks before them that it takes to see a move."""

LAST_SENDS, SENDS_BEFORE = 3, 3
"""The same in sends, for a stream whose days do not follow the week."""

CLEAR = 2.0
"""A move must be so many standard errors of the difference of two medians: the weeks' own scatter moves nothing."""

_OF_MEDIAN = 1.2533  # standard error of a median against that of a mean, and mean distance to standard deviation


@dataclass(frozen=True)
class Move:
    """A level that has moved.

    Attributes:
        since: Index of the first day of the new level.
        recent: Index of the first day of the last four weeks (or of the last three sends), which give the level.
        ratio: New level over old one.
    """

    since: int
    recent: int
    ratio: float


def find_move(first: date, totals: NDArray[np.float64], sends: NDArray[np.intp], rhythm: Rhythm) -> Move | None:
    """Where the level moved, if it did.

    Args:
        first: Day of ``totals[0]``.
        totals: (D,): messages per day; NaN is unknown.
        sends: Indices of the sends that count: recent ones, past peaks left out.
        rhythm: When the stream sends; an irregular one has no level that could be told from chance.
    """
    if rhythm.by_interval:
        return _split(sends, totals[sends], LAST_SENDS, SENDS_BEFORE)
    if rhythm.kind not in ("daily", "weekdays"):
        return None
    return _split(*_weeks(first, totals, sends, rhythm), LAST_WEEKS, WEEKS_BEFORE)


def _weeks(
    first: date, totals: NDArray[np.float64], sends: NDArray[np.intp], rhythm: Rhythm
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """First day and relative size of each whole week, counted back from the end; one without a known send is none."""
    part = window(totals, LEVEL_WEEKS)
    count = (part.stop - part.start) // 7
    start = part.stop - 7 * count
    weekday = (sends + first.weekday()) % 7
    keep = np.isin(weekday, rhythm.weekdays) & (sends >= start)
    sends, weekday = sends[keep], weekday[keep]
    medians = np.array([np.median(totals[sends[weekday == d]]) if (weekday == d).any() else 0.0 for d in range(7)])
    week = (sends - start) // 7
    size = np.bincount(week, weights=totals[sends], minlength=count)
    usual = np.bincount(week, weights=medians[weekday], minlength=count)
    seen = np.flatnonzero(usual > 0)
    return start + 7 * seen, size[seen] / usual[seen]


def _split(starts: NDArray[np.intp], sizes: NDArray[np.float64], last: int, before: int) -> Move | None:
    """The best place to cut a row of sizes in two, if the parts differ clearly."""
    if len(sizes) < last + before:
        return None
    logs = np.log(sizes)
    cuts = range(before, len(sizes) - last + 1)
    cut = min(cuts, key=lambda at: _spread(logs[:at]) + _spread(logs[at:]))
    shift = float(np.median(logs[cut:]) - np.median(logs[:cut]))
    spread = (_spread(logs[:cut]) + _spread(logs[cut:])) / len(logs)
    error = spread * _OF_MEDIAN**2 * float(np.sqrt(1 / cut + 1 / (len(logs) - cut)))
    ratio = float(np.exp(shift))
    if abs(ratio - 1) <= MOVED or abs(shift) < CLEAR * error:
        return None
    return Move(int(starts[cut]), int(starts[-last]), ratio)


def _spread(logs: NDArray[np.float64]) -> float:
    """Sum of the distances to the median."""
    return float(np.abs(logs - np.median(logs)).sum())
