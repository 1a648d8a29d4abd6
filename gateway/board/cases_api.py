"""The API of acceptance cases: open, watch, judge, laboratory, hold, export, close."""

from datetime import tzinfo
from typing import Annotated, Any, Final

from litestar import Controller, Request, get, post
from litestar.datastructures import State as AppState
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.acceptance import plan, profile, report_text, sheet
from gateway.acceptance.answer import as_json
from gateway.acceptance.plan import PlanTable
from gateway.acceptance.words import Language
from gateway.board import case_answers as answers
from gateway.board import case_bodies as bodies
from gateway.board import case_forms as forms
from gateway.board.asked import only, problems
from gateway.board.errors import RequestError
from gateway.board.foreign import require_same_site
from gateway.board.guard import PROGRAM
from gateway.board.languages import preferred
from gateway.board.paging import DEFAULT_LIMIT, MAX_LIMIT, after_ms, next_word
from gateway.board.sources import Parts, Sources
from gateway.cases.desk import Opening
from gateway.cases.parts import CaseParts
from gateway.cases.plan_text import plan_text
from gateway.cases.studies import zone_of
from gateway.cases.views import view
from gateway.errors import ConfigurationError
from telemetry.clock import to_ms

Ask = Request[None, None, AppState]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="At most so many items")]
After = Annotated[str | None, QueryParameter(description="The `next` of the answer before")]
Where = Annotated[str | None, QueryParameter(description="Only of this branch")]
Which = Annotated[str | None, QueryParameter(name="state", description="`open` or `closed`; both if left out")]
Number = Annotated[int | None, QueryParameter(description="The number of a judgement; the newest if left out")]
Name = Annotated[str, QueryParameter(description="The file's name")]
By = Annotated[str, QueryParameter(description="Who enters it; the program's own name if left out")]

READ: Final = problems(404, 409, 503)
CHANGE: Final = problems(403, 404, 409, 413, 503)
NAME_LETTERS: Final = 100
PLAN_BYTES: Final = 2_000_000
FILE_BYTES: Final = 30_000_000
"""A laboratory's file of 20 MB in base64, and what stands around it."""


