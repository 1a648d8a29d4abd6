"""Alarms in a real browser: the list on the board, the page of alerts, and the page behind a link."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import insert

from gateway.alerts.links import Claim
from gateway.alerts.settings import AlertsConfig
from gateway.board.tokens import Tokens
from gateway.state.tables import notice
from telemetry.clock import SystemClock
from tests.gateway.board.branches import Branches
from tests.gateway.board.test_page import CONTRAST, Web, browser, chinese, opened, page, web

__all__ = ["browser", "chinese", "page", "web"]

TOKEN = "token-of-li-na-0000000000001"


class EarlierClock(SystemClock):
    """The machine's clock, some seconds back, until it is let come up."""

    def __init__(self, back_s: float) -> None:
        self.back_s = back_s

    def now(self) -> float:
        return super().now() - self.back_s

    def monotonic(self) -> float:
        return super().monotonic() - self.back_s


@pytest.fixture
def living(tmp_path: Path) -> Iterator[Branches]:
    """A gateway on the machine's clock that tells two people through a file."""
    alerts = msgspec.convert(
        {
            "people": {
                "li-na": {"name": "Li Na", "channels": ["file"]},
                "wang": {"name": "Wang Wei", "channels": ["file"]},
            },
            "channels": {"file": {"kind": "file", "path": str(tmp_path / "told.jsonl")}},
            "sites": {"xidan": {"responsible": ["li-na"], "deputy": ["wang"]}},
            "grade": [{"name": "II", "severities": ["emergency"], "report_within_s": 7200}],
            "rota": [{"region": "north", "first": "2026-11-23", "each_days": 7, "people": ["li-na", "wang"]}],
        },
        AlertsConfig,
        strict=False,
    )
    parts = Branches(tmp_path, clock=EarlierClock(1_080.0), alerts=alerts)
    yield parts
    parts.close()


def catch_up(living: Branches) -> None:
    """The clock comes up to the machine's, which is the browser's."""
    assert isinstance(living.clock, EarlierClock)
    living.clock.back_s = 0.0


def bad_air(living: Branches) -> None:
    """Eighteen minutes of stuffy air, now over: a warning and a serious alarm."""
    assert isinstance(living.clock, EarlierClock)
    for _ in range(18):
        living.air({living.now_ms: {"co2_ppm": 2_500.0}})
        living.clock.back_s -= 60
    catch_up(living)


def titles(page: Page, where: str = "#open-list") -> list[str]:
    return page.locator(f"{where} h3").all_text_contents()


def test_an_alarm_is_shown_on_the_board_taken_and_gone(living: Branches, web: Web, page: Page) -> None:
    catch_up(living)
    living.cord("called")
    page.goto(web.url)
    card = page.locator("#alarms li.alarm")
    expect(card.locator("h3")).to_have_text("Somebody calls for help")
    expect(card).to_contain_text("Xidan Branch · Toilet · cord")
    expect(card).to_contain_text("Nobody has it yet")
    expect(card.get_by_role("button", name="Put aside")).to_be_hidden()
    card.get_by_role("button", name="I have it").click()
    dialog = page.get_by_role("dialog", name="Take this alarm")
    dialog.get_by_label("You are").select_option("Li Na")
    dialog.get_by_role("button", name="I have it").click()
    expect(card).to_contain_text("Li Na has it, since")
    expect(card.get_by_role("button", name="I have it")).to_be_hidden()
    living.cord("cleared")
    expect(page.locator("#alarms .alarm")).to_have_count(0)
    page.get_by_role("link", name="All alerts, and mine").click()
    expect(page.locator("#none")).to_have_text("Nothing is open.")


def test_without_alarms_there_is_no_list_but_the_way_to_the_page(web: Web, page: Page) -> None:
    page.goto(web.url)
    expect(page.get_by_role("link", name="All alerts, and mine")).to_be_visible()
    expect(page.locator("#alarms h2")).to_be_hidden()


