"""An alert engine under test: the real engine, outbox and delivery on a fake clock, with channels that remember."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry

from gateway.alerts.alarm import Alarm
from gateway.alerts.census import AgentLife
from gateway.alerts.dispatch import Dispatcher
from gateway.alerts.engine import AlertEngine
from gateway.alerts.links import open_links
from gateway.alerts.metrics import AlertMetrics
from gateway.alerts.outbox import Outbox
from gateway.alerts.plans import Plans
from gateway.alerts.routing import Routing
from gateway.alerts.rule_files import RuleFile
from gateway.alerts.rules import Rules
from gateway.alerts.texts import Wording
from gateway.alerts.words import State
from gateway.notifiers.errors import ChannelRefused
from gateway.notifiers.message import Address, Message
from gateway.state.state import State as Database
from telemetry.clock import to_ms
from telemetry.messages import Health, PointInfo
from telemetry.readings import Flag, Pack, Record
from telemetry.topics import Root
from tests.fakes import FakeClock

ROOT = Root("north", "b001", "pi-1")
AIR = PointInfo(point="hall-air", room="hall", part="scd41", period_s=60.0, quantities=["co2_ppm"])

PEOPLE: dict[str, Any] = {
    name: {"name": name.title(), "channels": ["chat", "sms"], "language": "en"}
    for name in ("resp", "dep", "reg", "city")
}

ALERTS: dict[str, Any] = {
    "people": PEOPLE,
    "channels": {"chat": {"kind": "file", "path": "x"}, "sms": {"kind": "file", "path": "y"}},
    "sites": {"b001": {"responsible": ["resp"], "deputy": ["dep"]}},
    "regions": {"north": ["reg"]},
    "city": ["city"],
    "board": "http://board",
    "group_wait_s": 0,
    "group_interval_s": 0,
    "clear_wait_s": 60,
}

CO2: dict[str, Any] = {
    "name": "co2",
    "severity": "critical",
    "quantity": "co2_ppm",
    "above": 1000,
    "recover": 900,
    "for_s": 600,
    "recover_for_s": 300,
}
CALL: dict[str, Any] = {"name": "call", "severity": "emergency", "when": "call"}


class FakeChannel:
    """A channel that remembers what it took, in order, and fails as it is told."""

    in_group = False

    def __init__(self, desk: "Desk", name: str) -> None:
        self.name = name
        self.fails: Exception | None = None
        self.delivers = False
        self.refuses_person = ""
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None
        self._desk = desk

    def send(self, message: Message, to: Address, now_ms: int) -> bool:
        """Take it, or fail."""
        del now_ms
        self.before()
        if self.refuses_person == to.person:
            raise ChannelRefused("not to them")
        if self.fails is not None:
            raise self.fails
        self._desk.told.append((self._desk.minutes, self.name, to.person, message))
        self.after()
        return self.delivers


class Desk:
    """One gateway's alerts; it can be killed and started again on what it left."""

    def __init__(
        self,
        rules: Sequence[dict[str, Any]] = (CO2, CALL),
        *,
        url: str = "sqlite://",
        start_s: float = 1_790_000_000.0,
        **alerts: Any,
    ) -> None:
        found = msgspec.convert({"rule": list(rules), "alerts": {**ALERTS, **alerts}}, RuleFile)
        self.rules, self.config = found.rule, found.alerts
        self.clock = FakeClock(start_s)
        self.start_s = start_s
        self.url = url
        self.database = Database.open(url)
        self.told: list[tuple[float, str, str, Message]] = []
        self.channels = {name: FakeChannel(self, name) for name in self.config.channels}
        self.agents: list[AgentLife] = []
        self.sequence = 0
        self.start()

    def start(self, *, reopen: bool = False) -> None:
        """Start a gateway; an earlier one is as good as killed."""
        if reopen:
            self.database.close()
            self.database = Database.open(self.url)
        metrics = AlertMetrics(CollectorRegistry())
        self.plans = Plans(self.database, self.config)
        routing = Routing(self.config, self.plans)
        self.engine = AlertEngine(
            self.database,
            rules=Rules(self.rules),
            config=self.config,
            routing=routing,
            clock=self.clock,
            metrics=metrics,
            plans=self.plans,
        )
        self.outbox = Outbox(self.database, self.config)
        self.links = open_links(self.config, self.database)
        self.dispatcher = Dispatcher(
            self.database,
            outbox=self.outbox,
            engine=self.engine,
            wording=Wording({}, {rule.name: rule for rule in self.rules}, "Asia/Shanghai", self.config.grade),
            links=self.links,
            config=self.config,
            notifiers=self.channels,
            clock=self.clock,
        )
        self.engine.load()
        self.engine.watch(lambda: self.agents)
        self.outbox.resume()

    @property
    def minutes(self) -> float:
        """Minutes since the desk was made."""
        return round((self.clock.now() - self.start_s) / 60, 3)

    @property
    def now_ms(self) -> int:
        return to_ms(self.clock.now())

    def deliver(self) -> None:
        """Until nothing is due."""
        while self.dispatcher.round():
            pass

    def pass_time(self, seconds: float, *, step_s: float = 10.0) -> None:
        """Time passes, ticking and delivering."""
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            self.clock.advance(min(step_s, end - self.clock.now()))
            self.engine.tick()
            self.deliver()

    def settle(self) -> None:
        """One tick and all deliveries, without any time passing."""
        self.engine.tick()
        self.deliver()

    # -- what arrives --------------------------------------------------------------------------------------------------

    def air(self, value: float, quantity: str = "co2_ppm", *, root: Root = ROOT, flags: tuple[Flag, ...] = ()) -> None:
        """One live reading of now."""
        self.sequence += 1
        record = Record(name=quantity, time_ms=self.now_ms, value=value, flags=flags)
        pack = Pack(
            site=root.site, point="hall-air", room="hall", journal="j1", sequence=self.sequence, records=(record,)
        )
        self.engine.see(root, pack, self.now_ms)

    def breathe(self, value: float, minutes: int, *, root: Root = ROOT) -> None:
        """A reading a minute, the first one now, ticking between them."""
        for _ in range(minutes):
            self.air(value, root=root)
            self.settle()
            self.pass_time(60)

    def state(
        self,
        state: str,
        *,
        sequence: int | None = None,
        kind: str = "call-toilet",
        point: str = "cord",
        working: bool = True,
        age_s: float = 0.0,
        root: Root = ROOT,
        journal: str = "j1",
    ) -> bool:
        """One facility state; True if its pair was new."""
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        at_ms = self.now_ms - round(age_s * 1000)
        words: dict[str, bool | str] = {"working": working, "state": state}
        pack = Pack(
            site=root.site,
            point=point,
            room="toilet",
            journal=journal,
            sequence=sequence,
            kind=kind,
            records=tuple(Record(name=name, time_ms=at_ms, value=value) for name, value in words.items()),
        )
        return self.engine.hear(root, pack, self.now_ms)

    def health(self, **numbers: Any) -> None:
        self.engine.health(ROOT, Health(**numbers), self.now_ms)

    def online(self, sites: Iterable[str], *, region: str = "north", lives: bool = True) -> None:
        """These sites have an agent each, with one air point; others of the region stay as they are."""
        names = set(sites)
        self.agents = [one for one in self.agents if one.root.region != region or one.root.site not in names]
        self.agents += [AgentLife(Root(region, site, "pi-1"), lives, [AIR]) for site in sorted(names)]

    # -- what came of it -----------------------------------------------------------------------------------------------

    @property
    def open(self) -> list[Alarm]:
        return sorted(self.engine.alarms(), key=lambda alarm: alarm.id)

    @property
    def alarm(self) -> Alarm:
        (alarm,) = self.open
        return alarm

    @property
    def states(self) -> list[State]:
        return [alarm.state for alarm in self.open]

    def heard(self) -> list[tuple[float, str, str]]:
        """Minute, person and what they were told."""
        return [(minute, person, message.tell) for minute, _channel, person, message in self.told]

    def acknowledge(self, by: str = "resp") -> None:
        step = self.engine.acknowledge(self.alarm.id, by)
        assert step is not None
        assert step.changed

    def acknowledge_all(self, by: str = "resp") -> None:
        """Somebody has all that is open and not held back."""
        for alarm in self.open:
            if not alarm.is_silent:
                self.engine.acknowledge(alarm.id, by)
