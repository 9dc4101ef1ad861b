"""What the charts show, as plain lists of numbers over days: the page and the slides are drawn from the same ones.

Days are counted from ``Plan.first``. A chart ends two weeks after the last thing that happens (:func:`shown_days`),
because nothing changes after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from warmup.report.daysheet import OUTSIDE
from warmup.report.palette import heat_step
from warmup.report.words import day_month

if TYPE_CHECKING:
    from warmup.planner.plan import Plan

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Marker:
    """A dated line in a chart with a few words.

    Attributes:
        day: Where it stands.
        text: What happens.
        firm: A promise or an agreement, not an expectation.
        later: When it really happens, if that is after the chart's end; ``day`` is then the chart's last.
    """

    day: date
    text: str
    firm: bool = False
    later: date | None = None

    @property
    def label(self) -> str:
        """The words with their date."""
        return f"{self.text}, {day_month(self.later)} →" if self.later else f"{self.text}, {day_month(self.day)}"


@dataclass(frozen=True)
class DailyRamp:
    """Messages per day by destination (``parts``), the supply line, and what happens when.

    ``stays`` is a part of its own: what remains on legacy by decision (control group, recipients left out), so that
    ``legacy`` is what still has to move.
    """

    dates: tuple[date, ...]
    parts: dict[str, list[int]]
    supply: list[int]
    kinds: list[str]
    markers: tuple[Marker, ...]


@dataclass(frozen=True)
class ProviderRamp:
    """One clock: sent on dedicated, cap and due per day; ``limits`` says why a day is not higher (empty: all was sent).

    ``members`` names the providers that share the clock "small".
    """

    id: str
    name: str
    dates: tuple[date, ...]
    sent: list[int]
    cap: list[int]
    due: list[int]
    limits: list[str]
    complete: date | None
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class HeatMap:
    """Share of each provider's in-scope supply that the dedicated IPs carry, per day; None: nothing is due."""

    dates: tuple[date, ...]
    rows: tuple[tuple[str, list[float | None]], ...]


@dataclass(frozen=True)
class IpLoad:
    """Messages per IP and day of one group of IPs, beside its capacity."""

    name: str
    ips: int
    dates: tuple[date, ...]
    per_ip: list[int]
    capacity: int


@dataclass(frozen=True)
class FinishChart:
    """How many futures finish in which span of days: without holds, and with the assumed holds."""

    starts: tuple[date, ...]
    width: int
    free: list[int]
    held: list[int]
    futures: int
    commit: date | None


@dataclass(frozen=True)
class RollbackRow:
    """When legacy could carry a provider's mail of the next day.

    Attributes:
        name: The provider.
        spans: First day and the day after the last of each run of days on which it could.
        until: The last day before the first on which it could not; None where the first day is one, or none is.
        gap: The first day on which it could not; None: it always could.
        never_from: From here on it never could again; None: it could on the last day.
    """

    name: str
    spans: tuple[tuple[date, date], ...]
    until: date | None
    gap: date | None
    never_from: date | None


def offsets(plan: Plan, frame: pd.DataFrame, column: str = "date") -> Ints:
    """Days since ``plan.first`` of a date column, whatever its dtype."""
    days = pd.to_datetime(frame[column]).to_numpy().astype("datetime64[D]")
    return np.asarray((days - np.datetime64(plan.first)).astype(np.int64))


def daily(plan: Plan, frame: pd.DataFrame, column: str, days: int) -> Ints:
    """Sum of a column per day, over the shown days."""
    out = np.zeros(days, dtype=np.int64)
    at = offsets(plan, frame)
    inside = (at >= 0) & (at < days)
    np.add.at(out, at[inside], frame[column].to_numpy()[inside].astype(np.int64))
    return out


def shown_days(plan: Plan) -> int:
    """Number of days the charts show: two weeks past completion, and what follows soon after it."""
    whole = (plan.last - plan.first).days + 1
    if plan.all.day is None or plan.engaged.day is None or plan.all.except_providers:
        return whole
    commit = plan.uncertainty.commit_all if plan.uncertainty else None
    end = max(d for d in (plan.all.day, plan.engaged.day, commit) if d) + timedelta(14)
    later = [plan.scenario.deadline, plan.scenario.legacy.until, *(peak.day for peak in plan.peaks)]
    # A peak four months on would squeeze the ramp, which is what the charts are about.
    end = max(end, *(d + timedelta(3) for d in later if d and d <= end + timedelta(21)), end)
    return max(14, min(whole, (end - plan.first).days + 1))


