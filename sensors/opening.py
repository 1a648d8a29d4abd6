"""From a line of the configuration to a sensor."""

import functools
import random
import time
import zlib
from collections.abc import Callable
from typing import Final

from sensors.errors import SensorMisconfigured
from sensors.i2c import I2CBus, LinuxI2C
from sensors.scd4x import Scd4x, Scd40, Scd41
from sensors.simulated.bus import SimulatedI2C
from sensors.simulated.rooms import Rooms
from sensors.simulated.scd4x import SimulatedScd4x
from sensors.spec import Sensor, SensorSpec, i2c_address, i2c_bus_number, part_of
from telemetry.clock import Clock, SystemClock

DRIVERS: Final[dict[str, type[Scd4x]]] = {"scd40": Scd40, "scd41": Scd41}
"""The class of each part that we can read; the table of parts knows more."""


@functools.cache
def shared_rooms() -> Rooms:
    """The rooms of this program run, on the real clock."""
    return Rooms(SystemClock().monotonic)


def open_sensor(
    spec: SensorSpec,
    *,
    clock: Clock | None = None,
    rooms: Rooms | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Sensor:
    """The sensor a spec describes, not yet started; nothing is opened before `start()`.

    Args:
        spec: Which one and how it is set.
        clock: For tests; the machine's if left out.
        rooms: The simulated rooms it may hang in; those of this program run if left out.
        sleep: How a simulated bus waits while a chip holds it.

    Raises:
        SensorMisconfigured: If there is no such sensor, or it cannot be set that way.
    """
    part = part_of(spec)
    driver = DRIVERS.get(part.name)
    if driver is None:
        text = f"the {part.title} is in the table of parts and has no driver yet; these have: {', '.join(DRIVERS)}"
        raise SensorMisconfigured(text, setting="part", got=part.name, sensor=part.name, bus=str(spec.bus))
    clock = clock or SystemClock()
    open_bus: Callable[[], I2CBus]
    if spec.simulate:
        bus = simulated_bus(spec, clock, rooms or shared_rooms(), sleep)
        open_bus = lambda: bus  # noqa: E731
    else:
        open_bus = functools.partial(LinuxI2C, i2c_bus_number(spec.bus))
    return driver(open_bus, spec=spec, clock=clock)


def simulated_bus(spec: SensorSpec, clock: Clock, rooms: Rooms, sleep: Callable[[float], None]) -> SimulatedI2C:
    """A bus with the chip of a spec on it. Its serial number and its errors follow from where it hangs."""
    part = part_of(spec)
    seed = zlib.crc32(f"{spec.site}/{spec.room}/{spec.bus}/{spec.part}".encode())
    room = rooms.room(spec.site, spec.room)
    bus = SimulatedI2C(sleep)
    serial = random.Random(seed).getrandbits(48)
    address = i2c_address(spec, part)
    bus.chips[address] = SimulatedScd4x(part, air=room.air, now=clock.monotonic, serial=serial, seed=seed)
    return bus
