from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.traffic.build import MONDAY, SHARES, days, predicted, remembered, rows, scenario, send_days, write
from warmup.errors import InputError
from warmup.traffic.forecast import Forecast, forecast
from warmup.traffic.supply import NO_TIERS, TIERS

WEEKS = 16
START = date(2026, 1, 5)
TUESDAYS = [MONDAY + timedelta(7 * week + 1) for week in range(WEEKS)]


def totals(result: Forecast, stream: str = "news") -> dict[date, int]:
    supply = result.supply
    volume = supply.messages[0, :, supply.streams.index(stream)].sum(axis=(1, 2))
    return dict(zip(supply.dates, volume.tolist(), strict=True))


def notes(result: Forecast) -> str:
    return " | ".join(note.text for note in result.supply.notes)


def test_a_stream_that_sends_on_tuesdays_sends_on_tuesdays(tmp_path):
    result = predicted(tmp_path, {"news": TUESDAYS})
    supply = result.supply
    assert send_days(result) == [START + timedelta(1 + 7 * n) for n in range(9)]
    assert set(totals(result).values()) == {0, 10_000}
    assert (supply.cadence, supply.gap_days, supply.send_weekdays) == (
        {"news": "Tuesdays"},
        {"news": 7.0},
        {"news": (1,)},
    )
    assert supply.tiers == NO_TIERS
    assert supply.providers == ("google", "yahoo", "united_internet", "other")
    assert supply.messages[0, 1, 0, :, 0].tolist() == [5000, 3000, 1500, 500]
    assert supply.unclassified_share == pytest.approx(0.05)
    assert supply.domains == {"google": 1, "yahoo": 1, "united_internet": 1, "other": 1}
    assert (supply.history_first, supply.history_last) == (TUESDAYS[0], TUESDAYS[-1])


@pytest.mark.parametrize("step", [10, 14, 21])
def test_every_n_days_from_the_last_send(tmp_path, step):
    sends = days(112)[::step]
    result = predicted(tmp_path, {"news": sends, "receipts": days(112)})
    expected = [day for n in range(30) if START <= (day := sends[-1] + timedelta(n * step)) < START + timedelta(60)]
    assert send_days(result) == expected
    assert result.supply.gap_days["news"] == step
    assert f"every {step} days" in result.supply.cadence["news"]


def test_levels_follow_the_weekday(tmp_path):
    sends = {day: 3000 if day.weekday() >= 5 else 10_000 for day in days(112)}
    result = predicted(tmp_path, {"news": sends})
    assert [totals(result)[START + timedelta(n)] for n in range(7)] == [10_000] * 5 + [3000] * 2


def test_only_recent_sends_give_the_level(tmp_path):
    sends = {day: 100 if day < MONDAY + timedelta(70) else 10_000 for day in days(161)}
    assert totals(predicted(tmp_path, {"news": sends}, start=date(2026, 3, 2)))[date(2026, 3, 2)] == 10_000


def test_a_past_black_friday_is_no_level(tmp_path):
    friday = date(2025, 11, 28)
    sends = {day: 80_000 if day == friday else 10_000 for day in days(112)}
    result = predicted(tmp_path, {"news": sends})
    assert set(totals(result).values()) == {10_000}
    assert "left out of the usual volume: 2025-11-28" in notes(result)


def test_test_sends_are_ignored(tmp_path):
    sends = dict.fromkeys(days(112)[::3], 20) | dict.fromkeys(TUESDAYS, 100000)
    result = predicted(tmp_path, {"news": sends})
    assert result.supply.cadence["news"] == "Tuesdays"
    assert set(totals(result).values()) == {0, 100_000}
    assert "taken for tests" in notes(result)


def test_unknown_days_are_left_out_of_the_means(tmp_path):
    lines = rows("news", days(91))
    unknown = [line.rsplit(",", 1)[0] + "," if "2025-10-20" < line < "2025-10-27" else line for line in lines]
    write(tmp_path, unknown)
    result = forecast(scenario(tmp_path), today=START, days=30)
    assert set(totals(result).values()) == {10_000}
    assert result.supply.history_weeks == 12


