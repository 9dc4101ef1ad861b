"""plan.pdf: printed by the real browser; without one, a reason and no error."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

import pytest

from warmup.report import pdf
from warmup.report.pdf import write_pdf

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A plan</title></head>
<body><h1>Pläne</h1><img src="http://192.0.2.1/beacon.png" alt="">
<p style="break-after:page">one</p><p>two</p></body></html>"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(PAGE, encoding="utf-8")
    return path


def sizes(path: Path) -> list[tuple[float, float]]:
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", path.read_bytes())
    return [(float(width), float(height)) for width, height in boxes]


def test_the_browser_prints_a4(chromium, page, tmp_path):
    printed = write_pdf(page, tmp_path / "plan.pdf")
    assert printed, printed.reason
    found = sizes(tmp_path / "plan.pdf")
    assert len(found) == 2
    assert all(abs(w - 595.3) < 2 and abs(h - 841.9) < 2 for w, h in found)
    assert page.read_text(encoding="utf-8") == PAGE


def test_or_letter(chromium, page, tmp_path):
    assert write_pdf(page, tmp_path / "plan.pdf", paper="Letter")
    assert all(abs(w - 612) < 2 and abs(h - 792) < 2 for w, h in sizes(tmp_path / "plan.pdf"))


def test_the_page_for_paper_is_open_and_without_scripts_and_policy():
    html = (
        '<head><meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;"><title>A</title></head>'
        '<details open><p>1</p></details><details class="week"><p>2</p></details>'
        '<script type="application/json">{"a": "<b>"}</script><script>\nlet x = "<\\/script>";\n</script>'
    )
    assert pdf.for_paper(html, "Letter") == (
        "<head><title>A</title></head><details open><p>1</p></details>"
        '<details open class="week"><p>2</p></details><style>@page { size: Letter }</style>'
    )


def test_without_a_printer_there_is_a_reason(monkeypatch, page, tmp_path):
    monkeypatch.setattr(pdf, "browsers", lambda: iter(()))
    monkeypatch.setattr(pdf, "find_spec", lambda name: None)
    printed = write_pdf(page, tmp_path / "plan.pdf")
    assert not printed
    assert "no Chromium" in printed.reason
    assert not (tmp_path / "plan.pdf").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")
def test_a_browser_that_fails_leaves_the_old_file(monkeypatch, page, tmp_path):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho 'no display' >&2\nexit 3\n", encoding="utf-8")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("WARMUP_BROWSER", str(broken))
    monkeypatch.setattr(pdf, "find_spec", lambda name: None)
    old = tmp_path / "plan.pdf"
    old.write_bytes(b"old")
    printed = write_pdf(page, old)
    assert not printed
    assert printed.reason == "chromium wrote no PDF (exit 3) no display"
    assert old.read_bytes() == b"old"


@pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")
def test_a_browser_that_hangs_is_stopped(monkeypatch, page, tmp_path):
    slow = tmp_path / "chromium"
    slow.write_text("#!/bin/sh\nexec sleep 30\n", encoding="utf-8")
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("WARMUP_BROWSER", str(slow))
    monkeypatch.setattr(pdf, "TIMEOUT_S", 0.2)
    monkeypatch.setattr(pdf, "find_spec", lambda name: None)
    assert "did not finish" in write_pdf(page, tmp_path / "plan.pdf").reason


def test_browsers_are_found_on_the_path_and_by_name(monkeypatch, tmp_path):
    monkeypatch.delenv("WARMUP_BROWSER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [p for p in pdf.browsers() if str(p).startswith(str(tmp_path))] == []
    found = tmp_path / ("msedge.exe" if os.name == "nt" else "msedge")
    found.write_text("", encoding="utf-8")
    found.chmod(0o755)
    assert found in list(pdf.browsers())
