"""The page behind the link in a message: opening it shows the alarms, its button acknowledges them.

Programs that show previews fetch links, so that opening must change nothing. The link is signed, expires, and is
one person's; where it was sent into a group, whoever taps it says who they are.
"""

import asyncio
from collections.abc import Mapping
from html import escape
from typing import Final

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State as AppState
from litestar.params import FromPath

from gateway.alerts.alarm import Alarm
from gateway.alerts.links import Claim
from gateway.alerts.parts import AlertDesk
from gateway.alerts.phrases import SEVERITIES, Pair
from gateway.alerts.texts import gravest_first
from gateway.alerts.words import State
from gateway.board import report_form
from gateway.board.alerts_api import desk_of
from gateway.board.languages import preferred
from gateway.board.sources import Parts, Sources
from gateway.board.who import NAME_LETTERS
from telemetry.clock import to_ms

Ask = Request[None, None, AppState]

TITLE: Final = Pair("Alarm", "报警")
HAVE: Final = Pair("I have it", "我来处理")
NAME: Final = Pair("Your name", "您的姓名")
DONE: Final = Pair("Noted: you have it. Nobody else is asked any more.", "已记录由您处理，不再通知其他人。")
LATE: Final = Pair("Somebody was quicker, or it has ended: see below.", "已有人先行处理，或报警已结束，详见下方。")
HAVE_ALL: Final = Pair("I have all {count}", "这 {count} 条都由我来处理")
SINCE: Final = Pair("Since {time}", "开始：{time}")
ALL: Final = Pair("All alerts", "查看全部报警")
ALL_HAD: Final = Pair("There is nothing left to acknowledge.", "没有需要确认的报警。")
NO_LINK: Final = Pair(
    "This link is not one of ours, or is not whole. Open it from the message again, or look at the board.",
    "链接无效或不完整，请从消息中重新打开，或查看看板。",
)
EXPIRED: Final = Pair("This link has expired. Look at the board.", "链接已过期，请查看看板。")
WHO: Final = Pair("Please say who you are.", "请填写您的姓名。")
STATES: Final = {
    State.NORMAL: Pair("over", "已结束"),
    State.UNACKNOWLEDGED: Pair("nobody has it yet", "尚无人处理"),
    State.ACKNOWLEDGED: Pair("{who} has it", "{who} 正在处理"),
    State.RETURNED: Pair("over by itself", "已自行恢复"),
    State.SHELVED: Pair("put aside", "已搁置"),
    State.SUPPRESSED: Pair("held back", "已抑制"),
    State.OUT_OF_SERVICE: Pair("out of service", "停用"),
}
ASKS: Final = (State.UNACKNOWLEDGED, State.RETURNED)

# Forms are forbidden elsewhere; this page has one, to itself.
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class AcknowledgePage(Controller):
    """`/a/{word}`."""

    path = "/a"
    include_in_schema = False

    @get("/{word:str}", sync_to_thread=True)
    def show(self, request: Ask, sources: Parts, word: FromPath[str]) -> Response[bytes]:
        """The alarms, and the button."""
        return _page(request, sources, word, said=None)

    @post("/{word:str}", status_code=200)
    async def acknowledge(self, request: Ask, sources: Parts, word: FromPath[str]) -> Response[bytes]:
        """The button was pressed. Whoever holds the link may press it; no stranger's page can know it."""
        form = await request.form()
        words = {name: _word(form.get(name)) for name in ("name", "note", "action")}
        # The database may make one wait; the loop that serves all others must not.
        return await asyncio.to_thread(_pressed, request, sources, word, words)


def _word(given: object) -> str:
    return " ".join(given.split())[:NAME_LETTERS] if isinstance(given, str) else ""


