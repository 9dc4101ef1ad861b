"""The command group: lazy, one line per error, one meaning per exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from mediation_forms.cli import main as mediation_main
from warmup import __version__
from warmup.cli import main as warmup_main
from warmup.cli.group import LazyGroup, run

HEAVY = {
    "numpy",
    "pandas",
    "pydantic",
    "matplotlib",
    "altair",
    "duckdb",
    "rich",
    "jinja2",
    "dns",
    "holidays",
    "openpyxl",
}


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LazyGroup]]:
    """Makes a group from command sources: ``group(name="python source of the callback's body")``."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(**bodies: str) -> LazyGroup:
        table = {"absent": ("lazy_absent", "A command whose module is missing.")}
        for name, body in bodies.items():
            source = (
                f"import click\n@click.command()\n@click.option('--size', type=int)\ndef command(size):\n    {body}\n"
            )
            (tmp_path / f"lazy_{name}.py").write_text(source, encoding="utf-8")
            table[name] = (f"lazy_{name}", f"Help of {name}.")
        return LazyGroup(table=table, name="tool", help="A tool.")

    yield make
    for module in [name for name in sys.modules if name.startswith("lazy_")]:
        del sys.modules[module]


def test_help_lists_the_table_in_order_and_imports_no_command(group, capsys):
    assert run(group(zeta="return 0", alpha="return 0"), "tool", ["--help"]) == 0
    out = capsys.readouterr().out
    assert out.index("Help of zeta.") < out.index("Help of alpha.")
    assert not any(name.startswith("lazy_") for name in sys.modules)


def test_a_command_without_module_is_not_offered(group, capsys):
    tool = group(alpha="return 0")
    assert run(tool, "tool", ["--help"]) == 0
    assert "absent" not in capsys.readouterr().out
    assert run(tool, "tool", ["absent"]) == 2
    assert capsys.readouterr().err == "tool: No such command 'absent'; see 'tool --help'\n"


def test_a_module_whose_own_import_fails_is_not_mistaken_for_a_missing_command(group, tmp_path):
    tool = group(alpha="return 0")
    (tmp_path / "lazy_alpha.py").write_text("import no_such_dependency\n", encoding="utf-8")
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        run(tool, "tool", ["alpha"])


def test_a_module_without_command_is_named(group, tmp_path):
    tool = group(alpha="return 0")
    (tmp_path / "lazy_alpha.py").write_text("command = None\n", encoding="utf-8")
    with pytest.raises(TypeError, match="lazy_alpha has no click command"):
        run(tool, "tool", ["alpha"])


@pytest.mark.parametrize(
    ("args", "meant"),
    [(["alhpa"], "'alpha'"), (["alpha", "--sise", "3"], "'--size'")],
)
def test_did_you_mean(group, capsys, args, meant):
    assert run(group(alpha="return 0"), "tool", args) == 2
    err = capsys.readouterr().err
    assert f"Did you mean {meant}?" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("return None", 0),
        ("return 1", 1),
        ("click.get_current_context().exit(1)", 1),
        ("return 'text is no exit code'", 0),
    ],
)
def test_what_a_command_returns_is_the_exit_code(group, capsys, body, code):
    assert run(group(alpha=body), "tool", ["alpha"]) == code
    assert capsys.readouterr().err == ""


def test_all_problems_of_an_input_are_told_one_line_each(group, capsys):
    body = (
        "from warmup.errors import InputError, Problem; "
        "raise InputError([Problem('a.toml: start', 'no date', 'write 2026-02-03'), Problem('a.toml: ip', 'twice')])"
    )
    assert run(group(alpha=body), "tool", ["alpha"]) == 2
    assert capsys.readouterr().err == "a.toml: start: no date; write 2026-02-03\na.toml: ip: twice\n"


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("from warmup.errors import UndeterminedError as E; raise E('no answer')", 3, "no answer"),
        ("from warmup.errors import WarmupError as E; raise E('refused')", 1, "refused"),
        ("raise KeyboardInterrupt", 130, "tool: interrupted"),
        ("raise click.Abort", 130, "tool: interrupted"),
        ("open('no/such/file')", 3, "tool: no/such/file: No such file or directory"),
        ("raise OSError('bare')", 3, "tool: bare"),
        ("raise TimeoutError", 3, "tool: TimeoutError"),
        ("raise click.FileError('f', 'is odd')", 3, "tool: Could not open file 'f': is odd; see 'tool --help'"),
        ("raise click.ClickException('not so')", 2, "tool: not so; see 'tool --help'"),
        ("raise click.UsageError('two\\nlines')", 2, "tool alpha: two lines; see 'tool alpha --help'"),
    ],
)
def test_every_error_is_one_line_with_its_code(group, capsys, body, code, line):
    assert run(group(alpha=body), "tool", ["alpha"]) == code
    captured = capsys.readouterr()
    assert captured.err.strip().splitlines()[-1] == line
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_a_fault_of_ours_keeps_its_traceback(group):
    with pytest.raises(ZeroDivisionError):
        run(group(alpha="1 / 0"), "tool", ["alpha"])


