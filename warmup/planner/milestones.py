"""Dated events of a plan."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from warmup.planner.bench import Bench, first_start
from warmup.planner.engine import KEEP_WARM_DAYS
from warmup.planner.plan import Completion, Milestone
from warmup.planner.wording import sentence
from warmup.scenario import Scenario, expand_days
from warmup.traffic.supply import TIER_LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmup.planner.plan import Uncertainty
    from warmup.planner.planning import Headline

SHUTDOWN_AFTER = timedelta(weeks=8)
"""Legacy is shut down no earlier than 8 weeks after the start (Adobe)."""

OPEN_FROM_THE_START = ("0_30", "all")
"""Tiers whose first day is no event of its own."""

_WHO = {
    **{tier: f"Recipients {label}" for tier, label in TIER_LABELS.items()},
    "machine_only": "Recipients with machine opens only",
    "older_or_never": "Recipients not engaged for over 365 days",
}


def way_back_until(scenario: Scenario, complete: date) -> date:
    """Until when legacy should stay warm as the way back.

    Args:
        scenario: The migration.
        complete: The day it is complete: the one that can be promised, where that is known.
    """
    return max(complete + timedelta(days=KEEP_WARM_DAYS), first_start(scenario) + SHUTDOWN_AFTER)


def milestones(
    bench: Bench, head: Headline, engaged: Completion, all_: Completion, chances: Uncertainty | None
) -> tuple[Milestone, ...]:
    """Dated events of the plan, in order."""
    scenario = bench.scenario
    out = [*_firsts(head, scenario), *_completions(bench, head, engaged, all_), *_promises(bench, all_, chances)]
    for peak in scenario.calendar.peaks:
        out += [
            Milestone(day, f"peak.{peak.name}.{day}", f"Declared peak: {peak.name}")
            for day in expand_days(peak.days)
            if head.problem.first <= day <= bench.supply.dates[-1]
        ]
    if scenario.legacy.until:
        out.append(Milestone(scenario.legacy.until, "legacy.until", f"Last day of {bench.legacy_name}"))
    if scenario.deadline:
        out.append(Milestone(scenario.deadline, "deadline", "Deadline"))
    return tuple(sorted(out, key=lambda item: (item.day, item.id)))


def _firsts(head: Headline, scenario: Scenario) -> Iterator[Milestone]:
    """First mail of every pool, and of every tier that joins later."""
    mail = head.tables.messages
    mail = mail[mail["destination"] == "dedicated"]
    for key, part in mail.groupby("pool", sort=False):
        name = str(key)
        yield Milestone(part["date"].min().date(), f"first-send.{name}", f"First mail from pool {name}", pool=name)
    if not head.problem.tiers_bind:
        return
    kinds = {stream.name: stream.kind for stream in scenario.streams}
    marketing = mail[mail["stream"].map(kinds) == "marketing"]
    for (pool, tier), part in marketing.groupby(["pool", "tier"], sort=False):
        if tier not in OPEN_FROM_THE_START:
            name, text = str(pool), f"{_WHO[str(tier)]} join in pool {pool}"
            yield Milestone(part["date"].min().date(), f"tier.{tier}.{name}", text, pool=name)


def _completions(bench: Bench, head: Headline, engaged: Completion, all_: Completion) -> Iterator[Milestone]:
    """The days on which it is expected to be complete."""
    if engaged.day and bench.supply.tiered:
        text = f"Expected to be complete for recipients engaged within 90 days{_but(bench, engaged)}"
        yield Milestone(engaged.day, "complete.engaged", text)
    if all_.day is not None:
        release = "; the control group is released" if head.tables.days["control"].any() else ""
        text = f"Expected to be complete for everything in scope{_but(bench, all_)}{release}"
        yield Milestone(all_.day, "complete.all", text)


def _promises(bench: Bench, all_: Completion, chances: Uncertainty | None) -> Iterator[Milestone]:
    """The days to promise, and from when on legacy is not needed any more."""
    scenario = bench.scenario
    if all_.day is None:
        return
    if chances is not None:
        if chances.commit_engaged and bench.supply.tiered:
            yield Milestone(
                chances.commit_engaged, "promise.engaged", "Promised: complete for people engaged ≤ 90 days"
            )
        if chances.commit_all:
            yield Milestone(chances.commit_all, "promise.all", f"Promised: complete for everything{_but(bench, all_)}")
    done = chances.commit_all if chances else all_.day
    if done is None:
        return
    end, until = way_back_until(scenario, done), scenario.legacy.until
    # While a provider stays on legacy for good, where legacy ends before, or has lost its IPs, no such day exists.
    early = end > done + timedelta(days=KEEP_WARM_DAYS)
    why = "8 weeks after the start" if early else f"{KEEP_WARM_DAYS} days after the promise"
    if not all_.except_providers and (until is None or until >= end) and scenario.new.mode == "ramp":
        yield Milestone(
            end, "legacy.may-end", sentence(f"{bench.legacy_name} may be shut down from here on, {why}").rstrip(".")
        )


def _but(bench: Bench, done: Completion) -> str:
    return f", except {bench.names_of(done.except_providers)}" if done.except_providers else ""
