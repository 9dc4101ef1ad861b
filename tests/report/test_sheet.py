"""plan.xlsx, opened again with another program's library."""

from __future__ import annotations

import time
import zipfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from tests.report.make_plan import START, make_plan, make_scenario
from warmup.planner.plan import Finding
from warmup.report.excel.book import Book, lines_of
from warmup.report.sheet import write_xlsx

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

HOSTILE = "=cmd|' /C calc'!A0 <script>\u202e"


@pytest.fixture(scope="module")
def plan():
    return make_plan()


@pytest.fixture(scope="module")
def path(plan, tmp_path_factory) -> Path:
    return write_xlsx(plan, tmp_path_factory.mktemp("xlsx") / "plan.xlsx")


@pytest.fixture(scope="module")
def book(path) -> Workbook:
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def values(path) -> Workbook:
    return openpyxl.load_workbook(path, data_only=True)


def columns(sheet, row: int) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[row] if cell.value}


def table(sheet, row: int) -> list[dict[str, Any]]:
    heads = columns(sheet, row)
    return [
        {name: sheet.cell(n, column).value for name, column in heads.items()} for n in range(row + 1, sheet.max_row + 1)
    ]


def test_there_is_a_sheet_for_each_thing_in_the_order_they_are_used(book):
    names = book.sheetnames
    assert names[0] == "Summary"
    assert names[1] == "Week 1 (1 Feb 2027)"
    assert names[-3:] == ["Pre-flight", "Assumptions", "Findings"]
    assert {"Gmail", "Yahoo", "Outlook.com", "GMX and WEB.DE", "Small providers"} <= set(names)


def test_weeks_go_on_until_two_weeks_after_completion(book, plan):
    weeks = [name for name in book.sheetnames if name.startswith("Week ")]
    last = plan.all.day + timedelta(days=14)
    assert len(weeks) == (last - date(2027, 2, 1)).days // 7 + 1
    days = [row["Day"] for row in table(book[weeks[-1]], 4)]
    assert max(days).date() == last
    assert "plan.csv" in " ".join(str(c.value) for row in book["Summary"] for c in row if isinstance(c.value, str))


def test_week_lines_are_the_day_sheet_to_the_message(values, plan):
    weeks = [name for name in values.sheetnames if name.startswith("Week ")]
    rows = [row for name in weeks for row in table(values[name], 4)]
    last = plan.all.day + timedelta(days=14)
    sheet = plan.messages[plan.messages["date"] <= last]
    dedicated = sheet[sheet["destination"] == "dedicated"]["messages"].sum()
    assert sum(row["Send on the new IPs"] for row in rows) == dedicated
    assert sum(row["Rest via legacy"] for row in rows) == sheet["messages"].sum() - dedicated
    first = next(r for r in rows if r["Stream"] == "newsletter" and r["Mailbox provider"] == "Gmail")
    assert first["Day"] == datetime.combine(START, datetime.min.time())
    assert (first["Audience"], first["Send window"]) == ("engaged ≤ 30 days", "09:00–19:00")
    assert (first["Send on the new IPs"], first["Threshold"], first["Why not more"]) == (600, 815, "ramp")


def test_providers_that_get_nothing_share_a_line(values):
    rows = table(values["Week 1 (1 Feb 2027)"], 4)
    closed = [r for r in rows if r["Day"].date() == START and r["Audience"] == "engaged 31–60 days"]
    news = [r for r in closed if r["Stream"] == "newsletter"]
    assert [(r["Mailbox provider"], r["Rest via legacy"]) for r in news] == [("all providers (6)", 8_000)]
    assert not [r for r in closed if r["Stream"] == "receipts"], "no tier binds receipts"
    receipts = [r for r in rows if r["Stream"] == "receipts"]
    assert {r["Audience"] for r in receipts} == {"all recipients"}


def test_columns_that_are_empty_in_the_whole_plan_are_left_out(book):
    heads = columns(book["Week 1 (1 Feb 2027)"], 4)
    assert "Overflow" not in heads
    assert "No place" not in heads
    assert {"Pool", "Really sent"} <= set(heads)


