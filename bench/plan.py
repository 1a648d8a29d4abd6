"""What `make bench` measures, in which order, and how large."""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import agent, call, environment, machine, mixed, through
from bench.press import PROGRAM
from bench.report import Findings
from bench.through import BODIES, FAST, OURS, POINTS, Case

PARTS: Final = ("through", "longer", "agent", "call")

THROUGH: Final = (
    Case(consumer=OURS, store="influx"),
    Case(consumer=FAST, store="influx"),
    Case(consumer=POINTS, store="influx"),
    Case(consumer=BODIES, store="influx"),
    Case(consumer=OURS, store="victoria"),
    Case(consumer=POINTS, store="victoria"),
    Case(consumer=BODIES, store="victoria"),
    Case(consumer=OURS, store="sqlite"),
    Case(consumer=OURS, store="influx", broker="nats"),
    Case(consumer=POINTS, store="influx", broker="nats"),
    Case(consumer=OURS, store="influx", agents=10_000),
    Case(consumer=FAST, store="influx", agents=10_000),
)
SUSTAINED: Final = (Case(consumer=OURS, store="influx"),)
PACED: Final = (Case(consumer=OURS, store="influx"), Case(consumer=OURS, store="sqlite"))
AGENT_STORES: Final = ("influx", "sqlite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured.

    Attributes:
        packs: In a run.
        rounds: Of runs, each case once in each.
        sustained_packs: In the long run.
        paced_packs: In a run at a steady pace.
        paced_s: That pace, packs a second.
        agent_s: How long an agent is watched.
        calls: How often a button is pressed.
    """

    packs: int = 60_000
    rounds: int = 3
    sustained_packs: int = 300_000
    paced_packs: int = 10_000
    paced_s: float = 500.0
    agent_s: float = 60.0
    calls: int = call.CALLS


def carry_out(size: Size, parts: Sequence[str], found: Findings) -> None:
    """Measure these parts and put what is found into `found`."""
    found.packs = size.packs
    # First, since it needs the network and may fail.
    with tempfile.TemporaryDirectory(prefix="openhall-bench-") as folder:
        program = None
        if "agent" in parts:
            _say("making the agent's environment")
            program = environment.make(Path(folder))
        if "through" in parts:
            _measure_through(size, found)
        if "longer" in parts:
            _measure_longer(size, found)
        if program is not None:
            for store in AGENT_STORES:
                _begin(found, f"agent, {store}")
                found.agents.append(agent.measure(program, store, seconds=size.agent_s))
            _measure_mixed(program, size, found)
        if "call" in parts:
            _begin(found, f"{size.calls} calls")
            found.calls.append(call.measure(PROGRAM, calls=size.calls))
            _say(f"    {found.calls[-1].line()}")


def _measure_through(size: Size, found: Findings) -> None:
    for number, case in _turns(THROUGH, size.rounds):
        _begin(found, f"round {number} of {size.rounds}: {_words(case)}")
        one = through.measure(case, size.packs)
        found.through.setdefault(case, []).append(one)
        _say(f"    {one.readings_s:,.0f} readings/s, {one.cpu_us:.0f} µs a pack")


def _measure_mixed(program: Path, size: Size, found: Findings) -> None:
    _begin(found, "agent, twelve kinds of sensors")
    found.mixed.append(mixed.measure_mixed(program, seconds=size.agent_s))
    for what, sensors in (("ten quantities every 30 s", mixed.TEN), ("nothing to measure", ())):
        _begin(found, f"agent, {what}")
        found.lines.append(mixed.measure_line(program, what, sensors, seconds=2 * size.agent_s))


def _measure_longer(size: Size, found: Findings) -> None:
    for case in SUSTAINED:
        _begin(found, f"{size.sustained_packs:,} packs: {_words(case)}")
        found.sustained[case] = (size.sustained_packs, through.measure(case, size.sustained_packs))
    for case in PACED:
        _begin(found, f"{size.paced_s:g} packs/s: {_words(case)}")
        found.paced[case] = (size.paced_s, through.measure(case, size.paced_packs, packs_s=size.paced_s))


def _turns(cases: Sequence[Case], rounds: int) -> Iterator[tuple[int, Case]]:
    """Each case once in each round, every second round backwards, so that none always runs after the same one."""
    for number in range(1, rounds + 1):
        for case in cases if number % 2 else reversed(cases):
            yield number, case


def _words(case: Case) -> str:
    return f"{case.consumer}, {case.store}, {case.broker}, {case.agents:,} branches"


def _begin(found: Findings, text: str) -> None:
    found.loads.append(machine.load_1_min())
    _say(f"{text} (load {found.loads[-1]:.1f})")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
