"""The published numbers, day by day, against the reference; and the form of every data file."""

from __future__ import annotations

import csv
import tomllib
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from warmup.providers import catalogue
from warmup.ramps import default_ceilings, ramps
from warmup.ramps.model import ALL, EACH, REST
from warmup.ramps.schema import CeilingRecord, ChoiceRecord, LadderFile, PolicyRecord, RuleRecord
from warmup.ramps.source import DATA, read_toml

if TYPE_CHECKING:
    from pathlib import Path

FILES: dict[str, dict[str, Any]] = {
    path.name: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted(DATA.joinpath("ladders").iterdir(), key=lambda path: path.name)
}

WHO = {
    "all": ALL,
    "default_each_isp": EACH,
    "each_provider_group": EACH,
    "gmail": "google",
    "microsoft": "microsoft_consumer",
    "yahoo": "yahoo",
    "apple": "apple_icloud",
    "sina": "sina",
    "other": REST,
    "aol": "aol",
    "att(bellsouth)": "att",
    "all(total)": "total",
}
"""The reference's words for whom a table is, and ours."""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def index(shared: Path) -> dict[str, dict[str, str]]:
    return {row["slug"]: row for row in rows(shared / "reference" / "ramps" / "INDEX.csv")}


def printed(shared: Path, slug: str) -> dict[str, list[tuple[int, str]]]:
    """The reference's table per provider: (day, volume) in order of days."""
    tables: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in rows(shared / "reference" / "ramps" / f"{slug}.csv"):
        tables[WHO[row["provider"]]].append((int(row["day"]), row["volume"]))
    return dict(tables)


def filled(points: list[tuple[int, float]]) -> list[float]:
    """One value for every day from the first to the last; a missing day holds the last printed level."""
    days = dict(points)
    value = points[0][1]
    return [value := days.get(day, value) for day in range(points[0][0], points[-1][0] + 1)]


@pytest.mark.parametrize("name", FILES)
def test_ladder_files_have_the_form_and_the_provenance(name):
    record = LadderFile.model_validate(FILES[name])
    assert name == f"{record.slug}.toml"


def test_rules_policies_and_ceilings_have_the_form_and_the_provenance():
    for record in read_toml("rules.toml").values():
        RuleRecord.model_validate(record)
    policies = read_toml("policies.toml")
    ChoiceRecord.model_validate(policies.pop("choice"))
    for record in policies.values():
        PolicyRecord.model_validate(record)
    for record in read_toml("ceilings.toml")["ceilings"]:
        CeilingRecord.model_validate(record)


def test_every_schedule_of_the_reference_is_there_as_the_index_says(shared):
    reference = index(shared)
    assert set(ramps()) == set(reference)
    for slug, row in reference.items():
        ramp = ramps()[slug]
        assert ramp.usable == row["usable"]
        assert ramp.scope == row["per_ip_or_total"].partition(" ")[0].partition("(")[0]
        assert ramp.date_seen == row["date_seen"]
        assert ramp.publisher == row["publisher"]
        assert bool(ramp.providers or ramp.each_provider) == row["per_provider"].startswith("yes")
        assert "implied" not in row["per_ip_or_total"] or "implied" in ramp.notes


@pytest.mark.parametrize("slug", [r.slug for r in ramps().values() if r.usable in ("table", "excerpt")])
def test_every_printed_table_is_reproduced_day_by_day(shared, slug):
    ramp = ramps()[slug]
    tables = printed(shared, slug)
    assert set(tables) == set(ramp.ladders()) | set(ramp.printed_only)
    for who, points in tables.items():
        expected = filled([(day, int(volume)) for day, volume in points])
        assert list(ramp.table(who)) == expected
        assert all(isinstance(value, int) for value in ramp.table(who))


@pytest.mark.parametrize("slug", [r.slug for r in ramps().values() if r.usable == "rule"])
def test_the_expansion_of_every_rule_begins_with_that_of_the_reference(shared, slug):
    (expected,) = (filled([(d, int(v)) for d, v in points]) for points in printed(shared, slug).values())
    assert list(ramps()[slug].table()[: len(expected)]) == expected


def test_percentages_are_reproduced_in_messages_of_a_stated_volume(shared):
    final = 2_000_000
    points = [(day, volume.rstrip("%")) for day, volume in printed(shared, "adobe-ajo-4week-pct")[ALL]]
    table = ramps()["adobe-ajo-4week-pct"].in_messages(final).table()
    exact = [(day, float(volume)) for day, volume in points if "-" not in volume]
    assert list(table[: len(exact)]) == [final * share / 100 for _, share in exact]
    # days 22-28 are printed as "50-100%": both ends are kept, nothing between is made up
    assert [volume for _, volume in points[21:]] == ["50-100"] * 7
    assert list(table[21:]) == [1_000_000] * 6 + [2_000_000]

    volumes = {"google": 1_000_000, "microsoft_consumer": 400_000, "yahoo": 200_000, "apple_icloud": 50_000}
    ramp = ramps()["acellemail-per-isp-pct"].in_messages(sum(volumes.values()), volumes)
    for who, percents in printed(shared, "acellemail-per-isp-pct").items():
        shares = filled([(day, float(percent.rstrip("%"))) for day, percent in percents])
        assert ramp.table(who) == pytest.approx([volumes[who] * share / 100 for share in shares])
        assert len(ramp.table(who)) == 45


def test_no_printed_table_falls(shared):
    for slug in index(shared):
        for points in printed(shared, slug).values():
            numbers = [float(v.partition("-")[0].rstrip("%")) for _, v in points if v]
            assert all(before <= after for before, after in pairwise(numbers))


def test_sparkposts_misprint_of_stage_28_is_not_taken_literally():
    stages, manual = ramps()["sparkpost-auto-stages"], ramps()["sparkpost-2020"]
    assert stages.table()[26:] == (6_000_000, 7_500_000, 10_000_000)
    assert stages.ladder == manual.ladder
    assert "7,50,000" in stages.notes


def test_oracles_total_is_the_sum_of_its_parts():
    ramp = ramps()["oracle-responsys-per-isp"]
    parts = [ramp.table(who) for who in ramp.ladders()]
    assert [sum(day) for day in zip(*parts, strict=True)] == list(ramp.table("total"))


def test_days_reaching_volumes_are_those_of_the_analysis(shared):
    levels = {"d>=10k": 10_000, "d>=50k": 50_000, "d>=100k": 100_000, "d>=250k": 250_000, "d>=1M": 1_000_000}
    compared = 0
    for row in rows(shared / "reference" / "ramps" / "ANALYSIS.csv"):
        ladder = ramps()[row["slug"]].overall()
        assert ladder is not None
        for column, level in levels.items():
            if row[column]:
                compared += 1
                first = int(row["first_day"])  # of a table that counts from 0, ours is one later
                assert ladder.day_reaching(level) == int(row[column]) + 1 - first
            elif ramps()[row["slug"]].usable != "rule":  # our expansions go on where the reference stops
                assert ladder.day_reaching(level) is None
    assert compared > 80


def test_every_provider_named_here_is_a_planning_group():
    groups = set(catalogue().groups)
    assert {who for ramp in ramps().values() for who in ramp.providers} <= groups
    for shared_clock in (False, True):
        assert {ceiling.provider for ceiling in default_ceilings(microsoft_shared=shared_clock)} <= groups


def test_at_most_one_ladder_is_for_everybody():
    for ramp in ramps().values():
        assert not (ramp.ladder and ramp.each_provider)
        assert bool(ramp.ladders()) == (ramp.usable != "no")
