"""What the page's charts are made of: a Vega-Lite specification, its data, axes and layers, and the way to an SVG.

Data travels as columns; dates are milliseconds of UTC midnights, so that no reader's time zone shifts a day. A
specification is written with Altair without its data; the SVG and the script add the same columns.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import altair as alt
from altair.utils import schemapi

from warmup.report import palette
from warmup.report.series import place_markers, week_ticks

if TYPE_CHECKING:
    from warmup.report.series import Marker

FONT = "Arial, 'Liberation Sans', sans-serif"
WIDE, NARROW = 860, 340
LABEL_PIXELS = 5.7
"""Mean width of a character of an 11-pixel label."""
ROW_PIXELS = 14
DAY_MS = 86_400_000

Spec = dict[str, Any]
Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Chart:
    """One chart: its specification without data, the data by name, its size and what a screen reader says.

    ``hover`` is a layer that only the interactive chart gets: an invisible bar per day that answers with its numbers.
    """

    id: str
    spec: Spec
    tables: dict[str, Columns]
    width: int
    height: int
    label: str
    hover: list[Spec] = field(default_factory=list)
    hover_tables: dict[str, Columns] = field(default_factory=dict)

    def static_spec(self) -> Spec:
        """The specification with its data, for drawing the SVG."""
        return {
            **self.spec,
            "config": CONFIG,
            "datasets": {name: rows(columns) for name, columns in self.tables.items()},
        }

    def live_spec(self) -> Spec:
        """The specification with the hover layer and without data, for the page's script."""
        spec = {key: value for key, value in self.spec.items() if key != "$schema"}
        return {**spec, "layer": [*spec["layer"], *self.hover]} if self.hover else spec


def rows(columns: Columns) -> list[dict[str, Any]]:
    """Columns as the list of records that Vega wants."""
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def stamp(day: date) -> int:
    """Milliseconds of the day's midnight in UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def exact(value: int | list[int]) -> alt.ExprRef:
    """Milliseconds as an expression: Vega-Lite would write ``datetime(n)``, which Vega's interpreter gets wrong."""
    return alt.ExprRef(str(value))


def time_axis(dates: tuple[date, ...], ticks: int, grid: bool = False) -> alt.X:
    """Days along the foot, from the first to the end of the last; at most ``ticks`` labels."""
    end = dates[-1] + timedelta(1)
    return alt.X(
        "d:T",
        scale=alt.Scale(type="utc", domainMin=exact(stamp(dates[0])), domainMax=exact(stamp(end)), nice=False),
        axis=alt.Axis(
            title=None,
            grid=grid,
            values=exact([stamp(tick) for tick in week_ticks(dates, ticks)]),
            labelExpr="utcFormat(datum.value, '%-d %b')",
            labelFlush=False,
            labelOverlap=True,
        ),
    )


def value_axis(column: str, top: float, title: str | None, log_from: int = 0, ticks: int = 5) -> alt.Y:
    """Messages from 0, or from ``log_from`` on a log scale, to ``top``; short numbers, no title where None."""
    if not log_from:
        # An expression, because a common prefix for all ticks would print "0k".
        axis = alt.Axis(title=title, labelExpr="format(datum.value, '~s')", tickCount=ticks, grid=True)
        return alt.Y(f"{column}:Q", scale=alt.Scale(domain=[0, top], nice=False), axis=axis)
    tens = [10**n for n in range(math.ceil(math.log10(top))) if 10**n >= log_from]
    axis = alt.Axis(title=title, format="~s", values=tens, grid=True)
    return alt.Y(f"{column}:Q", scale=alt.Scale(type="log", domain=[log_from, top], nice=False, clamp=True), axis=axis)


def log_floor(values: list[int], top: float) -> int:
    """Where a log axis starts: the power of ten at or below the smallest positive value, two decades under the top."""
    least = min((v for v in values if v > 0), default=1)
    power: int = 10 ** max(0, min(math.floor(math.log10(least)), math.floor(math.log10(top)) - 2))
    return power


CONFIG: Spec = {
    "font": FONT,
    "background": None,
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        "labelColor": palette.AXIS,
        "titleColor": palette.AXIS,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "gridColor": palette.GRID,
        "domainColor": palette.GRID,
        "tickColor": palette.GRID,
    },
}
"""Fonts and colours of every chart, kept once in the page; the background stays the page's."""


def sized(chart: Any, width: int, height: int, top: int = 6) -> Spec:
    """The chart's specification at a fixed outer size with room for labels above it."""
    finished = chart.properties(
        width=width,
        height=height,
        padding={"left": 4, "right": 14, "top": top, "bottom": 4},
        autosize=alt.AutoSizeParams(type="fit", contains="padding"),
    )
    spec: Spec = finished.to_dict(validate=schemapi.DEBUG_MODE)
    spec.pop("config", None)  # the theme of whoever imported Altair first must not change the report
    return spec


