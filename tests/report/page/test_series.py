"""Charts show the plan's numbers; colours stay apart for eyes that see fewer of them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.report import drawings, figures, palette, series, vega

SIGHTS = {
    "normal": np.eye(3),
    # Machado, Oliveira and Fernandes 2009, severity 1
    "deuteranope": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "protanope": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}


def linear(color):
    c = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(rgb, 0, 1)
    f = xyz / np.array([0.9505, 1, 1.089])
    f = np.where(f > 0.008856, np.cbrt(f), 7.787 * f + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(a, b, sight):
    return float(np.linalg.norm(lab(SIGHTS[sight] @ linear(a)) - lab(SIGHTS[sight] @ linear(b))))


def contrast(a, b):
    light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (a, b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_twelve_series_are_told_apart():
    styles = [palette.series_style(n) for n in range(12)]
    assert len(set(styles)) == 12
    for a, b in itertools.combinations(styles, 2):
        if a.dash == b.dash:
            assert min(distance(a.color, b.color, sight) for sight in SIGHTS) > 30, (a, b)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("dark", [False, True])
def test_colours_of_one_chart_are_told_apart(sight, dark):
    def shade(color):
        return palette.DARK[color] if dark else color

    stack = [palette.DEDICATED, palette.OVERFLOW, palette.LEGACY, palette.UNPLACED]
    for a, b in itertools.combinations(stack, 2):
        assert distance(shade(a), shade(b), sight) > 15, (a, b)
    assert distance(shade(palette.DEDICATED), shade(palette.CAP), sight) > 30
    steps = [shade(color) for _, color, _ in palette.HEAT_STEPS]
    lightness = [lab(linear(c))[0] for c in steps]
    assert all(abs(a - b) > 5 for a, b in itertools.pairwise(lightness))
    assert lightness in (sorted(lightness), sorted(lightness, reverse=True))


def test_words_in_charts_have_contrast():
    for color in (palette.INK, palette.AXIS, palette.MARKER):
        assert contrast(color, "#ffffff") >= 4.5
        assert contrast(palette.DARK[color], "#12161c") >= 4.5
    for color in (
        palette.DEDICATED,
        palette.CAP,
        palette.UNPLACED,
        palette.CARRY,
        palette.HELD,
        *palette.SERIES_COLORS,
    ):
        assert contrast(color, "#ffffff") >= 3
        assert contrast(palette.DARK[color], "#12161c") >= 3


def test_the_stack_is_the_days_table(plan):
    days = series.shown_days(plan)
    ramp = series.daily_ramp(plan, days)
    stays = ramp.parts["stays"]
    assert sum(stays) > 0
    for name in ("dedicated", "overflow", "unplaced"):
        assert ramp.parts[name] == plan.days[name].head(days).tolist()
    whole = [a + b for a, b in zip(ramp.parts["legacy"], stays, strict=True)]
    assert whole == plan.days["legacy"].head(days).tolist()
    assert ramp.supply == plan.days["supply"].head(days).tolist()


def test_markers_say_what_is_expected_promised_and_later(plan, build_plan):
    days = series.shown_days(plan)
    by_text = {m.text: m for m in series.markers(plan, days)}
    assert by_text["expected"].day == plan.all.day
    assert by_text["promise"].day == plan.uncertainty.commit_all
    assert by_text["promise"].firm
    assert "expected ≤ 90 days" in by_text
    assert "expected ≤ 90 days" not in {m.text for m in series.markers(plan, days, most=False)}
    far = plan.first + timedelta(days + 30)
    peak = replace(plan.peaks[0], name="Sale", day=far)
    late = next(m for m in series.markers(build_plan(peaks=(peak,)), days) if m.text == "Sale")
    assert late.day == plan.first + timedelta(days - 1)
    assert late.label == f"Sale, {far.day} {far:%b} →"


def test_the_way_back_is_lost_for_good_after_its_last_day(plan):
    """Gaps between are quiet days' business; ``never_from`` is what comes after all of them."""
    can = np.array([True, True, False, True, False, False])
    row = series._rollback_row(plan, "x", can)
    assert (row.gap, row.never_from) == (plan.first + timedelta(2), plan.first + timedelta(4))
    assert row.until == plan.first + timedelta(1)
    whole = series._rollback_row(plan, "x", np.array([True, True]))
    assert (whole.gap, whole.never_from, whole.until) == (None, None, None)
    none = series._rollback_row(plan, "x", np.array([False, False]))
    assert (none.gap, none.never_from, none.until) == (plan.first, plan.first, None)


