"""How many recipients are engaged, by provider and stream: counts per tier from one GROUP BY, never a recipient.

The table has one row per provider (or recipient domain) and stream, and one column per tier: ``engaged_0_30``,
``engaged_31_60``, ``engaged_61_90``, ``engaged_91_180``, ``engaged_181_365``, ``older_or_never``, ``new_signup_30d``,
``machine_open_only``. The columns are disjoint. New sign-ups count as engaged within 30 days (design 4.6).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from warmup.errors import InputError, Problem
from warmup.traffic.columns import did_you_mean, normal, pick, tier_of
from warmup.traffic.groups import group_names
from warmup.traffic.supply import TIERS, Note
from warmup.traffic.tables import Table, capped, fetch, open_table, quote
from warmup.traffic.tiers import normalised

if TYPE_CHECKING:
    import pandas as pd

    from warmup.scenario import Scenario

MOST = 10_000_000_000
"""Recipients in one cell that are believed."""

EVERY_STREAM = ""
"""Stream of a row that names none: it holds for all."""


@dataclass(frozen=True, eq=False)
class Audience:
    """Recipients by stream, provider and tier.

    Attributes:
        counts: ``stream`` (empty: every stream), ``provider`` (planning group), and one column of recipients per tier of
            :data:`~warmup.traffic.supply.TIERS`.
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
        counts = rows.groupby("provider")[list(TIERS)].sum().reindex(list(providers)).fillna(0).to_numpy(dtype=np.float64, copy=True)
        overall = rows[list(TIERS)].sum().to_numpy(dtype=np.float64)
        if overall.sum() <= 0:
            return None, []
        missing = [name for name, row in zip(providers, counts, strict=True) if row.sum() <= 0]
        counts[counts.sum(axis=1) <= 0] = overall
        notes = []
        if missing:
            names = ", ".join(missing[:8]) + (f" and {len(missing) - 8} more" if len(missing) > 8 else "")
            text = f"“{stream}”: the audience has no counts for {names}; they are split into tiers like the whole stream."
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

    frames, notes, problems = [], [], []
    own = {stream.name: stream.audience for stream in scenario.streams if stream.audience is not None}
    jobs = [(path, name) for name, path in own.items()]
    if scenario.audience is not None and len(own) < len(scenario.streams):
        jobs.append((scenario.audience, None))
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
    """One file as (stream, provider, tiers) and notes."""
    path = scenario.base_dir / name
    _check_file(path, name)
    table = open_table(path, name)
    try:
        roles, tiers = _roles(table)
        table.load(_select(table, roles, tiers))
        problems = [*_wrong_counts(table, tiers), *_duplicates(table)]
        if problems:
            raise InputError(capped(problems, name))
        notes = list(_tier_notes(table, tiers))
        rows = fetch(table, f"SELECT who, coalesce(stream, '') AS stream, {_sums(tiers)} FROM raw GROUP BY ALL ORDER BY ALL")  # noqa: S608
    finally:
        table.close()
    rows = _to_streams(scenario, rows, stream, name, notes)
    return _to_providers(scenario, rows, name, notes), notes


def _check_file(path: Path, name: str) -> None:
    if path.is_dir():
        raise InputError(Problem(name, "is a folder", "name the audience file"))
    if not path.is_file():
        close = did_you_mean(path.name, (item.name for item in path.parent.iterdir())) if path.parent.is_dir() else ""
        raise InputError(Problem(name, "the audience file does not exist", close or "paths are relative to the scenario file"))


def _roles(table: Table) -> tuple[dict[str, int], dict[int, str]]:
    """Positions of provider and stream, and the tier of every column that counts one."""
    roles = {role: at for role, at in pick(table.header).items() if role in ("domain", "provider", "stream", "address")}
    tiers: dict[int, str] = {}
    for index, column in enumerate(table.header):
        if index in roles.values() or normal(column).isdigit():
            continue
        try:
            tier = tier_of(column)
        except KeyError:
            continue
        if tier is not None:
            tiers[index] = tier
    seen = ", ".join(quote(column) for column in table.header[:20])
    problems = []
    if not {"domain", "provider"} & set(roles):
        fix = "name one provider or recipient_domain"
        if "address" in roles:
            fix = "count recipients per provider and tier first; addresses are not needed here"
        problems.append(Problem(table.name, f"does not say which mailbox provider is counted; its columns are {seen}", fix))
    if "0_30" not in tiers.values() or len(set(tiers.values())) < 2:
        fix = "it needs engaged_0_30, engaged_31_60, engaged_61_90, engaged_91_180, older_or_never"
        problems.append(Problem(table.name, f"has no counts per engagement tier; its columns are {seen}", fix))
    if problems:
        raise InputError(problems)
    return roles, tiers


def _select(table: Table, roles: dict[str, int], tiers: dict[int, str]) -> str:
    who = roles["domain"] if "domain" in roles else roles["provider"]
    stream = f"nullif(trim(c{roles['stream']}), '')" if "stream" in roles else "CAST(NULL AS VARCHAR)"
    counts = ", ".join(
        f"trim(c{i}) AS t{i}, TRY_CAST(nullif(trim(c{i}), '') AS DOUBLE) AS v{i}" for i in tiers
    )
    return f"regexp_extract(coalesce(trim(c{who}), ''), '[^@]*$') AS who, {stream} AS stream, {counts}"


