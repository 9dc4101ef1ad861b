from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.traffic.build import MONDAY, TODAY, days, rows, scenario, write
from warmup.errors import InputError
from warmup.traffic.history import History, load_history

if TYPE_CHECKING:
    import pandas as pd


def load(tmp_path: Path, streams: Iterable[Any] = ("news",), today: date = TODAY, **fields: Any) -> History:
    return load_history(scenario(tmp_path, streams, **fields), today=today)


def said(history: History, what: str) -> str:
    return next(note.text for note in history.notes if what in note.text)


def volume(history: History, provider: str) -> pd.Series[int]:
    frame = history.frame[history.frame["provider"] == provider]
    return frame.set_index("date")["messages"]


def test_domains_become_planning_groups_and_are_counted(tmp_path):
    write(tmp_path, rows("news", days(14), shares={"gmail.com": 0.5, "googlemail.com": 0.1, "gmx.de": 0.4}))
    history = load(tmp_path)
    assert history.providers == ("google", "united_internet")
    assert volume(history, "google").tolist() == [6000] * 14
    assert history.domains == {"google": 2, "united_internet": 1}
    assert (history.first, history.last) == (MONDAY, MONDAY + timedelta(13))
    assert history.frame["tier"].isna().all()


def test_labels_and_bare_domains_in_a_provider_column(tmp_path):
    lines = [f"{day},{name},news,10" for day in days(14) for name in ("Gmail", "gmx.de", "Hotmail / Outlook")]
    write(tmp_path, lines, header="date,provider,stream,messages")
    assert set(load(tmp_path).providers) == {"google", "united_internet", "microsoft_consumer"}


def test_the_domain_decides_before_the_label(tmp_path):
    lines = [f"{day},gmail.com,Yahoo,10\n{day},firm.example.com,Yahoo,5" for day in days(14)]
    write(tmp_path, lines, header="date,domain,provider,messages")
    history = load(tmp_path)
    assert volume(history, "google").sum() == 140
    assert volume(history, "yahoo").sum() == 70


def test_microsoft_may_share_a_group(tmp_path):
    write(tmp_path, rows("news", days(14), shares={"outlook.com": 1.0}))
    assert load(tmp_path).providers == ("microsoft_consumer",)
    assert load(tmp_path, policy={"microsoft_shared": True}).providers == ("microsoft",)


def test_a_thousand_unknown_domains_are_one_note(tmp_path):
    shares = {"gmail.com": 0.5} | {f"firm{n}.example.com": 0.0005 for n in range(1000)}
    write(tmp_path, rows("news", days(14), shares=shares))
    history = load(tmp_path)
    assert history.providers == ("google", "other")
    assert history.unclassified_share == pytest.approx(0.5)
    assert history.domains["other"] == 1000
    about = [note for note in history.notes if "no mailbox provider" in note.text]
    assert len(about) == 1
    assert "1,000 names" in about[0].text
    assert about[0].level == "warning"


@pytest.mark.parametrize(
    ("label", "meant"),
    [("Outlok", "Outlook.com / Hotmail"), ("gmial.com", "Gmail"), ("Yaho", "Yahoo / AOL"), ("T-Onlin", "T-Online")],
)
def test_a_mistyped_label_is_asked_about_and_not_guessed(tmp_path, label, meant):
    lines = [f"{day},{name},news,{size}" for day in days(14) for name, size in (("Gmail", 90), (label, 10))]
    write(tmp_path, lines, header="date,provider,stream,messages")
    history = load(tmp_path)
    assert history.providers == ("google", "other")
    assert said(history, "did you mean").startswith(f"'{label}' is no mailbox provider we know; did you mean {meant}")
    assert [note.text for note in history.notes if "10.0 %" in note.text] == [said(history, "10.0 % of the volume")]


def test_a_label_like_nothing_is_not_asked_about(tmp_path):
    lines = [f"{day},{name},news,5" for day in days(14) for name in ("Gmail", "Nobody & Sons", "x", "Corporate")]
    write(tmp_path, lines, header="date,provider,stream,messages")
    assert not any("did you mean" in note.text for note in load(tmp_path).notes)


