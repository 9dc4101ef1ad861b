from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pytest

from tests.traffic.recipients.lists import DATES, HEADER, RULE, ago, row, write_parquet
from warmup.errors import InputError, UndeterminedError
from warmup.traffic.recipients import warehouse
from warmup.traffic.recipients.columns import Columns
from warmup.traffic.recipients.counting import read_recipients
from warmup.traffic.recipients.result import read_result
from warmup.traffic.recipients.select import RESULT, Source, select
from warmup.traffic.recipients.warehouse import DIALECTS, connect, read_table, sql

if TYPE_CHECKING:
    from warmup.traffic.recipients.tiers import RecipientTiers

pytestmark = pytest.mark.filterwarnings("ignore")  # of the engines' own making

DOMAINS = ("gmail.com", "Yahoo.com", "someone@corp.example", '"a@b"@corp.example', "@gmx.de", "", None, "local")
AGES = (None, 0, 30, 31, 60, 61, 90, 91, 180, 181, 365, 366, 20_000, -1, -2)
SIGNALS = tuple(DATES)


ODD = (None, "", "@", "a@", "@@", "GMAIL.COM", "x@GMAIL.com", " gmx.de ", "a@b@c@d@e@f.example", "'; --", "%_\\\\",
       "a\tb.example", "x@" + "long" * 90 + ".example", '"q@r"@corp.example', "gmail.com.")  # fmt: skip
STREAMS = (None, "", "news", "News", " news ", "it's; --", "NULL", "\\n", "Übung")


def rows() -> list[dict[str, Any]]:
    """Every age of every signal, pairs of them, NULLs, odd domains and streams."""
    made = [
        row(DOMAINS[i % 3], ("news", "promo", None)[i % 2], **{signal: None if age is None else ago(age)})
        for i, (signal, age) in enumerate((signal, age) for signal in SIGNALS for age in AGES)
    ]
    for i in range(200):
        ages = [AGES[(i * k + k) % len(AGES)] for k in (1, 2, 4, 7, 11, 13)]
        dates = {signal: None if age is None else ago(age) for signal, age in zip(SIGNALS, ages, strict=True)}
        made.append(row(DOMAINS[i % len(DOMAINS)], ("news", "promo", None)[i % 3], **dates))
    return made + generated(random.Random(20261123))


def generated(chance: random.Random) -> list[dict[str, Any]]:
    """Any day of any signal or NULL, at names and streams that engines could read in different ways."""
    return [
        row(
            chance.choice(ODD) if chance.random() < 0.5 else f"d{chance.randrange(40)}.Example",
            chance.choice(STREAMS),
            **{
                signal: None if chance.random() < 0.4 else ago(chance.choice((*AGES[1:], chance.randrange(800))))
                for signal in SIGNALS
            },
        )
        for _ in range(1500)
    ]


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_parquet(tmp_path_factory.mktemp("list") / "list.parquet", rows())


def same(found: RecipientTiers, expected: RecipientTiers) -> None:
    for name in ("counts", "with_opens", "without_opens"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(expected, name), obj=name)
    for name in ("recipients", "unclassified", "rolled_up", "no_domain", "future_dates", "impossible_dates", "signals"):
        assert getattr(found, name) == getattr(expected, name), name
    assert found.future_dates
    assert found.impossible_dates


def texts() -> list[list[str | None]]:
    return [[None if one[name] is None else str(one[name]) for name in HEADER] for one in rows()]


