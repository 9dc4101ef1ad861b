"""SparkPost events: the events API (``GET /api/v1/events/message``) and webhooks.

An API answer holds flat events in ``results``; a webhook's batch is a list in which each stands under ``msys``, named
by its class, and all numbers are texts. An empty ``msys`` is a test ping.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from warmup.traffic.events.engine import count_inputs
from warmup.traffic.events.format import BOUNCES, EventFormat, addressed, cases, code, instant, opened, struct
from warmup.traffic.events.inputs import looks_like
from warmup.traffic.supply import Note
from warmup.traffic.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from warmup.traffic.events.inputs import Input
    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.readers import Context

NAME = "sparkpost-events"
TITLE = "SparkPost: events (API and webhooks)"

BOUNCE_CLASSES = {
    **dict.fromkeys(("10", "30", "90"), "hard"),
    **dict.fromkeys(("1", "20", "21", "22", "23", "24", "40", "60", "70", "100"), "soft"),
    **dict.fromkeys(("50", "51", "52", "53", "54"), "block"),
    **dict.fromkeys(("25", "80"), "cancelled"),
}
"""Bounce classes of SparkPost: 1 is undetermined, 25 and 80 are administrative (never attempted). Each bounce has an
injection, a rejection or failed generation has none.
Source: developers.sparkpost.com, content/api/events.apib, read 2026-06; support.sparkpost.com, preparing for
asynchronous suppressions and messages attempted, read 2026-11."""

_FIELDS = (
    "type", "event_id", "timestamp", "recipient_domain", "routing_domain", "rcpt_to", "campaign_id", "sending_ip",
    "ip_pool", "bounce_class", "message_id",
)  # fmt: skip
_COLUMNS = {**dict.fromkeys(_FIELDS, "VARCHAR"), "user_agent_parsed": "STRUCT(is_prefetched VARCHAR)"}

_KINDS = {
    "injection": "injected",
    "delivery": "delivered",
    "delay": "deferred",
    "bounce": f"(coalesce({cases('bounce_class', BOUNCE_CLASSES)}, {code('soft')}))",
    "out_of_band": "oob",
    "spam_complaint": "complaint",
    "policy_rejection": "suppressed",
    "generation_failure": "suppressed",
    "generation_rejection": "suppressed",
    "list_unsubscribe": "unsub",
    "link_unsubscribe": "unsub",
    "click": "click",
    "open": opened("user_agent_parsed.is_prefetched = 'false'"),
    "initial_open": opened("user_agent_parsed.is_prefetched = 'false'"),
}

FORMAT = EventFormat(
    name=NAME,
    columns=_COLUMNS,
    type="type",
    kind=cases("type", _KINDS),
    at=instant("timestamp"),
    recipient=f"coalesce(recipient_domain, routing_domain, {addressed('rcpt_to')})",
    stream="campaign_id",
    ip="sending_ip",
    pool="ip_pool",
    id="event_id",
    message="message_id || ' ' || coalesce(rcpt_to, '')",
    lists=("results",),
    evidence={
        **dict.fromkeys(BOUNCES, (*BOUNCES, "cancelled")),
        "suppressed": (*BOUNCES, "cancelled", "suppressed"),
    },
)
"""Events of the API."""

WEBHOOK = replace(
    FORMAT,
    columns={"msys": f"MAP(VARCHAR, {struct(_COLUMNS)})"},
    rows="SELECT n, e.*, empty FROM (SELECT n, map_values(msys)[1] AS e, cardinality(msys) = 0 AS empty FROM src)",
    ping="empty",
    lists=(),
)
"""Events of a webhook."""


_WRAPPED = re.compile(rb'(?<!:)(?<!: )\{\s*"msys"\s*:')
"""An event of a webhook begins; metadata of a sender may hold the word too, but as a value of something."""


_TOTAL = re.compile(rb'"total_count"\s*:\s*([0-9]{1,12})\b')
_EDGE = 4096
"""Bytes at either end of an answer in which it says its total."""


def sniff(head: bytes) -> float:
    """Events under ``msys``, or flat ones with SparkPost's names."""
    if looks_like(head, r'"msys"\s*:'):
        return 0.95
    return 0.9 if looks_like(head, r'"type"\s*:\s*"[a-z_]+"', r'"(recipient_domain|rcpt_to)"', '"event_id"') else 0.0


def choose(head: bytes) -> EventFormat:
    """Which of the two ways a file is written in, from its first bytes."""
    return WEBHOOK if _WRAPPED.search(head[:4096].replace(b"\x00", b"")) else FORMAT


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count the events of exports.

    Raises:
        InputError: What is wrong with them.
    """
    totals = [0]

    def chosen(item: Input, head: bytes) -> EventFormat:
        form = choose(head)
        if form is FORMAT:
            totals.extend(_totals(item, head))
        return form

    result = count_inputs(paths, chosen, context.zone, context.file_zone)
    found, held = max(totals), result.records - result.copies + result.damage.count
    if held >= found:
        return result
    text = (
        f"SparkPost found {counted(found, 'event')} and the files hold {held:,}: pages are missing. Each answer names "
        "the next one in links.next."
    )
    return replace(result, notes=(*result.notes, Note("warning", text)))


def _totals(item: Input, head: bytes) -> Iterator[int]:
    """How many events the query had in all, as each page of its answer says before or after the events."""
    tail = b""
    if item.path is not None:
        with item.path.open("rb") as file:
            file.seek(max(0, item.path.stat().st_size - _EDGE))
            tail = file.read()
    for edge in (head[:_EDGE], tail):
        yield from map(int, _TOTAL.findall(edge.replace(b"\x00", b"")))
