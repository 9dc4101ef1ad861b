"""Dates and names against each other. Each contradiction is one line that names both sides."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.scenario.conftest import SMALLEST

TWO_POOLS = """\
customer = "Example Shop"
start = 2026-02-03
history = "history.csv"

[[pools]]
name = "marketing"
ips = ["192.0.2.20", "192.0.2.21"]

[[pools]]
name = "receipts"
ips = ["192.0.2.10"]

[[streams]]
name = "newsletter"
pool = "marketing"

[[streams]]
name = "receipts"
pool = "receipts"
"""


def only(lines: list[str]) -> str:
    (line,) = lines
    return line.removeprefix("scenario.toml: ")


def with_top(text: str) -> str:
    return f"{text}\n{SMALLEST}"


def with_tables(text: str) -> str:
    return f"{SMALLEST}\n{text}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (with_top("deadline = 2026-01-01"),
         "deadline: 2026-01-01 is before the start, 2026-02-03; correct one of the two"),
        (with_tables("[legacy]\nuntil = 2026-02-02"),
         "legacy.until: 2026-02-02 is before the start, 2026-02-03; correct one of the two"),
        (with_top("deadline = 2026-12-31"),
         "deadline: 2026-12-31 is day 332 of the plan, but it looks 180 days ahead; set policy.horizon_days = 332"),
        (with_top("deadline = 2029-12-31"),
         "deadline: 2029-12-31 is day 1428 of the plan, but it looks 180 days ahead; choose an earlier deadline"),
        (SMALLEST.replace("ip_count = 2", "ip_count = 2\nstart = 2026-02-02"),
         ("pools.main.start: 2026-02-02 is before the scenario's start, 2026-02-03; "
         "move the scenario's start, or this one")),
        (SMALLEST.replace("ip_count = 2", "ip_count = 2\nstart = 2027-02-02"),
         "pools.main.start: 2027-02-02 is after the plan's last day, 2026-08-01; raise policy.horizon_days"),
        (SMALLEST.replace("ip_count = 2", 'start = 2026-03-01\nips = [{address = "192.0.2.1", start = 2026-02-28}]'),
         ('pools.main.ips."192.0.2.1".start: 2026-02-28 is before the pool\'s start, 2026-03-01; '
         "give the pool the earlier date, or this IP the later one")),
        (with_tables('[policy]\npace = "deadline"'),
         ('policy.pace: is "deadline", but the scenario has none; '
         "add deadline = 2026-04-30 at the top, or give a pace between 0 and 1")),
        (with_tables("[calendar]\nsilent = 2026-03-01\nlegacy_only = {from = 2026-02-28, to = 2026-03-02}"),
         ("calendar.legacy_only: 2026-03-01 also stands under silent: nothing is sent then, not even through legacy; "
         "leave the day in one of the two lists")),
        (with_tables("[calendar]\nsilent = 2026-03-01\nfreeze = [2026-03-01, 2026-03-02]"),
         ("calendar.freeze: 2026-03-01 also stands under silent: nothing is sent then, so there is nothing to freeze; "
          "leave the day in one of the two lists")),
        (with_tables("[calendar]\nsilent = 2026-03-01\n[[calendar.holidays]]\nname = 'Fair'\ndays = 2026-03-01\n"
                     "factor = 0.5"),
         ("calendar.holidays.Fair.days: 2026-03-01 is a silent day: nothing is sent then, but factor is 0.5; "
          "take the day out of calendar.silent, or leave the holiday out")),
        (with_tables("[calendar]\nsilent = {from = 2026-03-01, to = 2026-03-09}\n[[calendar.peaks]]\nname = 'Sale'\n"
                     "days = {from = 2026-03-04, to = 2026-03-20}\nfactor = 3"),
         ("calendar.peaks.Sale.days: 2026-03-04, 2026-03-05, 2026-03-06 (and 3 more days) is a silent day: "
         "the customer sends nothing then; take the day out of the peak or out of calendar.silent")),
        (with_tables("[legacy]\nuntil = 2026-04-30\n[calendar]\nlegacy_only = 2026-05-04"),
         ("calendar.legacy_only: 2026-05-04 is after the last day of legacy, 2026-04-30 (legacy.until); "
         "take the day out, or correct legacy.until")),
        (with_tables("[[calendar.peaks]]\nname = 'A'\ndays = 2026-03-04\nfactor = 3\n"
                     "[[calendar.peaks]]\nname = 'B'\ndays = 2026-03-04\nmessages = 5"),
         ('calendar.peaks.B.days: 2026-03-04 is also a day of the peak "A" for the same stream; '
         "declare one volume for the day")),
    ],
)  # fmt: skip
def test_dates_that_contradict_each_other(problems, text, line):
    assert only(problems(text)) == line


@pytest.mark.parametrize(
    "text",
    [
        with_top("deadline = 2026-02-03"),
        with_top("deadline = 2026-08-01"),  # the last day of the horizon
        with_tables("[legacy]\nuntil = 2026-02-03"),
        with_tables("[calendar]\nsilent = 2026-03-01\nfreeze = {from = 2026-03-01, to = 2026-03-02}"),
        with_tables(
            "[calendar]\nsilent = 2026-03-01\nlegacy_only = 2026-03-03\nfreeze = 2026-03-03\n"
            "holidays = [{days = {from = 2026-03-01, to = 2026-03-02}, factor = 0.5}, {days = 2026-03-01}]"
        ),
        with_tables(
            "[calendar]\nlegacy_only = 2026-03-01\n[[calendar.peaks]]\nname = 'A'\ndays = 2026-03-01\nfactor = 3"
        ),
        TWO_POOLS + "[[calendar.peaks]]\nname = 'A'\ndays = 2026-03-04\nfactor = 3\nstreams = ['newsletter']\n"
        "[[calendar.peaks]]\nname = 'B'\ndays = 2026-03-04\nmessages = 5\nstreams = ['receipts']",
        with_top("deadline = 2026-04-01") + '[policy]\npace = "deadline"',
    ],
)
def test_dates_that_agree(problems, text):
    assert problems(text) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('pool = "marketing"', 'pool = "markting"',
         'streams.newsletter.pool: there is no pool "markting"; did you mean "marketing"?'),
        ('pool = "marketing"', 'pool = "zzz"',
         'streams.newsletter.pool: there is no pool "zzz"; pools: marketing, receipts'),
        ('pool = "marketing"', "",
         "streams.newsletter.pool: is missing, and there are several pools; name one of: marketing, receipts"),
        ('pool = "marketing"', 'pool = "receipts"',
         'pools.marketing: no stream is sent from this pool; give a stream pool = "marketing", or leave the pool out'),
        ('"192.0.2.21"', '"192.0.2.20"',
         "pools.marketing.ips[1]: 192.0.2.20 is twice in this pool; one IP belongs to one pool, once"),
        ('"192.0.2.10"', '"192.0.2.20"',
         'pools.receipts.ips[0]: 192.0.2.20 is already in the pool "marketing"; one IP belongs to one pool, once'),
        ('"192.0.2.20", "192.0.2.21"', '"2001:DB8::1", "2001:db8:0:0::1"',
         "pools.marketing.ips[1]: 2001:db8::1 is twice in this pool; one IP belongs to one pool, once"),
        ('"192.0.2.10"', '"::ffff:192.0.2.20"',
         'pools.receipts.ips[0]: 192.0.2.20 is already in the pool "marketing"; one IP belongs to one pool, once'),
        ('ips = ["192.0.2.10"]', "ip_count = 0",
         ("pools.receipts.ip_count: a pool without IPs has nothing to warm; give ip_count = 1 or more; "
         "`warmup size` says whether no dedicated IP would be the better answer")),
        ('name = "receipts"\npool', 'name = "Newsletter"\npool',
         'streams.Newsletter.name: there is already a stream "newsletter" in other capitals; give each its own name'),
        ("[[streams]]", '[new]\noverflow = "markting"\n[[streams]]',
         'new.overflow: there is no pool "markting"; did you mean "marketing"?'),
        ("[[streams]]", '[new]\noverflow = "marketing"\n[[streams]]',
         ('new.overflow: the pool "marketing" is itself warmed by this plan (for newsletter) and cannot take the '
         'excess; name a warm pool that no stream is sent from, "shared" or "none"')),
        ("[[streams]]", ("[calendar]\npeaks = [{name = 'A', days = 2026-05-01, factor = 2, streams = ['newsleter']}]\n"
         "[[streams]]"),
         'calendar.peaks.A.streams[0]: there is no stream "newsleter"; did you mean "newsletter"?'),
        ("[[streams]]", "[calendar]\nholidays = [{days = 2026-05-01, streams = ['news']}]\n[[streams]]",
         'calendar.holidays[0].streams[0]: there is no stream "news"; streams: newsletter, receipts'),
        ("[[streams]]", "[calendar]\nholiday_country = 'XX'\n[[streams]]",
         ('calendar.holiday_country: no public holidays are known for "XX"; '
         "use an ISO 3166 code such as DE, or leave it out")),
        ("[[streams]]", "[policy]\nramp = 'standart'\n[[streams]]",
         'policy.ramp: there is no ramp "standart"; did you mean "standard"?'),
        ("[[streams]]", "[policy]\nramp = 'sparkpost_2020'\n[[streams]]",
         'policy.ramp: there is no ramp "sparkpost_2020"; did you mean "sparkpost-2020"?'),
        ("[[streams]]", "[policy]\nceilings = {yaho = false}\n[[streams]]",
         'policy.ceilings.yaho: there is no mailbox provider "yaho"; did you mean "yahoo"?'),
        ("[[streams]]", "[policy]\nceilings = {gmail = false}\n[[streams]]",
         'policy.ceilings.gmail: there is no mailbox provider "gmail"; did you mean "google"?'),
        ("[[streams]]", "[policy]\ncsa_certified = true\n[preflight]\ncsa = 'not done'\n[[streams]]",
         'preflight.csa: is "not done", but policy.csa_certified is true; correct one of the two'),
        ('history = "history.csv"', "history = {path = 'history.csv', provider = 'gmial'}",
         'history.provider: "gmial" is no mailbox provider we know; did you mean "gmail"?'),
    ],
)  # fmt: skip
def test_names_that_do_not_fit_each_other(problems, old, new, line):
    assert old in TWO_POOLS
    assert only(problems(TWO_POOLS.replace(old, new, 1))) == line


def test_a_pool_name_twice(problems):
    text = TWO_POOLS.replace('name = "receipts"\nips', 'name = "marketing"\nips').replace(
        'pool = "receipts"', 'pool = "marketing"'
    )
    assert only(problems(text)) == 'pools[1].name: there is already a pool "marketing"; give each its own name'


def test_names_that_overflow_reserves(problems):
    lines = problems(TWO_POOLS.replace('"marketing"', '"shared"'))
    assert only(lines).startswith('pools.shared.name: "shared" is no name for a pool')


def test_a_ramp_that_cannot_be_planned_with_says_why(problems):
    line = only(problems(with_tables("[policy]\nramp = 'bird-automatic'")))
    assert line.startswith('policy.ramp: "bird-automatic" cannot be planned with: The stages are not published')


@pytest.mark.parametrize(
    "text",
    [
        TWO_POOLS + '[new]\noverflow = "none"',
        TWO_POOLS + '[new]\noverflow = "warm"\n[[pools]]\nname = "warm"\nip_count = 1',
        TWO_POOLS + '[policy]\nramp = "conservative"\nceilings = {yahoo = false, microsoft = false, other = false}',
        TWO_POOLS + '[policy]\nramp = "sendgrid-auto-hourly"',
        TWO_POOLS + "[preflight]\nsnds = 'done'\nt_online_request = 2026-02-10\ncsa = 'not done'",
        TWO_POOLS.replace('"history.csv"', "[{path = 'history.csv', provider = 'Hotmail'}]"),
        TWO_POOLS.replace('history = "history.csv"\n', "").replace("pool =", 'history = "history.csv"\npool ='),
    ],
)
def test_names_that_fit(problems, text):
    assert problems(text) == []


def test_a_stream_without_any_history(problems):
    line = only(problems(SMALLEST.replace('history = "history.csv"\n', "")))
    assert line == (
        "streams.newsletter.history: is missing: nothing says what this stream has sent; "
        'add history = "history.csv" to the stream, or at the top for all streams'
    )


def test_files_that_are_not_there(problems, folder: Path):
    (folder / "data").mkdir()
    (folder / "data" / "audience.csv").write_text("x", encoding="utf-8")
    text = with_top("audience = 'data/audiense.csv'")
    assert only(problems(text)) == ('audience: there is no file "data/audiense.csv"; did you mean "data/audience.csv"?')
    text = SMALLEST.replace('"history.csv"', "['history.csv', 'histori.csv', 'data', 'no/x.csv', 'zzzzzz']")
    lines = [line.removeprefix("scenario.toml: ") for line in problems(text)]
    assert lines == [
        'history[1]: there is no file "histori.csv"; did you mean "history.csv"?',
        (
            'history[3]: there is no file "no/x.csv"; '
            "there is no such folder either; relative paths start from the scenario's folder"
        ),
        'history[4]: there is no file "zzzzzz"; relative paths start from the scenario\'s folder',
    ]


def test_a_folder_of_exports_is_a_history_but_no_audience(problems, folder: Path):
    (folder / "data").mkdir()
    assert problems(SMALLEST.replace('"history.csv"', "'data'")) == []
    assert only(problems(with_top("audience = 'data'"))) == 'audience: "data" is a folder; name the file in it'


def test_a_pattern_is_a_history_if_files_fit_it(problems, folder: Path):
    (folder / "data").mkdir()
    (folder / "data" / "a.json").write_text("x", encoding="utf-8")
    for pattern in ("data/*.json", "*/a.js?n", str(folder / "data" / "*")):
        assert problems(SMALLEST.replace("history.csv", pattern)) == []
    line = only(problems(SMALLEST.replace("history.csv", "data/*.csv")))
    assert line == 'history: no file fits "data/*.csv"; relative paths start from the scenario\'s folder'
    assert 'there is no file "data/*"' in only(problems(with_top("audience = 'data/*'")))


@pytest.mark.skipif(os.name == "nt", reason="names are shorter there")
def test_a_file_name_that_no_system_takes(problems):
    line = only(problems(SMALLEST.replace("history.csv", "x" * 3000)))
    assert "cannot be opened: File name too long" in line


def test_a_problem_in_one_table_hides_none_in_another(problems):
    lines = problems(TWO_POOLS.replace("2026-02-03", "tomorrow".join("''")).replace('pool = "receipts"', 'pool = "x"'))
    assert [line.split(": ")[1] for line in lines] == ["start", "streams.receipts.pool"]


def test_a_pool_whose_name_cannot_be_read_is_not_said_to_be_missing(problems):
    lines = problems(TWO_POOLS.replace('name = "receipts"\nips', "name = 5\nips"))
    assert [line.split(": ")[1] for line in lines] == ["pools[1].name"]
