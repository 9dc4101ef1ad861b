"""Whatever a customer exported → one table of counts: :func:`read_exports`, then :func:`classified`.

:func:`read_scenario` does the same with the files that a scenario names, and with what it says about each.

Files are recognised by their content and grouped by platform; each platform's files are counted together, because
copies of an event and the fate of a message may lie in different files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.errors import InputError, Problem
from warmup.traffic.aggregates.answers import NoAnswerError
from warmup.traffic.export_counts import MAX_BAD, PLACES, Damage, ExportCounts
from warmup.traffic.export_history import check_damage, reading_notes
from warmup.traffic.export_table import is_own
from warmup.traffic.measures import DIMENSIONS, MEASURES, sent
from warmup.traffic.problems import capped
from warmup.traffic.readers import readers, recognise
from warmup.traffic.supply import Note
from warmup.traffic.twice import Told, counted_twice, perhaps_twice
from warmup.traffic.wording import counted, quote, some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from warmup.scenario import Scenario
    from warmup.traffic.events.inputs import Input
    from warmup.traffic.readers import Context, Reader
    from warmup.traffic.sources import Job

_TOLD = 3
"""Volumes without a number that are named."""

_GUESS = 0.3
"""A file in a folder must be recognised better than this; one that is named is tried whatever it is."""

_SURE = 0.9
"""So sure is a reader of files with its platform's own names in them."""


@dataclass(frozen=True, eq=False)
class PlatformExport:
    """What the files of one platform say.

    Attributes:
        name, title: Of the reader.
        files: What messages call the files.
        result: The counts, with what could not be read.
    """

    name: str
    title: str
    files: tuple[str, ...]
    result: ExportCounts


@dataclass(frozen=True, eq=False)
class Exports:
    """What all files say together.

    Attributes:
        platforms: One entry per kind of export, in the order in which they were named.
        counts: :data:`~warmup.traffic.measures.DIMENSIONS` and :data:`~warmup.traffic.measures.MEASURES` of all;
            ``messages``: the messages sent (Int64; NA is unknown). ``date`` is missing where an export sums a whole
            period. After :func:`classified` also ``provider`` (planning group) and ``unknown`` (bool: nothing
            classified the name).
        notes: What the reader must know.
    """

    platforms: tuple[PlatformExport, ...]
    counts: pd.DataFrame
    notes: tuple[Note, ...]

    @property
    def domains(self) -> tuple[str, ...]:
        """Recipient domains, each once, the largest first."""
        named = self.counts[self.counts["domain"] != ""]
        volume = named.groupby("domain")["messages"].sum().sort_values(ascending=False, kind="stable")
        return tuple(map(str, volume.index))


def read_exports(
    paths: Iterable[str | Path], context: Context, *, platform: str | None = None, max_bad: float = MAX_BAD
) -> Exports:
    """Read exports of any of the known platforms.

    Args:
        paths: Files, folders, patterns, or ``-`` for standard input.
        context: The zone whose days are counted, and what files do not say themselves.
        platform: Name of the reader for all files; default: each is recognised from its content.
        max_bad: Share of damaged records, 0 to 1, above which the files of a platform are refused.

    Returns:
        The counts; what is not known is NULL.

    Raises:
        InputError: Every problem of every file: no such file, no export that is known, too much of it damaged, the
            same messages in two exports of one platform.
    """
    names = [str(path) for path in paths]
    groups, notes = _grouped(names, platform)
    found: list[PlatformExport] = []
    problems: list[Problem] = []
    for reader, files in groups:
        try:
            one = _platform(reader, files, context, _named(files), max_bad, problems)
        except NoAnswerError as error:
            if any(item.name in names for item in files) or len(groups) == 1:
                problems += error.problems
            else:
                text = f"Left out, because nothing is counted there: {some(item.name for item in files)}."
                notes.append(Note("warning", text, reader.TITLE))
        else:
            found += [one] if one else []
    if problems and platform:
        problems += _other_platforms(groups)
    return _exports(found, context.stream, notes, problems)


def _other_platforms(groups: Iterable[tuple[Reader, Sequence[Input]]]) -> Iterator[Problem]:
    """Files that are plainly an export of something else than what they were said to be."""
    from warmup.traffic.events.inputs import head_of

    for reader, files in groups:
        for item in [one for one in files if one.path][:_TOLD]:
            head = head_of(item)
            other = max(readers().values(), key=lambda one: one.sniff(head))
            if other.NAME != "tidy" and other.sniff(head) >= _SURE > reader.sniff(head):
                yield Problem(item.name, f"looks like {other.TITLE}", f"leave --platform out, or say {other.NAME}")


