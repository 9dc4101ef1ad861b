"""Sending history: what was sent on which day, by stream and mailbox provider, as far as the exports say.

Three things are kept apart: 0 sent, unknown (an empty volume: NULL is never 0), and days that the export does not cover
(gaps). Only the first two stand in :attr:`History.frame`; gaps stand in :attr:`History.gaps`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.traffic.groups import Grouped, group_names, unknown_note
from warmup.traffic.sources import gather
from warmup.traffic.supply import OTHER, Note
from warmup.traffic.tables import capped, quote

if TYPE_CHECKING:
    import pandas as pd

    from warmup.scenario import Scenario

MIN_DAYS = 14
"""Days a history must cover (issue: two weeks or more): below it no weekday was seen twice."""

NEGLIGIBLE = 0.01
"""Share of a provider's volume below which an unknown part of a day does not make the whole day unknown."""

DENSE = 0.75
"""A weekday on which an export has rows in this share of its weeks is expected to have them; without rows it is a gap."""


@dataclass(frozen=True, eq=False)
class History:
    """What was sent.

    Attributes:
        frame: Tidy, sorted: ``date`` (datetime64), ``stream``, ``provider`` (planning group or ``other``), ``tier`` (of
            :data:`~warmup.traffic.supply.TIERS`; NA: not known), ``messages`` (Int64; NA: unknown, never 0). One row per
            combination; a combination that is absent on a covered day sent 0.
        streams: Streams in the scenario's order.
        first, last: Days covered by any file, both included.
        coverage: Per stream the first and last day its files cover.
        gaps: Per stream the days inside its coverage on which its files should have rows and have none.
        unclassified_share: Share of the known volume whose provider is ``other`` because nothing classified it.
        domains: Number of recipient domains per provider, where the files name domains.
        notes: What the reader of the plan must know.
    """

    frame: pd.DataFrame
    streams: tuple[str, ...]
    first: date
    last: date
    coverage: dict[str, tuple[date, date]]
    gaps: dict[str, tuple[date, ...]] = field(default_factory=dict)
    unclassified_share: float = 0.0
    domains: dict[str, int] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def providers(self) -> tuple[str, ...]:
        """Planning groups, largest volume first, ``other`` last."""
        volume = self.frame.groupby("provider")["messages"].sum()
        return tuple(sorted(map(str, volume.index), key=lambda p: (p == OTHER, -int(volume[p]), p)))


def load_history(scenario: Scenario, *, today: date | None = None) -> History:
    """Read every export of a scenario.

    Args:
        scenario: Its history sources, streams and time zone are used.
        today: Later days are in the future; default: today in the scenario's time zone.

    Returns:
        The history, with notes about all that was assumed, converted or left out.

    Raises:
        InputError: All problems of all files at once, one line each.
    """
    today = today or datetime.now(scenario.zone).date()
    gathered = gather(scenario)
    rows, notes = gathered.rows, list(gathered.notes)
    problems = [*_future(rows, today), *_overlaps(rows, notes), *_too_short(rows)]
    if problems:
        raise InputError(problems)
    grouped = _group(rows, scenario.policy.microsoft_shared)
    lost = _unknown(rows, grouped)
    note = unknown_note(lost)
    notes += [note] if note else []
    frame = _tidy(rows, notes)
    coverage, gaps = _coverage(scenario, rows)
    notes += _gap_notes(gaps)
    total = float(lost["messages"].sum())
    return History(
        frame=frame,
        streams=tuple(stream.name for stream in scenario.streams),
        first=min(first for first, _ in coverage.values()),
        last=max(last for _, last in coverage.values()),
        coverage=coverage,
        gaps=gaps,
        unclassified_share=float(lost.loc[lost["unknown"], "messages"].sum()) / total if total else 0.0,
        domains=_domains(rows),
        notes=tuple(notes),
    )


