"""What may be promised: never before what is shown, judged by the same providers, kept by sizes, starts and cures."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import warmup
from tests.planner.make_files import MIX, Mail, finding, ids, lever, planned, write_customer
from tests.planner.make_problem import make_problem
from warmup.planner.futures import ASSUMPTION, with_holds
from warmup.planner.problem import stack
from warmup.ramps import Ladder

if TYPE_CHECKING:
    from warmup.planner.plan import Plan, Uncertainty

WITH_T_ONLINE = {"gmail.com": 0.7, "t-online.de": 0.3}


def noisy(folder: Path, *mails: Mail, spread: float = 0.35, **keys: Any) -> Path:
    """A customer of twelve weeks whose daily volumes vary."""
    path = write_customer(folder, *mails, weeks=12, **keys)
    rng = np.random.default_rng(11)
    history = folder / "history.csv"
    rows = list(csv.DictReader(history.read_text(encoding="utf-8").splitlines()))
    weeks: dict[tuple[int, int], float] = {}
    for row in rows:
        week = date.fromisoformat(row["date"]).isocalendar()[:2]
        factor = weeks.setdefault(week, float(np.exp(rng.normal(0, spread))))
        row["messages"] = str(round(int(row["messages"]) * factor))
    with history.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def chances(plan: Plan) -> Uncertainty:
    assert plan.uncertainty is not None
    return plan.uncertainty


@pytest.mark.parametrize("horizon", [50, 60, 70, 90])
def test_nothing_is_promised_before_the_end_of_the_range(tmp_path: Path, horizon: int) -> None:
    mail = Mail(messages=60_000, weekdays=(1, 4), mix=MIX)
    plan = planned(noisy(tmp_path, mail, spread=0.6, policy={"horizon_days": horizon}))
    found = chances(plan)
    for shown, promised in ((found.engaged, found.commit_engaged), (found.all, found.commit_all)):
        assert promised is None or (shown.high is not None and promised >= shown.high)
        if shown.low and shown.high:
            assert shown.low <= shown.high


def test_provider_that_stays_closed_is_left_out_of_every_future(tmp_path: Path) -> None:
    plan = planned(noisy(tmp_path, Mail(mix=WITH_T_ONLINE)))
    assert plan.all.except_providers == ("t_online",)
    assert plan.all.day is not None
    found = chances(plan)
    assert found.all.not_within == 0
    assert found.all.low is not None
    assert found.all.high is not None
    assert found.all.low <= plan.all.day <= found.all.high + timedelta(days=7)
    assert found.tail != "t_online"


def test_provider_that_makes_the_tail_is_named(tmp_path: Path) -> None:
    mix = {"gmail.com": 0.6, "yahoo.com": 0.4}
    plan = planned(
        noisy(
            tmp_path,
            Mail(messages=30_000, mix=mix),
            policy={"ceilings": {"yahoo": {"daily": 800, "growth_after": 1.05, "for_sending_days": 20}}},
        )
    )
    found = chances(plan)
    assert found.tail == "yahoo"
    assert found.tail_share > 0.5


def test_number_of_ips_is_one_whose_finish_can_be_promised(tmp_path: Path) -> None:
    made: dict[str, Any] = {"mix": {"gmail.com": 1.0}, "messages": 90_000}
    deadline = date(2026, 3, 20)
    plan = planned(noisy(tmp_path, Mail(**made), ips=4, deadline=deadline))
    (size,) = plan.sizing
    assert size.promise is not None
    assert size.promise <= deadline
    again = planned(noisy(tmp_path, Mail(**made), ips=size.recommended, deadline=deadline))
    commit = chances(again).commit_all
    assert commit is not None
    assert commit <= deadline
    assert "deadline.at_risk" not in ids(again)


def test_latest_start_is_one_whose_finish_can_be_promised(tmp_path: Path) -> None:
    mail, deadline = Mail(messages=60_000, mix={"gmail.com": 1.0}), date(2026, 4, 20)
    plan = planned(noisy(tmp_path, mail, deadline=deadline))
    assert plan.latest_start is not None
    day = plan.latest_start.day
    assert day is not None
    assert plan.latest_start.probability is not None
    assert plan.latest_start.probability >= 0.8
    moved = planned(noisy(tmp_path, mail, start=day, deadline=deadline))
    commit = chances(moved).commit_all
    assert commit is not None
    assert commit <= deadline
    assert not ids(moved) & {"deadline.missed", "deadline.at_risk"}


def test_cure_of_a_deadline_at_risk_is_one_that_can_be_promised(tmp_path: Path) -> None:
    mail = Mail(messages=60_000, mix={"gmail.com": 1.0})
    free = planned(noisy(tmp_path, mail))
    commit, done = chances(free).commit_all, free.all.day
    assert commit is not None
    assert done is not None
    assert done < commit
    deadline = done + (commit - done) // 2
    plan = planned(noisy(tmp_path, mail, deadline=deadline))
    found = finding(plan, "deadline.at_risk")
    assert "of the cases are in time" in found.text
    for one in plan.levers:
        if one.text[1:] in found.remedy:
            assert one.promise is not None
            assert one.promise <= deadline
    nothing = planned(noisy(tmp_path, mail, deadline=done, ips=1))
    if "Move the deadline" in (text := finding(nothing, "deadline.at_risk").remedy):
        day = chances(nothing).commit_all
        assert day is not None
        assert f"{day.day} {day:%b %Y} or later" in text
    assert lever(plan, "pace.half").promise is None


def test_sizes_and_starts_of_the_commands_are_those_of_the_plan(tmp_path: Path) -> None:
    mail = Mail(messages=60_000, mix={"gmail.com": 1.0})
    path = noisy(tmp_path, mail, deadline=date(2026, 4, 10))
    plan = planned(path)
    from warmup.planner.pool_size import sizing
    from warmup.planner.starts import latest_start
    from warmup.planner.variants import levers

    scenario = warmup.load_scenario(path)
    assert sizing(scenario, today=plan.created) == plan.sizing
    assert latest_start(scenario, today=plan.created) == plan.latest_start
    assert levers(scenario, today=plan.created) == plan.levers


def test_date_to_promise_is_the_80th_percentile_of_the_held_cases(tmp_path: Path) -> None:
    plan = planned(noisy(tmp_path, Mail(messages=60_000, mix=MIX)))
    found = chances(plan)
    assert found.commit_all is not None
    assert found.all.high is not None
    assert found.commit_all > found.all.high  # so that it is the percentile, not the end of the range
    in_time = sum(day <= found.commit_all for day in found.held)
    before = sum(day < found.commit_all for day in found.held)
    assert before < 0.8 * found.futures <= in_time


def test_assumed_holds_are_those_that_are_printed() -> None:
    problem = stack([make_problem([10] * 20, Ladder((1.0, 2.0), (1, 1)))] * 400)
    held = with_holds(problem, seed=5)
    days, first = held.hold_days[1:], held.hold_from[1:]
    assert not held.hold_days[0].any()
    assert set(np.unique(days)) == {0, 3, 4, 5}
    assert set(np.unique((days > 0).sum(axis=2))) == {0, 1, 2, 3}
    assert first.min() == 1
    assert first.max() == 30
    for figure in ("0 to 3 times", "3 to 5 sending days", "first 30 sending days"):
        assert figure in ASSUMPTION
