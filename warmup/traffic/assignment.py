"""Rows of exports → streams of the scenario.

Every row is given to a stream or said to belong to none; a stream's own files replace the scenario's for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from warmup.errors import InputError, Problem
from warmup.traffic.columns import did_you_mean
from warmup.traffic.supply import Note
from warmup.traffic.wording import counted, percent, quote, some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    import pandas as pd
    from numpy.typing import NDArray

    from warmup.scenario import Scenario, Stream
    from warmup.traffic.readers import Reading
    from warmup.traffic.sources import Job

MINOR = 0.01
"""Share of the messages above which unplanned streams are a warning."""


@dataclass(frozen=True, eq=False)
class Assigned:
    """Rows of all files.

    Attributes:
        rows: ``date, domain, label, stream, tier, messages`` as a reader gives them, and ``file`` (empty for rows that
            stand for what a file does not reach); ``stream`` is a stream of the scenario.
        covered: Per stream the days on which its files have any row.
        notes: From the readers, and about what was left out.
    """

    rows: pd.DataFrame
    covered: dict[str, frozenset[date]]
    notes: tuple[Note, ...]


def assign(scenario: Scenario, readings: list[tuple[Job, Reading]]) -> Assigned:
    """Give every row to a stream of the scenario; say what belongs to none.

    Raises:
        InputError: Streams of the scenario without any row.
    """
    own = {stream.name for stream in scenario.streams if stream.history is not None}
    spelled = {stream.name.strip().casefold(): stream.name for stream in scenario.streams}
    notes = _merged(note for _, reading in readings for note in reading.notes)
    frames, strangers = [], []
    for job, reading in readings:
        frame = reading.frame
        names = [spelled.get(name.strip().casefold(), "") for name in frame["stream"].cat.categories]
        replaced = [name in own if job.stream is None else name not in ("", job.stream) for name in names]
        codes = frame["stream"].cat.codes.to_numpy()
        frame = frame.assign(stream=_retold(codes, names), file=_retold(np.zeros_like(codes), [job.source.path]))
        lost, strange = (np.array(which, dtype=bool)[codes] for which in (replaced, [not name for name in names]))
        if job.stream is None and lost.any():
            notes.append(_replaced_note(frame[lost], job.source.path))
        if strange.any():
            strangers.append(frame[strange].assign(stream=reading.frame["stream"][strange]))
        kept = ~strange & ~lost
        frames.append(frame if kept.all() else frame[kept])
    _check_streams(scenario, {name for frame in frames for name in frame["stream"].unique()}, readings)
    covered = {stream.name: _covered(stream, readings) for stream in scenario.streams}
    padding = [frame for name, days in covered.items() for frame in _unknown_parts(name, days, readings, notes)]
    rows = _join([frame for frame in [*frames, *padding] if len(frame)])
    notes += _stranger_notes(rows, _join(strangers)) if strangers else ()
    return Assigned(rows, covered, tuple(dict.fromkeys(notes)))


def _merged(notes: Iterable[Note]) -> list[Note]:
    """Notes of many files that say the same, as one."""
    sources: dict[tuple[str, str], list[str]] = {}
    for note in notes:
        sources.setdefault((note.level, note.text), []).append(note.source)
    return [Note(level, text, some(dict.fromkeys(files), 3)) for (level, text), files in sources.items()]


def _mine(name: str, readings: list[tuple[Job, Reading]]) -> list[tuple[Job, Reading]]:
    """The files that tell of a stream: its own, or else the scenario's."""
    own = [(job, reading) for job, reading in readings if job.stream == name]
    return own or [(job, reading) for job, reading in readings if job.stream is None]


def _covered(stream: Stream, readings: list[tuple[Job, Reading]]) -> frozenset[date]:
    """Days on which the files that tell of a stream have any row: only there is "no row" the same as 0."""
    mine = _mine(stream.name, readings)
    return frozenset(day.date() for _, reading in mine for day in reading.frame["date"].drop_duplicates())


def _unknown_parts(
    name: str, covered: frozenset[date], readings: list[tuple[Job, Reading]], notes: list[Note]
) -> Iterator[pd.DataFrame]:
    """Rows of unknown volume for days that one provider's file does not reach, while others of the stream do."""
    spans: dict[str, list[tuple[date, date]]] = {}
    for job, reading in _mine(name, readings):
        if job.source.provider is not None:
            days = reading.frame["date"]
            spans.setdefault(job.source.provider, []).append((days.min().date(), days.max().date()))
    for provider, reached in spans.items():
        first, last = min(start for start, _ in reached), max(end for _, end in reached)
        missing = sorted(day for day in covered if not first <= day <= last)
        if missing:
            text = f"“{name}”: the history of {quote(provider)} only covers {first} to {last}; other days are unknown."
            notes.append(Note("warning", text))
            yield _blank_rows(name, provider, missing)


