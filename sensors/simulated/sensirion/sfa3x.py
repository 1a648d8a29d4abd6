"""A Sensirion SFA30 that answers on the I2C bus byte by byte (commands and scales: Sensirion's SFA3x driver 1.1.0)."""

from collections.abc import Mapping
from typing import ClassVar

from sensors.simulated.cells import Feel, word
from sensors.simulated.sensirion.commands import Command
from sensors.simulated.sensirion.measuring import MeasuringChip
from sensors.words import frame, words_of


class SimulatedSfa30(MeasuringChip):
    """One SFA30. It has no flag for new data: it tells its newest measurement as often as it is asked."""

    interval_s = 0.5
    first_s = 0.5
    power_up_s = 0.05
    # t90 < 2 min is t63 < 52 s. Repeatability: ours, a few of the cell's 0.2 ppb steps.
    feels: ClassVar[Mapping[str, Feel]] = {
        "hcho_ug_m3": Feel(50.0, 1.5),
        "temperature_c": Feel(60.0, 0.05),
        "humidity_pct": Feel(30.0, 0.2),
    }

    def _measured(self) -> tuple[int, ...]:
        told = self.cells.told
        return (word(told("hcho_ug_m3") * 5), word(told("humidity_pct") * 100), word(told("temperature_c") * 200))

    def _tell(self) -> None:
        if self._words is not None:
            self._reply = frame(*self._words)

    def _tell_marking(self) -> None:
        self._reply = frame(*words_of(f"{self._serial:012X}", 16))


SimulatedSfa30.table = {
    (0x0006, 0): Command(lambda chip, _: chip._start(), 0.001),
    (0x0104, 0): Command(lambda chip, _: chip._stop(), 0.05, while_measuring=True, while_idle=False),
    (0x0327, 0): Command(lambda chip, _: chip._tell(), 0.005, while_measuring=True, while_idle=False),
    (0xD060, 0): Command(lambda chip, _: chip._tell_marking(), 0.002),
    (0xD304, 0): Command(lambda chip, _: chip._reset(), 1.0, while_measuring=True),
}
