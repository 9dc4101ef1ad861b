"""Problems of the rows of one file: all of them counted, the first ones told, equal ones in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.traffic.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from warmup.traffic.tables import Table

MAX_PROBLEMS = 20
"""Lines told of one file."""

PLACES = 3
"""Places named of problems of one kind; so many or fewer have a line each."""


def capped(problems: Iterable[Problem], where: str, hidden: int = 0) -> list[Problem]:
    """At most :data:`MAX_PROBLEMS` problems, and a line that counts the rest (``hidden``: those not even listed)."""
    items = list(problems)
    rest = max(0, len(items) - MAX_PROBLEMS) + hidden
    return [*items[:MAX_PROBLEMS], Problem(where, f"and {counted(rest, 'more problem')}")] if rest else items


def _told(
    where: str, unit: str, places: Sequence[Sequence[int]], whats: Sequence[str], total: int, fix: str
) -> Problem:
    """One line for one problem, or for many of a kind with their exact number and the first places."""
    named = [" and ".join(map(str, place)) for place in places]
    if total == 1:
        return Problem(f"{where}: {unit}{'s' if len(places[0]) > 1 else ''} {named[0]}", whats[0], fix)
    what = f"{whats[0]}, {total:,} times" if len(set(whats)) == 1 else f"{whats[0]}, and {total - 1:,} more like it"
    return Problem(f"{where}: {unit}s {', '.join(named)} and {total - len(named):,} more", what, fix)


class Problems:
    """Collects what is wrong with the records of one file.

    Args:
        where: The file, as messages call it.
        unit: What a record is: ``line``, ``row``, ``result``.
    """

    def __init__(self, where: str, unit: str) -> None:
        self._where, self._unit = where, unit
        self._found: list[tuple[list[tuple[int, ...]], list[str], int, str]] = []

    def add(self, records: tuple[int, ...], what: str, fix: str) -> None:
        """One problem, at one record or at several together."""
        self.add_kind([records], [what], 1, fix)

    def add_kind(self, records: Sequence[tuple[int, ...]], whats: Sequence[str], total: int, fix: str) -> None:
        """Problems of one kind.

        Args:
            records: Where the first of them are (:data:`PLACES` at least, if there are as many), in order; each at one
                record or at several together.
            whats: What is wrong at each.
            total: How many there are in all.
            fix: What to do about it.
        """
        if total <= PLACES:  # a few stand where they lie in the file, between others
            self._found += [([one], [what], 1, fix) for one, what in zip(records, whats, strict=True)]
        else:
            self._found.append((list(records[:PLACES]), list(whats[:PLACES]), total, fix))

    def raise_any(self) -> None:
        """Raise them as one error, if there are any: in the order of the file, every one counted."""
        if not self._found:
            return
        self._found.sort(key=lambda kind: kind[0][0])
        shown, rest = self._found[:MAX_PROBLEMS], self._found[MAX_PROBLEMS:]
        line = self._lines({record for records, *_ in shown for one in records for record in one})
        problems = [
            _told(self._where, self._unit, [[line[record] for record in one] for one in records], whats, total, fix)
            for records, whats, total, fix in shown
        ]
        raise InputError(capped(problems, self._where, sum(total for _, _, total, _ in rest)))

    def _lines(self, records: set[int]) -> Mapping[int, int]:
        """What the file calls the records."""
        return {record: record for record in records}


class RowProblems(Problems):
    """Problems of the rows of a table; their lines are looked up once, at the end."""

    def __init__(self, table: Table) -> None:
        super().__init__(table.name, table.unit)
        self._table = table

    def _lines(self, records: set[int]) -> Mapping[int, int]:
        return self._table.lines(records)
