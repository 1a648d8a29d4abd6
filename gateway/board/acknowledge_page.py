"""The page behind the link in a message: opening it shows the alarms, its button acknowledges them.

Programs that show previews fetch links, so that opening must change nothing. The link is signed, expires, and is
one person's; where it was sent into a group, whoever taps it says who they are.
"""

from html import escape
from typing import Final

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State as AppState
from litestar.params import FromPath

from gateway.alerts.alarm import Alarm
from gateway.alerts.links import Claim
from gateway.alerts.parts import AlertDesk
from gateway.alerts.phrases import Pair
from gateway.alerts.texts import gravest_first
from gateway.alerts.words import State
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
        language = _language(request)
        claim = _claim(sources, word)
        if claim is None or claim.expires_ms < to_ms(sources.clock.now()):
            return _page(request, sources, word, said=None)
        by = str(form.get("name") or "").strip()[:NAME_LETTERS] if claim.in_group else ""
        if claim.in_group and not by:
            return _page(request, sources, word, said=WHO.in_language(language), status=400)
        desk = desk_of(sources)
        person = desk.config.people.get(claim.person)
        desk.was_read(claim, to_ms(sources.clock.now()))
        for alarm in desk.of_claim(claim):
            if alarm.state in ASKS:
                desk.engine.acknowledge(alarm.id, by or (person.name if person else claim.person))
        return _page(request, sources, word, said=DONE.in_language(language))


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
    if any(alarm.state in ASKS for alarm in alarms):
        parts.append(_form(claim, language))
    elif not said:
        parts.append(f"<p>{escape(ALL_HAD.in_language(language))}</p>")
    return _answer(language, "".join(parts), status)


def _alarm(desk: AlertDesk, alarm: Alarm, language: str) -> str:
    wording = desk.wording
    state = STATES[alarm.state].in_language(language).format(who=alarm.acknowledged_by)
    lines = [
        wording.where(alarm, language),
        wording.time(alarm.since_ms),
        wording.measured(alarm, language),
        alarm.detail,
    ]
    if alarm.active:
        lines.append(wording.advice(alarm, language))
    text = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    title = escape(wording.what(alarm, language))
    foot = f'<p class="state">{escape(state)}</p>'
    return f'<section class="alarm is-{alarm.severity}"><h2>{title}</h2>{text}{foot}</section>'


def _form(claim: Claim, language: str) -> str:
    name = ""
    if claim.in_group:
        label = escape(NAME.in_language(language))
        name = f'<label>{label} <input name="name" required maxlength="{NAME_LETTERS}" autocomplete="name"></label>'
    # Without an action it goes to the page's own address, and the word is nowhere else in the page.
    return f'<form method="post">{name}<button type="submit">{escape(HAVE.in_language(language))}</button></form>'


def _answer(language: str, body: str, status: int) -> Response[bytes]:
    title = escape(TITLE.in_language(language))
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<title>{title} · OpenHall</title><link rel="icon" href="/board/icon.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/board/alerts.css"></head>'
        f'<body><main class="page"><h1>{title}</h1>{body}</main></body></html>'
    )
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY, "Vary": "Accept-Language"}
    return Response(page.encode(), status_code=status, headers=headers)


def _claim(sources: Sources, word: str) -> Claim | None:
    return desk_of(sources).links.read(word)


def _language(request: Ask) -> str:
    return preferred(request.headers.get("accept-language", ""))
