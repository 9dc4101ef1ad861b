"""Small planning problems built by hand, without scenario or files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.problem import NEVER, UNLIMITED, Group, Problem, StreamRule
from warmup.traffic.supply import TIERS

if TYPE_CHECKING:
    from warmup.ramps import Ladder

FIRST = date(2026, 2, 3)


def make_problem(
    supply: object,
    ladder: Ladder,
    *,
    ips: int = 1,
    share: object = None,
    marketing: bool = False,
    tiers: tuple[str, ...] = ("all",),
    capacity: int = UNLIMITED,
    spread: int = 1,
    **changes: object,
) -> Problem:
    """One pool, one IP group, one stream; ``supply`` is (T,), (T, P) or the whole (B, T, S, Q, K).

    The last provider is ``small`` and empty unless a whole array is given.
    """
    array = np.asarray(supply, dtype=np.int64)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim == 2:
        array = np.pad(array, ((0, 0), (0, 1)))[None, :, None, :, None]
    b, t, s, q, k = array.shape
    part = np.ones(q) if share is None else np.asarray(share, dtype=np.float64)
    clock = (b, 1, q)
    scale = np.broadcast_to(part * ips, clock).copy()
    problem = Problem(
        first=FIRST,
        pools=("pool",),
        providers=(*tuple(f"p{i}" for i in range(q - 1)), "small"),
        tiers=tiers,
        groups=(Group(0, "pool"),),
        streams=tuple(StreamRule(f"s{i}", 0, 100, marketing) for i in range(s)),
        supply=array,
        outside=np.zeros((b, s, k), dtype=bool),
        held_share=np.zeros((b, t, q), dtype=np.int64),
        kept_share=np.zeros((b, t, q), dtype=np.int64),
        release=np.full(b, NEVER),
        ips=np.full((b, 1), ips),
        start=np.zeros((b, 1), dtype=np.int64),
        capacity=np.full((b, 1), capacity),
        joined=np.ones((b, t, 1)),
        ladders=(ladder,),
        ladder=np.zeros(clock, dtype=np.int64),
        scale=scale,
        pace=np.ones(b),
        floor=np.zeros(clock, dtype=np.int64),
        ceiling=np.full(clock, UNLIMITED),
        ceiling_days=np.zeros(clock, dtype=np.int64),
        ceiling_growth=np.ones(clock),
        weekdays_only=np.zeros(clock, dtype=bool),
        weekend=np.zeros(t, dtype=bool),
        closed_until=np.zeros((b, q), dtype=np.int64),
        identity_ladder=np.zeros((b, 0), dtype=np.int64),
        identity_scale=np.zeros((b, 0, q)),
        spread=np.full((b, s), spread),
        tiers_bind=tiers == TIERS,
        gates=np.array([0, 1, 2, 3, 3, 3, 3]) if tiers == TIERS else np.zeros(k, dtype=np.int64),
        engaged=np.arange(k) < 3,
        silent=np.zeros(t, dtype=bool),
        legacy_only=np.zeros(t, dtype=bool),
        freeze=np.zeros(t, dtype=bool),
        peak=np.zeros(t, dtype=bool),
        legacy_until=np.full(b, NEVER),
        legacy_capacity=np.full(b, UNLIMITED),
        overflow_capacity=np.zeros(b, dtype=np.int64),
        hold_from=np.zeros((b, q, 0), dtype=np.int64),
        hold_days=np.zeros((b, q, 0), dtype=np.int64),
    )
    return replace(problem, **changes)
