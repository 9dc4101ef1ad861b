"""Facts that the page adds to a plan: what to watch at whom, what the service includes, and the words explained."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Watch:
    """What to watch at one group of mailbox providers; see ``data/watch.toml`` for the meaning of the fields."""

    id: str
    name: str
    providers: tuple[str, ...]
    where: str
    normal: str
    slow: str
    stop: str
    remember: str
    sources: tuple[str, ...]
    date: str
    confidence: str


@dataclass(frozen=True)
class Term:
    """A word of the report in plain English; ``id`` is its anchor."""

    id: str
    term: str
    text: str


@dataclass(frozen=True)
class Service:
    """What the service includes and what it does not, with its source."""

    includes: tuple[str, ...]
    excludes: tuple[str, ...]
    source: str
    date: str


def read(name: str) -> dict[str, Any]:
    """One data file of the report."""
    text = resources.files("warmup.report").joinpath("data", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def watches() -> tuple[Watch, ...]:
    """All records, the one for everyone first."""
    return tuple(
        Watch(
            **{
                **record,
                "providers": tuple(record["providers"]),
                "sources": tuple(record["sources"]),
                "date": str(record["date"]),
            }
        )
        for record in read("watch")["watch"]
    )


def watch_for(providers: dict[str, str]) -> tuple[list[tuple[Watch, list[str]]], list[str]]:
    """The records for a plan's providers, in the plan's order.

    Args:
        providers: Provider id to display name.

    Returns:
        Each record with the names of the plan's providers it is about (the first, for everyone, with none), and the
        names of the providers that have no record of their own.
    """
    everyone, *others = watches()
    found: dict[str, tuple[Watch, list[str]]] = {}
    unknown = []
    for provider, name in providers.items():
        record = next((w for w in others if provider in w.providers), None)
        if record is None:
            unknown.append(name)
        else:
            found.setdefault(record.id, (record, []))[1].append(name)
    return [(everyone, []), *found.values()], unknown


@cache
def glossary() -> tuple[Term, ...]:
    """The words explained, in alphabetical order."""
    return tuple(sorted((Term(**record) for record in read("glossary")["term"]), key=lambda t: t.term.lower()))


@cache
def service() -> Service:
    """What the service is, and is not."""
    data = read("service")
    texts = {key: tuple(record["text"] for record in data[key]) for key in ("includes", "excludes")}
    return Service(texts["includes"], texts["excludes"], data["source"], str(data["date"]))
