"""What `write_demo` writes, and what it leaves alone."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from pathlib import Path

import pytest

import warmup
from warmup.demo import write_demo
from warmup.errors import InputError
from warmup.traffic.history import load_history

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("demo") / "customer"
    write_demo(target, today=TODAY)
    return target


@pytest.fixture(scope="module")
def scenario(folder):
    return warmup.load_scenario(folder / "scenario.toml")


def texts(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.*")}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_same_day_gives_the_same_bytes(folder, tmp_path):
    write_demo(tmp_path, today=TODAY)
    assert texts(tmp_path) == texts(folder)


def test_another_day_gives_the_same_volumes_on_other_dates(folder, tmp_path):
    write_demo(tmp_path, today=date(2031, 7, 4))

    def without_dates(text: str) -> str:
        return re.sub(r"\d{4}-\d{2}-\d{2}", "DAY", text)

    here, there = texts(folder), texts(tmp_path)
    assert here.keys() == there.keys()
    for name in here.keys() - {"README.txt", "scenario.toml"}:
        assert without_dates(here[name]) == without_dates(there[name])
        assert here[name] != there[name] or name == "audience.csv"


def test_it_says_what_it_is_and_from_which_figures(folder):
    readme = (folder / "README.txt").read_text(encoding="utf-8")
    for fact in ("invented", "1223 1592 1540 1491 1365 1004 783", "hyndsight", "Mapp", "2019", "GMX / WEB.DE 39.9%"):
        assert fact in readme
    assert max(map(len, readme.splitlines())) <= 120
    for name in texts(folder):
        assert name.split("/")[0] in readme or name == "README.txt"


def test_the_scenario_is_valid_and_holds_what_the_example_promises(scenario):
    assert [stream.name for stream in scenario.streams] == ["receipts", "newsletter", "promotions"]
    assert [pool.name for pool in scenario.pools] == ["transactional", "marketing"]
    assert sum(pool.size for pool in scenario.pools) == 4
    assert [peak.name for peak in scenario.calendar.peaks] == ["Black Friday"]
    assert scenario.deadline is not None
    assert scenario.legacy.until is not None
    assert scenario.audience is not None
    assert not any(stream.identity_changes for stream in scenario.streams)


def test_every_option_that_is_commented_out_may_be_taken(folder):
    text = (folder / "scenario.toml").read_text(encoding="utf-8")
    options = re.findall(r"^# (\w+ = .*)$", text, re.MULTILINE)
    assert len(options) >= 7
    for option in options:
        (folder / "taken.toml").write_text(text.replace(f"# {option}", option), encoding="utf-8")
        assert warmup.load_scenario(folder / "taken.toml") != warmup.load_scenario(folder / "scenario.toml")
    (folder / "taken.toml").unlink()


def test_addresses_and_sending_domains_are_reserved_for_examples(scenario):
    documentation = ("192.0.2.", "198.51.100.", "203.0.113.")
    assert all(ip.address.startswith(documentation) for pool in scenario.pools for ip in pool.ips)
    domains = [stream.identity_old.from_domain for stream in scenario.streams if stream.identity_old]
    assert len(domains) == 3
    assert all(domain.endswith(".example.com") for domain in domains)


def test_no_file_holds_an_address(folder):
    assert [name for name, text in texts(folder).items() if "@" in text] == []


def test_the_history_reads_to_the_message(folder, scenario):
    history = load_history(scenario, today=TODAY)
    read = history.frame.groupby("stream")["messages"].sum()
    for name in ("receipts", "newsletter"):
        assert read[name] == sum(int(row["messages"] or 0) for row in rows(folder / f"{name}.csv"))
    series = [json.loads(path.read_text(encoding="utf-8")) for path in (folder / "promotions").iterdir()]
    assert read["promotions"] == sum(entry["count_sent"] for one in series for entry in one["results"])
    assert history.gaps == {}


def test_one_volume_is_unknown_and_stays_so(folder, scenario):
    blank = [row for row in rows(folder / "receipts.csv") if row["messages"] == ""]
    assert len(blank) == 1
    history = load_history(scenario, today=TODAY)
    unknown = history.frame[history.frame["messages"].isna()]
    assert [
        (str(day.date()), provider) for day, provider in zip(unknown["date"], unknown["provider"], strict=True)
    ] == [(blank[0]["date"], "comcast")]


def test_the_measured_bounces_are_those_of_the_scenario(folder, scenario):
    entries = [
        entry
        for path in (folder / "promotions").iterdir()
        for entry in json.loads(path.read_text(encoding="utf-8"))["results"]
    ]
    sent = sum(entry["count_sent"] for entry in entries)
    bounced = sum(entry["count_hard_bounce"] for entry in entries)
    assert bounced / sent == pytest.approx(scenario.policy.hard_bounce_rate, rel=0.01)
    assert all(entry["count_delivered"] + entry["count_hard_bounce"] == entry["count_sent"] for entry in entries)


# --- the folder -----------------------------------------------------------------------------------------------------


def test_a_folder_that_is_not_empty_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty; choose another, or say --force"):
        write_demo(tmp_path, today=TODAY)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_force_writes_its_own_files_and_leaves_others(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "scenario.toml").write_text("old")
    written = write_demo(tmp_path, today=TODAY, force=True)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert "Example Shop" in (tmp_path / "scenario.toml").read_text()
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {*written, tmp_path / "mine.txt"}


def test_a_link_in_place_of_a_file_is_not_followed(tmp_path):
    outside = tmp_path / "outside.toml"
    outside.write_text("precious")
    target = tmp_path / "demo"
    target.mkdir()
    (target / "scenario.toml").symlink_to(outside)
    write_demo(target, today=TODAY, force=True)
    assert outside.read_text() == "precious"
    assert not (target / "scenario.toml").is_symlink()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "demo").write_text("a file")
    with pytest.raises(InputError, match="is a file"):
        write_demo(tmp_path / "demo", today=TODAY, force=True)
