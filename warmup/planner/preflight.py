"""What must have happened before the first send, and which providers stay closed while it has not (design 4.14).

The items stand in ``data/preflight.toml`` with owner, lead time, reason and source. A scenario says of each ``done``,
``not done`` or the date on which it will be done; of what it leaves unsaid most is assumed done in time (and printed as
an assumption), and some (T-Online's reset) stays closed.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from warmup.planner.plan import Assumption, PreflightItem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from warmup.scenario import Scenario


@dataclass(frozen=True)
class Rule:
    """One record of ``data/preflight.toml``; the comments there say what each key means.

    Attributes:
        lead_days, lead_working_days: Exactly one is given.
        groups, min_share: Listed only if these planning groups together have that share of the volume (0-1).
        closes: Planning groups closed while it is not done.
    """

    id: str
    text: str
    owner: str
    why: str
    source: str
    date: str
    confidence: str
    lead_days: int | None = None
    lead_working_days: int | None = None
    groups: tuple[str, ...] = ()
    min_share: float = 0.0
    closes: tuple[str, ...] = ()
    unset: Literal["assumed", "closed"] = "assumed"
    settled_by: str = ""
    applies: str = ""


SETTLED: Mapping[str, Callable[[Scenario], bool]] = {
    "legacy.until": lambda scenario: scenario.legacy.until is not None,
    "policy.csa_certified": lambda scenario: scenario.policy.csa_certified,
    "pools.ips": lambda scenario: all(pool.ips for pool in scenario.pools),
}
"""Facts of a scenario that settle an item (``settled_by``)."""


def _names_move(scenario: Scenario) -> bool:
    """Whether a return-path or tracking name of legacy is to be used on the new platform: its record must change."""
    for stream in scenario.streams:
        old, new = stream.identity_old, stream.identity_new
        if old is None or new is None:
            continue
        if {old.return_path, old.tracking} & {new.return_path, new.tracking} - {None}:
            return True
    return False


APPLIES: Mapping[str, Callable[[Scenario], bool]] = {
    "byoip": lambda scenario: scenario.new.mode == "byoip",
    "names_move": _names_move,
}
"""Scenarios that an item is for (``applies``)."""


def preflight_items(scenario: Scenario, shares: Mapping[str, float], start: date) -> tuple[PreflightItem, ...]:
    """What to do before the first send, in the order in which it is due.

    Args:
        scenario: The migration; its ``[preflight]`` says what is done.
        shares: Share (0-1) of the volume per planning group, which decides what matters here. An item the scenario
            speaks of is listed in any case.
        start: First sending day; lead times count back from it.

    Returns:
        One item per rule that matters. ``until`` is set only where a date later than the start keeps providers closed.
    """
    merged = _merged(scenario)
    known = _Shares({merged.get(group, group): share for group, share in shares.items()}, merged)
    rules = (rule for rule in preflight_rules() if _matters(rule, scenario, known))
    items = [_item(rule, scenario, start, known) for rule in rules]
    return tuple(sorted(items, key=lambda item: item.due))


def closed_until(items: Iterable[PreflightItem]) -> dict[str, date | None]:
    """Planning groups that stay closed: the day they open, or None for the end of the horizon.

    A group that several items close opens with the last of them.
    """
    closed: dict[str, date | None] = {}
    for item in items:
        if not _closes(item):
            continue
        for group in item.providers:
            before = closed.get(group, item.until)
            closed[group] = max(before, item.until) if before and item.until else None
    return closed


def preflight_assumptions(items: Iterable[PreflightItem]) -> tuple[Assumption, ...]:
    """What the plan takes for granted because the scenario does not say: for the report's list of assumptions."""
    confidence = {rule.id: rule.confidence for rule in preflight_rules()}
    out = []
    for item in items:
        if item.state == "assumed":
            value = f"done by {item.due.isoformat()} ({item.owner})"
        elif item.state == "closed":
            value = f"not done: no dedicated mail to {', '.join(item.providers)} until the scenario says otherwise"
        else:
            continue
        out.append(Assumption(f"Pre-flight {item.id}: {item.text}", value, item.source, confidence.get(item.id, "")))
    return tuple(out)


def earliest_start(scenario: Scenario, shares: Mapping[str, float], today: date) -> date:
    """First sending day for which today's open items can still be done in time.

    Items that are done need no time. Items that only close their providers (not done, or done by a date) do not hold
    up the others.
    """
    earliest = today
    for item in preflight_items(scenario, shares, today):
        rule = next(rule for rule in preflight_rules() if rule.id == item.id)
        if item.state == "assumed" or (item.state == "not done" and not item.providers):
            earliest = max(earliest, _ahead(today, rule, _holidays(scenario, today)))
        elif item.state == "due" and not item.providers:
            earliest = max(earliest, item.due)
    return earliest


