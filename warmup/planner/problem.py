"""The planner's problem as arrays: what the engine needs to know, and nothing about files or platforms.

Axes: B futures or variants, T days, G IP groups (IPs of a pool started together), Q providers as the engine sees them
(the
supply's providers followed by one ``small`` entry that each pool's small providers share), S streams, K tiers, D new
identities. One provider's clock in one IP group is a *clock*.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from datetime import date

    from warmup.ramps import Ladder

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NEVER = 1_000_000
"""A day index that no horizon reaches."""

UNLIMITED = 1 << 40
"""A number of messages that no day reaches."""


class Limit(IntEnum):
    """Codes of :data:`warmup.planner.plan.LIMITS`, in the same order; a smaller code takes precedence."""

    LEGACY_ONLY = 0
    READINESS = 1
    FREEZE = 2
    CAPACITY = 3
    CEILING = 4
    IDENTITY = 5
    TIER = 6
    HOLD = 7
    MEMORY = 8
    RAMP = 9
    SUPPLY = 10
    CONTROL = 11
    OUT_OF_SCOPE = 12


@dataclass(frozen=True)
class Group:
    """IPs of one pool that start together."""

    pool: int
    name: str
    addresses: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class StreamRule:
    """How one stream is treated.

    Attributes:
        pool: Index of its pool.
        priority: Smaller first.
        marketing: Whether tiers bind it.
        critical: Whether it waits for 14 sending days.
        percent: Whether one share for all providers applies.
        identity: Index of its new identity, or -1.
    """

    name: str
    pool: int
    priority: int
    marketing: bool
    critical: bool = False
    percent: bool = False
    identity: int = -1


@dataclass(frozen=True, eq=False)
class Problem:
    """One batch of planning problems with common axes.

    Attributes:
        first: Day 0.
        pools, providers, tiers: Names; ``providers`` has ``small`` as its last entry.
        groups, streams: What stands on the axes G and S.
        supply: int (B, T, S, Q, K): everything the customer sends, silent days 0.
        outside: bool (B, S, K): out of scope by decision; stays on legacy.
        held_share: int (B, T, Q): ten-thousandths of in-scope marketing mail kept on legacy as control group and
        keep-warm.
        kept_share: int (B, T, Q): the part of it that stays until 14 days after completion (keep-warm).
        release: int (B,): day the control group is released, or NEVER.
        ips: int (B, G): IPs per group. start: int (B, G): first sending day.
        capacity: int (B, G): messages a day of the whole group. joined: float (B, T, G): part of the group's IPs that
        have started by each day; capacity, ceiling and floor are of those (1 but for a ramp of a whole pool whose IPs
        start on different days).
        ladders: The ladders in use; ladder: int (B, G, Q): which one a clock follows.
        scale: float (B, G, Q): messages per ladder unit: share of the pool times IPs (per IP) or share (total); 0
        closes it.
        pace: float (B,).
        floor: int (B, G, Q): never below this (the small clock).
        ceiling: int (B, G, Q); ceiling_days: int (B, G, Q) sending days it lasts (NEVER: permanent); ceiling_growth:
        float (B, G, Q).
        weekdays_only: bool (B, G, Q): while the ceiling lasts nothing goes there at weekends; weekend: bool (T,).
        closed_until: int (B, Q): first day a provider is open (readiness).
        identity_ladder: int (B, D); identity_scale: float (B, D, Q): new identities; D may be 0.
        spread: int (B, S): sending days a send may be spread over.
        tiers_bind: Whether engagement gates apply. gates: int (K,): gate of each tier, 0 open from the start … 3 older.
        engaged: bool (K,): tiers that count for "complete for <= 90 days".
        silent, legacy_only, freeze, peak: bool (T,).
        legacy_until: int (B,): last day legacy sends. legacy_capacity, overflow_capacity: int (B,), 0 when there is
        none.
        hold_from, hold_days: int (B, Q, H): assumed holds: from that sending day of a clock, for so many sending days.
        byoip: No ramp.
    """

    first: date
    pools: tuple[str, ...]
    providers: tuple[str, ...]
    tiers: tuple[str, ...]
    groups: tuple[Group, ...]
    streams: tuple[StreamRule, ...]
    supply: Ints
    outside: Bools
    held_share: Ints
    kept_share: Ints
    release: Ints
    ips: Ints
    start: Ints
    capacity: Ints
    joined: Floats
    ladders: tuple[Ladder, ...]
    ladder: Ints
    scale: Floats
    pace: Floats
    floor: Ints
    ceiling: Ints
    ceiling_days: Ints
    ceiling_growth: Floats
    weekdays_only: Bools
    weekend: Bools
    closed_until: Ints
    identity_ladder: Ints
    identity_scale: Floats
    spread: Ints
    tiers_bind: bool
    gates: Ints
    engaged: Bools
    silent: Bools
    legacy_only: Bools
    freeze: Bools
    peak: Bools
    legacy_until: Ints
    legacy_capacity: Ints
    overflow_capacity: Ints
    hold_from: Ints
    hold_days: Ints
    byoip: bool = False

    @property
    def batch(self) -> int:
        """B."""
        return int(self.supply.shape[0])

    @property
    def days(self) -> int:
        """T."""
        return int(self.supply.shape[1])

    def part(self, rows: slice) -> Problem:
        """The sub-batch ``rows``."""
        return replace(self, **{name: getattr(self, name)[rows] for name in BATCHED})


BATCHED: tuple[str, ...] = (
    "supply",
    "outside",
    "held_share",
    "kept_share",
    "release",
    "ips",
    "start",
    "capacity",
    "joined",
    "ladder",
    "scale",
    "pace",
    "floor",
    "ceiling",
    "ceiling_days",
    "ceiling_growth",
    "weekdays_only",
    "closed_until",
    "identity_ladder",
    "identity_scale",
    "spread",
    "legacy_until",
    "legacy_capacity",
    "overflow_capacity",
    "hold_from",
    "hold_days",
)
"""Fields with a leading batch axis."""


def stack(problems: list[Problem]) -> Problem:
    """Join problems with equal axes into one batch; their ladders are merged."""
    head = problems[0]
    ladders: list[Ladder] = []
    renumbered: list[Problem] = []
    for problem in problems:
        index = np.empty(max(1, len(problem.ladders)), dtype=np.int64)
        for i, ladder in enumerate(problem.ladders):
            if ladder not in ladders:
                ladders.append(ladder)
            index[i] = ladders.index(ladder)
        renumbered.append(
            replace(problem, ladder=index[problem.ladder], identity_ladder=index[problem.identity_ladder])
        )
    for problem in renumbered:
        for name in ("pools", "providers", "tiers", "groups", "streams", "first", "tiers_bind", "byoip"):
            if getattr(problem, name) != getattr(head, name):
                raise ValueError(f"problems differ in {name}: they cannot share a batch")
    joined: dict[str, Any] = {name: np.concatenate([getattr(p, name) for p in renumbered]) for name in BATCHED}
    return replace(head, ladders=tuple(ladders), **joined)
