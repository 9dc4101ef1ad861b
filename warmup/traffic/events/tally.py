"""From the sums of a run to the table of counts: NULL wherever the platform, or this export of it, does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmup.traffic.capabilities import capabilities
from warmup.traffic.events.format import BOUNCES, CODES, EVIDENCE
from warmup.traffic.measures import DIMENSIONS, MEASURES
from warmup.traffic.supply import Note
from warmup.traffic.wording import counted, some

if TYPE_CHECKING:
    import pandas as pd

    from warmup.traffic.events.format import EventFormat, Settled
    from warmup.traffic.events.store import Store

_FINAL = ("delivered", *BOUNCES)


def tally(store: Store, form: EventFormat, settled: Settled) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """The counts of a run.

    Args:
        store: Its events.
        form: Their format.
        settled: What its files do not say, if they show that themselves.

    Returns:
        One row per combination of dimensions that has any event; notes about what no event of the export tells of.
    """
    sums = ", ".join(f"CAST(coalesce(sum(n) FILTER (measure = '{name}'), 0) AS BIGINT) AS {name}" for name in MEASURES)
    names = ", ".join(f"coalesce({name}, '') AS {name}" for name in ("stream", "ip", "pool"))
    cancelled = f"CAST(coalesce(sum(n) FILTER (kind = {CODES['cancelled']}), 0) AS BIGINT) AS cancelled"
    frame = store.connection.execute(
        f"SELECT day AS date, lower(domain) AS domain, '' AS label, {names}, '{form.name}' AS source, {sums}, "
        f"{cancelled} FROM sums GROUP BY ALL ORDER BY ALL"
    ).df()
    frame = frame.astype({"date": "datetime64[s]"} | dict.fromkeys(MEASURES, "Int64"))
    frame["injected"] -= _never_sent(frame)
    never = capabilities()[form.name].never
    absent, notes = _absent(store.kinds(), form, never) if settled.absent is None else (settled.absent, ())
    for name in {*never, *absent}:
        frame[name] = frame[name].mask(frame[name].notna())
    early = _before_injections(frame)
    frame["injected"] = frame["injected"].mask(early)
    if early.any():
        days = frame.loc[early, "date"].nunique()
        text = (
            f"Injections begin {counted(days, 'day')} later than what became of them: until then volumes are "
            "deliveries and final failures."
        )
        notes = (*notes, Note("warning", text))
    return frame[[*DIMENSIONS, *MEASURES]], notes


def _never_sent(frame: pd.DataFrame) -> pd.Series[int]:
    """How many injections of each row are of messages that were cancelled.

    The injection of each stands on the same day, for the same domain and stream; mostly at the same IP too, else at one
    that its suppression does not name. Where the export lacks it, none is taken off.
    """
    same = frame["injected"].clip(upper=frame["cancelled"])
    if not frame["cancelled"].any():
        return same
    group = [frame["date"], frame["domain"], frame["stream"]]
    left = (frame["cancelled"] - same).groupby(group).transform("sum")
    rest = frame["injected"] - same
    before = rest.groupby(group).cumsum() - rest
    return same + (left - before).clip(lower=0).clip(upper=rest)


def _before_injections(frame: pd.DataFrame) -> pd.Series[bool]:
    """Rows of days before a stream's first injection: there the export lacks them, it is not that nothing was sent."""
    injected = frame["injected"].to_numpy(dtype="float64", na_value=0) > 0
    first = frame.loc[injected, ["stream", "date"]].groupby("stream")["date"].min()
    outcomes = sum(frame[name].to_numpy(dtype="float64", na_value=0) for name in _FINAL) > 0
    starts = first.reindex(frame["stream"]).to_numpy()
    return (frame["date"] < starts) & outcomes


def _absent(
    kinds: frozenset[str], form: EventFormat, never: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """Measures of which no event tells: was their type not exported, or did it not happen?"""
    evidence = {name: (name,) for name in MEASURES} | {**EVIDENCE, **form.evidence}
    absent = {name for name in MEASURES if not kinds & set(evidence[name])}
    if form.late_bounces:  # they are bounces, told by the delivery before them
        absent -= {"oob"} if "delivered" in kinds and kinds & set(BOUNCES) else set()
    named = [name for name in MEASURES if name in absent and name not in never]
    if not named or not kinds:
        return tuple(named), ()
    text = (
        f"No event in the files counts {some(named, len(MEASURES))}: it did not happen, or such events were not "
        "exported; so it is unknown, not 0."
    )
    return tuple(named), (Note("info", text),)
