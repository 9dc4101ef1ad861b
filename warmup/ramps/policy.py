"""Named policies: which ramp a plan follows when nobody names one (design 4.10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.ramps.library import ramp, ramps
from warmup.ramps.source import closest, read_toml

if TYPE_CHECKING:
    from warmup.ramps.model import Ramp


@dataclass(frozen=True)
class Policy:
    """A ramp, how long its levels are held, and whether the starting ceilings apply.

    Attributes:
        name: ``standard`` or ``conservative``.
        title: One line for people.
        slug: The ramp.
        held: Sending days each level is held.
        ceilings: Whether :func:`warmup.ramps.default_ceilings` apply.
        source, date, confidence, note: Where the policy comes from.
    """

    name: str
    title: str
    slug: str
    held: int
    ceilings: bool
    source: str
    date: str
    confidence: str
    note: str

    def ramp(self) -> Ramp:
        """The ramp with its levels held as the policy says."""
        return ramp(self.slug).held(self.held)


@dataclass(frozen=True)
class Choice:
    """The policy taken for a list, and the sentence that says why."""

    policy: Policy
    why: str
    source: str


@cache
def policies() -> Mapping[str, Policy]:
    """The named policies of ``data/policies.toml``."""
    records = {name: dict(record) for name, record in read_toml("policies.toml").items() if name != "choice"}
    return {name: Policy(name=name, slug=record.pop("ramp"), **record) for name, record in records.items()}


def named(name: str, *, allow_excerpt: bool = False) -> Ramp:
    """The ramp behind a policy's name or a ramp's slug.

    Raises:
        InputError: Neither is known, or the ramp cannot be planned with (see :func:`warmup.ramps.ramp`).
    """
    if name in policies():
        return policies()[name].ramp()
    if name not in ramps():
        raise InputError(Problem(f"ramp {name!r}", "is not known", closest(name, [*policies(), *ramps()])))
    return ramp(name, allow_excerpt=allow_excerpt)


def choose_policy(engaged_90_share: float | None, hard_bounce_rate: float | None) -> Choice:
    """Standard for a list known to be good, conservative otherwise.

    Args:
        engaged_90_share: Part (0-1) of the marketing mail, in scope or not, that goes to people engaged within 90 days;
            None: unknown.
        hard_bounce_rate: Hard bounces (0-1) measured on the legacy platform; None: unknown, which never counts as good.
    """
    rule = read_toml("policies.toml")["choice"]
    least, most = rule["engaged_90_share_at_least"], rule["hard_bounce_rate_at_most"]
    doubts, good = [], []
    if engaged_90_share is None:
        doubts.append("how much of the list is engaged is not known")
    elif engaged_90_share < least:
        doubts.append(
            f"{engaged_90_share * 100:.0f} % of the mail goes to people engaged within 90 days, "
            f"below {least * 100:.0f} %"
        )
    else:
        good.append(f"{engaged_90_share * 100:.0f} % engaged within 90 days")
    if hard_bounce_rate is None:
        doubts.append("the hard-bounce rate is not known")
    elif hard_bounce_rate > most:
        doubts.append(f"hard bounces are {hard_bounce_rate * 100:.1f} %, above {most * 100:.0f} %")
    else:
        good.append(f"{hard_bounce_rate * 100:.1f} % hard bounces")
    if doubts:
        why = f"{rule['otherwise']}, because {' and '.join(doubts)}"
        return Choice(policies()[rule["otherwise"]], why, rule["source"])
    why = f"{rule['good']}, because the list is good: {' and '.join(good)}"
    return Choice(policies()[rule["good"]], why, rule["source"])
