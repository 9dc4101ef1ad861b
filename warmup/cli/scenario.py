"""``warmup scenario schema|check``: the form of a scenario file, and whether one is right, its files included."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warmup.cli.options import progress, today_option

if TYPE_CHECKING:
    from rich.table import Table

    from warmup.errors import InputError
    from warmup.scenario import Scenario
    from warmup.scenario_file import Checked
    from warmup.traffic.supply import Supply

SCHEMA_VERSION = 1


@click.group("scenario")
def command() -> None:
    """Check a scenario file, or print its JSON Schema."""


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of a scenario file.

    Save it beside your scenario and let the file begin with '#:schema scenario.schema.json': editors then complete
    keys and mark mistakes while you write.
    """
    from warmup.scenario_file import scenario_schema

    click.echo(json.dumps(scenario_schema(), indent=2, ensure_ascii=False))


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@today_option
def check(file: Path, form: str, today: date | None) -> int:
    """Validate a scenario and the files it names without planning, and show what was understood.

    Every problem of the scenario, the sending history and the audience is told at once, one a line (exit code 2).
    """
    from warmup.errors import InputError
    from warmup.scenario_file import check_scenario

    try:
        with progress() as tell:
            tell("reading the scenario and its files")
            checked = check_scenario(file, today=today)
    except InputError as error:
        if form == "text":
            raise
        click.echo(json.dumps(_refused(file, error), indent=2, ensure_ascii=False))
        return error.exit_code
    if form == "json":
        click.echo(json.dumps(_understood(file, checked), indent=2, ensure_ascii=False))
    else:
        _show(file, checked)
    return 0


def _refused(file: Path, error: InputError) -> dict[str, Any]:
    problems = [{"where": one.where, "what": one.what, "fix": one.fix} for one in error.problems]
    return {
        "schema_version": SCHEMA_VERSION,
        "file": str(file),
        "ok": False,
        "problems": problems,
        "notes": [],
        "scenario": None,
    }


def _understood(file: Path, checked: Checked) -> dict[str, Any]:
    known = checked.scenario.model_dump(mode="json", by_alias=True)
    notes = [{"level": note.level, "text": note.text, "source": note.source} for note in checked.supply.notes]
    ok: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "file": str(file), "ok": True}
    return {**ok, "problems": [], "notes": notes, "scenario": known}


def _show(file: Path, checked: Checked) -> None:
    """The scenario in a calm page: what a person would want to see confirmed."""
    from rich.console import Console
    from rich.text import Text

    console, scenario = Console(highlight=False, soft_wrap=False), checked.scenario
    console.print(Text(f"{file} is a valid scenario", style="bold green"))
    tables = (_facts(scenario), _pools(scenario), _streams(scenario), _days(scenario), _preflight(scenario))
    for table in (*tables, _history(checked.supply), _notes(checked.supply)):
        if table.row_count:
            console.print()
            console.print(table)


def _table(title: str, *columns: str) -> Table:
    """A table without lines; what comes from the file is put into it as text, never as markup."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.show_header = any(columns)
    for column in columns:
        table.add_column(column, header_style="dim", justify="right" if column == "IPs" else "left")
    return table


def _row(table: Table, *cells: object) -> None:
    from rich.text import Text

    table.add_row(*(Text(str(cell)) for cell in cells))


def _facts(scenario: Scenario) -> Table:
    table = _table(_title(scenario), "", "")
    legacy, new, policy = scenario.legacy, scenario.new, scenario.policy
    _row(table, "start", f"{scenario.start:%a %d %b %Y} ({scenario.timezone})")
    _row(table, "deadline", f"{scenario.deadline:%a %d %b %Y}" if scenario.deadline else "none")
    until = f"until {legacy.until:%a %d %b %Y}" if legacy.until else "no end agreed"
    capacity = f", {legacy.capacity:,} a day" if legacy.capacity else ""
    _row(table, "from", f"{legacy.name} ({until}{capacity})")
    _row(table, "to", f"{new.name} (automatic warm-up {new.autowarm}, overflow {new.overflow}, {new.mode})")
    pace = "" if policy.pace is None else f", pace {policy.pace}"
    _row(table, "policy", f"{policy.ramp or 'chosen from the list'}{pace}, {policy.horizon_days} days ahead")
    return table


def _title(scenario: Scenario) -> str:
    """The customer as a heading, safe from rich's markup."""
    from rich.markup import escape

    return escape(f"Migration of {scenario.customer}")


