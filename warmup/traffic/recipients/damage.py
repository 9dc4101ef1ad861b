"""Lines of a list that are no rows: those the engine complains of, and those it loses without a word.

DuckDB complains of a line with too many columns. A quote that is never closed swallows what follows it, as one value
or as one complaint, and a line of more than 2 MB is passed over. So the lines are counted apart, and what is missing
counts as damaged.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.traffic.recipients.files import FILE, MOST_REJECTED
from warmup.traffic.supply import Note
from warmup.traffic.wording import counted, percent, some

if TYPE_CHECKING:
    from warmup.traffic.recipients.files import Opened, Part

MAX_BAD = 0.01
"""Share of damaged lines above which a list is refused."""

MOST_BREAKS = 20
"""Line breaks inside one row that are believed: a note has some, a quote that was never closed has thousands."""

_TOLD = 3
"""Places that are named."""


@dataclass(frozen=True)
class Damage:
    """Lines that could not be read.

    Attributes:
        first: Where the first of them are.
        count: How many there are.
        swallowed: Those of them that no complaint names, by file.
    """

    first: tuple[str, ...] = ()
    count: int = 0
    swallowed: dict[str, int] = field(default_factory=dict)

    @property
    def places(self) -> str:
        """Where the damage is."""
        parts = [f"the first at {', '.join(self.first)}"] if self.first else []
        if self.swallowed:
            lost = some(f"{number:,} in {name}" for name, number in self.swallowed.items())
            parts.append(f"swallowed by a quote that is not closed, or longer than 2 MB: {lost}")
        return "; ".join(parts)


def damage_of(opened: Opened, rows: int, max_bad: float) -> Damage:
    """Lines of a list that could not be read when it was read last.

    Args:
        opened: The list.
        rows: Rows that were read.
        max_bad: Share (0-1) of all lines up to which the rest is believed.

    Raises:
        InputError: The damaged lines are more than that.
    """
    if opened.unit != "line":
        return Damage()
    first: tuple[str, ...] = ()
    rejected, complaints = Counter[str](), 0
    if not all(part.western for part in opened.parts):  # else the engine read no text, and complained of none
        first, (rejected, complaints) = _first(opened), _rejected(opened)
    forget(opened)
    lost = _lost(opened, rows, rejected)
    forget(opened)
    damaged = [(part.name, line, used) for part in opened.parts for line, used in part.damaged]
    first = (*first, *_own(opened, damaged))[:_TOLD]
    count = sum(rejected.values()) + sum(lost.values()) + sum(used for *_, used in damaged)
    damage = Damage(first, count, lost)
    share = count / max(1, rows + count)
    if count and (share > max_bad or complaints >= MOST_REJECTED):
        what = f"has {counted(count, 'damaged line')} ({percent(share)}), {damage.places}"
        raise InputError(Problem(opened.name, what, f"export it again, or allow more than {percent(max_bad)}"))
    return damage


def damage_notes(opened: Opened, damage: Damage) -> list[Note]:
    """What to say of damage that is small enough to go on."""
    if not damage.count:
        return []
    are = "line is" if damage.count == 1 else "lines are"
    return [Note("warning", f"{damage.count:,} damaged {are} left out, {damage.places}.", opened.name)]


def forget(opened: Opened) -> None:
    """Drop the complaints: they quote lines, and are not kept a moment longer than needed."""
    for table in ("reject_errors", "reject_scans"):
        opened.connection.execute(f"DROP TABLE IF EXISTS {table}")


_REJECTS = "reject_errors JOIN reject_scans USING (scan_id, file_id)"


def _rejected(opened: Opened) -> tuple[Counter[str], int]:
    """Damaged lines by path, and complaints: a line may have several."""
    sql = f"SELECT file_path, count(DISTINCT line), count(*) FROM {_REJECTS} GROUP BY file_path"
    rows = opened.connection.execute(sql).fetchall()
    return Counter({str(path): int(lines) for path, lines, _ in rows}), sum(int(number) for *_, number in rows)


def _first(opened: Opened) -> tuple[str, ...]:
    sql = f"SELECT DISTINCT file_path, line FROM {_REJECTS} ORDER BY ALL LIMIT {_TOLD}"
    rows = opened.connection.execute(sql).fetchall()
    return _places(opened, [(opened.called(str(path)), line) for path, line in rows])


def _own(opened: Opened, damaged: list[tuple[str, int, int]]) -> tuple[str, ...]:
    """Where lines are that were seen to be damaged here, not by the engine."""
    return _places(opened, [(name, line) for name, line, _ in damaged[:_TOLD]])


def _places(opened: Opened, found: list[tuple[str, int]]) -> tuple[str, ...]:
    several = sum(len(part.files) for part in opened.parts) > 1
    places = [f"{name} line {line}" if several else f"{line}" for name, line in found]
    return tuple(places if several or not places else [f"line {places[0]}", *places[1:]])


def _lost(opened: Opened, rows: int, rejected: Counter[str]) -> dict[str, int]:
    """Lines by file name that are neither rows nor named by a complaint; the list is read again only if need be."""
    expected = [sum(part.lines.values()) for part in opened.parts if part.lines]
    if not expected or sum(expected) <= rows + sum(rejected.values()):
        return {}
    found: dict[str, int] = {}
    for part in opened.parts:
        for path, records, inside, suspect in _breaks(opened, part):
            known = (part.lines or {}).get(path)
            missing = 0 if known is None else known - records - rejected[path] - (inside - suspect)
            if missing > 0:
                found[opened.called(path)] = missing
    return found


def _breaks(opened: Opened, part: Part) -> list[tuple[str, int, int, int]]:
    """Path, rows, line breaks inside their values, and those of them in rows that hold too many."""
    columns = [f"coalesce(length(c{i}) - length(replace(c{i}, chr(10), '')), 0)" for i in range(len(part.header))]
    sql = (
        f"SELECT {FILE}, count(*), sum(breaks), sum(CASE WHEN breaks > {MOST_BREAKS} THEN breaks ELSE 0 END) "
        f"FROM (SELECT {FILE}, {' + '.join(columns)} AS breaks FROM {part.relation}) GROUP BY ALL"
    )
    rows = opened.connection.execute(sql, list(part.parameters)).fetchall()
    found = {str(path): (int(number), int(inside), int(suspect)) for path, number, inside, suspect in rows}
    return [(path, *found.get(path, (0, 0, 0))) for path in part.lines or {}]
