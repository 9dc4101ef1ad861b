"""Mailgun metrics: answers of ``POST /v1/analytics/metrics``.

Each item names up to three dimensions with their values, and its metrics; ``time`` is RFC 2822. With the dimensions
time, recipient_provider and ip these are the only counts of any platform by IP, provider and day.

Sources: Mailgun documentation, metric definitions; the answer's shape from the models of mailgun-java and mailgun-go,
read 2026-11.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

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
    whole,
)
from warmup.traffic.events.inputs import looks_like
from warmup.traffic.supply import Note
from warmup.traffic.wording import counted, quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.readers import Context

NAME = "mailgun-metrics"
TITLE = "Mailgun: metrics"

_SUPPRESSED = ("suppressed_bounces_count", "suppressed_complaints_count", "suppressed_unsubscribed_count")
_VOLUMES = ("accepted_outgoing_count", "accepted_count")

FORMULAS: Formulas = {
    "injected": (
        *(Formula((name,), minus=_SUPPRESSED) for name in _VOLUMES),
        *only(*_VOLUMES, "sent_count"),
        Formula(("processed_count",), minus=_SUPPRESSED),
        *only("processed_count"),
    ),
    "delivered": only("delivered_smtp_count", "delivered_count"),
    "hard": only("hard_bounces_count"),
    "soft": (Formula(("soft_bounces_count",), also=("permanent_failed_old_count",)),),
    "deferred_msgs": only("delayed_first_attempt_count"),
    "deferred_events": only("temporary_failed_count"),
    "oob": only("delayed_bounce_count"),
    "suppressed": (Formula(_SUPPRESSED),),
    "complaint": only("complained_count"),
    "unsub": only("unsubscribed_count"),
    "click": only("unique_clicked_count"),
    "open_any": only("unique_opened_count"),
}
"""Measures from Mailgun's metrics. Accepted messages count before suppressions are looked up, so those are taken off
where all three kinds were asked for; they have no IP, and by IP sent or processed messages stand in (on the day of the
outcome). ``soft_bounces_count`` holds blocks; ``permanent_failed_old_count`` are messages that ran out of retries."""

_DIMENSIONS = {
    "recipient_provider": "label",
    "recipient_domain": "domain",
    "ip": "ip",
    "ip_pool": "pool",
    "tag": "stream",
}
_ASK = 'ask POST /v1/analytics/metrics with "resolution": "day" and "dimensions": ["time", "recipient_provider"]'


def sniff(head: bytes) -> float:
    """Items with ``dimensions`` as a list; or the request for them."""
    if looks_like(head, r'"dimensions"\s*:\s*\[', r'"items"\s*:\s*\['):
        return 0.95
    request = (r'"dimensions"\s*:\s*\[\s*"', r'"metrics"\s*:\s*\[\s*"[a-z_]+_(count|rate)"', r'"(start|duration)"\s*:')
    return 0.9 if looks_like(head, *request) else 0.0


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count what answers say together.

    Args:
        paths: Answers and pages of them; a saved request among them says nothing that they do not.
        context: Its zone is the one whose days are counted.

    Raises:
        InputError: Files that are no such answers, sums of months, numbers that contradict each other.
    """
    files = load(paths)
    answers = [answer for answer in files if not _is_request(answer.data)]
    cells = Cells(NAME)
    problems: list[Problem] = []
    for answer in answers:
        try:
            _read(answer, cells)
        except InputError as error:
            problems += error.problems
    if not answers:
        raise NoAnswerError(files)
    if problems:
        raise InputError(problems)
    _say_pages(answers, cells)
    return cells.finish(context.zone, context.file_zone)


def _is_request(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("metrics"), list) and "items" not in data