def read_scenario(scenario: Scenario) -> Exports:
    """Read the exports that a scenario names, each with the mailbox provider, stream and zone that stand there.

    Args:
        scenario: Its zone is the one whose days are counted. Rows stand under its streams, as in a plan: a stream's own
            history replaces the scenario's for it, and holds that stream alone.

    Returns:
        The counts; what is not known is NULL.

    Raises:
        InputError: Every problem of every file.
    """
    from warmup.traffic.events.inputs import Input
    from warmup.traffic.sources import jobs, shared_files

    found: list[PlatformExport] = []
    notes: list[Note] = []
    problems: list[Problem] = []
    served: list[tuple[Job, bool]] = []
    for job in jobs(scenario, problems):
        single = len(job.paths) == 1
        files = [Input(path, job.source.path if single else str(path)) for path in job.paths]
        try:
            one = _platform(
                job.reader, files, job.context(scenario.zone), job.source.path, job.source.max_bad, problems
            )
        except NoAnswerError as error:
            problems += error.problems
            continue
        if one:
            served.append((job, bool((one.result.counts["stream"] != "").any())))
            found.append(replace(one, result=_under_streams(one.result, job, scenario, notes)))
    problems += shared_files(served)
    return _exports(_by_platform(found), None, notes, problems)


def _exports(
    found: Sequence[PlatformExport], stream: str | None, notes: list[Note], problems: list[Problem]
) -> Exports:
    """What was read, together.

    Raises:
        InputError: Any problem of it.
    """
    told = [Told(one.name, one.title, one.result.counts.assign(messages=sent(one.result.counts))) for one in found]
    problems += counted_twice(told)
    if problems:
        raise InputError(capped(problems, "input"))
    notes += perhaps_twice(told)
    for one in found:
        said = (*one.result.notes, *reading_notes(one.result), *_blank_notes(one.result))
        notes += [Note(note.level, note.text, one.title) for note in said]
    return Exports(tuple(found), _together(found, stream), tuple(dict.fromkeys(notes)))


def _blank_notes(result: ExportCounts) -> Iterator[Note]:
    """Entries that stand there and say nothing: a plan must not take them for days without mail."""
    if result.counts.empty:
        yield Note("warning", "Nothing in the files counts messages: an empty answer, a header only, or test pings.")
    blank = result.counts[result.counts[list(MEASURES)].isna().all(axis=1)]
    if len(blank):
        which = some((_entry(row) for row in blank.head(_TOLD + 1).itertuples(index=False)), _TOLD)
        if len(blank) > _TOLD:
            which = f"{which.partition(' and ')[0]} and {len(blank) - _TOLD:,} more"
        yield Note(
            "warning", f"{counted(len(blank), 'volume')} without a number in the files: unknown, not 0 ({which})."
        )


def _entry(row: Any) -> str:
    """What a row of counts is about."""
    day = "" if row.date != row.date else f"{row.date:%Y-%m-%d}"
    # A domain of few recipients can tell who somebody is; a label is a mailbox provider's name.
    return " ".join(filter(None, (day, row.label, f"“{row.stream}”" if row.stream else "")))


def _platform(
    reader: Reader, files: Sequence[Input], context: Context, name: str, max_bad: float, problems: list[Problem]
) -> PlatformExport | None:
    """What files of one reader say; what is wrong with them goes to ``problems``.

    Raises:
        NoAnswerError: They count nothing; whether that is a problem depends on who named them.
    """
    try:
        result = reader.count([item.path or "-" for item in files], context)
        check_damage(result, name, max_bad)
    except NoAnswerError:
        raise
    except InputError as error:
        problems += [_named_as_given(problem, files) for problem in error.problems]
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        problems.append(Problem(str(error.filename or name), what, "check the file"))
    else:
        return PlatformExport(reader.NAME, reader.TITLE, tuple(item.name for item in files), result)
    return None


def _named_as_given(problem: Problem, files: Sequence[Input]) -> Problem:
    """A problem that calls a file as it was named, be it in a scenario."""
    where = problem.where
    for item in files:
        where = item.name + where.removeprefix(str(item.path)) if where.startswith(str(item.path)) else where
    return replace(problem, where=where)


def _under_streams(result: ExportCounts, job: Job, scenario: Scenario, notes: list[Note]) -> ExportCounts:
    """Counts under the streams of a scenario; what a plan does not take from these files is left out and said."""
    spelled = {stream.name.strip().casefold(): stream.name for stream in scenario.streams}
    own = {stream.name for stream in scenario.streams if stream.history is not None}
    named = {
        name: spelled.get(name.strip().casefold(), name) if name else job.default or ""
        for name in map(str, result.counts["stream"].unique())
    }
    counts = result.counts.assign(stream=result.counts["stream"].map(named).astype("str"))
    lost = counts["stream"].isin(own) if job.stream is None else counts["stream"] != job.stream
    if lost.any():
        volume = counted(int(sent(counts[lost]).sum()), "message")
        streams = some(f"“{name}”" for name in counts.loc[lost, "stream"].unique())
        why = "the stream has a history of its own" if job.stream is None else f"the file stands under “{job.stream}”"
        level = "info" if job.stream is None else "warning"
        notes.append(Note(level, f"{volume} of {streams} were left out here, because {why}.", job.source.path))
    return replace(result, counts=counts[~lost])


def _by_platform(found: Sequence[PlatformExport]) -> list[PlatformExport]:
    """One entry per reader."""
    groups: dict[str, list[PlatformExport]] = {}
    for one in found:
        groups.setdefault(one.name, []).append(one)
    return [_joined(group) if len(group) > 1 else group[0] for group in groups.values()]


