"""The numbers of all answers together, each once: a number is known by what it is about, not by the file it stands in.

Pages of one answer, answers about different metrics and copies of a file complete each other. Two different numbers
about the same thing are an error: they are about different mail (filters, subaccounts), or one is out of date, and
nothing in the files says which. Answers that divide the same mail differently (by provider, by IP) are never added up:
the one that a plan needs is read, the others are said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.traffic.days import DayColumn, read_days
from warmup.traffic.export_counts import Damage, ExportCounts
from warmup.traffic.measures import DIMENSIONS, MEASURES
from warmup.traffic.problems import capped
from warmup.traffic.supply import Note
from warmup.traffic.wording import counted, quote, some

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    import pandas as pd

NO_DAY = ""
"""The bucket of numbers about a whole period."""

DAY = "day"

_MOST_NAMES = 50
_WEEKS = 2
_CALLED = {"label": "mailbox provider", "domain": "recipient domain", "stream": "stream", "ip": "IP", "pool": "pool"}


@dataclass(frozen=True)
class View:
    """How an answer divides the mail.

    Attributes:
        by: Dimensions that it names: of ``label``, ``domain``, ``stream``, ``ip``, ``pool``.
        grain: ``day``, a finer one, or empty for the whole period.
        parts: What else it is divided by; its parts are added up.
    """

    by: frozenset[str] = frozenset()
    grain: str = DAY
    parts: str = ""

    @property
    def worth(self) -> tuple[bool, ...]:
        """What is read when several are there: first days, then providers, streams and IPs, and whole days."""
        by = self.by
        provider = "label" in by or "domain" in by
        named = (provider, "stream" in by, "label" in by, "ip" in by, "pool" in by)
        return (self.grain != "", *named, self.grain == DAY, not self.parts)

    def __str__(self) -> str:
        names = [called for key, called in _CALLED.items() if key in self.by] + [self.parts] * bool(self.parts)
        by = f"by {' and '.join(names)}" if names else "in all"
        return f"{by}, {f'per {self.grain}' if self.grain else 'whole period'}"


@dataclass(frozen=True)
class Names:
    """What numbers are about; empty where not said."""

    domain: str = ""
    label: str = ""
    stream: str = ""
    ip: str = ""
    pool: str = ""


@dataclass(frozen=True)
class Place:
    """Where numbers stand: file and number of the entry."""

    name: str
    entry: int


@dataclass
class _Cell:
    place: Place
    numbers: dict[str, int | None]


@dataclass
class Cells:
    """Collects numbers.

    Attributes:
        source: Name of the reader.
        notes: What the reader of the counts must know.
        records: Entries that were whole.
        unused: Entries about what no measure counts.
        copies: Entries that say what another one says.
        grain_said: Whether answers say how long a bucket is; else sums of weeks or months look like those of days.
    """

    source: str
    notes: list[Note] = field(default_factory=list)
    grain_said: bool = True
    records: int = 0
    unused: int = 0
    copies: int = 0
    damage: Damage = field(default_factory=lambda: Damage(unit="entry"))
    _cells: dict[View, dict[tuple[str, Names, str], _Cell]] = field(default_factory=dict)
    _problems: list[Problem] = field(default_factory=list)
    _other: set[str] = field(default_factory=set)

    def add(
        self, view: View, bucket: str, names: Names, numbers: Mapping[str, int | None], place: Place, part: str = ""
    ) -> None:
        """Numbers of one entry.

        Args:
            view: How its answer divides the mail.
            bucket: Day or time, ISO 8601; :data:`NO_DAY` for the whole period.
            names: What the numbers are about.
            numbers: Measures that the entry says; None: it says that it does not know.
            place: Where it stands.
            part: Which part of ``names`` it is, where the answer is divided further.
        """
        self.records += 1
        cells = self._cells.setdefault(view, {})
        cell = cells.setdefault((bucket, names, part), _Cell(place, {}))
        before = len(cell.numbers)
        for measure, number in numbers.items():
            known = cell.numbers.get(measure)
            if known is not None and number is not None and known != number:
                self._contradiction(cell.place, place, measure, (known, number), bucket, names)
            elif known is None:
                cell.numbers[measure] = number
        if before and len(cell.numbers) == before:
            self.copies += 1

    def damaged(self, place: Place) -> None:
        """An entry that is not what the platform writes."""
        self.damage.add(place.name, [place.entry])

    def not_counted(self, names: Iterable[str]) -> None:
        """Numbers of an answer that no measure follows from."""
        if len(self._other) < _MOST_NAMES:
            self._other.update(names)

    def _contradiction(
        self, first: Place, second: Place, measure: str, values: tuple[int, int], bucket: str, names: Names
    ) -> None:
        about = [quote(text) for text in (names.domain or names.label, names.stream, names.ip, names.pool) if text]
        what = (
            f"says {values[1]:,} {measure} of {', '.join([*about, bucket or 'the whole period'])} where "
            f"{first.name} entry {first.entry} says {values[0]:,}"
        )
        fix = "if they are about different mail, read them apart, each under its stream; else leave the older one out"
        self._problems.append(Problem(f"{second.name}: entry {second.entry}", what, fix))

    def finish(self, zone: ZoneInfo, file_zone: ZoneInfo | None) -> ExportCounts:
        """All numbers as counts.

        Args:
            zone: Days are counted in it.
            file_zone: Days and times without an offset are in it; default: ``zone``.

        Raises:
            InputError: Numbers that contradict each other, days of different time zones.
        """
        if self._problems:
            raise InputError(capped(self._problems, self._problems[0].where.partition(": ")[0]))
        cells = self._chosen()
        column = self._days(cells, zone, file_zone)
        frame = _frame(self._summed(cells, column), self.source)
        if self._other:
            text = f"Not counted, because no measure is only that: {some(sorted(map(quote, self._other)), 12)}."
            self.notes.append(Note("info", text))
        return ExportCounts(
            frame, self.records, self.copies, self.unused, self.damage, tuple(dict.fromkeys(self.notes))
        )

    def _chosen(self) -> dict[tuple[str, Names, str], _Cell]:
        """The cells of the view that a plan needs."""
        if not self._cells:
            return {}
        views = sorted(self._cells, key=lambda view: view.worth, reverse=True)
        if len(views) > 1:
            text = (
                f"The same mail is counted in {counted(len(views), 'way')}; read is the one {views[0]}. Left out, so "
                f"that nothing counts twice: {some(map(str, views[1:]))}."
            )
            self.notes.append(Note("warning", text))
        if not views[0].grain:
            text = "The numbers are sums of a whole period, without days: they show shares, and no plan can use them."
            self.notes.append(Note("warning", text))
        return self._cells[views[0]]

    def _days(
        self, cells: dict[tuple[str, Names, str], _Cell], zone: ZoneInfo, file_zone: ZoneInfo | None
    ) -> DayColumn:
        """Days of the buckets; entries whose bucket is none are damaged."""
        texts: dict[str, Place] = {}
        for (bucket, _, _), cell in cells.items():
            if bucket != NO_DAY:
                texts.setdefault(bucket, cell.place)
        column = read_days(dict.fromkeys(texts, 0), zone, file_zone)
        if column.problem:
            at = texts[column.problem_at[-1]]
            raise InputError(Problem(f"{at.name}: entry {at.entry}", *column.problem))
        if not self.grain_said:
            self._check_grain({column.days[text]: texts[text] for text in column.days})
        self.notes += [Note("info", text) for text in column.notes]
        for key in [key for key in cells if key[0] in column.bad]:
            self.damaged(cells.pop(key).place)
            self.records -= 1
        return column

    def _check_grain(self, days: dict[date, Place]) -> None:
        """Refuse sums of months, and doubt those of weeks: their days would be spikes between days of nothing."""
        if len(days) > 1 and all(day.day == 1 for day in days):
            at = days[min(days)]
            what = "has first days of months only, so its numbers are sums of months"
            raise InputError(Problem(at.name, what, "ask for it again by day"))
        if len(days) > _WEEKS and all((day - min(days)).days % 7 == 0 for day in days):
            text = "All days are the same weekday: if the answer was asked for by week, ask for it again by day."
            self.notes.append(Note("warning", text))

    def _summed(
        self, cells: dict[tuple[str, Names, str], _Cell], column: DayColumn
    ) -> dict[tuple[date | None, Names], dict[str, int | None]]:
        """Sums by day and names; a sum with an unknown part is unknown."""
        sums: dict[tuple[date | None, Names], dict[str, int | None]] = {}
        said = {measure for cell in cells.values() for measure in cell.numbers}
        for (bucket, names, _), cell in cells.items():
            key = (column.days[bucket] if bucket else None, names)
            total = sums.setdefault(key, dict.fromkeys(said, 0))
            for measure in said:
                before, more = total[measure], cell.numbers.get(measure)
                total[measure] = None if before is None or more is None else before + more
        return sums


def _frame(sums: Mapping[tuple[date | None, Names], Mapping[str, int | None]], source: str) -> pd.DataFrame:
    """One row a key, sorted."""
    import pandas as pd

    rows = list(sums.items())
    names = {name: [getattr(key[1], name) for key, _ in rows] for name in ("domain", "label", "stream", "ip", "pool")}
    frame = pd.DataFrame(
        {
            "date": pd.Series([key[0] for key, _ in rows], dtype="object").astype("datetime64[s]"),
            **{name: pd.Series(values, dtype="str") for name, values in names.items()},
            "source": pd.Series([source] * len(rows), dtype="str"),
            **{name: pd.array([row.get(name) for _, row in rows], dtype="Int64") for name in MEASURES},
        }
    )
    return frame[[*DIMENSIONS, *MEASURES]].sort_values(list(DIMENSIONS), ignore_index=True)
