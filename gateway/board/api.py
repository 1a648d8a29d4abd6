"""The API's questions that read the directory and the store: `/api/v1/…`."""

from typing import Annotated, Final, Literal

from litestar import Controller, Request, get
from litestar.datastructures import State as AppState
from litestar.params import FromPath, FromQuery, QueryParameter

from gateway.board import answers
from gateway.board.asked import only, problems
from gateway.board.errors import RequestError
from gateway.board.guides import GUIDES
from gateway.board.languages import preferred
from gateway.board.paging import DEFAULT_LIMIT, MAX_LIMIT, after_id, after_ms, next_word
from gateway.board.site_answers import site_answer
from gateway.board.sources import Parts, Sources
from gateway.board.steps import MAX_STEPS, summed_up
from gateway.board.times import parse_time
from gateway.ingest.calibrations import Calibrated
from gateway.ingest.directory import PointView
from gateway.ports import ReadingsQuery
from telemetry.clock import to_ms, to_seconds
from telemetry.messages import Calibration
from telemetry.quantities import QUANTITIES, WIRE_QUANTITIES, Quantity

DAY_MS: Final = 86_400_000
AHEAD_MS: Final = 300_000

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="At most so many items")]
After = Annotated[str | None, QueryParameter(description="The `next` of the answer before")]
From = Annotated[
    str | None,
    QueryParameter(name="from", description="RFC 3339 or Unix seconds, inclusive; 24 hours before `to` if left out"),
]
To = Annotated[str | None, QueryParameter(description="RFC 3339 or Unix seconds, exclusive; now if left out")]
Ask = Request[None, None, AppState]


