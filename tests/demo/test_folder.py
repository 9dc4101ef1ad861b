"""What `write_demo` writes, and what it leaves alone."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

import warmup
from warmup.demo import write_demo
from warmup.demo.calendar import days_for
from warmup.demo.customer import Customer, record
from warmup.errors import InputError
from warmup.traffic.events.inputs import Input, head_of
from warmup.traffic.exports import classified, read_scenario
from warmup.traffic.history import load_history
from warmup.traffic.overview import overview
from warmup.traffic.readers import recognise

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
        return re.sub(r"\d{4}-\d{2}-\d{2}|[A-Z][a-z]{2} \d{2}, \d{4}", "DAY", text)

    here, there = texts(folder), texts(tmp_path)
    assert here.keys() == there.keys()
    for name in here.keys() - {"README.txt", "scenario.toml"}:
        assert without_dates(here[name]) == without_dates(there[name])
        assert here[name] != there[name] or name == "audience.csv" or name.startswith("mailchimp/domains/")


def test_it_holds_what_two_platforms_export_and_no_tidy_table(folder):
    recognised = Counter(
        recognise(head_of(Input(path, path.name)), path.name).NAME
        for part in ("sparkpost", "mailchimp")
        for path in (folder / part).rglob("*.*")
    )
    assert recognised == {"sparkpost-metrics": 2 * 14, "mailchimp": 1 + 52}
    assert {path.name for path in folder.iterdir()} == {
        "README.txt", "audience.csv", "mailchimp", "scenario.toml", "sparkpost",
    }  # fmt: skip


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


def answers(folder: Path, stream: str) -> dict[str, list[dict[str, int | str | None]]]:
    """SparkPost's answers about a stream, by provider."""
    found = (folder / "sparkpost" / stream).iterdir()
    return {path.stem: json.loads(path.read_text(encoding="utf-8"))["results"] for path in found}


def test_the_history_is_what_the_customer_sends_to_the_message(folder, scenario):
    """By day, stream and provider, whatever the platforms' formats make of it on the way."""
    history = load_history(scenario, today=TODAY)
    read = history.frame.groupby(["stream", "date", "provider"], observed=True)["messages"].sum()
    read = {(stream, day.date(), provider): n for (stream, day, provider), n in read.items() if n}
    customer, gap = Customer(), record("customer")["unknown"]
    first = days_for(TODAY).history_first
    sent = {
        (stream, send.day, provider): n
        for stream in ("receipts", "newsletter", "promotions")
        for send in customer.sends(stream, first)
        for provider, n in zip(customer.providers, send.messages, strict=True)
    }
    del sent[gap["stream"], first + timedelta(days=gap["day"]), gap["provider"]]
    assert read == sent
    assert sum(sent.values()) == 48_353_165  # of which the numbers in the documentation follow
    assert history.gaps == {}


def test_one_volume_is_unknown_and_stays_so(folder, scenario):
    every = {
        (stream, name): one for stream in ("receipts", "promotions") for name, one in answers(folder, stream).items()
    }
    blank = [
        (stream, name, entry["ts"][:10]) for (stream, name), one in every.items() for entry in one
        if {value for key, value in entry.items() if key != "ts"} == {None}
    ]  # fmt: skip
    assert [(stream, name) for stream, name, _ in blank] == [("receipts", "comcast")]
    assert sum(None in entry.values() for one in every.values() for entry in one) == 1
    history = load_history(scenario, today=TODAY)
    unknown = history.frame[history.frame["messages"].isna()]
    assert [
        (str(day.date()), provider) for day, provider in zip(unknown["date"], unknown["provider"], strict=True)
    ] == [(blank[0][2], "comcast")]


