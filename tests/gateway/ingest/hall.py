"""A gateway under test: the real ingest on a fake clock and store, with an agent's words to say to it."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.alerts.recorder import AlertRecorder
from gateway.ingest.ingest import Ingest, IngestSettings
from gateway.metrics import Metrics
from gateway.state.state import State
from telemetry import messages, senml
from telemetry.bus import Message
from telemetry.clock import to_ms
from telemetry.messages import Command, Health, PointInfo, Presence, Receipt, Reply
from telemetry.quantities import WIRE_QUANTITIES
from telemetry.ranges import Span
from telemetry.readings import Declaration, Flag, Pack, Record
from telemetry.topics import Root
from tests.fakes import FakeClock, FakeStore

ROOT = Root("north", "b001", "pi-1")
POINT = PointInfo(point="hall-air", room="hall", part="scd41", period_s=20.0, quantities=["co2_ppm"])
CORD = PointInfo(point="cord", room="toilet", kind="call-toilet")


class Hall:
    """One gateway for region `north`; it can be killed and started again on what it left."""

    def __init__(
        self,
        settings: IngestSettings | None = None,
        *,
        state_url: str = "sqlite://",
        regions: Sequence[str] = ("north",),
    ) -> None:
        self.regions = regions
        self.clock = FakeClock()
        self.store = FakeStore()
        self.state = State.open(state_url)
        self.settings = settings or IngestSettings()
        self.sent: list[Message] = []
        self.start()

    def start(self) -> None:
        """Start a gateway; an earlier one is as good as killed."""
        self.metrics = Metrics()
        self.alerts = AlertRecorder(self.state)
        self.ingest = Ingest(
            regions=self.regions,
            store=self.store,
            state=self.state,
            alerts=self.alerts,
            publish=self.sent.append,
            clock=self.clock,
            settings=self.settings,
            metrics=self.metrics,
            rng=random.Random(7),
            gateway="gateway-1",
        )
        self.ingest.start()

    @property
    def now_ms(self) -> int:
        return to_ms(self.clock.now())

    def say(self, topic: str, body: bytes, *, retained: bool = False) -> None:
        """A message comes and is heard; nothing is kept yet."""
        assert self.ingest.offer(topic, body, retained)
        while self.ingest.hear():
            pass

    def keep(self) -> int:
        """Commit rounds until nothing waits; returns how many packs were committed."""
        total = 0
        while count := self.ingest.keep():
            total += count
        return total

    def pass_time(self, seconds: float, *, step_s: float = 1.0) -> None:
        """Let time pass, ticking."""
        left = seconds
        while left > 0:
            self.clock.advance(min(step_s, left))
            left -= step_s
            self.ingest.keep()
            self.ingest.tick()

    # -- an agent's words ----------------------------------------------------------------------------------------------

    def air(self, sequence: int, value: float = 600.0, *, age_s: float = 0.0, root: Root = ROOT, **more: Any) -> Pack:
        """A pack of one CO2 reading comes on `readings`."""
        pack = air_pack(sequence, value, time_ms=self.now_ms - round(age_s * 1000), root=root, **more)
        self.say(root.readings, senml.encode(pack))
        return pack

    def cord(self, sequence: int, state: str, *, age_s: float = 0.0, retained: bool = False, **more: Any) -> Pack:
        """A state of the cord comes on its own topic."""
        pack = state_pack(sequence, state, time_ms=self.now_ms - round(age_s * 1000), **more)
        self.say(ROOT.facility(pack.point), senml.encode(pack), retained=retained)
        return pack

    def presence(
        self,
        boot: str,
        *,
        online: bool = True,
        root: Root = ROOT,
        points: Sequence[PointInfo] = (POINT, CORD),
        retained: bool = False,
    ) -> None:
        body = Presence(online=online, boot=boot, points=list(points) if online else [])
        self.say(root.presence, messages.encode(body), retained=retained)

    def health(self, held: Mapping[str, Sequence[Span]] | None = None, *, root: Root = ROOT, **numbers: Any) -> None:
        spans = None if held is None else {name: list(ranges) for name, ranges in held.items()}
        self.say(root.health, messages.encode(Health(held=spans, **numbers)))

    def declare(self, sequence: int, declaration: Declaration, *, journal: str = "j1") -> None:
        pack = Pack(
            site=ROOT.site,
            point=ROOT.agent,
            room="hall",
            journal=journal,
            sequence=sequence,
            records=declaration.records(self.now_ms),
        )
        self.say(ROOT.readings, senml.encode(pack))

    def answer(self, command: Command, *, missing: Sequence[Span], root: Root = ROOT) -> None:
        reply = Reply(id=command.id, ok=True, result={"sent": 0, "missing": [list(span) for span in missing]})
        self.say(root.reply(command.id), messages.encode(reply))

    # -- what came of it -----------------------------------------------------------------------------------------------

    def receipts(self, root: Root = ROOT) -> list[Receipt]:
        """All receipts sent so far, `heard` ones among them."""
        return [messages.decode(one.body, Receipt) for one in self.sent if one.topic == root.receipt]

    def receipted(self, journal: str = "j1") -> list[Span]:
        return [span for one in self.receipts() if one.journal == journal for span in one.ranges]

    def commands(self) -> list[Command]:
        return [messages.decode(one.body, Command) for one in self.sent if one.topic == ROOT.command("resend")]

    def metric(self, name: str, /, **labels: str) -> float:
        value = self.metrics.registry.get_sample_value(name, labels)
        assert value is not None, name
        return value

    def statuses(self, site: str = ROOT.site) -> dict[int, str]:
        """Minute (from now, 0 is the running one) to what the ledger says, with the reason."""
        found = {}
        for begin, end, status, reason in self.ingest.ledger.intervals(site, 0, 2**52):
            for minute in range(begin // 60_000, end // 60_000):
                found[minute - self.now_ms // 60_000] = f"{status} {reason}".strip()
        return found


def air_pack(
    sequence: int,
    value: float = 600.0,
    *,
    time_ms: int,
    root: Root = ROOT,
    journal: str = "j1",
    quantity: str = "co2_ppm",
    flags: tuple[Flag, ...] = (),
    point: str = "hall-air",
    relative: bool = False,
) -> Pack:
    assert quantity in WIRE_QUANTITIES
    record = Record(name=quantity, time_ms=time_ms, value=value, flags=flags)
    return Pack(
        site=root.site,
        point=point,
        room="hall",
        journal=journal,
        sequence=sequence,
        relative=relative,
        records=(record,),
    )


def state_pack(
    sequence: int,
    state: str,
    *,
    time_ms: int,
    journal: str = "j1",
    point: str = "cord",
    kind: str = "call-toilet",
    working: bool = True,
    reason: str = "",
    relative: bool = False,
) -> Pack:
    words: dict[str, bool | str] = {"working": working, "state": state}
    if reason:
        words["reason"] = reason
    return Pack(
        site=ROOT.site,
        point=point,
        room="toilet",
        journal=journal,
        sequence=sequence,
        kind=kind,
        relative=relative,
        records=tuple(Record(name=name, time_ms=time_ms, value=value) for name, value in words.items()),
    )
