"""An answer to "which servers take mail for this domain", and a small file of answers.

The kinds of *no* answer stay apart: a domain without MX, a domain that does not exist, a server that fails or refuses
and one that does not reply mean five different things. Only the first two are known; the others are no answer at all.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, cast, get_args

from warmup.errors import InputError, Problem
from warmup.providers.names import normalise

Status = Literal["answer", "null mx", "no mx", "no such domain", "server failure", "refused", "timeout", "unusable"]
"""``answer``: MX records; ``null mx``: takes no mail (RFC 7505); ``no mx``: exists without MX (NODATA);
``no such domain``: NXDOMAIN; the rest could not be determined: SERVFAIL, REFUSED, no reply in time, nonsense."""

DETERMINED: tuple[Status, ...] = ("answer", "null mx", "no mx", "no such domain")

SCHEMA_VERSION = 1
_MAX_HOSTS = 200
_MAX_TTL = 7 * 86_400
"""A longer TTL is read as a week (RFC 8767, section 4, recommends capping; mail is moved meanwhile)."""


@dataclass(frozen=True)
class MxAnswer:
    """What DNS said about one domain's mail servers, when, and for how long that holds.

    Attributes:
        domain: In the spelling of :func:`warmup.providers.names.normalise`.
        status: See :data:`Status`.
        hosts: MX hosts, most preferred first; ``(".",)`` for a null MX.
        ttl: Seconds the answer may be kept; None: not stated.
        asked_at: When it was asked, with time zone.
        nameserver: Who answered, or would not; empty: not known.
        detail: For a person, where the status alone does not tell.
        cached: It was read from a file instead of asked.
    """

    domain: str
    status: Status
    hosts: tuple[str, ...]
    ttl: int | None
    asked_at: datetime
    nameserver: str
    detail: str = ""
    cached: bool = False

    @property
    def determined(self) -> bool:
        """Whether this is an answer; False means that nothing is known."""
        return self.status in DETERMINED

    @property
    def mx(self) -> tuple[str, ...] | None:
        """What :func:`warmup.providers.classify` takes: hosts, empty for a domain without MX, None for "not known"."""
        return self.hosts if self.status in ("answer", "null mx", "no mx") else None

    def fresh(self, now: datetime) -> bool:
        """Whether the answer still holds at ``now``."""
        if not self.determined or self.ttl is None:
            return False
        age = now - self.asked_at
        return timedelta(0) <= age < timedelta(seconds=min(self.ttl, _MAX_TTL))


class MxCache:
    """A JSON file of MX answers: domains, their mail servers, when they were asked; no address, no person.

    Args:
        path: The file. It need not exist.

    Raises:
        InputError: The file is something else, or damaged: every fault at once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._answers = _load(path)

    def get(self, domain: str, now: datetime) -> MxAnswer | None:
        """The answer for a domain, if there is one and it still holds."""
        found = self._answers.get(domain)
        return replace(found, cached=True) if found is not None and found.fresh(now) else None

    def put(self, answers: Iterable[MxAnswer]) -> None:
        """Remember answers; what could not be determined is not one."""
        self._answers.update({a.domain: replace(a, cached=False) for a in answers if a.determined and not a.cached})

    def save(self) -> None:
        """Write the file in one step: a crash leaves the old one.

        Raises:
            OSError: It cannot be written.
        """
        document = {
            "schema_version": SCHEMA_VERSION,
            "answers": {domain: _record(self._answers[domain]) for domain in sorted(self._answers)},
        }
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(document, file, indent=1)
                file.write("\n")
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _record(answer: MxAnswer) -> dict[str, Any]:
    return {
        "status": answer.status,
        "hosts": list(answer.hosts),
        "ttl": answer.ttl,
        "asked_at": answer.asked_at.isoformat(timespec="seconds"),
        "nameserver": answer.nameserver,
    }


def _load(path: Path) -> dict[str, MxAnswer]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise InputError(Problem(str(path), "is not JSON", "give another --cache file, or remove this one")) from None
    version = document.get("schema_version") if isinstance(document, Mapping) else None
    if version != SCHEMA_VERSION or not isinstance(document.get("answers"), Mapping):
        what = f"is not a cache of MX answers, version {SCHEMA_VERSION}"
        raise InputError(Problem(str(path), what, "give another --cache file, or remove this one"))
    answers: dict[str, MxAnswer] = {}
    problems: list[Problem] = []
    for domain, record in document["answers"].items():
        try:
            answers[domain] = _answer(domain, record)
        except ValueError as error:
            problems.append(Problem(f"{path}: answers.{domain}", str(error), "remove the entry"))
    if problems:
        raise InputError(problems)
    return answers


def _answer(domain: str, record: Any) -> MxAnswer:
    """One entry of the file; ValueError says what is wrong with it."""
    if normalise(domain) != domain or not isinstance(record, Mapping):
        raise ValueError("is not a domain with an answer")
    status, hosts, ttl = record.get("status"), record.get("hosts"), record.get("ttl")
    if status not in get_args(Status):
        raise ValueError(f"has the unknown status {status!r}")
    if not isinstance(hosts, list) or len(hosts) > _MAX_HOSTS or not all(isinstance(host, str) for host in hosts):
        raise ValueError("has hosts that are not a list of names")
    if ttl is not None and (isinstance(ttl, bool) or not isinstance(ttl, int) or ttl < 0):
        raise ValueError(f"has the ttl {ttl!r}")
    try:
        asked_at = datetime.fromisoformat(str(record.get("asked_at")))
    except ValueError:
        raise ValueError(f"has the time {record.get('asked_at')!r}") from None
    if asked_at.tzinfo is None:
        raise ValueError(f"has a time without zone, {record.get('asked_at')!r}")
    return MxAnswer(domain, cast(Status, status), tuple(hosts), ttl, asked_at, str(record.get("nameserver", "")))
