"""The rules as they stand in ``data/causes.toml``, checked while they are read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from warmup.errors import InputError, Problem

BounceClass = Literal["hard", "soft", "block"]
"""``hard``: the address or its domain takes no mail; ``block``: refused for reputation, policy, authentication or
content; ``soft``: every other final failure."""

BOUNCE_CLASSES: tuple[BounceClass, ...] = get_args(BounceClass)

UNDECIDED: BounceClass = "soft"
"""What a reply is that no rule speaks of."""

_FILE = "causes.toml"
_CONDITIONS = ("enhanced", "code", "text")
_WORDS = ("source", "date", "confidence", "cause")
_KEYS = {"id", "class", "provider", "note", *_CONDITIONS, *_WORDS}
_SHAPES = {
    "id": (re.compile(r"[a-z0-9]+(-[a-z0-9]+)*"), "lower-case words joined by hyphens"),
    "class": (re.compile("|".join(BOUNCE_CLASSES)), "one of " + ", ".join(BOUNCE_CLASSES)),
    "cause": (re.compile(r"[a-z]+(_[a-z]+)*"), "lower-case words joined by underscores"),
    "provider": (re.compile(r"[a-z0-9][a-z0-9_]*"), "an id of warmup.providers"),
    "date": (re.compile(r"20\d\d(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"), "a date such as 2026-11"),
    "confidence": (re.compile("sourced|partly|judgement"), "sourced, partly or judgement"),
    "source": (re.compile(r".*\S.*"), "where this is known from"),
    "note": (re.compile(r".*\S.*"), "words"),
}
_ENHANCED = re.compile(r"[45x]\.(\d{1,3}|x)\.(\d{1,3}|x)")
_CODE = re.compile(r"[45][0-9x][0-9x]")
# Look-around, back-references and flags are not RE2's; \d, \w, \s, \b and $ mean other things to Python than to RE2,
# and so does a dot at the end of a line; [:names:] are RE2's alone.
_NOT_PORTABLE = re.compile(r"\\[A-Za-z0-9]|\[[:\[]|\(\?(?!:)|[$]|[*+?}]\+|(?<![\\\[])\.|[^\x20-\x7e]")


@dataclass(frozen=True)
class Rule:
    """One rule. All of its conditions must hold; it has at least one.

    Attributes:
        id: Stable id.
        bounce_class: What it makes of a reply.
        cause: Why the reply was given, in one word.
        source: Where this is known from.
        date: When it was compared with that (ISO, perhaps without day or month).
        confidence: ``sourced``, ``partly`` or ``judgement``.
        enhanced: Enhanced status codes (RFC 3463), ``x`` for any number; empty: no condition.
        code: Basic reply codes (RFC 5321), ``x`` for any digit; empty: no condition.
        text: Pattern found in the reply in any case, in the syntax that RE2 and Python share; empty: no condition.
        provider: Id of the provider that alone means it so; empty: everybody.
        note: What a reader should know.
    """

    id: str
    bounce_class: BounceClass
    cause: str
    source: str
    date: str
    confidence: str
    enhanced: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    text: str = ""
    provider: str = ""
    note: str = ""

    def covers(self, other: Rule) -> bool:
        """Whether this rule, standing before the other one, leaves nothing to it."""
        if self.text and self.text != other.text:
            return False
        return _covers(self.enhanced, other.enhanced) and _covers(self.code, other.code)


@cache
def rules() -> tuple[Rule, ...]:
    """The rules of this package, in the order in which they are tried."""
    return load_rules(files("warmup.bounces").joinpath("data", _FILE).read_text(encoding="utf-8"), _FILE)


def load_rules(toml: str, name: str) -> tuple[Rule, ...]:
    """Read rules.

    Args:
        toml: Text of a file of rules.
        name: What to call the file in messages.

    Returns:
        The rules in the order of the file: the first that applies decides.

    Raises:
        InputError: Everything that is wrong with them.
    """
    try:
        document = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise InputError(Problem(name, f"is not TOML: {error}", "correct the line named")) from None
    records = document.pop("rules", None)
    problems = [Problem(f"{name}: {key}", "is unknown", "a file of rules holds only [[rules]]") for key in document]
    if not isinstance(records, list) or not records or not all(isinstance(record, dict) for record in records):
        problems.append(Problem(name, "has no rules", "write each as a table [[rules]]"))
        raise InputError(problems)
    for number, record in enumerate(records, 1):
        where = f"{name}: rule {number} ({record.get('id', 'no id')})"
        problems += [Problem(where, what, fix) for what, fix in _faults(record)]
    if not problems:
        found = tuple(_rule(record) for record in records)
        problems += _contradictions(found, name)
        if not problems:
            return found
    raise InputError(problems)


def _faults(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with one record, and what to do about it."""
    for key in sorted(record.keys() - _KEYS):
        yield f"has the unknown key {key}", f"known are {', '.join(sorted(_KEYS))}"
    for key in ("id", "class", *_WORDS):
        if key not in record:
            yield f"has no {key}", f"give {_SHAPES[key][1]}"
    for key, (shape, words) in _SHAPES.items():
        value = record.get(key, "")
        if key in record and not (isinstance(value, str) and shape.fullmatch(value)):
            yield f"{key} is {value!r}", f"give {words}"
    if not any(key in record for key in _CONDITIONS):
        yield "has no condition", f"give one of {', '.join(_CONDITIONS)}"
    yield from _wrong_codes(record, "enhanced", _ENHANCED, '"5.1.1", "5.1.x" or "x.7.x"')
    yield from _wrong_codes(record, "code", _CODE, '"550" or "4xx"')
    if "text" in record:
        yield from _wrong_text(record["text"])


