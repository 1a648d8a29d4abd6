"""Simulated chips hung into simulated rooms, as a line of the configuration asks."""

import functools
import random
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from sensors.simulated.bus import SimulatedI2C
from sensors.simulated.rooms import Rooms
from sensors.simulated.serial_line import SimulatedSerial
from sensors.simulated.w1_bus import SimulatedW1
from sensors.spec import SensorSpec, i2c_address, part_of
from telemetry.clock import SystemClock

CHIPS: Final[dict[str, str]] = {
    "scd40": "sensirion.scd4x:SimulatedScd4x",
    "scd41": "sensirion.scd4x:SimulatedScd4x",
    "sfa30": "sensirion.sfa3x:SimulatedSfa30",
    "sfa40": "sensirion.sfa4x:SimulatedSfa40",
    "sen63c": "sensirion.sen6x:SimulatedSen6x",
    "sen65": "sensirion.sen6x:SimulatedSen6x",
    "sen66": "sensirion.sen6x:SimulatedSen6x",
    "sen68": "sensirion.sen6x:SimulatedSen6x",
    "sen69c": "sensirion.sen6x:SimulatedSen6x",
    "sps30": "sensirion.sps30:SimulatedSps30",
    "sgp40": "sensirion.sgp4x:SimulatedSgp4x",
    "sgp41": "sensirion.sgp4x:SimulatedSgp4x",
    "sht40": "sensirion.sht4x:SimulatedSht4x",
    "sht41": "sensirion.sht4x:SimulatedSht4x",
    "sht45": "sensirion.sht4x:SimulatedSht4x",
    "bme280": "bosch.bmx280:SimulatedBmx280",
    "bmp280": "bosch.bmx280:SimulatedBmx280",
    "bh1750": "rohm.bh1750:SimulatedBh1750",
    "pms5003": "plantower.pms:SimulatedPms",
    "pmsa003": "plantower.pms:SimulatedPms",
    "ds18b20": "maxim.ds18b20:SimulatedDs18b20",
}
"""Module and class of each part's simulated twin."""


@functools.cache
def shared_rooms() -> Rooms:
    """The rooms of this program run, on the real clock."""
    return Rooms(SystemClock().monotonic)


def chip_class(part: str) -> Any:
    """The simulated twin of a part; all take the same arguments."""
    module, name = CHIPS[part].split(":")
    return getattr(import_module(f"sensors.simulated.{module}"), name)


def simulated_chip(spec: SensorSpec, rooms: Rooms) -> Any:
    """The chip of a spec, hung up when it is first asked for; faults are set on it.

    Its serial number and its errors follow from where it hangs, so that every run finds the same unit.
    """
    part = part_of(spec)
    place = f"{spec.bus}/{i2c_address(spec, part)}" if part.bus == "i2c" else str(spec.bus)
    seed = zlib.crc32(f"{spec.site}/{spec.room}/{place}/{spec.part}".encode())
    room = rooms.room(spec.site, spec.room)
    serial = random.Random(seed).getrandbits(48)
    chip = chip_class(part.name)
    return room.hang(place, lambda: chip(part, air=room.air, now=rooms.now, serial=serial, seed=seed), spec.part)


def simulated_port(spec: SensorSpec, rooms: Rooms, sleep: Callable[[float], None]) -> Any:
    """A bus with the chip of a spec on it."""
    part, chip = part_of(spec), simulated_chip(spec, rooms)
    if part.bus == "serial":
        return SimulatedSerial(chip)
    if part.bus == "1-wire":
        return SimulatedW1([chip], sleep)
    bus = SimulatedI2C(sleep)
    bus.chips[i2c_address(spec, part)] = chip
    return bus
