"""Calendar days from the date column of an export, without guessing a time zone.

A whole column is read at once, because only together do its values say in which order day and month stand and whether
one zone is meant. Rules:

* a plain day is a day; a time without a zone is local to the file (``timezone`` of the source, else the scenario's);
* times at 00:00 of one offset are day buckets (SparkPost, Bird): the day as written, with a note where zones differ;
* other times with an offset are instants and fall on the scenario's day;
* different offsets are accepted only where they are one zone's summer and winter time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

_ISO = re.compile(
    r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
    r"(?:[T ]+(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
)
_COMPACT = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})")
_DOTTED = re.compile(
    r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})(?:[ ,]+(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2}))?)?"
)
_SLASHED = re.compile(
    r"(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<y>\d{4})"
    r"(?:[ ,]+(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2}))?(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)
_WRITE = "write the day as 2026-03-02"


@dataclass
class DayColumn:
    """The outcome of reading a date column.

    Attributes:
        days: Text to day, for every text that could be read.
        bad: Text to what is wrong with it.
        problem: What is wrong with the column as a whole, and what to do; None when nothing is.
        problem_at: Texts that show ``problem``, one per kind.
        notes: Sentences about how the days were read.
    """

    days: dict[str, date] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    problem: tuple[str, str] | None = None
    problem_at: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Stamp:
    when: datetime
    timed: bool
    offset: timedelta | None


def read_days(texts: Mapping[str, int], zone: ZoneInfo, file_zone: ZoneInfo | None = None) -> DayColumn:
    """Read the distinct texts of a date column.

    Args:
        texts: Distinct text to the first record it stands in (the order decides which example a message names).
        zone: The scenario's zone: whose days the plan counts.
        file_zone: The zone of the file's days and times, where its source names one.

    Returns:
        Days by text, or what is wrong.
    """
    out = DayColumn()
    order = _slash_order(texts, out)
    stamps: dict[str, _Stamp] = {}
    for text in texts:
        try:
            stamp = _parse(text, order)
        except ValueError as error:
            out.bad[text] = str(error)
            continue
        if stamp is None:
            out.bad[text] = "is not a date"
        else:
            stamps[text] = stamp
    _to_days(stamps, zone, file_zone, out)
    return out


def _slash_order(texts: Mapping[str, int], out: DayColumn) -> str:
    """``mdy`` or ``dmy`` for dates like 3/2/2026, decided by the whole column; a problem when nothing decides."""
    matches = {text: match for text in texts if (match := _SLASHED.fullmatch(text))}
    if not matches:
        return ""
    month_first = next((t for t, m in matches.items() if int(m["b"]) > 12), "")
    day_first = next((t for t, m in matches.items() if int(m["a"]) > 12), "")
    if bool(month_first) == bool(day_first):
        example = next(iter(matches))
        out.problem = (f"the order of day and month is not clear in dates like {example!r}", _WRITE)
        out.problem_at = (month_first, day_first) if month_first else (example,)
        return "mdy"
    out.notes.append(
        f"Dates like {next(iter(matches))} were read as {'month/day' if month_first else 'day/month'}/year."
    )
    return "mdy" if month_first else "dmy"


@lru_cache(maxsize=4096)  # the files of an export hold the same days, one file a provider
def _parse(text: str, order: str) -> _Stamp | None:
    """One text as a stamp; None if it has no known form; ValueError if it names a day that does not exist."""
    for pattern in (_ISO, _COMPACT, _DOTTED, _SLASHED):
        match = pattern.fullmatch(text)
        if match:
            break
    else:
        return None
    part = match.groupdict()
    if "a" in part:
        part["m"], part["d"] = (part["a"], part["b"]) if order == "mdy" else (part["b"], part["a"])
    hour = int(part.get("H") or 0)
    if part.get("half"):
        hour = hour % 12 + (12 if part["half"] in "pP" else 0)
    try:
        day = date(int(part["y"]), int(part["m"]), int(part["d"]))
        if not MINYEAR < day.year < MAXYEAR:  # in another zone it may be no day that Python knows
            raise ValueError
        # Without a zone on purpose: which one is meant is a question to the whole column.
        when = datetime.combine(day, time(hour, int(part.get("M") or 0), int(part.get("S") or 0)))
    except ValueError:
        raise ValueError("is not a day of the calendar") from None
    return _Stamp(when, bool(part.get("H")), _offset(part.get("zone")))


def _offset(text: str | None) -> timedelta | None:
    if not text:
        return None
    if text in ("Z", "UTC", "GMT"):
        return timedelta(0)
    digits = text[1:].replace(":", "").ljust(4, "0")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if size >= timedelta(hours=24):
        raise ValueError("has an offset of a day or more")
    return -size if text[0] == "-" else size


def _to_days(stamps: dict[str, _Stamp], zone: ZoneInfo, file_zone: ZoneInfo | None, out: DayColumn) -> None:
    """Turn stamps into days of the scenario's zone, or say why that cannot be done."""
    offsets: dict[timedelta | None, str] = {}
    for text, stamp in stamps.items():
        offsets.setdefault(stamp.offset, text)
    if len(offsets) > 1 and not _one_zone(stamps, (zone, file_zone)):
        seen = ", ".join(f"{_spell(offset)} ({text!r})" for offset, text in offsets.items())
        out.problem = (
            f"mixed time zones: dates with different UTC offsets, {seen}",
            "export all days in one zone, or as plain days such as 2026-03-02",
        )
        out.problem_at = tuple(offsets.values())
        return
    zoned = bool(offsets) and None not in offsets
    buckets = all(stamp.when.hour == stamp.when.minute == stamp.when.second == 0 for stamp in stamps.values())
    if buckets:
        _say_bucket_zone(stamps, zone, file_zone, out)
        out.days = {text: stamp.when.date() for text, stamp in stamps.items()}
        return
    local = file_zone or zone
    out.days = {text: _instant(stamp, local).astimezone(zone).date() for text, stamp in stamps.items()}
    if zoned or local.key != zone.key:
        out.notes.append(f"Times were converted to days in {zone.key}.")


