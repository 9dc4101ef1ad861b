"""A published table comes out again, to the message, when nothing but the ladder limits (design 4.3)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.planner.make_problem import make_problem
from tests.planner.small_problems import examples, ladders
from warmup.planner.bench import make_bench
from warmup.planner.engine import run
from warmup.planner.problem import Limit
from warmup.ramps import Ladder, Ramp, ramps
from warmup.ramps.model import ALL, EACH, REST
from warmup.scenario import Scenario
from warmup.traffic.supply import NO_TIERS, Supply

if TYPE_CHECKING:
    from warmup.planner.engine import Run

ENDLESS = 10**11
START = date(2026, 2, 3)
PRINTED = [
    (ramp, who) for ramp in ramps().values() if ramp.usable == "table" for who in (*ramp.ladders(), *ramp.printed_only)
]
OTHERS = [
    (ramp, who)
    for ramp in ramps().values()
    if ramp.usable in ("rule", "excerpt")
    for who in ramp.ladders()
    if ramp.unit == "messages"
]
PERCENT = [(ramp, who) for ramp in ramps().values() if ramp.usable == "percent" for who in ramp.ladders()]


def name(value: object) -> str:
    return value.slug if isinstance(value, Ramp) else str(value)


def sent(ladder: Ladder, days: int, **changes: object) -> list[int]:
    """What one provider on one IP gets when every day has endless mail."""
    result = run(make_problem(np.full(days, ENDLESS), ladder, **changes))  # type: ignore[arg-type]
    assert result.sent is not None
    return [int(n) for n in result.sent[:, 0, 0, 0]]


def planned(ramp: Ramp, provider: str, days: int, **policy: object) -> Run:
    """The same through a scenario: one pool, one IP, one provider, and nothing else that limits."""
    scenario = Scenario.model_validate(
        {
            "customer": "Example Shop",
            "start": START,
            "pools": [{"name": "pool", "ip_count": 1}],
            "streams": [{"name": "mail", "kind": "transactional"}],
            "policy": {
                "ramp": ramp.slug,
                "horizon_days": max(14, days),
                "capacity_per_ip": 10**12,
                "ceilings": {provider: False},
                **policy,
            },
        }
    )
    mail = np.full((1, days, 1, 1, 1), ENDLESS, dtype=np.int64)
    supply = Supply(START, ("mail",), (provider,), NO_TIERS, mail, np.zeros(days, dtype=bool))
    problem, _ = make_bench(scenario, supply, today=date(2026, 1, 5)).problem(scenario, pace=1.0)
    return run(problem)


@pytest.mark.parametrize(("ramp", "who"), [*PRINTED, *OTHERS], ids=name)
def test_a_printed_table_is_reproduced_for_its_whole_length(ramp, who):
    ladder = {**ramp.ladders(), **ramp.printed_only}[who]
    printed = ramp.table(who)
    assert sent(ladder, len(printed)) == list(printed)


@pytest.mark.parametrize(("ramp", "who"), [(ramp, who) for ramp, who in PRINTED if who in ramp.ladders()], ids=name)
def test_a_plan_follows_the_printed_table(ramp, who):
    provider = {ALL: "google", EACH: "google", REST: "comcast"}.get(who, who)
    printed = ramp.table(who)
    result = planned(ramp, provider, len(printed))
    assert result.sent is not None
    assert result.limit is not None
    assert result.sent[:, 0, 0, 0].tolist() == list(printed)
    assert set(result.limit[:, 0, 0, 0].tolist()) <= {Limit.RAMP, Limit.HOLD}


@pytest.mark.parametrize(("ramp", "who"), PERCENT, ids=name)
def test_percentages_are_reproduced_against_a_stated_final_volume(ramp, who):
    final = 2_000_000
    provider = "google" if who == ALL else who
    result = planned(ramp, provider, ramp.days, final_volume=final)
    assert result.sent is not None
    expected = [round(share * final) for share in ramp.table(who)]
    assert result.sent[:, 0, 0, 0].tolist() == expected


def test_misar_does_not_grow_on_the_days_it_prints():
    ramp = ramps()["misar"]
    assert sent(ramp.ladders()[ALL], 32)[20:] == [5_000] + [10_000] * 9 + [13_000] * 2


@pytest.mark.parametrize("times", [2, 3])
def test_held_levels_are_sent_that_often_the_last_one_too(times):
    ladder = ramps()["sparkpost-2020"].held(times).ladders()[ALL]
    printed = ladder.table()
    assert sent(ladder, len(printed)) == list(printed)
    # After that the weekly growth counts from a week before.
    more = sent(ladder, len(printed) + 8)
    assert max(more) == 13_000_000


@given(ladders())
@examples(20)
def test_any_ladder_is_followed_level_by_level(ladder):
    printed = ladder.table()
    assert sent(ladder, len(printed)) == list(printed)


@given(ladders(), st.sampled_from([0.5, 0.25, 0.2, 0.1]))
@examples(20)
def test_a_smaller_pace_takes_as_many_times_longer_on_held_levels_too(ladder, pace):
    whole = Ladder(tuple(level * 1000 for level in ladder.levels), ladder.holds)  # so that rounding up does not matter
    top, full = whole.levels[-1], len(whole.table()) - whole.holds[-1] + 1  # the first day at the top
    days = sent(whole, round(full / pace) + 10, pace=np.array([pace]))
    first = next(day for day, messages in enumerate(days, 1) if messages >= top)
    if max(whole.holds[:-1], default=1) == 1:
        assert abs(first - full / pace) <= 1
    else:  # a level counts as reached at 90 %, so that a small pace has begun to hold it some days before it is full
        assert 0.7 * full / pace <= first <= full / pace + 1


def test_the_cap_at_a_smaller_pace_is_the_level_at_x_plus_a():
    ladder = Ladder((100.0, 400.0, 1600.0), (1, 1, 1))
    assert sent(ladder, 6, pace=np.array([0.5])) == [50, 100, 200, 400, 800, 1600]
    assert sent(ladder, 4, pace=np.array([0.25])) == [25, 50, 75, 100]


# -- by what was really sent ---------------------------------------------------------------------------------------


def every(days: int, step: int, messages: int = ENDLESS) -> np.ndarray:
    out = np.zeros(days, dtype=np.int64)
    out[::step] = messages
    return out


def on_days(ladder: Ladder, supply: np.ndarray) -> list[int]:
    result = run(make_problem(supply, ladder))
    assert result.sent is not None
    return [int(n) for n in result.sent[:, 0, 0, 0] if n]


@pytest.mark.parametrize("step", [2, 3, 7])
def test_a_sender_advances_a_step_a_send_not_a_day(step):
    table = ramps()["sparkpost-2020"].table()
    assert on_days(ramps()["sparkpost-2020"].ladders()[ALL], every(20 * step, step)) == list(table[:20])


@pytest.mark.parametrize("step", [2, 7])
def test_holds_are_counted_in_sends(step):
    ramp = ramps()["misar"]
    assert on_days(ramp.ladders()[ALL], every(20 * step, step)) == list(ramp.table()[:20])


@pytest.mark.parametrize(("idle", "starts_again"), [(30, True), (35, True), (29, False)])
def test_after_30_idle_days_it_starts_again(idle, starts_again):
    ladder = ramps()["sparkpost-2020"].ladders()[ALL]
    supply = np.zeros(60, dtype=np.int64)
    supply[:8] = ENDLESS
    supply[7 + idle :] = ENDLESS
    found = on_days(ladder, supply)
    assert (found[8:11] == [200, 500, 1000]) is starts_again


def test_idle_days_eat_what_was_earned_in_a_straight_line():
    ladder = ramps()["sparkpost-2020"].ladders()[ALL]
    supply = np.zeros(40, dtype=np.int64)
    supply[:8] = ENDLESS
    result = run(make_problem(supply, ladder))
    assert result.base is not None
    last = ladder.table()[7]
    base = result.base[8:, 0, 0, 0]
    assert base[:7].tolist() == [last] * 7
    assert base[7:30] == pytest.approx([last * (30 - days) / 23 for days in range(8, 31)])


def test_a_day_with_less_than_90_percent_does_not_count_for_a_hold():
    ladder = Ladder((100.0, 1000.0), (2, 1))
    assert on_days(ladder, np.array([100, 89, 500, 500])) == [100, 89, 100, 500]
    assert on_days(ladder, np.array([100, 90, 500, 500])) == [100, 90, 500, 500]


def test_growth_jumps_over_no_held_level():
    ladder = Ladder((100.0, 110.0, 1000.0), (1, 2, 1))
    assert on_days(ladder, np.full(5, ENDLESS)) == [100, 110, 110, 1000, 1000]
    assert on_days(ladder, np.array([95, 500, 500, 500])) == [95, 110, 110, 500]


@given(ladders(), st.integers(1, 10))
@examples(20)
def test_beyond_the_last_level_growth_is_30_percent_from_a_week_before(ladder, step):
    table = ladder.table()
    supply = every((len(table) + 30) * step, step)
    found = run(make_problem(supply, ladder))
    assert found.sent is not None
    volume = found.sent[:, 0, 0, 0]
    top = int(np.ceil(ladder.levels[-1]))
    for day in range(7, len(volume)):
        before = int(volume[: day - 6].max())
        assert volume[day] <= max(top, np.ceil(1.3 * before))
    if step <= 7:  # and it does grow, a weekly sender with every send
        assert volume.max() > top


def test_growth_beyond_the_ladder_ends_at_the_capacity():
    ladder = ramps()["mailtrap-21day"].ladders()[ALL]
    volume = sent(ladder, 70, capacity=100_000)
    assert volume[:21] == list(ladder.table())
    # 57,070 is 1.3 times the day before the last that is printed, 74,100 is 1.3 times the last.
    assert volume[21:29] == [57_000] * 5 + [57_070, 74_100, 74_100]
    assert max(volume) == volume[-1] == 100_000
