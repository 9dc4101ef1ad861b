"""Which column of a table means what, and what a tier is called elsewhere.

Exports name the same thing in many ways; the lists below hold the names seen in the platforms' documentation and the
plain words people choose. The first match in a list wins, so the better measure comes first.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.traffic.supply import TIERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MAX_COLUMNS = 2_000
"""Columns of a table that is read: exports have dozens, and each takes memory for all rows that are looked at."""

COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "date": ("date", "day", "send_date", "sent_date", "sent_on", "send_day", "event_date", "ts", "timestamp", "sent_at",
             "send_time", "time", "datum"),
    "domain": ("recipient_domain", "domain", "rcpt_domain", "to_domain", "email_domain", "routing_domain"),
    "address": ("recipient", "email", "email_address", "rcpt", "rcpt_to", "recipient_address", "address", "to"),
    "provider": ("provider", "mailbox_provider", "recipient_provider", "isp", "mail_provider", "inbox_provider"),
    "stream": ("stream", "stream_name", "message_stream", "mail_stream"),
    "tier": ("tier", "engagement_tier", "engagement", "engagement_segment"),
    "messages": ("messages", "message_count", "sent", "count_sent", "emails_sent", "messages_sent", "sends", "volume",
                 "emails", "count", "injected", "count_injected", "processed", "targeted", "count_targeted",
                 "delivered", "count_delivered", "accepted"),
}  # fmt: skip
"""Role of a column to its normalised names, the preferred name first."""

OUTCOME_NAMES: dict[str, tuple[str, ...]] = {
    "ip": ("ip", "sending_ip", "source_ip", "outgoing_ip"),
    "pool": ("pool", "ip_pool", "sending_pool"),
    "injected": ("injected", "count_injected", "injections"),
    "delivered": ("delivered", "count_delivered", "deliveries"),
    "hard": ("hard", "hard_bounces", "hard_bounce", "hard_bounced", "bounces_hard", "count_hard_bounce"),
    "soft": ("soft", "soft_bounces", "soft_bounce", "soft_bounced", "bounces_soft", "count_soft_bounce"),
    "block": ("block", "blocks", "blocked", "block_bounces", "block_bounce", "bounces_block", "count_block_bounce"),
    "deferred_msgs": ("deferred_msgs", "deferred_messages", "messages_deferred", "count_delayed_first"),
    "deferred_events": ("deferred_events", "deferrals", "count_delayed"),
    "oob": ("oob", "out_of_band", "out_of_band_bounces", "oob_bounces", "late_bounces", "count_outofband_bounce"),
    "suppressed": ("suppressed", "suppressions", "dropped", "drops"),
    "complaint": ("complaint", "complaints", "spam_complaints", "spam_reports", "abuse_reports",
                  "count_spam_complaint"),
    "unsub": ("unsub", "unsubs", "unsubscribes", "unsubscribed", "unsubscribe", "unsubscriptions",
              "count_unsubscribe"),
    "click": ("click", "unique_clicks", "clicks_unique", "count_unique_clicked"),
    "open_human": ("open_human", "human_opens", "opens_human", "unique_human_opens"),
    "open_any": ("open_any", "unique_opens", "opens_unique", "count_unique_confirmed_opened"),
}  # fmt: skip
"""The same for where mail was sent from and what became of it. A name that may mean two things is in none: ``clicks``
may count people or clicks, ``deferred`` messages or attempts, ``rejected`` what was never sent or what was refused."""

ROLES: tuple[str, ...] = (*COLUMN_NAMES, *OUTCOME_NAMES)
"""All that a column of a table can be."""

DELIVERED = frozenset({"delivered", "count_delivered", "accepted"})
"""Names of ``messages`` that leave out what was refused: a lower bound of what is sent."""

_TIER_NAMES: dict[str, tuple[str, ...]] = {
    "0_30": ("30", "le_30", "30d", "0_30d", "0_30_days", "new", "new_signup", "new_signup_30d", "signup_30d"),
    "31_60": ("60", "30_60", "31_60d", "31_60_days"),
    "61_90": ("90", "60_90", "61_90d", "61_90_days"),
    "91_180": ("180", "90_180", "91_180d", "91_180_days"),
    "181_365": ("365", "180_365", "181_365d", "181_365_days"),
    "machine_only": ("machine", "machine_open_only", "machine_opens_only", "mpp_only"),
    "older_or_never": ("older", "never", "over_365", "gt_365", "365_plus", "inactive", "none", "unengaged"),
}
_TIER_OF = {name: tier for tier, names in _TIER_NAMES.items() for name in (tier, *names)}
_NO_TIER = frozenset({"", "all", "any", "unknown", "na", "n_a", "null"})


def normal(name: str) -> str:
    """A column or tier name without case, spaces and punctuation: ``" Send Date"`` → ``send_date``."""
    spelled = name.strip().lower().replace("<=", "le_").replace("≤", "le_").replace(">", "gt_")
    return re.sub(r"[^a-z0-9]+", "_", spelled).strip("_")


def pick(header: Sequence[str], given: Mapping[str, str] | None = None) -> dict[str, int]:
    """Assign :data:`ROLES` to the positions of a header; roles without a column are left out.

    Args:
        header: Column names as written.
        given: Role to column, where the names do not speak for themselves (see :func:`wrong_columns`). A column given
            for one role has no other; an empty one says that there is none.
    """
    position: dict[str, int] = {}
    for index, name in enumerate(header):
        position.setdefault(normal(name), index)
    given = given or {}
    found = {role: position[normal(column)] for role, column in given.items() if column and normal(column) in position}
    position = {name: index for name, index in position.items() if index not in found.values()}
    for role, names in (COLUMN_NAMES | OUTCOME_NAMES).items():
        if role in found or given.get(role) == "":
            continue
        for name in names:
            if name in position:
                found[role] = position[name]
                break
    return found


def wrong_columns(header: Sequence[str], given: Mapping[str, str], name: str) -> Iterator[Problem]:
    """What is wrong with columns that were given for roles: no such role, no such column."""
    for role, column in given.items():
        if role not in ROLES:
            fix = did_you_mean(role, ROLES) or f"a table has {', '.join(ROLES)}"
            yield Problem(name, f"{role!r} is nothing that a table is read for", fix)
        elif column and normal(column) not in map(normal, header):
            fix = did_you_mean(column, header) or f"its columns are {', '.join(map(repr, header[:20]))}"
            yield Problem(name, f"has no column {column!r} for {role!r}", fix)


def tier_of(text: str) -> str | None:
    """The tier of :data:`~warmup.traffic.supply.TIERS` that ``text`` means; None where it says there is none.

    Raises:
        KeyError: The text is not a name of a tier.
    """
    name = normal(text).removeprefix("engaged_")
    return None if name in _NO_TIER else _TIER_OF[name]


def tier_help() -> str:
    """What to write instead of an unknown tier, for an error message."""
    return f"write one of {', '.join(TIERS)}, or leave it empty"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``did you mean "x"?`` when one of ``known`` is close, else an empty text."""
    spelled = {item.casefold(): item for item in known}
    close = get_close_matches(name.casefold(), spelled, n=1)
    return f'did you mean "{spelled[close[0]]}"?' if close else ""


def check_width(name: str, header: Sequence[str], line: str = "\n") -> None:
    """Refuse a table with more columns than any export has.

    Args:
        name: What messages call the file.
        header: Its column names.
        line: The text from the header on, as far as it was looked at: without an end, the header is longer than that.

    Raises:
        InputError: It has.
    """
    if len(header) > MAX_COLUMNS or not ("\n" in line or "\r" in line):
        what = f"has a header of more than {MAX_COLUMNS:,} columns or 64 KB"
        raise InputError(Problem(name, what, "export only the columns that are asked for"))
