"""What exports say, for a terminal: days, gaps, rhythm, streams, providers, and how mail fared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.table import Table
from rich.text import Text

from warmup.report.terminal import READABLE, Voice
from warmup.report.terminal_tables import plain_table
from warmup.report.words import count, day, few, known_part, number, percent, short_number
from warmup.traffic.overview import RATES as QUOTIENTS

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from warmup.traffic.exports import Exports, PlatformExport
    from warmup.traffic.overview import Overview
    from warmup.traffic.recipients.tiers import RecipientTiers
    from warmup.traffic.supply import Note

UNKNOWN = "?"
"""Stands where nobody knows: never 0."""

RATES = (
    ("delivered", "delivered", 1),
    ("hard", "hard", 2),
    ("blocked", "block", 2),
    ("deferred", "deferred", 2),
    ("complaints", "complaint", 3),
    ("opened", "open_human", 1),
    ("clicked", "click", 1),
)
"""Heading, rate of :data:`warmup.traffic.overview.RATES`, digits; the more telling ones first."""

MEANINGS = {
    "hard": "hard bounces (no such mailbox)",
    "blocked": "refused for reputation, policy or content",
    "opened": "opened by people",
}
"""What headings are short for."""

MOST_PROVIDERS, MOST_STREAMS, MOST_NOTES = 20, 20, 30
_BARS, _ASCII_BARS = "▁▂▃▄▅▆▇█", ".:-=+*#@"
_INITIALS = "MTWTFSS"
_STREAM_WIDTH, _PROVIDER_WIDTH, _NAME_WIDTH = 66, 46, 27
"""Columns that the tables take without their rates."""


class TrafficView:
    """What was read, in about a screen; give it to a rich console.

    Attributes:
        exports: What was read and classified.
        facts: The overview of it.
        names: Mailbox provider id to display name.
    """

    def __init__(self, exports: Exports, facts: Overview, names: dict[str, str]) -> None:
        self.exports, self.facts, self.names = exports, facts, names

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay it out for the width and the characters of the terminal."""
        voice, width = Voice(options.ascii_only), options.max_width
        for platform in self.exports.platforms:
            yield voice.text(_read(platform), "bold")
        yield Text("")
        for line in self._days():
            yield voice.text(line)
        yield Text("")
        known = [entry for entry in RATES if _known(self.facts.providers[entry[1]])]
        yield self._streams(voice, _fitting(known, width - _STREAM_WIDTH))
        shown = _fitting(known, width - _PROVIDER_WIDTH)
        yield self._providers(voice, shown)
        while rest := _fitting(known[len(shown) :], width - _NAME_WIDTH):  # a narrow terminal leaves nothing out
            yield self._providers(voice, rest, volumes=False)
            shown += rest
        for line in self._without_share():
            yield voice.text(line)
        if any(pd.isna(value) for _, rate, _ in known for value in self.facts.providers[rate]):
            yield voice.text(f"{UNKNOWN}: not said by the export that counts these messages.")
        short = [f"{head}: {MEANINGS[head]}" for head, _, _ in shown if head in MEANINGS]
        if short:
            yield voice.text("; ".join(short) + ".", "bright_black")
        yield from notes_of(voice, self.exports.notes)

    def _days(self) -> Iterator[str]:
        facts = self.facts
        yield f"{count(facts.messages, 'message')} sent, as far as the exports say."
        if facts.first and facts.last:
            yield (
                f"{day(facts.first)} to {day(facts.last)}: {count(facts.span, 'day')}, mail on {number(facts.days)} of "
                f"them."
            )
        if facts.undated:
            yield f"{percent(facts.undated)} of them stand in sums over a whole period, without days."
        for stream, days in facts.gaps.items():
            shown = few([day(one, year=False) for one in days], 5)
            yield f"Gap in {_stream(stream)}: no rows on {shown}, though such days usually have some: unknown, not 0."
        yield known_part(facts.unclassified)

    def _without_share(self) -> Iterator[str]:
        """What stands in no column: nobody counts it, or of what it is a share is not known."""
        facts = self.facts
        without = [(heading, rate) for heading, rate, _ in RATES if not _known(facts.providers[rate])]
        unknown = [_meaning(heading) for heading, rate in without if QUOTIENTS[rate][0] in facts.unknown]
        if unknown:
            yield f"The exports do not say: {'; '.join(unknown)}. Unknown is not 0."
        without = [(heading, rate) for heading, rate in without if rate not in facts.exceeding]
        counted = [_meaning(heading) for heading, rate in without if QUOTIENTS[rate][0] not in facts.unknown]
        if counted:
            yield f"Known, but not as a share of each provider's mail: {'; '.join(counted)}."
        beyond = [heading for heading, rate, _ in RATES if rate in facts.exceeding]
        if beyond:
            yield (
                f"No share where more was counted than there was mail: {'; '.join(beyond)}. Some of it is of mail that "
                "the exports do not hold."
            )

    def _streams(self, voice: Voice, rates: Sequence[tuple[str, str, int]]) -> Table:
        table = plain_table(
            voice, ("stream", "left", 8), ("messages", "right", 8), ("days", "right"), ("largest day", "right"),
            (f"week {_INITIALS}", "left", 7), *((heading, "right", 8) for heading, _, _ in rates),
        )  # fmt: skip
        for name, row in self.facts.streams.head(MOST_STREAMS).iterrows():
            rhythm = self.facts.rhythm
            week = rhythm[rhythm.index == name].to_numpy(dtype=float).ravel().tolist()
            largest = UNKNOWN if pd.isna(row["largest_day"]) else number(row["largest_day"])
            cells = [_stream(str(name)), number(row["messages"]), number(row["days"]), largest]
            cells += [sparkline(voice, week), *(_rate(row[rate], digits) for _, rate, digits in rates)]
            table.add_row(*(voice.text(cell) for cell in cells))
        return table

    def _providers(self, voice: Voice, rates: Sequence[tuple[str, str, int]], *, volumes: bool = True) -> Table:
        volume = (("messages", "right", 8), ("share", "right", 7)) if volumes else ()
        headings = [(heading, "right", 8) for heading, _, _ in rates]
        table = plain_table(voice, ("mailbox provider", "left", 21), *volume, *headings)
        providers = self.facts.providers
        for name, row in providers.head(MOST_PROVIDERS).iterrows():
            cells = [self.names.get(str(name), str(name))]
            cells += [short_number(row["messages"]), percent(row["share"], 1)] if volumes else []
            table.add_row(*(voice.text(x) for x in [*cells, *(_rate(row[rate], digits) for _, rate, digits in rates)]))
        if len(providers) > MOST_PROVIDERS:
            table.add_row(voice.text(f"and {len(providers) - MOST_PROVIDERS} more"))
        return table


