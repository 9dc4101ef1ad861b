"""Two plans side by side: where they would meet at a mailbox provider while one of them still ramps.

A cap is the trust that a provider has in an IP, a pool or a sending domain. Two migrations that keep to their caps
apart can break a provider's limit together (Adobe Journey Optimizer warns of it for parallel plans), and a complaint
about one slows the other down. So they are compared by what they share, at each provider, in the weeks in which both
send.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from warmup.planner.plan import Finding

if TYPE_CHECKING:
    from warmup.planner.plan import Plan

SOURCE = (
    "https://experienceleague.adobe.com/en/docs/journey-optimizer/using/configuration/implement-ip-warmup-plan/"
    "ip-warmup-plan"
)
FEW = 4


@dataclass(frozen=True)
class Shared:
    """Something that both plans send with.

    Attributes:
        kind: ``ip``, ``pool`` or ``domain``.
        names: What is shared: addresses, a pool, a domain.
        mine, theirs: The streams that use it, in the plan and in the other.
    """

    kind: str
    names: tuple[str, ...]
    mine: tuple[str, ...]
    theirs: tuple[str, ...]


@dataclass(frozen=True)
class Meeting:
    """Where and when two plans meet.

    Attributes:
        provider: Mailbox provider id.
        first, last: First and last day of the weeks (Monday to Sunday) in which both send and one still ramps.
        together: Most messages of both on one day.
        on: That day.
    """

    provider: str
    first: date
    last: date
    together: int
    on: date


def conflicts(plan: Plan, other: Plan) -> tuple[Finding, ...]:
    """Warn where two plans share an IP, a pool name or a sending domain at a provider in the same weeks.

    Only weeks count in which both send from their dedicated IPs and at least one is not complete at that provider: two
    migrations that have ended do not disturb each other.

    Args:
        plan: The plan under review.
        other: A plan that runs beside it.

    Returns:
        Warnings ``conflict.ip``, ``conflict.pool`` and ``conflict.domain``, one for each thing shared; each names
        what, at which providers, when, and a way out.
    """
    found = []
    for shared in _shared(plan, other):
        meetings = list(_meetings(plan, other, shared))
        if meetings:
            found.append(_finding(plan, other, shared, meetings))
    return tuple(found)


# -- what is shared ---------------------------------------------------------------------------------------------------


def _shared(plan: Plan, other: Plan) -> Iterator[Shared]:
    with_ips = set()
    for mine in plan.scenario.pools:
        for theirs in other.scenario.pools:
            addresses = {ip.address for ip in mine.ips} & {ip.address for ip in theirs.ips}
            if addresses:
                with_ips.add((mine.name, theirs.name))
                names = tuple(ip.address for ip in mine.ips if ip.address in addresses)
                yield Shared("ip", names, _streams(plan, mine.name), _streams(other, theirs.name))
    others = {pool.name for pool in other.scenario.pools}
    for pool in plan.scenario.pools:
        # Where the IPs are the same, that the pool is too goes without saying.
        if pool.name in others and (pool.name, pool.name) not in with_ips:
            yield Shared("pool", (pool.name,), _streams(plan, pool.name), _streams(other, pool.name))
    mine_by, theirs_by = _domains(plan), _domains(other)
    for domain, streams in mine_by.items():
        if domain in theirs_by:
            yield Shared("domain", (domain,), streams, theirs_by[domain])


def _streams(plan: Plan, pool: str) -> tuple[str, ...]:
    return tuple(s.name for s in plan.scenario.streams if plan.scenario.pool_of(s).name == pool)


def _domains(plan: Plan) -> dict[str, tuple[str, ...]]:
    """From and d= of the new platform to the streams that use them."""
    out: dict[str, tuple[str, ...]] = {}
    for stream in plan.scenario.streams:
        identity = stream.identity_new or stream.identity_old
        for domain in dict.fromkeys(identity.key) if identity else ():
            name = domain.rstrip(".").lower()
            out[name] = (*out.get(name, ()), stream.name)
    return out


# -- where they meet --------------------------------------------------------------------------------------------------


def _meetings(plan: Plan, other: Plan, shared: Shared) -> Iterator[Meeting]:
    mine, theirs = _sent(plan, shared.mine), _sent(other, shared.theirs)
    for provider in [p for p in plan.providers if p in other.providers]:
        weeks = _weeks(mine, provider) & _weeks(theirs, provider)
        until = max(_ramps_until(plan, provider), _ramps_until(other, provider))
        meeting = sorted(week for week in weeks if week <= until)
        if meeting:
            yield _meeting(provider, meeting, mine, theirs)


def _sent(plan: Plan, streams: tuple[str, ...]) -> dict[tuple[str, date], int]:
    """Messages on dedicated IPs by provider and day."""
    table = plan.messages
    table = table[(table["destination"] == "dedicated") & table["stream"].isin(streams)]
    out: dict[tuple[str, date], int] = {}
    days = pd.to_datetime(table["date"]).dt.date
    for provider, day, messages in zip(table["provider"], days, table["messages"], strict=True):
        out[str(provider), day] = out.get((str(provider), day), 0) + int(messages)
    return out


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _weeks(sent: dict[tuple[str, date], int], provider: str) -> set[date]:
    return {_monday(day) for name, day in sent if name == provider}


def _ramps_until(plan: Plan, provider: str) -> date:
    """Last day on which the plan still ramps at a provider; the horizon's end where it is not complete."""
    done = plan.all.per_provider.get(provider)
    return plan.last if done is None else done - timedelta(days=1)


