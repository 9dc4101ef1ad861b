"""From the records of ``data/requests`` to a request with dates: windows within what the platform keeps, and calls."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

from warmup.traffic.request.model import Call
from warmup.traffic.request.shell import aws, curl
from warmup.traffic.wording import counted

_FIELD = re.compile(r"(?<!\$)\{([a-z0-9_]+)\}")


@dataclass(frozen=True)
class Window:
    """Days asked for, both included, and why they are not those wanted; no days: nothing is left of them."""

    first: date | None
    last: date | None
    short: str = ""


def window(first: date, last: date, kept: int | None, today: date) -> Window:
    """The wanted days that a platform still has.

    Args:
        first: First day wanted.
        last: Last day wanted, included.
        kept: How many days back it can answer; None: no limit is known.
        today: The day the request is made.
    """
    oldest = today - timedelta(days=kept) if kept else first
    if oldest <= first:
        return Window(first, last)
    if oldest > last:
        return Window(None, None, f"the platform goes back {counted(kept or 0, 'day')}, to {oldest}: too late for this")
    return Window(oldest, last, f"the platform goes back {counted(kept or 0, 'day')}")


def spans(first: date, last: date, most: int | None) -> Iterator[tuple[date, date]]:
    """Equal parts of a period, none longer than ``most`` days."""
    days = (last - first).days + 1
    parts = -(-days // most) if most else 1
    ends = [days * part // parts for part in range(parts + 1)]
    for begin, end in pairwise(ends):
        yield first + timedelta(days=begin), first + timedelta(days=end - 1)


def fields(first: date, last: date, part: int = 1, provider: str = "") -> dict[str, str]:
    """What can stand in a text of a record between braces."""
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    end = datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=UTC)
    slug = re.sub(r"[^a-z0-9]+", "-", provider.lower()).strip("-") or "provider"
    return {
        "first_day": first.isoformat(),
        "last_day": last.isoformat(),
        "after_day": (last + timedelta(days=1)).isoformat(),
        "first_2822": format_datetime(begin),
        "last_2822": format_datetime(end),
        "part": str(part),
        "provider": provider,
        "provider_slug": slug,
        "provider_id": slug.replace("-", "_"),
        "provider_shell": shlex.quote(provider),
        "provider_toml": json.dumps(provider, ensure_ascii=False),
    }


def fill(value: Any, known: Mapping[str, str]) -> Any:
    """A value of a record with its fields filled in, however deep they stand.

    Raises:
        KeyError: A field that does not exist (a fault of the data file).
    """
    if isinstance(value, str):
        return _FIELD.sub(lambda found: known[found[1]], value)
    if isinstance(value, Mapping):
        return {name: fill(item, known) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, known) for item in value]
    return value


def answers(ask: Mapping[str, Any], key: str, first: date, last: date, providers: tuple[str, ...]) -> tuple[str, ...]:
    """How the answers are read or named: ``read`` or ``scenario`` of a record, once or for each provider."""
    if key not in ask:
        return ()
    names = providers if ask.get("each") == "provider" else ("",)
    return tuple(dict.fromkeys(fill(ask[key], fields(first, last, provider=name)) for name in names))


def calls(ask: Mapping[str, Any], first: date, last: date, providers: tuple[str, ...]) -> Iterator[Call]:
    """Everything to run for one ask: a call for each part of the period and, where it says so, each provider."""
    names = providers if ask.get("each") == "provider" else ("",)
    parts = list(spans(first, last, ask.get("call_days")))
    for number, (begin, end) in enumerate(parts, 1):
        for name in names:
            about = [name] if name else []
            about += [f"{begin} to {end}"] if len(parts) > 1 else []
            yield from _call(ask, ", ".join(about), begin, end, fields(begin, end, number, name))


def _call(ask: Mapping[str, Any], about: str, first: date, last: date, known: Mapping[str, str]) -> Iterator[Call]:
    save = fill(ask["save"], known)
    if http := fill(ask.get("http"), known):
        yield Call(about, first, last, "shell", curl(http, save), save, http, http.get("body"))
    elif task := fill(ask.get("aws"), known):
        yield Call(about, first, last, "shell", aws(task["operation"], task["body"], save), save, None, task["body"])
    else:
        for language in ("sql", "csv"):
            if language in ask:
                yield Call(about, first, last, language, fill(ask[language], known).strip(), save)
