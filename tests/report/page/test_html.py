"""The report is one file that needs nothing else: what its text must hold, read without a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tomllib
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.planner.plan import Finding
from warmup.report import facts, html, palette, runtime, svg, vega, words
from warmup.report.answer import answer

HIDDEN = {"script", "style"}
VOID = {"meta", "link", "br", "input", "img", "hr"}


class Reader(HTMLParser):
    """Collects tags, visible text, ids, scripts and styles."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.text, self.scripts, self.styles, self.open = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "script" in self.open:
            self.scripts.append(data)
        elif "style" in self.open:
            self.styles.append(data)
        else:
            self.text.append(data)

    def attributes(self, *names):
        return [(tag, name, value) for tag, attrs in self.tags for name, value in attrs.items() if name in names]

    @property
    def words(self):
        return re.sub(r"[ \n\t]+", " ", " ".join(self.text))


@pytest.fixture(scope="module")
def page(report):
    return Reader(report.read_text(encoding="utf-8"))


def test_it_is_at_most_two_megabytes(report):
    assert report.stat().st_size <= 2_000_000


def test_every_tag_is_closed(page):
    assert page.open == []


def test_nothing_is_fetched(page):
    for tag, name, value in page.attributes(
        "src", "href", "srcset", "data", "action", "poster", "xlink:href", "background"
    ):
        assert (tag, name) == ("a", "href"), (tag, name, value)
        assert value.startswith("#") or re.match(r"https?://", value), value
    assert not [t for t, _ in page.tags if t in {"link", "iframe", "img", "object", "embed", "base", "form"}]
    assert all("@import" not in style and "url(" not in style for style in page.styles)


def test_links_out_tell_nobody_where_they_come_from(page):
    for tag, attrs in page.tags:
        if tag == "a" and attrs["href"].startswith("http"):
            assert attrs["rel"] == "noopener noreferrer"


def test_the_policy_names_every_script_and_style_by_its_hash(report, page):
    policy = next(
        a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    text = report.read_text(encoding="utf-8")
    blocks = re.findall(r"<script>(.*?)</script>|<style>(.*?)</style>", text, re.DOTALL)
    assert len(blocks) == 3
    for script, style in blocks:
        digest = base64.b64encode(hashlib.sha256((script or style).encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not page.attributes("style", "onclick", "onload", "onerror")


def test_language_title_and_sections(plan, page):
    assert ("html", {"lang": "en"}) in page.tags
    assert f"Migration plan for {plan.scenario.customer}" in page.words
    levels = [int(t[1]) for t, _ in page.tags if re.fullmatch(r"h[1-6]", t)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels)), "a heading level is skipped"


def test_anchors_are_stable_and_lead_somewhere(page):
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids)), [i for i in ids if ids.count(i) > 1]
    for anchor in (
        "answer",
        "first",
        "ramp",
        "providers",
        "heat-map",
        "ip-load",
        "finish",
        "levers",
        "sizing",
        "rollback",
    ):
        assert anchor in ids
    for anchor in (
        "day-sheet",
        "preflight",
        "watch",
        "service",
        "peaks",
        "findings",
        "assumptions",
        "sources",
        "glossary",
    ):
        assert anchor in ids
    for _, _, href in page.attributes("href"):
        if href.startswith("#"):
            assert href[1:] in ids, href


def test_sections_come_in_the_readers_order(page):
    ids = [a["id"] for t, a in page.tags if t == "section"]
    wanted = [
        "answer",
        "first",
        "ramp",
        "providers",
        "finish",
        "levers",
        "sizing",
        "rollback",
        "day-sheet",
        "preflight",
    ]
    assert [i for i in ids if i in wanted] == wanted


def test_tables_have_captions_and_scopes(page):
    counts = {tag: sum(t == tag for t, _ in page.tags) for tag in ("table", "caption")}
    assert counts["table"] == counts["caption"] > 8
    assert all("scope" in a for t, a in page.tags if t == "th")


