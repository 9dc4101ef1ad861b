"""From a scenario and a supply to the engine's arrays: shares, the small clock, ladders, ceilings, days (design 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from warmup.planner.ceilings import ceiling_arrays, ceilings
from warmup.planner.problem import NEVER, UNLIMITED, Bools, Floats, Group, Ints, Problem, StreamRule
from warmup.planner.small import SMALL, SMALL_DAILY, small_providers
from warmup.scenario import Pool, Scenario, Stream, expand_days
from warmup.traffic.supply import TIERS, Supply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from warmup.ramps import Ladder, Ramp

GATE_OF_TIER = {"0_30": 0, "31_60": 1, "61_90": 2}
PEAK_FREEZE_BEFORE, PEAK_FREEZE_AFTER = 7, 3
"""Days around a declared peak without growth (practice)."""

HASH_BUCKETS = 10_000


@dataclass(frozen=True)
class Shape:
    """What is fixed for a plan from its expected supply, whatever the futures bring.

    Attributes:
        small: bool (pools, P): providers on the pool's small clock.
        shares: float (pools, Q): part of the pool's in-scope supply on its largest regular send day.
        identity_shares: float (D, Q); identities: (From, d=) of each.
        largest_day: float (pools,): in-scope messages of that day. largest_by_provider: float (pools, Q).
        outside: bool (S, K): out of scope.
    """

    small: Bools
    shares: Floats
    identities: tuple[tuple[str, str], ...]
    identity_shares: Floats
    largest_day: Floats
    largest_by_provider: Floats
    outside: Bools


@dataclass(frozen=True)
class Settings:
    """The choices of one variant that are not in the scenario itself.

    Attributes:
        ramp: The ramp followed. pace: 0 < a <= 1.
        closed: Providers that readiness closes, with the first open day (None: to the end).
        release: Day index on which the control group is released; NEVER in a first pass.
        default_ladder: For providers about which the ramp says nothing.
    """

    ramp: Ramp
    pace: float
    closed: Mapping[str, date | None]
    default_ladder: Ladder
    release: int = NEVER


def compile_problem(scenario: Scenario, supply: Supply, shape: Shape, settings: Settings) -> Problem:
    """Build the engine's arrays; every future of ``supply`` becomes one variant."""
    b = supply.batch
    groups, members = _groups(scenario, settings.ramp)
    q = len(supply.providers) + 1
    pool_of_group = np.array([group.pool for group in groups])
    sizes = np.array([len(ips) for ips in members], dtype=np.int64)
    starts = np.array([_index(supply, min(ips, default=scenario.start)) for ips in members])
    ladders, ladder, scale = _clocks(scenario, supply, shape, settings, pool_of_group, members)
    identity_ladder, identity_scale, ladders = _identities(shape, settings, ladders)
    streams = _streams(scenario, supply, shape)
    days = _days(scenario, supply)
    array = _small_merged(supply, shape, streams)
    held, kept = _held(scenario, supply, shape, array, streams)
    ceiling = ceiling_arrays(supply, ceilings(scenario, supply), sizes, q)

    def every(values: Any, dtype: type = np.int64) -> NDArray[Any]:
        """One row of values for every variant."""
        row: NDArray[Any] = np.asarray(values, dtype=dtype)
        return np.broadcast_to(row, (b, *row.shape))

    capacity = [(scenario.pools[p].capacity_per_ip or scenario.policy.capacity_per_ip) for p in pool_of_group]
    floor = np.zeros((len(groups), q), dtype=np.int64)
    floor[:, -1] = SMALL_DAILY * sizes
    tiered = supply.tiered
    return Problem(
        first=supply.first,
        pools=tuple(pool.name for pool in scenario.pools),
        providers=(*supply.providers, SMALL),
        tiers=supply.tiers,
        groups=groups,
        streams=streams,
        supply=array,
        outside=every(shape.outside, bool),
        held_share=held,
        kept_share=kept,
        release=every(settings.release),
        ips=every(sizes),
        start=every(starts),
        capacity=every(np.array(capacity) * sizes),
        joined=every(_joined(supply, members), float),
        ladders=ladders,
        ladder=every(ladder),
        scale=every(scale, float),
        pace=np.full(b, settings.pace),
        floor=every(floor),
        ceiling=every(ceiling[0]),
        ceiling_days=every(ceiling[1]),
        ceiling_growth=every(ceiling[2], float),
        weekdays_only=every(ceiling[3], bool),
        weekend=np.array([day.weekday() >= 5 for day in supply.dates]),
        closed_until=every(_closed(supply, settings.closed)),
        identity_ladder=every(identity_ladder),
        identity_scale=every(identity_scale, float),
        spread=every([s.spread_days for s in _ordered_streams(scenario, supply)]),
        tiers_bind=scenario.policy.tiers and tiered and scenario.new.mode == "ramp",
        gates=np.array([GATE_OF_TIER.get(tier, 3) for tier in supply.tiers]) if tiered else np.zeros(1, dtype=np.int64),
        engaged=np.array([tier in GATE_OF_TIER or not tiered for tier in supply.tiers]),
        silent=days["silent"],
        legacy_only=days["legacy_only"],
        freeze=days["freeze"],
        peak=supply.peak_days,
        legacy_until=every(NEVER if scenario.legacy.until is None else _index(supply, scenario.legacy.until)),
        legacy_capacity=every(scenario.legacy.capacity or UNLIMITED),
        overflow_capacity=every(0 if scenario.new.overflow == "none" else scenario.new.overflow_capacity or UNLIMITED),
        hold_from=np.zeros((b, q, 0), dtype=np.int64),
        hold_days=np.zeros((b, q, 0), dtype=np.int64),
        byoip=scenario.new.mode == "byoip",
    )


