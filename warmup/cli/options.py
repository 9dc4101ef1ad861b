"""What several commands share: options, the console, JSON with a version, progress."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

Function = TypeVar("Function", bound=Callable[..., Any])

NARROWEST, WIDEST = 60, 200
"""Columns that text output is laid out for."""

format_option: Callable[[Function], Function] = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text is for people and may change; json is versioned.",
)
"""``--format text|json``, passed as ``form``."""


def as_day(_: click.Context, __: click.Parameter, value: datetime | None) -> date | None:
    """The day of a date option (click makes a moment of it)."""
    return value.date() if value else None


today_option: Callable[[Function], Function] = click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=as_day,
    metavar="DATE",
    help="Plan as if on this day; default: today in the scenario's time zone.",
)
"""``--today DATE``."""


max_bad_option: Callable[[Function], Function] = click.option(
    "--max-bad",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Share of damaged records above which a platform's files are refused; default: 0.01, or what a scenario says.",
)
"""``--max-bad SHARE``; None: not given."""


def console() -> Console:
    """A console on stdout that shows text as it is and is never narrower or wider than the layout allows."""
    from rich.console import Console

    made = Console(markup=False, emoji=False, highlight=False)
    made.width = max(NARROWEST, min(WIDEST, made.width))
    return made


def print_json(version: int, **content: Any) -> None:
    """Print one JSON object with its schema version; dates as ISO 8601."""
    import json

    click.echo(json.dumps({"schema_version": version, **content}, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the JSON")


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Tell a person at a terminal, on stderr, what is being done; say nothing to a file or a pipe."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text("reading …")) as status:
        yield lambda text: status.update(Text(f"{text} …"))


def column_pairs(_: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """``ROLE=COLUMN`` options as a mapping."""
    pairs = [value.partition("=") for value in values]
    if wrong := [value for value, (role, sign, _) in zip(values, pairs, strict=True) if not (role and sign)]:
        raise click.BadParameter(f"{wrong[0]!r} is not ROLE=COLUMN", param=parameter)
    return {role.strip(): name for role, _, name in pairs}
