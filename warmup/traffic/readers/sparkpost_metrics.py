"""SparkPost (and Bird "Reach Email") metrics: ``GET /api/v1/metrics/deliverability/…``.

The API has no provider × day grouping, so the time series is asked for once per mailbox provider
(``mailbox_providers=``) and, where streams differ, once per stream (``campaigns=`` or ``subaccounts=``): one file each,
and the scenario says which (``provider`` of the source; the stream it stands under). Day precision is UTC only; for a
finer precision the source may name another zone.

Sums of a period by provider, IP, pool or campaign have no days: :func:`count` reads them as such, and no plan can use
them. A sending IP may stand there as host name; with the answer of ``GET /api/v1/sending-ips`` among the files its
address and pool are known.

Source: developers.sparkpost.com, content/api/metrics.apib; docs.bird.com, email-api/metrics, read 2026-06.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from warmup.errors import InputError, Problem
from warmup.traffic.aggregates.answers import Answer, NoAnswerError, load
from warmup.traffic.aggregates.cells import DAY, NO_DAY, Cells, Names, Place, View
from warmup.traffic.aggregates.formulas import (
    MOST,
    DamagedError,
    Formula,
    Formulas,
    domain_of,
    measures,
    name_of,
    only,
    used,
)
from warmup.traffic.days import read_days
from warmup.traffic.events.inputs import looks_like
from warmup.traffic.problems import Problems
from warmup.traffic.readers import Context, Reading
from warmup.traffic.supply import Note
from warmup.traffic.wording import quote, some

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    import pandas as pd

    from warmup.scenario import HistorySource
    from warmup.traffic.export_counts import ExportCounts

NAME = "sparkpost-metrics"
TITLE = "SparkPost: metrics"

FORMULAS: Formulas = {
    "injected": (
        *only("count_injected"),
        Formula(("count_targeted",), minus=("count_rejected",)),
        *only("count_sent"),
    ),
    "delivered": only("count_delivered"),
    "hard": only("count_hard_bounce"),
    "soft": (Formula(("count_soft_bounce",), also=("count_undetermined_bounce",)),),
    "block": only("count_block_bounce"),
    "deferred_msgs": only("count_delayed_first"),
    "deferred_events": only("count_delayed"),
    "oob": only("count_outofband_bounce"),
    "suppressed": (Formula(("count_rejected",), also=("count_admin_bounce",)), *only("count_admin_bounce")),
    "complaint": only("count_spam_complaint"),
    "unsub": only("count_unsubscribe"),
    "click": only("count_unique_clicked"),
    "open_human": only("count_nonprefetched_unique_confirmed_opened"),
    "open_any": only("count_unique_confirmed_opened"),
}
"""Measures from SparkPost's counts. ``count_bounce`` alone says nothing of causes, so those stay unknown."""

_NAMED = {
    "mailbox_provider": "label", "domain": "domain", "watched_domain": "domain", "campaign_id": "stream",
    "sending_ip": "ip", "ip_pool": "pool",
}  # fmt: skip
_SECOND_CHOICE = "count_targeted"
_DIMENSIONS = (
    "mailbox_provider", "mailbox_provider_region", "sending_ip", "ip_pool", "campaign_id", "template_id", "domain",
    "watched_domain", "sending_domain", "subaccount_id", "subject_campaign", "list",
)  # fmt: skip
_ASK = (
    "ask GET /api/v1/metrics/deliverability/time-series with precision=day and mailbox_providers=…, once per provider"
)


