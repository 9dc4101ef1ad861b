"""What the technical account manager writes: a migration described in TOML, validated.

The models are the border: pydantic, frozen, unknown keys refused. :func:`warmup.scenario_file.load_scenario` reads a
file, checks dates and names against each other and reports *all* problems at once with file and key. Dates are days in
``Scenario.timezone``; volumes are messages; shares are fractions of 1. Every default that is a rule of the field names
its source in its description, and the report prints it among the assumptions.
"""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from warmup.scenario_calendar import Calendar, DateRange, Days, Holiday, Peak, SendWindow, expand_days
from warmup.scenario_types import (
    Address,
    Count,
    Day,
    Domain,
    Flag,
    Model,
    Name,
    Positive,
    Share,
    Text,
    Whole,
    Zone,
    day,
    listed,
    number,
    shown,
)

__all__ = [
    "Calendar",
    "CeilingSetting",
    "DateRange",
    "Days",
    "HistorySource",
    "Holiday",
    "Identity",
    "Legacy",
    "NewPlatform",
    "Override",
    "Peak",
    "Policy",
    "Pool",
    "Scenario",
    "SendWindow",
    "SendingIP",
    "Stream",
    "expand_days",
    "load_scenario",
]

PreflightState = Literal["done", "not done"]
Kind = Literal["transactional", "marketing", "critical"]


def load_scenario(path: str | Path) -> Scenario:
    """Read and check a scenario file; see :func:`warmup.scenario_file.load_scenario`.

    Args:
        path: The TOML file. Paths in it start from its folder.

    Returns:
        The scenario, with ``base_dir`` set to the file's folder.

    Raises:
        InputError: Everything that is wrong with the file, all at once.
        UndeterminedError: The file exists but cannot be read.
    """
    from warmup.scenario_file import load_scenario as load

    return load(path)


AUTO = "auto"


def _formats() -> list[str]:
    """``auto`` and the name of every reader: a new file among the readers is all that a new platform takes."""
    from warmup.traffic.readers import readers

    return [AUTO, *sorted(readers())]


def _format(value: str) -> str:
    if value != AUTO and value not in (known := _formats()):
        near = get_close_matches(value.casefold(), known, n=1)
        fix = f'did you mean "{near[0]}"?' if near else f"formats that can be read: {', '.join(known)}"
        raise ValueError(f"there is no format {shown(value)}; {fix}")
    return value


class _FormatSchema:
    """Lets the JSON Schema name the formats; the readers are only asked when a schema is made."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), "enum": _formats()}


ExportFormat = Annotated[str, AfterValidator(_format), _FormatSchema]


class HistorySource(Model):
    """Where a stream's sending history is.

    A plain string in TOML is ``{path = "…"}``. One file may serve several streams when it has a ``stream`` column.
    """

    path: Text = Field(
        description="File, folder or pattern, relative to the scenario", examples=["history.csv", "exports/*.json"]
    )
    format: ExportFormat = Field("auto", description="auto: recognised from the content")
    provider: Name | None = Field(None, description="For files of one mailbox provider (SparkPost time series)")
    metric: Name = Field("count_sent", description="Which count of a SparkPost series is the volume sent")
    timezone: Zone | None = Field(
        None,
        description="Zone of the file's days where it differs from the scenario's (SparkPost day precision is UTC)",
    )
    max_bad: float = Field(
        0.01, ge=0, le=1, description="Share of an export's records that may be damaged; more is refused"
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="Which column of a table means what, where its name does not say it: date, domain, address, "
        "provider, stream, tier, messages, or an outcome (delivered, hard, soft, block …); an empty name: it has none",
        examples=[{"date": "Sent on", "messages": "Recipients"}],
    )


def _history(value: Any) -> Any:
    return [{"path": item} if isinstance(item, str) else item for item in listed(value)]


History = Annotated[
    list[HistorySource],
    Field(min_length=1),
    BeforeValidator(_history, json_schema_input_type=str | HistorySource | list[str | HistorySource]),
]


class Legacy(Model):
    """The platform the customer leaves."""

    name: Name = Field("legacy platform", description="What the customer calls it")
    until: Day | None = Field(None, description="Last day it may send; none: no end is agreed", examples=["2026-06-30"])
    capacity: Positive | None = Field(None, description="Messages a day it can carry; none: as much as today")
    ips: Positive | None = Field(None, description="Number of its sending IPs (for keeping it warm)")
    keep_warm: Count = Field(
        0,
        description="Messages per provider, day and legacy IP held there until 14 days after completion "
        "(SES: about 1,000)",
    )


class NewPlatform(Model):
    """The platform the customer moves to."""

    name: Name = Field("Bird Email Premium", description="What the report calls it")
    autowarm: Literal["bird", "sparkpost", "off"] = Field(
        "bird", description="Warm-up that the platform runs by itself"
    )
    overflow: Name = Field("shared", description='Where its excess goes: "shared", "none" or the name of a warm pool')
    overflow_capacity: Positive | None = Field(
        None, description="Messages a day the overflow can take; none: no limit known"
    )
    mode: Literal["ramp", "byoip"] = Field(
        "ramp", description="byoip: the customer's own warm block (/24 or more) moves whole"
    )


class SendingIP(Model):
    """One dedicated IP; a plain string in TOML is its address."""

    address: Address = Field(description="IPv4 or IPv6", examples=["192.0.2.10"])
    start: Day | None = Field(None, description="First sending day of this IP; default: the pool's")


def _ip(value: Any) -> Any:
    return {"address": value} if isinstance(value, str) else value


class Pool(Model):
    """A pool of dedicated IPs. Give the addresses, or only their number while they are not assigned."""

    name: Name = Field(description="Name on the new platform", examples=["marketing"])
    ips: list[Annotated[SendingIP, BeforeValidator(_ip, json_schema_input_type=str | SendingIP)]] = Field(
        default_factory=list, description="Its addresses; a table where an IP has a start of its own"
    )
    ip_count: Annotated[int, Field(ge=0, le=65_536), BeforeValidator(number)] | None = Field(
        None, description="Number of IPs while the addresses are not known (a file needs at least 1)"
    )
    start: Day | None = Field(None, description="First sending day; default: the scenario's start")
    capacity_per_ip: Positive | None = Field(None, description="Messages a day per IP once warm; default: the policy's")

    @model_validator(mode="after")
    def _ips_or_count(self) -> Pool:
        if self.ips and self.ip_count is not None and self.ip_count != len(self.ips):
            raise ValueError(
                f"ip_count is {self.ip_count} but {len(self.ips)} addresses are listed; leave ip_count out"
            )
        if not self.ips and self.ip_count is None:
            raise ValueError('needs ips = ["192.0.2.10"] or ip_count = 1')
        return self

    @property
    def size(self) -> int:
        """Number of IPs."""
        return len(self.ips) if self.ips else (self.ip_count or 0)


class Identity(Model):
    """The names a recipient's provider sees: From domain, DKIM d=, return-path and tracking host."""

    from_domain: Domain = Field(description="Domain of the From address", examples=["news.example.com"])
    dkim: Domain | None = Field(None, description="DKIM d=; default: the From domain")
    return_path: Domain | None = Field(None, description="Domain of the envelope sender (bounces)")
    tracking: Domain | None = Field(None, description="Host of tracking links")

    @property
    def key(self) -> tuple[str, str]:
        """What reputation sticks to: From domain and d=."""
        return (self.from_domain, self.dkim or self.from_domain)


