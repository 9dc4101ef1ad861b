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

_RING = MEMORY_DAYS
_SATISFIED = 1 << 30


def memory(age: Floats) -> Floats:
    """What is left of a day's accepted mail after ``age`` days: m(k) of design 4.2."""
    return np.clip((MEMORY_DAYS - age) / (MEMORY_DAYS - MEMORY_FULL_DAYS), 0.0, 1.0)


_WEIGHTS = memory(np.arange(MEMORY_DAYS, dtype=np.float64))
_WEIGHTS[0] = 0.0  # today is not history yet


class Memory:
    """Accepted mail of the last 30 days of a family of clocks, and the base traffic it leaves."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._ring: Floats = np.zeros((_RING, *shape))
        self._scratch: Floats = np.empty_like(self._ring)
        self._ages = np.arange(_RING)
        self._broadcast = (_RING, *(1,) * len(shape))

    def base(self, day: int) -> tuple[Floats, Bools]:
        """Base traffic before ``day``, and where idle days have already eaten some of it."""
        weights = _WEIGHTS[(day - self._ages) % _RING].reshape(self._broadcast)
        np.multiply(self._ring, weights, out=self._scratch)
        base = self._scratch.max(axis=0)
        return base, base < self._ring.max(axis=0) * (1 - 1e-12)

    def record(self, day: int, accepted: Ints) -> None:
        """Note what was accepted on ``day``."""
        self._ring[day % _RING] = accepted


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
        self._ladder = ladder
        self._scale = scale
        self._open = scale > 0
        self._safe_scale = np.where(self._open, scale, 1.0)
        self._pace = np.broadcast_to(pace[:, None, None], shape)
        self._memory = Memory(shape)
        self._week: list[Floats] = []
        self._reached: Ints = np.zeros(shape, dtype=np.int64)
        self._held_days: Ints = np.full(shape, _SATISFIED, dtype=np.int64)
        self._sent: Ints = np.zeros(shape, dtype=np.int64)
        self._with_holds = any(self._growths[i].held for i in self._used)

    def offer(self, day: int) -> Offer:
        """Base traffic and cap of every clock before ``day``."""
        base, decayed = self._memory.base(day)
        week_ago = self._week[-MEMORY_FULL_DAYS] if len(self._week) >= MEMORY_FULL_DAYS else np.zeros_like(base)
        self._week = [*self._week[-MEMORY_FULL_DAYS:], base]
        relative = base / self._safe_scale
        target = np.empty_like(base)
        limit = np.where(decayed, int(Limit.MEMORY), int(Limit.RAMP))
        held = np.zeros(base.shape, dtype=bool)
        for i in self._used:
            where = (self._ladder == i) if len(self._used) > 1 else np.ones(base.shape, dtype=bool)
            self._climb(self._growths[i], where, relative, week_ago / self._safe_scale, target, held)
        wanted = target * self._safe_scale
        cap = whole(wanted)
        # Where the ladder rises at all it rises by a message: no small number sticks.
        rises = ~held & (wanted > base)
        cap = np.where(rises, np.maximum(cap, np.floor(base).astype(np.int64) + 1), cap)
        limit[held] = int(Limit.HOLD)
        return Offer(base, np.where(self._open, cap, 0), limit)

    def _climb(
        self, growth: Growth, where: Bools, relative: Floats, week_ago: Floats, target: Floats, held: Bools
    ) -> None:
        """Write the next level of the clocks in ``where`` into ``target``, and mark the held ones."""
        base = relative[where]
        level = growth.next_level(base, self._pace[where])
        if growth.held:
            reached = growth.reached(base)
            days = self._hold_days(growth, where, reached)
            is_held = days < growth.hold_of(reached)
            level = np.minimum(level, np.where(is_held, growth.level_of(reached), growth.barrier_above(reached)))
            held[where] = is_held
        past = base >= growth.top * (1 - 1e-12)
        if past.any():
            beyond = np.maximum(np.maximum(base, growth.top), WEEKLY_GROWTH * week_ago[where])
            level = np.where(past, beyond, level)
        target[where] = level

    def _hold_days(self, growth: Growth, where: Bools, reached: Ints) -> Ints:
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
