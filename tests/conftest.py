"""What all tests share: paths, the browser, and the two switches of `make test` (REQUIRE=all, SLOW=1)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

os.environ.setdefault("MPLBACKEND", "agg")

ROOT = Path(__file__).resolve().parent.parent
REQUIRE_ALL = os.environ.get("WARMUP_REQUIRE") == "all"
WITH_SLOW = os.environ.get("SLOW") == "1"

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)

# No deadline: on a busy machine a slow example is no fault. "ci" finds the same examples every time.
hypothesis.settings.register_profile("ci", derandomize=True, print_blob=True, deadline=None)
hypothesis.settings.register_profile("dev", print_blob=True, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if REQUIRE_ALL else "dev"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the clone."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference and conformance data (``WARMUP_SHARED``, default ``../shared`` beside the clone)."""
    folder = Path(os.environ.get("WARMUP_SHARED") or ROOT.parent / "shared")
    if not (folder / "conformance").is_dir():
        pytest.skip(f"no reference data in {folder}: set WARMUP_SHARED to its folder")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of an installed Chromium, Chrome or Edge."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    pytest.skip("no Chromium, Chrome or Edge is installed: run `make system`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out the slow tests unless SLOW=1; mark those that need the browser."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.system)
    if WITH_SLOW:
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With REQUIRE=all, a skipped test has failed."""
    report = yield
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", _reason(report.longrepr)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """With REQUIRE=all, a file that skips itself has failed."""
    report = yield
    if REQUIRE_ALL and report.outcome == "skipped":
        report.outcome, report.longrepr = "failed", _reason(report.longrepr)
    return report


def _reason(longrepr: object) -> str:
    why = longrepr[2] if isinstance(longrepr, tuple) else longrepr
    return f"skipped, and REQUIRE=all makes a skip a failure: {why}"
