"""A file of rows as a DuckDB relation of text columns, whatever it is written in, with a way back to its lines.

CSV (also gzip, also UTF-16), parquet and the first sheet of an Excel workbook. Everything arrives as text, so that one
set of rules judges dates and numbers and an error can quote what the file says. Damaged rows are collected, not fatal
one by one: :meth:`Table.load` raises them all together.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.errors import InputError, Problem
from warmup.traffic.columns import pick

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

HEAD_BYTES = 64 * 1024
MAX_PROBLEMS = 20
_MAX_SHEET_BYTES = 200 * 1024 * 1024
_DELIMITERS = ",;\t|"
_ADDRESS = re.compile(r"[^\s@,;<>\"']+@")


def head_of(path: Path) -> bytes:
    """The first bytes of a file, decompressed if it is gzip."""
    with path.open("rb") as file:
        raw = file.read(HEAD_BYTES)
    if raw[:2] == b"\x1f\x8b":
        try:
            return zlib.decompressobj(wbits=31).decompress(raw, HEAD_BYTES)
        except zlib.error:
            return raw
    return raw


def quote(value: Any) -> str:
    """A value from a file as it may be shown in a message: one short piece of text that holds no address."""
    text = _ADDRESS.sub("…@", str(value))
    return repr(text if len(text) <= 60 else f"{text[:57]}…")


def capped(problems: Iterable[Problem], where: str) -> list[Problem]:
    """At most :data:`MAX_PROBLEMS` problems, and one line that counts the rest."""
    items = list(problems)
    if len(items) <= MAX_PROBLEMS:
        return items
    return [*items[:MAX_PROBLEMS], Problem(where, f"and {len(items) - MAX_PROBLEMS:,} more problems of this kind")]


@dataclass
class Table:
    """Rows of one file.

    Attributes:
        path: The file.
        name: What messages call it: the path as the scenario writes it.
        header: Column names as written.
        unit: ``line`` or ``row``: what a record number is in the file's own terms.
        start: Line (row) of the first record after the header.
    """

    connection: duckdb.DuckDBPyConnection
    path: Path
    name: str
    header: list[str]
    unit: str
    start: int
    relation: str
    parameters: list[Any]
    dialect: dict[str, Any] | None = None
    encoding: str = "utf-8"

    def load(self, select: str) -> None:
        """Create the table ``raw``: ``n`` (record number from 1) and the columns of ``select``.

        Args:
            select: SQL over the text columns ``c0``, ``c1`` … in the order of :attr:`header`.

        Raises:
            InputError: Rows that cannot be read, all of them (up to :data:`MAX_PROBLEMS`).
        """
        import duckdb

        try:
            self.connection.execute(
                f"CREATE TEMP TABLE raw AS SELECT row_number() OVER () AS n, {select} FROM {self.relation}",  # noqa: S608
                self.parameters,
            )
        except duckdb.Error as error:
            first = str(error).strip().splitlines()[0]
            raise InputError(Problem(self.name, f"cannot be read: {first[:200]}", "check that the file is complete")) from None
        if self.dialect is not None:
            self._raise_rejected()

    def _raise_rejected(self) -> None:
        rows = self.connection.execute(
            "SELECT line, arg_min(error_type, column_idx), arg_min(error_message, column_idx), count(*) FROM reject_errors "
            "GROUP BY line ORDER BY line LIMIT ?",
            [MAX_PROBLEMS * 5],
        ).fetchall()
        problems = [_rejected(self.name, line, str(kind), str(message)) for line, kind, message, _ in rows]
        if problems:
            raise InputError(capped(problems, self.name))

    def lines(self, records: Iterable[int]) -> dict[int, int]:
        """Line (or sheet row) of records. Read again from the file, and only where a message needs it."""
        wanted = set(records)
        if self.dialect is None or not wanted:
            return {record: record - 1 + self.start for record in wanted}
        found: dict[int, int] = {}
        try:
            with open_text(self.path, self.encoding) as file:
                for _ in range(self.start - 1):
                    file.readline()
                reader = csv.reader(file, **self.dialect)
                last = max(wanted)
                record, before = 0, 0
                for row in reader:
                    line, before = before + self.start, reader.line_num
                    if not row:
                        continue
                    record += 1
                    if record in wanted:
                        found[record] = line
                    if record >= last:
                        break
        except (csv.Error, UnicodeError, OSError, EOFError):
            pass  # the plain count below is right wherever no record holds a line break
        return {record: found.get(record, record - 1 + self.start) for record in wanted}

    def where(self, record: int) -> str:
        """``file.csv: line 7``."""
        return f"{self.name}: {self.unit} {self.lines([record])[record]}"

    def close(self) -> None:
        """Free the rows."""
        self.connection.close()


def _rejected(name: str, line: int, kind: str, message: str) -> Problem:
    where = f"{name}: line {line}"
    if kind == "INVALID ENCODING":
        return Problem(where, "holds bytes that are not UTF-8", "save the file as CSV UTF-8")
    if kind in ("MISSING COLUMNS", "TOO MANY COLUMNS"):
        counts = re.search(r"Columns: (\d+) Found: (\d+)", message)
        seen = f"has {counts[2]} columns where the header has {counts[1]}" if counts else kind.lower()
        return Problem(where, seen, "quote values that hold the delimiter, or remove the line")
    if kind == "LINE SIZE OVER MAXIMUM":
        return Problem(where, "is longer than 2 MB", "the file is damaged there: remove the line or export again")
    if kind == "UNQUOTED VALUE":
        return Problem(where, "has a quote that does not end", 'close it with " or double it inside a value')
    return Problem(where, f"cannot be read ({kind.lower()})", "correct or remove the line")


def open_table(path: Path, name: str) -> Table:
    """Open a file of rows; nothing but its header is read yet.

    Args:
        path: The file.
        name: What to call it in messages.

    Raises:
        InputError: It is empty, or no kind of file that holds rows.
    """
    head = head_of(path)
    if head[:4] == b"PAR1":
        return _parquet(path, name)
    if head[:4] == b"PK\x03\x04":
        return _sheet(path, name)
    return _csv(path, name, head)


def _connect() -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect()
    # Nothing is ever fetched because a file asks for it.
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    connection.execute("SET enable_progress_bar = false")
    return connection


def _parquet(path: Path, name: str) -> Table:
    import duckdb

    connection = _connect()
    try:
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [_literal(path)]).fetchall()
    except duckdb.Error:
        connection.close()
        raise InputError(Problem(name, "is a damaged parquet file", "export it again")) from None
    header = [str(row[0]) for row in described]
    texts = ", ".join(_as_text(column, str(row[1])) + f" AS c{i}" for i, (column, row) in enumerate(zip(header, described)))
    return Table(connection, path, name, header, "row", 1, f"(SELECT {texts} FROM read_parquet(?))", [_literal(path)])


def _as_text(column: str, kind: str) -> str:
    """SQL that spells a typed column as text; a time with a zone in UTC, whatever the machine's zone is."""
    quoted = '"' + column.replace('"', '""') + '"'
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({quoted}::TIMESTAMP, '%Y-%m-%d %H:%M:%S') || '+00:00'"
    return f"CAST({quoted} AS VARCHAR)"


