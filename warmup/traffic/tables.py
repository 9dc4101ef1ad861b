"""A file of rows as a DuckDB relation of text columns, whatever it is written in, with a way back to its lines.

CSV (also gzip, UTF-16 or Windows-1252), parquet and a sheet of an Excel workbook. Everything arrives as text, so that
one set of rules judges dates and numbers and an error can quote what the file says. Damaged rows are collected, not
fatal one by one: :meth:`Table.load` raises them all together.
"""

from __future__ import annotations

import atexit
import csv
import gzip
import io
import re
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast
from uuid import uuid4

from warmup.errors import InputError, Problem
from warmup.traffic.columns import check_width, pick
from warmup.traffic.private import make_folder, remove_folder
from warmup.traffic.problems import Problems
from warmup.traffic.sheets import find_sheet, sheet_text
from warmup.traffic.western import decoded, head_is_western, written_so
from warmup.traffic.wording import FORMULA_SIGNS, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import duckdb

    from warmup.traffic.supply import Note

HEAD_BYTES = 64 * 1024
_HEADER_LINES = 20
_GZIP, _PARQUET, _ZIP = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
_ZSTD = b"\x28\xb5\x2f\xfd"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MEMORY = "1GB"
_MOST_MIXED = 64 * 1024 * 1024
"""Bytes of a table whose lines end in different ways that are read."""

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
        encoding: ``utf-8``, ``utf-16`` or ``cp1252``.
        notes: What to say of how it is written.
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
    notes: tuple[Note, ...] = ()

    def load(self, select: str) -> None:
        """Create the table ``raw``: ``n`` (record number from 1) and the columns of ``select``.

        Args:
            select: SQL over the text columns ``c0``, ``c1`` … in the order of :attr:`header`.

        Raises:
            InputError: The file cannot be read, or rows in it (all of them, up to a limit).
        """
        import duckdb

        # Only names made in this package and quoted identifiers stand in the text; values are parameters.
        rows = f"SELECT row_number() OVER () AS n, {select} FROM {self.relation}"
        try:
            try:
                self.connection.execute(f"CREATE TEMP TABLE raw AS {rows}", self.parameters)
            except duckdb.OutOfMemoryException:
                self._load_into_file(rows)
        except duckdb.Error as error:
            what = f"cannot be read: {quote(str(error).strip().splitlines()[0])}"
            raise InputError(Problem(self.name, what, "check that the file is complete")) from None
        if self.delimiter:
            self._raise_rejected()
            self._check_long_line()
        self.connection.execute(f"SET temp_directory = {_private()}")  # no address is in memory any more

    def _load_into_file(self, rows: str) -> None:
        """Create ``raw`` in a private file: what is in memory meanwhile may hold addresses and is never spilled."""
        self.connection.execute(f"ATTACH {_private()} AS large")
        self.connection.execute(f"CREATE TABLE large.raw AS {rows}", self.parameters)
        self.connection.execute("CREATE TEMP VIEW raw AS SELECT * FROM large.raw")

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

    def _check_long_line(self) -> None:
        """Refuse a line that DuckDB passed over without a word, because it is longer than what it reads at a time."""
        from warmup.traffic.events.inputs import long_line

        with self.path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
        with gzip.open(self.path) if packed else self.path.open("rb") as file:
            line = long_line(cast("IO[bytes]", file))
        if line:
            raise InputError(Problem(f"{self.name}: line {line}", *_rejected("LINE SIZE OVER MAXIMUM", "")))

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
        InputError: It is empty, an archive, or no kind of file that holds rows.
    """
    from warmup.traffic.events.archives import check_archive

    with path.open("rb") as file:
        check_archive(file.read(HEAD_BYTES), path, name)
    head = head_of(path)
    if head.startswith(_PARQUET):
        return _parquet(path, name)
    if head.startswith(_ZIP):
        return _sheet(path, name)
    if head.startswith(_ZSTD):
        from warmup.traffic.piped import open_zstd

        return open_zstd(path, name)
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
    if head.startswith(_UTF16):
        return head.decode("utf-16", errors="replace")
    return decoded(head) if head_is_western(head) else head.decode("utf-8-sig", errors="replace")


@cache
def _spill() -> Path:
    """A private folder for what does not fit into memory, deleted when the program ends."""
    path = make_folder()
    atexit.register(remove_folder, path)
    return path


def _private() -> str:
    """SQL for a new name in there."""
    name = str(_spill() / uuid4().hex).replace("'", "''")
    return f"'{name}'"


def connect() -> duckdb.DuckDBPyConnection:
    """A database in memory that fetches nothing."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{_MEMORY}'")
    connection.execute("SET temp_directory = ''")
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