class Engine:
    """What an engine sent back, besides what became of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fetched: list[dict[str, Any]] = []
        plain = warehouse.load

        def load(connection: Any, fetched: Any) -> None:
            self.fetched = fetched.to_pylist()
            plain(connection, fetched)

        monkeypatch.setattr(warehouse, "load", load)

    def counts_as_duckdb_does(self, url: str, table: str, parquet: Path) -> None:
        """The table of the SELECT is the same to the last NULL, and so is what is made of it."""
        same(read_table(url, table, RULE), read_recipients(parquet, RULE))
        assert sorted(map(repr, self.rows())) == sorted(map(repr, expected_rows(parquet)))

    def rows(self) -> list[tuple[Any, ...]]:
        return [
            tuple({name.lower(): value for name, value in one.items()}[name] for name in RESULT) for one in self.fetched
        ]


def expected_rows(parquet: Path) -> list[tuple[Any, ...]]:
    source = Source(f"read_parquet('{parquet}')", "domain", is_address=False, stream="stream", dates=DATES)
    with duckdb.connect() as connection:
        found = connection.execute(select(source, RULE)).fetchall()
    assert {None} < {name for name, *_ in found}
    assert {None} < {stream for _, stream, *_ in found}
    return found


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine(monkeypatch)


@pytest.mark.parametrize("kind", ["date", "text"])
def test_sqlite_counts_as_duckdb_does(tmp_path, parquet, engine, kind):
    with sqlite3.connect(tmp_path / "crm.db") as connection:
        dates = ", ".join(f"{column} {kind}" for column in DATES.values())
        connection.execute(f"CREATE TABLE people (domain text, stream text, {dates})")
        connection.executemany(f"INSERT INTO people VALUES ({', '.join('?' * len(HEADER))})", texts())
    connection.close()
    engine.counts_as_duckdb_does(f"sqlite:///{tmp_path}/crm.db", "people", parquet)


@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP", "VARCHAR"])
def test_ibis_on_duckdb_counts_as_duckdb_does(tmp_path, parquet, engine, kind):
    with duckdb.connect(str(tmp_path / "file.duckdb")) as connection:
        dates = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column in DATES.values())
        connection.execute("CREATE SCHEMA crm")
        connection.execute(f"CREATE TABLE crm.people AS SELECT domain, stream, {dates} FROM read_parquet('{parquet}')")
    engine.counts_as_duckdb_does(f"duckdb://{tmp_path}/file.duckdb", "crm.people", parquet)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A PostgreSQL of its own on a Unix socket in a private folder."""
    programs = [shutil.which("initdb") or next(iter(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)]
    if programs[0] is None:
        pytest.skip("PostgreSQL is not installed: run `make system`")
    folder = Path(tempfile.mkdtemp(prefix="warmup-pg-"))
    data, bin_folder = folder / "data", Path(programs[0]).resolve().parent
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    control = [*as_user, str(bin_folder / "pg_ctl"), "-D", str(data), "-s", "-w"]
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    try:
        initdb = [*as_user, str(bin_folder / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "-N"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder)
        start = [*control, "-o", options, "-l", str(folder / "log"), "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, cwd=folder)
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.system
@pytest.mark.parametrize("kind", ["date", "timestamp"])
def test_postgresql_counts_as_duckdb_does(postgres, parquet, engine, kind):
    import psycopg

    with psycopg.connect(postgres) as connection:
        dates = ", ".join(f"{column} {kind}" for column in DATES.values())
        connection.execute(f'CREATE TABLE "People_{kind}" (domain text, stream text, {dates})')
        with connection.cursor() as cursor:
            cursor.executemany(f'INSERT INTO "People_{kind}" VALUES ({", ".join(["%s"] * len(HEADER))})', texts())
    engine.counts_as_duckdb_does(postgres, f"People_{kind}", parquet)


@pytest.mark.system
def test_postgresql_dates_as_text_need_a_view(postgres):
    import psycopg

    with psycopg.connect(postgres) as connection:
        connection.execute("CREATE TABLE texts (domain text, last_click text)")
    with pytest.raises(InputError) as error:
        read_table(postgres, "texts", RULE)
    assert str(error.value) == "texts: 'last_click' is string, not a date; make a view in which it is a DATE"


@pytest.fixture(scope="session")
def spark() -> Iterator[str]:
    """A Spark session of this machine, started once: that takes longer than what it is asked."""
    if shutil.which("java") is None:
        pytest.skip("Java is not installed: run `make system`")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        backend = connect("spark")
    yield "spark"
    backend._session.stop()


@pytest.mark.system
def test_spark_counts_as_duckdb_does(spark, parquet, engine):
    engine.counts_as_duckdb_does(spark, str(parquet), parquet)


@pytest.mark.slow
@pytest.mark.system
@pytest.mark.parametrize("kind", ["TIMESTAMP", "VARCHAR"])
def test_spark_reads_other_kinds_of_dates_and_folders(tmp_path, spark, parquet, engine, kind):
    dates = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column in DATES.values())
    (tmp_path / "list").mkdir()
    with duckdb.connect() as connection:
        for part in (0, 1):
            rest = f"SELECT domain, stream, {dates} FROM read_parquet('{parquet}', file_row_number = true)"
            rest += f" WHERE file_row_number % 2 = {part}"
            connection.execute(f"COPY ({rest}) TO '{tmp_path}/list/part-{part}.parquet' (FORMAT parquet)")
    engine.counts_as_duckdb_does(spark, str(tmp_path / "list"), parquet)


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@pytest.mark.parametrize("address", [False, True])
def test_every_dialect_is_printed_and_is_its_own(dialect, address):
    import sqlglot

    columns = Columns("" if address else "domain", "email" if address else "", "stream", DATES)
    text = sql(dialect, RULE, table="crm.people", columns=columns)
    tree = sqlglot.parse_one(text, read=DIALECTS[dialect])
    assert [one.alias_or_name for one in tree.selects][-2:] == ["as_of", "signals"]
    functions = {type(one).__name__ for one in tree.find_all(sqlglot.exp.Func)}
    assert not functions & {"Greatest", "DateAdd", "DateSub", "DateDiff", "Anonymous"}
    assert "crm.people" in text.replace("`", "").replace('"', "")


def test_names_are_quoted_only_where_they_must_be():
    text = sql("snowflake", RULE, table="CRM.people", columns=Columns("domain", dates={"click": "order"}))
    assert '"ORDER"' in text
    assert '"order"' in sql("postgres", RULE, columns=Columns("domain", dates={"click": "order"}))
    assert '"CRM".people' in text
    assert " domain AS name_0" in text


def test_an_unknown_dialect_is_said():
    with pytest.raises(InputError, match="'cobol' is no dialect that is known; take one of athena, bigquery"):
        sql("cobol", RULE)


@pytest.mark.parametrize("capitals", [False, True])
def test_the_result_of_the_printed_select_comes_back(tmp_path, parquet, capitals):
    columns = Columns("domain", stream="stream", dates=DATES)
    text = sql("duckdb", RULE, table="people", columns=columns)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW people AS FROM read_parquet('{parquet}')")
        frame = connection.execute(text).df()
    if capitals:
        frame.columns = frame.columns.str.upper()
    frame.to_csv(tmp_path / "result.csv", index=False)
    assert "@" not in (tmp_path / "result.csv").read_text()
    same(read_result(tmp_path / "result.csv"), read_recipients(parquet, RULE))


def test_what_does_not_connect_is_undetermined(tmp_path):
    with pytest.raises(UndeterminedError) as error:
        connect("postgresql://nobody:secret@127.0.0.1:1/none")
    assert "secret" not in str(error.value)
    with pytest.raises(InputError, match="cannot be opened as a table"):
        read_table(f"sqlite:///{tmp_path}/x.db", "nothing", RULE)
