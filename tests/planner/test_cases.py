"""Customers as they come, each planned from its files: the answer, its dates and what the day's tables say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import warmup
from tests.planner.make_files import (
    ENGAGED,
    START,
    TODAY,
    Mail,
    finding,
    ids,
    lever,
    planned,
    write_customer,
)
from warmup.errors import InputError
from warmup.planner.bench import make_bench

if TYPE_CHECKING:
    from warmup.planner.plan import Plan

OLD, NEW = {"from_domain": "news.example.com"}, {"from_domain": "mail.example.net"}
STANDARD = {"ramp": "standard"}
GERMANY = {"gmail.com": 0.4, "gmx.de": 0.3, "t-online.de": 0.15, "outlook.com": 0.15}


def caps(plan: Plan, provider: str, column: str = "cap", group: str | None = None) -> pd.Series:
    """One clock's column by day."""
    table = plan.caps[plan.caps["provider"] == provider]
    table = table if group is None else table[table["ip_group"] == group]
    return table.groupby("date")[column].sum()


def dedicated(plan: Plan, **where: str) -> pd.Series:
    """Messages on dedicated IPs by day of sending."""
    table = plan.messages[plan.messages["destination"] == "dedicated"]
    for column, value in where.items():
        table = table[table[column] == value]
    return table.groupby("date")["messages"].sum()


def day(plan: Plan, n: int) -> pd.Timestamp:
    """The n-th day of a plan, from 1."""
    return pd.Timestamp(plan.first + timedelta(n - 1))


# -- volume and cadence -------------------------------------------------------------------------------------------


def test_provider_of_a_500th_is_small_and_carried_whole_from_the_first_day(tmp_path: Path) -> None:
    mix = {"gmail.com": 0.798, "outlook.com": 0.2, "comcast.net": 0.002}
    plan = planned(write_customer(tmp_path, Mail(messages=20_000, mix=mix)))  # 40 a day at Comcast
    assert plan.small_members == {"main": ("comcast",)}
    assert caps(plan, "small").loc[day(plan, 1)] == 50
    mine = plan.messages[plan.messages["provider"] == "comcast"]
    assert set(mine.loc[mine["destination"] != "dedicated", "limit"]) == {"control"}
    assert plan.all.per_provider["comcast"] == plan.all.per_provider["small"] is not None
    assert plan.exit_code == 0


def test_provider_that_only_has_mail_on_a_peak_day_has_a_part_of_the_ladder(tmp_path: Path) -> None:
    scenario = warmup.load_scenario(write_customer(tmp_path, Mail(messages=40_000, mix={"gmail.com": 1.0})))
    supply = make_bench(scenario, today=TODAY).supply
    messages = np.concatenate([supply.messages, np.zeros_like(supply.messages)], axis=3)
    messages[0, 50, 0, 1] = extra = 20_000
    peak = np.arange(supply.days) == 50
    wider = replace(
        supply,
        providers=(*supply.providers, "comcast"),
        messages=messages,
        peak_days=peak,
        legacy_daily=np.zeros((0, 2)),
    )
    plan = warmup.plan(scenario, wider, today=TODAY)
    # 200 is the ladder's first level.
    share = extra / int(messages.sum())
    assert dedicated(plan, provider="comcast").sum() == ceil(200 * share)


def test_provider_of_a_500th_with_a_clock_of_its_own_does_not_stick(tmp_path: Path) -> None:
    mix = {"gmail.com": 0.798, "outlook.com": 0.2, "comcast.net": 0.002}
    plan = planned(write_customer(tmp_path, Mail(messages=60_000, mix=mix)))  # 120 a day at Comcast
    cap = caps(plan, "comcast")
    assert cap.iloc[0] == 1  # 0.2 % of 200 is 0.4
    assert cap.loc[: day(plan, 18)].is_monotonic_increasing
    assert plan.all.per_provider["comcast"] is not None
    assert caps(plan, "comcast", "sent").loc[pd.Timestamp(plan.all.per_provider["comcast"])] == 114  # 120 less control