def test_every_cell_knows_its_column(report):
    """On a phone a row is a card: each cell says which column it is from."""
    html = report.read_text(encoding="utf-8")
    tables = [t for t in re.findall(r"<table>.*?</table>", html, re.DOTALL) if "<thead>" in t]
    assert len(tables) >= 10
    for table in tables:
        head, body = table.split("</thead>")
        names = [re.sub(r"<[^>]+>", "", th) for th in re.findall(r"<th scope=.*?</th>", head)]
        for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL):
            cells = re.findall(r"<(td|th)\b([^>]*)>", row)
            assert len(cells) == len(names), row
            for (kind, attributes), name in zip(cells, names, strict=True):
                label = re.search(r'data-l="([^"]*)"', attributes)
                assert (label and label.group(1) == name) or (kind == "th" and not label), (row, name)


def test_charts_are_there_without_scripts(page):
    charts = [a for t, a in page.tags if t == "svg" and a.get("role") == "img"]
    boxes = [a["data-chart"] for _, a in page.tags if "data-chart" in a]
    assert len(charts) == len(boxes) == len(set(boxes)) > 25
    assert all(a["aria-label"] and a["viewbox"] for a in charts)


def test_the_answer_stands_at_the_top(plan, page):
    for sentence in answer(plan).sentences:
        assert sentence in page.words
    assert page.words.index(answer(plan).dates) < page.words.index("Where your mail goes")


def test_the_day_sheet_shows_messages_and_thresholds(plan, page):
    first = plan.sheet[plan.sheet["date"] == plan.first]
    row = first[(first["provider"] == "google") & (first["stream"] == "newsletter")].iloc[0]
    assert f"{words.day(plan.first)}, 09:00–19:00" in page.words
    assert f"Gmail {words.number(row['dedicated'])} {row['threshold']}" in page.words
    assert "hashlib" in page.words


def test_the_levers_that_must_not_be_used_are_struck(page):
    assert "s" in {t for t, _ in page.tags}
    assert "Do not" in page.words


def test_sources_are_linked(plan, page):
    hrefs = {v for _, _, v in page.attributes("href")}
    assert {use.url for use in plan.ladders} <= hrefs
    assert "no inbox" not in page.words.lower()
    assert "guarantee that messages reach the inbox" in page.words


def test_the_same_plan_gives_the_same_bytes(plan, report):
    assert html.render(plan) == report.read_text(encoding="utf-8")


def test_chart_data_can_be_read_back(plan, page):
    data = json.loads(next(s for s in page.scripts if s.startswith('{"config"')))
    assert data["providers"] == list(plan.providers)
    assert {a["data-chart"] for _, a in page.tags if "data-chart" in a} == set(data["charts"])


def test_hostile_names_stay_text(hostile_report):
    text = hostile_report.read_text(encoding="utf-8")
    page = Reader(text)
    assert len(page.scripts) == 3
    assert not [t for t, _ in page.tags if t == "img"]
    assert "\u202e" not in text
    assert "</script><script>alert(1)" in page.words
    assert "49" not in re.findall(r"onerror=alert\(2\)>\S*?(\d+)", page.words)
    assert all(not v.lower().startswith("javascript") for _, _, v in page.attributes("href"))
    assert "javascript:alert(5)" in page.words


def test_a_small_limit_leaves_out_late_weeks_and_says_so(plan, report):
    whole = report.stat().st_size
    text = html.render(plan, whole - 20_000)
    assert len(text.encode()) <= whole - 20_000
    assert "weeks after that are in the Excel sheet" in text
    assert f'id="day-{plan.first}"' in text


@pytest.mark.parametrize("value", ["</script>", "<!--", "\u2028", "&lt;", "'\"", "\u202e", "x" * 10])
def test_json_cannot_end_its_tag(value):
    text = runtime.json_safe({"name": value})
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {"name": value}


