"""Everything the page's templates show, as plain values: one dictionary from one plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from warmup import __version__
from warmup.planner.plan import SCHEMA_VERSION
from warmup.report import drawings, facts, palette, series, vega, words
from warmup.report.answer import answer
from warmup.report.bottleneck import waiting
from warmup.report.notes import notes
from warmup.report.opening import milestone_line, milestones
from warmup.report.steps import GRAVE, preflight, takes_no_ip
from warmup.report.weeks import WHOLE, careful_until, slice_times, weeks

if TYPE_CHECKING:
    from warmup.planner.plan import Plan
    from warmup.report.vega import Chart

CONTENTS = (
    ("answer", "The answer"),
    ("first", "What must happen first"),
    ("ramp", "Day by day"),
    ("providers", "Mailbox providers"),
    ("heat-map", "What has moved"),
    ("ip-load", "Load of each IP"),
    ("finish", "When finished"),
    ("levers", "What you could change"),
    ("sizing", "How many IPs"),
    ("rollback", "Going back"),
    ("day-sheet", "Day sheet"),
    ("preflight", "Before the first send"),
    ("watch", "What to watch"),
    ("service", "What the service is"),
    ("peaks", "Peaks"),
    ("findings", "Findings"),
    ("assumptions", "Assumptions"),
    ("sources", "Where numbers come from"),
    ("glossary", "Words explained"),
    ("data-notes", "Notes on the data"),
)


DIALECTS = {
    "python": "Python",
    "postgres": "PostgreSQL",
    "snowflake": "Snowflake",
    "bigquery": "BigQuery",
    "redshift": "Redshift",
    "databricks": "Databricks",
    "databricks / spark": "Databricks, Spark",
    "spark": "Spark",
    "mysql": "MySQL",
    "duckdb": "DuckDB",
    "sql server": "SQL Server",
    "trino": "Trino",
    "oracle": "Oracle",
}
"""Names of systems as their makers write them."""


@dataclass(frozen=True)
class Charts:
    """The page's charts; wide and narrow drawings of the same data where one does not fit both."""

    ramp: tuple[Chart, Chart]
    linear: tuple[tuple[series.ProviderRamp, Chart], ...]
    log: tuple[tuple[series.ProviderRamp, Chart], ...]
    heat: tuple[Chart, Chart]
    load: tuple[tuple[series.IpLoad, Chart], ...]
    finish: tuple[Chart, Chart] | None
    rollback: tuple[Chart, Chart] | None

    def every(self) -> tuple[Chart, ...]:
        """All of them, in the order of the page."""
        return (
            *self.ramp,
            *(chart for _, chart in (*self.linear, *self.log)),
            *self.heat,
            *(chart for _, chart in self.load),
            *(self.finish or ()),
            *(self.rollback or ()),
        )


@dataclass(frozen=True)
class ProviderRow:
    """A row of the table of mailbox providers."""

    name: str
    share: float
    largest: int
    engaged: date | None
    all: date | None
    limit: str


@dataclass(frozen=True)
class LadderRow:
    """A ladder with all providers that follow it in one pool."""

    pool: str
    ips: int
    names: tuple[str, ...]
    name: str
    publisher: str
    url: str
    note: str
    first_cap: str


@dataclass(frozen=True)
class WeekRow:
    """Messages of one week by destination; ``share``: the dedicated IPs' part of what is in scope."""

    monday: date
    numbers: tuple[int, ...]
    share: float


@dataclass(frozen=True)
class WeekTable:
    """The ramp in numbers."""

    columns: tuple[str, ...]
    rows: tuple[WeekRow, ...]


def charts(plan: Plan) -> Charts:
    """Every chart of the page, not drawn yet."""
    from altair.utils.schemapi import debug_mode

    # Altair checks each object against the whole schema: seconds for a page. The tests draw with the checks on.
    with debug_mode(False):
        return _charts(plan)


