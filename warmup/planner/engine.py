"""The engine: one forward pass over days, arrays over everything else (design 4).

Sending more, sooner, never hurts a clock (its cap only depends on what was accepted before, and rises with it), so
filling each day's caps in the order of design 4.5 is a plan that a person can check cell by cell: every cap follows
from the base traffic in the row before it, every message that is not on a dedicated IP has one limit that says why.

Inside a pass, arrays of mail are laid out (stream, tier, variant, provider), so that one cell is one contiguous block.
"""

from __future__ import annotations

import numpy as np

from warmup.planner.clocks import Clocks, Offer
from warmup.planner.filling import Cell, Fill
from warmup.planner.gates import Gates
from warmup.planner.problem import UNLIMITED, Bools, Floats, Ints, Limit, Problem
from warmup.planner.result import Detail, Run, allocate, width_of

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
    """
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
        self.marketing = np.array([stream.marketing for stream in p.streams])
        self._marketing_of = [
            [s for s, stream in enumerate(p.streams) if stream.marketing and stream.pool == i]
            for i in range(len(p.pools))
        ]
        self._joining = bool((p.joined < 1).any())
        self._engaged = int(p.engaged.sum())
        self._outside = np.broadcast_to(p.outside.transpose(1, 2, 0)[..., None], self.shape)
        self._any_outside = bool(p.outside.any())
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
        held, outside, released = self._arrivals(day)
        if self.p.silent[day]:
            nothing = np.zeros(self.clock_shape, dtype=np.int64)
            self._note_clocks(day, offer.base, cap, nothing, limit)
            self._record(day, nothing, nothing > 0, nothing, np.zeros_like(identity))
            return
        fill = Fill(self, cap, limit, capacity, identity, released)
        fill.all()
        sent, marketing, older = (a.transpose(1, 0, 2) for a in (fill.sent, fill.marketing, fill.older))
        full = sent >= cap
        self._note_clocks(day, offer.base, cap, sent, np.where(full, limit, fill.clock_why.transpose(1, 0, 2)))
        self._record(day, sent, self._counts(marketing, cap), older, fill.identity_sent.transpose(1, 0, 2))
        if self._only_critical is not None:
            self._count_critical_days(cap)
        self._count(day, fill)
        if fill.released is not None:
            held = held + fill.released
        self._place_rest(day, fill, held, outside)

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
        after = np.maximum(np.ceil(p.ceiling_growth * offer.base - 1e-9).astype(np.int64), ceiling)
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

    def _arrivals(self, day: int) -> tuple[Ints, Ints, Ints | None]:
        """Add the day's in-scope mail to the stock.

        Returns:
            Control and keep-warm mail that stays on legacy, mail out of scope, and control mail that is released.
        """
        p = self.p
        scope = p.supply[:, day].transpose(1, 3, 0, 2).astype(np.int64, order="C")
        held, outside, released = self._nothing, self._nothing, None
        if self._any_outside:
            outside = np.where(self._outside, scope, 0)
            scope = scope - outside
        if self._any_held:
            held = self._share_of(scope, p.held_share[:, day])
            main = scope - held
            if (day >= p.release).any():
                kept_share = np.where((day >= p.release + KEEP_WARM_DAYS)[:, None], 0, p.kept_share[:, day])
                kept = np.minimum(self._share_of(scope, kept_share), held)
                released = np.where((day >= p.release)[:, None], held - kept, 0)
                held = held - released
            scope = main
        if p.tiers_bind or self._only_critical is not None:
            np.greater(scope, 0, out=self._arrived)
        self._measure_supply(day, scope)
        if not p.silent[day]:
            self.stock = [scope, *self.stock[:-1]]
        return held, outside, released

    def _share_of(self, scope: Ints, share: Ints) -> Ints:
        """That many ten-thousandths (B, Q) of the marketing mail in ``scope``."""
        part = scope * share // HASH_BUCKETS
        part[~self.marketing] = 0
        return part

    def _scopes(self, mail: Ints) -> tuple[Ints, Ints]:
        """Mail (S, K, B, Q) summed over tiers: engaged, all; each (S, B, Q)."""
        every = mail.sum(axis=1)
        engaged = mail[:, : self._engaged].sum(axis=1)
        engaged[~self.marketing] = every[~self.marketing]
        return engaged, every

    def _measure_supply(self, day: int, main: Ints) -> None:
        out = self.out
        for x, part in enumerate(self._scopes(main)):
            out.supply_by_provider[:, day, :, x] = part.sum(axis=0)
            per_stream = part.sum(axis=2)
            for s, stream in enumerate(self.p.streams):
                out.supply_by_pool[:, day, stream.pool, x] += per_stream[s]
        out.stream_sends[:, day] = (main.sum(axis=(1, 3)) > 0).T

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
        for age in range(self.ages):
            origin = out.origin[day, age]
            if origin < 0:
                continue
            for x, part in enumerate(self._scopes(fill.moved[age].sum(axis=0))):
                out.by_provider[:, origin, :, x] += part.sum(axis=0)
                per_stream = part.sum(axis=2)
                for s, stream in enumerate(self.p.streams):
                    out.by_pool[:, origin, stream.pool, x] += per_stream[s]
        if out.dedicated is not None:
            out.dedicated[day] = fill.moved
        if out.released is not None and fill.released_moved is not None:
            out.released[day] = fill.released_moved

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

    # -- what is left ---------------------------------------------------------------------------------------------

    def _place_rest(self, day: int, fill: Fill, held: Ints, outside: Ints) -> None:
        """Send what was due and did not fit to legacy, then overflow; what neither takes is unplaced (design 4.1)."""
        p, out = self.p, self.out
        flows = [fill.rest, held, outside]
        legacy = np.where(day <= p.legacy_until, p.legacy_capacity, 0)
        to_legacy, flows = self._take(flows, legacy)
        # Nothing goes to the new platform on a legacy-only day, to its overflow neither.
        overflow = np.zeros_like(p.overflow_capacity) if p.legacy_only[day] else p.overflow_capacity
        to_overflow, flows = self._take(flows, overflow)
        out.legacy[:, day] = sum(self._total(flow) for flow in to_legacy)
        out.unplaced[:, day] = sum(self._total(flow) for flow in flows)
        if out.reason is None:
            return
        out.reason[day] = fill.why
        for d, (target, parts) in enumerate(
            zip((out.to_legacy, out.to_overflow, out.to_none), (to_legacy, to_overflow, flows), strict=True)
        ):
            used = [part for part in parts if part is not self._nothing]
            if target is not None and used:
                target[day] = sum(used)
            if out.parts is not None:
                for kind, part in enumerate(parts):
                    out.parts[d, kind, day] = part

    def _take(self, flows: list[Ints], room: Ints) -> tuple[list[Ints], list[Ints]]:
        """Give as much of ``flows`` as fits into ``room`` (B,), in the order of the cells; the rest is returned."""
        taken: list[Ints] = []
        rest: list[Ints] = []
        left = room.copy()
        for flow in flows:
            total = self._total(flow)
            if (total <= left).all():
                part, remains = flow, self._nothing
            elif not left.any():
                part, remains = self._nothing, flow
            else:
                part = self._in_order(flow, left)
                remains = flow - part
            left = left - (total if part is flow else self._total(part))
            taken.append(part)
            rest.append(remains)
        return taken, rest

    def _total(self, flow: Ints) -> Ints:
        """Messages of a flow per variant, (B,)."""
        if flow is self._nothing:
            return np.zeros(self.p.batch, dtype=np.int64)
        return np.asarray(flow.reshape(-1, *flow.shape[2:]).sum(axis=0).sum(axis=1))

    def _in_order(self, flow: Ints, room: Ints) -> Ints:
        """Take cell by cell in the order of design 4.5 until ``room`` is used up."""
        keys = list(dict.fromkeys((cell.stream, cell.tier) for cell in self.order))
        ordered = np.stack([flow[s, k] for s, k in keys], axis=1)
        flat = ordered.reshape(ordered.shape[0], -1)
        before = np.cumsum(flat, axis=1) - flat
        part = np.clip(room[:, None] - before, 0, flat).reshape(ordered.shape)
        result = np.zeros_like(flow)
        for i, (s, k) in enumerate(keys):
            result[s, k] = part[:, i]
        return result


def _bound(cap: Ints, limit: Ints, bound: Ints, code: Limit) -> tuple[Ints, Ints]:
    """Lower ``cap`` to ``bound``; where that binds, the limit is ``code``."""
    binds = bound < cap
    return np.where(binds, bound, cap), np.where(binds, int(code), limit)
