"""Bulk questions to a real DNS server on loopback, UDP and TCP, and the file that keeps the answers."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest

from warmup.errors import InputError, UndeterminedError
from warmup.providers import classify
from warmup.providers.mx_answer import MxAnswer
from warmup.providers.resolve import Nameserver
from warmup.traffic.mx_store import DAY, HOUR, MxStore, default_path, read_cache
from warmup.traffic.resolve import Asking, resolve_mx_in_bulk

NOW = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)
MANY = 120
"""Hosts of the domain whose reply does not fit into a datagram."""


class Server:
    """UDP and TCP on one port; what a name begins with says what the server does about it."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.over_tcp: list[str] = []
        self.delay = 0.0
        self.open = self.most_open = 0
        self.well = False  # sick names recover
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def asking(self):
        return Asking(nameservers=[Nameserver("127.0.0.1", self.port)], timeout=0.3, tries=2, concurrency=50)

    def _run(self):
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self):
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._stream, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        outer = self

        class Datagrams(asyncio.DatagramProtocol):
            def connection_made(self, transport):
                self.transport = transport

            def datagram_received(self, wire, peer):
                outer._loop.create_task(self.answer(wire, peer))

            async def answer(self, wire, peer):
                outer.open += 1
                outer.most_open = max(outer.most_open, outer.open)
                if outer.delay:
                    await asyncio.sleep(outer.delay)
                outer.open -= 1
                reply = outer.reply(dns.message.from_wire(wire), tcp=False)
                if reply is not None:
                    self.transport.sendto(reply, peer)

        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        receiver.bind(("127.0.0.1", self.port))
        transport, _ = await self._loop.create_datagram_endpoint(Datagrams, sock=receiver)
        self._ready.set()
        async with server:
            await self._stop.wait()
        transport.close()
        await asyncio.sleep(0)

    async def _stream(self, reader, writer):
        size = int.from_bytes(await reader.readexactly(2), "big")
        wire = self.reply(dns.message.from_wire(await reader.readexactly(size)), tcp=True)
        writer.write(len(wire).to_bytes(2, "big") + wire)
        await writer.drain()
        writer.close()

    def reply(self, query, tcp):
        name = query.question[0].name
        text = name.to_text(omit_final_dot=True)
        assert query.question[0].rdtype == dns.rdatatype.MX
        self.asked[text] += 1
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        kind = "known" if self.well else text.partition(".")[0].rstrip("0123456789")
        if kind == "silent":
            return None
        if kind in ("broken", "closed"):
            reply.set_rcode(dns.rcode.SERVFAIL if kind == "broken" else dns.rcode.REFUSED)
        elif kind in ("missing", "web"):
            reply.set_rcode(dns.rcode.NXDOMAIN if kind == "missing" else dns.rcode.NOERROR)
            soa = "ns.example. hostmaster.example. 1 7200 900 1209600 7200"
            reply.authority.append(dns.rrset.from_text("example.", 9000, "IN", "SOA", soa))
        else:
            records = {
                "null": ["0 ."],
                "big": [f"10 mail-exchanger-number-{n}.servers.of.big.example." for n in range(MANY)],
                "google": ["20 alt1.aspmx.l.google.com.", "10 ASPMX.L.GOOGLE.COM."],
            }.get(kind, ["10 mx.example."])
            ttl = {"endless": 2**31 - 1, "long": 3 * DAY}.get(kind, 300)
            reply.answer.append(dns.rrset.from_text(name, ttl, "IN", "MX", *records))
        if tcp:
            self.over_tcp.append(text)
            return reply.to_wire()
        if kind == "big":
            reply.answer.clear()
            reply.flags |= dns.flags.TC
        return reply.to_wire()


@pytest.fixture
def server():
    with Server() as running:
        yield running


@pytest.fixture
def ask(server, tmp_path):
    def asking(*domains, now=NOW, **more):
        options = {"path": tmp_path / "cache" / "mx.sqlite3", "asking": server.asking, "now": lambda: now, **more}
        return resolve_mx_in_bulk(domains, **options)

    asking.path = tmp_path / "cache" / "mx.sqlite3"
    return asking


KINDS = {
    "google.example": ("answer", ("aspmx.l.google.com", "alt1.aspmx.l.google.com")),
    "plain.example": ("answer", ("mx.example",)),
    "null.example": ("null mx", (".",)),
    "web.example": ("no mx", ()),
    "missing.example": ("no such domain", None),
    "broken.example": ("server failure", None),
    "closed.example": ("refused", None),
    "silent.example": ("timeout", None),
}


def test_every_kind_of_answer(ask):
    found = ask(*KINDS)
    assert found.mx == {domain: hosts for domain, (_, hosts) in KINDS.items() if hosts is not None}
    assert found.counts == Counter(kind for kind, _ in KINDS.values())
    assert (found.unanswered, found.cached, found.invalid, found.unknown) == (3, 0, 0, 0)
    matches = classify(KINDS, mx=found.mx)
    assert matches["google.example"].provider == "google_workspace"
    assert "RFC 7505" in matches["null.example"].evidence


