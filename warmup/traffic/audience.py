"""How many recipients are engaged, by provider and stream: counts per tier from one GROUP BY, never a recipient.

The table has one row per provider (or recipient domain) and stream, and one column per tier: ``engaged_0_30``,
``engaged_31_60``, ``engaged_61_90``, ``engaged_91_180``, ``engaged_181_365``, ``older_or_never``, ``new_signup_30d``,
``machine_open_only``. Nobody is in two columns. New sign-ups count as engaged within 30 days (design 4.6).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from warmup.errors import InputError, Problem
from warmup.traffic.columns import did_you_mean, pick, tier_of
from warmup.traffic.groups import did_you_mean_provider, group_names
from warmup.traffic.numbers import settle
from warmup.traffic.problems import PLACES, RowProblems
from warmup.traffic.supply import TIERS, Note
from warmup.traffic.tables import Table, name_text, open_table
from warmup.traffic.tiers import normalised
from warmup.traffic.wording import quote, some

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from warmup.scenario import Scenario

MOST = 10_000_000_000
"""Recipients in one cell that are believed."""

EVERY_STREAM = ""
"""Stream of a row that names none: it holds for all."""


@dataclass(frozen=True, eq=False)
class Audience:
    """Recipients by stream, provider and tier.

    Attributes:
        counts: ``stream`` (empty: every stream), ``provider`` (planning group), and recipients in one column per tier
            of :data:`~warmup.traffic.supply.TIERS`.
        notes: What the reader of the plan must know.
    """

    counts: pd.DataFrame
    notes: tuple[Note, ...] = ()

    def shares(self, stream: str, providers: tuple[str, ...]) -> tuple[NDArray[np.float64] | None, list[Note]]:
        """(P, K) shares of a stream, and what had to be assumed.

        A provider without counts takes the shares of the whole stream; a stream without rows those of rows that name no
        stream. None if there are neither: then the caller decides.
        """
        rows = self.counts[self.counts["stream"] == stream]
        if rows.empty:
            rows = self.counts[self.counts["stream"] == EVERY_STREAM]
        counts = (
            rows.groupby("provider")[list(TIERS)]
            .sum()
            .reindex(list(providers))
            .fillna(0)
            .to_numpy(dtype=np.float64, copy=True)
        )
        overall = rows[list(TIERS)].sum().to_numpy(dtype=np.float64)
        if overall.sum() <= 0:
            return None, []
        missing = [name for name, row in zip(providers, counts, strict=True) if row.sum() <= 0]
        counts[counts.sum(axis=1) <= 0] = overall
        notes = []
        if missing:
            names = ", ".join(missing[:8]) + (f" and {len(missing) - 8} more" if len(missing) > 8 else "")
            text = (
                f"“{stream}”: the audience has no counts for {names}; they are split into tiers like the whole stream."
            )
            notes.append(Note("info", text))
        return normalised(counts), notes

    def recipients(self) -> dict[str, int]:
        """Recipients per provider, streams added up: at most so many people, as one may be in several streams."""
        sums = self.counts[list(TIERS)].sum(axis=1).groupby(self.counts["provider"]).sum()
        return {str(provider): int(count) for provider, count in sums.items()}


def load_audience(scenario: Scenario) -> Audience | None:
    """Read the audience tables of a scenario; None if it names none.

    Raises:
        InputError: Every problem of every file.
    """
    import pandas as pd

    own = {stream.name: stream.audience for stream in scenario.streams if stream.audience is not None}
    jobs: list[tuple[str, str | None]] = [(path, name) for name, path in own.items()]
    if scenario.audience is not None and len(own) < len(scenario.streams):
        jobs.append((scenario.audience, None))
    frames, notes = [], []
    problems: list[Problem] = []
    for path, stream in jobs:
        try:
            frame, said = _read(scenario, path, stream)
        except InputError as error:
            problems += error.problems
            continue
        frames.append(frame if stream is not None else frame[~frame["stream"].isin(own)])
        notes += said
    if problems:
        raise InputError(problems)
    return Audience(pd.concat(frames, ignore_index=True), tuple(dict.fromkeys(notes))) if frames else None


def _read(scenario: Scenario, name: str, stream: str | None) -> tuple[pd.DataFrame, list[Note]]:
    """One file as (stream, provider, tiers), and notes; ``stream``: whose own file it is."""
    path = scenario.base_dir / name
    _check_file(path, name)
    table = open_table(path, name)
    try:
        tiers = load_counts(table)
        rows = table.connection.execute(f"SELECT who, stream, {_sums(tiers)} FROM raw GROUP BY ALL ORDER BY ALL").df()
    finally:
        table.close()
    notes = [*table.notes, *tier_notes(name, set(tiers.values()))]
    rows = _to_streams(scenario, rows, stream, name, notes)
    return _to_providers(scenario, rows, name, notes), notes


def load_counts(table: Table) -> dict[int, str]:
    """Load counts per tier into the table ``raw``: ``who``, ``stream``, and ``v{i}``, the count of column ``i``.

    Returns:
        Position of a column to its tier of :data:`~warmup.traffic.supply.TIERS`.

    Raises:
        InputError: The columns are no counts, or rows are damaged.
    """
    roles, tiers = _roles(table)
    table.load(_select(roles, tiers))
    settle(table, [(f"t{i}", f"v{i}") for i in tiers])
    problems = RowProblems(table)
    _check_counts(table, tiers, problems)
    _check_duplicates(table, problems)
    problems.raise_any()
    return tiers


def _check_file(path: Path, name: str) -> None:
    if path.is_dir():
        raise InputError(Problem(name, "is a folder", "name the audience file"))
    if not path.is_file():
        close = did_you_mean(path.name, (item.name for item in path.parent.iterdir())) if path.parent.is_dir() else ""
        fix = close or "paths are relative to the scenario file"
        raise InputError(Problem(name, "the audience file does not exist", fix))


def _roles(table: Table) -> tuple[dict[str, int], dict[int, str]]:
    """Positions of provider and stream, and the tier of every column that counts one."""
    wanted = ("domain", "provider", "stream", "address")
    roles = {role: at for role, at in pick(table.header).items() if role in wanted}
    tiers: dict[int, str] = {}
    for index, column in enumerate(table.header):
        with suppress(KeyError):
            tier = tier_of(column)
            if tier is not None and index not in roles.values():
                tiers[index] = tier
    seen = some((quote(column) for column in table.header if column), 20) or "none"
    problems = []
    if not {"domain", "provider"} & set(roles):
        fix = "name one of them provider or recipient_domain"
        if "address" in roles:
            fix = "count recipients per provider and tier first; no address is needed here"
        what = f"does not say whose recipients are counted; its columns are {seen}"
        problems.append(Problem(table.name, what, fix))
    if "0_30" not in tiers.values() or len(set(tiers.values())) < 2:
        fix = "it needs engaged_0_30, engaged_31_60, engaged_61_90, engaged_91_180 and older_or_never"
        problems.append(Problem(table.name, f"has no counts per engagement tier; its columns are {seen}", fix))
    if problems:
        raise InputError(problems)
    return roles, tiers


def _select(roles: dict[str, int], tiers: dict[int, str]) -> str:
    who = roles["domain"] if "domain" in roles else roles["provider"]
    stream = f"coalesce({name_text('c' + str(roles['stream']))}, '')" if "stream" in roles else "''"
    counts = ", ".join(
        f"coalesce(trim(c{i}), '') AS t{i}, TRY_CAST(nullif(trim(c{i}), '') AS DOUBLE) AS v{i}" for i in tiers
    )
    return f"regexp_extract(coalesce({name_text(f'c{who}')}, ''), '[^@]*$') AS who, {stream} AS stream, {counts}"


def _sums(tiers: dict[int, str]) -> str:
    """SQL sums per tier; sign-ups and ≤ 30 days are one tier."""
    columns = {tier: [i for i, named in tiers.items() if named == tier] for tier in TIERS}
    return ", ".join(
        f'CAST({" + ".join(f"sum(v{i})" for i in at) or "0"} AS BIGINT) AS "{tier}"' for tier, at in columns.items()
    )


def _check_counts(table: Table, tiers: dict[int, str], problems: RowProblems) -> None:
    """Every count is a whole number; an empty one would leave the shares of all tiers unknown."""
    for i in tiers:
        kinds = table.query(
            f"SELECT t{i} != '' AS filled, count(*), min(n, ?), min_by(t{i}, n, ?) FROM raw "
            f"WHERE v{i} IS NULL OR isnan(v{i}) OR v{i} < 0 OR v{i} != floor(v{i}) OR v{i} > {MOST} "
            f"GROUP BY filled ORDER BY min(n)",
            [PLACES, PLACES],
        )
        column = quote(table.header[i])
        for filled, count, records, texts in kinds:
            if filled:
                whats = [f"{column} {quote(written)} is not a whole number of recipients" for written in texts]
                fix = "write a number of 0 or more, without separators"
            else:
                whats = [f"{column} is empty, and with one tier unknown the shares of all are"] * len(records)
                fix = "write the count (0 if there are none), or remove the row"
            problems.add_kind([(n,) for n in records], whats, count, fix)


def _check_duplicates(table: Table, problems: RowProblems) -> None:
    rows = table.query(
        "SELECT min(n), max(n), count(*) OVER () FROM raw GROUP BY lower(who), lower(stream) HAVING count(*) > 1 "
        "ORDER BY 1 LIMIT ?",
        [PLACES],
    )
    if rows:
        fix = "keep one of them, or add them up: recipients would count twice"
        whats = ["count the same provider and stream"] * len(rows)
        problems.add_kind([(first, last) for first, last, _ in rows], whats, rows[0][2], fix)


def tier_notes(name: str, have: set[str]) -> Iterator[Note]:
    """What the counts cannot tell apart."""
    if "181_365" not in have and "older_or_never" in have:
        text = (
            "The audience does not tell engagement 181 to 365 days ago from older or never: all of it counts as older "
            "or never, which is out of scope unless asked for. Ask for engaged_181_365 as a column of its own."
        )
        yield Note("warning", text, name)
    if "machine_only" not in have:
        text = (
            "The audience does not tell machine opens from human ones; engaged tiers may hold people who never opened."
        )
        yield Note("warning", text, name)


def _to_streams(
    scenario: Scenario, rows: pd.DataFrame, stream: str | None, name: str, notes: list[Note]
) -> pd.DataFrame:
    """Streams as the scenario spells them; rows of others are left out and said."""
    spelled = {item.name.strip().casefold(): item.name for item in scenario.streams} | {"": EVERY_STREAM}
    named = rows["stream"].astype(str)
    if stream is not None and (named == "").all():
        return rows.assign(stream=stream)
    known = named.map({text: spelled.get(text.casefold()) for text in named.unique()})
    strangers = sorted(set(named[known.isna()]))
    kept = rows.assign(stream=known)[known.notna() if stream is None else known == stream]
    if kept.empty:
        wanted = scenario.streams[0].name if stream is None else stream
        fix = did_you_mean(wanted, named.unique()) or "name the streams as the scenario does"
        what = "any stream of the scenario" if stream is None else f'the stream "{stream}"'
        raise InputError(Problem(name, f"has no rows for {what}", fix))
    if strangers:
        shown = some(quote(text) for text in strangers)
        text = f"The audience counts streams that the scenario does not name ({shown}); they are left out."
        notes.append(Note("warning", text, name))
    return kept


def _to_providers(scenario: Scenario, rows: pd.DataFrame, name: str, notes: list[Note]) -> pd.DataFrame:
    """Recipients per stream and planning group; MX answers that are kept decide as they do for the traffic."""
    from warmup.traffic.mx_store import read_cache

    pairs = {text: (text.lower() if "." in text else "", text) for text in rows["who"].unique()}
    mx = read_cache(domain for domain, _ in pairs.values() if domain).mx
    grouped = group_names(pairs.values(), scenario.policy.microsoft_shared, mx)
    lost = sorted(text for text, pair in pairs.items() if pair in grouped.unknown)
    if lost:
        meant = {text: did_you_mean_provider(text) for text in lost[:5]}
        shown = some(f"{quote(text)}, {meant[text]}" if meant.get(text) else quote(text) for text in lost)
        notes.append(Note("info", f"Recipients at providers nothing is known of ({shown}) count as “other”.", name))
    rows = rows.assign(provider=[grouped.groups[pairs[text]] for text in rows["who"]])
    return rows.groupby(["stream", "provider"], as_index=False)[list(TIERS)].sum()
