"""Which column of a recipient list holds the domain, the stream and each date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from warmup.errors import InputError, Problem
from warmup.traffic.columns import COLUMN_NAMES, did_you_mean, normal
from warmup.traffic.recipients.rule import SIGNALS
from warmup.traffic.wording import quote, some

_NAMES: dict[str, tuple[str, ...]] = {
    "domain": COLUMN_NAMES["domain"],
    "address": (*COLUMN_NAMES["address"], "e_mail", "mail", "subscriber", "subscriber_email", "email_id",
                "recipient_email"),
    "stream": COLUMN_NAMES["stream"],
    "human_open": ("last_open_human", "last_human_open", "human_open", "last_open_real", "last_real_open",
                   "last_nonmachine_open", "last_open_non_machine"),
    "any_open": ("last_open_any", "last_any_open", "any_open", "last_open", "last_open_date", "last_opened",
                 "last_opened_at", "last_opened_date", "last_open_at", "open_date", "last_email_open"),
    "click": ("last_click", "last_click_date", "last_clicked", "last_clicked_at", "last_clicked_date", "last_click_at",
              "click_date", "last_email_click"),
    "purchase": ("last_purchase", "last_purchase_date", "last_purchased", "last_purchased_at", "last_order",
                 "last_order_date", "last_order_at", "purchase_date"),
    "login": ("last_login", "last_login_date", "last_login_at", "last_logged_in", "last_sign_in", "last_signin",
              "last_sign_in_at", "last_session"),
    "signup": ("signup_date", "signup", "sign_up", "sign_up_date", "signed_up", "signed_up_at", "signup_at",
               "subscribed_at", "subscribe_date", "subscription_date", "date_subscribed", "optin_date", "opt_in_date",
               "confirm_time", "optin_time", "created_at", "created", "created_date", "date_added", "date_joined"),
}  # fmt: skip
"""Role of a column to its normalised names, the preferred name first."""

MAILCHIMP = frozenset({"member_rating", "optin_time", "confirm_time", "leid", "euid"})
"""Columns by which an audience exported from Mailchimp is known (it has no date of an open or a click)."""

STANDING = frozenset({
    "status", "subscriber_status", "subscription_status", "email_status", "consent", "opt_in", "opted_in", "optin",
    "subscribed", "is_subscribed", "unsubscribed", "unsubscribed_at", "opted_out", "opt_out", "bounced", "is_active",
    "suppressed", "deleted",
})  # fmt: skip
"""Columns that may say who gets no mail. Their values are the customer's own words, so nobody is left out for them."""

ROLES: tuple[str, ...] = ("domain", "address", "stream", *SIGNALS)

NO_DOMAIN = "addresses that are hashed have none: ask for a column recipient_domain beside them, or check which it is"
"""What to do about a list of no domains."""

_HASHED = re.compile(r"hash|sha_?(1|2|3|256|512)|md5|digest")


@dataclass(frozen=True)
class Columns:
    """Names of the columns that are read; every other column is left alone.

    Attributes:
        domain: Column of the recipient domain; empty if the list has addresses.
        address: Column of the address, of which only what follows the last @ is ever kept; empty if there is none.
        stream: Column of the stream; empty if the list has one stream or none is named.
        dates: Signal of :data:`~warmup.traffic.recipients.rule.SIGNALS` to its column.
    """

    domain: str = ""
    address: str = ""
    stream: str = ""
    dates: Mapping[str, str] = field(default_factory=dict)

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals there are, in the order of :data:`~warmup.traffic.recipients.rule.SIGNALS`."""
        return tuple(signal for signal in SIGNALS if signal in self.dates)

    def of(self, role: str) -> str:
        """Column of a role; empty if there is none."""
        return str(self.dates.get(role, "")) if role in SIGNALS else str(getattr(self, role))


def assign(header: Sequence[str], name: str, given: Mapping[str, str] | None = None) -> Columns:
    """Find the columns of a recipient list.

    Args:
        header: Column names as written.
        name: What messages call the list.
        given: Role (``domain``, ``address``, ``stream``, ``human_open``, ``any_open``, ``click``, ``purchase``,
            ``login``, ``signup``) to column, where the names do not speak for themselves. An empty column says that
            there is none.

    Raises:
        InputError: There is no domain and no address, or no date at all, or ``given`` names what is not there.
    """
    wanted = dict(given or {})
    problems = [*_unknown_roles(wanted, name), *_missing(wanted, header, name)]
    found = known_roles([column for column in header if column not in wanted.values()]) | wanted
    columns = Columns(
        domain=found.get("domain", ""),
        address="" if found.get("domain") else found.get("address", ""),
        stream=found.get("stream", ""),
        dates={signal: found[signal] for signal in SIGNALS if found.get(signal)},
    )
    if not problems:
        problems = list(_lacking(columns, header, name))
    if problems:
        raise InputError(problems)
    return columns


def known_roles(header: Sequence[str]) -> dict[str, str]:
    """Roles whose columns speak for themselves."""
    spelled: dict[str, str] = {}
    for column in header:
        spelled.setdefault(normal(column), column)
    pairs = ((role, next((spelled[one] for one in names if one in spelled), "")) for role, names in _NAMES.items())
    return {role: column for role, column in pairs if column}


def is_mailchimp(header: Sequence[str]) -> bool:
    """Whether a list is an audience exported from Mailchimp."""
    return {normal(column) for column in header} >= MAILCHIMP


def _unknown_roles(wanted: Mapping[str, str], name: str) -> Iterable[Problem]:
    for role in wanted:
        if role not in ROLES:
            fix = did_you_mean(role, ROLES) or f"the columns that are read are {', '.join(ROLES)}"
            yield Problem(name, f"{quote(role)} is nothing that a recipient list is read for", fix)


def _missing(wanted: Mapping[str, str], header: Sequence[str], name: str) -> Iterable[Problem]:
    for role, column in wanted.items():
        if column and column not in header:
            fix = did_you_mean(column, header) or f"its columns are {_shown(header)}"
            yield Problem(name, f"has no column {quote(column)} for {role}", fix)


def _lacking(columns: Columns, header: Sequence[str], name: str) -> Iterable[Problem]:
    if not columns.domain and not columns.address:
        what = f"has no column of recipient domains; its columns are {_shown(header)}"
        hashed = any(_HASHED.search(normal(column)) for column in header)
        yield Problem(name, what, NO_DOMAIN if hashed else "name it domain (or email: only what follows the @ is kept)")
    if not columns.dates:
        what = f"has no date of an open, click, purchase, login or sign-up; its columns are {_shown(header)}"
        yield Problem(name, what, "name them last_open_human, last_open_any, last_click, last_purchase, signup_date")


def _shown(header: Sequence[str]) -> str:
    return some((quote(column) for column in header if column), 20) or "none"
