"""Maxim DS18B20: temperature, over 1-Wire."""

import re
from typing import Final

from sensors.driver import Driver
from sensors.errors import SensorMisconfigured, SensorUnavailable
from sensors.spec import SensorSpec, w1_name
from sensors.w1 import W1Bus, crc8

SCRATCHPAD: Final = re.compile(r"((?:[0-9a-f]{2} ){9})")
# Maxim DS18B20 data sheet 19-7487, figure 9 and table 1: the register after power-up, before any conversion: 85 °C.
POWER_UP: Final = 0x0550
CONFIGURATION: Final = 4
UNDEFINED_BITS: Final = {0: 0b111, 1: 0b11, 2: 0b1, 3: 0}
"""Table 2: by the resolution of 9 to 12 bits, the lowest bits that mean nothing."""


class Ds18b20(Driver[W1Bus]):
    """Maxim DS18B20: temperature from -55 to 125 °C; on 1-Wire.

    **Wiring** (Raspberry Pi): VDD to pin 1 (3.3 V), GND to pin 9, DQ to pin 7 (GPIO 4) with 4.7 kΩ to 3.3 V; and
    `dtoverlay=w1-gpio` in config.txt. **Address** its number, 28-…, burned in; `bus` is `w1` where it is the only one,
    else `w1:28-0316a2795aff` (`ls /sys/bus/w1/devices`).
    **Warm-up** none: a reading takes 0.75 s.
    **Accuracy** ±0.5 °C within -10 to 85 °C, ±2 °C within -55 to 125 °C (Maxim DS18B20 data sheet 19-7487).

    Many that are sold are copies of other makers, with errors of their own. 85 °C exactly is what it says when it was
    asked before it had measured, after a loss of power: no reading.

    Example:
        >>> from sensors import SensorSpec, open_sensor
        >>> sensor = open_sensor(SensorSpec(part="ds18b20", bus="w1"))
        >>> sensor.start()
        >>> sensor.read()
        >>> sensor.stop()
    """

    _part_name = "ds18b20"
    interval_s = 0.75
    _name = ""

    def _begin(self) -> None:
        names = self.port.names()
        wanted = w1_name(self._spec)
        if wanted is None and len(names) > 1:
            text = f"{len(names)} are on the bus: set bus = 'w1:{names[0]}', or another of {', '.join(names)}"
            raise SensorMisconfigured(text, setting="bus", got=self._spec.bus, **self._where)
        if not names or (wanted or names[0]) not in names:
            found = f"there are {', '.join(names)}" if names else "the bus is empty"
            text = f"no {wanted or self.part.title} on the bus, {found}; check wiring and the 4.7 kΩ resistor"
            raise SensorUnavailable(text, **self._where)
        self._name = wanted or names[0]
        self.serial = self._name

    def _measure(self) -> dict[str, float] | None:
        match = SCRATCHPAD.search(self.port.convert(self._name))
        if match is None:
            text = f"{self._name} gives no scratchpad; check plug, wiring and the 4.7 kΩ resistor"
            raise SensorUnavailable(text, **self._where)
        scratchpad = bytes.fromhex(match[1])
        if not any(scratchpad):
            # Its checksum fits: nine zeros, as a shorted line reads, would pass for 0 °C.
            text = f"the line of {self._name} is shorted to ground; check the wiring"
            raise SensorUnavailable(text, **self._where)
        if crc8(scratchpad) != 0:
            raise self._garbled(f"{self._name} was not read")
        word = int.from_bytes(scratchpad[:2], "little", signed=True)
        if word == POWER_UP:
            return None
        return {"temperature_c": (word & ~UNDEFINED_BITS[scratchpad[CONFIGURATION] >> 5 & 0b11]) / 16}

    def _check(self, spec: SensorSpec) -> None:
        w1_name(spec)
        super()._check(spec)

    def _hint_missing(self) -> str:
        return "there is no 1-Wire bus; put dtoverlay=w1-gpio into config.txt and reboot"

    def _hint_forbidden(self) -> str:
        return "we may not read the bus; run as a user of the group that may read /sys"
