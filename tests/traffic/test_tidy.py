from __future__ import annotations

import gzip
import zipfile
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import openpyxl
import pandas as pd
import pytest

from warmup.errors import InputError
from warmup.scenario import HistorySource
from warmup.traffic import sheets
from warmup.traffic.readers import Context, Reading, read, readers

HEADER = "date,recipient_domain,stream,messages"


def load(path: Path, stream: str | None = None, **fields: Any) -> Reading:
    source = HistorySource.model_validate({"path": path.name, **fields})
    return read(source, [path], Context(ZoneInfo("Europe/Berlin"), stream))


def save(tmp_path: Path, text: str | bytes, name: str = "h.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def lines_of(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [str(problem) for problem in error.value.problems]


def table(reading: Reading) -> list[tuple[Any, ...]]:
    names = reading.frame["domain"].astype(str).where(reading.frame["domain"] != "", reading.frame["label"].astype(str))
    columns = (names, reading.frame["stream"], reading.frame["tier"], reading.frame["messages"])
    days = [day.date() for day in reading.frame["date"]]
    rows = zip(days, *columns, strict=True)
    return [(*row[:-1], None if row[-1] is pd.NA else row[-1]) for row in rows]


def test_registry_names():
    assert set(readers()) >= {"tidy", "sparkpost-metrics"}


def test_reads_days_domains_streams_tiers_and_numbers(tmp_path):
    rows = ["2026-01-01,gmail.com,news,engaged_0_30,5", "2026-01-01,GMX.DE,news,,7.0"]
    text = "\n".join(["date,recipient_domain,stream,tier,messages", *rows])
    assert table(load(save(tmp_path, text))) == [
        (date(2026, 1, 1), "gmail.com", "news", "0_30", 5),
        (date(2026, 1, 1), "gmx.de", "news", "", 7),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("semicolon.csv", "Day;ISP;Stream;Sent\r\n2026-01-01;Gmail;news;5\r\n"),
        ("tab.tsv", "date\tmailbox_provider\tstream\tvolume\n2026-01-01\tGmail\tnews\t5\n"),
        ("pipe.txt", "date|provider|message_stream|count\n2026-01-01|Gmail|news|5\n"),
        ("bom.csv", "\ufeffdate,provider,stream,messages\n2026-01-01,Gmail,news,5\n"),
        ("excel.csv", "sep=;\nSend Date;Mailbox Provider;stream;Emails Sent\n2026-01-01;Gmail;news;5\n"),
        (
            "comment.csv",
            "# from the platform\n# made on Monday\n\ndate,provider,stream,messages\n2026-01-01,Gmail,news,5\n",
        ),
        ("quoted.csv", '"date","provider","stream","messages"\n"2026-01-01"," Gmail ","news","5"\n'),
        ("order.csv", "messages,extra,stream,provider,date\n5,x,news,Gmail,2026-01-01\n"),
    ],
)
def test_spellings_of_a_table(tmp_path, name, text):
    assert table(load(save(tmp_path, text, name))) == [(date(2026, 1, 1), "Gmail", "news", "", 5)]


def test_packed_utf16_parquet_and_excel_hold_the_same(tmp_path):
    text = f"{HEADER}\n2026-01-01,gmail.com,news,5\n2026-01-02,gmail.com,news,\n"
    want = table(load(save(tmp_path, text)))
    assert want[1][4] is None
    assert table(load(save(tmp_path, gzip.compress(text.encode()), "h.csv.gz"))) == want
    assert table(load(save(tmp_path, text.encode("utf-16"), "h16.csv"))) == want
    parquet = tmp_path / "h[1].parquet"
    values = "(DATE '2026-01-01', 'gmail.com', 'news', 5), (DATE '2026-01-02', 'gmail.com', 'news', NULL)"
    duckdb.sql(f"COPY (SELECT * FROM (VALUES {values}) t({HEADER})) TO '{parquet}'")
    assert table(load(parquet)) == want
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (
        HEADER.split(","),
        [date(2026, 1, 1), "gmail.com", "news", 5],
        [date(2026, 1, 2), "gmail.com", "news", None],
    ):
        sheet.append(row)
    book.save(tmp_path / "h.xlsx")
    assert table(load(tmp_path / "h.xlsx")) == want


