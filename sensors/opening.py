"""From a line of the configuration to a sensor."""

import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sensors.errors import SensorMisconfigured
from sensors.i2c import I2CBus, LinuxI2C
from sensors.scd4x import Scd4x, Scd40, Scd41
from sensors.spec import Sensor, SensorSpec, i2c_bus_number, part_of
from telemetry.clock import Clock, SystemClock

if TYPE_CHECKING:
    from sensors.simulated.rooms import Rooms

DRIVERS: Final[dict[str, type[Scd4x]]] = {"scd40": Scd40, "scd41": Scd41}
"""The class of each part that we can read; the table of parts knows more."""


def open_sensor(
    spec: SensorSpec,
    *,
    clock: Clock | None = None,
    rooms: "Rooms | None" = None,
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
    open_bus: Callable[[], I2CBus]
    if spec.simulate:
        # Only here: a Pi with real sensors has no use for rooms and chips in memory.
        from sensors.simulated.hanging import shared_rooms, simulated_bus

        open_bus = functools.partial(simulated_bus, spec, rooms or shared_rooms(), sleep)
    else:
        open_bus = functools.partial(LinuxI2C, i2c_bus_number(spec.bus))
    return driver(open_bus, spec=spec, clock=clock or SystemClock())
