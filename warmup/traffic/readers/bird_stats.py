"""Bird statistics: answers of ``POST /v1/email/stats/query``.

A query groups by one dimension; ``group_by`` mailbox_provider with ``grain`` day is what a plan needs. Its answer says
period, time zone and grain, but not its filters: with the saved request among the files they are known too. Counts are
estimates of distinct recipients, so buckets finer than a day do not add up exactly.

Source: messagebird-sdk 0.106.0, EmailStatsQueryRequest and EmailStatsQueryResponse, read 2026-11.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from warmup.errors import InputError, Problem
from warmup.traffic.aggregates.answers import Answer, NoAnswerError, load
from warmup.traffic.aggregates.cells import DAY, NO_DAY, Cells, Names, Place, View
from warmup.traffic.aggregates.formulas import (
    DamagedError,
    Formula,
    Formulas,
    domain_of,
    measures,
    name_of,
    only,
    used,
)
from warmup.traffic.events.inputs import looks_like
from warmup.traffic.supply import Note
from warmup.traffic.wording import counted, quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.readers import Context

NAME = "bird-stats"
TITLE = "Bird: statistics (stats query)"

FORMULAS: Formulas = {
    "injected": only("processed"),
    "delivered": only("delivered"),
    "hard": only("hard_bounced"),
    "soft": (Formula(("soft_bounced",), also=("undetermined_bounced",)),),
    "block": only("block_bounced"),
    "deferred_msgs": only("deferred"),
    "oob": only("oob_bounces"),
    "suppressed": (Formula(("admin_bounced",), also=("rejected",)), Formula(("rejected",))),
    "complaint": only("complained"),
    "unsub": only("unsubscribes"),
    "click": only("unique_clicks"),
    "open_human": only("unique_opens_non_prefetched"),
    "open_any": only("unique_opens"),
}
"""Measures from Bird's metrics. ``processed`` are recipients handed to delivery, so rejected ones are not among them;
``deferred`` are recipients, not attempts."""

_DIMENSIONS = {
    "mailbox_provider": "label",
    "recipient_domain": "domain",
    "tag": "stream",
    "category": "stream",
    "sending_ip": "ip",
    "ip_pool_id": "pool",
}
_FILTERS = {"tag": "stream", "category": "stream", "sending_ip": "ip", "ip_pool_id": "pool"}
_FINER, _COARSER = ("quarter_hour", "hour", "half_day"), ("week", "month")
_ASK = 'ask POST /v1/email/stats/query with "group_by": "mailbox_provider" and "grain": "day"'


def sniff(head: bytes) -> float:
    """Groups with ``dimensions`` as an object; or the request for them."""
    if looks_like(head, r'^\s*\{\s*"data"\s*:\s*\[\s*\{\s*"dimensions"\s*:\s*\{', r'"metrics"\s*:\s*\{'):
        return 0.95
    if looks_like(head, r'^\s*\{\s*"data"\s*:\s*\[\s*\]', r'"period"\s*:\s*\{', r'"data_as_of"'):
        return 0.9
    request = (r'"metrics"\s*:\s*\[', r'"from"\s*:\s*"', r'"to"\s*:\s*"', r'"(group_by|grain)"\s*:')
    return 0.9 if looks_like(head, *request) else 0.0


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count what answers say together.

    Args:
        paths: Answers, pages of them, and the request if it was saved.
        context: Its zone is the one whose days are counted.

    Raises:
        InputError: Files that are no such answers, weeks or months, numbers that contradict each other.
    """
    files = load(paths)
    requests = [file.data for file in files if _is_request(file.data)]
    request = requests[0] if requests and all(one == requests[0] for one in requests) else {}
    answers = [file for file in files if not _is_request(file.data)]
    cells = Cells(NAME)
    fixed = _fixed(request, cells)
    problems: list[Problem] = []
    zones: set[str] = set()
    for answer in answers:
        try:
            zone = _zone(answer, request, context)
            zones.add(zone.key)
            _Reading(cells, answer, zone, _grain(answer, request), fixed).read()
        except InputError as error:
            problems += error.problems
    if not answers:
        raise NoAnswerError(files)
    if problems:
        raise InputError(problems)
    _say_pages(answers, cells)
    text = "Bird's counts are estimates of distinct recipients: days and providers need not add up to Bird's totals."
    cells.notes.append(Note("info", text))
    return cells.finish(context.zone, ZoneInfo(zones.pop()) if len(zones) == 1 else context.file_zone)


def _is_request(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("metrics"), list) and "data" not in data


def _period(answer: Answer) -> dict[str, Any]:
    """What the answer says about its period; InputError if it is no answer."""
    data = answer.data
    if not isinstance(data, dict) or not isinstance(data.get("data"), list):
        failed = isinstance(data, dict) and any(key in data for key in ("error", "errors", "code"))
        what = "is an error answer of the API, not data" if failed else "is no answer of a stats query"
        raise InputError(Problem(answer.name, what, _ASK))
    period = data.get("period")
    return period if isinstance(period, dict) else {}