def test_what_is_known_is_not_asked_again_and_no_failure_is_kept(ask, server):
    first = ask(*KINDS)
    server.asked.clear()
    again = ask(*KINDS, now=NOW + timedelta(minutes=59))
    assert set(server.asked) == {"broken.example", "closed.example", "silent.example"}
    assert (again.mx, again.counts, again.cached) == (first.mx, first.counts, 5)
    server.well = True
    healed = ask("silent.example", "broken.example")
    assert healed.mx == {"silent.example": ("mx.example",), "broken.example": ("mx.example",)}


def test_a_failure_is_tried_again_and_a_no_is_not(ask, server):
    ask(*KINDS)
    assert server.asked["silent.example"] == server.asked["broken.example"] == 2
    assert server.asked["closed.example"] == server.asked["missing.example"] == server.asked["plain.example"] == 1


@pytest.mark.parametrize(
    ("domain", "seconds"),
    [
        ("plain.example", DAY),  # 300 s: planning keeps it for a day
        ("long.example", 3 * DAY),
        ("endless.example", 7 * DAY),
        ("null.example", DAY),
        ("web.example", 2 * HOUR),  # the SOA's minimum (RFC 2308)
        ("missing.example", 2 * HOUR),
    ],
)
def test_answers_expire(ask, server, domain, seconds):
    ask(domain)
    before, after = (NOW + timedelta(seconds=seconds + offset) for offset in (-1, 0))
    assert (read_cache([domain], path=ask.path, now=before).cached, read_cache([domain], path=ask.path).unknown) == (
        1,
        1,
    )
    ask(domain, now=before)
    assert server.asked[domain] == 1
    ask(domain, now=after)
    assert server.asked[domain] == 2
    assert read_cache([domain], path=ask.path, now=NOW).unknown == 1  # asked in the future: not trusted


def test_the_cache_alone(ask, server, tmp_path):
    known = ask("google.example", "null.example", "missing.example", "broken.example")
    server.asked.clear()
    found = read_cache(
        ["GOOGLE.example.", "null.example", "missing.example", "broken.example", "x y"], path=ask.path, now=NOW
    )
    assert found.mx == known.mx
    assert (found.cached, found.unknown, found.invalid, found.unanswered) == (3, 1, 1, 0)
    assert not server.asked
    nowhere = tmp_path / "nowhere" / "mx.sqlite3"
    assert read_cache(["google.example"], path=nowhere).unknown == 1
    assert not nowhere.parent.exists()


def test_a_long_reply_comes_over_tcp(ask, server):
    found = ask("big.example")
    assert len(found.mx["big.example"]) == MANY
    assert server.over_tcp == ["big.example"]


def test_names_in_any_spelling_and_names_that_are_none(ask, server):
    found = ask(
        *("Bücher.example", "xn--bcher-kva.example.", "BÜCHER.example", "xn--99999999.example", "_a-.example"),
        *("", ".", "a", "a b.example", "who@plain.example", "a..example", "192.0.2.1", "[192.0.2.1]", "é" * 300),
        *("x" * 64 + ".example", "a\x00.example", "*.example", "\N{SNOWMAN}.example"),
    )
    assert sorted(server.asked) == ["_a-.example", "xn--99999999.example", "xn--bcher-kva.example"]
    assert len(found.mx) == 3
    assert found.invalid == 13


def test_inside_a_running_loop(ask):
    async def notebook():
        return ask("plain.example")

    assert asyncio.run(notebook()).mx == {"plain.example": ("mx.example",)}


def test_progress_is_told_in_the_callers_thread(ask, server):
    server.delay = 0.05
    told = []
    domains = [f"plain{n}.example" for n in range(200)]
    ask(*domains, progress=lambda done, total: told.append((done, total, threading.current_thread())))
    assert told[-1][:2] == (200, 200)
    assert len(told) > 2
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert {thread for _, _, thread in told} == {threading.current_thread()}
    told.clear()
    ask(progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 0)]


def test_no_more_questions_at_a_time_than_allowed(ask, server):
    server.delay = 0.02
    ask(*(f"plain{n}.example" for n in range(300)))
    assert 25 <= server.most_open <= 50


