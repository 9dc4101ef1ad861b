"""Filling a day's caps with mail, in the order of design 4.5, and saying why a cell is not higher."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from warmup.planner.gates import OLDER_GATE
from warmup.planner.problem import Bools, Ints, Limit

if TYPE_CHECKING:
    from warmup.planner.engine import Pass

CRITICAL_SENDING_DAYS = 14
"""One-time passwords move last (practice)."""


class Cell(NamedTuple):
    """A part of a day's mail that is filled in one step.

    Attributes:
        stream, tier: What mail it is.
        age: Sending days since its day of origin.
        due: Whether it must leave today.
        released: Whether it is control mail after completion, which comes after everything in scope.
    """

    stream: int
    tier: int
    age: int
    due: bool
    released: bool = False


class Room(NamedTuple):
    """How much of a cell fits into one IP group, (B, Q), and which gates narrow it."""

    messages: Ints
    closed: Bools | None
    older: bool
    identity: Ints | None


class Fill:
    """One day's filling. Cell arrays are (S, K, B, Q), clock arrays (B, G, Q)."""

    def __init__(self, owner: Pass, room: Ints, limit: Ints, identity_room: Ints, released: Ints | None) -> None:
        self.o = owner
        self.room = room.copy()
        self._limit = limit
        self._older_room = owner.gates.left.copy()
        self._identity_room = identity_room
        self.released = released
        self.identity_sent = np.zeros_like(identity_room)
        self.sent = np.zeros(owner.clock_shape, dtype=np.int64)
        self.marketing = np.zeros_like(self.sent)
        self.older = np.zeros_like(self.sent)
        self.moved = np.zeros((owner.ages, owner.width, *owner.shape), dtype=np.int64)
        self.released_moved = np.zeros((owner.width, *owner.shape), dtype=np.int64) if released is not None else None
        self.rest = np.zeros(owner.shape, dtype=np.int64)
        self.why = np.full(owner.shape, int(Limit.SUPPLY), dtype=np.int8)

    def all(self) -> None:
        """Fill every cell in order; percent streams move with one share for all providers, at their first cell."""
        streams = self.o.p.streams
        shared: set[tuple[int, int, bool, bool]] = set()
        for cell in self.o.order:
            if not streams[cell.stream].percent:
                self._fill_cell(cell)
                continue
            key = (cell.stream, cell.age, cell.due, cell.released)
            if key not in shared:
                shared.add(key)
                self._fill_percent(cell)

    def _available(self, cell: Cell) -> Ints:
        """Messages of the cell that are still to be placed, (B, Q)."""
        if cell.released:
            assert self.released is not None  # released cells exist only on days that release
            return np.asarray(self.released[cell.stream, cell.tier])
        stock: Ints = self.o.stock[cell.age][cell.stream, cell.tier]
        if self.o.one_spread:
            return stock
        return np.where((self.o.due[cell.age][cell.stream] == cell.due)[:, None], stock, 0)

    def _fill_cell(self, cell: Cell) -> None:
        if cell.released and self.released is None:
            return
        available = self._available(cell)
        if not available.any():
            return
        left = available
        why: Ints | None = None
        for j, g in enumerate(self.o.groups_of[self.o.p.streams[cell.stream].pool]):
            room = self._room(cell, g)
            take = np.minimum(left, room.messages)
            left = left - take
            code = self._code(cell, g, room)
            why = code if why is None else np.minimum(why, code)
            self._take(cell, j, g, take, room.older)
        if why is not None:
            self._leave(cell, left, why)

    def _fill_percent(self, cell: Cell) -> None:
        """One share of the whole stream, set by the provider with least room (PRACTICE.md: real-time mail)."""
        if cell.released and self.released is None:
            return
        parts = [cell._replace(tier=k) for k in range(self.o.shape[1])]
        left = [self._available(part).copy() for part in parts]
        why: Ints | None = None
        for j, g in enumerate(self.o.groups_of[self.o.p.streams[cell.stream].pool]):
            room = self._room(cell, g)
            total = np.sum(left, axis=0)
            ratio = np.where(total > 0, np.minimum(1.0, room.messages / np.maximum(total, 1)), np.inf)
            tightest = ratio.argmin(axis=1)[:, None]
            share = np.take_along_axis(ratio, tightest, axis=1)
            share = np.where(np.isfinite(share), share, 0.0)
            code = self._code(cell, g, room)
            code = np.broadcast_to(np.take_along_axis(code, tightest, axis=1), code.shape)
            why = code if why is None else np.minimum(why, code)
            for part, rest in zip(parts, left, strict=True):
                take = np.minimum(np.floor(rest * share * (1 + 1e-12)).astype(np.int64), rest)
                rest -= take
                self._take(part, j, g, take, room.older)
        if why is not None:
            for part, rest in zip(parts, left, strict=True):
                self._leave(part, rest, why)

    def _gate(self, cell: Cell, g: int) -> Bools | None:
        """Where IP group ``g`` is still closed to the cell, (B, Q); None: nowhere."""
        o = self.o
        stream = o.p.streams[cell.stream]
        if stream.critical:
            return o.sending_days[:, g] < CRITICAL_SENDING_DAYS
        gate = int(o.p.gates[cell.tier])
        if not (stream.marketing and o.p.tiers_bind) or gate == 0:
            return None
        return o.gates.gate[:, g] < gate

    def _room(self, cell: Cell, g: int) -> Room:
        o = self.o
        stream = o.p.streams[cell.stream]
        room = self.room[:, g]
        older = stream.marketing and o.p.tiers_bind and int(o.p.gates[cell.tier]) >= OLDER_GATE
        if older:
            room = np.minimum(room, self._older_room[:, g])
        identity = self._identity_room[:, stream.identity] if stream.identity >= 0 else None
        if identity is not None:
            room = np.minimum(room, identity)
        closed = self._gate(cell, g)
        if closed is not None:
            room = np.where(closed, 0, room)
        return Room(room, closed, older, identity)

    def _code(self, cell: Cell, g: int, room: Room) -> Ints:
        """Why the cell is not higher in group ``g``: the limit of the clock, or a gate that takes precedence."""
        code = self._limit[:, g]
        if room.older:
            code = np.where(self._older_room[:, g] < self.room[:, g], np.minimum(code, int(Limit.TIER)), code)
        if room.identity is not None:
            code = np.where(room.identity < self.room[:, g], np.minimum(code, int(Limit.IDENTITY)), code)
        if room.closed is not None:
            gate = Limit.HOLD if self.o.p.streams[cell.stream].critical else Limit.TIER
            code = np.where(room.closed, np.minimum(code, int(gate)), code)
        return code

    def _take(self, cell: Cell, j: int, g: int, take: Ints, older: bool) -> None:
        stream = self.o.p.streams[cell.stream]
        self.room[:, g] -= take
        self.sent[:, g] += take
        if stream.marketing:
            self.marketing[:, g] += take
        if older:
            self._older_room[:, g] -= take
            self.older[:, g] += take
        if stream.identity >= 0:
            self._identity_room[:, stream.identity] -= take
            self.identity_sent[:, stream.identity] += take
        if cell.released:
            assert self.released_moved is not None
            self.released_moved[j, cell.stream, cell.tier] += take
        else:
            self.moved[cell.age, j, cell.stream, cell.tier] += take

    def _leave(self, cell: Cell, left: Ints, why: Ints) -> None:
        """Keep what did not fit: in the stock until it is due, then for legacy or overflow.

        A second round (several IP groups) sees the same cell again: what is left now replaces what was left then.
        """
        s, k = cell.stream, cell.tier
        if cell.released:
            assert self.released is not None
            self.released[s, k] = left
            return
        stock = self.o.stock[cell.age]
        if self.o.one_spread:
            stock[s, k] = left
            if cell.due:
                self.rest[s, k] = left
                self.why[s, k] = why
            return
        here = np.broadcast_to((self.o.due[cell.age][s] == cell.due)[:, None], left.shape)
        stock[s, k] = np.where(here, left, stock[s, k])
        if cell.due:
            self.rest[s, k] = np.where(here, left, self.rest[s, k])
            self.why[s, k] = np.where(here, why, self.why[s, k])
