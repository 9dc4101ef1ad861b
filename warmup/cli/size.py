"""``warmup size SCENARIO.toml``: how many IPs the traffic needs; none is an answer."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from warmup.cli.options import console, format_option, print_json, progress, today_option

SCHEMA_VERSION = 1


@click.command("size")
@click.argument("scenario", type=click.Path(path_type=Path), metavar="SCENARIO.toml")
@today_option
@format_option
def command(scenario: Path, today: date | None, form: str) -> int:
    """Say how many dedicated IPs each pool should have, and why.

    None is an answer: little or irregular traffic is carried better by the platform's shared pool. Exit code 1: the
    scenario plans another number than the one recommended.
    """
    import warmup
    from warmup.planner import sizing

    with progress() as tell:
        tell("reading the scenario")
        loaded = warmup.load_scenario(scenario)
        tell("trying numbers of IPs")
        pools = sizing(loaded, today=today)
    if form == "json":
        print_json(SCHEMA_VERSION, pools=[asdict(sizing) for sizing in pools])
    else:
        from warmup.report.terminal_tables import Sizes

        console().print(Sizes(pools))
    return int(any(sizing.planned != sizing.recommended for sizing in pools))
