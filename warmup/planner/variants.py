"""Levers: one thing changed at a time, and what it would do (design 4.11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.bench import (
    Bench,
    Outcome,
    first_start,
    make_bench,
    shifted,
    with_ips,
    with_spread,
)
from warmup.planner.completion import ALL
from warmup.planner.futures import promise
from warmup.planner.peaks import refused
from warmup.planner.plan import Lever
from warmup.planner.pool_size import INVERSION, most_ips, pool_volume, shared_advice
from warmup.planner.problem import NEVER, Limit
from warmup.planner.spreading import MOST_SPREAD, slow_streams, spread_trial
from warmup.planner.wording import counted, listing, sentence
from warmup.ramps import policies

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from warmup.planner.plan import Uncertainty
    from warmup.planner.planning import Headline
    from warmup.planner.spreading import Trial
    from warmup.scenario import Scenario
    from warmup.traffic.supply import Supply

MOST_PROMISES = 5
"""Levers of which it is worked out what could be promised, the most helpful first."""

CSA_GROUP = "united_internet"
"""Whose ceiling a certification by the Certified Senders Alliance lifts."""


@dataclass(frozen=True)
class Idea:
    """One thing changed.

    Attributes:
        id, text: As of the lever.
        scenario, pace: The migration with the change.
        warning: What it costs, as a sentence.
        struck: It must not be done.
        telling: Shown even if it changes nothing: that it does not help is an answer too.
    """

    id: str
    text: str
    scenario: Scenario
    pace: float
    warning: str = ""
    struck: bool = False
    telling: bool = True


def levers(scenario: Scenario, supply: Supply | None = None, *, today: date | None = None) -> tuple[Lever, ...]:
    """One thing changed at a time, and what it does to both dates and to the mail left on legacy.

    Args:
        scenario: The migration.
        supply: As for :func:`warmup.plan`.
        today: Likewise.
    """
    from warmup.planner.futures import uncertainty
    from warmup.planner.planning import headline, pace_of

    bench = make_bench(scenario, supply, today=today)
    pace, _ = pace_of(bench)
    head = headline(bench, pace)
    chances = uncertainty(bench, pace)
    return levers_on(bench, pace, head, spread_trial(bench, head, chances), chances)


def levers_on(
    bench: Bench, pace: float, head: Headline, trial: Trial, chances: Uncertainty | None
) -> tuple[Lever, ...]:
    """The levers of a plan; all of them, with the plan itself, are one batch where their axes agree.

    Args:
        bench: The customer's data.
        pace: As planned.
        head: The plan proper.
        trial: What spreading does.
        chances: What can be promised of it; None: its weeks cannot be resampled.
    """
    ideas = list(_ideas(bench, pace, head, trial))
    base = Idea("plan", "", bench.scenario, pace)
    problems = [bench.problem(idea.scenario, pace=idea.pace)[0] for idea in [base, *ideas]]
    done = int(head.days.whole[0, ALL])
    until = done if done < NEVER else bench.supply.days
    now, *found = bench.outcomes(problems, until=until)
    kept = [(idea, then) for idea, then in zip(ideas, found, strict=True) if idea.telling or then != now]
    promises = _promises(bench, kept, now, chances)
    return tuple(_lever(bench, idea, now, then, promises.get(idea.id)) for idea, then in kept)


def _promises(
    bench: Bench, kept: Sequence[tuple[Idea, Outcome]], now: Outcome, chances: Uncertainty | None
) -> dict[str, date]:
    """What could be promised with the levers that help most, where the plan's own promise fails or is too late."""
    if chances is None:
        return {}
    deadline, safe = bench.scenario.deadline, chances.commit_all
    if safe is not None and (deadline is None or safe <= deadline):
        return {}
    helps = [(idea, then) for idea, then in kept if then.all < now.all and not idea.struck]
    helps.sort(key=lambda pair: (len(pair[1].without), bool(pair[0].warning), pair[1].all))
    found: dict[str, date] = {}
    for idea, _ in helps[:MOST_PROMISES]:
        chance = promise(bench, idea.scenario, idea.pace)
        day = bench.date_of(chance.day) if chance else None
        if day is not None:
            found[idea.id] = day
    return found


