"""The charts drawn by a second Python while this one writes the report: half of the waiting.

Not ``multiprocessing``: it starts the caller's own script again where that has no ``__main__`` guard, and a fork copies
the locks of whatever threads the caller runs. A module run by its name needs neither. Where it cannot run, the charts
are drawn here: slower, and the same files.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from warmup.planner.plan import Plan


@contextmanager
def drawing(plan: Plan, folder: Path) -> Iterator[Callable[[], None]]:
    """Begin to draw the charts of a plan into a folder.

    Args:
        plan: The plan to show.
        folder: Where to; made if it is not there.

    Yields:
        What waits until all charts are there, and draws them here if the second Python did not.
    """
    job = _start(plan, folder) if (os.cpu_count() or 1) > 1 else None

    def finish() -> None:
        if job is None or job.wait() != 0:
            from warmup.report.charts import write_charts

            write_charts(plan, folder)

    try:
        yield finish
    finally:
        if job is not None and job.poll() is None:
            job.kill()
            job.wait()


def _start(plan: Plan, folder: Path) -> subprocess.Popen[bytes] | None:
    """A second Python at work; None where it cannot be started."""
    # -P: a file of the current folder must not stand in for a library.
    command = [sys.executable or "python", "-P", "-m", __spec__.name, str(folder)]
    quiet = subprocess.DEVNULL
    with tempfile.TemporaryFile() as handed:  # has no name: nobody else can read or change it
        pickle.dump(plan, handed, protocol=pickle.HIGHEST_PROTOCOL)
        handed.seek(0)
        try:
            return subprocess.Popen(command, stdin=handed, stdout=quiet, stderr=quiet)  # noqa: S603 (this very Python)
        except OSError:
            return None


def main() -> None:
    """Draw the charts of the plan on standard input into the folder named on the command line."""
    from warmup.report.charts import write_charts

    write_charts(pickle.load(sys.stdin.buffer), sys.argv[1])  # noqa: S301 (from a nameless file of the process above)


if __name__ == "__main__":
    main()
