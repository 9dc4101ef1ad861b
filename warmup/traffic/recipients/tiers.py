"""From counts by domain to counts by mailbox provider: what a plan may know of the recipients."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from warmup.errors import InputError, Problem
from warmup.providers.names import normalise
from warmup.traffic.recipients.columns import NO_DOMAIN
from warmup.traffic.recipients.mapping import DomainMapping, by_catalogue
from warmup.traffic.recipients.rule import TIER_COLUMNS, Rule, days_of
from warmup.traffic.supply import OTHER, Note
from warmup.traffic.wording import counted, inert, one_line, percent

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

MAX_STREAMS = 500
"""More different values are no streams: the column holds something else."""

MOST_UNCLASSIFIED = 0.05
"""Share of recipients at unknown providers above which the note is a warning."""

_PLAIN = r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+"


@dataclass(frozen=True)
class Counted:
    """What is known of a list beside its counts.

    Attributes:
        name: What messages call it.
        rule: The tiers and their day.
        signals: Which dates there were.
        notes: What its reader had to say.
        damaged: Lines that could not be read.
    """

    name: str
    rule: Rule
    signals: tuple[str, ...]
    notes: tuple[Note, ...] = ()
    damaged: int = 0


@dataclass(frozen=True, eq=False)
class RecipientTiers:
    """Recipients by mailbox provider, stream and engagement tier; never a recipient.

    Attributes:
        counts: ``provider`` (planning group; the domain itself where nobody knows it and it is large enough; else
            ``other``), ``stream`` (empty: none named), and one column of counts per tier of
            :data:`~warmup.traffic.recipients.rule.TIER_COLUMNS`. Opens count where the list tells human ones.
        with_opens: The same, human opens counted; every open where the list cannot tell: an upper bound.
        without_opens: The same by clicks, purchases, logins and sign-ups only; whoever only opened stands in
            ``machine_open_only``.
        by_provider: ``provider``, ``stream`` and ``recipients``, whatever is known of their engagement.
        known: Whether engagement is known at all. Where it is not (the only dates are sign-ups), all recipients are one
            tier and the counts per tier are NA: unknown is not "never".
        rule: The tiers and their day.
        signals: Which dates the list had.
        recipients: Recipients counted.
        unclassified: Those of them at domains that nobody knows.
        rolled_up: Number of unknown domains that were too small to be named.
        no_domain: Rows without a recipient domain; left out.
        future_dates: Recipients with a date in the future.
        impossible_dates: Recipients with a date that cannot be.
        damaged: Lines that could not be read; left out.
        notes: What the reader must know.
    """

    counts: pd.DataFrame
    with_opens: pd.DataFrame
    without_opens: pd.DataFrame
    by_provider: pd.DataFrame
    known: bool
    rule: Rule
    signals: tuple[str, ...]
    recipients: int
    unclassified: int
    rolled_up: int
    no_domain: int
    future_dates: int
    impossible_dates: int
    damaged: int
    notes: tuple[Note, ...]

    def engaged(self) -> pd.DataFrame:
        """Recipients engaged within 30, 60, 90, 180 and 365 days: ``days``, ``with_opens``, ``without_opens``.

        NA where the list cannot tell.
        """
        import pandas as pd

        columns = {"with_opens": self.with_opens, "without_opens": self.without_opens}
        tiers = [tier for tier in TIER_COLUMNS if tier.startswith("engaged_")]
        table = pd.DataFrame({"days": [days_of(tier) for tier in tiers]})
        for name, frame in columns.items():
            sums = pd.Series({tier: frame[tier].sum(skipna=False) for tier in TIER_COLUMNS}, dtype="Int64")
            signups = sums[["new_signup_30d"]].fillna(0).sum()
            table[name] = (sums[tiers].cumsum(skipna=False) + signups).to_numpy(dtype=object)
        return table.astype(dict.fromkeys(columns, "Int64"))

    def save(self, path: Path) -> None:
        """Write the counts as CSV, as an audience of ``warmup plan`` reads them; whole or not at all.

        Tiers that are not known have no column; where none is, the recipients are written, and a plan does without.
        """
        table = (self.counts if self.known else self.by_provider).dropna(axis=1, how="all")
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(table.columns)
                for provider, stream, *numbers in table.itertuples(index=False):
                    writer.writerow([inert(one_line(provider)), inert(stream), *numbers])
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise


def finish(
    connection: duckdb.DuckDBPyConnection, told: Counted, mapping: DomainMapping | None, smallest_domain: int
) -> RecipientTiers:
    """Count by provider what the table ``counted`` of a connection holds by domain.

    Raises:
        InputError: No row has a recipient domain, or the stream column holds something else.
    """
    domains = _domains(connection)
    known = domains[domains["spelled"] != ""]
    lost = int(domains["recipients"].sum() - known["recipients"].sum())
    if known.empty:
        raise InputError(Problem(told.name, "names no recipient domain", NO_DOMAIN))
    who, unknown, small = _providers(known, mapping or by_catalogue(), smallest_domain)
    connection.register("who", who)
    rows = connection.execute(
        "SELECT provider, coalesce(trim(stream), '') AS stream, CAST(tier_with_opens AS INTEGER) AS tier_with_opens, "
        "CAST(tier_without_opens AS INTEGER) AS tier_without_opens, CAST(sum(recipients) AS BIGINT) AS recipients, "
        "CAST(sum(future_dates) AS BIGINT) AS future_dates, CAST(sum(impossible_dates) AS BIGINT) AS impossible_dates "
        "FROM counted JOIN who ON coalesce(counted.recipient_domain, '') = who.recipient_domain GROUP BY ALL"
    ).df()
    rows["stream"] = _streams(rows, told.name)
    with_opens, without = (_pivot(rows, f"tier_{view}") for view in ("with_opens", "without_opens"))
    totals = by_provider(with_opens)
    known_tiers = set(told.signals) != {"signup"}
    if not known_tiers:
        with_opens, without = (
            frame.assign(**dict.fromkeys(TIER_COLUMNS, _nothing(frame))) for frame in (with_opens, without)
        )
    result = RecipientTiers(
        counts=with_opens if "human_open" in told.signals else without,
        with_opens=with_opens,
        without_opens=without,
        by_provider=totals,
        known=known_tiers,
        rule=told.rule,
        signals=told.signals,
        recipients=int(known["recipients"].sum()),
        unclassified=unknown,
        rolled_up=small,
        no_domain=lost,
        future_dates=int(rows["future_dates"].sum()),
        impossible_dates=int(rows["impossible_dates"].sum()),
        damaged=told.damaged,
        notes=told.notes,
    )
    return _with_notes(result, told)


def _domains(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Unique domains as counted, their usual spelling (empty: no domain) and recipients."""
    frame = connection.execute(
        "SELECT coalesce(recipient_domain, '') AS recipient_domain, CAST(sum(recipients) AS BIGINT) AS recipients, "
        f"regexp_full_match(recipient_domain, '{_PLAIN}') AND length(recipient_domain) <= 253 AS plain "
        "FROM counted GROUP BY ALL"
    ).df()
    spelled = frame["recipient_domain"].to_numpy(dtype=object, copy=True)
    for i in (~frame["plain"].fillna(False).astype(bool)).to_numpy().nonzero()[0]:
        spelled[i] = normalise(spelled[i].strip().removesuffix(">").strip()) or ""
    return frame.assign(spelled=spelled)


