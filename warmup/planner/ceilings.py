"""Ceilings at mailbox providers: which apply to a scenario, and as arrays for the engine (design 4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.problem import NEVER, UNLIMITED
from warmup.scenario import CeilingSetting

if TYPE_CHECKING:
    from warmup.planner.problem import Bools, Floats, Ints
    from warmup.scenario import Scenario
    from warmup.traffic.supply import Supply


@dataclass(frozen=True)
class CeilingUse:
    """The ceiling of a provider as planned: messages per IP (or per domain) and day, sending days, growth after it."""

    provider: str
    per_ip: float
    """Messages a day per IP: the smaller of the daily figure and the hourly one times the hours of the send window."""
    hourly: int | None
    """The hourly figure, where it is the smaller one."""
    per_domain: bool
    sending_days: int
    growth: float
    weekdays_only: bool
    warn_above: int | None
    source: str
    confidence: str
    text: str


def ceilings(scenario: Scenario, supply: Supply) -> list[CeilingUse]:
    """The ceilings that apply: the defaults, replaced or lifted by the scenario.

    The defaults are what providers take from new IPs; a block that is warm already obeys only what the scenario states.
    """
    from warmup.ramps import default_ceilings

    policy = scenario.policy
    hours = scenario.calendar.window.hours
    out: list[CeilingUse] = []
    defaults = default_ceilings(csa=policy.csa_certified, microsoft_shared=policy.microsoft_shared)
    for c in defaults if scenario.new.mode == "ramp" else ():
        if c.provider in policy.ceilings or c.provider not in supply.providers:
            continue
        per_ip, hourly = _per_day(c.daily, c.hourly, hours)
        out.append(
            CeilingUse(
                provider=c.provider,
                per_ip=per_ip,
                hourly=hourly,
                per_domain=c.per == "domain",
                sending_days=NEVER if c.for_sending_days is None else c.for_sending_days,
                growth=c.growth_after or 0.0,
                weekdays_only=c.weekdays_only,
                warn_above=c.warn_above,
                source=c.source,
                confidence=c.confidence,
                text=c.note,
            )
        )
    own = {name: c for name, c in policy.ceilings.items() if isinstance(c, CeilingSetting)}
    return out + [_own_ceiling(name, c, hours) for name, c in own.items() if name in supply.providers]


def _per_day(daily: int | None, hourly: int | None, hours: float) -> tuple[float, int | None]:
    """Messages a day, and the hourly figure if that is what sets them."""
    by_hour = np.inf if hourly is None else hourly * hours
    by_day = np.inf if daily is None else float(daily)
    return min(by_day, by_hour), hourly if by_hour < by_day else None


def _own_ceiling(provider: str, c: CeilingSetting, hours: float) -> CeilingUse:
    per_ip, hourly = _per_day(c.daily, c.hourly, hours)
    days = NEVER if c.permanent else int(c.for_sending_days or 0)
    return CeilingUse(
        provider, per_ip, hourly, False, days, c.growth_after or 0.0, False, None, "scenario", "scenario", ""
    )


def ceiling_arrays(supply: Supply, use: list[CeilingUse], sizes: Ints, q: int) -> tuple[Ints, Ints, Floats, Bools]:
    """Ceiling, its sending days, growth after it and weekdays only, each (G, Q)."""
    shape = (len(sizes), q)
    value = np.full(shape, UNLIMITED, dtype=np.int64)
    days = np.zeros(shape, dtype=np.int64)
    growth = np.ones(shape)
    weekdays = np.zeros(shape, dtype=bool)
    for c in use:
        if c.provider not in supply.providers:
            continue
        p = supply.providers.index(c.provider)
        if c.per_domain:
            domains = supply.domains.get(c.provider)
            if domains is None:
                continue
            # The whole customer may send so much to a domain, from however many IPs: shared by IPs, never below one.
            value[:, p] = np.maximum(np.floor(c.per_ip * domains * sizes / max(int(sizes.sum()), 1)), 1)
        else:
            value[:, p] = np.floor(c.per_ip * sizes)
        days[:, p] = c.sending_days
        # Without a growth of its own the ladder alone decides once the ceiling is over.
        growth[:, p] = c.growth if c.growth > 0 else 1e6
        weekdays[:, p] = c.weekdays_only
    return value, days, growth, weekdays
