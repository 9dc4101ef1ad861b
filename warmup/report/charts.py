"""``charts/``: every chart of a plan as PNG and SVG for slides, each with a title that says its message.

The same plan gives the same SVG bytes: identifiers are salted with a constant, and no date is written into the file.
"""

from __future__ import annotations

import re
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from warmup.report import figures, series, words
from warmup.report.figures import short
from warmup.report.steps import takes_no_ip

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from warmup.planner.plan import Plan

DPI = 120
PNG_EFFORT = 3
"""Of 9: a quarter of the default's time, and files a tenth larger."""
PER_SLIDE = 12


def write_charts(plan: Plan, folder: str | Path) -> list[Path]:
    """Write all charts.

    Args:
        plan: The plan to show.
        folder: Where to; made where missing. Files already there are replaced, others stay.

    Returns:
        The files, in this order as PNG and SVG: ``ramp``, ``providers`` (linear; more than twelve: ``providers-2`` …),
        ``providers-log``, ``providers-together``, ``provider-<id>``, ``heatmap``, ``ip-load``, ``finish``,
        ``rollback``. A chart without data is not written.
    """
    import matplotlib as mpl

    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    with mpl.rc_context(figures.STYLE), warnings.catch_warnings():
        # A name in a script that no installed font has is drawn as boxes; that is no reason to stop.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        warnings.filterwarnings("ignore", message="findfont: .*", category=UserWarning)
        for name, figure in drawings(plan):
            written += save_figure(figure, target / name)
    return written


def save_figure(figure: Figure, stem: Path) -> list[Path]:
    """Write a drawing as PNG and SVG; the same drawing gives the same SVG bytes."""
    png, svg = stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.svg")
    figure.savefig(png, dpi=DPI, metadata={"Software": None}, pil_kwargs={"compress_level": PNG_EFFORT})
    figure.savefig(svg, metadata={"Date": None, "Creator": None})
    return [png, svg]


def drawings(plan: Plan) -> Iterator[tuple[str, Figure]]:
    """File name without ending, and figure, one after the other."""
    days = series.shown_days(plan)
    note = f"{short(plan.scenario.customer, 60)}, plan of {words.day(plan.created)}"
    note += "; for comparison only" if takes_no_ip(plan) else ""
    yield "ramp", figures.ramp(series.daily_ramp(plan, days), _ramp_title(plan), note)
    yield from _provider_drawings(plan, series.provider_ramps(plan, days), note)
    heat = series.heat_map(plan, days)
    if heat.rows:
        yield "heatmap", figures.heat_map(heat, _heat_title(plan), note)
    if loads := series.ip_loads(plan, days):
        yield "ip-load", figures.ip_load(loads, _load_title(loads), note)
    if chart := series.finish_chart(plan):
        yield "finish", figures.finish(chart, _finish_title(plan), _finish_under(plan), note)
    if lines := series.rollback_rows(plan, days):
        yield "rollback", figures.rollback(lines, series.dates_of(plan, days), _rollback_title(lines), note)


def _provider_drawings(plan: Plan, ramps: tuple[series.ProviderRamp, ...], note: str) -> Iterator[tuple[str, Figure]]:
    if not ramps:
        return
    parts = [ramps[n : n + PER_SLIDE] for n in range(0, len(ramps), PER_SLIDE)]
    for log, name in ((False, "providers"), (True, "providers-log")):
        for at, part in enumerate(parts):
            suffix = f"-{at + 1}" if at else ""
            yield f"{name}{suffix}", figures.providers(part, _providers_title(plan), note, log=log)
    if len(ramps) > 1:
        yield "providers-together", figures.together(ramps[:18], "Each mailbox provider climbs at its own pace", note)
    for ramp in ramps:
        yield f"provider-{file_name(ramp.id)}", figures.provider(ramp, _provider_title(ramp), note)


def file_name(text: str) -> str:
    """A provider's id as part of a file name, whatever it contains."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-") or "unnamed"


def _ramp_title(plan: Plan) -> str:
    if takes_no_ip(plan):
        return "For comparison only: what dedicated IPs would do"
    if plan.all.day is None:
        return f"The move is not complete when this plan ends on {words.day(plan.last)}"
    if plan.all.except_providers:
        names = words.few([short(plan.providers.get(p, p), 20) for p in plan.all.except_providers], 2)
        return f"{_expected(plan)}, all but {names}"
    return f"All mail in scope: {_expected(plan, 'expected')}"


def _expected(plan: Plan, word: str = "Expected") -> str:
    """The expected date, then the one to promise."""
    commit = plan.uncertainty.commit_all if plan.uncertainty else None
    days = words.dates(*(day for day in (plan.all.day, commit) if day))
    return ", promise ".join((f"{word} by {days[0]}", *days[1:]))


def _providers_title(plan: Plan) -> str:
    dates = {d for d in plan.all.per_provider.values() if d}
    if not dates or None in plan.all.per_provider.values():
        return "The ramp at each mailbox provider"
    if len(dates) == 1:
        return f"Every mailbox provider: expected to be complete by {words.day(min(dates))}"
    return f"Mailbox providers: expected to be complete from {words.day(min(dates))} to {words.day(max(dates))}"


def _provider_title(ramp: series.ProviderRamp) -> str:
    name = short(ramp.name, 30)
    if ramp.complete:
        return f"{name}: expected to be complete by {words.day(ramp.complete)}"
    return f"{name}: up to {words.number(max(ramp.sent))} messages a day"


def _heat_title(plan: Plan) -> str:
    if plan.engaged.day and len(plan.tiers) > 1 and plan.all.day:
        return f"Expected: engaged people by {words.day(plan.engaged.day)}, everyone by {words.day(plan.all.day)}"
    return "How much of each provider's mail has moved"


def _load_title(loads: tuple[series.IpLoad, ...]) -> str:
    share = max(max(load.per_ip) / load.capacity for load in loads)
    return f"The fullest IP reaches {words.percent(share, 1)} of its capacity"


def _finish_title(plan: Plan) -> str:
    chance = plan.uncertainty
    if chance and chance.commit_all:
        return f"The date to promise is {words.day(chance.commit_all)}"
    return "When the move will be complete"


def _finish_under(plan: Plan) -> str:
    chance = plan.uncertainty
    if chance is None:
        return ""
    drawn = f"{words.number(chance.futures)} cases computed from {chance.weeks} past weeks of your history."
    held = f"Holds: {chance.assumption.rstrip('.')}."
    return "\n".join([drawn, *textwrap.wrap(held, 140)[:2]])


def _rollback_title(lines: tuple[series.RollbackRow, ...]) -> str:
    gaps = [line.gap for line in lines if line.gap]
    return (
        f"From {words.day(min(gaps))} on, going back is not possible everywhere every day"
        if gaps
        else "Legacy can take any provider's mail back at any time"
    )
