"""``warmup traffic``: what is sent today, from what platforms and warehouses export."""

from __future__ import annotations

import click

from warmup.cli.group import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "request": ("warmup.cli.traffic_request", "What to ask the customer for, per platform, ready to be sent."),
    "capabilities": ("warmup.cli.traffic_capabilities", "What each platform's export can say, and what it cannot."),
    "read": ("warmup.cli.traffic_read", "What exports say: days, streams, providers, gaps, damage."),
    "sql": ("warmup.cli.traffic_sql", "The SELECT that counts recipients where they are, for any warehouse."),
}


@click.group(cls=LazyGroup, name="traffic", table=COMMANDS)
def command() -> None:
    """What is sent today, from what platforms and warehouses export."""
