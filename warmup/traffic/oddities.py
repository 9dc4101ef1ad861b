"""Sends that say nothing about usual volume: tests and past peaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from warmup.traffic.rhythm import LEVEL_WEEKS, LOOK_BACK_SENDS, sends_of, window

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

TEST_SHARE = 0.01
"""A send below this share of a usual one is a test …"""

TEST_VOLUME = 0.02
"""… if all such sends together are no more than this share of the volume."""

PEAK_FACTOR = 3.0
"""A send above this many times the median of its weekday was a peak."""

LAST, LASTING = 4, 3
"""If so many of a weekday's last sends are that large, they are its new level and no peaks."""

MIN_FOR_MEDIAN = 3
"""Sends a weekday needs for a median of its own; below it the stream's is taken."""


def is_test(totals: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(D,): tiny sends, beside a usual send (the size at which half of the volume is reached) and all together."""
    sends = np.nan_to_num(totals)
    order = np.argsort(sends)
    running = np.cumsum(sends[order])
    none = np.zeros(len(totals), dtype=bool)
    if not len(running) or running[-1] <= 0:
        return none
    usual = sends[order][np.searchsorted(running, running[-1] / 2)]
    tiny = (sends > 0) & (sends < TEST_SHARE * usual)
    # Where the tiny sends make much of the volume, it is the large one that is unusual.
    return tiny if sends[tiny].sum() <= TEST_VOLUME * running[-1] else none


def is_peak(first: date, totals: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(D,): past peaks among the recent sends.

    Args:
        first: Day of ``totals[0]``.
        totals: Messages per day, tests already 0; NaN is unknown.
    """
    peaks = np.zeros(len(totals), dtype=bool)
    sends = recent_sends(totals)
    if len(sends) < MIN_FOR_MEDIAN:
        return peaks
    weekday = (sends + first.weekday()) % 7
    overall = float(np.median(totals[sends]))
    for day in range(7):
        mine = sends[weekday == day]
        median = float(np.median(totals[mine])) if len(mine) >= MIN_FOR_MEDIAN else overall
        high = totals[mine] > PEAK_FACTOR * median
        if high[-LAST:].sum() >= LASTING:
            high &= totals[mine] > PEAK_FACTOR * float(np.median(totals[mine[-LAST:]]))
        peaks[mine[high]] = True
    return peaks


def recent_sends(totals: NDArray[np.float64]) -> NDArray[np.intp]:
    """Sends that stand for the future: the last 13 weeks', or the last six of a slow rhythm."""
    sends, part = sends_of(totals), window(totals, LEVEL_WEEKS)
    recent = sends[(sends >= part.start) & (sends < part.stop)]
    return recent if len(recent) >= LOOK_BACK_SENDS else sends[-LOOK_BACK_SENDS:]
