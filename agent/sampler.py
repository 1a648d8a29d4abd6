"""When each sensor is opened and read, and what becomes of what it says.

Pure: it hands out jobs and takes their outcomes in; threads that block in drivers are `workers.py`'s. Each sensor has
its own period, its own worker and its own back-off, so that one that hangs or raises never stops another.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import floor, isfinite
from typing import Final, Protocol

import structlog

from agent.care import Care
from agent.config import CalibrationConfig, SamplerConfig
from telemetry.clock import Clock
from telemetry.parts import Part
from telemetry.readings import SENSOR_KIND, Flag

SILENT_AT_LEAST_S: Final = 60.0
"""No part of ours needs longer for a new reading, so that a short period raises no false fault."""

POLL_MAX_S: Final = 0.5
"""How often a sensor without new data is asked again: the first reading comes that much later at most."""

STUCK_AFTER: Final = 2
"""Calls of one sensor that hang one after another: the first may be a bus that has its own time-out."""

JITTER: Final = 0.2
"""Back-off varies by so much, so that sensors which failed together do not come back together."""

log = structlog.get_logger(__name__)


class JobKind(StrEnum):
    """What a worker is asked to do: open (or open again) its sensor, read it once, or calibrate it."""

    OPEN = "open"
    READ = "read"
    CALIBRATE = "calibrate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One blocking call. `sensor` is the place in the list; `generation` tells a sensor's workers apart.

    `reference` is what to calibrate at, in the unit of the quantity.
    """

    sensor: int
    generation: int
    kind: JobKind
    reference: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a job ended.

    Attributes:
        values: By quantity, each in its unit; None: no new data.
        serial: Of the sensor just opened.
        error: Why it failed, None if it did not.
        correction: What a calibration changed, in the unit of the quantity.
    """

    values: Mapping[str, float] | None = None
    serial: str = ""
    error: str | None = None
    correction: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorPlan:
    """What is to be sampled: one sensor, its point and how often."""

    point: str
    room: str
    part: Part
    period_s: float
    calibration: CalibrationConfig | None = None
    simulated: bool = False
    installed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRead:
    """How the newest reading of a sensor ended: its values, calibrated, with their flags, and `raw`; or the error."""

    at_s: float
    raw: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, float]
    flags: Mapping[str, tuple[Flag, ...]]
    error: str = ""


class Sink(Protocol):
    """Where readings and states go: the agent's core."""

    def measure(self, point: str, values: Mapping[str, float], flags: Mapping[str, tuple[Flag, ...]]) -> object:
        """Take one reading of an air point, measured now."""

    def set_state(self, point: str, room: str, kind: str, working: bool, state: str, reason: str = "") -> object:
        """Take the state of a facility point."""

    def identify(self, point: str, serial: str) -> object:
        """Take the serial number of a point's sensor."""


class _Line:
    """One sensor's place in time."""

    def __init__(self, plan: SensorPlan, now_s: float) -> None:
        self.plan = plan
        self.generation = 0
        self.kind = JobKind.OPEN
        self.due_s = now_s
        self.busy_since_s: float | None = None
        self.opened_s = now_s
        self.grid_s: float | None = None
        self.data_s = now_s
        self.failures = 0
        self.working: bool | None = None
        self.needs_thread = False
        self.last: LastRead | None = None
        self.hangs = 0
        self.news = ""
        self.notice = ""
        self.is_held = False
        self.reference = 0
        self.calibrated: Outcome | None = None


