"""Tidy tables: one row per day and recipient domain or provider, in CSV (also gzip), parquet or Excel.

Columns, in any order and by many names (:mod:`warmup.traffic.columns`): ``date``, ``recipient_domain`` or ``provider``
(or an address, of which only the domain is read), ``stream``, ``tier``, ``ip``, ``pool``, ``messages``, and what became
of them. A plan takes the messages sent, by tier; :func:`count` all that stands there. Other columns are named in a
note; they tell rows apart that would otherwise be duplicates. DuckDB sums by domain before Python sees a row, so the
size of a file hardly matters.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from warmup.errors import InputError, Problem
from warmup.traffic.columns import DELIVERED, did_you_mean, normal, pick, tier_help, tier_of, wrong_columns
from warmup.traffic.days import DayColumn, read_days
from warmup.traffic.events.inputs import Input
from warmup.traffic.export_counts import ExportCounts
from warmup.traffic.measures import DIMENSIONS, MEASURES
from warmup.traffic.numbers import settle
from warmup.traffic.piped import open_piped
from warmup.traffic.problems import PLACES, RowProblems
from warmup.traffic.readers import Context, Reading, TableReader, readers
from warmup.traffic.supply import Note
from warmup.traffic.tables import Table, find_header, head_text, is_binary_table, name_text, open_table
from warmup.traffic.twice import equal_files
from warmup.traffic.wording import counted, quote, some

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pandas as pd

    from warmup.scenario import HistorySource

NAME = "tidy"
TITLE = "Table with one row per day and recipient domain or provider (CSV, parquet, Excel)"

MOST = 10_000_000_000
"""Messages in one cell that are believed: more than the largest platforms send in a day is a damaged number."""

_UNKNOWN = "('', 'null', 'none', 'na', 'n/a', 'nan', '<na>', '-', '\\n')"
"""What exports write where they know nothing (``\\N``: PostgreSQL and MySQL)."""

_WRONG = f"""
    CASE WHEN {{written}} IS NULL THEN NULL
         WHEN {{amount}} IS NULL OR isnan({{amount}}) OR isinf({{amount}}) THEN 'is not a number'
         WHEN {{amount}} < 0 THEN 'is negative'
         WHEN {{amount}} != floor({{amount}}) THEN 'is not whole'
         WHEN {{amount}} > {MOST} THEN 'is more than anyone sends in a day' END
"""

_FIXES = {
    "is not a number": "write a whole number without separators, or leave it empty if it is unknown",
    "is negative": "a volume is 0 or more",
    "is not whole": "messages are whole; write thousands without a separator",
    "is more than anyone sends in a day": "check the number",
}

_SENT = ("messages", "injected", "delivered", "hard", "soft", "block")
"""Numbers that say how many messages were sent: the first that is there, or deliveries and final failures."""

_KEYS = "day, domain, label, stream, tier, ip, pool"


@dataclass(frozen=True)
class _Read:
    """A table whose rows are in order: what they say lies in its ``raw``.

    Attributes:
        roles: Positions of its columns.
        days, tiers: What texts of these columns mean.
        context: What the file does not say.
        notes: What the reader of its numbers must know.
    """

    table: Table
    roles: dict[str, int]
    days: DayColumn
    tiers: dict[str, str]
    context: Context
    notes: tuple[Note, ...]


def sniff(head: bytes) -> float:
    """Tables by their magic bytes; text by a header that names a date and a volume."""
    if is_binary_table(head):
        return 0.9
    text = head_text(head)
    if text.lstrip()[:1] in ("{", "["):
        return 0.0
    # Anything else that may be text is offered to this reader, whose message says which columns are missing.
    return 0.9 if {"date", "messages"} <= set(pick(find_header(text)[2])) else 0.1


def read(source: HistorySource, path: Path, context: Context) -> Reading:
    """Read the messages sent, by tier, from a tidy table.

    Raises:
        InputError: Missing columns, damaged rows, days and volumes that cannot be, duplicate rows: all of them.
    """
    file_zone = ZoneInfo(source.timezone) if source.timezone else None
    context = replace(context, columns=source.columns, provider=source.provider, file_zone=file_zone)
    table = open_table(path, source.path)
    try:
        one = _read(table, context, _SENT)
        return Reading(_frame(one), one.notes, "stream" in one.roles)
    finally:
        table.close()


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Read all numbers of tidy tables, one after another; ``messages`` of the counts is the volume as it stands there.

    Raises:
        InputError: As for :func:`read`, of every file.
    """
    import pandas as pd

    frames: list[pd.DataFrame] = []
    inputs = [Input(None if str(path) == "-" else Path(path), _shown(path)) for path in paths]
    notes = list(equal_files(inputs))
    problems: list[Problem] = []
    records = 0
    for item in inputs:
        try:
            table = open_table(item.path, item.name) if item.path else open_piped()
            try:
                one = _read(table, replace(context, stream=context.stream or ""), MEASURES)
                frames.append(_counts(one))
                notes += [*one.notes, *_unread(one)]
                records += int(table.query("SELECT count(*) FROM raw")[0][0])
            finally:
                table.close()
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return ExportCounts(pd.concat(frames, ignore_index=True), records, notes=tuple(notes))


