"""Recipient files counted by DuckDB: bounded memory, damaged lines and dates counted, no address kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.traffic.columns import normal
from warmup.traffic.recipients.columns import ROLES, STANDING, Columns, assign, is_mailchimp
from warmup.traffic.recipients.damage import MAX_BAD, damage_notes, damage_of, forget
from warmup.traffic.recipients.files import Opened, Part, opened
from warmup.traffic.recipients.inputs import Paths, path_of
from warmup.traffic.recipients.rule import EARLIEST, Rule
from warmup.traffic.recipients.select import Source, day, select
from warmup.traffic.recipients.tiers import Counted, RecipientTiers, finish
from warmup.traffic.supply import Note
from warmup.traffic.wording import counted, quote, some

if TYPE_CHECKING:
    import duckdb

    from warmup.traffic.recipients.mapping import DomainMapping

UNREAD_COLUMN = 0.5
"""Share of a column's filled values above which unreadable dates mean that its form is not known."""


def read_recipients(
    paths: Paths,
    rule: Rule,
    *,
    columns: Mapping[str, str] | None = None,
    mapping: DomainMapping | None = None,
    smallest_domain: int = 20,
    max_bad: float = MAX_BAD,
    name: str = "",
) -> RecipientTiers:
    """Count the recipients of a list by mailbox provider, stream and engagement tier.

    What somebody counted already is read as well: the result of the printed SELECT
    (:func:`~warmup.traffic.recipients.result.read_result`; its own day holds), and counts by provider and tier
    (:func:`~warmup.traffic.recipients.given.read_counts`).

    Args:
        paths: One or several files, folders or patterns: CSV (plain, gzip, zstd) or parquet, or one workbook. One
            recipient (per stream) a row; rows of several parts add up, whoever stands in two counts twice. Of an
            address only what follows the @ is used, while it is read.
        rule: The tiers as of the day of the export.
        columns: Role to column, where their names do not speak for themselves
            (see :func:`warmup.traffic.recipients.columns.assign`).
        mapping: Domains to planning groups; default: the catalogue.
        smallest_domain: Domains that nobody knows with fewer recipients are rolled into ``other``: few people are
            somebody.
        max_bad: Share (0-1) of damaged lines up to which the rest is believed.
        name: What messages call the list; default: its path.

    Raises:
        InputError: The list or its columns cannot be used, or too much of it is damaged.
    """
    from warmup.traffic.recipients.given import is_counts, read_counts
    from warmup.traffic.recipients.result import is_result, result_of

    with opened(paths, name) as file:
        if not columns and is_result(file.header):
            return result_of(file, mapping, smallest_domain)
        if columns or not is_counts(file.header):
            return _count_list(file, rule, columns, mapping, smallest_domain, max_bad)
        (part, *others) = file.parts
        if others or len(part.files) > 1:
            raise InputError(Problem(file.name, "are several tables of counts", "name one"))
        path = path_of(part.files[0])
    return read_counts(path, rule, name=file.name)


def _count_list(
    file: Opened,
    rule: Rule,
    columns: Mapping[str, str] | None,
    mapping: DomainMapping | None,
    smallest_domain: int,
    max_bad: float,
) -> RecipientTiers:
    chosen = assign_parts(file, columns)
    file, source = _count(file, chosen, rule)
    (rows,) = file.connection.execute("SELECT coalesce(sum(recipients), 0) FROM counted").fetchone() or (0,)
    damage = damage_of(file, int(rows), max_bad)
    notes = [*_part_notes(file), *damage_notes(file, damage), *_odd_dates(file, source, chosen[0], rule)]
    told = Counted(file.name, rule, source.signals, tuple(notes), damage.count)
    return finish(file.connection, told, mapping, smallest_domain)


def assign_parts(file: Opened, given: Mapping[str, str] | None) -> list[Columns]:
    """Columns of every part of a list.

    Raises:
        InputError: A part's columns cannot be used, or do not say the same as the first one's.
    """
    chosen: list[Columns] = []
    problems: list[Problem] = []
    for part in file.parts:
        try:
            chosen.append(assign(part.header, part.name, given))
        except InputError as error:
            problems += error.problems
            continue
        first, own = chosen[0], chosen[-1]
        differ = [role for role in ROLES if bool(own.of(role)) != bool(first.of(role))]
        if differ:
            what = f"has other columns than {file.parts[0].name}: only one of them has {some(differ, len(ROLES))}"
            problems.append(Problem(part.name, what, "name only the parts of one list"))
    if problems:
        raise InputError(problems)
    return chosen


