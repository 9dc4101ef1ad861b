"""The day of a moment in a time zone, as SQL that is quick for millions of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

FIRST_YEAR, YEARS_AHEAD = 2015, 2
"""Years whose changes of the clock are spelled out; moments before and after are left to DuckDB's own time zones."""

_DAY = 86_400


def day_of(moment: str, zone: ZoneInfo) -> str:
    """SQL for the calendar day of a timestamp with time zone.

    DuckDB asks ICU about every value, which takes as long as the rest of what is done with an event; the few changes of
    the clock in the years that exports are from are compared with instead.

    Args:
        moment: SQL for the timestamp.
        zone: Whose days.
    """
    spans, end = _spans(zone, datetime.now(UTC).year)
    seconds = f"epoch_us({moment}) // 1000000"
    whens = " ".join(f"WHEN {seconds} >= {start} THEN {offset}" for start, offset in reversed(spans))
    quick = f"DATE '1970-01-01' + CAST(({seconds} + CASE {whens} END) // {_DAY} AS INTEGER)"
    slow = f"CAST(timezone('{zone.key}', {moment}) AS DATE)"
    return f"CASE WHEN {seconds} >= {spans[0][0]} AND {seconds} < {end} THEN {quick} ELSE {slow} END"


@cache
def _spans(zone: ZoneInfo, year: int) -> tuple[list[tuple[int, int]], int]:
    """Seconds since 1970 from which an offset (seconds) holds, in order, and until when all of them do."""
    start = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(year + YEARS_AHEAD, 1, 1, tzinfo=UTC).timestamp())
    return [(start, _offset(zone, start)), *_changes(zone, start, end)], end


def _changes(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int]]:
    for day in range(start, end, _DAY):
        before, after = day, day + _DAY
        if _offset(zone, before) == _offset(zone, after):
            continue
        while after - before > 1:
            middle = (before + after) // 2
            if _offset(zone, middle) == _offset(zone, before):
                before = middle
            else:
                after = middle
        yield after, _offset(zone, after)


def _offset(zone: ZoneInfo, seconds: int) -> int:
    offset = datetime.fromtimestamp(seconds, UTC).astimezone(zone).utcoffset() or timedelta()
    return int(offset.total_seconds())
