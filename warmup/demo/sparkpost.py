"""What SparkPost answers about the example customer: metrics as time series, one per stream and mailbox provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta

from warmup.demo.calendar import HISTORY_WEEKS
from warmup.demo.customer import WEEKDAYS, Customer, record
from warmup.demo.outcomes import REPEATED, Outcome, Outcomes

STREAMS = ("receipts", "promotions")
"""Streams that the customer sends over SparkPost."""


def series(customer: Customer, stream: str, first: date) -> Iterator[tuple[str, str]]:
    """The answers about a stream: provider and text, in the order of the customer's providers.

    Args:
        customer: Whose mail.
        stream: One of :data:`STREAMS`.
        first: The Monday on which the history begins.
    """
    outcomes = Outcomes(customer, stream)
    days = {
        send.day: [outcomes.of(name, n) for name, n in zip(customer.providers, send.messages, strict=True)]
        for send in customer.sends(stream, first)
    }
    unknown = record("customer")["unknown"]
    for n, provider in enumerate(customer.providers):
        blank = unknown["day"] if (stream, provider) == (unknown["stream"], unknown["provider"]) else None
        entries = []
        for passed in range(WEEKDAYS * HISTORY_WEEKS):
            day = first + timedelta(days=passed)
            known = counts(days[day][n] if day in days else Outcome())
            entries.append(_entry(day, dict.fromkeys(known) if passed == blank else known))
        yield provider, '{"results":[\n' + ",\n".join(entries) + "\n]}\n"


def counts(one: Outcome) -> dict[str, int]:
    """An outcome under SparkPost's names, those that the time series of ``formats/FORMATS.md`` have.

    Classes divide all bounces, the late ones too; those count as soft.
    """
    bounced = one.sent - one.delivered
    waited = one.deferred - one.soft
    return {
        "count_targeted": one.sent + one.rejected,
        "count_injected": one.sent,
        "count_sent": one.sent,
        "count_accepted": one.delivered - one.late,
        "count_delivered": one.delivered,
        "count_delivered_first": one.delivered - waited,
        "count_delivered_subsequent": waited,
        "count_bounce": bounced + one.late,
        "count_inband_bounce": bounced,
        "count_outofband_bounce": one.late,
        "count_hard_bounce": one.hard,
        "count_soft_bounce": one.soft + one.late,
        "count_block_bounce": one.block,
        "count_admin_bounce": 0,
        "count_undetermined_bounce": 0,
        "count_delayed": one.deferrals,
        "count_delayed_first": one.deferred,
        "count_rejected": one.rejected,
        "count_spam_complaint": one.complaint,
        "count_unique_confirmed_opened": one.open_any,
        "count_nonprefetched_unique_confirmed_opened": one.open_human,
        "count_unique_clicked": one.click,
        "count_clicked": round(one.click * REPEATED),
        "count_unsubscribe": one.unsubscribe,
    }


def _entry(day: date, known: dict[str, int] | dict[str, None]) -> str:
    return json.dumps({**known, "ts": f"{day}T00:00:00+00:00"}, separators=(",", ":"))
