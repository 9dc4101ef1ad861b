"""The top of the report: the answer in three sentences, and what must happen first.

Every number in the sentences comes from the plan as it is; what decides the date is worked out in
:mod:`warmup.report.bottleneck`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from warmup.report import words
from warmup.report.bottleneck import bottleneck_sentence
from warmup.report.steps import Step, first_steps, takes_no_ip

if TYPE_CHECKING:
    from warmup.planner.plan import Completion, Plan, Range


@dataclass(frozen=True)
class Answer:
    """The three sentences, and the steps that come first."""

    promise: str
    expected: str
    ips: str
    limit: str
    steps: tuple[Step, ...]

    @property
    def dates(self) -> str:
        """What can be promised, then what is expected."""
        return f"{self.promise} {self.expected}".strip()

    @property
    def sentences(self) -> tuple[str, str, str]:
        """In the order of the page."""
        return (self.dates, self.ips, self.limit)


def answer(plan: Plan) -> Answer:
    """The answer to "when, with how many IPs, and what holds us up?"."""
    return Answer(
        promise_sentence(plan), expected_sentence(plan), ips_sentence(plan), limit_sentence(plan), first_steps(plan)
    )


def promise_sentence(plan: Plan) -> str:
    """A deadline that is missed, and the dates to promise; empty where there are none."""
    if takes_no_ip(plan):
        return (
            "No ramp is needed: your volume is carried best by the new platform's shared pool, which is warm already."
        )
    return f"{_deadline(plan)} {_promise(plan)}".strip()


def _deadline(plan: Plan) -> str:
    """That the deadline is missed, or cannot be promised; empty if it is met or there is none."""
    deadline = plan.scenario.deadline
    if deadline is None:
        return ""
    if plan.all.day is None or plan.all.day > deadline:
        return f"The deadline, {words.day(deadline)}, is missed."
    chance = plan.uncertainty
    if chance and (chance.commit_all is None or chance.commit_all > deadline):
        return f"The deadline, {words.day(deadline)}, can be met but not promised."
    return ""


def _promise(plan: Plan) -> str:
    """The dates to promise; empty where none were worked out, or the plan never completes."""
    chance = plan.uncertainty
    if plan.all.day is None and plan.engaged.day is None:
        return ""
    if chance is None:
        return _no_promise(plan)
    tiered = len(plan.tiers) > 1
    engaged, everyone = (chance.commit_engaged if tiered else None), chance.commit_all
    who = f"people engaged in the last 90 days{_but(plan, plan.engaged)}"
    if engaged and everyone:
        first, last = words.dates(engaged, everyone)
        return f"Promise: complete on {first} for {who}, {last} for everyone in scope{_but(plan, plan.all)}."
    if engaged:
        return f"Promise: complete on {words.day(engaged)} for {who}; no date can be promised for everyone in scope."
    if everyone:
        scope = " for everyone in scope" if tiered else ""
        return f"Promise: complete on {words.day(everyone)}{scope}{_but(plan, plan.all)}."
    return "No date can be promised: some providers may be held back on the way until after this plan's end."


def _no_promise(plan: Plan) -> str:
    """That no date can be promised, and why."""
    why = plan.uncertainty_reason.strip().removeprefix("There is no range:").strip()
    return f"No date can be promised{': ' + _lower(why) if why else '.'}"


def expected_sentence(plan: Plan) -> str:
    """The dates if nothing is held back, as ranges where futures were computed."""
    if takes_no_ip(plan):
        return ""
    chance = plan.uncertainty
    everyone = _when(plan, plan.all, chance.all if chance else None)
    if len(plan.tiers) > 1 and (plan.all.day or plan.engaged.day):  # else one "not complete" says it of both
        engaged = _when(plan, plan.engaged, chance.engaged if chance else None)
        named = chance and chance.commit_engaged and chance.commit_all  # the promise has just named both groups
        groups = ("the engaged", "everyone") if named else ("people engaged in the last 90 days", "everyone in scope")
        everyone = f"{engaged} for {groups[0]}, {everyone} for {groups[1]}"
    head = "Expected, if no provider is held back" if plan.all.day else "Expected"
    return f"{head}: {everyone}."


def _when(plan: Plan, done: Completion, chance: Range | None) -> str:
    """What follows "expected:": a range, a day, or not within the plan."""
    if done.day is None:
        return f"not complete when this plan ends on {words.day(plan.last)}{_but(plan, done)}"
    if chance is None or chance.low is None:
        return f"{words.day(done.day)}{_but(plan, done)}"
    if chance.high is None:
        end = words.day(plan.last)
        return f"between {words.day(chance.low)} and some day after this plan's end on {end}{_but(plan, done)}"
    if chance.low == chance.high:
        return f"{words.day(chance.low)}{_but(plan, done)}"
    return f"{words.span(chance.low, chance.high)}{_but(plan, done)}"


def _but(plan: Plan, done: Completion) -> str:
    return f" (all but {words.listing(_names(plan, done.except_providers))})" if done.except_providers else ""


def _names(plan: Plan, ids: tuple[str, ...]) -> list[str]:
    return [plan.providers.get(i, i) for i in ids]


def ips_sentence(plan: Plan) -> str:
    """How many dedicated IPs, per pool, and whether that is what was planned."""
    if not plan.sizing:
        planned = sum(pool.size for pool in plan.scenario.pools)
        return f"The plan uses {words.count(planned, 'dedicated IP')}."
    total = sum(s.recommended for s in plan.sizing)
    planned = sum(s.planned for s in plan.sizing)
    if total == 0:
        return (
            f"Take no dedicated IP{'s' if planned != 1 else ''} (planned: {planned}): {_lower(plan.sizing[0].reason)}"
        )
    if not all(s.enough for s in plan.sizing):
        return _no_cure(plan)
    detail = f" ({_per_pool(plan, 'recommended')})" if len(plan.sizing) > 1 else f" for {plan.sizing[0].pool}"
    need = "Take at most" if all(s.at_most for s in plan.sizing if s.recommended) else "You need"
    if all(s.recommended == s.planned for s in plan.sizing):
        return f"{need} {words.count(total, 'dedicated IP')}{detail}, as planned."
    return f"{need} {words.count(total, 'dedicated IP')}{detail}; {_computed_with(plan)}."


def _no_cure(plan: Plan) -> str:
    """That the number of IPs is not what is lacking."""
    short = [s for s in plan.sizing if not s.enough]
    reasons = dict.fromkeys(_lower(s.reason) for s in short)
    where = f" for {words.listing(s.pool for s in short)}" if len(plan.sizing) > 1 else ""
    return f"More or fewer IPs{where} would not cure it: {' '.join(reasons)} T{_computed_with(plan)[1:]}."


def _computed_with(plan: Plan) -> str:
    was = _per_pool(plan, "planned") if len(plan.sizing) > 1 else str(plan.sizing[0].planned)
    return f"the plan is computed with {was}"


def _per_pool(plan: Plan, which: Literal["planned", "recommended"]) -> str:
    """``1 for receipts and 2 for marketing``."""
    return words.listing(f"{s.planned if which == 'planned' else s.recommended} for {s.pool}" for s in plan.sizing)


def _lower(sentence: str) -> str:
    """A sentence to stand after a colon, closed with a full stop."""
    text = sentence.strip().rstrip(".")
    return f"{text[:1].lower()}{text[1:]}." if text[1:2].islower() or text[1:2] == " " else f"{text}."


def limit_sentence(plan: Plan) -> str:
    """What limits the dates; the cure stands under what must happen first."""
    if takes_no_ip(plan):
        return "Nothing has to be ramped, so nothing limits the date."
    if plan.all.day is None and plan.all.reason:
        return f"What stops it: {_lower(plan.all.reason)}"
    return bottleneck_sentence(plan)
