"""Salesforce Marketing Cloud: data views, exported as CSV, one file or more for each view.

A view is known by the columns in its header; the name of a file decides only where these are the same. ``_Job`` says
how the e-mail of a job is called, which is the stream; without it messages name none. Times are UTC-6 all year. There
is no record of a delivery. A view that is not there leaves its measures unknown. Views are tables: a row that stands
in two exports counts once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from warmup.traffic.events.engine import count_inputs
from warmup.traffic.events.format import EventFormat, Settled, Staging, cases, code, no_domain, text
from warmup.traffic.events.ways_csv import header_of
from warmup.traffic.supply import Note
from warmup.traffic.western import western_note
from warmup.traffic.wording import counted, some

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from warmup.traffic.events.inputs import Input
    from warmup.traffic.events.store import Store
    from warmup.traffic.export_counts import ExportCounts
    from warmup.traffic.readers import Context

NAME = "sfmc"
TITLE = "Salesforce Marketing Cloud: data views"

ZONE = ZoneInfo("Etc/GMT+6")
"""Zone of ``EventDate``: UTC-6 without daylight saving. Source: Salesforce help, data views, read 2026-11."""

CATEGORIES = {
    "hard bounce": "hard",
    "soft bounce": "soft",
    "block bounce": "block",
    "technical/other bounce": "soft",
    "unknown": "soft",
}
"""``BounceCategory`` in lower case. Source: Salesforce help, data view Bounce, read 2026-11."""

_BOUNCE = f"""CASE
    WHEN lower(BounceType) = 'delayed' OR BounceTypeID = '2' THEN {code("oob")}
    ELSE coalesce({cases("lower(BounceCategory)", CATEGORIES)}, {code("soft")}) END"""


@dataclass(frozen=True)
class View:
    """A data view of events.

    Attributes:
        code: SQL for what a row means.
        measures: What it counts.
        columns: What is read beside the columns that every view has.
    """

    code: str
    measures: tuple[str, ...]
    columns: tuple[str, ...] = ()


VIEWS = {
    "_Sent": View(code("injected"), ("injected",)),
    "_Bounce": View(_BOUNCE, ("hard", "soft", "block", "oob"), ("BounceCategory", "BounceType", "BounceTypeID")),
    "_Open": View(code("open"), ("open_any",)),
    "_Click": View(code("click"), ("click",)),
    "_Complaint": View(code("complaint"), ("complaint",)),
    "_Unsubscribe": View(code("unsub"), ("unsub",)),
}

ALIKE = ("_Open", "_Complaint", "_Unsubscribe")
"""Views that have the same columns, but for those of triggered sends, which only the first has. Source: Salesforce
help, data view Unsubscribe, read 2026-11."""

_JOB = ("JobID", "EmailName")
_EVENT = ("JobID", "SubscriberID", "EventDate", "Domain")
_KEY = ("JobID", "ListID", "BatchID", "SubscriberID")
_TIMES = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
_MOMENT = f"CAST(try_strptime(split_part(EventDate, '.', 1), [{', '.join(map(text, _TIMES))}]) AS TIMESTAMPTZ)"
_DOMAIN = "rtrim(split_part(\"Domain\", '@', -1), '. ')"
_KEPT = {
    "code": "UTINYINT",
    "job": "UBIGINT",
    "message": "UHUGEINT",
    "moment": "TIMESTAMPTZ",
    "domain": "VARCHAR",
    "name": "VARCHAR",
}
_ROWS = """
    SELECT NULL::BIGINT AS n, event.code, event.message, event.moment, event.domain, event.part, jobs.name AS stream
    FROM src AS event
    LEFT JOIN (SELECT job, min(name) AS name FROM staged WHERE part = '_Job' GROUP BY job) AS jobs USING (job)
    WHERE event.part != '_Job'
