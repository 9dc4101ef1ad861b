from __future__ import annotations

import gzip
import io
import sys
import time

import pytest

from tests.traffic.aggregates.build import save
from warmup.errors import InputError
from warmup.traffic.aggregates.answers import MAX_BYTES, load


def test_one_value_or_several_one_after_another(tmp_path):
    assert [a.data for a in load([save(tmp_path, ' {"a": 1}\n\n[2] {"b": null}\n')])] == [{"a": 1}, [2], {"b": None}]


def test_packed_files_folders_and_byte_order_marks(tmp_path):
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b"[1]"))
    (tmp_path / "b.json").write_bytes(b"\xef\xbb\xbf[2]")
    (tmp_path / "c.json").write_bytes("[3]".encode("utf-16"))
    assert [a.data for a in load([tmp_path])] == [[1], [2], [3]]


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"[1]"))))
    (answer,) = load(["-"])
    assert (answer.name, answer.data) == ("standard input", [1])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ('{"data": [', "is not JSON, or cut"),
        ('{"a": 1} x', "is not JSON, or cut"),
        ("not json", "is not JSON, or cut"),
        ("[" * 200_000, "is nested deeper|is not JSON"),
    ],
)
def test_what_is_no_json_is_said(tmp_path, text, what):
    with pytest.raises(InputError, match=what):
        load([save(tmp_path, text)])


def test_all_files_that_cannot_be_read_are_said_at_once(tmp_path):
    (tmp_path / "a.json").write_bytes(b'["\xff"]')
    save(tmp_path, "{", "b.json")
    (tmp_path / "c.json.gz").write_bytes(gzip.compress(b"[1, 2, 3]" * 1000)[:-12])
    save(tmp_path, "[1]", "d.json")
    with pytest.raises(InputError) as error:
        load([tmp_path])
    assert [problem.what.split(" (")[0] for problem in error.value.problems] == [
        "is not UTF-8 text",
        "is not JSON, or cut",
        "is a damaged or cut packed file",
    ]


def test_a_number_of_a_million_digits_costs_nothing(tmp_path):
    start = time.perf_counter()
    (answer,) = load([save(tmp_path, f'{{"a": {"9" * 1_000_000}, "b": NaN, "c": 1e999}}')])
    assert answer.data["a"] == float("inf")
    assert time.perf_counter() - start < 5


def test_what_is_larger_than_any_answer_is_refused_without_being_read_whole(tmp_path):
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.write(b'{"data": ["')
        file.seek(100 * 1024 * 1024)
        file.write(b'"]}')
    start = time.perf_counter()
    with pytest.raises(InputError, match="is larger than 16 MB"):
        load([path])
    assert time.perf_counter() - start < 5


def test_a_bomb_is_refused(tmp_path):
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(b" " * (4 * MAX_BYTES)))
    with pytest.raises(InputError, match=r"is larger than|unpacks to"):
        load([tmp_path / "bomb.json.gz"])
