"""The board in a real browser: what a branch manager and a fleet operator see, in both languages, at both widths."""

import os
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from gateway.board.sources import Finding, Readiness
from gateway.board.tokens import Tokens
from telemetry.clock import SystemClock
from telemetry.messages import PointInfo
from telemetry.readings import Flag
from telemetry.topics import Root
from tests.gateway.board.branches import Branches
from tests.servers import free_port, wait_until

expect.set_options(timeout=15_000)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TOKEN = "correct-horse-battery-staple"
QUANTITIES = ["co2_ppm", "temperature_c", "humidity_pct"]
HALL = PointInfo(point="hall-air", room="hall", part="scd41", period_s=30, quantities=QUANTITIES, simulated=True)
TIANHE = Root("north", "tianhe", "pi-1")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window; a laptop without one skips with the reason, CI fails."""
    path = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    if path is None:
        text = "no chromium: install Debian's chromium to test the board in a browser"
        if os.environ.get("CI"):
            pytest.fail(text, pytrace=False)
        pytest.skip(text)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


class Web:
    """The application on a port, to be stopped and started again."""

    def __init__(self, branches: Branches, tokens: Tokens | None = None) -> None:
        self.branches = branches
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._tokens = tokens
        self.start()

    def start(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        config = uvicorn.Config(
            self.branches.app(tokens=self._tokens), log_config=None, ws="none", timeout_graceful_shutdown=1
        )  # type: ignore[arg-type]
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture
def living(tmp_path: Path) -> Iterator[Branches]:
    """A gateway whose clock is the machine's, since the browser has one too."""
    parts = Branches(tmp_path, clock=SystemClock())
    yield parts
    parts.close()


@pytest.fixture
def web(living: Branches) -> Iterator[Web]:
    served = Web(living)
    yield served
    served.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An English page; whatever the browser complains about fails the test, but for answers the test asks for."""
    yield from opened(browser)


@pytest.fixture
def chinese(browser: Browser) -> Iterator[Page]:
    yield from opened(browser, locale="zh-CN", viewport={"width": 360, "height": 740}, color_scheme="dark")


def opened(browser: Browser, **words: Any) -> Iterator[Page]:
    settings: dict[str, Any] = {"locale": "en-GB", "viewport": {"width": 1600, "height": 1000}, **words}
    context = browser.new_context(timezone_id="Europe/Berlin", **settings)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.set_default_timeout(15_000)
    yield page
    context.close()
    assert [fault for fault in faults if "Failed to load resource" not in fault] == []


def ask_now(page: Page) -> None:
    """What coming back to the tab does: the next question is asked at once."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def day(branches: Branches, *, last: float, root: Root | None = None) -> None:
    """A day of CO2, a value every ten minutes, with a hole of two hours and one doubtful value.

    It comes to a high one in two steps: no room's air jumps so far that the sensor would be in doubt.
    """
    now = branches.now_ms
    rows = {now - number * 600_000: {"co2_ppm": 500.0 + number} for number in range(1, 144) if not 60 < number < 72}
    if last > 1_500.0:
        rows[now - 240_000] = {"co2_ppm": (500.0 + last) / 2}
    words = {} if root is None else {"root": root}
    branches.air(rows, **words)
    branches.air({now - 3_000_000: {"co2_ppm": 1_500.0}}, flags={"co2_ppm": (Flag.WARMUP,)}, **words)
    live = {"co2_ppm": last, "temperature_c": 21.46, "humidity_pct": 44.4}
    branches.air({now: live}, flags=dict.fromkeys(live, (Flag.SIMULATED,)), **words)


