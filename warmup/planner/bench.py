"""The workbench: one customer's data, read once, on which the plan and all its variants are computed as batches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from warmup.errors import InputError
from warmup.planner.compile import Settings, Shape, compile_problem, shape_of
from warmup.planner.completion import ALL, ENGAGED, WINDOW_DAYS, Days, days_for_good
from warmup.planner.engine import Run, run
from warmup.planner.preflight import closed_until, preflight_items
from warmup.planner.problem import NEVER, Problem, stack
from warmup.planner.small import SMALL
from warmup.planner.wording import listing, sentence
from warmup.ramps import Choice, choose_policy, named, policies, ramp
from warmup.scenario import Legacy, Scenario, expand_days
from warmup.traffic.supply import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from warmup.planner.plan import PreflightItem
    from warmup.ramps import Ladder, Ramp
    from warmup.traffic.forecast import Forecast
    from warmup.traffic.supply import Supply

FUTURES = 200
"""Resampled futures of a plan: the 10th and 90th percentile then rest on 20 futures each."""

FEW_FUTURES, MORE_FUTURES = 40, 120
"""Futures of a variant, of which only a date to promise is asked: few, and more where they leave a doubt."""


@dataclass(frozen=True)
class Followed:
    """The ramp a plan follows, what it is called, and why it was taken."""

    ramp: Ramp
    name: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What a variant comes to, for one future: day indices (NEVER: not complete) and messages."""

    engaged: int
    all: int
    legacy: int
    """Messages on legacy until the day that the variant is compared on."""
    unplaced: int
    without: tuple[str, ...] = ()
    """Providers that ``all`` leaves out, because nothing in the variant will ever complete them."""


