"""Starting ceilings of the providers."""

from __future__ import annotations

from warmup.providers import catalogue
from warmup.ramps import Ceiling, default_ceilings


def by_provider(**switches: bool) -> dict[str, Ceiling]:
    ceilings = default_ceilings(**switches)
    found = {ceiling.provider: ceiling for ceiling in ceilings}
    assert len(found) == len(ceilings)  # one ceiling a provider
    return found


def test_yahoo():
    yahoo = by_provider()["yahoo"]
    assert (yahoo.daily, yahoo.hourly, yahoo.for_sending_days, yahoo.growth_after) == (1200, 100, 7, 1.5)
    assert (yahoo.warn_above, yahoo.per, yahoo.unless) == (2400, "ip", None)


def test_microsoft_consumer_and_united_internet():
    found = by_provider()
    microsoft, gmx = found["microsoft_consumer"], found["united_internet"]
    assert (microsoft.daily, microsoft.hourly, microsoft.for_sending_days) == (5000, None, 7)
    assert (gmx.daily, gmx.for_sending_days, gmx.unless) == (500, 7, "csa")


def test_certified_senders_have_no_united_internet_ceiling():
    assert "united_internet" not in by_provider(csa=True)
    assert len(default_ceilings(csa=True)) == len(default_ceilings()) - 1


def test_company_domains_are_limited_one_by_one():
    found = by_provider()
    gateways = {group.id for group in catalogue().groups.values() if group.kind == "gateway"}
    companies = {c.provider for c in found.values() if c.per == "domain"}
    assert companies == gateways | {"microsoft_365"}
    proofpoint = found["proofpoint"]
    assert (proofpoint.daily, proofpoint.for_sending_days, proofpoint.weekdays_only) == (50, 10, True)


def test_one_clock_for_microsoft_takes_the_consumer_ceiling():
    found = by_provider(microsoft_shared=True)
    assert found["microsoft"].daily == 5000
    assert "microsoft_consumer" not in found
    assert found["microsoft_365"].per == "domain"


def test_t_online_is_a_readiness_item_not_a_ceiling():
    assert "t_online" not in by_provider()


def test_every_ceiling_says_where_it_comes_from():
    for ceiling in default_ceilings():
        assert ceiling.source
        assert ceiling.note
        assert ceiling.confidence in {"sourced", "partly", "judgement"}
