"""Puts the alert engine together: engine, delivery, links, history, and the threads that drive them."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from gateway.alerts import alarm_rows, outbox
from gateway.alerts.alarm import Alarm
from gateway.alerts.census import AgentLife
from gateway.alerts.certificates import Certificates, certificate_files
from gateway.alerts.dispatch import Dispatcher
from gateway.alerts.engine import AlertEngine
from gateway.alerts.history import AlertHistory
from gateway.alerts.keeper import Keeper
from gateway.alerts.links import Claim, Links, open_links
from gateway.alerts.metrics import AlertMetrics
from gateway.alerts.outbox import Outbox
from gateway.alerts.places import Register
from gateway.alerts.plans import Plans
from gateway.alerts.routing import Routing
from gateway.alerts.rules import Rules
from gateway.alerts.settings import AlertsConfig
from gateway.alerts.texts import Wording
from gateway.alerts.trials import rules_of, wording_of
from gateway.config import Config
from gateway.errors import StateUnavailable, StoreUnavailable
from gateway.ingest.directory import Directory
from gateway.notifiers.make import make_notifier
from gateway.ports import Store
from gateway.state.state import State
from gateway.store_gate import StoreGate
from gateway.worker import Worker
from telemetry.clock import Clock

log = structlog.get_logger(__name__)

DELIVERIES_AT_ONCE: Final = 8
KEEPER_IDLE_S: Final = 10.0
HISTORY_IDLE_S: Final = 2.0
HISTORY_REST_S: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDesk:
    """What the web side asks of alarms."""

    engine: AlertEngine
    wording: Wording
    links: Links
    config: AlertsConfig
    database: State
    plans: Plans
    routing: Routing

    def of_claim(self, claim: Claim) -> list[Alarm]:
        """The alarms of the message that a link came with.

        Raises:
            StateUnavailable: If the database does not answer.
        """
        with self.database.read() as connection:
            ids = outbox.rows_of_batch(connection, claim.batch, claim.person)
            return alarm_rows.list_alarms(connection, ids=ids)

    def was_read(self, claim: Claim, now_ms: int) -> None:
        """The person opened or answered the message of a link; one of a group says nothing of who did.

        A visit alone is no proof: chat programs fetch links for their previews. Whoever calls this knows better.

        Raises:
            StateUnavailable: It is not noted.
        """
        if not claim.in_group:
            with self.database.write() as connection:
                outbox.mark_read(connection, claim.batch, claim.person, now_ms)


def make_engine(
    config: Config,
    database: State,
    clock: Clock,
    registry: CollectorRegistry,
    *,
    plans: Plans | None = None,
    routing: Routing | None = None,
) -> AlertEngine:
    """The engine of a configuration; nothing is read before its `load`.

    Raises:
        ConfigurationError: If the calendar is not known.
    """
    plans = plans or Plans(database, config.alerts)
    return AlertEngine(
        database,
        rules=Rules(rules_of(config)),
        config=config.alerts,
        routing=routing or Routing(config.alerts, plans),
        clock=clock,
        metrics=AlertMetrics(registry),
        plans=plans,
        grace_s=config.ingest.online_s,
    )


class AlertParts:
    """All parts of one gateway's alerts."""

    def __init__(
        self,
        config: Config,
        *,
        database: State,
        store: Store,
        gate: StoreGate,
        clock: Clock,
        registry: CollectorRegistry,
        register: Register = dict,
        shown: Mapping[str, Callable[[], bytes | None]] | None = None,
    ) -> None:
        """Make them; nothing is read or sent before `start`.

        Raises:
            ConfigurationError: If a secret's file cannot be read, or the calendar is not known.
            StateUnavailable: If the state database does not answer.
        """
        plans = Plans(database, config.alerts)
        routing = Routing(config.alerts, plans, register)
        self.engine = make_engine(config, database, clock, registry, plans=plans, routing=routing)
        self._gate = gate
        self._certificates = Certificates(certificate_files(config), config.regions[0], shown or {})
        self._outbox = Outbox(database, config.alerts)
        self._pool = ThreadPoolExecutor(max_workers=DELIVERIES_AT_ONCE, thread_name_prefix="notify")
        self._deliver = Worker("notify", self.deliver, idle_s=lambda: 1.0)
        self._record = Worker("alert-history", self._record_round, idle_s=self._record_idle_s)
        self._resting = False
        self._resumed = False
        wording = wording_of(config, rules_of(config), register)
        links = open_links(config.alerts, database)
        notifiers = {name: make_notifier(name, channel) for name, channel in config.alerts.channels.items()}
        self._dispatcher = Dispatcher(
            database,
            outbox=self._outbox,
            engine=self.engine,
            wording=wording,
            links=links,
            config=config.alerts,
            notifiers=notifiers,
            clock=clock,
            pool=self._pool,
            wake=self._deliver.wake,
        )
        self._keeper = Keeper(
            database, config.alerts, engine=self.engine, routing=routing, notifiers=notifiers, clock=clock
        )
        self._keep = Worker("alert-keeper", self._keep_round, idle_s=lambda: KEEPER_IDLE_S)
        self._history = AlertHistory(database, store, wording)
        self.engine.on_news(self._deliver.wake)
        self.desk = AlertDesk(
            engine=self.engine,
            wording=wording,
            links=links,
            config=config.alerts,
            database=database,
            plans=plans,
            routing=routing,
        )
        if not config.alerts.people:
            log.warning("nobody is told of alarms; [alerts.people] is empty")

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The threads, for `/readyz`."""
        return self._deliver, self._record, self._keep

    def start(self, directory: Directory) -> None:
        """Take in what an earlier run left, and begin.

        Raises:
            StateUnavailable: If the state database does not answer.
        """
        self.engine.load()
        self.engine.watch(lambda: lives_of(directory))
        self.engine.watch_certificates(self._certificates.all)
        self._deliver.start()
        self._record.start()
        self._keep.start()

    def stop(self, within_s: float) -> bool:
        """End; a delivery under way is waited for within the bound, and goes out again otherwise."""
        ended = [worker.stop(within_s) for worker in self.workers]
        self._pool.shutdown(wait=False, cancel_futures=True)
        return all(ended)

    def deliver(self) -> int:
        """Begin what is due to be told; returns how many messages. The thread `notify` does so by itself."""
        try:
            if not self._resumed:
                self._outbox.resume()
                self._resumed = True
            return self._dispatcher.round()
        except StateUnavailable as error:
            log.debug("messages wait for the state database", error=str(error))
            return 0

    def _keep_round(self) -> int:
        try:
            if self._keeper.round():
                self._deliver.wake()
        except StateUnavailable as error:
            log.debug("figures wait for the state database", error=str(error))
        return 0

    def _record_round(self) -> int:
        if self._gate.fault is not None:
            return 0
        try:
            written = self._history.round()
        except (StoreUnavailable, StateUnavailable) as error:
            say = log.debug if self._resting else log.warning
            say("changes of alarms are not in the store yet, trying on", error=str(error))
            self._resting = True
            return 0
        self._resting = False
        return written

    def _record_idle_s(self) -> float:
        return HISTORY_REST_S if self._resting else HISTORY_IDLE_S


def lives_of(directory: Directory) -> list[AgentLife]:
    """Every agent that ever said who it is."""
    return [
        AgentLife(view.root, view.online, view.presence.points)
        for view in directory.agents()
        if view.presence is not None
    ]
