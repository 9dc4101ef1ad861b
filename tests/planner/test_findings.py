"""What a plan warns of, and whether the way out that it names is one: it is planned too."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.planner.make_files import (
    ENGAGED,
    START,
    TODAY,
    Mail,
    finding,
    ids,
    lever,
    planned,
    texts,
    write_customer,
)

ONE = {"gmail.com": 1.0}
BLACK_FRIDAY = date(2026, 11, 27)
SUMMER = {"start": date(2026, 8, 4), "today": date(2026, 7, 5), "policy": {"horizon_days": 120}}


def peak(days: Any = BLACK_FRIDAY, name: str = "Black Friday", **size: float) -> dict[str, Any]:
    return {"peaks": [{"name": name, "days": days, **size}]}


# -- peaks --------------------------------------------------------------------------------------------------------


def test_peak_never_delays_completion_and_the_spread_that_makes_it_fit_does(tmp_path: Path) -> None:
    """A weekly newsletter of 100,000, and 150,000 on Black Friday: two days of 75,000 fit."""
    mail = Mail(messages=100_000, weekdays=(1,), mix={"gmail.com": 0.6, "icloud.com": 0.4})
    made: dict[str, Any] = {**SUMMER, "policy": {"horizon_days": 120, "ramp": "standard"}}
    today = made["today"]
    plain = planned(write_customer(tmp_path, mail, **made), today)
    plan = planned(write_customer(tmp_path, mail, calendar=peak(messages=150_000), **made), today)
    assert plan.all.day == plain.all.day
    (one,) = plan.peaks
    assert (one.day, one.messages, one.fits, one.missing, one.spread_days) == (BLACK_FRIDAY, 150_000, False, 50_000, 2)
    assert one.ready_on is None
    found = finding(plan, "peak.does_not_fit")
    assert (
        "50,000 of 150,000 messages of that day do not fit on dedicated IPs and go to the legacy platform" in found.text
    )
    assert found.remedy == (
        "Spread it over 2 days. It fits if it is declared for Fri 27 Nov 2026 to Sat 28 Nov 2026 with 75,000 messages "
        "of newsletter a day."
    )
    assert plan.exit_code == 0

    days = [{"from": BLACK_FRIDAY, "to": BLACK_FRIDAY + timedelta(days=1)}]
    spread = planned(write_customer(tmp_path, mail, calendar=peak(days, messages=75_000), **made), today)
    assert [(one.fits, one.missing) for one in spread.peaks] == [(True, 0), (True, 0)]
    assert "peak.does_not_fit" not in ids(spread)


def test_peak_that_fits_says_from_when_on_the_ips_are_ready(tmp_path: Path) -> None:
    mail = Mail(messages=100_000, mix=ONE)
    plan = planned(write_customer(tmp_path, mail, calendar=peak(messages=60_000), **SUMMER), SUMMER["today"])
    (one,) = plan.peaks
    assert one.fits
    assert one.ready_on is not None
    # Ready when base traffic is 60,000: the day after the first send of at least that many.
    sent = plan.caps.set_index("date")["sent"]
    assert one.ready_on == sent[sent >= 60_000].index[0].date() + timedelta(days=1)
    assert one.note == ""


def test_peak_of_a_daily_sender_finds_no_free_day_and_is_told_where_it_goes(tmp_path: Path) -> None:
    made = {**SUMMER, "new": {"overflow": "shared"}, "legacy": {"until": date(2026, 10, 31)}}
    path = write_customer(tmp_path, Mail(messages=30_000, mix=ONE), calendar=peak(factor=8), **made)
    plan = planned(path, SUMMER["today"])
    found = finding(plan, "peak.does_not_fit")
    assert "210,000 of 240,000 messages of that day do not fit on dedicated IPs and go to the overflow" in found.text
    assert "No spread over up to 14 days makes it fit." in found.remedy
    assert "more than 2 times what the IPs are warm for" in found.remedy
    smaller = planned(
        write_customer(tmp_path, Mail(messages=30_000, mix=ONE), calendar=peak(factor=1.5), **made), SUMMER["today"]
    )
    remedy = finding(smaller, "peak.does_not_fit").remedy
    assert "or send days as large as this one before growth freezes on Fri 20 Nov 2026" in remedy


def test_nothing_grows_around_a_peak(tmp_path: Path) -> None:
    calendar = peak(START + timedelta(days=10), "Sale", factor=2)
    override = {"name": "Ada Example", "reason": "the contract ends"}
    policy = {"ramp": "standard", "override": override}
    plan = planned(write_customer(tmp_path, Mail(messages=90_000, mix=ONE), calendar=calendar, policy=policy))
    cap = list(plan.caps["cap"])
    assert cap[:15] == [200, 500, 1_000] + [1_000] * 11 + [2_000]
    kinds = list(plan.days["kind"])
    assert kinds[3:14] == ["freeze"] * 7 + ["peak"] + ["freeze"] * 3


def test_start_within_8_weeks_of_a_peak_is_refused_unless_somebody_decides(tmp_path: Path) -> None:
    mail = Mail(mix=ONE)
    calendar = {
        "peaks": [
            {"name": "Spring sale", "days": date(2026, 3, 20), "factor": 2.0},
            {"name": "Easter", "days": date(2026, 4, 5), "factor": 2.0},
        ]
    }
    plan = planned(write_customer(tmp_path, mail, calendar=calendar))
    (found,) = [one for one in plan.findings if one.id == "start.near_peak"]  # Easter is 61 days away
    assert found.text == "The start on Tue 3 Feb 2026 is within 8 weeks of Spring sale (Fri 20 Mar 2026)."
    # Not 24 March, which is within 8 weeks of Easter; nor earlier, for which it is too late.
    assert found.remedy.startswith("Start on Thu 9 Apr 2026 or later; or set policy.override")
    assert plan.exit_code == 1
    override = {"name": "Ada Example", "reason": "the contract ends in April"}
    decided = planned(write_customer(tmp_path, mail, calendar=calendar, policy={"override": override}))
    notice = finding(decided, "start.near_peak")
    assert (notice.severity, notice.text[-62:]) == (
        "notice",
        "(Fri 20 Mar 2026); Ada Example decided so: the contract ends in April."[-62:],
    )
    assert decided.exit_code == 0
    moved = planned(write_customer(tmp_path, mail, calendar=calendar, start=date(2026, 4, 9)))
    assert "start.near_peak" not in ids(moved)


def test_pool_that_starts_later_may_be_near_a_peak_too(tmp_path: Path) -> None:
    pools = [{"name": "a", "ip_count": 1}, {"name": "b", "ip_count": 1, "start": date(2026, 3, 31)}]
    mails = (Mail("news", mix=ONE, keys={"pool": "a"}), Mail("offers", mix=ONE, keys={"pool": "b"}))
    plan = planned(write_customer(tmp_path, *mails, pools=pools, calendar=peak(date(2026, 5, 1), "Sale", factor=2)))
    assert "The start on Tue 31 Mar 2026 is within 8 weeks" in finding(plan, "start.near_peak").text


def test_peak_after_the_plan_is_told(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(mix=ONE), calendar=peak(factor=3)))
    assert plan.peaks == ()
    found = finding(plan, "peak.beyond_plan")
    assert found.remedy == "Set policy.horizon_days = 298 to see it."
    assert "Black Friday on Fri 27 Nov 2026 lies after the last day of the plan" in found.text


# -- the end of legacy --------------------------------------------------------------------------------------------


def test_legacy_that_ends_too_early_without_overflow_is_a_blocker_whose_way_out_is_one(tmp_path: Path) -> None:
    mail = Mail(messages=100_000, mix={"gmail.com": 0.6, "icloud.com": 0.4})
    new = {"overflow": "none", "autowarm": "off"}
    made: dict[str, Any] = {"audience": ENGAGED, "new": new}
    plan = planned(write_customer(tmp_path, mail, legacy={"until": date(2026, 3, 1)}, **made))
    found = finding(plan, "legacy.unplaced")
    lost = plan.messages[plan.messages["destination"] == "unplaced"]
    assert found.severity == "blocker"
    assert f"{lost['messages'].sum():,} messages due between Mon 2 Mar 2026 and " in found.text
    assert (
        "the legacy platform ends on Sun 1 Mar 2026, there is no overflow, and the new IPs cannot take it yet"
        in found.text
    )
    assert plan.exit_code == 1
    assert "legacy.ends_early" not in ids(plan)
    assert "legacy.may-end" not in {m.id for m in plan.milestones}

    assert found.remedy.startswith(
        "Extend the legacy platform to Wed 18 Mar 2026, better to Thu 2 Apr 2026 as a way back"
    )
    assert "agree an overflow on the new platform" in found.remedy
    longer = planned(write_customer(tmp_path, mail, legacy={"until": date(2026, 3, 18)}, **made))
    assert "legacy.unplaced" not in ids(longer)
    day_less = planned(write_customer(tmp_path, mail, legacy={"until": date(2026, 3, 17)}, **made))
    assert "legacy.unplaced" in ids(day_less)
    back = planned(write_customer(tmp_path, mail, legacy={"until": date(2026, 4, 2)}, **made))
    assert not {key for key in ids(back) if key.startswith("legacy.ends")}


def test_legacy_that_ends_too_early_with_overflow_is_a_warning(tmp_path: Path) -> None:
    path = write_customer(
        tmp_path, Mail(messages=100_000, mix=ONE), legacy={"name": "Old ESP", "until": date(2026, 2, 15)}
    )
    plan = planned(path)
    after = plan.days[plan.days["date"].dt.date > date(2026, 2, 15)]
    found = finding(plan, "legacy.ends_early")
    assert found.severity == "warning"
    assert found.text.startswith("Old ESP ends on Sun 15 Feb 2026, but the plan is complete on")
    assert f"{after['overflow'].sum():,} messages after that day go to the overflow (shared)" in found.text
    assert found.remedy.startswith("Extend Old ESP to Tue 31 Mar 2026")  # 8 weeks after the start
    assert plan.exit_code == 0


def test_legacy_that_ends_after_completion_but_before_the_way_back(tmp_path: Path) -> None:
    path = write_customer(tmp_path, Mail(messages=100_000, mix=ONE), legacy={"until": date(2026, 3, 10)})
    found = finding(planned(path), "legacy.ends_before_rollback")
    assert found.text.startswith(
        "The legacy platform ends on Tue 10 Mar 2026. As the way back it should stay warm until"
    )
    assert found.remedy == "Extend the legacy platform to Tue 31 Mar 2026."


def test_capacity_of_legacy_and_overflow_is_kept_and_what_is_over_is_a_blocker(tmp_path: Path) -> None:
    path = write_customer(
        tmp_path, Mail(messages=100_000, mix=ONE), legacy={"capacity": 60_000}, new={"overflow_capacity": 10_000}
    )
    plan = planned(path)
    assert plan.days["legacy"].max() == 60_000
    assert plan.days["overflow"].max() == 10_000
    found = finding(plan, "legacy.unplaced")
    assert "carries 60,000 messages a day, the overflow takes 10,000 a day" in found.text
    assert found.remedy.startswith(
        "Raise what the legacy platform carries a day; or raise what the overflow takes a day"
    )


def test_sunset_recipients_without_a_place_are_a_blocker_of_their_own(tmp_path: Path) -> None:
    audience = {"engaged_0_30": 60, "older_or_never": 40}
    path = write_customer(
        tmp_path,
        Mail(mix=ONE),
        audience=audience,
        legacy={"until": date(2026, 4, 30)},
        new={"overflow": "none", "autowarm": "off"},
    )
    plan = planned(path)
    assert "legacy.unplaced" not in ids(plan)
    found = finding(plan, "sunset.unplaced")
    days = (plan.last - date(2026, 4, 30)).days
    assert found.text.startswith(f"{16_000 * days:,} messages to recipients without engagement for over 365 days")
    assert "from Fri 1 May 2026 on" in found.text
    assert plan.exit_code == 1


# -- the deadline -------------------------------------------------------------------------------------------------


def test_pace_is_the_gentlest_that_is_in_time(tmp_path: Path) -> None:
    deadline = date(2026, 3, 20)
    path = write_customer(tmp_path, Mail(messages=90_000, mix=ONE), deadline=deadline, policy={"pace": "deadline"})
    plan = planned(path)
    assert plan.pace < 1
    assert plan.all.day is not None
    assert plan.all.day <= deadline
    assert plan.pace_reason == "The gentlest pace that is complete by Fri 20 Mar 2026 with the expected volume."
    slower = round(plan.pace - 0.05, 2)
    again = planned(
        write_customer(tmp_path, Mail(messages=90_000, mix=ONE), deadline=deadline, policy={"pace": slower})
    )
    assert again.all.day is None or again.all.day > deadline
    assert lever(plan, "pace.1").all_delta < 0  # type: ignore[operator]


def test_pace_with_futures_says_in_how_many_of_them(tmp_path: Path) -> None:
    path = write_customer(tmp_path, Mail(mix=ONE), weeks=10, deadline=date(2026, 3, 20), policy={"pace": "deadline"})
    plan = planned(path)
    assert plan.pace < 1
    assert plan.pace_reason.startswith("The gentlest pace that is complete by Fri 20 Mar 2026 in ")
    assert " % of the cases, with the holds that are assumed for a promise" in plan.pace_reason
    # It leaves room for providers that hold growth.
    assert plan.uncertainty is not None
    assert plan.uncertainty.commit_all is not None
    assert plan.uncertainty.commit_all <= date(2026, 3, 20)
    assert "deadline.at_risk" not in ids(plan)


def test_deadline_that_full_pace_misses_names_what_would_cure_it(tmp_path: Path) -> None:
    mail = Mail(messages=90_000, mix=ONE)
    path = write_customer(tmp_path, mail, deadline=date(2026, 2, 12), policy={"pace": "deadline"})
    plan = planned(path)
    assert plan.pace == 1
    assert plan.pace_reason.startswith(
        "Full pace, which is still too slow for the deadline on Thu 12 Feb 2026: complete on"
    )
    assert plan.all.day is not None
    late = (plan.all.day - date(2026, 2, 12)).days
    assert f"{late} days after the deadline" in finding(plan, "deadline.missed").text
    assert plan.exit_code == 1
    assert plan.latest_start is not None
    assert plan.latest_start.day is None
    assert plan.latest_start.reason.startswith("Even a start on Tue 3 Feb 2026 is complete only on")
    assert "by the deadline" in plan.sizing[0].reason or plan.sizing[0].recommended > 1


def test_deadline_that_nothing_meets_is_to_be_moved(tmp_path: Path) -> None:
    path = write_customer(tmp_path, Mail(mix=ONE), audience=ENGAGED, deadline=date(2026, 2, 20))
    plan = planned(path)
    remedy = finding(plan, "deadline.missed").remedy
    assert remedy.startswith("Move the deadline to Thu 19 Mar 2026 or later")


def test_deadline_is_met_by_the_smallest_spread_that_meets_it(tmp_path: Path) -> None:
    mail = Mail(messages=90_000, weekdays=(1, 3), mix=ONE)
    deadline = date(2026, 3, 31)
    plan = planned(write_customer(tmp_path, mail, deadline=deadline))
    remedy = finding(plan, "deadline.missed").remedy
    spread = int(remedy.split("pread each send of newsletter over ")[1].split(" days")[0])
    cured = planned(write_customer(tmp_path, replace(mail, keys={"spread_days": spread}), deadline=deadline))
    assert "deadline.missed" not in ids(cured)
    assert cured.all.day is not None
    assert f"(complete on {cured.all.day:%a} {cured.all.day.day} {cured.all.day:%b %Y})" in remedy
    less = planned(write_customer(tmp_path, replace(mail, keys={"spread_days": spread - 1}), deadline=deadline))
    assert "deadline.missed" in ids(less)


def test_deadline_beyond_an_incomplete_plan(tmp_path: Path) -> None:
    mail = Mail(messages=400_000, every=14, since=3, mix=ONE)
    plan = planned(write_customer(tmp_path, mail, weeks=8, deadline=date(2026, 4, 30)))
    assert "is missed: the plan is not complete by its last day" in finding(plan, "deadline.missed").text
    spread = "pread each send of newsletter over 5 days"
    assert spread in finding(plan, "deadline.missed").remedy
    assert f"{spread} (spread_days = 5), the smallest spread that keeps the deadline: complete on" in plan.all.cure


def test_earlier_start_that_is_still_possible_is_found_and_is_in_time(tmp_path: Path) -> None:
    mail = Mail(messages=90_000, mix=ONE)
    deadline = date(2026, 3, 20)
    plan = planned(write_customer(tmp_path, mail, start=date(2026, 3, 3), deadline=deadline))
    assert plan.all.day is not None
    assert plan.all.day > deadline
    latest = plan.latest_start
    assert latest is not None
    assert latest.day is not None
    assert START <= latest.day < date(2026, 3, 3)  # with today's lead times 3 February is the first
    assert latest.earliest == START
    assert latest.day.weekday() == 1
    assert f"Start by {latest.day:%a} {latest.day.day} {latest.day:%b %Y}" in finding(plan, "deadline.missed").remedy
    sooner = planned(write_customer(tmp_path, mail, start=latest.day, deadline=deadline))
    assert "deadline.missed" not in ids(sooner)
    assert sooner.latest_start is not None
    assert sooner.latest_start.day == latest.day
    week_later = planned(write_customer(tmp_path, mail, start=latest.day + timedelta(days=7), deadline=deadline))
    assert "deadline.missed" in ids(week_later)


def test_latest_start_asks_for_full_pace_where_the_pace_follows_the_deadline(tmp_path: Path) -> None:
    mail = Mail(messages=90_000, mix=ONE)
    made: dict[str, Any] = {"deadline": date(2026, 4, 20)}
    gentle = planned(write_customer(tmp_path, mail, **made, policy={"pace": "deadline"}))
    full = planned(write_customer(tmp_path, mail, **made))
    assert gentle.pace < full.pace
    assert gentle.latest_start == full.latest_start
    assert full.latest_start is not None
    assert full.latest_start.day is not None
    assert full.latest_start.day > START


# -- the rest -----------------------------------------------------------------------------------------------------


def test_platform_warm_up_stalls_with_a_slow_cadence(tmp_path: Path) -> None:
    mail = Mail(messages=600_000, weekdays=(1,), mix=ONE)
    plan = planned(write_customer(tmp_path, mail, new={"autowarm": "sparkpost"}))
    assert "Pool main sends every 7 days: SparkPost's own warm-up" in finding(plan, "autowarm.stalls").text


def test_short_window_lowers_the_hourly_ceiling_and_is_noticed(tmp_path: Path) -> None:
    calendar = {"window": {"from": "09:00", "to": "13:00"}}
    plan = planned(write_customer(tmp_path, Mail(messages=100_000), calendar=calendar, policy={"ramp": "billionmail"}))
    yahoo = plan.caps[plan.caps["provider"] == "yahoo"]
    assert list(yahoo["cap"][:7]) == [400] * 7
    assert "The send window has 4 hours" in finding(plan, "window.short").text
    (row,) = [row for row in plan.assumptions if row.what == "Ceiling at Yahoo / AOL"]
    assert row.value.startswith("400 messages a day per IP (100 an hour, in a send window of 4 hours)")


def test_company_domains_behind_gateways_have_a_ceiling_per_domain(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=100_000, mix={"gmail.com": 0.9, "microsoft_365": 0.1})))
    (row,) = [row for row in plan.assumptions if row.what == "Ceiling at Microsoft 365"]
    assert row.value.startswith("50 messages a day per recipient domain, not applied because the history does not name")


def test_message_load_above_a_million_per_ip_is_noticed(tmp_path: Path) -> None:
    mail = Mail(messages=1_500_000, mix=ONE)
    plan = planned(write_customer(tmp_path, mail, policy={"ramp": "standard"}))
    assert finding(plan, "capacity.above_million").text == (
        "The plan sends up to 1,500,000 messages a day over one IP; other platforms stop at 500,000 (Mandrill)."
    )


def test_assumptions_name_the_numbers_that_the_plan_was_made_with(tmp_path: Path) -> None:
    path = write_customer(
        tmp_path,
        Mail(messages=100_000),
        audience=ENGAGED,
        calendar=peak(date(2026, 5, 1), "Sale", factor=2),
        policy={"control_share": 0.025, "capacity_per_ip": 750_000},
        legacy={"name": "Old ESP", "capacity": 120_000},
    )
    plan = planned(path)
    said = {row.what: row.value for row in plan.assumptions}
    assert said["Control group"] == "2.5 % of the in-scope marketing mail stays on legacy until completion"
    assert plan.messages.loc[plan.messages["limit"] == "control"].groupby("date")["messages"].sum().iloc[0] == 2_500
    assert said["Capacity of a warm IP"] == "750,000 messages a day"
    assert plan.ip_load["capacity_per_ip"].iloc[0] == 750_000
    assert said["Capacity of Old ESP"] == "120,000 messages a day"
    assert said["Peaks"] == "nothing grows from 7 days before a declared peak to 3 days after it"
    assert said["Engagement tiers"].startswith(
        "marketing mail goes to people engaged ≤ 30 days from the start, ≤ 60 days from week 3, ≤ 90 days from week 5, "
        "older after 6 weeks; each at least 6 sending days after the one before"
    )
    assert said["Older recipients"] == (
        "each step adds at most 15 % of base traffic, a further step after 2 sending days"
    )
    assert said["Memory"] == "the largest day counts in full for 7 days, then fades to nothing at 30 idle days"
    assert "99.5 % of the in-scope mail of every pool" in said["Complete"]
    assert said["Growth beyond the ladder"] == "at most 30 % a week"
    for row in plan.assumptions:
        assert row.source, row.what
        assert row.confidence in ("", "sourced", "partly", "judgement", "high", "medium", "low"), row


def test_overdue_items_of_the_pre_flight_are_one_notice(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(mix=ONE), start=TODAY + timedelta(days=16)))  # a Tuesday
    found = finding(plan, "readiness.overdue")
    assert found.text.startswith("3 pre-flight items should have been done before today for a start on Tue 20 Jan 2026")
    assert "legacy_end_date, suppression_export and baseline" in found.text
    done = dict.fromkeys(("legacy_end_date", "suppression_export", "baseline"), "done")
    said = planned(write_customer(tmp_path, Mail(mix=ONE), start=TODAY + timedelta(days=16), preflight=done))
    assert "readiness.overdue" not in ids(said)


@pytest.mark.parametrize("name", ["Newsletter 2026", "été", "a.b", "1"])
def test_sentences_hold_for_other_names(tmp_path: Path, name: str) -> None:
    """`planned` checks every sentence; here for names that are not lower-case words."""
    mail = Mail(name, 400_000, every=10, since=3, mix=ONE)
    identity = {"identity_old": {"from_domain": "a.example"}, "identity_new": {"from_domain": "b.example"}}
    plan = planned(write_customer(tmp_path, replace(mail, keys=identity), weeks=8))
    assert any(name in text for text in texts(plan).values())
