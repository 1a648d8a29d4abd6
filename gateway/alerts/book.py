"""The alarms that are open, in memory and in the state database: changed together, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from sqlalchemy import Connection

from gateway.alerts import alarm as life
from gateway.alerts import alarm_rows, outbox
from gateway.alerts.alarm import Alarm, Key, Step
from gateway.alerts.alarm_rows import Kept
from gateway.alerts.condition_table import Conditions
from gateway.alerts.metrics import AlertMetrics
from gateway.alerts.routing import Routing
from gateway.alerts.settings import AlertsConfig
from gateway.alerts.words import Reason, State, Tell
from gateway.state.state import State as Database

log = structlog.get_logger(__name__)

STEPS_AT_ONCE: Final = 64
"""No rule has so many steps of escalation; a loop that goes on is a fault of ours."""


class Work:
    """Changes under way: written to the database, taken into memory once that has committed."""

    def __init__(self, book: "Book", connection: Connection, now_ms: int) -> None:
        self.connection = connection
        self.now_ms = now_ms
        self.alarms: dict[int, Alarm] = {}
        self.conditions: dict[Key, Kept | None] = {}
        self.reasons: list[tuple[Reason, Alarm]] = []
        self._book = book

    def find(self, key: Key) -> Alarm | None:
        """The open alarm of a cause, as it is within these changes."""
        known = self._book.find(key)
        if known is not None:
            known = self.alarms.get(known.id, known)
            return known if known.is_open else None
        return next((one for one in self.alarms.values() if one.key == key and one.is_open), None)

    def raise_alarm(self, alarm: Alarm) -> None:
        """A cause lasts: a new alarm, or one that is open rises again."""
        known = self.find(alarm.key)
        if known is None:
            if self._book.is_full(alarm):
                return
            silence = self._book.routing.silence(alarm.place, self.now_ms)
            self.apply(life.rise(alarm, self.now_ms, silence))
            return
        told = bool(outbox.heard_of(self.connection, known, (Tell.CLEAR,)))
        step = life.rise_again(known, self.now_ms, alarm.since_ms, told_it_is_over=told)
        self.apply(step._replace(alarm=life.renewed(step.alarm, alarm)) if step.changed else step)

    def end_cause(self, key: Key) -> None:
        """A cause is over."""
        known = self.find(key)
        if known is not None:
            self.apply(life.come_back(known, self.now_ms))

    def apply(self, step: Step, who: str = "") -> Alarm:
        """Keep what came of an event, let people be told, and ask for an answer where one is due."""
        if not step.changed:
            return step.alarm
        alarm = self._put(step.alarm, step.reason, who)
        if alarm.active:
            outbox.called_off(self.connection, alarm, (Tell.CLEAR,), "it goes on", self.now_ms)
        if step.tell is not None:
            self._tell(alarm, step.tell, who)
        return self.ask(alarm)

    def ask(self, alarm: Alarm) -> Alarm:
        """Tell the steps of escalation that are due."""
        routing = self._book.routing
        for _ in range(STEPS_AT_ONCE):
            if alarm.due_ms is None or alarm.due_ms > self.now_ms or alarm.state is not State.UNACKNOWLEDGED:
                return alarm
            later = life.postpone(alarm, routing.speaks_from_ms(alarm, self.now_ms))
            if later is not alarm and later.due_ms is not None and later.due_ms > self.now_ms:
                return self._put(later, None)
            step = life.escalate(alarm, self.now_ms, routing.waits_ms(alarm.severity))
            if not step.changed:
                return self._put(step.alarm, None)
            alarm = self._escalated(step)
        log.error("an alarm has too many steps of escalation", alarm=alarm.id)
        return alarm

    def _escalated(self, step: Step) -> Alarm:
        alarm, routing = step.alarm, self._book.routing
        role = routing.steps(alarm.severity)[alarm.step - 1].to
        people = routing.people(role, alarm.place, self.now_ms)
        if not people:
            # Nobody has this role here: the next one need not wait for an answer that cannot come.
            alarm = life.hurry(alarm, self.now_ms)
            self._book.metrics.unheard.inc()
        alarm = self._put(alarm, Reason.ESCALATED if alarm.step > 1 else None)
        self._queue(alarm, Tell.RISE, people, wait_s=0.0)
        return alarm

    def _tell(self, alarm: Alarm, tell: Tell, who: str) -> None:
        routing, rises = self._book.routing, (Tell.RISE, Tell.MISSED)
        if tell is Tell.MISSED:
            self._queue(alarm, tell, routing.first_people(alarm.severity, alarm.place, self.now_ms), wait_s=0.0)
            return
        outbox.called_off(self.connection, alarm, rises, tell.value, self.now_ms)
        # Whoever took it need not be told that somebody has.
        people = self._book.config.people
        own = {who, *(name for name, person in people.items() if person.name == who)}
        heard = [name for name in outbox.heard_of(self.connection, alarm, rises) if name not in own]
        wait_s = self._book.config.clear_wait_s if tell is Tell.CLEAR else 0.0
        self._queue(alarm, tell, heard, wait_s=0.0 if alarm.is_emergency else wait_s)

    def _queue(self, alarm: Alarm, tell: Tell, people: "tuple[str, ...] | list[str]", *, wait_s: float) -> None:
        waits = alarm.severity in self._book.config.muted
        group_s = self._book.config.group_wait_s if waits and not alarm.is_emergency else 0.0
        from_ms = self._book.routing.speaks_from_ms(alarm, self.now_ms)
        not_before_ms = max(from_ms, self.now_ms + round(max(wait_s, group_s) * 1000))
        outbox.queue(self.connection, alarm, tell, people, now_ms=self.now_ms, not_before_ms=not_before_ms)

    def _put(self, alarm: Alarm, reason: Reason | None, who: str = "") -> Alarm:
        alarm = alarm_rows.put_alarm(self.connection, alarm, reason, who)
        self.alarms[alarm.id] = alarm
        if reason is not None:
            self.reasons.append((reason, alarm))
        return alarm


class Book:
    """All open alarms. The engine's lock is held by whoever calls."""

    def __init__(self, database: Database, routing: Routing, config: AlertsConfig, metrics: AlertMetrics) -> None:
        self.routing = routing
        self.config = config
        self.metrics = metrics
        self.conditions = Conditions()
        self._database = database
        self._alarms: dict[int, Alarm] = {}
        self._by_key: dict[Key, int] = {}
        self._full = False
        self._looked_at = 0

    def load(self) -> None:
        """Take in what an earlier run left.

        Raises:
            StateUnavailable: If the database cannot be read.
        """
        with self._database.read() as connection:
            alarms = alarm_rows.load_open(connection)
            self.conditions = Conditions(alarm_rows.load_conditions(connection))
        self._alarms = {alarm.id: alarm for alarm in alarms}
        self._by_key = {alarm.key: alarm.id for alarm in alarms}
        self._looked_at = max(self._alarms, default=0)

    def adopt(self) -> None:
        """Take in alarms that another process raised on the same database: `dead-letters retry` hears calls, too.

        Raises:
            StateUnavailable: If the database cannot be read.
        """
        with self._database.read() as connection:
            new = alarm_rows.list_alarms(connection, above=self._looked_at, only_open=True)
        for alarm in new:
            self._looked_at = max(self._looked_at, alarm.id)
            if alarm.id not in self._alarms:
                self._alarms[alarm.id] = alarm
                self._by_key.setdefault(alarm.key, alarm.id)

    def all(self) -> list[Alarm]:
        """Every open alarm."""
        return list(self._alarms.values())

    def get(self, alarm_id: int) -> Alarm | None:
        """One by its id, None if it has ended or never was."""
        return self._alarms.get(alarm_id)

    def find(self, key: Key) -> Alarm | None:
        """The open alarm of a cause."""
        found = self._by_key.get(key)
        return None if found is None else self._alarms.get(found)

    def is_full(self, alarm: Alarm) -> bool:
        """True if no further alarm may rise; a call for help always may."""
        full = len(self._alarms) >= self.config.open_alarms and not alarm.is_emergency
        if full:
            self.metrics.refused.inc()
            say = log.debug if self._full else log.error
            say("too many alarms are open, this one is not raised", rule=alarm.key.rule, site=alarm.key.site)
        self._full = full
        return full

    @contextmanager
    def change(self, now_ms: int) -> Iterator[Work]:
        """Changes in one transaction; on any error neither database nor memory has any of them.

        Raises:
            StateUnavailable: If they were not committed.
        """
        with self._database.write() as connection:
            work = Work(self, connection, now_ms)
            yield work
            if work.conditions:
                alarm_rows.put_conditions(connection, work.conditions.items())
        self._take(work)

    def keep_conditions(self, keys: set[Key]) -> None:
        """Write these conditions down as they are now.

        Raises:
            StateUnavailable: If they were not.
        """
        with self._database.write() as connection:
            alarm_rows.put_conditions(connection, ((key, self.conditions.get(key)) for key in keys))

    def _take(self, work: Work) -> None:
        for alarm in work.alarms.values():
            if alarm.is_open:
                self._alarms[alarm.id] = alarm
                self._by_key[alarm.key] = alarm.id
            else:
                self._alarms.pop(alarm.id, None)
                if self._by_key.get(alarm.key) == alarm.id:
                    del self._by_key[alarm.key]
        for key, kept in work.conditions.items():
            if kept is None:
                self.conditions.pop(key, None)
            else:
                self.conditions[key] = kept
        for reason, alarm in work.reasons:
            self._count(reason, alarm)

    def _count(self, reason: Reason, alarm: Alarm) -> None:
        metrics = self.metrics
        metrics.changes.labels(reason.value).inc()
        log.info(
            "alarm changed",
            alarm=alarm.id,
            rule=alarm.key.rule,
            site=alarm.key.site,
            point=alarm.key.point,
            reason=reason.value,
            state=alarm.state.value,
        )
        if reason is Reason.ACKNOWLEDGED and alarm.acknowledged_ms is not None:
            metrics.acknowledge_s.observe(max(0, alarm.acknowledged_ms - alarm.raised_ms) / 1000)
        if alarm.closed_ms is not None and alarm.returned_ms is not None:
            metrics.clear_s.observe(max(0, alarm.returned_ms - alarm.raised_ms) / 1000)
