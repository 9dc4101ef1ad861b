"""Tables as Excel writes them in Western Europe: Windows-1252, of which Latin-1 is a part.

Nothing in a file says so. It is told by the first of its text that is more than ASCII: what is written as UTF-8 has
sequences there that hardly ever come about otherwise, and stray bytes only where it is damaged.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from warmup.traffic.supply import Note

NAME = "cp1252"
"""What Python calls the encoding."""

_MOST_CARRIED = 64 * 1024 * 1024
"""Bytes of a line that are waited for."""

_LIKELY = re.compile(rb"[\x80\x82-\x8c\x8e\x91-\x9c\x9e-\xfd]")
_UNLIKELY = re.compile(rb"[\x81\x8d\x8f\x90\x9d\xfe\xff]")
"""Bytes that are no character, or hardly ever one that a table holds (the last two are thorn and y with dots)."""

_UTF8 = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|"
    rb"\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)


def is_western(text: bytes) -> bool:
    """Whether whole lines are written in Windows-1252: its likely bytes are more than sequences of UTF-8 and damage."""
    stray, sequences = _UTF8.subn(b"", text)
    return len(_LIKELY.findall(stray)) > sequences + len(_UNLIKELY.findall(stray))


def head_is_western(head: bytes) -> bool:
    """The same of the first bytes of a file, whose last line may be cut within a character."""
    whole = head[: head.rfind(b"\n") + 1]
    return is_western(whole or head[:-4])


def decoded(data: bytes) -> str:
    """Windows-1252 as text; what is no character there is U+FFFD."""
    return data.decode(NAME, errors="replace")


def written_so(data: Iterable[bytes]) -> bool:
    """Whether a file is written in Windows-1252; it is read up to the first characters that tell."""
    recoded = Recoded(data)
    return any(not chunk.isascii() for chunk in recoded) and recoded.western


class Recoded:
    """The bytes of a table as UTF-8, whichever of the two it is written in.

    Attributes:
        western: Whether it was Windows-1252; known when all is read.
    """

    def __init__(self, data: Iterable[bytes]) -> None:
        self._data = data
        self.western = False

    def __iter__(self) -> Iterator[bytes]:
        """The bytes; of Windows-1252, what is no character is no UTF-8 either, and so damages its line."""
        carry, undecided = b"", True
        for chunk in self._data:
            if not undecided:
                yield self._as_utf8(chunk)
                continue
            block = carry + chunk
            end = block.rfind(b"\n") + 1 or (len(block) if len(block) > _MOST_CARRIED else 0)
            block, carry = block[:end], block[end:]
            if not block.isascii():
                undecided, self.western = False, is_western(block)
                block, carry = block + carry, b""
            yield self._as_utf8(block)
        if carry:
            self.western = is_western(carry)
            yield self._as_utf8(carry)

    def _as_utf8(self, data: bytes) -> bytes:
        if not self.western or data.isascii():
            return data
        return decoded(data).encode().replace("\ufffd".encode(), b"\xff")


def western_note(name: str) -> Note:
    """What to say of such a file."""
    from warmup.traffic.supply import Note

    text = (
        f"{name} is not UTF-8 and was read as Windows-1252, as Excel saves CSV in Western Europe: check names with "
        "letters beyond a to z."
    )
    return Note("warning", text)
