"""The plan: what goes where on which day, why not more, and what that means.

A :class:`Plan` is plain data; :mod:`warmup.planner.storage` saves and loads it, :mod:`warmup.report` shows it. Every
table is a tidy DataFrame with one row per fact, so that a notebook needs no knowledge of the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

    from warmup.scenario import Scenario
    from warmup.traffic.supply import Note

SCHEMA_VERSION = 1

Destination = Literal["dedicated", "overflow", "legacy", "unplaced"]
DESTINATIONS: tuple[Destination, ...] = ("dedicated", "overflow", "legacy", "unplaced")

LIMITS: tuple[str, ...] = (
    "legacy-only",
    "readiness",
    "freeze",
    "capacity",
    "ceiling",
    "identity",
    "tier",
    "hold",
    "memory",
    "ramp",
    "supply",
    "control",
    "out-of-scope",
)
"""Why a cell is not higher, in order of precedence (design 4.9). ``control`` and ``out-of-scope`` mark the declared
quantities outside the in-scope supply: the control group, keep-warm mail, and recipients left out by decision."""


@dataclass(frozen=True)
class Finding:
    """Something that must be known before the plan is used.

    Attributes:
        id: Stable dotted id, e.g. ``identity.changed_with_ip``.
        severity: ``blocker`` (exit 1), ``error`` (exit 1), ``warning``, ``notice``.
        text: What is wrong, one or two sentences.
        remedy: The way out.
        source: The rule's source.
        subject: What it is about (stream, pool, provider, date); may be empty.
    """

    id: str
    severity: Literal["blocker", "error", "warning", "notice"]
    text: str
    remedy: str = ""
    source: str = ""
    subject: str = ""


@dataclass(frozen=True)
class Assumption:
    """A number or rule the plan rests on: what, its value, where it comes from, how sure we are."""

    what: str
    value: str
    source: str
    confidence: str = ""


@dataclass(frozen=True)
class Completion:
    """When the migration is complete for one scope (design 4.8).

    Attributes:
        scope: ``engaged`` (tiers <= 90 days and all transactional mail) or ``all``.
        day: The date, or None when the horizon ends first.
        except_providers: Providers that nothing in the plan will ever complete (a permanent ceiling, or a pre-flight
            item that keeps them closed to the end); ``day`` is then the date for the rest.
        limit: What stops it when ``day`` is None: one of :data:`LIMITS`.
        reason: A sentence for a person.
        cure: What would cure it; may be empty.
        per_provider: Date per provider, None where not complete.
        per_pool: Date per pool.
    """

    scope: Literal["engaged", "all"]
    day: date | None
    except_providers: tuple[str, ...] = ()
    limit: str = ""
    reason: str = ""
    cure: str = ""
    per_provider: dict[str, date | None] = field(default_factory=dict)
    per_pool: dict[str, date | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Range:
    """Finish dates over resampled futures of one scope.

    Attributes:
        low, median, high: 10th, 50th and 90th percentile; None where that many futures do not finish.
        not_within: Probability of not finishing within the horizon.
        days: Finish date of every future that finishes (for the distribution chart).
    """

    low: date | None
    median: date | None
    high: date | None
    not_within: float
    days: tuple[date, ...] = ()


@dataclass(frozen=True)
class Uncertainty:
    """What the variation of the customer's volume, and assumed holds, do to the finish date (design 4.12).

    Attributes:
        futures: How many futures were computed.
        weeks: Past weeks they were drawn from.
        engaged, all: Ranges "from the variation of your volume only", if nothing is held.
        commit_engaged, commit_all: The date to promise: 80th percentile with assumed holds per provider, and never
            before the range's end; None: not within.
        commit_not_within: Probability of not finishing within the horizon with holds.
        held: Finish dates with holds (scope all).
        assumption: The assumed holds in words.
        tail: The provider that is most often the last to be complete, with holds; empty where only one decides.
        tail_share: In which share of the futures it is.
    """

    futures: int
    weeks: int
    engaged: Range
    all: Range
    commit_engaged: date | None
    commit_all: date | None
    commit_not_within: float
    held: tuple[date, ...]
    assumption: str
    tail: str = ""
    tail_share: float = 0.0


@dataclass(frozen=True)
class Lever:
    """One thing changed, and what it does (design 4.11).

    Attributes:
        id: Stable id, e.g. ``pace.1``, ``ips.plus1.marketing``.
        text: What is changed.
        engaged, all: The new dates (None: not complete).
        engaged_delta, all_delta: Days against the plan (negative is sooner); None where one of the two is not complete.
        legacy_messages, legacy_delta: Messages left on legacy until completion of the base plan, and the change.
        warning: Inversion, snowshoe risk, what it costs; may be empty.
        struck: Shown struck out because it must not be done.
        promise: The date that can be promised with it, worked out only where the plan's own misses the deadline and
            the lever brings completion forward, or where it has none; None: not worked out, or none within the plan.
        except_providers: Providers that ``all`` leaves out, as in :class:`Completion`.
        unplaced: Messages that nobody carries with it.
    """

    id: str
    text: str
    engaged: date | None
    all: date | None
    engaged_delta: int | None
    all_delta: int | None
    legacy_messages: int
    legacy_delta: int
    warning: str = ""
    struck: bool = False
    promise: date | None = None
    except_providers: tuple[str, ...] = ()
    unplaced: int = 0


@dataclass(frozen=True)
class SizeRow:
    """One number of IPs for one pool, all else as planned."""

    pool: str
    ips: int
    engaged: date | None
    all: date | None
    peak_load: int
    """Messages per IP on the pool's largest day."""
    capacity_share: float
    """Largest day over capacity, 0-1; over 1 it does not fit."""
    verdict: str
    """``recommended``, ``fits``, ``too few``, ``snowshoe``, ``shared pool``."""
    note: str = ""


