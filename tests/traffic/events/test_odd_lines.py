"""Odd lines among good ones: which are damaged is told exactly, with their numbers, and no good record is lost.

One or two damaged lines in a file of a few hundred are found the quick way, by their place among the records; the same
file packed is read value by value, and must say the same.
"""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.traffic.events.samples import counted
from warmup.cli.group import run
from warmup.cli.main import cli

AT = "1772442000"
BAD = '{"type": "injection", "event_id": "x", "timest'


def event(n: int, **more: object) -> str:
    said = {
        "type": "injection",
        "event_id": str(n),
        "timestamp": AT,
        "rcpt_to": f"r{n}@gmail.com",
        "message_id": str(n),
    }
    return json.dumps(said | more)


def said(path, data: bytes, name: str = "sparkpost_events") -> tuple[list[int], int]:
    """Damaged lines and messages of a file, plain and packed the same."""
    found = []
    for packed in (data, gzip.compress(data)):
        path.write_bytes(packed)
        result = counted(name, path)
        assert result.damage.count == len(result.damage.places)
        found.append(([line for _, line in result.damage.places], int(result.counts["injected"].sum())))
    assert found[0] == found[1]
    return found[0]


LATE = event(900, timestamp="yesterday")
"""Whole JSON, and no event: only what stands in it tells that it is damaged."""


@pytest.mark.parametrize(("end", "last"), [("\n", True), ("\r\n", False)])
@pytest.mark.parametrize("bad", [BAD, LATE])
@pytest.mark.parametrize(
    "between",
    [[], [""], ["   "], ["\t"], [" ", "", "", "\t \t"]],
    ids=["nothing", "a blank line", "spaces", "a tab", "all of them"],
)
def test_blank_lines_and_ends_of_lines(tmp_path, between, bad, last, end):
    lines = [event(0), *between, event(1), *between, bad, *between, event(2), *between, bad, event(3)]
    at = [n for n, line in enumerate(lines, 1) if line == bad]
    data = end.join(lines) + (end if last else "")
    assert said(tmp_path / "e", data.encode()) == (at, 4)


@pytest.mark.parametrize("bad", [BAD, LATE])
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n", "\n  "])
def test_the_last_line(tmp_path, end, bad):
    data = "\n".join([event(0), event(1), bad]) + end
    assert said(tmp_path / "e", data.encode()) == ([3], 2)


@pytest.mark.parametrize("bad", [BAD, LATE])
@pytest.mark.parametrize("at", [0, 3])
def test_a_byte_order_mark(tmp_path, bad, at):
    lines = [event(n) for n in range(6)]
    lines[at:at] = [bad]
    assert said(tmp_path / "e", b"\xef\xbb\xbf" + "\n".join(lines).encode()) == ([at + 1], 6)


@pytest.mark.parametrize(
    "odd",
    ["5", "-1.5e3", "null", "true", '"a text"', "[]", "{}", "[null]", "[5]", "[[]]", "garbage", "}", "{", "]", ","],
)
@pytest.mark.parametrize("more", [[], [LATE]])
def test_a_line_that_is_no_object(tmp_path, odd, more):
    lines = [event(0), odd, event(1), *more, event(2)]
    at = [4] * len(more)
    places, messages = said(tmp_path / "e", "\n".join(lines).encode())
    assert messages == 3
    # An empty list holds nothing that could be damaged.
    assert places in ([2, *at], at) if odd in ("[]", "[[]]") else places == [2, *at]


@pytest.mark.parametrize("more", [[], [BAD], [LATE]])
def test_a_line_that_is_a_list(tmp_path, more):
    lines = [event(0), f"[{event(1)}, {event(2)}]", event(3), *more, event(4)]
    assert said(tmp_path / "e", "\n".join(lines).encode()) == ([4] * len(more), 5)


@pytest.mark.parametrize("more", [[], [BAD], [LATE]])
def test_a_line_that_is_a_list_with_damage(tmp_path, more):
    lines = [event(0), f"[{event(1)}, {LATE}, {event(2)}]", event(3), *more, event(4)]
    assert said(tmp_path / "e", "\n".join(lines).encode()) == ([2, *[4] * len(more)], 5)


@pytest.mark.parametrize("more", [[], [BAD], [LATE]])
def test_an_answer_on_a_line(tmp_path, more):
    answer = f'{{"results": [{event(1)}, {event(2)}], "total_count": 6, "links": {{}}}}'
    lines = [event(0), answer, event(3), *more, event(4)]
    assert said(tmp_path / "e", "\n".join(lines).encode()) == ([4] * len(more), 5)


@pytest.mark.parametrize("garbage", [" x", ",", "]", "}", ' "more"', "\x00", "#", " 5", " null"])
def test_garbage_after_an_object(tmp_path, garbage):
    lines = [event(n) for n in range(8)]
    lines[5] += garbage
    places, messages = said(tmp_path / "e", "\n".join(lines).encode())
    assert (places, messages) in (([6], 7), ([6], 8), ([], 8))  # the object may count; nothing else may be lost
    assert messages == 8 - (places == [6] and messages == 7)


def test_two_objects_on_a_line(tmp_path):
    lines = [event(0), event(1) + event(2), event(3), event(4) + " " + event(5), event(6)]
    places, messages = said(tmp_path / "e", "\n".join(lines).encode())
    assert (places, messages) in (([], 7), ([2, 4], 3))


LINES = st.lists(
    st.sampled_from(["good", "good", "good", "bad", "late", "blank", "spaces", "number", "null", "text", "list"]),
    min_size=1, max_size=30,
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_any_mixture(tmp_path, kinds, end, last, marked):
    kinds = ["good", *kinds]
    odd = {"bad": BAD, "late": LATE, "blank": "", "spaces": "  ", "number": "5", "null": "null", "text": '"t"'}
    lines = [
        event(n) if kind == "good" else f"[{event(n)}]" if kind == "list" else odd[kind] for n, kind in enumerate(kinds)
    ]
    at = [n for n, kind in enumerate(kinds, 1) if kind in ("bad", "late", "number", "null", "text")]
    data = end.join(lines) + (end if last else "")
    mark = b"\xef\xbb\xbf" if marked else b""
    assert said(tmp_path / "e", mark + data.encode()) == (at, sum(kind in ("good", "list") for kind in kinds))


def test_the_command_names_the_lines(tmp_path, capsys):
    lines = [event(n) for n in range(400)]
    lines[100:100] = ["", "null"]
    lines[300:300] = [LATE, "  ", BAD]
    (tmp_path / "e.jsonl").write_text("\r\n".join(lines))
    assert run(cli, "warmup", ["traffic", "read", str(tmp_path / "e.jsonl"), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["platforms"][0]
    assert (found["damaged"], [one["line"] for one in found["damaged_at"]]) == (3, [102, 301, 303])
