"""``report.html``: one file that needs nothing else, complete without scripts and livelier with them.

The page holds SVG charts and, for browsers that run scripts, the same charts' specifications with Vega's bundle. Its
Content-Security-Policy allows nothing from anywhere and only the inline scripts and style named by their hash.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.report import page, palette, words
from warmup.report.runtime import bundle, chart_data, json_safe, policy, script_safe
from warmup.report.svg import fit_for_page
from warmup.report.vega import to_svg

if TYPE_CHECKING:
    import jinja2

    from warmup.planner.plan import Plan
    from warmup.report.vega import Chart

MOST_BYTES = 2_000_000
"""No report is larger: the day sheet's later weeks are left out first."""

_LINK = re.compile(r"https?://[^\s<>\"'|\\^`{}]+")


def write_report(plan: Plan, path: str | Path) -> Path:
    """Write the report.

    Args:
        plan: The plan to show.
        path: The file to write, e.g. ``out/report.html``; its folder is made where missing.

    Returns:
        The path written. The same plan gives the same bytes.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render(plan), encoding="utf-8", newline="\n")
    return target


def render(plan: Plan, most_bytes: int = MOST_BYTES) -> str:
    """The report as text of at most ``most_bytes`` bytes of UTF-8."""
    from markupsafe import Markup

    drawn = page.charts(plan)
    runtime, texts = _draw(drawn.every())
    svg = {c.id: Markup(text) for c, text in zip(drawn.every(), texts, strict=True)}  # noqa: S704 - Vega escaped it
    data = json_safe(chart_data(drawn.every(), plan.providers))
    style, script = style_sheet(), script_safe(_template_text("report.js"))
    values = {
        **page.context(plan, drawn),
        "svg": svg,
        "data": Markup(data),  # noqa: S704 - json_safe left no character that HTML knows
        "runtime": Markup(runtime),  # noqa: S704 (vl-convert's own bundle, nothing of the input)
        "script": Markup(script),  # noqa: S704 (our file)
        "style": Markup(style),  # noqa: S704 (our file)
        "policy": policy([runtime, script], [style]),
        "weeks_cut": False,
    }
    template = environment(plan).get_template("report.html.j2")
    weeks = list(values["weeks"])
    while True:
        text = template.render(values)
        size = len(text.encode())
        if size <= most_bytes or not weeks:
            return text
        # Later weeks are in the sheet too; a tenth at a time keeps this to a few rounds.
        del weeks[-max(1, len(weeks) // 10) :]
        values |= {"weeks": weeks, "weeks_cut": True}


def _draw(charts: tuple[Chart, ...]) -> tuple[str, list[str]]:
    """Vega's bundle and every chart's SVG, on as many threads as help: vl-convert leaves Python while it works."""

    def drawn(at: int, chart: Chart) -> str:
        return fit_for_page(to_svg(chart), f"c{at}", chart.label)

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        runtime = pool.submit(bundle)
        texts = list(pool.map(drawn, range(len(charts)), charts))
        return runtime.result(), texts


def style_sheet() -> str:
    """The page's style, with the dark colours once for the system's wish and once for the button."""
    dark = _template_text("dark.css")
    dark += "\n".join(
        f'ROOT svg [fill="{light}"] {{ fill: {color}; }} ROOT svg [stroke="{light}"] {{ stroke: {color}; }}'
        for light, color in palette.DARK.items()
    )
    wish = dark.replace("ROOT", ":root:not([data-theme=light])")
    button = dark.replace("ROOT", ":root[data-theme=dark]")
    return (
        f"{_template_text('report.css')}@media screen and (prefers-color-scheme: dark) {{\n{wish}\n}}\n"
        f"@media screen {{\n{button}\n}}\n"
    ).replace("\r\n", "\n")


def _template_text(name: str) -> str:
    return resources.files("warmup.report").joinpath("templates", name).read_text(encoding="utf-8")


def linked(text: str) -> Any:
    """Text with its http(s) addresses as links; everything else is escaped, no other scheme becomes a link."""
    from markupsafe import Markup, escape

    out, at = Markup(""), 0
    text = words.visible(str(text))
    for match in _LINK.finditer(text):
        url = match.group().rstrip(".,;:)")
        out += escape(text[at : match.start()])
        out += Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(url, _short_address(url))
        at = match.start() + len(url)
    return out + escape(text[at:])


def _short_address(url: str, most: int = 52) -> str:
    bare = url.split("://", 1)[1].removeprefix("www.").rstrip("/")
    return bare if len(bare) <= most else f"{bare[:most]}…"


def environment(plan: Plan) -> jinja2.Environment:
    """Templates with everything escaped and every name made visible."""
    import jinja2
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        return words.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    env = jinja2.Environment(
        loader=jinja2.PackageLoader("warmup.report", "templates"),
        autoescape=True,
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "day": words.day,
        "day_or": lambda value, other: words.day(value) if value else other,
        "number": words.number,
        "percent": words.percent,
        "count": words.count,
        "change": words.change,
        "signed": words.signed,
        "join_and": words.listing,
        "linked": linked,
        "slug": lambda text: re.sub(r"[^a-z0-9]+", "-", str(text).lower()).strip("-"),
        "names": lambda ids: [plan.providers.get(i, i) for i in ids],
        "capitalize_first": lambda text: text[:1].upper() + text[1:],
        "sourced": words.sourced,
        "in_time": words.in_time,
        "size_date": words.size_date,
        "verdict": words.verdict,
        "lead": words.lead,
        "lower_first": lambda text: text[:1].lower() + text[1:],
    }
    return env
