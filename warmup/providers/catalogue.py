"""The catalogue of mailbox providers: who owns which recipient domains and mail servers, and what is planned together.

Everything known stands in TOML files under ``data``; this module only reads and indexes them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Literal

from warmup.providers.names import normalise

Kind = Literal["mailbox", "hosted", "gateway", "other"]

OTHER = "other"
"""Provider and planning group of a domain the catalogue does not know."""

MICROSOFT = "microsoft"
"""The planning group that stands for consumer Outlook and Microsoft 365 when they share one clock."""

_FILES = ("mailboxes", "hosted", "gateways")


@dataclass(frozen=True)
class Provider:
    """One record: an operator of mailboxes, a host of other people's domains, or a gateway in front of a company.

    Attributes:
        id: Stable id.
        name: What people call it.
        group: Planning group: the providers that share one clock.
        kind: ``mailbox``, ``hosted`` or ``gateway``.
        source: Addresses (or words) of where this is known from.
        date: When it was last compared with them (ISO, perhaps without day).
        confidence: ``sourced``, ``partly`` or ``judgement``.
        domains: Recipient domains of its own, those of ``widely_known`` included.
        widely_known: Those of ``domains`` that no source names: judgement, whatever ``confidence`` says of the record.
        subdomains_of: Those of ``domains`` below which subdomains count too.
        mx: Patterns of its mail servers: ``.suffix``, ``exact.host``, or with ``*`` for one label.
        hosted_on: Patterns of another record in the same group on which ``domains`` lie.
        aliases: Ids of other catalogues for the same thing.
        note: What a reader should know.
    """

    id: str
    name: str
    group: str
    kind: Kind
    source: tuple[str, ...]
    date: str
    confidence: str
    domains: tuple[str, ...] = ()
    widely_known: tuple[str, ...] = ()
    subdomains_of: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()
    hosted_on: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Group:
    """A planning group: providers that share one clock.

    Attributes:
        id: Stable id.
        name: What people call it, short enough for a chart.
        kind: Of its largest member; ``other`` for everybody unknown.
        merges: For a group that only exists when others are counted together: those groups.
    """

    id: str
    name: str
    kind: Kind
    merges: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """All records, in the order of the files.

    Attributes:
        providers: By id.
        groups: By id; ``other`` and the merged group ``microsoft`` included.
        labels: Planning group by the simplified label of a platform or person.
    """

    providers: Mapping[str, Provider]
    groups: Mapping[str, Group]
    labels: Mapping[str, str]

    @staticmethod
    def load() -> Catalogue:
        """Read the catalogue's files."""
        providers = {p.id: p for name in _FILES for p in map(_provider, _read(name)["providers"])}
        groups = {g.id: g for g in map(_group, _read("groups")["groups"])}
        labels = {simplify(one): r["group"] for r in _read("labels")["labels"] for one in r["labels"]}
        return Catalogue(providers, groups, labels)

    @cached_property
    def domains(self) -> Mapping[str, str]:
        """Provider id by recipient domain. Only exact names; see :attr:`Provider.subdomains_of` for those below."""
        return {domain: p.id for p in self.providers.values() for domain in p.domains}

    @cached_property
    def ids(self) -> Mapping[str, str]:
        """Provider id by id or alias of another catalogue."""
        aliases = {alias: p.id for p in self.providers.values() for alias in p.aliases}
        return {**aliases, **{name: name for name in self.providers}}

    def group_of(self, provider: str, *, microsoft_shared: bool = False) -> str:
        """Planning group of a provider id; ``other`` for one that is not in the catalogue.

        Args:
            provider: Id of a record.
            microsoft_shared: Both Microsoft groups are counted on one clock, the group ``microsoft``.
        """
        found = self.providers.get(provider)
        return self._merged(found.group, microsoft_shared) if found else OTHER

    def group_name(self, group: str) -> str:
        """What people call a planning group; the id itself if it is not one."""
        found = self.groups.get(group)
        return found.name if found else group

    def provider_of_label(self, label: str, *, microsoft_shared: bool = False) -> str | None:
        """The planning group that a platform or a person means by a label such as ``Hotmail / Outlook``.

        Args:
            label: A mailbox provider's name in a sending history, an id, or one of its recipient domains.
            microsoft_shared: See :meth:`group_of`.

        Returns:
            The planning group, or None if nobody knows the label: it must not be guessed.
        """
        simple = simplify(label)
        group = self.words.get(simple)
        if group is None:
            domain = self.domains.get(normalise(label) or "")
            group = self.providers[domain].group if domain else None
        return self._merged(group, microsoft_shared) if group else None

    @cached_property
    def words(self) -> Mapping[str, str]:
        """Planning group by every simplified label that is known: the catalogue's own words, and people's."""
        return {**self.labels, **self._own_labels}

    @cached_property
    def _own_labels(self) -> Mapping[str, str]:
        """Planning group by the catalogue's own words: names and ids of groups and records, and aliases."""
        by_name = {simplify(p.name): p.group for p in self.providers.values()}
        by_id = {simplify(name): self.providers[to].group for name, to in self.ids.items()}
        own = [group for group in self.groups.values() if not group.merges]  # "Microsoft" alone stands in labels.toml
        return {**by_name, **by_id, **{simplify(word): group.id for group in own for word in (group.name, group.id)}}

    def _merged(self, group: str, microsoft_shared: bool) -> str:
        if microsoft_shared and group in self.groups[MICROSOFT].merges:
            return MICROSOFT
        return group


@cache
def catalogue() -> Catalogue:
    """The catalogue, read once."""
    return Catalogue.load()


def simplify(label: str) -> str:
    """A label without what makes no difference: case, punctuation, runs of space; ``&`` is "and"."""
    spaced = "".join(c if c.isalnum() else " " for c in label.casefold().replace("&", " and "))
    return " ".join(spaced.split())


def records() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every record of every file as written, with its file name: what the schema checks."""
    for name in _FILES:
        yield from ((name, record) for record in _read(name)["providers"])
    for name in ("groups", "labels"):
        yield from ((name, record) for record in _read(name)[name])


def _read(name: str) -> dict[str, Any]:
    path = files("warmup.providers").joinpath("data", f"{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _frozen(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in record.items()}


def _provider(record: Mapping[str, Any]) -> Provider:
    fields = _frozen(record)
    fields["domains"] = fields.get("domains", ()) + fields.get("widely_known", ())
    return Provider(**fields)


def _group(record: Mapping[str, Any]) -> Group:
    return Group(**_frozen(record))
