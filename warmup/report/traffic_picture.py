"""What exports say, on one slide: mail by day and provider, the week's rhythm, who receives it, how it fared."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from warmup.report import figures, palette, words
from warmup.report.charts import save_figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from warmup.traffic.overview import Overview

MOST = 6
"""Providers with a colour of their own; the rest are drawn together."""

_WIDE = 90
"""Letters of a legend that stand side by side at the usual size."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_OUTCOMES = (("deferred", "deferred", 0), ("block", "blocked", 1), ("hard", "hard bounces", 2))
_RATES = [rate for rate, _, _ in _OUTCOMES]
_STREAM_COLORS = (palette.DEDICATED, palette.CARRY, palette.HELD, palette.CAP, palette.STAYS, palette.LEGACY)
"""Not those of the providers: the same colour would say the same thing."""


def write_picture(facts: Overview, names: Mapping[str, str], stem: Path) -> list[Path]:
    """Draw the slide.

    Args:
        facts: What was read.
        names: Mailbox provider id to display name.
        stem: File without its ending.

    Returns:
        PNG and SVG; none where no row has a day.
    """
    import matplotlib as mpl

    if facts.first is None:
        return []
    with mpl.rc_context(figures.STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        warnings.filterwarnings("ignore", message="findfont: .*", category=UserWarning)
        return save_figure(draw(facts, names), stem)


def draw(facts: Overview, names: Mapping[str, str]) -> Figure:
    """The slide, for a notebook too."""
    assert facts.first is not None
    assert facts.last is not None
    top = facts.providers.index[0]
    title = (
        f"{words.short_number(facts.messages)} messages on {words.count(facts.days, 'day')}; "
        f"{figures.short(names.get(str(top), str(top)), 24)} receives {words.percent(facts.providers['share'].iloc[0])}"
    )
    gaps = sum(len(days) for days in facts.gaps.values())
    parts = [f"Sent {words.span(facts.first, facts.last)}."]
    parts += (
        [f"{words.count(gaps, 'day')} without rows that should have some (marked): unknown, not 0."] if gaps else []
    )
    fig = figures.slide(title, " ".join(parts), f"{words.known_part(facts.unclassified)}{_silence(facts)}")
    _daily(fig.add_axes((0.07, 0.5, 0.9, 0.31)), facts, names)
    _rhythm(fig.add_axes((0.07, 0.175, 0.23, 0.21)), facts)
    _providers(fig.add_axes((0.455, 0.175, 0.16, 0.21)), facts, names)
    _outcomes(fig.add_axes((0.775, 0.175, 0.195, 0.21)), facts, names)
    return fig


def _silence(facts: Overview) -> str:
    """Streams of which the bars of what was refused leave something out, because their export does not say it."""
    streams = facts.streams
    silent = [words.visible(str(name) or "what names no stream") for name in streams.index[_partly(streams)]]
    if not silent or len(silent) == len(streams):
        return ""
    return f" Refusals are known only in part of {words.few(silent, 3)}."


def _partly(streams: pd.DataFrame) -> pd.Series[bool]:
    """Streams that lack a rate which another one has."""
    drawn = streams[_RATES].dropna(axis="columns", how="all")
    return drawn.isna().any(axis=1)


def _daily(axes: Axes, facts: Overview, names: Mapping[str, str]) -> None:
    """Messages a day, stacked by provider."""
    import pandas as pd

    every = pd.date_range(facts.daily.index.min(), facts.daily.index.max())
    daily = facts.daily.reindex(every).astype("Float64").fillna(0).astype(float)
    dates = tuple(day.date() for day in every)
    shown, rest = daily.columns[:MOST], daily.columns[MOST:]
    layers = [(names.get(str(name), str(name)), daily[name].to_numpy()) for name in shown]
    if len(rest):
        layers.append((f"{len(rest)} more", daily[rest].sum(axis=1).to_numpy()))
    base = np.zeros(len(daily))
    x = figures.day_numbers(dates)
    for n, (label, values) in enumerate(layers):
        color = palette.LEGACY if n == MOST else palette.SERIES_COLORS[n]
        axes.bar(x + 0.5, values, bottom=base, width=1.0, color=color, label=figures.short(label, 22), linewidth=0)
        base = base + values
    for day in sorted({day for days in facts.gaps.values() for day in days}):
        axes.axvspan(*figures.day_numbers((day,)) + np.array([0.0, 1.0]), color=palette.BAND, zorder=0)
    figures.day_axis(axes, dates)
    figures.message_axis(axes)
    size = None if sum(len(figures.short(label, 22)) for label, _ in layers) <= _WIDE else figures.SMALL
    axes.legend(
        ncols=len(layers), loc="lower left", bbox_to_anchor=(-0.01, 1.0), columnspacing=1.2, handlelength=1.0,
        fontsize=size,
    )  # fmt: skip


def _rhythm(axes: Axes, facts: Overview) -> None:
    """Mean messages by weekday, stacked by stream."""
    axes.set_title("An average week")
    base = np.zeros(7)
    for n, (stream, row) in enumerate(
        facts.rhythm.loc[facts.streams.index.intersection(facts.rhythm.index)].iterrows()
    ):
        values = row.astype(float).fillna(0).to_numpy()
        color = _STREAM_COLORS[min(n, len(_STREAM_COLORS) - 1)]
        label = figures.short(str(stream) or "no stream named", 14)
        axes.bar(range(7), values, bottom=base, width=0.75, color=color, label=label if n < 3 else None)
        base = base + values
    axes.set_xticks(range(7), [day[:2] for day in _DAYS])
    axes.grid(visible=False, axis="x")
    figures.message_axis(axes)
    axes.set_ylim(0, axes.get_ylim()[1] * 1.05)
    if len(facts.rhythm) > 1:
        _legend_below(axes)


def _legend_below(axes: Axes, right: bool = False) -> None:
    """Names of colours where they cover nothing."""
    axes.legend(
        ncols=3, loc="upper right" if right else "upper left", bbox_to_anchor=(1.04 if right else -0.04, -0.13),
        fontsize=figures.SMALL, columnspacing=0.9, handlelength=0.8,
    )  # fmt: skip


def _largest(facts: Overview) -> pd.DataFrame:
    return facts.providers.head(MOST).iloc[::-1]


def _providers(axes: Axes, facts: Overview, names: Mapping[str, str]) -> None:
    """Shares of the largest providers."""
    axes.set_title("Share of the messages")
    rows = _largest(facts)
    axes.barh(range(len(rows)), rows["share"].astype(float), color=palette.DEDICATED, height=0.7)
    axes.set_yticks(range(len(rows)), [figures.short(names.get(str(name), str(name)), 24) for name in rows.index])
    for n, share in enumerate(rows["share"]):
        axes.text(share, n, f" {words.percent(share)}", va="center", fontsize=figures.SMALL)
    axes.set_xlim(0, float(rows["share"].max()) * 1.3)
    axes.set_xticks([])
    axes.grid(visible=False)


def _outcomes(axes: Axes, facts: Overview, names: Mapping[str, str]) -> None:
    """Deferred, blocked and hard-bounced parts of the messages to the same providers; unknown is not drawn."""
    rows = _largest(facts)
    colors = (palette.OVERFLOW, palette.UNPLACED, palette.STAYS)
    known = [(rate, label, colors[n]) for rate, label, n in _OUTCOMES if rows[rate].notna().any()]
    axes.set_title("Refused, now or for good")
    if not known:
        axes.axis("off")
        axes.text(0, 0.7, "The exports do not say.", fontsize=figures.SMALL)
        return
    height = 0.8 / len(known)
    for n, (rate, label, color) in enumerate(known):
        at = np.arange(len(rows)) + (len(known) - 1) / 2 * height - n * height
        values = 100 * rows[rate].astype(float).fillna(0).to_numpy()
        axes.barh(at, values, color=color, height=height, label=label)
    axes.set_yticks(range(len(rows)), [figures.short(names.get(str(name), str(name)), 24) for name in rows.index])
    axes.set_xlim(0, axes.get_xlim()[1] if any(rows[rate].gt(0).any() for rate, *_ in known) else 1)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    axes.grid(visible=False, axis="y")
    _legend_below(axes, right=True)
