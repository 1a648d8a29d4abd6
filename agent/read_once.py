"""`openhall-agent read-once`: every sensor is opened and read once, without journal and broker."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from agent import sensing
from agent.config import AgentConfig
from agent.inbox import Inbox
from agent.sampler import Job, Outcome, Sampler, SensorPlan
from agent.workers import Workers
from telemetry.clock import Clock, SystemClock, to_ms, to_seconds
from telemetry.quantities import QUANTITIES
from telemetry.readings import Flag


class Findings:
    """What the sensors said: by point a reading, or why there is none.

    Attributes:
        readings: `{"point","room","part","serial","time","values","flags"}` each.
        faults: `{"point","reason"}` each.
    """

    def __init__(self, plans: Sequence[SensorPlan], clock: Clock) -> None:
        self.readings: dict[str, dict[str, Any]] = {}
        self.faults: dict[str, str] = {}
        self._sensors = {plan.point: plan for plan in plans}
        self._serials: dict[str, str] = {}
        self._clock = clock

    def measure(self, point: str, values: Mapping[str, float], flags: Mapping[str, tuple[Flag, ...]]) -> None:
        """Keep the first reading of a point."""
        sensor = self._sensors[point]
        self.faults.pop(point, None)
        self.readings.setdefault(
            point,
            {
                "point": point,
                "room": sensor.room,
                "part": sensor.part.name,
                "serial": self._serials.get(point, ""),
                "time": to_seconds(to_ms(self._clock.now())),
                "values": dict(values),
                "flags": {name: list(words) for name, words in flags.items()},
            },
        )

    def set_state(self, point: str, room: str, kind: str, working: bool, state: str, reason: str = "") -> None:
        """Keep why a point has no reading."""
        if not working and point not in self.readings:
            self.faults[point] = reason

    def identify(self, point: str, serial: str) -> None:
        """Keep the serial number."""
        self._serials[point] = serial

    @property
    def is_whole(self) -> bool:
        """True once nothing more is to be waited for."""
        return len(self.readings.keys() | self.faults.keys()) == len(self._sensors)

    def as_json(self) -> dict[str, Any]:
        """`{"readings":[…],"faults":[…]}`."""
        return {
            "readings": list(self.readings.values()),
            "faults": [{"point": point, "reason": reason} for point, reason in self.faults.items()],
        }

    def lines(self) -> list[str]:
        """The same for people."""
        lines = []
        for reading in self.readings.values():
            words = [f"{name} {value:.{QUANTITIES[name].decimals}f}" for name, value in reading["values"].items()]
            lines.append(f"{reading['point']} ({reading['part']} {reading['serial']}): {', '.join(words)}")
        return lines + [f"{point}: no reading: {reason}" for point, reason in self.faults.items()]


def read_once(config: AgentConfig, *, simulate: bool, timeout_s: float) -> Findings:
    """Read every sensor once; one that says nothing in time is a finding too."""
    clock = SystemClock()
    plans = sensing.plans_of(config, simulate=simulate)
    findings = Findings(plans, clock)
    inbox: Inbox[tuple[Job, Outcome]] = Inbox()
    sampler = Sampler(
        plans,
        sink=findings,
        settings=config.sampler,
        clock=clock,
        rng=random.Random(0),
    )
    workers = Workers(sensing.openers_of(config, simulate=simulate), lambda job, outcome: inbox.put((job, outcome)))
    end_s = clock.monotonic() + timeout_s
    while not findings.is_whole and clock.monotonic() < end_s:
        for job in sampler.poll():
            workers.submit(job)
        due_s = min(sampler.next_due() or end_s, end_s)
        done = inbox.get(max(due_s - clock.monotonic(), 0.01))
        if done is not None:
            sampler.finished(*done)
    workers.close(1.0)
    for plan in plans:
        if plan.point not in findings.readings:
            findings.faults.setdefault(plan.point, f"nothing within {timeout_s:g} s")
    return findings
