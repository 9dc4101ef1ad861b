"""SparkPost (and Bird "Reach Email") metrics: ``GET /api/v1/metrics/deliverability/time-series``.

The API has no provider × day grouping, so the time series is asked for once per mailbox provider
(``mailbox_providers=``) and, where streams differ, once per stream (``campaigns=`` or ``subaccounts=``): one file each,
and the scenario says which (``provider`` of the source; the stream it stands under). Day precision is UTC only; for a
finer precision the source may name another zone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from warmup.errors import InputError, Problem
from warmup.traffic.days import read_days
from warmup.traffic.problems import Problems
from warmup.traffic.readers import Context, Reading
from warmup.traffic.supply import Note
from warmup.traffic.wording import quote, some

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import pandas as pd

    from warmup.scenario import HistorySource

NAME = "sparkpost-metrics"

MOST = 10_000_000_000
"""Messages in one entry that are believed."""

_SECOND_CHOICE = "count_targeted"
_MAX_BYTES = 100 * 1024 * 1024
_DIMENSIONS = (
    "mailbox_provider", "mailbox_provider_region", "sending_ip", "ip_pool", "campaign_id", "template_id", "domain",
    "watched_domain", "sending_domain", "subaccount_id", "subject_campaign", "list",
)  # fmt: skip
_ASK = (
    "ask GET /api/v1/metrics/deliverability/time-series with precision=day and mailbox_providers=…, once per provider"
)


def sniff(head: bytes, path: Path) -> float:  # noqa: ARG001 - the content decides, names lie
    """A JSON object with ``results`` that count something."""
    text = head.decode("utf-8", errors="replace").lstrip("\ufeff \r\n\t")
    if not text.startswith("{"):
        return 0.0
    return 0.9 if '"results"' in text and '"count_' in text else 0.3


def read(source: HistorySource, path: Path, context: Context) -> Reading:
    """Read one time series.

    Raises:
        InputError: Not such a series, provider or stream unknown, or what is wrong with its entries.
    """
    results = _results(source, path)
    problems = []
    if source.provider is None:
        fix = 'write history = {path = "…", provider = "Gmail"}'
        problems.append(Problem(source.path, "does not say which mailbox provider it is about", fix))
    if context.stream is None:
        problems.append(Problem(source.path, "does not say which stream it is about", "name the file under its stream"))
    if problems:
        raise InputError(problems)
    notes: list[Note] = []
    metric = _metric(results, source, notes)
    return Reading(_frame(_rows(results, metric, source, context, notes), source, context), tuple(notes))


def _results(source: HistorySource, path: Path) -> list[dict[str, Any]]:
    """The entries of a time-series response; any other response is named for what it is."""
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(Problem(source.path, "is larger than a time series of days can be", _ASK))
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(Problem(source.path, f"is not JSON ({str(error)[:80]})", "export it again")) from None
    if isinstance(data, dict) and "errors" in data:
        raise InputError(Problem(source.path, "is an error answer of the API, not data", "repeat the request"))
    results = data.get("results") if isinstance(data, dict) else None
    if not isinstance(results, list) or not all(isinstance(entry, dict) for entry in results):
        raise InputError(Problem(source.path, "is not a SparkPost metrics answer: no list named results", _ASK))
    if not results:
        raise InputError(
            Problem(source.path, "is empty: results holds no entry", "check from, to and the filters of the request")
        )
    if not any("ts" in entry for entry in results):
        by = next((name for name in _DIMENSIONS if name in results[0]), "")
        if any(str(key).startswith("count_") for key in results[0]):
            what = f"sums the whole period by {by}" if by else "sums the whole period"
            raise InputError(Problem(source.path, f"{what} and has no days (ts)", _ASK))
        raise InputError(Problem(source.path, "holds events or other records, not counts per day", _ASK))
    return results


def _metric(results: list[dict[str, Any]], source: HistorySource, notes: list[Note]) -> str:
    """The count that is the volume sent."""
    present = {key for entry in results for key in entry if str(key).startswith("count_")}
    if source.metric in present:
        return source.metric
    if source.metric == "count_sent" and _SECOND_CHOICE in present:
        text = f"The file has no count_sent; {_SECOND_CHOICE} was read instead, which also counts what was never sent."
        notes.append(Note("warning", text, source.path))
        return _SECOND_CHOICE
    seen = some(sorted(quote(key) for key in present), 12) or "none"
    raise InputError(
        Problem(source.path, f"has no {source.metric}; its counts are {seen}", "ask for metrics=count_sent")
    )


def _rows(
    results: list[dict[str, Any]], metric: str, source: HistorySource, context: Context, notes: list[Note]
) -> list[tuple[date, int | None]]:
    """(day, volume) of every entry; InputError with all that is wrong."""
    first: dict[str, int] = {}
    copies: list[tuple[int, int]] = []
    wrong: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for n, entry in enumerate(results, 1):
        text = str(entry.get("ts", ""))
        if text in first:
            copies.append((first[text], n))
        first.setdefault(text, n)
        what = _wrong_volume(entry.get(metric))
        if what:
            wrong.setdefault((what, "export it again"), []).append((n, f"{metric} {quote(entry.get(metric))} {what}"))
    # A zone named for the file is the zone the series was asked in; without one the API answers in UTC.
    column = read_days(first, context.zone, ZoneInfo(source.timezone or "UTC"))
    for text, what in column.bad.items():
        wrong.setdefault((what, "export it again"), []).append((first[text], f"ts {quote(text)} {what}"))
    problems = Problems(source.path, "result")
    if column.problem:
        problems.add(tuple(first[text] for text in column.problem_at), *column.problem)
    problems.add_kind(copies, ["have the same ts"] * len(copies), len(copies), "remove the copy")
    for (_, fix), found in wrong.items():
        problems.add_kind([(n,) for n, _ in found], [what for _, what in found], len(found), fix)
    problems.raise_any()
    notes += [Note("info", text, source.path) for text in column.notes]
    return [(column.days[str(entry["ts"])], entry.get(metric)) for entry in results]


def _wrong_volume(volume: Any) -> str:
    """What is wrong with a volume; empty where nothing is."""
    if volume is None:
        return ""
    if isinstance(volume, bool) or not isinstance(volume, int | float) or not float(volume).is_integer():
        return "is not a whole number"
    if not 0 <= volume <= MOST:
        return "is negative" if volume < 0 else "is more than anyone sends in a day"
    return ""


def _frame(rows: list[tuple[date, int | None]], source: HistorySource, context: Context) -> pd.DataFrame:
    """One row a day. A finer precision than days gives several entries a day; a sum with an unknown part is unknown."""
    import pandas as pd

    daily: dict[date, int | None] = {}
    for day, volume in rows:
        before = daily.get(day, 0)
        daily[day] = None if volume is None or before is None else before + int(volume)
    columns = {
        "date": pd.to_datetime(sorted(daily)).astype("datetime64[s]"),
        "messages": pd.array([daily[day] for day in sorted(daily)], dtype="Int64"),
    }
    texts = {"label": source.provider or "", "stream": context.stream or "", "domain": "", "tier": ""}
    same = {name: pd.Categorical.from_codes([0] * len(daily), pd.Index([text])) for name, text in texts.items()}
    return pd.DataFrame({**columns, **same})
