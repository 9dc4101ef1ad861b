"""What the engine finds, as arrays that a pass writes into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from warmup.planner.problem import Bools, Floats, Ints, Problem

Detail = Literal["totals", "cells", "full"]

MAIN, CONTROL, OUTSIDE, RELEASED = 0, 1, 2, 3
"""Kinds of mail that is not on dedicated IPs: in scope; control group and keep-warm; out of scope by decision; control
mail that was released after completion and found no room."""


@dataclass(eq=False)
class Run:
    """What the engine found. Day axes are days of sending unless said otherwise.

    Always there:
        by_provider: int (B, T, Q, 2): in-scope mail carried by dedicated IPs, by day of *origin*; last axis: engaged,
        all.
        by_pool: int (B, T, pools, 2): the same per pool.
        supply_by_provider, supply_by_pool: in-scope supply in the same shapes.
        stream_sends: bool (B, T, S): whether the stream has in-scope supply that day.
        legacy, unplaced: int (B, T): messages.
        origin: int (T, A): day of origin of mail of age A; -1 where there is none.
    With ``cells``:
        dedicated: int (T, A, J, S, K, B, Q): in-scope mail by age and J-th IP group of the stream's pool.
        to_legacy, to_overflow, to_none: int (T, S, K, B, Q): mail that is not on dedicated IPs (in scope, control and
            out of scope together), by destination.
        reason: int8 (T, S, K, B, Q): :class:`Limit` of the in-scope and the released mail among it.
        base: float (T, B, G, Q), cap, sent: int, limit: int8: the clocks.
    With ``full`` also:
        parts: int (3, 4, T, S, K, B, Q): destination (legacy, overflow, none) × kind (:data:`MAIN`, :data:`CONTROL`,
            :data:`OUTSIDE`, :data:`RELEASED`).
        released: int (T, J, S, K, B, Q): control mail on dedicated IPs after completion.
    """

    by_provider: Ints
    by_pool: Ints
    supply_by_provider: Ints
    supply_by_pool: Ints
    stream_sends: Bools
    legacy: Ints
    unplaced: Ints
    origin: Ints
    dedicated: NDArray[Any] | None = None
    to_legacy: NDArray[Any] | None = None
    to_overflow: NDArray[Any] | None = None
    to_none: NDArray[Any] | None = None
    reason: NDArray[np.int8] | None = None
    base: Floats | None = None
    cap: Ints | None = None
    sent: Ints | None = None
    limit: NDArray[np.int8] | None = None
    parts: NDArray[Any] | None = None
    released: NDArray[Any] | None = None

    _FIRST = ("by_provider", "by_pool", "supply_by_provider", "supply_by_pool", "stream_sends", "legacy", "unplaced")
    _SECOND = ("base", "cap", "sent", "limit")

    def block(self, rows: slice) -> Run:
        """Views of the variants ``rows``, for a pass to write into."""
        views = {}
        for name, value in vars(self).items():
            if value is None or name == "origin":
                views[name] = value
            elif name in self._FIRST:
                views[name] = value[rows]
            elif name in self._SECOND:
                views[name] = value[:, rows]
            else:
                views[name] = value[..., rows, :]
        return Run(**views)


def allocate(p: Problem, detail: Detail) -> Run:
    """Empty arrays for the result of ``p`` in as much detail as asked for."""
    b, t, s, q, k = p.supply.shape
    pools, groups = len(p.pools), len(p.groups)
    ages = int(p.spread.max(initial=1))
    out = Run(
        by_provider=np.zeros((b, t, q, 2), dtype=np.int64),
        by_pool=np.zeros((b, t, pools, 2), dtype=np.int64),
        supply_by_provider=np.zeros((b, t, q, 2), dtype=np.int64),
        supply_by_pool=np.zeros((b, t, pools, 2), dtype=np.int64),
        stream_sends=np.zeros((b, t, s), dtype=bool),
        legacy=np.zeros((b, t), dtype=np.int64),
        unplaced=np.zeros((b, t), dtype=np.int64),
        origin=_origins(p, ages),
    )
    if detail == "totals":
        return out
    width = width_of(p)
    cells = (t, s, k, b, q)
    # Half the memory, unless somebody really sends more than two thousand million messages in one cell.
    whole = np.int32 if int(p.supply.max(initial=0)) * ages <= np.iinfo(np.int32).max else np.int64
    out.dedicated = np.zeros((t, ages, width, s, k, b, q), dtype=whole)
    out.to_legacy, out.to_overflow, out.to_none = (np.zeros(cells, dtype=whole) for _ in range(3))
    out.reason = np.zeros(cells, dtype=np.int8)
    out.base = np.zeros((t, b, groups, q))
    out.cap, out.sent = (np.zeros((t, b, groups, q), dtype=np.int64) for _ in range(2))
    out.limit = np.zeros((t, b, groups, q), dtype=np.int8)
    if detail == "full":
        out.parts = np.zeros((3, 4, *cells), dtype=whole)
        out.released = np.zeros((t, width, s, k, b, q), dtype=whole)
    return out


def width_of(p: Problem) -> int:
    """The largest number of IP groups in a pool."""
    return max(sum(group.pool == i for group in p.groups) for i in range(len(p.pools)))


def _origins(p: Problem, ages: int) -> Ints:
    """Day of origin of mail of each age; silent days do not age mail."""
    origin = np.full((p.days, ages), -1, dtype=np.int64)
    sendable = np.flatnonzero(~p.silent)
    for n, day in enumerate(sendable):
        for age in range(min(ages, n + 1)):
            origin[day, age] = sendable[n - age]
    return origin
