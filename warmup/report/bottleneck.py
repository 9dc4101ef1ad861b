"""What decides the date: the providers that are complete last, and what still held their mail back just before.

What was held back long ago decides nothing. So only the last week before a provider's day counts, and where a send is
rarer than that, the last day on which mail was held back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from warmup.report import words
from warmup.report.series import groups, in_scope, offsets

if TYPE_CHECKING:
    import pandas as pd

    from warmup.planner.plan import Plan

WINDOW = timedelta(days=7)
"""Mail held back in this time before a provider is complete decides its day."""


@dataclass(frozen=True)
class Held:
    """One reason why mail is not on dedicated IPs.

    Attributes:
        limit: A limit of the plan, or ``not-started`` (the pool's IPs start later) or ``critical`` (a critical stream
            that waits for its 14 sending days).
        share: Part of all mail held back, 0-1.
        stream: The one stream that it holds back; empty where it is several, or the plan has only one.
    """

    limit: str
    share: float
    stream: str = ""


@dataclass(frozen=True)
class Waiting:
    """What was held back of some providers' mail before they were complete.

    Attributes:
        since, until: First and last day looked at.
        reasons: Why, the weightiest first; empty: nothing is held back.
    """

    since: date
    until: date
    reasons: tuple[Held, ...]


@dataclass(frozen=True)
class Bottleneck:
    """What holds the migration up longest.

    Attributes:
        providers: The last mailbox providers to be complete, by name.
        alike: They are all that decide.
        day: Their date; None: not within the plan.
        waiting: What held their mail back just before.
    """

    providers: tuple[str, ...]
    alike: bool
    day: date | None
    waiting: Waiting


def bottleneck(plan: Plan) -> Bottleneck:
    """The last of the providers that decide the date, and what held their mail back just before it.

    Where the plan is complete, providers that it leaves out, or that are too small to count and come later, decide
    nothing.
    """
    dates = {p: d for p, d in plan.all.per_provider.items() if p in plan.providers}
    if plan.all.day is not None:
        left_out = plan.all.except_providers
        dates = {p: d for p, d in dates.items() if d is not None and d <= plan.all.day and p not in left_out}
    never = tuple(p for p, d in dates.items() if d is None)
    last_day = None if never else max((d for d in dates.values() if d is not None), default=None)
    last = never or tuple(p for p, d in dates.items() if d == last_day)
    names = tuple(plan.providers[p] for p in last)
    return Bottleneck(names, len(last) == len(dates), last_day, waiting(plan, last, last_day))


def waiting(plan: Plan, providers: tuple[str, ...], day: date | None) -> Waiting:
    """Why in-scope mail to some providers is not on dedicated IPs shortly before a day.

    Args:
        plan: The plan.
        providers: Whose mail.
        day: The day they are complete; None: the plan's end, itself included.
    """
    end = plan.last if day is None else day - timedelta(days=1)
    frame = in_scope(plan)
    held = frame[(frame["destination"] != "dedicated") & frame["provider"].isin(providers)]
    at = offsets(plan, held)
    held, at = held[at <= (end - plan.first).days], at[at <= (end - plan.first).days]
    since = max(plan.first, end - WINDOW + timedelta(days=1))
    if len(at) and plan.first + timedelta(days=int(at.max())) < since:
        since = end = plan.first + timedelta(days=int(at.max()))
    return Waiting(since, end, _reasons(plan, held[at >= (since - plan.first).days]))


def _reasons(plan: Plan, held: pd.DataFrame) -> tuple[Held, ...]:
    """Limits of mail held back, the weightiest first."""
    total = int(held["messages"].sum())
    if not total:
        return ()
    found: list[Held] = []
    for limit, part in groups(held.assign(limit=_limits(plan, held)), "limit"):
        streams = [str(stream) for stream in part.loc[part["messages"] > 0, "stream"].unique()]
        one = streams[0] if len(streams) == 1 and len(plan.streams) > 1 else ""
        found.append(Held(str(limit), int(part["messages"].sum()) / total, one))
    return tuple(sorted((held for held in found if held.share), key=lambda held: (-held.share, held.limit)))


def _limits(plan: Plan, held: pd.DataFrame) -> list[str]:
    """The limit of each row, told apart where the plan has one word for two things."""
    starts, days = _starts(plan), offsets(plan, held)
    critical = {stream.name for stream in plan.scenario.streams if stream.kind == "critical"}
    out = []
    for limit, pool, stream, day in zip(held["limit"], held["pool"], held["stream"], days, strict=True):
        if limit == "readiness" and day < starts.get(str(pool), 0):
            out.append("not-started")
        elif limit == "tier" and stream in critical:  # no tier binds it: it waits for its turn
            out.append("critical")
        else:
            out.append(str(limit))
    return out


def _starts(plan: Plan) -> dict[str, int]:
    """Day on which the first IP of each pool starts."""
    out = {}
    for pool in plan.scenario.pools:
        own = pool.start or plan.scenario.start
        start = min((ip.start or own for ip in pool.ips), default=own)
        out[pool.name] = (start - plan.first).days
    return out


def bottleneck_sentence(plan: Plan) -> str:
    """What decides the date, in a sentence."""
    found = bottleneck(plan)
    held = found.waiting
    if not held.reasons:
        return "Nothing holds the mail in scope back: it moves as soon as it is due."
    names = words.few(found.providers)
    if found.day is None:
        who = "What is not complete is " + ("every mailbox provider" if found.alike else names)
    elif found.alike:
        who = "What decides the date is no single mailbox provider, all are complete on the same day"
    else:
        who = f"What decides the date is {names}, the last to be complete"
    if held.since == held.until:
        when = f"mail last waits on {words.day(held.until)},"
    else:
        where = "" if found.alike else " there"
        when = f"in the {'week before' if found.day else 'last week of this plan'}, mail{where} still waits"
    reasons = words.listing(_reason(one) for one in held.reasons[:2])
    return f"{who}: {when} because {reasons}."


def _reason(held: Held) -> str:
    """A reason with its part: ``the published ramp allows no more yet (51 % of it, only newsletter)``."""
    part = "all" if held.share == 1 else words.percent(held.share)
    only = f"{'' if held.share == 1 else ', only'} {held.stream}" if held.stream else ""
    return f"{words.limit_meaning(held.limit) or held.limit} ({part} of it{only})"