def _index(supply: Supply, day: date) -> int:
    return (day - supply.first).days


def _ordered_streams(scenario: Scenario, supply: Supply) -> list[Stream]:
    """The scenario's streams in the order of the supply's axis."""
    by_name = {stream.name: stream for stream in scenario.streams}
    return [by_name[name] for name in supply.streams]


def _pool_index(scenario: Scenario, stream: Stream) -> int:
    return scenario.pools.index(scenario.pool_of(stream))


# -- shape: what the expected supply fixes ------------------------------------------------------------------------


def shape_of(scenario: Scenario, supply: Supply, closed: Mapping[str, date | None]) -> Shape:
    """Shares, small providers and scope, from the first future of ``supply`` (design 4.4, 4.6)."""
    streams = _ordered_streams(scenario, supply)
    outside = np.zeros((len(streams), len(supply.tiers)), dtype=bool)
    if supply.tiered:
        for s, stream in enumerate(streams):
            outside[s, TIERS.index("older_or_never")] = stream.kind == "marketing" and not stream.include_never
    scope = supply.messages[0] * ~outside[None, :, None, :]
    regular = np.where(supply.peak_days[:, None, None], 0, scope.sum(axis=3))
    pool_of = np.array([_pool_index(scenario, stream) for stream in streams])
    pools = len(scenario.pools)
    volume = np.stack([regular[:, pool_of == i].sum(axis=1) for i in range(pools)])
    small = small_providers(scenario, supply, scope.sum(axis=3), pool_of, closed)
    by_clock = np.stack([_merge(volume[i], small[i]) for i in range(pools)])
    every = scope.sum(axis=3)
    with_peaks = np.stack([_merge(every[:, pool_of == i].sum(axis=1), small[i]).sum(axis=0) for i in range(pools)])
    shares = np.stack([_share(by_clock[i], with_peaks[i]) for i in range(pools)])
    days = by_clock.sum(axis=2).argmax(axis=1)
    identities = tuple(
        dict.fromkeys(s.identity_new.key for s in streams if s.identity_changes and s.identity_new is not None)
    )
    identity_shares = np.zeros((len(identities), by_clock.shape[2]))
    for d, key in enumerate(identities):
        uses = [s for s, x in enumerate(streams) if x.identity_changes and x.identity_new and x.identity_new.key == key]
        merged = sum(_merge(regular[:, s], small[pool_of[s]]) for s in uses)
        total = sum(_merge(every[:, s], small[pool_of[s]]).sum(axis=0) for s in uses)
        identity_shares[d] = _share(np.asarray(merged), np.asarray(total))
    return Shape(
        small=small,
        shares=shares,
        identities=identities,
        identity_shares=identity_shares,
        largest_day=by_clock.sum(axis=2).max(axis=1).astype(np.float64),
        largest_by_provider=by_clock[np.arange(pools), days].astype(np.float64),
        outside=outside,
    )