def test_weekly_sender_of_5_million_climbs_a_level_a_send(tmp_path: Path) -> None:
    weekly = Mail(messages=5_000_000, weekdays=(2,), mix={"gmail.com": 1.0})
    plan = planned(write_customer(tmp_path, weekly, ips=3, policy={**STANDARD, "horizon_days": 200}))
    sent = caps(plan, "google", "sent")
    sends = sent[sent > 0]
    ladder = [200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 50_000, 75_000, 100_000]
    assert list(sends.iloc[:11]) == [3 * level for level in ladder]
    assert {stamp.weekday() for stamp in sends.index} == {2}
    # 4,750,000 (less control) over three IPs lies between 1.25 and 1.75 million: the 22nd send.
    assert plan.all.day == sends.index[21].date() - timedelta(days=6)  # the first day after the 21st send
    assert lever(plan, "spread.2.newsletter").all_delta is not None
    assert lever(plan, "spread.2.newsletter").all_delta < -30  # type: ignore[operator]


def test_weekly_sender_whose_ips_are_too_few_is_told_how_many(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=5_000_000, weekdays=(2,)), ips=2, policy=STANDARD))
    found = finding(plan, "capacity.too_small")
    assert "5,000,000 messages on its largest day, but its IPs (2) carry 4,000,000" in found.text
    assert found.remedy == "Take 3 IPs, or spread the send over 2 days."
    assert plan.sizing[0].recommended == 3
    assert plan.exit_code == 1


@pytest.mark.parametrize(("every", "left", "audience"), [(10, "87 %", None), (14, "70 %", ENGAGED), (21, "39 %", None)])
def test_cadence_too_slow_to_climb_is_cured_by_the_smallest_spread(
    tmp_path: Path, every: int, left: str, audience: dict[str, int] | None
) -> None:
    """The spread named is planned, and so is one day less."""
    mail = Mail(messages=400_000, every=every, since=3, mix={"gmail.com": 1.0})
    made: dict[str, Any] = {"ips": 2, "weeks": 8, "audience": audience, "policy": {"horizon_days": 150}}
    plan = planned(write_customer(tmp_path, mail, **made))
    for done in (plan.engaged, plan.all):
        assert (done.day, done.limit) == (None, "memory")
        assert f"newsletter is sent every {every} days" in done.reason
        assert f"fades to {left} before the next" in done.reason
    assert plan.exit_code == 1

    spread = int(plan.all.cure.split("spread_days = ")[1].split(")")[0])
    cured = planned(write_customer(tmp_path, replace(mail, keys={"spread_days": spread}), **made))
    assert cured.all.day is not None
    assert f"{cured.all.day.day} {cured.all.day:%b %Y}" in plan.all.cure
    assert lever(plan, f"spread.{spread}.newsletter").all == cured.all.day
    less = planned(write_customer(tmp_path, replace(mail, keys={"spread_days": spread - 1}), **made))
    assert less.all.day is None


def test_cadence_that_no_spread_cures_is_told_so(tmp_path: Path) -> None:
    mail = Mail(messages=9_000_000, every=28, since=3, mix={"gmail.com": 1.0}, keys={"spread_days": 2})
    plan = planned(write_customer(tmp_path, mail, ips=5, weeks=8, policy={"horizon_days": 60}))
    assert plan.all.limit == "memory"
    assert plan.all.cure.startswith("Send more often, or stay on the shared pool: not even spread_days = 14 is enough")


def test_sixty_thousand_a_month_take_no_dedicated_ip(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=2_000)))
    (size,) = plan.sizing
    assert (size.planned, size.recommended) == (1, 0)
    assert size.reason.startswith("60,000 messages a month are too few: below 100,000 a month")
    assert [row.verdict for row in size.rows[:3]] == ["recommended", "shared pool", "shared pool"]
    found = finding(plan, "sizing.shared_preferred")
    assert (found.severity, found.remedy) == ("error", "Stay on the shared pool.")
    assert plan.exit_code == 1


def test_monthly_sender_never_takes_a_dedicated_ip(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=900_000, every=35, since=3), weeks=20))
    assert plan.sizing[0].recommended == 0
    assert "35 days pass between two sends, and after 30 idle days an IP is cold again" in plan.sizing[0].reason


def test_400_thousand_a_month_prefer_the_shared_pool_and_one_ip_is_the_most(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=13_000), ips=2))
    assert plan.sizing[0].recommended == 1
    assert finding(plan, "sizing.shared_preferred").severity == "warning"
    one = planned(write_customer(tmp_path, Mail(messages=13_000), ips=1))
    assert finding(one, "sizing.shared_preferred").severity == "notice"
    assert one.exit_code == 0


