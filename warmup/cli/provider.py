"""``warmup provider DOMAIN...``: whose mailbox this is, and how we know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from warmup.errors import Problem
    from warmup.providers import Match, Provider
    from warmup.providers.mx_answer import MxAnswer

SCHEMA_VERSION = 1


@click.command("provider")
@click.argument("domains", nargs=-1, required=True, metavar="DOMAIN...")
@click.option("--mx", "hosts", multiple=True, metavar="HOST", help="An MX host of the (one) domain; repeat for each.")
@click.option("--resolve", is_flag=True, help="Ask DNS for the MX, which wins over the catalogue's list of domains.")
@click.option(
    "--nameserver",
    "servers",
    multiple=True,
    metavar="ADDR[:PORT]",
    help="Whom to ask instead of the system's resolvers.",
)
@click.option(
    "--timeout", type=click.FloatRange(0.1, 120), default=5.0, show_default=True, help="Seconds for a domain."
)
@click.option(
    "--cache",
    type=click.Path(dir_okay=False, path_type=Path),
    help="JSON file of answers: those that still hold are used; with --resolve, new ones are added.",
)
@click.option(
    "--microsoft-shared", is_flag=True, help="Count consumer Outlook and Microsoft 365 as one planning group."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    domains: tuple[str, ...],
    hosts: tuple[str, ...],
    resolve: bool,
    servers: tuple[str, ...],
    timeout: float,
    cache: Path | None,
    microsoft_shared: bool,
    form: str,
) -> int:
    """Say whose mailbox each recipient domain is, and how we know.

    Without --resolve, --cache or --mx the catalogue's own list of domains decides; DNS is not asked. Exit code 3: the
    MX of a domain could not be determined (no reply, SERVFAIL, REFUSED). Exit code 2: an argument is no domain; the
    others are answered all the same. An address is not answered: nobody needs one here, and none should be typed in.
    """
    from warmup.errors import InputError

    _refuse_contradictions(domains, hosts, resolve, servers, cache)
    names, problems = _checked(domains)
    answers = _answers(names, resolve, servers, timeout, cache) if names else {}
    mx: dict[str, Sequence[str]] = {a.domain: a.mx for a in answers.values() if a.mx is not None}
    if hosts and names:
        mx[names[0]] = hosts
    from warmup.providers import classify

    matches = classify(names, mx=mx, microsoft_shared=microsoft_shared)
    results = [_result(matches[name], answers.get(name)) for name in names]
    asked = "given" if hosts else "asked" if resolve else "cache" if cache else "none"
    if form == "json":
        _print_json(results, asked, problems)
    elif results:
        _print_text(results, asked)
    if problems:
        raise InputError(problems)
    return 0 if all(answer.determined for answer in answers.values()) else 3


def _refuse_contradictions(
    domains: Sequence[str], hosts: Sequence[str], resolve: bool, servers: Sequence[str], cache: Path | None
) -> None:
    """Say all at once which options do not go together."""
    problems = []
    if hosts and len(domains) > 1:
        problems.append("--mx speaks of one domain: give just one, or leave it out")
    if hosts and (resolve or cache):
        problems.append("--mx is an answer already: leave out --resolve and --cache")
    if servers and not resolve:
        problems.append("--nameserver needs --resolve")
    if problems:
        raise click.UsageError("; ".join(problems))


def _checked(domains: Sequence[str]) -> tuple[list[str], list[Problem]]:
    """The domains in one spelling, each once, and what is wrong with the rest."""
    from warmup.providers.names import normalise

    names = {given: None if _is_ip(given) else normalise(given) for given in domains}
    problems = [_problem(given) for given, name in names.items() if name is None]
    return list(dict.fromkeys(name for name in names.values() if name is not None)), problems


def _problem(given: str) -> Problem:
    """What an argument is that is no domain. An address is not repeated: none is ever kept, not even on a terminal."""
    from warmup.errors import Problem
    from warmup.providers.names import normalise

    if "@" in given:
        domain = normalise(given.rpartition("@")[2])
        fix = f"give only its domain: {domain}" if domain else "give only the domain, e.g. gmail.com"
        return Problem(f"…@{domain or '…'}", "is an address, which is not needed and should not be typed in", fix)
    if _is_ip(given):
        return Problem(f"'{given}'", "is an IP address, not a domain name", "give the recipient domain, e.g. gmail.com")
    shown = repr(given if len(given) <= 60 else f"{given[:57]}…")
    return Problem(shown, "is not a domain name", "e.g. gmail.com")


def _is_ip(text: str) -> bool:
    """Whether it is an IP address; also in the brackets of an address literal."""
    from ipaddress import ip_address

    try:
        ip_address(text.strip().strip("[]"))
    except ValueError:
        return False
    return True


def _answers(
    names: Sequence[str], resolve: bool, servers: Sequence[str], timeout: float, path: Path | None
) -> Mapping[str, MxAnswer]:
    """MX answers by domain: asked, or those of the cache that still hold."""
    if not resolve and path is None:
        return {}
    from datetime import UTC, datetime

    from warmup.providers.mx_answer import MxCache

    cache = MxCache(path) if path else None
    if not resolve:
        now = datetime.now(UTC)
        return {name: hit for name in names if cache and (hit := cache.get(name, now))}
    from warmup.providers.resolve import Nameserver, resolve_mx

    nameservers = [Nameserver.parse(text) for text in servers]
    answers = resolve_mx(names, nameservers=nameservers, timeout=timeout, cache=cache)
    if cache:
        cache.save()
    return answers


def _result(match: Match, answer: MxAnswer | None) -> dict[str, Any]:
    """What is known about one domain, as it stands in the JSON."""
    from warmup.providers import catalogue

    known = catalogue()
    record = known.providers.get(match.provider)
    return {
        "domain": match.domain,
        "provider": match.provider,
        "provider_name": record.name if record else None,
        "kind": record.kind if record else None,
        "group": match.group,
        "group_name": known.group_name(match.group),
        "how": match.how,
        "evidence": match.evidence,
        "source": list(record.source) if record else [],
        "date": record.date if record else None,
        "confidence": _confidence(match, record) if record else None,
        "note": record.note if record else "",
        "mx": _mx_record(answer) if answer else None,
    }


def _confidence(match: Match, record: Provider) -> str:
    """How sure the record is; of a domain that no source names, that it is judgement."""
    return "judgement" if match.how == "domain" and match.domain in record.widely_known else record.confidence


def _mx_record(answer: MxAnswer) -> dict[str, Any]:
    return {
        "status": answer.status,
        "determined": answer.determined,
        "hosts": list(answer.hosts),
        "ttl": answer.ttl,
        "asked_at": answer.asked_at.isoformat(timespec="seconds"),
        "nameserver": answer.nameserver,
        "cached": answer.cached,
        "detail": answer.detail,
    }


def _print_json(results: Sequence[Mapping[str, Any]], asked: str, problems: Sequence[Problem]) -> None:
    import json

    wrong = [{"where": one.where, "what": one.what, "fix": one.fix} for one in problems]
    record = {"schema_version": SCHEMA_VERSION, "mx": asked, "results": results, "problems": wrong}
    click.echo(json.dumps(record, indent=2))


def _print_text(results: Sequence[Mapping[str, Any]], asked: str) -> None:
    for result in results:
        click.secho(_plain(result["domain"]), bold=True)
        for label, text in _lines(result):
            click.echo(f"  {label:<12}{_plain(text)}")
    if asked == "none":
        click.echo("DNS was not asked: the catalogue's list alone decided (--resolve asks for the MX).", err=True)
    elif asked == "cache" and not all(result["mx"] for result in results):
        click.echo("DNS was not asked: where the cache has no answer that still holds, the list decided.", err=True)


def _lines(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Label and text of each line about one domain."""
    if result["provider_name"]:
        yield "provider", f"{result['provider_name']} ({result['kind']}, id {result['provider']})"
        yield "planned as", f"{result['group_name']} (group {result['group']})"
    else:
        yield "provider", "nobody we know (id other)"
    yield "known by", {"mx": "MX: ", "domain": "list: ", "none": ""}[result["how"]] + result["evidence"]
    if result["mx"]:
        yield "MX", _mx_text(result["mx"])
    if result["source"]:
        yield "source", f"{result['source'][0]} ({result['confidence']}, {result['date']})"
    if result["note"]:
        yield "note", result["note"]


def _mx_text(mx: Mapping[str, Any]) -> str:
    """What DNS said, when, and for how long; or why it is not known."""
    said = {
        "answer": ", ".join(mx["hosts"]),
        "null mx": "null MX: takes no mail",
        "no mx": "the domain has no MX record",
        "no such domain": "no such domain (NXDOMAIN)",
        "server failure": "could not be determined: the server failed (SERVFAIL)",
        "refused": "could not be determined: the server refused (REFUSED)",
        "timeout": f"could not be determined: {mx['detail']}",
        "unusable": f"could not be determined: {mx['detail']}",
    }[mx["status"]]
    source = "cached answer of" if mx["cached"] else "asked"
    server = f" {mx['nameserver']}" if mx["nameserver"] else " the resolver"
    holds = f", holds {mx['ttl']} s" if mx["ttl"] is not None else ""
    return f"{said}; {source}{server} at {mx['asked_at']}{holds}"


def _plain(text: str) -> str:
    """Text without control characters: a name from DNS must not steer a terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
