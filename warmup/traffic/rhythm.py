"""On which days a stream sends: daily, certain weekdays, every N days, monthly, or irregularly.

Recognised from the days on which it sent, not from volumes: a newsletter of every size on Tuesdays is a Tuesday stream. The
rules are of this project (there is no published source) and each threshold has a name below.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RECENT_WEEKS = 8
"""Weeks in which a weekday must be used in half of them to belong to the rhythm: short enough to follow a change."""

LEVEL_WEEKS = 13
"""Weeks whose sends give the level, and the longest look back for weekdays."""

HALF = 0.5
TEST_SHARE = 0.01
"""A send below this share of a usual one is a test …"""
TEST_VOLUME = 0.02
"""… if all of them together are no more than this share of the volume."""
PEAK_FACTOR = 3.0
"""A send above this many times the median of its weekday was a peak."""
MIN_FOR_MEDIAN = 3
REGULAR = 0.7
"""Share of the intervals that must fit for an N-day rhythm of more than a week (first and third Tuesdays: 83 % are 14)."""
SHORT_REGULAR = 0.9
"""The same for an N-day rhythm within a week, where a weekday rhythm is the likelier explanation."""
LOOK_BACK_SENDS = 6
"""Slow rhythms look back beyond :data:`LEVEL_WEEKS` for this many sends."""

Kind = Literal["daily", "weekdays", "every", "monthly", "irregular", "none"]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NTH = ("first", "second", "third", "fourth", "fifth")


@dataclass(frozen=True)
class Rhythm:
    """When a stream sends.

    Attributes:
        kind: What was recognised; ``none``: it never sent.
        weekdays: Weekdays (0 = Monday) it is expected on; empty for a rhythm that has none.
        every: Days between sends (``every``, ``monthly``), else 0.
        monthly: ``(0, day of month)`` (31: the last day) or ``(n, weekday)`` for the n-th such weekday; None: not monthly.
        last_send: Day of the last send that counts; None: none.
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

    def send_days(self, days: Sequence[date]) -> NDArray[np.bool_]:
        """Which of some later days are send days (all days for an irregular stream: its level carries the rarity)."""
        if self.kind in ("daily", "weekdays"):
            return np.array([day.weekday() in self.weekdays for day in days], dtype=bool)
        if self.kind == "every" and self.last_send is not None:
            return np.array([(day - self.last_send).days % self.every == 0 for day in days], dtype=bool)
        if self.kind == "monthly" and self.monthly is not None:
            return np.array([_is_monthly(day, self.monthly) for day in days], dtype=bool)
        return np.full(len(days), self.kind == "irregular")