class Sampler:
    """The plan of all sensors of an agent.

    Attributes:
        readings: Readings handed on.
        failures: Jobs that failed or hung.
    """

    def __init__(
        self,
        plans: Sequence[SensorPlan],
        *,
        sink: Sink,
        settings: SamplerConfig,
        clock: Clock,
        rng: random.Random,
        care: Care | None = None,
    ) -> None:
        self.readings = 0
        self.failures = 0
        self._sink = sink
        self._settings = settings
        self._clock = clock
        self._rng = rng
        self._care = care
        self._lines = [_Line(plan, clock.monotonic()) for plan in plans]
        self._abandoned: set[tuple[int, int]] = set()

    @property
    def abandoned(self) -> int:
        """Calls that hang and were left alone."""
        return len(self._abandoned)

    @property
    def is_flowing(self) -> bool:
        """Whether the drivers still give answers: of one sensor at least, be it a reading or a fault; or there is none.

        A sensor that is unplugged is an answer. Where the calls of all hang, again and again, only a new process helps.
        """
        return not self._lines or any(line.hangs < STUCK_AFTER for line in self._lines)

    def poll(self) -> list[Job]:
        """The jobs that are due; calls that took too long are given up on the way."""
        now_s = self._clock.monotonic()
        jobs = []
        for index, line in enumerate(self._lines):
            if line.busy_since_s is not None and now_s >= line.busy_since_s + self._settings.hang_s:
                self._abandon(index, line)
            if line.busy_since_s is None and now_s >= line.due_s and self._may_open(index, line):
                line.busy_since_s = now_s
                line.needs_thread = False
                jobs.append(Job(sensor=index, generation=line.generation, kind=line.kind, reference=line.reference))
        return jobs

    def next_due(self) -> float | None:
        """Monotonic time of the next poll that could do something; None without sensors."""
        times = [
            line.due_s if line.busy_since_s is None else line.busy_since_s + self._settings.hang_s
            for line in self._lines
        ]
        return min(times, default=None)

    def hurry(self, point: str) -> None:
        """Read the sensor of a point as soon as it is free, whatever its period or back-off says."""
        for line in self._of(point):
            line.due_s = self._clock.monotonic()

    def last_read(self, point: str) -> LastRead | None:
        """How the newest reading of a point ended, None if there was none."""
        return max((line.last for line in self._of(point) if line.last), key=lambda last: last.at_s, default=None)

    def set_period(self, point: str, period_s: float) -> None:
        """Read the sensor of a point every so many seconds from now on."""
        for line in self._of(point):
            line.plan = replace(line.plan, period_s=period_s)
            line.grid_s = None
            line.due_s = min(line.due_s, self._clock.monotonic() + period_s)

    def hold(self, point: str, is_held: bool) -> None:
        """Keep the readings of a point to ourselves, while its sensor breathes a reference; or no more."""
        for line in self._of(point):
            line.is_held, line.calibrated = is_held, None

    def calibrate(self, point: str, reference: int) -> None:
        """Let the sensor of a point be calibrated at its next job."""
        for line in self._of(point):
            line.kind, line.reference, line.due_s = JobKind.CALIBRATE, reference, self._clock.monotonic()

    def calibration_of(self, point: str) -> Outcome | None:
        """How the calibration of a point's sensor ended, None while it has not."""
        return next((line.calibrated for line in self._of(point) if line.calibrated), None)

    def _of(self, point: str) -> list[_Line]:
        return [line for line in self._lines if line.plan.point == point]

    def finished(self, job: Job, outcome: Outcome) -> None:
        """Take in how a job ended; that of a call given up before only makes room for another."""
        line = self._lines[job.sensor]
        if job.generation != line.generation:
            self._abandoned.discard((job.sensor, job.generation))
            return
        line.busy_since_s = None
        line.hangs = 0
        if job.kind is JobKind.CALIBRATE:
            line.kind, line.calibrated = JobKind.READ, outcome
        elif outcome.error is not None:
            self._fail(line, outcome.error, report=job.kind is JobKind.OPEN)
        elif job.kind is JobKind.OPEN:
            self._opened(line, outcome.serial)
        elif outcome.values:
            self._read(line, outcome.values)
        else:
            self._nothing_new(line)

    # -- what an outcome means -----------------------------------------------------------------------------------------

    def _opened(self, line: _Line, serial: str) -> None:
        now_s = self._clock.monotonic()
        line.opened_s = line.data_s = line.due_s = now_s
        line.kind = JobKind.READ
        self._sink.identify(line.plan.point, serial)
        if self._care is not None:
            line.news = self._care.opened(line.plan, serial) or line.news

    def _read(self, line: _Line, values: Mapping[str, float]) -> None:
        problem = _problem(line.plan.part, values)
        if problem is not None:
            self._fail(line, problem)
            return
        now_s = self._clock.monotonic()
        plan = line.plan
        warming_up = now_s - line.opened_s < plan.part.warmup_s
        flags = {name: _flags(plan, name, value, warming_up) for name, value in values.items()}
        self.readings += 1
        good, said = calibrated(values, plan.calibration), {name: some for name, some in flags.items() if some}
        if not line.is_held:
            self._sink.measure(plan.point, good, said)
        line.last = LastRead(at_s=now_s, values=good, flags=said, raw=values)
        line.data_s = now_s
        # The grid keeps the period from drifting by the time each reading takes.
        grid_s = now_s if line.grid_s is None else line.grid_s
        line.grid_s = grid_s + plan.period_s * (floor((now_s - grid_s) / plan.period_s) + 1)
        line.due_s = line.grid_s
        if line.failures:
            log.info("sensor reads again", point=plan.point, part=plan.part.name, failures=line.failures)
            line.failures = 0
        self._works(line)

    def _works(self, line: _Line) -> None:
        """Tell that a sensor reads, once; again if there is news of it, or something is due."""
        plan, notice = line.plan, ""
        if self._care is not None:
            self._care.worked(plan)
            notice = self._care.notice(plan)
        if line.working is not True or line.news or notice != line.notice:
            reason = "; ".join(filter(None, (line.news, notice)))
            line.working, line.news, line.notice = True, "", notice
            self._sink.set_state(plan.point, plan.room, SENSOR_KIND, True, "ok", reason)

    def _nothing_new(self, line: _Line) -> None:
        now_s = self._clock.monotonic()
        silent_s = now_s - line.data_s
        if silent_s > max(self._settings.silent_periods * line.plan.period_s, SILENT_AT_LEAST_S):
            self._fail(line, f"no new data for {silent_s:.0f} s", reopen=True, report=True)
            return
        line.due_s = now_s + min(POLL_MAX_S, line.plan.period_s / 10)

    def _fail(self, line: _Line, reason: str, *, reopen: bool = False, report: bool = False) -> None:
        self.failures += 1
        line.failures += 1
        plan, settings = line.plan, self._settings
        wait_s = min(settings.retry_min_s * 2.0 ** min(line.failures - 1, 32), settings.retry_max_s)
        line.due_s = self._clock.monotonic() + wait_s * self._rng.uniform(1 - JITTER, 1 + JITTER)
        line.grid_s = None
        line.last = LastRead(at_s=self._clock.monotonic(), values={}, flags={}, error=reason)
        # One garbled answer is read again; what fails twice is opened anew.
        if reopen or line.failures > 1:
            line.kind = JobKind.OPEN
        words = {"point": plan.point, "part": plan.part.name, "error": reason, "failures": line.failures}
        (log.warning if line.failures == 1 else log.debug)("sensor failed", **words, retry_in_s=round(wait_s, 1))
        if (report or line.failures >= settings.fault_after) and line.working is not False:
            line.working = False
            self._sink.set_state(plan.point, plan.room, SENSOR_KIND, False, "fault", reason)

    # -- calls that hang -----------------------------------------------------------------------------------------------

    def _abandon(self, index: int, line: _Line) -> None:
        self._abandoned.add((index, line.generation))
        line.generation += 1
        line.hangs += 1
        line.needs_thread = True
        line.busy_since_s = None
        self._fail(line, f"a call hangs for more than {self._settings.hang_s:g} s", reopen=True, report=True)

    def _may_open(self, index: int, line: _Line) -> bool:
        # Each hanging call holds a thread for ever, so their number is bounded.
        if not line.needs_thread or len(self._abandoned) < self._settings.max_abandoned:
            return True
        line.due_s = self._clock.monotonic() + self._settings.retry_max_s
        log.debug(
            "too many calls hang, sensor waits", point=line.plan.point, hanging=len(self._abandoned), sensor=index
        )
        return False


def calibrated(values: Mapping[str, float], calibration: CalibrationConfig | None) -> dict[str, float]:
    """Each value times its gain, plus its offset."""
    if calibration is None:
        return dict(values)
    gain, offset = calibration.gain, calibration.offset
    return {name: value * gain.get(name, 1.0) + offset.get(name, 0.0) for name, value in values.items()}


def _problem(part: Part, values: Mapping[str, float]) -> str | None:
    for name, value in values.items():
        if part.channel(name) is None:
            return f"{name} is nothing that the {part.title} measures"
        if not isfinite(value):
            return f"{name} is {value}, no finite number"
    return None


def _flags(plan: SensorPlan, name: str, value: float, warming_up: bool) -> tuple[Flag, ...]:
    channel = plan.part.channel(name)
    flags = []
    if warming_up:
        flags.append(Flag.WARMUP)
    if channel is not None and not channel.low <= value / channel.unit_factor <= channel.high:
        flags.append(Flag.RANGE)
    if plan.simulated:
        flags.append(Flag.SIMULATED)
    return tuple(flags)
