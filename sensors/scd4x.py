"""Sensirion SCD40 and SCD41: carbon dioxide, temperature and humidity, through Adafruit's driver."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, Final

from sensors.errors import (
    CalibrationFailed,
    ChecksumMismatch,
    NotFinite,
    SelfTestFailed,
    SensorMisconfigured,
    SensorNotStarted,
    SensorSilent,
    SensorUnavailable,
    WrongPart,
)
from sensors.i2c import I2CBus
from sensors.spec import SensorSpec, i2c_address
from telemetry.clock import Clock
from telemetry.parts import PARTS, Part

# Sensirion SCD4x data sheet v1.3, sections 3.6.1, 3.6.3 and 3.6.5: what the three compensations may be.
MAX_TEMPERATURE_OFFSET_C: Final = 20.0
MAX_ALTITUDE_M: Final = 3_000
PRESSURE_RANGE_HPA: Final = (700, 1_200)

SILENT_PERIODS: Final = 4
"""A chip that was re-powered between two reads sits idle and answers "nothing new" for ever; after so many periods of
its own we say so."""


class Scd4x:
    """What the two sensors have in common; use `Scd40` or `Scd41`.

    Args:
        open_bus: Opens the bus, an `OSError` if it cannot; called at every `start()`.
        spec: How it is to be set.
        clock: Tells how long it has been silent.

    Raises:
        SensorMisconfigured: If the sensor cannot be set as the spec says.
    """

    part: Part
    interval_s: float = 5.0  # Sensirion SCD4x data sheet v1.3, section 3.5.1: signal update interval.
    _part_name: ClassVar[str]

    def __init__(self, open_bus: Callable[[], I2CBus], *, spec: SensorSpec, clock: Clock) -> None:
        self.part = PARTS[self._part_name]
        self.serial = ""
        self._open_bus = open_bus
        self._spec = spec
        self._clock = clock
        self._address = i2c_address(spec, self.part)
        self._where: dict[str, Any] = {"sensor": self.part.name, "bus": str(spec.bus), "address": self._address}
        self._bus: I2CBus | None = None
        self._driver: Any = None
        self._news_at = 0.0
        self._check(spec)

    def start(self) -> None:
        """Find the sensor, bring it to a known state, set it, read its serial number, let it measure every 5 s.

        Takes about 1.1 s. What it finds in the chip's memory does not matter, and nothing is written to its EEPROM,
        which is good for 2,000 writes only (Sensirion SCD4x data sheet v1.3, section 3.9.1).

        Raises:
            SensorUnavailable: If the bus or the sensor is not there.
            WrongPart: If the chip is the other one of the family.
            SensorMisconfigured: If the chip did not keep a setting.
        """
        self.stop()
        try:
            with self._translated("it did not start"):
                self._open()
                self._settle()
                self._driver.start_periodic_measurement()
        except BaseException:
            self._close()
            raise
        self._news_at = self._clock.monotonic()

    def read(self) -> dict[str, float] | None:
        """The newest measurement, at most one every 5 s; None if there is no new one yet.

        A CO2 of 0 ppm is the chip's word for "no valid sample" and is left out; temperature and humidity stand.

        Raises:
            SensorNotStarted: Before `start()`.
            SensorUnavailable: It does not answer.
            SensorSilent: Nothing new for 20 s.
            ChecksumMismatch: An answer was garbled.
            NotFinite: A value is no number.
        """
        if self._driver is None:
            raise SensorNotStarted("it is not started; call start() first", **self._where)
        now = self._clock.monotonic()
        with self._translated("it was not read"):
            if not self._driver.data_ready:
                self._check_silence(now - self._news_at)
                return None
            values = {
                "co2_ppm": float(self._driver.CO2),
                "temperature_c": float(self._driver.temperature),
                "humidity_pct": float(self._driver.relative_humidity),
            }
        self._news_at = now
        if values["co2_ppm"] == 0:
            del values["co2_ppm"]
        return self._finite(values)

    def stop(self) -> None:
        """End the measurements if the sensor still answers, and close the bus. Never raises."""
        if self._driver is not None:
            # Unplugged, it has stopped by itself; and the next start stops it first.
            with suppress(OSError, RuntimeError):
                self._driver.stop_periodic_measurement()
        self._close()

    def self_test(self) -> None:
        """Let the chip test itself, which takes 10 s; it measures again afterwards.

        Raises:
            SelfTestFailed: If it found a fault.
        """
        if self._driver is None:
            raise SensorNotStarted("it is not started; call start() first", **self._where)
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
        if self._driver is None:
            raise SensorNotStarted("it is not started; call start() first", **self._where)
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

    def _open(self) -> None:
        # Only here: the driver brings Blinka, which looks at the machine when it is imported.
        from adafruit_scd4x import SCD4X  # type: ignore[import-untyped]

        self._bus = self._open_bus()
        self._driver = SCD4X(self._bus, self._address)

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

    def _require(self, setting: str, wanted: object, got: object) -> None:
        if wanted != got:
            text = f"the chip did not keep {setting}; start it again, replace it if that stays"
            raise SensorMisconfigured(text, setting=setting, got=got, **self._where)

    def _measure_again(self) -> None:
        self._driver.start_periodic_measurement()
        self._news_at = self._clock.monotonic()

    def _check_silence(self, silent_s: float) -> None:
        if silent_s > SILENT_PERIODS * self.interval_s:
            text = f"nothing new for {silent_s:.0f} s; it may have lost power for a moment: stop and start it again"
            raise SensorSilent(text, silent_s=silent_s, **self._where)

    def _finite(self, values: Mapping[str, float]) -> dict[str, float]:
        for quantity, value in values.items():
            if not math.isfinite(value):
                raise NotFinite(quantity=quantity, got=value, **self._where)
        return dict(values)

    def _close(self) -> None:
        bus, self._bus, self._driver = self._bus, None, None
        if bus is not None:
            with suppress(OSError):
                bus.deinit()

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        """The driver's errors as ours: it raises `RuntimeError` for a lost bus and for a bad checksum alike."""
        try:
            yield
        except FileNotFoundError as error:
            hint = "there is no such bus; enable I2C (raspi-config, Interface Options) and reboot"
            raise SensorUnavailable(f"{what}: {hint}", **self._where) from error
        except PermissionError as error:
            hint = "we may not use the bus; add this user to the group i2c"
            raise SensorUnavailable(f"{what}: {hint}", **self._where) from error
        except (OSError, ValueError) as error:
            raise SensorUnavailable(f"{what}: {error}; check plug, wiring and address", **self._where) from error
        except RuntimeError as error:
            if isinstance(error.__cause__, OSError):
                text = f"{what}: {error.__cause__}; check plug, wiring and address"
                raise SensorUnavailable(text, **self._where) from error
            if "CRC" not in str(error):
                raise
            text = f"{what}: an answer does not fit its checksum; read again, shorten the cable if it stays"
            raise ChecksumMismatch(text, **self._where) from error

    def _check(self, spec: SensorSpec) -> None:
        low, high = PRESSURE_RANGE_HPA
        offset, pressure = spec.temperature_offset_c, spec.ambient_pressure_hpa
        if not 0 <= spec.altitude_m <= MAX_ALTITUDE_M:
            text = f"altitude_m runs from 0 to {MAX_ALTITUDE_M}; higher up give ambient_pressure_hpa"
            raise SensorMisconfigured(text, setting="altitude_m", got=spec.altitude_m, **self._where)
        if pressure is not None and not low <= pressure <= high:
            text = f"ambient_pressure_hpa runs from {low} to {high} (hPa, not Pa)"
            raise SensorMisconfigured(text, setting="ambient_pressure_hpa", got=pressure, **self._where)
        if offset is not None and not 0 <= offset <= MAX_TEMPERATURE_OFFSET_C:
            text = f"temperature_offset_c runs from 0 to {MAX_TEMPERATURE_OFFSET_C:g}"
            raise SensorMisconfigured(text, setting="temperature_offset_c", got=offset, **self._where)


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
