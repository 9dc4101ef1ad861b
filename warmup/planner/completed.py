"""Completion in words: the day, or what stops it and what would cure it (design 4.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from warmup.planner.ceilings import ceilings
from warmup.planner.clocks import MEMORY_FULL_DAYS, memory
from warmup.planner.completion import ALL, ENGAGED, WINDOW_DAYS
from warmup.planner.plan import LIMITS, Completion
from warmup.planner.problem import NEVER, Bools, Ints, Limit
from warmup.planner.small import SMALL
from warmup.planner.spreading import MOST_SPREAD, slow_streams
from warmup.planner.wording import counted, listing, long_day, percent, sentence, short_day, ways_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from warmup.planner.bench import Bench
    from warmup.planner.plan import Lever
    from warmup.planner.planning import Headline
    from warmup.planner.spreading import Trial

LAST_DAYS = 28
"""Days at the end of the horizon in which the limit that stops a plan is looked for."""

LONGEST = 730
"""Largest ``policy.horizon_days``."""

MOST_CURES = 3


def completions(bench: Bench, head: Headline, levers: Sequence[Lever], trial: Trial) -> tuple[Completion, Completion]:
    """Completion of tiers ≤ 90 days, and of all in scope.

    Args:
        bench: The customer's data.
        head: The plan proper.
        levers: What one change does; those that complete are cures.
        trial: What spreading does.
    """
    tried = Tried(levers, trial, *_longer(bench, head))
    return _completion(bench, head, ENGAGED, tried), _completion(bench, head, ALL, tried)


class Tried(NamedTuple):
    """What was tried to cure a plan.

    Attributes:
        levers, trial: Levers, and spreading.
        longer: Day of completion per scope if the plan may go on; without: providers that it leaves out.
    """

    levers: Sequence[Lever]
    trial: Trial
    longer: tuple[date | None, date | None]
    without: tuple[str, ...]


def _completion(bench: Bench, head: Headline, scope: int, tried: Tried) -> Completion:
    days = head.days
    day = bench.date_of(int(days.whole[0, scope]))
    providers = head.problem.providers
    per_pool = {name: bench.date_of(int(days.by_pool[0, i, scope])) for i, name in enumerate(head.problem.pools)}
    skipped = tuple(providers[q] for q in np.flatnonzero(days.without[0, :, scope])) if day else ()
    limit = reason = cure = ""
    if day is None:
        code = _stopping(bench, head, scope, tried)
        limit, reason = LIMITS[code], _why(bench, head, scope, code)
        cure = ways_out(list(_cures(bench, head, scope, code, tried))[:MOST_CURES])
    elif skipped:
        reason, cure = _except(bench, head, skipped, tried.levers)
    return Completion(
        "engaged" if scope == ENGAGED else "all",
        day,
        skipped,
        limit,
        reason,
        cure,
        _per_provider(bench, head, scope),
        per_pool,
    )


def _per_provider(bench: Bench, head: Headline, scope: int) -> dict[str, date | None]:
    """The day of every provider with mail, and of the clock that small ones share.

    A provider with such a share waits for it as well: its mail on that clock cannot be told from that of the others.
    """
    providers = head.problem.providers
    mail = head.problem.supply[0].sum(axis=(0, 1, 3))
    found = {providers[q]: int(head.days.by_provider[0, q, scope]) for q in range(len(providers)) if mail[q]}
    if SMALL in found:
        members = np.flatnonzero(head.shape.small.any(axis=0))
        found |= {providers[q]: max(found.get(providers[q], 0), found[SMALL]) for q in members}
    return {name: bench.date_of(found[name]) for name in providers if name in found}


# -- complete but for some providers ------------------------------------------------------------------------------


def _except(bench: Bench, head: Headline, skipped: Sequence[str], levers: Sequence[Lever]) -> tuple[str, str]:
    """Why some providers will never be complete, and what would change that."""
    closed = [name for name in skipped if name in _names(head, _shut(head))]
    capped = [name for name in skipped if name not in closed]
    parts = []
    if capped:
        rates = [
            f"{c.per_ip:,.0f} messages a day per IP"
            for c in ceilings(bench.scenario, bench.supply)
            if c.provider in capped
        ]
        limit = f"a permanent ceiling of {listing(rates)} keeps" if len(capped) == 1 else "permanent ceilings keep"
        parts.append(f"{bench.names_of(capped)}, which {limit} below {_supply_of(head, capped)}")
    if closed:
        parts.append(_stays_closed(bench, closed))
    cures = [f"{lever.text[:1].lower()}{lever.text[1:]}" for lever in levers if _opens(lever, skipped)]
    cures.append(f"leave what does not fit at {bench.names_of(skipped)} on legacy or the overflow for good")
    return sentence(f"complete except {'; and except '.join(parts)}"), ways_out(cures)


def _stays_closed(bench: Bench, closed: Sequence[str]) -> str:
    """Which providers the plan never opens: for want of a pre-flight item, or because it ends before."""
    opens = {name: bench.closed(bench.scenario).get(name) for name in closed}
    later = sorted({day for day in opens.values() if day is not None})
    if later and None not in opens.values():
        verb = "opens" if len(closed) == 1 else "open"
        return f"{bench.names_of(closed)}, which {verb} only on {listing(map(long_day, later))}, after the plan ends"
    stays = (
        "stays closed because a pre-flight item is" if len(closed) == 1 else "stay closed because pre-flight items are"
    )
    return f"{bench.names_of(closed)}, which {stays} not done"


def _opens(lever: Lever, skipped: Sequence[str]) -> bool:
    lifts = lever.id in {f"ceiling.none.{name}" for name in skipped} or lever.id.startswith("preflight.")
    return lifts and lever.all is not None and not lever.struck


def _supply_of(head: Headline, providers: Sequence[str]) -> str:
    """The largest regular in-scope day of some providers, in words."""
    q = [head.problem.providers.index(name) for name in providers]
    regular = head.run.supply_by_provider[0, ~head.problem.peak][:, q, ALL]
    most = [counted(int(day), "message") for day in regular.max(axis=0)]
    return f"its {most[0]} a day" if len(most) == 1 else f"their {listing(most)} a day"


# -- not complete -------------------------------------------------------------------------------------------------


def _stopping(bench: Bench, head: Headline, scope: int, tried: Tried) -> Limit:
    """What stops it: the limit of most of the in-scope mail that is not on dedicated IPs in the last weeks.

    A provider that stays closed to the end says nothing about the others: it counts only where it is alone. A ramp that
    is held or stepped through from send to send, but whose gains fade between two sends so that it never arrives, is
    stopped by memory, whichever limit its last sends met.
    """
    run, p = head.run, head.problem
    assert run.parts is not None
    assert run.reason is not None
    rest = run.parts[:, 0, -LAST_DAYS:, :, :, 0].sum(axis=0)  # (T, S, K, Q)
    if scope == ENGAGED:
        late = np.array([[stream.marketing and not bool(e) for e in p.engaged] for stream in p.streams])
        rest = np.where(late[None, :, :, None], 0, rest)
    late_ones = _late(head, scope)
    if (late_ones & ~_shut(head)).any():
        rest = np.where(_shut(head), 0, rest)
    reason = run.reason[-LAST_DAYS:, :, :, 0]
    volume = np.bincount(reason.ravel(), weights=rest.ravel(), minlength=len(LIMITS))
    if not volume.any():
        return Limit.SUPPLY
    code = Limit(int(volume.argmax()))
    held_up = code in (Limit.HOLD, Limit.RAMP) and tried.longer[scope] is None
    return Limit.MEMORY if held_up and _fades(bench, rest.sum(axis=(0, 2, 3))) else code


def _late(head: Headline, scope: int) -> Bools:
    """Providers that decide and are not complete, (Q,)."""
    late: Bools = head.days.decides[0] & (head.days.by_provider[0, :, scope] >= NEVER)
    return late


def _shut(head: Headline) -> Bools:
    """Providers that a pre-flight item keeps closed to the end, (Q,)."""
    shut: Bools = head.problem.closed_until[0] >= head.problem.days
    return shut


def _fades(bench: Bench, rest: Ints) -> bool:
    """Whether most of what is left over belongs to streams whose gains fade between two sends."""
    spread = {stream.name: stream.spread_days for stream in bench.scenario.streams}
    idle = [bench.supply.gap_days.get(name, 1.0) - spread[name] + 1 for name in bench.supply.streams]
    slow = np.array(idle) > MEMORY_FULL_DAYS
    return bool(rest[slow].sum() * 2 > rest.sum())


def _why(bench: Bench, head: Headline, scope: int, code: Limit) -> str:
    """What stops completion, in a sentence; a provider that stays closed is named for itself."""
    if not head.problem.ips.sum():
        return "There is no dedicated IP in this plan."
    late, shut = _late(head, scope), _shut(head)
    names = _names(head, late & ~shut)
    closed = _names(head, late & shut) if names else []
    some = 0 < len(names) < int((head.days.decides[0] & ~shut).sum())
    where = f" at {bench.names_of(names)}" if some else ""
    text = f"not complete by {short_day(bench.last_completion)}{where}: {_cause(bench, head, code)}"
    return sentence(f"{text}; and {_is_closed(bench, closed)}" if closed else text)


def _names(head: Headline, which: Bools) -> list[str]:
    return [name for name, yes in zip(head.problem.providers, which, strict=True) if yes]


def _is_closed(bench: Bench, names: Sequence[str]) -> str:
    verb = "is" if len(names) == 1 else "are"
    return f"{bench.names_of(names)} {verb} closed to the end of the plan by an open pre-flight item"


def _cause(bench: Bench, head: Headline, code: Limit) -> str:
    if code is Limit.MEMORY:
        return _fading(bench)
    if code is Limit.CAPACITY:
        return _too_small(head)
    if code is Limit.CEILING:
        return _below_ceiling(bench, head)
    if code is Limit.READINESS:
        closed = _names(head, _shut(head) & head.days.decides[0])
        return _is_closed(bench, closed) if closed else "a pool or its IPs start too late, or a provider opens too late"
    return _CAUSES.get(code, LIMITS[code])


def _fading(bench: Bench) -> str:
    """How much of a send's merit is left when the next one comes."""
    gaps = bench.supply.gap_days
    names = slow_streams(bench)
    gap = max((gaps.get(name, 1.0) for name in names), default=float(MEMORY_FULL_DAYS))
    left = float(memory(np.array(gap)))
    sent = f"{listing(names)} {'is' if len(names) == 1 else 'are'} sent every {gap:g} days"
    return f"{sent}, and what one send has earned fades to {percent(round(left, 2))} before the next"


