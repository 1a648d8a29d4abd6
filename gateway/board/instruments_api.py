"""The API of the register of instruments."""

from datetime import UTC, date, datetime

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from gateway.acceptance.register import Instrument
from gateway.board import case_bodies as bodies
from gateway.board import study_answers as answers
from gateway.board import study_forms as forms
from gateway.board.asked import only
from gateway.board.cases_api import CHANGE, READ, After, Ask, Limit, cases_of, who_of
from gateway.board.foreign import require_same_site
from gateway.board.paging import DEFAULT_LIMIT, after_id, next_word
from gateway.board.sources import Parts
from gateway.cases import instruments
from gateway.cases.learned import Learned, biases
from gateway.cases.parts import CaseParts
from telemetry.clock import to_ms


class InstrumentsApi(Controller):
    """Which instruments there are, whose, and how they were calibrated."""

    path = "/api/v1/instruments"

    @get("/", sync_to_thread=True, responses=READ, summary="The register of instruments")
    def instruments(
        self, request: Ask, sources: Parts, limit: Limit = DEFAULT_LIMIT, after: After = None
    ) -> answers.InstrumentList:
        """By serial, with every calibration."""
        only(request, "limit", "after")
        parts = cases_of(sources)
        with parts.state.read() as connection:
            found = instruments.all_instruments(connection, after=after_id(after), limit=limit + 1)
        lessons = parts.studies.all_learned()
        more = next_word(found[limit - 1].serial) if len(found) > limit else None
        return answers.InstrumentList(instruments=[_shown(parts, one, lessons) for one in found[:limit]], next=more)

    @post("/", status_code=200, sync_to_thread=True, responses=CHANGE, summary="Register an instrument")
    def register(self, request: Ask, sources: Parts, data: JSONBody[bodies.InstrumentBody]) -> answers.InstrumentAnswer:
        """Or add calibrations to one that is there; nothing is overwritten."""
        require_same_site(request)
        parts, who = cases_of(sources), who_of(request, data.by)
        now_s = parts.clock.now()
        instrument = Instrument(
            serial=data.serial.strip(),
            part=data.part.strip().lower(),
            owner=data.owner.strip(),
            calibrations=tuple(forms.calibration_from(one, one.by or who, now_s) for one in data.calibrations),
        )
        return _added(parts, instrument, who)

    @get("/{serial:str}", sync_to_thread=True, responses=READ, summary="One instrument")
    def instrument(self, request: Ask, sources: Parts, serial: FromPath[str]) -> answers.InstrumentAnswer:
        """With every calibration."""
        only(request)
        parts = cases_of(sources)
        with parts.state.read() as connection:
            found = instruments.get(connection, serial)
        return _shown(parts, found, parts.studies.all_learned())

    @post(
        "/{serial:str}/calibrations",
        status_code=200,
        sync_to_thread=True,
        responses=CHANGE,
        summary="Note a calibration",
    )
    def calibrated(
        self, request: Ask, sources: Parts, serial: FromPath[str], data: JSONBody[bodies.CalibrationBody]
    ) -> answers.InstrumentAnswer:
        """A correction is a calibration of its own, later in the list."""
        require_same_site(request)
        parts, who = cases_of(sources), who_of(request, data.by)
        with parts.state.read() as connection:
            found = instruments.get(connection, serial)
        one = forms.calibration_from(data, who, parts.clock.now())
        return _added(parts, Instrument(serial=serial, part=found.part, owner=found.owner, calibrations=(one,)), who)


def _added(parts: CaseParts, instrument: Instrument, who: str) -> answers.InstrumentAnswer:
    with parts.state.write() as connection:
        now = instruments.add(connection, instrument, by=who, now_ms=to_ms(parts.clock.now()))
    return _shown(parts, now, parts.studies.all_learned())


def _shown(parts: CaseParts, one: Instrument, lessons: list[Learned]) -> answers.InstrumentAnswer:
    return forms.instrument_of(one, _today(parts), biases(lessons, one.serial))


def _today(parts: CaseParts) -> date:
    return datetime.fromtimestamp(parts.clock.now(), UTC).date()