def _lever(bench: Bench, idea: Idea, now: Outcome, then: Outcome, safe: date | None) -> Lever:
    warnings = [idea.warning]
    if not idea.struck and idea.id.startswith("ips.plus") and then.all > now.all:
        warnings.append(f"Finishes later. {INVERSION}")
    if idea.id.startswith("ips.minus") and then.all < now.all:
        warnings.append(f"Finishes sooner. {INVERSION}")
    if then.without and then.without != now.without:
        warnings.append(f"Complete except {bench.names_of(then.without)}.")
    return Lever(
        id=idea.id,
        text=idea.text,
        engaged=bench.date_of(then.engaged),
        all=bench.date_of(then.all),
        engaged_delta=_delta(now.engaged, then.engaged),
        all_delta=_delta(now.all, then.all),
        legacy_messages=then.legacy,
        legacy_delta=then.legacy - now.legacy,
        warning=" ".join(filter(None, warnings)),
        struck=idea.struck,
        promise=safe,
        except_providers=then.without,
        unplaced=then.unplaced,
    )


def _delta(now: int, then: int) -> int | None:
    return None if now >= NEVER or then >= NEVER else then - now


def _ideas(bench: Bench, pace: float, head: Headline, trial: Trial) -> Iterator[Idea]:
    if not head.problem.byoip:  # a warm block has no ramp that could be changed
        yield from _policy_ideas(bench, pace)
        yield from _ip_ideas(bench, pace)
    yield from _start_ideas(bench, pace)
    yield from _ceiling_ideas(bench, pace, head)
    yield from _spread_ideas(bench, pace, trial)
    yield from _readiness_ideas(bench, pace)
    yield from _scope_ideas(bench, pace)


def _policy_ideas(bench: Bench, pace: float) -> Iterator[Idea]:
    scenario = bench.scenario
    if pace < 1:
        yield Idea("pace.1", "Full pace: one level of the ladder per sending day", scenario, 1.0)
    else:
        yield Idea("pace.half", "Half pace: each level takes twice as long", scenario, 0.5)
    now = bench.followed().name
    for name, policy in policies().items():
        if name == now:
            continue
        changed = scenario.model_copy(update={"policy": scenario.policy.model_copy(update={"ramp": name})})
        warning = ""
        if name == "standard" and bench.doubts:
            warning = sentence(f"Not advised, because {bench.doubts}")
        text = f"Policy {name} (policy.ramp = “{name}”): {policy.title}"
        yield Idea(f"policy.{name}", text, changed, pace, warning)


def _ip_ideas(bench: Bench, pace: float) -> Iterator[Idea]:
    for pool in bench.scenario.pools:
        volume = pool_volume(bench, pool)
        most, why, _ = most_ips(volume)
        advice = shared_advice(volume)
        more, fewer = pool.size + 1, pool.size - 1
        struck = more > max(most, 1)
        warning = why if struck else (advice.text if advice is not None and more > advice.ips else "")
        text = f"One more IP in {pool.name} ({pool.size} → {more})"
        yield Idea(
            f"ips.plus1.{pool.name}", text, with_ips(bench.scenario, pool.name, more), pace, sentence(warning), struck
        )
        if fewer:
            text = f"One IP fewer in {pool.name} ({pool.size} → {fewer})"
            yield Idea(f"ips.minus1.{pool.name}", text, with_ips(bench.scenario, pool.name, fewer), pace)


def _start_ideas(bench: Bench, pace: float) -> Iterator[Idea]:
    scenario = bench.scenario
    week = shifted(scenario, first_start(scenario) + timedelta(days=7))
    near = refused(scenario, first_start(week))
    warning = "Not advised, because it is within 8 weeks of a declared peak." if near else ""
    yield Idea("start.plus7", "Start a week later", week, pace, warning)


