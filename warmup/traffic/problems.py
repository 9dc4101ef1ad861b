"""Problems of the rows of one file: all of them found, the first ones told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warmup.traffic.tables import Table

MAX_PROBLEMS = 20


def capped(problems: Iterable[Problem], where: str, hidden: int = 0) -> list[Problem]:
    """At most :data:`MAX_PROBLEMS` problems, and a line that counts the rest (``hidden``: those not even listed)."""
    items = list(problems)
    rest = max(0, len(items) - MAX_PROBLEMS) + hidden
    return [*items[:MAX_PROBLEMS], Problem(where, f"and {rest:,} more problems")] if rest else items


class RowProblems:
    """Collects what is wrong with the rows of a table; their lines are looked up once, at the end."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._found: list[tuple[tuple[int, ...], str, str]] = []
        self._hidden = 0

    def add(self, records: tuple[int, ...], what: str, fix: str) -> None:
        """One problem, at one record or at several together."""
        if len(self._found) < MAX_PROBLEMS:
            self._found.append((records, what, fix))
        else:
            self._hidden += 1

    def hide(self, number: int) -> None:
        """So many more were found but not listed."""
        self._hidden += max(0, number)

    def raise_any(self) -> None:
        """Raise them as one error, if there are any."""
        if not self._found:
            return
        table = self._table
        line = table.lines({record for records, _, _ in self._found for record in records})
        problems = []
        for records, what, fix in self._found:
            unit = table.unit if len(records) == 1 else f"{table.unit}s"
            at = " and ".join(str(line[record]) for record in records)
            problems.append(Problem(f"{table.name}: {unit} {at}", what, fix))
        raise InputError(capped(problems, table.name, self._hidden))