def test_a_provider_that_is_never_known_is_said_and_does_not_hide_the_others(tmp_path):
    lines = rows("news", days(112), shares={"gmail.com": 1.0}) + [f"{day},yahoo.com,news," for day in days(112)]
    write(tmp_path, lines)
    result = forecast(scenario(tmp_path), today=START, days=30)
    assert set(totals(result).values()) == {10_000}
    assert "“news”: its volume to yahoo is unknown on every day" in notes(result)
    assert result.resample(3, 1) is not None


def test_one_unknown_provider_does_not_lower_the_total(tmp_path):
    lines = rows("news", days(112))
    lines = [line.rsplit(",", 1)[0] + "," if "yahoo" in line and line > "2025-12" else line for line in lines]
    write(tmp_path, lines)
    result = forecast(scenario(tmp_path), today=START, days=30)
    assert set(totals(result).values()) == {10_000}


def test_irregular_sends_become_weekday_means(tmp_path):
    when = [MONDAY + timedelta(n) for n in (2, 5, 17, 20, 41, 44, 70, 93, 99)]
    result = predicted(tmp_path, {"news": when, "receipts": days(112)}, days=91)
    assert "no rhythm" in notes(result)
    recent = [day for day in when if day >= MONDAY + timedelta(112 - 91)]
    assert sum(totals(result).values()) == pytest.approx(10_000 * len(recent), rel=0.001)


def test_a_stream_that_stopped_is_said(tmp_path):
    result = predicted(tmp_path, {"news": TUESDAYS[:10], "receipts": days(112)})
    assert result.supply.cadence["news"] == "Tuesdays"
    assert f"has not sent since {TUESDAYS[9]}" in notes(result)


def test_a_stream_without_volume(tmp_path):
    result = predicted(tmp_path, {"news": dict.fromkeys(days(28), 0), "receipts": days(28)})
    assert not send_days(result)
    assert "no known sends" in notes(result)


def test_sends_off_the_rhythm_and_changes_of_level_are_said(tmp_path):
    off = dict.fromkeys(TUESDAYS, 10000) | {MONDAY + timedelta(n): 10_000 for n in (30, 60, 90)}
    assert "went out on other days than Tuesdays" in notes(predicted(tmp_path, {"news": off, "receipts": days(112)}))
    risen = {day: 10_000 if day < MONDAY + timedelta(84) else 20_000 for day in days(112)}
    result = predicted(tmp_path, {"news": risen})
    assert "moved around 2025-11-24, from about 10,000 to about 20,000 messages a send day (100 % up)" in notes(result)


def test_silent_days_holidays_and_days_that_change_no_volume(tmp_path):
    calendar = {
        "silent": ["2026-01-06"],
        "legacy_only": ["2026-01-07"],
        "freeze": ["2026-01-08"],
        "holidays": [
            {"days": ["2026-01-09"], "factor": 0.5},
            {"days": ["2026-01-10"], "streams": ["other"], "factor": 0},
        ],
    }
    result = predicted(tmp_path, {"news": days(112), "other": days(112)}, calendar=calendar)
    days_of = [START + timedelta(n) for n in range(6)]
    assert [totals(result)[day] for day in days_of] == [10_000, 0, 10_000, 10_000, 5000, 10_000]
    assert totals(result, "other")[date(2026, 1, 10)] == 0


def test_peaks(tmp_path):
    calendar = {
        "silent": ["2026-01-16"],
        "holidays": [{"days": ["2026-01-08"], "factor": 0}],
        "peaks": [
            {"name": "sale", "days": [{"from": "2026-01-08", "to": "2026-01-09"}], "factor": 3},
            {"name": "launch", "days": ["2026-01-14", "2026-01-16"], "messages": 77_777, "streams": ["receipts"]},
        ],
    }
    streams = ["news", {"name": "receipts", "kind": "transactional"}]
    sends = {"news": TUESDAYS, "receipts": days(112)}
    result = predicted(tmp_path, sends, streams=streams, calendar=calendar)
    # Thursday and Friday carry three Tuesdays, holiday or not; receipts have no part in a marketing peak.
    assert [totals(result)[date(2026, 1, n)] for n in (8, 9)] == [30_000, 30_000]
    assert [totals(result, "receipts")[date(2026, 1, n)] for n in (8, 9, 14, 16)] == [0, 10_000, 77_777, 0]
    peak_days = [day for day, yes in zip(result.supply.dates, result.supply.peak_days, strict=True) if yes]
    assert peak_days == [date(2026, 1, n) for n in (8, 9, 14, 16)]


