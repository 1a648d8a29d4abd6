"""A Sensirion SFA40 that answers on the I2C bus byte by byte (commands and scales: Sensirion's SFA4x driver 2.1.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from sensors.simulated.cells import Feel, clamped
from sensors.simulated.chip import Faults
from sensors.simulated.sensirion.commands import Command
from sensors.simulated.sensirion.measuring import MeasuringChip
from sensors.words import frame

NOT_READY_S: Final = 60.0
OUT_OF_SPECIFICATION_S: Final = 600.0


@dataclass(slots=True)
class Sfa4xFaults(Faults):
    """What else may be wrong with it.

    Attributes:
        is_out_of_specification: The cell says so of itself, however warm it is.
        is_prototype: An engineering sample, which knows other commands.
    """

    is_out_of_specification: bool = False
    is_prototype: bool = False


class SimulatedSfa40(MeasuringChip):
    """One SFA40. While its cell warms up, its word is far off and its status says so."""

    faults: Sfa4xFaults
    feels: ClassVar[Mapping[str, Feel]] = {
        "hcho_ug_m3": Feel(50.0, 1.0),
        "temperature_c": Feel(60.0, 0.05),
        "humidity_pct": Feel(30.0, 0.2),
    }

    def _faultless(self) -> Faults:
        return Sfa4xFaults()

    def write(self, data: bytes) -> bool:
        """Take the bytes of one transfer; a prototype does not know the commands of the product."""
        if data and self.faults.is_prototype:
            return False
        return super().write(data)

    def _measured(self) -> tuple[int, ...]:
        told = self.cells.told
        status = 0x0100 if self.powered_s < NOT_READY_S else 0
        if self.powered_s < OUT_OF_SPECIFICATION_S or self.faults.is_out_of_specification:
            status |= 0x0200
        settling_ppb = 900.0 * max(0.0, 1.0 - self.powered_s / OUT_OF_SPECIFICATION_S)
        return (
            clamped((told("hcho_ug_m3") + settling_ppb) * 10, 0, 0xFFFF),
            clamped((told("humidity_pct") + 6) * 65_535 / 125, 0, 0xFFFF),
            clamped((told("temperature_c") + 45) * 65_535 / 175, 0, 0xFFFF),
            status,
        )

    def _tell(self) -> None:
        if self._words is not None:
            self._reply = frame(*self._words)

    def _tell_serial(self) -> None:
        self._reply = frame(*((self._serial >> shift) & 0xFFFF for shift in (32, 16, 0)))


SimulatedSfa40.table = {
    (0x00AC, 0): Command(lambda chip, _: chip._start(), 0.0),
    (0x50D2, 0): Command(lambda chip, _: chip._stop(), 0.7, while_measuring=True),
    (0xC0EB, 0): Command(lambda chip, _: chip._tell(), 0.001, while_measuring=True, while_idle=False),
    (0x02CE, 0): Command(lambda chip, _: chip._tell_serial(), 0.001),
}
