"""Levers, sizing and latest start as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from warmup.report.opening import sentence
from warmup.report.terminal import READABLE, Voice
from warmup.report.words import count, day, day_month, in_time, listing, number, percent, signed, size_date, verdict

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from warmup.planner.plan import LatestStart, Lever, Sizing

NEVER = "not within the horizon"
MOST_STARTS = 14
"""Lines of tried start dates at most."""


@dataclass(frozen=True)
class Levers:
    """What one change at a time would do; give it to a rich console.

    Attributes:
        engaged, all: The plan's own dates, which the changes are counted from.
        levers: The changes.
        names: Mailbox provider id to display name.
    """

    engaged: date | None
    all: date | None
    levers: Sequence[Lever]
    names: Mapping[str, str] = field(default_factory=dict)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One line per lever; what must not be done is struck out and says why."""
        voice = Voice(options.ascii_only)
        yield voice.text(f"As planned: ≤ 90 days {_date(self.engaged)}, all in scope {_date(self.all)}.")
        yield Text("")
        dates = ("left", 17)
        table = plain_table(
            voice,
            ("change one thing", "left"),
            ("≤ 90 days, ± days", *dates),
            ("all, ± days", *dates),
            ("on legacy", "right"),
        )
        for lever in self.levers:
            table.add_row(
                _what(voice, lever, self.names),
                voice.text(_effect(lever.engaged, lever.engaged_delta)),
                voice.text(_effect(lever.all, lever.all_delta)),
                voice.text(signed(lever.legacy_delta)),
            )
        yield table
        yield voice.text("on legacy: messages more or fewer than planned, until the planned completion", "bright_black")


def _what(voice: Voice, lever: Lever, names: Mapping[str, str]) -> Text:
    text = voice.text(lever.text, "strike" if lever.struck else "")
    if lever.struck:
        text = Text.assemble(voice.text("Do not: ", "red"), text)
    if lever.warning:
        text.append_text(voice.text(f". {sentence(lever.warning)}", "yellow"))
    if lever.except_providers:
        but = listing(names.get(provider, provider) for provider in lever.except_providers)
        text.append_text(voice.text(f" (all but {but})"))
    return text


def _date(value: date | None) -> str:
    return day(value) if value else NEVER


def _effect(value: date | None, delta: int | None) -> str:
    """The new date and how many days it is from the plan's: ``29 Mar 2027 +20``."""
    if value is None:
        return "not complete"
    return f"{day_month(value)} {value.year} {'' if delta is None else signed(delta)}".rstrip()


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
            yield voice.text(sentence(sizing.reason))
            if sizing.source:
                yield voice.text(sizing.source, "bright_black")
            yield from _size_rows(voice, sizing)


def _verdict(sizing: Sizing) -> str:
    if not sizing.enough:
        return f"more or fewer IPs would not cure it; {count(sizing.planned, 'dedicated IP')} planned."
    wanted = "no dedicated IP, the shared pool carries it better"
    if sizing.recommended:
        wanted = f"{sizing.recommended} dedicated IP{'s' if sizing.recommended != 1 else ''}"
    return (
        f"{wanted}, as planned." if sizing.recommended == sizing.planned else f"{wanted} (planned: {sizing.planned})."
    )


def _size_rows(voice: Voice, sizing: Sizing) -> Iterator[Any]:
    if not sizing.rows:
        return
    table = plain_table(
        voice,
        ("IPs", "right"),
        ("≤ 90 days", "left"),
        ("all in scope", "left"),
        ("largest day per IP", "right"),
        ("", "left"),
    )
    notes: dict[str, int] = {}
    for row in sizing.rows:
        load = f"{number(row.peak_load)} ({percent(row.capacity_share)})" if row.ips else "–"
        mark = "bold" if row.ips == sizing.recommended else ""
        dates = [voice.text(size_date(row, d)) for d in (row.engaged, row.all)]
        said = (
            f"{verdict(sizing, row)} [{notes.setdefault(row.note, len(notes) + 1)}]"
            if row.note
            else verdict(sizing, row)
        )
        table.add_row(voice.text(row.ips, mark), *dates, voice.text(load), voice.text(said, mark))
    yield table
    for note, n in notes.items():
        yield voice.text(f"[{n}] {sentence(note)}")


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
            yield voice.text(sentence(latest.reason))
        if any(share for _, share, _ in latest.tried):  # else the reason has said it all
            yield Text("")
            table = plain_table(voice, ("start", "left"), ("complete", "left"), ("in time", "right"))
            for start, share, done in latest.tried[:: -(-len(latest.tried) // MOST_STARTS)]:
                table.add_row(*(voice.text(t) for t in (day(start), _date(done), in_time(share))))
            yield table


def headline(start: date, latest: LatestStart) -> str:
    """The answer in one line."""
    limit = f" to be complete by {day(latest.deadline)}" if latest.deadline else ""
    if latest.day is None:
        earliest = f"{day(latest.earliest)} is the first possible day with today's lead times"
        return f"No start is early enough{limit}; {earliest}."
    sure = f" ({percent(latest.probability)} of the cases in time)" if latest.probability is not None else ""
    own = f" The planned start, {day(start)}, is "
    own += "in time." if start <= latest.day else f"{(start - latest.day).days} days too late."
    return f"Start on {day(latest.day)} at the latest{limit}{sure}; on {day(latest.earliest)} at the earliest.{own}"


def plain_table(voice: Voice, *columns: tuple[Any, ...]) -> Table:
    """A table with columns of (heading, side, least width)."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for title, justify, *width in columns:
        table.add_column(
            voice.say(title), justify=justify, overflow="fold", max_width=READABLE // 2, min_width=max([0, *width])
        )
    return table
