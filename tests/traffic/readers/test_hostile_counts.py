"""Answers of counts in which anything may be damaged: an error in words, or counts without what is damaged."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.traffic.aggregates.build import counted, save
from warmup.errors import InputError
from warmup.traffic.measures import DIMENSIONS, MEASURES

FILES = {
    "bird_stats": ("bird_stats_query_response.json", "bird_stats_query_request.json"),
    "sendgrid_stats": ("sendgrid_mailbox_provider_stats.json",),
    "ses_vdm": ("ses_vdm_batch_get_metric_data_response.json", "ses_vdm_batch_get_metric_data_request.json"),
    "sparkpost_metrics": ("sparkpost_metrics_sending_ip.json", "sparkpost_sending_ips.json"),
    "mailchimp": ("mailchimp_domain_performance.json",),
    "mailgun_metrics": (),
}
MAILGUN = {
    "dimensions": ["time", "recipient_provider"],
    "pagination": {"total": 1},
    "items": [
        {
            "dimensions": [
                {"dimension": "time", "value": "Mon, 02 Mar 2026 00:00:00 +0000"},
                {"dimension": "recipient_provider", "value": "Gmail"},
            ],
            "metrics": {"accepted_count": 5, "delivered_count": 4},
        }
    ],
}
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("jane.doe@example.com"),
    st.just(10**30), st.just("2026-03-02"), st.just("9999-12-31T23:59:59-23:59"), st.just("0001-01-01T00:00:00+14:00"),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    keys = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for key, inner in keys:
        found += [(value, key), *places(inner)]
    return found


def load(reader: str, samples: Path) -> list[Any]:
    return [json.loads((samples / name).read_text()) for name in FILES[reader]] or [MAILGUN]


def whole_or_refused(reader: str, texts: list[str], zone: str = "UTC") -> None:
    with TemporaryDirectory() as folder:
        for n, text in enumerate(texts):
            save(Path(folder), text, f"{n}.json")
        try:
            result = counted(reader, folder, zone=zone)
        except InputError as error:
            refused = str(error)
        else:
            refused = ""
    if refused:
        assert "jane.doe" not in refused
        return
    assert list(result.counts.columns) == [*DIMENSIONS, *MEASURES]
    assert not (result.counts[list(MEASURES)] < 0).any(axis=None)
    assert not result.counts.duplicated(list(DIMENSIONS)).any()
    assert "jane.doe" not in result.counts.to_csv()
    assert "jane.doe" not in "".join(note.text for note in result.notes)


@pytest.mark.parametrize("reader", FILES)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_anything_in_any_place(reader, shared, data):
    answers = copy.deepcopy(load(reader, shared / "reference" / "formats" / "samples"))
    for _ in range(data.draw(st.integers(1, 3))):
        every = places(answers)
        container, key = every[data.draw(st.integers(0, len(every) - 1))] if every else (answers, 0)
        if answers:
            container[key] = data.draw(ANYTHING)
    zone = data.draw(st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo"]))
    whole_or_refused(reader, [json.dumps(answer) for answer in answers], zone)


@pytest.mark.parametrize("reader", FILES)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cut_doubled_and_turned_files(reader, shared, data):
    texts = [json.dumps(answer) for answer in load(reader, shared / "reference" / "formats" / "samples")]
    text = texts[0]
    cut = data.draw(st.integers(0, len(text)))
    damaged = data.draw(st.sampled_from([text[:cut], text + text[:cut], text[cut:], text * 2]))
    whole_or_refused(reader, [damaged, *texts[1:]])


@pytest.mark.parametrize("reader", FILES)
def test_the_same_files_twice_change_nothing(reader, shared, tmp_path):
    texts = [json.dumps(answer) for answer in load(reader, shared / "reference" / "formats" / "samples")]
    once, twice = tmp_path / "once", tmp_path / "twice"
    for folder, content in ((once, texts), (twice, texts + texts[::-1])):
        folder.mkdir()
        for n, text in enumerate(content):
            save(folder, text, f"{n}.json")
    assert counted(reader, once).counts.equals(counted(reader, twice).counts)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-23:00", "0001-01-01T01:00:00+14:00", "9999-12-31", "0000-01-01"])
def test_days_at_the_ends_of_the_calendar_are_damaged(tmp_path, text, zone):
    entries = [{"ts": day, "count_injected": 1} for day in (text, "2026-03-02T00:00:00+00:00")]
    result = counted("sparkpost_metrics", save(tmp_path, {"results": entries}), zone=zone)
    assert (len(result.counts), result.damage.count) == (1, 1)
