"""From history to supply: what will be sent on each day, and other ways it could turn out.

The forecast invents no trend: rhythm and level of the last 13 weeks (of the last four, where the level has moved) go
on, changed only by the calendar of the customer (silent days, holidays, declared peaks). Whole numbers are made once,
per day and stream, so that no later step can lose a message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from warmup.errors import InputError, Problem
from warmup.traffic.audience import Audience, load_audience
from warmup.traffic.customer_days import CustomerDays, customer_days
from warmup.traffic.history import MIN_DAYS, History, load_history
from warmup.traffic.past import Past, look_back
from warmup.traffic.past_notes import age_notes, past_notes
from warmup.traffic.resample import Draws, draw, prepare
from warmup.traffic.supply import Supply, largest_remainder
from warmup.traffic.tiers import TierShares, tier_shares
from warmup.traffic.wording import counted, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from warmup.scenario import Scenario

LEGACY_DAYS = 30
"""Days before the start whose volume keeps legacy warm (design 4.2: memory ends at 30)."""

AFTER_HORIZON = 14
"""Days beyond the horizon: "complete" looks at 14 days from its first (design 4.8)."""


@dataclass(frozen=True, eq=False)
class Forecast:
    """What will be sent.

    Attributes:
        supply: The expected future (B = 1).
        history: What it rests on.
    """

    supply: Supply
    history: History
    _draws: Draws

    def resample(self, n: int, seed: int = 0) -> Supply | None:
        """Other futures: whole past weeks drawn with replacement, all streams of a week together.

        What is unknown in a week is filled from the stream itself, see :mod:`warmup.traffic.weeks`.

        Weekdays keep their place. Streams that send every N days keep their days and draw the size of a past send. The
        calendar is applied as in the expected future.

        Args:
            n: Number of futures.
            seed: Equal seeds give equal futures.

        Returns:
            A supply with B = n, or None below 8 past weeks of which at least half is known.
        """
        return draw(self._draws, self.supply, n, seed)


def forecast(
    scenario: Scenario,
    history: History | None = None,
    *,
    today: date | None = None,
    first: date | None = None,
    days: int | None = None,
) -> Forecast:
    """Say what will be sent on each day, stream by stream, provider by provider, tier by tier.

    Args:
        scenario: Streams, calendar, audience, policy.
        history: Default: read from the files the scenario names.
        today: Default: today in the scenario's time zone. A day that is not over is not used.
        first: First day; default: the earliest first sending day of any pool or IP.
        days: Number of days; default: the policy's horizon and 14 more.

    Raises:
        InputError: A start of the scenario is past, the files are wrong (all problems of all of them), or too little
            history lies before ``first``.
        ValueError: ``days`` is below 1.
    """
    if days is not None and days < 1:
        raise ValueError(f"days must be at least 1, got {days}")
    today = today or datetime.now(scenario.zone).date()
    history, audience = _read(scenario, history, today)
    first = first or first_day(scenario)
    days = scenario.policy.horizon_days + AFTER_HORIZON if days is None else days
    axis = [first + timedelta(n) for n in range(days)]
    _check_enough(history, first, today)
    past = look_back(history, min(first, today))
    shares = tier_shares(scenario, history, audience, past.providers)
    effects = customer_days(scenario, axis)
    draws = prepare(past, axis, effects, shares.shares)
    notes = (*history.notes, *past_notes(past), *age_notes(past, first, history.last), *shares.notes)
    supply = Supply(
        first=first,
        streams=past.streams,
        providers=past.providers,
        tiers=shares.tiers,
        messages=_expected(past, axis, effects, shares)[None],
        peak_days=effects.peak_days,
        history_first=past.first,
        history_last=past.last,
        history_weeks=draws.weeks,
        legacy_daily=_legacy(scenario, past, first),
        cadence={name: one.rhythm.sentence for name, one in zip(past.streams, past.of, strict=True)},
        gap_days={name: one.rhythm.gap_days for name, one in zip(past.streams, past.of, strict=True)},
        send_weekdays={name: one.rhythm.weekdays for name, one in zip(past.streams, past.of, strict=True)},
        domains={name: count for name, count in history.domains.items() if name in past.providers},
        recipients=audience.recipients() if audience is not None else {},
        unclassified_share=history.unclassified_share,
        mx=history.mx,
        notes=tuple(dict.fromkeys(notes)),
    )
    return Forecast(supply, history, draws)


def first_day(scenario: Scenario) -> date:
    """The earliest first sending day of any pool or IP."""
    starts = [scenario.start_of(pool) for pool in scenario.pools]
    starts += [ip.start for pool in scenario.pools for ip in pool.ips if ip.start is not None]
    return min(starts)


def _read(scenario: Scenario, history: History | None, today: date) -> tuple[History, Audience | None]:
    """History and audience; everything that is wrong with either, and with the starts, at once."""
    problems = list(past_starts(scenario, today))
    audience: Audience | None = None
    try:
        history = history or load_history(scenario, today=today)
    except InputError as error:
        problems += error.problems
    try:
        audience = load_audience(scenario)
    except InputError as error:
        problems += error.problems
    if problems or history is None:
        raise InputError(dict.fromkeys(problems))
    return history, audience


def past_starts(scenario: Scenario, today: date) -> Iterator[Problem]:
    """Starts of the scenario that are past: new IPs are planned from their first send on, and that is still to come.

    A migration that is running is no case for a new plan (design: tracking replans it from what was really sent).

    Args:
        scenario: Its own start counts only where a pool has none.
        today: A start on this day is not past.
    """
    starts = {("start", scenario.start) for pool in scenario.pools if pool.start is None}
    starts |= {(f"pools.{pool.name}.start", pool.start) for pool in scenario.pools if pool.start is not None}
    starts |= {
        (f"pools.{pool.name}.ips.{ip.address}.start", ip.start)
        for pool in scenario.pools
        for ip in pool.ips
        if ip.start is not None
    }
    for key, day in sorted(starts, key=lambda pair: (pair[1], pair[0])):
        if day < today:
            fix = f"write a day from {today} on, e.g. {key.rpartition('.')[2]} = {_tuesday(today)} (or say --today)"
            yield Problem(f"scenario: {key}", f"{day} is past, today is {today}", fix)


def _tuesday(day: date) -> date:
    """The first Tuesday at least a month on: pre-flight takes that long, and problems show while people are at work."""
    later = day + timedelta(LEGACY_DAYS)
    return later + timedelta((1 - later.weekday()) % 7)


def _check_enough(history: History, first: date, today: date) -> None:
    """Two weeks of every stream must lie before the start (and before today, which is not over)."""
    before = min(first, today)
    short: dict[str, list[str]] = {}
    for stream, (start, end) in history.coverage.items():
        days = max(0, (min(end, before - timedelta(1)) - start).days + 1)
        if days < MIN_DAYS:
            what = f"covers {counted(days, 'day')} before {before} (it runs from {start} to {end})"
            short.setdefault(what, []).append(f"“{stream}”")
    fix = f"at least {MIN_DAYS} are needed; 8 weeks or more give a range too"
    if short:
        raise InputError([Problem(f"history of {some(streams)}", what, fix) for what, streams in short.items()])


def _expected(past: Past, axis: list[date], effects: CustomerDays, shares: TierShares) -> NDArray[np.int64]:
    """(T, S, P, K): the expected future, rounded once per day and stream."""
    totals = effects.apply(past.expected(axis), past.usual)
    values = totals[:, :, None, None] * past.shares[..., None] * shares.shares
    return largest_remainder(values.reshape(*values.shape[:2], -1)).reshape(values.shape)


def _legacy(scenario: Scenario, past: Past, first: date) -> NDArray[np.float64]:
    """(H, P): the last days before the start; days that the history does not know, as the rhythm expects them."""
    count = min(LEGACY_DAYS, (first - past.first).days)
    axis = [first - timedelta(n) for n in range(count, 0, -1)]
    totals = customer_days(scenario, axis).apply(past.expected(axis), past.usual)
    volumes = totals[:, :, None] * past.shares
    for n, day in enumerate(axis):
        index = (day - past.first).days
        if index < len(past.volumes):
            known = past.volumes[index]
            volumes[n] = np.where(np.isnan(known), volumes[n], known)
    return np.asarray(volumes.sum(axis=1))
