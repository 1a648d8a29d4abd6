"""`openhall-agent replay`: recorded readings, with their own times, through a journal, the uplink and receipts.

It goes as an agent of its own, `{agent}-replay`, without presence. Started again with the same journal it goes on: what
the journal already has is not taken in twice.
"""

import functools
import random
import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Final

import structlog

from agent import build
from agent.config import AgentConfig
from agent.core import AgentCore
from agent.errors import ConfigurationError
from agent.health import probe_host
from agent.inbox import Inbox
from agent.mqtt_bus import BusEvent
from agent.recording import BadCell, RecordedRow, Recording
from agent.settling import SETTLE_S, Settling
from agent.shell import Shell, make_shell
from telemetry.clock import Clock, SystemClock
from telemetry.ids import is_id
from telemetry.messages import PointInfo
from telemetry.readings import Flag
from telemetry.topics import Root

SUFFIX: Final = "-replay"
MAX_ID: Final = 32

MAX_AHEAD: Final = 5_000
"""Packs that may wait for a receipt before more of the file is read, so that no length of file fills the journal."""

CHUNK: Final = 100
"""Rows taken in between two looks at the network."""

PROGRESS_S: Final = 5.0
PATIENCE_S: Final = 300.0
STOP_BUS_S: Final = 1.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """What the command line says.

    Attributes:
        file: The recording.
        point: The air point whose readings these are.
        room: None: the room the configuration gives the point, or the point's own name.
        speed: So many times the recorded speed; None: as fast as receipts allow.
        journal: None: beside the configured journal.
        patience_s: Give up after so long without any progress; 0: never.
        simulated: True: the recording was made up; every value carries the flag `simulated`.
        settle_s: How long a gateway must have asked for nothing again after the last receipt; 0: no matter.
    """

    file: Path
    point: str
    room: str | None = None
    speed: float | None = None
    journal: Path | None = None
    simulated: bool = False
    patience_s: float = PATIENCE_S
    settle_s: float = SETTLE_S


@dataclass(slots=True, kw_only=True)
class Summary:
    """How a replay goes, counted on the way.

    Attributes:
        rows: Rows of the file that have a time.
        readings: Values of those rows.
        packs: Packs journalled now.
        repeated: Rows that the journal had already, value for value.
        refused: Rows with another value for a time that has one; the first stands.
        bad: Cells and rows that could not be used.
        receipted: Packs receipted now, those left from an earlier run included.
        unreceipted: Packs still without one.
        complete: Whether the whole file was read, every pack is receipted, and the gateway, told what there is, asked
            for nothing again.
        gave_up: Whether it ended because nothing moved for too long: broker, gateway or store cannot be reached.
    """

    rows: int = 0
    readings: int = 0
    packs: int = 0
    repeated: int = 0
    refused: int = 0
    bad: int = 0
    receipted: int = 0
    unreceipted: int = 0
    complete: bool = False
    gave_up: bool = False

    def as_json(self) -> dict[str, int | bool]:
        """By name."""
        return asdict(self)


def replay_id(agent: str) -> str:
    """The id under which an agent's recordings go: `{agent}-replay`, cut to 32."""
    cut = (agent + SUFFIX)[:MAX_ID]
    # An id of 32 would be cut back to the agent's own, whose session the broker would then end.
    return cut if cut != agent else agent[: MAX_ID - len(SUFFIX)] + SUFFIX


