"""The SELECT where the customer's data is: printed for any warehouse, or run on one by ibis.

The text of :mod:`warmup.traffic.recipients.select` is spelled in the warehouse's dialect by sqlglot, which ibis brings:
what is printed, what runs there and what DuckDB runs on a file are the same SELECT. ibis is an extra
(``ipwarmup[warehouse]``, ``ipwarmup[spark]``) and imported only here.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.errors import InputError, Problem, UndeterminedError
from warmup.traffic.recipients.columns import Columns, assign
from warmup.traffic.recipients.counting import odd_recipients
from warmup.traffic.recipients.result import load
from warmup.traffic.recipients.rule import TIER_COLUMNS, Rule
from warmup.traffic.recipients.select import RESULT, Source, quoted, select
from warmup.traffic.recipients.tiers import Counted, RecipientTiers, finish
from warmup.traffic.wording import quote

if TYPE_CHECKING:
    from warmup.traffic.recipients.mapping import DomainMapping

DIALECTS: dict[str, str] = {
    name: name
    for name in ("athena", "bigquery", "clickhouse", "databricks", "duckdb", "hive", "mysql", "oracle", "postgres",
                 "presto", "redshift", "snowflake", "spark", "sqlite", "trino")
} | {"mssql": "tsql", "postgresql": "postgres", "pyspark": "spark"}  # fmt: skip
"""What ``sql`` can be printed for, and what sqlglot calls it."""

USUAL = Columns(
    domain="domain",
    stream="stream",
    dates={
        "human_open": "last_open_human",
        "any_open": "last_open_any",
        "click": "last_click",
        "purchase": "last_purchase",
        "signup": "signup_date",
    },
)
"""Columns that a printed SELECT names where nothing else is said."""

_TRIES = frozenset({"bigquery", "databricks", "duckdb", "snowflake", "spark", "sqlite", "trino", "tsql"})
"""Dialects with a cast that gives NULL for what is no date."""

_CAPITALS = frozenset({"snowflake", "oracle"})
"""Dialects in which a name without quotes means the one in capitals."""

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def sql(dialect: str, rule: Rule, *, table: str = "recipients", columns: Columns = USUAL) -> str:
    """The SELECT for a customer to run.

    Its result comes back as CSV through :func:`warmup.traffic.recipients.result.read_result`.

    Args:
        dialect: One of :data:`DIALECTS`.
        rule: The tiers as of the day it will be run.
        table: Name of the table, with schema where needed (``crm.recipients``).
        columns: Its columns; names are taken as the warehouse understands them without quotes.

    Raises:
        InputError: The dialect is not known.
        UndeterminedError: ibis is not installed.
    """
    known = DIALECTS.get(dialect.lower())
    if known is None:
        fix = f"take one of {', '.join(sorted(DIALECTS))}"
        raise InputError(Problem("--dialect", f"{quote(dialect)} is no dialect that is known", fix))
    dates = {signal: f"CAST({quoted(column)} AS DATE)" for signal, column in columns.dates.items()}
    tree = _parse(select(_source(_table(table), columns, dates), rule, described=True))
    text = _spell(_unquoted(tree, known), known, pretty=True)
    tiers = ", ".join(f"{i} {name}" for i, name in enumerate(TIER_COLUMNS))
    return (
        f"-- Recipients by domain, stream and engagement tier as of {rule.as_of}. No address is in the result.\n"
        f"-- Tiers: {tiers}.\n"
        "-- tier_without_opens goes by clicks, purchases, logins and sign-ups alone: 6 is then who opened, a person\n"
        "-- or a machine, and did nothing else.\n"
        f"-- Save the result as CSV with its header.\n{text}\n"
    )


def read_table(
    url: str,
    table: str,
    rule: Rule,
    *,
    columns: Mapping[str, str] | None = None,
    mapping: DomainMapping | None = None,
    smallest_domain: int = 20,
) -> RecipientTiers:
    """Count the recipients of a warehouse table where it lies; only counts by domain are fetched.

    Args:
        url: What ibis connects to (``postgres://…``, ``sqlite:///crm.db``, ``snowflake://…``), or ``spark`` for a
            Spark session of this machine or of the environment.
        table: The table, with schema where needed; for Spark also a parquet file or folder.
        rule: The tiers as of the day of the data.
        columns: See :func:`warmup.traffic.recipients.columns.assign`.
        mapping: Domains to planning groups; default: the catalogue.
        smallest_domain: See :func:`warmup.traffic.recipients.counting.read_recipients`.

    Raises:
        InputError: There is no such table, or its columns cannot be used.
        UndeterminedError: ibis is not installed, or the warehouse does not answer.
    """
    import duckdb

    backend = connect(url)
    kinds = _kinds(backend, table)
    chosen = assign(tuple(kinds), table, columns)
    dialect = _dialect(backend)
    source = _source(_table(table if dialect != "spark" else _VIEW), chosen, _days(chosen, kinds, dialect, table))
    fetched = _run(backend, _spell(_parse(select(source, rule)), dialect), table)
    with duckdb.connect() as connection:
        load(connection, fetched)
        notes = tuple(odd_recipients(connection, table, rule))
        return finish(connection, Counted(table, rule, chosen.signals, notes), mapping, smallest_domain)


def connect(url: str) -> Any:
    """An ibis backend.

    Raises:
        UndeterminedError: ibis or the warehouse's driver is not installed, or nothing answers.
    """
    ibis = _ibis()
    try:
        if url == "spark":
            return _spark(ibis)
        return ibis.connect(url)
    except UndeterminedError:
        raise
    except ImportError as error:
        text = f"{error.name or 'a driver'} is not installed: install ipwarmup[warehouse] or ipwarmup[spark]"
        raise UndeterminedError(text) from None
    except Exception as error:  # noqa: BLE001 - every driver has errors of its own; their texts may hold a password
        raise UndeterminedError(f"cannot connect to the warehouse ({type(error).__name__})") from None


_VIEW = "warmup_recipients"

_CLUSTER = ("SPARK_HOME", "SPARK_CONF_DIR", "SPARK_REMOTE", "MASTER", "PYSPARK_SUBMIT_ARGS")
"""Variables that say which Spark to use."""


def _ibis() -> Any:
    try:
        return import_module("ibis")
    except ImportError:
        text = "this needs ibis, which is not installed: install ipwarmup[warehouse] or ipwarmup[spark]"
        raise UndeterminedError(text) from None


def _spark(ibis: Any) -> Any:
    """The session of the environment, or one of this machine that only this machine can reach."""
    # Otherwise its workers take the system's Python, which knows nothing of this environment.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = import_module("pyspark.sql").SparkSession.builder.appName("warmup")
    options = {"spark.sql.session.timeZone": "UTC", "spark.ui.showConsoleProgress": "false"}
    if not any(name in os.environ for name in _CLUSTER):
        builder = builder.master("local[*]")
        # One machine gains nothing from Spark's 200 parts of a shuffle.
        options |= {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "8"}
        options |= dict.fromkeys(("spark.driver.host", "spark.driver.bindAddress"), "127.0.0.1")
    for name, value in options.items():
        builder = builder.config(name, value)
    return ibis.pyspark.connect(builder.getOrCreate())


def _kinds(backend: Any, table: str) -> dict[str, Any]:
    """Columns of a table and their types."""
    try:
        if backend.name == "pyspark":
            # A view of one name for a table and for a folder of parquet; nothing is copied.
            session = backend._session
            frame = session.read.parquet(table) if _is_path(table) else session.table(table)
            frame.createOrReplaceTempView(_VIEW)
            return dict(backend.table(_VIEW).schema().items())
        *schema, name = table.split(".")
        return dict(backend.table(name, database=tuple(schema) or None).schema().items())
    except Exception as error:  # noqa: BLE001 - every driver has errors of its own
        what = f"cannot be opened as a table ({type(error).__name__})"
        raise InputError(Problem(table, what, "check its name and that you may read it")) from None


def _is_path(table: str) -> bool:
    return "/" in table or table.endswith(".parquet") or Path(table).exists()


def _dialect(backend: Any) -> str:
    known = DIALECTS.get(str(backend.name))
    if known is None:
        raise InputError(Problem("--engine", f"{backend.name} is no warehouse that this was written for"))
    return known


def _source(relation: str, columns: Columns, dates: Mapping[str, str]) -> Source:
    stream = quoted(columns.stream) if columns.stream else "''"
    return Source(relation, quoted(columns.domain or columns.address), not columns.domain, stream, dates)


def _days(columns: Columns, kinds: Mapping[str, Any], dialect: str, table: str) -> dict[str, str]:
    """Expressions of type DATE; text only where the warehouse can say that it holds no date."""
    dates, problems = {}, []
    for signal, column in columns.dates.items():
        kind, name = kinds[column], quoted(column)
        if kind.is_date() or kind.is_timestamp():
            dates[signal] = f"CAST({name} AS DATE)"
        elif kind.is_string() and dialect in _TRIES:
            filled = f"{name} IS NOT NULL AND {name} <> ''"
            read = f"TRY_CAST({name} AS DATE)"
            dates[signal] = f"CASE WHEN {filled} THEN COALESCE({read}, DATE '1900-01-01') END"
        else:
            what = f"{quote(column)} is {kind}, not a date"
            problems.append(Problem(table, what, "make a view in which it is a DATE"))
    if problems:
        raise InputError(problems)
    return dates


def _table(name: str) -> str:
    return ".".join(quoted(part) for part in name.split("."))


def _parse(text: str) -> Any:
    _ibis()
    return import_module("sqlglot").parse_one(text, read="duckdb")


def _spell(tree: Any, dialect: str, pretty: bool = False) -> str:
    return str(tree.sql(dialect=dialect, pretty=pretty))


def _unquoted(tree: Any, dialect: str) -> Any:
    """Names as people write them: quoted lower case is another name where the warehouse thinks in capitals."""
    sqlglot = import_module("sqlglot")
    keywords = sqlglot.Dialect.get_or_raise(dialect).tokenizer_class.KEYWORDS
    reserved = {word for keyword in keywords for word in keyword.split()}
    for name in tree.find_all(sqlglot.exp.Identifier):
        if not name.args.get("quoted") or not _PLAIN.fullmatch(name.name):
            continue
        if name.name.upper() not in reserved:
            name.set("quoted", False)
        elif dialect in _CAPITALS:
            name.set("this", name.name.upper())
    return tree


def _run(backend: Any, text: str, table: str) -> Any:
    try:
        # The types are said, because SQLite has none to tell.
        types = dict.fromkeys(RESULT[:2], "string") | dict.fromkeys(RESULT[2:], "int64")
        return backend.sql(text, schema=_ibis().schema(types)).to_pyarrow()
    except Exception as error:  # noqa: BLE001 - every driver has errors of its own, and they may quote values
        raise UndeterminedError(f"{table}: the warehouse could not count it ({type(error).__name__})") from None
