"""The plan on a terminal: the answer, what comes first, the ramp, the next days, the findings.

Nothing depends on colour: destinations have characters of their own, severities stand in words. On a terminal without
UTF-8 everything is said in ASCII. Text from input is laid out as text, never read as mark-up.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from warmup.report.daysheet import OUTSIDE, last_shown, provider_label, rows, stays
from warmup.report.guard import plain
from warmup.report.opening import first_lines, sentence, sentences
from warmup.report.steps import GRAVE, takes_no_ip
from warmup.report.words import count, day, day_month, number, percent

if TYPE_CHECKING:
    from warmup.planner.plan import Finding, Plan

MOST_BARS = 16
"""Lines of the ramp chart; a longer plan has several weeks to a line."""
NEXT_DAYS = 7
FIRST_TITLE = "What must happen first, the most important first"
ABOVE = "What to do: see above, what must happen first."
MOST_NOTES = 4
NOTE_LENGTH = 230
"""Characters of a note on the data at most: a list of names can be long."""
READABLE = 110
"""Characters of a line of running text at most, however wide the terminal."""

_ASCII = str.maketrans(
    {"≤": "<=", "≥": ">=", "–": "-", "—": "-", "−": "-", "“": '"', "”": '"', "’": "'", "…": "...", "×": "x", "±": "+/-",
     "·": "-", "→": "->", "•": "-"}
)  # fmt: skip
SEVERITY_STYLES = {"blocker": "bold red", "error": "bold red", "warning": "yellow", "notice": "cyan"}


PARTS = ("dedicated", "overflow", "legacy", "unplaced", "kept")
"""Parts of a bar: the destinations, and what stays on legacy by decision (control group, recipients left out)."""


@dataclass(frozen=True)
class Voice:
    """What a terminal can show.

    Attributes:
        ascii: Only ASCII can be relied on.
    """

    ascii: bool

    def say(self, text: object) -> str:
        """Text from anywhere as one printable line that this terminal can show."""
        line = plain(text)
        if not self.ascii:
            return line
        folded = unicodedata.normalize("NFKD", line.translate(_ASCII))
        kept = "".join(c for c in folded if not unicodedata.combining(c))
        return kept.encode("ascii", "replace").decode("ascii")

    def text(self, text: object, style: str = "") -> Text:
        """The same as a rich text; mark-up in it stays what was typed."""
        return Text(self.say(text), style=style)

    def fills(self) -> dict[str, tuple[str, str]]:
        """Character and colour of each part of a bar, dark to light, so that they differ in grey."""
        marks = "#+.!-" if self.ascii else "█▓░!·"
        styles = ("green", "magenta", "bright_black", "bold red", "bright_black")
        return dict(zip(PARTS, zip(marks, styles, strict=True), strict=True))


class Summary:
    """A plan in about a screen and a half; give it to a rich console.

    Attributes:
        plan: The plan.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the summary out for the width and the characters of the terminal."""
        for part in self._parts(options):
            yield from trimmed(console, options, part)

    def _parts(self, options: ConsoleOptions) -> Iterator[Any]:
        voice, plan = Voice(options.ascii_only), self.plan
        yield Text.assemble(
            voice.text(plan.scenario.customer, "bold"),
            voice.text(f": moving to {plan.scenario.new.name}, plan of {day(plan.created)}"),
        )
        yield Text("")
        for paragraph in sentences(plan):
            yield _item(Text(""), voice.text(paragraph), 0)
        yield from _section(voice, FIRST_TITLE, _first(voice, plan))
        if takes_no_ip(plan):
            yield Text("")
            yield voice.text("What the IPs as planned would do stands in the report, for comparison only.")
        else:
            yield from _section(voice, "The ramp", [_chart(voice, plan, options)])
            yield from _section(voice, f"The first {NEXT_DAYS} sending days", [_next_days(voice, plan)])
        if plan.findings:
            yield from _section(voice, "Findings", _findings(voice, plan))
        if plan.notes:
            yield from _section(voice, "Notes on the data", _notes(voice, plan))


def trimmed(console: Console, options: ConsoleOptions, part: Any) -> Iterator[Segment]:
    """A part without the blanks that rich fills its lines up with: they wrap where a terminal is made narrower."""
    for line in console.render_lines(part, options, pad=False):
        while line and not line[-1].text.strip():
            line.pop()
        if line:
            last = line.pop()
            line.append(Segment(last.text.rstrip(), last.style, last.control))
        yield from line
        yield Segment.line()


def summary(plan: Plan) -> Summary:
    """The plan as something that rich can print, at any width from 60 columns."""
    return Summary(plan)


def _section(voice: Voice, title: str, parts: Iterable[Any]) -> Iterator[Any]:
    yield Text("")
    yield voice.text(title, "bold")
    yield from parts


def _item(mark: Text, text: Text, width: int) -> Table:
    """A mark and a text beside it, the text's further lines below its first."""
    grid = Table.grid(padding=(0, 1, 0, 0) if width else 0)
    if width:
        grid.add_column(width=width)
    grid.add_column(max_width=READABLE, overflow="fold")
    grid.add_row(*([mark] if width else []), text)
    return grid


