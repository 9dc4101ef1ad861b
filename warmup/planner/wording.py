"""Dates, numbers and sentences of the planner, the same on every system and in every locale."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

OURS = "worked out by this plan"
"""Source of what follows from the plan itself."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def short_day(day: date) -> str:
    """``3 Feb 2026``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def long_day(day: date) -> str:
    """``Tue 3 Feb 2026``."""
    return f"{_DAYS[day.weekday()]} {short_day(day)}"


def counted(number: int, one: str, many: str = "") -> str:
    """``1 day``, ``1,200 days``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """A share (0-1) as a percentage that is not rounded to another one: ``5 %``, ``2.5 %``, ``99.97 %``."""
    return f"{share * 100:.4g} %"


def whole_percent(share: float) -> str:
    """A share (0-1) that was counted from cases: ``16 %``."""
    return f"{share * 100:.0f} %"


def listing(items: Iterable[str], last: str = "and", most: int = 6) -> str:
    """``a``, ``a and b``, ``a, b and c``, ``a, b, c, d, e and 4 more``."""
    words = list(items)
    if len(words) > most:
        return f"{', '.join(words[: most - 1])} {last} {len(words) - most + 1:,} more"
    return f" {last} ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def sentence(text: str) -> str:
    """The text with a capital letter and a full stop."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}" if text else ""


def ways_out(options: Iterable[str]) -> str:
    """Several ways out as one sentence, ``Extend legacy; or agree an overflow.``; empty if there is none."""
    return sentence("; or ".join(options))