def _joined(group: Sequence[PlatformExport]) -> PlatformExport:
    """Several reads of one reader as one."""
    import pandas as pd

    results = [one.result for one in group]
    damage = Damage(unit=results[0].damage.unit)
    for result in results:
        damage.count += result.damage.count
        damage.places += result.damage.places[: PLACES - len(damage.places)]
        damage.cut += result.damage.cut
    whole = ExportCounts(
        pd.concat([result.counts for result in results], ignore_index=True),
        sum(result.records for result in results),
        sum(result.copies for result in results),
        sum(result.unused for result in results),
        damage,
        tuple(dict.fromkeys(note for result in results for note in result.notes)),
    )
    return replace(group[0], files=tuple(name for one in group for name in one.files), result=whole)


def classified(
    exports: Exports, mx: Mapping[str, Sequence[str]] | None = None, microsoft_shared: bool = False
) -> Exports:
    """The same with the mailbox provider of every row, and notes about names that nobody knows.

    Args:
        exports: What was read.
        mx: Fresh MX answers by domain; they win over the catalogue's domains.
        microsoft_shared: One group for consumer Outlook and Microsoft 365.
    """
    import pandas as pd

    from warmup.traffic.groups import group_names, unknown_notes

    counts = exports.counts
    names = counts.groupby(["domain", "label"])["messages"].sum().reset_index()
    pairs = list(zip(names["domain"], names["label"], strict=True))
    grouped = group_names(pairs, microsoft_shared, mx)
    names["provider"] = [grouped.groups[pair] for pair in pairs]
    names["unknown"] = pd.array([pair in grouped.unknown for pair in pairs], dtype="bool")  # also where there is none
    names["name"] = names["domain"].where(names["domain"] != "", names["label"]).replace("", "no provider given")
    merged = counts.merge(names[["domain", "label", "provider", "unknown"]], on=["domain", "label"], how="left")
    merged["provider"] = merged["provider"].astype(pd.StringDtype())
    return replace(exports, counts=merged, notes=(*exports.notes, *unknown_notes(names[names["messages"] > 0])))


def _grouped(names: list[str], platform: str | None) -> tuple[list[tuple[Reader, list[Input]]], list[Note]]:
    """Files by the reader that knows them; those of a folder that nobody knows are left out and said."""
    from warmup.traffic.events.archives import ArchiveError
    from warmup.traffic.events.inputs import expand, head_of

    groups: dict[str, tuple[Reader, list[Input]]] = {}
    problems: list[Problem] = []
    skipped: list[str] = []
    packed: list[Problem] = []
    for item in expand(names):
        try:
            # Standard input may be slow: whoever reads it looks at it once, when all is ready.
            head = head_of(item) if platform is None or item.path else b""
            reader = readers()[platform] if platform else recognise(head, item.name)
            doubtful = platform is None and (reader.sniff(head) <= _GUESS or is_own(head))
            if item.path and item.name not in names and doubtful:
                skipped.append(item.name)
                continue
            groups.setdefault(reader.NAME, (reader, []))[1].append(item)
        except ArchiveError as error:
            (problems if item.name in names else packed).extend(error.problems)
        except InputError as error:
            if item.path is None or item.name in names:
                problems += error.problems
            else:
                skipped.append(item.name)
        except OSError as error:
            problems.append(Problem(item.name, f"cannot be read: {error.strerror or error}", "check the file"))
    if not groups and not problems:
        problems += packed or [_nothing_known(names, skipped)]
    if problems:
        raise InputError(problems)
    text = f"{counted(len(skipped), 'file')} left out, because no export is recognised in them: {some(skipped, 5)}."
    notes = [Note("warning", text)] if skipped else []
    return list(groups.values()), [*notes, *(Note("warning", f"Left out: {problem}.") for problem in packed)]


def _nothing_known(names: Sequence[str], skipped: Sequence[str]) -> Problem:
    what = f"holds {counted(len(skipped), 'file')} and no export that is known: {some(map(quote, skipped), 3)}"
    return Problem(some(names, 3), what, "see warmup traffic capabilities, or name the platform: --platform NAME")


def _named(files: Sequence[Input]) -> str:
    return files[0].name if len(files) == 1 else f"{files[0].name} and {counted(len(files) - 1, 'more file')}"


def _together(found: Sequence[PlatformExport], stream: str | None) -> pd.DataFrame:
    """All counts, with the messages sent; rows that name no stream are of this one."""
    import pandas as pd

    counts = pd.concat([_with_messages(one.result.counts) for one in found], ignore_index=True)
    if stream:
        counts["stream"] = counts["stream"].replace("", stream)
    for column in ("domain", "label", "stream", "ip", "pool"):  # no reader may forget: an address is no name
        counts[column] = counts[column].mask(counts[column].str.contains("@", regex=False), "")
    return counts.sort_values(list(DIMENSIONS), ignore_index=True, kind="stable")


def _with_messages(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.assign(messages=sent(counts))
