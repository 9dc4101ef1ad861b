"""What a file of ``data/requests`` must look like: checked in the tests, and by whoever edits one.

In texts, ``{first_day}``, ``{last_day}`` (both included), ``{after_day}``, ``{first_2822}``, ``{last_2822}``,
``{provider}`` (also ``_slug``, ``_id``, ``_shell``, ``_toml``) and ``{part}`` are filled in; ``${NAME}`` stays for the
shell.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_Words = Annotated[str, Field(min_length=3)]
_Days = Annotated[int, Field(ge=1, le=3660)]
_Name = Annotated[str, Field(min_length=1, max_length=60)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Sourced(_Record):
    source: _Words
    date: date
    confidence: Literal["P", "S", "K"]


class LimitRecord(_Sourced):
    """How far back one can get, or what must have been switched on; listed before everything else."""

    text: _Words


class HttpRecord(_Record):
    """A call of an HTTP API; lists in ``query`` are joined with commas. ``user``: for basic authentication."""

    method: Literal["GET", "POST"]
    url: Annotated[str, Field(pattern=r"^https://\S+$")]
    headers: dict[str, str] = {}
    user: str | None = None
    query: dict[str, str | list[str]] = {}
    body: dict[str, Any] | None = None


class AwsRecord(_Record):
    """An operation of the AWS command line, with its JSON input."""

    operation: Annotated[str, Field(pattern=r"^[a-z0-9]+ [a-z-]+$")]
    body: dict[str, Any]


class AskRecord(_Sourced):
    """One thing to ask for; exactly one of ``http``, ``aws``, ``sql``, ``csv`` and ``steps`` says how."""

    title: _Words
    kind: Literal["counts", "events"]
    why: _Words
    reader: _Words = Field(description="A table of capabilities.toml")
    addresses: _Words = Field(description="What of addresses is in the answer")
    save: Annotated[str, Field(pattern=r"^[A-Za-z0-9._{}$-]+$")]
    read: Annotated[str, Field(pattern=r"^warmup traffic read \S")] | None = None
    scenario: Annotated[str, Field(pattern=r"^\{path = .*\}$")] | None = Field(
        None, description="The file in the history of a scenario's stream, where it does not say everything itself"
    )
    days: _Days | None = Field(None, description="How many days back the platform can answer")
    call_days: _Days | None = Field(None, description="Most days of one call; longer periods are split")
    each: Literal["provider"] | None = Field(None, description="One call for each of the file's providers")
    zone: _Words | None = Field(None, description="Zone in which the answer counts days")
    notes: list[_Words] = Field([], description="What the customer must know")
    ours: list[_Words] = Field([], description="What only whoever reads the answer must know")
    http: HttpRecord | None = None
    aws: AwsRecord | None = None
    sql: _Words | None = None
    dialect: Literal["tsql"] | None = Field(None, description="Dialect of sql; none: plain SQL")
    csv: _Words | None = None
    steps: list[_Words] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> AskRecord:
        ways = [self.http, self.aws, self.sql, self.csv, self.steps]
        if sum(way is not None for way in ways) != 1:
            raise ValueError("needs exactly one of http, aws, sql, csv and steps")
        return self


class RequestFile(_Record):
    """A file of ``data/requests``."""

    platform: Annotated[str, Field(pattern="^[a-z]+$")]
    title: _Words
    providers: list[_Name] = Field(description="Mailbox providers to begin with, as the platform writes them")
    limits: Annotated[list[LimitRecord], Field(min_length=1)]
    asks: Annotated[list[AskRecord], Field(min_length=1)]

    @model_validator(mode="after")
    def _counts_before_events(self) -> RequestFile:
        kinds = [ask.kind for ask in self.asks]
        if kinds != sorted(kinds):
            raise ValueError("counts come before events")
        return self


class EngagementFile(_Sourced):
    """The file ``engagement.toml``."""

    title: _Words
    why: _Words
    steps: list[_Words]
    command: Annotated[str, Field(pattern="^warmup traffic sql --dialect [a-z]+$")]
    platforms: dict[str, _Words]
