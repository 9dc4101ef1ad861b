"""What is wrong at one place of a scenario, and how that place is called."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from warmup.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

Path = tuple[str | int, ...]
"""Keys and list positions from the top of the file, as in the parsed TOML: ``("streams", 0, "pool")``."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NAMED_BY = ("name", "address")


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong.

    Attributes:
        path: Where, see :data:`Path`; empty for the whole file.
        what: What is wrong, with the value seen.
        fix: What to do about it; may be empty.
    """

    path: Path
    what: str
    fix: str = ""


def problems(flaws: Iterable[Flaw], raw: dict[str, Any], file: str) -> list[Problem]:
    """Flaws as problems of a file, each once, in the order in which their places stand in it."""
    ordered = sorted(dict.fromkeys(flaws), key=lambda flaw: _position(flaw.path, raw))
    names: dict[int, list[str | None]] = {}
    where = (f"{file}: {label(flaw.path, raw, names)}" if flaw.path else file for flaw in ordered)
    return [Problem(place, flaw.what, flaw.fix) for place, flaw in zip(where, ordered, strict=True)]


def label(path: Path, raw: dict[str, Any], names: dict[int, list[str | None]] | None = None) -> str:
    """A place as a person writes it: list elements by their name where that tells them apart, else by position.

    Args:
        path: The place.
        raw: The file.
        names: Names of the elements of each list, kept from call to call on the same file.

    >>> label(("streams", 0, "pool"), {"streams": [{"name": "summer news"}]})
    'streams."summer news".pool'
    >>> label(("pools", 1, "ips", 0), {"pools": [{"name": "a"}, {"name": "a", "ips": ["192.0.2.1"]}]})
    'pools[1].ips[0]'
    """
    parts: list[str] = []
    here: Any = raw
    for step in path:
        if isinstance(step, int):
            name = _name(here, step, {} if names is None else names)
            parts.append(f"[{step}]" if name is None else f".{_key(name)}")
        else:
            parts.append(f".{_key(step)}")
        here = _child(here, step)
    return "".join(parts).removeprefix(".")


def meant(word: object, known: Iterable[str], *, others: str = "known here") -> str:
    """Which of the known names was probably meant; if none is near, what there is.

    Args:
        word: What was written.
        known: The names that exist.
        others: What to call the list of them.
    """
    known = list(dict.fromkeys(known))
    spelled = {_plain(name): name for name in known}
    near = get_close_matches(_plain(str(word)), spelled, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{spelled[near[0]]}"?'
    if not known:
        return f"nothing is {others}"
    listed = ", ".join(known[:30]) + (f" and {len(known) - 30} more" if len(known) > 30 else "")
    return f"{others}: {listed}"


def _plain(word: str) -> str:
    return re.sub(r"[\s._-]+", "_", word.casefold())


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else '"' + name.replace('"', '\\"') + '"'


def _name(parent: Any, index: int, names: dict[int, list[str | None]]) -> str | None:
    """What tells an element apart from its neighbours, if anything does."""
    if not isinstance(parent, list) or not 0 <= index < len(parent):
        return None
    if id(parent) not in names:
        found = [_named(element) for element in parent]
        count = Counter(found)
        names[id(parent)] = [name if count[name] == 1 else None for name in found]
    return names[id(parent)][index]


def _named(element: Any) -> str | None:
    if not isinstance(element, dict):
        return None
    found = (element.get(key) for key in _NAMED_BY)
    return next((name for name in found if isinstance(name, str) and name.strip()), None)


def _child(parent: Any, step: str | int) -> Any:
    if isinstance(parent, dict):
        return parent.get(step)
    if isinstance(parent, list) and isinstance(step, int) and 0 <= step < len(parent):
        return parent[step]
    return None


def _position(path: Path, raw: dict[str, Any]) -> tuple[int, ...]:
    """Sort key: what is missing comes after what stands beside it."""
    places: list[int] = []
    here: Any = raw
    for step in path:
        if isinstance(step, int):
            places.append(step)
        else:
            keys = list(here) if isinstance(here, dict) else []
            places.append(keys.index(step) if step in keys else len(keys))
        here = _child(here, step)
    return tuple(places)
