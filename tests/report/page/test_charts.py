"""Charts for slides: the files that are written, and that they are the same each time."""

from __future__ import annotations

import re
from dataclasses import replace

import matplotlib as mpl
import pytest
from PIL import Image

from warmup.report import charts, figures

NAMES = {"ramp", "providers", "providers-log", "providers-together", "heatmap", "ip-load", "finish", "rollback"}


@pytest.fixture(scope="module")
def written(plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("charts") / "charts"
    return {path.name: path for path in charts.write_charts(plan, folder)}


@pytest.fixture(scope="module")
def drawn(plan):
    with mpl.rc_context(figures.STYLE):
        return dict(charts.drawings(plan))


def test_every_chart_is_there_as_png_and_svg(plan, written):
    stems = {name.rsplit(".", 1)[0] for name in written}
    assert stems >= NAMES
    assert "provider-google" in stems
    assert "provider-small" in stems
    assert set(written) == {f"{stem}.{kind}" for stem in stems for kind in ("png", "svg")}


def test_pictures_are_sixteen_to_nine_and_not_empty(written):
    for name, path in written.items():
        if name.endswith(".png"):
            with Image.open(path) as picture:
                assert picture.size[0] / picture.size[1] == pytest.approx(16 / 9, rel=0.01)
                assert len(picture.convert("RGB").getcolors(1 << 24)) > 20, name


def test_the_same_plan_gives_the_same_svg(drawn, written, tmp_path):
    with mpl.rc_context(figures.STYLE):
        for name in ("ramp", "heatmap", "provider-yahoo"):
            _, svg = charts.save_figure(drawn[name], tmp_path / name)
            assert svg.read_bytes() == written[f"{name}.svg"].read_bytes()
    text = written["ramp.svg"].read_text()
    assert "<dc:date>" not in text
    assert "matplotlib" not in text.lower().replace("http://matplotlib.org", "") or "<dc:creator" not in text


def test_no_word_is_smaller_than_twelve_points(drawn):
    for name, figure in drawn.items():
        for text in figure.findobj(mpl.text.Text):
            assert not text.get_text() or text.get_fontsize() >= figures.SMALL, (name, text.get_text())


def test_titles_say_the_message(drawn):
    titles = {name: figure.texts[0].get_text() for name, figure in drawn.items()}
    assert titles["ramp"] == "All mail in scope: expected by Sat 9 May 2026, promise Fri 22 May"
    assert titles["finish"] == "The date to promise is Fri 22 May 2026"
    assert titles["provider-yahoo"] == "Yahoo and AOL: expected to be complete by Sat 9 May 2026"


def test_hostile_names_fit_the_slide_and_the_folder(hostile_plan):
    strange = "../../etc/x\u202e"
    names = {strange if p == "yahoo" else p: f"$x_{n}$ " + "W" * 80 for n, p in enumerate(hostile_plan.providers)}
    caps = hostile_plan.caps.assign(provider=hostile_plan.caps["provider"].replace({"yahoo": strange}))
    with mpl.rc_context(figures.STYLE):
        made = dict(charts.drawings(replace(hostile_plan, providers=names, caps=caps)))
    assert "provider-etc-x" in made
    for name, figure in made.items():
        assert re.fullmatch(r"[a-z0-9_-]+", name)
        for text in figure.texts:
            assert text.get_window_extent().x1 <= figure.bbox.x1, (name, text.get_text())


def test_a_bare_plan_still_draws(build_plan):
    bare = build_plan(uncertainty=None, uncertainty_reason="Too little history.", peaks=())
    with mpl.rc_context(figures.STYLE):
        names = [name for name, _ in charts.drawings(bare)]
    assert "finish" not in names
    assert "ramp" in names
