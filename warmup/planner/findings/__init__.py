"""What must be known before a plan is used: blockers, errors, warnings, notices, each with its way out.

One file per subject; a rule is a function from a :class:`~warmup.planner.findings.case.Case` to its findings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmup.planner.findings import dates, ips, legacy, mail
from warmup.planner.findings.case import Case

if TYPE_CHECKING:
    from warmup.planner.bench import Bench
    from warmup.planner.plan import Finding, Plan
    from warmup.planner.planning import Headline

SEVERITIES = ("blocker", "error", "warning", "notice")

RULES = (*legacy.RULES, *ips.RULES, *dates.RULES, *mail.RULES)


def findings(bench: Bench, head: Headline, plan: Plan) -> tuple[Finding, ...]:
    """Every finding of a plan, most severe first."""
    case = Case(bench, head, plan)
    found = [finding for rule in RULES for finding in rule(case)]
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


__all__ = ["findings"]
