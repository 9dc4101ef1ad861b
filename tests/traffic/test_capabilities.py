"""What each export can say: the form of the data, and its agreement with readers, samples and reference."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib.resources import files
from typing import Annotated, Literal

import pandas as pd
import pytest
from pydantic import BaseModel, ConfigDict, Field

from tests.traffic.events.samples import SAMPLES, counted, reader
from warmup.traffic.capabilities import CONFIDENCE, Capability, capabilities
from warmup.traffic.measures import MEASURES
from warmup.traffic.readers import readers

Measure = Annotated[str, Field(pattern=f"^({'|'.join(MEASURES)})$")]
Noted = Annotated[str, Field(pattern=f"^({'|'.join((*MEASURES, 'date', 'ip', 'counts'))})$")]
Words = Annotated[str, Field(min_length=3)]


class Record(BaseModel):
    """A table of ``capabilities.toml``."""

    model_config = ConfigDict(extra="forbid", strict=True)
    title: Annotated[str, Field(min_length=3, max_length=60)]
    platform: Annotated[str, Field(pattern="^[a-z]+$")]
    kind: Literal["events", "counts"]
    rows: Words
    never: list[Measure]
    unchecked: list[Measure] = []
    only_if: dict[Measure, Words] = {}
    without_ip: list[Measure] = []
    per_ip: Words | None = None
    differs: dict[Noted, Words] = {}
    retention: Words
    source: Words
    date: date
    confidence: Literal["P", "S", "K"]


TABLES = tomllib.loads(files("warmup.traffic").joinpath("data/capabilities.toml").read_text(encoding="utf-8"))

WITHOUT_ENGAGEMENT = {"open_human", "open_any", "click", "unsub", "suppressed"}
NEVER = {
    "sparkpost-events": set(),
    "sendgrid-events": {"oob"},
    "bird-events": {"open_human"},
    "ses-events": {"open_human"},
    "mailgun-events": set(),
    "postmark": {"injected", "deferred_msgs", "deferred_events", "suppressed", "open_human"},
    "braze": set(),
    "sfmc": {"delivered", "deferred_msgs", "deferred_events", "suppressed", "open_human"},
    "powermta": WITHOUT_ENGAGEMENT,
    "kumomta": WITHOUT_ENGAGEMENT,
    "postfix": WITHOUT_ENGAGEMENT | {"oob", "complaint"},
}
"""The reference's table of capabilities, in our words; a machine's opens that cannot be told make open_human NULL."""


@pytest.mark.parametrize("name", TABLES)
def test_every_record_has_the_form_and_the_provenance(name):
    record = Record.model_validate(TABLES[name])
    assert not {*record.never, *record.unchecked} & {*record.without_ip, *record.only_if}
    assert not set(record.never) & set(record.unchecked)
    assert record.date <= date(2026, 12, 31)


def test_every_reader_has_a_record():
    assert set(readers()) <= set(capabilities())


@pytest.mark.parametrize("name", NEVER)
def test_what_event_exports_cannot_say_is_what_the_reference_says(name):
    assert set(capabilities()[name].never) == NEVER[name]
    assert capabilities()[name].kind == "events"


@pytest.mark.parametrize("module", SAMPLES)
def test_counts_of_a_sample_are_null_where_and_only_where_the_record_says_so(module, shared):
    samples = shared / "reference" / "formats" / "samples"
    record = capabilities()[reader(module).NAME]
    for file in SAMPLES[module]:
        counts = counted(module, samples / file).counts
        null = {measure for measure in MEASURES if counts[measure].isna().all()}
        assert null == {measure for measure in MEASURES if record.says(measure) == "NULL"}


@pytest.mark.parametrize("module", SAMPLES)
def test_an_ip_stands_only_at_measures_that_have_one(module, shared):
    """Joined IPs aside, which readers take from other events of the message."""
    samples = shared / "reference" / "formats" / "samples"
    record = capabilities()[reader(module).NAME]
    counts = pd.concat([counted(module, samples / file).counts for file in SAMPLES[module]])
    with_ip = counts[counts["ip"] != ""][list(MEASURES)].fillna(0).sum()
    said = {measure for measure in MEASURES if record.says(measure) == "yes"}
    assert with_ip[list(said)].sum() > 0 or not said


def made(**values: object) -> Capability:
    given = {"title": "t", "platform": "p", "kind": "counts", "rows": "r", "source": "s", "retention": "none"}
    return Capability(**{**given, "date": date(2026, 1, 1), "confidence": "P", **values})  # type: ignore[arg-type]


def test_what_is_said_of_a_measure():
    one = made(never=("oob",), unchecked=("unsub",), only_if={"click": "asked for"}, without_ip=("injected",))
    assert [one.says(name) for name in ("oob", "unsub", "click", "injected", "hard")] == [
        "NULL",
        "?",
        "if",
        "no IP",
        "yes",
    ]
    assert one.lacks == ("oob", "unsub")


def test_letters_of_confidence_are_explained():
    assert set(CONFIDENCE) == {record.confidence for record in capabilities().values()} | {"K"}
