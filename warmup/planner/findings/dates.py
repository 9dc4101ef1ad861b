"""Findings about days: the start, the finish, the deadline, peaks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from warmup.planner.compile import PEAK_FREEZE_AFTER, PEAK_FREEZE_BEFORE
from warmup.planner.completed import LONGEST, MOST_CURES
from warmup.planner.peaks import NEAR_PEAK, is_near
from warmup.planner.plan import Finding, PeakReady
from warmup.planner.preflight import earliest_start
from warmup.planner.spreading import MOST_SPREAD
from warmup.planner.wording import OURS, counted, listing, long_day, sentence, ways_out, whole_percent
from warmup.scenario import expand_days

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmup.planner.findings.case import Case
    from warmup.scenario import Peak

QUICK_DAYS = 28
TUESDAY, WEDNESDAY = 1, 2
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def near_peak(c: Case) -> Iterator[Finding]:
    """A start too close before a declared peak."""
    override = c.scenario.policy.override
    for peak in c.scenario.calendar.peaks:
        near = [(start, day) for start in _starts(c) for day in expand_days(peak.days) if is_near(start, day)]
        if not near:
            continue
        start, day = min(near)
        text = f"The start on {long_day(start)} is within 8 weeks of {peak.name} ({long_day(day)})"
        if override is not None:
            decided = sentence(f"{text}; {override.name} decided so: {override.reason}")
            yield Finding("start.near_peak", "notice", decided, "", "scenario", peak.name)
        else:
            yield Finding("start.near_peak", "error", sentence(text), _other_start(c, peak), "practice", peak.name)


def _starts(c: Case) -> set[date]:
    """Every day on which some IP starts."""
    pools = c.scenario.pools
    return {c.scenario.start_of(pool) for pool in pools} | {ip.start for pool in pools for ip in pool.ips if ip.start}


def _other_start(c: Case, peak: Peak) -> str:
    """The nearest starts that are far enough from every declared peak: before this one, and after it."""
    every = sorted(day for one in c.scenario.calendar.peaks for day in expand_days(one.days))
    mine = sorted(expand_days(peak.days))
    before = mine[0] - NEAR_PEAK
    options = []
    possible = max(c.bench.today, earliest_start(c.scenario, c.bench.shares, c.bench.today))
    if before >= possible and not any(is_near(before, day) for day in every):
        options.append(f"start by {long_day(before)}")
    after = mine[-1] + timedelta(days=PEAK_FREEZE_AFTER + 1)
    while any(is_near(after, day) for day in every):
        after = max(day for day in every if is_near(after, day)) + timedelta(days=PEAK_FREEZE_AFTER + 1)
    options += [
        f"start on {long_day(after)} or later",
        "set policy.override with the name of who decides, and the reason",
    ]
    return ways_out(options)


def completion(c: Case) -> Iterator[Finding]:
    """Not complete, or complete but for some providers."""
    done = c.plan.all
    if done.day is None:
        yield Finding("complete.not_within_horizon", "error", done.reason, done.cure, "design 4.8")
    elif done.except_providers:
        yield Finding("complete.except", "error", done.reason, done.cure, "design 4.4")


def deadline(c: Case) -> Iterator[Finding]:
    """The deadline is missed, or at risk."""
    by = c.scenario.deadline
    if by is None:
        return
    done = c.plan.all.day
    if done is None:
        text = f"The deadline, {long_day(by)}, is missed: the plan is not complete by its last day."
        yield Finding("deadline.missed", "error", text, _in_time(c, by), "scenario")
    elif done > by:
        late = counted((done - by).days, "day")
        text = f"The plan is complete on {long_day(done)}, {late} after the deadline, {long_day(by)}."
        yield Finding("deadline.missed", "error", text, _in_time(c, by), "scenario")
    elif (chances := c.plan.uncertainty) and (chances.commit_all is None or chances.commit_all > by):
        safe = chances.commit_all
        can = f"only {long_day(safe)} can be promised" if safe else "no date within the plan can be promised"
        sure = whole_percent(sum(day <= by for day in chances.held) / chances.futures)
        text = (
            f"The deadline is {long_day(by)}, and the plan is expected to be complete on {long_day(done)}; "
            f"if providers hold growth as assumed, {can}: {sure} of the cases are in time."
        )
        yield Finding("deadline.at_risk", "warning", text, _in_time(c, by), OURS)


def _in_time(c: Case, by: date) -> str:
    """What makes it in time, each planned, with the same holds as the promise; else what helps, and by how much."""
    latest, judged = c.plan.latest_start, c.plan.uncertainty is not None
    options = [f"start by {long_day(latest.day)}"] if latest and latest.day and latest.day < c.start else []
    levers = [lever for lever in c.plan.levers if lever.all and lever.all <= by and not lever.struck]
    enough = [(lever, lever.promise if judged else lever.all) for lever in levers]
    good = sorted(
        ((lever, day) for lever, day in enough if day and day <= by),
        key=lambda one: (len(one[0].except_providers), bool(one[0].warning), one[1]),
    )
    for lever, day in good[:MOST_CURES]:
        advised = ", but not advised" if lever.warning else ""
        what = "can be promised for" if judged else "complete on"
        but = f", all but {c.bench.names_of(lever.except_providers)}" if lever.except_providers else ""
        options.append(f"{lever.text[:1].lower()}{lever.text[1:]} ({what} {long_day(day)}{but}{advised})")
    if options:
        return ways_out(options)
    helps = c.sooner()
    hint = f" (what helps but is not enough alone: {listing(helps)})" if helps else ""
    chances = c.plan.uncertainty
    to = chances.commit_all if chances else c.plan.all.day
    if c.plan.all.day is None:
        return f"No single change keeps it{hint}: first make the plan complete, then see what date can be promised."
    if to is None:
        return f"Move the deadline beyond {long_day(c.plan.last)}{hint}."
    return f"Move the deadline to {long_day(to)} or later{hint}."


def start_day(c: Case) -> Iterator[Finding]:
    """The weekday on which it starts."""
    start = c.start
    if start.weekday() not in (TUESDAY, WEDNESDAY):
        text = f"The start, {long_day(start)}, is a {_WEEKDAYS[start.weekday()]}."
        yield Finding(
            "start.weekday",
            "notice",
            text,
            "Start on a Tuesday or Wednesday: problems then show while people are at work.",
            "practice",
        )


def quick(c: Case) -> Iterator[Finding]:
    """Complete sooner than reputation settles."""
    done = c.plan.all.day
    nothing = all(one.recommended == 0 for one in c.plan.sizing)  # there is no ramp to speak of
    if done is None or c.head.problem.byoip or nothing or (done - c.start).days >= QUICK_DAYS:
        return
    days = counted((done - c.start).days, "day")
    yield Finding(
        "complete.quick",
        "notice",
        f"The plan is complete {days} after the start; SparkPost speaks of 4 to 8 weeks until delivery is at its best.",
        "Tell the customer that volume stops growing before reputation has settled.",
        "SparkPost plan",
    )


def peaks(c: Case) -> Iterator[Finding]:
    """Peaks that do not fit on the dedicated IPs, or lie beyond the plan."""
    for peak in c.plan.peaks:
        if not peak.fits:
            what = f"{peak.missing:,} of {counted(peak.messages, 'message')} of that day do not fit on dedicated IPs"
            text = f"{peak.name} on {long_day(peak.day)}: {what} and {_elsewhere(c, peak.day)}"
            yield Finding("peak.does_not_fit", "warning", sentence(text), _fit(peak), "design 4.7", peak.name)
    for one in c.scenario.calendar.peaks:
        late = [day for day in expand_days(one.days) if day > c.plan.last]
        if late:
            days = (max(late) - c.bench.supply.first).days + 1
            cure = f"Set policy.horizon_days = {days} to see it." if days <= LONGEST else "Plan it when it is nearer."
            text = f"{one.name} on {long_day(min(late))} lies after the last day of the plan, {long_day(c.plan.last)}"
            yield Finding("peak.beyond_plan", "notice", sentence(text), cure, "design 4.7", one.name)


def _elsewhere(c: Case, day: date) -> str:
    """Where the plan puts the rest of a peak."""
    mail = c.plan.messages
    rest = mail[(mail["origin"].dt.date == day) & (mail["destination"] != "dedicated")]
    where = set(rest.loc[~rest["limit"].isin(["control", "out-of-scope"]), "destination"])
    names = {"legacy": f"go to {c.legacy}", "overflow": "go to the overflow", "unplaced": "have no place"}
    return listing((text for key, text in names.items() if key in where), "or") or f"go to {c.legacy}"


def _fit(peak: PeakReady) -> str:
    if peak.spread_days:
        return f"Spread it over {peak.spread_days} days. {peak.note}"
    frozen = long_day(peak.day - timedelta(days=PEAK_FREEZE_BEFORE))
    larger = "" if peak.note else f", or send days as large as this one before growth freezes on {frozen}"
    rest = f"Leave the rest where the plan puts it{larger}."
    return f"No spread over up to {MOST_SPREAD} days makes it fit. {rest} {peak.note}".rstrip()


RULES = (near_peak, completion, deadline, start_day, quick, peaks)
