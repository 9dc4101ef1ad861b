"""``warmup traffic request`` and ``warmup traffic capabilities``: what a person and a machine are shown."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.test_main import HEAVY, imported
from warmup.cli.group import run
from warmup.cli.main import cli
from warmup.cli.traffic import COMMANDS
from warmup.cli.traffic_capabilities import HEADINGS
from warmup.traffic.capabilities import capabilities
from warmup.traffic.measures import MEASURES
from warmup.traffic.request.library import ORDER


@pytest.fixture
def warmup(capsys, monkeypatch):
    def running(*args: str, columns: int = 80) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        code = run(cli, "warmup", ["traffic", *args])
        out = capsys.readouterr()
        return code, out.out, out.err

    return running


def request(warmup, platform: str, *args: str, columns: int = 80) -> str:
    code, out, err = warmup("request", "--platform", platform, "--today", "2026-11-23", *args, columns=columns)
    assert (code, err) == (0, "")
    return out


# --- request ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", ORDER)
@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_request_fits_the_terminal(warmup, platform, columns):
    out = request(warmup, platform, columns=columns)
    wide = max(80, columns)  # commands are never broken, and are written for 80
    free = re.compile(r"^ *(?:warmup|\{path|https://|\"?https://|-u |\"https)")
    assert [line for line in out.splitlines() if len(line) > wide and not free.match(line)] == []
    assert not any(line != line.rstrip() for line in out.splitlines())


@pytest.mark.parametrize("platform", ORDER)
def test_limits_come_first_counts_before_events_and_the_reading_last(warmup, platform):
    out = request(warmup, platform)
    places = [out.index(words) for words in ("FIRST:", "WHAT WE ASK FOR", "Who is engaged", "WHEN THE ANSWER IS THERE")]
    assert places == sorted(places)
    assert out.index("no addresses") < out.index("\n1. ")
    if "Events hold addresses" in out and "Counts only" in out:
        assert out.index("Counts only") < out.index("Events hold addresses")
    assert "warmup traffic sql --dialect" in out
    assert "warmup traffic read " in out[places[-1] :]


def test_days_are_those_asked_for(warmup):
    out = request(warmup, "sendgrid", "--from", "2026-09-01", "--to", "2026-10-31")
    assert "Days wanted: 2026-09-01 to 2026-10-31 (61 days)" in out
    assert "start_date=2026-09-01" in out
    assert "end_date=2026-10-31" in out


def test_too_few_days_are_said_to_be_so(warmup):
    assert "These are fewer." in request(warmup, "sendgrid", "--from", "2026-11-15")
    assert "These are fewer." not in request(warmup, "sendgrid")


def test_only_the_first_call_of_many_is_written_out_for_people(warmup):
    out = request(warmup, "sparkpost", "--provider", "Gmail", "--provider", "Apple", "--provider", "GMX")
    assert out.count("mailbox_providers=") == 1
    assert "The same for GMX, saved as sparkpost-day-gmx.json" in out


def test_json_is_versioned_and_has_every_call(warmup):
    code, out, _ = warmup("request", "--platform", "sparkpost", "--format", "json", "--today", "2026-11-23")
    document = json.loads(out)
    assert (code, document["schema_version"]) == (0, 1)
    assert len(document["asks"][1]["calls"]) == 3
    assert document["asks"][1]["calls"][2]["http"]["query"]["mailbox_providers"] == "Hotmail / Outlook"
    assert {"text", "source", "date", "confidence"} == set(document["limits"][0])
    assert document["engagement"]["command"].startswith("warmup traffic sql")


def test_without_a_platform_they_are_listed(warmup):
    code, out, _ = warmup("request")
    assert code == 0
    assert [line.split()[0] for line in out.split("\n\n")[0].splitlines()] == list(ORDER)
    assert list(json.loads(warmup("request", "--format", "json")[1])["platforms"]) == list(ORDER)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--platform", "sendgird"], 'did you mean "sendgrid"?'),
        (["--platform", "\x1b[31mx"], "is not known"),
        (["--platform", "ses", "--from", "2026-05-02", "--to", "2026-05-01"], "is after"),
        (["--platform", "ses", "--from", "yesterday"], "--from"),
        (["--platform", "ses", "--provider", "a\x1b[2Jb"], "is no name of a mailbox provider"),
        (["--from", "2026-05-02"], "--platform says whom to ask"),
    ],
)
def test_wrong_use_is_one_line(warmup, args, words):
    code, out, err = warmup("request", *args)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err
    assert err.rstrip("\n").isprintable()


# --- capabilities -----------------------------------------------------------------------------------------------


def rows(out: str) -> dict[str, list[str]]:
    """Cells of the matrix by export."""
    cells: dict[str, list[str]] = {}
    for line in out.split("How far back")[0].splitlines():
        name, _, rest = line.partition(" ")
        if name in capabilities():
            cells.setdefault(name, []).extend(re.findall(r"no IP\*?|yes\*?|if\*?|\?|–", rest))
    return cells


@pytest.mark.parametrize("columns", [80, 100, 120, 200])
def test_the_matrix_says_what_the_data_say_at_any_width(warmup, columns):
    code, out, err = warmup("capabilities", columns=columns)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= columns
    assert "…" not in out.split("How far back")[0]
    cells = rows(out)
    assert set(cells) == set(capabilities())
    for name, record in capabilities().items():
        shown = [cell.rstrip("*").replace("–", "NULL") for cell in cells[name]]
        assert shown == [record.says(measure) for measure in MEASURES]


def test_every_measure_has_a_heading_and_every_export_its_retention(warmup):
    assert set(HEADINGS) == set(MEASURES)
    out = warmup("capabilities", columns=120)[1].split("How far back")[1]
    assert all(name in out for name in capabilities())


def test_a_platform_is_shown_in_full(warmup):
    code, out, _ = warmup("capabilities", "sfmc")
    assert code == 0
    assert re.search(r"delivered +cannot say", out)
    assert "the view _Unsubscribe is exported too" in out
    assert "UTC-6" in out
    assert capabilities()["sfmc"].source.split()[0] in out
    assert "warmup traffic request --platform sfmc" in out
    both = warmup("capabilities", "sparkpost")[1]
    assert "sparkpost-events:" in both
    assert "sparkpost-metrics:" in both
    assert "sparkpost-events:" not in warmup("capabilities", "sparkpost-metrics")[1]


def test_capabilities_as_json(warmup):
    document = json.loads(warmup("capabilities", "--format", "json")[1])
    assert document["schema_version"] == 1
    assert set(document["exports"]) == set(capabilities())
    for name, export in document["exports"].items():
        assert list(export["measures"]) == list(MEASURES)
        assert export["measures"] == {measure: capabilities()[name].says(measure) for measure in MEASURES}
    assert set(json.loads(warmup("capabilities", "ses", "--format", "json")[1])["exports"]) == {"ses-events", "ses-vdm"}


@pytest.mark.parametrize("name", ["postmrk", "\x1b[31mred", "two\nlines"])
def test_an_unknown_platform_is_one_line(warmup, name):
    code, out, err = warmup("capabilities", name)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.rstrip("\n").isprintable()


# --- the group --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["request", "capabilities"])
def test_help_is_light(name):
    assert not imported(["traffic", name, "--help"], "warmup.cli.main") & HEAVY
    assert COMMANDS[name][1].endswith(".")


def test_requests_need_no_numbers():
    """A list of texts must not wait for pandas."""
    loaded = imported(["traffic", "request", "--platform", "sparkpost"], "warmup.cli.main")
    assert not loaded & {"numpy", "pandas", "duckdb", "matplotlib", "altair"}


@pytest.mark.parametrize(
    ("platform", "words"),
    [
        ("sendgrid", "Event Webhooks (where in the menus is not checked)"),
        ("postmark", "subscription change now (where in the menus is not checked)"),
        ("mailchimp", "export; where in the menus is not checked)"),
        ("ses", "VdmEnabled=ENABLED [not checked]"),
        ("sfmc", "The names of the menus are not checked."),
    ],
)
def test_what_nobody_compared_with_the_platform_is_marked(warmup, platform, words):
    assert words in " ".join(request(warmup, platform, columns=120).split())
