"""The API of people: who asks, who is told, whose turn it is, who stands in for whom."""

from datetime import UTC, date, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from litestar import Controller, Request, get, post
from litestar.datastructures import State as AppState
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.alerts.duties import DAYS_AT_MOST, duties
from gateway.alerts.errors import PlanRefused
from gateway.alerts.mine import alarms_of
from gateway.alerts.plans import HandOver
from gateway.board import people_answers as answers
from gateway.board.alert_answers import Alerts, alerts_of
from gateway.board.alerts_api import desk_of
from gateway.board.asked import only, problems
from gateway.board.errors import RequestError
from gateway.board.foreign import require_same_site
from gateway.board.languages import preferred
from gateway.board.paging import DEFAULT_LIMIT, MAX_LIMIT, after_id, after_ms, next_word
from gateway.board.sources import Parts
from gateway.board.times import parse_time
from gateway.board.who import known_person, name_of, person_of, program_of, require_person
from telemetry.clock import to_ms

Ask = Request[None, None, AppState]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="At most so many items")]
After = Annotated[str | None, QueryParameter(description="The `next` of the answer before")]
Whose = Annotated[str | None, QueryParameter(description="Only of this person, by short name")]
First = Annotated[
    str | None, QueryParameter(name="from", description="The first day, as 2026-12-24; today if left out")
]
Days = Annotated[int, QueryParameter(ge=1, le=DAYS_AT_MOST, description="How many days")]

ROTA_DAYS: Final = 56