def test_parquet_times_with_a_zone_are_instants(tmp_path):
    path = tmp_path / "h.parquet"
    sql = "SELECT TIMESTAMPTZ '2026-01-01 23:30:00+00' AS sent_at, 'Gmail' AS provider, 5.0 AS volume"
    duckdb.sql(f"COPY ({sql}) TO '{path}'")
    assert table(load(path, "news")) == [(date(2026, 1, 2), "Gmail", "news", "", 5)]


def test_empty_is_unknown_and_spoils_its_sum(tmp_path):
    text = "date,provider,stream,campaign,messages\n" + "".join(
        f"2026-01-01,{name},news,{n},{value}\n"
        for n, (name, value) in enumerate([("a", ""), ("b", "NULL"), ("c", "3"), ("c", "NaN"), ("d", "0"), ("d", "4")])
    )
    assert [row[4] for row in table(load(save(tmp_path, text)))] == [None, None, None, 4]


def test_rows_of_one_day_are_added_up_and_said(tmp_path):
    text = "date,provider,stream,campaign,messages\n2026-01-01,a,news,x,3\n2026-01-01,a,news,y,3\n"
    reading = load(save(tmp_path, text))
    assert table(reading)[0][4] == 6
    assert "added up" in reading.notes[0].text


def test_addresses_are_cut_down_to_domains(tmp_path):
    text = "date,email,stream,messages\n2026-01-01,Jane@Example.com,news,1\n2026-01-01,Joe <joe@example.com>,news,1\n"
    reading = load(save(tmp_path, text))
    assert table(reading) == [(date(2026, 1, 1), "example.com", "news", "", 2)]
    assert "addresses" in reading.notes[0].text
    assert "jane" not in reading.frame.to_csv().lower()
    provider = load(save(tmp_path, "date,provider,stream,messages\n2026-01-01,jane@example.com,news,1\n"))
    assert table(provider)[0][1] == "example.com"


def test_an_error_never_shows_an_address(tmp_path):
    text = "date,provider,tier,messages\njane@example.com,a,jane@example.com,jane@example.com\n"
    with pytest.raises(InputError) as error:
        load(save(tmp_path, text), "news")
    assert len(lines_of(error)) == 3
    assert "jane" not in str(error.value)


def test_delivered_is_said_to_be_a_lower_bound(tmp_path):
    reading = load(save(tmp_path, "date,provider,delivered\n2026-01-01,a,3\n"), "news")
    assert "lower bound" in reading.notes[0].text


def test_one_provider_file(tmp_path):
    reading = load(save(tmp_path, "date,messages\n2026-01-01,3\n"), "news", provider="Gmail")
    assert table(reading) == [(date(2026, 1, 1), "Gmail", "news", "", 3)]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("-5", "is negative"),
        ("10.5", "is not whole"),
        ("1,000", "columns"),
        ('"1,000"', "is not a number"),
        ("1.000", "is not a number"),
        ("1.234.567", None),
        ("many", "is not a number"),
        ("inf", "is not a number"),
        ("1e300", "more than anyone"),
        ("=1+1", "is not a number"),
    ],
)
def test_volumes_that_cannot_be(tmp_path, value, what):
    path = save(tmp_path, f"{HEADER}\n2026-01-01,a.example.com,news,5\n2026-01-02,a.example.com,news,{value}\n")
    if what is None:
        assert table(load(path))[1][4] == 1_234_567
        return
    with pytest.raises(InputError) as error:
        load(path)
    (line,) = lines_of(error)
    assert line.startswith("h.csv: line 3: ")
    assert what in line


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["1.000", "2.500", "300"], [1000, 2500, 300]),  # messages are whole: no decimal point
        (['"1,000"', '"2,500"', "7"], [1000, 2500, 7]),
        (["1.000", "12.0", "3"], [1, 12, 3]),
        (["1.000", "0.000", "3"], [1, 0, 3]),
        (["1.000", "1000.000", "3"], [1, 1000, 3]),
        (["1.000", "2.000", "3"], None),
        (["1.000", "2.500", "1500"], None),  # who writes 1500 so does not write 1.000 for a thousand
        (["1.000", '"1.000,5"', "3"], None),
    ],
)
def test_all_numbers_together_tell_thousands_from_decimals(tmp_path, written, read):
    body = "".join(f"2026-01-0{n},a.example.com,news,{value}\n" for n, value in enumerate(written, 1))
    path = save(tmp_path, f"{HEADER}\n{body}")
    if read is None:
        with pytest.raises(InputError, match="without separators"):
            load(path)
    else:
        assert [row[4] for row in table(load(path))] == read


