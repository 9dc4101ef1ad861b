"""What a plan states besides its tables: names, and every number and rule it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.ceilings import CeilingUse, ceilings
from warmup.planner.clocks import MEMORY_DAYS, MEMORY_FULL_DAYS
from warmup.planner.compile import PEAK_FREEZE_AFTER, PEAK_FREEZE_BEFORE
from warmup.planner.completion import CARRIED_PER_MILLE, MIN_DAILY, MIN_SENDS, WINDOW_DAYS
from warmup.planner.engine import KEEP_WARM_DAYS
from warmup.planner.filling import CRITICAL_SENDING_DAYS
from warmup.planner.gates import GATE_DAYS, GATE_SENDING_DAYS, OLDER_STEP, OLDER_STEP_SENDING_DAYS
from warmup.planner.plan import Assumption, PreflightItem
from warmup.planner.preflight import preflight_assumptions
from warmup.planner.problem import NEVER
from warmup.planner.small import SMALL_DAILY, SMALL_RECIPIENTS
from warmup.planner.wording import counted, listing, percent
from warmup.ramps.growth import LEAVE_AT, WEEKLY_GROWTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from warmup.planner.bench import Bench, Followed
    from warmup.planner.planning import Headline


def provider_names(bench: Bench) -> dict[str, str]:
    """Provider id to display name, largest first."""
    volume = bench.supply.messages[0].sum(axis=(0, 1, 3))
    order = np.argsort(-volume, kind="stable")
    return {name: bench.name_of(name) for name in (bench.supply.providers[p] for p in order)}


def assumptions(
    bench: Bench, head: Headline, followed: Followed, preflight: Iterable[PreflightItem]
) -> tuple[Assumption, ...]:
    """Every number and rule the plan rests on, with its source."""
    rows = [] if head.problem.byoip else [*_ramp_rows(bench, head, followed), *_tier_rows(head), *_ceiling_rows(bench)]
    return (*rows, *_volume_rows(bench, head), *_day_rows(bench, head), *preflight_assumptions(preflight))


def _ramp_rows(bench: Bench, head: Headline, followed: Followed) -> Iterator[Assumption]:
    ramp = followed.ramp
    yield Assumption(
        "Ramp",
        f"{ramp.name}, as policy {followed.name}. {followed.reason}",
        f"{ramp.publisher}, {ramp.url}",
        ramp.confidence,
    )
    step = "one level" if head.pace == 1 else f"{head.pace:g} of a level"
    yield Assumption("Pace", f"{step} of the ladder per sending day", "design of this planner", "judgement")
    if any(hold > 1 for ladder in head.problem.ladders for hold in ladder.holds):
        text = f"a sending day counts towards a held level if {percent(LEAVE_AT)} of the level was sent"
        yield Assumption("Holds", text, "SparkPost automated warm-up", "sourced")
    yield Assumption(
        "Accepted mail", "what the plan sends is accepted the same day; tracking uses what really was", "practice",
        "judgement",
    )  # fmt: skip
    yield Assumption(
        "Memory",
        f"the largest day counts in full for {MEMORY_FULL_DAYS} days, then fades to nothing at {MEMORY_DAYS} idle days",
        "SendGrid and Braze: cold after 30 days; the fading is practice",
        "partly",
    )
    growth = f"at most {percent(WEEKLY_GROWTH - 1)} a week"
    yield Assumption("Growth beyond the ladder", growth, "Adobe deliverability guide", "sourced")
    yield Assumption(
        "Small providers",
        f"fewer than {SMALL_DAILY} messages a day per IP, or known to have fewer than {SMALL_RECIPIENTS:,} recipients: "
        f"one shared clock per pool, never below {SMALL_DAILY} a day per IP",
        "Oracle: no formal warm-up needed; the floor is practice",
        "partly",
    )
    if bench.scenario.new.autowarm != "off":
        yield Assumption(
            f"Warm-up by {bench.scenario.new.name}",
            "its own stages are not published, so they are not planned with; only mail on the dedicated IPs warms them",
            "Bird documentation: about 30 days, stages unpublished",
            "partly",
        )


def _tier_rows(head: Headline) -> Iterator[Assumption]:
    if not any(stream.marketing for stream in head.problem.streams):
        return
    if not head.problem.tiers_bind:
        known = len(head.problem.tiers) > 1
        why = "switched off in the scenario (policy.tiers)" if known else "no engagement data: everybody is one tier"
        yield Assumption("Engagement tiers", why, "scenario" if known else "history and audience")
        return
    weeks = [GATE_DAYS * n // 7 for n in (1, 2, 3)]
    yield Assumption(
        "Engagement tiers",
        f"marketing mail goes to people engaged ≤ 30 days from the start, ≤ 60 days from week {weeks[0] + 1}, "
        f"≤ 90 days from week {weeks[1] + 1}, older after {weeks[2]} weeks; each at least {GATE_SENDING_DAYS} sending "
        "days after the one before",
        "SparkPost plan; the sending days are practice",
        "partly",
    )
    yield Assumption(
        "Older recipients",
        f"each step adds at most {percent(OLDER_STEP)} of base traffic, a further step after "
        f"{OLDER_STEP_SENDING_DAYS} sending days",
        "SparkPost plan; the sending days are practice",
        "partly",
    )


def _ceiling_rows(bench: Bench) -> Iterator[Assumption]:
    hours = bench.scenario.calendar.window.hours
    for c in ceilings(bench.scenario, bench.supply):
        text = f"{_ceiling(bench, c, hours)}. {c.text}".rstrip()
        yield Assumption(f"Ceiling at {bench.name_of(c.provider)}", text, c.source, c.confidence)


def _ceiling(bench: Bench, c: CeilingUse, hours: float) -> str:
    unit = "recipient domain" if c.per_domain else "IP"
    rate = f"{c.per_ip:,.0f} messages a day per {unit}"
    if c.hourly is not None:
        rate += f" ({c.hourly:,} an hour, in a send window of {hours:g} hours)"
    if c.per_domain and c.provider not in bench.supply.domains:
        return f"{rate}, not applied because the history does not name the domains"
    last = "for good" if c.sending_days >= NEVER else f"for {counted(c.sending_days, 'sending day')}"
    after = f", then at most × {c.growth:g} a sending day" if c.growth and c.sending_days < NEVER else ""
    return f"{rate} {last}{', weekdays only' if c.weekdays_only else ''}{after}"


def _volume_rows(bench: Bench, head: Headline) -> Iterator[Assumption]:
    scenario, legacy = bench.scenario, bench.scenario.legacy
    own = {pool.name: pool.capacity_per_ip for pool in scenario.pools if pool.capacity_per_ip}
    values = [f"{own.get(pool.name) or scenario.policy.capacity_per_ip:,}" for pool in scenario.pools]
    each = [f"{value} in {pool.name}" for value, pool in zip(values, scenario.pools, strict=True)]
    text = f"{values[0]} messages a day" if len(set(values)) == 1 else f"messages a day: {listing(each)}"
    yield Assumption(
        "Capacity of a warm IP",
        text,
        "scenario" if own else "SparkPost: 2-5 million a day",
        "" if own else "sourced",
    )
    if scenario.policy.control_share and not head.problem.byoip:
        share = percent(scenario.policy.control_share)
        until = "completion" if legacy.until is None else "completion or the end of legacy"
        text = f"{share} of the in-scope marketing mail stays on legacy until {until}"
        yield Assumption("Control group", text, "practice: 5-10 %", "judgement")
    if legacy.keep_warm and not head.problem.byoip:
        ips = counted(legacy.ips or 1, "IP")
        text = (
            f"{legacy.keep_warm:,} messages a day per mailbox provider on each of {ips} of {bench.legacy_name}, until "
            f"{KEEP_WARM_DAYS} days after completion"
        )
        yield Assumption("Keeping legacy warm", text, "SES: about 1,000", "sourced")
    carries = (
        f"{legacy.capacity:,} messages a day" if legacy.capacity else "no limit is stated: it carries whatever is left"
    )
    yield Assumption(f"Capacity of {bench.legacy_name}", carries, "scenario")
    if scenario.new.overflow != "none":
        limit = scenario.new.overflow_capacity
        text = f"{limit:,} messages a day" if limit else "no limit is stated: it takes whatever legacy does not"
        yield Assumption(f"Capacity of the overflow ({scenario.new.overflow})", text, "scenario")


def _day_rows(bench: Bench, head: Headline) -> Iterator[Assumption]:
    yield Assumption(
        "Complete",
        f"the first day that opens {WINDOW_DAYS} days, with at least {MIN_SENDS} sends of every stream, in which "
        f"dedicated IPs carry {percent(CARRIED_PER_MILLE / 1000)} of the in-scope mail of every pool and of every "
        f"mailbox provider with at least {MIN_DAILY} messages a day; days of declared peaks do not count",
        "design of this planner",
        "judgement",
    )
    if bench.scenario.calendar.peaks and not head.problem.byoip:
        text = (
            f"nothing grows from {PEAK_FREEZE_BEFORE} days before a declared peak to {PEAK_FREEZE_AFTER} days after it"
        )
        yield Assumption("Peaks", text, "practice", "judgement")
    if any(stream.critical for stream in head.problem.streams):
        names = listing(stream.name for stream in head.problem.streams if stream.critical)
        text = f"{names} moves after {CRITICAL_SENDING_DAYS} sending days of the IPs"
        yield Assumption("Critical mail", text, "practice", "judgement")