class Stream(Model):
    """One kind of mail: newsletter, receipts and so on."""

    name: Name = Field(
        description="Its name; the `stream` column of the history uses the same", examples=["newsletter"]
    )
    pool: Name | None = Field(None, description="Pool on the new platform; may be left out when there is only one")
    kind: Kind = Field("marketing", description="critical (one-time passwords) moves last")
    spread_days: Annotated[int, Field(ge=1, le=30), BeforeValidator(number)] = Field(
        1, description="A send may be spread over so many sending days"
    )
    priority: Whole = Field(100, description="Smaller goes first among streams of one kind and tier")
    identity_old: Identity | None = Field(None, description="Names on the legacy platform")
    identity_new: Identity | None = Field(None, description="Names on the new platform; default: unchanged")
    history: History | None = Field(None, description="File or files; default: the scenario's history")
    audience: Text | None = Field(
        None, description="Counts per provider, stream and engagement tier; default: the scenario's"
    )
    include_never: Flag = Field(False, description="Take recipients without engagement for over 365 days into scope")
    split: Literal["count", "percent"] = Field(
        "count",
        description="percent: this stream cannot be counted out per provider; the tightest provider sets one share",
    )

    @property
    def identity_changes(self) -> bool:
        """Whether From or d= is new with the new IPs."""
        if self.identity_old is None or self.identity_new is None:
            return False
        return self.identity_old.key != self.identity_new.key


class CeilingSetting(Model):
    """A starting ceiling at one mailbox provider; `warmup ramps` shows the defaults and their sources."""

    daily: Count | None = Field(None, description="Messages per IP and day")
    hourly: Count | None = Field(None, description="Messages per IP and hour")
    for_sending_days: Positive | None = Field(
        None, description="How long it lasts; none together with permanent = true"
    )
    permanent: Flag = Field(False, description="It never ends")
    growth_after: Annotated[float, Field(gt=1, le=1000), BeforeValidator(number)] | None = Field(
        None, description="Largest growth a sending day after it"
    )

    @model_validator(mode="after")
    def _lasts(self) -> CeilingSetting:
        if self.permanent == (self.for_sending_days is not None):
            raise ValueError("needs either for_sending_days or permanent = true")
        if self.daily is None and self.hourly is None:
            raise ValueError("needs daily or hourly")
        return self


def _ceiling_or_off(value: Any) -> str:
    return "<off>" if isinstance(value, bool) else "<ceiling>"


Ceiling = Annotated[
    Annotated[CeilingSetting, Tag("<ceiling>")] | Annotated[Literal[False], Tag("<off>")],
    Discriminator(_ceiling_or_off),
]


