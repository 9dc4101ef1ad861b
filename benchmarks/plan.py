"""The planner against its bars, and its plans against the optimum.

    python benchmarks/plan.py [--runs N] [--milp SECONDS]

1. 12 mailbox providers, 90 days, 2 pools of 4 IPs, 5 engagement tiers, three streams. 256 different supplies and
   4 start days are 1,024 plans with every cell and its limit. The bar: 500 plans a second on one core, and one plan
   with all its tables in 0.3 s, imports not counted. The numbers that count are seconds of processor time of this
   process, which runs on one core; wall-clock time stands beside them, for a machine that does nothing else.
2. The same customer as a linear programme (HiGHS) that knows the future, may send less today to send more later, and
   forgets nothing. Its optimum bounds every plan from above: how much of it does the planner's forward pass reach
   where choices are coupled (spread sends, the budget of older tiers, one identity over two pools)? Printed, with no
   bar.
3. The exact question for one provider as an integer programme, with a time limit.

Exit code 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from benchmarks._bound import Bound, Programme
from warmup.planner.bench import make_bench, shifted
from warmup.planner.completion import ALL, complete_days
from warmup.planner.engine import run
from warmup.planner.planning import headline, plan
from warmup.planner.problem import Problem, stack
from warmup.scenario import Scenario
from warmup.traffic.supply import TIERS, Supply, largest_remainder

BATCH_BAR = 500
ONE_BAR = 0.3
START = date(2026, 2, 3)
TODAY = date(2026, 1, 5)
DAYS = 90
SUPPLIES, STARTS = 256, 4
PROVIDERS = (
    "google", "microsoft_consumer", "yahoo", "apple_icloud", "united_internet", "comcast", "orange_fr", "laposte_net",
    "microsoft_365", "libero", "seznam", "other",
)  # fmt: skip
SHARES = np.array([0.35, 0.2, 0.12, 0.08, 0.06, 0.04, 0.03, 0.03, 0.03, 0.02, 0.02, 0.02])
TIER_SHARES = np.array([0.35, 0.15, 0.1, 0.2, 0.2])
FIVE = len(TIER_SHARES)
# Messages on a send day, and weekdays (START is a Tuesday).
STREAMS = {"receipts": (60_000, range(7)), "newsletter": (400_000, (2, 5)), "promotions": (300_000, (4,))}


# -- the customer -----------------------------------------------------------------------------------------------------


def scenario(spread: int = 1, pools: tuple[str, str] = ("marketing", "marketing"), **policy: Any) -> Scenario:
    """The customer of all measurements."""
    kinds = {"newsletter": pools[0], "promotions": pools[1]}
    streams = [{"name": name, "pool": pool, "spread_days": spread} for name, pool in kinds.items()]
    return Scenario.model_validate(
        {
            "customer": "Example Shop",
            "start": START,
            "pools": [{"name": "transactional", "ip_count": 4}, {"name": "marketing", "ip_count": 4}],
            "streams": [{"name": "receipts", "pool": "transactional", "kind": "transactional"}, *streams],
            "policy": {"ramp": "standard", "horizon_days": DAYS, **policy},
        }
    )


def supply(futures: int, seed: int = 0) -> Supply:
    """As many different futures."""
    rng = np.random.default_rng(seed)
    weekday = (np.arange(DAYS) + START.weekday()) % 7
    shape = (futures, DAYS, len(STREAMS), len(PROVIDERS), len(TIERS))
    mail = np.zeros(shape)
    for s, (volume, weekdays) in enumerate(STREAMS.values()):
        noise = rng.lognormal(0, 0.2, (futures, DAYS, 1, 1)) * np.isin(weekday, list(weekdays))[None, :, None, None]
        mail[:, :, s, :, :FIVE] = volume * noise * SHARES[:, None] * TIER_SHARES
    whole = largest_remainder(mail.reshape(*shape[:3], -1)).reshape(shape)
    return Supply(START, tuple(STREAMS), PROVIDERS, TIERS, whole, np.zeros(DAYS, dtype=bool))


def five_tiers(p: Problem) -> Problem:
    """Without the two tiers that nobody is in."""
    assert not p.supply[..., FIVE:].any()
    return replace(
        p,
        tiers=p.tiers[:FIVE],
        supply=np.ascontiguousarray(p.supply[..., :FIVE]),
        outside=p.outside[..., :FIVE],
        gates=p.gates[:FIVE],
        engaged=p.engaged[:FIVE],
    )


# -- 1. the bars ------------------------------------------------------------------------------------------------------


def timed(work: Callable[[], Any], runs: int) -> tuple[float, float]:
    """The best of some runs: processor and wall-clock seconds."""
    best = (np.inf, np.inf)
    for _ in range(runs):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        best = min(best, (time.process_time() - processor, time.perf_counter() - wall))
    return best


def bars(runs: int) -> bool:
    """Measure both bars; whether they are met."""
    futures, customer = supply(SUPPLIES), scenario()
    bench = make_bench(customer, futures, today=TODAY)
    starts = [shifted(customer, START + timedelta(weeks=n)) for n in range(STARTS)]
    batch = stack([five_tiers(bench.problem(one, pace=1.0, supply=futures)[0]) for one in starts])
    processor, wall = timed(lambda: run(batch, detail="cells"), runs)
    rate = batch.batch / processor
    print(f"{batch.batch:,} plans, every cell with its limit     processor {processor:6.2f} s   wall {wall:6.2f} s")
    print(f"    {rate:,.0f} plans a second on one core              {rate / BATCH_BAR:.2f} x the bar of {BATCH_BAR}")

    def one() -> None:
        tables = headline(make_bench(customer, futures, today=TODAY), 1.0).tables
        for name in ("messages", "caps", "days", "sheet", "rollback", "legacy_mix", "rotation", "ip_load"):
            getattr(tables, name)

    single, single_wall = timed(one, runs)
    print(f"one plan with all its tables                     processor {single:6.2f} s   wall {single_wall:6.2f} s")
    print(f"    {single / ONE_BAR:.2f} x the bar of {ONE_BAR} s")
    everything, everything_wall = timed(lambda: plan(customer, futures, today=TODAY), min(runs, 3))
    text = f"processor {everything:6.2f} s   wall {everything_wall:6.2f} s"
    print(f"warmup.plan: also levers, sizes and findings     {text}")
    return rate >= BATCH_BAR and single < ONE_BAR


# -- 2. the linear programme ------------------------------------------------------------------------------------------


def coupled() -> dict[str, Problem]:
    """The customer, with one kind of coupling after the other."""
    future = supply(1, seed=1)
    two_pools = ("marketing", "transactional")

    def problem(one: Scenario) -> Problem:
        return five_tiers(make_bench(one, future, today=TODAY).problem(one, pace=1.0)[0])

    def free(*, tiers: bool = False, **changes: Any) -> Scenario:
        return scenario(**changes, tiers=tiers, ceilings=dict.fromkeys(PROVIDERS, False), control_share=0.0)

    def renamed(one: Scenario) -> Scenario:
        raw = one.model_dump(exclude_none=True, by_alias=True)
        new = {"identity_old": {"from_domain": "example.com"}, "identity_new": {"from_domain": "example.net"}}
        return Scenario.model_validate(raw | {"streams": [stream | new for stream in raw["streams"]]})

    return {
        "nothing coupled": problem(free()),
        "sends spread over 3 days": problem(free(spread=3)),
        "older tiers' budget": problem(free(tiers=True)),
        "identity over two pools": problem(renamed(free(pools=two_pools))),
        "all three": problem(renamed(free(spread=3, pools=two_pools, tiers=True))),
    }


def against_the_optimum() -> None:
    """Print how far the planner is from the linear programme's bound, case by case."""
    first = Programme()
    first.row({first.column(): 1.0}, upper=1.0)
    first.solve()  # HiGHS introduces itself once; here rather than in the middle of the table
    print("\nagainst a linear programme (HiGHS, 1 thread): messages in 90 days, day of completion")
    head = f"{'':26}{'planner':>12}{'bound':>12}{'gap':>7}   {'day':>5}{'bound':>6}  {'planner':>8}{'HiGHS':>9}"
    print(f"{head}\n{'':80}seconds of processor time")
    for name, problem in coupled().items():
        seconds, _ = timed(lambda problem=problem: run(problem, detail="totals"), 3)  # type: ignore[misc]
        result = run(problem, detail="totals")
        carried = int(result.by_pool[0, :, :, ALL].sum())
        day = int(complete_days(problem, result).whole[0, ALL])
        start = time.process_time()
        bound = Bound(problem)
        most = bound.most_messages()
        solver = time.process_time() - start
        finish = bound.earliest_finish()
        dates = "".join(f"{n if n < problem.days else '-':>5}" for n in (day, finish))
        gap = 1 - carried / most
        print(f"{name:26}{carried:>12,}{most:>12,.0f}{gap:>7.1%}   {dates}   {seconds:>8.3f} {solver:>8.2f}")