def _too_small(head: Headline) -> str:
    """Which pool's IPs carry less than its largest day."""
    p = head.problem
    for i, name in enumerate(p.pools):
        capacity = int(sum(p.capacity[0, g] for g, group in enumerate(p.groups) if group.pool == i))
        largest = int(head.run.supply_by_pool[0, ~p.peak][:, i, ALL].max(initial=0))
        if largest > capacity:
            return f"the IPs of pool {name} carry {capacity:,} messages a day, and its largest day has {largest:,}"
    return "the IPs carry no more on one day"


def _below_ceiling(bench: Bench, head: Headline) -> str:
    """Which providers a ceiling still binds at the end."""
    assert head.run.limit is not None
    binds = (head.run.limit[-LAST_DAYS:, 0] == int(Limit.CEILING)).any(axis=(0, 1))
    names = [name for name, bound in zip(head.problem.providers, binds, strict=True) if bound]
    who = f"{bench.names_of(names)} below {'its' if len(names) == 1 else 'their'} supply" if names else "mail back"
    return f"a ceiling keeps {who}"


_CAUSES = {
    Limit.LEGACY_ONLY: "on too many days everything goes to legacy (calendar.legacy_only)",
    Limit.FREEZE: "growth is frozen on too many days (calendar.freeze, or the days around declared peaks)",
    Limit.IDENTITY: "the new sending domain has to earn its own reputation, however many IPs there are",
    Limit.TIER: "less engaged recipients, or critical mail, still wait for their turn to join",
    Limit.HOLD: "levels of the ramp are still being held, because too few sending days have passed on them",
    Limit.RAMP: "the ramp needs more sending days than the plan has",
    Limit.SUPPLY: f"the plan is too short to see {WINDOW_DAYS} days, with two sends of every stream, carried in full",
}


