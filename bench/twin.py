"""A twin of the fleet: many branches on the real wire, the real broker, gateway and InfluxDB, and misfortune on a plan.

    python -m bench.twin --branches 500 --seconds 300 --fault-every 10 --seed 1

At the end the faults stop, everything has time to come in, and the store is held against what the branches measured.
Exit 0 if nothing is lost and nothing is there twice, 1 otherwise.
"""

import argparse
import random
import resource
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from bench import processes
from bench.fleet import QUANTITIES, REGION, ROOMFULS, draw
from bench.mqtt_wire import HOST
from bench.programs import Gateway
from bench.stores import Influx
from bench.twin_branch import TwinBranch
from bench.twin_faults import Fault, Strike, schedule
from bench.twin_wire import Wire, Wires
from telemetry.clock import SystemClock, to_ms
from tests.end_to_end.refusing_proxy import Mood, RefusingProxy
from tests.servers import Influxd, Mosquitto

CONNECT_AGAIN_S: Final = (1.0, 5.0)
CONNECT_AT_ONCE: Final = 50
GREETED_WITHIN_S: Final = 10.0
CATCH_UP_WITHIN_S: Final = 300.0
CLOCK_JUMPS_MS: Final = (-60_000, 90_000)
FULL_BYTES: Final = 4_096
"""No file of the gateway may grow beyond this while its disk is full."""

SAMPLE: Final = 20
"""Branches of which every value is compared; of the others the number."""