class Replay:
    """One recording on its way; `run` returns when all of it is stored, or earlier with a summary that says so."""

    def __init__(
        self,
        config: AgentConfig,
        options: ReplayOptions,
        *,
        clock: Clock,
        rng: random.Random,
        inbox: Inbox[BusEvent | str] | None = None,
    ) -> None:
        if not is_id(options.point):
            raise ConfigurationError([f"--point {options.point!r} is no id: lower-case letters, digits, hyphens"])
        room = options.room or _room_of(config, options.point)
        if not is_id(room):
            raise ConfigurationError([f"--room {room!r} is no id: lower-case letters, digits, hyphens"])
        self._options = options
        self._clock = clock
        self._stopping = ""
        self._began_s = clock.monotonic()
        self._progress_s = self._told_s = self._began_s
        self._first_ms: int | None = None
        self._waiting: RecordedRow | None = None
        self.summary = Summary()
        self._inbox: Inbox[BusEvent | str] = inbox or Inbox()
        root = Root(config.region, config.site, replay_id(config.agent))
        path = options.journal or Path(config.journal.path + SUFFIX)
        self._journal = build.open_journal(config, path, root, clock=clock, rng=rng, trusted=True)
        self._unreceipted_before = self._journal.unreceipted_count
        self._least_unreceipted = self._unreceipted_before
        self._core = AgentCore(
            root=root,
            points=[PointInfo(point=options.point, room=room)],
            journal=self._journal,
            uplink_settings=build.uplink_settings(config),
            clock=clock,
            rng=rng,
            trusted=True,
            version=version("openhall"),
            probe=functools.partial(probe_host, path.parent, certificate=config.broker.cert_file),
            with_presence=False,
            health_period_s=config.health.period_s,
            signer=build.signer_of(config),
        )
        self._settling = Settling(self._core, clock, options.settle_s)
        self._shell: Shell[str] = make_shell(
            config.broker,
            core=self._core,
            client_id=build.client_id_of(root),
            inbox=self._inbox,
            clock=clock,
            rng=rng,
            handle=self.stop,
        )

    def stop(self, reason: str) -> None:
        """End before the last receipt; a word in the inbox does the same from a signal handler."""
        self._stopping = reason

    def run(self) -> Summary:
        """Send the recording, wait for its receipts, and for the gateway to ask for what its store has lost."""
        try:
            with Recording(self._options.file) as recording:
                rows = iter(recording)
                more = True
                while not self._stopping and (more or not self._settling.look(self._journal.unreceipted_count)):
                    more = more and self._feed(rows)
                    self._shell.turn(self._next_due(more))
                    self._mind_progress()
        finally:
            self._end()
        self.summary.complete = not self._stopping and not more and not self.summary.unreceipted
        return self.summary

    # -- reading the file ----------------------------------------------------------------------------------------------

    def _feed(self, rows: Iterator[RecordedRow | BadCell]) -> bool:
        """Take in the rows that are due; False once the file is at its end."""
        for _ in range(min(CHUNK, MAX_AHEAD - self._journal.unreceipted_count)):
            row = self._waiting or next(rows, None)
            if row is None:
                return False
            if isinstance(row, BadCell):
                self.summary.bad += 1
                log.warning("cell of the recording left out", cell=str(row))
                continue
            if self._due_s(row) > self._clock.monotonic():
                self._waiting = row
                return True
            self._waiting = None
            self._take(row)
        return True

    def _due_s(self, row: RecordedRow) -> float:
        if self._first_ms is None:
            self._first_ms = row.time_ms
            self._began_s = self._clock.monotonic()
        if self._options.speed is None:
            return self._began_s
        return self._began_s + (row.time_ms - self._first_ms) / 1000 / self._options.speed

    def _take(self, row: RecordedRow) -> None:
        self._progress_s = self._clock.monotonic()
        summary = self.summary
        summary.rows += 1
        summary.readings += len(row.values)
        if not row.values:
            return
        refused_before = self._journal.counters.refused
        flags = dict.fromkeys(row.values, (Flag.SIMULATED,)) if self._options.simulated else None
        taken = self._core.measure(self._options.point, row.values, flags, row.time_ms)
        if taken is not None:
            summary.packs += 1
        if self._journal.counters.refused > refused_before:
            summary.refused += 1
            log.warning("second value for one time refused, the first stands", line=row.line)
        elif taken is None:
            summary.repeated += 1

    # -- waiting -------------------------------------------------------------------------------------------------------

    def _next_due(self, more: bool) -> float:
        now_s = self._clock.monotonic()
        if not more:
            due_s = self._settling.due_s
            return now_s + 1.0 if due_s is None else min(due_s, now_s + 1.0)
        if self._journal.unreceipted_count >= MAX_AHEAD:
            return now_s + 1.0
        if self._waiting is not None:
            return min(self._due_s(self._waiting), now_s + 1.0)
        return now_s

    def _mind_progress(self) -> None:
        now_s = self._clock.monotonic()
        unreceipted = self._journal.unreceipted_count
        if unreceipted != self._least_unreceipted:
            if unreceipted < self._least_unreceipted:
                self._progress_s = now_s
            self._least_unreceipted = unreceipted
        if self._settling.due_s is not None:
            self._progress_s = now_s
        patience_s = self._options.patience_s
        waits_for_file = self._waiting is not None and not unreceipted
        if patience_s and now_s - self._progress_s > patience_s and not waits_for_file:
            self.summary.gave_up = True
            what = "receipt" if unreceipted else "gateway that stores"
            self.stop(f"no {what} for {patience_s:g} s; are broker, gateway and store up?")
        if now_s - self._told_s >= PROGRESS_S:
            self._told_s = now_s
            log.info("replay under way", rows=self.summary.rows, packs=self.summary.packs, unreceipted=unreceipted)

    def _end(self) -> None:
        unreceipted = self._journal.unreceipted_count
        self.summary.unreceipted = unreceipted
        self.summary.receipted = max(self._unreceipted_before + self.summary.packs - unreceipted, 0)
        if self._stopping:
            log.warning("replay ends early, start it again to go on", why=self._stopping, unreceipted=unreceipted)
        self._shell.close(STOP_BUS_S)
        self._journal.close()


def _room_of(config: AgentConfig, point: str) -> str:
    return next((sensor.room for sensor in config.sensors if sensor.point == point), point)


def replay(config: AgentConfig, options: ReplayOptions) -> Summary:
    """Replay a recording until all of it is stored, SIGTERM or SIGINT.

    Raises:
        RecordingError: If the file cannot be used at all.
        ConfigurationError: If point, room or journal cannot be used.
    """
    with Recording(options.file):
        pass  # A wrong header is told before a journal is made.
    inbox: Inbox[BusEvent | str] = Inbox()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        inbox.put(signal.Signals(number).name)

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return Replay(config, options, clock=SystemClock(), rng=build.own_random(), inbox=inbox).run()
