"""Whose mailbox a recipient domain is: a fresh MX answer first, then the catalogue's domains.

An MX answer names a provider only if *every* host in it belongs to that provider (or all to one planning group): a
domain with one host at Google and one of its own is not Google's. For each host the longest pattern wins, an exact
host before any suffix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from warmup.providers.catalogue import OTHER, Catalogue, catalogue
from warmup.providers.names import normalise, normalise_host

How = Literal["mx", "domain", "none"]


@dataclass(frozen=True)
class Match:
    """Whose mailbox a domain is, and how we know.

    Attributes:
        domain: The domain in one spelling (see :func:`warmup.providers.names.normalise`); as given if it is not one.
        provider: Id of a record, ``other`` if none matches.
        group: Planning group.
        how: ``mx``: the mail servers decided; ``domain``: the catalogue's list; ``none``: nobody knows it.
        evidence: One sentence for a person.
    """

    domain: str
    provider: str
    group: str
    how: How
    evidence: str


def classify(
    domains: Iterable[str],
    *,
    mx: Mapping[str, Sequence[str]] | None = None,
    microsoft_shared: bool = False,
) -> dict[str, Match]:
    """Say whose mailbox each recipient domain is.

    Args:
        domains: Recipient domains in any spelling; never addresses.
        mx: Fresh MX answers by domain: host names of all MX records, in any order. ``["."]`` is a null MX (RFC 7505),
            an empty list means that there is no MX record. Leave out domains whose answer is not known.
        microsoft_shared: Count consumer Outlook and Microsoft 365 as one planning group, ``microsoft``.

    Returns:
        A match for every domain, under the spelling that was given.
    """
    matcher = _matcher()
    answers = mx or {}
    respelled: dict[str, Sequence[str]] | None = None
    out: dict[str, Match] = {}
    for given in domains:
        if given in out:
            continue
        domain = normalise(given)
        answer = answers.get(given)
        if answer is None and answers and domain is not None:
            # Not under this spelling: only now is it worth bringing all answers into one spelling.
            respelled = _respelled(answers) if respelled is None else respelled
            answer = respelled.get(domain)
        if domain is None:
            out[given] = Match(given, OTHER, OTHER, "none", "not a domain name")
        else:
            out[given] = matcher.match(domain, answer, microsoft_shared)
    return out


def _respelled(answers: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """MX answers under one spelling of their domain; those of no domain are dropped."""
    return {name: hosts for given, hosts in answers.items() if (name := normalise(given)) is not None}


class Matcher:
    """The catalogue's patterns as dictionaries: a look-up takes a step per label of a host."""

    def __init__(self, known: Catalogue) -> None:
        self._known = known
        self._owner = {pattern: p.id for p in known.providers.values() for pattern in p.mx}
        self._below = {base: p.id for p in known.providers.values() for base in p.subdomains_of}
        self._wild: dict[str, list[str]] = {}  # by what follows the star
        for pattern in self._owner:
            if "*" in pattern:
                self._wild.setdefault(pattern.partition("*")[2], []).append(pattern)
        self._decided: dict[tuple[tuple[str | None, ...], str | None], tuple[str | None, str]] = {}

    def match(self, domain: str, answer: Sequence[str] | None, microsoft_shared: bool) -> Match:
        """One domain in its normal spelling, with its MX answer where there is one."""
        listed = self._listed(domain)
        why_not = ""
        if answer is not None:
            provider, said = self._by_mx(answer, listed)
            if provider:
                group = self._known.group_of(provider, microsoft_shared=microsoft_shared)
                return Match(domain, provider, group, "mx", said)
            why_not = f"{said}; "
        if listed:
            group = self._known.group_of(listed, microsoft_shared=microsoft_shared)
            return Match(domain, listed, group, "domain", f"{why_not}listed in the catalogue")
        return Match(domain, OTHER, OTHER, "none", f"{why_not}not listed in the catalogue")

    def pattern_of(self, host: str) -> str | None:
        """The pattern that an MX host (normal spelling) matches: itself, else its longest suffix; None if none does."""
        if host in self._owner and not host.startswith(".") and "*" not in host:
            return host
        dot = host.find(".")
        while dot > 0:  # from the longest suffix to the shortest
            tail = host[dot:]
            for pattern in self._wild.get(tail, ()):
                head = pattern.partition("*")[0]
                if host.startswith(head) and len(head) < dot and "." not in host[len(head) : dot]:
                    return pattern
            if tail in self._owner:
                return tail
            dot = host.find(".", dot + 1)
        return None

    def _listed(self, domain: str) -> str | None:
        """The record that lists a domain, or lists one above it with its subdomains."""
        found = self._known.domains.get(domain)
        dot = domain.find(".")
        while found is None and dot > 0:
            found = self._below.get(domain[dot + 1 :])
            dot = domain.find(".", dot + 1)
        return found

    def _by_mx(self, answer: Sequence[str], listed: str | None) -> tuple[str | None, str]:
        """The provider that all hosts belong to with the evidence, or None with the reason why there is none."""
        if not answer:
            return None, "no MX record"
        hosts = [normalise_host(host) for host in answer]
        if hosts == [""]:
            return OTHER, "null MX: the domain takes no mail (RFC 7505)"
        patterns = tuple([self.pattern_of(host) for host in hosts])
        if not any(patterns):
            return None, f"MX {hosts[0]} is nobody's we know"
        # Thousands of domains share one answer in kind: decide each kind once.
        key = (patterns, listed)
        if key not in self._decided:
            self._decided[key] = self._decide(patterns, listed)
        return self._decided[key]

    def _decide(self, patterns: Sequence[str | None], listed: str | None) -> tuple[str | None, str]:
        """Like :meth:`_by_mx`, for the patterns that the hosts match."""
        known = [pattern for pattern in patterns if pattern is not None]
        providers = Counter(self._owner[pattern] for pattern in known)
        names = ", ".join(sorted(providers))
        if len(known) < len(patterns):
            return None, f"MX hosts are mixed: {names} and hosts we do not know"
        if len({self._known.group_of(provider) for provider in providers}) > 1:
            return None, f"MX hosts are mixed: {names}"
        provider = min(providers, key=lambda one: (-providers[one], one))
        if listed and listed != provider:
            home = self._known.providers[listed]
            if {*home.mx, *home.hosted_on}.issuperset(known):
                provider = listed  # the servers are the landlord's, the mailbox is the tenant's
        return provider, f"every MX host matches {', '.join(sorted(set(known)))}"


@cache
def _matcher() -> Matcher:
    return Matcher(catalogue())
