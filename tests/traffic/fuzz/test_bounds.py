"""Files that are made to exhaust whatever reads them: read or refused in words, in bounded memory and time."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator

import pytest

from tests.traffic.fuzz.rows import FORMATS, TABLES, TIDY, tidy, zstd

SLOW = os.environ.get("SLOW") == "1"

MB = 1 << 20
LONG, BOMB = 100 * MB, 4096 * MB
COLUMNS = 100_000

EVENTS = sorted(FORMATS) if SLOW else ["postfix", "powermta", "sparkpost-events"]
JSON = [name for name in EVENTS if name not in (*TABLES, "postfix")]
AGGREGATES = {
    "sparkpost-metrics": "sparkpost_metrics_mailbox_provider.json",
    "bird-stats": "bird_stats_query_response.json",
    "sendgrid-stats": "sendgrid_mailbox_provider_stats.json",
    "ses-vdm": "ses_vdm_batch_get_metric_data_response.json",
    "mailchimp": "mailchimp_domain_performance.json",
}
SOME = sorted(AGGREGATES) if SLOW else ["sparkpost-metrics"]
FILLINGS = [b"x", b"\n"] if SLOW else [b"x"]


def line(start: bytes = b"", filling: bytes = b"x") -> Iterator[bytes]:
    """A line of 100 MB."""
    yield start
    yield from [filling * MB] * (LONG // MB)
    yield b"\n"


def gzip_bomb(start: bytes, filling: bytes) -> Iterator[bytes]:
    """Some MB that unpack to 4 GB, in members, whose ends tell the size of the last one only."""
    yield gzip.compress(start)
    yield from [gzip.compress(filling * (16 * MB))] * (BOMB // (16 * MB))


def zstd_bomb(start: bytes, filling: bytes) -> Iterator[bytes]:
    """128 KB that unpack to 4 GB."""
    yield zstd(start, (filling, BOMB))


BOMBS = {"gzip": gzip_bomb, "zstd": zstd_bomb}


def refused(result, *words):
    assert result["outcome"] == "refused", result
    assert all(any(word in text for text in result["messages"]) for word in words), result["messages"]


@pytest.mark.parametrize("start", ["", "row"])
@pytest.mark.parametrize("platform", EVENTS)
def test_a_line_of_100_mb_costs_itself(bounded, platform, start):
    form = FORMATS[platform]
    rows = form.rows(range(24))
    before, after = form.file(rows[:20]), b"".join(row + b"\n" for row in rows[20:])
    cut = rows[0][:-3] if start else b""
    result = bounded((part for parts in ([before], line(cut), [after]) for part in parts), platform)
    good = bounded(before + after, platform)
    assert (result["outcome"], result["lines"]) == ("read", [20 + form.first])
    assert (result["sums"], result["records"]) == (good["sums"], 24)


@pytest.mark.parametrize("platform", EVENTS)
def test_a_file_that_is_one_line_of_100_mb(bounded, platform):
    result = bounded(line(), platform)
    assert result["outcome"] == "refused" or (result["records"], result["damaged"]) == (0, 1), result


@pytest.mark.parametrize("filling", FILLINGS, ids=repr)
@pytest.mark.parametrize("packing", BOMBS)
@pytest.mark.parametrize("platform", EVENTS)
def test_a_file_that_unpacks_to_4_gb_is_refused(bounded, platform, packing, filling):
    form = FORMATS[platform]
    refused(bounded(BOMBS[packing](form.file(form.rows(range(20))), filling), platform), "times its size")


@pytest.mark.parametrize("within", ["alone", "in a row", "cut"])
@pytest.mark.parametrize("platform", JSON)
def test_json_that_is_nested_a_million_times_costs_itself(bounded, platform, within):
    form, deep = FORMATS[platform], 1_000_000
    rows = form.rows(range(25))
    odd, read, lines = {
        "alone": (b"[" * deep + b"]" * deep, [24], ([], [21])),  # a list that holds no event
        "in a row": (rows[24][:-1] + b',"more":' + b'{"a":' * deep + b"1" + b"}" * deep + b"}", [24, 25], ([], [21])),
        "cut": (b'{"a":' * deep, [24], ([21],)),
    }[within]
    result = bounded(form.file([*rows[:20], odd, *rows[20:24]]), platform)
    assert result["outcome"] == "read"
    assert result["records"] in read
    assert result["lines"] in lines
    assert result["records"] + result["damaged"] == 25 or within == "alone"
    assert result["sums"] == bounded(form.file(rows[: result["records"]]), platform)["sums"]


@pytest.mark.parametrize("platform", EVENTS)
def test_a_hundred_thousand_columns(bounded, platform):
    form = FORMATS[platform]
    rows = form.rows(range(20))
    good = bounded(form.file(rows), platform)
    if platform in TABLES:
        names = ",".join(f"more{n}" for n in range(COLUMNS)).encode()
        values = b",1" * COLUMNS
        data = form.header.encode() + b"," + names + b"\n" + b"".join(row + values + b"\n" for row in rows)
    elif platform == "postfix":
        data = b"".join(row + b" more=1" * COLUMNS + b"\n" for row in rows)
    else:
        more = ",".join(f'"more{n}": 1' for n in range(COLUMNS)).encode()
        data = b"".join(row[:-1] + b"," + more + b"}\n" for row in rows)
    result = bounded(data, platform)
    if platform in TABLES:
        refused(result, "columns")
    else:
        assert (result["outcome"], result["sums"], result["damaged"]) == ("read", good["sums"], 0), result


def sample(shared, platform):
    return (shared / "reference" / "formats" / "samples" / AGGREGATES[platform]).read_bytes()


@pytest.mark.parametrize("platform", SOME)
def test_an_answer_with_100_mb_in_it(bounded, shared, platform):
    whole = sample(shared, platform)
    good = bounded(whole, platform)
    start = whole.index(b"{") + 1
    result = bounded([whole[:start] + b'"more": "', b"x" * LONG, b'",' + whole[start:]], platform)
    assert result["outcome"] == "refused" or result["sums"] == good["sums"], result
    result = bounded([whole + b"\n", *line()], platform)
    assert result["outcome"] == "refused" or result["sums"] == good["sums"], result


@pytest.mark.parametrize("filling", FILLINGS, ids=repr)
@pytest.mark.parametrize("packing", BOMBS)
@pytest.mark.parametrize("platform", SOME)
def test_an_answer_that_unpacks_to_4_gb_is_refused(bounded, shared, platform, packing, filling):
    refused(bounded(BOMBS[packing](sample(shared, platform), filling), platform))


@pytest.mark.parametrize("platform", SOME)
def test_an_answer_that_is_nested_a_million_times(bounded, shared, platform):
    whole, deep = sample(shared, platform), 1_000_000
    refused(bounded(b"[" * deep + b"]" * deep, platform))
    start = whole.index(b"{") + 1
    odd = whole[:start] + b'"more":' + b"[" * deep + b"]" * deep + b"," + whole[start:]
    result = bounded(odd, platform)
    assert result["outcome"] == "refused" or result["sums"] == bounded(whole, platform)["sums"], result


def test_a_tidy_table(bounded):
    rows = TIDY + b"".join(tidy(n) + b"\n" for n in range(20))
    assert bounded(rows, "tidy")["records"] == 20
    refused(bounded([rows, *line(), tidy(21) + b"\n"], "tidy"), "line 22")
    refused(bounded(line(), "tidy"))
    for filling in FILLINGS:
        for bomb in BOMBS.values():
            refused(bounded(bomb(rows, filling), "tidy"))
    refused(bounded(b"[" * 1_000_000, "tidy"))
    more = b"," + ",".join(f"more{n}" for n in range(COLUMNS)).encode()
    wide = TIDY.rstrip() + more + b"\n" + b"".join(tidy(n) + b",1" * COLUMNS + b"\n" for n in range(3))
    refused(bounded(wide, "tidy"), "columns")


def test_a_list_of_recipients(bounded):
    def listed(numbers):
        return b"".join(f"d{n}.example.com,2026-03-0{n % 9 + 1},2026-01-01\n".encode() for n in numbers)

    header = b"domain,last_open,signed_up\n"
    rows = header + listed(range(20))
    assert bounded(rows, recipients=True)["records"] == 20
    result = bounded([rows, *line(), listed(range(20, 24))], recipients=True)
    assert (result["outcome"], result["records"], result["damaged"]) == ("read", 24, 1)
    refused(bounded(line(), recipients=True))
    for filling in FILLINGS:
        for bomb in BOMBS.values():
            refused(bounded(bomb(rows, filling), recipients=True))
    refused(bounded(b"[" * 1_000_000, recipients=True))
    more = b"," + ",".join(f"more{n}" for n in range(COLUMNS)).encode()
    wide = header.rstrip() + more + b"\n" + listed(range(3)).replace(b"\n", b",1" * COLUMNS + b"\n")
    refused(bounded(wide, recipients=True), "columns")
