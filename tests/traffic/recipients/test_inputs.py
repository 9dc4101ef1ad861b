"""Lists in parts and packings, and files that would exhaust the memory or lose lines without a word."""

from __future__ import annotations

import gzip
import io
import resource
import tempfile
import time
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.traffic.recipients.lists import RULE, ago, row, write_csv, write_parquet
from warmup.errors import InputError
from warmup.traffic.recipients.counting import read_recipients
from warmup.traffic.recipients.rule import TIER_COLUMNS

GOOD = b"someone@gmail.com,2026-11-01,promo\n"
HEAD = b"email,last_click,stream\n"


def rows(number: int) -> list[dict]:
    return [row(("gmail.com", "gmx.de")[i % 2], click=ago(i * 7 % 400), any_open=ago(i % 50)) for i in range(number)]


def engaged(result) -> dict[str, int]:
    return {tier: int(result.counts[tier].sum()) for tier in TIER_COLUMNS}


def refused(*args, **kwargs) -> str:
    with pytest.raises(InputError) as error:
        read_recipients(*args, **kwargs)
    assert "@" not in str(error.value).replace("…@", "")
    return str(error.value)


def test_parts_of_a_list_add_up(tmp_path):
    made = rows(90)
    whole = write_csv(tmp_path / "whole.csv", made)
    expected = read_recipients(whole, RULE)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "_SUCCESS").write_bytes(b"")
    (folder / "part-3.csv").write_bytes(b"")
    write_csv(folder / "part-0.csv", made[:30])
    second = write_csv(tmp_path / "x.csv", made[30:60])
    (folder / "part-1.csv.gz").write_bytes(gzip.compress(second.read_bytes()))
    other = ("signup_date", "stream", "domain", *(name for name in made[0] if name.startswith("last")))
    write_csv(folder / "part-2.csv", made[60:], other)
    for given_paths in (folder, f"{folder}/part-*", sorted(folder.glob("part*")), [str(folder)]):
        result = read_recipients(given_paths, RULE)
        assert result.counts.equals(expected.counts)
        assert result.recipients == 90
        assert any("whoever stands in two of them counts twice" in note.text for note in result.notes)


def test_parts_of_parquet_and_partitions_in_folder_names(tmp_path):
    made = rows(60)
    header = [name for name in made[0] if name != "stream"]
    for i, stream in enumerate(("news", "7")):
        (tmp_path / "list" / f"stream={stream}").mkdir(parents=True)
        write_parquet(tmp_path / "list" / f"stream={stream}" / "part-0.parquet", made[i * 30 : i * 30 + 30], header)
    result = read_recipients(tmp_path / "list", RULE)
    assert result.counts.groupby("stream")[list(TIER_COLUMNS)].sum().sum(axis=1).to_dict() == {"news": 30, "7": 30}


def test_parts_that_do_not_belong_together_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("domain,last_click\ngmail.com,2026-11-01\n")
    (tmp_path / "b.csv").write_text("domain,last_open_human\ngmail.com,2026-11-01\n")
    said = refused(sorted(tmp_path.glob("*.csv")), RULE)
    assert "b.csv: has other columns than" in said
    assert "only one of them has human_open, click" in said
    write_parquet(tmp_path / "c.parquet", rows(3))
    assert "are 3 files of different kinds" in refused(tmp_path, RULE)
    assert "standard input" in refused("-", RULE)
    assert "holds no file" in refused([], RULE)
    assert "is no file, folder or pattern" in refused(tmp_path / "*.xyz", RULE)


def test_an_unclosed_quote_does_not_swallow_lines_in_silence(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(HEAD + GOOD * 1000 + b'x@gmail.com,"2026-11-01,promo\n' + GOOD * 50_000)
    said = refused(path, RULE)
    assert "50,001 damaged lines" in said
    assert "the first at line 1002" in said
    swallowed = b'x@gmail.com,"2026-11-01,promo\n' + GOOD * 49 + b'y@gmail.com,2026-11-01",promo\n'
    path.write_bytes(HEAD + GOOD * 50_000 + swallowed + GOOD * 50_000)
    result = read_recipients(path, RULE)
    assert result.damaged + result.recipients == 100_051
    assert result.damaged >= 50
    assert any("swallowed by a quote that is not closed" in note.text for note in result.notes)


def test_line_breaks_in_notes_and_blank_lines_are_no_damage(tmp_path):
    path = tmp_path / "list.csv"
    noted = b'a@gmail.com,2026-11-01,promo,"one\r\ntwo\r\n\r\nfour"\r\n\r\n'
    header = b"\r\n\r\n" + HEAD.replace(b"\n", b",notes\r\n")
    path.write_bytes(header + noted * 9 + b"\r\n\r\na@gmail.com,2026-11-01,promo,")
    result = read_recipients(path, RULE)
    assert (result.recipients, result.damaged) == (10, 0)


def test_a_line_of_100_megabytes_is_one_damaged_line(tmp_path):
    path = tmp_path / "list.csv"
    with path.open("wb") as file:
        file.write(HEAD + GOOD * 500)
        file.writelines(b"x" * 1_000_000 for _ in range(100))
        file.write(b"\n" + GOOD * 500)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = read_recipients(path, RULE)
    assert (result.recipients, result.damaged) == (1000, 1)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000


def test_a_file_of_damage_is_refused_however_long_the_list(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(HEAD + GOOD * 10 + b"a,b,c,d,e,f\n" * 120_000)
    assert "damaged lines" in refused(path, RULE, max_bad=1.0)


def zstd(path: Path, source: str) -> Path:
    with duckdb.connect() as connection:
        options = "FORMAT csv, HEADER false, QUOTE '', DELIMITER '\x01', COMPRESSION zstd"
        connection.execute(f"COPY ({source}) TO '{path}' ({options})")
    return path


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch, kind):
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spill))
    path = tmp_path / f"bomb.{kind}"
    if kind == "gzip":
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
            file.write(HEAD)
            for _ in range(300):
                file.write(b"\x20" * 1_000_000)
        path.write_bytes(packed.getvalue())
    else:
        # One block that repeats one byte 128 KB long takes four bytes; RFC 8878 section 3.1.1.2.
        block, last = (((131072 << 3 | 1 << 1 | end).to_bytes(3, "little") + b"x") for end in (0, 1))
        path.write_bytes(b"\x28\xb5\x2f\xfd\x00\x58" + block * 4000 + last)
    start = time.monotonic()
    assert "times its size" in refused(path, RULE)
    assert time.monotonic() - start < 10
    assert list(spill.iterdir()) == []


