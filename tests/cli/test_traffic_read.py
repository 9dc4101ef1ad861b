"""``warmup traffic read`` and ``sql``: what people see, what is written, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from backports import zstd

from tests.providers.nameserver import Server
from tests.traffic.events.samples import folder
from warmup.cli.group import run
from warmup.cli.main import cli

PEOPLE = [f"person{n}@gmail.com" for n in range(40)]
MONDAY = date(2026, 3, 2)


@pytest.fixture
def warmup(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def running(*args: object, columns: int = 100) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        code = run(cli, "warmup", ["traffic", *map(str, args)])
        out = capsys.readouterr()
        return code, out.out, out.err

    return running


def events(path: Path, domain: str = "gmail.com") -> Path:
    """Twenty days of a newsletter and its deliveries, as SendGrid sends them."""
    lines = []
    for n, day in enumerate(range(20)):
        for person in PEOPLE[:10]:
            base = {"email": person.replace("gmail.com", domain), "timestamp": 1772442000 + day * 86400,
                    "category": "news", "sg_message_id": f"m{n}{person}"}  # fmt: skip
            lines.append(base | {"event": "processed", "sg_event_id": f"p{n}{person}"})
            lines.append(base | {"event": "delivered", "sg_event_id": f"d{n}{person}", "ip": "192.0.2.1"})
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def recipients(path: Path) -> Path:
    lines = ["email,last_open_human,last_open_any,last_click,signup_date"]
    for n, person in enumerate(PEOPLE):
        opened = MONDAY - timedelta(days=n * 10)
        lines.append(f"{person},{opened if n % 2 else ''},{opened},,2020-01-01")
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("columns", [60, 80, 100, 140])
def test_the_text_fits_and_says_what_matters(warmup, tmp_path, columns):
    code, out, err = warmup("read", events(tmp_path / "e.jsonl"), columns=columns)
    assert (code, err) == (0, "")
    assert all(len(line.rstrip()) <= columns for line in out.splitlines())
    assert "200 messages sent" in out
    assert "news" in out
    assert "Gmail / Google" in out
    assert "2 Mar 2026" in out
    assert "All messages go to mailbox providers that are known." in out


@pytest.mark.parametrize("columns", [60, 80, 100, 140])
def test_a_narrow_terminal_leaves_no_rate_out(warmup, shared, columns):
    webhook = shared / "reference/formats/samples/sparkpost_webhook_batch.json"
    _, out, _ = warmup("read", webhook, columns=columns)
    for heading in ("delivered", "hard", "blocked", "deferred", "complaints", "opened", "clicked"):
        assert f" {heading}" in out
    assert all(len(line) <= columns for line in out.splitlines())


def test_unknown_is_named_and_never_0(warmup, shared):
    _, out, _ = warmup("read", folder(shared) / "postmark_webhooks.jsonl", columns=140)
    line = next(line for line in out.splitlines() if line.startswith("The exports do not say"))
    assert "opened by people" in line
    assert "deferred" in line


def sendgrid(path, told):
    """SendGrid's events of one person: kinds, each with how many."""
    about = {"email": "r@gmail.com", "timestamp": 1772442000, "category": "news"}
    rows = [
        about | {"event": kind, "sg_event_id": f"{kind}{n}", "sg_message_id": str(n)}
        for kind, number in told.items()
        for n in range(number)
    ]
    path.write_text(json.dumps(rows))
    return path


def test_a_count_without_what_it_is_a_share_of_is_not_called_unsaid(warmup, tmp_path):
    _, out, _ = warmup("read", sendgrid(tmp_path / "e.json", {"click": 3, "spamreport": 1}), columns=140)
    line = next(line for line in out.splitlines() if line.startswith("Known, but not as a share"))
    assert ("complaints" in line, "clicked" in line) == (True, True)
    unsaid = next(line for line in out.splitlines() if line.startswith("The exports do not say"))
    assert "clicked" not in unsaid
    assert "hard" in unsaid


