"""plan.json: what is saved is what is loaded, byte for byte the same each time, and nothing else is mistaken for it."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmup.errors import InputError, UndeterminedError
from warmup.planner import plan as contract
from warmup.planner.plan import Assumption, Completion, Finding, Plan, Range, Uncertainty
from warmup.planner.storage import dumps, load, loads, save
from warmup.planner.storage_codec import decode, encode
from warmup.planner.storage_tables import decode_table, encode_table
from warmup.scenario import Scenario
from warmup.traffic.supply import Note

START = date(2026, 2, 3)
TABLES = ("messages", "caps", "days", "sheet", "rollback", "legacy_mix", "rotation", "ip_load")
RECORDS = [
    kind
    for kind in vars(contract).values()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind is not Plan
]


def scenario(**changes: Any) -> Scenario:
    return Scenario.model_validate(
        {
            "customer": "=cmd|' /C calc'!A0 <script>",
            "start": START,
            "history": ["history.csv", {"path": "yahoo.json", "provider": "yahoo"}],
            "pools": [{"name": "main", "ips": ["192.0.2.1", {"address": "2001:db8::1", "start": "2026-03-01"}]}],
            "streams": [{"name": "newsletter", "identity_new": {"from_domain": "example.com"}}],
            "calendar": {
                "silent": ["2026-02-05", {"from": "2026-03-01", "to": "2026-03-04"}],
                "window": {"from": "08:30", "to": "17:00"},
                "peaks": [{"name": "Sale", "days": "2026-04-01", "factor": 3}],
            },
            "policy": {"pace": "deadline", "ceilings": {"yahoo": {"daily": 5, "permanent": True}, "google": False}},
            "preflight": {"snds": "done", "jmrp": "2026-02-10", "csa": "not done"},
            **changes,
        }
    )


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)


def make_plan(**changes: Any) -> Plan:
    days = pd.date_range(START, periods=4, unit="us")
    empty = {name: pd.DataFrame(columns=["date", "provider"]) for name in TABLES}
    tables = {
        **empty,
        "messages": frame(
            date=days,
            destination=["dedicated", "legacy", "legacy", "overflow"],
            ip_group=["main-1", None, None, None],
            messages=np.array([200, 1, 2, 3]),
        ),
        "caps": frame(date=list(map(date.fromordinal, range(739285, 739289))), base=[0.0, 0.1, 1e-9, 2e15]),
        "rollback": frame(date=days, can_carry=[True, False, True, True]),
    }
    values: dict[str, Any] = {
        "scenario": scenario(),
        "created": date(2026, 1, 1),
        "first": START,
        "last": START + timedelta(3),
        "policy": "standard",
        "policy_reason": "because",
        "pace": 0.35,
        "pace_reason": "",
        "providers": {"yahoo": "Yahoo", "google": "Google", "other": "Everybody else"},
        "streams": ("newsletter",),
        "tiers": ("0_30", "31_60"),
        **tables,
        "small_members": {"main": ("posteo", "mailbox_org"), "empty": ()},
        "engaged": Completion("engaged", date(2026, 3, 1), per_provider={"yahoo": None, "google": date(2026, 3, 1)}),
        "all": Completion("all", None, ("yahoo",), "ceiling", "it is capped", "lift it"),
        "uncertainty": Uncertainty(
            256, 20, Range(START, None, None, 0.5, (START, START)), Range(None, None, None, 1.0), None, START, 0.25,
            (START,), "0-3 holds",
        ),
        "uncertainty_reason": "",
        "levers": (),
        "sizing": (),
        "latest_start": contract.LatestStart(None, START, START, None, "none", ((START, 0.5, None), (START, 1, START))),
        "peaks": (),
        "preflight": (contract.PreflightItem("snds", "t", "TAM", START, 10, "due", ("yahoo",), None, "w", "s"),),
        "milestones": (contract.Milestone(START, "start", "first send"),),
        "ladders": (),
        "findings": (Finding("a.b", "blocker", "text\u2028line"),),
        "assumptions": (Assumption("what", "value", "source"),),
        "notes": (Note("info", "text"),),
        "control": {"share": 0.05, "released": START, "messages": 12, "moved_back": None, "n": {"t": (1, (START,))}},
    }  # fmt: skip
    return Plan(**{**values, **changes})


def assert_same(one: Plan, two: Plan) -> None:
    for field in dataclasses.fields(Plan):
        left, right = getattr(one, field.name), getattr(two, field.name)
        if isinstance(left, pd.DataFrame):
            assert_same_frame(left, right)
        else:
            assert left == right, field.name
            assert repr(left) == repr(right), field.name  # order of dicts, 1 and 1.0, tuples and lists


def assert_same_frame(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(left, right, check_exact=True, check_column_type=True)
    assert list(map(str, left.dtypes)) == list(map(str, right.dtypes))
    for name in left.columns:
        if left[name].dtype == object:
            assert list(map(repr, left[name])) == list(map(repr, right[name]))


# ---------------------------------------------------------------------------------------------- the whole plan


def test_a_plan_reloads_to_the_same_plan(tmp_path):
    plan = make_plan()
    path = plan.save(tmp_path / "plan.json")
    assert path == tmp_path / "plan.json"
    assert_same(plan, Plan.load(path))
    assert Plan.load(path).exit_code == plan.exit_code == 1


def test_equal_plans_give_equal_bytes(tmp_path):
    one, two = make_plan(), make_plan()
    assert dumps(one) == dumps(two) == dumps(loads(dumps(one)))
    save(one, tmp_path / "a")
    save(two, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_path_of_this_machine_is_written(tmp_path):
    plan = make_plan(scenario=scenario().model_copy(update={"base_dir": tmp_path / "secret"}))
    text = dumps(plan).decode("ascii")
    assert "secret" not in text
    assert_same(make_plan(), loads(text.encode()))


def test_the_file_says_what_it_is():
    document = json.loads(dumps(make_plan()))
    assert list(document) == ["format", "schema_version", "written_by", "plan"]
    assert (document["format"], document["schema_version"]) == ("warmup-plan", 1)


def test_a_plan_of_180_days_stays_small():
    rows = 180 * 15 * 3 * 7
    rng = np.random.default_rng(1)
    days = np.sort(rng.integers(0, 180, rows))
    words = [f"mailbox provider {number}" for number in range(15)]
    messages = frame(
        date=pd.Timestamp(START) + pd.to_timedelta(days, unit="D"),
        origin=pd.Timestamp(START) + pd.to_timedelta(days - rng.integers(0, 3, rows), unit="D"),
        destination=rng.choice(["dedicated", "overflow", "legacy"], rows),
        provider=rng.choice(words, rows),
        stream=rng.choice(["receipts", "newsletter", "promotions"], rows),
        tier=rng.choice(["0_30", "31_60", "61_90", "91_180"], rows),
        messages=rng.integers(0, 100_000, rows),
        limit=rng.choice([*contract.LIMITS], rows),
    )
    data = dumps(make_plan(messages=messages))
    assert len(data) < 6_000_000
    assert_same_frame(messages, loads(data).messages)


# ---------------------------------------------------------------------------------------------- properties


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_every_record_of_the_contract_comes_back(kind):
    @settings(max_examples=40)
    @given(st.from_type(kind))
    def check(value):
        data = json.loads(json.dumps(encode(value, kind), allow_nan=False))
        assert repr(decode(data, kind)) == repr(value)

    check()


TEXT = st.text(max_size=5) | st.sampled_from(["", "\ud800", "=1", "\u2028", "NaN", "None"])
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | TEXT | st.dates()
DAYS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)) | st.none()  # noqa: DTZ001 (no zone: what a plan must refuse or never holds)
COLUMNS = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint8": st.integers(0, 255),
    "float64": st.floats(),
    "float32": st.floats(width=32),
    "bool": st.booleans(),
    "object": SCALARS,
    "str": TEXT.filter(lambda text: text != "\ud800") | st.none(),
    "string": TEXT.filter(lambda text: text != "\ud800") | st.none(),
    "Int64": st.integers(-5, 5) | st.none(),
    "boolean": st.booleans() | st.none(),
    "datetime64[s]": st.dates(date(1990, 1, 1), date(2100, 1, 1)) | st.none(),
    "datetime64[us]": DAYS,
    "datetime64[ns]": DAYS,
    "category": st.sampled_from(["a", "b"]) | st.none(),
}


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 12))
    kinds = draw(
        st.dictionaries(TEXT.filter(lambda text: text != "\ud800"), st.sampled_from(list(COLUMNS)), max_size=5)
    )
    columns = {}
    for name, kind in kinds.items():
        few = draw(st.lists(COLUMNS[kind], min_size=1, max_size=4))  # values repeat, as they do in plans
        values = draw(st.lists(st.sampled_from(few), min_size=rows, max_size=rows))
        columns[name] = pd.Series(pd.Categorical(values) if kind == "category" else values, dtype=kind)
    table = pd.DataFrame(columns, index=None if columns else pd.RangeIndex(rows))
    if draw(st.booleans()):
        table.index = pd.Index(draw(st.permutations(range(rows))), name=draw(st.none() | st.just("day")), dtype="int64")
    return table


@settings(max_examples=200)
@given(frames())
def test_every_table_comes_back(table):
    data = json.loads(json.dumps(encode_table(table), allow_nan=False))
    assert_same_frame(table, decode_table(data))
    assert encode_table(decode_table(data)) == encode_table(table)


@given(st.recursive(SCALARS, lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.just("k"), inner)))
def test_whatever_stands_under_control_keeps_its_type(value):
    plan = make_plan(control={"value": value})
    assert repr(loads(dumps(plan)).control["value"]) == repr(value)


def test_numbers_of_numpy_become_plain_ones():
    plan = make_plan(
        pace=np.float64(0.5),
        control={"messages": np.int64(3), "yes": np.bool_(True)},
        preflight=(contract.PreflightItem("a", "t", "o", START, np.int64(3), "due", (), None, "", ""),),  # type: ignore[arg-type]
    )
    back = loads(dumps(plan))
    assert (back.pace, type(back.pace)) == (0.5, float)
    assert (back.preflight[0].lead_days, type(back.preflight[0].lead_days)) == (3, int)
    assert back.control == {"messages": 3, "yes": True}


@pytest.mark.parametrize(
    "changes",
    [
        {"created": datetime(2026, 1, 1)},  # noqa: DTZ001 (no zone: what a plan must refuse or never holds)
        {"pace": "fast"},
        {"pace": True},
        {"control": {"x": object()}},
        {"control": {"x": {"$date": 1}}},
        {"streams": (1,)},
        {"providers": {1: "x"}},
        {"messages": pd.DataFrame({1: [1]})},
        {"messages": pd.DataFrame({"x": [1j]})},
        {"messages": pd.DataFrame({"x": [object()]})},
        {"messages": pd.DataFrame({"x": pd.to_datetime(["2026-01-01"], utc=True)})},
        {"messages": pd.DataFrame([[1, 2]], columns=["x", "x"])},
    ],
    ids=lambda changes: next(iter(changes)),  # an object in the name would differ from worker to worker
)
def test_what_a_plan_cannot_hold_is_a_fault_of_its_maker(changes):
    with pytest.raises(TypeError):
        dumps(make_plan(**changes))


# ---------------------------------------------------------------------------------------------- files


def refused(data: bytes) -> str:
    with pytest.raises(InputError) as error:
        loads(data)
    line = str(error.value)
    assert line.startswith("plan.json: ")
    assert line.isprintable()
    return line


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x00\xff", b"hello", b"[]", b"{}", b"null", b"NaN", b'{"format": "other"}', b"[" * 100_000,
        b'{"format": "warmup-plan", "schema_version": NaN}', b"{" * 10, b'{"schema": "example-plan/0", "rows": []}',
    ],
)  # fmt: skip
def test_a_foreign_file_is_not_a_plan(data):
    assert "`warmup plan` wrote" in refused(data)


def test_a_newer_plan_says_that_the_program_is_older():
    document = json.loads(dumps(make_plan()))
    document.update(schema_version=2, written_by="ipwarmup 9.0\n[31m")
    line = refused(json.dumps(document).encode())
    assert "written by a later version" in line
    assert "update ipwarmup; this one reads up to schema 1" in line


@pytest.mark.parametrize("version", [None, "1", 0, True, 1.5])
def test_a_version_that_is_none(version):
    document = json.loads(dumps(make_plan()))
    document["schema_version"] = version
    assert "which version" in refused(json.dumps(document).encode())


def test_a_truncated_file_is_refused():
    data = dumps(make_plan())
    for cut in range(0, len(data) - 2, 997):
        refused(data[:cut])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for step, inner in steps for place in places(inner, (*path, step)))]


DOCUMENT = json.loads(dumps(make_plan()))
PLACES = [place for place in places(DOCUMENT) if place[:1] == ("plan",)]
DAMAGE: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from([[], {}]),
)


@settings(max_examples=300)
@given(st.sampled_from(PLACES), DAMAGE | st.just("delete"))
def test_a_damaged_file_is_refused_or_still_a_plan(path, damage):
    document = json.loads(json.dumps(DOCUMENT))
    here = document
    for step in path[:-1]:
        here = here[step]
    if damage == "delete":
        del here[path[-1]]
    else:
        here[path[-1]] = damage
    try:
        assert isinstance(loads(json.dumps(document).encode()), Plan)
    except InputError as error:
        line = str(error)
    else:
        return
    assert line.startswith("plan.json: is damaged (")
    assert line.isprintable()


@pytest.mark.parametrize(
    "codes",
    [[0, 9], [-2, 0], [0], {"runs": [0, 10**12]}, {"runs": [0, -1, 0, 3]}, {"runs": [0]}, [0.5, 0], [True, 0], "00"],
    ids=str,
)
def test_codes_that_lead_nowhere_are_damage(codes):
    data = {"rows": 2, "columns": {"x": {"dtype": "str", "values": ["a"], "codes": codes}}}
    with pytest.raises((IndexError, TypeError, ValueError)):
        decode_table(data)


def test_a_missing_file_is_bad_input_and_an_unreadable_one_undetermined(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="there is no such file"):
        load(tmp_path / "plan.json")
    with pytest.raises(InputError, match="there is no such file"):
        load(tmp_path)

    def deny(*_args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", deny)
    with pytest.raises(UndeterminedError, match="Permission denied"):
        load(tmp_path / "plan.json")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "plan.json"
    path.write_text("old", encoding="utf-8")

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UndeterminedError, match="cannot be written: No space left on device"):
        save(make_plan(), path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["plan.json"]


def test_a_plan_that_cannot_be_stored_touches_no_file(tmp_path):
    with pytest.raises(TypeError):
        save(make_plan(pace="fast"), tmp_path / "plan.json")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(UndeterminedError, match="cannot be written"):
        save(make_plan(), tmp_path / "nowhere" / "plan.json")


@pytest.mark.skipif(os.name == "nt", reason="permissions work otherwise there")
def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "other").write_text("x", encoding="utf-8")
    save(make_plan(), tmp_path / "plan.json")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("other", "plan.json")}
    assert len(modes) == 1
