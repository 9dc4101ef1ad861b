"""The published ramps: one TOML file each in ``data/ladders``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from warmup.errors import InputError, Problem
from warmup.ramps.expansion import expand_rule
from warmup.ramps.ladder import Ladder, fill_days
from warmup.ramps.model import Ramp, Unit
from warmup.ramps.source import DATA, closest


@cache
def ramps() -> Mapping[str, Ramp]:
    """Every ramp we know, usable or not, by slug in alphabetical order."""
    paths = (path for path in DATA.joinpath("ladders").iterdir() if path.name.endswith(".toml"))
    read = [_ramp(tomllib.loads(path.read_text(encoding="utf-8")), path.name) for path in paths]
    return MappingProxyType({ramp.slug: ramp for ramp in sorted(read, key=lambda ramp: ramp.slug)})


def ramp(slug: str, *, allow_excerpt: bool = False) -> Ramp:
    """One ramp that can be planned with.

    Args:
        slug: Its name, as ``warmup ramps`` lists it.
        allow_excerpt: Take a ladder that is printed only in part; its missing days hold the last printed level.

    Raises:
        InputError: The slug is unknown (with the nearest one), the ramp is an excerpt that was not asked for, or it has
            no numbers at all, which no permission can mend.
    """
    found = ramps().get(slug)
    if found is None:
        raise InputError(Problem(f"ramp {slug!r}", "is not known", closest(slug, ramps())))
    if found.usable == "no":
        what = f"cannot be planned with: {found.why}"
        raise InputError(Problem(f"ramp {slug}", what, "choose another (warmup ramps)"))
    if found.usable == "excerpt" and not allow_excerpt:
        fix = "choose another (warmup ramps), or allow excerpts"
        raise InputError(Problem(f"ramp {slug}", f"is an excerpt: {found.why}", fix))
    return found


def _ramp(record: dict[str, Any], file: str) -> Ramp:
    """One data file as a ramp; a rule is expanded, tables become ladders."""
    rule: dict[str, Any] | None = record.pop("rule", None)
    tables: dict[str, Any] = record.pop("tables", {})
    if end := record.pop("end_point", None):
        record["end_point"] = (int(end[0]), float(end[1]))
    if rule:
        expanded = expand_rule(rule.pop("name"), **rule)
        return Ramp(**record, days=expanded.days, ladder=expanded.ladder, rule=expanded.rule)
    days: list[int] = []

    def ladder(table: dict[str, Any] | None, who: str) -> Ladder | None:
        if table is None:
            return None
        values = _values(table, record["unit"], f"{file}: {who}")
        days.append(len(values))
        return Ladder.from_days(values, f"{file}: {who}")

    def several(key: str) -> dict[str, Ladder]:
        built = {who: ladder(table, f"{key}.{who}") for who, table in tables.get(key, {}).items()}
        return {who: one for who, one in built.items() if one is not None}

    return Ramp(
        **record,
        ladder=ladder(tables.get("all"), "all"),
        each_provider=ladder(tables.get("each_provider"), "each_provider"),
        rest=ladder(tables.get("rest"), "rest"),
        providers=several("providers"),
        printed_only=several("printed_only"),
        days=max(days, default=0),
    )


def _values(table: Mapping[str, Any], unit: Unit, where: str) -> tuple[float, ...]:
    """One value per sending day. ``first_day`` is only what the publisher calls sending day 1."""
    points = [(int(day), float(value)) for day, value in table["points"]] if "points" in table else None
    values = fill_days(points, where) if points else tuple(float(value) for value in table["days"])
    return tuple(value / 100 for value in values) if unit == "percent" else values
