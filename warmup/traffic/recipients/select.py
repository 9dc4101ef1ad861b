"""The one SELECT: from recipients with dates to counts by recipient domain, stream and tier.

Domain first: some 10^5 domains leave the engine, never recipients, and whose mailboxes they are is decided afterwards.
It is written once, in DuckDB's dialect, and kept to what every warehouse has: nested SELECTs, CASE, comparisons with
cut-off dates and COUNT. No function of ours, no arithmetic on dates, no GREATEST (engines differ about NULL in
it). :mod:`warmup.traffic.recipients.warehouse` spells it in other dialects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from warmup.traffic.recipients.rule import ACTS, EARLIEST, NEVER, SIGNALS, TIER_COLUMNS, Rule

RESULT: tuple[str, ...] = (
    "recipient_domain",
    "stream",
    "tier_with_opens",
    "tier_without_opens",
    "recipients",
    "future_dates",
    "impossible_dates",
)
"""Columns of the result. Tiers are positions in ``TIER_COLUMNS``; the last two count recipients with such a date."""

DESCRIPTION: tuple[str, ...] = ("as_of", "signals")
"""Columns that make a result tell by itself what it was counted from."""

_MAX_DOMAIN = 320
"""Characters kept after an @: more than any domain has (RFC 1035), so that nothing real is cut."""


@dataclass(frozen=True)
class Source:
    """Where the recipients are, as SQL.

    Attributes:
        relation: What stands behind FROM.
        name: Expression of the recipient domain or address, text.
        is_address: Whether a text without @ is no recipient at all.
        stream: Expression of the stream, text; an empty text where none is named.
        dates: Signal to an expression of type DATE.
    """

    relation: str
    name: str
    is_address: bool
    stream: str = "''"
    dates: Mapping[str, str] = field(default_factory=dict)

    @property
    def signals(self) -> tuple[str, ...]:
        """Signals in their usual order."""
        return tuple(signal for signal in SIGNALS if signal in self.dates)


def day(value: date) -> str:
    """A date literal."""
    return f"DATE '{value.isoformat()}'"


def quoted(name: str) -> str:
    """An identifier."""
    return '"' + name.replace('"', '""') + '"'


def select(source: Source, rule: Rule, described: bool = False) -> str:
    """The SELECT in DuckDB's dialect.

    Args:
        source: Where the recipients are.
        rule: The tiers and their cut-off dates.
        described: Whether the result carries the columns of :data:`DESCRIPTION` too.
    """
    sql = _domains(source)
    sql = _clean(sql, source, rule)
    for kept, one, other, name in _folds(source.signals):
        later = f"CASE WHEN {one} >= {other} THEN {one} ELSE {other} END AS {name}"
        sql = f"SELECT {', '.join([*_KEYS, *kept, later])} FROM ({sql}) AS dates"
    sql = _tiers(sql, source.signals, rule)
    said = f", '{rule.as_of.isoformat()}' AS as_of, '{' '.join(source.signals)}' AS signals" if described else ""
    keys = ", ".join(RESULT[:4])
    return (
        f"SELECT {keys}, COUNT(*) AS recipients, COUNT(future_dates) AS future_dates, "
        f"COUNT(impossible_dates) AS impossible_dates{said} FROM ({sql}) AS tiers GROUP BY {keys}"
    )


_KEYS = ("recipient_domain", "stream", "future_dates", "impossible_dates")


def _domains(source: Source) -> str:
    """What follows the last @. Four are looked for: a quoted local part may hold some, with five it is no address.

    A column of domains may be written ``@example.com``; with more than that it is no domain.
    """
    dates = ", ".join(f"{sql} AS {signal}_day" for signal, sql in source.dates.items())
    rest = ", ".join(["stream", *(f"{signal}_day" for signal in source.dates)])
    sql = f"SELECT {source.name} AS name_0, {source.stream} AS stream, {dates} FROM {source.relation}"
    peels = 4 if source.is_address else 1
    for i in range(peels):
        name = f"name_{i}"
        after = f"SUBSTRING({name}, STRPOS({name}, '@') + 1, {_MAX_DOMAIN})"
        otherwise = "" if i == 0 and source.is_address else f" ELSE {name}"
        peeled = f"CASE WHEN STRPOS({name}, '@') > 0 THEN {after}{otherwise} END AS name_{i + 1}"
        sql = f"SELECT {peeled}, {rest} FROM ({sql}) AS names"
    domain = f"CASE WHEN STRPOS(name_{peels}, '@') = 0 THEN LOWER(name_{peels}) END AS recipient_domain"
    return f"SELECT {domain}, {rest} FROM ({sql}) AS names"


def _clean(sql: str, source: Source, rule: Rule) -> str:
    """Dates without NULL and without the future; recipients with a date that cannot be are marked."""
    days = [f"{signal}_day" for signal in source.signals]
    future = " OR ".join(f"{one} >= {day(rule.future)}" for one in days)
    early = " OR ".join(f"{one} < {day(EARLIEST)}" for one in days)
    cleaned = ", ".join(
        f"CASE WHEN {one} < {day(rule.future)} THEN {one} ELSE {day(NEVER)} END AS {one}" for one in days
    )
    return (
        f"SELECT recipient_domain, stream, CASE WHEN {future} THEN 1 END AS future_dates, "
        f"CASE WHEN {early} THEN 1 END AS impossible_dates, {cleaned} FROM ({sql}) AS domains"
    )


def _folds(signals: tuple[str, ...]) -> Iterator[tuple[list[str], str, str, str]]:
    """Steps that take the later of two dates: columns kept, the two, the name of the later one.

    ``acted``: last click, purchase or login; ``engaged``: the same and the last open that counts; ``opened``: the last
    open of any kind.
    """
    columns = [f"{signal}_day" for signal in signals]
    acts = [f"{signal}_day" for signal in ACTS if signal in signals]
    while len(acts) > 1:
        one, other = acts[0], acts[1]
        kept = [column for column in columns if column not in (one, other)]
        yield kept, one, other, "acted_day" if len(acts) == 2 else f"acted_{len(acts)}_day"
        acts = ["acted_day" if len(acts) == 2 else f"acted_{len(acts)}_day", *acts[2:]]
        columns = [*kept, acts[0]]
    opens = [column for column in ("human_open_day", "any_open_day") if column in columns]
    if acts and opens:
        yield columns, acts[0], opens[0], "engaged_day"
        columns = [*columns, "engaged_day"]
    if len(opens) > 1:
        yield columns, opens[0], opens[1], "opened_day"


def _tiers(sql: str, signals: tuple[str, ...], rule: Rule) -> str:
    acts = [f"{signal}_day" for signal in ACTS if signal in signals]
    opens = [f"{signal}_open_day" for signal in ("human", "any") if f"{signal}_open" in signals]
    acted = "acted_day" if len(acts) > 1 else "".join(acts)
    engaged = "engaged_day" if acted and opens else acted or "".join(opens[:1])
    opened = "opened_day" if len(opens) > 1 else "".join(opens)
    signup = "signup_day" if "signup" in signals else ""
    return (
        f"SELECT {', '.join(_KEYS)}, {_tier(engaged, signup, opened, rule)} AS tier_with_opens, "
        f"{_tier(acted, signup, opened, rule)} AS tier_without_opens FROM ({sql}) AS dates"
    )


def _tier(engaged: str, signup: str, opened: str, rule: Rule) -> str:
    """The tier of one recipient, from its last signals (an empty name: there is no such signal)."""
    cases = []
    for column in rule.engaged:
        if engaged:
            cases.append((f"{engaged} >= {day(rule.since(column))}", column))
        if column == "engaged_0_30" and signup:
            cases.append((f"{signup} >= {day(rule.since(column))}", "new_signup_30d"))
    if opened:
        cases.append((f"{opened} >= {day(rule.since('engaged_181_365'))}", "machine_open_only"))
    last = TIER_COLUMNS.index("older_or_never")
    whens = " ".join(f"WHEN {test} THEN {TIER_COLUMNS.index(column)}" for test, column in cases)
    return f"CASE {whens} ELSE {last} END"
