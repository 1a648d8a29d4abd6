"""Sensirion SGP40 and SGP41: gas indices, worked out by Sensirion's algorithm.

The algorithm is Sensirion's 3.2.0 as Adafruit ported it to Python; why not the original package is decision 0005. It
wants a raw value every second, so the chip is measured by a heartbeat of its own and `read` takes the newest index.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from sensors.errors import SelfTestFailed, SensorError
from sensors.heartbeat import Heart, ThreadHeart
from sensors.sensirion import SensirionDriver

# Sensirion SGP40 data sheet v1.0 (July 2020), table 8, and SGP41 data sheet: commands and execution times.
MEASURE_VOC: Final = 0x260F
CONDITION: Final = 0x2612
MEASURE_BOTH: Final = 0x2619
SELF_TEST: Final = 0x280E
HEATER_OFF: Final = 0x3615
SERIAL: Final = 0x3682
SELF_TEST_S: Final = 0.32
PASSED: Final = 0xD400

# 50 %RH and 25 °C: the words for "no compensation" (SGP40 data sheet, table 10).
NO_COMPENSATION: Final = (0x8000, 0x6666)
CONDITIONING_S: Final = 10.0
"""Longer harms the SGP41 (its data sheet, section on conditioning)."""

STUCK_BEATS: Final = 60
"""A living hotplate's raw value scatters by some ticks; the same one for a minute is none."""
FORGOTTEN_S: Final = 600.0
"""After longer interruptions what the algorithm learned is not to be used (the algorithm's README)."""


@dataclass(slots=True)
class Learned:
    """What the algorithms of one chip have learned, and when they last heard from it (monotonic)."""

    at: float
    algorithms: tuple[Any, ...]


class Sgp4x(SensirionDriver):
    """What the two have in common; use `Sgp40` or `Sgp41`.

    Attributes:
        heart: What beats.
        learned: By serial number, so that a sensor opened anew after a fault need not learn for an hour.
    """

    heart: ClassVar[Heart] = ThreadHeart()
    learned: ClassVar[dict[str, Learned]] = {}
    _command: ClassVar[int]
    _takes_s: ClassVar[float]
    _names: ClassVar[tuple[str, ...]]
    _conditions = False

    _end_beats: Callable[[], None] | None = None
    _error: SensorError | None = None
    _fresh: dict[str, float] | None = None
    _is_learning = True
    _echoes = 0
    _began_at = 0.0

    def _begin(self) -> None:
        self._send_if_heard(HEATER_OFF, takes_s=0.001)
        self.serial = "".join(f"{word:04x}" for word in self._ask(SERIAL, 3, takes_s=0.001))
        (result,) = self._ask(SELF_TEST, 1, takes_s=SELF_TEST_S)
        if result != PASSED:
            raise SelfTestFailed("the chip found itself broken; replace the sensor", **self._where)
        self._lock = threading.Lock()
        self._error, self._fresh, self._is_learning = None, None, True
        self._echoes, self._last_answer = 0, ()
        self._memory = self._remembered()
        self._began_at = self._clock.monotonic()
        self._end_beats = self.heart.every(self.interval_s, self._beat)

    def _remembered(self) -> Learned:
        now = self._clock.monotonic()
        found = self.learned.get(self.serial)
        if found is None or not 0 <= now - found.at <= FORGOTTEN_S:
            # Only here, and the algorithm alone: the driver beside it brings Blinka.
            from adafruit_sgp41 import gas_index_algorithm as gas  # type: ignore[import-untyped]

            kinds = {"voc_index": gas.ALGORITHM_TYPE_VOC, "nox_index": gas.ALGORITHM_TYPE_NOX}
            found = Learned(now, tuple(gas.GasIndexAlgorithm(kinds[name]) for name in self._names))
            self.learned[self.serial] = found
        return found

    def _beat(self) -> None:
        """Measure once; what goes wrong waits for the next read."""
        try:
            with self._translated("it was not measured"):
                self._measure_raw()
        except SensorError as error:
            with self._lock:
                self._error = error

    def _measure_raw(self) -> None:
        now = self._clock.monotonic()
        # By the clock, not by counting: a beat that fails must not make it longer.
        if self._conditions and now - self._began_at < CONDITIONING_S - 0.5:
            self._ask(CONDITION, 1, *NO_COMPENSATION, takes_s=self._takes_s)
            return
        raw = self._ask(self._command, len(self._names), *NO_COMPENSATION, takes_s=self._takes_s)
        self._echoes = self._echoes + 1 if self._is_echo(raw) else 0
        self._memory.at = now
        indices = [algorithm.process(value) for algorithm, value in zip(self._memory.algorithms, raw, strict=True)]
        with self._lock:
            if self._echoes < STUCK_BEATS:
                # 0 is the algorithm's word for "not yet", 45 s long.
                self._fresh = {name: float(index) for name, index in zip(self._names, indices, strict=True) if index}
                self._is_learning = not self._fresh

    def _measure(self) -> dict[str, float] | None:
        with self._lock:
            error, self._error = self._error, None
            fresh, self._fresh = self._fresh, None
        if error is not None:
            raise error
        if self._is_learning:
            # No silence: it measures, and there is no index yet.
            self._asked_in_vain_at = None
        return fresh or None

    def stop(self) -> None:
        """End the heartbeat, turn the heater off if the sensor still answers, close the bus. Never raises."""
        self._stop_beats()
        super().stop()

    def _stop_beats(self) -> None:
        end, self._end_beats = self._end_beats, None
        if end is not None:
            end()

    def _close(self) -> None:
        self._stop_beats()
        super()._close()

    def _end(self) -> None:
        with suppress(OSError):
            self._send(HEATER_OFF, takes_s=0.001)


