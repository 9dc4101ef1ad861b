"""Dates of a scenario that contradict each other."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from warmup.scenario_file.flaws import Flaw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmup.scenario_file.facts import EventFacts, Facts

LONGEST = 730
"""Largest ``policy.horizon_days``."""


def check_dates(facts: Facts) -> Iterator[Flaw]:
    """Everything that is wrong with the order of dates."""
    yield from _ends(facts)
    yield from _deadline_in_sight(facts)
    yield from _starts(facts)
    yield from _pace(facts)
    yield from _days(facts)
    yield from _peaks_overlap(facts)


def _ends(facts: Facts) -> Iterator[Flaw]:
    for path, end in ((("deadline",), facts.deadline), (("legacy", "until"), facts.until)):
        if facts.start and end and end < facts.start:
            yield Flaw(path, f"{end} is before the start, {facts.start}", "correct one of the two")


def _deadline_in_sight(facts: Facts) -> Iterator[Flaw]:
    if not (facts.start and facts.deadline and facts.horizon_days):
        return
    needed = (facts.deadline - facts.start).days + 1
    if needed > facts.horizon_days:
        what = f"{facts.deadline} is day {needed} of the plan, but it looks {facts.horizon_days} days ahead"
        fix = f"set policy.horizon_days = {needed}" if needed <= LONGEST else "choose an earlier deadline"
        yield Flaw(("deadline",), what, fix)


def _starts(facts: Facts) -> Iterator[Flaw]:
    end = _last_day(facts)
    for pool in facts.pools:
        own = pool.start or facts.start
        path = (*pool.path, "start")
        if pool.start and facts.start and pool.start < facts.start:
            fix = "move the scenario's start, or this one"
            yield Flaw(path, f"{pool.start} is before the scenario's start, {facts.start}", fix)
        if pool.start and end and pool.start > end:
            yield Flaw(path, f"{pool.start} is after the plan's last day, {end}", "raise policy.horizon_days")
        for ip in pool.ips:
            if ip.start and own and ip.start < own:
                what = f"{ip.start} is before the pool's start, {own}"
                yield Flaw((*ip.path, "start"), what, "give the pool the earlier date, or this IP the later one")
            if ip.start and end and ip.start > end:
                what = f"{ip.start} is after the plan's last day, {end}"
                yield Flaw((*ip.path, "start"), what, "raise policy.horizon_days")


def _last_day(facts: Facts) -> date | None:
    if facts.start is None or facts.horizon_days is None or facts.horizon_days > LONGEST:
        return None
    return facts.start + timedelta(facts.horizon_days - 1)


def _pace(facts: Facts) -> Iterator[Flaw]:
    if facts.pace == "deadline" and not facts.names_deadline:
        fix = "add deadline = 2026-04-30 at the top, or give a pace between 0 and 1"
        yield Flaw(("policy", "pace"), 'is "deadline", but the scenario has none', fix)


def _days(facts: Facts) -> Iterator[Flaw]:
    """Days that cannot be two things at once.

    A silent day inside a longer freeze or holiday is no contradiction: silent wins. One that leaves nothing of it is.
    """
    for frozen in facts.freezes:
        if frozen and frozen <= facts.silent:
            what = f"{_listed(frozen)} also stands under silent: nothing is sent then, so there is nothing to freeze"
            yield Flaw(("calendar", "freeze"), what, "leave the day in one of the two lists")
    for holiday in facts.holidays:
        if holiday.factor and holiday.days and holiday.days <= facts.silent:
            what = f"{_listed(holiday.days)} is a silent day: nothing is sent then, but factor is {holiday.factor:g}"
            yield Flaw((*holiday.path, "days"), what, "take the day out of calendar.silent, or leave the holiday out")
    both = facts.silent & facts.legacy_only
    if both:
        what = f"{_listed(both)} also stands under silent: nothing is sent then, not even through legacy"
        yield Flaw(("calendar", "legacy_only"), what, "leave the day in one of the two lists")
    for peak in facts.peaks:
        if quiet := peak.days & facts.silent:
            what = f"{_listed(quiet)} is a silent day: the customer sends nothing then"
            yield Flaw((*peak.path, "days"), what, "take the day out of the peak or out of calendar.silent")
    if facts.until:
        late = frozenset(day for day in facts.legacy_only if day > facts.until)
        if late:
            what = f"{_listed(late)} is after the last day of legacy, {facts.until} (legacy.until)"
            yield Flaw(("calendar", "legacy_only"), what, "take the day out, or correct legacy.until")


def _peaks_overlap(facts: Facts) -> Iterator[Flaw]:
    """Two peaks that give one stream two volumes on one day."""
    marketing = frozenset(stream.name for stream in facts.streams if stream.name)
    for index, peak in enumerate(facts.peaks):
        for earlier in facts.peaks[:index]:
            shared = peak.days & earlier.days
            if shared and _streams(peak, marketing) & _streams(earlier, marketing):
                what = f'{_listed(shared)} is also a day of the peak "{earlier.name}" for the same stream'
                yield Flaw((*peak.path, "days"), what, "declare one volume for the day")


def _streams(peak: EventFacts, all_streams: frozenset[str]) -> frozenset[str]:
    return frozenset(word.text for word in peak.streams) or all_streams


def _listed(days: frozenset[date]) -> str:
    first = sorted(days)[:3]
    more = f" (and {len(days) - 3} more days)" if len(days) > 3 else ""
    return ", ".join(day.isoformat() for day in first) + more