class PeopleApi(Controller):
    """People, their alarms, turns and hand-overs."""

    path = "/api/v1"

    @get("/me", sync_to_thread=False, summary="Who asks", responses=problems())
    def me(self, request: Ask, sources: Parts) -> answers.Me:
        """The person whose token came with the request, if it is one's own."""
        only(request)
        config = desk_of(sources).config
        person = person_of(request, config)
        name = None if person is None else config.people[person].name
        return answers.Me(person=person, name=name, program=program_of(request))

    @get("/people", sync_to_thread=False, summary="Who is told of alarms", responses=problems())
    def people(self, request: Ask, sources: Parts, limit: Limit = DEFAULT_LIMIT, after: After = None) -> answers.People:
        """Everybody of the configuration, by short name; not how they are reached."""
        only(request, "limit", "after")
        config, last = desk_of(sources).config, after_id(after)
        found = sorted(name for name in config.people if name > last)
        page = [answers.Person(person=name, name=config.people[name].name) for name in found[:limit]]
        return answers.People(people=page, next=next_word(page[-1].person) if len(found) > limit else None)

    @get("/people/{person:str}", sync_to_thread=False, summary="What a person is named for", responses=problems(404))
    def person(self, request: Ask, sources: Parts, person: FromPath[str]) -> answers.PersonParts:
        """Every branch, region and rota that names them."""
        only(request)
        config = desk_of(sources).config
        found = known_person(config, person)
        return answers.PersonParts(person=person, name=found.name, parts=answers.parts_of(config, person))

    @get(
        "/people/{person:str}/alerts",
        sync_to_thread=True,
        summary="The open alarms of a person, the newest first",
        responses=problems(404, 503),
    )
    def alerts(
        self, request: Ask, sources: Parts, person: FromPath[str], limit: Limit = DEFAULT_LIMIT, after: After = None
    ) -> Alerts:
        """Those that they were told of, or have, and that have not ended."""
        only(request, "limit", "after")
        desk, language = desk_of(sources), preferred(request.headers.get("accept-language", ""))
        name = known_person(desk.config, person).name
        with desk.database.read() as connection:
            found = alarms_of(connection, person, name, before=after_ms(after), limit=limit + 1)
        page = alerts_of(desk, found[:limit], language, to_ms(sources.clock.now()))
        return Alerts(alerts=page, next=next_word(int(page[-1].id)) if len(found) > limit else None)

    @get("/rota", sync_to_thread=True, summary="Whose turn it is", responses=problems(404))
    def rota(
        self, request: Ask, sources: Parts, person: Whose = None, first: First = None, days: Days = ROTA_DAYS
    ) -> answers.Rota:
        """Turns by the rotas of the configuration, with absences and hand-overs worked in."""
        only(request, "person", "from", "days")
        desk = desk_of(sources)
        if person is not None:
            known_person(desk.config, person)
        zone = ZoneInfo(desk.config.time_zone)
        today = datetime.fromtimestamp(sources.clock.now(), UTC).astimezone(zone).date()
        begin = today if first is None else _day(first)
        found = duties(desk.config, desk.routing, first=begin, days=days, person=person)
        return answers.Rota(turns=[answers.turn_of(duty, desk.config) for duty in found])

    @get("/hand-overs", sync_to_thread=True, summary="Who stands in for whom", responses=problems(404, 503))
    def hand_overs(
        self, request: Ask, sources: Parts, person: Whose = None, limit: Limit = DEFAULT_LIMIT, after: After = None
    ) -> answers.HandOvers:
        """All of a person, given and taken over, or all there are; those that have ended among them."""
        only(request, "person", "limit", "after")
        desk = desk_of(sources)
        if person is not None:
            known_person(desk.config, person)
        found = desk.plans.all_hand_overs(person=person, after=after_ms(after) or 0, limit=limit + 1)
        page = [answers.hand_over_of(plan, desk.config) for plan in found[:limit]]
        return answers.HandOvers(hand_overs=page, next=next_word(int(page[-1].id)) if len(found) > limit else None)

    @post(
        "/hand-overs",
        status_code=201,
        sync_to_thread=True,
        summary="Let somebody be told in a person's place",
        responses=problems(403, 404, 413, 503),
    )
    def hand_over(self, request: Ask, sources: Parts, data: JSONBody[answers.HandOverWish]) -> answers.HandOverAnswer:
        """From one moment to another, such as a holiday; the latest hand-over counts."""
        require_same_site(request)
        desk = desk_of(sources)
        require_person(request, desk.config, data.person)
        now_ms = to_ms(sources.clock.now())
        plan = HandOver(
            person=data.person,
            stands_in=data.stands_in,
            from_ms=now_ms if data.from_ is None else parse_time(str(data.from_), "from"),
            until_ms=parse_time(str(data.until), "until"),
            why=data.why,
            made_by=name_of(request, desk.config, data.by),
        )
        try:
            made = desk.plans.hand_over(plan, now_ms)
        except PlanRefused as error:
            raise RequestError(400, "Bad hand-over", str(error)) from error
        return answers.hand_over_of(made, desk.config)

    @post(
        "/hand-overs/{plan:int}/end",
        status_code=200,
        sync_to_thread=True,
        summary="Take a hand-over back",
        responses=problems(403, 404, 413, 503),
    )
    def end(
        self, request: Ask, sources: Parts, plan: FromPath[int], data: JSONBody[answers.Ending | None] = None
    ) -> answers.HandOverAnswer:
        """From now on; one that has ended stays as it is."""
        require_same_site(request)
        desk = desk_of(sources)
        found = next(iter(desk.plans.all_hand_overs(after=plan - 1, limit=1)), None)
        if found is None or found.id != plan:
            raise _no_hand_over(plan)
        require_person(request, desk.config, found.person)
        by = name_of(request, desk.config, data.by if data is not None else "")
        ended = desk.plans.end_hand_over(plan, by, to_ms(sources.clock.now()))
        if ended is None:
            raise _no_hand_over(plan)
        return answers.hand_over_of(ended, desk.config)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RequestError(400, "Bad day", f"from: {text[:64]!r} is no day; give one such as 2026-12-24") from None


def _no_hand_over(plan: int) -> RequestError:
    return RequestError(404, "Unknown hand-over", f"there is no hand-over {plan}; /api/v1/hand-overs lists them")
