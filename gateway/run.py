"""Builds the gateway from its configuration and runs it: the one place that knows every adapter.

Threads: the MQTT library's takes messages from the broker into the ingest's inbox; `hear` decodes them and raises
alarms; `keep` commits to the store and sends receipts; `http` answers the board; the main thread ticks and waits for
the end.
"""

import gc
import random
import signal
import threading
from collections.abc import Callable, Collection
from contextlib import ExitStack
from functools import partial
from types import FrameType
from typing import Final

import structlog
from litestar.types import ASGIApp
from prometheus_client import CollectorRegistry

from gateway.alerts import deadman
from gateway.alerts.links import kept_secret
from gateway.alerts.parts import AlertParts, make_engine
from gateway.board.app import make_app
from gateway.board.sessions import Sessions
from gateway.board.sources import Sources
from gateway.board.tokens import Tokens
from gateway.bus_metrics import BusMetrics
from gateway.cases.parts import make_cases
from gateway.commands.desk import CommandDesk
from gateway.config import Config
from gateway.errors import ConfigurationError
from gateway.fresh_config import FreshConfig
from gateway.ingest.calibrations import of_site
from gateway.ingest.completeness import Survey
from gateway.ingest.dead_letters import Retried, dead_letters, retry
from gateway.ingest.ingest import Ingest
from gateway.metrics import Metrics
from gateway.mqtt_bus import MqttBus
from gateway.mqtt_link import Arrival
from gateway.pulses import Pulses
from gateway.readiness import ReadinessCheck
from gateway.rollups.roller import Roller
from gateway.sites.book import SiteBook
from gateway.state.state import State
from gateway.store_gate import StoreGate
from gateway.stores.chosen import make_evidence_store, make_store
from gateway.stores.watched_store import watched
from gateway.web_server import WebServer, listen
from gateway.worker import Worker
from telemetry.clock import Clock, SystemClock, to_ms

log = structlog.get_logger(__name__)

TICK_S: Final = 1.0
DRAIN_S: Final = 5.0
"""How long a proper stop may take to commit what waits; what is left is the agents' to send again."""

LETTERS_AT_ONCE: Final = 500
IDLE_S: Final = 0.5
ROLL_EVERY_S: Final = 20.0
HEAR_GATHER_S: Final = 0.003
"""Woken for every message, the hearing thread would take the interpreter from the one that receives them, twice a
message: on two free cores that halved what a gateway takes in."""

KEEP_GATHER_S: Final = 0.05
"""A round costs some milliseconds and two waits for the disk, however little it commits. Nobody waits for a reading to
be stored, and alarms do not pass here."""

KEEP_GATHER_AT_MOST_S: Final = 0.25
"""Under load a round takes longer, and what gathers meanwhile shares its transaction, and each branch its receipt: a
quarter of the processor time of a pack."""

FULL_HEARING: Final = 200
FULL_ROUND: Final = 4_000
HTTP_STOP_S: Final = 3.0
BUS_STOP_S: Final = 2.0
ALERTS_STOP_S: Final = 2.0
GARBAGE_AFTER: Final = 10_000
"""After so many new objects Python looks for garbage that refers to itself. At its 700, a handful of packs, it looks
again and again at thousands of packs that only wait to be committed: a quarter of the time that one takes."""


