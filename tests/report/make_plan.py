"""A plan made by hand: small enough to check on paper, rich enough that every output has something to show.

It does not use the engine, so that the outputs are tested against the contract and not against today's planner.
Volumes are conserved: per stream, day, provider and tier the parts sum to the supply.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pandas as pd

from warmup.planner.plan import (
    Assumption,
    Completion,
    Finding,
    LadderUse,
    LatestStart,
    Lever,
    Milestone,
    PeakReady,
    Plan,
    PreflightItem,
    Range,
    SizeRow,
    Sizing,
    Uncertainty,
)
from warmup.scenario import Scenario
from warmup.traffic.supply import Note

START = date(2027, 2, 2)  # a Tuesday
PROVIDERS = {
    "gmail": "Gmail",
    "yahoo": "Yahoo",
    "microsoft_consumer": "Outlook.com",
    "gmx_webde": "GMX and WEB.DE",
    "posteo": "Posteo",
    "mailbox_org": "mailbox.org",
}
SMALL = ("posteo", "mailbox_org")
SHARES = {
    "gmail": 0.46,
    "yahoo": 0.2,
    "microsoft_consumer": 0.18,
    "gmx_webde": 0.13,
    "posteo": 0.02,
    "mailbox_org": 0.01,
}
TIERS = ("0_30", "31_60", "61_90", "91_180", "181_365")
TIER_SHARES = (0.4, 0.2, 0.15, 0.15, 0.1)
OPENS = (0, 14, 28, 42, 48)
"""Days after the start on which each tier opens to marketing."""
STREAMS: dict[str, tuple[str, frozenset[int], int]] = {
    "receipts": ("transactional", frozenset(range(7)), 4_000),
    "newsletter": ("marketing", frozenset({1, 4}), 40_000),
    "promotions": ("marketing", frozenset({3}), 30_000),
}
"""Pool, weekdays and messages per send day of each stream."""
CONTROL = 0.05
RELEASED = 55
"""Day on which the control group is released: the plan is complete."""


def make_scenario(customer: str = "Example Shop Ltd", **changes: Any) -> Scenario:
    """The scenario behind the hand-made plan; ``changes`` replace top-level keys."""
    raw: dict[str, Any] = {
        "customer": customer,
        "start": START,
        "deadline": START + timedelta(days=80),
        "timezone": "Europe/London",
        "history": "history.csv",
        "legacy": {"name": "Old Mailer", "until": START + timedelta(days=120)},
        "pools": [
            {"name": "transactional", "ips": ["192.0.2.10"]},
            {"name": "marketing", "ips": ["192.0.2.20", "192.0.2.21", "192.0.2.22"]},
        ],
        "streams": [
            {
                "name": name,
                "pool": pool,
                "kind": "transactional" if name == "receipts" else "marketing",
                "identity_old": {"from_domain": f"{name}.example.com"},
            }
            for name, (pool, _, _) in STREAMS.items()
        ],
        "calendar": {"peaks": [{"name": "Spring sale", "days": [START + timedelta(days=60)], "factor": 3}]},
    }
    raw.update(changes)
    return Scenario.model_validate(raw)


@dataclass
class _Tables:
    """The rows of each table while the days are walked."""

    messages: list[tuple[Any, ...]] = field(default_factory=list)
    caps: list[tuple[Any, ...]] = field(default_factory=list)
    sheet: list[tuple[Any, ...]] = field(default_factory=list)
    base: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))


def _clock(provider: str) -> str:
    return "small" if provider in SMALL else provider


def _split(total: int, shares: tuple[float, ...]) -> list[int]:
    parts = [int(total * share) for share in shares]
    parts[0] += total - sum(parts)
    return parts


def _caps(tables: _Tables, day: int) -> dict[tuple[str, str], tuple[int, str]]:
    out = {}
    for pool, ips in (("transactional", 1), ("marketing", 3)):
        for clock in dict.fromkeys(_clock(p) for p in PROVIDERS):
            base = tables.base[pool, clock]
            cap, limit = max(200 * ips, -(-base * 3 // 2)), "ramp"
            if clock == "yahoo" and day < 7 and cap > 300 * ips:
                cap, limit = 300 * ips, "ceiling"
            out[pool, clock] = (cap, limit)
    return out


def _walk_day(tables: _Tables, day: int, first: date) -> None:
    today = first + timedelta(days=day)
    caps = _caps(tables, day)
    left = {key: cap for key, (cap, _) in caps.items()}
    for stream, (pool, weekdays, volume) in STREAMS.items():
        if today.weekday() not in weekdays:
            continue
        supplies = {p: _split(int(volume * share), TIER_SHARES) for p, share in SHARES.items()}
        for index, tier in enumerate(TIERS):
            for provider in PROVIDERS:
                supply = supplies[provider][index]
                clock = (pool, _clock(provider))
                control = int(supply * CONTROL) if day < RELEASED else 0
                opened = pool == "transactional" or day >= OPENS[index]
                sent = min(supply - control, left[clock]) if opened else 0
                left[clock] -= sent
                limit = "tier" if not opened else caps[clock][1] if sent < supply - control else ""
                _rows(tables, today, stream, provider, tier, pool, (supply, sent, control), limit)
    for (pool, name), (cap, limit) in caps.items():
        sent = cap - left[pool, name]
        why = "supply" if sent < cap else limit
        tables.caps.append((today, pool, f"{pool}-1", name, tables.base[pool, name], cap, sent, why))
        tables.base[pool, name] = max(tables.base[pool, name], sent)


def _rows(
    tables: _Tables,
    today: date,
    stream: str,
    provider: str,
    tier: str,
    pool: str,
    parts: tuple[int, int, int],
    limit: str,
) -> None:
    supply, sent, control = parts
    for destination, messages, why in (
        ("dedicated", sent, ""),
        ("legacy", supply - control - sent, limit),
        ("legacy", control, "control"),
    ):
        if messages:
            group = f"{pool}-1" if destination == "dedicated" else None
            tables.messages.append(
                (today, today, destination, pool, group, provider, stream, tier, messages, why or ""),
            )
    threshold = sent * 10_000 // supply if supply else 0
    tables.sheet.append((today, today, stream, provider, tier, pool, supply, sent, 0, threshold, 0, limit))


def _frames(days: int, first: date) -> dict[str, pd.DataFrame]:
    tables = _Tables()
    for day in range(days):
        _walk_day(tables, day, first)
    messages = pd.DataFrame(
        tables.messages,
        columns=[
            "date",
            "origin",
            "destination",
            "pool",
            "ip_group",
            "provider",
            "stream",
            "tier",
            "messages",
            "limit",
        ],
    )
    caps = pd.DataFrame(tables.caps, columns=["date", "pool", "ip_group", "provider", "base", "cap", "sent", "limit"])
    sheet = pd.DataFrame(
        tables.sheet,
        columns=[
            "date",
            "origin",
            "stream",
            "provider",
            "tier",
            "pool",
            "supply",
            "dedicated",
            "threshold_from",
            "threshold",
            "moved_back",
            "limit",
        ],
    )
    every = [first + timedelta(days=n) for n in range(days)]
    by = messages.pivot_table(index="date", columns="destination", values="messages", aggfunc="sum", fill_value=0)
    by = by.reindex(index=every, columns=["dedicated", "overflow", "legacy", "unplaced"], fill_value=0)
    control = messages[messages["limit"] == "control"].groupby("date")["messages"].sum().reindex(every, fill_value=0)
    frame = by.reset_index(names="date")
    frame["supply"] = frame[["dedicated", "overflow", "legacy", "unplaced"]].sum(axis=1)
    frame["control"] = control.to_numpy()
    frame["in_scope"] = frame["supply"] - frame["control"]
    frame["kind"] = ["peak" if n == 60 else "send" for n in range(days)]
    order = ["date", "supply", "in_scope", "dedicated", "overflow", "legacy", "unplaced", "control", "kind"]
    return {"messages": messages, "caps": caps, "sheet": sheet, "days": frame[order]}


def _small_tables(every: list[date]) -> dict[str, pd.DataFrame]:
    return {
        "rollback": pd.DataFrame(
            [(d, p, 5_000.0 - 60 * n, 4_000, 5_000 - 60 * n >= 4_000) for n, d in enumerate(every) for p in PROVIDERS],
            columns=["date", "provider", "legacy_base", "supply_next", "can_carry"],
        ),
        "legacy_mix": pd.DataFrame(
            [(d, min(1.0, 0.25 + n / 100)) for n, d in enumerate(every)], columns=["date", "over_90_share"]
        ),
        "rotation": pd.DataFrame(columns=["date", "pool", "provider", "pool_cap", "equal_rotation_cap"]),
        "ip_load": pd.DataFrame(
            [(d, "marketing", "marketing-1", 3, 3_000, 1_000.0, 2_000_000) for d in every],
            columns=["date", "pool", "ip_group", "ips", "messages", "per_ip", "capacity_per_ip"],
        ),
    }


def _completion(first: date, scope: Any, day: date | None) -> Completion:
    return Completion(
        scope=scope,
        day=day,
        limit="" if day else "tier",
        reason="" if day else "The horizon ends before the last tier has been sent twice.",
        cure="" if day else "Plan at least 14 days more: policy.horizon_days.",
        per_provider=dict.fromkeys(PROVIDERS, day),
        per_pool=dict.fromkeys(("transactional", "marketing"), day),
    )


def _findings(customer: str) -> tuple[Finding, ...]:
    return (
        Finding(
            "legacy.tail",
            "warning",
            f"From {START + timedelta(days=25):%d %b %Y} more than half of what {customer} leaves on legacy goes to "
            "people who have not opened for 90 days.",
            "Send less to them meanwhile.",
            "PRACTICE",
            "legacy",
        ),
        Finding(
            "sizing.uneven",
            "notice",
            "The marketing pool sends on three days a week.",
            "Spread the newsletter over two days.",
            "",
            "marketing",
        ),
    )


def _preflight(first: date) -> tuple[PreflightItem, ...]:
    items = [
        ("legacy_end", "Agree the end date of the legacy contract", "customer", 30, "done", ()),
        ("postmaster_tools", "Register every domain at Google Postmaster Tools", "TAM", 14, "assumed", ()),
        ("dns", "Publish SPF, DKIM and DMARC for the new platform", "customer", 10, "due", ()),
        ("yahoo_cfl", "Enrol each d= in Yahoo's feedback loop", "customer", 7, "not done", ("yahoo",)),
    ]
    return tuple(
        PreflightItem(
            key, text, owner, first - timedelta(days=lead), lead, state, providers, None, "Because.", "practice"
        )
        for key, text, owner, lead, state, providers in items
    )


def _uncertainty(engaged: date, done: date) -> Uncertainty:
    days = tuple(done + timedelta(days=n % 7 - 3) for n in range(64))
    spread = timedelta(days=3)
    return Uncertainty(
        futures=64,
        weeks=26,
        engaged=Range(engaged - spread, engaged, engaged + spread, 0.0, tuple(d - (done - engaged) for d in days)),
        all=Range(done - spread, done, done + spread, 0.0, days),
        commit_engaged=engaged + timedelta(days=8),
        commit_all=done + timedelta(days=10),
        commit_not_within=0.02,
        held=tuple(d + timedelta(days=8) for d in days),
        assumption="0 to 3 holds of 3 to 5 sending days at each provider (an assumption)",
    )


def make_plan(
    *,
    days: int = 84,
    customer: str = "Example Shop Ltd",
    complete: bool = True,
    created: date | None = None,
    **changes: Any,
) -> Plan:
    """A complete plan of ``days`` days; ``changes`` replace keys of the scenario."""
    scenario = make_scenario(customer, **changes)
    first = scenario.start
    every = [first + timedelta(days=n) for n in range(days)]
    engaged, done = first + timedelta(days=35), first + timedelta(days=RELEASED)
    return Plan(
        scenario=scenario,
        created=created or first - timedelta(days=40),
        first=first,
        last=every[-1],
        policy="standard",
        policy_reason="75 % of the list was active within 90 days and hard bounces are 0.4 %.",
        pace=1.0,
        pace_reason="The default.",
        providers=dict(PROVIDERS),
        streams=tuple(STREAMS),
        tiers=TIERS,
        **_frames(days, first),
        **_small_tables(every),
        small_members={"marketing": SMALL, "transactional": SMALL},
        engaged=_completion(first, "engaged", engaged if complete else None),
        all=_completion(first, "all", done if complete else None),
        uncertainty=_uncertainty(engaged, done) if complete else None,
        uncertainty_reason="" if complete else "There are fewer than 8 weeks of history.",
        levers=_levers(engaged, done),
        sizing=_sizing(engaged, done),
        latest_start=LatestStart(
            first + timedelta(days=24),
            first - timedelta(days=9),
            scenario.deadline,
            0.86,
            "Later starts complete in time in fewer than 80 % of the futures.",
            ((first, 1.0, done), (first + timedelta(days=24), 0.86, done + timedelta(days=24))),
        ),
        peaks=(
            PeakReady("Spring sale", first + timedelta(days=60), 94_000, False, None, 31_000, 2, "It comes early."),
        ),
        preflight=_preflight(first),
        milestones=(
            Milestone(first, "first_send", "First send from the new IPs"),
            Milestone(first + timedelta(days=14), "tier.31_60", "Tier engaged 31–60 days opens", pool="marketing"),
            Milestone(engaged, "complete.engaged", "Complete for everyone active within 90 days"),
            Milestone(done, "complete.all", "Complete for all in scope; the control group is released"),
        ),
        ladders=tuple(
            LadderUse(
                pool,
                provider,
                "sparkpost-2020",
                "SparkPost 2020",
                "SparkPost",
                "https://example.com/ladder",
                SHARES.get(provider, 0.03),
                ips,
                200 * ips,
            )
            for pool, ips in (("transactional", 1), ("marketing", 3))
            for provider in ("gmail", "yahoo", "microsoft_consumer", "gmx_webde", "small")
        ),
        findings=_findings(customer),
        assumptions=(
            Assumption("capacity per IP", "2,000,000 a day", "SparkPost", "practice"),
            Assumption("control group", "5 % kept on legacy", "practice", "practice"),
        ),
        notes=(Note("info", "3 % of the volume goes to domains that nothing classifies.", "history.csv"),),
        control={"share": CONTROL, "released": done if complete else None, "messages": 12_345, "moved_back": 0},
    )


def _levers(engaged: date, done: date) -> tuple[Lever, ...]:
    day = timedelta(days=1)
    return (
        Lever("pace.0.5", "Half the pace", engaged + 20 * day, done + 31 * day, 20, 31, 900_000, 240_000),
        Lever(
            "ips.plus1.marketing", "One more IP in marketing", engaged - 2 * day, done - day, -2, -1, 640_000, -20_000
        ),
        Lever(
            "ips.plus8.marketing",
            "Eight more IPs in marketing",
            engaged - 4 * day,
            done - 2 * day,
            -4,
            -2,
            600_000,
            -60_000,
            "Snowshoe risk: under 1,000 a day per IP at Gmail.",
            struck=True,
        ),
        Lever("legacy.longer", "Keep legacy 4 weeks longer", None, None, None, None, 660_000, 0),
    )


def _sizing(engaged: date, done: date) -> tuple[Sizing, ...]:
    rows = (
        SizeRow("marketing", 0, None, None, 0, 0.0, "shared pool", "Stay on the shared pool."),
        SizeRow("marketing", 1, engaged + timedelta(days=9), done + timedelta(days=9), 40_000, 0.02, "fits"),
        SizeRow("marketing", 3, engaged, done, 13_334, 0.007, "recommended"),
        SizeRow("marketing", 11, engaged, done, 3_637, 0.002, "snowshoe", "Under 1,000 a day per IP at Gmail."),
    )
    return (Sizing("marketing", 3, 3, "Three carry the largest day and keep each provider warm.", "PRACTICE", rows),)
