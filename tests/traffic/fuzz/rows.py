"""Exports of any length, one record a line, and ways of packing and spelling them."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

NAME = "person"
"""Begins every local part; nothing that is said or kept may hold it."""

_DAYS = ("2026-03-02", "2026-03-03", "2026-03-04")


@dataclass(frozen=True)
class Lines:
    """How a platform writes one record a line.

    Attributes:
        row: The record of a number; all are different, whole and counted.
        header: What stands before the first.
        copies: What becomes of a line that stands there twice: ``dropped`` and counted, ``kept``, or ``merged`` with
            what it says.
    """

    row: Callable[[int], str]
    header: str = ""
    copies: str = "dropped"

    def rows(self, numbers: Iterable[int]) -> list[bytes]:
        """Records as lines."""
        return [self.row(n).encode() for n in numbers]

    def file(self, rows: Iterable[bytes]) -> bytes:
        """A file of lines under the header."""
        head = [self.header.encode()] if self.header else []
        return b"".join(row + b"\n" for row in [*head, *rows])

    @property
    def first(self) -> int:
        """Number of the first line after the header."""
        return 2 if self.header else 1


def _to(n: int) -> str:
    return f"{NAME}{n}@{'one' if n % 3 else 'two'}.example.com"


def _at(n: int) -> str:
    return f"{_DAYS[n % 3]}T09:{n // 60 % 60:02d}:{n % 60:02d}"


def _seconds(n: int) -> int:
    return 1772442000 + n % 3 * 86400 + n % 3600


def _json(make: Callable[[int], object]) -> Callable[[int], str]:
    return lambda n: json.dumps(make(n))


def _sparkpost(n: int) -> object:
    return {
        "type": "delivery", "event_id": str(10**17 + n), "timestamp": f"{_at(n)}.000+00:00", "rcpt_to": _to(n),
        "message_id": f"m{n}", "campaign_id": "news", "sending_ip": "192.0.2.10", "ip_pool": "main",
    }  # fmt: skip


def _sendgrid(n: int) -> object:
    return {
        "email": _to(n), "timestamp": _seconds(n), "event": "delivered", "sg_event_id": f"e{n}", "category": ["news"],
        "sg_message_id": f"m{n}.recvd", "ip": "192.0.2.10", "response": "250 OK",
    }  # fmt: skip


def _bird(n: int) -> object:
    tags = [{"name": "stream", "value": "news"}]
    data = {"email_id": f"em_{n}", "recipient_id": f"er_{n}", "recipient": _to(n), "tags": tags}
    return {"type": "email.delivered", "timestamp": f"{_at(n)}Z", "data": data}


def _ses(n: int) -> object:
    mail = {"timestamp": f"{_at(n)}Z", "messageId": f"m{n}", "destination": [_to(n)], "tags": {"stream": ["news"]}}
    return {"eventType": "Delivery", "mail": mail, "delivery": {"timestamp": f"{_at(n)}Z", "recipients": [_to(n)]}}


def _mailgun(n: int) -> object:
    return {
        "event": "delivered", "timestamp": _seconds(n) + 0.5, "id": f"i{n}", "recipient": _to(n), "tags": ["news"],
        "message": {"headers": {"message-id": f"m{n}@example.com"}}, "envelope": {"sending-ip": "192.0.2.10"},
        "log-level": "info",
    }  # fmt: skip


def _postmark(n: int) -> object:
    return {"RecordType": "Delivery", "Recipient": _to(n), "DeliveredAt": f"{_at(n)}.0000000Z", "MessageID": f"m{n}",
            "MessageStream": "broadcast", "Tag": "news"}  # fmt: skip


def _braze(n: int) -> object:
    return {"event_type": "users.messages.email.Delivery", "id": f"i{n}", "time": _seconds(n), "user_id": f"u{n}",
            "dispatch_id": f"d{n}", "email_address": _to(n), "campaign_name": "news", "ip_pool": "main"}  # fmt: skip


def _kumo(n: int) -> object:
    return {
        "type": "Delivery", "id": f"i{n}", "recipient": _to(n), "queue": f"news:t@{_to(n).partition('@')[2]}",
        "timestamp": _seconds(n), "egress_pool": "main", "source_address": {"address": "192.0.2.10:53210"},
    }  # fmt: skip


def _powermta(n: int) -> str:
    at = _at(n).replace("T", " ")
    return f'd,{at}+0000,{at}+0000,{_to(n)},192.0.2.10,news,"PIPELINING,SIZE ""10"""'


