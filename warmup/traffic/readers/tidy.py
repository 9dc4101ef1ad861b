"""Tidy tables: one row per day and recipient domain or provider, in CSV (also gzip), parquet or Excel.

Columns, in any order and by many names (:mod:`warmup.traffic.columns`): ``date``, ``recipient_domain`` or ``provider`` (or an
address, of which only the domain is read), ``stream``, ``tier``, ``messages``. Other columns are ignored, except that they tell
rows apart that would otherwise be duplicates. DuckDB sums by domain before Python sees a row, so size hardly matters.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from warmup.errors import InputError, Problem
from warmup.traffic.columns import DELIVERED, did_you_mean, normal, pick, tier_help, tier_of
from warmup.traffic.days import read_days
from warmup.traffic.readers import Context, Reading
from warmup.traffic.supply import Note
from warmup.traffic.tables import Table, capped, fetch, find_header, open_table, quote

if TYPE_CHECKING:
    import pandas as pd

    from warmup.scenario import HistorySource

NAME = "tidy"

MOST = 10_000_000_000
"""Messages in one cell that are believed: more than the largest platforms send in a day is a damaged number."""

_UNKNOWN = "('', 'null', 'none', 'na', 'n/a', 'nan', '-', '\\n', '<na>')"


def sniff(head: bytes, path: Path) -> float:
    """Tables by their magic bytes; text by a header that names a date and a volume."""
    if head[:4] in (b"PAR1", b"PK\x03\x04"):
        return 0.9
    text = head[:HEAD_TEXT].decode("utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", errors="replace")
    if text.lstrip("\ufeff \r\n\t")[:1] in ("{", "["):
        return 0.0
    roles = pick(find_header(text.lstrip("\ufeff"))[2])
    # Anything else that may be text is offered to this reader, whose message says which columns are missing.
    return 0.9 if "date" in roles and "messages" in roles else 0.1


HEAD_TEXT = 16 * 1024


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
        days, problems = _days(table, source, context, notes)
        tiers = _tiers(table, problems)
        problems += _volume_problems(table)
        problems += _duplicates(table, notes)
        if problems:
            raise InputError(capped(problems, source.path))
        return Reading(_frame(table, days, tiers, source, context), tuple(notes), "stream" in roles)
    finally:
        table.close()


def _roles(table: Table, source: HistorySource, context: Context) -> dict[str, int]:
    roles = pick(table.header)
    seen = ", ".join(quote(name) for name in table.header[:20]) or "none"
    problems = []
    for role in ("date", "messages"):
        if role not in roles:
            close = did_you_mean(role, table.header)
            problems.append(Problem(table.name, f"has no column {role!r}; its columns are {seen}", close or f"name one {role!r}"))
    if not {"provider", "domain", "address"} & set(roles) and source.provider is None:
        fix = "add recipient_domain or provider, or set provider in the scenario if the file is about one mailbox provider"
        problems.append(Problem(table.name, f"does not say to whom mail went; its columns are {seen}", fix))
    if "stream" not in roles and context.stream is None:
        fix = "add one, or name the file under the stream: [[streams]] history = …"
        problems.append(Problem(table.name, "has no column 'stream' and serves several streams", fix))
    if problems:
        raise InputError(problems)
    return roles


def _select(table: Table, roles: dict[str, int]) -> str:
    """SQL for ``raw``: trimmed texts, the volume as a number, a fingerprint of the whole row. No address passes it."""

    def text(role: str) -> str:
        return f"nullif(trim(c{roles[role]}), '')" if role in roles else "CAST(NULL AS VARCHAR)"

    holder = "domain" if "domain" in roles else "address"
    domain = f"rtrim(regexp_extract(lower({text(holder)}), '([^@<>\\s]*)>?$', 1), '.')"
    label = f"CASE WHEN contains({text('provider')}, '@') THEN NULL ELSE {text('provider')} END"
    if holder not in roles:
        # A provider column may hold domains or even addresses; a bare name has no dot.
        domain = f"CASE WHEN contains({text('provider')}, '@') THEN regexp_extract(lower({text('provider')}), '[^@]*$') END"
    number = f"trim(c{roles['messages']})"
    everything = ", ".join(f"c{i}" for i in range(len(table.header)))
    at = " OR ".join(f"contains(c{roles[role]}, '@')" for role in ("domain", "address", "provider") if role in roles) or "false"
    return (
        f"{text('date')} AS day, {domain} AS domain, {label} AS label, {text('stream')} AS stream, {text('tier')} AS tier, "
        f"{number} AS written, {number} IS NULL OR lower({number}) IN {_UNKNOWN} AS missing, "
        f"TRY_CAST({number} AS DOUBLE) AS amount, coalesce({at}, false) AS addressed, hash({everything}) AS fingerprint"
    )


def _column_notes(table: Table, roles: dict[str, int]) -> list[Note]:
    notes = []
    volume = table.header[roles["messages"]]
    if normal(volume) in DELIVERED:
        text = f"The volume is the column {quote(volume)}: what was refused is missing, so it is a lower bound of what is sent."
        notes.append(Note("warning", text, table.name))
    if fetch(table, "SELECT count(*) AS k FROM raw WHERE addressed")["k"].iloc[0]:
        text = "The file holds e-mail addresses. Only their domains were read; nothing else of them is kept."
        notes.append(Note("warning", text, table.name))
    return notes


def _days(
    table: Table, source: HistorySource, context: Context, notes: list[Note]
) -> tuple[pd.DataFrame, list[Problem]]:
    """Distinct date texts with their day, and what is wrong with the others."""
    import pandas as pd

    found = fetch(table, "SELECT coalesce(day, '') AS day, min(n) AS n FROM raw GROUP BY 1 ORDER BY 2")
    if found.empty:
        raise InputError(Problem(table.name, "holds no rows", "export the history again"))
    first = dict(zip(found["day"].tolist(), found["n"].tolist(), strict=True))
    column = read_days(first, context.zone, ZoneInfo(source.timezone) if source.timezone else None)
    problems = []
    if column.problem[0]:
        lines = table.lines(first[text] for text in column.problem_at)
        at = " and ".join(str(lines[first[text]]) for text in column.problem_at)
        problems.append(Problem(f"{table.name}: {table.unit} {at}", *column.problem))
    lines = table.lines(first[text] for text in list(column.bad)[:40])
    for text, what in column.bad.items():
        where = f"{table.name}: {table.unit} {lines.get(first[text], first[text])}"
        problems.append(Problem(where, f"date {quote(text)} {what}", "write the day as 2026-03-02"))
    notes += [Note("info", text, table.name) for text in column.notes]
    frame = pd.DataFrame({"day": list(column.days), "date": pd.to_datetime(list(column.days.values()))})
    return frame, problems


def _tiers(table: Table, problems: list[Problem]) -> pd.DataFrame:
    import pandas as pd

    found = fetch(table, "SELECT tier, min(n) AS n FROM raw WHERE tier IS NOT NULL GROUP BY 1 ORDER BY 2")
    named: dict[str, str | None] = {}
    for text, n in zip(found["tier"].tolist(), found["n"].tolist(), strict=True):
        try:
            named[text] = tier_of(text)
        except KeyError:
            if len(problems) <= 40:
                problems.append(Problem(table.where(n), f"tier {quote(text)} is not known", tier_help()))
    return pd.DataFrame({"tier": list(named), "named": list(named.values())}, dtype="string")


_WRONG_VOLUMES = (
    ("amount IS NULL", "is not a number", "write a whole number without separators"),
    ("isnan(amount) OR isinf(amount)", "is not a number", "write a whole number, or leave it empty if unknown"),
    ("amount < 0", "is negative", "a volume is 0 or more"),
    ("amount != floor(amount)", "is not whole", "messages are whole; write thousands without a separator"),
    (f"amount > {MOST}", "is more than anyone sends in a day", "check the number"),
)


def _volume_problems(table: Table) -> list[Problem]:
    problems = []
    taken = "false"
    for condition, what, fix in _WRONG_VOLUMES:
        sql = f"SELECT n, written FROM raw WHERE NOT missing AND NOT coalesce({taken}, false) AND coalesce({condition}, false) ORDER BY n LIMIT 1000"  # noqa: S608, E501
        rows = list(fetch(table, sql).itertuples(index=False))
        lines = table.lines(int(row.n) for row in rows[:40])
        for row in rows:
            where = f"{table.name}: {table.unit} {lines.get(int(row.n), row.n)}"
            problems.append(Problem(where, f"volume {quote(row.written)} {what}", fix))
        taken = f"({taken}) OR ({condition})"
    return problems


def _duplicates(table: Table, notes: list[Note]) -> list[Problem]:
    """Rows that say the same twice are an error; rows of one key with other values are parts of it and are summed."""
    keys = "day, domain, label, stream, tier"
    same = fetch(
        table,
        f"SELECT min(n) AS first, max(n) AS last, count(*) AS k FROM raw GROUP BY {keys}, fingerprint "  # noqa: S608
        f"HAVING count(*) > 1 ORDER BY 1 LIMIT 1000",
    )
    lines = table.lines({int(n) for n in same[["first", "last"]].head(40).to_numpy().ravel()})
    problems = [
        Problem(
            f"{table.name}: {table.unit}s {lines.get(int(row.first), row.first)} and {lines.get(int(row.last), row.last)}",
            "are the same row twice" if row.k == 2 else f"are the same row ({row.k} times in all)",
            "remove the copy, or add the column that tells them apart (campaign, IP …)",
        )
        for row in same.itertuples(index=False)
    ]
    parts = fetch(
        table,
        f"SELECT count(*) AS keys, sum(k) AS lines, min(n) AS n FROM "  # noqa: S608
        f"(SELECT count(*) AS k, min(n) AS n FROM raw WHERE NOT addressed GROUP BY {keys} HAVING count(*) > 1)",
    ).iloc[0]
    if parts["keys"] and not problems:
        text = (
            f"{int(parts['lines']):,} rows share their day, provider, stream and tier with another (first: {table.unit} "
            f"{table.lines([int(parts['n'])])[int(parts['n'])]}); they were added up as {int(parts['keys']):,} volumes."
        )
        notes.append(Note("info", text, table.name))
    return problems


def _frame(
    table: Table, days: pd.DataFrame, tiers: pd.DataFrame, source: HistorySource, context: Context
) -> pd.DataFrame:
    """The sums, small enough for pandas: a sum with an unknown part is unknown."""
    table.connection.register("days", days)
    table.connection.register("tiers", tiers)
    frame = fetch(
        table,
        """
        SELECT days.date AS date, raw.domain, raw.label, coalesce(raw.stream, ?) AS stream, tiers.named AS tier,
               CASE WHEN bool_or(missing) THEN NULL ELSE CAST(sum(CAST(amount AS HUGEINT)) AS BIGINT) END AS messages
        FROM raw JOIN days ON coalesce(raw.day, '') = days.day LEFT JOIN tiers ON raw.tier = tiers.tier
        GROUP BY ALL ORDER BY ALL
        """,
        [context.stream],
    )
    frame["messages"] = frame["messages"].astype("Int64")
    for column in ("domain", "label", "stream", "tier"):
        frame[column] = frame[column].astype("string").replace("", None)
    if source.provider is not None:
        frame["label"] = frame["label"].where(frame["domain"].notna(), source.provider).fillna(source.provider)
    frame["date"] = frame["date"].astype("datetime64[s]")
    return frame


