"""A plan as a file: versioned JSON that reloads to the same plan.

The file holds what :class:`~warmup.planner.plan.Plan` holds and nothing else: no path of this machine, no credential.
Equal plans give equal bytes. The form is stated by ``format`` and ``schema_version``; a file of a later version is
refused with a sentence, never half understood.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from warmup.errors import InputError, Problem, UndeterminedError
from warmup.planner.plan import SCHEMA_VERSION, Plan

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "warmup-plan"

_DAMAGE = (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError)
"""What decoding raises when a file does not hold what it says."""


def save(plan: Plan, path: Path) -> Path:
    """Write a plan so that a reader finds either the old file or the whole new one.

    Args:
        plan: The plan.
        path: The file, in a folder that exists.

    Returns:
        The path.

    Raises:
        UndeterminedError: The file cannot be written.
    """
    data = dumps(plan)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise UndeterminedError(str(Problem(str(path), f"cannot be written: {error.strerror or error}"))) from error
    return path


def load(path: Path) -> Plan:
    """Read a plan.

    Raises:
        InputError: There is no such file, it is no plan, it is damaged, or a later version wrote it.
        UndeterminedError: The file exists but cannot be read.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError):
        raise InputError(Problem(str(path), "there is no such file", "`warmup plan` writes plan.json")) from None
    except OSError as error:
        raise UndeterminedError(str(Problem(str(path), f"cannot be read: {error.strerror or error}"))) from error
    return loads(data, str(path))


def dumps(plan: Plan) -> bytes:
    """A plan as the bytes of its file."""
    from warmup import __version__
    from warmup.planner.storage_codec import encode

    document = {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "written_by": f"ipwarmup {__version__}",
        "plan": encode(plan, Plan),
    }
    # ASCII: a name with half a surrogate pair, or a line separator, is stored like any other.
    return (json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":")) + "\n").encode("ascii")


def loads(data: bytes, where: str = "plan.json") -> Plan:
    """The plan that :func:`dumps` was given.

    Args:
        data: The bytes.
        where: What to call them in an error.

    Raises:
        InputError: See :func:`load`.
    """
    document = _document(data, where)
    version = document.get("schema_version")
    if type(version) is not int or version < 1:
        _refuse(where, "does not say which version it is", "it is damaged; plan again")
    if version > SCHEMA_VERSION:
        what = f"was written by a later version ({document.get('written_by', 'unknown')}, schema {version})"
        _refuse(where, what, f"update ipwarmup; this one reads up to schema {SCHEMA_VERSION}")
    from warmup.planner.storage_codec import decode

    try:
        plan: Plan = decode(document["plan"], Plan)
    except _DAMAGE as error:
        _refuse(where, f"is damaged ({_first_line(error)})", "plan again, or take an undamaged copy")
    return plan


def _document(data: bytes, where: str) -> dict[str, Any]:
    try:
        document = json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        _refuse(where, "is not JSON, or not all of it", "name the plan.json that `warmup plan` wrote")
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        _refuse(where, "is not a plan", "name the plan.json that `warmup plan` wrote")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:120]


def _refuse(where: str, what: str, fix: str) -> NoReturn:
    raise InputError(Problem(where, what, fix))
