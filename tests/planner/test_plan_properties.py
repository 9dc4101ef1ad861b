"""What must hold of every plan's tables, whatever the customer (design 4, 8; the contract of ``plan.messages``)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given

from tests.planner.small_problems import examples
from tests.planner.small_scenarios import START, TODAY, Customer, customers
from tests.planner.test_by_hand import compare_problem
from warmup.planner.bench import make_bench
from warmup.planner.ceilings import ceilings
from warmup.planner.plan import LIMITS
from warmup.planner.planning import headline, plan
from warmup.planner.problem import NEVER
from warmup.scenario import expand_days

if TYPE_CHECKING:
    from warmup.planner.bench import Bench
    from warmup.planner.planning import Headline

# Small providers with a message a send, mail kept on legacy, IPs that fill up.
TRICKY = {"legacy", "capacity", "keep_warm", "overflow", "readiness", "tail", "days"}
CELL = ["origin", "stream", "provider", "tier"]


def planned(customer: Customer) -> tuple[Bench, Headline]:
    """The plan without levers, sizes and the rest, which do not touch its tables."""
    bench = make_bench(*customer.make(), today=TODAY)
    return bench, headline(bench, float(bench.scenario.policy.pace or 1.0))


def days_of(table: pd.DataFrame) -> pd.Series:
    days: pd.Series = table["date"].dt.date
    return days


def supply_table(bench: Bench) -> pd.Series:
    """The supply as a series over CELL, zeros left out."""
    supply = bench.supply
    t, s, p, k = supply.messages[0].nonzero()
    index = pd.MultiIndex.from_arrays(
        [
            pd.to_datetime(np.array(supply.dates, dtype=object)[t]),
            np.array(supply.streams, dtype=object)[s],
            np.array(supply.providers, dtype=object)[p],
            np.array(supply.tiers, dtype=object)[k],
        ],
        names=CELL,
    )
    return pd.Series(supply.messages[0][t, s, p, k], index=index).sort_index()


@given(customers())
@examples(6)
def test_messages_sum_to_the_supply_and_every_table_agrees(customer):
    bench, head = planned(customer)
    tables, messages = head.tables, head.tables.messages
    assert (messages["messages"] > 0).all()
    assert (messages["date"] >= messages["origin"]).all()
    assert messages.groupby(CELL)["messages"].sum().sort_index().equals(supply_table(bench))
    days = tables.days.set_index("date")
    assert (days["supply"] == bench.supply.messages[0].sum(axis=(1, 2, 3))).all()
    for destination in ("dedicated", "overflow", "legacy", "unplaced"):
        part = messages[messages["destination"] == destination].groupby("date")["messages"].sum()
        assert (days[destination] == part.reindex(days.index, fill_value=0)).all()
    control = messages[(messages["limit"] == "control")].groupby("date")["messages"].sum()
    assert (days["control"] == control.reindex(days.index, fill_value=0)).all()
    _caps_agree(head)
    _sheet_agrees(head)


def _caps_agree(head: Headline) -> None:
    caps, messages = head.tables.caps, head.tables.messages
    small = {(pool, name) for i, pool in enumerate(head.problem.pools) for name in _small(head, i)}
    dedicated = messages[messages["destination"] == "dedicated"].copy()
    pairs = zip(dedicated["pool"], dedicated["provider"], strict=True)
    dedicated["provider"] = ["small" if pair in small else pair[1] for pair in pairs]
    sent = dedicated.groupby(["date", "pool", "ip_group", "provider"])["messages"].sum()
    noted = caps.set_index(["date", "pool", "ip_group", "provider"])["sent"]
    assert noted[noted > 0].sort_index().equals(sent.sort_index())
    assert (caps["sent"] <= caps["cap"]).all()
    assert caps["limit"].isin(LIMITS).all()
    load = head.tables.ip_load.groupby(["date", "ip_group"])["messages"].sum()
    assert load[load > 0].equals(dedicated.groupby(["date", "ip_group"])["messages"].sum())


def _small(head: Headline, pool: int) -> list[str]:
    return [name for name, is_small in zip(head.problem.providers, head.shape.small[pool], strict=False) if is_small]


def _sheet_agrees(head: Headline) -> None:
    sheet, messages = head.tables.sheet, head.tables.messages
    keys = ["date", *CELL]
    dedicated = messages[messages["destination"] == "dedicated"].groupby(keys)["messages"].sum()
    noted = sheet.set_index(keys)["dedicated"]
    assert noted.index.is_unique
    assert noted[noted > 0].sort_index().equals(dedicated.sort_index())
    shown = sheet.set_index(CELL)["supply"]
    assert (shown == messages.groupby(CELL)["messages"].sum().reindex(shown.index)).all()


@given(customers())
@examples(6)
def test_everything_not_on_dedicated_ips_says_why_and_nothing_else_does(customer):
    _, head = planned(customer)
    messages = head.tables.messages
    on_dedicated = messages["destination"] == "dedicated"
    assert (messages.loc[on_dedicated, "limit"] == "").all()
    assert messages.loc[~on_dedicated, "limit"].isin(LIMITS).all()
    assert (messages.loc[on_dedicated, "ip_group"] != "").all()
    assert (messages.loc[~on_dedicated, "ip_group"] == "").all()
    assert messages["pool"].isin(head.problem.pools).all()


@given(customers(legacy=True, days=True))
@examples(6)
def test_no_rule_of_the_calendar_or_of_legacy_is_broken(customer):
    bench, head = planned(customer)
    scenario, messages = bench.scenario, head.tables.messages
    calendar, legacy, new = scenario.calendar, scenario.legacy, scenario.new
    day = days_of(messages)
    assert not day.isin(expand_days(calendar.silent)).any()
    on_legacy = messages[day.isin(expand_days(calendar.legacy_only))]
    assert not on_legacy["destination"].isin(["dedicated", "overflow"]).any()
    to_legacy = messages[messages["destination"] == "legacy"].groupby("date")["messages"].sum()
    assert to_legacy.max() <= legacy.capacity
    assert to_legacy.index.max().date() <= legacy.until
    to_overflow = messages[messages["destination"] == "overflow"].groupby("date")["messages"].sum()
    if new.overflow == "none":
        assert to_overflow.empty
    elif new.overflow_capacity:
        assert to_overflow.max() <= new.overflow_capacity or to_overflow.empty
    dedicated = messages[messages["destination"] == "dedicated"]
    for name, part in dedicated.groupby("pool"):
        pool = next(pool for pool in scenario.pools if pool.name == name)
        assert days_of(part).min() >= scenario.start_of(pool)
    for group, part in dedicated.groupby("ip_group"):
        if " from " in str(group):
            assert days_of(part).min() >= date.fromisoformat(str(group).rpartition(" ")[2])
    for provider, until in bench.closed(scenario).items():
        part = dedicated[dedicated["provider"] == provider]
        assert part.empty or (until is not None and days_of(part).min() >= until)


@given(customers(ceilings=True))
@examples(6)
def test_no_ceiling_is_broken_for_any_provider_small_ones_included(customer):
    bench, head = planned(customer)
    messages = head.tables.messages
    dedicated = messages[messages["destination"] == "dedicated"]
    for use in ceilings(bench.scenario, bench.supply):
        if use.per_domain and use.provider not in bench.supply.domains:
            continue
        mine = dedicated[dedicated["provider"] == use.provider].groupby(["date", "pool"])["messages"].sum()
        for i, pool in enumerate(bench.scenario.pools):
            sent = mine.xs(pool.name, level="pool") if pool.name in mine.index.get_level_values(1) else None
            if sent is None:
                continue
            groups = [g for g, group in enumerate(head.problem.groups) if group.pool == i]
            started = np.zeros(head.problem.days)
            for g in groups:
                here = np.arange(head.problem.days) >= head.problem.start[0, g]
                started += here * head.problem.ips[0, g] * head.problem.joined[0, :, g]
            index = [(stamp.date() - bench.supply.first).days for stamp in sent.index]
            first = slice(None) if use.sending_days >= NEVER else slice(0, use.sending_days)
            most = use.per_ip * (bench.supply.domains.get(use.provider, 0) if use.per_domain else started[index])
            most = np.broadcast_to(np.maximum(most, len(groups)) if use.per_domain else most, len(index))
            assert (sent.to_numpy()[first] <= most[first] + 1e-6).all()
            if use.weekdays_only:
                assert all(stamp.weekday() < 5 for stamp in sent.index[first])


@given(customers(tiers=True, byoip=False))
@examples(4)
def test_no_tier_joins_before_its_week(customer):
    bench, head = planned(customer)
    if not bench.scenario.policy.tiers:
        return
    kinds = {stream.name: stream.kind for stream in bench.scenario.streams}
    messages = head.tables.messages
    mail = messages[(messages["destination"] == "dedicated") & (messages["stream"].map(kinds) == "marketing")]
    first = mail.groupby("tier")["date"].min().dt.date
    weeks = {"0_30": 0, "31_60": 2, "61_90": 4}
    for tier, day in first.items():
        assert day >= START + timedelta(weeks=weeks.get(str(tier), 6))


@given(customers())
@example(Customer(1230, "standard", frozenset({*TRICKY, "spread", "pools", "peak"}), 70))
@example(
    Customer(772651, "standard", frozenset({*TRICKY, "pools", "percent", "small", "starts", "tiers", "ceilings"}), 70)
)
@examples(6)
def test_thresholds_select_no_more_than_planned_and_fall_only_where_a_cap_forces_it(customer):
    bench, head = planned(customer)
    sheet = head.tables.sheet
    small = {(pool, name) for i, pool in enumerate(head.problem.pools) for name in _small(head, i)}
    assert sheet["threshold_from"].between(0, 10_000).all()
    assert (sheet["threshold_from"] <= sheet["threshold"]).all()
    assert (sheet["threshold"] <= 10_000).all()
    sheet = sheet.sort_values("date", kind="stable")
    sends = sheet.groupby(CELL, sort=False)
    # Small providers share one threshold; what it selects of them together is no more than is planned of them together.
    shared = pd.Series([pair in small for pair in zip(sheet["pool"], sheet["provider"], strict=True)], sheet.index)
    wanted = sheet["supply"] * sheet["threshold"] / 10_000
    sent = sends["dedicated"].cumsum()
    assert (wanted <= sent + 1e-9)[~shared].all()
    together = pd.DataFrame({"wanted": wanted, "sent": sent})[shared].groupby(
        [sheet.loc[shared, name] for name in ("pool", "date", "origin", "stream", "tier")]
    )
    assert (together["wanted"].sum() <= together["sent"].sum() + 1e-9).all()
    assert (sheet["threshold_from"] == sends["threshold"].shift(fill_value=0)).all()
    # The last row of each send says who is on the new platform. Windows that the horizon cuts short are left out.
    last = sends.tail(1).sort_values("origin", kind="stable")
    last = last[last["origin"].dt.date < bench.supply.dates[-10]]
    change = last.groupby(["stream", "provider", "tier"], sort=False)["threshold"].diff()
    falls = change < 0
    forced = ~last["limit"].isin(["", "control", "supply"])
    assert (forced | ~falls).all()
    assert (last["moved_back"] == np.where(falls, -change.fillna(0) * last["supply"] // 10_000, 0)).all()


@given(customers())
@examples(5)
def test_the_compiled_problem_is_planned_as_by_hand(customer):
    _, head = planned(customer)
    compare_problem(head.problem)


@pytest.mark.parametrize(
    "customer",
    [
        Customer(1, "standard", frozenset({"tiers", "pools", "spread", "control", "peak"})),
        Customer(2, "conservative", frozenset({"identity", "legacy", "overflow", "days", "critical"})),
        Customer(3, "mailrush", frozenset({"starts", "small", "ceilings", "readiness"})),
        Customer(4, "standard", frozenset({"byoip", "keep_warm", "capacity", "percent"})),
    ],
)
def test_the_whole_plan_keeps_the_tables(customer):
    scenario, supply = customer.make()
    result = plan(scenario, supply, today=TODAY)
    bench = make_bench(scenario, supply, today=TODAY)
    assert result.messages.groupby(CELL)["messages"].sum().sort_index().equals(supply_table(bench))
    assert (result.days[["dedicated", "overflow", "legacy", "unplaced"]].sum().sum()) == supply.messages.sum()
    unplaced = (result.messages["destination"] == "unplaced") & (result.messages["limit"] != "supply")
    assert result.exit_code == 1 or not unplaced.any()