def test_a_branch_shows_its_values_with_unit_age_and_a_word(web: Web, living: Branches, page: Page) -> None:
    """One card: name, presence, every quantity, where it stands, that it is simulated."""
    living.present([HALL])
    day(living, last=1_234.4)
    page.goto(web.url)
    card = page.get_by_role("article", name="Xidan Branch")
    expect(card.locator(".pill")).to_have_text("● Online")
    tile = card.locator(".tile", has_text="Carbon dioxide")
    expect(tile.locator(".value")).to_have_text("1,234 ppm")
    expect(tile.locator(".verdict")).to_have_text("▲Stuffy: let air in")
    expect(tile.locator(".tile-guide")).to_have_text("guide: up to 1,000 ppm")
    expect(tile.locator(".age")).to_have_text(re.compile("just now|s ago"))
    expect(card.locator(".tile", has_text="Temperature").locator(".value")).to_have_text("21.5 °C")
    expect(card.locator(".badge")).to_have_text("Simulated")
    expect(page.locator("#count-online")).to_have_text("1/1")
    expect(page.locator("#summary-attention")).to_have_text("1 branch needs attention")
    assert page.title() == "OpenHall · The air in our branches, now"


def test_a_sensor_in_fault_is_told_at_its_point(web: Web, living: Branches, page: Page) -> None:
    """With the agent's reason; a sensor that works needs no line of its own."""
    living.present([HALL])
    living.sensor(working=False, reason="no answer on the bus")
    page.goto(web.url)
    fault = page.locator(".sensor-fault")
    expect(fault).to_have_text("▲ The sensor does not work: no answer on the bus")
    expect(page.locator(".facilities li")).to_have_count(0)
    expect(page.locator("#summary-attention")).to_have_text("1 branch needs attention")
    living.sensor(working=True)
    day(living, last=700.0)
    ask_now(page)
    expect(fault).to_be_hidden()
    expect(page.locator(".tile")).to_have_count(3)


def test_a_value_of_another_hour_is_called_old_and_asks_for_somebody(web: Web, living: Branches, page: Page) -> None:
    """The branch is online, its sensor is silent: the last value must not look like now."""
    living.present([HALL])
    living.air({living.now_ms - 3_600_000: {"co2_ppm": 2_500.0}})
    page.goto(web.url)
    expect(page.locator(".tile .verdict")).to_have_text("◔Old value")
    expect(page.locator(".tile .age")).to_have_text("60 min ago")
    expect(page.locator("#summary-attention")).to_have_text("1 branch needs attention")


def test_values_and_curve_follow_without_a_reload(web: Web, living: Branches, page: Page) -> None:
    """A new reading is on the page after the next question; good air takes the warning away."""
    living.present([HALL])
    day(living, last=2_345.0)
    page.goto(web.url)
    tile = page.locator(".tile", has_text="Carbon dioxide")
    expect(tile).to_have_class(re.compile("is-high"))
    expect(page.locator(".line")).to_have_count(2)
    now = living.now_ms
    living.air({now - 1: {"co2_ppm": 1_500.0}})
    living.air({now: {"co2_ppm": 640.0}})
    expect(tile.locator(".value")).to_have_text("640 ppm")
    expect(tile.locator(".verdict")).to_have_text("✓Fresh air")
    expect(page.locator("#said")).to_have_text("Xidan Branch: Carbon dioxide 640 ppm, Fresh air.")
    expect(page.locator("#summary-attention")).to_have_text("✓ All quiet")


def test_the_curve_has_holes_doubts_guides_and_a_reading_for_the_keyboard(
    web: Web, living: Branches, page: Page
) -> None:
    """What the eye sees, the keyboard and a screen reader get too."""
    living.present([HALL])
    day(living, last=700.0)
    page.goto(web.url)
    curve = page.locator("svg.curve")
    expect(curve).to_have_attribute("aria-label", re.compile("^Carbon dioxide of the last 24 hours: lowest 501, "))
    expect(curve.locator(".line")).to_have_count(2)
    expect(curve.locator(".doubtful")).to_have_count(1)
    expect(curve.locator(".guide text")).to_have_text(["▲ above 1,000", "▲▲ above 2,000"])
    curve.focus()
    page.keyboard.press("End")
    reading = page.locator(".curve-reading")
    expect(reading).to_have_text(re.compile(r"\d\d:\d\d: 700 ppm"))
    for _ in range(40):
        page.keyboard.press("ArrowLeft")
        if "doubtful" in reading.inner_text():
            break
    expect(reading).to_have_text(re.compile("also doubtful: 1,500"))
    expect(page.locator(".curve-note")).to_have_text("Times are those of the branch (Asia/Shanghai).")


