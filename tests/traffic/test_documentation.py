"""What ``docs/traffic.md`` says beside its commands (``tests/test_docs.py`` runs those) is what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from warmup import load_scenario
from warmup.scenario import HistorySource
from warmup.traffic import sheets, sources
from warmup.traffic.capabilities import capabilities
from warmup.traffic.columns import COLUMN_NAMES
from warmup.traffic.events import inputs, packing
from warmup.traffic.export_counts import MAX_BAD
from warmup.traffic.measures import MEASURES
from warmup.traffic.readers import readers
from warmup.traffic.recipients import tiers
from warmup.traffic.recipients.columns import ROLES, known_roles
from warmup.traffic.recipients.counting import read_recipients

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "traffic.md").read_text(encoding="utf-8")
MB = 1024 * 1024


def section(title: str) -> str:
    """The text under a heading, up to the next one."""
    after = re.split(rf"^#+ {re.escape(title)}\n", PAGE, maxsplit=1, flags=re.MULTILINE)[1]
    return re.split(r"^#+ ", after, maxsplit=1, flags=re.MULTILINE)[0]


def test_the_tables_of_platforms_are_in_step_with_the_data():
    run = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "traffic_docs.py"), "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_every_export_that_is_read_is_on_the_page():
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", section("Which platforms"), re.MULTILINE))
    assert listed == set(readers()) - {"tidy"} == set(capabilities()) - {"tidy"}


def test_every_measure_is_explained_once():
    explained = re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| (`.*?) \|", section("What the counts mean"), re.M)))
    assert sorted(explained) == sorted(MEASURES)


def test_the_roles_of_columns_are_those_that_are_read():
    (line,) = re.findall(r"The roles are (.*?)\. A table", section("Which platforms"), re.DOTALL)
    assert sorted(re.findall(r"`([a-z]+)`", line)) == sorted(COLUMN_NAMES)
    named = re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| (`.*?) \|", section("Recipients and tiers"), re.M)))
    assert sorted(named) == sorted(ROLES)
    assert set(known_roles(["last_click", "Last Open Date", "optin_time"])) == {"click", "any_open", "signup"}


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("files in one run | {:,};", inputs.MAX_FILES),
        ("in a scenario {:,} |", sources.MAX_FILES),
        ("a line | {} MB;", packing.MAX_LINE // MB),
        ("more than {} times its size", packing.MAX_RATIO),
        ("times its size and {} MB |", packing.LARGE // MB),
        ("a workbook | {} MB unpacked", sheets.MAX_BYTES // MB),
        ("in a list | {}:", tiers.MAX_STREAMS),
    ],
)
def test_limits_are_those_of_the_code(words, value):
    assert words.format(value) in section("Limits")


def test_shares_of_damage_and_small_domains_are_those_of_the_code():
    assert MAX_BAD == HistorySource.model_validate({"path": "a"}).max_bad == 0.01
    assert "Above 1 % of a platform's records" in PAGE
    assert (read_recipients.__kwdefaults__ or {})["smallest_domain"] == 20
    assert "unknown ones with 20 recipients or more" in PAGE


def test_the_scenario_on_the_page_loads(tmp_path):
    (text,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for name in ("exports/a.json", "sparkpost/gmail.json", "sent/a.csv", "audience.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "scenario.toml").write_text(text, encoding="utf-8")
    scenario = load_scenario(tmp_path / "scenario.toml")
    newsletter, receipts = scenario.streams
    assert newsletter.history is None
    assert [source.path for source in scenario.history or ()] == ["exports"]
    assert [source.columns for source in receipts.history or ()][1] == {"date": "Versandtag", "provider": "Postfach"}
