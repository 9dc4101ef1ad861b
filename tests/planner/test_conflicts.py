"""Two plans beside each other."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.report.make_plan import PROVIDERS, START, make_plan
from warmup.planner.conflicts import conflicts

OTHER_POOLS = [{"name": "tx", "ips": ["198.51.100.1"]}, {"name": "bulk", "ips": ["198.51.100.2"]}]
if TYPE_CHECKING:
    from warmup.planner.plan import Plan

WEEK = timedelta(days=7)


def other_plan(
    *, pools: Any = OTHER_POOLS, domain: str = "example.net", start: date = START + 3 * WEEK, **changes: Any
) -> Plan:
    names = [pool["name"] for pool in pools]
    streams = [
        {
            "name": name,
            "pool": names[0] if name == "receipts" else names[-1],
            "identity_new": {"from_domain": f"{name}.{domain}"},
        }
        for name in ("receipts", "newsletter", "promotions")
    ]
    return make_plan(customer="Another Ltd", pools=pools, streams=streams, start=start, **changes)


@pytest.fixture(scope="module")
def plan():
    return make_plan()


def test_plans_that_share_nothing_do_not_conflict(plan):
    assert conflicts(plan, other_plan()) == ()


def test_a_shared_ip_is_named_with_providers_weeks_and_a_way_out(plan):
    pools = [OTHER_POOLS[0], {"name": "bulk", "ips": ["198.51.100.2", "192.0.2.21", "192.0.2.22"]}]
    (finding,) = conflicts(plan, other_plan(pools=pools))
    assert (finding.id, finding.severity) == ("conflict.ip", "warning")
    assert finding.subject == "192.0.2.21 and 192.0.2.22"
    assert "Another Ltd" in finding.text
    assert "Gmail" in finding.text
    assert "22 Feb 2027 to 18 Apr 2027" in finding.text
    assert "both send" in finding.text
    assert "Start the later plan after 18 Apr 2027" in finding.remedy
    assert finding.source.startswith("https://")


def test_the_worst_day_is_the_sum_of_both(plan):
    pools = [OTHER_POOLS[0], {"name": "bulk", "ips": ["192.0.2.20"]}]
    other = other_plan(pools=pools, start=START)
    (finding,) = conflicts(plan, other)
    marketing = plan.messages[
        (plan.messages["destination"] == "dedicated")
        & (plan.messages["pool"] == "marketing")
        & (plan.messages["provider"] == "gmail")
    ]
    ramping = marketing[marketing["date"] < START + timedelta(days=55 + 7 - 55 % 7)]
    assert f"{2 * ramping.groupby('date')['messages'].sum().max():,} messages to Gmail" in finding.text


def test_a_pool_of_the_same_name_is_one_finding_even_if_ips_are_shared_too(plan):
    same_name = [OTHER_POOLS[0], {"name": "marketing", "ip_count": 2}]
    assert [f.id for f in conflicts(plan, other_plan(pools=same_name))] == ["conflict.pool"]
    same_ip = [OTHER_POOLS[0], {"name": "marketing", "ips": ["192.0.2.20"]}]
    assert [f.id for f in conflicts(plan, other_plan(pools=same_ip))] == ["conflict.ip"]


def test_from_and_dkim_domains_are_compared(plan):
    shared = other_plan(domain="example.com")
    found = conflicts(plan, shared)
    assert {f.subject for f in found} == {f"{s}.example.com" for s in ("receipts", "newsletter", "promotions")}
    assert {f.id for f in found} == {"conflict.domain"}
    streams = [
        {
            "name": name,
            "pool": "bulk",
            "identity_new": {"from_domain": f"{name}.example.org", "dkim": "Newsletter.Example.COM."},
        }
        for name in ("receipts", "newsletter", "promotions")
    ]
    signed = make_plan(customer="Another Ltd", pools=[OTHER_POOLS[1]], streams=streams)
    assert [f.subject for f in conflicts(plan, signed)] == ["newsletter.example.com"]


def test_only_weeks_in_which_one_still_ramps_count(plan):
    pools = [OTHER_POOLS[0], {"name": "bulk", "ips": ["192.0.2.20"]}]
    after = other_plan(pools=pools, start=plan.last + timedelta(days=8))
    assert conflicts(plan, after) == ()
    long = make_plan(days=160)
    running = other_plan(pools=pools, start=START + 14 * WEEK)
    (finding,) = conflicts(long, running)  # this one is complete by then, but the other still ramps
    assert "10 May 2027" in finding.text
    both_done = other_plan(pools=pools, start=START, days=160)
    (finding,) = conflicts(long, both_done)
    assert "to 28 Mar 2027" in finding.text


def test_a_plan_that_never_completes_ramps_to_its_end(plan):
    pools = [OTHER_POOLS[0], {"name": "bulk", "ips": ["192.0.2.20"]}]
    (finding,) = conflicts(make_plan(complete=False), other_plan(pools=pools, start=START))
    assert "to 25 Apr 2027" in finding.text


def test_the_same_either_way_round(plan):
    pools = [OTHER_POOLS[0], {"name": "bulk", "ips": ["192.0.2.20"]}]
    other = other_plan(pools=pools)
    assert len(conflicts(plan, other)) == len(conflicts(other, plan)) == 1


def test_providers_are_named_by_their_names(plan):
    (finding,) = conflicts(plan, other_plan(pools=[OTHER_POOLS[0], {"name": "marketing", "ip_count": 1}]))
    assert all(name in finding.text for name in list(PROVIDERS.values())[:4])
    assert "and 2 more" in finding.text
