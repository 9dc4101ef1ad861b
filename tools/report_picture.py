"""Take the pictures of the README: the example customer's traffic, and the answer and the ramp in its report.

The second needs a browser (``make system``)::

    python tools/report_picture.py     # writes docs/img/traffic.png and docs/img/report.png
"""

from __future__ import annotations

import shutil
import sys
from datetime import date
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright

import warmup
from warmup.demo import write_demo
from warmup.providers import catalogue
from warmup.report.html import write_report
from warmup.report.traffic_picture import write_picture
from warmup.traffic.exports import classified, read_scenario
from warmup.traffic.overview import overview

if TYPE_CHECKING:
    from warmup.scenario import Scenario

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "img"
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
    """Write the example, draw what it exports, plan it and cut out the top of its report."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        sys.exit("no Chromium or Chrome is installed: run `make system`")
    with TemporaryDirectory() as folder:
        write_demo(folder, today=TODAY)
        scenario = warmup.load_scenario(Path(folder) / "scenario.toml")
        save(traffic(scenario, Path(folder)), "traffic.png")
        report = Path(folder) / "report.html"
        write_report(warmup.plan(scenario, today=TODAY), report)
        save(screenshot(report, browser), "report.png")


def save(raw: bytes, name: str) -> None:
    """A picture in few colours, at the width of a README."""
    picture = Image.open(BytesIO(raw)).convert("RGB")
    if picture.width > WIDTH:
        picture = picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)), Image.Resampling.LANCZOS)
    IMAGES.mkdir(exist_ok=True)
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(IMAGES / name, optimize=True)


def traffic(scenario: Scenario, folder: Path) -> bytes:
    """The slide of ``warmup traffic read``."""
    facts = overview(classified(read_scenario(scenario)))
    names = {name: catalogue().group_name(name) for name in map(str, facts.providers.index)}
    png, _ = write_picture(facts, names, folder / "traffic")
    return png.read_bytes()


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
