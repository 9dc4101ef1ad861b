"""The latest safe start: how long one may wait and still be in time (design 4.11)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from warmup.planner.bench import Bench, first_start, make_bench, shifted
from warmup.planner.completed import LONGEST, days_to_see
from warmup.planner.futures import promise
from warmup.planner.peaks import refused
from warmup.planner.plan import LatestStart
from warmup.planner.preflight import earliest_start
from warmup.planner.wording import long_day, whole_percent
from warmup.traffic.resample import MIN_WEEKS

if TYPE_CHECKING:
    from warmup.planner.plan import Uncertainty
    from warmup.scenario import Scenario
    from warmup.traffic.supply import Supply

STARTS = 26
"""Start dates tried week by week, up to the day it must be complete by."""

CASES = "the cases, with the holds that are assumed for a promise"

EARLIER_STARTS = 6
"""Start dates tried before them, as far apart as fits."""


class Try(NamedTuple):
    """A start that was planned.

    Attributes:
        start: The first sending day.
        share: Of the futures, with the holds assumed for a promise, those complete in time; None where none were
            drawn; 0 or 1 where there are none, or the expected finish is too late.
        done: Expected completion.
        safe: Its finish could be promised.
    """

    start: date
    share: float | None
    done: date | None
    safe: bool


def latest_start(scenario: Scenario, supply: Supply | None = None, *, today: date | None = None) -> LatestStart | None:
    """The latest start that is still in time for the deadline, or for the end of legacy.

    Args:
        scenario: The migration.
        supply: As for :func:`warmup.plan`.
        today: Likewise.
    """
    from warmup.planner.futures import uncertainty
    from warmup.planner.planning import pace_of

    bench = make_bench(scenario, supply, today=today)
    pace, _ = pace_of(bench)
    return latest_start_on(bench, pace, uncertainty(bench, pace))


def latest_start_on(bench: Bench, pace: float, chances: Uncertainty | None) -> LatestStart | None:
    """The latest safe start of a plan; None without a deadline or an end of legacy.

    Args:
        bench: The customer's data.
        pace: As planned.
        chances: What can be promised of the planned start.

    A pace that follows the deadline would make every start look safe and the present one the latest: then full pace
    decides.
    """
    scenario = bench.scenario
    deadline = min((day for day in (scenario.deadline, scenario.legacy.until) if day), default=None)
    if deadline is None:
        return None
    pace = 1.0 if scenario.policy.pace == "deadline" else pace
    earliest = earliest_start(scenario, bench.shares, bench.today)
    bench = _far_enough(bench, deadline)
    tried = _from(bench, pace, max(earliest, bench.supply.first), deadline, chances)
    if earliest < bench.supply.first and not any(one.safe for one in tried):
        # Too late as it stands: what would an earlier start have done?
        days = bench.supply.days + (bench.supply.first - earliest).days
        bench = bench.further(days, earliest)
        tried = _from(bench, pace, max(earliest, bench.supply.first), deadline, chances)
    if not tried:
        by = long_day(deadline)
        reason = f"No start is left: with today's lead times {long_day(earliest)} is the first, after {by}."
        return LatestStart(None, earliest, deadline, None, reason)
    good = [one for one in tried if one.safe]
    if not good:
        return LatestStart(None, earliest, deadline, None, _none_in_time(tried, deadline), _told(tried))
    best = max(good)
    probability = best.share if bench.forecast and bench.supply.history_weeks >= MIN_WEEKS else None
    return LatestStart(best.start, earliest, deadline, probability, _why(tried, best, deadline), _told(tried))


def _far_enough(bench: Bench, deadline: date) -> Bench:
    """The bench with days enough after the deadline to see that a plan was complete by then."""
    days = (deadline - bench.supply.first).days + days_to_see(bench)
    return bench.further(min(days, LONGEST)) if days > bench.supply.days else bench


def _from(bench: Bench, pace: float, first: date, deadline: date, chances: Uncertainty | None) -> list[Try]:
    """Try the starts from a day on."""
    own = first_start(bench.scenario)
    starts = _starts(first, min(deadline, bench.supply.dates[-1]), own)
    # Too close before a peak is refused; the planned start is judged all the same.
    starts = [start for start in starts if start == own or not refused(bench.scenario, start)]
    return _try_starts(bench, pace, starts, deadline, chances) if starts else []


def _told(tried: list[Try]) -> tuple[tuple[date, float | None, date | None], ...]:
    return tuple((one.start, one.share, one.done) for one in tried)


def _none_in_time(tried: list[Try], deadline: date) -> str:
    by = long_day(deadline)
    sooner = min((one for one in tried if one.done), key=lambda one: (one.done, one.start), default=None)
    if sooner is None or sooner.done is None:
        return f"No start from {long_day(tried[0].start)} on is complete by {by}, or within the horizon at all."
    if sooner.done <= deadline:
        sure = whole_percent(sooner.share or 0.0)
        return f"No start is sure enough: the one on {long_day(sooner.start)} is complete by {by} in {sure} of {CASES}."
    return f"Even a start on {long_day(sooner.start)} is complete only on {long_day(sooner.done)}, after {by}."


def _why(tried: list[Try], best: Try, deadline: date) -> str:
    """What the next start after the latest safe one would come to."""
    done = f"A start on {long_day(best.start)} is complete on {long_day(best.done)}" if best.done else ""
    late = min((one for one in tried if one.start > best.start), default=None)
    if late is None:
        return f"{done}; later ones were not tried, because {long_day(deadline)} is too near."
    if late.done is None:
        return f"{done}; one on {long_day(late.start)} is not complete within the horizon."
    if late.done > deadline:
        return f"{done}; one on {long_day(late.start)} only on {long_day(late.done)}, after {long_day(deadline)}."
    sure = whole_percent(late.share or 0.0)
    return f"{done}; one on {long_day(late.start)} is in time in only {sure} of {CASES}."


def _starts(earliest: date, last: date, own: date) -> list[date]:
    """Tuesdays (the best weekday to begin: PRACTICE.md) from ``earliest`` to ``last``, thinned out at first.

    The scenario's own start is among them, so that it can be said to be in time or not.
    """
    first = earliest + timedelta(days=(1 - earliest.weekday()) % 7)
    weeks = range(0, max((last - first).days, -1) + 1, 7)
    days = [first + timedelta(days=n) for n in weeks]
    many = days[:-STARTS]
    step = max(1, -(-len(many) // EARLIER_STARTS))
    # The first day that is possible at all may be the only one in time, whatever weekday it is.
    others = [day for day in (earliest, own) if earliest <= day <= last]
    return sorted({*many[::step], *days[-STARTS:], *others})


def _try_starts(
    bench: Bench, pace: float, starts: list[date], deadline: date, chances: Uncertainty | None
) -> list[Try]:
    """Try every start. The expected future of all starts is one batch.

    Futures are only drawn for the latest starts that are in time, from the back, until one is safe: earlier ones
    cannot be the answer.
    """
    last, own = (deadline - bench.supply.first).days, first_start(bench.scenario)
    moved = [shifted(bench.scenario, start) for start in starts]
    expected = bench.outcomes([bench.problem(scenario, pace=pace)[0] for scenario in moved], until=0)
    tried: list[Try] = []
    for start, scenario, outcome in reversed(list(zip(starts, moved, expected, strict=True))):
        share: float | None = 0.0
        safe, known = False, chances if start == own else None
        if outcome.all <= last:
            share, safe = 1.0, True
            if known is not None:  # the plan itself: more futures have judged it
                share = sum(day <= deadline for day in known.held) / known.futures
                safe = known.commit_all is not None and known.commit_all <= deadline
            elif any(one.safe for one in tried):
                share, safe = (None, False) if bench.few_futures else (1.0, True)
            elif (chance := promise(bench, scenario, pace)) is not None:
                share = chance.share_by(last)
                safe = chance.day <= last
        tried.append(Try(start, share, bench.date_of(outcome.all), safe))
    return tried[::-1]
