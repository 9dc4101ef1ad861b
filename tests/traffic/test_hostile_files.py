"""Whatever is in a file, it is read or refused in words: never a traceback, never an address."""

from __future__ import annotations

import contextlib
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.traffic.build import TODAY, scenario
from warmup.errors import InputError
from warmup.scenario import HistorySource
from warmup.traffic.audience import load_audience
from warmup.traffic.history import load_history
from warmup.traffic.readers import FRAME_COLUMNS, Context, read

QUIETLY = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
STARTS = st.sampled_from(
    [
        b"",
        b"PAR1",
        b"PK\x03\x04",
        b"\x1f\x8b",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b'{"results": [',
        b"date,provider,messages\n",
    ]
)
CELLS = st.one_of(
    st.sampled_from(
        ["", "2026-01-01", "2026-01-01T00:00:00+02:00", "1/2/2026", "gmail.com", "a@b.c", "5", "-1", "1.5"]
    ),
    st.sampled_from(["=1+1", '"', '""', "nan", "inf", "1e400", "\x00", "\n", "\r", ";", "\t", "#", "0x10", "１"]),
    st.text(max_size=8),
)
ROWS = st.lists(st.lists(CELLS, min_size=3, max_size=6), max_size=12)


@QUIETLY
@given(STARTS, st.binary(max_size=300))
def test_any_bytes(tmp_path, start, rest):
    path = tmp_path / "h.csv"
    path.write_bytes(start + rest)
    source = HistorySource.model_validate({"path": "h.csv", "provider": "Gmail"})
    reading, problems = None, []
    try:
        reading = read(source, [path], Context(ZoneInfo("UTC"), "news"))
    except InputError as error:
        problems = str(error).splitlines()
    assert tuple(reading.frame.columns) == FRAME_COLUMNS if reading else 0 < len(problems) <= 25


@QUIETLY
@given(st.sampled_from(["date,domain,messages", "date;provider;stream;messages", "day\temail\tsent"]), ROWS)
def test_any_rows(tmp_path, header, rows):
    delimiter = next(sign for sign in ";\t," if sign in header)
    text = "\n".join([header, *(delimiter.join(row) for row in rows)])
    (tmp_path / "history.csv").write_text(text, encoding="utf-8", errors="replace")
    history, problems = None, ""
    try:
        history = load_history(scenario(tmp_path), today=TODAY)
    except InputError as error:
        problems = str(error)
    assert "@b.c" not in problems.replace("…@b.c", "")
    assert history is None or history.frame["messages"].dropna().ge(0).all()


@QUIETLY
@given(ROWS)
def test_any_audience(tmp_path, rows):
    text = "\n".join(["provider,stream,engaged_0_30,older_or_never", *(",".join(row) for row in rows)])
    (tmp_path / "audience.csv").write_text(text, encoding="utf-8", errors="replace")
    with contextlib.suppress(InputError):
        load_audience(scenario(tmp_path, audience="audience.csv"))
