"""``warmup ramps``: side by side, one in full, JSON, a chart."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from warmup.cli.group import run
from warmup.cli.main import cli
from warmup.ramps import ramps


@pytest.fixture
def warmup(capsys, monkeypatch):
    def running(*args: str, columns: int | None = 140) -> tuple[int, str, str]:
        if columns:
            monkeypatch.setenv("COLUMNS", str(columns))
        else:
            monkeypatch.delenv("COLUMNS", raising=False)
        code = run(cli, "warmup", ["ramps", *args])
        out = capsys.readouterr()
        return code, out.out, out.err

    return running


def row(out: str, slug: str) -> list[str]:
    return next(line.split() for line in out.splitlines() if line.startswith(f"{slug} "))


def test_side_by_side(warmup):
    code, out, err = warmup()
    assert (code, err) == (0, "")
    assert row(out, "sparkpost-2020")[:9] == [
        "sparkpost-2020",
        "SparkPost/Bird",
        "IP",
        "200",
        "6",
        "9",
        "11",
        "20",
        "table",
    ]
    assert row(out, "sparkpost-2020")[9] == "2026-08-06"
    assert row(out, "oracle-responsys-per-isp")[3:8] == ["32,500", "1", "6", "–", "–"]
    assert "█" in out
    for slug, ramp in ramps().items():
        assert (f"\n{slug} " in out) == (ramp.usable in ("table", "percent", "rule"))
    assert "8 more" in out


def test_the_policies_and_ceilings_stand_below_with_their_sources(warmup):
    out = warmup()[1]
    assert "conservative  SparkPost 2020, each level held two sending days" in out
    assert "Yahoo / AOL: 1,200 a day and 100 an hour per IP for 7 sending days, then at most x 1.5" in out
    assert "(sourced, support.sendgrid.com)" in out
    assert "Microsoft 365 and" in out
    assert "lifted by CSA" in out


def test_all_shows_what_cannot_be_planned_with(warmup):
    out = warmup("--all")[1]
    assert row(out, "bird-automatic")[-2:] == ["no", "2026-05"]
    assert "more are excerpts" not in out


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120, 200])
def test_narrow_terminals_lose_columns_not_sense(warmup, columns):
    out = warmup(columns=columns)[1]
    head = out.splitlines()[0].split()
    assert head[0] == "ramp"
    assert ("sketch" in head) == (columns >= 140)
    if columns >= 80:
        assert row(out, "sparkpost-2020")[0] == "sparkpost-2020"
        assert {"start", "10k", "100k", "1M"} <= set(head)


def test_a_pipe_gets_every_column(warmup):
    assert "sketch" in warmup(columns=None)[1].splitlines()[0]


def test_one_in_full(warmup):
    code, out, _ = warmup("sparkpost-2020")
    assert code == 0
    assert ramps()["sparkpost-2020"].url in out
    days = [line.split() for line in out.splitlines() if line.strip()[:1].isdigit()]
    assert [int(day[1].replace(",", "")) for day in days] == list(ramps()["sparkpost-2020"].table())
    assert days[1][2:4] == ["x", "2.50"]


def test_one_with_ladders_of_its_own_for_providers(warmup):
    out = warmup("sparkpost-2015-per-isp")[1]
    assert "each provider" in out
    assert "Yahoo / AOL" in out
    assert "(aol: printed only)" in out


def test_percentages_stay_percentages(warmup):
    out = warmup("adobe-ajo-4week-pct")[1]
    assert "0.5 %" in out
    assert "100.0 %" in out


def test_a_policy_is_shown_as_its_held_ramp(warmup):
    out = warmup("conservative")[1]
    assert out.startswith("policy conservative")
    days = [line.split() for line in out.splitlines() if line.strip()[:1].isdigit()]
    assert [day[1] for day in days[:4]] == ["200", "200", "500", "500"]


def test_what_is_not_published_says_why(warmup):
    code, out, _ = warmup("bird-automatic")
    assert code == 0
    assert "not published" in out


def test_json_is_versioned_and_complete(warmup):
    document = json.loads(warmup("--format", "json", "--all")[1])
    assert document["schema_version"] == 1
    assert {ramp["slug"] for ramp in document["ramps"]} == set(ramps())
    assert {policy["name"] for policy in document["policies"]} == {"standard", "conservative"}
    assert document["ceilings"][0]["provider"] == "yahoo"
    assert document["ceilings"][0]["source"].startswith("https://")
    for ramp in document["ramps"]:
        for who, ladder in {**ramp["ladders"], **ramp["printed_only"]}.items():
            assert ladder["table"] == list(ramps()[ramp["slug"]].table(who))
    one = json.loads(warmup("sparkpost-2020", "--format", "json")[1])
    assert [ramp["slug"] for ramp in one["ramps"]] == ["sparkpost-2020"]
    assert one["ramps"][0]["ladders"]["all"]["day_reaching"]["100000"] == 11


@pytest.mark.parametrize("args", [[], ["mailtrap-21day"], ["standard"]])
@pytest.mark.parametrize("suffix", [".svg", ".PNG"])
def test_a_chart_beside_the_text(warmup, tmp_path, args, suffix):
    path = tmp_path / f"chart{suffix}"
    code, out, err = warmup(*args, "--chart", str(path))
    assert code == 0
    assert out
    assert "wrote" in err
    assert path.stat().st_size > 5000


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("sparkpost-2021",), 2, "did you mean 'sparkpost-2020'"),
        (("x\x1b[31m\ny",), 2, "is not known"),
        (("--chart", "chart.pdf"), 2, "neither .svg nor .png"),
        (("--chart", "no such folder/chart.svg"), 3, "No such file"),
        (("--format", "xml"), 2, "xml"),
    ],
)
def test_wrong_use_is_one_line(warmup, args, code, says):
    found, _, err = warmup(*args)
    assert found == code
    assert says in err
    assert "\x1b" not in err
    assert len(err.strip().splitlines()) == 1


def test_a_terminal_without_unicode_gets_a_sketch_of_letters():
    done = subprocess.run(
        [sys.executable, "-m", "warmup.cli.main", "ramps"],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "140"},
    )
    assert b"#" in done.stdout
    assert b"sparkpost-2020" in done.stdout


def test_the_list_does_not_load_the_charts():
    code = (
        "import sys; from warmup.cli.group import run; from warmup.cli.main import cli;"
        "run(cli, 'warmup', ['ramps']);"
        "sys.exit(any(name in sys.modules for name in ('matplotlib', 'pandas', 'numpy', 'pydantic', 'dns')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
