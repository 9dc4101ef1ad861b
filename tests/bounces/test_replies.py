"""What replies mean, and that Python and DuckDB never differ about it."""

from __future__ import annotations

import json

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from warmup.bounces import BOUNCE_CLASSES, classify_reply, rules, sql
from warmup.providers import catalogue


@pytest.fixture(scope="module")
def engine():
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        yield connection


def in_duckdb(engine, replies):
    engine.execute("CREATE OR REPLACE TEMP TABLE replies (n INTEGER, reply VARCHAR)")
    engine.executemany("INSERT INTO replies VALUES (?, ?)", list(enumerate(replies)))
    return [row[0] for row in engine.execute(f"SELECT {sql('reply')} FROM replies ORDER BY n").fetchall()]


@pytest.mark.parametrize(
    ("reply", "bounce_class", "cause"),
    [
        ("550 5.1.1 The email account that you tried to reach does not exist.", "hard", "recipient_invalid"),
        ("550-5.1.1 The email account\r\n550 5.1.1 that you tried", "hard", "recipient_invalid"),
        ("5.1.1 smtp; 550 5.1.1 user unknown", "hard", "recipient_invalid"),
        ("550 sorry, no mailbox here by that name (#5.1.1 - chkusr)", "hard", "recipient_invalid"),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound", "hard", "bad_domain"),
        ("556 domain does not accept mail", "hard", "bad_domain"),
        ("550 5.2.1 The account has been disabled", "hard", "recipient_disabled"),
        ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "hard", "recipient_invalid"),
        ("550 5.7.17 mailbox owner has changed", "hard", "recipient_invalid"),
        ("550 No such user here", "hard", "recipient_invalid"),
        ("551 User not local; please try another", "hard", "recipient_invalid"),
        ("550 5.7.1 Part of their network is on our block list (S3150).", "block", "policy"),
        ("421 4.7.28 Gmail has detected an unusual rate of mail", "block", "volume_rate"),
        ("451 4.7.650 The mail server [192.0.2.11] has been temporarily rate limited", "block", "policy"),
        ("421 4.7.0 [TSS04] Messages temporarily deferred", "block", "policy"),
        ("550 5.7.26 unauthenticated", "block", "auth"),
        ("550 5.7.25 reverse DNS", "block", "ptr_rdns"),
        ("550 5.1.8 Sender address rejected: Domain not found", "block", "sender_invalid"),
        ("554 Service unavailable; Client host blocked using zen.spamhaus.org", "block", "dnsbl_listing"),
        ("450 blocked using a blocklist", "block", "dnsbl_listing"),
        ("554 refused: SPF fail", "block", "auth"),
        ("535 authentication failed", "block", "auth"),
        ("552 5.2.2 The recipient mailbox is full", "soft", "mailbox_full"),
        ("552 user is over quota", "soft", "mailbox_full"),
        ("451 4.4.7 Message expired: 550 5.1.1 was the last reply", "soft", "timeout"),
        ("451 4.7.1 Greylisted, try again", "soft", "greylist"),
        ("550 5.2.1 The user is receiving mail at a rate that prevents more", "soft", "recipient_rate"),
        ("450 4.1.1 unverified address: user unknown", "soft", "recipient_check"),
        ("450 user unknown", "soft", "temp_system"),
    ],
)
def test_known_replies(engine, reply, bounce_class, cause):
    found = classify_reply(reply)
    assert (found.bounce_class, found.cause) == (bounce_class, cause)
    assert found.rule in {rule.id for rule in rules()}
    assert found.decided
    assert in_duckdb(engine, [reply]) == [bounce_class]


@pytest.mark.parametrize(
    "reply",
    ["", "550", "550 no", "554 transaction failed", "521 closed", "250 2.1.5 ok", "no code at all", "5.1", "\x00"],
)
def test_what_nothing_decides_is_soft_and_says_so(engine, reply):
    found = classify_reply(reply)
    assert (found.bounce_class, found.rule, found.cause, found.decided) == ("soft", "", "", False)
    assert in_duckdb(engine, [reply, None]) == ["soft", "soft"]


@pytest.mark.parametrize(
    "reply",
    [
        "554 refused [5.1.1.9]",
        "554 refused 192.5.1.1",
        "554 refused 192.0.2.5.1.1",
        "554 release 5.1.1234",
        "554 from 45.1.1",
        "554 name a5.1",
    ],
)
def test_parts_of_addresses_and_versions_are_no_codes(engine, reply):
    assert classify_reply(reply).enhanced == ""
    assert in_duckdb(engine, [reply]) == ["soft"]


