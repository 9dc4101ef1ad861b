"""The page's charts: one Vega-Lite specification each, drawn to SVG here and made interactive by the page's script.

Data travels as columns; dates are milliseconds of UTC midnights, so that no reader's time zone shifts a day. A
specification is written with Altair without its data; the SVG and the script add the same columns.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import altair as alt
from altair.utils import schemapi

from warmup.report import palette, words
from warmup.report.series import (
    DailyRamp,
    FinishChart,
    HeatMap,
    IpLoad,
    Marker,
    ProviderRamp,
    RollbackRow,
    heat_runs,
    place_labels,
    week_ticks,
)

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


def _exact(value: int | list[int]) -> alt.ExprRef:
    """Milliseconds as an expression: Vega-Lite would write ``datetime(n)``, which Vega's interpreter gets wrong."""
    return alt.ExprRef(str(value))


def _time_axis(dates: tuple[date, ...], ticks: int, grid: bool = False) -> alt.X:
    end = dates[-1] + timedelta(1)
    return alt.X(
        "d:T",
        scale=alt.Scale(type="utc", domainMin=_exact(stamp(dates[0])), domainMax=_exact(stamp(end)), nice=False),
        axis=alt.Axis(
            title=None,
            grid=grid,
            values=_exact([stamp(tick) for tick in week_ticks(dates, ticks)]),
            labelExpr="utcFormat(datum.value, '%-d %b')",
            labelFlush=False,
            labelOverlap=True,
        ),
    )


def _value_axis(column: str, top: float, title: str | None, log_from: int = 0, ticks: int = 5) -> alt.Y:
    if not log_from:
        # An expression, because a common prefix for all ticks would print "0k".
        axis = alt.Axis(title=title, labelExpr="format(datum.value, '~s')", tickCount=ticks, grid=True)
        return alt.Y(f"{column}:Q", scale=alt.Scale(domain=[0, top], nice=False), axis=axis)
    tens = [10**n for n in range(math.ceil(math.log10(top))) if 10**n >= log_from]
    axis = alt.Axis(title=title, format="~s", values=tens, grid=True)
    return alt.Y(f"{column}:Q", scale=alt.Scale(type="log", domain=[log_from, top], nice=False), axis=axis)


def _log_floor(values: list[int], top: float) -> int:
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


def _sized(chart: Any, width: int, height: int, top: int = 6) -> Spec:
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


def _named(name: str) -> alt.NamedData:
    return alt.NamedData(name=name)


def _steps(dates: tuple[date, ...], columns: dict[str, list[int]]) -> Columns:
    """Columns by day with one more row at the end, so that the last step is as wide as the others."""
    stamps = [stamp(day) for day in dates]
    out: Columns = {"d": [*stamps, stamps[-1] + DAY_MS]}
    for name, values in columns.items():
        out[name] = [*values, values[-1]]
    return out


def _area(color: str, y: alt.Y, x: alt.X | None = None, base: float | None = None) -> Any:
    chart = alt.Chart(_named("t")).mark_area(interpolate="step-after", color=color, clip=True)
    x = x or alt.X("d:T")
    return chart.encode(x=x, y=y) if base is None else chart.encode(x=x, y=y, y2=alt.Y2Datum(base))


def _line(column: str, color: str, width: float) -> Any:
    mark = alt.Chart(_named("t")).mark_line(interpolate="step-after", color=color, strokeWidth=width, clip=True)
    return mark.encode(x=alt.X("d:T"), y=alt.Y(f"{column}:Q"))


def _hover(tooltips: list[tuple[str, str]]) -> Spec:
    """An invisible bar per day that shows the day's numbers; ``tooltips`` are (column, title)."""
    fields = [
        {"field": column, "title": title, "type": "nominal"}
        if column in ("day", "why")
        else {"field": column, "title": title, "type": "quantitative", "format": ",d"}
        for column, title in tooltips
    ]
    return {
        "data": {"name": "hover"},
        "mark": {"type": "bar", "fill": "transparent", "cursor": "crosshair", "clip": True},
        "encoding": {
            "x": {"field": "d", "type": "temporal"},
            "x2": {"field": "e"},
            "y": {"value": 0},
            "y2": {"value": "height"},
            "tooltip": fields,
        },
    }


