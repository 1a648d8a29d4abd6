"""Rohm BH1750FVI: light, through Adafruit's driver."""

from typing import Any

from sensors.i2c_driver import I2CDriver

# Rohm BH1750FVI technical note, rev. D, page 10: ADDR low or open, ADDR high.
ADDRESSES = frozenset({0x23, 0x5C})


class Bh1750(I2CDriver):
    """Rohm BH1750FVI: illuminance from 0 to 54,612 lx, steps of 1 lx; on I2C.

    **Wiring** (Raspberry Pi): VCC to pin 1 (3.3 V), GND to pin 9, SDA to pin 3 (GPIO 2), SCL to pin 5 (GPIO 3), ADDR
    open. **Address** 0x23, or 0x5C with ADDR to VCC: two on a bus.
    **Warm-up** none: a reading takes 180 ms.
    **Accuracy** ±20 % with the white light of a fluorescent lamp (the count for a lux is 0.96 to 1.44, typically 1.2:
    Rohm BH1750FVI technical note, rev. D, page 2), facing the light, without a window over it.

    It has no serial number and no checksum, and after a loss of power it would say 0 lx for ever: so each reading is
    measured anew when it is asked for, which wakes it.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="bh1750", bus="/dev/i2c-1"))
        >>> sensor.start()
        >>> sensor.read()
        >>> sensor.stop()
    """

    _part_name = "bh1750"
    addresses = ADDRESSES
    _driver: Any = None

    def _begin(self) -> None:
        # Only here: the driver brings Blinka, which looks at the machine when it is imported.
        from adafruit_bh1750 import BH1750, Resolution  # type: ignore[import-untyped]

        self._driver = BH1750(self.port, self._address)
        # Half steps end at 27,306 lx, which a window seat in the sun passes.
        self._driver.resolution = Resolution.MID

    def _measure(self) -> dict[str, float] | None:
        from adafruit_bh1750 import Mode

        # The driver waits for the measurement whenever the mode is set.
        self._driver.mode = Mode.ONE_SHOT
        return {"illuminance_lx": float(self._driver.lux)}

    def _end(self) -> None:
        from adafruit_bh1750 import Mode

        self._driver.mode = Mode.SHUTDOWN
