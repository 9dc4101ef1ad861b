"""SendGrid statistics: answers of ``GET /v3/mailbox_providers/stats``, and of the same by category or subuser.

A list of days, each with ``stats`` by mailbox provider; categories and subusers are read as streams. Days are asked for
with ``aggregated_by=day``: sums of weeks and months look the same and are refused where they show.

Source: Twilio SendGrid API reference and OpenAPI description, read 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from warmup.errors import InputError, Problem
from warmup.traffic.aggregates.answers import Answer, load
from warmup.traffic.aggregates.cells import Cells, Names, Place, View
from warmup.traffic.aggregates.formulas import DamagedError, Formulas, measures, name_of, only, used
from warmup.traffic.events.inputs import looks_like
from warmup.traffic.supply import Note

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.readers import Context

NAME = "sendgrid-stats"
TITLE = "SendGrid: statistics by mailbox provider"

FORMULAS: Formulas = {
    "injected": only("processed"),
    "delivered": only("delivered"),
    "block": only("blocks"),
    "deferred_events": only("deferred"),
    "suppressed": only("drops"),
    "complaint": only("spam_reports"),
    "unsub": only("unsubscribes"),
    "click": only("unique_clicks"),
    "open_any": only("unique_opens"),
}
"""Measures from SendGrid's metrics. ``bounces`` are hard and soft ones in one number, so both stay unknown; opens hold
those of machines; ``unsubscribes`` are not in statistics by mailbox provider."""

_TYPES = {"mailbox_provider": "label", "category": "stream", "subuser": "stream", "": ""}
_ASK = "ask GET /v3/mailbox_providers/stats with aggregated_by=day"


def sniff(head: bytes) -> float:
    """A list of dates with ``stats``."""
    return 0.95 if looks_like(head, r'^\s*\[\s*\{[^{}\[\]]*"(date|stats)"', r'"date"\s*:', r'"stats"\s*:\s*\[') else 0.0


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count what answers say together.

    Raises:
        InputError: Files that are no such answers, sums of months, numbers that contradict each other.
    """
    cells = Cells(NAME, grain_said=False)
    problems: list[Problem] = []
    for answer in load(paths):
        if isinstance(answer.data, list):
            _read(answer, cells)
        else:
            failed = isinstance(answer.data, dict) and "errors" in answer.data
            what = "is an error answer of the API, not data" if failed else "is no list of days with stats"
            problems.append(Problem(answer.name, what, _ASK))
    if problems:
        raise InputError(problems)
    return cells.finish(context.zone, context.file_zone)


def _read(answer: Answer, cells: Cells) -> None:
    """All days; those that are damaged are counted."""
    for n, entry in enumerate(answer.data, 1):
        place = Place(answer.name, n)
        stats = entry.get("stats") if isinstance(entry, dict) else None
        date = entry.get("date") if isinstance(entry, dict) else None
        if not isinstance(stats, list) or not isinstance(date, str) or not date or len(date) > 40:
            cells.damaged(place)
            continue
        for stat in stats:
            _stat(stat, date, place, cells)


def _stat(stat: Any, date: str, place: Place, cells: Cells) -> None:
    """The numbers of one name on one day."""
    try:
        if not isinstance(stat, dict):
            raise DamagedError("is no object")
        kind, name = name_of(stat.get("type")), name_of(stat.get("name"))
        if kind not in _TYPES:
            cells.unused += 1
            return
        numbers = measures(FORMULAS, stat.get("metrics"))
    except DamagedError:
        cells.damaged(place)
        return
    if kind == "category":
        text = "Categories are read as streams: a message with several of them counts in each."
        cells.notes.append(Note("warning", text))
    cells.not_counted(set(stat["metrics"]) - used(FORMULAS))
    dimension = _TYPES[kind]
    names = Names(**{dimension: name}) if dimension else Names()
    cells.add(View(frozenset({dimension} - {""})), date, names, numbers, place)
