"""A Sensirion SPS30 that answers on the I2C bus byte by byte.

Sections are those of the Sensirion SPS30 data sheet v1.0 (March 2020).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from sensors.simulated.cells import Feel
from sensors.simulated.chip import Faults
from sensors.simulated.sensirion.commands import Command
from sensors.simulated.sensirion.measuring import MeasuringChip
from sensors.words import WORDS, frame, words_of

FLOATS: Final = 0x0300
INTEGERS: Final = 0x0500
NUMBERS_CM3_PER_UG_M3: Final = (6.0, 7.0, 7.2, 7.2, 7.2)
"""Particles to 0.5, 1, 2.5, 4 and 10 µm for each µg/m³ of PM2.5: ours, of the data sheet's magnitude."""


@dataclass(slots=True)
class Sps30Faults(Faults):
    """What else may be wrong with it.

    Attributes:
        status: Bits of the status register (section 4.4) that it sets with every measurement.
        product: What it says it is; None for the truth.
        not_a_number: Its values are no numbers.
    """

    status: int = 0
    product: str | None = None
    not_a_number: bool = False


class SimulatedSps30(MeasuringChip):
    """One SPS30."""

    faults: Sps30Faults
    feels: ClassVar[Mapping[str, Feel]] = {
        "pm1_ug_m3": Feel(8.0, 0.6),
        "pm2_5_ug_m3": Feel(8.0, 0.8),
        "pm4_ug_m3": Feel(8.0, 1.2),
        "pm10_ug_m3": Feel(8.0, 1.5),
    }
    _format = FLOATS
    _status = 0
    _sleeps = False

    def _faultless(self) -> Faults:
        return Sps30Faults()

    def _reset(self) -> None:
        super()._reset()
        self._status = 0
        self._sleeps = False

    def _answers(self) -> bool:
        return not self._sleeps and super()._answers()

    def _unheard(self, data: bytes) -> bool:
        """Section 6.3.9: asleep, a first wake-up opens its ears, a second one is heard."""
        if self._plugged and self._sleeps and data == WORDS.pack(0x1103):
            self._sleeps = False
        return False

    def _begin(self, words: tuple[int, ...]) -> None:
        self._format = words[0]
        self._start()

    def _go_on(self) -> None:
        super()._go_on()
        if self._is_new:
            self._status |= self.faults.status

    def _measured(self) -> tuple[int, ...]:
        masses = list(self.cells.nested().values())
        values = [*masses, *(masses[1] * share for share in NUMBERS_CM3_PER_UG_M3), 0.6]
        if self.faults.not_a_number:
            values = [float("nan")] * len(values)
        if self._format == INTEGERS:
            return tuple(min(0xFFFF, round(value)) for value in values)
        raw = struct.pack(">10f", *values)
        return tuple(WORDS.unpack_from(raw, at)[0] for at in range(0, len(raw), 2))

    def _tell(self) -> None:
        if self._words is not None:
            self._reply = frame(*self._words)
            self._is_new = False

    def _sleep(self) -> None:
        self._sleeps = True

    def _clear(self) -> None:
        self._status = 0


def _say(chip: SimulatedSps30, *words: int) -> None:
    chip._reply = frame(*words)


SimulatedSps30.table = {
    (0x0010, 1): Command(lambda chip, words: chip._begin(words), 0.02),
    (0x0104, 0): Command(lambda chip, _: chip._stop(), 0.02, while_measuring=True, while_idle=False),
    (0x0202, 0): Command(lambda chip, _: _say(chip, int(chip._is_new)), 0.0, while_measuring=True, while_idle=False),
    (0x0300, 0): Command(lambda chip, _: chip._tell(), 0.0, while_measuring=True, while_idle=False),
    (0x1001, 0): Command(lambda chip, _: chip._sleep(), 0.005),
    (0x1103, 0): Command(lambda *_: None, 0.005),
    (0xD002, 0): Command(
        lambda chip, _: _say(chip, *words_of(chip.faults.product or "00080000", 4)), 0.0, while_measuring=True
    ),
    (0xD033, 0): Command(lambda chip, _: _say(chip, *words_of(f"{chip._serial:016X}", 16)), 0.0, while_measuring=True),
    (0xD206, 0): Command(
        lambda chip, _: _say(chip, chip._status >> 16, chip._status & 0xFFFF), 0.0, while_measuring=True
    ),
    (0xD210, 0): Command(lambda chip, _: chip._clear(), 0.005, while_measuring=True),
    (0xD304, 0): Command(lambda chip, _: chip._reset(), 0.1, while_measuring=True),
}
