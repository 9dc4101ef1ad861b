"""From a scenario to clocks: shares, small providers, ladders, ceilings, worked out by hand (design 4.4, 4.6)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given

from tests.planner.small_problems import examples
from tests.planner.small_scenarios import START, TODAY, customers
from warmup.planner.bench import make_bench
from warmup.planner.engine import run
from warmup.planner.problem import NEVER, UNLIMITED
from warmup.ramps import default_ceilings
from warmup.scenario import CeilingSetting, Scenario, expand_days
from warmup.traffic.supply import NO_TIERS, Supply

if TYPE_CHECKING:
    from warmup.planner.bench import Bench

Volumes = dict[tuple[int, str], int]


def in_scope(bench: Bench, pool: str) -> Volumes:
    """Messages of a pool by day and provider that are in scope."""
    scenario, supply = bench.scenario, bench.supply
    out: Volumes = defaultdict(int)
    for s, name in enumerate(supply.streams):
        stream = next(stream for stream in scenario.streams if stream.name == name)
        if scenario.pool_of(stream).name != pool:
            continue
        for k, tier in enumerate(supply.tiers):
            if tier == "older_or_never" and stream.kind == "marketing" and not stream.include_never:
                continue
            for day, p in zip(*supply.messages[0, :, s, :, k].nonzero(), strict=True):
                out[int(day), supply.providers[p]] += int(supply.messages[0, day, s, p, k])
    return out


def ceiling_of(bench: Bench, provider: str) -> tuple[float, int, bool] | None:
    """(messages a day and IP, sending days, weekdays only) of a provider's ceiling; None: it has none."""
    scenario = bench.scenario
    hours = scenario.calendar.window.hours
    own = scenario.policy.ceilings.get(provider)
    if own is False:
        return None
    if isinstance(own, CeilingSetting):
        figures = [n for n in (own.daily, None if own.hourly is None else own.hourly * hours) if n is not None]
        return min(figures), NEVER if own.permanent else int(own.for_sending_days or 0), False
    if scenario.new.mode == "byoip":
        return None
    for c in default_ceilings():
        if c.provider == provider and c.per == "ip":
            figures = [n for n in (c.daily, None if c.hourly is None else c.hourly * hours) if n is not None]
            return min(figures), NEVER if c.for_sending_days is None else c.for_sending_days, c.weekdays_only
    return None


@given(customers(small=True))
@examples(8)
def test_small_providers_are_those_of_the_design_whose_ceiling_cannot_bind(customer):
    bench = make_bench(*customer.make(), today=TODAY)
    scenario, supply = bench.scenario, bench.supply
    closed = bench.closed(scenario)
    shape = bench.shape(scenario, closed)
    peaks = {day for peak in scenario.calendar.peaks for day in expand_days(peak.days)}
    regular = [n for n, day in enumerate(supply.dates) if day not in peaks]
    for i, pool in enumerate(scenario.pools):
        mail = in_scope(bench, pool.name)
        for p, provider in enumerate(supply.providers):
            steady = sum(mail[day, provider] for day in regular) / len(regular)
            few = supply.recipients.get(provider, 10_000) < 10_000
            own = isinstance(scenario.policy.ceilings.get(provider), CeilingSetting) or provider in closed
            is_small = bool(shape.small[i, p])
            if own or not steady or scenario.new.mode == "byoip" or not (few or steady / pool.size < 50):
                assert not is_small
                continue
            ceiling = ceiling_of(bench, provider)
            most = max(mail[day, provider] for day in range(supply.days))
            if ceiling is None and provider not in supply.domains:
                assert is_small
            elif ceiling is not None and most > ceiling[0]:
                assert not is_small
            elif ceiling is not None and all(stream.spread_days == 1 for stream in scenario.streams):
                assert is_small


@given(customers())
@examples(8)
def test_a_ladder_is_split_by_the_largest_regular_day_and_never_exceeded_on_any(customer):
    bench = make_bench(*customer.make(), today=TODAY)
    shape = bench.shape(bench.scenario, bench.closed(bench.scenario))
    peaks = bench.supply.peak_days
    for i, pool in enumerate(bench.scenario.pools):
        by_clock: Volumes = defaultdict(int)
        for (day, provider), messages in in_scope(bench, pool.name).items():
            small = shape.small[i, bench.supply.providers.index(provider)]
            if not peaks[day]:
                by_clock[day, "small" if small else provider] += messages
        if not by_clock:
            assert not shape.shares[i].any()
            continue
        names = [*bench.supply.providers, "small"]
        days = sorted({day for day, _ in by_clock})
        total = {day: sum(by_clock[day, name] for name in names) for day in days}
        largest = max(days, key=lambda day: (total[day], -day))
        every = sum(total.values())
        part = {
            name: by_clock[largest, name] / total[largest] or sum(by_clock[day, name] for day in days) / every
            for name in names
        }
        together = max(sum(part[name] for name in names if by_clock[day, name]) for day in days)
        expected = [part[name] / max(1.0, together) for name in names]
        assert shape.shares[i] == pytest.approx(expected)
        for day in days:
            assert sum(shape.shares[i][n] for n, name in enumerate(names) if by_clock[day, name]) <= 1 + 1e-12


