"""The main job on the example: `warmup demo` and `warmup plan`, and the story that the plan must tell."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import warmup
from warmup.traffic.forecast import forecast

TODAY = date(2026, 11, 23)
MARKETING = "marketing"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with `shop/`, `plan/` and `answer.json`, made by the commands alone."""
    place: Path = tmp_path_factory.mktemp("demo")
    program = Path(sys.executable).with_name("warmup")
    subprocess.run([program, "demo", "shop", "--today", str(TODAY)], cwd=place, check=True, capture_output=True)
    done = subprocess.run(
        [program, "plan", "shop/scenario.toml", "-o", "plan", "--no-pdf", "--format", "json", "--today", str(TODAY)],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    (place / "answer.json").write_text(done.stdout, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def plan(folder):
    return warmup.Plan.load(folder / "plan" / "plan.json")


@pytest.fixture(scope="module")
def table(folder):
    """`plan.csv` as it is handed over."""
    return pd.read_csv(folder / "plan" / "plan.csv", parse_dates=["date", "origin"], keep_default_na=False)


@pytest.fixture(scope="module")
def supply(plan, folder):
    scenario = warmup.load_scenario(folder / "shop" / "scenario.toml")
    return forecast(scenario, today=TODAY).supply


# --- outputs ---------------------------------------------------------------------------------------------------------


def test_every_output_is_there(folder):
    names = {path.relative_to(folder / "plan").as_posix() for path in (folder / "plan").rglob("*") if path.is_file()}
    assert {"report.html", "plan.xlsx", "plan.csv", "plan.ics", "plan.json"} <= names
    assert any(name.startswith("charts/") and name.endswith(".png") for name in names)
    assert any(name.startswith("charts/") and name.endswith(".svg") for name in names)
    assert all((folder / "plan" / name).stat().st_size for name in names)
    assert (folder / "plan" / "report.html").stat().st_size <= 2_000_000
    answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    assert set(answer["files"]) == names
    assert answer["exit_code"] == 0


def test_the_table_sums_to_the_supply_in_every_cell(table, supply):
    """Per stream, day of origin, provider and tier, to the message."""
    keys = ["origin", "stream", "provider", "tier"]
    planned = table.groupby(keys)["messages"].sum()
    t, s, p, k = np.nonzero(supply.messages[0])
    expected = pd.DataFrame(
        {
            "origin": pd.to_datetime([supply.dates[i] for i in t]),
            "stream": [supply.streams[i] for i in s],
            "provider": [supply.providers[i] for i in p],
            # No tier binds receipts: their audience is everyone.
            "tier": ["all" if supply.streams[i] == "receipts" else supply.tiers[j] for i, j in zip(s, k, strict=True)],
            "messages": supply.messages[0][t, s, p, k],
        }
    )
    expected = expected.groupby(keys)["messages"].sum()
    pd.testing.assert_series_equal(
        planned.sort_index(), expected.sort_index(), check_index_type=False, check_dtype=False
    )


def test_no_message_is_without_a_place(table):
    assert "unplaced" not in set(table["destination"])
    assert not table.duplicated(
        ["date", "origin", "destination", "ip_group", "provider", "stream", "tier", "limit"]
    ).any()


# --- the story -------------------------------------------------------------------------------------------------------


def test_the_plan_is_good_enough(plan):
    assert plan.exit_code == 0
    assert {finding.severity for finding in plan.findings} <= {"warning", "notice"}
    assert plan.policy == "standard"


def test_the_dates_stand_in_the_order_a_customer_hopes_for(plan):
    scenario = plan.scenario
    commit = plan.uncertainty.commit_all
    peak = date(2027, 11, 26)
    assert scenario.start < plan.engaged.day < plan.all.day <= commit <= scenario.deadline
    # Of the same volumes the same dates follow, whatever the files look like that tell them.
    assert (plan.engaged.day, plan.all.day) == (date(2027, 7, 9), date(2027, 7, 23))
    assert plan.all.day - scenario.start > timedelta(weeks=6)
    assert plan.all.day + timedelta(days=14) <= scenario.legacy.until < peak
    assert plan.latest_start.day > scenario.start


def test_it_shows_every_limit_a_reader_should_meet(plan):
    caps = plan.caps[plan.caps["pool"] == MARKETING]
    seen = caps.groupby("provider")["limit"].agg(set)
    assert {"ramp", "freeze", "supply"} <= seen["google"]
    assert "ceiling" in seen["yahoo"]
    assert "ceiling" in seen["united_internet"]
    assert "ceiling" in seen["microsoft_consumer"]
    assert "readiness" in seen["t_online"]
    assert {"tier", "control", "out-of-scope"} <= set(plan.messages["limit"].dropna())
    assert set(plan.small_members[MARKETING]) >= {"laposte_net", "freenet_de"}


def test_legacy_winds_down(plan):
    weekly = plan.days.set_index("date")["legacy"].resample("7D", origin="start").sum()
    before = plan.all.day - plan.first
    assert weekly.iloc[0] > 0.95 * plan.days["supply"].iloc[:7].sum()
    assert weekly.iloc[before.days // 7 + 1] < 0.1 * weekly.iloc[0]
    after = plan.days[plan.days["date"] > pd.Timestamp(plan.scenario.legacy.until)]
    assert after["legacy"].sum() == 0


def test_the_control_group_is_held_and_released(plan):
    assert plan.control["share"] == 0.05
    assert plan.control["released"] == plan.all.day
    assert plan.control["messages"] > 0


def test_changes_matter(plan):
    delta = {lever.id: lever.all_delta for lever in plan.levers}
    assert delta["preflight.t_online_request"] < 0
    assert delta["policy.conservative"] > 7
    assert delta["ips.minus1.marketing"] is None  # two IPs cannot carry the largest day
    sizes = {size.pool: size for size in plan.sizing}
    assert sizes[MARKETING].recommended == sizes[MARKETING].planned == 3


def test_black_friday_is_declared_and_answered(plan):
    (peak,) = plan.peaks
    assert (peak.name, peak.day) == ("Black Friday", date(2027, 11, 26))
    assert not peak.fits
    assert peak.spread_days == 3


# --- any day ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("today", [date(2027, 1, 4), date(2027, 5, 1), date(2027, 7, 14), date(2028, 11, 24)])
def test_made_on_another_day_it_is_complete_in_the_same_time(plan, today, tmp_path):
    """The engine alone, without levers and futures: the same volumes on other dates give the same plan."""
    from warmup.demo import write_demo
    from warmup.planner.bench import make_bench
    from warmup.planner.planning import headline

    write_demo(tmp_path, today=today)
    bench = make_bench(warmup.load_scenario(tmp_path / "scenario.toml"), today=today)
    done = int(headline(bench, 1.0).days.whole[0, 1])
    assert done == (plan.all.day - plan.first).days


def test_the_table_is_plain_csv(folder):
    with (folder / "plan" / "plan.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        first = next(iter(rows))
    assert set(first) >= {"date", "origin", "destination", "provider", "stream", "tier", "messages", "limit"}
