"""What would change the answer: levers, and the latest safe start (design 4.11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.bench import (
    Bench,
    Outcome,
    first_start,
    make_bench,
    shifted,
    with_ips,
    with_spread,
)
from warmup.planner.completed import slow_streams
from warmup.planner.completion import ALL
from warmup.planner.futures import PROBABILITY
from warmup.planner.plan import LatestStart, Lever
from warmup.planner.pool_size import most_ips, pool_volume, shared_advice
from warmup.planner.preflight import earliest_start
from warmup.planner.problem import NEVER
from warmup.planner.wording import long_day, short_day
from warmup.ramps import policies

if TYPE_CHECKING:
    from warmup.planner.planning import Headline
    from warmup.scenario import Scenario
    from warmup.traffic.supply import Supply

STARTS = 26
"""Start dates tried, at most; a week apart, or as far apart as fits."""

START_FUTURES = 20


@dataclass(frozen=True)
class _Idea:
    id: str
    text: str
    scenario: Scenario
    pace: float
    warning: str = ""
    struck: bool = False


def levers(scenario: Scenario, supply: Supply | None = None, *, today: date | None = None) -> tuple[Lever, ...]:
    """One thing changed at a time, and what it does to both dates and to the mail left on legacy.

    Args:
        scenario: The migration.
        supply: As for :func:`warmup.plan`.
        today: Likewise.
    """
    from warmup.planner.planning import headline, pace_of

    bench = make_bench(scenario, supply, today=today)
    pace, _ = pace_of(bench)
    return levers_on(bench, pace, headline(bench, pace))


def levers_on(bench: Bench, pace: float, head: Headline) -> tuple[Lever, ...]:
    """The levers of a plan; all of them, with the plan itself, are one batch where their axes agree."""
    ideas = list(_ideas(bench, pace, head))
    base = _Idea("plan", "", bench.scenario, pace)
    problems = [bench.problem(idea.scenario, pace=idea.pace)[0] for idea in [base, *ideas]]
    done = int(head.days.whole[0, ALL])
    until = done if done < NEVER else bench.supply.days
    now, *found = bench.outcomes(problems, until=until)
    return tuple(_lever(bench, idea, now, outcome) for idea, outcome in zip(ideas, found, strict=True))


def _lever(bench: Bench, idea: _Idea, now: Outcome, then: Outcome) -> Lever:
    warning = idea.warning
    if not idea.struck and idea.id.startswith("ips.plus") and then.all > now.all:
        slower = "finishes later: the ladder's steps are uneven, so each IP sits lower on it"
        warning = f"{warning}; {slower}" if warning else slower
    return Lever(
        id=idea.id,
        text=idea.text,
        engaged=bench.date_of(then.engaged),
        all=bench.date_of(then.all),
        engaged_delta=_delta(now.engaged, then.engaged),
        all_delta=_delta(now.all, then.all),
        legacy_messages=then.legacy,
        legacy_delta=then.legacy - now.legacy,
        warning=warning,
        struck=idea.struck,
    )


def _delta(now: int, then: int) -> int | None:
    return None if now >= NEVER or then >= NEVER else then - now


def _ideas(bench: Bench, pace: float, head: Headline) -> list[_Idea]:
    ideas = [*_policy_ideas(bench, pace), *_ip_ideas(bench, pace), *_start_ideas(bench, pace)]
    ideas += _ceiling_ideas(bench, pace, head)
    ideas += _spread_ideas(bench, pace)
    ideas += _readiness_ideas(bench, pace)
    ideas += _scope_ideas(bench, pace)
    return ideas


def _policy_ideas(bench: Bench, pace: float) -> list[_Idea]:
    scenario = bench.scenario
    out = []
    if pace < 1:
        out.append(_Idea("pace.1", "Full pace: one level per sending day", scenario, 1.0))
    else:
        out.append(_Idea("pace.half", "Half pace: each level takes twice as long", scenario, 0.5))
    now = bench.followed().name
    for name in policies():
        if name == now:
            continue
        changed = scenario.model_copy(update={"policy": scenario.policy.model_copy(update={"ramp": name})})
        warning = ""
        if name == "standard" and bench.choice.policy.name != "standard":
            warning = f"not advised here: {bench.choice.why}"
        out.append(_Idea(f"policy.{name}", f"Policy {name}: {policies()[name].title}", changed, pace, warning))
    return out


def _ip_ideas(bench: Bench, pace: float) -> list[_Idea]:
    out = []
    for pool in bench.scenario.pools:
        volume = pool_volume(bench, pool)
        most, why, _ = most_ips(volume)
        advice = shared_advice(volume)
        more = pool.size + 1
        struck = more > max(most, 1)
        warning = why if struck else (advice[1] if advice is not None and more > advice[0] else "")
        text = f"One more IP in {pool.name} ({pool.size} → {more})"
        out.append(
            _Idea(f"ips.plus1.{pool.name}", text, with_ips(bench.scenario, pool.name, more), pace, warning, struck)
        )
        if pool.size > 1:
            fewer = pool.size - 1
            text = f"One IP fewer in {pool.name} ({pool.size} → {fewer})"
            out.append(_Idea(f"ips.minus1.{pool.name}", text, with_ips(bench.scenario, pool.name, fewer), pace))
    return out


def _start_ideas(bench: Bench, pace: float) -> list[_Idea]:
    scenario = bench.scenario
    week = shifted(scenario, first_start(scenario) + timedelta(days=7))
    return [_Idea("start.plus7", "Start a week later", week, pace)]


def _ceiling_ideas(bench: Bench, pace: float, head: Headline) -> list[_Idea]:
    """Without the ceilings that bind on some day, and without permanent ones."""
    assert head.run.limit is not None
    from warmup.planner.problem import Limit

    binds = (head.run.limit[:, 0] == int(Limit.CEILING)).any(axis=(0, 1))
    out = []
    for q in np.flatnonzero(binds[:-1]):
        provider = bench.supply.providers[q]
        ceilings = {**bench.scenario.policy.ceilings, provider: False}
        changed = bench.scenario.model_copy(
            update={"policy": bench.scenario.policy.model_copy(update={"ceilings": ceilings})}
        )
        permanent = bool((head.problem.ceiling_days[0, :, q] >= NEVER).any())
        warning = "" if permanent else "the provider defers or blocks new IPs above it"
        out.append(_Idea(f"ceiling.none.{provider}", f"Without the ceiling at {provider}", changed, pace, warning))
    return out


def _spread_ideas(bench: Bench, pace: float) -> list[_Idea]:
    kinds = {stream.name: stream for stream in bench.scenario.streams}
    out = []
    for name in slow_streams(bench):
        stream = kinds[name]
        days = min(max(2, stream.spread_days + 1), 14) if stream.spread_days < 3 else stream.spread_days + 2
        if stream.kind == "marketing" and days <= 30:
            text = f"Spread each send of {name} over {days} days"
            out.append(_Idea(f"spread.{days}.{name}", text, with_spread(bench.scenario, {name: days}), pace))
    return out


def _readiness_ideas(bench: Bench, pace: float) -> list[_Idea]:
    """As if a pre-flight item that keeps a provider closed were done."""
    out = []
    for item in bench.preflight(bench.scenario):
        if item.providers and item.state in ("closed", "not done", "due"):
            done = {**bench.scenario.preflight, item.id: "done"}
            changed = bench.scenario.model_copy(update={"preflight": done})
            out.append(_Idea(f"preflight.{item.id}", f"Done before the start: {item.text}", changed, pace))
    return out


def _scope_ideas(bench: Bench, pace: float) -> list[_Idea]:
    scenario = bench.scenario
    out = []
    if any(stream.identity_changes for stream in scenario.streams):
        streams = [s.model_copy(update={"identity_new": s.identity_old}) for s in scenario.streams]
        text = "Keep the old From and d= domain until after the migration"
        out.append(_Idea("identity.keep", text, scenario.model_copy(update={"streams": streams}), pace))
    if bench.supply.tiered and any(s.kind == "marketing" and s.include_never for s in scenario.streams):
        streams = [s.model_copy(update={"include_never": False}) for s in scenario.streams]
        text = "Leave out recipients without engagement for over 365 days"
        out.append(_Idea("scope.sunset", text, scenario.model_copy(update={"streams": streams}), pace))
    return out


# -- latest safe start --------------------------------------------------------------------------------------------


def latest_start(scenario: Scenario, supply: Supply | None = None, *, today: date | None = None) -> LatestStart | None:
    """The latest start that is still in time for the deadline, or for the end of legacy.

    Args:
        scenario: The migration.
        supply: As for :func:`warmup.plan`.
        today: Likewise.
    """
    from warmup.planner.planning import pace_of

    bench = make_bench(scenario, supply, today=today)
    return latest_start_on(bench, pace_of(bench)[0])


def latest_start_on(bench: Bench, pace: float) -> LatestStart | None:
    """The latest safe start of a plan; None without a deadline or an end of legacy."""
    scenario = bench.scenario
    deadline = min((day for day in (scenario.deadline, scenario.legacy.until) if day), default=None)
    if deadline is None:
        return None
    earliest = max(earliest_start(scenario, bench.shares, bench.today), bench.supply.first)
    last = min(deadline, bench.supply.dates[-1])
    starts = _starts(earliest, last)
    if not starts:
        reason = (
            f"no start is left: the earliest with today's lead times is {long_day(earliest)}, after "
            f"{short_day(deadline)}"
        )
        return LatestStart(None, earliest, deadline, None, reason)
    tried = _try_starts(bench, pace, starts, deadline)
    good = [(start, share) for start, share, _ in tried if share >= PROBABILITY]
    if not good:
        best = min((day for _, _, day in tried if day), default=None)
        finish = (
            f"the earliest start is complete on {long_day(best)}" if best else "no start completes within the horizon"
        )
        reason = f"no start from {long_day(earliest)} on is complete by {short_day(deadline)}: {finish}"
        return LatestStart(None, earliest, deadline, None, reason, tuple(tried))
    day, share = max(good)
    sure = f" in {share:.0%} of the futures computed" if bench.forecast and bench.futures is not None else ""
    reason = f"a start on {long_day(day)} is complete by {short_day(deadline)}{sure}"
    probability = share if bench.futures is not None else None
    return LatestStart(day, earliest, deadline, probability, reason, tuple(tried))


def _starts(earliest: date, last: date) -> list[date]:
    """Tuesdays (the best weekday to begin: PRACTICE.md) from ``earliest`` to ``last``, thinned out where too many."""
    first = earliest + timedelta(days=(1 - earliest.weekday()) % 7)
    weeks = range(0, max((last - first).days, -1) + 1, 7)
    days = [first + timedelta(days=n) for n in weeks]
    step = max(1, -(-len(days) // STARTS))
    return days[::step]


def _try_starts(bench: Bench, pace: float, starts: list[date], deadline: date) -> list[tuple[date, float, date | None]]:
    """Try every start: (start, share of futures complete in time, expected completion).

    The expected future of all starts is one batch.
    Futures are only drawn for the latest starts that are in time, from the
    back, until one is safe: earlier ones cannot be the answer.
    """
    last = (deadline - bench.supply.first).days
    moved = [shifted(bench.scenario, start) for start in starts]
    expected = bench.outcomes([bench.problem(scenario, pace=pace)[0] for scenario in moved], until=0)
    share = [float(outcome.all <= last) for outcome in expected]
    few = bench.few_futures(START_FUTURES)
    if few is not None:
        for i in reversed(range(len(starts))):
            if not share[i]:
                continue
            problem, _ = bench.problem(moved[i], pace=pace, supply=few)
            _, days = bench.solve(problem)
            share[i] = float((days.whole[:, ALL] <= last).mean())
            if share[i] >= PROBABILITY:
                break
    return [(start, s, bench.date_of(o.all)) for start, s, o in zip(starts, share, expected, strict=True)]
