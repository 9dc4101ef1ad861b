"""Sending history: what was sent on which day, by stream and mailbox provider, as far as the exports say.

Three things are kept apart: 0 sent, unknown (an empty volume: NULL is never 0), and days that the export does not cover
(gaps). Only the first two stand in :attr:`History.frame`; gaps stand in :attr:`History.gaps`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.traffic.assignment import assign
from warmup.traffic.gaps import gaps_in
from warmup.traffic.groups import group_names, unknown_notes
from warmup.traffic.problems import capped
from warmup.traffic.sources import read_all
from warmup.traffic.supply import OTHER, Note
from warmup.traffic.wording import counted, percent, some

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from warmup.scenario import Scenario

MIN_DAYS = 14
"""Days a history must cover (issue: two weeks or more): below it no weekday was seen twice."""

NEGLIGIBLE = 0.01
"""Share of a provider's volume below which an unknown part of a day does not make the whole day unknown."""

MAX_YEARS = 5
"""Years a history may span: more is a mistyped year."""


@dataclass(frozen=True, eq=False)
class History:
    """What was sent.

    Attributes:
        frame: Tidy, sorted: ``date`` (datetime64), ``stream``, ``provider`` (planning group or ``other``), ``tier`` (of
            :data:`~warmup.traffic.supply.TIERS`; NA: not known), ``messages`` (Int64; NA: unknown, never 0). One row
            per combination; a combination that is absent on a covered day sent 0.
        streams: Streams in the scenario's order.
        first, last: Days covered by any file, both included.
        coverage: Per stream the first and last day its files cover.
        gaps: Per stream the days inside its coverage on which its files should have rows and have none.
        unclassified_share: Share of the known volume whose provider is ``other`` because nothing classified it.
        domains: Number of recipient domains per provider, where the files name domains.
        mx: Recipient domains to planning groups, where a kept MX answer says another than the catalogue would.
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
    mx: dict[str, str] = field(default_factory=dict)
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
    assigned = assign(scenario, read_all(scenario))
    rows, notes = assigned.rows, list(assigned.notes)
    problems = [*_future(rows, today), *_overlaps(rows, notes), *_span(rows)]
    if problems:
        raise InputError(problems)
    mx = _kept_answers(rows)
    names = _classify(rows, scenario.policy.microsoft_shared, mx)
    decided = _decided(names, scenario.policy.microsoft_shared, mx)
    notes += [*_mx_notes(mx, decided), *unknown_notes(names)]
    coverage = {name: (min(days), max(days)) for name, days in assigned.covered.items()}
    gaps = {name: found for name, days in assigned.covered.items() if (found := gaps_in(days))}
    total = float(names["messages"].sum())
    frame = _tidy(rows, notes)
    return History(
        frame=frame,
        streams=tuple(stream.name for stream in scenario.streams),
        first=min(first for first, _ in coverage.values()),
        last=max(last for _, last in coverage.values()),
        coverage=coverage,
        gaps=gaps,
        unclassified_share=float(names.loc[names["unknown"], "messages"].sum()) / total if total else 0.0,
        domains=_domains(names),
        mx=decided,
        notes=(*notes, *_gap_notes(gaps)),
    )


def _future(rows: pd.DataFrame, today: date) -> Iterator[Problem]:
    """Days after today are a plan, not a history."""
    import pandas as pd

    late = rows[rows["date"] > pd.Timestamp(today)]
    for file, part in late.groupby("file", observed=True):
        last, count = part["date"].max().date(), part["date"].nunique()
        what = f"holds {counted(count, 'day')} in the future, up to {last} (today is {today})"
        yield Problem(str(file), what, "remove what has not been sent yet, or check the order of day and month")


def _overlaps(rows: pd.DataFrame, notes: list[Note]) -> list[Problem]:
    """The same day, provider and stream in two files: equal volumes are one export twice, others are parts."""
    rows = rows[rows["file"] != ""]
    if rows["file"].nunique() < 2:
        return []
    keys = ["date", "stream", "domain", "label", "tier"]
    twice = rows[rows.duplicated(keys, keep=False)]
    copies = twice[twice.duplicated([*keys, "messages"], keep=False)]
    # Small volumes are equal by chance; a file that repeats most of what it shares with another is the same export.
    problems = []
    for file, part in copies.groupby("file", observed=True, sort=False):
        overlapping = int((twice["file"] == file).sum())
        if part["messages"].gt(0).any() and len(part) * 2 >= overlapping:
            others = copies.merge(part[keys], on=keys)["file"].unique()
            what = f"repeats {counted(len(part), 'volume')} of {some(str(other) for other in others if other != file)}"
            at = f", e.g. of {part['date'].min().date()}"
            problems.append(Problem(str(file), what + at, "cut the files so that no day is in two, or leave one out"))
    if len(twice) and not problems:
        count = counted(len(twice.drop_duplicates(keys)), "volume")
        text = f"{count} stand in several files with different numbers; they were added up."
        notes.append(Note("warning", text, some(twice["file"].unique())))
    return capped(problems, "history")


def _span(rows: pd.DataFrame) -> Iterator[Problem]:
    """A history must cover enough, not too much, and hold something."""
    files = some((file for file in rows["file"].unique() if file), 3)
    first, last = rows["date"].min().date(), rows["date"].max().date()
    days = (last - first).days + 1
    if days < MIN_DAYS:
        what = f"covers {counted(days, 'day')} ({first} to {last})"
        yield Problem(files, what, f"at least {MIN_DAYS} are needed; 8 weeks or more give a range too")
    elif days > MAX_YEARS * 366:
        what = f"spans more than {MAX_YEARS} years ({first} to {last})"
        yield Problem(files, what, "correct the mistyped year, or leave older days out")
    elif not rows["messages"].fillna(0).gt(0).any():
        known = rows["messages"].notna().any()
        what = "holds no messages: every volume is 0" if known else "holds no known volume: every one is empty"
        yield Problem(files, what, "export the number of messages sent")


def _kept_answers(rows: pd.DataFrame) -> Mapping[str, Sequence[str]]:
    """MX answers that ``warmup traffic read --resolve`` kept and that still hold; DNS is not asked (design 3)."""
    from warmup.traffic.mx_store import default_path, read_cache

    if not default_path().exists():
        return {}
    return read_cache(name for name in map(str, rows["domain"].cat.categories) if name).mx


def _decided(names: pd.DataFrame, microsoft_shared: bool, mx: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Planning groups of the domains for which an MX answer says another than the catalogue."""
    groups = {domain: group for domain, group in zip(names["domain"], names["provider"], strict=True) if domain in mx}
    pairs = [pair for pair in zip(names["domain"], names["label"], strict=True) if pair[0] in mx]
    before = group_names(pairs, microsoft_shared).groups
    return {domain: groups[domain] for domain, label in sorted(pairs) if before[domain, label] != groups[domain]}


