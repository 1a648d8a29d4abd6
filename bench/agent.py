"""One agent at ten quantities a second: memory, processor time, its first reading, and how soon one is stored."""

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import processes, stores
from bench.fleet import REGION
from bench.mqtt_wire import HOST, PUBLISH, Link, heard_of
from bench.programs import Gateway
from telemetry import messages, senml
from telemetry.clock import SystemClock
from telemetry.errors import MalformedError
from telemetry.messages import Receipt
from telemetry.readings import Pack
from telemetry.topics import Root
from tests.servers import Mosquitto, Server

CHIP_PERIOD_S: Final = 5.0
"""Sensirion SCD4x data sheet v1.3, section 3.5.1: signal update interval."""

CHIP_START_S: Final = 1.03
"""The same, section 3.5.3: 500 ms after stop_periodic_measurement, twice, for the driver stops it once more when it
looks for the chip; and section 3.9.5: 30 ms for reinit."""

QUANTITIES_A_CHIP: Final = 3
SENSORS: Final = 17
"""Seventeen SCD41, three quantities every five seconds each: 10.2 a second."""

FIRST_WITHIN_S: Final = 60.0
PATIENCE_S: Final = 30.0


class AgentProgram(Server):
    """`openhall-agent run --simulate` from an environment of its own; simulated SCD41 behind the real driver.

    Args:
        program: Its `openhall-agent`.
        broker_port: Where its broker listens.
        tables: Its `[[sensors]]`.
    """

    def __init__(self, directory: Path, *, program: Path, broker_port: int, tables: str) -> None:
        self.path = program
        self.directory = directory
        self.data = directory / "data"
        self.root = Root(REGION, "site-1", "agent-1")
        self._process = None
        self._text = (
            f'region = "{REGION}"\nsite = "site-1"\nagent = "agent-1"\n'
            f'[broker]\nhost = "{HOST}"\nport = {broker_port}\n'
            f'[journal]\npath = "{directory}/agent.journal"\n' + tables
        )

    def command(self) -> list[str]:
        """`openhall-agent run --simulate --config`, with a file."""
        config = self.directory / "agent.toml"
        config.write_text(self._text, encoding="utf-8")
        return [str(self.path), "run", "--simulate", "--config", str(config)]

    def answers(self) -> bool:
        """It need not be waited for: when it speaks is what is measured."""
        return True


@dataclass(slots=True)
class Seen:
    """What a bystander at the broker saw of an agent and its gateway.

    Attributes:
        first_s: Monotonic time of the first pack of air.
        quantities: Values in all packs of air.
        packs: Packs of air.
        stored_ms: From the time in a pack, when its sensor was read, to the arrival of its receipt.
    """

    first_s: float | None = None
    quantities: int = 0
    packs: int = 0
    stored_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMeasured:
    """One run of one agent.

    Attributes:
        store: Behind its gateway.
        seconds: How long it was watched once it was under way.
        quantities_s: Values a second it sent meanwhile.
        cpu_pct: Of one core.
        memory_mb: Resident at the end.
        peak_mb: The most it had.
        threads: It had at the end.
        first_s: From the start of its process to its first pack at a subscriber.
        stored_ms: From reading the sensor to the receipt, of each pack.
    """

    store: str
    seconds: float
    quantities_s: float
    cpu_pct: float
    memory_mb: float
    peak_mb: float
    threads: int
    first_s: float
    stored_ms: list[float]

    @property
    def beyond_chip_s(self) -> float:
        """The first reading, less the time that the chip itself takes."""
        return self.first_s - CHIP_START_S - CHIP_PERIOD_S


