"""A platform's numbers → measures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from warmup.providers.names import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST = 10_000_000_000
"""Messages in one number that are believed."""

LONGEST = 200
"""Characters of a name that are believed."""

_ADDRESS = re.compile(r"[^\s@,;<>\"']+@")


class DamagedError(ValueError):
    """An entry of an answer is not what the platform writes."""


@dataclass(frozen=True)
class Formula:
    """How a measure follows from a platform's numbers.

    Attributes:
        plus: Numbers that are added up; without all of them the formula does not apply.
        also: Numbers that are added where they were asked for.
        minus: Numbers that are taken off; without all of them the formula does not apply.
    """

    plus: tuple[str, ...]
    also: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()

    def applies(self, numbers: Mapping[str, Any]) -> bool:
        """Whether all that it needs was asked for."""
        return all(name in numbers for name in (*self.plus, *self.minus))

    def result(self, numbers: Mapping[str, Any]) -> int | None:
        """The measure; None where a number in it is unknown.

        Raises:
            DamagedError: A number in it is no count.
        """
        added = [whole(numbers[name]) for name in (*self.plus, *(name for name in self.also if name in numbers))]
        taken = [whole(numbers[name]) for name in self.minus]
        if None in added or None in taken:
            return None
        return max(0, sum(n or 0 for n in added) - sum(n or 0 for n in taken))


def only(*names: str) -> tuple[Formula, ...]:
    """The first of these numbers that was asked for."""
    return tuple(Formula((name,)) for name in names)


Formulas = dict[str, tuple[Formula, ...]]
"""Measure to formulas, the first that applies is used; a measure without one is NULL."""


def measures(formulas: Formulas, numbers: Any) -> dict[str, int | None]:
    """All measures that numbers say.

    Args:
        formulas: How they follow from the numbers.
        numbers: A platform's name of a number to its value, as the answer holds it.

    Raises:
        DamagedError: A number that is used is no count, or ``numbers`` is no table of numbers.
    """
    if not isinstance(numbers, dict):
        raise DamagedError("holds no numbers")
    found: dict[str, int | None] = {}
    for measure, alternatives in formulas.items():
        formula = next((one for one in alternatives if one.applies(numbers)), None)
        if formula is not None:
            found[measure] = formula.result(numbers)
    return found


def used(formulas: Formulas) -> frozenset[str]:
    """Numbers that any measure follows from."""
    every = [one for alternatives in formulas.values() for one in alternatives]
    return frozenset(name for one in every for name in (*one.plus, *one.also, *one.minus))


def whole(value: Any) -> int | None:
    """A count of messages; None: unknown.

    Raises:
        DamagedError: It is none.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        raise DamagedError("is not a whole number")
    if not 0 <= value <= MOST:
        raise DamagedError("is negative" if value < 0 else "is more than anyone sends in a day")
    return int(value)


def name_of(value: Any) -> str:
    """A name as the platform writes it; empty where it says none. Local parts of addresses are cut out.

    Raises:
        DamagedError: It is no name.
    """
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > LONGEST:
        raise DamagedError("is no name")
    if any("\ud800" <= c <= "\udfff" for c in str(value)):  # half a character, which JSON can spell
        raise DamagedError("is no text")
    return _ADDRESS.sub("…@", str(value).strip())


def domain_of(value: Any) -> tuple[str, str]:
    """A recipient domain, and what stands there instead of one (``other``), of which one is empty.

    Raises:
        DamagedError: It is no name.
    """
    text = name_of(value)
    domain = normalise(text)
    return (domain, "") if domain else ("", text)