class CasesApi(Controller):
    """Everything that programs ask of cases, and do with them."""

    path = "/api/v1/cases"

    @get("/", sync_to_thread=True, responses=READ, summary="Acceptance cases, the newest first")
    def cases(
        self,
        request: Ask,
        sources: Parts,
        site: Where = None,
        which: Which = None,
        limit: Limit = DEFAULT_LIMIT,
        after: After = None,
    ) -> answers.CaseList:
        """All of them, those of a branch, or those in one state."""
        only(request, "site", "state", "limit", "after")
        if which not in (None, "open", "closed"):
            raise RequestError(400, "Unknown state", f"state: {str(which)[:64]!r} is none; known: open, closed")
        is_open = None if which is None else which == "open"
        found = cases_of(sources).desk.cases(site=site, is_open=is_open, before=after_ms(after), limit=limit + 1)
        more = next_word(found[limit - 1].id) if len(found) > limit else None
        return answers.CaseList(cases=[forms.line_of(row) for row in found[:limit]], next=more)

    @post(
        "/",
        status_code=201,
        sync_to_thread=True,
        responses=CHANGE,
        request_max_body_size=PLAN_BYTES,
        summary="Open a case",
    )
    def open(self, request: Ask, sources: Parts, data: JSONBody[bodies.CaseOpening]) -> answers.CaseAnswer:
        """From now on the raw packs of the branch are kept, and its sampling is watched."""
        require_same_site(request)
        parts = cases_of(sources)
        site = next((one for one in sources.directory.sites() if one.site == data.site), None)
        if site is None:
            detail = f"site: no branch {data.site[:64]!r} was ever heard of; /api/v1/sites lists those that were"
            raise RequestError(404, "Unknown branch", detail)
        text = _plan_text(data.plan, data.plan_toml)
        opening = Opening(
            region=site.region,
            site=data.site,
            title=data.title,
            plan=text,
            profile=_profile_text(data, text),
            materials=tuple(data.materials),
            types=data.types,
            contacts={room: tuple(points) for room, points in data.contacts.items()},
            serials=data.serials,
        )
        case, _life = parts.desk.open(opening, who_of(request, data.by))
        return _answer(request, parts, case)

    @get("/{case:int}", sync_to_thread=True, responses=READ, summary="One case")
    def case(self, request: Ask, sources: Parts, case: FromPath[int]) -> answers.CaseAnswer:
        """Plan, closure, risks, laboratory results, verdicts."""
        only(request)
        return _answer(request, cases_of(sources), case)

    @get("/{case:int}/events", sync_to_thread=True, responses=READ, summary="The audit trail of a case")
    def events(self, request: Ask, sources: Parts, case: FromPath[int]) -> answers.EventList:
        """Who did what and when; nothing of it is ever changed."""
        only(request)
        found = cases_of(sources).desk.happened(case)
        return answers.EventList(events=[forms.event_of(one) for one in found])

    @get("/{case:int}/plan-sheet", sync_to_thread=True, responses=READ, summary="The sampling sheet")
    def plan_sheet(self, request: Ask, sources: Parts, case: FromPath[int]) -> answers.SheetAnswer:
        """When, in how many rooms, at how many points is to be sampled; with a sheet to print."""
        only(request, "lang")
        parts = cases_of(sources)
        found = view(parts.state, case, to_ms(parts.clock.now()))
        said: dict[str, Any] = sheet.as_json(found.profile, found.ordered)
        words = report_text.sheet_text(found.profile, found.plan, found.ordered, language_of(request))
        return answers.SheetAnswer(**said, words=words)

    @get("/{case:int}/verdict", sync_to_thread=True, responses=READ, summary="What would be said now")
    def provisional(self, request: Ask, sources: Parts, case: FromPath[int]) -> dict[str, Any]:
        """The verdict of this moment, as `judge --json` says it; nothing is written down."""
        only(request)
        return as_json(cases_of(sources).desk.provisional(case)[1])

    @post("/{case:int}/judge", status_code=200, sync_to_thread=True, responses=CHANGE, summary="Give a verdict")
    def judge(
        self, request: Ask, sources: Parts, case: FromPath[int], data: JSONBody[bodies.WhyAndWho | None] = None
    ) -> answers.CaseAnswer:
        """Judge what was measured and entered, and seal its evidence. Earlier verdicts stay."""
        require_same_site(request)
        parts = cases_of(sources)
        parts.desk.judge(case, who_of(request, "" if data is None else data.by))
        return _answer(request, parts, case)

    @post(
        "/{case:int}/plan",
        status_code=200,
        sync_to_thread=True,
        responses=CHANGE,
        request_max_body_size=PLAN_BYTES,
        summary="Change the plan",
    )
    def replan(
        self, request: Ask, sources: Parts, case: FromPath[int], data: JSONBody[bodies.NewPlan]
    ) -> answers.CaseAnswer:
        """Of the running round, while it is not decided; the old plan stays readable."""
        require_same_site(request)
        parts = cases_of(sources)
        parts.desk.replan(case, _plan_text(data.plan, data.plan_toml), data.why, who_of(request, data.by))
        return _answer(request, parts, case)

    @post(
        "/{case:int}/resample",
        status_code=200,
        sync_to_thread=True,
        responses=CHANGE,
        request_max_body_size=PLAN_BYTES,
        summary="Sample again",
    )
    def resample(
        self, request: Ask, sources: Parts, case: FromPath[int], data: JSONBody[bodies.NewPlan]
    ) -> answers.CaseAnswer:
        """After a failure begin a new round by another plan; the first result stays."""
        require_same_site(request)
        parts = cases_of(sources)
        parts.desk.resample(case, _plan_text(data.plan, data.plan_toml), data.why, who_of(request, data.by))
        return _answer(request, parts, case)

    @post(
        "/{case:int}/instruments",
        status_code=200,
        sync_to_thread=True,
        responses=CHANGE,
        summary="Say which instrument stands where",
    )
    def assign(
        self, request: Ask, sources: Parts, case: FromPath[int], data: JSONBody[bodies.Assignment]
    ) -> answers.CaseAnswer:
        """Where its agent does not say the serial itself."""
        require_same_site(request)
        parts = cases_of(sources)
        parts.desk.assign(case, data.point, data.serial.strip(), who_of(request, data.by))
        return _answer(request, parts, case)

    @post(
        "/{case:int}/laboratory",
        status_code=200,
        sync_to_thread=True,
        responses=CHANGE,
        request_max_body_size=FILE_BYTES,
        summary="Enter laboratory results",
    )
    def laboratory(
        self, request: Ask, sources: Parts, case: FromPath[int], data: JSONBody[bodies.LaboratoryEntry]
    ) -> answers.TakenAnswer:
        """Typed in, or as a file in base64; lines that cannot be used are named, the others are taken."""
        require_same_site(request)
        parts, who = cases_of(sources), who_of(request, data.by)
        if (data.file is None) == (not data.results):
            raise RequestError(400, "No results", "give either results or a file")
        zone = _zone(parts, case)
        if data.file is not None:
            taken = parts.desk.import_file(case, data.file.name, data.file.content, who, zone)
        else:
            results = [forms.result_from(value, f"results[{place}]", zone) for place, value in enumerate(data.results)]
            taken = parts.desk.enter(case, results, who)
        return _taken(request, parts, case, taken)

    @post(
        "/{case:int}/laboratory/{number:int}/correct",
        status_code=200,
        sync_to_thread=True,
        responses=CHANGE,
        summary="Correct a laboratory result",
    )
    def correct(
        self,
        request: Ask,
        sources: Parts,
        case: FromPath[int],
        number: FromPath[int],
        data: JSONBody[bodies.LaboratoryCorrection],
    ) -> answers.CaseAnswer:
        """Who, when and why is kept, and what stood there before."""
        require_same_site(request)
        parts = cases_of(sources)
        result = forms.result_from(data.result, "result", _zone(parts, case))
        parts.desk.correct(case, number, result, data.why, who_of(request, data.by))
        return _answer(request, parts, case)

    @post(
        "/{case:int}/hold",
        status_code=200,
        sync_to_thread=True,
        responses=CHANGE,
        summary="Put a case under legal hold",
    )
    def hold(
        self, request: Ask, sources: Parts, case: FromPath[int], data: JSONBody[bodies.WhyAndWho]
    ) -> answers.CaseAnswer:
        """Neither retention nor closing deletes anything of it."""
        require_same_site(request)
        parts = cases_of(sources)
        parts.desk.hold(case, data.why, who_of(request, data.by))
        return _answer(request, parts, case)

    @post("/{case:int}/release", status_code=200, sync_to_thread=True, responses=CHANGE, summary="End the legal hold")
    def release(
        self, request: Ask, sources: Parts, case: FromPath[int], data: JSONBody[bodies.WhyAndWho]
    ) -> answers.CaseAnswer:
        """With the reason."""
        require_same_site(request)
        parts = cases_of(sources)
        parts.desk.release(case, data.why, who_of(request, data.by))
        return _answer(request, parts, case)

    @post("/{case:int}/close", status_code=200, sync_to_thread=True, responses=CHANGE, summary="End a case")
    def close(
        self, request: Ask, sources: Parts, case: FromPath[int], data: JSONBody[bodies.WhyAndWho]
    ) -> answers.CaseAnswer:
        """One that has not passed needs a reason. Nothing is deleted."""
        require_same_site(request)
        parts = cases_of(sources)
        parts.desk.close(case, data.why, who_of(request, data.by))
        return _answer(request, parts, case)


