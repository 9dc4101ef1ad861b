"""Reading the file: what is no scenario at all says so in one line, with its place and a way out."""

from __future__ import annotations

import os
from datetime import date, time
from pathlib import Path

import pytest

import warmup
from tests.scenario.conftest import SMALLEST
from warmup.errors import InputError, UndeterminedError
from warmup.scenario import Scenario, SendWindow, expand_days


def refused(path: str | Path) -> str:
    with pytest.raises(InputError) as error:
        warmup.load_scenario(path)
    text = str(error.value)
    assert "\n" not in text
    return text


def test_the_smallest_scenario_is_ten_lines_and_has_every_default(folder):
    assert len(SMALLEST.splitlines()) == 10
    Path("scenario.toml").write_text(SMALLEST, encoding="utf-8")
    scenario = warmup.load_scenario("scenario.toml")
    assert isinstance(scenario, Scenario)
    assert scenario.base_dir == folder
    assert scenario.start == date(2026, 2, 3)
    assert scenario.pool_of(scenario.streams[0]).size == 2
    assert [source.path for source in scenario.history or []] == ["history.csv"]
    assert scenario.new.overflow == "shared"


def test_relative_paths_start_from_the_file_and_may_be_links(tmp_path):
    (tmp_path / "data.csv").write_text("x", encoding="utf-8")
    inner = tmp_path / "customer"
    inner.mkdir()
    (inner / "history.csv").symlink_to(tmp_path / "data.csv")
    (inner / "scenario.toml").write_text(SMALLEST.replace('"history.csv"', '["history.csv", "../data.csv"]'))
    scenario = warmup.load_scenario(inner / "scenario.toml")
    assert all((scenario.base_dir / source.path).is_file() for source in scenario.history or [])


@pytest.mark.parametrize("text", ["\ufeff" + SMALLEST, SMALLEST.replace("\n", "\r\n")])
def test_windows_files_are_read(folder, text):
    Path("scenario.toml").write_bytes(text.encode("utf-8"))
    assert warmup.load_scenario("scenario.toml").customer == "Example Shop"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("customer = Example Shop\n", "scenario.toml:1:12", "quotes"),
        ('customer = "x"\nstart = 2026-02-30\n', "scenario.toml:2:9", "no such day"),
        ("a line of text\n", "scenario.toml:1:3", "key = value"),
        ("[legacy]\nname = 'a'\n[legacy]\n", "scenario.toml:3:8: Cannot declare legacy twice", "one, or use"),
        ("x = 1\nx = 2\n", "scenario.toml:2:6", "written twice"),
        ("silent = [2026-02-03\n", "scenario.toml:2", "]"),
        ("window = {from = 09:00\n}", "scenario.toml:1", "in `window"),
        ("x = 'a\ny = 2", "scenario.toml:2: ", "close the quotes"),
        ("x = " + "[" * 5000, "scenario.toml", "nested deeper"),
        ("x = " + "[" * 50 + "]" * 50, "scenario.toml", "nested deeper"),
        ("x = " + "9" * 5000, "scenario.toml", "thousands of digits"),
        ("x = 1\0", "scenario.toml:1", ""),
    ],
)
def test_a_syntax_error_names_line_and_column_and_what_to_do(folder, text, place, words):
    Path("scenario.toml").write_text(text, encoding="utf-8")
    line = refused("scenario.toml")
    assert line.startswith(place)
    assert words in line


def test_what_is_not_utf_8_says_so(folder):
    Path("scenario.toml").write_bytes(SMALLEST.replace("Shop", "Bücher").encode("latin-1"))
    assert refused("scenario.toml") == "scenario.toml:1: is not UTF-8 (byte 0xfc); save the file as UTF-8"
    Path("scenario.toml").write_bytes(SMALLEST.encode("utf-16"))
    assert refused("scenario.toml") == "scenario.toml: is UTF-16; save the file as UTF-8"


def test_a_file_that_is_too_large_is_not_parsed(folder):
    Path("scenario.toml").write_text("# " + "x" * (5 << 20), encoding="utf-8")
    assert "larger than 1 MB" in refused("scenario.toml")


def test_a_missing_file_names_its_neighbours(folder):
    Path("scenario.toml").write_text(SMALLEST, encoding="utf-8")
    assert refused("scenaro.toml") == "scenaro.toml: there is no such file; did you mean scenario.toml?"
    assert "in that folder there is: scenario.toml" in refused("zzz")
    assert "no folder nowhere" in refused("nowhere/scenario.toml")
    Path("scenario.toml").unlink()
    assert "warmup demo" in refused("scenario.toml")


def test_a_folder_is_not_a_file(folder):
    Path("customer").mkdir()
    assert refused("customer") == "customer: is a folder; name the scenario file in it"
    Path("customer/scenario.toml").write_text(SMALLEST, encoding="utf-8")
    assert "did you mean customer/scenario.toml?" in refused("customer")


def test_a_name_that_no_file_can_have_is_bad_input(folder):
    assert "is not the name of a file" in refused("a\0b")


@pytest.mark.skipif(os.name == "nt", reason="permissions work otherwise there")
def test_a_file_that_cannot_be_read_is_undetermined(folder, monkeypatch):
    Path("scenario.toml").write_text(SMALLEST, encoding="utf-8")

    def deny(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(UndeterminedError, match=r"scenario\.toml: cannot be read: Permission denied"):
        warmup.load_scenario("scenario.toml")


def test_an_empty_file_says_what_belongs_into_it(problems):
    lines = problems("")
    assert [line.split(": ")[1] for line in lines] == ["customer", "start", "pools", "streams"]
    assert "add start = 2026-02-03" in lines[1]
    assert "[[pools]]" in lines[2]


def test_200_ips_are_fine(problems):
    ips = ", ".join(f'"2001:db8::{number:x}"' for number in range(1, 201))
    assert problems(SMALLEST.replace("ip_count = 2", f"ips = [{ips}]")) == []


def test_scenarios_are_the_same_wherever_their_files_lie(folder):
    Path("scenario.toml").write_text(SMALLEST, encoding="utf-8")
    one = warmup.load_scenario("scenario.toml")
    assert one == one.model_copy(update={"base_dir": Path("elsewhere")})
    assert hash(one) == hash(one.model_copy(update={"base_dir": Path("elsewhere")}))
    assert one != one.model_copy(update={"customer": "Another"})
    assert Scenario.model_validate(one.model_dump(mode="json", by_alias=True)) == one


def test_days_and_hours_can_be_written_in_every_natural_form(folder):
    more = """
[calendar]
silent = [2026-02-05, "2026-02-06", {from = 2026-02-09, to = 2026-02-11}]
freeze = 2026-03-01
window = {from = "08:30", to = 10:00:00}
"""
    Path("scenario.toml").write_text(SMALLEST + more, encoding="utf-8")
    calendar = warmup.load_scenario("scenario.toml").calendar
    assert len(expand_days(calendar.silent)) == 5
    assert expand_days(calendar.freeze) == {date(2026, 3, 1)}
    assert calendar.window == SendWindow.model_validate({"from": time(8, 30), "to": time(10)})
    assert calendar.window.hours == 1.5
