"""Each value on its own: the place by name, plain words, the way out; and nothing hidden behind the first problem."""

from __future__ import annotations

import pytest

from tests.scenario.conftest import SMALLEST
from warmup.traffic.readers import readers

CASES = [
    # text that replaces, what it replaces with, the line
    ('"Example Shop"', "5", 'customer: must be text in quotes, not 5'),
    ('"Example Shop"', '""', "customer: must not be empty"),
    ('"Example Shop"', '"a\\nb"', "customer: must not contain line breaks, control or invisible characters"),
    ('"Example Shop"', '"a\\u202eb"', "customer: must not contain line breaks, control or invisible characters"),
    ('"Example Shop"', '"' + "x" * 121 + '"', "customer: is longer than 120 characters"),
    ("2026-02-03", "2026-02-03T09:00:00Z", "start: is a date with a time; write the date alone: 2026-02-03"),
    ("2026-02-03", '"2026-02-30"', 'start: "2026-02-30" is not a date; write it as 2026-02-03 (year-month-day)'),
    ("2026-02-03", '"3.2.2026"', 'start: "3.2.2026" is not a date; write it as 2026-02-03 (year-month-day)'),
    ("2026-02-03", "20260203", "start: must be a date such as 2026-02-03, not 20260203"),
    ("2026-02-03", "0", "start: must be a date such as 2026-02-03, not 0"),
    ("2026-02-03", "0226-02-03", "start: 0226-02-03 lies outside 2000 to 2099; check the year"),
    ("2026-02-03", "09:00:00", "start: must be a date such as 2026-02-03, not 09:00:00"),
    ("ip_count = 2", 'ip_count = "2"', 'pools.main.ip_count: must be a number without quotes, not "2"'),
    ("ip_count = 2", "ip_count = true", "pools.main.ip_count: must be a number without quotes, not true"),
    ("ip_count = 2", "ip_count = 2.5", "pools.main.ip_count: must be a whole number, not 2.5"),
    ("ip_count = 2", "ip_count = -1", "pools.main.ip_count: must be at least 0, not -1"),
    ("ip_count = 2", "ip_count = 70000", "pools.main.ip_count: must be at most 65,536, not 70000"),
    ("ip_count = 2", "", 'pools.main: needs ips = ["192.0.2.10"] or ip_count = 1'),
    ("ip_count = 2", 'ip_count = 2\nips = ["192.0.2.1"]',
     "pools.main: ip_count is 2 but 1 addresses are listed; leave ip_count out"),
    ("ip_count = 2", 'ips = ["192.0.2.300"]', 'pools.main.ips[0]: "192.0.2.300" is not an IP address, e.g. 192.0.2.10'),
    ("ip_count = 2", 'ips = ["192.0.2.0/28"]',
     'pools.main.ips[0]: "192.0.2.0/28" is a network; list its addresses, or give only their number with ip_count'),
    ("ip_count = 2", 'ips = ["127.0.0.1"]',
     'pools.main.ips[0]: "127.0.0.1" is a reserved address that no mail can be sent from'),
    ("ip_count = 2", 'ips = ["2001:db8::1%eth0"]',
     'pools.main.ips[0]: "2001:db8::1%eth0" has a zone index; mail cannot be sent to others from it'),
    ("ip_count = 2", 'ips = [{address = "192.0.2.1", start = 1}]',
     'pools.main.ips."192.0.2.1".start: must be a date such as 2026-02-03, not 1'),
    ("ip_count = 2", 'ips = "192.0.2.1"', 'pools.main.ips: must be a list, not "192.0.2.1"; write it in [ ]'),
    ('name = "main"\n', "", 'pools[0].name: is missing; add name = "marketing"'),
    ("[[pools]]", "[pools]", "pools: must be a list, not a table; write [[pools]] with two brackets"),
    ("[[streams]]", "[[legacy]]\n[[streams]]",
     "legacy: must be a table of keys, not a list; write [legacy] with one bracket"),
    ('name = "newsletter"', 'name = "newsletter"\nkind = "bulk"',
     'streams.newsletter.kind: must be "transactional", "marketing" or "critical", not "bulk"'),
    ('name = "newsletter"', 'name = "newsletter"\nspread_days = 31',
     "streams.newsletter.spread_days: must be at most 30, not 31"),
    ('name = "newsletter"', 'name = "newsletter"\ninclude_never = "yes"',
     'streams.newsletter.include_never: must be true or false without quotes, not "yes"'),
    ('name = "newsletter"', 'name = "newsletter"\nidentity_new = {from_domain = "me@example.com"}',
     'streams.newsletter.identity_new.from_domain: "me@example.com" is not a domain name, e.g. news.example.com'),
    ('name = "newsletter"', 'name = "newsletter"\n[policy]\npace = 0',
     'policy.pace: must be a number above 0 and up to 1, or "deadline", not 0'),
    ('name = "newsletter"', 'name = "newsletter"\n[policy]\npace = nan',
     'policy.pace: must be a number above 0 and up to 1, or "deadline", not nan'),
    ('name = "newsletter"', 'name = "newsletter"\n[policy]\ncontrol_share = nan',
     "policy.control_share: must be a finite number, not nan"),
    ('name = "newsletter"', 'name = "newsletter"\n[policy]\ncontrol_share = inf',
     "policy.control_share: must be a finite number, not inf"),
    ('name = "newsletter"', 'name = "newsletter"\n[policy]\ncapacity_per_ip = ' + "9" * 30,
     "policy.capacity_per_ip: must be at most 1,000,000,000,000, not a number of more than 18 digits"),
    ('name = "newsletter"', 'name = "newsletter"\n[policy]\nceilings = {yahoo = {daily = 5}}',
     "policy.ceilings.yahoo: needs either for_sending_days or permanent = true"),
    ('name = "newsletter"', 'name = "newsletter"\n[policy]\nceilings = {yahoo = true}',
     "policy.ceilings.yahoo: must be false, not true"),
    ('name = "newsletter"', 'name = "newsletter"\n[policy]\nceilings = {yahoo = [1]}',
     "policy.ceilings.yahoo: must be a table of keys, not a list; write [yahoo] with one bracket"),
    ('name = "newsletter"', 'name = "newsletter"\n[calendar]\nwindow = {from = 9, to = "17:00"}',
     'calendar.window.from: must be a time of day such as "09:00", not 9'),
    ('name = "newsletter"', 'name = "newsletter"\n[calendar]\nwindow = {from = "25:00"}',
     'calendar.window.from: "25:00" is not a time of day; write it as "09:00"'),
    ('name = "newsletter"', 'name = "newsletter"\n[calendar]\nwindow = {from = "09:00+02:00"}',
     "calendar.window.from: must not have a UTC offset: times are in the scenario's timezone"),
    ('name = "newsletter"', 'name = "newsletter"\n[calendar]\nwindow = {from = "20:00", to = "06:00"}',
     "calendar.window: must be at least one hour and must not pass midnight"),
    ('name = "newsletter"', 'name = "newsletter"\n[calendar]\nsilent = {from = 2026-03-02, to = 2026-03-01}',
     "calendar.silent: ends on 2026-03-01 before it starts on 2026-03-02"),
    ('name = "newsletter"', 'name = "newsletter"\n[calendar]\nholiday_country = "Germany"',
     'calendar.holiday_country: must be two capital letters such as DE, not "Germany"'),
    ('name = "newsletter"', 'name = "newsletter"\n[[calendar.peaks]]\nname = "Sale"\ndays = []\nfactor = 2',
     "calendar.peaks.Sale.days: must not be empty"),
    ('name = "newsletter"', 'name = "newsletter"\n[[calendar.peaks]]\nname = "Sale"\ndays = 2026-05-01',
     "calendar.peaks.Sale: needs either factor (times the usual day) or messages (a day)"),
    ('name = "newsletter"', 'name = "newsletter"\n[preflight]\nsnds = true',
     'preflight.snds: must be "done", "not done" or a date such as 2026-02-10, not true'),
    ('name = "newsletter"', 'name = "newsletter"\n[preflight]\nsnds = "soon"',
     'preflight.snds: must be "done", "not done" or a date such as 2026-02-10, not "soon"'),
    ("start =", 'timezone = "Europe/Lodnon"\nstart =',
     'timezone: "Europe/Lodnon" is not an IANA time zone, e.g. Europe/London'),
    ('history = "history.csv"', "history = []", "history: must not be empty"),
    ('history = "history.csv"', 'history = {path = "history.csv", format = "xls"}',
     f'history.format: there is no format "xls"; formats that can be read: {", ".join(["auto", *sorted(readers())])}'),
    ('history = "history.csv"', 'history = {path = "history.csv", format = "sparkpost"}',
     'history.format: there is no format "sparkpost"; did you mean "sparkpost-events"?'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line"), CASES, ids=[case[2][:60] for case in CASES])
def test_a_bad_value_is_one_line_in_plain_words(problems, old, new, line):
    assert old in SMALLEST
    assert f"scenario.toml: {line}" in problems(SMALLEST.replace(old, new))


@pytest.mark.parametrize(("old", "new", "line"), CASES, ids=[case[2][:60] for case in CASES])
def test_a_bad_value_causes_no_second_complaint(problems, old, new, line):
    assert len(problems(SMALLEST.replace(old, new))) == 1


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("customer =", "custmer =", 'custmer: there is no such key here; did you mean "customer"?'),
        ("ip_count", "ip-count", 'pools.main.ip-count: there is no such key here; did you mean "ip_count"?'),
        ("[[streams]]", "[policy]\nhorizon = 90\n[[streams]]",
         'policy.horizon: there is no such key here; did you mean "horizon_days"?'),
        ("[[streams]]", "[polcy]\n[[streams]]", 'polcy: there is no such key here; did you mean "policy"?'),
        ("[[streams]]", "[new]\nzzz = 1\n[[streams]]",
         "new.zzz: there is no such key here; keys allowed here: name, autowarm, overflow, overflow_capacity, mode"),
        ("[[streams]]", "[calendar]\nfreeze = {form = 2026-03-01, to = 2026-03-02}\n[[streams]]",
         'calendar.freeze.form: there is no such key here; did you mean "from"?'),
        ("[[streams]]", "[preflight]\nsnd = 'done'\n[[streams]]",
         'preflight.snd: there is no such pre-flight item; did you mean "snds"?'),
    ],
)  # fmt: skip
def test_an_unknown_key_is_told_once_with_what_was_meant(problems, old, new, line):
    assert problems(SMALLEST.replace(old, new)) == [f"scenario.toml: {line}"]


