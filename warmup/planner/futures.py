"""What the variation of volume, and assumed holds, do to the finish date; and the gentlest pace that is in time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.bench import Bench, percentile
from warmup.planner.completion import ALL, ENGAGED
from warmup.planner.plan import Range, Uncertainty
from warmup.planner.problem import NEVER, Ints, Problem, stack
from warmup.planner.wording import counted, long_day, percent
from warmup.traffic.resample import MIN_WEEKS

if TYPE_CHECKING:
    from datetime import date

PROBABILITY = 0.8
"""How sure a date to promise should be (design 4.10, 4.12)."""

MOST_HOLDS = 3
HOLD_DAYS = (3, 5)
HOLD_STARTS_WITHIN = 30
"""Assumed holds per provider: 0-3, each of 3-5 sending days (practice), beginning in its first 30 sending days."""

ASSUMPTION = (
    f"Each mailbox provider is assumed to hold growth 0 to {MOST_HOLDS} times for {HOLD_DAYS[0]} to {HOLD_DAYS[1]} "
    f"sending days, at times drawn from its first {HOLD_STARTS_WITHIN} sending days"
)

GIVEN = "There is no range: the supply was given, not forecast from history."

_PACES = tuple(round(0.05 * n, 2) for n in range(1, 21))
_PACE_FUTURES = 60


def uncertainty(bench: Bench, pace: float) -> Uncertainty | None:
    """Finish dates over resampled weeks, without and with assumed holds (design 4.12); None below 8 weeks."""
    futures = bench.futures
    if futures is None:
        return None
    problem, _ = bench.problem(bench.scenario, pace=pace, supply=futures)
    _, free = bench.solve(problem)
    _, held = bench.solve(with_holds(problem, seed=1))
    commit = [percentile(held.whole[:, scope], PROBABILITY) for scope in (ENGAGED, ALL)]
    last = held.whole[:, ALL]
    return Uncertainty(
        futures=futures.batch,
        weeks=futures.history_weeks,
        engaged=_range(bench, free.whole[:, ENGAGED]),
        all=_range(bench, free.whole[:, ALL]),
        commit_engaged=bench.date_of(commit[ENGAGED]),
        commit_all=bench.date_of(commit[ALL]),
        commit_not_within=float((last >= NEVER).mean()),
        held=_dates(bench, last),
        assumption=ASSUMPTION,
    )


def no_range(bench: Bench) -> str:
    """Why there is no range."""
    if bench.forecast is None:
        return GIVEN
    weeks = counted(bench.supply.history_weeks, "complete week")
    return f"There is no range: it needs at least {MIN_WEEKS} complete weeks of history, and this one has {weeks}."


def _range(bench: Bench, days: Ints) -> Range:
    low, median, high = (bench.date_of(percentile(days, share)) for share in (0.1, 0.5, 0.9))
    return Range(low, median, high, float((days >= NEVER).mean()), _dates(bench, days))


def _dates(bench: Bench, days: Ints) -> tuple[date, ...]:
    found = (bench.date_of(int(day)) for day in np.sort(days))
    return tuple(day for day in found if day is not None)


def with_holds(problem: Problem, seed: int) -> Problem:
    """The batch with assumed holds drawn for every future and provider."""
    rng = np.random.default_rng(seed)
    shape = (problem.batch, len(problem.providers), MOST_HOLDS)
    count = rng.integers(0, MOST_HOLDS + 1, shape[:2])
    days = rng.integers(HOLD_DAYS[0], HOLD_DAYS[1] + 1, shape)
    days = np.where(np.arange(MOST_HOLDS) < count[..., None], days, 0)
    return replace(problem, hold_from=rng.integers(1, HOLD_STARTS_WITHIN + 1, shape), hold_days=days)


def pace_for(bench: Bench, deadline: date) -> tuple[float, str]:
    """The gentlest pace that completes by ``deadline`` (design 4.10).

    Returns:
        The pace, and why: with at least 80 % probability where weeks can be resampled; 1 when not even that is in time.
    """
    last, by = (deadline - bench.supply.first).days, long_day(deadline)
    variants = [bench.problem(bench.scenario, pace=pace)[0] for pace in _PACES]
    _, days = bench.solve(stack(variants))
    in_time = [pace for pace, day in zip(_PACES, days.whole[:, ALL], strict=True) if day <= last]
    if not in_time:
        done = bench.date_of(int(days.whole[-1, ALL]))
        finish = f"complete on {long_day(done)}" if done else "not complete within the plan"
        return 1.0, f"Full pace, which is still too slow for the deadline on {by}: {finish}."
    futures = bench.forecast.resample(_PACE_FUTURES, seed=2) if bench.forecast else None
    if futures is None:
        return in_time[0], f"The gentlest pace that is complete by {by} with the expected volume."
    for pace in in_time:
        problem, _ = bench.problem(bench.scenario, pace=pace, supply=futures)
        _, days = bench.solve(problem)
        share = float((days.whole[:, ALL] <= last).mean())
        if share >= PROBABILITY:
            return pace, f"The gentlest pace that is complete by {by} in {percent(round(share, 2))} of the futures."
    return 1.0, f"Full pace: no pace is complete by {by} in {percent(PROBABILITY)} of the futures."