def named_data(name: str) -> alt.NamedData:
    """Data that comes with the specification under a name."""
    return alt.NamedData(name=name)


def step_table(dates: tuple[date, ...], columns: Columns) -> Columns:
    """Columns by day with one more row at the end, so that the last step is as wide as the others."""
    stamps = [stamp(day) for day in dates]
    out: Columns = {"d": [*stamps, stamps[-1] + DAY_MS]}
    for name, values in columns.items():
        out[name] = [*values, values[-1]]
    return out


def area_layer(color: str, y: alt.Y, x: alt.X | None = None, base: float | None = None) -> Any:
    """A filled step line; one layer of a chart says what ``x`` is."""
    chart = alt.Chart(named_data("t")).mark_area(interpolate="step-after", color=color, clip=True)
    x = x or alt.X("d:T")
    return chart.encode(x=x, y=y) if base is None else chart.encode(x=x, y=y, y2=alt.Y2Datum(base))


def line_layer(column: str, color: str, width: float) -> Any:
    """A step line."""
    mark = alt.Chart(named_data("t")).mark_line(interpolate="step-after", color=color, strokeWidth=width, clip=True)
    return mark.encode(x=alt.X("d:T"), y=alt.Y(f"{column}:Q"))


def hover_bars(tooltips: list[tuple[str, str]], data: str = "hover") -> Spec:
    """An invisible bar per day that shows the day's numbers; ``tooltips`` are (column, title) of the table ``data``."""
    fields = [
        {"field": column, "title": title, "type": "nominal"}
        if column in ("day", "why")
        else {"field": column, "title": title, "type": "quantitative", "format": ",d"}
        for column, title in tooltips
    ]
    return {
        "data": {"name": data},
        "mark": {"type": "bar", "fill": "transparent", "cursor": "crosshair", "clip": True},
        "encoding": {
            "x": {"field": "d", "type": "temporal"},
            "x2": {"field": "e"},
            "y": {"value": 0},
            "y2": {"value": "height"},
            "tooltip": fields,
        },
    }


def hover_table(dates: tuple[date, ...], columns: Columns) -> Columns:
    """Columns for the hover bars; the script adds the end ``e`` and the words ``day``."""
    return {"d": [stamp(day) for day in dates], **columns}


def marker_layers(
    markers: tuple[Marker, ...], dates: tuple[date, ...], width: int
) -> tuple[list[Any], dict[str, Columns], int]:
    """Vertical lines with labels above the chart: layers, data, and the room they need at the top."""
    if not markers:
        return [], {}, 6
    plot = width - 70
    pixels = plot / len(dates)
    at = [((m.day - dates[0]).days + 0.5) * pixels for m in markers]
    texts = [m.label for m in markers]
    places = place_markers(markers, at, [LABEL_PIXELS * len(t) + 10 for t in texts], plot)
    layers: list[Any] = []
    tables: dict[str, Columns] = {}
    for index, (marker, text, (row, left)) in enumerate(zip(markers, texts, places, strict=True)):
        name = f"m{index}"
        top = -4 - ROW_PIXELS * row
        tables[name] = {"d": [stamp(marker.day) + DAY_MS // 2], "text": [text]}
        base = alt.Chart(named_data(name)).encode(x=alt.X("d:T"))
        if not marker.later:  # what is later has no place in the chart, only words at its end
            dash = [1, 0] if marker.firm else [3, 2]
            rule = base.mark_rule(color=palette.MARKER, strokeWidth=1, strokeDash=dash, clip=False)
            layers.append(rule.encode(y=alt.value(top - 6), y2=alt.value("height")))
        layers.append(
            base.mark_text(
                align="right" if left else "left",
                baseline="middle",
                dx=-4 if left else 4,
                fontSize=11,
                color=palette.MARKER,
                clip=False,
            ).encode(y=alt.value(top - 2), text="text:N")
        )
    return layers, tables, 4


def quiet_bands(dates: tuple[date, ...], kinds: list[str]) -> Columns:
    """Runs of days that are not ordinary sending days, as spans."""
    out: Columns = {"d": [], "e": []}
    for index, kind in enumerate(kinds):
        if kind in ("send", "peak", ""):
            continue
        at = stamp(dates[index])
        if out["e"] and out["e"][-1] == at:
            out["e"][-1] = at + DAY_MS
        else:
            out["d"].append(at)
            out["e"].append(at + DAY_MS)
    return out


def to_svg(chart: Chart) -> str:
    """The chart as SVG text, as Vega writes it."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(json.dumps(chart.static_spec()), vl_version=VEGALITE)
    return drawn


VEGALITE = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
"""Version of Vega-Lite that Altair writes and both the SVG and the page's script are drawn with."""
