"""A Sensirion SEN6x that answers on the I2C bus byte by byte (commands and scales: Sensirion's drivers 1.2.1)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from sensors.sen6x_layout import LAYOUTS, Field
from sensors.simulated.cells import Feel, clamped
from sensors.simulated.chip import Faults
from sensors.simulated.room import Air
from sensors.simulated.sensirion.commands import Command
from sensors.simulated.sensirion.measuring import MeasuringChip
from sensors.words import frame, words_of

NOX_S: Final = 11.0
CO2_S: Final = 6.0
HCHO_S: Final = 60.0
"""From the start until a cell says anything (the same drivers' notes)."""
DEFAULT_HPA: Final = 1013


@dataclass(slots=True)
class Sen6xFaults(Faults):
    """What else may be wrong with it.

    Attributes:
        status: Bits of the device status that it sets with every measurement.
        name: What it says it is; None for the truth.
        loses_settings: It keeps none of what it is told.
    """

    status: int = 0
    name: str | None = None
    loses_settings: bool = False


class SimulatedSen6x(MeasuringChip):
    """One node. Its gas indices follow the logarithm of the burden, a rough stand-in for the algorithm on the chip."""

    faults: Sen6xFaults
    first_s = 1.1
    feels: ClassVar[Mapping[str, Feel]] = {
        "pm1_ug_m3": Feel(8.0, 0.6),
        "pm2_5_ug_m3": Feel(8.0, 0.8),
        "pm4_ug_m3": Feel(8.0, 1.2),
        "pm10_ug_m3": Feel(8.0, 1.5),
        "humidity_pct": Feel(20.0, 0.3),
        "temperature_c": Feel(60.0, 0.03),
        "co2_ppm": Feel(60.0, 8.0),
        "hcho_ug_m3": Feel(50.0, 1.0),
        "tvoc_ug_m3": Feel(10.0, 0.0),
        "no2_ppb": Feel(20.0, 0.0),
    }
    _status = 0
    _offset_c = 0.0
    _pressure_hpa = DEFAULT_HPA
    _self_calibration = 1
    _correction_ppm = 0
    _ran_s = 0.0

    def _faultless(self) -> Faults:
        return Sen6xFaults()

    def _reset(self) -> None:
        super()._reset()
        self._status = 0
        self._offset_c = 0.0
        self._pressure_hpa = DEFAULT_HPA
        self._self_calibration = 1

    def _stop(self) -> None:
        self._ran_s = 0.0 if self._since is None else self._now() - self._since
        super()._stop()

    def _go_on(self) -> None:
        super()._go_on()
        if self._is_new:
            self._status |= self.faults.status

    def _measured(self) -> tuple[int, ...]:
        air, particles = self._air(), self.cells.nested()
        return tuple(self._word(field, air, particles) for field in LAYOUTS[self._part_name].fields)

    def _word(self, field: Field, air: Air, particles: Mapping[str, float]) -> int:
        ran_s = self._now() - (self._since or 0.0)
        waits_s = {"nox_index": NOX_S, "co2_ppm": CO2_S, "hcho_ug_m3": HCHO_S}.get(field.quantity, 0.0)
        if ran_s < waits_s:
            return field.unknown
        low, high = (-0x8000, 0x7FFE) if field.signed else (0, 0xFFFE)
        value = particles[field.quantity] if field.quantity in particles else self._told(field.quantity, air)
        return clamped(value * field.scale, low, high) & 0xFFFF

    def _told(self, quantity: str, air: Air) -> float:
        if quantity == "voc_index":
            return min(500.0, max(1.0, 100.0 + 60.0 * math.log(self.cells.told("tvoc_ug_m3") / 150.0 + 1e-9)))
        if quantity == "nox_index":
            return min(500.0, max(1.0, 1.0 + max(0.0, self.cells.told("no2_ppb") - 60.0) / 4.0))
        value = self.cells.told(quantity)
        if quantity == "co2_ppm":
            return value * air.pressure_hpa / self._pressure_hpa + self._correction_ppm
        return value + self._offset_c if quantity == "temperature_c" else value

    # What the commands do.

    def _say(self, *words: int) -> None:
        self._reply = frame(*words)

    def _tell(self) -> None:
        fields = LAYOUTS[self._part_name].fields
        self._say(*(self._words or (field.unknown for field in fields)))
        self._is_new = False

    def _tell_status(self, *, clear: bool) -> None:
        self._say(self._status >> 16, self._status & 0xFFFF)
        if clear:
            self._status = 0

    def _set(self, name: str, value: float) -> None:
        if not self.faults.loses_settings:
            setattr(self, name, value)

    def _calibrate(self, reference_ppm: int) -> None:
        # As the SCD4x: 3 minutes of measuring before, else 0xFFFF; the word less 0x8000 is the correction.
        if self._ran_s < 180:
            self._say(0xFFFF)
            return
        air = self._air()
        self.cells.feel(air, self._now())
        correction = round(reference_ppm - self._told("co2_ppm", air))
        self._correction_ppm += correction
        self._say((correction + 0x8000) & 0xFFFF)


def _signed(word: int) -> int:
    return word - 0x1_0000 if word & 0x8000 else word


_CO2: Final = frozenset({"sen63c", "sen66", "sen69c"})

SimulatedSen6x.table = {
    (0x0021, 0): Command(lambda chip, _: chip._start(), 0.05, while_measuring=True),
    (0x0104, 0): Command(lambda chip, _: chip._stop(), 1.4, while_measuring=True),
    (0x0202, 0): Command(lambda chip, _: chip._say(int(chip._is_new)), 0.02, while_measuring=True),
    (0x60B2, 4): Command(
        lambda chip, words: chip._set("_offset_c", _signed(words[0]) / 200), 0.02, while_measuring=True
    ),
    (0x6707, 1): Command(lambda chip, words: chip._calibrate(words[0]), 0.5, only=_CO2),
    (0x6711, 0): Command(lambda chip, _: chip._say(chip._self_calibration), 0.02, only=_CO2),
    (0x6711, 1): Command(lambda chip, words: chip._set("_self_calibration", words[0]), 0.02, only=_CO2),
    (0x6720, 0): Command(lambda chip, _: chip._say(chip._pressure_hpa), 0.02, while_measuring=True, only=_CO2),
    (0x6720, 1): Command(
        lambda chip, words: chip._set("_pressure_hpa", words[0]), 0.02, while_measuring=True, only=_CO2
    ),
    (0xD014, 0): Command(
        lambda chip, _: chip._say(*words_of(chip.faults.name or chip._part_name.upper(), 16)),
        0.02,
        while_measuring=True,
    ),
    (0xD033, 0): Command(lambda chip, _: chip._say(*words_of(f"{chip._serial:016X}", 16)), 0.02, while_measuring=True),
    (0xD206, 0): Command(lambda chip, _: chip._tell_status(clear=False), 0.02, while_measuring=True),
    (0xD210, 0): Command(lambda chip, _: chip._tell_status(clear=True), 0.02, while_measuring=True),
    (0xD304, 0): Command(lambda chip, _: chip._reset(), 1.2),
    **{
        (layout.read, 0): Command(lambda chip, _: chip._tell(), 0.02, while_measuring=True, only=frozenset({part}))
        for part, layout in LAYOUTS.items()
    },
}
