"""Sensirion SCD40 and SCD41: carbon dioxide, temperature and humidity, through Adafruit's driver."""

from contextlib import suppress
from typing import Any, ClassVar

from sensors.compensation import check_altitude, check_temperature_offset
from sensors.errors import CalibrationFailed, SelfTestFailed, WrongPart
from sensors.i2c_driver import I2CDriver
from sensors.spec import SensorSpec
from telemetry.parts import PARTS


class Scd4x(I2CDriver):
    """What the two sensors have in common; use `Scd40` or `Scd41`.

    A start takes about 1.1 s. What it finds in the chip's memory does not matter, and nothing is written to its EEPROM,
    which is good for 2,000 writes only (Sensirion SCD4x data sheet v1.3, section 3.9.1).
    A CO2 of 0 ppm is the chip's word for "no valid sample" and is left out; temperature and humidity stand.
    """

    interval_s: float = 5.0  # Sensirion SCD4x data sheet v1.3, section 3.5.1: signal update interval.
    takes: ClassVar[frozenset[str]] = frozenset({"temperature_offset_c", "self_calibration"})
    _driver: Any = None

    def _begin(self) -> None:
        # Only here: the driver brings Blinka, which looks at the machine when it is imported.
        from adafruit_scd4x import SCD4X  # type: ignore[import-untyped]

        self._driver = SCD4X(self.port, self._address)
        self._settle()
        self._driver.start_periodic_measurement()

    def _measure(self) -> dict[str, float] | None:
        if not self._driver.data_ready:
            return None
        values = {
            "co2_ppm": float(self._driver.CO2),
            "temperature_c": float(self._driver.temperature),
            "humidity_pct": float(self._driver.relative_humidity),
        }
        if values["co2_ppm"] == 0:
            del values["co2_ppm"]
        return values

    def _end(self) -> None:
        self._driver.stop_periodic_measurement()

    def self_test(self) -> None:
        """Let the chip test itself, which takes 10 s; it measures again afterwards.

        Raises:
            SelfTestFailed: If it found a fault.
        """
        self._require_started()
        with self._translated("the self-test did not run"):
            try:
                self._driver.self_test()
            except RuntimeError as error:
                if "Self test failed" not in str(error):
                    raise
                raise SelfTestFailed("the chip found itself broken; replace the sensor", **self._where) from error
            self._measure_again()

    def calibrate(self, reference_ppm: int) -> int:
        """Tell the chip what the air around it holds; the correction is returned, in ppm, and kept by the chip.

        It must have measured that air, steady, for at least 3 minutes (Sensirion SCD4x data sheet v1.3, section 3.7.1).

        Args:
            reference_ppm: What the reference instrument shows, 400 to 2000.

        Raises:
            CalibrationFailed: If the chip refused.
        """
        self._require_started()
        if not 400 <= reference_ppm <= 2_000:
            text = f"a reference of {reference_ppm} ppm is outside 400 to 2000; use outdoor air or a test gas"
            raise CalibrationFailed(text, reference_ppm=reference_ppm, **self._where)
        with self._translated("it was not calibrated"):
            try:
                correction = int(self._driver.force_calibration(reference_ppm))
            except RuntimeError as error:
                if "recalibration failed" not in str(error):
                    raise
                text = "the chip refused; let it measure steady air for 3 minutes, then try again"
                raise CalibrationFailed(text, reference_ppm=reference_ppm, **self._where) from error
            finally:
                with suppress(OSError, RuntimeError):
                    self._measure_again()
        return correction

    def _settle(self) -> None:
        """Known state, then our settings, each read back."""
        driver = self._driver
        driver.reinit()
        raw = driver.serial_number
        self.serial = bytes(raw).hex()
        self._check_variant()
        spec = self._spec
        driver.self_calibration_enabled = spec.self_calibration
        self._require("self_calibration", spec.self_calibration, driver.self_calibration_enabled)
        if spec.temperature_offset_c is not None:
            driver.temperature_offset = spec.temperature_offset_c
            # The chip counts in steps of 175 °C / 65535; the driver rounds down.
            kept = driver.temperature_offset
            self._require("temperature_offset_c", True, abs(kept - spec.temperature_offset_c) < 0.01)
        if spec.ambient_pressure_hpa is not None:
            driver.ambient_pressure = spec.ambient_pressure_hpa
        else:
            driver.altitude = spec.altitude_m
            self._require("altitude_m", spec.altitude_m, driver.altitude)

    def _check_variant(self) -> None:
        try:
            found = str(self._driver.sensor_variant_name).lower()
        except (OSError, RuntimeError):
            # Chips older than data sheet v1.7 need not know the command; one that is gone is missed by the next.
            return
        if found in PARTS and found != self.part.name:
            raise WrongPart(expected=self.part.name, got=found, bus=str(self._spec.bus), address=self._address)

    def _measure_again(self) -> None:
        self._driver.start_periodic_measurement()
        self._asked_in_vain_at = None

    def _check(self, spec: SensorSpec) -> None:
        super()._check(spec)
        check_altitude(spec, self._where)
        check_temperature_offset(spec, self._where)


