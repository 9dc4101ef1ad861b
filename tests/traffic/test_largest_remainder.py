from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from warmup.traffic.supply import largest_remainder

VALUES = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=8),
    elements=st.floats(0, 1e8, allow_nan=False, allow_subnormal=False),
)


@given(VALUES)
def test_rows_keep_their_sum_and_cells_are_the_floor_or_one_more(values):
    rounded = largest_remainder(values)
    assert rounded.dtype == np.int64
    assert np.array_equal(rounded.sum(axis=-1), np.floor(values.sum(axis=-1) + 0.5).astype(np.int64))
    excess = rounded - np.floor(values + 1e-9)
    assert ((excess == 0) | (excess == 1)).all()


@given(VALUES, st.integers(0, 2**40))
def test_a_given_total_is_kept_to_the_message(values, total):
    totals = np.full(values.shape[:-1], total, dtype=np.int64)
    rounded = largest_remainder(values, totals)
    assert np.array_equal(rounded.sum(axis=-1), totals)
    assert (rounded >= 0).all()


def test_the_largest_remainders_win_and_ties_go_to_the_earlier_cell():
    assert largest_remainder(np.array([1.2, 1.7, 1.1])).tolist() == [1, 2, 1]
    assert largest_remainder(np.array([0.5, 0.5, 0.5, 0.5])).tolist() == [1, 1, 0, 0]


def test_zeros_with_a_total_are_shared_out_evenly():
    assert largest_remainder(np.zeros(3), np.array(7)).tolist() == [3, 2, 2]
    assert largest_remainder(np.zeros(3), np.array(0)).tolist() == [0, 0, 0]