def _shown(path: str | Path) -> str:
    """A path as messages may show it: a file's name may be anything."""
    return "".join(c if c.isprintable() else " " for c in str(path)).strip() or "input"


def _read(table: Table, context: Context, numbers: Sequence[str]) -> _Read:
    """Load a table's rows, as far as these numbers go, and refuse what cannot be."""
    roles = _roles(table, context)
    used = {role: at for role, at in roles.items() if role in numbers or role not in MEASURES}
    table.load(_select(table, used))
    names = {at: quote(table.header[at]) for role, at in used.items() if role in MEASURES}
    names |= {used["messages"]: "volume"} if "messages" in used else {}
    notes = list(table.notes)
    notes += [*settle(table, [(f"w{at}", f"v{at}") for at in names]), *_column_notes(table, roles)]
    problems = RowProblems(table)
    days = _days(table, context, problems)
    tiers = _tiers(table, problems)
    _check_numbers(table, names, problems)
    notes += _check_duplicates(table, _sent(used), problems)
    problems.raise_any()
    notes += [Note("info", text, table.name) for text in days.notes]
    return _Read(table, used, days, tiers, context, tuple(notes))


def _roles(table: Table, context: Context) -> dict[str, int]:
    """Positions of the columns that are read; every one that is missing is said."""
    roles = pick(table.header, context.columns)
    seen = some((quote(name) for name in table.header if name), 20) or "none"
    problems = list(wrong_columns(table.header, context.columns, table.name))
    for role in ("date", "messages"):
        if role not in roles:
            fix = did_you_mean(role, table.header) or f"say which it is: --column {role}=NAME, in a scenario columns"
            problems.append(Problem(table.name, f"has no column {role!r}; its columns are {seen}", fix))
    if not {"provider", "domain", "address"} & set(roles) and context.provider is None:
        fix = "add recipient_domain or provider; if the file is about one mailbox provider, name it: --provider NAME"
        problems.append(Problem(table.name, f"does not say to whom mail went; its columns are {seen}", fix))
    if "stream" not in roles and context.stream is None:
        fix = "add one, or name the file under the stream: [[streams]] history = …"
        problems.append(Problem(table.name, "has no column 'stream' and serves several streams", fix))
    if problems and _is_list(table.header):
        fix = "a list of recipients is counted by: warmup traffic read --recipients PATH"
        problems = [Problem(table.name, "holds recipients and no volumes", fix)]
    if problems:
        raise InputError(problems)
    if normal(table.header[roles["messages"]]) in DELIVERED and "messages" not in context.columns:
        roles["delivered"] = roles.pop("messages")
    return roles


def _is_list(header: Sequence[str]) -> bool:
    """Whether a table without volumes is a list of recipients: who, and the date of a reaction."""
    from warmup.traffic.recipients.columns import known_roles
    from warmup.traffic.recipients.rule import SIGNALS

    known = set(known_roles(header))
    return bool(known & {"domain", "address"} and known & set(SIGNALS)) and "messages" not in pick(header)


