"""Which mailbox providers are too small for a clock of their own (design 4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.ceilings import ceiling_arrays, ceilings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from warmup.planner.problem import Bools, Ints
    from warmup.scenario import Scenario
    from warmup.traffic.supply import Supply

SMALL = "small"
"""The clock that small providers share."""

SMALL_DAILY = 50
"""Messages a day per IP below which a provider is small, and the floor of the small clock (practice)."""

SMALL_RECIPIENTS = 10_000
"""Providers with fewer recipients need no warm-up of their own (Oracle)."""


def small_providers(
    scenario: Scenario, supply: Supply, scope: Ints, pool_of: Ints, closed: Mapping[str, date | None]
) -> Bools:
    """Providers that share the pool's small clock, (pools, P).

    Never one that readiness closes, that the scenario gives a ceiling, or whose ceiling could bind: the small clock
    knows neither. A block that is warm already needs no clock at all.

    Args:
        scenario: The migration.
        supply: Its mail.
        scope: In-scope mail (T, S, P), peaks included.
        pool_of: Pool of each stream.
        closed: Providers that readiness closes.
    """
    shape = (len(scenario.pools), len(supply.providers))
    if scenario.new.mode != "ramp":
        return np.zeros(shape, dtype=bool)
    own = set(closed) | {name for name, ceiling in scenario.policy.ceilings.items() if ceiling}
    may = np.array([provider not in own for provider in supply.providers])
    few = np.array([supply.recipients.get(p, SMALL_RECIPIENTS) < SMALL_RECIPIENTS for p in supply.providers])
    regular = scope[~supply.peak_days]
    steady = np.stack([regular[:, pool_of == i].sum(axis=(0, 1)) for i in range(shape[0])]) / max(len(regular), 1)
    ips = np.array([max(pool.size, 1) for pool in scenario.pools])
    small: Bools = ((steady / ips[:, None] < SMALL_DAILY) | few) & may & (steady > 0)
    return small & ~_needs_ceiling(scenario, supply, scope, pool_of)


def _needs_ceiling(scenario: Scenario, supply: Supply, scope: Ints, pool_of: Ints) -> Bools:
    """Providers of each pool whose ceiling could bind, (pools, P)."""
    by_name = {stream.name: stream for stream in scenario.streams}
    streams = [by_name[name] for name in supply.streams]
    most = np.zeros((len(scenario.pools), len(supply.providers)), dtype=np.int64)
    weekend = np.array([day.weekday() >= 5 for day in supply.dates])
    at_weekends = np.zeros(most.shape, dtype=bool)
    for i in range(len(most)):
        # What waits in a window can leave on one day, together with that day's own mail.
        a_day = sum(_windows(scope[:, s], stream.spread_days) for s, stream in enumerate(streams) if pool_of[s] == i)
        if isinstance(a_day, np.ndarray):
            most[i], at_weekends[i] = a_day.max(axis=0), a_day[weekend].any(axis=0)
    # Of one IP: those of a pool can start on different days, and the first ones carry everything until then.
    sizes = np.ones(len(most), dtype=np.int64)
    value, _, _, weekdays = ceiling_arrays(supply, ceilings(scenario, supply), sizes, len(supply.providers))
    needs: Bools = (most > value) | (weekdays & at_weekends)
    return needs


def _windows(mail: Ints, days: int) -> Ints:
    """Sums over the last ``days`` days with mail of (T, P)."""
    out = np.zeros_like(mail)
    sends = np.flatnonzero(mail.any(axis=1))
    total = np.concatenate([np.zeros((1, mail.shape[1]), dtype=mail.dtype), mail[sends].cumsum(axis=0)])
    index = np.searchsorted(sends, np.arange(len(mail)), side="right")
    return np.asarray(total[index] - total[np.maximum(index - days, 0)], dtype=out.dtype)
