"""The kinds of value a scenario is made of, and what each refuses.

TOML has real dates, times, numbers and booleans, so a value of another kind is nearly always a slip of the pen. These
types refuse it in words a person can act on, where pydantic's own conversions would accept it with another meaning
(``9`` as nine seconds past midnight, ``0`` as 1 January 1970, ``true`` as the number 1).
"""

from __future__ import annotations

import ipaddress
import unicodedata
from datetime import date, datetime, time
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema

TAGS = frozenset({"<day>", "<range>", "<ceiling>", "<off>"})
"""Marks that pydantic puts into the place of an error where a value may be one of two kinds; no part of the file."""

EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
"""Days a migration can lie on; anything else is a mistyped year."""

MOST = 1_000_000_000_000
"""No customer sends more messages a day; larger numbers are typing errors and would overflow 64-bit sums."""


class Model(BaseModel):
    """Base of all scenario models: unknown keys, infinities and later changes are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


def listed(value: Any) -> Any:
    """One value, or a list of them, as a list."""
    return value if isinstance(value, list) else [value]


def plain(value: str) -> str:
    """Refuse control and invisible characters in names: they end up in calendars, sheets and SQL.

    Unusual spaces (such as the no-break space that word processors insert) become a plain one.
    """
    value = "".join(" " if unicodedata.category(c) == "Zs" else c for c in value).strip()
    if any(not c.isprintable() for c in value):
        raise ValueError("must not contain line breaks, control or invisible characters")
    return value


def day(value: Any) -> date:
    """A date without a time, given as a TOML date or as ISO text."""
    if isinstance(value, datetime):
        raise ValueError(f"is a date with a time; write the date alone: {value.date().isoformat()}")
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(f"{shown(value)} is not a date; write it as 2026-02-03 (year-month-day)") from None
    if not isinstance(value, date):
        raise ValueError(f"must be a date such as 2026-02-03, not {shown(value)}")
    if not EARLIEST <= value <= LATEST:
        raise ValueError(f"{value.isoformat()} lies outside {EARLIEST.year} to {LATEST.year}; check the year")
    return value


def clock(value: Any) -> time:
    """A time of day without a UTC offset: days and hours are in the scenario's time zone."""
    if isinstance(value, str):
        try:
            value = time.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(f'{shown(value)} is not a time of day; write it as "09:00"') from None
    if not isinstance(value, time):
        raise ValueError(f'must be a time of day such as "09:00", not {shown(value)}')
    if value.tzinfo is not None:
        raise ValueError("must not have a UTC offset: times are in the scenario's timezone")
    return value


def number(value: Any) -> Any:
    """Refuse text and booleans where a number is meant; pydantic checks the rest."""
    if isinstance(value, bool | str):
        raise ValueError(f"must be a number without quotes, not {shown(value)}")
    return value


def address(value: str) -> str:
    """One IP address that mail can be sent from, in its canonical spelling (IPv4 mapped into IPv6 becomes IPv4)."""
    if "/" in value:
        raise ValueError(f"{shown(value)} is a network; list its addresses, or give only their number with ip_count")
    try:
        found = ipaddress.ip_address(value)
    except ValueError:
        raise ValueError(f"{shown(value)} is not an IP address, e.g. 192.0.2.10") from None
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id is not None:
            raise ValueError(f"{shown(value)} has a zone index; mail cannot be sent to others from it")
        found = found.ipv4_mapped or found
    if found.is_loopback or found.is_multicast or found.is_unspecified or found.is_link_local:
        raise ValueError(f"{shown(value)} is a reserved address that no mail can be sent from")
    return str(found)


def zone(value: str) -> str:
    """The name of an IANA time zone."""
    if value not in available_timezones():
        raise ValueError(f"{shown(value)} is not an IANA time zone, e.g. Europe/London")
    return value


def domain(value: str) -> str:
    """A domain name in the spelling of DNS: lower case, no final dot, international labels as ``xn--``."""
    from warmup.providers.names import normalise

    found = normalise(value)
    if found is None:
        raise ValueError(f"{shown(value)} is not a domain name, e.g. news.example.com")
    return found


def shown(value: Any) -> str:
    """A value as it would be written in TOML, short enough for one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}…"'
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and abs(value) >= 10**18:
        return "a number of more than 18 digits"
    return str(value)


Day = Annotated[date, BeforeValidator(day)]
# JSON Schema's own format "time" would ask for seconds and an offset.
Clock = Annotated[
    time,
    BeforeValidator(clock),
    WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$", "examples": ["09:00"]}),
]
Text = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(plain)]
Name = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(plain)]
Address = Annotated[str, AfterValidator(address)]
Domain = Annotated[str, AfterValidator(domain)]
Zone = Annotated[str, AfterValidator(zone)]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Flag = Annotated[bool, Strict()]
# Bounds stand before the converter: only so do they reach the JSON Schema as minimum and maximum.
Whole = Annotated[int, Field(ge=-MOST, le=MOST), BeforeValidator(number)]
Count = Annotated[int, Field(ge=0, le=MOST), BeforeValidator(number)]
Positive = Annotated[int, Field(gt=0, le=MOST), BeforeValidator(number)]
Share = Annotated[float, Field(ge=0, le=1), BeforeValidator(number)]