def test_overflow_and_unplaced_mail_have_columns_when_there_is_any(tmp_path):
    plan = make_plan(days=20)
    messages = plan.messages.copy()
    legacy = messages.index[messages["destination"] == "legacy"]
    messages.loc[legacy[:3], "destination"] = "overflow"
    messages.loc[legacy[3:5], "destination"] = "unplaced"
    path = write_xlsx(replace(plan, messages=messages), tmp_path / "p.xlsx")
    opened = openpyxl.load_workbook(path, data_only=True)
    sheet = opened["Week 1 (1 Feb 2027)"]
    rows = table(sheet, 4)
    assert sum(row["Overflow"] or 0 for row in rows) == messages.loc[legacy[:3], "messages"].sum()
    assert sum(row["No place"] or 0 for row in rows) == messages.loc[legacy[3:5], "messages"].sum()
    weeks = table(opened["Summary"], next(n for n in range(1, 60) if opened["Summary"].cell(n, 1).value == "Week"))
    assert weeks[0]["Overflow"] == sum(row["Overflow"] or 0 for row in rows)


def test_totals_are_live_formulas_that_carry_their_value(book, values):
    sheet = book["Week 1 (1 Feb 2027)"]
    column = columns(sheet, 4)["Send on the new IPs"]
    assert sheet.cell(3, column).value == f"=SUBTOTAL(109,$F$5:$F${sheet.max_row})"
    shown = values["Week 1 (1 Feb 2027)"]
    assert shown.cell(3, column).value == sum(shown.cell(n, column).value for n in range(5, shown.max_row + 1))


def test_every_formula_has_a_value_and_none_is_an_error(book, values):
    seen = 0
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    seen += 1
                    value = values[sheet.title][cell.coordinate].value
                    assert isinstance(value, int | float) or value in ("", None), (sheet.title, cell.coordinate)
    assert seen > 100


def test_summary_adds_up_the_weeks(book, values, plan):
    sheet, shown = book["Summary"], values["Summary"]
    header = next(n for n in range(1, 60) if sheet.cell(n, 1).value == "Week")
    first = sheet.cell(header + 1, 2)
    assert first.value.startswith("=SUM('Week 1 (1 Feb 2027)'!$F$5:$F$")
    assert sheet.cell(header + 1, 1).hyperlink.location == "'Week 1 (1 Feb 2027)'!A1"
    rows = [row for row in table(shown, header) if row["Week"] and row["Week"].startswith("Week ")]
    assert all(row["All"] == row["New IPs"] + row["Legacy"] for row in rows)
    assert rows[-1]["Share on the new IPs"] == 1
    total = next(row for row in table(shown, header) if row["Week"] == "Total")
    assert total["New IPs"] == sum(row["New IPs"] for row in rows)
    assert len(sheet._charts) == 1


def test_headers_stay_in_view_filter_and_repeat_on_paper(book):
    for sheet in book.worksheets[1:]:
        heads = int("".join(c for c in sheet.freeze_panes if c.isdigit())) - 1
        assert sheet.print_title_rows == f"${heads}:${heads}", sheet.title
        assert sheet.auto_filter.ref.startswith(f"A{heads}:"), sheet.title
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.paperSize == 9
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToHeight == 0


def test_dates_and_numbers_are_dates_and_numbers(book):
    sheet = book["Gmail"]
    assert sheet["A5"].is_date
    assert sheet["A5"].number_format == "ddd d mmm yyyy"
    heads = columns(sheet, 4)
    assert sheet.cell(5, heads["To send"]).number_format == "#,##0"
    assert sheet.cell(5, heads["Share on the new IPs"]).number_format == "0.0%"


def test_each_cap_says_why_it_is_not_higher(book, plan):
    sheet = book["Gmail"]
    heads = columns(sheet, 4)
    for n in range(5, sheet.max_row + 1):
        assert sheet.cell(n, heads["Cap"]).comment is not None
    note = sheet.cell(5, heads["Cap"]).comment.text
    assert "transactional: cap 200 from base traffic 0; 200 sent. Ramp:" in note
    assert "marketing: cap 600 from base traffic 0; 600 sent." in note
    yahoo = book["Yahoo"]
    notes = [yahoo.cell(n, heads["Cap"]).comment.text for n in range(5, 12)]
    assert any("ceiling" in text for text in notes)


def test_provider_sheets_add_up_to_the_plan(values, plan):
    names = ["Gmail", "Yahoo", "Outlook.com", "GMX and WEB.DE", "Small providers"]
    rows = [row for name in names for row in table(values[name], 4)]
    by = plan.messages.groupby("destination")["messages"].sum()
    assert sum(row["Sent on the new IPs"] for row in rows) == by["dedicated"]
    assert sum(row["Via legacy"] for row in rows) == by["legacy"]
    assert sum(row["To send"] for row in rows) == by.sum()
    caps = plan.caps[(plan.caps["provider"] == "gmail") & (plan.caps["date"] == START)]
    assert table(values["Gmail"], 4)[0]["Cap"] == caps["cap"].sum()


