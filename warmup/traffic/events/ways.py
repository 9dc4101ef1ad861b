"""The two ways through a file, for each layout that events are written in.

The quick way is a SELECT in which DuckDB reads the file itself, on all cores. The careful way hands on what is in the
file portion by portion, in bounded memory, and knows the line of everything that is damaged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from warmup.traffic.events.format import EventFormat
    from warmup.traffic.events.inputs import Input

Tables = Callable[[], Iterable[tuple[str, "pd.DataFrame"]]]
"""SQL for records, and the table ``lines`` that it reads; made when they are wanted, not before."""


Find = Callable[[str], Collection[int]]
"""From SQL for records that are numbered in ``n`` to the numbers of the damaged ones."""


@dataclass(frozen=True)
class Portion:
    """Some of the records of a file.

    Attributes:
        damaged: Lines of what could not be a record.
        tables: The rest.
    """

    damaged: list[int]
    tables: Tables


class Way(Protocol):
    """How one file is read.

    Attributes:
        cut: The file's name, once it is known that it is packed and ends early.
    """

    cut: list[str]

    def quick(self) -> str | None:
        """SQL for its records; None where it has to be read with care at once."""

    def broken(self, count: int, find: Find) -> Portion | None:
        """The records that the quick way could not read.

        Args:
            count: How many there are.
            find: What tells which of the records of a SELECT they are.

        Returns:
            Exactly those; None where they cannot be told from the others without reading everything with care.
        """

    def portions(self) -> Iterator[Portion]:
        """Its records, the careful way."""


def table(numbers: Sequence[int], lines: Sequence[str]) -> pd.DataFrame:
    """A table of lines: ``n`` and ``line``."""
    import numpy as np
    import pandas as pd

    texts = np.empty(len(lines), dtype=object)
    texts[:] = lines
    # As objects, which DuckDB reads in place: pandas' own text type takes ten times as long to make.
    return pd.DataFrame({"n": np.array(numbers, dtype=np.int64), "line": pd.Series(texts, dtype=object, copy=False)})


def way(item: Input, head: bytes, form: EventFormat) -> Way:
    """How a file is read.

    Args:
        item: The file.
        head: Its first bytes, unpacked.
        form: Its platform's format.

    Raises:
        InputError: It lacks what the format needs.
    """
    from warmup.traffic.events.ways_csv import CsvWay
    from warmup.traffic.events.ways_json import JsonWay
    from warmup.traffic.events.ways_text import TextWay

    ways: dict[str, Callable[[Input, bytes, EventFormat], Way]] = {"json": JsonWay, "csv": CsvWay, "text": TextWay}
    return ways[form.layout](item, head, form)
