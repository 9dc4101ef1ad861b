"""Samples of every platform, mutilated: read or refused in words, and nothing of an address is said."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traffic.fuzz.conftest import sound
from tests.traffic.fuzz.test_damage import thorough
from tests.traffic.fuzz.worker import read

BYTES = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [
            b"\x00",
            b"\xff",
            b'"',
            b"{",
            b"[",
            b"]",
            b"}",
            b",",
            b"\n",
            b"\r",
            b"1e400",
            b"9" * 5000,
            b'"\\ud800"',
            b"NaN",
        ]
    ),
    st.sampled_from(
        [b"NaN", b"null", b"-1", b'""', b"{}", b"[]", b"\\u0000", b"\xef\xbb\xbf", b"\x1f\x8b", b"[" * 3000, b"@"]
    ),
)
CUTS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), BYTES), min_size=1, max_size=4)


def samples(shared):
    folder = shared / "reference" / "formats" / "samples"
    found = [path for path in sorted(folder.iterdir()) if path.suffix in (".json", ".jsonl", ".csv", ".log")]
    assert len(found) > 30
    return found


@thorough(60)
@given(st.data(), CUTS, st.booleans())
def test_mutilated_samples(tmp_path, shared, data, cuts, packed):
    sample = data.draw(st.sampled_from(samples(shared)))
    raw = sample.read_bytes()
    for where, size, instead in cuts:
        at = int(where * len(raw))
        raw = raw[:at] + instead + raw[at + size :]
    path = tmp_path / f"file{sample.suffix}"
    path.write_bytes(gzip.compress(raw) if packed else raw)
    sound(read([str(path)]))


@thorough(25)
@given(st.data(), st.binary(max_size=300))
def test_any_platform_is_told_to_read_anything(tmp_path, shared, data, noise):
    from warmup.traffic.readers import readers

    raw = data.draw(st.one_of(st.just(noise), st.sampled_from(samples(shared)).map(lambda path: path.read_bytes())))
    path = tmp_path / "file"
    path.write_bytes(raw)
    sound(read([str(path)], data.draw(st.sampled_from(sorted(readers())))))


@thorough(15)
@given(st.data(), st.permutations(range(20)), st.sets(st.integers(0, 19)))
def test_lines_of_samples_doubled_and_shuffled(tmp_path, shared, data, order, twice):
    folder = shared / "reference" / "formats" / "samples"
    name = data.draw(st.sampled_from(["bird_webhook_events.jsonl", "postmark_webhooks.jsonl", "braze_currents.jsonl"]))
    lines = (folder / name).read_bytes().splitlines()[:20]
    path = tmp_path / "file"
    path.write_bytes(b"\n".join(lines))
    once = read([str(path)])
    path.write_bytes(b"\n".join(lines[n] for n in order) + b"\n" + b"\n".join(lines[n] for n in sorted(twice)))
    found = read([str(path)])
    copies = sum(found[name] - once[name] for name in ("copies", "unused"))  # what counts nowhere has no copies
    assert copies == len(twice)
    assert (found["sums"], found["rows"], found["damaged"]) == (once["sums"], once["rows"], 0)


@pytest.mark.parametrize("at", ["%40", "\uff20", " at ", "\ufe6b", "&#64;", "\\u0040", "="])
def test_an_address_spelled_otherwise_is_not_kept(tmp_path, at):
    from tests.traffic.fuzz.rows import FORMATS

    for platform, form in FORMATS.items():
        rows = form.rows(range(3))
        rows.append(form.row(9).replace("@", at).encode())
        path = tmp_path / "file"
        path.write_bytes(form.file(rows))
        found = read([str(path)], platform)
        sound(found)
        assert found["records"] + found["damaged"] in (3, 4), platform
