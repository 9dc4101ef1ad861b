"""Answers of an API, saved to files: loaded whole, because all of them together are small, and refused where not."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from warmup.errors import InputError, Problem
from warmup.traffic.events import packing
from warmup.traffic.events.inputs import Input, expand
from warmup.traffic.events.values import chunks
from warmup.traffic.western import decoded, is_western

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
"""Bytes of one file, unpacked: a year of days for fifty mailbox providers has about 5 MB."""

MAX_TOTAL = 128 * 1024 * 1024
"""Bytes of all files together, unpacked."""

MAX_VALUES = 1_000
"""Answers in one file: pages that were put together are a few dozen."""

_REQUEST = "is a request for counts, and its answer is not among the files"
_DIGITS = 20
_MB = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """One JSON value of a file.

    Attributes:
        item: The file.
        data: The value.
    """

    item: Input
    data: Any

    @property
    def name(self) -> str:
        """What messages call the file."""
        return self.item.name


class NoAnswerError(InputError):
    """Files that hold what was asked, and nothing that was answered."""

    def __init__(self, files: Iterable[Answer], what: str = _REQUEST) -> None:
        super().__init__(Problem(file.name, what, "give the answer too") for file in files)


def load(paths: Iterable[str | Path]) -> list[Answer]:
    """All values of files, in the order in which they stand: one a file, or several one after another.

    Args:
        paths: Files (plain, gzip, zstd), folders, patterns, or ``-`` for standard input.

    Raises:
        InputError: Every path that names nothing, and every file that is not whole JSON, or too large.
    """
    found: list[Answer] = []
    problems: list[Problem] = []
    for item, text in texts(paths, problems):
        try:
            found += (Answer(item, value) for value in values(text, item.name))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return found


def texts(
    paths: Iterable[str | Path], problems: list[Problem], western: list[str] | None = None
) -> Iterator[tuple[Input, str]]:
    """The texts of files that could be read; ``problems`` gains those that could not.

    Args:
        paths: Files, folders, patterns, or ``-`` for standard input.
        problems: What is wrong with them.
        western: Tables in Windows-1252 are read too, and their names come here; None: they are damaged.

    Raises:
        InputError: Paths that name nothing; files that together are larger than any answers.
    """
    total = 0
    for item in expand(paths):
        try:
            text = _text(item, western)
        except InputError as error:
            problems += error.problems
            continue
        total += len(text)
        if total > MAX_TOTAL:
            what = f"and those before it are larger than {MAX_TOTAL // _MB} MB, more than counts of days come to"
            raise InputError(Problem(item.name, what, "read fewer of them at once"))
        yield item, text


def _text(item: Input, western: list[str] | None) -> str:
    """The text of a file, without a byte order mark."""
    read: list[bytes] = []
    size = 0
    for chunk in chunks(item):
        size += len(chunk)
        if size > MAX_BYTES:
            what = f"is larger than {MAX_BYTES // _MB} MB, more than counts of days come to"
            raise InputError(Problem(item.name, what, "ask for a shorter period a file, or name its platform"))
        read.append(chunk)
    data = b"".join(read)
    if data.endswith(packing.CUT):
        raise InputError(Problem(item.name, "is a damaged or cut packed file", "copy it again"))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if western is not None and data.lstrip()[:1] not in (b"{", b"[") and is_western(data):
            western.append(item.name)
            return decoded(data)
        what = f"is not UTF-8 text (byte {error.start + 1:,})"
        raise InputError(Problem(item.name, what, "export it again")) from None


def values(text: str, name: str) -> list[Any]:
    """The JSON values of a text, one after another.

    Raises:
        InputError: It is empty, it holds too many, or something in it is not JSON.
    """
    found: list[Any] = []
    at = _skip(text, 0)
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            what = f"is not JSON, or cut (line {error.lineno}, column {error.colno}: {error.msg})"
            raise InputError(Problem(name, what, "save the answer again")) from None
        except RecursionError:
            raise InputError(Problem(name, "is nested deeper than any answer", "save the answer again")) from None
        found.append(value)
        if len(found) > MAX_VALUES:
            what = f"holds more than {MAX_VALUES:,} answers"
            raise InputError(Problem(name, what, "save answers in files of their own"))
        at = _skip(text, end)
    if not found:
        raise InputError(Problem(name, "is empty", "save the answer again"))
    return found


def _skip(text: str, at: int) -> int:
    """Where the next value begins."""
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _whole(digits: str) -> float:
    """An integer; infinite if no count has so many digits, because converting a million of them takes minutes."""
    return int(digits) if len(digits) <= _DIGITS else math.inf


_DECODER = json.JSONDecoder(parse_int=_whole)
