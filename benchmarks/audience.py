"""Recipients to engagement tiers against the same counting written by hand.

    python benchmarks/audience.py [--rows MILLIONS ...] [--rounds N] [--no-pandas] [--spark]

For each size (20 and 100 million recipients) a parquet file (domain, stream and five dates with NULLs; 200,000 domains,
most of the mail at a few) is made in a temporary folder. Then, each in a process of its own, on the same file:

1. ours: ``read_recipients``, from opening the file to counts by provider, stream and tier, looking up the domains
   included;
2. plain DuckDB SQL: the same tiers with and without opens and the same counts of odd dates, with the rows joined to a
   table of domains and providers that is already there (making it is not measured);
3. pandas: the same, in memory, where the machine has that much;
4. with ``--spark``: ours on a Spark session of this machine, for the record; starting the session is not measured.

The first two run in turns, and the medians are compared. All must give the same counts. The bars: ours in at most the
time of the plain SQL, and with less than 500 MB, whatever the number of rows. Seconds do not hold imports; memory is
the peak of the whole process (with Spark, of Java too). Exit code 1 if a bar is missed or counts differ.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

TODAY = date(2026, 11, 23)
TIME_BAR, MEMORY_BAR = 1.0, 500
SIZES, ROUNDS = (20, 100), 5
PANDAS_BYTES = 450
"""Memory that pandas takes for a recipient, measured with 20 million of them."""

HEAD = ("gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "icloud.com", "aol.com", "gmx.de", "web.de",
        "orange.fr", "libero.it", "comcast.net", "t-online.de")  # fmt: skip

Counts = dict[str, int]
"""``view/provider/stream/tier`` to recipients."""


def generate(path: Path, millions: int) -> None:
    """Write the recipients."""
    import duckdb

    names = ", ".join(f"'{name}'" for name in HEAD)
    head = f"[{names}][1 + CAST(floor(pow(u / 0.85, 2) * {len(HEAD)}) AS INTEGER)]"
    tail = "'d' || CAST(floor(pow(200000.0, (u - 0.85) / 0.15)) AS INTEGER) || '.example'"
    stream = "['news', 'promo', 'receipts'][1 + CAST(floor(random() * 3) AS INTEGER)]"

    def day(share: float, days: int) -> str:
        return f"CASE WHEN random() < {share} THEN DATE '{TODAY}' - CAST(floor(random() * {days}) AS INTEGER) END"

    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = '1GB'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(
            f"COPY (SELECT CASE WHEN u < 0.85 THEN {head} ELSE {tail} END AS domain, {stream} AS stream, "  # noqa: S608 - a path of our own
            f"{day(0.7, 700)} AS last_open_human, {day(0.8, 500)} AS last_open_any, {day(0.3, 900)} AS last_click, "
            f"{day(0.1, 900)} AS last_purchase, {day(1.0, 2000)} AS signup_date "
            f"FROM (SELECT random() AS u FROM range({millions * 1_000_000}))) TO '{path}' (FORMAT parquet)"
        )


def ours(path: Path) -> Callable[[], Any]:
    """The product."""
    import duckdb  # noqa: F401 - imports are not measured
    import pandas as pd

    from warmup.traffic.recipients.counting import read_recipients
    from warmup.traffic.recipients.rule import Rule

    pd.DataFrame({"a": [1]}).groupby("a").sum()
    return lambda: read_recipients(path, Rule(TODAY), smallest_domain=10**12)


def ours_counts(result: Any) -> Counts:
    """Counts of :func:`ours`."""
    from warmup.traffic.recipients.rule import TIER_COLUMNS

    out: Counts = {}
    for view, frame in (("with", result.with_opens), ("without", result.without_opens)):
        for row in frame.itertuples(index=False):
            numbers = zip(TIER_COLUMNS, row[2:], strict=True)
            out |= {f"{view}/{row[0]}/{row[1]}/{tier}": int(n) for tier, n in numbers if n}
    return out


def _days(days: int) -> str:
    return f"DATE '{TODAY - timedelta(days)}'"


def _case(last: str, opened: str) -> str:
    """Tiers as somebody writes them who knows that DuckDB's greatest() skips NULLs."""
    return (
        f"CASE WHEN {last} >= {_days(30)} THEN 'engaged_0_30' WHEN signup >= {_days(30)} THEN 'new_signup_30d' "
        f"WHEN {last} >= {_days(60)} THEN 'engaged_31_60' WHEN {last} >= {_days(90)} THEN 'engaged_61_90' "
        f"WHEN {last} >= {_days(180)} THEN 'engaged_91_180' WHEN {last} >= {_days(365)} THEN 'engaged_181_365' "
        f"WHEN {opened} >= {_days(365)} THEN 'machine_open_only' ELSE 'older_or_never' END"
    )


