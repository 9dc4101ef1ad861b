"""Data requests: the form of the records, the days asked for, and calls that really parse."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
import subprocess
import tomllib
from datetime import date, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from urllib.parse import urlsplit

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.errors import InputError
from warmup.traffic.capabilities import capabilities
from warmup.traffic.measures import MEASURES
from warmup.traffic.readers import readers
from warmup.traffic.request import MINIMUM, RANGE, WANTED, data_request, platforms
from warmup.traffic.request.filling import fill, spans, window
from warmup.traffic.request.library import ORDER, record
from warmup.traffic.request.schema import EngagementFile, RequestFile
from warmup.traffic.request.shell import curl, pretty

TODAY = date(2026, 11, 23)
ALL = {name: data_request(name, today=TODAY, providers=("Gmail", "Hotmail / Outlook")) for name in ORDER}
CALLS = [(name, ask, call) for name, request in ALL.items() for ask in request.asks for call in ask.calls]
IDS = [f"{name}-{call.save}" for name, _, call in CALLS]
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w")


def asked(platform: str, **given):
    return data_request(platform, today=TODAY, **given)


# --- the records ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ORDER)
def test_every_record_has_the_form_and_the_provenance(name):
    data = RequestFile.model_validate(record(name))
    assert data.platform == name
    assert {ask.reader for ask in data.asks} <= set(capabilities())


def test_what_is_always_asked_for_has_the_form_and_knows_every_platform():
    data = EngagementFile.model_validate(record("engagement"))
    assert set(data.platforms) == set(ORDER) - {"other"}


def test_every_export_that_can_be_read_is_asked_for_somewhere():
    readers = {ask.reader for request in ALL.values() for ask in request.asks}
    assert readers == set(capabilities())


def test_every_file_of_records_is_listed():
    assert list(platforms()) == list(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_what_nobody_checked_is_said_to_be_so(name):
    for limit in ALL[name].limits:
        if "source found" in limit.origin.source:
            assert "not checked" in limit.text or not limit.origin.checked


# --- days -------------------------------------------------------------------------------------------------------


def test_thirteen_weeks_up_to_yesterday_where_nothing_is_said():
    request = asked("sendgrid")
    assert request.last == TODAY - timedelta(days=1)
    assert (request.last - request.first).days + 1 == WANTED >= RANGE >= MINIMUM


def test_a_platform_is_asked_for_no_more_than_it_keeps():
    request = asked("sparkpost", first=date(2026, 1, 1), last=date(2026, 11, 22))
    metrics, events = request.asks[1], request.asks[-1]
    assert metrics.first == TODAY - timedelta(days=180)
    assert events.first == TODAY - timedelta(days=10)
    assert "goes back 10 days" in events.short
    assert "from=2026-11-13" in events.calls[0].text


def test_what_is_thrown_away_is_not_asked_for():
    ask = asked("sparkpost", first=date(2026, 1, 1), last=date(2026, 2, 1)).asks[-1]
    assert (ask.first, ask.last, ask.calls, ask.steps, ask.read) == (None, None, (), (), ())
    assert "too late" in ask.short


def test_long_periods_are_split_as_the_platform_wants():
    calls = asked("bird", first=date(2025, 11, 23), last=date(2026, 11, 22)).asks[0].calls
    assert [call.save for call in calls] == ["bird-day-1.json", "bird-day-2.json"]
    for call in calls:
        assert (call.last - call.first).days + 1 <= 200
        assert 100 * ((call.last - call.first).days + 1) <= 20_000  # groups of a page x days: the limit of points
    assert calls[0].last + timedelta(days=1) == calls[1].first


@given(st.dates(date(2020, 1, 1), date(2026, 1, 1)), st.integers(0, 3000), st.none() | st.integers(1, 400))
def test_the_parts_of_a_period_are_the_period(first, days, most):
    last = first + timedelta(days=days)
    parts = list(spans(first, last, most))
    assert parts[0][0] == first
    assert parts[-1][1] == last
    assert all(before[1] + timedelta(days=1) == after[0] for before, after in pairwise(parts))
    assert most is None or max((end - begin).days + 1 for begin, end in parts) <= most


@given(st.integers(0, 900), st.integers(0, 900), st.none() | st.integers(1, 400))
def test_a_window_is_what_is_wanted_and_still_there(ago, length, kept):
    first = TODAY - timedelta(days=ago + length)
    last = TODAY - timedelta(days=ago)
    found = window(first, last, kept, TODAY)
    if found.first is None or found.last is None:
        assert kept is not None
        assert ago > kept
    else:
        assert first <= found.first <= found.last == last
        assert kept is None or found.first >= TODAY - timedelta(days=kept)
        assert bool(found.short) == (found.first != first)


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"first": date(2026, 5, 2), "last": date(2026, 5, 1)}, "is after"),
        ({"last": date(2026, 12, 1)}, "lies in the future"),
        ({"providers": ("",)}, "is no name"),
        ({"providers": ("a\nb",)}, "is no name"),
        ({"providers": ("someone@example.com",)}, "is no name"),
        ({"providers": ("x" * 61,)}, "is no name"),
    ],
)
def test_contradictions_are_told(given_, words):
    with pytest.raises(InputError, match=words):
        asked("sparkpost", **given_)


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(InputError) as error:
        asked("sparkpots", first=date(2026, 5, 2), last=date(2026, 5, 1))
    assert [problem.where for problem in error.value.problems] == ["--platform", "--from, --to"]
    assert 'did you mean "sparkpost"?' in str(error.value)


# --- the calls --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "ask", "call"), CALLS, ids=IDS)
def test_every_call_is_filled_in_and_holds_no_address(name, ask, call):
    assert not re.search(r"(?<!\$)\{[a-z_]+\}", call.text)
    assert not ADDRESS.search(call.text)
    assert ask.addresses


SHELL = [(name, ask, call) for name, ask, call in CALLS if call.language == "shell"]


def words_of(text: str) -> list[str]:
    """What a shell makes of a command: variables expanded, nothing else."""
    script = (
        'API_KEY=key REGION=eu1 DC=us1 CAMPAIGN_ID=c1\ncurl() { printf \'%s\\0\' "$@"; }\naws() { curl "$@" >&3; }\n'
    )
    done = subprocess.run(
        ["sh", "-c", f"exec 3>&1\n{script}{text}"], capture_output=True, text=True, check=True, timeout=20
    )
    return done.stdout.removesuffix("\0").split("\0")


@pytest.mark.parametrize(("name", "ask", "call"), SHELL, ids=[f"{name}-{call.save}" for name, _, call in SHELL])
def test_a_shell_reads_every_call_as_it_is_meant(name, ask, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = words_of(call.text)
    if call.http is None:
        assert words[:2] == ["sesv2", "batch-get-metric-data"]
        asked = call.save.replace("response", "request")
        assert words[words.index("--cli-input-json") + 1] == f"file://{asked}"
        assert json.loads((tmp_path / asked).read_text()) == call.body
        return
    assert words[words.index("-o") + 1] == call.save.replace("${CAMPAIGN_ID}", "c1")
    (url,) = (urlsplit(word) for word in words if word.startswith("https://"))
    assert url.netloc
    assert "$" not in url.geturl()
    sent = dict(words[i + 1].split("=", 1) for i, word in enumerate(words) if word == "--data-urlencode")
    query = call.http.get("query") or {}
    assert sent == {key: ",".join(value) if isinstance(value, list) else value for key, value in query.items()}
    if call.body is not None:
        assert json.loads(words[words.index("--data") + 1]) == call.body
    assert any("key" in word for word in words)


def test_names_of_providers_cannot_leave_their_quotes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hostile = '\'; touch pwned; $(touch pwned) `touch pwned` "${HOME}"'
    request = asked("sparkpost", providers=(hostile,))
    (call,) = request.asks[1].calls
    assert f"mailbox_providers={hostile}" in words_of(call.text)
    assert not (tmp_path / "pwned").exists()
    (line,) = request.asks[1].read
    assert shlex.split(line)[-1] == hostile
    (entry,) = request.asks[1].scenario
    assert tomllib.loads(f"history = [{entry}]")["history"][0]["provider"] == hostile


@given(st.text(max_size=40))
def test_any_text_is_one_word_of_a_shell(text):
    written = curl({"method": "GET", "url": "https://x.example/", "query": {"q": text}}, "out.json")
    assert f"q={text}" in shlex.split(written.replace("\\\n", ""))


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=30),
        lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=12), inner, max_size=8),
        max_leaves=30,
    )
)
def test_pretty_json_is_the_same_json(value):
    assert json.loads(pretty(value)) == value


def test_unknown_fields_are_a_fault():
    with pytest.raises(KeyError):
        fill({"a": ["{first_dya}"]}, {"first_day": "x"})


# --- each platform's own limits ----------------------------------------------------------------------------------


def test_bird_queries_are_like_the_reference_and_within_the_limits(shared):
    sample = json.loads((shared / "reference/formats/samples/bird_stats_query_request.json").read_text())
    for ask in asked("bird").asks[:2]:
        (call,) = ask.calls
        body = call.body
        assert body is not None
        assert set(body) <= set(sample)
        assert isinstance(body["group_by"], str)
        assert len(body["metrics"]) <= 39
        assert len(set(body["metrics"])) == len(body["metrics"])
        assert body["limit"] <= 100
        assert date.fromisoformat(body["to"]) - date.fromisoformat(body["from"]) < timedelta(days=365)
        points = body["limit"] * ((call.last - call.first).days + 1)
        assert points <= 20_000
        assert points * len(body["metrics"]) <= 1_000_000


def test_bird_asks_of_an_ip_only_what_an_ip_has():
    (call,) = asked("bird").asks[1].calls
    assert call.body is not None
    assert call.body["group_by"] == "sending_ip"
    assert not {"processed", "complained", "unique_clicks", "unsubscribes"} & set(call.body["metrics"])


def test_ses_queries_are_like_the_reference_and_within_the_limits(shared):
    sample = json.loads((shared / "reference/formats/samples/ses_vdm_batch_get_metric_data_request.json").read_text())
    for call in ALL["ses"].asks[0].calls:
        assert call.body is not None
        queries = call.body["Queries"]
        assert 1 <= len(queries) <= 10
        assert len({query["Id"] for query in queries}) == len(queries)
        for query in queries:
            assert set(query) == set(sample["Queries"][0])
            assert query["Id"].endswith(query["Metric"].lower())
            begin, end = (pd.Timestamp(query[key]) for key in ("StartDate", "EndDate"))
            assert (begin.date(), end.date()) == (call.first, call.last + timedelta(days=1))


def test_mailgun_requests_are_like_the_reference_and_within_the_limits(shared):
    sample = json.loads((shared / "reference/formats/samples/mailgun_metrics_request.json").read_text())
    for ask in asked("mailgun").asks[:2]:
        (call,) = ask.calls
        assert call.body is not None
        assert set(call.body) == set(sample)
        assert len(call.body["dimensions"]) <= 3
        assert len(call.body["metrics"]) <= 10
        for key, day in (("start", call.first), ("end", call.last)):
            assert parsedate_to_datetime(call.body[key]).date() == day
            assert parsedate_to_datetime(call.body[key]).strftime("%a") == call.body[key][:3]


def test_sparkpost_is_asked_once_for_each_provider():
    calls = asked("sparkpost", providers=("Gmail", "Apple")).asks[1].calls
    assert [call.http["query"]["mailbox_providers"] for call in calls if call.http] == ["Gmail", "Apple"]
    assert len({call.save for call in calls}) == 2
    assert all("precision=day" in call.text for call in calls)


def test_mailgun_is_asked_for_every_measure_that_its_metrics_have():
    day, more = (ask.calls[0].body for ask in asked("mailgun").asks[:2])
    assert day is not None
    assert more is not None
    assert {key: day[key] for key in ("start", "end", "dimensions")} == {
        key: more[key] for key in ("start", "end", "dimensions")
    }
    metrics = {*day["metrics"], *more["metrics"]}
    formulas = readers()["mailgun-metrics"].FORMULAS
    said = {name for name, ways in formulas.items() if any({*way.plus, *way.minus} <= metrics for way in ways)}
    assert said == set(MEASURES) - {"block", "open_human"}


# --- SQL --------------------------------------------------------------------------------------------------------


SFMC_VIEWS = ("Sent", "Bounce", "Complaint", "Unsubscribe", "Click", "Open", "Job")


def sfmc_sql() -> str:
    request = asked("sfmc", first=date(2026, 8, 1), last=date(2026, 8, 31))
    return request.asks[0].calls[0].text


def sfmc_views(connection, samples):
    """The data views as tables; there is no sample of unsubscriptions, which have the columns of complaints."""
    for view in SFMC_VIEWS:
        day = "" if view == "Job" else " REPLACE (strptime(EventDate, '%-m/%-d/%Y %-I:%M:%S %p') AS EventDate)"
        types = "" if view == "Job" else ", types = {'EventDate': 'VARCHAR'}"
        path = str(samples / f"sfmc_{'Complaint' if view == 'Unsubscribe' else view}.csv")
        connection.execute(f"CREATE TABLE _{view} AS SELECT *{day} FROM read_csv(?{types})", [path])


def test_the_sfmc_query_counts_the_samples_as_the_reference_does(shared):
    samples = shared / "reference" / "formats" / "samples"
    request = data_request("sfmc", today=date(2026, 3, 4), first=date(2026, 3, 1), last=date(2026, 3, 3))
    with duckdb.connect() as connection:
        sfmc_views(connection, samples)
        counts = connection.execute(request.asks[0].calls[0].text).df()
        # What the server does not say of a bounce must not lose it.
        connection.execute("UPDATE _Bounce SET BounceType = NULL, BounceCategory = NULL")
        unsaid = connection.execute(request.asks[0].calls[0].text).df()
    assert counts["unsub"].sum() == counts["complaint"].sum() > 0
    assert unsaid["soft"].sum() == counts[["hard", "soft", "block", "oob"]].sum().sum()
    counts["date"] = counts["event_date"].astype(str).str[:10]
    measures = ["injected", "hard", "soft", "block", "oob", "complaint", "click"]
    found = counts.groupby(["date", "domain", "stream"])[measures].sum()
    truth = pd.read_csv(samples / "EXPECTED_daily.csv").groupby(["date", "domain", "stream"])[measures].sum()
    both = truth.merge(found, how="outer", left_index=True, right_index=True, suffixes=("", "_found")).fillna(0)
    for measure in measures:
        assert both[measure].tolist() == both[f"{measure}_found"].tolist(), measure


def test_the_sfmc_query_is_what_its_server_speaks():
    sqlglot = pytest.importorskip("sqlglot", exc_type=ImportError)
    (tree,) = sqlglot.parse(sfmc_sql(), read="tsql")
    assert {table.name for table in tree.find_all(sqlglot.exp.Table)} == {f"_{view}" for view in SFMC_VIEWS}
    assert not {column.name.lower() for column in tree.find_all(sqlglot.exp.Column)} & {"subscriberkey", "emailaddress"}


def test_no_query_asks_for_people():
    for name, _, call in CALLS:
        if call.language == "sql":
            assert not re.search(r"subscriber|e-?mail_?address|rcpt|first_?name", call.text, re.IGNORECASE), name


def test_the_query_for_any_warehouse_runs_and_its_result_is_a_history():
    ask = next(ask for ask in asked("other").asks if ask.calls[0].language == "sql")
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE sends AS SELECT TIMESTAMP '2026-11-01 10:00' AS sent_at, "
            "'Gmail.example.com' AS recipient_domain, 'news' AS stream FROM range(3)"
        )
        frame = connection.execute(ask.calls[0].text).df()
    assert frame.to_dict("records") == [
        {
            "send_date": pd.Timestamp("2026-11-01"),
            "recipient_domain": "gmail.example.com",
            "stream": "news",
            "messages": 3,
        }
    ]


# --- reading the answer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ORDER)
def test_what_is_saved_is_what_is_read(name):
    """Every answer is named by a command that reads it, or is only to look at."""
    request = ALL[name]
    reads = [word for ask in request.asks for line in ask.read for word in shlex.split(line)[3:]]
    assert reads
    for ask in request.asks:
        if ask.read:
            for call in ask.calls:
                saved = call.save.replace("${CAMPAIGN_ID}", "c1")
                assert any(fnmatch.fnmatch(saved, word) for word in reads), saved


def test_an_answer_in_the_layout_that_is_asked_for_is_planned_with(tmp_path):
    from zoneinfo import ZoneInfo

    from warmup.scenario import HistorySource
    from warmup.traffic.readers import Context, tidy

    path = tmp_path / "history.csv"
    path.write_text(asked("other").asks[0].calls[0].text + "\n", encoding="utf-8")
    frame = tidy.read(HistorySource.model_validate({"path": "history.csv"}), path, Context(ZoneInfo("UTC"))).frame
    assert frame["messages"].sum() == 123_425
    assert set(frame["stream"]) == {"newsletter", "receipts"}
