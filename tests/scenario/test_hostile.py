"""Whatever stands in the file: a scenario, or lines that say what is wrong. Never a traceback, never a forged line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import warmup
from tests.scenario.conftest import SMALLEST, document
from warmup.errors import InputError

VALID: dict[str, Any] = {
    "customer": "Example Shop",
    "start": "2026-02-03",
    "deadline": "2026-05-01",
    "history": ["history.csv", {"path": "history.csv", "provider": "yahoo"}],
    "legacy": {"until": "2026-06-30", "capacity": 1000},
    "new": {"overflow": "warm"},
    "pools": [
        {"name": "main", "ips": ["192.0.2.1", {"address": "192.0.2.2", "start": "2026-03-01"}]},
        {"name": "warm", "ip_count": 1},
    ],
    "streams": [
        {"name": "newsletter", "pool": "main", "identity_old": {"from_domain": "example.com"}},
        {"name": "receipts", "pool": "main", "kind": "transactional", "history": "history.csv"},
    ],
    "calendar": {
        "silent": ["2026-02-05", {"from": "2026-03-01", "to": "2026-03-04"}],
        "window": {"from": "09:00", "to": "17:00"},
        "peaks": [{"name": "Sale", "days": "2026-04-01", "factor": 3, "streams": ["newsletter"]}],
    },
    "policy": {"pace": 0.5, "ceilings": {"yahoo": {"daily": 5, "permanent": True}, "google": False}},
    "preflight": {"snds": "done", "jmrp": "2026-02-10"},
}

SCALARS = (
    st.none().map(lambda _: "")
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.dates().map(str)
    | st.sampled_from(["main", "shared", "none", "deadline", "192.0.2.1", "history.csv", "..", "/", "\x00"])
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["name", "from", "to", "path", "address", "start", "pool", "streams", "days", "<day>", "base_dir"]
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [path] if path else []
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        found += places(inner, (*path, step))
    return found


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy of a document with another value at one place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(copy[path[0]], path[1:], new)
    return copy


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(places(VALID)), VALUES), min_size=1, max_size=3), st.data())
def test_any_value_anywhere_gives_a_scenario_or_plain_lines(folder, changes, data):
    text: Any = VALID
    for path, new in changes:
        if path in places(text):
            text = changed(text, path, new)
    if data.draw(st.booleans()):
        text = {**text, data.draw(KEYS.filter(bool)): data.draw(VALUES)}
    Path("scenario.toml").write_text(document(text), encoding="utf-8", newline="")
    try:
        warmup.load_scenario("scenario.toml")
    except InputError as error:
        for line, problem in zip(str(error).split("\n"), error.problems, strict=True):
            assert line.isprintable()
            assert line.startswith("scenario.toml")
            assert problem.what


def test_the_valid_document_is_valid(problems):
    assert problems(document(VALID)) == []


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_give_one_line(folder, data):
    Path("scenario.toml").write_bytes(data)
    with pytest.raises(InputError) as error:
        warmup.load_scenario("scenario.toml")
    assert all(line.isprintable() for line in str(error.value).split("\n"))


@pytest.mark.parametrize(
    "name", ["=cmd|' /C calc'!A0", "<script>alert(1)</script>", "{{ 7*7 }}", "'; DROP TABLE x", "東京"]
)
def test_a_hostile_name_is_only_a_name(folder, name):
    Path("scenario.toml").write_text(SMALLEST.replace('"Example Shop"', f'"{name}"'), encoding="utf-8")
    assert warmup.load_scenario("scenario.toml").customer == name


@pytest.mark.parametrize("name", ["a\\nATTENDEE:x", "a\\r\\nb", "a\\u001b[2Jb", "a\\u2028b", "a\\u0000b", "\\t"])
def test_a_name_that_could_forge_a_line_is_refused(problems, name):
    (line,) = problems(SMALLEST.replace("Example Shop", name))
    assert "customer: must not" in line


def test_a_forged_key_cannot_break_the_line(problems):
    (line,) = problems('"a\\nb\\u001b[31m" = 1\n' + SMALLEST)
    assert r"a\nb\x1b[31m" in line


def test_ten_thousand_problems_are_told_in_seconds(problems):
    ips = ", ".join(f'"192.0.2.{number}"' for number in range(256, 10_256))
    assert len(problems(SMALLEST.replace("ip_count = 2", f"ips = [{ips}]"))) == 10_000
