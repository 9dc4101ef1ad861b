"""The answer in three sentences, and what must happen first.

Page, sheet and terminal begin with the same words.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from warmup.report.guard import plain

if TYPE_CHECKING:
    from warmup.planner.plan import Completion, Plan, Range, Sizing

LIMIT_WORDS: dict[str, str] = {
    "legacy-only": "days that are legacy-only",
    "readiness": "providers that are not ready yet",
    "freeze": "days without growth",
    "capacity": "the capacity of the IPs",
    "ceiling": "a provider's ceiling",
    "identity": "the new identity's own ladder",
    "tier": "the order of the engagement tiers",
    "hold": "levels that are held",
    "memory": "gaps between sends that let reputation decay",
    "ramp": "the ramp",
    "supply": "what there is to send",
    "control": "the control group",
    "out-of-scope": "recipients left out by decision",
}
"""Each limit of the plan in words that fit after "limited by"."""

_DECLARED = ("control", "out-of-scope", "supply", "")


def day(value: date) -> str:
    """A date as people write it: ``9 Mar 2027``."""
    return f"{value.day} {value:%b %Y}"


def answer(plan: Plan) -> tuple[str, str, str]:
    """When, how many IPs, and what limits it: three sentences for a person.

    Returns:
        Printable single lines; the finish dates with their range and the date to promise, the number of IPs per
        pool (0 is an answer), and the limits that keep most of the mail on legacy until then.
    """
    return (plain(_when(plan)), plain(_how_many(plan)), plain(_what_limits(plan)))


def between(low: date, high: date) -> str:
    """Two dates without saying anything twice: ``6 to 12 Mar 2027``."""
    if (low.year, low.month) == (high.year, high.month):
        return f"{low.day} to {day(high)}"
    return f"{low.day} {low:%b} to {day(high)}" if low.year == high.year else f"{day(low)} to {day(high)}"


def _when(plan: Plan) -> str:
    if plan.all.day is None and plan.engaged.day is None:
        return _not_complete(plan, plan.all)
    engaged = _scope(plan, plan.engaged, "Everyone active within 90 days", "is", "engaged")
    both = f"{engaged}, {_scope(plan, plan.all, 'all in scope', '', 'all')}{_commit(plan)}."
    why = [c.reason for c in (plan.engaged, plan.all) if c.day is None and c.reason]
    return " ".join([both, *why])


def _not_complete(plan: Plan, done: Completion) -> str:
    text = f"Not complete by the end of the horizon on {day(plan.last)}"
    text = f"{text}: {done.reason}" if done.reason else f"{text}."
    return f"{text} {done.cure}" if done.cure else text


def _scope(plan: Plan, done: Completion, who: str, verb: str, scope: str) -> str:
    if done.day is None:
        return f"{who} {verb} not within the horizon ({day(plan.last)})".replace("  ", " ")
    spread = getattr(plan.uncertainty, scope) if plan.uncertainty else None
    where = f"{verb} on the new IPs from " if verb else "from "
    text = f"{who} {where}{day(done.day)}{_range(spread)}"
    if done.except_providers:
        text += f" except {', '.join(plan.providers.get(p, p) for p in done.except_providers)}"
    return text


def _range(spread: Range | None) -> str:
    """The range if nothing is held, where it says more than the date."""
    if spread is None or spread.low is None or spread.low == spread.high:
        return ""
    if spread.high is None:
        return f" ({day(spread.low)} to beyond the horizon)"
    return f" ({between(spread.low, spread.high)})"


def _commit(plan: Plan) -> str:
    if plan.uncertainty is None:
        return f"; no range: {plan.uncertainty_reason.rstrip('.')}" if plan.uncertainty_reason else ""
    varies = "; ranges are from the variation of your volume only, "
    if plan.uncertainty.commit_all is None:
        return f"{varies}and with the assumed holds it finishes too rarely within the horizon to promise a date"
    return f"{varies}the date to promise, with the assumed holds, is {day(plan.uncertainty.commit_all)}"


def _how_many(plan: Plan) -> str:
    parts = [_pool(sizing) for sizing in plan.sizing]
    if not parts:
        sizes = [f"{pool.name} {_ips(pool.size)}" for pool in plan.scenario.pools]
        return f"IPs as planned: {', '.join(sizes)}."
    return f"IPs: {'; '.join(parts)}."


def _pool(sizing: Sizing) -> str:
    if sizing.recommended == sizing.planned:
        return f"{sizing.pool} {_ips(sizing.planned)} as planned"
    if sizing.recommended == 0:
        verdict = f"{sizing.pool} none instead of the {sizing.planned} planned, stay on the shared pool"
    else:
        verdict = f"{sizing.pool} {_ips(sizing.recommended)} instead of the {sizing.planned} planned"
    return f"{verdict} ({sizing.reason.rstrip('.')})" if sizing.reason else verdict


def _ips(number: int) -> str:
    return f"{number} IP" if number == 1 else f"{number} IPs"


def _what_limits(plan: Plan) -> str:
    shares = limit_shares(plan)
    if plan.all.day is None and plan.all.limit:
        first = f"What stops it is {LIMIT_WORDS.get(plan.all.limit, plan.all.limit)}"
        return f"{first}; {_shares(shares)}." if shares else f"{first}."
    if not shares:
        return "Nothing but the supply limits it."
    return f"What limits it: {_shares(shares)}."


def _shares(shares: list[tuple[str, float]]) -> str:
    text = " and ".join(f"{LIMIT_WORDS.get(limit, limit)} ({share:.0%})" for limit, share in shares[:2])
    return f"of the mail that cannot move yet, most is kept back by {text}"


def limit_shares(plan: Plan) -> list[tuple[str, float]]:
    """Limits by their part of the in-scope mail that is not on the dedicated IPs before completion, largest first."""
    table = plan.messages[plan.messages["destination"] != "dedicated"]
    table = table[~table["limit"].isin(_DECLARED)]
    if plan.all.day is not None:
        import pandas as pd

        table = table[pd.to_datetime(table["date"]) < pd.Timestamp(plan.all.day)]
    sums = table.groupby("limit", observed=True)["messages"].sum().sort_values(ascending=False, kind="stable")
    total = int(sums.sum())
    return [(str(limit), int(n) / total) for limit, n in sums.items() if n] if total else []


def must_happen_first(plan: Plan) -> tuple[str, ...]:
    """What must be settled before the first send: blockers and errors, then open pre-flight items by date."""
    stops = [f for f in plan.findings if f.severity in ("blocker", "error")]
    out = [f"{f.text} {f.remedy}".strip() for f in stops]
    open_items = [item for item in plan.preflight if item.state in ("not done", "closed", "due")]
    for item in sorted(open_items, key=lambda item: (item.due, item.id)):
        closes = ", ".join(plan.providers.get(p, p) for p in item.providers)
        shut = f"; until then {closes} stays closed" if closes and item.state != "due" else ""
        out.append(f"by {day(item.due)}, {item.owner}: {item.text}{shut}")
    return tuple(plain(line) for line in out)