def _first(voice: Voice, plan: Plan) -> Iterator[Any]:
    lines = first_lines(plan, items=5)
    for line in lines:
        yield _item(voice.text("•"), voice.text(line), 1)
    if not lines:
        yield voice.text("Nothing: every item before the first send is done.")


def _findings(voice: Voice, plan: Plan) -> Iterator[Any]:
    order = list(SEVERITY_STYLES)
    for finding in sorted(plan.findings, key=lambda f: (order.index(f.severity), f.id, f.subject)):
        mark = voice.text(finding.severity, SEVERITY_STYLES[finding.severity])
        yield _item(mark, _finding(voice, finding), max(map(len, order)))


def _finding(voice: Voice, finding: Finding) -> Text:
    # What is grave has said its way out above.
    remedy = ABOVE if finding.severity in GRAVE and finding.remedy else finding.remedy
    text = voice.text(f"{sentence(finding.text)} {sentence(remedy)}".strip())
    return text.append_text(voice.text(f" ({finding.id})", "bright_black"))


def _notes(voice: Voice, plan: Plan) -> Iterator[Any]:
    """The warnings of the history's reading, or else its first remarks; the rest stands in the report."""
    grave = [note for note in plan.notes if note.level != "info"] or list(plan.notes)
    for note in grave[:MOST_NOTES]:
        text = plain(note.text)
        short = text if len(text) <= NOTE_LENGTH else f"{text[:NOTE_LENGTH].rsplit(' ', 1)[0]} …"
        yield _item(voice.text("•"), voice.text(short), 1)
    more = len(plan.notes) - min(len(grave), MOST_NOTES)
    if more:
        yield voice.text(f"{count(more, 'more note')} in the report, under “Notes on the data”.", "bright_black")


# -- the ramp ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bar:
    """A line of the chart: its first day (of weeks: the Monday, as in all tables) and its messages by part."""

    first: date
    parts: dict[str, int]

    @property
    def total(self) -> int:
        """All messages of the line."""
        return sum(self.parts.values())

    @property
    def share(self) -> float | None:
        """Part of the mail that is to move which the new IPs carry, 0-1; None where there is none."""
        in_scope = self.total - self.parts["kept"]
        return self.parts["dedicated"] / in_scope if in_scope else None