def test_small_providers_share_a_sheet_and_have_a_column_each(values):
    rows = table(values["Small providers"], 4)
    assert all(row["Posteo"] + row["mailbox.org"] == row["Sent on the new IPs"] for row in rows)
    assert "Posteo and mailbox.org" in values["Small providers"]["A2"].value


def test_provider_sheets_have_a_chart_of_sent_against_cap(book):
    chart = book["Gmail"]._charts[0]
    series = [s.val.numRef.f for part in (chart, *chart._charts[1:]) for s in part.series]
    assert any("$E$5" in reference for reference in series)
    assert any("$D$5" in reference for reference in series)


def test_preflight_state_is_chosen_from_a_list_and_shaded(book):
    sheet = book["Pre-flight"]
    assert [row["State"] for row in table(sheet, 4)] == ["Done", "Assumed done by its date", "Due", "Not done"]
    assert sheet.data_validations.dataValidation[0].type == "list"
    assert len(sheet.conditional_formatting) >= 1
    assert table(sheet, 4)[-1]["Keeps closed"] == "Yahoo"


def test_findings_begin_with_the_gravest(tmp_path):
    plan = make_plan(days=20)
    worst = Finding("identity.changed_with_ip", "blocker", "The From domain is new.", "Change it later.")
    path = write_xlsx(replace(plan, findings=(*plan.findings, worst)), tmp_path / "p.xlsx")
    rows = table(openpyxl.load_workbook(path)["Findings"], 4)
    assert rows[0]["Id"] == "identity.changed_with_ip"
    assert rows[-1]["About"] == "data"


def test_hostile_names_are_inert(tmp_path):
    streams = [
        {"name": "receipts", "pool": "=1+1"},
        {"name": "newsletter", "pool": "=1+1"},
        {"name": "promotions", "pool": "=1+1"},
    ]
    plan = make_plan(days=10, customer="=cmd|' /C calc'!A0", pools=[{"name": "=1+1", "ip_count": 1}], streams=streams)
    table_ = plan.messages.assign(stream=plan.messages["stream"].replace("newsletter", "=HYPERLINK(1)"))
    sheet = plan.sheet.assign(stream=plan.sheet["stream"].replace("newsletter", "=HYPERLINK(1)"))
    finding = Finding("x.y", "warning", HOSTILE, "+1", "-1", "@SUM(1)")
    bad = replace(
        plan,
        messages=table_,
        sheet=sheet,
        streams=("receipts", "=HYPERLINK(1)", "promotions"),
        providers={**plan.providers, "gmail": "=Gm/ail[x]:*?'" + "y" * 40, "yahoo": "=gm/AIL[x]:*?'" + "y" * 40},
        findings=(finding,),
    )
    book = openpyxl.load_workbook(write_xlsx(bad, tmp_path / "p.xlsx"))
    ours = ("=SUBTOTAL(", "=SUM(", "=IF(")
    for sheet_ in book:
        for row in sheet_.iter_rows():
            for cell in row:
                assert cell.data_type != "f" or str(cell.value).startswith(ours), (sheet_.title, cell.coordinate)
                assert cell.hyperlink is None or cell.hyperlink.target is None
    assert book["Findings"]["C5"].value.startswith("=cmd|' /C calc'!A0 <script>")
    assert book["Findings"]["C5"].data_type == "s"


def test_sheet_names_are_legal_and_unique(tmp_path):
    book = Book.create(tmp_path / "b.xlsx", "t", "a", START)
    wanted = ["History", "a[b]:c*d?e/f\\g", "'quoted'", "x" * 40, "X" * 40, "", "a b c d e f g", "\n"]
    names = [book.sheet(name).get_name() for name in wanted]
    book.close()
    assert len({name.lower() for name in names}) == len(names)
    for name in names:
        assert 0 < len(name) <= 31
        assert not set(name) & set("[]:*?/\\")
        assert not name.startswith("'")
        assert not name.endswith("'")
        assert name.lower() != "history"


def test_the_same_plan_gives_the_same_bytes(plan, path, tmp_path):
    again = write_xlsx(make_plan(), tmp_path / "again.xlsx")
    assert again.read_bytes() == path.read_bytes()
    created = openpyxl.load_workbook(again).properties.created
    assert created.date() == plan.created


