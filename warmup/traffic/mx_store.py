"""MX answers kept on disk, for lists of millions of domains; reading them needs no DNS and loads no library for it.

The file holds domain names, their mail servers, when these were asked for and how long that holds: no counts, no
addresses, no customer. Still, a small company's domain can point to a person: the file is its owner's alone (mode
0600), and may be deleted at any time. What could not be determined (no reply, SERVFAIL, REFUSED) is never in it.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, cast, get_args

from warmup.errors import InputError, Problem, UndeterminedError
from warmup.providers.mx_answer import MxAnswer, Status
from warmup.providers.names import normalise

HOUR, DAY = 3_600, 86_400

POSITIVE = (DAY, 7 * DAY)
"""Least and most seconds for which mail servers are kept. Planning needs to know who a domain's provider is, and a
customer's list takes longer to ask about than the minutes of a usual TTL; an endless one ends after a week, because
mail is moved meanwhile."""

NEGATIVE = (HOUR, DAY)
"""The same for "no MX" and "no such domain" (RFC 2308, section 5: no longer than a day)."""

_VERSION = 1
_APPLICATION = 0x49505755  # "IPWU": a file of ours, and no other program's database
_AT_ONCE = 500
_BUSY = 30.0
"""Seconds to wait for another run that writes."""


@dataclass(frozen=True)
class Resolved:
    """What is known about the mail servers of many domains.

    Attributes:
        mx: Hosts by domain (one spelling), as :func:`warmup.providers.classify` takes them: most preferred first,
            ``(".",)`` for a null MX, empty for a domain without MX. Domains that do not exist, or of which nothing is
            known, are not in it.
        counts: Domains by what was found; the statuses of :data:`warmup.providers.mx_answer.Status`.
        invalid: Given names that are no domains (nothing was asked), each counted once.
        cached: Domains whose answer was read from the cache.
        unknown: Domains that the cache does not know and that were not asked about.
    """

    mx: Mapping[str, tuple[str, ...]] = field(repr=False)
    counts: Mapping[Status, int]
    invalid: int = 0
    cached: int = 0
    unknown: int = 0

    @property
    def unanswered(self) -> int:
        """Domains asked about without result: no reply, a server that failed or refused. They may have an MX."""
        return sum(self.counts.get(status, 0) for status in ("timeout", "server failure", "refused", "unusable"))


class Collected:
    """Answers on their way to a :class:`Resolved`; equal lists of hosts are kept once, as most domains share theirs."""

    def __init__(self) -> None:
        self.mx: dict[str, tuple[str, ...]] = {}
        self.counts: Counter[Status] = Counter()
        self.cached = 0
        self._lists: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add(self, answer: MxAnswer) -> None:
        """Take one answer."""
        self.counts[answer.status] += 1
        self.cached += answer.cached
        if answer.mx is not None:
            self.mx[answer.domain] = self._lists.setdefault(answer.mx, answer.mx)

    def resolved(self, *, invalid: int, unknown: int = 0) -> Resolved:
        """All that was taken."""
        return Resolved(self.mx, dict(self.counts), invalid, self.cached, unknown)


def read_cache(domains: Iterable[str], *, path: Path | None = None, now: datetime | None = None) -> Resolved:
    """Answers that still hold, from the cache alone: DNS is not asked, and no file is made.

    Args:
        domains: Recipient domains in any spelling.
        path: The cache; default: :func:`default_path`. It need not exist.
        now: The time, with zone; default: the present.

    Raises:
        InputError: The file is something else.
        UndeterminedError: It cannot be read.
    """
    names, invalid = valid_names(domains)
    collected = Collected()
    path = path or default_path()
    if path.exists():
        with MxStore(path, read_only=True) as store:
            for answer in store.fresh(names, now or datetime.now(UTC)):
                collected.add(answer)
    return collected.resolved(invalid=invalid, unknown=len(names) - collected.cached)


def default_path() -> Path:
    """Where the cache is kept: ``ipwarmup/mx.sqlite3`` in ``$XDG_CACHE_HOME``, or in ``~/.cache``."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG base directory specification: a relative path there is to be ignored.
    return (base if base.is_absolute() else Path.home() / ".cache") / "ipwarmup" / "mx.sqlite3"