def test_what_is_open_is_in_order_found_put_aside_and_comes_by_itself(living: Branches, web: Web, page: Page) -> None:
    bad_air(living)
    page.goto(f"{web.url}alerts")
    expect(page.locator("#open-list li.alarm")).to_have_count(2)
    assert titles(page) == [f"Carbon dioxide too high: 2,500 ppm (limit {limit} ppm)" for limit in ("2,000", "1,500")]
    living.cord("called")
    expect(page.locator("#open-list h3").first).to_have_text("Somebody calls for help")
    expect(page.locator("#said-urgent")).to_have_text(re.compile("New alarm: Somebody calls for help, Xidan Branch"))
    expect(page).to_have_title("(3) Alerts · OpenHall")

    warning = page.locator("#open-list li.is-warning")
    warning.get_by_role("button", name="Put aside").click()
    dialog = page.get_by_role("dialog", name="Put this alarm aside")
    dialog.get_by_label("You are").select_option("Another name…")
    dialog.get_by_label("Your name").fill("Chen")
    dialog.get_by_label("Why").fill("filter change")
    dialog.get_by_label("For how long").select_option("Until a time…")
    dialog.get_by_label("Until", exact=True).fill("2020-01-01T10:00")
    dialog.get_by_role("button", name="Put aside").click()
    expect(dialog.get_by_role("alert")).to_contain_text("the end lies in the past")
    dialog.get_by_label("For how long").select_option("4 hours")
    dialog.get_by_role("button", name="Put aside").click()
    expect(dialog).to_be_hidden()
    expect(warning).to_contain_text("by Chen: filter change")
    expect(warning.locator("h3")).to_be_focused()
    assert titles(page)[-1].endswith("(limit 1,500 ppm)"), "what is put aside comes last"
    warning.get_by_role("button", name="Take back").click()
    dialog = page.get_by_role("dialog", name="Take this alarm back")
    dialog.get_by_role("button", name="Take back").click()
    expect(warning).to_contain_text("Nobody has it yet")
    expect(warning.get_by_role("button", name="Take back")).to_be_hidden()

    living.cord("cleared")
    expect(page.locator("#open-list li.is-emergency")).to_contain_text("Over since")


def test_the_gravest_comes_first_however_many_newer_ones_there_are(living: Branches, web: Web, page: Page) -> None:
    """The list comes in pages, newest first; a call older than ten thousand other alarms is not on the first."""
    catch_up(living)
    living.cord("called")
    call = page.request.get(f"{web.url}api/v1/alerts", headers={"Accept-Language": "en"}).json()["alerts"][0]
    notes = [{**call, "id": str(number), "severity": "info", "message": "Note"} for number in range(20_000, 10_000, -1)]

    def answer(route: Route) -> None:
        first = "after=" not in route.request.url
        route.fulfill(json={"alerts": notes if first else [call], "next": "1" if first else None})

    page.route("**/api/v1/alerts?*", answer)
    page.goto(f"{web.url}alerts")
    expect(page.locator("#count-open")).to_have_text("10001")
    assert titles(page)[0] == "Somebody calls for help"


def test_the_history_says_what_changed_and_how_far_each_message_came(living: Branches, web: Web, page: Page) -> None:
    catch_up(living)
    living.cord("called")
    living.alerts.deliver()
    page.goto(f"{web.url}alerts")
    card = page.locator("li.alarm")
    button = card.get_by_role("button", name="History")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(card.locator(".history")).to_contain_text("It began")
    expect(card.locator(".notice-delivered")).to_contain_text("Li Na · that it began")
    expect(card.locator(".notice-delivered")).to_contain_text("by file")
    expect(card.locator(".notice-delivered")).to_contain_text("read: not known")
    living.alerts.engine.acknowledge(1, "Wang Wei")
    expect(card.locator(".history")).to_contain_text("by Wang Wei")
    living.cord("cleared")
    expect(page.locator("#none")).to_be_visible()
    page.get_by_role("link", name="Past").click()
    expect(page.locator("#past-list li.alarm")).to_contain_text("Wang Wei had it")
    expect(page.locator("#past-list").get_by_role("button", name="I have it")).to_be_hidden()


