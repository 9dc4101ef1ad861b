"""``plan.ics``: pre-flight, milestones and sending days as calendar events.

All events are whole days: a plan counts days in the customer's time zone, and a day needs no zone to be the same
day in Google, Outlook and Apple. They do not block time. UIDs name *what* an event is, not when: after a re-plan the
same import moves a pre-flight item or a milestone and rewrites a sending day, instead of adding a second one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.report import daysheet
from warmup.report.guard import plain
from warmup.report.opening import milestone_line, milestones
from warmup.report.steps import preflight, takes_no_ip
from warmup.report.words import STATE_WORDS, day, few, lead, number, sourced

if TYPE_CHECKING:
    import pandas as pd

    from warmup.planner.plan import Plan, PreflightItem

EPOCH = date(2020, 1, 1)
"""SEQUENCE counts the days from here to the plan's creation: a later plan always supersedes an earlier one."""
REMIND = timedelta(hours=-15)
"""Pre-flight reminders: at 9:00 on the day before (15 hours before the day begins)."""
FILE_BUDGET = 700_000
"""Characters of all descriptions together: Google imports calendars of up to 1 MB."""
LONGEST_TEXT = 6_000
"""Characters of one description; Google cuts off above 8,192."""


@dataclass(frozen=True)
class Entry:
    """One event before it is written.

    Attributes:
        kind: ``pre-flight``, ``milestone`` or ``send``.
        key: What it is, the same in every re-plan.
        day: Its day.
        title: One line.
        text: Description; lines separated by a line feed.
        remind: Whether it has an alarm.
    """

    kind: str
    key: str
    day: date
    title: str
    text: str
    remind: bool = False


def write_ics(plan: Plan, path: str | Path) -> Path:
    """Write the plan's dates as an iCalendar file (RFC 5545).

    Args:
        plan: The plan.
        path: Where to write; an existing file is replaced.

    Returns:
        The path. The same plan gives the same bytes.
    """
    from icalendar import Calendar

    from warmup import __version__

    calendar = Calendar()
    name = plain(f"{'Migration' if takes_no_ip(plan) else 'IP warm-up'} {plan.scenario.customer}")
    calendar.add("prodid", f"-//ipwarmup//{__version__}//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)  # RFC 7986
    calendar.add("x-wr-calname", name)  # what Google, Outlook and Apple read
    calendar.add("x-wr-timezone", plan.scenario.timezone)
    for entry in entries(plan):
        calendar.add_component(_event(plan, entry))
    target = Path(path)
    target.write_bytes(calendar.to_ical())
    return target


def entries(plan: Plan) -> list[Entry]:
    """All events of a plan by day, from the day it was made: what must be done, what happens, what is sent.

    What is overdue stands on the day of the plan; what is done and what has passed is left out. Where the answer is no
    dedicated IP, nothing of the warm-up stands in it.
    """
    ranks = {"pre-flight": 0, "milestone": 1, "send": 2}
    every = [*_preflight(plan), *_milestones(plan), *_sending_days(plan)]
    return sorted(every, key=lambda entry: (entry.day, ranks[entry.kind], entry.key))


def _preflight(plan: Plan) -> Iterator[Entry]:
    for item in preflight(plan):
        if item.state == "done":
            continue  # nothing to do, so nothing to be reminded of
        late = item.due < plan.created
        title = f"{item.owner or 'TAM'}: {item.text}"
        if late:
            title = f"Overdue since {day(item.due)}: {title}"
        yield Entry("pre-flight", item.id, max(item.due, plan.created), title, _item_text(plan, item), remind=not late)


def _item_text(plan: Plan, item: PreflightItem) -> str:
    lines = [f"{lead(item.lead_days)} the first send on {day(plan.first)}."]
    lines.append(f"State: {STATE_WORDS.get(item.state, item.state)}. Owner: {item.owner or 'TAM'}.")
    if item.providers:
        names = few([daysheet.provider_label(plan, provider) for provider in item.providers])
        lines.append(f"While it is not done, nothing goes to {names} from the new IPs.")
    lines += [text for text in (item.why, f"Source: {sourced(item.source)}" if item.source else "") if text]
    return "\n".join(lines)


def _milestones(plan: Plan) -> Iterator[Entry]:
    seen: Counter[str] = Counter()
    for stone in sorted(milestones(plan), key=lambda m: (m.id, m.pool, m.provider, m.day)):
        key = "/".join((stone.id, stone.pool, stone.provider))
        seen[key] += 1
        if stone.day >= plan.created:
            yield Entry("milestone", f"{key}/{seen[key]}", stone.day, milestone_line(plan, stone), "")


def _sending_days(plan: Plan) -> Iterator[Entry]:
    if takes_no_ip(plan):
        return
    table = daysheet.rows(plan)
    table = table[table["date"] <= (plan.all.day or plan.last)]
    groups: Any = table.groupby("date", sort=True)
    days: list[tuple[date, pd.DataFrame]] = [(value, part) for value, part in groups if part["dedicated"].sum()]
    room = min(LONGEST_TEXT, FILE_BUDGET // max(1, len(days)))
    for ordinal, (value, part) in enumerate(days, 1):
        if value < plan.created:
            continue
        sent = int(part["dedicated"].sum())
        rest = int(part[["overflow", "legacy", "unplaced"]].to_numpy().sum())
        title = f"IP warm-up day {ordinal}: {number(sent)} on the new IPs, {number(rest)} elsewhere"
        yield Entry("send", value.isoformat(), value, title, _day_text(plan, part, room))


def _day_text(plan: Plan, part: pd.DataFrame, room: int) -> str:
    head = f"Send window {daysheet.window(plan)} ({plan.scenario.timezone}). Whatever is not listed goes via legacy."
    foot = "Threshold: on the new IPs if hash(recipient id) mod 10,000 is below it (SQL in the report)."
    cut = "… the rest of this day stands in plan.xlsx."
    lines, length = [head], len(head) + len(foot) + len(cut) + 3
    for line in (str(line) for line in daysheet.lines(plan, part)):
        length += len(line) + 1
        if length > room:
            lines.append(cut)
            break
        lines.append(line)
    return "\n".join([*lines, foot])


def _event(plan: Plan, entry: Entry) -> Any:
    from icalendar import Event

    event = Event()
    stamp = datetime.combine(plan.created, time(), tzinfo=UTC)
    event.add("uid", uid(plan.scenario.customer, entry.kind, entry.key))
    event.add("dtstamp", stamp)
    event.add("last-modified", stamp)
    event.add("sequence", max(0, (plan.created - EPOCH).days))
    event.add("dtstart", entry.day)
    event.add("dtend", entry.day + timedelta(days=1))
    event.add("summary", plain(entry.title))
    if entry.text:
        event.add("description", "\n".join(plain(line) for line in entry.text.split("\n")))
    event.add("categories", [entry.kind])
    event.add("transp", "TRANSPARENT")
    if entry.remind:
        event.add_component(_alarm(entry))
    return event


def _alarm(entry: Entry) -> Any:
    from icalendar import Alarm

    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", plain(entry.title))
    alarm.add("trigger", REMIND)
    return alarm


def uid(customer: str, kind: str, key: str) -> str:
    """The event's name for life: the same in every re-plan, another for another customer.

    For pre-flight items and milestones ``key`` holds no date, so that a re-plan moves them; a sending day *is* its
    date, and a re-plan rewrites it.
    """
    digest = hashlib.sha256("\x1f".join((customer, kind, key)).encode()).hexdigest()
    return f"{digest[:32]}@ipwarmup"
