"""The schema and the reference say what the models say, and the examples on the page work."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.scenario.conftest import SMALLEST, toml
from tests.scenario.test_hostile import VALID
from warmup import load_scenario
from warmup.planner.preflight import preflight_keys
from warmup.scenario_file import scenario_schema


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def examples(root: Path) -> list[str]:
    return re.findall(r"```toml\n(.*?)```", (root / "docs" / "scenario.md").read_text(encoding="utf-8"), re.DOTALL)


def test_generated_pages_are_in_step(root):
    run = subprocess.run(
        [sys.executable, str(root / "tools" / "scenario_docs.py"), "--check"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_the_page_begins_with_the_smallest_scenario(root):
    assert examples(root)[0] == SMALLEST


def test_every_example_on_the_page_loads(root, folder):
    for name in ("promotions.csv", "yahoo.json", "audience.csv"):
        (folder / name).write_text("x", encoding="utf-8")
    texts = examples(root)
    assert len(texts) == 2
    for text in texts:
        Path("scenario.toml").write_text(text, encoding="utf-8")
        load_scenario("scenario.toml")


def test_the_full_example_uses_every_table(root):
    full = tomllib.loads(examples(root)[1])
    assert set(full) == set(scenario_schema()["properties"])


def as_json(text: str) -> object:
    """A TOML text as an editor's schema check sees it: days and times are text."""
    return json.loads(json.dumps(tomllib.loads(text), default=str))


def test_the_schema_accepts_what_the_loader_accepts(root, validator):
    for text in examples(root):
        validator.validate(as_json(text))
    validator.validate(VALID)


@pytest.mark.parametrize(
    "text",
    [
        "custmer = 'x'\n" + SMALLEST,
        "base_dir = '.'\n" + SMALLEST,
        SMALLEST.replace("ip_count = 2", "ip_count = '2'"),
        SMALLEST.replace('customer = "Example Shop"\n', ""),
        SMALLEST + "[preflight]\nsndz = 'done'",
        SMALLEST + "[preflight]\nsnds = 'soon'",
        SMALLEST + "[policy]\nhorizon_days = 9999",
        SMALLEST + "[policy]\npace = 2",
        SMALLEST + "[calendar]\nfreeze = {from = 2026-03-01}",
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(validator, text):
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(as_json(text))


def test_the_schema_offers_the_pre_flight_items_and_no_null():
    schema = scenario_schema()
    assert tuple(schema["properties"]["preflight"]["properties"]) == preflight_keys()
    assert '"null"' not in json.dumps(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_key_is_described():
    schema = scenario_schema()
    tables = {"the file": schema, **schema["$defs"]}
    bare = [f"{name}.{key}" for name, table in tables.items() for key, value in table.get("properties", {}).items()
            if "description" not in value]  # fmt: skip
    assert bare == []


def test_the_writer_of_these_tests_writes_toml():
    assert tomllib.loads(f"x = {toml(VALID)}")["x"] == VALID


def test_a_reader_file_is_all_that_a_new_platform_takes(monkeypatch, tmp_path):
    """Names come from the registry: values, schema and suggestions follow it."""
    from types import SimpleNamespace

    from warmup import scenario
    from warmup.errors import InputError
    from warmup.scenario_file import scenario_schema
    from warmup.traffic import readers

    known = {**readers.readers(), "ses-export": SimpleNamespace(NAME="ses-export")}
    monkeypatch.setattr(readers, "readers", lambda: known)
    listed = scenario_schema()["$defs"]["HistorySource"]["properties"]["format"]["enum"]
    assert listed == ["auto", *sorted(known)]
    assert scenario.HistorySource.model_validate({"path": "a.csv", "format": "ses-export"}).format == "ses-export"
    (tmp_path / "a.csv").write_text("x", encoding="utf-8")
    text = 'customer = "A"\nstart = 2026-02-03\nhistory = {path = "a.csv", format = "ses-expert"}\n'
    text += '[[pools]]\nname = "m"\nip_count = 1\n[[streams]]\nname = "n"\n'
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match='did you mean "ses-export"'):
        scenario.load_scenario(tmp_path / "s.toml")