def _pools(scenario: Scenario) -> Table:
    table = _table("Pools", "pool", "IPs", "start", "streams")
    for pool in scenario.pools:
        streams = [stream.name for stream in scenario.streams if scenario.pool_of(stream) == pool]
        starts = sorted({ip.start or scenario.start_of(pool) for ip in pool.ips} or {scenario.start_of(pool)})
        days = ", ".join(f"{day:%d %b %Y}" for day in starts)
        _row(table, pool.name, pool.size, days, ", ".join(streams) or "takes the overflow")
    return table


def _streams(scenario: Scenario) -> Table:
    table = _table("Streams", "stream", "kind", "pool", "spread", "identity", "history")
    for stream in scenario.streams:
        history = ", ".join(source.path for source in stream.history or scenario.history or ())
        spread = "at once" if stream.spread_days == 1 else f"over {stream.spread_days} days"
        identity = "NEW with the IPs" if stream.identity_changes else "kept"
        _row(table, stream.name, stream.kind, scenario.pool_of(stream).name, spread, identity, history)
    return table


def _days(scenario: Scenario) -> Table:
    from warmup.scenario import expand_days

    calendar = scenario.calendar
    table = _table("Days", "what", "when")
    for name, days in (("silent", calendar.silent), ("legacy only", calendar.legacy_only), ("freeze", calendar.freeze)):
        if days:
            _row(table, name, _when(sorted(expand_days(days))))
    for peak in calendar.peaks:
        size = f"{peak.factor:g} times the usual day" if peak.factor else f"{peak.messages:,} messages"
        _row(table, f"peak {peak.name}", f"{_when(sorted(expand_days(peak.days)))}: {size}")
    for holiday in calendar.holidays:
        size = f"{holiday.factor:g} times the usual day" if holiday.factor else "nothing is sent"
        _row(table, holiday.name, f"{_when(sorted(expand_days(holiday.days)))}: {size}")
    window = calendar.window
    _row(table, "hours", f"{window.first:%H:%M} to {window.last:%H:%M}")
    return table


def _when(days: list[Any]) -> str:
    """Days in order, runs as ranges; a long list is cut, and says so."""
    from datetime import timedelta

    runs: list[list[Any]] = []
    for day in days:
        if runs and day - runs[-1][1] == timedelta(1):
            runs[-1][1] = day
        else:
            runs.append([day, day])
    shown = [f"{a:%d %b %Y}" if a == b else f"{a:%d %b %Y} to {b:%d %b %Y}" for a, b in runs[:6]]
    return ", ".join(shown) + (f" and {len(runs) - 6} more" if len(runs) > 6 else "")


def _preflight(scenario: Scenario) -> Table:
    table = _table("Pre-flight", "item", "state")
    for key, state in scenario.preflight.items():
        _row(table, key, state)
    return table


def _history(supply: Supply) -> Table:
    """What the files say about each stream."""
    table = _table(f"History, {supply.history_first} to {supply.history_last}", "stream", "sends", "expected")
    for n, stream in enumerate(supply.streams):
        mean = round(supply.messages[0, :, n].sum() / supply.days)
        _row(table, stream, supply.cadence[stream], f"about {mean:,} messages a day on average")
    return table


def _notes(supply: Supply) -> Table:
    table = _table("Notes on the files", "", "")
    for note in supply.notes:
        _row(table, note.level, f"{note.text} ({note.source})" if note.source else note.text)
    return table