def dates_of(plan: Plan, days: int) -> tuple[date, ...]:
    """The shown days."""
    return tuple(plan.first + timedelta(n) for n in range(days))


def markers(plan: Plan, days: int, most: bool = True) -> tuple[Marker, ...]:
    """Expected and promised completion, end of legacy, deadline and peaks; what is later stands at the chart's end.

    Args:
        plan: The plan.
        days: Days shown.
        most: Also the dates of the engaged; False for a small chart.
    """
    chance = plan.uncertainty
    found = [
        *_completions(plan.all.day, chance.commit_all if chance else None, ""),
        Marker(plan.scenario.legacy.until, "legacy ends", firm=True) if plan.scenario.legacy.until else None,
        Marker(plan.scenario.deadline, "deadline", firm=True) if plan.scenario.deadline else None,
        *(Marker(peak.day, peak.name) for peak in plan.peaks),
    ]
    if most and len(plan.tiers) > 1:
        found += _completions(plan.engaged.day, chance.commit_engaged if chance else None, " ≤ 90 days")
    last = plan.first + timedelta(days - 1)
    there = [m for m in found if m and m.day >= plan.first]
    shown = [m if m.day <= last else Marker(last, m.text, m.firm, later=m.day) for m in there]
    return tuple(sorted(shown, key=lambda m: m.later or m.day))


def _completions(expected: date | None, promised: date | None, scope: str) -> list[Marker | None]:
    if expected and expected == promised:
        return [Marker(expected, f"complete{scope}: expected and promised", firm=True)]
    return [
        Marker(expected, f"expected{scope}") if expected else None,
        Marker(promised, f"promise{scope}", firm=True) if promised else None,
    ]


def daily_ramp(plan: Plan, days: int, most: bool = True) -> DailyRamp:
    """The stacked chart of all mail; ``most`` as for :func:`markers`."""
    kinds = [""] * days
    for at, kind in zip(offsets(plan, plan.days), plan.days["kind"], strict=True):
        if 0 <= at < days:
            kinds[at] = str(kind)
    parts = {d: daily(plan, plan.days, d, days) for d in ("dedicated", "overflow", "legacy", "unplaced")}
    kept = plan.messages[plan.messages["limit"].isin(OUTSIDE) & (plan.messages["destination"] == "legacy")]
    parts["stays"] = daily(plan, kept, "messages", days)
    parts["legacy"] = parts["legacy"] - parts["stays"]
    return DailyRamp(
        dates=dates_of(plan, days),
        parts={name: values.tolist() for name, values in parts.items()},
        supply=daily(plan, plan.days, "supply", days).tolist(),
        kinds=kinds,
        markers=markers(plan, days, most),
    )


def groups(frame: pd.DataFrame, by: str | list[str]) -> Iterable[tuple[Any, pd.DataFrame]]:
    """The groups of a frame in a stable order."""
    keyed: Iterable[tuple[Hashable, pd.DataFrame]] = frame.groupby(by, sort=True, observed=True)
    return keyed


def in_scope(plan: Plan) -> pd.DataFrame:
    """The messages within the in-scope supply."""
    return plan.messages[~plan.messages["limit"].isin(OUTSIDE)]


def small_members(plan: Plan) -> tuple[str, ...]:
    """Providers on a shared clock in any pool, in the plan's order."""
    members = {p for pool in plan.small_members.values() for p in pool}
    return tuple(p for p in plan.providers if p in members)


def provider_ramps(plan: Plan, days: int, most: int = 24) -> tuple[ProviderRamp, ...]:
    """One chart per clock, the largest first; providers that share the clock "small" in every pool are shown once."""
    due = {str(p): daily(plan, f, "messages", days) for p, f in groups(in_scope(plan), "provider")}
    clocks = {str(p): f for p, f in groups(plan.caps, "provider")}
    ids = [p for p in plan.providers if p in clocks][:most]
    ramps = [_one_ramp(plan, p, plan.providers[p], clocks[p], due.get(p), days) for p in ids]
    if "small" in clocks:
        members = tuple(p for p in small_members(plan) if p not in clocks)
        total = sum((due[p] for p in members if p in due), np.zeros(days, dtype=np.int64))
        names = tuple(plan.providers[p] for p in members)
        ramps.append(_one_ramp(plan, "small", "Small providers", clocks["small"], total, days, names))
    return tuple(ramps)


