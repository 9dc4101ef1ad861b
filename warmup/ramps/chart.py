"""Charts of ramps for slides: all side by side, or one among the others. Log scale, as ladders are.

Nothing rests on colour alone: panels carry their names, lines of one panel differ in their dashes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.providers import catalogue
from warmup.ramps.model import ALL, EACH, REST, Ramp

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from warmup.ramps.ladder import Ladder

FORMATS = (".png", ".svg")

FINAL_VOLUME = 1_000_000
"""Messages a day at which ladders in percent are drawn; the chart says so."""

# Okabe and Ito's palette: told apart with every kind of colour vision, and in grey by lightness.
_COLOURS = {"per_ip": "#0072B2", "total": "#D55E00"}
_PROVIDER = (("#0072B2", "-"), ("#D55E00", "--"), ("#009E73", "-."), ("#22262B", ":"))
_GREY, _TEXT, _FAINT = "#C9CDD2", "#22262B", "#667078"
_DAYS, _LOW, _HIGH = 45, 10, 1e8
_TICKS = (100, 10_000, 1_000_000)


def draw_all(chosen: Sequence[Ramp], path: Path, others: Sequence[Ramp] = ()) -> None:
    """Draw small panels side by side, one a ramp, each among all the others in grey.

    Args:
        chosen: The ramps, in the order of the panels.
        path: ``.png`` or ``.svg``; replaced if it exists.
        others: What stands behind in grey; default: the chosen ones.

    Raises:
        OSError: The file cannot be written.
    """
    shown = [ramp for ramp in chosen if ramp.ladders()]
    behind = [lines[0] for ramp in (others or shown) if len(lines := list(_lines(ramp).values())) == 1]
    columns = 5 if len(shown) > 8 else min(3, max(1, len(shown)))
    rows = math.ceil(len(shown) / columns)
    height = 2.35 * rows + 1.5
    figure = _figure(3.0 * columns, height)
    top = 1 - 1.0 / height
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    figure.subplots_adjust(left=0.055, right=0.985, top=top, bottom=0.55 / height, hspace=0.38, wspace=0.08)
    panels = [axes for row in grid for axes in row]
    for axes, ramp in zip(panels, shown, strict=False):
        _panel(axes, ramp, behind)
    for spare, axes in enumerate(panels[len(shown) :]):
        axes.set_visible(False)
        if rows > 1:
            panels[len(shown) - columns + spare].tick_params(labelbottom=True)
    _head(figure, f"{len(shown)} published warm-up ladders side by side", _legend(shown))
    figure.supxlabel("sending day", fontsize=9, color=_FAINT, y=0.06 / height, va="bottom")
    _save(figure, path)


def draw_one(ramp: Ramp, path: Path, others: Sequence[Ramp] = ()) -> None:
    """Draw one ramp large, with the other ladders in grey behind it.

    Args:
        ramp: The ramp; one without numbers gives an empty chart that says so.
        path: ``.png`` or ``.svg``; replaced if it exists.
        others: What stands behind in grey.

    Raises:
        OSError: The file cannot be written.
    """
    figure = _figure(9.6, 5.4)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.09, right=0.975, top=0.81, bottom=0.11)
    lines = _lines(ramp)
    days = max(30, max((len(line) for line in lines.values()), default=0))
    low = min([_LOW, *(min(line) * 0.7 for line in lines.values())])
    high = max([_HIGH, *(max(line) * 2 for line in lines.values())])
    for other in others:
        if len(found := list(_lines(other).values())) == 1 and other.slug != ramp.slug:
            _step(axes, found[0][:days], color=_GREY, linewidth=0.9)
    _scale(axes, days, low, high, ticks=[10**n for n in range(10) if low <= 10**n <= high])
    _own_lines(axes, ramp, lines, size=9, width=2.4)
    axes.set_xlabel("sending day", color=_FAINT)
    axes.set_ylabel(_unit(ramp), color=_FAINT)
    if not lines:
        axes.annotate("no numbers published", (0.5, 0.5), (0, 0), xycoords="axes fraction", **_small(14, "center"))
    grey = "; grey: the other published ladders" if others else ""
    _head(figure, ramp.name, f"{ramp.publisher}, {ramp.date_seen}{grey}\n{ramp.url}")
    _save(figure, path)


def _lines(ramp: Ramp) -> dict[str, tuple[float, ...]]:
    """Day tables by the name on the chart, in messages."""
    if ramp.unit == "percent":
        ramp = ramp.in_messages(FINAL_VOLUME, dict.fromkeys(ramp.providers, FINAL_VOLUME))
    ladders: Mapping[str, Ladder] = ramp.ladders()
    return {_name(who): ladder.table(ramp.days) for who, ladder in ladders.items()}


def _name(who: str) -> str:
    return who if who in (ALL, EACH, REST) else catalogue().group_name(who).partition(" / ")[0]


def _panel(axes: Axes, ramp: Ramp, behind: Sequence[tuple[float, ...]]) -> None:
    for line in behind:
        _step(axes, line[:_DAYS], color=_GREY, linewidth=0.6)
    lines = {who: line[:_DAYS] for who, line in _lines(ramp).items()}
    _scale(axes, _DAYS, _LOW, _HIGH, _TICKS)
    _own_lines(axes, ramp, lines, size=6.5, width=1.8)
    axes.set_title(ramp.slug, fontsize=8.5, fontweight="bold", color=_TEXT, loc="left", pad=12)
    about = f"{ramp.publisher}, {'per IP' if ramp.scope == 'per_ip' else 'whole pool'}"
    if ramp.unit == "percent":
        about = f"{ramp.publisher}, % of {FINAL_VOLUME:,} a day"
    if ramp.days > _DAYS:
        about += f", to day {ramp.days}"
    axes.text(0, 1.025, _shortened(about, 52), transform=axes.transAxes, fontsize=6.5, color=_FAINT, va="bottom")


def _own_lines(axes: Axes, ramp: Ramp, lines: Mapping[str, tuple[float, ...]], size: float, width: float) -> None:
    """Draw a ramp's own ladders and label them: one with its milestones, several with their names."""
    single = len(lines) == 1
    line: tuple[float, ...] = ()
    for number, (who, line) in enumerate(lines.items()):
        colour, dashes = (_COLOURS[ramp.scope], "-") if single else _PROVIDER[number % len(_PROVIDER)]
        _step(axes, line, color=colour, linestyle=dashes, linewidth=width, zorder=3, label=who)
    if single:
        _milestones(axes, line, size)
    elif lines:
        axes.legend(loc="lower right", fontsize=size, frameon=False, labelcolor=_TEXT, handlelength=2.6, borderpad=0)