def expand(value):
    """What the page's script does with a compact column."""
    if isinstance(value, list):
        return value
    if "words" in value:
        return [value["words"][at] for at in value["at"]]
    return [value["from"] + at * value["step"] for at in (value["at"] if "at" in value else range(value["n"]))]


@given(
    st.lists(st.integers(-(10**6), 10**6))
    | st.lists(st.integers(0, 500).map(lambda n: 1_770_076_800_000 + n * 86_400_000))
    | st.lists(st.sampled_from(["a", "b", ""]))
    | st.lists(st.floats(0, 1))
    | st.builds(range, st.integers(0, 9), st.integers(0, 99), st.integers(1, 7)).map(list)
)
def test_compact_columns_lose_nothing(values):
    assert expand(json.loads(json.dumps(runtime.compact(values)))) == values


def test_a_script_cannot_end_its_tag():
    safe = runtime.script_safe('a = "</script>";\r\nb = "<!--";\n')
    assert "</script" not in safe
    assert "<!--" not in safe
    assert "\r" not in safe
    assert "</script" not in runtime.bundle()


def test_links_are_only_http():
    assert str(html.linked("see https://example.com/a?b=1&c=2.")) == (
        'see <a href="https://example.com/a?b=1&amp;c=2" rel="noopener noreferrer">example.com/a?b=1&amp;c=2</a>.'
    )
    assert str(html.linked('javascript:alert(1) <b> "x"')) == "javascript:alert(1) &lt;b&gt; &#34;x&#34;"


def test_svg_is_slim_and_its_ids_are_its_own():
    vega = (
        '<svg xmlns="http://www.w3.org/2000/svg" class="marks" width="10" height="10" viewBox="0 0 10 10">'
        '<g class="a" role="b"><clipPath id="clip0"><path d="M0,0L1.2345,0L2,0L2,5Z"/></clipPath></g>'
        '<g clip-path="url(#clip0)"><text>a class="x" id="clip0" 1.23456 &lt;b&gt;</text></g></svg>'
    )
    slim = svg.fit_for_page(vega, "c7", 'say "hi" <now>')
    assert 'id="c7-0"' in slim
    assert "url(#c7-0)" in slim
    assert 'd="M0,0H2V5Z"' in slim
    assert 'a class="x" id="clip0" 1.23456 &lt;b&gt;' in slim
    assert 'aria-label="say &quot;hi&quot; &lt;now&gt;"' in slim


def test_dark_colours_cover_every_colour_of_the_charts(report):
    text = report.read_text(encoding="utf-8")
    body = text[text.index("<body>") : text.index('<script type="application/json"')]
    used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-fA-F]{3,6})"', body))
    assert used <= set(palette.DARK), used - set(palette.DARK)