def source_of(file: Opened, chosen: list[Columns]) -> Source:
    """What the SELECT reads: the columns of the only part, or those of all parts under one name."""

    def expressions(part: Part, columns: Columns) -> tuple[str, str, dict[str, str]]:
        stream = part.text(columns.stream) if columns.stream else "''"
        dates = {signal: part.day(column) for signal, column in columns.dates.items()}
        return part.text(columns.domain or columns.address), stream, dates

    is_address = not chosen[0].domain
    if len(chosen) == 1:
        name, stream, dates = expressions(file.parts[0], chosen[0])
        return Source(file.parts[0].relation, name, is_address, stream, dates)
    by_part = dict(zip((id(part) for part in file.parts), chosen, strict=True))

    def select_part(part: Part) -> list[str]:
        name, stream, dates = expressions(part, by_part[id(part)])
        return [f"{name} AS name", f"{stream} AS stream", *(f"{sql} AS {signal}" for signal, sql in dates.items())]

    signals = {signal: signal for signal in chosen[0].signals}
    return Source(f"({file.union(select_part)}) AS list", "name", is_address, "stream", signals)


def _count(file: Opened, chosen: list[Columns], rule: Rule) -> tuple[Opened, Source]:
    """Create the table ``counted``, one row per domain, stream and tiers; what was read, and how."""
    import duckdb

    source = source_of(file, chosen)
    try:
        try:
            file.connection.execute(f"CREATE TEMP TABLE counted AS {select(source, rule)}", file.parameters)
        except duckdb.InvalidInputException:
            if file.unit != "line":
                raise
            forget(file)
            file = file.lenient
            source = source_of(file, chosen)
            file.connection.execute(f"CREATE TEMP TABLE counted AS {select(source, rule)}", file.parameters)
        return file, source
    except duckdb.OutOfMemoryException:
        what = "names more different domains and streams than fit into memory"
        raise InputError(Problem(file.name, what, "check which column holds them, or export it as parquet")) from None
    except duckdb.Error as error:
        # What the engine says may quote a line of the file, and with it an address.
        what = f"cannot be read ({type(error).__name__})"
        raise InputError(Problem(file.name, what, "check that the file is complete")) from None


def _part_notes(file: Opened) -> list[Note]:
    notes = [note for part in file.parts for note in part.notes]
    files = sum(len(part.files) for part in file.parts)
    if files > 1:
        text = f"{files:,} files are read as parts of one list; whoever stands in two of them counts twice."
        notes.append(Note("info", text, file.name))
    standing = dict.fromkeys(column for part in file.parts for column in part.header if normal(column) in STANDING)
    if standing:
        text = (
            f"{some(map(quote, standing))} may say who gets no mail; nobody is left out for it. Ask for a list of "
            "those who are mailed: others would make the audience look larger, and its tiers older."
        )
        notes.append(Note("warning", text, file.name))
    if any(is_mailchimp(part.header) for part in file.parts):
        text = (
            "An audience exported from Mailchimp holds no dates of opens or clicks. MEMBER_RATING is a grade and no "
            "date, it is not used; ask for the activity of each campaign."
        )
        notes.append(Note("info", text, file.name))
    return notes


def _odd_dates(file: Opened, source: Source, columns: Columns, rule: Rule) -> list[Note]:
    """Say by column how many dates are in the future or impossible; the file is read again only if there are any.

    Raises:
        InputError: Most of a column's dates cannot be read: a form that is not known would look like "never".
    """
    sums = "SELECT sum(future_dates), sum(impossible_dates) FROM counted"
    if not any(file.connection.execute(sums).fetchone() or (0,)):
        return []
    parts = ", ".join(
        f"count({sql}), count(CASE WHEN {sql} >= {day(rule.future)} THEN 1 END), "
        f"count(CASE WHEN {sql} < {day(EARLIEST)} THEN 1 END)"
        for sql in source.dates.values()
    )
    file.connection.execute(f"SELECT {parts} FROM {source.relation}", file.parameters)
    found = list(file.connection.fetchone() or ())
    forget(file)
    notes, problems = [], []
    for i, signal in enumerate(source.dates):
        filled, future, impossible = (int(value) for value in found[3 * i : 3 * i + 3])
        column = quote(columns.dates[signal])
        if impossible > filled * UNREAD_COLUMN:
            what = f"{column} holds {counted(impossible, 'value')} of {filled:,} that are no date of a mailing list"
            problems.append(Problem(file.name, what, "write the days as 2026-03-02, empty where there is none"))
        if future:
            text = f"{column} holds {counted(future, 'date')} later than {rule.as_of}: as if there were none."
            notes.append(Note("warning", text, file.name))
        if impossible:
            values = counted(impossible, "value")
            text = f"{column} holds {values} that cannot be dates of a mailing list: as if there were none."
            notes.append(Note("warning", text, file.name))
    if problems:
        raise InputError(problems)
    return notes


def odd_recipients(connection: duckdb.DuckDBPyConnection, name: str, rule: Rule) -> list[Note]:
    """Say how many recipients in the table ``counted`` have a date that cannot be, where no columns can be named."""
    row = connection.execute("SELECT sum(future_dates), sum(impossible_dates) FROM counted").fetchone()
    future, impossible = (int(value or 0) for value in row or (0, 0))
    texts = []
    if future:
        texts.append(f"{counted(future, 'recipient')} with a date later than {rule.as_of}: as if there were none.")
    if impossible:
        texts.append(f"{counted(impossible, 'recipient')} with what cannot be a date of a mailing list: as if none.")
    return [Note("warning", text, name) for text in texts]
