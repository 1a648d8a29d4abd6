"""What each SEN6x tells, in which words, and which of its faults spoils what; driver and simulated chip read it."""

from dataclasses import dataclass
from typing import Final

from telemetry.parts import HCHO_UG_M3_PER_PPB


@dataclass(frozen=True, slots=True)
class Field:
    """One word of a measurement.

    Attributes:
        quantity: What it is.
        scale: The word is the value, in the unit of the data sheet, times this.
        signed: Whether it has a sign; that also decides its word for "unknown".
        factor: From the unit of the data sheet to the quantity's.
    """

    quantity: str
    scale: float
    signed: bool = True
    factor: float = 1.0

    @property
    def unknown(self) -> int:
        """The word that stands for no value."""
        return 0x7FFF if self.signed else 0xFFFF

    def value(self, word: int) -> float | None:
        """The value of a word in the quantity's unit, None if it is unknown."""
        if word == self.unknown:
            return None
        number = word - 0x1_0000 if self.signed and word & 0x8000 else word
        return number / self.scale * self.factor


@dataclass(frozen=True, slots=True)
class Layout:
    """One part of the family: the command that reads it and the words of the answer."""

    read: int
    fields: tuple[Field, ...]


_BASE: Final = (
    *(Field(f"pm{size}_ug_m3", 10, signed=False) for size in ("1", "2_5", "4", "10")),
    Field("humidity_pct", 100),
    Field("temperature_c", 200),
)
_INDICES: Final = (Field("voc_index", 10), Field("nox_index", 10))
_HCHO: Final = Field("hcho_ug_m3", 10, signed=False, factor=HCHO_UG_M3_PER_PPB)

# Sensirion's drivers of the SEN6x, model version 1.2.1: commands, order, scales and signs.
LAYOUTS: Final = {
    "sen63c": Layout(0x0471, (*_BASE, Field("co2_ppm", 1))),
    "sen65": Layout(0x0446, (*_BASE, *_INDICES)),
    "sen66": Layout(0x0300, (*_BASE, *_INDICES, Field("co2_ppm", 1, signed=False))),
    "sen68": Layout(0x0467, (*_BASE, *_INDICES, _HCHO)),
    "sen69c": Layout(0x04B5, (*_BASE, *_INDICES, _HCHO, Field("co2_ppm", 1))),
}

FAN_ERROR: Final = 1 << 4
FAN_WARNING: Final = 1 << 21

_PARTICLES: Final = ("pm1_ug_m3", "pm2_5_ug_m3", "pm4_ug_m3", "pm10_ug_m3")
# The device status of the same drivers: a bit for each cell.
CELLS: Final = {
    1 << 6: ("climate", ("temperature_c", "humidity_pct")),
    1 << 7: ("gas", ("voc_index", "nox_index")),
    1 << 9: ("CO2", ("co2_ppm",)),
    1 << 10: ("formaldehyde", ("hcho_ug_m3",)),
    1 << 11: ("particle", _PARTICLES),
    1 << 12: ("CO2", ("co2_ppm",)),
}
