"""What the export of each platform can say, and what it cannot: ``data/capabilities.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from warmup.traffic.measures import MEASURES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

Says = Literal["yes", "no IP", "if", "?", "NULL"]
"""What an export says of a measure.

``yes``: it says it. ``no IP``: it says it, but not by sending IP. ``if``: it says it under a condition, named in
:attr:`Capability.only_if`. ``?``: perhaps; no source that was checked says so, and until then it is NULL. ``NULL``: it
cannot say it.
"""

CONFIDENCE: Mapping[str, str] = {
    "P": "the vendor's own documentation or source code",
    "S": "third parties that reproduce real exports",
    "K": "general knowledge, not checked",
}
"""What the letters of ``confidence`` mean."""


@dataclass(frozen=True)
class Capability:
    """What one export can say.

    Attributes:
        title: What people call it.
        platform: Who sends the mail, e.g. ``sparkpost``; one platform may have several exports.
        kind: ``events`` (a record for each thing that happened to a message) or ``counts`` (sums, without addresses).
        rows: What one row or entry of it is about.
        never: Measures that it cannot say: NULL in all counts.
        unchecked: Measures that it may say, but no checked source does: NULL unless a file proves otherwise.
        only_if: Measures that it says under a condition, and the condition.
        without_ip: Measures said, but not by sending IP.
        per_ip: What must be known of the sending IPs it names; may be empty.
        differs: Per measure (or ``date``, ``ip``, ``counts``), how what is reported differs from the definition.
        retention: How long the platform keeps what it would export.
        source, date, confidence: Where this is from, when it was checked and how good that is (:data:`CONFIDENCE`).
    """

    title: str
    platform: str
    kind: Literal["events", "counts"]
    rows: str
    source: str
    date: date
    confidence: Literal["P", "S", "K"]
    retention: str
    never: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    only_if: Mapping[str, str] = field(default_factory=dict)
    without_ip: tuple[str, ...] = ()
    per_ip: str = ""
    differs: Mapping[str, str] = field(default_factory=dict)

    def says(self, measure: str) -> Says:
        """Whether it can say a measure."""
        if measure in self.never:
            return "NULL"
        if measure in self.unchecked:
            return "?"
        if measure in self.only_if:
            return "if"
        return "no IP" if measure in self.without_ip else "yes"

    @property
    def lacks(self) -> tuple[str, ...]:
        """Measures that are NULL, or that nobody should count on, in their usual order."""
        return tuple(measure for measure in MEASURES if self.says(measure) in ("NULL", "?"))


@cache
def capabilities() -> dict[str, Capability]:
    """All exports by the name of their reader."""
    text = files("warmup.traffic").joinpath("data/capabilities.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return {name: _capability(table) for name, table in tables.items()}


def _capability(table: dict[str, Any]) -> Capability:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    return Capability(**values)