def _ceiling_ideas(bench: Bench, pace: float, head: Headline) -> Iterator[Idea]:
    """Without the ceilings that bind on some day. Starting ceilings must be kept: their lever says what they cost."""
    assert head.run.limit is not None
    policy = bench.scenario.policy
    binds = (head.run.limit[:, 0] == int(Limit.CEILING)).any(axis=(0, 1))
    for q in np.flatnonzero(binds[:-1]):
        provider = bench.supply.providers[q]
        name = bench.name_of(provider)
        permanent = bool((head.problem.ceiling_days[0, :, q] >= NEVER).any())
        own = provider in policy.ceilings
        if provider == CSA_GROUP and not own:
            changed = policy.model_copy(update={"csa_certified": True})
            text = f"Certify the IPs (Certified Senders Alliance), which lifts the ceiling at {name}"
            yield Idea("ceiling.csa", text, bench.scenario.model_copy(update={"policy": changed}), pace, telling=False)
        changed = policy.model_copy(update={"ceilings": {**policy.ceilings, provider: False}})
        warning = "" if own else f"{name} defers or blocks new IPs that send more."
        yield Idea(
            f"ceiling.none.{provider}",
            f"{'Lift' if own else 'Ignore'} the {'permanent' if permanent else 'starting'} ceiling at {name}",
            bench.scenario.model_copy(update={"policy": changed}),
            pace,
            warning,
            struck=not own,
            telling=permanent,
        )


def _spread_ideas(bench: Bench, pace: float, trial: Trial) -> Iterator[Idea]:
    """A little more spreading of one stream; for a plan that is late or never complete, the smallest that cures it."""
    streams = {stream.name: stream for stream in bench.scenario.streams}
    cure = trial.cure(ALL)
    if cure is not None:
        days = {name: max(cure.days, streams[name].spread_days) for name in cure.streams}
        text = f"Spread each send of {listing(cure.streams)} over {cure.days} days"
        key = f"spread.{cure.days}.{'+'.join(cure.streams)}"
        yield Idea(key, text, with_spread(bench.scenario, days), pace)
    for name in slow_streams(bench):
        days_now = streams[name].spread_days
        more = min(days_now + (1 if days_now < 3 else 2), MOST_SPREAD)
        same = cure is not None and cure.streams == (name,) and cure.days == more
        if streams[name].kind != "marketing" or more <= days_now or same:
            continue
        text = f"Spread each send of {name} over {counted(more, 'day')}"
        yield Idea(f"spread.{more}.{name}", text, with_spread(bench.scenario, {name: more}), pace, telling=cure is None)


def _readiness_ideas(bench: Bench, pace: float) -> Iterator[Idea]:
    """As if a pre-flight item that keeps a provider closed were done."""
    closed = bench.closed(bench.scenario)
    for item in bench.preflight(bench.scenario):
        holds = [name for name in item.providers if name in closed and bench.shares.get(name, 0) > 0]
        if not holds or item.state not in ("closed", "not done", "due"):
            continue
        done = {**bench.scenario.preflight, item.id: "done"}
        changed = bench.scenario.model_copy(update={"preflight": done})
        text = f"Open {bench.names_of(holds)} from the start (pre-flight item {item.id} done)"
        yield Idea(f"preflight.{item.id}", text, changed, pace)


def _scope_ideas(bench: Bench, pace: float) -> Iterator[Idea]:
    scenario = bench.scenario
    if any(stream.identity_changes for stream in scenario.streams):
        streams = [s.model_copy(update={"identity_new": s.identity_old}) for s in scenario.streams]
        text = "Keep the old From and d= domain until 30 days after completion"
        yield Idea("identity.keep", text, scenario.model_copy(update={"streams": streams}), pace)
    for stream in scenario.streams:
        if stream.split == "percent":
            streams = [s.model_copy(update={"split": "count"}) if s == stream else s for s in scenario.streams]
            text = f"Count {stream.name} out per mailbox provider, instead of one percentage for all"
            changed = scenario.model_copy(update={"streams": streams})
            yield Idea(f"split.count.{stream.name}", text, changed, pace, telling=False)
    if bench.supply.tiered and any(s.kind == "marketing" and s.include_never for s in scenario.streams):
        streams = [s.model_copy(update={"include_never": False}) for s in scenario.streams]
        text = "Leave out recipients without engagement for over 365 days"
        yield Idea("scope.sunset", text, scenario.model_copy(update={"streams": streams}), pace)
