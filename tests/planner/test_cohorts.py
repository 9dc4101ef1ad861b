"""Who moves: the same people are selected wherever the line of the report is run, and who has moved stays moved."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

import duckdb
import numpy as np
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.planner.small_problems import examples
from warmup.planner.cohorts import SELECTION, bucket, moved_back, thresholds

IDS = ["1", "42", "ada@example.com", "Ünïcode", "Ελλάδα", "", " space ", "x" * 300, *map(str, range(2000))]


@pytest.mark.parametrize(
    ("recipient", "number"), [("1", 9560), ("42", 4184), ("ada@example.com", 1367), ("Ünïcode", 9991), ("", 6393)]
)
def test_the_number_of_a_recipient_never_changes(recipient, number):
    """Plans that are running rest on it."""
    assert bucket(recipient) == number


def test_numbers_are_spread_evenly():
    counts = np.bincount([bucket(str(n)) // 1000 for n in range(20_000)], minlength=10)
    assert counts.min() > 1850
    assert counts.max() < 2150


def test_python_line_selects_by_the_number():
    import hashlib

    for recipient in IDS:
        for threshold in (0, bucket(recipient), bucket(recipient) + 1, 10_000):
            names = {"hashlib": hashlib, "recipient_id": recipient, "threshold": threshold}
            assert eval(SELECTION["python"], names) == (bucket(recipient) < threshold)  # noqa: S307 - our own line


@given(st.lists(st.text(), min_size=1, max_size=50))
@examples(20)
def test_duckdb_line_gives_any_recipient_the_same_number(ids):
    number = SELECTION["duckdb"].rpartition(" < ")[0]
    ids = [text.replace("\0", "") for text in ids]  # no database keeps it
    rows = duckdb.execute(f"SELECT {number} FROM (SELECT unnest($1) AS recipient_id)", [ids]).fetchall()
    assert [row[0] for row in rows] == [bucket(text) for text in ids]


@pytest.mark.parametrize("threshold", [0, 1, 5000, 9999, 10_000])
def test_duckdb_line_selects_the_same_people(threshold):
    query = f"SELECT recipient_id FROM (SELECT unnest($ids) AS recipient_id) WHERE {SELECTION['duckdb']}"
    rows = duckdb.execute(query, {"ids": IDS, "threshold": threshold}).fetchall()
    assert {row[0] for row in rows} == {text for text in IDS if bucket(text) < threshold}


def test_a_number_as_recipient_id_is_its_digits():
    line = SELECTION["duckdb"]
    query = f"SELECT recipient_id FROM range(500) AS r(recipient_id) WHERE {line}"
    rows = duckdb.execute(query, {"threshold": 3700}).fetchall()
    assert {row[0] for row in rows} == {n for n in range(500) if bucket(str(n)) < 3700}


@pytest.fixture(scope="module")
def postgres() -> Generator[psycopg.Connection[tuple[object, ...]], None, None]:
    """A PostgreSQL of our own on a socket in a folder of its own; no port, gone afterwards."""
    found = [shutil.which("initdb"), *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), reverse=True)]
    initdb = next((path for path in found if path), None)
    if initdb is None:
        pytest.skip("PostgreSQL is not installed: run `make system`")
    binaries = Path(initdb).resolve().parent
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    # It refuses to run as root.
    user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(home, "nobody", "nogroup")
    data = home / "data"

    def call(*command: str) -> None:
        subprocess.run([*user, *command], check=True, capture_output=True, cwd=home, env={"PATH": os.environ["PATH"]})

    try:
        call(str(binaries / "initdb"), "-D", str(data), "-U", "tests", "-E", "UTF8", "--no-locale", "-A", "trust", "-N")
        options = f"-c listen_addresses='' -c unix_socket_directories='{home}' -c fsync=off"
        call(str(binaries / "pg_ctl"), "-D", str(data), "-l", str(home / "log"), "-w", "-o", options, "start")
        try:
            with psycopg.connect(host=str(home), user="tests", dbname="postgres") as connection:
                yield connection
        finally:
            call(str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.mark.system
@pytest.mark.parametrize("threshold", [0, 1, 3700, 9999, 10_000])
def test_postgres_line_selects_the_same_people(postgres, threshold):
    line = SELECTION["postgres"].replace("%", "%%").replace(":threshold", "%(threshold)s")
    query = f"SELECT recipient_id FROM unnest(%(ids)s::text[]) AS r(recipient_id) WHERE {line}"
    rows = postgres.execute(query, {"ids": IDS, "threshold": threshold}).fetchall()
    assert {row[0] for row in rows} == {text for text in IDS if bucket(text) < threshold}


# -- thresholds --------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 2000))
def test_a_threshold_selects_at_most_what_is_planned_and_nearly_all_of_it(moved, rest, held):
    main = moved + rest
    (level,) = thresholds(np.array([moved]), np.array([main]), np.array([held]))
    assert 0 <= level <= 10_000 - held
    in_scope = main / (1 - held / 10_000)  # the control group included
    if rest or not main:
        assert level * in_scope <= moved * 10_000 * (1 + 1e-12)
        assert (level + 1) * in_scope > moved * 10_000 * (1 - 1e-12) or not main
    else:
        assert level == 10_000 - held


def test_who_moves_back_is_counted_against_the_send_before():
    levels = np.array([2000, 5000, 3000, 3000, 0])
    assert moved_back(levels, np.full(5, 10_000)).tolist() == [0, 0, 2000, 0, 3000]
