"""Scenarios and histories for the tests of the traffic room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from warmup.scenario import Scenario
from warmup.traffic.forecast import Forecast, forecast
from warmup.traffic.history import History

MONDAY = date(2025, 9, 1)
"""First day of the histories made here, a Monday."""

TODAY = date(2026, 6, 1)
"""After everything."""

SHARES = {"gmail.com": 0.5, "yahoo.com": 0.3, "gmx.de": 0.15, "firm.example.com": 0.05}


def scenario(folder: Path, streams: Iterable[str | dict[str, Any]] = ("news",), **fields: Any) -> Scenario:
    """A small scenario over files in ``folder``; ``history.csv`` unless told otherwise."""
    described = [{"name": item} if isinstance(item, str) else item for item in streams]
    if "history" not in fields and any("history" not in item for item in described):
        fields["history"] = "history.csv"
    base = {"customer": "Example", "start": date(2026, 1, 5), "pools": [{"name": "main", "ip_count": 2}]}
    return Scenario.model_validate({**base, "streams": described, "base_dir": folder, **fields})


def days(number: int, first: date = MONDAY) -> list[date]:
    """So many days in a row."""
    return [first + timedelta(n) for n in range(number)]


def rows(
    stream: str,
    sends: Mapping[date, int] | Iterable[date],
    volume: int | Callable[[date], int] = 10_000,
    shares: Mapping[str, float] = SHARES,
) -> list[str]:
    """CSV lines ``date,recipient_domain,stream,messages`` of sends."""
    sizes = dict(sends) if isinstance(sends, Mapping) else {d: volume(d) if callable(volume) else volume for d in sends}
    return [
        f"{day},{domain},{stream},{round(size * share)}"
        for day, size in sizes.items()
        for domain, share in shares.items()
    ]


def write(folder: Path, lines: Iterable[str], name: str = "history.csv", header: str = "") -> Path:
    """A CSV file."""
    path = folder / name
    text = "\n".join([header or "date,recipient_domain,stream,messages", *lines, ""])
    path.write_text(text, encoding="utf-8")
    return path


def predicted(folder: Path, sends: Mapping[str, Iterable[date] | Mapping[date, int]], **fields: Any) -> Forecast:
    """The forecast of streams that sent on some days."""
    write(folder, [line for stream, when in sends.items() for line in rows(stream, when)])
    first = fields.pop("first", None)
    length = fields.pop("days", 60)
    described = scenario(folder, fields.pop("streams", tuple(sends)), **fields)
    return forecast(described, today=described.start, first=first, days=length)


def remembered(sends: Mapping[str, Mapping[date, int]], first: date, last: date) -> History:
    """A history without files: streams that sent to one provider."""
    frame = pd.DataFrame(
        [(day, stream, "google", None, size) for stream, when in sends.items() for day, size in when.items()],
        columns=["date", "stream", "provider", "tier", "messages"],
    ).astype({"date": "datetime64[s]", "tier": "string", "messages": "Int64"})
    return History(frame, tuple(sends), first, last, dict.fromkeys(sends, (first, last)))


def send_days(result: Forecast, stream: str = "news") -> list[date]:
    """Days on which a stream is expected to send."""
    supply = result.supply
    totals = supply.messages[0, :, supply.streams.index(stream)].sum(axis=(1, 2))
    return [day for day, total in zip(supply.dates, totals, strict=True) if total]
