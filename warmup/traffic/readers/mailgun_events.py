"""Mailgun events: the events API (``items``), and flat events one after another.

``accepted`` comes before suppressions are looked up, so a message that was not attempted is taken off the injected
ones; ``accepted`` and opens name no sending IP, which is taken from the delivery of the same message.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from warmup.traffic.events.engine import count_inputs
from warmup.traffic.events.format import (
    BOUNCES,
    EventFormat,
    addressed,
    by_reply,
    cases,
    code,
    instant,
    opened,
    struct,
    text,
)
from warmup.traffic.events.inputs import looks_like
from warmup.traffic.supply import Note

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from warmup.traffic.events.inputs import Input
    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.readers import Context

NAME = "mailgun-events"
TITLE = "Mailgun: events"

REASONS = {"espblock": "block", "old": "soft"}
"""``reason`` of a permanent failure that decides alone; ``suppress-…`` was never attempted, ``bounce`` and ``generic``
are told by the reply and, unless it is a block, the type of the bounce. Source: Mailgun documentation, Events API, read
2026-11."""

_STATUS = '"delivery-status"'
_BY_REPLY = by_reply(f"concat_ws(' ', {_STATUS}.message, {_STATUS}.\"enhanced-code\")")
_FAILED = (
    f"(CASE WHEN severity = 'temporary' THEN {code('deferred')} "
    f"WHEN starts_with(reason, 'suppress-') THEN {code('suppressed')} "
    f"WHEN flags.\"is-delayed-bounce\" = 'true' THEN {code('oob')} "
    f"WHEN reason IN ({', '.join(map(text, REASONS))}) THEN {cases('reason', REASONS)} "
    f"WHEN {_STATUS}.\"bounce-type\" = 'hard' AND {_BY_REPLY} != {code('block')} THEN {code('hard')} "
    f"ELSE {_BY_REPLY} END)"
)
_KINDS = {
    "accepted": "injected",
    "delivered": "delivered",
    "failed": _FAILED,
    "rejected": "suppressed",
    "complained": "complaint",
    "unsubscribed": "unsub",
    "clicked": "click",
    "opened": opened("\"client-info\".bot = ''"),
}
_PERMANENT = (*BOUNCES, "oob")
"""Kinds that a permanent failure can be; so can a suppressed message."""

_FIELDS = ("event", "timestamp", "id", "recipient", "recipient-domain", "severity", "reason", "ip-pool")

FORMAT = EventFormat(
    name=NAME,
    columns={
        **dict.fromkeys(_FIELDS, "VARCHAR"),
        "tags": "VARCHAR[]",
        "message": struct({"headers": struct({"message-id": "VARCHAR"})}),
        "flags": struct({"is-delayed-bounce": "VARCHAR"}),
        "envelope": struct({"sending-ip": "VARCHAR"}),
        "delivery-status": struct({"message": "VARCHAR", "enhanced-code": "VARCHAR", "bounce-type": "VARCHAR"}),
        "client-info": struct({"bot": "VARCHAR"}),
    },
    type="event",
    kind=cases("event", _KINDS),
    at=instant('"timestamp"'),
    recipient=f'coalesce("recipient-domain", {addressed("recipient")})',
    stream="tags[1]",
    ip='envelope."sending-ip"',
    pool='"ip-pool"',
    # Ids are unique within a day only, and days have 86,400 seconds in this clock.
    id="id || ' ' || CAST(floor(TRY_CAST(\"timestamp\" AS DOUBLE) / 86400) AS VARCHAR)",
    message="message.headers.\"message-id\" || ' ' || coalesce(recipient, '')",
    lists=("items",),
    joined="all",
    cancels=True,
    evidence={**dict.fromkeys((*BOUNCES, "oob"), _PERMANENT), "suppressed": (*_PERMANENT, "suppressed")},
)
"""Events of the API."""


_PAGE = re.compile(rb'^\s*\{\s*"(items|paging)"\s*:')
_EDGE = 4096
_FULL = (300, 100)
"""Events of a full page: the most that can be asked for, and what comes unasked. Source: Mailgun documentation, Events
API, read 2026-11; not checked against an account."""


def sniff(head: bytes) -> float:
    """Mailgun's own names."""
    return (
        0.95 if looks_like(head, r'"event"\s*:\s*"[a-z]+"', r'"(recipient-domain|delivery-status|log-level)"') else 0.0
    )


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count the events of exports.

    Raises:
        InputError: What is wrong with them.
    """
    pages: list[str] = []

    def chosen(item: Input, head: bytes) -> EventFormat:
        if _PAGE.search(head[:_EDGE].replace(b"\x00", b"")):
            pages.append(item.name)
        return FORMAT

    result = count_inputs(paths, chosen, context.zone, context.file_zone)
    held = result.records + result.damage.count
    full = next((size for size in _FULL if pages and held == size * len(pages)), 0)
    if not full:
        return result
    text = (
        f"Every page holds {full} events, as many as one can: there may be more. Each names the next one in "
        "paging.next, also the last; the end is a page without events."
    )
    return replace(result, notes=(*result.notes, Note("warning", text)))
