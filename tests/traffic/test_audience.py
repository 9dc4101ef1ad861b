from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.traffic.build import scenario
from warmup.errors import InputError
from warmup.providers.mx_answer import MxAnswer
from warmup.traffic.audience import Audience, load_audience
from warmup.traffic.mx_store import MxStore, default_path
from warmup.traffic.supply import TIERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from warmup.scenario import Scenario

HEADER = "provider,stream,engaged_0_30,engaged_31_60,engaged_61_90,engaged_91_180,engaged_181_365,older_or_never"
EXTRA = ",new_signup_30d,machine_open_only"


def load(
    tmp_path: Path, *lines: str, header: str = HEADER + EXTRA, streams: Iterable[Any] = ("news", "promo")
) -> Audience:
    (tmp_path / "audience.csv").write_text("\n".join([header, *lines, ""]))
    return audience_of(scenario(tmp_path, streams, audience="audience.csv"))


def audience_of(described: Scenario) -> Audience:
    audience = load_audience(described)
    assert audience is not None
    return audience


def shares_of(audience: Audience, stream: str, *providers: str) -> NDArray[np.float64]:
    shares, _ = audience.shares(stream, providers)
    assert shares is not None
    return shares


def problems(tmp_path: Path, *lines: str, **kwargs: Any) -> list[str]:
    with pytest.raises(InputError) as error:
        load(tmp_path, *lines, **kwargs)
    return [str(problem) for problem in error.value.problems]


def test_none_without_a_file(tmp_path):
    assert load_audience(scenario(tmp_path)) is None


def test_the_reference_sample(shared, tmp_path):
    text = (shared / "reference" / "formats" / "samples" / "engagement_counts.csv").read_text()
    (tmp_path / "a.csv").write_text(text)
    audience = audience_of(scenario(tmp_path, ("promo",), audience="a.csv"))
    assert audience.recipients() == {"google": 498_000, "microsoft_consumer": 186_300, "yahoo": 128_100}
    shares = shares_of(audience, "promo", "google")
    # New sign-ups count as engaged within 30 days; the sample has no column for 181 to 365 days.
    assert shares[0] == pytest.approx(np.array([129, 60, 41, 80, 0, 38, 150]) / 498)
    assert any("181 to 365" in note.text for note in audience.notes)


def test_shares_by_stream_and_provider_with_falls_back(tmp_path):
    audience = load(
        tmp_path, "gmail,news,60,0,0,0,0,30,10,0", "yahoo,news,0,0,0,0,0,100,0,0", "gmail,,50,0,0,0,0,50,0,0"
    )
    providers = ("google", "yahoo", "gmx")
    shares = shares_of(audience, "news", *providers)
    assert shares[:, TIERS.index("0_30")].tolist() == pytest.approx([0.7, 0.0, 0.35])
    assert "gmx" in audience.shares("news", providers)[1][0].text
    assert shares_of(audience, "promo", "google")[0, 0] == 0.5


def test_a_stream_without_counts_has_no_shares(tmp_path):
    assert load(tmp_path, "gmail,news,60,0,0,0,0,30,10,0").shares("promo", ("google",)) == (None, [])


def test_domains_are_grouped_and_own_files_win(tmp_path):
    (tmp_path / "own.csv").write_text("domain,engaged_0_30,older_or_never\ngmail.com,1,1\ngooglemail.com,3,1\n")
    streams = ("news", {"name": "promo", "audience": "own.csv"})
    audience = load(tmp_path, "gmail,news,1,0,0,0,0,0,0,0", "gmail,promo,0,0,0,0,0,1,0,0", streams=streams)
    assert shares_of(audience, "promo", "google")[0, 0] == pytest.approx(4 / 6)
    assert audience.recipients() == {"google": 7}


def test_strange_streams_and_providers_are_said(tmp_path):
    audience = load(tmp_path, "gmail,news,1,0,0,0,0,0,0,0", "gmail,other,1,0,0,0,0,0,0,0", "@@x,news,1,0,0,0,0,0,0,0")
    assert audience.recipients() == {"google": 1, "other": 1}
    assert any("does not name ('other')" in note.text for note in audience.notes)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("gmail,news,-1,0,0,0,0,0,0,0", "not a whole number of recipients"),
        ("gmail,news,1.5,0,0,0,0,0,0,0", "not a whole number of recipients"),
        ("gmail,news,many,0,0,0,0,0,0,0", "not a whole number of recipients"),
        ("gmail,news,,0,0,0,0,0,0,0", "is empty"),
        ("gmail,weekly,1,0,0,0,0,0,0,0", "no rows for any stream"),
        ("gmail,news,1,0", "columns"),
    ],
)
def test_wrong_counts(tmp_path, line, what):
    (found,) = problems(tmp_path, line)
    assert what in found


def test_counting_twice_is_refused(tmp_path):
    (found,) = problems(tmp_path, "gmail,news,1,0,0,0,0,0,0,0", "Gmail,News,2,0,0,0,0,0,0,0")
    assert "lines 2 and 3" in found


def test_what_is_no_audience(tmp_path):
    assert "whose recipients" in problems(tmp_path, "a@example.com,1,2", header="email,engaged_0_30,older")[0]
    assert "per engagement tier" in problems(tmp_path, "gmail,1", header="provider,recipients")[0]
    with pytest.raises(InputError, match="does not exist"):
        load_audience(scenario(tmp_path, audience="no.csv"))


def test_a_kept_mx_answer_tells_whose_domain_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lines = ["corp.example,news,10,0,0,0,0,0,0,0"]
    assert load(tmp_path, *lines).recipients() == {"other": 10}
    google = MxAnswer("corp.example", "answer", ("aspmx.l.google.com",), 3600, datetime.now(UTC), "")
    with MxStore(default_path()) as store:
        store.keep([google])
    assert load(tmp_path, *lines).recipients() == {"google": 10}
