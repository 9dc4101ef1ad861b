"""What must happen first: blockers and errors with their way out, then what is open before the first send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from warmup.report import words

if TYPE_CHECKING:
    from warmup.planner.plan import Finding, Plan, PreflightItem

GRAVE = ("blocker", "error")
"""Severities of the findings that come first."""

ABOUT_IPS = frozenset(
    (
        *("ips_assigned", "fcrdns", "dnsbl", "dnsbl_again", "neighbours", "roa", "snds", "jmrp", "validity_fbl"),
        *("csa", "signal_spam", "microsoft_request", "t_online_request", "overflow_state", "identity_frozen"),
    )
)
"""Pre-flight items that prepare dedicated IPs or their ramp: nobody needs them on a shared pool."""


@dataclass(frozen=True)
class Step:
    """One thing that must happen first.

    Attributes:
        kind: Severity of a finding, or state of a pre-flight item.
        title: What is wrong, or what to do.
        detail: The way out, or what it keeps closed; may be empty.
        anchor: Where the report says more.
        due, owner: Of a pre-flight item.
    """

    kind: str
    title: str
    detail: str
    anchor: str
    due: date | None = None
    owner: str = ""


def takes_no_ip(plan: Plan) -> bool:
    """Whether the answer is "no dedicated IP", for every pool."""
    return bool(plan.sizing) and all(s.recommended == 0 for s in plan.sizing)


def preflight(plan: Plan) -> list[PreflightItem]:
    """What has to be done before the first send, by date; without what prepares IPs that nobody should take."""
    items = [item for item in plan.preflight if not (takes_no_ip(plan) and item.id in ABOUT_IPS)]
    return sorted(items, key=lambda item: (item.due, item.id))


def closes_until(plan: Plan, item: PreflightItem) -> tuple[str, date | None] | None:
    """The providers that an open item keeps closed after the first send, and until when; None if it costs no day."""
    if not item.providers or item.state in ("done", "assumed"):
        return None
    if item.state == "due" and (item.until is None or item.until <= plan.first):
        return None
    return words.few([plan.providers.get(p, p) for p in item.providers]), item.until


def open_items(plan: Plan) -> list[PreflightItem]:
    """Pre-flight items that are not done: those that keep a provider closed, the not done, the rest; each by date."""

    def rank(item: PreflightItem) -> tuple[int, date, str]:
        return (0 if closes_until(plan, item) else 1 if item.state == "not done" else 2, item.due, item.id)

    return sorted((item for item in preflight(plan) if item.state != "done"), key=rank)


def first_steps(plan: Plan, items: int = 5) -> tuple[Step, ...]:
    """Blockers and errors with their way out, each way out once, then the next pre-flight items."""
    grave = [f for severity in GRAVE for f in plan.findings if f.severity == severity]
    # A deadline that cannot be promised moves every date of the list below it.
    grave += [f for f in plan.findings if f.id == "deadline.at_risk"]
    steps = [Step(group[0].severity, _together(group), group[0].remedy, "findings") for group in _by_remedy(grave)]
    said = {f.id.removeprefix("readiness.") for f in grave if f.id.startswith("readiness.")}
    for item in [item for item in open_items(plan) if item.id not in said][:items]:
        title = item.text.rstrip(". ")
        steps.append(Step(item.state, title, _closing(plan, item), f"preflight-{item.id}", item.due, item.owner))
    return tuple(steps)


def _by_remedy(findings: list[Finding]) -> list[list[Finding]]:
    """Findings with the same way out together, in the order of the first of them."""
    groups: dict[str, list[Finding]] = {}
    for n, finding in enumerate(findings):
        groups.setdefault(finding.remedy.strip() or f"{n}", []).append(finding)
    return list(groups.values())


def _together(findings: list[Finding]) -> str:
    """What several findings say, each sentence once."""
    if len(findings) == 1:
        return findings[0].text
    return " ".join(dict.fromkeys(words.closed(finding.text) for finding in findings))


def _closing(plan: Plan, item: PreflightItem) -> str:
    """What an open item keeps closed, as a sentence."""
    closed = closes_until(plan, item)
    if closed is None:
        return ""
    names, until = closed
    when = f"Until {words.day(until)}" if until and until != item.due else "Until then"
    return f"{when} nothing goes to {names} from the new IPs."
