"""PowerMTA accounting files: CSV, a record for each thing that happened to a message, the header first.

The site's configuration decides which record types and which columns are logged; columns are known by name. An
accounting file holds no copies: two equal rows are two events.

``r`` (received) records are seldom logged. Where a message has none, its outcome tells of its injection, on the day of
its ``timeQueued``. Feedback loop (``f``) records have other columns and
mostly a file of their own; records without a recipient (``tq`` of a whole queue, a redacted complaint) are not counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmup.traffic.events.engine import count_events
from warmup.traffic.events.format import EventFormat, addressed, by_reply, cases, code, instant
from warmup.traffic.events.ways_csv import header_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.readers import Context

NAME = "powermta"
TITLE = "PowerMTA: accounting files"

CATEGORIES = {
    "bad-mailbox": "hard",
    "bad-domain": "hard",
    "inactive-mailbox": "hard",
    "spam-related": "block",
    "policy-related": "block",
    "content-related": "block",
    "virus-related": "block",
    "quota-issues": "soft",
    "no-answer-from-host": "soft",
    "routing-errors": "soft",
    "bad-connection": "soft",
    "protocol-errors": "soft",
    "message-expired": "soft",
    "relaying-issues": "soft",
    "bad-configuration": "soft",
    "invalid-sender": "soft",
    "other": "soft",
}
"""``bounceCat``; where it is not logged, the reply decides. Source: public parsers of accounting files, and copies of
the vendor's list of categories, read 2026-11."""

_REPLY = "concat_ws(' ', dsnDiag, dsnStatus)"
_BOUNCE = f"(coalesce({cases('lower(bounceCat)', CATEGORIES)}, {by_reply(_REPLY)}))"
_WITH_RECIPIENT = "(CASE WHEN rcpt IS NOT NULL THEN {} END)"
_KINDS = {
    "r": "injected",
    "d": "delivered",
    "delivery": "delivered",
    "b": _BOUNCE,
    "bounce": _BOUNCE,
    "t": _WITH_RECIPIENT.format(code("deferred")),
    "tq": _WITH_RECIPIENT.format(code("deferred")),
    "rb": "oob",
    "f": _WITH_RECIPIENT.format(code("complaint")),
}
_FINAL = "(kind = 'd' OR kind = 'b' OR kind = 'delivery' OR kind = 'bounce')"
_SPAN = "TIMESTAMPTZ '2000-01-02 00:00:00+00' AND TIMESTAMPTZ '2099-12-31 00:00:00+00'"
_RECIPIENT = f"coalesce({addressed('rcpt')}, split_part(queue, '/', 1))"
_WHOLE = (
    f"logged BETWEEN {_SPAN} AND queued BETWEEN {_SPAN} AND strlen(recipient) <= 253 AND NOT contains(recipient, ' ') "
    "AND rtrim(split_part(recipient, '@', -1), '> .') != ''"
)
# When the message was queued, and as what: a recipient alone has many messages.
_SENDING = (
    "nullif(concat_ws(' ', coalesce(timeQueued, CASE WHEN kind = 'r' THEN timeLogged END), coalesce(envId, jobId)), '')"
)
_COLUMNS = (
    "type",
    "timeLogged",
    "timeQueued",
    "rcpt",
    "queue",
    "dsnStatus",
    "dsnDiag",
    "bounceCat",
    "dlvSourceIp",
    "vmta",
    "vmtaPool",
    "jobId",
    "envId",
)

FORMAT = EventFormat(
    name=NAME,
    layout="csv",
    columns=dict.fromkeys(_COLUMNS, "VARCHAR"),
    required=("type", "timeLogged"),
    # A final record is two events: what became of the message, and that it was queued. A damaged one is one.
    rows=f"""
        SELECT *, unnest(CASE WHEN {_FINAL} AND {_WHOLE} THEN [false, true] ELSE [false] END)
                  AS inferred
        FROM (SELECT *, lower(trim("type")) AS kind, {_RECIPIENT} AS recipient,
                     {instant("timeLogged")} AS logged, {instant("timeQueued")} AS queued FROM src)
    """,
    type="kind",
    kind=f"CASE WHEN inferred THEN {code('inferred')} ELSE {cases('kind', _KINDS)} END",
    at="CASE WHEN inferred THEN queued ELSE logged END",
    recipient="recipient",
    stream="jobId",
    ip="dlvSourceIp",
    pool="coalesce(vmtaPool, vmta)",
    message=f"rcpt || ' ' || {_SENDING}",
    unique_ids=False,
    joined="all",
)
"""Records of all types."""


def sniff(head: bytes) -> float:
    """The columns that every record has."""
    names = header_of(head)
    return 0.95 if {"type", "timelogged"} <= set(names) else 0.0


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count the records of accounting files.

    Raises:
        InputError: What is wrong with them.
    """
    return count_events(paths, FORMAT, context.zone, context.file_zone)
