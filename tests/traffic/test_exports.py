"""Files of any platform → one table: recognised, grouped, never counted twice, nothing lost silently."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import sys
from datetime import date, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.traffic.build import scenario
from tests.traffic.events.samples import SAMPLES, by, expected, folder
from warmup.errors import InputError
from warmup.traffic.export_table import COLUMNS, save, table
from warmup.traffic.exports import classified, read_exports, read_scenario
from warmup.traffic.measures import MEASURES
from warmup.traffic.overview import overview
from warmup.traffic.readers import Context

UTC = Context(ZoneInfo("UTC"))
MONDAY = date(2026, 3, 2)


def event(n, kind="processed", day=MONDAY, domain="gmail.com", stream="news", **more):
    return {
        "email": f"person{n}@{domain}", "timestamp": 1772442000 + (day - MONDAY).days * 86400, "event": kind,
        "sg_event_id": f"{kind}-{n}", "sg_message_id": f"m{n}", "category": stream, **more,
    }  # fmt: skip


def sendgrid(path, events):
    path.write_text(json.dumps(events))
    return path


def tidy(path, rows):
    path.write_text("date,provider,stream,messages\n" + "".join(f"{','.join(map(str, row))}\n" for row in rows))
    return path


def problems(*paths, context=UTC, **options):
    with pytest.raises(InputError) as caught:
        read_exports(paths, context, **options)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("platform", SAMPLES)
def test_every_event_sample_is_recognised_and_counted(shared, platform):
    for sample in SAMPLES[platform]:
        exports = read_exports([folder(shared) / sample], UTC)
        assert [one.name for one in exports.platforms] == [platform.replace("_", "-")]
        if exports.counts["injected"].notna().any():
            keys = ["date", "domain", "stream"]
            assert by(exports.counts, keys, ["messages"]) == by(expected(shared), keys, ["injected"])


def test_a_folder_of_two_platforms(tmp_path, shared):
    sendgrid(tmp_path / "a.json", [event(n) for n in range(5)])
    shutil.copy(folder(shared) / "kumomta_log.jsonl", tmp_path / "b.log")
    (tmp_path / "README.txt").write_text("exports of March")
    exports = read_exports([tmp_path], UTC)
    assert sorted(one.name for one in exports.platforms) == ["kumomta", "sendgrid-events"]
    assert "1 file left out" in exports.notes[0].text
    assert "README.txt" in exports.notes[0].text
    assert exports.counts["messages"].sum() == 5 + 13


def test_copies_in_two_files_count_once_and_an_event_explains_one_in_another_file(tmp_path):
    first = sendgrid(tmp_path / "a.json", [event(n) for n in range(5)])
    second = sendgrid(tmp_path / "b.json", [event(4), event(4, "delivered", ip="192.0.2.1")])
    exports = read_exports([first, second], UTC)
    assert exports.platforms[0].result.copies == 1
    assert exports.counts["messages"].sum() == 5
    assert exports.counts["delivered"].sum() == 1


def test_copies_under_two_sources_of_a_scenario_count_once(tmp_path):
    sendgrid(tmp_path / "a.json", [event(n) for n in range(5)])
    sendgrid(tmp_path / "b.json", [event(n) for n in range(3, 9)])
    sources = [{"path": "a.json", "timezone": "Europe/Berlin"}, {"path": "b.json", "provider": "Gmail"}]
    exports = read_scenario(scenario(tmp_path, history=sources))
    assert exports.counts["messages"].sum() == 9
    assert exports.platforms[0].result.copies == 2


def test_two_kinds_of_export_of_one_vendor_are_not_added_up(shared):
    samples = folder(shared)
    (line,) = problems(samples / "sparkpost_events_api.json", samples / "sparkpost_metrics_timeseries.json")
    assert "tell of the same messages on 2 days" in line


def test_the_same_messages_told_by_two_vendors_are_added_up_and_said(tmp_path):
    """A table of what was sent, and the deliveries that Postmark told of."""
    rows = [(MONDAY + timedelta(days=n), "Gmail", "news", 10) for n in range(3)]
    hooks = [
        {"RecordType": "Delivery", "MessageID": f"{day}-{n}", "Recipient": f"r{n}@gmail.com", "Tag": "news",
         "DeliveredAt": f"{day}T09:00:00Z"}
        for day, *_ in rows for n in range(9)
    ]  # fmt: skip
    events = tmp_path / "events.jsonl"
    events.write_text("\n".join(map(json.dumps, hooks)))
    exports = read_exports([tidy(tmp_path / "sent.csv", rows), events], UTC)
    (note,) = (note for note in exports.notes if "added up" in note.text)
    assert note.level == "warning"
    assert "(30 messages)" in note.text
    assert "(27)" in note.text
    assert "3 days" in note.text
    other = tidy(tmp_path / "other.csv", [(*row[:2], "receipts", 10) for row in rows])
    assert not any("added up" in note.text for note in read_exports([other, events], UTC).notes)


@pytest.mark.parametrize("sample", ["powermta_acct.csv", "kumomta_log.jsonl", "postfix_mail.log"])
def test_a_log_that_lies_there_twice_counts_twice_and_is_said(tmp_path, shared, sample):
    for name in ("a", "b"):
        shutil.copy(folder(shared) / sample, tmp_path / name)
    notes = read_exports([tmp_path / "a", tmp_path / "b"], UTC).notes
    (note,) = (note for note in notes if "byte for byte" in note.text)
    assert note.level == "warning"
    assert "b holds" in note.text
    assert not any("byte for byte" in note.text for note in read_exports([tmp_path / "a"], UTC).notes)


def test_a_table_that_lies_there_twice_is_said(tmp_path):
    for name in ("a.csv", "b.csv"):
        tidy(tmp_path / name, [(MONDAY, "Gmail", "news", 10)])
    assert any("byte for byte" in note.text for note in read_exports([tmp_path], UTC).notes)


@pytest.mark.parametrize(
    "sample",
    ["mailgun_metrics_request.json", "ses_vdm_batch_get_metric_data_request.json", "bird_stats_query_request.json",
     "sparkpost_sending_ips.json"],
)  # fmt: skip
def test_a_request_without_its_answer_is_named_and_left_out_of_a_folder(tmp_path, shared, sample):
    asked = tmp_path / sample
    shutil.copy(folder(shared) / sample, asked)
    (line,) = problems(asked)
    assert sample in line
    (line,) = problems(tmp_path)
    assert sample in line
    sendgrid(tmp_path / "a.json", [event(n) for n in range(5)])
    exports = read_exports([tmp_path], UTC)
    assert exports.counts["messages"].sum() == 5
    assert any(note.level == "warning" and sample in note.text for note in exports.notes)
    assert sample in problems(tmp_path / "a.json", asked)[0]


def test_what_no_platform_knows(tmp_path):
    (tmp_path / "x.bin").write_bytes(bytes(range(256)))
    (tmp_path / "empty").mkdir()
    assert "x.bin" in problems(tmp_path / "x.bin")[0]
    assert "is no file, folder or pattern" in problems(tmp_path / "nothing.json")[0]
    assert "is a folder without files" in problems(tmp_path / "empty")[0]


def test_too_much_damage_is_refused_with_its_places_and_less_is_told(tmp_path):
    lines = [json.dumps(event(n)) for n in range(50)]
    lines[20] = "{broken"
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines))
    (line,) = problems(path)
    assert "1 record of 50" in line
    assert "a.jsonl line 21" in line
    exports = read_exports([path], UTC, max_bad=0.05)
    assert exports.counts["messages"].sum() == 49
    assert any("line 21" in note.text for note in exports.notes)


def test_a_platform_can_be_named(tmp_path):
    path = sendgrid(tmp_path / "a.json", [event(1)])
    with pytest.raises(InputError):
        read_exports([path], UTC, platform="kumomta", max_bad=0)
    assert read_exports([path], UTC, platform="sendgrid-events").counts["messages"].sum() == 1


def test_mx_answers_win_over_the_catalogue(tmp_path):
    exports = read_exports([sendgrid(tmp_path / "a.json", [event(1), event(2, domain="corp.example.com")])], UTC)
    before = classified(exports).counts.set_index("domain")
    assert before["provider"].to_dict() == {"gmail.com": "google", "corp.example.com": "other"}
    assert before["unknown"].to_dict() == {"gmail.com": False, "corp.example.com": True}
    mx = {"corp.example.com": ("aspmx.l.google.com",)}
    after = classified(exports, mx).counts.set_index("domain")
    assert after["provider"].to_dict() == {"gmail.com": "google", "corp.example.com": "google"}


def test_a_table_of_its_own_names(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("Tag,Ziel,Menge\n2026-03-02,gmail.com,5\n")
    columns = {"date": "Tag", "domain": "Ziel", "messages": "Menge"}
    context = Context(ZoneInfo("UTC"), "news", columns=columns)
    counts = read_exports([path], context).counts
    assert counts[["domain", "stream", "messages"]].to_numpy().tolist() == [["gmail.com", "news", 5]]
    wrong = Context(ZoneInfo("UTC"), "news", columns=columns | {"messages": "Mengen", "dat": "Tag"})
    found = problems(path, context=wrong)
    assert any("has no column 'Mengen'" in line and 'did you mean "Menge"' in line for line in found)
    assert any("'dat' is nothing that a table is read for" in line for line in found)


def test_overview_finds_gaps_and_rhythm_and_keeps_unknown_apart(tmp_path):
    days = [MONDAY + timedelta(days=n) for n in range(70)]
    rows = [(day, "Gmail", "receipts", 100) for day in days if day != days[30]]
    rows += [(day, "Gmail", "promo", 700) for day in days if day.weekday() == 1]
    rows += [(day, "Acme Mail", "receipts", 10) for day in days if day != days[30]]
    exports = classified(read_exports([tidy(tmp_path / "h.csv", rows)], UTC))
    facts = overview(exports)
    assert (facts.first, facts.last, facts.span, facts.days) == (days[0], days[-1], 70, 69)
    assert facts.gaps == {"receipts": (days[30],)}
    assert facts.rhythm.loc["receipts"].tolist() == [110.0] * 7
    assert facts.rhythm.loc["promo"].fillna(0).tolist() == [0, 700, 0, 0, 0, 0, 0]
    assert facts.messages == 69 * 110 + 10 * 700
    assert facts.unclassified == pytest.approx(690 / facts.messages)
    assert list(facts.providers.index) == ["google", "other"]
    assert set(facts.unknown) == set(MEASURES) - {"injected"}
    assert facts.providers["delivered"].isna().all()
    assert facts.daily.to_numpy(dtype=float, na_value=0).sum() == facts.messages


def test_a_gap_day_is_unknown_in_the_mean_of_its_weekday(tmp_path):
    days = [MONDAY + timedelta(days=n) for n in range(28)]
    rows = [(day, "Gmail", "news", 100) for day in days if day != days[9]]
    facts = overview(classified(read_exports([tidy(tmp_path / "h.csv", rows)], UTC)))
    assert facts.rhythm.loc["news"].tolist() == [100.0] * 7


def test_the_table_names_no_small_domain_and_keeps_null(tmp_path):
    events = [event(1), event(2, domain="corp.example.com"), event(3, domain="corp.example.com", stream="=1+1")]
    exports = classified(read_exports([sendgrid(tmp_path / "a.json", events)], UTC))
    frame = table(exports)
    assert tuple(frame.columns) == COLUMNS
    assert sorted(set(frame["recipient_domain"])) == ["", "gmail.com"]
    assert set(table(exports, domains=True)["recipient_domain"]) == {"gmail.com", "corp.example.com"}
    assert frame["messages"].sum() == 3
    assert save(exports, tmp_path / "traffic.csv") == len(frame) == 3
    text = (tmp_path / "traffic.csv").read_text()
    assert ",'=1+1," in text
    assert "corp.example.com" not in text
    header, first = text.splitlines()[:2]
    assert dict(zip(header.split(","), first.split(","), strict=True))["oob"] == ""  # SendGrid cannot say it


def test_the_table_comes_back_in(tmp_path):
    days = [MONDAY + timedelta(days=n) for n in range(20)]
    rows = product(days, ("gmail.com", "corp.example.com"), ("news", "promo"))
    events = [event(n, day=day, domain=domain, stream=stream) for n, (day, domain, stream) in enumerate(rows)]
    exports = classified(read_exports([sendgrid(tmp_path / "a.json", events)], UTC))
    save(exports, tmp_path / "traffic.csv")
    again = classified(read_exports([tmp_path / "traffic.csv"], UTC))
    keys = ["date", "provider", "stream"]
    assert by(again.counts, keys, ["messages"]) == by(exports.counts, keys, ["messages"])


def test_all_that_the_table_says_comes_back_in(tmp_path, shared):
    """Whatever the platforms said or could not say."""
    names = [name for files in SAMPLES.values() for name in files[:1]]
    for name in names:
        exports = classified(read_exports([folder(shared) / name], UTC))
        save(exports, tmp_path / "traffic.csv", domains=True)
        again = classified(read_exports([tmp_path / "traffic.csv"], UTC))
        keys = ["date", "domain", "stream", "ip", "pool"]
        for measure in ("messages", *MEASURES):
            ours, theirs = (one.counts[one.counts[measure].notna()] for one in (again, exports))
            assert by(ours, keys, [measure]) == by(theirs, keys, [measure]), (name, measure)
        assert overview(again).unknown == overview(exports).unknown


def test_what_became_of_mail_is_read_from_a_table_too(tmp_path, shared):
    truth = expected(shared)
    exports = read_exports([folder(shared) / "EXPECTED_daily.csv"], UTC)
    known = ["injected", "delivered", "hard", "soft", "block", "oob", "complaint", "unsub", "click", "open_human"]
    keys = ["date", "domain", "ip", "stream"]
    assert by(exports.counts, keys, known) == by(truth, keys, known)
    assert set(overview(classified(exports)).unknown) == set(MEASURES) - set(known)
    assert any("Not read: 'deferred', 'rejected', 'open_machine'." in note.text for note in exports.notes)
    context = Context(ZoneInfo("UTC"), columns={"deferred_events": "deferred", "suppressed": "rejected"})
    more = read_exports([folder(shared) / "EXPECTED_daily.csv"], context)
    assert by(more.counts, keys, ["suppressed", "deferred_events"]) == by(
        truth, keys, ["suppressed", "deferred_events"]
    )


def test_a_table_of_deliveries_and_refusals_says_what_was_sent(tmp_path):
    path = tmp_path / "h.csv"
    path.write_text("date,provider,stream,delivered,hard,soft,block,open_any\n2026-03-02,Gmail,news,90,5,,5,\n")
    counts = read_exports([path], UTC).counts
    assert counts[["messages", "delivered", "hard", "block"]].to_numpy().tolist() == [[100, 90, 5, 5]]
    assert counts[["injected", "soft", "open_any"]].isna().all(axis=None)
    path.write_text("date,provider,stream,messages,hard\n2026-03-02,Gmail,news,90,many\n")
    assert "'hard' 'many' is not a number" in problems(path)[0]
    without = Context(ZoneInfo("UTC"), columns={"hard": ""})
    assert read_exports([path], without).counts["messages"].tolist() == [90]


def test_a_list_of_recipients_among_the_exports_is_told_its_option(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("email,last_open_date,last_click\nperson@example.com,2026-03-02,\n")
    assert "warmup traffic read --recipients" in problems(path)[0]


def test_a_domain_of_a_few_messages_is_not_named(tmp_path):
    events = [event(n, domain="large.example.com") for n in range(20)] + [event(20, domain="jane-doe.example.com")]
    notes = " ".join(note.text for note in classified(read_exports([sendgrid(tmp_path / "a", events)], UTC)).notes)
    assert "large.example.com" in notes
    assert "jane-doe" not in notes


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
def test_a_table_from_standard_input(tmp_path, monkeypatch, pack):
    def pipe(data):
        data = pack(data)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))

    text = 'Tag;provider;stream;messages\r\n2026-03-02;"a\nb";news;5\r\n\r\n2026-03-03;"a\nb";news;x\r\n'
    context = Context(ZoneInfo("UTC"), columns={"date": "Tag"})
    pipe(text.replace(";x", ";6").encode())
    assert read_exports(["-"], context).counts["messages"].tolist() == [5, 6]
    pipe(text.encode())
    assert problems("-", context=context)[0].startswith("standard input: line 5: volume 'x' is not a number")
    pipe(text.encode() + b"2026-03-04;a\n2026-03-05;\xff;news;1\n")
    lines = problems("-", context=context)
    assert [line.split(": ")[1] for line in lines] == ["line 7", "line 8"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_how_events_are_cut_into_files_does_not_matter(tmp_path, data):
    kinds = st.sampled_from(["processed", "delivered", "deferred", "open", "bounce", "dropped"])
    records = data.draw(
        st.lists(st.tuples(st.integers(0, 9), kinds, st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)
    )
    events = [
        event(n, kind, MONDAY + timedelta(days=day)) | {"sg_event_id": f"{kind}{n}{day}", "_file": file}
        for n, kind, day, file in records
    ]
    for old in tmp_path.iterdir():
        old.unlink()
    whole = sendgrid(tmp_path / "whole.json", events)
    one = read_exports([whole], UTC)
    parts = []
    for file in range(4):
        mine = data.draw(st.permutations([e for e in events if e["_file"] == file]))
        if mine:
            path = tmp_path / f"part{file}.jsonl.gz"
            path.write_bytes(gzip.compress("\n".join(map(json.dumps, mine)).encode()))
            parts.append(path)
    pd.testing.assert_frame_equal(one.counts, read_exports(parts, UTC).counts)


def test_what_an_export_does_not_divide_by_domain_counts_for_all_of_it_and_for_no_provider(tmp_path):
    """Mailchimp counts hard bounces by campaign, messages by domain."""
    (tmp_path / "campaigns.csv").write_text(
        "List,Send Date,Total Recipients,Successful Deliveries,Hard Bounces,Soft Bounces,Abuse Complaints,Unique Id\n"
        'News,"Mar 02, 2026 09:00 am",1000,950,40,10,19,c1\n'
    )
    domains = [
        {"domain": "gmail.com", "emails_sent": 600, "bounces": 20, "delivered": 580},
        {"domain": "firm.example.com", "emails_sent": 400, "bounces": 30, "delivered": 370},
    ]
    (tmp_path / "c1.json").write_text(json.dumps({"domains": domains, "total_sent": 1000, "campaign_id": "c1"}))
    lines = [f"{MONDAY},Other,transactional,100\n"]
    (tmp_path / "h.csv").write_text("date,provider,stream,messages\n" + "".join(lines))
    exports = classified(read_exports([tmp_path], UTC))
    facts = overview(exports)
    assert facts.streams.loc["News", "hard"] == pytest.approx(40 / 1000)
    assert facts.streams.loc["News", "complaint"] == pytest.approx(19 / 950)
    assert facts.providers["hard"].isna().all()
    assert facts.providers.loc["google", "delivered"] == pytest.approx(580 / 600)
    assert not any("no provider given" in note.text for note in exports.notes)
