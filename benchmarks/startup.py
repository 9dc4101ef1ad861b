"""Start-up: how long ``--help`` takes beside a bare ``import click``, in one run.

    python benchmarks/startup.py [--runs N]

Every program is a fresh process; the rounds are interleaved, so that a busy moment of the machine falls on all of
them alike, and the median is compared. The bar: ``warmup --help`` and ``mediation --help`` in less than 2.5 times
the time of ``python -c "import click"``. Exit code 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

BAR = 2.5


def seconds(command: list[str]) -> float:
    """Wall-clock seconds of one run of a command in a fresh process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def script(name: str) -> str:
    """The installed console script of the interpreter that runs this file."""
    for suffix in ("", ".exe"):
        path = Path(sysconfig.get_path("scripts")) / f"{name}{suffix}"
        if path.exists():
            return str(path)
    sys.exit(f"{name} is not installed beside {sys.executable}: run `make bench`")


def main() -> int:
    parser = argparse.ArgumentParser(description="Start-up against a bare import of click.")
    parser.add_argument("--runs", type=int, default=15, help="rounds; the median counts (default 15)")
    runs: int = parser.parse_args().runs
    commands = {
        'python -c "import click"': [sys.executable, "-c", "import click"],
        "warmup --help": [script("warmup"), "--help"],
        "mediation --help": [script("mediation"), "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():
        seconds(command)  # compiles and caches; not counted
    for _ in range(runs):
        for name, command in commands.items():
            times[name].append(seconds(command))
    medians = {name: statistics.median(values) for name, values in times.items()}
    bare = medians['python -c "import click"']
    print(f"median of {runs} rounds, Python {sys.version.split()[0]}")
    for name, median in medians.items():
        print(f"{name:26} {median * 1000:7.1f} ms   {median / bare:5.2f} x   (bar < {BAR} x)")
    return int(any(median / bare >= BAR for median in medians.values()))


if __name__ == "__main__":
    sys.exit(main())