def test_the_folder_cannot_be_set_in_the_file(problems):
    (line,) = problems("base_dir = '/'\n" + SMALLEST)
    assert "base_dir: there is no such key here" in line


def test_names_of_elements_are_used_where_they_tell_them_apart(problems):
    text = SMALLEST.replace('name = "newsletter"', 'name = "summer news"\nkind = 1')
    assert any('streams."summer news".kind' in line for line in problems(text))
    twice = text.replace("kind = 1", 'kind = 1\n[[streams]]\nname = "summer news"')
    assert any("streams[0].kind" in line for line in problems(twice))
    assert any("streams[1].name: there is already a stream" in line for line in problems(twice))


def test_all_problems_are_told_in_the_order_of_the_file(problems):
    lines = problems("""\
deadline = 2026-01-01
start = 2026-02-03
customer = 5
colour = "red"

[[streams]]
name = "newsletter"
pool = "markting"
kind = "bulk"

[[streams]]
name = "receipts"
history = "histry.csv"

[[pools]]
name = "marketing"
start = "soon"

[[pools]]
name = "receipts"
ips = ["192.0.2.1", "192.0.2.1"]

[policy]
pace = "deadline"
ramp = "standart"
""")
    assert [line.removeprefix("scenario.toml: ").split(": ")[0] for line in lines] == [
        "deadline",
        "customer",
        "colour",
        "streams.newsletter.pool",
        "streams.newsletter.kind",
        "streams.newsletter.history",
        "streams.receipts.history",
        "streams.receipts.pool",
        "pools.marketing",
        "pools.marketing.start",
        "pools.receipts.ips[1]",
        "policy.ramp",
    ]


def test_a_rule_of_a_table_is_checked_beside_a_bad_value_in_it(problems):
    lines = problems(SMALLEST.replace("ip_count = 2", "start = 5"))
    assert len(lines) == 2
    assert "pools.main: needs ips" in lines[0]
    assert "pools.main.start: must be a date" in lines[1]


def test_odd_spaces_in_names_become_plain_ones(folder):
    from pathlib import Path

    import warmup

    Path("scenario.toml").write_text(SMALLEST.replace("Example Shop", "Example\u00a0Shop "), encoding="utf-8")
    assert warmup.load_scenario("scenario.toml").customer == "Example Shop"
