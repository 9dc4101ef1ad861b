"""``warmup ramps [NAME]``: the published ladders, side by side or one with all that is known of it."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from warmup.ramps import Ladder, Ramp

PIPE_WIDTH = 140
"""Columns when nobody's terminal says otherwise."""

_BARS = (" ▁▂▃▄▅▆▇█", " .:-=+*#@")
_LOW, _HIGH = 10.0, 1e7
"""Volumes at which a bar is empty and full (log scale); for percentages the same share of the way."""


@click.command("ramps")
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Also excerpts and ramps without published numbers.")
@click.option(
    "--chart", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.svg|png", help="Draw a chart too."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(name: str | None, everything: bool, chart: Path | None, form: str) -> None:
    """Show the published ramps side by side, or one NAME (also a policy) with its day table and where it is from.

    A ramp is what somebody publishes as the way to warm an IP. None comes with evidence; they differ by a factor of
    four in the days to 100,000 a day. Below the list stand the policies of a plan and its starting ceilings.
    """
    _refuse_other_files(chart)
    from warmup.ramps import ramps
    from warmup.ramps.compare import PLANNABLE, by_pace, document

    shown = by_pace(ramp for ramp in ramps().values() if everything or ramp.usable in PLANNABLE)
    one = _one(name) if name is not None else None
    if form == "json":
        import json

        click.echo(json.dumps(document([one] if one else shown), indent=2))
    elif one and name:
        _print_one(one, name)
    else:
        _print_all(shown, hidden=len(ramps()) - len(shown))
    if chart:
        from warmup.ramps.chart import draw_all, draw_one

        if one:
            draw_one(one, chart, shown)
        else:
            draw_all(shown, chart)
        click.echo(f"wrote {click.format_filename(chart)}", err=True)


def _refuse_other_files(chart: Path | None) -> None:
    """Charts are SVG or PNG; said before anything is printed."""
    if chart and chart.suffix.lower() not in (".svg", ".png"):
        raise click.BadParameter(f"{chart.name!r} is neither .svg nor .png", param_hint="--chart")


def _one(name: str) -> Ramp:
    """A ramp, usable or not, or the ramp of a policy."""
    from warmup.ramps import named, ramps

    return ramps()[name] if name in ramps() else named(name)


def _console() -> Console:
    from rich.console import Console

    probe = Console(highlight=False, emoji=False)
    if probe.is_terminal or "COLUMNS" in os.environ:
        return probe
    return Console(highlight=False, emoji=False, width=PIPE_WIDTH)


def _print_all(shown: Sequence[Ramp], hidden: int) -> None:
    console = _console()
    _print_table(console, shown)
    console.print("Days on which a ladder first reaches a volume; – never within it. Sketch: 30 days, log scale.")
    if hidden:
        console.print(f"{hidden} more are excerpts or unpublished: --all. One in full: warmup ramps NAME.")
    console.print()
    _print_policies(console)


Column = tuple[str, str, int, "Callable[[Ramp], str]"]
"""Heading, justification, rank (the highest is dropped first on a narrow terminal) and text of a ramp."""


def _columns(console: Console) -> list[Column]:
    bars = _BARS[0] if (console.encoding or "").lower().startswith("utf") else _BARS[1]
    return [
        ("ramp", "left", 0, lambda ramp: ramp.slug),
        ("publisher", "left", 4, lambda ramp: _cut(ramp.publisher, 18)),
        ("scope", "left", 0, lambda ramp: "IP" if ramp.scope == "per_ip" else "pool"),
        ("start", "right", 0, _start),
        *((heading, "right", rank, _reaching(level)) for heading, rank, level in _REACHED),
        ("usable", "left", 1, lambda ramp: ramp.usable),
        ("seen", "left", 3, lambda ramp: _date(ramp.date_seen)),
        ("sketch", "left", 5, lambda ramp: _sketch(ramp, bars)),
    ]


_REACHED = (("10k", 0, 10_000), ("50k", 2, 50_000), ("100k", 0, 100_000), ("1M", 0, 1_000_000))


def _print_table(console: Console, shown: Sequence[Ramp]) -> None:
    """The comparison; on a narrow terminal the least needed columns give way instead of every cell being folded."""
    from rich.table import Table
    from rich.text import Text

    columns = _columns(console)
    cells = {heading: [text(ramp) for ramp in shown] for heading, _, _, text in columns}
    width = {heading: max(map(len, [heading, *texts])) + 2 for heading, texts in cells.items()}
    while sum(width[heading] for heading, *_ in columns) > console.width and max(rank for _, _, rank, _ in columns):
        columns.remove(max(columns, key=lambda column: column[2]))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading, justify, _, _ in columns:
        table.add_column(heading, justify="right" if justify == "right" else "left", no_wrap=True)
    for row in range(len(shown)):
        table.add_row(*(Text(cells[heading][row]) for heading, *_ in columns))
    console.print(table)


def _start(ramp: Ramp) -> str:
    """The first level; a range where providers differ."""
    from warmup.ramps.compare import compared

    return _range([_volume(ladder.levels[0], ramp) for ladder in _by_start(compared(ramp))])


def _by_start(ladders: Sequence[Ladder]) -> list[Ladder]:
    return sorted(ladders, key=lambda ladder: ladder.levels[0])


def _reaching(level: int) -> Callable[[Ramp], str]:
    def text(ramp: Ramp) -> str:
        from warmup.ramps.compare import compared

        if ramp.unit == "percent":
            return "–"
        days = [ladder.day_reaching(level) for ladder in compared(ramp)]
        reached = sorted(day for day in days if day is not None)
        return _range([str(day) for day in reached] + ["–"] * (len(days) - len(reached)))

    return text


def _range(texts: Sequence[str]) -> str:
    """First and last of sorted texts, once if they are the same; a dash for none."""
    ends = list(dict.fromkeys([texts[0], texts[-1]])) if texts else ["–"]
    return "-".join(ends) if "–" not in ends else ends[0]


def _volume(level: float, ramp: Ramp) -> str:
    return f"{level * 100:.1f} %" if ramp.unit == "percent" else f"{level:,.0f}"


def _date(seen: str) -> str:
    """The date in what a source says of itself, as exact as it says it."""
    found = re.search(r"20\d\d(-\d\d(-\d\d)?)?", seen)
    return found[0] if found else "undated"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _height(level: float, ramp: Ramp) -> float:
    """0 to 1 on the log scale of the sketches."""
    volume = level * _HIGH if ramp.unit == "percent" else level
    return min(1.0, max(0.0, math.log(volume / _LOW) / math.log(_HIGH / _LOW)))


def _sketch(ramp: Ramp, bars: str) -> str:
    """Thirty days in fifteen characters, two days each; blank where a ladder has no end of its own or is over."""
    overall = ramp.overall()
    if overall is None:
        return ""
    table = overall.table(ramp.days)[:30:2]
    return "".join(bars[max(1, round(_height(level, ramp) * (len(bars) - 1)))] for level in table)


def _print_policies(console: Console) -> None:
    from rich.text import Text

    from warmup.ramps import policies

    console.print("Policies of a plan", style="bold")
    for policy in policies().values():
        about = f"{policy.confidence}, {_site(policy.source)}"
        console.print(Text(f"  {policy.name:<13} {policy.title} ({about})"))
    console.print("Starting ceilings", style="bold")
    for line, source in _ceiling_lines().items():
        console.print(Text(f"  {line} ({source})"))


def _ceiling_lines() -> dict[str, str]:
    """A sentence for each ceiling, with its source; groups of one kind share a sentence."""
    from warmup.providers import catalogue
    from warmup.ramps import default_ceilings

    lines: dict[str, list[str]] = {}
    sources: dict[str, str] = {}
    for ceiling in default_ceilings():
        limits = [f"{ceiling.daily:,} a day" if ceiling.daily is not None else ""]
        limits += [f"{ceiling.hourly:,} an hour" if ceiling.hourly is not None else ""]
        text = f"{' and '.join(filter(None, limits))} per {'IP' if ceiling.per == 'ip' else ceiling.per}"
        text += f" for {ceiling.for_sending_days} sending days" if ceiling.for_sending_days else " for good"
        text += f", then at most x {ceiling.growth_after:g} a sending day" if ceiling.growth_after else ""
        text += f"; lifted by {ceiling.unless.upper()}" if ceiling.unless else ""
        lines.setdefault(text, []).append(catalogue().group_name(ceiling.provider))
        sources[text] = f"{ceiling.confidence}, {_site(ceiling.source)}"
    return {f"{_listed(names)}: {text}": sources[text] for text, names in lines.items()}


def _site(source: str) -> str:
    """Where a link leads, short enough for a line; the JSON has it in full."""
    return source.split("/")[2] if source.startswith("https://") else source


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} and {len(names) - 1} gateways"