def _number(roles: dict[str, int], role: str) -> str:
    """SQL for a number of a row; NULL where it is not known."""
    return f"v{roles[role]}" if role in roles else "CAST(NULL AS DOUBLE)"


def _sent(roles: dict[str, int]) -> str:
    """SQL for the messages sent of a row."""
    first, second, delivered, *refused = (_number(roles, role) for role in _SENT)
    return f"coalesce({first}, {second}, {delivered} + {' + '.join(f'coalesce({one}, 0)' for one in refused)})"


def _select(table: Table, roles: dict[str, int]) -> str:
    """SQL for ``raw``: trimmed texts, numbers (``w``: as written, ``v``: their value), a fingerprint of the row.

    No address passes it, nor anything that could be compared with one: the fingerprint is made under a key of its own.
    """

    def text(role: str) -> str:
        return f"nullif({name_text(f'c{roles[role]}')}, '')" if role in roles else "CAST(NULL AS VARCHAR)"

    provider = text("provider")
    if "domain" in roles or "address" in roles:
        holder = text("domain" if "domain" in roles else "address")
        domain = f"rtrim(regexp_extract(lower({holder}), '([^@<>\\s]*)>?$', 1), '.')"
    else:
        domain = f"CASE WHEN contains({provider}, '@') THEN regexp_extract(lower({provider}), '[^@]*$') END"
    holders = [role for role in ("domain", "address", "provider") if role in roles]
    addressed = " OR ".join(f"contains(c{roles[role]}, '@')" for role in holders) or "false"
    numbers = {at for role, at in roles.items() if role == "messages" or role in MEASURES}
    whole = ", ".join(f"coalesce(c{i}, '')" for i in range(len(table.header)))
    return ", ".join(
        [
            f"{text('date')} AS day",
            f"{domain} AS domain",
            f"CASE WHEN contains({provider}, '@') THEN NULL ELSE {provider} END AS label",
            *(f"{text(role)} AS {role}" for role in ("stream", "tier", "ip", "pool")),
            *(f"{_known(at)} AS w{at}, TRY_CAST({_known(at)} AS DOUBLE) AS v{at}" for at in sorted(numbers)),
            f"{_source(table)} AS source",
            f"coalesce({addressed}, false) AS addressed",
            f"md5_number(concat_ws(chr(31), '{secrets.token_hex(16)}', {whole})) AS fingerprint",
        ]
    )


def _source(table: Table) -> str:
    """SQL for who told of a row, in a table that ``warmup traffic read`` wrote."""
    names = [normal(name) for name in table.header]
    return f"trim(c{names.index('source')})" if {"source", "messages", *MEASURES} <= set(names) else "''"


def _of_events() -> str:
    """SQL for the names of readers of events, as which a row of our own table may be marked.

    A day on which nothing but opens or complaints came is none of sending, as when such an export is planned from
    directly; in a table of days, 0 is known.
    """
    told = (name for name, reader in readers().items() if not isinstance(reader, TableReader))
    return ", ".join(f"'{name}'" for name in told)


def _known(at: int) -> str:
    """SQL for the text of a number; NULL where the file says that it is not known."""
    return f"CASE WHEN lower(trim(c{at})) NOT IN {_UNKNOWN} THEN trim(c{at}) END"


def _column_notes(table: Table, roles: dict[str, int]) -> list[Note]:
    notes = []
    volume = table.header[roles.get("messages", roles.get("delivered", 0))]
    if normal(volume) in DELIVERED:
        missing = [role for role in ("hard", "soft", "block") if role not in roles or "messages" in roles]
        if missing:
            text = f"The volume is the column {quote(volume)}: what was refused is missing, so it is a lower bound."
            notes.append(Note("warning", text, table.name))
        else:
            notes.append(Note("info", f"The volume is the column {quote(volume)} and what was refused.", table.name))
    if table.query("SELECT bool_or(addressed) FROM raw")[0][0]:
        text = "The file holds e-mail addresses. Only their domains were read; nothing else of them is kept."
        notes.append(Note("warning", text, table.name))
    return notes