def test_eight_ips_for_300_thousand_a_day_are_snowshoe(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=300_000), ips=8))
    found = finding(plan, "sizing.snowshoe")
    assert (found.severity, found.subject) == ("error", "main")
    assert "8 IPs for 300,000 messages on its largest day" in found.text
    assert found.remedy == "Use 4 IPs or fewer."
    more = lever(plan, "ips.plus1.main")
    assert more.struck
    assert {row.ips: row.verdict for row in plan.sizing[0].rows}[8] == "snowshoe"
    assert plan.sizing[0].recommended <= 4
    assert plan.exit_code == 1


def test_200_ips_are_planned_and_called_too_many(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=5_000_000, mix={"gmail.com": 1.0}), ips=200))
    assert "sizing.snowshoe" in ids(plan, "error")
    assert plan.sizing[0].recommended == 3
    assert caps(plan, "google").iloc[0] == 200 * 200


# -- who goes first -----------------------------------------------------------------------------------------------


def test_tail_of_60_percent_joins_in_steps_and_gives_two_dates_far_apart(tmp_path: Path) -> None:
    tail = {"engaged_0_30": 25, "engaged_31_60": 10, "engaged_61_90": 5, "engaged_91_180": 35, "engaged_181_365": 25}
    plan = planned(write_customer(tmp_path, Mail(messages=100_000), audience=tail, policy={"horizon_days": 180}))
    assert plan.engaged.day == START + timedelta(weeks=4)  # ≤ 90 days open in week 5
    assert plan.all.day is not None
    assert (plan.all.day - plan.engaged.day).days >= 21
    assert "40 % of the mail goes to people engaged within 90 days, below 60 %" in plan.policy_reason
    assert plan.policy == "conservative"

    older = dedicated(plan, provider="google", tier="91_180").add(
        dedicated(plan, provider="google", tier="181_365"), fill_value=0
    )
    assert older.index.min().date() >= START + timedelta(weeks=6)
    base = caps(plan, "google", "base")
    before = 0.0
    for stamp, messages in older.items():
        if stamp.date() >= plan.all.day:
            break  # the control group is released
        assert messages <= before + 0.15 * base.loc[stamp] + 1
        before = max(before, messages)
    found = finding(plan, "legacy.disengaged")
    assert "60 % of its marketing mail before the start" in found.text


def test_two_dates_when_the_list_is_good(tmp_path: Path) -> None:
    plan = planned(
        write_customer(tmp_path, audience=ENGAGED, policy={"hard_bounce_rate": 0.004}, weeks=10)
    )  # 80 % engaged within 90 days
    assert plan.policy == "standard"
    assert "80 % engaged within 90 days and 0.4 % hard bounces" in plan.policy_reason
    assert (plan.engaged.day, plan.all.day) == (START + timedelta(days=28), START + timedelta(days=44))
    assert plan.uncertainty is not None
    assert plan.uncertainty.all.low == plan.all.day  # a history without noise
    tiers = {m.id: m.day for m in plan.milestones if m.id.startswith("tier.")}
    assert tiers["tier.31_60.main"] == START + timedelta(days=14)
    assert tiers["tier.61_90.main"] == START + timedelta(days=28)
    assert tiers["tier.91_180.main"] == START + timedelta(days=42)


def test_without_engagement_data_there_is_one_tier_and_its_price_is_named(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path))
    assert plan.tiers == ("all",)
    assert plan.engaged.day == plan.all.day
    assert "complete.engaged" not in {m.id for m in plan.milestones}
    assert "Nothing is known of who opens and clicks newsletter" in finding(plan, "tiers.unknown").text
    assert "how much of the list is engaged is not known" in plan.policy_reason


def test_less_than_8_weeks_of_history_give_no_range_and_say_so(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, weeks=7))
    assert plan.uncertainty is None
    assert plan.uncertainty_reason == (
        "There is no range: it needs at least 8 weeks of history, Monday to Sunday, and this one has 6 weeks."
    )


def test_never_engaged_recipients_stay_out_until_asked_for(tmp_path: Path) -> None:
    audience = {"engaged_0_30": 60, "engaged_31_60": 20, "older_or_never": 20}
    plan = planned(write_customer(tmp_path, audience=audience))
    mine = plan.messages[plan.messages["tier"] == "older_or_never"]
    assert set(mine["destination"]) == {"legacy"}
    assert set(mine["limit"]) == {"out-of-scope"}
    assert "About 56,000 messages a week" in finding(plan, "scope.sunset").text
    asked = planned(write_customer(tmp_path, Mail(keys={"include_never": True}), audience=audience))
    assert "scope.sunset" not in ids(asked)
    assert asked.all.day is not None
    assert plan.all.day is not None
    assert asked.all.day > plan.all.day
    assert lever(asked, "scope.sunset").all == plan.all.day


