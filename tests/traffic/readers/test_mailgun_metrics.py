"""No sample of an answer exists: these are built as the models of Mailgun's own clients describe it."""

from __future__ import annotations

import json

import pytest

from tests.traffic.aggregates.build import counted, rows, save, told, unknown
from warmup.errors import InputError
from warmup.traffic.capabilities import capabilities
from warmup.traffic.readers.mailgun_metrics import FORMULAS

MONDAY, TUESDAY = "Mon, 02 Mar 2026 00:00:00 +0000", "Tue, 03 Mar 2026 00:00:00 +0000"


def item(metrics, time=MONDAY, **dimensions):
    listed = [{"dimension": name, "value": value, "display_value": value} for name, value in dimensions.items()]
    if time is not None:
        listed.insert(0, {"dimension": "time", "value": time, "display_value": time})
    return {"dimensions": listed, "metrics": metrics}


def answer(*items, skip=0, total=None, **fields):
    return {
        "start": MONDAY,
        "end": "Tue, 03 Mar 2026 23:59:59 +0000",
        "resolution": "day",
        "duration": "",
        "dimensions": ["time", "recipient_provider"],
        "pagination": {"sort": "time:asc", "skip": skip, "limit": 100, "total": len(items) if total is None else total},
        "items": list(items),
        "aggregates": {"metrics": {}},
        **fields,
    }


@pytest.fixture
def request_file(shared):
    return shared / "reference" / "formats" / "samples" / "mailgun_metrics_request.json"


def test_an_answer_to_the_request_of_the_samples(tmp_path, request_file):
    asked = json.loads(request_file.read_text())["metrics"]
    numbers = [5, 3, 1, 2, 0, 2, 1]
    path = save(
        tmp_path,
        answer(
            item(dict(zip(asked, numbers, strict=True)), recipient_provider="Gmail"),
            item(dict.fromkeys(asked, 0), TUESDAY, recipient_provider="Gmail"),
        ),
    )
    result = counted("mailgun_metrics", path, request_file)
    names = ("date", "label", "injected", "delivered", "deferred_events", "complaint", "click", "open_any")
    assert rows(result, *names) == [("2026-03-02", "Gmail", 5, 3, 2, 0, 1, 2), ("2026-03-03", "Gmail", *[0] * 6)]
    record = capabilities()["mailgun-metrics"]
    assert unknown(result) == {*record.never, *record.unchecked, *record.only_if}
    assert "'permanent_failed_count'" in told(result)
    assert result.damage.count == 0


def test_what_it_never_says_is_null_even_if_everything_was_asked_for(tmp_path):
    every = {name: 1 for alternatives in FORMULAS.values() for one in alternatives for name in (*one.plus, *one.also)}
    result = counted("mailgun_metrics", save(tmp_path, answer(item(every, recipient_provider="Gmail"))))
    record = capabilities()["mailgun-metrics"]
    assert unknown(result) == {*record.never, *record.unchecked}


def test_suppressed_messages_are_taken_off_the_accepted_ones(tmp_path):
    suppressed = {f"suppressed_{name}_count": 1 for name in ("bounces", "complaints", "unsubscribed")}
    path = save(tmp_path, answer(item({"accepted_count": 12, "accepted_outgoing_count": 10} | suppressed)))
    assert rows(counted("mailgun_metrics", path), "injected", "suppressed") == [(7, 3)]
    path = save(tmp_path, answer(item({"accepted_count": 12, "suppressed_bounces_count": 1})))
    assert rows(counted("mailgun_metrics", path), "injected", "suppressed") == [(12, None)]


def test_by_ip_and_provider_and_day(tmp_path):
    numbers = {"sent_count": 5, "delivered_count": 4}
    path = save(tmp_path, answer(*(item(numbers, recipient_provider="Gmail", ip=f"192.0.2.1{n}") for n in (0, 1))))
    assert rows(counted("mailgun_metrics", path), "date", "label", "ip", "injected") == [
        ("2026-03-02", "Gmail", "192.0.2.10", 5),
        ("2026-03-02", "Gmail", "192.0.2.11", 5),
    ]


