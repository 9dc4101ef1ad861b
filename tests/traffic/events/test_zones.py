from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.traffic.events.zones import day_of

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu",
         "Africa/Casablanca", "Pacific/Apia", "America/Sao_Paulo", "Asia/Tehran", "Etc/GMT+6")  # fmt: skip


@pytest.fixture(scope="module")
def database():
    with duckdb.connect() as connection:
        yield connection


# Later, libraries differ in how they go on with what Morocco decides by the moon.
@given(zone=st.sampled_from(ZONES), moment=st.integers(0, int(datetime(2028, 1, 1, tzinfo=UTC).timestamp())))
def test_any_moment_has_the_day_that_its_zone_says(database, zone, moment):
    there = ZoneInfo(zone)
    (found,) = database.execute(f"SELECT {day_of('to_timestamp(?)', there)}".replace("?", str(moment))).fetchone()
    assert found == datetime.fromtimestamp(moment, UTC).astimezone(there).date()


@pytest.mark.parametrize("zone", ZONES)
def test_every_hour_around_the_changes_of_the_clock(database, zone):
    there = ZoneInfo(zone)
    sql = f"SELECT s, {day_of('to_timestamp(s)', there)} FROM (SELECT unnest(range(1420070400, 1830297600, 3599)) AS s)"
    for moment, found in database.execute(sql).fetchall():
        assert found == datetime.fromtimestamp(moment, UTC).astimezone(there).date()


def test_nothing_is_no_day(database):
    assert database.execute(f"SELECT {day_of('NULL::TIMESTAMPTZ', ZoneInfo('UTC'))}").fetchone() == (None,)
