"""The days of the example customer, so that its plan tells the same story on whatever day it is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

HISTORY_WEEKS = 26
LEAD = timedelta(weeks=5)
"""From today to the start: the longest lead time of a migration is 30 days (legacy's end, suppressions)."""

TO_PEAK = timedelta(weeks=19), timedelta(weeks=28)
"""From the start to Black Friday: long enough to be complete and to prove it, short enough to see both in one chart."""

TUESDAY, THURSDAY, SUNDAY = 1, 3, 6


@dataclass(frozen=True)
class Days:
    """Days of the example, all derived from the day it is made on.

    Attributes:
        made: The day it is made on.
        history_first, history_last: A Monday and a Sunday, 26 whole weeks; the last one before ``made``.
        start: A Tuesday, five weeks ahead or more.
        t_online: Monday two weeks after the start: T-Online confirms the new IPs.
        uncovered: A day in the ramp on which nobody watches: nothing grows.
        deadline: By when the migration must be complete.
        legacy_until: Last day of the old contract.
        black_friday: The day after Thanksgiving, the first that leaves time for the migration.
        horizon_days: From the start to two weeks after Black Friday.
    """

    made: date
    history_first: date
    history_last: date
    start: date
    t_online: date
    uncovered: date
    deadline: date
    legacy_until: date
    black_friday: date
    horizon_days: int


def days_for(today: date) -> Days:
    """The days of an example made on ``today``."""
    last = today - timedelta(days=1)
    history_last = last - timedelta(days=(last.weekday() - SUNDAY) % 7)
    start, peak = _start(today)
    return Days(
        made=today,
        history_first=history_last - timedelta(weeks=HISTORY_WEEKS) + timedelta(days=1),
        history_last=history_last,
        start=start,
        t_online=start + timedelta(days=13),
        uncovered=start + timedelta(days=16),
        deadline=start + timedelta(weeks=14, days=-1),
        legacy_until=start + timedelta(weeks=17, days=-1),
        black_friday=peak,
        horizon_days=(peak - start).days + 15,
    )


def _start(today: date) -> tuple[date, date]:
    """The first Tuesday that has its lead time before it and Black Friday at the right distance, and that day."""
    soonest = today + LEAD
    peak = black_friday(soonest.year)
    start = _next(max(soonest, peak - TO_PEAK[1]), TUESDAY)
    if peak - start >= TO_PEAK[0]:
        return start, peak
    peak = black_friday(soonest.year + 1)
    return _next(max(soonest, peak - TO_PEAK[1]), TUESDAY), peak


def _next(day: date, weekday: int) -> date:
    """``day`` itself, or the next such weekday."""
    return day + timedelta(days=(weekday - day.weekday()) % 7)


def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    return _next(date(year, 11, 1), THURSDAY) + timedelta(weeks=3, days=1)
