"""Each chart of the page: what :mod:`warmup.report.series` found, as a Vega-Lite specification with its data.

One specification gives both the SVG that stands in the page and the interactive chart that replaces it.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import altair as alt

from warmup.report import palette, vega, words
from warmup.report.series import (
    DailyRamp,
    FinishChart,
    HeatMap,
    IpLoad,
    Marker,
    ProviderRamp,
    RollbackRow,
    heat_runs,
)
from warmup.report.vega import Chart, Columns


def ramp_chart(ramp: DailyRamp, width: int, height: int = 320) -> Chart:
    """All mail per day, stacked by destination, with the supply line, markers and quiet days."""
    order = list(palette.DESTINATIONS.items())
    total = [0] * len(ramp.dates)
    stacked: dict[str, list[int]] = {}
    for name, _ in order:
        total = [a + b for a, b in zip(total, ramp.parts[name], strict=True)]
        stacked[name] = total
    top = max(1, *total, *ramp.supply) * 1.04
    x = vega.time_axis(ramp.dates, 10 if width > 500 else 4)
    marks, mark_tables, room = vega.marker_layers(ramp.markers, ramp.dates, width)
    layers: list[Any] = []
    bands = vega.quiet_bands(ramp.dates, ramp.kinds)
    if bands["d"]:
        layers.append(
            alt.Chart(vega.named_data("bands")).mark_rect(color=palette.BAND).encode(x=alt.X("d:T"), x2="e:T")
        )
    # Painted from the whole stack down, so that each colour needs one path from zero.
    for name, color in reversed(order):
        if any(ramp.parts[name]):
            layers.append(vega.area_layer(color, vega.value_axis(name, top, "messages a day")))
    layers[0].encoding.x = x  # one layer says what the axis is; Vega-Lite would join the same words said twice
    if width > 500:  # on a phone the steps of the line would be all that is seen of the bars
        layers.append(vega.line_layer("supply", palette.SUPPLY, 0.8))
    layers += marks
    tables = {"t": vega.step_table(ramp.dates, {**stacked, "supply": ramp.supply}), **mark_tables}
    tips = [(name, words.DESTINATION_WORDS[name]) for name, _ in order if any(ramp.parts[name])]
    hover = {name: ramp.parts[name] for name, _ in tips}
    return Chart(
        id=f"ramp-{width}",
        spec=vega.sized(alt.layer(*layers), width, height, room),
        tables={**tables, "bands": bands} if bands["d"] else tables,
        width=width,
        height=height,
        label="Messages per day on the new dedicated IPs, the new platform's overflow and the legacy platform",
        hover=[vega.hover_bars([("day", "Day"), ("supply", "supply"), *tips])],
        hover_tables={"hover": vega.hover_table(ramp.dates, {"supply": ramp.supply, **hover})},
    )


def _ceiling(values: list[int], headroom: float) -> float:
    return max(10.0, max(values, default=1) * headroom)


def provider_chart(ramp: ProviderRamp, log: bool) -> Chart:
    """One mailbox provider: mail due (grey), sent from dedicated IPs (blue), cap (line)."""
    top = _ceiling([*ramp.due, *ramp.sent], 12 if log else 1.15)
    floor = vega.log_floor([*ramp.sent, *ramp.cap], top) if log else 0
    # The raw numbers serve both scales and the hover bars; what is above the chart is cut off, 0 on a log scale lifted.
    numbers = {"due": ramp.due, "sent": ramp.sent, "cap": ramp.cap}
    reasons = [words.limit_name(limit) if limit else "nothing more is due" for limit in ramp.limits]
    x = vega.time_axis(ramp.dates, 4)
    ticks = 4
    layers = [
        vega.area_layer(palette.LEGACY, vega.value_axis("due", top, None, floor, ticks), x, floor),
        vega.area_layer(palette.DEDICATED, alt.Y("sent:Q"), base=floor),
        vega.line_layer("cap", palette.CAP, 1.6),
    ]
    return Chart(
        id=f"p-{ramp.id}-{'log' if log else 'lin'}",
        spec=vega.sized(alt.layer(*layers), 320, 170),
        tables={"t": vega.step_table(ramp.dates, numbers)},
        width=320,
        height=170,
        label=f"{words.visible(ramp.name)}: mail due, sent from the new IPs, and cap per day, "
        f"{'log' if log else 'linear'} scale",
        hover=[
            vega.hover_bars(
                [("day", "Day"), ("sent", "sent"), ("cap", "cap"), ("due", "due"), ("why", "why not more")], "t"
            )
        ],
        hover_tables={"t": vega.step_table(ramp.dates, {**numbers, "why": reasons})},
    )


def load_chart(load: IpLoad) -> Chart:
    """Messages per IP of one group against its capacity, on a log scale: the capacity is far above most ramps."""
    top = max(load.capacity, *load.per_ip) * 2
    x = vega.time_axis(load.dates, 5)
    floor = vega.log_floor(load.per_ip, top)
    shown = {"sent": load.per_ip, "cap": [load.capacity] * len(load.dates)}
    layers = [
        vega.area_layer(palette.DEDICATED, vega.value_axis("sent", top, "messages per IP", floor), x, floor),
        vega.line_layer("cap", palette.CAP, 1.6),
    ]
    return Chart(
        id=f"load-{load.name}",
        spec=vega.sized(alt.layer(*layers), 420, 200),
        tables={"t": vega.step_table(load.dates, shown)},
        width=420,
        height=200,
        label=f"Messages per IP and day in {words.visible(load.name)}; capacity {words.number(load.capacity)}",
        hover=[vega.hover_bars([("day", "Day"), ("sent", "per IP"), ("cap", "capacity")], "t")],
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
    start = vega.stamp(heat.dates[0])
    for name, (_, shares) in zip(names, heat.rows, strict=True):
        for first, end, step in heat_runs(shares):
            for key, value in zip(
                cells, (start + first * vega.DAY_MS, start + end * vega.DAY_MS, name, step), strict=True
            ):
                cells[key].append(value)
        for day, share in enumerate(shares):
            if share is not None:
                for key, value in zip(hover, (start + day * vega.DAY_MS, name, round(share, 3)), strict=True):
                    hover[key].append(value)
    height = 24 + 20 * len(names)
    rect = alt.Chart(vega.named_data("t")).mark_rect(clip=True)
    chart = rect.encode(
        x=vega.time_axis(heat.dates, 10 if width > 500 else 3),
        x2="e:T",
        y=_row_axis(names, width),
        color=alt.Color(
            "c:O",
            legend=None,
            scale=alt.Scale(domain=list(range(len(palette.HEAT_STEPS))), range=[c for _, c, _ in palette.HEAT_STEPS]),
        ),
    )
    live = vega.hover_bars([("day", "Day"), ("row", "Mailbox provider")])
    live["encoding"]["tooltip"][1]["type"] = "nominal"
    live["encoding"]["tooltip"][1].pop("format")
    live["encoding"]["tooltip"].append(
        {"field": "share", "title": "on the new IPs", "type": "quantitative", "format": ".1%"}
    )
    live["encoding"]["y"] = {"field": "row", "type": "nominal"}
    live["encoding"].pop("y2")
    return Chart(
        id=f"heat-{width}",
        spec=vega.sized(alt.layer(chart), width, height),
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
            for key, value in zip(spans, (vega.stamp(first), vega.stamp(end), name), strict=True):
                spans[key].append(value)
    height = 24 + 20 * len(names)
    x = vega.time_axis(dates, 10 if width > 500 else 3, grid=True)
    rows = {"d": [vega.stamp(dates[0])] * len(names), "e": [vega.stamp(dates[-1]) + vega.DAY_MS] * len(names)}
    layers = [
        alt.Chart(vega.named_data(name))
        .mark_rect(color=color, clip=True)
        .encode(x=x if name == "rows" else alt.X("d:T"), x2="e:T", y=_row_axis(names, width))
        for name, color in (("rows", palette.NOTHING), ("t", palette.CARRY))
    ]
    return Chart(
        id=f"rollback-{width}",
        spec=vega.sized(alt.layer(*layers), width, height),
        tables={"t": spans, "rows": {**rows, "row": names}},
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
        commit = (Marker(finish.commit, "promise", firm=True),) if finish.commit and key == "held" else ()
        marks, mark_tables, _ = vega.marker_layers(commit, dates, 420)
        table: Columns = {
            "d": [vega.stamp(start) for start in finish.starts],
            "e": [vega.stamp(start + timedelta(finish.width)) for start in finish.starts],
            "n": counts,
        }
        bars = (
            alt.Chart(vega.named_data("t"))
            .mark_rect(color=color, clip=True)
            .encode(
                x=vega.time_axis(dates, 5), x2="e:T", y=vega.value_axis("n", top, "cases", ticks=4), y2=alt.Y2Datum(0)
            )
        )
        made.append(
            Chart(
                id=f"finish-{key}",
                spec=vega.sized(alt.layer(bars, *marks), 420, 200),
                tables={"t": table, **mark_tables},
                width=420,
                height=200,
                label=f"Finish dates of {finish.futures} computed cases, "
                + ("if nothing is held" if key == "free" else "with the assumed holds"),
                hover=[vega.hover_bars([("day", "From"), ("n", "cases")])],
                hover_tables={"hover": {"d": table["d"], "e": table["e"], "n": counts}},
            )
        )
    return made[0], made[1]
