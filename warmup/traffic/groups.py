"""Recipient domains and provider labels → planning groups of ``warmup.providers``.

Only unique names are classified, never rows. What nothing knows becomes ``other``, counted and said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmup.traffic.supply import OTHER, Note
from warmup.traffic.tables import quote

if TYPE_CHECKING:
    import pandas as pd

_NAMED = 5
"""Unknown names that a note spells out; the rest are counted."""

@dataclass(frozen=True)
class Grouped:
    """The planning group of every pair of domain and label.

    Attributes:
        groups: (domain, label) to planning group; empty text where a file has no domain or no label.
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
    return {domain: match.group for domain, match in matches.items() if match.group and match.group != OTHER}


def _by_label(labels: set[str], microsoft_shared: bool) -> dict[str, str]:
    from warmup.providers import catalogue

    known = catalogue()
    found = {label: known.provider_of_label(label, microsoft_shared=microsoft_shared) for label in labels}
    return {label: group for label, group in found.items() if group and group != OTHER}


def unknown_note(rows: pd.DataFrame) -> Note | None:
    """One sentence about everything that nothing classified.

    Args:
        rows: ``name`` (domain or label), ``messages`` and ``unknown`` (bool), one row per name.
    """
    lost = rows[rows["unknown"]].sort_values(["messages", "name"], ascending=[False, True])
    total = float(rows["messages"].sum())
    if lost.empty:
        return None
    share = float(lost["messages"].sum()) / total if total else 0.0
    named = ", ".join(
        f"{quote(name)} ({messages / total if total else 0:.1%})"
        for name, messages in zip(lost["name"].head(_NAMED), lost["messages"].head(_NAMED), strict=True)
    )
    more = f" and {len(lost) - _NAMED:,} more" if len(lost) > _NAMED else ""
    text = (
        f"{share:.1%} of the volume goes to {len(lost):,} domain{'s' if len(lost) != 1 else ''} or labels that no mailbox "
        f"provider is known for; they are planned together as “{OTHER}”. The largest: {named}{more}."
    )
    return Note("warning" if share > 0.05 else "info", text)
