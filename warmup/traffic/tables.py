"""A file of rows as a DuckDB relation of text columns, whatever it is written in, with a way back to its lines.

CSV (also gzip, also UTF-16), parquet and the first sheet of an Excel workbook. Everything arrives as text, so that one
set of rules judges dates and numbers and an error can quote what the file says. Damaged rows are collected, not fatal
one by one: :meth:`Table.load` raises them all together.
"""

from __future__ import annotations

import atexit
import csv
import gzip
import io
import re
import shutil
import tempfile
import zipfile
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from warmup.errors import InputError, Problem
from warmup.traffic.columns import pick
from warmup.traffic.problems import Problems
from warmup.traffic.wording import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import duckdb
    import pandas as pd

HEAD_BYTES = 64 * 1024
_HEADER_LINES = 20
_GZIP, _PARQUET, _ZIP = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MEMORY = "1GB"
_MAX_RATIO, _LARGE = 200, 256 * 1024 * 1024
"""A table that unpacks to so many times its size, and is large then, is no export: those come to 5 to 50 times."""

_MAX_SHEET_BYTES = 512 * 1024 * 1024
"""Unpacked size of a workbook that is read: a small archive can unpack to any size."""
_DELIMITERS = ",;\t|"

MOST_REJECTED = 1_000_000
"""Damaged lines that are counted: a file of nothing else must not fill the memory."""