@pytest.mark.parametrize("label", ["Other", "others", "Rest"])
def test_other_is_no_unknown_provider(tmp_path, label):
    lines = [f"{day},{name},news,{size}" for day in days(14) for name, size in (("Gmail", 90), (label, 10))]
    write(tmp_path, lines, header="date,provider,stream,messages")
    history = load(tmp_path)
    assert history.providers == ("google", "other")
    assert history.unclassified_share == 0
    assert not any("known" in note.text for note in history.notes)
    assert "10.0 % of the volume stands under “other” in the files themselves" in said(history, "10.0 %")


def test_absent_combinations_are_zero_but_empty_ones_unknown(tmp_path):
    lines = rows("news", days(14), shares={"gmail.com": 0.5, "yahoo.com": 0.5})
    lines[0] = f"{MONDAY},gmail.com,news,"
    write(tmp_path, lines)
    history = load(tmp_path)
    assert volume(history, "google").isna().tolist() == [True] + [False] * 13
    assert "Unknown is not 0" in said(history, "Empty volumes")


def test_a_negligible_unknown_domain_does_not_hide_its_provider(tmp_path):
    lines = rows("news", days(14), shares={"gmail.com": 0.998, "googlemail.com": 0.002})
    lines[1] = f"{MONDAY},googlemail.com,news,"
    write(tmp_path, lines)
    assert volume(load(tmp_path), "google").notna().all()


def test_days_without_any_row_of_a_daily_export_are_gaps(tmp_path):
    outage = {MONDAY + timedelta(n) for n in range(21, 35)}
    sends = [day for day in days(70) if day not in outage]
    fridays = [day for day in sends if day.weekday() == 4]
    write(tmp_path, [*rows("receipts", sends), *rows("news", fridays)])
    history = load(tmp_path, ("receipts", "news"))
    assert set(history.gaps["news"]) == outage
    assert history.gaps["receipts"] == history.gaps["news"]
    assert "14 days that it should cover" in said(history, "no rows at all")


@pytest.mark.parametrize("step", [2, 3, 7, 10, 14, 30])
def test_a_sparse_export_has_no_gaps(tmp_path, step):
    write(tmp_path, rows("news", days(140)[::step]))
    assert load(tmp_path).gaps == {}


def test_streams_the_scenario_does_not_name_are_said(tmp_path):
    write(tmp_path, [*rows("News ", days(14)), *rows("=spam", days(14), 5000)])
    history = load(tmp_path)
    assert "33.3 %" in said(history, "does not name")
    assert "'=spam' (70,000)" in said(history, "does not name")


def test_a_streams_own_history_replaces_the_scenarios(tmp_path):
    write(tmp_path, [*rows("news", days(14)), *rows("promo", days(14))])
    write(tmp_path, rows("promo", days(14), 70), "promo.csv")
    history = load(tmp_path, ["news", {"name": "promo", "history": "promo.csv"}], history="history.csv")
    assert history.frame.groupby("stream")["messages"].sum().to_dict() == {"news": 140_000, "promo": 980}
    assert "140,000 messages of “promo”" in said(history, "left out here")


def test_one_file_with_a_stream_column_may_serve_two_streams(tmp_path):
    write(tmp_path, [*rows("news", days(14)), *rows("promo", days(14))])
    streams = [{"name": name, "history": "history.csv"} for name in ("news", "promo")]
    assert load(tmp_path, streams).frame["messages"].sum() == 280_000


def test_patterns_of_files(tmp_path):
    write(tmp_path, rows("news", days(14)), "h-1.csv")
    write(tmp_path, rows("news", days(14, MONDAY + timedelta(14))), "h-2.csv")
    assert (load(tmp_path, history="h-*.csv").last - MONDAY).days == 27


def test_files_of_one_history_cover_days_together(tmp_path):
    write(tmp_path, [*rows("news", days(14)), *rows("promo", days(14))], "h-1.csv")
    write(tmp_path, rows("news", days(14, MONDAY + timedelta(14))), "h-2.csv")
    history = load(tmp_path, ("news", "promo"), history="h-*.csv")
    assert history.coverage["promo"] == (MONDAY, MONDAY + timedelta(27))


def test_parts_of_a_day_in_two_files_are_added_up(tmp_path):
    write(tmp_path, rows("news", days(14), 100))
    write(tmp_path, rows("news", days(14), 300), "b.csv")
    history = load(tmp_path, history=["history.csv", "b.csv"])
    assert history.frame["messages"].sum() == 14 * 400
    assert "added up" in said(history, "several files")


