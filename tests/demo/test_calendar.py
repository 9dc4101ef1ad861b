"""The example tells the same story whatever day it is made on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.demo.calendar import black_friday, days_for

TUESDAY, MONDAY, SUNDAY = 1, 0, 6
any_day = st.dates(date(2024, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("year", "day"), [(2024, (11, 29)), (2025, (11, 28)), (2026, (11, 27)), (2027, (11, 26)), (2029, (11, 23))]
)
def test_black_friday_is_the_day_after_thanksgiving(year, day):
    assert black_friday(year) == date(year, *day)


@given(any_day)
def test_the_start_leaves_time_to_prepare_and_to_finish_before_the_peak(today):
    days = days_for(today)
    assert days.start.weekday() == TUESDAY
    assert days.start - today >= timedelta(weeks=5)
    assert days.black_friday == black_friday(days.black_friday.year)
    assert timedelta(weeks=19) <= days.black_friday - days.start <= timedelta(weeks=28)


@given(any_day)
def test_it_starts_as_soon_as_these_two_rules_allow(today):
    start = days_for(today).start
    for weeks in range(1, 60):
        sooner = start - timedelta(weeks=weeks)
        to_peak = black_friday(sooner.year) - sooner
        assert sooner - today < timedelta(weeks=5) or not timedelta(weeks=19) <= to_peak <= timedelta(weeks=28)


@given(any_day)
def test_the_history_is_whole_weeks_that_are_over(today):
    days = days_for(today)
    assert days.history_first.weekday() == MONDAY
    assert days.history_last.weekday() == SUNDAY
    assert (days.history_last - days.history_first).days == 26 * 7 - 1
    assert timedelta(days=1) <= today - days.history_last <= timedelta(days=7)


@given(any_day)
def test_the_days_of_the_story_are_in_order(today):
    d = days_for(today)
    assert d.history_last < today < d.start < d.t_online < d.uncovered < d.deadline < d.legacy_until < d.black_friday
    assert d.black_friday < d.start + timedelta(days=d.horizon_days) <= d.start + timedelta(days=730)
