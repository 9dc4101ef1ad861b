"""The three sentences say what the plan says, in every case that a plan can be in."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from tests.report.page.conftest import scenario
from warmup.planner.plan import Finding
from warmup.report import words
from warmup.report.answer import answer
from warmup.report.bottleneck import waiting
from warmup.report.series import in_scope


def numbers(sentence):
    return [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", sentence)]


def test_the_dates_are_the_plans(plan):
    found, chance = answer(plan), plan.uncertainty
    assert words.span(chance.engaged.low, chance.engaged.high) in found.expected
    assert words.span(chance.all.low, chance.all.high) in found.expected
    assert "if no provider is held back" in found.expected
    first, last = words.dates(chance.commit_engaged, chance.commit_all)
    assert found.promise == (
        f"Promise: complete on {first} for people engaged in the last 90 days, {last} for everyone in scope."
    )
    assert found.dates.startswith(found.promise)


def test_a_range_of_one_day_is_a_day(plan, build_plan):
    day = plan.all.day
    chance = replace(plan.uncertainty, all=replace(plan.uncertainty.all, low=day, high=day))
    sentence = answer(build_plan(uncertainty=chance)).expected
    assert f"{words.day(day)} for everyone" in sentence
    assert sentence.count("between") == 1


@pytest.mark.parametrize(
    ("commit_engaged", "commit_all", "says"),
    [
        (None, None, "No date can be promised"),
        (date(2026, 6, 1), None, "no date can be promised for everyone in scope"),
        (None, date(2026, 6, 1), "Promise: complete on Mon 1 Jun 2026 for everyone in scope."),
    ],
)
def test_a_missing_promise_is_said_and_never_none(plan, build_plan, commit_engaged, commit_all, says):
    chance = replace(plan.uncertainty, commit_engaged=commit_engaged, commit_all=commit_all)
    found = answer(build_plan(uncertainty=chance))
    assert says in found.promise
    assert "None" not in found.dates


def test_a_missed_deadline_is_the_first_thing_said(plan, build_plan):
    def promise(deadline):
        scenario = plan.scenario.model_copy(update={"deadline": deadline})
        return answer(build_plan(scenario=scenario)).promise

    done, sure = plan.all.day, plan.uncertainty.commit_all
    assert promise(done - timedelta(1)).startswith(
        f"The deadline, {words.day(done - timedelta(1))}, is missed. Promise"
    )
    assert promise(sure - timedelta(1)).startswith(
        f"The deadline, {words.day(sure - timedelta(1))}, can be met but not promised. Promise"
    )
    assert promise(sure).startswith("Promise")


def test_what_keeps_a_provider_closed_comes_first_and_once(plan, build_plan):
    late = plan.first + timedelta(13)
    items = [
        replace(plan.preflight[0], id="early", state="assumed", due=plan.first - timedelta(60), providers=()),
        replace(plan.preflight[0], id="reset", state="due", due=late, until=late, providers=("yahoo",)),
        replace(plan.preflight[0], id="ready", state="done", due=plan.first - timedelta(61)),
    ]
    steps = answer(build_plan(preflight=tuple(items), findings=())).steps
    assert [step.anchor for step in steps] == ["preflight-reset", "preflight-early"]
    assert steps[0].detail == "Until then nothing goes to Yahoo and AOL from the new IPs."
    assert steps[1].detail == ""
    blocker = Finding("readiness.reset", "blocker", "Yahoo is closed.", "Ask for a reset.")
    steps = answer(build_plan(preflight=tuple(items), findings=(blocker,))).steps
    assert [step.anchor for step in steps] == ["findings", "preflight-early"]


def test_no_other_number_stands_in_the_dates(plan):
    chance = plan.uncertainty
    days = (
        chance.engaged.low,
        chance.engaged.high,
        chance.all.low,
        chance.all.high,
        chance.commit_engaged,
        chance.commit_all,
    )
    allowed = {90} | {d.day for d in days} | {d.year for d in days}
    assert set(numbers(answer(plan).dates)) <= allowed


def test_the_number_of_ips_is_the_recommended_one(plan):
    sentence = answer(plan).ips
    total = sum(size.recommended for size in plan.sizing)
    assert numbers(sentence)[0] == total
    assert all(f"{size.recommended} for {size.pool}" in sentence for size in plan.sizing)


def test_zero_ips_is_an_answer(plan, build_plan):
    none = tuple(replace(size, recommended=0, reason="Too little mail for an IP of its own.") for size in plan.sizing)
    found = answer(build_plan(sizing=none))
    assert "no dedicated IP" in found.ips
    assert "shared pool" in found.dates
    assert "too little mail" in found.ips


def test_another_number_than_planned_is_said(plan, build_plan):
    sizes = (plan.sizing[0], replace(plan.sizing[1], recommended=1))
    sentence = answer(build_plan(sizing=sizes)).ips
    assert "3 dedicated IPs" in sentence
    assert "2 for transactional and 2 for marketing" in sentence


def test_what_decides_is_what_was_held_back_in_the_last_week(plan):
    done = plan.all.per_provider["yahoo"]
    held = in_scope(plan)
    held = held[(held["provider"] == "yahoo") & (held["destination"] != "dedicated")]
    days = pd.to_datetime(held["date"]).dt.date
    held = held[days == days[days < done].max()]
    assert days[days < done].max() < done - timedelta(7), "nothing waits in the last week"
    sums = held.groupby("limit")["messages"].sum()
    first = waiting(plan, ("yahoo",), done).reasons[0]
    assert first.limit == sums.idxmax()
    assert first.share == pytest.approx(sums.max() / sums.sum())
    sentence = answer(plan).limit
    assert "Yahoo and AOL, the last to be complete: mail last waits on" in sentence
    assert words.limit_meaning(first.limit) in sentence


def held_rows(plan, *rows):
    """The plan with other mail that is held back; rows of (days before completion, provider, stream, limit, n)."""
    moved = plan.messages[plan.messages["destination"] == "dedicated"]
    made = [
        {
            **dict.fromkeys(moved.columns, ""),
            "date": plan.all.day - timedelta(back),
            "origin": plan.all.day - timedelta(back),
            "destination": "legacy",
            "pool": "marketing",
            "provider": provider,
            "stream": stream,
            "tier": "0_30",
            "messages": n,
            "limit": limit,
        }
        for back, provider, stream, limit, n in rows
    ]
    return pd.concat([moved, pd.DataFrame(made)], ignore_index=True)


def test_what_was_held_back_long_ago_decides_nothing(plan, build_plan):
    rows = [(40, "yahoo", "newsletter", "tier", 900_000), (2, "yahoo", "promotions", "ceiling", 60)]
    sentence = answer(build_plan(messages=held_rows(plan, *rows))).limit
    assert sentence == (
        "What decides the date is Yahoo and AOL, the last to be complete: in the week before, mail there still waits "
        "because this mailbox provider has a starting ceiling (all of it promotions)."
    )


def test_where_nothing_waits_in_the_last_week_the_last_day_that_held_any_counts(plan, build_plan):
    rows = [(40, "yahoo", "newsletter", "tier", 900), (20, "yahoo", "newsletter", "memory", 60)]
    sentence = answer(build_plan(messages=held_rows(plan, *rows))).limit
    assert f"mail last waits on {words.day(plan.all.day - timedelta(20))}, because the IPs cool down" in sentence
    assert "join later" not in sentence


def test_providers_that_decide_nothing_are_not_named(plan, build_plan):
    after = plan.all.day + timedelta(20)
    dates = {**plan.all.per_provider, "google": None, "orange_fr": after, "comcast": None}
    all_ = replace(plan.all, per_provider=dates, except_providers=("google",))
    sentence = answer(build_plan(all=all_)).limit
    assert "Yahoo and AOL, the last to be complete" in sentence
    assert not any(plan.providers[p] in sentence for p in ("google", "orange_fr", "comcast"))


def test_a_pool_that_starts_later_and_critical_mail_that_waits_have_words_of_their_own(plan, build_plan):
    pools = [
        {"name": "transactional", "ips": ["192.0.2.10"]},
        {"name": "marketing", "ips": ["192.0.2.20"], "start": plan.all.day - timedelta(3)},
    ]
    streams = [
        {"name": "receipts", "pool": "marketing", "kind": "critical"},
        {"name": "newsletter", "pool": "marketing"},
        {"name": "promotions", "pool": "marketing"},
    ]
    rows = [
        (5, "yahoo", "newsletter", "readiness", 60),
        (2, "yahoo", "receipts", "tier", 30),
        (1, "yahoo", "newsletter", "readiness", 10),
    ]
    messages = held_rows(plan, *rows)
    built = build_plan(messages=messages, scenario=scenario(pools=pools, streams=streams))
    found = waiting(built, ("yahoo",), plan.all.day).reasons
    assert [(r.limit, r.share, r.stream) for r in found] == [
        ("not-started", 0.6, "newsletter"),
        ("critical", 0.3, "receipts"),
        ("readiness", 0.1, "newsletter"),
    ]
    assert "the IPs of its pool start later (60 % of it, only newsletter) and critical mail joins after 14" in (
        answer(built).limit.replace(words.NB, " ")
    )


def test_not_complete_says_so_and_why(plan, build_plan):
    never = replace(
        plan.all, day=None, limit="memory", reason="Newsletters are too far apart.", cure="Spread them over 3 days."
    )
    found = answer(build_plan(all=never, uncertainty=None, uncertainty_reason="Only 5 weeks of history."))
    assert f"not complete when this plan ends on {words.day(plan.last)}" in found.dates
    assert found.limit == "What stops it: newsletters are too far apart."


def test_without_enough_history_it_is_said_that_nothing_can_be_promised(build_plan):
    why = "There is no range: it needs at least 8 weeks of history, and this one has 5 weeks."
    found = answer(build_plan(uncertainty=None, uncertainty_reason=why))
    assert found.promise == ("No date can be promised: it needs at least 8 weeks of history, and this one has 5 weeks.")
    assert found.expected.startswith("Expected, if no provider is held back")


def test_where_no_number_of_ips_is_enough_none_is_needed(plan, build_plan):
    sizes = tuple(
        replace(size, enough=n == 0, recommended=size.planned, reason="No number is complete in time.")
        for n, size in enumerate(plan.sizing)
    )
    sentence = answer(build_plan(sizing=sizes)).ips
    assert sentence == (
        "More or fewer IPs for marketing would not cure it: no number is complete in time. "
        "The plan is computed with 2 for transactional and 2 for marketing."
    )
    one = answer(build_plan(sizing=sizes[1:])).ips
    assert one == ("More or fewer IPs would not cure it: no number is complete in time. The plan is computed with 2.")


def test_one_way_out_of_two_errors_is_one_step(build_plan):
    way = "Spread each send over 8 days."
    findings = (
        Finding("complete.not_within_horizon", "error", "Not complete by 4 May 2026.", way),
        Finding("deadline.missed", "error", "The deadline is missed.", way),
        Finding("identity.changed_with_ip", "blocker", "The From domain changes.", "Change it before."),
    )
    steps = answer(build_plan(findings=findings)).steps
    assert [(s.kind, s.title, s.detail) for s in steps[:2]] == [
        ("blocker", "The From domain changes.", "Change it before."),
        ("error", "Not complete by 4 May 2026. The deadline is missed.", way),
    ]


def test_who_takes_no_ip_prepares_none(plan, build_plan):
    none = tuple(replace(size, recommended=0, reason="Too little mail.") for size in plan.sizing)
    items = tuple(replace(plan.preflight[0], id=key, state="assumed") for key in ("fcrdns", "snds", "dmarc_rua"))
    steps = answer(build_plan(sizing=none, preflight=items, findings=())).steps
    assert [step.anchor for step in steps] == ["preflight-dmarc_rua"]


def test_what_is_never_complete_is_said_once(plan, build_plan):
    never = {name: replace(getattr(plan, name), day=None, reason="It stops.") for name in ("all", "engaged")}
    found = answer(build_plan(**never, uncertainty=None))
    assert found.expected == f"Expected: not complete when this plan ends on {words.day(plan.last)}."


def test_all_but_one_provider(plan, build_plan):
    but = replace(plan.all, except_providers=("yahoo",))
    assert "all but Yahoo and AOL" in answer(build_plan(all=but)).dates


def test_without_tiers_there_is_one_date(build_plan):
    sentence = answer(build_plan(tiers=("all",))).dates
    assert "90 days" not in sentence
    assert sentence.count("between") == 1


def test_blockers_come_before_the_list(build_plan):
    blocker = Finding(
        "identity.changed_with_ip", "blocker", "The From domain changes with the IPs.", "Change it before."
    )
    steps = answer(build_plan(findings=(blocker,))).steps
    assert steps[0].title == "The From domain changes with the IPs."
    assert steps[0].detail == "Change it before."
    assert [s.kind for s in steps[1:3]] == ["not done", "closed"]


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 5, 12), date(2026, 5, 20), "between 12 and 20 May 2026"),
        (date(2026, 4, 28), date(2026, 5, 3), "between 28 April and 3 May 2026"),
        (date(2026, 12, 28), date(2027, 1, 3), "between 28 December 2026 and 3 January 2027"),
        (date(2026, 5, 12), date(2026, 5, 12), "on 12 May 2026"),
    ],
)
def test_spans(first, last, text):
    assert words.span(first, last) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.001, "under 1 %"), (0.123, "12 %"), (0.999, "over 99 %"), (1, "100 %"), (1.2, "120 %")],
)
def test_percent_never_rounds_to_nothing_or_everything(share, text):
    assert words.percent(share).replace(words.NB, " ") == text


def test_hostile_text_is_made_visible():
    assert words.visible("a\u202eb") == "a\\u202eb"
    assert words.visible("12\u00a0%") == "12\u00a0%"
