"""The engine: one forward pass over days, arrays over everything else (design 4).

Sending more, sooner, never hurts a clock (its cap only depends on what was accepted before, and rises with it), so
filling each day's caps in the order of design 4.5 is a plan that a person can check cell by cell: every cap follows
from the base traffic in the row before it, every message that is not on a dedicated IP has one limit that says why.

Inside a pass, arrays of mail are laid out (stream, tier, variant, provider), so that one cell is one contiguous block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.clocks import Clocks, Offer
from warmup.planner.filling import Cell, Fill
from warmup.planner.gates import Gates
from warmup.planner.placing import Flow, place
from warmup.planner.problem import UNLIMITED, Bools, Floats, Ints, Limit, Problem
from warmup.planner.result import CONTROL, MAIN, OUTSIDE, RELEASED, Detail, Run, allocate, width_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HASH_BUCKETS", "KEEP_WARM_DAYS", "Detail", "Pass", "Run", "run"]

HASH_BUCKETS = 10_000
"""Recipients are told apart by ``hash mod 10,000``; shares of a stream are whole buckets."""

KEEP_WARM_DAYS = 14
"""Legacy stays warm until 14 green days after completion (PRACTICE.md)."""

_BLOCK = 256
"""Variants computed together: few enough that a day's arrays stay in the processor's cache."""


def run(problem: Problem, *, detail: Detail = "full") -> Run:
    """Plan every variant of the batch.

    Args:
        problem: The batch; never changed.
        detail: ``totals`` keeps what completion and levers need, ``cells`` every destination with its limit, ``full``
            also the declared quantities outside the in-scope supply.

    Returns:
        The plans. Deterministic: a batch gives what its members give one by one.

    Raises:
        ValueError: There is mail on silent days.
    """
    if problem.supply[:, problem.silent].any():
        raise ValueError("there is mail on silent days, on which nothing is sent")
    out = allocate(problem, detail)
    for b in range(0, problem.batch, _BLOCK):
        rows = slice(b, min(b + _BLOCK, problem.batch))
        Pass(problem.part(rows), out.block(rows)).run()
    return out


class Pass:
    """The forward pass over one block of variants, writing into views of the result."""

    def __init__(self, problem: Problem, out: Run) -> None:
        self.p = p = problem
        self.out = out
        b, _, s, q, k = p.supply.shape
        self.shape = (s, k, b, q)
        self.clock_shape = (b, len(p.groups), q)
        self.groups_of = [[g for g, group in enumerate(p.groups) if group.pool == i] for i in range(len(p.pools))]
        self.clocks = Clocks(p.ladders, p.ladder, p.scale, p.pace)
        self.identities = self._identities()
        self.gates = Gates(self.clock_shape)
        self.sending_days: Ints = np.zeros(self.clock_shape, dtype=np.int64)
        self.critical_days: Ints = np.zeros(self.clock_shape, dtype=np.int64)
        # A provider that readiness keeps closed starts its calendar when it opens.
        self.since = np.maximum(p.start[:, :, None], p.closed_until[:, None, :])
        self._first_since = self.since.copy()
        self.ages = out.origin.shape[1]
        self.width = width_of(p)
        self.stock = [np.zeros(self.shape, dtype=np.int64) for _ in range(self.ages)]
        self.due: list[Bools] = [(p.spread - 1 == age).T for age in range(self.ages)]
        self.one_spread = bool((p.spread == p.spread[:1]).all())
        self.order = self._order()
        self._cells = list(dict.fromkeys((cell.stream, cell.tier) for cell in self.order))
        self._marketing_of = [
            [s for s, stream in enumerate(p.streams) if stream.marketing and stream.pool == i]
            for i in range(len(p.pools))
        ]
        self._joining = bool((p.joined < 1).any())
        self._engaged = int(p.engaged.sum())
        self._any_held = bool(p.held_share.any())
        self._nothing: Ints = np.zeros(self.shape, dtype=np.int64)
        self._arrived: Bools = np.zeros(self.shape, dtype=bool)
        self._only_critical = self._clocks_of_critical_mail()
        self._last = int(np.flatnonzero(~p.silent).max(initial=-1))

    def _identities(self) -> Clocks | None:
        p = self.p
        if not p.identity_scale.shape[1]:
            return None
        ladder = np.broadcast_to(p.identity_ladder[:, :, None], p.identity_scale.shape)
        return Clocks(p.ladders, ladder, p.identity_scale, p.pace)

    def _clocks_of_critical_mail(self) -> Bools | None:
        """Clocks that nothing but critical mail would ever use, (B, G, Q); None: no stream is critical."""
        p = self.p
        if not any(stream.critical for stream in p.streams):
            return None
        only = np.ones(self.clock_shape, dtype=bool)
        for s, stream in enumerate(p.streams):
            if not stream.critical:
                mail: Bools = np.any(p.supply[:, :, s] * ~p.outside[:, None, s, None, :], axis=(1, 3))
                only[:, self.groups_of[stream.pool]] &= ~mail[:, None, :]
        return only

    def _order(self) -> list[Cell]:
        """Cells in the order of design 4.5; control mail, once released, comes after everything in scope."""
        p = self.p
        cells = [
            Cell(s, k, age, bool(due))
            for s in range(len(p.streams))
            for age in range(int(p.spread[:, s].max()))
            for due in np.unique(self.due[age][s])
            for k in range(len(p.tiers))
        ]

        def rank(cell: Cell) -> tuple[bool, bool, int, int, str, int]:
            stream = p.streams[cell.stream]
            return (stream.marketing, not cell.due, cell.tier, stream.priority, stream.name, -cell.age)

        cells.sort(key=rank)
        if (p.release < p.days).any():
            late = [Cell(s, k, 0, due=True, released=True) for s in range(len(p.streams)) for k in range(len(p.tiers))]
            cells += sorted(late, key=rank)
        return cells

    # -- the loop over days ---------------------------------------------------------------------------------------

    def run(self) -> None:
        """Walk through the days; the last one closes every window, so that no mail is left waiting."""
        for day in range(self.p.days):
            if day == self._last and self.ages > 1:
                self.due = [np.ones_like(due) for due in self.due]
                self.order = self._order()
            self._day(day)

    def _day(self, day: int) -> None:
        offer = self.clocks.offer(day)
        self._cool(day, offer.base)
        frozen = self._frozen(day)
        floor, ceiling, capacity = self._of_started_ips(day)
        cap, limit = self._caps(day, offer, frozen, floor, ceiling, capacity)
        self.gates.open(day, day - self.since, offer.base, frozen)
        identity = self._identity_room(day)
        if self.p.silent[day]:
            nothing = np.zeros(self.clock_shape, dtype=np.int64)
            self._note_clocks(day, offer.base, cap, nothing, limit)
            self._record(day, nothing, nothing > 0, nothing, np.zeros_like(identity))
            return
        held, outside, released = self._arrivals(day)
        fill = Fill(self, day, cap, limit, capacity, identity, released)
        fill.all()
        sent, marketing, older = (a.transpose(1, 0, 2) for a in (fill.sent, fill.marketing, fill.older))
        if fill.clock_why is not None:
            limit = np.where(sent >= cap, limit, fill.clock_why.transpose(1, 0, 2))
        self._note_clocks(day, offer.base, cap, sent, limit)
        self._record(day, sent, self._counts(marketing, cap), older, fill.identity_sent.transpose(1, 0, 2))
        if self._only_critical is not None:
            self._count_critical_days(cap)
        self._count(day, fill)
        flows = {MAIN: Flow(fill.rest, tuple(fill.rest_of)), CONTROL: held, OUTSIDE: outside}
        if released is not None:
            flows = {MAIN: flows[MAIN], RELEASED: released, **flows}
        self._place_rest(day, flows)
        if self.out.reason is not None:
            self.out.reason[day] = fill.why

    def _place_rest(self, day: int, flows: Mapping[int, Flow]) -> None:
        """Send what does not go to dedicated IPs elsewhere."""
        p = self.p
        legacy = np.where(day <= p.legacy_until, p.legacy_capacity, 0)
        # Nothing goes to the new platform on a legacy-only day, to its overflow neither.
        overflow = np.zeros_like(p.overflow_capacity) if p.legacy_only[day] else p.overflow_capacity
        place(day, flows, legacy, overflow, self._cells, self.out)

    def _cool(self, day: int, base: Floats) -> None:
        """After an idle month everything starts again (design 4.2)."""
        idle = base <= 0
        cold = idle & (self.sending_days > 0)
        if cold.any():
            self.sending_days[cold] = 0
            self.critical_days[cold] = 0
            self.gates.reset(cold)
            self.since[cold] = day
        waiting = idle & (self.since > self._first_since) & (self.since < day)
        if waiting.any():
            self.since[waiting] = day

    def _frozen(self, day: int) -> Bools:
        """Clocks that must not grow today: freeze days, and assumed holds of a commit date."""
        p = self.p
        frozen = np.full(self.clock_shape, bool(p.freeze[day]))
        for h in range(p.hold_from.shape[2]):
            first = p.hold_from[:, None, :, h]
            frozen |= (self.sending_days >= first) & (self.sending_days < first + p.hold_days[:, None, :, h])
        return frozen

    def _of_started_ips(self, day: int) -> tuple[Ints, Ints, Ints]:
        """Floor and ceiling (B, G, Q) and capacity (B, G) of the IPs that have joined their group by today."""
        p = self.p
        if not self._joining:
            return p.floor, p.ceiling, p.capacity
        part = p.joined[:, day]
        capacity, floor, ceiling = (
            np.floor(figure * share + 1e-6).astype(np.int64)
            for figure, share in ((p.capacity, part), (p.floor, part[:, :, None]), (p.ceiling, part[:, :, None]))
        )
        return floor, ceiling, capacity

    def _caps(
        self, day: int, offer: Offer, frozen: Bools, floor: Ints, ceiling: Ints, capacity: Ints
    ) -> tuple[Ints, Ints]:
        """Caps after ceilings, capacity, freeze, readiness and legacy-only days, with what sets each (design 4)."""
        p = self.p
        if p.legacy_only[day]:
            shape = self.clock_shape
            return np.zeros(shape, dtype=np.int64), np.full(shape, int(Limit.LEGACY_ONLY))
        cap, limit = offer.cap, offer.limit
        if p.byoip:
            cap = np.where(p.scale > 0, capacity[:, :, None], 0)
            limit = np.full(self.clock_shape, int(Limit.CAPACITY))
        cap = np.maximum(cap, floor)
        # Rounded down, as a ceiling is never exceeded; but one message more than before, so that no small one sticks.
        grown = np.floor(p.ceiling_growth * offer.base + 1e-9)
        after = np.maximum(np.maximum(grown, np.floor(offer.base) + 1).astype(np.int64), ceiling)
        starting = self.sending_days < p.ceiling_days
        ceiling = np.where(starting, ceiling, after)
        if p.weekend[day]:
            ceiling = np.where(starting & p.weekdays_only, 0, ceiling)
        cap, limit = _bound(cap, limit, ceiling, Limit.CEILING)
        cap, limit = _bound(cap, limit, capacity[:, :, None], Limit.CAPACITY)
        if not p.byoip and frozen.any():
            steady = np.maximum(np.floor(offer.base).astype(np.int64), floor)
            cap, limit = _bound(cap, limit, np.where(frozen, steady, UNLIMITED), Limit.FREEZE)
        closed = (day < p.start[:, :, None]) | (day < p.closed_until[:, None, :]) | (p.ips[:, :, None] == 0)
        return np.where(closed, 0, cap), np.where(closed, int(Limit.READINESS), limit)

    def _identity_room(self, day: int) -> Ints:
        if self.identities is None:
            return np.zeros((self.p.batch, 0, self.clock_shape[2]), dtype=np.int64)
        offer = self.identities.offer(day)
        return np.floor(offer.base).astype(np.int64) if self.p.freeze[day] else offer.cap

    def _arrivals(self, day: int) -> tuple[Flow, Flow, Flow | None]:
        """Add the day's in-scope mail to the stock.

        Returns:
            Control and keep-warm mail that stays on legacy, mail out of scope, and control mail that is released.
        """
        p = self.p
        scope = self.stock.pop()  # its mail has left: the oldest was due
        here = []
        for s in range(self.shape[0]):
            mail = p.supply[:, day, s]
            if mail.any():
                here.append(s)
                scope[s] = mail.transpose(2, 0, 1)
            else:
                scope[s] = 0
        outside = self._outside_of(scope, here)
        held, released = self._held_of(day, scope, here)
        if p.tiers_bind or self._only_critical is not None:
            np.greater(scope, 0, out=self._arrived)
        self._measure_supply(day, scope, here)
        self.stock.insert(0, scope)
        return held, outside, released

    def _outside_of(self, scope: Ints, here: list[int]) -> Flow:
        """Take mail out of ``scope`` that is out of it by decision."""
        streams = tuple(s for s in here if self.p.outside[:, s].any())
        outside = np.zeros(self.shape, dtype=np.int64) if streams else self._nothing
        for s in streams:
            outside[s] = scope[s] * self.p.outside[:, s].T[:, :, None]
            scope[s] -= outside[s]
        return Flow(outside, streams)

    def _held_of(self, day: int, scope: Ints, here: list[int]) -> tuple[Flow, Flow | None]:
        """Take control and keep-warm mail out of ``scope``; what of it is released, once the migration is complete."""
        p = self.p
        streams = tuple(s for s in here if p.streams[s].marketing) if self._any_held else ()
        if not streams:
            return Flow(self._nothing, ()), None
        done = day >= p.release
        held = np.zeros(self.shape, dtype=np.int64)
        released = np.zeros(self.shape, dtype=np.int64) if done.any() else None
        share = p.held_share[:, day]
        kept_share = np.where((day >= p.release + KEEP_WARM_DAYS)[:, None], 0, p.kept_share[:, day])
        for s in streams:
            part = scope[s] * share // HASH_BUCKETS
            if released is not None:
                kept = np.minimum(scope[s] * kept_share // HASH_BUCKETS, part)
                released[s] = np.where(done[:, None], part - kept, 0)
            held[s] = part if released is None else part - released[s]
            scope[s] -= part
        return Flow(held, streams), None if released is None else Flow(released, streams)

    def _both_scopes(self, mail: Ints, s: int) -> tuple[Ints, Ints]:
        """Mail (K, B, Q) of a stream over tiers: engaged, all; each (B, Q). All mail but marketing mail is engaged."""
        every: Ints = mail.sum(axis=0)
        return (mail[: self._engaged].sum(axis=0) if self.p.streams[s].marketing else every), every

    def _measure_supply(self, day: int, scope: Ints, here: list[int]) -> None:
        out = self.out
        for s in here:
            both = self._both_scopes(scope[s], s)
            for x, part in enumerate(both):
                out.supply_by_provider[:, day, :, x] += part
                out.supply_by_pool[:, day, self.p.streams[s].pool, x] += part.sum(axis=1)
            out.stream_sends[:, day, s] = both[1].any(axis=1)

    # -- what a day was for the clocks ----------------------------------------------------------------------------

    def _counts(self, marketing: Ints, cap: Ints) -> Bools:
        """Clocks for which today is a sending day of marketing mail, (B, G, Q), by which tiers open (design 4.6).

        Where a send has nobody in the tiers that are open to an open clock, the day counts too: else a provider whose
        recipients are all older would wait for ever.
        """
        counts = marketing > 0
        if not self.p.tiers_bind:
            return counts
        for groups, streams in zip(self.groups_of, self._marketing_of, strict=True):
            arrived: Bools = np.any(self._arrived[streams], axis=0)
            every: Bools = np.any(arrived, axis=0)
            if (arrived[self.p.gates == 0].any(axis=0) == every).all():
                continue
            for g in groups:
                reached = (arrived & (self.p.gates[:, None, None] <= self.gates.gate[:, g])).any(axis=0)
                counts[:, g] |= every & ~reached & (cap[:, g] > 0)
        return counts

    def _count_critical_days(self, cap: Ints) -> None:
        """Sending days as critical mail counts them.

        A clock that only critical mail would use counts the days on which it had some: nothing else can warm it.
        """
        assert self._only_critical is not None
        waited = np.zeros(self.clock_shape, dtype=bool)
        for i, groups in enumerate(self.groups_of):
            streams = [s for s, stream in enumerate(self.p.streams) if stream.critical and stream.pool == i]
            own: Bools = np.any(self._arrived[streams], axis=(0, 1))
            waited[:, groups] = own[:, None, :]
        waited &= self._only_critical & (cap > 0)
        self.critical_days = np.where(self._only_critical, self.critical_days + waited, self.sending_days)

    def _count(self, day: int, fill: Fill) -> None:
        """Add a day's dedicated mail to the totals, by day of origin."""
        out = self.out
        for (s, age), both in fill.carried.items():
            origin = out.origin[day, age]
            for x, part in enumerate(both):
                out.by_provider[:, origin, :, x] += part
                out.by_pool[:, origin, self.p.streams[s].pool, x] += part.sum(axis=1)

    def _record(self, day: int, sent: Ints, counts: Bools, older: Ints, identity: Ints) -> None:
        self.clocks.record(day, sent)
        self.gates.record(day, counts, older)
        self.sending_days += sent > 0
        if self.identities is not None:
            self.identities.record(day, identity)

    def _note_clocks(self, day: int, base: Floats, cap: Ints, sent: Ints, limit: Ints) -> None:
        out = self.out
        if out.base is None or out.cap is None or out.sent is None or out.limit is None:
            return
        out.base[day], out.cap[day], out.sent[day], out.limit[day] = base, cap, sent, limit


def _bound(cap: Ints, limit: Ints, bound: Ints, code: Limit) -> tuple[Ints, Ints]:
    """Lower ``cap`` to ``bound``; where that binds, the limit is ``code``."""
    binds = bound < cap
    return np.where(binds, bound, cap), np.where(binds, int(code), limit)
