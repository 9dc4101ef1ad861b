"""The answer and the first steps as plain lines, for the places that have no mark-up: sheet and terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmup.report import words
from warmup.report.answer import answer, first_steps
from warmup.report.guard import plain

if TYPE_CHECKING:
    from warmup.planner.plan import Plan
    from warmup.report.answer import Step


def sentences(plan: Plan) -> tuple[str, str, str]:
    """When, with how many IPs, and what holds it up: printable single lines."""
    dates, ips, limit = answer(plan).sentences
    return (plain(dates), plain(ips), plain(limit))


def first_lines(plan: Plan, items: int = 12) -> tuple[str, ...]:
    """What must happen first: every blocker and error, then the next ``items`` open pre-flight items, one line each."""
    return tuple(plain(_line(step)) for step in first_steps(plan, items))


def _line(step: Step) -> str:
    stop = "" if not step.detail or step.title.endswith((".", "!", "?")) else "."
    text = f"{step.title}{stop} {step.detail}".strip()
    if step.due is None:
        return text
    state = words.STATE_WORDS.get(step.kind, step.kind)
    who = f", {step.owner}" if step.owner else ""
    return f"{words.day(step.due)}{who}: {text} ({state[:1].lower()}{state[1:]})"
