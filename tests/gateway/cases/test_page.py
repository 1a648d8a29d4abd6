"""The pages of cases in a real browser, used as people use them: open a case, watch it, enter a value, judge, close."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.cases.settings import AcceptanceConfig
from telemetry.clock import SystemClock
from tests.gateway.board.branches import Branches
from tests.gateway.board.test_page import Web, browser, opened
from tests.gateway.cases.renovation import CHINA, POINTS, Renovation

__all__ = ["browser"]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """A gateway whose clock is the machine's, since the browser has one too."""
    parts = Branches(tmp_path, clock=SystemClock(), acceptance=AcceptanceConfig(supervise_every_s=1))
    parts.present(POINTS)
    served = Web(parts)
    yield served
    served.stop()
    parts.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    yield from opened(browser)


@pytest.fixture
def chinese(browser: Browser) -> Iterator[Page]:
    yield from opened(browser, locale="zh-CN", viewport={"width": 360, "height": 740}, color_scheme="dark")


def china_now() -> datetime:
    return datetime.fromtimestamp(SystemClock().now(), CHINA)


def fill_opening(page: Page, begin: datetime) -> None:
    page.get_by_label("Renovation").fill("Hall 2026")
    page.get_by_label("Works ended on").fill((begin - timedelta(days=9)).date().isoformat())
    page.get_by_label("Sampling begins").fill(begin.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Outdoor point").select_option("out-hcho")
    page.get_by_role("group", name="hall").get_by_label("Area in m²").fill("40")
    page.get_by_label("A laboratory samples at the same points").check()
    page.get_by_label("Your name").fill("Wang")


def test_a_case_is_opened_judged_and_closed_by_hand(web: Web, page: Page) -> None:
    """The window lies in the past, so that it can be judged at once; the laboratory's value is typed in."""
    page.goto(web.url)
    page.get_by_role("link", name="Air acceptance").click()
    expect(page.get_by_text("No case yet.")).to_be_visible()
    page.get_by_role("button", name="Open a case").click()
    begin = china_now().replace(second=0, microsecond=0) - timedelta(hours=2)
    fill_opening(page, begin)
    page.get_by_role("button", name="Open a case").click()
    expect(page.locator("#case-title")).to_have_text("Hall 2026 · xidan")
    expect(page.locator(".steps [aria-current=step]")).to_have_text("Sampled")
    page.get_by_role("button", name="Enter a laboratory value").click()
    dialog = page.get_by_role("dialog", name="Enter a laboratory value")
    typed = {"Laboratory": "City", "Accreditation number": "CMA 1", "Method": "AHMT", "Sample": "S-1"}
    for label, text in typed.items():
        dialog.get_by_label(label, exact=True).fill(text)
    dialog.get_by_label("Quantity").select_option("hcho_ug_m3")
    dialog.get_by_label("Value").fill("0.2")
    dialog.get_by_role("button", name="Do it").click()
    row = page.get_by_role("row", name="S-1")
    expect(row).to_contain_text("200 µg/m³")
    expect(row).to_contain_text("Wang")
    page.get_by_role("button", name="Judge now").click()
    page.get_by_role("dialog").get_by_role("button", name="Do it").click()
    expect(page.get_by_role("region", name="Room hall").locator("tr", has_text="Formaldehyde")).to_contain_text(
        "outdoor air was not measured"
    )
    expect(page.locator("#said")).to_have_text("The verdict is given and its evidence sealed.")
    with page.expect_download() as download:
        page.get_by_role("button", name="Evidence (ZIP)").click()
    assert download.value.suggested_filename == "case-1-judgement-1.zip"
    page.get_by_role("button", name="Close the case").click()
    dialog = page.get_by_role("dialog", name="Close the case")
    dialog.get_by_label("Why").fill("tried out")
    dialog.get_by_role("button", name="Do it").click()
    expect(page.locator(".steps [aria-current=step]")).to_have_text("Closed")
    expect(page.get_by_role("button", name="Judge now")).to_have_count(0)


def test_a_refusal_is_said_and_nothing_typed_is_lost(web: Web, page: Page) -> None:
    """A sampling within seven days is not opened; the form stays as it was."""
    page.goto(f"{web.url}cases?open")
    begin = china_now()
    fill_opening(page, begin)
    page.get_by_label("Works ended on").fill(begin.date().isoformat())
    page.get_by_role("button", name="Open a case").click()
    expect(page.get_by_role("alert").last).to_contain_text("the earliest date")
    expect(page.get_by_label("Renovation")).to_have_value("Hall 2026")


def test_at_risk_is_told_in_chinese_on_a_telephone_without_a_reload(web: Web, chinese: Page) -> None:
    """The door stands open while the hall should be closed; the page fits its width."""
    parts = web.branches
    parts.door(working=True, state="open", room="hall")
    begin = china_now() + timedelta(minutes=30)
    window = {"from": begin.isoformat(), "to": (begin + timedelta(hours=1)).isoformat()}
    point = {"name": "hall-hcho", "instrument": "sfa30", "interval_s": 60, "sampled": window}
    plan = {
        "profile": "gb50325-2020-class2",
        "completed": (begin - timedelta(days=9)).date().isoformat(),
        "room": [{"name": "hall", "area_m2": 40, "point": [point]}],
    }
    with parts.client() as client:
        answer = client.post("/api/v1/cases", json={"site": "xidan", "plan": plan, "by": "王"})
        assert answer.status_code == 201, answer.text
    chinese.goto(f"{web.url}cases?case=1")
    expect(chinese.locator(".steps [aria-current=step]")).to_have_text("封闭")
    parts.cases.supervisor.round()
    expect(chinese.get_by_role("alert").first).to_contain_text("未按规定封闭")
    expect(chinese.get_by_text("尚未判定")).to_be_visible()
    assert chinese.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_register_shows_what_a_sensor_reads_too_much(page: Page, renovation: Renovation) -> None:
    """Under the list of cases; so does how fast branches and materials get fit, once there is a verdict."""
    case = renovation.open(materials=["carpet"])
    renovation.sample(indoor=55.0)
    renovation.post(f"cases/{case}/laboratory", {"results": renovation.whole_report(hcho=50.0), "by": "Chen"})
    renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    served = Web(renovation.branches)
    page.goto(f"{served.url}cases")
    row = page.get_by_role("region", name="Instruments").get_by_role("row", name="SFA-1")
    expect(row).to_contain_text("yes")
    expect(row).to_contain_text("Formaldehyde: 5.0 µg/m³ (1 pair)")
    served.stop()


def test_every_word_is_there_in_both_languages(web: Web, page: Page) -> None:
    page.goto(f"{web.url}cases")
    keys = page.evaluate(
        "import('/board/cases_words.js').then((m) => Object.values(m.CASE_WORDS).map((w) => Object.keys(w).sort()))"
    )
    assert keys[0] == keys[1]
    assert len(keys[0]) > 100