def test_the_same_numbers_can_be_read_as_a_table(web: Web, living: Branches, page: Page) -> None:
    """By the hour, newest first, with how many readings each hour has."""
    living.present([HALL])
    day(living, last=700.0)
    page.goto(web.url)
    page.get_by_text("Show as a table").click()
    table = page.locator(".curve-table table")
    expect(table.locator("caption")).to_have_text("Carbon dioxide by the hour, ppm")
    expect(table.locator("thead th")).to_have_text(
        ["Hour", "Mean", "Lowest", "Highest", "Readings", "of them doubtful"]
    )
    counts = [int(text) for text in table.locator("tbody td:nth-child(5)").all_inner_texts()]
    assert sum(counts) == 143 - 11 + 2
    assert sum(int(text) for text in table.locator("tbody td:nth-child(6)").all_inner_texts()) == 1


def test_another_quantity_can_be_chosen(web: Web, living: Branches, page: Page) -> None:
    """The choice lists what the branch measures."""
    living.present([HALL])
    day(living, last=700.0)
    page.goto(web.url)
    choice = page.get_by_label("What the curve shows")
    expect(choice.locator("option")).to_have_text(["Carbon dioxide", "Temperature", "Relative humidity"])
    choice.select_option(label="Temperature")
    expect(page.locator("svg.curve")).to_have_attribute("aria-label", re.compile("^Temperature of the last 24 hours"))


def test_chinese_readers_get_chinese_on_a_small_dark_screen(web: Web, living: Branches, chinese: Page) -> None:
    """By Accept-Language; nothing is wider than the screen."""
    living.present([HALL])
    day(living, last=1_234.0)
    living.door(working=False, state="fault", reason="stuck")
    chinese.goto(web.url)
    card = chinese.get_by_role("article", name="西单支行")
    expect(card.locator(".tile", has_text="二氧化碳").locator(".word")).to_have_text("有些闷：请通风")
    expect(card.locator(".facilities .verdict")).to_have_text("▲ 故障")
    assert chinese.locator("html").get_attribute("lang") == "zh-CN"
    assert chinese.evaluate("document.documentElement.scrollWidth") == 360
    assert chinese.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 21, 25)"


def test_a_call_for_help_is_never_shown_as_well(web: Web, living: Branches, page: Page) -> None:
    """The cord works, and somebody pulls it: the branch needs attention until the call is cleared."""
    living.present([HALL])
    day(living, last=700.0)
    living.cord("called")
    page.goto(web.url)
    verdict = page.locator(".facilities .verdict")
    expect(verdict).to_have_text("▲ Somebody calls for help")
    expect(page.locator(".facilities li")).to_have_class(re.compile("is-high"))
    living.cord("cleared")
    expect(verdict).to_have_text("✓ Works", timeout=15_000)


def test_the_language_can_be_switched_and_is_remembered(web: Web, living: Branches, page: Page) -> None:
    """In place, by keyboard too."""
    living.present([HALL])
    day(living, last=700.0)
    page.goto(web.url)
    expect(page.get_by_role("article", name="Xidan Branch")).to_be_visible()
    page.get_by_role("button", name="中文").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("article", name="西单支行")).to_be_visible()
    expect(page.locator(".tile").first.locator("dt")).to_have_text("二氧化碳")
    page.reload()
    expect(page.get_by_role("button", name="中文")).to_have_attribute("aria-pressed", "true")


def test_without_branches_the_board_says_what_to_do(web: Web, page: Page) -> None:
    """With the regions that this gateway hears."""
    page.goto(web.url)
    expect(page.get_by_role("heading", name="No branch has reported yet")).to_be_visible()
    expect(page.locator("#empty-2")).to_contain_text("north")