def _mx_notes(mx: Mapping[str, Sequence[str]], decided: dict[str, str]) -> Iterator[Note]:
    if decided:
        text = (
            f"Kept MX answers about {counted(len(mx), 'recipient domain')} say of {len(decided):,} another mailbox "
            "provider than the catalogue knows; the plan's file lists those. Answers hold for a day to a week: a plan "
            "made later without asking again may differ."
        )
        yield Note("info", text)


def _classify(rows: pd.DataFrame, microsoft_shared: bool, mx: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Add ``pair`` (number of the domain and label) and ``provider`` to the rows, classifying every pair once.

    Returns:
        One row per pair, in the order of ``pair``: ``domain, label, name, provider, unknown, messages``.
    """
    import numpy as np
    import pandas as pd

    domain, label = rows["domain"].cat, rows["label"].cat
    width = len(label.categories)
    codes, inverse = np.unique(
        domain.codes.to_numpy(np.int64) * width + label.codes.to_numpy(np.int64), return_inverse=True
    )
    names = pd.DataFrame({"domain": domain.categories[codes // width], "label": label.categories[codes % width]})
    pairs = list(zip(names["domain"], names["label"], strict=True))
    grouped = group_names(pairs, microsoft_shared, mx)
    names["provider"] = [grouped.groups[pair] for pair in pairs]
    names["unknown"] = [pair in grouped.unknown for pair in pairs]
    names["name"] = names["domain"].where(names["domain"] != "", names["label"]).replace("", "no provider given")
    volume = rows["messages"].to_numpy(dtype=np.float64, na_value=0.0)
    names["messages"] = np.bincount(inverse, weights=volume, minlength=len(names)).astype(np.int64)
    rows["pair"] = inverse
    rows["provider"] = pd.Categorical(names["provider"])[inverse]
    return names


def _tidy(rows: pd.DataFrame, notes: list[Note]) -> pd.DataFrame:
    """Sum to day, stream, provider and tier; unknown where more than a negligible part of the provider is unknown."""
    import pandas as pd

    keys = ["date", "stream", "provider", "tier"]
    rows["gone"] = rows["messages"].isna()
    rows["weight"] = _weights(rows) if rows["gone"].any() else 0.0
    grouped = rows.groupby(keys, observed=True)
    sums = grouped.agg(messages=("messages", "sum"), weight=("weight", "sum"), gone=("gone", "min")).reset_index()
    sums["messages"] = sums["messages"].mask((sums["weight"] >= NEGLIGIBLE) | sums["gone"])
    written = rows["gone"] & (rows["file"] != "")
    if written.any():
        blank, cells = int(written.sum()), int(sums["messages"].isna().sum())
        text = (
            f"Empty volumes in the files: {blank:,}. Unknown is not 0, so {cells:,} of {len(sums):,} daily volumes per "
            f"provider are left out of all means; where less than {percent(NEGLIGIBLE, 0)} of a provider is unknown, "
            "the rest stands for it."
        )
        notes.append(Note("warning", text, some(rows.loc[written, "file"].unique())))
    frame = sums[[*keys, "messages"]].astype({"stream": "str", "provider": "str", "tier": "string"})
    frame["tier"] = frame["tier"].replace("", pd.NA)
    return frame.sort_values(keys, ignore_index=True)


def _weights(rows: pd.DataFrame) -> pd.Series[float]:
    """For rows of unknown volume, the part of their provider's known volume that their domain usually is."""
    known = rows.groupby(["stream", "pair"], observed=True)["messages"].transform("sum").astype(float)
    total = rows.groupby(["stream", "provider"], observed=True)["messages"].transform("sum").astype(float)
    return (known / total.where(total > 0)).fillna(1.0).where(rows["gone"], 0.0)


def _gap_notes(gaps: dict[str, tuple[date, ...]]) -> Iterator[Note]:
    by_days: dict[tuple[date, ...], list[str]] = {}
    for stream, days in gaps.items():
        by_days.setdefault(days, []).append(stream)
    for days, streams in by_days.items():
        text = (
            f"The export has no rows at all on {counted(len(days), 'day')} that it should cover ({some(days, 6)}); for "
            f"{some(f'“{stream}”' for stream in streams)} they are unknown, not 0."
        )
        yield Note("warning", text)


def _domains(names: pd.DataFrame) -> dict[str, int]:
    counts = names[names["domain"] != ""].groupby("provider")["domain"].nunique()
    return {str(provider): int(count) for provider, count in counts.items()}
