"""The day sheet as the page shows it: weeks of days, streams within a day, and as few words as will select the people.

The rows come from :mod:`warmup.report.daysheet`. Here cells with the same threshold share one, tiers that go whole
share a line, and once nothing changes any more a day is one line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from warmup.report import words
from warmup.report.daysheet import last_shown, provider_label, rows, tier_label, window
from warmup.report.series import offsets

if TYPE_CHECKING:
    from warmup.planner.plan import Plan

WHOLE = ("", "supply", "control")
"""Limits of a cell of which everything goes to the new IPs that may (all but the control group)."""
CAREFUL_DAYS = 14
"""Sending days in which no hour carries more than a tenth of the day (BillionMail 1/10, Mailtrap 1/5)."""
SLICES = 4
LEFT_OUT = "left out"
ALL = "all recipients"
SHARED = 4
"""From so many providers on, those that go whole with one threshold are "all others"."""

KIND_WORDS = {
    "silent": "Nothing is sent.",
    "legacy-only": "Everything goes via legacy.",
    "freeze": "No growth today.",
    "peak": "Peak day: no growth.",
}


@dataclass(frozen=True)
class Cell:
    """Messages to one provider from the new IPs; ``provider`` is its place in the plan's order (-1: unknown)."""

    provider: int
    name: str
    messages: int
    limit: str


@dataclass(frozen=True)
class Group:
    """Providers that share one threshold: ``3700``, or ``1200–3700`` on the later days of a spread send.

    ``others``: they are all providers but those that other groups of the line name, and say "all others" (with the
    providers that wait altogether, e.g. "all others but T-Online"); empty: name them.
    """

    bounds: str
    cells: tuple[Cell, ...]
    others: str = ""

    @property
    def messages(self) -> int:
        """Messages to all of them."""
        return sum(c.messages for c in self.cells)


@dataclass(frozen=True)
class TierLine:
    """What goes to the new IPs for one tier, or for several that go whole; ``everyone``: one threshold everywhere."""

    label: str
    groups: tuple[Group, ...]
    everyone: bool

    @property
    def messages(self) -> int:
        """Messages on the line."""
        return sum(g.messages for g in self.groups)


@dataclass(frozen=True)
class Block:
    """One stream on one day: lines for the new IPs, who waits (with the reason), and where the rest goes."""

    stream: str
    origin: date | None
    messages: int
    lines: tuple[TierLine, ...]
    waiting: tuple[str, ...]
    rest: str

    @property
    def settled(self) -> str:
        """The one threshold when all open tiers go whole everywhere; empty otherwise."""
        waits = any(not text.startswith(LEFT_OUT) for text in self.waiting)
        whole = len(self.lines) == 1 and self.lines[0].everyone and not waits
        return self.lines[0].groups[0].bounds if whole else ""


@dataclass(frozen=True)
class Day:
    """One day. ``unchanged``: all streams are settled and their thresholds are those of their last send."""

    day: date
    hours: str
    dedicated: int
    supply: int
    note: str
    blocks: tuple[Block, ...]
    unchanged: bool = False


@dataclass(frozen=True)
class Week:
    """Monday to Sunday."""

    monday: date
    days: tuple[Day, ...]

    @property
    def dedicated(self) -> int:
        """Messages on the new IPs in the week."""
        return sum(d.dedicated for d in self.days)

    @property
    def supply(self) -> int:
        """All messages of the week."""
        return sum(d.supply for d in self.days)


def weeks(plan: Plan) -> tuple[Week, ...]:
    """Every day from the first send to two weeks after completion (or the plan's end), by week."""
    by_monday: dict[date, list[Day]] = {}
    for item in _mark_unchanged(_days(plan)):
        by_monday.setdefault(item.day - timedelta(item.day.weekday()), []).append(item)
    return tuple(Week(monday, tuple(days)) for monday, days in by_monday.items())


def slice_times(plan: Plan) -> tuple[str, ...]:
    """Start times of the even slices of a careful day, e.g. 09:00, 11:30, 14:00 and 16:30."""
    hours = plan.scenario.calendar.window
    start = datetime.combine(plan.first, hours.first)
    step = timedelta(hours=hours.hours) / SLICES
    return tuple(words.clock((start + step * n).time()) for n in range(SLICES))


def careful_until(plan: Plan) -> date | None:
    """The last of the first 14 days on which the new IPs send; None when there are fewer."""
    sending = plan.days[plan.days["dedicated"] > 0]
    if len(sending) < CAREFUL_DAYS:
        return None
    return plan.first + timedelta(int(sorted(offsets(plan, sending))[CAREFUL_DAYS - 1]))


def _days(plan: Plan) -> list[Day]:
    end = last_shown(plan)
    table = rows(plan)
    sheet = {day: list(items) for day, items in groupby(table.to_dict("records"), key=itemgetter("date"))}
    hours = window(plan)
    out = []
    totals = zip(offsets(plan, plan.days), plan.days["dedicated"], plan.days["supply"], plan.days["kind"], strict=True)
    for at, dedicated, supply, kind in totals:
        day = plan.first + timedelta(int(at))
        if day > end:
            break
        blocks = _blocks(plan, day, sheet.get(day, []))
        note = KIND_WORDS.get(str(kind), "")
        out.append(Day(day, hours, int(dedicated), int(supply), note or ("" if blocks else "Nothing is due."), blocks))
    return out


