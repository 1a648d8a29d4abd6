"""Sensirion SFA40: formaldehyde with the climate beside it."""

from typing import Final

from sensors.errors import PartlyBroken
from sensors.sensirion import SensirionDriver
from telemetry.parts import HCHO_UG_M3_PER_PPB

# Sensirion's driver of the SFA4x, model version 2.1.0: commands, execution times, scales.
START: Final = 0x00AC
STOP: Final = 0x50D2
READ: Final = 0xC0EB
SERIAL: Final = 0x02CE
# ESPHome's component of the SFA40, after the data sheet: the upper byte of the status word.
NOT_READY: Final = 0x0100
OUT_OF_SPECIFICATION: Final = 0x0200

PATIENCE_S: Final = 2.0
"""Beyond the warm-up, before a cell that still says it is not ready counts as broken."""


class Sfa40(SensirionDriver):
    """Sensirion SFA40: formaldehyde from 0 to 2000 ppb, temperature, humidity; an electrochemical cell, on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V), GND to pin 9, SDA to pin 3 (GPIO 2), SCL to pin 5 (GPIO 3).
    **Address** 0x5D, fixed: one on a bus, and no SFA30 beside it.
    **Warm-up** 10 min after power-up: until then the cell calls itself not ready or out of specification, and what it
    says of formaldehyde is left out; its climate comes after 1 s. If it still says so later, that is told once.
    **Accuracy** ±20 ppb or ±20 %, the larger, to 200 ppb (Sensirion SFA40 data sheet): at the limit of 0.08 mg/m³,
    which are 65 ppb, that is ±25 µg/m³, so that a reading near it is no verdict. None is stated here for its climate.

    Boards with engineering samples (marked B4) take other commands and read several times too high; they do not start.
    The mass is worked out from ppb at 25 °C and 101.325 kPa.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="sfa40", bus="/dev/i2c-1"))
        >>> sensor.start()
        >>> sensor.read()   # None until 1 s has passed, formaldehyde after 10 min
        >>> sensor.stop()
    """

    _part_name = "sfa40"
    _ready_at = 0.0
    _warm_at = 0.0
    _is_told = False

    def _begin(self) -> None:
        self._send_if_heard(STOP, takes_s=0.7)
        self.serial = "".join(f"{word:04x}" for word in self._ask(SERIAL, 3, takes_s=0.001))
        self._send(START)
        self._last_answer = ()
        self._is_told = False
        now = self._clock.monotonic()
        self._ready_at = now + 1.0
        self._warm_at = now + self.part.warmup_s + PATIENCE_S

    def _measure(self) -> dict[str, float] | None:
        if self._clock.monotonic() < self._ready_at:
            return None
        answer = self._ask(READ, 4, takes_s=0.001)
        if self._is_echo(answer):
            return None
        hcho, humidity, temperature, status = answer
        values = {
            "hcho_ug_m3": hcho / 10 * HCHO_UG_M3_PER_PPB,
            "temperature_c": -45 + 175 * temperature / 65_535,
            "humidity_pct": min(100.0, max(0.0, -6 + 125 * humidity / 65_535)),
        }
        if status & (NOT_READY | OUT_OF_SPECIFICATION):
            del values["hcho_ug_m3"]
            self._tell_if_late(status)
        else:
            self._is_told = False
        return values

    def _tell_if_late(self, status: int) -> None:
        if self._is_told or self._clock.monotonic() < self._warm_at:
            return
        self._is_told = True
        what = "not ready" if status & NOT_READY else "out of specification"
        text = f"the formaldehyde cell calls itself {what} after its warm-up; it is left out, the climate goes on"
        raise PartlyBroken(text, quantities=("hcho_ug_m3",), **self._where)

    def _end(self) -> None:
        self._send(STOP, takes_s=0.7)
