"""Starting ceilings: what a mailbox provider takes from a new IP at first, whatever the ladder says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from warmup.ramps.source import read_toml


@dataclass(frozen=True)
class Ceiling:
    """A limit at one mailbox provider (design 4.4).

    Attributes:
        provider: Planning group of :mod:`warmup.providers`.
        daily: Messages a day per IP (per recipient domain where ``per`` is ``domain``); None: no daily limit.
        hourly: Messages an hour, likewise; None: no hourly limit.
        for_sending_days: How long it binds; None: permanent.
        growth_after: Once it is over, the provider grows by at most this factor a sending day; None: the ladder alone
            decides.
        warn_above: Messages a day and IP above which a plan carries a warning; None: never.
        source, date, confidence, note: Where it comes from; ``sourced``, ``partly`` or ``judgement``.
        per: ``ip``, or ``domain`` for the limit of each single recipient domain in the group.
        unless: What lifts it: ``csa`` (certified sender); None: nothing.
        weekdays_only: Nothing is sent there on Saturdays and Sundays while it binds.
    """

    provider: str
    daily: int | None
    hourly: int | None
    for_sending_days: int | None
    growth_after: float | None
    warn_above: int | None
    source: str
    date: str
    confidence: str
    note: str
    per: Literal["ip", "domain"] = "ip"
    unless: str | None = None
    weekdays_only: bool = False


@cache
def default_ceilings(*, csa: bool = False, microsoft_shared: bool = False) -> tuple[Ceiling, ...]:
    """The ceilings every policy starts with, one per planning group, in the order of ``data/ceilings.toml``.

    Args:
        csa: The sender is certified (Certified Senders Alliance): ceilings that this lifts are left out.
        microsoft_shared: Consumer Outlook and Microsoft 365 share one clock: the consumer ceiling is that of the group
            ``microsoft``. The limit for single company domains stays with ``microsoft_365``, whichever clock they
            follow.
    """
    return tuple(
        ceiling
        for record in read_toml("ceilings.toml")["ceilings"]
        if not (csa and record.get("unless") == "csa")
        for ceiling in _expand(record, microsoft_shared)
    )


def _expand(record: Mapping[str, Any], microsoft_shared: bool) -> Iterator[Ceiling]:
    """One record of the file as a ceiling for each planning group it names, by id or by kind."""
    names = list(record["providers"])
    if kinds := record.get("kinds"):
        from warmup.providers import catalogue

        names += [group.id for group in catalogue().groups.values() if group.kind in kinds]
    for name in names:
        shared = microsoft_shared and record["per"] == "ip" and name == "microsoft_consumer"
        yield Ceiling(
            provider="microsoft" if shared else name,
            daily=record.get("daily"),
            hourly=record.get("hourly"),
            for_sending_days=record.get("for_sending_days"),
            growth_after=record.get("growth_after"),
            warn_above=record.get("warn_above"),
            source=record["source"],
            date=record["date"],
            confidence=record["confidence"],
            note=record["note"],
            per=record["per"],
            unless=record.get("unless"),
            weekdays_only=record.get("weekdays_only", False),
        )
