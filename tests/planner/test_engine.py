"""What must hold of every plan, whatever the problem (design 4, 8)."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.planner.make_problem import make_problem
from tests.planner.small_problems import alone, examples, ladders, recipes
from warmup.planner.completion import ALL, complete_days
from warmup.planner.engine import Run, run
from warmup.planner.gates import OLDER_GATE
from warmup.planner.pool_size import sizing
from warmup.planner.problem import BATCHED, Limit, Problem
from warmup.ramps import Ladder, ramps
from warmup.scenario import Scenario
from warmup.traffic.supply import NO_TIERS, TIERS, Supply

ENDLESS = 10**11


def dedicated(problem: Problem, result: Run) -> np.ndarray:
    """Messages on dedicated IPs: (T, G, S, K, B, Q), control mail included."""
    assert result.dedicated is not None
    assert result.released is not None
    every = result.dedicated.sum(axis=1, dtype=np.int64) + result.released
    out = np.zeros((problem.days, len(problem.groups), *every.shape[2:]), dtype=np.int64)
    for s, stream in enumerate(problem.streams):
        groups = [g for g, group in enumerate(problem.groups) if group.pool == stream.pool]
        for j, g in enumerate(groups):
            out[:, g, s] = every[:, j, s]
    return out


# -- nothing is lost, nothing is changed ------------------------------------------------------------------------------


@given(recipes(batch=2))
@examples(12)
def test_every_message_goes_to_one_place(recipe):
    problem = recipe.problem()
    result = run(problem)
    assert result.parts is not None
    everywhere = dedicated(problem, result).sum(axis=1) + result.parts.sum(axis=(0, 1), dtype=np.int64)
    assert min(result.parts.min(), dedicated(problem, result).min()) >= 0
    # A send of a day may leave later, never earlier, and all of it within its window and the horizon.
    supply = problem.supply.transpose(1, 2, 4, 0, 3)
    assert (everywhere.sum(axis=0) == supply.sum(axis=0)).all()
    assert (everywhere.cumsum(axis=0) <= supply.cumsum(axis=0)).all()
    assert (result.parts[0].sum(axis=(0, 2, 3, 5)) == result.legacy.T).all()
    assert (result.parts[2].sum(axis=(0, 2, 3, 5)) == result.unplaced.T).all()


@given(recipes())
@examples(8)
def test_mail_leaves_within_its_window(recipe):
    problem = recipe.problem()
    result = run(problem)
    assert result.dedicated is not None
    assert result.parts is not None
    sendable = np.flatnonzero(~problem.silent)
    for s, spread in enumerate(problem.spread[0]):
        assert not result.dedicated[:, spread:, :, s].any()
        sent = result.dedicated[:, :, :, s, :, 0].sum(axis=(1, 2), dtype=np.int64)
        sent += result.parts[:, 0, :, s, :, 0].sum(axis=0)
        left = sent.cumsum(axis=0)
        main = problem.supply[0, :, s].swapaxes(1, 2) - result.parts[:, 1:, :, s, :, 0].sum(axis=(0, 1))
        main -= 0 if result.released is None else result.released[:, :, s, :, 0].sum(axis=1)
        arrived = main.cumsum(axis=0)
        for n, day in enumerate(sendable):
            if n >= spread - 1:
                assert (left[day] >= arrived[sendable[n - spread + 1]]).all()


@given(recipes(most_days=40, batch=3))
@examples(8)
def test_a_batch_gives_what_its_members_give_one_by_one(recipe):
    problem = recipe.problem()
    together = run(problem)
    ages = together.origin.shape[1]
    for b in range(problem.batch):
        single = run(alone(problem, b))
        own = single.origin.shape[1]
        for field in fields(Run):
            one, all_ = getattr(single, field.name), getattr(together, field.name)
            if field.name == "origin":
                assert (one == all_[:, :own]).all()
            elif field.name == "dedicated":
                assert (one[..., 0, :] == all_[:, :own, ..., b, :]).all()
                assert own == ages or not all_[:, own:, ..., b, :].any()
            elif field.name in ("base", "cap", "sent", "limit"):
                assert (one[:, 0] == all_[:, b]).all(), field.name
            elif field.name in ("to_legacy", "to_overflow", "to_none", "reason", "parts", "released"):
                assert (one[..., 0, :] == all_[..., b, :]).all(), field.name
            else:
                assert (one[0] == all_[b]).all(), field.name


@given(recipes(batch=2))
@examples(6)
def test_less_detail_gives_the_same_numbers(recipe):
    problem = recipe.problem()
    full, cells, totals = (run(problem, detail=detail) for detail in ("full", "cells", "totals"))
    for name in ("by_provider", "by_pool", "supply_by_provider", "supply_by_pool", "legacy", "unplaced"):
        assert (getattr(full, name) == getattr(totals, name)).all()
    for name in ("dedicated", "to_legacy", "to_overflow", "to_none", "reason", "cap", "limit"):
        assert (getattr(full, name) == getattr(cells, name)).all()
    assert full.parts is not None
    assert full.to_legacy is not None
    assert (full.parts[0].sum(axis=0) == full.to_legacy).all()


@given(recipes())
@examples(6)
def test_a_run_leaves_the_problem_as_it_was_and_says_the_same_again(recipe):
    problem = recipe.problem()
    before = {name: getattr(problem, name).copy() for name in BATCHED}
    first = run(problem)
    for name, value in before.items():
        assert (getattr(problem, name) == value).all(), name
    again = run(problem)
    assert (first.by_provider == again.by_provider).all()


def test_a_run_leaves_one_stream_with_one_tier_as_it_was():
    problem = make_problem(np.full(20, 5_000), ramps()["sparkpost-2020"].ladders()["all"])
    run(problem)
    assert (problem.supply[0, :, 0, 0, 0] == 5_000).all()


# -- no rule is broken ------------------------------------------------------------------------------------------------


@given(recipes(batch=2))
@examples(12)
def test_no_cap_ceiling_or_capacity_is_exceeded(recipe):
    problem = recipe.problem()
    result = run(problem)
    sent = dedicated(problem, result).sum(axis=(2, 3)).transpose(0, 2, 1, 3)
    assert result.cap is not None
    assert result.sent is not None
    assert (sent == result.sent).all()
    assert (sent <= result.cap).all()
    capacity = np.floor(problem.capacity[None] * problem.joined.transpose(1, 0, 2) + 1e-6)
    assert (sent.sum(axis=3) <= capacity).all()
    # Ceilings: so many sending days at the most, then a growth a sending day; an idle month starts them again.
    assert result.base is not None
    days = np.zeros(sent.shape[1:], dtype=np.int64)
    for day in range(problem.days):
        days[(result.base[day] == 0) & (days > 0)] = 0
        starting = days < problem.ceiling_days
        ceiling = np.floor(problem.ceiling * problem.joined[:, day, :, None] + 1e-6)
        grown = np.maximum(np.ceil(problem.ceiling_growth * result.base[day] - 1e-9), ceiling)
        assert (sent[day] <= np.where(starting, ceiling, grown)).all()
        if problem.weekend[day]:
            assert not sent[day][starting & problem.weekdays_only].any()
        days += sent[day] > 0


@given(recipes(batch=2, days=True, legacy=True, readiness=True))
@examples(12)
def test_no_day_rule_is_broken(recipe):
    problem = recipe.problem()
    result = run(problem)
    assert result.sent is not None
    assert result.base is not None
    assert result.to_legacy is not None
    assert result.to_overflow is not None
    assert not result.sent[problem.silent].any()
    assert not result.to_legacy[problem.silent].any()
    assert not result.sent[problem.legacy_only].any()
    assert not result.to_overflow[problem.legacy_only].any()
    if not problem.byoip:
        floor = np.floor(problem.floor * problem.joined.transpose(1, 0, 2)[..., None] + 1e-6)
        steady = np.maximum(result.base, floor)
        assert (result.sent <= steady)[problem.freeze].all()
    days = np.arange(problem.days)[:, None, None, None]
    opens = np.maximum(problem.start[:, :, None], problem.closed_until[:, None, :])
    assert not result.sent[days < np.broadcast_to(opens, result.sent.shape)].any()
    legacy = np.where(days[:, :, 0, 0] <= problem.legacy_until, problem.legacy_capacity, 0)
    assert (result.to_legacy.sum(axis=(1, 2, 4)) <= legacy).all()
    assert (result.to_overflow.sum(axis=(1, 2, 4)) <= problem.overflow_capacity).all()


@given(recipes(tiers=True, byoip=False))
@examples(12)
def test_no_tier_is_sent_before_its_gate(recipe):
    problem = recipe.problem()
    result = run(problem)
    mail = dedicated(problem, result)[..., 0, :]
    marketing = [s for s, stream in enumerate(problem.streams) if stream.marketing]
    by_gate = np.stack(
        [mail[:, :, marketing][:, :, :, problem.gates == gate].sum(axis=(2, 3)) for gate in range(OLDER_GATE + 1)]
    )  # (gate, T, G, Q)
    assert result.base is not None
    opens = np.maximum(problem.start[0, :, None], problem.closed_until[0, None, :])
    for gate, weeks in ((1, 2), (2, 4), (3, 6)):
        day, g, q = by_gate[gate].nonzero()
        assert (day >= opens[g, q] + 7 * weeks).all()
    # Older tiers together: what they carried before and 15 % of base traffic, or one message more.
    older = by_gate[OLDER_GATE]
    age = np.arange(30)
    weight = np.clip((30 - age) / 23, 0, 1)
    for day, g, q in zip(*older.nonzero(), strict=True):
        past = [older[day - k, g, q] * weight[k] for k in range(1, min(30, day + 1))]
        carried = max(past, default=0.0)
        base = result.base[day, 0, g, q]
        assert older[day, g, q] <= max(carried + 0.15 * base, np.floor(carried) + 1) + 1e-6


@given(recipes(batch=2, identity=True))
@examples(8)
def test_a_new_identity_climbs_one_ladder_over_all_pools(recipe):
    problem = recipe.problem()
    mail = dedicated(problem, run(problem))
    own = [s for s, stream in enumerate(problem.streams) if stream.identity == 0]
    volume = mail[:, :, own].sum(axis=(1, 2, 3))  # (T, B, Q)
    for b in range(problem.batch):
        for q in range(len(problem.providers)):
            ladder, scale = problem.ladders[problem.identity_ladder[b, 0]], problem.identity_scale[b, 0, q]
            first = int(np.argmax(volume[:, b, q] > 0))
            assert volume[first, b, q] <= np.ceil(ladder.levels[0] * scale)
            top = np.ceil(ladder.levels[-1] * scale)
            assert (volume[: first + 6, b, q] <= max(top, 1 + first + 6)).all()


@given(recipes(batch=2, critical=True, byoip=False))
@examples(8)
def test_critical_mail_waits_for_14_sending_days(recipe):
    problem = recipe.problem()
    result = run(problem)
    mail = dedicated(problem, result)
    assert result.sent is not None
    assert result.base is not None
    for s, stream in enumerate(problem.streams):
        if not stream.critical:
            continue
        for day, g, b, q in zip(*mail[:, :, s].sum(axis=2).nonzero(), strict=True):
            sends = result.sent[:day, b, g, q] > 0
            others = mail[:, :, [t for t, x in enumerate(problem.streams) if not x.critical]][:, g, ..., b, q]
            if others.any():
                assert sends.sum() >= 14
            else:
                assert day >= problem.start[b, g] + 14


@given(recipes(batch=2))
@examples(8)
def test_every_cell_names_a_limit_that_can_be(recipe):
    problem = recipe.problem()
    result = run(problem)
    assert result.parts is not None
    assert result.reason is not None
    assert result.limit is not None
    rest = result.parts[:, 0].sum(axis=0)
    named = set(result.reason[rest > 0].tolist())
    assert named <= set(range(int(Limit.RAMP) + 1))  # always a limit, and never "there is no more mail"
    assert set(result.limit.ravel().tolist()) <= set(range(int(Limit.SUPPLY) + 1))
    possible = {
        Limit.LEGACY_ONLY: problem.legacy_only.any(),
        Limit.FREEZE: problem.freeze.any() or problem.hold_days.any(),
        Limit.IDENTITY: problem.identity_scale.shape[1] > 0,
        Limit.TIER: problem.tiers_bind or any(stream.critical for stream in problem.streams),
    }
    for limit, can_be in possible.items():
        assert can_be or int(limit) not in named


def test_the_limit_that_takes_precedence_is_named():
    """Legacy-only before readiness before freeze before capacity before ceiling before ramp (design 4.9)."""
    days = 12
    problem = make_problem(np.full(days, 1000), Ladder((10.0, 20.0, 40.0), (1, 1, 1)), capacity=30)
    day = np.arange(days)
    problem = replace(
        problem,
        legacy_only=np.isin(day, (0, 5)),
        freeze=np.isin(day, (1, 5, 6)),
        start=np.array([[2]]),
        ceiling=np.full((1, 1, 2), 15),
        ceiling_days=np.full((1, 1, 2), 3),
        ceiling_growth=np.full((1, 1, 2), 1.5),
    )
    result = run(problem)
    assert result.reason is not None
    assert result.sent is not None
    names = [Limit(int(code)).name for code in result.reason[:, 0, 0, 0, 0]]
    assert result.sent[:, 0, 0, 0].tolist() == [0, 0, 10, 15, 15, 0, 15, 22, 30, 30, 30, 30]
    assert names == [
        "LEGACY_ONLY",
        "READINESS",
        "RAMP",
        "CEILING",
        "CEILING",
        "LEGACY_ONLY",
        "FREEZE",
        "CEILING",
        "CAPACITY",
        "CAPACITY",
        "CAPACITY",
        "CAPACITY",
    ]


# -- order within a cap -----------------------------------------------------------------------------------------------


def test_transactional_then_due_then_engaged_then_priority_then_name():
    from warmup.planner.problem import StreamRule

    streams = (
        StreamRule("news b", 0, 100, marketing=True),
        StreamRule("news a", 0, 100, marketing=True),
        StreamRule("first", 0, 10, marketing=True),
        StreamRule("receipts", 0, 999, marketing=False),
    )
    supply = np.zeros((1, 3, 4, 2, 7), dtype=np.int64)
    supply[0, :, :, 0, 0] = 10
    supply[0, :, :3, 0, 1] = 10
    for cap, expected in ((10, "receipts"), (20, "first"), (30, "news a"), (40, "news b")):
        problem = make_problem(supply, Ladder((float(cap),), (1,)), tiers=TIERS, streams=streams)
        mail = dedicated(problem, run(problem))[0, 0, ..., 0, 0]
        assert int(mail.sum()) == cap
        last = [streams[s].name for s in range(4) if mail[s, 0] == 10]
        assert expected in last
        assert len(last) == cap // 10
        assert not mail[:3, 1].any()  # 31-60 days opens in week 3


# -- nothing sticks, and more never hurts ------------------------------------------------------------------------------


@given(ladders(), st.sampled_from([1e-4, 0.003, 0.05, 0.7, 1.0, 4.0]), st.sampled_from([1.0, 0.5, 0.05]))
@examples(8)
def test_nothing_sticks_at_a_small_number(ladder, scale, pace):
    days = int(len(ladder.table()) / pace) + 40
    problem = make_problem(np.full(days, ENDLESS), ladder, pace=np.array([pace]))
    problem = replace(problem, scale=problem.scale * scale)
    result = run(problem)
    assert result.sent is not None
    assert result.base is not None
    sent = result.sent[:, 0, 0, 0]
    assert sent[0] >= 1
    assert sent[-1] >= np.floor(ladder.levels[-1] * scale)
    if max(ladder.holds) == 1:
        below = sent[:-1] < np.floor(ladder.levels[-1] * scale)
        assert (np.diff(sent)[below] >= 1).all()


@pytest.mark.parametrize("daily", [1, 2, 3, 5, 8, 40])
@pytest.mark.parametrize("first_tier", [0, 3])
def test_a_tiny_provider_is_carried_to_the_last_tier(daily, first_tier):
    """15 % of three messages is a message, and somebody must begin where nobody opens any more."""
    supply = np.zeros((1, 200, 1, 2, 7), dtype=np.int64)
    supply[0, :, 0, 0, first_tier:6] = daily
    problem = make_problem(supply, Ladder((200.0, 500.0), (1, 1)), tiers=TIERS, marketing=True)
    result = run(problem)
    assert result.sent is not None
    assert result.sent[-1, 0, 0, 0] == daily * (6 - first_tier)


def test_critical_mail_alone_in_its_pool_moves_after_14_days():
    from warmup.planner.problem import StreamRule

    problem = make_problem(np.full(40, 20), Ladder((10.0, 20.0), (1, 1)))
    problem = replace(problem, streams=(StreamRule("otp", 0, 100, marketing=False, critical=True),))
    result = run(problem)
    assert result.sent is not None
    assert result.sent[:, 0, 0, 0].tolist() == [0] * 14 + [10] + [20] * 25


PLAIN = {"tiers": False, "critical": False, "percent": False, "groups": False, "capacity": False, "control": False,
         "byoip": False, "pools": False, "identity": False, "joined": False}  # fmt: skip


@given(recipes(most_days=40, **PLAIN), st.lists(st.integers(1, 20), min_size=2, max_size=4, unique=True))
@examples(12)
def test_a_larger_pace_never_finishes_later(recipe, twentieths):
    problem = recipe.problem()
    runs = [run(replace(problem, pace=np.array([n / 20])), detail="totals") for n in sorted(twentieths)]
    days = [complete_days(problem, result).whole[0, ALL] for result in runs]
    assert days == sorted(days, reverse=True)
    carried = [result.by_provider[0, :, :, ALL].sum() for result in runs]
    assert carried == sorted(carried)


def even_ladders() -> st.SearchStrategy[Ladder]:
    """Ladders whose ratio never rises."""

    def build(first: int, ratios: list[float]) -> Ladder:
        levels = [float(first)]
        for ratio in sorted(ratios, reverse=True):
            levels.append(levels[-1] * ratio)
        return Ladder(tuple(levels), (1,) * len(levels))

    return st.builds(build, st.integers(1, 300), st.lists(st.floats(1.05, 3), min_size=1, max_size=12))


@given(even_ladders(), st.floats(0.01, 1), st.integers(0, 2**32 - 1))
@examples(12)
def test_more_ips_never_finish_later_where_the_ratio_never_rises(ladder, part, seed):
    """Up to the end of the ladder, whatever the rhythm. (Beyond it a weekly sender can grow faster than on it.)"""
    rng = np.random.default_rng(seed)
    sends = np.arange(60) % int(rng.choice([1, 2, 7])) == 0
    supply = np.where(sends, ladder.levels[-1] * part * rng.uniform(0.5, 1, 60), 0).astype(np.int64)
    days = []
    for ips in range(1, 7):
        problem = make_problem(supply, ladder, ips=ips)
        days.append(int(complete_days(problem, run(problem, detail="totals")).by_pool[0, 0, ALL]))
    assert days == sorted(days, reverse=True)


def test_the_sizing_table_names_each_number_of_ips_that_finishes_later_than_fewer():
    """The steps of this ladder are uneven: on three IPs the daily mail lies lower between two levels than on two."""
    days = 120
    mail = np.full((1, days, 1, 1, 1), 20_000, dtype=np.int64)
    mail[0, 2::7] = 80_000
    start = date(2026, 2, 3)
    supply = Supply(start, ("mail",), ("google",), NO_TIERS, mail, np.zeros(days, dtype=bool))
    scenario = Scenario.model_validate(
        {
            "customer": "Example Shop",
            "start": start,
            "pools": [{"name": "pool", "ip_count": 3}],
            "streams": [{"name": "mail", "kind": "transactional"}],
            "policy": {"ramp": "acellemail-30day", "horizon_days": days},
        }
    )
    (size,) = sizing(scenario, supply, today=date(2026, 1, 5))
    days_of = {row.ips: row.all for row in size.rows if row.ips and row.all}
    assert days_of[3] > days_of[2]
    for row in size.rows:
        fewer = [n for n, day in days_of.items() if n < row.ips and row.all and day < row.all]
        assert bool(fewer) == ("later" in row.note)