def is_test(totals: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Test sends: tiny beside a usual send (the size at which half of the volume is reached), and tiny together."""
    sends = np.nan_to_num(totals)
    order = np.argsort(sends)
    running = np.cumsum(sends[order])
    if not len(running) or running[-1] <= 0:
        return np.zeros(len(totals), dtype=bool)
    usual = sends[order][np.searchsorted(running, running[-1] / 2)]
    tiny = (sends > 0) & (sends < TEST_SHARE * usual)
    # Where tiny sends are much of the volume, it is the "usual" one that is unusual.
    return tiny if sends[tiny].sum() <= TEST_VOLUME * running[-1] else np.zeros(len(totals), dtype=bool)


def is_peak(first: date, totals: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Past peaks: more than :data:`PEAK_FACTOR` times the median send of the weekday (of all sends where it is rare)."""
    weekdays = (np.arange(len(totals)) + first.weekday()) % 7
    sends = np.nan_to_num(totals) > 0
    peaks = np.zeros(len(totals), dtype=bool)
    if sends.sum() < MIN_FOR_MEDIAN:
        return peaks
    overall = float(np.median(totals[sends]))
    for weekday in range(7):
        mine = sends & (weekdays == weekday)
        median = float(np.median(totals[mine])) if mine.sum() >= MIN_FOR_MEDIAN else overall
        peaks |= mine & (np.nan_to_num(totals) > PEAK_FACTOR * median)
    return peaks


def recognise(first: date, totals: NDArray[np.float64]) -> Rhythm:
    """The rhythm of one stream.

    Args:
        first: Day of ``totals[0]``.
        totals: Messages per day, tests already 0; NaN is unknown.
    """
    sends = np.flatnonzero(np.nan_to_num(totals) > 0)
    if not len(sends):
        return Rhythm("none", (), 0, None, None, 0.0, "sends nothing", sure=False)
    last = first + timedelta(int(sends[-1]))
    gaps = _gaps(totals, sends)
    return (
        _monthly(first, sends, last)
        or _every(gaps, last)
        or _weekdays(first, totals, sends, last)
        or _irregular(first, totals, sends, last)
    )


def window(totals: NDArray[np.float64], weeks: int) -> slice:
    """The last ``weeks`` weeks up to the last send (or the end, if that is near), from the first send on."""
    sends = np.flatnonzero(np.nan_to_num(totals) > 0)
    if not len(sends):
        return slice(0, 0)
    end = int(sends[-1]) + 1 if is_stale(totals) else len(totals)
    return slice(max(int(sends[0]), end - 7 * weeks, 0), end)


def is_stale(totals: NDArray[np.float64]) -> bool:
    """Whether the last send lies further back than any usual interval."""
    sends = np.flatnonzero(np.nan_to_num(totals) > 0)
    if not len(sends):
        return False
    usual = float(np.median(np.diff(sends))) if len(sends) > 1 else 7.0
    return len(totals) - 1 - int(sends[-1]) > max(14.0, 2.0 * usual)


def _gaps(totals: NDArray[np.float64], sends: NDArray[np.intp]) -> NDArray[np.intp]:
    """Recent intervals between sends; those with an unknown day in between say nothing."""
    recent = sends[sends > sends[-1] - 7 * LEVEL_WEEKS]
    if len(recent) < LOOK_BACK_SENDS:
        recent = sends[-LOOK_BACK_SENDS:]
    clean = [not np.isnan(totals[a:b]).any() for a, b in itertools.pairwise(recent)]
    return np.diff(recent)[np.array(clean, dtype=bool)]


def _every(gaps: NDArray[np.intp], last: date) -> Rhythm | None:
    """An N-day rhythm, if nearly all intervals are N days (or twice that: one was left out)."""
    if not len(gaps):
        return None
    n = int(np.median(gaps) + 0.5)
    if n in (1, 7):
        return None
    if n < 7:
        fits = len(gaps) >= 4 and float(np.mean(gaps == n)) >= SHORT_REGULAR
    else:
        slack = max(1, round(n / 10))
        near = (np.abs(gaps - n) <= slack) | (np.abs(gaps - 2 * n) <= 2 * slack)
        fits = float(near.mean()) >= REGULAR
    if not fits:
        return None
    # A rhythm of whole weeks keeps its weekday; the commonest interval is its length.
    common = int(np.bincount(gaps).argmax())
    n = common if abs(common - n) <= 1 else n
    weekdays = (last.weekday(),) if n % 7 == 0 else ()
    sentence = f"every {n} days" + (f" ({WEEKDAYS[last.weekday()]}s)" if weekdays else "")
    return Rhythm("every", weekdays, n, None, last, float(n), sentence, sure=len(gaps) > 1)


def _monthly(first: date, sends: NDArray[np.intp], last: date) -> Rhythm | None:
    """One send a month, on a day of the month or on the n-th weekday; needs three months in a row."""
    days = [first + timedelta(int(n)) for n in sends[-LOOK_BACK_SENDS:]]
    months = [day.year * 12 + day.month for day in days]
    if len(days) < 3 or months != list(range(months[0], months[0] + len(months))):
        return None
    if len({day.day for day in days}) == 1:
        return Rhythm("monthly", (), 30, (0, last.day), last, 30.4, f"monthly on day {last.day}")
    if all((day + timedelta(1)).day == 1 for day in days):
        return Rhythm("monthly", (), 30, (0, 31), last, 30.4, "monthly on the last day")
    if len({(day.weekday(), (day.day - 1) // 7) for day in days}) == 1:
        nth = (last.day - 1) // 7
        sentence = f"monthly on the {_NTH[nth]} {WEEKDAYS[last.weekday()]}"
        return Rhythm("monthly", (last.weekday(),), 30, (nth + 1, last.weekday()), last, 30.4, sentence)
    return None


def _is_monthly(day: date, monthly: tuple[int, int]) -> bool:
    nth, which = monthly
    if nth:
        return day.weekday() == which and (day.day - 1) // 7 == nth - 1
    return day.day == which or (day.day < which and (day + timedelta(1)).day == 1)


def _weekdays(first: date, totals: NDArray[np.float64], sends: NDArray[np.intp], last: date) -> Rhythm | None:
    """Weekdays used in at least half of the recent weeks."""
    for weeks in (RECENT_WEEKS, LEVEL_WEEKS):
        used = _used(first, totals, window(totals, weeks))
        if used:
            sure = len(sends) >= 3
            kind: Kind = "daily" if len(used) == 7 else "weekdays"
            return Rhythm(kind, used, 0, None, last, 7 / len(used), name_weekdays(used), sure)
    return None


def _used(first: date, totals: NDArray[np.float64], part: slice) -> tuple[int, ...]:
    index = np.arange(part.start, part.stop)
    known = index[~np.isnan(totals[part])]
    weekday = (known + first.weekday()) % 7
    seen = np.bincount(weekday, minlength=7)
    sent = np.bincount(weekday, weights=(totals[known] > 0).astype(float), minlength=7)
    # Once in two weeks may be chance; twice is a habit.
    enough = np.minimum(2, np.maximum(seen, 1))
    return tuple(
        int(day) for day in range(7) if seen[day] and sent[day] >= HALF * seen[day] and sent[day] >= enough[day]
    )


def _irregular(first: date, totals: NDArray[np.float64], sends: NDArray[np.intp], last: date) -> Rhythm:
    part = window(totals, LEVEL_WEEKS)
    count = int((np.nan_to_num(totals[part]) > 0).sum())
    span = max(1, len(totals) - part.start)
    sentence = "sent once" if len(sends) == 1 else f"irregular, {count} sends in {max(1, round(span / 7))} weeks"
    return Rhythm("irregular", (), 0, None, last, span / max(1, count), sentence, sure=False)


def name_weekdays(days: tuple[int, ...]) -> str:
    """``(1, 4)`` → ``Tuesdays and Fridays``."""
    if len(days) == 7:
        return "daily"
    if days == (0, 1, 2, 3, 4):
        return "Mondays to Fridays"
    if days == (0, 1, 2, 3, 4, 5):
        return "Mondays to Saturdays"
    names = [f"{WEEKDAYS[day]}s" for day in days]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
