"""Clocks: how warm something is, and how much it may carry next (design 4.2, 4.3, 4.10).

A family of clocks has shape (B, X, Q): one per variant, thing that earns a reputation (IP group, new identity) and
provider. Everything is float64 in messages a day; only :meth:`Clocks.offer` rounds, up, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.problem import Bools, Floats, Ints, Limit
from warmup.ramps.growth import LEAVE_AT, WEEKLY_GROWTH, Growth, whole

if TYPE_CHECKING:
    from warmup.ramps import Ladder

MEMORY_FULL_DAYS = 7
MEMORY_DAYS = 30
"""Full memory for a week, then falling linearly to nothing at 30 days (SendGrid, Braze: 30 idle days are cold
again)."""

_SATISFIED = 1 << 30


def memory(age: Floats) -> Floats:
    """What is left of a day's accepted mail after ``age`` days: m(k) of design 4.2."""
    return np.clip((MEMORY_DAYS - age) / (MEMORY_DAYS - MEMORY_FULL_DAYS), 0.0, 1.0)


_AGES = np.arange(MEMORY_DAYS)
_PARTS = MEMORY_DAYS - MEMORY_FULL_DAYS
# m(k) in parts, so that whole messages stay whole: 69 messages after 9 days are 69 · 21 / 23 = 63, not 62.99…
_OLD_WEIGHTS = np.where(_AGES > MEMORY_FULL_DAYS, MEMORY_DAYS - _AGES, 0).astype(np.float64)
_SLOWEST = (_PARTS - 2) / (_PARTS - 1) * (1 + 1e-12)