"""


def view_of(header: Sequence[str], name: str = "") -> tuple[str, bool]:
    """Which view a file is, and whether that is certain.

    Args:
        header: Its columns, in lower case.
        name: Of the file; asked only where columns leave it open.
    """
    for view, signs in (("_Job", {"emailname"}), ("_Bounce", {"bouncecategory"}), ("_Click", {"url", "linkname"})):
        if signs & set(header):
            return view, True
    if "isunique" not in header:
        return "_Sent", True
    if {"triggeredsendcustomerkey", "triggerersenddefinitionobjectid"} & set(header):
        return "_Open", True
    said = [view for view in ALIKE if view[1:6].lower() in name.lower()]
    if len(said) == 1:
        return said[0], True
    # As the vendor lists their columns, the domain stands before the flag in one and after it in the other.
    flag_last = "domain" in header and header.index("isunique") > header.index("domain")
    return ("_Complaint" if flag_last else "_Unsubscribe"), False


def _settle(store: Store, parts: frozenset[str], latest: datetime) -> Settled:
    """Events with the names of their jobs; what the views that are not there would have said is unknown."""
    del latest
    missing = [view for view in VIEWS if view not in parts]
    absent = tuple(measure for view in missing for measure in VIEWS[view].measures)
    notes = []
    if missing:
        told = f"Among the files is no view {some(missing, 9)}, so these are unknown, not 0: {some(absent, 9)}."
        notes.append(Note("info", told))
    jobs = "SELECT DISTINCT job FROM staged WHERE part {} '_Job'"
    nameless = store.number(f"SELECT count(*) FROM ({jobs.format('!=')} EXCEPT {jobs.format('=')})")
    if nameless:
        told = f"The view _Job does not name {counted(nameless, 'job')}: their messages have no stream."
        notes.append(Note("warning", told))
    return Settled(_ROWS, absent, tuple(notes))


def _job() -> tuple[dict[str, str], str]:
    """What is kept of a row of jobs, and which rows are whole."""
    kept = {"job": "hash(secret || JobID)", "name": "CASE WHEN NOT contains(EmailName, '@') THEN EmailName END"}
    return kept, "JobID IS NOT NULL AND EmailName IS NOT NULL"


def _event(view: str) -> tuple[dict[str, str], str]:
    """What is kept of a row of events, and which rows are whole."""
    kept = {
        "code": VIEWS[view].code,
        "job": "hash(secret || JobID)",
        "message": f"md5_number(concat_ws(' ', secret, {', '.join(_KEY)}))",
        "moment": _MOMENT,
        "domain": _DOMAIN,
    }
    named = f"NOT {no_domain(_DOMAIN)}"
    return kept, f"JobID IS NOT NULL AND SubscriberID IS NOT NULL AND {_MOMENT} IS NOT NULL AND {named}"


def _form(view: str) -> EventFormat:
    """How a view is read."""
    required: tuple[str, ...] = _JOB
    columns: tuple[str, ...] = _JOB
    if view == "_Job":
        kept, good = _job()
    else:
        required = (*_EVENT, "BounceCategory") if view == "_Bounce" else _EVENT
        columns = tuple(dict.fromkeys((*_EVENT, *_KEY, *VIEWS[view].columns)))
        kept, good = _event(view)
    # Digests of 128 bits are slow to write as text, two of 64 are not.
    message = "concat_ws(' ', hash(message), hash(message, 1))"
    return EventFormat(
        name=NAME,
        layout="csv",
        part=view,
        columns=dict.fromkeys(columns, "VARCHAR"),
        required=required,
        type="part",
        kind="code",
        at="moment",
        recipient="domain",
        stream="stream",
        # A message of the same job to the same person is another one at another time.
        id=f"concat_ws(' ', part, {message}, epoch_us(moment))",
        message=message,
        staging=Staging(
            columns={name: (kind, kept.get(name, "NULL")) for name, kind in _KEPT.items()},
            good=f"coalesce({good}, false)",
            together="message",
            settle=_settle,
        ),
    )


FORMS = {view: _form(view) for view in ("_Job", *VIEWS)}
"""How each view is read."""


def sniff(head: bytes) -> float:
    """The columns of every view of events, or of the view of jobs."""
    names = set(header_of(head))
    if {"jobid", "subscriberid", "eventdate"} <= names:
        return 0.95
    return 0.9 if {"jobid", "emailname"} <= names else 0.0


def count(paths: Sequence[str | Path], context: Context) -> ExportCounts:
    """Count the events of data views.

    Args:
        paths: Files of any views.
        context: Its ``file_zone``, if given, is that of ``EventDate`` instead of UTC-6.

    Raises:
        InputError: What is wrong with them.
    """
    guessed: list[str] = []
    western: list[str] = []

    def choose(item: Input, head: bytes) -> EventFormat:
        view, certain = view_of(header_of(head), item.path.name if item.path else "")
        if not certain:
            guessed.append(f"{item.name} for {view}")
        return replace(FORMS[view], western=western.append)

    result = count_inputs(paths, choose, context.zone, context.file_zone or ZONE)
    result = replace(result, notes=(*result.notes, *map(western_note, western)))
    if not guessed:
        return result
    told = (
        f"Opens, complaints and unsubscriptions have the same columns; by their order, {some(guessed)} was taken. "
        "Name files after their views."
    )
    return replace(result, notes=(*result.notes, Note("warning", told)))
