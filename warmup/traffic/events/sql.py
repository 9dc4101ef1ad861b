"""From a platform's fields to the normal form of an event: the one SELECT that sees addresses and lets none out."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from warmup.traffic.events.format import (
    CODES,
    DAMAGED,
    LENDERS,
    REACTIONS,
    SKIPPED,
    UNIQUE,
    UNUSED,
    no_domain,
    quoted,
    struct,
    text,
)
from warmup.traffic.events.zones import day_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from warmup.traffic.events.format import EventFormat

COLUMNS = {
    "kind": "UTINYINT",
    "key": "UHUGEINT",
    "message": "UBIGINT",
    "day": "DATE",
    "domain": "VARCHAR",
    "stream": "VARCHAR",
    "ip": "VARCHAR",
    "pool": "VARCHAR",
}
"""What is kept of an event. ``key``: the event's own, or the line of a damaged record; ``message``: a digest under the
run's secret, NULL where nothing is counted by message."""

MAX_OBJECT = 64 * 1024 * 1024
"""Bytes of one JSON value that is read."""

_LONGEST = 200
"""Bytes of a name that is kept: longer ones are no names."""


def read_file(form: EventFormat, path: str, shape: str, packing: str, *, numbered: bool = False) -> str:
    """SQL for the records of a file, read by DuckDB itself.

    Args:
        form: The platform's format.
        path: A path in which DuckDB sees no pattern.
        shape: Of :data:`warmup.traffic.events.inputs.SHAPES`.
        packing: ``none`` or ``zstd``.
        numbered: Whether ``n`` counts the records of lines, which then are read one after another; else it is NULL.
    """
    options = f"compression = {text(packing)}"
    columns = ", ".join(f"{text(name)}: {text(kind)}" for name, kind in form.columns.items())
    if shape in ("lines", "array", "concatenated"):
        layout = {"lines": "newline_delimited", "array": "array", "concatenated": "unstructured"}[shape]
        names = ", ".join(quoted(name) for name in form.columns)
        options += f", format = '{layout}', records = true, columns = {{{columns}}}"
        # A line that is no object becomes a record of NULLs, which the normal form takes for damaged.
        options += ", ignore_errors = true" if shape == "lines" else ""
        n = "row_number() OVER ()" if numbered else "NULL::BIGINT"
        return f"SELECT {n} AS n, {names} FROM read_json({text(path)}, {options})"
    options += f", maximum_object_size = {MAX_OBJECT}"
    record = f"{struct(form.columns)}[]"
    if shape == "arrays":
        options += f", format = 'newline_delimited', records = false, columns = {{'json': {text(record)}}}"
        listed = "json"
    else:
        held = ", ".join(f"{text(key)}: {text(record)}" for key in form.lists)
        options += f", format = 'unstructured', records = true, columns = {{{held}}}"
        listed = f"coalesce({', '.join(quoted(key) for key in form.lists)})"
    records = f"SELECT unnest({listed}) AS e FROM read_json({text(path)}, {options})"
    return f"SELECT NULL::BIGINT AS n, unnest(e) FROM ({records})"


def read_texts(form: EventFormat) -> str:
    """SQL for the records in a relation ``lines`` of ``n`` and ``line``: JSON texts that are one object each.

    What is no JSON becomes a record of NULLs, which the normal form takes for damaged.
    """
    whole = text(json.dumps(dict(form.columns)))
    event = f"CASE WHEN json_valid(line) THEN from_json(line, {whole}) END"
    return f"SELECT n, unnest(e) FROM (SELECT n, {event} AS e FROM lines)"


def read_lists(form: EventFormat) -> str:
    """SQL for the records in a relation ``lines``: JSON texts of any shape, many to a text, and blank ones."""
    columns = dict(form.columns)
    whole, many = text(json.dumps(columns)), text(json.dumps([columns]))
    held = text(json.dumps({key: [columns] for key in form.lists}))
    listed = "".join(f"from_json(line, {held}).{quoted(key)}, " for key in form.lists)
    return f"""
        SELECT n, unnest(e) FROM (
            SELECT n, unnest(CASE WHEN NOT json_valid(line) THEN [NULL]
                                  WHEN starts_with(line, '[') THEN from_json(line, {many})
                                  ELSE coalesce({listed}[from_json(line, {whole})]) END) AS e
            FROM (SELECT n, trim(line) AS line FROM lines) WHERE line NOT IN ('', '\r')
        )
    """


def staged(form: EventFormat, records: str, secret: str) -> str:
    """SQL for what is kept of records until all are known: ``kind`` and ``key`` of damaged ones, then the format's own.

    Args:
        form: A format with :attr:`~warmup.traffic.events.format.EventFormat.staging`.
        records: SQL for the records.
        secret: Of the run.
    """
    staging = form.staging
    assert staging is not None
    kept = ", ".join(f"{value} AS {quoted(name)}" for name, (_, value) in staging.columns.items())
    return f"""
        SELECT * EXCLUDE (n) REPLACE (CASE WHEN kind = {DAMAGED} THEN CAST(n AS UHUGEINT) END AS key) FROM (
            SELECT CASE WHEN {form.ping} THEN {SKIPPED} WHEN {staging.good} THEN 0 ELSE {DAMAGED} END AS kind,
                   NULL::UHUGEINT AS key, n, {kept}
            FROM (SELECT *, {text(secret)} AS secret FROM ({_rows(form.rows, records)}))
        )
        WHERE kind != {SKIPPED}
    """


