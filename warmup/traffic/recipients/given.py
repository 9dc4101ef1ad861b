"""Counts by provider, stream and tier that the customer made, read as what a list would have given."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from warmup.traffic.audience import load_counts, tier_notes
from warmup.traffic.columns import normal, pick, tier_of
from warmup.traffic.groups import group_names
from warmup.traffic.recipients.rule import TIER_COLUMNS, Rule
from warmup.traffic.recipients.tiers import RecipientTiers, by_provider
from warmup.traffic.tables import open_table

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {"0_30": "engaged_0_30", "machine_only": "machine_open_only", "older_or_never": "older_or_never"}


def is_counts(header: Iterable[str]) -> bool:
    """Whether a file's columns are counts per tier rather than a list: who, engaged_0_30 and at least one tier more."""
    names = list(header)
    tiers = {tier for tier in map(_tier, names) if tier}
    return bool({"provider", "domain"} & set(pick(names))) and "0_30" in tiers and len(tiers) > 1


def read_counts(path: Path, rule: Rule, *, name: str = "") -> RecipientTiers:
    """Read a table of counts per tier, e.g. ``engagement_counts.csv``.

    Args:
        path: One row per provider (or recipient domain) and stream, one column per tier. A tier without a column is NA:
            without ``engaged_181_365``, ``older_or_never`` holds those recipients too.
        rule: Its day is the day that the counts are of.
        name: What messages call the file; default: its path.

    Raises:
        InputError: It is no such table, or rows are damaged.
    """
    called = name or str(path)
    table = open_table(path, called)
    try:
        tiers = load_counts(table)
        columns: dict[str, list[int]] = {}
        for i, tier in tiers.items():
            columns.setdefault(_column(table.header[i], tier), []).append(i)
        sums = ", ".join(f"CAST({' + '.join(f'sum(v{i})' for i in at)} AS BIGINT) AS {c}" for c, at in columns.items())
        rows = table.connection.execute(f"SELECT who, stream, {sums} FROM raw GROUP BY ALL ORDER BY ALL").df()
    finally:
        table.close()
    counts, unknown = _grouped(rows)
    totals = by_provider(counts)
    return RecipientTiers(
        counts=counts,
        with_opens=counts,
        without_opens=counts.assign(**{tier: counts[tier].mask(counts[tier].notna()) for tier in TIER_COLUMNS}),
        by_provider=totals,
        known=True,
        rule=rule,
        signals=(),
        recipients=int(totals["recipients"].sum()),
        unclassified=unknown,
        rolled_up=0,
        no_domain=0,
        future_dates=0,
        impossible_dates=0,
        damaged=0,
        notes=(*table.notes, *tier_notes(called, set(tiers.values()))),
    )


def _tier(column: str) -> str | None:
    with suppress(KeyError):
        return tier_of(column)
    return None


def _column(header: str, tier: str) -> str:
    """The column of a tier; sign-ups, which plan as engaged within 30 days, keep their own."""
    if "signup" in normal(header).replace("_", "") or normal(header) == "new":
        return "new_signup_30d"
    return _COLUMNS.get(tier, f"engaged_{tier}")


def _grouped(rows: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Counts by planning group, and recipients at providers nothing is known of."""
    pairs = {text: (text.lower() if "." in text else "", text) for text in rows["who"].unique()}
    grouped = group_names(pairs.values(), False)
    lost = rows["who"].map({text: pair in grouped.unknown for text, pair in pairs.items()})
    have = [tier for tier in TIER_COLUMNS if tier in rows]
    unknown = int(rows.loc[lost, have].to_numpy().sum())
    rows = rows.assign(provider=rows["who"].map({text: grouped.groups[pair] for text, pair in pairs.items()}))
    counts = rows.groupby(["provider", "stream"], as_index=False)[have].sum()
    counts = counts.reindex(columns=["provider", "stream", *TIER_COLUMNS])
    return counts.astype(dict.fromkeys(TIER_COLUMNS, "Int64")), unknown
