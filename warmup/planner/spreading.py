"""What spreading does: the smallest ``spread_days`` that cures a slow cadence, and the days a peak would need.

Both are answered by planning it, not by a rule of thumb: every candidate is one variant of a batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.bench import with_spread
from warmup.planner.compile import PEAK_FREEZE_AFTER, PEAK_FREEZE_BEFORE
from warmup.planner.completion import ALL as ALL_SCOPE
from warmup.planner.completion import CARRIED_PER_MILLE, ENGAGED
from warmup.planner.engine import run
from warmup.planner.futures import promise
from warmup.planner.problem import NEVER, Ints, Problem, stack
from warmup.traffic.supply import largest_remainder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmup.planner.bench import Bench, Outcome
    from warmup.planner.plan import Uncertainty
    from warmup.planner.planning import Headline

MOST_SPREAD = 14
"""Days beyond which a send is no longer one send."""

SLOW_GAP = 7
"""Days between sends from which base traffic fades (design 4.2)."""

OFTEN = 1.5
"""Days between sends below which a stream is as good as daily: spreading it changes nothing."""


def slow_streams(bench: Bench) -> list[str]:
    """Streams that send more than a week apart, or else less than daily: those that spreading can help."""
    gaps = bench.supply.gap_days
    return _slower_than(gaps, bench, SLOW_GAP) or _slower_than(gaps, bench, OFTEN)


def _slower_than(gaps: dict[str, float], bench: Bench, days: float) -> list[str]:
    sends = bench.supply.messages[0].any(axis=(0, 2, 3))
    return [name for name, some in zip(bench.supply.streams, sends, strict=True) if some and gaps.get(name, 1) > days]


@dataclass(frozen=True)
class Spread:
    """The smallest spread with which a scope completes.

    Attributes:
        days: ``spread_days``. streams: Those it is set for (others keep theirs).
        done: Day index of completion. without: Providers that this day leaves out.
        in_time: Its finish can be promised by the deadline; without futures to promise from: it is in time.
    """

    days: int
    streams: tuple[str, ...]
    done: int
    without: tuple[str, ...] = ()
    in_time: bool = False


@dataclass(frozen=True)
class Trial:
    """What every spread from 2 days on comes to, for the streams that spreading can help.

    Attributes:
        streams: Those that are spread.
        outcomes: By ``spread_days``.
        kept: The smallest spread that keeps the deadline; None: none does, or there is no deadline.
    """

    streams: tuple[str, ...]
    outcomes: dict[int, Outcome]
    kept: int | None = None

    def cure(self, scope: int) -> Spread | None:
        """The smallest spread that keeps the deadline; else the smallest that completes a scope at all."""
        for days in (self.kept, *sorted(self.outcomes)):
            outcome = None if days is None else self.outcomes[days]
            if days is None or outcome is None:
                continue
            done = outcome.engaged if scope == ENGAGED else outcome.all
            if done < NEVER:
                return Spread(days, self.streams, done, outcome.without, days == self.kept)
        return None


def in_time(bench: Bench) -> int:
    """The day index by which a plan must be complete: the deadline's, else any."""
    deadline = bench.scenario.deadline
    return NEVER - 1 if deadline is None else (deadline - bench.supply.first).days


def spread_trial(bench: Bench, head: Headline, chances: Uncertainty | None) -> Trial:
    """Try every spread; nothing is tried for a plan that completes, in time and surely enough, without.

    Args:
        bench: The customer's data.
        head: The plan proper.
        chances: What can be promised of it; None: its weeks cannot be resampled.
    """
    names, deadline = slow_streams(bench), bench.scenario.deadline
    safe = chances is None or deadline is None or (chances.commit_all is not None and chances.commit_all <= deadline)
    if not names or (safe and (head.days.whole[0] <= in_time(bench)).all()):
        return Trial((), {})
    now = {stream.name: stream.spread_days for stream in bench.scenario.streams}
    choices = [n for n in range(2, MOST_SPREAD + 1) if any(n > now[name] for name in names)]
    spread = [with_spread(bench.scenario, {name: max(n, now[name]) for name in names}) for n in choices]
    found = bench.outcomes([bench.problem(one, pace=head.pace)[0] for one in spread], until=0)
    last, kept = in_time(bench), None
    for n, scenario, outcome in zip(choices, spread, found, strict=True):
        if deadline is None or outcome.all > last:
            continue
        chance = promise(bench, scenario, head.pace)
        if chance is None or chance.day <= last:
            kept = n
            break
    return Trial(tuple(names), dict(zip(choices, found, strict=True)), kept)


# -- peaks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PeakSpread:
    """Over which days a peak fits: their indices, and the messages of each stream on every one of them."""

    days: tuple[int, ...]
    messages: tuple[tuple[str, int], ...]


def peak_spread(head: Headline, streams: Sequence[str], day: int) -> PeakSpread | None:
    """The fewest days over which a peak, with all mail of its streams on those days, fits on the dedicated IPs.

    The mail of the days is shared out evenly, as if the peak were declared for all of them: nothing grows from a week
    before the first to three days after the last.

    Args:
        head: The plan.
        streams: Whose peak it is.
        day: Index of its day.

    Returns:
        None if no number of days up to 14 is enough, or the horizon ends first.
    """
    p = head.problem
    members = [s for s, stream in enumerate(p.streams) if stream.name in streams]
    open_days = np.flatnonzero(~p.silent & ~p.legacy_only)
    following = [int(n) for n in open_days if n >= day][:MOST_SPREAD]
    windows = [following[:n] for n in range(2, len(following) + 1)]
    if not windows or not members:
        return None
    mail = [_evened(p.supply[0], members, window) for window in windows]
    result = run(_with_supplies(_frozen_longer(p, day, following[-1]), mail), detail="totals")
    for row, window in enumerate(windows):
        carried = result.by_provider[row, window, :, ALL_SCOPE].sum(axis=1)
        wanted = result.supply_by_provider[row, window, :, ALL_SCOPE].sum(axis=1)
        if (carried * 1000 >= wanted * CARRIED_PER_MILLE).all():
            totals = mail[row][day].sum(axis=(1, 2))
            return PeakSpread(tuple(window), tuple((p.streams[s].name, int(totals[s])) for s in members))
    return None


def _evened(supply: Ints, members: Sequence[int], window: Sequence[int]) -> Ints:
    """(T, S, Q, K) with the streams' mail of some days shared out evenly over them, split like the first day's."""
    out: Ints = supply.copy()
    for s in members:
        each = -(-int(supply[window, s].sum()) // len(window))
        cells = supply[window[0], s]
        part = largest_remainder(cells.reshape(-1).astype(np.float64), np.asarray(each)).reshape(cells.shape)
        out[window, s] = part if cells.any() else 0
    return out


def _with_supplies(problem: Problem, supplies: Sequence[Ints]) -> Problem:
    return stack([replace(problem, supply=mail[None]) for mail in supplies])


def _frozen_longer(problem: Problem, first: int, last: int) -> Problem:
    """Without growth around the longest window; what happens after a shorter one does not matter to it."""
    freeze = problem.freeze.copy()
    freeze[max(0, first - PEAK_FREEZE_BEFORE) : last + PEAK_FREEZE_AFTER + 1] = True
    return replace(problem, freeze=freeze)
