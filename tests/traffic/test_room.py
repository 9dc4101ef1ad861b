from __future__ import annotations

import subprocess
import sys
from zoneinfo import ZoneInfo

import pytest

import warmup.traffic
from warmup.scenario import HistorySource
from warmup.traffic import readers
from warmup.traffic.columns import tier_of
from warmup.traffic.wording import counted, quote, some


def test_every_public_name_is_there_and_nothing_else():
    for name in warmup.traffic.__all__:
        assert getattr(warmup.traffic, name) is not None
    with pytest.raises(AttributeError):
        _ = warmup.traffic.nothing


def test_importing_the_room_costs_nothing():
    code = (
        "import sys, warmup.traffic; print([n for n in ('numpy', 'pandas', 'duckdb', 'pydantic') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_new_platform_is_one_new_file(tmp_path, monkeypatch):
    (tmp_path / "made_up.py").write_text(
        "import pandas as pd\n"
        "from warmup.traffic.export_counts import ExportCounts\n"
        "from warmup.traffic.measures import DIMENSIONS, MEASURES\n"
        'NAME = TITLE = "made-up"\n'
        "def sniff(head):\n"
        '    return 1.0 if head.startswith(b"made up") else 0.0\n'
        "def count(paths, context):\n"
        '    row = dict.fromkeys(DIMENSIONS, "") | dict.fromkeys(MEASURES, pd.NA) | {"injected": 7}\n'
        '    frame = pd.DataFrame([{**row, "date": pd.Timestamp("2026-01-01"), "domain": "gmail.com"}])\n'
        '    return ExportCounts(frame.astype(dict.fromkeys(MEASURES, "Int64")), 1)\n'
    )
    monkeypatch.setattr(readers, "__path__", [*readers.__path__, str(tmp_path)])
    readers.readers.cache_clear()
    try:
        path = tmp_path / "export.bin"
        path.write_bytes(b"made up of bytes")
        source = HistorySource.model_validate({"path": "export.bin"})
        frame = readers.read(source, [path], readers.Context(ZoneInfo("UTC"), "news")).frame
        assert frame["stream"].tolist() == ["news"]
        assert frame["messages"].tolist() == [7]
    finally:
        readers.readers.cache_clear()


def test_tier_names():
    assert tier_of("<= 30") == tier_of("engaged_0-30") == tier_of("new_signup_30d") == "0_30"
    assert tier_of("> 365") == tier_of("Never") == "older_or_never"
    assert tier_of("all") is None
    with pytest.raises(KeyError):
        tier_of("loyal")


def test_wording():
    assert quote("jane.doe@example.com\n") == "'…@example.com\\n'"
    assert len(quote("x" * 500)) < 70
    assert (counted(1, "day"), counted(1200, "day")) == ("1 day", "1,200 days")
    assert some("abcdefg", 3) == "a, b, c and 4 more"
