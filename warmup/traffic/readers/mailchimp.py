"""Mailchimp: the campaign report (CSV), and answers of ``GET /3.0/reports/{campaign_id}/domain-performance``.

The report has days and outcomes, no recipient domains; the answers have domains, no days: they are joined by campaign
id, so both are read together. A campaign stands on its send date, in the account's time zone, which neither says. The
audience (``List``) is the stream: a title names a single campaign.

What the answers of a campaign do not cover stays in a row without domain, and so do its hard and soft bounces and its
complaints, which no answer divides by domain.

Sources: Mailchimp help pages on reports, the header compared with real files of others; Mailchimp Marketing API; read
2026-11.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from warmup.errors import InputError, Problem
from warmup.traffic.aggregates.answers import texts, values
from warmup.traffic.aggregates.cells import NO_DAY, Cells, Names, Place, View
from warmup.traffic.aggregates.formulas import DamagedError, Formulas, domain_of, measures, name_of, only
from warmup.traffic.events.inputs import looks_like
from warmup.traffic.supply import Note
from warmup.traffic.tables import head_text
from warmup.traffic.western import western_note
from warmup.traffic.wording import counted, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.readers import Context

NAME = "mailchimp"
TITLE = "Mailchimp: campaign report (CSV) and domain performance (API)"

CAMPAIGN: Formulas = {
    "injected": only("Total Recipients"),
    "delivered": only("Successful Deliveries"),
    "hard": only("Hard Bounces"),
    "soft": only("Soft Bounces"),
    "complaint": only("Abuse Complaints"),
    "unsub": only("Unsubscribes"),
    "click": only("Unique Clicks"),
    "open_any": only("Unique Opens"),
}
"""Measures from columns of the report."""

DOMAIN: Formulas = {
    "injected": only("emails_sent"),
    "delivered": only("delivered"),
    "unsub": only("unsubs"),
    "click": only("clicks"),
    "open_any": only("opens"),
}
"""Measures from domain performance. ``bounces`` are hard and soft ones in one number."""

_NEEDED = ("Send Date", "List", "Total Recipients", "Unique Id")
_VIEW = View(frozenset({"stream"}))
_DATE = re.compile(r"([A-Z][a-z]{2})[a-z]* (\d{1,2}), (\d{4}) (\d{1,2}):(\d{2}) ?([ap])m", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DELIMITERS = ",;\t"
_ASK = "export the campaign reports as CSV with all columns, or save the answer of domain-performance"


@dataclass(frozen=True)
class _Campaign:
    """A row of the report."""

    sent_at: str
    audience: str
    numbers: Mapping[str, int | None]


@dataclass
class _Files:
    """What all files hold: campaigns by id, and their domains by id and name, with copies."""

    campaigns: dict[str, tuple[Place, _Campaign]]
    domains: dict[str, dict[tuple[str, str], list[tuple[Place, dict[str, int | None]]]]]
    cells: Cells
    problems: list[Problem]


def sniff(head: bytes) -> float:
    """The report's columns, or domains with numbers of e-mails."""
    first = head_text(head).lstrip("\r\n ").partition("\n")[0]
    if all(name in first for name in _NEEDED):
        return 0.95
    return 0.95 if looks_like(head, r'"domains"\s*:\s*\[', r'"(emails_sent|campaign_id|total_sent)"\s*:') else 0.0


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count what the report and the answers say together.

    Args:
        paths: The report, and domain performance of its campaigns as far as it is there.
        context: ``file_zone``: the account's time zone; default: ``zone``.

    Raises:
        InputError: Files that are neither, campaigns whose numbers contradict each other.
    """
    problems: list[Problem] = []
    western: list[str] = []
    files = _Files({}, {}, Cells(NAME), problems)
    for item, text in texts(paths, problems, western):
        try:
            if text.lstrip()[:1] in ("{", "["):
                for answer in values(text, item.name):
                    _read_domains(answer, item.name, files)
            else:
                _read_report(text, item.name, files)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    _join(files)
    files.cells.notes += map(western_note, western)
    if files.campaigns and context.file_zone is None:
        text = f"The report does not say the account's time zone: its times were read as those of {context.zone.key}."
        files.cells.notes.append(Note("info", text))
    return files.cells.finish(context.zone, context.file_zone)


def _read_report(text: str, name: str, files: _Files) -> None:
    """All campaigns of a report; rows that are damaged are counted.

    Raises:
        InputError: It is no report.
    """
    text = text.lstrip("\r\n ")
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first.count))
    try:
        header = [column.strip() for column in next(rows, [])]
        missing = [column for column in _NEEDED if column not in header]
        if missing:
            what = f"is no campaign report: it has no column {', '.join(missing)}"
            raise InputError(Problem(name, what, _ASK))
        for n, row in enumerate((row for row in rows if row), 1):
            _campaign(row, header, Place(name, n), files)
    except csv.Error as error:
        what = f"is not CSV throughout ({str(error)[:80]})"
        raise InputError(Problem(name, what, "export it again")) from None


def _campaign(row: list[str], header: list[str], place: Place, files: _Files) -> None:
    """Keep a campaign; a copy of it counts once."""
    try:
        if len(row) != len(header):
            raise DamagedError("has not one value for each column")
        cells = dict(zip(header, row, strict=True))
        numbers = measures(CAMPAIGN, _Numbers(cells))
        one = _Campaign(_sent_at(cells["Send Date"]), name_of(cells["List"]), numbers)
        identity = name_of(cells["Unique Id"]) or f"{place.name} {place.entry}"
    except DamagedError:
        files.cells.damaged(place)
        return
    files.cells.records += 1
    before = files.campaigns.setdefault(identity, (place, one))
    if before[0] is place:
        return
    files.cells.copies += 1
    if before[1] != one:
        what = f"says something else of campaign {quote(identity)} than {before[0].name} entry {before[0].entry}"
        files.problems.append(Problem(f"{place.name}: entry {place.entry}", what, "leave the older report out"))


class _Numbers(dict[str, Any]):
    """Cells of a row, of which those that are used are read as numbers."""

    def __getitem__(self, column: str) -> int | None:
        text = super().__getitem__(column).strip()
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 20:
            raise DamagedError("is not a whole number")
        return int(text)


def _sent_at(text: str) -> str:
    """``Mar 02, 2026 09:00 am`` as ISO 8601, in the account's time."""
    match = _DATE.fullmatch(text.strip())
    if match is None or match[1].lower() not in _MONTHS:
        raise DamagedError("is no send date")
    hour = int(match[4]) % 12 + (12 if match[6].lower() == "p" else 0)
    month = _MONTHS.index(match[1].lower()) + 1
    return f"{match[3]}-{month:02d}-{int(match[2]):02d} {hour:02d}:{match[5]}"


