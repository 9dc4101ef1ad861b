"""What a record of the catalogue's data files must look like: checked in the tests, and by whoever edits them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
_Domain = Annotated[str, Field(pattern=r"^[a-z0-9_-]+(\.[a-z0-9_-]+)+$", max_length=253)]
_Pattern = Annotated[str, Field(pattern=r"^\.?([a-z0-9_-]+|\*)(\.([a-z0-9_-]+|\*))+$", max_length=253)]
_Date = Annotated[str, Field(pattern=r"^20\d\d(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")]
_Confidence = Literal["sourced", "partly", "judgement"]
_Words = Annotated[str, Field(min_length=1)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ProviderRecord(_Record):
    """A record of ``mailboxes.toml``, ``hosted.toml`` or ``gateways.toml``."""

    id: _Id
    name: _Words
    group: _Id
    kind: Literal["mailbox", "hosted", "gateway"]
    domains: list[_Domain] = Field(default=[], min_length=1)
    widely_known: list[_Domain] = Field(default=[], min_length=1)
    subdomains_of: list[_Domain] = Field(default=[], min_length=1)
    mx: list[_Pattern] = Field(default=[], min_length=1)
    hosted_on: list[_Pattern] = Field(default=[], min_length=1)
    aliases: list[_Id] = Field(default=[], min_length=1)
    source: list[_Words] = Field(min_length=1)
    date: _Date
    confidence: _Confidence
    note: _Words = " "


class GroupRecord(_Record):
    """A record of ``groups.toml``."""

    id: _Id
    name: Annotated[str, Field(min_length=1, max_length=50)]
    kind: Literal["mailbox", "hosted", "gateway", "other"]
    merges: list[_Id] = []


class LabelRecord(_Record):
    """A record of ``labels.toml``."""

    group: _Id
    labels: list[_Words] = Field(min_length=1)
    source: _Words
    date: _Date
    confidence: _Confidence
    note: _Words = " "
