"""The earliest finish that any choice of daily volumes reaches: by trying them all.

For one provider on one IP group without tiers or spreading. The caps are those worked out by hand, so that nothing of
the engine is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.planner.by_hand import Clock

if TYPE_CHECKING:
    from warmup.ramps import Ladder

WINDOW = 14
MOST = 199
"""Messages in a window up to which 99.5 % are all of them, so that inside the window there is nothing to choose."""


@dataclass
class Search:
    """One provider on one IP group.

    Attributes:
        ladder: What the clock climbs.
        supply: Messages of each day.
        ceiling: Most messages a day, for good; None: no limit.
        frozen: Days on which nothing may grow.
    """

    ladder: Ladder
    supply: tuple[int, ...]
    ceiling: int | None = None
    frozen: frozenset[int] = frozenset()
    _caps: dict[tuple[int, ...], int] = field(default_factory=dict)

    def earliest(self) -> int | None:
        """First day that can open a window that is carried whole; None: no choice of volumes ever gets there."""
        ways: set[tuple[int, ...]] = {()}  # everything that can have been sent before a day
        for day in range(len(self.supply) - WINDOW + 1):
            if any(self._carries_all(sent, day) for sent in ways):
                return day
            ways = {(*sent, choice) for sent in ways for choice in range(min(self.supply[day], self.cap(sent)) + 1)}
        return None

    def cap(self, sent: tuple[int, ...]) -> int:
        """What the clock allows on the day after ``sent``."""
        if sent not in self._caps:
            clock = Clock(self.ladder, 1.0, 1.0)
            for messages in sent:
                clock.morning()
                clock.sent.append(messages)
            base, cap, _ = clock.morning()
            if len(sent) in self.frozen:
                cap = min(cap, int(base))
            self._caps[sent] = cap if self.ceiling is None else min(cap, self.ceiling)
        return self._caps[sent]

    def _carries_all(self, sent: tuple[int, ...], day: int) -> bool:
        """Whether 14 days from ``day`` on, and at least two sends, fit under the caps after ``sent``."""
        sends = [d for d in range(day, len(self.supply)) if self.supply[d]]
        if len(sends) < 2 or max(sends[1], day + WINDOW - 1) >= len(self.supply):
            return False
        window = self.supply[day : max(sends[1] + 1, day + WINDOW)]
        assert sum(window) <= MOST
        for messages in window:
            if messages and messages > self.cap(sent):
                return False
            sent = (*sent, messages)
        return True