@dataclass
class Table:
    """Rows of one file.

    Attributes:
        path: The file.
        name: What messages call it: the path as the scenario writes it.
        header: Column names as written.
        unit: ``line`` or ``row``: what a record number is in the file's own terms.
        start: Line (row) of the first record after the header.
        delimiter: Of a CSV file; empty for others.
    """

    connection: duckdb.DuckDBPyConnection
    path: Path
    name: str
    header: list[str]
    unit: str
    start: int
    relation: str
    parameters: list[Any]
    delimiter: str = ""
    encoding: str = "utf-8"

    def load(self, select: str) -> None:
        """Create the table ``raw``: ``n`` (record number from 1) and the columns of ``select``.

        Args:
            select: SQL over the text columns ``c0``, ``c1`` … in the order of :attr:`header`.

        Raises:
            InputError: The file cannot be read, or rows in it (all of them, up to a limit).
        """
        import duckdb

        # Only names made in this package and quoted identifiers stand in the text; values are parameters.
        sql = f"CREATE TEMP TABLE raw AS SELECT row_number() OVER () AS n, {select} FROM {self.relation}"
        try:
            self.connection.execute(sql, self.parameters)
        except duckdb.Error as error:
            what = f"cannot be read: {quote(str(error).strip().splitlines()[0])}"
            raise InputError(Problem(self.name, what, "check that the file is complete")) from None
        if self.delimiter:
            self._raise_rejected()

    def _raise_rejected(self) -> None:
        # One damaged line can be reported column by column: its first complaint says enough.
        rows = self.query(
            "SELECT line, arg_min(error_type, coalesce(column_idx, 0)), "
            "arg_min(error_message, coalesce(column_idx, 0)) FROM reject_errors GROUP BY line ORDER BY line"
        )
        kinds: dict[tuple[str, str], list[int]] = {}
        for line, kind, message in rows:
            kinds.setdefault(_rejected(str(kind), str(message)), []).append(line)
        problems = Problems(self.name, "line")
        for (what, fix), lines in kinds.items():
            problems.add_kind([(line,) for line in lines], [what] * len(lines), len(lines), fix)
        if len(rows) >= MOST_REJECTED:
            problems.add(
                (rows[-1][0],), "is the last damaged line that was looked at; there are more", "export it again"
            )
        problems.raise_any()

    def query(self, sql: str, parameters: list[Any] | dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Rows of a query over ``raw``."""
        return self.connection.execute(sql, parameters or []).fetchall()

    def lines(self, records: Iterable[int]) -> dict[int, int]:
        """Line (or sheet row) of records. The file is read again, so ask only where a message needs it."""
        wanted = set(records)
        plain = {record: record - 1 + self.start for record in wanted}
        if not self.delimiter or not wanted:
            return plain
        # Where the file cannot be read this way, the plain count is right as long as no record holds a line break.
        with suppress(csv.Error, UnicodeError, OSError, EOFError, zlib.error):
            plain |= self._scan(wanted)
        return plain

    def _scan(self, wanted: set[int]) -> dict[int, int]:
        found: dict[int, int] = {}
        with open_text(self.path, self.encoding) as file:
            for _ in range(self.start - 1):
                file.readline()
            reader = csv.reader(file, delimiter=self.delimiter)
            record, line = 0, self.start
            for row in reader:
                if row:  # DuckDB passes over empty lines too
                    record += 1
                    if record in wanted:
                        found[record] = line
                        if len(found) == len(wanted):
                            break
                line = self.start + reader.line_num
        return found

    def close(self) -> None:
        """Free the rows."""
        self.connection.close()


def _rejected(kind: str, message: str) -> tuple[str, str]:
    """What is wrong with a row that DuckDB could not split into columns, and what to do, in a person's words."""
    if kind == "INVALID ENCODING":
        return "holds bytes that are not UTF-8", "save the file as CSV UTF-8"
    if kind in ("MISSING COLUMNS", "TOO MANY COLUMNS"):
        counts = re.search(r"Columns: (\d+) Found: (\d+)", message)
        seen = f"has {counts[2]} columns where the header has {counts[1]}" if counts else f"has {kind.lower()}"
        return seen, "quote values that hold the delimiter, or remove the line"
    if kind == "LINE SIZE OVER MAXIMUM":
        return "is longer than 2 MB", "the file is damaged there: remove the line or export again"
    if kind == "UNQUOTED VALUE":
        return "has a quote that does not end", 'close it with " or double it inside a value'
    return f"cannot be read ({kind.lower()})", "correct or remove the line"


def open_table(path: Path, name: str) -> Table:
    """Open a file of rows; nothing but its header is read yet.

    Args:
        path: The file.
        name: What to call it in messages.

    Raises:
        InputError: It is empty, or no kind of file that holds rows.
    """
    head = head_of(path)
    if head.startswith(_PARQUET):
        return _parquet(path, name)
    if head.startswith(_ZIP):
        return _sheet(path, name)
    return _csv(path, name, head)


def is_binary_table(head: bytes) -> bool:
    """Whether a file begins as parquet or as an Excel workbook."""
    return head.startswith((_PARQUET, _ZIP))


def head_of(path: Path) -> bytes:
    """The first bytes of a file, decompressed if it is gzip."""
    with path.open("rb") as file:
        raw = file.read(HEAD_BYTES)
    if raw.startswith(_GZIP):
        with suppress(zlib.error):
            return zlib.decompressobj(wbits=31).decompress(raw, HEAD_BYTES)
    return raw


def head_text(head: bytes) -> str:
    """The first bytes as text, whatever they are."""
    encoding = "utf-16" if head.startswith(_UTF16) else "utf-8-sig"
    return head.decode(encoding, errors="replace")


@cache
def _spill() -> Path:
    """A private directory for what does not fit into memory, deleted when the program ends."""
    path = Path(tempfile.mkdtemp(prefix="warmup-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def _connect() -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{_MEMORY}'")
    folder = str(_spill() / uuid4().hex).replace("'", "''")
    connection.execute(f"SET temp_directory = '{folder}'")
    # Nothing is ever fetched from a network because a file asks for it.
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    # In Jupyter DuckDB refuses to touch this setting unless ipywidgets is there; without it there is no bar either.
    with suppress(duckdb.InvalidInputException):
        connection.execute("SET enable_progress_bar = false")
    return connection


def _literal(path: Path) -> str:
    """A path in which DuckDB sees no pattern."""
    return re.sub(r"([*?\[])", r"[\1]", str(path.absolute()))


def _parquet(path: Path, name: str) -> Table:
    import duckdb

    connection = _connect()
    try:
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [_literal(path)]).fetchall()
    except duckdb.Error:
        connection.close()
        raise InputError(Problem(name, "is a damaged parquet file", "export it again")) from None
    texts = ", ".join(f"{_as_text(column, kind)} AS c{i}" for i, (column, kind, *_) in enumerate(described))
    relation = f"(SELECT {texts} FROM read_parquet(?))"
    return Table(connection, path, name, [str(row[0]) for row in described], "row", 1, relation, [_literal(path)])


def _as_text(column: str, kind: str) -> str:
    """SQL that spells a typed column as text; a time with a zone in UTC, whatever the machine's zone is."""
    quoted = '"' + column.replace('"', '""') + '"'
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime(to_timestamp(epoch({quoted})) AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S') || '+00:00'"
    return f"CAST({quoted} AS VARCHAR)"


def _sheet(path: Path, name: str) -> Table:
    """The first sheet of a workbook."""
    import pandas as pd

    frame = _read_sheet(path, name).dropna(how="all")
    if frame.empty:
        raise InputError(Problem(name, "is empty", "export it again"))
    top = range(min(len(frame), _HEADER_LINES))
    at = next((i for i in top if _is_header([str(value) for value in frame.iloc[i]])), 0)
    header = ["" if pd.isna(value) else str(value) for value in frame.iloc[at]]
    body = frame.iloc[at + 1 :]
    connection = _connect()
    texts = {f"c{i}": [_cell(value) for value in body[column]] for i, column in enumerate(body)}
    connection.register("sheet", pd.DataFrame(texts, dtype="str"))
    start = int(body.index[0]) + 1 if len(body) else int(frame.index[at]) + 2
    return Table(connection, path, name, header, "row", start, "sheet", [])


def _read_sheet(path: Path, name: str) -> pd.DataFrame:
    import pandas as pd

    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
        if size > _MAX_SHEET_BYTES:
            raise InputError(Problem(name, "is too large for a workbook", "export it as CSV or parquet"))
        return pd.read_excel(path, header=None, dtype=object, engine="openpyxl")
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - openpyxl raises whatever a damaged archive provokes
        what = f"cannot be read as an Excel workbook ({type(error).__name__})"
        raise InputError(Problem(name, what, "save it as CSV")) from None


def _cell(value: Any) -> str | None:
    """A cell as a person would have typed it into CSV."""
    import pandas as pd

    if pd.isna(value):
        return None
    if hasattr(value, "hour") and hasattr(value, "year"):
        return str(value.isoformat(sep=" "))
    return str(value)


def _csv(path: Path, name: str, head: bytes) -> Table:
    text = head_text(head)
    if not text.strip():
        raise InputError(Problem(name, "is empty", "export it again"))
    if "\x00" in text[:1000]:
        what = "is neither a table of text nor parquet nor Excel"
        raise InputError(Problem(name, what, "export it as CSV, parquet or xlsx"))
    encoding = "utf-16" if head.startswith(_UTF16) else "utf-8"
    delimiter, skip, header = find_header(text)
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header)))
    relation = (
        f"read_csv(?, delim = ?, quote = '\"', escape = '\"', header = false, skip = {skip + 1}, auto_detect = false, "
        f"columns = {{{columns}}}, encoding = '{encoding}', compression = ?, "
        f"ignore_errors = true, store_rejects = true, "
        f"rejects_limit = {MOST_REJECTED})"
    )
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    if packed:
        _check_ratio(path, name)
    parameters = [_literal(path), delimiter, "gzip" if packed else "none"]
    return Table(_connect(), path, name, header, "line", skip + 2, relation, parameters, delimiter, encoding)


