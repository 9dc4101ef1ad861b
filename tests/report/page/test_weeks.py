"""The day sheet of the page holds every message of the plan's sheet, however few words it takes."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from warmup.report import weeks as sheet
from warmup.report.daysheet import last_shown


@pytest.fixture(scope="module")
def found(plan):
    return sheet.weeks(plan)


def test_every_day_is_there_once(plan, found):
    days = [d.day for week in found for d in week.days]
    until = (last_shown(plan) - plan.first).days + 1
    assert days == [plan.first + timedelta(n) for n in range(until)]
    assert all(d.day - timedelta(d.day.weekday()) == week.monday for week in found for d in week.days)


def test_messages_of_each_stream_and_day_are_the_plans(plan, found):
    frame = plan.sheet.assign(date=pd.to_datetime(plan.sheet["date"]).dt.date)
    sums = frame.groupby(["date", "stream"])["dedicated"].sum().to_dict()
    shown = {(d.day, b.stream): b.messages for week in found for d in week.days for b in d.blocks}
    assert {key: n for key, n in shown.items() if n} == {
        k: n for k, n in sums.items() if n and k[0] <= last_shown(plan)
    }
    for week in found:
        for d in week.days:
            for b in d.blocks:
                assert sum(line.messages for line in b.lines) == b.messages


def test_a_threshold_is_the_plans(plan, found):
    block = next(b for b in found[0].days[0].blocks if b.stream == "newsletter")
    first = block.lines[0].groups[0]
    cell = plan.sheet[
        (plan.sheet["date"] == plan.first) & (plan.sheet["stream"] == "newsletter") & (plan.sheet["tier"] == "0_30")
    ]
    row = cell[cell["provider"] == "google"].iloc[0]
    assert first.cells[0].name == "Gmail"
    assert first.bounds == str(row["threshold"])
    assert first.cells[0].messages == row["dedicated"]


def test_later_tiers_wait_by_name(found):
    newsletter = next(b for b in found[0].days[0].blocks if b.stream == "newsletter")
    assert any(text.startswith("joins later: engaged 31–60") for text in newsletter.waiting)
    assert any(text.startswith("left out: > 365 days") for text in newsletter.waiting)
    assert "via legacy" in newsletter.rest


def test_settled_days_are_one_line(found):
    unchanged = [d for week in found for d in week.days if d.unchanged]
    assert unchanged
    for d in unchanged:
        assert all(b.settled for b in d.blocks)


def test_the_first_fourteen_sending_days_go_in_slices(plan):
    assert sheet.careful_until(plan) == date(2026, 2, 16)
    assert sheet.slice_times(plan) == ("09:00", "11:30", "14:00", "16:30")


def test_a_spread_send_names_its_day_and_both_bounds(plan, build_plan):
    table = plan.sheet.copy()
    day, before = pd.Timestamp(2026, 2, 11), date(2026, 2, 10)
    chosen = (pd.to_datetime(table["date"]) == day) & (table["stream"] == "receipts")
    messages = plan.messages.copy()
    moved = (pd.to_datetime(messages["date"]) == day) & (messages["stream"] == "receipts")
    for frame, rows in ((table, chosen), (messages, moved)):
        frame["origin"] = frame["origin"].where(~rows, before)
    table.loc[chosen, "threshold_from"] = 10
    spread = sheet.weeks(build_plan(sheet=table, messages=messages))
    blocks = [b for week in spread for d in week.days if d.day == day.date() for b in d.blocks]
    assert blocks[0].origin == before
    assert blocks[0].lines[0].groups[0].bounds.startswith("10–")


def test_without_providers_closed_the_many_are_all_others(found):
    groups = [g for week in found for d in week.days for b in d.blocks for line in b.lines for g in line.groups]
    others = [g for g in groups if g.others]
    assert others
    assert all(len(g.cells) >= sheet.SHARED for g in others)
