"""The API beside the alarms: windows planned ahead, reports of incidents, figures, and the monthly scorecard."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State as AppState
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.alerts.errors import AlertsError
from gateway.alerts.incidents import Incident
from gateway.alerts.kpis import DAY_MS, Kpis, noise
from gateway.alerts.plans import LONGEST_MS, Window
from gateway.alerts.records import kpis_of, report, scorecard_of
from gateway.alerts.scorecard import Scorecard, as_csv
from gateway.alerts.settings import WindowConfig
from gateway.board.alerts_api import desk_of
from gateway.board.asked import only, problems
from gateway.board.errors import RequestError
from gateway.board.foreign import require_same_site
from gateway.board.paging import DEFAULT_LIMIT, MAX_LIMIT, after_ms, next_word
from gateway.board.sources import Parts
from gateway.board.times import parse_time
from gateway.board.who import name_of
from telemetry.clock import to_ms, to_seconds

Ask = Request[None, None, AppState]
Moment = str | float
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="At most so many items")]
After = Annotated[str | None, QueryParameter(description="The `next` of the answer before")]
From = Annotated[
    str | None, QueryParameter(name="from", description="RFC 3339 or Unix seconds; a day ago unless given")
]
Until = Annotated[str | None, QueryParameter(name="to", description="Exclusive; now unless given")]

Month = Annotated[str, QueryParameter(description="As 2026-11, on the clock of [alerts]")]
Form = Annotated[str, QueryParameter(description="`json`, or `csv` for spreadsheets")]


class WindowWish(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A window to be planned. Times are RFC 3339 or Unix seconds; without `from` it begins now.

    Attributes:
        why: Shown with every alarm that it holds back.
        region: Only there, as the next three; at least one must be given, and a room or a point needs its site.
        site: A site id.
        room: A room id.
        point: A point id.
        from_: When it begins.
        until: When it ends; may be left out for what is out of service.
        out_of_service: The thing itself is taken out of service.
        by: Who plans it, the program's own name unless given.
    """

    why: str = ""
    region: str | None = None
    site: str | None = None
    room: str | None = None
    point: str | None = None
    from_: Moment | None = None
    until: Moment | None = None
    out_of_service: bool = False
    by: str = ""


