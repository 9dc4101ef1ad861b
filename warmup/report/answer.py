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

    dates: str
    ips: str
    limit: str
    steps: tuple[Step, ...]

    @property
    def sentences(self) -> tuple[str, str, str]:
        """In the order of the page."""
        return (self.dates, self.ips, self.limit)


def answer(plan: Plan) -> Answer:
    """The answer to "when, with how many IPs, and what holds us up?"."""
    return Answer(dates_sentence(plan), ips_sentence(plan), limit_sentence(plan), first_steps(plan))


def dates_sentence(plan: Plan) -> str:
    """When the migration is complete, for <= 90 days and for all, as a range and a commit date."""
    if takes_no_ip(plan):
        return (
            "No ramp is needed: your volume is carried best by the new platform's shared pool, which is warm already."
        )
    tiered = len(plan.tiers) > 1
    chance = plan.uncertainty
    held = ", if nothing is held" if chance and plan.all.day else ""
    everyone = _when(plan, plan.all, chance.all if chance else None)
    if not tiered:
        return f"The move is {everyone}{held}{_promise(plan, tiered)}."
    engaged = _when(plan, plan.engaged, chance.engaged if chance else None)
    return (
        f"The move is {engaged} for people engaged in the last 90 days, and {everyone} for all in scope"
        f"{held}{_promise(plan, tiered)}."
    )


def _when(plan: Plan, done: Completion, chance: Range | None) -> str:
    """What follows "the move is": complete in a range, on a day, or not within the plan."""
    if done.day is None:
        return f"not complete when this plan ends on {words.day(plan.last)}"
    but = f" (all but {words.listing(_names(plan, done.except_providers))})" if done.except_providers else ""
    if chance is None or chance.low is None:
        return f"complete on {words.day(done.day)}{but}"
    if chance.high is None:
        end = words.day(plan.last)
        return f"complete between {words.day(chance.low)} and some day after this plan ends on {end}{but}"
    return f"complete {words.span(chance.low, chance.high)}{but}"


def _promise(plan: Plan, tiered: bool) -> str:
    """The dates to promise."""
    chance = plan.uncertainty
    if chance is None or plan.all.day is None:
        return ""
    commits = [chance.commit_engaged, chance.commit_all] if tiered else [chance.commit_all]
    if commits[-1] is None:
        return "; no date can be promised for all of it, because some providers may be held back on the way"
    if all(c == done.day for c, done in zip(commits, (plan.engaged, plan.all)[-len(commits) :], strict=True)):
        return "; promise that, too" if tiered else "; promise that day, too"
    dates = words.listing(words.day(d) for d in commits if d is not None)
    return f"; promise {dates}, which leaves room for providers that are held back on the way"


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
    if all(s.recommended == s.planned for s in plan.sizing):
        return f"You need {words.count(total, 'dedicated IP')}{detail}, as planned."
    was = words.listing(f"{s.planned} for {s.pool}" for s in plan.sizing) if len(plan.sizing) > 1 else str(planned)
    return f"You need {words.count(total, 'dedicated IP')}{detail}; the plan is computed with {was}."


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
    last = "" if everyone or found.day is None else f", complete last on {words.day(found.day)}"
    reasons = words.listing(
        f"{words.percent(share)} waits because {words.limit_meaning(limit) or limit}"
        for limit, share in found.limits[:2]
    )
    return f"What limits it most is {who}{last}: of the mail held back there until then, {reasons}."


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def open_items(plan: Plan) -> list[PreflightItem]:
    """Pre-flight items that are not done, the most pressing first."""
    rank = {"not done": 0, "closed": 1, "due": 2, "assumed": 2}
    return sorted((i for i in plan.preflight if i.state != "done"), key=lambda i: (rank.get(i.state, 2), i.due, i.id))


def first_steps(plan: Plan, items: int = 5) -> tuple[Step, ...]:
    """Blockers and errors with their way out, then the next pre-flight items."""
    steps = [
        Step(f.severity, f.text, f.remedy, "findings")
        for severity in ("blocker", "error")
        for f in plan.findings
        if f.severity == severity
    ]
    for item in open_items(plan)[:items]:
        closes = words.few(_names(plan, item.providers)) if item.state in ("not done", "closed") else ""
        detail = f"Until then nothing goes to {closes} from the new IPs." if closes else ""
        title = item.text.rstrip(". ")
        steps.append(Step(item.state, title, detail, f"preflight-{item.id}", item.due, item.owner))
    return tuple(steps)
