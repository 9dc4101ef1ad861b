"""What a plan states besides its tables: names, peaks, and every number it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.compile import SMALL, SMALL_DAILY, SMALL_RECIPIENTS, ceilings
from warmup.planner.plan import Assumption, PeakReady, PreflightItem
from warmup.planner.preflight import preflight_assumptions
from warmup.planner.problem import NEVER, Ints
from warmup.scenario import Peak, expand_days

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from warmup.planner.bench import Bench, Followed
    from warmup.planner.planning import Headline

MOST_PEAK_SPREAD = 14


def provider_names(bench: Bench) -> dict[str, str]:
    """Provider id to display name, largest first; the small clock last."""
    from warmup.providers import catalogue

    volume = bench.supply.messages[0].sum(axis=(0, 1, 3))
    order = np.argsort(-volume, kind="stable")
    names = {bench.supply.providers[p]: catalogue().group_name(bench.supply.providers[p]) for p in order}
    return {**names, SMALL: "Small providers"}


# -- peaks --------------------------------------------------------------------------------------------------------


def peaks(bench: Bench, head: Headline) -> tuple[PeakReady, ...]:
    """Whether each day of each declared peak fits into the caps of that day (design 4.7)."""
    out = []
    for peak in bench.scenario.calendar.peaks:
        for day in sorted(expand_days(peak.days)):
            index = (day - bench.supply.first).days
            if 0 <= index < bench.supply.days:
                out.append(_peak(bench, head, peak, day, index))
    return tuple(out)


def _peak(bench: Bench, head: Headline, peak: Peak, day: date, index: int) -> PeakReady:
    demand, caps = _in_scope_by_pool(head), _caps_by_pool(head)
    today = demand[index]
    missing = int(np.maximum(today - caps[index], 0).sum())
    holds = (caps >= today[None]).all(axis=(1, 2))
    # Ready from the first day on which the caps would hold it and go on doing so until the peak.
    ready = index
    while ready > 0 and holds[ready - 1]:
        ready -= 1
    spread = None if missing == 0 else _peak_spread(demand, caps, index)
    later = np.flatnonzero(holds)
    ready_on = bench.date_of(ready) if missing == 0 else (bench.date_of(int(later[0])) if len(later) else None)
    note = ""
    if missing:
        base = float(caps[index].sum())
        if base and today.sum() > 2 * base:
            note = "more than twice what the IPs are warm for: send it through legacy or spread it (Optimizely)"
    return PeakReady(peak.name, day, int(today.sum()), missing == 0, ready_on, missing, spread, note)


def _in_scope_by_pool(head: Headline) -> Ints:
    """In-scope supply (T, pools, Q)."""
    p = head.problem
    mail = p.supply[0] * ~p.outside[0][None, :, None, :]
    by_stream = mail.sum(axis=3)
    out = np.zeros((p.days, len(p.pools), len(p.providers)), dtype=np.int64)
    for s, stream in enumerate(p.streams):
        out[:, stream.pool] += by_stream[:, s]
    return out


def _caps_by_pool(head: Headline) -> Ints:
    p = head.problem
    assert head.run.cap is not None
    out = np.zeros((p.days, len(p.pools), len(p.providers)), dtype=np.int64)
    for g, group in enumerate(p.groups):
        out[:, group.pool] += head.run.cap[:, 0, g]
    return out


def _peak_spread(demand: Ints, caps: Ints, index: int) -> int | None:
    """Days from the peak on over which its mail, together with the other mail of those days, fits; None up to 14."""
    for days in range(2, MOST_PEAK_SPREAD + 1):
        window = slice(index, index + days)
        if (demand[window].sum(axis=0) <= caps[window].sum(axis=0)).all():
            return days
    return None


# -- assumptions --------------------------------------------------------------------------------------------------


def assumptions(
    bench: Bench, head: Headline, followed: Followed, preflight: Iterable[PreflightItem]
) -> tuple[Assumption, ...]:
    """Every number and rule the plan rests on, with its source."""
    policy = bench.scenario.policy
    ramp = followed.ramp
    rows = [
        Assumption(
            "Ramp",
            f"{ramp.name} ({followed.name}: {followed.reason})",
            f"{ramp.publisher}, {ramp.url}",
            ramp.confidence,
        ),
        Assumption("Pace", f"{head.pace:g} level(s) of the ladder per sending day", "design of this planner"),
        Assumption(
            "Accepted mail", "what the plan sends is accepted the same day; tracking uses what really was", "practice"
        ),
        Assumption(
            "Memory",
            "full for 7 days, then fading to nothing at 30 idle days",
            "SendGrid and Braze: cold after 30 days",
            "sourced",
        ),
        Assumption("Growth beyond the ladder", "at most 30 % a week", "Adobe deliverability guide", "sourced"),
        Assumption(
            "Capacity",
            f"{policy.capacity_per_ip:,} messages a day per warm IP",
            "SparkPost: 2-5 million; above 1 million note that Mandrill stops at 500,000",
            "sourced",
        ),
        Assumption(
            "Small providers",
            f"below {SMALL_DAILY} messages a day per IP, or fewer than {SMALL_RECIPIENTS:,} recipients: one "
            "shared clock, "
            f"never below {SMALL_DAILY} a day per IP",
            "Oracle: no formal warm-up needed; the floor is practice",
        ),
        Assumption(
            "Control group",
            f"{policy.control_share:.0%} of marketing mail stays on legacy until completion",
            "practice",
        ),
        Assumption("Legacy capacity", f"{bench.scenario.legacy.capacity or 'as much as today'}", "scenario"),
    ]
    rows += _tier_rows(head)
    rows += _ceiling_rows(bench)
    if bench.scenario.new.autowarm != "off":
        rows.append(
            Assumption(
                f"Warm-up by {bench.scenario.new.name}",
                "its own stages are not published; only mail on dedicated IPs earns base traffic, whatever it "
                "overflows",
                "Bird documentation: about 30 days, stages unpublished",
                "sourced",
            )
        )
    return (*rows, *preflight_assumptions(preflight))


def _tier_rows(head: Headline) -> list[Assumption]:
    if not head.problem.tiers_bind:
        return [Assumption("Engagement", "no engagement data: everybody counts as one tier", "history without tiers")]
    return [
        Assumption(
            "Engagement tiers",
            "marketing: ≤ 30 days from the start, ≤ 60 from week 3, ≤ 90 from week 5, older after six weeks, "
            "each at least "
            "6 sending days after the one before",
            "SparkPost plan; the 6 sending days are practice",
            "sourced",
        ),
        Assumption(
            "Older recipients",
            "each step adds at most 15 % of base traffic, a further step after two sending days",
            "SparkPost plan",
            "sourced",
        ),
    ]


def _ceiling_rows(bench: Bench) -> list[Assumption]:
    rows = []
    for c in ceilings(bench.scenario, bench.supply):
        unit = "recipient domain" if c.per_domain else "IP"
        if c.per_domain and c.provider not in bench.supply.domains:
            value = f"{c.per_ip:,.0f} a day per {unit}; not applied, because the number of domains is not known"
        else:
            last = "for good" if c.sending_days >= NEVER else f"for {c.sending_days} sending days"
            after = f", then at most × {c.growth:g} a sending day" if c.growth else ""
            value = f"{c.per_ip:,.0f} a day per {unit} {last}{after}"
        rows.append(Assumption(f"Ceiling at {c.provider}", value, c.source, c.text))
    return rows
