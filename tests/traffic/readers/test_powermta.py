"""PowerMTA accounting files; and with them, what holds for every table in text."""

from __future__ import annotations

import csv
import gzip
import io
import random
import shutil
import subprocess
import sys
import time
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.traffic.events.samples import assert_truth, counted, folder, reader, same
from warmup.errors import InputError
from warmup.traffic.readers import Context, readers

NAME = "powermta"
SILENT = {"complaint", "suppressed", "open_human", "open_any", "click", "unsub"}
QUIETLY = settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
HEAD = "type,timeLogged,timeQueued,rcpt,dsnStatus,dsnDiag,bounceCat,dlvSourceIp,vmtaPool,jobId"


@pytest.fixture
def sample(shared):
    return folder(shared) / "powermta_acct.csv"


@pytest.fixture
def rows(sample):
    return sample.read_text().splitlines()


def row(n=1, kind="d", logged="2026-03-02 09:00:04+0000", queued="2026-03-02 09:00:00+0000", diag="250 OK", cat=""):
    return f"{kind},{logged},{queued},p{n}@one.example.com,2.0.0,{diag},{cat},192.0.2.10,pool,promo"


def write(path, *lines, end="\n"):
    path.write_text(end.join((HEAD, *lines)) + end)
    return path


def total(result, measure):
    value = result.counts[measure].sum(min_count=1)
    return None if pd.isna(value) else int(value)


def places(result):
    return [line for _, line in result.damage.places]


def test_the_sample_is_the_truth(shared, sample):
    assert_truth(counted(NAME, sample), shared, never=SILENT)


def test_it_is_recognised_among_all(sample):
    scores = {name: one.sniff(sample.read_bytes()[:65536]) for name, one in readers().items()}
    assert max(scores, key=scores.get) == NAME


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        lambda data: gzip.compress(data[:999]) + gzip.compress(data[999:]),
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"\n", b"\n\n"),
        lambda data: data.rstrip(),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.decode().encode("utf-16"),
        lambda data: gzip.compress(data.replace(b"\n", b"\r\n")),
    ],
)
def test_however_it_is_packed(tmp_path, sample, pack):
    (tmp_path / "acct").write_bytes(pack(sample.read_bytes()))
    result = counted(NAME, tmp_path / "acct")
    assert (result.damage.places, result.records) == ([], 18)
    assert same(result, counted(NAME, sample))


@pytest.mark.skipif(shutil.which("zstd") is None, reason="needs the zstd command")
def test_zstd(tmp_path, sample):
    subprocess.run(["zstd", "-q", str(sample), "-o", str(tmp_path / "acct.zst")], check=True)
    assert same(counted(NAME, tmp_path / "acct.zst"), counted(NAME, sample))


