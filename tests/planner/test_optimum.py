"""Sending as much as the caps allow, every day, finishes as early as any other choice of volumes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.planner.make_problem import make_problem
from tests.planner.optimum import WINDOW, Search
from tests.planner.small_problems import examples
from warmup.planner.completion import ALL, complete_days
from warmup.planner.engine import run
from warmup.planner.problem import NEVER
from warmup.ramps import Ladder

if TYPE_CHECKING:
    from collections.abc import Sequence


def finish(search: Search) -> int | None:
    """The day the planner finds."""
    problem = make_problem(search.supply, search.ladder)
    clock = problem.ceiling.shape
    freeze = np.isin(np.arange(len(search.supply)), list(search.frozen))
    problem = replace(problem, freeze=freeze)
    if search.ceiling is not None:
        problem = replace(problem, ceiling=np.full(clock, search.ceiling), ceiling_days=np.full(clock, NEVER))
    day = int(complete_days(problem, run(problem, detail="totals")).by_pool[0, 0, ALL])
    return None if day >= NEVER else day


@st.composite
def searches(draw: st.DrawFn) -> Search:
    days = draw(st.integers(WINDOW + 1, WINDOW + 7))
    most = draw(st.integers(1, 8))
    sends = draw(st.lists(st.booleans(), min_size=days, max_size=days).filter(any))
    supply = tuple(draw(st.integers(1, most)) if send else 0 for send in sends)
    levels = sorted(draw(st.sets(st.integers(1, 9), min_size=1, max_size=5)))
    holds = draw(st.lists(st.integers(1, 3), min_size=len(levels), max_size=len(levels)))
    ladder = Ladder(tuple(float(level) for level in levels), tuple(holds))
    ceiling = draw(st.none() | st.integers(1, 8))
    frozen = draw(st.frozensets(st.integers(0, days - 1), max_size=3))
    return Search(ladder, supply, ceiling, frozen)


@st.composite
def sparse(draw: st.DrawFn) -> Search:
    """Few sends, so far apart that the clock forgets between them."""
    gap = draw(st.integers(6, 14))
    first = draw(st.integers(0, gap - 1))
    sends = draw(st.integers(3, 5))
    volumes = draw(st.lists(st.integers(1, 5), min_size=sends, max_size=sends))
    supply = [0] * (first + gap * (sends - 1) + WINDOW)
    for n, volume in enumerate(volumes):
        supply[first + gap * n + draw(st.integers(0, 2))] = volume
    levels = sorted(draw(st.sets(st.integers(1, 6), min_size=2, max_size=5)))
    return Search(Ladder(tuple(float(level) for level in levels), (1,) * len(levels)), tuple(supply))


@given(searches())
@examples(60)
def test_the_finish_is_that_of_the_best_of_all_choices(search):
    assert finish(search) == search.earliest()


@given(sparse())
@examples(30)
def test_so_it_is_where_the_clock_forgets_between_sends(search):
    assert finish(search) == search.earliest()


@pytest.mark.parametrize(
    ("supply", "day"),
    [
        ([8] * 20, 3),  # 1, 2, 4 and then all 8
        ([8, 0] * 12, 5),  # a step a send; the day between has nothing to carry
        ([1] * 20, 0),
        ([0] * 5 + [1] + [0] * 14, None),  # one send is not two
    ],
)
def test_small_instances_that_can_be_seen_through(supply: Sequence[int], day: int | None) -> None:
    search = Search(Ladder((1.0, 2.0, 4.0, 8.0), (1, 1, 1, 1)), tuple(supply))
    assert finish(search) == search.earliest() == day
