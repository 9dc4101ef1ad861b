"""Data of other rooms names mailbox providers by the ids of this one (design 3: one id space)."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from warmup.providers import catalogue

KNOWN = catalogue()
WATCH = tomllib.loads(files("warmup.report").joinpath("data", "watch.toml").read_text(encoding="utf-8"))["watch"]


@pytest.mark.parametrize("record", [pytest.param(one, id=one["id"]) for one in WATCH])
def test_what_to_watch_names_known_providers(record):
    assert record["providers"]
    unknown = [one for one in record["providers"] if one not in {"*", *KNOWN.groups, *KNOWN.ids}]
    assert unknown == []
