"""A migration plan made by hand: the reports are tested on it without running the planner.

The numbers follow a small ramp of their own (levels by sending day, split by provider share), so that every chart has
the shape of a real plan: a transactional stream every day, a newsletter twice a week, promotions on Thursdays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

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
from warmup.traffic.supply import TIERS, Note

FIRST = date(2026, 2, 3)
DAYS = 112
CONTROL = 0.05
PROVIDERS = {
    "google": ("Gmail", 0.34),
    "microsoft_consumer": ("Outlook.com and Hotmail", 0.15),
    "yahoo": ("Yahoo and AOL", 0.14),
    "united_internet": ("GMX, WEB.DE and mail.com", 0.11),
    "apple_icloud": ("Apple iCloud", 0.08),
    "t_online": ("T-Online", 0.05),
    "microsoft_365": ("Microsoft 365", 0.04),
    "orange_fr": ("Orange", 0.03),
    "comcast": ("Comcast", 0.025),
    "freenet_de": ("freenet", 0.015),
    "italiaonline": ("Libero", 0.01),
    "other": ("All other domains", 0.01),
}
SMALL = ("italiaonline", "freenet_de", "other")
STREAMS = {"receipts": 42_000, "newsletter": 310_000, "promotions": 240_000}
TIER_SHARE = (0.30, 0.13, 0.09, 0.13, 0.12, 0.05, 0.18)
TIER_OPENS = (0, 14, 28, 42, 49, 56, 10_000)
LEVELS = (
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    40_000,
    50_000,
    75_000,
    100_000,
    150_000,
    200_000,
    250_000,
    325_000,
)
CEILING = {"yahoo": 1_200, "united_internet": 500, "microsoft_consumer": 5_000}


def sends(stream: str, day: date) -> bool:
    weekdays = {"receipts": range(7), "newsletter": (1, 4), "promotions": (3,)}[stream]
    return day.weekday() in weekdays and day != date(2026, 4, 6)


def pool_of(stream: str) -> str:
    return "transactional" if stream == "receipts" else "marketing"


def scenario(**changes: Any) -> Scenario:
    raw: dict[str, Any] = {
        "customer": "Example Outfitters Ltd",
        "start": FIRST,
        "deadline": date(2026, 5, 29),
        "timezone": "Europe/London",
        "history": "history.csv",
        "legacy": {"name": "Oldmail", "until": date(2026, 6, 30), "capacity": 900_000, "ips": 6},
        "pools": [
            {"name": "transactional", "ips": ["192.0.2.10", "192.0.2.11"]},
            {"name": "marketing", "ips": ["192.0.2.20", "192.0.2.21"]},
        ],
        "streams": [
            {"name": "receipts", "pool": "transactional", "kind": "transactional"},
            {"name": "newsletter", "pool": "marketing"},
            {"name": "promotions", "pool": "marketing", "priority": 200},
        ],
        "calendar": {
            "silent": [date(2026, 4, 6)],
            "peaks": [{"name": "Spring sale", "days": [date(2026, 5, 14)], "factor": 2.5, "streams": ["promotions"]}],
        },
    }
    raw.update(changes)
    return Scenario.model_validate(raw)


class Ramp:
    """The hand-made ramp: caps by pool and provider, greedy by stream and tier."""

    def __init__(self, days: int) -> None:
        self.days = [FIRST + timedelta(n) for n in range(days)]
        self.position: dict[tuple[str, str], int] = {}
        self.messages: list[dict[str, Any]] = []
        self.caps: list[dict[str, Any]] = []
        self.sheet: list[dict[str, Any]] = []
        rng = np.random.default_rng(7)
        for day in self.days:
            self.send_day(day, rng)

    def cap(self, pool: str, provider: str) -> tuple[int, str]:
        x = self.position.get((pool, provider), 0)
        share = PROVIDERS[provider][1]
        cap = round(2 * LEVELS[min(x, len(LEVELS) - 1)] * max(share, 0.02) * 1.6)
        cap = max(cap, 100)
        ceiling = 2 * CEILING.get(provider, 10**9)
        if x >= 7:
            ceiling = int(ceiling * 1.5 ** (x - 6))
        return (ceiling, "ceiling") if ceiling < cap else (cap, "ramp")

    def send_day(self, day: date, rng: np.random.Generator) -> None:
        freeze = date(2026, 5, 7) <= day <= date(2026, 5, 17)
        for provider, (_, share) in PROVIDERS.items():
            room: dict[str, int] = {}
            sent: dict[str, int] = {}
            limit: dict[str, str] = {}
            for pool in ("transactional", "marketing"):
                room[pool], limit[pool] = self.cap(pool, provider)
                if freeze and limit[pool] == "ramp":
                    limit[pool] = "freeze"
                sent[pool] = 0
            for stream, volume in STREAMS.items():
                if not sends(stream, day):
                    continue
                factor = 2.5 if stream == "promotions" and day == date(2026, 5, 14) else 1.0
                noise = rng.uniform(0.92, 1.08) * factor
                for k, tier in enumerate(TIERS):
                    self.cell(
                        day, stream, provider, k, tier, round(volume * share * TIER_SHARE[k] * noise), room, sent, limit
                    )
            self.account(day, provider, room, sent, limit, freeze)

    def cell(
        self,
        day: date,
        stream: str,
        provider: str,
        k: int,
        tier: str,
        supply: int,
        room: dict[str, int],
        sent: dict[str, int],
        limit: dict[str, str],
    ) -> None:
        pool = pool_of(stream)
        done = (day - FIRST).days >= 95
        control = 0 if done else round(supply * CONTROL)
        most = supply - control
        tier_open = pool == "transactional" or (day - FIRST).days >= TIER_OPENS[k]
        dedicated = min(most, room[pool] - sent[pool]) if tier_open else 0
        sent[pool] += dedicated
        reason = "" if dedicated == most else ("tier" if not tier_open else limit[pool])
        if k == len(TIERS) - 1 and pool == "marketing":
            dedicated, reason = 0, "out-of-scope"
        base = {"date": day, "origin": day, "pool": pool, "provider": provider, "stream": stream, "tier": tier}
        rest = supply - dedicated
        overflow = min(rest, supply // 20) if reason == "ramp" else 0
        for destination, n, why in (
            ("dedicated", dedicated, ""),
            ("overflow", overflow, reason or "control"),
            ("legacy", rest - overflow, reason or "control"),
        ):
            if n:
                group = f"{pool}-1" if destination == "dedicated" else ""
                self.messages.append(
                    {**base, "destination": destination, "ip_group": group, "messages": n, "limit": why}
                )
        self.sheet.append(
            {
                **base,
                "supply": supply,
                "dedicated": dedicated,
                "threshold_from": 0,
                "threshold": self.threshold(dedicated, supply, whole=dedicated == most, done=done),
                "moved_back": 0,
                "limit": reason or ("supply" if done else "control"),
            }
        )

    @staticmethod
    def threshold(dedicated: int, supply: int, *, whole: bool, done: bool) -> int:
        if whole:
            return 10_000 if done else round(10_000 * (1 - CONTROL))
        return 10_000 * dedicated // supply if supply else 0

    def account(
        self, day: date, provider: str, room: dict[str, int], sent: dict[str, int], limit: dict[str, str], freeze: bool
    ) -> None:
        for pool, cap in room.items():
            binding = limit[pool] if sent[pool] >= cap else "supply"
            clock = "small" if provider in SMALL else provider
            self.caps.append(
                {
                    "date": day,
                    "pool": pool,
                    "ip_group": f"{pool}-1",
                    "provider": clock,
                    "base": cap * 0.6,
                    "cap": cap,
                    "sent": sent[pool],
                    "limit": binding,
                }
            )
            if sent[pool] >= 0.9 * cap and not freeze:
                self.position[pool, provider] = self.position.get((pool, provider), 0) + 1


def day_table(ramp: Ramp, messages: pd.DataFrame) -> pd.DataFrame:
    wide = messages.pivot_table(index="date", columns="destination", values="messages", aggfunc="sum", fill_value=0)
    wide = wide.reindex(ramp.days, fill_value=0)
    control = (
        messages[messages["limit"] == "control"].groupby("date")["messages"].sum().reindex(ramp.days, fill_value=0)
    )
    outside = (
        messages[messages["limit"] == "out-of-scope"].groupby("date")["messages"].sum().reindex(ramp.days, fill_value=0)
    )
    table = pd.DataFrame({"date": ramp.days})
    for column in ("dedicated", "overflow", "legacy", "unplaced"):
        table[column] = wide[column].to_numpy() if column in wide else 0
    table.insert(1, "supply", table[["dedicated", "overflow", "legacy", "unplaced"]].sum(axis=1))
    table.insert(2, "in_scope", table["supply"] - control.to_numpy() - outside.to_numpy())
    table["control"] = control.to_numpy()
    kinds = {date(2026, 4, 6): "silent", date(2026, 5, 14): "peak"}
    freeze = {date(2026, 5, 7) + timedelta(n): "freeze" for n in range(11)}
    table["kind"] = [kinds.get(day, freeze.get(day, "send")) for day in ramp.days]
    return table


def rollback_table(ramp: Ramp) -> pd.DataFrame:
    rows = []
    for i, provider in enumerate(PROVIDERS):
        for n, day in enumerate(ramp.days):
            base = max(0.0, 50_000 * PROVIDERS[provider][1] * (1 - n / (70 + 3 * i)))
            due = round(30_000 * PROVIDERS[provider][1])
            rows.append(
                {"date": day, "provider": provider, "legacy_base": base, "supply_next": due, "can_carry": base >= due}
            )
    return pd.DataFrame(rows)


def load_table(caps: pd.DataFrame) -> pd.DataFrame:
    load = caps.groupby(["date", "pool", "ip_group"], as_index=False)["sent"].sum().rename(columns={"sent": "messages"})
    load["ips"] = 2
    load["per_ip"] = load["messages"] / 2
    load["capacity_per_ip"] = 2_000_000
    return load


def tables(days: int) -> dict[str, pd.DataFrame]:
    ramp = Ramp(days)
    messages, caps = pd.DataFrame(ramp.messages), pd.DataFrame(ramp.caps)
    keys = ["date", "pool", "ip_group", "provider"]
    caps = caps.groupby(keys, as_index=False).agg({"base": "sum", "cap": "sum", "sent": "sum", "limit": "first"})
    share = np.linspace(0.42, 0.71, days)
    return {
        "messages": messages,
        "caps": caps,
        "days": day_table(ramp, messages),
        "sheet": pd.DataFrame(ramp.sheet),
        "rollback": rollback_table(ramp),
        "legacy_mix": pd.DataFrame({"date": ramp.days, "over_90_share": share}),
        "rotation": pd.DataFrame(columns=["date", "pool", "provider", "pool_cap", "equal_rotation_cap"]),
        "ip_load": load_table(caps),
    }


def completion(scope: Any, day: date, late: date) -> Completion:
    return Completion(
        scope=scope,
        day=late,
        limit="",
        reason="",
        per_provider={p: (late if p == "yahoo" else day) for p in PROVIDERS},
        per_pool={"transactional": day, "marketing": late},
    )


def uncertainty() -> Uncertainty:
    rng = np.random.default_rng(3)

    def spread(centre: date, sd: float, skew: float) -> tuple[date, ...]:
        offsets = np.round(rng.normal(0, sd, 240) + rng.gamma(1.6, skew, 240)).astype(int)
        return tuple(sorted(centre + timedelta(int(n)) for n in offsets))

    engaged, everyone, held = (
        spread(date(2026, 4, 7), 2, 1),
        spread(date(2026, 5, 7), 3, 1.5),
        spread(date(2026, 5, 8), 3, 5),
    )
    return Uncertainty(
        futures=240,
        weeks=26,
        engaged=Range(engaged[24], engaged[120], engaged[216], 0.0, engaged),
        all=Range(everyone[24], everyone[120], everyone[216], 0.004, everyone),
        commit_engaged=date(2026, 4, 17),
        commit_all=held[192],
        commit_not_within=0.012,
        held=held,
        assumption="each provider is held 0 to 3 times for 3 to 5 sending days",
    )


SOURCE = "https://support.sparkpost.com/docs/deliverability/ip-warm-up-overview"


def levers() -> tuple[Lever, ...]:
    return (
        Lever("pace.1", "Full pace (a = 1)", date(2026, 4, 1), date(2026, 4, 30), -7, -9, 4_100_000, -820_000),
        Lever(
            "ips.plus1.marketing",
            "One IP more for marketing",
            date(2026, 4, 4),
            date(2026, 5, 4),
            -4,
            -5,
            4_500_000,
            -410_000,
        ),
        Lever(
            "spread.newsletter",
            "Spread the newsletter over 3 days",
            date(2026, 4, 9),
            None,
            1,
            None,
            5_000_000,
            90_000,
            "The over-90-day tiers do not finish within the plan.",
        ),
        Lever(
            "ips.plus3.marketing",
            "Three IPs more for marketing",
            date(2026, 4, 2),
            date(2026, 5, 2),
            -6,
            -7,
            4_300_000,
            -600_000,
            "Snowshoe risk: the largest provider would see fewer than 1,000 messages a day per IP.",
            struck=True,
        ),
    )


def sizing() -> tuple[Sizing, ...]:
    def rows(pool: str) -> tuple[SizeRow, ...]:
        verdicts = ("shared pool", "fits", "recommended", "fits", "snowshoe")
        return tuple(
            SizeRow(
                pool,
                n,
                date(2026, 4, 20) - timedelta(4 * n),
                date(2026, 5, 20) - timedelta(4 * n) if n else None,
                310_000 // max(n, 1),
                0.155 / max(n, 1),
                verdict,
                "The customer's volume justifies dedicated IPs." if n == 0 else "",
            )
            for n, verdict in enumerate(verdicts)
        )

    return (
        Sizing(
            "transactional",
            2,
            2,
            "42,000 messages every day; two IPs so that one may be taken out.",
            SOURCE,
            rows("transactional"),
        ),
        Sizing(
            "marketing",
            2,
            2,
            "310,000 messages on the largest day, well below the capacity of one IP.",
            SOURCE,
            rows("marketing"),
        ),
    )


def preflight() -> tuple[PreflightItem, ...]:
    items = (
        ("legacy_end", "Confirm the end date of the legacy contract", "customer", 30, "done", ()),
        (
            "suppression_export",
            "Export suppressions, unsubscribes and hard bounces from legacy",
            "customer",
            30,
            "due",
            (),
        ),
        ("postmaster_tools", "Register every From domain with Google Postmaster Tools", "customer", 14, "assumed", ()),
        ("dns_published", "Publish SPF, DKIM, DMARC and reverse DNS", "customer", 10, "assumed", ()),
        ("snds", "Request SNDS access for the new IPs", "IP owner", 10, "not done", ("microsoft_consumer",)),
        (
            "yahoo_cfl",
            "Register each signing domain with the Yahoo Complaint Feedback Loop",
            "TAM",
            7,
            "assumed",
            ("yahoo",),
        ),
        ("t_online_reset", "Ask T-Online to accept the new IPs", "TAM", 7, "closed", ("t_online",)),
        ("smoke_test", "Send a test message to 15 to 20 own mailboxes", "TAM", 2, "assumed", ()),
    )
    return tuple(
        PreflightItem(
            key,
            text,
            owner,
            FIRST - timedelta(lead),
            lead,
            state,
            providers,
            date(2026, 2, 20) if state == "not done" else None,
            "Without it the first send is blind.",
            "practice",
        )
        for key, text, owner, lead, state, providers in items
    )


def ladders() -> tuple[LadderUse, ...]:
    return tuple(
        LadderUse(
            pool,
            provider,
            "sparkpost-2020",
            "SparkPost warm-up by IP (2020)",
            "SparkPost",
            SOURCE,
            share,
            2,
            max(round(400 * share), 100),
            "",
        )
        for pool in ("transactional", "marketing")
        for provider, (_, share) in PROVIDERS.items()
        if provider not in SMALL
    )


def milestones() -> tuple[Milestone, ...]:
    return (
        Milestone(FIRST, "first_send", "First messages from the new IPs"),
        Milestone(FIRST + timedelta(14), "tier.31_60", "Recipients engaged 31–60 days ago join"),
        Milestone(FIRST + timedelta(28), "tier.61_90", "Recipients engaged 61–90 days ago join"),
        Milestone(date(2026, 4, 8), "complete.engaged", "Complete for everyone engaged in the last 90 days"),
        Milestone(date(2026, 5, 9), "complete.all", "Complete for everyone in scope"),
    )


def make_plan(days: int = DAYS, **changes: Any) -> Plan:
    """The hand-made plan, with fields replaced."""
    base: dict[str, Any] = {
        "scenario": scenario(),
        "created": date(2026, 1, 12),
        "first": FIRST,
        "last": FIRST + timedelta(days - 1),
        "policy": "conservative",
        "policy_reason": "52 % of the marketing volume goes to people engaged ≤ 90 days ago: below the rule's 60 %.",
        "pace": 0.85,
        "pace_reason": "The gentlest pace that completes before the deadline of Fri 29 May 2026.",
        "providers": {key: name for key, (name, _) in PROVIDERS.items()},
        "streams": tuple(STREAMS),
        "tiers": TIERS,
        **tables(days),
        "small_members": {"transactional": SMALL, "marketing": SMALL},
        "engaged": completion("engaged", date(2026, 4, 2), date(2026, 4, 8)),
        "all": completion("all", date(2026, 5, 1), date(2026, 5, 9)),
        "uncertainty": uncertainty(),
        "uncertainty_reason": "",
        "levers": levers(),
        "sizing": sizing(),
        "latest_start": LatestStart(
            date(2026, 2, 24),
            date(2026, 2, 2),
            date(2026, 5, 29),
            0.91,
            "With four weeks less the last tier would not finish.",
            (
                (FIRST, 1.0, date(2026, 5, 9)),
                (date(2026, 2, 24), 0.91, date(2026, 5, 27)),
                (date(2026, 3, 3), 0.4, None),
            ),
        ),
        "peaks": (
            PeakReady(
                "Spring sale",
                date(2026, 5, 14),
                600_000,
                False,
                date(2026, 5, 22),
                84_000,
                2,
                "Spread over two days it fits, else 84,000 go via legacy.",
            ),
        ),
        "preflight": preflight(),
        "milestones": milestones(),
        "ladders": ladders(),
        "findings": (
            Finding(
                "readiness.t_online",
                "warning",
                "T-Online stays closed until it has reset the new IPs.",
                "File the preparatory request five working days before the start.",
                "practice",
                "t_online",
            ),
            Finding(
                "legacy.mix",
                "warning",
                "From Tue 3 Mar 2026 more than half of legacy's marketing mail goes to people who "
                "have not engaged for 90 days.",
                "Send them less often on legacy.",
                "practice",
            ),
        ),
        "assumptions": (
            Assumption("Accepted mail", "all that is sent", "design", "assumption"),
            Assumption("Capacity per IP and day", "2,000,000", SOURCE, "documented"),
            Assumption("Control group", "5 %", "practice: 5–10 %", "practice"),
        ),
        "notes": (Note("warning", "1.2 % of the volume goes to domains that nothing classifies.", "history.csv"),),
        "control": {"share": CONTROL, "released": date(2026, 5, 9), "messages": 312_000, "moved_back": 1_840},
    }
    base.update(changes)
    return Plan(**base)


@pytest.fixture(scope="session")
def plan() -> Plan:
    """A realistic plan: 12 providers, 3 streams, 7 tiers, 2 pools, 4 IPs, 112 days."""
    return make_plan()


@pytest.fixture(scope="session")
def build_plan() -> Callable[..., Plan]:
    """Makes the hand-made plan with fields replaced: ``build_plan(all=Completion(…))``."""
    return make_plan


HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e{{7*7}}"


@pytest.fixture(scope="session")
def hostile_plan(plan: Plan) -> Plan:
    """The same plan with names that try to get out of HTML, SVG, JSON and SQL."""
    bad = HOSTILE
    providers = {**plan.providers, "yahoo": bad}
    rename = {"newsletter": bad}
    changed = {}
    for table in ("messages", "sheet"):
        frame = getattr(plan, table).copy()
        frame["stream"] = frame["stream"].replace(rename)
        changed[table] = frame
    hostile_scenario = plan.scenario.model_copy(update={"customer": bad})
    return replace(
        plan,
        scenario=hostile_scenario,
        providers=providers,
        streams=tuple(rename.get(s, s) for s in plan.streams),
        findings=(Finding("bad", "blocker", bad, bad, "javascript:alert(3)", bad),),
        notes=(Note("error", bad, "javascript:alert(4)"),),
        milestones=(Milestone(FIRST, "bad", bad),),
        ladders=tuple(replace(use, name=bad, publisher=bad, url="javascript:alert(5)") for use in plan.ladders),
        **changed,
    )


@pytest.fixture(scope="session")
def report(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plan's report.html."""
    from warmup.report.html import write_report

    return write_report(plan, tmp_path_factory.mktemp("report") / "out" / "report.html")


@pytest.fixture(scope="session")
def hostile_report(hostile_plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report.html of the plan with hostile names."""
    from warmup.report.html import write_report

    return write_report(hostile_plan, tmp_path_factory.mktemp("hostile") / "report.html")
