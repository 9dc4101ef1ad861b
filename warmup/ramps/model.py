"""A ramp: a published ladder (or several, per mailbox provider) with its provenance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from warmup.errors import InputError, Problem

if TYPE_CHECKING:
    from warmup.ramps.ladder import Ladder

Scope = Literal["per_ip", "total"]
Unit = Literal["messages", "percent"]
Usable = Literal["table", "percent", "rule", "excerpt", "no"]

ALL, EACH, REST = "all", "each provider", "other providers"
"""Names of the ladders that belong to no single mailbox provider, as :meth:`Ramp.ladders` gives them."""


@dataclass(frozen=True)
class Ramp:
    """What somebody publishes as the way to warm an IP.

    At most one of ``ladder`` and ``each_provider`` is set. A mailbox provider follows, in this order: its own ladder
    in ``providers``; ``each_provider`` whole; its part of ``rest``; its part of ``ladder``. With none of them the ramp
    says nothing about that provider.

    Attributes:
        slug: Stable name, e.g. ``sparkpost-2020``.
        name, publisher, url: What it is called here, who publishes it, where.
        date_seen: ISO date, or the words in which the source dates itself (``undated``).
        notes: What a reader must know before using it.
        scope: ``per_ip``: levels are per sending IP; ``total``: for the whole pool.
        unit: ``messages`` a day, or ``percent``: levels are fractions (0-1) of a final volume, see
            :meth:`in_messages`.
        usable: ``table`` printed day by day; ``percent`` of a volume; ``rule`` expanded by us; ``excerpt`` printed in
            part; ``no`` numbers.
        why: Why it is usable so.
        confidence: Authority of the publisher: ``high`` (a platform's own documentation of its own numbers),
            ``medium``, ``low``.
        days: Sending days that are printed, or that a rule was expanded to.
        ladder: For a whole IP or pool; the planner splits it among providers.
        providers: Own ladders by planning group of :mod:`warmup.providers`.
        each_provider: A ladder every provider gets whole.
        rest: A ladder that all remaining providers share.
        printed_only: Ladders that are printed but not planned with (AOL, now on Yahoo's servers; Oracle's total).
        end_point: (sending day, level) where nothing but the end is published.
        rule: For ramps that were expanded from a rule: its name.
    """

    slug: str
    name: str
    publisher: str
    url: str
    date_seen: str
    notes: str
    scope: Scope
    unit: Unit
    usable: Usable
    why: str
    confidence: str
    days: int
    ladder: Ladder | None = None
    providers: Mapping[str, Ladder] = field(default_factory=dict)
    each_provider: Ladder | None = None
    rest: Ladder | None = None
    printed_only: Mapping[str, Ladder] = field(default_factory=dict)
    end_point: tuple[int, float] | None = None
    rule: str | None = None

    def ladder_of(self, provider: str) -> Ladder | None:
        """The ladder meant for a planning group alone, whole; None if it only has a part of a shared one."""
        return self.providers.get(provider, self.each_provider)

    def ladders(self) -> dict[str, Ladder]:
        """Every ladder planned with: ``all``, ``each provider``, planning groups, ``other providers``."""
        named = {ALL: self.ladder, EACH: self.each_provider, **self.providers, REST: self.rest}
        return {who: ladder for who, ladder in named.items() if ladder is not None}

    def table(self, who: str = ALL) -> tuple[float, ...]:
        """The published day table, holds expanded: sending day 1 first.

        Args:
            who: A name of :meth:`ladders` or of ``printed_only``; default: the ladder for the whole IP or pool.

        Returns:
            Whole messages as integers, fractions for percent ladders; empty if there is no such ladder.
        """
        ladder = self.ladders().get(who) or self.printed_only.get(who)
        return ladder.table(self.days) if ladder else ()

    def overall(self) -> Ladder | None:
        """The ladder by which ramps are compared: of the whole, else of each provider, else a printed total."""
        return self.ladder or self.each_provider or self.printed_only.get("total")

    def held(self, times: int) -> Ramp:
        """Each level held ``times`` sending days instead of one (the conservative policy: 2).

        Raises:
            ValueError: ``times`` is less than 1.
        """
        return replace(self._map(lambda _, ladder: ladder.held(times)), days=self.days * times)

    def in_messages(self, final_volume: float, by_provider: Mapping[str, float] | None = None) -> Ramp:
        """Turn percentages into messages a day; a ramp in messages is returned as it is.

        Args:
            final_volume: Messages a day when all mail has moved, in the ramp's scope.
            by_provider: The same per planning group. Needed where the percentages are of each provider's own volume; a
                provider that is not named loses its ladder.

        Raises:
            InputError: A volume is not above 0, or ``by_provider`` is needed and missing.
        """
        if self.unit == "messages":
            return self
        if self.providers and by_provider is None:
            what = "its percentages are of each provider's own volume"
            raise InputError(Problem(f"ramp {self.slug}", what, f"state the volume of {', '.join(self.providers)}"))
        volumes = {**(by_provider or {}), "": final_volume}
        bad = {who: volume for who, volume in volumes.items() if not math.isfinite(volume) or volume <= 0}
        if bad:
            where = f"ramp {self.slug}"
            raise InputError(
                Problem(where, f"final volume{f' of {who}' if who else ''} is {volume}", "give messages a day, above 0")
                for who, volume in bad.items()
            )
        known = replace(self, providers={who: self.providers[who] for who in self.providers if who in volumes})
        scaled = known._map(lambda who, ladder: ladder.scaled(volumes.get(who, final_volume)))
        return replace(scaled, unit="messages")

    def renamed(self, groups: Mapping[str, str]) -> Ramp:
        """The same ramp with planning groups renamed, e.g. ``{"microsoft_consumer": "microsoft"}`` (shared clock)."""
        return replace(self, providers={groups.get(who, who): ladder for who, ladder in self.providers.items()})

    def _map(self, change: Callable[[str, Ladder], Ladder]) -> Ramp:
        """The ramp with ``change(planning group or "", ladder)`` applied to every ladder."""

        def one(ladder: Ladder | None) -> Ladder | None:
            return change("", ladder) if ladder else None

        return replace(
            self,
            ladder=one(self.ladder),
            providers={who: change(who, ladder) for who, ladder in self.providers.items()},
            each_provider=one(self.each_provider),
            rest=one(self.rest),
            printed_only={who: change(who, ladder) for who, ladder in self.printed_only.items()},
        )
