"""What Mailchimp gives of the example customer: the report of its campaigns, and the domains of each of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

from warmup.demo.customer import Customer, apportion, record
from warmup.demo.outcomes import REPEATED, Outcome, Outcomes

STREAM = "newsletter"
AUDIENCE = "Newsletter"
"""What Mailchimp calls the list; the scenario's stream has the same name, in small letters."""

HOUR = "10:00 am"
COLUMNS = (
    "Title", "Subject", "List", "Send Date", "Send Weekday", "Total Recipients", "Successful Deliveries",
    "Soft Bounces", "Hard Bounces", "Total Bounces", "Times Forwarded", "Forwarded Opens", "Unique Opens", "Open Rate",
    "Total Opens", "Unique Clicks", "Click Rate", "Total Clicks", "Unsubscribes", "Abuse Complaints",
    "Times Liked on Facebook", "Folder Id", "Unique Id", "Total Orders", "Total Gross Sales", "Total Revenue",
)  # fmt: skip
"""Of the report, as Mailchimp writes it."""

# Not strftime: its names follow the language of the machine.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Campaign:
    """One send of the newsletter.

    Attributes:
        id: Mailchimp's name of it.
        number: Counted from the first, 1.
        day: In the account's time zone.
        domains: What became of the messages to each recipient domain.
    """

    id: str
    number: int
    day: date
    domains: dict[str, Outcome]

    @property
    def whole(self) -> Outcome:
        """What became of all messages."""
        return sum(self.domains.values(), Outcome())


def campaigns(customer: Customer, first: date) -> Iterator[Campaign]:
    """Every send of the newsletter.

    Args:
        customer: Whose mail.
        first: The Monday on which the history begins.
    """
    outcomes, seed = Outcomes(customer, STREAM), record("customer")["seed"]
    for number, send in enumerate(customer.sends(STREAM, first), 1):
        name = f"{Random(f'{seed} campaign {number}').getrandbits(40):010x}"
        domains: dict[str, Outcome] = {}
        for provider, count in zip(customer.providers, send.messages, strict=True):
            parts = customer.domains(provider)
            split = zip(parts, apportion(count, list(parts.values())), strict=True)
            domains.update((domain, outcomes.of(provider, n)) for domain, n in split if n)
        yield Campaign(name, number, send.day, domains)


def report(sent: list[Campaign]) -> str:
    """The campaign report, as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(campaign) for campaign in sent)
    return out.getvalue()


def _row(campaign: Campaign) -> tuple[object, ...]:
    one, day = campaign.whole, campaign.day
    weekday = _WEEKDAYS[day.weekday()]
    soft = one.soft + one.block  # Mailchimp does not tell them apart
    return (
        f"Newsletter {campaign.number}", f"New this {weekday}", AUDIENCE,
        f"{_MONTHS[day.month - 1]} {day.day:02d}, {day.year} {HOUR}", weekday,
        one.sent, one.delivered, soft, one.hard, soft + one.hard, 0, 0,
        one.open_any, f"{_percent(one.open_any, one.delivered):.2f}%", round(one.open_any * REPEATED),
        one.click, f"{_percent(one.click, one.delivered):.2f}%", round(one.click * REPEATED),
        one.unsubscribe, one.complaint, 0, 0, campaign.id, 0, 0, 0,
    )  # fmt: skip


def domain_performance(campaign: Campaign) -> str:
    """The answer of ``GET /3.0/reports/{campaign_id}/domain-performance``, the largest domain first."""
    total = campaign.whole.sent
    largest = sorted(campaign.domains.items(), key=lambda item: -item[1].sent)
    lines = [json.dumps(_domain(name, one, total), separators=(",", ":")) for name, one in largest]
    end = f'],"total_sent":{total},"campaign_id":"{campaign.id}"}}\n'
    return '{"domains":[\n' + ",\n".join(lines) + "\n" + end


def _domain(name: str, one: Outcome, total: int) -> dict[str, str | int | float]:
    bounces = one.sent - one.delivered
    return {
        "domain": name,
        "emails_sent": one.sent,
        "bounces": bounces,
        "opens": one.open_any,
        "clicks": one.click,
        "unsubs": one.unsubscribe,
        "delivered": one.delivered,
        "emails_pct": _percent(one.sent, total),
        "bounces_pct": _percent(bounces, one.sent),
        "opens_pct": _percent(one.open_any, one.delivered),
        "clicks_pct": _percent(one.click, one.delivered),
        "unsubs_pct": _percent(one.unsubscribe, one.delivered),
    }


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