def test_an_interrupted_run_keeps_what_it_has(ask, server):
    server.delay = 0.05
    domains = [f"plain{n}.example" for n in range(400)]

    def interrupt(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(*domains, progress=interrupt)
    assert not [thread for thread in threading.enumerate() if thread.name == "mx"]
    kept = read_cache(domains, path=ask.path, now=NOW).mx
    assert 0 < len(kept) < 400
    server.asked.clear()
    found = ask(*domains)
    assert (len(found.mx), found.cached) == (400, len(kept))
    assert set(server.asked) == set(domains) - set(kept)


SCRIPT = """
import sys
from pathlib import Path
from warmup.providers.resolve import Nameserver
from warmup.traffic.resolve import Asking, resolve_mx_in_bulk
asking = Asking([Nameserver("127.0.0.1", int(sys.argv[1]))], concurrency=20)
names = (f"plain{n}.example" for n in range(100_000))
resolve_mx_in_bulk(names, path=Path(sys.argv[2]), asking=asking, progress=lambda done, _: print(done, flush=True))
"""


def test_control_c(server, tmp_path, root):
    server.delay = 0.01
    path = tmp_path / "mx.sqlite3"
    command = [sys.executable, "-c", SCRIPT, str(server.port), str(path)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as run:
        try:
            while int(run.stdout.readline() or 100) < 100:
                pass
            run.send_signal(signal.SIGINT)
            _, error = run.communicate(timeout=20)
        finally:
            run.kill()
    assert run.returncode != 0
    assert error.rstrip().endswith("KeyboardInterrupt")
    assert read_cache((f"plain{n}.example" for n in range(100_000)), path=path).cached >= 100


MEMORY = """
def held():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024

before = held()
found = resolve_mx_in_bulk([f"plain{n}.example" for n in range(10_000)], path=Path(sys.argv[2]), asking=asking)
print(found.counts["answer"], len({id(hosts) for hosts in found.mx.values()}), held() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_ten_thousand_domains_in_little_memory(server, tmp_path, root):
    path = tmp_path / "mx.sqlite3"
    script = SCRIPT.partition("names =")[0] + MEMORY
    command = [sys.executable, "-c", script, str(server.port), str(path)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    answers, lists, memory = map(int, out.split())
    assert (answers, lists) == (10_000, 1)  # one list of hosts for all who share it
    assert memory < 30e6
    assert read_cache((f"plain{n}.example" for n in range(10_000)), path=path).cached == 10_000


def test_the_file_is_its_owners_and_holds_domains_only(ask, server):
    ask("google.example", "silent.example")
    assert ask.path.stat().st_mode & 0o777 == 0o600
    assert ask.path.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in ask.path.parent.iterdir()] == ["mx.sqlite3"]
    with sqlite3.connect(ask.path) as connection:
        rows = connection.execute("SELECT * FROM answers").fetchall()
    connection.close()
    hosts = '["aspmx.l.google.com", "alt1.aspmx.l.google.com"]'
    stamp = int(NOW.timestamp())
    assert rows == [("google.example", "answer", hosts, stamp, stamp + DAY)]
    ask.path.chmod(0o644)
    ask("google.example")
    assert ask.path.stat().st_mode & 0o777 == 0o600


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_path() == tmp_path / "ipwarmup" / "mx.sqlite3"
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert default_path() == Path.home() / ".cache" / "ipwarmup" / "mx.sqlite3"


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_some_other_file_is_refused_and_left_alone(ask, content):
    ask.path.parent.mkdir()
    ask.path.write_bytes(content)
    for call in (lambda: ask("plain.example"), lambda: read_cache(["plain.example"], path=ask.path)):
        with pytest.raises(InputError, match="is not a cache of MX answers; give another file"):
            call()
    assert ask.path.read_bytes() == content


def test_another_programs_database_is_refused(ask):
    ask.path.parent.mkdir()
    connection = sqlite3.connect(ask.path)
    connection.execute("CREATE TABLE answers (domain, mx)")
    connection.close()
    with pytest.raises(InputError, match="is not a cache"):
        ask("plain.example")


@pytest.mark.parametrize(("kind", "mx"), [("maybe", "[]"), ("answer", "{}"), ("answer", "["), ("answer", "[1]")])
def test_a_row_that_nobody_wrote(ask, kind, mx):
    ask("plain.example")
    with sqlite3.connect(ask.path) as connection:
        connection.execute("UPDATE answers SET kind = ?, mx = ?", (kind, mx))
    connection.close()
    with pytest.raises(InputError, match="is not a cache"):
        read_cache(["plain.example"], path=ask.path, now=NOW)


def test_a_file_that_an_interrupted_first_run_left_empty(ask):
    ask.path.parent.mkdir()
    ask.path.touch()
    assert read_cache(["plain.example"], path=ask.path).unknown == 1
    assert ask.path.read_bytes() == b""
    assert len(ask("plain.example").mx) == 1


def test_a_cache_that_cannot_be_used(ask, tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "mx.sqlite3"):
        with pytest.raises(UndeterminedError, match="the cache of MX answers cannot be used"):
            ask("plain.example", path=path)


def test_two_runs_share_a_cache(ask, server):
    server.delay = 0.01
    lists = [[f"plain{n}.example" for n in range(start, start + 600)] for start in (0, 300)]
    threads = [threading.Thread(target=ask, args=one) for one in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_cache(lists[0] + lists[1], path=ask.path, now=NOW).cached == 900


def test_impatience_is_refused():
    for wrong in ({"timeout": 0}, {"tries": 0}, {"concurrency": 0}):
        with pytest.raises(ValueError, match="above 0"):
            Asking(**wrong)


def test_reading_the_cache_loads_no_dns(root):
    code = "import sys, warmup.traffic.mx_store; print('dns' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(root)}
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert out.stdout.strip() == "False"


def test_a_store_that_is_read_only_writes_nothing(ask):
    ask("plain.example")
    with MxStore(ask.path, read_only=True) as store, pytest.raises(UndeterminedError, match="readonly"):
        store.keep([MxAnswer("other.example", "no mx", (), 300, NOW, "")])