def test_legacy_days_before_the_start(tmp_path):
    result = predicted(tmp_path, {"news": TUESDAYS, "receipts": days(112)}, calendar={"silent": ["2026-01-02"]})
    legacy = result.supply.legacy_daily
    assert legacy.shape == (30, 4)
    before = [START - timedelta(n) for n in range(30, 0, -1)]
    expected = [0 if day == date(2026, 1, 2) else 20_000 if day.weekday() == 1 else 10_000 for day in before]
    assert legacy.sum(axis=1).tolist() == pytest.approx(expected)


def test_short_history_gives_fewer_legacy_days(tmp_path):
    result = predicted(tmp_path, {"news": days(14)}, first=MONDAY + timedelta(15))
    assert result.supply.legacy_daily.shape == (15, 4)


def test_the_axis_starts_with_the_earliest_ip(tmp_path):
    write(tmp_path, rows("news", days(112)))
    pools = [{"name": "main", "ips": ["192.0.2.1", {"address": "192.0.2.2", "start": "2025-12-30"}]}]
    supply = forecast(scenario(tmp_path, pools=pools, policy={"horizon_days": 30}), today=date(2025, 12, 30)).supply
    assert supply.first == date(2025, 12, 30)
    assert supply.days == 44


def test_old_history_is_said(tmp_path):
    assert "36 days before the start" in notes(predicted(tmp_path, {"news": days(90)}, first=date(2026, 1, 5)))
    assert "newer export" not in notes(predicted(tmp_path, {"news": days(112)}))


def test_days_after_the_start_are_not_used(tmp_path):
    sends = {day: 10_000 if day < date(2025, 11, 3) else 1 for day in days(112)}
    result = predicted(tmp_path, {"news": sends}, first=date(2025, 11, 3))
    assert set(totals(result).values()) == {10_000}
    assert result.supply.history_last == date(2025, 11, 2)
    assert "were not used" in notes(result)


def test_too_little_history_before_the_start(tmp_path):
    with pytest.raises(InputError, match="covers 5 days before 2025-09-06"):
        predicted(tmp_path, {"news": days(112)}, first=MONDAY + timedelta(5))


def test_a_start_that_is_past_is_refused_with_its_key(tmp_path):
    write(tmp_path, [*rows("news", days(112)), "2025-12-22,gmail.com,news,-1"])
    pools = [
        {"name": "a", "ip_count": 1},
        {"name": "b", "ips": ["192.0.2.1", {"address": "192.0.2.2", "start": "2026-01-19"}], "start": "2026-01-12"},
    ]
    streams = [{"name": "news", "pool": "a"}, {"name": "news2", "pool": "b", "history": "none.csv"}]
    described = scenario(tmp_path, streams, pools=pools)
    with pytest.raises(InputError) as error:
        forecast(described, today=date(2026, 1, 20))
    lines = str(error.value).splitlines()
    assert lines[:3] == [
        f"scenario: {key}: {day} is past, today is 2026-01-20; write a day from 2026-01-20 on, e.g. start = 2026-02-24 "
        "(or say --today)"
        for key, day in (
            ("start", "2026-01-05"),
            ("pools.b.start", "2026-01-12"),
            ("pools.b.ips.192.0.2.2.start", "2026-01-19"),
        )
    ]
    assert any("is negative" in line for line in lines)  # what is wrong with the files is told with it
    assert any("none.csv" in line for line in lines)
    with pytest.raises(InputError) as later:
        forecast(described, today=START)
    assert "is past" not in str(later.value)


