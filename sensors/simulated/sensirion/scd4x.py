"""A Sensirion SCD4x that answers on the I2C bus byte by byte.

Sections and table 9 are those of the Sensirion SCD4x data sheet v1.3 (September 2022), whose commands later versions
keep; accuracies are v1.5's, from the table of parts. What is of v1.7, as Adafruit's driver has it, is marked.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from sensors.compensation import pressure_at_hpa
from sensors.simulated.room import Air
from sensors.simulated.sensirion.commands import Command, SensirionChip
from sensors.simulated.sensirion.photoacoustic import Cells
from sensors.simulated.sensirion.scd4x_memory import Memory, Scd4xFaults, Settings
from sensors.words import frame
from telemetry.parts import Part

POWER_UP_S: Final = 0.03  # v1.7: from power to idle, at most; v1.3 allows a second


class Mode(StrEnum):
    """What the chip is doing."""

    IDLE = "idle"
    PERIODIC = "periodic"
    LOW_POWER = "low-power"
    SLEEP = "sleep"


INTERVAL_S: Final = {Mode.PERIODIC: 5.0, Mode.LOW_POWER: 30.0}
"""Sections 3.5.1 and 3.8.1: signal update interval."""


class SimulatedScd4x(SensirionChip):
    """One chip.

    Args:
        part: `PARTS["scd40"]` or `PARTS["scd41"]`.
        air: The air around it, now.
        now: Seconds that never run backwards; execution times and intervals are counted on it.
        serial: 48 bits.
        seed: Draws this unit's error and noise; None for a unit without either.

    Attributes:
        mode: What it is doing.
        cells: What it sees of the air.
    """

    faults: Scd4xFaults

    def __init__(
        self, part: Part, *, air: Callable[[], Air], now: Callable[[], float], serial: int, seed: int | None = 0
    ) -> None:
        super().__init__(part.name, now, POWER_UP_S)
        self.faults = Scd4xFaults()
        self.mode = Mode.IDLE
        self.cells = Cells(part, seed)
        self._air = air
        self._serial = serial
        self._memory = Memory()
        self._ram = self._memory.settings.copy()
        self._measured: tuple[int, int, int] | None = None
        self._next_at = 0.0
        self._measuring_since: float | None = None
        self._measured_for_s = 0.0
        self._lowest_ppm = 0.0
        self._window_s = 0.0
        self._corrected = False

    @property
    def settings(self) -> Settings:
        """The words in force; a copy."""
        return self._ram.copy()

    @property
    def eeprom_writes(self) -> int:
        """How often `persist_settings` was carried out; the EEPROM is good for 2,000 (section 3.9.1)."""
        return self._memory.writes

    @property
    def is_measuring(self) -> bool:
        """Whether commands for the idle chip are refused."""
        return self.mode is not Mode.IDLE

    def _answers(self) -> bool:
        return self.mode is not Mode.SLEEP and super()._answers()

    def _unheard(self, data: bytes) -> bool:
        """Section 3.10.4: asleep it takes the one command that it never acknowledges."""
        if self._plugged and self.mode is Mode.SLEEP and data == b"\x36\xf6":
            self.mode = Mode.IDLE
            self._busy_until = self._now() + 0.03
        return False

    def _go_on(self) -> None:
        """Measure whatever has fallen due since the last transfer; only the newest is kept."""
        interval = INTERVAL_S.get(self.mode)
        if interval is None:
            return
        now = self._now()
        due = int((now - self._next_at + 1e-6) // interval) + 1
        if due <= 0:
            return
        self._next_at += due * interval
        self._measure()
        self._watch(due * interval)

    def _measure(self) -> None:
        air = self._air()
        self.cells.feel(air, self._now())
        co2 = self.cells.co2_ppm(air, self._assumed_hpa()) + self._memory.correction_ppm
        temperature, humidity = self.cells.climate(self._ram.temperature_offset * 175 / 65_535)
        self._measured = (
            0 if self.faults.is_zero else min(40_000, max(0, round(co2))),
            min(65_535, max(0, round((temperature + 45) * 65_535 / 175))),
            min(65_535, max(0, round(humidity * 65_535 / 100))),
        )

    def _assumed_hpa(self) -> float:
        if self._ram.pressure_hpa:
            return float(self._ram.pressure_hpa)
        return pressure_at_hpa(self._ram.altitude_m)

    def _watch(self, gone_s: float) -> None:
        """Section 3.7.2: self-calibration takes the lowest reading of its period for outdoor air."""
        if not self._ram.self_calibration or self._measured is None:
            return
        self._lowest_ppm = min(self._lowest_ppm or 40_000.0, self._measured[0])
        self._window_s += gone_s
        period_h = self._ram.standard_period_h if self._corrected else self._ram.initial_period_h
        if self._window_s >= period_h * 3_600:
            self._memory.correction_ppm += self._ram.calibration_target_ppm - self._lowest_ppm
            self._corrected = True
            self._lowest_ppm = self._window_s = 0.0

    def _reset(self) -> None:
        self.mode = Mode.IDLE
        self._ram = self._memory.settings.copy()
        self._reply = b""
        self._measured = None
        self._measuring_since = None
        self._measured_for_s = 0.0
        self._lowest_ppm = self._window_s = 0.0

    # What the commands do.

    def _start(self, mode: Mode) -> None:
        self.mode = mode
        self._measured = None
        self._measuring_since = self._now()
        self._next_at = self._now() + INTERVAL_S[mode]

    def _stop(self) -> None:
        if self._measuring_since is not None:
            self._measured_for_s = self._now() - self._measuring_since
        self._measuring_since = None
        self._measured = None
        self.mode = Mode.IDLE

    def _tell_measurement(self) -> None:
        # Section 3.5.2: the buffer is emptied upon read-out; an empty one is not acknowledged.
        if self._measured is not None and not self.faults.is_stuck:
            self._reply = frame(*self._measured)
            self._measured = None

    def _tell_data_ready(self) -> None:
        # Section 3.8.2: the lowest 11 bits are 0 if there is nothing new.
        self._reply = frame(0x8006 if self._measured is not None and not self.faults.is_stuck else 0x8000)

    def _tell_serial(self) -> None:
        self._reply = frame(*((self._serial >> shift) & 0xFFFF for shift in (32, 16, 0)))

    def _recalibrate(self, reference_ppm: int) -> None:
        # Section 3.7.1: 3 minutes of measuring before, else 0xFFFF; the word less 0x8000 is the correction.
        if self._measured_for_s < 180:
            self._reply = frame(0xFFFF)
            return
        air = self._air()
        self.cells.feel(air, self._now())
        seen = self.cells.co2_ppm(air, self._assumed_hpa()) + self._memory.correction_ppm
        correction = round(reference_ppm - seen)
        self._memory.correction_ppm += correction
        self._reply = frame((correction + 0x8000) & 0xFFFF)

    def _persist(self) -> None:
        self._memory.settings = self._ram.copy()
        self._memory.writes += 1

    def _forget(self) -> None:
        self._memory = Memory(writes=self._memory.writes)
        self._corrected = False
        self._reset()

    def _single_shot(self, *, with_co2: bool) -> None:
        self._measure()
        if self._measured is not None and not with_co2:
            self._measured = (0, *self._measured[1:])

    def _sleep(self) -> None:
        self.mode = Mode.SLEEP


def _get(name: str, takes_s: float = 0.001, *, while_measuring: bool = False) -> Command:
    def run(chip: SimulatedScd4x, _: tuple[int, ...]) -> None:
        chip._reply = frame(getattr(chip._ram, name))

    return Command(run, takes_s, while_measuring=while_measuring)


def _set(name: str, *, while_measuring: bool = False) -> Command:
    def run(chip: SimulatedScd4x, words: tuple[int, ...]) -> None:
        setattr(chip._ram, name, words[0])

    return Command(run, while_measuring=while_measuring)


def _tell_variant(chip: SimulatedScd4x) -> None:
    name = chip._part_name if chip.faults.says_variant is None else chip.faults.says_variant
    # The upper four bits tell: 0 for SCD40, 1 for SCD41; the others are reserved.
    chip._reply = frame(0x1440 if name == "scd41" else 0x0440) if name else b""


_SCD41: Final = frozenset({"scd41"})

# Section 3.4, table 9, with its execution times. 0x202f, the calibration target, the 30 ms of reinit and wake-up (20 ms
# before) are of v1.7.
SimulatedScd4x.table = {
    (0x21B1, 0): Command(lambda chip, _: chip._start(Mode.PERIODIC), 0.0),
    (0x21AC, 0): Command(lambda chip, _: chip._start(Mode.LOW_POWER), 0.0),
    (0x3F86, 0): Command(lambda chip, _: chip._stop(), 0.5, while_measuring=True),
    (0xEC05, 0): Command(lambda chip, _: chip._tell_measurement(), while_measuring=True),
    (0xE4B8, 0): Command(lambda chip, _: chip._tell_data_ready(), while_measuring=True),
    (0x3682, 0): Command(lambda chip, _: chip._tell_serial()),
    (0x202F, 0): Command(lambda chip, _: _tell_variant(chip)),
    (0x3639, 0): Command(lambda chip, _: setattr(chip, "_reply", frame(chip.faults.self_test)), 10.0),
    (0x3615, 0): Command(lambda chip, _: chip._persist(), 0.8),
    (0x3646, 0): Command(lambda chip, _: chip._reset(), 0.03),
    (0x3632, 0): Command(lambda chip, _: chip._forget(), 1.2),
    (0x362F, 1): Command(lambda chip, words: chip._recalibrate(words[0]), 0.4),
    (0x219D, 0): Command(lambda chip, _: chip._single_shot(with_co2=True), 5.0, only=_SCD41),
    (0x2196, 0): Command(lambda chip, _: chip._single_shot(with_co2=False), 0.05, only=_SCD41),
    (0x36E0, 0): Command(lambda chip, _: chip._sleep(), 0.001, only=_SCD41),
    (0x2318, 0): _get("temperature_offset"),
    (0x241D, 1): _set("temperature_offset"),
    (0x2322, 0): _get("altitude_m"),
    (0x2427, 1): _set("altitude_m"),
    (0xE000, 0): _get("pressure_hpa", while_measuring=True),
    (0xE000, 1): _set("pressure_hpa", while_measuring=True),
    (0x2313, 0): _get("self_calibration"),
    (0x2416, 1): _set("self_calibration"),
    (0x233F, 0): _get("calibration_target_ppm"),
    (0x243A, 1): _set("calibration_target_ppm"),
    (0x2340, 0): _get("initial_period_h"),
    (0x2445, 1): _set("initial_period_h"),
    (0x234B, 0): _get("standard_period_h"),
    (0x244E, 1): _set("standard_period_h"),
}
