"""Section 4 of the design once more, slowly: dictionaries, one day and one cell after the other, no arrays.

Written from the text of the design, so that the engine has something to be compared with. Nothing here is clever: what
a clock remembers is worked out anew every morning from everything it ever sent.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from warmup.planner.problem import Limit

if TYPE_CHECKING:
    from warmup.planner.problem import Problem
    from warmup.ramps import Ladder

FULL, GONE = 7, 30
SLACK = 1e-9


def remembered(days: int) -> Fraction:
    """m(k): all of it for a week, nothing after 30 days, a straight line between."""
    if days <= FULL:
        return Fraction(1)
    return max(Fraction(0), Fraction(GONE - days, GONE - FULL))


def shared_out(weights: list[int], total: int) -> list[int]:
    """Largest remainder; ties go to the earlier one."""
    every = sum(weights) or 1
    exact = [Fraction(weight * total, every) for weight in weights]
    whole = [math.floor(value) for value in exact]
    order = sorted((i for i, w in enumerate(weights) if w), key=lambda i: whole[i] - exact[i])
    for i in order[: total - sum(whole)]:
        whole[i] += 1
    return whole


@dataclass
class Clock:
    """What one IP group (or new identity) has sent to one provider."""

    ladder: Ladder
    scale: float
    pace: float
    sent: list[int] = field(default_factory=list)
    bases: list[Fraction] = field(default_factory=list)
    reached: list[int] = field(default_factory=list)

    def base(self) -> Fraction:
        """Base traffic this morning."""
        day = len(self.sent)
        return max((self.sent[day - k] * remembered(k) for k in range(1, min(day, GONE) + 1)), default=Fraction(0))

    def morning(self) -> tuple[Fraction, int, Limit]:
        """Base traffic, the ladder's cap before ceilings, and what sets it. Once a day."""
        base = self.base()
        self.bases.append(base)
        self.reached.append(self._reached(float(base) / self.scale) if self.scale > 0 else 0)
        limit = Limit.MEMORY if base < max(self.sent, default=0) else Limit.RAMP
        if self.scale <= 0:
            return base, 0, limit
        held = self._held()
        wanted = self._target(float(base) / self.scale, held) * self.scale
        cap = math.ceil(wanted * (1 - SLACK))
        if not held and wanted > float(base) * (1 + SLACK):
            cap = max(cap, math.floor(base) + 1)
        return base, cap, Limit.HOLD if held else limit

    def _target(self, base: float, held: bool) -> float:
        levels, last = self.ladder.levels, self.ladder.levels[-1]
        now = self.reached[-1]
        if base >= last * (1 - 1e-12) and not held:
            week_ago = float(self.bases[-7]) / self.scale if len(self.bases) >= 7 else 0.0
            return max(base, last, 1.3 * week_ago)
        target = self._level(self._position(base) + self.pace)
        if held:
            return min(target, levels[now - 1])
        barriers = [level for level, hold in zip(levels[now:], self.ladder.holds[now:], strict=True) if hold > 1]
        return min([target, *barriers])

    def _position(self, base: float) -> float:
        levels = self.ladder.levels
        if base < levels[0]:
            return base / levels[0]
        for i in range(1, len(levels)):
            if base < levels[i]:
                return i + math.log(base / levels[i - 1]) / math.log(levels[i] / levels[i - 1])
        return float(len(levels))

    def _level(self, position: float) -> float:
        levels = self.ladder.levels
        if position < 1:
            return position * levels[0]
        if position >= len(levels):
            return levels[-1]
        i = int(position)
        return float(levels[i - 1] * (levels[i] / levels[i - 1]) ** (position - i))

    def _reached(self, base: float) -> int:
        """How many levels B has reached: 90 % of a level, but never before half the way up from the one below."""
        levels = self.ladder.levels
        count = 0
        for i, level in enumerate(levels):
            half = math.sqrt(level * levels[i - 1]) if i else 0.0
            if base >= max(0.9 * level, half) * (1 - SLACK):
                count = i + 1
        return count

    def _held(self) -> bool:
        """Whether the level that B is on has not been sent for its sending days yet."""
        now = self.reached[-1]
        if not now:
            return False
        today = len(self.reached) - 1
        since = today
        while since > 0 and self.reached[since - 1] == now:
            since -= 1
        if since > 0 and self.reached[since - 1] > now:
            return False  # fallen to it: it was left properly before
        level = self.ladder.levels[now - 1] * self.scale
        days = 1 + sum(self.sent[d] >= 0.9 * level * (1 - SLACK) for d in range(since, today))
        return 1 + (days - 1) * self.pace < self.ladder.holds[now - 1] * (1 - 1e-12)