class ProfilesApi(Controller):
    """The standards that cases are judged by."""

    path = "/api/v1/profiles"

    @get("/", sync_to_thread=True, responses=READ, summary="The standards that come with the program")
    def profiles(self, request: Ask) -> answers.ProfileList:
        """Their names are the words of `profile`."""
        only(request)
        loaded = [profile.load(name) for name in profile.names()]
        return answers.ProfileList(
            profiles=[
                answers.ProfileAnswer(profile=one.name, title_en=one.title_en, title_zh=one.title_zh) for one in loaded
            ]
        )


def cases_of(sources: Sources) -> CaseParts:
    """What answers for cases; these addresses are only there where something does."""
    assert sources.cases is not None
    return sources.cases


def language_of(request: Ask) -> Language:
    """The language of an answer: asked for by `lang`, else what the reader prefers."""
    asked = request.query_params.get("lang")
    if asked is None:
        return Language(preferred(request.headers.get("accept-language", "")))
    try:
        return Language(asked)
    except ValueError:
        detail = f"lang: {asked[:32]!r} is none; known: {', '.join(Language)}"
        raise RequestError(400, "Unknown language", detail) from None


def who_of(request: Ask, by: str) -> str:
    """Who does it: a case remembers it for ever.

    Raises:
        RequestError: With status 400, if nobody says it.
    """
    name, known = by.strip()[:NAME_LETTERS], str(request.scope.get(PROGRAM) or "")
    # A name is what somebody typed; whose token or session it came with is what the gateway knows.
    who = f"{name} ({known})" if name and known and name != known else name or known
    if not who:
        raise RequestError(400, "No name", "by: is missing; a case remembers who did what, so give a name")
    return who


def _plan_text(table: PlanTable | None, text: str) -> str:
    if (table is None) == (not text.strip()):
        raise RequestError(400, "No plan", "give either plan or plan_toml")
    return text if table is None else plan_text(table)


def _profile_text(data: bodies.CaseOpening, text: str) -> str:
    if data.profile_toml.strip():
        return data.profile_toml
    try:
        word = data.profile or plan.parse(text.encode()).profile
        # A path would make the server read any file of its own.
        if word not in profile.names():
            known = ", ".join(profile.names())
            detail = (
                f"profile: {str(word)[:64]!r} is none; known: {known}; or give a standard of your own as profile_toml"
            )
            raise RequestError(400, "Unknown profile", detail)
        return profile.text_of(word).decode()
    except ConfigurationError as error:
        raise RequestError(400, "Cannot be used", str(error)) from error


def _zone(parts: CaseParts, case: int) -> tzinfo | None:
    found = view(parts.state, case, 0)
    return zone_of(parts.zones.get(found.life.opened.site, ""), found.plan)


def _answer(request: Ask, parts: CaseParts, case: int) -> answers.CaseAnswer:
    found = view(parts.state, case, to_ms(parts.clock.now()))
    said = {one.number: parts.rejudging.said(case, one) for one in found.life.judgements}
    return forms.case_of(found, language_of(request), said, parts.zones.get(found.life.opened.site, ""))


def _taken(request: Ask, parts: CaseParts, case: int, taken: Any) -> answers.TakenAnswer:
    life = taken.life
    newest = sum(1 for one in life.results if one.entered.number == life.count)
    return answers.TakenAnswer(
        taken=newest,
        refused=[answers.RefusedLine(line=one.line, detail=one.detail) for one in taken.refused],
        unplaced=list(taken.unplaced),
        case=_answer(request, parts, case),
    )
