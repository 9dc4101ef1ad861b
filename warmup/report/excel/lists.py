"""The sheets that are read rather than acted on: pre-flight, assumptions, findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from warmup.report.daysheet import provider_label
from warmup.report.excel.book import Book, Column
from warmup.report.opening import sentence
from warmup.report.steps import preflight
from warmup.report.words import STATE_WORDS, lead, sourced

if TYPE_CHECKING:
    from warmup.planner.plan import Plan

_SHADES = {"done": "good", "due": "warn", "assumed": "warn", "not done": "bad", "closed": "bad"}
_SEVERITIES = {"blocker": "bad", "error": "bad", "warning": "warn", "notice": "good"}


def write_preflight(book: Book, plan: Plan) -> None:
    """What must be done before the first send, in the order of the dates; the state can be kept up in the sheet."""
    sheet = book.sheet("Pre-flight", colour="#B45309")
    book.heading(sheet, "Before the first send", "An item that is not done keeps its providers closed until its date.")
    columns = (
        Column("Due", "date", 17),
        Column("Against the first send", "text", 16),
        Column("What", "wrap", 52),
        Column("Who", "text", 14),
        Column("State", "input", 24),
        Column("Keeps closed", "wrap", 26),
        Column("Until", "date", 17),
        Column("Why", "wrap", 44),
        Column("Source", "wrap", 30),
    )
    data = [
        [
            item.due,
            lead(item.lead_days),
            item.text,
            item.owner,
            STATE_WORDS.get(item.state, item.state),
            ", ".join(provider_label(plan, provider) for provider in item.providers),
            item.until,
            item.why,
            sourced(item.source),
        ]
        for item in preflight(plan)
    ]
    placed = book.table(sheet, 3, columns, data)
    for state, shade in _SHADES.items():
        book.shade(placed, 4, STATE_WORDS[state], shade)
    if data:
        sheet.data_validation(
            placed.first, 4, placed.last, 4, {"validate": "list", "source": list(STATE_WORDS.values())}
        )


def write_assumptions(book: Book, plan: Plan) -> None:
    """Every number the plan rests on, and the ladders it follows, each with its source."""
    sheet = book.sheet("Assumptions", colour="#475569")
    book.heading(sheet, "What the plan rests on", f"Policy: {plan.policy}. {plan.policy_reason} Pace: {plan.pace:g}.")
    columns = (
        Column("What", "wrap", 40),
        Column("Value", "wrap", 40),
        Column("Source", "wrap", 52),
        Column("Confidence", "wrap", 30),
    )
    data: list[list[Any]] = [[a.what, a.value, sourced(a.source), a.confidence] for a in plan.assumptions]
    data += [
        [
            f"ladder for {provider_label(plan, use.provider)} in {use.pool}",
            f"{use.name}, first cap {use.first_cap:,} a day on {use.ips} IP{'s' * (use.ips != 1)}"
            + (f", part {use.share * 100:.1f} %" if use.share < 1 else "")
            + (f". {use.note}" if use.note else ""),
            f"{use.publisher}, {use.url}" if use.url else use.publisher,
            "published",
        ]
        for use in plan.ladders
    ]
    book.table(sheet, 3, columns, data)


def write_findings(book: Book, plan: Plan) -> None:
    """What must be known before the plan is used, the gravest first, then what is to be known about the data."""
    sheet = book.sheet("Findings", colour="#B91C1C")
    book.heading(sheet, "What must be known before the plan is used")
    columns = (
        Column("Severity", "text", 12),
        Column("About", "wrap", 22),
        Column("What", "wrap", 60),
        Column("Way out", "wrap", 50),
        Column("Source", "wrap", 30),
        Column("Id", "text", 28),
    )
    order = list(_SEVERITIES)
    findings = sorted(plan.findings, key=lambda f: (order.index(f.severity), f.id, f.subject))
    data = [
        [
            f.severity,
            plan.providers.get(f.subject, f.subject),
            sentence(f.text),
            sentence(f.remedy),
            sourced(f.source),
            f.id,
        ]
        for f in findings
    ]
    data += [[{"info": "notice"}.get(n.level, n.level), "data", sentence(n.text), "", n.source, ""] for n in plan.notes]
    placed = book.table(sheet, 3, columns, data)
    for severity, shade in _SEVERITIES.items():
        book.shade(placed, 0, severity, shade)