def _one_ramp(
    plan: Plan, key: str, name: str, caps: pd.DataFrame, due: Ints | None, days: int, members: tuple[str, ...] = ()
) -> ProviderRamp:
    limits = [""] * days
    binding = caps[(caps["limit"] != "supply") & (caps["limit"] != "")].sort_values("sent", kind="stable")
    for at, limit in zip(offsets(plan, binding), binding["limit"], strict=True):
        if 0 <= at < days:
            limits[at] = str(limit)
    return ProviderRamp(
        id=key,
        name=name,
        dates=dates_of(plan, days),
        sent=daily(plan, caps, "sent", days).tolist(),
        cap=daily(plan, caps, "cap", days).tolist(),
        due=(due if due is not None else np.zeros(days, dtype=np.int64)).tolist(),
        limits=limits,
        complete=plan.all.per_provider.get(key),
        members=members,
    )


def heat_map(plan: Plan, days: int, most: int = 24) -> HeatMap:
    """Provider by day, the largest provider first."""
    scoped = in_scope(plan)
    rows = []
    frames = {str(p): f for p, f in groups(scoped, "provider")}
    for provider, name in list(plan.providers.items())[:most]:
        if provider not in frames:
            continue
        frame = frames[provider]
        total = daily(plan, frame, "messages", days)
        moved = daily(plan, frame[frame["destination"] == "dedicated"], "messages", days)
        shares = [None if t == 0 else float(m / t) for m, t in zip(moved, total, strict=True)]
        rows.append((name, shares))
    return HeatMap(dates_of(plan, days), tuple(rows))


def by_week(heat: HeatMap) -> HeatMap:
    """The same map with the mean share of each week's due days on all of its days: fewer stripes on a small screen."""
    rows = []
    for name, shares in heat.rows:
        weekly: list[float | None] = []
        for at in range(0, len(shares), 7):
            week = [s for s in shares[at : at + 7] if s is not None]
            weekly += [sum(week) / len(week) if week else None] * len(shares[at : at + 7])
        rows.append((name, weekly))
    return HeatMap(heat.dates, tuple(rows))


def heat_runs(row: list[float | None]) -> list[tuple[int, int, int]]:
    """Runs of equal colour in one row: (first day, day after the last, step). Far fewer shapes than one per day."""
    runs: list[tuple[int, int, int]] = []
    for at, share in enumerate(row):
        if share is None:
            continue
        step = heat_step(share)
        if runs and runs[-1][1] == at and runs[-1][2] == step:
            runs[-1] = (runs[-1][0], at + 1, step)
        else:
            runs.append((at, at + 1, step))
    return runs


def ip_loads(plan: Plan, days: int) -> tuple[IpLoad, ...]:
    """One line per group of IPs started together."""
    out = []
    found = list(groups(plan.ip_load, ["pool", "ip_group"]))
    several = Counter(str(pool) for (pool, _), _ in found)
    for (pool, group), frame in found:
        group = str(group)
        name = str(pool) if several[str(pool)] == 1 else group if group.startswith(str(pool)) else f"{pool} ({group})"
        out.append(
            IpLoad(
                name=name,
                ips=int(frame["ips"].max()),
                dates=dates_of(plan, days),
                per_ip=daily(plan, frame, "per_ip", days).tolist(),
                capacity=int(frame["capacity_per_ip"].max()),
            )
        )
    return tuple(out)