# -- 3. the integer programme -----------------------------------------------------------------------------------------


def exact(seconds: float) -> None:
    """One provider: cap = 2 x the largest of the last 7 days, as an integer programme with a time limit."""
    days, first, ratio = 40, 50, 2
    volume = np.where(np.arange(days) % 3 == 0, 200_000, 20_000)
    programme = Programme()
    sent = [programme.column(float(v), cost=1.0) for v in volume]
    programme.row({sent[0]: 1.0}, upper=first)
    for day in range(1, days):
        past = range(max(0, day - 7), day)
        chosen = [programme.column(1.0) for _ in past]
        programme.integer += chosen
        programme.row(dict.fromkeys(chosen, 1.0), lower=1.0)
        for pick, before in zip(chosen, past, strict=True):
            big = float(volume[day])
            programme.row({sent[day]: 1.0, sent[before]: -float(ratio), pick: big}, upper=big)
    start = time.perf_counter()
    _, best, gap = programme.solve(seconds)
    took = time.perf_counter() - start
    greedy: list[int] = []
    for day in range(days):
        greedy.append(min(int(volume[day]), max([first, *(ratio * v for v in greedy[max(0, day - 7) :])])))
    print(f"\nexact, one provider, {days} days, cap = 2 x the largest of 7 days: integer programme (HiGHS)")
    print(f"    forward pass {sum(greedy):,}; best found in {took:.1f} s {best:,.0f}, still open by {gap:.1%}")


def main() -> int:
    parser = argparse.ArgumentParser(description="The planner against its bars and against the optimum.")
    parser.add_argument("--runs", type=int, default=5, help="runs; the best counts (default 5)")
    parser.add_argument("--milp", type=float, default=20.0, help="seconds for the integer programme (0: leave it out)")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, numpy {np.__version__}; best of {options.runs} runs")
    met = bars(options.runs)
    against_the_optimum()
    if options.milp > 0:
        exact(options.milp)
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
