"""A workbook with our formats, and tables that are safe to open and pleasant to print.

Text is always written as a string cell: nothing from input can become a formula or a link. Formulas are ours alone and
carry the value they will have, so that viewers which do not calculate (phones, previews) show it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Literal

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.utility import xl_col_to_name

from warmup.report.guard import plain

Kind = Literal["text", "wrap", "date", "count", "share", "input", "input-count"]

LINE_HEIGHT = 15.0
"""Points of one line of 11-point text."""
LONGEST_TEXT = 32_767
"""Characters an Excel cell can hold."""
LONGEST_NAME = 31
"""Characters of a sheet's name; it may not hold ``[]:*?/`` or a backslash, nor have an apostrophe at an end."""
_FORBIDDEN_IN_NAME = str.maketrans("[]:*?/\\", "     ––")
INK, PAPER, HEAD, SOFT = "#1F2937", "#FFFFFF", "#1E3A5F", "#F1F5F9"
GOOD, WARN, BAD, INPUT = "#DCFCE7", "#FEF3C7", "#FEE2E2", "#FFFBEB"

HEADS = {"count": "head-right", "share": "head-right", "input-count": "head-right", "date": "head-date"}
"""Headings stand where their cells stand."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, what its cells are, how wide it is, and whether it has a total above."""

    title: str
    kind: Kind = "text"
    width: float = 12
    total: bool = False
    note: str = ""


@dataclass(frozen=True)
class Placed:
    """Where a table came to stand; rows and columns count from 0.

    Attributes:
        sheet: The worksheet.
        header: Row of the headings.
        first, last: First and last row of data; ``last < first``: there is none.
    """

    sheet: Any
    header: int
    first: int
    last: int

    def cells(self, column: int) -> str:
        """Absolute reference to a column's data, without the sheet: ``$D$6:$D$40``."""
        name = xl_col_to_name(column, col_abs=True)
        return f"{name}${self.first + 1}:{name}${max(self.first, self.last) + 1}"

    def elsewhere(self, column: int) -> str:
        """The same with the sheet's name, for use in other sheets and charts."""
        quoted = self.sheet.get_name().replace("'", "''")
        return f"'{quoted}'!{self.cells(column)}"


