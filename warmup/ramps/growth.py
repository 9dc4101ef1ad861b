"""From this base traffic, how much next: a ladder as a function (design 4.3), vectorised.

A published table says "day 5: 5,000". What a receiver reacts to is not the day but what it accepted before, so the
table is
read as a function: find the position of the base traffic on the ladder, take the level one step (``pace`` steps)
further.
Between levels positions are log-linear, below the first level linear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from warmup.ramps import Ladder

Array = NDArray[np.float64]

LEAVE_AT = 0.9
"""Share of a level that counts as a sending day on it (SparkPost automated warm-up: 90 % of a stage delivered)."""

WEEKLY_GROWTH = 1.3
"""Growth in a week beyond the last published level (Adobe: keep increases below 30 % week over week)."""

_EXACT = 1e-9
"""Relative slack that undoes float noise: exp(log(500)) must be 500, not 500.0000000001, before it is rounded up."""


def whole(cap: Array) -> NDArray[np.int64]:
    """Round caps up to whole messages, blind to float noise."""
    return np.ceil(cap * (1 - _EXACT)).astype(np.int64)


class Growth:
    """One ladder, ready for arrays of base traffic in the ladder's own unit (messages a day)."""

    def __init__(self, ladder: Ladder) -> None:
        self.levels: Array = np.asarray(ladder.levels, dtype=np.float64)
        self.holds: NDArray[np.int64] = np.asarray(ladder.holds, dtype=np.int64)
        self._logs = np.log(self.levels)
        self._index = np.arange(1, len(self.levels) + 1, dtype=np.float64)
        # Where two levels lie closer than 90 %, sending the lower one has not reached the upper: half way up decides.
        halfway = np.sqrt(self.levels * np.concatenate([[0.0], self.levels[:-1]]))
        self._thresholds = np.maximum(self.levels * LEAVE_AT, halfway) * (1 - _EXACT)
        self.held = bool((self.holds > 1).any())
        # The next level at or above index i (0-based) that is held, as its value; infinite when there is none.
        barrier = np.where(self.holds > 1, self.levels, np.inf)
        self._barrier = np.append(np.minimum.accumulate(barrier[::-1])[::-1], np.inf)

    @property
    def top(self) -> float:
        """The last published level."""
        return float(self.levels[-1])

    def position(self, base: Array) -> Array:
        """Position of ``base`` on the ladder: 0 at nothing, i at level i, never past the last."""
        first = self.levels[0]
        with np.errstate(divide="ignore"):
            on_ladder = np.interp(np.log(base), self._logs, self._index)
        return np.where(base < first, base / first, on_ladder)

    def level(self, position: Array) -> Array:
        """The level at a position; the last level beyond the end."""
        return np.where(position < 1, position * self.levels[0], np.exp(np.interp(position, self._index, self._logs)))

    def next_level(self, base: Array, pace: Array) -> Array:
        """The level ``pace`` steps above ``base``, before holds."""
        return self.level(self.position(base) + pace)

    def reached(self, base: Array) -> NDArray[np.int64]:
        """How many levels ``base`` has reached with at least 90 %; 0 is none."""
        return np.searchsorted(self._thresholds, base, side="right").astype(np.int64)

    def hold_of(self, reached: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sending days that the reached level is held; 0 where none is reached."""
        return np.where(reached > 0, self.holds[np.maximum(reached, 1) - 1], 0)

    def level_of(self, reached: NDArray[np.int64]) -> Array:
        """The reached level itself; 0 where none is reached."""
        return np.where(reached > 0, self.levels[np.maximum(reached, 1) - 1], 0.0)

    def barrier_above(self, reached: NDArray[np.int64]) -> Array:
        """The next level that is held for more than a day: growth must not jump over it."""
        return self._barrier[reached]
