"""What the technical account manager writes: a migration described in TOML, validated.

The models are the border: pydantic, frozen, unknown keys refused. :func:`warmup.scenario_file.load_scenario` reads a
file, checks dates and names against each other and reports *all* problems at once with file and key. Dates are days in
``Scenario.timezone``; volumes are messages; shares are fractions of 1. Every default that is a rule of the field names
its source in its description, and the report prints it among the assumptions.
"""

from __future__ import annotations

import ipaddress
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

PreflightState = Literal["done", "not done"]
Kind = Literal["transactional", "marketing", "critical"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _plain(value: str) -> str:
    """Refuse control characters in names: they end up in calendars, sheets and SQL."""
    if any(not c.isprintable() for c in value):
        raise ValueError("must not contain line breaks or control characters")
    return value


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError("is not an IP address, e.g. 192.0.2.10") from None


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("is not an IANA time zone, e.g. Europe/London")
    return value


def _domain(value: str) -> str:
    value = value.rstrip(".").lower()
    if not value or " " in value or "@" in value or "." not in value:
        raise ValueError("is not a domain name, e.g. news.example.com")
    return _plain(value)


def _days(value: Any) -> Any:
    """Accept one date, a list of dates, or ``{from, to}`` ranges, mixed."""
    return value if isinstance(value, list) else [value]


Name = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_plain)]
Address = Annotated[str, AfterValidator(_address)]
Domain = Annotated[str, AfterValidator(_domain)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]


