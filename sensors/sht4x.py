"""Sensirion SHT40, SHT41 and SHT45: temperature and humidity, through Adafruit's driver."""

from typing import Any

from sensors.i2c_driver import I2CDriver

# Sensirion SHT4x data sheet v6 (February 2023), section 8 (ordering): the addresses the chip is sold with.
ADDRESSES = frozenset({0x44, 0x45, 0x46})


class Sht4x(I2CDriver):
    """What the three have in common; use the class of your part.

    Each reading is measured when it is asked for, which takes 10 ms, so that there is never an old one.
    """

    addresses = ADDRESSES
    _driver: Any = None

    def _begin(self) -> None:
        # Only here: the driver brings Blinka, which looks at the machine when it is imported.
        from adafruit_sht4x import SHT4x  # type: ignore[import-untyped]

        self._driver = SHT4x(self.port, self._address)
        self.serial = f"{self._driver.serial_number:08x}"

    def _measure(self) -> dict[str, float] | None:
        temperature, humidity = self._driver.measurements
        return {"temperature_c": float(temperature), "humidity_pct": float(humidity)}


class Sht40(Sht4x):
    """Sensirion SHT40: temperature and humidity, the base grade; on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V), GND to pin 9, SDA to pin 3 (GPIO 2), SCL to pin 5 (GPIO 3).
    **Address** 0x44, or 0x45 or 0x46 by the order code: three on a bus.
    **Warm-up** none: a reading takes 10 ms.
    **Accuracy** ±0.2 °C and ±1.8 %RH, typical at 25 °C (Sensirion SHT4x data sheet v6, February 2023).

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="sht40", bus="/dev/i2c-1"))
        >>> sensor.start()
        >>> sensor.read()
        >>> sensor.stop()
    """

    _part_name = "sht40"


class Sht41(Sht4x):
    """Sensirion SHT41: temperature and humidity, the middle grade; on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V), GND to pin 9, SDA to pin 3 (GPIO 2), SCL to pin 5 (GPIO 3).
    **Address** 0x44, or 0x45 or 0x46 by the order code: three on a bus.
    **Warm-up** none: a reading takes 10 ms.
    **Accuracy** ±0.2 °C and ±1.8 %RH, typical at 25 °C (Sensirion SHT4x data sheet v6, February 2023).

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="sht41", bus="/dev/i2c-1"))
        >>> sensor.start()
        >>> sensor.read()
        >>> sensor.stop()
    """

    _part_name = "sht41"


class Sht45(Sht4x):
    """Sensirion SHT45: temperature and humidity, the best grade; on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V), GND to pin 9, SDA to pin 3 (GPIO 2), SCL to pin 5 (GPIO 3).
    **Address** 0x44, or 0x45 or 0x46 by the order code: three on a bus.
    **Warm-up** none: a reading takes 10 ms.
    **Accuracy** ±0.1 °C and ±1 %RH, typical at 25 °C (Sensirion SHT4x data sheet v6, February 2023).

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="sht45", bus="/dev/i2c-1"))
        >>> sensor.start()
        >>> sensor.read()
        >>> sensor.stop()
    """

    _part_name = "sht45"