def test_all_problems_of_a_file_at_once_with_their_lines(tmp_path):
    text = (
        "date,provider,stream,tier,messages\n"
        '2026-01-01,"a\nb",news,,1\n'
        "\n"
        "soon,a,news,,1\n"
        "2026-01-03,a,news,loyal,1\n"
        "2026-01-04,a,news,,-1\n"
        "2026-01-05,a,news,,2\n"
        "2026-01-05,a,news,,2\n"
    )
    with pytest.raises(InputError) as error:
        load(save(tmp_path, text))
    starts = [line.split(";")[0] for line in lines_of(error)]
    assert starts == [
        "h.csv: line 5: date 'soon' is not a date",
        "h.csv: line 6: tier 'loyal' is not known",
        "h.csv: line 7: volume '-1' is negative",
        "h.csv: lines 8 and 9: are the same row",
    ]


def test_many_equal_problems_are_one_line_with_their_exact_number(tmp_path):
    body = "".join(f"2026-01-01,a{n}.example.com,news,-1\n" for n in range(1000))
    body += "".join(f"2026-01-02,a{n}.example.com,news,x{n}\n" for n in range(1234))
    body += "soon,a.example.com,news,1\n" * 50
    number = "write a whole number without separators, or leave it empty if it is unknown"
    copy = "remove the copy, or add the column that tells them apart (campaign, IP …)"
    with pytest.raises(InputError) as error:
        load(save(tmp_path, f"{HEADER}\n{body}"))
    assert lines_of(error) == [
        "h.csv: lines 2, 3, 4 and 997 more: volume '-1' is negative, 1,000 times; a volume is 0 or more",
        f"h.csv: lines 1002, 1003, 1004 and 1,231 more: volume 'x0' is not a number, and 1,233 more like it; {number}",
        "h.csv: lines 2236, 2237, 2238 and 47 more: date 'soon' is not a date, 50 times; write the day as 2026-03-02",
        f"h.csv: lines 2236 and 2285: are the same row, 50 times in all; {copy}",
    ]


def test_many_damaged_lines_are_one_line_with_their_exact_number(tmp_path):
    body = "2026-01-01,a.example.com,news,1,6\n" * 1500 + "2026-01-02,a.example.com,news\n"
    with pytest.raises(InputError) as error:
        load(save(tmp_path, f"{HEADER}\n{body}"))
    first, second = lines_of(error)
    assert first.startswith("h.csv: lines 2, 3, 4 and 1,497 more: has 5 columns where the header has 4, 1,500 times;")
    assert second.startswith("h.csv: line 1502: has 3 columns")


def test_many_different_problems_are_counted(tmp_path):
    body = "".join(f"2026-01-01,a.example.com,news,tier-{n},{m}\n" for n in range(50) for m in range(2))
    with pytest.raises(InputError) as error:
        load(save(tmp_path, f"date,recipient_domain,stream,tier,messages\n{body}"))
    lines = lines_of(error)
    assert len(lines) == 21
    assert lines[-1] == "h.csv: and 80 more problems"


