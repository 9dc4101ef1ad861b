"""Charts drawn by a second Python: the same files, and none missing when it cannot work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.report.make_plan import make_plan
from warmup.report import elsewhere
from warmup.report.charts import write_charts

if TYPE_CHECKING:
    from warmup.planner.plan import Plan


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(days=14)


def here(plan: Plan, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "here.txt").write_text("drawn here", encoding="utf-8")


def test_the_second_python_draws_the_same_charts(plan, tmp_path, monkeypatch):
    write_charts(plan, tmp_path / "here")
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("warmup.report.charts.write_charts", here)
    with elsewhere.drawing(plan, tmp_path / "there") as finish:
        finish()
    made = {path.name: path.read_bytes() for path in (tmp_path / "there").iterdir()}
    assert made == {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir()}


@pytest.mark.parametrize("program", [sys.executable, "/nowhere/python"])
def test_what_it_cannot_draw_is_drawn_here(plan, tmp_path, monkeypatch, program):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("warmup.report.charts.write_charts", here)
    monkeypatch.setattr("pickle.dump", lambda plan, file, protocol: file.write(b"no plan"))
    monkeypatch.setattr(sys, "executable", program)
    with elsewhere.drawing(plan, tmp_path / "out") as finish:
        finish()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["here.txt"]


def test_an_error_on_the_way_stops_the_second_python(plan, tmp_path, monkeypatch):
    started: list[subprocess.Popen[bytes]] = []

    def endless(plan: Plan, folder: Path) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]))
        return started[0]

    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr(elsewhere, "_start", endless)
    with pytest.raises(OSError, match="disk full"), elsewhere.drawing(plan, tmp_path / "out"):
        raise OSError("disk full")
    assert started[0].poll() is not None