def _hover_table(dates: tuple[date, ...], columns: Columns) -> Columns:
    """Columns for the hover bars; the script adds the end ``e`` and the words ``day``."""
    return {"d": [stamp(day) for day in dates], **columns}


def _marks(
    markers: tuple[Marker, ...], dates: tuple[date, ...], width: int
) -> tuple[list[Any], dict[str, Columns], int]:
    """Vertical lines with labels above the chart: layers, data, and the room they need at the top."""
    if not markers:
        return [], {}, 6
    plot = width - 70
    pixels = plot / len(dates)
    at = [((m.day - dates[0]).days + 0.5) * pixels for m in markers]
    texts = [f"{m.text}, {words.day_month(m.day)}" for m in markers]
    places = place_labels(at, [LABEL_PIXELS * len(t) + 10 for t in texts], plot)
    layers: list[Any] = []
    tables: dict[str, Columns] = {}
    for index, (marker, text, (row, left)) in enumerate(zip(markers, texts, places, strict=True)):
        name = f"m{index}"
        top = -4 - ROW_PIXELS * row
        tables[name] = {"d": [stamp(marker.day) + DAY_MS // 2], "text": [text]}
        base = alt.Chart(_named(name)).encode(x=alt.X("d:T"))
        layers.append(
            base.mark_rule(color=palette.MARKER, strokeWidth=1, strokeDash=[3, 2], clip=False).encode(
                y=alt.value(top - 6), y2=alt.value("height")
            )
        )
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


def _bands(dates: tuple[date, ...], kinds: list[str]) -> Columns:
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


def ramp_chart(ramp: DailyRamp, width: int, height: int = 320) -> Chart:
    """All mail per day, stacked by destination, with the supply line, markers and quiet days."""
    order = [("dedicated", palette.DEDICATED), ("overflow", palette.OVERFLOW), ("legacy", palette.LEGACY)]
    order.append(("unplaced", palette.UNPLACED))
    total = [0] * len(ramp.dates)
    stacked: dict[str, list[int]] = {}
    for name, _ in order:
        total = [a + b for a, b in zip(total, ramp.parts[name], strict=True)]
        stacked[name] = total
    top = max(1, *total, *ramp.supply) * 1.04
    x = _time_axis(ramp.dates, 10 if width > 500 else 4)
    marks, mark_tables, room = _marks(ramp.markers, ramp.dates, width)
    layers: list[Any] = []
    bands = _bands(ramp.dates, ramp.kinds)
    if bands["d"]:
        layers.append(alt.Chart(_named("bands")).mark_rect(color=palette.BAND).encode(x=alt.X("d:T"), x2="e:T"))
    # Painted from the whole stack down, so that each colour needs one path from zero.
    for name, color in reversed(order):
        if any(ramp.parts[name]):
            layers.append(_area(color, _value_axis(name, top, "messages a day")))
    layers[0].encoding.x = x  # one layer says what the axis is; Vega-Lite would join the same words said twice
    layers += [_line("supply", palette.SUPPLY, 0.8), *marks]
    tables = {"t": _steps(ramp.dates, {**stacked, "supply": ramp.supply}), **mark_tables}
    tips = [(name, words.DESTINATION_WORDS[name]) for name, _ in order if any(ramp.parts[name])]
    hover = {name: ramp.parts[name] for name, _ in tips}
    return Chart(
        id=f"ramp-{width}",
        spec=_sized(alt.layer(*layers), width, height, room),
        tables={**tables, "bands": bands} if bands["d"] else tables,
        width=width,
        height=height,
        label="Messages per day on the new dedicated IPs, the new platform's overflow and the legacy platform",
        hover=[_hover([("day", "Day"), ("supply", "supply"), *tips])],
        hover_tables={"hover": _hover_table(ramp.dates, {"supply": ramp.supply, **hover})},
    )


def _ceiling(values: list[int], headroom: float) -> float:
    return max(10.0, max(values, default=1) * headroom)


def provider_chart(ramp: ProviderRamp, log: bool) -> Chart:
    """One mailbox provider: mail due (grey), sent from dedicated IPs (blue), cap (line)."""
    top = _ceiling([*ramp.due, *ramp.sent], 12 if log else 1.15)
    floor = _log_floor([*ramp.sent, *ramp.cap], top) if log else 0
    shown = {
        "due": [max(v, floor) for v in ramp.due],
        "sent": [max(v, floor) for v in ramp.sent],
        # Above the chart the line leaves it: a cap far over the supply would flatten everything else.
        "cap": [min(max(v, floor), round(top * 1.5)) for v in ramp.cap],
    }
    x = _time_axis(ramp.dates, 4)
    ticks = 4
    layers = [
        _area(palette.LEGACY, _value_axis("due", top, None, floor, ticks), x, floor),
        _area(palette.DEDICATED, alt.Y("sent:Q"), base=floor),
        _line("cap", palette.CAP, 1.6),
    ]
    return Chart(
        id=f"p-{ramp.id}-{'log' if log else 'lin'}",
        spec=_sized(alt.layer(*layers), 320, 170),
        tables={"t": _steps(ramp.dates, shown)},
        width=320,
        height=170,
        label=f"{words.visible(ramp.name)}: mail due, sent from the new IPs, and cap per day, "
        f"{'log' if log else 'linear'} scale",
        hover=[_hover([("day", "Day"), ("sent", "sent"), ("cap", "cap"), ("due", "due"), ("why", "why not more")])],
        hover_tables={
            "hover": _hover_table(
                ramp.dates,
                {
                    "sent": ramp.sent,
                    "cap": ramp.cap,
                    "due": ramp.due,
                    "why": [words.limit_name(x) for x in ramp.limits],
                },
            )
        },
    )


def load_chart(load: IpLoad) -> Chart:
    """Messages per IP of one group against its capacity, on a log scale: the capacity is far above most ramps."""
    top = max(load.capacity, *load.per_ip) * 2
    x = _time_axis(load.dates, 5)
    floor = _log_floor(load.per_ip, top)
    shown = {"sent": [max(v, floor) for v in load.per_ip], "cap": [load.capacity] * len(load.dates)}
    layers = [
        _area(palette.DEDICATED, _value_axis("sent", top, "messages per IP", floor), x, floor),
        _line("cap", palette.CAP, 1.6),
    ]
    return Chart(
        id=f"load-{load.name}",
        spec=_sized(alt.layer(*layers), 420, 200),
        tables={"t": _steps(load.dates, shown)},
        width=420,
        height=200,
        label=f"Messages per IP and day in {words.visible(load.name)}; capacity {words.number(load.capacity)}",
        hover=[_hover([("day", "Day"), ("sent", "per IP"), ("cap", "capacity")])],
        hover_tables={"hover": _hover_table(load.dates, {"sent": load.per_ip, "cap": shown["cap"]})},
    )


def _row_names(names: list[str]) -> list[str]:
    """Names for the rows of a chart: visible, and different from each other."""
    seen: dict[str, int] = {}
    out = []
    for name in (words.visible(n) for n in names):
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out


def _row_axis(names: list[str], width: int) -> alt.Y:
    limit = 190 if width > 500 else 92
    return alt.Y(
        "row:N",
        sort=None,
        scale=alt.Scale(domain=names, paddingInner=0.12, paddingOuter=0.05),
        axis=alt.Axis(title=None, labelLimit=limit, ticks=False, domain=False),
    )


def heat_chart(heat: HeatMap, width: int) -> Chart:
    """Provider by day: the darker, the more of the provider's mail the new IPs carry."""
    names = _row_names([name for name, _ in heat.rows])
    cells: Columns = {"d": [], "e": [], "row": [], "c": []}
    hover: Columns = {"d": [], "row": [], "share": []}
    start = stamp(heat.dates[0])
    for name, (_, shares) in zip(names, heat.rows, strict=True):
        for first, end, step in heat_runs(shares):
            for key, value in zip(cells, (start + first * DAY_MS, start + end * DAY_MS, name, step), strict=True):
                cells[key].append(value)
        for day, share in enumerate(shares):
            if share is not None:
                for key, value in zip(hover, (start + day * DAY_MS, name, round(share, 3)), strict=True):
                    hover[key].append(value)
    height = 24 + 20 * len(names)
    rect = alt.Chart(_named("t")).mark_rect(clip=True)
    chart = rect.encode(
        x=_time_axis(heat.dates, 10 if width > 500 else 3),
        x2="e:T",
        y=_row_axis(names, width),
        color=alt.Color(
            "c:O",
            legend=None,
            scale=alt.Scale(domain=list(range(len(palette.HEAT_STEPS))), range=[c for _, c, _ in palette.HEAT_STEPS]),
        ),
    )
    live = _hover([("day", "Day"), ("row", "Mailbox provider")])
    live["encoding"]["tooltip"][1]["type"] = "nominal"
    live["encoding"]["tooltip"][1].pop("format")
    live["encoding"]["tooltip"].append(
        {"field": "share", "title": "on the new IPs", "type": "quantitative", "format": ".1%"}
    )
    live["encoding"]["y"] = {"field": "row", "type": "nominal"}
    live["encoding"].pop("y2")
    return Chart(
        id=f"heat-{width}",
        spec=_sized(alt.layer(chart), width, height),
        tables={"t": cells},
        width=width,
        height=height,
        label="Share of each mailbox provider's mail on the new dedicated IPs, per day",
        hover=[live],
        hover_tables={"hover": hover},
    )


def rollback_chart(lines: tuple[RollbackRow, ...], dates: tuple[date, ...], width: int) -> Chart:
    """Per provider the days on which legacy could take its mail back on the next day."""
    names = _row_names([line.name for line in lines])
    spans: Columns = {"d": [], "e": [], "row": []}
    for name, line in zip(names, lines, strict=True):
        for first, end in line.spans:
            for key, value in zip(spans, (stamp(first), stamp(end), name), strict=True):
                spans[key].append(value)
    height = 24 + 20 * len(names)
    chart = (
        alt.Chart(_named("t"))
        .mark_rect(color=palette.CARRY, clip=True)
        .encode(x=_time_axis(dates, 10 if width > 500 else 3, grid=True), x2="e:T", y=_row_axis(names, width))
    )
    return Chart(
        id=f"rollback-{width}",
        spec=_sized(alt.layer(chart), width, height),
        tables={"t": spans},
        width=width,
        height=height,
        label="Days on which the legacy platform could carry each mailbox provider's mail of the next day",
    )


def finish_charts(finish: FinishChart) -> tuple[Chart, Chart]:
    """Two histograms on the same axis: finish dates if nothing is held, and with the assumed holds."""
    last = finish.starts[-1] + timedelta(finish.width - 1)
    dates = tuple(finish.starts[0] + timedelta(n) for n in range((last - finish.starts[0]).days + 1))
    top = max(1, *finish.free, *finish.held) * 1.05
    made = []
    for key, counts, color in (("free", finish.free, palette.DEDICATED), ("held", finish.held, palette.HELD)):
        commit = (Marker(finish.commit, "commit date"),) if finish.commit and key == "held" else ()
        marks, mark_tables, _ = _marks(commit, dates, 420)
        table: Columns = {
            "d": [stamp(start) for start in finish.starts],
            "e": [stamp(start + timedelta(finish.width)) for start in finish.starts],
            "n": counts,
        }
        bars = (
            alt.Chart(_named("t"))
            .mark_rect(color=color, clip=True)
            .encode(x=_time_axis(dates, 5), x2="e:T", y=_value_axis("n", top, "futures", ticks=4), y2=alt.Y2Datum(0))
        )
        made.append(
            Chart(
                id=f"finish-{key}",
                spec=_sized(alt.layer(bars, *marks), 420, 200),
                tables={"t": table, **mark_tables},
                width=420,
                height=200,
                label=f"Finish dates of {finish.futures} computed futures, "
                + ("if nothing is held" if key == "free" else "with the assumed holds"),
                hover=[_hover([("day", "From"), ("n", "futures")])],
                hover_tables={"hover": {"d": table["d"], "e": table["e"], "n": counts}},
            )
        )
    return made[0], made[1]


def to_svg(chart: Chart) -> str:
    """The chart as SVG text, as Vega writes it."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(json.dumps(chart.static_spec()), vl_version=VEGALITE)
    return drawn


VEGALITE = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
"""Version of Vega-Lite that Altair writes and both the SVG and the page's script are drawn with."""
