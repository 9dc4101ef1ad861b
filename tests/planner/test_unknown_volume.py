"""NULL is not 0: a plan without a provider's volume says so and is not good enough."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

import warmup
from warmup.scenario import Scenario
from warmup.traffic.supply import NO_TIERS, Note, Supply


def test_an_unknown_volume_is_an_error_of_the_plan():
    scenario = Scenario.model_validate(
        {
            "customer": "Example",
            "start": date(2026, 2, 3),
            "pools": [{"name": "all", "ips": ["192.0.2.1"]}],
            "streams": [{"name": "receipts", "kind": "transactional"}],
            "policy": {"horizon_days": 60},
        }
    )
    mail = np.full((1, 74, 1, 1, 1), 20_000)
    known = Supply(date(2026, 2, 3), ("receipts",), ("google",), NO_TIERS, mail, np.zeros(74, dtype=bool))
    good = warmup.plan(scenario, known, today=date(2026, 1, 2))
    note = Note("error", "“receipts”: its volume to yahoo is unknown on every day; that mail is not planned.")
    bad = warmup.plan(scenario, replace(known, notes=(note,)), today=date(2026, 1, 2))
    assert good.exit_code == 0
    assert [f.text for f in bad.findings if f.id == "supply.unknown"] == [note.text]
    assert bad.exit_code == 1
