from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.traffic.build import TODAY, scenario
from warmup.errors import InputError
from warmup.scenario import HistorySource
from warmup.traffic.history import load_history
from warmup.traffic.readers import Context, Reading, read


def load(path: Path, stream: str | None = "promo", zone: str = "UTC", **fields: Any) -> Reading:
    source = HistorySource.model_validate({"path": path.name, "provider": "Gmail", **fields})
    return read(source, [path], Context(ZoneInfo(zone), stream))


def save(tmp_path: Path, data: Any, name: str = "gmail.json") -> Path:
    path = tmp_path / name
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def series(volumes: list[Any], first: date = date(2026, 3, 2), metric: str = "count_sent") -> dict[str, Any]:
    return {"results": [{metric: v, "ts": f"{first + timedelta(n)}T00:00:00+00:00"} for n, v in enumerate(volumes)]}


def test_the_reference_sample(shared):
    reading = load(shared / "reference" / "formats" / "samples" / "sparkpost_metrics_timeseries.json")
    frame = reading.frame
    assert frame["messages"].tolist() == [7, 2]
    assert [day.date() for day in frame["date"]] == [date(2026, 3, 2), date(2026, 3, 3)]
    assert set(frame["label"]) == {"Gmail"}
    assert set(frame["stream"]) == {"promo"}


@pytest.mark.parametrize("name", ["sparkpost_metrics_mailbox_provider.json", "sparkpost_metrics_sending_ip.json"])
def test_answers_without_days_are_refused(shared, name):
    with pytest.raises(InputError, match=r"has no days.*time-series"):
        load(shared / "reference" / "formats" / "samples" / name)


def test_events_are_refused(shared):
    with pytest.raises(InputError, match="events or other records"):
        load(
            shared / "reference" / "formats" / "samples" / "sparkpost_events_api.json",
            format="sparkpost-metrics",
        )


def test_null_is_unknown_and_other_counts_can_be_chosen(tmp_path):
    path = save(tmp_path, series([5, None, 0]))
    assert load(path).frame["messages"].isna().tolist() == [False, True, False]
    path = save(tmp_path, series([5, 6], metric="count_injected"))
    assert load(path, metric="count_injected").frame["messages"].sum() == 11


def test_targeted_stands_in_for_sent_with_a_note(tmp_path):
    reading = load(save(tmp_path, series([5], metric="count_targeted")))
    assert reading.frame["messages"].tolist() == [5]
    assert "count_targeted" in reading.notes[0].text


def test_utc_days_of_a_distant_zone_are_said(tmp_path):
    reading = load(save(tmp_path, series([5])), zone="America/Los_Angeles")
    assert "8 h" in reading.notes[0].text


def test_hours_are_added_up_in_the_scenarios_days(tmp_path):
    entries = [{"count_sent": 1, "ts": f"2026-03-02T{hour:02d}:00:00+00:00"} for hour in range(24)]
    frame = load(save(tmp_path, {"results": entries}), zone="America/New_York").frame
    assert frame["messages"].tolist() == [5, 19]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ("{", "is not JSON"),
        ({"errors": [{"message": "Unauthorized."}]}, "error answer"),
        ({"results": []}, "is empty"),
        ({"results": {}}, "no list named results"),
        (series([1], metric="count_delivered"), "has no count_sent"),
        (series([-1]), "is negative"),
        (series([1.5]), "not a whole number"),
        (series(["7"]), "not a whole number"),
        (series([True]), "not a whole number"),
        (series([10**12]), "more than anyone"),
        ({"results": [{"count_sent": 1, "ts": "x"}]}, "is not a date"),
        ({"results": [{"count_sent": 1, "ts": "2026-03-02T00:00:00+00:00"}] * 2}, "results 1 and 2: have the same ts"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, data, what):
    with pytest.raises(InputError, match=what):
        load(save(tmp_path, data))


def test_provider_and_stream_must_be_named(tmp_path):
    with pytest.raises(InputError) as error:
        load(save(tmp_path, series([1])), stream=None, provider=None)
    assert len(error.value.problems) == 2


def test_one_file_per_provider_and_stream_makes_a_history(tmp_path):
    save(tmp_path, series([100] * 14), "gmail.json")
    save(tmp_path, series([40] * 14), "hotmail.json")
    sources = [{"path": "gmail.json", "provider": "Gmail"}, {"path": "hotmail.json", "provider": "Hotmail / Outlook"}]
    described = scenario(tmp_path, [{"name": "promo", "history": sources}], timezone="America/New_York")
    history = load_history(described, today=TODAY)
    assert [note.source for note in history.notes if "h apart" in note.text] == ["gmail.json, hotmail.json"]
    volume = history.frame.groupby("provider")["messages"].sum()
    assert volume.to_dict() == {"google": 1400, "microsoft_consumer": 560}
    assert history.unclassified_share == 0


def test_days_that_a_providers_file_does_not_reach_are_unknown(tmp_path):
    save(tmp_path, series([100] * 28), "gmail.json")
    save(tmp_path, series([40] * 14, date(2026, 3, 16)), "yahoo.json")
    sources = [{"path": "gmail.json", "provider": "Gmail"}, {"path": "yahoo.json", "provider": "Yahoo"}]
    history = load_history(scenario(tmp_path, [{"name": "promo", "history": sources}]), today=TODAY)
    yahoo = history.frame[history.frame["provider"] == "yahoo"]["messages"]
    assert yahoo.isna().tolist() == [True] * 14 + [False] * 14
    assert any("'Yahoo' only covers 2026-03-16 to 2026-03-29" in note.text for note in history.notes)
    assert not any("Empty volumes" in note.text for note in history.notes)
