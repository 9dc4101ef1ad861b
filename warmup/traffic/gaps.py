"""Days that an export should cover and does not: unknown, not 0."""

from __future__ import annotations

from datetime import date, timedelta

DENSE = 0.75
"""A weekday with rows in this share of an export's weeks should always have them; without rows it is a gap."""

DAILY = 5
"""Weekdays with rows from which an export is a daily one: weeks without any row are then gaps too."""


def gaps_in(present: frozenset[date]) -> tuple[date, ...]:
    """Days without any row on weekdays that nearly always have some."""
    first, last = min(present), max(present)
    span = [first + timedelta(n) for n in range((last - first).days + 1)]
    # A long outage must not make its own weekdays look rare, so weeks without rows count only where sending is rare.
    active = {_week(day) for day in present}
    expected = _expected([day for day in span if _week(day) in active], present)
    if len(expected) < DAILY:
        expected = _expected(span, present)
    return tuple(day for day in span if day not in present and day.weekday() in expected)


def _week(day: date) -> int:
    return (day.toordinal() - 1) // 7


def _expected(span: list[date], present: frozenset[date]) -> frozenset[int]:
    """Weekdays that have rows in nearly all weeks, if there were two of them."""
    mine: dict[int, list[bool]] = {}
    for day in span:
        mine.setdefault(day.weekday(), []).append(day in present)
    return frozenset(weekday for weekday, had in mine.items() if len(had) > 1 and sum(had) >= DENSE * len(had))
