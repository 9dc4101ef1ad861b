"""The example's numbers: published where it says so, and a list that the catalogue understands."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

import pytest

from warmup.demo.customer import Customer, provider_shares, record
from warmup.providers import catalogue, classify
from warmup.traffic.supply import OTHER, TIERS

FIRST = date(2026, 5, 25)
STREAMS = ("receipts", "newsletter", "promotions")


@pytest.fixture(scope="module")
def customer():
    return Customer()


def test_every_published_record_has_its_provenance():
    published = record("published")
    for entry in [published["weekdays"], *published["shares"]]:
        assert {"source", "date", "confidence"} <= entry.keys()
        assert entry["confidence"] == "sourced"
    assert {"source", "date", "confidence"} <= record("customer").keys()


def test_the_published_figures_are_those_of_the_notes(shared):
    """Nothing may be called published that the notes do not hold."""
    notes = (shared / "reference" / "formats" / "NOTES.md").read_text(encoding="utf-8")
    (mixes,) = re.findall(r"^\| provider shares by country \((.+)\) \| Mapp 2019", notes, re.MULTILINE)
    by_country = {text.strip()[:2]: [float(x) for x in re.findall(r"\d+\.\d+", text)] for text in mixes.split(";")}
    for share in record("published")["shares"]:
        assert [round(part * 100, 1) for part in share["providers"].values()] == by_country[share["country"]]
    means = " ".join(str(mean) for mean in record("published")["weekdays"]["means"])
    assert means in notes


def test_the_shares_are_a_whole(customer):
    shares = provider_shares()
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) > 0
    assert sum(record("customer")["countries"].values()) == pytest.approx(1)
    for tiers in record("customer")["tiers"].values():
        assert set(tiers) == set(TIERS)
        assert sum(tiers.values()) == pytest.approx(1)


def test_every_provider_is_a_planning_group_and_so_is_its_label(customer):
    known = catalogue()
    assert set(customer.providers) <= set(known.groups)
    assert [known.provider_of_label(customer.label(name)) for name in customer.providers] == list(customer.providers)
    assert customer.providers[-1] == OTHER


def test_every_domain_is_recognised_and_the_tail_is_not(customer):
    for provider in customer.providers:
        domains = customer.domains(provider)
        assert sum(domains.values()) == pytest.approx(1)
        assert {match.group for match in classify(list(domains)).values()} == {provider}
    tail = customer.domains(OTHER)
    assert len(tail) >= 100
    assert all(domain.endswith(".example") for domain in tail)


@pytest.mark.parametrize("stream", STREAMS)
def test_the_volumes_do_not_depend_on_the_dates(customer, stream):
    here = [send.messages for send in customer.sends(stream, FIRST)]
    there = [send.messages for send in Customer().sends(stream, date(2031, 1, 6))]
    assert here == there


def test_receipts_follow_the_published_weekdays(customer):
    published = record("published")["weekdays"]["means"]
    total: Counter[int] = Counter()
    for send in customer.sends("receipts", FIRST):
        total[send.day.weekday()] += sum(send.messages)
    scale = record("customer")["streams"]["receipts"]["scale"]
    assert [total[day] / 26 for day in range(7)] == pytest.approx([mean * scale for mean in published], rel=0.03)


@pytest.mark.parametrize(("stream", "weekdays"), [("newsletter", {1, 4}), ("promotions", {3})])
def test_campaigns_have_their_weekdays(customer, stream, weekdays):
    sends = list(customer.sends(stream, FIRST))
    assert {send.day.weekday() for send in sends} == weekdays
    assert len(sends) == 26 * len(weekdays)
    recipients = record("customer")["streams"][stream]["recipients"]
    assert all(0.8 * recipients < sum(send.messages) < 1.2 * recipients for send in sends)


@pytest.mark.parametrize("stream", ["newsletter", "promotions"])
def test_the_audience_is_the_list(customer, stream):
    counts = [customer.audience(stream, provider) for provider in customer.providers]
    recipients = record("customer")["streams"][stream]["recipients"]
    assert sum(map(sum, counts)) == pytest.approx(recipients, abs=len(counts))
