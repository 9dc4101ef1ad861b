"""The first sheet: the answer, the weeks at a glance, the dates, and where everything stands."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from warmup.report.daysheet import PARTS, stays
from warmup.report.excel.book import HEADS, LINE_HEIGHT, Book, Column, Placed, lines_of
from warmup.report.opening import first_lines, milestone_line, milestones, sentences
from warmup.report.steps import takes_no_ip
from warmup.report.words import day

if TYPE_CHECKING:
    from warmup.planner.plan import Plan
    from warmup.report.excel.weeks import Week


WEEKS = (
    Column("Week", "text", 24),
    Column("New IPs", "count", 14),
    Column("Overflow", "count", 14),
    Column("Legacy", "count", 14),
    Column("No place", "count", 12),
    Column("All", "count", 14),
    Column("Share on the new IPs", "share", 12),
)
WIDTH = sum(column.width for column in WEEKS)
"""Characters in a line of a paragraph: paragraphs go over all columns of the table."""

ONE_PAGE = 20
"""Weeks up to which the sheet is still readable on one printed page."""


def add_summary(book: Book) -> Any:
    """Make the sheet; it comes first and is filled last, when it is known where everything stands."""
    return book.sheet("Summary", colour="#1D4ED8", landscape=False)


def fill_summary(book: Book, sheet: Any, plan: Plan, weeks: list[Week], last: date) -> None:
    """Write the answer, the table and chart of the weeks, the milestones and the links."""
    book.heading(sheet, f"{plan.scenario.customer}: moving to {plan.scenario.new.name}")
    made = (
        f"Plan of {day(plan.created)}, from {day(plan.first)} to {day(plan.last)}, times in {plan.scenario.timezone}."
    )
    book.text(sheet, 1, 0, made, "note")
    row = _paragraphs(book, sheet, 3, "The answer", sentences(plan))
    first = first_lines(plan, items=5) or ("Nothing: every item before the first send is done.",)
    row = _paragraphs(
        book, sheet, row, "What must happen first, the most important first (all of it: sheet Pre-flight)", first
    )
    row = _milestones(book, sheet, row, plan)
    _weeks(book, sheet, row, weeks, plan, last)


def _paragraphs(book: Book, sheet: Any, row: int, title: str, texts: tuple[str, ...]) -> int:
    book.text(sheet, row, 0, title, "subtitle")
    for offset, text in enumerate(texts, 1):
        sheet.merge_range(row + offset, 0, row + offset, len(WEEKS) - 1, "", book.formats["paragraph"])
        book.text(sheet, row + offset, 0, text, "paragraph")
        sheet.set_row(row + offset, LINE_HEIGHT * lines_of(text, WIDTH) + 1)
    return row + len(texts) + 2


def _weeks(book: Book, sheet: Any, row: int, weeks: list[Week], plan: Plan, last: date) -> None:
    compared = ": for comparison only, the answer is no dedicated IP" if takes_no_ip(plan) else ""
    book.text(sheet, row, 0, f"Week by week{compared}", "subtitle")
    header = row + 1
    sheet.set_row(header, 2 * LINE_HEIGHT + 2)
    for column, spec in enumerate(WEEKS):
        sheet.set_column(column, column, spec.width)
        book.text(sheet, header, column, spec.title, HEADS.get(spec.kind, "head"))
    for offset, week in enumerate(weeks, 1):
        _week(book, sheet, header + offset, week)
    placed = Placed(sheet, header, header + 1, header + len(weeks))
    _total(book, placed, weeks)
    later = f" Days after {day(last)} stand in plan.csv." if last < plan.last else ""
    kept = stays(plan)
    note = f"Legacy includes what stays there by decision: {kept}." if kept else ""
    book.text(sheet, placed.last + 2, 0, (note + later).strip(), "note")
    if weeks:
        _chart(book, placed)
    if len(weeks) <= ONE_PAGE:
        sheet.fit_to_pages(1, 1)


def _week(book: Book, sheet: Any, row: int, week: Week) -> None:
    name = week.placed.sheet.get_name()
    target = name.replace("'", "''")
    sheet.write_url(row, 0, f"internal:'{target}'!A1", book.formats["link"], name)
    for column, part in enumerate(PARTS, 1):
        if part in week.columns:
            source = week.placed.elsewhere(week.columns[part])
            book.formula(sheet, row, column, f"=SUM({source})", week.sums[part])
        else:
            book.cell(sheet, row, column, "count", 0)
    total = sum(week.sums.values())
    book.formula(sheet, row, 5, f"=SUM(B{row + 1}:E{row + 1})", total)
    share = week.sums["dedicated"] / total if total else 0.0
    book.formula(sheet, row, 6, f"=IF(F{row + 1}=0,0,B{row + 1}/F{row + 1})", share, "share")


def _total(book: Book, placed: Placed, weeks: list[Week]) -> None:
    row = placed.last + 1
    book.text(placed.sheet, row, 0, "Total", "total-label")
    sums = [sum(week.sums[part] for week in weeks) for part in PARTS]
    for column, value in enumerate([*sums, sum(sums)], 1):
        book.formula(placed.sheet, row, column, f"=SUM({placed.cells(column)})", value, "total-count")
    share = sums[0] / sum(sums) if sum(sums) else 0.0
    book.formula(placed.sheet, row, 6, f"=IF(F{row + 1}=0,0,B{row + 1}/F{row + 1})", share, "total-share")


def _chart(book: Book, placed: Placed) -> None:
    chart = book.workbook.add_chart({"type": "column", "subtype": "stacked"})
    for column, colour in ((1, "#0F766E"), (2, "#7C3AED"), (3, "#94A3B8"), (4, "#B91C1C")):
        chart.add_series(
            {
                "name": WEEKS[column].title,
                "categories": f"={placed.elsewhere(0)}",
                "values": f"={placed.elsewhere(column)}",
                "fill": {"color": colour},
                "gap": 40,
            }
        )
    chart.set_title({"name": "Messages a week by destination", "name_font": {"size": 12}})
    chart.set_y_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#E2E8F0"}}})
    chart.set_x_axis({"num_font": {"rotation": -45}})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 760, "height": 420})
    placed.sheet.insert_chart(placed.last + 4, 0, chart, {"description": "Messages a week by destination"})


def _milestones(book: Book, sheet: Any, row: int, plan: Plan) -> int:
    stones = milestones(plan)
    if not stones:
        return row
    book.text(sheet, row, 0, "Milestones", "subtitle")
    for offset, stone in enumerate(stones, 1):
        book.cell(sheet, row + offset, 0, "date", stone.day)
        book.text(sheet, row + offset, 1, milestone_line(plan, stone))
    return row + len(stones) + 2