def test_control_group_is_released_on_the_day_of_completion(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, mails := Mail(messages=40_000)))
    assert plan.control["released"] == plan.all.day
    assert plan.all.day is not None
    days = plan.days.set_index("date")
    done = pd.Timestamp(plan.all.day)
    assert days.loc[done - pd.Timedelta(days=1), "control"] == mails.messages * 0.05
    assert days.loc[done:, "control"].sum() == 0
    assert days.loc[done + pd.Timedelta(days=14), "dedicated"] == mails.messages
    none = planned(write_customer(tmp_path, policy={"control_share": 0.0}))
    assert none.control["messages"] == 0
    assert "Control group" not in {row.what for row in none.assumptions}


def test_keep_warm_mail_stays_until_14_days_after_completion(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=100_000), legacy={"keep_warm": 1_000, "ips": 2}))
    assert plan.all.day is not None
    on_legacy = plan.messages[(plan.messages["destination"] == "legacy") & (plan.messages["provider"] == "yahoo")]
    by_day = on_legacy.groupby("date")["messages"].sum()
    done = pd.Timestamp(plan.all.day)
    for n in (1, 13):
        assert by_day.loc[done + pd.Timedelta(days=n)] == 2_000  # of 10,000 a day at Yahoo
    assert done + pd.Timedelta(days=14) not in by_day.index
    (row,) = [row for row in plan.assumptions if row.what == "Keeping legacy warm"]
    assert row.value.startswith("1,000 messages a day per mailbox provider on each of 2 IPs of the legacy platform")


def test_critical_mail_waits_14_sending_days(tmp_path: Path) -> None:
    receipts = Mail("receipts", 20_000, keys={"kind": "transactional"})
    plan = planned(write_customer(tmp_path, receipts, Mail("codes", 5_000, keys={"kind": "critical"})))
    assert dedicated(plan, stream="receipts").index.min().date() == START
    assert dedicated(plan, stream="codes").index.min().date() == START + timedelta(days=14)
    assert "pool.critical_with_marketing" not in ids(plan)
    both = planned(write_customer(tmp_path, Mail(), Mail("codes", 5_000, keys={"kind": "critical"})))
    assert (
        "Critical mail (codes) shares pool main with newsletter" in finding(both, "pool.critical_with_marketing").text
    )


def test_percent_stream_moves_with_one_share_for_all_providers(tmp_path: Path) -> None:
    mail = Mail("receipts", 50_000, keys={"kind": "transactional", "split": "percent"})
    plan = planned(write_customer(tmp_path, mail))
    table = dedicated(plan, provider="google").div(25_000)
    for provider, volume in (("yahoo", 5_000), ("microsoft_consumer", 10_000), ("apple_icloud", 10_000)):
        mine = dedicated(plan, provider=provider).div(volume)
        assert ((mine - table).abs() < 0.001).all()
    counted = lever(plan, "split.count.receipts")
    assert counted.legacy_delta < 0
    assert plan.control["messages"] == 0  # marketing only


def test_percent_stream_does_not_move_while_one_of_its_providers_is_closed(tmp_path: Path) -> None:
    mail = Mail("receipts", 50_000, mix=GERMANY, keys={"kind": "transactional", "split": "percent"})
    plan = planned(write_customer(tmp_path, mail, preflight={"t_online_request": date(2026, 2, 17)}))
    assert dedicated(plan).index.min().date() == date(2026, 2, 17)
    assert "T-Online is closed: nothing of it moves until Tue 17 Feb 2026" in finding(plan, "split.blocked").text


def test_two_marketing_streams_on_a_day_are_noticed_until_completion(tmp_path: Path) -> None:
    news, offers = Mail("newsletter", 60_000, weekdays=(1, 3)), Mail("offers", 40_000, weekdays=(3,))
    plan = planned(write_customer(tmp_path, news, offers, policy={**STANDARD, "horizon_days": 150}))
    assert plan.all.day is not None
    thursdays = sum((START + timedelta(n)).weekday() == 3 for n in range((plan.all.day - START).days))
    assert finding(plan, "frequency.two_a_day").text.startswith(f"On {thursdays} days before completion")
    assert set(plan.streams) == {"newsletter", "offers"}


# -- providers ----------------------------------------------------------------------------------------------------