def test_equal_zeros_are_no_duplicates(tmp_path):
    assert table(load(save(tmp_path, HEADER + "\n" + "2026-01-01,a.example.com,news,0\n" * 2)))[0][4] == 0


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is empty"),
        (HEADER + "\n", "holds no rows"),
        ("date,stream,messages\n2026-01-01,news,1\n", "to whom mail went"),
        ("date,provider,messages\n2026-01-01,a,1\n", "no column 'stream'"),
        ("2026-01-01,a,news,1\n2026-01-02,a,news,1\n", "no column 'date'"),
        ("dates,provider,stream,messages\n2026-01-01,a,news,1\n", 'did you mean "dates"?'),
        (b"\x7fELF\x00\x00\x00\x01" + bytes(2000), "is neither"),
        (b"PAR1 but not really", "damaged parquet"),
        (b"PK\x03\x04 but not really", "Excel workbook"),
        (b"\x1f\x8b\x08\x00 broken", "h.csv"),
        ("[1, 2]", "no export that is known"),
    ],
)
def test_what_is_no_table(tmp_path, text, what):
    with pytest.raises(InputError) as error:
        load(save(tmp_path, text))
    assert what in str(error.value)


def test_a_cut_off_gzip_file(tmp_path):
    packed = gzip.compress(
        (HEADER + "\n" + "".join(f"2026-01-01,{n}.example.com,news,{n}\n" for n in range(9999))).encode()
    )
    with pytest.raises(InputError) as error:
        load(save(tmp_path, packed[: len(packed) // 2], "h.csv.gz"))
    assert "h.csv.gz" in str(error.value)


def test_a_workbook_that_unpacks_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "MAX_BYTES", 100_000)
    with zipfile.ZipFile(tmp_path / "h.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(200_000))
    assert (tmp_path / "h.xlsx").stat().st_size < 1000
    with pytest.raises(InputError, match="too large"):
        load(tmp_path / "h.xlsx")


def test_damaged_rows_are_all_named(tmp_path):
    text = (
        f"{HEADER}\n2026-01-01,gmail.com,news,5\n2026-01-02,gmail.com,news\n".encode()
        + b"2026-01-03,gm\xffail.com,news,5\n2026-01-04,gmail.com,news,5,6\n"
        + b"x" * 10_000_000
        + b"\n2026-01-05,gmail.com,news,5\n"
    )
    with pytest.raises(InputError) as error:
        load(save(tmp_path, text))
    lines = lines_of(error)
    assert [line.split(": ")[1] for line in lines] == ["line 3", "line 4", "line 5", "line 6"]
    assert "UTF-8" in lines[1]
    assert "2 MB" in lines[3]


def test_hostile_texts_stay_texts(tmp_path):
    label = "=cmd|' /C calc'!A0"
    text = f'date,provider,stream,messages\n2026-01-01,"{label}",news,5\n2026-01-01,"<script>\n\x1b[2J",news,6\n'
    assert {row[1] for row in table(load(save(tmp_path, text)))} == {label, "<script>\n\x1b[2J"}
    with pytest.raises(InputError) as error:
        load(save(tmp_path, 'date,provider,stream,messages\n"\x1b[2J\nx",a,news,5\n'))
    assert "\x1b" not in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_parquet_of_wrong_types(tmp_path):
    path = tmp_path / "h.parquet"
    duckdb.sql(f"COPY (SELECT [1, 2] AS date, 'a' AS provider, 'news' AS stream, {{'x': 1}} AS messages) TO '{path}'")
    with pytest.raises(InputError) as error:
        load(path)
    assert all(line.startswith("h.parquet: row 1: ") for line in lines_of(error))
    assert len(lines_of(error)) == 2


def test_mixed_time_zones_name_both_lines(tmp_path):
    text = f"{HEADER}\n2026-01-01T10:00:00Z,a.example.com,news,1\n2026-01-01T10:00:00-07:00,a.example.com,news,2\n"
    with pytest.raises(InputError) as error:
        load(save(tmp_path, text))
    assert str(error.value).startswith("h.csv: lines 2 and 3: mixed time zones")


def test_the_reference_truth_of_all_event_samples(shared):
    path = shared / "reference" / "formats" / "samples" / "EXPECTED_daily.csv"
    reading = load(path)
    volume = reading.frame.groupby(["stream", "domain"], observed=True)["messages"].sum()
    assert volume["promo", "gmail.example.com"] == 4
    assert reading.frame["messages"].sum() == 13