def test_an_incident_is_reported_from_the_page(living: Branches, web: Web, page: Page) -> None:
    """Its deadline stands on it; the report is noted with who made it, and may be called off."""
    catch_up(living)
    living.cord("called")
    page.goto(f"{web.url}alerts")
    page.locator("#me-choice").select_option("Li Na")
    card = page.locator("li.alarm")
    expect(card.locator(".incident")).to_contain_text("Incident of grade II: report it by")
    card.get_by_role("button", name="Report").click()
    page.get_by_role("dialog", name="Report this incident").get_by_role("button", name="Note it").click()
    expect(card.locator(".incident")).to_have_text("Incident of grade II: reported in time")
    card.get_by_role("button", name="Report").click()
    dialog = page.get_by_role("dialog", name="Report this incident")
    dialog.get_by_label("What", exact=True).select_option("It was no incident")
    dialog.get_by_role("button", name="Note it").click()
    expect(card.locator(".incident")).to_contain_text("it was none")


def test_mine_are_my_alarms_my_turns_and_handing_over(living: Branches, web: Web, page: Page) -> None:
    bad_air(living)
    living.alerts.deliver()
    page.goto(f"{web.url}alerts#mine")
    expect(page.locator("#view-mine")).to_contain_text("Choose your name above")
    page.get_by_label("You are").select_option("Li Na")
    expect(page.locator("#view-mine li.alarm")).to_have_count(2)
    expect(page.locator("#view-mine")).to_contain_text("Responsible for Xidan Branch")
    expect(page.locator("#view-mine")).to_contain_text("In the rota of north")
    own = page.locator("#view-mine")
    own.get_by_label("From").fill("2099-01-01T09:00")
    own.get_by_label("Until").fill("2020-01-08T09:00")
    own.get_by_label("To", exact=True).select_option("Wang Wei")
    own.get_by_label("Why").fill("holiday")
    page.get_by_role("button", name="Hand over").click()
    expect(page.locator("#view-mine .said")).to_contain_text("This did not work")
    soon = page.evaluate(
        "[0, 7].map(days => { const d = new Date(Date.now() + days * 86400000); d.setMinutes(d.getMinutes() -"
        " d.getTimezoneOffset()); return d.toISOString().slice(0, 16); })"
    )
    own.get_by_label("From").fill(soon[0])
    own.get_by_label("Until").fill(soon[1])
    page.get_by_role("button", name="Hand over").click()
    expect(page.locator("#view-mine .said")).to_contain_text("Wang Wei is told in your place")
    assert living.alerts.desk.plans.hand_overs[0].why == "holiday"
    page.get_by_role("button", name="Take back").click()
    expect(page.locator("#view-mine")).to_contain_text("taken back")
    assert living.alerts.desk.plans.hand_overs == ()


