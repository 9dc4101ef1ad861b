"""Small random customers: a scenario and its mail, in which everything of the design occurs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st

from warmup.scenario import Scenario
from warmup.traffic.supply import NO_TIERS, TIERS, Supply, largest_remainder

TODAY = date(2026, 1, 5)
START = date(2026, 2, 3)
PROVIDERS = ("google", "yahoo", "microsoft_consumer", "t_online", "united_internet", "proofpoint", "comcast", "other")
RAMPS = (
    "standard",
    "conservative",
    "misar",
    "sparkpost-2015-per-isp",
    "oracle-responsys-per-isp",
    "mailrush",
    "billionmail",
    "adobe-ajo-4week-pct",
    "acellemail-per-isp-pct",
)
FEATURES = (
    "tiers", "pools", "starts", "spread", "identity", "ceilings", "days", "readiness", "legacy", "control", "keep_warm",
    "percent", "critical", "small", "byoip", "peak", "capacity", "overflow", "tail",
)  # fmt: skip


@dataclass(frozen=True)
class Customer:
    """How a random customer is made; short to print, and the same one every time."""

    seed: int
    ramp: str
    features: frozenset[str]
    days: int = 70

    def make(self) -> tuple[Scenario, Supply]:
        """The customer."""
        rng = np.random.default_rng(self.seed)
        on = {name: name in self.features for name in FEATURES}
        scenario = Scenario.model_validate(_scenario(rng, on, self.ramp, self.days))
        return scenario, _supply(rng, on, scenario, self.days)


@st.composite
def customers(draw: st.DrawFn, /, **fixed: bool) -> Customer:
    """Customers with a random choice of features; ``fixed`` switches some of them on or off."""
    features = {name for name in FEATURES if (fixed[name] if name in fixed else draw(st.booleans(), label=name))}
    ramp = draw(st.sampled_from(RAMPS), label="ramp")
    return Customer(draw(st.integers(0, 2**32 - 1), label="seed"), ramp, frozenset(features))


def _scenario(rng: np.random.Generator, on: dict[str, bool], ramp: str, days: int) -> dict[str, Any]:
    def day(low: int = 0, high: int = days) -> date:
        return START + timedelta(int(rng.integers(low, high)))

    out: dict[str, Any] = {
        "customer": "Example Shop",
        "start": START,
        "pools": _pools(rng, on),
        "streams": _streams(rng, on),
        "policy": {**_policy(rng, on), "ramp": ramp, "horizon_days": days},
        "legacy": {"keep_warm": 40 if on["keep_warm"] else 0, "ips": 2},
        "new": {"overflow": "shared", "mode": "byoip" if on["byoip"] else "ramp"},
        "calendar": {"window": {"from": "09:00", "to": "15:00"}},
    }
    if on["legacy"]:
        out["legacy"] |= {"until": day(), "capacity": int(rng.choice([500, 20_000]))}
    if on["overflow"]:
        limited = rng.random() < 0.5
        out["new"] |= {"overflow_capacity": 900} if limited else {"overflow": "none"}
    if on["days"]:
        for name in ("silent", "legacy_only", "freeze"):
            out["calendar"][name] = sorted({day() for _ in range(4)})
        out["calendar"]["silent"].append({"from": START + timedelta(30), "to": START + timedelta(33)})
    if on["peak"]:
        out["calendar"]["peaks"] = [{"name": "sale", "days": [day(20)], "factor": 3}]
    if on["readiness"]:
        out["preflight"] = {"yahoo_cfl": "not done" if rng.random() < 0.5 else day(2, 30), "t_online_request": "done"}
    return out


def _policy(rng: np.random.Generator, on: dict[str, bool]) -> dict[str, Any]:
    policy: dict[str, Any] = {
        "pace": float(rng.choice([1.0, 0.5])),
        "control_share": 0.1 if on["control"] else 0.0,
        "tiers": bool(rng.random() < 0.9),
    }
    if on["ceilings"]:
        lasts = {"permanent": True} if rng.random() < 0.3 else {"for_sending_days": 5, "growth_after": 1.3}
        policy["ceilings"] = {"google": {"daily": int(rng.integers(20, 5000)), "hourly": 100, **lasts}}
        if rng.random() < 0.3:
            policy["ceilings"]["yahoo"] = False
    if on["capacity"]:
        policy["capacity_per_ip"] = int(rng.choice([300, 3000]))
    return policy


def _pools(rng: np.random.Generator, on: dict[str, bool]) -> list[dict[str, Any]]:
    pools: list[dict[str, Any]] = [{"name": "first", "ip_count": int(rng.integers(1, 4))}]
    if on["starts"]:
        starts = [{}, {"start": START + timedelta(6)}, {"start": START + timedelta(6)}]
        pools = [{"name": "first", "ips": [{"address": f"192.0.2.{n + 1}", **s} for n, s in enumerate(starts)]}]
    if on["pools"]:
        pools.append({"name": "second", "ip_count": 2, "start": START + timedelta(int(rng.integers(0, 9)))})
    return pools


def _streams(rng: np.random.Generator, on: dict[str, bool]) -> list[dict[str, Any]]:
    streams: list[dict[str, Any]] = [
        {"name": "newsletter", "kind": "marketing"},
        {"name": "receipts", "kind": "transactional"},
        {"name": "offers", "kind": "marketing", "priority": int(rng.choice([50, 100]))},
    ]
    for stream in streams:
        stream["pool"] = "second" if on["pools"] and rng.random() < 0.5 else "first"
        if on["spread"] and stream["kind"] == "marketing":
            stream["spread_days"] = int(rng.integers(1, 5))
        if on["percent"] and rng.random() < 0.4:
            stream["split"] = "percent"
        if on["tail"] and stream["kind"] == "marketing":
            stream["include_never"] = bool(rng.random() < 0.5)
    if on["critical"]:
        streams.append({"name": "otp", "kind": "critical", "pool": streams[1]["pool"]})
    if on["identity"]:
        new, old = {"from_domain": "mail.example.net"}, {"from_domain": "news.example.com"}
        streams[0] |= {"identity_old": old, "identity_new": new}
    return streams


def _supply(rng: np.random.Generator, on: dict[str, bool], scenario: Scenario, days: int) -> Supply:
    from warmup.scenario import expand_days

    providers = PROVIDERS[: int(rng.integers(3, len(PROVIDERS) + 1))]
    tiers = TIERS if on["tiers"] else NO_TIERS
    share = rng.dirichlet(np.full(len(providers), 0.7))
    if on["small"]:
        share[-2:] = 0.002
    tier = rng.dirichlet(np.full(len(tiers), 1.0)) if len(tiers) > 1 else np.ones(1)
    dates = [START + timedelta(n) for n in range(days)]
    peaks = {day for peak in scenario.calendar.peaks for day in expand_days(peak.days)}
    silent = expand_days(scenario.calendar.silent)
    mail = np.zeros((days, len(scenario.streams), len(providers), len(tiers)))
    for s, stream in enumerate(scenario.streams):
        volume = float(rng.choice([200, 3000, 40_000]))
        cadence = 1 if stream.kind != "marketing" else int(rng.choice([1, 3, 7, 10]))
        for n, day in enumerate(dates):
            if n % cadence == 0 and day not in silent:
                mail[n, s] = volume * (3 if day in peaks else 1) * rng.lognormal(0, 0.2) * share[:, None] * tier
    whole = largest_remainder(mail.reshape(days, len(scenario.streams), -1)).reshape(mail.shape)
    return Supply(
        START,
        tuple(stream.name for stream in scenario.streams),
        providers,
        tiers,
        whole[None],
        np.array([day in peaks for day in dates]),
        domains={"proofpoint": 3} if on["small"] else {},
        recipients={"comcast": 4_000} if on["small"] else {},
    )