def _sums(tiers: dict[int, str]) -> str:
    """SQL sums per tier; sign-ups and ≤ 30 days are one tier."""
    columns = {tier: [i for i, named in tiers.items() if named == tier] for tier in TIERS}
    return ", ".join(
        f"CAST({' + '.join(f'coalesce(sum(v{i}), 0)' for i in at) or '0'} AS BIGINT) AS \"{tier}\""
        for tier, at in columns.items()
    )


def _wrong_counts(table: Table, tiers: dict[int, str]) -> Iterator[Problem]:
    for i in tiers:
        bad = fetch(
            table,
            f"SELECT n, t{i} AS written FROM raw WHERE coalesce(t{i}, '') != '' AND "  # noqa: S608
            f"(v{i} IS NULL OR isnan(v{i}) OR v{i} < 0 OR v{i} != floor(v{i}) OR v{i} > {MOST}) ORDER BY n LIMIT 100",
        )
        for row in bad.itertuples(index=False):
            what = f"{table.header[i]} {quote(row.written)} is not a whole number of recipients, 0 or more"
            yield Problem(table.where(int(row.n)), what, "write it without separators, or leave it empty if unknown")
        empty = fetch(table, f"SELECT n FROM raw WHERE coalesce(t{i}, '') = '' ORDER BY n LIMIT 100")  # noqa: S608
        for n in empty["n"].head(20).tolist():
            what = f"{table.header[i]} is empty, and an unknown count leaves the shares of all tiers unknown"
            yield Problem(table.where(int(n)), what, "write the count (0 if there are none), or remove the row")


def _duplicates(table: Table) -> Iterator[Problem]:
    same = fetch(
        table, "SELECT min(n) AS a, max(n) AS b FROM raw GROUP BY lower(who), stream HAVING count(*) > 1 ORDER BY 1 LIMIT 100"
    )
    for row in same.itertuples(index=False):
        lines = table.lines([int(row.a), int(row.b)])
        where = f"{table.name}: {table.unit}s {lines[int(row.a)]} and {lines[int(row.b)]}"
        yield Problem(where, "count the same provider and stream", "recipients would count twice: keep one, or add them up")


def _tier_notes(table: Table, tiers: dict[int, str]) -> Iterator[Note]:
    have = set(tiers.values())
    if "181_365" not in have and "older_or_never" in have:
        text = (
            "The audience does not tell engagement 181–365 days ago from older or never: all of it counts as older or never, "
            "which is out of scope unless asked for. Ask for engaged_181_365 as a column of its own."
        )
        yield Note("warning", text, table.name)
    if "machine_only" not in have:
        text = "The audience does not tell machine opens from human ones; engaged tiers may hold people who never opened."
        yield Note("warning", text, table.name)


def _to_streams(
    scenario: Scenario, rows: pd.DataFrame, stream: str | None, name: str, notes: list[Note]
) -> pd.DataFrame:
    """Streams as the scenario spells them; rows of others are left out and said."""
    spelled = {item.name.strip().casefold(): item.name for item in scenario.streams}
    named = rows["stream"].astype(str)
    if stream is not None and (named == "").all():
        return rows.assign(stream=stream)
    known = named.map({text: spelled.get(text.strip().casefold()) if text else EVERY_STREAM for text in named.unique()})
    strangers = sorted(set(named[known.isna()]))
    if strangers:
        shown = ", ".join(quote(text) for text in strangers[:5]) + (f" and {len(strangers) - 5} more" if len(strangers) > 5 else "")
        text = f"The audience counts streams that the scenario does not name: {shown}. They are left out."
        notes.append(Note("warning", text, name))
    kept = rows.assign(stream=known)[known.notna()]
    if stream is not None:
        kept = kept[kept["stream"] == stream]
        if kept.empty:
            raise InputError(Problem(name, f'has no rows for the stream "{stream}"', did_you_mean(stream, named.unique())))
    elif kept.empty:
        fix = did_you_mean(scenario.streams[0].name, strangers) or "name the streams as the scenario does"
        raise InputError(Problem(name, "has no rows for any stream of the scenario", fix))
    return kept


def _to_providers(scenario: Scenario, rows: pd.DataFrame, name: str, notes: list[Note]) -> pd.DataFrame:
    pairs = {text: (text.lower() if "." in text else "", text) for text in rows["who"].unique()}
    grouped = group_names(pairs.values(), scenario.policy.microsoft_shared)
    lost = sorted(text for text, pair in pairs.items() if pair in grouped.unknown)
    if lost:
        shown = ", ".join(quote(text) for text in lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
        notes.append(Note("info", f"The audience counts providers nothing is known of ({shown}) as “other”.", name))
    rows = rows.assign(provider=[grouped.groups[pairs[text]] for text in rows["who"]])
    return rows.groupby(["stream", "provider"], as_index=False)[list(TIERS)].sum()
