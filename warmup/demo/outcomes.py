"""How the example customer's mail fares: invented parts, seeded, and counts that agree with each other."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import floor
from random import Random
from typing import Self

from warmup.demo.customer import Customer, factor, record

RETRIES = 1.6
"""Temporary refusals per message that met any."""

REPEATED = 1.5
"""Opens per message that was opened, clicks per message that was clicked."""


@dataclass(frozen=True)
class Outcome:
    """What became of some messages.

    Attributes:
        sent: Attempted.
        rejected: Not attempted, on top of ``sent``.
        hard, soft, block: Refused for good in the session, by cause.
        late: Bounced after they were delivered.
        deferred: Refused for now at the first attempt; all soft bounces are among them.
        deferrals: Those refusals, with the ones that followed.
        complaint, unsubscribe, click: Messages with at least one.
        open_human, open_any: Messages opened by a person; by a person or a machine.
    """

    sent: int = 0
    rejected: int = 0
    hard: int = 0
    soft: int = 0
    block: int = 0
    late: int = 0
    deferred: int = 0
    deferrals: int = 0
    complaint: int = 0
    unsubscribe: int = 0
    open_human: int = 0
    open_any: int = 0
    click: int = 0

    def __add__(self, other: Self) -> Self:
        """Both together."""
        pairs = {one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)}
        return type(self)(**pairs)

    @property
    def delivered(self) -> int:
        """Accepted by the receiver, late bounces not taken off."""
        return self.sent - self.hard - self.soft - self.block


class Outcomes:
    """Draws outcomes of one stream; the same calls in the same order give the same counts."""

    def __init__(self, customer: Customer, stream: str) -> None:
        own = record("customer")
        self._rule, self._parts, self._tilt = own["outcomes"], own["outcomes"][stream], own["outcome_tilt"]
        self._random = Random(f"{own['seed']} {stream} outcomes")
        shares = dict(zip(customer.providers, customer.shares, strict=True))
        self._mean = {
            name: sum(share * self._tilt.get(provider, {}).get(name, 1.0) for provider, share in shares.items())
            for name in self._parts
        }

    def of(self, provider: str, sent: int) -> Outcome:
        """What became of the messages to a provider."""
        if not sent:
            return Outcome()
        hard = self._drawn("hard", provider, sent)
        soft = self._drawn("soft", provider, sent - hard)
        block = self._drawn("block", provider, sent - hard - soft)
        delivered = sent - hard - soft - block
        deferred = max(soft, self._drawn("deferred", provider, sent - hard - block))
        late = self._drawn("late", provider, delivered)
        human = self._drawn("open_human", provider, delivered)
        return Outcome(
            sent=sent,
            rejected=self._drawn("rejected", provider, sent),
            hard=hard,
            soft=soft,
            block=block,
            late=late,
            deferred=deferred,
            deferrals=round(deferred * RETRIES),
            complaint=self._drawn("complaint", provider, delivered),
            unsubscribe=self._drawn("unsubscribe", provider, delivered),
            open_human=human,
            open_any=human + self._drawn("open_machine", provider, delivered - human),
            click=self._drawn("click", provider, human),
        )

    def _drawn(self, name: str, provider: str, among: int) -> int:
        """A part of some messages, rounded by chance, so that small counts are right in the mean too."""
        tilt = self._tilt.get(provider, {}).get(name, 1.0) / self._mean[name]
        deviation = self._rule["mood" if name in self._rule["moody"] else "noise"]
        expected: float = among * self._parts[name] * tilt * factor(self._random, deviation)
        return min(among, floor(expected + self._random.random()))
