"""What a platform's reader says about its events, and the pieces of SQL it says it with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from warmup import bounces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from warmup.traffic.events.store import Store
    from warmup.traffic.supply import Note

KINDS: tuple[str, ...] = (
    "injected",
    "delivered",
    "hard",
    "soft",
    "block",
    "deferred",
    "oob",
    "suppressed",
    "complaint",
    "unsub",
    "click",
    "open",
    "open_human",
    "inferred",
    "cancelled",
)
"""What an event can mean. ``open``: by a machine, or not known by whom; ``open_human``: known to be no machine's;
``inferred``: an injection that its outcome tells of; it counts where the message has no ``injected`` of its own.
``cancelled``: suppressed after an injection of its own on the same day, which then does not count."""

CODES: Mapping[str, int] = {kind: code for code, kind in enumerate(KINDS)}
"""Kinds as the store writes them."""

UNIQUE: tuple[str, ...] = ("deferred", "complaint", "unsub", "click", "open", "open_human")
"""Kinds counted once per message, on the day of the first."""

REACTIONS: tuple[str, ...] = (*UNIQUE, "oob")
"""Kinds that fetch their IP from the kinds of :data:`LENDERS`."""

LENDERS: tuple[str, ...] = ("delivered", "hard", "soft", "block")
"""Kinds of which every message has one, at a known IP."""

BOUNCES: tuple[str, ...] = ("hard", "soft", "block")
"""What a platform mostly tells in one type of event: who exports it exports all three."""

EVIDENCE: Mapping[str, tuple[str, ...]] = {
    "injected": ("injected", "inferred"),
    **dict.fromkeys(BOUNCES, BOUNCES),
    **dict.fromkeys(("deferred_msgs", "deferred_events"), ("deferred",)),
    "open_any": ("open", "open_human"),
}
"""Kinds of events that show that an export holds what tells of a measure, where that is not the measure's own name.
Exports are made of chosen types of events; of a type that never stands there nobody can say that it never happened."""

SKIPPED, UNUSED, DAMAGED = 100, 101, 102
"""Codes of what is no event (test pings), of events that no measure counts, and of records that cannot be read."""


@dataclass(frozen=True)
class Settled:
    """What the records of a run are, once all are known.

    Attributes:
        rows: SELECT over ``src`` (records that belong together, all of them) for the columns that the expressions of
            the format see; it may also read ``staged``, the records of the run.
        absent: Measures that these files do not say; None: those of which no event tells.
        notes: What the reader of the counts must know.
    """

    rows: str
    absent: tuple[str, ...] | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Staging:
    """How records are kept that mean something only together with others, perhaps of other files.

    The expressions see what :attr:`EventFormat.rows` makes of a file's records, and ``secret``, the key of the run,
    under which addresses are digested here.

    Attributes:
        columns: What is kept: name → (DuckDB type, expression). Never an address.
        good: Condition for records that can be read; all others (but pings) are damaged.
        together: Column whose equal values belong together.
        settle: What they are; called with the store when all files are read, the formats of the files, and the latest
            time that may stand in them.
    """

    columns: Mapping[str, tuple[str, str]]
    good: str
    together: str
    settle: Callable[[Store, frozenset[str], datetime], Settled]


@dataclass(frozen=True)
class EventFormat:
    """One way a platform writes its events.

    The expressions see the columns of :attr:`columns` (or those that :attr:`rows` makes of them); NULL means that an
    event does not say. Addresses may be read here, nothing of them leaves the SELECT that this becomes.

    Attributes:
        name: Key of the platform in ``capabilities.toml``, and the ``source`` of its counts.
        layout: ``json``; ``csv``, a table in text with a header; ``text``, where the one column is ``line``.
        part: Which of several kinds of files of the platform this is; empty: there is one.
        columns: Fields read, with their DuckDB types; VARCHAR takes any JSON value as text.
        type: What the platform calls the event; NULL in a record makes it a damaged one.
        kind: Code of :data:`CODES` (:func:`cases` makes it); NULL: an event that no measure counts.
        at: Timestamp with time zone (:func:`instant`).
        recipient: Recipient domain, or an address, of which only the domain is kept.
        stream, ip, pool: As the platform names them; an address in them is dropped.
        id: What is the same in every copy of an event and different between events; empty: there is no such thing, and
            equal fields are one event.
        message: What is the same in all events of one message to one recipient.
        rows: SELECT over ``src`` (the columns and ``n``, the line) where a record is not one event; it passes ``n`` on.
        several: Whether one record may become several of those rows, or none.
        ping: Condition for records that are no events and no damage, such as test pings.
        lists: Keys under which one object may hold a list of events (an API's answer).
        unique_ids: Whether copies of events are dropped (webhooks are delivered at least once); logs of mail servers
            hold none, and two equal records are two events.
        joined: Which events fetch IP and pool from others of the same message: ``all``, or ``reactions``: those that
            count once per message and late bounces, from deliveries and refusals, which takes far less time.
        late_bounces: Whether a bounce after a delivery looks like any other and is told by that delivery.
        cancels: Whether messages that were suppressed have an injection too, which then does not count.
        required: Columns without which a table cannot be read.
        evidence: For measures the kinds, any of which shows that the export holds what would tell of them, where these
            are others than those of :data:`EVIDENCE`.
        staging: How records are kept until all are known; None: each is an event.
        western: A table may be written in Windows-1252; called with the name of each that is. None: it is damaged then.
    """

    name: str
    columns: Mapping[str, str]
    type: str
    kind: str
    at: str
    recipient: str
    stream: str = "NULL"
    ip: str = "NULL"
    pool: str = "NULL"
    id: str = ""
    message: str = "NULL"
    rows: str = ""
    several: bool = False
    ping: str = "false"
    lists: tuple[str, ...] = ()
    unique_ids: bool = True
    joined: Literal["", "reactions", "all"] = ""
    late_bounces: bool = False
    cancels: bool = False
    layout: Literal["json", "csv", "text"] = "json"
    part: str = ""
    required: tuple[str, ...] = ()
    evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    staging: Staging | None = None
    western: Callable[[str], object] | None = None

    @property
    def by_message(self) -> bool:
        """Whether every event must be known by its message, not only those that count once per message."""
        return self.joined == "all" or self.late_bounces or self.cancels


def text(value: str) -> str:
    """A text as SQL."""
    return "'" + value.replace("'", "''") + "'"


def struct(columns: Mapping[str, str]) -> str:
    """The type of an object with these fields."""
    return f"STRUCT({', '.join(f'{quoted(name)} {kind}' for name, kind in columns.items())})"


def quoted(name: str) -> str:
    """A column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def code(kind: str) -> str:
    """The code of a kind as SQL."""
    return str(CODES[kind])


def cases(expression: str, meanings: Mapping[str, str]) -> str:
    """SQL for the code of what an expression's value means.

    Args:
        expression: SQL text.
        meanings: From its values to :data:`KINDS`, or to SQL in parentheses that gives the code.
    """
    whens: dict[str, list[str]] = {}
    for value, meaning in meanings.items():
        whens.setdefault(meaning if meaning.startswith("(") else code(meaning), []).append(text(value))
    # No IN lists: DuckDB makes joins of longer ones, which all rows pass instead of those that get here.
    parts = (
        f"WHEN {' OR '.join(f'{expression} = {one}' for one in values)} THEN {then}" for then, values in whens.items()
    )
    return f"CASE {' '.join(parts)} END"


def addressed(expression: str) -> str:
    """SQL for an address, NULL where it is none: what stands before a missing @ is no domain."""
    return f"CASE WHEN contains({expression}, '@') THEN {expression} END"


def no_domain(expression: str) -> str:
    """SQL in parentheses for whether a text cannot be a domain's name.

    It is too long (RFC 1035, section 2.3.4), or has other characters than letters of any script (RFC 5890), digits,
    hyphens and underscores between its dots. NULL for NULL.
    """
    return rf"(strlen({expression}) > 253 OR NOT regexp_full_match({expression}, '[-_.\p{{L}}\p{{M}}\p{{N}}]+'))"


def opened(person: str) -> str:
    """SQL in parentheses for the code of an open, from a condition that says it was no machine's; NULL: not known."""
    return f"(CASE WHEN {person} THEN {code('open_human')} ELSE {code('open')} END)"


def instant(expression: str) -> str:
    """SQL for the time that a text says: ISO 8601 with an offset, or seconds since 1970, also as text.

    More than six digits of a fraction are cut. A time without an offset is read in the zone of the session.
    """
    number = f"TRY_CAST({expression} AS DOUBLE)"
    # to_timestamp raises beyond its range; whatever is not between 2000 and 2100 is no day of sending.
    seconds = f"CASE WHEN {number} BETWEEN 946684800 AND 4102444800 THEN to_timestamp({number}) END"
    return f"CASE WHEN {expression}[5] = '-' THEN TRY_CAST({expression} AS TIMESTAMPTZ) ELSE {seconds} END"


def sendable(moment: str) -> str:
    """SQL in parentheses for whether mail can have been sent at a time; false for NULL."""
    return f"coalesce({moment} BETWEEN TIMESTAMPTZ '2000-01-02' AND TIMESTAMPTZ '2099-12-31', false)"


def by_reply(expression: str) -> str:
    """SQL in parentheses for the code of hard, soft or block from an SMTP reply.

    Formats of platforms without classes of their own ask for it; :mod:`warmup.bounces` has the rules.
    """
    return bounces.sql(expression, {name: code(name) for name in bounces.BOUNCE_CLASSES})