def _check_ratio(path: Path, name: str) -> None:
    """Refuse a file that is far larger than it looks (RFC 1952: the last four bytes tell the size, modulo 4 GB)."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 4))
        unpacked = int.from_bytes(file.read(4), "little")
    if unpacked > _LARGE and unpacked > _MAX_RATIO * size:
        what = f"unpacks to {unpacked // size:,} times its size"
        raise InputError(Problem(name, what, "export it again, or unpack it and look at what it is"))


def find_header(text: str) -> tuple[str, int, list[str]]:
    """Delimiter, number of lines before the header, and the header's names.

    The header is the first line among twenty whose names are known; Excel's ``sep=;``, comments and empty lines before
    it are passed over. Without such a line it is the first line that is none of those.
    """
    first: tuple[str, int, list[str]] | None = None
    for skip, line in enumerate(text.split("\n")[:_HEADER_LINES]):
        if not line.strip() or line.startswith("#") or line.lower().startswith("sep="):
            continue
        for delimiter in _DELIMITERS:
            names = _split(line, delimiter) if delimiter in line else []
            if _is_header(names):
                return delimiter, skip, names
        if first is None:
            delimiter = max(_DELIMITERS, key=line.count)
            first = (delimiter, skip, _split(line, delimiter))
    return first or (",", 0, [""])


def _is_header(names: list[str]) -> bool:
    roles = pick(names)
    return {"date", "messages"} <= set(roles) or len({"provider", "domain", "stream"} & set(roles)) > 1


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])] or [""]
    except csv.Error:
        return [line[:60]]


@contextmanager
def open_text(path: Path, encoding: str = "utf-8") -> Iterator[io.TextIOBase]:
    """A file as text, decompressed if it is gzip; for finding lines only, so undecodable bytes are replaced."""
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        binary: Any = gzip.GzipFile(fileobj=raw) if packed else raw
        spelled = encoding if encoding == "utf-16" else "utf-8-sig"
        with io.TextIOWrapper(binary, spelled, errors="replace", newline="") as text:
            yield text
