"""The plan on a terminal: any width, no colour, ASCII only, and text from input stays text."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from tests.report.make_plan import START, make_plan
from warmup.planner.plan import Finding, LatestStart
from warmup.report.terminal import bar_cells, bars, summary
from warmup.report.terminal_tables import Latest, Levers, Sizes, headline
from warmup.traffic.supply import Note


@pytest.fixture(scope="module")
def plan():
    return make_plan()


def shown(renderable, width: int = 80, encoding: str = "utf-8", **options) -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    console = Console(file=file, width=width, markup=False, emoji=False, highlight=False, **options)
    console.print(renderable)
    file.flush()
    return file.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_nothing_is_wider_than_the_terminal(plan, width):
    for part in (summary(plan), Levers(plan.engaged.day, plan.all.day, plan.levers), Sizes(plan.sizing)):
        lines = shown(part, width).splitlines()
        assert max(cell_len(line.rstrip()) for line in lines) <= width
    text = " ".join(shown(summary(plan), width).split())
    for words in ("What must happen first", "The ramp", "The first 7 sending days", "Findings", "legacy.tail"):
        assert words in text
    assert "Gmail 800" in text


def test_the_chart_has_a_line_a_week_and_differs_without_colour(plan):
    lines = shown(summary(plan)).splitlines()
    chart = [line for line in lines if "░" in line or "█" in line]
    assert chart[0].split()[:2] == ["week", "of"]
    weeks = chart[1:]
    assert len(weeks) == 11
    assert weeks[0].startswith("1 Feb    24,214  19 %")
    assert weeks[0].count("█") < weeks[-1].count("█")
    assert "░" in weeks[0]
    assert weeks[0].rstrip().endswith("···"), "the control group stays by decision"
    assert "100 %" in weeks[-1]
    assert "░" not in weeks[-1]
    assert "\x1b" not in "".join(lines)


def test_no_line_ends_in_blanks(plan):
    """Blanks up to the edge wrap into empty lines where the terminal is made narrower."""
    lines = shown(summary(plan), 100).splitlines()
    assert [line for line in lines if line != line.rstrip()] == []


def test_notes_on_the_data_are_shown_the_warnings_first_and_shortly(plan):
    notes = (
        Note("info", "A remark."),
        Note("warning", "Names: " + "x.example, " * 60),
        *(Note("warning", f"\x1b[2JWarning {n}") for n in range(5)),
    )
    text = " ".join(shown(summary(replace(plan, notes=notes)), 100).split())
    assert "Notes on the data" in text
    assert "A remark." not in text
    assert "x.example, …" in text
    assert text.count("x.example") < 30
    assert "Warning 2" in text
    assert "Warning 3" not in text
    assert "3 more notes in the report" in text
    assert "\x1b" not in text


def test_a_terminal_without_utf8_gets_ascii():
    plan = make_plan(customer="Café “Zürich” 日本")
    for encoding in ("ascii", "latin-1"):
        text = shown(summary(plan), encoding=encoding)
        assert text.isascii()
        assert 'Cafe "Zurich" ??' in text
        assert "#" in text
        assert shown(Levers(plan.engaged.day, plan.all.day, plan.levers), encoding=encoding).isascii()
        assert shown(Sizes(plan.sizing), encoding=encoding).isascii()
        assert plan.latest_start is not None
        assert shown(Latest(plan.first, plan.latest_start), encoding=encoding).isascii()


def test_mark_up_and_control_characters_in_names_are_shown_not_obeyed():
    plan = make_plan(days=14, customer="[bold red]x[/] [link=https://example.com]y[/link]")
    finding = Finding("a.b", "warning", "\x1b[2Jgone\r\nnew :bomb: [/]", "[/bold]", subject="x")
    text = shown(summary(replace(plan, findings=(finding,))), 200, force_terminal=True, color_system="truecolor")
    assert "[bold red]x[/] [link=https://example.com]y[/link]" in text
    assert "[2Jgone  new :bomb: [/]" in text
    assert "\x1b[2J" not in text
    assert "\x1b]8" not in text
    assert "\r" not in text


def test_a_short_plan_is_drawn_day_by_day():
    step, lines = bars(make_plan(days=14, complete=False))
    assert (step, len(lines)) == (1, 14)


@pytest.mark.parametrize("days", [15, 84, 180, 365, 730])
def test_a_long_plan_still_fits(days):
    plan = make_plan(days=days, complete=False)
    step, lines = bars(plan)
    assert len(lines) <= 16
    assert step == 1 or step % 7 == 0
    assert sum(bar.total for bar in lines) == plan.days["supply"].sum()
    assert sum(bar.parts["dedicated"] for bar in lines) == plan.days["dedicated"].sum()


def test_the_last_line_is_a_whole_week(plan):
    _, lines = bars(plan)
    assert lines[-1].total == lines[-2].total


@given(
    st.fixed_dictionaries(dict.fromkeys("abcd", st.integers(0, 10**9))),
    st.integers(4, 200),
    st.integers(0, 10**9),
)
def test_bars_show_every_part_and_keep_their_length(parts, width, more):
    total = sum(parts.values())
    most = max(total + more, 1)
    cells = bar_cells(parts, most, width)
    assert all((cells[name] > 0) == (parts[name] > 0) for name in parts)
    present = sum(n > 0 for n in parts.values())
    assert sum(cells.values()) == (max(present, round(width * total / most)) if total else 0)


def test_an_incomplete_plan_says_so():
    text = " ".join(shown(summary(make_plan(complete=False))).split())
    assert "not complete" in text
    assert "26 Apr 2027" in text


def test_nothing_open_is_said():
    plan = make_plan(days=14)
    done = replace(plan, preflight=tuple(replace(item, state="done") for item in plan.preflight))
    assert "Nothing: every item before the first send is done." in shown(summary(done))


def test_levers_say_dates_changes_and_what_must_not_be_done(plan):
    text = shown(Levers(plan.engaged.day, plan.all.day, plan.levers), 120)
    assert "As planned: ≤ 90 days Tue 9 Mar 2027, all in scope Mon 29 Mar 2027." in text
    assert "29 Apr 2027 +31" in text
    assert "Do not: Eight more IPs in marketing. Snowshoe risk" in text
    assert "not complete" in text
    assert "−60,000" in text


def test_sizes_say_zero_is_an_answer(plan):
    (sizing,) = plan.sizing
    text = shown(Sizes((replace(sizing, recommended=0, reason="too little mail for an IP"),)))
    assert "marketing: no dedicated IP, the shared pool carries it better (planned: 3)." in text
    assert "Too little mail for an IP." in text
    assert "[1] Stay on the shared pool." in text


def test_latest_start_says_whether_the_planned_one_is_in_time(plan):
    latest = plan.latest_start
    assert headline(plan.first, latest).endswith("The planned start, Tue 2 Feb 2027, is in time.")
    assert headline(START + timedelta(days=30), latest).endswith("is 6 days too late.")
    never = LatestStart(None, START, plan.scenario.deadline, None, "it ends too soon", ((START, 0.0, None),))
    assert "No start is early enough to be complete by Fri 23 Apr 2027" in headline(plan.first, never)
    text = shown(Latest(plan.first, never))
    assert "It ends too soon." in text
    assert "0 %" not in text


def no_ip(plan):
    return replace(plan, sizing=tuple(replace(one, recommended=0, reason="Too little mail.") for one in plan.sizing))


def test_without_a_dedicated_ip_no_ramp_is_shown_as_if_to_be_carried_out(plan):
    text = " ".join(shown(summary(no_ip(plan)), 100).split())
    assert "Take no dedicated IP" in text
    assert "The ramp" not in text
    assert "sending days" not in text
    assert "What the IPs as planned would do stands in the report, for comparison only." in text


def test_the_way_out_of_an_error_is_said_once(plan):
    way = "Spread each send of newsletter over 8 days."
    findings = (
        Finding("complete.not_within_horizon", "error", "Not complete by May.", way),
        Finding("deadline.missed", "error", "The deadline is missed.", way),
        Finding("mail.tail", "warning", "A tail.", "Cut it."),
    )
    cured = replace(plan, all=replace(plan.all, day=None, reason="It stops.", cure=way), findings=findings)
    text = " ".join(shown(summary(cured), 100).split())
    assert text.count(way) == 1
    assert "Not complete by May. What to do: see above, what must happen first." in text
    assert "A tail. Cut it." in text


def test_without_a_control_group_nothing_is_said_about_it(plan):
    kept = plan.messages[plan.messages["limit"] != "control"]
    assert "control group" in " ".join(shown(summary(plan)).split())
    assert "control group" not in " ".join(shown(summary(replace(plan, messages=kept, milestones=()))).split())


def test_sizes_give_no_date_to_what_does_not_fit_or_does_not_ramp(plan):
    (sizing,) = plan.sizing
    small = replace(sizing.rows[1], capacity_share=1.4, verdict="too few")
    lines = shown(Sizes((replace(sizing, rows=(sizing.rows[0], small, sizing.rows[2])),)), 120).splitlines()
    none, few, right = (next(line for line in lines if line.split()[:1] == [n]) for n in ("0", "1", "3"))
    assert "not complete" not in none
    assert none.count("shared pool") == 3, "two dates and the verdict"
    assert "2027" not in few
    assert few.split()[1:3] == ["–", "–"]
    assert right.count("2027") == 2


def test_sizes_recommend_nothing_where_no_number_is_enough(plan):
    (sizing,) = plan.sizing
    text = shown(Sizes((replace(sizing, enough=False, reason="Nothing is in time."),)), 120)
    assert "marketing: more or fewer IPs would not cure it; 3 dedicated IPs planned." in text
    assert "recommended" not in text


def test_a_start_for_which_no_cases_were_drawn_has_a_dash(plan):
    latest = replace(plan.latest_start, tried=((START, None, plan.all.day), (START + timedelta(7), 0.86, None)))
    lines = shown(Latest(plan.first, latest), 120).splitlines()
    assert next(line for line in lines if line.strip().startswith("Tue 2 Feb")).rstrip().endswith("–")
    assert "86 %" in shown(Latest(plan.first, latest), 120)


def test_a_lever_says_which_providers_it_leaves_out(plan):
    lever = replace(plan.levers[0], except_providers=("yahoo",))
    assert "Half the pace (all but Yahoo)" in shown(Levers(None, None, (lever,), plan.providers), 120)
