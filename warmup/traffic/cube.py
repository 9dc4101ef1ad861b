"""History as dense arrays, and what is usual in it: the part of a forecast that looks back."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from warmup.traffic.rhythm import LEVEL_WEEKS, Rhythm, is_peak, is_stale, is_test, recognise, window
from warmup.traffic.supply import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from warmup.traffic.history import History

KNOWN_SHARE = 0.5
"""A day's total is estimated from its known providers if they usually are this share of the stream."""


@dataclass(frozen=True, eq=False)
class StreamPast:
    """What is usual for one stream.

    Attributes:
        rhythm: When it sends.
        totals: (D,): messages per day, tests as 0; NaN unknown.
        peaks: (D,): past peaks, left out of all means.
        levels: (7,): volume to expect on each weekday (by the rhythm's days; an irregular stream: the mean over all days).
        usual: Volume of a usual send day.
        shares: (P,): providers' parts of the volume; sums to 1, or to 0 for a stream that never sent.
        sizes: (J, P): recent sends, past peaks left out, for drawing.
        stale: Whether it stopped some time before the history's end.
    """

    rhythm: Rhythm
    totals: NDArray[np.float64]
    peaks: NDArray[np.bool_]
    levels: NDArray[np.float64]
    usual: float
    shares: NDArray[np.float64]
    sizes: NDArray[np.float64]
    stale: bool

    def expected(self, days: list[date]) -> NDArray[np.float64]:
        """Messages expected on later days, the customer's calendar left aside."""
        weekday = np.array([day.weekday() for day in days], dtype=np.intp)
        return np.where(self.rhythm.send_days(days), self.levels[weekday], 0.0)


@dataclass(frozen=True, eq=False)
class Past:
    """The history up to a day, dense.

    Attributes:
        first: Day of index 0.
        streams, providers: Axes S and P.
        volumes: (D, S, P): messages; NaN is unknown, in a gap or outside the stream's coverage.
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


def look_back(history: History, before: date) -> Past:
    """Make a history dense and recognise what is usual in it.

    Args:
        history: The history.
        before: Its days from here on are not looked at (the migration has begun, or the day is not over).
    """
    volumes = _dense(history, before)
    providers = history.providers
    recent = np.nansum(volumes[-7 * LEVEL_WEEKS :], axis=(0, 1)) > 0
    pasts = [_look(history.first, volumes[:, s]) for s in range(len(history.streams))]
    used = recent | np.any([past.shares > 0 for past in pasts], axis=0)
    return Past(
        first=history.first,
        streams=history.streams,
        providers=tuple(name for name, keep in zip(providers, used, strict=True) if keep),
        volumes=volumes[:, :, used],
        of=tuple(_narrow(past, used) for past in pasts),
    )


def _narrow(past: StreamPast, used: NDArray[np.bool_]) -> StreamPast:
    from dataclasses import replace

    return replace(past, shares=past.shares[used], sizes=past.sizes[:, used])


def _dense(history: History, before: date) -> NDArray[np.float64]:
    """(D, S, P) from the tidy frame: 0 where a covered day has no row, NaN where nothing is known."""
    import pandas as pd

    last = min(history.last, before - timedelta(1))
    days = max(0, (last - history.first).days + 1)
    volumes = np.full((days, len(history.streams), len(history.providers)), np.nan)
    for s, stream in enumerate(history.streams):
        start, end = ((day - history.first).days for day in history.coverage[stream])
        volumes[start : end + 1, s] = 0.0
        for day in history.gaps.get(stream, ()):
            if day <= last:
                volumes[(day - history.first).days, s] = np.nan
    rows = history.frame[history.frame["date"] <= pd.Timestamp(last)]
    # The tiers of a day are added up; one unknown part makes the sum unknown, which NaN does by itself.
    at = (
        (rows["date"] - pd.Timestamp(history.first)).dt.days.to_numpy(),
        pd.Index(history.streams).get_indexer(rows["stream"]),
        pd.Index(history.providers).get_indexer(rows["provider"]),
    )
    np.add.at(volumes, at, rows["messages"].to_numpy(dtype=np.float64, na_value=np.nan))
    return volumes


def _look(first: date, volumes: NDArray[np.float64]) -> StreamPast:
    """What is usual for the (D, P) volumes of one stream."""
    totals = _totals(volumes)
    totals = np.where(is_test(totals), 0.0, totals)
    peaks = np.zeros(len(totals), dtype=bool)
    part = window(totals, LEVEL_WEEKS)
    peaks[part] = is_peak(first + timedelta(part.start), totals[part])
    rhythm = recognise(first, totals)
    sends = _recent_sends(totals, peaks, rhythm)
    shares = _shares(volumes[sends])
    sizes = np.nan_to_num(totals[sends])[:, None] * shares
    exact = ~np.isnan(volumes[sends]).any(axis=1)
    sizes[exact] = volumes[sends][exact]
    usual = float(totals[sends].mean()) if len(sends) else 0.0
    levels = _levels(first, totals, peaks, rhythm, sends, usual)
    if rhythm.kind in ("daily", "weekdays"):
        usual = float(levels[list(rhythm.weekdays)].mean())
    return StreamPast(rhythm, totals, peaks, levels, usual, shares, sizes, is_stale(totals))


def _totals(volumes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Messages per day; with some providers unknown, from the known ones if they usually are most of the stream."""
    known = ~np.isnan(volumes)
    sums = np.nansum(volumes, axis=1)
    if known.all():
        return sums
    weight = _shares(volumes[sums > 0])
    share = (known * weight).sum(axis=1)
    guess = np.divide(sums, share, out=np.full(len(sums), np.nan), where=(share >= KNOWN_SHARE) & (sums > 0))
    return np.where(known.all(axis=1), sums, guess)


