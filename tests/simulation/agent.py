"""A branch in the simulation: the agent's real core on a journal on a memory file system, with a machine round it."""

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.core import AgentCore
from agent.health import HostNumbers
from agent.journal import Journal, JournalSettings, Row
from agent.uplink import UplinkSettings
from telemetry.bus import Message
from telemetry.messages import PointInfo
from telemetry.ranges import Span
from telemetry.topics import Root
from tests.simulation.broker import Broker, Connection
from tests.simulation.world import Crash, MachineClock, World

AIR_PERIOD_S = 20.0
QUANTITY = "co2_ppm"
CALL_POINT = "toilet-cord"
_FILES = ("journal.db", "journal.db-wal")
"""What a power cut may set back; the note beside them is synced before it is used."""


@dataclass(kw_only=True)
class Measured:
    """What one branch measured and did, kept outside all that can crash."""

    air: dict[tuple[str, int], float] = field(default_factory=dict)
    """(jr, sq) -> the value, which no other reading of the simulation has."""
    maybe: set[float] = field(default_factory=set)
    """Values whose journalling a crash cut short: stored or not, but never twice."""
    calls: set[tuple[str, int]] = field(default_factory=set)
    """Pairs of all call states that the journal took."""
    maybe_calls: int = 0
    last_call: str = ""
    true_ms: dict[float, int] = field(default_factory=dict)
    """The time of each value that was measured under a right and trusted clock."""