@pytest.mark.parametrize(
    ("reply", "code", "enhanced"),
    [
        ("550 5.1.1 x", "550", "5.1.1"),
        ("550-5.1.1 x", "550", "5.1.1"),
        ("550 5.1.1", "550", "5.1.1"),
        ("550 5.1.1.", "550", "5.1.1"),
        ("550 5.1.1.\n", "550", "5.1.1"),
        ("smtp; 550 5.1.1: x", "550", "5.1.1"),
        ("host mx.example[192.0.2.1] said: 550 5.1.1 x", "550", "5.1.1"),
        ("'550 (5.1.1)'", "550", "5.1.1"),
        ("5.1.1", "", "5.1.1"),
        ("550", "550", ""),
        ("more than 550 messages", "", ""),
        ("5500 messages", "", ""),
        ("550ms", "", ""),
    ],
)
def test_where_codes_are_found(reply, code, enhanced):
    found = classify_reply(reply)
    assert (found.code, found.enhanced) == (code, enhanced)


WORDS = st.sampled_from(
    [
        *("550", "554", "421", "450", "551", "556", "530", "552", "521", "250", "5501"),
        *("greylisted", "Grey-List", "spamhaus", "blacklist", "block list", "SPF", "ſpf", "PTR", "unKnown user"),
        *("user unknown", "user unKnown", "no such user", "mailbox full", "over quota", "account is disabled"),
        *("receiving mail too quickly", "Recipient address rejected: Access denied", "virus", "policy reasons"),
        *("[5.1.1.9]", "(#5.1.1)", "smtp;", "said:", "\n", "\r\n", "\x00", "ı", "İ", "é", "😀", "x"),
    ]
)
NUMBER = st.one_of(st.integers(0, 40), st.integers(0, 1100))
STATUS = st.builds("{}.{}.{}".format, st.integers(2, 6), st.integers(0, 8), NUMBER)
REPLY = st.one_of(
    st.lists(st.one_of(WORDS, STATUS), max_size=6).flatmap(
        lambda parts: st.sampled_from([" ", "-", "", ": ", ".", "\n"]).map(lambda by: by.join(parts))
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)


@settings(max_examples=150)
@given(st.lists(REPLY, min_size=1, max_size=30))
@example(["550 5.1.1\n", "550 5.1.1.\n", "550\n", "SPF\n", "x\nSPF\n", "\N{KELVIN SIGN}", "host un\N{KELVIN SIGN}nown"])
def test_python_and_duckdb_agree(engine, replies):
    assert in_duckdb(engine, replies) == [classify_reply(reply).bounce_class for reply in replies]


def test_every_rule_is_reached_by_a_reply_of_its_own():
    for rule in rules():
        if rule.text:
            continue  # test_known_replies has words for some; a pattern cannot be turned round
        code = (rule.code or ("550",))[0].replace("x", "0")
        enhanced = [
            one.replace("4.x.x", "4.0.0").replace("x.7.x", "5.7.999").replace("x", "5") for one in rule.enhanced
        ]
        found = [classify_reply(f"{code} {one}").rule for one in enhanced or [""]]
        assert found == [rule.id] * len(found)


def test_results_can_be_named_otherwise_and_the_expression_runs_once(engine):
    engine.execute("CREATE OR REPLACE TEMP SEQUENCE calls")
    expression = sql("nextval('calls')::VARCHAR || ' 5.1.1'", {"hard": "1", "soft": "2", "block": "3"})
    assert engine.execute(f"SELECT {expression} FROM range(5)").fetchall() == [(1,)] * 5
    assert engine.execute("SELECT currval('calls')").fetchone() == (5,)


def test_classes_and_providers_are_known_ones():
    assert {rule.bounce_class for rule in rules()} == set(BOUNCE_CLASSES)
    assert {rule.provider for rule in rules() if rule.provider} <= set(catalogue().ids)


def test_replies_of_the_corpus_are_never_called_the_opposite(shared):
    """A beginning: what it says of real replies is right far more often than wrong, and a full mailbox is soft."""
    path = shared / "conformance" / "bounces" / "sisimai_cases.jsonl"
    cases = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    unknown = [classify_reply(one["smtp_response"]) for one in cases if one["expected_reason"] == "userunknown"]
    refused = [
        classify_reply(one["smtp_response"])
        for one in cases
        if one["expected_reason"] in ("blocked", "spamdetected", "authfailure", "requireptr", "badreputation")
    ]
    assert sum(one.bounce_class == "hard" for one in unknown) >= 0.85 * len(unknown)
    assert sum(one.bounce_class == "block" for one in unknown) <= 0.05 * len(unknown)
    assert sum(one.bounce_class == "hard" for one in refused) <= 0.05 * len(refused)
