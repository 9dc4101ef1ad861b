"""The result of the SELECT that somebody else ran: counts by domain, fetched or as the CSV that came back."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from warmup.errors import InputError, Problem
from warmup.traffic.columns import normal
from warmup.traffic.recipients.counting import odd_recipients
from warmup.traffic.recipients.damage import damage_of
from warmup.traffic.recipients.files import Opened, Part, opened
from warmup.traffic.recipients.rule import SIGNALS, TIER_COLUMNS, Rule
from warmup.traffic.recipients.select import DESCRIPTION, RESULT, quoted
from warmup.traffic.recipients.tiers import Counted, RecipientTiers, finish
from warmup.traffic.wording import counted, quote, some

if TYPE_CHECKING:
    import duckdb

    from warmup.traffic.recipients.inputs import Paths
    from warmup.traffic.recipients.mapping import DomainMapping

_MOST = 10_000_000_000
"""Recipients in one row that are believed."""

_AGAIN = "save the result of the printed SELECT as CSV with its header, unchanged"


def read_result(
    paths: Paths, *, mapping: DomainMapping | None = None, smallest_domain: int = 20, name: str = ""
) -> RecipientTiers:
    """Read the result of a SELECT that was printed for a customer's warehouse.

    Args:
        paths: Its result as CSV, parquet or xlsx, in one file or several; the header may be in capitals.
        mapping: Domains to planning groups; default: the catalogue.
        smallest_domain: See :func:`warmup.traffic.recipients.counting.read_recipients`.
        name: What messages call the file; default: its path.

    Raises:
        InputError: It is not such a result, or rows of it are damaged.
    """
    with opened(paths, name) as file:
        return result_of(file, mapping, smallest_domain)


def result_of(file: Opened, mapping: DomainMapping | None, smallest_domain: int) -> RecipientTiers:
    """As :func:`read_result`, of what is open already."""
    _load_file(file)
    (rows,) = file.connection.execute("SELECT count(*) FROM counted").fetchone() or (0,)
    damage_of(file, int(rows), 0.0)
    rule, signals = _described(file)
    notes = odd_recipients(file.connection, file.name, rule)
    return finish(file.connection, Counted(file.name, rule, signals, tuple(notes)), mapping, smallest_domain)


def is_result(header: tuple[str, ...]) -> bool:
    """Whether a file's columns are those of a result rather than of a list."""
    return {*RESULT, *DESCRIPTION} <= {normal(column) for column in header}


def load(connection: duckdb.DuckDBPyConnection, fetched: Any) -> None:
    """Create the table ``counted`` from an Arrow table with the columns of a result, in capitals or not."""
    connection.register("fetched", fetched.rename_columns([name.lower() for name in fetched.column_names]))
    columns = ", ".join(RESULT)
    connection.execute(f"CREATE TEMP TABLE counted AS SELECT {columns} FROM fetched")


def _load_file(file: Opened) -> None:
    import duckdb

    wanted = (*RESULT, *DESCRIPTION)
    problems = []
    for part in file.parts:
        missing = set(wanted) - {normal(column) for column in part.header}
        if missing:
            names = some([column for column in wanted if column in missing], 10)
            problems.append(Problem(part.name, f"has no column {names}", _AGAIN))
    if problems:
        raise InputError(problems)

    def columns(part: Part) -> list[str]:
        position = {normal(column): column for column in reversed(part.header)}
        texts = {column: part.text(position[column]) for column in wanted}
        whole = {column: f"TRY_CAST(trim({texts[column]}) AS BIGINT)" for column in RESULT[2:]}
        return [f"{sql} AS {quoted(column)}" for column, sql in (texts | whole).items()]

    sql = f"CREATE TEMP TABLE counted AS {file.union(columns)}"
    try:
        file.connection.execute(sql, file.parameters)
    except duckdb.Error as error:
        raise InputError(Problem(file.name, f"cannot be read ({type(error).__name__})", _AGAIN)) from None
    _check(file)


def _check(file: Opened) -> None:
    last = len(TIER_COLUMNS) - 1
    tiers = " OR ".join(f"{tier} IS NULL OR {tier} NOT BETWEEN 0 AND {last}" for tier in RESULT[2:4])
    counts = " OR ".join(f"{count} IS NULL OR {count} NOT BETWEEN 0 AND {_MOST}" for count in RESULT[4:])
    row = file.connection.execute(
        f"SELECT count(CASE WHEN {tiers} THEN 1 END), count(CASE WHEN {counts} THEN 1 END), "
        "count(CASE WHEN strpos(recipient_domain, '@') > 0 THEN 1 END) FROM counted"
    ).fetchone()
    wrong_tiers, wrong_counts, addresses = row or (0, 0, 0)
    problems = []
    if wrong_tiers:
        problems.append(Problem(file.name, f"{counted(wrong_tiers, 'row')} without a tier from 0 to {last}", _AGAIN))
    if wrong_counts:
        what = f"{counted(wrong_counts, 'row')} without a whole number of recipients or dates"
        problems.append(Problem(file.name, what, _AGAIN))
    if addresses:
        problems.append(Problem(file.name, f"{counted(addresses, 'row')} hold an address for a domain", _AGAIN))
    if problems:
        raise InputError(problems)


def _described(file: Opened) -> tuple[Rule, tuple[str, ...]]:
    """The day and the signals that a result was counted by."""
    found = file.connection.execute("SELECT DISTINCT CAST(as_of AS VARCHAR), signals FROM counted LIMIT 3").fetchall()
    if len(found) != 1:
        what = "has no rows" if not found else "holds results of more than one SELECT"
        raise InputError(Problem(file.name, what, _AGAIN))
    as_of, signals = (str(value or "").strip() for value in found[0])
    try:
        day = date.fromisoformat(as_of[:10])
    except ValueError:
        raise InputError(Problem(file.name, f"as_of {quote(as_of)} is no date", _AGAIN)) from None
    names = tuple(signals.split())
    if not names or not set(names) <= set(SIGNALS):
        raise InputError(Problem(file.name, f"signals {quote(signals)} are not known", _AGAIN))
    return Rule(day), names