def _one_zone(stamps: dict[str, _Stamp], zones: tuple[ZoneInfo | None, ...]) -> bool:
    """Whether the offsets are what one of the zones has on those days (summer and winter time)."""
    return any(
        zone is not None
        and all(stamp.offset == stamp.when.replace(tzinfo=zone).utcoffset() for stamp in stamps.values())
        for zone in zones
    )


def _say_bucket_zone(stamps: dict[str, _Stamp], zone: ZoneInfo, file_zone: ZoneInfo | None, out: DayColumn) -> None:
    """Note where day buckets are another zone's days: an evening send may lie on the neighbouring day."""
    shifts = set()
    for stamp in stamps.values():
        theirs = stamp.offset
        if theirs is None and file_zone is not None:
            theirs = stamp.when.replace(tzinfo=file_zone).utcoffset()
        ours = stamp.when.replace(tzinfo=zone).utcoffset()
        if theirs is not None and ours is not None:
            shifts.add(abs(theirs - ours))
    worst = max(shifts, default=timedelta(0))
    if worst:
        hours = worst.total_seconds() / 3600
        out.notes.append(
            f"The file's days are not days of {zone.key}: they begin up to {hours:g} h apart and are used as they "
            f"stand, so a send in those hours may be counted on the neighbouring day."
        )


def _instant(stamp: _Stamp, local: ZoneInfo) -> datetime:
    if stamp.offset is None:
        return stamp.when.replace(tzinfo=local)
    return stamp.when.replace(tzinfo=timezone(stamp.offset))


def _spell(offset: timedelta | None) -> str:
    if offset is None:
        return "none"
    minutes = int(offset.total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
