"""One SMTP reply in Python: for what arrives one by one. Millions of them are for :func:`warmup.bounces.sql`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from warmup.bounces.reply import CODE, ENHANCED
from warmup.bounces.rules import UNDECIDED, BounceClass, Rule, rules

# Letters that only by Unicode's rules are equal to ASCII ones: RE2 knows them, Python in its ASCII mode does not.
_FOLDED = str.maketrans({"ſ": "s", "\N{KELVIN SIGN}": "k"})


@dataclass(frozen=True)
class Cause:
    """What a reply means.

    Attributes:
        bounce_class: ``hard``, ``soft`` or ``block``; ``soft`` where no rule decides.
        code: Basic reply code found in it ("550"); empty: none.
        enhanced: Enhanced status code found in it ("5.1.1"); empty: none.
        cause: Why, in one word of the rules; empty: not known.
        rule: Id of the rule that decided; empty: none did.
    """

    bounce_class: BounceClass
    code: str
    enhanced: str
    cause: str
    rule: str

    @property
    def decided(self) -> bool:
        """Whether a rule spoke; False: the class is only what remains."""
        return bool(self.rule)


def classify_reply(text: str) -> Cause:
    """Say what an SMTP reply means for a message that finally failed.

    Args:
        text: The reply as an export or a server gives it, with or without its codes, in one line or several.

    Returns:
        The class, the codes found and the rule that decided; see :class:`Cause` for what is not known.
    """
    enhanced, code = (_first(pattern, text) for pattern in (_ENHANCED, _CODE))
    folded = text.translate(_FOLDED)
    for rule, applies in _tests():
        if applies(code, enhanced, folded):
            return Cause(rule.bounce_class, code, enhanced, rule.cause, rule.id)
    return Cause(UNDECIDED, code, enhanced, "", "")


_ENHANCED, _CODE = re.compile(ENHANCED), re.compile(CODE)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group(1) if found else ""


@cache
def _tests() -> tuple[tuple[Rule, Callable[[str, str, str], bool]], ...]:
    return tuple((rule, _test(rule)) for rule in rules())


def _test(rule: Rule) -> Callable[[str, str, str], bool]:
    """Whether a rule applies to a basic code, an enhanced code and a text with folded letters."""
    codes, statuses = _meant(rule.code, "[0-9]"), _meant(rule.enhanced, "[0-9]+")
    text = re.compile(rule.text, re.ASCII | re.IGNORECASE)

    def applies(code: str, enhanced: str, folded: str) -> bool:
        return (
            (not rule.code or codes.fullmatch(code) is not None)
            and (not rule.enhanced or statuses.fullmatch(enhanced) is not None)
            and (not rule.text or text.search(folded) is not None)
        )

    return applies


def _meant(codes: tuple[str, ...], number: str) -> re.Pattern[str]:
    """The codes that a condition means."""
    return re.compile("|".join(re.escape(code).replace("x", number) for code in codes))
