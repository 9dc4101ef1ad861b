"""What every export of a sending platform is turned into: counts of messages by day, domain, stream and IP.

A platform that cannot say a measure leaves it NULL, never 0: nothing may average an unknown as none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

DIMENSIONS: tuple[str, ...] = ("date", "domain", "label", "stream", "ip", "pool", "source")
"""One row of counts.

``date``: day of the event in the time zone that the reader was told. ``domain``: recipient domain; empty where the
export only names a mailbox provider, which then stands as ``label``. ``stream``, ``ip``, ``pool``: empty where not
said. ``source``: name of the reader.
"""

MEASURES: tuple[str, ...] = (
    "injected",
    "delivered",
    "hard",
    "soft",
    "block",
    "deferred_msgs",
    "deferred_events",
    "oob",
    "suppressed",
    "complaint",
    "unsub",
    "click",
    "open_human",
    "open_any",
)
"""Counts of messages, nullable whole numbers.

``injected``: accepted by the platform for sending, suppressed ones removed. ``delivered``: accepted by the receiver,
later bounces not subtracted. ``hard``, ``soft``, ``block``: final failures in the session, by cause; a block is a
refusal for reputation, policy or content. ``deferred_msgs``: messages with at least one temporary refusal;
``deferred_events``: the refusals. ``oob``: bounces after a delivery. ``suppressed``: never attempted. ``complaint``,
``unsub``, ``click``, ``open_human``, ``open_any``: messages with at least one, on the day of the first; a machine's
opens are in ``open_any`` only.
"""


def sent(counts: pd.DataFrame) -> pd.Series:
    """Messages sent per row: ``messages`` where the export itself says them, ``injected``, or the final outcomes.

    Args:
        counts: A table with :data:`MEASURES`, perhaps with ``messages``.

    Returns:
        Int64; NULL where neither is known.
    """
    if "messages" in counts:
        return counts["messages"]
    outcomes = counts[["delivered", "hard", "soft", "block"]].sum(axis=1, min_count=1)
    return counts["injected"].fillna(outcomes).astype("Int64")
