"""A data request as plain text: to be read at 80 columns, and to be pasted into a mail to the customer."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from warmup.report.guard import plain
from warmup.traffic.request.library import MINIMUM, RANGE

if TYPE_CHECKING:
    from warmup.traffic.request.model import Ask, Call, DataRequest, Limit, Source

_NAMES: Mapping[str, str] = {
    "injected": "messages sent",
    "delivered": "delivered",
    "hard": "hard bounces",
    "soft": "soft bounces",
    "block": "block bounces",
    "deferred_msgs": "messages deferred",
    "deferred_events": "deferrals",
    "oob": "late bounces",
    "suppressed": "suppressed messages",
    "complaint": "complaints",
    "unsub": "unsubscribes",
    "click": "clicks",
    "open_human": "opens by people",
    "open_any": "opens of any kind",
}
"""Measures as a customer knows them."""

_RULE = "-"
_EACH = "To look at them, one by one, because answers about the same mail must not be added up:"


def text(request: DataRequest, width: int = 80) -> str:
    """The whole request.

    Args:
        request: What is asked for.
        width: Columns of running text; commands are never broken.
    """
    return "\n".join(_lines(request, width)).rstrip() + "\n"


def _lines(request: DataRequest, width: int) -> Iterator[str]:
    days = (request.last - request.first).days + 1
    yield f"Data request: {request.title}"
    yield f"Days wanted: {request.first} to {request.last} ({days} days)"
    enough = "" if days >= MINIMUM else " These are fewer."
    yield from _wrapped(
        f"A plan needs at least {MINIMUM} days; from {RANGE} days on it can also say how sure its dates are.{enough}",
        width,
    )
    yield from ("", "FIRST: WHAT CAN STILL BE HAD", "")
    for limit in request.limits:
        yield from _bullet(_limit(limit), width)
    yield from ("", "WHAT WE ASK FOR", "")
    yield from _wrapped("Counts, not people: please send no addresses, no names and no message texts.", width)
    for number, ask in enumerate(request.asks, 1):
        yield ""
        yield from _ask(ask, number, width)
    yield from _engagement(request, len(request.asks) + 1, width)
    yield from _reading(request, width)


def _ask(ask: Ask, number: int, width: int) -> Iterator[str]:
    yield f"{number}. {ask.title}"
    inner = width - 3
    zone = f", days in {ask.zone}" if ask.zone else ""
    lines: list[str] = []
    if ask.first and ask.last:
        cut = f" (not more: {ask.short})" if ask.short else ""
        lines += _wrapped(f"{ask.first} to {ask.last}{zone}{cut}. {ask.why}", inner)
    else:
        lines += _wrapped(f"Not any more: {ask.short}.", inner)
    lines += _wrapped(ask.addresses, inner)
    for step in ask.steps:
        lines += _bullet(step, inner)
    if ask.calls:
        lines += _calls(ask.calls, inner)
    for note in ask.notes:
        lines += _bullet(note, inner)
    yield from (f"   {line}".rstrip() for line in lines)


def _calls(calls: Sequence[Call], width: int) -> Iterator[str]:
    """The first call in full; what differs of the others."""
    first, *others = calls
    yield ""
    # A name that somebody typed on the command line stands here: no control character may reach a terminal.
    yield from (f"  {plain(line)}" for line in first.text.split("\n"))
    yield ""
    if first.language != "shell":
        yield f"Save as {plain(first.save)}"
    for call in others:
        yield from _bullet(f"The same for {plain(call.about)}, saved as {plain(call.save)}", width)
    if others:
        yield from _wrapped(f"(in place of {plain(first.about)}; --format json writes every call out)", width)


def _engagement(request: DataRequest, number: int, width: int) -> Iterator[str]:
    asked = request.engagement
    yield ""
    yield f"{number}. {asked.title}"
    lines = _wrapped(asked.why, width - 3)
    lines += [line for step in asked.steps for line in _bullet(step, width - 3)]
    if asked.platform:
        lines += _bullet(asked.platform, width - 3)
    yield from (f"   {line}".rstrip() for line in lines)


def _reading(request: DataRequest, width: int) -> Iterator[str]:
    """What is not for the customer: how the answers are read, what they do not say, and where all this is from."""
    asks = request.asks
    yield from ("", _RULE * width, "NOT FOR THE CUSTOMER: WHEN THE ANSWER IS THERE", "")
    scenario = [line for ask in asks for line in ask.scenario]
    if scenario:
        yield "For the plan, all together, in the scenario (at its top, or under their stream):"
        yield from ("", "  history = [", *(f"      {plain(line)}," for line in scenario), "  ]", "")
    yield from _wrapped(_EACH if len({line for ask in asks for line in ask.read}) > 1 else "To look at it:", width)
    yield ""
    yield from (f"  {plain(line)}" for line in dict.fromkeys(line for ask in asks for line in ask.read))
    yield from ("", "The SELECT for the recipients, in the customer's dialect:", "", f"  {request.engagement.command}")
    for number, ask in enumerate(asks, 1):
        yield from ("", f"{number}. {ask.title}")
        for line in _about(ask, known=ask.reader in {before.reader for before in asks[: number - 1]}):
            yield from (f"   {part}" for part in _bullet(line, width - 3))
    yield ""
    yield from _wrapped("What each export can say: warmup traffic capabilities", width)


def _about(ask: Ask, *, known: bool) -> Iterator[str]:
    """What is known of an answer; ``known``: what its kind of export says stands there already."""
    yield from ask.ours
    if ask.lacks and not known:
        yield f"Cannot say: {', '.join(_NAMES[name] for name in ask.lacks)}."
    if ask.differs and not known:
        how = "; ".join(f"{_NAMES.get(what, what)}: {how}" for what, how in ask.differs.items())
        yield f"Counted in a way of its own: {how}."
    yield f"Source: {_origin(ask.origin)}"


def _limit(limit: Limit) -> str:
    said = limit.origin.checked or "not checked" in limit.text
    return limit.text if said else f"{limit.text} [not checked]"


def _origin(origin: Source) -> str:
    checked = "" if origin.checked else "; not checked"
    return f"{origin.source} ({origin.date:%Y-%m}{checked})"


def _wrapped(words: str, width: int) -> list[str]:
    return textwrap.wrap(plain(words), width, break_long_words=False, break_on_hyphens=False)


def _bullet(words: str, width: int) -> list[str]:
    return textwrap.wrap(
        plain(words), width, initial_indent="* ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
