"""Which part of a stream's mail to a provider goes to which engagement tier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from warmup.traffic.supply import NO_TIERS, TIERS, Note

if TYPE_CHECKING:
    from collections.abc import Iterable

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

    A transactional or critical stream of which nothing is known sits in ``0_30``; a marketing stream of which nothing is known
    is split like the customer's other streams (weighted by volume).
    """
    streams = scenario.streams
    known = [_from_history(history, s.name, providers) for s in streams]
    notes = [note for found in known if found is not None for note in found[1]]
    shares: list[NDArray[np.float64] | None] = [found[0] if found is not None else None for found in known]
    if audience is not None:
        notes += audience.notes
        for n, stream in enumerate(streams):
            if shares[n] is None:
                shares[n], said = audience.shares(stream.name, providers)
                notes += said
    if all(one is None for one in shares):
        return TierShares(NO_TIERS, np.ones((len(streams), len(providers), 1)))
    return _assume(list(streams), history, providers, shares, notes)


def _from_history(
    history: History, stream: str, providers: tuple[str, ...]
) -> tuple[NDArray[np.float64], list[Note]] | None:
    """(P, K) shares of a stream's own tier column; None if it has none."""
    rows = history.frame[history.frame["stream"] == stream]
    tiered = rows[rows["tier"].notna()]
    if not tiered["messages"].fillna(0).gt(0).any():
        return None
    table = tiered.pivot_table(index="provider", columns="tier", values="messages", aggfunc="sum", observed=True)
    counts = (
        table.reindex(index=list(providers), columns=list(TIERS)).astype("Float64").to_numpy(dtype=float, na_value=0.0)
    )
    total = float(rows["messages"].sum())
    part = counts.sum() / total if total else 1.0
    notes = []
    if part < PARTLY:
        text = f"“{stream}”: {1 - part:.1%} of its volume has no tier in the history; it is split like the rest of the stream."
        notes.append(Note("warning", text))
    return normalised(counts), notes


def normalised(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(P, K) counts as shares; a provider without counts gets the shares of all providers together."""
    overall = counts.sum(axis=0)
    filled = np.where(counts.sum(axis=1, keepdims=True) > 0, counts, overall)
    return filled / np.maximum(filled.sum(axis=1, keepdims=True), np.finfo(float).tiny)


def _assume(
    streams: list[Stream],
    history: History,
    providers: tuple[str, ...],
    shares: list[NDArray[np.float64] | None],
    notes: list[Note],
) -> TierShares:
    """Fill in streams of which nothing is known."""
    volume = history.frame.groupby("stream")["messages"].sum()
    weighted = [
        (one, float(volume.get(s.name, 0)) or 1.0) for s, one in zip(streams, shares, strict=True) if one is not None
    ]
    usual = sum((one * weight for one, weight in weighted), np.zeros((len(providers), len(TIERS))))
    out = []
    for stream, one in zip(streams, shares, strict=True):
        if one is None and stream.kind != "marketing":
            one = np.zeros((len(providers), len(TIERS)))
            one[:, 0] = 1.0
        elif one is None:
            one = normalised(usual)
            text = f"“{stream.name}” has no engagement data; it is split into tiers like the customer's other streams."
            notes.append(Note("warning", text))
        out.append(one)
    return TierShares(TIERS, np.stack(out), tuple(_once(notes)))


def _once(notes: Iterable[Note]) -> list[Note]:
    return list(dict.fromkeys(notes))