DATES = {"human": "last_open_human", "opens": "last_open_any", "click": "last_click", "buy": "last_purchase",
         "signup": "signup_date"}  # fmt: skip


def plain_sql(path: Path) -> Callable[[], Any]:
    """The join written out, all rows first."""
    import duckdb

    from warmup.providers import classify

    connection = duckdb.connect()
    domains = [*HEAD, *(f"d{i}.example" for i in range(200_001))]
    providers = [classify([name])[name].group if i < len(HEAD) else "other" for i, name in enumerate(domains)]
    connection.execute("CREATE TABLE providers (domain VARCHAR, provider VARCHAR)")
    connection.execute("INSERT INTO providers SELECT unnest(?), unnest(?)", [domains, providers])
    limit = f"DATE '{TODAY + timedelta(2)}'"
    clean = ", ".join(f"CASE WHEN {column} < {limit} THEN {column} END AS {name}" for name, column in DATES.items())
    future = " OR ".join(f"{column} >= {limit}" for column in DATES.values())
    early = " OR ".join(f"{column} < DATE '1990-01-01'" for column in DATES.values())
    sql = (
        f"SELECT provider, stream, {_case('greatest(human, click, buy)', 'greatest(opens, human)')} AS with_opens, "  # noqa: S608 - a path of our own
        f"{_case('greatest(click, buy)', 'greatest(opens, human)')} AS without_opens, count(*) AS n, "
        f"count_if(future), count_if(early) FROM (SELECT provider, stream, {future} AS future, {early} AS early, "
        f"{clean} FROM read_parquet('{path}') AS list JOIN providers ON lower(list.domain) = providers.domain) "
        f"GROUP BY ALL"
    )
    return lambda: connection.execute(sql).fetchall()


def sql_counts(rows: Any) -> Counts:
    """Counts of :func:`plain_sql`."""
    out: Counts = {}
    for provider, stream, with_opens, without, n, *_ in rows:
        for view, tier in (("with", with_opens), ("without", without)):
            key = f"{view}/{provider}/{stream}/{tier}"
            out[key] = out.get(key, 0) + n
    return out


def in_pandas(path: Path) -> Callable[[], Any]:
    """All rows in memory."""
    import duckdb
    import numpy as np
    import pandas as pd

    from warmup.providers import classify

    labels = ["engaged_0_30", "engaged_31_60", "engaged_61_90", "engaged_91_180", "engaged_181_365"]

    def run() -> Any:
        # pandas reads parquet only with pyarrow, which is no dependency: DuckDB hands the columns over.
        frame = duckdb.connect().execute(f"SELECT * FROM read_parquet('{path}')").df()  # noqa: S608 - a path of our own
        names = frame["domain"].unique()
        groups = {name: match.group for name, match in classify(names).items()}
        age = {name: (pd.Timestamp(TODAY) - frame[column]).dt.days for name, column in DATES.items()}
        out = []
        for view in (("human", "click", "buy"), ("click", "buy")):
            last = pd.concat([age[name] for name in view], axis=1).min(axis=1)
            opened = pd.concat([age["human"], age["opens"]], axis=1).min(axis=1)
            tests = [last <= 30, age["signup"] <= 30, *(last <= days for days in (60, 90, 180, 365)), opened <= 365]
            choices = [labels[0], "new_signup_30d", *labels[1:], "machine_open_only"]
            tier = np.select([test.to_numpy() for test in tests], choices, "older_or_never")
            keys = [frame["domain"].map(groups), frame["stream"], pd.Series(tier, index=frame.index)]
            out.append(frame.groupby(keys).size())
        return out

    return run


def pandas_counts(sums: Any) -> Counts:
    """Counts of :func:`in_pandas`."""
    views = zip(("with", "without"), sums, strict=True)
    return {"/".join((view, *key)): int(n) for view, one in views for key, n in one.items()}


def on_spark(path: Path) -> Callable[[], Any]:
    """The product's SELECT on a local Spark session."""
    from warmup.traffic.recipients.rule import Rule
    from warmup.traffic.recipients.warehouse import connect, read_table

    connect("spark")
    return lambda: read_table("spark", str(path), Rule(TODAY), smallest_domain=10**12)


OURS, PLAIN, PANDAS, SPARK = "ours", "plain DuckDB SQL", "pandas", "ours on Spark"

