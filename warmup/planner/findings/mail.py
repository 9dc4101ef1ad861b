"""Findings about the mail: providers, their ceilings and readiness, engagement, times of day, frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmup.planner.ceilings import ceilings
from warmup.planner.plan import Finding, PreflightItem
from warmup.planner.preflight import earliest_start
from warmup.planner.wording import counted, listing, long_day, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmup.planner.findings.case import Case

HOURS_FOR_A_TENTH = 10
"""Hours of the send window in which no hour need carry more than a tenth of the day."""


def above_observed(c: Case) -> Iterator[Finding]:
    """More than a provider has been seen to accept from an unknown IP."""
    ips = {group.name: int(c.head.problem.ips[0, g]) for g, group in enumerate(c.head.problem.groups)}
    for ceiling in ceilings(c.scenario, c.bench.supply):
        if ceiling.warn_above is None:
            continue
        table = c.plan.caps[c.plan.caps["provider"] == ceiling.provider]
        per_ip = table["sent"] / table["ip_group"].map(ips).clip(lower=1)
        over = table[per_ip > ceiling.warn_above]
        if not over.empty:
            name = c.bench.name_of(ceiling.provider)
            yield Finding(
                "ceiling.above_observed",
                "warning",
                f"From {long_day(over['date'].min().date())} on the plan sends {name} more than {ceiling.warn_above:,} "
                f"messages a day and IP (up to {per_ip.max():,.0f}): that is the rate it was observed to accept from "
                "an unknown IP.",
                f"Watch deferrals at {name} closely, and stop growing there at the first rise.",
                ceiling.source,
                ceiling.provider,
            )


def unused_ceilings(c: Case) -> Iterator[Finding]:
    """Ceilings of the scenario for providers that get no mail."""
    unused = [name for name in c.scenario.policy.ceilings if name not in c.bench.supply.providers]
    if unused:
        yield Finding(
            "ceiling.unused",
            "notice",
            f"The scenario has a ceiling for {listing(c.bench.name_of(name) for name in unused)}, but the history "
            "holds no mail to it.",
            "Check the name under policy.ceilings; `warmup provider DOMAIN` says which group a domain belongs to.",
            "scenario",
        )


def closed(c: Case) -> Iterator[Finding]:
    """Providers that an open pre-flight item keeps closed."""
    shut = c.bench.closed(c.scenario)
    for item in c.plan.preflight:
        here = [name for name in item.providers if name in shut and c.bench.shares.get(name, 0) > 0]
        if not here or item.state not in ("closed", "not done", "due"):
            continue
        until = f"until {long_day(item.until)}" if item.until else "until somebody says that it is done"
        yield Finding(
            f"readiness.{item.id}",
            "warning",
            f"Nothing goes to {c.bench.names_of(here)} from the new IPs {until}: {item.text}",
            _do(c, item),
            item.source,
        )


def _do(c: Case, item: PreflightItem) -> str:
    """Who does what by when; a date that is past is not asked for."""
    by = f"by {long_day(item.due)}" if item.due >= c.bench.today else "now"
    return sentence(f"{item.owner}: do it {by}, then set preflight.{item.id} to done (or to the date it will be done)")


def percent_blocked(c: Case) -> Iterator[Finding]:
    """Streams that move with one share for all providers, of which one is closed: then nothing of them moves."""
    shut = c.bench.closed(c.scenario)
    for s, stream in enumerate(c.head.problem.streams):
        mail = c.bench.supply.messages[0][:, s].sum(axis=(0, 2))
        here = [name for name, count in zip(c.bench.supply.providers, mail, strict=True) if count and name in shut]
        if not stream.percent or not here:
            continue
        days = [shut[name] for name in here]
        until = f"until {long_day(max(day for day in days if day))}" if all(days) else "until the item is done"
        yield Finding(
            "split.blocked",
            "warning",
            f"Stream {stream.name} cannot be counted out per mailbox provider (split = percent), and "
            f"{c.bench.names_of(here)} {'is' if len(here) == 1 else 'are'} closed: nothing of it moves {until}.",
            "Do the pre-flight item, or send that provider's part of the stream through legacy and count the rest out.",
            "practice",
            stream.name,
        )


def overdue(c: Case) -> Iterator[Finding]:
    """Items that should have been done by now, and of which nobody said whether they are."""
    late = [item for item in c.plan.preflight if item.state == "assumed" and item.due < c.bench.today]
    if not late or c.start < c.bench.today:
        return  # a start that is past has a finding of its own
    earliest = earliest_start(c.scenario, c.bench.shares, c.bench.today)
    names = listing((item.id for item in late), most=8)
    yield Finding(
        "readiness.overdue",
        "notice",
        f"{counted(len(late), 'pre-flight item')} should have been done before today for a start on "
        f"{long_day(c.start)}, and {'is' if len(late) == 1 else 'are'} assumed done: {names}.",
        f"Confirm each under [preflight]; what is still open needs a start on {long_day(earliest)} or later.",
        "practice",
    )


def engagement(c: Case) -> Iterator[Finding]:
    """What planning without engagement data costs."""
    marketing = [stream.name for stream in c.scenario.streams if stream.kind == "marketing"]
    if c.bench.supply.tiered or not marketing or c.head.problem.byoip:
        return
    careful = " The plan is conservative for that reason." if c.plan.policy == "conservative" else ""
    yield Finding(
        "tiers.unknown",
        "warning",
        f"Nothing is known of who opens and clicks {listing(marketing)}, so the ramp cannot start with them: people "
        "who have not reacted for a year count like any other, which costs reputation, at Gmail and Yahoo first."
        f"{careful}",
        "Ask for counts per mailbox provider, stream and days since the last human open or click (audience = …).",
        "SparkPost plan: engaged recipients first",
    )


def window(c: Case) -> Iterator[Finding]:
    """A send window too short to spread a day."""
    hours = c.scenario.calendar.window.hours
    if hours < HOURS_FOR_A_TENTH:
        yield Finding(
            "window.short",
            "notice",
            f"The send window has {hours:g} hours: in the first 14 sending days no hour should carry more than a tenth "
            "of the day.",
            f"Widen the window to {HOURS_FOR_A_TENTH} hours.",
            "BillionMail 1/10, Mailtrap 1/5",
        )


def unknown_volume(c: Case) -> Iterator[Finding]:
    """Mail whose volume nobody knows: NULL is not 0, so the answer does not hold for it."""
    for note in c.bench.supply.notes:
        if note.level == "error":
            remedy = "Ask for these volumes, or leave the stream or provider out of the export."
            yield Finding("supply.unknown", "error", note.text, remedy, note.source)


def two_a_day(c: Case) -> Iterator[Finding]:
    """Days of the migration on which one person can get mail from both platforms."""
    marketing = [s.name for s in c.scenario.streams if s.kind == "marketing"]
    done = c.plan.all.day or c.plan.last
    sheet = c.plan.sheet[c.plan.sheet["stream"].isin(marketing) & (c.plan.sheet["date"].dt.date < done)]
    per_day = sheet.groupby("date")["stream"].nunique()
    days = int((per_day > 1).sum())
    when = "before completion" if c.plan.all.day else "of the plan"
    if days:
        yield Finding(
            "frequency.two_a_day",
            "notice",
            f"On {counted(days, 'day')} {when} more than one of {listing(marketing)} is sent: one person "
            "can get two mails, one from each platform.",
            "Apply one frequency cap across both platforms.",
            "practice",
        )


RULES = (
    unknown_volume,
    closed,
    percent_blocked,
    above_observed,
    engagement,
    overdue,
    unused_ceilings,
    window,
    two_a_day,
)
