"""Braze Currents: e-mail events as JSON lines, or in Avro (what Braze writes to storage) with ``fastavro``.

A bounce after a delivery looks like any other. A soft bounce for reputation or policy (x.7.x) is a block.
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

NAME = "braze"
TITLE = "Braze Currents: e-mail events"

_BLOCKED = f"{by_reply('bounce_reason')} = {code('block')}"
_KINDS = {
    "Send": "injected",
    "Delivery": "delivered",
    "Deferral": "deferred",
    "Bounce": f"(CASE WHEN {_BLOCKED} THEN {code('block')} ELSE {code('hard')} END)",
    "SoftBounce": f"(CASE WHEN {_BLOCKED} THEN {code('block')} ELSE {code('soft')} END)",
    "MarkAsSpam": "complaint",
    "Unsubscribe": "unsub",
    "Abort": "suppressed",
    "Click": "click",
    "Open": opened("coalesce(machine_open, '') != 'true'"),
}
"""Events after ``users.messages.email.``. Source: braze-inc/braze-docs, Currents, read 2026-11."""

_FIELDS = (
    "event_type", "id", "time", "user_id", "external_user_id", "dispatch_id", "email_address", "campaign_name",
    "canvas_name", "ip_pool", "sending_ip", "bounce_reason", "machine_open",
)  # fmt: skip

FORMAT = EventFormat(
    name=NAME,
    columns=dict.fromkeys(_FIELDS, "VARCHAR"),
    type="event_type",
    kind=cases("event_type", {f"users.messages.email.{event}": kind for event, kind in _KINDS.items()}),
    at=instant('"time"'),
    recipient=addressed("email_address"),
    stream="coalesce(campaign_name, canvas_name)",
    ip="sending_ip",
    pool="ip_pool",
    id="id",
    message="coalesce(user_id, external_user_id) || ' ' || dispatch_id || ' ' || email_address",
    joined="all",
    late_bounces=True,
    # Two types of bounces; refusals mostly stand in the soft one. Only machines' opens have a flag.
    evidence={"hard": ("hard",), "soft": ("soft",), "block": ("soft", "block"), "open_human": ("open",)},
)
"""E-mail events of Currents."""


def sniff(head: bytes) -> float:
    """Names of Braze's e-mail events."""
    return 0.95 if looks_like(head, r'"users\.messages\.email\.[A-Za-z]+"') else 0.0


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count the events of exports.

    Raises:
        InputError: What is wrong with them.
    """
    return count_events(paths, FORMAT, context.zone, context.file_zone)
