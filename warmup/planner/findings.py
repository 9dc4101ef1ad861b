"""What must be known before a plan is used: blockers, errors, warnings, notices, each with its way out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.bench import Bench, first_start
from warmup.planner.compile import ceilings
from warmup.planner.plan import Finding, Plan
from warmup.planner.pool_size import most_ips, pool_volume, shared_advice
from warmup.scenario import expand_days

if TYPE_CHECKING:
    from warmup.planner.planning import Headline

NEAR_PEAK = timedelta(weeks=8)
"""No start within 8 weeks of a declared peak (PRACTICE.md: Black Friday, Christmas)."""

MANDRILL_DAILY = 500_000
NOTE_ABOVE = 1_000_000
QUICK_DAYS = 28
HOURS_FOR_A_TENTH = 10
OLD_SHARE = 0.5
SEVERITIES = ("blocker", "error", "warning", "notice")


def findings(bench: Bench, head: Headline, plan: Plan) -> tuple[Finding, ...]:
    """Every finding of a plan, most severe first."""
    rules = (
        _unplaced, _identity, _autowarm, _near_peak, _completion, _deadline, _legacy_end, _sizing, _ceilings, _load,
        _peaks, _readiness, _engagement, _legacy_mix, _sunset, _start_day, _quick, _window, _same_day, _rotation, _byoip,
        _stalling,
    )  # fmt: skip
    found = [finding for rule in rules for finding in rule(bench, head, plan)]
    return tuple(sorted(found, key=lambda f: SEVERITIES.index(f.severity)))


def _day(day: date) -> str:
    return f"{day:%a %-d %b %Y}"


def _unplaced(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    lost = plan.messages[plan.messages["destination"] == "unplaced"]
    if lost.empty:
        return
    total, first = int(lost["messages"].sum()), lost["date"].min().date()
    until = bench.scenario.legacy.until
    sunset = int(lost.loc[lost["limit"] == "out-of-scope", "messages"].sum())
    if sunset == total:
        yield Finding(
            "sunset.unplaced",
            "blocker",
            f"{total:,} messages to recipients without engagement for over 365 days have no place from {_day(first)} on",
            "stop mailing them by then (sunset), or take them into scope with include_never = true",
            "design 4.1",
        )
        return
    cause = f"{bench.scenario.legacy.name} ends on {_day(until)}" if until and first > until else "capacity is used up"
    yield Finding(
        "legacy.unplaced",
        "blocker",
        f"{total:,} messages have no place from {_day(first)} on: {cause}, and the new IPs are not warm enough",
        _way_out(bench, plan),
        "design 4.1",
    )


def _way_out(bench: Bench, plan: Plan) -> str:
    options = []
    if bench.scenario.legacy.until:
        options.append(
            f"extend legacy to {_day(plan.all.day)}" if plan.all.day else "extend legacy beyond the day of completion"
        )
    if bench.scenario.new.overflow == "none":
        options.append("agree an overflow on the new platform")
    start = plan.latest_start
    if start and start.day and start.day < first_start(bench.scenario):
        options.append(f"start by {_day(start.day)}")
    faster = [lever for lever in plan.levers if lever.all_delta is not None and lever.all_delta < 0 and not lever.struck]
    if faster:
        best = min(faster, key=lambda lever: lever.all_delta or 0)
        options.append(f"{best.text[0].lower()}{best.text[1:]} ({-(best.all_delta or 0)} days sooner)")
    return "; or ".join(options) or "raise the capacity of legacy or of the overflow"


def _identity(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    for stream in bench.scenario.streams:
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


def _autowarm(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    new = bench.scenario.new
    if new.autowarm == "off" or new.overflow != "none" or new.mode == "byoip":
        return
    yield Finding(
        "autowarm.cold_without_overflow",
        "blocker",
        f"{new.name} warms the IPs by itself, all of them are cold, and there is no overflow: what exceeds a stage goes out "
        "over the cold IPs anyway",
        "give the platform an overflow pool, or switch its automatic warm-up off",
        "SparkPost automated warm-up; SparkPost IP pools API",
    )


def _near_peak(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    start = first_start(bench.scenario)
    override = bench.scenario.policy.override
    for peak in bench.scenario.calendar.peaks:
        days = [day for day in expand_days(peak.days) if timedelta(0) <= day - start < NEAR_PEAK]
        if not days:
            continue
        text = f"the start on {_day(start)} is within 8 weeks of {peak.name} ({_day(min(days))})"
        if override is not None:
            yield Finding("start.near_peak", "notice", f"{text}; {override.name} decided so: {override.reason}")
        else:
            yield Finding(
                "start.near_peak",
                "error",
                text,
                f"start after {_day(max(days) + timedelta(days=3))}, or set policy.override with a name and a reason",
                "practice",
                peak.name,
            )


def _completion(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    if plan.all.day is None:
        yield Finding("complete.not_within_horizon", "error", _sentence(plan.all.reason), plan.all.cure, "design 4.8")
    elif plan.all.except_providers:
        yield Finding("complete.except", "error", _sentence(plan.all.reason), plan.all.cure, "design 4.4")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _deadline(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    deadline = bench.scenario.deadline
    if deadline is None or plan.all.day is None:
        return
    if plan.all.day > deadline:
        late = (plan.all.day - deadline).days
        yield Finding(
            "deadline.missed",
            "error",
            f"complete on {_day(plan.all.day)}, {late} days after the deadline {_day(deadline)}",
            _deadline_cure(plan),
        )
    elif plan.uncertainty and (plan.uncertainty.commit_all is None or plan.uncertainty.commit_all > deadline):
        yield Finding(
            "deadline.at_risk",
            "warning",
            f"with assumed holds the date to promise is "
            f"{_day(plan.uncertainty.commit_all) if plan.uncertainty.commit_all else 'beyond the horizon'}, after the deadline "
            f"{_day(deadline)}",
            _deadline_cure(plan),
        )


def _deadline_cure(plan: Plan) -> str:
    parts = []
    if plan.latest_start and plan.latest_start.day and plan.latest_start.day < first_start(plan.scenario):
        parts.append(f"start by {_day(plan.latest_start.day)}")
    faster = [lever for lever in plan.levers if (lever.all_delta or 0) < 0 and not lever.struck]
    parts += [f"{lever.text} ({-(lever.all_delta or 0)} days sooner)" for lever in sorted(faster, key=lambda x: x.all_delta or 0)[:2]]
    return "; or ".join(parts) or "move the deadline"


def _legacy_end(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    until = bench.scenario.legacy.until
    if until is None:
        return
    after = plan.days[plan.days["date"].dt.date > until]
    overflow = int(after["overflow"].sum())
    if overflow:
        yield Finding(
            "legacy.ends_early",
            "warning",
            f"{bench.scenario.legacy.name} ends on {_day(until)}, before the IPs carry everything: {overflow:,} messages "
            f"go to the overflow ({bench.scenario.new.overflow}), whose reputation is not the customer's",
            _way_out(bench, plan),
        )
    if plan.all.day and plan.all.day + timedelta(days=14) > until:
        yield Finding(
            "legacy.ends_before_rollback",
            "warning",
            f"{bench.scenario.legacy.name} ends on {_day(until)}; it should stay warm until {_day(plan.all.day + timedelta(days=14))}, "
            "14 days after completion, as the way back",
            "extend legacy by some weeks",
            "practice; SES: keep IPs warm",
        )


def _sizing(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    for pool in bench.scenario.pools:
        volume = pool_volume(bench, pool)
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
                f"pool {pool.name} has {pool.size} IPs for {volume.largest_day:,.0f} messages on its largest day: {why}",
                f"use {max(most, 1)} IPs or fewer",
                source,
                pool.name,
            )


def _ceilings(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    ips = {group.name: int(head.problem.ips[0, g]) for g, group in enumerate(head.problem.groups)}
    for c in ceilings(bench.scenario, bench.supply):
        if c.warn_above is None:
            continue
        table = plan.caps[plan.caps["provider"] == c.provider]
        per_ip = table["sent"] / table["ip_group"].map(ips).clip(lower=1)
        over = table[per_ip > c.warn_above]
        if not over.empty:
            yield Finding(
                "ceiling.above_observed",
                "warning",
                f"from {_day(over['date'].min().date())} on the plan sends {plan.providers.get(c.provider, c.provider)} more than "
                f"{c.warn_above:,} messages a day and IP, the rate that was observed to be accepted from an unknown IP",
                "watch deferrals there closely; growth stops at the first rise",
                c.source,
                c.provider,
            )


def _load(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    load = plan.ip_load
    high = load[load["per_ip"] > NOTE_ABOVE]
    if not high.empty:
        yield Finding(
            "capacity.above_million",
            "notice",
            f"up to {high['per_ip'].max():,.0f} messages a day and IP; other platforms stop at {MANDRILL_DAILY:,} (Mandrill)",
            "consider one more IP",
            "SparkPost: 2-5 million; Mandrill: 500,000",
        )


def _peaks(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    for peak in plan.peaks:
        if peak.fits:
            continue
        spread = f"spread it over {peak.spread_days} days" if peak.spread_days else "send the rest through legacy or the overflow"
        yield Finding(
            "peak.does_not_fit",
            "warning",
            f"{peak.missing:,} of {peak.messages:,} messages of {peak.name} on {_day(peak.day)} do not fit on the dedicated IPs",
            f"{spread}{f' ({peak.note})' if peak.note else ''}",
            "design 4.7",
            peak.name,
        )


def _readiness(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    for item in plan.preflight:
        here = [plan.providers.get(p, p) for p in item.providers if bench.shares.get(p, 0) > 0]
        if item.state in ("closed", "not done", "due") and here and (item.until is None or item.until > first_start(bench.scenario)):
            until = f"until {_day(item.until)}" if item.until else "until it is done"
            yield Finding(
                f"readiness.{item.id}",
                "warning",
                f"{', '.join(here)} stays closed {until}: {item.text}",
                f"{item.owner}: do it by {_day(item.due)} and say so in [preflight]",
                item.source,
            )
        elif item.due < bench.today and item.state == "assumed":
            yield Finding(
                f"readiness.{item.id}",
                "notice",
                f"was due on {_day(item.due)} and is assumed done: {item.text}",
                f"{item.owner}: confirm it in [preflight]",
                item.source,
            )


def _engagement(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    if bench.supply.tiered or not any(stream.kind == "marketing" for stream in bench.scenario.streams):
        return
    yield Finding(
        "tiers.unknown",
        "warning",
        "without engagement data the ramp cannot start with the people who open and click: mail to people who have not "
        "reacted for a year counts like any other, which costs reputation at Gmail and Yahoo first, and the plan is conservative",
        "ask for counts per provider, stream and days since the last human open or click (audience = …)",
        "SparkPost plan: engaged recipients first",
    )


def _legacy_mix(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    mix = plan.legacy_mix
    if mix.empty:
        return
    done = plan.all.day or plan.last
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
            f"from {_day(bad['date'].iloc[0].date())} on more than {'half' if share.max() > OLD_SHARE else 'twice the usual share'} of "
            "legacy's marketing mail goes to people not engaged for 90 days, because the engaged move first; the domain is shared",
            "send the oldest recipients less often while the migration lasts, and keep the control group on legacy",
            "practice",
        )


def _sunset(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    outside = plan.messages[plan.messages["limit"] == "out-of-scope"]
    if outside.empty:
        return
    weekly = outside["messages"].sum() / max(len(plan.days) / 7, 1)
    yield Finding(
        "scope.sunset",
        "notice",
        f"about {weekly:,.0f} messages a week go to people without engagement for over 365 days; they are not migrated",
        "sunset them, or take them into scope with include_never = true",
        "SparkPost plan; practice",
    )


def _start_day(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    start = first_start(bench.scenario)
    if start.weekday() not in (1, 2):
        yield Finding(
            "start.weekday", "notice", f"the start is a {start:%A}", "start on a Tuesday or Wednesday", "practice"
        )
    if start < bench.today:
        yield Finding("start.past", "warning", f"the start {_day(start)} is past", "set a new start, or track the running plan")


def _quick(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    if plan.all.day and (plan.all.day - first_start(bench.scenario)).days < QUICK_DAYS and not head.problem.byoip:
        yield Finding(
            "complete.quick",
            "notice",
            "complete in less than 28 days; SparkPost's document speaks of 4 to 8 weeks to the best delivery",
            "tell the customer that growth ends sooner than reputation settles",
            "SparkPost plan",
        )


def _window(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    hours = bench.scenario.calendar.window.hours
    if hours < HOURS_FOR_A_TENTH:
        yield Finding(
            "window.short",
            "notice",
            f"the send window has {hours:g} hours: in the first 14 sending days no hour should carry more than a tenth of the day",
            "widen the window to 10 hours",
            "BillionMail 1/10, Mailtrap 1/5",
        )


def _same_day(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    marketing = [s.name for s in bench.scenario.streams if s.kind == "marketing"]
    sheet = plan.sheet[plan.sheet["stream"].isin(marketing)]
    per_day = sheet.groupby("date")["stream"].nunique()
    twice = int((per_day > 1).sum())
    if twice:
        yield Finding(
            "frequency.two_a_day",
            "notice",
            f"on {twice} days more than one marketing stream is sent: one person can get two mails, one from each platform",
            "apply one frequency cap across both platforms",
            "practice",
        )


def _rotation(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    table = plan.rotation
    if table.empty:
        return
    worse = table[table["equal_rotation_cap"] < table["pool_cap"]]
    for pool, part in worse.groupby("pool"):
        yield Finding(
            "pool.unlike_ips",
            "warning",
            f"pool {pool} holds IPs that start on different days; rotation ignores caps, so until {_day(part['date'].max().date())} "
            "an equal rotation would overload the younger ones",
            "put the later IPs into a warming pool of their own",
            "practice",
            str(pool),
        )


def _byoip(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    if head.problem.byoip:
        yield Finding(
            "byoip.checklist",
            "notice",
            "the customer's own block moves whole, on one day, without a ramp: it must be a /24 or more and warm today",
            "before the day: PTR records, ROA for the new origin AS, route announced by one side only, whole block at once",
            "SparkPost: bring your own IP",
        )


def _stalling(bench: Bench, head: Headline, plan: Plan) -> Iterator[Finding]:
    if bench.scenario.new.autowarm != "sparkpost":
        return
    gaps = bench.supply.gap_days
    for pool in bench.scenario.pools:
        names = [s.name for s in bench.scenario.streams if bench.scenario.pool_of(s) == pool]
        gap = float(np.min([gaps.get(name, 1.0) for name in names], initial=99))
        if gap > 1.5:
            yield Finding(
                "autowarm.stalls",
                "warning",
                f"pool {pool.name} sends every {gap:g} days: the platform's own warm-up moves a stage only after a day at 90 % of it "
                "and switches itself off after 10 days without progress",
                "let the plan set the volume, and check the stage every week",
                "SparkPost automated warm-up",
                pool.name,
            )