@pytest.mark.parametrize("hostile", ["\x1b[31mred", "two\nlines", "\u202egnp", "\x07"])
def test_hostile_arguments_cannot_forge_output(group, capsys, hostile):
    assert run(group(alpha="return 0"), "tool", [hostile]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.rstrip("\n").isprintable()


def test_a_wrong_value_names_the_option(group, capsys):
    assert run(group(alpha="return 0"), "tool", ["alpha", "--size", "many"]) == 2
    assert capsys.readouterr().err.startswith("tool alpha: Invalid value for '--size'")


def test_without_arguments_the_help_is_shown_as_wrong_use(group, capsys):
    assert run(group(alpha="return 0"), "tool", []) == 2
    assert "Help of alpha." in capsys.readouterr().err


def test_an_empty_group_says_so(capsys):
    assert run(LazyGroup(table={}, name="tool"), "tool", ["--help"]) == 0
    assert "none yet" in capsys.readouterr().out


def test_completion_offers_the_table(group):
    with click.Context(group(alpha="return 0", beta="return 0")) as context:
        offered = [item.value for item in context.command.shell_complete(context, "a")]
    assert offered == ["alpha"]


def python(code: str, **options: Any) -> subprocess.Popen[str]:
    """Run code in a fresh interpreter that reads its modules from the same places."""
    process: subprocess.Popen[str] = subprocess.Popen(
        [sys.executable, "-c", code], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )
    return process


@pytest.mark.parametrize(
    "write",
    [
        "for _ in range(100_000): click.echo('a line')",
        "for _ in range(100_000): print('a line')",
        "from rich.console import Console; c = Console(); [c.print('a line') for _ in range(100_000)]",
        "print('a line that stays in the buffer')",
    ],
    ids=["click", "print", "rich", "last flush"],
)
def test_a_reader_that_leaves_is_no_failure_and_no_noise(write):
    code = (
        "import sys, click\nfrom warmup.cli.group import run\n@click.group()\ndef g(): pass\n"
        "from warmup.cli.group import LazyGroup\n"
        f"def callback():\n    sys.stdin.read()\n    {write}\n"
        "group = LazyGroup(table={}, name='tool')\n"
        "group.get_command = lambda ctx, name: click.Command('w', callback=callback)\n"
        "sys.exit(run(group, 'tool', ['w']))"
    )
    process = python(code, stdin=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()  # the reader is gone before the first line is written
    process.stdout = None
    _, err = process.communicate()
    assert (process.returncode, err) == (141, "")


def test_a_terminal_that_cannot_show_a_character_shows_a_substitute():
    code = (
        "import sys, click\nfrom warmup.cli.group import run\n"
        "sys.exit(run(click.Command('c', callback=lambda: click.echo('10 \u2192 20')), 'tool', []))"
    )
    process = python(code, env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    out, err = process.communicate()
    assert (process.returncode, out, err) == (0, "10 ? 20\n", "")


def imported(args: list[str], module: str) -> set[str]:
    """Top-level packages outside the standard library that a command line imports."""
    code = (
        f"import sys, json\nfrom {module} import cli\nfrom warmup.cli.group import run\n"
        f"code = run(cli, 'tool', {args!r})\n"
        "names = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(json.dumps(sorted(names)), file=sys.stderr)\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    ("module", "own"),
    [("warmup.cli.main", {"warmup"}), ("mediation_forms.cli.main", {"warmup", "mediation_forms"})],
)
def test_help_imports_click_and_nothing_else(module, own):
    startup = _bare()
    assert imported(["--help"], module) - startup <= own | {"click"}


def _bare() -> set[str]:
    """What the interpreter itself brings along (path files of installed packages)."""
    code = "import sys, json; print(json.dumps(sorted({n.partition('.')[0] for n in sys.modules})))"
    return set(json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))


@pytest.mark.parametrize(("name", "entry"), warmup_main.COMMANDS.items(), ids=list(warmup_main.COMMANDS))
def test_every_command_exists_explains_itself_and_is_light(name, entry):
    loaded = imported([name, "--help"], "warmup.cli.main")
    assert not loaded & HEAVY, f"{entry[0]} imports these at its top: {sorted(loaded & HEAVY)}"
    assert entry[1].endswith(".")


@pytest.mark.parametrize(("cli", "name"), [(warmup_main.cli, "warmup"), (mediation_main.cli, "mediation")])
def test_version(capsys, cli, name):
    assert run(cli, name, ["--version"]) == 0
    assert capsys.readouterr().out == f"{name} {__version__}\n"


@pytest.mark.parametrize("name", ["warmup", "mediation"])
def test_the_installed_scripts_run(name):
    script = Path(sys.executable).parent / name
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{name} {__version__}\n"
