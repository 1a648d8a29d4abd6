"""The API of alarms: list, one with its history, acknowledge, shelve."""

from typing import Annotated, Final

from litestar import Controller, Request, get, post
from litestar.datastructures import State as AppState
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.alerts import alarm_rows, outbox
from gateway.alerts.alarm import Alarm, Shelf, Step
from gateway.alerts.parts import AlertDesk
from gateway.alerts.words import Reason, State
from gateway.board.alert_answers import Acknowledgement, Alert, Alerts, Shelving, alerts_of
from gateway.board.alert_history_answers import AlertHistory, change_of, notice_of
from gateway.board.asked import only, problems
from gateway.board.errors import RequestError
from gateway.board.foreign import require_same_site
from gateway.board.languages import preferred
from gateway.board.paging import DEFAULT_LIMIT, MAX_LIMIT, after_ms, next_word
from gateway.board.sources import Parts, Sources
from gateway.board.times import parse_time
from gateway.board.who import name_of
from telemetry.clock import to_ms

Ask = Request[None, None, AppState]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="At most so many items")]
After = Annotated[str | None, QueryParameter(description="The `next` of the answer before")]
Which = Annotated[str | None, QueryParameter(name="state", description="Only in this state; `normal`: ended")]
Where = Annotated[str | None, QueryParameter(description="Only of this branch")]

REASON_LETTERS: Final = 500


