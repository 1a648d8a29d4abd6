"""The alert engine: what is heard and seen becomes alarms, time passes over them, people answer them.

It opens nothing, has no thread of its own and no clock but the one it is given. `hear`, `see` and `health` come from
the thread that reads messages, `tick` from another, `acknowledge` and `shelve` from those of the web; a lock orders
them. What is committed when a method returns survives a crash; who is told is in the outbox by then.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog

from gateway.alerts import alarm as life
from gateway.alerts import alarm_rows, outbox
from gateway.alerts.alarm import Alarm, Shelf, Step
from gateway.alerts.book import Book
from gateway.alerts.calm import CalmPlace
from gateway.alerts.census import AgentLife
from gateway.alerts.certificates import CertificateLife
from gateway.alerts.measuring import Measuring
from gateway.alerts.metrics import AlertMetrics
from gateway.alerts.plans import Plans
from gateway.alerts.recorder import AlertRecorder, is_newest, record
from gateway.alerts.routing import Routing
from gateway.alerts.rules import Rules
from gateway.alerts.samplings import SamplingRisk, Samplings
from gateway.alerts.settings import AlertsConfig
from gateway.alerts.standing import Standing
from gateway.alerts.words import Severity, State
from gateway.errors import StateUnavailable
from gateway.state.state import State as Database
from telemetry.clock import Clock, to_ms
from telemetry.messages import Health
from telemetry.readings import Pack
from telemetry.topics import Root

log = structlog.get_logger(__name__)

CENSUS_EVERY_S: Final = 5.0
KEEP_EVERY_S: Final = 30.0
CERTIFICATES_EVERY_S: Final = 3_600.0
DAY_MS: Final = 86_400_000
CHANGED_AT_ONCE: Final = 200
POINTS: Final = 500_000
"""Points whose last sign of life is remembered; as many as the directory follows."""


class AlertEngine:
    """One for a gateway; fulfils the port `Alerts`.

    Attributes:
        metrics: Where everything is counted.
        ticks: How often time has passed over all alarms without an error.
    """

    def __init__(
        self,
        database: Database,
        *,
        rules: Rules,
        config: AlertsConfig,
        routing: Routing,
        clock: Clock,
        metrics: AlertMetrics,
        plans: Plans | None = None,
        grace_s: float = 180.0,
        census_every_s: float = CENSUS_EVERY_S,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """Make it; nothing is read before `load`.

        Args:
            database: Where alarms, conditions and notices live.
            rules: What alarms.
            config: Who is told, when and how.
            routing: The same, as it answers questions.
            clock: The time.
            metrics: Where everything is counted.
            plans: What people plan ahead, as `routing` knows it; looked at now and then for what others planned.
            grace_s: After a start nobody counts as dark for so long: agents must have the time to say something.
            census_every_s: How often it looks for dark branches, and for alarms that another process raised.
            wake: Called after something may be due to be told.
        """
        self.metrics = metrics
        self.ticks = 0
        self._database = database
        self._config = config
        self._clock = clock
        self._plans = plans
        self._wake = wake
        self._grace_s = grace_s
        self._census_every_s = census_every_s
        self._lock = threading.RLock()
        self._book = Book(database, routing, config, metrics)
        self._rules = rules
        self._measuring = Measuring(rules, self._book)
        self._standing = Standing(rules, self._book)
        self._samplings = Samplings(rules, self._book)
        self._endangered: Callable[[], Iterable[SamplingRisk] | None] | None = None
        self._recorder = AlertRecorder(database, keep_days=config.keep_days)
        self._agents: Callable[[], Iterable[AgentLife]] | None = None
        self._certificates: Callable[[], Iterable[CertificateLife]] | None = None
        self._next_certificates_s = 0.0
        self._started_s = clock.monotonic()
        self._live_s: dict[tuple[str, str], float] = {}
        self._dark_s: dict[str, float] = {}
        self._counted: dict[tuple[Severity, State], int] = {}
        self._next_census_s = 0.0
        self._next_keep_s = 0.0
        self._next_look_s = 0.0
        self._expired_ms = 0
        self._failing = False
        self._orphans: list[int] = []

    def load(self) -> None:
        """Take in what an earlier run left. Nothing rises and nobody is told by that.

        Raises:
            StateUnavailable: If the database cannot be read.
        """
        with self._lock:
            self._started_s = self._clock.monotonic()
            if self._plans is not None:
                self._plans.look(self._now_ms())
            self._book.load()
            known = self._book.conditions
            for key in [one for one in known if not self._rules.when_of(one.rule)]:
                del known[key]
            self._orphans = [alarm.id for alarm in self._book.all() if not self._applies(alarm)]

    def on_news(self, wake: Callable[[], None]) -> None:
        """From now on call this after something may be due to be told."""
        self._wake = wake

    def watch_certificates(self, lives: Callable[[], Iterable[CertificateLife]]) -> None:
        """From now on look how long these certificates are still good."""
        self._certificates = lives
        self._next_certificates_s = 0.0

    def watch_samplings(self, endangered: Callable[[], Iterable[SamplingRisk] | None]) -> None:
        """From now on look what endangers samplings; None as long as nobody knows."""
        self._endangered = endangered

    def watch(self, agents: Callable[[], Iterable[AgentLife]]) -> None:
        """From now on look for dark branches among these agents."""
        self._agents = agents

    # -- what arrives --------------------------------------------------------------------------------------------------

    def hear(self, root: Root, pack: Pack, arrived_ms: int) -> bool:
        """Take in a facility state; the same pair raises at most one alarm. True if the pair was new.

        Raises:
            StateUnavailable: It was not heard; nothing of it is kept.
        """
        with self._lock:
            with self._book.change(arrived_ms) as work:
                new = record(work.connection, root, pack, arrived_ms)
                if new:
                    newest = is_newest(work.connection, root.site, pack.point, pack.sequence)
                    self._standing.say(work, root, pack, newest=newest)
            if work.reasons:
                self._wake()
            return new

    def see(self, root: Root, pack: Pack, arrived_ms: int) -> None:
        """Take in live air.

        Raises:
            StateUnavailable: An alarm could not be kept; the next reading tries again.
        """
        with self._lock:
            if len(self._live_s) < POINTS or (root.site, pack.point) in self._live_s:
                self._live_s[root.site, pack.point] = self._clock.monotonic()
            self._measuring.air(root, pack, arrived_ms)

    def calm_air(self, root: Root, room: str, point: str) -> CalmPlace:
        """What of a point's air begins nothing; as long as these rules are in force."""
        with self._lock:
            return self._measuring.calm(root, room, point, self._live_s)

    def health(self, root: Root, health: Health, arrived_ms: int) -> None:
        """Take in an agent's own numbers.

        Raises:
            StateUnavailable: As for air.
        """
        with self._lock:
            self._measuring.health(root, health, arrived_ms)

    # -- as time passes ------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """To be called every second. What the database does not take is tried again."""
        try:
            self._tick()
        except StateUnavailable as error:
            say = log.debug if self._failing else log.warning
            say("alarms cannot be kept, trying on", error=str(error))
            self._failing = True
        else:
            self._failing = False
            self.ticks += 1

    def _tick(self) -> None:
        now_s = self._clock.monotonic()
        if now_s >= self._next_census_s and self._agents is not None and now_s - self._started_s >= self._grace_s:
            self._next_census_s = now_s + self._census_every_s
            self._take_census(list(self._agents()), now_s)
        if now_s >= self._next_certificates_s and self._certificates is not None:
            self._next_certificates_s = now_s + CERTIFICATES_EVERY_S
            lives = list(self._certificates())
            with self._lock:
                self._measuring.certificates(lives, self._now_ms())
        with self._lock:
            now_ms = self._now_ms()
            self._standing.pass_time(now_ms)
            self._age(now_ms)
            if now_s >= self._next_keep_s:
                self._next_keep_s = now_s + KEEP_EVERY_S
                self._keep()
            if now_s >= self._next_look_s:
                self._next_look_s = now_s + self._census_every_s
                endangered = None if self._endangered is None else self._endangered()
                if endangered is not None:
                    self._samplings.look(endangered, now_ms)
                self._book.adopt()
                if self._plans is not None:
                    self._plans.look(now_ms)
            self._measure()
        if now_ms - self._expired_ms >= DAY_MS:
            self._expired_ms = now_ms
            self._expire(now_ms)
        self._wake()

    def _take_census(self, agents: Sequence[AgentLife], now_s: float) -> None:
        online = {agent.root.site for agent in agents if agent.online}
        for site in {agent.root.site for agent in agents} - online:
            self._dark_s[site] = now_s

        def silent_ms(at: tuple[str, str]) -> int:
            since_s = max(self._started_s, self._live_s.get(at, 0.0), self._dark_s.get(at[0], 0.0))
            return round((now_s - since_s) * 1000)

        carry_out = self._standing.count(agents, silent_ms, self._now_ms)
        with self._lock:
            carry_out()

    def _age(self, now_ms: int) -> None:
        keep_ms = round(self._config.returned_keep_s * 1000)
        steps: list[Step] = []
        asking: list[Alarm] = []
        for alarm in self._book.all():
            if self._orphans and alarm.id in self._orphans:
                step = life.close(alarm, now_ms)
            else:
                silence = self._standing.silence(alarm, now_ms)
                step = life.pass_time(alarm, now_ms, silence, returned_keep_ms=keep_ms)
            if step.changed:
                steps.append(step)
            elif alarm.due_ms is not None and alarm.due_ms <= now_ms and alarm.state is State.UNACKNOWLEDGED:
                asking.append(alarm)
            if len(steps) + len(asking) >= CHANGED_AT_ONCE:
                break
        if not steps and not asking:
            return
        with self._book.change(now_ms) as work:
            for step in steps:
                work.apply(step)
            for alarm in asking:
                work.ask(alarm)

    def _applies(self, alarm: Alarm) -> bool:
        """False if the rules were changed so that nothing would end this alarm any more."""
        return any(rule.name == alarm.key.rule for rule in self._rules.of(alarm.when, alarm.place))

    def _keep(self) -> None:
        dirty = self._measuring.dirty
        if dirty:
            self._book.keep_conditions(dirty)
            self._measuring.dirty = set()

    def _expire(self, now_ms: int) -> None:
        before_ms = now_ms - round(self._config.keep_days * DAY_MS)
        self._recorder.expire(before_ms)
        if self._plans is not None:
            self._plans.expire(before_ms)
        with self._database.write() as connection:
            alarm_rows.expire(connection, before_ms)

    def _measure(self) -> None:
        counts = dict.fromkeys(((severity, state) for severity in Severity for state in State), 0)
        for alarm in self._book.all():
            counts[alarm.severity, alarm.state] += 1
        for (severity, state), count in counts.items():
            if state is not State.NORMAL and self._counted.get((severity, state)) != count:
                self.metrics.open.labels(severity.value, state.value).set(count)
        self._counted = counts
        self.metrics.conditions.set(len(self._book.conditions))

    # -- what people do ------------------------------------------------------------------------------------------------

    def acknowledge(self, alarm_id: int, by: str) -> Step | None:
        """Somebody has it; None if there is no such alarm.

        Raises:
            StateUnavailable: It is not acknowledged.
        """
        with self._lock:
            return self._answered(alarm_id, lambda alarm, now_ms: life.acknowledge(alarm, now_ms, by), by)

    def shelve(self, alarm_id: int, shelf: Shelf) -> Step | None:
        """Put it aside; None if there is no such alarm.

        Raises:
            StateUnavailable: It is not shelved.
        """
        with self._lock:
            return self._answered(alarm_id, lambda alarm, now_ms: life.shelve(alarm, now_ms, shelf), shelf.by)

    def unshelve(self, alarm_id: int, by: str) -> Step | None:
        """Take it back from the shelf before its time; None if there is no such alarm.

        Raises:
            StateUnavailable: It stays on the shelf.
        """
        with self._lock:
            return self._answered(
                alarm_id, lambda alarm, now_ms: life.unshelve(alarm, now_ms, self._standing.silence(alarm, now_ms)), by
            )

    def _answered(self, alarm_id: int, act: Callable[[Alarm, int], Step], who: str) -> Step | None:
        alarm = self._book.get(alarm_id) or self.alarm(alarm_id)
        if alarm is None:
            return None
        now_ms = self._now_ms()
        step = act(alarm, now_ms)
        if step.changed:
            with self._book.change(now_ms) as work:
                step = step._replace(alarm=work.apply(step, who))
            self._wake()
        return step

    def unreachable(self, alarm_ids: Iterable[int]) -> None:
        """No channel to somebody is left: where nobody of a step can be reached, the next one is told at once.

        Raises:
            StateUnavailable: It will be told at its deadline all the same.
        """
        with self._lock:
            now_ms = self._now_ms()
            with self._book.change(now_ms) as work:
                for alarm in filter(None, map(self._book.get, alarm_ids)):
                    if outbox.is_hopeless(work.connection, alarm):
                        work.ask(life.hurry(alarm, now_ms))
            self._wake()

    # -- questions -----------------------------------------------------------------------------------------------------

    def alarms(
        self, *, state: State | None = None, site: str | None = None, before: int | None = None, limit: int = 1_000
    ) -> list[Alarm]:
        """Alarms, the newest first, from the database; without a state those that have not ended."""
        with self._database.read() as connection:
            return alarm_rows.list_alarms(
                connection, state=state, site=site, before=before, limit=limit, only_open=state is None
            )

    def alarm(self, alarm_id: int) -> Alarm | None:
        """One by its id, also when it has ended."""
        with self._database.read() as connection:
            found = alarm_rows.list_alarms(connection, ids=[alarm_id], limit=1)
        return found[0] if found else None

    def open_alarms(self) -> list[Alarm]:
        """Every alarm that has not ended, from memory."""
        with self._lock:
            return self._book.all()

    def _now_ms(self) -> int:
        return to_ms(self._clock.now())