def _cures(bench: Bench, head: Headline, scope: int, code: Limit, tried: Tried) -> Iterator[str]:
    """What would cure it, each tried by planning it; the surest first."""
    if not head.problem.ips.sum():
        yield "give a pool at least one IP"
        return
    done = [(lever, lever.engaged if scope == ENGAGED else lever.all) for lever in tried.levers if not lever.struck]
    good = [(lever, day) for lever, day in done if day and not lever.id.startswith(("spread.", "start."))]
    good.sort(key=lambda pair: (not pair[0].id.startswith("preflight."), bool(pair[0].warning), pair[1]))
    opening = [_pulled(bench, lever, day) for lever, day in good if lever.id.startswith("preflight.")]
    yield from opening
    spread = tried.trial.cure(scope)
    if spread is not None:
        does = "keeps the deadline" if spread.in_time else "completes"
        on = f"{long_day(bench.supply.dates[spread.done])}{_but(bench, spread.without)}"
        yield (
            f"spread each send of {listing(spread.streams)} over {spread.days} days (spread_days = {spread.days}), the "
            f"smallest spread that {does}: complete on {on}"
        )
    longer = tried.longer[scope]
    if longer is not None:
        on = f"{long_day(longer)}{_but(bench, tried.without)}"
        yield f"plan further ahead (policy.horizon_days = {_horizon(bench, longer)}): expected complete on {on}"
    yield from (_pulled(bench, lever, day) for lever, day in good[len(opening) :])
    if code is Limit.MEMORY and spread is None:
        yield f"send more often, or stay on the shared pool: not even spread_days = {MOST_SPREAD} is enough"
    elif code in _LAST_RESORTS and not opening:
        yield _LAST_RESORTS[code]
    if spread is None and longer is None and not good:
        yield from _most_help(tried.levers)


