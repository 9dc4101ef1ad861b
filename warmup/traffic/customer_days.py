"""What the customer's calendar does to volume: silent days, holidays, peaks.

Legacy-only and freeze days are not here: they change where mail goes, never how much there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from warmup.scenario import expand_days

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from warmup.scenario import Scenario


@dataclass(frozen=True)
class CustomerDays:
    """Effects on the days of one axis (T) and the streams (S).

    Attributes:
        factor: (T, S): what a usual day's volume is multiplied by; 0 on silent days.
        peak_factor: (T, S): the day carries so many usual send days; NaN: no such peak.
        peak_messages: (T, S): the day carries so many messages; NaN: no such peak.
        peak_days: (T,): days of a declared peak.
        silent: (T,): days on which the customer sends nothing.
    """

    factor: NDArray[np.float64]
    peak_factor: NDArray[np.float64]
    peak_messages: NDArray[np.float64]
    peak_days: NDArray[np.bool_]
    silent: NDArray[np.bool_]

    def apply(self, levels: NDArray[np.float64], usual: NDArray[np.float64]) -> NDArray[np.float64]:
        """Messages per day and stream.

        Args:
            levels: (…, T, S): usual volume of the days, 0 where the stream does not send.
            usual: Broadcasts against ``levels``: volume of a usual send day, for peaks.
        """
        plain = levels * self.factor
        peak = np.fmax(self.peak_factor * usual, self.peak_messages)
        # A silent day stays without mail, whatever else is declared for it; a holiday gives way to a peak.
        return np.where(np.isnan(peak), plain, np.where(self.silent[:, None], 0.0, peak))


def customer_days(scenario: Scenario, days: Sequence[date]) -> CustomerDays:
    """The calendar of a scenario on some days."""
    shape = (len(days), len(scenario.streams))
    index = {day: n for n, day in enumerate(days)}
    factor = np.ones(shape)
    for holiday in scenario.calendar.holidays:
        for column in _columns(scenario, holiday.streams, every=True):
            factor[_rows(index, expand_days(holiday.days)), column] *= holiday.factor
    silent = np.zeros(len(days), dtype=bool)
    silent[_rows(index, expand_days(scenario.calendar.silent))] = True
    factor[silent] = 0.0
    peak_factor, peak_messages = np.full(shape, np.nan), np.full(shape, np.nan)
    peak_days = np.zeros(len(days), dtype=bool)
    for peak in scenario.calendar.peaks:
        rows = _rows(index, expand_days(peak.days))
        peak_days[rows] = True
        target, size = (peak_factor, peak.factor) if peak.factor is not None else (peak_messages, peak.messages)
        for column in _columns(scenario, peak.streams, every=False):
            target[rows, column] = np.fmax(target[rows, column], float(size or 0))
    return CustomerDays(factor, peak_factor, peak_messages, peak_days, silent)


def _rows(index: dict[date, int], days: frozenset[date]) -> list[int]:
    return sorted(index[day] for day in days if day in index)


def _columns(scenario: Scenario, names: list[str], *, every: bool) -> list[int]:
    """Streams by name; by default all (holidays) or the marketing ones (peaks)."""
    return [
        n
        for n, stream in enumerate(scenario.streams)
        if (stream.name in names if names else every or stream.kind == "marketing")
    ]
