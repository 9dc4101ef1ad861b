"""The day sheet: every message once, in the order people work, however the plan's tables are typed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from tests.report.make_plan import START, make_plan
from warmup.report.daysheet import PARTS, Line, last_shown, lines, provider_label, rows


@pytest.fixture(scope="module")
def plan():
    return make_plan(days=40)


def test_every_message_is_on_one_line(plan):
    table = rows(plan)
    for part in PARTS:
        expected = plan.messages[plan.messages["destination"] == part]["messages"].sum()
        assert table[part].sum() == expected
    assert not table.duplicated(["date", "origin", "stream", "tier", "provider", "pool"]).any()


def test_lines_come_in_the_order_of_the_work(plan):
    table = rows(plan)
    day = table[table["date"] == START]
    assert list(dict.fromkeys(day["stream"])) == ["receipts", "newsletter"]
    assert list(day["provider"])[:3] == ["gmail", "yahoo", "microsoft_consumer"]
    assert list(dict.fromkeys(day["tier"]))[:3] == ["all", "0_30", "31_60"]
    assert isinstance(table["date"].iloc[0], date)


def test_a_stream_that_no_tier_binds_has_one_line_for_everyone(plan):
    table = rows(plan)
    receipts = table[table["stream"] == "receipts"]
    assert set(receipts["tier"]) == {"all"}
    assert "0_30" in set(table.loc[table["stream"] == "newsletter", "tier"])
    cells = plan.sheet[(plan.sheet["stream"] == "receipts") & (plan.sheet["provider"] == "gmail")]
    cells = cells[cells["date"] == START]
    row = receipts[(receipts["provider"] == "gmail") & (receipts["date"] == START)].iloc[0]
    assert len(cells) > 1
    assert row["dedicated"] == cells["dedicated"].sum()
    assert row["threshold"] == (cells["threshold"] * cells["supply"]).sum() // cells["supply"].sum()
    assert 0 <= cells["dedicated"].sum() - row["threshold"] * cells["supply"].sum() / 10_000 < len(cells)
    assert row["limit"] == "ramp"


def test_people_of_such_a_stream_move_back_where_the_one_threshold_falls(plan):
    sheet = plan.sheet.copy()
    later = (sheet["date"] == START + timedelta(days=1)) & (sheet["stream"] == "receipts")
    sheet.loc[later, "threshold"] = 0
    table = rows(replace(plan, sheet=sheet))
    table = table[(table["stream"] == "receipts") & (table["provider"] == "gmail")]
    first, second, third = (table[table["date"] == START + timedelta(days=n)].iloc[0] for n in range(3))
    assert first["moved_back"] == third["moved_back"] == 0
    assert second["moved_back"] == first["threshold"] * 1_840 // 10_000


def test_mail_without_a_line_in_the_sheet_is_shown_too(plan):
    table = rows(replace(plan, sheet=plan.sheet.iloc[:0]))
    assert table[list(PARTS)].to_numpy().sum() == plan.messages["messages"].sum()
    assert (table["threshold"] == 0).all()


def test_categories_and_timestamps_change_nothing(plan):
    def typed(table: pd.DataFrame) -> pd.DataFrame:
        out = table.assign(date=pd.to_datetime(table["date"]), origin=pd.to_datetime(table["origin"]))
        for column in ("stream", "tier", "provider", "pool", "limit"):
            out[column] = out[column].astype("category")
        return out

    other = replace(plan, messages=typed(plan.messages), sheet=typed(plan.sheet))
    pd.testing.assert_frame_equal(rows(other), rows(plan))


def test_a_line_is_a_sentence(plan):
    table = rows(plan)
    first = [line for line in lines(plan, table[table["date"] == START]) if line.stream == "newsletter"]
    assert str(first[0]).startswith("newsletter, engaged ≤ 30 days: Gmail 600 = threshold 815; Yahoo 600 = threshold")
    assert str(first[0]).endswith("; 13,144 via legacy")
    assert len(first) == 1, "a tier that is not open has no line"


def test_the_same_threshold_everywhere_is_said_once_and_spread_sends_have_two():
    same = Line("news", "0_30", START, (("Gmail", 10, 0, 500), ("AOL", 7, 0, 9), ("Yahoo", 5, 0, 500)), 0, 0, 0)
    assert str(same) == "news, engaged ≤ 30 days: Gmail 10, Yahoo 5 = threshold 500; AOL 7 = threshold 9"
    later = Line("news", "0_30", START, (("Gmail", 10, 200, 500),), 3, 0, 1)
    assert str(later).endswith("Gmail 10 = threshold 200–500; 3 via overflow; 1 with no place to go")
    assert later.messages == 10


def test_days_are_shown_until_two_weeks_after_completion():
    plan = make_plan()
    assert plan.all.day is not None
    assert last_shown(plan) == plan.all.day + timedelta(days=14)
    assert last_shown(make_plan(complete=False)) == make_plan(complete=False).last


def test_labels(plan):
    assert provider_label(plan, "gmail") == "Gmail"
    assert provider_label(plan, "small") == "Small providers"
    assert provider_label(plan, "nobody") == "nobody"
