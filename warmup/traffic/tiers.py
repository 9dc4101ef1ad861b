"""Which part of a stream's mail to a provider goes to which engagement tier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from warmup.traffic.supply import NO_TIERS, TIERS, Note
from warmup.traffic.wording import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from warmup.scenario import Scenario, Stream
    from warmup.traffic.audience import Audience
    from warmup.traffic.history import History

PARTLY = 0.995
"""A stream whose history names the tier of less than this share of its volume gets a note."""


@dataclass(frozen=True, eq=False)
class TierShares:
    """How volume splits.

    Attributes:
        tiers: :data:`~warmup.traffic.supply.TIERS`, or ``NO_TIERS`` when nothing is known of any stream.
        shares: (S, P, K), >= 0, sums to 1 along the last axis.
        notes: What was assumed.
    """

    tiers: tuple[str, ...]
    shares: NDArray[np.float64]
    notes: tuple[Note, ...] = ()


def tier_shares(
    scenario: Scenario, history: History, audience: Audience | None, providers: tuple[str, ...]
) -> TierShares:
    """Shares from the history's tier column where it has one, else from the audience, else assumed.

    A transactional or critical stream of which nothing is known sits in ``0_30``; a marketing stream of which nothing
    is known is split like the customer's other streams (weighted by volume).
    """
    notes: list[Note] = list(audience.notes) if audience is not None else []
    shares: list[NDArray[np.float64] | None] = []
    for stream in scenario.streams:
        known, said = _from_history(history, stream.name, providers)
        if known is None and audience is not None:
            known, said = audience.shares(stream.name, providers)
        shares.append(known)
        notes += said
    if all(known is None for known in shares):
        return TierShares(NO_TIERS, np.ones((len(shares), len(providers), 1)), tuple(notes))
    filled, said = _assume(scenario.streams, history, shares)
    return TierShares(TIERS, filled, tuple(dict.fromkeys([*notes, *said])))


def _from_history(
    history: History, stream: str, providers: tuple[str, ...]
) -> tuple[NDArray[np.float64] | None, list[Note]]:
    """(P, K) shares of a stream's own tier column; None if it has none."""
    rows = history.frame[(history.frame["stream"] == stream) & history.frame["messages"].gt(0).fillna(False)]
    tiered = rows[rows["tier"].notna()]
    if tiered.empty:
        return None, []
    table = tiered.pivot_table(index="provider", columns="tier", values="messages", aggfunc="sum")
    counts = table.reindex(index=list(providers), columns=list(TIERS)).astype("Float64")
    part = float(tiered["messages"].sum()) / float(rows["messages"].sum())
    notes = []
    if part < PARTLY:
        text = f"“{stream}”: {percent(1 - part)} of its volume has no tier in the history; it is split like the rest."
        notes.append(Note("warning", text))
    return normalised(counts.to_numpy(dtype=np.float64, na_value=0.0)), notes


def normalised(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(P, K) counts as shares; a provider without counts gets the shares of all providers together."""
    filled = np.where(counts.sum(axis=1, keepdims=True) > 0, counts, counts.sum(axis=0))
    return np.asarray(filled / filled.sum(axis=1, keepdims=True), dtype=np.float64)


def _assume(
    streams: Sequence[Stream], history: History, shares: Sequence[NDArray[np.float64] | None]
) -> tuple[NDArray[np.float64], list[Note]]:
    """(S, P, K): streams of which nothing is known filled in."""
    volume = history.frame.groupby("stream")["messages"].sum()
    known = [
        (one, max(1.0, float(volume.get(s.name, 0)))) for s, one in zip(streams, shares, strict=True) if one is not None
    ]
    usual = sum(one * weight for one, weight in known) / sum(weight for _, weight in known)
    engaged = np.zeros_like(known[0][0])
    engaged[:, TIERS.index("0_30")] = 1.0
    filled, notes = [], []
    for stream, one in zip(streams, shares, strict=True):
        if one is None and stream.kind == "marketing":
            text = f"“{stream.name}” has no engagement data; it is split into tiers like the customer's other streams."
            notes.append(Note("warning", text))
        filled.append(one if one is not None else usual if stream.kind == "marketing" else engaged)
    return np.stack(filled), notes
