"""Which files a list of recipients is, and what must be known of each before its rows are counted.

A packed file is unpacked once to be measured, never to be written: it would hold addresses. Lines are counted apart
from the rows, because a quote that is never closed swallows the lines after it, and nothing in the rows tells so.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from warmup.errors import InputError, Problem
from warmup.traffic.events import packing
from warmup.traffic.events.inputs import Input, expand, packing_of
from warmup.traffic.western import Recoded

PARQUET, SHEET, TEXT = "parquet", "sheet", "text"

UTF16 = (b"\xff\xfe", b"\xfe\xff")

_BLANK = re.compile(rb"(?<=\n)\r?\n")

Paths = str | Path | Sequence[str | Path]
"""One or several files, folders or patterns."""


def files_of(paths: Paths) -> list[Input]:
    """The files that hold the list; of a folder not what Spark and Hive mark as no data, and of several none empty.

    Raises:
        InputError: A path names no file, or standard input: that cannot be read twice.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    named = {str(path) for path in given}
    found = [one for one in expand(given) if one.name in named or not _is_mark(one)]
    if not found:
        raise InputError(Problem(", ".join(sorted(named)) or "recipients", "holds no file", "check the path"))
    if any(one.path is None for one in found):
        what = "cannot be a list of recipients: that is read twice, and written nowhere"
        raise InputError(Problem("standard input", what, "name a file"))
    return [one for one in found if one.path and one.path.stat().st_size] or found[:1]


def called(paths: Paths, files: Sequence[Input]) -> str:
    """What messages call a list."""
    if isinstance(paths, str | Path):
        return str(paths)
    return files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1:,} more"


def path_of(file: Input) -> Path:
    """The path of a file of :func:`files_of`, which are never standard input."""
    assert file.path is not None
    return file.path


def _is_mark(file: Input) -> bool:
    """Whether a file in a folder is no data: ``_SUCCESS``, ``_metadata``."""
    return file.path is not None and file.path.name.startswith("_")


def kind_of(file: Input) -> str:
    """How a file is written, from its first bytes; names lie."""
    start = file.first(4)
    return PARQUET if start == b"PAR1" else SHEET if start == b"PK\x03\x04" else TEXT


def lines_of(file: Input, head: bytes) -> tuple[int | None, bool]:
    """What is in a file of text before it is read.

    Returns:
        Lines that are not blank, the header's included, None where it does not say; whether it is Windows-1252.

    Raises:
        InputError: A packed file that is cut or damaged, or unpacks to far more than any export does.
    """
    chunks = _chunks(file)
    if head.startswith(UTF16):
        chunks = (text.encode() for text in codecs.iterdecode(chunks, "utf-16", errors="replace"))
    recoded = Recoded(chunks)
    return _count(recoded), recoded.western


def _chunks(file: Input) -> Iterator[bytes]:
    with file.open() as raw:
        kind = packing_of(file)
        unpack = {"gzip": packing.gzip_chunks, "zstd": packing.zstd_chunks}.get(kind)
        if unpack:
            for data in unpack(raw, file.name):
                if data is packing.CUT:
                    raise InputError(Problem(file.name, f"is a cut or damaged {kind} file", "copy it again"))
                yield data
        else:
            while data := raw.read(packing.CHUNK):
                yield data


def _count(chunks: Iterable[bytes]) -> int | None:
    lines = returns = 0
    before = b"\n"
    for data in chunks:
        joined = before + data
        lines += data.count(b"\n")
        if b"\n\n" in joined or b"\n\r\n" in joined:
            lines -= len(_BLANK.findall(joined))
        if not lines:
            returns += data.count(b"\r")
        before = joined[-2:] if joined.endswith(b"\n\r") else joined[-1:]
    if before not in (b"\n", b"\n\r"):
        lines += 1
    return None if returns and lines <= 1 else lines  # lines that end as on old Macs
