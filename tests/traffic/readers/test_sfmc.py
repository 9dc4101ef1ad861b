"""Data views of Salesforce Marketing Cloud: several files that say together what happened."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.traffic.events.samples import assert_truth, counted, folder, reader, same
from warmup.errors import InputError
from warmup.traffic.readers import Context, readers
from warmup.traffic.readers.sfmc import view_of

NAME = "sfmc"
NEVER = {"delivered", "deferred_msgs", "deferred_events", "suppressed", "open_human"}
SAID = {"injected", "hard", "soft", "block", "oob", "complaint", "click", "open_any"}
QUIETLY = settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
UNSUBSCRIBE = "AccountID,OYBAccountID,JobID,ListID,BatchID,SubscriberID,SubscriberKey,EventDate,IsUnique,Domain"
SENT = "JobID,ListID,BatchID,SubscriberID,EventDate,Domain"


@pytest.fixture
def views(shared, tmp_path):
    """A folder with the sample's views."""
    target = tmp_path / "views"
    target.mkdir()
    for path in folder(shared).glob("sfmc_*.csv"):
        shutil.copy(path, target)
    return target


def unknown(result):
    return {name for name in (*SAID, *NEVER, "unsub") if result.counts[name].isna().all()}


def test_the_sample_is_the_truth(shared, views):
    assert_truth(counted(NAME, views), shared, never={*NEVER, "unsub"}, lost=SAID)


def test_each_view_is_recognised_among_all(views):
    for path in views.iterdir():
        scores = {name: one.sniff(path.read_bytes()[:65536]) for name, one in readers().items()}
        assert max(scores, key=scores.get) == NAME, path.name


def test_views_are_known_by_their_columns(views):
    whole = counted(NAME, views)
    for n, path in enumerate(sorted(views.iterdir())):
        path.rename(views / f"export{n}.csv")
    result = counted(NAME, views)
    assert same(result, whole)
    assert any("by their order" in note.text for note in result.notes)


def test_views_alike_are_told_by_name_then_by_the_order_of_columns():
    header = UNSUBSCRIBE.lower().split(",")
    assert view_of(header, "sfmc_Unsubscribe.csv") == ("_Unsubscribe", True)
    assert view_of(header, "complaints.csv") == ("_Complaint", True)
    assert view_of(header, "opens.csv") == ("_Open", True)
    assert view_of(header, "x.csv") == ("_Unsubscribe", False)
    assert view_of([*header[:-2], "domain", "isunique"], "x.csv") == ("_Complaint", False)


def test_unsubscriptions_where_their_view_is_there(views):
    (views / "unsub.csv").write_text(
        f"{UNSUBSCRIBE}\n7,,1001,55,1,80323665,k,3/3/2026 2:00:00 AM,True,yahoo.example.com\n"
    )
    result = counted(NAME, views)
    assert (int(result.counts["unsub"].sum()), unknown(result)) == (1, NEVER)


@pytest.mark.parametrize(
    ("view", "measures"),
    [
        ("Sent", {"injected"}),
        ("Bounce", {"hard", "soft", "block", "oob"}),
        ("Open", {"open_any"}),
        ("Click", {"click"}),
        ("Complaint", {"complaint"}),
    ],
)
def test_a_view_that_is_not_there_is_unknown_not_0(views, view, measures):
    (views / f"sfmc_{view}.csv").unlink()
    result = counted(NAME, views)
    assert unknown(result) == {*NEVER, "unsub", *measures}
    assert any(f"_{view}" in note.text for note in result.notes)


def test_a_view_without_rows_is_0(views):
    path = views / "sfmc_Complaint.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    assert int(counted(NAME, views).counts["complaint"].sum()) == 0


def test_without_jobs_messages_name_no_stream(views):
    (views / "sfmc_Job.csv").unlink()
    result = counted(NAME, views)
    assert set(result.counts["stream"]) == {""}
    assert int(result.counts["injected"].sum()) == 13
    assert any(note.level == "warning" and "2 jobs" in note.text for note in result.notes)


def test_the_same_export_twice_counts_once(views, tmp_path):
    once = counted(NAME, views)
    shutil.copytree(views, tmp_path / "again")
    twice = counted(NAME, views, tmp_path / "again")
    assert same(once, twice)
    assert twice.copies == 26


def test_two_messages_of_a_job_to_one_person_are_two(tmp_path):
    rows = ["1,5,1,9,3/2/2026 3:00:00 AM,one.example.com", "1,5,1,9,3/2/2026 3:00:01 AM,one.example.com"]
    (tmp_path / "sent").write_text("\n".join((SENT, *rows)))
    assert int(counted(NAME, tmp_path / "sent").counts["injected"].sum()) == 2


