"""Files for the tests of hostile input, and a process that reads them within bounds."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.traffic.fuzz.rows import NAME

MEMORY = 2_500_000_000
"""Address space in bytes; DuckDB reserves much more of it than it uses."""

SECONDS = 120
"""No file here takes more than some seconds; what takes so long hangs."""

Read = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def worker() -> Iterator[subprocess.Popen[str]]:
    """The process of which every reading is a fork."""
    folders = [str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, folders))}
    command = [sys.executable, "-m", "tests.traffic.fuzz.worker"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def bounded(worker: subprocess.Popen[str], tmp_path: Path) -> Read:
    """Reads a file of bytes, or of parts of them, within bounds; tracebacks, hangs and too much memory fail."""

    def read(data: bytes | Iterator[bytes], platform: str | None = None, name: str = "file", **more: Any) -> Any:
        path = tmp_path / name
        with path.open("wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
        job = {"paths": [str(path)], "platform": platform, "memory": MEMORY, "seconds": SECONDS, **more}
        worker.stdin.write(json.dumps(job) + "\n")
        worker.stdin.flush()
        result = json.loads(worker.stdout.readline())
        path.unlink()
        assert result["outcome"] in ("read", "refused"), "\n".join([result["outcome"], *result["messages"]])
        sound(result)
        return result

    return read


def sound(result: dict[str, Any]) -> None:
    """Whatever a file held: what is said are lines without an address, what is kept is none either."""
    assert 0 < len(result["messages"]) <= 25 or result["outcome"] == "read"
    for text in result["messages"]:
        assert text.isprintable(), ascii(text)
        assert not re.search(r"[^\s'\"(…]@", text), text
        assert NAME not in text, text
    for text in result.get("kept", ()):
        assert "@" not in text, text
        assert NAME not in text, text