class PlannedWindow(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A window as it is planned. Times are Unix seconds; `ended` and `ended_by`: it was ended before.

    `id` is empty for one of the configuration.
    """

    id: str
    why: str
    region: str | None
    site: str | None
    room: str | None
    point: str | None
    from_: float
    until: float | None
    out_of_service: bool
    by: str
    ended: float | None
    ended_by: str | None


class Windows(msgspec.Struct, frozen=True, kw_only=True):
    """Windows, oldest first."""

    windows: list[PlannedWindow]
    next: str | None = None


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """Who ends it, the program's own name unless given."""

    by: str = ""


class Reporting(msgspec.Struct, frozen=True, kw_only=True):
    """An incident is reported; `false`: the report before was wrong, there was none."""

    by: str = ""
    note: str = ""
    false: bool = False


class ReportedIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident of the emergency plan. Times are Unix seconds.

    Attributes:
        id: The alert's id.
        grade: The plan's.
        due: Until when it was to be reported.
        standing: `due`, `in-time`, `late`, `missed`, `false`.
        reports: When it was reported, by whom, and whether that report said that there was none.
    """

    id: str
    grade: str
    due: float
    standing: str
    reports: list[dict[str, Any]]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the alarms is noise; `noise` names each limit of `[alerts.noise]` that is broken."""

    kpis: Kpis
    noise: list[str]


class PlansApi(Controller):
    """Windows, reports and figures."""

    path = "/api/v1/alerts"

    @get("/windows", sync_to_thread=True, summary="Windows planned by people, oldest first", responses=problems(503))
    def windows(self, request: Ask, sources: Parts, limit: Limit = DEFAULT_LIMIT, after: After = None) -> Windows:
        """Also those that have ended; those of the configuration are asked for apart."""
        only(request, "limit", "after")
        found = desk_of(sources).plans.all_windows(after=after_ms(after) or 0, limit=limit + 1)
        page = [_window(one) for one in found[:limit]]
        return Windows(windows=page, next=next_word(int(page[-1].id)) if len(found) > limit else None)

    @get("/windows/configured", sync_to_thread=True, summary="Windows of the configuration", responses=problems(503))
    def configured(self, request: Ask, sources: Parts) -> Windows:
        """Those that have not ended, as the file has them; they have no id, and only the file ends them."""
        only(request)
        now_s = sources.clock.now()
        found = desk_of(sources).config.window
        return Windows(windows=[_configured(one) for one in found if one.to is None or one.to.timestamp() > now_s])

    @post(
        "/windows",
        status_code=201,
        sync_to_thread=True,
        summary="Plan maintenance, or take something out of service",
        responses=problems(403, 413, 503),
    )
    def plan(self, request: Ask, sources: Parts, data: JSONBody[WindowWish | None] = None) -> PlannedWindow:
        """What rises there is listed and told to nobody until it ends. Calls for help pass through."""
        require_same_site(request)
        desk, wish, now_ms = desk_of(sources), data or WindowWish(), to_ms(sources.clock.now())
        place = {name: getattr(wish, name) for name in ("region", "site", "room", "point")}
        plan = Window(
            why=wish.why,
            from_ms=now_ms if wish.from_ is None else parse_time(str(wish.from_), "from"),
            until_ms=None if wish.until is None else parse_time(str(wish.until), "until"),
            out_of_service=wish.out_of_service,
            made_by=name_of(request, desk.config, wish.by),
            **place,
        )
        try:
            return _window(desk.plans.plan_window(plan, now_ms))
        except AlertsError as error:
            raise RequestError(400, "Bad window", str(error)) from error

    @post(
        "/windows/{window:int}/end",
        status_code=200,
        sync_to_thread=True,
        summary="End a window now",
        responses=problems(403, 404, 413, 503),
    )
    def end(
        self, request: Ask, sources: Parts, window: FromPath[int], data: JSONBody[Ending | None] = None
    ) -> PlannedWindow:
        """What it held back is told, if it lasts. One that has ended stays as it is."""
        require_same_site(request)
        desk = desk_of(sources)
        by = name_of(request, desk.config, (data or Ending()).by)
        found = desk.plans.end_window(window, by, to_ms(sources.clock.now()))
        if found is None:
            raise RequestError(404, "Unknown window", f"no window {window} was ever planned here")
        return _window(found)

    @post(
        "/{alert:int}/report",
        status_code=200,
        sync_to_thread=True,
        summary="An incident was reported",
        responses=problems(403, 404, 409, 413, 503),
    )
    def report(
        self, request: Ask, sources: Parts, alert: FromPath[int], data: JSONBody[Reporting | None] = None
    ) -> ReportedIncident:
        """Note it against the deadline of its grade, or that the report before was false."""
        require_same_site(request)
        desk, given = desk_of(sources), data or Reporting()
        by, now_ms = name_of(request, desk.config, given.by), to_ms(sources.clock.now())
        try:
            found = report(desk.database, desk.config, alert, by=by, note=given.note, false=given.false, now_ms=now_ms)
        except AlertsError as error:
            raise RequestError(409, "Not to be reported", str(error)) from error
        if found is None:
            raise RequestError(404, "Unknown alert", f"no alert {alert} was ever raised; /api/v1/alerts lists them")
        return _incident(found)

    @get("/kpis", sync_to_thread=True, summary="How much of the alarms is noise, by ISA-18.2", responses=problems(503))
    def kpis(self, request: Ask, sources: Parts, from_: From = None, to: Until = None) -> Figures:
        """Rates are of one responder. What stands and is stale is that of now, where the time ends now."""
        only(request, "from", "to")
        desk, now_ms = desk_of(sources), to_ms(sources.clock.now())
        end_ms = now_ms if to is None else parse_time(to, "to")
        begin_ms = end_ms - DAY_MS if from_ is None else parse_time(from_, "from")
        if not 0 < end_ms - begin_ms <= LONGEST_MS:
            raise RequestError(400, "Bad time", "from must lie before to, and at most a year before it")
        standing = desk.engine.open_alarms() if to is None else ()
        found = kpis_of(desk.database, from_ms=begin_ms, to_ms=end_ms, standing=standing)
        return Figures(kpis=found, noise=noise(found, desk.config.noise))


class ScorecardApi(Controller):
    """The monthly scorecard."""

    path = "/api/v1/scorecard"

    @get("/", sync_to_thread=True, summary="A month's incidents by branch", responses=problems(503))
    def scorecard(self, request: Ask, sources: Parts, month: Month, form: Form = "json") -> Response[Scorecard | str]:
        """Reported in time, late, missed and false."""
        only(request, "month", "form")
        if form not in ("json", "csv"):
            raise RequestError(400, "Unknown form", f"form: {form[:32]!r} is none; known: json, csv")
        desk = desk_of(sources)
        try:
            card = scorecard_of(desk.database, desk.config, month, to_ms(sources.clock.now()))
        except ValueError as error:
            raise RequestError(400, "Bad month", f"month: {error}") from error
        if form == "json":
            return Response(card)
        headers = {"Content-Disposition": f'attachment; filename="scorecard-{month}.csv"'}
        return Response(as_csv(card), media_type="text/csv; charset=utf-8", headers=headers)


ROUTES: Final = (PlansApi, ScorecardApi)


def _window(window: Window) -> PlannedWindow:
    return PlannedWindow(
        id=str(window.id),
        why=window.why,
        region=window.region,
        site=window.site,
        room=window.room,
        point=window.point,
        from_=to_seconds(window.from_ms),
        until=None if window.until_ms is None else to_seconds(window.until_ms),
        out_of_service=window.out_of_service,
        by=window.made_by,
        ended=None if window.ended_ms is None else to_seconds(window.ended_ms),
        ended_by=window.ended_by or None,
    )


def _configured(window: WindowConfig) -> PlannedWindow:
    return PlannedWindow(
        id="",
        why=window.why,
        region=window.region,
        site=window.site,
        room=window.room,
        point=window.point,
        from_=window.from_.timestamp(),
        until=None if window.to is None else window.to.timestamp(),
        out_of_service=window.out_of_service,
        by="",
        ended=None,
        ended_by=None,
    )


def _incident(incident: Incident) -> ReportedIncident:
    return ReportedIncident(
        id=str(incident.alarm.id),
        grade=incident.grade.name,
        due=to_seconds(incident.due_ms),
        standing=incident.standing.value,
        reports=[
            {"time": to_seconds(one.reported_ms), "by": one.reported_by, "false": one.false, "note": one.note}
            for one in incident.reports
        ],
    )