def preflight_facts() -> tuple[Assumption, ...]:
    """What is good to know before the first send and is no task."""
    return tuple(
        Assumption(fact["what"], fact["text"], fact["source"], fact["confidence"]) for fact in _data()["facts"]
    )


def preflight_keys() -> tuple[str, ...]:
    """Keys that a scenario's ``[preflight]`` may have, in the order of their lead times."""
    return tuple(rule.id for rule in preflight_rules())


def preflight_texts() -> dict[str, str]:
    """What each key stands for."""
    return {rule.id: rule.text for rule in preflight_rules()}


@dataclass(frozen=True)
class _Shares:
    """Shares by the groups the plan knows, and how the data file's groups are called there."""

    by_group: Mapping[str, float]
    merged: Mapping[str, str]

    def of(self, groups: Iterable[str]) -> float:
        return sum(self.by_group.get(group, 0.0) for group in self.named(groups))

    def named(self, groups: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.merged.get(group, group) for group in groups))


def _merged(scenario: Scenario) -> Mapping[str, str]:
    """Both Microsoft groups go by one name where the scenario counts them on one clock."""
    if not scenario.policy.microsoft_shared:
        return {}
    from warmup.providers.catalogue import MICROSOFT, catalogue

    return dict.fromkeys(catalogue().groups[MICROSOFT].merges, MICROSOFT)


def _matters(rule: Rule, scenario: Scenario, shares: _Shares) -> bool:
    if rule.id in scenario.preflight:
        return True
    if rule.applies and not APPLIES[rule.applies](scenario):
        return False
    if not rule.groups:
        return True
    share = shares.of(rule.groups)
    # Shares are sums of fractions: a tenth put together from ten parts must still count as a tenth.
    return share > 0 and share >= rule.min_share - 1e-9


def _item(rule: Rule, scenario: Scenario, start: date, shares: _Shares) -> PreflightItem:
    due, state, until = _back(start, rule, _holidays(scenario, start)), _state(rule, scenario), None
    said = scenario.preflight.get(rule.id)
    if isinstance(said, date):
        due, until = said, said if said > start and rule.closes else None
    return PreflightItem(
        id=rule.id,
        text=rule.text,
        owner=rule.owner,
        due=due,
        lead_days=(start - due).days,
        state=state,
        providers=shares.named(rule.closes),
        until=until,
        why=rule.why,
        source=rule.source,
    )


def _state(rule: Rule, scenario: Scenario) -> str:
    said = scenario.preflight.get(rule.id)
    if isinstance(said, date):
        return "due"
    if said is not None:
        return said
    if rule.settled_by and SETTLED[rule.settled_by](scenario):
        return "done"
    return rule.unset


def _closes(item: PreflightItem) -> bool:
    return item.state in ("not done", "closed") or (item.state == "due" and item.until is not None)


def _back(start: date, rule: Rule, off: Collection[date]) -> date:
    """The day an item is due for a start."""
    if rule.lead_days is not None:
        return start - timedelta(rule.lead_days)
    return _working_days(start, -(rule.lead_working_days or 0), off)


def _ahead(today: date, rule: Rule, off: Collection[date]) -> date:
    """The first start for which an item begun today is in time."""
    if rule.lead_days is not None:
        return today + timedelta(rule.lead_days)
    return _working_days(today, rule.lead_working_days or 0, off)


def _working_days(day: date, count: int, off: Collection[date]) -> date:
    """The day ``count`` working days after (negative: before) a day."""
    step = timedelta(1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += step
        while day.weekday() >= 5 or day in off:
            day += step
    return day


def _holidays(scenario: Scenario, near: date) -> Collection[date]:
    """Public holidays that are no working days, where the scenario names a country."""
    country = scenario.calendar.holiday_country
    return frozenset() if country is None else _days_off(country, near.year)


@cache
def _days_off(country: str, year: int) -> frozenset[date]:
    """Public holidays of a country from the year before to the year after; asked for by every variant of a plan."""
    from holidays import country_holidays

    return frozenset(country_holidays(country, years=range(year - 1, year + 2)))


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("warmup.planner").joinpath("data", "preflight.toml").read_text(encoding="utf-8"))


@cache
def preflight_rules() -> tuple[Rule, ...]:
    """Every item that we know, in the order of their lead times."""
    return tuple(_rule(record) for record in _data()["items"])


def _rule(record: Mapping[str, Any]) -> Rule:
    frozen: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in record.items()}
    return Rule(**frozen)
