"""When a migration is complete (design 4.8), for every variant of a batch at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.problem import NEVER, Bools, Ints, Problem

if TYPE_CHECKING:
    from warmup.planner.engine import Run

WINDOW_DAYS = 14
MIN_SENDS = 2
CARRIED_PER_MILLE = 995
MIN_DAILY = 100
"""Providers below this many messages a day do not decide."""

ENGAGED, ALL = 0, 1


@dataclass(frozen=True, eq=False)
class Days:
    """Day indices on which things are complete; NEVER where the horizon ends first.

    Attributes:
        whole: int (B, 2): the migration; last axis engaged, all.
        by_provider: int (B, Q, 2). by_pool: int (B, pools, 2).
        decides: bool (B, Q): providers with at least 100 messages a day.
        without: bool (B, Q, 2): providers that were left out.
    """

    whole: Ints
    by_provider: Ints
    by_pool: Ints
    decides: Bools
    without: Bools


def days_for_good(problem: Problem, run: Run) -> Days:
    """The days on which things are complete; of what can never be complete, without the providers that block it.

    A provider is left out only where the migration would else never be complete, and where nothing in the plan will
    change that: a permanent ceiling (design 4.4), or a pre-flight item that keeps it closed to the end.
    """
    days = complete_days(problem, run)
    for_good = (problem.ceiling_days >= NEVER).any(axis=1) | (problem.closed_until >= problem.days)
    late = (days.by_provider >= NEVER) & (days.whole >= NEVER)[:, None, :]
    without = late & for_good[:, :, None]
    # Where nothing else decides, "complete except" would say nothing.
    without &= (days.decides[:, :, None] & ~without).any(axis=1, keepdims=True)
    return complete_days(problem, run, without=without) if without.any() else days


def days_of_futures(problem: Problem, run: Run) -> Days:
    """The days on which the futures of one plan are complete, all judged alike.

    Row 0 of the batch is the expected volume. It settles which providers decide and which are left out, for all rows:
    else a provider near 100 messages a day, or one that stays closed, would make futures that finish at different
    things look like futures that finish at different times.
    """
    first = days_for_good(problem.part(slice(0, 1)), run.block(slice(0, 1)))
    shape = (problem.batch, *first.without.shape[1:])
    decides = np.broadcast_to(first.decides, shape[:2])
    return complete_days(problem, run, without=np.broadcast_to(first.without, shape), decides=decides)


def complete_days(problem: Problem, run: Run, *, without: Bools | None = None, decides: Bools | None = None) -> Days:
    """Find the first day of a 14-day window in which dedicated IPs carry 99.5 % of every pool and provider.

    Args:
        problem: The batch.
        run: Its result.
        without: bool (B, Q, 2): providers left out; pools are then judged without them.
        decides: bool (B, Q): providers that decide; default: those with at least 100 messages a day in their row.

    Returns:
        Days, by origin of the mail; peak days are left out of the sums, and the window is as long as it takes every
        in-scope stream to send twice on days that are no peak.
    """
    usable = ~problem.peak
    end = _window_ends(run.stream_sends & usable[None, :, None])
    carried, supply = (_without(array, usable) for array in (run.by_provider, run.supply_by_provider))
    if decides is None:
        decides = supply[..., ALL].sum(axis=1) >= MIN_DAILY * max(int(usable.sum()), 1)
    out = np.zeros((*decides.shape, 2), dtype=bool) if without is None else without
    provider_ok = _window_ok(carried, supply, end)
    pool_carried, pool_supply = (_without(array, usable) for array in (run.by_pool, run.supply_by_pool))
    for q in np.flatnonzero(out.any(axis=(0, 2))):
        lost, total = (part * out[:, None, None, q] for part in _provider_in_pools(problem, run, int(q), usable))
        pool_carried, pool_supply = pool_carried - lost, pool_supply - total
    pool_ok = _window_ok(pool_carried, pool_supply, end)
    decisive: Bools = decides[:, :, None] & ~out
    every: Bools = np.logical_and(pool_ok.all(axis=2), (provider_ok | ~decisive[:, None]).all(axis=2))
    # Before the first IP starts nothing is carried; IPs that join later are not waited for.
    start = np.where(problem.ips > 0, problem.start, NEVER).min(axis=1)
    has_ips = (problem.ips.sum(axis=1) > 0)[:, None]
    return Days(
        whole=np.where(has_ips, _first(every, start), NEVER),
        by_provider=np.stack([_first(provider_ok[:, :, q], start) for q in range(provider_ok.shape[2])], axis=1),
        by_pool=np.stack([_first(pool_ok[:, :, i], start) for i in range(pool_ok.shape[2])], axis=1),
        decides=decides,
        without=out,
    )


def _provider_in_pools(problem: Problem, run: Run, q: int, usable: Bools) -> tuple[Ints, Ints]:
    """Carried and supplied mail of provider ``q`` per pool: (B, T, pools, 2). One pool takes it all; else by supply."""
    carried = _without(run.by_provider[:, :, q], usable)
    supply = _without(run.supply_by_provider[:, :, q], usable)
    weights = np.zeros(run.by_pool.shape)
    for s, stream in enumerate(problem.streams):
        weights[:, :, stream.pool, :] += problem.supply[:, :, s, q].sum(axis=-1)[..., None]
    total = weights.sum(axis=2, keepdims=True)
    part = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return (
        np.floor(carried[:, :, None, :] * part).astype(np.int64),
        np.floor(supply[:, :, None, :] * part).astype(np.int64),
    )


def _without(array: Ints, usable: Bools) -> Ints:
    """The array (B, T, …) with unusable days set to 0."""
    return np.where(usable.reshape(1, -1, *(1,) * (array.ndim - 2)), array, 0)


def _window_ends(sends: Bools) -> Ints:
    """Last day of the window that opens on each day, (B, T): 14 days, and two sends of every live stream.

    A stream that sends only once in the whole plan, beside others, is judged by that send: it can never have two.
    """
    b, t, s = sends.shape
    live, count = sends.any(axis=1), sends.sum(axis=1)
    once = (count == 1) & (count > 1).any(axis=1, keepdims=True)
    first = np.full((b, s), NEVER)
    second = np.full((b, s), NEVER)
    end = np.empty((b, t), dtype=np.int64)
    for day in range(t - 1, -1, -1):
        here = sends[:, day]
        second = np.where(here, first, second)
        first = np.where(here, day, first)
        wait = np.where(live, np.where(once, np.where(first < NEVER, first, 0), second), 0).max(axis=1)
        end[:, day] = np.maximum(wait, day + WINDOW_DAYS - 1)
    return end


def _window_ok(carried: Ints, supply: Ints, end: Ints) -> Bools:
    """Whether enough is carried in the window of each day: bool (B, T, X, 2)."""
    b, t = carried.shape[:2]
    index = np.minimum(end + 1, t)
    inside = end < t

    def windows(array: Ints) -> Ints:
        total = np.concatenate([np.zeros((b, 1, *array.shape[2:]), dtype=np.int64), array.cumsum(axis=1)], axis=1)
        picked = np.take_along_axis(total, index.reshape(b, t, *(1,) * (array.ndim - 2)), axis=1)
        return np.asarray(picked - total[:, :-1])

    ok: Bools = windows(carried) * 1000 >= windows(supply) * CARRIED_PER_MILLE
    whole: Bools = ok & inside[:, :, None, None]
    return whole


def _first(ok: Bools, start: Ints) -> Ints:
    """First day at or after ``start`` that is ok: (B, 2)."""
    days = np.arange(ok.shape[1])
    open_days = ok & (days >= start[:, None])[..., None]
    return np.where(open_days.any(axis=1), open_days.argmax(axis=1), NEVER)
