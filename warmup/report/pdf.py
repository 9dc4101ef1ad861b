"""``plan.pdf``: the report printed by a browser that is there, or by WeasyPrint.

The same HTML, so that paper and screen cannot differ. The browser runs with a profile of its own that is deleted
afterwards, and without a network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

TIMEOUT_S = 120
"""Seconds that a browser may take; a report prints in two or three."""

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
"""Names on the PATH."""
MAC_APPS = ("Google Chrome", "Chromium", "Microsoft Edge")
WINDOWS_APPS = (
    r"Google\Chrome\Application\chrome.exe",
    r"Chromium\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
)
MISSING = "no Chromium, Chrome or Edge found, and WeasyPrint is not installed (pip install 'ipwarmup[pdf]')"

Paper = Literal["A4", "Letter"]

_SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>", re.DOTALL)
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_FOLDED = re.compile(r"<details\b(?![^>]*\bopen\b)")


@dataclass(frozen=True)
class Printed:
    """Whether a PDF was written; true or false in a condition.

    Attributes:
        written: Whether it was.
        by: The program that wrote it.
        reason: Why not, in a sentence; empty when it was.
    """

    written: bool
    by: str = ""
    reason: str = ""

    def __bool__(self) -> bool:
        return self.written


def write_pdf(html_path: str | Path, pdf_path: str | Path, *, paper: Paper = "A4") -> Printed:
    """Print an HTML file to PDF.

    Args:
        html_path: A complete page; nothing is fetched for it.
        pdf_path: Where to write; an existing file is replaced, but only by a complete one.
        paper: Page size.

    Returns:
        True in a condition if the file was written, else the reason: a missing program is no error of the plan.
    """
    html, pdf = Path(html_path).resolve(), Path(pdf_path).resolve()
    reasons = []
    with tempfile.TemporaryDirectory(prefix="warmup-print-", ignore_cleanup_errors=True) as folder:
        page, made = Path(folder) / "page.html", Path(folder) / "page.pdf"
        page.write_text(for_paper(html.read_text(encoding="utf-8"), paper), encoding="utf-8")
        for browser in browsers():
            reason = _print(browser, page, made)
            if not reason:
                shutil.copyfile(made, pdf)
                return Printed(True, browser.name)
            reasons.append(reason)
            break  # a second browser would fail for the same reason
        if find_spec("weasyprint") is not None:
            reason = _weasyprint(page, pdf)
            if not reason:
                return Printed(True, "WeasyPrint")
            reasons.append(reason)
    return Printed(False, reason="; ".join(reasons) or MISSING)


def for_paper(html: str, paper: Paper) -> str:
    """The page as it is printed: without its scripts, with everything opened that can be folded, on this paper.

    Two thirds of a report are scripts that a printer would only read, and a program that knows no newer style sheets
    would print a folded part as folded.

    >>> for_paper("<body><details><summary>More</summary></details><script>x</script></body>", "A4")
    '<body><details open><summary>More</summary></details></body><style>@page { size: A4 }</style>'
    """
    # The policy goes with the scripts: it allows no style but the page's own, and the size of the paper is one more.
    still = _FOLDED.sub("<details open", _POLICY.sub("", _SCRIPT.sub("", html)))
    return f"{still}<style>@page {{ size: {paper} }}</style>"


def browsers() -> Iterator[Path]:
    """Installed browsers that can print, in the order of preference; ``WARMUP_BROWSER`` names one before all others."""
    chosen = os.environ.get("WARMUP_BROWSER")
    candidates = [chosen] if chosen else []
    candidates += [found for name in NAMES if (found := shutil.which(name))]
    if sys.platform == "darwin":
        roots = ("/Applications", str(Path.home() / "Applications"))
        candidates += [f"{root}/{app}.app/Contents/MacOS/{app}" for root in roots for app in MAC_APPS]
    if sys.platform == "win32":
        places = [os.environ.get(name) for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")]
        candidates += [str(Path(place) / app) for place in places if place for app in WINDOWS_APPS]
    for candidate in dict.fromkeys(candidates):
        path = Path(shutil.which(candidate) or candidate)
        if path.is_file():
            yield path


def _print(browser: Path, page: Path, pdf: Path) -> str:
    """Print with a browser; returns why it failed, or nothing."""
    profile = page.parent / "profile"
    command = [
        str(browser),
        "--headless",
        "--disable-gpu",
        "--disable-extensions",
        "--disable-sync",
        "--disable-component-update",
        "--disable-background-networking",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-default-browser-check",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--proxy-server=127.0.0.1:9",  # the discard port: an address given as a number goes nowhere either
        f"--user-data-dir={profile}",
        "--no-pdf-header-footer",
        "--print-to-pdf-no-header",  # the same for browsers before 2023
        f"--print-to-pdf={pdf}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--no-sandbox")  # as root a browser refuses to start with it; the page is our own and offline
    try:
        done = subprocess.run([*command, page.as_uri()], capture_output=True, timeout=TIMEOUT_S, check=False)  # noqa: S603 (a browser we found, our own arguments)
    except subprocess.TimeoutExpired:
        return f"{browser.name} did not finish within {TIMEOUT_S} s"
    except OSError as error:
        return f"{browser.name} could not be started: {error.strerror or error}"
    if not _is_pdf(pdf):
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return " ".join([f"{browser.name} wrote no PDF (exit {done.returncode})", *last])
    return ""


def _is_pdf(path: Path) -> bool:
    """Whether a file is a PDF with its end."""
    if not path.is_file():
        return False
    content = path.read_bytes()
    return content.startswith(b"%PDF-") and b"%%EOF" in content[-1024:]


def _weasyprint(page: Path, pdf: Path) -> str:
    """Print with WeasyPrint; returns why it failed, or nothing."""
    try:
        weasyprint = import_module("weasyprint")
        fetcher = import_module("weasyprint.urls").URLFetcher(allowed_protocols={"data"})  # the page fetches nothing
    except (ImportError, AttributeError, OSError) as error:  # OSError: Pango is not installed
        return f"WeasyPrint (68 or later, with Pango) cannot be used: {str(error).splitlines()[0]}"
    made = page.with_suffix(".pdf")
    weasyprint.HTML(string=page.read_text(encoding="utf-8"), url_fetcher=fetcher).write_pdf(str(made))
    shutil.copyfile(made, pdf)
    return ""