@dataclass
class Tiers:
    """Which engagement tiers are open at one clock."""

    since: int
    gate: int = 0
    days: int = 0
    carried: list[int] = field(default_factory=list)
    granted: float = 0.0
    today: float = 0.0
    may_step: bool = False
    sends_since_step: int | None = None

    def morning(self, day: int, base: Fraction, frozen: bool) -> int:
        """Open what may open; messages of older tiers allowed today."""
        if self.gate < 3 and day - self.since >= 14 * (self.gate + 1) and self.days >= 6 and not frozen:
            self.gate += 1
            self.days = 0
        if self.gate < 3:
            return 0
        carried = max((n * remembered(len(self.carried) - d) for d, n in enumerate(self.carried)), default=Fraction(0))
        stepped = max(float(carried) + 0.15 * float(base), math.floor(carried) + 1)
        self.may_step = not frozen and (self.sends_since_step is None or self.sends_since_step >= 2)
        if self.may_step:
            self.today = stepped
        elif frozen:
            self.today = float(carried)
        else:
            self.today = max(float(carried), min(self.granted, stepped))
        return math.floor(self.today * (1 + 1e-12))

    def evening(self, counts: bool, older: int) -> None:
        """Note the day."""
        self.days += counts
        self.carried.append(older)
        if older and self.may_step:
            self.granted, self.sends_since_step = self.today, 1
        elif older and self.sends_since_step is not None:
            self.sends_since_step += 1
        self.may_step = False

    def cool(self, day: int) -> None:
        """A month without mail."""
        self.gate, self.days, self.granted, self.sends_since_step, self.since = 0, 0, 0.0, None, day


Key = tuple[int, ...]


@dataclass
class Found:
    """The plan: dictionaries from keys to messages.

    dedicated (day, age, group, stream, tier, provider); released without age; elsewhere (destination, kind, day,
    stream, tier, provider); why (day, stream, tier, provider); base, cap, sent, limit (day, group, provider).
    """

    dedicated: dict[Key, int] = field(default_factory=lambda: defaultdict(int))
    released: dict[Key, int] = field(default_factory=lambda: defaultdict(int))
    elsewhere: dict[Key, int] = field(default_factory=lambda: defaultdict(int))
    why: dict[Key, int] = field(default_factory=dict)
    base: dict[Key, float] = field(default_factory=dict)
    cap: dict[Key, int] = field(default_factory=dict)
    sent: dict[Key, int] = field(default_factory=dict)
    limit: dict[Key, int] = field(default_factory=dict)
    older_allowed: dict[Key, int] = field(default_factory=dict)