def _future(rows: pd.DataFrame, today: date) -> Iterator[Problem]:
    """Days after today are a plan, not a history."""
    late = rows[rows["date"].dt.date > today]
    for file, part in late.groupby("file", observed=True):
        last, count = part["date"].max().date(), part["date"].nunique()
        what = f"holds {count} day{'s' if count > 1 else ''} in the future, up to {last} (today is {today})"
        yield Problem(str(file), what, "remove what has not been sent yet, or check the order of day and month")


def _overlaps(rows: pd.DataFrame, notes: list[Note]) -> list[Problem]:
    """The same day, provider and stream in two files: equal volumes are one export twice, others are parts."""
    if rows["file"].nunique() < 2:
        return []
    keys = ["date", "stream", "domain", "label", "tier"]
    twice = rows[rows.duplicated(keys, keep=False)]
    copies = twice[twice.duplicated([*keys, "messages"], keep=False)]
    # Small volumes are equal by chance; one file whose every overlapping volume is repeated in another is not.
    problems = []
    for file, part in copies.groupby("file", observed=True, sort=False):
        overlapping = int((twice["file"] == file).sum())
        if part["messages"].gt(0).any() and len(part) * 2 >= overlapping:
            others = copies.merge(part[keys], on=keys)["file"].unique()
            names = ", ".join(str(other) for other in others if other != file)
            what = f"repeats {len(part):,} volumes that stand in {names} as well, e.g. of {part['date'].min().date()}"
            problems.append(Problem(str(file), what, "cut the files so that no day is in two, or leave one out"))
    if len(twice) and not problems:
        files = ", ".join(map(str, twice["file"].unique()[:5]))
        text = f"{twice.groupby(keys, dropna=False).ngroups:,} volumes are in several files with different numbers; they were added up."
        notes.append(Note("warning", text, files))
    return capped(problems, "history")


def _too_short(rows: pd.DataFrame) -> Iterator[Problem]:
    files = ", ".join(map(str, rows["file"].unique()[:3]))
    first, last = rows["date"].min().date(), rows["date"].max().date()
    days = (last - first).days + 1
    if days < MIN_DAYS:
        yield Problem(files, f"covers {days} day{'s' if days > 1 else ''} ({first} to {last})", f"at least {MIN_DAYS} are needed")
    elif not rows["messages"].notna().any():
        yield Problem(files, "holds no known volume", "export a column with the number of messages sent")


def _group(rows: pd.DataFrame, microsoft_shared: bool) -> Grouped:
    """Add ``provider`` and ``name`` (what was classified) to the rows."""
    domain, label = rows["domain"].fillna(""), rows["label"].fillna("")
    pairs = rows.assign(domain=domain, label=label)[["domain", "label"]].drop_duplicates()
    grouped = group_names(zip(pairs["domain"], pairs["label"], strict=True), microsoft_shared)
    pairs["provider"] = [grouped.groups[pair] for pair in zip(pairs["domain"], pairs["label"], strict=True)]
    keyed = rows.assign(domain=domain, label=label)[["domain", "label"]].merge(pairs, on=["domain", "label"], how="left")
    rows["provider"] = keyed["provider"].to_numpy()
    rows["name"] = domain.where(domain != "", label)
    return grouped


def _unknown(rows: pd.DataFrame, grouped: Grouped) -> pd.DataFrame:
    """Volume per classified name, and whether anything knew it."""
    volume = rows.groupby(["domain", "label"], dropna=False, observed=True)["messages"].sum().reset_index().fillna({"domain": "", "label": ""})
    volume["unknown"] = [pair in grouped.unknown for pair in zip(volume["domain"], volume["label"], strict=True)]
    volume["name"] = volume["domain"].where(volume["domain"] != "", volume["label"]).replace("", "(no provider given)")
    return volume.groupby("name").agg(messages=("messages", "sum"), unknown=("unknown", "max")).reset_index()


