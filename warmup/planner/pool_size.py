"""How many dedicated IPs, 0 included (design 4.11; PRACTICE.md: "do not take a dedicated IP" is an answer)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from warmup.planner.bench import make_bench, with_ips
from warmup.planner.compile import shape_of
from warmup.planner.futures import promise
from warmup.planner.plan import SizeRow, Sizing
from warmup.planner.problem import NEVER
from warmup.planner.wording import OURS, counted, long_day, sentence

if TYPE_CHECKING:
    from datetime import date

    from warmup.planner.bench import Bench, Outcome
    from warmup.planner.plan import Uncertainty
    from warmup.planner.problem import Floats, Ints
    from warmup.scenario import Pool, Scenario
    from warmup.traffic.supply import Supply

MOST_ROWS = 12

WORTH_AN_IP = 7
"""Days by which each IP more must bring completion forward to be worth it: every IP then gets less mail to be known by
(judgement)."""

INVERSION = "The same mail on more IPs puts each at a lower step of the ladder, and its steps are uneven."
"""Why one more IP can finish later (design 4)."""


@cache
def rules() -> dict[str, dict[str, Any]]:
    """The records of ``data/sizing.toml``, each with its figures set into its text."""
    data = tomllib.loads(files("warmup.planner").joinpath("data/sizing.toml").read_text(encoding="utf-8"))
    return {name: {**record, "text": record["text"].format(**record)} for name, record in data.items()}


@dataclass(frozen=True)
class PoolVolume:
    """What a pool sends on regular days.

    Attributes:
        monthly: Messages in 30 days. largest_day: Messages of the largest regular day, each send spread evenly over its
            ``spread_days``.
        steady_days: Days a week with at least 5,000 messages. gap: Longest time between two sending days.
        largest_provider: Messages of the largest provider per sending day.
    """

    monthly: float
    largest_day: float
    steady_days: float
    gap: int
    largest_provider: float


@dataclass(frozen=True)
class Judged:
    """What numbers of IPs are judged with.

    Attributes:
        bench, pace: The customer's data, and the pace as planned.
        chances: What can be promised with the planned numbers; None: the weeks cannot be resampled.
    """

    bench: Bench
    pace: float
    chances: Uncertainty | None
    known: dict[tuple[str, int], int] = field(default_factory=dict)

    def promise(self, pool: Pool, ips: int) -> int:
        """The day index that can be promised with a number of IPs: the plan's own, where that is what is planned."""
        if self.chances is None:
            return 0
        if ips == pool.size:
            day = self.chances.commit_all
            return NEVER if day is None else (day - self.bench.supply.first).days
        key = (pool.name, ips)
        if key not in self.known:
            chance = promise(self.bench, with_ips(self.bench.scenario, pool.name, ips), self.pace)
            self.known[key] = 0 if chance is None else chance.day
        return self.known[key]


@dataclass(frozen=True)
class Advice:
    """Why a pool should stay on the shared pool, or have one IP at most.

    Attributes:
        ips: Most dedicated IPs: 0 or 1.
        text: The reason, with the pool's figures. source: Whose rule it is.
    """

    ips: int
    text: str
    source: str


def sizing(scenario: Scenario, supply: Supply | None = None, *, today: date | None = None) -> tuple[Sizing, ...]:
    """How many IPs each pool should have, and what 0…n would do.

    Args:
        scenario: The migration.
        supply: As for :func:`warmup.plan`.
        today: Likewise.
    """
    from warmup.planner.futures import uncertainty
    from warmup.planner.planning import pace_of

    bench = make_bench(scenario, supply, today=today)
    pace, _ = pace_of(bench)
    return sizing_on(bench, pace, uncertainty(bench, pace))


