"""From a file to a scenario."""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.errors import InputError, Problem, UndeterminedError
from warmup.scenario_file.dates import check_dates
from warmup.scenario_file.facts import facts
from warmup.scenario_file.flaws import problems
from warmup.scenario_file.relations import check_relations
from warmup.scenario_file.values import parse

if TYPE_CHECKING:
    from warmup.scenario import Scenario

LARGEST = 1 << 20
"""Bytes. A scenario with 200 IPs and 100 streams has 40,000; what is larger is something else."""

DEEPEST = 12
"""Levels of tables and lists; a scenario has five."""

_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|(end of document))\)$")

_TUPLE = re.compile(r"\(((?:'[^']*',? ?)+)\)")
"""A key as the TOML parser prints it: ``('calendar', 'window')``."""

_HINTS = (
    ("Cannot redefine", "the table is written twice; keep one"),
    ("Duplicate inline", "the key is written twice; keep one"),
    ("Expected ']' at the end", "write [table], or [[table]] for one of a list"),
    ("Invalid statement", "write key = value; a text line needs # in front"),
    ("Cannot declare", "the table is written twice; keep one, or use [[name]] for a list"),
    ("Cannot overwrite", "the key is written twice; keep one"),
    ("Cannot mutate", "the table is written twice; keep one"),
    ("Invalid date", "there is no such day or time"),
    ("Expected '=' after a key", "write key = value"),
    ("Invalid initial character for a key", "write key = value; a text line needs # in front"),
    ("Invalid value", 'texts need quotes ("like this"), dates are 2026-02-03, booleans true or false'),
    ("Unclosed array", "close the list with ]"),
    ("Unclosed inline table", "close the table with }, on the same line"),
    ("Expected newline or end of document", "one key a line; texts need quotes"),
    ("Unescaped '\\'", "in double quotes write \\\\ for \\, or use single quotes"),
    ("Illegal character", "close the quotes on the same line"),
    ("Unterminated string", "close the quotes"),
    ('Expected "\'"', "close the quotes"),
)
"""What usually lies behind the messages of the TOML parser, by how they begin."""


def load_scenario(path: str | Path) -> Scenario:
    """Read and check a scenario file.

    Args:
        path: A TOML file in UTF-8. Paths in it start from its folder.

    Returns:
        The scenario, with ``base_dir`` set to the file's folder.

    Raises:
        InputError: Everything that is wrong with the file, in the order of the file: syntax, values, names that do not
            fit each other, dates that contradict each other, files that are not there.
        UndeterminedError: The file exists but cannot be read.
    """
    path = Path(path)
    raw = parsed(path)
    base_dir = path.parent.absolute()
    scenario, flaws = parse(raw)
    known = facts(raw)
    flaws += [*check_dates(known), *check_relations(known, base_dir)]
    if flaws or scenario is None:
        raise InputError(problems(flaws, raw, str(path)))
    return scenario.model_copy(update={"base_dir": base_dir})


def parsed(path: Path) -> dict[str, Any]:
    """The tables of a scenario file, not checked.

    Raises:
        InputError: It is not there, no text, or no TOML.
        UndeterminedError: It exists but cannot be read.
    """
    return _parse(_text(path), str(path))


def _text(path: Path) -> str:
    """The file's text; a byte-order mark, as Windows editors write it, is no part of it."""
    where = str(path)
    try:
        if path.is_dir():
            raise InputError(Problem(where, "is a folder", _scenario_in(path)))
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise InputError(Problem(where, "there is no such file", _near(path))) from None
    except ValueError:
        raise InputError(Problem(where, "is not the name of a file")) from None
    except OSError as error:
        raise UndeterminedError(str(Problem(where, f"cannot be read: {error.strerror or error}"))) from error
    if len(data) > LARGEST:
        fix = "a scenario is a few kilobytes; histories are named in it, not written into it"
        raise InputError(Problem(where, f"is larger than {LARGEST >> 20} MB", fix))
    return _decoded(data, where)


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        line = data.count(b"\n", 0, error.start) + 1
        what = "is UTF-16" if utf16 else f"is not UTF-8 (byte 0x{data[error.start]:02x})"
        place = where if utf16 else f"{where}:{line}"
        raise InputError(Problem(place, what, "save the file as UTF-8")) from None


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise InputError(_too_deep(where)) from None
    except ValueError as error:  # TOMLDecodeError is one; a number of thousands of digits raises a plain one
        raise InputError(_syntax(str(error), text, where)) from None
    if _depth(raw) > DEEPEST:
        raise InputError(_too_deep(where))
    return raw


def _syntax(message: str, text: str, where: str) -> Problem:
    """A syntax error with its place and what to do about it."""
    found = _AT.search(message)
    what = _TUPLE.sub(lambda key: key[1].rstrip(", ").replace("'", "").replace(", ", "."), _AT.sub("", message))
    if "integer string conversion" in message:
        return Problem(where, "has a number of thousands of digits", "correct it")
    fix = next((hint for start, hint in _HINTS if what.startswith(start)), "correct the line")
    if found is None or found[3]:
        return Problem(f"{where}:{text.count(chr(10)) + 1}", f"{what} (the file ends here)", fix)
    line, column = int(found[1]), int(found[2])
    lines = text.split("\n")
    seen = lines[line - 1].strip()[:60] if line <= len(lines) else ""
    return Problem(f"{where}:{line}:{column}", f"{what} in `{seen}`" if seen else what, fix)


def _depth(value: Any) -> int:
    """Levels of nesting, counted without recursion."""
    depth, level = 0, [value]
    while level:
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        depth += 1
    return depth


def _too_deep(where: str) -> Problem:
    return Problem(where, "is nested deeper than any scenario", "`warmup scenario schema` shows what is possible")


def _near(path: Path) -> str:
    """Which file was probably meant."""
    if not path.parent.is_dir():
        return f"there is no folder {path.parent} either"
    try:
        beside = sorted(one.name for one in path.parent.iterdir() if one.suffix.lower() == ".toml")
    except OSError:
        return "check the name"
    if near := get_close_matches(path.name, beside, n=1, cutoff=0.5):
        return f"did you mean {path.with_name(near[0])}?"
    if beside:
        return f"in that folder there is: {', '.join(beside[:5])}"
    return "`warmup demo DIR` writes an example"


def _scenario_in(folder: Path) -> str:
    inside = folder / "scenario.toml"
    return f"did you mean {inside}?" if inside.is_file() else "name the scenario file in it"
