"""A level that moved, providers that came and went: what is planned, and that it is said."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from tests.traffic.build import MONDAY, SHARES, days, predicted, rows, scenario, write
from warmup.traffic.forecast import Forecast, forecast

START = date(2026, 1, 5)
LAST = MONDAY + timedelta(111)
EVERY = days(112)


def level(result: Forecast, stream: str = "news") -> int:
    """Messages of the first Tuesday."""
    supply = result.supply
    return int(supply.messages[0, 1, supply.streams.index(stream)].sum())


def moves(result: Forecast) -> list[str]:
    return [note.text for note in result.supply.notes if "level moved" in note.text]


def said(result: Forecast) -> str:
    return " | ".join(note.text for note in result.supply.notes)


def stepped(weeks: int, old: int, new: int, every: list[date] = EVERY) -> dict[date, int]:
    """A step so many weeks before the end."""
    return {day: new if day > LAST - timedelta(7 * weeks) else old for day in every}


@pytest.mark.parametrize("weeks", [4, 6, 9])
@pytest.mark.parametrize(("old", "new"), [(10_000, 14_000), (10_000, 60_000), (10_000, 6_000), (50_000, 5_000)])
def test_the_last_four_weeks_give_a_level_that_moved(tmp_path, weeks, old, new):
    result = predicted(tmp_path, {"news": stepped(weeks, old, new)})
    assert level(result) == new
    assert f"about {new:,} messages a send day" in said(result) or new * 3 < old  # then the old level reads as peaks


def test_a_smaller_change_keeps_the_mean(tmp_path):
    result = predicted(tmp_path, {"news": stepped(4, 10_000, 12_500)})
    assert level(result) == pytest.approx((9 * 10_000 + 4 * 12_500) / 13, rel=0.001)
    assert not moves(result)


def test_a_weekly_stream_and_one_every_ten_days(tmp_path):
    weekly = stepped(5, 10_000, 20_000, [day for day in EVERY if day.weekday() == 1])
    tenth = EVERY[::10]
    slow = {day: 40_000 if n < len(tenth) - 4 else 10_000 for n, day in enumerate(tenth)}
    result = predicted(tmp_path, {"news": weekly, "slow": slow, "base": EVERY})
    assert level(result) == 20_000
    assert result.supply.messages[0, :, 1].sum(axis=(1, 2)).max() == 10_000
    assert len(moves(result)) == 2


@pytest.mark.parametrize("size", [29_000, 90_000])
def test_campaign_days_are_no_move(tmp_path, size):
    friday = date(2025, 12, 12)
    result = predicted(tmp_path, {"news": {day: size if day == friday else 10_000 for day in EVERY}})
    assert not moves(result)
    weekly = {day: size if day == date(2025, 12, 9) else 10_000 for day in EVERY if day.weekday() == 1}
    assert not moves(predicted(tmp_path, {"news": weekly, "base": EVERY}))


def test_weeks_that_scatter_are_no_move(tmp_path):
    noise = np.random.default_rng(7)
    wrong = 0
    for _ in range(20):
        sizes = {day: round(10_000 * float(noise.lognormal(0, 0.2))) for day in EVERY if day.weekday() == 1}
        wrong += len(moves(predicted(tmp_path, {"news": sizes, "base": EVERY})))
    assert wrong <= 2


def test_unknown_days_are_no_move(tmp_path):
    lines = rows("news", EVERY)
    write(
        tmp_path,
        [line.rsplit(",", 1)[0] + "," if line > "2025-12-08" and line < "2025-12-18" else line for line in lines],
    )
    result = forecast(scenario(tmp_path), today=START, days=30)
    assert level(result) == 10_000
    assert not moves(result)


def test_futures_are_on_the_level_that_is_planned(tmp_path):
    sizes = {day: size + 100 * ((day - MONDAY).days // 7) for day, size in stepped(5, 10_000, 20_000).items()}
    result = predicted(tmp_path, {"news": sizes}, days=70)
    futures = result.resample(400, 1)
    assert futures is not None
    drawn = futures.messages[:, :, 0].sum(axis=(2, 3))
    assert drawn.mean() == pytest.approx(result.supply.messages.sum() / 70, rel=0.01)
    assert drawn.min() > 18_000
    assert len(np.unique(drawn)) > 8  # the ups and downs of the earlier weeks are kept


# -- providers ----------------------------------------------------------------------------------------------------


def without(domain: str, when: list[date], zero: bool = False) -> list[str]:
    """Daily mail, with none to one domain on some days: no row, or a 0."""
    gone = {f"{day},{domain}," for day in when}
    lines = rows("news", EVERY)
    kept = [line for line in lines if not any(line.startswith(start) for start in gone)]
    return kept + [f"{start}news,0" for start in sorted(gone)] if zero else kept


def by_provider(result: Forecast) -> dict[str, int]:
    supply = result.supply
    return dict(zip(supply.providers, supply.messages[0, 1, 0].sum(axis=1).tolist(), strict=True))


@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("gone", [3, 30])
def test_a_provider_that_stopped_is_said_and_not_planned(tmp_path, gone, zero):
    write(tmp_path, without("yahoo.com", EVERY[-gone:], zero))
    result = forecast(scenario(tmp_path), today=START, days=30)
    assert by_provider(result) == {"google": 5000, "yahoo": 0, "united_internet": 1500, "other": 500}
    last = EVERY[-gone - 1]
    words = (
        f"“news” sent nothing to Yahoo / AOL after {last} ({gone} sends without; about 3,000 messages a send before)"
    )
    assert words in said(result)
    assert not moves(result)
    futures = result.resample(20, 1)
    assert futures is not None
    assert not futures.messages[:, :, 0, 1].any()


def test_two_missing_sends_are_no_stop(tmp_path):
    write(tmp_path, without("yahoo.com", EVERY[-2:]))
    result = forecast(scenario(tmp_path), today=START, days=30)
    assert "sent nothing to" not in said(result)


def test_unknown_is_no_stop(tmp_path):
    lines = rows("news", EVERY)
    write(
        tmp_path, [line.rsplit(",", 1)[0] + "," if "yahoo" in line and line > "2025-12-01" else line for line in lines]
    )
    result = forecast(scenario(tmp_path), today=START, days=30)
    assert by_provider(result)["yahoo"] == 3000
    assert "sent nothing to" not in said(result)


def test_a_provider_that_appeared_is_planned_with_its_mean_since(tmp_path):
    write(tmp_path, without("yahoo.com", EVERY[:-20]))
    result = forecast(scenario(tmp_path), today=START, days=30)
    assert by_provider(result) == {"google": 5000, "yahoo": 3000, "united_internet": 1500, "other": 500}
    assert f"“news” has sent to Yahoo / AOL only since {EVERY[-20]} (about 3,000 messages a send)" in said(result)
    assert not moves(result)
    futures = result.resample(20, 1)
    assert futures is not None
    assert (futures.messages[:, :, 0, result.supply.providers.index("yahoo")] == 3000).all()


def test_a_provider_mailed_now_and_then_did_not_stop(tmp_path):
    some = [day for n, day in enumerate(EVERY) if n % 9]
    write(tmp_path, without("yahoo.com", some))
    assert "sent nothing to" not in said(forecast(scenario(tmp_path), today=START, days=30))


def test_legacy_still_carried_what_stopped_later(tmp_path):
    write(tmp_path, without("yahoo.com", EVERY[-10:]))
    supply = forecast(scenario(tmp_path), today=START, days=30).supply
    assert supply.legacy_daily[:, supply.providers.index("yahoo")].max() == 10_000 * SHARES["yahoo.com"]


# -- weeks with something unknown ---------------------------------------------------------------------------------


def test_one_unknown_cell_costs_no_week(tmp_path):
    """Weeks tell their number in thousands: the unknown day of a provider follows its own week."""
    sizes = {day: 100_000 + 1000 * ((day - MONDAY).days // 7) for day in EVERY}
    lines = rows("news", sizes) + rows("receipts", sizes)
    blank = {f"{day},yahoo.com,news," for day in EVERY if day.weekday() == 2}
    write(tmp_path, [next((b for b in blank if line.startswith(b)), line) for line in lines])
    result = forecast(scenario(tmp_path, ("news", "receipts")), today=START, days=56)
    assert result.supply.history_weeks == 13
    futures = result.resample(100, 1)
    assert futures is not None
    totals = futures.messages.sum(axis=(3, 4))
    assert np.abs(totals[:, :, 0] - totals[:, :, 1]).max() <= 2  # whole weeks of both streams, still together


def test_a_stream_with_a_mostly_unknown_week_borrows_the_nearest(tmp_path):
    sizes = {day: 100_000 + 1000 * ((day - MONDAY).days // 7) for day in EVERY}
    lines = [
        line.rsplit(",", 1)[0] + "," if ",news," in line and "2025-11-03" <= line < "2025-11-08" else line
        for line in rows("news", sizes) + rows("receipts", sizes)
    ]
    write(tmp_path, lines)
    result = forecast(scenario(tmp_path, ("news", "receipts")), today=START, days=56)
    assert result.supply.history_weeks == 13
    futures = result.resample(100, 1)
    assert futures is not None
    totals = futures.messages.sum(axis=(3, 4))
    week = totals[:, :, 1] == 109_000  # the week of 3 November
    assert week.any()
    assert (np.abs(totals[:, :, 0] - totals[:, :, 1])[~week] <= 2).all()
    assert set(np.unique(totals[:, :, 0][week])) <= {108_000, 110_000}


def test_a_week_nobody_knows_is_left_out(tmp_path):
    lines = [line for name in ("news", "receipts") for line in rows(name, EVERY) if line >= "2025-09-29"]
    write(tmp_path, [line.rsplit(",", 1)[0] + "," if "2025-10-20" <= line < "2025-10-25" else line for line in lines])
    result = forecast(scenario(tmp_path, ("news", "receipts")), today=START, days=30)
    assert result.supply.history_weeks == 11
