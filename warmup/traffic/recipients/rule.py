"""When a recipient counts as engaged: the tiers, their cut-off dates, and nothing about where the dates come from.

The rule (design 4.6): a tier is days since the last *human* open, click, purchase or login; a sign-up up to 30 days ago
counts as engaged within 30 days, in a column of its own; opens that only machines made are a tier of their own and
never engaged; no signal within 365 days is ``older_or_never``. "Within 30 days" includes the 30th.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

SIGNALS: tuple[str, ...] = ("human_open", "any_open", "click", "purchase", "login", "signup")
"""What a recipient's dates can tell, best known column order: last human open, last open of any kind, …, sign-up."""

ACTS: tuple[str, ...] = ("click", "purchase", "login")
"""Signals that need no open: they hold whatever opens are worth."""

TIER_COLUMNS: tuple[str, ...] = (
    "engaged_0_30",
    "new_signup_30d",
    "engaged_31_60",
    "engaged_61_90",
    "engaged_91_180",
    "engaged_181_365",
    "machine_open_only",
    "older_or_never",
)
"""Columns of the counts, most engaged first; the SELECT calls them 0 to 7. Nobody is in two."""

NEVER = date(1900, 1, 1)
"""Stands for "no date" inside the SELECT, where a NULL would need a case of its own in every comparison."""

EARLIEST = date(1990, 1, 1)
"""No mailing list is older: an earlier date is a placeholder (1900-01-01, 1970-01-01) or could not be read."""

GRACE_DAYS = 1
"""Days after the cut-off day that are believed: exports in UTC run ahead of the customer's calendar."""

_LAST_DAYS = {"engaged_0_30": 30, "engaged_31_60": 60, "engaged_61_90": 90, "engaged_91_180": 180}
_LAST_DAYS["engaged_181_365"] = 365


@dataclass(frozen=True)
class Rule:
    """The tiers as of one day.

    Attributes:
        as_of: The day the ages are counted from: the day of the export.
    """

    as_of: date

    def since(self, column: str) -> date:
        """First day that counts for an engaged tier, e.g. ``engaged_0_30``."""
        return self.as_of - timedelta(days=_LAST_DAYS[column])

    @property
    def engaged(self) -> tuple[str, ...]:
        """The engaged tiers, most engaged first."""
        return tuple(_LAST_DAYS)

    @property
    def future(self) -> date:
        """First day that cannot have happened yet."""
        return self.as_of + timedelta(days=GRACE_DAYS + 1)


def days_of(column: str) -> int:
    """The last day of an engaged tier: 30 of ``engaged_0_30``."""
    return _LAST_DAYS[column]
