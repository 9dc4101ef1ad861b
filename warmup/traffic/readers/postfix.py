"""Postfix mail log: lines of several programs that belong together by queue id, without a year.

What counts is mail that Postfix's SMTP client hands to other servers. Local, virtual and piped deliveries, hand-offs to
a filter on the same machine and notifications of the server itself (``from=<>``) are left out. A message was injected
when its delay before an attempt says it arrived; a queue id may be used again after ``removed``.

The log names a transport (``syslog_name=postfix-promo/smtp-10``), never a sending IP: what follows ``postfix-`` is the
stream, the rest the pool. With the ``master.cf`` beside the log, a transport's ``smtp_bind_address`` is the IP.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.traffic.events.engine import count_events
from warmup.traffic.events.format import CODES, EventFormat, Settled, Staging, by_reply, code, no_domain, text
from warmup.traffic.events.inputs import Input, expand, head_of
from warmup.traffic.supply import Note
from warmup.traffic.tables import head_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from warmup.traffic.events.store import Store
    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.readers import Context

NAME = "postfix"
TITLE = "Postfix: mail log"

_MAX_CONFIGURATION = 1024 * 1024
_LEAP = 2000
"""A year with all days, for times that name none."""

_LONGEST = 90 * 86_400
"""Seconds that a message can have waited: a queue holds it for days, not for months."""

_FROM, _ATTEMPT, _EXPIRED, _REMOVED = 0, 1, 2, 3
"""Roles of lines, in the order in which those of one second are taken."""

_TIME = r"(?:[A-Z][a-z]{2} [ 0-9]?[0-9] [0-9:]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}T\S+) \S+ "
_STATUSES = ("sent", "deferred", "bounced", "expired", "SOFTBOUNCE")
_HERE = r"^(local|virtual|127\.|\[::1|localhost)|\[(127\.|::1\])"
_NO_TAG = r"(last )?message repeated|-- MARK --"

_ROLE = f"""CASE
    WHEN what = 'removed' THEN {_REMOVED}
    WHEN starts_with(what, 'to=<') AND (program = 'smtp' OR program = 'error') THEN {_ATTEMPT}
    WHEN starts_with(what, 'from=<') AND program = 'qmgr'
    THEN CASE WHEN regexp_matches(what, ', status=(force-)?expired') THEN {_EXPIRED} ELSE {_FROM} END END"""
# A line is taken apart step by step: each step only cuts, which is many times as fast as one pattern for all.
_ROWS = f"""
    SELECT *, regexp_extract(what, ' status=([A-Za-z-]*)', 1) AS status,
           CASE WHEN role = {_ATTEMPT} THEN rtrim(split_part(recipient, '@', -1), '. ') END AS domain
    FROM (
        SELECT *, {_ROLE} AS role, split_part(split_part(what, '>', 1), '<', 2) AS recipient,
               split_part(split_part(what, ' relay=', 2), ',', 1) AS relay,
               TRY_CAST(split_part(split_part(what, ' delay=', 2), ',', 1) AS DOUBLE) AS delay,
               split_part(split_part(what, ' dsn=', 2), ',', 1) AS dsn, split_part(what, ' status=', 2) AS reply
        FROM (
            SELECT n, stamp, host, whole, rest[strlen(about) + 3 + strlen(queue) + 2:] AS what, queue,
                   split_part(split_part(about, '[', 1), '/', -1) AS program,
                   regexp_replace(split_part(about, '[', 1), '/[^/]*$', '') AS tag
            FROM (
                SELECT *, split_part(rest[strlen(about) + 3:], ': ', 1) AS queue
                FROM (
                    SELECT *, split_part(rest, ': ', 1) AS about
                    FROM (
                        SELECT n, stamp, whole, split_part(rest, ' ', 1) AS host,
                               rest[strlen(split_part(rest, ' ', 1)) + 2:] AS rest
                        FROM (
                            SELECT n, whole, line[:cut - 1] AS stamp, line[cut + 1:] AS rest
                            FROM (
                                SELECT *, CASE WHEN line < ':' THEN strpos(line, ' ') ELSE 16 END AS cut,
                                       regexp_matches(line, '^{_TIME}([^:]+:|{_NO_TAG})') AS whole
                                FROM (SELECT n, regexp_replace(line, '^<[0-9]+>', '') AS line FROM src)
                            ) WHERE NOT whole OR contains(line, ': to=<') OR contains(line, ': from=<')
                                    OR suffix(line, ': removed')
                        )
                    )
                )
            )
        )
    )
