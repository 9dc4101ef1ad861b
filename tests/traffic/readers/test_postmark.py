from __future__ import annotations

import pytest

from tests.traffic.events.samples import SAMPLES, assert_truth, counted, folder, reader
from warmup.traffic.readers import readers


@pytest.mark.parametrize("sample", SAMPLES["postmark"])
def test_the_sample_is_the_truth(shared, sample):
    assert_truth(
        counted("postmark", folder(shared) / sample),
        shared,
        never={"injected", "deferred_msgs", "deferred_events", "suppressed", "open_human"},
        lost={"delivered", "hard", "soft", "block", "oob", "complaint", "click", "unsub", "open_any"},
    )


@pytest.mark.parametrize("sample", SAMPLES["postmark"])
def test_it_is_recognised_among_all(shared, sample):
    path = folder(shared) / sample
    scores = {name: one.sniff(path.read_bytes()[:65536]) for name, one in readers().items()}
    assert max(scores, key=scores.get) == reader("postmark").NAME
