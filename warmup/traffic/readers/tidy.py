"""Tidy tables: one row per day and recipient domain or provider, in CSV (also gzip), parquet or Excel.

Columns, in any order and by many names (:mod:`warmup.traffic.columns`): ``date``, ``recipient_domain`` or ``provider``
(or an address, of which only the domain is read), ``stream``, ``tier``, ``messages``. Other columns are ignored,
except that they tell rows apart that would otherwise be duplicates. DuckDB sums by domain before Python sees a row, so
the size of a file hardly matters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from warmup.errors import InputError, Problem
from warmup.traffic.columns import DELIVERED, did_you_mean, normal, pick, tier_help, tier_of
from warmup.traffic.days import DayColumn, read_days
from warmup.traffic.problems import PLACES, RowProblems
from warmup.traffic.readers import Context, Reading
from warmup.traffic.supply import Note
from warmup.traffic.tables import Table, find_header, head_text, is_binary_table, open_table
from warmup.traffic.wording import counted, quote, some

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from warmup.scenario import HistorySource

NAME = "tidy"

MOST = 10_000_000_000
"""Messages in one cell that are believed: more than the largest platforms send in a day is a damaged number."""

_UNKNOWN = "('', 'null', 'none', 'na', 'n/a', 'nan', '<na>', '-', '\\n')"
"""What exports write where they know nothing (``\\N``: PostgreSQL and MySQL)."""

_WRONG = f"""
    CASE WHEN missing THEN NULL
         WHEN amount IS NULL OR isnan(amount) OR isinf(amount) THEN 'is not a number'
         WHEN amount < 0 THEN 'is negative'
         WHEN amount != floor(amount) THEN 'is not whole'
         WHEN amount > {MOST} THEN 'is more than anyone sends in a day' END