def _providers(known: pd.DataFrame, mapping: DomainMapping, smallest: int) -> tuple[pd.DataFrame, int, int]:
    """Provider of every domain as counted; recipients at unknown domains; unknown domains too small to be named."""
    sums = known.groupby("spelled", sort=False)["recipients"].sum()
    groups = mapping(sums.index.tolist())
    unknown = {name: int(count) for name, count in sums.items() if name not in groups}
    small = {name for name, count in unknown.items() if count < smallest}
    provider = [groups.get(name) or (OTHER if name in small else name) for name in known["spelled"]]
    return known[["recipient_domain"]].assign(provider=provider), sum(unknown.values()), len(small)


def _streams(rows: pd.DataFrame, name: str) -> pd.Series[str]:
    """Streams in their most frequent spelling; a column that holds people or anything else is refused."""
    sums = rows.groupby("stream")["recipients"].sum().sort_values(ascending=False, kind="stable")
    if any("@" in stream for stream in sums.index):
        raise InputError(Problem(name, "the stream column holds addresses", "say which column names the stream"))
    spelled: dict[str, str] = {}
    for stream in map(one_line, sums.index):
        spelled.setdefault(stream.casefold(), stream)
    if len(spelled) > MAX_STREAMS:
        what = f"the stream column holds {len(spelled):,} different values: it names something else"
        raise InputError(Problem(name, what, "say which column names the stream, or that none does"))
    return rows["stream"].map({stream: spelled[one_line(stream).casefold()] for stream in sums.index})


