"""README and documentation are true: every command and every calculation in them is run, in order, page by page.

A fenced block ``console`` holds commands after ``$`` and what they print; ``...`` is anything. A command that does
not end with exit code 0 says so in a comment: ``# exit code 1``. A block ``python`` holds statements, or a session with
``>>>``. All blocks of a page share one folder and one set of names. ``make`` is not run here: its target must exist.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import warmup
from warmup.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"#\s*exit code (\d+)\s*$")
LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    """A fenced block: its language, its text, and the line it begins on."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in FENCE.finditer(text)]


def runnable(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language in ("console", "python")]


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Commands of a console block, each with what the page says it prints."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command.strip(), shown


# --- the pages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [p for p in PAGES if runnable(p)], ids=lambda path: path.name)
def test_every_command_and_calculation_gives_what_the_page_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in runnable(page):
        where = f"{page.name}:{block.line}"
        if block.language == "console":
            for command, shown in commands(block):
                check_command(command, shown, where)
        else:
            check_python(block.text, names, where)


def check_command(command: str, shown: str, where: str) -> None:
    if command.startswith("make "):
        assert command.split()[1] in targets(), f"{where}: there is no target for '{command}'"
        return
    expected = EXIT.search(command)
    done = subprocess.run(
        ["sh", "-c", command],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == int(expected[1] if expected else 0), f"{where}: $ {command}\n{done.stdout}"
    assert same(shown, done.stdout), f"{where}: $ {command}\nshown:\n{shown}\nprinted:\n{done.stdout}"


def same(shown: str, printed: str) -> bool:
    """Whether the output is as shown; a page that shows none leaves it open."""
    return not shown.strip() or doctest.OutputChecker().check_output(
        f"{shown.strip()}\n", f"{printed.strip()}\n", LOOSE
    )


def check_python(text: str, names: dict[str, Any], where: str) -> None:
    if ">>>" not in text:
        exec(compile(text, where, "exec"), names)  # noqa: S102 - our own page
        return
    test = doctest.DocTestParser().get_doctest(text, names, where, where, 0)
    runner = doctest.DocTestRunner(optionflags=LOOSE)
    report = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()):
        failed, _ = runner.run(test, out=report.write, clear_globs=False)
    assert not failed, f"{where}\n{report.getvalue()}"
    names.update(test.globs)


def targets() -> set[str]:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^make (\S+) ", shown, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_line_is_in_a_block_that_is_run(page):
    """A command in a block of another kind would rot unseen."""
    wrong = [
        f"{page.name}:{block.line}"
        for block in blocks(page)
        if block.language not in ("console", "python") and re.search(r"^\$? ?(?:warmup|mediation) ", block.text, re.M)
    ]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_files_that_a_page_links_to_are_there(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text) + re.findall(r'(?:src|href)="([^"#]+)"', text)
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_the_commands_page_names_every_command():
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    there = [name for name, (module, _) in COMMANDS.items() if (ROOT / f"{module.replace('.', '/')}.py").is_file()]
    assert [name for name in there if f"`warmup {name}" not in text] == []


# --- the smallest scenario of the README --------------------------------------------------------------------------


def example(language: str) -> str:
    (text,) = (block.text for block in blocks(ROOT / "README.md") if block.language == language)
    return text


def test_the_smallest_scenario_is_planned(tmp_path):
    scenario = example("toml")
    assert len(scenario.splitlines()) <= 10
    start = tomllib.loads(scenario)["start"]
    header, *rows = example("csv").splitlines()
    shown = [dict(zip(header.split(","), row.split(","), strict=True)) for row in rows]
    first = date.fromisoformat(shown[0]["date"])
    weeks = (start - first).days // 7
    lines = [
        ",".join({**row, "date": str(date.fromisoformat(row["date"]) + timedelta(weeks=week))}.values())
        for week in range(weeks)
        for row in shown
    ]
    (tmp_path / "scenario.toml").write_text(scenario, encoding="utf-8")
    (tmp_path / "history.csv").write_text("\n".join([header, *lines]), encoding="utf-8")
    plan = warmup.plan(warmup.load_scenario(tmp_path / "scenario.toml"), today=start - timedelta(days=1))
    assert plan.all.day is not None
    assert (plan.messages["destination"] == "dedicated").any()
