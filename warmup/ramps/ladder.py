"""A ladder: rising levels of messages a day, each with the sending days it is held.

This is all the planner knows of a published schedule. Where the numbers come from stands in
:class:`warmup.ramps.model.Ramp`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from warmup.errors import InputError, Problem


@dataclass(frozen=True)
class Ladder:
    """Levels and how long each is held; pure and hashable.

    A published table 50, 50, 50, 100 is ``levels=(50, 100), holds=(3, 1)``. The last level's hold is the days it is
    printed for: growth beyond the ladder waits for them.

    Attributes:
        levels: Messages per sending day, strictly rising, > 0. For ladders in percent: fractions of the final volume.
        holds: Sending days each level is held, >= 1; as many as levels.

    Raises:
        ValueError: The values are not a ladder (a fault of the caller; tables of people go through :meth:`from_days`).
    """

    levels: tuple[float, ...]
    holds: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.levels or len(self.levels) != len(self.holds):
            raise ValueError("a ladder needs at least one level, and one hold for each")
        if not all(math.isfinite(level) and level > 0 for level in self.levels):
            raise ValueError("levels must be finite and above 0")
        if any(after <= before for before, after in pairwise(self.levels)):
            raise ValueError("levels must rise strictly; a repeated level is a hold")
        if any(hold < 1 for hold in self.holds):
            raise ValueError("holds must be at least 1")

    @classmethod
    def from_days(cls, days: Sequence[float], where: str = "ladder") -> Ladder:
        """Build a ladder from one value per sending day; equal neighbours become a hold.

        Args:
            days: Messages (or fractions) of sending day 1, 2, …
            where: What a message about a bad table names.

        Raises:
            InputError: No days, a value that is not above 0, or a table that falls. A falling table is refused rather
                than mended: which of the two days is the misprint is for a person to say.
        """
        problems = list(_problems(days, where))
        if problems:
            raise InputError(problems)
        runs = [(float(level), len(list(run))) for level, run in groupby(days)]
        return cls(tuple(level for level, _ in runs), tuple(hold for _, hold in runs))

    def table(self, days: int | None = None) -> tuple[float, ...]:
        """One value per sending day, whole messages as integers.

        Args:
            days: Length; the last level goes on as long as needed. Default: every day that is printed.
        """
        values = [level for level, hold in zip(self.levels, self.holds, strict=True) for _ in range(hold)]
        if days is not None:
            values = (values + [self.levels[-1]] * (days - len(values)))[:days]
        return tuple(int(value) if value == int(value) else value for value in values)

    def held(self, times: int) -> Ladder:
        """The same levels, each held ``times`` as long.

        Raises:
            ValueError: ``times`` is less than 1.
        """
        if times < 1:
            raise ValueError("a level is held at least once")
        return Ladder(self.levels, tuple(hold * times for hold in self.holds))

    def scaled(self, factor: float) -> Ladder:
        """Every level times ``factor`` (> 0): from fractions of a volume to messages.

        Raises:
            ValueError: ``factor`` is not above 0 and finite.
        """
        return Ladder(tuple(level * factor for level in self.levels), self.holds)

    def day_reaching(self, level: float) -> int | None:
        """First sending day (1-based) with at least ``level``; None if the ladder ends below it."""
        day = 1
        for step, hold in zip(self.levels, self.holds, strict=True):
            if step >= level:
                return day
            day += hold
        return None


def fill_days(points: Iterable[tuple[int, float]], where: str = "ladder") -> tuple[float, ...]:
    """Turn printed days into one value for every day: a missing day holds the last printed level.

    Args:
        points: (day, value) in the order of the table; the first printed day becomes sending day 1.
        where: What a message about a bad table names.

    Raises:
        InputError: The table is empty or its days do not rise.
    """
    points = list(points)
    if not points:
        raise InputError(Problem(where, "has no days", "give at least one (day, messages) pair"))
    out: list[float] = []
    for (day, value), (following, _) in pairwise([*points, (points[-1][0] + 1, 0.0)]):
        if following <= day:
            what = f"day {following} stands after day {day}"
            raise InputError(Problem(where, what, "put the days in order, each once"))
        out.extend([value] * (following - day))
    return tuple(out)


def _problems(days: Sequence[float], where: str) -> Iterable[Problem]:
    if not days:
        yield Problem(where, "has no days", "give at least one value")
    for day, value in enumerate(days, 1):
        if not math.isfinite(value) or value <= 0:
            yield Problem(where, f"day {day} is {value!r}", "a level is a number above 0")
    for day, (before, after) in enumerate(pairwise(days), 2):
        if after < before:
            what = f"falls on day {day}, from {before:,g} to {after:,g}"
            yield Problem(where, what, "a ladder never falls; a step back is decided while sending, not planned")
