"""Amazon SES, Virtual Deliverability Manager: requests and answers of ``BatchGetMetricData``.

An answer names its numbers by the Ids of the request only, and an Id says nothing by itself. So the request must be
among the files, or lie beside the answer under the same name with ``request`` for ``response``.

Source: Amazon SES API reference v2, BatchGetMetricData and BatchGetMetricDataQuery; service model of botocore, read
2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from warmup.errors import InputError, Problem
from warmup.traffic.aggregates.answers import Answer, NoAnswerError, load
from warmup.traffic.aggregates.cells import Cells, Names, Place, View
from warmup.traffic.aggregates.formulas import DamagedError, name_of, whole
from warmup.traffic.events.inputs import looks_like
from warmup.traffic.supply import Note
from warmup.traffic.wording import counted, quote, some

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.readers import Context

NAME = "ses-vdm"
TITLE = "Amazon SES: Virtual Deliverability Manager"

METRICS = {
    "SEND": "injected",
    "DELIVERY": "delivered",
    "PERMANENT_BOUNCE": "hard",
    "TRANSIENT_BOUNCE": "soft",
    "COMPLAINT": "complaint",
    "CLICK": "click",
    "OPEN": "open_any",
}
"""Measures of VDM's metrics. ``DELIVERY_…`` are deliveries that could be opened, clicked or complained about: the base
of a rate, no measure."""

_DIMENSIONS = {"ISP": "label", "CONFIGURATION_SET": "stream"}
_REQUEST, _ANSWER = "request", "response"
_ASK = "give the request of BatchGetMetricData too (the JSON with Queries): only there the Ids say what they are about"


@dataclass(frozen=True)
class _Query:
    """What an Id is about."""

    metric: str
    view: View
    names: Names
    part: str


def sniff(head: bytes) -> float:
    """Results by Id, or the queries."""
    if looks_like(head, r'"Queries"\s*:\s*\[', r'"Metric"\s*:\s*"[A-Z_]+"'):
        return 0.95
    return 0.95 if looks_like(head, r'"(Results|Errors)"\s*:\s*\[', r'"Id"\s*:', r'"(Timestamps|Values|Code)"') else 0.0


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count what answers say together.

    Args:
        paths: Answers and their requests.
        context: Its zone is the one whose days are counted.

    Raises:
        InputError: Files that are neither, Ids that no request explains, numbers that contradict each other.
    """
    files = load(paths)
    requests = [file for file in files if _is_request(file.data)]
    answers = [file for file in files if not _is_request(file.data)]
    problems = [Problem(answer.name, "is no answer of BatchGetMetricData", _ASK) for answer in answers
                if not _is_answer(answer.data)]  # fmt: skip
    if not answers:
        raise NoAnswerError(requests)
    if problems:
        raise InputError(problems)
    requests += load(_beside(answers, requests))
    cells = Cells(NAME)
    queries = [(request.name, _queries(request)) for request in requests]
    for answer in answers:
        try:
            _read(answer, _explained(answer, queries), cells)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return cells.finish(context.zone, None)


def _is_request(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("Queries"), list)


def _is_answer(data: Any) -> bool:
    if not isinstance(data, dict) or not {"Results", "Errors"} & set(data):
        return False
    return all(isinstance(data.get(key, []), list) for key in ("Results", "Errors"))


def _beside(answers: Sequence[Answer], requests: Sequence[Answer]) -> list[Path]:
    """Requests that lie beside their answers and were not named."""
    known = {request.item.path.resolve() for request in requests if request.item.path}
    found: dict[Path, None] = {}
    for answer in answers:
        path = answer.item.path
        if path is None or _ANSWER not in path.name:
            continue
        other = path.with_name(path.name.replace(_ANSWER, _REQUEST))
        if other.is_file() and other.resolve() not in known:
            found[other] = None
    return list(found)


def _queries(request: Answer) -> dict[str, _Query]:
    """What the Ids of a request are about.

    Raises:
        InputError: One of its queries is none.
    """
    found = {}
    for n, query in enumerate(request.data["Queries"], 1):
        try:
            found[name_of(query["Id"])] = _query(query)
        except (DamagedError, KeyError, TypeError):
            what = "is no query with Id, Metric and Dimensions"
            raise InputError(Problem(f"{request.name}: query {n}", what, "save the request again")) from None
    return found