def _unread(one: _Read) -> list[Note]:
    """Columns that nothing is made of: whoever made the table may think that they count."""
    read = {*one.roles.values()}
    rest = [name for at, name in enumerate(one.table.header) if name and at not in read and normal(name) != "source"]
    if not rest:
        return []
    text = f"Not read: {some(map(quote, rest), 12)}. If one is a measure under another name: --column MEASURE=NAME."
    return [Note("info", text, one.table.name)]


def _days(table: Table, context: Context, problems: RowProblems) -> DayColumn:
    """The date column: its distinct texts, each with its day."""
    seen = table.query("SELECT coalesce(day, '') AS text, min(n), count(*) FROM raw GROUP BY 1 ORDER BY 2")
    first = {text: n for text, n, _ in seen}
    if not first:
        raise InputError(Problem(table.name, "holds no rows", "export the history again"))
    column = read_days(first, context.zone, context.file_zone)
    if column.problem:
        what, fix = column.problem
        problems.add(tuple(first[text] for text in column.problem_at), what, fix)
    _add_bad_days(column, {text: count for text, _, count in seen}, table, problems)
    return column


def _add_bad_days(column: DayColumn, rows: dict[str, int], table: Table, problems: RowProblems) -> None:
    """Every row whose day cannot be read, one kind at a time."""
    kinds: dict[str, list[str]] = {}
    for text, what in column.bad.items():
        kinds.setdefault(what, []).append(text)
    for what, texts in kinds.items():
        found = table.query(
            "SELECT n, coalesce(day, '') FROM raw WHERE list_contains(?, coalesce(day, '')) ORDER BY n LIMIT ?",
            [texts, PLACES],
        )
        whats = [f"date {quote(text)} {what}" for _, text in found]
        total = sum(rows[text] for text in texts)
        problems.add_kind([(n,) for n, _ in found], whats, total, "write the day as 2026-03-02")


def _tiers(table: Table, problems: RowProblems) -> dict[str, str]:
    """Texts of the tier column, each with its tier; those that mean "no tier" are left out."""
    named = {}
    sql = "SELECT tier, min(n, ?), count(*) FROM raw WHERE tier IS NOT NULL GROUP BY 1 ORDER BY min(n)"
    for text, records, count in table.query(sql, [PLACES]):
        try:
            tier = tier_of(text)
        except KeyError:
            whats = [f"tier {quote(text)} is not known"] * len(records)
            problems.add_kind([(n,) for n in records], whats, count, tier_help())
        else:
            if tier is not None:
                named[text] = tier
    return named


def _check_numbers(table: Table, columns: dict[int, str], problems: RowProblems) -> None:
    """Numbers that cannot be, column by column; ``columns``: what messages call them."""
    for at, name in columns.items():
        wrong = _WRONG.format(written=f"w{at}", amount=f"v{at}")
        kinds = table.query(
            f"SELECT wrong, count(*), min(n, ?), min_by(written, n, ?) "
            f"FROM (SELECT n, w{at} AS written, {wrong} AS wrong FROM raw) "
            f"WHERE wrong IS NOT NULL GROUP BY wrong ORDER BY min(n)",
            [PLACES, PLACES],
        )
        for what, total, records, texts in kinds:
            whats = [f"{name} {quote(written)} {what}" for written in texts]
            problems.add_kind([(n,) for n in records], whats, total, _FIXES[what])


def _check_duplicates(table: Table, sent: str, problems: RowProblems) -> list[Note]:
    """Rows that say the same twice are an error; rows of one key that differ elsewhere are parts of it and summed."""
    same = table.query(
        f"SELECT min(n), max(n), count(*), count(*) OVER () FROM raw GROUP BY {_KEYS}, fingerprint "
        f"HAVING count(*) > 1 AND max({sent}) IS DISTINCT FROM 0 ORDER BY 1 LIMIT ?",
        [PLACES],
    )
    if same:
        whats = ["are the same row" if row[2] == 2 else f"are the same row, {row[2]} times in all" for row in same]
        fix = "remove the copy, or add the column that tells them apart (campaign, IP …)"
        problems.add_kind([(first, last) for first, last, *_ in same], whats, same[0][3], fix)
        return []
    keys, rows, n = table.query(
        f"SELECT count(*), sum(k), min(n) FROM "
        f"(SELECT count(*) AS k, min(n) AS n FROM raw WHERE NOT addressed GROUP BY {_KEYS} HAVING count(*) > 1)"
    )[0]
    if not keys:
        return []
    text = (
        f"{counted(rows, 'row')} share day, provider, stream and tier with another (the first in {table.unit} "
        f"{table.lines([n])[n]}); they were added up to {counted(keys, 'volume')}."
    )
    return [Note("info", text, table.name)]


