"""`openhall-agent run`: sensors, core and bus together, until somebody says stop."""

import functools
import os
import random
import signal
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import structlog

from agent import build, sensing
from agent.care import Care, care_file
from agent.clock_trust import why_trusted
from agent.core import AgentCore
from agent.facility import Checked, Facility, FacilityEvent, Moved
from agent.health import probe_host
from agent.inbox import Inbox
from agent.mqtt_bus import BusEvent
from agent.orders import Orders
from agent.sampler import Job, Outcome, Sampler
from agent.shell import Shell, make_shell
from agent.staging import Staging
from agent.watchdog import watchdog_of
from agent.workers import Workers
from telemetry.clock import Clock, SystemClock

CLOCK_CHECK_S: Final = 1.0
COUNTERS_S: Final = 3600.0
STOP_SENSORS_S: Final = 0.6
STOP_CHECKS_S: Final = 0.3
STOP_BUS_S: Final = 0.8
STOP_MIRROR_S: Final = 0.1
"""Together below the two seconds in which a clean end is to be over."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody asked the agent to end."""

    signal: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A worker is done with a job."""

    job: Job
    outcome: Outcome


Own = Stop | Finished | FacilityEvent
Event = BusEvent | Own


class Agent:
    """All parts of a running agent; `run` returns once a `Stop` is in the inbox."""

    def __init__(
        self, staging: Staging, *, simulate: bool, inbox: Inbox[Event], clock: Clock, rng: random.Random
    ) -> None:
        config = staging.config
        self._clock = clock
        self._stopping = ""
        self._clock_due_s = clock.monotonic()
        self._counters_due_s = clock.monotonic() + COUNTERS_S
        self._inbox = inbox
        trust = "the configuration says so" if config.clock.trust == "always" else why_trusted()
        self._trusted = trust is not None
        root = build.root_of(config)
        path = Path(config.journal.path)
        self._journal = build.open_journal(config, path, root, clock=clock, rng=rng, trusted=self._trusted)
        signer = build.signer_of(config)
        self.core = AgentCore(
            root=root,
            points=sensing.points_of(config, simulate=simulate),
            journal=self._journal,
            uplink_settings=build.uplink_settings(config),
            clock=clock,
            rng=rng,
            trusted=self._trusted,
            version=version("openhall"),
            probe=functools.partial(probe_host, path.parent, certificate=config.broker.cert_file),
            health_period_s=config.health.period_s,
            signer=signer,
            answered=staging.answered,
        )
        self._mirror = build.link_of(config, root, list(self.core.points.values()), clock=clock, rng=rng)
        sink = self.core if self._mirror is None else self._mirror.beside(self.core)
        self._care = Care(care_file(path), clock)
        self._sampler = Sampler(
            sensing.plans_of(config, simulate=simulate),
            sink=sink,
            care=self._care,
            settings=config.sampler,
            clock=clock,
            rng=rng,
        )
        links = sensing.links_of(config, simulate=simulate)
        self._workers = Workers(
            sensing.openers_of(config, simulate=simulate, links=links),
            lambda job, outcome: self._inbox.put(Finished(job, outcome)),
        )
        self._facility = Facility(
            config, simulate=simulate, core=sink, links=links, put=self._inbox.put, clock=clock, rng=rng
        )
        self._shell: Shell[Own] = make_shell(
            config.broker,
            core=self.core,
            client_id=build.client_id_of(root),
            inbox=self._inbox,
            clock=clock,
            rng=rng,
            handle=self._handle,
        )
        self._orders = Orders(
            core=self.core,
            sampler=self._sampler,
            facility=self._facility,
            staging=staging,
            is_connected=lambda: self._shell.is_connected,
            allow=frozenset(config.commands.allow),
            clock=clock,
        )
        self._watchdog = watchdog_of(os.environ, clock)
        log.info(
            "agent starts",
            root=str(root),
            journal=self._journal.id,
            points=len(self.core.points),
            clock=trust,
            key=signer.key if signer else None,
            on_trial=bool(staging.trial),
        )

    @property
    def must_restart(self) -> bool:
        """Whether it ended to be started anew."""
        return bool(self._orders.restart)

    def run(self) -> None:
        """Work until stopped, or until a command says to start anew; then end cleanly."""
        if self._mirror is not None:
            self._mirror.start()
        self._watchdog.ready()
        try:
            while not self._stopping and not self._orders.restart:
                self._mind_clock()
                for job in self._sampler.poll():
                    self._workers.submit(job)
                self._facility.turn()
                self._orders.turn()
                self._watchdog.turn(self._sampler.is_flowing)
                self._shell.turn(self._next_due())
                self._tell_counters()
        finally:
            self._end()

    def _handle(self, event: Own) -> None:
        if isinstance(event, Stop):
            self._stopping = event.signal
        elif isinstance(event, Moved | Checked):
            self._facility.handle(event)
        else:
            self._sampler.finished(event.job, event.outcome)

    def _next_due(self) -> float:
        sensors_s = self._sampler.next_due()
        times_s = [
            self._counters_due_s,
            self._facility.next_due(),
            self._orders.next_due(),
            self._watchdog.next_due(),
            *([] if sensors_s is None else [sensors_s]),
        ]
        return min(times_s if self._trusted else [*times_s, self._clock_due_s])

    def _mind_clock(self) -> None:
        if self._trusted or self._clock.monotonic() < self._clock_due_s:
            return
        self._clock_due_s = self._clock.monotonic() + CLOCK_CHECK_S
        reason = why_trusted()
        if reason is not None:
            self._trusted = True
            log.info("clock trusted", why=reason)
            self.core.trust_clock()

    def _tell_counters(self) -> None:
        if self._clock.monotonic() >= self._counters_due_s:
            self._counters_due_s = self._clock.monotonic() + COUNTERS_S
            log.info("counters", **self._counters())

    def _counters(self) -> dict[str, int]:
        return {
            "readings": self._sampler.readings,
            "sensor_failures": self._sampler.failures,
            "sensor_calls_hanging": self._sampler.abandoned,
            "published": self._shell.published,
            "publish_refused": self._shell.refused,
            "inbox_shed": self._inbox.shed,
        } | (self._facility.counters() | self.core.counters())

    def _end(self) -> None:
        if not self._orders.restart:
            # A restart keeps the process, so systemd has nothing to wait for.
            self._watchdog.stopping()
        if not self._workers.close(STOP_SENSORS_S):
            log.warning("sensors left open, a call hangs")
        if not self._facility.close(STOP_CHECKS_S):
            log.warning("probes left open, a check hangs")
        if self._mirror is not None:
            self._mirror.close(STOP_MIRROR_S)
        self._shell.close(STOP_BUS_S)
        log.info("agent ends", why=self._stopping or self._orders.restart or "fault", **self._counters())
        self._care.save()
        self._journal.close()


def run(staging: Staging, *, simulate: bool) -> int:
    """Run an agent until SIGTERM or SIGINT; the exit code.

    A restart replaces the program in its process, as its supervisor knows it: fresh threads, drivers and memory.
    """
    inbox: Inbox[Event] = Inbox()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        inbox.put(Stop(signal.Signals(number).name))

    # Before anything is opened, so that a stop at any moment is a clean end.
    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    try:
        agent = Agent(staging, simulate=simulate, inbox=inbox, clock=SystemClock(), rng=build.own_random())
    except Exception as error:
        if not staging.trial:
            raise
        staging.reject(str(error))
        _start_anew()
    agent.run()
    if agent.must_restart:
        _start_anew()
    return 0


def _start_anew() -> NoReturn:
    sys.stderr.flush()
    os.execv(sys.executable, sys.orig_argv)