class Api(Controller):
    """Everything read-only that programs ask for."""

    path = "/api/v1"

    @get("/sites", sync_to_thread=True, summary="All branches")
    def sites(self, request: Ask, sources: Parts, limit: Limit = DEFAULT_LIMIT, after: After = None) -> answers.Sites:
        """Every branch that was heard of, or that the register has in a region of this gateway, by id."""
        only(request, "limit", "after")
        last = after_id(after)
        register = sources.register()
        views = {site.site: site for site in sources.directory.sites()}
        silent = (one.site for one in register.values() if one.region in sources.regions)
        found = sorted(name for name in {*views, *silent} if name > last)
        language = preferred(request.headers.get("accept-language", ""))
        page = [
            site_answer(name, views.get(name), sources.titles.get(name), register, language) for name in found[:limit]
        ]
        return answers.Sites(sites=page, next=next_word(page[-1].site) if len(found) > limit else None)

    @get(
        "/sites/{site:str}/points",
        sync_to_thread=True,
        summary="The points of a branch with their newest values",
    )
    def points(
        self, request: Ask, sources: Parts, site: FromPath[str], limit: Limit = DEFAULT_LIMIT, after: After = None
    ) -> answers.Points:
        """Every point of a branch, by id."""
        only(request, "limit", "after")
        _require_site(sources, site)
        last = after_id(after)
        views = sorted((view for view in sources.directory.points(site) if view.info.point > last), key=_name)
        now_ms = to_ms(sources.clock.now())
        page = [_point(view, now_ms) for view in views[:limit]]
        return answers.Points(points=page, next=next_word(page[-1].point) if len(views) > limit else None)

    @get(
        "/sites/{site:str}/calibrations",
        sync_to_thread=True,
        summary="How the sensors of a branch were calibrated",
        responses=problems(404, 503),
    )
    def calibrations(
        self,
        request: Ask,
        sources: Parts,
        site: FromPath[str],
        limit: Limit = DEFAULT_LIMIT,
        after: After = None,
    ) -> answers.Calibrations:
        """As the branch wrote them down, refused ones too; the newest first."""
        only(request, "limit", "after")
        _require_site(sources, site)
        found = sources.calibrations(site, after_ms(after), limit + 1)
        more = next_word(found[limit - 1].time_ms) if len(found) > limit else None
        return answers.Calibrations(calibrations=[_calibration(one) for one in found[:limit]], next=more)

    @get(
        "/readings",
        sync_to_thread=True,
        summary="Stored readings of one quantity at one point",
        responses=problems(501),
    )
    def readings(
        self,
        request: Ask,
        sources: Parts,
        site: FromQuery[str],
        point: FromQuery[str],
        quantity: FromQuery[str],
        from_: From = None,
        to: To = None,
        limit: Limit = DEFAULT_LIMIT,
        after: After = None,
    ) -> answers.Readings:
        """Good and suspect values, oldest first; the last 24 hours unless asked otherwise."""
        only(request, "site", "point", "quantity", "from", "to", "limit", "after")
        row = _require_quantity(quantity)
        from_ms, to_ms_ = _span(sources, from_, to)
        last = after_ms(after)
        _require_series(sources, site, point, quantity)
        query = ReadingsQuery(
            site=site,
            point=point,
            quantity=quantity,
            from_ms=from_ms if last is None else max(from_ms, last + 1),
            to_ms=to_ms_,
            limit=limit + 1,
        )
        found = sources.store.readings(query) if query.from_ms < to_ms_ else []
        rows = [(to_seconds(one.time_ms), one.value, _quality(one.suspect)) for one in found[:limit]]
        more = next_word(found[limit - 1].time_ms) if len(found) > limit else None
        return answers.Readings(site=site, point=point, quantity=quantity, unit=row.unit, rows=rows, next=more)

    @get(
        "/curve",
        sync_to_thread=True,
        summary="Stored readings summed up by steps of time",
        responses=problems(501),
    )
    def curve(
        self,
        request: Ask,
        sources: Parts,
        site: FromQuery[str],
        point: FromQuery[str],
        quantity: FromQuery[str],
        from_: From = None,
        to: To = None,
        step_s: Annotated[int, QueryParameter(ge=1, le=86_400, description="Seconds of one step")] = 300,
    ) -> answers.Curve:
        """Mean, lowest and highest of the good values of each step, and the mean of the suspect ones."""
        only(request, "site", "point", "quantity", "from", "to", "step_s")
        row = _require_quantity(quantity)
        from_ms, to_ms_ = _span(sources, from_, to)
        if to_ms_ - from_ms > MAX_STEPS * step_s * 1_000:
            detail = f"from, to and step_s ask for more than {MAX_STEPS} steps; ask for less time or longer steps"
            raise RequestError(400, "Too much at once", detail)
        _require_series(sources, site, point, quantity)
        query = ReadingsQuery(site=site, point=point, quantity=quantity, from_ms=from_ms, to_ms=to_ms_)
        rows = summed_up(sources.store, query, step_s)
        return answers.Curve(site=site, point=point, quantity=quantity, unit=row.unit, step_s=step_s, rows=rows)

    @get(
        "/ledger",
        sync_to_thread=True,
        summary="What of a branch's time is there, owed and lost",
    )
    def ledger(
        self,
        request: Ask,
        sources: Parts,
        site: FromQuery[str],
        from_: From = None,
        to: To = None,
        limit: Limit = DEFAULT_LIMIT,
        after: After = None,
    ) -> answers.LedgerAnswer:
        """Intervals, oldest first; the last 24 hours unless asked otherwise."""
        only(request, "site", "from", "to", "limit", "after")
        _require_site(sources, site)
        from_ms, to_ms_ = _span(sources, from_, to, ahead_ms=0)
        last = after_ms(after)
        from_ms = from_ms if last is None else max(from_ms, last)
        found = sources.ledger.intervals(site, from_ms, to_ms_)
        intervals = [
            answers.Interval(
                from_=to_seconds(one.from_ms),
                to=to_seconds(one.to_ms),
                status=one.status.value,
                reason=one.reason or "",
            )
            for one in found[:limit]
        ]
        more = next_word(found[limit - 1].to_ms) if len(found) > limit else None
        return answers.LedgerAnswer(site=site, intervals=intervals, next=more)

    @get(
        "/quantities",
        sync_to_thread=False,
        summary="Every measured quantity and how it is shown",
    )
    def quantities(self, request: Ask) -> answers.QuantityInfos:
        """The table that everything of OpenHall reads, with the guide values of the board."""
        only(request)
        return answers.QuantityInfos(quantities=[_info(row) for row in WIRE_QUANTITIES.values()])


