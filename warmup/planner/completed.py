"""Completion in words: the day, or what stops it and what would cure it (design 4.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.bench import Bench, with_spread
from warmup.planner.completion import ALL, ENGAGED
from warmup.planner.plan import LIMITS, Completion
from warmup.planner.problem import NEVER, Limit
from warmup.planner.wording import short_day

if TYPE_CHECKING:
    from warmup.planner.planning import Headline

LAST_DAYS = 28
"""Days at the end of the horizon in which the limit that stops a plan is looked for."""

MOST_SPREAD = 14

_WORDS = {
    Limit.LEGACY_ONLY: "days on which everything goes to legacy",
    Limit.READINESS: "a provider or pool that is not ready",
    Limit.FREEZE: "freeze days, on which nothing grows",
    Limit.CAPACITY: "the capacity of the IPs",
    Limit.CEILING: "a ceiling at a mailbox provider",
    Limit.IDENTITY: "the new sending domain, whose reputation does not multiply with IPs",
    Limit.TIER: "engagement tiers that are not open yet",
    Limit.HOLD: "levels that are still held",
    Limit.MEMORY: "sends too far apart: what was earned is forgotten before the next one",
    Limit.RAMP: "the ramp itself, which needs more sending days",
    Limit.SUPPLY: "the volume itself",
}


def completions(bench: Bench, head: Headline) -> tuple[Completion, Completion]:
    """Completion of tiers ≤ 90 days, and of all in scope."""
    return _completion(bench, head, ENGAGED), _completion(bench, head, ALL)


def _completion(bench: Bench, head: Headline, scope: int) -> Completion:
    days = head.days
    day = bench.date_of(int(days.whole[0, scope]))
    providers = head.problem.providers
    mail = head.problem.supply[0].sum(axis=(0, 1, 3))
    per_provider = {
        providers[q]: bench.date_of(int(days.by_provider[0, q, scope])) for q in range(len(providers)) if mail[q]
    }
    per_pool = {name: bench.date_of(int(days.by_pool[0, i, scope])) for i, name in enumerate(head.problem.pools)}
    skipped = tuple(providers[q] for q in head.without)
    limit = reason = cure = ""
    if day is None:
        limit = _stopping(head, scope)
        reason, cure = _why(bench, head, scope, limit)
    elif skipped:
        reason = f"complete except {', '.join(skipped)}, which a permanent ceiling keeps below its supply"
        cure = "lift the ceiling, or leave that provider's mail where it is for good"
    return Completion(
        "engaged" if scope == ENGAGED else "all", day, skipped, limit, reason, cure, per_provider, per_pool
    )


def _stopping(head: Headline, scope: int) -> str:
    """The limit of most of the in-scope mail that is not on dedicated IPs in the last weeks."""
    run, p = head.run, head.problem
    assert run.parts is not None
    assert run.reason is not None
    rest = run.parts[:, 0, -LAST_DAYS:, :, :, 0].sum(axis=0)  # (T, S, K, Q)
    if scope == ENGAGED:
        late = np.array([[stream.marketing and not bool(e) for e in p.engaged] for stream in p.streams])
        rest = np.where(late[None, :, :, None], 0, rest)
    reason = run.reason[-LAST_DAYS:, :, :, 0]
    volume = np.bincount(reason.ravel(), weights=rest.ravel(), minlength=len(LIMITS))
    if not volume.any():
        return LIMITS[Limit.SUPPLY]
    return LIMITS[int(volume.argmax())]


def _why(bench: Bench, head: Headline, scope: int, limit: str) -> tuple[str, str]:
    """A sentence on what stops completion, and what would cure it."""
    if not head.problem.ips.sum():
        return "there is no dedicated IP in this plan", "give a pool at least one IP"
    last = bench.supply.dates[-1]
    code = Limit(LIMITS.index(limit))
    if code is Limit.SUPPLY:
        return (
            "the horizon is too short to see two sends of every stream in a row",
            f"plan further than {short_day(last)} with policy.horizon_days",
        )
    reason = f"not complete by {short_day(last)}: {_WORDS.get(code, limit)}"
    if code in (Limit.MEMORY, Limit.RAMP):
        spread = spread_cure(bench, head, scope)
        if spread is not None:
            names = ", ".join(slow_streams(bench))
            return reason, f"spread_days = {spread} for {names}: the smallest that completes within the horizon"
        if code is Limit.MEMORY:
            return (
                reason,
                f"send more often; not even spread_days = {MOST_SPREAD} is enough, so stay on the shared pool",
            )
    return reason, _CURES.get(code, "")


_CURES = {
    Limit.READINESS: "do the open pre-flight items, or set the date on which they will be done",
    Limit.FREEZE: "fewer freeze days, or a start further from the peak",
    Limit.CAPACITY: "more IPs",
    Limit.CEILING: "lift or raise the ceiling where the provider allows it",
    Limit.IDENTITY: "keep the old From and d= domain until 30 days after completion",
    Limit.TIER: "a longer horizon, or leave the oldest recipients out (sunset)",
    Limit.HOLD: "a longer horizon, or the standard policy",
    Limit.RAMP: "a longer horizon, more IPs, or a faster ramp",
    Limit.LEGACY_ONLY: "fewer legacy-only days",
}


def slow_streams(bench: Bench) -> list[str]:
    """Streams that send more than a week apart, or else less than daily: those that spreading can help."""
    gaps = bench.supply.gap_days
    slow = [name for name in bench.supply.streams if gaps.get(name, 1) > 7]
    return slow or [name for name in bench.supply.streams if gaps.get(name, 1) > 1.5]


def spread_cure(bench: Bench, head: Headline, scope: int) -> int | None:
    """The smallest ``spread_days`` of the slow streams with which the plan completes; None if none up to 14 does."""
    names = slow_streams(bench)
    now = {stream.name: stream.spread_days for stream in bench.scenario.streams}
    choices = [n for n in range(2, MOST_SPREAD + 1) if any(n > now[name] for name in names)]
    if not names or not choices:
        return None
    problems = [
        bench.problem(with_spread(bench.scenario, {name: max(n, now[name]) for name in names}), pace=head.pace)[0]
        for n in choices
    ]
    found = bench.outcomes(problems, until=0)
    done = [n for n, o in zip(choices, found, strict=True) if (o.engaged if scope == ENGAGED else o.all) < NEVER]
    return min(done, default=None)
