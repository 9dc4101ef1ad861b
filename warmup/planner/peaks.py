"""Declared peaks: whether they fit, from when on they would, and what spread would make them fit (design 4.7).

Growth freezes around a peak, so what counts is what the IPs are warm for (base traffic), not what the ladder would
allow next.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.completion import ALL, CARRIED_PER_MILLE
from warmup.planner.plan import PeakReady
from warmup.planner.spreading import PeakSpread, peak_spread
from warmup.planner.wording import listing, long_day, sentence
from warmup.scenario import Peak, Scenario, expand_days

if TYPE_CHECKING:
    from warmup.planner.bench import Bench
    from warmup.planner.planning import Headline
    from warmup.planner.problem import Ints

NEAR_PEAK = timedelta(weeks=8)
"""No start within 8 weeks of a declared peak (PRACTICE.md: Black Friday, Christmas)."""

TIMES_BASE = 2
"""A peak of more than so many times base traffic goes via legacy (Optimizely)."""


def peaks(bench: Bench, head: Headline) -> tuple[PeakReady, ...]:
    """Every day of every declared peak that lies within the plan."""
    out = []
    for peak in bench.scenario.calendar.peaks:
        for day in sorted(expand_days(peak.days)):
            index = (day - bench.supply.first).days
            if 0 <= index < bench.supply.days:
                out.append(_peak(bench, head, peak, day, index))
    return tuple(out)


def is_near(start: date, peak: date) -> bool:
    """Whether a start lies too close before a day of a peak (design 4.7)."""
    return timedelta(0) <= peak - start < NEAR_PEAK


def refused(scenario: Scenario, start: date) -> bool:
    """Whether a start is too close before a declared peak, and nobody has decided otherwise."""
    if scenario.policy.override is not None:
        return False
    return any(is_near(start, day) for peak in scenario.calendar.peaks for day in expand_days(peak.days))


def streams_of(scenario: Scenario, peak: Peak) -> list[str]:
    """The streams a peak is declared for: by default the marketing ones."""
    return list(peak.streams) or [stream.name for stream in scenario.streams if stream.kind == "marketing"]


def _peak(bench: Bench, head: Headline, peak: Peak, day: date, index: int) -> PeakReady:
    messages, carried = _mail(head, index)
    fits = carried * 1000 >= messages * CARRIED_PER_MILLE
    spread = None if fits else peak_spread(head, streams_of(bench.scenario, peak), index)
    return PeakReady(
        name=peak.name,
        day=day,
        messages=messages,
        fits=fits,
        ready_on=_ready(bench, head, index, fits=fits),
        missing=messages - carried,
        spread_days=None if spread is None else len(spread.days),
        note="" if fits else _note(bench, messages, carried, spread),
    )


def _mail(head: Headline, index: int) -> tuple[int, int]:
    """Messages of a day that should go to dedicated IPs, and that do. The control group counts once it is released."""
    p, run = head.problem, head.run
    messages, carried = (int(x[0, index, :, ALL].sum()) for x in (run.supply_by_pool, run.by_pool))
    if index >= p.release[0]:
        assert run.released is not None
        messages = int((p.supply[0, index] * ~p.outside[0][:, None, :]).sum())
        carried += int(run.released[index].sum())
    return messages, carried


def _ready(bench: Bench, head: Headline, index: int, *, fits: bool) -> date | None:
    """The first day from which on the IPs are warm for the peak.

    If it fits: up to the peak without a break. Else: the first day after it, if any.
    """
    demand = _by_clock(head)[index]
    holds = (_warm_for(head) >= demand[None]).all(axis=(1, 2))
    if not fits:
        later = np.flatnonzero(holds[index:])
        return bench.date_of(index + int(later[0])) if len(later) else None
    ready = index
    while ready > 0 and holds[ready - 1]:
        ready -= 1
    return bench.date_of(ready)


def _by_clock(head: Headline) -> Ints:
    """In-scope supply by pool and provider, (T, pools, Q)."""
    p = head.problem
    mail = p.supply[0] * ~p.outside[0][None, :, None, :]
    by_stream = mail.sum(axis=3)
    out = np.zeros((p.days, len(p.pools), len(p.providers)), dtype=np.int64)
    for s, stream in enumerate(p.streams):
        out[:, stream.pool] += by_stream[:, s]
    return out


def _warm_for(head: Headline) -> Ints:
    """What a frozen day would carry, (T, pools, Q): base traffic, or the cap where nothing ramps."""
    p, run = head.problem, head.run
    assert run.cap is not None
    assert run.base is not None
    out = np.zeros((p.days, len(p.pools), len(p.providers)), dtype=np.int64)
    for g, group in enumerate(p.groups):
        cap = run.cap[:, 0, g]
        steady = cap if p.byoip else np.minimum(cap, np.maximum(np.floor(run.base[:, 0, g] + 1e-9), p.floor[0, g]))
        out[:, group.pool] += steady.astype(np.int64)
    return out


def _note(bench: Bench, messages: int, carried: int, spread: PeakSpread | None) -> str:
    """How to make it fit, or why it will not."""
    parts = []
    if spread is not None:
        days = [bench.supply.dates[n] for n in spread.days]
        each = listing(f"{count:,} messages of {name}" for name, count in spread.messages)
        parts.append(f"It fits if it is declared for {long_day(days[0])} to {long_day(days[-1])} with {each} a day")
    elif messages > TIMES_BASE * max(carried, 1):
        parts.append(
            f"It is more than {TIMES_BASE} times what the IPs are warm for; Optimizely sends such mail elsewhere"
        )
    return " ".join(sentence(part) for part in parts)
