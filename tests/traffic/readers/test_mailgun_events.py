from __future__ import annotations

import json

import pytest

from tests.traffic.events.samples import SAMPLES, assert_truth, counted, folder, reader
from warmup.traffic.readers import readers


@pytest.mark.parametrize("sample", SAMPLES["mailgun_events"])
def test_the_sample_is_the_truth(shared, sample):
    assert_truth(counted("mailgun_events", folder(shared) / sample), shared, lost={"suppressed"})


@pytest.mark.parametrize("sample", SAMPLES["mailgun_events"])
def test_it_is_recognised_among_all(shared, sample):
    path = folder(shared) / sample
    scores = {name: one.sniff(path.read_bytes()[:65536]) for name, one in readers().items()}
    assert max(scores, key=scores.get) == reader("mailgun_events").NAME


def test_flat_lines_count_as_the_answer_does(shared, tmp_path):
    items = json.loads((folder(shared) / SAMPLES["mailgun_events"][0]).read_text())["items"]
    (tmp_path / "e.jsonl").write_text("\n".join(map(json.dumps, items)))
    assert_truth(counted("mailgun_events", tmp_path / "e.jsonl"), shared, lost={"suppressed"})


def test_ids_repeat_on_other_days(shared, tmp_path):
    items = json.loads((folder(shared) / SAMPLES["mailgun_events"][0]).read_text())["items"]
    first = items[0]
    later = first | {"timestamp": first["timestamp"] + 86400}
    (tmp_path / "e.jsonl").write_text("\n".join(map(json.dumps, [first, first, later])))
    result = counted("mailgun_events", tmp_path / "e.jsonl")
    assert (result.copies, result.counts["injected"].sum()) == (1, 2)


@pytest.mark.parametrize(
    ("status", "means"),
    [
        ({"bounce-type": "hard", "enhanced-code": "5.7.1", "message": "refused"}, "block"),
        ({"bounce-type": "hard", "message": "550 5.7.1 refused"}, "block"),
        ({"bounce-type": "hard", "enhanced-code": "5.1.1", "message": "550 no such user"}, "hard"),
        ({"bounce-type": "hard"}, "hard"),
        ({"bounce-type": "soft", "enhanced-code": "5.2.2"}, "soft"),
    ],
)
def test_a_block_is_no_hard_bounce_whatever_its_type(tmp_path, status, means):
    event = {"event": "failed", "id": "1", "timestamp": 1772442000.5, "recipient": "a@b.example.com"}
    event |= {"severity": "permanent", "reason": "bounce", "delivery-status": status}
    (tmp_path / "e.jsonl").write_text(json.dumps(event))
    counts = counted("mailgun_events", tmp_path / "e.jsonl").counts
    assert [name for name in ("hard", "soft", "block") if counts[name].sum()] == [means]
