"""One sheet per mailbox provider: what there is to send, what may be sent, what is sent, and why not more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from warmup.report.daysheet import PARTS, provider_label
from warmup.report.excel.book import Book, Column, Placed
from warmup.report.words import limit_meaning, limit_name, listing, number

if TYPE_CHECKING:
    from warmup.planner.plan import Plan

SMALL = "small"
"""Id of the clock that small providers share."""
MOST_COMMENTS = 40_000
"""Comments in the workbook. Beyond them the limit stands in its column only: Excel opens each comment as a shape."""
MOST_MEMBERS = 12
"""Providers on a shared clock that get a column of their own."""
MOST_LINES = 8
"""Lines of one comment; pools with many groups of IPs have more clocks than a note can show."""

COLUMNS = (
    Column("Day", "date", 17),
    Column("Kind of day", "text", 13),
    Column("To send", "count", 12, total=True, note="Supply, by the day the customer would have sent it."),
    Column("Cap", "count", 12, note="What ramp and ceilings allow on the new IPs. The note of each cell says why."),
    Column("Sent on the new IPs", "count", 13, total=True),
    Column("Overflow", "count", 12, total=True),
    Column("Via legacy", "count", 12, total=True),
    Column("No place", "count", 10, total=True),
    Column("Share on the new IPs", "share", 12),
    Column("Why not more", "text", 34),
)
CAP, SENT, OVERFLOW, UNPLACED, SHARE = 3, 4, 5, 7, 8


@dataclass(frozen=True)
class Clock:
    """What one sheet shows: the mail that shares a clock, in every pool where it does.

    Attributes:
        key: Provider id in the caps table (``small`` for the clock that small providers share).
        members: Providers whose mail it carries, largest first.
        days: Per day its ``supply, dedicated, overflow, legacy, unplaced``.
        by_member: Messages on the dedicated IPs by day and member.
        caps: Rows of the caps table by day; a day without one has no cap.
    """

    key: str
    members: tuple[str, ...]
    days: dict[date, dict[str, int]]
    by_member: dict[tuple[date, str], int]
    caps: dict[date, list[dict[str, Any]]]

    @property
    def shared(self) -> bool:
        """Whether several providers count together."""
        return self.members != (self.key,)


def clocks(plan: Plan) -> list[Clock]:
    """The clocks of the plan, largest provider first, shared clocks last.

    Each pool and provider belongs to exactly one, so that the sheets add up to the plan.
    """
    keys = _keys(plan)
    pairs = zip(plan.messages["pool"], plan.messages["provider"], strict=True)
    messages = plan.messages.assign(clock=[keys.get(pair, str(pair[1])) for pair in pairs])
    for column in ("date", "origin"):
        messages[column] = pd.to_datetime(messages[column]).dt.date
    caps = plan.caps.assign(date=pd.to_datetime(plan.caps["date"]).dt.date)
    order = {name: n for n, name in enumerate(plan.providers)}
    wanted = sorted({*keys.values(), *messages["clock"]}, key=lambda key: (order.get(key, len(order)), key))
    return [
        _clock(plan, key, keys, messages[messages["clock"] == key], caps[caps["provider"] == key]) for key in wanted
    ]


def _clock(plan: Plan, key: str, keys: dict[tuple[str, str], str], messages: pd.DataFrame, caps: pd.DataFrame) -> Clock:
    own = {provider for (_, provider), clock in keys.items() if clock == key}
    on_new = messages[messages["destination"] == "dedicated"]
    sent: Any = on_new.groupby(["date", "provider"], observed=True)["messages"].sum()
    return Clock(
        key,
        tuple(provider for provider in plan.providers if provider in own) or (key,),
        _days(messages, [value.date() for value in pd.to_datetime(plan.days["date"])]),
        {(value, str(provider)): int(n) for (value, provider), n in sent.items()},
        _by_day(caps),
    )


def _keys(plan: Plan) -> dict[tuple[str, str], str]:
    """Pool and provider to the clock that counts its mail."""
    own = {(str(pool), str(key)) for pool, key in plan.caps[["pool", "provider"]].drop_duplicates().to_numpy()}
    out = {}
    for pool in {pool for pool, _ in own}:
        shared = [key for name, key in own if name == pool and key not in plan.providers and key != SMALL]
        for provider in plan.providers:
            if provider == SMALL:
                continue
            if (pool, provider) in own:
                out[pool, provider] = provider
            elif provider in plan.small_members.get(pool, ()):
                out[pool, provider] = SMALL
            elif shared:
                out[pool, provider] = shared[0]  # a ladder of scope "total": one clock for the pool
    return out


def _days(messages: pd.DataFrame, every: list[date]) -> dict[date, dict[str, int]]:
    out = {value: dict.fromkeys(("supply", *PARTS), 0) for value in every}
    sent: Any = messages.groupby(["date", "destination"], observed=True)["messages"].sum()
    for (value, destination), n in sent.items():
        if value in out:
            out[value][str(destination)] += int(n)
    supply: Any = messages.groupby("origin")["messages"].sum()
    for value, n in supply.items():
        if value in out:
            out[value]["supply"] += int(n)
    return out


def _by_day(caps: pd.DataFrame) -> dict[date, list[dict[str, Any]]]:
    out: dict[date, list[dict[str, Any]]] = {}
    for row in caps.to_dict("records"):
        out.setdefault(row["date"], []).append({str(k): v for k, v in row.items()})
    return out


def write_providers(book: Book, plan: Plan) -> dict[str, Placed]:
    """Write a sheet per clock; returns the provider id of each clock and where its table stands."""
    every = clocks(plan)
    comments = len(every) * len(plan.days) <= MOST_COMMENTS
    kinds = list(plan.days["kind"])
    return {clock.key: _write(book, plan, clock, kinds, comments) for clock in every}


def _write(book: Book, plan: Plan, clock: Clock, kinds: list[str], comments: bool) -> Placed:
    label = provider_label(plan, clock.key)
    sheet = book.sheet(label, colour="#0F766E")
    book.heading(sheet, label, _note(plan, clock))
    members = clock.members if clock.shared and len(clock.members) <= MOST_MEMBERS else ()
    columns = (*COLUMNS, *(Column(provider_label(plan, p), "count", 14, total=True) for p in members))
    data = [_line(clock, value, kind, members) for value, kind in zip(clock.days, kinds, strict=True)]
    placed = book.table(sheet, 2, columns, data)
    _shares(book, placed, data)
    if comments:
        for offset, value in enumerate(clock.days):
            if value in clock.caps:
                book.comment(sheet, placed.first + offset, CAP, why(clock.caps[value]))
    _chart(book, placed, label, len(columns))
    return placed


def _note(plan: Plan, clock: Clock) -> str:
    if clock.shared:
        names = listing(provider_label(plan, member) for member in clock.members[:20])
        more = f" and {len(clock.members) - 20} more" if len(clock.members) > 20 else ""
        return f"One shared clock: {names}{more}."
    small = sorted(pool for pool, members in plan.small_members.items() if clock.key in members)
    if small and clock.caps:
        return f"Without its mail in {listing(small)}: there it shares the clock of the small providers."
    return "All pools together; the note of each cap says what each pool adds and why it stops there."


def _line(clock: Clock, value: date, kind: str, members: tuple[str, ...]) -> list[Any]:
    row = clock.days[value]
    caps = clock.caps.get(value)
    return [
        value,
        kind,
        row["supply"],
        sum(int(cap["cap"]) for cap in caps) if caps else None,
        row["dedicated"],
        row["overflow"],
        row["legacy"],
        row["unplaced"],
        None,
        _limits(caps or []),
        *(clock.by_member.get((value, member), 0) for member in members),
    ]


def _limits(caps: list[dict[str, Any]]) -> str:
    """Why no more is sent; where the pools have different reasons, with the pool of each."""
    by_pool: dict[str, dict[str, None]] = {}
    for cap in caps:
        if cap["limit"]:
            by_pool.setdefault(str(cap["pool"]), {})[limit_name(str(cap["limit"]))] = None
    reasons = {pool: " and ".join(names) for pool, names in by_pool.items()}
    if len(set(reasons.values())) < 2:
        return "".join(set(reasons.values()))
    return "; ".join(f"{pool}: {reason}" for pool, reason in reasons.items())


def why(caps: list[dict[str, Any]]) -> str:
    """Why the cap of a cell is what it is: a line per pool and group of IPs.

    >>> why([{"pool": "news", "ip_group": "news-1", "base": 800.0, "cap": 1200, "sent": 1200, "limit": "ramp"}])
    'news: cap 1,200 from base traffic 800; 1,200 sent. Ramp: the published ramp allows no more yet.'
    """
    groups = {(cap["pool"], cap["ip_group"]) for cap in caps}
    lines = []
    for cap in caps[:MOST_LINES]:
        alone = sum(pool == cap["pool"] for pool, _ in groups) == 1
        where = cap["pool"] if alone else f"{cap['pool']} {cap['ip_group']}"
        meaning = f" {_sentence(str(cap['limit']))}" if cap["limit"] else ""
        amounts = f"cap {number(cap['cap'])} from base traffic {number(cap['base'])}; {number(cap['sent'])} sent."
        lines.append(f"{where}: {amounts}{meaning}")
    if len(caps) > MOST_LINES:
        lines.append(f"… and {len(caps) - MOST_LINES} more groups of IPs.")
    return "\n".join(lines)


def _sentence(limit: str) -> str:
    name, meaning = limit_name(limit), limit_meaning(limit)
    text = f"{name}: {meaning}." if meaning else f"{name}."
    return text[:1].upper() + text[1:]


def _shares(book: Book, placed: Placed, data: list[list[Any]]) -> None:
    for offset, line in enumerate(data):
        row = placed.first + offset
        total = sum(line[SENT : UNPLACED + 1])
        parts = f"E{row + 1}:H{row + 1}"
        value = line[SENT] / total if total else ""
        book.formula(placed.sheet, row, SHARE, f'=IF(SUM({parts})=0,"",E{row + 1}/SUM({parts}))', value, "share")
    for column in (OVERFLOW, UNPLACED):
        if not any(line[column] for line in data):
            placed.sheet.set_column(column, column, None, None, {"hidden": True})


def _chart(book: Book, placed: Placed, label: str, column: int) -> None:
    chart = book.workbook.add_chart({"type": "column"})
    days = f"={placed.elsewhere(0)}"
    chart.add_series(
        {"name": "Sent on the new IPs", "categories": days, "values": f"={placed.elsewhere(SENT)}",
         "fill": {"color": "#0F766E"}, "gap": 20}
    )  # fmt: skip
    cap = book.workbook.add_chart({"type": "line"})
    cap.add_series(
        {"name": "Cap", "categories": days, "values": f"={placed.elsewhere(CAP)}",
         "line": {"color": "#B45309", "width": 1.75}}
    )  # fmt: skip
    chart.combine(cap)
    chart.set_title({"name": f"{label}: sent against cap", "name_font": {"size": 12}, "overlay": False})
    chart.set_x_axis({"date_axis": True, "num_format": "d mmm", "num_font": {"rotation": -45}, "label_position": "low"})
    chart.set_y_axis(
        {
            "name": "messages a day",
            "num_format": "#,##0",
            "major_gridlines": {"visible": True, "line": {"color": "#E2E8F0"}},
        }
    )
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 720, "height": 380})
    chart.show_blanks_as("gap")
    placed.sheet.insert_chart(
        placed.first, column + 1, chart, {"description": f"{label}: messages a day against the cap"}
    )
