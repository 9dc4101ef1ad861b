"""The switches of `make test`: REQUIRE=all makes a skip a failure, SLOW=1 lets the slow tests in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")

BY_MARK = "import pytest\n@pytest.mark.skip(reason='no server')\ndef test_a(): pass\n"
IN_TEST = "import pytest\ndef test_a(): pytest.skip('no server')\n"
BY_FIXTURE = "def test_a(shared): pass\n"
WHOLE_FILE = "import pytest\npytest.skip('no server', allow_module_level=True)\n"
EXPECTED = "import pytest\n@pytest.mark.xfail(reason='known')\ndef test_a(): assert False\n"
SLOW = "import pytest\n@pytest.mark.slow\ndef test_a(): assert False\ndef test_b(): pass\n"


def outcome(folder: Path, *sources: str, **switches: str) -> tuple[int, str]:
    """Run test files beside a copy of our conftest; return pytest's exit code and what it printed."""
    (folder / "tests").mkdir()
    (folder / "tests" / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    for number, source in enumerate(sources):
        (folder / "tests" / f"test_{number}.py").write_text(source, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    slow\n    system\n", encoding="utf-8")
    ours = {"WARMUP_REQUIRE", "SLOW", "WARMUP_SHARED", "PYTEST_ADDOPTS", "HYPOTHESIS_PROFILE"}
    environment = {name: value for name, value in os.environ.items() if name not in ours} | switches
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:nbmake", "-rs", "tests"]
    done = subprocess.run(
        [*command, "--continue-on-collection-errors"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_skip_is_no_failure_by_itself(tmp_path):
    code, said = outcome(tmp_path, BY_MARK, IN_TEST, BY_FIXTURE, WHOLE_FILE, EXPECTED)
    assert (code, "4 skipped, 1 xfailed" in said) == (0, True)


def test_every_kind_of_skip_is_a_failure_where_all_is_required(tmp_path):
    code, said = outcome(tmp_path, BY_MARK, IN_TEST, BY_FIXTURE, WHOLE_FILE, EXPECTED, WARMUP_REQUIRE="all")
    assert code == 1
    reasons = re.findall(r"REQUIRE=all makes a skip a failure: (?:Skipped: )?(no \w+)", said)
    assert sorted(reasons) == ["no reference", "no server", "no server", "no server"]
    assert "1 xfailed" in said  # an expected failure is no skip
    assert " skipped" not in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("switches", "code", "counts"),
    [({}, 0, "1 passed, 1 deselected"), ({"SLOW": "1", "WARMUP_REQUIRE": "all"}, 1, "1 failed, 1 passed")],
)
def test_slow_tests_are_deselected_unless_asked_for(tmp_path, switches, code, counts):
    left, said = outcome(tmp_path, SLOW, **switches)
    assert left == code
    assert counts in said
