"""Small random planning problems in which everything occurs: for properties and for the comparison by hand."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.planner.make_problem import FIRST
from warmup.planner.problem import NEVER, UNLIMITED, Group, Problem, StreamRule, stack
from warmup.ramps import Ladder
from warmup.traffic.supply import TIERS

SLOW = os.environ.get("SLOW") == "1"


def examples(few: int) -> settings:
    """So many random examples; with SLOW=1 many more."""
    return settings(max_examples=few * 3 if SLOW else few, suppress_health_check=[HealthCheck.too_slow])


FEATURES = (
    "tiers", "spread", "groups", "pools", "identity", "ceiling", "capacity", "days", "readiness", "legacy", "control",
    "percent", "critical", "small", "holds", "outside", "byoip", "joined", "rare",
)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """How a random problem is made; short to print, and the same problem every time."""

    seed: int
    days: int
    features: frozenset[str]
    batch: int = 1

    def problem(self) -> Problem:
        """The problem."""
        on = {name: name in self.features for name in FEATURES}
        variants = range(self.batch)
        frames = [np.random.default_rng(self.seed) for _ in variants]
        return stack([_problem(np.random.default_rng([self.seed, b]), on, self.days, frames[b]) for b in variants])


@st.composite
def recipes(draw: st.DrawFn, /, most_days: int = 75, batch: int = 1, **fixed: bool) -> Recipe:
    """Recipes with a random choice of features; ``fixed`` switches some of them on or off."""
    features = {name for name in FEATURES if (fixed[name] if name in fixed else draw(st.booleans(), label=name))}
    days = draw(st.sampled_from([n for n in (16, 40, 75) if n <= most_days]), label="days")
    return Recipe(draw(st.integers(0, 2**32 - 1), label="seed"), days, frozenset(features), batch)


def ladders() -> st.SearchStrategy[Ladder]:
    """Ladders with uneven steps and holds."""
    steps = st.lists(st.tuples(st.integers(101, 250), st.integers(1, 4)), min_size=1, max_size=8)
    return st.builds(_ladder, st.integers(1, 20), steps)


def _ladder(first: int, steps: list[tuple[int, int]]) -> Ladder:
    levels, holds = [float(first)], [steps[0][1]]
    for percent, hold in steps[1:]:
        levels.append(float(int(levels[-1] * percent / 100) + 1))
        holds.append(hold)
    return Ladder(tuple(levels), tuple(holds))


def _problem(rng: np.random.Generator, on: dict[str, bool], days: int, frame: np.random.Generator) -> Problem:
    """One variant; what the variants of a batch have in common is drawn from ``frame``."""
    pools = 2 if on["pools"] else 1
    groups = tuple(
        Group(i, f"pool {i}" + (f" {j}" if j else ""))
        for i in range(pools)
        for j in range(int(frame.integers(2, 4)) if on["groups"] and i == 0 else 1)
    )
    g, q = len(groups), int(frame.integers(2, 5))
    tiers = TIERS[: int(frame.integers(4, 8))] if on["tiers"] else ("all",)
    k = len(tiers)
    streams = _streams(frame, on, pools)
    s = len(streams)
    supply = _supply(rng, on, (days, s, q, k), streams)
    closed = np.zeros(q, dtype=np.int64)
    if on["readiness"]:
        closed[int(rng.integers(q))] = int(rng.choice([3, 9, 30, NEVER]))
    calendar = {name: np.zeros(days, dtype=bool) for name in ("silent", "legacy_only", "freeze", "peak")}
    if on["days"]:
        for name in ("silent", "legacy_only", "freeze"):
            calendar[name] = frame.random(days) < 0.12
        if frame.random() < 0.2:
            calendar["silent"][10 : 10 + int(frame.integers(20, 40))] = True
    supply[calendar["silent"]] = 0
    clock = (g, q)
    identities = int(on["identity"])
    held = np.zeros((days, q), dtype=np.int64)
    kept = np.zeros((days, q), dtype=np.int64)
    if on["control"]:
        kept = np.where(rng.random((days, q)) < 0.3, rng.integers(0, 3000, (days, q)), 0)
        held = np.maximum(kept, 500)
    ips = rng.integers(1, 5, g)
    scale = rng.choice([1.0, 0.5, 0.3, 0.05, 0.003], clock) * ips[:, None]
    scale[rng.random(clock) < 0.05] = 0
    assumed = int(frame.integers(0, 3))
    joined = np.ones((days, g))
    if on["joined"]:
        joined[: days // 3] = 0.5
    ramps = tuple(_random_ladder(rng, holds=on["holds"]) for _ in range(3))

    def one(value: Any, dtype: type = np.int64) -> Any:
        return np.asarray(value, dtype=dtype)[None]

    return Problem(
        first=FIRST,
        pools=tuple(f"pool {i}" for i in range(pools)),
        providers=(*(f"p{i}" for i in range(q - 1)), "small"),
        tiers=tiers,
        groups=groups,
        streams=streams,
        supply=one(supply),
        outside=one(_outside(frame, on, streams, k), bool),
        held_share=one(held),
        kept_share=one(kept),
        release=one(int(rng.integers(5, days)) if on["control"] and rng.random() < 0.7 else NEVER),
        ips=one(np.where(rng.random(g) < 0.05, 0, ips)),
        start=one(rng.choice([0, 0, 0, 2, 11], g)),
        capacity=one(rng.choice([5, 30, 150, 1000], g) if on["capacity"] else np.full(g, UNLIMITED)),
        joined=one(joined, float),
        ladders=ramps,
        ladder=one(rng.integers(0, 3, clock)),
        scale=one(scale, float),
        pace=one(float(rng.choice([1.0, 1.0, 0.5, 0.25, 0.05])), float),
        floor=one(np.where(np.arange(q) == q - 1, 7 * ips[:, None], 0) if on["small"] else np.zeros(clock)),
        ceiling=one(np.where(rng.random(clock) < 0.5, rng.integers(1, 60, clock), UNLIMITED))
        if on["ceiling"]
        else one(np.full(clock, UNLIMITED)),
        ceiling_days=one(rng.choice([3, 7, NEVER], clock) if on["ceiling"] else np.zeros(clock)),
        ceiling_growth=one(rng.choice([1.1, 1.5, 1e6], clock), float),
        weekdays_only=one(rng.random(clock) < (0.3 if on["ceiling"] else 0), bool),
        weekend=np.arange(days) % 7 >= 5,
        closed_until=one(closed),
        identity_ladder=one(rng.integers(0, 3, identities)),
        identity_scale=one(rng.choice([1.0, 0.4, 0.1], (identities, q)), float),
        spread=one(rng.integers(1, 5, s) if on["spread"] else np.ones(s)),
        tiers_bind=on["tiers"] and not on["byoip"],
        gates=np.array([0, 1, 2, 3, 3, 3, 3])[:k] if on["tiers"] else np.zeros(1, dtype=np.int64),
        engaged=np.arange(k) < 3,
        **calendar,
        legacy_until=one(int(rng.integers(0, days)) if on["legacy"] else NEVER),
        legacy_capacity=one(int(rng.choice([20, 200, UNLIMITED])) if on["legacy"] else UNLIMITED),
        overflow_capacity=one(int(rng.choice([0, 15, 100, UNLIMITED])) if on["legacy"] else 0),
        hold_from=one(rng.integers(1, 8, (q, assumed))),
        hold_days=one(rng.integers(0, 4, (q, assumed))),
        byoip=on["byoip"] and on["tiers"],
    )


def _streams(frame: np.random.Generator, on: dict[str, bool], pools: int) -> tuple[StreamRule, ...]:
    streams = []
    for s in range(int(frame.integers(1, 4)) + (pools - 1)):
        critical = on["critical"] and frame.random() < 0.4
        streams.append(
            StreamRule(
                name=f"s{frame.permutation(9)[0]}{s}",
                pool=s % pools,
                priority=int(frame.choice([10, 100])),
                marketing=not critical and bool(frame.random() < 0.7),
                critical=critical,
                percent=on["percent"] and bool(frame.random() < 0.5),
                identity=0 if on["identity"] and frame.random() < 0.7 else -1,
            )
        )
    return tuple(streams)


def _supply(
    rng: np.random.Generator, on: dict[str, bool], shape: tuple[int, int, int, int], streams: tuple[StreamRule, ...]
) -> np.ndarray:
    days, s, q, k = shape
    size = rng.choice([2, 20, 200, 2000], (s, q)) / k
    mail = rng.poisson(size[None, :, :, None] * rng.lognormal(0, 0.4, shape))
    for i in range(s):
        cadence = int(rng.choice([1, 1, 2, 3, 7, 9]))
        mail[np.arange(days) % cadence != 0, i] = 0
    if on["rare"]:
        mail[:, rng.random((s, q, k)) < 0.3] = 0
        mail[rng.random((days, s, q)) < 0.1] = 0
    return np.asarray(mail, dtype=np.int64)


def _outside(frame: np.random.Generator, on: dict[str, bool], streams: tuple[StreamRule, ...], k: int) -> np.ndarray:
    out = np.zeros((len(streams), k), dtype=bool)
    if on["outside"] and k > 1:
        out[:, -1] = [stream.marketing for stream in streams]
    return out


def _random_ladder(rng: np.random.Generator, *, holds: bool) -> Ladder:
    n = int(rng.integers(1, 9))
    levels = np.cumsum(rng.integers(1, 40, n) ** rng.uniform(0.5, 1.8)).round(int(rng.integers(0, 2)))
    levels = np.unique(np.maximum(levels, 0.4))
    days = rng.integers(1, 5, len(levels)) if holds else np.ones(len(levels), dtype=int)
    return Ladder(tuple(float(x) for x in levels), tuple(int(x) for x in days))


def alone(problem: Problem, b: int) -> Problem:
    """Variant ``b`` of a batch as a problem of its own."""
    return problem.part(slice(b, b + 1))
