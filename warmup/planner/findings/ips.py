"""Findings about the IPs: how many, how loaded, how they are warmed and rotated, and what names they send with."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np

from warmup.planner.bench import first_start
from warmup.planner.plan import Finding
from warmup.planner.pool_size import most_ips, pool_volume, shared_advice
from warmup.planner.spreading import OFTEN
from warmup.planner.wording import counted, listing, long_day, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from warmup.planner.findings.case import Case
    from warmup.scenario import Identity, Pool

MANDRILL_DAILY = 500_000
NOTE_ABOVE = 1_000_000


def identity(c: Case) -> Iterator[Finding]:
    """A new From or d= together with new IPs."""
    for stream in c.scenario.streams:
        if not stream.identity_changes or stream.identity_new is None or stream.identity_old is None:
            continue
        yield Finding(
            "identity.changed_with_ip",
            "blocker",
            f"Stream {stream.name} changes {_changes(stream.identity_old, stream.identity_new)} together with its IPs: "
            "two unknowns at once. The new domain has one ladder of its own, however many IPs there are: caps multiply "
            "with IPs, a domain's reputation does not.",
            "Change the identity on legacy at least 4 weeks before the start, or 30 days after completion.",
            "Google: ramp changed segments separately; the distances are practice",
            stream.name,
        )


def _changes(old: Identity, new: Identity) -> str:
    """What is new: From, d=, or both."""
    (old_from, old_d), (new_from, new_d) = old.key, new.key
    parts = []
    if old_from != new_from:
        parts.append(f"From ({old_from} → {new_from})")
    if old_d != new_d:
        parts.append(f"d= ({old_d} → {new_d})")
    return listing(parts)


def shared_names(c: Case) -> Iterator[Finding]:
    """A tracking or return-path name that both platforms would need at once."""
    for stream in c.scenario.streams:
        old, new = stream.identity_old, stream.identity_new
        if old is None or new is None:
            continue
        both = [
            f"{kind} {name}"
            for kind, name, before in (
                ("return-path", new.return_path, old.return_path),
                ("tracking host", new.tracking, old.tracking),
            )
            if name is not None and name == before
        ]
        if both:
            yield Finding(
                "migration.host.shared",
                "blocker",
                f"Stream {stream.name} keeps its {listing(both)}: re-pointed while legacy still sends, links and "
                "bounces of mail that is already in inboxes break.",
                "Use new names on the new platform now, and move the old ones after the link window (30 to 90 days "
                "after the last legacy send).",
                "practice; CAN-SPAM 30 days, CASL 60",
                stream.name,
            )


def autowarm(c: Case) -> Iterator[Finding]:
    """Automatic warm-up with nowhere for the excess to go."""
    new = c.scenario.new
    if new.autowarm == "off" or new.overflow != "none" or new.mode == "byoip":
        return
    yield Finding(
        "autowarm.cold_without_overflow",
        "blocker",
        f"{new.name} warms the IPs by itself (autowarm = {new.autowarm}), all of them are cold, and there is no "
        "overflow: what exceeds a stage goes out over the cold IPs anyway.",
        'Give the platform an overflow (overflow = "shared" or a warm pool), or switch its automatic warm-up off.',
        "SparkPost automated warm-up; SparkPost IP pools API",
    )


def sizing(c: Case) -> Iterator[Finding]:
    """Pools with more IPs than their volume can keep warm."""
    if c.head.problem.byoip:
        return
    for pool in c.scenario.pools:
        volume = pool_volume(c.bench, pool)
        advice = shared_advice(volume)
        if advice is not None:
            yield from _shared(pool, advice.ips, advice.text, advice.source)
            continue
        most, why, source = most_ips(volume)
        most = max(most, 1)
        if pool.size > most:
            yield Finding(
                "sizing.snowshoe",
                "error",
                sentence(f"pool {pool.name} has {pool.size} IPs for {volume.largest_day:,.0f} messages on its largest "
                f"day: {why}"),
                f"Use {counted(most, 'IP')}{' or fewer' if most > 1 else ''}.",
                source,
                pool.name,
            )  # fmt: skip


def _shared(pool: Pool, most: int, why: str, source: str) -> Iterator[Finding]:
    if most == 0:
        text, remedy = "should have no dedicated IP", "Stay on the shared pool."
    elif pool.size > most:
        text, remedy = "should have one dedicated IP at most", "Plan with one IP, or stay on the shared pool."
    else:
        text, remedy = "might do better without its dedicated IP", "Consider staying on the shared pool."
    severity: Literal["error", "warning", "notice"] = (
        "error" if most == 0 else "warning" if pool.size > most else "notice"
    )
    yield Finding(
        "sizing.shared_preferred", severity, sentence(f"pool {pool.name} {text}: {why}"), remedy, source, pool.name
    )


def capacity(c: Case) -> Iterator[Finding]:
    """Pools whose IPs carry less than their largest day, and IPs that carry very much."""
    for pool in c.scenario.pools:
        each = pool.capacity_per_ip or c.scenario.policy.capacity_per_ip
        largest = int(np.ceil(pool_volume(c.bench, pool).largest_day))
        if largest > each * pool.size:
            needed = -(-largest // each)
            yield Finding(
                "capacity.too_small",
                "error",
                f"Pool {pool.name} sends {counted(largest, 'message')} on its largest day, but its IPs "
                f"({pool.size}) carry {each * pool.size:,}.",
                f"Take {counted(needed, 'IP')}, or spread the send over {-(-largest // (each * pool.size))} days.",
                "SparkPost: 2-5 million a day and IP",
                pool.name,
            )
    high = c.plan.ip_load[c.plan.ip_load["per_ip"] > NOTE_ABOVE]
    if not high.empty:
        yield Finding(
            "capacity.above_million",
            "notice",
            f"The plan sends up to {high['per_ip'].max():,.0f} messages a day over one IP; other platforms stop at "
            f"{MANDRILL_DAILY:,} (Mandrill).",
            "Consider one more IP.",
            "SparkPost: 2-5 million; Mandrill: 500,000",
        )


def rotation(c: Case) -> Iterator[Finding]:
    """IPs that start on different days in one pool."""
    table = c.plan.rotation
    if table.empty:
        return
    sent = c.plan.caps.groupby(["date", "pool", "provider"], as_index=False)["sent"].sum()
    table = table.merge(sent, on=["date", "pool", "provider"])
    for pool in c.scenario.pools:
        mine = table[(table["pool"] == pool.name) & (table["date"].dt.date >= _last_start(c, pool))]
        worse = mine[mine["sent"] > mine["equal_rotation_cap"]]
        if not worse.empty:
            yield _unlike(c, pool, worse)


def _last_start(c: Case, pool: Pool) -> date:
    own = c.scenario.start_of(pool)
    return max([ip.start or own for ip in pool.ips], default=own)


def _unlike(c: Case, pool: Pool, worse: pd.DataFrame) -> Finding:
    first, last = worse["date"].min().date(), worse["date"].max().date()
    when = f"from {long_day(first)} {'on' if last >= c.plan.last else f'to {long_day(last)}'}"
    day = worse[worse["date"] == worse["date"].min()].sort_values("sent", ascending=False).iloc[0]
    return Finding(
        "pool.unlike_ips",
        "warning",
        f"Pool {pool.name} holds IPs that start on different days, and rotation ignores caps: {when} "
        f"an equal rotation overloads the younger ones. On the first day {day['sent']:,} messages "
        f"are planned for {c.bench.name_of(str(day['provider']))}; rotated equally, {day['equal_rotation_cap']:,} "
        "would be the most.",
        "Put the later IPs into a warming pool of their own.",
        "practice",
        pool.name,
    )


def byoip(c: Case) -> Iterator[Finding]:
    """What must be true of a block that moves whole."""
    if not c.head.problem.byoip:
        return
    yield Finding(
        "byoip.checklist",
        "notice",
        "The customer's own block moves whole, on one day, without a ramp and without a control group. It must be a "
        "/24 or more, and warm today.",
        "Before the day: PTR records, a ROA for the new origin AS, the route announced from one side only.",
        "SparkPost: bring your own IP",
    )
    starts = {c.scenario.start_of(pool) for pool in c.scenario.pools}
    starts |= {ip.start for pool in c.scenario.pools for ip in pool.ips if ip.start}
    if len(starts) > 1:
        days = listing(long_day(day) for day in sorted(starts))
        yield Finding(
            "byoip.not_at_once",
            "error",
            f"The IPs of the block start on different days ({days}), but a block is announced as a whole.",
            f"Give all pools one start, {long_day(first_start(c.scenario))}.",
            "SparkPost: bring your own IP",
        )


def stalling(c: Case) -> Iterator[Finding]:
    """The platform's own warm-up does not suit a slow cadence."""
    if c.scenario.new.autowarm != "sparkpost" or c.head.problem.byoip:
        return
    gaps = c.bench.supply.gap_days
    for pool in c.scenario.pools:
        names = [s.name for s in c.scenario.streams if c.scenario.pool_of(s) == pool]
        gap = float(np.min([gaps.get(name, 1.0) for name in names], initial=99))
        if gap > OFTEN:
            yield Finding(
                "autowarm.stalls",
                "warning",
                f"Pool {pool.name} sends every {gap:.3g} days: SparkPost's own warm-up moves on a stage only after a "
                "day at 90 % of it, and switches itself off after 10 days without progress.",
                "Let the plan set the volume, and check the stage every week.",
                "SparkPost automated warm-up",
                pool.name,
            )


def critical_with_marketing(c: Case) -> Iterator[Finding]:
    """One-time passwords in a pool that also sends marketing."""
    for pool in c.scenario.pools:
        mine = [stream for stream in c.scenario.streams if c.scenario.pool_of(stream) == pool]
        critical = [stream.name for stream in mine if stream.kind == "critical"]
        marketing = [stream.name for stream in mine if stream.kind == "marketing"]
        if critical and marketing:
            yield Finding(
                "pool.critical_with_marketing",
                "warning",
                f"Critical mail ({listing(critical)}) shares pool {pool.name} with {listing(marketing)}: trouble with "
                "marketing mail would delay it.",
                "Give critical mail a pool without marketing.",
                "practice",
                pool.name,
            )


RULES = (
    identity, shared_names, autowarm, sizing, capacity, rotation, byoip, stalling, critical_with_marketing,
)  # fmt: skip
