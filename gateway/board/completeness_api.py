"""The API's question for all branches by how complete their time is: `/api/v1/completeness`."""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from litestar import Controller, Request, get
from litestar.datastructures import State as AppState
from litestar.params import QueryParameter

from gateway.board.asked import only
from gateway.board.errors import RequestError
from gateway.board.languages import preferred
from gateway.board.paging import DEFAULT_LIMIT, MAX_LIMIT, after_id, next_word
from gateway.board.site_answers import site_answer
from gateway.board.sources import Parts, Sources
from gateway.board.times import parse_time
from gateway.ingest.completeness import Completeness
from gateway.ingest.directory import SiteView
from gateway.sites.site import Site
from telemetry.clock import to_ms, to_seconds

DAY_MS: Final = 86_400_000
LONGEST_DAYS: Final = 31
STILL_ON_THE_WAY_MS: Final = 60_000
"""What was measured within the last minute may not be stored yet."""

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="At most so many items")]
After = Annotated[str | None, QueryParameter(description="The `next` of the answer before")]
Region = Annotated[str | None, QueryParameter(description="Only this region; all of this gateway if left out")]
From = Annotated[
    str | None,
    QueryParameter(name="from", description="RFC 3339 or Unix seconds, inclusive; 24 hours before `to` if left out"),
]
To = Annotated[str | None, QueryParameter(description="RFC 3339 or Unix seconds, exclusive; a minute ago if left out")]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One branch.

    Attributes:
        title: What people call it.
        online: Whether an agent of it is online now.
        minutes: Whole minutes that were asked for, from the first one that was ever there.
        expected: Minutes of those with a reading if all is well: fewer for sensors slower than one a minute.
        there: Minutes that are stored.
        owed: Minutes that the branch still has, or since which it is silent.
        lost: Minutes that were given up or are gone, by reason.
        unknown: The others: nothing was measured, or nobody knows that it was.
        completeness: `there` by `expected`, 0 to 1.
    """

    site: str
    region: str
    title: str
    online: bool
    minutes: int
    expected: int
    there: int
    owed: int
    lost: dict[str, int]
    unknown: int
    completeness: float


class CompletenessAnswer(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Branches, the least complete first; `from` and `to` are whole minutes."""

    from_: float
    to: float
    sites: list[Row]
    next: str | None = None


class CompletenessApi(Controller):
    """What a fleet operator opens every morning."""

    path = "/api/v1/completeness"

    @get("/", sync_to_thread=True, summary="Branches by completeness, the worst first")
    def completeness(
        self,
        request: Request[None, None, AppState],
        sources: Parts,
        region: Region = None,
        from_: From = None,
        to: To = None,
        limit: Limit = DEFAULT_LIMIT,
        after: After = None,
    ) -> CompletenessAnswer:
        """Every branch that was ever heard of; up to a minute old."""
        only(request, "region", "from", "to", "limit", "after")
        if region is not None and region not in sources.regions:
            detail = f"region: {region[:64]!r} is none of this gateway's; known: {', '.join(sources.regions)}"
            raise RequestError(404, "Unknown region", detail)
        from_ms, to_ms_ = _span(sources, from_, to)
        assert sources.survey is not None
        views = {one.site: one for one in sources.directory.sites() if region is None or one.region == region}
        place = after_id(after)
        found = [one for one in sources.survey.worst_first(sorted(views), from_ms, to_ms_) if _place(one) > place]
        language, register = preferred(request.headers.get("accept-language", "")), sources.register()
        rows = [_row(sources, one, views[one.site], register, language) for one in found[:limit]]
        more = next_word(_place(found[limit - 1])) if len(found) > limit else None
        return CompletenessAnswer(from_=to_seconds(from_ms), to=to_seconds(to_ms_), sites=rows, next=more)


def _place(one: Completeness) -> str:
    """Where it stands in the list, so that a page goes on where the last ended."""
    return f"{round(one.share * 1_000_000):07d} {one.site}"


def _span(sources: Sources, from_: str | None, to: str | None) -> tuple[int, int]:
    now_ms = to_ms(sources.clock.now()) - STILL_ON_THE_WAY_MS
    to_ms_ = min(now_ms, parse_time(to, "to")) if to is not None else now_ms
    from_ms = parse_time(from_, "from") if from_ is not None else max(0, to_ms_ - DAY_MS)
    from_ms, to_ms_ = from_ms // 60_000 * 60_000, to_ms_ // 60_000 * 60_000
    if from_ms > to_ms_:
        raise RequestError(400, "Bad time", "from lies after to; exchange them")
    if to_ms_ - from_ms > LONGEST_DAYS * DAY_MS:
        raise RequestError(400, "Too much at once", f"ask for at most {LONGEST_DAYS} days")
    return from_ms, to_ms_


def _row(sources: Sources, one: Completeness, view: SiteView, register: Mapping[str, Site], language: str) -> Row:
    named = site_answer(one.site, view, sources.titles.get(one.site), register, language)
    return Row(
        site=one.site,
        region=view.region,
        title=named.title,
        online=view.online,
        minutes=one.minutes,
        expected=one.expected,
        there=one.there,
        owed=one.owed,
        lost=dict(one.lost),
        unknown=one.unknown,
        completeness=round(one.share, 6),
    )
