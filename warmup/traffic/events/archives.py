"""Archives and packings that are not read: a person is told to unpack them."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.traffic.events import packing
from warmup.traffic.wording import counted, quote, some

if TYPE_CHECKING:
    from pathlib import Path

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OTHERS = {
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ\x00": "packed with xz",
}
_TAR, _TAR_AT = b"ustar", 257
"""Magic bytes of POSIX tar, and where they stand."""

_LIKELY_BZIP2 = b"1AY&SY"
"""Follows on the level of compression in every bzip2 file."""

_MOST_NAMED = 3


class ArchiveError(InputError):
    """A file that must be unpacked first."""


def check_archive(raw: bytes, path: Path | None, name: str) -> None:
    """Refuse an archive, and a packing that is not read.

    Args:
        raw: The first bytes of the file as they are.
        path: The file; None: standard input.
        name: What messages call it.

    Raises:
        ArchiveError: It is one.
    """
    if raw.startswith(_ZIP):
        _check_zip(raw, path, name)
    head = packing.gzip_head(raw, 2 * _TAR_AT) if raw.startswith(packing.GZIP) else raw
    if head[_TAR_AT:].startswith(_TAR):
        raise ArchiveError(Problem(name, "is a tar archive", "unpack it, and give the folder"))
    for magic, what in _OTHERS.items():
        if raw.startswith(magic) and (magic != b"BZh" or raw[4:].startswith(_LIKELY_BZIP2)):
            raise ArchiveError(Problem(name, f"is {what}", "unpack it, or pack it with gzip or zstd"))


def _check_zip(raw: bytes, path: Path | None, name: str) -> None:
    """Refuse a zip archive, but for workbooks, which are such, and for damaged ones."""
    names: list[str] = []
    if path is not None:
        with suppress(zipfile.BadZipFile, OSError, ValueError, NotImplementedError), zipfile.ZipFile(path) as archive:
            names = [one.filename for one in archive.infolist() if not one.is_dir()]
        if not names and not raw.startswith(_ZIP[1]):
            return
    if any(one.startswith("xl/") for one in names) or (path is None and b"xl/" in raw):
        return
    if "content.xml" in names:
        raise ArchiveError(Problem(name, "is an OpenDocument file", "save its sheet as CSV"))
    inside = f" of {counted(len(names), 'file')} ({some(map(quote, names), _MOST_NAMED)})" if names else ""
    raise ArchiveError(Problem(name, f"is a zip archive{inside}", "unpack it, and give the folder"))
