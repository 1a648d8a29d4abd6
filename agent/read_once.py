"""`openhall-agent read-once`: every sensor is opened and read once, without journal and broker."""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from agent import read_facility, sensing
from agent.config import AgentConfig
from agent.inbox import Inbox
from agent.sampler import Job, Outcome, Sampler, SensorPlan
from agent.workers import Workers
from telemetry.clock import Clock, SystemClock, to_ms, to_seconds
from telemetry.quantities import QUANTITIES
from telemetry.readings import Flag

FIRST_S: Final = {"sgp40": 48.0, "sgp41": 57.0}
"""Until an index comes, counted from the start: Sensirion's gas index algorithm is silent for 45 s (`sgp4x.py`)."""

HEAD: Final = ("POINT", "ROOM", "PART", "QUANTITY", "VALUE", "UNIT", "HEALTH")
HEALTH: Final = {
    "warmup": "warming up",
    "range": "out of range",
    "clock": "clock not trusted",
    "simulated": "simulated",
}


class Findings:
    """What the sensors said: by point a reading, or why there is none.

    Attributes:
        readings: `{"point","room","part","serial","time","values","flags"}` each.
        faults: `{"point","reason"}` each.
        states: Of facility points, see `read_facility.look`.
    """

    def __init__(self, plans: Sequence[SensorPlan], clock: Clock) -> None:
        self.readings: dict[str, dict[str, Any]] = {}
        self.faults: dict[str, str] = {}
        self.states: list[dict[str, Any]] = []
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
    def is_well(self) -> bool:
        """True if every sensor gave a reading and all else works."""
        return not self.faults and all(one["working"] for one in self.states)

    @property
    def is_whole(self) -> bool:
        """True once nothing more is to be waited for."""
        return len(self.readings.keys() | self.faults.keys()) == len(self._sensors)

    def as_json(self) -> dict[str, Any]:
        """`{"readings":[…],"faults":[…],"states":[…]}`."""
        return {
            "readings": list(self.readings.values()),
            "faults": [{"point": point, "reason": reason} for point, reason in self.faults.items()],
            "states": self.states,
        }

    def lines(self) -> list[str]:
        """The same for people: a table of every point, quantity by quantity."""
        rows = [HEAD]
        for plan in self._sensors.values():
            reading = self.readings.get(plan.point)
            if reading is None:
                reason = self.faults.get(plan.point, "nothing yet")
                rows.append((plan.point, plan.room, plan.part.name, "", "", "", f"no reading: {reason}"))
                continue
            for name, value in reading["values"].items():
                quantity = QUANTITIES[name]
                shown = f"{value:.{quantity.decimals}f}"
                health = _health(reading["flags"].get(name, ()))
                rows.append((plan.point, plan.room, plan.part.name, name, shown, quantity.display_unit, health))
            # What a cell leaves out while it warms up would else look like a wrong configuration.
            absent = [one.quantity for one in plan.part.channels if one.quantity not in reading["values"]]
            health = f"nothing yet, the part warms up for {plan.part.warmup_s:g} s"
            rows += [(plan.point, plan.room, plan.part.name, name, "", "", health) for name in absent]
        for one in self.states:
            health = "works" if one["working"] else f"does not work: {one['reason']}"
            rows.append((one["point"], one["room"], one["kind"], "state", one["state"], "", health))
        if len(rows) == 1:
            return ["no sensors are configured, nothing was read; [[sensors]] in the configuration adds one"]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
        return ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _health(flags: Iterable[str]) -> str:
    words = [HEALTH[flag] for flag in flags if flag in HEALTH]
    return ", ".join(words) or "good"


def read_once(config: AgentConfig, *, simulate: bool, timeout_s: float) -> Findings:
    """Read every sensor once, and look at every contact, probe and Modbus device.

    Args:
        config: The agent's.
        simulate: Simulated chips, contacts and Modbus devices.
        timeout_s: How long to wait beyond what a part takes for its first reading; silence is a finding too.
    """
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
    end_s = clock.monotonic() + timeout_s + max((FIRST_S.get(plan.part.name, 0.0) for plan in plans), default=0.0)
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
            findings.faults.setdefault(plan.point, f"nothing within {timeout_s:g} s beyond what the part takes")
    findings.states = read_facility.look(config, simulate=simulate, clock=clock, timeout_s=timeout_s)
    return findings
