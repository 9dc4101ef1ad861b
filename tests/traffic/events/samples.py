"""Samples of one truth: every platform's export of the same fourteen messages, and what all of them must count."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pandas as pd

from warmup.traffic.measures import MEASURES
from warmup.traffic.readers import Context

if TYPE_CHECKING:
    from warmup.traffic.export_counts import ExportCounts

UTC = ZoneInfo("UTC")

SAMPLES = {
    "sparkpost_events": ("sparkpost_events_api.json", "sparkpost_webhook_batch.json"),
    "sendgrid_events": ("sendgrid_event_webhook.json",),
    "bird_events": ("bird_webhook_events.jsonl",),
    "ses_events": ("ses_event_publishing.jsonl",),
    "mailgun_events": ("mailgun_events_api.json",),
    "postmark": ("postmark_webhooks.jsonl",),
    "braze": ("braze_currents.jsonl",),
    "kumomta": ("kumomta_log.jsonl",),
}

BY = ["date", "domain", "stream"]


def reader(name: str) -> ModuleType:
    """A reader's module."""
    return import_module(f"warmup.traffic.readers.{name}")


def counted(name: str, *paths: Path | str, zone: ZoneInfo = UTC) -> ExportCounts:
    """Counts of exports of one platform."""
    return reader(name).count(paths, Context(zone))


def folder(shared: Path) -> Path:
    """Where the samples are."""
    return shared / "reference" / "formats" / "samples"


def expected(shared: Path) -> pd.DataFrame:
    """The truth in our words.

    ``deferred`` counts attempts: 2026-03-03 has two of one message; ``deferred_msgs`` is that with every message once.
    """
    table = pd.read_csv(folder(shared) / "EXPECTED_daily.csv")
    table = table.rename(columns={"rejected": "suppressed", "deferred": "deferred_events"})
    table["open_any"] = table["open_human"] + table["open_machine"]
    table["deferred_msgs"] = table["deferred_events"].clip(upper=1)
    return table


def by(table: pd.DataFrame, keys: list[str], measures: list[str]) -> dict[tuple[str, ...], tuple[int, ...]]:
    """Sums that are not all 0; an unknown in them is an error of the test."""
    table = table.assign(date=table["date"].astype(str).str[:10])
    sums = table.groupby(keys)[measures].sum(min_count=1).astype(int)
    return {key: tuple(row) for key, row in zip(sums.index, sums.to_numpy().tolist(), strict=True) if any(row)}


def assert_truth(
    result: ExportCounts,
    shared: Path,
    *,
    never: set[str] = frozenset(),
    lost: set[str] = frozenset(),
    other: set[str] = frozenset(),
) -> None:
    """The counts are the truth, but for what the platform cannot say.

    Args:
        result: The counts.
        shared: The folder of reference data.
        never: Measures that must be unknown.
        lost: Measures whose IP is not known for all.
        other: Measures that differ; the test looks at them itself.
    """
    truth = expected(shared)
    counts = result.counts
    assert {name for name in MEASURES if counts[name].isna().all()} == never
    assert counts.drop(columns=list(never)).notna().all(axis=None)
    known = [name for name in MEASURES if name not in never | other]
    assert by(counts, BY, known) == by(truth, BY, known)
    with_ip = [name for name in known if name not in lost]
    if with_ip:
        assert by(counts, [*BY, "ip"], with_ip) == by(truth, [*BY, "ip"], with_ip)
    for name in lost:
        assert by(counts, [*BY, "ip"], [name]) != by(truth, [*BY, "ip"], [name]), name


def same(one: ExportCounts, other: ExportCounts) -> bool:
    """Whether two results have the same counts."""
    return one.counts.equals(other.counts)
