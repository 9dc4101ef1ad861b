"""Reads files for the tests: here, or each in a process of its own, whose memory and time are bounded.

Run as a module, it answers each line of its input, a JSON object with ``paths``, ``platform``, ``recipients``,
``memory`` (bytes of address space beyond what the imported packages take) and ``seconds``, with one line: what came of
it. A process that is not done in time is killed, and that is its outcome. All are forked from one, which spares every
file the second that the imports take.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MEASURES = (
    "injected", "delivered", "hard", "soft", "block", "deferred_msgs", "deferred_events", "oob", "suppressed",
    "complaint", "unsub", "click", "open_human", "open_any",
)  # fmt: skip


def read(paths: Sequence[str], platform: str | None = None) -> dict[str, Any]:
    """What comes of reading exports."""
    from zoneinfo import ZoneInfo

    from warmup.errors import InputError, UndeterminedError
    from warmup.traffic.exports import classified, read_exports
    from warmup.traffic.readers import Context

    try:
        exports = classified(read_exports(paths, Context(ZoneInfo("UTC"), "news"), platform=platform, max_bad=1))
    except InputError as error:
        return {"outcome": "refused", "messages": [str(problem) for problem in error.problems]}
    except UndeterminedError as error:
        return {"outcome": "undetermined", "messages": [str(error)]}
    results = [one.result for one in exports.platforms]
    named = exports.counts[["domain", "stream", "ip", "pool", "label"]]
    return {
        "outcome": "read",
        "platforms": [one.name for one in exports.platforms],
        "messages": [note.text for note in exports.notes],
        "kept": sorted({str(text) for column in named for text in named[column].unique()})[:1000],
        "records": sum(result.records for result in results),
        "copies": sum(result.copies for result in results),
        "unused": sum(result.unused for result in results),
        "damaged": sum(result.damage.count for result in results),
        "lines": sorted(line for result in results for _, line in result.damage.places),
        "rows": len(exports.counts),
        "sums": {name: int(exports.counts[name].fillna(0).sum()) for name in (*MEASURES, "messages")},
    }


def read_list(paths: Sequence[str]) -> dict[str, Any]:
    """What comes of reading recipients."""
    from datetime import date

    from warmup.errors import InputError, UndeterminedError
    from warmup.traffic.recipients.counting import read_recipients
    from warmup.traffic.recipients.rule import Rule

    try:
        result = read_recipients(list(paths), Rule(date(2026, 3, 10)), max_bad=1)
    except InputError as error:
        return {"outcome": "refused", "messages": [str(problem) for problem in error.problems]}
    except UndeterminedError as error:
        return {"outcome": "undetermined", "messages": [str(error)]}
    return {
        "outcome": "read",
        "messages": [note.text for note in result.notes],
        "kept": sorted(set(map(str, result.counts["provider"])) | set(map(str, result.counts["stream"])))[:1000],
        "records": result.recipients,
        "damaged": result.damaged,
    }


def _child(job: dict[str, Any], out: int) -> None:
    """Read within bounds; whatever escapes is an outcome too."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + job["memory"], now + job["memory"]))
    try:
        result = read_list(job["paths"]) if job.get("recipients") else read(job["paths"], job.get("platform"))
    except BaseException:  # noqa: BLE001 - the tests want to see every one
        result = {"outcome": "traceback", "messages": traceback.format_exc().splitlines()[-30:]}
    with os.fdopen(out, "w") as pipe:
        json.dump(result, pipe)
    os._exit(0)


def _parent(pid: int, pipe: int, seconds: float) -> str:
    """What a child says, or that it hung or died."""
    said = b""
    while True:
        ready, _, _ = select.select([pipe], [], [], seconds)
        if not ready:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return json.dumps({"outcome": f"not done in {seconds} seconds", "messages": []})
        data = os.read(pipe, 1 << 16)
        if not data:
            break
        said += data
    _, status = os.waitpid(pid, 0)
    return said.decode() or json.dumps({"outcome": f"died ({os.waitstatus_to_exitcode(status)})", "messages": []})


def main() -> None:
    """Answer until the input ends."""
    import duckdb  # noqa: F401 - imported once, for all children
    import pandas as pd  # noqa: F401

    from warmup.traffic.exports import read_exports  # noqa: F401
    from warmup.traffic.readers import readers
    from warmup.traffic.recipients.counting import read_recipients  # noqa: F401

    readers()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        job = json.loads(line)
        inner, outer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(inner)
            _child(job, outer)
        os.close(outer)
        answers.write(_parent(pid, inner, job["seconds"]) + "\n")
        os.close(inner)


if __name__ == "__main__":
    main()
