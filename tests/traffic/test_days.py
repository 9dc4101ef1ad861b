from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from warmup.traffic.days import DayColumn, read_days

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def problem(*texts: str, zone: ZoneInfo = UTC) -> str:
    found = read(*texts, zone=zone).problem
    assert found is not None
    return found[0]


def read(*texts: str, zone: ZoneInfo = UTC, file_zone: ZoneInfo | None = None) -> DayColumn:
    return read_days({text: n for n, text in enumerate(texts, 1)}, zone, file_zone)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02",
        "2026/3/2",
        "20260302",
        "02.03.2026",
        "2.3.2026 09:00",
        "2026-03-02 09:00:04",
        "2026-03-02T09:00:04.0000000Z",
        "2026-03-02 09:00:04+0000",
        "2026-03-02T09:00:04+00:00",
        "2026-03-02 00:00:00 UTC",
    ],
)
def test_common_spellings(text):
    assert read(text).days == {text: date(2026, 3, 2)}


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-02-30", "46083", "2026-03-02T09:00:00+99:00"])
def test_what_is_no_date_says_so(text):
    column = read("2026-03-01", text)
    assert list(column.bad) == [text]


def test_the_whole_column_decides_between_day_and_month():
    assert read("3/2/2026", "3/13/2026").days["3/2/2026"] == date(2026, 3, 2)
    assert read("3/2/2026", "13/2/2026").days["3/2/2026"] == date(2026, 2, 3)
    assert read("3/2/2026 1:05:00 PM", "3/13/2026 12:00:00 AM").days["3/2/2026 1:05:00 PM"] == date(2026, 3, 2)


@pytest.mark.parametrize("texts", [("3/2/2026", "4/2/2026"), ("13/2/2026", "2/13/2026")])
def test_an_order_that_cannot_be_known_is_a_problem(texts):
    assert "day and month" in problem(*texts)


def test_times_with_an_offset_fall_on_the_scenarios_day():
    column = read("2026-03-02T23:30:00Z", "2026-03-03T09:00:00Z", zone=BERLIN)
    assert column.days["2026-03-02T23:30:00Z"] == date(2026, 3, 3)
    assert column.notes


def test_times_without_an_offset_are_local_to_the_file():
    assert read("2026-03-02 23:30:00", zone=BERLIN).days["2026-03-02 23:30:00"] == date(2026, 3, 2)
    column = read("2026-03-02 23:30:00", zone=BERLIN, file_zone=NEW_YORK)
    assert column.days["2026-03-02 23:30:00"] == date(2026, 3, 3)


def test_day_buckets_of_another_zone_stay_and_are_said():
    column = read("2026-03-02T00:00:00+00:00", "2026-03-03T00:00:00+00:00", zone=NEW_YORK)
    assert column.days["2026-03-02T00:00:00+00:00"] == date(2026, 3, 2)
    assert "5 h apart" in column.notes[0]
    assert not read("2026-03-02T00:00:00+00:00", zone=UTC).notes
    assert read("2026-03-02", zone=BERLIN, file_zone=UTC).notes
    assert not read("2026-03-02", zone=BERLIN).notes


@pytest.mark.parametrize(
    "texts",
    [
        ("2026-03-02T09:00:00+00:00", "2026-03-03T09:00:00+05:00"),
        ("2026-03-02", "2026-03-03T09:00:00Z"),
        ("2026-03-02T00:00:00+01:00", "2026-03-03T00:00:00-05:00"),
    ],
)
def test_mixed_time_zones_are_refused(texts):
    assert "mixed time zones" in problem(*texts, zone=BERLIN)
    assert set(read(*texts, zone=BERLIN).problem_at) == set(texts)


def test_summer_and_winter_time_are_one_zone():
    column = read("2026-03-28T12:00:00+01:00", "2026-03-30T00:30:00+02:00", zone=BERLIN)
    assert column.problem is None
    assert column.days["2026-03-30T00:30:00+02:00"] == date(2026, 3, 30)
