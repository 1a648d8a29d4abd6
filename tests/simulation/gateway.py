"""A gateway in the simulation: the real ingest, ledger, state and SQLite store in a process that may die anywhere."""

import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry
from sqlalchemy import event

from gateway.alerts.calm import CalmPlace
from gateway.alerts.census import AgentLife
from gateway.alerts.engine import AlertEngine
from gateway.alerts.metrics import AlertMetrics
from gateway.alerts.routing import Routing
from gateway.alerts.rule_files import default_rules
from gateway.alerts.rules import Rules
from gateway.alerts.settings import AlertsConfig
from gateway.cases import rows
from gateway.cases.events import Opened, Stamp
from gateway.cases.keeper import PackKeeper
from gateway.cases.metrics import CaseMetrics
from gateway.errors import StoreUnavailable
from gateway.ingest.ingest import Ingest, IngestSettings
from gateway.metrics import Metrics
from gateway.ports import AnyPoint, ReadingsQuery, Refused, StoredReading
from gateway.state.state import State
from gateway.stores.sqlite_store import SqliteStore
from telemetry import messages
from telemetry.bus import Message
from telemetry.clock import to_ms
from telemetry.messages import GatewayStatus, Health
from telemetry.readings import Pack
from telemetry.topics import GATEWAY_STATUS_FILTER, Root, gateway_status, region_filters
from tests.simulation.broker import Broker, Connection
from tests.simulation.world import Crash, MachineClock, World

REGION = "north"
CASE_SITE = "site-a"
"""The branch with an acceptance case."""
CENSUS_EVERY_S = 300.0
"""Gauges and dark branches decide nothing here: at their usual 5 s they would cost a quarter of a run."""


class StoreRoom:
    """The store's machine, shared by gateways: it may refuse, be emptied, or be restored from an older copy."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.refuses = False
        self.forgets_to_answer = 0.0
        self.folder = folder
        self._copy = folder.with_name("store-copy")
        folder.mkdir(parents=True)
        self.generation = 0
        self.losses = 0
        self.under_way: set[float] = set()
        """Values written since the last round that ended well."""
        self.cut_short: set[float] = set()
        """Values that were written in a round which a death cut short: the store may have them, the ledger not."""

    def open(self) -> SqliteStore:
        return SqliteStore(self.folder / "store.db", clock=MachineClock(self.world, "store"))

    def back_up(self) -> None:
        """Keep a copy, to be restored later."""
        if self._copy.exists():
            shutil.rmtree(self._copy)
        shutil.copytree(self.folder, self._copy)

    def restore(self) -> None:
        """Put the older copy back, or start empty where there is none."""
        shutil.rmtree(self.folder)
        if self._copy.exists():
            shutil.copytree(self._copy, self.folder)
        else:
            self.folder.mkdir()
        self.generation += 1
        self.losses += 1

    def empty(self) -> None:
        """Throw all of it away."""
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        self.generation += 1
        self.losses += 1


class FaultyStore:
    """The real store behind a network that refuses, and a gateway that may die before or after each commit."""

    def __init__(self, room: StoreRoom, maybe_crash: Callable[[], None]) -> None:
        self._room = room
        self._maybe_crash = maybe_crash
        self._generation = room.generation
        self._store = room.open()

    def _real(self) -> SqliteStore:
        if self._room.refuses:
            raise StoreUnavailable("refused, by the simulation")
        if self._generation != self._room.generation:
            # Its files were exchanged under it: the connection breaks once, then the new files are served.
            self._generation = self._room.generation
            self._store.close()
            self._store = self._room.open()
            raise StoreUnavailable("connection reset, by the simulation")
        return self._store

    def prove(self, regions: Sequence[str]) -> None:
        self._real().prove(regions)

    def write(self, points: Sequence[AnyPoint]) -> list[Refused]:
        store = self._real()
        self._maybe_crash()
        self._room.under_way |= {
            float(value) for point in points if point.measurement == "air" for value in point.fields.values()
        }
        refused = store.write(points)
        self._maybe_crash()
        if self._room.world.chance(self._room.forgets_to_answer):
            raise StoreUnavailable("time-out after the commit, by the simulation")
        return refused

    def marks(self) -> dict[str, int] | None:
        return self._real().marks()

    def readings(self, query: ReadingsQuery) -> list[StoredReading]:
        return self._real().readings(query)

    def close(self) -> None:
        self._store.close()


class WatchfulAlerts:
    """The real engine; it also remembers what was heard, outside all that can crash, and what was seen live."""

    def __init__(self, engine: AlertEngine, gateway: "SimGateway") -> None:
        self._engine = engine
        self._gateway = gateway

    def hear(self, root: Root, pack: Pack, arrived_ms: int) -> bool:
        self._gateway.maybe_crash()
        new = self._engine.hear(root, pack, arrived_ms)
        self._gateway.maybe_crash()
        if new and pack.is_call:
            # People are told after the commit and before `heard`: here is where the telephone would ring.
            self._gateway.told.append((str(root), pack.journal, pack.sequence))
        return new

    def see(self, root: Root, pack: Pack, arrived_ms: int) -> None:
        times_ms = [record.time_ms for record in pack.records]
        self._gateway.seen.append((str(root), times_ms, arrived_ms))
        self._engine.see(root, pack, arrived_ms)

    def calm_air(self, root: Root, room: str, point: str) -> "WatchfulCalm":
        return WatchfulCalm(self._engine.calm_air(root, room, point), self._gateway, root)

    def health(self, root: Root, health: Health, arrived_ms: int) -> None:
        self._engine.health(root, health, arrived_ms)


class WatchfulCalm:
    """The engine's calm, which also remembers what passed as live."""

    def __init__(self, calm: CalmPlace, gateway: "SimGateway", root: Root) -> None:
        self.bands = calm.bands
        self._calm = calm
        self._gateway = gateway
        self._root = root

    def passes(self, time_ms: int, arrived_s: float) -> bool:
        passed = self._calm.passes(time_ms, arrived_s)
        if passed:
            self._gateway.calm_seen += 1
            self._gateway.seen.append((str(self._root), [time_ms], to_ms(self._gateway.clock.now())))
        return passed


