"""Sensirion's SEN6x nodes: particles and climate, with CO2, gas indices or formaldehyde beside them."""

from contextlib import suppress
from typing import Final

from sensors.compensation import PRESSURE_RANGE_HPA, check_altitude, check_temperature_offset, pressure_at_hpa
from sensors.errors import CalibrationFailed, PartlyBroken, SelfTestFailed, SensorMisconfigured, WrongPart
from sensors.sen6x_layout import CELLS, FAN_ERROR, FAN_WARNING, LAYOUTS
from sensors.sensirion import SensirionDriver
from sensors.spec import SensorSpec

# Sensirion's drivers of the SEN6x, model version 1.2.1: commands and execution times.
START: Final = 0x0021
STOP: Final = 0x0104
IS_NEW: Final = 0x0202
TEMPERATURE_OFFSET: Final = 0x60B2
CALIBRATE: Final = 0x6707
SELF_CALIBRATION: Final = 0x6711
PRESSURE: Final = 0x6720
NAME: Final = 0xD014
SERIAL: Final = 0xD033
STATUS_AND_CLEAR: Final = 0xD210

ANSWER_S: Final = 0.02
START_S: Final = 0.05
STOP_S: Final = 1.4
CALIBRATE_S: Final = 0.5
CALIBRATION_FAILED: Final = 0xFFFF


class Sen6x(SensirionDriver):
    """What the nodes have in common; use the class of your part.

    A start takes about 1.6 s and leaves what the gas algorithms have learned in the chip. The air pressure is given at
    every start, worked out from the height where it is not known: it overrides whatever an earlier program set.
    """

    has_co2 = False

    def _begin(self) -> None:
        self._layout = LAYOUTS[self.part.name]
        self._broken: tuple[str, ...] = ()
        self._send_if_heard(STOP, takes_s=STOP_S)
        name = self._text(NAME, takes_s=ANSWER_S)
        if name.lower() != self.part.name:
            raise WrongPart(expected=self.part.name, got=name, bus=str(self._spec.bus), address=self._address)
        self.serial = self._text(SERIAL, takes_s=ANSWER_S)
        self._set_up()
        self._ask(STATUS_AND_CLEAR, 2, takes_s=ANSWER_S)
        self._send(START, takes_s=START_S)

    def _set_up(self) -> None:
        spec = self._spec
        # Set also when none is wanted: an earlier program's is in force until the chip loses power.
        offset = round((spec.temperature_offset_c or 0.0) * -200) & 0xFFFF
        self._send(TEMPERATURE_OFFSET, offset, 0, 0, 0, takes_s=ANSWER_S)
        if not self.has_co2:
            return
        self._send(SELF_CALIBRATION, int(spec.self_calibration), takes_s=ANSWER_S)
        (kept,) = self._ask(SELF_CALIBRATION, 1, takes_s=ANSWER_S)
        self._require("self_calibration", spec.self_calibration, bool(kept & 1))
        low, high = PRESSURE_RANGE_HPA
        pressure = spec.ambient_pressure_hpa or min(high, max(low, round(pressure_at_hpa(spec.altitude_m))))
        self._send(PRESSURE, pressure, takes_s=ANSWER_S)
        (kept,) = self._ask(PRESSURE, 1, takes_s=ANSWER_S)
        self._require("ambient_pressure_hpa", pressure, kept)

    def _measure(self) -> dict[str, float] | None:
        (is_new,) = self._ask(IS_NEW, 1, takes_s=ANSWER_S)
        if not is_new & 1:
            return None
        words = self._ask(self._layout.read, len(self._layout.fields), takes_s=ANSWER_S)
        high, low = self._ask(STATUS_AND_CLEAR, 2, takes_s=ANSWER_S)
        spoiled = self._spoiled(high << 16 | low)
        values = {}
        for field, word in zip(self._layout.fields, words, strict=True):
            value = field.value(word)
            if value is not None and field.quantity not in spoiled:
                values[field.quantity] = value
        return values or None

    def _spoiled(self, status: int) -> set[str]:
        """The quantities of cells that report a fault, told when they change."""
        if status & FAN_ERROR:
            # Without the fan every cell sits in air of its own.
            raise SelfTestFailed("its fan stands still; clean it, replace the sensor if that stays", **self._where)
        cells = tuple(sorted({f"{name} cell" for bit, (name, _) in CELLS.items() if status & bit}))
        troubles = (*cells, "fan speed") if status & FAN_WARNING else cells
        spoiled = {quantity for bit, (_, names) in CELLS.items() if status & bit for quantity in names}
        before, self._broken = self._broken, troubles
        if set(troubles) - set(before):
            text = f"it reports trouble with: {', '.join(troubles)}; clean it, replace the sensor if that stays"
            missing = tuple(field.quantity for field in self._layout.fields if field.quantity in spoiled)
            raise PartlyBroken(text, quantities=missing, **self._where)
        return spoiled

    def calibrate(self, reference_ppm: int) -> int:
        """Tell the CO2 cell what the air around it holds; the correction is returned, in ppm, and kept by the chip.

        It must have measured that air, steady, for at least 3 minutes (Sensirion SCD4x data sheet v1.3, section 3.7.1,
        whose procedure it is).

        Args:
            reference_ppm: What the reference instrument shows, 400 to 2000.

        Raises:
            CalibrationFailed: If the chip refused, or has no CO2 cell.
        """
        self._require_started()
        if not self.has_co2:
            text = f"the {self.part.title} has no CO2 cell"
            raise CalibrationFailed(text, reference_ppm=reference_ppm, **self._where)
        if not 400 <= reference_ppm <= 2_000:
            text = f"a reference of {reference_ppm} ppm is outside 400 to 2000; use outdoor air or a test gas"
            raise CalibrationFailed(text, reference_ppm=reference_ppm, **self._where)
        with self._translated("it was not calibrated"):
            self._send(STOP, takes_s=STOP_S)
            try:
                (word,) = self._ask(CALIBRATE, 1, reference_ppm, takes_s=CALIBRATE_S)
            finally:
                with suppress(OSError):
                    self._send(START, takes_s=START_S)
        if word == CALIBRATION_FAILED:
            text = "the chip refused; let it measure steady air for 3 minutes, then try again"
            raise CalibrationFailed(text, reference_ppm=reference_ppm, **self._where)
        return word - 0x8000

    def _end(self) -> None:
        self._send(STOP, takes_s=STOP_S)

    def _check(self, spec: SensorSpec) -> None:
        if spec.self_calibration and not self.has_co2:
            text = f"the {self.part.title} has no self_calibration; remove the line"
            raise SensorMisconfigured(text, setting="self_calibration", got=True, **self._where)
        super()._check(spec)
        check_temperature_offset(spec, self._where)
        if self.has_co2:
            check_altitude(spec, self._where)


