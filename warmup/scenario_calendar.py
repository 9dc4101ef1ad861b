"""The calendar of a scenario: days on which the customer is silent, peaks, holidays, the hours of sending."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from warmup.scenario_types import Clock, Country, Day, Model, Name, Positive, listed, number


class DateRange(Model):
    """Days from ``from`` to ``to``, both included."""

    first: Day = Field(alias="from", description="First day", examples=["2026-12-24"])
    last: Day = Field(alias="to", description="Last day, included", examples=["2027-01-01"])

    @model_validator(mode="after")
    def _ordered(self) -> DateRange:
        if self.last < self.first:
            raise ValueError(f"ends on {self.last} before it starts on {self.first}")
        return self

    def days(self) -> tuple[date, ...]:
        """Every day of the range."""
        return tuple(self.first + timedelta(n) for n in range((self.last - self.first).days + 1))


def _day_or_range(value: Any) -> str:
    return "<range>" if isinstance(value, dict | DateRange) else "<day>"


_DayOrRange = Annotated[
    Annotated[Day, Tag("<day>")] | Annotated[DateRange, Tag("<range>")], Discriminator(_day_or_range)
]
Days = Annotated[
    list[_DayOrRange], BeforeValidator(listed, json_schema_input_type=list[_DayOrRange] | date | DateRange)
]
SomeDays = Annotated[Days, Field(min_length=1)]


def expand_days(days: list[date | DateRange]) -> frozenset[date]:
    """Dates and ranges as one set of days."""
    out: set[date] = set()
    for item in days:
        out.update(item.days() if isinstance(item, DateRange) else (item,))
    return frozenset(out)


class Peak(Model):
    """A declared day (or days) of unusual volume, such as Black Friday."""

    name: Name = Field(description="What it is", examples=["Black Friday"])
    days: SomeDays = Field(description="Its day or days", examples=["2026-11-27"])
    streams: list[Name] = Field(default_factory=list, description="Default: every marketing stream")
    factor: Annotated[float, Field(gt=0, le=1000), BeforeValidator(number)] | None = Field(
        None, description="Times the stream's usual send-day volume"
    )
    messages: Positive | None = Field(None, description="Or the messages a day of each stream")

    @model_validator(mode="after")
    def _one_size(self) -> Peak:
        if (self.factor is None) == (self.messages is None):
            raise ValueError("needs either factor (times the usual day) or messages (a day)")
        return self


class Holiday(Model):
    """Days on which the usual volume is multiplied by ``factor`` (0: nothing is sent)."""

    name: Name = Field("holiday", description="What it is")
    days: SomeDays = Field(description="Its day or days", examples=["2026-12-25"])
    streams: list[Name] = Field(default_factory=list, description="Default: every stream")
    factor: Annotated[float, Field(ge=0, le=1000), BeforeValidator(number)] = Field(
        0.0, description="Times the usual volume"
    )


class SendWindow(Model):
    """Hours of the day in which mail goes out."""

    first: Clock = Field(time(9, 0), alias="from", description="Mail goes out from this time of day")
    last: Clock = Field(time(19, 0), alias="to", description="… to this one, on the same day")

    @model_validator(mode="after")
    def _ordered(self) -> SendWindow:
        if self.hours < 1:
            raise ValueError("must be at least one hour and must not pass midnight")
        return self

    @property
    def hours(self) -> float:
        """Length in hours."""
        return (self.last.hour * 60 + self.last.minute - self.first.hour * 60 - self.first.minute) / 60


class Calendar(Model):
    """The customer's days. Wherever days are asked for, give one date, a list of dates, or ranges ``{from, to}``.

    Where a day is several things: a silent day inside a longer freeze or holiday stays silent; on a legacy-only day
    nothing goes to the new platform, so a freeze adds nothing; a peak wins over a holiday, and on a legacy-only day
    goes to legacy. A day that is silent and also legacy-only, a peak, a freeze of its own or a holiday with mail is an
    error.
    """

    silent: Days = Field(default_factory=list, description="The customer sends nothing")
    legacy_only: Days = Field(default_factory=list, description="Everything goes to legacy; memory decays")
    freeze: Days = Field(default_factory=list, description="Send, but do not grow")
    window: SendWindow = Field(
        default_factory=lambda: SendWindow.model_validate({}), description="Hours of the day in which mail goes out"
    )
    peaks: list[Peak] = Field(default_factory=list, description="Declared days of unusual volume")
    holidays: list[Holiday] = Field(default_factory=list, description="Days of less mail, or none")
    holiday_country: Country | None = Field(
        None,
        description="ISO country whose public holidays are noted beside the plan; volume changes only by `holidays`",
        examples=["DE"],
    )
