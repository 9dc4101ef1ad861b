"""The files a scenario names, found and read.

A stream's own ``history`` replaces the scenario's for that stream. One file under two streams without a stream column
would count its messages twice, so it is an error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from warmup.errors import InputError, Problem
from warmup.traffic.columns import did_you_mean
from warmup.traffic.export_table import is_own
from warmup.traffic.readers import Context, Reader, Reading, TableReader, read, reader_of
from warmup.traffic.twice import Told, counted_twice
from warmup.traffic.wording import counted, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from warmup.scenario import HistorySource, Scenario

MAX_FILES = 2_000
_HEADER = 2_000
"""Bytes that hold the header of a table of ours."""


@dataclass(frozen=True)
class Job:
    """Files to read together: one table, or all logs and counts of one platform that serve the same stream.

    Attributes:
        source: How the scenario names them.
        paths: Where they are.
        reader: Who reads them.
        stream: The stream whose own history this is; None for the scenario's.
        default: Stream of rows that name none; None: there must be no such rows.
    """

    source: HistorySource
    paths: tuple[Path, ...]
    reader: Reader
    stream: str | None
    default: str | None

    def context(self, zone: ZoneInfo) -> Context:
        """What the reader must know beside the files."""
        file_zone = ZoneInfo(self.source.timezone) if self.source.timezone else None
        return Context(zone, self.default, file_zone, self.source.provider, self.source.columns)


def read_all(scenario: Scenario) -> list[tuple[Job, Reading]]:
    """Read every file of a scenario.

    Returns:
        Each file with what it says, the streams' own files first.

    Raises:
        InputError: Every problem of every file.
    """
    problems: list[Problem] = []
    readings: list[tuple[Job, Reading]] = []
    for job in jobs(scenario, problems):
        try:
            readings.append((job, read(job.source, job.paths, job.context(scenario.zone), job.reader)))
        except InputError as error:
            problems += error.problems
        except OSError as error:
            problems.append(_unreadable(job.source, error))
    problems += shared_files((job, reading.has_streams) for job, reading in readings)
    problems += counted_twice([_told(scenario, job, reading) for job, reading in readings])
    if problems:
        raise InputError(problems)
    return readings


def _told(scenario: Scenario, job: Job, reading: Reading) -> Told:
    """The rows of a reading that count: a stream's own files replace the scenario's for it."""
    days = reading.frame[["date", "stream", "messages"]].astype({"stream": "str"})
    own = [stream.name for stream in scenario.streams if stream.history is not None]
    kept = ~days["stream"].isin(own) if job.stream is None else days["stream"].isin(["", job.stream])
    return Told(job.reader.NAME, job.source.path, days[kept])


def with_max_bad(scenario: Scenario, share: float) -> Scenario:
    """The scenario with this share of damaged records allowed in every export of its history."""

    def allowed(sources: Sequence[HistorySource] | None) -> list[HistorySource] | None:
        return None if sources is None else [one.model_copy(update={"max_bad": share}) for one in sources]

    streams = [one.model_copy(update={"history": allowed(one.history)}) for one in scenario.streams]
    return scenario.model_copy(update={"history": allowed(scenario.history), "streams": streams})


def jobs(scenario: Scenario, problems: list[Problem]) -> list[Job]:
    """What to read for a scenario, the streams' own files first.

    Args:
        scenario: Names the files.
        problems: Gains the files that are not there or that nobody knows.
    """
    return _together(_jobs(scenario, problems))


def _jobs(scenario: Scenario, problems: list[Problem]) -> Iterator[Job]:
    """Every (file, stream) to read; missing files become problems."""
    without = [stream.name for stream in scenario.streams if stream.history is None]
    if without and scenario.history is None:
        names = ", ".join(f'"{name}"' for name in without)
        fix = 'write history = "history.csv" at the top of the scenario, or under each stream'
        problems.append(Problem("scenario", f"names no sending history for {names}", fix))
    for stream in scenario.streams:
        for source in stream.history or ():
            for path, one in _files(scenario, source, problems):
                yield from _job(path, one, stream.name, stream.name, problems)
    if not without:
        return
    default = without[0] if len(without) == 1 else None
    for source in scenario.history or ():
        for path, one in _files(scenario, source, problems):
            yield from _job(path, one, None, default, problems)


def _job(
    path: Path, source: HistorySource, stream: str | None, default: str | None, problems: list[Problem]
) -> Iterator[Job]:
    """One file with who reads it; a file that nobody knows becomes a problem."""
    try:
        yield Job(source, (path,), reader_of(source, path), stream, default)
    except InputError as error:
        problems += error.problems
    except OSError as error:
        problems.append(_unreadable(source, error))


def _unreadable(source: HistorySource, error: OSError) -> Problem:
    return Problem(source.path, f"cannot be read: {error.strerror or error}", "check the file")


def _together(jobs: Iterable[Job]) -> list[Job]:
    """What is counted together as one job: a message's events, and copies of them, may lie in different files."""
    found: dict[object, Job] = {}
    for job in jobs:
        source = job.source
        joined = not isinstance(job.reader, TableReader)
        # Events that name their own time and recipient: what else a source says does not part them from their copies.
        alone = getattr(getattr(job.reader, "FORMAT", None), "unique_ids", False)
        told = () if alone else (source.timezone, source.provider)
        key = (job.reader.NAME, job.stream, *told) if joined else len(found)
        before = found.get(key)
        found[key] = replace(before, paths=(*before.paths, *job.paths)) if before else job
    return [_titled(job) for job in found.values()]


