"""The part of a forecast that looks back: history as dense arrays, and what is usual in it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from warmup.traffic.level import Move, find_move
from warmup.traffic.oddities import is_peak, is_test, recent_sends
from warmup.traffic.rhythm import LEVEL_WEEKS, Rhythm, is_stale, recognise
from warmup.traffic.turnover import Turnover, find_turnover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from warmup.traffic.history import History

KNOWN_SHARE = 0.5
"""A day's total is estimated from its known providers if they usually are this share of the stream."""


@dataclass(frozen=True, eq=False)
class StreamPast:
    """What is usual for one stream.

    Attributes:
        rhythm: When it sends.
        totals: (D,): messages per day, tests as 0; NaN is unknown.
        tests: (D,): test sends.
        peaks: (D,): past peaks, left out of all means.
        levels: (7,): messages to expect on a send day of each weekday; for an irregular stream on any such weekday.
        usual: Messages of a usual send day.
        shares: (P,): providers' parts of the volume; sums to 1, or to 0 for a stream that never sent.
        volumes: (D, P): messages as they stand for the future (see :meth:`Turnover.usable`); NaN is unknown.
        sends: (J,): indices of recent sends without past peaks.
        move: How the level moved, if it did; levels, shares and ``usual`` then rest on its last weeks.
        turnover: Providers that came or went; those that went have no part in the future.
        dark: (P,): providers whose volume is unknown on every day; they count as 0, and a note says so.
        stale: Whether it stopped some time before the history's end.
    """

    rhythm: Rhythm
    totals: NDArray[np.float64]
    tests: NDArray[np.bool_]
    peaks: NDArray[np.bool_]
    levels: NDArray[np.float64]
    usual: float
    shares: NDArray[np.float64]
    volumes: NDArray[np.float64]
    sends: NDArray[np.intp]
    move: Move | None
    turnover: Turnover
    dark: NDArray[np.bool_]
    stale: bool

    def expected(self, days: Sequence[date]) -> NDArray[np.float64]:
        """(T,): messages expected on some days, the customer's calendar left aside."""
        weekday = np.array([day.weekday() for day in days], dtype=np.intp)
        return np.where(self.rhythm.send_days(days), self.levels[weekday], 0.0)


@dataclass(frozen=True, eq=False)
class Past:
    """The history up to a day, dense.

    Attributes:
        first: Day of index 0.
        streams, providers: Axes S and P.
        volumes: (D, S, P): messages; NaN is unknown: empty in the file, in a gap, or outside the stream's coverage.
        of: What is usual, per stream.
    """

    first: date
    streams: tuple[str, ...]
    providers: tuple[str, ...]
    volumes: NDArray[np.float64]
    of: tuple[StreamPast, ...]

    @property
    def last(self) -> date:
        """Last day."""
        return self.first + timedelta(len(self.volumes) - 1)

    @property
    def usual(self) -> NDArray[np.float64]:
        """(S,): messages of a usual send day."""
        return np.array([one.usual for one in self.of])

    @property
    def shares(self) -> NDArray[np.float64]:
        """(S, P): providers' parts of each stream."""
        return np.stack([one.shares for one in self.of])

    def expected(self, days: Sequence[date]) -> NDArray[np.float64]:
        """(T, S): messages expected on some days, the customer's calendar left aside."""
        return np.stack([one.expected(days) for one in self.of], axis=1)


def look_back(history: History, before: date) -> Past:
    """Make a history dense and recognise what is usual in it.

    Args:
        history: The history.
        before: Its days from here on are not looked at (the migration has begun, or the day is not over).
    """
    volumes = _dense(history, before)
    looks = [_look(history.first, volumes[:, s], _darkened(volumes[:, s])) for s in range(len(history.streams))]
    recent = np.nansum(volumes[-7 * LEVEL_WEEKS :], axis=(0, 1)) > 0
    used = recent | np.any([(one.shares > 0) | one.dark | _stopped(one) for one in looks], axis=0)
    return Past(
        first=history.first,
        streams=history.streams,
        providers=tuple(name for name, keep in zip(history.providers, used, strict=True) if keep),
        volumes=volumes[:, :, used],
        of=tuple(_narrowed(one, used) for one in looks),
    )


def _stopped(one: StreamPast) -> NDArray[np.bool_]:
    """(P,): providers that the stream stopped sending to: they are named in a note, so they stay on the axis."""
    return np.isin(np.arange(len(one.shares)), list(one.turnover.stopped))


def _narrowed(one: StreamPast, used: NDArray[np.bool_]) -> StreamPast:
    """The same on an axis of only the providers that are used."""
    position = np.cumsum(used) - 1
    turned = one.turnover
    turnover = Turnover(
        {int(position[p]): day for p, day in turned.stopped.items()},
        {int(position[p]): day for p, day in turned.appeared.items()},
        {int(position[p]): mean for p, mean in turned.usual.items()},
    )
    shares, volumes, dark = one.shares[used], one.volumes[:, used], one.dark[used]
    return replace(one, shares=shares, volumes=volumes, dark=dark, turnover=turnover)