class DateRange(_Model):
    """Days from ``from`` to ``to``, both included."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")

    @model_validator(mode="after")
    def _ordered(self) -> DateRange:
        if self.last < self.first:
            raise ValueError(f"ends on {self.last} before it starts on {self.first}")
        return self

    def days(self) -> tuple[date, ...]:
        """Every day of the range."""
        return tuple(self.first + timedelta(n) for n in range((self.last - self.first).days + 1))


Days = Annotated[list[date | DateRange], BeforeValidator(_days)]


def expand_days(days: list[date | DateRange]) -> frozenset[date]:
    """Dates and ranges as one set of days."""
    out: set[date] = set()
    for item in days:
        out.update(item.days() if isinstance(item, DateRange) else (item,))
    return frozenset(out)


class HistorySource(_Model):
    """Where a stream's sending history is.

    A plain string in TOML is ``{path = "…"}``. One file may serve several streams when it has a ``stream`` column.
    """

    path: str = Field(min_length=1, description="File, relative to the scenario")
    format: Literal["auto", "tidy", "sparkpost-metrics"] = Field("auto", description="Recognised from the content")
    provider: str | None = Field(None, description="For files of one mailbox provider (SparkPost time series)")
    metric: str = Field("count_sent", description="Which count of a SparkPost series is the volume sent")
    timezone: Annotated[str, AfterValidator(_zone)] | None = Field(
        None, description="Zone of the file's days where it differs from the scenario's (SparkPost day precision is UTC)"
    )


def _history(value: Any) -> Any:
    items = value if isinstance(value, list) else [value]
    return [{"path": item} if isinstance(item, str) else item for item in items]


History = Annotated[list[HistorySource], BeforeValidator(_history)]


class Legacy(_Model):
    """The platform the customer leaves."""

    name: Name = "legacy platform"
    until: date | None = Field(None, description="Last day it may send; none: no end is agreed")
    capacity: Positive | None = Field(None, description="Messages a day it can carry; none: as much as today")
    ips: Positive | None = Field(None, description="Number of its sending IPs (for keeping it warm)")
    keep_warm: Count = Field(
        0, description="Messages per provider, day and legacy IP held there until 14 days after completion (SES: about 1,000)"
    )


class NewPlatform(_Model):
    """The platform the customer moves to."""

    name: Name = "Bird Email Premium"
    autowarm: Literal["bird", "sparkpost", "off"] = Field("bird", description="Warm-up that the platform runs by itself")
    overflow: Name = Field("shared", description='Where its excess goes: "shared", "none" or the name of a warm pool')
    overflow_capacity: Positive | None = Field(None, description="Messages a day the overflow can take; none: no limit known")
    mode: Literal["ramp", "byoip"] = Field("ramp", description="byoip: the customer's own warm block (/24 or more) moves whole")


class SendingIP(_Model):
    """One dedicated IP; a plain string in TOML is its address."""

    address: Address
    start: date | None = Field(None, description="First sending day of this IP; default: the pool's")


def _ip(value: Any) -> Any:
    return {"address": value} if isinstance(value, str) else value


class Pool(_Model):
    """A pool of dedicated IPs. Give the addresses, or only their number while they are not assigned."""

    name: Name
    ips: list[Annotated[SendingIP, BeforeValidator(_ip)]] = Field(default_factory=list)
    ip_count: Count | None = Field(None, description="Number of IPs while the addresses are not known")
    start: date | None = Field(None, description="First sending day; default: the scenario's start")
    capacity_per_ip: Positive | None = Field(None, description="Messages a day per IP once warm; default: the policy's")

    @model_validator(mode="after")
    def _ips_or_count(self) -> Pool:
        if self.ips and self.ip_count is not None and self.ip_count != len(self.ips):
            raise ValueError(f"ip_count is {self.ip_count} but {len(self.ips)} addresses are listed; leave ip_count out")
        if not self.ips and self.ip_count is None:
            raise ValueError('needs ips = ["192.0.2.10"] or ip_count = 1')
        return self

    @property
    def size(self) -> int:
        """Number of IPs."""
        return len(self.ips) if self.ips else (self.ip_count or 0)


class Identity(_Model):
    """The names a recipient's provider sees: From domain, DKIM d=, return-path and tracking host."""

    from_domain: Domain
    dkim: Domain | None = Field(None, description="DKIM d=; default: the From domain")
    return_path: Domain | None = None
    tracking: Domain | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What reputation sticks to: From domain and d=."""
        return (self.from_domain, self.dkim or self.from_domain)


class Stream(_Model):
    """One kind of mail: newsletter, receipts …"""

    name: Name
    pool: Name | None = Field(None, description="Pool on the new platform; may be left out when there is only one")
    kind: Kind = Field("marketing", description="critical (one-time passwords) moves last")
    spread_days: Annotated[int, Field(ge=1, le=30)] = Field(1, description="A send may be spread over so many sending days")
    priority: int = Field(100, description="Smaller goes first among streams of one kind and tier")
    identity_old: Identity | None = Field(None, description="Names on the legacy platform")
    identity_new: Identity | None = Field(None, description="Names on the new platform; default: unchanged")
    history: History | None = Field(None, description="Default: the scenario's history")
    audience: str | None = Field(None, description="Counts per provider, stream and engagement tier; default: the scenario's")
    include_never: bool = Field(False, description="Take recipients without engagement for over 365 days into scope")
    split: Literal["count", "percent"] = Field(
        "count", description="percent: this stream cannot be counted out per provider; the tightest provider sets one share"
    )

    @property
    def identity_changes(self) -> bool:
        """Whether From or d= is new with the new IPs."""
        if self.identity_old is None or self.identity_new is None:
            return False
        return self.identity_old.key != self.identity_new.key


class Peak(_Model):
    """A declared day (or days) of unusual volume, such as Black Friday."""

    name: Name
    days: Days
    streams: list[Name] = Field(default_factory=list, description="Default: every marketing stream")
    factor: Annotated[float, Field(gt=0)] | None = Field(None, description="Times the stream's usual send-day volume")
    messages: Positive | None = Field(None, description="Or the messages a day of each stream")

    @model_validator(mode="after")
    def _one_size(self) -> Peak:
        if (self.factor is None) == (self.messages is None):
            raise ValueError("needs either factor (times the usual day) or messages (a day)")
        return self


class Holiday(_Model):
    """Days on which the usual volume is multiplied by ``factor`` (0: nothing is sent)."""

    name: Name = "holiday"
    days: Days
    streams: list[Name] = Field(default_factory=list, description="Default: every stream")
    factor: Annotated[float, Field(ge=0)] = 0.0


class SendWindow(_Model):
    """Hours of the day in which mail goes out."""

    first: time = Field(time(9, 0), alias="from")
    last: time = Field(time(19, 0), alias="to")

    @model_validator(mode="after")
    def _ordered(self) -> SendWindow:
        if self.hours < 1:
            raise ValueError("must be at least one hour and must not pass midnight")
        return self

    @property
    def hours(self) -> float:
        """Length in hours."""
        return (self.last.hour * 60 + self.last.minute - self.first.hour * 60 - self.first.minute) / 60


class Calendar(_Model):
    """The customer's days."""

    silent: Days = Field(default_factory=list, description="The customer sends nothing")
    legacy_only: Days = Field(default_factory=list, description="Everything goes to legacy; memory decays")
    freeze: Days = Field(default_factory=list, description="Send, but do not grow")
    window: SendWindow = Field(default_factory=lambda: SendWindow.model_validate({}))
    peaks: list[Peak] = Field(default_factory=list)
    holidays: list[Holiday] = Field(default_factory=list)
    holiday_country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = Field(
        None, description="ISO country whose public holidays are noted beside the plan; volume changes only by `holidays`"
    )