def _merge(volume: Ints, small: Bools) -> Ints:
    """Move small providers' volume (T, P) into one more column: (T, P + 1)."""
    return np.concatenate([np.where(small, 0, volume), volume[:, small].sum(axis=1, keepdims=True)], axis=1)


def _share(volume: Ints, with_peaks: Ints) -> Floats:
    """Part of each provider on the largest regular day.

    A provider that this day has none of gets its part of all regular days, and one that only has mail on peak days its
    part of everything. So that no day sends more over an IP than its ladder says, all parts then shrink until those of
    the providers that have mail on one day never exceed 1.

    Args:
        volume: (T, Q) on regular days.
        with_peaks: (Q,) on all days.
    """
    total, overall = volume.sum(axis=1), volume.sum(axis=0)
    if not with_peaks.any():
        return np.zeros(volume.shape[1])
    day = volume[total.argmax()]
    of_peaks = np.where(overall > 0, overall / max(int(overall.sum()), 1), with_peaks / with_peaks.sum())
    share: Floats = np.where(day > 0, day / max(int(total.max()), 1), of_peaks)
    together = ((volume > 0) * share).sum(axis=1).max()
    return share / max(float(together), 1.0)


def _small_merged(supply: Supply, shape: Shape, streams: tuple[StreamRule, ...]) -> Ints:
    """The supply with one more provider, ``small``: (B, T, S, Q, K)."""
    b, t, s, p, k = supply.messages.shape
    out: Ints = np.empty((b, t, s, p + 1, k), dtype=np.int64)
    out[..., :-1, :] = supply.messages
    out[..., -1, :] = 0
    for i, stream in enumerate(streams):
        members = np.flatnonzero(shape.small[stream.pool])
        if len(members):
            out[:, :, i, -1] = supply.messages[:, :, i, members].sum(axis=2)
            out[:, :, i, members] = 0
    return out


# -- groups, clocks -------------------------------------------------------------------------------------


def _groups(scenario: Scenario, ramp: Ramp) -> tuple[tuple[Group, ...], list[list[date]]]:
    """IPs of a pool that start together, and their start dates; a ramp for the whole pool has one clock per pool."""
    groups: list[Group] = []
    members: list[list[date]] = []
    for i, pool in enumerate(scenario.pools):
        starts = _starts(scenario, pool)
        addresses = [ip.address for ip in pool.ips] or [""] * len(starts)
        kinds = sorted(set(starts)) or [scenario.start_of(pool)]
        if ramp.scope == "total" or len(kinds) == 1:
            groups.append(Group(i, pool.name, tuple(a for a in addresses if a)))
            members.append(starts)
            continue
        for day in kinds:
            own = tuple(a for a, start in zip(addresses, starts, strict=True) if start == day and a)
            groups.append(Group(i, f"{pool.name} from {day.isoformat()}", own))
            members.append([start for start in starts if start == day])
    return tuple(groups), members