def test_permanent_ceiling_gives_complete_except_yahoo_and_the_lever_without_it(tmp_path: Path) -> None:
    path = write_customer(
        tmp_path, Mail(messages=100_000), weeks=10, policy={"ceilings": {"yahoo": {"daily": 1_200, "permanent": True}}}
    )
    plan = planned(path)
    assert plan.all.except_providers == ("yahoo",)
    assert plan.all.day is not None
    assert plan.all.per_provider["yahoo"] is None
    assert (caps(plan, "yahoo", "sent") <= 1_200).all()
    assert plan.exit_code == 1
    found = finding(plan, "complete.except")
    assert found.text == (
        "Complete except Yahoo / AOL, which a permanent ceiling of 1,200 messages a day per IP keeps below its 9,500 "
        "messages a day."
    )
    assert found.remedy.startswith("Lift the permanent ceiling at Yahoo / AOL; or leave what does not fit")
    lifted = lever(plan, "ceiling.none.yahoo")
    assert lifted.all is not None
    assert not lifted.struck
    # Everything else is still comparable: every lever and every future leaves Yahoo out.
    assert lever(plan, "start.plus7").all_delta == 7
    assert plan.uncertainty is not None
    assert plan.uncertainty.all.not_within == 0
    assert any(row.all for row in plan.sizing[0].rows)
    assert "legacy.may-end" not in {m.id for m in plan.milestones}
    assert any("except Yahoo / AOL" in m.text for m in plan.milestones)


def test_yahoo_begins_at_a_thousand_a_day_and_grows_by_half(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=100_000), policy={"ramp": "sparkpost-2015-per-isp"}))
    cap = list(caps(plan, "yahoo").iloc[:10])  # 100 an hour in a window of 10 hours
    assert cap == [1_000] * 7 + [1_500, 2_250, 3_375]
    assert finding(plan, "ceiling.above_observed").text.startswith("From Thu 12 Feb 2026 on the plan sends Yahoo / AOL")
    struck = lever(plan, "ceiling.none.yahoo")
    assert struck.struck
    assert struck.text == "Ignore the starting ceiling at Yahoo / AOL"
    (row,) = [row for row in plan.assumptions if row.what == "Ceiling at Yahoo / AOL"]
    assert row.value.startswith(
        "1,000 messages a day per IP (100 an hour, in a send window of 10 hours) for 7 sending days, then at most × 1.5"
    )
    assert row.confidence == "sourced"


def test_t_online_stays_closed_until_somebody_says_that_its_reset_is_confirmed(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=100_000, mix=GERMANY)))
    assert "t_online" not in set(plan.messages.loc[plan.messages["destination"] == "dedicated", "provider"])
    mine = plan.messages[plan.messages["provider"] == "t_online"]
    assert set(mine["limit"]) == {"readiness", "control"}
    assert plan.all.except_providers == ("t_online",)
    assert plan.exit_code == 1
    assert "T-Online, which stays closed because a pre-flight item is not done" in plan.all.reason
    found = finding(plan, "readiness.t_online_request")
    assert found.text.startswith("Nothing goes to T-Online from the new IPs until somebody says that it is done:")
    assert found.remedy.startswith("IP owner: do it by Tue 27 Jan 2026, then set preflight.t_online_request to done")
    assert lever(plan, "preflight.t_online_request").legacy_delta < 0


def test_t_online_opens_on_the_day_its_reset_is_promised_for(tmp_path: Path) -> None:
    opens = START + timedelta(days=14)
    items = {"t_online_request": opens, "yahoo_cfl": date(2026, 1, 20)}
    plan = planned(write_customer(tmp_path, Mail(messages=100_000, mix=GERMANY), preflight=items))
    assert dedicated(plan, provider="t_online").index.min().date() == opens
    assert plan.all.except_providers == ()
    assert plan.exit_code == 0
    assert "until Tue 17 Feb 2026" in finding(plan, "readiness.t_online_request").text
    # An item that is promised for a day before the start closes nothing.
    assert "readiness.yahoo_cfl" not in ids(plan)


def test_certified_sender_has_no_ceiling_at_united_internet(tmp_path: Path) -> None:
    done = {"t_online_request": "done"}
    mail = Mail(messages=100_000, mix=GERMANY)
    plain = planned(write_customer(tmp_path, mail, preflight=done))
    assert (caps(plain, "united_internet").iloc[:7] <= 500).all()
    certified = planned(write_customer(tmp_path, mail, preflight=done, policy={"csa_certified": True}))
    assert certified.all.per_provider["united_internet"] == certified.all.per_provider["google"]
    assert lever(plain, "ceiling.csa").all == certified.all.day
    assert "Ceiling at GMX / WEB.DE" not in {row.what for row in certified.assumptions}