def test_a_cut_packed_file_is_refused_and_several_members_are_one_file(tmp_path):
    whole = HEAD + b"".join(b"p%d@gmail.com,2026-11-%02d,n\n" % (i * 7919, i % 20 + 1) for i in range(9_000))
    packed = gzip.compress(whole)
    (tmp_path / "cut.csv.gz").write_bytes(packed[:-2_000])
    assert "is a cut or damaged gzip file" in refused(tmp_path / "cut.csv.gz", RULE)
    (tmp_path / "two.csv.gz").write_bytes(packed + gzip.compress(GOOD * 500))
    assert read_recipients(tmp_path / "two.csv.gz", RULE).recipients == 9_500
    (tmp_path / "list.csv").write_bytes(whole)
    source = f"FROM read_csv('{tmp_path}/list.csv', all_varchar = true, header = false, delim = '\x01', quote = '')"
    path = zstd(tmp_path / "list.csv.zst", source)
    assert read_recipients(path, RULE).recipients == 9_000
    path.write_bytes(path.read_bytes()[:-500])
    assert "is a cut or damaged zstd file" in refused(path, RULE)


def test_lines_may_end_in_different_ways(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(HEAD + GOOD * 300 + GOOD.replace(b"\n", b"\r\n") * 300 + b"a\rb@gmail.com,2026-11-01,promo\n")
    result = read_recipients(path, RULE)
    assert result.recipients >= 600
    assert result.recipients + result.no_domain + result.damaged >= 601


DAMAGE = st.sampled_from([b"\x00", b'"', b"\n", b"\r", b",", b"\xff", b"@", b"\xef\xbb\xbf", b"x" * 3000, b'",'])


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 20_000), DAMAGE), min_size=1, max_size=4), st.booleans())
def test_no_line_is_lost_in_silence(tmp_path_factory, damages, packed):
    data = bytearray(HEAD + GOOD * 600)
    for at, what in damages:
        at = min(len(HEAD) + at, len(data))
        data[at:at] = what
    path = tmp_path_factory.mktemp("lists") / "list.csv"
    path.write_bytes(gzip.compress(bytes(data)) if packed else bytes(data))
    try:
        result = read_recipients(path, RULE, max_bad=1.0)
    except InputError:
        return  # refused in words: nothing is believed
    # Every damage spoils the line it is in; a line break or a quote makes at most two of one, or ties some together.
    assert result.recipients + result.no_domain + result.damaged >= 600 - 20 * len(damages)


def test_an_audience_of_mailchimp_knows_no_tiers(shared, tmp_path):
    result = read_recipients(shared / "reference" / "formats" / "samples" / "mailchimp_audience.csv", RULE)
    assert not result.known
    assert result.recipients == 7
    assert result.counts[list(TIER_COLUMNS)].isna().all().all()
    assert result.engaged()["with_opens"].isna().all()
    assert result.by_provider["recipients"].sum() == 7
    texts = " ".join(note.text for note in result.notes)
    assert "who is engaged is not known" in texts
    assert "MEMBER_RATING is a grade and no date" in texts
    result.save(tmp_path / "audience.csv")
    assert (tmp_path / "audience.csv").read_text().splitlines()[0] == "provider,stream,recipients"


@pytest.mark.parametrize("more", ["", ",engaged_181_365"])
def test_counts_that_the_customer_made_are_read(shared, tmp_path, more):
    sample = (shared / "reference" / "formats" / "samples" / "engagement_counts.csv").read_text().splitlines()
    path = tmp_path / "counts.csv"
    extra = ",500" if more else ""
    path.write_text("\n".join([sample[0] + more, *(line + extra for line in sample[1:])]) + "\n")
    result = read_recipients(path, RULE)
    google = result.counts.set_index("provider").loc["google"]
    assert google[["engaged_0_30", "new_signup_30d", "machine_open_only"]].tolist() == [120_000, 9_000, 38_000]
    assert result.counts["engaged_181_365"].isna().all() == (not more)
    assert result.engaged()["with_opens"].isna().tolist() == [False] * 4 + [not more]
    assert result.recipients == 812_400 + 1_500 * bool(more)
    assert any("181 to 365" in note.text for note in result.notes) == (not more)
    result.save(tmp_path / "audience.csv")
    again = read_recipients(tmp_path / "audience.csv", RULE)
    assert again.counts.equals(result.counts)
