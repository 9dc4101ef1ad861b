"""What the data files of this room must look like: checked in the tests, and by whoever edits them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_Words = Annotated[str, Field(min_length=1)]
_Url = Annotated[str, Field(pattern=r"^https://\S+$")]
_Date = Annotated[str, Field(pattern=r"^20\d\d(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")]
_Level = Annotated[float, Field(gt=0)]
_Group = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
_Confidence = Literal["sourced", "partly", "judgement"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Table(_Record):
    """One printed table: a value for every day, or (day, value) pairs where a missing day holds the last one."""

    days: list[_Level] | None = None
    points: list[tuple[int, _Level]] | None = None
    first_day: int = Field(1, description="What the publisher calls sending day 1")

    @model_validator(mode="after")
    def _one_form(self) -> Table:
        if (self.days is None) == (self.points is None):
            raise ValueError("needs either days or points")
        return self


class Tables(_Record):
    """The tables of one ladder file."""

    all: Table | None = None
    each_provider: Table | None = None
    rest: Table | None = None
    providers: dict[_Group, Table] = {}
    printed_only: dict[_Group, Table] = {}


class RuleUse(BaseModel):
    """A rule of ``rules.toml`` and its figures."""

    model_config = ConfigDict(extra="allow")
    name: _Words


class LadderFile(_Record):
    """A file of ``data/ladders``."""

    slug: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    name: _Words
    publisher: _Words
    url: _Url
    date_seen: _Words
    scope: Literal["per_ip", "total"]
    unit: Literal["messages", "percent"]
    usable: Literal["table", "percent", "rule", "excerpt", "no"]
    why: _Words
    confidence: Literal["high", "medium", "low"]
    notes: _Words
    tables: Tables | None = None
    rule: RuleUse | None = None
    end_point: tuple[int, _Level] | None = None

    @model_validator(mode="after")
    def _numbers_fit(self) -> LadderFile:
        if (self.rule is not None) != (self.usable == "rule"):
            raise ValueError("a rule is what usable = rule means")
        if (self.tables is not None) != (self.usable in ("table", "percent", "excerpt")):
            raise ValueError("tables are what usable = table, percent or excerpt means")
        if (self.unit == "percent") != (self.usable == "percent"):
            raise ValueError("unit percent is what usable = percent means")
        return self


class Step(_Record):
    """A step of a taper: the growth below or up to a level; the last has no limit."""

    below: _Level | None = None
    up_to: _Level | None = None
    growth: Annotated[float, Field(gt=0)]


class RuleRecord(_Record):
    """A rule of ``rules.toml``."""

    title: _Words
    formula: _Words
    publisher: _Words
    source: _Url
    date: _Date
    scope: Literal["per_ip", "total"]
    confidence: Literal["high", "medium", "low"]
    note: _Words
    required: list[_Words]
    parameters: dict[str, _Level]
    steps: list[Step] = []


class PolicyRecord(_Record):
    """A policy of ``policies.toml``."""

    title: _Words
    ramp: _Words
    held: Annotated[int, Field(ge=1)]
    ceilings: bool
    source: _Words
    date: _Date
    confidence: _Confidence
    note: _Words


class ChoiceRecord(_Record):
    """How one of the policies is chosen."""

    good: _Words
    otherwise: _Words
    engaged_90_share_at_least: Annotated[float, Field(ge=0, le=1)]
    hard_bounce_rate_at_most: Annotated[float, Field(ge=0, le=1)]
    source: _Words
    date: _Date
    confidence: _Confidence


class CeilingRecord(_Record):
    """A ceiling of ``ceilings.toml``."""

    providers: list[_Group]
    kinds: list[Literal["mailbox", "hosted", "gateway"]] = []
    per: Literal["ip", "domain"]
    daily: Annotated[int, Field(ge=0)] | None = None
    hourly: Annotated[int, Field(ge=0)] | None = None
    for_sending_days: Annotated[int, Field(ge=1)] | None = None
    growth_after: Annotated[float, Field(gt=1)] | None = None
    warn_above: Annotated[int, Field(ge=1)] | None = None
    unless: Literal["csa"] | None = None
    weekdays_only: bool = False
    source: _Words
    date: _Date
    confidence: _Confidence
    note: _Words

    @model_validator(mode="after")
    def _limits_something(self) -> CeilingRecord:
        if self.daily is None and self.hourly is None:
            raise ValueError("needs daily or hourly")
        return self
