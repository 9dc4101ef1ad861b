"""The files of the example customer, as a technical account manager would receive or write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from warmup.demo import mailchimp, sparkpost
from warmup.demo.customer import Customer, Record, record

if TYPE_CHECKING:
    from warmup.demo.calendar import Days

AUDIENCE, SPARKPOST, MAILCHIMP = "audience.csv", "sparkpost", "mailchimp"

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
    answers = {stream: list(sparkpost.series(customer, stream, days.history_first)) for stream in sparkpost.STREAMS}
    sent = list(mailchimp.campaigns(customer, days.history_first))
    return {
        "README.txt": _filled("README.txt", customer, days),
        "scenario.toml": _filled("scenario.toml", customer, days),
        AUDIENCE: _audience(customer),
        **{_series_path(stream, name): text for stream, all_of in answers.items() for name, text in all_of},
        f"{MAILCHIMP}/campaigns.csv": mailchimp.report(sent),
        **{f"{MAILCHIMP}/domains/{one.id}.json": mailchimp.domain_performance(one) for one in sent},
    }


def _series_path(stream: str, provider: str) -> str:
    return f"{SPARKPOST}/{stream}/{provider}.json"


def _audience(customer: Customer) -> str:
    """Counts per provider, stream and tier: the answer to one GROUP BY."""

    def rows() -> Iterator[tuple[object, ...]]:
        yield ("provider", "stream", *AUDIENCE_COLUMNS)
        for stream in record("customer")["tiers"]:
            for provider in customer.providers:
                yield (customer.label(provider), stream, *customer.audience(stream, provider))

    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows())
    return out.getvalue()


def _filled(name: str, customer: Customer, days: Days) -> str:
    """A template of this package with the example's days and files."""
    published, own = record("published"), record("customer")
    source = files("warmup.demo").joinpath(f"data/{name}.template").read_text(encoding="utf-8")
    return Template(source).substitute(
        {key: _shown(value) for key, value in vars(days).items()},
        customer=own["customer"],
        timezone=own["timezone"],
        hard_bounces=own["outcomes"]["promotions"]["hard"],
        receipts_scale=own["streams"]["receipts"]["scale"],
        countries=", ".join(f"{country} {part:.0%}" for country, part in own["countries"].items()),
        weekday_means=" ".join(str(mean) for mean in published["weekdays"]["means"]),
        weekday_source=published["weekdays"]["source"],
        weekday_date=published["weekdays"]["date"],
        shares="\n".join(_share_lines(customer, published["shares"])),
        mailchimp=MAILCHIMP,
        mailchimp_list=mailchimp.AUDIENCE,
        **{f"{stream}_files": _sources(customer, stream) for stream in sparkpost.STREAMS},
    )


def _sources(customer: Customer, stream: str) -> str:
    """The answers about a stream, as a scenario names them."""
    return ",\n".join(
        f'    {{ path = "{_series_path(stream, name)}", provider = "{customer.label(name)}" }}'
        for name in customer.providers
    )


def _share_lines(customer: Customer, shares: list[Record]) -> Iterator[str]:
    """One line per country, and its source where it changes."""
    for share in shares:
        parts = ", ".join(f"{customer.label(name)} {part:.1%}" for name, part in share["providers"].items())
        yield f"    {share['country']}: {parts}"
    yield from dict.fromkeys(f"    {share['source']}, {share['date']}." for share in shares)


def _shown(value: date | int) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
