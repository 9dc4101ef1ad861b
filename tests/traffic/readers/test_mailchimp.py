from __future__ import annotations

import csv
import io
import json
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from tests.traffic.aggregates.build import counted, rows, save, told, unknown
from warmup.errors import InputError
from warmup.traffic.capabilities import capabilities
from warmup.traffic.export_history import as_history
from warmup.traffic.measures import MEASURES
from warmup.traffic.readers import Context

COLUMNS = {
    "Title": "Spring", "List": "Main", "Send Date": "Mar 02, 2026 09:00 am", "Total Recipients": "10",
    "Successful Deliveries": "9", "Soft Bounces": "1", "Hard Bounces": "0", "Unique Opens": "4", "Open Rate": "44.44%",
    "Unique Clicks": "2", "Unsubscribes": "0", "Abuse Complaints": "0", "Unique Id": "a1",
}  # fmt: skip


@pytest.fixture
def report(shared):
    return shared / "reference" / "formats" / "samples" / "mailchimp_campaigns.csv"


@pytest.fixture
def domains(shared):
    return shared / "reference" / "formats" / "samples" / "mailchimp_domain_performance.json"


def written(folder, *changes, name="report.csv", delimiter=","):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(COLUMNS), delimiter=delimiter)
    writer.writeheader()
    for n, change in enumerate(changes):
        writer.writerow({**COLUMNS, "Unique Id": f"a{n}", **change})
    return save(folder, out.getvalue(), name)


def performance(campaign="a0", **sent):
    entries = [
        {"domain": name, "emails_sent": n, "bounces": 0, "opens": 0, "clicks": 0, "unsubs": 0, "delivered": n}
        for name, n in sent.items()
    ]
    return {"domains": entries, "total_sent": sum(sent.values()), "campaign_id": campaign}


def test_the_report(report):
    result = counted("mailchimp", report)
    names = ("date", "stream", "injected", "delivered", "hard", "soft", "complaint", "unsub", "click", "open_any")
    assert rows(result, *names) == [
        ("2026-03-02", "Main", 7, 4, 1, 2, 1, 0, 1, 2),
        ("2026-03-03", "Main", 2, 1, 0, 1, 0, 1, 0, 0),
    ]
    assert unknown(result) == set(capabilities()["mailchimp"].never)
    assert "account's time zone" in told(result)


def test_the_domains_alone_have_no_day(domains):
    result = counted("mailchimp", domains)
    assert rows(result, "date", "domain", "injected", "delivered", "click", "open_any", "unsub") == [
        (None, "gmail.example.com", 4, 3, 1, 2, 0),
        (None, "outlook.example.com", 1, 0, 0, 0, 0),
        (None, "yahoo.example.com", 2, 1, 0, 0, 0),
    ]
    record = capabilities()["mailchimp"]
    assert unknown(result) == {*record.never, *record.only_if}
    assert "their day is unknown" in told(result)
    with pytest.raises(InputError, match="no days"):
        as_history(result, "m", Context(ZoneInfo("UTC"), "promo"))


@pytest.mark.parametrize("turned", [False, True])
def test_together_campaigns_have_days_and_domains_and_lose_nothing(report, domains, turned):
    both = [domains, report] if turned else [report, domains]
    result, alone = counted("mailchimp", *both), counted("mailchimp", report)
    assert rows(result, "date", "domain", "stream", "injected", "delivered", "hard", "soft", "complaint") == [
        ("2026-03-02", "", "Main", 0, 0, 1, 2, 1),
        ("2026-03-02", "gmail.example.com", "Main", 4, 3, None, None, None),
        ("2026-03-02", "outlook.example.com", "Main", 1, 0, None, None, None),
        ("2026-03-02", "yahoo.example.com", "Main", 2, 1, None, None, None),
        ("2026-03-03", "", "Main", 2, 1, 0, 1, 0),
    ]
    for measure in MEASURES:
        sums = [one.counts.groupby("date")[measure].sum(min_count=1) for one in (result, alone)]
        assert sums[0].equals(sums[1]), measure


def test_as_a_history_every_message_counts_once(report, domains):
    reading = as_history(counted("mailchimp", report, domains), "m", Context(ZoneInfo("UTC")))
    assert reading.has_streams
    sent = {(str(row.date.date()), row.domain): row.messages for row in reading.frame.itertuples()}
    assert sent == {
        ("2026-03-02", "gmail.example.com"): 4,
        ("2026-03-02", "outlook.example.com"): 1,
        ("2026-03-02", "yahoo.example.com"): 2,
        ("2026-03-03", ""): 2,
    }


