"""The report in a real browser: the slider works by keyboard, nothing leaves the page, dark and print are right."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from nasframe.report.html import page
from nasframe.report.record import read

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync"
)
LIGHT_PAPER, DARK_PAPER = "rgb(255, 255, 255)", "rgb(20, 24, 30)"

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
if not CHROMIUM.exists():
    pytest.skip(f"{CHROMIUM} is not there: apt-get install chromium", allow_module_level=True)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory, builder):
    run = builder(tmp_path_factory.mktemp("runs") / "run").searching().done()
    path = run.folder / "report.html"
    path.write_text(page(read(run.folder)))
    return path.as_uri()


@pytest.fixture
def opened(browser, report):
    """A function that opens the report; afterwards, what went wrong or left the page is refused."""
    contexts, faults, requests = [], [], []

    def open_page(address=report, *, clock=False, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        shown = context.new_page()
        if clock:
            shown.clock.install(time=datetime(2030, 1, 1))
        shown.on("console", lambda message: faults.append(message.text))
        shown.on("pageerror", lambda error: faults.append(str(error)))
        shown.on("request", lambda request: requests.append(request.url))
        shown.goto(address)
        if clock:
            shown.clock.pause_at(datetime(2030, 1, 2))  # from here on time goes only where a test runs it
        return shown

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


def state(shown):
    """What the slider changes."""
    return shown.evaluate(
        """() => ({
            widths: [...document.querySelectorAll("[data-move]")].map((line) => line.getAttribute("stroke-width")),
            shades: [...document.querySelectorAll(".state .shade")].map((node) => node.getAttribute("fill-opacity")),
            visits: [...document.querySelectorAll(".state text")].map((node) => node.textContent),
            route: document.querySelector("[data-route='0']").getAttribute("points"),
            said: document.querySelector("#said").textContent,
            paths: document.querySelector("#paths tbody").textContent,
            bars: [...document.querySelectorAll(".pill .bar")].map((bar) => bar.getAttribute("width")),
            weights: document.querySelector("[data-weights] tbody").textContent,
            numbers: [...document.querySelectorAll("[data-weight]")].map((cell) => cell.textContent),
            cursor: document.querySelector(".cursor").getAttribute("x1"),
            now: document.querySelector("#now").textContent,
            valuetext: document.querySelector("#step").getAttribute("aria-valuetext"),
        })"""
    )


def test_the_arrow_keys_move_the_slider_and_with_it_the_picture_and_the_text(opened):
    shown = opened()
    before = state(shown)
    shown.locator("#step").focus()
    shown.keyboard.press("ArrowLeft")
    after = state(shown)
    assert before["now"] == "40" and after["now"] == "30"
    assert [key for key in before if before[key] == after[key]] in ([], ["route"])
    assert after["said"].startswith("Step 30: the best path has log-probability −")
    assert re.fullmatch(r"step 30 of 40; best path's probability [\d.]+ %, gap [\d.]+", after["valuetext"])


def test_there_and_back_the_page_is_as_it_was_written(opened):
    shown = opened()
    before = state(shown)
    shown.locator("#step").focus()
    for key in ("Home", "ArrowRight", "End"):
        shown.keyboard.press(key)
    after = state(shown)
    assert after.pop("valuetext").startswith(before.pop("valuetext"))
    widths = [[float(w) for w in s.pop(key)] for key in ("widths", "bars", "shades") for s in (before, after)]
    assert all(one == pytest.approx(two, abs=0.11) for one, two in zip(widths[::2], widths[1::2], strict=True))
    assert float(before.pop("cursor")) == pytest.approx(float(after.pop("cursor")), abs=0.1)
    assert after == before


def test_the_first_snapshot_is_even(opened):
    shown = opened()
    shown.locator("#step").focus()
    shown.keyboard.press("Home")
    first = state(shown)
    assert first["visits"][:2] == ["50", "50"]
    assert "0.333" in first["weights"]
    assert first["said"].startswith("Step 0: ")


def test_the_button_plays_and_pauses(opened):
    shown = opened(clock=True)
    button, now = shown.locator("#play"), shown.locator("#now")
    button.click()
    assert (button.text_content(), now.text_content()) == ("Pause", "0")
    shown.clock.run_for(300)
    assert now.text_content() == "20"
    button.click()
    shown.clock.run_for(1000)
    assert (button.text_content(), now.text_content()) == ("Play", "20")


def test_playing_ends_at_the_last_snapshot(opened):
    shown = opened(clock=True)
    shown.locator("#play").click()
    shown.clock.run_for(5000)
    assert (shown.locator("#play").text_content(), state(shown)["now"]) == ("Play", "40")


def test_tab_reaches_the_slider_and_the_focus_is_seen(opened):
    shown = opened()
    for _ in range(40):
        shown.keyboard.press("Tab")
        if shown.evaluate("document.activeElement.id") == "step":
            break
    outline = shown.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert shown.evaluate("document.activeElement.id") == "step" and outline == "solid"


def test_without_javascript_the_slider_is_hidden_and_the_last_snapshot_is_shown(opened, report):
    shown = opened(java_script_enabled=False)
    assert not shown.locator("#player").is_visible()
    assert shown.locator("#said").text_content().startswith("Step 40: ")
    assert shown.locator(".trellis").is_visible()


@pytest.mark.parametrize(("scheme", "paper"), [("light", LIGHT_PAPER), ("dark", DARK_PAPER)])
def test_the_page_follows_the_readers_colours(opened, scheme, paper):
    shown = opened(color_scheme=scheme)
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == paper
    filled = shown.evaluate("getComputedStyle(document.querySelector('.state circle')).fill")
    assert filled == paper


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(opened, scheme):
    contrast = """() => {
        const light = (text) => {
            const [r, g, b] = text.match(/[\\d.]+/g).map((v) => v / 255)
                .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const paper = light(getComputedStyle(document.body).backgroundColor);
        const ratio = (element) => {
            const ink = light(getComputedStyle(element).color);
            return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
        };
        const texts = document.querySelectorAll("h1, h2, p:not(.warning), a, summary, thead th, dt, dd, .state");
        return [...texts].map(ratio);
    }"""
    assert min(opened(color_scheme=scheme).evaluate(contrast)) >= 4.5


def test_in_print_the_last_snapshot_is_shown_and_everything_is_unfolded(opened):
    shown = opened()
    shown.locator("#step").focus()
    shown.keyboard.press("Home")
    shown.emulate_media(media="print", color_scheme="dark")
    playwright.expect(shown.locator("#said")).to_contain_text("Step 40: ")
    assert not shown.locator("#player").is_visible() and not shown.locator("nav").is_visible()
    assert shown.locator("details.unfold[open]").count() == shown.locator("details.unfold").count() > 0
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == LIGHT_PAPER
    shown.emulate_media(media="screen")
    playwright.expect(shown.locator("#said")).to_contain_text("Step 0: ")
    assert shown.locator("details[open]").count() == 0


def test_on_a_phone_only_tables_and_drawings_scroll_sideways(opened):
    shown = opened(viewport={"width": 360, "height": 700})
    assert shown.evaluate("document.documentElement.scrollWidth") == 360


def test_a_run_without_snapshots_opens_without_a_fault(opened, tmp_path, builder):
    run = builder(tmp_path / "young")
    (run.folder / "report.html").write_text(page(read(run.folder)))
    shown = opened((run.folder / "report.html").as_uri())
    assert shown.locator("h1").text_content() == "toy-run"