def _joined(supply: Supply, members: list[list[date]]) -> Floats:
    """Part of each group's IPs that have started by each day, from its first start on: (T, G)."""
    out = np.ones((supply.days, len(members)))
    for g, starts in enumerate(members):
        if len(set(starts)) > 1:
            out[:, g] = [sum(start <= max(day, min(starts)) for start in starts) / len(starts) for day in supply.dates]
    return out


def _starts(scenario: Scenario, pool: Pool) -> list[date]:
    first = scenario.start_of(pool)
    return [ip.start or first for ip in pool.ips] if pool.ips else [first] * pool.size


def _clocks(
    scenario: Scenario, supply: Supply, shape: Shape, settings: Settings, pool_of_group: Ints, members: list[list[date]]
) -> tuple[tuple[Ladder, ...], Ints, Floats]:
    """Which ladder each clock follows, and how many messages one unit of it is."""
    q = len(supply.providers) + 1
    sizes = [len(starts) for starts in members]
    ladders: list[Ladder] = [settings.default_ladder]
    ladder = np.zeros((len(sizes), q), dtype=np.int64)
    scale = np.zeros((len(sizes), q))
    for g, i in enumerate(pool_of_group):
        ramp = ramp_of_pool(scenario, supply, shape, settings.ramp, int(i))
        times = sizes[g] if ramp.scope == "per_ip" else min(sizes[g], 1)
        # The default ladder is published per IP, whatever the ramp that leaves a provider out. Where that ramp is of a
        # whole pool, IPs that join later add nothing to it.
        first = sum(start == min(members[g]) for start in members[g])
        for p, name in enumerate((*supply.providers, SMALL)):
            used, part = ladder_for(ramp, name, supply, shape.shares[i], p, settings.default_ladder)
            factor = first if used is settings.default_ladder else times
            if used not in ladders:
                ladders.append(used)
            ladder[g, p] = ladders.index(used)
            scale[g, p] = part * factor
    return tuple(ladders), ladder, scale


def ramp_of_pool(scenario: Scenario, supply: Supply, shape: Shape, ramp: Ramp, pool: int) -> Ramp:
    """The ramp in messages a day for one pool, with planning groups named as the supply does."""
    if scenario.policy.microsoft_shared:
        ramp = ramp.renamed({"microsoft_consumer": "microsoft"})
    if ramp.unit == "messages":
        return ramp
    final = float(scenario.policy.final_volume or shape.largest_day[pool]) or 1.0
    volumes = dict(zip(supply.providers, shape.largest_by_provider[pool], strict=False))
    factor = final / shape.largest_day[pool] if shape.largest_day[pool] else 1.0
    return ramp.in_messages(final, {name: float(v) * factor for name, v in volumes.items() if v > 0})


def ladder_for(ramp: Ramp, name: str, supply: Supply, shares: Floats, p: int, default: Ladder) -> tuple[Ladder, float]:
    """The ladder of one provider in a pool and the part of it that it gets (design 4.4)."""
    own = None if name == SMALL else ramp.ladder_of(name)
    if own is not None:
        return own, 1.0 if shares[p] > 0 else 0.0
    share = float(shares[p])
    if ramp.rest is not None:
        others = [i for i, other in enumerate((*supply.providers, SMALL)) if ramp.ladder_of(other) is None]
        total = float(shares[others].sum())
        return ramp.rest, share / total if total else 0.0
    if ramp.ladder is not None:
        return ramp.ladder, share
    return default, share


def _identities(
    shape: Shape, settings: Settings, ladders: tuple[Ladder, ...]
) -> tuple[Ints, Floats, tuple[Ladder, ...]]:
    """One ladder over all pools for each new identity; it does not multiply with IPs (design 4.4)."""
    known = list(ladders)
    ladder = settings.ramp.ladder or settings.ramp.rest or settings.default_ladder
    if settings.ramp.unit == "percent":
        ladder = settings.default_ladder
    if ladder not in known:
        known.append(ladder)
    index = np.full(len(shape.identities), known.index(ladder), dtype=np.int64)
    return index, shape.identity_shares, tuple(known)


