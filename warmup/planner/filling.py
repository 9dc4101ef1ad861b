"""Filling a day's caps with mail, in the order of design 4.5, and saying why a cell is not higher."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from warmup.planner.gates import OLDER_GATE
from warmup.planner.problem import UNLIMITED, Bools, Ints, Limit
from warmup.planner.shares import shared_out

if TYPE_CHECKING:
    from warmup.planner.engine import Pass
    from warmup.planner.placing import Flow

CRITICAL_SENDING_DAYS = 14
"""One-time passwords move last (practice)."""

_FREE = int(Limit.SUPPLY)
"""The code of a clock that sets no limit: there is simply no more mail."""


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


class Fill:
    """One day's filling. Cell arrays are (S, K, B, Q), clock arrays (G, B, Q).

    Attributes:
        sent, marketing, older: Messages on dedicated IPs: all, of marketing streams, of older tiers.
        identity_sent: (D, B, Q): messages per new identity.
        carried: Per stream and age, in-scope mail on dedicated IPs: engaged, all; each (B, Q).
        rest: What was due and did not fit, of the streams ``rest_of``. why: the :class:`Limit` of what did not fit,
            released control mail included.
        clock_why: Why a clock with room left is not fuller: a limit other than its cap. None where nobody asks.
    """

    def __init__(
        self,
        owner: Pass,
        day: int,
        cap: Ints,
        limit: Ints,
        capacity: Ints,
        identity_room: Ints,
        released: Flow | None,
    ) -> None:
        self.o = owner
        self._room = cap.transpose(1, 0, 2).copy()
        self._limit = limit.transpose(1, 0, 2)
        self._older_room = owner.gates.left.transpose(1, 0, 2).copy() if owner.p.tiers_bind else None
        self._identity_room = identity_room.transpose(1, 0, 2).copy()
        # Capacity is of the IPs, whatever the provider. It is followed only where the caps together exceed it.
        tight = cap.sum(axis=2) > capacity
        self._capacity = np.where(tight, capacity, UNLIMITED).T.copy() if tight.any() else None
        self._closed: dict[tuple[int, int], Bools | None] = {}
        self._released = released
        self.identity_sent = np.zeros_like(self._identity_room)
        self.sent = np.zeros_like(self._room)
        self.marketing = np.zeros_like(self._room)
        self.older = np.zeros_like(self._room)
        out = owner.out
        self._moved = None if out.dedicated is None else out.dedicated[day]
        self._released_moved = None if out.released is None else out.released[day]
        self.carried: dict[tuple[int, int], list[Ints]] = {}
        self.rest = np.zeros(owner.shape, dtype=np.int64)
        self.rest_of: set[int] = set()
        self.why = np.full(owner.shape, _FREE, dtype=np.int8)
        self.clock_why = None if out.limit is None else np.full(self._room.shape, _FREE, dtype=np.int64)

    def all(self) -> None:
        """Fill every cell in order.

        A stream that cannot be counted out per provider (``percent``) moves with one share for all of them. Where
        tiers bind, each tier has a share of its own; else the tiers move together, at their first cell.
        """
        streams = self.o.p.streams
        together: set[tuple[int, int, bool, bool]] = set()
        for cell in self.o.order:
            if cell.released and (self._released is None or cell.stream not in self._released.streams):
                continue
            stream = streams[cell.stream]
            if not stream.percent:
                self._fill_cell(cell)
            elif stream.marketing and self.o.p.tiers_bind:
                self._fill_percent([cell])
            elif (key := (cell.stream, cell.age, cell.due, cell.released)) not in together:
                together.add(key)
                self._fill_percent([cell._replace(tier=k) for k in range(self.o.shape[1])])

    def _available(self, cell: Cell) -> Ints:
        """Messages of the cell that are still to be placed, (B, Q)."""
        if cell.released:
            assert self._released is not None  # released cells are filled only on days that release
            return np.asarray(self._released.mail[cell.stream, cell.tier])
        stock: Ints = self.o.stock[cell.age][cell.stream, cell.tier]
        if self.o.one_spread:
            return stock
        return np.where((self.o.due[cell.age][cell.stream] == cell.due)[:, None], stock, 0)

    def _fill_cell(self, cell: Cell) -> None:
        left = self._available(cell)
        if not left.any():
            return
        groups = self.o.groups_of[self.o.p.streams[cell.stream].pool]
        # Some IPs can be full while others are not: what does not fit goes round once more.
        for _ in groups:
            if not left.any():
                break
            for j, take in enumerate(self._split(cell, groups, left)):
                taken = self._within_capacity(groups[j], take)
                self._take(cell, j, groups[j], taken)
                left = left - taken
        why: Ints | None = None
        if left.any():
            for g in groups:
                code = self._code(cell, g)
                self._note(g, left, code)
                why = code if why is None else _together(why, code)
        self._leave(cell, left, why)

    def _split(self, cell: Cell, groups: list[int], left: Ints) -> list[Ints]:
        """Share a cell among the pool's IP groups by the room they have: rotation keeps every IP warm."""
        rooms = [self._room_for(cell, g) for g in groups]
        if len(rooms) == 1:
            return [np.minimum(left, rooms[0])]
        if self._capacity is not None:
            rooms = [np.where(self._capacity[g][:, None] > 0, room, 0) for g, room in zip(groups, rooms, strict=True)]
        goal = np.minimum(left, sum(rooms))
        identity = self.o.p.streams[cell.stream].identity
        if identity >= 0:
            goal = np.minimum(goal, self._identity_room[identity])
        shares = shared_out(np.stack(rooms, axis=-1), goal)
        return [shares[..., j] for j in range(len(rooms))]

    def _within_capacity(self, g: int, take: Ints) -> Ints:
        """``take`` (B, Q), lowered in proportion where the IPs of group ``g`` would carry more than they can."""
        if self._capacity is None:
            return take
        total, room = take.sum(axis=1), self._capacity[g]
        over = total > room
        if not over.any():
            return take
        take = take.copy()
        take[over] = shared_out(take[over], room[over])
        return take

    def _fill_percent(self, parts: list[Cell]) -> None:
        """One share of the whole stream, set by the provider with least room (PRACTICE.md: real-time mail)."""
        left = [self._available(part).copy() for part in parts]
        if not any(rest.any() for rest in left):
            return
        cell = parts[0]
        why: Ints | None = None
        for j, g in enumerate(self.o.groups_of[self.o.p.streams[cell.stream].pool]):
            total = np.sum(left, axis=0)
            room = self._room_for(cell, g)
            ratio = np.where(total > 0, np.minimum(1.0, room / np.maximum(total, 1)), np.inf)
            tightest = ratio.argmin(axis=1)[:, None]
            share = np.take_along_axis(ratio, tightest, axis=1)
            share = np.where(np.isfinite(share), share, 0.0)
            code = np.take_along_axis(self._code(cell, g, percent=True), tightest, axis=1)
            if self._capacity is not None:
                fits = (self._capacity[g] / np.maximum(total.sum(axis=1), 1))[:, None]
                code = np.where(fits < share, int(Limit.CAPACITY), code)
                share = np.minimum(share, fits)
            code = np.broadcast_to(code, total.shape)
            for part, rest in zip(parts, left, strict=True):
                take = np.minimum(np.floor(rest * share * (1 + 1e-12)).astype(np.int64), rest)
                rest -= take
                self._take(part, j, g, take)
            self._note(g, np.sum(left, axis=0), code)
            why = code if why is None else _together(why, code)
        for part, rest in zip(parts, left, strict=True):
            self._leave(part, rest, why)

    def _is_older(self, cell: Cell) -> bool:
        o = self.o
        return o.p.tiers_bind and o.p.streams[cell.stream].marketing and int(o.p.gates[cell.tier]) >= OLDER_GATE

    def _gate(self, cell: Cell, g: int) -> Bools | None:
        """Where IP group ``g`` is still closed to the cell, (B, Q); None: nowhere."""
        o = self.o
        stream = o.p.streams[cell.stream]
        if stream.critical:
            return o.critical_days[:, g] < CRITICAL_SENDING_DAYS
        gate = int(o.p.gates[cell.tier])
        if not (stream.marketing and o.p.tiers_bind) or gate == 0:
            return None
        if (g, gate) not in self._closed:
            closed = o.gates.gate[:, g] < gate
            self._closed[g, gate] = closed if closed.any() else None
        return self._closed[g, gate]

    def _room_for(self, cell: Cell, g: int) -> Ints:
        """Messages of the cell that IP group ``g`` may still take, (B, Q)."""
        stream = self.o.p.streams[cell.stream]
        room: Ints = self._room[g]
        if self._older_room is not None and self._is_older(cell):
            room = np.minimum(room, self._older_room[g])
        if stream.identity >= 0:
            room = np.minimum(room, self._identity_room[stream.identity])
        closed = self._gate(cell, g)
        return room if closed is None else np.where(closed, 0, room)

    def _code(self, cell: Cell, g: int, *, percent: bool = False) -> Ints:
        """What stops the cell in group ``g``: of the limits that are used up, the one that takes precedence.

        For a share that the tightest provider sets (``percent``) a limit need not be used up to the last message: it is
        the smallest that counts.
        """
        room = self._room[g]
        code: Ints = self._limit[g] if percent else np.where(room <= 0, self._limit[g], _FREE)
        if self._capacity is not None and not percent:
            code = np.where((self._capacity[g] <= 0)[:, None], np.minimum(code, int(Limit.CAPACITY)), code)
        others = []
        if self._older_room is not None and self._is_older(cell):
            others.append((self._older_room[g], Limit.TIER))
        if (identity := self.o.p.streams[cell.stream].identity) >= 0:
            others.append((self._identity_room[identity], Limit.IDENTITY))
        for bound, limit in others:
            if percent:
                code = np.where(bound < room, int(limit), code)
                room = np.minimum(room, bound)
            else:
                code = np.where(bound <= 0, np.minimum(code, int(limit)), code)
        closed = self._gate(cell, g)
        if closed is not None:
            gate = int(Limit.TIER)  # who, or what kind of mail, joins later
            used_up = np.where(self._room[g] <= 0, code, gate) if percent else code
            code = np.where(closed, np.minimum(used_up, gate), code)
        return code

    def _note(self, g: int, left: Ints, code: Ints) -> None:
        """Remember, for the clock, why mail was left although there may be room."""
        if self.clock_why is not None:
            np.minimum(self.clock_why[g], np.where(left > 0, code, _FREE), out=self.clock_why[g])

    def _take(self, cell: Cell, j: int, g: int, take: Ints) -> None:
        stream = self.o.p.streams[cell.stream]
        self._room[g] -= take
        self.sent[g] += take
        if self._capacity is not None:
            self._capacity[g] -= take.sum(axis=1)
        if stream.marketing:
            self.marketing[g] += take
        if self._older_room is not None and self._is_older(cell):
            self._older_room[g] -= take
            self.older[g] += take
        if stream.identity >= 0:
            self._identity_room[stream.identity] -= take
            self.identity_sent[stream.identity] += take
        self._note_moved(cell, j, take)

    def _note_moved(self, cell: Cell, j: int, take: Ints) -> None:
        if cell.released:
            if self._released_moved is not None:
                target = self._released_moved[j, cell.stream, cell.tier]
                np.add(target, take, out=target, casting="unsafe")
            return
        if self._moved is not None:
            target = self._moved[cell.age, j, cell.stream, cell.tier]
            np.add(target, take, out=target, casting="unsafe")
        if (cell.stream, cell.age) not in self.carried:
            self.carried[cell.stream, cell.age] = [np.zeros_like(take), np.zeros_like(take)]
        engaged, every = self.carried[cell.stream, cell.age]
        every += take
        if self.o.p.engaged[cell.tier] or not self.o.p.streams[cell.stream].marketing:
            engaged += take

    def _leave(self, cell: Cell, left: Ints, why: Ints | None) -> None:
        """Keep what did not fit: in the stock until it is due, then for legacy or overflow."""
        s, k = cell.stream, cell.tier
        if cell.released:
            assert self._released is not None
            self._released.mail[s, k] = left
            if why is not None:
                self._note_why(s, k, left, why)
            return
        stock = self.o.stock[cell.age]
        if not self.o.one_spread:
            here = (self.o.due[cell.age][s] == cell.due)[:, None]
            stock[s, k] = np.where(here, 0 if cell.due else left, stock[s, k])
            left = np.where(here, left, 0)
        elif not cell.due:
            stock[s, k] = left
        if cell.due and why is not None:
            # On the last day every window closes, so that several ages of a cell can be due.
            self.rest_of.add(s)
            self.rest[s, k] += left
            self._note_why(s, k, left, why)

    def _note_why(self, s: int, k: int, left: Ints, why: Ints) -> None:
        np.minimum(self.why[s, k], np.where(left > 0, why, _FREE), out=self.why[s, k], casting="unsafe")


def _together(one: Ints, other: Ints) -> Ints:
    """The limit of two IP groups: what takes precedence; one that is not ready limits nothing beside another."""
    waits = int(Limit.READINESS)
    return np.where(one == waits, other, np.where(other == waits, one, np.minimum(one, other)))