def _read_domains(answer: Any, name: str, files: _Files) -> None:
    """All domains of an answer; those that are damaged are counted.

    Raises:
        InputError: It is no answer of domain performance.
    """
    domains = answer.get("domains") if isinstance(answer, dict) else None
    campaign = answer.get("campaign_id") if isinstance(answer, dict) else None
    if not isinstance(domains, list) or not isinstance(campaign, str) or not campaign:
        raise InputError(Problem(name, "is no answer of domain-performance: no domains of a campaign_id", _ASK))
    found = files.domains.setdefault(campaign, {})
    for n, entry in enumerate(domains, 1):
        place = Place(name, n)
        try:
            if not isinstance(entry, dict):
                raise DamagedError("is no domain")
            key, numbers = domain_of(entry.get("domain")), measures(DOMAIN, entry)
        except DamagedError:
            files.cells.damaged(place)
            continue
        found.setdefault(key, []).append((place, numbers))
    files.cells.not_counted(["bounces"])


def _about(campaign: str, key: tuple[str, str], files: _Files) -> tuple[str, Names]:
    """When and what a domain's numbers are about; without the report's row no date is known."""
    _, row = files.campaigns.get(campaign, (None, None))
    domain, label = key
    return (row.sent_at, Names(domain, label, row.audience)) if row else (NO_DAY, Names(domain, label))


def _join(files: _Files) -> None:
    """Campaigns with their domains, and what is left of them."""
    for campaign, found in files.domains.items():
        for key, entries in found.items():
            for place, numbers in entries:
                files.cells.add(_VIEW, *_about(campaign, key, files), numbers, place, campaign)
    for campaign, (place, row) in files.campaigns.items():
        numbers = dict(row.numbers)
        if campaign in files.domains:
            parts = [entries[0][1] for entries in files.domains[campaign].values()]
            numbers |= {measure: _rest(measure, numbers, parts) for measure in DOMAIN}
        files.cells.add(_VIEW, row.sent_at, Names(stream=row.audience), numbers, place, f"{campaign} rest")
        files.cells.records -= 1
    undated = len(set(files.domains) - set(files.campaigns))
    if undated:
        text = (
            f"{counted(undated, 'campaign')} with domains, but not in a report that is among the files: their day is "
            "unknown, so no plan can use them."
        )
        files.cells.notes.append(Note("warning", text))


def _rest(measure: str, campaign: Mapping[str, int | None], parts: Sequence[Mapping[str, int | None]]) -> int | None:
    """What is left of a campaign beside its domains; none where theirs are more (opens need not be unique there)."""
    total, known = campaign.get(measure), [part.get(measure) for part in parts]
    return None if total is None or None in known else max(0, total - sum(number or 0 for number in known))
