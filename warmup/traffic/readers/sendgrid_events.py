"""SendGrid Event Webhook: lists of flat objects; ``category`` is a text or a list.

Only deliveries name the sending IP (that of opens and clicks is the reader's), and only ``processed`` the pool: both
are taken from the other events of the same message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmup.traffic.events.engine import count_events
from warmup.traffic.events.format import EventFormat, addressed, by_reply, cases, code, instant, opened
from warmup.traffic.events.inputs import looks_like

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.readers import Context

NAME = "sendgrid-events"
TITLE = "SendGrid: Event Webhook"

BOUNCE_CLASSES = {
    "Invalid Address": "hard",
    "Reputation": "block",
    "Content": "block",
    "Frequency or Volume Too High": "block",
    "Frequency/Volume": "block",
    "Technical Failure": "soft",
    "Technical": "soft",
    "Mailbox Unavailable": "soft",
    "Unclassified": "soft",
}
"""``bounce_classification`` of SendGrid. Where it is missing, a ``type`` of ``blocked`` is a block; of ``bounce``, the
reply decides, without which it is hard.
Source: Twilio SendGrid documentation, Event Webhook reference, read 2026-11."""

_FIELDS = (
    "email", "timestamp", "event", "sg_event_id", "sg_message_id", "smtp-id", "category", "ip", "type",
    "bounce_classification", "sg_machine_open", "reason", "status",
)  # fmt: skip

_REPLY = "concat_ws(' ', reason, status)"
_BY_TYPE = (
    f"(CASE WHEN \"type\" = 'blocked' THEN {code('block')} "
    f"WHEN \"type\" = 'bounce' AND coalesce(reason, status) IS NULL THEN {code('hard')} "
    f"ELSE {by_reply(_REPLY)} END)"
)
_KINDS = {
    "processed": "injected",
    "delivered": "delivered",
    "deferred": "deferred",
    "bounce": f"(coalesce({cases('bounce_classification', BOUNCE_CLASSES)}, {_BY_TYPE}))",
    "dropped": "suppressed",
    "spamreport": "complaint",
    "unsubscribe": "unsub",
    "group_unsubscribe": "unsub",
    "click": "click",
    "open": opened("sg_machine_open = 'false'"),
}

FORMAT = EventFormat(
    name=NAME,
    columns={**dict.fromkeys(_FIELDS, "VARCHAR"), "pool": "STRUCT(name VARCHAR)"},
    type="event",
    kind=cases("event", _KINDS),
    at=instant('"timestamp"'),
    recipient=addressed("email"),
    stream="CASE WHEN category[1] = '[' THEN json_extract_string(category, '$[0]') ELSE category END",
    ip="CASE WHEN event IN ('delivered', 'deferred', 'bounce') THEN ip END",
    pool="pool.name",
    id="sg_event_id",
    message="coalesce(sg_message_id, \"smtp-id\") || ' ' || email",
    joined="reactions",
)
"""Events of the webhook."""


def sniff(head: bytes) -> float:
    """SendGrid's own ids."""
    return 0.95 if looks_like(head, r'"(sg_event_id|sg_message_id)"', r'"event"\s*:') else 0.0


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count the events of exports.

    Raises:
        InputError: What is wrong with them.
    """
    return count_events(paths, FORMAT, context.zone, context.file_zone)