def _postfix(n: int) -> str:
    relay = "mx.example.com[198.51.100.25]:25, delay=4, delays=1/1/1/1"
    what = f"to=<{_to(n)}>, relay={relay}, dsn=2.0.0, status=sent (250 OK)"
    return f"{_at(n)}+00:00 mx1 postfix-news/smtp-10/smtp[1010]: {n + 0x3B6F803FCC:X}: {what}"


def _sfmc(n: int) -> str:
    day = f"3/{n % 3 + 2}/2026 9:{n // 60 % 60:02d}:{n % 60:02d} AM"
    return f"700001,,1001,55,1,{n},{n:016x},{day},{'one' if n % 3 else 'two'}.example.com"


FORMATS = {
    "sparkpost-events": Lines(_json(_sparkpost)),
    "sendgrid-events": Lines(_json(_sendgrid)),
    "bird-events": Lines(_json(_bird)),
    "ses-events": Lines(_json(_ses)),
    "mailgun-events": Lines(_json(_mailgun)),
    "postmark": Lines(_json(_postmark)),
    "braze": Lines(_json(_braze)),
    "kumomta": Lines(_json(_kumo), copies="kept"),
    "powermta": Lines(_powermta, "type,timeLogged,timeQueued,rcpt,dlvSourceIp,jobId,dlvEsmtpAvailable", copies="kept"),
    "postfix": Lines(_postfix, copies="kept"),
    "sfmc": Lines(
        _sfmc,
        "AccountID,OYBAccountID,JobID,ListID,BatchID,SubscriberID,SubscriberKey,EventDate,Domain",
        copies="merged",
    ),
}
"""All formats in which a line is a record."""

TABLES = ("powermta", "sfmc")


def tidy(n: int) -> bytes:
    """A row of a tidy table."""
    return f"{_DAYS[n % 3]},d{n}.example.com,news,{n + 1}".encode()


TIDY = b"date,recipient_domain,stream,messages\n"


def zstd(*parts: bytes | tuple[bytes, int]) -> bytes:
    """A zstd frame of bytes as they are, and of (byte, times): RFC 8878, raw and RLE blocks."""
    size = 128 * 1024
    blocks: list[tuple[int, int, bytes]] = []
    for part in parts:
        if isinstance(part, bytes):
            blocks += [(0, len(part[at : at + size]), part[at : at + size]) for at in range(0, len(part), size)]
        else:
            byte, times = part
            blocks += [(1, size, byte)] * (times // size) + ([(1, times % size, byte)] if times % size else [])
    last = len(blocks) - 1
    packed = (
        (n << 3 | kind << 1 | (at == last)).to_bytes(3, "little") + data for at, (kind, n, data) in enumerate(blocks)
    )
    return b"\x28\xb5\x2f\xfd\x00\x58" + b"".join(packed)


def members(data: bytes, size: int) -> bytes:
    """Gzip in members of so many bytes."""
    return b"".join(gzip.compress(data[at : at + size]) for at in range(0, len(data), size))


SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "CRLF": lambda data: data.replace(b"\n", b"\r\n"),
    "no newline at the end": lambda data: data.rstrip(b"\n"),
    "blank lines": lambda data: re.sub(rb"\n", b"\n\n", data),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "UTF-16, big end first": lambda data: b"\xfe\xff" + data.decode().encode("utf-16-be"),
    "gzip": gzip.compress,
    "gzip in small members": lambda data: members(data, 50),
    "gzip of UTF-16": lambda data: gzip.compress(data.decode().encode("utf-16")),
    "zstd": zstd,
    "zstd in two frames": lambda data: zstd(data[:1000]) + zstd(data[1000:]),
}
"""What makes no difference."""