def _tidy(rows: pd.DataFrame, notes: list[Note]) -> pd.DataFrame:
    """Sum to day, stream, provider and tier; unknown where more than a negligible part of the provider is unknown."""
    keys = ["date", "stream", "provider", "tier"]
    rows["gone"] = rows["messages"].isna()
    if rows["gone"].any():
        known = rows.groupby(["stream", "provider", "name"], dropna=False)["messages"].transform("sum").astype(float)
        total = rows.groupby(["stream", "provider"], dropna=False)["messages"].transform("sum").astype(float)
        rows["weight"] = (known / total.where(total > 0)).fillna(1.0).where(rows["gone"], 0.0)
    else:
        rows["weight"] = 0.0
    sums = rows.groupby(keys, dropna=False, observed=True).agg(
        messages=("messages", "sum"), weight=("weight", "sum"), gone=("gone", "min")
    )
    sums = sums.reset_index()
    sums["messages"] = sums["messages"].mask((sums["weight"] >= NEGLIGIBLE) | sums["gone"])
    if rows["gone"].any():
        blank, cells = int(rows["gone"].sum()), int(sums["messages"].isna().sum())
        text = (
            f"{blank:,} volumes are empty. Unknown is not 0: {cells:,} provider days of {len(sums):,} are left out of all "
            f"means, the rest concern less than {NEGLIGIBLE:.0%} of a provider."
        )
        notes.append(Note("warning", text, ", ".join(map(str, rows.loc[rows["gone"], "file"].unique()[:5]))))
    return sums[[*keys, "messages"]].sort_values(keys, ignore_index=True)


def _coverage(
    scenario: Scenario, rows: pd.DataFrame
) -> tuple[dict[str, tuple[date, date]], dict[str, tuple[date, ...]]]:
    """First and last covered day per stream, and the gaps between: days of the export, not of the stream, decide."""
    coverage, gaps = {}, {}
    cache: dict[tuple[str, ...], tuple[tuple[date, date], tuple[date, ...]]] = {}
    files = rows[["stream", "file"]].drop_duplicates()
    for stream in scenario.streams:
        mine = tuple(sorted(files.loc[files["stream"] == stream.name, "file"]))
        if mine not in cache:
            days = sorted(set(rows.loc[rows["file"].isin(mine), "date"].dt.date.unique()))
            cache[mine] = ((days[0], days[-1]), _gaps(days))
        coverage[stream.name], gaps[stream.name] = cache[mine]
    return coverage, {name: days for name, days in gaps.items() if days}


def _gaps(days: list[date]) -> tuple[date, ...]:
    """Days without any row on weekdays that nearly always have some."""
    present = set(days)
    span = [days[0] + timedelta(n) for n in range((days[-1] - days[0]).days + 1)]
    expected = set()
    for weekday in range(7):
        mine = [day for day in span if day.weekday() == weekday]
        if len(mine) > 1 and sum(day in present for day in mine) >= DENSE * len(mine):
            expected.add(weekday)
    return tuple(day for day in span if day not in present and day.weekday() in expected)


def _gap_notes(gaps: dict[str, tuple[date, ...]]) -> Iterator[Note]:
    by_days: dict[tuple[date, ...], list[str]] = {}
    for stream, days in gaps.items():
        by_days.setdefault(days, []).append(stream)
    for days, streams in by_days.items():
        shown = ", ".join(str(day) for day in days[:6]) + (f" and {len(days) - 6} more" if len(days) > 6 else "")
        names = ", ".join(quote(name) for name in streams)
        text = f"The export has no rows at all on {len(days)} day{'s' if len(days) > 1 else ''} it should cover ({shown}); for {names} they are unknown, not 0."
        yield Note("warning", text)


def _domains(rows: pd.DataFrame) -> dict[str, int]:
    named = rows[rows["domain"].notna() & (rows["domain"] != "")]
    counts = named.groupby("provider")["domain"].nunique()
    return {str(provider): int(count) for provider, count in counts.items()}
