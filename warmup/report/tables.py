"""``plan.csv``: every message of the plan, for a database, a notebook or a spreadsheet.

One row per non-zero part of the plan, the rows of :attr:`warmup.planner.plan.Plan.messages`; tiers that bind
nothing are one row. RFC 4180: UTF-8, comma,
CRLF, texts quoted, numbers not. The header is stable:

- ``date``: day of sending, ISO 8601, in the scenario's time zone; for ``unplaced``: the day it was due.
- ``origin``: day on which the customer would have sent it.
- ``destination``: ``dedicated``, ``overflow``, ``legacy`` or ``unplaced``.
- ``pool``: pool on the new platform.
- ``ip_group``: IPs started together; only for ``dedicated``, else empty.
- ``provider``: mailbox provider id (:mod:`warmup.providers`).
- ``stream``: stream name.
- ``tier``: engagement tier, days since the last human open or click; ``all`` for transactional and critical streams,
  which no tier binds, and without engagement data.
- ``messages``: whole number of messages, never 0.
- ``limit``: why this part is not dedicated; empty for ``dedicated``.

A text that a spreadsheet would read as a formula begins with an apostrophe (OWASP, CSV Injection).
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.report.daysheet import audience
from warmup.report.guard import inert

if TYPE_CHECKING:
    import pandas as pd

    from warmup.planner.plan import Plan

COLUMNS = ("date", "origin", "destination", "pool", "ip_group", "provider", "stream", "tier", "messages", "limit")
_TEXTS = ("destination", "pool", "ip_group", "provider", "stream", "tier", "limit")


def write_csv(plan: Plan, path: str | Path) -> Path:
    """Write the plan's messages as CSV.

    Args:
        plan: The plan.
        path: Where to write; an existing file is replaced.

    Returns:
        The path.
    """
    target = Path(path)
    table = _merged(plan)
    columns = [_column(table, name) for name in COLUMNS]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        writer.writerows(zip(*columns, strict=True))
    return target


def _merged(plan: Plan) -> pd.DataFrame:
    """The messages with one row instead of one per tier where no tier binds the stream."""
    table = plan.messages.assign(tier=audience(plan, plan.messages))
    keys = [name for name in COLUMNS if name != "messages"]
    grouped = table.groupby(keys, as_index=False, sort=False, dropna=False, observed=True)
    return grouped.agg({"messages": "sum"})[list(COLUMNS)]


def _column(table: pd.DataFrame, name: str) -> list[Any]:
    import pandas as pd

    column = table[name]
    if name in ("date", "origin"):
        return list(pd.to_datetime(column).dt.strftime("%Y-%m-%d"))
    if name in _TEXTS:
        # Few names, many rows: each name is made safe once.
        safe = {value: "" if pd.isna(value) else inert(value) for value in column.unique()}
        return ["" if pd.isna(value) else safe[value] for value in column]
    return [int(value) for value in column]
