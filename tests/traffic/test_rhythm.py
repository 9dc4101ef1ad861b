from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.traffic.oddities import is_peak, is_test
from warmup.traffic.rhythm import is_stale, recognise

if TYPE_CHECKING:
    from numpy.typing import NDArray

MONDAY = date(2025, 9, 1)


def totals(length: int, sends: Iterable[int], volume: float = 1000.0) -> NDArray[np.float64]:
    out = np.zeros(length)
    out[list(sends)] = volume
    return out


def by_weekday(weeks: int, *weekdays: int) -> list[int]:
    return [7 * week + day for week in range(weeks) for day in weekdays]


@pytest.mark.parametrize(
    ("sends", "length", "sentence"),
    [
        (range(28), 28, "daily"),
        (range(14), 14, "daily"),
        (by_weekday(13, 1), 91, "Tuesdays"),
        (by_weekday(2, 1), 14, "Tuesdays"),
        (by_weekday(13, 1, 4), 91, "Tuesdays and Fridays"),
        (by_weekday(2, 0, 3), 14, "Mondays and Thursdays"),
        (by_weekday(13, 0, 2, 4), 91, "Mondays, Wednesdays and Fridays"),
        (by_weekday(13, 0, 1, 2, 3, 4), 91, "Mondays to Fridays"),
        (by_weekday(13, 5, 6), 91, "Saturdays and Sundays"),
        (range(0, 91, 2), 91, "every 2 days"),
        (range(0, 91, 3), 91, "every 3 days"),
        (range(0, 91, 10), 91, "every 10 days"),
        (range(1, 91, 14), 91, "every 14 days (Tuesdays)"),
        (range(2, 120, 21), 120, "every 21 days (Wednesdays)"),
        (range(0, 180, 30), 180, "every 30 days"),
        ([0, 3, 4, 20, 45, 46, 70], 91, "irregular, 7 sends in 13 weeks"),
        ([40], 91, "irregular, 1 send in 13 weeks"),
        ([], 91, "sends nothing"),
    ],
)
def test_rhythms(sends, length, sentence):
    assert recognise(MONDAY, totals(length, sends)).sentence == sentence


@pytest.mark.parametrize("skipped", [3, 8, 11])
def test_a_skipped_send_does_not_change_the_rhythm(skipped):
    weekly = [day for n, day in enumerate(by_weekday(13, 1)) if n != skipped]
    assert recognise(MONDAY, totals(91, weekly)).weekdays == (1,)
    fortnightly = [day for n, day in enumerate(range(0, 182, 14)) if n != skipped]
    assert recognise(MONDAY, totals(182, fortnightly)).every == 14


def test_a_change_of_weekday_is_followed_within_eight_weeks():
    moved = [*by_weekday(8, 1), *(7 * week + 2 for week in range(8, 13))]
    assert recognise(MONDAY, totals(91, moved)).weekdays == (2,)


def test_volume_plays_no_part():
    series = totals(91, by_weekday(13, 1))
    series[8] *= 50
    assert recognise(MONDAY, series).weekdays == (1,)


def months(*days: date) -> list[int]:
    return [(day - MONDAY).days for day in days]


def test_monthly_on_a_day_or_a_weekday():
    same_day = recognise(MONDAY, totals(130, months(*(date(2025, m, 15) for m in (9, 10, 11, 12)))))
    assert same_day.sentence == "monthly on day 15"
    january = [date(2026, 1, 1) + timedelta(n) for n in range(59)]
    assert [day for day, yes in zip(january, same_day.send_days(january), strict=True) if yes] == [
        date(2026, 1, 15),
        date(2026, 2, 15),
    ]
    first_tuesday = recognise(MONDAY, totals(130, months(date(2025, 9, 2), date(2025, 10, 7), date(2025, 11, 4))))
    assert first_tuesday.sentence == "monthly on the first Tuesday"
    assert [day for day, yes in zip(january, first_tuesday.send_days(january), strict=True) if yes] == [
        date(2026, 1, 6),
        date(2026, 2, 3),
    ]
    last = recognise(MONDAY, totals(130, months(date(2025, 9, 30), date(2025, 10, 31), date(2025, 11, 30))))
    assert last.sentence == "monthly on the last day"
    assert last.send_days([date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 28)]).tolist() == [False, True, False]


@given(st.integers(8, 45).filter(lambda n: n % 7), st.integers(0, 6))
def test_every_n_days_goes_on_from_the_last_send(n, start):
    sends = list(range(start, start + 5 * n, n))
    rhythm = recognise(MONDAY, totals(sends[-1] + 3, sends))
    later = [MONDAY + timedelta(sends[-1] + k) for k in range(1, 3 * n + 1)]
    if rhythm.kind == "every":  # a month's length may be read as a month
        assert np.flatnonzero(rhythm.send_days(later)).tolist() == [n - 1, 2 * n - 1, 3 * n - 1]
    else:
        assert rhythm.kind == "monthly"


@given(st.sets(st.integers(0, 6), min_size=1))
def test_any_set_of_weekdays_is_recognised(weekdays):
    rhythm = recognise(MONDAY, totals(91, by_weekday(13, *weekdays)))
    assert rhythm.weekdays == tuple(sorted(weekdays))
    assert rhythm.gap_days == pytest.approx(7 / len(weekdays))


@given(st.lists(st.one_of(st.just(float("nan")), st.just(0.0), st.floats(1, 1e9)), min_size=1, max_size=120))
def test_anything_has_a_rhythm(series):
    rhythm = recognise(MONDAY, np.array(series))
    assert rhythm.send_days([MONDAY + timedelta(n) for n in range(100)]).shape == (100,)
    assert rhythm.sentence


def test_unknown_days_are_no_evidence():
    series = totals(91, by_weekday(13, 1))
    series[40:60] = np.nan
    assert recognise(MONDAY, series).weekdays == (1,)


def test_stale():
    assert is_stale(totals(91, range(60)))
    assert not is_stale(totals(91, range(80)))
    assert not is_stale(totals(91, range(0, 71, 14)))
    series = totals(91, range(60))
    series[60:] = np.nan
    assert not is_stale(series)


def test_tests_are_tiny_beside_the_volume_and_together():
    series = totals(91, by_weekday(13, 1), 100_000)
    series[[0, 7, 14]] = 20
    assert np.flatnonzero(is_test(series)).tolist() == [0, 7, 14]
    # One enormous day among small ones does not make the small ones tests.
    assert not is_test(np.array([100.0] * 30 + [50_000.0])).any()
    assert not is_test(np.zeros(5)).any()


def test_peaks_stand_out_from_their_weekday():
    series = np.tile([300.0, 300, 300, 300, 300, 20, 20], 13)
    series[26] = 90  # a Saturday: more than its median, less than a weekday
    series[31] = 1000
    assert np.flatnonzero(is_peak(MONDAY, series)).tolist() == [26, 31]
    assert not is_peak(MONDAY, totals(91, [3, 40])).any()