def _frame(one: _Read) -> pd.DataFrame:
    """The messages sent, small enough for pandas: a sum with an unknown part is unknown.

    Texts leave DuckDB as enumerations: of millions of rows, each then costs a few small numbers.
    """
    connection = _registered(one)
    connection.execute(
        f"""
        CREATE TEMP TABLE sums AS SELECT {_KEPT}, coalesce(tiers.named, '') AS tier,
               CASE WHEN bool_or(sent IS NULL) THEN NULL ELSE CAST(sum(CAST(sent AS HUGEINT)) AS BIGINT) END AS messages
        {_rows(one)} LEFT JOIN tiers ON raw.tier = tiers.text
        WHERE NOT (coalesce(raw.source IN ({_of_events()}), false) AND coalesce(sent, 1) = 0) GROUP BY ALL
        """,
        _defaults(one),
    )
    texts = ("domain", "label", "stream", "tier")
    for text in texts:
        connection.execute(f"CREATE TYPE {text}_names AS ENUM (SELECT DISTINCT {text} FROM sums ORDER BY 1)")
    columns = ", ".join(f"CAST({text} AS {text}_names) AS {text}" for text in texts)
    return connection.execute(f"SELECT date, {columns}, messages FROM sums ORDER BY ALL").df()


def _counts(one: _Read) -> pd.DataFrame:
    """All numbers, and the messages sent. Rows that know different ones stay apart: no sum takes an unknown for 0."""
    numbers = {name: _number(one.roles, name) for name in MEASURES} | {"messages": "sent"}
    if "injected" not in one.roles and "messages" in one.roles:
        numbers["injected"] = "sent"
    sums = ", ".join(f"CAST(sum({value}) AS BIGINT) AS {name}" for name, value in numbers.items())
    known = ", ".join(f"{value} IS NULL" for value in numbers.values())
    frame = (
        _registered(one)
        .execute(
            f"SELECT {_KEPT}, coalesce(raw.ip, '') AS ip, coalesce(raw.pool, '') AS pool, {sums} "
            f"{_rows(one)} GROUP BY 1, 2, 3, 4, 5, 6, {known} ORDER BY ALL",
            _defaults(one),
        )
        .df()
    )
    types = {"date": "datetime64[s]"} | dict.fromkeys(numbers, "Int64")
    return frame.assign(source=NAME).astype(types)[[*DIMENSIONS, *numbers]]


_KEPT = """days.date AS date, coalesce(raw.domain, '') AS domain,
    coalesce(raw.label, CASE WHEN coalesce(raw.domain, '') = '' THEN $label ELSE '' END) AS label,
    coalesce(raw.stream, $stream) AS stream"""


def _rows(one: _Read) -> str:
    return f"FROM (SELECT *, {_sent(one.roles)} AS sent FROM raw) AS raw JOIN days ON coalesce(raw.day, '') = days.text"


def _defaults(one: _Read) -> dict[str, str]:
    return {"label": one.context.provider or "", "stream": one.context.stream or ""}


def _registered(one: _Read) -> duckdb.DuckDBPyConnection:
    """The table's connection, with what texts of days and tiers mean."""
    import pandas as pd

    connection, days, tiers = one.table.connection, one.days.days, one.tiers
    connection.register("days", pd.DataFrame({"text": list(days), "date": pd.to_datetime(list(days.values()))}))
    connection.register("tiers", pd.DataFrame({"text": list(tiers), "named": list(tiers.values())}, dtype="str"))
    return connection