def _rows(rows: str, records: str) -> str:
    """What a SELECT over ``src`` makes of records."""
    return re.sub(r"\bsrc\b", lambda _: f"({records})", rows) if rows else records


def normal(
    form: EventFormat, records: str, secret: str, zone: ZoneInfo, rows: str | None = None, *, every: bool = False
) -> str:
    """SQL for the normal form (:data:`COLUMNS`) of records.

    Args:
        form: The platform's format.
        records: SQL for the records.
        secret: Of the run, thrown away with it: digests under it cannot be compared with anything.
        zone: Whose days are counted.
        rows: SELECT over ``src`` for records that were kept until all were known; default: the format's, for new ones.
        every: A row for every record, in their order: test pings are kept as such, and whether a name is a domain is
            not asked of each. The caller sees to both.
    """
    strange = "" if every else f"WHEN {no_domain('domain')} THEN {DAMAGED}"
    # Asked for as early as can be: a condition on the finished kind would be worked out twice, once to choose the rows.
    ping = f"coalesce({form.ping}, false)"
    kept, wanted = (f"WHEN ping THEN {SKIPPED}", "") if every else ("", f"WHERE NOT {ping}")
    chosen = _rows(form.rows if rows is None else rows, records)
    return f"""
        SELECT kind, {_key(form, secret)} AS key, {_message(form, secret)} AS message, day, domain,
               {_name("stream")} AS stream, {_name("ip")} AS ip, {_name("pool")} AS pool
        FROM (
            SELECT *, CASE {kept} WHEN type IS NULL THEN {DAMAGED} WHEN code IS NULL THEN {UNUSED}
                           WHEN coalesce(day NOT BETWEEN {_DAYS}, true) THEN {DAMAGED}
                           WHEN domain IS NULL THEN {DAMAGED} {strange}
                           ELSE code END AS kind
            FROM (
                SELECT *, {_DOMAIN.format("after")} AS domain FROM (
                SELECT *, {day_of("moment", zone)} AS day, {_AFTER} AS after
                FROM (
                    SELECT n, {ping} AS ping, {form.type} AS type, {form.kind} AS code, {form.at} AS moment,
                           {form.recipient} AS recipient, {form.stream} AS stream, {form.ip} AS ip, {form.pool} AS pool,
                           {form.id or "NULL"} AS id, {form.message} AS message
                    FROM ({chosen}) {wanted}
                ))
            )
        )
    """


_DAYS = "DATE '2000-01-01' AND DATE '2100-01-01'"
"""Days on which mail can have been sent."""

# Trimming takes longer than all else here, so it is asked only about what needs it.
_AFTER = "CASE WHEN contains(recipient, '@') THEN split_part(recipient, '@', -1) ELSE recipient END"
_DOMAIN = "CASE WHEN suffix({0}, '>') OR suffix({0}, '.') OR suffix({0}, ' ') THEN rtrim({0}, '> .') ELSE {0} END"


def _name(column: str) -> str:
    """A name as it is kept: none that holds an address."""
    bad = f"contains({column}, '@') OR {column} = '' OR strlen({column}) > {_LONGEST}"
    return f"CASE WHEN {bad} THEN NULL ELSE {column} END"


def _key(form: EventFormat, secret: str) -> str:
    """What copies of an event share: its id digested; without an id, all that is known."""
    line = f"WHEN kind = {DAMAGED} THEN CAST(n AS UHUGEINT)"
    if not form.unique_ids:
        return f"CASE {line} END"
    # Two numbers of 64 bits from texts that begin differently: as good for telling ids apart as one of 128, and four
    # times as quick. What may hold an address is digested in full.
    one, other = f"hash({text(secret)} || id)", f"hash({text(secret[::-1])} || id)"
    two = f"CASE WHEN id IS NOT NULL THEN (CAST({one} AS UHUGEINT) << 64) | {other} END"  # hash(NULL) is a number
    known = "concat_ws('\n', '', type, code, epoch_us(moment), recipient, message, ip)"
    return f"CASE {line} WHEN kind < {SKIPPED} THEN coalesce({two}, md5_number({text(secret)} || {known})) END"


def any_of(kinds: Iterable[str]) -> str:
    """A condition on the column ``kind``."""
    # DuckDB makes a join of a longer IN list.
    return " OR ".join(f"kind = {CODES[kind]}" for kind in kinds)


def _message(form: EventFormat, secret: str) -> str:
    """A number for the message, under the secret: 64 bits of a digest, because an address may be part of it.

    Among 20 million messages the chance that any two share one is 1 in 90,000. Copies are told by the key.
    """
    counted = f"kind < {SKIPPED}" if form.by_message else any_of((*REACTIONS, *LENDERS) if form.joined else UNIQUE)
    # Without a key of its own, an event that names no message must still be told from all others.
    alone = "NULL" if form.unique_ids else "hash(uuid())"
    digest = f"CAST(md5_number({text(secret)} || message) >> 64 AS UBIGINT)"
    return f"CASE WHEN {counted} THEN CASE WHEN message IS NULL THEN {alone} ELSE {digest} END END"
