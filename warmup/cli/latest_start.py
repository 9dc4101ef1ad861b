"""``warmup latest-start SCENARIO.toml``: the last safe day to start for the deadline."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from warmup.cli.options import console, format_option, print_json, progress, today_option

SCHEMA_VERSION = 1


@click.command("latest-start")
@click.argument("scenario", type=click.Path(path_type=Path), metavar="SCENARIO.toml")
@today_option
@format_option
def command(scenario: Path, today: date | None, form: str) -> int:
    """Say on which day the first send must happen at the latest to be complete by the deadline.

    The deadline is the scenario's, else the end of the legacy platform. Exit code 1: no start is early enough, or the
    scenario's own is too late.
    """
    import warmup
    from warmup.errors import InputError, Problem
    from warmup.planner import latest_start

    with progress() as tell:
        tell("reading the scenario")
        loaded = warmup.load_scenario(scenario)
        tell("trying start dates")
        latest = latest_start(loaded, today=today)
    if latest is None:
        raise InputError(Problem(str(scenario), "has no date to be complete by", "add deadline = or legacy.until ="))
    if form == "json":
        print_json(SCHEMA_VERSION, start=loaded.start, **asdict(latest))
    else:
        from warmup.cli.levers import fixed_dates
        from warmup.planner.preflight import preflight_items
        from warmup.report.terminal_tables import Latest

        out = console()
        out.print(Latest(loaded.start, latest))
        for line in fixed_dates(preflight_items(loaded, {}, loaded.start), loaded.start):
            out.print(line)
    return int(latest.day is None or loaded.start > latest.day)
