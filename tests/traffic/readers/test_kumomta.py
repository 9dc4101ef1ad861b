from __future__ import annotations

import json

import pytest

from tests.traffic.events.samples import SAMPLES, assert_truth, counted, folder, reader
from warmup.traffic.readers import readers


@pytest.mark.parametrize("sample", SAMPLES["kumomta"])
def test_the_sample_is_the_truth(shared, sample):
    assert_truth(
        counted("kumomta", folder(shared) / sample),
        shared,
        never={"suppressed", "open_human", "open_any", "click", "unsub"},
    )


@pytest.mark.parametrize("sample", SAMPLES["kumomta"])
def test_it_is_recognised_among_all(shared, sample):
    path = folder(shared) / sample
    scores = {name: one.sniff(path.read_bytes()[:65536]) for name, one in readers().items()}
    assert max(scores, key=scores.get) == reader("kumomta").NAME


def lines(shared):
    return [json.loads(line) for line in (folder(shared) / SAMPLES["kumomta"][0]).read_text().splitlines()]


def test_equal_rows_are_two_events(shared, tmp_path):
    row = json.dumps(lines(shared)[0])
    (tmp_path / "log").write_text(f"{row}\n{row}\n")
    assert counted("kumomta", tmp_path / "log").counts["injected"].sum() == 2


def test_recipients_in_a_list(shared, tmp_path):
    row = lines(shared)[0] | {"recipient": ["a@one.example.com", "b@two.example.com"]}
    (tmp_path / "log").write_text(json.dumps(row) + "\n")
    assert counted("kumomta", tmp_path / "log").counts["domain"].tolist() == ["one.example.com", "two.example.com"]


def test_records_without_an_id_are_messages_of_their_own(shared, tmp_path):
    refused = [row for row in lines(shared) if row["type"] == "TransientFailure"][:1]
    rows = [row | {"id": None} for row in refused * 3]
    (tmp_path / "log").write_text("\n".join(map(json.dumps, rows)))
    counts = counted("kumomta", tmp_path / "log").counts
    assert (counts["deferred_msgs"].sum(), counts["deferred_events"].sum()) == (3, 3)


@pytest.mark.parametrize("recipient", [[], [None], None])
def test_a_record_without_a_recipient_is_one_of_its_queue(shared, tmp_path, recipient):
    row = lines(shared)[0] | {"recipient": recipient, "queue": "promo:x@one.example.com"}
    (tmp_path / "log").write_text(json.dumps(row) + "\n")
    result = counted("kumomta", tmp_path / "log")
    assert (result.counts["domain"].tolist(), result.damage.count) == (["one.example.com"], 0)


@pytest.mark.parametrize("recipient", ['["a@', "[", '["a'])
def test_a_recipient_that_only_looks_like_a_list_spoils_nothing_else(shared, tmp_path, recipient):
    bad, good = (
        json.dumps(row) for row in (lines(shared)[0] | {"recipient": recipient, "queue": None}, lines(shared)[1])
    )
    (tmp_path / "log").write_text(f"{bad}\n{good}\n")
    result = counted("kumomta", tmp_path / "log")
    assert (result.records, result.damage.count) == (1, 1)