class SimAgent:
    """One agent: power, process, clock, connection, and a person who pulls the cord."""

    def __init__(self, world: World, broker: Broker, root: Root, folder: Path, value: Callable[[], float]) -> None:
        self.world = world
        self.broker = broker
        self.root = root
        self.clock = MachineClock(world, root.agent)
        self.measured = Measured()
        self.core: AgentCore | None = None
        self.journal: Journal | None = None
        self.crash_chance = 0.0
        self.last_held: dict[str, list[Span]] = {}
        self.max_mb = 50.0
        self.trusted = True
        self.measuring = True
        self.may_lose_power = True
        self.period_s = AIR_PERIOD_S
        self._folder = folder
        self._synced = folder.with_name(folder.name + "-synced")
        self._value = value
        self._connection: Connection | None = None
        self._life = 0
        self._wake_s = 0.0
        folder.mkdir(parents=True)

    @property
    def running(self) -> bool:
        return self.core is not None

    # -- power and process -------------------------------------------------------------------------------------------

    def power_on(self, *, trusted: bool) -> None:
        """Boot the machine and start the agent; without a time source the wall clock is far off at first."""
        self.clock.boot()
        self.trusted = trusted
        self.clock.offset_s = 0.0 if trusted else -self.world.random.uniform(1e5, 1e9)
        self.start()

    def start(self) -> None:
        """Start the agent process."""
        if self.core is not None:
            return
        self._life += 1
        try:
            self.journal = _open_journal(self)
            self.core = AgentCore(
                root=self.root,
                points=[
                    PointInfo(
                        point="hall-air", room="hall", part="scd41", period_s=AIR_PERIOD_S, quantities=[QUANTITY]
                    ),
                    PointInfo(point=CALL_POINT, room="toilet", kind="call-toilet"),
                ],
                journal=self.journal,
                uplink_settings=UplinkSettings(),
                clock=self.clock,
                rng=random.Random(self.world.random.random()),
                trusted=self.trusted,
                version="simulated",
                probe=lambda: HostNumbers(),
            )
        except Crash:
            self._die()
            return
        life = self._life
        self.world.after(self.world.random.uniform(0.0, 3.0), lambda: self._connect(life))
        self.world.after(self.world.random.uniform(0.0, AIR_PERIOD_S), lambda: self._measure(life))

    def kill(self) -> None:
        """SIGKILL: what the journal committed stays."""
        self._die()

    def power_cut(self) -> None:
        """The machine loses power: of the journal there is what was on the disk at the last sync."""
        self._die()
        for name in _FILES:
            if (self._synced / name).exists():
                shutil.copyfile(self._synced / name, self._folder / name)
            else:
                (self._folder / name).unlink(missing_ok=True)
        self.clock.boot()

    def get_time(self) -> None:
        """A time source is found: from now on the clock is right, and trusted."""
        self.clock.offset_s = 0.0
        self.trusted = True
        self._guarded(lambda core: core.trust_clock())

    def synced(self) -> None:
        """The journal says that all it holds is on the disk: keep a copy, as a power cut would leave it."""
        if not self.may_lose_power:
            return
        self._synced.mkdir(exist_ok=True)
        for name in _FILES:
            if (self._folder / name).exists():
                shutil.copyfile(self._folder / name, self._synced / name)
            else:
                (self._synced / name).unlink(missing_ok=True)

    def maybe_crash(self) -> None:
        """A point where the process may die, before or after a commit."""
        if self.world.chance(self.crash_chance):
            raise Crash

    # -- what happens in the branch ------------------------------------------------------------------------------------

    def pull_cord(self, state: str) -> None:
        """Somebody calls for help, or the call is cleared."""
        before = self.measured.last_call
        if before == state:
            return
        rows: list[Row | None] = []

        def act(core: AgentCore) -> None:
            rows.append(core.set_state(CALL_POINT, "toilet", "call-toilet", True, state))

        if self._guarded(act):
            self.measured.last_call = state
            self.measured.calls |= {(row.journal, row.sequence) for row in rows if row is not None}
        else:
            self.measured.maybe_calls += 1

    def _measure(self, life: int) -> None:
        if life != self._life or self.core is None or not self.measuring:
            return
        value = self._value()
        if self.trusted and not self.clock.offset_s:
            self.measured.true_ms[value] = round(self.clock.now() * 1000)
        rows: list[Row | None] = []

        def act(core: AgentCore) -> None:
            rows.append(core.measure("hall-air", {QUANTITY: value}))

        if self._guarded(act):
            for row in rows:
                if row is not None:
                    self.measured.air[row.journal, row.sequence] = value
        else:
            self.measured.maybe.add(value)
        self.world.after(self.period_s * self.world.random.uniform(0.9, 1.1), lambda: self._measure(life))

    # -- the shell round the core --------------------------------------------------------------------------------------

    def drop_connection(self, *, will_delay_s: float) -> None:
        """The network goes: the broker notices after a while."""
        if self._connection is not None:
            self.broker.cut(self._connection, will_delay_s=will_delay_s)
            self._lost_connection()

    def _connect(self, life: int) -> None:
        if life != self._life or self.core is None or (self._connection is not None and self._connection.alive):
            return
        core = self.core
        will = core.will()
        self._connection = self.broker.connect(
            self.root.agent,
            list(core.subscriptions),
            lambda topic, body, retained: self._receive(life, topic, body, retained),
            self._lost_connection,
            will,
        )
        if self._connection is None:
            self.world.after(self.world.random.uniform(1.0, 10.0), lambda: self._connect(life))
        else:
            self._guarded(lambda core: core.connected())

    def _lost_connection(self) -> None:
        self._connection = None
        if self.core is None:
            return
        life = self._life
        self.core.disconnected()
        self.world.after(self.world.random.uniform(0.5, 10.0), lambda: self._connect(life))

    def _receive(self, life: int, topic: str, body: bytes, retained: bool) -> None:
        if life == self._life:
            self._guarded(lambda core: core.receive(topic, body, retained))

    def _guarded(self, act: Callable[[AgentCore], None]) -> bool:
        """Do something with the core, then send what it wants sent. False if the process died of it."""
        if self.core is None:
            return False
        try:
            self.maybe_crash()
            act(self.core)
            self.maybe_crash()
        except Crash:
            self._die()
            return False
        self._send()
        return True

    def _send(self) -> None:
        core = self.core
        if core is None:
            return
        try:
            for message in core.tick():
                self.maybe_crash()
                self._publish(message)
            due_s = core.next_due() - self.clock.monotonic()
        except Crash:
            self._die()
            return
        wake_s = self.world.now_s + max(due_s, 0.05)
        if not self.world.now_s < self._wake_s <= wake_s:
            self._wake_s = wake_s
            life = self._life
            self.world.at(wake_s, lambda: self._wake(life))

    def _wake(self, life: int) -> None:
        if life == self._life and self.core is not None:
            self._send()

    def _publish(self, message: Message) -> None:
        if self._connection is not None:
            self.broker.publish(self._connection, message)

    def _die(self) -> None:
        self._life += 1
        self._wake_s = 0.0
        connection, self._connection = self._connection, None
        if connection is not None:
            self.broker.cut(connection, will_delay_s=self.world.random.choice((0.1, 5.0, 45.0)))
        journal, self.journal, self.core = self.journal, None, None
        if journal is not None:
            self.last_held = journal.held()
            journal.abandon()


def _open_journal(agent: SimAgent) -> Journal:
    return Journal.open(
        agent._folder / "journal.db",
        root=agent.root,
        clock=agent.clock,
        rng=random.Random(agent.world.random.random()),
        settings=JournalSettings(max_mb=agent.max_mb),
        trusted=agent.trusted,
        on_sync=agent.synced,
    )