def _pivot(rows: pd.DataFrame, tier: str) -> pd.DataFrame:
    table = rows.pivot_table(index=["provider", "stream"], columns=tier, values="recipients", aggfunc="sum")
    table = table.reindex(columns=range(len(TIER_COLUMNS))).fillna(0).astype("int64")
    return table.set_axis(list(TIER_COLUMNS), axis=1).reset_index().sort_values(["provider", "stream"])


def by_provider(counts: pd.DataFrame) -> pd.DataFrame:
    """Recipients by provider and stream, tiers added up."""
    recipients = counts[list(TIER_COLUMNS)].sum(axis=1).astype("int64")
    return counts[["provider", "stream"]].assign(recipients=recipients)


def _nothing(frame: pd.DataFrame) -> pd.Series[int]:
    import pandas as pd

    return pd.Series(pd.NA, index=frame.index, dtype="Int64")


def _with_notes(result: RecipientTiers, told: Counted) -> RecipientTiers:
    from dataclasses import replace

    notes = [*told.notes, *(Note(level, text, told.name) for level, text in _said(result, told.signals))]
    return replace(result, notes=tuple(notes))


def _said(result: RecipientTiers, signals: Sequence[str]) -> list[tuple[str, str]]:
    said = []
    if not result.known:
        text = (
            "The list has no date of an open, click, purchase or login: who is engaged is not known, and all "
            "recipients are one tier. A plan takes it so if its scenario names no audience; ask for last_click and "
            "last_open_human."
        )
        said.append(("warning", text))
    opens = {"human_open", "any_open"} & set(signals)
    if opens == {"any_open"}:
        text = (
            "The list does not tell human opens from those of machines: opens do not count as engagement, and who only "
            "opened stands under machine opens."
        )
        said.append(("warning", text))
    elif opens == {"human_open"}:
        text = "The list has no machine opens: who has only those stands under older or never."
        said.append(("info", text))
    if opens:
        table = result.engaged().set_index("days").loc[90]
        text = (
            f"Engaged within 90 days: {table['with_opens']:,} with opens, {table['without_opens']:,} by clicks, "
            f"purchases, logins and new sign-ups alone."
        )
        said.append(("info", text))
    if result.no_domain:
        said.append(("warning", f"{counted(result.no_domain, 'row')} without a recipient domain are left out."))
    if result.unclassified:
        share = result.unclassified / result.recipients
        text = f"{percent(share)} of the recipients are at domains that no mailbox provider is known for"
        if result.rolled_up:
            text += f"; {counted(result.rolled_up, 'small domain')} of them are counted together as “{OTHER}”"
        said.append(("warning" if share > MOST_UNCLASSIFIED else "info", f"{text}."))
    return said
