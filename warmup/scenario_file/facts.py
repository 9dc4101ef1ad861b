"""The values that can be read from a scenario file, whatever else is wrong with it.

The cross checks compare dates and names. They work on these facts instead of on the finished models, so that a slip in
one table does not hide a contradiction in another. What could not be read is None and is compared with nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from warmup.scenario import Days, NewPlatform, Policy, expand_days
from warmup.scenario_types import Address, Count, Country, Day, Name, Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from warmup.scenario_file.flaws import Path

T = TypeVar("T")

_DAY: TypeAdapter[date] = TypeAdapter(Day)
_DAYS: TypeAdapter[Any] = TypeAdapter(Days)
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_TEXT: TypeAdapter[str] = TypeAdapter(Text)
_COUNTRY: TypeAdapter[str] = TypeAdapter(Country)
_COUNT: TypeAdapter[int] = TypeAdapter(Count)
_NUMBER: TypeAdapter[float] = TypeAdapter(float)
_ADDRESS: TypeAdapter[str] = TypeAdapter(Address)


@dataclass(frozen=True)
class Word:
    """A name or file name somewhere in the file."""

    path: Path
    text: str


@dataclass(frozen=True)
class IPFacts:
    """One IP of a pool: its place, canonical address and own start."""

    path: Path
    address: str | None
    start: date | None


@dataclass(frozen=True)
class PoolFacts:
    """A pool: its place, name, start, IPs, and whether it says that it has none."""

    path: Path
    name: str | None
    start: date | None
    ips: tuple[IPFacts, ...]
    none: bool


@dataclass(frozen=True)
class StreamFacts:
    """A stream: its place, name, pool, whether it names one at all, and whether it says where its history is."""

    path: Path
    name: str | None
    pool: str | None
    names_pool: bool
    names_history: bool


@dataclass(frozen=True)
class EventFacts:
    """A peak or holiday: its place, name, days, the streams it names, and its factor if it gives one."""

    path: Path
    name: str
    days: frozenset[date]
    streams: tuple[Word, ...]
    factor: float | None


@dataclass(frozen=True)
class Facts:
    """What the cross checks compare; see the fields of :class:`~warmup.scenario.Scenario` of the same names."""

    start: date | None
    deadline: date | None
    until: date | None
    horizon_days: int | None
    pools: tuple[PoolFacts, ...]
    streams: tuple[StreamFacts, ...]
    overflow: str | None
    names_deadline: bool
    names_history: bool
    files: tuple[Word, ...]
    providers: tuple[Word, ...]
    silent: frozenset[date]
    legacy_only: frozenset[date]
    freezes: tuple[frozenset[date], ...]
    peaks: tuple[EventFacts, ...]
    holidays: tuple[EventFacts, ...]
    country: str | None
    ramp: str | None
    pace: Any
    csa_certified: bool
    preflight: dict[str, Any]


def facts(raw: dict[str, Any]) -> Facts:
    """Read what can be read."""
    legacy, new, calendar, policy = (_table(raw, key) for key in ("legacy", "new", "calendar", "policy"))
    horizon = policy.get("horizon_days", Policy.model_fields["horizon_days"].default)
    return Facts(
        start=_read(_DAY, raw.get("start")),
        deadline=_read(_DAY, raw.get("deadline")),
        until=_read(_DAY, legacy.get("until")),
        horizon_days=_read(_COUNT, horizon),
        pools=tuple(_pool(path, table) for path, table in _tables(raw, "pools")),
        streams=tuple(_stream(path, table) for path, table in _tables(raw, "streams")),
        overflow=_read(_NAME, new.get("overflow", NewPlatform.model_fields["overflow"].default)),
        names_deadline="deadline" in raw,
        names_history="history" in raw,
        files=tuple(_files(raw)),
        providers=tuple(_providers(raw)),
        silent=_days(calendar.get("silent")),
        legacy_only=_days(calendar.get("legacy_only")),
        freezes=tuple(expand_days([one]) for one in _read(_DAYS, calendar.get("freeze")) or ()),
        peaks=tuple(_event(path, table) for path, table in _tables(raw, "calendar", "peaks")),
        holidays=tuple(_event(path, table) for path, table in _tables(raw, "calendar", "holidays")),
        country=_read(_COUNTRY, calendar.get("holiday_country")),
        ramp=_read(_NAME, policy.get("ramp")),
        pace=policy.get("pace"),
        csa_certified=policy.get("csa_certified") is True,
        preflight=_table(raw, "preflight"),
    )


def _read(kind: TypeAdapter[T], value: Any) -> T | None:
    if value is None:
        return None
    try:
        return kind.validate_python(value)
    except ValidationError:
        return None


def _table(raw: dict[str, Any], key: str) -> dict[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def _tables(raw: dict[str, Any], *keys: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The tables of a list, with their places."""
    elements: Any = raw
    for key in keys:
        elements = elements.get(key) if isinstance(elements, dict) else None
    if isinstance(elements, list):
        for index, element in enumerate(elements):
            if isinstance(element, dict):
                yield (*keys, index), element