@dataclass(frozen=True, eq=False)
class Bench:
    """One scenario with its expected supply.

    Attributes:
        scenario: As written.
        supply: Expected future, B = 1.
        forecast: Where more futures come from; None when the caller gave a supply.
        today: Today.
    """

    scenario: Scenario
    supply: Supply
    forecast: Forecast | None
    today: date

    @cached_property
    def shares(self) -> dict[str, float]:
        """Share of the volume per mailbox provider."""
        volume = self.supply.messages[0].sum(axis=(0, 1, 3)).astype(float)
        total = volume.sum() or 1.0
        return {name: float(v / total) for name, v in zip(self.supply.providers, volume, strict=True)}

    @cached_property
    def futures(self) -> Supply | None:
        """Resampled futures, or None below 8 weeks of history."""
        return self.forecast.resample(FUTURES, seed=0) if self.forecast else None

    @cached_property
    def few_futures(self) -> Supply | None:
        """Fewer futures, for the promises of variants, or None below 8 weeks of history."""
        return self.forecast.resample(FEW_FUTURES, seed=3) if self.forecast else None

    @cached_property
    def more_futures(self) -> Supply | None:
        """More of them, where few leave a doubt."""
        return self.forecast.resample(MORE_FUTURES, seed=4) if self.forecast else None

    def followed(self, scenario: Scenario | None = None) -> Followed:
        """The ramp that a scenario follows, and why (design 4.10)."""
        scenario = scenario or self.scenario
        policy = scenario.policy
        if policy.ramp is not None:
            return Followed(named(policy.ramp), policy.ramp, "Named in the scenario (policy.ramp).")
        choice = self.choice
        return Followed(choice.policy.ramp(), choice.policy.name, sentence(choice.why))

    @cached_property
    def choice(self) -> Choice:
        """Which policy the list deserves: its engaged share of all marketing mail and its hard bounces.

        Mail to people who are out of scope counts too: who keeps a dead half on the list has no good list.
        """
        engaged: float | None = None
        if self.supply.tiered:
            kinds = {stream.name: stream.kind for stream in self.scenario.streams}
            marketing = [s for s, name in enumerate(self.supply.streams) if kinds[name] == "marketing"]
            mail = self.supply.messages[0][:, marketing].sum(axis=(0, 1, 2))
            engaged = float(mail[:3].sum() / mail.sum()) if mail.sum() else None
        if all(stream.kind != "marketing" for stream in self.scenario.streams):
            engaged = 1.0  # who gets a receipt has just bought something
        return choose_policy(engaged, self.scenario.policy.hard_bounce_rate)

    @cached_property
    def doubts(self) -> str:
        """Why the list does not deserve the standard policy; empty where it does."""
        return "" if self.choice.policy.name == "standard" else self.choice.why.partition("because ")[2]

    def name_of(self, provider: str) -> str:
        """The name of a mailbox provider, for people."""
        from warmup.providers import catalogue

        return "Small providers" if provider == SMALL else catalogue().group_name(provider)

    @property
    def legacy_name(self) -> str:
        """The platform that is left, within a sentence."""
        name = self.scenario.legacy.name
        return f"the {name}" if name == Legacy.model_fields["name"].default else name

    def names_of(self, providers: Iterable[str]) -> str:
        """Some mailbox providers in a sentence."""
        return listing(self.name_of(provider) for provider in providers)

    @cached_property
    def default_ladder(self) -> Ladder:
        """For providers about which a ramp says nothing: the standard policy's ladder."""
        ladder = policies()["standard"].ramp().ladder or ramp("sparkpost-2020").ladder
        assert ladder is not None  # the standard policy is a printed table (tested)
        return ladder

    def preflight(self, scenario: Scenario) -> tuple[PreflightItem, ...]:
        """Pre-flight items of a scenario."""
        return preflight_items(scenario, self.shares, first_start(scenario))

    def closed(self, scenario: Scenario) -> dict[str, date | None]:
        """Providers that readiness closes."""
        return closed_until(self.preflight(scenario))

    def shape(self, scenario: Scenario, closed: Mapping[str, date | None]) -> Shape:
        """What a scenario's expected supply fixes."""
        return shape_of(scenario, self.supply, closed)

    def problem(
        self, scenario: Scenario, *, pace: float, supply: Supply | None = None, release: int = NEVER
    ) -> tuple[Problem, Shape]:
        """The engine's arrays for a scenario, for its expected supply or other futures."""
        closed = self.closed(scenario)
        shape = self.shape(scenario, closed)
        settings = Settings(self.followed(scenario).ramp, pace, closed, self.default_ladder, release)
        return compile_problem(scenario, supply or self.supply, shape, settings), shape

    def solve(self, problem: Problem) -> tuple[Run, Days]:
        """Run a batch for its completion days only."""
        result = run(problem, detail="totals")
        return result, days_for_good(problem, result)

    def outcomes(self, problems: Sequence[Problem], *, until: int) -> list[Outcome]:
        """What variants come to; those with equal axes go through the engine as one batch.

        Args:
            problems: One future each.
            until: Day index up to which messages on legacy are counted.
        """
        out: list[Outcome | None] = [None] * len(problems)
        for members in _alike(problems):
            batch = stack([problems[i] for i in members])
            result, days = self.solve(batch)
            legacy = result.legacy[:, :until].sum(axis=1)
            unplaced = result.unplaced.sum(axis=1)
            for row, i in enumerate(members):
                whole = days.whole[row]
                left_out = tuple(batch.providers[q] for q in np.flatnonzero(days.without[row, :, ALL]))
                out[i] = Outcome(int(whole[ENGAGED]), int(whole[ALL]), int(legacy[row]), int(unplaced[row]), left_out)
        return [item for item in out if item is not None]

    def date_of(self, index: int) -> date | None:
        """The date of a day index, None for NEVER."""
        return None if index >= self.supply.days else self.supply.first + timedelta(int(index))

    def further(self, days: int, first: date | None = None) -> Bench:
        """The same customer with another time axis, forecast anew.

        Args:
            days: Its length.
            first: Its first day; default: as it is.

        Returns:
            The bench itself where there is no history to forecast from.
        """
        if self.forecast is None:
            return self
        from warmup.traffic.forecast import forecast

        prediction = forecast(
            self.scenario, self.forecast.history, today=self.today, first=first or self.supply.first, days=days
        )
        return Bench(self.scenario, prediction.supply, prediction, self.today)

    @property
    def last_completion(self) -> date:
        """The last day on which the plan can still be found complete: 14 days of it must lie within the horizon."""
        return self.supply.dates[max(0, self.supply.days - WINDOW_DAYS)]


