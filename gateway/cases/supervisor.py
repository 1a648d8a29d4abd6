"""Watches every open case: which instrument stands where, what endangers its sampling; and lets old packs go."""

from dataclasses import replace
from typing import Final

import structlog

from gateway.acceptance.words import Language
from gateway.alerts.samplings import SamplingRisk
from gateway.cases import rows, serials, supervision
from gateway.cases.air import CaseAir, Standing
from gateway.cases.desk import CaseDesk
from gateway.cases.dossier import parsed, rooms_kept
from gateway.cases.errors import CaseError
from gateway.cases.events import Eased
from gateway.cases.instruments import of_serials
from gateway.cases.life import Life
from gateway.cases.metrics import CaseMetrics
from gateway.cases.phase import phase_of
from gateway.cases.phrases import risk_words
from gateway.cases.settings import AcceptanceConfig
from gateway.cases.supervision import FastAir, Sight
from gateway.cases.words import Phase, Risk
from gateway.errors import StateUnavailable, StoreUnavailable, StoreWriteOnly
from gateway.ports import Store
from gateway.state.state import State
from telemetry.clock import Clock, to_ms

log = structlog.get_logger(__name__)

CASES_A_ROUND: Final = 10_000
EVENTS_AT_MOST: Final = 5_000
"""A sensor that comes and goes for a month must not fill the trail of its case; what people do is always noted."""
DAY_S: Final = 86_400.0
RUNNING: Final = (Phase.PLANNED, Phase.CLOSING, Phase.SAMPLING)
OF_THE_STORE: Final = frozenset(
    {Risk.SILENT, Risk.COMPLETENESS_FALLING, Risk.COMPLETENESS_LOST, Risk.AIR_CHANGES_TOO_FAST}
)
"""Risks that readings tell of; while the store does not answer they neither come nor go."""


