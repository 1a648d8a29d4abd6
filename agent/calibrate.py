"""`openhall-agent calibrate`: a CO2 sensor told what the air around it holds, and the record of it journalled.

The agent itself must not run meanwhile: the sensor's bus and the journal have one owner.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent import build, sensing
from agent.calibrating import MEAN_S, PATIENCE_S, Reading, Verdict, Watch, judged, mean_of
from agent.clock_trust import why_trusted
from agent.config import AgentConfig, SensorConfig
from agent.errors import CalibrationError, ConfigurationError
from agent.workers import Calibratable
from sensors import Sensor, SensorError
from sensors.errors import CalibrationFailed
from telemetry.calibrations import CalibrationRecord
from telemetry.clock import Clock, SystemClock

POLL_S: Final = 0.5
SAID_EVERY_S: Final = 15.0
QUANTITY: Final = "co2_ppm"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be done: the point, what the reference shows (400 to 2000 ppm), and who does it."""

    point: str
    reference_ppm: int
    by: str
    patience_s: float = PATIENCE_S


def calibrate(
    config: AgentConfig,
    wish: Wish,
    *,
    simulate: bool,
    say: Say,
    clock: Clock | None = None,
    sleep: Callable[[float], None] = time.sleep,
    open_sensor: Callable[[], Sensor] | None = None,
) -> CalibrationRecord:
    """Calibrate the sensor of a point; what was done, or refused by the chip, is in the journal on return.

    Args:
        config: The agent's.
        wish: What is to be done.
        simulate: A simulated chip.
        say: Told what goes on.
        clock: For tests.
        sleep: For tests.
        open_sensor: For tests; the sensor of the configuration if left out.

    Raises:
        ConfigurationError: There is no such sensor, it cannot be calibrated, or the agent runs.
        CalibrationError: Nothing was done to the sensor: it does not answer, or the air is not steady.
    """
    clock = clock or SystemClock()
    place, one = _place_of(config, wish.point)
    root, path = build.root_of(config), Path(config.journal.path)
    trusted = config.clock.trust == "always" or why_trusted() is not None
    # First: nothing is done to a sensor if it cannot be written down.
    journal = build.open_journal(config, path, root, clock=clock, rng=build.own_random(), trusted=trusted)
    try:
        sensor = (open_sensor or sensing.openers_of(config, simulate=simulate)[place])()
        if not isinstance(sensor, Calibratable):
            raise ConfigurationError([f"$.sensors[{place}].part: the {one.part} takes no forced calibration; SCD4x do"])
        try:
            record = _Session(sensor, one, wish, clock=clock, sleep=sleep, say=say).run()
        except SensorError as error:
            raise CalibrationError(f"nothing was done: {error}") from error
        finally:
            sensor.stop()
        journal.add_calibration(one.point, one.room, record.values())
        corrections = one.calibration
        if record.correction is not None and corrections and QUANTITY in {*corrections.offset, *corrections.gain}:
            say(f"take {QUANTITY} out of $.sensors[{place}].calibration: it was found before the chip was calibrated")
        return record
    finally:
        journal.close()
        build.give_back(path)


def _place_of(config: AgentConfig, point: str) -> tuple[int, SensorConfig]:
    for index, one in enumerate(config.sensors):
        if one.point == point:
            return index, one
    known = ", ".join(one.point for one in config.sensors if one.part.startswith("scd4")) or "none"
    raise ConfigurationError([f"no sensor has the point {point!r}; those that can be calibrated: {known}"])


class _Session:
    """One sensor, from its start to the record."""

    def __init__(
        self,
        sensor: Sensor,
        one: SensorConfig,
        wish: Wish,
        *,
        clock: Clock,
        sleep: Callable[[float], None],
        say: Say,
    ) -> None:
        self._sensor = sensor
        self._one = one
        self._wish = wish
        self._clock = clock
        self._sleep = sleep
        self._say = say

    def run(self) -> CalibrationRecord:
        self._sensor.start()
        watch = self._watched()
        assert isinstance(self._sensor, Calibratable)
        correction: float | None = None
        after: float | None = None
        try:
            correction = float(self._sensor.calibrate(self._wish.reference_ppm))
        except CalibrationFailed as error:
            reason = str(error)
        else:
            self._say(f"it corrects by {correction:+.0f} ppm; it is watched for a minute more")
            after = self._after()
            reason = judged(self._wish.reference_ppm, after)
        return CalibrationRecord(
            by=self._wish.by,
            part=self._one.part,
            serial=self._sensor.serial,
            quantity=QUANTITY,
            reference=float(self._wish.reference_ppm),
            before=round(watch.mean_ppm, 1),
            after=None if after is None else round(after, 1),
            correction=correction,
            ok=not reason,
            reason=reason[:200],
        )

    def _watched(self) -> Watch:
        """Wait until the readings are steady.

        Raises:
            CalibrationError: If they do not become so.
        """
        started_s = self._clock.monotonic()
        watch = Watch(started_s, self._wish.patience_s)
        said_s = started_s
        while (verdict := watch.verdict(self._clock.monotonic())) is Verdict.WAIT:
            ppm = self._ppm()
            now_s = self._clock.monotonic()
            if ppm is not None:
                watch.add(now_s, ppm)
                if now_s - said_s >= SAID_EVERY_S:
                    said_s = now_s
                    unrest = watch.unrest
                    self._say(f"{now_s - started_s:.0f} s: {ppm:.0f} ppm, {unrest or 'steady'}")
            self._sleep(POLL_S)
        if verdict is Verdict.CALIBRATE:
            return watch
        if verdict is Verdict.UNSTEADY:
            why = f"the air is not steady: {watch.unrest}; close doors, step back, let the reference flow longer"
        else:
            why = "the sensor gave too few readings; try read-once, and look at its wiring"
        raise CalibrationError(f"nothing was done: {why}")

    def _after(self) -> float | None:
        end_s = self._clock.monotonic() + MEAN_S
        readings = []
        while self._clock.monotonic() < end_s:
            ppm = self._ppm()
            if ppm is not None:
                readings.append(Reading(self._clock.monotonic(), ppm))
            self._sleep(POLL_S)
        return mean_of(readings) if readings else None

    def _ppm(self) -> float | None:
        try:
            values = self._sensor.read()
        except SensorError:
            # One garbled answer is no reading; a sensor that is gone gives too few of them.
            return None
        return None if values is None else values.get(QUANTITY)
