"""Postmark webhooks: one object an event; each type names its time and its address differently.

There is no event for sending or for a deferral, no sending IP, and a machine's open looks like any other. The stream is
the tag, else the message stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmup.traffic.events.engine import count_events
from warmup.traffic.events.format import EventFormat, addressed, cases, code, instant
from warmup.traffic.events.inputs import looks_like

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.readers import Context

NAME = "postmark"
TITLE = "Postmark: webhooks"

BOUNCE_TYPES = {
    "HardBounce": "hard",
    "BadEmailAddress": "hard",
    "Blocked": "block",
    "SpamNotification": "block",
    "DMARCPolicy": "block",
}
"""``Type`` of a bounce; all others (SoftBounce, Transient, DnsError …) are soft. Source: Postmark developer
documentation, bounce types, read 2026-11."""

_TYPE = '"Type"'
_UNSUBSCRIBED = (
    "SuppressSending = 'true' AND coalesce(SuppressionReason, 'ManualSuppression') = 'ManualSuppression' "
    "AND coalesce(Origin, 'Recipient') = 'Recipient'"
)
"""Postmark also stops sending by itself, after a hard bounce or a complaint, and a customer can."""

_KINDS = {
    "Delivery": "delivered",
    "Bounce": f"(coalesce({cases(_TYPE, BOUNCE_TYPES)}, {code('soft')}))",
    "SpamComplaint": "complaint",
    "SubscriptionChange": f"(CASE WHEN {_UNSUBSCRIBED} THEN {code('unsub')} END)",
    "Click": "click",
    "Open": "open",
}
_FIELDS = (
    "RecordType", "Type", "ID", "Recipient", "Email", "MessageID", "MessageStream", "Tag", "SuppressSending",
    "SuppressionReason", "Origin", "DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt",
)  # fmt: skip

FORMAT = EventFormat(
    name=NAME,
    columns=dict.fromkeys(_FIELDS, "VARCHAR"),
    type="RecordType",
    kind=cases("RecordType", _KINDS),
    at=instant("coalesce(DeliveredAt, BouncedAt, ReceivedAt, ChangedAt)"),
    recipient=addressed("coalesce(Recipient, Email)"),
    stream="coalesce(nullif(Tag, ''), MessageStream)",
    id="RecordType || ' ' || ID",
    message="MessageID || ' ' || coalesce(Recipient, Email)",
    late_bounces=True,
)
"""Events of the webhooks; only bounces and complaints have an id, others are told by their fields."""


def sniff(head: bytes) -> float:
    """Postmark's record types."""
    return 0.95 if looks_like(head, r'"RecordType"\s*:', r'"MessageID"') else 0.0


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count the events of exports.

    Raises:
        InputError: What is wrong with them.
    """
    return count_events(paths, FORMAT, context.zone, context.file_zone)
