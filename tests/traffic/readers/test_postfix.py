"""Postfix logs: lines that belong together by queue id, without a year; and what holds for every log in lines."""

from __future__ import annotations

import gzip
import io
import os
import random
import sys
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.traffic.events.samples import assert_truth, counted, folder, reader, same
from warmup.errors import InputError
from warmup.traffic.readers import Context, readers

NAME = "postfix"
SILENT = {"oob", "complaint", "suppressed", "open_human", "open_any", "click", "unsub"}
QUIETLY = settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
MASTER = """
# service type  private unpriv  chroot  wakeup  maxproc command + args
smtp      inet  n       -       y       -       -       smtpd
smtp-10   unix  -       -       n       -       -       smtp
    -o smtp_bind_address=192.0.2.10
    -o syslog_name=postfix-promo/$service_name
smtp-11   unix  -       -       n       -       -       smtp
    -o smtp_bind_address=192.0.2.11 -o syslog_name=postfix-promo/${service_name}
#smtp-12  unix  -       -       n       -       -       smtp
receipts-10 unix -      -       n       -       -       smtp
    -o { smtp_bind_address = 192.0.2.10 } -o syslog_name=postfix-receipts/smtp-10
receipts-11 unix -      -       n       -       -       smtp
    -o smtp_bind_address=192.0.2.11 -o syslog_name=postfix-receipts/smtp-11
"""


