"""Recipient domains and provider labels → planning groups of ``warmup.providers``.

Only unique names are classified, never rows. What nothing knows becomes ``other``, counted and said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmup.traffic.supply import OTHER, Note
from warmup.traffic.wording import counted, quote, some

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

NOTABLE = 0.05
"""Share of the volume above which unclassified mail is a warning: its caps are then guesswork."""


@dataclass(frozen=True)
class Grouped:
    """The planning group of every pair of domain and label.

    Attributes:
        groups: (domain, label) to planning group.
        unknown: Pairs that nothing classified.
    """

    groups: Mapping[tuple[str, str], str]
    unknown: frozenset[tuple[str, str]]


def group_names(pairs: Iterable[tuple[str, str]], microsoft_shared: bool = False) -> Grouped:
    """Planning groups of (recipient domain, provider label) pairs; the domain decides, then the label.

    Args:
        pairs: Unique pairs, either part empty where unknown. A label with a dot is tried as a domain too.
        microsoft_shared: One group for consumer Outlook and Microsoft 365 (``policy.microsoft_shared``).
    """
    pairs = set(pairs)
    domains = {domain for domain, _ in pairs if domain} | {label.lower() for _, label in pairs if "." in label}
    by_domain = _by_domain(domains, microsoft_shared)
    by_label = _by_label({label for _, label in pairs if label}, microsoft_shared)
    groups, unknown = {}, set()
    for domain, label in pairs:
        group = by_domain.get(domain) or by_label.get(label) or by_domain.get(label.lower())
        if group is None:
            unknown.add((domain, label))
        groups[domain, label] = group or OTHER
    return Grouped(groups, frozenset(unknown))


def _by_domain(domains: set[str], microsoft_shared: bool) -> dict[str, str]:
    from warmup.providers import classify

    matches = classify(sorted(domains), microsoft_shared=microsoft_shared) if domains else {}
    return {domain: match.group for domain, match in matches.items() if match.group != OTHER}


def _by_label(labels: set[str], microsoft_shared: bool) -> dict[str, str]:
    from warmup.providers import catalogue

    known = catalogue()
    found = {label: known.provider_of_label(label, microsoft_shared=microsoft_shared) for label in labels}
    return {label: group for label, group in found.items() if group and group != OTHER}


def unknown_note(names: pd.DataFrame) -> Note | None:
    """One sentence about everything that nothing classified.

    Args:
        names: ``name`` (domain or label), ``messages`` and ``unknown`` (bool).
    """
    lost = names[names["unknown"]].groupby("name")["messages"].sum().sort_values(ascending=False, kind="stable")
    total = float(names["messages"].sum())
    if lost.empty:
        return None
    share = float(lost.sum()) / total if total else 0.0
    named = some(f"{quote(name)} ({count / total if total else 0:.1%})" for name, count in lost.items())
    text = (
        f"{share:.1%} of the volume goes to {counted(len(lost), 'name')} (domains or labels) that no mailbox provider "
        f"is known for, planned together as “{OTHER}”. The largest: {named}."
    )
    return Note("warning" if share > NOTABLE else "info", text)