@pytest.mark.parametrize("shared", [False, True])
def test_microsoft_has_two_clocks_or_one(tmp_path: Path, shared: bool) -> None:
    mix = {"gmail.com": 0.5, "outlook.com": 0.3, "microsoft_365": 0.2}
    path = write_customer(tmp_path, Mail(messages=100_000, mix=mix), policy={"microsoft_shared": shared})
    plan = planned(path)
    clocks = set(plan.caps["provider"])
    assert clocks == ({"google", "microsoft"} if shared else {"google", "microsoft_consumer", "microsoft_365"})
    ladder = {use.provider: use.share for use in plan.ladders}
    if shared:
        assert ladder["microsoft"] == pytest.approx(0.5)
        assert (caps(plan, "microsoft").iloc[:7] <= 5_000).all()  # the consumer ceiling holds for both
    assert plan.exit_code == 0


def test_ceiling_for_a_provider_without_mail_is_told(tmp_path: Path) -> None:
    ceiling = {"comcast": {"daily": 500, "for_sending_days": 7}}
    plan = planned(write_customer(tmp_path, policy={"ceilings": ceiling}))
    assert (
        "a ceiling for Comcast / Xfinity, but the history holds no mail to it" in finding(plan, "ceiling.unused").text
    )


# -- IPs, pools, identities ---------------------------------------------------------------------------------------


def test_new_from_domain_with_new_ips_warms_on_one_ladder_however_many_ips(tmp_path: Path) -> None:
    mail = Mail(messages=100_000, keys={"identity_old": OLD, "identity_new": NEW})
    plan = planned(write_customer(tmp_path, mail, ips=4, policy=STANDARD))
    found = finding(plan, "identity.changed_with_ip")
    assert (found.severity, found.subject) == ("blocker", "newsletter")
    assert "From (news.example.com → mail.example.net)" in found.text
    assert "caps multiply with IPs, a domain's reputation does not" in found.text
    assert plan.exit_code == 1
    # The IPs would take 4 × 200 on the first day; the domain takes 200.
    assert dedicated(plan).iloc[0] == 200
    assert caps(plan, "google").iloc[0] == 4 * 100
    kept = lever(plan, "identity.keep")
    assert kept.all_delta is not None
    assert kept.all_delta < 0
    limits = plan.messages[plan.messages["destination"] == "legacy"].groupby("limit")["messages"].sum()
    assert limits.idxmax() == "identity"


def test_names_that_both_platforms_need_are_a_blocker(tmp_path: Path) -> None:
    same = {"from_domain": "news.example.com", "tracking": "click.example.com", "return_path": "b.example.com"}
    keys = {"identity_old": same, "identity_new": {**same, "return_path": "b2.example.com"}}
    plan = planned(write_customer(tmp_path, Mail(keys=keys)))
    found = finding(plan, "migration.host.shared")
    assert found.severity == "blocker"
    assert "keeps its tracking host click.example.com:" in found.text
    assert "identity.changed_with_ip" not in ids(plan)


def test_own_block_moves_whole_on_one_day(tmp_path: Path) -> None:
    path = write_customer(
        tmp_path, Mail(messages=1_000_000), audience=ENGAGED, ips=256, new={"mode": "byoip", "overflow": "none"}
    )
    plan = planned(path)
    assert plan.exit_code == 0
    assert plan.engaged.day == plan.all.day == START
    assert (plan.days["dedicated"] == plan.days["supply"]).all()
    assert plan.control["messages"] == 0
    assert "a /24 or more, and warm today" in finding(plan, "byoip.checklist").text
    assert "roa" in {item.id for item in plan.preflight}
    assert not ids(plan) & {"sizing.snowshoe", "autowarm.cold_without_overflow", "complete.quick", "tiers.unknown"}
    assert (plan.sizing[0].recommended, plan.sizing[0].planned) == (256, 256)
    assert {one.id for one in plan.levers} == {"start.plus7"}
    assert plan.ladders == ()
    assert plan.policy == "byoip"
    assert not {"Ramp", "Memory", "Control group", "Engagement tiers"} & {row.what for row in plan.assumptions}


def test_own_block_that_does_not_move_at_once_is_an_error(tmp_path: Path) -> None:
    pools = [{"name": "a", "ip_count": 128}, {"name": "b", "ip_count": 128, "start": START + timedelta(days=7)}]
    mails = (Mail("news", keys={"pool": "a"}), Mail("offers", keys={"pool": "b"}))
    plan = planned(write_customer(tmp_path, *mails, pools=pools, new={"mode": "byoip"}))
    assert "Tue 3 Feb 2026 and Tue 10 Feb 2026" in finding(plan, "byoip.not_at_once").text


