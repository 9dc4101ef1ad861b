"""Ask DNS which servers take mail for a domain. The only part of this room that touches the network.

Few domains, one thread each; :mod:`warmup.traffic.resolve` asks for a customer's whole list and reads replies with what
stands here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.ttl

from warmup.errors import InputError, Problem, UndeterminedError
from warmup.providers.mx_answer import MxAnswer, MxCache, Status
from warmup.providers.names import normalise, normalise_host

if TYPE_CHECKING:
    from dns.rdtypes.ANY.MX import MX

DNS_PORT = 53

Response = dns.message.Message | None

ResolverKind = TypeVar("ResolverKind", bound=dns.resolver.BaseResolver)

_FAILURES: dict[dns.rcode.Rcode, Status] = {
    dns.rcode.SERVFAIL: "server failure",
    dns.rcode.REFUSED: "refused",
}


@dataclass(frozen=True)
class Nameserver:
    """Address and port of a resolver."""

    address: str
    port: int = DNS_PORT

    @classmethod
    def parse(cls, text: str) -> Nameserver:
        """Read ``192.0.2.53``, ``192.0.2.53:5353``, ``2001:db8::53`` or ``[2001:db8::53]:5353``.

        Raises:
            InputError: It is none of these. Names are not taken: they would have to be resolved first.
        """
        address, port = text.strip(), str(DNS_PORT)
        if address.startswith("["):
            address, closed, rest = address[1:].partition("]")
            if rest or not closed:
                port = rest.removeprefix(":") if rest.startswith(":") else ""
        elif address.count(":") == 1:
            address, _, port = address.partition(":")
        try:
            canonical = str(ipaddress.ip_address(address))
            number = int(port) if port.isascii() and port.isdigit() else 0
        except ValueError:
            canonical, number = "", 0
        if not canonical or not 0 < number < 65_536:
            fix = "give an IP address with or without port, e.g. 192.0.2.53 or [2001:db8::53]:5353"
            raise InputError(Problem("--nameserver", f"{text!r} is not an address", fix))
        return cls(canonical, number)


def resolve_mx(
    domains: Iterable[str],
    *,
    nameservers: Sequence[Nameserver] = (),
    timeout: float = 5.0,
    workers: int = 16,
    cache: MxCache | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, MxAnswer]:
    """Ask for the MX of each domain.

    Args:
        domains: Recipient domains in any spelling.
        nameservers: Whom to ask; default: the system's resolvers.
        timeout: Seconds for one domain, all tries included.
        workers: Questions at a time.
        cache: Answers that still hold are taken from here; new ones are put into it (it is not saved).
        now: The clock.

    Returns:
        An answer for every domain, by its normal spelling; those that are no domain names are left out.

    Raises:
        UndeterminedError: The system names no resolver.
    """
    names = list(dict.fromkeys(name for name in map(normalise, domains) if name is not None))
    kept = {name: hit for name in names if cache is not None and (hit := cache.get(name, now())) is not None}
    missing = [name for name in names if name not in kept]
    if missing:
        resolver = configured(dns.resolver.Resolver, nameservers, timeout)
        with ThreadPoolExecutor(max_workers=max(1, min(workers, len(missing)))) as pool:
            asked = list(pool.map(lambda name: _ask(resolver, name, now()), missing))
        if cache is not None:
            cache.put(asked)
        kept.update({answer.domain: answer for answer in asked})
    return {name: kept[name] for name in names}


def configured(kind: type[ResolverKind], nameservers: Sequence[Nameserver], lifetime: float) -> ResolverKind:
    """A resolver of dnspython, synchronous or not, that asks the given servers, or the system's where none are given.

    Args:
        kind: Its class.
        nameservers: Whom to ask.
        lifetime: Seconds for one question, all tries included.

    Raises:
        UndeterminedError: The system names no resolver.
    """
    try:
        resolver = kind(configure=not nameservers)
    except dns.resolver.NoResolverConfiguration:
        raise UndeterminedError("the system names no DNS resolver; give one with --nameserver ADDRESS") from None
    if nameservers:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(one.address, one.port) for one in nameservers]
    resolver.lifetime = lifetime
    resolver.timeout = min(lifetime, 2.0)
    return resolver


def _ask(resolver: dns.resolver.Resolver, domain: str, asked_at: datetime) -> MxAnswer:
    """One question."""
    try:
        found = resolver.resolve(dns.name.from_text(domain), "MX", search=False, raise_on_no_answer=False)
    except dns.exception.DNSException as error:
        return read_failure(domain, error, resolver.lifetime, asked_at)
    return read_reply(domain, found, asked_at)


def read_reply(domain: str, found: dns.resolver.Answer, asked_at: datetime) -> MxAnswer:
    """What a reply says, one without records included (``raise_on_no_answer=False``)."""
    server, ttl = str(found.nameserver or ""), _ttl(found.response)
    if found.rrset is None:
        return MxAnswer(domain, "no mx", (), ttl, asked_at, server)
    records: list[MX] = sorted(found.rrset, key=lambda record: (record.preference, record.exchange))
    if [record.exchange for record in records] == [dns.name.root]:
        return MxAnswer(domain, "null mx", (".",), ttl, asked_at, server)
    hosts = tuple(dict.fromkeys(normalise_host(record.exchange.to_text()) or "." for record in records))
    return MxAnswer(domain, "answer", hosts, ttl, asked_at, server)


def read_failure(domain: str, error: dns.exception.DNSException, lifetime: float, asked_at: datetime) -> MxAnswer:
    """What it means that dnspython raises instead of replying; every way in which it can fail is a status of its own.

    Args:
        domain: What was asked about.
        error: What was raised.
        lifetime: Seconds that the question had.
        asked_at: When it was asked.
    """

    def answer(status: Status, response: Response = None, server: str = "", detail: str = "") -> MxAnswer:
        return MxAnswer(domain, status, (), _ttl(response), asked_at, server, detail)

    if isinstance(error, dns.resolver.NXDOMAIN):
        return answer("no such domain", next(iter(error.kwargs["responses"].values()), None))
    if isinstance(error, dns.resolver.NoNameservers):
        status, server, detail = _failure(error)
        return answer(status, server=server, detail=detail)
    if isinstance(error, dns.resolver.LifetimeTimeout):
        asked = {_name(server) for server, *_ in error.kwargs.get("errors", ())}
        return answer("timeout", server=", ".join(sorted(asked)), detail=f"no reply within {lifetime:g} s")
    return answer("unusable", detail=str(error) or type(error).__name__)


def _ttl(response: Response) -> int | None:
    """Seconds a reply may be kept: the smallest TTL on its way; a negative one has its SOA (RFC 2308)."""
    if not isinstance(response, dns.message.QueryMessage):
        return None
    ttl = response.resolve_chaining().minimum_ttl
    return None if ttl >= dns.ttl.MAX_TTL else int(ttl)


def _failure(error: dns.resolver.NoNameservers) -> tuple[Status, str, str]:
    """Status, server and words for "every server failed": what the last of them said."""
    errors = error.kwargs.get("errors", ())
    for server, _, _, reason, response in reversed(errors):
        status = _FAILURES.get(response.rcode(), "unusable") if response is not None else "unusable"
        return status, _name(server), str(reason)
    return "unusable", "", "no server could be asked"


def _name(server: object) -> str:
    """A server of dnspython ("Do53:192.0.2.53@53") as people write it."""
    return str(server).removeprefix("Do53:").replace("@", " port ")
