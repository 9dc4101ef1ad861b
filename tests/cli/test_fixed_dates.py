"""``warmup levers`` and ``latest-start`` say which fixed date holds whatever else is changed."""

from __future__ import annotations

from datetime import date

import pytest

from tests.planner.make_files import TODAY, Mail, write_customer
from warmup.cli.group import run
from warmup.cli.main import cli

MIX = {"gmail.com": 0.8, "t-online.de": 0.2}


@pytest.mark.parametrize("command", ["levers", "latest-start"])
def test_a_fixed_opening_is_named(tmp_path, capsys, command):
    opening = {"t_online_request": date(2026, 2, 20), "snds": date(2026, 1, 20), "yahoo_cfl": "done"}
    path = write_customer(tmp_path, Mail(mix=MIX), preflight=opening, deadline=date(2026, 3, 30))
    run(cli, "warmup", [command, str(path), "--today", str(TODAY)])
    out = " ".join(capsys.readouterr().out.split())
    assert "T-Online takes no dedicated mail before Fri 20 Feb 2026 (preflight.t_online_request)" in out
    assert "Outlook.com / Hotmail takes no dedicated mail" not in out  # done before the start


def test_nothing_is_said_where_nothing_is_fixed(tmp_path, capsys):
    path = write_customer(tmp_path, deadline=date(2026, 3, 30))
    run(cli, "warmup", ["latest-start", str(path), "--today", str(TODAY)])
    assert "takes no dedicated mail" not in capsys.readouterr().out