class Slow:
    """One variant of a problem, planned by hand."""

    def __init__(self, p: Problem, b: int = 0) -> None:
        self.p, self.b = p, b
        self.found = Found()
        _, self.T, self.S, self.Q, self.K = p.supply.shape
        self.G = len(p.groups)
        pairs = [(g, q) for g in range(self.G) for q in range(self.Q)]
        pace = float(p.pace[b])
        self.clocks = {(g, q): Clock(p.ladders[p.ladder[b, g, q]], float(p.scale[b, g, q]), pace) for g, q in pairs}
        self.first = {(g, q): max(int(p.start[b, g]), int(p.closed_until[b, q])) for g, q in pairs}
        self.tiers = {pair: Tiers(self.first[pair]) for pair in pairs}
        self.sending_days = dict.fromkeys(pairs, 0)
        self.critical_days = dict.fromkeys(pairs, 0)
        self.identities = {
            (d, q): Clock(p.ladders[p.identity_ladder[b, d]], float(p.identity_scale[b, d, q]), pace)
            for d in range(p.identity_scale.shape[1])
            for q in range(self.Q)
        }
        # (origin day, stream) -> {(tier, provider): messages waiting}
        self.waiting: dict[tuple[int, int], dict[tuple[int, int], int]] = {}
        sendable = [day for day in range(self.T) if not p.silent[day]]
        self.last = sendable[-1] if sendable else -1

    def plan(self) -> Found:
        """Every day, one after the other."""
        for day in range(self.T):
            self._day(day)
        return self.found

    # -- one day --

    def _day(self, day: int) -> None:
        p, b = self.p, self.b
        frozen = {pair: self._frozen(day, pair) for pair in self.clocks}
        cap: dict[tuple[int, int], int] = {}
        limit: dict[tuple[int, int], Limit] = {}
        older: dict[tuple[int, int], int] = {}
        for pair, clock in self.clocks.items():
            base, ladder_cap, why = clock.morning()
            self._cool(day, pair, base)
            # A hold is counted in sending days, which an idle month sets back.
            frozen[pair] = self._frozen(day, pair)
            cap[pair], limit[pair] = self._cap(day, pair, base, ladder_cap, why, frozen[pair])
            older[pair] = self.tiers[pair].morning(day, base, frozen[pair])
            self.found.base[day, *pair] = float(base)
        identity = {}
        for pair, clock in self.identities.items():
            base, most, _ = clock.morning()
            identity[pair] = math.floor(base) if p.freeze[day] else most
        today = _Today(self, day, cap, limit, older, identity)
        if not p.silent[day]:
            self._arrive(day, today)
            today.fill()
            self._elsewhere(day, today)
        for pair, clock in self.clocks.items():
            g, q = pair
            sent = today.sent[pair]
            self.sending_days[pair] += sent > 0
            self._critical_day(pair, cap[pair], today)
            self.tiers[pair].evening(self._tier_day(pair, cap[pair], today), today.older_sent[pair])
            clock.sent.append(sent)
            self.found.cap[day, g, q], self.found.sent[day, g, q] = cap[pair], sent
            if p.silent[day] or sent >= cap[pair]:
                self.found.limit[day, g, q] = int(limit[pair])
            else:
                self.found.limit[day, g, q] = min(today.reasons[pair], default=int(Limit.SUPPLY))
        for pair, clock in self.identities.items():
            clock.sent.append(today.identity_sent[pair])
        assert b >= 0

    def _frozen(self, day: int, pair: tuple[int, int]) -> bool:
        p, b, q = self.p, self.b, pair[1]
        if p.freeze[day]:
            return True
        done = self.sending_days[pair]
        return any(
            int(p.hold_from[b, q, h]) <= done < int(p.hold_from[b, q, h]) + int(p.hold_days[b, q, h])
            for h in range(p.hold_from.shape[2])
        )

    def _cool(self, day: int, pair: tuple[int, int], base: Fraction) -> None:
        """After a month without mail everything starts again; the calendar stands still until mail flows."""
        tiers = self.tiers[pair]
        if base > 0:
            return
        if self.sending_days[pair] > 0:
            self.sending_days[pair] = self.critical_days[pair] = 0
            tiers.cool(day)
        elif self.first[pair] < tiers.since < day:
            tiers.since = day

    def _cap(
        self, day: int, pair: tuple[int, int], base: Fraction, cap: int, limit: Limit, frozen: bool
    ) -> tuple[int, Limit]:
        p, b = self.p, self.b
        g, q = pair
        if p.legacy_only[day]:
            return 0, Limit.LEGACY_ONLY
        joined = float(p.joined[b, day, g])
        part = {
            name: math.floor(int(value) * joined + 1e-6)
            for name, value in (
                ("capacity", p.capacity[b, g]),
                ("floor", p.floor[b, g, q]),
                ("ceiling", p.ceiling[b, g, q]),
            )
        }
        if p.byoip:
            cap, limit = (part["capacity"] if p.scale[b, g, q] > 0 else 0), Limit.CAPACITY
        cap = max(cap, part["floor"])
        if self.sending_days[pair] < p.ceiling_days[b, g, q]:
            ceiling = 0 if p.weekend[day] and p.weekdays_only[b, g, q] else part["ceiling"]
        else:
            grown = math.floor(float(p.ceiling_growth[b, g, q]) * float(base) + SLACK)
            ceiling = max(part["ceiling"], grown, math.floor(base) + 1)
        bounds = [(ceiling, Limit.CEILING), (part["capacity"], Limit.CAPACITY)]
        if frozen and not p.byoip:
            bounds.append((max(math.floor(base), part["floor"]), Limit.FREEZE))
        for bound, code in bounds:
            if bound < cap:
                cap, limit = bound, code
        if day < p.start[b, g] or day < p.closed_until[b, q] or p.ips[b, g] == 0:
            return 0, Limit.READINESS
        return cap, limit

    def _arrive(self, day: int, today: _Today) -> None:
        p, b = self.p, self.b
        release = int(p.release[b])
        for s, stream in enumerate(p.streams):
            mail: dict[tuple[int, int], int] = {}
            for k in range(self.K):
                for q in range(self.Q):
                    n = int(p.supply[b, day, s, q, k])
                    if p.outside[b, s, k]:
                        today.outside[s, k, q] = n
                        continue
                    held = n * int(p.held_share[b, day, q]) // 10_000 if stream.marketing else 0
                    mail[k, q] = n - held
                    kept = 0
                    if day >= release:
                        kept_share = 0 if day >= release + 14 else int(p.kept_share[b, day, q])
                        kept = min(n * kept_share // 10_000, held) if stream.marketing else 0
                        today.released[s, k, q] = held - kept
                        held = kept
                    today.control[s, k, q] = held
            self.waiting[day, s] = mail
            today.arrived[s] = dict(mail)

    def _elsewhere(self, day: int, today: _Today) -> None:
        """Legacy, then overflow, then nowhere: in scope first, then control mail, then what is out of scope."""
        p, b = self.p, self.b
        legacy = int(p.legacy_capacity[b]) if day <= p.legacy_until[b] else 0
        overflow = 0 if p.legacy_only[day] else int(p.overflow_capacity[b])
        order = sorted(
            ((s, k) for s in range(self.S) for k in range(self.K)),
            key=lambda sk: (p.streams[sk[0]].marketing, sk[1], p.streams[sk[0]].priority, p.streams[sk[0]].name),
        )
        flows = ((0, today.rest), (3, today.released), (1, today.control), (2, today.outside))
        for kind, flow in flows:
            for s, k in order:
                for q in range(self.Q):
                    n = flow.get((s, k, q), 0)
                    to_legacy = min(n, legacy)
                    to_overflow = min(n - to_legacy, overflow)
                    legacy, overflow = legacy - to_legacy, overflow - to_overflow
                    for d, part in enumerate((to_legacy, to_overflow, n - to_legacy - to_overflow)):
                        if part:
                            self.found.elsewhere[d, kind, day, s, k, q] += part

    def _streams_of(self, g: int, **kind: bool) -> list[int]:
        streams = enumerate(self.p.streams)
        pool = self.p.groups[g].pool
        return [s for s, x in streams if x.pool == pool and all(getattr(x, name) == v for name, v in kind.items())]

    def _critical_day(self, pair: tuple[int, int], cap: int, today: _Today) -> None:
        g, q = pair
        if self._other_mail(g, q):
            self.critical_days[pair] = self.sending_days[pair]
        elif cap > 0:
            own = self._streams_of(g, critical=True)
            self.critical_days[pair] += any(today.arrived[s].get((k, q)) for s in own for k in range(self.K))

    def _other_mail(self, g: int, q: int) -> bool:
        """Whether anything but critical mail ever uses the clock."""
        p, b = self.p, self.b
        streams = self._streams_of(g, critical=False)
        return any(p.supply[b, :, s, q, k].any() and not p.outside[b, s, k] for s in streams for k in range(self.K))

    def _tier_day(self, pair: tuple[int, int], cap: int, today: _Today) -> bool:
        """A sending day of marketing mail: some went out, or there was some but for nobody in an open tier."""
        g, q = pair
        if today.marketing_sent[pair]:
            return True
        arrived = [
            int(self.p.gates[k]) <= self.tiers[pair].gate
            for s in self._streams_of(g, marketing=True)
            for k in range(self.K)
            if today.arrived[s].get((k, q))
        ]
        return cap > 0 and bool(arrived) and not any(arrived)


class _Today:
    """Filling one day's caps."""

    def __init__(
        self,
        plan: Slow,
        day: int,
        cap: dict[tuple[int, int], int],
        limit: dict[tuple[int, int], Limit],
        older: dict[tuple[int, int], int],
        identity: dict[tuple[int, int], int],
    ) -> None:
        self.plan, self.day, self.limit = plan, day, limit
        p, b = plan.p, plan.b
        self.room, self.older, self.identity = dict(cap), dict(older), dict(identity)
        self.capacity = {
            g: math.floor(int(p.capacity[b, g]) * float(p.joined[b, day, g]) + 1e-6) for g in range(plan.G)
        }
        self.sent = dict.fromkeys(cap, 0)
        self.marketing_sent = dict.fromkeys(cap, 0)
        self.older_sent = dict.fromkeys(cap, 0)
        self.identity_sent = dict.fromkeys(identity, 0)
        self.reasons: dict[tuple[int, int], list[int]] = {pair: [] for pair in cap}
        self.arrived: dict[int, dict[tuple[int, int], int]] = {s: {} for s in range(plan.S)}
        self.released: dict[Key, int] = {}
        self.control: dict[Key, int] = {}
        self.outside: dict[Key, int] = {}
        self.rest: dict[Key, int] = defaultdict(int)

    def fill(self) -> None:
        """In the order of design 4.5; control mail that is released comes last."""
        p, plan = self.p, self.plan
        sends = []
        for (origin, s), mail in plan.waiting.items():
            age = sum(1 for d in range(origin + 1, self.day + 1) if not p.silent[d])
            due = age == p.spread[plan.b, s] - 1 or self.day == plan.last
            if age < p.spread[plan.b, s]:
                sends.append((origin, s, age, due, mail))
        cells = []
        for origin, s, age, due, mail in sends:
            stream = p.streams[s]
            for k in range(plan.K):
                rank = (stream.marketing, not due, k, stream.priority, stream.name, -age)
                cells.append((rank, origin, s, k, age, due, mail))
        done = set()
        for _, origin, s, k, age, due, mail in sorted(cells, key=lambda cell: cell[0]):
            stream = p.streams[s]
            if stream.percent:
                tiers = [k] if stream.marketing and p.tiers_bind else list(range(plan.K))
                if (origin, s) not in done or len(tiers) == 1:
                    done.add((origin, s))
                    self._percent(s, tiers, age, due, mail)
            else:
                self._cell(s, k, age, due, mail)
        for origin, s, _, due, _ in sends:
            if due:
                del plan.waiting[origin, s]
        self._release()

    @property
    def p(self) -> Problem:
        return self.plan.p

    def _groups(self, s: int) -> list[int]:
        return [g for g, group in enumerate(self.p.groups) if group.pool == self.p.streams[s].pool]

    def _is_older(self, s: int, k: int) -> bool:
        return self.p.tiers_bind and self.p.streams[s].marketing and int(self.p.gates[k]) >= 3

    def _closed(self, s: int, k: int, pair: tuple[int, int]) -> bool:
        stream = self.p.streams[s]
        if stream.critical:
            return self.plan.critical_days[pair] < 14
        if stream.marketing and self.p.tiers_bind:
            return bool(self.p.gates[k] > self.plan.tiers[pair].gate)
        return False

    def _room(self, s: int, k: int, pair: tuple[int, int]) -> int:
        if self._closed(s, k, pair):
            return 0
        rooms = [self.room[pair]]
        if self._is_older(s, k):
            rooms.append(self.older[pair])
        if self.p.streams[s].identity >= 0:
            rooms.append(self.identity[self.p.streams[s].identity, pair[1]])
        return min(rooms)

    def _cell(
        self, s: int, k: int, age: int, due: bool, mail: dict[tuple[int, int], int], released: bool = False
    ) -> None:
        """One cell of all providers, because the capacity of the IPs is one for all of them."""
        plan = self.plan
        groups = self._groups(s)
        for _ in groups:
            wish: dict[int, list[int]] = {g: [] for g in groups}
            for q in range(plan.Q):
                rooms = [self._room(s, k, (g, q)) if self.capacity[g] > 0 else 0 for g in groups]
                goal = min(mail.get((k, q), 0), sum(rooms))
                if self.p.streams[s].identity >= 0:
                    goal = min(goal, self.identity[self.p.streams[s].identity, q])
                parts = shared_out(rooms, goal) if len(groups) > 1 else [goal]
                for g, part in zip(groups, parts, strict=True):
                    wish[g].append(part)
            for g in groups:
                take = wish[g]
                if sum(take) > self.capacity[g]:
                    take = shared_out(take, self.capacity[g])
                for q, n in enumerate(take):
                    self._take(s, k, age, g, q, n, mail, released)
        for q in range(plan.Q):
            if mail.get((k, q), 0):
                code = self._reason(s, k, q)
                self._left(s, k, q, mail[k, q] if due and not released else 0, code if due or released else None)

    def _reason(self, s: int, k: int, q: int) -> int:
        """Of all that is used up the limit that takes precedence; IPs not started limit nothing beside others."""
        found = []
        for g in self._groups(s):
            pair = (g, q)
            here = []
            if self.room[pair] <= 0:
                here.append(int(self.limit[pair]))
            if self.capacity[g] <= 0 and self._tight(g):
                here.append(int(Limit.CAPACITY))
            if self._is_older(s, k) and self.older[pair] <= 0:
                here.append(int(Limit.TIER))
            if self.p.streams[s].identity >= 0 and self.identity[self.p.streams[s].identity, q] <= 0:
                here.append(int(Limit.IDENTITY))
            if self._closed(s, k, pair):
                here.append(int(Limit.TIER))
            assert here, "mail is left although nothing stops it"
            self.reasons[pair].append(min(here))
            found.append(min(here))
        return min([code for code in found if code != Limit.READINESS], default=int(Limit.READINESS))

    def _tight(self, g: int) -> bool:
        """Whether the IPs can be full before every cap is: the caps together exceed what they can carry."""
        return sum(self.room[g, q] for q in range(self.plan.Q)) > self.capacity[g]

    def _percent(
        self, s: int, tiers: list[int], age: int, due: bool, mail: dict[tuple[int, int], int], released: bool = False
    ) -> None:
        """One share for all providers."""
        plan = self.plan
        if not any(mail.get((k, q), 0) for k in tiers for q in range(plan.Q)):
            return
        for g in self._groups(s):
            total = {q: sum(mail.get((k, q), 0) for k in tiers) for q in range(plan.Q)}
            shares = [self._room(s, tiers[0], (g, q)) / n for q, n in total.items() if n]
            shares.append(self.capacity[g] / max(sum(total.values()), 1))
            share = min(1.0, *shares)
            for k in tiers:
                for q in range(plan.Q):
                    n = mail.get((k, q), 0)
                    self._take(s, k, age, g, q, min(n, math.floor(n * share * (1 + 1e-12))), mail, released)
        for k in tiers:
            for q in range(plan.Q):
                if mail.get((k, q), 0):
                    self._left(s, k, q, mail[k, q] if due and not released else 0, None)

    def _take(
        self, s: int, k: int, age: int, g: int, q: int, n: int, mail: dict[tuple[int, int], int], released: bool
    ) -> None:
        if not n:
            return
        pair, stream = (g, q), self.p.streams[s]
        mail[k, q] -= n
        self.room[pair] -= n
        self.capacity[g] -= n
        self.sent[pair] += n
        assert mail[k, q] >= 0
        if stream.marketing:
            self.marketing_sent[pair] += n
        if self._is_older(s, k):
            self.older[pair] -= n
            self.older_sent[pair] += n
        if stream.identity >= 0:
            self.identity[stream.identity, q] -= n
            self.identity_sent[stream.identity, q] += n
        if released:
            self.plan.found.released[self.day, g, s, k, q] += n
        else:
            self.plan.found.dedicated[self.day, age, g, s, k, q] += n

    def _left(self, s: int, k: int, q: int, due: int, code: int | None) -> None:
        self.rest[s, k, q] += due
        if code is not None:
            key = (self.day, s, k, q)
            self.plan.found.why[key] = min(code, self.plan.found.why.get(key, code))

    def _release(self) -> None:
        p = self.p
        order = sorted(
            {(s, k) for s, k, _ in self.released},
            key=lambda sk: (p.streams[sk[0]].marketing, sk[1], p.streams[sk[0]].priority, p.streams[sk[0]].name),
        )
        done = set()
        for s, k in order:
            tiers = list(range(self.plan.K)) if p.streams[s].percent and not p.tiers_bind else [k]
            mail = {(t, q): self.released.get((s, t, q), 0) for t in tiers for q in range(self.plan.Q)}
            if p.streams[s].percent:
                if (s, tiers[0]) in done:
                    continue
                done.add((s, tiers[0]))
                self._percent(s, tiers, 0, due=True, mail=mail, released=True)
            else:
                self._cell(s, k, 0, due=True, mail=mail, released=True)
            for (t, q), n in mail.items():
                if (s, t, q) in self.released:
                    self.released[s, t, q] = n


def by_hand(p: Problem, b: int = 0) -> Found:
    """Plan variant ``b`` of a problem by hand."""
    return Slow(p, b).plan()


def as_dicts(run: Any, p: Problem, b: int = 0) -> Found:
    """What the engine found for variant ``b``, in the same form."""
    found = Found()
    groups_of = [[g for g, group in enumerate(p.groups) if group.pool == i] for i in range(len(p.pools))]
    for day, age, j, s, k, q in zip(*run.dedicated[..., b, :].nonzero(), strict=True):
        g = groups_of[p.streams[s].pool][j]
        found.dedicated[int(day), int(age), g, int(s), int(k), int(q)] = int(run.dedicated[day, age, j, s, k, b, q])
    for day, j, s, k, q in zip(*run.released[..., b, :].nonzero(), strict=True):
        g = groups_of[p.streams[s].pool][j]
        found.released[int(day), g, int(s), int(k), int(q)] = int(run.released[day, j, s, k, b, q])
    for key in zip(*run.parts[..., b, :].nonzero(), strict=True):
        *front, q = key
        found.elsewhere[tuple(int(i) for i in key)] = int(run.parts[(*front, b, q)])
    rest = run.parts[:, [0, 3], :, :, :, b].sum(axis=(0, 1))
    for key in zip(*rest.nonzero(), strict=True):
        *front, q = key
        found.why[tuple(int(i) for i in key)] = int(run.reason[(*front, b, q)])
    for day in range(p.days):
        for g in range(len(p.groups)):
            for q in range(len(p.providers)):
                found.base[day, g, q] = float(run.base[day, b, g, q])
                found.cap[day, g, q] = int(run.cap[day, b, g, q])
                found.sent[day, g, q] = int(run.sent[day, b, g, q])
                found.limit[day, g, q] = int(run.limit[day, b, g, q])
    return found
