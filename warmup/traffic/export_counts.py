"""What an export says, in the counts that all platforms share, and what of it could not be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from warmup.traffic.supply import Note

PLACES = 1_000
"""Damaged places that are remembered; all are counted."""


MAX_BAD = 0.01
"""Share of damaged records up to which an export is read."""


@dataclass
class Damage:
    """What could not be read.

    Attributes:
        count: Damaged records.
        places: File and line (or entry) of the first of them.
        unit: What the numbers in ``places`` count: ``line`` or ``entry``.
        cut: Packed files that end early: what could be unpacked of them was read.
    """

    count: int = 0
    places: list[tuple[str, int]] = field(default_factory=list)
    unit: str = "line"
    cut: list[str] = field(default_factory=list)

    def add(self, name: str, lines: Iterable[int]) -> None:
        """Damaged records of a file."""
        for line in lines:
            self.count += 1
            if len(self.places) < PLACES:
                self.places.append((name, line))


@dataclass(frozen=True, eq=False)
class ExportCounts:
    """What files of one platform say.

    Attributes:
        counts: :data:`~warmup.traffic.measures.DIMENSIONS` and :data:`~warmup.traffic.measures.MEASURES`, sorted by the
            former; ``date`` is datetime64, missing (NaT) in rows that sum the whole period that was asked for;
            measures are Int64 with NULL where the platform cannot say.
        records: Events or entries read that were whole, copies among them.
        copies: Events dropped because they stood there before.
        unused: Events of kinds that no measure counts.
        damage: What could not be read.
        notes: What the reader of the counts must know.
    """

    counts: pd.DataFrame
    records: int
    copies: int = 0
    unused: int = 0
    damage: Damage = field(default_factory=Damage)
    notes: tuple[Note, ...] = ()

    @property
    def damaged_share(self) -> float:
        """Part of all records that could not be read."""
        total = self.records + self.damage.count
        return self.damage.count / total if total else 0.0
