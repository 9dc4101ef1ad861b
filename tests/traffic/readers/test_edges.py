"""What exports of several platforms have in common at their edges: late injections, odd ids, days, names, replies."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.traffic.events.samples import counted
from warmup.traffic.exports import read_exports
from warmup.traffic.measures import MEASURES
from warmup.traffic.readers import Context

DAY = 86_400
START = 1_772_442_000


def sparkpost(path, events):
    path.write_text("\n".join(json.dumps(event) for event in events))
    return path


def event(kind, n, day=0, **more):
    return {
        "type": kind, "event_id": f"{kind}-{n}", "timestamp": str(START + day * DAY), "recipient_domain": "gmail.com",
        "rcpt_to": f"r{n}@gmail.com", "campaign_id": "news", "message_id": f"m{n}", **more,
    }  # fmt: skip


def test_deliveries_before_the_first_injection_are_not_no_mail(tmp_path):
    delivered = [event("delivery", n, day=n // 10) for n in range(60)]
    injected = [event("injection", n, day=n // 10) for n in range(30, 60)]
    result = counted("sparkpost_events", sparkpost(tmp_path / "e.jsonl", delivered + injected))
    by_day = result.counts.set_index(result.counts["date"].dt.day)
    assert by_day["injected"].isna().tolist() == [True] * 3 + [False] * 3
    assert any("begin 3 days later" in note.text for note in result.notes)
    exports = read_exports([tmp_path / "e.jsonl"], Context(by_day_zone()))
    assert exports.counts["messages"].tolist() == [10] * 6


def by_day_zone():
    return ZoneInfo("UTC")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.from_regex(r"\A[0-9]{9,12}([.e_+-][0-9]{1,3})?\Z"), unique=True, min_size=1, max_size=30))
def test_different_ids_are_different_events(tmp_path_factory, ids):
    path = tmp_path_factory.mktemp("ids") / "e.jsonl"
    events = [event("delivery", n, event_id=text) for n, text in enumerate(ids)]
    result = counted("sparkpost_events", sparkpost(path, events))
    assert (result.copies, result.counts["delivered"].sum()) == (0, len(ids))


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00Z", "9998-12-31T00:00:00Z", "1999-12-31T00:00:00Z"])
def test_a_day_on_which_no_mail_can_have_been_sent_is_damage(tmp_path, when):
    events = [event("delivery", 1), event("delivery", 2, timestamp=when)]
    result = counted("sparkpost_events", sparkpost(tmp_path / "e.jsonl", events))
    assert (result.damage.count, result.counts["delivered"].sum()) == (1, 1)


def test_a_local_part_alone_is_no_domain(tmp_path):
    lost = {"recipient_domain": None, "routing_domain": None, "rcpt_to": "anna.smith"}
    result = counted("sparkpost_events", sparkpost(tmp_path / "e.jsonl", [event("delivery", 1, **lost)]))
    assert (result.damage.count, len(result.counts)) == (1, 0)
    base = {"event": "delivered", "timestamp": START, "sg_event_id": "1", "sg_message_id": "m"}
    (tmp_path / "s.jsonl").write_text(json.dumps(base | {"email": "anna.smith"}))
    assert counted("sendgrid_events", tmp_path / "s.jsonl").damage.count == 1


def test_an_address_in_a_tables_stream_is_not_kept(tmp_path):
    (tmp_path / "t.csv").write_text("date,provider,stream,messages\n2026-03-02,Gmail,anna.smith@corp.example.com,5\n")
    counts = read_exports([tmp_path / "t.csv"], Context(by_day_zone())).counts
    assert (counts["stream"].tolist(), counts["messages"].tolist()) == ([""], [5])


def test_a_table_of_ours_beside_its_exports_does_not_count_again(tmp_path):
    from warmup.traffic.export_table import save
    from warmup.traffic.exports import classified

    sparkpost(tmp_path / "e.jsonl", [event("injection", n) for n in range(5)])
    save(classified(read_exports([tmp_path], Context(by_day_zone()))), tmp_path / "traffic.csv")
    again = read_exports([tmp_path], Context(by_day_zone()))
    assert again.counts["messages"].sum() == 5
    assert "traffic.csv" in again.notes[0].text
    assert read_exports([tmp_path / "traffic.csv"], Context(by_day_zone())).counts["messages"].sum() == 5


@pytest.mark.parametrize(
    ("reason", "origin", "unsubscribed"),
    [("ManualSuppression", "Recipient", 1), ("HardBounce", "Recipient", 0), ("SpamComplaint", "Recipient", 0),
     ("ManualSuppression", "Customer", 0)],
)  # fmt: skip
def test_postmark_stops_for_other_reasons_than_a_wish(tmp_path, reason, origin, unsubscribed):
    base = {"MessageID": "m1", "Recipient": "a@gmail.com", "Tag": "news"}
    change = {"SuppressSending": True, "SuppressionReason": reason, "Origin": origin}
    record = base | change | {"RecordType": "SubscriptionChange", "ChangedAt": "2026-03-02T09:00:00Z"}
    delivery = base | {"RecordType": "Delivery", "DeliveredAt": "2026-03-02T08:00:00Z"}
    (tmp_path / "p.jsonl").write_text(f"{json.dumps(delivery)}\n{json.dumps(record)}\n")
    assert counted("postmark", tmp_path / "p.jsonl").counts["unsub"].sum() == unsubscribed


def unknown(result):
    return {name for name in MEASURES if result.counts[name].isna().all()}


def test_kinds_of_events_that_never_stand_there_are_unknown(tmp_path):
    asked = [event(kind, n) for kind in ("injection", "delivery") for n in range(50)]
    result = counted("sparkpost_events", sparkpost(tmp_path / "e.jsonl", asked))
    assert unknown(result) == set(MEASURES) - {"injected", "delivered"}
    assert ["complaint" in note.text for note in result.notes] == [True]
    more = [*asked, event("bounce", 99, bounce_class="10")]
    result = counted("sparkpost_events", sparkpost(tmp_path / "e.jsonl", more))
    assert result.counts[["hard", "soft", "block", "suppressed"]].sum().tolist() == [1, 0, 0, 0]
    assert unknown(result) >= {"complaint", "deferred_msgs", "oob", "click", "open_any"}


@pytest.mark.parametrize(
    ("events", "known"),
    [(("Delivery", "Bounce"), {"delivered", "hard", "oob"}), (("Bounce",), {"hard"}),
     (("Delivery", "SoftBounce"), {"delivered", "soft", "block", "oob"})],
)  # fmt: skip
def test_two_types_of_bounces_and_late_ones(tmp_path, events, known):
    base = {"time": START, "user_id": "u", "dispatch_id": "d", "email_address": "a@gmail.com"}
    lines = [base | {"event_type": f"users.messages.email.{name}", "id": name, "user_id": name} for name in events]
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert unknown(counted("braze", tmp_path / "b.jsonl")) == set(MEASURES) - known


def test_opens_without_a_flag_are_not_known_to_be_a_persons(tmp_path):
    opens = [event("open", n) for n in range(3)]
    result = counted("sparkpost_events", sparkpost(tmp_path / "e.jsonl", opens))
    assert result.counts["open_any"].sum() == 3
    assert "open_human" in unknown(result)
    opens += [event("open", 4, user_agent_parsed={"is_prefetched": False})]
    result = counted("sparkpost_events", sparkpost(tmp_path / "e.jsonl", opens))
    assert result.counts[["open_any", "open_human"]].sum().tolist() == [4, 1]
    base = {"time": START, "user_id": "u", "dispatch_id": "d", "email_address": "a@gmail.com"}
    base |= {"event_type": "users.messages.email.Open"}
    lines = [base | {"id": "1"}, base | {"id": "2", "user_id": "v"}]
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert "open_human" in unknown(counted("braze", tmp_path / "b.jsonl"))
    (tmp_path / "b.jsonl").write_text(
        "\n".join(map(json.dumps, [*lines, lines[0] | {"id": "3", "machine_open": "true"}]))
    )
    assert counted("braze", tmp_path / "b.jsonl").counts["open_human"].sum() == 2


def test_what_sparkpost_suppressed_was_not_sent(tmp_path):
    ips = {"sending_ip": "192.0.2.1"}
    sent = [event("injection", n, **ips) for n in range(10)] + [event("delivery", n, **ips) for n in range(3, 10)]
    admin = [event("bounce", n, bounce_class=("25", "80")[n % 2]) for n in range(3)]  # names no IP
    rejected = [event("policy_rejection", n) for n in range(20, 22)]  # has no injection
    elsewhere = [event("bounce", 30, day=1, bounce_class="25")]  # the export lacks its injection
    path = sparkpost(tmp_path / "e.jsonl", sent + admin + rejected + elsewhere)
    counts = counted("sparkpost_events", path).counts
    assert counts[["injected", "delivered", "suppressed"]].sum().tolist() == [7, 7, 6]
    assert (counts["injected"] >= 0).all()


def test_what_bird_suppressed_was_not_sent(tmp_path):
    lines = []
    for n in range(4):
        data = {"email_id": f"e{n}", "recipient_id": f"r{n}", "recipient": f"p{n}@gmail.com"}
        base = {"timestamp": "2026-03-02T09:00:00Z"}
        lines.append(base | {"type": "email.processed", "data": data})
        after = {"bounce_type": "admin"} if n else {}
        lines.append(base | {"type": "email.bounced" if n else "email.delivered", "data": data | after})
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, lines)))
    counts = counted("bird_events", tmp_path / "b.jsonl").counts
    assert counts[["injected", "delivered", "suppressed"]].sum().tolist() == [1, 1, 3]


def saved(path, data):
    path.write_text(json.dumps(data) if not isinstance(data, str) else data)
    return path


def ses(n, kind="Delivery", people=("a@gmail.com", "b@gmail.com", "c@gmail.com"), when="2026-03-02T09:00:00Z"):
    return {
        "eventType": kind,
        "mail": {"timestamp": when, "messageId": f"m{n}", "destination": list(people)},
        "delivery": {"timestamp": when, "recipients": list(people)},
    }


@pytest.mark.parametrize(
    ("bad", "whole"),
    [
        ({"when": "yesterday"}, 0),
        ({"when": "1970-01-01T00:00:00Z"}, 0),
        ({"kind": None}, 0),
        ({"people": ["a", "b", "c"]}, 0),
        ({"people": ["a", "b@gmail.com", "c", "d@gmail.com"]}, 2),
        ({"people": ["a"]}, 0),
    ],
)
def test_a_damaged_event_of_ses_about_several_people_is_one_damaged_record(tmp_path, bad, whole):
    lines = [ses(1), ses(2, **bad), ses(3)]
    result = counted("ses_events", saved(tmp_path / "e.jsonl", "\n".join(map(json.dumps, lines))))
    assert result.counts["delivered"].sum() == 6 + whole
    assert [line for _, line in result.damage.places] == [2]


@pytest.mark.parametrize("bad", [{"timestamp": "yesterday"}, {"timestamp": 5}, {"type": None}])
def test_a_damaged_record_of_kumomta_about_several_people_is_one(tmp_path, bad):
    good = {"type": "Reception", "id": "1", "recipient": ["a@gmail.com", "b@gmail.com"], "timestamp": START,
            "queue": "news@gmail.com", "egress_pool": "p", "nodeid": "n"}  # fmt: skip
    lines = [good, good | {"id": "2"} | bad, good | {"id": "3"}]
    result = counted("kumomta", saved(tmp_path / "e.jsonl", "\n".join(map(json.dumps, lines))))
    assert result.counts["injected"].sum() == 4
    assert [line for _, line in result.damage.places] == [2]


def page(n, size):
    """An answer of Mailgun's events API."""
    items = [
        {"event": "accepted", "id": f"{n}-{k}", "timestamp": START + n, "recipient": f"r{k}@gmail.com",
         "recipient-domain": "gmail.com", "message": {"headers": {"message-id": f"{n}-{k}"}}}
        for k in range(size)
    ]  # fmt: skip
    return {"items": items, "paging": {"next": "https://api.example.com/next", "first": "https://api.example.com/"}}


@pytest.mark.parametrize(
    ("sizes", "warned"), [([300], True), ([300, 300], True), ([100, 100], True), ([300, 7], False), ([300, 0], False)]
)
def test_pages_of_mailgun_that_are_all_full_may_not_be_all(tmp_path, sizes, warned):
    paths = [saved(tmp_path / f"{n}.json", page(n, size)) for n, size in enumerate(sizes)]
    result = counted("mailgun_events", *paths)
    assert result.counts["injected"].sum() == sum(sizes)
    assert any("the end is a page without events" in note.text for note in result.notes) == warned