def valid_names(domains: Iterable[str]) -> tuple[list[str], int]:
    """Domains in one spelling, each once, and how many of those given are none.

    An IPv4 address (a last label of digits) is none: no top-level domain is a number (RFC 3696, section 2).
    """
    names: dict[str, None] = {}
    invalid: set[str] = set()
    for given in domains:
        name = normalise(given)
        if name is None or name.rpartition(".")[2].isdigit():
            invalid.add(given)
        else:
            names[name] = None
    return list(names), len(invalid)


class MxStore:
    """A SQLite file of MX answers; a context manager, used in one thread. A crash loses what was not committed.

    Args:
        path: The file; it is made, with its folder, unless it is only to be read.
        read_only: Nothing is written, not even by SQLite itself.

    Raises:
        InputError: The file is something else.
        UndeterminedError: It cannot be opened.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        with self._told():
            if not read_only:
                _make_private(path)
            mode = "ro" if read_only else "rw"
            address = f"{path.absolute().as_uri()}?mode={mode}"
            self._connection = sqlite3.connect(address, uri=True, timeout=_BUSY)
        try:
            with self._told():
                self._prepare(read_only)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._connection.close()

    def fresh(self, domains: Sequence[str], now: datetime) -> Iterator[MxAnswer]:
        """Answers that hold at ``now``, for those of the domains (in one spelling) that have one; in no order."""
        moment = int(now.timestamp())
        query = (
            "SELECT domain, kind, mx, asked_at FROM answers "
            # An answer from the future is not trusted: the clock was wrong, then or now.
            "WHERE domain IN (SELECT value FROM json_each(?)) AND asked_at <= ? AND ttl_until > ?"
        )
        for start in range(0, len(domains), _AT_ONCE):
            with self._told():
                some = json.dumps(domains[start : start + _AT_ONCE])
                rows = self._connection.execute(query, (some, moment, moment)).fetchall()
                answers = [_answer(*row) for row in rows]
            yield from answers

    def keep(self, answers: Iterable[MxAnswer]) -> None:
        """Write answers and commit them; what could not be determined, or does not say how long it holds, is none."""
        rows = [row for answer in answers if (row := _row(answer)) is not None]
        with self._told(), self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", rows)

    def _prepare(self, read_only: bool) -> None:
        """Make the table in a new file; refuse a file that is not ours."""
        pragmas = ("application_id", "user_version")
        # In one transaction: another run may be making the table between two of these questions.
        with self._connection:
            self._connection.execute("BEGIN")
            tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            marks = tuple(self._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas)
        if marks == (0, 0) and not tables:
            if read_only:
                # An empty file, as an interrupted first run leaves it: nothing is known yet.
                self._connection.close()
                self._connection = sqlite3.connect(":memory:")
            self._create()
        elif marks != (_APPLICATION, _VERSION):
            raise _no_cache(self.path)

    def _create(self) -> None:
        with self._connection:  # together or not at all, whoever else starts now
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS answers (domain TEXT PRIMARY KEY, kind TEXT NOT NULL, mx TEXT NOT NULL, "
                "asked_at INTEGER NOT NULL, ttl_until INTEGER NOT NULL) WITHOUT ROWID"
            )
            self._connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._connection.execute(f"PRAGMA user_version = {_VERSION}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of SQLite and of the system in words for people."""
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:
            raise UndeterminedError(f"{self.path}: the cache of MX answers cannot be used: {error}") from None
        except (sqlite3.DatabaseError, ValueError, OverflowError):
            raise _no_cache(self.path) from None


def _no_cache(path: Path) -> InputError:
    return InputError(Problem(str(path), "is not a cache of MX answers", "give another file, or remove this one"))


def _make_private(path: Path) -> None:
    """The file, readable by its owner only, in a folder that is there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        if path.is_file():
            path.chmod(0o600)


def _row(answer: MxAnswer) -> tuple[str, str, str, int, int] | None:
    if not answer.determined or answer.ttl is None:
        return None
    least, most = POSITIVE if answer.status in ("answer", "null mx") else NEGATIVE
    asked_at = int(answer.asked_at.timestamp())
    until = asked_at + max(least, min(most, answer.ttl))
    return answer.domain, answer.status, json.dumps(answer.hosts), asked_at, until


def _answer(domain: str, kind: str, mx: str, asked_at: int) -> MxAnswer:
    """An answer from its row; ValueError: nobody here wrote it."""
    hosts = json.loads(mx)
    if kind not in get_args(Status) or not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
        raise ValueError(domain)
    asked = datetime.fromtimestamp(asked_at, UTC)
    return MxAnswer(domain, cast(Status, kind), tuple(hosts), None, asked, "", cached=True)
