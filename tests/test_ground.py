"""The ground: one version, pinned dependencies, arrows that point one way, nothing of a machine in the tree."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import warmup

ROOT = Path(__file__).resolve().parent.parent


@cache
def tracked() -> tuple[Path, ...]:
    """Files of the repository, as git knows them (new ones that are not ignored included)."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return tuple(sorted(path for name in names if name and (path := ROOT / name).is_file()))


def sources(folder: str) -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py" and path.is_relative_to(ROOT / folder)]


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def matches(pattern: re.Pattern[str]) -> list[str]:
    """``file:line`` of every match in a tracked text file."""
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a parquet file
        for number, line in enumerate(text.splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    return found


# --- nothing of a machine in the tree ---------------------------------------------------------------------------


def test_no_path_of_a_machine():
    assert matches(re.compile(r"(?<![\w.~$}*-])/(?:work|root|tmp|farm|home/\w+)/\w")) == []


def test_no_registry_host():
    hosts = ("pypi" + r"\.org", "pythonhosted" + r"\.org", "npmjs" + r"\.(?:org|com)", "crates" + r"\.io")
    assert matches(re.compile("|".join(hosts))) == []


# --- one version --------------------------------------------------------------------------------------------------


def test_the_version_stands_in_one_place():
    assert project()["project"]["dynamic"] == ["version"]
    assert project()["tool"]["hatch"]["version"]["path"] == "warmup/__init__.py"
    assert importlib.metadata.version("ipwarmup") == warmup.__version__
    literal = re.compile(rf"__version__\s*=\s*[\"']{re.escape(warmup.__version__)}")
    assert [line.partition(":")[0] for line in matches(literal)] == ["warmup/__init__.py"]


def test_the_changelog_has_a_place_for_what_comes():
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"


def test_the_licence_is_in_the_tree():
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert project()["project"]["license"] == "Apache-2.0"


# --- dependencies -------------------------------------------------------------------------------------------------


def pins(kind: str) -> dict[str, set[str]]:
    """Package name to its pinned ``version [; marker]`` entries; every line of the file is accounted for."""
    text = (ROOT / "requirements" / f"{kind}.txt").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for entry in re.sub(r"(?m)^#.*\n", "", text).replace("\\\n", " ").splitlines():
        match = re.fullmatch(r"([a-z0-9-]+)==([^\s;]+)(?: ; ([^\\]+?))?((?: +--hash=sha256:[0-9a-f]{64})+)\s*", entry)
        assert match, f"requirements/{kind}.txt: not a pin with hashes: {entry[:80]}"
        found.setdefault(match[1], set()).add(f"{match[2]} ; {match[3]}")
    return found


@pytest.mark.parametrize("kind", ["run", "dev", "sdist"])
def test_requirements_are_pinned_with_hashes_and_name_no_host(kind):
    text = (ROOT / "requirements" / f"{kind}.txt").read_text(encoding="utf-8")
    assert pins(kind)
    assert not re.search(r"://|@|--(?:extra-)?index|--find-links|file:|^-", text, re.MULTILINE)


@pytest.mark.parametrize("kind", ["run", "sdist"])
def test_dev_contains_the_others(kind):
    part, dev = pins(kind), pins("dev")
    assert {name: versions for name, versions in part.items() if dev.get(name) != versions} == {}


PINNED = [("run", "dependencies"), ("run", "build"), ("dev", "dev"), ("sdist", "sdist")]


@pytest.mark.parametrize(("kind", "group"), PINNED)
def test_every_declared_dependency_is_pinned(kind, group):
    declared = project()["project"].get(group) or project()["dependency-groups"][group]
    names = {re.split(r"[\[>=<~!;\s]", entry)[0].lower() for entry in declared if isinstance(entry, str)}
    assert names - pins(kind).keys() == set()


# --- the rooms and the arrows between them ------------------------------------------------------------------------


def imported_modules(path: Path) -> set[str]:
    """Absolute names of all modules that a file imports, anywhere in it, also through import_module("…")."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                names |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(module), level=0):
                names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
            case ast.Call(func=ast.Name(id="import_module") | ast.Attribute(attr="import_module")):
                names |= {str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)}
    return names


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        ("warmup", ("mediation_forms", "tests", "benchmarks")),
        ("mediation_forms", ("tests", "benchmarks")),
        ("warmup/planner", ("warmup.traffic.readers", "warmup.report", "warmup.cli")),
        ("warmup/report", ("warmup.cli",)),
        ("warmup/traffic", ("warmup.planner", "warmup.report", "warmup.cli")),
        ("warmup/ramps", ("warmup.planner", "warmup.report", "warmup.traffic", "warmup.cli")),
        ("warmup/providers", ("warmup.planner", "warmup.report", "warmup.traffic", "warmup.cli")),
    ],
)
def test_arrows_point_one_way(room, forbidden):
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(room)
        for name in imported_modules(path)
        if within(name, *forbidden)
    ]
    assert wrong == []


def test_only_register_and_desk_know_django():
    rooms = ("mediation_forms/register", "mediation_forms/desk")
    wrong = [
        str(path.relative_to(ROOT))
        for package in ("warmup", "mediation_forms")
        for path in sources(package)
        if any(within(name, "django") for name in imported_modules(path))
        and not any(path.is_relative_to(ROOT / room) for room in rooms)
    ]
    assert wrong == []


# --- the public names ---------------------------------------------------------------------------------------------


def typed_names() -> dict[str, str]:
    """What `if TYPE_CHECKING:` of the package root promises to the type checker: name to module."""
    tree = ast.parse((ROOT / "warmup" / "__init__.py").read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


def test_the_lazy_names_are_the_typed_names_and_the_public_names():
    assert typed_names() == warmup._HOMES
    assert sorted(warmup.__all__) == sorted({*warmup._HOMES, "__version__"})
    assert set(warmup.__all__) <= set(dir(warmup))


@pytest.mark.parametrize("name", sorted(warmup._HOMES))
def test_every_public_name_is_there_and_documented(name):
    value = getattr(warmup, name)
    assert callable(value)
    assert value.__doc__
    assert value.__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        _ = warmup.no_such_name


def test_importing_the_packages_imports_nothing_else():
    code = (
        "import sys; before = set(sys.modules); import warmup, mediation_forms\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)\n"
        "print(*sorted(new))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["mediation_forms", "warmup"]


@pytest.mark.parametrize("package", ["warmup", "mediation_forms"])
def test_the_packages_say_that_they_are_typed(package):
    assert (ROOT / package / "py.typed").is_file()


# --- tests and targets --------------------------------------------------------------------------------------------


def count_tests(path: Path) -> int:
    """Number of test functions in a file."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return sum(isinstance(node, functions) and node.name.startswith("test_") for node in nodes)


def test_every_test_file_has_tests_and_every_test_is_collected():
    files = {path: count_tests(path) for path in sources("tests")}
    named = {path for path in files if path.name.startswith("test_")}
    assert [str(path) for path in named if files[path] == 0] == []
    assert [str(path) for path in files if path not in named and files[path] > 0] == []


def test_make_help_names_every_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = set(re.findall(r"^make (\S+) +\S", shown, re.MULTILINE))
    assert listed == {target for target in phony[1].split() if not target.startswith("venv-")}
    assert {"demo", "test", "system", "bench", "clean"} <= listed


@pytest.mark.parametrize("script", [".ci/run", ".ci/venv", ".ci/system"])
def test_scripts_can_be_run(script):
    mode = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-s", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert mode.startswith("100755")
