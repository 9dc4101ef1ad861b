"""SVG as Vega writes it, made fit to stand many times in one page: small, with ids of its own, with a spoken name.

Only whole tags are touched; text content stays exactly as Vega escaped it.
"""

from __future__ import annotations

import re
from html import escape

_TAG = re.compile(r"<[^<>]+>")
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_GEOMETRY = re.compile(r' (?:d|transform|x|y|x1|x2|y1|y2|width|height)="[^"]*"')
_DROP = re.compile(
    r' (?:class|role|aria-hidden|aria-label|aria-roledescription|pointer-events|style|xmlns:xlink|version)="[^"]*"'
    r'|(?<=[^-]) opacity="1"| stroke-miterlimit="10"| stroke-width="1"(?=[ />])| font-weight="normal"'
)
_PATH = re.compile(r' d="([^"]*)"')
_POINT = re.compile(r"([ML])(-?[\d.]+),(-?[\d.]+)")
_ID = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r"url\(#([^)]*)\)")
_EMPTY_GROUP = re.compile(r"<g(?: [^<>]*)?></g>")
_BACKGROUND = re.compile(r'<path d="M0,0h0v0h0Z"[^<>]*/?>(?:</path>)?')


def _short(match: re.Match[str]) -> str:
    text = f"{float(match.group()):.1f}"
    return text.removesuffix(".0")


def _straight(match: re.Match[str]) -> str:
    """A path of steps with ``H`` and ``V``, and without the points between two of the same direction."""
    path = match.group(1)
    if _POINT.sub("", path).strip("Z"):
        return match.group()
    out: list[str] = []
    last = ("", "")
    for command, x, y in _POINT.findall(path):
        if command == "M":
            out.append(f"M{x},{y}")
        elif (x, y) == last:
            continue
        elif y == last[1]:
            step = f"H{x}"
            out[-1:] = [step] if out[-1][0] == "H" else [out[-1], step]
        elif x == last[0]:
            step = f"V{y}"
            out[-1:] = [step] if out[-1][0] == "V" else [out[-1], step]
        else:
            out.append(f"L{x},{y}")
        last = (x, y)
    closed = "Z" if path.endswith("Z") else ""
    return f' d="{"".join(out)}{closed}"'


def _tag(tag: str, names: dict[str, str]) -> str:
    tag = _DROP.sub("", tag)
    tag = _GEOMETRY.sub(lambda m: _NUMBER.sub(_short, m.group()), tag)
    tag = _PATH.sub(_straight, tag)
    tag = _ID.sub(lambda m: f' id="{names[m.group(1)]}"', tag)
    return _REFERENCE.sub(lambda m: f"url(#{names.get(m.group(1), '')})", tag)


def fit_for_page(svg: str, prefix: str, label: str) -> str:
    """Make one drawing fit for the page.

    Args:
        svg: The SVG text of one chart.
        prefix: Put before every id, so that two charts' clip paths do not meet; letters, digits and ``-``.
        label: What a screen reader says; the shapes inside are hidden from it.

    Returns:
        The SVG with numbers of one decimal, without Vega's class names and roles, and with ``role="img"``.
    """
    # Vega counts clip paths over all charts it ever drew: numbered anew, the same chart is the same text.
    found = dict.fromkeys(_ID.findall("".join(_TAG.findall(svg))))
    names = {name: f"{prefix}-{at}" for at, name in enumerate(found)}
    slim = _TAG.sub(lambda m: _tag(m.group(), names), svg)
    slim = _BACKGROUND.sub("", slim)
    before = ""
    while before != slim:
        before, slim = slim, _EMPTY_GROUP.sub("", slim)
    return slim.replace("<svg ", f'<svg role="img" aria-label="{escape(label, quote=True)}" ', 1)
