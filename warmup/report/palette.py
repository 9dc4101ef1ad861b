"""The colours of charts and page, in light and dark, and how many series are told apart.

Charts are drawn in the light colours; the page's style sheet repaints them in the dark ones, because every role has a
hex value of its own (:data:`DARK`) that a CSS attribute selector can find; the heat map has fixed steps for that
reason.
"""

from __future__ import annotations

from dataclasses import dataclass

INK = "#1c2430"
AXIS = "#4a5563"
GRID = "#e3e7ec"
DEDICATED = "#1f6fb2"
OVERFLOW = "#e3a72f"
LEGACY = "#b5bec9"
STAYS = "#8c7a66"
NOTHING = "#eef0f2"
UNPLACED = "#c0392b"
SUPPLY = "#1c2431"
CAP = "#b8480f"
BAND = "#f3e9d4"
MARKER = "#5b3f8c"
CARRY = "#2a8c82"
HELD = "#8a5a9e"

DESTINATIONS = {
    "dedicated": DEDICATED,
    "overflow": OVERFLOW,
    "legacy": LEGACY,
    "stays": STAYS,
    "unplaced": UNPLACED,
}
"""Parts of a day's mail in the order in which they are stacked, from below."""

HEAT_STEPS: tuple[tuple[float, str, str], ...] = (
    (0.0, "#eceff3", "nothing yet"),
    (0.10, "#cbdff3", "under 10 %"),
    (0.25, "#a9cbea", "10–25 %"),
    (0.50, "#74acdb", "25–50 %"),
    (0.75, "#3f87c4", "50–75 %"),
    (0.995, "#1e5f9e", "75–99 %"),
    (1.01, "#0b3a67", "complete"),
)
"""Upper end of the step (the first: exactly 0), light colour, words for the legend."""

DARK: dict[str, str] = {
    INK: "#e9edf2",
    AXIS: "#b3bdc9",
    GRID: "#2d3540",
    DEDICATED: "#57a5e3",
    OVERFLOW: "#ecbb55",
    LEGACY: "#596675",
    STAYS: "#a08c74",
    NOTHING: "#242a33",
    UNPLACED: "#f2776a",
    SUPPLY: "#eef2f6",
    CAP: "#f59a5c",
    BAND: "#3a3323",
    MARKER: "#bda1ec",
    CARRY: "#4fc3b5",
    HELD: "#c89adb",
    "#eceff3": "#262d37",
    "#cbdff3": "#1d3a57",
    "#a9cbea": "#1f4f7c",
    "#74acdb": "#2a6ba5",
    "#3f87c4": "#418fd2",
    "#1e5f9e": "#7bb7e8",
    "#0b3a67": "#cfe6fb",
    "#332288": "#a496f5",
    "#d55e00": "#ff9a56",
    "#009e73": "#3ccf9f",
    "#6699cc": "#8cc0ee",
    "#661100": "#e27b6c",
    "#00535f": "#5dbccb",
}
"""Light colour -> the same role in the dark theme."""

Dash = tuple[float, ...]

SERIES_COLORS = ("#332288", "#d55e00", "#009e73", "#6699cc", "#661100", "#00535f")
"""Six colours whose pairs stay apart (CIE76 difference over 30) in normal, deuteranope and protanope sight, and which
have a contrast of 3:1 on white; chosen by search over the palettes of Okabe and Ito, and of Tol."""

SERIES_DASHES: tuple[Dash, ...] = ((), (5, 2), (1, 1.5))


@dataclass(frozen=True)
class SeriesStyle:
    """How one of many lines is drawn: colour and dash together are unique for 18 series."""

    color: str
    dash: Dash


def series_style(index: int) -> SeriesStyle:
    """The style of the ``index``-th series: six share a dash, and a colour comes back only with another dash."""
    dash = SERIES_DASHES[index // len(SERIES_COLORS) % len(SERIES_DASHES)]
    return SeriesStyle(SERIES_COLORS[index % len(SERIES_COLORS)], dash)


def heat_step(share: float) -> int:
    """The index of the heat map's step for a share of 0 to 1."""
    for index, (upper, _, _) in enumerate(HEAT_STEPS):
        if share < upper or share == upper == 0:
            return index
    return len(HEAT_STEPS) - 1
