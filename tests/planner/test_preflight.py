"""Pre-flight: what matters here, when it is due, and who stays closed while it is not done."""

from __future__ import annotations

import re
import tomllib
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.planner.preflight import (
    APPLIES,
    SETTLED,
    closed_until,
    earliest_start,
    preflight_assumptions,
    preflight_facts,
    preflight_items,
    preflight_keys,
    preflight_rules,
    preflight_texts,
)
from warmup.providers import catalogue
from warmup.scenario import Scenario

START = date(2026, 2, 3)  # a Tuesday
EVERYBODY = {
    "google": 0.4,
    "yahoo": 0.1,
    "microsoft_consumer": 0.1,
    "microsoft_365": 0.1,
    "united_internet": 0.1,
    "t_online": 0.05,
    "orange_fr": 0.03,
    "sfr": 0.01,
    "laposte_net": 0.01,
    "comcast": 0.1,
}


def scenario(preflight: dict[str, Any] | None = None, **changes: Any) -> Scenario:
    return Scenario.model_validate(
        {
            "customer": "Example Shop",
            "start": START,
            "pools": [{"name": "main", "ip_count": 1}],
            "streams": [{"name": "newsletter"}],
            "preflight": preflight or {},
            **changes,
        }
    )


def items(preflight: dict[str, Any] | None = None, shares: dict[str, float] | None = None, **changes: Any):
    found = preflight_items(scenario(preflight, **changes), EVERYBODY if shares is None else shares, START)
    return {item.id: item for item in found}


# ---------------------------------------------------------------------------------------------- the data file


def records() -> list[dict[str, Any]]:
    text = files("warmup.planner").joinpath("data", "preflight.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["items"])


@pytest.mark.parametrize("record", records(), ids=lambda record: record["id"])
def test_every_record_is_whole(record):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", record["id"])
    for key in ("text", "owner", "why", "source", "date", "confidence"):
        assert record[key].strip(), key
    assert ("lead_days" in record) != ("lead_working_days" in record)
    assert 0 < record.get("lead_days", record.get("lead_working_days")) <= 60
    assert re.fullmatch(r"20\d\d-\d\d(-\d\d)?", record["date"])
    assert record["confidence"] in ("sourced", "partly", "judgement")
    assert record["source"] == "practice" or re.match(r"https?://", record["source"])
    assert (record["source"] == "practice") <= (record["confidence"] != "sourced")
    assert record.get("unset", "assumed") in ("assumed", "closed")
    assert record.get("unset") != "closed" or record["closes"]
    assert 0 <= record.get("min_share", 0) <= 1
    assert "groups" in record or "min_share" not in record
    assert record.get("settled_by", "") in ("", *SETTLED)
    assert record.get("applies", "") in ("", *APPLIES)


def test_ids_are_unique_and_groups_are_planning_groups():
    assert len(set(preflight_keys())) == len(preflight_keys()) == len(records())
    groups = {group for rule in preflight_rules() for group in (*rule.groups, *rule.closes)}
    assert groups <= set(catalogue().groups)
    for rule in preflight_rules():
        assert set(rule.closes) <= set(rule.groups), "who is closed must be who makes it matter"
    assert set(preflight_texts()) == set(preflight_keys())


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("legacy_end_date", 30), ("suppression_export", 30), ("baseline", 30), ("csa", 21), ("signal_spam", 21),
        ("postmaster_tools", 14), ("dmarc_rua", 14), ("ips_assigned", 14), ("fcrdns", 14), ("dnsbl", 14),
        ("neighbours", 14), ("dns_published", 10), ("snds", 10), ("jmrp", 10), ("yahoo_cfl", 7), ("validity_fbl", 7),
        ("suppressions_imported", 3), ("smoke_test", 2), ("dnsbl_again", 1), ("overflow_state", 1),
        ("identity_frozen", 1),
    ],
)  # fmt: skip
def test_lead_times_are_those_of_the_practice(key, days):
    item = items()[key]
    assert item.lead_days == days
    assert item.due == START - timedelta(days)


def test_items_come_in_the_order_in_which_they_are_due():
    due = [item.due for item in preflight_items(scenario(), EVERYBODY, START)]
    assert due == sorted(due)