def _literal(path: Path) -> str:
    """A path in which DuckDB sees no pattern."""
    return re.sub(r"([*?\[])", r"[\1]", str(path.absolute()))


def _sheet(path: Path, name: str) -> Table:
    import pandas as pd

    if path.stat().st_size > _MAX_SHEET_BYTES:
        raise InputError(Problem(name, "is too large for a workbook", "export it as CSV or parquet"))
    try:
        frame = pd.read_excel(path, header=None, dtype=object, engine="openpyxl")
    except Exception as error:  # noqa: BLE001 - openpyxl raises whatever a damaged archive provokes
        raise InputError(Problem(name, f"cannot be read as an Excel workbook ({type(error).__name__})", "save it as CSV")) from None
    frame = frame.dropna(how="all")
    top = next((i for i in range(min(len(frame), 20)) if _is_header([str(v) for v in frame.iloc[i]])), 0)
    if frame.empty:
        raise InputError(Problem(name, "is empty", "export the history again"))
    header = ["" if pd.isna(value) else str(value) for value in frame.iloc[top]]
    body = frame.iloc[top + 1 :]
    connection = _connect()
    texts = pd.DataFrame({f"c{i}": [_cell(value) for value in body[column]] for i, column in enumerate(body.columns)})
    connection.register("sheet", texts.astype("string") if len(texts) else texts.astype(object))
    start = int(body.index[0]) + 1 if len(body) else int(frame.index[top]) + 2
    return Table(connection, path, name, header, "row", start, "sheet", [])


