"""``warmup demo DIR``: an example customer, ready to plan."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path

import click

from warmup.report.guard import plain


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Make it as if on this day: the same day gives the same files. Default: today.",
)
@click.option(
    "--force", is_flag=True, help="Write into a folder that is not empty, over the files of an earlier example."
)
def command(folder: Path, today: datetime | None, force: bool) -> None:
    """Write an example customer into DIR: a scenario and its sending history, ready to plan.

    An invented shop, made of published figures (README.txt in DIR names them), with three streams, two pools, four IPs,
    engagement tiers, a legacy contract that ends, a deadline and a Black Friday ahead. All dates follow from today.
    """
    from warmup.demo import write_demo

    files = write_demo(folder, today=today.date() if today else None, force=force)
    click.echo(f"An example customer is in {_shown(folder)}: {len(files)} files.")
    click.echo(f"  {_shown(folder / 'README.txt')}      what it is, and where its figures come from")
    click.echo(f"  {_shown(folder / 'scenario.toml')}   the migration, with comments")
    click.echo(f"Next: warmup plan {_shown(folder / 'scenario.toml')} -o {_shown(folder / 'plan')}")


def _shown(path: Path) -> str:
    """A path that can be pasted into a shell, on one line whatever its name holds."""
    return shlex.quote(plain(path))