def test_work_is_planned_ahead_and_ended(living: Branches, web: Web, page: Page) -> None:
    """What rises there is held back with the reason; once the window is ended, it is told."""
    catch_up(living)
    living.air({living.now_ms: {"co2_ppm": 600.0}})
    page.goto(f"{web.url}alerts#planned")
    page.get_by_label("You are").select_option("Wang Wei")
    expect(page.locator("#view-planned")).to_contain_text("Nothing is planned.")
    view = page.locator("#view-planned")
    of_file = {"id": "", "why": "new cables", "region": "north", "site": None, "room": None, "point": None, "from": 1,
               "until": None, "out_of_service": False, "by": "", "ended": None, "ended_by": None}  # fmt: skip
    page.route("**/windows/configured", lambda route: route.fulfill(json={"windows": [of_file]}))
    expect(view.locator("li")).to_contain_text("new cables · by the gateway's configuration")
    expect(view.get_by_role("button", name="End now")).to_have_count(0)
    page.unroute("**/windows/configured")
    expect(view).to_contain_text("Nothing is planned.")
    view.get_by_label("Branch", exact=True).select_option("Xidan Branch")
    view.get_by_label("Why").fill("painting")
    soon = page.evaluate(
        "[-1, 24].map(hours => { const d = new Date(Date.now() + hours * 3600000); d.setMinutes(d.getMinutes() -"
        " d.getTimezoneOffset()); return d.toISOString().slice(0, 16); })"
    )
    view.get_by_label("From").fill(soon[0])
    view.get_by_label("Until").fill(soon[1])
    page.get_by_role("button", name="Plan it").click()
    expect(page.locator("#view-planned li")).to_contain_text("painting · by Wang Wei")
    (window,) = living.alerts.desk.plans.windows
    assert (window.site, window.room, window.made_by) == ("xidan", None, "Wang Wei")
    page.get_by_role("button", name="End now").click()
    expect(page.locator("#view-planned li")).to_contain_text("ended")
    assert living.alerts.desk.plans.windows == ()


def test_with_a_persons_token_the_page_knows_who_it_is(living: Branches, page: Page, tmp_path: Path) -> None:
    catch_up(living)
    living.cord("called")
    file = tmp_path / "tokens"
    file.write_text(f"li-na {TOKEN}\n", encoding="ascii")
    served = Web(living, Tokens.read(str(file)))
    try:
        page.goto(f"{served.url}alerts")
        page.get_by_label("Access token").fill(TOKEN)
        page.get_by_role("button", name="Continue").click()
        expect(page.locator("#me")).to_have_text(re.compile("You are Li Na, by your token."))
        page.get_by_role("button", name="I have it").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_label("You are")).to_have_count(0)
        dialog.get_by_role("button", name="I have it").click()
        expect(page.locator("li.alarm")).to_contain_text("Li Na has it")
        page.reload()
        expect(page.locator("#me")).to_contain_text("You are Li Na")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Access token")).to_be_visible()
    finally:
        served.stop()


def test_the_gateways_death_is_said_and_its_return_needs_no_reload(living: Branches, web: Web, page: Page) -> None:
    catch_up(living)
    page.goto(f"{web.url}alerts")
    expect(page.locator("#none")).to_be_visible()
    web.stop()
    expect(page.locator("#gone")).to_contain_text("The gateway does not answer")
    living.cord("called")
    web.start()
    expect(page.locator("#gone")).to_be_hidden()
    expect(page.locator("li.alarm")).to_have_count(1)


@pytest.mark.parametrize(("width", "scheme", "locale"), [(360, "dark", "zh-CN"), (1600, "light", "en-GB")])
def test_every_text_has_contrast_and_nothing_overflows(
    living: Branches, web: Web, browser: Browser, width: int, scheme: str, locale: str
) -> None:
    """WCAG 2.2, 1.4.3, 1.4.10 and 2.5.8 (targets of 24 px) in every view; headings go down step by step."""
    bad_air(living)
    living.cord("called")
    living.alerts.deliver()
    living.alerts.engine.acknowledge(1, "x" * 90)
    for tab in opened(browser, locale=locale, viewport={"width": width, "height": 800}, color_scheme=scheme):
        tab.goto(f"{web.url}alerts")
        expect(tab.locator("#open-list li.alarm")).to_have_count(3)
        tab.locator("#me-choice").select_option("li-na")
        tab.locator("#open-list li.alarm button:visible").last.click()
        expect(tab.locator(".history:visible li").first).to_be_visible()
        for view in ("open", "mine", "past", "planned"):
            tab.locator(f"#link-{view}").click()
            expect(tab.locator(f"#view-{view}")).to_be_visible()
            assert tab.evaluate(CONTRAST) == []
            assert tab.evaluate("document.documentElement.scrollWidth") == width
            levels = tab.evaluate(
                "[...document.querySelectorAll('h1,h2,h3,h4')].filter(h => h.checkVisibility()).map(h => h.tagName)"
            )
            assert levels[0] == "H1"
            assert all(int(b[1]) - int(a[1]) <= 1 for a, b in pairwise(levels))
            small = tab.evaluate(
                "[...document.querySelectorAll('button, select, input, nav a')].filter(e => e.checkVisibility() &&"
                " e.getBoundingClientRect().height < 24 && e.type !== 'checkbox').map(e => e.outerHTML)"
            )
            assert small == []


