"""Whole numbers as people and spreadsheets write them: is ``1.000`` one, or a thousand?

One cell does not say it, and taken for one it would be wrong a thousandfold without a word. All numbers of a table
together may say it: messages are whole, so ``1.234`` has a separator of thousands in it, and ``12.0`` a decimal point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmup.traffic.supply import Note
from warmup.traffic.wording import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmup.traffic.tables import Table


def settle(table: Table, numbers: Sequence[tuple[str, str]]) -> list[Note]:
    """Decide how the whole numbers of a table are written.

    Args:
        table: Loaded; its ``raw`` holds every number twice. Thousands with separators get their value; what may be a
            number or a thousand times that loses the value it has.
        numbers: Names of the column of a number's text and of its value (DOUBLE; NULL where it is none).

    Returns:
        How numbers were read, where that is not plain.
    """
    every = f"(SELECT unnest([{', '.join(text for text, _ in numbers)}]) AS t FROM raw)"
    notes = []
    for sign in (".", ","):
        grouped = f"regexp_full_match({{}}, '[1-9][0-9]{{{{0,2}}}}([{sign}][0-9]{{{{3}}}})+')".format
        is_grouped = grouped("t")
        found, other, sure = table.query(
            f"SELECT bool_or({is_grouped}), bool_or(NOT {is_grouped}), "
            f"min(t) FILTER ({is_grouped} AND NOT regexp_full_match(t, '[0-9]+[{sign}]000')) "
            f"FROM {every} WHERE contains(t, '{sign}')"
        )[0]
        if not found or other:  # where another cell has decimals after it, it is no separator of thousands
            continue
        plain = table.query(f"SELECT bool_or(regexp_full_match(t, '[0-9]{{4,}}')) FROM {every}")[0][0]
        thousands = sure and not plain
        for text, value in numbers:
            number = f"TRY_CAST(replace({text}, '{sign}', '') AS DOUBLE)" if thousands else "NULL"
            table.query(f"UPDATE raw SET {value} = {number} WHERE {grouped(text)}")
        if thousands:
            text = f"Numbers have separators of thousands: {quote(sure)} was read as {sure.replace(sign, '')}."
            notes.append(Note("info", text, table.name))
    return notes