class Scd40(Scd4x):
    """Sensirion SCD40: CO2 from 400 to 2000 ppm, temperature, humidity; photo-acoustic, on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V, it draws up to 205 mA for a moment), GND to pin 9, SDA to pin 3
    (GPIO 2), SCL to pin 5 (GPIO 3). **Address** 0x62, fixed: one on a bus, or a multiplexer.
    **Warm-up** none: the first reading comes 5 s after the start, and it follows a step of CO2 with t63 of 60 s.
    **Accuracy** ±(50 ppm + 5 %) within 400-2000 ppm, ±0.8 °C and ±6 %RH within 15-35 °C and 20-65 %RH
    (Sensirion SCD4x data sheet v1.5, tables 1 to 3), five days after it was soldered on.

    **Self-calibration** is on when the chip is delivered and off here, unless the configuration says otherwise: it
    takes the lowest reading of about a week for 400 ppm of outdoor air, so in a hall that is never aired out, or is
    sealed after a renovation, it pulls every reading down. Leave it off and hold the sensor against a reference once a
    year (`calibrate`).
    **Air pressure** scales the reading, so that `altitude_m` or `ambient_pressure_hpa` is set at every start.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="scd40", bus="/dev/i2c-1", altitude_m=45))
        >>> sensor.start()
        >>> sensor.read()   # None until 5 s have passed
        >>> sensor.stop()
    """

    _part_name = "scd40"


class Scd41(Scd4x):
    """Sensirion SCD41: CO2 from 400 to 5000 ppm, temperature, humidity; photo-acoustic, on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V, it draws up to 205 mA for a moment), GND to pin 9, SDA to pin 3
    (GPIO 2), SCL to pin 5 (GPIO 3). **Address** 0x62, fixed: one on a bus, or a multiplexer.
    **Warm-up** none: the first reading comes 5 s after the start, and it follows a step of CO2 with t63 of 60 s.
    **Accuracy** ±(50 ppm + 2.5 %) within 400-1000 ppm, ±(50 ppm + 3 %) to 2000, ±(40 ppm + 5 %) to 5000; ±0.8 °C and
    ±6 %RH within 15-35 °C and 20-65 %RH (Sensirion SCD4x data sheet v1.5, tables 1 to 3; v1.1 to v1.3 promised less),
    five days after it was soldered on.

    **Self-calibration** is on when the chip is delivered and off here, unless the configuration says otherwise: it
    takes the lowest reading of about a week for 400 ppm of outdoor air, so in a hall that is never aired out, or is
    sealed after a renovation, it pulls every reading down. Leave it off and hold the sensor against a reference once a
    year (`calibrate`).
    **Air pressure** scales the reading, so that `altitude_m` or `ambient_pressure_hpa` is set at every start.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="scd41", bus="/dev/i2c-1", altitude_m=45))
        >>> sensor.start()
        >>> sensor.read()   # None until 5 s have passed
        >>> sensor.stop()
    """

    _part_name = "scd41"
