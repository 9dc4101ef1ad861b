"""The careful way through a file: value by value, in bounded memory, with the line of whatever is damaged.

Used for standard input, for packed files, and for every file that DuckDB could not read in one go.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from itertools import chain
from json import JSONDecodeError
from typing import TYPE_CHECKING

from warmup.traffic.events import avro, packing
from warmup.traffic.events.inputs import DECODER, answer_start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from warmup.traffic.events.inputs import Input

MAX_VALUE = 16 * 1024 * 1024
"""Characters of one object in a file that is not read by lines: an event has a few thousand."""

MAX_RESCAN = 20
"""How many times over a file is looked at for the next whole object after a damaged one; then the rest is given up."""

_ATTEMPT = 256
"""Characters that looking for the end of a damaged object costs at least: many short ones must not take minutes."""

_PIECE = 256 * 1024
"""Bytes that are divided into lines at a time: there may be as many lines."""

LONG = 1024 * 1024
"""Characters of a line that DuckDB is given: in a longer one objects are looked for one by one; in a table and in a log
it is damaged."""

_WRONG = "\ufdd0"
"""Stands for bytes that are no text: a character that no text has (Unicode, noncharacters)."""

_BATCH = 16_000
_BATCH_CHARACTERS = 16 * 1024 * 1024
_LINE = 0x0A
_NEXT = re.compile(r"(?<=[\n\]},\[])[ \t]*(?=\{)")
_GRAMMAR = re.compile(r"[\s,\[\]]*")
_NEARLY = 32
_WINDOW = 16 * 1024


@dataclass
class Batch:
    """Some values of a file: JSON texts and the lines they begin on, and the lines of what could not be a value."""

    numbers: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    characters: int = 0

    @property
    def full(self) -> bool:
        """Whether it is large enough to be handed on."""
        return len(self.texts) >= _BATCH or self.characters >= _BATCH_CHARACTERS or len(self.damaged) >= _BATCH

    def add(self, number: int, value: str) -> None:
        """One more value."""
        self.numbers.append(number)
        self.texts.append(value)
        self.characters += len(value)


def chunks(item: Input, cut: list[str] | None = None) -> Iterator[bytes]:
    """The bytes of a file as UTF-8, unpacked; the records of an Avro file as JSON lines.

    Args:
        item: The file.
        cut: Gains its name where it is packed and ends before its end, or cannot be unpacked from somewhere on.

    Raises:
        InputError: It unpacks to too much, or is an Avro file that is not read.
        UndeterminedError: It is Avro, and what reads that is not installed.
    """
    with item.open() as file:
        first = file.read(packing.CHUNK)
        if first.startswith(avro.MAGIC):
            yield from avro.json_lines(item.path, item.name)
            return
        packed = {packing.GZIP: packing.gzip_chunks, packing.ZSTD: packing.zstd_chunks}
        unpack = next((way for magic, way in packed.items() if first.startswith(magic)), None)
        rest = _Rest(first, file)
        yield from _as_utf8(_told(unpack(rest, item.name), item.name, cut) if unpack else _plain(rest))


def _told(data: Iterator[bytes], name: str, cut: list[str] | None) -> Iterator[bytes]:
    """The same, and whether it ends early."""
    for chunk in data:
        if chunk is packing.CUT and cut is not None:
            cut.append(name)
        yield chunk


class _Rest:
    """A file whose first bytes were read already."""

    def __init__(self, first: bytes, file: packing.Readable) -> None:
        self._first, self._file = first, file

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        if self._first:
            out, self._first = self._first[:size], self._first[size:]
            return out
        return self._file.read(size)


def _plain(rest: _Rest) -> Iterator[bytes]:
    while data := rest.read(packing.CHUNK):
        yield data


def _as_utf8(data: Iterator[bytes]) -> Iterator[bytes]:
    """Without a byte order mark; UTF-16 is brought into UTF-8."""
    first = next(data, b"")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        decoder = codecs.getincrementaldecoder("utf-16")(errors=_MARK)
        for chunk in chain([first], data, [b""]):
            # What is wrong in UTF-16 is made wrong in UTF-8, so that it damages its line there.
            yield decoder.decode(chunk, final=not chunk).encode().replace(_WRONG.encode(), b"\xff")
        return
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from data


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Put a mark where bytes are no text."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _WRONG, error.end


_MARK = "warmup-mark"
codecs.register_error(_MARK, _mark)


def by_line(data: Iterable[bytes]) -> Iterator[Batch]:
    """Values that stand on one line each."""
    batch, number, carry, skipping = Batch(), 1, bytearray(), False
    for chunk in _pieces(data):
        if skipping:
            end = chunk.find(_LINE)
            if end < 0:
                continue
            batch.damaged.append(number)
            number, skipping, chunk = number + 1, False, chunk[end + 1 :]
        end = chunk.rfind(_LINE)
        if end < 0:
            carry += chunk
            if len(carry) > packing.MAX_LINE:
                carry, skipping = bytearray(), True
            continue
        block, carry = bytes(carry + chunk[:end]), bytearray(chunk[end + 1 :])
        number = _add_lines(batch, block, number)
        if batch.full:
            yield batch
            batch = Batch()
    if skipping:
        batch.damaged.append(number)
    elif carry.strip():
        _add_lines(batch, bytes(carry), number)
    yield batch


def _pieces(data: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in data:
        for start in range(0, len(chunk), _PIECE):
            yield chunk[start : start + _PIECE]


def _add_lines(batch: Batch, block: bytes, number: int) -> int:
    """Add the lines of a block; the number of the next line."""
    try:
        texts = block.decode().split("\n")
    except UnicodeDecodeError:
        texts = []
        for n, line in enumerate(block.split(b"\n"), number):
            try:
                texts.append(line.decode())
            except UnicodeDecodeError:
                batch.damaged.append(n)
                texts.append("")
    batch.numbers.extend(range(number, number + len(texts)))
    batch.texts.extend(texts)
    batch.characters += len(block)
    return number + len(texts)


def by_json_line(
    data: Iterable[bytes], lists: tuple[str, ...], invalid: Callable[[Sequence[str]], Iterable[int]]
) -> Iterator[Batch]:
    """Values that stand on one line each.

    Those of a line that holds a list of them are looked for one by one where it is very long or damaged: a batch of
    events that was cut must not cost all of them.

    Args:
        data: The bytes.
        lists: Keys under which an object may hold a list.
        invalid: Tells which of some texts are no JSON.
    """
    keys = tuple(f'"{key}"' for key in lists)
    for batch in by_line(data):
        odd = [n for n, text in enumerate(batch.texts) if is_special(text, keys)]
        for n in odd:
            if not batch.texts[n].strip(" \t\r"):
                batch.texts[n] = ""  # DuckDB takes a line of tabs for a damaged one
        many = [n for n in odd if batch.texts[n].lstrip()[:1] in ("[", "{")]
        apart = {n for n, text in enumerate(batch.texts) if len(text) > LONG}
        if many:
            apart.update(many[at] for at in invalid([batch.texts[n] for n in many]))
        for n in sorted(apart):
            for values in by_value([batch.texts[n].encode()], lists):
                line = [batch.numbers[n]]
                yield Batch(line * len(values.texts), values.texts, line * len(values.damaged))
            batch.texts[n] = ""
        yield batch


def is_special(text: str, keys: tuple[str, ...]) -> bool:
    """Whether a line may hold several objects, or is none: a list, or an object with a list under one of these keys."""
    return text[:1] != "{" or any(key in text[:1000] for key in keys)


def by_value(data: Iterable[bytes], lists: tuple[str, ...]) -> Iterator[Batch]:
    """Objects wherever they begin and end: in one list, one after another, over several lines, in an API's answer."""
    yield from _Scanner(data, lists).batches()