def _milestones(axes: Axes, line: tuple[float, ...], size: float) -> None:
    """Mark the start, the day that reaches 100,000, and the end."""
    axes.annotate(_short(line[0]), (1, line[0]), (1, -3), **_small(size, "left", "top"))
    reached = next((day for day, value in enumerate(line, 1) if value >= 100_000), None)
    if reached and reached > 1 and reached < len(line):
        axes.plot([reached], [line[reached - 1]], "o", color=_TEXT, markersize=size / 2, zorder=4)
        axes.annotate(f"100k: day {reached}", (reached, line[reached - 1]), (4, -3), **_small(size, "left", "top"))
    room = len(line) < 0.8 * axes.get_xlim()[1]
    axes.annotate(_short(line[-1]), (len(line), line[-1]), (3, 0) if room else (0, 3), **_end(size, room))


def _small(size: float, across: str, up: str = "center") -> dict[str, Any]:
    halo = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
    return {
        "textcoords": "offset points",
        "fontsize": size,
        "color": _TEXT,
        "ha": across,
        "va": up,
        "bbox": halo,
        "zorder": 5,
        "annotation_clip": False,
    }


def _end(size: float, room: bool) -> dict[str, Any]:
    return _small(size, "left", "center") if room else _small(size, "right", "bottom")


def _step(axes: Axes, line: Sequence[float], **style: Any) -> None:
    axes.step(range(1, len(line) + 1), line, where="mid", solid_joinstyle="round", **style)


def _scale(axes: Axes, days: int, low: float, high: float, ticks: Sequence[float]) -> None:
    axes.set_yscale("log")
    axes.set_xlim(0, days + 1)
    axes.set_ylim(low, high)
    axes.set_yticks(list(ticks), [_short(tick) for tick in ticks])
    axes.minorticks_off()
    axes.grid(axis="y", color="#E4E7EA", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=7.5, colors=_FAINT)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_GREY)


def _unit(ramp: Ramp) -> str:
    base = "messages a day" + (" and IP" if ramp.scope == "per_ip" else "")
    return f"{base}, at {FINAL_VOLUME:,} in the end" if ramp.unit == "percent" else base


def _legend(shown: Sequence[Ramp]) -> str:
    percent = f"; percentages at {FINAL_VOLUME:,} in the end" if any(r.unit == "percent" for r in shown) else ""
    return f"messages a day (log); blue: per IP, orange: whole pool; grey: all the others{percent}"


def _short(value: float) -> str:
    """1500 as 1.5k: room on a chart is small."""
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), facecolor="white")


def _head(figure: Figure, title: str, below: str) -> None:
    inch = 1 / figure.get_figheight()
    figure.text(0.012, 1 - 0.28 * inch, title, fontsize=14, fontweight="bold", color=_TEXT, va="center")
    figure.text(0.012, 1 - 0.47 * inch, below, fontsize=8.5, color=_FAINT, va="top", linespacing=1.5)


def _save(figure: Figure, path: Path) -> None:
    """Write the file; the same ramps give the same bytes."""
    from matplotlib import rc_context

    metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
    with rc_context({"svg.hashsalt": "warmup"}):
        figure.savefig(path, dpi=150, metadata=metadata)