class Override(Model):
    """Who decided against a warning, and why. Printed in the report."""

    name: Name = Field(description="Who decided", examples=["Ada Example"])
    reason: Name = Field(description="Why", examples=["the contract ends in December"])


def _pace(value: Any) -> Any:
    if value is None or value == "deadline":
        return value
    if isinstance(value, bool | str) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError(f'must be a number above 0 and up to 1, or "deadline", not {shown(value)}')
    return value


Pace = Annotated[
    Annotated[float, Field(gt=0, le=1)] | Literal["deadline"] | None,
    BeforeValidator(_pace, json_schema_input_type=Annotated[float, Field(gt=0, le=1)] | Literal["deadline"]),
]


class Policy(Model):
    """How fast, in what order, how careful."""

    ramp: Name | None = Field(
        None,
        description="standard, conservative, or a ladder of `warmup ramps`; default: decided from the list",
    )
    pace: Pace = Field(None, description="0 < a <= 1, or deadline: the gentlest that completes in time; default 1")
    final_volume: Positive | None = Field(
        None, description="For ladders in percent; default: the largest regular send day"
    )
    tiers: Flag = Field(True, description="Engagement tiers open one after another (SparkPost plan)")
    ceilings: dict[str, Ceiling] = Field(
        default_factory=dict, description="Per mailbox provider, replacing the default; false: none"
    )
    horizon_days: Annotated[int, Field(ge=14, le=730), BeforeValidator(number)] = Field(
        180, description="Days the plan looks ahead"
    )
    control_share: Share = Field(
        0.05, description="Held back on legacy as a control group until completion (practice: 5-10 %)"
    )
    capacity_per_ip: Positive = Field(
        2_000_000, description="Messages a day per warm IP (low end of SparkPost's 2-5 M)"
    )
    microsoft_shared: Flag = Field(
        False, description="One clock for consumer Outlook and Microsoft 365 (Adobe counts them together)"
    )
    csa_certified: Flag = Field(False, description="Lifts the United Internet ceiling")
    hard_bounce_rate: Share | None = Field(None, description="Measured on legacy; unknown counts as above 1 %")
    override: Override | None = Field(None, description="Needed to start within 8 weeks of a declared peak")


def _preflight(value: Any) -> Any:
    if value in ("done", "not done"):
        return value
    if isinstance(value, date):
        return day(value)
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f'must be "done", "not done" or a date such as 2026-02-10, not {shown(value)}') from None


Readiness = Annotated[PreflightState | date, BeforeValidator(_preflight, json_schema_input_type=PreflightState | date)]


_Folder = SkipJsonSchema[Path]  # set by the loader; no key of the file


class Scenario(Model):
    """One customer's migration."""

    customer: Name = Field(description="The customer's name", examples=["Example Shop"])
    start: Day = Field(description="First sending day of the new IPs", examples=["2026-02-03"])
    deadline: Day | None = Field(
        None, description="Day by which the migration must be complete", examples=["2026-04-30"]
    )
    timezone: Zone = Field("UTC", description="IANA time zone that all days and hours are meant in")
    history: History | None = Field(
        None, description="Sending history of all streams, unless a stream names its own", examples=["history.csv"]
    )
    audience: Text | None = Field(None, description="Counts per provider, stream and engagement tier")
    legacy: Legacy = Field(
        default_factory=lambda: Legacy.model_validate({}), description="The platform the customer leaves"
    )
    new: NewPlatform = Field(
        default_factory=lambda: NewPlatform.model_validate({}), description="The platform the customer moves to"
    )
    pools: list[Pool] = Field(min_length=1, description="Pools of dedicated IPs on the new platform")
    streams: list[Stream] = Field(min_length=1, description="The kinds of mail that move")
    calendar: Calendar = Field(default_factory=lambda: Calendar.model_validate({}), description="The customer's days")
    policy: Policy = Field(
        default_factory=lambda: Policy.model_validate({}), description="How fast, in what order, how careful"
    )
    preflight: dict[str, Readiness] = Field(
        default_factory=dict, description='Item = "done", a due date, or "not done"; unset: assumed done in time'
    )
    base_dir: _Folder = Field(
        Path(), exclude=True, description="Folder that relative paths start from; set by the loader"
    )

    def __eq__(self, other: object) -> bool:
        """Same migration: where its files lie on this machine is no part of it (a plan does not store it)."""
        if not isinstance(other, Scenario):
            return NotImplemented
        return all(
            getattr(self, name) == getattr(other, name) for name in type(self).model_fields if name != "base_dir"
        )

    def __hash__(self) -> int:
        return hash((self.customer, self.start))

    @property
    def zone(self) -> ZoneInfo:
        """The time zone all days are meant in."""
        return ZoneInfo(self.timezone)

    def pool_of(self, stream: Stream) -> Pool:
        """The pool a stream is sent from on the new platform."""
        name = stream.pool or self.pools[0].name
        return next(pool for pool in self.pools if pool.name == name)

    def start_of(self, pool: Pool) -> date:
        """First sending day of a pool."""
        return pool.start or self.start
