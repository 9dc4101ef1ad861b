"""Charts of ramps: readable files, the same bytes for the same ramps."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from warmup.ramps import Ramp, ramps
from warmup.ramps.chart import FINAL_VOLUME, draw_all, draw_one
from warmup.ramps.compare import PLANNABLE, by_pace


def plannable() -> list[Ramp]:
    return by_pace(ramp for ramp in ramps().values() if ramp.usable in PLANNABLE)


def comments(path) -> str:
    """matplotlib writes each text of an SVG as a comment beside its outlines."""
    return "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if "<!--" in line)


def test_all_side_by_side_name_every_ramp(tmp_path):
    path = tmp_path / "all.svg"
    draw_all(plannable(), path)
    ET.parse(path)  # noqa: S314 - our own file
    text = comments(path)
    assert [ramp.slug for ramp in plannable() if ramp.slug not in text] == []
    assert "100k: day 11" in text
    assert f"{FINAL_VOLUME:,}" in text


@pytest.mark.parametrize("slug", sorted(ramps()))
def test_every_ramp_can_be_drawn_alone(tmp_path, slug):
    path = tmp_path / "one.svg"
    draw_one(ramps()[slug], path)
    text = comments(path)
    assert ramps()[slug].url in text
    assert ("no numbers published" in text) == (ramps()[slug].usable == "no")


def test_a_picture_for_slides(tmp_path):
    path = tmp_path / "one.png"
    draw_one(ramps()["oracle-responsys-per-isp"], path, plannable())
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.stat().st_size < 300_000


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_same_ramps_give_the_same_bytes(tmp_path, suffix):
    one, two = tmp_path / f"1.{suffix}", tmp_path / f"2.{suffix}"
    for path in (one, two):
        draw_all(plannable()[:2], path)
    assert one.read_bytes() == two.read_bytes()
