"""Take the picture of the README: the answer and the ramp in the report of the example customer.

Needs a browser (``make system``)::

    python tools/report_picture.py     # writes docs/img/report.png
"""

from __future__ import annotations

import shutil
import sys
from datetime import date
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import sync_playwright

import warmup
from warmup.demo import write_demo
from warmup.report.html import write_report

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "img" / "report.png"
TODAY = date(2026, 11, 23)
WIDTH = 1000
COLOURS = 128
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# The contents and the list of first steps are left out: the picture shows what the plan answers.
TRIM = """() => {
    for (const part of document.querySelectorAll('nav, #first, #theme')) part.remove();
    document.querySelector('.layout').style.display = 'block';
}"""
BOTTOM = "() => document.querySelector('#ramp figure').getBoundingClientRect().bottom + window.scrollY"


def main() -> None:
    """Plan the example, open its report, cut out the top."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        sys.exit("no Chromium or Chrome is installed: run `make system`")
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        write_demo(folder, today=TODAY)
        write_report(warmup.plan(warmup.load_scenario(Path(folder) / "scenario.toml"), today=TODAY), report)
        raw = screenshot(report, browser)
    PICTURE.parent.mkdir(exist_ok=True)
    Image.open(BytesIO(raw)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


def screenshot(report: Path, browser: str) -> bytes:
    """The report down to its ramp, light, at the width of a README."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = running.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light", bypass_csp=True)
        page.goto(report.as_uri())
        page.wait_for_timeout(1000)  # the charts become interactive
        page.evaluate(TRIM)
        page.wait_for_timeout(500)  # … and follow the new width
        bottom = page.evaluate(BOTTOM)
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": bottom + 16}
        raw = page.screenshot(full_page=True, clip=clip)
        running.close()
    return raw


if __name__ == "__main__":
    main()
