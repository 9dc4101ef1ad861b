"""plan.csv: complete, plain to read, safe to open."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pandas as pd

from tests.report.make_plan import make_plan
from warmup.report.tables import COLUMNS, write_csv


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_message_is_there(tmp_path):
    plan = make_plan(days=20)
    table = pd.read_csv(write_csv(plan, tmp_path / "plan.csv"), keep_default_na=False)
    assert tuple(table.columns) == COLUMNS
    sums = table.groupby(["stream", "origin", "provider", "tier"])["messages"].sum()
    tier = plan.messages["tier"].mask(plan.messages["stream"] == "receipts", "all")
    ours = plan.messages.assign(origin=plan.messages["origin"].astype(str), tier=tier)
    assert sums.equals(ours.groupby(["stream", "origin", "provider", "tier"])["messages"].sum())


def test_the_tier_is_all_where_none_binds_and_each_part_has_one_row(tmp_path):
    rows = read(write_csv(make_plan(days=20), tmp_path / "plan.csv"))
    assert {row["tier"] for row in rows if row["stream"] == "receipts"} == {"all"}
    assert "all" not in {row["tier"] for row in rows if row["stream"] != "receipts"}
    keys = [tuple(row[name] for name in COLUMNS if name != "messages") for row in rows]
    assert len(keys) == len(set(keys))


def test_the_form_is_rfc_4180(tmp_path):
    raw = write_csv(make_plan(days=14), tmp_path / "plan.csv").read_bytes()
    assert raw.endswith(b"\r\n")
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert raw.splitlines()[0].decode() == ",".join(f'"{name}"' for name in COLUMNS)
    assert raw.splitlines()[1].decode().startswith('"2027-02-02","2027-02-02","dedicated","transactional",')


def test_ip_group_is_empty_where_there_is_none(tmp_path):
    rows = read(write_csv(make_plan(days=14), tmp_path / "plan.csv"))
    assert all((row["ip_group"] == "") == (row["destination"] != "dedicated") for row in rows)
    assert all((row["limit"] == "") == (row["destination"] == "dedicated") for row in rows)


def test_hostile_names_start_no_formula_and_break_no_row(tmp_path):
    plan = make_plan(days=14)
    names = {"receipts": "=cmd|' /C calc'!A0", "newsletter": 'a"b\r\n=1,2', "promotions": "\t@SUM(1)"}
    hostile = replace(plan, messages=plan.messages.assign(stream=plan.messages["stream"].map(names)))
    path = write_csv(hostile, tmp_path / "plan.csv")
    rows = read(path)
    assert len(rows) == len(plan.messages)
    assert {row["stream"] for row in rows} == {"'=cmd|' /C calc'!A0", 'a"b  =1,2', "' @SUM(1)"}
    text = path.read_text(encoding="utf-8")
    assert all(len(row) == len(COLUMNS) for row in csv.reader(io.StringIO(text)))


def test_the_same_plan_gives_the_same_bytes(tmp_path):
    one = write_csv(make_plan(days=14), tmp_path / "1.csv").read_bytes()
    assert write_csv(make_plan(days=14), tmp_path / "2.csv").read_bytes() == one