def _dense(history: History, before: date) -> NDArray[np.float64]:
    """(D, S, P) from the tidy frame: 0 where a covered day has no row, NaN where nothing is known."""
    import pandas as pd

    last = min(history.last, before - timedelta(1))
    days = max(0, (last - history.first).days + 1)
    volumes = np.full((days, len(history.streams), len(history.providers)), np.nan)
    for s, stream in enumerate(history.streams):
        start, end = ((day - history.first).days for day in history.coverage[stream])
        volumes[start : end + 1, s] = 0.0
        gaps = [(day - history.first).days for day in history.gaps.get(stream, ()) if day <= last]
        volumes[gaps, s] = np.nan
    rows = history.frame[history.frame["date"] <= pd.Timestamp(last)]
    at = (
        (rows["date"] - pd.Timestamp(history.first)).dt.days.to_numpy(),
        pd.Index(history.streams).get_indexer(pd.Index(rows["stream"])),
        pd.Index(history.providers).get_indexer(pd.Index(rows["provider"])),
    )
    # The tiers of a day are added up; one unknown part makes the sum unknown, which NaN does by itself.
    np.add.at(volumes, at, rows["messages"].to_numpy(dtype=np.float64, na_value=np.nan))
    return volumes


def _darkened(volumes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Set providers that are never known to 0 in (D, P), on the days on which others are; returns which they are."""
    unknown = np.isnan(volumes)
    dark = np.asarray(unknown.all(axis=0))
    if not dark.all():
        volumes[np.ix_(~unknown.all(axis=1), dark)] = 0.0
    return dark


def _look(first: date, volumes: NDArray[np.float64], dark: NDArray[np.bool_]) -> StreamPast:
    """What is usual for the (D, P) volumes of one stream."""
    totals, tests = _without_tests(volumes)
    turnover = find_turnover(volumes, recent_sends(totals))
    if turnover:
        volumes = turnover.usable(volumes)
        totals, tests = _without_tests(volumes)
    peaks = is_peak(first, totals)
    rhythm = recognise(first, totals)
    sends = recent_sends(totals)
    sends = sends[~peaks[sends]]
    move = find_move(first, totals, sends, rhythm)
    fresh = sends if move is None else sends[sends >= move.recent]
    shares = _shares(volumes[fresh])
    levels, usual = _levels(first, totals, peaks, rhythm, fresh)
    return StreamPast(
        rhythm=rhythm,
        totals=totals,
        tests=tests,
        peaks=peaks,
        levels=levels,
        usual=usual,
        shares=shares,
        volumes=volumes,
        sends=sends,
        move=move,
        turnover=turnover,
        dark=dark,
        stale=is_stale(totals),
    )


def _without_tests(volumes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(D,) messages per day with tests as 0, and which days are tests."""
    totals = _totals(volumes)
    tests = is_test(totals)
    return np.where(tests, 0.0, totals), tests


def _totals(volumes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(D,): messages per day; with some providers unknown, from the known ones if they usually are most of it."""
    known = ~np.isnan(volumes)
    sums = np.asarray(np.nansum(volumes, axis=1), dtype=np.float64)
    share = (known * _shares(volumes[sums > 0])).sum(axis=1)
    guess = np.divide(sums, share, out=np.full(len(sums), np.nan), where=(share >= KNOWN_SHARE) & (sums > 0))
    return np.where(known.all(axis=1), sums, guess)


def _shares(sends: NDArray[np.float64]) -> NDArray[np.float64]:
    """(P,): providers' parts of (N, P) sends, by their means over the days on which each is known."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # a provider that is never known has no mean: part 0, and a note
        means = np.nan_to_num(np.nanmean(sends, axis=0)) if len(sends) else np.zeros(sends.shape[1])
    total = means.sum()
    return np.asarray(means / total if total > 0 else means, dtype=np.float64)


def _levels(
    first: date,
    totals: NDArray[np.float64],
    peaks: NDArray[np.bool_],
    rhythm: Rhythm,
    sends: NDArray[np.intp],
) -> tuple[NDArray[np.float64], float]:
    """(7,) messages by weekday, and of a usual send day."""
    usual = float(totals[sends].mean()) if len(sends) else 0.0
    if rhythm.by_interval or rhythm.kind == "none":
        return np.full(7, usual), usual
    days, empty = sends, usual
    if rhythm.kind == "irregular":
        # Days without a send count: what comes now and then is spread over the days on which it may come.
        days = np.arange(max(0, len(totals) - 7 * LEVEL_WEEKS), len(totals))
        days, empty = days[~np.isnan(totals[days]) & ~peaks[days]], 0.0
    weekday = (days + first.weekday()) % 7
    count = np.bincount(weekday, minlength=7)
    sums = np.bincount(weekday, weights=totals[days], minlength=7)
    levels = np.divide(sums, count, out=np.full(7, empty), where=count > 0)
    if rhythm.weekdays:
        usual = float(levels[list(rhythm.weekdays)].mean())
    return levels, usual