_PLAIN: Final = frozenset({"temperature_offset_c"})
_WITH_CO2: Final = frozenset({"temperature_offset_c", "self_calibration"})


class Sen63c(Sen6x):
    """Sensirion SEN63C: particles PM1 to PM10, temperature, humidity, CO2 by an STCC4 cell; on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V), GND to pin 9, SDA to pin 3 (GPIO 2), SCL to pin 5 (GPIO 3).
    **Address** 0x6B, fixed: one on a bus.
    **Warm-up** 10 min are flagged, as for the whole family; the first reading comes after 1.1 s, CO2 seconds later.
    **Accuracy** PM1 and PM2.5 ±(5 µg/m³ + 5 %) to 100, ±10 % to 1000; PM4 and PM10 ±25 µg/m³, ±25 %; ±0.45 °C;
    ±4.5 %RH; CO2 only ±(100 ppm + 10 %), too coarse for a verdict at 1000 ppm (Sensirion SEN6x data sheet).

    **Self-calibration** of CO2 is off unless the configuration says otherwise; see `Scd41`.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="sen63c", bus="/dev/i2c-1", altitude_m=45))
        >>> sensor.start()
        >>> sensor.read()   # None until 1.1 s have passed
        >>> sensor.stop()
    """

    _part_name = "sen63c"
    has_co2 = True
    takes = _WITH_CO2


