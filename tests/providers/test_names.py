"""One spelling for every way to write a domain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.providers.names import MAX_NAME, normalise


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("gmail.com", "gmail.com"),
        ("  GMail.Com.  ", "gmail.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.EXAMPLE", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("_dmarc.example.com", "_dmarc.example.com"),
    ],
)
def test_one_spelling(written, name):
    assert normalise(written) == name


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        " ",
        ".",
        "com",
        "a..b",
        ".example.com",
        "example.com..",
        "a b.example",
        "who@example.com",
        "example.com\n",
        "example.com\nbcc: x.example",
        "exa\x00mple.com",
        "<script>.example",
        "=cmd|' /C calc'!A0.example",
        "a" * 64 + ".example",
        ".".join(["a" * 60] * 5),
        "ü" * 64 + ".example",
        "ü" * 100_000 + ".example",
        "x" * 1_000_000,
        "gmail\u2024com",
        "😀.example",
        "\u202eexample.com",
        "*.example.com",
    ],
)
def test_what_is_not_a_domain_is_none(hostile):
    assert normalise(hostile) is None or hostile.strip() != hostile


@given(st.text())
def test_any_text_gives_a_stable_name_or_none(text):
    name = normalise(text)
    if name is not None:
        assert name.isascii()
        assert len(name) <= MAX_NAME
        assert normalise(name) == name
        assert normalise(f" {name.upper()}. ") == name
