"""How many dedicated IPs, 0 included (design 4.11; PRACTICE.md: "do not take a dedicated IP" is an answer)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from warmup.planner.bench import make_bench, with_ips
from warmup.planner.compile import shape_of
from warmup.planner.plan import SizeRow, Sizing
from warmup.planner.problem import NEVER

if TYPE_CHECKING:
    from datetime import date

    from warmup.planner.bench import Bench, Outcome
    from warmup.scenario import Pool, Scenario
    from warmup.traffic.supply import Supply

MOST_ROWS = 12


@cache
def rules() -> dict[str, Any]:
    """The figures of ``data/sizing.toml``."""
    return tomllib.loads(files("warmup.planner").joinpath("data/sizing.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class PoolVolume:
    """What a pool sends on regular days.

    Attributes:
        monthly: Messages in 30 days. largest_day: Messages of the largest regular day.
        steady_days: Days a week with at least 5,000 messages. gap: Longest time between two sending days.
        largest_provider: Messages of the largest provider per sending day.
    """

    monthly: float
    largest_day: float
    steady_days: float
    gap: int
    largest_provider: float


def sizing(scenario: Scenario, supply: Supply | None = None, *, today: date | None = None) -> tuple[Sizing, ...]:
    """How many IPs each pool should have, and what 0…n would do.

    Args:
        scenario: The migration.
        supply: As for :func:`warmup.plan`.
        today: Likewise.
    """
    from warmup.planner.planning import pace_of

    bench = make_bench(scenario, supply, today=today)
    return sizing_on(bench, pace_of(bench)[0])


def sizing_on(bench: Bench, pace: float) -> tuple[Sizing, ...]:
    """The sizing of every pool; all numbers of IPs are one batch per pool."""
    return tuple(_pool(bench, pace, pool) for pool in bench.scenario.pools)


def pool_volume(bench: Bench, pool: Pool) -> PoolVolume:
    """What a pool sends on regular days, from the expected supply."""
    supply = bench.supply
    members = [s for s, name in enumerate(supply.streams) if _pool_name(bench.scenario, name) == pool.name]
    shape = shape_of(bench.scenario, supply, {})
    mail = supply.messages[0][:, members] * ~shape.outside[members][None, :, None, :]
    mail = mail[~supply.peak_days].sum(axis=(1, 3))
    daily = mail.sum(axis=1)
    sends = np.flatnonzero(daily > 0)
    if not len(sends):
        return PoolVolume(0.0, 0.0, 0.0, len(daily), 0.0)
    weeks = max(len(daily) / 7, 1e-9)
    steady = float((daily >= rules()["steady"]["messages_a_day"]).sum() / weeks)
    gap = int(np.diff(sends).max(initial=1))
    largest = mail[sends].mean(axis=0).max()
    return PoolVolume(float(daily.mean() * 30), float(daily.max()), steady, gap, float(largest))


def _pool_name(scenario: Scenario, stream: str) -> str:
    return next(scenario.pool_of(item).name for item in scenario.streams if item.name == stream)


def most_ips(volume: PoolVolume) -> tuple[int, str, str]:
    """The most IPs the volume carries, the rule that says so, and its source."""
    share, table = rules()["largest_provider"], rules()["volume_table"]
    by_provider = int(volume.largest_provider // share["messages_per_sending_day"])
    row = int(np.searchsorted(table["daily"], volume.largest_day))
    by_table = table["factor"] * table["ips"][min(row, len(table["ips"]) - 1)]
    rule, most = (share, by_provider) if by_provider < by_table else (table, by_table)
    return max(most, 0), rule["text"], rule["source"]


def shared_advice(volume: PoolVolume) -> tuple[int, str, str] | None:
    """Why a pool should stay on the shared pool (0) or have one IP at most (1); None when dedicated IPs make sense."""
    r = rules()
    if volume.gap >= r["cold_gap"]["days"]:
        return 0, f"{volume.gap} days between sends: {r['cold_gap']['text']}", r["cold_gap"]["source"]
    if volume.monthly < r["shared_below"]["messages_a_month"]:
        rule = r["shared_below"]
        return 0, f"{volume.monthly:,.0f} messages a month: {rule['text']}", rule["source"]
    # Uneven: fewer than three days a week with enough mail. A weekly sender of millions is uneven and yet far too large
    # for the shared pool, so the rule binds only below the volume that SparkPost names.
    if volume.monthly < r["shared_preferred_below"]["messages_a_month"]:
        steady = volume.steady_days >= r["steady"]["days_a_week"]
        rule = r["shared_preferred_below"] if steady else r["steady"]
        return 1 if steady else 0, f"{volume.monthly:,.0f} messages a month: {rule['text']}", rule["source"]
    return None


def _pool(bench: Bench, pace: float, pool: Pool) -> Sizing:
    volume = pool_volume(bench, pool)
    capacity = pool.capacity_per_ip or bench.scenario.policy.capacity_per_ip
    least = max(1, int(np.ceil(volume.largest_day / capacity)))
    most, why_most, most_source = most_ips(volume)
    counts = _counts(pool.size, least, most)
    problems = [bench.problem(with_ips(bench.scenario, pool.name, n), pace=pace)[0] for n in counts]
    found = dict(zip(counts, bench.outcomes(problems, until=0), strict=True))
    advice = shared_advice(volume)
    recommended, reason, source = _recommend(bench, found, least, most, advice, why_most, most_source)
    rows = tuple(_row(bench, pool, n, found, volume, capacity, most, recommended, advice) for n in counts)
    return Sizing(pool.name, pool.size, recommended, reason, source, rows)


def _counts(planned: int, least: int, most: int) -> list[int]:
    """Numbers of IPs worth showing: around 0, what is needed, what is planned, and the most."""
    want = {0, 1, 2, 3, 4, least, planned, planned + 1, max(planned - 1, 0)}
    if 0 < most <= 4 * max(planned, least):
        want |= {most, most + 1}
    near = sorted(want, key=lambda n: (abs(n - planned), n))
    return sorted(near[:MOST_ROWS])


def _recommend(
    bench: Bench,
    found: dict[int, Outcome],
    least: int,
    most: int,
    advice: tuple[int, str, str] | None,
    why_most: str,
    most_source: str,
) -> tuple[int, str, str]:
    """The smallest number that completes in time; fewer where the volume does not carry it."""
    if advice is not None:
        n, text, source = advice
        answer = "stay on the shared pool" if n == 0 else "the shared pool is preferred; one dedicated IP at most"
        return n, f"{answer}: {text}", source
    last = bench.supply.days
    if bench.scenario.deadline:
        last = (bench.scenario.deadline - bench.supply.first).days
    candidates = [n for n in found if least <= n <= max(most, 1)]
    done = [n for n in candidates if found[n].all <= last]
    if done:
        n = min(done)
        by = "the deadline" if bench.scenario.deadline else "the end of the horizon"
        return n, f"the smallest number that carries the volume and is complete by {by}", "this plan"
    best = min(candidates or [least], key=lambda n: (found[n].all if n in found else NEVER, n))
    return best, f"no number of IPs up to {max(most, 1)} is complete in time; beyond that: {why_most}", most_source


def _row(
    bench: Bench,
    pool: Pool,
    n: int,
    found: dict[int, Outcome],
    volume: PoolVolume,
    capacity: int,
    most: int,
    recommended: int,
    advice: tuple[int, str, str] | None,
) -> SizeRow:
    o = found[n]
    load = int(np.ceil(volume.largest_day / n)) if n else 0
    share = volume.largest_day / (n * capacity) if n else 0.0
    if n == 0:
        verdict = "shared pool"
    elif share > 1:
        verdict = "too few"
    elif n > max(most, 1):
        verdict = "snowshoe"
    else:
        verdict = "fits"
    if n == recommended:
        verdict = "recommended"
    fewer = [m for m in found if 0 < m < n and found[m].all < o.all]
    notes = []
    if n and fewer:
        notes.append(
            f"finishes later than {max(fewer)} IP(s): the ladder's steps are uneven, so each IP sits lower on it"
        )
    if verdict == "snowshoe":
        notes.append(most_ips(volume)[1])
    if n == 0:
        notes.append("everything stays on the shared pool or on legacy")
    elif advice is not None and n > advice[0]:
        notes.append(advice[1])
    return SizeRow(
        pool.name, n, bench.date_of(o.engaged), bench.date_of(o.all), load, float(share), verdict, "; ".join(notes)
    )
