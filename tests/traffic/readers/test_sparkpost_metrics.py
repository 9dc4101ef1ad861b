"""Counting; how a scenario reads a time series is tested in ``tests/traffic/test_sparkpost_metrics.py``."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from tests.traffic.aggregates.build import counted, rows, save, told, unknown
from warmup.errors import InputError
from warmup.scenario import HistorySource
from warmup.traffic.capabilities import capabilities
from warmup.traffic.export_history import as_history
from warmup.traffic.readers import Context, read

OUTCOMES = ("injected", "delivered", "hard", "soft", "block", "deferred_msgs", "deferred_events", "oob", "suppressed")
REACTIONS = ("complaint", "unsub", "click", "open_human", "open_any")


@pytest.fixture
def samples(shared):
    return shared / "reference" / "formats" / "samples"


def results(*entries):
    return {"results": list(entries)}


def at(ts="2026-03-02T00:00:00+00:00", **counts):
    return {f"count_{name}": value for name, value in counts.items()} | {"ts": ts}


def test_the_time_series_says_everything(samples):
    result = counted("sparkpost_metrics", samples / "sparkpost_metrics_timeseries.json", provider="Gmail")
    assert rows(result, "date", "label", *OUTCOMES) == [
        ("2026-03-02", "Gmail", 7, 4, 1, 1, 1, 2, 2, 0, 0),
        ("2026-03-03", "Gmail", 2, 1, 0, 1, 0, 2, 2, 0, 0),
    ]
    assert rows(result, *REACTIONS) == [(0, 0, 1, 1, 2), (1, 1, 0, 0, 0)]
    assert unknown(result) == set(capabilities()["sparkpost-metrics"].never)


def test_sums_by_provider_have_no_day(samples):
    result = counted("sparkpost_metrics", samples / "sparkpost_metrics_mailbox_provider.json")
    assert rows(result, "date", "label", "injected", "delivered", "block", "deferred_events", "complaint") == [
        (None, "Gmail", 6, 5, 0, 1, 0),
        (None, "Hotmail / Outlook", 3, 1, 1, 2, 0),
        (None, "Yahoo", 3, 2, 0, 1, 1),
    ]
    assert "hard" in unknown(result)
    assert "no plan can use them" in told(result)


def test_sending_ips_are_addresses_where_their_hosts_are_known(samples):
    sums = samples / "sparkpost_metrics_sending_ip.json"
    result = counted("sparkpost_metrics", sums)
    assert rows(result, "ip") == [("mta474a.example.com",), ("mta475a.example.com",)]
    assert "host names" in told(result)
    result = counted("sparkpost_metrics", sums, samples / "sparkpost_sending_ips.json")
    assert rows(result, "date", "ip", "pool", "injected", "delivered", "deferred_events", "suppressed") == [
        (None, "192.0.2.10", "marketing", 8, 7, 1, 0),
        (None, "192.0.2.11", "marketing", 5, 2, 3, 0),
    ]
    assert "host names" not in told(result)
    with pytest.raises(InputError, match="lists sending IPs and counts nothing"):
        counted("sparkpost_metrics", samples / "sparkpost_sending_ips.json")


def test_days_win_over_sums(samples):
    result = counted("sparkpost_metrics", *sorted(samples.glob("sparkpost_metrics_*.json")))
    assert rows(result, "date", "injected") == [("2026-03-02", 7), ("2026-03-03", 2)]
    assert "counted in 3 ways" in told(result)


def test_sums_are_no_history(samples):
    path = samples / "sparkpost_metrics_mailbox_provider.json"
    context = Context(ZoneInfo("UTC"), "promo")
    with pytest.raises(InputError, match=r"sums a whole period and has no days"):
        as_history(counted("sparkpost_metrics", path), path.name, context)
    source = HistorySource.model_validate({"path": path.name, "provider": "Gmail"})
    with pytest.raises(InputError, match=r"sums the whole period by mailbox_provider and has no days"):
        read(source, [path], context)


@pytest.mark.parametrize(
    ("key", "column"),
    [("campaign_id", "stream"), ("domain", "domain"), ("watched_domain", "domain"), ("ip_pool", "pool")],
)
def test_groups_are_dimensions(tmp_path, key, column):
    path = save(tmp_path, results({key: "a.example.com", "count_injected": 5}))
    assert rows(counted("sparkpost_metrics", path), column, "injected") == [("a.example.com", 5)]


def test_groups_of_no_dimension_of_ours_are_added_up(tmp_path):
    path = save(tmp_path, results(*({"subaccount_id": n, "count_injected": 5} for n in (0, 1))))
    assert rows(counted("sparkpost_metrics", path), "label", "injected") == [("", 10)]


def test_two_series_that_name_no_provider_cannot_be_told_apart(tmp_path):
    paths = [save(tmp_path, results(at(injected=n)), f"{n}.json") for n in (5, 6)]
    with pytest.raises(InputError, match="if they are about different mail, read them apart"):
        counted("sparkpost_metrics", *paths)


def test_finer_precision_is_added_up_in_the_plans_days(tmp_path):
    entries = [at(f"2026-03-02T{hour:02d}:00:00+00:00", injected=1) for hour in range(24)]
    result = counted("sparkpost_metrics", save(tmp_path, results(*entries)), zone="America/New_York")
    assert rows(result, "date", "injected") == [("2026-03-01", 5), ("2026-03-02", 19)]


def test_sums_of_months_are_refused(tmp_path):
    path = save(tmp_path, results(*(at(f"2026-0{n}-01T00:00:00+00:00", injected=5) for n in (1, 2))))
    with pytest.raises(InputError, match="sums of months"):
        counted("sparkpost_metrics", path)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ({"errors": [{"message": "Unauthorized."}]}, "error answer"),
        ({"results": {}}, "no list named results"),
        ([], "no list named results"),
        (results({"type": "delivery"}), "holds events or other records"),
    ],
)
def test_what_is_no_answer(tmp_path, data, what):
    with pytest.raises(InputError, match=what):
        counted("sparkpost_metrics", save(tmp_path, data))


@pytest.mark.parametrize(
    "broken",
    [
        7,
        [[]],
        at("x", injected=1),
        at("", injected=1),
        at(["2026-03-02"], injected=1),
        at(injected=-1),
        at(injected=1.5),
        at(injected="7"),
        at(injected=float("nan")),
        at(injected=1) | {"mailbox_provider": {}},
    ],
)
def test_damaged_entries_are_counted_and_the_rest_is_kept(tmp_path, broken):
    result = counted("sparkpost_metrics", save(tmp_path, results(at("2026-03-01T00:00:00+00:00", injected=5), broken)))
    assert rows(result, "date", "injected") == [("2026-03-01", 5)]
    assert (result.damage.count, result.damage.places[0][1]) == (1, 2)
