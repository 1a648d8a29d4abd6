"""Readings through a consumer into a store: one run of one case, and the medians of several."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import processes, stores
from bench.fleet import QUANTITIES, Fleet
from bench.load import Load, Run
from bench.programs import Gateway, MinimalLoop
from bench.stores import BenchStore
from tests.servers import Mosquitto, NatsServer, Server

SETTLE_S: Final = 2.0
"""So long a loop without receipts may take to store the first pack of every branch."""

OURS: Final = "gateway"
FAST: Final = "gateway-gmqtt"
CLIENTS: Final = {OURS: "paho", FAST: "gmqtt"}
"""By consumer that is our gateway, the library that speaks MQTT in it."""

POINTS: Final = "points"
BODIES: Final = "bodies"
TITLES: Final = {
    OURS: "**openhall-gateway**",
    FAST: "**openhall-gateway**, gmqtt",
    POINTS: "paho + json + `Point` + batching client",
    BODIES: "paho + json + one body at a time",
}
STORES: Final = {"influx": "InfluxDB 1.6.7", "victoria": "VictoriaMetrics", "sqlite": "SQLite"}
BROKERS: Final = {"mosquitto": "Mosquitto", "nats": "nats-server"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is measured.

    Attributes:
        consumer: `gateway`, `gateway-gmqtt`, or one way of the minimal loop: `points`, `bodies`.
        store: `influx`, `victoria` or `sqlite`.
        broker: `mosquitto` or `nats`.
        agents: How many branches share the packs.
    """

    consumer: str
    store: str
    broker: str = "mosquitto"
    agents: int = 1_000

    @property
    def title(self) -> str:
        """As the table names it."""
        return TITLES[self.consumer]

    @property
    def is_ours(self) -> bool:
        """True if it is a gateway, which answers with receipts."""
        return self.consumer in CLIENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run.

    Attributes:
        readings_s: Values stored a second, from the first pack sent to the last one receipted.
        slowest_s: The same in the worst five seconds; only with receipts.
        cpu_us: Processor time of the consumer a pack, in microseconds.
        broker_us: Likewise of the broker.
        store_us: Likewise of the store, 0 if it has no process.
        load_us: Likewise of the load.
        peak_mb: The most memory that the consumer had.
        receipts: Receipt messages a pack.
        delays_ms: From sending to receipt; only of paced runs.
    """

    readings_s: float
    slowest_s: float
    cpu_us: float
    broker_us: float
    store_us: float
    load_us: float
    peak_mb: float
    receipts: float = 0.0
    delays_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cpu:
    """Processor time of the parts of a chain so far."""

    consumer_s: float
    broker_s: float
    store_s: float


class LostError(RuntimeError):
    """A store does not hold what was sent: the run is worth nothing."""


def measure(case: Case, packs: int, *, packs_s: float | None = None) -> Measured:
    """Run a case once with everything new: broker, store, consumer.

    Args:
        case: Which.
        packs: How many.
        packs_s: At that pace, and with the delay of each; None: as fast as they are receipted.

    Raises:
        LostError: If the store does not end with exactly the values that were sent.
    """
    with tempfile.TemporaryDirectory(prefix="openhall-bench-") as name:
        folder = Path(name)
        with _broker(case.broker, folder) as broker, stores.running(case.store, folder) as store:
            one = _through_gateway if case.is_ours else _through_loop
            measured = one(case, broker, store, folder, packs, packs_s)
            held, sent = store.values(), (case.agents + packs) * len(QUANTITIES)
            if held != sent:
                raise LostError(f"{case}: {sent} values were sent and the store holds {held}")
            return measured


def median(found: list[Measured]) -> Measured:
    """The median of each number, and all delays."""

    def of(part: Callable[[Measured], float]) -> float:
        return statistics.median(map(part, found))

    return Measured(
        readings_s=of(lambda one: one.readings_s),
        slowest_s=of(lambda one: one.slowest_s),
        cpu_us=of(lambda one: one.cpu_us),
        broker_us=of(lambda one: one.broker_us),
        store_us=of(lambda one: one.store_us),
        load_us=of(lambda one: one.load_us),
        peak_mb=of(lambda one: one.peak_mb),
        receipts=of(lambda one: one.receipts),
        delays_ms=[delay for one in found for delay in one.delays_ms],
    )


def spread_pct(found: list[Measured]) -> float:
    """How far the runs lie apart: half of fastest less slowest, as a part of the median."""
    speeds = [one.readings_s for one in found]
    return 50 * (max(speeds) - min(speeds)) / statistics.median(speeds)


def _through_gateway(
    case: Case, broker: Server, store: BenchStore, folder: Path, packs: int, packs_s: float | None
) -> Measured:
    fleet = Fleet(case.agents)
    with (
        Gateway(
            folder / "gateway", store=store.table, broker_port=broker.port, client=CLIENTS[case.consumer]
        ) as gateway,
        Load(fleet, broker.port, timed=packs_s is not None) as load,
    ):
        load.introduce()
        load.flood(case.agents)
        before = _cpu(gateway.pid, broker, store)
        receipts = gateway.metric("openhall_receipts_total")
        run = load.flood(packs) if packs_s is None else load.pace(packs, packs_s)
        after = _cpu(gateway.pid, broker, store)
        if not fleet.is_whole():
            raise LostError(f"{case}: a branch has no receipt for some of its packs, or one too many")
        receipts = gateway.metric("openhall_receipts_total") - receipts
        peak_mb = processes.peak_memory_mb(gateway.pid)
        return _measured(run, run.seconds, before, after, peak_mb, receipts / packs)


def _through_loop(
    case: Case, broker: Server, store: BenchStore, _folder: Path, packs: int, packs_s: float | None
) -> Measured:
    with (
        MinimalLoop(
            broker_port=broker.port,
            url=store.url,
            bucket=store.bucket,
            write=case.consumer,
            packs=case.agents + packs,
            v1=case.store == "influx",
        ) as loop,
        Load(Fleet(case.agents), broker.port, receipts=False) as load,
    ):
        load.flood(case.agents)
        time.sleep(SETTLE_S)
        before = _cpu(loop.pid, broker, store)
        run = load.flood(packs) if packs_s is None else load.pace(packs, packs_s)
        seconds = loop.wait_stored() - run.began_s
        after = _cpu(loop.pid, broker, store)
        return _measured(run, seconds, before, after, processes.peak_memory_mb(loop.pid), 0.0)


def _measured(run: Run, seconds: float, before: Cpu, after: Cpu, peak_mb: float, receipts: float) -> Measured:
    return Measured(
        readings_s=run.packs * len(QUANTITIES) / seconds,
        slowest_s=run.slowest_packs_s() * len(QUANTITIES) if run.marks[-1][1] else 0.0,
        cpu_us=(after.consumer_s - before.consumer_s) / run.packs * 1e6,
        broker_us=(after.broker_s - before.broker_s) / run.packs * 1e6,
        store_us=(after.store_s - before.store_s) / run.packs * 1e6,
        load_us=run.own_cpu_s / run.packs * 1e6,
        peak_mb=peak_mb,
        receipts=receipts,
        delays_ms=run.delays_ms,
    )


def _cpu(consumer: int, broker: Server, store: BenchStore) -> Cpu:
    store_s = 0.0 if store.pid is None else processes.cpu_s(store.pid)
    return Cpu(processes.cpu_s(consumer), processes.cpu_s(broker.pid), store_s)


@contextmanager
def _broker(name: str, folder: Path) -> Iterator[Server]:
    server = Mosquitto(folder / "broker") if name == "mosquitto" else NatsServer(folder / "broker")
    with server:
        yield server
