from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traffic.aggregates.build import rows, told, unknown
from warmup.errors import InputError
from warmup.traffic.aggregates.cells import NO_DAY, Cells, Names, Place, View
from warmup.traffic.aggregates.formulas import MOST, DamagedError, Formula, domain_of, measures, name_of, only, whole
from warmup.traffic.measures import MEASURES

if TYPE_CHECKING:
    from warmup.traffic.export_counts import ExportCounts

UTC = ZoneInfo("UTC")
BY_PROVIDER, BY_IP = View(frozenset({"label"})), View(frozenset({"ip"}))


def finish(cells: Cells, zone: ZoneInfo = UTC) -> ExportCounts:
    return cells.finish(zone, UTC)


def filled(*entries: tuple[View, str, Names, dict[str, int | None]], **fields: object) -> Cells:
    cells = Cells("test", **fields)  # type: ignore[arg-type]
    for n, (view, bucket, names, numbers) in enumerate(entries, 1):
        cells.add(view, bucket, names, numbers, Place("a.json", n))
    return cells


def test_pages_complete_each_other_and_copies_count_once():
    gmail = Names(label="Gmail")
    result = finish(
        filled(
            (BY_PROVIDER, "2026-03-02", gmail, {"injected": 5}),
            (BY_PROVIDER, "2026-03-02", gmail, {"delivered": 4}),
            (BY_PROVIDER, "2026-03-02", gmail, {"injected": 5, "delivered": 4}),
        )
    )
    assert rows(result, "date", "label", "injected", "delivered") == [("2026-03-02", "Gmail", 5, 4)]
    assert (result.records, result.copies) == (3, 1)
    assert unknown(result) == set(MEASURES) - {"injected", "delivered"}


def test_unknown_gives_way_to_a_number_and_is_never_0():
    gmail, yahoo = Names(label="Gmail"), Names(label="Yahoo")
    result = finish(
        filled(
            (BY_PROVIDER, "2026-03-02", gmail, {"injected": None}),
            (BY_PROVIDER, "2026-03-02", gmail, {"injected": 5}),
            (BY_PROVIDER, "2026-03-02", yahoo, {"delivered": 3}),
        )
    )
    assert rows(result, "label", "injected", "delivered") == [("Gmail", 5, None), ("Yahoo", None, 3)]


def test_a_sum_with_an_unknown_part_is_unknown():
    hours = View(frozenset({"label"}), "hour")
    gmail = Names(label="Gmail")
    result = finish(
        filled(
            (hours, "2026-03-02T01:00:00+00:00", gmail, {"injected": 5, "click": 1}),
            (hours, "2026-03-02T02:00:00+00:00", gmail, {"injected": 6, "click": None}),
        )
    )
    assert rows(result, "injected", "click") == [(11, None)]


def test_a_contradiction_is_an_error_with_both_places():
    gmail = Names(label="Gmail")
    with pytest.raises(
        InputError, match=r"a.json: entry 2: says 6 injected of 'Gmail', 2026-03-02 where a.json entry 1 s"
    ):
        finish(
            filled(
                (BY_PROVIDER, "2026-03-02", gmail, {"injected": 5}), (BY_PROVIDER, "2026-03-02", gmail, {"injected": 6})
            )
        )


def test_answers_that_divide_the_same_mail_are_never_added_up():
    result = finish(
        filled(
            (BY_IP, "2026-03-02", Names(ip="192.0.2.10"), {"delivered": 9}),
            (BY_PROVIDER, "2026-03-02", Names(label="Gmail"), {"delivered": 9}),
            (View(frozenset({"label", "domain"}), ""), NO_DAY, Names(label="Gmail"), {"delivered": 99}),
        )
    )
    assert rows(result, "label", "ip", "delivered") == [("Gmail", "", 9)]
    assert "by mailbox provider, per day" in told(result)
    assert "by IP, per day" in told(result)


def test_entries_of_no_day_are_damaged():
    result = finish(
        filled(
            (BY_PROVIDER, "2026-03-02", Names(label="Gmail"), {"delivered": 9}),
            (BY_PROVIDER, "2026-02-30", Names(label="Gmail"), {"delivered": 9}),
        )
    )
    assert (result.records, result.damage.count, result.damage.places) == (1, 1, [("a.json", 2)])


def test_sums_of_months_are_refused_and_those_of_weeks_doubted():
    months = [(BY_PROVIDER, f"2026-0{n}-01", Names(), {"delivered": 9}) for n in (1, 2, 3)]
    with pytest.raises(InputError, match="sums of months"):
        finish(filled(*months, grain_said=False))
    weeks = [(BY_PROVIDER, f"2026-03-{n:02d}", Names(), {"delivered": 9}) for n in (2, 9, 16)]
    assert "same weekday" in told(finish(filled(*weeks, grain_said=False)))
    assert "same weekday" not in told(finish(filled(*weeks)))


def test_nothing_is_an_empty_table():
    result = finish(Cells("test"))
    assert result.counts.empty
    assert str(result.counts["date"].dtype) == "datetime64[s]"


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from("ab"), st.integers(0, 9)), max_size=20))
def test_order_and_copies_change_nothing(entries):
    unique = {(day, label): number for day, label, number in entries}
    every = [
        (BY_PROVIDER, f"2026-03-{day:02d}", Names(label=label), {"injected": number})
        for (day, label), number in unique.items()
    ]
    once, twice = finish(filled(*every)), finish(filled(*reversed(every), *every))
    assert once.counts.equals(twice.counts)
    assert twice.copies == len(unique)
    assert once.counts["injected"].sum() == sum(unique.values())


@pytest.mark.parametrize("value", [True, 1.5, "7", -1, MOST + 1, float("nan"), float("inf"), [1], {}])
def test_what_is_no_count(value):
    with pytest.raises(DamagedError):
        whole(value)


def test_formulas_take_what_was_asked_for():
    formulas = {"soft": (Formula(("a",), also=("b",)),), "injected": (Formula(("c",), minus=("d",)), *only("e"))}
    assert measures(formulas, {"a": 1, "e": 5}) == {"soft": 1, "injected": 5}
    assert measures(formulas, {"a": 1.0, "b": 2, "c": 9, "d": 2, "e": 5}) == {"soft": 3, "injected": 7}
    assert measures(formulas, {"a": 1, "b": None, "c": 1, "d": 2}) == {"soft": None, "injected": 0}
    assert measures(formulas, {"b": 1}) == {}


def test_no_name_is_an_address():
    assert name_of("news for jane.doe@example.com") == "news for …@example.com"
    assert domain_of("GMail.Example.com.") == ("gmail.example.com", "")
    assert domain_of("other") == ("", "other")
    assert domain_of("jane@example.com") == ("", "…@example.com")
    for value in (["a"], {"a": 1}, True, "x" * 1000):
        with pytest.raises(DamagedError):
            name_of(value)