def sizing_on(bench: Bench, pace: float, chances: Uncertainty | None) -> tuple[Sizing, ...]:
    """The sizing of every pool; all numbers of IPs are one batch per pool.

    Args:
        bench: The customer's data.
        pace: As planned.
        chances: What can be promised with the planned numbers.
    """
    return tuple(_pool(Judged(bench, pace, chances), pool) for pool in bench.scenario.pools)


def pool_volume(bench: Bench, pool: Pool) -> PoolVolume:
    """What a pool sends on regular days, from the expected supply."""
    supply = bench.supply
    members = [s for s, name in enumerate(supply.streams) if _pool_name(bench.scenario, name) == pool.name]
    shape = shape_of(bench.scenario, supply, {})
    by_stream = supply.messages[0][:, members] * ~shape.outside[members][None, :, None, :]
    by_stream = by_stream[~supply.peak_days]
    mail = by_stream.sum(axis=(1, 3))
    daily = mail.sum(axis=1)
    spread = {stream.name: stream.spread_days for stream in bench.scenario.streams}
    load = sum(
        (_evenly(by_stream[:, i].sum(axis=(1, 2)), spread[supply.streams[s]]) for i, s in enumerate(members)),
        np.zeros(len(daily)),
    )
    sends = np.flatnonzero(daily > 0)
    if not len(sends):
        return PoolVolume(0.0, 0.0, 0.0, len(daily), 0.0)
    weeks = max(len(daily) / 7, 1e-9)
    steady = float((daily >= rules()["steady"]["messages_a_day"]).sum() / weeks)
    gap = int(np.diff(sends).max(initial=1))
    largest = mail[sends].mean(axis=0).max()
    return PoolVolume(float(daily.mean() * 30), float(load.max()), steady, gap, float(largest))


def _evenly(daily: Ints, days: int) -> Floats:
    """(T,) with what is sent on a day shared out evenly over as many days from it on."""
    return np.convolve(daily, np.full(days, 1 / days))[: len(daily)]


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


def shared_advice(volume: PoolVolume) -> Advice | None:
    """Why a pool should stay on the shared pool or have one IP at most; None when dedicated IPs make sense."""
    r = rules()
    if volume.gap >= r["cold_gap"]["days"]:
        rule = r["cold_gap"]
        return Advice(0, f"{volume.gap} days pass between two sends, and {rule['text']}", rule["source"])
    month = f"{volume.monthly:,.0f} messages a month are too few"
    if volume.monthly < r["shared_below"]["messages_a_month"]:
        rule = r["shared_below"]
        return Advice(0, f"{month}: {rule['text']}", rule["source"])
    # Uneven: fewer than three days a week with enough mail. A weekly sender of millions is uneven and yet far too large
    # for the shared pool, so the rule binds only below the volume that SparkPost names.
    if volume.monthly < r["shared_preferred_below"]["messages_a_month"]:
        rule = r["shared_preferred_below"] if volume.steady_days >= r["steady"]["days_a_week"] else r["steady"]
        return Advice(1, f"{month}: {rule['text']}", rule["source"])
    return None


def _pool(judged: Judged, pool: Pool) -> Sizing:
    bench = judged.bench
    volume = pool_volume(bench, pool)
    if bench.scenario.new.mode == "byoip":
        return _block(bench, judged.pace, pool, volume)
    capacity = pool.capacity_per_ip or bench.scenario.policy.capacity_per_ip
    least = max(1, int(np.ceil(volume.largest_day / capacity)))
    most, _, _ = most_ips(volume)
    counts = _counts(pool.size, least, most)
    problems = [bench.problem(with_ips(bench.scenario, pool.name, n), pace=judged.pace)[0] for n in counts]
    found = dict(zip(counts, bench.outcomes(problems, until=0), strict=True))
    advice = shared_advice(volume)
    recommended, reason, source, enough = _recommend(judged, found, pool, volume, advice)
    rows = tuple(_row(bench, pool, n, found, volume, capacity, most, recommended, advice) for n in counts)
    at_most = advice is not None and advice.ips > 0
    safe = judged.promise(pool, recommended) if recommended and judged.chances else NEVER
    return Sizing(pool.name, pool.size, recommended, reason, source, rows, at_most, bench.date_of(safe), enough)


