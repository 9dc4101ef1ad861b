"""Small pieces of sentences for notes and errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_ADDRESS = re.compile(r"""("[^"]*"|[^\s@,;<>"]+)(@|\uff20|\ufe6b|%40)""", re.IGNORECASE)
"""What stands before an @, however that is written; a local part may be quoted and hold anything then (RFC 5321)."""

FORMULA_SIGNS = ("-", "=", "+", "@", "＝", "＋", "－", "＠")
"""With them a formula begins."""

_MOST = 1_000
"""Characters that are looked at, of which a few are shown: whole lines end up here."""


def quote(value: Any) -> str:
    """A value from a file as a message may show it: short, no control characters, no address."""
    text = _ADDRESS.sub("…@", str(value)[:_MOST])
    return repr(text if len(text) <= 60 else f"{text[:57]}…")


def one_line(name: str) -> str:
    """A name from a file without what breaks a line, moves a cursor or hides something: each such sign is a space."""
    return name if name.isprintable() else "".join(sign if sign.isprintable() else " " for sign in name).strip()


def inert(text: str) -> str:
    """A text for a cell of CSV, marked by an apostrophe where a spreadsheet would read it as a formula.

    OWASP, CSV Injection; spaces before the sign and its full-width twin change nothing.
    """
    return f"'{text}" if text.lstrip()[:1] in FORMULA_SIGNS else text


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
