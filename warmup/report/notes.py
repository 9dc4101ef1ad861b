"""Sentences that stand beside the charts and tables of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmup.report import series, words

if TYPE_CHECKING:
    from warmup.planner.plan import Plan


def notes(plan: Plan) -> dict[str, str]:
    """Sentences that stand beside charts."""
    ramps = [pool.name for pool in plan.scenario.pools]
    several = (
        f" The {words.count(len(ramps), 'pool')} ({words.listing(ramps)}) are added up here; "
        "a pool cannot lend its cap to another."
        if len(ramps) > 1
        else ""
    )
    left = [p for p in plan.providers if p not in series.small_members(plan)][24:]
    more = f" Charts are shown for the 24 largest; {len(left)} more are in the Excel sheet." if left else ""
    return {
        "ramp_note": _legacy_end(plan),
        "provider_note": f"Grey is mail that is due there but not on the new IPs yet.{several}{more}",
        "load_note": _load_note(plan),
        "rotation_note": _rotation_note(plan),
        "rollback_note": _rollback_note(plan),
        "legacy_note": _legacy_note(plan),
        "sheet_end": _sheet_end(plan),
        "moved_back": _moved_back(plan),
        "ceiling_note": _ceiling_note(plan),
    }


def _legacy_end(plan: Plan) -> str:
    until = plan.scenario.legacy.until
    return f"{plan.scenario.legacy.name} may send until {words.day(until)}." if until else "No end of legacy is agreed."


def _load_note(plan: Plan) -> str:
    if not len(plan.ip_load):
        return "No dedicated IP sends in this plan."
    shares = (plan.ip_load["per_ip"] / plan.ip_load["capacity_per_ip"]).to_numpy()
    share, pool = shares.max(), plan.ip_load["pool"].iloc[int(shares.argmax())]
    enough = (
        "the IPs have room to spare" if share < 0.7 else "there is little room" if share <= 1 else "that does not fit"
    )
    where = f" in the pool {pool}" if len(plan.scenario.pools) > 1 else ""
    return (
        f"The fullest IP{where} reaches {words.percent(float(share), 1)} of its capacity on its largest day: {enough}."
    )


def _rotation_note(plan: Plan) -> str:
    if not len(plan.rotation):
        return ""
    pools = words.listing(sorted({str(pool) for pool in plan.rotation["pool"]}))
    lost = (plan.rotation["pool_cap"] - plan.rotation["equal_rotation_cap"]).clip(lower=0)
    at = int(lost.to_numpy().argmax())
    day, messages = words.day(plan.rotation["date"].iloc[at]), words.number(float(lost.iloc[at]))
    return (
        f"The IPs of {pools} do not all start together. A platform that rotates them equally may only send what the "
        f"newest allows: on {day} {messages} messages less than this plan. Give later IPs a pool of their own."
    )


def _rollback_note(plan: Plan) -> str:
    """From when on a way back is there on quiet days only, and from when on never again."""
    lines = series.rollback_rows(plan, (plan.last - plan.first).days + 1)
    if not lines:
        return ""
    gaps = [line for line in lines if line.gap]
    if not gaps:
        return "Legacy could take any provider's mail back on every day of this plan."
    first = min(gaps, key=lambda line: line.gap or plan.last)
    out = ""
    if first.never_from != first.gap:
        out = (
            f"The first whose mail legacy can no longer take back every day is {first.name}: from "
            f"{words.day(first.gap or plan.last)} on it still can on quiet days, but not on the days of large sends. "
        )
    lost = [line for line in lines if line.never_from]
    if not lost:
        return f"{out}Up to the end of this plan no provider loses its way back for good."
    since = min(line.never_from or plan.last for line in lost)
    names = [line.name for line in lost if line.never_from == since]
    who = "any provider's mail" if len(names) == len(lines) else f"the mail of {words.few(names)}"
    return f"{out}From {words.day(since)} on legacy can never again take back {who}."


def _legacy_note(plan: Plan) -> str:
    """What happens to legacy's mix; where the planner found it too old, its own words and numbers, and no others."""
    found = next((f for f in plan.findings if f.id == "legacy.disengaged"), None)
    if found:
        return f"{found.text} What to do stands under the findings."
    if not len(plan.legacy_mix.dropna()):
        return ""
    return "People without engagement for over 90 days never become too large a part of what legacy still sends."


def _ceiling_note(plan: Plan) -> str:
    """How the numbers known of one provider belong together, where it has a daily, an hourly and an observed one."""
    from warmup.ramps.ceilings import default_ceilings

    hours = plan.scenario.calendar.window.hours
    out = []
    for c in default_ceilings():
        several = c.daily and c.hourly and c.warn_above and c.for_sending_days
        if several and c.provider in plan.providers and c.provider not in plan.scenario.policy.ceilings:
            least = min(float(c.daily or 0), (c.hourly or 0) * hours)
            out.append(
                f"The numbers for {plan.providers[c.provider]}: for the first {c.for_sending_days} sending days the "
                f"ceiling is {words.number(c.daily or 0)} messages a day and IP, and at most {c.hourly} an hour, which "
                f"in a send window of {hours:g} hours leaves {words.number(least)}; where its part of the ladder is "
                f"smaller, that counts. {words.number(c.warn_above or 0)} a day and IP is no limit but the rate that "
                "was observed to be accepted from an unknown IP, and the plan warns where it sends more."
            )
    return " ".join(out)


def _moved_back(plan: Plan) -> str:
    n = int(plan.control.get("moved_back", 0))
    if not n:
        return "Who has moved stays moved: no threshold falls in this plan."
    return (
        "Who has moved stays moved, with one exception: where a send is larger than the cap, "
        f"{words.number(n)} messages in all go back to where they came from, and the threshold falls for that day."
    )


def _sheet_end(plan: Plan) -> str:
    if plan.all.day is None:
        return ""
    return (
        f"From {words.day(plan.all.day)} the migration is complete. Two weeks more are shown, because complete is a "
        "statement about 14 days; after that the thresholds no longer change."
    )
