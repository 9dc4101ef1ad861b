from __future__ import annotations

import pytest

from tests.traffic.events.samples import SAMPLES, assert_truth, counted, folder, reader
from warmup.traffic.readers import readers


@pytest.mark.parametrize("sample", SAMPLES["braze"])
def test_the_sample_is_the_truth(shared, sample):
    assert_truth(counted("braze", folder(shared) / sample), shared, lost={"suppressed"})


@pytest.mark.parametrize("sample", SAMPLES["braze"])
def test_it_is_recognised_among_all(shared, sample):
    path = folder(shared) / sample
    scores = {name: one.sniff(path.read_bytes()[:65536]) for name, one in readers().items()}
    assert max(scores, key=scores.get) == reader("braze").NAME
