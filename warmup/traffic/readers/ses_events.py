"""Amazon SES event publishing and notifications (``notificationType``).

Plain, wrapped by SNS (the event is a text in ``Message``) or written by Firehose, with or without a newline between
events. One event may be about several recipients: recipients are counted. ``Send`` is published for suppressed mail
too, so such a message is taken off the injected ones; only ``Delivery`` names the sending IP.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from warmup.traffic.events.engine import count_events
from warmup.traffic.events.format import (
    BOUNCES,
    EventFormat,
    addressed,
    by_reply,
    cases,
    code,
    instant,
    quoted,
    sendable,
    text,
)
from warmup.traffic.events.inputs import looks_like

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.readers import Context

NAME = "ses-events"
TITLE = "Amazon SES: event publishing"

SUPPRESSED = ("Suppressed", "OnAccountSuppressionList")
"""``bounceSubType`` of mail that was never attempted. Source: Amazon SES developer guide, contents of event data, read
2026-11; the guide has no class for blocks: x.7.x in the diagnostic code is one."""

CONTENT = ("ContentRejected", "AttachmentRejected")
"""``bounceSubType`` of mail refused for what is in it: a block, as with every other platform."""

STREAM_TAGS = ("stream", "campaign", "campaign_name", "campaign_id", "category")
"""Message tags that name the stream, the first of them that a message has; else the first by alphabet that is not one
of Amazon's own (``ses:…``). Senders name tags as they like: our choice."""

_ADDRESSES = "STRUCT(emailAddress VARCHAR, status VARCHAR, diagnosticCode VARCHAR)[]"
_COLUMNS = {
    "eventType": "VARCHAR",
    "notificationType": "VARCHAR",
    "mail": "STRUCT(timestamp VARCHAR, messageId VARCHAR, destination VARCHAR[], tags MAP(VARCHAR, VARCHAR[]))",
    "delivery": "STRUCT(timestamp VARCHAR, recipients VARCHAR[])",
    "bounce": f"STRUCT(timestamp VARCHAR, bounceType VARCHAR, bounceSubType VARCHAR, bouncedRecipients {_ADDRESSES})",
    "complaint": f"STRUCT(timestamp VARCHAR, complainedRecipients {_ADDRESSES})",
    "deliveryDelay": f"STRUCT(timestamp VARCHAR, delayedRecipients {_ADDRESSES})",
    "open": "STRUCT(timestamp VARCHAR)",
    "click": "STRUCT(timestamp VARCHAR)",
    "subscription": "STRUCT(timestamp VARCHAR)",
}

_TYPE = "coalesce(eventType, notificationType)"
_BLOCKED = f"bounce.bounceSubType IN ({', '.join(map(text, CONTENT))}) OR {by_reply('reply')} = {code('block')}"
_BOUNCE = (
    f"(CASE WHEN bounce.bounceSubType IN ({', '.join(map(text, SUPPRESSED))}) THEN {code('suppressed')} "
    f"WHEN {_BLOCKED} THEN {code('block')} WHEN bounce.bounceType = 'Permanent' THEN {code('hard')} "
    f"ELSE {code('soft')} END)"
)
_KINDS = {
    "Send": "injected",
    "Delivery": "delivered",
    "DeliveryDelay": "deferred",
    "Bounce": _BOUNCE,
    "Complaint": "complaint",
    "Reject": "suppressed",
    "Rendering Failure": "suppressed",
    "Open": "open",
    "Click": "click",
    "Subscription": "unsub",
}
_EVENT = text(json.dumps(_COLUMNS))
_PLAIN = f"struct_pack({', '.join(f'{quoted(name)} := {quoted(name)}' for name in _COLUMNS)})"
_NAMED = "{'emailAddress': address, 'status': NULL::VARCHAR, 'diagnosticCode': NULL::VARCHAR}"
_AT = instant(
    'coalesce(delivery."timestamp", bounce."timestamp", complaint."timestamp", deliveryDelay."timestamp", '
    '"open"."timestamp", click."timestamp", subscription."timestamp", mail."timestamp")'
)
# What is wrong with an event that is about several people is one damaged record, not one for each.
_PEOPLE = f"""
    CASE WHEN len(people) > 1 AND ({_TYPE} IS NULL OR NOT {sendable(_AT)}) THEN people[1:1]
         WHEN len(people) > 1 THEN list_concat(
             list_filter(people, lambda one: coalesce(contains(one.emailAddress, '@'), false)),
             list_filter(people, lambda one: NOT coalesce(contains(one.emailAddress, '@'), false))[1:1])
         WHEN len(people) = 1 THEN people ELSE [NULL] END
"""
# One row per recipient: those that the event is about, else all that the message went to. Opens, clicks and
# subscriptions do not say whose they are; they count for the first.
_ROWS = f"""
    SELECT * EXCLUDE (person), person.emailAddress AS recipient,
           concat_ws(' ', person.diagnosticCode, person.status) AS reply
    FROM (
        SELECT * EXCLUDE (people), unnest({_PEOPLE}) AS person
        FROM (SELECT *, CASE
            WHEN bounce IS NOT NULL THEN bounce.bouncedRecipients
            WHEN complaint IS NOT NULL THEN complaint.complainedRecipients
            WHEN deliveryDelay IS NOT NULL THEN deliveryDelay.delayedRecipients
            WHEN delivery IS NOT NULL THEN list_transform(delivery.recipients, lambda address: {_NAMED})
            WHEN "open" IS NULL AND click IS NULL AND subscription IS NULL AND len(mail.destination) > 0
            THEN list_transform(mail.destination, lambda address: {_NAMED})
            ELSE list_transform([mail.destination[1]], lambda address: {_NAMED}) END AS people
        FROM (SELECT n, unnest(CASE WHEN "Message" IS NULL THEN {_PLAIN}
                                    WHEN json_valid("Message") THEN from_json("Message", {_EVENT}) END) FROM src))
    )
"""

_NAMED_TAGS = ", ".join(f"mail.tags[{text(name)}][1]" for name in STREAM_TAGS)
_FIRST_TAG = "mail.tags[list_min(list_filter(map_keys(mail.tags), lambda tag: NOT starts_with(tag, 'ses:')))][1]"

FORMAT = EventFormat(
    name=NAME,
    columns={"Message": "VARCHAR", **_COLUMNS},
    rows=_ROWS,
    several=True,
    type=_TYPE,
    kind=cases(_TYPE, _KINDS),
    at=_AT,
    recipient=addressed("recipient"),
    stream=f"coalesce({_NAMED_TAGS}, {_FIRST_TAG})",
    ip="mail.tags['ses:outgoing-ip'][1]",
    pool="mail.tags['ses:configuration-set'][1]",
    message="mail.messageId || ' ' || recipient",
    joined="all",
    late_bounces=True,
    cancels=True,
    evidence={"suppressed": (*BOUNCES, "suppressed")},
)
"""Events, however they travelled. There is no id for copies: equal fields are one event."""


def sniff(head: bytes) -> float:
    """Names of SES, or of the envelope of SNS around them."""
    return 0.95 if looks_like(head, r'(eventType|notificationType)\\?"', r"(messageId|Message)") else 0.0


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count the events of exports.

    Raises:
        InputError: What is wrong with them.
    """
    return count_events(paths, FORMAT, context.zone, context.file_zone)
