"""Other futures from the same past: whole weeks drawn with replacement (design 4.12).

What a week holds comes from :mod:`warmup.traffic.weeks`. Rounding does not depend on which future a week lands in, so
every past week is rounded once for every future day; a future is then only a choice of rows. That is what makes
hundreds of futures as cheap as a few.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from warmup.traffic.rhythm import LEVEL_WEEKS, sends_of
from warmup.traffic.supply import Supply, largest_remainder
from warmup.traffic.weeks import past_sends, past_weeks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from warmup.traffic.customer_days import CustomerDays
    from warmup.traffic.past import Past, StreamPast

MIN_WEEKS = 8
"""Complete weeks below which no range is given (design 4.12)."""


@dataclass(frozen=True, eq=False)
class Draws:
    """What futures are drawn from.

    Attributes:
        weeks: Past weeks, W, of which at least half is known.
        whole: Per stream: rounded (W, T, P, K) volumes of every past week on every future day; None for a stream that
            is not drawn by week.
        single: Per stream: rounded (J, T, P, K) volumes of every past send on every future day, for streams whose days
            are fixed and whose sizes are drawn; None for others.
        week_of: (T,): number of the future calendar week of each day.
    """

    weeks: int
    whole: tuple[NDArray[np.int64] | None, ...]
    single: tuple[NDArray[np.int64] | None, ...]
    week_of: NDArray[np.intp]


def prepare(past: Past, axis: Sequence[date], effects: CustomerDays, shares: NDArray[np.float64]) -> Draws:
    """Round every past week, and every past send, for every future day.

    Args:
        past: The history, dense.
        axis: The future days (T).
        effects: The customer's calendar on them.
        shares: (S, P, K) tier shares.
    """
    by_week = [_by_week(past, s) for s in range(len(past.streams))]
    weeks = past_weeks(past, [s for s, yes in enumerate(by_week) if yes])
    whole: list[NDArray[np.int64] | None] = []
    single: list[NDArray[np.int64] | None] = []
    for s, one in enumerate(past.of):
        part = _Part(one, s, list(axis), effects, shares[s])
        enough = weeks.count >= MIN_WEEKS
        whole.append(_weeks(part, weeks.of[s]) if enough and by_week[s] else None)
        single.append(_sends(part, past.first) if enough and not by_week[s] else None)
    week = np.array([(day.toordinal() - 1) // 7 for day in axis], dtype=np.intp)  # ordinal 1 was a Monday
    return Draws(weeks.count, tuple(whole), tuple(single), week - week[0])


def draw(draws: Draws, expected: Supply, n: int, seed: int) -> Supply | None:
    """``n`` futures; None below :data:`MIN_WEEKS` weeks."""
    if draws.weeks < MIN_WEEKS:
        return None
    rng = np.random.default_rng(seed)
    days = np.arange(expected.days)
    weeks = rng.integers(0, draws.weeks, size=(n, int(draws.week_of.max()) + 1))[:, draws.week_of]
    messages = np.empty((n, *expected.messages.shape[1:]), dtype=np.int64)
    for s, (whole, single) in enumerate(zip(draws.whole, draws.single, strict=True)):
        if whole is not None:
            messages[:, :, s] = whole[weeks, days]
        elif single is not None:
            messages[:, :, s] = single[rng.integers(0, len(single), size=(n, expected.days)), days]
        else:
            messages[:, :, s] = expected.messages[0, :, s]
    return replace(expected, messages=messages)


def _by_week(past: Past, s: int) -> bool:
    """Whether a stream is drawn by whole weeks: its days follow the week, and it spans the recent weeks."""
    one = past.of[s]
    if one.rhythm.by_interval or one.rhythm.kind == "none":
        return False
    known, sends = np.flatnonzero(~np.isnan(one.totals)), sends_of(one.totals)
    recent = max(0, len(one.totals) - 7 * LEVEL_WEEKS)
    # Weeks before a new stream's first send, or after an ended one's last day, would be drawn as weeks without it.
    began = int(sends[0]) - 7 <= max(recent, int(known[0]))
    goes_on = not one.stale and int(known[-1]) >= len(one.totals) - 14
    return one.rhythm.kind == "irregular" or (began and goes_on)


@dataclass(frozen=True, eq=False)
class _Part:
    """One stream's share of the work."""

    one: StreamPast
    s: int
    axis: list[date]
    effects: CustomerDays
    tiers: NDArray[np.float64]

    def rounded(self, volumes: NDArray[np.float64], usual: NDArray[np.float64]) -> NDArray[np.int64]:
        """(N, T, P) volumes after the calendar, rounded to (N, T, P, K).

        Args:
            volumes: Messages by provider.
            usual: (N,): messages of a usual send day, which a peak multiplies.
        """
        s, effects = self.s, self.effects
        peak = np.fmax(effects.peak_factor[:, s] * usual[:, None], effects.peak_messages[:, s])
        peaks = np.where(effects.silent, 0.0, peak)[..., None] * self.one.shares
        values = np.where(np.isnan(peak)[..., None], volumes * effects.factor[:, s, None], peaks)
        flat = (values[..., None] * self.tiers).reshape(*values.shape[:2], -1)
        return largest_remainder(flat).reshape(*values.shape, -1)


def _weeks(part: _Part, weeks: NDArray[np.float64]) -> NDArray[np.int64]:
    """(W, T, P, K): every one of (W, 7, P) past weeks on every future day."""
    totals = weeks.sum(axis=2)
    sends = (totals > 0).sum(axis=1)
    usual = np.divide(totals.sum(axis=1), sends, out=np.full(len(weeks), part.one.usual), where=sends > 0)
    return part.rounded(weeks[:, [day.weekday() for day in part.axis]], usual)


def _sends(part: _Part, first: date) -> NDArray[np.int64] | None:
    """(J, T, P, K): every past send on every future day of the rhythm; None for a stream that never sent."""
    sizes = past_sends(part.one, first)
    if not len(sizes):
        return None
    mask = part.one.rhythm.send_days(part.axis)
    return part.rounded(sizes[:, None] * mask[:, None], sizes.sum(axis=1))
