from __future__ import annotations

import copy
import json
from datetime import timedelta

import pytest

from tests.traffic.aggregates.build import counted, rows, save, told, unknown
from tests.traffic.build import TODAY, scenario
from warmup.errors import InputError
from warmup.traffic.capabilities import capabilities
from warmup.traffic.history import load_history
from warmup.traffic.readers.bird_stats import FORMULAS

POOL = "ipp_01krdgeqcxet5s7t44vh8rt9mg"
SAID = ("processed", "delivered", "hard_bounced", "deferred", "unique_opens_non_prefetched")


@pytest.fixture
def samples(shared):
    return shared / "reference" / "formats" / "samples"


def answer(series, name="gmail", by="mailbox_provider", **period):
    told_period = {"timezone": "UTC", "grain": "day", **period}
    group = {"dimensions": {by: name} if by else {}, "metrics": {}, "series": series}
    return {"data": [group], "period": told_period, "next_cursor": None, "prev_cursor": None}


def point(bucket, **metrics):
    return {"bucket": bucket, "metrics": metrics}


def test_the_sample(samples):
    result = counted("bird_stats", samples / "bird_stats_query_response.json")
    names = ("date", "label", "pool", "injected", "delivered", "hard", "soft", "block", "deferred_msgs", "complaint")
    assert rows(result, *names) == [
        ("2026-03-02", "gmail", "", 4, 3, 1, 0, 0, 1, 0),
        ("2026-03-02", "yahoo", "", 2, 1, 0, 1, 0, 1, 0),
        ("2026-03-03", "gmail", "", 0, 0, 0, 0, 0, 0, 0),
        ("2026-03-03", "yahoo", "", 1, 1, 0, 0, 0, 0, 1),
    ]
    assert rows(result, "oob", "suppressed", "click", "open_human") == [(0, 0, 1, 1), *[(0, 0, 0, 0)] * 3]
    assert unknown(result) == {"deferred_events", "unsub", "open_any"}  # the latter two were not asked for
    assert (result.records, result.damage.count) == (4, 0)
    assert "deferral_rate" in told(result)


def test_the_request_tells_the_filters(samples):
    both = [samples / f"bird_stats_query_{name}.json" for name in ("request", "response")]
    result = counted("bird_stats", *both)
    assert set(result.counts["pool"]) == {POOL}
    assert "only a part of the mail" in told(result)
    assert result.damage.count == 0
    with pytest.raises(InputError, match=r"request\.json: is a request for counts"):
        counted("bird_stats", both[0])


def test_what_it_never_says_is_null_even_if_everything_was_asked_for(tmp_path):
    every = {name: 1 for formulas in FORMULAS.values() for one in formulas for name in (*one.plus, *one.also)}
    result = counted("bird_stats", save(tmp_path, answer([point("2026-03-02T00:00:00Z", **every)])))
    assert unknown(result) == set(capabilities()["bird-stats"].never)
    assert rows(result, "soft", "suppressed") == [(2, 2)]


def test_pages_and_copies(samples, tmp_path):
    data = json.loads((samples / "bird_stats_query_response.json").read_text())
    first, second = copy.deepcopy(data), copy.deepcopy(data)
    first["data"], first["next_cursor"] = data["data"][:1], "x"
    second["data"], second["prev_cursor"] = data["data"][1:], "y"
    pages = [save(tmp_path, first, "1.json"), save(tmp_path, second, "2.json")]
    whole = counted("bird_stats", samples / "bird_stats_query_response.json")
    result = counted("bird_stats", *pages)
    assert result.counts.equals(whole.counts)
    assert "further page" not in told(result)
    assert "further page" in told(counted("bird_stats", pages[0]))
    twice = counted("bird_stats", *pages, save(tmp_path, first, "3.json"))
    assert twice.counts.equals(whole.counts)
    assert twice.copies == 2


def test_pages_that_contradict_each_other(tmp_path):
    one = save(tmp_path, answer([point("2026-03-02T00:00:00Z", processed=5)]), "1.json")
    two = save(tmp_path, answer([point("2026-03-02T00:00:00Z", processed=6)]), "2.json")
    with pytest.raises(InputError, match=r"2.json: entry 1: says 6 injected of 'gmail'.*1.json entry 1 says 5"):
        counted("bird_stats", one, two)


@pytest.mark.parametrize(
    ("by", "column"),
    [
        ("mailbox_provider", "label"),
        ("recipient_domain", "domain"),
        ("tag", "stream"),
        ("category", "stream"),
        ("sending_ip", "ip"),
        ("ip_pool_id", "pool"),
    ],
)
def test_groups_are_dimensions(tmp_path, by, column):
    path = save(tmp_path, answer([point("2026-03-02T00:00:00Z", delivered=5)], "a.example.com", by))
    assert rows(counted("bird_stats", path), column, "delivered") == [("a.example.com", 5)]


