"""The API of what comes out of acceptance cases: evidence, the whole case, the report, what is worked out beside it."""

from typing import Annotated, Final
from urllib.parse import quote

from litestar import Controller, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from gateway.acceptance.case_report import Site
from gateway.board import study_answers as studies
from gateway.board import study_forms
from gateway.board.asked import only
from gateway.board.cases_api import READ, Ask, cases_of
from gateway.board.errors import RequestError
from gateway.board.languages import preferred
from gateway.board.sources import Parts, Sources
from gateway.cases.archive import judgement_of
from gateway.cases.learned import by_branch, by_material
from gateway.cases.views import view
from telemetry.clock import to_ms
from telemetry.quantities import QUANTITIES

TONGUES: Final = ("en", "zh-CN", "both")
Tongue = Annotated[str | None, QueryParameter(description="`en`, `zh-CN` or `both`; else what the reader prefers")]
Number = Annotated[int | None, QueryParameter(description="The number of a judgement; the newest if left out")]


class CaseFilesApi(Controller):
    """What can be taken along."""

    path = "/api/v1/cases"

    @get("/{case:int}/air", sync_to_thread=True, responses=READ, summary="The day of reopening, and air changes")
    def air(self, request: Ask, sources: Parts, case: FromPath[int]) -> studies.AirAnswer:
        """When each limit should be met, with its interval, or why none is stated; air changes of closed rooms."""
        only(request)
        parts = cases_of(sources)
        found = view(parts.state, case, to_ms(parts.clock.now()))
        zone = parts.studies.zone(found.life.opened.site, found.plan)
        days = parts.studies.forecasts(found.life, found.plan, found.profile)
        rates = parts.studies.air_changes(found.life, found.plan, found.profile)
        return studies.AirAnswer(
            reopening=[study_forms.reopening_of(one, found.plan, zone) for one in days],
            air_changes=[study_forms.air_change_of(room, rate) for room, rate in rates.items()],
        )

    @get("/comparison", sync_to_thread=True, responses=READ, summary="How fast branches and materials stop giving off")
    def comparison(self, request: Ask, sources: Parts, quantity: FromQuery[str]) -> studies.ComparisonAnswer:
        """Half-lives of one quantity, of the newest verdicts, the slowest first."""
        only(request, "quantity")
        if quantity not in QUANTITIES:
            detail = f"quantity: {quantity[:64]!r} is none; /api/v1/quantities lists them"
            raise RequestError(400, "Unknown quantity", detail)
        lessons = cases_of(sources).studies.all_learned()
        return studies.ComparisonAnswer(
            quantity=quantity,
            branches=study_forms.compared(by_branch(lessons, quantity)),
            materials=study_forms.compared(by_material(lessons, quantity)),
        )

    @get("/{case:int}/evidence.zip", sync_to_thread=True, responses=READ, summary="The sealed evidence of a verdict")
    def evidence(self, request: Ask, sources: Parts, case: FromPath[int], judgement: Number = None) -> Response[bytes]:
        """As it was sealed; `openhall-gateway verify` checks it with no server."""
        only(request, "judgement")
        found, body = cases_of(sources).desk.archive.sealed(case, judgement)
        return attachment(body, "application/zip", f"case-{case}-judgement-{found.number}.zip")

    @get("/{case:int}/report.pdf", sync_to_thread=True, responses=READ, summary="The report of a verdict")
    def report(
        self, request: Ask, sources: Parts, case: FromPath[int], judgement: Number = None, lang: Tongue = None
    ) -> Response[bytes]:
        """As PDF, with plots, the reasons, the seal of its evidence, and a code that leads to it."""
        only(request, "judgement", "lang")
        parts = cases_of(sources)
        life = parts.desk.life(case)
        found = judgement_of(life, judgement)
        language = _tongue(request, lang)
        # Loaded when somebody wants one: fonts and plots are of no use to a gateway that only stores.
        from gateway.acceptance.report_pdf import render
        from gateway.cases.reports import report_of

        report = report_of(
            parts.desk,
            parts.studies,
            case,
            found,
            parts.rejudging.said(case, found),
            site=_site(sources, life.opened.site, life.opened.region),
            verify_url=f"{(sources.board or str(request.base_url)).rstrip('/')}/cases?case={case}",
        )
        name = f"case-{case}-judgement-{found.number}.pdf"
        return Response(
            render(report, language),
            media_type="application/pdf",
            headers={"Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}"},
        )

    @get("/{case:int}/export.zip", sync_to_thread=True, responses=READ, summary="The whole case")
    def export(self, request: Ask, sources: Parts, case: FromPath[int]) -> Response[bytes]:
        """Every verdict, every event and every file of it, in one bundle of evidence."""
        only(request)
        return attachment(cases_of(sources).desk.archive.exported(case), "application/zip", f"case-{case}.zip")


def _tongue(request: Ask, asked: str | None) -> str:
    chosen = asked or preferred(request.headers.get("accept-language", ""))
    if chosen not in TONGUES:
        raise RequestError(400, "Unknown language", f"lang: {chosen[:32]!r} is none; known: {', '.join(TONGUES)}")
    return chosen


def _site(sources: Sources, site: str, region: str) -> Site:
    """A branch as the report names it: what the configuration calls it, else the register."""
    words, row = sources.titles.get(site), sources.register().get(site)
    english, chinese = ("", "") if row is None else (row.title_en, row.title_zh)
    return Site(
        site=site,
        region=region,
        title_en=(words.title_en if words else "") or english,
        title_zh=(words.title_zh if words else "") or chinese,
        address="" if row is None else row.address,
    )


def attachment(body: bytes, kind: str, name: str) -> Response[bytes]:
    """A file to be kept."""
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(body, media_type=kind, headers={"Content-Disposition": disposition})
