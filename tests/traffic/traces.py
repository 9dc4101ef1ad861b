"""What may not be found of a person: the address, the local part, and every usual digest of either, however written."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from threading import Event, Thread
from typing import Self

import duckdb

SAMPLE = [f"quillon{n:02d}x" for n in range(1, 15)]
"""Local parts that nothing else looks like."""

MOST = 150_000_000
"""Bytes that a watch keeps."""

_SAMPLE_LOCAL = re.compile(rb"\br(0[1-9]|1[0-4])@")


def peopled(data: bytes) -> bytes:
    """A sample whose recipients have the local parts of :data:`SAMPLE`; an SMTP reply names one of them too."""
    data = _SAMPLE_LOCAL.sub(lambda found: SAMPLE[int(found[1]) - 1].encode() + b"@", data)
    return data.replace(b"The email account that", b"The email account <quillon03x@gmail.example.com> that")


class People:
    """Looks for people in what a run wrote.

    Args:
        addresses: Theirs.
    """

    def __init__(self, addresses: Iterable[str]) -> None:
        self.addresses = sorted(set(addresses))
        locals_ = {address.partition("@")[0] for address in self.addresses}
        self._texts = sorted({*self.addresses, *locals_, *(one.upper() for one in (*self.addresses, *locals_))})
        self._names = re.compile(
            rb"(?<![a-z0-9])(" + b"|".join(sorted(one.encode() for one in locals_)) + rb")(?![a-z0-9])"
        )

    def found(self, held: bytes) -> set[str]:
        """What there is of them in bytes: names as words of their own in any case, digests as bytes and as texts."""
        names = {name.decode() for name in self._names.findall(held.lower())}
        return names | {what for trace, what in self._digests.items() if trace in held}

    def numbers(self, held: Iterable[int]) -> set[str]:
        """Which digests of them are among numbers."""
        return {what for number, what in self._numbers.items() if number in set(held)}

    @cached_property
    def _digests(self) -> dict[bytes, str]:
        return {trace: what for text in self._texts for trace, what in _digests(text)} | {
            trace: what for number, what in self._numbers.items() for trace in _written(number)
        }

    @cached_property
    def _numbers(self) -> dict[int, str]:
        texts, found = self._texts, {}
        with duckdb.connect() as connection:
            asked = "SELECT text, hash(text), md5_number(text) FROM (SELECT unnest(?) AS text)"
            for text, short, long in connection.execute(asked, [texts]).fetchall():
                halves = {"upper": long >> 64, "lower": long & (2**64 - 1)}
                named = {"hash": short, "md5_number": long, **{f"{half} md5": n for half, n in halves.items()}}
                found |= {number: f"{name} of {text}" for name, number in named.items()}
        return found


def _digests(text: str) -> Iterator[tuple[bytes, str]]:
    """Digests of a text, as bytes, in hex and in both alphabets of base64; the text itself in base64."""
    for name in ("md5", "sha1", "sha256"):
        digest = hashlib.new(name, text.encode()).digest()
        ways = (digest, digest[::-1], digest.hex().encode(), digest.hex().upper().encode(), *_based(digest))
        yield from ((way, f"{name} of {text}") for way in ways)
    if "@" in text:
        yield from ((way, f"{text} in base64") for way in _based(text.encode()))


def _based(data: bytes) -> Iterator[bytes]:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(data).rstrip(b"=")


def _written(number: int) -> Iterator[bytes]:
    """A number as a database or a text holds it."""
    size = 8 if number < 2**64 else 16
    yield from (number.to_bytes(size, "little"), number.to_bytes(size, "big"))
    yield from (str(number).encode(), f"{number:x}".encode(), f"{number:X}".encode())


def contents(folder: Path) -> tuple[bytes, set[int]]:
    """All files of a folder: their bytes, with what stands in the tables of a database; and its large numbers.

    A database packs what it stores, so its bytes alone say little.
    """
    held, numbers = [], set[int]()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            held.append(path.read_bytes())
            if path.suffix == ".duckdb":
                rows = _rows(path)
                held.append(repr(rows).encode())
                numbers |= {
                    int(value) for row in rows for value in row if value and value.isdigit() and int(value) > 2**40
                }
    return b"\n".join(held), numbers


def _rows(path: Path) -> list[tuple[str | None, ...]]:
    with duckdb.connect(str(path), read_only=True) as database:
        names = [name for (name,) in database.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return [
            row
            for name in names
            for row in database.execute(f'SELECT CAST(COLUMNS(*) AS VARCHAR) FROM "{name}"').fetchall()
        ]


class Watch:
    """Reads what is in a folder again and again, from another thread, as long as the block lasts.

    Attributes:
        names: Of all files that were there at any time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.names: set[str] = set()
        self._seen: dict[tuple[str, int, int], bytes] = {}
        self._over = Event()
        self._thread = Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def held(self) -> bytes:
        """All that was read."""
        return b"\n".join(self._seen.values())

    def _look(self) -> None:
        while not self._over.wait(0.02):
            with suppress(OSError):  # gone meanwhile
                for path in self._folder.rglob("*"):
                    with suppress(OSError):
                        self._read(path)

    def _read(self, path: Path) -> None:
        status = path.stat()
        key = path.name, status.st_size, status.st_mtime_ns
        if path.is_file() and key not in self._seen and sum(map(len, self._seen.values())) < MOST:
            self.names.add(path.name)
            self._seen[key] = path.read_bytes()