def written(path, text, when=(2026, 3, 10)):
    """A log, last written on a day."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    stamp = datetime(*when, 12, tzinfo=UTC).timestamp()
    os.utime(path, (stamp, stamp))
    return path


@pytest.fixture
def text(shared):
    return (folder(shared) / "postfix_mail.log").read_text()


@pytest.fixture
def log(tmp_path, text):
    return written(tmp_path / "mail.log", text)


def attempt(queue="AAAA1", to="p@one.example.com", status="sent", *, at="Mar  2 09:00:04", delay="4", **more):
    reply = more.get("reply", "(250 2.0.0 OK)")
    relay, program = more.get("relay", "mx.one.example.com[198.51.100.25]:25"), more.get("program", "postfix/smtp")
    dsn = more.get("dsn", "2.0.0")
    head = f"{at} mx1 {program}[101]: {queue}: to=<{to}>, relay={relay}, delay={delay}, delays=0/0/0/0"
    return f"{head}, dsn={dsn}, status={status} {reply}"


def manager(what, queue="AAAA1", at="Mar  2 09:00:00"):
    return f"{at} mx1 postfix/qmgr[812]: {queue}: {what}"


FROM = "from=<b@example.com>, size=1, nrcpt=1 (queue active)"


def read(tmp_path, *lines, when=(2026, 3, 10)):
    return counted(NAME, written(tmp_path / "log", "\n".join(lines) + "\n", when))


def sums(result, *measures):
    return [int(result.counts[name].sum()) for name in measures]


def days(result, measure="injected"):
    rows = result.counts[result.counts[measure] > 0]
    return [str(day)[:10] for day in rows["date"]]


def places(result):
    return [line for _, line in result.damage.places]


def test_the_sample_is_the_truth_where_master_cf_names_the_ips(shared, tmp_path, log):
    (tmp_path / "master.cf").write_text(MASTER)
    assert_truth(counted(NAME, tmp_path), shared, never=SILENT)


def test_without_it_transports_are_pools_and_ips_unknown(shared, log):
    result = counted(NAME, log)
    measures = {"injected", "delivered", "hard", "soft", "block", "deferred_msgs", "deferred_events"}
    assert_truth(result, shared, never=SILENT, lost=measures)
    assert set(result.counts["pool"]) == {"smtp-10", "smtp-11"}


def test_a_configuration_alone_is_no_log(tmp_path):
    (tmp_path / "master.cf").write_text(MASTER)
    with pytest.raises(InputError, match="configuration"):
        counted(NAME, tmp_path)


@pytest.mark.parametrize("what", ["log", "other programs first", "master.cf", "rfc3339"])
def test_it_is_recognised_among_all(text, what):
    data = {
        "log": text,
        "other programs first": "Mar  2 09:00:00 mx1 systemd[1]: Started.\n" * 400 + text,
        "master.cf": MASTER,
        "rfc3339": "\n".join("2026-03-02T09:00:00.1+00:00" + line[15:] for line in text.splitlines()),
    }[what].encode()
    scores = {name: one.sniff(data[:65536]) for name, one in readers().items()}
    assert max(scores, key=scores.get) == NAME


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"\n", b"\n\n"),
        lambda data: data.rstrip(),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.decode().encode("utf-16"),
        lambda data: b"".join(b"<22>" + line + b"\n" for line in data.splitlines()),
    ],
)
def test_however_it_is_packed(tmp_path, text, log, pack):
    packed = counted(NAME, written(tmp_path / "packed", pack(text.encode())))
    assert packed.damage.places == []
    assert same(packed, counted(NAME, log))


def test_standard_input(monkeypatch, text, log):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(text.encode()))))
    left, right = (counted(NAME, path).counts.drop(columns="date") for path in ("-", log))
    assert left.equals(right)


def test_rfc_3339_needs_no_year(tmp_path):
    at = "2025-03-02T23:30:00.123456-05:00"
    result = read(tmp_path, attempt(at=at, delay="0.5"))
    assert (days(result), [note for note in result.notes if "year" in note.text]) == (["2025-03-03"], [])


@pytest.mark.parametrize(
    ("dates", "when", "expected"),
    [
        (("Mar  2", "Mar  3"), (2026, 3, 10), ["2026-03-02", "2026-03-03"]),
        (("Mar  2", "Mar  3"), (2026, 3, 1), ["2025-03-02", "2025-03-03"]),
        (("Dec 31", "Jan  1"), (2026, 1, 5), ["2025-12-31", "2026-01-01"]),
        (
            ("Oct 20", "Dec 31", "Jan  1", "Jan 20"),
            (2026, 6, 1),
            ["2025-10-20", "2025-12-31", "2026-01-01", "2026-01-20"],
        ),
        (("Mar 10",), (2026, 3, 10), ["2026-03-10"]),
        (("Feb 29",), (2026, 3, 10), ["2024-02-29"]),
        (("Feb 28", "Feb 29", "Mar 1"), (2025, 3, 10), ["2024-02-28", "2024-02-29", "2024-03-01"]),
    ],
)
def test_the_year_is_the_latest_that_can_be(tmp_path, dates, when, expected):
    lines = [attempt(f"AAAA{n}", at=f"{day} 12:00:00") for n, day in enumerate(dates)]
    result = read(tmp_path, *lines, when=when)
    assert days(result) == expected
    assert expected[0] in result.notes[0].text


def test_several_logs_have_one_turn_of_the_year(tmp_path):
    written(tmp_path / "mail.log.1", attempt("AAAA1", at="Dec 30 12:00:00"), (2026, 11, 1))
    written(tmp_path / "mail.log", attempt("AAAA2", at="Jan  2 12:00:00"), (2026, 11, 1))
    assert days(counted(NAME, tmp_path)) == ["2025-12-30", "2026-01-02"]


@pytest.mark.parametrize(("file_zone", "day"), [(None, "2026-03-02"), ("America/New_York", "2026-03-03")])
def test_times_are_those_of_the_server(tmp_path, file_zone, day):
    path = written(tmp_path / "log", attempt(at="Mar  2 22:00:00"))
    context = Context(ZoneInfo("UTC"), file_zone=ZoneInfo(file_zone) if file_zone else None)
    assert days(reader(NAME).count([path], context)) == [day]


def test_injected_on_the_day_it_arrived(tmp_path):
    result = read(tmp_path, attempt(at="Mar  3 00:10:00", delay="1200"))
    assert (days(result), days(result, "delivered")) == (["2026-03-02"], ["2026-03-03"])


def test_delays_are_rounded_but_midnight_is_not(tmp_path):
    lines = [manager(FROM, at="Mar  3 00:00:00"), attempt(at="Mar  3 00:00:13", delay="14")]
    assert days(read(tmp_path, *lines)) == ["2026-03-03"]
    assert days(read(tmp_path, attempt(at="Mar  3 00:00:00", delay="0.7"))) == ["2026-03-03"]


def test_a_queue_id_is_used_again_after_it_was_removed(tmp_path):
    deferred = {"status": "deferred", "dsn": "4.7.0", "reply": "(host mx said: 421 4.7.0 later)"}
    lines = [
        manager(FROM),
        attempt(**deferred, at="Mar  2 09:00:05"),
        attempt(at="Mar  2 09:30:00", delay="1800"),
        manager("removed", at="Mar  2 09:30:00"),
        manager(FROM, at="Mar  5 09:00:00"),
        attempt(**deferred, at="Mar  5 09:00:05"),
        attempt(**deferred, at="Mar  5 09:30:05", delay="1805"),
    ]
    result = read(tmp_path, *lines)
    assert sums(result, "injected", "delivered", "deferred_msgs", "deferred_events") == [2, 1, 2, 3]
    assert days(result) == ["2026-03-02", "2026-03-05"]


def test_the_same_queue_id_on_another_host_is_another_message(tmp_path):
    line = attempt(status="deferred", dsn="4.7.0", reply="(x)")
    result = read(tmp_path, line, line.replace(" mx1 ", " mx2 "))
    assert sums(result, "injected", "deferred_msgs") == [2, 2]


def test_expired_mail_fails_softly_for_whom_it_waited(tmp_path):
    waits = {"status": "deferred", "dsn": "4.7.0", "reply": "(host mx said: 421 4.7.0 later)"}
    lines = [
        manager("from=<b@example.com>, size=1, nrcpt=2 (queue active)"),
        attempt(to="a@one.example.com"),
        attempt(to="b@one.example.com", **waits),
        manager("from=<b@example.com>, status=expired, returned to sender", at="Mar  7 09:00:00"),
        manager("removed", at="Mar  7 09:00:00"),
    ]
    result = read(tmp_path, *lines)
    assert sums(result, "injected", "delivered", "soft", "deferred_msgs") == [2, 1, 1, 1]
    assert days(result, "soft") == ["2026-03-07"]


def test_replies_are_told_apart(tmp_path):
    lines = [
        attempt("AAAA1", status="bounced", dsn="5.1.1", reply="(host mx said: 550 5.1.1 no such user)"),
        attempt("AAAA2", status="bounced", dsn="5.7.1", reply="(host mx said: 550 5.7.1 on our block list)"),
        attempt("AAAA3", status="bounced", dsn="5.2.2", reply="(host mx said: 552 5.2.2 mailbox full)"),
        attempt("AAAA4", status="SOFTBOUNCE", dsn="5.1.1", reply="(host mx said: 550 5.1.1 no such user)"),
    ]
    assert sums(read(tmp_path, *lines), "hard", "block", "soft", "deferred_events") == [1, 1, 1, 1]


def test_mail_to_no_provider_is_left_out(tmp_path):
    lines = [
        attempt("AAAA1", to="root", relay="local", program="postfix/local"),
        attempt("AAAA2", relay="virtual", program="postfix/virtual"),
        attempt("AAAA3", relay="dovecot", program="postfix/pipe"),
        attempt("AAAA4", relay="mx[private/dovecot-lmtp]", program="postfix/lmtp"),
        attempt("AAAA5", relay="127.0.0.1[127.0.0.1]:10024"),
        manager("from=<>, size=1, nrcpt=1 (queue active)", "AAAA6"),
        attempt("AAAA6"),
        attempt("AAAA7", status="undeliverable"),
        attempt("AAAA8", to="kept@one.example.com"),
    ]
    result = read(tmp_path, *lines)
    assert sums(result, "injected", "delivered") == [1, 1]
    assert result.damage.count == 0


def test_mail_that_waits_for_a_destination_was_not_tried(tmp_path):
    waits = {"status": "deferred", "dsn": "4.4.1", "relay": "none", "reply": "(delivery temporarily suspended: x)"}
    lines = [
        attempt(**waits, program="postfix/error"),
        attempt(program="postfix-promo/smtp-10/smtp", at="Mar  2 10:00:00", delay="3604"),
    ]
    result = read(tmp_path, *lines)
    assert sums(result, "injected", "delivered", "deferred_events") == [1, 1, 0]
    assert set(result.counts["stream"]) == {"promo"}


def test_equal_rows_are_two_events(tmp_path):
    assert sums(read(tmp_path, attempt(), attempt()), "injected", "delivered") == [2, 2]


@pytest.mark.parametrize(
    "other",
    [
        "Mar  2 09:00:04 mx1 systemd[1]: Started Session 5 of user root.",
        "Mar  2 09:00:04 mx1 kernel: [12.5] oom",
        "Mar  2 09:00:04 mx1 last message repeated 3 times",
        "Mar  2 09:00:04 mx1 postfix/smtpd[12]: connect from unknown[192.0.2.77]",
        "Mar  2 09:00:04 mx1 postfix/smtp[12]: AAAA1: host mx[198.51.100.1] said: 421 later (in reply to RCPT)",
        "Mar  2 09:00:04 mx1 postfix/anvil[12]: statistics: max connection rate 1/60s",
    ],
)
def test_lines_of_others_are_no_damage(tmp_path, other):
    result = read(tmp_path, attempt(), other)
    assert (result.damage.count, sums(result, "delivered")) == (0, [1])


@pytest.mark.parametrize(
    "half",
    [
        "Mar  2 09:0",
        "Mar  2 09:00:04 mx1",
        "Mar  2 09:00:04 mx1 postfix/sm",
        attempt()[:80],
        attempt().partition(" status=")[0],
        attempt().partition("sent")[0] + "se",
        manager(FROM)[:-40],
        attempt(at="Mar 32 09:00:04"),
        attempt(at="Foo  2 09:00:04"),
        attempt(at="2026-99-99T10:00:00Z"),
        attempt(to="x@" + "y" * 300),
        attempt(delay="99999999999999999999"),
        "garbage",
        "\x00",
        attempt() + "\x00",
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_half_lines_are_counted_with_their_line(tmp_path, half, packed):
    lines = [attempt(f"BBBB{n}") for n in range(20)]
    lines[7:7] = [half]
    data = "\n".join(lines).encode()
    result = counted(NAME, written(tmp_path / "log", gzip.compress(data) if packed else data))
    assert (places(result), sums(result, "injected", "delivered")) == ([8], [20, 20])


def test_wrong_encoding_and_a_long_line(tmp_path):
    data = [attempt(f"BBBB{n}").encode() for n in range(5)]
    data[2] = attempt("BBBB2", reply="(caf\u00e9)").encode("latin-1")
    data[3] = b"Mar  2 09:00:04 mx1 " + b"x" * 100_000_000
    began = time.monotonic()
    result = counted(NAME, written(tmp_path / "log", b"\n".join(data)))
    assert (places(result), sums(result, "delivered")) == ([3, 4], [3])
    assert time.monotonic() - began < 60


def test_addresses_are_not_kept(tmp_path, monkeypatch):
    from pathlib import Path

    from warmup.traffic import private
    from warmup.traffic.events import engine

    seen: list[bytes] = []
    remove = private.shutil.rmtree

    def look(path, **kwargs):
        seen.extend(file.read_bytes() for file in Path(path).rglob("*") if file.is_file())
        remove(path, **kwargs)

    monkeypatch.setattr(private.shutil, "rmtree", look)
    monkeypatch.setattr(engine, "SMALL", 0)
    read(tmp_path, *(attempt(f"BBBB{n}", to=f"somebody{n}@one.example.com") for n in range(50)))
    held = b"".join(seen)
    assert b"one.example.com" in held
    assert b"somebody" not in held


@QUIETLY
@given(st.integers(1, 38), st.randoms(use_true_random=False))
def test_order_and_division_do_not_matter(tmp_path, text, log, cut, rng):
    lines = text.splitlines()
    random.Random(rng.random()).shuffle(lines)
    one = written(tmp_path / "one", "\n".join(lines[:cut]))
    two = written(tmp_path / "two", gzip.compress("\n".join(lines[cut:]).encode()))
    assert same(counted(NAME, one, two), counted(NAME, log))


def test_many_lines_are_settled_part_by_part(monkeypatch, log):
    whole = counted(NAME, log)
    monkeypatch.setattr("warmup.traffic.events.store.PART", 5)
    assert same(counted(NAME, log), whole)


@QUIETLY
@given(st.data())
def test_mutilated_samples(tmp_path, text, data):
    raw = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        raw[start : start + data.draw(st.integers(0, 50))] = data.draw(st.binary(max_size=20))
    assert counted(NAME, written(tmp_path / "log", bytes(raw))).records > 20
