"""A ladder: levels and holds."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.errors import InputError
from warmup.ramps import Ladder, fill_days

steps = st.lists(st.tuples(st.integers(1, 10_000), st.integers(1, 5)), min_size=1, max_size=30)


def tables(values: list[tuple[int, int]]) -> list[int]:
    """A rising table with holds, from (rise, days)."""
    levels = accumulate(rise for rise, _ in values)
    return [level for level, (_, days) in zip(levels, values, strict=True) for _ in range(days)]


def test_a_repeated_level_is_a_hold_the_last_one_too():
    assert Ladder.from_days([50, 50, 50, 100]) == Ladder((50, 100), (3, 1))
    assert Ladder.from_days([50, 100, 100, 100]) == Ladder((50, 100), (1, 3))
    assert hash(Ladder((50, 100), (3, 1))) == hash(Ladder((50, 100), (3, 1)))


@given(steps)
def test_a_table_survives_the_round_trip(values):
    table = tables(values)
    assert list(Ladder.from_days(table).table()) == table
    assert list(Ladder.from_days(table).table(len(table) + 2)) == [*table, table[-1], table[-1]]


@given(steps, st.integers(1, 4))
def test_held_ladders_repeat_every_day(values, times):
    table = tables(values)
    held = Ladder.from_days(table).held(times)
    assert list(held.table()) == [value for value in table for _ in range(times)]


@given(steps, st.integers(1, 200_000))
def test_the_day_that_reaches_a_level(values, level):
    table = tables(values)
    expected = next((day for day, value in enumerate(table, 1) if value >= level), None)
    assert Ladder.from_days(table).day_reaching(level) == expected


def test_scaled_to_messages():
    assert Ladder((0.005, 1.0), (3, 1)).scaled(1_000_000).table() == (5000, 5000, 5000, 1_000_000)
    with pytest.raises(ValueError):
        Ladder((1,), (1,)).scaled(0)
    with pytest.raises(ValueError):
        Ladder((1,), (1,)).held(0)


@pytest.mark.parametrize(
    ("levels", "holds"),
    [
        ((), ()),
        ((1,), (1, 1)),
        ((0,), (1,)),
        ((-1,), (1,)),
        ((float("nan"),), (1,)),
        ((float("inf"),), (1,)),
        ((2, 2), (1, 1)),
        ((2, 1), (1, 1)),
        ((1, 2), (0, 1)),
        ((1, 2), (1, 0)),
    ],
)
def test_what_is_no_ladder(levels, holds):
    with pytest.raises(ValueError):
        Ladder(levels, holds)


@pytest.mark.parametrize(
    ("days", "says"),
    [
        ([], "has no days"),
        ([100, 0], "day 2 is 0"),
        ([float("nan")], "day 1 is nan"),
        ([100, 200, 150], "falls on day 3, from 200 to 150"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_day(days, says):
    with pytest.raises(InputError, match=says) as caught:
        Ladder.from_days(days, "mine.csv")
    assert str(caught.value).startswith("mine.csv: ")


def test_every_fault_of_a_table_at_once():
    with pytest.raises(InputError) as caught:
        Ladder.from_days([-1, 5, 3])
    assert len(caught.value.problems) == 2


def test_missing_days_hold_the_last_printed_level():
    assert fill_days([(1, 10), (2, 20), (5, 50)]) == (10, 20, 20, 20, 50)
    assert fill_days([(0, 10), (2, 20)]) == (10, 10, 20)


@pytest.mark.parametrize("points", [[], [(1, 5), (1, 6)], [(3, 5), (2, 6)]])
def test_days_out_of_order_are_refused(points):
    with pytest.raises(InputError):
        fill_days(points)