class CeilingSetting(_Model):
    """A starting ceiling at one mailbox provider; ``warmup.ramps.default_ceilings`` has the defaults and their sources."""

    daily: Count | None = Field(None, description="Messages per IP and day")
    hourly: Count | None = Field(None, description="Messages per IP and hour")
    for_sending_days: Positive | None = Field(None, description="None together with permanent = true")
    permanent: bool = False
    growth_after: Annotated[float, Field(gt=1)] | None = Field(None, description="Growth a sending day after it")

    @model_validator(mode="after")
    def _lasts(self) -> CeilingSetting:
        if self.permanent == (self.for_sending_days is not None):
            raise ValueError("needs either for_sending_days or permanent = true")
        if self.daily is None and self.hourly is None:
            raise ValueError("needs daily or hourly")
        return self


class Override(_Model):
    """Who decided against a warning, and why. Printed in the report."""

    name: Name
    reason: Name


class Policy(_Model):
    """How fast, in what order, how careful."""

    ramp: Name | None = Field(
        None, description="standard, conservative, or a ladder of `warmup ramps`; default: decided from the list (design 4.10)"
    )
    pace: Annotated[float, Field(gt=0, le=1)] | Literal["deadline"] | None = Field(
        None, description="0 < a <= 1, or deadline: the gentlest that completes in time; default 1"
    )
    final_volume: Positive | None = Field(None, description="For ladders in percent; default: the largest regular send day")
    tiers: bool = Field(True, description="Engagement tiers open one after another (SparkPost plan)")
    ceilings: dict[str, CeilingSetting | Literal[False]] = Field(
        default_factory=dict, description="Per mailbox provider, replacing the default; false: none"
    )
    horizon_days: Annotated[int, Field(ge=14, le=730)] = 180
    control_share: Share = Field(0.05, description="Held back on legacy as a control group until completion (practice: 5-10 %)")
    capacity_per_ip: Positive = Field(2_000_000, description="Messages a day per warm IP (low end of SparkPost's 2-5 M)")
    microsoft_shared: bool = Field(False, description="One clock for consumer Outlook and Microsoft 365 (Adobe counts them together)")
    csa_certified: bool = Field(False, description="Lifts the United Internet ceiling")
    hard_bounce_rate: Share | None = Field(None, description="Measured on legacy; unknown counts as above 1 %")
    override: Override | None = Field(None, description="Needed to start within 8 weeks of a declared peak")


class Scenario(_Model):
    """One customer's migration."""

    customer: Name
    start: date = Field(description="First sending day of the new IPs")
    deadline: date | None = Field(None, description="Day by which the migration must be complete")
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    history: History | None = Field(None, description="Sending history of all streams, unless a stream names its own")
    audience: str | None = Field(None, description="Counts per provider, stream and engagement tier")
    legacy: Legacy = Field(default_factory=lambda: Legacy.model_validate({}))
    new: NewPlatform = Field(default_factory=lambda: NewPlatform.model_validate({}))
    pools: list[Pool] = Field(min_length=1)
    streams: list[Stream] = Field(min_length=1)
    calendar: Calendar = Field(default_factory=lambda: Calendar.model_validate({}))
    policy: Policy = Field(default_factory=lambda: Policy.model_validate({}))
    preflight: dict[str, PreflightState | date] = Field(
        default_factory=dict, description='Item = "done", a due date, or "not done"; unset: assumed done in time'
    )
    base_dir: Path = Field(Path(), exclude=True, description="Folder that relative paths start from; set by the loader")

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
