"""``warmup levers SCENARIO.toml``: what one change at a time would do to the finish dates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warmup.cli.options import console, format_option, print_json, progress, today_option

if TYPE_CHECKING:
    from warmup.planner.plan import PreflightItem

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

    out = console()
    out.print(Levers(plan.engaged.day, plan.all.day, plan.levers, plan.providers))
    for line in fixed_dates(plan.preflight, plan.first):
        out.print(line)
    return 0


def fixed_dates(items: Iterable[PreflightItem], start: date) -> list[str]:
    """What keeps a provider closed beyond the start, whatever else is changed: why a change may show no effect."""
    from warmup.planner.preflight import closed_until
    from warmup.providers import catalogue

    items, known, lines = tuple(items), catalogue(), []
    for group, day in closed_until(items).items():
        if day is not None and day > start:
            keys = " and ".join(f"preflight.{item.id}" for item in items if group in item.providers and item.until)
            what = f"{known.group_name(group)} takes no dedicated mail before {day:%a} {day.day} {day:%b %Y} ({keys})"
            lines.append(f"{what}: a change that only matters there before that day moves no date.")
    return lines