def test_copies_count_once_and_contradictions_are_said(report, domains, tmp_path):
    copies = [save(tmp_path, path.read_text(), path.name) for path in (report, domains)]
    result = counted("mailchimp", report, domains, *copies)
    assert result.counts.equals(counted("mailchimp", report, domains).counts)
    assert result.copies == 5
    data = json.loads(domains.read_text())
    data["domains"][0]["emails_sent"] = 5
    other = save(tmp_path, data, "other.json")
    with pytest.raises(InputError, match=r"other.json: entry 1: says 5 injected of 'gmail.example.com'"):
        counted("mailchimp", domains, report, other)
    changed = save(tmp_path, report.read_text().replace(",7,4,", ",8,5,"), "later.csv")
    with pytest.raises(InputError, match=r"later.csv: entry 1: says something else of campaign '17671f6028'"):
        counted("mailchimp", report, changed)


def test_campaigns_of_one_day_and_audience_are_added_up(tmp_path):
    result = counted("mailchimp", written(tmp_path, {}, {"Total Recipients": "5"}, {"List": "VIP"}))
    assert rows(result, "stream", "injected") == [("Main", 15), ("VIP", 10)]


def test_what_domains_do_not_cover_stays_without_domain(tmp_path):
    save(tmp_path, performance(**{"gmail.example.com": 6, "Other": 1}), "d.json")
    result = counted("mailchimp", written(tmp_path, {}), tmp_path / "d.json")
    assert rows(result, "domain", "label", "injected", "delivered") == [
        ("", "", 3, 2),
        ("", "Other", 1, 1),
        ("gmail.example.com", "", 6, 6),
    ]


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("Mar 02, 2026 11:30 pm", "America/New_York", date(2026, 3, 3)),
        ("Mar 02, 2026 11:30 PM", None, date(2026, 3, 2)),
        ("Mar 02, 2026 12:05 am", "Asia/Tokyo", date(2026, 3, 1)),
        ("March 2, 2026 12:05 pm", "UTC", date(2026, 3, 2)),
    ],
)
def test_times_are_those_of_the_account(tmp_path, text, zone, day):
    path = written(tmp_path, {"Send Date": text})
    result = counted("mailchimp", path, file_zone=ZoneInfo(zone) if zone else None)
    assert rows(result, "date") == [(str(day),)]
    assert ("account's time zone" in told(result)) == (zone is None)


def test_other_delimiters_quotes_and_a_byte_order_mark(tmp_path):
    path = written(tmp_path, {"Title": 'a "b";\nc', "List": "Main; VIP"}, delimiter=";")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert rows(counted("mailchimp", path), "stream", "injected") == [("Main; VIP", 10)]


@pytest.mark.parametrize(
    "change",
    [
        {"Send Date": ""},
        {"Send Date": "2 Mar"},
        {"Send Date": "Xyz 02, 2026 09:00 am"},
        {"Send Date": "Feb 30, 2026 09:00 am"},
        {"Send Date": "Mar 02, 2026 09:61 am"},
        {"Total Recipients": "-1"},
        {"Total Recipients": "1.5"},
        {"Total Recipients": "NaN"},
        {"Total Recipients": "9" * 10_000},
        {"Unique Opens": "٣"},
        {"List": "x" * 1_000},
    ],
)
def test_damaged_rows_are_counted_and_the_rest_is_kept(tmp_path, change):
    result = counted("mailchimp", written(tmp_path, {}, change))
    assert rows(result, "injected") == [(10,)]
    assert (result.damage.count, result.damage.places[0][1]) == (1, 2)


def test_a_cut_row_is_damaged(tmp_path):
    path = written(tmp_path, {}, {})
    path.write_text(path.read_text()[:-40])
    result = counted("mailchimp", path)
    assert (result.records, result.damage.count) == (1, 1)


def test_an_empty_number_is_unknown(tmp_path):
    assert rows(counted("mailchimp", written(tmp_path, {"Unique Opens": ""})), "injected", "open_any") == [(10, None)]


@pytest.mark.parametrize("entry", [7, [], {}, {"domain": ["a"]}, {"domain": "a.example.com", "emails_sent": -1}])
def test_damaged_domains_are_counted(tmp_path, entry):
    data = performance(**{"gmail.example.com": 6})
    data["domains"].append(entry)
    result = counted("mailchimp", save(tmp_path, data))
    assert (result.records, result.damage.count) == ((2, 0) if entry == {} else (1, 1))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a,b\n1,2\n", "no campaign report: it has no column Send Date"),
        ("{}", "no answer of domain-performance"),
        ('{"domains": [], "campaign_id": 7}', "no answer of domain-performance"),
        ("[]", "no answer of domain-performance"),
        ('{"domains": [', "is not JSON, or cut"),
    ],
)
def test_what_is_neither(tmp_path, text, what):
    with pytest.raises(InputError, match=what):
        counted("mailchimp", save(tmp_path, text, "x"))
