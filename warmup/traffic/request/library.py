"""The records of ``data/requests``: one TOML file a platform, and ``engagement.toml`` for what is always asked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from warmup.errors import InputError, Problem
from warmup.traffic.capabilities import capabilities
from warmup.traffic.request.filling import answers, calls, fields, fill, window
from warmup.traffic.request.model import Ask, DataRequest, Engagement, Limit, Source
from warmup.traffic.wording import quote

WANTED, RANGE, MINIMUM = 91, 56, 14
"""Days asked for where nothing else is said; days from which a plan has a range; days without which there is none."""

ORDER = (
    "sparkpost", "bird", "sendgrid", "ses", "mailgun", "postmark", "braze", "sfmc", "mailchimp", "powermta", "kumomta",
    "postfix", "other",
)  # fmt: skip
"""Platforms in the order in which they are listed."""

_LONGEST_NAME = 60


def platforms() -> Mapping[str, str]:
    """Platforms that can be asked for, with their titles."""
    return {name: str(record(name)["title"]) for name in ORDER}


@cache
def record(name: str) -> Mapping[str, Any]:
    """One file of ``data/requests``, as it is."""
    path = files("warmup.traffic").joinpath(f"data/requests/{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def data_request(
    platform: str,
    *,
    today: date,
    first: date | None = None,
    last: date | None = None,
    providers: tuple[str, ...] = (),
) -> DataRequest:
    """What to ask for.

    Args:
        platform: One of :func:`platforms`.
        today: The day the request is made: retention is counted back from it.
        first: First day wanted; default: :data:`WANTED` days with the last one.
        last: Last day wanted; default: yesterday, the last day that is over.
        providers: Mailbox providers as the platform writes them, where it is asked once for each; default: those that
            its record names.

    Raises:
        InputError: The platform is not known, the days contradict each other, a provider cannot be a name.
    """
    problems = [] if platform in ORDER else [_unknown(platform)]
    last_day = last or (max(first, today - timedelta(days=1)) if first else today - timedelta(days=1))
    first_day = first or last_day - timedelta(days=WANTED - 1)
    problems += _wrong_days(first_day, last_day, today)
    problems += [
        Problem("--provider", f"{quote(name)} is no name of a mailbox provider", "write it as the platform does")
        for name in providers
        if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME or "@" in name
    ]
    if problems:
        raise InputError(problems)
    data = record(platform)
    known = fields(first_day, last_day)
    names = providers or tuple(data["providers"])
    return DataRequest(
        platform=platform,
        title=data["title"],
        first=first_day,
        last=last_day,
        limits=tuple(Limit(fill(limit["text"], known), _source(limit)) for limit in data["limits"]),
        asks=tuple(_ask(ask, first_day, last_day, today, names) for ask in data["asks"]),
        engagement=_engagement(platform),
    )


def _unknown(platform: str) -> Problem:
    from warmup.traffic.columns import did_you_mean  # brings numpy along, which a list of texts need not wait for

    fix = did_you_mean(platform, ORDER) or f"take one of {', '.join(ORDER)}; other is for everything else"
    return Problem("--platform", f"{quote(platform)} is not known", fix)


def _wrong_days(first: date, last: date, today: date) -> list[Problem]:
    problems = []
    if first > last:
        problems.append(Problem("--from, --to", f"{first} is after {last}", "exchange them"))
    if last > today:
        problems.append(Problem("--to", f"{last} lies in the future", "what was sent by then is not known yet"))
    return problems


def _source(data: Mapping[str, Any]) -> Source:
    return Source(data["source"], data["date"], data["confidence"])


def _ask(ask: Mapping[str, Any], first: date, last: date, today: date, providers: tuple[str, ...]) -> Ask:
    """One record with its dates: those that the platform still has."""
    days = window(first, last, ask.get("days"), today)
    begin, end = days.first or first, days.last or last
    known = fields(begin, end, provider=providers[0] if providers else "")
    export = capabilities()[ask["reader"]]
    return Ask(
        title=ask["title"],
        kind=ask["kind"],
        why=fill(ask["why"], known),
        reader=ask["reader"],
        first=days.first,
        last=days.last,
        short=days.short,
        zone=ask.get("zone", ""),
        addresses=fill(ask["addresses"], known),
        calls=tuple(calls(ask, begin, end, providers)) if days.first else (),
        steps=tuple(fill(ask.get("steps", []), known)) if days.first else (),
        notes=tuple(fill(ask.get("notes", []), known)),
        ours=tuple(fill(ask.get("ours", []), known)),
        read=answers(ask, "read", begin, end, providers) if days.first else (),
        scenario=answers(ask, "scenario", begin, end, providers) if days.first else (),
        lacks=export.lacks,
        differs=export.differs,
        origin=_source(ask),
    )


def _engagement(platform: str) -> Engagement:
    data = record("engagement")
    return Engagement(
        title=data["title"],
        why=data["why"],
        steps=tuple(data["steps"]),
        command=data["command"],
        platform=data["platforms"].get(platform, ""),
        origin=_source(data),
    )