def test_a_very_old_start_is_no_riddle(tmp_path):
    write(tmp_path, rows("news", days(112)))
    with pytest.raises(InputError) as error:
        forecast(scenario(tmp_path, start=date(2020, 1, 1)), today=START)
    (line,) = str(error.value).splitlines()
    assert line.startswith("scenario: start: 2020-01-01 is past, today is 2026-01-05")


def test_tiers_from_the_history(tmp_path):
    lines = [f"{day},gmail.com,news,{tier},{n}" for day in days(28) for tier, n in (("0_30", 750), ("older", 250))]
    lines += [f"{day},gmx.de,news,,100" for day in days(28)]
    write(tmp_path, lines, header="date,domain,stream,tier,messages")
    result = forecast(scenario(tmp_path), today=START, days=7)
    assert result.supply.tiers == TIERS
    assert result.supply.messages[0, 0, 0].tolist() == [[750, 0, 0, 0, 0, 0, 250], [75, 0, 0, 0, 0, 0, 25]]
    assert "has no tier in the history" in notes(result)


def test_tiers_from_the_audience_and_streams_without(tmp_path):
    (tmp_path / "audience.csv").write_text("provider,stream,engaged_0_30,engaged_31_60\ngmail,news,60,40\n")
    streams = ["news", "promo", {"name": "receipts", "kind": "transactional"}, {"name": "codes", "kind": "critical"}]
    sends = {name: days(28) for name in ("news", "promo", "receipts", "codes")}
    result = predicted(tmp_path, sends, streams=streams, audience="audience.csv")
    by_tier = result.supply.messages[0, 0].sum(axis=1)[:, :2].tolist()
    assert by_tier == [[6000, 4000], [6000, 4000], [10_000, 0], [10_000, 0]]
    assert "“promo” has no engagement data" in notes(result)
    assert "receipts” has no engagement" not in notes(result)
    assert result.supply.recipients == {"google": 100}


def test_hostile_names_reach_no_axis(tmp_path):
    write(tmp_path, [f'{day},"=cmd|x",news,10\n{day},"<script>\n",news,5' for day in days(14)])
    result = forecast(scenario(tmp_path), today=START, days=7)
    assert result.supply.providers == ("other",)
    assert "\n" not in notes(result)


SENDS = st.dictionaries(st.integers(0, 83), st.integers(0, 10**7), min_size=1, max_size=84)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SENDS, min_size=1, max_size=3), st.integers(0, 6))
def test_rounding_keeps_every_day_and_nothing_is_negative(tmp_path, histories, offset):
    sends = {f"s{n}": {MONDAY + timedelta(k): v for k, v in one.items()} for n, one in enumerate(histories)}
    sends["base"] = dict.fromkeys(days(84), 1000)
    first = MONDAY + timedelta(84 + offset)
    history = remembered(sends, MONDAY, MONDAY + timedelta(83))
    result = forecast(scenario(tmp_path, tuple(sends)), history, today=START, first=first, days=30)
    supply = result.supply
    assert supply.messages.dtype == np.int64
    assert (supply.messages >= 0).all()
    assert all(gap >= 0 for gap in supply.gap_days.values())
    assert all(supply.cadence.values())
    base = supply.streams.index("base")
    assert supply.messages[0, :, base].sum(axis=(1, 2)).tolist() == [1000] * 30
    futures = result.resample(4, 7)
    assert futures is not None
    assert futures.messages[:, :, base].sum(axis=(2, 3)).tolist() == [[1000] * 30] * 4
    biggest = [max(one.values()) for one in sends.values()]
    assert (futures.messages.sum(axis=(3, 4)).max(axis=(0, 1)) <= biggest).all()


def test_shares_of_providers_are_kept_to_the_message(tmp_path):
    result = predicted(tmp_path, {"news": dict.fromkeys(days(56), 9999)})
    supply = result.supply
    sizes = [round(9_999 * share) for share in SHARES.values()]
    assert supply.messages.sum(axis=(2, 3, 4)).tolist() == [[sum(sizes)] * supply.days]
    assert supply.messages[0, 0, 0, :, 0].tolist() == sizes
