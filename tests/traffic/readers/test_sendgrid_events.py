from __future__ import annotations

import json

import pytest

from tests.traffic.events.samples import SAMPLES, assert_truth, counted, folder, reader
from warmup.traffic.readers import readers


@pytest.mark.parametrize("sample", SAMPLES["sendgrid_events"])
def test_the_sample_is_the_truth(shared, sample):
    assert_truth(
        counted("sendgrid_events", folder(shared) / sample),
        shared,
        never={"oob"},
        other={"hard"},
        lost={"injected", "soft", "block", "deferred_msgs", "deferred_events", "suppressed"},
    )


@pytest.mark.parametrize("sample", SAMPLES["sendgrid_events"])
def test_it_is_recognised_among_all(shared, sample):
    path = folder(shared) / sample
    scores = {name: one.sniff(path.read_bytes()[:65536]) for name, one in readers().items()}
    assert max(scores, key=scores.get) == reader("sendgrid_events").NAME


def test_a_late_bounce_looks_like_any_other(shared):
    counts = counted("sendgrid_events", folder(shared) / SAMPLES["sendgrid_events"][0]).counts
    assert counts["hard"].sum() == 2  # the truth has one, and one bounce after a delivery


def test_category_is_a_text_or_a_list(tmp_path):
    event = {"email": "a@b.example.com", "timestamp": 1772442000, "event": "processed", "sg_event_id": "1"}
    events = [event | {"category": "news"}, event | {"sg_event_id": "2", "category": ["news", "x"]}]
    (tmp_path / "e.json").write_text(json.dumps(events))
    assert counted("sendgrid_events", tmp_path / "e.json").counts["stream"].tolist() == ["news"]


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ({"type": "bounce", "reason": "550 5.1.1 no such user", "status": "5.1.1"}, "hard"),
        ({"type": "bounce", "reason": "552 5.2.2 mailbox full", "status": "5.2.2"}, "soft"),
        ({"type": "bounce", "reason": "550 5.7.1 blocked, listed", "status": "5.0.0"}, "block"),
        ({"type": "bounce", "status": "5.7.1"}, "block"),
        ({"type": "bounce"}, "hard"),
        ({"type": "blocked", "reason": "552 5.2.2 mailbox full"}, "block"),
        ({"reason": "550 5.1.1 no such user"}, "hard"),
        ({}, "soft"),
        ({"type": "bounce", "reason": "550 5.7.1 no", "bounce_classification": "Invalid Address"}, "hard"),
    ],
)
def test_the_reply_decides_where_no_class_is_given(tmp_path, said, means):
    event = {"email": "a@b.example.com", "timestamp": 1772442000, "event": "bounce", "sg_event_id": "1"}
    (tmp_path / "e.json").write_text(json.dumps([event | said]))
    counts = counted("sendgrid_events", tmp_path / "e.json").counts
    assert [name for name in ("hard", "soft", "block") if counts[name].sum()] == [means]