@pytest.mark.parametrize(
    ("date", "zone", "file_zone", "day"),
    [
        ("3/2/2026 5:59:58 PM", "UTC", None, "2026-03-02"),
        ("3/2/2026 6:00:00 PM", "UTC", None, "2026-03-03"),
        ("7/2/2026 6:00:00 PM", "UTC", None, "2026-07-03"),  # no daylight saving
        ("7/2/2026 11:30:00 PM", "America/Chicago", None, "2026-07-03"),
        ("12/31/2025 12:00:00 AM", "UTC", None, "2025-12-31"),
        ("2026-03-02 18:00:00.123", "UTC", None, "2026-03-03"),
        ("3/2/2026 6:00:00 PM", "UTC", "UTC", "2026-03-02"),
    ],
)
def test_times_are_utc_minus_6_all_year(tmp_path, date, zone, file_zone, day):
    (tmp_path / "sent").write_text(f"{SENT}\n1,5,1,9,{date},one.example.com\n")
    context = Context(ZoneInfo(zone), file_zone=ZoneInfo(file_zone) if file_zone else None)
    result = reader(NAME).count([tmp_path / "sent"], context)
    assert result.counts["date"].astype(str).tolist() == [day]


@pytest.mark.parametrize(
    "bad",
    [
        "1,5,1,9,yesterday,one.example.com",
        "1,5,1,9,13/32/2026 3:00:00 AM,one.example.com",
        "1,5,1,9,3/2/2026 3:00:00 AM,",
        ",5,1,9,3/2/2026 3:00:00 AM,one.example.com",
        "1,5,1,,3/2/2026 3:00:00 AM,one.example.com",
        "1,5,1,9,3/2/20",
        '1,5,1,9,"3/2/2026',
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_damaged_rows_are_counted_with_their_line(tmp_path, bad, packed):
    rows = [f"1,5,1,{n},3/2/2026 3:00:00 AM,one.example.com" for n in range(20)]
    rows[6:6] = [bad]
    data = "\r\n".join((SENT, *rows)).encode()
    (tmp_path / "sent").write_bytes(gzip.compress(data) if packed else data)
    result = counted(NAME, tmp_path / "sent")
    assert ([line for _, line in result.damage.places], int(result.counts["injected"].sum())) == ([8], 20)


def test_missing_columns_are_named(tmp_path):
    (tmp_path / "sent").write_text("JobID,SubscriberID,EventDate\n")
    with pytest.raises(InputError, match="no column Domain"):
        counted(NAME, tmp_path / "sent")


def test_addresses_are_not_kept(tmp_path, monkeypatch):
    from warmup.traffic import private

    seen: list[bytes] = []
    remove = private.shutil.rmtree

    def look(path, **kwargs):
        seen.extend(file.read_bytes() for file in Path(path).rglob("*") if file.is_file())
        remove(path, **kwargs)

    monkeypatch.setattr(private.shutil, "rmtree", look)
    (tmp_path / "sent").write_text(
        f"{SENT},SubscriberKey\n1,5,1,9,3/2/2026 3:00:00 AM,somebody@one.example.com,somebody@one.example.com\n"
    )
    (tmp_path / "job").write_text("JobID,EmailName\n1,for somebody@one.example.com\n")
    result = counted(NAME, tmp_path / "sent", tmp_path / "job")
    assert result.counts[["domain", "stream"]].to_numpy().tolist() == [["one.example.com", ""]]
    assert b"somebody" not in b"".join(seen)


@QUIETLY
@given(st.randoms(use_true_random=False), st.booleans())
def test_order_and_division_do_not_matter(tmp_path, shared, rng, packed):
    target = tmp_path / "mixed"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for path in folder(shared).glob("sfmc_*.csv"):
        head, *rows = path.read_text().splitlines()
        rng.shuffle(rows)
        cut = rng.randint(0, len(rows))
        (target / f"1{path.name}").write_text("\n".join((head, *rows[:cut])))
        data = "\n".join((head, *rows[cut:])).encode()
        (target / f"2{path.name}").write_bytes(gzip.compress(data) if packed else data)
    assert same(counted(NAME, target), counted(NAME, str(folder(shared) / "sfmc_*.csv")))


@QUIETLY
@given(st.data())
def test_mutilated_samples(tmp_path, shared, data):
    raw = bytearray((folder(shared) / "sfmc_Sent.csv").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(150, len(raw)))
        raw[start : start + data.draw(st.integers(0, 50))] = data.draw(st.binary(max_size=20))
    (tmp_path / "sent").write_bytes(bytes(raw))
    assert counted(NAME, tmp_path / "sent").records >= 3