def _streams(scenario: Scenario, supply: Supply, shape: Shape) -> tuple[StreamRule, ...]:
    rules = []
    for stream in _ordered_streams(scenario, supply):
        key = stream.identity_new.key if stream.identity_changes and stream.identity_new else None
        rules.append(
            StreamRule(
                name=stream.name,
                pool=_pool_index(scenario, stream),
                priority=stream.priority,
                marketing=stream.kind == "marketing",
                # One-time passwords wait for IPs to get warm; a block that moves whole is warm.
                critical=stream.kind == "critical" and scenario.new.mode == "ramp",
                percent=stream.split == "percent",
                identity=shape.identities.index(key) if key else -1,
            )
        )
    return tuple(rules)


# -- days and declared quantities ---------------------------------------------------------------------------------


def _days(scenario: Scenario, supply: Supply) -> dict[str, Bools]:
    calendar = scenario.calendar

    def mark(days: frozenset[date]) -> Bools:
        return np.array([day in days for day in supply.dates])

    return {
        "silent": mark(expand_days(calendar.silent)),
        "legacy_only": mark(expand_days(calendar.legacy_only)),
        "freeze": mark(expand_days(calendar.freeze) | peak_freeze(scenario)),
    }


def peak_freeze(scenario: Scenario) -> frozenset[date]:
    """Days around declared peaks on which nothing grows (design 4.7)."""
    frozen: set[date] = set()
    for peak in scenario.calendar.peaks:
        for day in expand_days(peak.days):
            frozen.update(day + timedelta(n) for n in range(-PEAK_FREEZE_BEFORE, PEAK_FREEZE_AFTER + 1))
    return frozenset(frozen)


def _closed(supply: Supply, closed: Mapping[str, date | None]) -> Ints:
    """First open day of every provider, (Q,)."""
    out = np.zeros(len(supply.providers) + 1, dtype=np.int64)
    for provider, until in closed.items():
        if provider in supply.providers:
            day = NEVER if until is None else max(0, _index(supply, until))
            out[supply.providers.index(provider)] = day
    return out


def _held(
    scenario: Scenario, supply: Supply, shape: Shape, array: Ints, streams: tuple[StreamRule, ...]
) -> tuple[Ints, Ints]:
    """Ten-thousandths of marketing mail kept on legacy, (B, T, Q): control group and keep-warm; keep-warm alone."""
    b, t, _, q, _ = array.shape
    control = round(scenario.policy.control_share * HASH_BUCKETS)
    on_legacy = np.ones(t, dtype=bool)
    if scenario.legacy.until is not None:
        on_legacy = np.array([day <= scenario.legacy.until for day in supply.dates])
    kept = np.zeros((b, t, q), dtype=np.int64)
    if scenario.legacy.keep_warm:
        wanted = scenario.legacy.keep_warm * (scenario.legacy.ips or 1)
        members = [s for s, stream in enumerate(streams) if stream.marketing]
        mail = (array[:, :, members] * ~shape.outside[members][None, None, :, None, :]).sum(axis=(2, 4))
        # One share for the whole plan, from the largest regular send: a share that followed each send would move
        # people back and forth (design 4.13).
        largest = np.where(supply.peak_days[None, :, None], 0, mail).max(axis=1, keepdims=True)
        share = np.minimum(HASH_BUCKETS, -(-wanted * HASH_BUCKETS // np.maximum(largest, 1)))
        kept = np.where(mail > 0, share, 0)
    kept = np.where(on_legacy[None, :, None], kept, 0)
    held = np.where(on_legacy[None, :, None], np.maximum(kept, control), 0)
    if scenario.new.mode == "byoip":
        held, kept = np.zeros_like(held), np.zeros_like(kept)
    return held, kept