def _titled(job: Job) -> Job:
    """A job of several files is called by the first of them and their number."""
    if len(job.paths) == 1:
        return job
    name = f"{job.source.path} and {counted(len(job.paths) - 1, 'more file')}"
    return replace(job, source=job.source.model_copy(update={"path": name}))


def _files(scenario: Scenario, source: HistorySource, problems: list[Problem]) -> Iterator[tuple[Path, HistorySource]]:
    """The file of a source, or every file of its pattern, each with a source that names it."""
    path = scenario.base_dir / source.path
    if path.is_file():
        yield path, source
    elif path.is_dir() or any(sign in source.path for sign in "*?["):
        found = sorted(_exports_in(path) if path.is_dir() else (item for item in _expand(path) if item.is_file()))
        if not found:
            problems.append(Problem(source.path, "names no file", f"the path starts from {quote(scenario.base_dir)}"))
        elif len(found) > MAX_FILES:
            problems.append(Problem(source.path, f"names {len(found):,} files", f"at most {MAX_FILES:,} are read"))
            found = []
        for item in found:
            name = item.relative_to(scenario.base_dir) if item.is_relative_to(scenario.base_dir) else item
            yield item, source.model_copy(update={"path": name.as_posix()})
    else:
        close = did_you_mean(path.name, (item.name for item in path.parent.iterdir())) if path.parent.is_dir() else ""
        fix = close or "paths are relative to the scenario file"
        problems.append(Problem(source.path, "the history file does not exist", fix))


def _exports_in(folder: Path) -> Iterator[Path]:
    """The files of a folder but for what was made of them."""
    for item in _inside(folder):
        with item.open("rb") as file:
            if not is_own(file.read(_HEADER)):
                yield item


def _inside(folder: Path) -> Iterator[Path]:
    """All files of a folder, but for hidden ones."""
    for item in folder.rglob("*"):
        if item.is_file() and not any(part.startswith(".") for part in item.relative_to(folder).parts):
            yield item


def _expand(path: Path) -> Iterator[Path]:
    """Files of a pattern."""
    parts = path.parts
    fixed = next((i for i, part in enumerate(parts) if any(sign in part for sign in "*?[")), len(parts))
    try:
        yield from Path(*parts[:fixed]).glob("/".join(parts[fixed:]))
    except (ValueError, NotImplementedError):
        return


def shared_files(jobs: Iterable[tuple[Job, bool]]) -> Iterator[Problem]:
    """A file that names no streams must serve one stream, once.

    Args:
        jobs: What was read, and whether the files themselves name streams.
    """
    served: dict[Path, Job] = {}
    for job, has_streams in jobs:
        shared = next((served[key] for path in job.paths if (key := path.resolve()) in served), None)
        served.update({path.resolve(): job for path in job.paths if path.resolve() not in served})
        before = shared or job
        twice = len({path.resolve() for path in job.paths}) < len(job.paths)
        if not twice and (before is job or (has_streams and before.stream != job.stream)):
            continue
        if before.stream == job.stream:
            yield Problem(job.source.path, "is named twice, so its messages would count twice", "name it once")
        else:
            what = f'serves both "{before.stream}" and "{job.stream}" but has no stream column'
            yield Problem(job.source.path, what, "give each stream its own file, or add the column")
