"""What the variation of volume, and assumed holds, do to the finish date; and the gentlest pace that is in time.

Every batch of futures has the expected volume, without holds, as its first row: it settles for all rows which
mailbox providers decide when the migration is complete, and which are left out (:func:`days_of_futures`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from warmup.planner.bench import Bench, percentile
from warmup.planner.completion import ALL, ENGAGED, Days, days_of_futures
from warmup.planner.engine import run
from warmup.planner.plan import Range, Uncertainty
from warmup.planner.problem import NEVER, Ints, Problem
from warmup.planner.wording import counted, long_day, percent
from warmup.traffic.resample import MIN_WEEKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from warmup.scenario import Scenario
    from warmup.traffic.supply import Supply

PROBABILITY = 0.8
"""How sure a date to promise should be (design 4.10, 4.12)."""

_CLEAR = 0.9
"""Where few futures agree on the day for 80 % and for 90 %, it is clear; else more are drawn."""

MOST_HOLDS = 3
HOLD_DAYS = (3, 5)
HOLD_STARTS_WITHIN = 30
"""Assumed holds per provider: 0-3, each of 3-5 sending days (practice), beginning in its first 30 sending days."""

ASSUMPTION = (
    f"Each mailbox provider is assumed to hold growth 0 to {MOST_HOLDS} times for {HOLD_DAYS[0]} to {HOLD_DAYS[1]} "
    f"sending days, at times drawn from its first {HOLD_STARTS_WITHIN} sending days"
)

GIVEN = "There is no range: the supply was given, not forecast from history."

_LOW, _MEDIAN, _HIGH = 0.1, 0.5, 0.9
_PACES = tuple(round(0.05 * n, 2) for n in range(1, 21))


class Promise(NamedTuple):
    """What could be promised of a variant.

    Attributes:
        day: Day index by which :data:`PROBABILITY` of the futures are complete for all in scope; NEVER: not within
            the horizon.
        finished: (N,) that day of every future.
    """

    day: int
    finished: Ints

    def share_by(self, last: int) -> float:
        """Share of the futures that are complete by a day index."""
        return float((self.finished <= last).mean())


def uncertainty(bench: Bench, pace: float) -> Uncertainty | None:
    """Finish dates over resampled weeks, without and with assumed holds (design 4.12); None below 8 weeks.

    The date to promise is never before the end of the shown range: who reads "between 1 and 8 April" must not be told
    to promise the 7th.
    """
    futures = bench.futures
    if futures is None:
        return None
    problem = _expected_first(bench, bench.scenario, pace, futures)
    free, held = _days(problem), _days(with_holds(problem, seed=1))
    ranges = [_range(bench, free.whole[1:, scope]) for scope in (ENGAGED, ALL)]
    commit = [
        max(percentile(held.whole[1:, scope], PROBABILITY), percentile(free.whole[1:, scope], _HIGH))
        for scope in (ENGAGED, ALL)
    ]
    last = held.whole[1:, ALL]
    tail, share = _tail(problem, held)
    return Uncertainty(
        futures=futures.batch,
        weeks=futures.history_weeks,
        engaged=ranges[ENGAGED],
        all=ranges[ALL],
        commit_engaged=bench.date_of(commit[ENGAGED]),
        commit_all=bench.date_of(commit[ALL]),
        commit_not_within=float((last >= NEVER).mean()),
        held=_dates(bench, last),
        assumption=ASSUMPTION,
        tail=tail,
        tail_share=share,
    )


def promise(bench: Bench, scenario: Scenario, pace: float, *, holds: bool = True) -> Promise | None:
    """What could be promised of a variant, from fewer futures than the plan has; None below 8 weeks of history.

    Args:
        bench: The customer's data.
        scenario: The variant.
        pace: Its pace.
        holds: With the assumed holds.
    """
    found: Promise | None = None
    for futures in (bench.few_futures, bench.more_futures):
        if futures is None:
            return None
        problem = _expected_first(bench, scenario, pace, futures)
        held = _days(with_holds(problem, seed=1) if holds else problem).whole[1:, ALL]
        found = Promise(percentile(held, PROBABILITY), held)
        if found.day == percentile(held, _CLEAR):
            break
    return found


def no_range(bench: Bench) -> str:
    """Why there is no range."""
    if bench.forecast is None:
        return GIVEN
    weeks = counted(bench.supply.history_weeks, "week")
    needs = f"it needs at least {MIN_WEEKS} weeks of history, Monday to Sunday"
    return f"There is no range: {needs}, and this one has {weeks}."


def _expected_first(bench: Bench, scenario: Scenario, pace: float, futures: Supply) -> Problem:
    """The batch of a scenario's futures, after the expected one."""
    messages = np.concatenate([bench.supply.messages, futures.messages])
    return bench.problem(scenario, pace=pace, supply=replace(futures, messages=messages))[0]


