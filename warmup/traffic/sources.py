"""The files a scenario names, found and read.

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
from warmup.traffic.wording import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmup.scenario import HistorySource, Scenario

MAX_FILES = 2_000


@dataclass(frozen=True)
class Job:
    """One file to read.

    Attributes:
        source: How the scenario names it.
        path: Where it is.
        stream: The stream whose own history this is; None for the scenario's.
        default: Stream of rows that name none; None: there must be no such rows.
    """

    source: HistorySource
    path: Path
    stream: str | None
    default: str | None


def read_all(scenario: Scenario) -> list[tuple[Job, Reading]]:
    """Read every file of a scenario.

    Returns:
        Each file with what it says, the streams' own files first.

    Raises:
        InputError: Every problem of every file.
    """
    problems: list[Problem] = []
    jobs = list(_jobs(scenario, problems))
    readings: list[tuple[Job, Reading]] = []
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
    return readings


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
                yield Job(one, path, stream.name, stream.name)
    if not without:
        return
    default = without[0] if len(without) == 1 else None
    for source in scenario.history or ():
        for path, one in _files(scenario, source, problems):
            yield Job(one, path, None, default)


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


def _shared_files(readings: list[tuple[Job, Reading]]) -> Iterator[Problem]:
    """A file that names no streams must serve one stream, once."""
    served: dict[Path, Job] = {}
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
