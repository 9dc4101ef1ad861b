"""The files a scenario names, each read once, every row given to a stream of the scenario.

A stream's own ``history`` replaces the scenario's for that stream. One file under two streams without a stream column
would count its messages twice, so it is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.traffic.columns import did_you_mean
from warmup.traffic.readers import Context, Reading, read
from warmup.traffic.supply import Note
from warmup.traffic.wording import counted, quote, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from warmup.scenario import HistorySource, Scenario

MAX_FILES = 2_000

MINOR = 0.01
"""Share of the messages above which unplanned streams are a warning."""


@dataclass(frozen=True)
class Gathered:
    """Rows of all files.

    Attributes:
        rows: ``date, domain, label, stream, tier, messages`` and ``file``; ``stream`` is a stream of the scenario.
        notes: From the readers, and about streams that the scenario does not name.
    """

    rows: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class _Job:
    source: HistorySource
    path: Path
    stream: str | None
    """The stream whose own history this is; None for the scenario's."""
    default: str | None
    """Stream of rows that name none."""


def gather(scenario: Scenario) -> Gathered:
    """Read every file of a scenario.

    Raises:
        InputError: Every problem of every file.
    """
    problems: list[Problem] = []
    jobs = list(_jobs(scenario, problems))
    readings: list[tuple[_Job, Reading]] = []
    for job in jobs:
        try:
            readings.append((job, read(job.source, job.path, Context(scenario.zone, job.default))))
        except InputError as error:
            problems += error.problems
        except OSError as error:
            problems.append(Problem(job.source.path, f"cannot be read: {error.strerror or error}", "check the file"))
    problems += _shared_files(readings)
    if problems:
        raise InputError(problems)
    return _assign(scenario, readings)


def _jobs(scenario: Scenario, problems: list[Problem]) -> Iterator[_Job]:
    """Every (file, stream) to read; missing files become problems."""
    without = [stream.name for stream in scenario.streams if stream.history is None]
    if without and scenario.history is None:
        names = ", ".join(f'"{name}"' for name in without)
        fix = 'write history = "history.csv" at the top of the scenario, or under each stream'
        problems.append(Problem("scenario", f"names no sending history for {names}", fix))
    for stream in scenario.streams:
        for source in stream.history or ():
            for path, one in _files(scenario, source, problems):
                yield _Job(one, path, stream.name, stream.name)
    if not without:
        return
    default = without[0] if len(without) == 1 else None
    for source in scenario.history or ():
        for path, one in _files(scenario, source, problems):
            yield _Job(one, path, None, default)


def _files(scenario: Scenario, source: HistorySource, problems: list[Problem]) -> Iterator[tuple[Path, HistorySource]]:
    """The file of a source, or every file of its pattern, each with a source that names it."""
    path = scenario.base_dir / source.path
    if path.is_file():
        yield path, source
    elif path.is_dir():
        problems.append(Problem(source.path, "is a folder", f"name its files, e.g. {source.path.rstrip('/')}/*.csv"))
    elif any(sign in source.path for sign in "*?["):
        found = sorted(item for item in _expand(path) if item.is_file())
        if not found:
            problems.append(
                Problem(source.path, "matches no file", f"the pattern starts from {quote(scenario.base_dir)}")
            )
        elif len(found) > MAX_FILES:
            problems.append(Problem(source.path, f"matches {len(found):,} files", f"at most {MAX_FILES:,} are read"))
            found = []
        for item in found:
            name = item.relative_to(scenario.base_dir) if item.is_relative_to(scenario.base_dir) else item
            yield item, source.model_copy(update={"path": name.as_posix()})
    else:
        close = did_you_mean(path.name, (item.name for item in path.parent.iterdir())) if path.parent.is_dir() else ""
        fix = close or "paths are relative to the scenario file"
        problems.append(Problem(source.path, "the history file does not exist", fix))


def _expand(path: Path) -> Iterator[Path]:
    """Files of a pattern."""
    parts = path.parts
    fixed = next((i for i, part in enumerate(parts) if any(sign in part for sign in "*?[")), len(parts))
    try:
        yield from Path(*parts[:fixed]).glob("/".join(parts[fixed:]))
    except (ValueError, NotImplementedError):
        return