class _Scanner:
    """Walks through a text, object by object."""

    def __init__(self, data: Iterable[bytes], lists: tuple[str, ...]) -> None:
        self._data = iter(data)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors=_MARK)
        self._answer = answer_start(lists)
        self._keys, self._key_at = [f'"{key}"' for key in lists], -1
        self._text, self._at, self._line, self._counted, self._ended = "", 0, 1, 0, False
        self._seen = self._tried = 0
        self._open, self._inside, self._spoiled, self._damaged = 0, False, False, 0

    def batches(self) -> Iterator[Batch]:
        """All objects."""
        batch = Batch()
        while self._find_object(batch):
            self._step(batch)
            if batch.full:
                yield batch
                batch = Batch()
            if self._tried > MAX_RESCAN * (self._seen + packing.CHUNK):
                batch.damaged.append(self._number(self._at))
                break
        else:
            if self._open > 0 and not self._spoiled:  # a list that does not end: the file was cut
                batch.damaged.append(self._number(len(self._text)))
        yield batch

    def _step(self, batch: Batch) -> None:
        """One object, or the way past one that is damaged."""
        if (
            self._answer
            and not self._inside
            and self._has_key()
            and (start := self._answer.match(self._text, self._at))
        ):
            self._at, self._inside, self._open = start.end(), True, self._open + 1
            return
        end = self._end()
        number = self._number(self._at)
        value = self._text[self._at : end] if end is not None else ""
        remains, self._spoiled = self._spoiled and number == self._damaged, end is None
        if end is None or len(value) > MAX_VALUE or _WRONG in value:
            if not remains:  # what is inside a damaged object is no other one
                batch.damaged.append(number)
            self._damaged = number
        else:
            batch.add(number, value)
        self._at = end if end is not None else self._after_damage()

    def _has_key(self) -> bool:
        """Whether a list may begin in the text from here on: looking for its key is quicker than for all before it."""
        if self._inside or not self._keys:
            return False
        if self._key_at < self._at:
            found = [at for key in self._keys if (at := self._text.find(key, self._at)) >= 0]
            self._key_at = min(found, default=len(self._text))
        return self._key_at < len(self._text)

    def _find_object(self, batch: Batch) -> bool:
        """Go to the next ``{``; between objects only the grammar of lists may stand."""
        while True:
            if not self._ended and len(self._text) - self._at < packing.CHUNK // 4:
                self._more()
            found = self._text.find("{", self._at)
            between = self._text[self._at : found if found >= 0 else len(self._text)]
            if self._inside and "]" in between:
                self._leave(self._at + between.index("]") + 1)
                continue
            self._open += between.count("[") - between.count("]")
            if not self._spoiled and not _GRAMMAR.fullmatch(between):  # after damage, its remains may stand here
                batch.damaged.append(self._number(self._at))
                self._spoiled = True
            self._at += len(between)
            if found >= 0:
                return True
            if self._ended:
                return False

    def _leave(self, at: int) -> None:
        """Go past the end of an answer whose list ends here."""
        self._inside, self._open = False, self._open - 1
        begin = '{"":0'
        try:
            self._at = at + DECODER.raw_decode(begin + self._text[at : at + packing.CHUNK])[1] - len(begin)
        except (ValueError, RecursionError):
            self._at, self._open = at, self._open + 1

    def _end(self) -> int | None:
        """Where the object here ends; None: it is damaged."""
        # A short look first: an error says in which line of its text it is, which takes as long as the text.
        end, cut = self._look(self._text[self._at : self._at + _WINDOW], 0)
        if end is not None:
            return self._at + end
        while cut and (end is None):
            end, cut = self._look(self._text, self._at)
            if cut and (self._ended or len(self._text) - self._at > MAX_VALUE):
                return None
            if cut:
                self._more()
        return end

    def _look(self, text: str, at: int) -> tuple[int | None, bool]:
        """Where the object at a place of a text ends; None where it does not, and whether more text could help."""
        try:
            return DECODER.raw_decode(text, at)[1], False
        except JSONDecodeError as error:
            self._tried += error.pos - at + _ATTEMPT
            return None, error.pos >= len(text) - _NEARLY or error.msg.startswith("Unterminated string")
        except (ValueError, RecursionError):
            self._tried += _WINDOW
            return None, False

    def _after_damage(self) -> int:
        """Where the next object may begin."""
        found = _NEXT.search(self._text, self._at + 1)
        return found.end() if found else len(self._text)

    def _number(self, at: int) -> int:
        """The line of a place, counted on from the last one asked for."""
        self._line += self._text.count("\n", self._counted, at)
        self._counted = at
        return self._line

    def _more(self) -> None:
        """Read on, and forget what is done with."""
        self._number(self._at)
        chunk = next(self._data, None)
        self._ended = chunk is None
        added = self._decoder.decode(chunk or b"", final=self._ended)
        self._seen += len(added)
        self._text = self._text[self._at :] + added
        self._at = self._counted = 0
        self._key_at = -1


def is_by_line(head: str) -> bool:
    """Whether the first line is a whole value, or no line begins one."""
    first, _, rest = head.lstrip().partition("\n")
    if not first.startswith(("{", "[")):
        return True
    try:
        end = DECODER.raw_decode(first)[1]
    except (ValueError, RecursionError):
        # A damaged first line among lines: the next one is whole.
        second = rest.partition("\n")[0].strip()
        whole = (second.startswith("{") and second.endswith("}")) or (second.startswith("[{") and second.endswith("}]"))
        return whole and len(first.rstrip()) > 1
    return not first[end:].strip()