def _block(bench: Bench, pace: float, pool: Pool, volume: PoolVolume) -> Sizing:
    """A block that is brought along is as large as it is: it moves whole, warm as it is."""
    capacity = pool.capacity_per_ip or bench.scenario.policy.capacity_per_ip
    (o,) = bench.outcomes([bench.problem(bench.scenario, pace=pace)[0]], until=0)
    load, share = int(np.ceil(volume.largest_day / pool.size)), volume.largest_day / (pool.size * capacity)
    row = SizeRow(
        pool.name, pool.size, bench.date_of(o.engaged), bench.date_of(o.all), load, float(share), "recommended"
    )
    reason = "The customer's own block moves whole, with all of its IPs."
    return Sizing(pool.name, pool.size, pool.size, reason, "SparkPost: bring your own IP", (row,))


def _counts(planned: int, least: int, most: int) -> list[int]:
    """Numbers of IPs worth showing: around 0, what is needed, what is planned, and the most."""
    want = {0, 1, 2, 3, 4, least, planned, planned + 1, max(planned - 1, 0)}
    if 0 < most <= 4 * max(planned, least):
        want |= {most, most + 1}
    near = sorted(want, key=lambda n: (abs(n - planned), n))
    # What is needed and what is planned are always shown; the rest from the nearest on.
    kept = [n for n in near if n in (0, least, planned)] + [n for n in near if n not in (0, least, planned)]
    return sorted(kept[:MOST_ROWS])


def _recommend(
    judged: Judged, found: dict[int, Outcome], pool: Pool, volume: PoolVolume, advice: Advice | None
) -> tuple[int, str, str, bool]:
    """The smallest number that is in time, or hardly later than any other; fewer where the volume does not carry it.

    Where no number is complete in time, what is planned stays: other numbers of IPs are no cure.

    Returns:
        The number, why, whose rule it is, and whether it is enough.
    """
    bench = judged.bench
    if advice is not None:
        answer = "stay on the shared pool" if not advice.ips else "take one dedicated IP at most"
        return advice.ips, sentence(f"{advice.text}; {answer}"), advice.source, True
    capacity = pool.capacity_per_ip or bench.scenario.policy.capacity_per_ip
    least = max(1, int(np.ceil(volume.largest_day / capacity)))
    most, why_most, most_source = most_ips(volume)
    most = max(most, 1)
    if least > most:
        carry = f"{counted(least, 'IP')} are needed to carry the largest day, {volume.largest_day:,.0f} messages"
        return least, sentence(f"{carry}, although {why_most}"), most_source, True
    candidates = [n for n in sorted(found) if least <= n <= most]
    if all(found[n].all >= NEVER for n in candidates):
        n = min(max(pool.size, least), most)
        carry = f"{counted(n, 'IP')} carr{'ies' if n == 1 else 'y'} the largest day"
        more = "" if most == 1 else f", with no number of IPs up to {most}"
        return n, f"{carry}. The plan is not complete{more}{_beyond(bench, found, most, why_most)}.", OURS, False
    if bench.scenario.deadline is not None:
        return _by_deadline(judged, found, pool, candidates, bench.scenario.deadline, why_most)
    n, gain = _worth_it(judged, found, pool, candidates)
    more = "" if n == candidates[-1] else f"; one more brings completion forward by less than {WORTH_AN_IP} days"
    if n == candidates[0]:
        return n, f"The smallest number that carries the largest day{more}.", OURS, True
    sooner = f"Complete {counted(gain, 'day')} sooner than with {counted(candidates[0], 'IP')}"
    return n, f"{sooner}, which would carry the largest day, too{more}.", OURS, True