def _zone(answer: Answer, request: dict[str, Any], context: Context) -> ZoneInfo:
    """The zone of an answer's buckets."""
    named = _period(answer).get("timezone") or request.get("timezone")
    if not named:
        return context.file_zone or ZoneInfo("UTC")
    try:
        return ZoneInfo(str(named)[:100])
    except (ValueError, OSError, KeyError):
        what = f"names the time zone {quote(named)}, which is not known"
        raise InputError(Problem(answer.name, what, "save the answer again")) from None


def _grain(answer: Answer, request: dict[str, Any]) -> str:
    """How long an answer's buckets are."""
    grain = _period(answer).get("grain") or request.get("grain") or DAY
    if grain in _COARSER:
        raise InputError(Problem(answer.name, f"counts by {grain}, and a plan needs days", _ASK))
    if grain != DAY and grain not in _FINER:
        raise InputError(Problem(answer.name, f"has the grain {quote(grain)}, which is not known", _ASK))
    return str(grain)


def _fixed(request: dict[str, Any], cells: Cells) -> dict[str, str]:
    """What a request's filters say about all of its answers."""
    filters = request.get("filters")
    if not isinstance(filters, dict) or not filters:
        return {}
    text = "The request has filters, so its answers count only a part of the mail: "
    cells.notes.append(Note("warning", text + ", ".join(quote(name) for name in list(filters)[:20]) + "."))
    found = {}
    for name, dimension in _FILTERS.items():
        values = filters[name].get("include") if isinstance(filters.get(name), dict) else None
        if isinstance(values, list) and len(values) == 1 and isinstance(values[0], str):
            found[dimension] = values[0]
    return found


class _Reading:
    """Brings one answer into the cells."""

    def __init__(self, cells: Cells, answer: Answer, zone: ZoneInfo, grain: str, fixed: dict[str, str]) -> None:
        self._cells, self._answer, self._zone, self._grain, self._fixed = cells, answer, zone, grain, fixed

    def read(self) -> None:
        """All groups; those that are damaged are counted."""
        for n, group in enumerate(self._answer.data["data"], 1):
            place = Place(self._answer.name, n)
            try:
                by, names, part = self._names(group)
            except DamagedError:
                self._cells.damaged(place)
                continue
            series = group.get("series")
            points = series if isinstance(series, list) else [{"bucket": NO_DAY, "metrics": group.get("metrics")}]
            grain = self._grain if isinstance(series, list) else ""
            view = View(frozenset(by), grain, part[0])
            for point in points:
                self._point(point, view, names, place, part[1])
            if isinstance(series, list) and grain != DAY:
                text = f"Buckets of a {grain.replace('_', ' ')} were added up to days: a recipient in two counts twice."
                self._cells.notes.append(Note("warning", text))

    def _names(self, group: Any) -> tuple[set[str], Names, tuple[str, str]]:
        """What a group is about: dimensions of ours, names, and a dimension that is none of ours with its value."""
        if not isinstance(group, dict) or not isinstance(group.get("dimensions"), dict):
            raise DamagedError("is no group")
        found = {dimension: name_of(value) for dimension, value in self._fixed.items()}
        part = ("", "")
        by = set()
        for name, value in group["dimensions"].items():
            dimension = _DIMENSIONS.get(name)
            if dimension is None:
                part = (name_of(name), name_of(value))
                continue
            by.add(dimension)
            if dimension == "domain":
                found["domain"], found["label"] = domain_of(value)
            else:
                found[dimension] = name_of(value)
        return by, Names(**found), part

    def _point(self, point: Any, view: View, names: Names, place: Place, part: str) -> None:
        try:
            if not isinstance(point, dict):
                raise DamagedError("is no point")
            numbers = measures(FORMULAS, point.get("metrics"))
            bucket = self._bucket(point.get("bucket")) if view.grain else NO_DAY
        except DamagedError:
            self._cells.damaged(place)
            return
        self._cells.not_counted(set(point["metrics"]) - used(FORMULAS))
        self._cells.add(view, bucket, names, numbers, place, part)

    def _bucket(self, text: Any) -> str:
        """The start of a bucket, an instant in UTC, as time of the answer's zone, so that days are its days."""
        try:
            instant = datetime.fromisoformat(str(text)[:40])
            return instant.astimezone(self._zone).isoformat(timespec="seconds") if instant.tzinfo else str(text)[:40]
        except (ValueError, OverflowError):
            raise DamagedError("is no time") from None


def _say_pages(answers: Sequence[Answer], cells: Cells) -> None:
    """Say where a page points to a further one that is not there."""
    more = sum(answer.data.get("next_cursor") is not None for answer in answers)
    before = sum(answer.data.get("prev_cursor") is not None for answer in answers)
    if more > before:
        text = (
            f"{counted(more - before, 'answer')} has a further page (next_cursor) that is not among the files: the "
            "smallest groups are missing."
        )
        cells.notes.append(Note("warning", text))