def test_no_share_is_above_a_hundred_percent_and_that_is_said(warmup, tmp_path):
    path = sendgrid(tmp_path / "e.json", {"processed": 2, "delivered": 2, "click": 3, "spamreport": 1})
    _, out, _ = warmup("read", path, columns=140)
    line = next(line for line in out.splitlines() if line.startswith("No share where more was counted"))
    assert ("clicked" in line, "complaints" in line) == (True, False)
    assert "Known, but" not in "".join(one for one in out.splitlines() if "clicked" in one)
    found = json.loads(warmup("read", path, "--format", "json")[1])
    assert found["exceeding"] == ["click"]
    assert (found["streams"][0]["click"], found["providers"][0]["click"]) == (None, None)
    assert found["providers"][0]["complaint"] == 0.5


def test_json(warmup, tmp_path, shared):
    code, out, _ = warmup("read", folder(shared) / "sendgrid_event_webhook.json", "--format", "json")
    found = json.loads(out)
    assert (code, found["schema_version"]) == (0, 1)
    assert found["platforms"][0]["name"] == "sendgrid-events"
    assert (found["first"], found["last"], found["messages"]) == ("2026-03-02", "2026-03-03", 13)
    assert found["unknown"] == ["oob"]
    assert {stream["stream"] for stream in found["streams"]} == {"promo", "receipts"}
    assert found["rhythm"][0]["2"] is None  # no Wednesday in the sample: unknown, not 0


def test_what_is_written_can_be_planned(warmup, tmp_path):
    out_dir = tmp_path / "out"
    code, out, _ = warmup("read", events(tmp_path / "e.jsonl"), "-o", out_dir, "--recipients",
                          recipients(tmp_path / "list.csv"), "--as-of", MONDAY)  # fmt: skip
    assert code == 0
    assert sorted(path.name for path in out_dir.iterdir()) == [
        "audience.csv",
        "traffic.csv",
        "traffic.png",
        "traffic.svg",
    ]
    assert 'history = "traffic.csv"' in out
    assert "40 recipients" in out
    (out_dir / "scenario.toml").write_text(
        'customer = "A"\nstart = 2026-05-05\nhistory = "traffic.csv"\naudience = "audience.csv"\n'
        '[[pools]]\nname = "m"\nip_count = 1\n[[streams]]\nname = "news"\n'
    )
    from warmup import load_scenario
    from warmup.traffic.history import load_history

    history = load_history(load_scenario(out_dir / "scenario.toml"), today=date(2026, 4, 1))
    assert history.frame["messages"].sum() == 200
    assert history.providers == ("google",)


def test_a_table_packed_with_zstd_is_read(warmup, tmp_path):
    lines = [f"{MONDAY + timedelta(days=n)},gmail.com,news,{100 + n}" for n in range(21)]
    plain = "\n".join(["date,recipient_domain,stream,messages", *lines]).encode()
    path = tmp_path / "table.csv.zst"
    path.write_bytes(zstd.compress(plain))
    found = json.loads(warmup("read", path, "--format", "json")[1])
    assert found["messages"] == sum(100 + n for n in range(21))
    assert planned(tmp_path, path.name).frame["messages"].sum() == found["messages"]
    path.write_bytes(zstd.compress(plain)[:-9])
    assert "cut or damaged zstd" in warmup("read", path)[2]
    path.write_bytes(zstd.compress(plain + b"\n" * 80_000_000))
    code, _, said = warmup("read", path)
    assert (code, "times its size" in said) == (2, True)
    path.write_bytes(zstd.compress(plain.replace(b"104", b"x")))
    assert "line 6" in warmup("read", path)[2]


