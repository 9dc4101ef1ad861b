"""What must be known before a plan is used: blockers, errors, warnings, notices, each with its way out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from warmup.planner.bench import Bench, first_start
from warmup.planner.compile import ceilings
from warmup.planner.plan import Finding, Plan
from warmup.planner.pool_size import most_ips, pool_volume, shared_advice
from warmup.planner.wording import long_day
from warmup.scenario import expand_days

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmup.planner.planning import Headline

NEAR_PEAK = timedelta(weeks=8)
"""No start within 8 weeks of a declared peak (PRACTICE.md: Black Friday, Christmas)."""

MANDRILL_DAILY = 500_000
NOTE_ABOVE = 1_000_000
QUICK_DAYS = 28
HOURS_FOR_A_TENTH = 10
OLD_SHARE = 0.5
SEVERITIES = ("blocker", "error", "warning", "notice")


class Case(NamedTuple):
    """What a rule looks at."""

    bench: Bench
    head: Headline
    plan: Plan


def findings(bench: Bench, head: Headline, plan: Plan) -> tuple[Finding, ...]:
    """Every finding of a plan, most severe first."""
    rules = (
        _unplaced, _identity, _autowarm, _near_peak, _completion, _deadline, _legacy_end, _sizing, _ceilings, _load,
        _peaks, _readiness, _engagement, _legacy_mix, _sunset, _start_day, _quick, _window, _same_day, _rotation,
        _byoip, _stalling,
    )  # fmt: skip
    case = Case(bench, head, plan)
    found = [finding for rule in rules for finding in rule(case)]
    return tuple(sorted(found, key=lambda f: SEVERITIES.index(f.severity)))


def _unplaced(c: Case) -> Iterator[Finding]:
    lost = c.plan.messages[c.plan.messages["destination"] == "unplaced"]
    if lost.empty:
        return
    total, first = int(lost["messages"].sum()), lost["date"].min().date()
    until = c.bench.scenario.legacy.until
    sunset = int(lost.loc[lost["limit"] == "out-of-scope", "messages"].sum())
    if sunset == total:
        yield Finding(
            "sunset.unplaced",
            "blocker",
            f"{total:,} messages to recipients without engagement for over 365 days have no place from "
            f"{long_day(first)} on",
            "stop mailing them by then (sunset), or take them into scope with include_never = true",
            "design 4.1",
        )
        return
    cause = (
        f"{c.bench.scenario.legacy.name} ends on {long_day(until)}"
        if until and first > until
        else "capacity is used up"
    )
    yield Finding(
        "legacy.unplaced",
        "blocker",
        f"{total:,} messages have no place from {long_day(first)} on: {cause}, and the new IPs are not warm enough",
        _way_out(c),
        "design 4.1",
    )


def _way_out(c: Case) -> str:
    options = []
    if c.bench.scenario.legacy.until:
        options.append(
            f"extend legacy to {long_day(c.plan.all.day)}"
            if c.plan.all.day
            else "extend legacy beyond the day of completion"
        )
    if c.bench.scenario.new.overflow == "none":
        options.append("agree an overflow on the new platform")
    start = c.plan.latest_start
    if start and start.day and start.day < first_start(c.bench.scenario):
        options.append(f"start by {long_day(start.day)}")
    faster = [
        lever for lever in c.plan.levers if lever.all_delta is not None and lever.all_delta < 0 and not lever.struck
    ]
    if faster:
        best = min(faster, key=lambda lever: lever.all_delta or 0)
        options.append(f"{best.text[0].lower()}{best.text[1:]} ({-(best.all_delta or 0)} days sooner)")
    return "; or ".join(options) or "raise the capacity of legacy or of the overflow"


def _identity(c: Case) -> Iterator[Finding]:
    for stream in c.bench.scenario.streams:
        if not stream.identity_changes or stream.identity_new is None or stream.identity_old is None:
            continue
        old, new = stream.identity_old.key, stream.identity_new.key
        yield Finding(
            "identity.changed_with_ip",
            "blocker",
            f"stream {stream.name} changes From or d= ({'/'.join(old)} to {'/'.join(new)}) together with its IPs: two "
            "unknowns at once, and the domain warms on one ladder however many IPs there are",
            "change the identity on legacy at least 4 weeks before the start, or 30 days after completion",
            "Google: ramp changed segments separately; the distances are practice",
            stream.name,
        )


def _autowarm(c: Case) -> Iterator[Finding]:
    new = c.bench.scenario.new
    if new.autowarm == "off" or new.overflow != "none" or new.mode == "byoip":
        return
    yield Finding(
        "autowarm.cold_without_overflow",
        "blocker",
        f"{new.name} warms the IPs by itself, all of them are cold, and there is no overflow: what exceeds a "
        "stage goes out "
        "over the cold IPs anyway",
        "give the platform an overflow pool, or switch its automatic warm-up off",
        "SparkPost automated warm-up; SparkPost IP pools API",
    )


def _near_peak(c: Case) -> Iterator[Finding]:
    start = first_start(c.bench.scenario)
    override = c.bench.scenario.policy.override
    for peak in c.bench.scenario.calendar.peaks:
        days = [day for day in expand_days(peak.days) if timedelta(0) <= day - start < NEAR_PEAK]
        if not days:
            continue
        text = f"the start on {long_day(start)} is within 8 weeks of {peak.name} ({long_day(min(days))})"
        if override is not None:
            yield Finding("start.near_peak", "notice", f"{text}; {override.name} decided so: {override.reason}")
        else:
            yield Finding(
                "start.near_peak",
                "error",
                text,
                f"start after {long_day(max(days) + timedelta(days=3))}, or set policy.override (name, reason)",
                "practice",
                peak.name,
            )


def _completion(c: Case) -> Iterator[Finding]:
    if c.plan.all.day is None:
        yield Finding(
            "complete.not_within_horizon", "error", _sentence(c.plan.all.reason), c.plan.all.cure, "design 4.8"
        )
    elif c.plan.all.except_providers:
        yield Finding("complete.except", "error", _sentence(c.plan.all.reason), c.plan.all.cure, "design 4.4")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _deadline(c: Case) -> Iterator[Finding]:
    deadline = c.bench.scenario.deadline
    if deadline is None or c.plan.all.day is None:
        return
    if c.plan.all.day > deadline:
        late = (c.plan.all.day - deadline).days
        yield Finding(
            "deadline.missed",
            "error",
            f"complete on {long_day(c.plan.all.day)}, {late} days after the deadline {long_day(deadline)}",
            _deadline_cure(c),
        )
    elif c.plan.uncertainty and (c.plan.uncertainty.commit_all is None or c.plan.uncertainty.commit_all > deadline):
        yield Finding(
            "deadline.at_risk",
            "warning",
            f"with assumed holds the date to promise is "
            f"{long_day(c.plan.uncertainty.commit_all) if c.plan.uncertainty.commit_all else 'beyond the horizon'}, "
            "after the deadline "
            f"{long_day(deadline)}",
            _deadline_cure(c),
        )


def _deadline_cure(c: Case) -> str:
    parts = []
    if c.plan.latest_start and c.plan.latest_start.day and c.plan.latest_start.day < first_start(c.plan.scenario):
        parts.append(f"start by {long_day(c.plan.latest_start.day)}")
    faster = [lever for lever in c.plan.levers if (lever.all_delta or 0) < 0 and not lever.struck]
    parts += [
        f"{lever.text} ({-(lever.all_delta or 0)} days sooner)"
        for lever in sorted(faster, key=lambda x: x.all_delta or 0)[:2]
    ]
    return "; or ".join(parts) or "move the deadline"


def _legacy_end(c: Case) -> Iterator[Finding]:
    until = c.bench.scenario.legacy.until
    if until is None:
        return
    after = c.plan.days[c.plan.days["date"].dt.date > until]
    overflow = int(after["overflow"].sum())
    if overflow:
        yield Finding(
            "legacy.ends_early",
            "warning",
            f"{c.bench.scenario.legacy.name} ends on {long_day(until)}, before the IPs carry everything: {overflow:,} "
            "messages "
            f"go to the overflow ({c.bench.scenario.new.overflow}), whose reputation is not the customer's",
            _way_out(c),
        )
    if c.plan.all.day and c.plan.all.day + timedelta(days=14) > until:
        yield Finding(
            "legacy.ends_before_rollback",
            "warning",
            f"{c.bench.scenario.legacy.name} ends on {long_day(until)}; it should stay warm until "
            f"{long_day(c.plan.all.day + timedelta(days=14))}, "
            "14 days after completion, as the way back",
            "extend legacy by some weeks",
            "practice; SES: keep IPs warm",
        )


def _sizing(c: Case) -> Iterator[Finding]:
    for pool in c.bench.scenario.pools:
        volume = pool_volume(c.bench, pool)
        advice = shared_advice(volume)
        if advice is not None and pool.size > advice[0]:
            answer = "no dedicated IP" if advice[0] == 0 else "at most one dedicated IP"
            yield Finding(
                "sizing.shared_preferred",
                "error" if advice[0] == 0 else "warning",
                f"pool {pool.name} should have {answer}: {advice[1]}",
                "stay on the shared pool" if advice[0] == 0 else "plan with one IP, or stay on the shared pool",
                advice[2],
                pool.name,
            )
            continue
        most, why, source = most_ips(volume)
        if pool.size > max(most, 1):
            yield Finding(
                "sizing.snowshoe",
                "error",
                f"pool {pool.name} has {pool.size} IPs for {volume.largest_day:,.0f} messages on its largest day: "
                f"{why}",
                f"use {max(most, 1)} IPs or fewer",
                source,
                pool.name,
            )


def _ceilings(c: Case) -> Iterator[Finding]:
    ips = {group.name: int(c.head.problem.ips[0, g]) for g, group in enumerate(c.head.problem.groups)}
    for ceiling in ceilings(c.bench.scenario, c.bench.supply):
        if ceiling.warn_above is None:
            continue
        table = c.plan.caps[c.plan.caps["provider"] == ceiling.provider]
        per_ip = table["sent"] / table["ip_group"].map(ips).clip(lower=1)
        over = table[per_ip > ceiling.warn_above]
        if not over.empty:
            yield Finding(
                "ceiling.above_observed",
                "warning",
                f"from {long_day(over['date'].min().date())} on the plan sends "
                f"{c.plan.providers.get(ceiling.provider, ceiling.provider)} more than "
                f"{ceiling.warn_above:,} messages a day and IP, the rate observed to be accepted from an unknown IP",
                "watch deferrals there closely; growth stops at the first rise",
                ceiling.source,
                ceiling.provider,
            )


def _load(c: Case) -> Iterator[Finding]:
    load = c.plan.ip_load
    high = load[load["per_ip"] > NOTE_ABOVE]
    if not high.empty:
        yield Finding(
            "capacity.above_million",
            "notice",
            f"up to {high['per_ip'].max():,.0f} messages a day and IP; other platforms stop at {MANDRILL_DAILY:,} "
            "(Mandrill)",
            "consider one more IP",
            "SparkPost: 2-5 million; Mandrill: 500,000",
        )


def _peaks(c: Case) -> Iterator[Finding]:
    for peak in c.plan.peaks:
        if peak.fits:
            continue
        spread = (
            f"spread it over {peak.spread_days} days"
            if peak.spread_days
            else "send the rest through legacy or the overflow"
        )
        yield Finding(
            "peak.does_not_fit",
            "warning",
            f"{peak.missing:,} of {peak.messages:,} messages of {peak.name} on {long_day(peak.day)} do not fit on the "
            "dedicated IPs",
            f"{spread}{f' ({peak.note})' if peak.note else ''}",
            "design 4.7",
            peak.name,
        )


def _readiness(c: Case) -> Iterator[Finding]:
    for item in c.plan.preflight:
        here = [c.plan.providers.get(p, p) for p in item.providers if c.bench.shares.get(p, 0) > 0]
        if (
            item.state in ("closed", "not done", "due")
            and here
            and (item.until is None or item.until > first_start(c.bench.scenario))
        ):
            until = f"until {long_day(item.until)}" if item.until else "until it is done"
            yield Finding(
                f"readiness.{item.id}",
                "warning",
                f"{', '.join(here)} stays closed {until}: {item.text}",
                f"{item.owner}: do it by {long_day(item.due)} and say so in [preflight]",
                item.source,
            )
        elif item.due < c.bench.today and item.state == "assumed":
            yield Finding(
                f"readiness.{item.id}",
                "notice",
                f"was due on {long_day(item.due)} and is assumed done: {item.text}",
                f"{item.owner}: confirm it in [preflight]",
                item.source,
            )


def _engagement(c: Case) -> Iterator[Finding]:
    if c.bench.supply.tiered or not any(stream.kind == "marketing" for stream in c.bench.scenario.streams):
        return
    yield Finding(
        "tiers.unknown",
        "warning",
        "without engagement data the ramp cannot start with the people who open and click: mail to people who have not "
        "reacted for a year counts like any other, which costs reputation at Gmail and Yahoo first, and the plan "
        "is conservative",
        "ask for counts per provider, stream and days since the last human open or click (audience = …)",
        "SparkPost plan: engaged recipients first",
    )


def _legacy_mix(c: Case) -> Iterator[Finding]:
    mix = c.plan.legacy_mix
    if mix.empty:
        return
    done = c.plan.all.day or c.plan.last
    mix = mix[mix["date"].dt.date <= done]
    if mix.empty:
        return
    share = mix["over_90_share"].rolling(7, min_periods=1).mean()
    first = float(share.iloc[0])
    bad = mix[(share > OLD_SHARE) & (share > first + 0.01) | (share > 2 * first) & (share > 0.1)]
    if not bad.empty:
        yield Finding(
            "legacy.disengaged",
            "warning",
            f"from {long_day(bad['date'].iloc[0].date())} on more than "
            f"{'half' if share.max() > OLD_SHARE else 'twice the usual share'} of "
            "legacy's marketing mail goes to people not engaged for 90 days, because the engaged move first; the "
            "domain is shared",
            "send the oldest recipients less often while the migration lasts, and keep the control group on legacy",
            "practice",
        )


def _sunset(c: Case) -> Iterator[Finding]:
    outside = c.plan.messages[c.plan.messages["limit"] == "out-of-scope"]
    if outside.empty:
        return
    weekly = outside["messages"].sum() / max(len(c.plan.days) / 7, 1)
    yield Finding(
        "scope.sunset",
        "notice",
        f"about {weekly:,.0f} messages a week go to people without engagement for over 365 days; they are not migrated",
        "sunset them, or take them into scope with include_never = true",
        "SparkPost plan; practice",
    )


def _start_day(c: Case) -> Iterator[Finding]:
    start = first_start(c.bench.scenario)
    if start.weekday() not in (1, 2):
        yield Finding(
            "start.weekday", "notice", f"the start is a {start:%A}", "start on a Tuesday or Wednesday", "practice"
        )
    if start < c.bench.today:
        yield Finding(
            "start.past",
            "warning",
            f"the start {long_day(start)} is past",
            "set a new start, or track the running plan",
        )


def _quick(c: Case) -> Iterator[Finding]:
    if (
        c.plan.all.day
        and (c.plan.all.day - first_start(c.bench.scenario)).days < QUICK_DAYS
        and not c.head.problem.byoip
    ):
        yield Finding(
            "complete.quick",
            "notice",
            "complete in less than 28 days; SparkPost's document speaks of 4 to 8 weeks to the best delivery",
            "tell the customer that growth ends sooner than reputation settles",
            "SparkPost plan",
        )


def _window(c: Case) -> Iterator[Finding]:
    hours = c.bench.scenario.calendar.window.hours
    if hours < HOURS_FOR_A_TENTH:
        yield Finding(
            "window.short",
            "notice",
            f"the send window has {hours:g} hours: in the first 14 sending days no hour should carry more than a "
            "tenth of the day",
            "widen the window to 10 hours",
            "BillionMail 1/10, Mailtrap 1/5",
        )


def _same_day(c: Case) -> Iterator[Finding]:
    marketing = [s.name for s in c.bench.scenario.streams if s.kind == "marketing"]
    sheet = c.plan.sheet[c.plan.sheet["stream"].isin(marketing)]
    per_day = sheet.groupby("date")["stream"].nunique()
    twice = int((per_day > 1).sum())
    if twice:
        yield Finding(
            "frequency.two_a_day",
            "notice",
            f"on {twice} days more than one marketing stream is sent: one person can get two mails, one from each "
            "platform",
            "apply one frequency cap across both platforms",
            "practice",
        )


def _rotation(c: Case) -> Iterator[Finding]:
    table = c.plan.rotation
    if table.empty:
        return
    worse = table[table["equal_rotation_cap"] < table["pool_cap"]]
    for pool, part in worse.groupby("pool"):
        yield Finding(
            "pool.unlike_ips",
            "warning",
            f"pool {pool} holds IPs that start on different days; rotation ignores caps, so until "
            f"{long_day(part['date'].max().date())} "
            "an equal rotation would overload the younger ones",
            "put the later IPs into a warming pool of their own",
            "practice",
            str(pool),
        )


def _byoip(c: Case) -> Iterator[Finding]:
    if c.head.problem.byoip:
        yield Finding(
            "byoip.checklist",
            "notice",
            "the customer's own block moves whole, on one day, without a ramp: it must be a /24 or more and warm today",
            "before the day: PTR records, ROA for the new origin AS, route announced by one side only, whole "
            "block at once",
            "SparkPost: bring your own IP",
        )


def _stalling(c: Case) -> Iterator[Finding]:
    if c.bench.scenario.new.autowarm != "sparkpost":
        return
    gaps = c.bench.supply.gap_days
    for pool in c.bench.scenario.pools:
        names = [s.name for s in c.bench.scenario.streams if c.bench.scenario.pool_of(s) == pool]
        gap = float(np.min([gaps.get(name, 1.0) for name in names], initial=99))
        if gap > 1.5:
            yield Finding(
                "autowarm.stalls",
                "warning",
                f"pool {pool.name} sends every {gap:g} days: the platform's own warm-up moves a stage only after "
                "a day at 90 % of it "
                "and switches itself off after 10 days without progress",
                "let the plan set the volume, and check the stage every week",
                "SparkPost automated warm-up",
                pool.name,
            )