def test_standard_input(monkeypatch, sample):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(sample.read_bytes()))))
    assert same(counted(NAME, "-"), counted(NAME, sample))


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_columns_are_known_by_name(tmp_path, sample, delimiter):
    table = list(csv.DictReader(sample.read_text().splitlines()))
    names = sorted(table[0])
    with (tmp_path / "acct").open("w", newline="") as file:
        writer = csv.DictWriter(file, names, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(table)
    assert same(counted(NAME, tmp_path / "acct"), counted(NAME, sample))


@pytest.mark.parametrize("packed", [False, True])
def test_headers_again_where_files_were_put_together(tmp_path, sample, packed):
    table = list(csv.DictReader(sample.read_text().splitlines()))
    text = io.StringIO()
    writer = csv.DictWriter(text, sorted(table[0]))
    writer.writeheader()
    writer.writerows(table[9:])
    lines = sample.read_text().splitlines()
    data = "\n".join([*lines[:5], lines[0], *lines[5:10], text.getvalue()]).encode()
    (tmp_path / "acct").write_bytes(gzip.compress(data) if packed else data)
    result = counted(NAME, tmp_path / "acct")
    assert (result.damage.count, result.records) == (0, 18)
    assert same(result, counted(NAME, sample))


def test_equal_rows_are_two_events(tmp_path):
    result = counted(NAME, write(tmp_path / "a", row(), row()))
    assert (total(result, "delivered"), total(result, "injected"), result.copies) == (2, 2, 0)


def test_feedback_has_columns_and_a_file_of_its_own(tmp_path, sample):
    (tmp_path / "fbl.csv").write_text(
        "type,timeLogged,orig,rcpt,format,userAgent,feedbackType\n"
        "f,2026-03-03 10:00:00+0000,b@example.com,r12@yahoo.example.com,arf,x,abuse\n"
        "f,2026-03-03 10:00:00+0000,b@example.com,,arf,x,abuse\n"
    )
    alone = counted(NAME, tmp_path / "fbl.csv")
    assert (total(alone, "complaint"), alone.unused, alone.damage.count) == (1, 1, 0)
    both = counted(NAME, tmp_path / "fbl.csv", sample)
    assert (total(both, "complaint"), total(both, "injected")) == (1, 13)


def test_what_is_not_logged_is_unknown(tmp_path):
    result = counted(NAME, write(tmp_path / "a", row(1), row(2)))
    for measure in ("deferred_msgs", "deferred_events", "oob", "complaint"):
        assert result.counts[measure].isna().all()
    assert (result.counts["hard"] == 0).all()


def test_received_records_are_the_injected_where_they_are_more(tmp_path):
    received = [row(n, "r").replace("192.0.2.10", "") for n in range(3)]
    other_day = row(9, logged="2026-03-05 01:00:00+0000", queued="2026-03-04 23:00:00+0000")
    result = counted(NAME, write(tmp_path / "a", *received, row(0), row(1), other_day))
    counts = result.counts[result.counts["injected"] > 0]
    assert [(str(day)[:10], n) for day, n in zip(counts["date"], counts["injected"], strict=True)] == [
        ("2026-03-02", 1),
        ("2026-03-02", 2),
        ("2026-03-04", 1),
    ]  # one of the received has no outcome yet, hence no IP


def injected(result):
    counts = result.counts[result.counts["injected"] > 0].groupby(["date", "domain", "stream"])["injected"].sum()
    return {(str(day)[:10], domain, stream): n for (day, domain, stream), n in counts.items()}


def test_received_records_of_some_messages_leave_the_others_their_outcomes(tmp_path):
    # Logging of r records was switched on in the middle of the day.
    received = [row(n, "r") for n in range(3)]
    result = counted(NAME, write(tmp_path / "a", *received, *(row(n) for n in range(1, 5))))
    assert total(result, "injected") == 5


def test_a_received_record_tells_when_it_was_queued(tmp_path):
    (tmp_path / "r").write_text("type,timeLogged,rcpt,jobId\nr,2026-03-02 09:00:00+0000,p1@one.example.com,promo\n")
    result = counted(NAME, write(tmp_path / "a", row(1), row(2)), tmp_path / "r")
    assert total(result, "injected") == 2


@pytest.mark.parametrize("job", ["promo", ""])
def test_received_records_named_otherwise_than_outcomes_are_never_added_to_them(tmp_path, job):
    lines = [f"r,2026-03-02 08:59:5{n}+0000,p{n}@one.example.com,{job}" for n in range(4)]
    lines += [f"r,2026-03-02 08:59:5{n}+0000,p{n}@two.example.com,{job}" for n in range(2)]
    (tmp_path / "r").write_text("\n".join(("type,timeLogged,rcpt,jobId", *lines)))
    outcomes = [row(n) for n in range(3)] + [row(n).replace("one", "two") for n in range(3)]
    result = counted(NAME, write(tmp_path / "a", *outcomes), tmp_path / "r")
    day = "2026-03-02"
    assert injected(result) == {(day, "one.example.com", job): 4, (day, "two.example.com", "promo"): 3}


def test_messages_that_nothing_tells_apart_are_not_one(tmp_path):
    lines = [f"{kind},2026-03-0{n} 09:00:00+0000,p@one.example.com" for n in range(1, 4) for kind in ("t", "t", "f")]
    (tmp_path / "a").write_text("\n".join(("type,timeLogged,rcpt", *lines)))
    result = counted(NAME, tmp_path / "a")
    assert (total(result, "deferred_events"), total(result, "complaint")) == (6, 3)
    assert result.counts["date"].nunique() == 3


def test_the_reply_decides_where_no_category_is_logged(tmp_path):
    head = "type,timeLogged,rcpt,dsnStatus,dsnDiag"
    time = "2026-03-02 09:00:04+0000"
    (tmp_path / "a").write_text(
        f"{head}\nb,{time},a@x.example,5.1.1 (bad),smtp;550 5.1.1 no such user\n"
        f'b,{time},a@x.example,5.7.1 (x),"smtp;550 5.7.1 blocked, listed"\n'
        f"b,{time},a@x.example,5.2.2 (x),smtp;552 5.2.2 mailbox full\n"
    )
    result = counted(NAME, tmp_path / "a")
    assert [total(result, name) for name in ("hard", "block", "soft", "injected")] == [1, 1, 1, None]


@pytest.mark.parametrize(
    ("logged", "file_zone", "day"),
    [
        ("2026-03-02 23:30:00-0500", None, "2026-03-03"),
        ("2026-03-02 23:30:00", None, "2026-03-02"),
        ("2026-03-02 23:30:00", "America/New_York", "2026-03-03"),
        ("2026-03-29 02:30:00", "Europe/Berlin", "2026-03-29"),  # an hour that the clocks left out
        ("2026-10-25 00:30:00", "Europe/Berlin", "2026-10-24"),
    ],
)
def test_times_with_and_without_an_offset(tmp_path, logged, file_zone, day):
    path = write(tmp_path / "a", row(logged=logged, queued=logged))
    context = Context(ZoneInfo("UTC"), file_zone=ZoneInfo(file_zone) if file_zone else None)
    counts = reader(NAME).count([path], context).counts
    assert set(counts["date"].astype(str)) == {day}


@pytest.mark.parametrize("packed", [False, True])
def test_commas_quotes_and_line_breaks_in_quotes(tmp_path, packed):
    diag = '"smtp;550 5.7.1 ""no"", he said\n(line two, and\nthree)"'
    text = "\n".join((HEAD, row(1, "b", diag=diag), row(2), row(3, "b", diag=diag, cat="bad-mailbox"))) + "\n"
    (tmp_path / "a").write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    result = counted(NAME, tmp_path / "a")
    assert result.damage.count == 0
    assert [total(result, name) for name in ("block", "hard", "delivered")] == [1, 1, 1]


@pytest.mark.parametrize(
    "bad",
    [
        "d,2026-03-02",
        row(1) + ",more",
        row(1, logged="yesterday"),
        row(1).replace("p1@one.example.com", ""),
        row(1).replace("d,", ",", 1),
        row(1, diag='"never closed'),
        "\x00",
        row(1) + "\x00",
        "garbage",
        '"' * 7,
        "," * 500,
        row(1).replace("one.example.com", "y" * 300),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_damaged_rows_are_counted_with_their_line(tmp_path, bad, packed):
    lines = [HEAD, *(row(n) for n in range(40))]
    lines[4:4] = [bad]
    data = "\n".join(lines).encode()
    (tmp_path / "a").write_bytes(gzip.compress(data) if packed else data)
    result = counted(NAME, tmp_path / "a")
    assert (places(result), total(result, "delivered")) == ([5], 40)


@pytest.mark.parametrize("packed", [False, True])
def test_a_quote_inside_of_a_value_is_no_damage(tmp_path, packed):
    lines = [HEAD, row(1), row(2, diag='he said "no'), row(3), row(4, diag='"said, ""no"""'), "d,cut"]
    data = "\n".join(lines).encode()
    (tmp_path / "a").write_bytes(gzip.compress(data) if packed else data)
    result = counted(NAME, tmp_path / "a")
    assert (places(result), total(result, "delivered")) == ([6], 4)


def test_wrong_encoding_and_a_cut_last_line(tmp_path):
    data = [line.encode() for line in (HEAD, *(row(n) for n in range(10)))]
    data[3] = row(2, diag="caf\u00e9").encode("latin-1")
    (tmp_path / "a").write_bytes(b"\n".join(data)[:-30])
    result = counted(NAME, tmp_path / "a")
    assert (places(result), total(result, "delivered")) == ([4, 11], 8)


def test_a_line_without_end_is_one_damaged_line(tmp_path):
    (tmp_path / "a").write_text(f'{HEAD}\n{row(1)}\nd,"{"x" * 100_000_000}\n{row(2)}\n')
    began = time.monotonic()
    result = counted(NAME, tmp_path / "a")
    assert (places(result), total(result, "delivered")) == ([3], 2)
    assert time.monotonic() - began < 60


def test_a_missing_column_is_named_for_every_file(tmp_path):
    (tmp_path / "a").write_text("type,rcpt\nd,x@y.example\n")
    (tmp_path / "b").write_text("timeLogged,type,rcpt,rcpt\n")
    with pytest.raises(InputError) as told:
        counted(NAME, tmp_path)
    assert "a: has no column timeLogged" in str(told.value)
    assert "b: has more than one column rcpt" in str(told.value)


@pytest.mark.parametrize("text", ["", "\n\n", HEAD, HEAD + "\r\n"])
def test_nothing_in_it(tmp_path, text):
    (tmp_path / "a").write_text(text)
    result = counted(NAME, tmp_path / "a")
    assert (result.records, result.damage.count, len(result.counts)) == (0, 0, 0)


@QUIETLY
@given(st.integers(1, 17), st.randoms(use_true_random=False))
def test_order_and_division_do_not_matter(tmp_path, sample, cut, rng):
    head, *lines = sample.read_text().splitlines()
    random.Random(rng.random()).shuffle(lines)
    (tmp_path / "one").write_text("\n".join([head, *lines[:cut]]))
    (tmp_path / "two").write_bytes(gzip.compress("\n".join([head, *lines[cut:]]).encode()))
    assert same(counted(NAME, tmp_path / "one", tmp_path / "two"), counted(NAME, sample))


@QUIETLY
@given(st.integers(1, 60), st.sets(st.integers(0, 59)), st.booleans())
def test_no_good_line_is_lost(tmp_path, number, bad, packed):
    lines = [row(n, diag='"smtp;250 OK, thanks"') for n in range(number)]
    spoiled = {n for n in bad if n < number}
    for n in spoiled:
        lines[n] = lines[n][: 60 + n % 25]
    data = "\n".join([HEAD, *lines]).encode()
    (tmp_path / "a").write_bytes(gzip.compress(data) if packed else data)
    result = counted(NAME, tmp_path / "a")
    assert (result.records, places(result)) == (number - len(spoiled), sorted(n + 2 for n in spoiled))


@QUIETLY
@given(st.data())
def test_mutilated_samples(tmp_path, sample, data):
    raw = bytearray(sample.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(400, len(raw)))
        raw[start : start + data.draw(st.integers(0, 50))] = data.draw(st.binary(max_size=20))
    (tmp_path / "a").write_bytes(bytes(raw))
    result = counted(NAME, tmp_path / "a")
    assert result.records >= 4
