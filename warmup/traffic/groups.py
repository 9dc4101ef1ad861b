"""Recipient domains and provider labels → planning groups of ``warmup.providers``.

Only unique names are classified, never rows. What nothing knows becomes ``other``, counted and said; what the files
themselves call "Other" is ``other`` too, but not unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmup.traffic.supply import OTHER, Note
from warmup.traffic.wording import counted, percent, quote, some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

NOTABLE = 0.05
"""Share of the volume above which unclassified mail is a warning: its caps are then guesswork."""

FEW = 20
"""Messages below which an unknown domain is not named: it may be a person's own."""

MOST_ASKED = 20
"""Unknown names, the largest first, that are compared with the known ones."""


@dataclass(frozen=True)
class Grouped:
    """The planning group of every pair of domain and label.

    Attributes:
        groups: (domain, label) to planning group.
        unknown: Pairs that nothing classified.
    """

    groups: Mapping[tuple[str, str], str]
    unknown: frozenset[tuple[str, str]]


def group_names(
    pairs: Iterable[tuple[str, str]], microsoft_shared: bool = False, mx: Mapping[str, Sequence[str]] | None = None
) -> Grouped:
    """Planning groups of (recipient domain, provider label) pairs; the domain decides, then the label.

    Args:
        pairs: Unique pairs, either part empty where unknown. A label with a dot is tried as a domain too.
        microsoft_shared: One group for consumer Outlook and Microsoft 365 (``policy.microsoft_shared``).
        mx: Fresh MX answers by domain, where they are known: they decide before the catalogue's domains.
    """
    pairs = set(pairs)
    domains = {domain for domain, _ in pairs if domain} | {label.lower() for _, label in pairs if "." in label}
    by_domain = _by_domain(domains, microsoft_shared, mx or {})
    by_label = _by_label({label for _, label in pairs if label}, microsoft_shared)
    groups, unknown = {}, set()
    for domain, label in pairs:
        group = by_domain.get(domain) or by_label.get(label) or by_domain.get(label.lower())
        if group is None:
            unknown.add((domain, label))
        groups[domain, label] = group or OTHER
    return Grouped(groups, frozenset(unknown))


def _by_domain(domains: set[str], microsoft_shared: bool, mx: Mapping[str, Sequence[str]]) -> dict[str, str]:
    from warmup.providers import classify

    matches = classify(sorted(domains), mx=mx, microsoft_shared=microsoft_shared) if domains else {}
    return {domain: match.group for domain, match in matches.items() if match.group != OTHER}


def _by_label(labels: set[str], microsoft_shared: bool) -> dict[str, str]:
    from warmup.providers import catalogue

    known = catalogue()
    found = {label: known.provider_of_label(label, microsoft_shared=microsoft_shared) for label in labels}
    return {label: group for label, group in found.items() if group}


def unknown_notes(names: pd.DataFrame) -> Iterator[Note]:
    """What part of the volume goes to mailbox providers that are not known, said once.

    Args:
        names: One row per pair: ``domain``, ``label``, ``name`` (domain or label), ``provider`` (planning group),
            ``messages`` and ``unknown`` (bool).
    """
    total = max(1.0, float(names["messages"].sum()))
    lost = names[names["unknown"]]
    volume = lost.groupby("name")["messages"].sum().sort_values(ascending=False, kind="stable")
    if len(volume):
        share = float(volume.sum()) / total
        large = volume[volume >= FEW]
        named = some(f"{quote(name)} ({percent(count / total)})" for name, count in large.items())
        text = (
            f"{percent(share)} of the volume goes to {counted(len(volume), 'name')} (domains or labels) that no "
            f"mailbox provider is known for, planned together as “{OTHER}”."
        )
        yield Note("warning" if share > NOTABLE else "info", f"{text} The largest: {named}." if named else text)
        yield from _typos(large.index, frozenset(lost.loc[lost["domain"] == "", "name"]))
    called = float(names.loc[(names["provider"] == OTHER) & ~names["unknown"], "messages"].sum())
    if called:
        part = percent(called / total)
        text = f"{part} of the volume stands under “other” in the files themselves; it is planned as that."
        yield Note("info", text)


def _typos(names: Iterable[str], labels: frozenset[str]) -> Iterator[Note]:
    """Unknown names, the largest first, that are nearly a known one."""
    for name in list(names)[:MOST_ASKED]:
        meant = did_you_mean_provider(name)
        if meant and name in labels:
            yield Note("warning", f"{quote(name)} is no mailbox provider we know; {meant} Correct it in the export.")
        elif meant:
            text = (
                f"Mail goes to {quote(name)}, which is no domain of a mailbox provider we know; {meant} If recipients "
                f"mistyped it, have them correct it."
            )
            yield Note("info", text)


def did_you_mean_provider(name: str) -> str:
    """``did you mean Gmail?`` where a label or domain is nearly a known one, else an empty text."""
    from warmup.providers import catalogue
    from warmup.providers.near import near

    group = near(name)
    return f"did you mean {catalogue().group_name(group)}?" if group else ""
