"""The private database of one run: events without addresses, on disk because they may be many, gone when it ends."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from warmup.traffic.events.format import CODES, DAMAGED, KINDS, LENDERS, REACTIONS, SKIPPED, UNIQUE, UNUSED, no_domain
from warmup.traffic.events.sql import COLUMNS, any_of
from warmup.traffic.private import make_folder, remove_folder

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self
    from zoneinfo import ZoneInfo

    from warmup.traffic.events.format import EventFormat

MEMORY = "600MB"
"""What DuckDB may use; what it reads JSON with and Python come on top."""

PART = 50_000_000
"""Events that are compared with each other at a time, where memory is too little on the disk: more are taken apart by
their keys."""

_SUMS = "kind, day, domain, stream, ip, pool"


class Store:
    """The events of one run. A context manager: everything is deleted at its end, whatever happened.

    Args:
        zone: Times without an offset are read in it.
        in_memory: Whether the events are few enough for that.

    Attributes:
        folder: The private folder.
        secret: Key of all digests of the run; never written.
        in_memory: See above.
    """

    def __init__(self, zone: ZoneInfo, *, in_memory: bool = False) -> None:
        import duckdb

        self.in_memory = in_memory
        self.secret = secrets.token_hex(16)
        self.folder = make_folder()
        try:
            where = ":memory:" if in_memory else str(self.folder / "events.duckdb")
            # No other DuckDB ever opens it: it may be packed in the newest ways.
            self.connection = duckdb.connect(where, config={"storage_compatibility_version": "latest"})
            self._prepare(zone)
        except BaseException:
            remove_folder(self.folder)
            raise

    def _prepare(self, zone: ZoneInfo) -> None:
        import duckdb

        for setting in (
            f"memory_limit = '{MEMORY}'",
            "threads = 2" if _cores() < 3 else "threads = 4",  # more threads, more JSON buffers: memory stays bounded
            "temp_directory = ''",  # what is in memory while files are read are addresses too: nothing of it is spilled
            # A damaged record is found by its row. It costs nothing: DuckDB stores batches from all threads in order.
            "preserve_insertion_order = true",
            f"TimeZone = '{zone.key}'",
            "checkpoint_threshold = '256MB'",
            # Nothing is ever fetched from a network because a file asks for it.
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
        ):
            self.connection.execute(f"SET {setting}")
        with suppress(
            duckdb.InvalidInputException
        ):  # refused in Jupyter without ipywidgets, where there is no bar either
            self.connection.execute("SET enable_progress_bar = false")
        columns = ", ".join(f"{name} {kind}{_packed(kind)}" for name, kind in COLUMNS.items())
        self.connection.execute(f"CREATE TABLE events ({columns})")

    def allow_spilling(self) -> None:
        """All is read: from now on what does not fit into memory may be written to the folder, for it names nobody."""
        spill = str(self.folder / "spill").replace("'", "''")
        self.connection.execute(f"SET temp_directory = '{spill}'")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.connection.close()
        remove_folder(self.folder)

    def stage(self, form: EventFormat) -> None:
        """Create the table ``staged``, for the records of a format that are events only once all are known."""
        if form.staging:
            columns = ", ".join(f'"{name}" {kind}' for name, (kind, _) in form.staging.columns.items())
            self.connection.execute(
                f"CREATE TABLE IF NOT EXISTS staged (kind UTINYINT, key UHUGEINT, {columns}, part VARCHAR)"
            )

    def number(self, sql: str) -> int:
        """The one number that a query gives."""
        row = self.connection.execute(sql).fetchone()
        return int(row[0] or 0) if row else 0

    def count(self, condition: str, table: str = "events") -> int:
        """Rows that fulfil a condition."""
        return self.number(f"SELECT count(*) FROM {table} WHERE {condition}")

    def records(self, form: EventFormat) -> int:
        """Records read: what an outcome tells of besides itself is none."""
        return self.count("true", "staged") if form.staging else self.count(f"kind != {CODES['inferred']}")

    def spoil_strange_domains(self, where: str) -> None:
        """Take events for damaged whose domains are none; each domain is looked at once, for there are far fewer."""
        new = f"{where} AND kind < {SKIPPED}"
        # In a WHERE of its own, DuckDB would ask of every event before it looks for those that differ.
        strange = f"count(*) FILTER ({no_domain('domain')})"
        if self.number(f"SELECT {strange} FROM (SELECT DISTINCT domain FROM events WHERE {new})"):
            self.connection.execute(f"UPDATE events SET kind = {DAMAGED} WHERE {new} AND {no_domain('domain')}")

    def drop_pings(self, where: str, table: str) -> None:
        """Forget records that are no events."""
        if self.count(f"{where} AND kind = {SKIPPED}", table):
            self.connection.execute(f"DELETE FROM {table} WHERE {where} AND kind = {SKIPPED}")

    def kinds(self) -> frozenset[str]:
        """What the events of the run mean, copies and cancelled ones too."""
        found = self.connection.execute(f"SELECT DISTINCT kind FROM events WHERE kind < {SKIPPED}").fetchall()
        return frozenset(KINDS[kind] for (kind,) in found)

    def take_damaged(self, table: str = "events") -> list[int]:
        """Lines of the damaged records stored since the last call; they are forgotten then."""
        found = self.connection.execute(f"SELECT key FROM {table} WHERE kind = {DAMAGED} ORDER BY key").fetchall()
        if found:
            self.connection.execute(f"DELETE FROM {table} WHERE kind = {DAMAGED}")
        return [int(key) for (key,) in found]

    def groups(self, column: str) -> list[str]:
        """SQL for the staged records, some at a time: those that belong together by a column are never apart."""
        parts = max(1, -(-self.count("true", "staged") // PART))
        return [f"SELECT * FROM staged WHERE {_part(column, parts, part)}" for part in range(parts)]

    def summarise(self, form: EventFormat) -> tuple[int, int]:
        """Create the table ``sums``: events by what they mean, day and where, copies and repetitions dropped.

        Returns:
            Copies dropped; events that no measure counts.
        """
        unused = self.count(f"kind = {UNUSED}")
        parts = max(1, -(-self.count(f"kind < {SKIPPED}") // PART))
        copies = sum(self._drop_copies(parts, part) for part in range(parts)) if form.unique_ids else 0
        self._choose_injections()
        names = ", ".join(f"{name} {COLUMNS[name]}" for name in _SUMS.split(", "))
        self.connection.execute(f"CREATE TABLE sums (measure VARCHAR, {names}, n BIGINT)")
        if form.by_message:
            for part in range(parts):
                self._add_part(form, f"kind < {SKIPPED} AND {_part('message', parts, part)}")
        elif form.joined:
            self._add_plain(f"(SELECT * FROM events WHERE kind < {SKIPPED} AND NOT ({any_of(REACTIONS)}))")
            for part in range(parts):
                self._add_reactions(_part("message", parts, part))
        else:
            self._add_plain(f"(SELECT * FROM events WHERE kind < {SKIPPED})")
            for part in range(parts):
                self._add_unique(f"(SELECT * FROM events WHERE {_unique()} AND {_part('message', parts, part)})")
        return copies, unused

    def _drop_copies(self, parts: int, part: int) -> int:
        """Keep one of the events with the same key; where they differ, the same one in every run.

        Files may be read in any order, so that of the rows says nothing.
        """
        where = f"kind < {SKIPPED} AND {_part('key', parts, part)}"
        copies = self.number(f"SELECT count(*) - count(DISTINCT key) FROM events WHERE {where} AND key IS NOT NULL")
        if copies:
            known = "kind, day, domain, coalesce(stream, '~'), coalesce(ip, '~'), coalesce(pool, '~')"
            self.connection.execute(
                f"DELETE FROM events USING (SELECT key AS same, arg_min(rowid, row({known})) AS first FROM events "
                f"WHERE {where} AND key IN (SELECT key FROM events WHERE {where} GROUP BY key HAVING count(*) > 1) "
                f"GROUP BY key) WHERE {where} AND key = same AND rowid != first"
            )
        return copies

    def _choose_injections(self) -> None:
        """Drop injections that outcomes tell of where the same message's own was logged: each counts once.

        Where most that were logged match no outcome, messages are named differently in the two: then, of each day,
        domain and stream, whichever are more count.
        """
        inferred, logged = f"kind = {CODES['inferred']}", f"kind = {CODES['injected']}"
        known = self.count(logged) if self.count(inferred) else 0
        if not known:
            return
        if 2 * self.count(f"{logged} AND message IN (SELECT message FROM events WHERE {inferred})") >= known:
            self.connection.execute(
                f"DELETE FROM events WHERE {inferred} AND message IN (SELECT message FROM events WHERE {logged})"
            )
            return
        either = f"({inferred} OR {logged})"
        # A stream that not all name cannot be told apart from the others.
        stream = "''" if self.count(f"{either} AND stream IS NULL") else "stream"
        self.connection.execute(
            f"""
            DELETE FROM events USING (
                SELECT day AS that_day, domain AS that_domain, {stream} AS that_stream,
                       CASE WHEN count(*) FILTER ({inferred}) > count(*) FILTER ({logged})
                            THEN {CODES["injected"]} ELSE {CODES["inferred"]} END AS fewer
                FROM events WHERE {either} GROUP BY ALL
            ) WHERE kind = fewer AND day = that_day AND domain = that_domain AND {stream} = that_stream
            """
        )

    def _add_part(self, form: EventFormat, where: str) -> None:
        """Sums of some messages whose events explain each other."""
        suppressed, delivered = CODES["suppressed"], CODES["delivered"]
        late = (
            f"kind IN ({CODES['hard']}, {CODES['soft']}, {CODES['block']}) AND delivered"
            if form.late_bounces
            else "false"
        )
        kept = f"NOT (suppressed AND kind = {CODES['injected']})" if form.cancels else "true"
        ip, pool = ("coalesce(ip, any_ip)", "coalesce(pool, any_pool)") if form.joined == "all" else ("ip", "pool")
        self.connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE part AS
            SELECT CASE WHEN {late} THEN {CODES["oob"]} ELSE kind END AS kind, key, message, day, domain, stream,
                   {ip} AS ip, {pool} AS pool
            FROM (SELECT * FROM events WHERE {where}) LEFT JOIN (
                SELECT message AS same, min(ip) AS any_ip, min(pool) AS any_pool,
                       bool_or(kind = {delivered}) AS delivered, bool_or(kind = {suppressed}) AS suppressed
                FROM events WHERE {where} AND message IS NOT NULL GROUP BY message
            ) ON message = same
            WHERE {kept.replace("suppressed", "coalesce(suppressed, false)")}
            """
        )
        self._add_plain("part")
        self._add_unique(f"(SELECT * FROM part WHERE {_unique()})")
        self.connection.execute("DROP TABLE part")

    def _add_reactions(self, where: str) -> None:
        """Sums of some messages' reactions, each at the IP that its message was sent from."""
        plain = [kind for kind in REACTIONS if kind in ("oob", "deferred")]
        those = f"(SELECT * FROM events WHERE ({any_of(plain)}) AND {where})"
        lent = "coalesce(ip, any_ip) AS ip, coalesce(pool, any_pool) AS pool"
        self._add_plain(f"(SELECT * REPLACE ({lent}) FROM {_lent(those, where)})")
        self._add_unique(f"(SELECT * FROM events WHERE {_unique()} AND {where})", _lent("each", where))

    def _add_plain(self, source: str) -> None:
        """Events as they are, of the kinds that count each."""
        measures = {kind: kind for kind in CODES if kind not in UNIQUE}
        measures |= {"deferred": "deferred_events", "inferred": "injected", "cancelled": "suppressed"}
        self.connection.execute(
            f"INSERT INTO sums SELECT {_measure(measures)}, {_SUMS}, count(*) FROM {source} "
            f"WHERE kind IN ({_codes(measures)}) GROUP BY ALL"
        )

    def _add_unique(self, source: str, each: str = "(SELECT *, NULL AS any_ip, NULL AS any_pool FROM each)") -> None:
        """One for every message that has such an event, on the day of its first; a human's open is an open too.

        Where a message has several and they differ in where they were sent from, what comes first by name counts.

        Args:
            source: SQL for the events.
            each: SQL for the messages that ``each`` names, with the IP and the pool that those without one take.
        """
        self._choose_firsts(source, each)
        names = ("domain", "stream", "ip", "pool")
        domain, stream, ip, pool = (f"least(one.{name}, other.{name})" for name in names)
        for measure, day, which in (("measure", "day", "true"), ("'open_human'", "human", "human IS NOT NULL")):
            self.connection.execute(
                f"INSERT INTO sums SELECT {measure}, 0, {day}, {domain}, {stream}, "
                f"coalesce({ip}, any_ip), coalesce({pool}, any_pool), n FROM firsts "
                f"JOIN places AS one ON one.place = least_place JOIN places AS other ON other.place = greatest_place "
                f"WHERE {which}"
            )
        self.connection.execute("DROP TABLE firsts")
        self.connection.execute("DROP TABLE places")

    def _choose_firsts(self, source: str, each: str) -> None:
        """Create ``firsts``, the messages of :meth:`_add_unique` with the numbers of two places, and ``places``.

        Numbers are compared in a third of the time that the names take, and nearly every message has one place.
        """
        measures = {"deferred": "deferred_msgs", "open": "open_any", "open_human": "open_any"}
        measures |= {kind: kind for kind in ("complaint", "unsub", "click")}
        human = f"kind = {CODES['open_human']}"
        placed = f"(SELECT *, hash(domain, stream, ip, pool) AS place FROM {source} WHERE kind IN ({_codes(measures)}))"
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE places AS SELECT DISTINCT place, domain, stream, ip, pool FROM {placed}"
        )
        self.connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE firsts AS WITH each AS MATERIALIZED (
                SELECT {_measure(measures)} AS measure, message, min(day) AS day, min(day) FILTER ({human}) AS human,
                       min(place) AS least_place, max(place) AS greatest_place
                FROM {placed} GROUP BY measure, message, CASE WHEN message IS NULL THEN key END
            )
            SELECT measure, day, human, least_place, greatest_place, any_ip, any_pool, count(*) AS n
            FROM {each} GROUP BY ALL
            """
        )


def _lent(those: str, where: str) -> str:
    """SQL in parentheses for events or messages with the IP and the pool that other events of the message name."""
    return f"""(
        SELECT * EXCLUDE (same) FROM {those} LEFT JOIN (
            SELECT message AS same, min(ip) AS any_ip, min(pool) AS any_pool FROM events
            WHERE ({any_of(LENDERS)}) AND {where}
                  AND message IN (SELECT message FROM {those} WHERE message IS NOT NULL) -- far fewer than all
            GROUP BY message
        ) ON message = same
    )"""


def _packed(kind: str) -> str:
    """How a column is packed on the disk: not told, DuckDB tries every way on all values, and digests yield to none."""
    way = {"VARCHAR": "dict_fsst", "UHUGEINT": "uncompressed", "UBIGINT": "uncompressed"}.get(kind, "bitpacking")
    return f" USING COMPRESSION {way}"


def _cores() -> int:
    import os

    return os.cpu_count() or 1


def _part(column: str, parts: int, part: int) -> str:
    """Every key belongs to one part; what has none, to the first."""
    return "true" if parts == 1 else f"coalesce(hash({column}) % {parts}, 0) = {part}"


def _unique() -> str:
    return f"kind IN ({_codes(UNIQUE)})"


def _codes(kinds: object) -> str:
    return ", ".join(str(CODES[kind]) for kind in kinds)  # type: ignore[attr-defined]


def _measure(measures: dict[str, str]) -> str:
    return f"CASE kind {' '.join(f'WHEN {CODES[kind]} THEN {name!r}' for kind, name in measures.items())} END"
