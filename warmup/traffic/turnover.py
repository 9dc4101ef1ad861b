"""Mailbox providers that a stream stopped sending to, or began to send to, within the history.

The mean of 13 weeks says nothing true about either. A provider has stopped (or is new) if, going by how often it
usually had mail, at least three of its sends are missing at the end (or the beginning) and chance would hardly leave
them out. Only known zeros count as missing: an unknown volume says nothing. The rules are of this project.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MISSED = 3
"""Usual sends of a provider that must be missing, and that it must have had."""

CHANCE = 0.01
"""Probability of so many sends without mail, were nothing changed, above which nothing is concluded."""


@dataclass(frozen=True)
class Turnover:
    """Providers of one stream that came or went; keys are positions on the provider axis.

    Attributes:
        stopped: Index of the last day with mail.
        appeared: Index of the first day with mail.
        usual: Mean messages of a send while there was mail.
    """

    stopped: Mapping[int, int] = field(default_factory=dict)
    appeared: Mapping[int, int] = field(default_factory=dict)
    usual: Mapping[int, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.stopped or self.appeared)

    def usable(self, volumes: NDArray[np.float64]) -> NDArray[np.float64]:
        """(D, P) volumes as they stand for the future.

        A provider that stopped has 0 on every day of which anything is known. What a new one would have had before it
        appeared is unknown (NaN), not 0, on the days on which the stream sent.
        """
        out = volumes.copy()
        known = ~np.isnan(volumes).all(axis=1)
        sent = np.nansum(volumes, axis=1) > 0
        for provider in self.stopped:
            out[known, provider] = 0.0
        for provider, day in self.appeared.items():
            early = sent & (np.arange(len(out)) < day)
            out[early, provider] = np.nan
        return out


def find_turnover(volumes: NDArray[np.float64], sends: NDArray[np.intp]) -> Turnover:
    """Who came and went.

    Args:
        volumes: (D, P): messages of one stream; NaN is unknown.
        sends: Indices of the stream's recent sends.
    """
    stopped, appeared, usual = {}, {}, {}
    for provider in range(volumes.shape[1]):
        mine = volumes[sends, provider]
        days, mail = sends[~np.isnan(mine)], mine[~np.isnan(mine)]
        had = np.flatnonzero(mail > 0)
        if len(had) < MISSED:
            continue
        often = len(had) / (had[-1] - had[0] + 1)
        if _missed(often, len(mail) - 1 - int(had[-1])):
            stopped[provider] = int(days[had[-1]])
        elif _missed(often, int(had[0])):
            appeared[provider] = int(days[had[0]])
        else:
            continue
        usual[provider] = float(mail[had].mean())
    return Turnover(stopped, appeared, usual)


def _missed(often: float, sends: int) -> bool:
    """Whether so many sends without mail are no chance for a provider that had some in this share of the sends."""
    return often * sends >= MISSED and (1 - often) ** sends <= CHANCE
