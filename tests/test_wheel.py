"""The wheel, installed elsewhere without the tree, does the main job."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from warmup import __version__

ROOT = Path(__file__).resolve().parent.parent
OUTPUTS = ("report.html", "plan.xlsx", "plan.csv", "plan.ics", "plan.json")


def clean_environment() -> dict[str, str]:
    """The environment without what could lead back to the tree or to this virtual environment."""
    drop = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "WARMUP_SHARED"}
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    return {"UV_CACHE_DIR": str(Path(sys.prefix, "cache", "uv")), "UV_PYTHON_DOWNLOADS": "never", **kept}


def call(*command: str | Path, cwd: Path, accept: tuple[int, ...] = (0,)) -> str:
    """Run a program and return its output; any other exit code fails the test with all it said."""
    done = subprocess.run(command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode in accept, f"{command} left with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a virtual environment of its own that holds the wheel and the pinned run dependencies."""
    folder = tmp_path_factory.mktemp("elsewhere")
    uv, python = Path(sys.executable).with_name("uv"), folder / "venv" / "bin" / "python"
    call(uv, "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    pinned = ("--require-hashes", "-r", ROOT / "requirements" / "run.txt")
    call(uv, "pip", "install", "--quiet", "--python", python, *pinned, cwd=folder)
    call(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", wheel, cwd=folder)
    call(uv, "pip", "check", "--python", python, cwd=folder)
    return folder


def test_the_wheel_holds_every_file_of_both_packages_and_nothing_else(wheel):
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(
        [*command, "warmup", "mediation_forms"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    tree = {name for name in listed if (ROOT / name).is_file()}
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == tree


def test_the_installed_package_is_not_the_tree(elsewhere):
    where = "import warmup, mediation_forms; print(warmup.__file__, mediation_forms.__file__)"
    for file in call(elsewhere / "venv" / "bin" / "python", "-c", where, cwd=elsewhere).split():
        assert Path(file).is_relative_to(elsewhere)


@pytest.mark.parametrize("name", ["warmup", "mediation"])
def test_the_scripts_tell_the_version(elsewhere, name):
    assert call(elsewhere / "venv" / "bin" / name, "--version", cwd=elsewhere) == f"{name} {__version__}\n"


def test_the_demo_is_written_and_planned(elsewhere):
    program = elsewhere / "venv" / "bin" / "warmup"
    call(program, "demo", "customer", cwd=elsewhere)
    call(program, "plan", "customer/scenario.toml", "-o", "out", cwd=elsewhere, accept=(0, 1))
    assert [name for name in OUTPUTS if not (elsewhere / "out" / name).stat().st_size] == []
