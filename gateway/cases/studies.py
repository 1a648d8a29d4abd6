"""What is worked out of a case beside its verdict: air changes, the day of reopening, what it teaches other cases."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from gateway.acceptance.air_change import AirChange, NoRate
from gateway.acceptance.plan import Plan
from gateway.acceptance.profile import Profile
from gateway.acceptance.verdict import Case
from gateway.cases import learned, rows
from gateway.cases.air import CaseAir
from gateway.cases.days import Branch, RoomForecast, forecasts
from gateway.cases.errors import CaseUnknown
from gateway.cases.learned import Learned
from gateway.cases.life import Life
from gateway.cases.settings import AcceptanceConfig
from gateway.errors import StoreWriteOnly
from gateway.ports import Store
from gateway.state.state import State
from telemetry.clock import Clock, to_ms
from telemetry.messages import PointInfo

CASES_LOOKED_AT: Final = 1_000
"""The newest cases that a comparison is made of."""
KEPT: Final = 2_000


class Studies:
    """Asks store and state. May be used from several threads."""

    def __init__(
        self, state: State, store: Store, *, settings: AcceptanceConfig, clock: Clock, zones: Mapping[str, str]
    ) -> None:
        self._state = state
        self._store = store
        self._settings = settings
        self._clock = clock
        self._zones = zones
        self._standing: Callable[[str], Mapping[str, PointInfo]] = lambda _site: {}
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Learned] = OrderedDict()

    def watch(self, standing: Callable[[str], Mapping[str, PointInfo]]) -> None:
        """Who says what stands at the points of a branch."""
        self._standing = standing

    def zone(self, site: str, plan: Plan | None = None) -> tzinfo:
        """A branch's zone: of the configuration, else the plan's own offset, else UTC."""
        return zone_of(self._zones.get(site, ""), plan) or UTC

    def air_changes(self, life: Life, plan: Plan, profile: Profile) -> dict[str, AirChange | NoRate]:
        """Air changes an hour of each room in which something measures CO2; empty where the store gives nothing back.

        Raises:
            StoreUnavailable: If it does not answer.
        """
        site = life.opened.site
        air = CaseAir(self._store, site, self._standing(site), self._settings.outdoor_co2_ppm)
        found: dict[str, AirChange | NoRate] = {}
        try:
            for room in plan.rooms:
                one = air.air_change(plan, profile, room, to_ms(self._clock.now()))
                if one is not None:
                    found[room.name] = one
        except StoreWriteOnly:
            return {}
        return found

    def forecasts(self, life: Life, plan: Plan, profile: Profile) -> list[RoomForecast]:
        """The day of reopening by room and quantity; empty where the store gives nothing back.

        Raises:
            StoreUnavailable: If it does not answer.
        """
        site = life.opened.site
        branch = Branch(site=site, points=self._standing(site), zone=self.zone(site, plan))
        try:
            return forecasts(self._store, branch, plan, profile, to_ms(self._clock.now()))
        except StoreWriteOnly:
            return []

    def learn(self, life: Life, case: Case) -> Learned:
        """What a case that is being judged teaches others.

        Raises:
            StoreUnavailable: If the store does not answer.
        """
        return learned.learned(life, case, self.forecasts(life, case.plan, case.profile))

    def all_learned(self) -> list[Learned]:
        """What the newest verdicts of the newest cases teach, the newest first.

        Raises:
            StateUnavailable: If the database does not answer.
        """
        found: list[Learned] = []
        with self._state.read() as connection:
            for row in rows.list_cases(connection, limit=CASES_LOOKED_AT):
                if row.verdict is None:
                    continue
                life = rows.load(connection, row.id)
                digest = life.judgements[-1].event.files.get(learned.MEMBER)
                if digest is None:
                    continue
                if (known := self._remembered(digest)) is None:
                    try:
                        known = learned.decode(rows.get_file(connection, row.id, digest))
                    except CaseUnknown:
                        continue
                    self._remember(digest, known)
                found.append(known)
        return found

    def _remembered(self, digest: str) -> Learned | None:
        with self._lock:
            return self._known.get(digest)

    def _remember(self, digest: str, one: Learned) -> None:
        with self._lock:
            self._known[digest] = one
            while len(self._known) > KEPT:
                self._known.popitem(last=False)


def zone_of(name: str, plan: Plan | None) -> tzinfo | None:
    """The zone of this name in the IANA table, else the plan's own offset; None where neither says it."""
    if name:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            pass
    entries = [] if plan is None else list(plan.entries())
    return entries[0].opens_on.tzinfo if entries else None