def _beyond(bench: Bench, found: dict[int, Outcome], most: int, why_most: str) -> str:
    """That more IPs than advised would complete, or that it is not IPs that the plan lacks."""
    beyond = [n for n in sorted(found) if n > most and found[n].all < NEVER]
    if not beyond:
        return ": it is not IPs that it lacks"
    n, day = beyond[0], bench.date_of(found[beyond[0]].all)
    when = f" on {long_day(day)}" if day else ""
    return f". {counted(n, 'IP')} would be complete{when}, but are not advised: {why_most}"


def _worth_it(judged: Judged, found: dict[int, Outcome], pool: Pool, candidates: list[int]) -> tuple[int, int]:
    """The number from which each IP more brings completion forward by less than a week, and what it gains in days.

    Both the expected day and the one that can be promised must gain.
    """
    first = n = next(n for n in candidates if found[n].all < NEVER)
    for m in candidates:
        least = WORTH_AN_IP * (m - n)
        if m <= n or found[n].all - found[m].all < least:
            continue
        if judged.chances is None or judged.promise(pool, n) - judged.promise(pool, m) >= least:
            n = m
    return n, found[first].all - found[n].all


def _by_deadline(
    judged: Judged, found: dict[int, Outcome], pool: Pool, candidates: list[int], deadline: date, why_most: str
) -> tuple[int, str, str, bool]:
    """The smallest number that can be promised by the deadline; else the planned one, and what comes closest."""
    bench, by = judged.bench, long_day(deadline)
    last = (deadline - bench.supply.first).days
    in_time = [n for n in candidates if found[n].all <= last]
    for n in in_time:
        if judged.promise(pool, n) <= last:
            how = "can be promised" if judged.chances else "is complete"
            return n, f"The smallest number that carries the largest day and {how} by the deadline, {by}.", OURS, True
    best = min(in_time or candidates, key=lambda n: (judged.promise(pool, n), found[n].all, n))
    done = bench.date_of(found[best].all)
    closest = f"{counted(best, 'IP')} come{'s' if best == 1 else ''} closest" + (f": {long_day(done)}" if done else "")
    safe = bench.date_of(judged.promise(pool, best)) if judged.chances else None
    if in_time:
        what = f"No number up to {candidates[-1]} can be promised by the deadline, {by}"
        closest += f" expected, {long_day(safe)} to promise" if safe else " expected"
    else:
        what = f"No number up to {candidates[-1]} is complete by the deadline, {by}"
    kept = min(max(pool.size, candidates[0]), candidates[-1])
    return kept, f"{what}; {closest}. More is not advised: {why_most}.", OURS, False


def _row(
    bench: Bench,
    pool: Pool,
    n: int,
    found: dict[int, Outcome],
    volume: PoolVolume,
    capacity: int,
    most: int,
    recommended: int,
    advice: Advice | None,
) -> SizeRow:
    o = found[n]
    load = int(np.ceil(volume.largest_day / n)) if n else 0
    share = volume.largest_day / (n * capacity) if n else 0.0
    verdict, note = _verdict(n, float(share), volume, most, advice)
    fewer = [m for m in found if 0 < m < n and found[m].all < o.all]
    if not note and fewer:
        note = f"Finishes later than {counted(max(fewer), 'IP')}. {INVERSION}"
    verdict = "recommended" if n == recommended else verdict
    return SizeRow(pool.name, n, bench.date_of(o.engaged), bench.date_of(o.all), load, float(share), verdict, note)


def _verdict(n: int, share: float, volume: PoolVolume, most: int, advice: Advice | None) -> tuple[str, str]:
    """What to think of a number of IPs, and why."""
    if n == 0:
        return "shared pool", "Everything stays on the shared pool or on legacy."
    if share > 1:
        return "too few", "The largest day does not fit."
    if advice is not None and n > advice.ips:
        return "shared pool", sentence(advice.text)
    if n > max(most, 1):
        return "snowshoe", sentence(most_ips(volume)[1])
    return "fits", ""
