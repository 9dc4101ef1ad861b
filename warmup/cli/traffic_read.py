"""``warmup traffic read PATH...``: what a customer's exports say, and the table that a plan reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warmup.cli.options import as_day, column_pairs, console, format_option, max_bad_option, print_json, progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    import pandas as pd

    from warmup.scenario import Scenario
    from warmup.traffic.exports import Exports
    from warmup.traffic.mx_store import Resolved
    from warmup.traffic.overview import Overview
    from warmup.traffic.recipients.tiers import RecipientTiers
    from warmup.traffic.supply import Note

    Ask = Callable[[Sequence[str]], Resolved]

SCHEMA_VERSION = 1
TABLE, PICTURE, AUDIENCE = "traffic.csv", "traffic", "audience.csv"


def _zone(_: click.Context, parameter: click.Parameter, value: str | None) -> ZoneInfo | None:
    from zoneinfo import ZoneInfo

    if value is None:
        return None
    try:
        return ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise click.BadParameter(f"{value!r} is no time zone; write e.g. Europe/Berlin", param=parameter) from None


def _platforms(_: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    from warmup.traffic.readers import named, readers

    if value is not None and value not in readers():
        near = named(value)
        names = f"no kind of export; did you mean {' or '.join(near)}?" if near else f"none of {', '.join(readers())}"
        raise click.BadParameter(f"{value!r} is {names}", param=parameter)
    return value


@click.command("read")
@click.argument("paths", nargs=-1, metavar="PATH...|SCENARIO.toml")
@click.option("-o", "--output", "folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help=f"Write {TABLE}, which `warmup plan` reads, and {PICTURE}.png/.svg there; {AUDIENCE} too with "
                   "recipients.")  # fmt: skip
@click.option(
    "--platform",
    callback=_platforms,
    metavar="NAME",
    help="Who made the files; default: recognised from the content. Names: warmup traffic capabilities.",
)
@click.option(
    "--timezone",
    "zone",
    default="UTC",
    show_default=True,
    callback=_zone,
    metavar="ZONE",
    help="Zone whose days are counted: that of the scenario.",
)
@click.option(
    "--file-timezone",
    "file_zone",
    callback=_zone,
    metavar="ZONE",
    help="Zone of times that the files give without an offset; default: the platform's own, or --timezone.",
)
@click.option("--provider", metavar="NAME", help="Mailbox provider of files that name none (SparkPost time series).")
@click.option("--stream", metavar="NAME", help="Stream of messages that name none.")
@max_bad_option
@click.option("--resolve", is_flag=True, help="Ask DNS for the MX of the recipient domains; answers are kept.")
@click.option(
    "--nameserver",
    "nameservers",
    multiple=True,
    metavar="ADDR[:PORT]",
    help="Ask this resolver instead of the system's.",
)
@click.option(
    "--mx-cache",
    "cache",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where answers are kept.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    callback=column_pairs,
    metavar="ROLE=COLUMN",
    help="Which column of a table means what, where its name does not say it, e.g. date=Sent; repeat for more.",
)
@click.option("--domains", is_flag=True, help=f"Name all recipient domains in {TABLE}, also those of small companies.")
@click.option(
    "--recipients",
    "lists",
    multiple=True,
    metavar="PATH|TABLE",
    help="List of recipients with dates of their reactions, counted by engagement tier; repeat for more.",
)
@click.option(
    "--smallest-domain",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    metavar="N",
    help=f"Unknown domains with fewer recipients are counted together in {AUDIENCE}: few people are somebody.",
)
@click.option(
    "--engine",
    default="duckdb",
    show_default=True,
    metavar="duckdb|spark|URL",
    help="What counts the recipients: a URL of ibis names a warehouse, and --recipients its table.",
)
@click.option(
    "--as-of",
    callback=as_day,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Day from which reactions are counted back; default: today.",
)
@format_option
def command(**given: Any) -> None:
    """Say what exports hold: days, gaps, rhythm, streams, mailbox providers, outcomes, damaged lines.

    PATH is a file, a folder, a pattern or - for standard input; plain, gzip or zstd, of any platform that
    `warmup traffic capabilities` lists. No address is kept or written. What a platform cannot say is shown as ?,
    never as 0. With a scenario, the exports it names are read, each with the provider, stream and zone it says.
    """
    from warmup.traffic.export_counts import MAX_BAD
    from warmup.traffic.sources import with_max_bad

    paths, lists, folder, form = given["paths"], given["lists"], given["folder"], given["form"]
    if not paths and not lists:
        raise click.UsageError("name at least one export, or --recipients")
    _check_columns(given)
    given["max_bad"], chosen = MAX_BAD if given["max_bad"] is None else given["max_bad"], given["max_bad"]
    scenario = _scenario(paths, given)
    if scenario:
        given["zone"] = scenario.zone
        scenario = scenario if chosen is None else with_max_bad(scenario, chosen)
    with progress() as tell:
        ask = _asker(given, tell)
        exports = _exports(scenario or paths, given, ask, tell) if paths else None
        tiers = _tiers(lists, given, ask, tell) if lists else None
        written = _write(folder, exports, tiers, given["domains"], tell) if folder else []
    if form == "json":
        print_json(SCHEMA_VERSION, **_record(exports, tiers, written))
    else:
        _print(exports, tiers, folder, written, planned=scenario is not None)


def _scenario(paths: Sequence[str], given: Mapping[str, Any]) -> Scenario | None:
    """The scenario, where one is given instead of exports.

    Raises:
        UsageError: Options that would contradict it.
    """
    from click.core import ParameterSource

    if len(paths) != 1 or Path(paths[0]).suffix != ".toml":
        return None
    chosen = [f"--{name.replace('_', '-')}" for name in ("platform", "provider", "stream") if given[name]]
    chosen += ["--file-timezone"] * bool(given["file_zone"]) + ["--column"] * bool(_export_roles(given))
    if click.get_current_context().get_parameter_source("zone") != ParameterSource.DEFAULT:
        chosen.append("--timezone")
    if chosen:
        raise click.UsageError(f"a scenario says itself what {', '.join(chosen)} would say; leave it out")

    from warmup.scenario import load_scenario

    return load_scenario(paths[0])


def _exports(
    named: Sequence[str] | Scenario, given: Mapping[str, Any], ask: Ask, tell: Callable[[str], None]
) -> Exports:
    """Read and classify the exports that are named on the command line or in a scenario."""
    from dataclasses import replace

    from warmup.scenario import Scenario
    from warmup.traffic.exports import classified, read_exports, read_scenario
    from warmup.traffic.readers import Context

    tell("reading the exports")
    if isinstance(named, Scenario):
        exports = read_scenario(named)
    else:
        context = Context(given["zone"], given["stream"], given["file_zone"], given["provider"], _export_roles(given))
        exports = read_exports(named, context, platform=given["platform"], max_bad=given["max_bad"])
    resolved = ask(exports.domains)
    found = classified(exports, resolved.mx)
    return replace(found, notes=(*found.notes, *_dns_notes(resolved)))


def _dns_notes(resolved: Resolved) -> Iterator[Note]:
    """What DNS said about the recipient domains, and whom it did not answer about."""
    from warmup.traffic.supply import Note
    from warmup.traffic.wording import counted

    if known := len(resolved.mx):
        text = (
            f"The MX of {counted(known, 'domain')} decided whose mailboxes they are ({resolved.cached:,} kept before)."
        )
        yield Note("info", text)
    if resolved.unanswered:
        text = f"DNS gave no answer about {counted(resolved.unanswered, 'domain')}: run it again to ask once more."
        yield Note("warning", text)


def _asker(given: Mapping[str, Any], tell: Callable[[str], None]) -> Ask:
    """What says the MX of domains: answers kept from earlier, and with ``--resolve`` DNS."""
    from warmup.providers.resolve import Nameserver
    from warmup.traffic.mx_store import read_cache
    from warmup.traffic.resolve import Asking, resolve_mx_in_bulk

    asking = Asking(tuple(Nameserver.parse(text) for text in given["nameservers"]))

    def ask(domains: Sequence[str]) -> Resolved:
        if not given["resolve"]:
            return read_cache(domains, path=given["cache"])
        say = lambda done, total: tell(f"asking DNS: {done:,} of {total:,} domains")  # noqa: E731
        return resolve_mx_in_bulk(domains, path=given["cache"], asking=asking, progress=say)

    return ask


def _roles(given: Mapping[str, Any], known: Iterable[str]) -> dict[str, str]:
    """The columns given for these roles."""
    return {role: column for role, column in given["columns"].items() if role in set(known)}


def _export_roles(given: Mapping[str, Any]) -> dict[str, str]:
    """The columns given for tables of counts; with a list of recipients, a click is theirs."""
    from warmup.traffic.columns import ROLES
    from warmup.traffic.recipients.rule import SIGNALS

    return _roles(given, set(ROLES) - set(SIGNALS if given["lists"] else ()))


def _check_columns(given: Mapping[str, Any]) -> None:
    """Refuse a role that no table has."""
    from warmup.traffic.columns import ROLES as TABLE_ROLES
    from warmup.traffic.columns import did_you_mean
    from warmup.traffic.recipients.columns import ROLES

    known = {*TABLE_ROLES, *ROLES}
    for role in given["columns"]:
        if role not in known:
            hint = did_you_mean(role, known) or f"take one of {', '.join(sorted(known))}"
            raise click.BadParameter(f"{role!r} is nothing that a table is read for; {hint}", param_hint="--column")


def _tiers(lists: Sequence[str], given: Mapping[str, Any], ask: Ask, tell: Callable[[str], None]) -> RecipientTiers:
    """Count recipients by tier, where they lie."""
    from datetime import datetime

    from warmup.traffic.recipients.columns import ROLES
    from warmup.traffic.recipients.counting import read_recipients
    from warmup.traffic.recipients.mapping import by_catalogue
    from warmup.traffic.recipients.rule import Rule
    from warmup.traffic.recipients.warehouse import read_table

    tell("counting the recipients")
    rule = Rule(given["as_of"] or datetime.now(given["zone"]).date())

    def mapping(domains: Sequence[str]) -> Mapping[str, str]:
        return by_catalogue(ask(domains).mx)(domains)

    columns = _roles(given, ROLES)
    if given["engine"] == "duckdb":
        smallest, max_bad = given["smallest_domain"], given["max_bad"]
        return read_recipients(lists, rule, columns=columns, mapping=mapping, smallest_domain=smallest, max_bad=max_bad)
    if len(lists) > 1:
        raise click.UsageError("--engine counts one table: name one --recipients")
    smallest = given["smallest_domain"]
    return read_table(given["engine"], lists[0], rule, columns=columns, mapping=mapping, smallest_domain=smallest)


def _write(
    folder: Path, exports: Exports | None, tiers: RecipientTiers | None, domains: bool, tell: Callable[[str], None]
) -> list[str]:
    """Write the outputs; their names."""
    tell("writing")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    if exports:
        from warmup.report.traffic_picture import write_picture
        from warmup.traffic.export_table import save
        from warmup.traffic.overview import overview

        save(exports, folder / TABLE, domains=domains)
        written.append(TABLE)
        written += [path.name for path in write_picture(overview(exports), _names(exports), folder / PICTURE)]
    if tiers and tiers.known:  # else all recipients are one tier, which a plan takes where no audience is named
        tiers.save(folder / AUDIENCE)
        written.append(AUDIENCE)
    return written


def _names(exports: Exports) -> dict[str, str]:
    """Mailbox provider id to display name."""
    from warmup.providers import catalogue

    known = catalogue()
    return {name: known.group_name(name) for name in map(str, exports.counts["provider"].unique())}


def _print(
    exports: Exports | None, tiers: RecipientTiers | None, folder: Path | None, written: list[str], *, planned: bool
) -> None:
    from warmup.report.guard import plain
    from warmup.report.traffic_terminal import TiersView, TrafficView
    from warmup.traffic.overview import overview

    out = console()
    if exports:
        out.print(TrafficView(exports, overview(exports), _names(exports)))
    if exports and tiers:
        out.print()
    if tiers:
        out.print(TiersView(tiers))
    if folder and written:
        out.print(f"In {plain(folder)}: {', '.join(written)}", soft_wrap=True)
    if planned:
        return
    if TABLE in written:
        out.print(f'In a scenario: history = "{TABLE}"', soft_wrap=True)
    elif exports:
        out.print(f"With -o DIR, {TABLE} and a picture are written; a scenario may name the exports directly too.")


def _record(exports: Exports | None, tiers: RecipientTiers | None, written: list[str]) -> dict[str, Any]:
    """What is found, for a machine; null is unknown."""
    from warmup.traffic.overview import overview

    record: dict[str, Any] = {"written": written}
    if exports:
        record |= _facts(exports, overview(exports))
    if tiers:
        record["recipients"] = {
            "as_of": tiers.rule.as_of,
            "recipients": tiers.recipients,
            "unclassified": tiers.unclassified,
            "engaged": _rows(tiers.engaged()),
            "tiers": _rows(tiers.counts),
            "notes": [{"level": note.level, "text": note.text} for note in tiers.notes],
        }
    return record


def _facts(exports: Exports, facts: Overview) -> dict[str, Any]:
    platforms = [
        {
            "name": one.name,
            "files": len(one.files),
            "records": one.result.records,
            "copies": one.result.copies,
            "unused": one.result.unused,
            "damaged": one.result.damage.count,
            "damaged_at": [{"file": file, "line": line} for file, line in one.result.damage.places],
        }
        for one in exports.platforms
    ]
    return {
        "platforms": platforms,
        "first": facts.first,
        "last": facts.last,
        "days": facts.days,
        "messages": facts.messages,
        "unclassified": facts.unclassified,
        "undated": facts.undated,
        "unknown": facts.unknown,
        "exceeding": facts.exceeding,
        "gaps": facts.gaps,
        "streams": _rows(facts.streams.reset_index()),
        "providers": _rows(facts.providers.reset_index()),
        "rhythm": _rows(facts.rhythm.reset_index()),
        "notes": [{"level": note.level, "text": note.text, "source": note.source} for note in exports.notes],
    }


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table; what is missing is null."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(key): _value(value) for key, value in row.items()} for row in plain.to_dict("records")]


def _value(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
