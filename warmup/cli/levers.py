"""``warmup levers SCENARIO.toml``: what one change at a time would do to the finish dates."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from warmup.cli.options import console, format_option, print_json, progress, today_option

SCHEMA_VERSION = 1


@click.command("levers")
@click.argument("scenario", type=click.Path(path_type=Path), metavar="SCENARIO.toml")
@today_option
@format_option
def command(scenario: Path, today: date | None, form: str) -> int:
    """Say what one change at a time would do to the finish dates and to what legacy must still send.

    Nothing is written. What must not be done (it would look like snowshoe spam, or finishes later) is shown and said.
    """
    import warmup

    with progress() as tell:
        tell("reading the scenario")
        plan = warmup.plan(warmup.load_scenario(scenario), today=today, progress=tell)
    if form == "json":
        own = {"engaged": plan.engaged.day, "all": plan.all.day}
        print_json(SCHEMA_VERSION, plan=own, levers=[asdict(lever) for lever in plan.levers])
        return 0
    from warmup.report.terminal_tables import Levers

    console().print(Levers(plan.engaged.day, plan.all.day, plan.levers))
    return 0