def test_an_alarm_is_taken_with_the_keyboard_alone(living: Branches, web: Web, page: Page) -> None:
    """Tab to the button, Enter; the dialogue has the focus, Escape gives it back, and Enter in it takes the alarm."""
    catch_up(living)
    living.cord("called")
    page.goto(f"{web.url}alerts")
    expect(page.locator("li.alarm")).to_be_visible()
    page.locator("#me-choice").select_option("wang")

    def reach() -> None:
        for _ in range(20):
            page.keyboard.press("Tab")
            if (page.evaluate("document.activeElement.getAttribute('aria-label')") or "").startswith("I have it"):
                return
        raise AssertionError("the button cannot be reached")

    reach()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("li.alarm")).to_contain_text("Nobody has it yet")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("I have it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("li.alarm")).to_contain_text("Wang Wei has it")
    expect(page.locator("li.alarm h3")).to_be_focused()


def test_both_languages_have_every_word_and_every_word_that_is_used(web: Web, page: Page) -> None:
    page.goto(f"{web.url}alerts")
    words = page.evaluate("import('/board/alert_words.js').then(m => m.ALERT_WORDS)")
    assert set(words["en"]) == set(words["zh-CN"])
    holes = re.compile(r"\{\w+\}")
    for key, text in words["en"].items():
        assert set(holes.findall(text)) == set(holes.findall(words["zh-CN"][key])), key
    folder = Path(__file__).parents[3] / "gateway" / "board" / "static"
    code = "".join(file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name != "alert_words.js")
    built = (
        "severity_",
        "count_nobody_",
        "count_open_",
        "have_of",
        "shelve_of",
        "unshelve_of",
        "history_of",
        "report_of",
    )
    assert [key for key in words["en"] if not key.startswith(built) and not re.search(rf"\b{key}\b", code)] == []


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A small Chinese telephone without JavaScript, as in the browsers of chat programs at their worst."""
    yield from opened(browser, locale="zh-CN", viewport={"width": 360, "height": 640}, java_script_enabled=False)


def test_the_page_behind_a_link_works_on_a_telephone_without_scripts(living: Branches, web: Web, phone: Page) -> None:
    living.cord("called")
    with living.state.write() as connection:
        row = {"alarm_id": 1, "key": "k", "person": "li", "tell": "rise", "step": 1, "severity": "emergency"}
        row |= {"status": "told", "queued_ms": 0, "not_before_ms": 0, "channel": 0, "attempts": 0, "detail": ""}
        connection.execute(insert(notice).values(**row, batch="b"))
    word = living.alerts.desk.links.make(Claim("b", "li", living.now_ms + 600_000, True))
    phone.goto(f"{web.url}a/{word}")
    expect(phone.locator("h2")).to_have_text("有人呼叫求助")
    have = phone.locator("form").filter(has_text="我来处理")
    have.get_by_label("您的姓名").fill("李娜")
    have.get_by_role("button", name="我来处理").click()
    expect(phone.get_by_role("status")).to_contain_text("已记录由您处理")
    expect(phone.locator(".state")).to_have_text("李娜 正在处理")
    assert living.alerts.engine.open_alarms()[0].acknowledged_by == "李娜"
