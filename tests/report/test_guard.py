"""Text from input breaks no line and starts no formula."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.report.guard import FORMULA_STARTS, inert, plain


@given(st.text())
def test_plain_text_is_one_printable_line_of_the_same_length(text):
    line = plain(text)
    assert line.isprintable()
    assert len(line) == len(text)
    assert all(a == b for a, b in zip(text, line, strict=True) if a.isprintable())


@given(st.text())
def test_no_text_starts_a_formula(text):
    cell = inert(text)
    assert not cell[:1] or cell[0] not in FORMULA_STARTS
    assert not cell.lstrip()[:1] or cell.lstrip()[0] not in FORMULA_STARTS


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "\0=1", "\ud7fc@1"]
)
def test_formulas_become_text(text):
    assert inert(text).startswith("'")


@pytest.mark.parametrize("text", ["", "newsletter", "a=b", "2 - 1", "ünïcode – fine"])
def test_ordinary_text_stays_as_it_is(text):
    assert inert(text) == text
