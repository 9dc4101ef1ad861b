"""Which column of a table means what, and what a tier is called elsewhere.

Exports name the same thing in many ways; the lists below hold the names seen in the platforms' documentation and the
plain words people choose. The first match in a list wins, so the better measure comes first.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from warmup.traffic.supply import TIERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


def pick(header: Sequence[str]) -> dict[str, int]:
    """Assign the roles of :data:`COLUMN_NAMES` to the positions of a header; roles without a column are left out."""
    position: dict[str, int] = {}
    for index, name in enumerate(header):
        position.setdefault(normal(name), index)
    found = {}
    for role, names in COLUMN_NAMES.items():
        for name in names:
            if name in position:
                found[role] = position[name]
                break
    return found


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