@pytest.mark.parametrize("platform", ["bird", "sparkpost"])
def test_automatic_warm_up_of_cold_ips_without_overflow_is_a_blocker(tmp_path: Path, platform: str) -> None:
    plan = planned(write_customer(tmp_path, new={"autowarm": platform, "overflow": "none"}))
    found = finding(plan, "autowarm.cold_without_overflow")
    assert found.severity == "blocker"
    assert f"(autowarm = {platform})" in found.text
    assert plan.exit_code == 1
    off = planned(write_customer(tmp_path, new={"autowarm": "off", "overflow": "none"}))
    assert off.exit_code == 0


def test_ips_that_start_later_in_the_same_pool_would_be_overloaded_by_rotation(tmp_path: Path) -> None:
    later = START + timedelta(days=14)
    ips = ["192.0.2.1", "192.0.2.2", {"address": "192.0.2.3", "start": later}]
    plan = planned(write_customer(tmp_path, Mail(messages=100_000), pools=[{"name": "main", "ips": ips}]))
    groups = {f"main from {START}", f"main from {later}"}
    assert set(plan.caps["ip_group"]) == groups
    assert caps(plan, "google", group=f"main from {START}").iloc[0] == 200
    assert caps(plan, "google", group=f"main from {later}").loc[pd.Timestamp(later)] == 100
    found = finding(plan, "pool.unlike_ips")
    assert "from Tue 17 Feb 2026 on an equal rotation overloads the younger ones" in found.text
    assert "rotated equally, 300 would be the most" in found.text
    # IPs that are not there yet are no reason why the others send no more.
    waiting = plan.messages[(plan.messages["destination"] == "legacy") & (plan.messages["date"] == day(plan, 2))]
    assert "readiness" not in set(waiting["limit"])


def test_pools_with_different_starts_have_clocks_of_their_own(tmp_path: Path) -> None:
    later = START + timedelta(days=14)
    pools = [{"name": "marketing", "ip_count": 2, "start": later}, {"name": "receipts", "ips": ["192.0.2.9"]}]
    news = Mail("newsletter", 80_000, weekdays=(1, 4), keys={"pool": "marketing"})
    receipts = Mail("receipts", 20_000, keys={"pool": "receipts", "kind": "transactional"})
    plan = planned(write_customer(tmp_path, news, receipts, pools=pools, policy=STANDARD))
    firsts = {m.pool: m.day for m in plan.milestones if m.id.startswith("first-send.")}
    assert firsts == {"marketing": later, "receipts": START}
    assert dedicated(plan, pool="marketing").index.min().date() == later
    assert set(plan.all.per_pool) == {"marketing", "receipts"}
    assert plan.all.day is not None
    assert plan.all.day >= max(done for done in plan.all.per_pool.values() if done)
    assert len(plan.sizing) == 2


# -- ramps --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ramp", "google", "note"),
    [
        # Published for each provider: Gmail begins at 20,000 per IP.
        ("sparkpost-2015-per-isp", [40_000] * 7 + [80_000], ""),
        # For the whole pool: two IPs change nothing.
        ("oracle-responsys-per-isp", [10_000] * 5 + [12_500] * 2 + [13_000], ""),
        # Percent of the final volume, here 300,000 a day, of which Gmail has half.
        ("adobe-ajo-4week-pct", [750] * 3 + [1_500] * 4 + [7_500], ""),
        # Percent of each provider's own volume.
        ("acellemail-per-isp-pct", [7_500] * 2 + [22_500] * 4 + [60_000] * 2, ""),
        ("ipost-tapered-rule", [500] * 3 + [1_000] * 3 + [2_000] * 2, ""),
        ("momentum-adaptive-2011", [480_000] * 8, "part of the standard ladder"),
    ],
)
def test_every_kind_of_ramp_plans_sensibly(tmp_path: Path, ramp: str, google: list[int], note: str) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=300_000), ips=2, policy={"ramp": ramp}))
    assert list(caps(plan, "google").iloc[:8]) == google
    assert plan.policy == ramp
    assert plan.all.day is not None
    uses = {use.provider: use for use in plan.ladders}
    assert uses["google"].slug == ramp
    if note:
        assert note in uses["apple_icloud"].note
        assert uses["apple_icloud"].slug == "sparkpost-2020"
    assert {"policy.standard", "policy.conservative"} <= {one.id for one in plan.levers}