def _blank_rows(stream: str, provider: str, days: list[date]) -> pd.DataFrame:
    import pandas as pd

    texts = {"label": provider, "stream": stream, "domain": "", "tier": "", "file": ""}
    same = {column: pd.Categorical.from_codes([0] * len(days), pd.Index([text])) for column, text in texts.items()}
    unknown = pd.array([pd.NA] * len(days), dtype="Int64")
    return pd.DataFrame({"date": pd.to_datetime(days).astype("datetime64[s]"), "messages": unknown, **same})


def _join(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Frames of readings one below the other, with common categories."""
    import pandas as pd

    rows = pd.concat([frame[["date", "messages"]] for frame in frames], ignore_index=True)
    texts = ("domain", "label", "stream", "tier", "file")
    return rows.assign(**{column: _stacked([frame[column] for frame in frames]) for column in texts})


def _stacked(columns: list[pd.Series[Any]]) -> pd.Categorical[str]:
    """Columns of texts as one, with the names that occur as sorted categories; only names are compared, never rows."""
    import pandas as pd

    coded = [(column.cat.codes.to_numpy(), list(map(str, column.cat.categories))) for column in columns]
    used = sorted({names[code] for codes, names in coded for code in np.unique(codes)})
    position = {name: n for n, name in enumerate(used)}
    parts = [np.array([position.get(name, -1) for name in names], dtype=np.intp)[codes] for codes, names in coded]
    return pd.Categorical.from_codes(np.concatenate(parts), pd.Index(used))


def _retold(codes: NDArray[np.integer[Any]], names: list[str]) -> pd.Categorical[str]:
    """Codes with other names, several of which may be the same."""
    import pandas as pd

    unique = list(dict.fromkeys(names))
    position = np.array([unique.index(name) for name in names], dtype=np.intp)
    return pd.Categorical.from_codes(position[codes], pd.Index(unique))


def _check_streams(scenario: Scenario, present: set[str], readings: list[tuple[Job, Reading]]) -> None:
    """Every stream of the scenario must have rows."""
    problems = []
    for stream in scenario.streams:
        if stream.name in present:
            continue
        mine = _mine(stream.name, readings)
        seen = sorted({str(name) for _, reading in mine for name in reading.frame["stream"].cat.categories if name})
        files = some(dict.fromkeys(job.source.path for job, _ in mine), 3)
        what = f'has no rows for the stream "{stream.name}"; its streams are {some(map(quote, seen), 10) or "none"}'
        fix = did_you_mean(stream.name, seen) or "name the stream as the file does, or give it a history of its own"
        problems.append(Problem(files, what, fix))
    if problems:
        raise InputError(problems)


def _stranger_notes(rows: pd.DataFrame, strangers: pd.DataFrame) -> Iterator[Note]:
    """What the files hold for streams that the scenario does not name."""
    # One file may have been read for several streams: what is strange to all of them is one quantity.
    strangers = strangers.drop_duplicates(["file", "date", "domain", "label", "stream", "tier"])
    volume = strangers.groupby("stream", observed=True)["messages"].sum().sort_values(ascending=False)
    if volume.empty:
        return
    total = float(volume.sum()) + float(rows["messages"].sum())
    share = float(volume.sum()) / total if total else 0.0
    named = zip(map(str, volume.index), volume.astype(int), strict=True)
    names = some(f"{quote(name) if name else 'no stream named'} ({count:,})" for name, count in named)
    text = (
        f"{percent(share)} of the messages in the files belong to streams that the scenario does not name: {names}. "
        "They are not planned."
    )
    yield Note("warning" if share > MINOR else "info", text, some(strangers["file"].unique()))


def _replaced_note(rows: pd.DataFrame, file: str) -> Note:
    """Rows of the scenario's history that a stream's own history replaces."""
    names = some(f"“{name}”" for name in sorted(rows["stream"].unique()))
    count = counted(int(rows["messages"].sum()), "message")
    return Note("info", f"{count} of {names} were left out here, because the stream has a history of its own.", file)
