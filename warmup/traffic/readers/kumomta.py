"""KumoMTA logs: JSON lines, packed with zstd as the server writes them.

A log holds no copies: two equal rows are two events. ``recipient`` is a text or, since 2025.12, a list. The stream is
the campaign in ``queue`` (``campaign:tenant@domain!routing``); a late bounce has the IP of its message's delivery.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmup.traffic.events.engine import count_events
from warmup.traffic.events.format import EventFormat, addressed, by_reply, cases, code, instant, sendable, struct
from warmup.traffic.events.inputs import looks_like

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.readers import Context

NAME = "kumomta"
TITLE = "KumoMTA: log"

CLASSES = {
    "InvalidRecipient": "hard",
    "BadDomain": "hard",
    "InactiveMailbox": "hard",
    "SpamBlock": "block",
    "SpamContent": "block",
    "PolicyRelated": "block",
    "QuotaIssues": "soft",
    "NoAnswerFromHost": "soft",
    "RoutingErrors": "soft",
    "ProtocolErrors": "soft",
}
"""``bounce_classification`` where the server has a classifier; otherwise the reply decides. Source: KumoCorp/kumomta,
docs/reference/log_record.md and the classes of its shipped rules, read 2026-08."""

_STATUS = "response.enhanced_code"
_REPLY = f"concat({_STATUS}.class, '.', {_STATUS}.subject, '.', {_STATUS}.detail, ' ', response.content)"
_KINDS = {
    "Reception": "injected",
    "Delivery": "delivered",
    "TransientFailure": "deferred",
    "Bounce": f"(coalesce({cases('bounce_classification', CLASSES)}, {by_reply(_REPLY)}))",
    "Expiration": "soft",
    "OOB": "oob",
    "Feedback": f"(CASE WHEN coalesce(feedback_report.feedback_type, 'abuse') = 'abuse' THEN {code('complaint')} END)",
}
_FIELDS = ("type", "id", "recipient", "queue", "egress_pool", "timestamp", "event_time", "bounce_classification")
_CODE = struct({"class": "VARCHAR", "subject": "VARCHAR", "detail": "VARCHAR"})

_AT = instant('coalesce(event_time, "timestamp")')
_LISTED = "coalesce(nullif(from_json(recipient, '[\"VARCHAR\"]'), []), [NULL])"
# A record of several recipients that cannot be read is one damaged record.
_RECIPIENTS = (
    "CASE WHEN recipient[1] = '[' AND json_valid(recipient) "
    f'THEN CASE WHEN "type" IS NOT NULL AND {sendable(_AT)} THEN {_LISTED} ELSE {_LISTED}[1:1] END ELSE [recipient] END'
)

FORMAT = EventFormat(
    name=NAME,
    columns={
        **dict.fromkeys(_FIELDS, "VARCHAR"),
        "response": f"STRUCT(content VARCHAR, enhanced_code {_CODE})",
        "source_address": "STRUCT(address VARCHAR)",
        "feedback_report": "STRUCT(feedback_type VARCHAR, source_ip VARCHAR)",
    },
    rows=f"SELECT * REPLACE (unnest({_RECIPIENTS}) AS recipient) FROM src",
    several=True,
    type="type",
    kind=cases("type", _KINDS),
    at=_AT,
    recipient=f"coalesce({addressed('recipient')}, regexp_extract(queue, '@([^!]*)', 1))",
    stream="CASE WHEN contains(split_part(queue, '@', 1), ':') THEN split_part(queue, ':', 1) END",
    # An address and a port, an IPv6 address in brackets.
    ip=(
        "coalesce(nullif(trim(regexp_replace(source_address.address, ':[0-9]+$', ''), '[]'), ''), "
        "feedback_report.source_ip)"
    ),
    pool="egress_pool",
    message="id || ' ' || coalesce(recipient, '')",
    unique_ids=False,
    joined="all",
)
"""Records of the log."""


def sniff(head: bytes) -> float:
    """Records of the log by their names."""
    return (
        0.95
        if looks_like(head, r'"type"\s*:\s*"[A-Za-z]+"', r'"(egress_pool|egress_source|nodeid|reception_protocol)"')
        else 0.0
    )


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count the events of exports.

    Raises:
        InputError: What is wrong with them.
    """
    return count_events(paths, FORMAT, context.zone, context.file_zone)
