"""Sensirion SPS30: particles."""

import struct
from typing import Final

from sensors.errors import PartlyBroken, SelfTestFailed, WrongPart
from sensors.sensirion import SensirionDriver

# Sensirion SPS30 data sheet v1.0 (March 2020), section 6.3: commands; Sensirion's driver 1.0.0: execution times.
START: Final = 0x0010
STOP: Final = 0x0104
IS_NEW: Final = 0x0202
READ: Final = 0x0300
WAKE: Final = 0x1103
PRODUCT: Final = 0xD002
SERIAL: Final = 0xD033
STATUS: Final = 0xD206
CLEAR_STATUS: Final = 0xD210
BIG_ENDIAN_FLOATS: Final = 0x0300
PRODUCT_TYPE: Final = "00080000"

# Section 4.4: the status register.
SPEED_WARNING: Final = 1 << 21
LASER_ERROR: Final = 1 << 5
FAN_ERROR: Final = 1 << 4

VALUES: Final = 10
NAMES: Final = ("pm1_ug_m3", "pm2_5_ug_m3", "pm4_ug_m3", "pm10_ug_m3")
"""The first four of the ten values; number concentrations and the typical size follow."""


class Sps30(SensirionDriver):
    """Sensirion SPS30: particles PM1, PM2.5, PM4 and PM10 to 1000 µg/m³; laser scattering, on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 2 (5 V), SDA to pin 3 (GPIO 2), SCL to pin 5 (GPIO 3), SEL to GND (it chooses
    I2C), GND to pin 9. Its I2C lines take 3.3 V; keep the wires under 10 cm. **Address** 0x69, fixed: one on a bus.
    **Warm-up** 30 s, the longest start-up time of the data sheet; the first reading comes after 1 s.
    **Accuracy** none: the data sheet (Sensirion SPS30 data sheet v1.0, table 1) states the precision among units, which
    for PM2.5 is ±10 µg/m³ to 100 and ±10 % above, and no verdict rests on that.

    A laser or a fan that it reports as broken is an error at every read; a fan that runs too fast or too slow is told
    once. Fine water droplets count as particles: it over-reads in fog and beside humidifiers.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="sps30", bus="/dev/i2c-1"))
        >>> sensor.start()
        >>> sensor.read()   # None until 1 s has passed
        >>> sensor.stop()
    """

    _part_name = "sps30"
    _warned = False

    def _begin(self) -> None:
        # Asleep it ignores the first of the two, which only opens its ears (section 6.3.9).
        self._send_if_heard(WAKE, takes_s=0.005)
        self._send_if_heard(WAKE, takes_s=0.005)
        self._send_if_heard(STOP, takes_s=0.02)
        product = self._text(PRODUCT, 4, takes_s=0.005)
        if product != PRODUCT_TYPE:
            raise WrongPart(expected="sps30", got=product, bus=str(self._spec.bus), address=self._address)
        self.serial = self._text(SERIAL, takes_s=0.005)
        self._send(CLEAR_STATUS, takes_s=0.005)
        self._send(START, BIG_ENDIAN_FLOATS, takes_s=0.02)
        self._warned = False

    def _measure(self) -> dict[str, float] | None:
        (is_new,) = self._ask(IS_NEW, 1, takes_s=0.001)
        if not is_new & 1:
            return None
        words = self._ask(READ, 2 * VALUES, takes_s=0.001)
        high, low = self._ask(STATUS, 2, takes_s=0.001)
        self._look(high << 16 | low)
        values = struct.unpack(f">{VALUES}f", struct.pack(f">{2 * VALUES}H", *words))
        return dict(zip(NAMES, values, strict=False))

    def _look(self, status: int) -> None:
        for bit, what in ((LASER_ERROR, "its laser is out of order"), (FAN_ERROR, "its fan stands still")):
            if status & bit:
                # The bits stay set until they are cleared; a fault that stays sets them again.
                self._send(CLEAR_STATUS, takes_s=0.005)
                raise SelfTestFailed(f"{what}; clean it, replace the sensor if that stays", **self._where)
        if status & SPEED_WARNING and not self._warned:
            self._warned = True
            text = "its fan runs too fast or too slow; clean it, its values go on"
            raise PartlyBroken(text, quantities=(), **self._where)
        self._warned = bool(status & SPEED_WARNING)

    def _end(self) -> None:
        self._send(STOP, takes_s=0.02)