class Memory:
    """Accepted mail of the last 30 days of a family of clocks, and the base traffic it leaves.

    Mail of the last week counts in full, so the largest of seven days is the base traffic unless something older was
    much larger. ``_old`` bounds from above what older days leave: it fades by 1/22 a day, the least that any of them
    does. Only the few clocks where it could matter are worked out over all days.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        size = int(np.prod(shape))
        self._ring: Floats = np.zeros((MEMORY_DAYS, size))
        self._old: Floats = np.zeros(size)
        self._most: Floats = np.zeros(size)

    def base(self, day: int) -> tuple[Floats, Bools]:
        """Base traffic before ``day``, and where more was accepted once than is remembered."""
        ring = self._ring
        base = ring[(day - 1) % MEMORY_DAYS].copy()
        for age in range(2, MEMORY_FULL_DAYS + 1):
            np.maximum(base, ring[(day - age) % MEMORY_DAYS], out=base)
        doubtful = np.flatnonzero(self._old > base * _PARTS)
        if len(doubtful):
            ages = (day - _AGES) % MEMORY_DAYS
            rows = ring[:, doubtful]
            old = (rows * _OLD_WEIGHTS[ages][:, None]).max(axis=0)
            self._old[doubtful] = old
            base[doubtful] = np.maximum(base[doubtful], old / _PARTS)
        forgotten = base < self._most * (1 - 1e-12)
        return base.reshape(self._shape), forgotten.reshape(self._shape)

    def record(self, day: int, accepted: Ints) -> None:
        """Note what was accepted on ``day``; every day once, in order."""
        row = self._ring[day % MEMORY_DAYS]
        row[:] = accepted.ravel()
        np.maximum(self._most, row, out=self._most)
        self._old *= _SLOWEST
        np.maximum(self._old, self._ring[(day - MEMORY_FULL_DAYS) % MEMORY_DAYS] * (_PARTS - 1), out=self._old)


@dataclass
class Offer:
    """What clocks allow on a day: base traffic, the cap of the ladder, and which of hold, memory or ramp sets it."""

    base: Floats
    cap: Ints
    limit: Ints


class Clocks:
    """A family of clocks that climb ladders by what was really sent."""

    def __init__(self, ladders: tuple[Ladder, ...], ladder: Ints, scale: Floats, pace: Floats) -> None:
        shape = scale.shape
        self._growths = [Growth(item) for item in ladders]
        self._used = [i for i in range(len(ladders)) if (ladder == i).any()]
        self._members: list[Bools | slice] = (
            [slice(None)] if len(self._used) == 1 else [ladder == i for i in self._used]
        )
        self._open = scale > 0
        self._safe_scale = np.where(self._open, scale, 1.0)
        self._pace = np.broadcast_to(pace[:, None, None], shape)
        self._memory = Memory(shape)
        self._week: list[Floats] = []
        self._reached: Ints = np.zeros(shape, dtype=np.int64)
        self._held_days: Ints = np.full(shape, _SATISFIED, dtype=np.int64)
        self._sent: Ints = np.zeros(shape, dtype=np.int64)

    def offer(self, day: int) -> Offer:
        """Base traffic and cap of every clock before ``day``."""
        base, forgotten = self._memory.base(day)
        # What a clock was warm for a week ago, that day's own mail included: growth beyond the ladder is counted from
        # one day to the same weekday.
        self._week = [*self._week[1 - MEMORY_FULL_DAYS :], base]
        week_ago = self._week[0] if len(self._week) == MEMORY_FULL_DAYS else np.zeros_like(base)
        relative = base / self._safe_scale
        target = np.empty_like(base)
        limit = np.where(forgotten, int(Limit.MEMORY), int(Limit.RAMP))
        held = np.zeros(base.shape, dtype=bool)
        for i, where in zip(self._used, self._members, strict=True):
            self._climb(self._growths[i], where, relative, week_ago / self._safe_scale, target, held)
        wanted = target * self._safe_scale
        cap = whole(wanted)
        # Where the ladder rises at all it rises by a message: no small number sticks.
        rises = ~held & (wanted > base * (1 + 1e-9))
        cap = np.where(rises, np.maximum(cap, np.floor(base).astype(np.int64) + 1), cap)
        limit[held & self._open] = int(Limit.HOLD)
        return Offer(base, np.where(self._open, cap, 0), limit)

    def _climb(
        self, growth: Growth, where: Bools | slice, relative: Floats, week_ago: Floats, target: Floats, held: Bools
    ) -> None:
        """Write the next level of the clocks in ``where`` into ``target``, and mark the held ones."""
        base = relative[where]
        level = growth.next_level(base, self._pace[where])
        past = base >= growth.top * (1 - 1e-12)
        if growth.held:
            reached = growth.reached(base)
            # A pace of a half takes twice the days, on held levels too: each day after the first counts that much.
            days = 1 + (self._hold_days(growth, where, reached) - 1) * self._pace[where]
            is_held = days < growth.hold_of(reached) * (1 - 1e-12)
            level = np.minimum(level, np.where(is_held, growth.level_of(reached), growth.barrier_above(reached)))
            held[where] = is_held
            past &= ~is_held
        if past.any():
            beyond = np.maximum(np.maximum(base, growth.top), WEEKLY_GROWTH * week_ago[where])
            level = np.where(past, beyond, level)
        target[where] = level

    def _hold_days(self, growth: Growth, where: Bools | slice, reached: Ints) -> Ints:
        """Sending days spent on the reached level, after taking yesterday into account (design 4.3)."""
        before = self._reached[where]
        days = self._held_days[where]
        on_level = self._sent[where] >= LEAVE_AT * growth.level_of(reached) * self._safe_scale[where] * (1 - 1e-9)
        # Fallen: the level was left properly before, so its hold is satisfied; it must be earned again only when B
        # rises to it anew.
        days = np.where(reached > before, 1, np.where(reached < before, _SATISFIED, days + on_level))
        self._reached[where] = reached
        self._held_days[where] = days
        return days

    def record(self, day: int, accepted: Ints) -> None:
        """Note what was accepted on ``day``; a plan assumes that what it sends is accepted."""
        self._sent = accepted
        self._memory.record(day, accepted)
