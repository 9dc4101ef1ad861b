"""``warmup plan SCENARIO.toml -o DIR``: the migration plan and everything that is handed over."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from warmup.cli.options import console, format_option, max_bad_option, print_json, progress, today_option
from warmup.report.bundle import FILES, write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from warmup.planner.plan import Plan
    from warmup.report.bundle import Bundle

SCHEMA_VERSION = 1


@click.command("plan")
@click.argument("scenario", type=click.Path(path_type=Path), metavar="SCENARIO.toml")
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder for the outputs; made if it is not there, other files in it are left alone.",
)
@click.option(
    "--beside",
    "others",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="plan.json",
    help="A plan that runs at the same time: warn where both meet at a mailbox provider. Repeat for more.",
)
@click.option("--only", multiple=True, type=click.Choice(list(FILES)), help="Write only this; repeat for more.")
@click.option("--no-pdf", is_flag=True, help="Do not print the report to plan.pdf.")
@click.option(
    "--paper", type=click.Choice(["A4", "Letter"]), default="A4", show_default=True, help="Page size of plan.pdf."
)
@max_bad_option
@today_option
@format_option
def command(
    scenario: Path,
    folder: Path,
    others: tuple[Path, ...],
    only: tuple[str, ...],
    no_pdf: bool,
    paper: Literal["A4", "Letter"],
    max_bad: float | None,
    today: date | None,
    form: str,
) -> int:
    """Plan a migration and write what is handed over.

    Into DIR go report.html, plan.pdf (if a browser or WeasyPrint is there), plan.xlsx, plan.csv, plan.ics, plan.json
    and charts/. Exit code 1: the plan is written, but it is not good enough (a blocker or an error, or not complete
    within the horizon).
    """
    if no_pdf and "pdf" in only:
        raise click.UsageError("--only pdf and --no-pdf contradict each other")
    kinds = [kind for kind in only or FILES if not (no_pdf and kind == "pdf")]
    with progress() as tell:
        plan = _plan(scenario, others, max_bad, today, tell)
        bundle = write_bundle(plan, folder, kinds=kinds, paper=paper, progress=tell)
    if form == "json":
        print_json(SCHEMA_VERSION, **_record(plan, bundle))
    else:
        _print(plan, bundle)
    return plan.exit_code


def _plan(
    path: Path, others: Sequence[Path], max_bad: float | None, today: date | None, tell: Callable[[str], None]
) -> Plan:
    """Load, plan, and compare with the plans beside it."""
    from dataclasses import replace

    import warmup
    from warmup.planner.conflicts import conflicts

    tell("reading the scenario")
    scenario = warmup.load_scenario(path)
    if max_bad is not None:  # the plan's own record of its scenario then says so
        from warmup.traffic.sources import with_max_bad

        scenario = with_max_bad(scenario, max_bad)
    beside = [warmup.Plan.load(other) for other in others]  # before the long work: a wrong file is told at once
    plan = warmup.plan(scenario, today=today, progress=tell)
    found = [finding for other in beside for finding in conflicts(plan, other)]
    return replace(plan, findings=(*plan.findings, *found)) if found else plan


def _print(plan: Plan, bundle: Bundle) -> None:
    from warmup.report.guard import plain
    from warmup.report.terminal import summary

    out = console()
    out.print(summary(plan))
    out.print()
    charts = sum(name.startswith("charts/") for name in bundle.files)
    names = [name for name in bundle.files if not name.startswith("charts/")]
    names += [f"charts/ ({charts} files)"] if charts else []
    out.print(f"In {plain(bundle.folder)}: {', '.join(names)}", soft_wrap=True)
    for note in bundle.notes:
        out.print(plain(note), soft_wrap=True)
    if plan.exit_code:
        out.print(f"Not good enough yet: {_why_not(plan)}.", soft_wrap=True)


def _why_not(plan: Plan) -> str:
    """Why the exit code is 1."""
    from warmup.report.words import count

    severities = [finding.severity for finding in plan.findings]
    reasons = [count(severities.count(grave), grave) for grave in ("blocker", "error") if grave in severities]
    if plan.all.day is None or plan.engaged.day is None:
        reasons.append("not complete within the horizon")
    if plan.all.except_providers:
        names = ", ".join(plan.providers.get(provider, provider) for provider in plan.all.except_providers)
        reasons.append(f"not complete at {names}")
    return "; ".join(reasons)


def _record(plan: Plan, bundle: Bundle) -> dict[str, Any]:
    """The answer for a machine; the whole plan stands in plan.json."""
    from warmup.report.opening import first_lines, sentences

    chance = plan.uncertainty
    return {
        "customer": plan.scenario.customer,
        "created": plan.created,
        "first": plan.first,
        "last": plan.last,
        "policy": plan.policy,
        "pace": plan.pace,
        "engaged": asdict(plan.engaged),
        "all": asdict(plan.all),
        "commit": {"engaged": chance.commit_engaged, "all": chance.commit_all} if chance else None,
        "answer": list(sentences(plan)),
        "first_steps": list(first_lines(plan)),
        "findings": [asdict(finding) for finding in plan.findings],
        "folder": str(bundle.folder),
        "files": list(bundle.files),
        "notes": list(bundle.notes),
        "exit_code": plan.exit_code,
    }
