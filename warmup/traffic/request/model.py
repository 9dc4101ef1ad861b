"""A data request: what a customer is asked for, with every date filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Source:
    """Where a fact is from.

    Attributes:
        source: Document or page.
        date: When it was compared with it.
        confidence: P, S or K (:data:`warmup.traffic.capabilities.CONFIDENCE`).
    """

    source: str
    date: date
    confidence: str

    @property
    def checked(self) -> bool:
        """Whether somebody read it anywhere."""
        return self.confidence != "K"


@dataclass(frozen=True)
class Limit:
    """How far back one can get, or what must have been switched on beforehand."""

    text: str
    origin: Source


@dataclass(frozen=True)
class Call:
    """One thing to run.

    Attributes:
        about: What tells it from the other calls of its ask: a provider, a period; may be empty.
        first, last: Days it asks for, both included.
        language: ``shell``, ``sql`` or ``csv`` (an example to fill in).
        text: To be copied as it is.
        save: Where its answer is expected.
        http: Method, address, query and body, for whoever does not use curl; None where it is no HTTP call.
        body: The JSON of the request; None: it has none.
    """

    about: str
    first: date
    last: date
    language: str
    text: str
    save: str
    http: Mapping[str, Any] | None = None
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Ask:
    """One thing to ask for.

    Attributes:
        title: What.
        kind: ``counts`` (hold no addresses) or ``events``.
        why: What it is good for.
        reader: Name of the reader of the answer.
        first, last: Days asked for, both included; None: nothing is left of them.
        short: Why these are not the days that were wanted; empty where they are.
        zone: Zone in which the answer counts days; empty: not said by the platform.
        addresses: What of addresses is in the answer, and what becomes of them.
        calls: What to run; empty where the steps say it all.
        steps: What to do by hand.
        notes: What the customer must know beside it.
        ours: What only whoever reads the answer must know.
        read: Command lines that read the answer; empty: it is only to look at.
        scenario: Files as the ``history`` of a scenario's stream names them, where a file does not say everything.
        lacks: Measures that the answer cannot say.
        differs: How what it reports differs from the definition of the measure.
        origin: Where this is from.
    """

    title: str
    kind: str
    why: str
    reader: str
    first: date | None
    last: date | None
    short: str
    zone: str
    addresses: str
    calls: tuple[Call, ...]
    steps: tuple[str, ...]
    notes: tuple[str, ...]
    ours: tuple[str, ...]
    read: tuple[str, ...]
    scenario: tuple[str, ...]
    lacks: tuple[str, ...]
    differs: Mapping[str, str]
    origin: Source


@dataclass(frozen=True)
class Engagement:
    """The counts of recipients by tier, which are always asked for."""

    title: str
    why: str
    steps: tuple[str, ...]
    command: str
    platform: str
    origin: Source


@dataclass(frozen=True)
class DataRequest:
    """All that one customer is asked for.

    Attributes:
        platform, title: Where the mail is sent from.
        first, last: Days wanted, both included.
        limits: To be read before anything else.
        asks: Counts before events.
        engagement: Who is engaged, as counts.
    """

    platform: str
    title: str
    first: date
    last: date
    limits: tuple[Limit, ...]
    asks: tuple[Ask, ...]
    engagement: Engagement