"""

_FIXES = {
    "is not a number": "write a whole number without separators, or leave it empty if it is unknown",
    "is negative": "a volume is 0 or more",
    "is not whole": "messages are whole; write thousands without a separator",
    "is more than anyone sends in a day": "check the number",
}

_KEYS = "day, domain, label, stream, tier"


def sniff(head: bytes, path: Path) -> float:  # noqa: ARG001 - the content decides, names lie
    """Tables by their magic bytes; text by a header that names a date and a volume."""
    if is_binary_table(head):
        return 0.9
    text = head_text(head)
    if text.lstrip()[:1] in ("{", "["):
        return 0.0
    # Anything else that may be text is offered to this reader, whose message says which columns are missing.
    return 0.9 if {"date", "messages"} <= set(pick(find_header(text)[2])) else 0.1


def read(source: HistorySource, path: Path, context: Context) -> Reading:
    """Read a tidy table.

    Raises:
        InputError: Missing columns, damaged rows, days and volumes that cannot be, duplicate rows: all of them.
    """
    table = open_table(path, source.path)
    try:
        roles = _roles(table, source, context)
        table.load(_select(table, roles))
        notes = _column_notes(table, roles)
        problems = RowProblems(table)
        days = _days(table, source, context, problems)
        tiers = _tiers(table, problems)
        _check_volumes(table, problems)
        notes += _check_duplicates(table, problems)
        problems.raise_any()
        notes += [Note("info", text, table.name) for text in days.notes]
        return Reading(_frame(table, days, tiers, source, context), tuple(notes), "stream" in roles)
    finally:
        table.close()


def _roles(table: Table, source: HistorySource, context: Context) -> dict[str, int]:
    """Positions of the columns that are needed; every one that is missing is said."""
    roles = pick(table.header)
    seen = some((quote(name) for name in table.header if name), 20) or "none"
    problems = []
    for role in ("date", "messages"):
        if role not in roles:
            fix = did_you_mean(role, table.header) or f"name one of them {role!r}"
            problems.append(Problem(table.name, f"has no column {role!r}; its columns are {seen}", fix))
    if not {"provider", "domain", "address"} & set(roles) and source.provider is None:
        fix = "add recipient_domain or provider; if the file is about one mailbox provider, name it in the scenario"
        problems.append(Problem(table.name, f"does not say to whom mail went; its columns are {seen}", fix))
    if "stream" not in roles and context.stream is None:
        fix = "add one, or name the file under the stream: [[streams]] history = …"
        problems.append(Problem(table.name, "has no column 'stream' and serves several streams", fix))
    if problems:
        raise InputError(problems)
    return roles


def _select(table: Table, roles: dict[str, int]) -> str:
    """SQL for ``raw``: trimmed texts, the volume as a number, a fingerprint of the row. No address passes it."""

    def text(role: str) -> str:
        return f"nullif(trim(c{roles[role]}), '')" if role in roles else "CAST(NULL AS VARCHAR)"

    provider = text("provider")
    if "domain" in roles or "address" in roles:
        holder = text("domain" if "domain" in roles else "address")
        domain = f"rtrim(regexp_extract(lower({holder}), '([^@<>\\s]*)>?$', 1), '.')"
    else:
        domain = f"CASE WHEN contains({provider}, '@') THEN regexp_extract(lower({provider}), '[^@]*$') END"
    number = f"trim(c{roles['messages']})"
    missing = f"({number} IS NULL OR lower({number}) IN {_UNKNOWN})"
    holders = [role for role in ("domain", "address", "provider") if role in roles]
    addressed = " OR ".join(f"contains(c{roles[role]}, '@')" for role in holders) or "false"
    return (
        f"{text('date')} AS day, {domain} AS domain, "
        f"CASE WHEN contains({provider}, '@') THEN NULL ELSE {provider} END AS label, "
        f"{text('stream')} AS stream, {text('tier')} AS tier, {number} AS written, {missing} AS missing, "
        f"CASE WHEN NOT {missing} THEN TRY_CAST({number} AS DOUBLE) END AS amount, "
        f"coalesce({addressed}, false) AS addressed, "
        f"hash({', '.join(f'c{i}' for i in range(len(table.header)))}) AS fingerprint"
    )


def _column_notes(table: Table, roles: dict[str, int]) -> list[Note]:
    notes = []
    volume = table.header[roles["messages"]]
    if normal(volume) in DELIVERED:
        text = f"The volume is the column {quote(volume)}: what was refused is missing, so it is a lower bound."
        notes.append(Note("warning", text, table.name))
    if table.query("SELECT bool_or(addressed) FROM raw")[0][0]:
        text = "The file holds e-mail addresses. Only their domains were read; nothing else of them is kept."
        notes.append(Note("warning", text, table.name))
    return notes


def _days(table: Table, source: HistorySource, context: Context, problems: RowProblems) -> DayColumn:
    """The date column: its distinct texts, each with its day."""
    seen = table.query("SELECT coalesce(day, '') AS text, min(n), count(*) FROM raw GROUP BY 1 ORDER BY 2")
    first = {text: n for text, n, _ in seen}
    if not first:
        raise InputError(Problem(table.name, "holds no rows", "export the history again"))
    column = read_days(first, context.zone, ZoneInfo(source.timezone) if source.timezone else None)
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


def _check_volumes(table: Table, problems: RowProblems) -> None:
    kinds = table.query(
        f"SELECT wrong, count(*), min(n, ?), min_by(written, n, ?) "
        f"FROM (SELECT n, written, {_WRONG} AS wrong FROM raw) WHERE wrong IS NOT NULL GROUP BY wrong ORDER BY min(n)",
        [PLACES, PLACES],
    )
    for wrong, count, records, texts in kinds:
        whats = [f"volume {quote(written)} {wrong}" for written in texts]
        problems.add_kind([(n,) for n in records], whats, count, _FIXES[wrong])


def _check_duplicates(table: Table, problems: RowProblems) -> list[Note]:
    """Rows that say the same twice are an error; rows of one key that differ elsewhere are parts of it and summed."""
    same = table.query(
        f"SELECT min(n), max(n), count(*), count(*) OVER () FROM raw GROUP BY {_KEYS}, fingerprint "
        f"HAVING count(*) > 1 AND max(amount) IS DISTINCT FROM 0 ORDER BY 1 LIMIT ?",
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


def _frame(
    table: Table, days: DayColumn, tiers: dict[str, str], source: HistorySource, context: Context
) -> pd.DataFrame:
    """The sums, small enough for pandas: a sum with an unknown part is unknown.

    Texts leave DuckDB as enumerations: of millions of rows, each then costs a few small numbers.
    """
    import pandas as pd

    connection = table.connection
    named = {"text": list(days.days), "date": pd.to_datetime(list(days.days.values()))}
    connection.register("days", pd.DataFrame(named))
    connection.register("tiers", pd.DataFrame({"text": list(tiers), "named": list(tiers.values())}, dtype="str"))
    connection.execute(
        """
        CREATE TEMP TABLE sums AS
        SELECT days.date AS date, coalesce(raw.domain, '') AS domain,
               coalesce(raw.label, CASE WHEN coalesce(raw.domain, '') = '' THEN $label ELSE '' END) AS label,
               coalesce(raw.stream, $stream) AS stream, coalesce(tiers.named, '') AS tier,
               CASE WHEN bool_or(missing) THEN NULL ELSE CAST(sum(CAST(amount AS HUGEINT)) AS BIGINT) END AS messages
        FROM raw JOIN days ON coalesce(raw.day, '') = days.text LEFT JOIN tiers ON raw.tier = tiers.text
        GROUP BY ALL
        """,
        {"label": source.provider or "", "stream": context.stream or ""},
    )
    texts = ("domain", "label", "stream", "tier")
    for text in texts:
        connection.execute(f"CREATE TYPE {text}_names AS ENUM (SELECT DISTINCT {text} FROM sums ORDER BY 1)")
    columns = ", ".join(f"CAST({text} AS {text}_names) AS {text}" for text in texts)
    return connection.execute(f"SELECT date, {columns}, messages FROM sums ORDER BY ALL").df()