"""
_BOUNCED = by_reply("reply || ' ' || dsn")
# The program "error" speaks for mail that waits or cannot be sent at all: it tries nothing.
_OUTCOME = f"""CASE WHEN role = {_ATTEMPT} THEN CASE
    WHEN status = 'sent' THEN {code("delivered")}
    WHEN status = 'bounced' THEN {_BOUNCED}
    WHEN status = 'expired' THEN {code("soft")}
    WHEN program = 'smtp' THEN {code("deferred")} END END"""
_KNOWN = " OR ".join(f"status = {text(status)}" for status in _STATUSES)
_LOCAL = f"CASE WHEN NOT contains(stamp, 'T') THEN try_strptime('{_LEAP} ' || stamp, '%Y %b %d %H:%M:%S') END"
_MOMENT = "CASE WHEN contains(stamp, 'T') THEN TRY_CAST(stamp AS TIMESTAMPTZ) END"


def _settle(store: Store, parts: frozenset[str], latest: datetime) -> Settled:
    """Messages of lines: one life of a queue id after another, each recipient by itself."""
    del parts
    first, year, notes = _years(store, latest)
    turn = f"CASE WHEN CAST(local AS DATE) < DATE '{first}' THEN {year + 1 - _LEAP} ELSE {year - _LEAP} END"
    years = f"to_years(CAST({turn} AS INTEGER))"
    arrived = "min(happened - to_seconds(floor(delay))) OVER person"
    final = f"outcome IS NOT NULL AND outcome != {CODES['deferred']}"
    rows = f"""
        SELECT NULL::BIGINT AS n, queue, life, person, domain, unnest(events, recursive := true),
               coalesce(tag, any_tag) AS tag
        FROM (
            SELECT *, list_filter([
                {{'kind': outcome, 'happened': happened}},
                CASE WHEN final OR waiting THEN {{'kind': {CODES["injected"]}, 'happened': arrival}} END,
                CASE WHEN waiting AND expired IS NOT NULL THEN {{'kind': {CODES["soft"]}, 'happened': expired}} END
            ], lambda event: event.kind IS NOT NULL) AS events
            FROM (
                SELECT *, count(*) FILTER (final) OVER person = 0
                              AND row_number() OVER (person ORDER BY happened DESC) = 1 AS waiting,
                       max(tag) OVER person AS any_tag,
                       -- To the second, the queue manager knows it better.
                       CASE WHEN abs(epoch({arrived}) - epoch(queued)) <= 2 THEN queued ELSE {arrived} END AS arrival
                FROM (
                    SELECT *, {final} AS final, bool_or(notice) OVER message AS own,
                           min(happened) FILTER (role = {_FROM}) OVER message AS queued,
                           max(happened) FILTER (role = {_EXPIRED}) OVER message AS expired
                    FROM (
                        SELECT *, count(*) FILTER (role = {_REMOVED}) OVER (PARTITION BY queue ORDER BY happened, role
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS life
                        FROM (SELECT *, coalesce(moment, CAST(local + {years} AS TIMESTAMPTZ)) AS happened FROM src)
                    ) WINDOW message AS (PARTITION BY queue, life)
                ) WHERE role = {_ATTEMPT} AND NOT coalesce(own, false)
                WINDOW person AS (PARTITION BY queue, life, person)
            )
        )
    """
    return Settled(rows, notes=notes)


def _years(store: Store, latest: datetime) -> tuple[date, int, tuple[Note, ...]]:
    """The day of a leap year on which the log begins, the year that it has there, and what to say of it.

    The days of a log lie together on the circle of a year; where the widest gap is, it begins. Its last day is the
    last one that is not after the file.
    """
    found = store.connection.execute("SELECT DISTINCT CAST(local AS DATE) FROM staged WHERE local IS NOT NULL")
    days = sorted(day for (day,) in found.fetchall())
    if not days:
        return date(_LEAP, 1, 1), latest.year, ()
    gaps = {days[0]: 366 - (days[-1] - days[0]).days} | {b: (b - a).days for a, b in pairwise(days)}
    first = max(gaps, key=lambda day: gaps[day])  # of equal gaps the turn of the year
    last = days[days.index(first) - 1]
    year = latest.year
    while not _fits(days, first, year, (latest + timedelta(days=1)).date()):
        year -= 1
    dated = [_dated(day, first, year) for day in (first, last)]
    text = (
        f"The log names no year: its days are taken for {dated[0]} to {dated[1]}, the latest that are not after the "
        "file was written."
    )
    notes = [Note("info", text)]
    if gaps[first] <= 1:
        notes.append(Note("warning", "The log holds every day of a year: years in it cannot be told apart."))
    return first, year, tuple(notes)


def _dated(day: date, first: date, year: int) -> date | None:
    """A day of the log in the year that it has; None: there is no such day."""
    with suppress(ValueError):
        return day.replace(year=year + (day < first))
    return None


def _fits(days: Sequence[date], first: date, year: int, latest: date) -> bool:
    """Whether a log that begins in a year has all its days, and none after the latest."""
    dated = [_dated(day, first, year) for day in days]
    return all(day is not None and day <= latest for day in dated)


FORMAT = EventFormat(
    name=NAME,
    layout="text",
    columns={"line": "VARCHAR"},
    rows=_ROWS,
    ping=f"""whole AND CASE
        WHEN role IS NULL THEN true
        WHEN role != {_ATTEMPT} OR status = '' THEN false
        ELSE NOT ({_KNOWN}) AND suffix(reply, ')') OR NOT contains(recipient, '@')
             OR regexp_matches(relay, '{_HERE}') END""",
    type="''",
    kind="kind",
    at="happened",
    recipient="domain",
    stream=(
        "CASE WHEN starts_with(tag, 'postfix-') THEN split_part(tag, '/', 1)[9:] "
        "WHEN split_part(tag, '/', 1) != 'postfix' THEN split_part(tag, '/', 1) END"
    ),
    pool="nullif(regexp_extract(tag, '/(.*)$', 1), '')",
    # Digests of 128 bits are slow to write as text, two of 64 are not.
    message="concat_ws(' ', hash(queue), life, hash(person))",
    unique_ids=False,
    staging=Staging(
        columns={
            "role": ("UTINYINT", "role"),
            "local": ("TIMESTAMP", _LOCAL),
            "moment": ("TIMESTAMPTZ", _MOMENT),
            "queue": ("UHUGEINT", "md5_number(secret || host || ' ' || queue)"),
            "person": ("UHUGEINT", f"CASE WHEN role = {_ATTEMPT} THEN md5_number(secret || lower(recipient)) END"),
            "notice": ("BOOLEAN", f"role IN ({_FROM}, {_EXPIRED}) AND starts_with(what, 'from=<>')"),
            "domain": ("VARCHAR", "domain"),
            "tag": ("VARCHAR", f"CASE WHEN role = {_ATTEMPT} AND program != 'error' THEN tag END"),
            "outcome": ("UTINYINT", _OUTCOME),
            "delay": ("DOUBLE", "delay"),
        },
        good=f"""whole AND ({_LOCAL} IS NOT NULL OR {_MOMENT} IS NOT NULL) AND CASE role
            WHEN {_REMOVED} THEN true
            WHEN {_ATTEMPT} THEN ({_KNOWN}) AND NOT {no_domain("domain")} AND delay < {_LONGEST}
            ELSE contains(what, '>') END""",
        together="queue",
        settle=_settle,
    ),
)
"""Lines of the log."""


def sniff(head: bytes) -> float:
    """Lines of Postfix's programs, or its table of programs."""
    text = head_text(head)
    if _is_configuration(text):
        return 0.9
    if re.search(rf"^(?:<[0-9]+>)?{_TIME}\S+/[a-z]+\[[0-9]+\]: ", text, re.M):
        return 0.95
    return 0.3 if re.match(rf"(?:<[0-9]+>)?{_TIME}", text) else 0.0


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count the messages of logs.

    Args:
        paths: Logs, and the ``master.cf`` of the server if it is at hand.
        context: Its ``file_zone`` is that of a log without offsets.

    Raises:
        InputError: What is wrong with them.
    """
    logs: list[str] = []
    bound: dict[str, str] = {}
    for item in expand(paths):
        if _is_configuration(head_text(head_of(item))):
            bound |= _bound(item)
        else:
            logs.append(str(item.path) if item.path else "-")
    if not logs:
        raise InputError(Problem("input", "is Postfix's configuration, not its log", "add the mail log"))
    whens = " ".join(f"WHEN {text(tag)} THEN {text(ip)}" for tag, ip in bound.items())
    form = replace(FORMAT, ip=f"CASE tag {whens} END") if whens else FORMAT
    return count_events(logs, form, context.zone, context.file_zone)


def _is_configuration(head: str) -> bool:
    """Whether this is a ``master.cf``."""
    return bool(re.search(r"^\S+\s+(unix|inet|fifo|pass)\s+[yn-]\s+[yn-]\s+[yn-]\s", head, re.M))


def _bound(item: Input) -> dict[str, str]:
    """Sending IPs of a ``master.cf``, by the name under which a transport logs."""
    with item.open() as file:
        lines = file.read(_MAX_CONFIGURATION).decode("utf-8", errors="replace").splitlines()
    whole = "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("#"))
    found: dict[str, str] = {}
    for entry in re.sub(r"\n[ \t]+", " ", whole).splitlines():
        entry = re.sub(r"\$\{(\w+)\}", r"$\1", entry)
        options = dict(re.findall(r"-o\s*\{?\s*([a-z0-9_]+)\s*=\s*([^\s}]+)", entry))
        address = options.get("smtp_bind_address") or options.get("smtp_bind_address6")
        if address and "syslog_name" in options:
            name = options["syslog_name"].replace("$service_name", entry.split()[0])
            found[name.replace("$syslog_name", "postfix")] = address.strip("[]")
    return found
