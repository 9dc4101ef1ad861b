"""Small recipient lists, and the tiers of one written the slow way."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from warmup.traffic.recipients.rule import Rule

TODAY = date(2026, 11, 23)
RULE = Rule(TODAY)
DATES = {
    "human_open": "last_open_human",
    "any_open": "last_open_any",
    "click": "last_click",
    "purchase": "last_purchase",
    "login": "last_login",
    "signup": "signup_date",
}
HEADER = ("domain", "stream", *DATES.values())
ENGAGED = {"engaged_0_30": 30, "engaged_31_60": 60, "engaged_61_90": 90, "engaged_91_180": 180, "engaged_181_365": 365}


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def row(domain: str | None = "gmail.com", stream: str | None = "news", **dates: date | None) -> dict[str, Any]:
    return {"domain": domain, "stream": stream, **{column: dates.get(signal) for signal, column in DATES.items()}}


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]], header: Sequence[str] = HEADER) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_parquet(path: Path, rows: Iterable[Mapping[str, Any]], header: Sequence[str] = HEADER) -> Path:
    import duckdb

    kinds = {column: "DATE" if column in DATES.values() else "VARCHAR" for column in header}
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE list ({', '.join(f'{name} {kind}' for name, kind in kinds.items())})")
        values = [tuple(row.get(column) for column in header) for row in rows]
        if values:
            connection.executemany(f"INSERT INTO list VALUES ({', '.join('?' * len(header))})", values)
        connection.execute(f"COPY list TO '{path}' (FORMAT parquet)")
    return path


def slow_tier(dates: Mapping[str, date | None], opens: bool) -> str:
    """The rule, one recipient at a time."""
    known = {name: day for name, day in dates.items() if day is not None and day <= TODAY + timedelta(days=1)}
    age = {name: (TODAY - day).days for name, day in known.items()}
    human = ("click", "purchase", "login", "human_open") if opens else ("click", "purchase", "login")
    last = min((age[name] for name in human if name in age), default=10**6)
    if last > 30 and age.get("signup", 10**6) <= 30:
        return "new_signup_30d"
    for column, days in ENGAGED.items():
        if last <= days:
            return column
    opened = min(age.get("any_open", 10**6), age.get("human_open", 10**6))
    return "machine_open_only" if opened <= 365 else "older_or_never"


def slow_counts(rows: Iterable[Mapping[str, Any]], opens: bool) -> Counter[tuple[str, str]]:
    """Recipients by stream and tier."""
    return Counter(
        (row["stream"] or "", slow_tier({signal: row[column] for signal, column in DATES.items()}, opens))
        for row in rows
    )
