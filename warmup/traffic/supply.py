"""Supply: the messages that will be sent on a day, whatever the platform.

The hand-over from ``traffic`` to ``planner``: whole numbers, rounded once (largest remainder), nothing about platforms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIERS: tuple[str, ...] = ("0_30", "31_60", "61_90", "91_180", "181_365", "machine_only", "older_or_never")
"""Engagement tiers, most engaged first: days since the last *human* open, click, purchase or login. Machine-only opens
rank after 181-365; ``older_or_never`` is over 365 days or never (design 4.6)."""

NO_TIERS: tuple[str, ...] = ("all",)
"""The one tier of a supply without engagement data."""

TIER_LABELS: dict[str, str] = {
    "0_30": "engaged ≤ 30 days",
    "31_60": "engaged 31–60 days",
    "61_90": "engaged 61–90 days",
    "91_180": "engaged 91–180 days",
    "181_365": "engaged 181–365 days",
    "machine_only": "machine opens only",
    "older_or_never": "> 365 days or never",
    "all": "all recipients",
}

OTHER = "other"
"""Provider of domains that nothing classifies."""


@dataclass(frozen=True)
class Note:
    """Something the reader of the plan must know about the data.

    Attributes:
        level: ``info``, ``warning`` or ``error`` (``error`` does not stop the plan; an :class:`InputError` would).
        text: One sentence for a person.
        source: Where it comes from: a file, a rule, a page.
    """

    level: str
    text: str
    source: str = ""


@dataclass(frozen=True, eq=False)
class Supply:
    """Messages by day, stream, provider and tier, for one or many possible futures.

    Attributes:
        first: The first day of the time axis.
        streams: Names, axis S.
        providers: Planning groups (ids of ``warmup.providers`` groups, or ``other``), axis P.
        tiers: :data:`TIERS` (all seven) or :data:`NO_TIERS`, axis K. Transactional streams use the tiers too where
            known, but are never bound by them; a stream without engagement data in a tiered supply sits in ``0_30`` if
            transactional or critical, else is split like the other streams of the customer, and a note says so.
        messages: int64, shape (B, T, S, P, K), >= 0; includes peaks and holidays, excludes silent days (0 there).
            B = 1 for the expected future.
        peak_days: bool, shape (T,): days with a declared peak; left out of "largest regular send day" and of
            completion.
        history_first, history_last: Days the history covers.
        history_weeks: Whole past weeks, known at least in half, that resampling can draw from.
        legacy_daily: float, shape (H, P): messages per day and provider of the last H days of history before ``first``
            (what keeps legacy warm); index -1 is the day before ``first``.
        cadence: Per stream: a sentence such as ``"Tuesdays and Fridays"`` or ``"every 14 days"``.
        gap_days: Per stream: the usual number of days between two sends (1 = daily, 3.5 = twice a week).
        send_weekdays: Per stream: weekdays (0 = Monday) it is expected to send on; empty for a pure N-day rhythm.
        domains: Known number of recipient domains per provider; absent: not known.
        recipients: Known number of recipients per provider; absent: not known.
        unclassified_share: Share of the volume whose provider is ``other`` because nothing classified it.
        mx: Recipient domains to planning groups, where a kept MX answer says another than the catalogue would.
        notes: What the reader must know about the data.
    """

    first: date
    streams: tuple[str, ...]
    providers: tuple[str, ...]
    tiers: tuple[str, ...]
    messages: NDArray[np.int64]
    peak_days: NDArray[np.bool_]
    history_first: date | None = None
    history_last: date | None = None
    history_weeks: int = 0
    legacy_daily: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    cadence: dict[str, str] = field(default_factory=dict)
    gap_days: dict[str, float] = field(default_factory=dict)
    send_weekdays: dict[str, tuple[int, ...]] = field(default_factory=dict)
    domains: dict[str, int] = field(default_factory=dict)
    recipients: dict[str, int] = field(default_factory=dict)
    unclassified_share: float = 0.0
    mx: dict[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        shape = (len(self.streams), len(self.providers), len(self.tiers))
        if self.messages.ndim != 5 or self.messages.shape[2:] != shape:
            raise ValueError(
                f"messages must have shape (B, T, {shape[0]}, {shape[1]}, {shape[2]}), got {self.messages.shape}"
            )
        if self.peak_days.shape != (self.days,):
            raise ValueError(f"peak_days must have shape ({self.days},), got {self.peak_days.shape}")
        if self.messages.size and self.messages.min() < 0:
            raise ValueError("messages must not be negative")

    @property
    def days(self) -> int:
        """Length of the time axis."""
        return int(self.messages.shape[1])

    @property
    def batch(self) -> int:
        """Number of futures."""
        return int(self.messages.shape[0])

    @cached_property
    def dates(self) -> tuple[date, ...]:
        """The time axis."""
        return tuple(self.first + timedelta(n) for n in range(self.days))

    @property
    def tiered(self) -> bool:
        """Whether engagement tiers are known."""
        return self.tiers != NO_TIERS


def largest_remainder(values: NDArray[np.float64], total: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Round non-negative ``values`` along the last axis so that each row keeps its total.

    Args:
        values: Shape (..., n), >= 0.
        total: Shape (...): the integer total of each row; default: each row's sum, rounded half up. A row of zeros
            with a total above 0 is shared out evenly.

    Returns:
        int64 of the same shape; every row sums to its total, every cell is the floor or one more.
    """
    values = np.asarray(values, dtype=np.float64)
    if total is None:
        total = np.floor(values.sum(axis=-1) + 0.5).astype(np.int64)
    else:
        values = np.where(((values.sum(axis=-1) <= 0) & (total > 0))[..., None], 1.0, values)
        sums = values.sum(axis=-1)
        # Parts first, then the total: sums can be so small that a scale would overflow.
        parts = np.divide(values, sums[..., None], out=np.zeros_like(values), where=(sums > 0)[..., None])
        values = parts * np.asarray(total)[..., None]
    floors = np.floor(values + 1e-9).astype(np.int64)
    missing = total - floors.sum(axis=-1)
    # Rank by remainder, ties to the earlier cell: a stable result whatever the platform's sort does.
    order = np.argsort(-(values - floors), axis=-1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(values.shape[-1]), order.shape).copy(), axis=-1)
    return np.asarray(floors + (rank < missing[..., None]), dtype=np.int64)
