"""A customer on disk: ``scenario.toml`` and CSV files, as a TAM would have them.

Defaults make a small, ordinary customer, so that a test says only what its case is about. Volumes are written without
noise: what a test asserts can be worked out by hand.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import warmup

if TYPE_CHECKING:
    from warmup.planner.plan import Finding, Lever, Plan

START = date(2026, 2, 3)
"""A Tuesday."""

TODAY = date(2026, 1, 4)
"""Thirty days before the start: every lead time just fits."""

DAILY = tuple(range(7))
MIX = {"gmail.com": 0.5, "outlook.com": 0.2, "yahoo.com": 0.1, "icloud.com": 0.2}
"""Recipient domains (or, without a dot, mailbox providers) and their parts of the volume."""

ENGAGED = {"engaged_0_30": 50, "engaged_31_60": 20, "engaged_61_90": 10, "engaged_91_180": 10, "engaged_181_365": 10}
"""An audience of which 80 % are engaged within 90 days."""

TIER_COLUMNS = (
    "engaged_0_30", "engaged_31_60", "engaged_61_90", "engaged_91_180", "engaged_181_365", "machine_open_only",
    "older_or_never",
)  # fmt: skip


@dataclass(frozen=True)
class Mail:
    """One stream and what it sent.

    Attributes:
        name: The stream.
        messages: Messages of a send day.
        weekdays: Days it sends on (0 = Monday), unless ``every`` is given.
        every: Days between two sends; the last lies ``since`` days before today.
        since: See ``every``; also moves the sends of the future.
        mix: See :data:`MIX`.
        keys: Other keys of the stream in the scenario.
    """

    name: str = "newsletter"
    messages: int = 40_000
    weekdays: tuple[int, ...] = DAILY
    every: int | None = None
    since: int = 1
    mix: Mapping[str, float] = field(default_factory=lambda: MIX)
    keys: Mapping[str, Any] = field(default_factory=dict)

    def sends_on(self, day: date, today: date) -> bool:
        """Whether a day of the past is a send day."""
        if self.every is None:
            return day.weekday() in self.weekdays
        return (today - day).days % self.every == self.since % self.every


def write_customer(
    folder: Path,
    *mails: Mail,
    ips: int = 1,
    weeks: int = 7,
    today: date = TODAY,
    start: date = START,
    audience: Mapping[str, int] | None = None,
    **sections: Any,
) -> Path:
    """Write ``scenario.toml``, ``history.csv`` and, with an audience, ``audience.csv``.

    Args:
        folder: Where; must exist.
        mails: The streams; default: one daily newsletter of 40,000.
        ips: Of the one pool, unless ``pools`` is given.
        weeks: Length of the history, which ends the day before ``today``. Eight or more give a range.
        today: Day the history was exported.
        start: First sending day.
        audience: Recipients per tier column, the same at every provider.
        sections: Tables and keys of the scenario (``policy={"horizon_days": 60}``). Times are kept short by default.
    """
    mails = mails or (Mail(),)
    scenario: dict[str, Any] = {"customer": "Example Shop", "start": start, "history": "history.csv"}
    if audience is not None:
        scenario["audience"] = "audience.csv"
        write_audience(folder / "audience.csv", {domain for mail in mails for domain in mail.mix}, audience)
    pools = sections.pop("pools", [{"name": "main", "ip_count": ips}])
    policy = {"horizon_days": 90, **sections.pop("policy", {})}
    scenario |= {**sections, "policy": policy, "pools": pools}
    scenario["streams"] = [{"name": mail.name, **mail.keys} for mail in mails]
    write_history(folder / "history.csv", mails, weeks=weeks, today=today)
    path = folder / "scenario.toml"
    path.write_text(toml(scenario), encoding="utf-8")
    return path


def write_history(path: Path, mails: Iterable[Mail], *, weeks: int, today: date = TODAY) -> None:
    """A tidy CSV with a row for every day, stream and domain, zeros included."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["date", "recipient_domain", "provider", "stream", "messages"])
        for back in range(7 * weeks, 0, -1):
            day = today - timedelta(back)
            for mail in mails:
                sent = mail.messages if mail.sends_on(day, today) else 0
                for to, part in mail.mix.items():
                    domain, provider = (to, "") if "." in to else ("", to)
                    out.writerow([day, domain, provider, mail.name, round(sent * part)])


