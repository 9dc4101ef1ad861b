"""``warmup traffic request``: what to ask a customer for, ready to be sent."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from warmup.cli.options import as_day, format_option

if TYPE_CHECKING:
    from warmup.traffic.request import Ask, DataRequest, Source

SCHEMA_VERSION = 1

_WIDEST = 100


@click.command("request")
@click.option("--platform", metavar="NAME", help="Where the mail is sent from today; left out: the list of them.")
@click.option(
    "--from",
    "first",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=as_day,
    metavar="DATE",
    help="First day wanted; default: 13 weeks.",
)
@click.option(
    "--to",
    "last",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=as_day,
    metavar="DATE",
    help="Last day wanted; default: yesterday.",
)
@click.option(
    "--provider",
    "providers",
    multiple=True,
    metavar="NAME",
    help="A mailbox provider as the platform writes it, where it must be asked for each; repeat.",
)
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=as_day,
    metavar="DATE",
    help="Ask as if on this day; what a platform keeps is counted back from it.",
)
@format_option
def command(
    platform: str | None,
    first: date | None,
    last: date | None,
    providers: tuple[str, ...],
    today: date | None,
    form: str,
) -> int:
    """Write what to ask a customer for: the calls, queries and files that say what is sent today.

    Limits come first, because what a platform has thrown away nobody can export; counts come before events, because
    counts hold no addresses. Dates are filled in; ${API_KEY} and its like are the customer's to fill.
    """
    from warmup.traffic.request import data_request, platforms

    if platform is None:
        if first or last or providers:
            raise click.UsageError("--platform says whom to ask; without it only the list of platforms is shown")
        _print_platforms(dict(platforms()), form)
        return 0
    day = today or datetime.now().astimezone().date()
    request = data_request(platform, today=day, first=first, last=last, providers=providers)
    if form == "json":
        _print_json(request)
    else:
        import shutil

        from warmup.report.data_request import text

        width = shutil.get_terminal_size((80, 24)).columns
        click.echo(text(request, max(60, min(_WIDEST, width))), nl=False)
    return 0


def _print_platforms(titles: dict[str, str], form: str) -> None:
    from warmup.cli.options import print_json

    if form == "json":
        print_json(SCHEMA_VERSION, platforms=titles)
        return
    for name, title in titles.items():
        click.echo(f"{name:<11} {title}")
    click.echo("\nOne in full: warmup traffic request --platform NAME")


def _print_json(request: DataRequest) -> None:
    from warmup.cli.options import print_json

    engagement = request.engagement
    print_json(
        SCHEMA_VERSION,
        platform=request.platform,
        title=request.title,
        first=request.first,
        last=request.last,
        limits=[{"text": limit.text, **_origin(limit.origin)} for limit in request.limits],
        asks=[_ask(ask) for ask in request.asks],
        engagement={
            "title": engagement.title,
            "why": engagement.why,
            "steps": list(engagement.steps),
            "command": engagement.command,
            "platform": engagement.platform,
            **_origin(engagement.origin),
        },
    )


def _origin(origin: Source) -> dict[str, Any]:
    return {"source": origin.source, "date": origin.date, "confidence": origin.confidence}


def _ask(ask: Ask) -> dict[str, Any]:
    """One ask with every call written out."""
    names = ("title", "kind", "why", "reader", "first", "last", "short", "zone", "addresses")
    calls = [
        {
            "about": call.about,
            "first": call.first,
            "last": call.last,
            "language": call.language,
            "text": call.text,
            "save": call.save,
            "http": dict(call.http) if call.http else None,
            "body": dict(call.body) if call.body else None,
        }
        for call in ask.calls
    ]
    return {
        **{name: getattr(ask, name) for name in names},
        "steps": list(ask.steps),
        "notes": list(ask.notes),
        "ours": list(ask.ours),
        "read": list(ask.read),
        "scenario": list(ask.scenario),
        "calls": calls,
        "lacks": list(ask.lacks),
        "differs": dict(ask.differs),
        **_origin(ask.origin),
    }
