"""The report in a real browser: three widths, both themes, with scripts and without, on paper."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

playwright = pytest.importorskip("playwright.sync_api")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

CONTRAST = """() => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const channel = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const background = (el) => {
    for (let e = el; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c[3] === 1) return c;
    }
    return [255, 255, 255, 1];
  };
  const poor = [];
  let seen = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const el = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || el.closest("script, style, [hidden]")) continue;
    const box = el.getBoundingClientRect();
    if (!box.width || !box.height || !el.checkVisibility()) continue;
    const style = getComputedStyle(el);
    const ink = parse(el.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(ink), light(background(el))].sort((x, y) => y - x);
    seen += 1;
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push([el.tagName, el.textContent.slice(0, 40), style.color, style.fill]);
  }
  return { seen, poor: poor.slice(0, 8) };
}"""


@pytest.fixture(scope="module")
def browser(chromium):
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def visit(browser, report):
    """Opens the report and keeps what the browser asked for and complained about."""
    contexts = []

    def go(path=report, width=1000, anchor="", **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.said, page.dialogs = [], [], []
        page.on("request", lambda r: page.asked.append(r.url))
        page.on("console", lambda m: page.said.append(m.text))
        page.on("pageerror", lambda e: page.said.append(str(e)))
        page.on("dialog", lambda d: (page.dialogs.append(d.message), d.dismiss()))
        page.goto(path.as_uri() + anchor)
        return page

    yield go
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def alive(visit):
    """The report with every visible chart redrawn by the scripts, and all weeks open."""
    page = visit()
    enliven(page)
    page.locator("#open-weeks").click()
    return page


def enliven(page):
    """Bring every visible chart into view, as scrolling would."""
    shown = "[...document.querySelectorAll('.plot')].filter(e => e.checkVisibility())"
    for at in range(page.evaluate(f"{shown}.length")):
        page.evaluate(f"{shown}[{at}].scrollIntoView({{behavior: 'instant'}})")
        page.wait_for_timeout(40)
    page.wait_for_function(f"() => {shown}.every(e => e.classList.contains('on'))")


@pytest.mark.parametrize("width", [700, 820, 1000])
def test_on_a_tablet_no_table_is_cut_and_the_list_before_the_first_send_can_be_read(visit, width):
    page = visit(width=width)
    cut = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1)"
    assert page.evaluate(f"{cut}.map(e => e.getAttribute('aria-label'))") == []
    narrow = "Math.min(...[...document.querySelectorAll('.preflight tbody th')].map(e => e.clientWidth))"
    assert page.evaluate(narrow) >= 180


def test_every_chart_comes_alive_and_nothing_is_asked_for(alive, report):
    assert alive.asked == [report.as_uri()]
    assert alive.said == []
    assert alive.locator(".plot.on svg").count() >= 15
    ramp = alive.locator("[data-chart=ramp-860] svg")
    assert ramp.locator("text", has_text="expected, 9 May").count() == 1
    assert ramp.locator("text", has_text="promise, ").count() == 1
    assert ramp.locator("path[fill='#1f6fb2']").count() == 1


def test_a_chart_tells_a_days_numbers(visit, plan):
    page = visit()
    box = page.locator("[data-chart=ramp-860]")
    box.scroll_into_view_if_needed()
    page.wait_for_selector("[data-chart=ramp-860].on")
    frame = box.locator("svg").bounding_box()
    page.mouse.move(frame["x"] + frame["width"] * 0.5, frame["y"] + frame["height"] * 0.7)
    tip = page.locator("#vg-tooltip-element")
    tip.wait_for(state="visible")
    text = tip.inner_text()
    day = re.search(r"\w{3} (\d+) (\w{3}) 2026", text)
    assert day
    row = next(r for _, r in plan.days.iterrows() if f"{r['date'].day} {r['date']:%b}" == f"{day[1]} {day[2]}")
    assert f"{row['dedicated']:,}" in text


def test_it_is_complete_without_scripts(visit):
    page = visit(java_script_enabled=False)
    assert page.locator("h2").count() == 20
    for heading in page.locator("h2").all():
        assert heading.is_visible()
    assert page.locator("svg[role=img]:visible").count() >= 15
    assert page.locator(".day:visible").count() == 13  # the first two weeks are open
    assert page.locator("#theme").is_hidden()
    assert page.locator("#sheet-controls").is_hidden()


def test_the_scale_changes_without_scripts(visit):
    page = visit(java_script_enabled=False)
    linear, log = page.locator("[data-chart=p-google-lin]"), page.locator("[data-chart=p-google-log]")
    assert linear.is_visible()
    assert log.is_hidden()
    page.locator("label", has_text="logarithmic").click()
    assert linear.is_hidden()
    assert log.is_visible()


@pytest.mark.parametrize("width", [360, 820, 1400])
def test_no_page_is_wider_than_its_screen(visit, alive, width):
    assert visit(width=width, java_script_enabled=False).evaluate(OVERFLOW) <= 0
    alive.set_viewport_size({"width": width, "height": 900})
    assert alive.evaluate(OVERFLOW) <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_in_both_themes(visit, alive, scheme):
    plain = visit(color_scheme=scheme, java_script_enabled=False)
    alive.set_viewport_size({"width": 1000, "height": 900})
    alive.emulate_media(color_scheme=scheme)
    for page in (plain, alive):
        found = page.evaluate(CONTRAST)
        assert found["seen"] > 500
        assert found["poor"] == []


def test_the_theme_button_turns_the_colours(visit):
    page = visit(color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    axis = "getComputedStyle(document.querySelector('[data-chart=ramp-860] svg text')).fill"
    before = (page.evaluate(background), page.evaluate(axis))
    page.locator("#theme").click()
    after = (page.evaluate(background), page.evaluate(axis))
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert page.evaluate(CONTRAST)["poor"] == []


def test_one_provider_can_be_shown_and_linked_to(visit, report):
    page = visit()
    page.locator("#sheet-provider").select_option(label="Yahoo and AOL")
    assert page.url.endswith("#day-sheet&provider=yahoo")
    day = page.locator("#day-2026-02-03")
    assert day.get_by_text("Yahoo and AOL").first.is_visible()
    assert day.get_by_text("Gmail").first.is_hidden()
    again = visit(anchor="#day-sheet&provider=" + quote("united_internet"))
    assert again.locator("#sheet-provider").input_value() == "3"
    assert again.locator("#day-2026-02-03").get_by_text("Gmail").first.is_hidden()
    nonsense = visit(anchor="#day-sheet&provider=%E0%A4%A")
    assert nonsense.said == []
    assert nonsense.locator("#sheet-provider").input_value() == ""


def test_copy_buttons_copy_the_line_and_the_day(visit, plan):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }")
    page.locator("pre.code button").first.click()
    assert "hashlib" in page.evaluate("window.copied")
    page.locator("#day-2026-02-03 button.copy").click()
    lines = page.evaluate("window.copied").split("\n")
    assert lines[0].startswith("Tue 3 Feb 2026, 09:00–19:00")
    row = plan.sheet[(plan.sheet["date"] == plan.first) & (plan.sheet["provider"] == "google")]
    row = row[row["stream"] == "newsletter"].iloc[0]
    assert any(f"Gmail {row['dedicated']} {row['threshold']}, Outlook.com" in line for line in lines)


def test_links_into_a_closed_week_open_it(visit):
    page = visit(anchor="#day-2026-04-01")
    assert page.locator("#day-2026-04-01").is_visible()


def test_hostile_names_do_nothing(visit, hostile_report):
    page = visit(hostile_report, width=360)
    enliven(page)
    page.locator("#open-weeks").click()
    assert page.dialogs == []
    assert page.asked == [hostile_report.as_uri()]
    assert page.said == []
    assert page.locator("img").count() == 0
    assert page.evaluate(OVERFLOW) <= 0
    assert "<script>alert(1)</script>" in page.locator("h1").inner_text()


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_on_paper_everything_is_open_and_light(visit, paper, tmp_path):
    page = visit(color_scheme="dark", java_script_enabled=paper == "A4")
    page.emulate_media(media="print", color_scheme="dark")
    pdf = page.pdf(path=tmp_path / "report.pdf", format=paper)
    pages = len(re.findall(rb"/Type\s*/Page[^s]", pdf))
    assert 12 <= pages <= 40
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for chart in ("p-google-lin", "p-google-log", "ramp-860"):
        assert page.locator(f"[data-chart={chart}]").is_visible()
    width = {"A4": 794, "Letter": 816}[paper] - 98  # inner width at 96 dpi
    page.set_viewport_size({"width": width, "height": 1000})
    assert page.evaluate(OVERFLOW) <= 0
