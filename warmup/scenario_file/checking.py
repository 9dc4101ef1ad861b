"""A scenario together with the files it names: all that is wrong with either, or what is known of them, in one go."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from warmup.errors import InputError, Problem
from warmup.scenario import HistorySource, Scenario
from warmup.scenario_file.facts import facts
from warmup.scenario_file.loading import load_scenario, parsed
from warmup.scenario_types import Zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warmup.scenario_file.facts import Facts
    from warmup.traffic.supply import Supply


@dataclass(frozen=True, eq=False)
class Checked:
    """A scenario without fault, and the supply that its files lead to (with all notes about them)."""

    scenario: Scenario
    supply: Supply


def check_scenario(path: str | Path, *, today: date | None = None) -> Checked:
    """Read a scenario, its history and its audience.

    The files are read even if the scenario is wrong, as far as it says where they are: nobody should mend one thing
    only to be told the next.

    Args:
        path: The scenario file.
        today: Default: today in the scenario's time zone.

    Raises:
        InputError: Everything that is wrong, the scenario's own problems first.
        UndeterminedError: The scenario exists but cannot be read.
    """
    from warmup.traffic.forecast import forecast

    try:
        scenario = load_scenario(path)
    except InputError as error:
        raise InputError([*error.problems, *_problems_of_files(Path(path), today)]) from None
    return Checked(scenario, forecast(scenario, today=today).supply)


def _problems_of_files(path: Path, today: date | None) -> Iterator[Problem]:
    """What is wrong with the files of a scenario that is wrong itself."""
    from warmup.traffic.audience import load_audience
    from warmup.traffic.history import load_history
    from warmup.traffic.sources import read_all

    try:
        raw = parsed(path)
    except InputError:
        return  # it is no TOML: nothing in it can be believed
    reading = _for_reading(raw, facts(raw), path.parent.absolute())
    scenario, day = reading.scenario, today or datetime.now(reading.scenario.zone).date()
    found: dict[Problem, None] = {}
    reads: list[Callable[[], object]] = [lambda: load_audience(scenario)]
    if reading.whole:
        reads.insert(0, lambda: load_history(scenario, today=day))
    elif scenario.history or scenario.streams[0].history:
        # What is missing would make the rest look incomplete: each file is only judged by itself.
        reads.insert(0, lambda: read_all(scenario))
    for read in reads:
        try:
            read()
        except InputError as error:
            found |= dict.fromkeys(error.problems)
    yield from found


@dataclass(frozen=True)
class _Reading:
    """The part of a scenario that says how its files are read, and whether it names every file and stream."""

    scenario: Scenario
    whole: bool


def _for_reading(raw: dict[str, Any], known: Facts, base_dir: Path) -> _Reading:
    """What can be read of the files. One that is not there, or a source that is wrong, has been told: it is left out.

    Args:
        raw: The scenario's tables.
        known: Its facts.
        base_dir: Folder that relative paths start from.
    """
    top, whole = _sources(raw, base_dir)
    streams = []
    for one in known.streams:
        own, complete = _sources(raw["streams"][one.path[1]], base_dir)
        whole = whole and complete and one.name is not None
        if one.name is not None and (own.get("history") or (top.get("history") and not one.names_history)):
            streams.append({"name": one.name, **own})
    if not streams:
        whole, streams = False, [{"name": "-"}]
    described = {
        "customer": "-",
        "start": known.start or date(2026, 1, 1),
        "timezone": _zone(raw.get("timezone")),
        "pools": [{"name": "-", "ip_count": 1}],
        "streams": streams,
        "base_dir": base_dir,
        **top,
    }
    return _Reading(Scenario.model_validate(described), whole)


def _zone(value: Any) -> str:
    try:
        return TypeAdapter(Zone).validate_python(value)
    except ValidationError:
        return "UTC"


def _sources(table: dict[str, Any], base_dir: Path) -> tuple[dict[str, Any], bool]:
    """``history`` and ``audience`` of a table as far as they can be read, and whether that is all of them."""
    out: dict[str, Any] = {}
    history = table.get("history", [])
    listed = history if isinstance(history, list) else [history]
    sources = [source for one in listed for source in _source(one, base_dir)]
    if sources:
        out["history"] = sources
    audience = table.get("audience")
    if isinstance(audience, str) and (base_dir / audience).is_file():
        out["audience"] = audience
    return out, len(sources) == len(listed) and ("audience" in out) == ("audience" in table)


def _source(value: Any, base_dir: Path) -> Iterator[HistorySource]:
    """One history source, if it is right and its file is there."""
    with suppress(ValidationError, ValueError):
        source = HistorySource.model_validate({"path": value} if isinstance(value, str) else value)
        if any(sign in source.path for sign in "*?[") or (base_dir / source.path).is_file():
            yield source