def bars(plan: Plan) -> tuple[int, list[Bar]]:
    """The lines of the ramp chart up to two weeks after completion.

    Returns:
        Days per line (1, 7 or whole weeks) and the lines; weeks begin on Monday.
    """
    last = last_shown(plan)
    span = (last - plan.first).days + 1
    step = 1 if span <= MOST_BARS else 7 * -(-(span + 6) // (7 * MOST_BARS))
    start = plan.first
    if step > 1:  # whole weeks, or the last one would look like a fall
        start -= timedelta(days=plan.first.weekday())
        last = min(plan.last, last + timedelta(days=6 - last.weekday()))
    out = {n: dict.fromkeys(PARTS, 0) for n in range((last - start).days // step + 1)}
    for value, part, messages in _sums(plan):
        if value <= last:
            out[(value - start).days // step][part] += messages
    return step, [Bar(start + timedelta(days=n * step), parts) for n, parts in out.items()]


def _sums(plan: Plan) -> Iterator[tuple[date, str, int]]:
    """Messages by day of sending and part of the bar."""
    import pandas as pd

    table = plan.messages
    by_decision = table["limit"].isin(OUTSIDE) & (table["destination"] == "legacy")
    part = table["destination"].astype(object).mask(by_decision, "kept")
    sums: Any = table["messages"].groupby([pd.to_datetime(table["date"]), part]).sum()
    for (value, name), messages in sums.items():
        yield value.date(), str(name), int(messages)


def _chart(voice: Voice, plan: Plan, options: ConsoleOptions) -> Group:
    step, lines = bars(plan)
    fills = voice.fills()
    most = max((bar.total for bar in lines), default=0)
    width = max(12, min(options.max_width, 120) - 36)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bright_black")
    period = {1: "day", 7: "week of"}.get(step, f"{step // 7} weeks of")
    table.add_column(period, no_wrap=True)
    table.add_column("new IPs", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    used = [name for name in fills if any(bar.parts[name] for bar in lines)]
    table.add_column(_legend(voice, used), no_wrap=True)
    for bar in lines:
        share = "" if bar.share is None else percent(bar.share)
        moved = number(bar.parts["dedicated"])
        table.add_row(voice.say(day_month(bar.first)), moved, voice.say(share), _bar(bar, fills, most, width))
    notes = ["share: of the mail that is to move"]
    if "kept" in used:
        notes.append(f"stays: {stays(plan)}")
    return Group(table, voice.text("; ".join(notes), "bright_black"))


def _legend(voice: Voice, used: list[str]) -> Text:
    words = {
        "dedicated": "new IPs",
        "overflow": "overflow",
        "legacy": "legacy",
        "unplaced": "no place",
        "kept": "stays",
    }
    text = Text()
    for name in used:
        mark, style = voice.fills()[name]
        text.append(mark, style=style)
        text.append(f" {words[name]}  ")
    return text


def _bar(bar: Bar, fills: dict[str, tuple[str, str]], most: int, width: int) -> Text:
    text = Text()
    for name, cells in bar_cells(bar.parts, most, width).items():
        mark, style = fills[name]
        text.append(mark * cells, style=style)
    return text


def bar_cells(parts: dict[str, int], most: int, width: int) -> dict[str, int]:
    """How many characters each part of a bar gets.

    A part that is there has at least one character, a part that is not has none, and the whole is never longer than
    its share of ``most`` (rounded) or the number of its parts.

    Args:
        parts: Messages by destination.
        most: Messages of the longest bar.
        width: Characters of the longest bar.

    Returns:
        Characters by destination, in the order of ``parts``.
    """
    present = {name: n for name, n in parts.items() if n}
    total = sum(present.values())
    if not total:
        return dict.fromkeys(parts, 0)
    length = max(len(present), round(width * total / most))
    spare = length - len(present)
    exact = {name: spare * n / total for name, n in present.items()}
    cells = {name: 1 + int(value) for name, value in exact.items()}
    by_rest = sorted(exact, key=lambda name: exact[name] - int(exact[name]), reverse=True)
    for name in by_rest[: length - sum(cells.values())]:
        cells[name] += 1
    return {name: cells.get(name, 0) for name in parts}


# -- the next days ----------------------------------------------------------------------------------------------------


def _next_days(voice: Voice, plan: Plan) -> Table:
    table = rows(plan)
    sums = table.groupby("date")["dedicated"].sum()
    days = list(sums[sums > 0].index)[:NEXT_DAYS]
    out = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bright_black")
    out.add_column("day", no_wrap=True)
    out.add_column("new IPs", justify="right", no_wrap=True)
    out.add_column("elsewhere", justify="right", no_wrap=True)
    out.add_column("to", overflow="fold", ratio=1)
    for value in days:
        part = table[table["date"] == value]
        moved = part.groupby("provider", sort=False)["dedicated"].sum().sort_values(ascending=False, kind="stable")
        moved = moved[moved > 0]
        names = ", ".join(f"{provider_label(plan, str(p))} {number(n)}" for p, n in moved.iloc[:4].items())
        more = f" and {len(moved) - 4} more" if len(moved) > 4 else ""
        elsewhere = int(part[["overflow", "legacy", "unplaced"]].to_numpy().sum())
        out.add_row(voice.say(day(value, year=False)), number(sums[value]), number(elsewhere), voice.say(names + more))
    if not days:
        return Table.grid()
    return out
