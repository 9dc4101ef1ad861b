"""Text from input on its way into a file or onto a terminal.

A customer's or a stream's name is chosen by someone else. It may break no line, start no formula and move no cursor.
"""

from __future__ import annotations

FORMULA_STARTS = "=+-@\t\r\n\0＝＋－＠"
"""Characters that make a spreadsheet read a text as a formula (OWASP, CSV Injection), with their full-width twins."""


def plain(text: object) -> str:
    r"""Return ``text`` as one line of printable characters.

    Line breaks, tabs and every other control or formatting character (escape sequences, direction marks) become a
    space, so that the text can neither break a line nor hide or reorder what stands beside it.

    >>> plain("Shop\r\nATTENDEE:x")
    'Shop  ATTENDEE:x'
    """
    line = str(text)
    return line if line.isprintable() else "".join(c if c.isprintable() else " " for c in line)


def inert(text: object) -> str:
    """Return ``text`` for a CSV cell: one line, and never a formula when a spreadsheet opens the file.

    >>> inert("=cmd|' /C calc'!A0")
    "'=cmd|' /C calc'!A0"
    """
    raw, shown = str(text), plain(text)
    # The unchanged first character decides too: a tab that `plain` turns into a space would still be skipped by Excel.
    starts = (raw[:1], raw.lstrip()[:1], shown.lstrip()[:1])
    return f"'{shown}" if any(start and start in FORMULA_STARTS for start in starts) else shown
