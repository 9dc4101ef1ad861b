"""The day sheet: who is sent what from where on each day, as rows and as sentences.

Excel, calendar and terminal show the same rows, so a number can never differ between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from warmup.traffic.supply import TIER_LABELS

if TYPE_CHECKING:
    import pandas as pd

    from warmup.planner.plan import Plan

KEYS = ["date", "origin", "stream", "tier", "provider", "pool"]
PARTS = ("dedicated", "overflow", "legacy", "unplaced")
OUTSIDE = ("control", "out-of-scope")
"""Limits that mark mail outside the in-scope supply."""
EVERYONE = "all"
"""Audience of a stream that no engagement tier binds, or of which no engagement is known."""
HASH_BUCKETS = 10_000
WATCH = timedelta(days=14)
"""Days after completion that are still shown day by day: completion is a statement about 14 days (design 4.8)."""


def provider_label(plan: Plan, provider: str) -> str:
    """Display name of a provider or of a clock that several share."""
    return plan.providers.get(provider, "Small providers" if provider == "small" else provider)


def tier_label(tier: str) -> str:
    """Display name of an audience: of an engagement tier, or of everyone."""
    return TIER_LABELS.get(tier, tier)


def stays(plan: Plan) -> str:
    """What stays on legacy by decision, in words; empty if nothing does."""
    names = {"control": "the control group", "out-of-scope": "recipients left out by decision"}
    kept = set(plan.messages.loc[plan.messages["destination"] == "legacy", "limit"])
    return " and ".join(name for limit, name in names.items() if limit in kept)


def unbound(plan: Plan) -> set[str]:
    """Transactional and critical streams: no tier binds them, so their audience is everyone."""
    return {stream.name for stream in plan.scenario.streams if stream.kind != "marketing"}


def audience(plan: Plan, table: pd.DataFrame) -> pd.Series[str]:
    """The audience of each row: its tier, or :data:`EVERYONE` where no tier binds the stream."""
    tiers: pd.Series[str] = table["tier"].astype(object)
    return tiers.mask(table["stream"].isin(unbound(plan)), EVERYONE)


def with_everyone(plan: Plan) -> pd.DataFrame:
    """``Plan.sheet`` with one row for everyone where the tiers of a stream bind nothing.

    Its threshold selects, of all recipients, as many as the thresholds of the tiers would of each: their mean, weighted
    by the mail of each tier. Its limit is that of the first tier that is not wholly on dedicated IPs.
    """
    import pandas as pd

    sheet = plan.sheet
    free = sheet["stream"].isin(unbound(plan))
    part = sheet[free]
    if part["tier"].nunique() < 2:
        return sheet.assign(tier=audience(plan, sheet))
    order = {tier: n for n, tier in enumerate(plan.tiers)}
    part = part.assign(at=part["tier"].map(order)).sort_values("at", kind="stable").drop(columns="at")
    part = part.assign(tier=EVERYONE, limit=part["limit"].replace("", pd.NA))
    for bound in ("threshold_from", "threshold"):
        part[bound] = part[bound].astype("int64") * part["supply"]
    sums = ["supply", "dedicated", "threshold_from", "threshold"]
    one = part.groupby(KEYS, observed=True, as_index=False).agg({**dict.fromkeys(sums, "sum"), "limit": "first"})
    for bound in ("threshold_from", "threshold"):
        one[bound] //= one["supply"].clip(lower=1)
    one["limit"] = one["limit"].astype(object).fillna("")
    one["moved_back"] = _moved_back(one)
    return pd.concat([sheet[~free], one[sheet.columns]], ignore_index=True)


def _moved_back(one: pd.DataFrame) -> pd.Series[int]:
    """Recipients below the threshold of the send before and not below this one's, on the last day of each send."""
    cell = ["stream", "tier", "provider", "pool"]
    last = one.sort_values(["origin", "date"]).groupby([*cell, "origin"], observed=True).tail(1)
    fall = -last.groupby(cell, observed=True)["threshold"].diff().fillna(0).astype("int64").clip(upper=0)
    people: pd.Series[int] = (fall * last["supply"] // HASH_BUCKETS).reindex(one.index, fill_value=0)
    return people


def window(plan: Plan) -> str:
    """The hours in which mail goes out, e.g. ``09:00–19:00``."""
    hours = plan.scenario.calendar.window
    return f"{hours.first:%H:%M}–{hours.last:%H:%M}"


def last_shown(plan: Plan) -> date:
    """Last day that is worth a line of its own: 14 days after completion, or the horizon's end."""
    return min(plan.last, plan.all.day + WATCH) if plan.all.day else plan.last


def rows(plan: Plan) -> pd.DataFrame:
    """The day sheet with all destinations.

    Returns:
        One row per day of sending, day of origin, stream, tier, provider and pool with mail, in the order a person
        works: date, stream, tier, provider (largest first). Columns: ``date, origin, stream, tier, provider, pool``
        (dates as ``datetime.date``), ``dedicated, overflow, legacy, unplaced`` (messages of that day),
        ``threshold_from, threshold`` (0–10,000), ``moved_back`` (recipients), ``limit``.
    """
    import pandas as pd

    sheet = _keyed(plan, with_everyone(plan))[[*KEYS, "threshold_from", "threshold", "moved_back", "limit"]]
    mail = _keyed(plan, plan.messages.assign(tier=audience(plan, plan.messages)))
    # A column for each part and one sum by key: a pivot would multiply all days with all names.
    for part in PARTS:
        mail[part] = mail["messages"].where(mail["destination"] == part, 0)
    wide = mail.groupby(KEYS, observed=True, as_index=False)[list(PARTS)].sum()
    # A spread send has a cell on each of its days, but only the last one knows what was left over.
    both = sheet.merge(wide, on=KEYS, how="outer")
    numbers = [*PARTS, "threshold_from", "threshold", "moved_back"]
    both[numbers] = both[numbers].fillna(0).astype("int64")
    both["limit"] = both["limit"].astype(object).fillna("")
    both = both[both[list(PARTS)].sum(axis=1) > 0]
    both = both.sort_values(["date", "stream", "tier", "provider", "origin", "pool"], kind="stable", ignore_index=True)
    for column in ("date", "origin"):
        both[column] = pd.Series(both[column].dt.date, dtype=object)
    for column in ("stream", "tier", "provider", "pool"):
        both[column] = both[column].astype(object)
    return both[[*KEYS, *PARTS, "threshold_from", "threshold", "moved_back", "limit"]]


def _keyed(plan: Plan, table: pd.DataFrame) -> pd.DataFrame:
    """A copy with timestamps and ordered categories: quick to join, and sorted as people read."""
    import pandas as pd

    pools = [pool.name for pool in plan.scenario.pools]
    orders = {
        "stream": plan.streams,
        "tier": dict.fromkeys((EVERYONE, *plan.tiers)),
        "provider": list(plan.providers),
        "pool": pools,
    }
    out = table.assign(date=pd.to_datetime(table["date"]), origin=pd.to_datetime(table["origin"]))
    for column, order in orders.items():
        known = [*order, *sorted(set(out[column].dropna().astype(str)) - set(order))]
        out[column] = pd.Categorical(out[column], categories=known, ordered=True)
    return out


@dataclass(frozen=True)
class Line:
    """One instruction of a day: a stream and a tier, provider by provider.

    Attributes:
        stream, tier: Names as the plan has them.
        origin: Day the customer would have sent it; another than the day of sending for a spread send.
        cells: (provider label, messages, threshold from, threshold) on the new IPs, largest provider first.
        overflow, legacy, unplaced: Messages of this stream and tier that go elsewhere on that day.
    """

    stream: str
    tier: str
    origin: date
    cells: tuple[tuple[str, int, int, int], ...]
    overflow: int
    legacy: int
    unplaced: int

    @property
    def messages(self) -> int:
        """Messages on the new IPs."""
        return sum(cell[1] for cell in self.cells)

    def __str__(self) -> str:
        head = f"{self.stream}, {tier_label(self.tier)}"
        return f"{head}: {self._cells()}{self._rest()}"

    def _cells(self) -> str:
        """The providers, those with one threshold together: ``Gmail 600, Yahoo 200 = threshold 815; Posteo …``."""
        groups: dict[tuple[int, int], list[str]] = {}
        for label, messages, low, high in self.cells:
            groups.setdefault((low, high), []).append(f"{label} {messages:,}")
        return "; ".join(f"{', '.join(names)} = threshold {_bounds(*bounds)}" for bounds, names in groups.items())

    def _rest(self) -> str:
        parts = ((self.overflow, "via overflow"), (self.legacy, "via legacy"), (self.unplaced, "with no place to go"))
        return "".join(f"; {n:,} {where}" for n, where in parts if n)


def _bounds(low: int, high: int) -> str:
    return f"{low}–{high}" if low else f"{high}"


def lines(plan: Plan, table: pd.DataFrame) -> list[Line]:
    """The instructions in one day's part of :func:`rows`.

    A stream and tier of which nothing goes to the new IPs has no line.
    """
    groups: dict[tuple[str, str, date], list[dict[str, Any]]] = {}
    for row in table.to_dict("records"):
        groups.setdefault((row["stream"], row["tier"], row["origin"]), []).append({str(k): v for k, v in row.items()})
    out = [_line(plan, *key, cells) for key, cells in groups.items()]
    return [line for line in out if line.cells]


def _line(plan: Plan, stream: str, tier: str, origin: date, cells: list[dict[str, Any]]) -> Line:
    on_new = tuple(
        (provider_label(plan, cell["provider"]), cell["dedicated"], cell["threshold_from"], cell["threshold"])
        for cell in cells
        if cell["dedicated"]
    )
    overflow, legacy, unplaced = (sum(cell[part] for cell in cells) for part in ("overflow", "legacy", "unplaced"))
    return Line(stream, tier, origin, on_new, overflow, legacy, unplaced)