def _pressed(request: Ask, sources: Sources, word: str, words: Mapping[str, str]) -> Response[bytes]:
    by = words["name"]
    language, claim, now_ms = _language(request), _claim(sources, word), to_ms(sources.clock.now())
    if claim is None or claim.expires_ms < now_ms:
        return _page(request, sources, word, said=None)
    if claim.in_group and not by:
        return _page(request, sources, word, said=WHO.in_language(language), status=400)
    desk = desk_of(sources)
    person = desk.config.people.get(claim.person)
    who = by if claim.in_group else (person.name if person else claim.person)
    desk.was_read(claim, now_ms)
    alarms = desk.of_claim(claim)
    if words["action"] == report_form.ACTION:
        noted = report_form.reported(desk, alarms, who, words["note"], now_ms)
        return _page(request, sources, word, said=(report_form.NOTED if noted else LATE).in_language(language))
    asking = [alarm for alarm in alarms if alarm.state in ASKS]
    steps = [desk.engine.acknowledge(alarm.id, who) for alarm in asking]
    # Between opening and pressing somebody else may have been quicker.
    is_theirs = any(step is not None and step.changed for step in steps)
    return _page(request, sources, word, said=(DONE if is_theirs else LATE).in_language(language))


def _page(request: Ask, sources: Sources, word: str, *, said: str | None, status: int = 200) -> Response[bytes]:
    language, claim = _language(request), _claim(sources, word)
    if claim is None:
        return _answer(language, f"<p>{escape(NO_LINK.in_language(language))}</p>", 404)
    if claim.expires_ms < to_ms(sources.clock.now()):
        return _answer(language, f"<p>{escape(EXPIRED.in_language(language))}</p>", 410)
    desk = desk_of(sources)
    alarms = gravest_first(desk.of_claim(claim))
    parts = [f'<p class="said" role="status">{escape(said)}</p>'] if said else []
    parts += [_alarm(desk, alarm, language) for alarm in alarms]
    asking = sum(alarm.state in ASKS for alarm in alarms)
    if asking:
        parts.append(_form(claim, language, asking))
    incidents = report_form.report_part(
        desk, alarms, _name_field(claim, language), language, to_ms(sources.clock.now())
    )
    parts.append(incidents)
    if not asking and not incidents and not said:
        parts.append(f"<p>{escape(ALL_HAD.in_language(language))}</p>")
    return _answer(language, "".join(parts), status)


def _alarm(desk: AlertDesk, alarm: Alarm, language: str) -> str:
    wording = desk.wording
    state = STATES[alarm.state].in_language(language).format(who=alarm.acknowledged_by)
    lines = [
        wording.where(alarm, language),
        SINCE.in_language(language).format(time=wording.time(alarm.since_ms)),
        wording.measured(alarm, language),
        wording.detail(alarm, language),
    ]
    if alarm.active:
        lines.append(wording.advice(alarm, language))
    text = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    title = escape(wording.what(alarm, language))
    severity = escape(SEVERITIES[alarm.severity].in_language(language))
    head = f'<p class="marks"><span class="severity">{severity}</span></p><h2>{title}</h2>'
    foot = f'<p class="state">{escape(state)}</p>'
    return f'<section class="alarm is-{alarm.severity}">{head}{text}{foot}</section>'


def _form(claim: Claim, language: str, count: int) -> str:
    name = _name_field(claim, language)
    # Without an action it goes to the page's own address, and the word is nowhere else in the page.
    button = HAVE if count == 1 else HAVE_ALL
    words = escape(button.in_language(language).format(count=count))
    return f'<form method="post">{name}<button type="submit">{words}</button></form>'


def _name_field(claim: Claim, language: str) -> str:
    """In a group nobody is known: whoever presses a button says who they are."""
    if not claim.in_group:
        return ""
    label = escape(NAME.in_language(language))
    return f'<label>{label} <input name="name" required maxlength="{NAME_LETTERS}" autocomplete="name"></label>'


def _answer(language: str, body: str, status: int) -> Response[bytes]:
    title = escape(TITLE.in_language(language))
    others = f'<p class="all"><a href="/alerts">{escape(ALL.in_language(language))}</a></p>'
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
        f'<title>{title} · OpenHall</title><link rel="icon" href="/board/icon.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/board/alerts.css"></head>'
        f'<body><main class="page"><h1>{title}</h1>{body}{others}</main></body></html>'
    )
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY, "Vary": "Accept-Language"}
    return Response(page.encode(), status_code=status, headers=headers)


def _claim(sources: Sources, word: str) -> Claim | None:
    return desk_of(sources).links.read(word)


def _language(request: Ask) -> str:
    return preferred(request.headers.get("accept-language", ""))
