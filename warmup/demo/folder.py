"""Writing the example into a folder without harming what is in it."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from warmup.demo.calendar import days_for
from warmup.demo.customer import record
from warmup.demo.files import contents
from warmup.errors import InputError, Problem


def write_demo(folder: str | Path, *, today: date | None = None, force: bool = False) -> tuple[Path, ...]:
    """Write the example customer: a scenario, its exports, and a text that says what they are.

    Args:
        folder: Where to; made if it is not there.
        today: The day it is made on, from which all its dates follow; default: today in the customer's time zone.
        force: Write into a folder that is not empty. Files of the same names are replaced, others left alone.

    Returns:
        The files written, ``README.txt`` and ``scenario.toml`` first. The same day gives the same bytes.

    Raises:
        InputError: The folder is not empty, or is a file.
    """
    target = Path(folder)
    _check(target, force)
    today = today or datetime.now(ZoneInfo(record("customer")["timezone"])).date()
    written = []
    for name, text in contents(days_for(today)).items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text)
        written.append(path)
    return tuple(written)


def _check(target: Path, force: bool) -> None:
    if target.exists() and not target.is_dir():
        raise InputError(Problem(str(target), "is a file", "name a folder, or one that does not exist yet"))
    if not force and target.is_dir() and any(target.iterdir()):
        fix = "choose another, or say --force to write over the files of an earlier example"
        raise InputError(Problem(str(target), "is not empty", fix))


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all; a link in its place is replaced, not followed."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
