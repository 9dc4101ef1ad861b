"""Rules as ladders."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.errors import InputError
from warmup.ramps import Ladder, expand_rule, rules


def test_the_taper_slows_down_at_its_steps():
    ladder = expand_rule("ipost-taper", stop=1_000_000).ladder
    assert ladder is not None
    assert ladder.levels[:10] == (1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 96_000, 144_000, 172_800)
    assert set(ladder.holds[:-1]) == {3}
    limits = {50_000: 2.0, 100_000: 1.5, 250_000: 1.2, 10**9: 1.1}
    for before, after in pairwise(ladder.levels):
        allowed = next(factor for limit, factor in limits.items() if before < limit or limit == 10**9)
        assert after <= before * allowed + 1


def test_the_taper_for_weak_and_clean_lists():
    assert expand_rule("ipost-taper", start=500, hold=4).table()[:5] == (500, 500, 500, 500, 1000)
    assert expand_rule("ipost-taper", start=5000).table()[3] == 10_000


def test_the_boundaries_of_the_taper():
    ladder = expand_rule("ipost-taper", start=50_000, hold=1, stop=80_000)
    assert ladder.table() == (50_000, 75_000, 80_000)  # "x2 below 50k": 50,000 itself grows by half
    assert expand_rule("ipost-taper", start=100_000, hold=1, stop=200_000).table() == (
        100_000,
        150_000,
        180_000,
        200_000,
    )


def test_excellent_senders_of_onesignal():
    assert expand_rule("growth", start=300, growth=0.3, stop=1000).table() == (300, 390, 507, 659, 856, 1000)


def test_growth_is_exact_not_float():
    assert expand_rule("growth", start=1000, growth=0.1, stop=1331).table() == (1000, 1100, 1210, 1331)


def test_doubling_and_geometric():
    assert expand_rule("doubling", stop=800).table() == (50, 100, 200, 400, 800)
    assert expand_rule("geometric", start=100, stop=800, days=3).table() == (100, 200, 400, 800)


def test_infobip_publishes_no_figure_so_somebody_must():
    with pytest.raises(InputError) as caught:
        expand_rule("infobip-base")
    assert [p.what for p in caught.value.problems] == [
        "needs start: Infobip publishes no figure",
        "needs growth: Infobip publishes no figure",
    ]
    ramp = expand_rule("infobip-base", start=500, growth=0.5, stop=2000)
    assert ramp.table() == (500, 750, 1125, 1687, 2000)
    assert "yours" in ramp.notes


def test_small_numbers_that_round_to_the_same_level_are_held():
    assert expand_rule("growth", start=2, growth=0.2, stop=5).ladder == Ladder((2, 3, 4, 5), (3, 1, 2, 1))


def test_a_start_at_the_end_is_one_level():
    assert expand_rule("growth", start=500, stop=500).table() == (500,)


def test_where_the_numbers_come_from_stays_with_them():
    ramp = expand_rule("growth", start=300, growth=0.2, stop=2_000_000, scope="per_ip")
    assert ramp.slug == "growth(start=300, growth=0.2, stop=2000000)"
    assert (ramp.publisher, ramp.usable, ramp.scope, ramp.rule) == ("OneSignal", "rule", "per_ip", "growth")
    assert expand_rule("growth").scope == "total"


@pytest.mark.parametrize(
    ("name", "parameters", "says"),
    [
        ("growht", {}, "did you mean 'growth'"),
        ("growth", {"strat": 1}, "did you mean 'start'"),
        ("growth", {"hold": 3}, "does not know 'hold'"),
        ("growth", {"growth": 0}, "growth is 0"),
        ("growth", {"growth": -0.2}, "growth is -0.2"),
        ("growth", {"growth": float("inf")}, "growth is inf"),
        ("growth", {"growth": True}, "growth is True"),
        ("growth", {"growth": 1e-9}, "more than 1,000 levels"),
        ("growth", {"start": 0.5}, "1 or more"),
        ("growth", {"start": 10, "stop": 5}, "stop 5 is below start 10"),
        ("ipost-taper", {"hold": 1.5}, "whole number of sending days"),
        ("geometric", {"days": 10**7}, "whole number of sending days"),
    ],
)
def test_what_is_refused(name, parameters, says):
    with pytest.raises(InputError, match=says):
        expand_rule(name, **parameters)


def test_all_faults_at_once():
    with pytest.raises(InputError) as caught:
        expand_rule("growth", start=-1, growth="much", speed=3)  # type: ignore[arg-type]
    assert len(caught.value.problems) == 3


@given(
    st.sampled_from(["growth", "doubling", "ipost-taper", "geometric"]),
    st.integers(1, 100_000),
    st.integers(0, 10_000_000),
)
def test_every_expansion_starts_ends_and_rises_as_asked(name, start, more):
    ramp = expand_rule(name, start=start, stop=start + more)
    table = ramp.table()
    assert (table[0], table[-1]) == (start, start + more)
    assert all(before <= after for before, after in pairwise(table))
    assert len(table) == ramp.days


def test_every_rule_can_be_expanded():
    for name, rule in rules().items():
        needed = {"start": 100.0, "growth": 0.5}
        stated: dict[str, Any] = {key: needed[key] for key in rule["required"]}
        assert expand_rule(name, **stated).ladder is not None
