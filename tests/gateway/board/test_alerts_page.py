"""Alarms in a real browser: the list on the board, and the page behind a link."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import insert

from gateway.alerts.links import Claim
from gateway.state.tables import notice
from tests.gateway.board.branches import Branches
from tests.gateway.board.test_page import Web, browser, chinese, living, opened, page, web

__all__ = ["browser", "chinese", "living", "page", "web"]


def test_an_alarm_is_shown_taken_and_gone(living: Branches, web: Web, page: Page) -> None:
    living.cord("called")
    page.goto(web.url)
    card = page.locator("#alarms .alarm")
    expect(card.locator("h3")).to_have_text("Somebody calls for help")
    expect(card).to_contain_text("xidan · toilet · cord, since")
    expect(card).to_contain_text("nobody has it yet")
    expect(card.get_by_role("button", name="Put aside for an hour")).to_be_hidden()
    page.on("dialog", lambda dialog: dialog.accept("Li Na"))
    card.get_by_role("button", name="I have it").click()
    expect(card).to_contain_text("Li Na has it")
    expect(card.get_by_role("button", name="I have it")).to_be_hidden()
    living.cord("cleared")
    expect(page.locator("#alarms")).to_be_hidden()


def test_without_alarms_there_is_no_list(web: Web, page: Page) -> None:
    page.goto(web.url)
    expect(page.locator("#updated")).not_to_be_empty()
    expect(page.locator("#alarms")).to_be_hidden()


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
    phone.get_by_label("您的姓名").fill("李娜")
    phone.get_by_role("button", name="我来处理").click()
    expect(phone.get_by_role("status")).to_contain_text("已记录由您处理")
    expect(phone.locator(".state")).to_have_text("李娜 正在处理")
    assert living.alerts.engine.open_alarms()[0].acknowledged_by == "李娜"