ENGINES: dict[str, tuple[Callable[[Path], Callable[[], Any]], Callable[[Any], Counts]]] = {
    OURS: (ours, ours_counts),
    PLAIN: (plain_sql, sql_counts),
    PANDAS: (in_pandas, pandas_counts),
    SPARK: (on_spark, ours_counts),
}


def peak(process: int) -> float:
    """Largest memory of a process so far, in MB."""
    status = Path(f"/proc/{process}/status")
    if status.exists():  # what getrusage() says holds the parent's memory from before the program was started
        lines = status.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)


def java() -> list[int]:
    """The process of Java, if there is one; PySpark says it nowhere else."""
    spark = sys.modules.get("pyspark")
    gateway = spark.SparkContext._gateway if spark else None
    return [gateway.proc.pid] if gateway else []


def child(engine: str, path: Path) -> None:
    """Run one engine and print what it took."""
    prepare, counts = ENGINES[engine]
    run = prepare(path)
    start = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - start
    megabytes = sum(peak(process) for process in [os.getpid(), *java()])
    print(json.dumps({"seconds": seconds, "megabytes": megabytes, "counts": counts(result)}))


def call(*arguments: str | Path) -> str:
    """This script in a process of its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def compare(path: Path, rounds: int, once: list[str]) -> bool:
    """Run the engines, print what they took, and say whether the bars hold."""
    runs: dict[str, list[dict[str, Any]]] = {engine: [] for engine in (OURS, PLAIN, *once)}
    for _ in range(rounds):
        for engine in (OURS, PLAIN):  # in turns: a busy moment of the machine falls on both of them
            runs[engine].append(json.loads(call("--child", engine, "--file", path)))
    for engine in once:
        runs[engine].append(json.loads(call("--child", engine, "--file", path)))
    seconds = {engine: statistics.median(run["seconds"] for run in done) for engine, done in runs.items()}
    megabytes = {engine: max(run["megabytes"] for run in done) for engine, done in runs.items()}
    for engine in runs:
        ratio = seconds[engine] / seconds[PLAIN]
        print(f"{engine:18} {seconds[engine]:7.2f} s  {ratio:6.2f} x  {megabytes[engine]:7,.0f} MB")
    equal = all(run["counts"] == runs[OURS][0]["counts"] for done in runs.values() for run in done)
    ratio = seconds[OURS] / seconds[PLAIN]
    print(f"counts equal: {'yes' if equal else 'NO'}")
    print(f"time: {ratio:.2f} x plain SQL = {ratio / TIME_BAR:.2f} of the bar (<= {TIME_BAR} x)")
    print(f"memory: {megabytes[OURS]:,.0f} MB = {megabytes[OURS] / MEMORY_BAR:.2f} of the bar (< {MEMORY_BAR} MB)")
    return equal and ratio <= TIME_BAR and megabytes[OURS] < MEMORY_BAR


def fits(millions: int) -> bool:
    """Whether pandas can hold so many recipients here; said if not."""
    needed, free = millions * 1e6 * PANDAS_BYTES, _available()
    if needed > free:
        print(f"pandas is left out: it would take about {needed / 1e9:.0f} GB, and {free / 1e9:.0f} GB are free")
    return needed <= free


def _available() -> float:
    """Bytes of memory that a new process can have."""
    lines = Path("/proc/meminfo")
    if not lines.exists():
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")) / 2
    text = lines.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024.0 for line in text if line.startswith("MemAvailable"))


def main() -> int:
    parser = argparse.ArgumentParser(description="Recipients to engagement tiers.")
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, metavar="MILLIONS", help="millions of recipients")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help="runs of ours and of plain SQL")
    parser.add_argument("--no-pandas", action="store_true", help="without pandas")
    parser.add_argument("--spark", action="store_true", help="also on a Spark session of this machine")
    parser.add_argument("--child", choices=[*ENGINES, "generate"], help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child == "generate":
        generate(given.file, given.rows[0])
        return 0
    if given.child:
        child(given.child, given.file)
        return 0
    held = True
    for millions in given.rows:
        with tempfile.TemporaryDirectory(prefix="warmup-") as folder:
            path = Path(folder) / "recipients.parquet"
            call("--child", "generate", "--rows", str(millions), "--file", path)
            size = path.stat().st_size / 1e6
            print(f"{millions} million recipients, {size:,.0f} MB of parquet, median of {given.rounds}", flush=True)
            once = [PANDAS] if not given.no_pandas and fits(millions) else []
            held &= compare(path, given.rounds, once + [SPARK] * given.spark)
    return int(not held)


if __name__ == "__main__":
    sys.exit(main())
