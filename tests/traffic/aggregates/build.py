"""Answers written to files, and counts as plain rows."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd

from warmup.traffic.measures import MEASURES
from warmup.traffic.readers import Context

if TYPE_CHECKING:
    from warmup.traffic.export_counts import ExportCounts


def save(folder: Path, data: Any, name: str = "answer.json") -> Path:
    """A file with data as JSON, or with text as it is."""
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def counted(reader: str, *paths: Path | str, zone: str = "UTC", **context: Any) -> ExportCounts:
    """What a reader says of files."""
    module = import_module(f"warmup.traffic.readers.{reader}")
    result: ExportCounts = module.count(paths, Context(ZoneInfo(zone), **context))
    return result


def rows(result: ExportCounts, *names: str) -> list[tuple[Any, ...]]:
    """Columns of the counts as text and numbers; None where a value is missing."""
    frame = result.counts[list(names)].copy()
    if "date" in names:
        frame["date"] = frame["date"].dt.strftime("%Y-%m-%d")
    return [tuple(None if pd.isna(value) else value for value in row) for row in frame.itertuples(index=False)]


def unknown(result: ExportCounts) -> set[str]:
    """Measures that are NULL in all rows; none may be NULL in some rows only."""
    null = {name for name in MEASURES if result.counts[name].isna().all()}
    assert all(result.counts[name].notna().all() for name in MEASURES if name not in null)
    return null


def told(result: ExportCounts) -> str:
    """All notes."""
    return "\n".join(note.text for note in result.notes)
