"""One sheet a week, to act on: each line is one instruction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from warmup.report.daysheet import PARTS, last_shown, provider_label, rows, tier_label, window
from warmup.report.excel.book import Book, Column, Placed
from warmup.report.steps import takes_no_ip
from warmup.report.words import day, day_month, limit_name

if TYPE_CHECKING:
    import pandas as pd

    from warmup.planner.plan import Plan

MOST_WEEKS = 60
"""Week sheets at most. A plan that never completes would otherwise be a workbook that nobody can open."""
MOST_ROWS = 250_000
"""Rows of all week sheets together, for the same reason."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """A column of the week sheets and where its value comes from.

    Attributes:
        key: Its name in :attr:`Week.columns`.
        column: Heading, kind and width.
        value: Its value in a row of :func:`warmup.report.daysheet.rows`.
        spare: Left out when it is empty in the whole plan.
    """

    key: str
    column: Column
    value: Callable[[Plan, Row], Any]
    spare: bool = False


def _label(plan: Plan, row: Row) -> str:
    return str(row.get("several") or provider_label(plan, row["provider"]))


def _later(_: Plan, row: Row) -> date | None:
    return row["origin"] if row["origin"] != row["date"] else None


THRESHOLD_NOTE = (
    "On the new IPs if hash(recipient id) mod 10,000 is below it. The report has the line of SQL that selects them."
)
FROM_NOTE = "And not below this one: those were sent on an earlier day of the same send."
FOLD_NOTE = "Providers that get nothing from the new IPs in this send, for one reason, share a line."
COMPARED = "For comparison only, the answer is no dedicated IP. "
FIELDS = (
    Field("date", Column("Day", "date", 17), lambda _, row: row["date"]),
    Field("window", Column("Send window", "text", 13), lambda plan, _: window(plan)),
    Field("stream", Column("Stream", "text", 18), lambda _, row: row["stream"]),
    Field("tier", Column("Audience", "text", 24), lambda _, row: tier_label(row["tier"])),
    Field("provider", Column("Mailbox provider", "text", 22, note=FOLD_NOTE), _label),
    Field("dedicated", Column("Send on the new IPs", "count", 13, total=True), lambda _, row: row["dedicated"]),
    Field("threshold", Column("Threshold", "count", 11, note=THRESHOLD_NOTE), lambda _, row: row["threshold"]),
    Field(
        "from", Column("Threshold from", "count", 11, note=FROM_NOTE), lambda _, r: r["threshold_from"] or None, True
    ),
    Field("overflow", Column("Overflow", "count", 12, total=True), lambda _, row: row["overflow"] or None, True),
    Field("legacy", Column("Rest via legacy", "count", 13, total=True), lambda _, row: row["legacy"]),
    Field("unplaced", Column("No place", "count", 10, total=True), lambda _, row: row["unplaced"] or None, True),
    Field("moved_back", Column("Move back", "count", 10, total=True), lambda _, row: row["moved_back"] or None, True),
    Field("limit", Column("Why not more", "text", 23), lambda _, row: limit_name(row["limit"]) if row["limit"] else ""),
    Field("pool", Column("Pool", "text", 17), lambda _, row: row["pool"]),
    Field("origin", Column("Due since", "date", 17, note="Day of origin of a spread send."), _later, True),
    Field(
        "sent", Column("Really sent", "input-count", 12, note="Fill in what the new platform reports."), lambda *_: None
    ),
)


@dataclass(frozen=True)
class Week:
    """A week sheet as it came out: its first day, where its table stands, and the sums by destination."""

    number: int
    first: date
    placed: Placed
    sums: dict[str, int]
    columns: dict[str, int]


def write_weeks(book: Book, plan: Plan) -> tuple[list[Week], date]:
    """Write the week sheets (Monday to Sunday) up to 14 days after completion.

    Returns:
        The weeks and the last day that has a line. The days after it, and what is beyond :data:`MOST_WEEKS`, stand in
        ``plan.csv`` only.
    """
    table = rows(plan)
    table = table[table["date"] <= last_shown(plan)]
    fields = _fields(plan, table)
    weeks: list[Week] = []
    written = 0
    for monday, part in table.groupby(table["date"].map(_monday), sort=True):
        if len(weeks) == MOST_WEEKS or (weeks and written + len(part) > MOST_ROWS):
            break
        weeks.append(_write_week(book, plan, fields, len(weeks) + 1, monday, part))
        written += len(part)
    last = (
        min(weeks[-1].first + timedelta(days=6 - weeks[-1].first.weekday()), last_shown(plan)) if weeks else plan.first
    )
    return weeks, last


def _fields(plan: Plan, table: pd.DataFrame) -> list[Field]:
    filled = {name for name in ("overflow", "unplaced", "moved_back") if table[name].any()}
    if table["threshold_from"].any():
        filled.add("from")
    if (table["origin"] != table["date"]).any():
        filled.add("origin")
    return [
        field
        for field in FIELDS
        if not (field.spare and field.key not in filled) and not (field.key == "pool" and len(plan.scenario.pools) < 2)
    ]


def _monday(value: date) -> date:
    return value - timedelta(days=value.weekday())


def _write_week(book: Book, plan: Plan, fields: list[Field], number: int, monday: date, part: pd.DataFrame) -> Week:
    first, last = max(monday, plan.first), min(monday + timedelta(days=6), last_shown(plan))
    # Named by its Monday, as in every table of weeks, also where the first send comes later in it.
    sheet = book.sheet(f"Week {number} ({day_month(monday)} {monday.year})", colour="#1E3A5F")
    book.heading(
        sheet,
        f"Week {number}: {day(first)} to {day(last)}",
        f"{plan.scenario.customer}. {COMPARED if takes_no_ip(plan) else ''}"
        f"Send each line on its day in its window (times in {plan.scenario.timezone}). "
        "Recipients below the threshold: new IPs; the others of the line: the rest.",
    )
    records = folded([{str(k): v for k, v in row.items()} for row in part.to_dict("records")])
    data = [[field.value(plan, record) for field in fields] for record in records]
    placed = book.table(sheet, 2, [field.column for field in fields], data)
    columns = {field.key: n for n, field in enumerate(fields)}
    _mark(book, placed, columns)
    return Week(number, first, placed, {name: int(part[name].sum()) for name in PARTS}, columns)


def folded(rows: list[Row]) -> list[Row]:
    """The lines of a week, with providers that get nothing from the new IPs for one reason on one line.

    Most of the first weeks' cells are of that kind; who acts on the sheet needs them only as a sum.

    Args:
        rows: Rows of :func:`warmup.report.daysheet.rows`.

    Returns:
        The same messages in fewer rows; a row for several providers names them in ``several``.
    """
    sends: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        sends.setdefault(tuple(row[key] for key in ("date", "stream", "tier", "origin", "pool")), []).append(row)
    out: list[Row] = []
    for send in sends.values():
        acted = [row for row in send if row["dedicated"] or row["threshold"] or row["moved_back"]]
        reasons: dict[str, list[Row]] = {}
        for row in send:
            if row not in acted:
                reasons.setdefault(row["limit"], []).append(row)
        name = "all others" if acted or len(reasons) > 1 else "all providers"
        out += acted
        out += [_together(group, name) if len(group) > 1 else group[0] for group in reasons.values()]
    return out


def _together(group: list[Row], name: str) -> Row:
    sums = {part: sum(row[part] for row in group) for part in PARTS}
    return {**group[0], **sums, "several": f"{name} ({len(group)})"}


def _mark(book: Book, placed: Placed, columns: dict[str, int]) -> None:
    """Grey for lines without a message for the new IPs, red for mail without a place, a rule above each new day."""
    sheet, last, width = placed.sheet, placed.last, len(columns) - 1
    top = placed.first + 1  # rows in formulas count from 1
    if "unplaced" in columns:
        no_place = {"type": "cell", "criteria": ">", "value": 0, "format": book.formats["bad"]}
        sheet.conditional_format(placed.first, columns["unplaced"], last, columns["unplaced"], no_place)
    if last > placed.first:
        new_day = {"type": "formula", "criteria": f"=$A{top + 1}<>$A{top}", "format": book.formats["new-day"]}
        sheet.conditional_format(placed.first + 1, 0, last, width, new_day)
    nothing = {"type": "formula", "criteria": f"=$F{top}=0", "format": book.formats["faint"]}
    sheet.conditional_format(placed.first, 0, last, width, nothing)
    whole = {"validate": "integer", "criteria": ">=", "value": 0, "error_message": "A whole number of messages."}
    sheet.data_validation(placed.first, columns["sent"], last, columns["sent"], whole)
