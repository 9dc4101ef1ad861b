"""Drawings for slides: 16:9, nothing smaller than 12 points, a title that says what is to be seen.

Each function draws one figure from the same series as the page (:mod:`warmup.report.series`). No pyplot: no global
state, so figures can be drawn from a notebook, a thread or the command line alike.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import matplotlib.dates as mdates
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

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
    place_markers,
    week_ticks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from numpy.typing import NDArray

SIZE = (13.333, 7.5)
"""Inches of a 16:9 slide."""
SMALL, NORMAL, TITLE = 12, 13, 21

STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Arial", "Liberation Sans", "DejaVu Sans"],
    "font.size": NORMAL,
    "axes.edgecolor": palette.GRID,
    "axes.labelcolor": palette.AXIS,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": NORMAL,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # said, because finding it costs laying out every axis once more
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": palette.GRID,
    "grid.linewidth": 0.8,
    "xtick.color": palette.GRID,
    "ytick.color": palette.GRID,
    "xtick.labelcolor": palette.AXIS,
    "ytick.labelcolor": palette.AXIS,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.frameon": False,
    "legend.fontsize": NORMAL,
    "text.color": palette.INK,
    "text.parse_math": False,  # a $ in a name is a $
    "svg.hashsalt": "ipwarmup",
    "savefig.facecolor": "white",
}


def short(name: str, most: int = 42) -> str:
    """A name that fits: visible characters only, cut with an ellipsis."""
    name = words.visible(name)
    return name if len(name) <= most else f"{name[: most - 1]}…"


def slide(title: str, under: str, note: str) -> Figure:
    """An empty slide with its title, the line under it, and a note at the foot."""
    fig = Figure(figsize=SIZE)
    fig.text(0.05, 0.935, title, fontsize=TITLE, fontweight="bold", va="center")
    fig.text(0.05, 0.905, under, fontsize=NORMAL, color=palette.AXIS, va="top", linespacing=1.35)
    fig.text(0.05, 0.03, note, fontsize=SMALL, color=palette.AXIS, va="center")
    for text in fig.texts:
        _cut_to(text, 0.97 * fig.bbox.width)
    return fig


def _cut_to(text: Text, right: float) -> None:
    """Shorten a text that would leave the slide."""
    while len(words_left := text.get_text()) > 10 and text.get_window_extent().x1 > right:
        text.set_text(f"{words_left[: int(len(words_left) * 0.93)].rstrip('… ,')}…")


def _one(fig: Figure, left: float = 0.09, bottom: float = 0.13, width: float = 0.88, height: float = 0.66) -> Axes:
    axes: Axes = fig.add_axes((left, bottom, width, height))
    return axes


def day_axis(axes: Axes, dates: tuple[date, ...], ticks: int = 9) -> None:
    """Dates along the foot: from the first day to the end of the last."""
    axes.set_xlim(_number(dates[0]), _number(dates[-1]) + 1)
    at = week_ticks(dates, ticks)
    axes.set_xticks([_number(d) for d in at], [words.day_month(d) for d in at])
    axes.grid(visible=False, axis="x")


def day_numbers(days: tuple[date, ...]) -> NDArray[np.float64]:
    """Places of days on an axis of dates."""
    return np.array([_number(day) for day in days])


def _number(day: date) -> float:
    return float(mdates.date2num(day))  # type: ignore[no-untyped-call]  # matplotlib.dates is untyped


def message_axis(axes: Axes, label: str = "messages a day") -> None:
    """Messages up the side, in short numbers."""
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words.short_number(value)))
    axes.yaxis.set_major_locator(MaxNLocator(5, min_n_ticks=3, integer=True))
    axes.set_ylabel(label)


def _log(axes: Axes, low: float, high: float, label: str) -> None:
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(LogLocator(10))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words.short_number(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()
    axes.set_ylabel(label)


def _steps(dates: tuple[date, ...], values: list[int]) -> tuple[list[float], list[int]]:
    """Edges of days and values, with the last value twice so that its step has a width."""
    first = _number(dates[0])
    return [first + n for n in range(len(values) + 1)], [*values, values[-1]]


def _fill(axes: Axes, dates: tuple[date, ...], values: list[int], color: str, base: float = 0) -> None:
    x, y = _steps(dates, values)
    axes.fill_between(x, [max(v, base) for v in y], base, step="post", color=color, linewidth=0)


def _line(axes: Axes, dates: tuple[date, ...], values: list[int], color: str, width: float = 2.0) -> None:
    x, y = _steps(dates, values)
    axes.step(x, y, where="post", color=color, linewidth=width)


def _markers(axes: Axes, found: tuple[Marker, ...], dates: tuple[date, ...]) -> None:
    """Vertical lines with labels above the plot, in as many rows as keep them apart."""
    texts = [short(m.label, 40) for m in found]
    at = [(m.day - dates[0]).days + 0.5 for m in found]
    per_day = 880 / len(dates)  # a plot is about 880 points wide, a character of 12 points about 6.2
    places = place_markers(found, [a * per_day for a in at], [6.2 * len(t) + 12 for t in texts], 880)
    for marker, text, (row, left) in zip(found, texts, places, strict=True):
        x = _number(marker.day) + 0.5
        if not marker.later:
            style: Any = "solid" if marker.firm else (0, (4, 3))
            up = 1 + (4 + 15 * row + 8) / (72 * SIZE[1] * axes.get_position().height)  # as far as its words
            axes.axvline(x, ymax=up, clip_on=False, color=palette.MARKER, linewidth=1.2, linestyle=style)
        axes.annotate(
            text,
            (x, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-4 if left else 4, 4 + 15 * row),
            textcoords="offset points",
            ha="right" if left else "left",
            fontsize=SMALL,
            color=palette.MARKER,
            annotation_clip=False,
        )


def ramp(series: DailyRamp, title: str, note: str) -> Figure:
    """All mail per day by destination, stacked."""
    fig = slide(title, "Messages a day by where they are sent from", note)
    axes = _one(fig, bottom=0.19, height=0.54)
    for start, end in _quiet(series.kinds):
        axes.axvspan(_number(series.dates[0]) + start, _number(series.dates[0]) + end, color=palette.BAND, linewidth=0)
    order = [(n, c) for n, c in palette.DESTINATIONS.items() if any(series.parts[n])]
    total = np.zeros(len(series.dates), dtype=np.int64)
    stacked = []
    for name, color in order:
        total = total + np.array(series.parts[name])
        stacked.append((total.tolist(), color))
    for values, color in reversed(stacked):
        _fill(axes, series.dates, values, color)
    _line(axes, series.dates, series.supply, palette.SUPPLY, 0.8)
    day_axis(axes, series.dates)
    axes.set_ylim(0, max(1, *total.tolist(), *series.supply) * 1.03)
    message_axis(axes)
    _markers(axes, series.markers, series.dates)
    handles: list[Any] = [Patch(color=c, label=words.DESTINATION_WORDS[n]) for n, c in order]
    handles.append(Line2D([], [], color=palette.SUPPLY, linewidth=1, label="supply"))
    if _quiet(series.kinds):
        handles.append(Patch(color=palette.BAND, label="no growth, no mail, or legacy only"))
    fig.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.045, 0.045), ncols=4)
    return fig


def _quiet(kinds: list[str]) -> list[tuple[int, int]]:
    """Runs of days that are not ordinary: (first, day after the last)."""
    runs: list[tuple[int, int]] = []
    for at, kind in enumerate(kinds):
        if kind in ("send", "peak", ""):
            continue
        if runs and runs[-1][1] == at:
            runs[-1] = (runs[-1][0], at + 1)
        else:
            runs.append((at, at + 1))
    return runs


def _provider(axes: Axes, series: ProviderRamp, *, log: bool, label: str) -> None:
    top = max(10, *series.due, *series.sent)
    positive = [v for v in (*series.sent, *series.cap) if v > 0]
    base = 10 ** int(np.floor(np.log10(min(positive, default=1)))) if log else 0
    high = top * (12 if log else 1.15)
    _fill(axes, series.dates, series.due, palette.LEGACY, base)
    _fill(axes, series.dates, series.sent, palette.DEDICATED, base)
    _line(axes, series.dates, [min(v, round(high * 2)) for v in series.cap], palette.CAP)
    day_axis(axes, series.dates, 5)
    if log:
        _log(axes, base, max(high, base * 10), label)
    else:
        axes.set_ylim(0, high)
        message_axis(axes, label)


def _provider_legend(fig: Figure) -> None:
    handles: list[Any] = [
        Patch(color=palette.DEDICATED, label="sent from the new IPs"),
        Patch(color=palette.LEGACY, label="due, not on the new IPs"),
        Line2D([], [], color=palette.CAP, linewidth=2, label="cap"),
    ]
    fig.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.045, 0.045), ncols=3)


def provider(series: ProviderRamp, title: str, note: str) -> Figure:
    """One mailbox provider, linear and logarithmic beside each other."""
    under = (
        f"Share one clock: {short(', '.join(series.members), 110)}" if series.members else "Messages a day and the cap"
    )
    fig = slide(title, under, note)
    left, right = fig.add_axes((0.085, 0.17, 0.39, 0.62)), fig.add_axes((0.575, 0.17, 0.39, 0.62))
    for axes, log, name in ((left, False, "linear"), (right, True, "logarithmic")):
        _provider(axes, series, log=log, label="messages a day")
        axes.set_title(name)
    _provider_legend(fig)
    return fig


def providers(found: tuple[ProviderRamp, ...], title: str, note: str, *, log: bool) -> Figure:
    """Up to twelve mailbox providers as small multiples."""
    fig = slide(title, f"Messages a day, {'logarithmic' if log else 'linear'} scale; each chart has its own", note)
    columns = min(4, max(1, len(found)))
    rows = -(-len(found) // columns)
    grid = fig.add_gridspec(rows, columns, left=0.065, right=0.975, top=0.81, bottom=0.16, hspace=0.62, wspace=0.36)
    for at, series in enumerate(found):
        axes = fig.add_subplot(grid[at // columns, at % columns])
        _provider(axes, series, log=log, label="")
        ticks = week_ticks(series.dates, 3)
        axes.set_xticks([_number(d) for d in ticks], [words.day_month(d) for d in ticks])
        if not log:
            axes.yaxis.set_major_locator(MaxNLocator(3, min_n_ticks=2))
        axes.set_title(short(series.name, 25), fontsize=NORMAL)
    _provider_legend(fig)
    return fig


def together(found: tuple[ProviderRamp, ...], title: str, note: str) -> Figure:
    """Weekly messages on the new IPs of up to 18 providers, on one log scale, each line named at its end."""
    fig = slide(title, "Messages a week on the new IPs, logarithmic scale", note)
    axes = _one(fig, width=0.68)
    ends: list[tuple[tuple[float, float], str, palette.SeriesStyle]] = []
    for at, series in enumerate(found):
        style = palette.series_style(at)
        weeks = [sum(series.sent[n : n + 7]) for n in range(0, len(series.sent) - 6, 7)]
        x = [_number(series.dates[0]) + 7 * n + 3.5 for n in range(len(weeks))]
        shown = [(a, b) for a, b in zip(x, weeks, strict=True) if b > 0]
        if not shown:
            continue
        dash: Any = (0, style.dash) if style.dash else "solid"
        axes.plot([a for a, _ in shown], [b for _, b in shown], color=style.color, linestyle=dash, linewidth=2.4)
        ends.append((shown[-1], short(series.name, 30), style))
    dates = found[0].dates
    day_axis(axes, dates)
    low = min((y for line in axes.lines for y in np.asarray(line.get_ydata())), default=1)
    high = max((y for line in axes.lines for y in np.asarray(line.get_ydata())), default=10)
    _log(axes, low * 0.7, max(high, low * 10) * 1.5, "messages a week")
    _end_labels(axes, ends)
    return fig


def _end_labels(axes: Axes, ends: list[tuple[tuple[float, float], str, palette.SeriesStyle]]) -> None:
    """Names at the right of the lines, moved apart where lines end close together."""
    bottom, top = (float(np.log10(v)) for v in axes.get_ylim())
    ends = sorted(ends, key=lambda end: end[0][1])
    wanted = [(float(np.log10(y)) - bottom) / (top - bottom) for (_, y), _, _ in ends]
    places = spread(wanted, 0.052)
    over = max(0.0, places[-1] - 1.0) if places else 0.0
    for ((x, y), name, style), at in zip(ends, [p - over for p in places], strict=True):
        axes.annotate(
            name,
            (x, y),
            xytext=(1.05, at),
            textcoords="axes fraction",
            va="center",
            fontsize=SMALL,
            arrowprops={"arrowstyle": "-", "color": style.color, "linewidth": 0.9, "relpos": (0, 0.5), "shrinkA": 1},
            annotation_clip=False,
        )


def spread(wanted: list[float], gap: float) -> list[float]:
    """Rising positions at least ``gap`` apart, as near as can be to the wanted ones (least squares by pooling).

    >>> [round(x, 2) for x in spread([0.1, 0.1, 0.9], 0.1)]
    [0.05, 0.15, 0.9]
    """
    blocks: list[list[float]] = []  # mean of (wanted - index * gap), and how many
    for at, value in enumerate(wanted):
        blocks.append([value - at * gap, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (mean, n), (other, m) = blocks.pop(), blocks.pop()
            blocks.append([(mean * n + other * m) / (n + m), n + m])
    level = [mean for mean, n in blocks for _ in range(int(n))]
    return [value + at * gap for at, value in enumerate(level)]


def heat_map(series: HeatMap, title: str, note: str) -> Figure:
    """Provider by day: the darker, the more has moved."""
    fig = slide(title, "Share of each mailbox provider's mail in scope that goes out from the new IPs", note)
    axes = _one(fig, left=0.2, width=0.77, bottom=0.2, height=0.62)
    start = _number(series.dates[0])
    for row, (_, shares) in enumerate(series.rows):
        runs = heat_runs(shares)
        spans = [(start + first, end - first) for first, end, _ in runs]
        colors = [palette.HEAT_STEPS[step][1] for _, _, step in runs]
        axes.broken_barh(spans, (row - 0.45, 0.9), facecolors=colors, linewidth=0)
    axes.set_yticks(range(len(series.rows)), [short(name, 26) for name, _ in series.rows])
    axes.set_ylim(len(series.rows) - 0.5, -0.5)
    axes.grid(visible=False)
    day_axis(axes, series.dates)
    handles = [Patch(facecolor=color, label=text) for _, color, text in palette.HEAT_STEPS]
    fig.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.045, 0.05), ncols=len(handles), columnspacing=1.2)
    return fig


def ip_load(found: tuple[IpLoad, ...], title: str, note: str) -> Figure:
    """Messages per IP and day of each group of IPs against the capacity."""
    fig = slide(title, "Messages per IP and day, logarithmic scale", note)
    columns = 1 if len(found) < 2 else 2 if len(found) < 5 else 4
    rows = -(-len(found) // columns)
    grid = fig.add_gridspec(rows, columns, left=0.085, right=0.97, top=0.79, bottom=0.17, hspace=0.55, wspace=0.28)
    for at, load in enumerate(found):
        axes = fig.add_subplot(grid[at // columns, at % columns])
        least = min((v for v in load.per_ip if v > 0), default=1)
        base = 10 ** int(np.floor(np.log10(least)))
        _fill(axes, load.dates, load.per_ip, palette.DEDICATED, base)
        axes.axhline(load.capacity, color=palette.CAP, linewidth=2)
        day_axis(axes, load.dates, 5 if columns < 4 else 3)
        _log(axes, base, max(load.capacity, *load.per_ip) * 2, "messages per IP" if at % columns == 0 else "")
        axes.set_title(f"{short(load.name, 30)}: {words.count(load.ips, 'IP')}")
    handles: list[Any] = [
        Patch(color=palette.DEDICATED, label="messages per IP"),
        Line2D([], [], color=palette.CAP, linewidth=2, label="capacity of an IP"),
    ]
    fig.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.045, 0.045), ncols=2)
    return fig


def finish(series: FinishChart, title: str, under: str, note: str) -> Figure:
    """Finish dates of the computed cases, without and with the assumed holds."""
    fig = slide(title, under, note)
    top, bottom = fig.add_axes((0.085, 0.51, 0.885, 0.26)), fig.add_axes((0.085, 0.11, 0.885, 0.26))
    last = series.starts[-1] + timedelta(series.width - 1)
    dates = tuple(series.starts[0] + timedelta(n) for n in range((last - series.starts[0]).days + 1))
    high = max(1, *series.free, *series.held) * 1.1
    pairs = (
        (top, series.free, palette.DEDICATED, "If nothing is held"),
        (bottom, series.held, palette.HELD, "With assumed holds"),
    )
    for axes, counts, color, name in pairs:
        axes.bar([_number(s) for s in series.starts], counts, width=series.width * 0.94, align="edge", color=color)
        day_axis(axes, dates)
        axes.set_ylim(0, high)
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_ylabel("cases")
        axes.set_title(name)
    if series.commit:
        _markers(bottom, (Marker(series.commit, "promise", firm=True),), dates)
    return fig


def rollback(lines: tuple[RollbackRow, ...], dates: tuple[date, ...], title: str, note: str) -> Figure:
    """Per provider the days on which legacy could take its mail back."""
    fig = slide(title, "Days on which the legacy platform could carry a mailbox provider's mail of the next day", note)
    axes = _one(fig, left=0.2, width=0.77, bottom=0.19, height=0.62)
    for row, line in enumerate(lines):
        spans = [(_number(first), _number(end) - _number(first)) for first, end in line.spans]
        whole = (_number(dates[0]), len(dates))
        axes.broken_barh([whole], (row - 0.4, 0.8), facecolors=palette.NOTHING, linewidth=0)
        axes.broken_barh(spans, (row - 0.4, 0.8), facecolors=palette.CARRY, linewidth=0)
    axes.set_yticks(range(len(lines)), [short(line.name, 26) for line in lines])
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    day_axis(axes, dates)
    axes.grid(visible=True, axis="x")
    handles = [Patch(color=palette.CARRY, label="legacy could"), Patch(color=palette.NOTHING, label="it could not")]
    fig.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.045, 0.045), ncols=2)
    return fig