def _read(answer: Answer, cells: Cells) -> None:
    """All items; those that are damaged are counted.

    Raises:
        InputError: It is no answer, or counts months.
    """
    data = answer.data
    if not isinstance(data, dict) or not isinstance(data.get("items"), list):
        failed = isinstance(data, dict) and "message" in data
        what = "is an error answer of the API, not data" if failed else "is no answer of the metrics API"
        raise InputError(Problem(answer.name, what, _ASK))
    grain = str(data.get("resolution") or DAY)[:20]
    if grain not in (DAY, "hour"):
        raise InputError(Problem(answer.name, f"counts by {quote(grain)}, and a plan needs days", _ASK))
    for n, item in enumerate(data["items"], 1):
        place = Place(answer.name, n)
        try:
            bucket, by, found, parts = _dimensions(item)
            numbers = measures(FORMULAS, item.get("metrics"))
        except DamagedError:
            cells.damaged(place)
            continue
        _say_doubt(found, parts, cells)
        cells.not_counted(set(item["metrics"]) - used(FORMULAS))
        view = View(by, grain if bucket else "", " and ".join(parts))
        cells.add(view, bucket, Names(**found), numbers, place, " ".join(parts.values()))


def _dimensions(item: Any) -> tuple[str, frozenset[str], dict[str, str], dict[str, str]]:
    """When, by which of our dimensions, what an item is about in them, and in others.

    Raises:
        DamagedError: It is no item.
    """
    listed = item.get("dimensions") if isinstance(item, dict) else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise DamagedError("has no dimensions")
    bucket, by, found, parts = NO_DAY, set(), {}, {}
    for one in listed:
        name, value = name_of(one.get("dimension")), one.get("value")
        by.add(_DIMENSIONS.get(name, ""))
        if name == "time":
            bucket = _bucket(value)
        elif name == "recipient_domain":
            found["domain"], other = domain_of(value)
            found.setdefault("label", other)
        elif name in _DIMENSIONS:
            found[_DIMENSIONS[name]] = name_of(value)
        else:
            parts[name] = name_of(value)
    return bucket, frozenset(by - {""}), found, dict(sorted(parts.items()))


def _bucket(value: Any) -> str:
    """The start of a day or hour, RFC 2822 (or ISO 8601), as ISO 8601."""
    text = str(value)[:60]
    try:
        when = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise DamagedError("is no time") from None
    return when.isoformat(timespec="seconds")


def _say_doubt(found: dict[str, str], parts: dict[str, str], cells: Cells) -> None:
    """Say which dimensions count a message more than once."""
    if "stream" in found:
        text = "Tags are read as streams: whether a message with several tags counts in each is not checked."
        cells.notes.append(Note("warning", text))
    if "bot" in parts:
        text = (
            "Opens and clicks by bot were added up: a message opened by a machine and a person counts twice in them. "
            "Which values are people is not documented, so opens by people stay unknown."
        )
        cells.notes.append(Note("warning", text))


def _metrics(item: Any) -> list[str]:
    """Names of the metrics that an item has."""
    numbers = item.get("metrics") if isinstance(item, dict) else None
    return sorted(map(str, numbers)) if isinstance(numbers, dict) else []


def _say_pages(answers: Sequence[Answer], cells: Cells) -> None:
    """Say where an answer tells of more items than there are."""
    seen: dict[tuple[str, ...], int] = {}
    total: dict[tuple[str, ...], int] = {}
    for answer in answers:
        data = answer.data
        if not data["items"]:
            continue
        asked = tuple(str(data.get(key))[:500] for key in ("start", "end", "resolution", "dimensions"))
        about = (*asked, *_metrics(data["items"][0]))  # other metrics of the same days are other pages
        seen[about] = seen.get(about, 0) + len(data["items"])
        pages = data.get("pagination")
        try:
            said = whole(pages.get("total")) if isinstance(pages, dict) else None
        except DamagedError:
            said = None
        total[about] = max(total.get(about, 0), said or 0)
    missing = sum(max(0, total[about] - seen[about]) for about in seen)
    if missing:
        text = f"{counted(missing, 'item')} of which the answers tell (pagination.total) are not among the files."
        cells.notes.append(Note("warning", text))