def test_provider_charts_hold_every_message_and_cap(plan):
    days = series.shown_days(plan)
    ramps = series.provider_ramps(plan, days)
    shown = plan.caps[[d <= plan.first + timedelta(days - 1) for d in plan.caps["date"]]]
    assert sum(sum(r.sent) for r in ramps) == shown["sent"].sum()
    assert sum(sum(r.cap) for r in ramps) == shown["cap"].sum()
    small = ramps[-1]
    assert small.id == "small"
    assert set(small.members) == {"Libero", "freenet", "All other domains"}
    assert all(s <= c for r in ramps for s, c in zip(r.sent, r.cap, strict=True))


def test_the_heat_map_ends_complete(plan):
    heat = series.heat_map(plan, series.shown_days(plan))
    assert [name for name, _ in heat.rows] == list(plan.providers.values())
    assert all(share is None or 0 <= share <= 1 for _, row in heat.rows for share in row)
    last = (plan.all.day - plan.first).days
    assert all(share is None or share >= 0.99 for _, row in heat.rows for share in row[last : last + 4])


@given(st.lists(st.none() | st.floats(0, 1), max_size=60))
def test_runs_cover_every_day_that_has_mail_and_no_other(row):
    covered = [at for first, end, _ in series.heat_runs(row) for at in range(first, end)]
    assert covered == [at for at, share in enumerate(row) if share is not None]
    steps = {at: step for first, end, step in series.heat_runs(row) for at in range(first, end)}
    assert all(steps[at] == palette.heat_step(share) for at, share in enumerate(row) if share is not None)


@given(st.lists(st.tuples(st.floats(0, 800), st.floats(10, 200)), max_size=12))
def test_labels_never_overlap_nor_leave_the_chart(labels):
    labels = sorted(labels)
    places = series.place_labels([a for a, _ in labels], [w for _, w in labels], 800)
    spans = [
        (row, at - w, at) if left else (row, at, at + w) for (at, w), (row, left) in zip(labels, places, strict=True)
    ]
    for (row, start, end), (other, begin, stop) in itertools.combinations(spans, 2):
        assert row != other or end <= begin or stop <= start
    assert all(end <= 800 for _, _, end in spans)


@given(st.lists(st.floats(0, 1), max_size=15).map(sorted))
def test_end_labels_keep_their_order_and_distance(wanted):
    got = figures.spread(wanted, 0.05)
    assert all(b - a >= 0.05 - 1e-9 for a, b in itertools.pairwise(got))
    if all(b - a >= 0.05 for a, b in itertools.pairwise(wanted)):
        assert got == pytest.approx(wanted)


def test_lines_do_not_go_through_the_words_of_others():
    """Four dates close together: the line of each rises left of the labels that stand lower."""
    positions = [10.0, 30.0, 45.0, 60.0]
    placed = series.place_labels(positions, [80.0] * 4, 500)
    assert [row for row, _ in placed] == [3, 2, 1, 0]
    assert not any(left for _, left in placed)


def test_what_is_later_stands_above_the_lines():
    day = date(2026, 5, 1)
    markers = (series.Marker(day, "deadline"), series.Marker(day, "peak", later=date(2026, 11, 27)))
    assert series.place_markers(markers, [90.0, 100.0], [30.0, 30.0], 100) == [(0, True), (1, True)]


def test_finish_bars_count_every_future(plan):
    chart = series.finish_chart(plan)
    assert sum(chart.free) == len(plan.uncertainty.all.days)
    assert sum(chart.held) == len(plan.uncertainty.held)
    assert len(chart.starts) <= 40


def test_long_horizons_are_cut_after_completion(plan, build_plan):
    assert series.shown_days(build_plan()) <= len(plan.days)
    far = plan.first + timedelta(400)
    assert series.shown_days(build_plan(last=far)) < 180


def test_specifications_are_valid_vega_lite(plan):
    """The page builds them with Altair's checks off; here they are on."""
    days = series.shown_days(plan)
    ramp = series.provider_ramps(plan, days)[0]
    for chart in (
        drawings.ramp_chart(series.daily_ramp(plan, days), vega.WIDE),
        drawings.provider_chart(ramp, log=True),
        drawings.heat_chart(series.heat_map(plan, days), vega.NARROW),
        drawings.load_chart(series.ip_loads(plan, days)[0]),
        drawings.rollback_chart(series.rollback_rows(plan, days), series.dates_of(plan, days), vega.WIDE),
        *drawings.finish_charts(series.finish_chart(plan)),
    ):
        assert chart.spec["layer"]
        assert all(len(set(map(len, t.values()))) == 1 for t in {**chart.tables, **chart.hover_tables}.values())
