"""Simulated chips hung into simulated rooms, as a line of the configuration asks."""

import functools
import random
import zlib
from collections.abc import Callable

from sensors.simulated.bus import SimulatedI2C
from sensors.simulated.rooms import Rooms
from sensors.simulated.scd4x import SimulatedScd4x
from sensors.spec import SensorSpec, i2c_address, part_of
from telemetry.clock import SystemClock


@functools.cache
def shared_rooms() -> Rooms:
    """The rooms of this program run, on the real clock."""
    return Rooms(SystemClock().monotonic)


def simulated_chip(spec: SensorSpec, rooms: Rooms) -> SimulatedScd4x:
    """The chip of a spec, hung up when it is first asked for; faults are set on it.

    Its serial number and its errors follow from where it hangs, so that every run finds the same unit.
    """
    part = part_of(spec)
    place = f"{spec.bus}/{i2c_address(spec, part)}"
    seed = zlib.crc32(f"{spec.site}/{spec.room}/{place}/{spec.part}".encode())
    room = rooms.room(spec.site, spec.room)
    serial = random.Random(seed).getrandbits(48)
    return room.hang(
        place, lambda: SimulatedScd4x(part, air=room.air, now=rooms.now, serial=serial, seed=seed), spec.part
    )


def simulated_bus(spec: SensorSpec, rooms: Rooms, sleep: Callable[[float], None]) -> SimulatedI2C:
    """A bus with the chip of a spec on it."""
    bus = SimulatedI2C(sleep)
    bus.chips[i2c_address(spec, part_of(spec))] = simulated_chip(spec, rooms)
    return bus
