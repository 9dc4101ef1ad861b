"""The answer and the first steps as plain lines, for the places that have no mark-up: sheet and terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmup.report import words
from warmup.report.answer import answer
from warmup.report.guard import plain
from warmup.report.steps import first_steps, takes_no_ip

if TYPE_CHECKING:
    from datetime import date

    from warmup.planner.plan import Milestone, Plan
    from warmup.report.steps import Step


def sentences(plan: Plan) -> tuple[str, str, str]:
    """When, with how many IPs, and what holds it up: printable single lines."""
    dates, ips, limit = answer(plan).sentences
    return (plain(dates), plain(ips), plain(limit))


def first_lines(plan: Plan, items: int = 12) -> tuple[str, ...]:
    """What must happen first: every blocker and error, then the next ``items`` open pre-flight items, one line each."""
    return tuple(plain(_line(step)) for step in first_steps(plan, items))


def sentence(text: str) -> str:
    """A remark as a sentence, closed with a full stop, so that several can stand one after the other.

    >>> sentence("spread it over 6 days")
    'Spread it over 6 days.'
    """
    clean = text.strip()
    # The first word may be a name or an id that is written small: only an ordinary word gets its capital.
    if clean[:1].islower() and clean.split()[0].rstrip(",;:").isalpha():
        clean = clean[:1].upper() + clean[1:]
    return words.closed(clean)


_TIERS = ("0_30", "31_60", "61_90", "91_180", "181_365", "machine_only", "older_or_never")
"""Audiences in the order in which they join; of one day the milestones stand in this order."""
_PLAINER = {"Recipients with machine opens only": "People whose only opens were made by machines"}


_OWN = ("legacy.until", "deadline", "peak.")
"""Beginnings of the ids of milestones that the customer's calendar brings, whatever is planned."""


def milestones(plan: Plan) -> list[Milestone]:
    """The dated events by day; the audiences of one day from the most engaged on.

    Where the answer is no dedicated IP, only those that do not come from the plan that it rejects.
    """

    def order(stone: Milestone) -> tuple[date, int, str]:
        parts = stone.id.split(".")
        tier = parts[1] if parts[0] == "tier" and len(parts) > 1 else ""
        return (stone.day, _TIERS.index(tier) if tier in _TIERS else -1, stone.id)

    stay = takes_no_ip(plan)
    return sorted((stone for stone in plan.milestones if not stay or stone.id.startswith(_OWN)), key=order)


def milestone_line(plan: Plan, stone: Milestone) -> str:
    """What happens, and where it does unless the text says so itself."""
    where = (stone.pool, plan.providers.get(stone.provider, stone.provider))
    about = [plain(part) for part in where if part and part not in stone.text]
    text = plain(stone.text)
    for clumsy, plainer in _PLAINER.items():
        text = text.replace(clumsy, plainer)
    return f"{text} ({', '.join(about)})" if about else text


def _line(step: Step) -> str:
    text = f"{sentence(step.title)} {sentence(step.detail)}".strip()
    if step.due is None:
        return text
    state = words.STATE_WORDS.get(step.kind, step.kind)
    who = f", {step.owner}" if step.owner else ""
    return f"{words.day(step.due)}{who}: {text} ({state[:1].lower()}{state[1:]})"