def _charts(plan: Plan) -> Charts:
    days = series.shown_days(plan)
    ramp, small = series.daily_ramp(plan, days), series.daily_ramp(plan, days, most=False)
    ramps = series.provider_ramps(plan, days)
    heat = series.heat_map(plan, days)
    finish = series.finish_chart(plan)
    lines = series.rollback_rows(plan, days)
    dates = series.dates_of(plan, days)
    return Charts(
        ramp=(drawings.ramp_chart(ramp, vega.WIDE), drawings.ramp_chart(small, vega.NARROW, 280)),
        linear=tuple((r, drawings.provider_chart(r, log=False)) for r in ramps),
        log=tuple((r, drawings.provider_chart(r, log=True)) for r in ramps),
        heat=(drawings.heat_chart(heat, vega.WIDE), drawings.heat_chart(series.by_week(heat), vega.NARROW)),
        load=tuple((load, drawings.load_chart(load)) for load in series.ip_loads(plan, days)),
        finish=drawings.finish_charts(finish) if finish else None,
        rollback=(
            (drawings.rollback_chart(lines, dates, vega.WIDE), drawings.rollback_chart(lines, dates, vega.NARROW))
            if lines
            else None
        ),
    )


def context(plan: Plan, drawn: Charts) -> dict[str, Any]:
    """What the templates read, but for the drawings, the scripts and the policy."""
    found, unwatched = facts.watch_for(plan.providers)
    return {
        "plan": plan,
        "charts": drawn,
        "version": __version__,
        "schema": SCHEMA_VERSION,
        "answer": answer(plan),
        "trouble": trouble(plan),
        "warnings": sum(f.severity == "warning" for f in plan.findings),
        "speed": speed(plan),
        "no_ip": takes_no_ip(plan),
        "contents": [(a, t) for a, t in CONTENTS if a != "peaks" or plan.peaks],
        "tiered": len(plan.tiers) > 1,
        "states": words.STATE_WORDS,
        "hints": {k: f"Why not more: {name}" for k, (name, _) in words.LIMIT_WORDS.items() if k not in WHOLE},
        "limits": [
            p for key, p in words.LIMIT_WORDS.items() if key != "supply" and (key != "control" or controlled(plan))
        ],
        **keys(plan),
        **notes(plan),
        "milestones": [(stone.day, milestone_line(plan, stone)) for stone in milestones(plan)],
        "weekly": week_table(plan),
        "provider_rows": provider_rows(plan),
        "finish_rows": finish_rows(plan),
        "weeks": weeks(plan),
        "careful": careful_until(plan),
        "slices": slice_times(plan),
        "selection": selection(),
        "provider_names": list(plan.providers.values()),
        "preflight": preflight(plan),
        "grave": GRAVE,
        "controlled": controlled(plan),
        "watch": found,
        "unwatched": unwatched,
        "service": facts.service(),
        "findings": sorted(plan.findings, key=lambda f: ("blocker", "error", "warning", "notice").index(f.severity)),
        "ladders": ladder_rows(plan),
        "glossary": [term for term in facts.glossary() if term.id != "control-group" or controlled(plan)],
    }


def selection() -> dict[str, str]:
    """One line of code per SQL dialect, and of Python, that selects a day's recipients."""
    from warmup.planner.cohorts import SELECTION

    return {DIALECTS.get(name, name): line for name, line in SELECTION.items()}


def controlled(plan: Plan) -> bool:
    """Whether a control group holds anything back: without marketing mail there is none."""
    return bool(plan.control.get("share") and plan.control.get("messages"))


def trouble(plan: Plan) -> str:
    """Why the plan is not good enough, in a few words."""
    counts = [
        words.count(n, severity)
        for severity in ("blocker", "error")
        if (n := sum(f.severity == severity for f in plan.findings))
    ]
    if plan.all.day is None or plan.engaged.day is None:
        counts.append("not complete within this plan")
    elif plan.all.except_providers:
        counts.append("not complete at every mailbox provider")
    return f"Not good enough yet: {words.listing(counts)}"


def speed(plan: Plan) -> str:
    """How fast the ramp climbs, in words a customer knows."""
    pace = "full pace" if plan.pace == 1 else f"{words.percent(plan.pace)} of full pace"
    return f"{plan.policy.capitalize()} policy, {pace}"


