"""Levers, sizing and latest start as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from warmup.report.terminal import READABLE, Voice
from warmup.report.words import change, day, number, percent, signed

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from warmup.planner.plan import LatestStart, Lever, Sizing

NEVER = "not within the horizon"


@dataclass(frozen=True)
class Levers:
    """What one change at a time would do; give it to a rich console.

    Attributes:
        engaged, all: The plan's own dates, which the changes are counted from.
        levers: The changes.
    """

    engaged: date | None
    all: date | None
    levers: Sequence[Lever]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One line per lever; what must not be done is struck out and says why."""
        voice = Voice(options.ascii_only)
        yield voice.text(f"As planned: ≤ 90 days {_date(self.engaged)}, all in scope {_date(self.all)}.")
        yield Text("")
        table = _table(
            ("change one thing", "left"), ("≤ 90 days", "left"), ("all in scope", "left"), ("on legacy", "right")
        )
        for lever in self.levers:
            table.add_row(
                _what(voice, lever),
                voice.text(_effect(lever.engaged, lever.engaged_delta)),
                voice.text(_effect(lever.all, lever.all_delta)),
                voice.text(signed(lever.legacy_delta)),
            )
        yield table
        yield voice.text(
            "on legacy: messages more or fewer that legacy sends until the plan's own completion", "bright_black"
        )


def _what(voice: Voice, lever: Lever) -> Text:
    text = voice.text(lever.text, "strike" if lever.struck else "")
    if lever.struck:
        text = Text.assemble(voice.text("do not: ", "red"), text)
    if lever.warning:
        text.append_text(voice.text(f" – {lever.warning}", "yellow"))
    return text


def _date(value: date | None) -> str:
    return day(value) if value else NEVER


def _effect(value: date | None, delta: int | None) -> str:
    if value is None:
        return NEVER
    return f"{day(value, year=False)}, {change(delta)}" if delta is not None else f"{day(value)}, now complete"


@dataclass(frozen=True)
class Sizes:
    """How many IPs each pool should have; give it to a rich console."""

    sizing: Sequence[Sizing]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The verdict per pool, and a line per number of IPs."""
        voice = Voice(options.ascii_only)
        for index, sizing in enumerate(self.sizing):
            if index:
                yield Text("")
            yield Text.assemble(voice.text(sizing.pool, "bold"), voice.text(f": {_verdict(sizing)}"))
            yield Text(voice.say(f"{sizing.reason} ({sizing.source})" if sizing.source else sizing.reason))
            yield from _size_rows(voice, sizing)


def _verdict(sizing: Sizing) -> str:
    wanted = "no dedicated IP, the shared pool carries it better"
    if sizing.recommended:
        wanted = f"{sizing.recommended} dedicated IP{'s' if sizing.recommended != 1 else ''}"
    return (
        f"{wanted}, as planned." if sizing.recommended == sizing.planned else f"{wanted} (planned: {sizing.planned})."
    )


def _size_rows(voice: Voice, sizing: Sizing) -> Iterator[Any]:
    if not sizing.rows:
        return
    table = _table(
        ("IPs", "right"), ("≤ 90 days", "left"), ("all in scope", "left"), ("largest day per IP", "right"), ("", "left")
    )
    for row in sizing.rows:
        load = f"{number(row.peak_load)} ({percent(row.capacity_share)})" if row.ips else "–"
        note = f"{row.verdict}: {row.note}" if row.note else row.verdict
        mark = "bold" if row.ips == sizing.recommended else ""
        dates = [voice.text(day(d, year=False) if d else "–") for d in (row.engaged, row.all)]
        table.add_row(voice.text(row.ips, mark), *dates, voice.text(load), voice.text(note, mark))
    yield table


@dataclass(frozen=True)
class Latest:
    """The last safe day to start; give it to a rich console.

    Attributes:
        start: The scenario's own first sending day.
        latest: The answer.
    """

    start: date
    latest: LatestStart

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The answer, why, and the starts that were tried."""
        voice, latest = Voice(options.ascii_only), self.latest
        yield voice.text(headline(self.start, latest), "bold")
        if latest.reason:
            yield voice.text(latest.reason)
        if latest.tried:
            yield Text("")
            table = _table(("start", "left"), ("complete", "left"), ("in time", "right"))
            for start, share, done in latest.tried:
                table.add_row(*(voice.text(t) for t in (day(start), _date(done), percent(share))))
            yield table


def headline(start: date, latest: LatestStart) -> str:
    """The answer in one line."""
    limit = f" to be complete by {day(latest.deadline)}" if latest.deadline else ""
    if latest.day is None:
        return f"No start is early enough{limit}; with today's lead times {day(latest.earliest)} is the first possible day."
    sure = f" ({percent(latest.probability)} of the futures in time)" if latest.probability is not None else ""
    own = f" The planned start, {day(start)}, is "
    own += "in time." if start <= latest.day else f"{(start - latest.day).days} days too late."
    return f"Start on {day(latest.day)} at the latest{limit}{sure}; on {day(latest.earliest)} at the earliest.{own}"


def _table(*columns: tuple[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for title, justify in columns:
        table.add_column(title, justify=justify, overflow="fold", max_width=READABLE // 2)
    return table