class TiersView:
    """Recipients by engagement tier; give it to a rich console.

    Attributes:
        tiers: The counts.
    """

    def __init__(self, tiers: RecipientTiers) -> None:
        self.tiers = tiers

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """How many reacted within how many days, with opens and without."""
        voice, tiers = Voice(options.ascii_only), self.tiers
        yield voice.text(f"{count(tiers.recipients, 'recipient')}, counted on {day(tiers.rule.as_of)}.", "bold")
        table = plain_table(
            voice, ("reacted within", "left"), ("with opens", "right"), ("share", "right"),
            ("clicks, purchases, sign-ups only", "right"), ("share", "right"),
        )  # fmt: skip
        total = max(1, tiers.recipients)
        for days, opens, clicks in tiers.engaged().itertuples(index=False):
            table.add_row(*map(voice.text, (f"{days} days", *_part(opens, total), *_part(clicks, total))))
        for title, name in (("only machines opened", "machine_open_only"), ("longer ago, or never", "older_or_never")):
            table.add_row(*map(voice.text, (title, *_part(tiers.counts[name].sum(skipna=False), total))))
        yield table
        yield from notes_of(voice, tiers.notes)


def notes_of(voice: Voice, notes: tuple[Note, ...]) -> Iterator[Any]:
    """What the reader must know, warnings first."""
    ordered = sorted(notes, key=lambda note: note.level != "warning")
    for note in ordered[:MOST_NOTES]:
        where = f"{note.source}: " if note.source else ""
        mark, style = ("!", "yellow") if note.level == "warning" else ("-", "")
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=1)
        grid.add_column(max_width=READABLE, overflow="fold")
        grid.add_row(voice.text(mark, style), voice.text(where + note.text))
        yield grid
    if len(ordered) > MOST_NOTES:
        yield voice.text(f"and {len(ordered) - MOST_NOTES} more notes")


def sparkline(voice: Voice, values: list[float]) -> str:
    """Values as a row of bars, the largest full; a blank where there is none."""
    bars = _ASCII_BARS if voice.ascii else _BARS
    known = [value for value in values if value == value]
    top = max(known, default=0.0)
    if top <= 0:
        return ""
    return "".join(
        " " if value != value or value <= 0 else bars[min(len(bars) - 1, int(value / top * len(bars)))]
        for value in values
    )


def _read(platform: PlatformExport) -> str:
    """How much was read from a platform's files, and what of it did not count."""
    result = platform.result
    parts = [f"{platform.title}: {count(len(platform.files), 'file')}, {count(result.records, 'record')}"]
    parts += [f"{count(result.copies, 'copy', 'copies')} dropped"] if result.copies else []
    parts += [f"{number(result.unused)} of kinds that nothing counts"] if result.unused else []
    if result.damage.count:
        parts.append(f"{number(result.damage.count)} damaged ({percent(result.damaged_share, 2)})")
    return ", ".join(parts)


def _meaning(heading: str) -> str:
    return MEANINGS.get(heading, heading)


def _stream(name: str) -> str:
    return name or "(no stream named)"


def _rate(value: float | None, digits: int) -> str:
    return UNKNOWN if value is None or pd.isna(value) else percent(value, digits)


def _fitting(rates: Sequence[tuple[str, str, int]], width: int) -> list[tuple[str, str, int]]:
    """The first rates that a terminal has room for."""
    taken: list[tuple[str, str, int]] = []
    for rate in rates:
        width -= max(len(rate[0]), 8) + 2
        if width < 0:
            break
        taken.append(rate)
    return taken


def _part(recipients: Any, total: int) -> tuple[str, str]:
    """Recipients and their share, where they are known."""
    return (UNKNOWN, UNKNOWN) if pd.isna(recipients) else (number(int(recipients)), percent(recipients / total))


def _known(rates: pd.Series[float]) -> bool:
    return bool(rates.notna().any())
