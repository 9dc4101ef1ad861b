"""Engagement gates: who may be sent to yet (design 4.6), per clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.clocks import Memory

if TYPE_CHECKING:
    from warmup.planner.problem import Bools, Floats, Ints

GATE_DAYS = 14
"""Calendar days per step: ≤ 60 days from week 3, ≤ 90 from week 5, older after six weeks (SparkPost plan)."""

GATE_SENDING_DAYS = 6
"""Sending days a tier has been open before the next one opens (practice)."""

OLDER_GATE = 3
"""The gate of everything beyond 90 days."""

OLDER_STEP = 0.15
"""What older tiers together may add per step, as a share of base traffic (SparkPost plan: chunks of 15 %)."""

OLDER_STEP_SENDING_DAYS = 2
"""Sending days of older mail between two such steps."""


class Gates:
    """State of the gates of a family of clocks, shape (B, G, Q).

    Attributes:
        gate: int, 0 (≤ 30 days) … 3 (older): the highest open gate.
        left: int, messages of older tiers that may go out today.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.gate: Ints = np.zeros(shape, dtype=np.int64)
        self.left: Ints = np.zeros(shape, dtype=np.int64)
        self._sending_days: Ints = np.zeros(shape, dtype=np.int64)
        self._older = Memory(shape)
        self._allowance: Floats = np.zeros(shape)
        self._steps: Ints = np.full(shape, OLDER_STEP_SENDING_DAYS, dtype=np.int64)

    def open(self, day: int, since: Ints, base: Floats, frozen: Bools) -> None:
        """Open what calendar and sending days allow, and grant older tiers their step.

        Args:
            day: Today.
            since: Days since the clock's calendar began.
            base: Base traffic of the clock.
            frozen: Clocks that must not grow today; their gates do not move either.
        """
        opens = (
            (self.gate < OLDER_GATE)
            & (since >= GATE_DAYS * (self.gate + 1))
            & (self._sending_days >= GATE_SENDING_DAYS)
            & ~frozen
        )
        if opens.any():
            self.gate += opens
            self._sending_days[opens] = 0
        older = self.gate >= OLDER_GATE
        if older.any():
            self._allow(day, older, base, frozen)

    def _allow(self, day: int, older: Bools, base: Floats, frozen: Bools) -> None:
        carried, _ = self._older.base(day)
        stepped = carried + OLDER_STEP * base
        step = older & (self._steps >= OLDER_STEP_SENDING_DAYS) & ~frozen
        # Between steps the allowance stays, but it fades with the same memory as what earned it.
        kept = np.maximum(carried, np.minimum(self._allowance, stepped))
        self._allowance = np.where(step, stepped, np.where(frozen, carried, kept))
        self._steps[step] = 0
        left = np.floor(self._allowance * (1 + 1e-12)).astype(np.int64)
        # A small provider's 15 % must not round to nothing for ever.
        one = (base > 0) & ~frozen
        self.left = np.where(older, np.maximum(left, one), 0)

    def record(self, day: int, marketing: Ints, older: Ints) -> None:
        """Note the day's marketing mail, and the part of it to older tiers."""
        self._sending_days += marketing > 0
        self._steps += older > 0
        self._older.record(day, older)

    def reset(self, cold: Bools) -> None:
        """Start again where an idle month has cooled the clock."""
        self.gate[cold] = 0
        self.left[cold] = 0
        self._sending_days[cold] = 0
        self._allowance[cold] = 0
        self._steps[cold] = OLDER_STEP_SENDING_DAYS
