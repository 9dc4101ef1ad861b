"""The page's scripts: Vega's own bundle, chart data as JSON that cannot leave its tag, and the policy that allows them.

The bundle comes out of vl-convert, so that no foreign script lies in this tree; Vega-Embed brings an interpreter for
expressions, so the policy needs no ``unsafe-eval``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from warmup.report.vega import CONFIG, VEGALITE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warmup.report.vega import Chart, Columns


@cache
def bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script that sets ``window.vegaEmbed``; about 0.9 MB, made in about 2 s."""
    import vl_convert

    script: str = vl_convert.javascript_bundle("window.vegaEmbed=vegaEmbed;", VEGALITE)
    return script_safe(script)


def script_safe(script: str) -> str:
    r"""A script that cannot end its own tag: ``</script`` and ``<!--`` become the same strings with an escape in them.

    Both can only stand in strings, templates and regular expressions of a script, where ``\/`` is ``/`` and ``\!`` is
    ``!``. Line ends are those that a browser hashes.
    """
    safe = (
        script.replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("</script", "<\\/script")
        .replace("</SCRIPT", "<\\/SCRIPT")
    )
    return safe.replace("<!--", "<\\!--").rstrip("\n")


def json_safe(value: Any) -> str:
    """JSON for a script tag: ASCII, and without ``<``, ``>`` and ``&``, so that no text in it can end the tag."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def digest(text: str) -> str:
    """The hash of an inline script or style as a Content-Security-Policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """A Content-Security-Policy: nothing from anywhere, and inline only what is named by its hash."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(digest(s) for s in scripts)}",
            f"style-src {' '.join(digest(s) for s in styles)}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def chart_data(charts: Iterable[Chart], providers: Iterable[str]) -> dict[str, Any]:
    """Everything the page's script needs: specifications, tables shared between charts, and provider ids by place.

    Columns travel :func:`compact`, and equal columns and specifications only once.
    """
    pool: dict[str, int] = {}

    def keep(value: Any) -> int:
        return pool.setdefault(json.dumps(value, separators=(",", ":")), len(pool))

    def table(columns: Columns) -> dict[str, int]:
        return {name: keep(compact(values)) for name, values in columns.items()}

    made = {
        chart.id: {
            "spec": keep(chart.live_spec()),
            "label": chart.label,
            "tables": {name: table(c) for name, c in {**chart.tables, **chart.hover_tables}.items()},
        }
        for chart in charts
    }
    return {"config": CONFIG, "charts": made, "pool": [json.loads(text) for text in pool], "providers": list(providers)}


def compact(values: list[Any]) -> Any:
    """A column in fewer bytes where that is easy; the page's script undoes it.

    Evenly rising numbers become ``{"from", "step", "n"}``, numbers on a coarse grid (days in milliseconds)
    ``{"from", "step", "at"}``, texts that repeat ``{"words", "at"}``; everything else stays.
    """
    if len(values) > 3 and all(type(v) is int for v in values):
        low = min(values)
        step = math.gcd(*(v - low for v in values))
        if all(b - a == values[1] - values[0] for a, b in pairwise(values)):
            return {"from": values[0], "step": values[1] - values[0], "n": len(values)}
        if step >= 1000:
            return {"from": low, "step": step, "at": [(v - low) // step for v in values]}
    if len(values) > 3 and all(isinstance(v, str) for v in values):
        words = list(dict.fromkeys(values))
        place = {word: at for at, word in enumerate(words)}
        return {"words": words, "at": [place[v] for v in values]} if len(words) * 4 < len(values) else values
    return values
