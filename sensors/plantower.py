"""Plantower PMS5003 and PMSA003: particles, over a serial line."""

from typing import Final

from sensors.driver import Driver
from sensors.errors import SelfTestFailed, SensorUnavailable
from sensors.plantower_frames import Frame, Frames
from sensors.serial_port import SerialPort

BAUD: Final = 9_600  # Plantower PMS5003 manual V2.3, appendix I.
WAIT_S: Final = 6.0
"""A frame comes every 2.3 s when the air is steady; after two missed ones nothing comes."""


class Pms(Driver[SerialPort]):
    """What the two have in common; use `Pms5003` or `Pmsa003`.

    The sensor talks by itself. A reading is the first whole frame that begins after it is asked for: what piled up in
    the kernel's buffer meanwhile is minutes old and is dropped. Only the sensor's TX needs a wire.
    """

    interval_s = 2.3
    has_error_code = False
    _frames: Frames
    _waiting_since: float | None = None
    _last: Frame | None = None

    def _begin(self) -> None:
        self._last = None
        self._listen()

    def _listen(self) -> None:
        self.port.drop_waiting()
        self._frames = Frames()
        self._waiting_since = self._clock.monotonic()

    def _measure(self) -> dict[str, float] | None:
        if self._waiting_since is None:
            self._listen()
        for frame in self._frames.feed(self.port.read_waiting()):
            # In steady air it repeats a frame until it has a new one; clean air may look the same for long.
            if frame == self._last and any(frame.counts):
                self._waiting_since = self._clock.monotonic()
                continue
            self._last, self._waiting_since = frame, None
            return self._values(frame)
        self._give_up_in_time()
        return None

    def _values(self, frame: Frame) -> dict[str, float]:
        if self.has_error_code and frame.error_code:
            text = f"it reports error code {frame.error_code}; clean it, replace it if that stays"
            raise SelfTestFailed(text, **self._where)
        pm1, pm2_5, pm10 = frame.air_ug_m3
        return {"pm1_ug_m3": float(pm1), "pm2_5_ug_m3": float(pm2_5), "pm10_ug_m3": float(pm10)}

    def _give_up_in_time(self) -> None:
        waited_s = self._clock.monotonic() - (self._waiting_since or 0.0)
        if waited_s < WAIT_S:
            return
        self._waiting_since = None
        if self._frames.garbled:
            raise self._garbled(f"{self._frames.garbled} frames in {waited_s:.0f} s")
        if self._frames.seen:
            text = f"{self._frames.seen} bytes and no frame in {waited_s:.0f} s; it should talk at {BAUD} baud"
            raise SensorUnavailable(text, **self._where)
        text = f"nothing arrives for {waited_s:.0f} s; check power, and that its TX is on our RX"
        raise SensorUnavailable(text, **self._where)

    def _hint_missing(self) -> str:
        return "there is no such port; is it plugged in? On a Pi enable the serial hardware (raspi-config) and reboot"

    def _hint_forbidden(self) -> str:
        return "we may not use the port; add this user to the group dialout, and turn the login console on it off"


class Pms5003(Pms):
    """Plantower PMS5003: particles PM1, PM2.5 and PM10 to 500 µg/m³; laser scattering, serial.

    **Wiring** (Raspberry Pi): VCC (pin 1 of its plug) to pin 2 (5 V), GND (2) to pin 6, TX (5) to pin 10 (GPIO 15,
    RXD); its lines are of 3.3 V. SET (3) and RESET (6) open. Turn the login console on the port off (raspi-config).
    **Address** none; `bus` is the port: `/dev/serial0`, or `/dev/ttyUSB0` through an adapter.
    **Warm-up** 30 s after power-up, until the fan moves the air steadily (Plantower PMS5003 manual V2.3).
    **Accuracy** none: the manual states the consistency among units (±10 µg/m³ to 100, ±10 % to 500), and no verdict
    rests on that. It has no data sheet beyond that manual, and no serial number.

    It over-reads in damp air. Its values are those "under atmospheric environment".

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="pms5003", bus="/dev/serial0"))
        >>> sensor.start()
        >>> sensor.read()   # None until the next frame, within 2.3 s
        >>> sensor.stop()
    """

    _part_name = "pms5003"


class Pmsa003(Pms):
    """Plantower PMSA003: particles PM1, PM2.5 and PM10 to 500 µg/m³; laser scattering, serial; a small PMS5003.

    **Wiring** (Raspberry Pi): VCC to pin 2 (5 V), GND to pin 6, TX to pin 10 (GPIO 15, RXD); its lines are of 3.3 V.
    SET and RESET open. Turn the login console on the port off (raspi-config).
    **Address** none; `bus` is the port: `/dev/serial0`, or `/dev/ttyUSB0` through an adapter.
    **Warm-up** 30 s after power-up, until the fan moves the air steadily (as the PMS5003's manual V2.3 says).
    **Accuracy** none: the manual states the consistency among units, and no verdict rests on that. It has no data sheet
    beyond that manual, and no serial number; an error code that it reports is an error at every read.

    It over-reads in damp air. Its values are those "under atmospheric environment".

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="pmsa003", bus="/dev/ttyUSB0"))
        >>> sensor.start()
        >>> sensor.read()   # None until the next frame, within 2.3 s
        >>> sensor.stop()
    """

    _part_name = "pmsa003"
    has_error_code = True
