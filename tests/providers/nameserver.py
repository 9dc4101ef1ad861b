"""A real DNS server on loopback, small enough to read: UDP, one thread, answers by name."""

from __future__ import annotations

import socket
import threading
from types import TracebackType

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

SOA = "example. 3600 IN SOA ns.example. hostmaster.example. 1 7200 900 1209600 300"

ZONE: dict[str, list[str]] = {
    "acme.example.": ["acme.example. 600 IN MX 10 acme-example.mail.protection.outlook.com."],
    "bakery.example.": [
        "bakery.example. 1800 IN MX 20 alt1.aspmx.l.google.com.",
        "bakery.example. 1800 IN MX 10 ASPMX.L.GOOGLE.COM.",
    ],
    "mixed.example.": [
        "mixed.example. 60 IN MX 10 aspmx.l.google.com.",
        "mixed.example. 60 IN MX 20 mx.mixed.example.",
    ],
    "nomail.example.": ["nomail.example. 900 IN MX 0 ."],
    "web.example.": [],  # exists, has no MX
    "gmail.com.": ["gmail.com. 300 IN MX 10 mx.elsewhere.example."],
}
"""Names and their MX records; a name that is not here does not exist."""

CNAMES = {"alias.example.": "bakery.example."}
FAILS = {"broken.example.": dns.rcode.SERVFAIL, "closed.example.": dns.rcode.REFUSED}
SILENT = {"silent.example."}


class Server:
    """Context manager: ``with Server() as server:``; ``server.port``, ``server.asked``."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as goodbye:
            goodbye.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            wire, peer = self._socket.recvfrom(4096)
            if not wire:
                return
            reply = self._reply(dns.message.from_wire(wire))
            if reply is not None:
                self._socket.sendto(reply.to_wire(), peer)

    def _reply(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        name = question.name.to_text().lower()
        self.asked.append(name)
        if name in SILENT:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if name in FAILS:
            reply.set_rcode(FAILS[name])
            return reply
        if name in CNAMES:
            reply.answer.append(dns.rrset.from_text(question.name, 120, "IN", "CNAME", CNAMES[name]))
            name = CNAMES[name]
        if name not in ZONE:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        records = ZONE.get(name, []) if question.rdtype == dns.rdatatype.MX else []
        if records:
            owner, ttl, _, _, _ = records[0].split(maxsplit=4)
            rdatas = [record.split(maxsplit=4)[4] for record in records]
            reply.answer.append(dns.rrset.from_text(dns.name.from_text(owner), int(ttl), "IN", "MX", *rdatas))
        else:
            owner, ttl, _, _, rest = SOA.split(maxsplit=4)
            reply.authority.append(dns.rrset.from_text(dns.name.from_text(owner), int(ttl), "IN", "SOA", rest))
        return reply
