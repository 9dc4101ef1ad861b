"""``warmup traffic sql --dialect NAME``: the SELECT that counts recipients where they lie, for the customer to run."""

from __future__ import annotations

from datetime import date

import click

from warmup.cli.options import as_day, column_pairs


@click.command("sql")
@click.option("--dialect", required=True, metavar="NAME", help="Whose SQL: snowflake, bigquery, databricks, trino, …")
@click.option("--table", default="recipients", show_default=True, metavar="NAME", help="The table, with its schema.")
@click.option("--column", "columns", multiple=True, callback=column_pairs, metavar="ROLE=COLUMN",
              help="What a column is called there: domain, address, stream, human_open, any_open, click, "
                   "purchase, login, signup; repeat for more.")  # fmt: skip
@click.option(
    "--as-of",
    callback=as_day,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Day from which reactions are counted back; default: today.",
)
def command(dialect: str, table: str, columns: dict[str, str], as_of: date | None) -> None:
    """Print the SELECT that counts recipients by domain, stream and engagement tier.

    The customer runs it in their warehouse and sends its result as CSV: counts, no address, no password. Read it with
    `warmup traffic read --recipients RESULT.csv`.
    """
    from warmup.traffic.recipients.columns import assign
    from warmup.traffic.recipients.rule import Rule
    from warmup.traffic.recipients.warehouse import USUAL, sql

    rule = Rule(as_of or date.today())  # noqa: DTZ011 - the day of the person who prints it
    chosen = assign(tuple(columns.values()), "--column", columns) if columns else USUAL
    click.echo(sql(dialect, rule, table=table, columns=chosen))