class Bystander:
    """Subscribes to one agent's packs and receipts and notes when they come."""

    def __init__(self, link: Link, root: Root) -> None:
        self.seen = Seen()
        self._link = link
        self._root = root
        self._readings = root.readings.encode()
        self._read_ms: dict[tuple[str, int], int] = {}
        self._clock = SystemClock()

    def watch(self, seconds: float) -> None:
        """Take in what comes, for that long."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            self._take(left_s)

    def wait_first(self) -> float:
        """Monotonic time of the first pack of air.

        Raises:
            RuntimeError: If none comes in time.
        """
        end_s = time.monotonic() + FIRST_WITHIN_S
        while self.seen.first_s is None:
            if time.monotonic() > end_s:
                raise RuntimeError(f"the agent sent nothing within {FIRST_WITHIN_S:g} s")
            self._take(0.1)
        return self.seen.first_s

    def wait_stored(self) -> None:
        """Wait until every pack seen is receipted.

        Raises:
            RuntimeError: If a receipt does not come in time.
        """
        end_s = time.monotonic() + PATIENCE_S
        while self._read_ms:
            if time.monotonic() > end_s:
                raise RuntimeError(f"{len(self._read_ms)} packs have no receipt after {PATIENCE_S:g} s")
            self._take(0.1)

    def _take(self, wait_s: float) -> None:
        for frame in self._link.turn(wait_s):
            if frame.kind != PUBLISH:
                continue
            now_s, now_ms = time.monotonic(), self._clock.now() * 1000
            heard = heard_of(frame)
            self._link.acknowledge(heard)
            if heard.topic == self._readings:
                self._pack(heard.body, now_s)
            else:
                self._receipt(messages.decode(heard.body, Receipt), now_ms)

    def _pack(self, body: bytes, now_s: float) -> None:
        with contextlib.suppress(MalformedError):
            pack = senml.decode(body, self._root.site).pack
            if pack is not None and pack.kind is None and not pack.is_declaration and not pack.relative:
                self._air(pack, now_s)

    def _air(self, pack: Pack, now_s: float) -> None:
        seen = self.seen
        seen.first_s = seen.first_s or now_s
        seen.packs += 1
        seen.quantities += len(pack.records)
        self._read_ms[pack.journal, pack.sequence] = pack.records[0].time_ms

    def _receipt(self, receipt: Receipt, now_ms: float) -> None:
        for first, last in receipt.ranges:
            for number in range(first, last + 1):
                read_ms = self._read_ms.pop((receipt.journal, number), None)
                if read_ms is not None:
                    self.seen.stored_ms.append(now_ms - read_ms)


def measure(program: Path, store: str, *, seconds: float, sensors: int = SENSORS) -> AgentMeasured:
    """Run one agent and its gateway, everything new, and watch.

    Args:
        program: `openhall-agent` of the environment to be measured.
        store: `influx`, `victoria` or `sqlite`.
        seconds: How long it is watched, after its first readings.
        sensors: How many SCD41.
    """
    with tempfile.TemporaryDirectory(prefix="openhall-bench-") as name, chain(Path(name), store) as broker:
        folder = Path(name) / "agent"
        agent = AgentProgram(folder, program=program, broker_port=broker.port, tables=chips(sensors))
        with Link(broker.port, "bench-bystander", [agent.root.readings, agent.root.receipt]) as link:
            bystander = Bystander(link, agent.root)
            began_s = time.monotonic()
            with agent:
                first_s = bystander.wait_first() - began_s
                bystander.watch(CHIP_PERIOD_S)
                return _watch(agent, bystander, store, seconds, first_s)


def chips(count: int) -> str:
    """So many SCD41, each on a bus and in a room of its own."""
    return "".join(
        f'[[sensors]]\npart = "scd41"\npoint = "air-{at}"\nroom = "room-{at}"\nbus = "{at}"\n'
        f"period_s = {CHIP_PERIOD_S}\n"
        for at in range(1, count + 1)
    )


def _watch(agent: AgentProgram, bystander: Bystander, store: str, seconds: float, first_s: float) -> AgentMeasured:
    quantities, cpu_s, began_s = bystander.seen.quantities, processes.cpu_s(agent.pid), time.monotonic()
    bystander.watch(seconds)
    took_s = time.monotonic() - began_s
    cpu_s = processes.cpu_s(agent.pid) - cpu_s
    quantities = bystander.seen.quantities - quantities
    memory_mb, threads = processes.memory_mb(agent.pid), processes.threads(agent.pid)
    bystander.wait_stored()
    return AgentMeasured(
        store=store,
        seconds=took_s,
        quantities_s=quantities / took_s,
        cpu_pct=100 * cpu_s / took_s,
        memory_mb=memory_mb,
        peak_mb=processes.peak_memory_mb(agent.pid),
        threads=threads,
        first_s=first_s,
        stored_ms=bystander.seen.stored_ms,
    )


@contextlib.contextmanager
def chain(folder: Path, name: str) -> Iterator[Server]:
    """Broker, store and gateway, running; what is given is the broker."""
    with (
        Mosquitto(folder / "broker") as broker,
        stores.running(name, folder) as store,
        Gateway(folder / "gateway", store=store.table, broker_port=broker.port),
    ):
        yield broker
