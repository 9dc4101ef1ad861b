from __future__ import annotations

import shutil

import pytest

from tests.traffic.aggregates.build import counted, rows, save, told, unknown
from warmup.errors import InputError
from warmup.traffic.capabilities import capabilities
from warmup.traffic.readers.ses_vdm import METRICS

DAYS = ["2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"]


@pytest.fixture
def samples(shared):
    return shared / "reference" / "formats" / "samples"


def query(name, metric="SEND", **dimensions):
    return {"Id": name, "Namespace": "VDM", "Metric": metric, "Dimensions": dimensions}


def result_of(name, *values, times=None):
    return {"Id": name, "Timestamps": times or DAYS[: len(values)], "Values": list(values)}


def pair(folder, queries, results, prefix="a", errors=()):
    request = save(folder, {"Queries": queries}, f"{prefix}_request.json")
    return request, save(folder, {"Results": results, "Errors": list(errors)}, f"{prefix}_response.json")


@pytest.mark.parametrize("files", [("request", "response"), ("response",)])
def test_the_sample_with_its_request_given_or_beside_it(samples, files):
    result = counted("ses_vdm", *(samples / f"ses_vdm_batch_get_metric_data_{name}.json" for name in files))
    assert rows(result, "date", "label", "injected", "soft") == [
        ("2026-03-02", "Gmail", 5, 0),
        ("2026-03-03", "Gmail", 1, 0),
    ]
    assert {"injected", "soft"} == set(METRICS.values()) - unknown(result)


def test_ids_alone_say_nothing(samples, tmp_path):
    shutil.copy(samples / "ses_vdm_batch_get_metric_data_response.json", tmp_path / "r.json")
    with pytest.raises(InputError, match=r"no request explains \('gmail_send', 'gmail_tb'\); give the request"):
        counted("ses_vdm", tmp_path / "r.json")
    with pytest.raises(InputError, match=r"request\.json: is a request for counts"):
        counted("ses_vdm", samples / "ses_vdm_batch_get_metric_data_request.json")


def test_what_it_never_says_is_null_even_if_everything_was_asked_for(tmp_path):
    queries = [query(metric.lower(), metric, ISP="Gmail") for metric in (*METRICS, "DELIVERY_OPEN")]
    pair(tmp_path, queries, [result_of(one["Id"], 3) for one in queries])
    result = counted("ses_vdm", tmp_path)
    assert unknown(result) == set(capabilities()["ses-vdm"].never)
    assert (result.unused, "DELIVERY_OPEN" in told(result)) == (1, True)


def test_equal_ids_of_several_requests_go_by_the_files_names(tmp_path):
    for name, label in (("a", "Gmail"), ("b", "Yahoo")):
        pair(tmp_path, [query("q1", ISP=label)], [result_of("q1", 5)], name)
    assert rows(counted("ses_vdm", tmp_path), "label", "injected") == [("Gmail", 5), ("Yahoo", 5)]
    (tmp_path / "b_response.json").rename(tmp_path / "c.json")
    with pytest.raises(InputError, match=r"c.json: has Ids that requests explain differently"):
        counted("ses_vdm", tmp_path)


def test_dimensions(tmp_path):
    queries = [query("a", ISP="Gmail", CONFIGURATION_SET="news"), query("b", ISP="Gmail", CONFIGURATION_SET="shop")]
    pair(tmp_path, queries, [result_of("a", 5), result_of("b", 6)])
    assert rows(counted("ses_vdm", tmp_path), "label", "stream", "injected") == [
        ("Gmail", "news", 5),
        ("Gmail", "shop", 6),
    ]


def test_totals_and_identities_are_not_added_to_providers(tmp_path):
    queries = [query("a", ISP="Gmail"), query("b"), query("c", ISP="Gmail", EMAIL_IDENTITY="example.com")]
    pair(tmp_path, queries, [result_of(name, 5) for name in "abc"])
    result = counted("ses_vdm", tmp_path)
    assert rows(result, "label", "injected") == [("Gmail", 5)]
    assert "counted in 3 ways" in told(result)


@pytest.mark.parametrize("time", ["2026-03-02T00:00:00Z", "2026-03-01T19:00:00-05:00", 1772409600, 1772409600.0])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_days_are_utc_however_a_client_wrote_them(tmp_path, time, zone):
    pair(tmp_path, [query("a", ISP="Gmail")], [result_of("a", 5, times=[time])])
    result = counted("ses_vdm", tmp_path, zone=zone)
    assert rows(result, "date", "injected") == [("2026-03-02", 5)]
    assert ("h apart" in told(result)) == (zone != "UTC")


def test_failed_queries_are_unknown_and_said(tmp_path):
    queries = [query("a", ISP="Gmail"), query("b", "COMPLAINT", ISP="Gmail")]
    pair(tmp_path, queries, [result_of("a", 5)], errors=[{"Id": "b", "Code": "ACCESS_DENIED"}])
    result = counted("ses_vdm", tmp_path)
    assert rows(result, "injected", "complaint") == [(5, None)]
    assert "'b' ('ACCESS_DENIED')" in told(result)


@pytest.mark.parametrize(
    "broken",
    [
        7,
        {"Timestamps": DAYS, "Values": [1, 2]},
        result_of("a", 1, times=DAYS),
        result_of("a", -1),
        result_of("a", 0.5),
        result_of("a", 1, times=["soon"]),
        result_of("a", 1, times=[1e300]),
        {"Id": "a", "Timestamps": {}, "Values": []},
    ],
)
def test_damaged_results_are_counted_and_the_rest_is_kept(tmp_path, broken):
    pair(tmp_path, [query("a", ISP="Gmail"), query("b", "CLICK", ISP="Gmail")], [result_of("b", 5), broken])
    result = counted("ses_vdm", tmp_path)
    assert rows(result, "click") == [(5,)]
    assert (result.damage.count, result.damage.places[0][1]) == (1, 2)


@pytest.mark.parametrize("data", [{}, [], {"Results": {}}, {"message": "denied"}])
def test_what_is_no_answer(tmp_path, data):
    with pytest.raises(InputError, match="no answer of BatchGetMetricData"):
        counted("ses_vdm", save(tmp_path, data))


@pytest.mark.parametrize("one", [7, {}, {"Id": "a"}, {"Id": "a", "Metric": "SEND", "Dimensions": ["ISP"]}])
def test_a_damaged_request_is_refused(tmp_path, one):
    pair(tmp_path, [one], [result_of("a", 1)])
    with pytest.raises(InputError, match="query 1: is no query"):
        counted("ses_vdm", tmp_path)
