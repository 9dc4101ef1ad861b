from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.traffic.build import scenario
from tests.traffic.recipients.lists import (
    DATES,
    RULE,
    TODAY,
    ago,
    row,
    slow_counts,
    write_csv,
    write_parquet,
)
from warmup.errors import InputError
from warmup.traffic.audience import load_audience
from warmup.traffic.recipients.columns import NO_DOMAIN
from warmup.traffic.recipients.counting import read_recipients
from warmup.traffic.recipients.rule import TIER_COLUMNS

if TYPE_CHECKING:
    from warmup.traffic.recipients.tiers import RecipientTiers


def cells(frame: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Recipients by provider and tier, streams added up, empty cells left out."""
    return by(frame, "provider")


def by(frame: pd.DataFrame, key: str) -> dict[tuple[str, str], int]:
    """Recipients by a column and tier."""
    long = frame.melt([key], list(TIER_COLUMNS), "tier", "n").groupby([key, "tier"])["n"].sum()
    return {(name, tier): int(n) for (name, tier), n in long.items() if n}


def read(tmp_path: Path, *rows: dict[str, Any], kind: str = "parquet", **kwargs: Any) -> RecipientTiers:
    write = write_parquet if kind == "parquet" else write_csv
    return read_recipients(write(tmp_path / f"list.{kind}", rows), RULE, **kwargs)


def of_text(tmp_path: Path, text: str, **kwargs: Any) -> RecipientTiers:
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    return read_recipients(tmp_path / "list.csv", RULE, name="list.csv", **kwargs)


def problem(tmp_path: Path, text: str, **kwargs: Any) -> str:
    with pytest.raises(InputError) as error:
        of_text(tmp_path, text, **kwargs)
    return str(error.value)


EDGES = [
    (0, "engaged_0_30"), (30, "engaged_0_30"), (31, "engaged_31_60"), (60, "engaged_31_60"), (61, "engaged_61_90"),
    (90, "engaged_61_90"), (91, "engaged_91_180"), (180, "engaged_91_180"), (181, "engaged_181_365"),
    (365, "engaged_181_365"), (366, "older_or_never"),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize("signal", ["human_open", "click", "purchase", "login"])
def test_every_edge_of_every_human_signal(tmp_path, kind, signal):
    rows = [row(f"d{days}.example", **{signal: ago(days)}) for days, _ in EDGES]
    result = read(tmp_path, *rows, kind=kind, smallest_domain=1)
    assert cells(result.counts) == {(f"d{days}.example", tier): 1 for days, tier in EDGES}
    if signal == "human_open":
        only = {days: "machine_open_only" if days <= 365 else "older_or_never" for days, _ in EDGES}
        assert cells(result.without_opens) == {(f"d{days}.example", tier): 1 for days, tier in only.items()}
    else:
        assert cells(result.without_opens) == cells(result.counts)


@pytest.mark.parametrize(("days", "tier"), [(0, "new_signup_30d"), (30, "new_signup_30d"), (31, "older_or_never")])
def test_a_sign_up_counts_for_thirty_days_in_a_column_of_its_own(tmp_path, days, tier):
    assert cells(read(tmp_path, row(signup=ago(days))).counts) == {("google", tier): 1}


def test_a_new_sign_up_that_acted_is_engaged_and_counted_once(tmp_path):
    rows = [row(signup=ago(3), click=ago(2)), row(signup=ago(3), click=ago(200))]
    assert cells(read(tmp_path, *rows).counts) == {("google", "engaged_0_30"): 1, ("google", "new_signup_30d"): 1}


@pytest.mark.parametrize(
    ("days", "tier"), [(0, "machine_open_only"), (365, "machine_open_only"), (366, "older_or_never")]
)
def test_machine_opens_never_engage(tmp_path, days, tier):
    assert cells(read(tmp_path, row(any_open=ago(days))).counts) == {("google", tier): 1}
    old = row(any_open=ago(days), click=ago(400), human_open=ago(500))
    assert cells(read(tmp_path, old).counts) == {("google", tier): 1}


def test_null_is_no_date_and_the_latest_signal_decides(tmp_path):
    rows = [row(), row(click=ago(300), purchase=ago(20)), row(human_open=ago(80), login=ago(100))]
    expected = {("google", "older_or_never"): 1, ("google", "engaged_0_30"): 1, ("google", "engaged_61_90"): 1}
    assert cells(read(tmp_path, *rows).counts) == expected
    assert cells(read(tmp_path, *rows, kind="csv").counts) == expected


def test_texts_that_say_nothing_are_no_dates(tmp_path):
    words = ["", " ", "NULL", "null", "None", "NaN", "\\N", "never", "N/A", "-"]
    result = of_text(tmp_path, "domain,last_click\n" + "".join(f"gmail.com,{word}\n" for word in words))
    assert cells(result.counts) == {("google", "older_or_never"): len(words)}
    assert result.impossible_dates == 0
    assert not [note for note in result.notes if note.level == "warning"]


@pytest.mark.parametrize(
    "text",
    ["2026-11-01", "2026-11-01 23:59:59", "2026-11-01T10:00:00.1234567Z", "2026/11/1", " 2026-11-01 ", "20261101",
     "1.11.2026", "01.11.2026 08:00", "1793527200", "1793527200000"],
)  # fmt: skip
def test_forms_of_dates(tmp_path, text):
    result = of_text(tmp_path, f"domain,last_click\ngmail.com,{text}\n")
    assert cells(result.counts) == {("google", "engaged_0_30"): 1}
    assert result.impossible_dates == 0


def test_future_and_impossible_dates_are_counted_and_reported(tmp_path):
    good = "gmail.com,2026-11-20,\n" * 5
    bad = "gmail.com,2027-01-01,2026-02-30\ngmail.com,2026-02-30,2026-11-20\ngmail.com,1900-01-01,2026-11-01\n"
    result = of_text(tmp_path, "domain,last_click,last_purchase\n" + good + bad)
    assert (result.future_dates, result.impossible_dates) == (1, 3)
    texts = [note.text for note in result.notes if note.level == "warning"]
    assert texts == [
        "'last_click' holds 1 date later than 2026-11-23: as if there were none.",
        "'last_click' holds 2 values that cannot be dates of a mailing list: as if there were none.",
        "'last_purchase' holds 1 value that cannot be dates of a mailing list: as if there were none.",
    ]
    assert cells(result.counts) == {("google", "engaged_0_30"): 7, ("google", "older_or_never"): 1}


def test_a_day_ahead_is_another_time_zone(tmp_path):
    assert cells(read(tmp_path, row(click=ago(-1))).counts) == {("google", "engaged_0_30"): 1}
    assert read(tmp_path, row(click=ago(-1))).future_dates == 0
    result = read(tmp_path, row(click=ago(-2)))
    assert cells(result.counts) == {("google", "older_or_never"): 1}
    assert result.future_dates == 1


def test_a_form_of_date_that_is_not_known_is_no_silence(tmp_path):
    said = problem(tmp_path, "domain,last_click\n" + "gmail.com,3/4/26\n" * 3)
    assert said == (
        "list.csv: 'last_click' holds 3 values of 3 that are no date of a mailing list; "
        "write the days as 2026-03-02, empty where there is none"
    )


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("someone@example.com", "example.com"),
        ("SOMEONE@Example.COM", "example.com"),
        ("someone@example.com.", "example.com"),
        ('"so me@one"@example.com', "example.com"),
        ('"a@b@c"@example.com', "example.com"),
        ("two@ats@example.com", "example.com"),
        ("Some One <someone@example.com>", "example.com"),
        (" someone@example.com ", "example.com"),
        ("someone@bücher.example", "xn--bcher-kva.example"),
        ("someone", None),
        ("someone@", None),
        ("", None),
        ("someone@localhost", None),
        ("someone@[192.0.2.1]", None),
    ],
)
def test_odd_addresses(tmp_path, address, domain):
    quoted = '"' + address.replace('"', '""') + '"'
    result = of_text(tmp_path, f"email,last_click\n{quoted},2026-11-01\nz@gmail.com,\n", smallest_domain=1)
    assert set(result.counts["provider"]) == {"google"} | ({domain} if domain else set())
    assert result.no_domain == (0 if domain else 1)


def test_an_address_column_without_an_address_is_refused(tmp_path):
    said = problem(tmp_path, "email,last_click\nsomeone,2026-11-01\n")
    assert said == f"list.csv: names no recipient domain; {NO_DOMAIN}"


def test_streams_are_counted_apart_and_spelled_once(tmp_path):
    rows = [row(stream="News", click=ago(1))] * 2 + [row(stream="news ", click=ago(1)), row(stream=None, click=ago(1))]
    counts = read(tmp_path, *rows).counts
    assert counts[["provider", "stream", "engaged_0_30"]].to_numpy().tolist() == [
        ["google", "", 1],
        ["google", "News", 3],
    ]


def test_small_unknown_domains_are_rolled_up_after_the_mapping(tmp_path):
    rows = [row("big.example", click=ago(1))] * 20 + [row("small.example", click=ago(1))] * 19
    rows += [row("gmail.com", click=ago(1)), row("mapped.example", click=ago(1))]

    def mapping(domains):
        return {name: "google" for name in domains if name in ("gmail.com", "mapped.example")}

    result = read(tmp_path, *rows, mapping=mapping)
    assert cells(result.counts) == {
        ("big.example", "engaged_0_30"): 20, ("google", "engaged_0_30"): 2, ("other", "engaged_0_30"): 19
    }  # fmt: skip
    assert (result.unclassified, result.rolled_up, result.recipients) == (39, 1, 41)
    assert "other" not in set(read(tmp_path, *rows, mapping=mapping, smallest_domain=19).counts["provider"])


def test_opens_of_unknown_kind_do_not_engage_but_are_shown(tmp_path):
    text = "domain,last_open,last_click\ngmail.com,2026-11-20,\ngmail.com,2026-11-20,2026-11-20\n"
    result = of_text(tmp_path, text)
    assert cells(result.counts) == {("google", "engaged_0_30"): 1, ("google", "machine_open_only"): 1}
    assert result.engaged().to_numpy().tolist() == [[days, 2, 1] for days in (30, 60, 90, 180, 365)]
    assert any("does not tell human opens" in note.text for note in result.notes)


def test_the_reference_file(shared):
    path = shared / "reference" / "formats" / "samples" / "engagement_min.csv"
    result = read_recipients(path, RULE)
    assert result.recipients == len(path.read_text().splitlines()) - 1
    assert set(result.signals) == {"human_open", "any_open", "click", "signup"}


def test_the_plan_reads_the_counts(tmp_path):
    rows = [row("gmail.com", "news", click=ago(1))] * 30 + [row("corp.example", "news", any_open=ago(1))] * 25
    rows += [row("yahoo.com", "news", signup=ago(1))] * 5 + [row("gmx.de", "news", click=ago(200))] * 4
    read(tmp_path, *rows).save(tmp_path / "audience.csv")
    audience = load_audience(scenario(tmp_path, ("news",), audience="audience.csv"))
    assert audience is not None
    found = audience.recipients()
    assert sum(found.values()) == 64
    assert (found["google"], found["yahoo"], found["other"]) == (30, 5, 25)
    by_tier = audience.counts.drop(columns=["provider", "stream"]).sum()
    assert by_tier.to_dict() == {
        "0_30": 35, "31_60": 0, "61_90": 0, "91_180": 0, "181_365": 4, "machine_only": 25, "older_or_never": 0
    }  # fmt: skip
    assert not [note for note in audience.notes if note.level == "warning"]


def test_packings_and_workbooks_say_the_same(tmp_path):
    rows = [row(click=ago(i * 7 % 400), any_open=ago(i * 3 % 400), stream=("a", "b")[i % 2]) for i in range(60)]
    plain = write_csv(tmp_path / "list.csv", rows)
    (tmp_path / "list.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    with duckdb.connect() as connection:
        lines = "read_csv(?, all_varchar = true, header = false, delim = '\x01', quote = '', escape = '')"
        options = "FORMAT csv, HEADER false, QUOTE '', DELIMITER '\x01', COMPRESSION zstd"
        connection.execute(f"COPY (FROM {lines}) TO '{tmp_path}/list.csv.zst' ({options})", [str(plain)])
    pd.DataFrame(rows).to_excel(tmp_path / "list.xlsx", index=False)
    (tmp_path / "list16.csv").write_bytes(plain.read_text().encode("utf-16"))
    write_parquet(tmp_path / "list.parquet", rows)
    expected = read_recipients(plain, RULE).counts
    for name in ("list.csv.gz", "list.csv.zst", "list.xlsx", "list16.csv", "list.parquet"):
        pd.testing.assert_frame_equal(read_recipients(tmp_path / name, RULE).counts, expected, obj=name)


def test_times_in_parquet(tmp_path):
    times = ["2026-10-24 23:00:00", "2026-10-23 23:00:00"]
    frame = pd.DataFrame({"domain": ["gmail.com"] * 2, "last_click": times})
    path = str(tmp_path / "t.parquet")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("frame", frame)
        for kind in ("TIMESTAMP", "TIMESTAMPTZ", "VARCHAR"):
            connection.execute(f"COPY (SELECT domain, CAST(last_click AS {kind}) AS last_click FROM frame) TO '{path}'")
            result = read_recipients(Path(path), RULE)
            assert cells(result.counts) == {("google", "engaged_0_30"): 1, ("google", "engaged_31_60"): 1}


def test_damaged_lines_are_counted_and_too_many_refused(tmp_path):
    good = "a@gmail.com,2026-11-01\n"
    text = "email,last_click\n" + good * 150 + "b@gmail.com,2026-11-01,secret,x\n" + good * 49
    text += "c@gmail.com,2027-11-01\n"
    result = of_text(tmp_path, text)
    assert (result.recipients, result.damaged) == (200, 1)
    assert any(note.text == "1 damaged line is left out, the first at line 152." for note in result.notes)
    said = problem(tmp_path, "email,last_click\n" + good + "b@gmail.com,1,2,3\n")
    assert "1 damaged line (50.0 %), the first at line 3" in said
    assert "gmail" not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("foo,bar\n1,2\n", "has no column of recipient domains; its columns are 'foo', 'bar'"),
        ("domain,foo\ngmail.com,2\n", "has no date of an open, click, purchase, login or sign-up"),
        ("domain,last_click,stream\ngmail.com,2026-11-01,x@gmail.com\n", "the stream column holds addresses"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path, text, said):
    found = problem(tmp_path, text)
    assert said in found
    assert "x@gmail" not in found


def test_too_many_streams_are_something_else(tmp_path):
    text = "domain,last_click,stream\n" + "".join(f"gmail.com,2026-11-01,s{i}\n" for i in range(600))
    assert "the stream column holds 600 different values" in problem(tmp_path, text)


def test_columns_can_be_named(tmp_path):
    text = "d,x,last_open\ngmail.com,2026-11-01,2026-11-01\n"
    result = of_text(tmp_path, text, columns={"domain": "d", "purchase": "x", "any_open": ""})
    assert result.signals == ("purchase",)
    said = problem(tmp_path, text, columns={"domain": "e", "buy": "x"})
    assert "'buy' is nothing" in said
    assert "has no column 'e' for domain" in said


def test_missing_and_damaged_files(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"PAR1 nothing")
    (tmp_path / "x.zst").write_bytes(b"\x28\xb5\x2f\xfd nothing")
    (tmp_path / "x.gz").write_bytes(b"\x1f\x8b nothing at all")
    (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04 nothing")
    (tmp_path / "x.bin").write_bytes(b"\x00\x01\x02" * 50)
    for name in ("none.csv", ".", "x.parquet", "x.zst", "x.gz", "x.xlsx", "x.bin"):
        with pytest.raises(InputError):
            read_recipients(tmp_path / name, RULE)


def test_a_formula_is_text(tmp_path):
    result = read(tmp_path, *[row(stream="=cmd()", click=ago(1))] * 3)
    result.save(tmp_path / "out.csv")
    assert "google,'=cmd()" in (tmp_path / "out.csv").read_text()


def test_no_address_reaches_the_disk(tmp_path, monkeypatch):
    spill, out = tmp_path / "spill", tmp_path / "out"
    spill.mkdir()
    out.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spill))
    local = "verysecretperson"
    lines = "".join(f"{local}{i}@corp{i % 7}.example,2026-11-01\n" for i in range(2_000))
    path = tmp_path / "list.csv"
    path.write_text("email,last_click\n" + lines + f"{local}@x.example,2,3\n")
    result = read_recipients(path, RULE)
    result.save(out / "audience.csv")
    assert result.damaged == 1
    assert list(spill.iterdir()) == []
    assert [file.name for file in out.iterdir()] == ["audience.csv"]
    written = (out / "audience.csv").read_text()
    assert local not in written
    assert "@" not in written
    assert local not in repr(result)


@settings(max_examples=25)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"domain": st.just("gmail.com"), "stream": st.sampled_from([None, "news", "promo"])}
            | {
                column: st.none()
                | st.integers(-4, 400).map(ago)
                | st.sampled_from([30, 31, 60, 61, 90, 91, 180, 181, 365, 366]).map(ago)
                | st.dates(date(1990, 1, 1), TODAY)
                for column in DATES.values()
            }
        ),
        min_size=1,
        max_size=30,
    )
)
def test_duckdb_counts_as_the_slow_way_does(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("lists")
    for kind in ("parquet", "csv"):
        result = read(folder, *rows, kind=kind)
        for frame, opens in ((result.counts, True), (result.without_opens, False)):
            assert by(frame, "stream") == slow_counts(rows, opens)


def test_every_combination_of_signals_is_a_select(tmp_path):
    for mask in range(1, 2 ** len(DATES)):
        signals = [signal for i, signal in enumerate(DATES) if mask >> i & 1]
        header = ("domain", *(DATES[signal] for signal in signals))
        path = write_parquet(tmp_path / "l.parquet", [row(**dict.fromkeys(signals, ago(45)))], header)
        result = read_recipients(path, RULE)
        assert result.known == (signals != ["signup"])
        if not result.known:
            continue
        (tier,) = (tier for _, tier in cells(result.with_opens))
        human = set(signals) & {"human_open", "click", "purchase", "login"}
        opens = {"human_open", "any_open"} & set(signals) == {"any_open"}
        expected = "engaged_31_60" if human or opens else "older_or_never"
        assert tier == expected, signals


def test_nothing_of_the_header_is_sql(tmp_path):
    name = 'x"; DROP TABLE y; --'
    header = ("domain", name)
    path = write_csv(tmp_path / "l.csv", [{"domain": "gmail.com", name: ago(1)}], header)
    assert read_recipients(path, RULE, columns={"click": name}).recipients == 1
