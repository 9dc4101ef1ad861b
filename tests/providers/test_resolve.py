"""Real questions to a real server on loopback: every way of not answering stays what it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.providers.nameserver import Server
from warmup.errors import InputError, UndeterminedError
from warmup.providers import classify
from warmup.providers.mx_answer import MxAnswer, MxCache
from warmup.providers.resolve import Nameserver, resolve_mx

NOW = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running


@pytest.fixture
def ask(server):
    def asking(*domains, cache=None, now=NOW, timeout=1.0):
        there = [Nameserver("127.0.0.1", server.port)]
        return resolve_mx(domains, nameservers=there, timeout=timeout, cache=cache, now=lambda: now)

    return asking


@pytest.mark.parametrize(
    ("domain", "status", "hosts", "ttl"),
    [
        ("acme.example", "answer", ("acme-example.mail.protection.outlook.com",), 600),
        ("bakery.example", "answer", ("aspmx.l.google.com", "alt1.aspmx.l.google.com"), 1800),
        ("alias.example", "answer", ("aspmx.l.google.com", "alt1.aspmx.l.google.com"), 120),
        ("nomail.example", "null mx", (".",), 900),
        ("web.example", "no mx", (), 300),
        ("missing.example", "no such domain", (), 300),
        ("broken.example", "server failure", (), None),
        ("closed.example", "refused", (), None),
        ("silent.example", "timeout", (), None),
    ],
)
def test_every_kind_of_answer(ask, domain, status, hosts, ttl):
    answer = ask(domain)[domain]
    assert (answer.status, answer.hosts, answer.ttl) == (status, hosts, ttl)
    assert answer.asked_at == NOW
    assert answer.determined == (ttl is not None)
    if answer.status != "no such domain":  # dnspython does not say who said so
        assert "127.0.0.1" in answer.nameserver


def test_what_classify_makes_of_it(ask):
    domains = ["acme.example", "bakery.example", "mixed.example", "nomail.example", "web.example", "gmail.com"]
    answers = ask(*domains)
    found = classify(domains, mx={a.domain: a.mx for a in answers.values() if a.mx is not None})
    assert [m.provider for m in found.values()] == [
        "microsoft_365",
        "google_workspace",
        "other",
        "other",
        "other",
        "gmail",
    ]
    assert found["gmail.com"].how == "domain"  # its MX on this server is nobody's we know
    assert ask("broken.example")["broken.example"].mx is None


def test_names_are_asked_once_and_in_one_spelling(ask, server):
    server.asked.clear()
    answers = ask("ACME.example.", "acme.example", "not a domain", "who@example.com")
    assert list(answers) == ["acme.example"]
    assert server.asked == ["acme.example."]


def test_the_cache_keeps_answers_for_their_ttl_and_no_failures(ask, server, tmp_path):
    path = tmp_path / "mx.json"
    cache = MxCache(path)
    ask("acme.example", "broken.example", "web.example", cache=cache)
    cache.save()
    document = json.loads(path.read_text(encoding="utf-8"))
    assert set(document["answers"]) == {"acme.example", "web.example"}
    assert document["answers"]["acme.example"] == {
        "status": "answer",
        "hosts": ["acme-example.mail.protection.outlook.com"],
        "ttl": 600,
        "asked_at": "2026-02-03T09:00:00+00:00",
        "nameserver": "127.0.0.1",
    }
    server.asked.clear()
    again = ask("acme.example", "web.example", cache=MxCache(path), now=NOW + timedelta(seconds=299))
    assert server.asked == []
    assert all(answer.cached for answer in again.values())
    ask("acme.example", "web.example", cache=MxCache(path), now=NOW + timedelta(seconds=300))
    assert server.asked == ["web.example."]
    ask("acme.example", cache=MxCache(path), now=NOW - timedelta(seconds=1))  # from the future: not trusted
    assert server.asked == ["web.example.", "acme.example."]


def test_an_endless_ttl_ends_after_a_week():
    answer = MxAnswer("a.example", "answer", ("mx.example",), 2**31 - 1, NOW, "")
    assert answer.fresh(NOW + timedelta(days=6, hours=23))
    assert not answer.fresh(NOW + timedelta(days=7))


def entry(**record: object) -> str:
    record = {"status": "no mx", "hosts": list[str](), "ttl": 1, **record}
    return json.dumps({"schema_version": 1, "answers": {"a.example": record}})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not JSON"),
        ("\udcff", "is not JSON"),
        ("[]", "is not a cache"),
        ('{"schema_version": 2, "answers": {}}', "version 1"),
        ('{"schema_version": 1, "answers": []}', "is not a cache"),
        ('{"schema_version": 1, "answers": {"A b": {}}}', "is not a domain with an answer"),
        (entry(status="maybe"), "unknown status 'maybe'"),
        (entry(status=[1]), "unknown status"),
        (entry(hosts="mx"), "list of names"),
        (entry(ttl=True), "ttl True"),
        (entry(asked_at="x"), "time 'x'"),
        (entry(asked_at="2026-02-03"), "without zone"),
    ],
)
def test_a_damaged_cache_is_told_in_one_line(tmp_path, content, says):
    path = tmp_path / "mx.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=says) as caught:
        MxCache(path)
    assert "mx.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_faults_of_a_cache_at_once(tmp_path):
    path = tmp_path / "mx.json"
    path.write_text('{"schema_version": 1, "answers": {"a.example": 1, "b.example": 2}}', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        MxCache(path)
    assert len(caught.value.problems) == 2


def test_a_cache_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    target = tmp_path / "folder"
    target.mkdir()
    (target / "x").touch()
    cache = MxCache(tmp_path / "mx.json")
    cache.path = target
    with pytest.raises(OSError):
        cache.save()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder"]


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("192.0.2.53", "192.0.2.53", 53),
        ("192.0.2.53:5353", "192.0.2.53", 5353),
        ("2001:db8::53", "2001:db8::53", 53),
        ("[2001:DB8::53]", "2001:db8::53", 53),
        ("[2001:db8::53]:5353", "2001:db8::53", 5353),
    ],
)
def test_nameserver_addresses(text, address, port):
    assert Nameserver.parse(text) == Nameserver(address, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ns.example",
        "192.0.2.53:",
        "192.0.2.53:x",
        "192.0.2.53:0",
        "192.0.2.53:70000",
        "[::1]5",
        "[::1",
        "192.0.2.53:²",
    ],
)
def test_what_is_no_nameserver(text):
    with pytest.raises(InputError, match="is not an address"):
        Nameserver.parse(text)


def test_a_system_without_resolvers_is_undetermined(monkeypatch):
    import dns.resolver

    def unconfigured(*_, **__):
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.Resolver, "__init__", unconfigured)
    with pytest.raises(UndeterminedError, match="--nameserver"):
        resolve_mx(["a.example"])
