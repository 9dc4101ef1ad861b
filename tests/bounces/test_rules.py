"""Files of rules: what is wrong with one is told at once, each fault in one line."""

from __future__ import annotations

import duckdb
import pytest

from warmup.bounces import load_rules, rules
from warmup.errors import InputError

GOOD = {
    "id": "one",
    "enhanced": ["5.1.x"],
    "class": "hard",
    "cause": "recipient_invalid",
    "source": "RFC 3463",
    "date": "2026-11",
    "confidence": "sourced",
}


def file_of(*records):
    def value(one):
        return "[" + ", ".join(map(value, one)) + "]" if isinstance(one, list) else repr(one).replace("False", "false")

    return "\n".join("[[rules]]\n" + "\n".join(f"{k} = {value(v)}" for k, v in one.items()) for one in records)


def test_a_good_file():
    (rule,) = load_rules(file_of(GOOD), "mine.toml")
    assert (rule.id, rule.bounce_class, rule.enhanced, rule.text) == ("one", "hard", ("5.1.x",), "")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"id": "One"}, "id is 'One'; give lower-case words joined by hyphens"),
        ({"class": "bad"}, "class is 'bad'; give one of hard, soft, block"),
        ({"cause": "no cause"}, "cause is 'no cause'"),
        ({"date": "2026-13"}, "date is '2026-13'"),
        ({"date": 2026}, "date is 2026"),
        ({"confidence": "sure"}, "confidence is 'sure'"),
        ({"source": " "}, "source is ' '"),
        ({"provider": "Gmail Inc"}, "provider is 'Gmail Inc'"),
        ({"enhanced": "5.1.1"}, "enhanced is '5.1.1'; give a list"),
        ({"enhanced": []}, "enhanced is []"),
        ({"enhanced": ["2.1.1"]}, "enhanced has '2.1.1'"),
        ({"enhanced": [5]}, "enhanced has 5"),
        ({"code": ["55"]}, "code has '55'"),
        ({"code": False}, "code is False"),
        ({"text": ""}, "text is ''"),
        ({"text": "(a"}, "text is no pattern"),
        ({"text": r"\bSPF"}, "which Python and RE2 do not read alike"),
        ({"text": "(?=a)"}, "do not read alike"),
        ({"text": "(?i)a"}, "do not read alike"),
        ({"text": "a.*b"}, "do not read alike"),
        ({"text": "ab$"}, "do not read alike"),
        ({"text": "[[:alpha:]]"}, "do not read alike"),
        ({"text": "é"}, "do not read alike"),
        ({"colour": "red"}, "has the unknown key colour"),
    ],
)
def test_one_fault(change, says):
    with pytest.raises(InputError) as caught:
        load_rules(file_of({**GOOD, **change}), "mine.toml")
    (problem,) = caught.value.problems
    assert str(problem).startswith("mine.toml: rule 1 (")
    assert says in str(problem)


@pytest.mark.parametrize("key", [key for key in GOOD if key != "enhanced"])
def test_a_missing_key(key):
    with pytest.raises(InputError, match=f"has no {key}; give"):
        load_rules(file_of({name: value for name, value in GOOD.items() if name != key}), "mine.toml")


def test_all_faults_at_once_and_in_one_line_each():
    wrong = {"id": "x\ny", "class": "bad", "source": "s", "date": "2026", "cause": "c"}
    with pytest.raises(InputError) as caught:
        load_rules(file_of(GOOD, wrong) + "\n[other]\n", "mine.toml")
    told = str(caught.value).splitlines()
    assert len(told) == len(caught.value.problems) == 5
    assert "mine.toml: other: is unknown" in told[0]
    assert any("has no condition" in line for line in told)


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "has no rules"), ("rules = 3", "has no rules"), ("rules = [1]", "has no rules"), ("[", "TOML")],
)
def test_no_file_of_rules(text, says):
    with pytest.raises(InputError, match=says):
        load_rules(text, "mine.toml")


@pytest.mark.parametrize(
    ("first", "second", "hidden"),
    [
        ({}, {"enhanced": ["5.1.1"]}, True),
        ({"enhanced": ["x.x.x"]}, {"enhanced": ["5.1.1", "4.x.x"]}, True),
        ({}, {"enhanced": ["5.1.1", "5.2.1"]}, False),
        ({"text": "a"}, {"enhanced": ["5.1.1"]}, False),
        ({"text": "a"}, {"enhanced": ["5.1.1"], "text": "a"}, True),
        ({}, {"enhanced": ["5.1.1"], "text": "a"}, True),
        ({}, {"enhanced": ["x.1.1"]}, False),
        ({"code": ["4xx"]}, {"code": ["450"]}, True),
        ({"code": ["450"]}, {}, False),
    ],
)
def test_a_rule_that_never_gets_a_turn(first, second, hidden):
    text = file_of({**GOOD, **first}, {**GOOD, "id": "two", **second})
    if hidden:
        with pytest.raises(InputError, match=r"rule 2 \(two\): never applies: one stands before it"):
            load_rules(text, "mine.toml")
    else:
        assert len(load_rules(text, "mine.toml")) == 2


def test_an_id_is_given_once():
    with pytest.raises(InputError, match="has the id of an earlier rule"):
        load_rules(file_of(GOOD, GOOD), "mine.toml")


def test_every_pattern_is_one_of_re2():
    for rule in rules():
        if rule.text:
            duckdb.execute("SELECT regexp_matches('', ?)", [rule.text]).fetchall()
