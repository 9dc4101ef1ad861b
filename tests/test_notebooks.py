"""Notebooks run from top to bottom, are in step with their source, and carry no output into the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jupytext  # type: ignore[import-untyped]
import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "notebooks").glob("*.py"))
SYNC = "run: .venv/bin/jupytext --sync notebooks/*.py"

every = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)


def notebook(source: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))
    return found


def text(cell: dict[str, Any]) -> str:
    lines = cell["source"]
    return lines if isinstance(lines, str) else "".join(lines)


def test_there_are_notebooks_and_each_has_a_source():
    assert SOURCES
    assert {path.stem for path in SOURCES} == {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}


@every
def test_the_notebook_is_in_step_with_its_source(source):
    there = [(cell["cell_type"], text(cell)) for cell in notebook(source)["cells"]]
    assert there == [(cell.cell_type, cell.source) for cell in jupytext.read(source).cells], SYNC


@every
def test_the_notebook_carries_no_output(source):
    for cell in notebook(source)["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert set(notebook(source)["metadata"]) <= {"jupytext", "kernelspec"}


@every
def test_the_notebook_runs(source, tmp_path):
    places = {
        name: str(tmp_path / name)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "TMPDIR")
    }
    for place in places.values():
        Path(place).mkdir()
    copy = tmp_path / source.with_suffix(".ipynb").name
    copy.write_bytes(source.with_suffix(".ipynb").read_bytes())
    done = subprocess.run(
        [Path(sys.executable).with_name("jupyter-execute"), "--inplace", copy],
        cwd=tmp_path,
        env={**os.environ, **places, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    run = json.loads(copy.read_text(encoding="utf-8"))
    noise = [out for cell in run["cells"] for out in cell.get("outputs", ()) if out.get("name") == "stderr"]
    assert noise == []
