"""What a person wants to see first in what was read: days, gaps, rhythm, streams, providers, and how mail fared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmup.traffic.gaps import gaps_in
from warmup.traffic.measures import MEASURES

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from warmup.traffic.exports import Exports

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

RATES: dict[str, tuple[str, str]] = {
    "delivered": ("delivered", "messages"),
    "hard": ("hard", "messages"),
    "soft": ("soft", "messages"),
    "block": ("block", "messages"),
    "deferred": ("deferred_msgs", "messages"),
    "complaint": ("complaint", "delivered"),
    "open_human": ("open_human", "delivered"),
    "open_any": ("open_any", "delivered"),
    "click": ("click", "delivered"),
}
"""Rates and the two counts whose quotient each is. NULL unless both are known for the same rows, and where the first is
larger: part of it is of mail that the exports do not hold."""


@dataclass(frozen=True, eq=False)
class Overview:
    """Facts about exports.

    Attributes:
        first, last: Days covered, both included; None where no row has a day.
        days: Days with any row.
        gaps: Per stream the days inside its coverage on which it should have rows and has none.
        streams: Index ``stream``; ``messages``, ``days``, ``first``, ``last``, ``largest_day``, and :data:`RATES`.
        providers: Index ``provider``, the largest first; ``messages``, ``share``, ``domains`` and :data:`RATES`.
        rhythm: Index ``stream``, columns Monday (0) to Sunday (6): mean messages on such a day within the stream's
            coverage, gaps left out.
        daily: Index ``date``, columns providers, the largest first: messages.
        messages: All messages sent, where known.
        unclassified: Share of them whose provider nothing knows.
        undated: Share of them that stands in sums over a whole period.
        unknown: Measures that no row knows.
        exceeding: Rates that some stream or provider lacks because more was counted than there was mail.
    """

    first: date | None
    last: date | None
    days: int
    gaps: dict[str, tuple[date, ...]]
    streams: pd.DataFrame
    providers: pd.DataFrame
    rhythm: pd.DataFrame
    daily: pd.DataFrame
    messages: int
    unclassified: float
    undated: float
    unknown: tuple[str, ...]
    exceeding: tuple[str, ...]

    @property
    def span(self) -> int:
        """Days from the first to the last, both included."""
        return (self.last - self.first).days + 1 if self.first and self.last else 0


def overview(exports: Exports) -> Overview:
    """The facts about exports that went through :func:`warmup.traffic.exports.classified`."""
    counts = exports.counts
    total = int(counts["messages"].sum())
    whole = _of_all(counts)
    dated = counts[counts["date"].notna()]
    present = {str(stream): _days(part) for stream, part in dated.groupby("stream")}
    every = frozenset[object]().union(*present.values()) if present else frozenset()
    gaps = {stream: found for stream, days in present.items() if (found := gaps_in(days))}
    streams, providers = _streams(counts, whole, present), _providers(counts, whole, total)
    exceeding = []
    for table in (streams, providers):
        beyond = table[[*RATES]] > 1
        table[[*RATES]] = table[[*RATES]].mask(beyond)
        exceeding += [name for name in RATES if beyond[name].any()]
    return Overview(
        first=min(map(min, present.values()), default=None),
        last=max(map(max, present.values()), default=None),
        days=len(every),
        gaps=gaps,
        streams=streams,
        providers=providers,
        rhythm=_rhythm(dated, present, gaps),
        daily=_daily(dated),
        messages=total,
        unclassified=_share(counts[counts["unknown"]], total),
        undated=_share(counts[counts["date"].isna()], total),
        unknown=tuple(name for name in MEASURES if counts[name].isna().all()),
        exceeding=tuple(name for name in RATES if name in exceeding),
    )


def _share(part: pd.DataFrame, total: int) -> float:
    return float(part["messages"].sum()) / total if total else 0.0


def _days(part: pd.DataFrame) -> frozenset[date]:
    """Days on which a stream has any row of sending; opens that trail in afterwards are none."""
    sending = part[part["messages"].isna() | (part["messages"] > 0)]
    return frozenset(day.date() for day in (sending if len(sending) else part)["date"].drop_duplicates())


def _of_all(counts: pd.DataFrame) -> pd.DataFrame:
    """Which numbers of rows without a name are about all rows of their day, stream and source, none of which says it.

    Mailchimp divides messages by domain, but not hard bounces and complaints.

    Returns:
        Bools in the shape of the counts; columns are the numerators of :data:`RATES`.
    """
    named = (counts["domain"] != "") | (counts["label"] != "")
    group = counts.groupby(["date", "stream", "source"], dropna=False).ngroup()
    shared = ~named & named.groupby(group).transform("any")
    said = counts[[above for above, _ in RATES.values()]].notna()
    divided = said.where(named, other=False).groupby(group).transform("any")
    return said & ~divided & shared.to_numpy()[:, None]


def _streams(counts: pd.DataFrame, whole: pd.DataFrame, present: dict[str, frozenset[date]]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for stream, part in counts.groupby("stream"):
        days = present.get(str(stream), frozenset())
        largest = part.groupby("date")["messages"].sum().max() if days else pd.NA
        known = {"first": min(days, default=None), "last": max(days, default=None), "largest_day": largest}
        rates = _rates(part, _known(part, whole))
        rows.append({"stream": stream, "messages": part["messages"].sum(), "days": len(days), **known, **rates})
    columns = ["stream", "messages", "days", "first", "last", "largest_day", *RATES]
    return _sorted(pd.DataFrame(rows, columns=columns)).set_index("stream")


def _providers(counts: pd.DataFrame, whole: pd.DataFrame, total: int) -> pd.DataFrame:
    import pandas as pd

    rows = []
    known = counts[whole.columns].notna() & ~whole
    for provider, part in counts.groupby("provider"):
        domains = part.loc[part["domain"] != "", "domain"].nunique()
        share = _share(part, total)
        own = {"messages": part["messages"].sum(), "share": share, "domains": domains}
        rows.append({"provider": provider, **own, **_rates(part, known.loc[part.index])})
    columns = ["provider", "messages", "share", "domains", *RATES]
    return _sorted(pd.DataFrame(rows, columns=columns)).set_index("provider")


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    """The largest first."""
    table = table.astype(dict.fromkeys(RATES, float))
    return table.sort_values("messages", ascending=False, kind="stable")


def _known(part: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """For which rows of a stream each number is known, be it in another row of the same day and source."""
    mine = whole.loc[part.index]
    reached = mine.groupby([part["date"], part["source"]], dropna=False).transform("any")
    return part[whole.columns].notna() | reached


def _rates(part: pd.DataFrame, known: pd.DataFrame) -> dict[str, float | None]:
    """Rates of some rows; what is unknown for a row leaves it out of both counts of a rate."""
    rates: dict[str, float | None] = {}
    for name, (above, below) in RATES.items():
        rows = part[known[above] & part[below].notna()]
        base = float(rows[below].sum())
        rates[name] = float(rows[above].sum()) / base if base else None
    return rates


def _rhythm(
    dated: pd.DataFrame, present: dict[str, frozenset[date]], gaps: dict[str, tuple[date, ...]]
) -> pd.DataFrame:
    import pandas as pd

    rows = {}
    for stream, days in present.items():
        volume = dated[dated["stream"] == stream].groupby("date")["messages"].sum(min_count=1)
        every = pd.date_range(min(days), max(days)).difference(pd.DatetimeIndex(gaps.get(stream, ())))
        known = volume.reindex(every, fill_value=0).dropna().astype(float)
        rows[stream] = known.groupby(pd.DatetimeIndex(known.index).day_of_week).mean().reindex(range(7))
    frame = pd.DataFrame(rows).T
    frame.index.name = "stream"
    return frame


def _daily(dated: pd.DataFrame) -> pd.DataFrame:
    table = dated.pivot_table(index="date", columns="provider", values="messages", aggfunc="sum", observed=True)
    order = table.sum().sort_values(ascending=False, kind="stable").index
    return table[order].astype("Int64")