@given(customers())
@examples(8)
def test_every_clock_gets_its_ladder_ceiling_capacity_and_dates(customer):
    bench = make_bench(*customer.make(), today=TODAY)
    scenario, supply = bench.scenario, bench.supply
    closed = bench.closed(scenario)
    problem, shape = bench.problem(scenario, pace=1.0)
    ramp = bench.followed().ramp
    assert problem.providers == (*supply.providers, "small")
    for g, group in enumerate(problem.groups):
        pool = scenario.pools[group.pool]
        ips = int(problem.ips[0, g])
        capacity = pool.capacity_per_ip or scenario.policy.capacity_per_ip
        assert problem.capacity[0, g] == ips * capacity
        assert problem.floor[0, g].tolist() == [0] * len(supply.providers) + [50 * ips]
        starts = {ip.start or scenario.start_of(pool) for ip in pool.ips} or {scenario.start_of(pool)}
        assert supply.first + timedelta(int(problem.start[0, g])) in starts
        for q, provider in enumerate(problem.providers):
            share = shape.shares[group.pool, q]
            ladder = problem.ladders[problem.ladder[0, g, q]]
            own = None if provider == "small" else ramp.ladder_of(provider)
            if ramp.unit == "messages" and ramp.ladder is not None:
                assert ladder == ramp.ladder
                times = ips if ramp.scope == "per_ip" else 1
                assert problem.scale[0, g, q] == pytest.approx(share * times)
            elif ramp.unit == "messages" and own is not None and share:
                assert ladder == own
                assert problem.scale[0, g, q] == (ips if ramp.scope == "per_ip" else 1)
            if provider == "small":
                assert problem.ceiling[0, g, q] == UNLIMITED
                continue
            ceiling = ceiling_of(bench, provider)
            if ceiling is not None:
                per_ip, days, weekdays = ceiling
                assert problem.ceiling[0, g, q] == int(per_ip * ips)
                assert problem.ceiling_days[0, g, q] == days
                assert problem.weekdays_only[0, g, q] == weekdays
            until = closed.get(provider, supply.first)
            opens = NEVER if until is None else max(0, (until - supply.first).days)
            assert problem.closed_until[0, q] == opens
    for pool_index, pool in enumerate(scenario.pools):
        groups = [g for g, group in enumerate(problem.groups) if group.pool == pool_index]
        assert sum(int(problem.ips[0, g]) for g in groups) == pool.size


# -- a ramp for a whole pool -------------------------------------------------------------------------------------------


def whole_pool(starts: list[date], provider: str, **policy: object) -> Scenario:
    ips = [{"address": f"192.0.2.{n + 1}", "start": day} for n, day in enumerate(starts)]
    return Scenario.model_validate(
        {
            "customer": "Example Shop",
            "start": START,
            "pools": [{"name": "pool", "ips": ips}],
            "streams": [{"name": "mail", "kind": "transactional"}],
            "policy": {"ramp": "oracle-responsys-per-isp", "horizon_days": 30, **policy},
        }
    )


def endless(provider: str, days: int = 30) -> Supply:
    mail = np.full((1, days, 1, 1, 1), 10**9, dtype=np.int64)
    return Supply(START, ("mail",), (provider,), NO_TIERS, mail, np.zeros(days, dtype=bool))


def test_a_ramp_of_a_whole_pool_has_one_clock_but_only_the_ips_that_have_started_count():
    """Yahoo takes 100 an hour from an IP: three IPs that join a week later carry nothing before."""
    starts = [START, *[START + timedelta(7)] * 3]
    scenario = whole_pool(starts, "yahoo", capacity_per_ip=4_000)
    problem, _ = make_bench(scenario, endless("yahoo"), today=TODAY).problem(scenario, pace=1.0)
    assert len(problem.groups) == 1
    result = run(problem)
    assert result.sent is not None
    sent = result.sent[:, 0, 0, 0].tolist()
    assert sent[:7] == [1000] * 7  # 100 an hour for 10 hours, one IP
    assert sent[7] == 4_000  # no more than the ceiling of four IPs, then half as much again each sending day
    assert max(sent) <= 16_000


def test_a_provider_that_such_a_ramp_leaves_out_follows_the_ladder_per_ip_of_the_first_ips():
    starts = [START, START, *[START + timedelta(7)] * 2]
    scenario = whole_pool(starts, "google", ramp="acellemail-per-isp-pct")
    problem, _ = make_bench(scenario, endless("comcast"), today=TODAY).problem(scenario, pace=1.0)
    result = run(problem)
    assert result.sent is not None
    assert result.sent[:3, 0, 0, 0].tolist() == [400, 1000, 2000]


def test_a_batch_of_futures_shares_the_shape_of_the_expected_one():
    scenario = whole_pool([START], "google", ramp="standard")
    supply = endless("google")
    bench = make_bench(scenario, supply, today=TODAY)
    futures = replace(supply, messages=np.concatenate([supply.messages, supply.messages // 7]))
    problem, _ = bench.problem(scenario, pace=1.0, supply=futures)
    assert problem.batch == 2
    assert (problem.scale == 1).all() or (problem.scale[:, :, 0] == 1).all()
