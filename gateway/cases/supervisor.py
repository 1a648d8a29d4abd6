"""Watches every open case: which instrument stands where, what endangers its sampling; and lets old packs go."""

from typing import Final

import structlog

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
from gateway.cases.settings import AcceptanceConfig
from gateway.cases.supervision import FastAir, Sight
from gateway.cases.words import Phase
from gateway.errors import StateUnavailable, StoreUnavailable
from gateway.ports import Store
from gateway.state.state import State
from telemetry.clock import Clock, to_ms

log = structlog.get_logger(__name__)

CASES_A_ROUND: Final = 10_000
EVENTS_AT_MOST: Final = 5_000
"""A sensor that comes and goes for a month must not fill the trail of its case; what people do is always noted."""
DAY_S: Final = 86_400.0
RUNNING: Final = (Phase.PLANNED, Phase.CLOSING, Phase.SAMPLING)


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

    def watch(self, standing: Standing) -> None:
        """Who says which instrument stands where."""
        self._standing = standing

    def round(self) -> int:
        """Look at every open case once; always 0, so that whoever calls rests before the next time."""
        try:
            found = self._desk.cases(is_open=True, limit=CASES_A_ROUND)
            at_risk = sum(self._look(row.id) for row in found)
            self._metrics.open.set(len(found))
            self._metrics.at_risk.set(at_risk)
            self._expire()
        except (StateUnavailable, StoreUnavailable) as error:
            self._metrics.failures.inc()
            say = log.debug if self._failing else log.warning
            say("acceptance cases are not supervised, trying on", error=str(error))
            self._failing = True
            return 0
        self._failing = False
        return 0

    def _look(self, case: int) -> bool:
        """Look at one case; True if its sampling is at risk."""
        try:
            life = self._desk.look(case)
            return self._note_risks(case, life).is_at_risk
        except CaseError as error:
            # Closed by somebody meanwhile.
            log.debug("a case changed while it was looked at", case=case, error=str(error))
            return False
        except (StateUnavailable, StoreUnavailable):
            raise
        except Exception:
            log.exception("fault of ours while supervising a case; the others are looked at", case=case)
            self._metrics.failures.inc()
            return False

    def _note_risks(self, case: int, life: Life) -> Life:
        if life.count >= EVENTS_AT_MOST:
            return life
        found = supervision.risks(self._sight(life))
        for key, before in life.risks.items():
            if key not in found:
                life = self._desk.note(case, Eased(risk=before.risk, room=before.room, point=before.point))
        for key, now in found.items():
            known = life.risks.get(key)
            # Completeness is counted anew each time; the minute that it was first seen falling is what counts.
            moved = known is not None and known.since_ms != now.since_ms and not now.risk.startswith("completeness")
            if known is None or moved:
                life = self._desk.note(case, now)
        return life

    def _sight(self, life: Life) -> Sight:
        now_ms = to_ms(self._clock.now())
        _table, planned, standard = parsed(life)
        with self._state.read() as connection:
            kept = {one.room: one for one in rooms_kept(connection, life, planned, standard)}
            stands = [serials.standing(life, entry).serial for entry in planned.entries()]
            known = of_serials(connection, stands)
        site = life.opened.site
        air = CaseAir(self._store, site, self._standing(site), self._settings.outdoor_co2_ppm)
        is_running = phase_of(life, planned, standard, now_ms) in RUNNING
        fast: dict[str, FastAir] = {}
        if is_running:
            limit = self._settings.closed_room_changes_per_h
            for room in planned.rooms:
                one = air.fast(planned, standard, room, now_ms, limit)
                if one is not None:
                    fast[room.name] = one
        return Sight(
            life=life,
            plan=planned,
            profile=standard,
            kept=kept,
            counts=air.counts(planned, standard, now_ms) if is_running else {},
            barred=serials.barred(planned, life, known),
            fast_air=fast,
            allow_simulated=self._settings.allow_simulated,
            now_ms=now_ms,
        )

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
