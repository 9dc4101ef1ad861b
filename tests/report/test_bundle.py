"""The folder that is handed over: whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.report.make_plan import make_plan
from warmup.report.bundle import FILES, write_bundle

if TYPE_CHECKING:
    from warmup.planner.plan import Plan


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(days=14)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Page and charts are tested by their own tests; here a line of HTML and one picture stand for them."""

    def report(plan: Plan, path: Path) -> None:
        path.write_text(f"<!doctype html><title>{plan.scenario.customer}</title><p>plan", encoding="utf-8")

    def charts(plan: Plan, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "ramp.svg").write_text("<svg/>", encoding="utf-8")

    monkeypatch.setattr("warmup.report.html.write_report", report)
    monkeypatch.setattr("warmup.report.charts.write_charts", charts)
    monkeypatch.setattr("warmup.report.elsewhere._start", lambda plan, folder: None)  # it would draw the real ones


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def without_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warmup.report.pdf.browsers", lambda: iter(()))
    monkeypatch.setattr("warmup.report.pdf.find_spec", lambda name: None)


def test_everything_is_written(plan, tmp_path, monkeypatch, chromium):
    said: list[str] = []
    made = write_bundle(plan, tmp_path / "deep" / "out", progress=said.append)
    whole = {"report.html", "plan.pdf", "plan.xlsx", "plan.csv", "plan.ics", "plan.json", "charts/ramp.svg"}
    assert names(tmp_path / "deep" / "out") == whole == set(made.files)
    assert made.notes == ()
    assert len(said) == len(FILES)
    assert made.files[0] == "report.html"


def test_without_a_printer_the_rest_is_written_and_said(plan, tmp_path, monkeypatch):
    without_browser(monkeypatch)
    made = write_bundle(plan, tmp_path / "out", kinds=["report", "pdf", "csv"])
    assert made.files == ("report.html", "plan.csv")
    assert made.notes[0].startswith("plan.pdf was not written: no Chromium")


def test_a_pdf_alone_leaves_no_page(plan, tmp_path, chromium):
    made = write_bundle(plan, tmp_path / "out", kinds=["pdf"])
    assert made.files == ("plan.pdf",)
    assert names(tmp_path / "out") == {"plan.pdf"}


def test_other_files_stay_and_what_is_old_is_said(plan, tmp_path):
    out = tmp_path / "out"
    (out / "charts").mkdir(parents=True)
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    (out / "charts" / "mine.txt").write_text("mine", encoding="utf-8")
    (out / "charts" / "old.png").write_text("old", encoding="utf-8")
    (out / "plan.pdf").write_text("old", encoding="utf-8")
    (out / "plan.csv").write_text("old", encoding="utf-8")
    made = write_bundle(plan, out, kinds=["csv", "charts"])
    assert (out / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert (out / "charts" / "mine.txt").read_text(encoding="utf-8") == "mine"
    assert (out / "plan.csv").read_text(encoding="utf-8").startswith('"date"')
    assert [note.split()[0] for note in made.notes] == ["plan.pdf", "charts/old.png"]
    assert {path.name for path in out.iterdir()} == {"charts", "notes.txt", "plan.csv", "plan.pdf"}


@pytest.mark.parametrize("there", [True, False])
def test_a_crash_leaves_no_half_output(plan, tmp_path, monkeypatch, there):
    def crash(*_: Any) -> None:
        raise OSError("disk full")

    out = tmp_path / "out"
    if there:
        out.mkdir()
        (out / "plan.csv").write_text("old", encoding="utf-8")
    monkeypatch.setattr("warmup.report.calendar.write_ics", crash)
    with pytest.raises(OSError, match="disk full"):
        write_bundle(plan, out, kinds=["csv", "ics"])
    assert out.exists() == there
    if there:
        assert names(out) == {"plan.csv"}
        assert (out / "plan.csv").read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == (["out"] if there else [])


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_files_and_folder_have_ordinary_permissions(plan, tmp_path):
    old = os.umask(0o022)
    try:
        write_bundle(plan, tmp_path / "out", kinds=["csv", "xlsx"])
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "out" / "plan.xlsx").stat().st_mode) == 0o644


def test_unknown_kinds_are_refused(plan, tmp_path):
    with pytest.raises(ValueError, match="docx"):
        write_bundle(plan, tmp_path / "out", kinds=["docx"])
