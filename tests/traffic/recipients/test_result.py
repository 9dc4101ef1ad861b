from __future__ import annotations

import pytest

from warmup.errors import InputError
from warmup.traffic.recipients.result import is_result, read_result
from warmup.traffic.recipients.rule import TIER_COLUMNS
from warmup.traffic.recipients.select import DESCRIPTION, RESULT

HEAD = ",".join([*RESULT, *DESCRIPTION])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("domain,n\na.example,1\n", "has no column recipient_domain, stream, tier_with_opens"),
        (f"{HEAD}\n", "has no rows"),
        (f"{HEAD}\ngmail.com,,9,0,5,0,0,2026-11-23,click\n", "1 row without a tier from 0 to 7"),
        (f"{HEAD}\ngmail.com,,0,0,-5,0,0,2026-11-23,click\n", "1 row without a whole number of recipients"),
        (f"{HEAD}\nx@gmail.com,,0,0,5,0,0,2026-11-23,click\n", "1 row hold an address for a domain"),
        (f"{HEAD}\ngmail.com,,0,0,5,0,0,soon,click\n", "as_of 'soon' is no date"),
        (f"{HEAD}\ngmail.com,,0,0,5,0,0,2026-11-23,karma\n", "signals 'karma' are not known"),
        (f"{HEAD}\ngmail.com,,0,0,5,0,0,2026-11-23,click\na.example,,0,0,5,0,0,2026-11-24,click\n", "more than one"),
    ],
)
def test_what_is_no_result_is_said(tmp_path, text, said):
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(InputError) as error:
        read_result(tmp_path / "r.csv")
    assert said in str(error.value)


def test_a_result_tells_which_view_counts(tmp_path):
    row = "\nGMAIL.com,news,0,6,5,1,0,2026-11-23,{}\n"
    (tmp_path / "human.csv").write_text(HEAD + row.format("human_open any_open"))
    (tmp_path / "any.csv").write_text(HEAD + row.format("any_open"))
    human, any_open = (read_result(tmp_path / name).counts.iloc[0] for name in ("human.csv", "any.csv"))
    assert human["provider"] == "google"
    assert (human["engaged_0_30"], any_open["machine_open_only"]) == (5, 5)
    assert human[list(TIER_COLUMNS)].sum() == any_open[list(TIER_COLUMNS)].sum() == 5


def test_results_are_told_from_lists():
    assert is_result(tuple(name.upper() for name in (*RESULT, *DESCRIPTION)))
    assert not is_result(("domain", "last_click"))