class Sgp40(Sgp4x):
    """Sensirion SGP40: VOC index; a heated metal oxide, on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V), GND to pin 9, SDA to pin 3 (GPIO 2), SCL to pin 5 (GPIO 3).
    **Address** 0x59, fixed: one on a bus.
    **Warm-up** the first index comes after 46 s; an hour until it is as good as the data sheet says, flagged so long.
    **Accuracy** none: 100 means "as in the last 24 hours", so that after a renovation a lasting source becomes 100
    (Sensirion SGP40 data sheet v1.0, July 2020, table 1). It triggers ventilation; no verdict rests on it.

    Temperature and humidity are not compensated. What it learned survives ten minutes without it, not a restart.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="sgp40", bus="/dev/i2c-1"))
        >>> sensor.start()
        >>> sensor.read()   # None until 46 s have passed
        >>> sensor.stop()
    """

    _part_name = "sgp40"
    _command = MEASURE_VOC
    _takes_s = 0.03
    _names = ("voc_index",)


class Sgp41(Sgp4x):
    """Sensirion SGP41: VOC and NOx index; two heated metal oxides, on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V), GND to pin 9, SDA to pin 3 (GPIO 2), SCL to pin 5 (GPIO 3).
    **Address** 0x59, fixed: one on a bus.
    **Warm-up** ten seconds of conditioning at every start, never longer, which would harm it; the first indices come
    after 56 s, and an hour is flagged until they are as good as the data sheet says.
    **Accuracy** none: 100 (VOC) and 1 (NOx) mean "as in the last 24 hours" (Sensirion SGP41 data sheet). They trigger
    ventilation; no verdict rests on them.

    Temperature and humidity are not compensated. What it learned survives ten minutes without it, not a restart.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="sgp41", bus="/dev/i2c-1"))
        >>> sensor.start()
        >>> sensor.read()   # None until 56 s have passed
        >>> sensor.stop()
    """

    _part_name = "sgp41"
    _command = MEASURE_BOTH
    _takes_s = 0.05
    _names = ("voc_index", "nox_index")
    _conditions = True