def _query(query: Any) -> _Query:
    dimensions = (query.get("Dimensions") or {}) if isinstance(query, dict) else None
    if not isinstance(dimensions, dict):
        raise DamagedError("has no dimensions")
    named = {_DIMENSIONS[key]: name_of(value) for key, value in dimensions.items() if key in _DIMENSIONS}
    others = {name_of(key): name_of(value) for key, value in sorted(dimensions.items()) if key not in _DIMENSIONS}
    view = View(frozenset(named), parts=" and ".join(others))
    return _Query(name_of(query["Metric"]), view, Names(**named), " ".join(others.values()))


def _explained(answer: Answer, queries: Sequence[tuple[str, dict[str, _Query]]]) -> dict[str, _Query]:
    """What the Ids of an answer are about: by its own request where names pair them, else by any.

    Raises:
        InputError: Ids that no request explains, or several differently.
    """
    entries = [entry for entry in answer.data.get("Results", []) if isinstance(entry, dict)]
    ids = list(dict.fromkeys(entry["Id"] for entry in entries if isinstance(entry.get("Id"), str)))
    partner = answer.name.replace(_ANSWER, _REQUEST)
    own = [one for name, one in queries if name == partner]
    pool = own if all(any(name in one for one in own) for name in ids) else [one for _, one in queries]
    found: dict[str, _Query] = {}
    unknown: list[str] = []
    unclear: list[str] = []
    for name in ids:
        meant = {request[name] for request in pool if name in request}
        if len(meant) == 1:
            found[name] = meant.pop()
        else:
            (unclear if meant else unknown).append(quote(name))
    problems = []
    if unknown:
        problems.append(Problem(answer.name, f"has Ids that no request explains ({some(unknown)})", _ASK))
    if unclear:
        fix = f"name each answer as its request, with {_ANSWER!r} for {_REQUEST!r}, or read them apart"
        problems.append(Problem(answer.name, f"has Ids that requests explain differently ({some(unclear)})", fix))
    if problems:
        raise InputError(problems)
    return found


def _read(answer: Answer, queries: dict[str, _Query], cells: Cells) -> None:
    """All results; those that are damaged are counted, those of failed queries are unknown."""
    for n, entry in enumerate(answer.data.get("Results", []), 1):
        place = Place(answer.name, n)
        try:
            points = _points(entry)
        except DamagedError:
            cells.damaged(place)
            continue
        query = queries[entry["Id"]]
        measure = METRICS.get(query.metric)
        if measure is None:
            cells.unused += 1
            cells.not_counted([query.metric])
            continue
        for bucket, value in points:
            cells.add(query.view, bucket, query.names, {measure: value}, place, query.part)
    failed = [error for error in answer.data.get("Errors", []) if isinstance(error, dict)]
    if failed:
        text = f"{counted(len(failed), 'query')} of {quote(answer.name)} failed, so what it asked is unknown: "
        told = (f"{quote(error.get('Id'))} ({quote(error.get('Code'))})" for error in failed)
        cells.notes.append(Note("warning", text.replace("querys", "queries") + some(told) + "."))


def _points(entry: Any) -> list[tuple[str, int | None]]:
    """Times and numbers of one result."""
    if not isinstance(entry, dict) or not isinstance(entry.get("Id"), str):
        raise DamagedError("has no Id")
    times, numbers = entry.get("Timestamps", []), entry.get("Values", [])
    if not isinstance(times, list) or not isinstance(numbers, list) or len(times) != len(numbers):
        raise DamagedError("has not one value for each time")
    return [(_bucket(time), whole(number)) for time, number in zip(times, numbers, strict=True)]


def _bucket(time: Any) -> str:
    """The start of a day, which VDM counts in UTC, however a client wrote it: ISO 8601 or seconds."""
    try:
        if isinstance(time, int | float) and not isinstance(time, bool):
            return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds")
        instant = datetime.fromisoformat(str(time)[:40])
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        raise DamagedError("is no time") from None
