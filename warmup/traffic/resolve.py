"""The MX of a customer's recipient domains, a million of them: many questions at a time, each answer kept on disk.

Only the MX of the given domains is asked for, nothing else, of nobody but the given (or the system's) resolvers. An
interrupted run keeps what it has: the next one reads that from the cache (:mod:`warmup.traffic.mx_store`, which also
says what the file holds and what not) and asks about the rest. Whoever runs the resolver sees the domains.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import dns.asyncresolver
import dns.exception
import dns.name

from warmup.providers.resolve import Nameserver, configured, read_failure, read_reply
from warmup.traffic.mx_store import Collected, MxStore, Resolved, default_path, valid_names

if TYPE_CHECKING:
    from warmup.providers.mx_answer import MxAnswer, Status

_WORTH_ANOTHER_TRY: tuple[Status, ...] = ("timeout", "server failure", "unusable")
_COMMIT_EVERY = 500
_LOOKED_UP_AT_ONCE = 2_000
_TICK = 0.1
"""Seconds between two calls of the progress function."""

T = TypeVar("T")


@dataclass(frozen=True)
class Asking:
    """How to ask.

    Attributes:
        nameservers: Whom; empty: the system's resolvers.
        timeout: Seconds that each of them has for one try.
        tries: How often a question is asked that gets no reply, or a failure that may pass (SERVFAIL).
        concurrency: Questions at a time.
    """

    nameservers: Sequence[Nameserver] = ()
    timeout: float = 2.0
    tries: int = 3
    concurrency: int = 200

    def __post_init__(self) -> None:
        if self.timeout <= 0 or self.tries < 1 or self.concurrency < 1:
            raise ValueError("timeout, tries and concurrency must be above 0")


def resolve_mx_in_bulk(
    domains: Iterable[str],
    *,
    path: Path | None = None,
    asking: Asking = Asking(),
    progress: Callable[[int, int], None] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Resolved:
    """Find the mail servers of many domains; answers that still hold are not asked for again.

    Synchronous, also inside a running event loop (a notebook): the questions run in a thread of their own. Memory
    grows with the domains alone, not with how many of them are slow.

    Args:
        domains: Recipient domains in any spelling, better each once; names that are none are counted, not asked.
        path: The cache; default: :func:`warmup.traffic.mx_store.default_path`.
        asking: Whom to ask and how patiently.
        progress: Called now and then in the caller's thread with the domains done and all domains, the last time with
            two equal numbers. What it raises ends the run.
        now: The clock.

    Returns:
        What is known, ready for :func:`warmup.providers.classify`. A timeout or a failing server is no "no": it is
        counted, not kept, and asked again the next time.

    Raises:
        InputError: The cache is some other file.
        UndeterminedError: The cache cannot be used, or the system names no resolver.
        KeyboardInterrupt: As always; the answers so far are in the cache.
    """
    names, invalid = valid_names(domains)
    run = _Run(names, path or default_path(), asking, now)
    report = progress or (lambda _done, _all: None)
    _in_a_thread(run.work, run.stop, lambda: report(run.done, len(names)))
    report(len(names), len(names))
    return run.collected.resolved(invalid=invalid)


class _Run:
    """One pass over the domains. All but ``done`` and ``stop`` belongs to the thread that works."""

    def __init__(self, names: Sequence[str], path: Path, asking: Asking, now: Callable[[], datetime]) -> None:
        self.collected = Collected()
        self.done = 0
        self._names, self._path, self._asking, self._now = names, path, asking, now
        self._waiting: list[MxAnswer] = []
        self._stopped = False

    def stop(self) -> None:
        """Ask about nothing more. Cancelling is not enough: before Python 3.12 ``asyncio.wait_for`` may lose it."""
        self._stopped = True

    async def work(self) -> None:
        """Ask about all that the cache does not know; commit on the way, and whatever happens at the end."""
        with MxStore(self._path) as store:
            asking = self._asking
            patience = asking.timeout * max(1, len(asking.nameservers))
            resolver = configured(dns.asyncresolver.Resolver, asking.nameservers, patience)
            resolver.timeout = asking.timeout
            missing = self._missing(store)
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(asking.concurrency, len(self._names))):
                        group.create_task(self._worker(resolver, missing, store))
            except BaseExceptionGroup as errors:
                raise errors.exceptions[0] from None  # they share one store: what failed for one failed for all
            finally:
                store.keep(self._waiting)

    async def _worker(self, resolver: dns.asyncresolver.Resolver, missing: Iterator[str], store: MxStore) -> None:
        """Take the next domain until there is none; all workers share the iterator, so no list of tasks grows."""
        try:
            for name in missing:
                self._take(await self._ask(resolver, name), store)
        except BaseException:
            self.stop()
            raise

    def _missing(self, store: MxStore) -> Iterator[str]:
        """The domains that the cache does not know; those that it knows are taken on the way."""
        for start in range(0, len(self._names), _LOOKED_UP_AT_ONCE):
            some = self._names[start : start + _LOOKED_UP_AT_ONCE]
            known = set()
            for answer in store.fresh(some, self._now()):
                known.add(answer.domain)
                self.collected.add(answer)
            self.done += len(known)
            for name in some:
                if self._stopped:
                    return
                if name not in known:
                    yield name

    async def _ask(self, resolver: dns.asyncresolver.Resolver, name: str) -> MxAnswer:
        answer = await _once(resolver, name, self._now())
        for _ in range(self._asking.tries - 1):
            if answer.status not in _WORTH_ANOTHER_TRY:
                break
            answer = await _once(resolver, name, self._now())
        return answer

    def _take(self, answer: MxAnswer, store: MxStore) -> None:
        self.collected.add(answer)
        self.done += 1
        self._waiting.append(answer)
        if len(self._waiting) >= _COMMIT_EVERY:
            store.keep(self._waiting)
            self._waiting.clear()


async def _once(resolver: dns.asyncresolver.Resolver, name: str, asked_at: datetime) -> MxAnswer:
    """One try. A reply too long for a datagram is fetched over TCP by dnspython."""
    try:
        question = dns.name.from_text(name)
        found = await resolver.resolve(question, "MX", search=False, raise_on_no_answer=False)
    except dns.exception.DNSException as error:
        return read_failure(name, error, resolver.lifetime, asked_at)
    return read_reply(name, found, asked_at)


def _in_a_thread(work: Callable[[], Coroutine[None, None, T]], stop: Callable[[], None], tick: Callable[[], None]) -> T:
    """Run a coroutine in a loop and thread of its own; call ``tick`` meanwhile. An interruption ends both."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(work())
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(loop.run_until_complete(task))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller gets it
            outcome.set_exception(error)
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="mx")
    thread.start()
    try:
        while not wait([outcome], _TICK).done:
            tick()
    finally:
        if not outcome.done():  # the caller was interrupted: stop asking, keep what is there
            stop()
            with suppress(RuntimeError):  # it ended by itself just now
                loop.call_soon_threadsafe(task.cancel)
        thread.join()
    return outcome.result()