# ---------------------------------------------------------------------------------------------- what matters


@pytest.mark.parametrize(
    ("shares", "key", "listed"),
    [
        ({"united_internet": 0.10}, "csa", True),
        ({"united_internet": 0.0999}, "csa", False),
        ({"orange_fr": 0.03, "sfr": 0.01, "laposte_net": 0.01}, "signal_spam", True),
        ({"orange_fr": 0.03, "sfr": 0.01}, "signal_spam", False),
        ({"microsoft_consumer": 0.001}, "snds", True),
        ({"microsoft_365": 0.5}, "snds", False),
        ({"t_online": 0.001}, "t_online_request", True),
        ({"t_online": 0.0}, "t_online_request", False),
        ({}, "yahoo_cfl", False),
        ({}, "smoke_test", True),
    ],
)
def test_provider_items_are_listed_where_the_provider_matters(shares, key, listed):
    assert (key in items(shares=shares)) is listed


def test_ten_hundredths_are_a_tenth():
    assert sum([0.01] * 10) < 0.1  # in floating point
    assert "csa" in items(shares={"united_internet": sum([0.01] * 10)})


def test_an_item_the_scenario_speaks_of_is_listed_in_any_case():
    assert items({"csa": "done"}, shares={})["csa"].state == "done"


def test_items_for_some_scenarios_only():
    assert "roa" not in items()
    assert "roa" in items(new={"mode": "byoip"})
    old = {"from_domain": "example.com", "tracking": "click.example.com"}
    moved = [{"name": "newsletter", "identity_old": old, "identity_new": old}]
    fresh = [{"name": "newsletter", "identity_old": old, "identity_new": {**old, "tracking": "links.example.com"}}]
    assert "low_ttl" in items(streams=moved)
    assert "low_ttl" not in items(streams=fresh)
    assert "low_ttl" not in items()


# ---------------------------------------------------------------------------------------------- states


def test_what_is_not_mentioned_is_assumed_done_in_time():
    item = items()["snds"]
    assert (item.state, item.until) == ("assumed", None)
    assert "microsoft_consumer" not in closed_until(items().values())
    assumed = [one.what for one in preflight_assumptions(items().values())]
    assert any("snds" in what for what in assumed)


def test_what_is_done_is_no_assumption():
    found = items({"snds": "done"})
    assert found["snds"].state == "done"
    assert not any("snds" in one.what for one in preflight_assumptions(found.values()))


def test_t_online_stays_closed_until_somebody_says_otherwise():
    assert items()["t_online_request"].state == "closed"
    assert closed_until(items().values()) == {"t_online": None}
    assert any("t_online" in one.value for one in preflight_assumptions(items().values()))
    assert closed_until(items({"t_online_request": "done"}).values()) == {}


def test_not_done_closes_to_the_end_of_the_horizon():
    closed = closed_until(items({"yahoo_cfl": "not done", "t_online_request": "done"}).values())
    assert closed == {"yahoo": None}


def test_a_later_date_closes_until_then():
    late = START + timedelta(5)
    found = items({"yahoo_cfl": late, "t_online_request": "done"})
    assert (found["yahoo_cfl"].state, found["yahoo_cfl"].due, found["yahoo_cfl"].until) == ("due", late, late)
    assert found["yahoo_cfl"].lead_days == -5
    assert closed_until(found.values()) == {"yahoo": late}


@pytest.mark.parametrize("early", [START, START - timedelta(20)])
def test_a_date_up_to_the_start_closes_nothing(early):
    found = items({"yahoo_cfl": early, "t_online_request": early})
    assert found["yahoo_cfl"].due == early
    assert closed_until(found.values()) == {}


def test_the_last_of_several_items_opens_a_provider():
    done = {"t_online_request": "done"}
    one, two = START + timedelta(3), START + timedelta(9)
    assert closed_until(items({**done, "snds": two, "jmrp": one}).values()) == {"microsoft_consumer": two}
    assert closed_until(items({**done, "snds": one, "jmrp": "not done"}).values()) == {"microsoft_consumer": None}
    assert closed_until(items({**done, "snds": "not done", "jmrp": one}).values()) == {"microsoft_consumer": None}