def test_watch_records_say_where_they_come_from():
    records = facts.watches()
    assert records[0].providers == ("*",)
    ids = [p for r in records for p in r.providers]
    assert len(ids) == len(set(ids))
    for record in records:
        assert record.sources
        assert record.where
        assert record.remember
        assert record.confidence in {"documented", "secondary", "practice"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", record.date)
        assert all(s == "practice" or s.startswith("https://") for s in record.sources)


def test_watch_records_follow_the_plan(plan):
    found, unknown = facts.watch_for(plan.providers)
    assert [r.id for r, _ in found][:2] == ["everyone", "google"]
    assert unknown == ["freenet", "All other domains"]


def test_glossary_links_exist():
    ids = {t.id for t in facts.glossary()}
    assert len(ids) == len(facts.glossary())
    for name in ("_answer", "_charts", "_choices", "_days", "_preflight", "_reference"):
        text = html._template_text(f"{name}.html.j2")
        assert set(re.findall(r'term\("([^"]+)"', text)) <= ids


def test_data_files_have_dates_and_confidence():
    for name in ("glossary", "service"):
        data = facts.read(name)
        assert {"source", "date", "confidence"} <= set(data)
    with pytest.raises(FileNotFoundError):
        facts.read("nothing")
    assert tomllib


def test_without_future_dates_peaks_or_levers_it_still_reads(build_plan):
    bare = build_plan(
        uncertainty=None, uncertainty_reason="Only five weeks of history.", levers=(), peaks=(), findings=(), notes=(),
        latest_start=None, preflight=(), milestones=(), sizing=(), control={"share": 0.0, "released": None},
    )  # fmt: skip
    page = Reader(html.render(bare))
    assert page.open == []
    assert "Only five weeks of history." in page.words
    assert "None" not in page.words
    assert "nan" not in page.words.split()


def words_of(plan):
    """The page's visible words, one space between them."""
    return " ".join(Reader(html.render(plan)).words.split())


def test_without_a_dedicated_ip_the_page_does_not_plan_one(plan, build_plan):
    sizes = tuple(replace(size, recommended=0, reason="Too little mail.") for size in plan.sizing)
    items = tuple(replace(plan.preflight[0], id=key, text=f"Do {key}.") for key in ("fcrdns", "dmarc_rua"))
    text = words_of(build_plan(sizing=sizes, preflight=items))
    assert "From Oldmail to Bird Email Premium, without a dedicated IP" in text
    assert "to dedicated IPs" not in text
    assert "Do dmarc_rua." in text
    assert "Do fcrdns." not in text
    assert "Latest safe start" not in text


def test_without_a_control_group_there_is_no_word_of_it(plan, build_plan, page):
    assert "Control group" in page.words
    kept = plan.messages[plan.messages["limit"] != "control"]
    bare = {"messages": kept, "control": {"share": 0.05, "released": plan.all.day, "messages": 0, "moved_back": 0}}
    text = words_of(build_plan(**bare, milestones=(), assumptions=(), findings=()))
    facts_and_charts = text[: text.index("What to watch at each provider")]
    assert "control group" not in facts_and_charts.lower()
    assert "a group is held back" not in text


def test_our_own_rules_are_called_so_and_the_way_out_of_an_error_stands_once(build_plan):
    findings = (
        Finding("complete.not_within_horizon", "error", "Not complete.", "Spread it over 8 days.", "design 4.8"),
        Finding("deadline.missed", "error", "Too late.", "Spread it over 8 days.", "design of this planner"),
    )
    text = words_of(build_plan(findings=findings))
    assert text.count("Spread it over 8 days.") == 1
    assert text.count("See what must happen first.") == 2
    assert text.count("this tool's rule") == 2
    assert "design 4" not in text


def test_a_number_of_ips_that_does_not_fit_has_no_date_and_none_is_not_incomplete(plan, build_plan):
    size = plan.sizing[0]
    few = replace(size.rows[1], ips=1, capacity_share=1.2, verdict="too few", note="The largest day does not fit.")
    none = replace(size.rows[0], ips=0, verdict="shared pool", note="")
    text = words_of(build_plan(sizing=(replace(size, rows=(none, few)),)))
    table = text[text.index("Numbers of IPs for the pool") : text.index("If a provider stops tomorrow")]
    assert "0 shared pool shared pool – – shared pool" in table
    assert re.search(r"1 – – [\d,]+ 120\.0.% too few", table)


def test_a_start_without_cases_has_a_dash(plan, build_plan):
    latest = replace(plan.latest_start, tried=((plan.first, None, plan.all.day),))
    assert f"{words.day(plan.first)} {words.day(plan.all.day)} –" in words_of(build_plan(latest_start=latest))


def test_on_a_phone_the_main_chart_has_no_line_around_every_bar(report):
    text = report.read_text(encoding="utf-8")

    def drawing(name):
        start = text.index(f'data-chart="{name}"')
        return text[start : text.index("</svg>", start)]

    assert palette.SUPPLY in drawing("ramp-860")
    assert palette.SUPPLY not in drawing(f"ramp-{vega.NARROW}")
