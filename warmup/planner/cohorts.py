"""Who moves: cumulative hash thresholds, so that who has moved stays moved (design 4.13).

A recipient is told by ``hash(recipient id) mod 10,000``. On a day, the recipients of a stream, provider and tier whose
number is
below the threshold are on the new platform. The same rule in every dialect selects the same people: the first eight
hexadecimal
digits of the MD5 of the id's UTF-8 bytes, as a number, modulo 10,000. (MD5 spreads well and every warehouse has it;
nothing here
is a secret.)
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.engine import HASH_BUCKETS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

SELECTION: dict[str, str] = {
    "python": "int(hashlib.md5(str(recipient_id).encode()).hexdigest()[:8], 16) % 10000 < threshold",
    "postgres": "('x' || substr(md5(recipient_id::text), 1, 8))::bit(32)::bigint % 10000 < :threshold",
    "snowflake": "MOD(TO_NUMBER(SUBSTR(MD5(recipient_id), 1, 8), 'XXXXXXXX'), 10000) < :threshold",
    "bigquery": (
        "MOD(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(CAST(recipient_id AS STRING))), 1, 8)) AS INT64), 10000) < @threshold"
    ),
    "databricks / spark": "conv(substr(md5(cast(recipient_id AS string)), 1, 8), 16, 10) % 10000 < :threshold",
    "mysql": "CONV(SUBSTR(MD5(recipient_id), 1, 8), 16, 10) % 10000 < :threshold",
    "duckdb": "('0x' || substr(md5(recipient_id::VARCHAR), 1, 8))::BIGINT % 10000 < $threshold",
    "sql server": (
        "CONVERT(BIGINT, CONVERT(VARBINARY(4), LEFT(CONVERT(VARCHAR(32), "
        "HASHBYTES('MD5', CAST(recipient_id AS VARCHAR(400))), 2), 8), 2)) % 10000 < @threshold"
    ),
}
"""One line per dialect that selects the recipients who are on the new platform."""


def bucket(recipient_id: str) -> int:
    """The number 0–9,999 of a recipient; the Python twin of every line in :data:`SELECTION`."""
    return int(hashlib.md5(recipient_id.encode(), usedforsecurity=False).hexdigest()[:8], 16) % HASH_BUCKETS


def thresholds(moved: Ints, main: Ints, held_share: Ints) -> Ints:
    """Cumulative thresholds of cells.

    Args:
        moved: Messages on dedicated IPs so far of the same send, any shape.
        main: The send's in-scope messages, same shape.
        held_share: Ten-thousandths held back as control group, same shape.

    Returns:
        0–10,000 in the same shape: rounded down, so that on average no more than planned is selected; the whole part
        that is
        not held back once everything has moved.
    """
    room = HASH_BUCKETS - held_share
    return np.where(moved >= main, np.where(main > 0, room, 0), room * moved // np.maximum(main, 1))


def moved_back(threshold: Ints, messages: Ints) -> Ints:
    """Recipients whose bucket was on the new platform at the previous send of the cell and is not now.

    Args:
        threshold: Shape (sends, …), in order of time.
        messages: The same shape: messages of the send.

    Returns:
        Messages to people who move back, same shape; 0 for the first send.
    """
    fall = np.zeros_like(threshold)
    fall[1:] = np.maximum(threshold[:-1] - threshold[1:], 0)
    return fall * messages // HASH_BUCKETS
