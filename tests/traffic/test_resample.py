from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.traffic.build import MONDAY, days, predicted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from warmup.traffic.forecast import Forecast
    from warmup.traffic.supply import Supply

WEEKS = 14


def week_of(day: date) -> int:
    return (day - MONDAY).days // 7


def varied(weekday_only: int | None = None, factor: int = 1) -> dict[date, int]:
    """Volumes that tell the week (thousands) and the weekday (units) they come from, all on about one level."""
    return {
        day: factor * (100_000 + 1000 * (1 + week_of(day)) + day.weekday())
        for day in days(7 * WEEKS)
        if weekday_only is None or day.weekday() == weekday_only
    }


def futures_of(result: Forecast, number: int, seed: int = 1) -> Supply:
    futures = result.resample(number, seed)
    assert futures is not None
    return futures


def drawn(futures: Supply, stream: str) -> NDArray[np.int64]:
    return np.asarray(futures.messages[:, :, futures.streams.index(stream)].sum(axis=(2, 3)))


def test_whole_weeks_all_streams_together_on_their_weekdays(tmp_path):
    result = predicted(tmp_path, {"news": varied(1, 10), "receipts": varied()}, days=63, first=date(2026, 1, 7))
    futures = futures_of(result, 50, 3)
    receipts, news = drawn(futures, "receipts"), drawn(futures, "news")
    weekday = np.array([day.weekday() for day in futures.dates])
    monday = np.array([(day - timedelta(day.weekday())).toordinal() for day in futures.dates])
    # Rounding to provider shares leaves a message of tolerance.
    assert (np.abs(receipts % 1000 - weekday) <= 2).all()
    source = receipts // 1000 - 100
    for start in np.unique(monday):
        week = source[:, monday == start]
        assert (week == week[:, :1]).all()
    tuesdays = weekday == 1
    assert (news[:, ~tuesdays] == 0).all()
    assert (np.abs(news[:, tuesdays] - 10 * receipts[:, tuesdays]) <= 20).all()
    assert set(np.unique(source)) <= set(range(2, WEEKS + 1))
    assert len(np.unique(source)) > 8
    assert result.supply.history_weeks == 13


def test_equal_seeds_give_equal_futures_and_others_do_not(tmp_path):
    result = predicted(tmp_path, {"news": varied()})
    assert np.array_equal(futures_of(result, 5, 1).messages, futures_of(result, 5, 1).messages)
    assert not np.array_equal(futures_of(result, 5, 1).messages, futures_of(result, 5, 2).messages)


def test_the_mean_of_the_futures_is_the_expected_one(tmp_path):
    result = predicted(
        tmp_path, {"news": varied(1), "receipts": varied()}, days=70, first=MONDAY + timedelta(7 * WEEKS)
    )
    mean = futures_of(result, 2000, 5).messages.mean(axis=0)
    expected = result.supply.messages[0]
    assert mean.sum(axis=(0, 2, 3)) == pytest.approx(expected.sum(axis=(0, 2, 3)), rel=0.02)


def test_n_day_streams_keep_their_days_and_draw_sizes(tmp_path):
    sends = {day: 100_000 + 1000 * n for n, day in enumerate(days(7 * WEEKS)[::10])}
    result = predicted(tmp_path, {"news": sends, "receipts": varied()})
    news = drawn(futures_of(result, 200, 1), "news")
    expected = result.supply.messages[0, :, 0].sum(axis=(1, 2)) > 0
    assert np.array_equal((news > 0).all(axis=0), expected)
    assert (news[:, ~expected] == 0).all()
    assert set(np.unique(news[:, expected])) <= set(sends.values())
    assert len(np.unique(news[:, expected])) > 5


def test_no_futures_below_eight_weeks(tmp_path):
    result = predicted(tmp_path, {"news": days(7 * 7 + 6)})
    assert result.supply.history_weeks == 7
    assert result.resample(10, 1) is None
    assert predicted(tmp_path, {"news": days(7 * 8)}).resample(10, 1) is not None


def test_partial_weeks_at_both_ends_are_not_drawn(tmp_path):
    sends = dict.fromkeys(days(7 * 9 + 5, MONDAY - timedelta(3)), 10000)
    result = predicted(tmp_path, {"news": sends})
    assert result.supply.history_weeks == 9
    assert set(np.unique(drawn(futures_of(result, 50, 1), "news"))) == {10_000}


def test_past_peaks_do_not_return_but_declared_ones_come(tmp_path):
    sends = {day: 90_000 if day == date(2025, 11, 28) else 10_000 for day in days(7 * WEEKS)}
    calendar = {
        "silent": ["2026-01-07"],
        "holidays": [{"days": ["2026-01-08"], "factor": 0.5}],
        "peaks": [
            {"name": "x", "days": ["2026-01-09"], "factor": 2},
            {"name": "y", "days": ["2026-01-10"], "messages": 9},
        ],
    }
    futures = futures_of(predicted(tmp_path, {"news": sends}, calendar=calendar), 40, 1)
    news = drawn(futures, "news")
    assert [np.unique(news[:, n]).tolist() for n in range(7)] == [
        [10_000],
        [10_000],
        [0],
        [5000],
        [20_000],
        [9],
        [10_000],
    ]
    assert np.unique(news[:, 7:]).tolist() == [10_000]


def test_a_young_stream_is_not_drawn_as_absent(tmp_path):
    young = {day: 5000 for day in days(7 * WEEKS) if day.weekday() == 2 and week_of(day) >= 10}
    result = predicted(tmp_path, {"news": young, "receipts": varied()})
    news = drawn(futures_of(result, 100, 1), "news")
    wednesdays = np.array([day.weekday() == 2 for day in result.supply.dates])
    assert (news[:, wednesdays] == 5000).all()
    assert (news[:, ~wednesdays] == 0).all()
    assert result.supply.history_weeks == 13


def test_a_stream_without_volume_stays_so(tmp_path):
    sends = {"news": dict.fromkeys(days(7 * WEEKS), 0), "receipts": varied()}
    calendar = {"peaks": [{"name": "x", "days": ["2026-01-09"], "messages": 500, "streams": ["news"]}]}
    result = predicted(tmp_path, sends, calendar=calendar)
    assert (drawn(futures_of(result, 5, 1), "news") == drawn(futures_of(result, 1, 1), "news")).all()
