"""The rules as one DuckDB expression: for events by the million, without Python in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from warmup.bounces.reply import CODE, ENHANCED
from warmup.bounces.rules import BOUNCE_CLASSES, UNDECIDED, BounceClass, Rule, rules

# Names inside the expression; long, so that they hide no column of whoever uses it.
_REPLY, _ENHANCED = "smtp_reply_text", "smtp_reply_enhanced"

_NAMES: Mapping[BounceClass, str] = {name: f"'{name}'" for name in BOUNCE_CLASSES}


def sql(expression: str, results: Mapping[BounceClass, str] = _NAMES) -> str:
    """The DuckDB expression for what an SMTP reply means; :func:`warmup.bounces.classify_reply` says the same.

    Args:
        expression: SQL for the reply's text, written by us, never by a person; a NULL is a reply that says nothing.
        results: SQL for each class; default: its name as text.

    Returns:
        SQL in parentheses, of the type of the results, never NULL. The expression is evaluated once per row, and so is
        the search for an enhanced code.
    """
    branches = " ".join(f"WHEN {condition} THEN {results[name]}" for name, condition in _branches())
    decision = f"CASE {branches} ELSE {results[UNDECIDED]} END"
    # A lambda over a list of one gives a value a name: a CASE would evaluate it again in every branch.
    inner = f"list_transform([{_first(ENHANCED)}], lambda {_ENHANCED}: {decision})[1]"
    return f"(list_transform([coalesce({expression}, '')], lambda {_REPLY}: {inner})[1])"


def _branches() -> Iterator[tuple[BounceClass, str]]:
    """Conditions in the order of the rules; neighbours of one class are one condition."""
    for (name, shape), group in groupby(rules(), lambda rule: (rule.bounce_class, _shape(rule))):
        if shape == "text":  # one pattern is searched for in one pass, however much it holds
            yield name, _found("|".join(f"(?:{rule.text})" for rule in group))
        else:
            yield name, " OR ".join(_condition(rule) for rule in group)


def _shape(rule: Rule) -> str:
    """Rules of one shape may share a condition: those of codes alone, those of text alone, each of both by itself."""
    if not rule.text:
        return "codes"
    return rule.id if rule.code or rule.enhanced else "text"


def _condition(rule: Rule) -> str:
    parts = []
    if rule.enhanced:
        parts.append(_is_one_of(_ENHANCED, rule.enhanced, "%"))
    if rule.code:
        # Not named: only what no enhanced code decided comes this far.
        parts.append(_is_one_of(_first(CODE), rule.code, "_"))
    if not rule.text:
        return f"({' AND '.join(parts)})"
    # The text is looked at only where the codes fit: a CASE waits, an AND does not.
    return f"CASE WHEN {' AND '.join(parts)} THEN {_found(rule.text)} ELSE false END"


def _first(pattern: str) -> str:
    return f"regexp_extract({_REPLY}, {_text(pattern)}, 1)"


def _found(pattern: str) -> str:
    return f"regexp_matches({_REPLY}, {_text('(?i)' + pattern)})"


def _is_one_of(value: str, codes: tuple[str, ...], number: str) -> str:
    """Whether a code is one of those that a condition means; ``x`` becomes what LIKE calls any number."""
    exact = ", ".join(_text(code) for code in codes if "x" not in code)
    alike = [f"{value} LIKE {_text(code.replace('x', number))}" for code in codes if "x" in code]
    return f"({' OR '.join([f'{value} IN ({exact})', *alike] if exact else alike)})"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