def test_a_plan_from_the_table_is_the_plan_from_the_exports(warmup, tmp_path):
    """Opens go on for weeks after the last message: those days are none of sending in either."""
    path = events(tmp_path / "e.jsonl")
    late = [
        {"email": "r@gmail.com", "timestamp": 1772442000 + day * 86400, "category": "news", "event": "open",
         "sg_message_id": f"x{day}", "sg_event_id": f"o{day}"} for day in range(40)
    ]  # fmt: skip
    path.write_text(path.read_text() + "\n" + "\n".join(map(json.dumps, late)))
    assert warmup("read", path, "-o", tmp_path / "out")[0] == 0
    assert "2026-04-10" in (tmp_path / "out" / "traffic.csv").read_text()
    found = [planned(tmp_path, history) for history in ("e.jsonl", "out/traffic.csv")]
    assert found[0].frame.equals(found[1].frame)
    assert (found[0].first, found[0].last, found[0].gaps) == (found[1].first, found[1].last, found[1].gaps)


def planned(folder, history):
    """What a plan takes of a file."""
    from warmup import load_scenario
    from warmup.traffic.history import load_history

    (folder / "scenario.toml").write_text(
        f'customer = "A"\nstart = 2026-05-05\nhistory = "{history}"\n'
        '[[pools]]\nname = "m"\nip_count = 1\n[[streams]]\nname = "news"\n'
    )
    return load_history(load_scenario(folder / "scenario.toml"), today=date(2026, 4, 25))


def test_a_scenario_may_name_the_exports_themselves(tmp_path):
    from warmup import load_scenario
    from warmup.traffic.history import load_history

    (tmp_path / "exports").mkdir()
    events(tmp_path / "exports" / "a.jsonl")
    events(tmp_path / "exports" / "b.jsonl")  # the same once more: copies
    (tmp_path / "scenario.toml").write_text(
        'customer = "A"\nstart = 2026-05-05\nhistory = "exports"\n'
        '[[pools]]\nname = "m"\nip_count = 1\n[[streams]]\nname = "news"\n'
    )
    history = load_history(load_scenario(tmp_path / "scenario.toml"), today=date(2026, 4, 1))
    assert history.frame["messages"].sum() == 200
    assert any("400 events stood there twice" in note.text for note in history.notes)


def test_standard_input(tmp_path):
    data = events(tmp_path / "e.jsonl").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "warmup.cli.main", "traffic", "read", "-", "--format", "json"],
        input=data, capture_output=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["messages"] == 200


def test_errors_are_one_line_and_exit_2(warmup, tmp_path):
    (tmp_path / "x.bin").write_bytes(bytes(range(256)) * 10)
    for args in (
        ["read", tmp_path / "x.bin"],
        ["read", tmp_path / "none.json"],
        ["read", events(tmp_path / "e.jsonl"), "--timezone", "Mars/Base"],
        ["read", tmp_path / "e.jsonl", "--platform", "sendgird"],
        ["read", tmp_path / "e.jsonl", "--column", "dat=Tag"],
        ["read", tmp_path / "e.jsonl", "--column", "date"],
        ["read", tmp_path / "e.jsonl", "--nameserver", "dns.example.com", "--resolve"],
        ["read"],
        ["sql", "--dialect", "cobol"],
        ["sql", "--dialect", "postgres", "--column", "opened=x"],
    ):
        code, out, err = warmup(*args)
        assert (code, out) == (2, ""), args
        assert len(err.strip().splitlines()) == 1, err
        assert "Traceback" not in err


def test_resolve_asks_once_and_the_answer_is_kept(warmup, tmp_path):
    path = events(tmp_path / "e.jsonl", "bakery.example")
    with Server() as server:
        asked = ["--nameserver", f"127.0.0.1:{server.port}", "--resolve"]
        _, out, _ = warmup("read", path, *asked)
        assert "Gmail / Google" in out
        assert "The MX of 1 domain decided" in out
        questions = len(server.asked)
        warmup("read", path, *asked)
        assert len(server.asked) == questions > 0
    _, out, _ = warmup("read", path)  # without --resolve what is kept still decides
    assert "Gmail / Google" in out


