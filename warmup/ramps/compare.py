"""Ramps compared: what they start with, when they reach a volume; and all that is known of them as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from warmup.ramps.ceilings import default_ceilings
from warmup.ramps.policy import policies

if TYPE_CHECKING:
    from warmup.ramps.ladder import Ladder
    from warmup.ramps.model import Ramp

SCHEMA_VERSION = 1

MILESTONES: tuple[int, ...] = (10_000, 50_000, 100_000, 1_000_000)
"""Messages a day by whose first day ramps are compared."""

PLANNABLE = ("table", "percent", "rule")
"""Kinds of ramp that can be planned with without asking for it."""


def compared(ramp: Ramp) -> tuple[Ladder, ...]:
    """The ladders that stand for a ramp in a comparison: its overall one, else all of them; none where unpublished."""
    overall = ramp.overall()
    return (overall,) if overall else tuple(ramp.ladders().values())


def by_pace(chosen: Iterable[Ramp]) -> list[Ramp]:
    """Ramps from the fastest to the slowest start, percentages and unpublished ones last."""
    return sorted(chosen, key=lambda ramp: (ramp.unit == "percent", _pace(ramp), ramp.slug))


def _pace(ramp: Ramp) -> tuple[float, ...]:
    ladders = compared(ramp)
    if not ladders:
        return (float("inf"),) * (len(MILESTONES) + 1)
    days = [min(ladder.day_reaching(level) or float("inf") for ladder in ladders) for level in MILESTONES]
    return (*days, -max(ladder.levels[-1] for ladder in ladders))


def document(chosen: Iterable[Ramp]) -> dict[str, Any]:
    """Ramps, policies and starting ceilings as JSON: what ``warmup ramps --format json`` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "ramps": [_ramp(ramp) for ramp in chosen],
        "policies": [asdict(policy) for policy in policies().values()],
        "ceilings": [asdict(ceiling) for ceiling in default_ceilings()],
    }


def _ramp(ramp: Ramp) -> dict[str, Any]:
    plain = ("slug", "name", "publisher", "url", "date_seen", "scope", "unit", "usable", "why", "confidence", "notes")
    return {
        **{key: getattr(ramp, key) for key in plain},
        "rule": ramp.rule,
        "days": ramp.days,
        "end_point": list(ramp.end_point) if ramp.end_point else None,
        "ladders": _ladders(ramp, ramp.ladders()),
        "printed_only": _ladders(ramp, ramp.printed_only),
    }


def _ladders(ramp: Ramp, ladders: Mapping[str, Ladder]) -> dict[str, Any]:
    messages = ramp.unit == "messages"
    return {
        who: {
            "levels": list(ladder.levels),
            "holds": list(ladder.holds),
            "table": list(ladder.table(ramp.days)),
            "day_reaching": {str(level): ladder.day_reaching(level) for level in MILESTONES} if messages else None,
        }
        for who, ladder in ladders.items()
    }
