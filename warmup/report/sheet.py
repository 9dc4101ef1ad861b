"""``plan.xlsx``: the plan as a workbook to act on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warmup.planner.plan import Plan


def write_xlsx(plan: Plan, path: str | Path) -> Path:
    """Write the plan as an Excel workbook.

    Sheets: Summary; one per week with the lines to send, up to 14 days after completion; one per mailbox provider
    (those on a shared clock share a sheet); Pre-flight; Assumptions; Findings. Totals are live formulas with their
    values, dates are dates, text is never a formula. The same plan gives the same bytes.

    Args:
        plan: The plan.
        path: Where to write; an existing file is replaced.

    Returns:
        The path.
    """
    from warmup import __version__
    from warmup.report.excel.book import Book
    from warmup.report.excel.lists import write_assumptions, write_findings, write_preflight
    from warmup.report.excel.providers import write_providers
    from warmup.report.excel.summary import add_summary, fill_summary
    from warmup.report.excel.weeks import write_weeks

    target = Path(path)
    book = Book.create(target, f"{plan.scenario.customer}: migration plan", f"ipwarmup {__version__}", plan.created)
    summary = add_summary(book)
    weeks, last = write_weeks(book, plan)
    write_providers(book, plan)
    write_preflight(book, plan)
    write_assumptions(book, plan)
    write_findings(book, plan)
    fill_summary(book, summary, plan, weeks, last)
    book.close()
    return target
