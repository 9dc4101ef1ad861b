"""Reading the data files of this room, and saying which name was probably meant."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

DATA: Traversable = files("warmup.ramps").joinpath("data")


def read_toml(name: str) -> dict[str, Any]:
    """Parse one file of ``warmup/ramps/data``."""
    return tomllib.loads(DATA.joinpath(name).read_text(encoding="utf-8"))


def closest(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown name: the nearest known one, else all of them."""
    known = sorted(known)
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(known)}"