def _print_one(ramp: Ramp, name: str) -> None:
    """One ramp; ``name`` is what was asked for, which may be a policy."""
    from rich.text import Text

    from warmup.ramps import policies

    console = _console()
    if policy := policies().get(name):
        console.print(Text(f"policy {name}: {policy.title}", style="bold"))
    console.print(Text(f"{ramp.slug}: {ramp.name}", style="bold"))
    scope = "per sending IP" if ramp.scope == "per_ip" else "for the whole pool"
    unit = "messages a day" if ramp.unit == "messages" else "per cent of a final volume"
    for label, text in (
        ("publisher", ramp.publisher),
        ("link", ramp.url),
        ("seen", ramp.date_seen),
        ("levels", f"{unit}, {scope}"),
        ("usable", f"{ramp.usable}: {ramp.why}"),
        ("confidence", ramp.confidence),
        ("notes", ramp.notes),
    ):
        console.print(_hanging(label, text))
    tables = {**ramp.ladders(), **{f"({who}: printed only)": one for who, one in ramp.printed_only.items()}}
    if tables:
        console.print()
        _print_days(console, ramp, tables)


def _hanging(label: str, text: str) -> Any:
    """A label and its text, which keeps to its own column however long it is."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=10)
    grid.add_column(overflow="fold")
    grid.add_row(Text(label, style="dim"), Text(text))
    return grid


def _print_days(console: Console, ramp: Ramp, tables: dict[str, Ladder]) -> None:
    """The day table: one column a ladder; a single ladder with its growth and a bar."""
    from rich.table import Table
    from rich.text import Text

    from warmup.providers import catalogue

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("day", justify="right")
    for who in tables:
        table.add_column("messages" if who == "all" else catalogue().group_name(who), justify="right")
    single = next(iter(tables.values())) if len(tables) == 1 else None
    if single:
        table.add_column("growth", justify="right")
        table.add_column("log scale", no_wrap=True)
    days = list(zip(*(one.table(ramp.days) for one in tables.values()), strict=True))
    bar = "█" if (console.encoding or "").lower().startswith("utf") else "#"
    for day, values in enumerate(days, 1):
        cells = [str(day), *(_volume(value, ramp) for value in values)]
        if single:
            before = days[day - 2][0] if day > 1 else values[0]
            cells += [f"x {values[0] / before:.2f}" if values[0] > before else ""]
            cells += [bar * round(_height(values[0], ramp) * 40)]
        table.add_row(*map(Text, cells))
    console.print(table)
