"""On which days a stream sends: daily, certain weekdays, every N days, monthly, or irregularly.

Recognised from the days on which it sent, not from volumes: a newsletter of any size on Tuesdays is a Tuesday stream.
The rules are of this project (there is no published source), and each threshold has a name below.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from warmup.traffic.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RECENT_WEEKS = 8
"""Weeks in which a weekday must be used in half of them to belong to the rhythm: short enough to follow a change."""

LEVEL_WEEKS = 13
"""Weeks whose sends give the level, and the longest look back for weekdays."""

HALF = 0.5
REGULAR = 0.7
"""Share of intervals that must fit an N-day rhythm longer than a week (first and third Tuesdays: 83 % are 14 days)."""

SHORT_REGULAR = 0.9
"""The same within a week, where a weekday rhythm is the likelier explanation …"""

SHORT_INTERVALS = 4
"""… and the number of intervals it takes."""

LOOK_BACK_SENDS = 6
"""Slow rhythms look back beyond :data:`LEVEL_WEEKS` for this many sends."""

STALE_DAYS = 14
"""A stream is stale when its last send lies further back than this and than two usual intervals."""

Kind = Literal["daily", "weekdays", "every", "monthly", "irregular", "none"]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NTH = ("first", "second", "third", "fourth", "fifth")
_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Rhythm:
    """When a stream sends.

    Attributes:
        kind: What was recognised; ``none``: it never sent.
        weekdays: Weekdays (0 = Monday) it is expected on; empty for a rhythm that has none.
        every: Days between sends (``every``), else 0.
        monthly: ``(0, day of month)`` (31: the last day) or ``(n, weekday)``: the n-th such weekday; None: not monthly.
        last_send: Day of the last send; None: none.
        gap_days: Usual number of days between two sends.
        sentence: ``"Tuesdays and Fridays"``, ``"every 14 days"``.
        sure: Whether it rests on at least three sends.
    """

    kind: Kind
    weekdays: tuple[int, ...]
    every: int
    monthly: tuple[int, int] | None
    last_send: date | None
    gap_days: float
    sentence: str
    sure: bool = True

    @property
    def by_interval(self) -> bool:
        """Whether the days follow from the last send or the month, not from the week."""
        return self.kind in ("every", "monthly")

    def send_days(self, days: Sequence[date]) -> NDArray[np.bool_]:
        """Which of some days are send days (all of them for an irregular stream: its level carries the rarity)."""
        if self.kind in ("daily", "weekdays"):
            return np.array([day.weekday() in self.weekdays for day in days], dtype=bool)
        if self.kind == "every" and self.last_send is not None:
            return np.array([(day - self.last_send).days % self.every == 0 for day in days], dtype=bool)
        if self.kind == "monthly" and self.monthly is not None:
            return np.array([_is_monthly(day, self.monthly) for day in days], dtype=bool)
        return np.full(len(days), self.kind == "irregular")


def sends_of(totals: NDArray[np.float64]) -> NDArray[np.intp]:
    """Indices of the days with a send; unknown days are none."""
    return np.flatnonzero(np.nan_to_num(totals) > 0)


def recognise(first: date, totals: NDArray[np.float64]) -> Rhythm:
    """The rhythm of one stream.

    Args:
        first: Day of ``totals[0]``.
        totals: Messages per day, test sends already 0; NaN is unknown.
    """
    sends = sends_of(totals)
    if not len(sends):
        return Rhythm("none", (), 0, None, None, 0.0, "sends nothing", sure=False)
    last = first + timedelta(int(sends[-1]))
    return (
        _monthly(first, sends, last)
        or _every(_intervals(totals, sends), last)
        or _weekdays(first, totals, sends, last)
        or _irregular(totals, sends, last)
    )


def window(totals: NDArray[np.float64], weeks: int) -> slice:
    """The last weeks up to the end (of a stale stream: up to its last send), not before the first send."""
    sends = sends_of(totals)
    if not len(sends):
        return slice(0, 0)
    end = int(sends[-1]) + 1 if is_stale(totals) else len(totals)
    return slice(max(int(sends[0]), end - 7 * weeks), end)


def is_stale(totals: NDArray[np.float64]) -> bool:
    """Whether the last send lies further back than its usual intervals explain."""
    sends = sends_of(totals)
    if not len(sends):
        return False
    usual = float(np.median(np.diff(sends[-4 * LEVEL_WEEKS :]))) if len(sends) > 1 else 7.0
    silent = totals[int(sends[-1]) + 1 :]
    return int((~np.isnan(silent)).sum()) > max(STALE_DAYS, 2 * usual)


def _intervals(totals: NDArray[np.float64], sends: NDArray[np.intp]) -> NDArray[np.intp]:
    """Recent intervals between sends; those with an unknown day in between say nothing."""
    recent = sends[sends > sends[-1] - 7 * LEVEL_WEEKS]
    if len(recent) < LOOK_BACK_SENDS:
        recent = sends[-LOOK_BACK_SENDS:]
    known = [not np.isnan(totals[a:b]).any() for a, b in pairwise(recent)]
    return np.asarray(np.diff(recent)[np.array(known, dtype=bool)])


def _every(intervals: NDArray[np.intp], last: date) -> Rhythm | None:
    """An N-day rhythm, if nearly all intervals are N days (or twice that: one send was left out)."""
    if not len(intervals):
        return None
    n = int(np.median(intervals) + 0.5)
    if n in (1, 7):
        return None
    if n < 7:
        fits = len(intervals) >= SHORT_INTERVALS and float(np.mean(intervals == n)) >= SHORT_REGULAR
    else:
        slack = max(1, round(n / 10))
        near = (np.abs(intervals - n) <= slack) | (np.abs(intervals - 2 * n) <= 2 * slack)
        fits = float(near.mean()) >= REGULAR
    if not fits:
        return None
    # The commonest interval is the rhythm's length; whole weeks keep their weekday.
    common = int(np.bincount(intervals).argmax())
    n = common if abs(common - n) <= 1 else n
    weekdays = (last.weekday(),) if n % 7 == 0 else ()
    sentence = f"every {n} days" + (f" ({WEEKDAYS[last.weekday()]}s)" if weekdays else "")
    return Rhythm("every", weekdays, n, None, last, float(n), sentence, sure=len(intervals) > 1)


def _monthly(first: date, sends: NDArray[np.intp], last: date) -> Rhythm | None:
    """One send a month, on a day of the month or on the n-th weekday; needs three months in a row."""
    days = [first + timedelta(int(n)) for n in sends[-LOOK_BACK_SENDS:]]
    months = [day.year * 12 + day.month for day in days]
    if len(days) < 3 or months != list(range(months[0], months[0] + len(months))):
        return None
    if len({day.day for day in days}) == 1:
        return _once_a_month((0, last.day), last, f"day {last.day}")
    if all((day + timedelta(1)).day == 1 for day in days):
        return _once_a_month((0, 31), last, "the last day")
    nth = (last.day - 1) // 7
    if all(day.weekday() == last.weekday() and (day.day - 1) // 7 == nth for day in days):
        return _once_a_month((nth + 1, last.weekday()), last, f"the {_NTH[nth]} {WEEKDAYS[last.weekday()]}")
    return None


def _once_a_month(monthly: tuple[int, int], last: date, on: str) -> Rhythm:
    weekdays = (monthly[1],) if monthly[0] else ()
    return Rhythm("monthly", weekdays, 0, monthly, last, _MONTH, f"monthly on {on}")


def _is_monthly(day: date, monthly: tuple[int, int]) -> bool:
    nth, which = monthly
    if nth:
        return day.weekday() == which and (day.day - 1) // 7 == nth - 1
    # The 31st falls on the last day of a shorter month.
    return day.day == which or (day.day < which and (day + timedelta(1)).day == 1)


def _weekdays(first: date, totals: NDArray[np.float64], sends: NDArray[np.intp], last: date) -> Rhythm | None:
    """Weekdays used in at least half of the recent weeks."""
    for weeks in (RECENT_WEEKS, LEVEL_WEEKS):
        used = _used(first, totals, window(totals, weeks))
        if used:
            kind: Kind = "daily" if len(used) == 7 else "weekdays"
            return Rhythm(kind, used, 0, None, last, 7 / len(used), name_weekdays(used), sure=len(sends) >= 3)
    return None


def _used(first: date, totals: NDArray[np.float64], part: slice) -> tuple[int, ...]:
    index = np.arange(part.start, part.stop)
    known = index[~np.isnan(totals[part])]
    weekday = (known + first.weekday()) % 7
    seen = np.bincount(weekday, minlength=7)
    sent = np.bincount(weekday, weights=(totals[known] > 0).astype(float), minlength=7)
    # Once in two weeks may be chance; twice is a habit. A stream younger than two weeks is judged by its one week.
    enough = np.minimum(2, seen) if sent.sum() > 2 else np.full(7, 2)
    return tuple(int(d) for d in range(7) if seen[d] and sent[d] >= HALF * seen[d] and sent[d] >= enough[d])


def _irregular(totals: NDArray[np.float64], sends: NDArray[np.intp], last: date) -> Rhythm:
    span = min(len(totals), 7 * LEVEL_WEEKS)
    count = int((sends >= len(totals) - span).sum())
    sentence = f"irregular, {counted(count, 'send')} in {counted(max(1, round(span / 7)), 'week')}"
    return Rhythm("irregular", (), 0, None, last, span / max(1, count), sentence, sure=False)


def name_weekdays(days: tuple[int, ...]) -> str:
    """``(1, 4)`` → ``Tuesdays and Fridays``."""
    if len(days) == 7:
        return "daily"
    if len(days) > 2 and days == tuple(range(len(days))):
        return f"Mondays to {WEEKDAYS[days[-1]]}s"
    names = [f"{WEEKDAYS[day]}s" for day in days]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
