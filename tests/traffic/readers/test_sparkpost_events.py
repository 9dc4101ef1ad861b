from __future__ import annotations

import json

import pytest

from tests.traffic.events.samples import SAMPLES, assert_truth, counted, folder, reader
from warmup.traffic.readers import readers


@pytest.mark.parametrize("sample", SAMPLES["sparkpost_events"])
def test_the_sample_is_the_truth(shared, sample):
    assert_truth(counted("sparkpost_events", folder(shared) / sample), shared, lost={"suppressed"})


@pytest.mark.parametrize("sample", SAMPLES["sparkpost_events"])
def test_it_is_recognised_among_all(shared, sample):
    path = folder(shared) / sample
    scores = {name: one.sniff(path.read_bytes()[:65536]) for name, one in readers().items()}
    assert max(scores, key=scores.get) == reader("sparkpost_events").NAME


def test_test_pings_are_neither_events_nor_damage(tmp_path):
    (tmp_path / "e.json").write_text('[{"msys":{}},{"msys":{}}]')
    result = counted("sparkpost_events", tmp_path / "e.json")
    assert (result.records, result.damage.count, len(result.counts)) == (0, 0, 0)


def test_pages_of_the_api_one_after_another(shared, tmp_path):
    answer = json.loads((folder(shared) / SAMPLES["sparkpost_events"][0]).read_text())
    pages = [
        {"links": {"next": "x"}, "results": answer["results"][n : n + 10], "total_count": 41} for n in range(0, 41, 10)
    ]
    (tmp_path / "pages").write_text("".join(map(json.dumps, pages)))
    assert_truth(counted("sparkpost_events", tmp_path / "pages"), shared, lost={"suppressed"})


def test_bounce_classes_are_all_said():
    classes = reader("sparkpost_events").BOUNCE_CLASSES
    assert set(classes.values()) == {"hard", "soft", "block", "cancelled"}
    assert len(classes) == 20


@pytest.mark.parametrize("first", [{"campaign_id": "msys"}, {"rcpt_meta": {"msys": "1"}}, {"subject": '{"msys":'}])
def test_a_senders_own_words_do_not_tell_which_format_it_is(shared, tmp_path, first):
    answer = json.loads((folder(shared) / SAMPLES["sparkpost_events"][0]).read_text())
    answer["results"] = [first | event for event in answer["results"]]
    expected = counted("sparkpost_events", folder(shared) / SAMPLES["sparkpost_events"][0]).counts
    for separators in (None, (",", ":")):
        (tmp_path / "e.json").write_text(json.dumps(answer, separators=separators))
        result = counted("sparkpost_events", tmp_path / "e.json")
        assert (result.damage.count, result.counts["injected"].sum()) == (0, expected["injected"].sum())


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_webhook_is_known_however_it_is_written(shared, tmp_path, indent, encoding):
    batch = json.loads((folder(shared) / SAMPLES["sparkpost_events"][1]).read_text())
    (tmp_path / "e.json").write_bytes(json.dumps(batch, indent=indent).encode(encoding))
    assert_truth(counted("sparkpost_events", tmp_path / "e.json"), shared, lost={"suppressed"})


@pytest.mark.parametrize("last", [True, False])
def test_missing_pages_are_noticed(shared, tmp_path, last):
    answer = json.loads((folder(shared) / SAMPLES["sparkpost_events"][0]).read_text())
    results, total = answer["results"], {"total_count": len(answer["results"])}
    for n in range(0, len(results), 10):
        page = {"results": results[n : n + 10]}
        (tmp_path / f"{n}.json").write_text(json.dumps(page | total if last else total | page))
    assert not any("pages" in note.text for note in counted("sparkpost_events", tmp_path).notes)
    (tmp_path / "10.json").unlink()
    (tmp_path / "again.json").write_bytes((tmp_path / "0.json").read_bytes())
    (note,) = (note for note in counted("sparkpost_events", tmp_path).notes if "pages" in note.text)
    assert f"{len(results)} events and the files hold {len(results) - 10}" in note.text
