"""What the reader of a plan must know about the history's rhythm, level and age."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from warmup.traffic.rhythm import LEVEL_WEEKS, window
from warmup.traffic.supply import Note
from warmup.traffic.wording import counted, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmup.traffic.past import Past, StreamPast

OFF_RHYTHM = 0.05
"""Share of the volume on days outside the rhythm above which it is said."""

MOVED = 0.3
"""Change of the last four weeks against the level above which it is said."""

OLD = 30
"""Days between the end of the history and the start above which it is said."""


def past_notes(past: Past) -> Iterator[Note]:
    """What was recognised and what it rests on, stream by stream."""
    for s, (stream, one) in enumerate(zip(past.streams, past.of, strict=True)):
        if one.rhythm.kind == "none":
            yield Note("warning", f"“{stream}” sent nothing in the history; nothing is planned for it.")
            continue
        yield from _rhythm_notes(stream, one)
        yield from _volume_notes(past.first, stream, one)
        dark = np.asarray(np.isnan(past.volumes[:, s]).all(axis=0))
        if dark.any():
            names = some(name for name, never in zip(past.providers, dark, strict=True) if never)
            yield Note(
                "warning", f"“{stream}”: its volume to {names} is unknown on every day; that mail is not planned."
            )


def _rhythm_notes(stream: str, one: StreamPast) -> Iterator[Note]:
    rhythm = one.rhythm
    if rhythm.kind == "irregular":
        text = (
            f"“{stream}” has no rhythm ({rhythm.sentence}): every weekday is planned with its mean, which real sends "
            f"will exceed."
        )
        yield Note("warning", text)
    elif not rhythm.sure:
        yield Note("warning", f"“{stream}”: “{rhythm.sentence}” rests on fewer than three sends.")
    if one.stale and rhythm.kind != "irregular":
        text = f"“{stream}” has not sent since {rhythm.last_send}; it is planned as if it resumed ({rhythm.sentence})."
        yield Note("warning", text)


def _volume_notes(first: date, stream: str, one: StreamPast) -> Iterator[Note]:
    if one.tests.any():
        sends = counted(int(one.tests.sum()), "tiny send")
        text = f"“{stream}”: {sends} (under 1 % of a usual one) taken for tests and ignored."
        yield Note("info", text)
    if one.peaks.any():
        days = some(first + timedelta(int(n)) for n in np.flatnonzero(one.peaks))
        text = (
            f"“{stream}”: past peaks (over 3 times the median of their weekday) left out of the usual volume: {days}."
        )
        yield Note("info", text)
    part = window(one.totals, LEVEL_WEEKS)
    plain = np.where(one.peaks, 0.0, np.nan_to_num(one.totals))[part]
    days_of = [first + timedelta(n) for n in range(part.start, part.stop)]
    if one.rhythm.kind == "weekdays" and plain.sum() > 0:
        off = float(plain[~one.rhythm.send_days(days_of)].sum() / plain.sum())
        if off > OFF_RHYTHM:
            text = f"“{stream}”: {off:.0%} of its volume went out on other days than {one.rhythm.sentence}; unplanned."
            yield Note("warning", text)
    if one.rhythm.kind in ("daily", "weekdays") and len(plain) >= 56:
        recent = plain[-28:]
        sent = recent[recent > 0]
        change = float(sent.mean()) / one.usual - 1 if len(sent) and one.usual else 0.0
        if abs(change) > MOVED:
            word = "above" if change > 0 else "below"
            text = (
                f"“{stream}”: its sends of the last four weeks were {abs(change):.0%} {word} the level that is planned "
                f"(the mean of 13 weeks; no trend is assumed)."
            )
            yield Note("warning", text)


def age_notes(past: Past, first: date, today: date) -> Iterator[Note]:
    """How far the history's end lies from the start."""
    days = (first - past.last).days - 1
    if days > OLD:
        text = (
            f"The history ends on {past.last}, {counted(days, 'day')} before the start on {first}; a newer export makes "
            f"the plan surer."
        )
        yield Note("warning", text)
    if first < today:
        text = f"Days from {first} on were not used: the migration had begun, and they may lack what moved."
        yield Note("info", text)
