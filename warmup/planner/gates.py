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
        self._today: Floats = np.zeros(shape)
        self._granted: Floats = np.zeros(shape)
        self._free: Bools = np.zeros(shape, dtype=bool)
        self._since_step: Ints = np.zeros(shape, dtype=np.int64)

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
        """A step is a share of today's base traffic on top of what older tiers carried; it is taken when it is used."""
        carried, _ = self._older.base(day)
        # At least a message: 15 % of a small provider's base traffic must not round to nothing for ever.
        stepped = np.maximum(carried + OLDER_STEP * base, np.floor(carried) + 1)
        self._free = ((self._since_step == 0) | (self._since_step >= OLDER_STEP_SENDING_DAYS)) & ~frozen
        # Between steps the last one stays, but it fades with the same memory as what earned it.
        kept = np.maximum(carried, np.minimum(self._granted, stepped))
        self._today = np.where(self._free, stepped, np.where(frozen, carried, kept))
        self.left = np.where(older, np.floor(self._today * (1 + 1e-12)).astype(np.int64), 0)

    def record(self, day: int, counts: Bools, older: Ints) -> None:
        """Note whether the day counts as a sending day of marketing mail, and the mail that went to older tiers."""
        self._sending_days += counts
        self._older.record(day, older)
        used = older > 0
        if used.any():
            taken = used & self._free
            self._granted = np.where(taken, self._today, self._granted)
            self._since_step = np.where(taken, 1, self._since_step + used)

    def reset(self, cold: Bools) -> None:
        """Start again where an idle month has cooled the clock."""
        self.gate[cold] = 0
        self.left[cold] = 0
        self._sending_days[cold] = 0
        self._granted[cold] = 0
        self._since_step[cold] = 0
