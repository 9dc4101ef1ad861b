"""Files of recipients as DuckDB SQL: CSV (also packed, UTF-16 or Windows-1252), parquet, a sheet of a workbook.

Columns that are not needed are not read. Of an address only what follows the @ leaves the scan. What is read from text
may not be written anywhere, so nothing is spilled then; from parquet only counts by domain can be.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from warmup.errors import InputError, Problem
from warmup.traffic.columns import check_width
from warmup.traffic.events.inputs import HEAD, Input, head_of, packing_of
from warmup.traffic.events.packing import literal
from warmup.traffic.piped import rows_of, western_text
from warmup.traffic.private import make_folder, remove_folder
from warmup.traffic.recipients.columns import known_roles
from warmup.traffic.recipients.inputs import (
    PARQUET,
    SHEET,
    UTF16,
    Paths,
    called,
    files_of,
    kind_of,
    lines_of,
    path_of,
)
from warmup.traffic.recipients.rule import NEVER
from warmup.traffic.recipients.select import day, quoted
from warmup.traffic.tables import head_text, open_table
from warmup.traffic.western import NAME as WESTERN
from warmup.traffic.western import western_note

if TYPE_CHECKING:
    import duckdb

    from warmup.traffic.supply import Note

_DELIMITERS = ",;\t|"
_TEXT_MEMORY, _PARQUET_MEMORY = "1GB", "300MB"

MOST_REJECTED = 100_000
"""Complaints about damaged lines that are counted one by one."""

_MOST_ROWS = 10_000_000_000
"""Rows of parquet that are believed: a few bytes can claim any number."""

_MOST_FORMS = 50
"""Different headers among the parts of one list."""

FILE = "warmup_file"
"""Column of a relation of text that says which file a row is from."""

_STRICT, _LENIENT = "strict_mode = true", "strict_mode = false"
"""Strict finds more damage; lenient reads files whose lines end in different ways, at which strict gives up."""

_NOTHING = ("", "null", "none", "nan", "nat", "na", "n/a", "nil", "never", "-", "--", "\\n")
"""Texts that say that there is no date, in lower case."""


@dataclass(frozen=True)
class Part:
    """Files of one form, whose rows are one relation.

    Attributes:
        files: The files.
        header: Their columns.
        relation: What stands behind FROM.
        text: Column name to SQL of its text.
        day: Column name to SQL of its day.
        parameters: Values of the relation's placeholders.
        lines: Path to the lines that should be rows; nothing where that is not known, or they are no lines.
        notes: What to say of how they are written.
        western: Whether they are written in Windows-1252.
        damaged: Where lines of such a file are that are no rows, and of how many lines each is.
    """

    files: tuple[Input, ...]
    header: tuple[str, ...]
    relation: str
    text: Callable[[str], str]
    day: Callable[[str], str]
    parameters: tuple[Any, ...] = ()
    lines: Mapping[str, int] | None = None
    notes: tuple[Note, ...] = ()
    western: bool = False
    damaged: tuple[tuple[int, int], ...] = ()

    @property
    def name(self) -> str:
        """What messages call it: its first file."""
        return self.files[0].name


@dataclass(frozen=True)
class Opened:
    """A list whose rows can be selected, in one part or several.

    Attributes:
        connection: Holds what is read.
        name: What messages call the list.
        unit: ``line`` or ``row``.
        parts: Its files by form.
    """

    connection: duckdb.DuckDBPyConnection
    name: str
    unit: str
    parts: tuple[Part, ...]

    @property
    def header(self) -> tuple[str, ...]:
        """Columns of the first part."""
        return self.parts[0].header

    @property
    def parameters(self) -> list[Any]:
        """Values of the placeholders of :meth:`union`."""
        return [value for part in self.parts for value in part.parameters]

    def union(self, select: Callable[[Part], Sequence[str]]) -> str:
        """All rows, as a SELECT of what ``select`` says of each part."""
        return " UNION ALL ".join(f"SELECT {', '.join(select(part))} FROM {part.relation}" for part in self.parts)

    @property
    def lenient(self) -> Opened:
        """The same, read with more patience."""
        parts = (replace(part, relation=part.relation.replace(_STRICT, _LENIENT)) for part in self.parts)
        return replace(self, parts=tuple(parts))

    def called(self, path: str) -> str:
        """What messages call the file at an absolute path."""
        names = {str(path_of(file).absolute()): file.name for part in self.parts for file in part.files}
        return names.get(path, self.name)


@contextmanager
def opened(paths: Paths, name: str = "") -> Iterator[Opened]:
    """Open a list of recipients; its headers are read, and packed files measured.

    Raises:
        InputError: There is no such file, it is empty, or it is no table; a packed one unpacks to too much.
    """
    files = files_of(paths)
    name = name or called(paths, files)
    if len(files) == 1:  # messages name the list as the caller does
        files = [Input(files[0].path, name)]
    kinds = {kind_of(file) for file in files}
    if len(kinds) > 1 or (SHEET in kinds and len(files) > 1):
        what = f"are {len(files):,} files of different kinds" if len(kinds) > 1 else "are several workbooks"
        raise InputError(Problem(name, what, "name CSV files or parquet files, or one workbook"))
    if kinds == {PARQUET}:
        folder = make_folder()  # only counts by domain are ever spilled
        try:
            with _connect(_PARQUET_MEMORY, str(folder)) as connection:
                yield Opened(connection, name, "row", _parquet(connection, files, name))
        finally:
            remove_folder(folder)
    elif kinds == {SHEET}:
        yield from _sheet(files[0], name)
    else:
        with _connect(_TEXT_MEMORY, "") as connection:
            yield Opened(connection, name, "line", _csv(connection, files, name))


def _connect(memory: str, folder: str) -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect()
    where = folder.replace("'", "''")
    connection.execute(f"SET memory_limit = '{memory}'")
    connection.execute(f"SET temp_directory = '{where}'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET TimeZone = 'UTC'")
    # Nothing is ever fetched from a network because a file asks for it.
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    with suppress(duckdb.InvalidInputException):  # Jupyter without ipywidgets: there is no bar either
        connection.execute("SET enable_progress_bar = false")
    return connection


def _forms(files: Sequence[Input], name: str, form: Callable[[Input], Any]) -> dict[Any, list[Input]]:
    """Files by their form.

    Raises:
        InputError: Every file that cannot be used, or too many forms.
    """
    forms: dict[Any, list[Input]] = {}
    problems: list[Problem] = []
    for file in files:
        try:
            forms.setdefault(form(file), []).append(file)
        except InputError as error:
            problems += error.problems
    if len(forms) > _MOST_FORMS:
        what = f"holds files with {len(forms):,} different headers"
        problems.append(Problem(name, what, "name only the parts of one list"))
    if problems:
        raise InputError(problems)
    return forms


def _parquet(connection: duckdb.DuckDBPyConnection, files: Sequence[Input], name: str) -> tuple[Part, ...]:
    import duckdb

    def form(file: Input) -> tuple[tuple[str, str], ...]:
        at = [literal(path_of(file))]
        try:
            rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}", [at]).fetchall()
            claimed = connection.execute("SELECT sum(num_rows) FROM parquet_file_metadata(?)", [at]).fetchone()
        except duckdb.Error:
            raise InputError(Problem(file.name, "is a damaged parquet file", "export it again")) from None
        if claimed and int(claimed[0] or 0) > _MOST_ROWS:
            raise InputError(Problem(file.name, f"claims {int(claimed[0]):,} rows", "export it again"))
        check_width(file.name, [str(column) for column, *_ in rows])
        return tuple((str(column), str(kind)) for column, kind, *_ in rows)

    relation = "read_parquet(?, hive_types_autocast = false)"
    parts = []
    for columns, alike in _forms(files, name, form).items():
        kinds = dict(columns)
        parts.append(
            Part(
                tuple(alike),
                tuple(kinds),
                relation,
                lambda column: f"CAST({quoted(column)} AS VARCHAR)",
                partial(_day_of, kinds),
                ([literal(path_of(file)) for file in alike],),
            )
        )
    return tuple(parts)


def _day_of(kinds: Mapping[str, str], column: str) -> str:
    return _typed_day(column, kinds[column])


def _typed_day(column: str, kind: str) -> str:
    if kind == "DATE":
        return quoted(column)
    if kind.startswith("TIMESTAMP"):
        return f"CAST({quoted(column)} AS DATE)"
    return text_day(f"CAST({quoted(column)} AS VARCHAR)")


def _sheet(file: Input, name: str) -> Iterator[Opened]:
    table = open_table(path_of(file), name)
    try:
        table.connection.execute("SET temp_directory = ''")
        part = replace(_texts((file,), table.header, table.relation, (), None), notes=table.notes)
        yield Opened(table.connection, table.name, "row", (part,))
    finally:
        table.close()


def _csv(connection: duckdb.DuckDBPyConnection, files: Sequence[Input], name: str) -> tuple[Part, ...]:
    lines: dict[str, int] = {}

    def form(file: Input) -> tuple[Any, ...]:
        if packing_of(file) == "avro":
            raise InputError(Problem(file.name, "is Avro", "export it as CSV, parquet or xlsx"))
        head = head_of(file)
        text = head_text(head)
        if not text.strip():
            raise InputError(Problem(file.name, "is empty or cannot be unpacked", "export it again"))
        if "\x00" in text[:1000]:
            what = "is neither a table of text nor parquet nor Excel"
            raise InputError(Problem(file.name, what, "export it as CSV, parquet or xlsx"))
        delimiter, skip, header = _header(text)
        check_width(file.name, header, text.split("\n", skip)[-1] if len(head) >= HEAD else "\n")
        counted, western = lines_of(file, head)
        if counted is not None:
            before = sum(1 for line in text.splitlines()[: skip + 1] if line)
            lines[str(path_of(file).absolute())] = counted - before
        encoding = WESTERN if western else "utf-16" if head.startswith(UTF16) else "utf-8"
        return delimiter, skip, tuple(header), encoding, packing_of(file)

    parts = []
    for (delimiter, skip, header, encoding, packing), alike in _forms(files, name, form).items():
        if encoding == WESTERN:
            parts += [_western(connection, file, delimiter, skip, header) for file in alike]
            continue
        columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header)))
        relation = (
            f"read_csv(?, delim = ?, quote = '\"', escape = '\"', header = false, skip = {skip + 1}, "
            f"auto_detect = false, columns = {{{columns}}}, encoding = '{encoding}', compression = '{packing}', "
            f"ignore_errors = true, store_rejects = true, rejects_limit = {MOST_REJECTED}, filename = '{FILE}', "
            f"hive_partitioning = false, {_STRICT})"
        )
        paths = [literal(path_of(file)) for file in alike]
        known = {path: lines[path] for path in (str(path_of(file).absolute()) for file in alike) if path in lines}
        parts.append(_texts(tuple(alike), list(header), relation, (paths, delimiter), known))
    return tuple(parts)


def _western(
    connection: duckdb.DuckDBPyConnection, file: Input, delimiter: str, skip: int, header: Sequence[str]
) -> Part:
    """A table in Windows-1252, held in memory: no engine reads that."""
    import pandas as pd

    found = rows_of(western_text(file), file.name, delimiter, skip, header)
    frame = pd.DataFrame(found.rows, columns=[f"c{i}" for i in range(len(header))], dtype="str")
    path = str(path_of(file).absolute())
    relation = f"western_{uuid4().hex}"
    connection.register(relation, frame.assign(**{FILE: path}))
    part = _texts((file,), list(header), relation, (), {path: len(frame)})
    return replace(
        part,
        notes=(western_note(file.name),),
        western=True,
        damaged=tuple((line, used) for line, used, *_ in found.wrong),
    )


def _header(text: str) -> tuple[str, int, list[str]]:
    """Delimiter, lines before the header, and column names: the first line that is no comment, empty or ``sep=``.

    The delimiter is the one that leaves the most columns whose meaning is known, then the most columns.
    """
    for skip, line in enumerate(text.splitlines()):
        if line.strip() and not line.startswith("#") and not line.lower().startswith("sep="):
            split = {one: _split(line, one) for one in _DELIMITERS}
            best = max(split, key=lambda one: (len(known_roles(split[one])), len(split[one])))
            return best, skip, split[best]
    return ",", 0, [""]


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])] or [""]
    except csv.Error:
        return [line[:60]]


def _texts(
    files: tuple[Input, ...],
    header: list[str],
    relation: str,
    parameters: tuple[Any, ...],
    lines: Mapping[str, int] | None,
) -> Part:
    """A relation of text columns ``c0``, ``c1`` …."""

    def at(column: str) -> str:
        return f"c{header.index(column)}"

    return Part(files, tuple(header), relation, at, lambda one: text_day(at(one)), parameters, lines)


def text_day(column: str) -> str:
    """SQL that reads a day from text; a day long ago where the text is there but no date, so that it is counted.

    ISO days and times (the day as written), 20260302, 2.3.2026, seconds or milliseconds since 1970. Texts such as
    ``NULL`` or ``never`` are no date and no damage.
    """
    text = f"trim({column})"
    nothing = ", ".join(f"'{one}'" for one in _NOTHING)
    other = (
        f"CASE WHEN lower({text}) IN ({nothing}) THEN NULL "
        f"WHEN regexp_full_match({text}, '\\d{{8}}') THEN CAST(try_strptime({text}, '%Y%m%d') AS DATE) "
        f"WHEN regexp_full_match({text}, '\\d{{1,2}}\\.\\d{{1,2}}\\.\\d{{4}}.*') "
        f"THEN CAST(try_strptime(regexp_extract({text}, '^[0-9.]+'), '%d.%m.%Y') AS DATE) "
        f"WHEN regexp_full_match({text}, '\\d{{9,10}}') "
        f"THEN DATE '1970-01-01' + CAST(TRY_CAST({text} AS BIGINT) // 86400 AS INTEGER) "
        f"WHEN regexp_full_match({text}, '\\d{{12,13}}') "
        f"THEN DATE '1970-01-01' + CAST(TRY_CAST({text} AS BIGINT) // 86400000 AS INTEGER) END"
    )
    absent = f"{column} IS NULL OR lower({text}) IN ({nothing})"
    unread = f"CASE WHEN {absent} THEN NULL ELSE {day(NEVER)} END"
    return f"CASE WHEN {column} IS NOT NULL THEN coalesce(TRY_CAST({column} AS DATE), {other}, {unread}) END"