def _days(problem: Problem) -> Days:
    return days_of_futures(problem, run(problem, detail="totals"))


def _tail(problem: Problem, held: Days) -> tuple[str, float]:
    """The provider that is most often the last to be complete, and in which share of the futures; "" for no one."""
    counts = held.decides[1:] & ~held.without[1:, :, ALL]
    last = np.where(counts, held.by_provider[1:, :, ALL], -1)
    alone = (last == last.max(axis=1, keepdims=True)) & counts
    often = alone.mean(axis=0)
    if not often.any() or counts.any(axis=0).sum() < 2:
        return "", 0.0
    q = int(often.argmax())
    return problem.providers[q], float(often[q])


def _range(bench: Bench, days: Ints) -> Range:
    low, median, high = (bench.date_of(percentile(days, share)) for share in (_LOW, _MEDIAN, _HIGH))
    return Range(low, median, high, float((days >= NEVER).mean()), _dates(bench, days))


def _dates(bench: Bench, days: Ints) -> tuple[date, ...]:
    return tuple(_known(bench.date_of(int(day)) for day in np.sort(days)))


def _known(days: Iterable[date | None]) -> Iterable[date]:
    return (day for day in days if day is not None)


def with_holds(problem: Problem, seed: int) -> Problem:
    """The batch with assumed holds drawn for every future and provider; the first row is the expected volume: none."""
    rng = np.random.default_rng(seed)
    shape = (problem.batch, len(problem.providers), MOST_HOLDS)
    count = rng.integers(0, MOST_HOLDS + 1, shape[:2])
    days = rng.integers(HOLD_DAYS[0], HOLD_DAYS[1] + 1, shape)
    days = np.where(np.arange(MOST_HOLDS) < count[..., None], days, 0)
    days[0] = 0
    return replace(problem, hold_from=rng.integers(1, HOLD_STARTS_WITHIN + 1, shape), hold_days=days)


# -- the gentlest pace --------------------------------------------------------------------------------------------


def pace_for(bench: Bench, deadline: date) -> tuple[float, str]:
    """The gentlest pace that completes by ``deadline`` (design 4.10).

    The design asks for 80 % over resampled weeks. A pace that leaves no room for a single hold would contradict the
    date to promise on the same page, so the holds are counted; the pace without them is named beside it.

    Returns:
        The pace, and why: one whose finish can be promised where weeks can be resampled, else one that is in time with
        the expected volume; 1 when not even that is in time.
    """
    last, by = (deadline - bench.supply.first).days, long_day(deadline)
    problems = [bench.problem(bench.scenario, pace=pace)[0] for pace in _PACES]
    expected = [outcome.all for outcome in bench.outcomes(problems, until=0)]
    in_time = [pace for pace, day in zip(_PACES, expected, strict=True) if day <= last]
    if not in_time:
        done = bench.date_of(expected[-1])
        finish = f"complete on {long_day(done)}" if done else "not complete within the plan"
        return 1.0, f"Full pace, which is still too slow for the deadline on {by}: {finish}."
    if bench.few_futures is None:
        return in_time[0], f"The gentlest pace that is complete by {by} with the expected volume."
    bare = _gentlest(bench, in_time, last, holds=False)
    safe = _gentlest(bench, in_time, last, holds=True)
    if safe is None:
        return 1.0, f"Full pace: none is complete by {by} in {percent(PROBABILITY)} of the cases, if providers hold it."
    pace, share = safe
    cases = f"{percent(round(share, 2))} of the cases, with the holds that are assumed for a promise"
    other = f"; if no provider ever held growth, {bare[0]:g} would do" if bare and bare[0] < pace else ""
    return pace, f"The gentlest pace that is complete by {by} in {cases}{other}."


def _gentlest(bench: Bench, paces: Sequence[float], last: int, *, holds: bool) -> tuple[float, float] | None:
    """The smallest of ascending paces with which enough futures are in time, and their share.

    Found by halving, as more pace is never later.
    """
    low, high, best = 0, len(paces), None
    while low < high:
        middle = (low + high) // 2
        chance = promise(bench, bench.scenario, paces[middle], holds=holds)
        if chance is not None and chance.day <= last:
            best, high = (paces[middle], chance.share_by(last)), middle
        else:
            low = middle + 1
    return best
