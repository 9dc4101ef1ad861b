"""Bird (bird.com) webhooks: an envelope of type, time and data for each event.

Only bounces, deferrals and late bounces name the sending IP; opens of machines cannot be told. The stream is the value
of the tag named ``stream``, else of the first tag. Bird numbers bounce classes as SparkPost does, and names their type.
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

NAME = "bird-events"
TITLE = "Bird: webhooks"

BOUNCE_TYPES = {"hard": "hard", "soft": "soft", "block": "block", "admin": "suppressed", "undetermined": "soft"}
"""``bounce_type`` of Bird. Source: the types of messagebird-sdk 0.106.0 and Bird's webhook reference, read 2026-11."""

_KINDS = {
    "email.processed": "injected",
    "email.delivered": "delivered",
    "email.deferred": "deferred",
    "email.bounced": f"(coalesce({cases('data.bounce_type', BOUNCE_TYPES)}, {code('soft')}))",
    "email.out_of_band_bounce": "oob",
    "email.complained": "complaint",
    "email.rejected": "suppressed",
    "email.clicked": "click",
    "email.opened": "open",
    "email.unsubscribed": "unsub",
    "email.list_unsubscribed": "unsub",
}
# email.accepted comes before suppressions are looked up, so email.processed is the injection. Events of other things
# than messages (domain.verified, email_suppression.created) are counted nowhere.

_DATA = (
    "email_id VARCHAR, recipient_id VARCHAR, recipient VARCHAR, bounce_type VARCHAR, sending_ip VARCHAR, "
    "tags STRUCT(name VARCHAR, value VARCHAR)[]"
)

FORMAT = EventFormat(
    name=NAME,
    columns={"type": "VARCHAR", "timestamp": "VARCHAR", "data": f"STRUCT({_DATA})"},
    type="type",
    kind=cases("type", _KINDS),
    at=instant('"timestamp"'),
    recipient=addressed("data.recipient"),
    stream="coalesce(list_filter(data.tags, lambda tag: tag.name = 'stream')[1].value, data.tags[1].value)",
    ip="data.sending_ip",
    message="coalesce(data.recipient_id, data.email_id || ' ' || data.recipient)",
    joined="all",
    cancels=True,  # what an administrative bounce is about was processed
)
"""Events of the webhooks. An id for copies stands only in a header of the request, so equal fields are one event."""


def sniff(head: bytes) -> float:
    """Types that begin with email, and an envelope's data."""
    return 0.95 if looks_like(head, r'"type"\s*:\s*"(email|email_suppression|domain)\.[a-z_]+"', r'"data"\s*:') else 0.0


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count the events of exports.

    Raises:
        InputError: What is wrong with them.
    """
    return count_events(paths, FORMAT, context.zone, context.file_zone)