def name_text(column: str) -> str:
    """S'L for a name in a column of text: trimmed, without the apostrophe that keeps it from being a formula."""
    marked = f"regexp_replace(trim({column}), '^''(\\s*[{''.join(FORMULA_SIGNS)}])', '\\1')"
    return f"CASE WHEN starts_with({column}, '''') THEN {marked} ELSE trim({column}) END"


def _parquet(path: Path, name: str) -> Table:
    import duckdb

    connection = connect()
    try:
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [_literal(path)]).fetchall()
    except duckdb.Error:
        connection.close()
        raise InputError(Problem(name, "is a damaged parquet file", "export it again")) from None
    check_width(name, [str(row[0]) for row in described])
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
    """The sheet of a workbook that holds a table."""
    import pandas as pd

    from warmup.traffic.piped import Held
    from warmup.traffic.supply import Note

    sheet = find_sheet(path, name, _is_sheet_header)
    header = ["" if pd.isna(value) else str(value) for value in sheet.rows.iloc[sheet.header]]
    body = sheet.rows.iloc[sheet.header + 1 :]
    connection = connect()
    texts = {f"c{i}": [_cell(value) for value in body[column]] for i, column in enumerate(body)}
    connection.register("sheet", pd.DataFrame(texts, dtype="str"))
    at = [int(row) + 1 for row in body.index]
    notes = (Note("info", f"{name}: {sheet_text(sheet)}"),) if sheet.others else ()
    called = f"{name} (sheet {quote(sheet.title)})" if sheet.others else name
    return Held(connection, path, called, header, "row", at[0] if at else 1, "sheet", [], notes=notes, at=at)


def _is_sheet_header(names: list[str]) -> bool:
    """Whether a row of a sheet names columns of volumes, or of recipients."""
    from warmup.traffic.recipients.columns import known_roles

    return _is_header(names) or len(known_roles(names)) > 1


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
    if not head.startswith(_UTF16) and _is_western(path, name):
        from warmup.traffic.piped import open_western

        return open_western(path, name)
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    if not packed and _ends_mixed(head) and path.stat().st_size <= _MOST_MIXED:
        from warmup.traffic.piped import open_mixed

        return open_mixed(path, name)
    encoding = "utf-16" if head.startswith(_UTF16) else "utf-8"
    delimiter, skip, header = find_header(text)
    check_width(name, header, text.split("\n", skip)[-1] if len(head) >= HEAD_BYTES else "\n")
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header)))
    relation = (
        f"read_csv(?, delim = ?, quote = '\"', escape = '\"', header = false, skip = {skip + 1}, auto_detect = false, "
        f"columns = {{{columns}}}, encoding = '{encoding}', compression = ?, "
        f"ignore_errors = true, store_rejects = true, "
        f"rejects_limit = {MOST_REJECTED})"
    )
    if packed:
        _check_ratio(path, name)
    parameters = [_literal(path), delimiter, "gzip" if packed else "none"]
    return Table(connect(), path, name, header, "line", skip + 2, relation, parameters, delimiter, encoding)


def _ends_mixed(head: bytes) -> bool:
    """Whether lines end in different ways, as where an export was added to one from another machine."""
    both = head.count(b"\r\n")
    return 0 < both < head.count(b"\n") and not head.startswith(_UTF16)


def _is_western(path: Path, name: str) -> bool:
    """Whether a file is written in Windows-1252, which DuckDB does not read."""
    from warmup.traffic.events.inputs import Input
    from warmup.traffic.events.values import chunks

    return written_so(chunks(Input(path, name)))


def _check_ratio(path: Path, name: str) -> None:
    """Refuse a file that unpacks to far more than any export; what it says of its size is of its last member only."""
    from warmup.traffic.events.packing import gzip_chunks

    with path.open("rb") as file:
        for _ in gzip_chunks(file, name):
            pass


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