def sniff(head: bytes) -> float:
    """A JSON object with ``results`` that count something, or with sending IPs; guessed where nothing speaks."""
    if looks_like(head, r"^\s*\{", r'"results"', r'"(count_|external_ip)'):
        return 0.9
    # What is empty, cut or an error answer is offered to this reader, whose messages say so.
    return 0.3 if looks_like(head, r'(?s)^\s*\{(\s*$|\s*\}|.*"(results|errors)")') else 0.0


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
    data = load([path])[0].data
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


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count what answers say together.

    Args:
        paths: Time series, or sums of a period (their rows have no date); the answer about sending IPs too.
        context: ``provider``: whom a time series was asked for; its zone is the one whose days are counted.

    Raises:
        InputError: Files that are no such answers, sums of months, numbers that contradict each other.
    """
    files = load(paths)
    hosts = [entry for file in files if _is_hosts(file) for entry in file.data["results"]]
    answers = [file for file in files if not _is_hosts(file)]
    cells = Cells(NAME, grain_said=False)
    problems: list[Problem] = []
    for answer in answers:
        try:
            _Counting(cells, answer, context.provider or "", _addresses(hosts)).read()
        except InputError as error:
            problems += error.problems
    if not answers:
        raise NoAnswerError(files, "lists sending IPs and counts nothing")
    if problems:
        raise InputError(problems)
    return cells.finish(context.zone, context.file_zone or ZoneInfo("UTC"))


def _is_hosts(answer: Answer) -> bool:
    results = answer.data.get("results") if isinstance(answer.data, dict) else None
    return isinstance(results, list) and any(isinstance(one, dict) and "external_ip" in one for one in results)


def _addresses(hosts: Sequence[Any]) -> dict[str, tuple[str, str]]:
    """Address and pool by host name."""
    found = {}
    for host in hosts:
        try:
            found[name_of(host["hostname"])] = (name_of(host["external_ip"]), name_of(host.get("ip_pool")))
        except (KeyError, TypeError, AttributeError, DamagedError):
            continue
    return found


class _Counting:
    """Brings one answer into the cells."""

    def __init__(self, cells: Cells, answer: Answer, provider: str, hosts: Mapping[str, tuple[str, str]]) -> None:
        self._cells, self._answer, self._provider, self._hosts = cells, answer, provider, hosts

    def read(self) -> None:
        """All entries; those that are damaged are counted."""
        results = _counted(self._answer)
        for n, entry in enumerate(results, 1):
            place = Place(self._answer.name, n)
            try:
                by, names, parts = self._names(entry)
                numbers = measures(FORMULAS, entry)
                bucket = name_of(entry["ts"]) if "ts" in entry else NO_DAY
                if "ts" in entry and not bucket:
                    raise DamagedError("has no time")
            except DamagedError:
                self._cells.damaged(place)
                continue
            self._cells.not_counted({key for key in entry if key.startswith("count_")} - used(FORMULAS))
            view = View(by, DAY if bucket else "", " and ".join(parts))
            self._cells.add(view, bucket, names, numbers, place, " ".join(parts.values()))

    def _names(self, entry: Any) -> tuple[frozenset[str], Names, dict[str, str]]:
        """By which of our dimensions, what an entry is about in them, and in others."""
        if not isinstance(entry, dict):
            raise DamagedError("is no entry")
        found = {"label": self._provider} if self._provider else {}
        parts = {}
        by = set(found)
        for name in _DIMENSIONS:
            if name not in entry:
                continue
            by.add(_NAMED.get(name, ""))
            if name in ("domain", "watched_domain"):
                found["domain"], other = domain_of(entry[name])
                found.setdefault("label", other)
            elif name in _NAMED:
                found[_NAMED[name]] = name_of(entry[name])
            else:
                parts[name] = name_of(entry[name])
        return frozenset(by - {""}), Names(**self._addressed(found)), parts

    def _addressed(self, found: dict[str, str]) -> dict[str, str]:
        """Names with the address of a sending IP that stands there as host name."""
        host = found.get("ip", "")
        if host in self._hosts:
            address, pool = self._hosts[host]
            return found | {"ip": address, "pool": found.get("pool") or pool}
        if host and not host.replace(".", "").isdigit() and ":" not in host:
            text = (
                "Sending IPs stand there as host names; with the answer of GET /api/v1/sending-ips among the files "
                "their addresses are known."
            )
            self._cells.notes.append(Note("info", text))
        return found


def _counted(answer: Answer) -> list[Any]:
    """The entries of an answer that counts something.

    Raises:
        InputError: It does not.
    """
    data = answer.data
    if isinstance(data, dict) and "errors" in data:
        raise InputError(Problem(answer.name, "is an error answer of the API, not data", "repeat the request"))
    results = data.get("results") if isinstance(data, dict) else None
    if not isinstance(results, list):
        raise InputError(Problem(answer.name, "is not a SparkPost metrics answer: no list named results", _ASK))
    keys = {str(key) for entry in results if isinstance(entry, dict) for key in entry}
    if results and not any(key.startswith("count_") for key in keys):
        raise InputError(Problem(answer.name, "holds events or other records, not counts", _ASK))
    return results
