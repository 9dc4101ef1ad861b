"""Events of a platform → daily counts: events a second, peak memory, and both as ratios to the bars.

``python benchmarks/events.py [EVENTS ...] [--states clean,gzip,cut,odd] [--runs N] [--spark]``: makes JSON lines of
SparkPost and SendGrid in a temporary folder, counts each file in a process of its own, and ends with 1 if a bar is
missed. The files are clean; packed with gzip; have one line in a thousand cut in half; have one in a thousand with a
time that is none. Beside it, in turns, what DuckDB takes only to read the same fields: no reader on it can be quicker;
with ``--spark`` also a local Spark session that drops copies and counts by day, domain, stream, IP and type,
for the record. The quickest of the runs is judged, because what a shared machine does besides only ever slows; the
median stands beside it. Default: 1 and 20 million, three runs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

BARS = {"clean": 600_000, "gzip": None, "cut": 250_000, "odd": 250_000}
"""Events a second (two cores); None: there is no bar."""

MEMORY = 1_000
"""Megabytes at 20 million events."""

DAYS, DOMAINS, DAMAGED = 30, 300, 1_000
REPLY = "421 4.7.28 An unusual rate of mail originates from your IP address and has been temporarily rate limited."
SPARKPOST = (
    ("injection", 40),
    ("delivery", 38),
    ("open", 12),
    ("click", 3),
    ("bounce", 3),
    ("delay", 3),
    ("spam_complaint", 1),
)
SENDGRID = (
    ("processed", 40),
    ("delivered", 38),
    ("open", 12),
    ("click", 3),
    ("bounce", 3),
    ("deferred", 3),
    ("spamreport", 1),
)


def sparkpost(kind: str) -> dict[str, Any]:
    """One event as the webhooks and the events API name its fields."""
    event: dict[str, Any] = {
        "type": kind, "campaign_id": "promo", "customer_id": "1", "delv_method": "esmtp", "event_id": "@@ID@@",
        "friendly_from": "news@example.com", "injection_time": "2026-03-02T09:00:00.000+00:00", "ip_pool": "marketing",
        "message_id": "@@MSG@@", "msg_from": "bounces@example.com", "msg_size": "1337", "num_retries": "0",
        "queue_time": "12", "rcpt_meta": {}, "rcpt_tags": ["promo"], "rcpt_to": "u@@MSG@@@@@DOM@@",
        "recipient_domain": "@@DOM@@", "routing_domain": "@@DOM@@", "sending_domain": "example.com",
        "sending_ip": "192.0.2.@@IP@@", "subaccount_id": "0", "subject": "March offers", "timestamp": "@@TS@@",
        "transmission_id": "715100234906559807", "mailbox_provider": "Other", "mailbox_provider_region": "Global",
    }  # fmt: skip
    if kind in ("bounce", "delay"):
        event |= {"bounce_class": "70", "error_code": "421", "raw_reason": REPLY, "reason": REPLY}
    if kind in ("open", "click"):
        event |= {"ip_address": "198.51.100.7", "user_agent_parsed": {"agent_family": "Mail", "is_prefetched": False}}
    return event


def sendgrid(kind: str) -> dict[str, Any]:
    """One event of the Event Webhook."""
    event: dict[str, Any] = {
        "email": "u@@MSG@@@@@DOM@@", "category": ["promo"], "smtp-id": "<@@MSG@@@ismtpd>", "event": kind,
        "sg_message_id": "@@MSG@@.recvd-abc-0.0", "timestamp": "@@TS@@", "sg_event_id": "e@@ID@@x",
    }  # fmt: skip
    more: dict[str, dict[str, Any]] = {
        "processed": {"pool": {"name": "marketing", "id": 210}},
        "delivered": {"response": "250 2.0.0 OK", "ip": "192.0.2.@@IP@@", "tls": 1},
        "deferred": {"response": REPLY, "attempt": "1"},
        "bounce": {"type": "bounce", "reason": REPLY, "status": "5.1.1", "bounce_classification": "Invalid Address"},
        "open": {"useragent": "Mozilla/5.0", "ip": "198.51.100.7", "sg_machine_open": False},
    }
    return event | more.get(kind, {})


def write(path: Path, platform: str, number: int, state: str) -> None:
    """A file of events of plausible width, in one of the states of :data:`BARS`."""
    import duckdb

    mix = SPARKPOST if platform == "sparkpost" else SENDGRID
    make = sparkpost if platform == "sparkpost" else sendgrid
    kinds = random.Random(7).choices([kind for kind, _ in mix], [weight for _, weight in mix], k=1009)
    templates = {kind: json.dumps(make(kind)) for kind, _ in mix}
    # A few domains have most of the recipients, and many have few (Pareto).
    values = {
        "@@ID@@": "CAST(100000000000000000 + n * 7919 AS VARCHAR)",
        "@@MSG@@": "lpad(to_hex(n * 40 // 100), 20, '0')",
        "@@DOM@@": f"concat('d', least({DOMAINS}, CAST(pow(hash(n * 40 // 100) % 1000003 / 1000003.0 + 1e-6, -1 / 0.6) "
        "AS BIGINT)), '.example.com')",
        "@@TS@@": f"CAST(1772323200 + hash(n + 1) % {DAYS * 86400} AS VARCHAR)",
        "@@IP@@": "CAST(n % 4 + 10 AS VARCHAR)",
    }
    line = "$templates[n % 1009 + 1]"
    for mark, value in values.items():
        line = f"replace({line}, '{mark}', {value})"
    spoiled = {"cut": "line[:length(line) // 2]", "odd": 'replace(line, \'"timestamp": "\', \'"timestamp": "~\')'}
    cut = f"CASE WHEN n % {DAMAGED} = {DAMAGED // 2} THEN {spoiled.get(state, 'line')} ELSE line END"
    packing = "gzip" if state == "gzip" else "none"
    duckdb.execute(
        f"COPY (SELECT {cut} FROM (SELECT n, {line} AS line FROM range({number}) AS r(n))) TO '{path}' "  # noqa: S608
        f"(FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01', COMPRESSION {packing})",
        {"templates": [templates[kind] for kind in kinds]},
    )


def measure(platform: str, path: str) -> dict[str, float]:
    """Count one file; imports are not part of it."""
    from zoneinfo import ZoneInfo

    import duckdb  # noqa: F401
    import pandas as pd  # noqa: F401

    from warmup.scenario import Scenario  # noqa: F401
    from warmup.traffic.events import ways_json  # noqa: F401
    from warmup.traffic.readers import Context, readers

    module: Any = readers()[f"{platform}-events"]

    wall = time.perf_counter()
    result = module.count([path], Context(ZoneInfo("Europe/Berlin")))
    return {
        "events": result.records,
        "damaged": result.damage.count,
        "seconds": time.perf_counter() - wall,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def bound(platform: str, path: str) -> dict[str, float]:
    """Only read the same fields with DuckDB."""
    import duckdb

    from warmup.traffic.events.sql import read_file
    from warmup.traffic.readers import readers

    module: Any = readers()[f"{platform}-events"]
    fields = ", ".join(f'count("{name}")' for name in module.FORMAT.columns)
    wall = time.perf_counter()
    duckdb.execute(f"SELECT count(*), {fields} FROM ({read_file(module.FORMAT, path, 'lines', 'none')})").fetchall()  # noqa: S608
    return {"seconds": time.perf_counter() - wall}


def spark(platform: str, path: str) -> dict[str, float]:
    """The daily table on a local Spark session: lines that are no JSON left out, copies dropped."""
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as F  # noqa: N812 - its usual name

    made = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = (
        made.config("spark.sql.session.timeZone", "Europe/Berlin").config("spark.driver.memory", "4g").getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    names = {
        "sparkpost": ("type", "event_id", "timestamp", "recipient_domain", "campaign_id", "sending_ip"),
        "sendgrid": ("event", "sg_event_id", "timestamp", "email", "category", "ip"),
    }[platform]
    kind, event, at, domain, stream, ip = names
    wall = time.perf_counter()
    rows = session.read.schema(", ".join(f"`{name}` string" for name in names)).json(path)
    table = (
        rows.filter(F.col(kind).isNotNull())
        .dropDuplicates([event])
        .groupBy(
            F.to_date(F.col(at).cast("bigint").cast("timestamp")), F.substring_index(domain, "@", -1), stream, ip, kind
        )
        .count()
        .collect()
    )
    found = sum(row["count"] for row in table)
    seconds = time.perf_counter() - wall
    session.stop()
    return {"seconds": seconds, "events": found}


def apart(what: str, platform: str, path: Path) -> dict[str, float]:
    """A measurement in a process of its own, so that memory is that of one file."""
    run = subprocess.run(
        [sys.executable, __file__, what, platform, str(path)], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(run.stdout)
    return found


def report(number: int, platform: str, state: str, path: Path, runs: int) -> bool:
    """Count one file and print what that took; whether it keeps the bars."""
    bar, ours, least = BARS[state], [], []
    for _ in range(runs):
        ours.append(apart("measure", platform, path))
        least += [apart("bound", platform, path)] if state == "clean" else []
    assert all(one["events"] + one["damaged"] == number for one in ours)
    rate, usual = (number / choose(one["seconds"] for one in ours) for choose in (min, median))
    memory = max(one["memory"] for one in ours)
    print(
        f"{platform:10}{state:6}{path.stat().st_size / 1e6:7,.0f} MB {rate:10,.0f}/s (median {usual:,.0f})"
        f"{f' = {rate / bar:.2f} of the bar' if bar else ''}; {memory:,.0f} MB = {memory / MEMORY:.2f}; "
        f"{ours[0]['damaged']:,.0f} damaged",
        flush=True,
    )
    if least:
        told("only reading", number, least)
        ratio = min(one["seconds"] for one in ours) / min(one["seconds"] for one in least)
        print(f"{'':16}= {ratio:.2f} times as long as DuckDB takes only to read it", flush=True)
    return memory <= MEMORY and (not bar or rate >= bar)


def told(what: str, number: int, runs: list[dict[str, float]]) -> None:
    """Print what a peer took."""
    best, usual = (number / choose(one["seconds"] for one in runs) for choose in (min, median))
    print(f"{'':16}{what:15}{best:10,.0f}/s (median {usual:,.0f})", flush=True)


def main(number: int, states: list[str], runs: int, on_spark: bool) -> bool:
    """All files of one size; whether they keep the bars."""
    print(f"{number:,} events a file; bars: {BARS['clean']:,}/s clean, {BARS['cut']:,}/s damaged, {MEMORY:,} MB")
    good = True
    with tempfile.TemporaryDirectory(prefix="events-") as folder:
        for platform in ("sparkpost", "sendgrid"):
            for state in states:
                path = Path(folder) / ("events.jsonl.gz" if state == "gzip" else "events.jsonl")
                write(path, platform, number, state)
                os.sync()  # what is still being written would be measured too
                good &= report(number, platform, state, path, runs)
                if on_spark and state == "clean":
                    told("local Spark", number, [apart("spark", platform, path)])
                path.unlink()
    return good


if __name__ == "__main__":
    if sys.argv[1:2] in (["measure"], ["bound"], ["spark"]):
        print(json.dumps({"measure": measure, "bound": bound, "spark": spark}[sys.argv[1]](*sys.argv[2:])))
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("events", nargs="*", type=lambda text: int(text.replace("_", "")))
        parser.add_argument("--states", default=",".join(BARS), type=lambda text: text.split(","))
        parser.add_argument("--runs", type=int, default=3)
        parser.add_argument("--spark", action="store_true")
        given = parser.parse_args()
        kept = [main(size, given.states, given.runs, given.spark) for size in given.events or (1_000_000, 20_000_000)]
        sys.exit(not all(kept))
