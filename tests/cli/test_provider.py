"""``warmup provider``: the answer, how we know, and four exit codes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.providers.nameserver import Server
from warmup.cli.group import run
from warmup.cli.main import cli


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running


@pytest.fixture
def warmup(capsys):
    def running(*args: str) -> tuple[int, str, str]:
        code = run(cli, "warmup", ["provider", *args])
        out = capsys.readouterr()
        return code, out.out, out.err

    return running


def test_the_list_alone_decides_and_says_so(warmup):
    code, out, err = warmup("gmail.com", "GMX.de", "nobody.example")
    assert code == 0
    assert "Gmail (mailbox, id gmail)" in out
    assert "GMX / WEB.DE (group united_internet)" in out
    assert "nobody we know" in out
    assert "DNS was not asked" in err


def test_json_is_versioned_and_carries_the_provenance(warmup):
    code, out, _ = warmup("gmail.com", "nobody.example", "--format", "json")
    document = json.loads(out)
    assert code == 0
    assert (document["schema_version"], document["mx"]) == (1, "none")
    gmail, nobody = document["results"]
    assert (gmail["provider"], gmail["group"], gmail["how"]) == ("gmail", "google", "domain")
    assert gmail["source"]
    assert gmail["date"]
    assert gmail["confidence"] == "sourced"
    assert gmail["mx"] is None
    assert (nobody["provider"], nobody["provider_name"], nobody["group"], nobody["how"]) == (
        "other",
        None,
        "other",
        "none",
    )


def test_given_mx_hosts_decide(warmup):
    code, out, _ = warmup("acme.example", "--mx", "acme-example.mail.protection.outlook.com", "--microsoft-shared")
    assert code == 0
    assert "Microsoft 365 (hosted, id microsoft_365)" in out
    assert "(group microsoft)" in out
    assert json.loads(warmup("acme.example", "--mx", ".", "--format", "json")[1])["results"][0]["how"] == "mx"


def test_resolve_keeps_every_kind_of_answer_apart(warmup, server):
    names = [f"{name}.example" for name in ("acme", "nomail", "web", "missing", "broken", "closed", "silent")]
    there = ("--resolve", "--nameserver", f"127.0.0.1:{server.port}", "--timeout", "1")
    code, out, err = warmup(*names, *there)
    assert code == 3
    for said in (
        "acme-example.mail.protection.outlook.com; asked 127.0.0.1",
        "holds 600 s",
        "null MX: takes no mail",
        "the domain has no MX record",
        "no such domain (NXDOMAIN)",
        "could not be determined: the server failed (SERVFAIL)",
        "could not be determined: the server refused (REFUSED)",
        "could not be determined: no reply within 1 s",
    ):
        assert said in out
    assert "DNS was not asked" not in err
    code, out, _ = warmup(*names[:4], *there, "--format", "json")
    assert code == 0
    statuses = [result["mx"]["status"] for result in json.loads(out)["results"]]
    assert statuses == ["answer", "null mx", "no mx", "no such domain"]


def test_the_cache_records_the_answer_and_serves_it_without_dns(warmup, server, tmp_path):
    path = tmp_path / "mx.json"
    there = ("--resolve", "--nameserver", f"127.0.0.1:{server.port}", "--cache", str(path))
    assert warmup("acme.example", *there)[0] == 0
    record = json.loads(path.read_text(encoding="utf-8"))["answers"]["acme.example"]
    assert (record["ttl"], record["nameserver"]) == (600, "127.0.0.1")
    code, out, err = warmup("acme.example", "gmail.com", "--cache", str(path))
    assert code == 0
    assert "Microsoft 365" in out
    assert "cached answer of 127.0.0.1" in out
    assert "DNS was not asked: where the cache has no answer" in err


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "DOMAIN"),
        (("who@example.com",), "give only its domain: example.com"),
        (("exa\x1bmple.com",), "is not a domain name"),
        (("x" * 5000,), "is not a domain name"),
        (("a.example", "b.example", "--mx", "mx.example"), "one domain"),
        (("a.example", "--mx", "mx.example", "--resolve"), "leave out --resolve"),
        (("a.example", "--nameserver", "192.0.2.53"), "needs --resolve"),
        (("a.example", "--resolve", "--nameserver", "ns.example"), "is not an address"),
        (("a.example", "--timeout", "0"), "--timeout"),
    ],
)
def test_wrong_use_is_one_line(warmup, args, says):
    code, out, err = warmup(*args)
    assert code == 2
    assert says in err
    assert out == ""
    assert "\x1b" not in err
    assert len(err.strip().splitlines()) == 1
    assert len(err) < 400


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "[192.0.2.1]"])
def test_an_ip_address_is_no_domain(warmup, address):
    code, out, err = warmup(address, "gmail.com")
    assert code == 2
    assert f"'{address}': is an IP address, not a domain name" in err
    assert address not in out
    assert "Gmail" in out


def test_an_address_is_not_repeated(warmup):
    code, out, err = warmup("who.is@example.com")
    assert (code, out) == (2, "")
    assert err.startswith("…@example.com: is an address, which is not needed and should not be typed in; give only its")
    assert "who.is" not in err
    assert "who.is" not in warmup("who.is@bad domain")[2]


def test_bad_arguments_do_not_hide_the_answers_to_the_others(warmup):
    code, out, err = warmup("who@gmail.com", "web.de", "not a domain")
    assert code == 2
    assert "GMX / WEB.DE" in out
    assert "Gmail" not in out
    assert [line.split(":")[0] for line in err.splitlines() if "is a" in line] == ["…@gmail.com"]
    assert "'not a domain': is not a domain name" in err
    code, out, _ = warmup("who@gmail.com", "web.de", "--format", "json")
    document = json.loads(out)
    assert code == 2
    assert [one["domain"] for one in document["results"]] == ["web.de"]
    assert [one["where"] for one in document["problems"]] == ["…@gmail.com"]
    assert "who" not in out


def test_a_domain_that_no_source_names_says_so(warmup):
    (found,) = json.loads(warmup("outlook.de", "--format", "json")[1])["results"]
    assert (found["group"], found["confidence"]) == ("microsoft_consumer", "judgement")


def test_all_bad_names_at_once(warmup):
    code, out, err = warmup("a b", "gmail.com", "-", "c..d")
    assert code == 2
    assert "Gmail" in out
    assert sum("is not a domain name" in line for line in err.splitlines()) == 3


def test_a_damaged_cache_is_bad_input(warmup, tmp_path):
    path = tmp_path / "mx.json"
    path.write_text("nonsense", encoding="utf-8")
    code, _, err = warmup("gmail.com", "--cache", str(path))
    assert code == 2
    assert "is not JSON" in err


def test_an_unwritable_cache_is_not_an_answer(warmup, server, tmp_path):
    path = tmp_path / "no such folder" / "mx.json"
    there = ("--resolve", "--nameserver", f"127.0.0.1:{server.port}", "--cache", str(path))
    assert warmup("acme.example", *there)[0] == 3


def test_without_resolve_dnspython_is_not_loaded():
    code = (
        "import sys; from warmup.cli.group import run; from warmup.cli.main import cli;"
        "run(cli, 'warmup', ['provider', 'gmail.com']);"
        "sys.exit(any(name in sys.modules for name in ('dns', 'pandas', 'pydantic', 'rich')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