def write_audience(path: Path, domains: Iterable[str], tiers: Mapping[str, int], scale: int = 10_000) -> None:
    """Recipients per domain and tier; ``tiers`` in percent of a hundred times ``scale``."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["recipient_domain", *TIER_COLUMNS])
        for domain in sorted(domains):
            out.writerow([domain, *(tiers.get(name, 0) * scale for name in TIER_COLUMNS)])


def planned(path: Path, today: date = TODAY) -> Plan:
    """The plan of a scenario file, after what must be true of every plan was found true of it."""
    plan: Plan = warmup.plan(warmup.load_scenario(path), today=today)
    check_books(plan)
    check_texts(plan)
    return plan


def check_books(plan: Plan) -> None:
    """Nothing is lost, and no cap is exceeded."""
    sent = plan.messages.groupby("origin")["messages"].sum()
    supply = plan.days.set_index("date")["supply"]
    assert (sent.reindex(supply.index, fill_value=0) == supply).all()
    assert (plan.caps["sent"] <= plan.caps["cap"]).all()
    assert set(plan.messages["destination"]) <= {"dedicated", "overflow", "legacy", "unplaced"}


def texts(plan: Plan) -> dict[str, str]:
    """Every sentence of a plan that a customer reads, by where it stands."""
    found = {f"{f.id} {f.subject} text": f.text for f in plan.findings}
    found |= {f"{f.id} {f.subject} remedy": f.remedy for f in plan.findings}
    found |= {f"{done.scope} {part}": getattr(done, part) for done in (plan.engaged, plan.all) for part in PARTS}
    found |= {f"lever {one.id}": one.warning for one in plan.levers}
    found |= {f"sizing {one.pool}": one.reason for one in plan.sizing}
    found |= {f"sizing {row.pool} {row.ips}": row.note for one in plan.sizing for row in one.rows}
    found |= {f"peak {one.name} {one.day}": one.note for one in plan.peaks}
    found |= {"latest start": plan.latest_start.reason if plan.latest_start else ""}
    found |= {"range": plan.uncertainty_reason, "policy": plan.policy_reason, "pace": plan.pace_reason}
    return {where: text for where, text in found.items() if text}


PARTS = ("reason", "cure")
BROKEN = re.compile(r"None|nan\b|  |\.\.|,,| ,|\(\)|\b1 (messages|days|IPs|items|weeks|sends)\b|[{}]| [.;:,]")


def check_texts(plan: Plan) -> None:
    """Sentences are sentences: a capital, a full stop, nothing left over from a template, nothing said twice."""
    for where, text in texts(plan).items():
        assert text[0].isupper() or text[0].isdigit(), f"{where}: {text}"
        assert text.endswith("."), f"{where}: {text}"
        assert not BROKEN.search(text), f"{where}: {text}"
    for one in plan.levers:
        assert one.text[0].isupper(), one.text
        assert not one.text.endswith("."), one.text
    findings = [one.text for one in plan.findings]
    assert len(findings) == len(set(findings))
    assert len({one.id for one in plan.levers}) == len(plan.levers)
    for row in plan.assumptions:
        assert row.value, row.what
        assert not BROKEN.search(row.value), row
    assert len({row.what for row in plan.assumptions}) == len(plan.assumptions)


def ids(plan: Plan, *severities: str) -> set[str]:
    """Ids of the findings, of some severities or of all."""
    return {finding.id for finding in plan.findings if not severities or finding.severity in severities}


def finding(plan: Plan, key: str) -> Finding:
    """The one finding with an id."""
    (found,) = [one for one in plan.findings if one.id == key]
    return found


def lever(plan: Plan, key: str) -> Lever:
    """The one lever with an id."""
    (found,) = [one for one in plan.levers if one.id == key]
    return found


# -- TOML ---------------------------------------------------------------------------------------------------------


def toml(table: Mapping[str, Any]) -> str:
    """A table as TOML: values first, then tables, then lists of tables."""
    return "\n".join(_lines(table, ())) + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterable[str]:
    below = {key: value for key, value in table.items() if isinstance(value, Mapping) or _is_tables(value)}
    yield from (f"{_key(key)} = {_value(value)}" for key, value in table.items() if key not in below)
    for key, value in below.items():
        name = ".".join(map(_key, (*path, key)))
        for one in [value] if isinstance(value, Mapping) else value:
            yield f"\n[{name}]" if isinstance(value, Mapping) else f"\n[[{name}]]"
            yield from _lines(one, (*path, key))


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)
