"""The API of what comes out of acceptance cases: evidence, the whole case, the report, what is worked out beside it."""

from typing import Annotated
from urllib.parse import quote

from litestar import Controller, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from gateway.board import study_answers as studies
from gateway.board import study_forms
from gateway.board.cases_api import Ask, cases_of, known
from gateway.board.errors import RequestError
from gateway.board.sources import Parts
from gateway.cases.learned import by_branch, by_material
from gateway.cases.views import view
from telemetry.clock import to_ms
from telemetry.quantities import QUANTITIES

Number = Annotated[int | None, QueryParameter(description="The number of a judgement; the newest if left out")]


class CaseFilesApi(Controller):
    """What can be taken along."""

    path = "/api/v1/cases"

    @get("/{case:int}/air", sync_to_thread=True, summary="The day of reopening, and air changes")
    def air(self, request: Ask, sources: Parts, case: FromPath[int]) -> studies.AirAnswer:
        """When each limit should be met, with its interval, or why none is stated; air changes of closed rooms."""
        known(request)
        parts = cases_of(sources)
        found = view(parts.state, case, to_ms(parts.clock.now()))
        zone = parts.studies.zone(found.life.opened.site, found.plan)
        days = parts.studies.forecasts(found.life, found.plan, found.profile)
        rates = parts.studies.air_changes(found.life, found.plan, found.profile)
        return studies.AirAnswer(
            reopening=[study_forms.reopening_of(one, found.plan, zone) for one in days],
            air_changes=[study_forms.air_change_of(room, rate) for room, rate in rates.items()],
        )

    @get("/comparison", sync_to_thread=True, summary="How fast branches and materials stop giving off")
    def comparison(self, request: Ask, sources: Parts, quantity: FromQuery[str]) -> studies.ComparisonAnswer:
        """Half-lives of one quantity, of the newest verdicts, the slowest first."""
        known(request, "quantity")
        if quantity not in QUANTITIES:
            detail = f"quantity: {quantity[:64]!r} is none; /api/v1/quantities lists them"
            raise RequestError(400, "Unknown quantity", detail)
        lessons = cases_of(sources).studies.all_learned()
        return studies.ComparisonAnswer(
            quantity=quantity,
            branches=study_forms.compared(by_branch(lessons, quantity)),
            materials=study_forms.compared(by_material(lessons, quantity)),
        )

    @get("/{case:int}/evidence.zip", sync_to_thread=True, summary="The sealed evidence of a verdict")
    def evidence(self, request: Ask, sources: Parts, case: FromPath[int], judgement: Number = None) -> Response[bytes]:
        """As it was sealed; `openhall-gateway verify` checks it with no server."""
        known(request, "judgement")
        found, body = cases_of(sources).desk.sealed(case, judgement)
        return attachment(body, "application/zip", f"case-{case}-judgement-{found.number}.zip")

    @get("/{case:int}/export.zip", sync_to_thread=True, summary="The whole case")
    def export(self, request: Ask, sources: Parts, case: FromPath[int]) -> Response[bytes]:
        """Every verdict, every event and every file of it, in one bundle of evidence."""
        known(request)
        return attachment(cases_of(sources).desk.exported(case), "application/zip", f"case-{case}.zip")


def attachment(body: bytes, kind: str, name: str) -> Response[bytes]:
    """A file to be kept."""
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(body, media_type=kind, headers={"Content-Disposition": disposition})