def _wrong_codes(
    record: Mapping[str, Any], key: str, shape: re.Pattern[str], examples: str
) -> Iterator[tuple[str, str]]:
    if key not in record:
        return
    values = record[key]
    if not isinstance(values, list) or not values:
        yield f"{key} is {values!r}", f"give a list of codes such as {examples}"
        return
    for value in values:
        if not (isinstance(value, str) and shape.fullmatch(value)):
            yield f"{key} has {value!r}", f"write codes such as {examples}"


def _wrong_text(pattern: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(pattern, str) or not pattern:
        yield f"text is {pattern!r}", "give a pattern, or leave it out"
    elif found := _NOT_PORTABLE.search(pattern):
        yield (
            f"text has {found.group()!r}, which Python and RE2 do not read alike",
            "use letters, [classes], (groups), | and ?",
        )
    else:
        try:
            re.compile(pattern)
        except re.error as error:
            yield f"text is no pattern: {error}", "correct it"


def _rule(record: Mapping[str, Any]) -> Rule:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in record.items()}
    return Rule(bounce_class=values.pop("class"), **values)


def _contradictions(found: Sequence[Rule], name: str) -> Iterator[Problem]:
    """Rules that share an id, and rules that never get a turn."""
    for at, rule in enumerate(found):
        where = f"{name}: rule {at + 1} ({rule.id})"
        for earlier in found[:at]:
            if earlier.id == rule.id:
                yield Problem(where, "has the id of an earlier rule", "give another")
            elif earlier.covers(rule):
                yield Problem(where, f"never applies: {earlier.id} stands before it", "move it up")


def _covers(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """Whether a condition holds wherever another does; an empty one always holds."""
    return not wide or (bool(narrow) and all(any(_within(one, other) for other in wide) for one in narrow))


def _within(code: str, pattern: str) -> bool:
    """Whether every code that one pattern means is meant by another as well."""
    parts, others = (text.split(".") if "." in text else list(text) for text in (code, pattern))
    return all(other in ("x", part) for part, other in zip(parts, others, strict=True))
