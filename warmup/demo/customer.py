"""What the example customer sends and to whom: published figures scaled to an invented shop, with seeded noise.

Every number follows from ``data/published.toml`` and ``data/customer.toml`` and a seed. Weeks are counted back from the
last one, so the volumes are the same whatever the dates are.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from random import Random
from statistics import NormalDist
from typing import Any

import numpy as np

from warmup.demo.calendar import HISTORY_WEEKS
from warmup.traffic.supply import OTHER, TIERS, largest_remainder

Record = dict[str, Any]

WEEKDAYS = 7


@dataclass(frozen=True)
class Send:
    """What one stream sent on one day: messages per provider, in the order of :attr:`Customer.providers`."""

    day: date
    messages: tuple[int, ...]


@cache
def record(name: str) -> Record:
    """A data file of the example, ``published`` or ``customer``."""
    return tomllib.loads(files("warmup.demo").joinpath(f"data/{name}.toml").read_text(encoding="utf-8"))


class Customer:
    """The example customer's traffic.

    Attributes:
        providers: Planning groups, the largest first, ``other`` last.
        shares: Part of the recipients at each provider, in that order; they sum to 1.
    """

    def __init__(self) -> None:
        self._own = record("customer")
        shares = provider_shares()
        self.providers = tuple(sorted(shares, key=lambda p: (p == OTHER, -shares[p], p)))
        self.shares = tuple(shares[p] for p in self.providers)

    def label(self, provider: str) -> str:
        """What SparkPost calls a provider."""
        return str(self._own["providers"][provider]["label"])

    def sends(self, stream: str, first: date) -> Iterator[Send]:
        """Every day on which a stream sent, over 26 weeks.

        Args:
            stream: ``receipts``, ``newsletter`` or ``promotions``.
            first: The Monday on which the history begins.
        """
        rule = self._own["streams"][stream]
        random = Random(f"{self._own['seed']} {stream}")
        usual = self._usual(rule)
        for n in range(WEEKDAYS * HISTORY_WEEKS):
            mean = usual[n % WEEKDAYS]
            if mean:
                size = mean * factor(random, rule["noise"])
                mix = [share * factor(random, rule["noise"] / 2) for share in self.shares]
                yield Send(first + timedelta(days=n), apportion(size, mix))

    def _usual(self, rule: Record) -> list[float]:
        """Usual messages on every weekday, Monday first."""
        if "scale" in rule:
            return [rule["scale"] * mean for mean in record("published")["weekdays"]["means"]]
        return [float(rule["recipients"]) if day in rule["weekdays"] else 0.0 for day in range(WEEKDAYS)]

    def domains(self, provider: str) -> dict[str, float]:
        """Recipient domains of a provider with their parts, which sum to 1."""
        known = self._own["providers"][provider]["domains"] or _tail(self._own["tail"])
        total = sum(known.values())
        return {domain: part / total for domain, part in known.items()}

    def audience(self, stream: str, provider: str) -> tuple[int, ...]:
        """Recipients of a marketing stream at a provider, per engagement tier (order of ``TIERS``)."""
        tilt = self._own["tilt"].get(provider, {})
        parts = [self._own["tiers"][stream][tier] * tilt.get(tier, 1.0) for tier in TIERS]
        count = self._own["streams"][stream]["recipients"] * self.shares[self.providers.index(provider)]
        return apportion(count, parts)


def provider_shares() -> dict[str, float]:
    """Part of the customer's recipients at each provider: published shares by country, the rest by judgement."""
    own = record("customer")
    shares: dict[str, float] = {}
    for published in record("published")["shares"]:
        weight = own["countries"][published["country"]]
        parts = {**published["providers"], **own["rest"][published["country"]]}
        for provider, part in {**parts, OTHER: 1.0 - sum(parts.values())}.items():
            shares[provider] = shares.get(provider, 0.0) + weight * part
    return shares


def apportion(total: float, weights: list[float]) -> tuple[int, ...]:
    """A whole number split in proportion to weights, to the message."""
    whole = np.array(round(total))
    return tuple(largest_remainder(np.array(weights), whole).tolist())


def factor(random: Random, deviation: float) -> float:
    """A positive factor around 1. Built on ``random()``, whose values Python promises to keep between versions."""
    uniform = min(max(random.random(), 1e-9), 1 - 1e-9)
    return max(0.1, 1.0 + deviation * NormalDist().inv_cdf(uniform))


def _tail(rule: Record) -> dict[str, float]:
    """Many small domains: the n-th has the weight 1 / n ** exponent."""
    names = rule["names"]
    return {names[n % len(names)].format(n=n + 1): 1.0 / (n + 1) ** rule["exponent"] for n in range(rule["domains"])}