def _shared_files(readings: list[tuple[_Job, Reading]]) -> Iterator[Problem]:
    """A file that names no streams must serve one stream, once."""
    served: dict[Path, _Job] = {}
    for job, reading in readings:
        key = job.path.resolve()
        before = served.setdefault(key, job)
        if before is job or (reading.has_streams and before.stream != job.stream):
            continue
        if before.stream == job.stream:
            yield Problem(job.source.path, "is named twice, so its messages would count twice", "name it once")
        else:
            what = f'serves both "{before.stream}" and "{job.stream}" but has no stream column'
            yield Problem(job.source.path, what, "give each stream its own file, or add the column")


def _assign(scenario: Scenario, readings: list[tuple[_Job, Reading]]) -> Gathered:
    """Give every row to a stream of the scenario; say what belongs to none."""
    own = {stream.name for stream in scenario.streams if stream.history is not None}
    spelled = {stream.name.strip().casefold(): stream.name for stream in scenario.streams}
    notes = [note for _, reading in readings for note in reading.notes]
    frames, strangers = [], []
    for job, reading in readings:
        frame = reading.frame.assign(file=job.source.path)
        names = {name: spelled.get(name.strip().casefold(), "") for name in frame["stream"].cat.categories}
        known = frame["stream"].map(names).astype("object")
        strange = known == ""
        replaced = known.isin(own) if job.stream is None else ~strange & (known != job.stream)
        if job.stream is None and replaced.any():
            notes.append(_replaced_note(frame[replaced], job.source.path))
        strangers.append(frame[strange])
        keep = ~strange & ~replaced
        frames.append(frame.assign(stream=known)[keep])
    _check_streams(scenario, {name for frame in frames for name in frame["stream"].unique()}, readings)
    rows = join_rows([frame for frame in frames if len(frame)])
    notes += _stranger_notes(rows, join_rows(strangers))
    return Gathered(rows, tuple(dict.fromkeys(notes)))


def join_rows(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Frames of readings one below the other, with common categories."""
    import pandas as pd

    common = {}
    for column in ("domain", "label", "stream", "tier", "file"):
        names = {str(name) for frame in frames for name in frame[column].unique()}
        common[column] = pd.CategoricalDtype(sorted(names))
    return pd.concat([frame.astype(common) for frame in frames], ignore_index=True)


def _check_streams(scenario: Scenario, present: set[str], readings: list[tuple[_Job, Reading]]) -> None:
    """Every stream of the scenario must have rows."""
    problems = []
    for stream in scenario.streams:
        if stream.name in present:
            continue
        mine = [(job, reading) for job, reading in readings if job.stream == stream.name] or [
            (job, reading) for job, reading in readings if job.stream is None
        ]
        seen = sorted({str(name) for _, reading in mine for name in reading.frame["stream"].cat.categories if name})
        files = ", ".join(dict.fromkeys(job.source.path for job, _ in mine[:3]))
        names = ", ".join(quote(name) for name in seen[:10]) + (f" and {len(seen) - 10} more" if len(seen) > 10 else "")
        fix = did_you_mean(stream.name, seen) or "name the stream as the file does, or give it a history of its own"
        problems.append(
            Problem(files, f'has no rows for the stream "{stream.name}"; its streams are {names or "none"}', fix)
        )
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
        f"{share:.1%} of the messages in the files belong to streams that the scenario does not name: {names}. They "
        f"are not planned."
    )
    yield Note("warning" if share > MINOR else "info", text, some(strangers["file"].unique()))


def _replaced_note(rows: pd.DataFrame, file: str) -> Note:
    """Rows of the scenario's history that a stream's own history replaces."""
    names = some(f"“{name}”" for name in sorted(rows["stream"].unique()))
    count = counted(int(rows["messages"].sum()), "message")
    return Note("info", f"{count} of {names} were left out here, because the stream has a history of its own.", file)