def problems(tmp_path: Path, *args: Any, **kwargs: Any) -> list[str]:
    with pytest.raises(InputError) as error:
        load(tmp_path, *args, **kwargs)
    return [str(problem) for problem in error.value.problems]


def test_overlapping_exports_are_refused(tmp_path):
    write(tmp_path, rows("news", days(28)), "a.csv")
    write(tmp_path, rows("news", days(28, MONDAY + timedelta(14))), "b.csv")
    found = problems(tmp_path, history=["a.csv", "b.csv"])
    assert len(found) == 2
    assert "repeats 56 volumes of b.csv" in found[0]


def test_one_file_without_streams_cannot_serve_two(tmp_path):
    write(tmp_path, [f"{day},gmail.com,5" for day in days(14)], header="date,domain,messages")
    streams = [{"name": name, "history": "history.csv"} for name in ("news", "promo")]
    assert "no stream column" in problems(tmp_path, streams)[0]
    assert "serves several streams" in problems(tmp_path, ["news", "promo"])[0]
    assert "named twice" in problems(tmp_path, [{"name": "news", "history": ["history.csv", "history.csv"]}])[0]


def test_missing_files_are_all_named(tmp_path):
    write(tmp_path, rows("news", days(14)))
    (tmp_path / "empty").mkdir()
    found = problems(tmp_path, history=["histroy.csv", "*.parquet", "empty", "history.csv"])
    assert [line.split(":")[0] for line in found] == ["histroy.csv", "*.parquet", "empty"]
    assert 'did you mean "history.csv"?' in found[0]


def test_a_stream_without_rows(tmp_path):
    write(tmp_path, rows("newsletter", days(14)))
    (line,) = problems(tmp_path, ("newsleter",))
    assert line.startswith("history.csv: has no rows for the stream \"newsleter\"; its streams are 'newsletter'; ")
    assert line.endswith('did you mean "newsletter"?')


@pytest.mark.parametrize(
    ("number", "value", "what"),
    [(13, 10, "covers 13 days"), (14, 0, "every volume is 0"), (14, "", "every one is empty"), (1900, 1, "5 years")],
)
def test_what_a_history_must_hold(tmp_path, number, value, what):
    write(tmp_path, [f"{day},gmail.com,news,{value}" for day in days(number, date(2021, 1, 1))])
    assert what in problems(tmp_path)[0]


def test_the_future_is_no_history(tmp_path):
    write(tmp_path, rows("news", days(20)))
    (line,) = problems(tmp_path, today=MONDAY + timedelta(9))
    assert "10 days in the future, up to 2025-09-20 (today is 2025-09-10)" in line
    assert load(tmp_path, today=MONDAY + timedelta(19)).last == MONDAY + timedelta(19)


def test_problems_of_several_files_come_together(tmp_path):
    write(tmp_path, rows("news", days(14), -100))
    write(tmp_path, ["2025-09-01,gmail.com,news,1.5"], "b.csv")
    found = problems(tmp_path, history=["history.csv", "b.csv", "c.csv"])
    assert any(line.startswith("b.csv: line 2: volume '1.5' is not whole") for line in found)
    assert any(line.startswith("c.csv: the history file does not exist") for line in found)
    assert any("history.csv: lines 2, 3, 4 and 53 more: volume '-50' is negative" in line for line in found)


def test_tiers_are_kept_apart(tmp_path):
    lines = [f"{day},gmail.com,news,{tier},5" for day in days(14) for tier in ("0_30", "older")]
    write(tmp_path, lines, header="date,domain,stream,tier,messages")
    tiers = load(tmp_path).frame.groupby("tier")["messages"].sum()
    assert tiers.to_dict() == {"0_30": 70, "older_or_never": 70}


def test_a_history_without_any_source(tmp_path):
    with pytest.raises(InputError, match="names no sending history"):
        load_history(
            scenario(tmp_path, [{"name": "a", "history": "x.csv"}, {"name": "b", "history": "y.csv"}]).model_copy(
                update={"streams": scenario(tmp_path, ("news",)).streams}
            ),
            today=TODAY,
        )
