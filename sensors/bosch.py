"""Bosch BME280 and BMP280: air pressure and temperature, and humidity with the BME280.

Adafruit's drivers are not used; why is decision 0005.
"""

from typing import ClassVar, Final

from sensors.bosch_math import Trimming, fine_temperature, humidity_pct, pressure_pa, trimming_of
from sensors.errors import SelfTestFailed, WrongPart
from sensors.i2c_driver import I2CDriver

# BST-BME280-DS002-15 rev. 1.6, section 5.3, table 18: the memory map.
TRIMMING_LOW: Final = (0x88, 26)
TRIMMING_HIGH: Final = (0xE1, 7)
CHIP_ID: Final = 0xD0
RESET: Final = (0xE0, 0xB6)
CTRL_HUM: Final = 0xF2
CTRL_MEAS: Final = 0xF4
CONFIG: Final = 0xF5
DATA: Final = 0xF7
NAMES: Final = {0x60: "bme280", 0x58: "bmp280"}

# Temperature twice, pressure four times, humidity once; then one forced measurement.
HUMIDITY_ONCE: Final = 0b001
FORCED: Final = 0b010 << 5 | 0b011 << 2 | 0b01
SLEEPING: Final = FORCED & ~0b11
# Section 9.1: the longest measurement with these, 1.25 + 2.3 * 2 + (2.3 * 4 + 0.575) + (2.3 + 0.575) ms.
MEASURE_S: Final = 0.0185
START_UP_S: Final = 0.005  # Section 1.1, table 1: 2 ms; the same is waited after a reset.
SKIPPED: Final = 0x80000
"""Section 5.4.7: what stands in a register whose measurement was skipped."""
SKIPPED_HUMIDITY: Final = 0x8000


class Bmx280(I2CDriver):
    """What the two have in common; use `Bme280` or `Bmp280`.

    Each reading is measured when it is asked for, settings included, so that a moment without power costs nothing.
    """

    addresses = frozenset({0x76, 0x77})
    data_bytes: ClassVar[int] = 6
    _trimming: Trimming = Trimming((0, 0, 0), (0,) * 9)

    def _begin(self) -> None:
        (found,) = self._registers(CHIP_ID, 1)
        name = NAMES.get(found, f"chip 0x{found:02x}")
        if name != self.part.name:
            raise WrongPart(expected=self.part.name, got=name, bus=str(self._spec.bus), address=self._address)
        self._write(*RESET)
        self._sleep(START_UP_S)
        high = self._registers(*TRIMMING_HIGH) if self.part.channel("humidity_pct") else b""
        self._trimming = trimming_of(self._registers(*TRIMMING_LOW), high)
        if self._trimming.is_blank:
            raise SelfTestFailed(
                "its trimming is blank; check the wiring, replace the sensor if that stays", **self._where
            )
        self._write(CONFIG, 0)

    def _measure(self) -> dict[str, float] | None:
        if self.part.channel("humidity_pct"):
            self._write(CTRL_HUM, HUMIDITY_ONCE)
        self._write(CTRL_MEAS, FORCED)
        self._sleep(MEASURE_S)
        # Back asleep with our settings: it has measured. Else it hangs, or lost power meanwhile.
        if self._registers(CTRL_MEAS, 1)[0] != SLEEPING:
            return None
        data = self._registers(DATA, self.data_bytes)
        pressure, temperature = (int.from_bytes(data[at : at + 3], "big") >> 4 for at in (0, 3))
        if SKIPPED in (pressure, temperature):
            return None
        t_fine = fine_temperature(temperature, self._trimming)
        pascal = pressure_pa(pressure, t_fine, self._trimming)
        values = {"temperature_c": t_fine / 5_120}
        if self.data_bytes == 8:
            humidity = int.from_bytes(data[6:8], "big")
            if humidity == SKIPPED_HUMIDITY:
                return None
            values["humidity_pct"] = humidity_pct(humidity, t_fine, self._trimming)
        if pascal is not None:
            values["pressure_hpa"] = pascal / 100
        return values

    def _registers(self, first: int, count: int) -> bytes:
        answer = bytearray(count)
        with self._locked():
            self.port.writeto_then_readfrom(self._address, bytes([first]), answer)
        return bytes(answer)

    def _write(self, register: int, value: int) -> None:
        with self._locked():
            self.port.writeto(self._address, bytes([register, value]))


class Bme280(Bmx280):
    """Bosch BME280: air pressure from 300 to 1100 hPa, temperature, humidity; on I2C.

    **Wiring** (Raspberry Pi): VIN to pin 1 (3.3 V), GND to pin 9, SDI to pin 3 (GPIO 2), SCK to pin 5 (GPIO 3), CSB to
    3.3 V (that chooses I2C; on boards it is so). **Address** 0x76, or 0x77 with SDO to 3.3 V: two on a bus.
    **Warm-up** none: a reading takes 19 ms.
    **Accuracy** ±1 hPa and ±1 °C within 0-65 °C, ±3 %RH within 20-80 %RH (Bosch BME280 data sheet
    BST-BME280-DS002-15, rev. 1.6, tables 2 to 4). It warms itself by about 1 °C on small boards.

    It has no serial number and no checksum: keep its wires short.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="bme280", bus="/dev/i2c-1"))
        >>> sensor.start()
        >>> sensor.read()
        >>> sensor.stop()
    """

    _part_name = "bme280"
    data_bytes = 8


class Bmp280(Bmx280):
    """Bosch BMP280: air pressure from 300 to 1100 hPa, temperature; on I2C.

    **Wiring** (Raspberry Pi): VIN to pin 1 (3.3 V), GND to pin 9, SDI to pin 3 (GPIO 2), SCK to pin 5 (GPIO 3), CSB to
    3.3 V (that chooses I2C; on boards it is so). **Address** 0x76, or 0x77 with SDO to 3.3 V: two on a bus.
    **Warm-up** none: a reading takes 19 ms.
    **Accuracy** ±1 hPa and ±1 °C within 0-65 °C (Bosch BMP280 data sheet BST-BMP280-DS001, rev. 1.14, table 2).

    It has no serial number and no checksum: keep wires short. Boards sold as BME280 often carry one: a start says so.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="bmp280", bus="/dev/i2c-1"))
        >>> sensor.start()
        >>> sensor.read()
        >>> sensor.stop()
    """

    _part_name = "bmp280"