class Gateway:
    """All parts of one gateway, from the first file opened to the last one closed."""

    def __init__(self, config: Config, *, clock: Clock | None = None, rng: random.Random | None = None) -> None:
        """Open what must be there: the HTTP port, the state database; the broker and the store may come later.

        Raises:
            ConfigurationError: If port, tokens, state database or broker settings cannot be used.
            StateUnavailable: If the state database cannot be opened now.
        """
        self._config = config
        self._clock = clock or SystemClock()
        rng = rng or random.Random()
        self._metrics = Metrics()
        self._taking = True
        with ExitStack() as undo:
            tokens = None if config.http.token_file is None else Tokens.read(config.http.token_file)
            listener = listen(config.http.host, config.http.port)
            undo.callback(listener.close)
            self._state = State.open(config.state.url)
            undo.callback(self._state.close)
            self._store = watched(make_store(config, self._clock))
            undo.callback(self._store.close)
            self._bus = MqttBus(
                config.broker,
                gateway=config.gateway,
                regions=config.regions,
                receive=self._receive,
                clock=self._clock,
                rng=rng,
                metrics=BusMetrics(self._metrics.registry),
            )
            self._gate = StoreGate(self._store, config.regions, self._clock)
            self._sites = SiteBook(self._state, self._clock)
            self._alerts = AlertParts(
                config,
                database=self._state,
                store=self._store,
                gate=self._gate,
                clock=self._clock,
                registry=self._metrics.registry,
                register=self._sites.all,
                shown={"broker-shown": lambda: self._bus.shown},
            )
            self._cases = make_cases(
                config.acceptance,
                state=self._state,
                store=self._store,
                clock=self._clock,
                registry=self._metrics.registry,
                zones={site: words.time_zone for site, words in config.sites.items()},
                evidence=make_evidence_store(config, self._clock),
            )
            self._ingest = Ingest(
                regions=config.regions,
                store=self._store,
                state=self._state,
                alerts=self._alerts.engine,
                publish=self._bus.publish,
                clock=self._clock,
                settings=config.ingest,
                metrics=self._metrics,
                rng=rng,
                gateway=config.gateway,
                keep_evidence=self._cases.keeper.keep,
            )
            self._cases.watch(self._ingest.directory)
            every_s = config.acceptance.supervise_every_s
            self._supervise = Worker("supervise", self._cases.supervisor.round, idle_s=lambda: every_s)
            self._cases.desk.on_change(self._supervise.wake)
            self._alerts.engine.watch_samplings(self._cases.supervisor.endangered)
            self._commands = CommandDesk(
                self._state,
                publish=self._bus.publish,
                find=self._ingest.directory.root_of,
                clock=self._clock,
                registry=self._metrics.registry,
            )
            self._ingest.tell_answers(self._commands.answer)
            self._cases.ask_past(self._ingest.directory, self._commands)
            self._hear = Worker("hear", self._hear_round, gather_s=HEAR_GATHER_S, full=FULL_HEARING)
            self._keep = Worker(
                "keep",
                self._keep_round,
                idle_s=self._keep_idle_s,
                gather_s=KEEP_GATHER_S,
                gather_at_most_s=KEEP_GATHER_AT_MOST_S,
                full=FULL_ROUND,
            )
            roller = Roller(self._ingest.touched, self._store, self._clock, self._metrics.registry)
            self._roll = Worker("rollups", roller.round, idle_s=lambda: ROLL_EVERY_S)
            workers = (self._hear, self._keep, self._roll, *self._alerts.workers)
            counters = {one.name: one.rounds_done for one in workers}
            counters["alarms"] = lambda: self._alerts.engine.ticks
            self._pulses = Pulses(counters, hang_s=config.alerts.deadman.hang_s)
            self._deadman = deadman.Deadman(
                config.alerts.deadman,
                faults=self._faults,
                ping=deadman.http_ping(config.alerts.deadman.timeout_s),
                clock=self._clock,
                registry=self._metrics.registry,
            )
            self._watch = Worker("deadman", self._watch_round, idle_s=lambda: deadman.LOOK_S)
            self._ready = ReadinessCheck(
                ingest=self._ingest,
                bus=self._bus,
                store=self._store,
                state=self._state,
                workers=(*workers, self._supervise, self._watch),
                conflicts=self._ingest.directory.conflicts,
                findings=self._ingest.findings,
                store_fault=lambda: self._gate.fault,
                clock=self._clock,
                hangs=self._hangs,
                unheard=self._deadman.troubles,
            )
            self._web = WebServer(self._app(tokens), listener)
            undo.pop_all()

    @property
    def address(self) -> tuple[str, int]:
        """Where the board is."""
        return self._web.address

    def run(self, stop: threading.Event, leave: Callable[[], bool] = lambda: False) -> bool:
        """Work until `stop` is set or `leave`, asked every second, says so; False if a part of ours failed."""
        self._web.start()
        self._ingest.start()
        self._commands.start()
        self._alerts.start(self._ingest.directory)
        self._hear.start()
        self._keep.start()
        self._supervise.start()
        self._roll.start()
        self._bus.start()
        self._watch.start()
        self._watch.wake()
        host, port = self._web.address
        log.info("gateway started", board=f"http://{host}:{port}", regions=list(self._config.regions))
        try:
            while not stop.wait(TICK_S) and not leave():
                self._tick()
                if not self._web.alive:
                    log.error("the web server is gone, ending")
                    return False
            return True
        finally:
            self.close()

    def close(self) -> None:
        """Take nothing more, commit what waits within a bound, say farewell, release everything."""
        log.info("gateway stopping")
        self._taking = False
        self._watch.stop(0.0)
        self._roll.stop(DRAIN_S)
        ended = [worker.stop(DRAIN_S) for worker in (self._hear, self._keep)]
        if all(ended):
            self._drain()
        self._alerts.stop(ALERTS_STOP_S)
        self._supervise.stop(ALERTS_STOP_S)
        self._bus.stop(BUS_STOP_S)
        self._web.stop(HTTP_STOP_S)
        self._ready.close()
        self._store.close()
        self._cases.close()
        self._state.close()
        log.info("gateway stopped")

    def _app(self, tokens: Tokens | None) -> ASGIApp:
        config = self._config
        sources = Sources(
            gateway=config.gateway,
            regions=config.regions,
            directory=self._ingest.directory,
            ledger=self._ingest.ledger,
            store=self._store,
            registry=self._metrics.registry,
            survey=Survey(self._ingest.ledger, self._ingest.directory.shortest_period_s, self._clock),
            readiness=self._ready,
            clock=self._clock,
            titles=config.sites,
            register=self._sites.all,
            alerts=self._alerts.desk,
            cases=self._cases,
            calibrations=partial(of_site, self._state),
            commands=self._commands,
            board=config.alerts.board,
        )
        open_to_all = not config.http.on_loopback and not config.http.names
        sessions = None
        if tokens is not None:
            key = kept_secret(self._state, "session-key")
            sessions = Sessions(tokens, key=key, valid_s=config.http.session_valid_s, clock=self._clock)
        names = None if open_to_all else config.http.names
        return make_app(sources, names=names, tokens=tokens, sessions=sessions)

    def _receive(self, arrivals: list[Arrival]) -> None:
        if self._taking:
            for topic, body, retained in arrivals:
                self._ingest.offer(topic, body, retained)
            self._hear.wake()

    def _hear_round(self) -> int:
        handled = self._ingest.hear()
        if handled:
            self._keep.wake()
        return handled

    def _keep_round(self) -> int:
        kept = self._ingest.keep() if self._gate.is_open() and not self._ingest.wait_s() else 0
        self._bus.set_storing(self._gate.fault is None and self._ingest.storing)
        return kept

    def _keep_idle_s(self) -> float:
        return min(IDLE_S, self._ingest.wait_s() or IDLE_S)

    def _tick(self) -> None:
        try:
            self._ingest.tick()
        except Exception:
            log.exception("a tick failed, trying on")
        try:
            self._commands.tick()
        except Exception:
            log.exception("a tick of the orders failed, trying on")
        try:
            self._alerts.engine.tick()
        except Exception:
            log.exception("a tick of the alarms failed, trying on")
        self._bus.set_storing(self._gate.fault is None and self._ingest.storing)

    def _watch_round(self) -> int:
        # What stands still is found only by looking again and again, whether or not anybody asks.
        self._pulses.look(self._clock.monotonic())
        return self._deadman.round()

    def _faults(self) -> list[str]:
        return [one.text for one in self._ready().reasons]

    def _hangs(self) -> list[str]:
        stuck = deadman.overdue(self._state, to_ms(self._clock.now()), self._config.alerts.deadman.hang_s)
        return [*self._pulses.look(self._clock.monotonic()), *stuck]

    def _drain(self) -> None:
        end = self._clock.monotonic() + DRAIN_S
        try:
            while self._clock.monotonic() < end and self._ingest.hear():
                pass
            while self._clock.monotonic() < end and self._gate.fault is None and self._ingest.keep():
                pass
            self._ingest.save()
        except Exception:
            log.exception("not all that waited was committed; the agents send it again")


