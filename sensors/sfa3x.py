"""Sensirion SFA30: formaldehyde with the climate beside it."""

from typing import Final

from sensors.sensirion import SensirionDriver
from telemetry.parts import HCHO_UG_M3_PER_PPB

# Sensirion's driver of the SFA3x, model version 1.1.0: commands, execution times, scales.
START: Final = 0x0006
STOP: Final = 0x0104
READ: Final = 0x0327
MARKING: Final = 0xD060
FIRST_S: Final = 0.5


def signed(word: int) -> int:
    """A word as a number with a sign."""
    return word - 0x1_0000 if word & 0x8000 else word


class Sfa30(SensirionDriver):
    """Sensirion SFA30: formaldehyde from 0 to 1000 ppb, temperature, humidity; an electrochemical cell, on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V), GND to pin 9, SDA to pin 3 (GPIO 2), SCL to pin 5 (GPIO 3), SEL to
    GND (that chooses I2C). **Address** 0x5D, fixed: one on a bus, and no SFA40 beside it.
    **Warm-up** none stated; it follows a step within 2 min (t90), and the first reading comes after 0.5 s.
    **Accuracy** ±20 ppb or ±20 %, the larger (Sensirion SFA30 data sheet, table 1): at the limit of 0.08 mg/m³, which
    are 65 ppb, that is ±25 µg/m³, so that a reading near it is no verdict. None is stated here for its climate.

    It reads ethanol, as in hand sanitiser, a little as formaldehyde. It has no flag for new data: an answer that is in
    every bit the one before is taken for a repetition. The mass is worked out from ppb at 25 °C and 101.325 kPa.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="sfa30", bus="/dev/i2c-1"))
        >>> sensor.start()
        >>> sensor.read()   # None until 0.5 s have passed
        >>> sensor.stop()
    """

    _part_name = "sfa30"
    interval_s = 0.5
    _ready_at = 0.0

    def _begin(self) -> None:
        self._send_if_heard(STOP, takes_s=0.05)
        self.serial = self._text(MARKING, takes_s=0.002)
        self._send(START, takes_s=0.001)
        self._last_answer = ()
        self._ready_at = self._clock.monotonic() + FIRST_S

    def _measure(self) -> dict[str, float] | None:
        # Asked before its first measurement it does not acknowledge, which else is the sign of a lost sensor.
        if self._clock.monotonic() < self._ready_at:
            return None
        answer = self._ask(READ, 3, takes_s=0.005)
        if self._is_echo(answer):
            return None
        hcho, humidity, temperature = (signed(word) for word in answer)
        return {
            "hcho_ug_m3": hcho / 5 * HCHO_UG_M3_PER_PPB,
            "temperature_c": temperature / 200,
            "humidity_pct": humidity / 100,
        }

    def _end(self) -> None:
        self._send(STOP, takes_s=0.05)