class SimGateway:
    """One gateway: process and connection; state and store are files that outlive it."""

    def __init__(self, world: World, broker: Broker, name: str, folder: Path, room: StoreRoom) -> None:
        self.world = world
        self.broker = broker
        self.name = name
        self.clock = MachineClock(world, name)
        self.room = room
        self.crash_chance = 0.0
        self.told: list[tuple[str, str, int]] = []
        self.seen: list[tuple[str, list[int], int]] = []
        self.calm_seen = 0
        self.crashes = 0
        self.tick_s = 4.0
        self.ingest: Ingest | None = None
        self.state: State | None = None
        self._folder = folder
        self._connection: Connection | None = None
        self._life = 0
        self._storing: bool | None = None
        self._boot = ""
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def running(self) -> bool:
        return self.ingest is not None

    def maybe_crash(self) -> None:
        if self.world.chance(self.crash_chance):
            self.crashes += 1
            raise Crash

    def start(self) -> None:
        if self.ingest is not None:
            return
        self._life += 1
        self._storing = None
        self.clock.boot()
        self.state = State.open(f"sqlite:///{self._folder / 'state.db'}")
        self._open_case()
        event.listen(self.state.engine, "commit", lambda _connection: self.maybe_crash())
        self._store = FaultyStore(self.room, self.maybe_crash)
        self.engine = AlertEngine(
            self.state,
            rules=Rules(default_rules()),
            config=AlertsConfig(),
            routing=Routing(AlertsConfig()),
            clock=self.clock,
            metrics=AlertMetrics(CollectorRegistry()),
            census_every_s=CENSUS_EVERY_S,
        )
        self.ingest = Ingest(
            regions=[REGION],
            store=self._store,
            state=self.state,
            alerts=WatchfulAlerts(self.engine, self),
            publish=self._publish,
            clock=self.clock,
            settings=IngestSettings(),
            metrics=Metrics(),
            rng=random.Random(self.world.random.random()),
            gateway=self.name,
            census_every_s=CENSUS_EVERY_S,
            keep_evidence=PackKeeper(CaseMetrics(CollectorRegistry())).keep,
        )
        life = self._life
        self.engine.watch(lambda: self._lives(life))
        if self._guarded(lambda ingest: (self.engine.load(), ingest.start())):
            self.world.after(self.world.random.uniform(0.0, 2.0), lambda: self._connect(life))
            self.world.after(1.0, lambda: self._tick(life))

    def _open_case(self) -> None:
        """One branch is renovated from the beginning: its raw packs are evidence."""
        assert self.state is not None
        with self.state.write() as connection:
            if not rows.list_cases(connection):
                opened = Opened(region=REGION, site=CASE_SITE, title="", profile="", plan="")
                rows.begin(connection, Stamp(number=1, time_ms=0, who="simulation"), opened)

    def kill(self) -> None:
        """SIGKILL, at a moment between two steps; `maybe_crash` kills within them."""
        self._die(will_delay_s=self.world.random.choice((0.1, 10.0, 60.0)))

    def stop(self) -> None:
        """A proper stop: what is queued is committed, status says offline."""
        if self.ingest is None:
            return
        self._guarded(lambda ingest: (ingest.hear(), ingest.keep()))
        if self.ingest is None:
            return
        farewell = Message(topic=gateway_status(self.name), body=self._will().body, retain=True)
        if not self._guarded(lambda _ingest: self._publish(farewell)):
            return
        if self._connection is not None:
            self.broker.leave(self._connection)
        self._die(will_delay_s=0.0)

    def drop_connection(self, *, will_delay_s: float) -> None:
        if self._connection is not None:
            self.broker.cut(self._connection, will_delay_s=will_delay_s)
            self._lost_connection()

    def _will(self) -> Message:
        body = messages.encode(GatewayStatus(online=False, boot=self._boot))
        return Message(topic=gateway_status(self.name), body=body, retain=True)

    def _lives(self, life: int) -> list[AgentLife]:
        if life != self._life or self.ingest is None:
            return []
        return [
            AgentLife(view.root, view.online, view.presence.points)
            for view in self.ingest.directory.agents()
            if view.presence is not None
        ]

    def _connect(self, life: int) -> None:
        if life != self._life or self.ingest is None or self._connection is not None:
            return
        self._boot = f"{self.name}-{self._life}-{self.world.random.randrange(10**9)}"
        self._connection = self.broker.connect(
            self.name,
            [*region_filters(REGION), GATEWAY_STATUS_FILTER],
            lambda topic, body, retained: self._receive(life, topic, body, retained),
            self._lost_connection,
            self._will(),
        )
        if self._connection is None:
            self.world.after(self.world.random.uniform(1.0, 5.0), lambda: self._connect(life))
            return
        self._storing = None
        self._guarded(lambda _ingest: self._tell_status())

    def _lost_connection(self) -> None:
        self._connection = None
        if self.ingest is not None:
            life = self._life
            self.world.after(self.world.random.uniform(0.5, 5.0), lambda: self._connect(life))

    def _tell_status(self) -> None:
        if self.ingest is None or self._connection is None or self.ingest.storing == self._storing:
            return
        self._storing = self.ingest.storing
        status = GatewayStatus(
            online=True, boot=self._boot, since=round(self.clock.now(), 3), regions=[REGION], storing=self._storing
        )
        self._publish(Message(topic=gateway_status(self.name), body=messages.encode(status), retain=True))

    def _receive(self, life: int, topic: str, body: bytes, retained: bool) -> None:
        if life != self._life or self.ingest is None:
            return
        self.ingest.offer(topic, body, retained)
        self.world.after(self.world.random.uniform(0.0, 0.05), lambda: self._work(life))

    def _work(self, life: int) -> None:
        if life == self._life and self._guarded(lambda ingest: ingest.hear()):
            self.world.after(self.world.random.uniform(0.0, 0.2), lambda: self._keep(life))

    def _keep(self, life: int) -> None:
        if life == self._life:
            self._guarded(lambda ingest: ingest.keep())

    def _tick(self, life: int) -> None:
        if life != self._life or self.ingest is None:
            return
        if self._guarded(
            lambda ingest: (ingest.hear(), ingest.keep(), ingest.tick(), self.engine.tick(), self._tell_status())
        ):
            self.world.after(self.tick_s, lambda: self._tick(life))

    def _guarded(self, act: Callable[[Ingest], object]) -> bool:
        if self.ingest is None:
            return False
        try:
            act(self.ingest)
        except Crash:
            self._die(will_delay_s=self.world.random.choice((0.1, 10.0, 60.0)))
            self.world.after(self.world.random.uniform(0.5, 20.0), self.start)
            return False
        if not self.ingest._committer.in_hand:
            self.room.under_way.clear()
        return True

    def _publish(self, message: Message) -> None:
        self.maybe_crash()
        if self._connection is not None:
            self.broker.publish(self._connection, message)

    def _die(self, *, will_delay_s: float) -> None:
        if self.ingest is None:
            return
        self._life += 1
        self.ingest = None
        self.room.cut_short |= self.room.under_way
        self.room.under_way.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            self.broker.cut(connection, will_delay_s=will_delay_s)
        self._store.close()
        self.state.close()