def run(config: Config, again: Callable[[], Config] | None = None) -> bool:
    """Run one gateway until SIGTERM, SIGINT or SIGHUP; False if it failed on its own.

    SIGUSR1 begins anew with what `again` gives: what waits is committed, the agents keep the rest until a receipt.

    Args:
        config: What to begin with.
        again: Reads the configuration anew, None: SIGUSR1 changes nothing.

    Raises:
        GatewayError: If it cannot begin.
    """
    stop = threading.Event()
    fresh = FreshConfig(config, again)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, on_signal)
    signal.signal(signal.SIGUSR1, lambda _number, _frame: fresh.ask())
    gc.set_threshold(GARBAGE_AFTER)
    gateway = Gateway(config)
    while gateway.run(stop, fresh.look):
        if stop.is_set():
            return True
        gateway = fresh.begin(Gateway)
    return False


def retry_letters(config: Config, ids: Collection[int] | None) -> list[Retried]:
    """Take dead letters in again, those of `ids` or all; works beside a running gateway.

    Raises:
        ConfigurationError: If one of the ids is none.
        StoreUnavailable: If the store does not answer; what came before is dealt with.
        StateUnavailable: If the state database does not.
    """
    clock = SystemClock()
    with ExitStack() as undo:
        state = State.open(config.state.url)
        undo.callback(state.close)
        store = make_store(config, clock)
        undo.callback(store.close)
        store.prove(config.regions)
        # What is raised here the running gateway adopts, tells and escalates.
        alerts = make_engine(config, state, clock, CollectorRegistry())
        alerts.load()
        retried: list[Retried] = []
        after = 0
        while page := dead_letters(state, after=after, limit=LETTERS_AT_ONCE):
            after = page[-1].id
            chosen = [one for one in page if ids is None or one.id in ids]
            retried += retry(state, store, chosen, clock=clock, settings=config.ingest, alerts=alerts)
        missing = set(ids or ()) - {one.id for one in retried}
        if missing:
            words = ", ".join(map(str, sorted(missing)))
            raise ConfigurationError(f"no dead letter has the id {words}; `dead-letters list` shows them")
        return retried
