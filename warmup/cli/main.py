"""Entry point of the ``warmup`` command: the table of its sub-commands."""

from __future__ import annotations

import sys

import click

from warmup import __version__
from warmup.cli.group import LazyGroup, run

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("warmup.cli.demo", "Write an example customer: a scenario and its history, ready to plan."),
    "plan": ("warmup.cli.plan", "Plan a migration: report, Excel, calendar, CSV, JSON."),
    "scenario": ("warmup.cli.scenario", "Check a scenario file, or print its JSON Schema."),
    "levers": ("warmup.cli.levers", "What one change at a time would do to the finish dates."),
    "size": ("warmup.cli.size", "How many IPs the traffic needs; none is an answer."),
    "latest-start": ("warmup.cli.latest_start", "The last safe day to start for the deadline."),
    "traffic": ("warmup.cli.traffic", "What is sent today: what to ask for, and what exports say."),
    "ramps": ("warmup.cli.ramps", "The published ramps, side by side."),
    "provider": ("warmup.cli.provider", "Whose mailbox a domain is, and how we know."),
}

HELP = """Plan the move of e-mail traffic to new IPs without losing the inbox.

To begin: 'warmup demo DIR' writes an example, 'warmup plan DIR/scenario.toml -o OUT' plans it.

Exit codes: 0 done, 1 the answer is "not good enough", 2 wrong use or bad input, 3 could not be determined."""


@click.version_option(__version__, prog_name="warmup", message="%(prog)s %(version)s")
def _group() -> None:
    """Options of ``warmup`` itself."""


cli = click.group(cls=LazyGroup, name="warmup", help=HELP, table=COMMANDS)(_group)


def main() -> None:
    """Run ``warmup`` with the arguments of the process and leave with its exit code."""
    sys.exit(run(cli, "warmup"))


if __name__ == "__main__":
    main()