def test_csa_is_a_ceiling_and_closes_nothing():
    assert closed_until(items({"csa": "not done", "t_online_request": "done"}).values()) == {}


def test_facts_of_the_scenario_settle_items():
    assert items(legacy={"until": "2026-06-30"})["legacy_end_date"].state == "done"
    assert items(policy={"csa_certified": True})["csa"].state == "done"
    assert items(pools=[{"name": "main", "ips": ["192.0.2.1"]}])["ips_assigned"].state == "done"
    assert items()["ips_assigned"].state == "assumed"


def test_one_microsoft_clock_is_closed_by_its_own_name():
    shares = {"microsoft": 0.2}
    found = items({"snds": "not done"}, shares=shares, policy={"microsoft_shared": True})
    assert found["snds"].providers == ("microsoft",)
    assert closed_until(found.values()) == {"microsoft": None}
    assert "jmrp" in items(shares=shares, policy={"microsoft_shared": True})


# ---------------------------------------------------------------------------------------------- dates


def test_working_days_leave_out_weekends():
    assert items()["microsoft_request"].due == date(2026, 1, 27)  # Tuesday to Tuesday
    assert items()["microsoft_request"].lead_days == 7


def test_working_days_leave_out_the_country_s_holidays():
    found = preflight_items(scenario(calendar={"holiday_country": "DE"}), EVERYBODY, date(2026, 1, 5))
    due = next(item.due for item in found if item.id == "t_online_request")
    assert due == date(2025, 12, 24)  # back over two weekends, New Year and both days of Christmas


def test_earliest_start_follows_the_open_item_with_the_longest_lead():
    today = date(2026, 1, 1)
    assert earliest_start(scenario(), EVERYBODY, today) == today + timedelta(30)
    long_ones = {"legacy_end_date": "done", "suppression_export": "done", "baseline": "done"}
    assert earliest_start(scenario(long_ones), EVERYBODY, today) == today + timedelta(21)
    everything = dict.fromkeys(preflight_keys(), "done")
    assert earliest_start(scenario(everything), EVERYBODY, today) == today


def test_an_item_that_only_closes_its_provider_does_not_hold_up_the_others():
    today = date(2026, 1, 1)
    everything: dict[str, Any] = dict.fromkeys(preflight_keys(), "done")
    assert earliest_start(scenario({**everything, "snds": "not done"}), EVERYBODY, today) == today
    assert earliest_start(scenario({**everything, "snds": date(2026, 3, 1)}), EVERYBODY, today) == today
    assert earliest_start(scenario({**everything, "smoke_test": "not done"}), EVERYBODY, today) == date(2026, 1, 3)
    assert earliest_start(scenario({**everything, "smoke_test": date(2026, 3, 1)}), EVERYBODY, today) == date(
        2026, 3, 1
    )
    friday = date(2026, 1, 2)
    without = {key: value for key, value in everything.items() if key != "microsoft_request"}
    assert earliest_start(scenario(without), EVERYBODY, friday) == date(2026, 1, 9)


def test_facts_are_said_with_their_source():
    facts = preflight_facts()
    assert any("Tuesday or Wednesday" in fact.value for fact in facts)
    assert all(fact.source and fact.confidence for fact in facts)


STATES = st.sampled_from(["done", "not done"]) | st.dates(date(2026, 1, 1), date(2026, 6, 1))


@given(st.dictionaries(st.sampled_from(preflight_keys()), STATES), st.dates(date(2025, 12, 1), date(2026, 5, 1)))
def test_who_is_closed_is_closed_by_an_item_that_says_so(preflight, start):
    found = preflight_items(scenario(preflight), EVERYBODY, start)
    closed = closed_until(found)
    for group, until in closed.items():
        blamed = [item for item in found if group in item.providers and item.state in ("not done", "closed", "due")]
        assert blamed
        if until is None:
            assert any(item.state in ("not done", "closed") for item in blamed)
        else:
            assert until > start
            assert until == max(item.until for item in blamed if item.until)
    for item in found:
        assert (item.until is None) or item.until > start
        assert item.lead_days == (start - item.due).days
        if item.id in preflight:
            said = preflight[item.id]
            assert item.state == ("due" if isinstance(said, date) else said)
