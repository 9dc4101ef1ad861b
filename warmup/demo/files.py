"""The files of the example customer, as a technical account manager would receive or write them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from string import Template

from warmup.demo.calendar import HISTORY_WEEKS, Days
from warmup.demo.customer import WEEKDAYS, Customer, Record, apportion, record

RECEIPTS, NEWSLETTER, AUDIENCE, PROMOTIONS = "receipts.csv", "newsletter.csv", "audience.csv", "promotions"

AUDIENCE_COLUMNS = (
    "engaged_0_30", "engaged_31_60", "engaged_61_90", "engaged_91_180", "engaged_181_365", "machine_open_only",
    "older_or_never",
)  # fmt: skip
"""One column per tier, in the order of :data:`warmup.traffic.supply.TIERS`."""


def contents(days: Days) -> dict[str, str]:
    """Every file of the example: path below its folder, and text.

    Args:
        days: The days it plays on.
    """
    customer = Customer()
    promotions = dict(_promotions(customer, days))
    return {
        "README.txt": _filled("README.txt", customer, days, promotions),
        "scenario.toml": _filled("scenario.toml", customer, days, promotions),
        RECEIPTS: _receipts(customer, days),
        NEWSLETTER: _newsletter(customer, days),
        AUDIENCE: _audience(customer),
        **{path: text for path, (_, text) in promotions.items()},
    }


def _table(rows: Iterator[tuple[object, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _receipts(customer: Customer, days: Days) -> str:
    """Tidy CSV by mailbox provider, with one volume that the export does not know."""
    gap = record("customer")["unknown"]

    def rows() -> Iterator[tuple[object, ...]]:
        yield ("date", "provider", "messages")
        for send in customer.sends("receipts", days.history_first):
            for provider, count in zip(customer.providers, send.messages, strict=True):
                blank = provider == gap["provider"] and (send.day - days.history_first).days == gap["day"]
                yield (send.day, customer.label(provider), "" if blank else count)

    return _table(rows())


def _newsletter(customer: Customer, days: Days) -> str:
    """Tidy CSV by recipient domain: whose mailboxes they are is for the planner to find out."""

    def rows() -> Iterator[tuple[object, ...]]:
        yield ("date", "recipient_domain", "messages")
        for send in customer.sends("newsletter", days.history_first):
            for provider, count in zip(customer.providers, send.messages, strict=True):
                parts = customer.domains(provider)
                split = apportion(count, list(parts.values()))
                yield from ((send.day, name, n) for name, n in zip(parts, split, strict=True) if n)

    return _table(rows())


def _promotions(customer: Customer, days: Days) -> Iterator[tuple[str, tuple[str, str]]]:
    """SparkPost metrics time series: path, then provider label and text; one file per mailbox provider."""
    sends = {send.day: send.messages for send in customer.sends("promotions", days.history_first)}
    every = [days.history_first + timedelta(days=n) for n in range(WEEKDAYS * HISTORY_WEEKS)]
    for n, provider in enumerate(customer.providers):
        lines = ",\n  ".join(_entry(day, sends[day][n] if day in sends else 0) for day in every)
        yield f"{PROMOTIONS}/{provider}.json", (customer.label(provider), f'{{"results": [\n  {lines}\n]}}\n')


def _entry(day: date, sent: int) -> str:
    """One day of a time series with the counts that were asked for."""
    bounced = round(sent * record("customer")["hard_bounces"])
    entry = {
        "count_targeted": sent,
        "count_sent": sent,
        "count_delivered": sent - bounced,
        "count_hard_bounce": bounced,
        "ts": f"{day}T00:00:00+00:00",
    }
    return json.dumps(entry)


def _audience(customer: Customer) -> str:
    """Counts per provider, stream and tier: the answer to one GROUP BY."""

    def rows() -> Iterator[tuple[object, ...]]:
        yield ("provider", "stream", *AUDIENCE_COLUMNS)
        for stream in record("customer")["tiers"]:
            for provider in customer.providers:
                yield (customer.label(provider), stream, *customer.audience(stream, provider))

    return _table(rows())


def _filled(name: str, customer: Customer, days: Days, promotions: dict[str, tuple[str, str]]) -> str:
    """A template of this package with the example's days and files."""
    published, own = record("published"), record("customer")
    source = files("warmup.demo").joinpath(f"data/{name}.template").read_text(encoding="utf-8")
    return Template(source).substitute(
        {key: _shown(value) for key, value in vars(days).items()},
        customer=own["customer"],
        timezone=own["timezone"],
        hard_bounces=own["hard_bounces"],
        receipts_scale=own["streams"]["receipts"]["scale"],
        countries=", ".join(f"{country} {part:.0%}" for country, part in own["countries"].items()),
        weekday_means=" ".join(str(mean) for mean in published["weekdays"]["means"]),
        weekday_source=published["weekdays"]["source"],
        weekday_date=published["weekdays"]["date"],
        shares="\n".join(_share_lines(customer, published["shares"])),
        promotion_files=",\n".join(
            f'    {{ path = "{path}", provider = "{label}" }}' for path, (label, _) in promotions.items()
        ),
    )


def _share_lines(customer: Customer, shares: list[Record]) -> Iterator[str]:
    """One line per country, and its source where it changes."""
    for share in shares:
        parts = ", ".join(f"{customer.label(name)} {part:.1%}" for name, part in share["providers"].items())
        yield f"    {share['country']}: {parts}"
    yield from dict.fromkeys(f"    {share['source']}, {share['date']}." for share in shares)


def _shown(value: date | int) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