def _most_help(levers: Sequence[Lever]) -> Iterator[str]:
    """Where no single change completes: what takes most mail off legacy."""
    helps = [lever for lever in levers if lever.legacy_delta < 0 and not lever.struck]
    best = sorted(helps, key=lambda lever: lever.legacy_delta)[:2]
    if best:
        texts = [f"{lever.text[:1].lower()}{lever.text[1:]}" for lever in best]
        yield f"combine several changes, as no single one completes it; what helps most: {'; '.join(texts)}"
    else:
        yield "combine several changes: no single one completes it"


def _pulled(bench: Bench, lever: Lever, day: date) -> str:
    advised = ", but not advised" if lever.warning.startswith("Not advised") else ""
    done = f"{long_day(day)}{_but(bench, lever.except_providers)}"
    return f"{lever.text[:1].lower()}{lever.text[1:]}: complete on {done}{advised}"


def _but(bench: Bench, providers: Sequence[str]) -> str:
    return f" (all but {bench.names_of(providers)})" if providers else ""


_LAST_RESORTS = {
    Limit.READINESS: "do the open pre-flight items, or set the date on which they will be done",
    Limit.FREEZE: "plan fewer freeze days, or a start further from the peak",
    Limit.CAPACITY: "take more IPs",
    Limit.LEGACY_ONLY: "plan fewer legacy-only days",
    Limit.IDENTITY: "keep the old From and d= domain until 30 days after completion",
}


def _longer(bench: Bench, head: Headline) -> tuple[tuple[date | None, date | None], tuple[str, ...]]:
    """When the same plan completes (engaged, all) if it may go on to the longest horizon; None: not even then.

    Returns:
        The days, and the providers that the second leaves out.
    """
    late = (head.days.whole[0] >= NEVER).any()
    if not late or bench.forecast is None or bench.scenario.policy.horizon_days >= LONGEST:
        return (None, None), ()
    far = bench.further(LONGEST + WINDOW_DAYS)
    problem, _ = far.problem(far.scenario, pace=head.pace)
    days = far.solve(problem)[1]
    whole, out = days.whole[0], days.without[0, :, ALL]
    without = tuple(name for name, left in zip(problem.providers, out, strict=True) if left)
    return (far.date_of(int(whole[ENGAGED])), far.date_of(int(whole[ALL]))), without


def _horizon(bench: Bench, done: date) -> int:
    """A horizon with which a day is found to be the day of completion.

    Two sends of every stream must follow it, and what is spread must have its days.
    """
    needed = (done - bench.supply.first).days + days_to_see(bench) - WINDOW_DAYS
    return min(LONGEST, -(-needed // 10) * 10)


def days_to_see(bench: Bench) -> int:
    """Days of supply, from a day on, with which it can be seen that everything was complete on it."""
    gaps = [(bench.supply.gap_days.get(stream.name, 1.0), stream.spread_days) for stream in bench.scenario.streams]
    seen = max(max(WINDOW_DAYS, 2 * gap) + (spread - 1) * gap for gap, spread in gaps)
    return 1 + int(np.ceil(seen))
