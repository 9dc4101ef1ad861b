"""What a rule looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from warmup.planner.bench import Bench, first_start
from warmup.planner.milestones import way_back_until
from warmup.planner.wording import counted, long_day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from warmup.planner.plan import Lever, Plan
    from warmup.planner.planning import Headline
    from warmup.scenario import Scenario

MOST_LEVERS = 2


class Case(NamedTuple):
    """One plan, with the data and the run it was made from."""

    bench: Bench
    head: Headline
    plan: Plan

    @property
    def scenario(self) -> Scenario:
        """What the TAM wrote."""
        return self.bench.scenario

    @property
    def start(self) -> date:
        """First sending day of any IP."""
        return first_start(self.scenario)

    @property
    def legacy(self) -> str:
        """The platform that is left, within a sentence."""
        return self.bench.legacy_name

    @property
    def way_back_until(self) -> date | None:
        """Until when legacy should stay warm as the way back; None: the plan is not complete."""
        chances = self.plan.uncertainty
        done = chances.commit_all if chances and self.plan.all.day else self.plan.all.day
        return None if done is None else way_back_until(self.scenario, done)

    def sooner(self, which: Callable[[Lever], bool] | None = None) -> list[str]:
        """What would bring completion forward: an earlier start that is still possible, and the best levers.

        Args:
            which: Only such levers, and no start.
        """
        out = []
        latest = self.plan.latest_start
        if which is None and latest and latest.day and latest.day < self.start:
            out.append(f"start by {long_day(latest.day)}")
        levers = [lever for lever in self.plan.levers if which is None or which(lever)]
        return out + [_sooner(lever) for lever in _best(levers)]


def _best(levers: Sequence[Lever]) -> list[Lever]:
    """Levers that help and may be pulled; those that nothing speaks against first."""
    good = [lever for lever in levers if lever.all_delta is not None and lever.all_delta < 0 and not lever.struck]
    return sorted(good, key=lambda lever: (bool(lever.warning), lever.all_delta))[:MOST_LEVERS]


def _sooner(lever: Lever) -> str:
    days = counted(-(lever.all_delta or 0), "day")
    return f"{lever.text[:1].lower()}{lever.text[1:]} ({days} sooner{', but not advised' if lever.warning else ''})"
