"""``warmup traffic capabilities [PLATFORM]``: what each export can say, and what it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from warmup.cli.options import format_option

if TYPE_CHECKING:
    from rich.console import Console

    from warmup.traffic.capabilities import Capability

SCHEMA_VERSION = 1

HEADINGS: dict[str, tuple[str, str]] = {
    "injected": ("inj-", "ected"),
    "delivered": ("deliv-", "ered"),
    "hard": ("", "hard"),
    "soft": ("", "soft"),
    "block": ("", "block"),
    "deferred_msgs": ("defer.", "msgs"),
    "deferred_events": ("defer.", "events"),
    "oob": ("", "oob"),
    "suppressed": ("sup-", "pr."),
    "complaint": ("com-", "plaint"),
    "unsub": ("", "unsub"),
    "click": ("", "click"),
    "open_human": ("open", "human"),
    "open_any": ("open", "any"),
}
"""Measures as headings of two lines."""

_SHOWN = {"NULL": "–"}
_STYLES = {"yes": "green", "no IP": "", "if": "yellow", "?": "yellow", "NULL": "red"}

LEGEND = (
    ("yes", "said, also by sending IP"),
    ("no IP", "said, but the sending IP is not (or by another event of the message)"),
    ("if", "said under a condition"),
    ("?", "perhaps; not checked, so NULL until a file shows it"),
    ("–", "cannot say: NULL, never 0"),
    ("*", "counted in a way of its own"),
)


@click.command("capabilities")
@click.argument("platform", required=False)
@format_option
def command(platform: str | None, form: str) -> None:
    """Show what each export can say, or all that is known of one PLATFORM (or one export of it).

    A plan rests on what was measured. What an export cannot say is NULL everywhere after it, never 0; what nobody
    checked is said to be so.
    """
    from warmup.traffic.capabilities import capabilities

    chosen = _chosen(platform) if platform is not None else capabilities()
    if form == "json":
        _print_json(chosen)
    elif platform is None:
        _print_all(chosen)
    else:
        _print_each(chosen)


def _chosen(name: str) -> Mapping[str, Capability]:
    """Exports of a platform, or one export.

    Raises:
        InputError: Nothing is called so.
    """
    from warmup.errors import InputError, Problem
    from warmup.traffic.capabilities import capabilities
    from warmup.traffic.wording import quote

    known = capabilities()
    found = {export: record for export, record in known.items() if name == record.platform}
    if not found and name in known:
        return {name: known[name]}
    if not found:
        from warmup.traffic.columns import did_you_mean

        platforms = dict.fromkeys(record.platform for record in known.values())
        fix = did_you_mean(name, [*platforms, *known]) or f"take one of {', '.join(platforms)}"
        raise InputError(Problem("warmup traffic capabilities", f"{quote(name)} is not known", fix))
    return found


def _print_json(chosen: Mapping[str, Capability]) -> None:
    from warmup.cli.options import print_json
    from warmup.traffic.capabilities import CONFIDENCE
    from warmup.traffic.measures import MEASURES

    names = ("title", "platform", "kind", "rows", "per_ip", "retention", "source", "date", "confidence")
    exports = {
        name: {
            **{field: getattr(record, field) for field in names},
            "measures": {measure: record.says(measure) for measure in MEASURES},
            "only_if": dict(record.only_if),
            "differs": dict(record.differs),
        }
        for name, record in chosen.items()
    }
    print_json(SCHEMA_VERSION, exports=exports, confidence=dict(CONFIDENCE))


def _print_all(chosen: Mapping[str, Capability]) -> None:
    """The matrix, in halves where the terminal is narrow; how far back each goes; how to read it."""
    from warmup.cli.options import console as made
    from warmup.traffic.measures import MEASURES

    console = made()
    halves = [MEASURES] if console.width >= _width(chosen, MEASURES) else [MEASURES[:8], MEASURES[8:]]
    for measures in halves:
        _print_matrix(console, chosen, measures)
        console.print()
    for sign, meaning in LEGEND:
        console.print(f"{sign:<6} {meaning}")
    console.print()
    _print_pairs(console, "How far back", {name: record.retention for name, record in chosen.items()})
    console.print("What differs (*), conditions and sources: warmup traffic capabilities NAME")


def _width(chosen: Mapping[str, Capability], measures: Sequence[str]) -> int:
    """Columns that a matrix takes."""
    return max(map(len, chosen)) + sum(1 + max(6, *map(len, HEADINGS[name])) for name in measures) + 1


def _print_matrix(console: Console, chosen: Mapping[str, Capability], measures: Sequence[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("\nexport", no_wrap=True)
    for name in measures:
        table.add_column("\n".join(HEADINGS[name]), no_wrap=True)
    kind = ""
    for name, record in chosen.items():
        if record.kind != kind:
            kind = record.kind
            table.add_row(Text(f"{kind}:", style="bold"))
        table.add_row(Text(name), *(_cell(record, measure) for measure in measures))
    console.print(table)


def _cell(record: Capability, measure: str) -> Any:
    from rich.text import Text

    says = record.says(measure)
    # A note about something that is not said would promise a number that does not come.
    star = "*" if measure in record.differs and says not in ("NULL", "?") else ""
    return Text(_SHOWN.get(says, says) + star, style=_STYLES[says])


def _print_each(chosen: Mapping[str, Capability]) -> None:
    """Everything that is known of some exports."""
    from rich.text import Text

    from warmup.cli.options import console as made
    from warmup.traffic.capabilities import CONFIDENCE

    console = made()
    for name, record in chosen.items():
        console.print(Text(f"{name}: {record.title}", style="bold"))
        facts = {
            "kind": f"{record.kind}; {record.rows}",
            "how far back": record.retention,
            "source": f"{record.source} ({record.date:%Y-%m})",
            "confidence": f"{record.confidence}: {CONFIDENCE[record.confidence]}",
        }
        if record.per_ip:
            facts["by IP"] = record.per_ip
        general = {what: how for what, how in record.differs.items() if what in ("date", "ip", "counts")}
        _print_pairs(console, "", facts | general)
        console.print()
        _print_measures(console, record)
        console.print()
    console.print(Text(f"To ask for it: warmup traffic request --platform {next(iter(chosen.values())).platform}"))


def _print_measures(console: Console, record: Capability) -> None:
    """One line a measure: whether it is said, under which condition and how it differs."""
    from rich.table import Table
    from rich.text import Text

    from warmup.traffic.measures import MEASURES

    meaning = {"yes": "yes", "no IP": "yes, no IP", "if": "if", "?": "not checked", "NULL": "cannot say"}
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("measure", no_wrap=True)
    table.add_column("said", no_wrap=True)
    table.add_column("how", overflow="fold")
    for name in MEASURES:
        says = record.says(name)
        notes = [record.only_if.get(name, ""), record.differs.get(name, "")]
        cells = (Text(name), Text(meaning[says], style=_STYLES[says]), Text("; ".join(filter(None, notes))))
        table.add_row(*cells)
    console.print(table)


def _print_pairs(console: Console, title: str, pairs: Mapping[str, str]) -> None:
    """Names with a text each, which keeps to its own column however long it is."""
    from rich.table import Table
    from rich.text import Text

    if title:
        console.print(Text(title, style="bold"))
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=max(map(len, pairs)), no_wrap=True)
    grid.add_column(overflow="fold")
    for name, words in pairs.items():
        grid.add_row(Text(name), Text(words))
    console.print(grid)
