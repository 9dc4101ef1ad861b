"""Whole messages shared in proportion, exactly (design 4.5: integer arithmetic after the supply is rounded)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from warmup.traffic.supply import largest_remainder

if TYPE_CHECKING:
    from warmup.planner.problem import Ints


def shared_out(weights: Ints, total: Ints) -> Ints:
    """Share ``total`` (...) in proportion to whole ``weights`` (..., n) by largest remainder, ties to the earlier one.

    Where the total is at most the sum of the weights, no part exceeds its weight. Integer arithmetic throughout, but
    for numbers whose product would not fit (above three thousand million messages).
    """
    every = np.maximum(weights.sum(axis=-1, keepdims=True), 1)
    if float(every.max(initial=1)) * float(total.max(initial=0)) >= float(1 << 62):
        return np.minimum(largest_remainder(weights.astype(np.float64), total), weights)
    product = weights * total[..., None]
    whole = product // every
    missing = total - whole.sum(axis=-1)
    order = np.argsort(whole * every - product, axis=-1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(weights.shape[-1]), order.shape), axis=-1)
    return np.asarray(whole + ((rank < missing[..., None]) & (weights > 0)), dtype=np.int64)