def _pool(path: Path, table: dict[str, Any]) -> PoolFacts:
    ips = table.get("ips")
    return PoolFacts(
        path=path,
        name=_read(_NAME, table.get("name")),
        start=_read(_DAY, table.get("start")),
        ips=tuple(_ip((*path, "ips", n), ip) for n, ip in enumerate(ips)) if isinstance(ips, list) else (),
        none=not ips and table.get("ip_count") == 0,
    )


def _ip(path: Path, value: Any) -> IPFacts:
    table = value if isinstance(value, dict) else {"address": value}
    return IPFacts(path, _read(_ADDRESS, table.get("address")), _read(_DAY, table.get("start")))


def _stream(path: Path, table: dict[str, Any]) -> StreamFacts:
    name, pool = _read(_NAME, table.get("name")), _read(_NAME, table.get("pool"))
    return StreamFacts(path, name, pool, "pool" in table, "history" in table)


def _event(path: Path, table: dict[str, Any]) -> EventFacts:
    streams = table.get("streams")
    named = enumerate(streams) if isinstance(streams, list) else ()
    words = (Word((*path, "streams", n), text) for n, value in named if (text := _read(_NAME, value)))
    name, factor = _read(_NAME, table.get("name")) or "holiday", _read(_NUMBER, table.get("factor"))
    return EventFacts(path, name, _days(table.get("days")), tuple(words), factor)


def _days(value: Any) -> frozenset[date]:
    return expand_days(_read(_DAYS, value) or [])


def _sources(raw: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every history source, with its place."""
    for path, table in [((), raw), *_tables(raw, "streams")]:
        history = table.get("history")
        listed = isinstance(history, list)
        sources: list[Any] = history if isinstance(history, list) else [history]
        for index, source in enumerate(sources):
            place: Path = (*path, "history", index) if listed else (*path, "history")
            yield place, source if isinstance(source, dict) else {"path": source}


def _files(raw: dict[str, Any]) -> Iterator[Word]:
    for path, source in _sources(raw):
        if text := _read(_TEXT, source.get("path")):
            yield Word(path, text)
    for path, table in [((), raw), *_tables(raw, "streams")]:
        if text := _read(_TEXT, table.get("audience")):
            yield Word((*path, "audience"), text)


def _providers(raw: dict[str, Any]) -> Iterator[Word]:
    """Every place that names a mailbox provider."""
    for path, source in _sources(raw):
        if text := _read(_NAME, source.get("provider")):
            yield Word((*path, "provider"), text)
    ceilings = _table(raw, "policy").get("ceilings")
    for key in ceilings if isinstance(ceilings, dict) else ():
        yield Word(("policy", "ceilings", key), key)
