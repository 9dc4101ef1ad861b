"""plan.ics: opens in common calendars, and a re-plan moves events instead of adding them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from tests.report.make_plan import START, make_plan
from warmup.planner.plan import Milestone
from warmup.report.calendar import entries, uid, write_ics


@pytest.fixture(scope="module")
def plan():
    return make_plan()


@pytest.fixture(scope="module")
def raw(plan, tmp_path_factory) -> bytes:
    return write_ics(plan, tmp_path_factory.mktemp("ics") / "plan.ics").read_bytes()


@pytest.fixture(scope="module")
def events(raw):
    return list(Calendar.from_ical(raw).walk("VEVENT"))


def by_kind(events: Iterable[Any], kind: str) -> list[Any]:
    return [event for event in events if kind in event["categories"].cats]


def test_lines_end_with_crlf_and_are_folded_at_75_octets(raw):
    assert raw.endswith(b"END:VCALENDAR\r\n")
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
    raw.decode("utf-8")


def test_every_event_has_what_calendars_need(events):
    assert len({event["uid"] for event in events}) == len(events)
    for event in events:
        start = event["dtstart"].dt
        assert isinstance(start, date)
        assert not isinstance(start, datetime)
        assert event["dtend"].dt == start + timedelta(days=1)
        assert event["transp"] == "TRANSPARENT"
        assert event["dtstamp"].dt.tzinfo is not None
        assert str(event["summary"])


def test_calendar_is_named_and_published(raw):
    calendar = Calendar.from_ical(raw)
    assert calendar["method"] == "PUBLISH"
    assert calendar["version"] == "2.0"
    assert calendar["x-wr-calname"] == "IP warm-up Example Shop Ltd"


def test_preflight_items_stand_on_their_due_date_and_remind(events, plan):
    items = by_kind(events, "pre-flight")
    still_open = [item for item in plan.preflight if item.state != "done"]
    assert len(still_open) < len(plan.preflight)
    assert [e["dtstart"].dt for e in items] == sorted(item.due for item in still_open)
    for event in items:
        (alarm,) = event.walk("VALARM")
        assert alarm["action"] == "DISPLAY"
        assert alarm["trigger"].dt == timedelta(hours=-15)
    assert "nothing goes to Yahoo from the new IPs" in str(items[-1]["description"])


def test_nothing_stands_before_the_day_of_the_plan(plan):
    made = START + timedelta(days=2)
    found = entries(replace(plan, created=made))
    assert min(entry.day for entry in found) == made
    late = [entry for entry in found if entry.kind == "pre-flight"]
    assert [entry.day for entry in late] == [made] * len(late)
    assert all(entry.title.startswith("Overdue since ") and not entry.remind for entry in late)
    sends = [entry for entry in found if entry.kind == "send"]
    assert sends[0].title.startswith("IP warm-up day 3:")


def test_there_is_an_event_for_each_sending_day_until_completion(events, plan):
    days = [event["dtstart"].dt for event in by_kind(events, "send")]
    assert days == [START + timedelta(days=n) for n in range((plan.all.day - START).days + 1)]
    first = by_kind(events, "send")[0]
    assert str(first["summary"]) == "IP warm-up day 1: 3,775 on the new IPs, 40,225 elsewhere"
    text = str(first["description"])
    assert "Send window 09:00–19:00 (Europe/London)" in text
    assert "newsletter, engaged ≤ 30 days: Gmail 600 = threshold 815; Yahoo" in text
    assert "via legacy" in text


def test_milestones_name_their_pool(events):
    names = [str(event["summary"]) for event in by_kind(events, "milestone")]
    assert "Tier engaged 31–60 days opens (marketing)" in names


def test_a_replan_moves_the_same_events(events, plan, tmp_path):
    week = timedelta(days=7)
    later = make_plan(start=START + week, created=plan.created + timedelta(days=3))
    moved = list(Calendar.from_ical(write_ics(later, tmp_path / "p.ics").read_bytes()).walk("VEVENT"))
    for kind in ("pre-flight", "milestone"):
        before = {str(e["uid"]): e for e in by_kind(events, kind)}
        after = {str(e["uid"]): e for e in by_kind(moved, kind)}
        assert before.keys() == after.keys()
        for name, event in before.items():
            assert after[name]["dtstart"].dt == event["dtstart"].dt + week
            assert after[name]["sequence"] > event["sequence"]
            assert after[name]["dtstamp"].dt > event["dtstamp"].dt
    same_day = {e["dtstart"].dt: str(e["uid"]) for e in by_kind(events, "send")}
    for event in by_kind(moved, "send"):
        if event["dtstart"].dt in same_day:
            assert str(event["uid"]) == same_day[event["dtstart"].dt]


def test_another_customer_has_other_events():
    assert uid("A", "send", "2027-02-02") != uid("B", "send", "2027-02-02")
    assert uid("A", "b", "c") != uid("Ab", "", "c")


def test_the_same_plan_gives_the_same_bytes(raw, tmp_path):
    assert write_ics(make_plan(), tmp_path / "p.ics").read_bytes() == raw


def test_names_cannot_inject_lines(tmp_path):
    customer = "Shop; a,b:c \\n END"
    evil = "x\r\nATTENDEE:mailto:a@example.com\nBEGIN:VALARM\x0bEND\u2028ORGANIZER:x"
    plan = make_plan(days=14, customer=customer)
    plan = replace(
        plan,
        milestones=(Milestone(START, "m", evil, provider=evil, pool=evil),),
        providers={**plan.providers, "gmail": evil},
        preflight=tuple(replace(item, text=evil, owner=evil, why=evil, source=evil) for item in plan.preflight),
    )
    raw = write_ics(plan, tmp_path / "p.ics").read_bytes()
    unfolded = raw.replace(b"\r\n ", b"").decode()
    lines = unfolded.split("\r\n")
    assert not {"ATTENDEE", "ORGANIZER"} & {line.split(":")[0].split(";")[0] for line in lines}
    assert lines.count("BEGIN:VALARM") == sum(item.state != "done" for item in plan.preflight)
    calendar = Calendar.from_ical(raw)
    assert calendar["x-wr-calname"] == f"IP warm-up {customer}"


def test_milestones_of_one_kind_keep_their_names_apart():
    plan = make_plan(days=14)
    stone = Milestone(START, "tier", "A tier opens")
    twice = replace(plan, milestones=(stone, replace(stone, day=START + timedelta(days=7))))
    keys = [entry.key for entry in entries(twice) if entry.kind == "milestone"]
    assert len(set(keys)) == 2


def test_a_long_plan_stays_below_what_google_imports(tmp_path):
    plan = make_plan(days=365, complete=False)
    # Many providers: a day's text is then longer than what one of 365 may have.
    names = {p: f"{name} " + "with a long name " * 9 for p, name in plan.providers.items()}
    path = write_ics(replace(plan, providers=names), tmp_path / "p.ics")
    assert path.stat().st_size < 1_000_000
    texts = [str(e["description"]) for e in by_kind(Calendar.from_ical(path.read_bytes()).walk("VEVENT"), "send")]
    assert len(texts) == 365
    assert any("stands in plan.xlsx" in text for text in texts)


def test_without_a_dedicated_ip_nothing_of_the_warm_up_stands_in_it(plan):
    sizes = tuple(replace(one, recommended=0) for one in plan.sizing)
    items = tuple(replace(plan.preflight[1], id=key, text=key) for key in ("fcrdns", "snds", "dmarc_rua"))
    end = Milestone(START + timedelta(days=120), "legacy.until", "Last day of Old Mailer")
    found = entries(replace(plan, sizing=sizes, preflight=items, milestones=(*plan.milestones, end)))
    assert [entry.title for entry in found] == ["TAM: dmarc_rua", "Last day of Old Mailer"]


def test_the_dates_to_promise_are_events(plan):
    promised = Milestone(START + timedelta(days=65), "promise.all", "Promised: complete for everything")
    found = [e for e in entries(replace(plan, milestones=(*plan.milestones, promised))) if e.kind == "milestone"]
    assert ("Promised: complete for everything", START + timedelta(days=65)) in [(e.title, e.day) for e in found]


def test_an_item_after_the_first_send_says_so(plan):
    late = replace(plan.preflight[3], lead_days=-13, due=START + timedelta(days=13))
    (entry,) = [e for e in entries(replace(plan, preflight=(late,))) if e.kind == "pre-flight"]
    assert entry.text.startswith("13 days after the first send on Tue 2 Feb 2027.")
