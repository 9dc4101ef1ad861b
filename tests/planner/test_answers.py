"""Answers that depend on each other: sizes and spreads, starts and peaks, causes and cures, the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import warmup
from tests.planner.make_files import ENGAGED, TODAY, Mail, finding, ids, lever, planned, write_customer
from warmup.planner.bench import make_bench

if TYPE_CHECKING:
    from warmup.planner.plan import Plan, SizeRow

ONE = {"gmail.com": 1.0}
WEEKLY = Mail(messages=5_000_000, weekdays=(1,), mix=ONE)


def row(plan: Plan, ips: int) -> SizeRow:
    (found,) = [one for one in plan.sizing[0].rows if one.ips == ips]
    return found


def test_size_of_a_spread_send_is_that_of_its_days(tmp_path: Path) -> None:
    spread = replace(WEEKLY, keys={"spread_days": 4})
    plan = planned(write_customer(tmp_path, spread, ips=1, policy={"horizon_days": 90}))
    assert "capacity.too_small" not in ids(plan)
    assert row(plan, 1).peak_load == 1_250_000
    assert row(plan, 1).verdict != "too few"
    at_once = planned(write_customer(tmp_path, WEEKLY, ips=1))
    assert row(at_once, 1).verdict == "too few"
    assert "capacity.too_small" in ids(at_once)


def test_stream_that_only_sends_on_a_peak_does_not_delay_completion(tmp_path: Path) -> None:
    alone = write_customer(tmp_path, Mail(messages=60_000, mix=ONE))
    scenario = warmup.load_scenario(alone)
    supply = make_bench(scenario, today=TODAY).supply
    before = warmup.plan(scenario, supply, today=TODAY)
    path = write_customer(tmp_path, Mail(messages=60_000, mix=ONE), Mail("sale", 1, mix=ONE))
    for is_peak in (True, False):
        messages = np.concatenate([supply.messages, np.zeros_like(supply.messages)], axis=2)
        messages[0, 60, 1] = 5_000
        peak = (np.arange(supply.days) == 60) & is_peak
        given = replace(supply, streams=("newsletter", "sale"), messages=messages, peak_days=peak)
        plan = warmup.plan(warmup.load_scenario(path), given, today=TODAY)
        assert plan.all.day is not None
        assert before.all.day is not None
        # A window that waits for the one send is longer, and 99.5 % of more mail is reached sooner.
        assert before.all.day - timedelta(days=0 if is_peak else 1) <= plan.all.day <= before.all.day
        assert plan.exit_code == 0


def test_latest_start_does_not_depend_on_how_far_the_plan_looks(tmp_path: Path) -> None:
    days = set()
    for horizon in (90, 150):
        path = write_customer(
            tmp_path,
            Mail(messages=60_000, mix=ONE),
            legacy={"until": date(2026, 6, 30)},
            policy={"horizon_days": horizon},
        )
        latest = planned(path).latest_start
        assert latest is not None
        days.add(latest.day)
    assert len(days) == 1
    assert None not in days


def test_latest_start_is_none_that_a_peak_forbids(tmp_path: Path) -> None:
    peak = {"name": "Black Friday", "days": [date(2026, 11, 27)], "factor": 2.0}
    made: dict[str, Any] = {
        "start": date(2026, 8, 4),
        "today": date(2026, 7, 5),
        "deadline": date(2026, 11, 20),
        "calendar": {"peaks": [peak]},
        "policy": {"horizon_days": 150},
    }
    plan = planned(write_customer(tmp_path, Mail(messages=60_000, mix=ONE), **made), date(2026, 7, 5))
    assert plan.latest_start is not None
    day = plan.latest_start.day
    assert day is not None
    assert date(2026, 11, 27) - day >= timedelta(weeks=8)
    made["start"] = day
    again = planned(write_customer(tmp_path, Mail(messages=60_000, mix=ONE), **made), date(2026, 7, 5))
    assert "start.near_peak" not in ids(again)
    assert again.exit_code == 0
    assert lever(again, "start.plus7").warning.startswith("Not advised") is (
        date(2026, 11, 27) - day - timedelta(days=7) < timedelta(weeks=8)
    )


def test_provider_that_opens_after_the_plan_is_left_out_with_its_day(tmp_path: Path) -> None:
    mail = Mail(mix={"gmail.com": 0.7, "t-online.de": 0.3})
    plan = planned(write_customer(tmp_path, mail, preflight={"t_online_request": date(2027, 3, 1)}))
    assert plan.all.except_providers == ("t_online",)
    assert "T-Online, which opens only on Mon 1 Mar 2027, after the plan ends" in plan.all.reason
    assert "ceiling" not in plan.all.reason


def test_provider_that_stays_closed_is_no_cause_for_the_others(tmp_path: Path) -> None:
    mail = Mail(messages=400_000, weekdays=(1,), mix={"gmx.de": 0.5, "t-online.de": 0.5})
    plan = planned(write_customer(tmp_path, mail, policy={"horizon_days": 60, "ramp": "conservative"}))
    assert plan.all.day is None
    assert "not complete" in plan.all.reason.lower()
    assert "T-Online is closed to the end of the plan by an open pre-flight item" in plan.all.reason
    assert plan.all.limit != "readiness"


def test_where_ips_are_no_cure_the_planned_number_stays(tmp_path: Path) -> None:
    mail = Mail(messages=60_000, mix=ONE)
    plan = planned(write_customer(tmp_path, mail, ips=2, audience=ENGAGED, deadline=date(2026, 2, 20)))
    (size,) = plan.sizing
    assert not size.enough
    assert size.recommended == size.planned == 2
    assert "No number up to" in size.reason


def test_way_back_is_what_legacy_is_still_warm_for(tmp_path: Path) -> None:
    path = write_customer(tmp_path, Mail(messages=60_000, mix=ONE), policy={"control_share": 0.0})
    plan = planned(path)
    table = plan.rollback.set_index("date")
    legacy = plan.messages[plan.messages["destination"] == "legacy"].groupby("date")["messages"].sum()
    assert plan.all.day is not None
    for n in range(len(table)):
        # By hand: what legacy sent up to this evening, faded by its age tomorrow; 60,000 a day before the start.
        base = max(
            (60_000 if n - back < 0 else int(legacy.get(table.index[n - back], 0))) * faded(back + 1)
            for back in range(29)
        )
        assert table["legacy_base"].iloc[n] == base
        assert table["can_carry"].iloc[n] == (base * 1.3 >= 60_000)
    assert table["can_carry"].iloc[0]
    assert not table["can_carry"].iloc[-1]


def faded(days: int) -> float:
    """Memory of a day so long ago (design 4.2)."""
    return 1.0 if days <= 7 else max(0.0, (30 - days) / 23)


def test_way_back_ends_with_legacy_and_respects_what_it_carries(tmp_path: Path) -> None:
    mail = Mail(messages=60_000, mix=ONE)
    ends = planned(write_customer(tmp_path, mail, legacy={"until": date(2026, 2, 10)}))
    after = ends.rollback[ends.rollback["date"] >= "2026-02-10"]
    assert not after["can_carry"].any()
    assert ends.rollback[ends.rollback["date"] < "2026-02-10"]["can_carry"].all()
    small = planned(write_customer(tmp_path, mail, legacy={"capacity": 59_999}))
    assert not small.rollback["can_carry"].any()


def test_day_to_shut_legacy_down_follows_the_promise(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=60_000, mix=ONE), weeks=12, policy={"horizon_days": 120}))
    days = {stone.id: stone.day for stone in plan.milestones}
    assert plan.uncertainty is not None
    assert days["promise.all"] == plan.uncertainty.commit_all
    assert days["legacy.may-end"] == max(
        days["promise.all"] + timedelta(days=14), plan.scenario.start + timedelta(weeks=8)
    )


def test_growth_ceiling_is_never_exceeded_by_a_message(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=60_000, mix={"yahoo.com": 0.5, "gmail.com": 0.5})))
    caps = plan.caps[(plan.caps["provider"] == "yahoo") & (plan.caps["limit"] == "ceiling")]
    grown = caps[caps["cap"] > 1200]
    assert len(grown) > 2
    assert (grown["cap"] <= grown["base"] * 1.5).all()


def test_remedy_for_a_deadline_names_the_spread_that_keeps_it(tmp_path: Path) -> None:
    mail = Mail(messages=400_000, weekdays=(1,), mix=ONE)
    deadline = date(2026, 4, 10)
    plan = planned(write_customer(tmp_path, mail, weeks=12, deadline=deadline, ips=2, policy={"horizon_days": 90}))
    remedy = finding(plan, "deadline.missed").remedy
    assert remedy.startswith("Spread each send of newsletter over ")
    days = int(remedy.split(" over ")[1].split(" days")[0])
    cured = planned(
        write_customer(
            tmp_path, replace(mail, keys={"spread_days": days}), weeks=12, deadline=deadline, ips=2,
            policy={"horizon_days": 90},
        )
    )  # fmt: skip
    assert not ids(cured) & {"deadline.missed", "deadline.at_risk", "complete.not_within_horizon"}


def test_first_possible_day_is_tried_whatever_weekday_it_is(tmp_path: Path) -> None:
    mail = Mail(messages=90_000, mix=ONE)
    late = write_customer(tmp_path, mail, start=date(2026, 3, 3), today=date(2026, 1, 8), deadline=date(2026, 3, 20))
    plan = planned(late, date(2026, 1, 8))
    assert plan.latest_start is not None
    earliest = plan.latest_start.earliest
    assert earliest.weekday() != 1
    assert earliest in [start for start, _, _ in plan.latest_start.tried]
    if plan.latest_start.day is not None:
        day = plan.latest_start.day
        assert f"Start by {day:%a} {day.day} {day:%b %Y}" in finding(plan, "deadline.missed").remedy


def test_cure_of_unplaced_mail_leaves_none(tmp_path: Path) -> None:
    mail = Mail(messages=400_000, mix=ONE)
    made: dict[str, Any] = {"legacy": {"until": date(2026, 2, 25)}, "new": {"autowarm": "off", "overflow": "none"}}
    plan = planned(write_customer(tmp_path, mail, **made))
    found = finding(plan, "legacy.unplaced")
    sure, _, half = found.remedy.partition("Helps but is not enough alone:")
    for one in plan.levers:
        text = one.text[1:]
        if text in sure:
            assert one.unplaced == 0
        if text in half:
            assert one.unplaced > 0
    assert "ne more IP in main" in half
    assert "policy standard" in sure.lower()


def test_reason_for_a_number_of_ips_is_the_one_it_was_taken_for(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=400_000, mix=ONE), weeks=12, ips=2))
    (size,) = plan.sizing
    fits = [one for one in size.rows if one.ips and one.capacity_share <= 1]
    if size.recommended == min(one.ips for one in fits):
        assert size.reason.startswith("The smallest number that carries the largest day")
    else:
        first = min(fits, key=lambda one: one.ips)
        assert first.all is not None
        taken = row(plan, size.recommended).all
        assert taken is not None
        assert size.reason.startswith(f"Complete {(first.all - taken).days} days sooner than with {first.ips} IP")


def test_longer_plan_as_a_cure_says_whom_it_leaves_out(tmp_path: Path) -> None:
    mail = Mail(messages=400_000, weekdays=(1,), mix={"gmx.de": 0.5, "t-online.de": 0.5})
    plan = planned(write_customer(tmp_path, mail, policy={"horizon_days": 60, "ramp": "conservative"}))
    assert "plan further ahead" in plan.all.cure.lower()
    longer = plan.all.cure.lower().split("plan further ahead")[1].split(";")[0]
    assert "(all but t-online)" in longer