@dataclass(frozen=True)
class Sizing:
    """How many IPs each pool should have, and why (PRACTICE.md, "Do not take a dedicated IP").

    Attributes:
        pool, planned: Whose IPs, and how many the scenario has.
        recommended: How many it should have; 0: stay on the shared pool.
        reason, source: Why, and whose rule it is.
        rows: What other numbers would do.
        at_most: The volume carries no more than ``recommended``, and the shared pool would be as good or better.
        promise: The date that can be promised with ``recommended`` IPs for all in scope; None: not known or none.
        enough: Some number of IPs is complete, and in time; else ``recommended`` is the number that is planned.
    """

    pool: str
    planned: int
    recommended: int
    reason: str
    source: str
    rows: tuple[SizeRow, ...]
    at_most: bool = False
    promise: date | None = None
    enough: bool = True


@dataclass(frozen=True)
class LatestStart:
    """The last safe first sending day.

    Attributes:
        day: The date; None when no start in the future meets the deadline.
        earliest: First possible day with today's lead times.
        deadline: The date it must be complete by (deadline, or the legacy end).
        probability: Share of futures that complete in time when starting that day, with the holds assumed for a
            promise; None without resampling.
        reason: A sentence.
        tried: (start, share of the cases that are in time, expected completion) per start tried. The share is 0 where
            the expected finish is too late, 1 where there are no cases, and None where none were drawn because a later
            start is safe.
    """

    day: date | None
    earliest: date
    deadline: date | None
    probability: float | None
    reason: str
    tried: tuple[tuple[date, float | None, date | None], ...] = ()


@dataclass(frozen=True)
class PeakReady:
    """Whether a declared peak fits (design 4.7)."""

    name: str
    day: date
    messages: int
    fits: bool
    ready_on: date | None
    """First day on which the caps would carry the peak; None: not within the horizon."""
    missing: int
    """Messages of the peak that do not go to dedicated IPs."""
    spread_days: int | None
    """Days over which it would have to be spread to fit; None: none up to 14 does."""
    note: str = ""


@dataclass(frozen=True)
class PreflightItem:
    """One thing to do before the first send.

    Attributes:
        id: Key in the scenario's ``[preflight]``.
        text: What to do.
        owner: ``TAM``, ``customer``, ``IP owner`` …
        due: The date, from T minus its lead time.
        lead_days: Days before the start.
        state: ``done``, ``due``, ``not done``, ``assumed`` (unset: assumed done by its date), ``closed`` (unset, stays
        closed).
        providers: Providers whose cells it closes while not done; empty: none.
        until: Date from which those cells open again; None: at the end of the horizon.
        why: Why it matters.
        source: Where the rule comes from.
    """

    id: str
    text: str
    owner: str
    due: date
    lead_days: int
    state: str
    providers: tuple[str, ...]
    until: date | None
    why: str
    source: str