def test_other_dimensions(tmp_path):
    found = item({"delivered_count": 5}, recipient_domain="Gmail.example.com", ip_pool="marketing", tag="promo")
    result = counted("mailgun_metrics", save(tmp_path, answer(found)))
    assert rows(result, "domain", "label", "pool", "stream", "delivered") == [
        ("gmail.example.com", "", "marketing", "promo", 5)
    ]
    assert "several tags" in told(result)
    other = [item({"unique_opened_count": 5}, bot=bot, recipient_provider="Gmail") for bot in ("", "apple")]
    result = counted("mailgun_metrics", save(tmp_path, answer(*other)))
    assert rows(result, "label", "open_any", "open_human") == [("Gmail", 10, None)]
    assert "by bot" in told(result)


def test_pages(tmp_path):
    first = save(tmp_path, answer(item({"delivered_count": 5}, recipient_provider="Gmail"), total=2), "1.json")
    second = answer(item({"delivered_count": 6}, recipient_provider="Yahoo"), skip=1, total=2)
    last = save(tmp_path, answer(skip=2, total=2), "3.json")
    assert "1 item" in told(counted("mailgun_metrics", first, last))
    result = counted("mailgun_metrics", first, save(tmp_path, second, "2.json"), last)
    assert rows(result, "label", "delivered") == [("Gmail", 5), ("Yahoo", 6)]
    assert "pagination" not in told(result)
    clash = save(tmp_path, answer(item({"delivered_count": 7}, recipient_provider="Gmail")), "4.json")
    with pytest.raises(InputError, match="says 7 delivered"):
        counted("mailgun_metrics", first, clash)


def test_hours_are_added_up_in_the_plans_days(tmp_path):
    items = [item({"delivered_count": 1}, f"Mon, 02 Mar 2026 {hour:02d}:00:00 +0000") for hour in range(24)]
    result = counted("mailgun_metrics", save(tmp_path, answer(*items, resolution="hour")), zone="America/New_York")
    assert rows(result, "date", "delivered") == [("2026-03-01", 5), ("2026-03-02", 19)]


def test_days_stay_days_in_any_zone(tmp_path):
    path = save(tmp_path, answer(item({"delivered_count": 1})))
    result = counted("mailgun_metrics", path, zone="America/New_York")
    assert rows(result, "date") == [("2026-03-02",)]
    assert "5 h apart" in told(result)


def test_without_time_there_is_no_day(tmp_path):
    path = save(tmp_path, answer(item({"delivered_count": 1}, None, recipient_provider="Gmail")))
    assert rows(counted("mailgun_metrics", path), "date", "label") == [(None, "Gmail")]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (answer(resolution="month"), "counts by 'month'"),
        ({"message": "Forbidden"}, "error answer"),
        ({"items": {}}, "no answer of the metrics API"),
        ([], "no answer of the metrics API"),
        ({"metrics": []}, "its answer is not among the files"),
    ],
)
def test_what_is_no_answer(tmp_path, data, what):
    with pytest.raises(InputError, match=what):
        counted("mailgun_metrics", save(tmp_path, data))


@pytest.mark.parametrize(
    "broken",
    [
        7,
        [],
        {"metrics": {}},
        {"dimensions": {}, "metrics": {}},
        {"dimensions": [7], "metrics": {}},
        item([]),
        item({"delivered_count": -1}),
        item({"delivered_count": "5"}),
        item({"delivered_count": 5}, "soon"),
        item({"delivered_count": 5}, 7),
        item({"delivered_count": 5}, "Mon, 99 Mar 2026 00:00:00 +0000"),
        item({"delivered_count": 5}, recipient_provider=["Gmail"]),
    ],
)
def test_damaged_items_are_counted_and_the_rest_is_kept(tmp_path, broken):
    result = counted("mailgun_metrics", save(tmp_path, answer(item({"delivered_count": 5}), broken)))
    assert rows(result, "date", "delivered") == [("2026-03-02", 5)]
    assert (result.damage.count, result.damage.places[0][1]) == (1, 2)