# -- days ---------------------------------------------------------------------------------------------------------


def test_frozen_silent_and_legacy_only_days(tmp_path: Path) -> None:
    calendar = {
        "freeze": [{"from": date(2026, 2, 10), "to": date(2026, 2, 12)}],
        "silent": [date(2026, 2, 14)],
        "legacy_only": [date(2026, 2, 16)],
    }
    plan = planned(write_customer(tmp_path, Mail(messages=100_000), calendar=calendar, policy=STANDARD))
    days = plan.days.set_index("date")
    at = {n: pd.Timestamp(2026, 2, n) for n in range(9, 18)}
    assert list(days.loc[[at[10], at[14], at[16]], "kind"]) == ["freeze", "silent", "legacy-only"]
    google = caps(plan, "google")
    assert [google[at[n]] for n in (9, 10, 12, 13)] == [10_000, 10_000, 10_000, 20_000]
    assert days.loc[at[14], ["supply", "dedicated", "legacy"]].sum() == 0
    assert days.loc[at[16], "dedicated"] == 0
    assert days.loc[at[16], "legacy"] == 100_000
    table = plan.caps[plan.caps["provider"] == "google"].set_index("date")
    assert list(table.loc[[at[10], at[16]], "limit"]) == ["freeze", "legacy-only"]
    # A day without a send is no step of the ladder and costs nothing yet.
    assert [google[at[n]] for n in (15, 17)] == [25_000, 37_500]


def test_horizon_of_14_days_names_the_one_it_takes(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=80_000), policy={"horizon_days": 14}))
    assert plan.all.day is None
    assert plan.all.reason.startswith("Not complete by 17 Feb 2026: levels of the ramp are still being held")
    assert plan.all.cure.startswith(
        "Plan further ahead (policy.horizon_days = 30): expected complete on Mon 23 Feb 2026"
    )
    longer = planned(write_customer(tmp_path, Mail(messages=80_000), policy={"horizon_days": 30}))
    assert longer.all.day == date(2026, 2, 23)


def test_horizon_of_730_days(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(mix={"gmail.com": 1.0}), policy={"horizon_days": 730}))
    assert plan.exit_code == 0
    assert len(plan.days) == 744
    assert (plan.last - plan.first).days == 743


def test_start_today(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, start=TODAY))
    found = finding(plan, "readiness.overdue")
    assert "should have been done before today for a start on Sun 4 Jan 2026" in found.text
    assert "needs a start on Tue 3 Feb 2026 or later" in found.remedy
    assert finding(plan, "start.weekday").text == "The start, Sun 4 Jan 2026, is a Sunday."
    assert plan.first == TODAY


def test_start_in_the_past_is_refused_with_or_without_a_history(tmp_path: Path) -> None:
    later = write_customer(tmp_path)
    supply = make_bench(warmup.load_scenario(later), today=TODAY).supply
    path = write_customer(tmp_path, start=TODAY - timedelta(days=12))
    for given in (None, supply):
        with pytest.raises(InputError, match="start: 2025-12-23 is past, today is 2026-01-04; write a day from"):
            warmup.plan(warmup.load_scenario(path), given, today=TODAY)


def test_stream_that_never_sent_is_left_alone(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=80_000), Mail("dead", 0)))
    assert plan.exit_code == 0
    assert "dead" not in set(plan.messages["stream"])
    assert any("“dead” has no known sends" in note.text for note in plan.notes)


def test_all_mail_at_one_provider(tmp_path: Path) -> None:
    plan = planned(write_customer(tmp_path, Mail(messages=80_000, mix={"gmail.com": 1.0}), policy=STANDARD))
    assert list(caps(plan, "google").iloc[:7]) == [200, 500, 1_000, 2_000, 5_000, 10_000, 20_000]
    assert plan.all.per_provider == {"google": plan.all.day}


def test_thousand_unknown_domains_are_one_clock_and_said(tmp_path: Path) -> None:
    mix = {"gmail.com": 0.5, **{f"shop-{n}.example": 0.0005 for n in range(1_000)}}
    plan = planned(write_customer(tmp_path, Mail(messages=100_000, mix=mix), weeks=3))
    assert set(plan.providers) == {"google", "other"}
    (note,) = [note.text for note in plan.notes if "1,000 names" in note.text]
    assert note.startswith("50.0 % of the volume")
    assert plan.exit_code == 0