def _require_site(sources: Sources, site: str) -> None:
    if not sources.directory.has_site(site):
        detail = f"no branch {site[:64]!r} was ever heard of; /api/v1/sites lists those that were"
        raise RequestError(404, "Unknown branch", detail)


def _require_quantity(quantity: str) -> Quantity:
    row = QUANTITIES.get(quantity)
    if row is None:
        detail = f"quantity: {quantity[:64]!r} is none; /api/v1/quantities lists them"
        raise RequestError(400, "Unknown quantity", detail)
    return row


def _require_series(sources: Sources, site: str, point: str, quantity: str) -> None:
    if any(view.info.point == point for view in sources.directory.points(site)):
        return
    # A point whose agent was taken away is no longer in the directory; its history stays.
    query = ReadingsQuery(site=site, point=point, quantity=quantity, from_ms=0, to_ms=2**52, limit=1, newest_first=True)
    if sources.store.readings(query):
        return
    detail = f"no point {point[:64]!r} of branch {site[:64]!r} was ever heard of; /api/v1/sites/SITE/points lists them"
    raise RequestError(404, "Unknown point", detail)


def _span(sources: Sources, from_: str | None, to: str | None, *, ahead_ms: int = AHEAD_MS) -> tuple[int, int]:
    now_ms = to_ms(sources.clock.now())
    # Without `to` the newest belongs to the answer, also from an agent whose clock is a little ahead.
    to_ms_ = now_ms + ahead_ms if to is None else parse_time(to, "to")
    from_ms = max(0, min(now_ms, to_ms_) - DAY_MS) if from_ is None else parse_time(from_, "from")
    if from_ms > to_ms_:
        raise RequestError(400, "Bad time", "from lies after to; exchange them")
    return from_ms, to_ms_


def _quality(suspect: bool) -> Literal["good", "suspect"]:
    return "suspect" if suspect else "good"


def _calibration(one: Calibrated) -> answers.Calibration:
    record = one.record
    quantity = WIRE_QUANTITIES.get(record.quantity)
    return answers.Calibration(
        point=one.point,
        room=one.room,
        agent=one.root.agent,
        time=to_seconds(one.time_ms),
        by=record.by,
        part=record.part,
        serial=record.serial,
        quantity=record.quantity,
        unit=quantity.unit if quantity else "",
        reference=record.reference,
        before=record.before,
        after=record.after,
        correction=record.correction,
        ok=record.ok,
        reason=record.reason,
    )


def _name(view: PointView) -> str:
    return view.info.point


def _point(view: PointView, now_ms: int) -> answers.Point:
    values = {
        name: answers.Value(
            value=live.value,
            unit=QUANTITIES[name].unit,
            time=to_seconds(live.time_ms),
            age_s=to_seconds(max(0, now_ms - live.time_ms)),
            quality=_quality(live.suspect),
        )
        for name, live in view.values.items()
    }
    return answers.Point(
        point=view.info.point,
        room=view.info.room,
        kind=view.info.kind,
        part=view.info.part,
        simulated=view.info.simulated or any(live.simulated for live in view.values.values()),
        values=values,
        state=None if view.state is None else view.state.state,
        working=None if view.state is None else view.state.working,
        reason=None if view.state is None else view.state.reason,
        serial=view.info.serial,
        calibration=_correction(view.info.calibration),
    )


def _correction(one: Calibration | None) -> answers.PointCalibration | None:
    if one is None:
        return None
    return answers.PointCalibration(offset=one.offset, gain=one.gain, date=one.date, certificate=one.certificate)


def _info(row: Quantity) -> answers.QuantityInfo:
    return answers.QuantityInfo(
        quantity=row.name,
        unit=row.unit,
        display_unit=row.display_unit,
        decimals=row.decimals,
        title_en=row.title_en,
        title_zh=row.title_zh,
        guide=GUIDES.get(row.name),
    )