class AlertsApi(Controller):
    """Everything that programs ask of alarms, and do with them."""

    path = "/api/v1/alerts"

    @get("/", sync_to_thread=True, summary="Alarms, the newest first")
    def alerts(
        self,
        request: Ask,
        sources: Parts,
        which: Which = None,
        site: Where = None,
        limit: Limit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Alerts:
        """Those that have not ended, or those in one state."""
        only(request, "state", "site", "limit", "after")
        desk, language = desk_of(sources), preferred(request.headers.get("accept-language", ""))
        found = desk.engine.alarms(state=_state(which), site=site, before=after_ms(after), limit=limit + 1)
        page = alerts_of(desk, found[:limit], language, to_ms(sources.clock.now()))
        return Alerts(alerts=page, next=next_word(int(page[-1].id)) if len(found) > limit else None)

    @get("/{alert:int}", sync_to_thread=True, summary="One alarm", responses=problems(404, 503))
    def alert(self, request: Ask, sources: Parts, alert: FromPath[int]) -> Alert:
        """Also when it has ended."""
        only(request)
        desk = desk_of(sources)
        return _shown(request, sources, _require(desk, alert))

    @get(
        "/{alert:int}/history",
        sync_to_thread=True,
        summary="What changed, and who was told what, when and how",
        responses=problems(404, 503),
    )
    def history(
        self,
        request: Ask,
        sources: Parts,
        alert: FromPath[int],
        limit: Limit = DEFAULT_LIMIT,
        after: After = None,
    ) -> AlertHistory:
        """Every change, and everything that people were told; sent, delivered and read told apart."""
        only(request, "limit", "after")
        desk, language = desk_of(sources), preferred(request.headers.get("accept-language", ""))
        _require(desk, alert)
        with desk.database.read() as connection:
            found = alarm_rows.changes(connection, after=after_ms(after) or 0, limit=limit + 1, alarm_id=alert)
            told = outbox.told_of(connection, alert)
        return AlertHistory(
            id=str(alert),
            changes=[change_of(one, language) for one in found[:limit]],
            told=[notice_of(row, desk.config, language) for row in told[:MAX_LIMIT]],
            next=next_word(found[limit - 1].id) if len(found) > limit else None,
        )

    @post(
        "/{alert:int}/acknowledge",
        status_code=200,
        sync_to_thread=True,
        summary="Somebody has it",
    )
    def acknowledge(
        self, request: Ask, sources: Parts, alert: FromPath[int], data: JSONBody[Acknowledgement | None] = None
    ) -> Alert:
        """Note who has it, and stop asking others. A second acknowledgement changes nothing."""
        require_same_site(request)
        desk = desk_of(sources)
        by = name_of(request, desk.config, data.by if data is not None else "")
        return _shown(request, sources, _known(desk.engine.acknowledge(alert, by), alert).alarm)

    @post(
        "/{alert:int}/shelve",
        status_code=200,
        sync_to_thread=True,
        summary="Put it aside until a time",
        responses=problems(409),
    )
    def shelve(
        self, request: Ask, sources: Parts, alert: FromPath[int], data: JSONBody[Shelving | None] = None
    ) -> Alert:
        """Tell nobody of it for a while; it comes back by itself. A call for help cannot be put aside."""
        require_same_site(request)
        desk = desk_of(sources)
        given = data if data is not None else Shelving()
        reason = given.reason.strip()[:REASON_LETTERS]
        if not reason:
            raise RequestError(400, "No reason", "reason: is missing; whoever finds it on the shelf wants to know why")
        shelf = Shelf(by=name_of(request, desk.config, given.by), reason=reason, until_ms=_until(sources, desk, given))
        step = _known(desk.engine.shelve(alert, shelf), alert)
        if step.reason is Reason.EMERGENCIES_ARE_NOT_SILENCED:
            detail = "a call for help cannot be put aside; acknowledge it, and clear it at the place itself"
            raise RequestError(409, "Not to be silenced", detail)
        if step.reason is Reason.IS_CLOSED:
            raise RequestError(409, "Has ended", f"alert {alert} has ended; there is nothing to put aside")
        return _shown(request, sources, step.alarm)

    @post(
        "/{alert:int}/unshelve",
        status_code=200,
        sync_to_thread=True,
        summary="Take it back from the shelf",
        responses=problems(409),
    )
    def unshelve(
        self, request: Ask, sources: Parts, alert: FromPath[int], data: JSONBody[Acknowledgement | None] = None
    ) -> Alert:
        """End a shelf before its time; people are told again while it lasts. One that is on no shelf stays as it is."""
        require_same_site(request)
        desk = desk_of(sources)
        by = name_of(request, desk.config, data.by if data is not None else "")
        step = _known(desk.engine.unshelve(alert, by), alert)
        if step.reason is Reason.IS_CLOSED:
            raise RequestError(409, "Has ended", f"alert {alert} has ended; there is nothing to take back")
        return _shown(request, sources, step.alarm)


def desk_of(sources: Sources) -> AlertDesk:
    """What answers for alarms; these pages are only there where something does."""
    assert sources.alerts is not None
    return sources.alerts


def _require(desk: AlertDesk, alert: int) -> Alarm:
    found = desk.engine.alarm(alert)
    if found is None:
        raise _unknown(alert)
    return found


def _unknown(alert: int) -> RequestError:
    return RequestError(404, "Unknown alert", f"no alert {alert} was ever raised; /api/v1/alerts lists them")


def _state(word: str | None) -> State | None:
    if word is None:
        return None
    try:
        return State(word)
    except ValueError:
        detail = f"state: {word[:64]!r} is none; known: {', '.join(State)}"
        raise RequestError(400, "Unknown state", detail) from None


def _until(sources: Sources, desk: AlertDesk, given: Shelving) -> int:
    now_ms = to_ms(sources.clock.now())
    if (given.until is None) == (given.for_s is None):
        raise RequestError(400, "No end", "give either until or for_s; nothing stays on the shelf for ever")
    until_ms = parse_time(str(given.until), "until") if given.for_s is None else now_ms + round(given.for_s * 1000)
    longest_s = desk.config.shelve_at_most_s
    if not now_ms < until_ms <= now_ms + round(longest_s * 1000):
        raise RequestError(400, "Bad end", f"the end lies in the past or more than {longest_s:g} s ahead")
    return until_ms


def _known(step: Step | None, alert: int) -> Step:
    if step is None:
        raise _unknown(alert)
    return step


def _shown(request: Ask, sources: Sources, alarm: Alarm) -> Alert:
    language = preferred(request.headers.get("accept-language", ""))
    (shown,) = alerts_of(desk_of(sources), [alarm], language, to_ms(sources.clock.now()))
    return shown
