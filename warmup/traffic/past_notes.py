"""What the reader of a plan must know about the history's rhythm, level and age."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from warmup.traffic.rhythm import LEVEL_WEEKS, window
from warmup.traffic.supply import Note
from warmup.traffic.wording import counted, percent, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from warmup.traffic.level import Move
    from warmup.traffic.past import Past, StreamPast

OFF_RHYTHM = 0.05
"""Share of the volume on days outside the rhythm above which it is said."""

OLD = 30
"""Days between the end of the history and the start above which it is said."""


def past_notes(past: Past) -> Iterator[Note]:
    """What was recognised and what it rests on, stream by stream."""
    for stream, one in zip(past.streams, past.of, strict=True):
        if one.rhythm.kind == "none":
            yield Note("warning", f"“{stream}” has no known sends in the history; nothing is planned for it.")
            continue
        yield from _rhythm_notes(stream, one)
        yield from _volume_notes(past.first, stream, one)
        yield from _turnover_notes(past, stream, one)
        if one.dark.any():
            names = some(name for name, dark in zip(past.providers, one.dark, strict=True) if dark)
            text = f"“{stream}”: its volume to {names} is unknown on every day; that mail is not planned."
            yield Note("error", text)  # unknown is not 0: an answer without it would be wrong


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
    """What was left out of the usual volume, and how it has changed."""
    if one.tests.any():
        sends = counted(int(one.tests.sum()), "tiny send")
        text = f"“{stream}”: {sends} (under 1 % of a usual one) taken for tests and ignored."
        yield Note("info", text)
    if one.peaks.any():
        days = some(first + timedelta(int(n)) for n in np.flatnonzero(one.peaks))
        text = (
            f"“{stream}”: past peaks, over 3 times the median of their weekday, left out of the usual volume: {days}."
        )
        yield Note("info", text)
    part = window(one.totals, LEVEL_WEEKS)
    plain = np.where(one.peaks, 0.0, np.nan_to_num(one.totals))[part]
    off = _off_rhythm(first, one, part, plain)
    if off > OFF_RHYTHM:
        days = f"other days than {one.rhythm.sentence}"
        yield Note("warning", f"“{stream}”: {percent(off, 0)} of its volume went out on {days}; that is not planned.")
    if one.move is not None:
        yield Note("warning", _moved(first, stream, one, one.move))


def _moved(first: date, stream: str, one: StreamPast, move: Move) -> str:
    """From which level to which, and what gives the planned one."""
    before, recent = one.sends[one.sends < move.since], one.sends[one.sends >= move.recent]
    old, new = float(one.totals[before].mean()), float(one.totals[recent].mean())
    change = f"{percent(abs(new / old - 1), 0)} {'up' if new > old else 'down'}"
    last = "three sends" if one.rhythm.by_interval else "four weeks"
    return (
        f"“{stream}”: its level moved around {first + timedelta(move.since)}, from about {old:,.0f} to about "
        f"{new:,.0f} messages a send day ({change}); the last {last} give the level that is planned, and no trend is "
        f"assumed."
    )


def _turnover_notes(past: Past, stream: str, one: StreamPast) -> Iterator[Note]:
    """Providers that the stream stopped sending to, or began to."""
    from warmup.providers import catalogue

    known, turned = catalogue(), one.turnover
    for provider, last in turned.stopped.items():
        name, missed = known.group_name(past.providers[provider]), int((one.sends > last).sum())
        text = (
            f"“{stream}” sent nothing to {name} after {past.first + timedelta(last)} ({counted(missed, 'send')} "
            f"without; about {turned.usual[provider]:,.0f} messages a send before): planned without that mail. If it "
            f"only is missing in the export, leave the volume empty there (unknown) or export again."
        )
        yield Note("warning", text)
    for provider, day in turned.appeared.items():
        name = known.group_name(past.providers[provider])
        text = (
            f"“{stream}” has sent to {name} only since {past.first + timedelta(day)} (about "
            f"{turned.usual[provider]:,.0f} messages a send): planned with the mean since then."
        )
        yield Note("warning", text)


def _off_rhythm(first: date, one: StreamPast, part: slice, plain: NDArray[np.float64]) -> float:
    """Share of the recent volume on days that do not belong to the rhythm."""
    if one.rhythm.kind != "weekdays" or plain.sum() <= 0:
        return 0.0
    days = [first + timedelta(n) for n in range(part.start, part.stop)]
    return float(plain[~one.rhythm.send_days(days)].sum() / plain.sum())


def age_notes(past: Past, first: date, history_last: date) -> Iterator[Note]:
    """How far the history's end lies from the start, on either side.

    Args:
        past: What was looked at.
        first: The first day of the plan.
        history_last: The last day of the files.
    """
    gap = (first - past.last).days - 1
    if gap > OLD:
        days = f"{counted(gap, 'day')} before the start on {first}"
        yield Note("warning", f"The history ends on {past.last}, {days}; a newer export makes the plan surer.")
    if history_last >= first:
        text = f"Days from {first} on were not used: the migration had begun, and they may lack what moved."
        yield Note("info", text)
    elif history_last > past.last:
        yield Note("info", f"{history_last} was not used: the day is not over.")
