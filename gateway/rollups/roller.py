"""Sums up the hours that ended or that late data touched, and writes them as `air_1h`."""

from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway.errors import StateUnavailable, StoreUnavailable, StoreWriteOnly
from gateway.ports import Point, Store
from gateway.rollups.hours import HOUR_MS, points_of
from gateway.rollups.touched import Noted, TouchedHours
from telemetry.clock import Clock, to_ms

log = structlog.get_logger(__name__)

SETTLE_MS: Final = 300_000
"""An hour is first summed up so long after its end, when the stragglers of a healthy branch are in. Ours."""

AT_ONCE: Final = 200
AFTER_FAULT_S: Final = 60.0


class Roller:
    """Called from one thread, whenever it likes; `wait_s` says when there may be work."""

    def __init__(self, touched: TouchedHours, store: Store, clock: Clock, registry: CollectorRegistry) -> None:
        self._touched = touched
        self._store = store
        self._clock = clock
        self._next_try_s = 0.0
        self._failing = False
        self._summed = Counter(
            "openhall_rollup_hours_total", "Hours of branches that were summed up", registry=registry
        )
        self._expired = Counter(
            "openhall_rollup_expired_total",
            "Hours that late data touched and that were left as they were, since raw data of theirs has expired",
            registry=registry,
        )
        self._refused = Counter("openhall_rollup_refused_total", "Sums that the store refused", registry=registry)
        self._waiting = Gauge("openhall_rollup_waiting", "Hours that are to be summed up", registry=registry)

    def round(self) -> int:
        """Sum up some hours; returns how many, 0 if none has ended or the store does not answer."""
        if self._clock.monotonic() < self._next_try_s:
            return 0
        try:
            hours = self._touched.ended(to_ms(self._clock.now()) - HOUR_MS - SETTLE_MS, AT_ONCE)
            self._sum_up(hours)
            self._touched.done(hours)
            self._waiting.set(self._touched.count())
        except StoreWriteOnly:
            # It takes no questions; somebody else sums up.
            self._touched.done(hours)
        except (StoreUnavailable, StateUnavailable) as error:
            tell = log.debug if self._failing else log.warning
            tell("hours are not summed up, trying on", error=str(error))
            self._failing = True
            self._next_try_s = self._clock.monotonic() + AFTER_FAULT_S
            return 0
        if self._failing:
            log.info("hours are summed up again")
        self._failing = False
        return len(hours)

    def _sum_up(self, hours: list[Noted]) -> None:
        if not hours:
            return
        keeps_ms = self._store.keeps_ms()
        oldest_ms = None if keeps_ms is None else to_ms(self._clock.now()) - keeps_ms
        points: list[Point] = []
        for one in hours:
            if oldest_ms is not None and one.hour_ms < oldest_ms:
                self._expired.inc()
                continue
            summaries = self._store.summaries(one.site, one.hour_ms, one.hour_ms + HOUR_MS)
            points += points_of(one.hour_ms, summaries, self._store.counted(one.site, one.hour_ms))
            self._summed.inc()
        for refused in self._store.write(points) if points else ():
            self._refused.inc()
            log.error("store refuses an hour's sums", point=points[refused.place].tags, detail=refused.detail)
