"""The sheet of an Excel workbook that holds the table: a title page, notes or a chart may stand before it."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.traffic.wording import quote, some

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd

MAX_BYTES = 512 * 1024 * 1024
"""Unpacked size of a workbook that is read: a small archive can unpack to any size."""

_HEADER_LINES = 20
_MOST_NAMED = 8


@dataclass(frozen=True)
class Sheet:
    """A table in a workbook.

    Attributes:
        rows: Its rows that are not empty, the header's among them; the index is the number of a row from 0.
        header: Which of them holds the names of the columns.
        title: The sheet's name.
        others: Names of other sheets that are not empty.
    """

    rows: pd.DataFrame
    header: int
    title: str
    others: tuple[str, ...]


def find_sheet(path: Path, name: str, is_header: Callable[[list[str]], bool]) -> Sheet:
    """The one sheet with a row of known column names; where there is none, the one with the most values.

    Args:
        path: The workbook.
        name: What messages call it.
        is_header: Whether texts are names of columns that are known.

    Raises:
        InputError: It is damaged, too large or empty, or there are such rows on several sheets.
    """
    sheets = {title: rows for title, rows in _sheets(path, name).items() if not rows.empty}
    if not sheets:
        raise InputError(Problem(name, "is empty", "export it again"))
    headers = {title: at for title, rows in sheets.items() if (at := _header(rows, is_header)) is not None}
    if len(headers) > 1:
        what = f"has tables on {len(headers)} sheets: {_named(list(headers))}"
        raise InputError(Problem(name, what, "save each that is meant as a CSV file, and give those"))
    title = next(iter(headers), max(sheets, key=lambda one: int(sheets[one].notna().to_numpy().sum())))
    return Sheet(sheets[title], headers.get(title, 0), title, tuple(one for one in sheets if one != title))


def sheet_text(sheet: Sheet) -> str:
    """What to say of a workbook with more than one sheet."""
    return f"Only the sheet {quote(sheet.title)} was read, not {_named(sheet.others)}."


def _named(titles: Sequence[str]) -> str:
    return some(map(quote, titles), _MOST_NAMED)


def _header(rows: pd.DataFrame, is_header: Callable[[list[str]], bool]) -> int | None:
    top = range(min(len(rows), _HEADER_LINES))
    return next((at for at in top if is_header([str(value) for value in rows.iloc[at]])), None)


def _sheets(path: Path, name: str) -> dict[str, pd.DataFrame]:
    """All sheets by name, without empty rows."""
    import pandas as pd

    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
        if size > MAX_BYTES:
            raise InputError(Problem(name, "is too large for a workbook", "export it as CSV or parquet"))
        with pd.ExcelFile(path, engine="openpyxl") as book:
            titles = [str(sheet.title) for sheet in book.book.worksheets]
            read = pd.read_excel(book, sheet_name=titles, header=None, dtype=object)
        return {str(title): rows.dropna(how="all") for title, rows in read.items()}
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - openpyxl raises whatever a damaged archive provokes
        what = f"cannot be read as an Excel workbook ({type(error).__name__})"
        raise InputError(Problem(name, what, "save it as CSV")) from None
