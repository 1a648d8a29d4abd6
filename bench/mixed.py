"""An agent with twelve sensors of different kinds, and what it costs the branch's line and its memory card.

`python -m bench.mixed --soak-s 1800` watches its memory for so long and says how it grew.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import processes
from bench.agent import PATIENCE_S, AgentProgram, chain
from bench.mqtt_wire import PUBLISH, Link, heard_of
from bench.press import PROGRAM
from bench.wire_meter import Meter, metered
from telemetry import senml
from telemetry.errors import MalformedError

CHIP_S: Final[Mapping[str, float]] = {
    "scd41": 6.05,
    "scd40": 6.05,
    "sfa30": 0.57,
    "sfa40": 1.71,
    "sen66": 2.72,
    "sps30": 1.06,
    "sgp41": 56.37,
    "sht45": 0.02,
    "bme280": 0.02,
    "bh1750": 0.72,
    "pms5003": 2.3,
    "ds18b20": 0.75,
}
"""From a driver's start to its first reading, on a clock that moves only while the driver or its chip waits: what the
data sheets order. A particle sensor's frame comes when it likes, every 2.3 s. A test holds the rest to the drivers."""

PERIOD_S: Final[Mapping[str, float]] = {"scd41": 5.0, "scd40": 5.0, "sfa30": 0.5, "pms5003": 2.3}
"""How often a part has something new; the others: every second."""

DAY_S: Final = 86_400.0
SETTLE_S: Final = 5.0
MINUTE_S: Final = 60.0
WARM_MIN: Final = 5
"""A soak counts from here: by then everything was imported and the sliding windows are full."""

TEN: Final = (("sen66", 30.0), ("bh1750", 30.0))
"""Nine quantities and one, every 30 s."""

MIXED: Final = tuple((part, PERIOD_S.get(part, 1.0)) for part in CHIP_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedMeasured:
    """One run with twelve sensors.

    Attributes:
        seconds: How long it was watched.
        packs_s: Packs a second it sent.
        cpu_pct: Of one core.
        memory_mb: Resident at the end.
        peak_mb: The most it had.
        threads: At the end.
        beyond_s: By part, its first reading from the start of the process, less the chip's own time.
    """

    seconds: float
    packs_s: float
    cpu_pct: float
    memory_mb: float
    peak_mb: float
    threads: int
    beyond_s: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMeasured:
    """What an agent sends, hears and writes in a day, from some minutes.

    Attributes:
        what: What it does.
        seconds: How long it was watched.
        up_mb: Sent a day, in MB of 10^6 bytes.
        down_mb: Heard a day.
        disk_mb: Given to the disk a day, as the kernel counts it.
    """

    what: str
    seconds: float
    up_mb: float
    down_mb: float
    disk_mb: float


def tables(sensors: Sequence[tuple[str, float]]) -> str:
    """`[[sensors]]` of these parts and periods, each where such a part sits."""
    text, buses = "", {"pms5003": "/dev/serial0", "ds18b20": "w1", "scd40": "/dev/i2c-3", "sfa40": "/dev/i2c-3"}
    for part, period_s in sensors:
        bus = buses.get(part, "/dev/i2c-1")
        text += f'[[sensors]]\npart = "{part}"\npoint = "{part}"\nroom = "hall"\nbus = "{bus}"\nperiod_s = {period_s}\n'
    return text


def measure_mixed(program: Path, *, seconds: float) -> MixedMeasured:
    """Run the twelve, and watch for so long after the slowest of them has spoken."""
    with _running(program, MIXED) as (agent, link, _meter, began_s):
        firsts: dict[str, float] = {}
        end_s = began_s + max(CHIP_S.values()) + PATIENCE_S
        while len(firsts) < len(MIXED):
            if time.monotonic() > end_s:
                raise RuntimeError(f"no reading of {sorted({part for part, _ in MIXED} - firsts.keys())}")
            _listen(link, 0.1, firsts)
        cpu_s, watched_s = processes.cpu_s(agent.pid), time.monotonic()
        packs = _listen(link, seconds, firsts)
        took_s = time.monotonic() - watched_s
        return MixedMeasured(
            seconds=took_s,
            packs_s=packs / took_s,
            cpu_pct=100 * (processes.cpu_s(agent.pid) - cpu_s) / took_s,
            memory_mb=processes.memory_mb(agent.pid),
            peak_mb=processes.peak_memory_mb(agent.pid),
            threads=processes.threads(agent.pid),
            beyond_s={part: at_s - began_s - CHIP_S[part] for part, at_s in firsts.items()},
        )


def measure_line(program: Path, what: str, sensors: Sequence[tuple[str, float]], *, seconds: float) -> LineMeasured:
    """Run an agent, and count for so long once it stands."""
    with _running(program, sensors) as (agent, link, meter, _began_s):
        _listen(link, SETTLE_S, {})
        before = (meter.up, meter.down, processes.written_bytes(agent.pid))
        began_s = time.monotonic()
        _listen(link, seconds, {})
        took_s = time.monotonic() - began_s
        after = (meter.up, meter.down, processes.written_bytes(agent.pid))
        up, down, disk = ((now - then) * DAY_S / took_s / 1e6 for then, now in zip(before, after, strict=True))
        return LineMeasured(what=what, seconds=took_s, up_mb=up, down_mb=down, disk_mb=disk)


def soak(program: Path, *, seconds: float) -> list[float]:
    """Resident memory of the twelve, in MB, each minute."""
    with _running(program, MIXED) as (agent, link, _meter, _began_s):
        found = []
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            _listen(link, min(MINUTE_S, max(end_s - time.monotonic(), 0.1)), {})
            found.append(processes.memory_mb(agent.pid))
        return found


@contextlib.contextmanager
def _running(program: Path, sensors: Sequence[tuple[str, float]]) -> Iterator[tuple[AgentProgram, Link, Meter, float]]:
    with (
        tempfile.TemporaryDirectory(prefix="openhall-bench-") as name,
        chain(Path(name), "sqlite") as broker,
        metered(broker.port) as meter,
    ):
        agent = AgentProgram(Path(name) / "agent", program=program, broker_port=meter.port, tables=tables(sensors))
        with Link(broker.port, "bench-bystander", [agent.root.readings]) as link:
            began_s = time.monotonic()
            with agent:
                yield agent, link, meter, began_s


def _listen(link: Link, seconds: float, firsts: dict[str, float]) -> int:
    """Take in what comes for so long; how many packs, and when the first of each point came."""
    packs, end_s = 0, time.monotonic() + seconds
    while (left_s := end_s - time.monotonic()) > 0:
        for frame in link.turn(min(left_s, 1.0)):
            if frame.kind != PUBLISH:
                continue
            heard = heard_of(frame)
            link.acknowledge(heard)
            with contextlib.suppress(MalformedError):
                pack = senml.decode(heard.body, "site-1").pack
                if pack is not None and pack.kind is None:
                    packs += 1
                    firsts.setdefault(pack.point, time.monotonic())
    return packs


def main(argv: Sequence[str]) -> int:
    """Soak, and say how the memory grew."""
    parser = argparse.ArgumentParser(prog="python -m bench.mixed", description=__doc__)
    parser.add_argument("--soak-s", type=float, default=1_800.0, help="how long (%(default)g)")
    options = parser.parse_args(argv)
    found = soak(PROGRAM, seconds=options.soak_s)
    warm = found[min(WARM_MIN, len(found) - 1) :]
    words = " ".join(f"{one:.1f}" for one in found)
    sys.stdout.write(f"MB each minute: {words}\ngrowth since minute {WARM_MIN}: {warm[-1] - warm[0]:+.1f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
