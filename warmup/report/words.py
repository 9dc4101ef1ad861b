"""Numbers, dates and the plan's terms in plain English.

Everything a customer reads goes through here, so that a date looks the same in a sentence, a table and a chart:
``Tue 3 Feb 2026``, ``between 12 and 20 May 2026``, ``1,250,000``, ``12 %``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warmup.planner.plan import SizeRow, Sizing

OUR_RULE = "this tool's rule"
"""Source of what we decided ourselves."""

NB = "\u00a0"
"""A space at which a line does not break."""

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FULL_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

LIMIT_WORDS: dict[str, tuple[str, str]] = {
    "legacy-only": ("legacy-only day", "everything stays on legacy that day, by decision"),
    "readiness": ("not ready", "an open item of the pre-flight list keeps this provider closed"),
    "freeze": ("no growth", "no growth is allowed that day, around a peak or by decision"),
    "capacity": ("capacity", "the IPs carry no more on one day"),
    "ceiling": ("provider's ceiling", "this mailbox provider has a starting ceiling"),
    "identity": ("new sender name", "a new From or signing domain has to earn trust of its own"),
    "tier": ("audience not open yet", "less engaged recipients join later"),
    "hold": ("hold", "the level is held until enough has been sent on it"),
    "memory": ("too rarely sent", "the IPs cool down in the many days between two sends"),
    "ramp": ("ramp", "the published ramp allows no more yet"),
    "supply": ("nothing more due", "nothing more is due"),
    "control": ("control group", "a group is held back on legacy on purpose, to compare"),
    "out-of-scope": ("left out", "recipients are left out of the migration by decision"),
}
"""Per limit of the plan (design 4.9): two or three words for a table, and a clause that fits after "because"."""

WAITING_WORDS: dict[str, tuple[str, str]] = {
    "not-started": ("IPs start later", "the IPs of its pool start later"),
    "critical": ("critical mail waits", "critical mail joins after 14 sending days of its IPs"),
}
"""The same for what the report tells apart where the plan has one limit for two things."""

DESTINATION_WORDS = {
    "dedicated": "new dedicated IPs",
    "overflow": "new platform's overflow",
    "legacy": "legacy platform",
    "stays": "stays on legacy by decision",
    "unplaced": "no place found",
}

STATE_WORDS = {
    "done": "Done",
    "due": "Due",
    "not done": "Not done",
    "assumed": "Assumed done by its date",
    "closed": "Not confirmed: stays closed",
}


def as_date(value: date | datetime) -> date:
    """The calendar day of a date, a datetime or a pandas timestamp."""
    return value.date() if isinstance(value, datetime) else value


def number(value: float) -> str:
    """A whole number with thousands separators: ``1,250,000``."""
    return f"{round(value):,}"


def short_number(value: float) -> str:
    """A number for an axis or a slide: ``1.2 M``, ``45 k``, ``800``."""
    for size, unit in ((1_000_000_000, "bn"), (1_000_000, "M"), (1_000, "k")):
        if abs(value) >= size:
            scaled = value / size
            text = f"{scaled:.0f}" if scaled >= 10 or scaled == int(scaled) else f"{scaled:.1f}"
            return f"{text}{NB}{unit}"
    return f"{value:.0f}"


def percent(share: float, digits: int = 0) -> str:
    """A share of 1 as a percentage; never a rounded 0 or 100 that is not one."""
    if 0 < share <= 0.5 * 10 ** -(digits + 2):
        return f"under {10**-digits:g}{NB}%"
    if 1 - 0.5 * 10 ** -(digits + 2) <= share < 1:
        return f"over {100 - 10**-digits:g}{NB}%"
    return f"{100 * share:.{digits}f}{NB}%"


def day(value: date, year: bool = True, nb: bool = False) -> str:
    """``Tue 3 Feb 2026``; without the year where a heading already gives it."""
    value = as_date(value)
    text = f"{WEEKDAYS[value.weekday()]} {value.day} {MONTHS[value.month - 1]}"
    text = f"{text} {value.year}" if year else text
    return text.replace(" ", NB) if nb else text


def dates(*values: date) -> tuple[str, ...]:
    """Days for one sentence: the year stands at the first, and again only where it changes.

    >>> dates(date(2027, 7, 30), date(2027, 8, 20))
    ('Fri 30 Jul 2027', 'Fri 20 Aug')
    """
    earlier = (None, *values)
    return tuple(
        day(v, year=before is None or v.year != before.year) for before, v in zip(earlier, values, strict=False)
    )


def day_month(value: date) -> str:
    """``3 Feb`` for axes."""
    value = as_date(value)
    return f"{value.day} {MONTHS[value.month - 1]}"


def span(first: date, last: date) -> str:
    """``between 12 and 20 May 2026``, ``between 28 April and 3 May 2026``, ``on 12 May 2026``."""
    first, last = as_date(first), as_date(last)
    end = f"{last.day} {FULL_MONTHS[last.month - 1]} {last.year}"
    if first == last:
        return f"on {end}"
    start = str(first.day)
    if (first.year, first.month) != (last.year, last.month):
        start += f" {FULL_MONTHS[first.month - 1]}"
    if first.year != last.year:
        start += f" {first.year}"
    return f"between {start} and {end}"


def clock(value: time) -> str:
    """``09:00``."""
    return f"{value:%H:%M}"


def count(n: int, one: str, many: str = "") -> str:
    """``1 IP``, ``4 IPs``, ``1,200 messages``; the plural adds an s unless given."""
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


def listing(items: Iterable[str], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    words = list(items)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def few(items: Sequence[str], most: int = 4) -> str:
    """The first ``most`` items and how many more there are."""
    if len(items) <= most + 1:
        return listing(items)
    return f"{', '.join(items[:most])} and {len(items) - most} more"


def in_time(share: float | None) -> str:
    """The share of cases that are in time; a dash where none were drawn."""
    return "–" if share is None else percent(share)


def size_date(row: SizeRow, done: date | None) -> str:
    """When a number of IPs would be complete; none: another answer than a date is asked for.

    Without an IP nothing ramps, and what does not carry the largest day never becomes a plan.
    """
    if not row.ips:
        return "shared pool"
    if row.capacity_share > 1:
        return "–"
    return day(done) if done else "not complete"


def verdict(sizing: Sizing, row: SizeRow) -> str:
    """What to think of a number of IPs; where none is enough, none is recommended."""
    return "planned" if row.verdict == "recommended" and not sizing.enough else row.verdict


def lead(days: int) -> str:
    """How long before the first send: ``14 days before``; negative days are after it."""
    return f"{count(abs(days), 'day')} {'before' if days >= 0 else 'after'}"


def change(days: int | None) -> str:
    """A change of a date in words: ``7 days sooner``, ``2 days later``, ``same day``, ``–``."""
    if days is None:
        return "–"
    if days == 0:
        return "same day"
    return f"{count(abs(days), 'day')} {'sooner' if days < 0 else 'later'}"


def signed(n: int) -> str:
    """``+1,200``, ``−800``, ``±0``: with a real minus sign."""
    if n == 0:
        return "±0"
    return f"+{number(n)}" if n > 0 else f"−{number(-n)}"


def limit_name(limit: str) -> str:
    """The limit in two or three words; an unknown one as it is."""
    return (LIMIT_WORDS | WAITING_WORDS).get(limit, (limit, ""))[0]


def limit_meaning(limit: str) -> str:
    """What the limit means; empty for an unknown one."""
    return (LIMIT_WORDS | WAITING_WORDS).get(limit, ("", ""))[1]


_OUR_RULE = re.compile(r"\bdesign(?: of this planner| \d+(?:\.\d+)*)", re.IGNORECASE)


def sourced(source: str) -> str:
    """A source as a reader understands it: what the plan found out itself, and our own rules, are said in words.

    >>> sourced("design 4.7")
    "this tool's rule"
    """
    return "worked out by this plan" if source.strip().lower() == "this plan" else _OUR_RULE.sub(OUR_RULE, source)


def closed(text: str) -> str:
    """A text with a full stop, unless it has an end of its own."""
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."


def visible(text: str) -> str:
    r"""The text with everything unprintable made visible (``\u202e``), so that no name can turn a line around."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t\u00a0\u202f" else f"\\u{ord(c):04x}" for c in text)


def known_part(unknown: float) -> str:
    """How much mail goes where no mailbox provider is known (0-1), as a sentence."""
    if unknown == 0:
        return "All messages go to mailbox providers that are known."
    share = percent(unknown, 1) if unknown >= 0.0005 else "Less than 0.1 %"
    return f"{share} of the messages go to names that no mailbox provider is known for."
