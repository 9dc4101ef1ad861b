"""Findings about the platform that is left: mail without a place, its end, what it keeps sending."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.engine import KEEP_WARM_DAYS, run
from warmup.planner.milestones import SHUTDOWN_AFTER
from warmup.planner.plan import Finding
from warmup.planner.problem import NEVER
from warmup.planner.wording import counted, listing, long_day, percent, sentence, ways_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from warmup.planner.findings.case import Case

OLD_SHARE = 0.5
"""Share of disengaged recipients in legacy's marketing mail above which it is said …"""

OLD_TIMES = 2
"""… or when it has grown by this factor …"""

OLD_NOTED = 0.1
"""… to at least this share."""

MIX_DAYS = 7
"""Days over which the mix is averaged: one campaign is no trend."""


def unplaced(c: Case) -> Iterator[Finding]:
    """In-scope mail that neither the new IPs nor legacy nor overflow take."""
    # What only the end of the horizon cuts off ("supply") would have days left to leave.
    other = c.plan.messages["limit"].isin(["out-of-scope", "supply"])
    lost = c.plan.messages[(c.plan.messages["destination"] == "unplaced") & ~other]
    if lost.empty:
        return
    total, first, last = int(lost["messages"].sum()), lost["date"].min().date(), lost["date"].max().date()
    when = f"on {long_day(first)}" if first == last else f"between {long_day(first)} and {long_day(last)}"
    yield Finding(
        "legacy.unplaced",
        "blocker",
        f"{counted(total, 'message')} due {when} {'has' if total == 1 else 'have'} no place: "
        f"{_why_unplaced(c, first)}, and the new IPs cannot take it yet.",
        ways_out(_place(c, last)) + _not_enough(c),
        "design 4.1",
    )


def _why_unplaced(c: Case, first: date) -> str:
    until, overflow = c.scenario.legacy.until, c.scenario.new.overflow
    limits = []
    if until and first > until:
        limits.append(f"{c.legacy} ends on {long_day(until)}")
    elif c.scenario.legacy.capacity:
        limits.append(f"{c.legacy} carries {c.scenario.legacy.capacity:,} messages a day")
    if overflow == "none":
        limits.append("there is no overflow")
    elif c.scenario.new.overflow_capacity:
        limits.append(f"the overflow takes {c.scenario.new.overflow_capacity:,} a day")
    return ", ".join(limits)


def _place(c: Case, last: date) -> list[str]:
    """Ways out; that a longer legacy is enough is tried, not guessed."""
    options = []
    if c.scenario.legacy.until:
        enough = _legacy_until(c) if c.plan.all.day else None
        if enough:
            longer = f"extend {c.legacy} to {long_day(enough)}"
            back = c.way_back_until
            options.append(longer + (f", better to {long_day(back)} as a way back" if back and back > enough else ""))
        else:
            options.append(f"extend {c.legacy} until the plan is complete, which is after {long_day(last)}")
    if c.scenario.legacy.capacity:
        options.append(f"raise what {c.legacy} carries a day")
    if c.scenario.new.overflow == "none":
        options.append("agree an overflow on the new platform")
    elif c.scenario.new.overflow_capacity:
        options.append("raise what the overflow takes a day")
    return options + c.sooner(lambda lever: lever.unplaced <= _for_other_reasons(c))


def _not_enough(c: Case) -> str:
    """What helps, but leaves mail without a place."""
    helps = c.sooner(lambda lever: lever.unplaced > _for_other_reasons(c))
    return f" Helps but is not enough alone: {listing(helps)}." if helps else ""


def _for_other_reasons(c: Case) -> int:
    """Messages without a place that the finding is not about."""
    mail = c.plan.messages
    other = mail["limit"].isin(["out-of-scope", "supply"])
    return int(mail.loc[(mail["destination"] == "unplaced") & other, "messages"].sum())


def _legacy_until(c: Case) -> date | None:
    """The last day on which legacy is needed, if it went on: with it as its end nothing in scope is unplaced."""
    open_ended = replace(c.head.problem, legacy_until=np.array([NEVER]))
    result = run(open_ended, detail="cells")
    assert result.to_none is not None
    assert result.to_legacy is not None
    outside = c.head.problem.outside[0][None, :, :, None]
    if (result.to_none[:, :, :, 0] * ~outside).any():
        return None
    needed = np.flatnonzero((result.to_legacy[:, :, :, 0] * ~outside).any(axis=(1, 2, 3)))
    return c.bench.date_of(int(needed[-1])) if len(needed) else None