def _shares(sends: NDArray[np.float64]) -> NDArray[np.float64]:
    """Providers' parts of (N, P) sends: means over the days on which each is known."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # a provider unknown on every day has no mean: part 0, and a note
        means = np.nan_to_num(np.nanmean(sends, axis=0)) if len(sends) else np.zeros(sends.shape[1])
    total = means.sum()
    return np.asarray(means / total if total > 0 else means, dtype=np.float64)


def _recent_sends(totals: NDArray[np.float64], peaks: NDArray[np.bool_], rhythm: Rhythm) -> NDArray[np.intp]:
    """Days of the sends that stand for the future: the last 13 weeks', or the last six of a slow rhythm."""
    part = window(totals, LEVEL_WEEKS)
    sends = np.flatnonzero((np.nan_to_num(totals) > 0) & ~peaks)
    recent = sends[(sends >= part.start) & (sends < part.stop)]
    return recent if len(recent) >= 3 or rhythm.kind not in ("every", "monthly") else sends[-6:]


def _levels(
    first: date,
    totals: NDArray[np.float64],
    peaks: NDArray[np.bool_],
    rhythm: Rhythm,
    sends: NDArray[np.intp],
    usual: float,
) -> NDArray[np.float64]:
    """(7,): the mean recent send of each weekday; where sending is irregular, the mean of all such days."""
    if rhythm.kind not in ("daily", "weekdays", "irregular"):
        return np.full(7, usual)
    part = window(totals, LEVEL_WEEKS)
    if rhythm.kind == "irregular":
        days = np.arange(part.start, len(totals) if part.stop else 0)
        days = days[~np.isnan(totals[days]) & ~peaks[days]]
    else:
        days = sends
    weekday = (days + first.weekday()) % 7
    count = np.bincount(weekday, minlength=7)
    sums = np.bincount(weekday, weights=totals[days], minlength=7)
    empty = 0.0 if rhythm.kind == "irregular" else usual
    return np.divide(sums, count, out=np.full(7, empty), where=count > 0)


def past_notes(past: Past, history: History) -> Iterator[Note]:
    """What was recognised and what it rests on, stream by stream."""
    for stream, one in zip(past.streams, past.of, strict=True):
        yield from _rhythm_notes(stream, one)
        if one.peaks.any():
            days = [past.first + timedelta(int(n)) for n in np.flatnonzero(one.peaks)]
            shown = ", ".join(str(day) for day in days[:5]) + (f" and {len(days) - 5} more" if len(days) > 5 else "")
            text = f"“{stream}”: past peaks left out of the usual volume (over 3 times the median of their weekday): {shown}."
            yield Note("info", text)
        never = [
            p for p, name in enumerate(past.providers) if np.isnan(past.volumes[:, past.streams.index(stream), p]).all()
        ]
        for p in never:
            text = f"“{stream}”: the volume to {past.providers[p]} is unknown on every day; it is not planned."
            yield Note("warning", text)


def _rhythm_notes(stream: str, one: StreamPast) -> Iterator[Note]:
    rhythm = one.rhythm
    if rhythm.kind == "none":
        yield Note("warning", f"“{stream}” sent nothing in the history; nothing is planned for it.")
        return
    if rhythm.kind == "irregular":
        text = f"“{stream}” has no rhythm ({rhythm.sentence}): every weekday is planned with its mean, which real sends will exceed."
        yield Note("warning", text)
    elif not rhythm.sure:
        yield Note("warning", f"“{stream}”: “{rhythm.sentence}” rests on fewer than three sends.")
    if one.stale:
        text = f"“{stream}” has not sent since {rhythm.last_send}; it is planned as if it resumed ({rhythm.sentence})."
        yield Note("warning", text)
    part = window(one.totals, LEVEL_WEEKS)
    volume = np.nansum(np.where(one.peaks, 0.0, one.totals)[part])
    if rhythm.kind == "weekdays" and volume > 0:
        off = _off_rhythm(one, part)
        if off / volume > 0.05:
            text = f"“{stream}”: {off / volume:.0%} of its volume went out on other days than {rhythm.sentence}; those sends are not planned."
            yield Note("warning", text)


def _off_rhythm(one: StreamPast, part: slice) -> float:
    """Volume of the window on weekdays that do not belong to the rhythm."""
    if one.rhythm.last_send is None:
        return 0.0
    last = int(np.flatnonzero(np.nan_to_num(one.totals) > 0)[-1])
    index = np.arange(part.start, part.stop)
    weekday = (index - last + one.rhythm.last_send.weekday()) % 7
    return float(np.nansum(np.where(one.peaks, 0.0, one.totals)[part][~np.isin(weekday, one.rhythm.weekdays)]))