@dataclass
class Book:
    """A workbook being written.

    Attributes:
        workbook: The XlsxWriter workbook.
        names: Sheet names in use, lower case.
    """

    workbook: Any
    names: set[str] = field(default_factory=set)
    formats: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def create(cls, path: Path, title: str, author: str, created: date) -> Book:
        """Start a workbook whose bytes depend on the plan alone: its date is the plan's."""
        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        workbook = xlsxwriter.Workbook(str(path), options)
        stamp = datetime.combine(created, time(), tzinfo=UTC).replace(tzinfo=None)  # the file format has no zones
        workbook.set_properties({"title": plain(title), "author": author, "created": stamp})
        workbook.set_calc_mode("auto")
        book = cls(workbook)
        book._make_formats()
        return book

    def _make_formats(self) -> None:
        head = {"bold": True, "font_color": PAPER, "bg_color": HEAD, "text_wrap": True, "valign": "vcenter"}
        base = {"font_name": "Calibri", "font_size": 11, "font_color": INK, "valign": "top"}
        specs: dict[str, dict[str, Any]] = {
            "text": {"align": "left", "indent": 1},  # else a left-aligned text sticks to the number before it
            "wrap": {"align": "left", "text_wrap": True, "indent": 1},
            "paragraph": {"text_wrap": True},
            "date": {"num_format": "ddd d mmm yyyy", "align": "left"},
            "count": {"num_format": "#,##0"},
            "share": {"num_format": "0.0%"},
            "input": {"align": "left", "bg_color": INPUT, "indent": 1, "locked": False},
            "input-count": {"bg_color": INPUT, "num_format": "#,##0", "locked": False},
            "title": {"bold": True, "font_size": 16},
            "subtitle": {"bold": True, "font_size": 12},
            "note": {"font_color": "#475569", "italic": True},
            "link": {"font_color": "#1D4ED8", "underline": 1},
            "head": head | {"align": "left", "indent": 1},
            "head-right": head | {"align": "right"},
            "head-date": head,
            "total-label": {"bold": True, "bg_color": SOFT, "top": 1},
            "total-count": {"bold": True, "bg_color": SOFT, "top": 1, "num_format": "#,##0"},
            "total-share": {"bold": True, "bg_color": SOFT, "top": 1, "num_format": "0.0%"},
        }
        self.formats = {name: self.workbook.add_format(base | spec) for name, spec in specs.items()}
        for name, colour in (("good", GOOD), ("warn", WARN), ("bad", BAD)):
            self.formats[name] = self.workbook.add_format({"bg_color": colour, "font_color": INK})
        self.formats["faint"] = self.workbook.add_format({"font_color": "#64748B"})
        self.formats["new-day"] = self.workbook.add_format({"top": 1})

    def sheet(self, name: str, *, colour: str = "", landscape: bool = True) -> Any:
        """Add a sheet, set up to be printed: A4, fit to the width, page numbers below."""
        made = self.workbook.add_worksheet(self.free_name(name))
        if landscape:
            made.set_landscape()
        made.set_paper(9)  # A4
        made.fit_to_pages(1, 0)
        made.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
        made.set_footer("&L&F&C&A&RPage &P of &N")
        made.hide_gridlines(1)
        if colour:
            made.set_tab_color(colour)
        return made

    def free_name(self, wanted: str) -> str:
        """A sheet name that Excel accepts and nobody has yet."""
        clean = " ".join(plain(wanted).translate(_FORBIDDEN_IN_NAME).split()).strip("' ") or "Sheet"
        if clean.lower() == "history":  # reserved by Excel
            clean = "History sheet"
        name, n = _cut(clean, LONGEST_NAME), 2
        while name.lower() in self.names:
            name, n = f"{_cut(clean, LONGEST_NAME - len(f' ({n})'))} ({n})", n + 1
        self.names.add(name.lower())
        return name

    def text(self, sheet: Any, row: int, column: int, value: object, style: str = "text") -> None:
        """Write text, and nothing but text, whatever it begins with."""
        sheet.write_string(row, column, plain(value)[:LONGEST_TEXT], self.formats[style])

    def heading(self, sheet: Any, title: str, note: str = "", row: int = 0) -> None:
        """A title and a line that says how to read the sheet."""
        self.text(sheet, row, 0, title, "title")
        if note:
            self.text(sheet, row + 1, 0, note, "note")

    def cell(self, sheet: Any, row: int, column: int, kind: Kind, value: Any) -> None:
        """Write one value of a table; None and "" leave the cell empty, but formatted."""
        style = self.formats[kind]
        if value is None or value == "":
            sheet.write_blank(row, column, None, style)
        elif kind == "date":
            sheet.write_datetime(row, column, datetime.combine(value, time()), style)
        elif kind in ("count", "share", "input-count"):
            sheet.write_number(row, column, value, style)
        else:
            self.text(sheet, row, column, value, kind)

    def formula(
        self, sheet: Any, row: int, column: int, formula: str, value: float | str, style: str = "count"
    ) -> None:
        """Write a formula of ours together with the value it has."""
        sheet.write_formula(row, column, formula, self.formats[style], value)

    def table(
        self, sheet: Any, row: int, columns: Sequence[Column], data: Sequence[Sequence[Any]], *, filtered: bool = True
    ) -> Placed:
        """Write a table: totals above the header (so that they stay in view), header, rows.

        Args:
            sheet: Where.
            row: Row of the totals; the header is the row below. Without a total column the header itself.
            columns: The columns, from column A.
            data: Rows of values in the order of the columns.
            filtered: Put a filter on the header; totals then are of the rows that it shows.

        Returns:
            Where the table stands. The header is frozen and repeated on each printed page.
        """
        header = row + any(column.total for column in columns)
        placed = Placed(sheet, header, header + 1, header + len(data))
        for index, column in enumerate(columns):
            sheet.set_column(index, index, column.width)
            self.text(sheet, header, index, column.title, HEADS.get(column.kind, "head"))
            if column.note:
                sheet.write_comment(header, index, column.note, _comment(column.note))
            if column.total:
                self._total(placed, index, [line[index] for line in data], filtered)
        if header > row:
            self.text(sheet, row, 0, "Total of the rows shown" if filtered else "Total", "total-label")
        for offset, line in enumerate(data):
            for index, value in enumerate(line):
                self.cell(sheet, placed.first + offset, index, columns[index].kind, value)
            self._height(sheet, placed.first + offset, columns, line)
        if filtered and data:
            sheet.autofilter(header, 0, placed.last, len(columns) - 1)
        sheet.set_row(header, 47)
        sheet.freeze_panes(header + 1, 0)
        sheet.repeat_rows(header)
        return placed

    def _height(self, sheet: Any, row: int, columns: Sequence[Column], line: Sequence[Any]) -> None:
        """Make room for wrapped text: not every program does so by itself when it opens the file."""
        pairs = zip(columns, line, strict=True)
        wrapped = [lines_of(str(value), column.width) for column, value in pairs if column.kind == "wrap" and value]
        if wrapped and max(wrapped) > 1:
            sheet.set_row(row, LINE_HEIGHT * max(wrapped) + 1)

    def _total(self, placed: Placed, column: int, values: list[Any], filtered: bool) -> None:
        # SUBTOTAL(109) is a SUM of the rows that the filter shows: filter one provider, read its total.
        name = f"SUBTOTAL(109,{placed.cells(column)})" if filtered else f"SUM({placed.cells(column)})"
        total = sum(value for value in values if value)
        self.formula(placed.sheet, placed.header - 1, column, f"={name}", total, "total-count")

    def comment(self, sheet: Any, row: int, column: int, text: str) -> None:
        """A note that opens when the mouse is over the cell."""
        clean = "\n".join(plain(line) for line in text.splitlines())
        sheet.write_comment(row, column, clean, _comment(clean))

    def shade(self, placed: Placed, column: int, value: str, style: str) -> None:
        """Shade the cells of a column that hold ``value``."""
        sheet = placed.sheet
        rule = {"type": "cell", "criteria": "==", "value": f'"{value}"', "format": self.formats[style]}
        sheet.conditional_format(placed.first, column, max(placed.first, placed.last), column, rule)

    def close(self) -> None:
        """Write the file.

        Raises:
            OSError: It cannot be written.
        """
        try:
            self.workbook.close()
        except FileCreateError as error:  # an error of XlsxWriter's own that holds the real one
            raise error.args[0] if error.args and isinstance(error.args[0], OSError) else OSError(str(error)) from error


def lines_of(text: str, width: float) -> int:
    """Lines that a text takes in a cell ``width`` characters wide, at most as many as Excel can make a row high."""
    length = 0
    lines = 1
    for word in text.split():
        if length and length + 1 + len(word) > width - 2:  # the indent takes about two characters
            lines, length = lines + 1, 0
        length += len(word) + (1 if length else 0)
        lines, length = lines + length // int(width), length % int(width)
    return min(lines, 26)


def _comment(text: str) -> dict[str, Any]:
    lines = sum(1 + len(line) // 42 for line in text.splitlines())
    return {"author": "ipwarmup", "width": 260, "height": max(30, 18 * lines + 8), "font_size": 9}


def _cut(name: str, length: int) -> str:
    return name[:length].rstrip("' ")