def _alike(problems: Sequence[Problem]) -> list[list[int]]:
    """Indices of problems whose axes agree, so that they can share a batch."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for i, p in enumerate(problems):
        key = (
            p.first,
            p.days,
            p.pools,
            p.providers,
            p.tiers,
            p.streams,
            p.tiers_bind,
            p.byoip,
            p.identity_scale.shape[1],
            tuple((g.pool, g.name) for g in p.groups),
            p.freeze.tobytes(),
            p.silent.tobytes(),
            p.legacy_only.tobytes(),
        )
        groups.setdefault(key, []).append(i)
    return list(groups.values())


def first_start(scenario: Scenario) -> date:
    """First sending day of any IP of a scenario."""
    days = [scenario.start_of(pool) for pool in scenario.pools]
    days += [ip.start for pool in scenario.pools for ip in pool.ips if ip.start]
    return min(days)


def make_bench(scenario: Scenario, supply: Supply | None = None, *, today: date | None = None) -> Bench:
    """Read what a scenario needs.

    Args:
        scenario: The migration.
        supply: Instead of the forecast from the scenario's history.
        today: Default: today in the scenario's time zone.

    Raises:
        InputError: A start is past, or the history cannot be used.
    """
    today = today or datetime.now(scenario.zone).date()
    if supply is not None:
        from warmup.traffic.forecast import past_starts

        if past := list(past_starts(scenario, today)):
            raise InputError(past)
        return Bench(scenario, _given(scenario, supply), None, today)
    from warmup.traffic.forecast import forecast

    prediction = forecast(scenario, today=today, first=first_start(scenario))
    return Bench(scenario, prediction.supply, prediction, today)


def _given(scenario: Scenario, supply: Supply) -> Supply:
    """A supply from the caller: its expected future, without mail on days on which the customer sends nothing."""
    silent = expand_days(scenario.calendar.silent)
    sends = np.array([day not in silent for day in supply.dates], dtype=bool)
    messages = supply.messages[:1] * sends[None, :, None, None, None]
    lost = int(supply.messages[:1].sum() - messages.sum())
    notes = supply.notes
    if lost:
        notes = (*notes, Note("warning", f"{lost:,} messages on silent days are left out.", "calendar.silent"))
    return replace(supply, messages=messages, notes=notes)


def with_ips(scenario: Scenario, pool: str, count: int) -> Scenario:
    """The scenario with another number of IPs in a pool; added IPs start with the pool."""
    pools = []
    for item in scenario.pools:
        if item.name != pool:
            pools.append(item)
        elif item.ips and count < len(item.ips):
            pools.append(item.model_copy(update={"ips": item.ips[:count], "ip_count": count}))
        elif item.ips and any(ip.start for ip in item.ips):
            first = scenario.start_of(item)
            added = [item.ips[0].model_copy(update={"start": first})] * (count - len(item.ips))
            pools.append(item.model_copy(update={"ips": [*item.ips, *added], "ip_count": None}))
        else:
            pools.append(item.model_copy(update={"ips": [], "ip_count": count}))
    return scenario.model_copy(update={"pools": pools})


def shifted(scenario: Scenario, start: date) -> Scenario:
    """The scenario with its first sending day moved to ``start``, all pools and IPs along with it."""
    by = start - first_start(scenario)
    pools = [
        pool.model_copy(
            update={
                "start": pool.start + by if pool.start else None,
                "ips": [ip.model_copy(update={"start": ip.start + by}) if ip.start else ip for ip in pool.ips],
            }
        )
        for pool in scenario.pools
    ]
    return scenario.model_copy(update={"start": scenario.start + by, "pools": pools})


def with_spread(scenario: Scenario, days: Mapping[str, int]) -> Scenario:
    """The scenario with other ``spread_days`` for some streams."""
    streams = [s.model_copy(update={"spread_days": days[s.name]}) if s.name in days else s for s in scenario.streams]
    return scenario.model_copy(update={"streams": streams})


def percentile(days: np.ndarray, share: float) -> int:
    """The day index by which ``share`` of the futures are complete (NEVER sorts last)."""
    ordered = np.sort(days)
    return int(ordered[min(len(ordered) - 1, max(0, int(np.ceil(share * len(ordered))) - 1))])
