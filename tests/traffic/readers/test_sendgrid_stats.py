from __future__ import annotations

import pytest

from tests.traffic.aggregates.build import counted, rows, save, told, unknown
from warmup.errors import InputError
from warmup.traffic.capabilities import capabilities


@pytest.fixture
def sample(shared):
    return shared / "reference" / "formats" / "samples" / "sendgrid_mailbox_provider_stats.json"


def day(date, *stats):
    return {"date": date, "stats": list(stats)}


def stat(name="Gmail", kind="mailbox_provider", **metrics):
    return {"type": kind, "name": name, "metrics": metrics}


def test_the_sample(sample):
    result = counted("sendgrid_stats", sample)
    names = ("date", "label", "injected", "delivered", "block", "deferred_events", "suppressed", "complaint", "click")
    assert rows(result, *names, "open_any") == [
        ("2026-03-02", "Gmail", 5, 3, 0, 1, 0, 0, 1, 2),
        ("2026-03-02", "Yahoo", 2, 1, 0, 1, 0, 0, 0, 0),
        ("2026-03-03", "Gmail", 1, 2, 0, 0, 0, 0, 1, 1),
    ]
    record = capabilities()["sendgrid-stats"]
    assert unknown(result) == {*record.never, *record.only_if}
    assert "'bounces'" in told(result)


def test_categories_are_streams(tmp_path):
    path = save(tmp_path, [day("2026-03-02", stat("news", "category", processed=5, unsubscribes=2))])
    result = counted("sendgrid_stats", path)
    assert rows(result, "stream", "label", "injected", "unsub") == [("news", "", 5, 2)]
    assert "several of them" in told(result)


def test_other_types_are_not_counted(tmp_path):
    result = counted("sendgrid_stats", save(tmp_path, [day("2026-03-02", stat("phone", "device", opens=5), stat())]))
    assert (len(result.counts), result.unused, result.damage.count) == (1, 1, 0)


def test_files_of_two_periods_overlap_in_equal_days_only(tmp_path):
    one = save(tmp_path, [day("2026-03-02", stat(processed=5)), day("2026-03-03", stat(processed=6))], "1.json")
    two = save(tmp_path, [day("2026-03-03", stat(processed=6)), day("2026-03-04", stat(processed=7))], "2.json")
    result = counted("sendgrid_stats", one, two)
    assert rows(result, "injected") == [(5,), (6,), (7,)]
    assert result.copies == 1
    three = save(tmp_path, [day("2026-03-03", stat(processed=60))], "3.json")
    with pytest.raises(InputError, match="says 60 injected"):
        counted("sendgrid_stats", one, two, three)


def test_a_day_without_mail_is_no_damage(tmp_path):
    result = counted("sendgrid_stats", save(tmp_path, [day("2026-03-02"), day("2026-03-03", stat(processed=1))]))
    assert (len(result.counts), result.damage.count) == (1, 0)


def test_months_are_refused(tmp_path):
    path = save(tmp_path, [day(f"2026-0{n}-01", stat(processed=5)) for n in (1, 2)])
    with pytest.raises(InputError, match="sums of months"):
        counted("sendgrid_stats", path)


@pytest.mark.parametrize("data", [{"errors": [{"message": "access forbidden"}]}, {}, 7, '"x"'])
def test_what_is_no_answer(tmp_path, data):
    with pytest.raises(InputError, match=r"error answer|no list of days"):
        counted("sendgrid_stats", save(tmp_path, data))


@pytest.mark.parametrize(
    "broken",
    [
        7,
        [[]],
        {"date": "2026-03-03"},
        day(None, stat()),
        day("2026-03-99", stat(processed=1)),
        day("2026-03-03", []),
        day("2026-03-03", {"type": "mailbox_provider", "name": "Gmail"}),
        day("2026-03-03", stat(processed=-1)),
        day("2026-03-03", stat(processed=0.5)),
        day("2026-03-03", stat(["Gmail"], processed=1)),
        day("2026-03-03", stat(kind={}, processed=1)),
    ],
)
def test_damaged_entries_are_counted_and_the_rest_is_kept(tmp_path, broken):
    result = counted("sendgrid_stats", save(tmp_path, [day("2026-03-02", stat(processed=5)), broken]))
    assert rows(result, "date", "injected") == [("2026-03-02", 5)]
    assert (result.damage.count, result.damage.places[0][1]) == (1, 2)