def sunset_unplaced(c: Case) -> Iterator[Finding]:
    """Mail that is left out of scope, after the end of the only platform that sent it."""
    mail = c.plan.messages
    lost = mail[(mail["destination"] == "unplaced") & (mail["limit"] == "out-of-scope")]
    if lost.empty:
        return
    total, first = int(lost["messages"].sum()), lost["date"].min().date()
    yield Finding(
        "sunset.unplaced",
        "blocker",
        f"{counted(total, 'message')} to recipients without engagement for over 365 days have no place from "
        f"{long_day(first)} on: they are left out of the migration, and nothing else sends them.",
        "Stop mailing them by then (sunset), or take them into scope with include_never = true.",
        "design 4.1",
    )


def ends(c: Case) -> Iterator[Finding]:
    """Legacy ends before the IPs carry everything, or before the way back may be given up."""
    until = c.scenario.legacy.until
    if until is None:
        return
    mail = c.plan.messages
    excess = mail[(mail["destination"] == "overflow") & (mail["limit"] != "out-of-scope")]
    overflow = int(excess.loc[excess["date"].dt.date > until, "messages"].sum())
    complete, back = c.plan.all.day, c.way_back_until
    if overflow and (complete is None or complete > until):
        ready = f"complete on {long_day(complete)}" if complete else "not complete within the plan"
        yield Finding(
            "legacy.ends_early",
            "warning",
            sentence(
                f"{c.legacy} ends on {long_day(until)}, but the plan is {ready}: {counted(overflow, 'message')} after "
                f"that day go to the overflow ({c.scenario.new.overflow}), whose reputation is not the customer's own"
            ),
            ways_out([*([f"extend {c.legacy} to {long_day(back)}"] if back else []), *c.sooner()])
            or f"Extend {c.legacy}.",
            "practice",
        )
    promised = "the date to promise" if c.plan.uncertainty else "completion"
    if complete and complete <= until and back and back > until:
        yield Finding(
            "legacy.ends_before_rollback",
            "warning",
            sentence(
                f"{c.legacy} ends on {long_day(until)}. As the way back it should stay warm until {long_day(back)}: "
                f"{KEEP_WARM_DAYS} days after {promised}, and {SHUTDOWN_AFTER.days // 7} weeks after the start"
            ),
            f"Extend {c.legacy} to {long_day(back)}.",
            "practice; Adobe: not before 8 weeks",
        )


def mix(c: Case) -> Iterator[Finding]:
    """When the engaged have moved first, legacy keeps the disengaged: the domain is shared."""
    table = c.plan.legacy_mix
    done = c.plan.all.day or c.plan.last
    table = table[table["date"].dt.date <= done]
    if table.empty:
        return
    share = table["over_90_share"].rolling(MIX_DAYS, min_periods=1).mean()
    usual = _usual_old_share(c)
    bad = (share > OLD_SHARE) & (share > usual + 0.01) | (share > OLD_TIMES * usual) & (share > OLD_NOTED)
    if not bad.any():
        return
    first, top = table.loc[bad.idxmax(), "date"].date(), int(share.to_numpy().argmax())
    yield Finding(
        "legacy.disengaged",
        "warning",
        f"From {long_day(first)} on, people not engaged for 90 days get too much of what {c.legacy} still sends: "
        f"{percent(round(usual, 2))} of its marketing mail before the start, "
        f"{percent(round(float(share.iloc[top]), 2))} on {long_day(table['date'].iloc[top].date())}, because the "
        "engaged move first. Both platforms share the domain.",
        "Send to these people less often while the migration lasts, and keep the control group on legacy.",
        "practice: over 50 %, or doubled",
    )


def _usual_old_share(c: Case) -> float:
    """Share of people not engaged for 90 days in the marketing mail before anything moves."""
    members = [s for s, stream in enumerate(c.head.problem.streams) if stream.marketing]
    mail = c.bench.supply.messages[0][:, members].sum(axis=(0, 1, 2))
    return float(mail[3:].sum() / mail.sum()) if mail.sum() else 0.0


def sunset(c: Case) -> Iterator[Finding]:
    """Who is left out."""
    outside = c.plan.messages[c.plan.messages["limit"] == "out-of-scope"]
    if outside.empty:
        return
    weekly = outside["messages"].sum() / max(len(c.plan.days) / 7, 1)
    yield Finding(
        "scope.sunset",
        "notice",
        f"About {counted(round(weekly), 'message')} a week go to people without engagement for over 365 days. They are "
        "left out of the migration.",
        "Stop mailing them (sunset), or take them into scope with include_never = true.",
        "SparkPost plan; practice",
    )
    over = outside[outside["destination"] == "overflow"]
    if not over.empty:
        yield Finding(
            "scope.sunset_overflow",
            "warning",
            f"From {long_day(over['date'].min().date())} on, {counted(int(over['messages'].sum()), 'message')} to "
            "people without engagement for over 365 days would go over the overflow "
            f"({c.scenario.new.overflow}), because {c.legacy} no longer takes them: "
            "the worst mail on IPs that others share.",
            "Stop mailing these people by then (sunset).",
            "practice",
        )


RULES = (unplaced, sunset_unplaced, ends, mix, sunset)