def keys(plan: Plan) -> dict[str, Any]:
    """Legends: (box, line or wide-line, colour, words) per entry; a wide-line is drawn in wide charts only."""
    parts = series.daily_ramp(plan, series.shown_days(plan)).parts
    ramp = [("box", color, words.DESTINATION_WORDS[n]) for n, color in palette.DESTINATIONS.items() if any(parts[n])]
    ramp.append(("wide-line", palette.SUPPLY, "supply: all mail of the day"))
    if set(plan.days["kind"]) & {"silent", "legacy-only", "freeze"}:
        ramp.append(("box", palette.BAND, "no growth, no mail, or legacy only"))
    return {
        "ramp_key": ramp,
        "provider_key": [
            ("box", palette.DEDICATED, "sent from the new IPs"),
            ("box", palette.LEGACY, "due, not on the new IPs"),
            ("line", palette.CAP, "cap"),
        ],
        "heat_key": [("box", color, text) for _, color, text in palette.HEAT_STEPS],
        "load_key": [("box", palette.DEDICATED, "messages per IP"), ("line", palette.CAP, "capacity of an IP")],
        "rollback_key": [
            ("box", palette.CARRY, "legacy could carry the provider's mail of the next day"),
            ("box", palette.NOTHING, "it could not"),
        ],
    }


def week_table(plan: Plan) -> WeekTable:
    """The ramp in numbers, by week from Monday."""
    days = series.shown_days(plan)
    order = ("supply", "in_scope", "dedicated", "overflow", "legacy", "unplaced")
    parts = {n: series.daily(plan, plan.days, n, days) for n in order}
    shown = [n for n in order if n not in ("overflow", "unplaced") or parts[n].any()]
    rows: dict[date, list[int]] = {}
    for at, day in enumerate(series.dates_of(plan, days)):
        row = rows.setdefault(day - timedelta(day.weekday()), [0] * len(shown))
        for k, name in enumerate(shown):
            row[k] += int(parts[name][at])
    names = [{**words.DESTINATION_WORDS, "in_scope": "in scope"}.get(n, n) for n in shown]
    columns = tuple(f"{name[:1].upper()}{name[1:]}" for name in names)
    on_new = {m: min(1.0, row[shown.index("dedicated")] / row[1]) if row[1] else 0.0 for m, row in rows.items()}
    return WeekTable(columns, tuple(WeekRow(m, tuple(row), on_new[m]) for m, row in rows.items()))


def provider_rows(plan: Plan) -> tuple[ProviderRow, ...]:
    """Every provider with its dates and what holds it back most."""
    days = (plan.last - plan.first).days + 1
    total = plan.messages.groupby("provider")["messages"].sum()
    dedicated = plan.messages[plan.messages["destination"] == "dedicated"]
    largest = {p: int(series.daily(plan, f, "messages", days).max()) for p, f in series.groups(dedicated, "provider")}
    out = []
    for provider, name in plan.providers.items():
        done = plan.all.per_provider.get(provider)
        reasons = waiting(plan, (provider,), done).reasons
        out.append(
            ProviderRow(
                name=name,
                share=float(total.get(provider, 0) / total.sum()) if total.sum() else 0.0,
                largest=largest.get(provider, 0),
                engaged=plan.engaged.per_provider.get(provider),
                all=done,
                limit=words.limit_name(reasons[0].limit) if reasons else "nothing",
            )
        )
    return tuple(out)


def finish_rows(plan: Plan) -> list[tuple[str, Any, date | None]]:
    """Percentiles per scope."""
    chance = plan.uncertainty
    if chance is None:
        return []
    engaged = [("people engaged ≤ 90 days", chance.engaged, chance.commit_engaged)] if len(plan.tiers) > 1 else []
    return [*engaged, ("all in scope", chance.all, chance.commit_all)]


def ladder_rows(plan: Plan) -> tuple[LadderRow, ...]:
    """Ladders in use, with all providers that follow one in a pool on one row."""
    rows: dict[tuple[str, str, int, str], list[Any]] = {}
    for use in plan.ladders:
        rows.setdefault((use.pool, use.slug, use.ips, use.note), []).append(use)
    out = []
    for (pool, _, ips, note), uses in rows.items():
        caps = sorted({use.first_cap for use in uses if use.first_cap}) or [0]
        first = words.number(caps[0]) if len(caps) == 1 else f"{words.number(caps[0])}–{words.number(caps[-1])}"
        first += "; 0 where closed" if caps[0] and not all(use.first_cap for use in uses) else ""
        names = tuple(_ladder_name(plan, use.provider) for use in uses)
        out.append(LadderRow(pool, ips, names, uses[0].name, uses[0].publisher, uses[0].url, note, first))
    return tuple(out)


def _ladder_name(plan: Plan, provider: str) -> str:
    return plan.providers.get(provider, "the small providers together" if provider == "small" else provider)
