"""The top of the report: the answer in three sentences, and what must happen first.

Every number in the sentences comes from the plan as it is; nothing is computed here but which provider is last and
which limit holds back most mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from warmup.report import words
from warmup.report.series import groups, in_scope, offsets, small_members

if TYPE_CHECKING:
    from warmup.planner.plan import Completion, Plan, PreflightItem, Range


@dataclass(frozen=True)
class Bottleneck:
    """What holds the migration up longest.

    Attributes:
        providers: The last mailbox providers to be complete, by name.
        day: Their date; None: not within the plan.
        limits: What holds their mail back until then, the weightiest first: (limit, part of all mail held back, 0-1).
    """

    providers: tuple[str, ...]
    day: date | None
    limits: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Step:
    """One thing that must happen first: a blocker or error with its way out, or a pre-flight item."""

    kind: str
    title: str
    detail: str
    anchor: str
    due: date | None = None
    owner: str = ""


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
    if chance is None or (plan.all.day is None and plan.engaged.day is None):
        return ""
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


def expected_sentence(plan: Plan) -> str:
    """The dates if nothing is held back, as ranges where futures were computed."""
    if takes_no_ip(plan):
        return ""
    chance = plan.uncertainty
    everyone = _when(plan, plan.all, chance.all if chance else None)
    if len(plan.tiers) > 1:
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


def takes_no_ip(plan: Plan) -> bool:
    """Whether the answer is "no dedicated IP", for every pool."""
    return bool(plan.sizing) and all(s.recommended == 0 for s in plan.sizing)


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
    parts = [f"{s.recommended} for {s.pool}" for s in plan.sizing]
    detail = f" ({words.listing(parts)})" if len(parts) > 1 else f" for {plan.sizing[0].pool}"
    need = "Take at most" if all(s.at_most for s in plan.sizing if s.recommended) else "You need"
    if all(s.recommended == s.planned for s in plan.sizing):
        return f"{need} {words.count(total, 'dedicated IP')}{detail}, as planned."
    was = words.listing(f"{s.planned} for {s.pool}" for s in plan.sizing) if len(plan.sizing) > 1 else str(planned)
    return f"{need} {words.count(total, 'dedicated IP')}{detail}; the plan is computed with {was}."


def _lower(sentence: str) -> str:
    """A sentence to stand after a colon, closed with a full stop."""
    text = sentence.strip().rstrip(".")
    return f"{text[:1].lower()}{text[1:]}." if text[1:2].islower() or text[1:2] == " " else f"{text}."


def bottleneck(plan: Plan) -> Bottleneck:
    """The last providers to be complete, and what holds their mail back until then."""
    dates = {p: d for p, d in plan.all.per_provider.items() if p in plan.providers}
    never = tuple(p for p, d in dates.items() if d is None)
    done = {p: d for p, d in dates.items() if d is not None}
    last_day = max(done.values(), default=None)
    last = never or tuple(p for p, d in done.items() if d == last_day)
    limits = held_back(plan, last or tuple(plan.providers), None if never else last_day)
    return Bottleneck(tuple(_names(plan, last)), None if never else last_day, limits)


def held_back(plan: Plan, providers: tuple[str, ...], until: date | None) -> tuple[tuple[str, float], ...]:
    """Why in-scope mail to some providers is not on dedicated IPs, up to a day.

    Returns:
        Limits with their part of all mail held back, the weightiest first; empty when nothing is held back.
    """
    frame = in_scope(plan)
    clocks = {*providers, *(("small",) if set(providers) & set(small_members(plan)) else ())}
    held = frame[(frame["destination"] != "dedicated") & frame["provider"].isin(clocks)]
    if until is not None:
        held = held[offsets(plan, held) <= (until - plan.first).days]
    if not len(held):
        return ()
    sums = {str(limit): int(part["messages"].sum()) for limit, part in groups(held, "limit")}
    total = sum(sums.values())
    return tuple((limit, n / total) for limit, n in sorted(sums.items(), key=lambda item: (-item[1], item[0])) if n)


def limit_sentence(plan: Plan) -> str:
    """What limits the dates."""
    if takes_no_ip(plan):
        return "Nothing has to be ramped, so nothing limits the date."
    if plan.all.day is None and plan.all.reason:
        cure = f" {_sentence(plan.all.cure)}" if plan.all.cure else ""
        return f"What stops it: {_lower(plan.all.reason)}{cure}"
    found = bottleneck(plan)
    if not found.limits:
        return "Nothing holds the mail in scope back: it moves as soon as it is due."
    everyone = len(found.providers) >= len(plan.providers)
    who = "every mailbox provider alike" if everyone or not found.providers else words.few(found.providers)
    last = "" if everyone or found.day is None else ", the last to be complete"
    reasons = words.listing(
        f"{words.limit_meaning(limit) or limit} ({words.percent(share)} of the mail held back there)"
        if at == 0
        else f"{words.limit_meaning(limit) or limit} ({words.percent(share)})"
        for at, (limit, share) in enumerate(found.limits[:2])
    )
    return f"What limits it most is {who}{last}: {reasons}."


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def closes_until(plan: Plan, item: PreflightItem) -> tuple[str, date | None] | None:
    """The providers that an open item keeps closed after the first send, and until when; None if it costs no day."""
    if not item.providers or item.state in ("done", "assumed"):
        return None
    if item.state == "due" and (item.until is None or item.until <= plan.first):
        return None
    return words.few(_names(plan, item.providers)), item.until


def open_items(plan: Plan) -> list[PreflightItem]:
    """Pre-flight items that are not done: first those that keep a provider closed, then the most pressing."""

    def rank(item: PreflightItem) -> tuple[int, date, str]:
        return (0 if closes_until(plan, item) else 1 if item.state == "not done" else 2, item.due, item.id)

    return sorted((item for item in plan.preflight if item.state != "done"), key=rank)


def first_steps(plan: Plan, items: int = 5) -> tuple[Step, ...]:
    """Blockers and errors with their way out, then the next pre-flight items."""
    grave = [f for severity in ("blocker", "error") for f in plan.findings if f.severity == severity]
    steps = [Step(f.severity, f.text, f.remedy, "findings") for f in grave]
    said = {f.id.removeprefix("readiness.") for f in grave if f.id.startswith("readiness.")}
    for item in [item for item in open_items(plan) if item.id not in said][:items]:
        title = item.text.rstrip(". ")
        steps.append(Step(item.state, title, _closing(plan, item), f"preflight-{item.id}", item.due, item.owner))
    return tuple(steps)


def _closing(plan: Plan, item: PreflightItem) -> str:
    """What an open item keeps closed, as a sentence."""
    closed = closes_until(plan, item)
    if closed is None:
        return ""
    names, until = closed
    when = f"Until {words.day(until)}" if until and until != item.due else "Until then"
    return f"{when} nothing goes to {names} from the new IPs."