def finish_chart(plan: Plan, bars: int = 30) -> FinishChart | None:
    """Finish dates of the computed futures in bars of equal width; None without resampled futures."""
    chance = plan.uncertainty
    if chance is None or not (chance.all.days or chance.held):
        return None
    every = [*chance.all.days, *chance.held]
    first, last = min(every), max(every)
    if chance.commit_all:
        last = max(last, chance.commit_all)
    width = max(1, -(-((last - first).days + 1) // bars))
    n = (last - first).days // width + 1
    free, held = [0] * n, [0] * n
    for target, days in ((free, chance.all.days), (held, chance.held)):
        for when in days:
            target[(when - first).days // width] += 1
    starts = tuple(first + timedelta(width * i) for i in range(n))
    return FinishChart(starts, width, free, held, chance.futures, chance.commit_all)


def rollback_rows(plan: Plan, days: int, most: int = 24) -> tuple[RollbackRow, ...]:
    """Per provider, the spans of days on which legacy could take it back tomorrow."""
    frames = {str(p): f for p, f in groups(plan.rollback, "provider")} if len(plan.rollback) else {}
    rows = []
    for provider, name in list(plan.providers.items())[:most]:
        if provider not in frames:
            continue
        can = np.zeros(days, dtype=bool)
        at = offsets(plan, frames[provider])
        inside = (at >= 0) & (at < days)
        can[at[inside]] = frames[provider]["can_carry"].to_numpy()[inside].astype(bool)
        rows.append(_rollback_row(plan, name, can))
    return tuple(rows)


def _rollback_row(plan: Plan, name: str, can: NDArray[np.bool_]) -> RollbackRow:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], can, [False]]).astype(np.int8)))
    spans = tuple(
        (plan.first + timedelta(int(a)), plan.first + timedelta(int(b)))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    )
    gaps, carried = np.flatnonzero(~can), np.flatnonzero(can)
    after = int(carried[-1]) + 1 if len(carried) else 0
    return RollbackRow(
        name,
        spans,
        until=plan.first + timedelta(int(gaps[0]) - 1) if len(gaps) and gaps[0] > 0 else None,
        gap=plan.first + timedelta(int(gaps[0])) if len(gaps) else None,
        never_from=plan.first + timedelta(after) if after < len(can) else None,
    )


def week_ticks(dates: tuple[date, ...], most: int = 8) -> list[date]:
    """Mondays (or first days of months, on long axes) for a time axis, at most ``most`` of them."""
    mondays = [d for d in dates if d.weekday() == 0] or list(dates[:1])
    for step in (1, 2, 4):
        if len(mondays[::step]) <= most:
            return mondays[::step]
    months = [d for d in dates if d.day == 1]
    return months[:: -(-len(months) // most)] if months else mondays[:: -(-len(mondays) // most)]


def place_labels(positions: list[float], widths: list[float], total: float) -> list[tuple[int, bool]]:
    """Rows for labels beside vertical lines so that none overlaps another or leaves the chart.

    Where it can be had, no line goes through another's label either.

    Args:
        positions: Where the lines are, left to right, in the unit of ``widths``.
        widths: How wide each label is.
        total: Width of the chart.

    Returns:
        Per label: the row (0 is nearest to the chart) and whether it stands left of its line.
    """
    out: list[tuple[int, bool]] = []
    placed: list[_Label] = []
    # From the right: what stands right of a line is then settled, and the line rises beside it.
    for at, wide in reversed(list(zip(positions, widths, strict=True))):
        left = at + wide > total
        start, end = (at - wide, at) if left else (at, at + wide)
        free = [
            r for r in range(len(positions)) if not any(p.row == r and start < p.end and p.start < end for p in placed)
        ]
        clear = (r for r in free if not any(_crosses(_Label(r, at, start, end), p) for p in placed))
        row = next(clear, free[0])
        placed.append(_Label(row, at, start, end))
        out.append((row, left))
    return out[::-1]


def place_markers(
    markers: tuple[Marker, ...], positions: list[float], widths: list[float], total: float
) -> list[tuple[int, bool]]:
    """Rows for the labels of markers, as :func:`place_labels`; what is later has no line and stands above the rest."""
    now = [n for n, marker in enumerate(markers) if not marker.later]
    placed = dict(zip(now, place_labels([positions[n] for n in now], [widths[n] for n in now], total), strict=True))
    top = 1 + max((row for row, _ in placed.values()), default=-1)
    later = [n for n, marker in enumerate(markers) if marker.later]
    placed |= {n: (top + k, True) for k, n in enumerate(later)}
    return [placed[n] for n in range(len(markers))]


@dataclass(frozen=True)
class _Label:
    """A label in its row, and the line below it."""

    row: int
    at: float
    start: float
    end: float


def _crosses(one: _Label, other: _Label) -> bool:
    """Whether the line of one goes through the words of the other."""
    low, high = sorted((one, other), key=lambda label: label.row)
    return low.row < high.row and low.start < high.at < low.end
