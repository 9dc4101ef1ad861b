"""Entry point of the ``mediation`` command: the table of its sub-commands."""

from __future__ import annotations

import sys

import click

from warmup import __version__
from warmup.cli.group import LazyGroup, run

COMMANDS: dict[str, tuple[str, str]] = {}

HELP = """Standard (Tier 1) mediation requests with mailbox providers, each tied to a Support Case.

A request asks a provider, by the form or address it publishes, to look at a delivery problem that remains after all
best-practice recommendations were followed.

Exit codes: 0 done, 1 the answer is "not good enough", 2 wrong use or bad input, 3 could not be determined."""


@click.version_option(__version__, prog_name="mediation", message="%(prog)s %(version)s")
def _group() -> None:
    """Options of ``mediation`` itself."""


cli = click.group(cls=LazyGroup, name="mediation", help=HELP, table=COMMANDS)(_group)


def main() -> None:
    """Run ``mediation`` with the arguments of the process and leave with its exit code."""
    sys.exit(run(cli, "mediation"))


if __name__ == "__main__":
    main()
