"""Past weeks and sends as they may come again: without tests and past peaks, on today's level, nothing unknown.

Whole weeks are drawn for all streams together, because what they have in common (a holiday, bad weather, a good offer)
must stay together. So an unknown cell costs only what it hides:

* in a stream's week of which at least half is known, an unknown day and provider gets its usual volume times what the
  known part of that week was of its own usual volume;
* a stream of whose week less than half is known takes the nearest week of its own in which more is; the other streams
  keep theirs;
* a week of which, over all streams, less than half is known is no past week: it is left out.

Where the level of a stream moved (:mod:`warmup.traffic.level`), the weeks before its last four are scaled to the new
level: their ups and downs are kept, their level is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from warmup.traffic.rhythm import LEVEL_WEEKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from warmup.traffic.past import Past, StreamPast

KNOWN_PART = 0.5
"""Part of a week's usual volume that must be known for the week to speak for itself."""


@dataclass(frozen=True, eq=False)
class PastWeeks:
    """Weeks that can be drawn.

    Attributes:
        count: Number of weeks, W.
        of: (W, 7, P) volumes from Monday on, by stream number; only streams drawn by week.
    """

    count: int
    of: Mapping[int, NDArray[np.float64]]


def past_weeks(past: Past, streams: Sequence[int]) -> PastWeeks:
    """The last weeks (13 at most) of which enough is known.

    Args:
        past: The history, dense.
        streams: Numbers of the streams drawn by week.
    """
    first = -past.first.weekday() % 7
    count = max(0, (len(past.volumes) - first) // 7)
    filled, known, usual = {}, np.zeros(count), np.zeros(count)
    for s in streams:
        span = slice(first, first + 7 * count)
        volumes = _as_now(past.of[s], past.first)[span].reshape(count, 7, -1)
        expected = _expected(past.of[s], past.first)[span].reshape(count, 7, -1)
        seen = np.where(np.isnan(volumes), 0.0, expected).sum(axis=(1, 2))
        whole = expected.sum(axis=(1, 2))
        filled[s] = _filled(volumes, expected, seen, whole)
        known, usual = known + seen, usual + whole
    keep = np.flatnonzero(known >= np.maximum(KNOWN_PART * usual, np.finfo(float).tiny))[-LEVEL_WEEKS:]
    return PastWeeks(len(keep), {s: weeks[keep] for s, weeks in filled.items()})


def past_sends(one: StreamPast, first: date) -> NDArray[np.float64]:
    """(J, P): recent sends without past peaks; of one that is not wholly known the total, by the usual shares."""
    sizes = _as_now(one, first)[one.sends]
    unknown = np.isnan(sizes).any(axis=1, keepdims=True)
    totals = (one.totals * _scale(one, first))[one.sends]
    return np.where(unknown, totals[:, None] * one.shares, sizes)


def _filled(
    volumes: NDArray[np.float64], expected: NDArray[np.float64], seen: NDArray[np.float64], whole: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(W, 7, P) weeks of one stream without anything unknown."""
    unknown = np.isnan(volumes)
    sums = np.nansum(volumes, axis=(1, 2))
    # What is known on days without usual volume says nothing about the rest of its week.
    sums -= np.where(expected > 0, 0.0, np.nan_to_num(volumes)).sum(axis=(1, 2))
    own = np.divide(sums, seen, out=np.ones(len(seen)), where=seen > 0)
    out = np.where(unknown, expected * own[:, None, None], volumes)
    good = np.flatnonzero(seen >= KNOWN_PART * whole)
    for week in np.flatnonzero(seen < KNOWN_PART * whole):
        if len(good):
            out[week] = out[good[np.argmin(np.abs(good - week))]]
    return out


def _expected(one: StreamPast, first: date) -> NDArray[np.float64]:
    """(D, P): usual volumes of the past days."""
    weekday = (np.arange(len(one.totals)) + first.weekday()) % 7
    sends = np.ones(7, dtype=bool)
    if one.rhythm.kind in ("daily", "weekdays"):
        sends = np.isin(np.arange(7), one.rhythm.weekdays)
    return np.asarray(np.where(sends, one.levels, 0.0)[weekday][:, None] * one.shares)


def _as_now(one: StreamPast, first: date) -> NDArray[np.float64]:
    """(D, P): volumes without tests, past peaks at the usual volume of their weekday, all on today's level."""
    out = one.volumes * _scale(one, first)[:, None]
    out[one.tests] = 0.0
    weekday = (np.arange(len(out)) + first.weekday()) % 7
    out[one.peaks] = one.levels[weekday[one.peaks]][:, None] * one.shares
    return out


def _scale(one: StreamPast, first: date) -> NDArray[np.float64]:
    """(D,): what a day's volume is multiplied with to be on today's level."""
    scale = np.ones(len(one.totals))
    if one.move is None:
        return scale
    for start, end in ((0, one.move.since), (one.move.since, one.move.recent)):
        mine = one.sends[(one.sends >= start) & (one.sends < end)]
        if len(mine):
            scale[start:end] = one.levels[(mine + first.weekday()) % 7].sum() / one.totals[mine].sum()
    return scale