class Sen65(Sen6x):
    """Sensirion SEN65: particles PM1 to PM10, temperature, humidity, VOC and NOx index; on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V), GND to pin 9, SDA to pin 3 (GPIO 2), SCL to pin 5 (GPIO 3).
    **Address** 0x6B, fixed: one on a bus.
    **Warm-up** 10 min are flagged, as for the whole family; the first reading comes after 1.1 s, the NOx index after
    11.
    **Accuracy** PM1 and PM2.5 ±(5 µg/m³ + 5 %) to 100, ±10 % to 1000; PM4 and PM10 ±25 µg/m³, ±25 %; ±0.45 °C; ±4.5 %RH
    (Sensirion SEN6x data sheet). The indices state none: 100 means "as usual here", and no verdict rests on them.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="sen65", bus="/dev/i2c-1"))
        >>> sensor.start()
        >>> sensor.read()   # None until 1.1 s have passed
        >>> sensor.stop()
    """

    _part_name = "sen65"
    takes = _PLAIN


class Sen66(Sen6x):
    """Sensirion SEN66: particles PM1 to PM10, temperature, humidity, VOC and NOx index, CO2 as the SCD41; on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V), GND to pin 9, SDA to pin 3 (GPIO 2), SCL to pin 5 (GPIO 3).
    **Address** 0x6B, fixed: one on a bus.
    **Warm-up** 10 min are flagged, as for the whole family; the first reading comes after 1.1 s, CO2 after 6, the NOx
    index after 11.
    **Accuracy** PM1 and PM2.5 ±(5 µg/m³ + 5 %) to 100, ±10 % to 1000; PM4 and PM10 ±25 µg/m³, ±25 %; CO2 ±(50 ppm +
    2.5 %) to 1000 ppm, as the SCD41 beyond; ±0.45 °C; ±4.5 %RH (Sensirion SEN6x data sheet). The indices state none.

    **Self-calibration** of CO2 is off unless the configuration says otherwise; see `Scd41`.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="sen66", bus="/dev/i2c-1", altitude_m=45))
        >>> sensor.start()
        >>> sensor.read()   # None until 1.1 s have passed
        >>> sensor.stop()
    """

    _part_name = "sen66"
    has_co2 = True
    takes = _WITH_CO2


class Sen68(Sen6x):
    """Sensirion SEN68: particles PM1 to PM10, temperature, humidity, VOC and NOx index, formaldehyde; on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V), GND to pin 9, SDA to pin 3 (GPIO 2), SCL to pin 5 (GPIO 3).
    **Address** 0x6B, fixed: one on a bus.
    **Warm-up** 10 min, flagged, for formaldehyde, which is missing in the first; the rest comes after 1.1 s, the NOx
    index after 11.
    **Accuracy** formaldehyde ±20 ppb or ±20 %, the larger, to 200 ppb; PM1 and PM2.5 ±(5 µg/m³ + 5 %) to 100, ±10 % to
    1000; PM4 and PM10 ±25 µg/m³, ±25 %; ±0.45 °C; ±4.5 %RH (Sensirion SEN6x data sheet). The indices state none.

    5 ppm of ethanol read as 15 ppb of formaldehyde. The mass is worked out from ppb at 25 °C and 101.325 kPa.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="sen68", bus="/dev/i2c-1"))
        >>> sensor.start()
        >>> sensor.read()   # None until 1.1 s have passed
        >>> sensor.stop()
    """

    _part_name = "sen68"
    takes = _PLAIN


class Sen69c(Sen6x):
    """Sensirion SEN69C: what the SEN68 has, and CO2 by an STCC4 cell; on I2C.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V), GND to pin 9, SDA to pin 3 (GPIO 2), SCL to pin 5 (GPIO 3).
    **Address** 0x6B, fixed: one on a bus.
    **Warm-up** 10 min, flagged, for formaldehyde, which is missing in the first; the rest comes after 1.1 s, CO2
    seconds later.
    **Accuracy** as the SEN68; CO2 only ±(100 ppm + 10 %), which is ±200 ppm at 1000: too coarse for a verdict there
    (Sensirion SEN6x data sheet). For both, take a SEN68 and an SCD41.

    **Self-calibration** of CO2 is off unless the configuration says otherwise; see `Scd41`.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="sen69c", bus="/dev/i2c-1", altitude_m=45))
        >>> sensor.start()
        >>> sensor.read()   # None until 1.1 s have passed
        >>> sensor.stop()
    """

    _part_name = "sen69c"
    has_co2 = True
    takes = _WITH_CO2