def test_groups_of_no_dimension_of_ours_are_added_up(tmp_path):
    one = answer([point("2026-03-02T00:00:00Z", delivered=5)], "x", "broadcast_id")
    one["data"] += answer([point("2026-03-02T00:00:00Z", delivered=6)], None, "broadcast_id")["data"]
    assert rows(counted("bird_stats", save(tmp_path, one)), "label", "delivered") == [("", 11)]


def test_one_grouping_is_read_of_several(tmp_path):
    bucket = "2026-03-02T00:00:00Z"
    save(tmp_path, answer([point(bucket, delivered=5)], "192.0.2.10", "sending_ip"), "ip.json")
    save(tmp_path, answer([point(bucket, delivered=5)]), "provider.json")
    save(tmp_path, answer([point(bucket, delivered=5)], by=""), "all.json")
    result = counted("bird_stats", tmp_path)
    assert rows(result, "label", "ip", "delivered") == [("gmail", "", 5)]
    assert "counted in 3 ways" in told(result)


def test_days_are_those_of_the_answers_zone(tmp_path):
    buckets = ["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"]  # Berlin's 29th and 30th, around the change of clocks
    path = save(tmp_path, answer([point(text, processed=1) for text in buckets], timezone="Europe/Berlin"))
    for zone in ("Europe/Berlin", "UTC", "America/New_York"):
        result = counted("bird_stats", path, zone=zone)
        assert rows(result, "date") == [("2026-03-29",), ("2026-03-30",)]
        assert ("h apart" in told(result)) == (zone != "Europe/Berlin")


def test_finer_buckets_are_added_up_in_the_plans_days(tmp_path):
    series = [point(f"2026-03-02T{hour:02d}:00:00Z", processed=1) for hour in range(24)]
    result = counted("bird_stats", save(tmp_path, answer(series, grain="hour")), zone="America/New_York")
    assert rows(result, "date", "injected") == [("2026-03-01", 5), ("2026-03-02", 19)]
    assert "counts twice" in told(result)


def test_without_series_a_period_has_no_day(tmp_path):
    data = answer(None)
    data["data"] = [{"dimensions": {"mailbox_provider": "gmail"}, "metrics": {"processed": 9}}]
    result = counted("bird_stats", save(tmp_path, data))
    assert rows(result, "date", "label", "injected") == [(None, "gmail", 9)]
    assert "no plan can use them" in told(result)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (answer([], grain="week"), "counts by week"),
        (answer([], grain="month"), "counts by month"),
        (answer([], grain="fortnight"), "'fortnight', which is not known"),
        (answer([], timezone="Mars/Olympus"), "time zone 'Mars/Olympus'"),
        ({"error": {"code": "E04074"}}, "error answer"),
        ({"data": {}}, "no answer of a stats query"),
        ([[]], "no answer of a stats query"),
        (7, "no answer of a stats query"),
    ],
)
def test_what_is_no_answer(tmp_path, data, what):
    with pytest.raises(InputError, match=what):
        counted("bird_stats", save(tmp_path, data))


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        {"bucket": "2026-03-02T00:00:00Z"},
        point("x", processed=1),
        point(None, processed=1),
        point("2026-03-02T00:00:00Z", processed=-1),
        point("2026-03-02T00:00:00Z", processed="7"),
        point("2026-03-02T00:00:00Z", processed=10**18),
        point("2026-03-02T00:00:00Z", processed=float("nan")),
        point("2026-03-02T00:00:00Z", processed=[1]),
    ],
)
def test_damaged_points_are_counted_and_the_rest_is_kept(tmp_path, broken):
    path = save(tmp_path, answer([point("2026-03-01T00:00:00Z", processed=1), broken]))
    result = counted("bird_stats", path)
    assert rows(result, "date", "injected") == [("2026-03-01", 1)]
    assert (result.damage.count, result.damage.places, result.damage.unit) == (1, [(str(path), 1)], "entry")


@pytest.mark.parametrize("group", [None, [], 7, {}, {"dimensions": []}, {"dimensions": {"tag": ["a"]}, "metrics": {}}])
def test_damaged_groups_are_counted(tmp_path, group):
    data = answer([point("2026-03-01T00:00:00Z", processed=1)])
    data["data"].append(group)
    result = counted("bird_stats", save(tmp_path, data))
    assert (result.records, result.damage.count, result.damage.places[0][1]) == (1, 1, 2)


def test_a_folder_of_pages_with_their_request_is_a_history(tmp_path):
    folder = tmp_path / "bird"
    folder.mkdir()
    days = [TODAY - timedelta(n) for n in range(28, 0, -1)]
    for name in ("gmail", "yahoo"):
        series = [point(f"{day}T00:00:00Z", processed=100) for day in days]
        save(folder, answer(series, name), f"{name}.json")
    asked = {"from": str(days[0]), "to": str(days[-1]), "metrics": ["processed"], "group_by": "mailbox_provider"}
    save(folder, asked, "request.json")
    history = load_history(scenario(tmp_path, [{"name": "promo", "history": "bird"}]), today=TODAY)
    assert history.frame.groupby("provider")["messages"].sum().to_dict() == {"google": 2800, "yahoo": 2800}
    assert (history.first, history.last) == (days[0], days[-1])
