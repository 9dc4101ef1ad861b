"""``warmup.plan``: everything about one migration, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from warmup.planner.bench import Bench, Followed, make_bench
from warmup.planner.compile import Shape, ladder_for, ramp_of_pool
from warmup.planner.completion import ALL, Days, days_for_good
from warmup.planner.engine import Run, run
from warmup.planner.plan import Completion, LadderUse, Plan
from warmup.planner.tables import Tables
from warmup.ramps import policies

if TYPE_CHECKING:
    from warmup.planner.problem import Problem
    from warmup.scenario import Scenario
    from warmup.traffic.supply import Supply

Progress = Callable[[str], None]


OWN_BLOCK = "The customer's own block is warm already: it moves whole, and nothing ramps."


@dataclass(frozen=True, eq=False)
class Headline:
    """The plan proper: the expected future, with the control group released on the day of completion."""

    problem: Problem
    run: Run
    days: Days
    shape: Shape
    tables: Tables
    pace: float


def plan(
    scenario: Scenario,
    supply: Supply | None = None,
    *,
    today: date | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Plan a migration.

    Args:
        scenario: What the TAM wrote (:func:`warmup.load_scenario`).
        supply: Messages per day, stream, provider and tier; default: the forecast from the scenario's history.
        today: The day it is planned on; default: today in the scenario's time zone.
        progress: Called with what is being done, for long work.

    Returns:
        The plan; ``exit_code`` says whether it is good enough.

    Raises:
        InputError: The history or the ramp cannot be used; every problem at once.
    """
    from warmup.planner import facts
    from warmup.planner.completed import completions
    from warmup.planner.findings import findings
    from warmup.planner.futures import no_range, uncertainty
    from warmup.planner.milestones import milestones
    from warmup.planner.peaks import peaks
    from warmup.planner.pool_size import sizing_on
    from warmup.planner.spreading import spread_trial
    from warmup.planner.starts import latest_start_on
    from warmup.planner.variants import levers_on

    say: Progress = progress or _silent
    say("reading history and making the forecast")
    bench = make_bench(scenario, supply, today=today)
    say("choosing the pace")
    pace, pace_reason = pace_of(bench)
    say("planning every day")
    head = headline(bench, pace)
    say("resampling weeks of history")
    chances = uncertainty(bench, pace)
    say("trying levers, sizes and start dates")
    trial = spread_trial(bench, head, chances)
    levers = levers_on(bench, pace, head, trial, chances)
    engaged, all_ = completions(bench, head, levers, trial)
    sizes = sizing_on(bench, pace, chances)
    start = latest_start_on(bench, pace, chances)
    followed = bench.followed()
    tables = head.tables
    preflight = bench.preflight(scenario)
    result = Plan(
        scenario=scenario,
        created=bench.today,
        first=bench.supply.first,
        last=bench.supply.dates[-1],
        policy="byoip" if head.problem.byoip else followed.name,
        policy_reason=OWN_BLOCK if head.problem.byoip else followed.reason,
        pace=pace,
        pace_reason="" if head.problem.byoip else pace_reason,
        providers=facts.provider_names(bench),
        streams=bench.supply.streams,
        tiers=bench.supply.tiers,
        messages=tables.messages,
        caps=tables.caps,
        days=tables.days,
        sheet=tables.sheet,
        rollback=tables.rollback,
        legacy_mix=tables.legacy_mix,
        rotation=tables.rotation,
        ip_load=tables.ip_load,
        small_members=_small_members(bench, head),
        engaged=engaged,
        all=all_,
        uncertainty=chances,
        uncertainty_reason="" if chances else no_range(bench),
        levers=levers,
        sizing=sizes,
        latest_start=start,
        peaks=peaks(bench, head),
        preflight=preflight,
        milestones=milestones(bench, head, engaged, all_, chances),
        ladders=ladder_uses(bench, head, followed),
        findings=(),
        assumptions=facts.assumptions(bench, head, followed, preflight),
        notes=bench.supply.notes,
        control=_control(bench, head, all_),
        mx=bench.supply.mx,
    )
    return replace(result, findings=findings(bench, head, result))


def _silent(_: str) -> None:
    """Progress that nobody watches."""


def pace_of(bench: Bench) -> tuple[float, str]:
    """The pace of a scenario, and why."""
    from warmup.planner.futures import pace_for

    pace = bench.scenario.policy.pace
    if pace == "deadline":
        assert bench.scenario.deadline is not None  # checked when the scenario is read
        return pace_for(bench, bench.scenario.deadline)
    if pace is None:
        return 1.0, "Full pace: no level is held longer than its ladder says."
    return float(pace), "Set in the scenario (policy.pace)."


def headline(bench: Bench, pace: float) -> Headline:
    """The expected future: once to find the day of completion, once more with the control group released on it."""
    problem, shape = bench.problem(bench.scenario, pace=pace)
    first = days_for_good(problem, run(problem, detail="totals"))
    problem = replace(problem, release=first.whole[:, ALL].copy())
    result = run(problem, detail="full")
    # The control group comes after everything in scope, so releasing it cannot move the day.
    days = days_for_good(problem, result)
    return Headline(problem, result, days, shape, Tables(problem, result, bench.supply, shape), pace)


def _small_members(bench: Bench, head: Headline) -> dict[str, tuple[str, ...]]:
    providers = np.array(bench.supply.providers, dtype=object)
    return {
        pool.name: tuple(str(name) for name in providers[head.shape.small[i]])
        for i, pool in enumerate(bench.scenario.pools)
        if head.shape.small[i].any()
    }


def _control(bench: Bench, head: Headline, all_: Completion) -> dict[str, Any]:
    sheet = head.tables.sheet
    return {
        "share": bench.scenario.policy.control_share,
        "released": all_.day,
        "messages": int(head.tables.days["control"].sum()),
        "moved_back": int(sheet["moved_back"].sum()),
    }


def ladder_uses(bench: Bench, head: Headline, followed: Followed) -> tuple[LadderUse, ...]:
    """Which ladder every clock follows, and where its numbers come from; none for a block that is warm already."""
    if head.problem.byoip:
        return ()
    standard = policies()["standard"].ramp()
    supply, shape, problem = bench.supply, head.shape, head.problem
    mail = problem.supply[0].sum(axis=(0, 3))
    assert head.run.cap is not None
    uses = []
    for g, group in enumerate(problem.groups):
        ramp = ramp_of_pool(bench.scenario, supply, shape, followed.ramp, group.pool)
        members = [s for s, stream in enumerate(problem.streams) if stream.pool == group.pool]
        start = int(problem.start[0, g])
        for q, provider in enumerate(problem.providers):
            if not mail[members, q].sum() or start >= problem.days:
                continue
            ladder, part = ladder_for(ramp, provider, supply, shape.shares[group.pool], q, bench.default_ladder)
            other = ladder is bench.default_ladder and ramp.ladder is not ladder
            source = standard if other else ramp
            uses.append(
                LadderUse(
                    pool=group.name,
                    provider=provider,
                    slug=source.slug,
                    name=source.name,
                    publisher=source.publisher,
                    url=source.url,
                    share=part,
                    ips=int(problem.ips[0, g]),
                    first_cap=int(head.run.cap[start, 0, g, q]),
                    note=f"{ramp.name} says nothing about this provider: part of the standard ladder." if other else "",
                )
            )
    return tuple(uses)
