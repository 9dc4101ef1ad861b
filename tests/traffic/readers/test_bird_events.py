from __future__ import annotations

import pytest

from tests.traffic.events.samples import SAMPLES, assert_truth, counted, folder, reader
from warmup.traffic.readers import readers


@pytest.mark.parametrize("sample", SAMPLES["bird_events"])
def test_the_sample_is_the_truth(shared, sample):
    assert_truth(
        counted("bird_events", folder(shared) / sample),
        shared,
        never={"open_human"},
        lost={"injected", "delivered", "suppressed", "click", "unsub", "open_any"},
    )


@pytest.mark.parametrize("sample", SAMPLES["bird_events"])
def test_it_is_recognised_among_all(shared, sample):
    path = folder(shared) / sample
    scores = {name: one.sniff(path.read_bytes()[:65536]) for name, one in readers().items()}
    assert max(scores, key=scores.get) == reader("bird_events").NAME
