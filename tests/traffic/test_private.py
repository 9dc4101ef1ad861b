"""Whatever ends a run: its private database does not stay."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.test_traffic_read import events

COMMAND = [sys.executable, "-m", "warmup.cli.main", "traffic", "read"]


def environment(folder: Path) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]))
    return os.environ | {"TMPDIR": str(folder), "PYTHONPATH": path}


def begin(process: subprocess.Popen[bytes]) -> None:
    """Send more events than the beginning of a file, by which it is recognised, and leave the pipe open."""
    event = b'{"email":"r@gmail.com","event":"open","timestamp":1772442000,"sg_event_id":"1","sg_message_id":"m"}\n'
    process.stdin.write(event * 5_000)
    process.stdin.flush()


def ended_by(number: int, folder: Path) -> int:
    """The exit code of a run that gets a signal while it has its database and waits for more events."""
    with subprocess.Popen(
        [*COMMAND, "--platform", "sendgrid-events", "-"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(folder),
    ) as process:
        begin(process)
        for _ in range(200):
            if list(folder.glob("warmup-*/events.duckdb")):
                break
            time.sleep(0.05)
        else:
            pytest.fail("no database")
        time.sleep(0.2)
        process.send_signal(number)
        code = process.wait(30)
        assert b"Traceback" not in process.stderr.read()
    return code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing(tmp_path, number):
    assert ended_by(number, tmp_path) == 128 + number
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """So many events that a run is still reading when it is interrupted."""
    path = tmp_path_factory.mktemp("in") / "events.jsonl"
    with path.open("w") as file:
        for n in range(900_000):
            file.write(
                f'{{"email":"r@gmail.com","event":"open","timestamp":{1772442000 + n},"sg_event_id":"e{n}",'
                f'"sg_message_id":"m{n}","category":"news"}}\n'
            )
    with path.open("rb") as file, gzip.open(path.with_suffix(".gz"), "wb", compresslevel=1) as out:
        shutil.copyfileobj(file, out)
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("wait", [0.4, 0.7])  # within the long query, whatever the machine
def test_an_interrupted_run_says_so_and_leaves_nothing(tmp_path, many, packed, wait):
    """Within a query of DuckDB, or in the threads of the careful way."""
    source = many.with_suffix(".gz") if packed else many
    with subprocess.Popen(
        [*COMMAND, str(source)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path), text=True
    ) as process:
        while not list(tmp_path.glob("warmup-*/lock")) and process.poll() is None:
            time.sleep(0.01)
        time.sleep(wait)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=60)
    assert (process.returncode, out, said.strip()) == (130, "", "warmup: interrupted")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_deleted_by_the_next_one(tmp_path):
    assert ended_by(signal.SIGKILL, tmp_path) == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    others = tmp_path / "warmup-of-somebody"
    others.mkdir()
    (tmp_path / "warmup-link").symlink_to(others)
    source = events(tmp_path / "events.jsonl")
    subprocess.run([*COMMAND, str(source)], env=environment(tmp_path), check=True, capture_output=True)
    assert not left.exists()
    assert others.exists()


def test_what_a_living_run_has_stays(tmp_path):
    source = events(tmp_path / "events.jsonl")
    with subprocess.Popen(
        [*COMMAND, "--platform", "sendgrid-events", "-"], stdin=subprocess.PIPE, env=environment(tmp_path)
    ) as process:
        begin(process)
        while not (found := list(tmp_path.glob("warmup-*/events.duckdb"))) and process.poll() is None:
            time.sleep(0.05)
        subprocess.run([*COMMAND, str(source)], env=environment(tmp_path), check=True, capture_output=True)
        assert found[0].exists()
        process.communicate(b"")
    assert not found[0].exists()
