"""Choosing a ramp: by slug, by policy, by what is known of the list."""

from __future__ import annotations

import pytest

from warmup.errors import InputError
from warmup.ramps import choose_policy, named, policies, ramp, ramps


def test_the_ladder_of_the_house():
    found = ramp("sparkpost-2020")
    assert found.table()[:7] == (200, 500, 1000, 2000, 5000, 10_000, 20_000)
    assert (len(found.table()), found.scope, found.usable) == (29, "per_ip", "table")
    assert found.url.startswith("https://")


def test_an_unknown_slug_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'sparkpost-2020'"):
        ramp("sparkpost-2021")
    with pytest.raises(InputError, match=r"one of: .*sparkpost-2020"):
        ramp("zzz")
    with pytest.raises(InputError) as caught:
        ramp("x\n\x1b[31m")
    assert str(caught.value).isprintable()


def test_an_excerpt_has_to_be_asked_for():
    with pytest.raises(InputError, match="is an excerpt: Only the first 22 days were seen"):
        ramp("vectis-30day")
    assert ramp("vectis-30day", allow_excerpt=True).table()[-1] == 60_000


@pytest.mark.parametrize("slug", ["bird-automatic", "aws-ses-standard"])
def test_unpublished_numbers_cannot_be_allowed(slug):
    with pytest.raises(InputError, match="cannot be planned with"):
        ramp(slug, allow_excerpt=True)
    assert ramps()[slug].table() == ()


def test_an_unpublished_ladder_keeps_its_end_point():
    assert ramps()["aws-ses-standard"].end_point == (45, 50_000)


def test_aol_and_att_are_kept_but_not_planned_with():
    found = ramp("sparkpost-2015-per-isp")
    assert set(found.ladders()) == {"each provider", "yahoo"}
    assert found.table("aol")[::7] == (5000, 10_000, 20_000, 40_000)
    assert set(ramp("momentum-adaptive-2011").printed_only) == {"aol", "att"}


def test_whose_ladder_a_provider_follows():
    chart = ramp("sparkpost-2015-per-isp")
    assert chart.ladder_of("yahoo") == chart.providers["yahoo"]
    assert chart.ladder_of("google") == chart.each_provider
    assert ramp("sparkpost-2020").ladder_of("google") is None
    assert ramp("oracle-responsys-per-isp").ladder_of("comcast") is None


def test_a_held_ramp_holds_every_ladder():
    held = ramp("oracle-responsys-per-isp").held(2)
    assert held.days == 14
    for who in held.ladders():
        once = ramp("oracle-responsys-per-isp").table(who)
        assert held.table(who) == tuple(value for value in once for _ in range(2))


def test_percentages_need_a_volume():
    found = ramp("acellemail-per-isp-pct")
    with pytest.raises(InputError, match="each provider's own volume"):
        found.in_messages(1_000_000)
    with pytest.raises(InputError, match="final volume of google is 0"):
        found.in_messages(1_000_000, {"google": 0})
    with pytest.raises(InputError, match="final volume is nan"):
        ramp("adobe-ajo-4week-pct").in_messages(float("nan"))
    only_gmail = found.in_messages(1_000_000, {"google": 1000, "comcast": 5})
    assert set(only_gmail.providers) == {"google"}
    assert only_gmail.table("google")[0] == 50
    assert ramp("sparkpost-2020").in_messages(5) is ramp("sparkpost-2020")


def test_groups_can_be_renamed_for_the_shared_clock():
    shared = ramp("oracle-responsys-per-isp").renamed({"microsoft_consumer": "microsoft"})
    assert set(shared.providers) == {"google", "microsoft", "yahoo"}


def test_policies():
    assert set(policies()) == {"standard", "conservative"}
    standard, conservative = named("standard"), named("conservative")
    assert standard == ramp("sparkpost-2020")
    assert conservative.table()[:6] == (200, 200, 500, 500, 1000, 1000)
    assert conservative.days == 58
    assert all(policy.ceilings for policy in policies().values())
    assert named("billionmail") == ramp("billionmail")
    with pytest.raises(InputError, match="did you mean 'conservative'"):
        named("conservativ")
    with pytest.raises(InputError, match="is an excerpt"):
        named("delivra")


@pytest.mark.parametrize(
    ("share", "bounces", "name", "says"),
    [
        (0.60, 0.01, "standard", "60 % engaged"),
        (0.59, 0.0, "conservative", "59 % of the mail"),
        (0.95, 0.011, "conservative", "hard bounces are 1.1 %"),
        (0.95, None, "conservative", "hard-bounce rate is not known"),
        (None, 0.0, "conservative", "engaged is not known"),
        (None, None, "conservative", "not known and"),
    ],
)
def test_unknown_never_counts_as_good(share, bounces, name, says):
    choice = choose_policy(share, bounces)
    assert choice.policy.name == name
    assert says in choice.why
    assert choice.source
