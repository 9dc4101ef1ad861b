from __future__ import annotations

import json

import pytest

from tests.traffic.events.samples import SAMPLES, assert_truth, counted, folder, reader
from warmup.traffic.readers import readers


@pytest.mark.parametrize("sample", SAMPLES["ses_events"])
def test_the_sample_is_the_truth(shared, sample):
    assert_truth(
        counted("ses_events", folder(shared) / sample),
        shared,
        never={"open_human"},
        lost={"injected", "hard", "soft", "block", "deferred_msgs", "deferred_events", "suppressed"},
    )


@pytest.mark.parametrize("sample", SAMPLES["ses_events"])
def test_it_is_recognised_among_all(shared, sample):
    path = folder(shared) / sample
    scores = {name: one.sniff(path.read_bytes()[:65536]) for name, one in readers().items()}
    assert max(scores, key=scores.get) == reader("ses_events").NAME


def events(shared):
    lines = (folder(shared) / SAMPLES["ses_events"][0]).read_text().splitlines()
    return [json.loads(line) for line in lines]


def wrapped(event):
    return {"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:x", "Message": json.dumps(event)}


@pytest.mark.parametrize("separator", ["\n", "", " ", "\r\n"])
@pytest.mark.parametrize("wrap", [False, True])
def test_however_the_events_travelled(shared, tmp_path, separator, wrap):
    texts = [json.dumps(wrapped(event) if wrap else event) for event in events(shared)]
    (tmp_path / "e").write_text(separator.join(texts))
    lost = {"injected", "hard", "soft", "block", "deferred_msgs", "deferred_events", "suppressed"}
    assert_truth(counted("ses_events", tmp_path / "e"), shared, never={"open_human"}, lost=lost)


def test_recipients_are_counted_not_events(shared, tmp_path):
    send = next(event for event in events(shared) if event["eventType"] == "Send")
    send["mail"]["destination"] = ["a@one.example.com", "b@one.example.com", "c@two.example.com"]
    (tmp_path / "e").write_text(json.dumps(send))
    counts = counted("ses_events", tmp_path / "e").counts
    assert dict(zip(counts["domain"], counts["injected"], strict=True)) == {"one.example.com": 2, "two.example.com": 1}


def test_an_event_about_nobody_is_damaged(shared, tmp_path):
    bounce = next(event for event in events(shared) if event["eventType"] == "Bounce")
    bounce["bounce"]["bouncedRecipients"] = []
    good = json.dumps(events(shared)[0])
    (tmp_path / "e").write_text(f"{good}\n{json.dumps(bounce)}\n{good}\n")
    result = counted("ses_events", tmp_path / "e")
    assert result.damage.places == [(str(tmp_path / "e"), 2)]


@pytest.mark.parametrize("kind", ["ContentRejected", "AttachmentRejected"])
@pytest.mark.parametrize("type_", ["Transient", "Permanent"])
def test_refused_for_its_content_is_a_block(shared, tmp_path, kind, type_):
    bounce = next(event for event in events(shared) if event["eventType"] == "Bounce")
    person = {"emailAddress": "a@b.example.com", "diagnosticCode": "smtp; 554 5.6.0 not taken"}
    bounce["bounce"] |= {"bounceType": type_, "bounceSubType": kind, "bouncedRecipients": [person]}
    (tmp_path / "e").write_text(json.dumps(bounce))
    counts = counted("ses_events", tmp_path / "e").counts
    assert [name for name in ("hard", "soft", "block") if counts[name].sum()] == ["block"]


@pytest.mark.parametrize(
    ("tags", "stream"),
    [
        ({"zone": ["eu"], "stream": ["news"], "campaign": ["spring"]}, "news"),
        ({"zone": ["eu"], "campaign": ["spring"], "brand": ["x"]}, "spring"),
        ({"zone": ["eu"], "brand": ["x"], "ses:from-domain": ["example.com"]}, "x"),
        ({"brand": ["x"], "zone": ["eu"]}, "x"),
        ({"ses:from-domain": ["example.com"]}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_the_stream_is_one_tag_whatever_the_order(shared, tmp_path, tags, stream):
    send = next(event for event in events(shared) if event["eventType"] == "Send")
    send["mail"]["tags"] = tags
    (tmp_path / "e").write_text(json.dumps(send))
    assert counted("ses_events", tmp_path / "e").counts["stream"].tolist() == [stream]