@pytest.mark.parametrize("stream", ["receipts", "promotions"])
def test_the_counts_of_a_day_agree_with_each_other(folder, stream):
    entries = [
        {key.removeprefix("count_"): value for key, value in entry.items()}
        for one in answers(folder, stream).values()
        for entry in one
        if None not in entry.values()
    ]
    assert len(entries) in (14 * 182, 14 * 182 - 1)
    for n in entries:
        assert n["targeted"] == n["injected"] + n["rejected"]
        assert n["injected"] == n["sent"] == n["delivered"] + n["inband_bounce"]
        assert (
            n["delivered"] == n["delivered_first"] + n["delivered_subsequent"] == n["accepted"] + n["outofband_bounce"]
        )
        classes = ("hard_bounce", "soft_bounce", "block_bounce", "admin_bounce", "undetermined_bounce")
        assert sum(n[name] for name in classes) == n["bounce"] == n["inband_bounce"] + n["outofband_bounce"]
        assert n["delivered_subsequent"] <= n["delayed_first"] <= n["delayed"]
        assert n["unique_clicked"] <= n["nonprefetched_unique_confirmed_opened"] <= n["unique_confirmed_opened"]
        assert n["unique_clicked"] <= n["clicked"]
        assert n["unique_confirmed_opened"] <= n["delivered"] >= max(n["spam_complaint"], n["unsubscribe"])
        assert min(value for key, value in n.items() if key != "ts") >= 0


def test_the_formats_are_those_of_the_reference(folder, shared):
    """The same keys and columns as the samples, in the same order."""
    samples = shared / "reference" / "formats" / "samples"
    (sample, *_) = json.loads((samples / "sparkpost_metrics_timeseries.json").read_text(encoding="utf-8"))["results"]
    assert list(answers(folder, "receipts")["google"][0]) == list(sample)
    header = (samples / "mailchimp_campaigns.csv").read_text(encoding="utf-8").splitlines()[0]
    report = folder / "mailchimp" / "campaigns.csv"
    assert report.read_text(encoding="utf-8").splitlines()[0] == header
    known = json.loads((samples / "mailchimp_domain_performance.json").read_text(encoding="utf-8"))
    answer = json.loads(domain_files(folder)[0].read_text(encoding="utf-8"))
    assert list(answer) == list(known)
    assert list(answer["domains"][0]) == list(known["domains"][0])


def domain_files(folder: Path) -> list[Path]:
    return sorted((folder / "mailchimp" / "domains").iterdir())


def test_every_campaign_has_its_domains_and_they_sum_to_it(folder):
    report = {row["Unique Id"]: row for row in rows(folder / "mailchimp" / "campaigns.csv")}
    assert list(report) == list(dict.fromkeys(report))
    assert sorted(report) == [path.stem for path in domain_files(folder)]
    for path in domain_files(folder):
        answer, row = json.loads(path.read_text(encoding="utf-8")), report[path.stem]
        assert answer["campaign_id"] == path.stem
        total = {
            name: sum(one[name] for one in answer["domains"])
            for name in ("emails_sent", "bounces", "opens", "delivered")
        }
        assert total["emails_sent"] == answer["total_sent"] == int(row["Total Recipients"])
        assert total["bounces"] == int(row["Total Bounces"]) == int(row["Hard Bounces"]) + int(row["Soft Bounces"])
        assert total["delivered"] == int(row["Successful Deliveries"]) == total["emails_sent"] - total["bounces"]
        assert total["opens"] == int(row["Unique Opens"]) <= int(row["Total Opens"])
        assert row["Open Rate"] == f"{100 * total['opens'] / total['delivered']:.2f}%"


def test_the_measured_bounces_are_those_of_the_scenario(folder, scenario):
    entries = [entry for one in answers(folder, "promotions").values() for entry in one]
    bounced = sum(entry["count_hard_bounce"] for entry in entries) / sum(entry["count_sent"] for entry in entries)
    assert bounced == pytest.approx(scenario.policy.hard_bounce_rate, rel=0.02)


def test_how_mail_fares_differs_by_provider_and_is_what_was_invented(scenario):
    exports = classified(read_scenario(scenario))
    facts = overview(exports)
    deferred, blocked = facts.providers["deferred"], facts.providers["block"]
    assert deferred.drop("other").idxmax() == "orange_fr"
    assert deferred["yahoo"] > 5 * deferred["google"]
    assert blocked.idxmax() == "microsoft_consumer"
    assert facts.streams["block"].isna().to_dict() == {"promotions": False, "newsletter": True, "receipts": False}
    for stream, rates in facts.streams.iterrows():
        parts = record("customer")["outcomes"][stream]
        assert rates["hard"] == pytest.approx(parts["hard"], rel=0.05)
        assert rates["complaint"] == pytest.approx(parts["complaint"], rel=0.1)
    assert any("1 volume without a number" in note.text for note in exports.notes)


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
