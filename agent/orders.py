"""The commands that need more of a running agent than its journal, from identify to calibrate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from agent import logs
from agent.calibration_order import CalibrationOrder
from agent.commands import LATER, CommandError, Handler, Later
from agent.core import AgentCore
from agent.errors import ConfigurationError
from agent.facility import Facility
from agent.sampler import LastRead, Sampler
from agent.staging import TRIAL_S, Staging
from telemetry.calibrations import MAX_CHARACTERS
from telemetry.clock import Clock
from telemetry.messages import Command

IDENTIFY_S: Final = 30.0
IDENTIFY_MAX_S: Final = 600.0
READ_WAIT_S: Final = 30.0
"""The slowest part, the SGP41, needs ten seconds before its first reading; a measurement never takes longer."""

LINES: Final = 100
PERIOD_MIN_S: Final = 0.1
PERIOD_MAX_S: Final = 86_400.0
# The bounds of `period_s` in the configuration.

ANSWER_S: Final = 1.0
"""Between the answer and the end of the program, for the answer to go out."""

AIR: Final = "air"
CALIBRATED_PARTS: Final = ("scd40", "scd41")
REFERENCE_PPM: Final = (400, 2_000)
# Sensirion SCD4x data sheet v1.3, section 3.7.1: the range of a forced recalibration's reference.

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Reading:
    """A `read` under way."""

    begun_s: float
    points: dict[str, dict[str, Any] | None]


class Orders:
    """Carries them out. Not thread-safe: one thread calls.

    Attributes:
        restart: Why the program is to be started anew; empty: it is not.
    """

    def __init__(
        self,
        *,
        core: AgentCore,
        sampler: Sampler,
        facility: Facility,
        staging: Staging,
        is_connected: Callable[[], bool],
        allow: frozenset[str],
        clock: Clock,
    ) -> None:
        """Make it, and let the core know the commands.

        Args:
            core: Hears the commands and sends the answers.
            sampler: Reads the sensors.
            facility: Has the lamps.
            staging: Keeps what is pushed.
            is_connected: Whether the broker is there.
            allow: Names of the commands that are obeyed; the others are answered with a refusal.
            clock: The time.
        """
        self.restart = ""
        self._core = core
        self._sampler = sampler
        self._facility = facility
        self._staging = staging
        self._is_connected = is_connected
        self._clock = clock
        self._readings: dict[str, _Reading] = {}
        self._calibrations: dict[str, CalibrationOrder] = {}
        self._end: tuple[float, str] | None = None
        self._trial_ends_s = clock.monotonic() + TRIAL_S
        handlers: dict[str, Handler] = {
            "identify": self._identify,
            "read": self._read,
            "period": self._period,
            "config": self._config,
            "restart": self._restart,
            "logs": self._logs,
            "calibrate": self._calibrate,
        }
        core.add_commands({name: one if name in allow else _refused(name) for name, one in handlers.items()})

    def turn(self) -> None:
        """Finish what is finished; see whether a configuration on trial has proved itself."""
        now_s = self._clock.monotonic()
        for command_id, reading in list(self._readings.items()):
            self._look(reading, now_s)
            if all(one is not None for one in reading.points.values()):
                del self._readings[command_id]
                found = [{"point": point, **(words or {})} for point, words in reading.points.items()]
                self._core.finish_command(command_id, {"points": found})
        for command_id, calibration in list(self._calibrations.items()):
            ending = calibration.turn()
            if ending is not None:
                del self._calibrations[command_id]
                self._core.finish_command(command_id, ending)
        if self._staging.trial:
            self._judge_trial(now_s)
        if self._end is not None and now_s >= self._end[0]:
            self.restart = self._end[1]

    def next_due(self) -> float:
        """Monotonic time of the next `turn` with something to do."""
        times = [reading.begun_s + READ_WAIT_S for reading in self._readings.values()]
        times += [calibration.next_due() for calibration in self._calibrations.values()]
        if self._staging.trial:
            times.append(self._clock.monotonic() if self._is_connected() else self._trial_ends_s)
        if self._end is not None:
            times.append(self._end[0])
        return min(times, default=float("inf"))

    # -- the commands --------------------------------------------------------------------------------------------------

    def _identify(self, command: Command) -> Mapping[str, Any]:
        seconds = IDENTIFY_S if command.seconds is None else command.seconds
        if not 0 < seconds <= IDENTIFY_MAX_S:
            raise CommandError(f"seconds: {seconds:g} is not above 0 and at most {IDENTIFY_MAX_S:g}")
        lamps = self._facility.identify(seconds)
        if not lamps:
            raise CommandError("this agent has no lamp that could blink; add one under [[outputs]]")
        return {"blinking": lamps, "seconds": seconds}

    def _read(self, command: Command) -> Later:
        infos = self._core.points
        if command.point is not None and command.point not in infos:
            raise CommandError(_unknown(command.point, infos))
        wanted = [command.point] if command.point is not None else list(infos)
        now_s = self._clock.monotonic()
        reading = _Reading(now_s, {})
        for point in wanted:
            if infos[point].kind == AIR:
                reading.points[point] = None
                self._sampler.hurry(point)
            else:
                reading.points[point] = {"state": self._core.call_of(point)[0]}
        self._readings[command.id] = reading
        return LATER

    def _look(self, reading: _Reading, now_s: float) -> None:
        for point, words in reading.points.items():
            if words is not None:
                continue
            last = self._sampler.last_read(point)
            if last is not None and last.at_s >= reading.begun_s:
                reading.points[point] = _told(last)
            elif now_s >= reading.begun_s + READ_WAIT_S:
                reading.points[point] = {"error": f"no new reading within {READ_WAIT_S:g} s"}

    def _period(self, command: Command) -> Mapping[str, Any]:
        point, period_s = command.point, command.period_s
        info = self._core.points.get(point or "")
        if point is None or info is None:
            raise CommandError(_unknown(point, self._core.points))
        if info.kind != AIR:
            raise CommandError(f"point: {point} is of kind {info.kind}, which is told at once and has no period")
        if period_s is None or not PERIOD_MIN_S <= period_s <= PERIOD_MAX_S:
            raise CommandError(f"period_s: give {PERIOD_MIN_S:g} to {PERIOD_MAX_S:g} seconds, not {period_s}")
        self._sampler.set_period(point, period_s)
        self._core.set_period(point, period_s)
        try:
            self._staging.remember_period(point, period_s)
        except OSError as error:
            return {"point": point, "period_s": period_s, "warning": f"lost at the next start: {error.strerror}"}
        return {"point": point, "period_s": period_s}

    def _config(self, command: Command) -> Later:
        if command.toml is None:
            raise CommandError("toml: is missing; give the whole configuration")
        if self._staging.trial or self._end is not None:
            raise CommandError("another configuration is on trial, or the agent is about to restart; ask in a minute")
        try:
            self._staging.check(command.toml)
            self._staging.stage(command.id, command.toml)
        except ConfigurationError as error:
            raise CommandError("; ".join(error.problems)) from error
        except OSError as error:
            raise CommandError(f"cannot be written: {error}") from error
        self._end = (self._clock.monotonic(), "a configuration is on trial")
        return LATER

    def _restart(self, command: Command) -> Mapping[str, Any]:
        result = {"restarting": True}
        try:
            self._staging.remember_answer(command.id, result)
        except OSError as error:
            # Without it a repeat of this command would end the program again and again.
            raise CommandError(f"cannot be written down: {error}") from error
        self._end = (self._clock.monotonic() + ANSWER_S, "it was commanded")
        return result

    def _logs(self, command: Command) -> Mapping[str, Any]:
        count = LINES if command.lines is None else command.lines
        if not 1 <= count <= logs.KEPT_LINES:
            raise CommandError(f"lines: give 1 to {logs.KEPT_LINES}, not {count}")
        return {"lines": logs.newest(count)}

    def _calibrate(self, command: Command) -> Later:
        point, reference, by = command.point, command.reference_ppm, (command.by or "").strip()
        info = self._core.points.get(point or "")
        if point is None or info is None:
            raise CommandError(_unknown(point, self._core.points))
        if not info.part.startswith(CALIBRATED_PARTS):
            raise CommandError(f"point: {point} has no sensor that takes a forced calibration; SCD4x do")
        if reference is None or not REFERENCE_PPM[0] <= reference <= REFERENCE_PPM[1]:
            raise CommandError(f"reference_ppm: give {REFERENCE_PPM[0]} to {REFERENCE_PPM[1]}, not {reference}")
        if not 0 < len(by) <= MAX_CHARACTERS:
            raise CommandError(f"by: say who does it, in at most {MAX_CHARACTERS} characters")
        if any(one.point == point for one in self._calibrations.values()):
            raise CommandError(f"{point} is being calibrated already")
        self._calibrations[command.id] = CalibrationOrder(
            point=point,
            reference_ppm=round(reference),
            by=by,
            core=self._core,
            sampler=self._sampler,
            clock=self._clock,
        )
        return LATER

    # -- a configuration on trial --------------------------------------------------------------------------------------

    def _judge_trial(self, now_s: float) -> None:
        command_id = self._staging.trial
        try:
            if self._is_connected():
                self._staging.confirm()
                log.info("pushed configuration is in force")
                self._core.finish_command(command_id, {"config": "in force"})
            elif now_s >= self._trial_ends_s:
                self._staging.reject(f"not back online within {TRIAL_S:g} s")
                self._end = (now_s, "the configuration on trial was rolled back")
        except OSError as error:
            log.warning("end of a trial is not written down", error=str(error))
            self._end = (now_s, "the end of a trial could not be written down")


def _told(last: LastRead) -> dict[str, Any]:
    if last.error:
        return {"error": last.error}
    words: dict[str, Any] = {"values": dict(last.values)}
    if last.flags:
        words["flags"] = {name: " ".join(flags) for name, flags in last.flags.items()}
    return words


def _unknown(point: str | None, known: Mapping[str, Any]) -> str:
    return f"point: this agent has no point {point!r}; it has {', '.join(known) or 'none'}"


def _refused(name: str) -> Handler:
    def refuse(_command: Command) -> Mapping[str, Any]:
        raise CommandError(f"this agent does not obey {name!r}; $.commands.allow in its configuration says so")

    return refuse
