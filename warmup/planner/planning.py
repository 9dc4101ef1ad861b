"""``warmup.plan``: everything about one migration, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from warmup.planner.bench import Bench, Followed, first_start, make_bench
from warmup.planner.compile import Shape, ladder_for, ramp_of_pool
from warmup.planner.completion import ALL, Days, complete_days
from warmup.planner.engine import KEEP_WARM_DAYS, Run, run
from warmup.planner.plan import Completion, LadderUse, Milestone, Plan
from warmup.planner.problem import NEVER, Problem
from warmup.planner.tables import Tables
from warmup.traffic.supply import TIER_LABELS, Supply

if TYPE_CHECKING:
    from warmup.scenario import Scenario

Progress = Callable[[str], None]

SHUTDOWN_AFTER = timedelta(weeks=8)
"""Legacy is shut down no earlier than 8 weeks after the start (Adobe)."""


@dataclass(frozen=True, eq=False)
class Headline:
    """The plan proper: the expected future, with the control group released on the day of completion."""

    problem: Problem
    run: Run
    days: Days
    without: tuple[int, ...]
    """Providers left out because a permanent ceiling blocks them."""
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
    from warmup.planner.futures import NO_RANGE, uncertainty
    from warmup.planner.pool_size import sizing_on
    from warmup.planner.variants import latest_start_on, levers_on

    say: Progress = progress or _silent
    say("reading history and making the forecast")
    bench = make_bench(scenario, supply, today=today)
    say("choosing the pace")
    pace, pace_reason = pace_of(bench)
    say("planning every day")
    head = headline(bench, pace)
    engaged, all_ = completions(bench, head)
    say("resampling weeks of history")
    chances = uncertainty(bench, pace)
    say("trying levers, sizes and start dates")
    levers = levers_on(bench, pace, head)
    sizes = sizing_on(bench, pace)
    start = latest_start_on(bench, pace)
    peaks = facts.peaks(bench, head)
    followed = bench.followed()
    tables = head.tables
    preflight = bench.preflight(scenario)
    result = Plan(
        scenario=scenario,
        created=bench.today,
        first=bench.supply.first,
        last=bench.supply.dates[-1],
        policy=followed.name,
        policy_reason=followed.reason,
        pace=pace,
        pace_reason=pace_reason,
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
        uncertainty_reason="" if chances else _no_range(bench, NO_RANGE),
        levers=levers,
        sizing=sizes,
        latest_start=start,
        peaks=peaks,
        preflight=preflight,
        milestones=milestones(bench, head, engaged, all_),
        ladders=ladder_uses(bench, head, followed),
        findings=(),
        assumptions=facts.assumptions(bench, head, followed, preflight),
        notes=bench.supply.notes,
        control=_control(bench, head, all_),
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
        return 1.0, "one level of the ladder per sending day"
    return float(pace), "set in the scenario"


def headline(bench: Bench, pace: float) -> Headline:
    """The expected future: once to find the day of completion, once more with the control group released on it."""
    problem, shape = bench.problem(bench.scenario, pace=pace)
    result = run(problem, detail="totals")
    days = complete_days(problem, result)
    without = () if days.whole[0, ALL] < NEVER else blocked_by_ceiling(problem, days)
    if without:
        days = complete_days(problem, result, without=without)
    release = int(days.whole[0, ALL])
    problem = replace(problem, release=np.array([release]))
    result = run(problem, detail="full")
    # The control group comes after everything in scope, so releasing it cannot move the day.
    days = complete_days(problem, result, without=without)
    return Headline(problem, result, days, without, shape, Tables(problem, result, bench.supply, shape), pace)


def blocked_by_ceiling(problem: Problem, days: Days) -> tuple[int, ...]:
    """Providers that decide, never complete, and have a permanent ceiling."""
    permanent = (problem.ceiling_days[0] >= NEVER).any(axis=0)
    late = days.decides[0] & (days.by_provider[0, :, ALL] >= NEVER)
    return tuple(int(q) for q in np.flatnonzero(permanent & late))


def _no_range(bench: Bench, rule: str) -> str:
    weeks = bench.supply.history_weeks
    if bench.forecast is None:
        return "the supply was given, not forecast from history"
    return f"{rule}; this one has {weeks}"


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


def milestones(bench: Bench, head: Headline, engaged: Completion, all_: Completion) -> tuple[Milestone, ...]:
    """Dated events of the plan, in order."""
    scenario = bench.scenario
    out: list[Milestone] = []
    mail = head.tables.messages
    mail = mail[mail["destination"] == "dedicated"]
    for key, part in mail.groupby("pool", sort=False):
        name = str(key)
        out.append(
            Milestone(part["date"].min().date(), f"first-send.{name}", f"First mail from pool {name}", pool=name)
        )
    kinds = {stream.name: stream.kind for stream in scenario.streams}
    marketing = mail[mail["stream"].map(kinds) == "marketing"]
    for (pool, tier), part in marketing.groupby(["pool", "tier"], sort=False):
        if tier in ("0_30", "all"):
            continue
        name, text = str(pool), f"Recipients {TIER_LABELS[str(tier)]} join in pool {pool}"
        out.append(Milestone(part["date"].min().date(), f"tier.{tier}.{name}", text, pool=name))
    for peak in scenario.calendar.peaks:
        from warmup.scenario import expand_days

        out += [
            Milestone(day, f"peak.{peak.name}.{day}", f"Declared peak: {peak.name}") for day in expand_days(peak.days)
        ]
    if engaged.day:
        out.append(Milestone(engaged.day, "complete.engaged", "Complete for recipients engaged within 90 days"))
    if all_.day:
        out.append(
            Milestone(all_.day, "complete.all", "Complete for everything in scope; the control group is released")
        )
        end = max(all_.day + timedelta(days=KEEP_WARM_DAYS), first_start(scenario) + SHUTDOWN_AFTER)
        out.append(Milestone(end, "legacy.may-end", f"{scenario.legacy.name} may be shut down from here on"))
    if scenario.legacy.until:
        out.append(Milestone(scenario.legacy.until, "legacy.until", f"Last day of {scenario.legacy.name}"))
    if scenario.deadline:
        out.append(Milestone(scenario.deadline, "deadline", "Deadline"))
    return tuple(sorted(out, key=lambda item: (item.day, item.id)))


def ladder_uses(bench: Bench, head: Headline, followed: Followed) -> tuple[LadderUse, ...]:
    """Which ladder every clock follows, and where its numbers come from."""
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
            uses.append(
                LadderUse(
                    pool=group.name,
                    provider=provider,
                    slug=ramp.slug,
                    name=ramp.name,
                    publisher=ramp.publisher,
                    url=ramp.url,
                    share=part,
                    ips=int(problem.ips[0, g]),
                    first_cap=int(head.run.cap[start, 0, g, q]),
                    note="this ramp says nothing about the provider: the standard ladder's part" if other else "",
                )
            )
    return tuple(uses)