def _cell(value: Any) -> str | None:
    """A cell as a person would have typed it into CSV."""
    import pandas as pd

    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if hasattr(value, "isoformat"):
        return str(value.isoformat(sep=" ") if hasattr(value, "hour") and hasattr(value, "year") else value.isoformat())
    return str(value)


def _csv(path: Path, name: str, head: bytes) -> Table:
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    text = head.decode("utf-16" if encoding == "utf-16" else "utf-8-sig", errors="replace")
    if not text.strip():
        raise InputError(Problem(name, "is empty", "export the history again"))
    if "\x00" in text[:1000]:
        raise InputError(Problem(name, "is not a table of text, parquet or Excel", "export it as CSV, parquet or xlsx"))
    delimiter, skip, header = find_header(text)
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header)))
    relation = (
        f"read_csv(?, delim = ?, quote = '\"', escape = '\"', header = false, skip = {skip + 1}, auto_detect = false, "
        f"columns = {{{columns}}}, encoding = '{encoding}', compression = ?, ignore_errors = true, store_rejects = true, "
        f"rejects_limit = 1000)"
    )
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    parameters = [_literal(path), delimiter, "gzip" if packed else "none"]
    return Table(
        _connect(), path, name, header, "line", skip + 2, relation, parameters, {"delimiter": delimiter}, encoding
    )


def find_header(text: str) -> tuple[str, int, list[str]]:
    """Delimiter, number of lines before the header, and the header's names.

    The header is the first line among twenty that names a date and a volume; Excel's ``sep=;``, comments and empty lines
    before it are passed over. Without such a line it is the first line that is none of those.
    """
    first: tuple[str, int, list[str]] | None = None
    for skip, line in enumerate(text.splitlines()[:20]):
        if not line.strip() or line.startswith("#") or line.lower().startswith("sep="):
            continue
        for delimiter in _DELIMITERS:
            if delimiter in line and _is_header(names := _split(line, delimiter)):
                return delimiter, skip, names
        if first is None:
            delimiter = max(_DELIMITERS, key=line.count)
            first = (delimiter, skip, _split(line, delimiter))
    return first or (",", 0, [""])


def _is_header(names: list[str]) -> bool:
    roles = pick(names)
    return ("date" in roles and "messages" in roles) or len({"provider", "domain", "stream"} & set(roles)) > 1


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])] or [""]
    except csv.Error:
        return [line[:60]]


@contextmanager
def open_text(path: Path, encoding: str = "utf-8") -> Iterator[io.TextIOBase]:
    """A file as text, decompressed if it is gzip; undecodable bytes are replaced, for this is for finding lines only."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        binary: Any = gzip.GzipFile(fileobj=raw) if packed else raw
        with io.TextIOWrapper(binary, encoding if encoding == "utf-16" else "utf-8-sig", errors="replace", newline="") as text:
            yield text


def fetch(table: Table, sql: str, parameters: list[Any] | None = None) -> pd.DataFrame:
    """The result of a query over ``raw`` as a frame."""
    return table.connection.execute(sql, parameters or []).df()
