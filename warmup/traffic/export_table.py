"""Counts as the tidy table that ``warmup plan`` reads, without the names of small recipient domains."""

from __future__ import annotations

import csv
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from warmup.traffic.measures import MEASURES
from warmup.traffic.wording import inert, one_line

if TYPE_CHECKING:
    import pandas as pd

    from warmup.traffic.exports import Exports

KEYS = ("date", "recipient_domain", "provider", "stream", "ip", "pool", "source")
COLUMNS = (*KEYS, "messages", *MEASURES)
"""Columns of the table. ``messages`` is what the planner reads: sent, as far as it is known."""


def is_own(head: bytes) -> bool:
    """Whether a file is such a table, from its first bytes: beside the exports it was made of, it would count twice."""
    header = head.partition(b"\n")[0].decode("utf-8", errors="replace").strip().split(",")
    return {"source", "messages", *MEASURES} <= set(header)


def table(exports: Exports, *, domains: bool = False) -> pd.DataFrame:
    """Counts by day, mailbox provider, stream, IP and pool.

    A recipient domain is named only where it is a mailbox provider's own: those of companies and people can tell who
    somebody is, and the planner needs their provider, not their name.

    Args:
        exports: What was read and classified.
        domains: Name all recipient domains nevertheless.

    Returns:
        :data:`COLUMNS`; rows without a day are left out. NULL stays NULL: a sum is known where any part of it is.
    """
    from warmup.providers import classify

    counts = exports.counts[exports.counts["date"].notna()].rename(columns={"domain": "recipient_domain"})
    if not domains:
        names = counts["recipient_domain"].unique()
        public = {name for name, match in classify(name for name in names if name).items() if match.how == "domain"}
        counts["recipient_domain"] = counts["recipient_domain"].where(counts["recipient_domain"].isin(public), "")
    for name in ("recipient_domain", "stream", "ip", "pool"):
        counts[name] = counts[name].map({text: one_line(text) for text in map(str, counts[name].unique())})
    measures = ["messages", *MEASURES]
    return counts.groupby(list(KEYS), as_index=False)[measures].sum(min_count=1)[list(COLUMNS)]


def save(exports: Exports, path: Path, *, domains: bool = False) -> int:
    """Write the table as CSV, whole or not at all.

    Args:
        exports: What was read and classified.
        path: Where to; replaced if it is there.
        domains: Name all recipient domains.

    Returns:
        Rows written.
    """
    frame = table(exports, domains=domains)
    named = frame["stream"].ne("").any()
    columns = [name for name in COLUMNS if name != "stream" or named]  # without one, the scenario's stream is meant
    frame = frame[columns].assign(date=frame["date"].dt.strftime("%Y-%m-%d"))
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            for row in frame.astype(object).where(frame.notna(), "").itertuples(index=False):
                writer.writerow([inert(value) if isinstance(value, str) else value for value in row])
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return len(frame)