def test_a_long_plan_with_many_ips_stays_openable(tmp_path):
    ips = [f"198.51.100.{n}" for n in range(1, 201)]
    streams = [{"name": name, "pool": "marketing"} for name in ("receipts", "newsletter", "promotions")]
    plan = make_plan(days=730, complete=False, pools=[{"name": "marketing", "ips": ips}], streams=streams)
    began = time.perf_counter()
    path = write_xlsx(plan, tmp_path / "long.xlsx")
    assert time.perf_counter() - began < 60
    assert path.stat().st_size < 20_000_000
    with zipfile.ZipFile(path) as archive:
        assert max(item.file_size for item in archive.infolist()) < 60_000_000
    names = openpyxl.load_workbook(path, read_only=True).sheetnames
    assert sum(name.startswith("Week ") for name in names) == 60


def test_a_plan_that_sends_nothing_still_opens(tmp_path):
    plan = make_plan(days=14)
    empty = replace(
        plan,
        messages=plan.messages.iloc[:0],
        sheet=plan.sheet.iloc[:0],
        caps=plan.caps.iloc[:0],
        milestones=(),
        findings=(),
        preflight=(),
    )
    book = openpyxl.load_workbook(write_xlsx(empty, tmp_path / "p.xlsx"))
    assert book.sheetnames[0] == "Summary"


def test_plan_days_as_timestamps_give_the_same_book(plan, path, tmp_path):
    import pandas as pd

    def stamped(table: pd.DataFrame) -> pd.DataFrame:
        dates = [name for name in ("date", "origin") if name in table.columns]
        return table.assign(**{name: pd.to_datetime(table[name]) for name in dates})

    tables = {name: stamped(getattr(plan, name)) for name in ("messages", "caps", "days", "sheet")}
    assert write_xlsx(replace(plan, **tables), tmp_path / "p.xlsx").read_bytes() == path.read_bytes()


def test_a_file_that_cannot_be_written_is_an_os_error(plan, tmp_path):
    with pytest.raises(OSError, match="missing"):
        write_xlsx(plan, tmp_path / "missing" / "plan.xlsx")


@pytest.mark.parametrize(
    ("text", "width", "lines"), [("", 10, 1), ("one two", 20, 1), ("one two three", 9, 2), ("x" * 40, 10, 5)]
)
def test_wrapped_text_gets_room(text, width, lines):
    assert lines_of(text, width) == lines


def test_scenario_of_the_hand_made_plan_is_valid():
    assert make_scenario().customer == "Example Shop Ltd"


def opened(plan, tmp_path):
    return openpyxl.load_workbook(write_xlsx(plan, tmp_path / "p.xlsx"), data_only=True)


def texts(sheet) -> str:
    return " ".join(str(c.value) for row in sheet for c in row if isinstance(c.value, str))


def test_an_item_after_the_first_send_has_no_negative_number(plan, tmp_path):
    late = replace(plan.preflight[3], lead_days=-13)
    rows = table(opened(replace(plan, preflight=(*plan.preflight[:3], late)), tmp_path)["Pre-flight"], 4)
    assert {row["Against the first send"] for row in rows if row["What"]} == {
        "30 days before",
        "14 days before",
        "10 days before",
        "13 days after",
    }


def test_our_own_rules_are_called_so(plan, tmp_path):
    ours = replace(plan.findings[0], source="design 4.7")
    found = opened(replace(plan, findings=(ours,)), tmp_path)["Findings"]
    assert table(found, 4)[0]["Source"] == "this tool's rule"
    assert "design" not in texts(found)


def test_without_a_dedicated_ip_the_sheets_are_for_comparison(plan, tmp_path):
    sizes = tuple(replace(one, recommended=0) for one in plan.sizing)
    found = opened(replace(plan, sizing=sizes), tmp_path)
    assert "Week by week: for comparison only, the answer is no dedicated IP" in texts(found["Summary"])
    assert "Complete for all in scope" not in texts(found["Summary"])
    assert "For comparison only" in found["Week 1 (1 Feb 2027)"]["A2"].value


def test_what_stays_by_decision_is_named_only_where_it_is_there(plan, tmp_path):
    note = "Legacy includes what stays there by decision: the control group."
    assert note in texts(opened(plan, tmp_path)["Summary"])
    kept = plan.messages[plan.messages["limit"] != "control"]
    assert "by decision" not in texts(opened(replace(plan, messages=kept), tmp_path)["Summary"])


def test_pools_with_different_limits_are_told_apart(values):
    reasons = {row["Why not more"] for row in table(values["Yahoo"], 4)}
    assert "transactional: nothing more due; marketing: ramp" in reasons
    assert "ramp" in reasons
    assert not any("all of it" in reason for reason in reasons if reason)