def _blocks(plan: Plan, day: date, records: list[Any]) -> tuple[Block, ...]:
    keyed = sorted(
        records, key=lambda r: (plan.streams.index(r["stream"]) if r["stream"] in plan.streams else 99, r["origin"])
    )
    return tuple(
        _block(plan, stream, None if origin == day else origin, list(items))
        for (stream, origin), items in groupby(keyed, key=itemgetter("stream", "origin"))
    )


def _block(plan: Plan, stream: str, origin: date | None, records: list[Any]) -> Block:
    order = {tier: n for n, tier in enumerate(plan.tiers)}
    records = sorted(records, key=lambda r: order.get(r["tier"], len(order)))
    lines: list[TierLine] = []
    waiting: dict[str, list[str]] = {}
    for tier, items in groupby(records, key=itemgetter("tier")):
        cells = list(items)
        if any(c["dedicated"] for c in cells):
            lines.append(_line(plan, tier_label(tier), cells))
        else:
            waiting.setdefault(_reason(cells), []).append(tier_label(tier))
    sums = {part: sum(r[part] for r in records) for part in ("overflow", "legacy", "unplaced")}
    vias = {"overflow": "via overflow", "legacy": "via legacy", "unplaced": "with no place to go"}
    open_tiers = len(lines) + len(waiting.get(LEFT_OUT, ()))
    everyone = open_tiers == len({r["tier"] for r in records})
    rest = words.listing(f"{words.number(sums[part])} {via}" for part, via in vias.items() if sums[part])
    return Block(
        stream=stream,
        origin=origin,
        messages=sum(r["dedicated"] for r in records),
        lines=tuple(_merge(lines, everyone)),
        waiting=tuple(f"{reason}: {_tier_labels(tiers)}" for reason, tiers in waiting.items()),
        rest=rest,
    )


def _reason(cells: list[Any]) -> str:
    limits = {c["limit"] for c in cells}
    if limits <= {"out-of-scope"}:
        return LEFT_OUT
    if "tier" in limits:
        return "joins later"
    return "no room yet"


def _line(plan: Plan, label: str, records: list[Any]) -> TierLine:
    order = {provider: n for n, provider in enumerate(plan.providers)}
    groups: dict[str, list[Cell]] = {}
    for r in records:
        if r["dedicated"]:
            cell = Cell(order.get(r["provider"], -1), provider_label(plan, r["provider"]), r["dedicated"], r["limit"])
            groups.setdefault(_bounds(r["threshold_from"], r["threshold"]), []).append(cell)
    whole = len(groups) == 1 and all(r["limit"] in WHOLE for r in records)
    made = [Group(bounds, tuple(cells)) for bounds, cells in groups.items()]
    closed = [provider_label(plan, r["provider"]) for r in records if not r["dedicated"]]
    if not whole and len(closed) < SHARED:
        made = _others_last(made, closed)
    return TierLine(label, tuple(made), everyone=whole)


def _others_last(groups: list[Group], closed: list[str]) -> list[Group]:
    """The largest group that goes whole, if it is large, becomes "all others" at the end."""
    whole = [g for g in groups if len(g.cells) >= SHARED and all(c.limit in WHOLE for c in g.cells)]
    if not whole:
        return groups
    largest = max(whole, key=lambda g: len(g.cells))
    name = "all others" if len(groups) > 1 else "all"
    others = f"{name} but {words.listing(closed)}" if closed else name
    return [*(g for g in groups if g is not largest), replace(largest, others=others)]


def _bounds(low: int, high: int) -> str:
    return f"{low}–{high}" if low else str(high)


def _merge(lines: list[TierLine], everyone: bool) -> Iterable[TierLine]:
    """Neighbouring tiers that go whole with one threshold share a line; ``everyone``: no tier waits."""
    whole = [line for line in lines if line.everyone]
    if everyone and len(whole) == len(lines) > 1 and len({line.groups[0].bounds for line in whole}) == 1:
        yield _joined(ALL, whole)
        return
    for (is_whole, _), items in groupby(
        lines, key=lambda line: (line.everyone, line.groups[0].bounds if line.everyone else line.label)
    ):
        found = list(items)
        if is_whole and len(found) > 1:
            yield _joined(_tier_labels([line.label for line in found]), found)
        else:
            yield from found


def _tier_labels(labels: list[str]) -> str:
    """``engaged ≤ 30, 31–60 and 61–90 days`` rather than three times the same words."""
    engaged = [x.removeprefix("engaged ").removesuffix(" days") for x in labels if x.startswith("engaged ")]
    others = [x for x in labels if not x.startswith("engaged ")]
    if len(engaged) < 2:
        return words.listing(labels)
    return "; ".join([f"engaged {words.listing(engaged)} days", *([words.listing(others)] if others else [])])


def _joined(label: str, lines: list[TierLine]) -> TierLine:
    by_provider: dict[int, Cell] = {}
    for cell in (c for line in lines for g in line.groups for c in g.cells):
        seen = by_provider.get(cell.provider)
        by_provider[cell.provider] = replace(cell, messages=cell.messages + seen.messages) if seen else cell
    return TierLine(label, (Group(lines[0].groups[0].bounds, tuple(by_provider.values())),), everyone=True)


def _mark_unchanged(days: list[Day]) -> list[Day]:
    """Mark days that repeat the thresholds of every stream's last send, from the day on which that stays so."""
    last: dict[str, str] = {}
    same = []
    for item in days:
        now = {b.stream: b.settled for b in item.blocks}
        same.append(bool(now) and all(v and last.get(s) == v for s, v in now.items()))
        last.update(now)
    return [replace(item, unchanged=flag) for item, flag in zip(days, same, strict=True)]
