"""What the documentation's tools and tests need is declared, and travels with the sources."""

from __future__ import annotations

import tomllib
from pathlib import Path

CONFIG = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_sources_hold_the_tools_that_the_tests_run():
    assert {"/tools", "/tests", "/docs"} <= set(CONFIG["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])


def test_what_checks_the_schema_is_a_dependency_of_its_own():
    names = [one for one in CONFIG["dependency-groups"]["dev"] if isinstance(one, str)]
    assert any(one.startswith("jsonschema>=") for one in names)