def test_an_offline_branch_keeps_its_last_values_and_says_so(web: Web, living: Branches, page: Page) -> None:
    """Its will says it is gone; nothing is hidden."""
    living.present([HALL])
    day(living, last=700.0)
    page.goto(web.url)
    expect(page.locator(".pill")).to_have_text("● Online")
    living.present([], online=False)
    ask_now(page)
    expect(page.locator(".pill")).to_have_text(re.compile("^○ Offline, last heard"))
    expect(page.locator(".card-note")).to_contain_text("Nothing is lost")
    expect(page.locator(".tile").first.locator(".value")).to_have_text("700 ppm")
    expect(page.locator("#said")).to_have_text("Xidan Branch is offline.")


def test_what_the_gateway_cannot_do_stands_above_all(web: Web, living: Branches, page: Page) -> None:
    """In the reader's words, with the operator's beside them; gone when it is over."""
    living.present([HALL])
    living.readiness = Readiness(
        reasons=[Finding("store", "store: [Errno 28] no space left")],
        warnings=[Finding("two_agents", "agents pi-1 and pi-2 of xidan both claim point hall-air")],
    )
    page.goto(web.url)
    notices = page.locator(".notice")
    expect(notices).to_have_count(2)
    expect(notices.first).to_contain_text("The store takes no readings at the moment.")
    expect(notices.first).to_contain_text("no space left")
    expect(notices.last).to_contain_text("Two agents of a branch claim the same point.")
    living.readiness = Readiness()
    ask_now(page)
    expect(notices).to_have_count(0)


def test_a_gateway_that_is_gone_is_told_and_forgotten_when_it_is_back(web: Web, living: Branches, page: Page) -> None:
    """The last values stay; the page recovers by itself."""
    living.present([HALL])
    day(living, last=700.0)
    page.goto(web.url)
    expect(page.locator(".tile").first.locator(".value")).to_have_text("700 ppm")
    web.stop()
    ask_now(page)
    expect(page.get_by_role("heading", name="The gateway does not answer")).to_be_visible()
    expect(page.locator(".tile").first.locator(".value")).to_have_text("700 ppm")
    web.start()
    ask_now(page)
    expect(page.locator(".notice")).to_have_count(0)


def test_with_tokens_the_board_asks_for_one(living: Branches, page: Page, tmp_path: Path) -> None:
    """Once: a session begins, which a reload keeps and no script can read; wrong ones are refused."""
    file = tmp_path / "tokens"
    file.write_text(f"manager {TOKEN}\n", encoding="utf-8")
    living.present([HALL])
    web = Web(living, Tokens.read(str(file)))
    try:
        page.goto(web.url)
        page.get_by_label("Access token").fill("wrong")
        page.get_by_role("button", name="Continue").click()
        expect(page.locator("#token-wrong")).to_have_text("This token is not known here.")
        page.get_by_label("Access token").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("article", name="Xidan Branch")).to_be_visible()
        page.reload()
        expect(page.get_by_role("article", name="Xidan Branch")).to_be_visible()
        assert (
            page.evaluate("document.cookie + JSON.stringify(sessionStorage) + JSON.stringify(localStorage)") == "{}{}"
        )
    finally:
        web.stop()


def test_many_branches_can_be_searched_and_sifted(web: Web, living: Branches, page: Page) -> None:
    """An operator of a fleet finds a branch by name and sees first who needs somebody."""
    for number in range(70):
        living.present([HALL], root=Root("north", f"hall-{number:02}", "pi-1"))
    living.present([HALL], root=TIANHE)
    day(living, last=2_500.0, root=TIANHE)
    page.goto(web.url)
    cards = page.get_by_role("article")
    expect(cards).to_have_count(60)
    page.get_by_role("button", name="Show 11 more").click()
    expect(cards).to_have_count(71)
    page.get_by_label("Find a branch").fill("hall-1")
    expect(cards).to_have_count(10)
    page.get_by_label("Find a branch").fill("nowhere")
    expect(page.locator("#none")).to_be_visible()
    page.get_by_label("Find a branch").fill("tian")
    expect(cards.locator(".tile").first).to_have_class(re.compile("is-high"))
    page.get_by_label("Find a branch").fill("")
    page.get_by_label("Only those that need attention").check()
    expect(cards).to_have_count(1)


