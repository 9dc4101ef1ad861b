"""Small pieces of sentences for notes and errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_ADDRESS = re.compile(r"[^\s@,;<>\"']+@")


def quote(value: Any) -> str:
    """A value from a file as a message may show it: short, no control characters, no address."""
    text = _ADDRESS.sub("…@", str(value))
    return repr(text if len(text) <= 60 else f"{text[:57]}…")


def counted(number: int, word: str) -> str:
    """``1 day``, ``1,200 days``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def some(items: Iterable[Any], most: int = 5) -> str:
    """``a, b, c and 4 more``."""
    texts = [str(item) for item in items]
    more = f" and {len(texts) - most:,} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def percent(share: float, digits: int = 1) -> str:
    """A share (0-1) as a percentage: ``12.5 %``."""
    return f"{share * 100:.{digits}f} %"
