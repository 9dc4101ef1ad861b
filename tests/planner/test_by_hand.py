"""The engine against the same design worked out by hand, cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from tests.planner.by_hand import as_dicts, by_hand
from tests.planner.small_problems import Recipe, examples, recipes
from warmup.planner.engine import run

if TYPE_CHECKING:
    from warmup.planner.problem import Problem


def compare(recipe: Recipe) -> None:
    """A random problem, by both."""
    compare_problem(recipe.problem())


def compare_problem(problem: Problem) -> None:
    """Every cell that either of the two knows."""
    engine = run(problem)
    percent = {s for s, stream in enumerate(problem.streams) if stream.percent}
    for b in range(problem.batch):
        slow, fast = by_hand(problem, b), as_dicts(engine, problem, b)
        assert fast.base == pytest.approx(slow.base, rel=1e-12)
        for table in ("cap", "sent", "dedicated", "released", "elsewhere"):
            assert getattr(fast, table) == getattr(slow, table), table
        counted = {key: code for key, code in fast.why.items() if key[1] not in percent}
        assert counted == {key: slow.why[key] for key in counted}
        if not percent:
            assert fast.limit == slow.limit


@given(recipes())
@examples(30)
def test_every_cell_is_as_worked_out_by_hand(recipe):
    compare(recipe)


@pytest.mark.slow
@given(recipes(batch=3))
@examples(50)
def test_every_cell_is_as_worked_out_by_hand_many(recipe):
    compare(recipe)
