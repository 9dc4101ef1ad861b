"""A folder with a valid scenario, and ways to spoil it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from warmup import load_scenario
from warmup.errors import InputError

SMALLEST = """\
customer = "Example Shop"
start = 2026-02-03
history = "history.csv"

[[pools]]
name = "main"
ip_count = 2

[[streams]]
name = "newsletter"
"""


def toml(value: Any) -> str:
    """A value as TOML, tables inline."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def document(value: dict[str, Any]) -> str:
    """A whole file."""
    return "".join(f"{toml(key)} = {toml(one)}\n" for key, one in value.items())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the history that the scenarios name."""
    (tmp_path / "history.csv").write_text("date,provider,stream,messages\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def problems(folder: Path) -> Callable[[str], list[str]]:
    """The problems of a scenario text, as a person reads them; the text stands in scenario.toml."""

    def check(text: str) -> list[str]:
        Path("scenario.toml").write_text(text, encoding="utf-8")
        try:
            load_scenario("scenario.toml")
        except InputError as error:
            refused = error
        else:
            return []
        lines = str(refused).split("\n")
        assert len(lines) == len(refused.problems), "one line each"
        return lines

    return check
