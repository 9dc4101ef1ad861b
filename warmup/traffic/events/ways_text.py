"""Events as lines of text, such as a mail server's log."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from warmup.traffic.events import packing
from warmup.traffic.events.format import text
from warmup.traffic.events.inputs import Input, is_utf8, long_line, packing_of
from warmup.traffic.events.values import LONG, Batch, by_line, chunks
from warmup.traffic.events.ways import Find, Portion, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from warmup.traffic.events.format import EventFormat

_RECORDS = "SELECT n, rtrim(line, '\r') AS line FROM lines WHERE line NOT IN ('', '\r')"

# One column and no quotes: what would divide columns is a character that no line has, or the careful way is taken.
_READ = (
    "SELECT NULL::BIGINT AS n, line FROM read_csv({path}, columns = {{'line': 'VARCHAR'}}, auto_detect = false, "
    "header = false, delim = '\x01', quote = '', escape = '', comment = '', nullstr = '\x02', "
    "compression = 'none') WHERE line != '' AND CASE WHEN contains(line, chr(0)) THEN error('NUL') ELSE true END"
)


class TextWay:
    """How a file of lines is read."""

    def __init__(self, item: Input, head: bytes, form: EventFormat) -> None:
        self._item, self._packing, self._utf8 = item, packing_of(item), is_utf8(head)
        self.cut: list[str] = []
        del form

    def quick(self) -> str | None:
        """SQL for the lines of a file that is not packed."""
        if not is_quick(self._item, self._packing) or not self._utf8 or self._item.path is None:
            return None
        return _READ.format(path=text(packing.literal(self._item.path)))

    def broken(self, count: int, find: Find) -> Portion | None:
        """Not told from the others."""
        del count, find
        return None

    def portions(self) -> Iterator[Portion]:
        """Line by line, many at a time."""
        for batch in by_line(chunks(self._item, self.cut)):
            yield Portion(damaged_lines(batch), partial(_tables, batch))


def is_quick(item: Input, packed: str) -> bool:
    """Whether DuckDB divides a file into lines without losing one: it does where no line is too long for it."""
    if item.path is None or packed != "none":
        return False
    with item.open() as file:
        return long_line(file) is None


def damaged_lines(batch: Batch) -> list[int]:
    """Blank the lines of a batch that are none: with a NUL, where a packed file was cut or a disk failed; far too long.

    Returns:
        All damaged lines of the batch.
    """
    found = [n for n, line in enumerate(batch.texts) if "\x00" in line or len(line) > LONG]
    batch.damaged.extend(batch.numbers[n] for n in found)
    for n in found:
        batch.texts[n] = ""
    return batch.damaged


def _tables(batch: Batch) -> Iterator[tuple[str, pd.DataFrame]]:
    if batch.texts:
        yield _RECORDS, table(batch.numbers, batch.texts)
