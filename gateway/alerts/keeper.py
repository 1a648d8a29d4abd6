"""What is done now and then: figures for `/metrics`, the weekly digest, and reminders of incidents to be reported."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from gateway.alerts import alarm_rows, outbox
from gateway.alerts.digest import WEEK_MS, WeeklyDigest
from gateway.alerts.engine import AlertEngine
from gateway.alerts.incidents import Incident, Standing, remind_ms
from gateway.alerts.kpis import DAY_MS
from gateway.alerts.records import ROWS, incidents_of, kpis_of
from gateway.alerts.routing import Routing
from gateway.alerts.scorecard import month_bounds
from gateway.alerts.settings import AlertsConfig
from gateway.alerts.words import Role, Tell
from gateway.notifiers.ports import Notifier
from gateway.state.state import State
from telemetry.clock import Clock, to_ms

log = structlog.get_logger(__name__)

FIGURES_EVERY_MS: Final = 300_000
REMINDED_FOR_MS: Final = DAY_MS
"""So long after its deadline a report is still asked for; then it is missed for good."""


class Keeper:
    """`round` is called every few seconds from one thread."""

    def __init__(
        self,
        database: State,
        config: AlertsConfig,
        *,
        engine: AlertEngine,
        routing: Routing,
        notifiers: Mapping[str, Notifier],
        clock: Clock,
    ) -> None:
        """Make it; nothing is read before the first round.

        Args:
            database: Where alarms, notices and reports are.
            config: Grades, digest, people.
            engine: Knows what lasts, and carries the metrics.
            routing: Knows who is reminded.
            notifiers: By the channel's name, for the digest.
            clock: The time.
        """
        self._database = database
        self._config = config
        self._engine = engine
        self._routing = routing
        self._digest = WeeklyDigest(database, config, notifiers)
        self._clock = clock
        self._next_ms = 0

    def round(self) -> int:
        """Do what is due; returns how many people hear of something by it.

        Raises:
            StateUnavailable: The next round tries again.
        """
        now_ms = to_ms(self._clock.now())
        if not 0 < self._next_ms - now_ms <= FIGURES_EVERY_MS:
            self._measure(now_ms)
            self._next_ms = now_ms + FIGURES_EVERY_MS
        return self._remind(now_ms) + self._send_digest(now_ms)

    def _measure(self, now_ms: int) -> None:
        metrics = self._engine.metrics
        lasting = self._engine.open_alarms()
        kpis = kpis_of(self._database, from_ms=now_ms - DAY_MS, to_ms=now_ms, standing=lasting)
        metrics.standing.set(kpis.standing)
        metrics.stale.set(kpis.stale)
        metrics.chattering.set(len(kpis.chattering))
        metrics.floods.set(kpis.floods)
        metrics.per_hour.labels("average").set(kpis.per_responder_hour)
        metrics.per_hour.labels("busiest").set(kpis.busiest_hour)
        if self._config.grade:
            counts = dict.fromkeys(Standing, 0)
            for incident in self._incidents(*self._this_month(now_ms), now_ms):
                counts[incident.standing] += 1
            for standing, count in counts.items():
                metrics.incidents.labels(standing.value).set(count)

    def _this_month(self, now_ms: int) -> tuple[int, int]:
        local = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(self._config.time_zone))
        return month_bounds(local.strftime("%Y-%m"), self._config.time_zone)

    def _incidents(self, from_ms: int, to_ms_: int, now_ms: int) -> list[Incident]:
        with self._database.read() as connection:
            alarms = alarm_rows.raised_between(connection, from_ms, to_ms_, limit=ROWS)
            return incidents_of(connection, alarms, self._config.grade, now_ms)

    def _remind(self, now_ms: int) -> int:
        """Ask for the reports that are nearly due; each person once for each time that it rises."""
        if not self._config.grade:
            return 0
        longest_ms = round(max(grade.report_within_s for grade in self._config.grade) * 1000)
        found = self._incidents(now_ms - longest_ms - REMINDED_FOR_MS, now_ms + 1, now_ms)
        due = [
            one
            for one in found
            if one.standing in (Standing.DUE, Standing.MISSED)
            and remind_ms(one) <= now_ms < one.due_ms + REMINDED_FOR_MS
            and not one.alarm.is_silent
        ]
        if not due:
            return 0
        count = 0
        with self._database.write() as connection:
            for incident in due:
                alarm, place = incident.alarm, incident.alarm.place
                people = self._routing.people(Role.CONTACT, place, now_ms)
                people = people or self._routing.first_people(alarm.severity, place, now_ms)
                count += outbox.queue(connection, alarm, Tell.REPORT, people, now_ms=now_ms, not_before_ms=now_ms)
        return count

    def _send_digest(self, now_ms: int) -> int:
        people = self._digest.owed(now_ms)
        if not people:
            return 0
        end_ms = self._digest.week_end_ms(now_ms)
        lasting = self._engine.open_alarms()
        kpis = kpis_of(self._database, from_ms=end_ms - WEEK_MS, to_ms=end_ms, standing=lasting)
        return self._digest.send(kpis, people, now_ms)
