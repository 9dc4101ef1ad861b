"""``warmup demo``: what it says, and when it refuses."""

from __future__ import annotations

import subprocess
import sys

import pytest

from warmup.cli.group import run
from warmup.cli.main import cli


@pytest.fixture
def demo(capsys):
    def running(*args: str) -> tuple[int, str, str]:
        code = run(cli, "warmup", ["demo", *args])
        out = capsys.readouterr()
        return code, out.out, out.err

    return running


def test_it_writes_and_says_what_to_do_next(demo, tmp_path):
    code, out, err = demo(str(tmp_path / "shop"), "--today", "2026-11-23")
    assert (code, err) == (0, "")
    assert f"warmup plan {tmp_path / 'shop' / 'scenario.toml'} -o" in out
    assert (tmp_path / "shop" / "scenario.toml").is_file()


def test_a_folder_that_is_not_empty_is_one_line_and_exit_2(demo, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    code, out, err = demo(str(tmp_path))
    assert (code, out) == (2, "")
    assert (
        err
        == f"{tmp_path}: is not empty; choose another, or say --force to write over the files of an earlier example\n"
    )
    assert demo(str(tmp_path), "--force")[0] == 0


def test_a_strange_name_is_shown_safely(demo, tmp_path):
    code, out, _ = demo(str(tmp_path / "my shop\x1b[2J"), "--today", "2026-11-23")
    assert code == 0
    assert "\x1b" not in out
    assert f"'{tmp_path}/my shop [2J/scenario.toml'" in out


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "26-11-23"])
def test_a_day_that_is_none_is_wrong_use(demo, tmp_path, day):
    code, out, err = demo(str(tmp_path), "--today", day)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert day in err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_could_not_be_determined(demo, tmp_path):
    (tmp_path / "file").write_text("a file")
    code, _, err = demo(str(tmp_path / "file" / "below"))
    assert code == 3
    assert err.count("\n") == 1


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom warmup.cli.group import run\nfrom warmup.cli.main import cli\n"
        "run(cli, 'warmup', ['demo', '--help'])\n"
        "print(sorted({'numpy', 'pandas', 'pydantic', 'matplotlib'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "--today" in done.stdout
