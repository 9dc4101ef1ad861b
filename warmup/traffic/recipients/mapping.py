"""Whose mailboxes the unique domains of a list are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

DomainMapping = Callable[[Sequence[str]], Mapping[str, str]]
"""Recipient domains (normal spelling, unique) to planning groups; a domain that nobody knows is left out."""


def by_catalogue(mx: Mapping[str, Sequence[str]] | None = None, *, microsoft_shared: bool = False) -> DomainMapping:
    """A mapping by fresh MX answers, then by the catalogue's domains.

    Args:
        mx: MX hosts by domain, as :func:`warmup.providers.classify` takes them.
        microsoft_shared: Count consumer Outlook and Microsoft 365 as one planning group.
    """

    def mapping(domains: Sequence[str]) -> dict[str, str]:
        from warmup.providers import catalogue, classify

        known = catalogue()
        below = tuple({f".{base}" for one in known.providers.values() for base in one.subdomains_of})
        answers = mx or {}
        # A list has 10^5 domains and the catalogue knows few of them: only those it may know are worth a full look.
        asked = [name for name in domains if name in known.domains or name in answers or name.endswith(below)]
        matches = classify(asked, mx=mx, microsoft_shared=microsoft_shared)
        return {name: match.group for name, match in matches.items() if match.how != "none"}

    return mapping
