"""Rules expanded into ladders: the arithmetic. Every number stands in ``data/rules.toml``.

Levels are computed exactly (fractions, not floats) and rounded once, so that an expansion does not depend on how a
machine multiplies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from itertools import groupby
from typing import Any

from warmup.errors import InputError, Problem
from warmup.ramps.ladder import Ladder
from warmup.ramps.model import Ramp, Scope
from warmup.ramps.source import closest, read_toml

MAX_LEVELS = 1000
"""An expansion that needs more levels than this is a mistake, not a ramp."""

Parameters = Mapping[str, Fraction]


@cache
def rules() -> dict[str, dict[str, Any]]:
    """The rules as ``data/rules.toml`` has them: title, formula, publisher, source, date, parameters …, all of it."""
    return read_toml("rules.toml")


def expand_rule(name: str, *, scope: Scope | None = None, **parameters: float) -> Ramp:
    """Expand a rule into a ladder.

    Args:
        name: ``ipost-taper``, ``growth``, ``geometric``, ``doubling``, ``infobip-base``.
        scope: ``per_ip`` or ``total``; default: as the publisher means it.
        **parameters: ``start`` and ``stop`` (messages a day; the last level is exactly ``stop``), ``growth`` (0.2 is
            +20 % a sending day), ``hold`` (sending days a level), ``days`` (sending days from start to stop). Left out:
            the publisher's, where there is one.

    Returns:
        A ramp whose ``slug`` is the rule and its parameters, e.g. ``growth(start=300, growth=0.2, stop=2000000)``.

    Raises:
        InputError: Unknown rule or parameter, a figure nobody publishes left out, or values that make no ladder.
    """
    if name not in rules():
        raise InputError(Problem(f"rule {name!r}", "is not known", closest(name, rules())))
    rule = rules()[name]
    values = _checked(name, rule, parameters)
    days = _EXPANSIONS[name](values, rule)
    text = ", ".join(f"{key}={float(value):g}" if value < 1 else f"{key}={int(value)}" for key, value in values.items())
    return Ramp(
        slug=f"{name}({text})",
        name=rule["title"],
        publisher=rule["publisher"],
        url=rule["source"],
        date_seen=rule["date"],
        notes=f"{rule['formula']}. {rule['note']}",
        scope=scope or rule["scope"],
        unit="messages",
        usable="rule",
        why="Worked out from a stated rule, not a printed table.",
        confidence=rule["confidence"],
        days=len(days),
        ladder=Ladder.from_days(days, f"rule {name}"),
        rule=name,
    )


def _checked(name: str, rule: Mapping[str, Any], given: Mapping[str, float]) -> dict[str, Fraction]:
    """Merge given values with the publisher's and collect every problem."""
    known = [*rule["required"], *rule["parameters"]]
    where = f"rule {name}"
    problems = [Problem(where, f"does not know {key!r}", closest(key, known)) for key in given if key not in known]
    unstated = [key for key in rule["required"] if key not in given]
    nobody = f"{rule['publisher']} publishes no figure"
    problems.extend(Problem(where, f"needs {key}: {nobody}", f"state {key} yourself") for key in unstated)
    merged = {**rule["parameters"], **given}
    for key in known:
        if key in merged:
            problems.extend(_value_problems(where, key, merged[key]))
    if not problems and merged["stop"] < merged["start"]:
        problems.append(Problem(where, f"stop {merged['stop']:,g} is below start {merged['start']:,g}", "raise stop"))
    if problems:
        raise InputError(problems)
    # str(): 0.2 means one fifth, not the float nearest to it.
    return {key: Fraction(str(merged[key])) for key in known}


def _value_problems(where: str, key: str, value: Any) -> list[Problem]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        return [Problem(where, f"{key} is {value!r}", "it is a number above 0")]
    if key in ("hold", "days") and (value != int(value) or value > MAX_LEVELS):
        return [Problem(where, f"{key} is {value!r}", f"it is a whole number of sending days up to {MAX_LEVELS:,}")]
    if key in ("start", "stop") and not 1 <= value <= 1e12:
        return [Problem(where, f"{key} is {value!r}", "it is messages a day, 1 or more")]
    return []


def _climb(start: Fraction, stop: Fraction, following: Callable[[Fraction], Fraction], where: str) -> list[int]:
    """Levels from ``start``, each rounded down once, the last exactly ``stop``."""
    levels: list[int] = []
    level = start
    while level < stop:
        if len(levels) == MAX_LEVELS:
            what = f"would take more than {MAX_LEVELS:,} levels to reach {int(stop):,}"
            raise InputError(Problem(f"rule {where}", what, "let it grow faster or stop lower"))
        levels.append(int(level))
        level = following(level)
    return [*levels, int(stop)]


def _growth(values: Parameters, rule: Mapping[str, Any]) -> list[int]:  # noqa: ARG001 - one signature for all rules
    factor = 1 + values["growth"]
    return _climb(values["start"], values["stop"], lambda level: level * factor, "growth")


def _doubling(values: Parameters, rule: Mapping[str, Any]) -> list[int]:  # noqa: ARG001 - one signature for all rules
    return _climb(values["start"], values["stop"], lambda level: level * 2, "doubling")


def _geometric(values: Parameters, rule: Mapping[str, Any]) -> list[int]:  # noqa: ARG001 - one signature for all rules
    start, stop, days = values["start"], values["stop"], int(values["days"])
    ratio = float(stop / start)
    return [int(start), *(round(float(start) * ratio ** (day / days)) for day in range(1, days)), int(stop)]


def _taper(values: Parameters, rule: Mapping[str, Any]) -> list[int]:
    def following(level: Fraction) -> Fraction:
        for step in rule["steps"]:
            if level < step.get("below", math.inf) and level <= step.get("up_to", math.inf):
                return level * (1 + Fraction(str(step["growth"])))
        raise AssertionError("the last step has no limit")

    levels = _climb(values["start"], values["stop"], following, "ipost-taper")
    merged = [level for level, _ in groupby(levels)]
    return [level for level in merged for _ in range(int(values["hold"]))]


_EXPANSIONS: dict[str, Callable[[Parameters, Mapping[str, Any]], list[int]]] = {
    "doubling": _doubling,
    "geometric": _geometric,
    "growth": _growth,
    "infobip-base": _growth,
    "ipost-taper": _taper,
}