def test_a_list_of_sign_ups_alone_makes_no_audience(warmup, tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("email,signup_date,Status\n" + "".join(f"{one},2020-01-01,active\n" for one in PEOPLE))
    code, out, _ = warmup("read", "--recipients", people, "-o", tmp_path / "out")
    assert code == 0
    assert list((tmp_path / "out").iterdir()) == []
    assert "'Status' may say who gets no mail" in " ".join(out.split())


def test_small_domains_may_be_named(warmup, tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("domain,last_click\n" + "firm.example.com,2026-03-01\n" * 5)
    for smallest, provider in ((20, "other"), (5, "firm.example.com")):
        given = ("--recipients", people, "--as-of", "2026-03-02", "-o", tmp_path, "--smallest-domain", smallest)
        assert warmup("read", *given)[0] == 0
        assert provider in (tmp_path / "audience.csv").read_text()


def test_sql_is_printed_for_a_dialect(warmup):
    code, out, _ = warmup("sql", "--dialect", "snowflake", "--as-of", "2026-03-02", "--table", "crm.people",
                          "--column", "domain=MAIL_DOMAIN", "--column", "human_open=LAST_REAL_OPEN")  # fmt: skip
    assert code == 0
    assert "No address is in the result" in out
    assert "MAIL_DOMAIN" in out
    assert "LAST_REAL_OPEN" in out


# --- a scenario instead of exports -----------------------------------------------------------------------------------


def series(path: Path, days: int = 21, **counts: int | None) -> Path:
    """A SparkPost time series: so many messages and refusals on each day."""
    entries = [counts | {"ts": f"{MONDAY + timedelta(days=n)}T00:00:00+00:00"} for n in range(days)]
    path.write_text(json.dumps({"results": entries}))
    return path


@pytest.fixture
def scenario(tmp_path):
    """Two streams from SparkPost, one answer per provider, and a list's newsletter as a table."""
    series(tmp_path / "gmail.json", count_sent=100, count_injected=100, count_delivered=98, count_delayed_first=4)
    series(tmp_path / "yahoo.json", count_sent=50, count_injected=50, count_delivered=40, count_delayed_first=20)
    series(tmp_path / "receipts.json", count_sent=10, count_injected=10, count_delivered=10, count_delayed_first=0)
    lines = [f"{MONDAY + timedelta(days=n)},Gmail,7\n" for n in range(21)]
    (tmp_path / "news.csv").write_text("date,provider,messages\n" + "".join(lines))
    path = tmp_path / "scenario.toml"
    path.write_text(
        'customer = "A"\nstart = 2026-05-05\ntimezone = "Europe/Berlin"\n[[pools]]\nname = "m"\nip_count = 1\n'
        '[[streams]]\nname = "promo"\nhistory = [{path = "gmail.json", provider = "Gmail"}, '
        '{path = "yahoo.json", provider = "Yahoo"}]\n'
        '[[streams]]\nname = "receipts"\nhistory = {path = "receipts.json", provider = "Gmail"}\n'
        '[[streams]]\nname = "news"\nhistory = "news.csv"\n'
    )
    return path


def test_a_scenario_says_whose_mail_each_export_counts(warmup, scenario):
    code, out, err = warmup("read", scenario, "--format", "json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert {one["name"]: one["files"] for one in found["platforms"]} == {"sparkpost-metrics": 3, "tidy": 1}
    assert {row["stream"]: row["messages"] for row in found["streams"]} == {"promo": 3150, "receipts": 210, "news": 147}
    providers = {row["provider"]: row for row in found["providers"]}
    assert providers["google"]["messages"] == 21 * 117
    assert providers["yahoo"]["deferred"] == pytest.approx(0.4)
    assert providers["google"]["deferred"] == pytest.approx(4 / 110)  # of those of which an export says it
    assert found["unclassified"] == 0


def test_a_scenario_and_options_that_would_contradict_it(warmup, scenario, tmp_path):
    for option in (["--provider", "Gmail"], ["--timezone", "UTC"], ["--stream", "x"], ["--column", "date=Tag"]):
        code, out, err = warmup("read", scenario, *option)
        assert (code, out) == (2, "")
        assert f"a scenario says itself what {option[0]} would say" in err
    code, _, err = warmup("read", tmp_path / "none.toml")
    assert code == 2
    assert "there is no such file" in err
    assert "Traceback" not in err


def test_every_problem_of_a_scenarios_exports_is_told(warmup, scenario):
    (scenario.parent / "yahoo.json").write_text('{"errors": []}')
    (scenario.parent / "news.csv").write_text("date,provider\n2026-03-02,Gmail\n")
    (scenario.parent / "receipts.json").write_text("{")
    code, out, err = warmup("read", scenario)
    assert (code, out) == (2, "")
    lines = err.strip().splitlines()
    assert len(lines) == 3, err
    assert all(any(name in line for line in lines) for name in ("yahoo.json", "news.csv", "receipts.json"))


def test_one_file_of_a_scenario_is_not_counted_for_two_streams(warmup, scenario):
    scenario.write_text(scenario.read_text().replace("receipts.json", "gmail.json"))
    code, _, err = warmup("read", scenario)
    assert code == 2
    assert 'serves both "promo" and "receipts"' in err


def test_mail_of_other_streams_in_a_streams_own_file_is_said_and_left_out(warmup, scenario):
    events(scenario.parent / "sendgrid.jsonl")  # its stream is "news"
    scenario.write_text(
        scenario.read_text().replace('{path = "receipts.json", provider = "Gmail"}', '"sendgrid.jsonl"')
    )
    code, out, _ = warmup("read", scenario, "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert {row["stream"]: row["messages"] for row in found["streams"]} == {"promo": 3150, "news": 147}
    assert any("200 messages of “news” were left out here" in note["text"] for note in found["notes"])


def test_the_example_customer_is_read_and_drawn(warmup, tmp_path):
    from warmup.demo import write_demo

    write_demo(tmp_path / "shop", today=date(2026, 11, 23))
    code, out, err = warmup("read", tmp_path / "shop" / "scenario.toml", "-o", tmp_path / "out")
    assert (code, err) == (0, "")
    assert "SparkPost: metrics: 28 files" in out
    assert "48,353,165 messages sent" in out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["traffic.csv", "traffic.png", "traffic.svg"]
    drawn = (tmp_path / "out" / "traffic.svg").read_text(encoding="utf-8")
    assert "<svg" in drawn


def test_a_plan_refuses_two_exports_of_the_same_messages(tmp_path):
    from warmup import load_scenario
    from warmup.errors import InputError
    from warmup.traffic.history import load_history

    events(tmp_path / "e.jsonl")
    days = [str(MONDAY + timedelta(days=n)) for n in range(20)]
    stats = [{"type": "mailbox_provider", "name": "Gmail", "metrics": {"requests": 10, "delivered": 10}}]
    (tmp_path / "s.json").write_text(json.dumps([{"date": day, "stats": stats} for day in days]))
    (tmp_path / "scenario.toml").write_text(
        'customer = "A"\nstart = 2026-05-05\nhistory = ["e.jsonl", "s.json"]\n'
        '[[pools]]\nname = "m"\nip_count = 1\n[[streams]]\nname = "news"\n'
    )
    with pytest.raises(InputError, match="tell of the same messages on 20 days"):
        load_history(load_scenario(tmp_path / "scenario.toml"), today=date(2026, 4, 1))


@pytest.mark.parametrize("data", ['[{"msys":{}}]', '{"results":[],"links":{},"total_count":0}', "type,timeLogged\n"])
def test_files_in_which_nothing_counts_are_read_and_said(warmup, tmp_path, data):
    (tmp_path / "file").write_text(data)
    platform = "powermta" if "timeLogged" in data else "sparkpost-events"
    code, out, err = warmup("read", tmp_path / "file", "--platform", platform, "-o", tmp_path / "out")
    assert (code, err) == (0, "")
    assert "0 messages sent" in out
    assert "Nothing in the files counts messages" in " ".join(out.split())
    code, out, _ = warmup("read", tmp_path / "file", "--platform", platform, "--format", "json")
    assert (code, json.loads(out)["streams"]) == (0, [])