CONTRAST = """
() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const part = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest("svg, .hidden-words")) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${element.className || element.tagName}: ${ratio.toFixed(2)} ${element.textContent}`);
  }
  return poor;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1600])
def test_every_text_has_contrast_and_nothing_overflows(
    web: Web, living: Branches, browser: Browser, scheme: str, width: int
) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1, in every state a tile may have; 1.4.10: no scrolling in two directions."""
    living.present([HALL])
    day(living, last=1_234.0)
    now = living.now_ms
    living.air({now - 1: {"humidity_pct": 36.0}})
    living.air({now: {"pm2_5_ug_m3": 80.0, "humidity_pct": 28.0}})
    living.air({living.now_ms: {"tvoc_ug_m3": 80.0}}, flags={"tvoc_ug_m3": (Flag.WARMUP,)})
    living.air({living.now_ms - 1_200_000: {"hcho_ug_m3": 30.0}})
    living.door(working=False, state="fault", reason="stuck")
    living.present([HALL], root=TIANHE)
    living.present([], root=TIANHE, online=False)
    living.readiness = Readiness(reasons=[Finding("store", "x" * 300)], warnings=[Finding("two_agents", "y")])
    for page in opened(browser, viewport={"width": width, "height": 900}, color_scheme=scheme):
        page.goto(web.url)
        expect(page.locator(".line").first).to_be_visible()
        for state in ("is-fine", "is-raised", "is-high", "is-low", "is-suspect", "is-stale"):
            expect(page.locator(f".tile.{state}").first).to_be_visible()
        page.get_by_text("Show as a table").first.click()
        assert page.evaluate(CONTRAST) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_everything_can_be_reached_and_named_without_a_mouse(web: Web, living: Branches, page: Page) -> None:
    """Tab reaches language, choice, curve and table; every control has a name, headings go down step by step."""
    living.present([HALL])
    day(living, last=700.0)
    page.goto(web.url)
    expect(page.locator(".line").first).to_be_visible()
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.tagName.toLowerCase()"))
    for tag in ("button", "select", "svg", "summary"):
        assert tag in reached, reached
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3')].filter(h => h.checkVisibility()).map(h => h.tagName)"
    )
    assert levels[0] == "H1"
    assert levels.count("H1") == 1
    assert all(int(b[1]) - int(a[1]) <= 1 for a, b in pairwise(levels))
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, select, input')].filter(e => e.checkVisibility() &&"
        " !(e.labels?.length || e.textContent.trim() || e.getAttribute('aria-label'))).length"
    )
    assert nameless == 0


def test_both_languages_have_every_word_and_every_word_that_is_used(web: Web, page: Page) -> None:
    """A word that is missing in one language would show the other's; a key nobody uses is waste."""
    page.goto(web.url)
    words = page.evaluate("import('/board/words.js').then(m => m.WORDS)")
    assert set(words["en"]) == set(words["zh-CN"])
    holes = re.compile(r"\{\w+\}")
    for key, text in words["en"].items():
        assert set(holes.findall(text)) == set(holes.findall(words["zh-CN"][key])), key
    folder = Path(__file__).parents[3] / "gateway" / "board" / "static"
    code = "".join(file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name != "words.js")
    built = ("state_", "part_", "co2_", "temperature_", "humidity_", "need_attention_", "legend_")
    unused = [key for key in words["en"] if not key.startswith(built) and not re.search(rf"\b{key}\b", code)]
    assert unused == []


def test_a_page_that_stopped_working_is_not_hidden(web: Web, page: Page) -> None:
    """The fixture above would see it: a script error is an error of the test."""
    page.goto(web.url)
    with pytest.raises(Error):
        page.evaluate("import('/board/words.js').then(m => m.say('no-such-key'))")
