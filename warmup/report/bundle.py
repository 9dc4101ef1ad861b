"""Everything that is handed over, in one folder.

The files are made in a temporary folder and moved when all of them are complete: a crash leaves no half output, and
what else is in the folder is not touched.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from warmup.report.elsewhere import drawing

if TYPE_CHECKING:
    from warmup.planner.plan import Plan
    from warmup.report.pdf import Paper

FILES: dict[str, str] = {
    "report": "report.html",
    "pdf": "plan.pdf",
    "xlsx": "plan.xlsx",
    "csv": "plan.csv",
    "ics": "plan.ics",
    "charts": "charts",
    "json": "plan.json",
}
"""Each kind of output and its name in the folder, in the order they are made. ``charts`` is a folder."""

WORDS: dict[str, str] = {
    "report": "report",
    "pdf": "PDF",
    "xlsx": "Excel workbook",
    "csv": "table of messages",
    "ics": "calendar",
    "charts": "charts",
    "json": "plan as JSON",
}

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Bundle:
    """What was written.

    Attributes:
        folder: Where.
        files: Paths relative to the folder, in the order of :data:`FILES`; charts one by one.
        notes: What was not written and why, and what is left from an earlier run; one sentence each.
    """

    folder: Path
    files: tuple[str, ...]
    notes: tuple[str, ...]


def write_bundle(
    plan: Plan,
    folder: str | Path,
    *,
    kinds: Iterable[str] = tuple(FILES),
    paper: Paper = "A4",
    progress: Progress | None = None,
) -> Bundle:
    """Write the plan's outputs into a folder.

    Args:
        plan: The plan.
        folder: Where; made if it is not there.
        kinds: Which of :data:`FILES`; default: all.
        paper: Page size of the PDF.
        progress: Called with what is being made.

    Returns:
        What was written. A PDF that no program here can print is a note, not an error.

    Raises:
        OSError: The folder cannot be written; nothing in it has changed.
    """
    target, wanted = Path(folder), set(kinds)
    unknown = wanted - set(FILES)
    if unknown:
        raise ValueError(f"unknown kinds of output: {', '.join(sorted(unknown))}")
    with _workshop(target) as made:
        notes = _make_all(plan, [kind for kind in FILES if kind in wanted], made, paper, progress)
        if "report" not in wanted:
            (made / FILES["report"]).unlink(missing_ok=True)  # it was made for the PDF only
        files = tuple(_move(made, target))
    return Bundle(target, files, tuple(notes + _left_over(target, files)))


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """A temporary folder on the same file system, so that a finished file is moved in one step; always removed."""
    # Inside a folder that is there: the one above it may belong to somebody else.
    place = target if target.is_dir() else target.parent
    place.mkdir(parents=True, exist_ok=True)
    made = place / f".{target.name}-{secrets.token_hex(4)}.part"
    made.mkdir()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _make_all(plan: Plan, kinds: list[str], folder: Path, paper: Paper, progress: Progress | None) -> list[str]:
    """Make every kind of output; returns notes.

    The charts are drawn by a second Python from the beginning, and the browser prints while the tables are written.
    """
    with ExitStack() as open_work:
        charts = None
        if "charts" in kinds and len(kinds) > 1:  # alone they would only wait for the second Python to start
            charts = open_work.enter_context(drawing(plan, folder / FILES["charts"]))
        printer = open_work.enter_context(ThreadPoolExecutor(1))
        printed: Future[list[str]] | None = None
        for kind in kinds:
            if progress:
                progress(f"writing the {WORDS[kind]}")
            if kind == "pdf":
                _make_page(plan, folder)
                printed = printer.submit(_print_page, folder, paper)
            elif kind == "charts" and charts:
                charts()
            else:
                _make(plan, kind, folder / FILES[kind])
        return printed.result() if printed else []


def _make(plan: Plan, kind: str, path: Path) -> None:
    """Make one kind of output."""
    if kind == "report":
        from warmup.report.html import write_report

        write_report(plan, path)
    elif kind == "xlsx":
        from warmup.report.sheet import write_xlsx

        write_xlsx(plan, path)
    elif kind == "csv":
        from warmup.report.tables import write_csv

        write_csv(plan, path)
    elif kind == "ics":
        from warmup.report.calendar import write_ics

        write_ics(plan, path)
    elif kind == "charts":
        from warmup.report.charts import write_charts

        path.mkdir()
        write_charts(plan, path)
    else:
        plan.save(path)


def _make_page(plan: Plan, folder: Path) -> None:
    """The page that is printed, if it is not there yet."""
    if not (folder / FILES["report"]).exists():
        _make(plan, "report", folder / FILES["report"])


def _print_page(folder: Path, paper: Paper) -> list[str]:
    """Print the page; returns a note if no program here can."""
    from warmup.report.pdf import write_pdf

    printed = write_pdf(folder / FILES["report"], folder / FILES["pdf"], paper=paper)
    return [] if printed else [f"{FILES['pdf']} was not written: {printed.reason}."]


def _move(made: Path, target: Path) -> Iterator[str]:
    """Move every finished file to its place, each in one step; yields their paths relative to the folder."""
    order = {name: n for n, name in enumerate(FILES.values())}
    target.mkdir(parents=True, exist_ok=True)
    finished = [path.relative_to(made) for path in made.rglob("*") if path.is_file()]
    for path in sorted(finished, key=lambda path: (order[path.parts[0]], path)):
        (target / path).parent.mkdir(exist_ok=True)
        (made / path).replace(target / path)
        yield path.as_posix()


def _left_over(target: Path, files: tuple[str, ...]) -> list[str]:
    """Outputs of an earlier run that this one did not renew: they show another plan."""
    known = [target / name for name in FILES.values()]
    charts = target / FILES["charts"]
    known += [path for path in sorted(charts.glob("*")) if path.suffix in (".png", ".svg")]
    old = [path.relative_to(target).as_posix() for path in known if path.is_file()]
    return [f"{name} is left from an earlier run and may show another plan." for name in old if name not in files]