@dataclass(frozen=True)
class Milestone:
    """A dated event of the plan: first send, a tier opens, complete, control released, legacy may end."""

    day: date
    id: str
    text: str
    provider: str = ""
    pool: str = ""


@dataclass(frozen=True)
class LadderUse:
    """Which ladder a provider follows in a pool, and where its numbers come from."""

    pool: str
    provider: str
    slug: str
    name: str
    publisher: str
    url: str
    share: float
    ips: int
    first_cap: int
    note: str = ""


@dataclass(frozen=True)
class Plan:
    """A complete migration plan.

    Tables:
        messages: ``date, origin, destination, pool, ip_group, provider, stream, tier, messages, limit``. One row per
            non-zero part. ``date``: day of sending (for unplaced: the day it was due); ``origin``: day the customer
            would have
            sent it. ``ip_group`` only for dedicated; ``limit`` says why a part is *not* dedicated (empty for
            dedicated).
            Sums to the supply per stream, origin, provider and tier.
        caps: ``date, pool, ip_group, provider, base, cap, sent, limit``: per clock and day the base traffic, the cap,
        the
            dedicated messages and why the cell is not higher. ``provider`` is ``small`` for the clock that small
            providers share.
        days: ``date, supply, in_scope, dedicated, overflow, legacy, unplaced, control, kind`` (kind: ``send``,
        ``silent``,
            ``legacy-only``, ``freeze``, ``peak``), one row per day, by day of sending; supply by day of origin.
        sheet: the day sheet: ``date, origin, stream, provider, tier, pool, supply, dedicated, threshold_from,
        threshold,
            moved_back, limit``. A recipient is on the new platform on that day if ``threshold_from <= hash mod 10,000 <
            threshold`` (``threshold_from`` > 0 only on the later days of a spread send).
        rollback: ``date, provider, legacy_base, supply_next, can_carry``: could legacy carry the provider tomorrow?
        legacy_mix: ``date, over_90_share``: share of legacy's marketing mail to tiers over 90 days.
        rotation: ``date, pool, provider, pool_cap, equal_rotation_cap``, only for pools with unlike IP groups.
        ip_load: ``date, pool, ip_group, ips, messages, per_ip, capacity_per_ip``.

    ``small_members`` maps each pool to the providers on its shared "small" clock.
    """

    scenario: Scenario
    created: date
    first: date
    last: date
    policy: str
    policy_reason: str
    pace: float
    pace_reason: str
    providers: dict[str, str]
    """Provider id to display name, largest first."""
    streams: tuple[str, ...]
    tiers: tuple[str, ...]
    messages: pd.DataFrame
    caps: pd.DataFrame
    days: pd.DataFrame
    sheet: pd.DataFrame
    rollback: pd.DataFrame
    legacy_mix: pd.DataFrame
    rotation: pd.DataFrame
    ip_load: pd.DataFrame
    small_members: dict[str, tuple[str, ...]]
    engaged: Completion
    all: Completion
    uncertainty: Uncertainty | None
    uncertainty_reason: str
    """Why there is no range, when there is none."""
    levers: tuple[Lever, ...]
    sizing: tuple[Sizing, ...]
    latest_start: LatestStart | None
    peaks: tuple[PeakReady, ...]
    preflight: tuple[PreflightItem, ...]
    milestones: tuple[Milestone, ...]
    ladders: tuple[LadderUse, ...]
    findings: tuple[Finding, ...]
    assumptions: tuple[Assumption, ...]
    notes: tuple[Note, ...]
    control: dict[str, Any]
    """``share``, ``released`` (date or None), ``messages`` held back until then, ``moved_back`` count."""
    mx: dict[str, str] = field(default_factory=dict)
    """Recipient domains to planning groups, where a kept MX answer says another than the catalogue would."""

    @property
    def exit_code(self) -> int:
        """0 when the plan is good enough, 1 when it is not (blocker, error, not complete)."""
        stopped = any(f.severity in ("blocker", "error") for f in self.findings)
        return 1 if stopped or self.all.day is None or self.engaged.day is None or self.all.except_providers else 0

    def save(self, path: str | Path) -> Path:
        """Write the plan as versioned JSON; see :func:`warmup.planner.storage.save`."""
        from warmup.planner.storage import save

        return save(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Plan:
        """Read a plan written by :meth:`save`; see :func:`warmup.planner.storage.load`."""
        from warmup.planner.storage import load

        return load(Path(path))