class Supervisor:
    """Called from one thread."""

    def __init__(
        self,
        state: State,
        store: Store,
        desk: CaseDesk,
        *,
        settings: AcceptanceConfig,
        clock: Clock,
        metrics: CaseMetrics,
    ) -> None:
        self._state = state
        self._store = store
        self._desk = desk
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._standing: Standing = lambda _site: {}
        self._next_expiry_s = 0.0
        self._failing = False
        self._store_fault: StoreUnavailable | None = None
        self._endangered: tuple[SamplingRisk, ...] | None = None

    def watch(self, standing: Standing) -> None:
        """Who says which instrument stands where."""
        self._standing = standing

    def endangered(self) -> tuple[SamplingRisk, ...] | None:
        """What endangered samplings in the last whole round; None before the first."""
        return self._endangered

    def round(self) -> int:
        """Look at every open case once; always 0, so that whoever calls rests before the next time."""
        self._store_fault = None
        try:
            found = self._desk.cases(is_open=True, limit=CASES_A_ROUND)
            before, told = self._endangered or (), list[SamplingRisk]()
            at_risk = 0
            for row in found:
                life = self._look(row.id)
                # Of a case that cannot be looked at nobody knows that its risks are over.
                told += [one for one in before if one.case == row.id] if life is None else _told(row.id, life)
                at_risk += life is not None and life.is_at_risk
            self._endangered = tuple(told)
            self._metrics.open.set(len(found))
            self._metrics.at_risk.set(at_risk)
            self._expire()
        except (StateUnavailable, StoreUnavailable) as error:
            self._say_failed("acceptance cases are not supervised, trying on", error)
            return 0
        if self._store_fault is not None:
            self._say_failed("the readings of acceptance cases are not supervised, contacts are", self._store_fault)
            return 0
        self._failing = False
        return 0

    def _say_failed(self, words: str, error: Exception) -> None:
        """Count a round, and say the first of several that fail."""
        self._metrics.failures.inc()
        (log.debug if self._failing else log.warning)(words, error=str(error))
        self._failing = True

    def _look(self, case: int) -> Life | None:
        """Look at one case; None if it cannot be looked at."""
        try:
            life = self._desk.look(case)
            return self._note_risks(case, life)
        except CaseError as error:
            # Closed by somebody meanwhile.
            log.debug("a case changed while it was looked at", case=case, error=str(error))
            return None
        except (StateUnavailable, StoreUnavailable):
            raise
        except Exception:
            log.exception("fault of ours while supervising a case; the others are looked at", case=case)
            self._metrics.failures.inc()
            return None

    def _note_risks(self, case: int, life: Life) -> Life:
        if life.count >= EVENTS_AT_MOST:
            return life
        sight, is_heard = self._sight(life)
        found = supervision.risks(sight)
        for key, before in life.risks.items():
            unknown = not is_heard and before.risk in OF_THE_STORE
            if key not in found and not unknown:
                life = self._desk.note(case, Eased(risk=before.risk, room=before.room, point=before.point))
        for key, now in found.items():
            known = life.risks.get(key)
            # Completeness is counted anew each time; the minute that it was first seen falling is what counts.
            moved = known is not None and known.since_ms != now.since_ms and not now.risk.startswith("completeness")
            if known is None or moved:
                life = self._desk.note(case, now)
        return life

    def _sight(self, life: Life) -> tuple[Sight, bool]:
        """What is known now; False if the store was asked and did not answer: contacts and instruments count alone."""
        now_ms = to_ms(self._clock.now())
        _table, planned, standard = parsed(life)
        with self._state.read() as connection:
            kept = {one.room: one for one in rooms_kept(connection, life, planned, standard)}
            stands = [serials.standing(life, entry).serial for entry in planned.entries()]
            known = of_serials(connection, stands)
        sight = Sight(
            life=life,
            plan=planned,
            profile=standard,
            kept=kept,
            barred=serials.barred(planned, life, known),
            allow_simulated=self._settings.allow_simulated,
            now_ms=now_ms,
        )
        if phase_of(life, planned, standard, now_ms) not in RUNNING:
            return sight, True
        try:
            return self._with_air(sight), True
        except StoreWriteOnly:
            # It never answers: what rests on readings is told by the verdict, from the packs.
            return sight, True
        except StoreUnavailable as error:
            self._store_fault = error
            return sight, False

    def _with_air(self, sight: Sight) -> Sight:
        site, planned, standard = sight.life.opened.site, sight.plan, sight.profile
        air = CaseAir(self._store, site, self._standing(site), self._settings.outdoor_co2_ppm)
        limit = self._settings.closed_room_changes_per_h
        fast: dict[str, FastAir] = {}
        for room in planned.rooms:
            one = air.fast(planned, standard, room, sight.now_ms, limit)
            if one is not None:
                fast[room.name] = one
        return replace(sight, counts=air.counts(planned, standard, sight.now_ms), fast_air=fast)

    def _expire(self) -> None:
        now_s = self._clock.monotonic()
        if now_s < self._next_expiry_s:
            return
        before_ms = to_ms(self._clock.now() - self._settings.keep_packs_days * DAY_S)
        with self._state.write() as connection:
            gone = rows.expire_packs(connection, before_ms)
        self._next_expiry_s = now_s + DAY_S
        if gone:
            self._metrics.packs_expired.inc(gone)
            log.info("raw packs of cases that ended long ago are deleted", packs=gone)


def _told(case: int, life: Life) -> list[SamplingRisk]:
    """What endangers a case, for people who are told of it."""
    return [
        SamplingRisk(
            region=life.opened.region,
            site=life.opened.site,
            room=one.room,
            point=one.point,
            case=case,
            risk=one.risk,
            since_ms=one.since_ms,
            english=risk_words(one.risk, one.room, one.point, one.detail, Language.ENGLISH),
            chinese=risk_words(one.risk, one.room, one.point, one.detail, Language.CHINESE),
        )
        for one in life.risks.values()
    ]