MOODS: Final[dict[Fault, Mood]] = {
    Fault.STORE_503: "503",
    Fault.STORE_429: "429",
    Fault.STORE_HANGS: "hang",
    Fault.STORE_RESETS: "reset",
}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to. Packs have twelve values each.

    Attributes:
        branches: How many.
        faults: How many struck.
        sent: Packs measured by branches, and not taken by a power cut before anybody saw them.
        stored: Packs' worth of values in the store.
        lost: Packs that were sent and are not stored, or with another value.
        twice: Packs' worth of values in the store that nobody measured.
        unreceipted: Packs without a receipt at the end.
        again: Receipts for packs that were receipted before: how much was sent twice.
        vanished: Packs that power cuts took.
        hostile: Malformed messages sent.
        dead_letters: What the gateway parked since its last start.
        receipts: Receipt messages of the gateway since its last start.
        peak_mb: The most memory of a gateway.
        catch_up_s: From the end of the faults to the last receipt.
    """

    branches: int
    faults: int
    sent: int
    stored: float
    lost: int
    twice: float
    unreceipted: int
    again: int
    vanished: int
    hostile: int
    dead_letters: int
    receipts: int
    peak_mb: float
    catch_up_s: float

    @property
    def is_well(self) -> bool:
        """Nothing is lost, nothing twice, nothing owed."""
        return not (self.lost or self.twice or self.unreceipted)


class StartingGateway(Gateway):
    """One that may come up while its store is away: it is there once it answers at all."""

    def answers(self) -> bool:
        """Its web side is alive."""
        with urllib.request.urlopen(f"http://{HOST}:{self.port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)


class Standing(NamedTuple):
    """A fault that lasts until `until_s`."""

    until_s: float
    end: Callable[[], None]


class Twin:
    """One run, within the block."""

    def __init__(self, folder: Path, *, branches: int, period_s: float, seed: int) -> None:
        rng = random.Random(seed)
        rooms = [draw(rng) for _ in range(ROOMFULS)]
        self.branches = [
            TwinBranch(number, rooms, random.Random(rng.getrandbits(64)), REGION, period_s)
            for number in range(branches)
        ]
        for branch in self.branches:
            branch.next_measure_s = time.monotonic() + rng.uniform(0.0, period_s)
            branch.next_health_s = time.monotonic() + rng.uniform(0.0, 60.0)
        self.wires = [Wire(str(branch.root).replace("/", "-"), _subscriptions(branch)) for branch in self.branches]
        self.hostile = 0
        self.peak_mb = 0.0
        self._rng = rng
        self._folder = folder
        self._clock = SystemClock()
        self._poll = Wires()
        self._again_s = dict.fromkeys(range(branches), 0.0)
        self._cut: set[int] = set()
        self._standing: list[Standing] = []
        self._stack = ExitStack()

    def __enter__(self) -> "Twin":
        enter = self._stack.enter_context
        self._stack.callback(self._poll.close)
        self._stack.callback(self._drop_all)
        self.broker = enter(Mosquitto(self._folder / "broker"))
        self.influxd = enter(Influxd(self._folder / "influx"))
        self.store = Influx(self.influxd)
        self.proxy = enter(RefusingProxy(self.influxd.port))
        table = f'kind = "influx"\nurl = "{self.proxy.url}"\ntimeout_s = 3.0'
        more = "[ingest]\nask_after_s = 30.0\nask_again_s = 15.0\nstore_retry_at_most_s = 5.0\n"
        self.gateway = enter(
            StartingGateway(self._folder / "gateway", store=table, broker_port=self.broker.port, more=more)
        )
        return self

    def __exit__(self, *_: object) -> None:
        for standing in self._standing:
            standing.end()
        self._stack.close()

    def _drop_all(self) -> None:
        for wire in self.wires:
            wire.drop()

    def turn(self) -> None:
        """One round of everything."""
        now_s, now_ms = time.monotonic(), to_ms(self._clock.now())
        connecting = 0
        for number, (branch, wire) in enumerate(zip(self.branches, self.wires, strict=True)):
            branch.measure(now_s, now_ms)
            if wire.state == "up":
                self._speak(branch, wire, now_s)
            elif wire.state == "greeting":
                if now_s >= self._again_s[number] + GREETED_WITHIN_S:
                    wire.drop()
            elif connecting < CONNECT_AT_ONCE and self._may_connect(number, now_s):
                connecting += 1
                self._again_s[number] = now_s + self._rng.uniform(*CONNECT_AGAIN_S)
                wire.connect(self.broker.port, branch.connect())
                branch.greeted = False
        self._poll.turn(self.wires)
        self._end_faults(now_s)

    def _may_connect(self, number: int, now_s: float) -> bool:
        return self.branches[number].powered and number not in self._cut and now_s >= self._again_s[number]

    def _speak(self, branch: TwinBranch, wire: Wire, now_s: float) -> None:
        if not branch.greeted:
            branch.greeted = True
            wire.publish(branch.connected(now_s))
        heard, wire.heard = wire.heard, []
        for topic, body in heard:
            for answer in branch.hear(topic, body, now_s):
                wire.publish(answer)
        for message in branch.due(now_s):
            wire.publish(message)

    def strike(self, strike: Strike) -> None:
        """Let a fault begin."""
        until_s = time.monotonic() + strike.lasts_s
        for number in strike.branches:
            self._strike_branch(strike.fault, number, until_s)
        if strike.fault in MOODS:
            self.proxy.mood = MOODS[strike.fault]
            self._standing.append(Standing(until_s, lambda: setattr(self.proxy, "mood", "forward")))
        elif strike.fault is Fault.BROKER:
            self.broker.kill()
            self._standing.append(Standing(until_s, self.broker.start))
        elif strike.fault is Fault.GATEWAY:
            self._remember_peak()
            self.gateway.kill()
            self._standing.append(Standing(until_s, self.gateway.start))
        elif strike.fault is Fault.DISK_FULL and self.gateway.is_running:
            self._limit(FULL_BYTES)
            self._standing.append(Standing(until_s, lambda: self._limit(resource.RLIM_INFINITY)))

    def _strike_branch(self, fault: Fault, number: int, until_s: float) -> None:
        branch, wire = self.branches[number], self.wires[number]
        if fault is Fault.POWER:
            branch.cut_power(to_ms(self._clock.now()))
            wire.drop()
            self._standing.append(Standing(until_s, lambda: setattr(branch, "powered", True)))
        elif fault is Fault.NETWORK:
            wire.drop()
            self._cut.add(number)
            self._standing.append(Standing(until_s, lambda: self._cut.discard(number)))
        elif fault is Fault.CLOCK:
            branch.clock_off_ms = self._rng.randint(*CLOCK_JUMPS_MS)
            self._standing.append(Standing(until_s, lambda: setattr(branch, "clock_off_ms", 0)))
        elif wire.publish(branch.hostile()):
            self.hostile += 1

    def end_all_faults(self) -> None:
        """Fair weather."""
        self._end_faults(float("inf"))

    def stop_measuring(self) -> None:
        """Nothing new; what is owed still goes."""
        for branch in self.branches:
            branch.next_measure_s = float("inf")

    def unreceipted(self) -> int:
        """Packs that wait for a receipt."""
        return sum(len(branch.waiting) for branch in self.branches)

    def outcome(self, faults: int, catch_up_s: float) -> Outcome:
        """Hold the store against what was measured."""
        self._remember_peak()
        sent = sum(len(branch.measured) for branch in self.branches)
        wrong = sum(self._wrong(branch) for branch in self.branches[:: max(1, len(self.branches) // SAMPLE)])
        stored = self.store.values() / len(QUANTITIES)
        return Outcome(
            branches=len(self.branches),
            faults=faults,
            sent=sent,
            stored=stored,
            lost=max(wrong, max(0, sent - int(stored))),
            twice=max(0.0, stored - sent),
            unreceipted=self.unreceipted(),
            again=sum(branch.duplicates for branch in self.branches),
            vanished=sum(branch.vanished for branch in self.branches),
            hostile=self.hostile,
            dead_letters=int(self.gateway.metric("openhall_dead_letters_total")),
            receipts=int(self.gateway.metric("openhall_receipts_total")),
            peak_mb=self.peak_mb,
            catch_up_s=catch_up_s,
        )

    def _wrong(self, branch: TwinBranch) -> int:
        names = ", ".join(f'"{name}"' for name in QUANTITIES)
        query = f"SELECT {names} FROM air WHERE site = '{branch.root.site}'"
        answer = msgspec.json.decode(self.influxd.get("/query", db="openhall", q=query, epoch="ms"))
        series = answer["results"][0].get("series", [])
        held = {int(row[0]): tuple(row[1:]) for one in series for row in one["values"]}
        return sum(held.get(at_ms) != tuple(branch.rooms[values]) for at_ms, values in branch.measured.values())

    def _end_faults(self, now_s: float) -> None:
        over = [one for one in self._standing if one.until_s <= now_s]
        self._standing = [one for one in self._standing if one.until_s > now_s]
        for one in over:
            one.end()

    def _limit(self, most_bytes: int) -> None:
        if self.gateway.is_running:
            resource.prlimit(self.gateway.pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))

    def _remember_peak(self) -> None:
        if self.gateway.is_running:
            self.peak_mb = max(self.peak_mb, processes.peak_memory_mb(self.gateway.pid))


def run(
    *, branches: int, seconds: float, period_s: float, fault_every_s: float, seed: int, tell: Callable[[str], None]
) -> Outcome:
    """One run of the twin.

    Args:
        branches: How many.
        seconds: How long it measures.
        period_s: Seconds between two packs of a branch.
        fault_every_s: Seconds between two faults; 0: none.
        seed: Of everything that is left to chance.
        tell: Told a line at every change.
    """
    every_s = fault_every_s or seconds
    faults = schedule(seed, branches=branches, seconds=seconds * 0.9, every_s=every_s)
    with (
        tempfile.TemporaryDirectory(prefix="openhall-twin-") as folder,
        Twin(Path(folder), branches=branches, period_s=period_s, seed=seed) as twin,
    ):
        began_s = time.monotonic()
        coming = list(faults)
        shown_s = 0.0
        while (passed_s := time.monotonic() - began_s) < seconds:
            if coming and passed_s >= coming[0].at_s:
                strike = coming.pop(0)
                some = f" ({len(strike.branches)})" if strike.branches else ""
                tell(f"{passed_s:6.1f} s  {strike.fault}{some} for {strike.lasts_s:.1f} s")
                twin.strike(strike)
            if passed_s - shown_s >= 1.0:
                shown_s = passed_s
                up = sum(wire.state == "up" for wire in twin.wires)
                tell(f"\r{_bar(passed_s / seconds)} {up} of {branches} online, {twin.unreceipted():,} packs owed ")
            twin.turn()
        twin.end_all_faults()
        twin.stop_measuring()
        fair_s, shown_s = time.monotonic(), 0.0
        while twin.unreceipted() and (passed_s := time.monotonic() - fair_s) < CATCH_UP_WITHIN_S:
            if passed_s - shown_s >= 1.0:
                shown_s = passed_s
                tell(f"\rfair weather, {twin.unreceipted():,} packs owed ")
            twin.turn()
        return twin.outcome(len(faults), time.monotonic() - fair_s)


def main(argv: Sequence[str]) -> int:
    """The command."""
    text = "A fleet of simulated branches on the real wire, with faults; says what was lost."
    parser = argparse.ArgumentParser(prog="python -m bench.twin", description=text)
    parser.add_argument("--branches", type=int, default=500, help="1 to 16000 (%(default)d)")
    parser.add_argument("--seconds", type=float, default=300.0, help="how long it measures (%(default)g)")
    parser.add_argument("--period", type=float, default=5.0, help="seconds between two packs of a branch (%(default)g)")
    parser.add_argument(
        "--fault-every", type=float, default=10.0, help="seconds between two faults; 0: none (%(default)g)"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same faults (%(default)d)")
    parser.add_argument("--json", action="store_true", help="the outcome as JSON")
    options = parser.parse_args(argv)
    if not 1 <= options.branches <= 16_000:
        parser.error("--branches: give 1 to 16000")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most[0] < options.branches + 200:
        if most[1] != resource.RLIM_INFINITY and most[1] < options.branches + 200:
            parser.error(f"--branches: this system allows {most[1]} open files; raise it with ulimit -n")
        resource.setrlimit(resource.RLIMIT_NOFILE, (options.branches + 200, most[1]))
    outcome = run(
        branches=options.branches,
        seconds=options.seconds,
        period_s=options.period,
        fault_every_s=options.fault_every,
        seed=options.seed,
        tell=_tell,
    )
    sys.stderr.write("\n")
    if options.json:
        sys.stdout.write(msgspec.json.encode(outcome).decode() + "\n")
    else:
        for name in outcome.__struct_fields__:
            value = getattr(outcome, name)
            shown = f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"
            sys.stdout.write(f"{name:>14}  {shown}\n")
    return 0 if outcome.is_well else 1


def _subscriptions(branch: TwinBranch) -> tuple[str, ...]:
    return branch.root.receipt, branch.root.command("+"), "openhall/v1/gateway/+"


def _bar(share: float) -> str:
    full = round(min(share, 1.0) * 30)
    return "[" + "#" * full + "." * (30 - full) + "]"


def _tell(line: str) -> None:
    sys.stderr.write(line if line.startswith("\r") else f"\n{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
