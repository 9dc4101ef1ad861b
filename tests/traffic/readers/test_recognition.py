"""Every sample is recognised as what it is, and what is no export of traffic is read by nobody."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

import pytest

from warmup.errors import InputError
from warmup.scenario import HistorySource
from warmup.traffic.events.inputs import Input, head_of
from warmup.traffic.readers import Context, read, readers, recognise

COUNTS = {
    "bird_stats_query_request.json": "bird-stats",
    "bird_stats_query_response.json": "bird-stats",
    "mailchimp_campaigns.csv": "mailchimp",
    "mailchimp_domain_performance.json": "mailchimp",
    "mailgun_metrics_request.json": "mailgun-metrics",
    "sendgrid_mailbox_provider_stats.json": "sendgrid-stats",
    "ses_vdm_batch_get_metric_data_request.json": "ses-vdm",
    "ses_vdm_batch_get_metric_data_response.json": "ses-vdm",
    "sparkpost_metrics_mailbox_provider.json": "sparkpost-metrics",
    "sparkpost_metrics_sending_ip.json": "sparkpost-metrics",
    "sparkpost_metrics_timeseries.json": "sparkpost-metrics",
    "sparkpost_sending_ips.json": "sparkpost-metrics",
}
EVENTS = {
    "bird_webhook_events.jsonl": "bird-events",
    "braze_currents.jsonl": "braze",
    "kumomta_log.jsonl": "kumomta",
    "mailgun_events_api.json": "mailgun-events",
    "postmark_webhooks.jsonl": "postmark",
    "sendgrid_event_webhook.json": "sendgrid-events",
    "ses_event_publishing.jsonl": "ses-events",
    "sparkpost_events_api.json": "sparkpost-events",
    "sparkpost_webhook_batch.json": "sparkpost-events",
}
NO_TRAFFIC = ("arf_*", "dmarc_*", "gpt_*", "out_*", "snds_*", "tlsrpt_*", "engagement_*", "mailchimp_audience.csv")
EMPTY = {
    "bird-stats": b'{"data": [], "period": {"grain": null}, "data_as_of": null, "next_cursor": null}',
    "mailgun-metrics": b'{"dimensions": ["time"], "items": [], "pagination": {"total": 0}}',
    "sendgrid-stats": b'[{"date": "2026-03-02", "stats": []}]',
    "ses-vdm": b'{"Results": [], "Errors": [{"Id": "a", "Code": "ACCESS_DENIED"}]}',
    "mailchimp": b'{"domains": [], "total_sent": 0, "campaign_id": "a1"}',
}


@pytest.fixture
def samples(shared):
    return shared / "reference" / "formats" / "samples"


@pytest.mark.parametrize(("name", "reader"), (COUNTS | EVENTS).items())
def test_samples_are_recognised(samples, name, reader):
    head = head_of(Input(samples / name, name))
    scores = {one: module.sniff(head) for one, module in readers().items()}
    found = recognise(head, name).NAME
    assert found == reader
    assert scores[reader] > 0.5
    assert [one for one, score in scores.items() if score > 0.3] == [reader]


@pytest.mark.parametrize(("reader", "head"), EMPTY.items())
def test_empty_answers_are_recognised(reader, head):
    found = recognise(head, "x").NAME
    assert found == reader


@pytest.mark.parametrize("pattern", NO_TRAFFIC)
def test_what_is_no_traffic_is_refused(samples, pattern):
    paths = sorted(samples.glob(pattern))
    assert paths
    for path in paths:
        source = HistorySource.model_validate({"path": path.name, "provider": "Gmail"})
        with pytest.raises(InputError):
            read(source, [path], Context(ZoneInfo("UTC"), "promo"))


@pytest.mark.parametrize(
    "head", [b"", b"{", b"[", b"\x00" * 1000, b'{"results": [', b"[[[[[[", b"null", b'"results"', b"\xff\xfe{\x00}\x00"]
)
def test_nothing_is_too_odd_to_be_looked_at(head):
    assert all(0 <= module.sniff(head) <= 1 for module in readers().values())


def test_looking_takes_no_time():
    heads = [b"{" * 65536, b'{"dimensions": [' * 4096, b'[{"date"' * 8192, b"[" + b" " * 65535, b'{"data":[{' * 6000]
    start = time.perf_counter()
    for head in heads:
        for module in readers().values():
            module.sniff(head)
    assert time.perf_counter() - start < 10
