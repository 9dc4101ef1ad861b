"""Counts of an export → a sending history: what the planner takes from what a platform says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.traffic.export_counts import MAX_BAD
from warmup.traffic.measures import sent
from warmup.traffic.readers import Context, Reading
from warmup.traffic.supply import Note
from warmup.traffic.wording import counted, percent, some

if TYPE_CHECKING:
    import pandas as pd

    from warmup.traffic.export_counts import ExportCounts


def as_history(result: ExportCounts, name: str, context: Context, max_bad: float = MAX_BAD) -> Reading:
    """Messages sent by day, domain, provider label and stream.

    Args:
        result: What the files of one source say.
        name: What the scenario calls the source.
        context: Its ``stream`` is that of messages that name none.
        max_bad: Largest share of damaged records, 0 to 1.

    Raises:
        InputError: No messages in it, no days, no stream for them, too much of it damaged.
    """
    check_damage(result, name, max_bad)
    counts = result.counts
    if counts.empty:
        raise InputError(Problem(name, "holds no counts of messages", "check the filters of the export"))
    dated = counts["date"].notna()
    if not dated.any():
        what = "sums a whole period and has no days, so no plan can be made of it"
        raise InputError(Problem(name, what, "ask for counts by day"))
    counts = counts[dated]
    nameless = bool((counts["stream"] == "").any())
    if nameless and context.stream is None:
        fix = "name the file under its stream: [[streams]] history = …"
        raise InputError(Problem(name, "holds messages that name no stream", fix))
    frame = _messages(counts)
    if nameless:
        frame["stream"] = frame["stream"].replace("", context.stream)
    told = [*result.notes, *reading_notes(result)]
    if not dated.all():
        text = f"{counted(int((~dated).sum()), 'sum')} of a whole period, without a day, left out."
        told.append(Note("warning", text))
    notes = tuple(Note(note.level, note.text, name) for note in told)
    return Reading(frame, notes, bool((counts["stream"] != "").any()))


def check_damage(result: ExportCounts, name: str, max_bad: float) -> None:
    """Refuse an export of which too much could not be read.

    Args:
        result: What the files say.
        name: What messages call them.
        max_bad: Largest share of damaged records, 0 to 1.

    Raises:
        InputError: There is more; with the first places.
    """
    if result.damaged_share > max_bad or (result.damage.count and not result.records):
        what = (
            f"{counted(result.damage.count, 'record')} of {result.records + result.damage.count:,} "
            f"({percent(result.damaged_share)}) cannot be read, the first at {places(result, 3)}"
        )
        fix = f"export it again; up to {percent(max_bad)} is left out with a warning (--max-bad moves that)"
        raise InputError(Problem(name, what, fix))


def places(result: ExportCounts, most: int) -> str:
    """The first damaged places, as text."""
    return some((f"{file} {result.damage.unit} {line}" for file, line in result.damage.places), most)


def _messages(counts: pd.DataFrame) -> pd.DataFrame:
    """Messages sent by day, domain and stream; a day on which nothing but opens or complaints came is none of sending.

    IPs are summed first, because outcomes and injections may name different ones.
    """
    keys = ["date", "domain", "label", "stream"]
    summed = counts.groupby(keys, as_index=False)[["injected", "delivered", "hard", "soft", "block"]].sum(min_count=1)
    frame = summed[keys].assign(tier="", messages=sent(summed))
    return frame[frame["messages"].isna() | (frame["messages"] > 0)].reset_index(drop=True)


def reading_notes(result: ExportCounts) -> list[Note]:
    """What was assumed or left out while an export was read."""
    notes = []
    if len(result.counts) and result.counts["injected"].isna().all():
        text = "The export does not say what was injected: volumes are deliveries and final failures on their day."
        notes.append(Note("info", text))
    if result.damage.count:
        text = (
            f"{counted(result.damage.count, 'record')} ({percent(result.damaged_share, 2)}) could not be read and "
            f"{'was' if result.damage.count == 1 else 'were'} left out: {places(result, 5)}."
        )
        notes.append(Note("warning", text))
    if result.damage.cut:
        files = some(result.damage.cut, 5)
        text = f"Ends early, because it was cut or is damaged there; what could be unpacked was read: {files}."
        notes.append(Note("warning", text))
    if result.copies:
        what = "event" if result.damage.unit == "line" else "number"
        notes.append(Note("info", f"{counted(result.copies, what)} stood there twice and counted once."))
    return notes