def _meeting(
    provider: str, weeks: list[date], mine: dict[tuple[str, date], int], theirs: dict[tuple[str, date], int]
) -> Meeting:
    days = [week + timedelta(days=n) for week in weeks for n in range(7)]
    sums = {day: mine.get((provider, day), 0) + theirs.get((provider, day), 0) for day in days}
    worst = max(days, key=lambda day: (sums[day], -day.toordinal()))
    return Meeting(provider, weeks[0], weeks[-1] + timedelta(days=6), sums[worst], worst)


# -- in words ---------------------------------------------------------------------------------------------------------


def _finding(plan: Plan, other: Plan, shared: Shared, meetings: list[Meeting]) -> Finding:
    first, last = min(m.first for m in meetings), max(m.last for m in meetings)
    worst = max(meetings, key=lambda m: m.together)
    names = _few([plan.providers[m.provider] for m in meetings])
    what = {"ip": "the IP" if len(shared.names) == 1 else "the IPs", "pool": "the pool name", "domain": "the domain"}
    text = (
        f"The plan of {other.scenario.customer} (from {_day(other.first)}) shares {what[shared.kind]} "
        f"{_few(list(shared.names))} with this one and sends to {names} in the same weeks, {_day(first)} to "
        f"{_day(last)}, while one of them still ramps: on {_day(worst.on)} both send {worst.together:,} messages to "
        f"{plan.providers[worst.provider]}, and each plan counts only its own."
    )
    return Finding(
        id=f"conflict.{shared.kind}",
        severity="warning",
        text=text,
        remedy=_remedy(shared, last),
        source=SOURCE,
        subject=_few(list(shared.names)),
    )


def _remedy(shared: Shared, last: date) -> str:
    wait = f"Start the later plan after {_day(last)}"
    if shared.kind == "ip":
        return f"{wait}, give it IPs of its own, or plan both in one scenario as streams of one pool."
    if shared.kind == "pool":
        return f"{wait}, or plan both in one scenario; if they are two pools, give them different names."
    return f"{wait}, let one of them sign and send with a subdomain of its own, or plan both in one scenario."


def _few(names: list[str]) -> str:
    """Up to four names, and how many more there are."""
    if len(names) > FEW + 1:
        return f"{', '.join(names[:FEW])} and {len(names) - FEW} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _day(value: date) -> str:
    return f"{value.day} {value:%b %Y}"
