"""From a line of the configuration to a sensor."""

import functools
import time
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from sensors.errors import SensorMisconfigured
from sensors.spec import Sensor, SensorSpec, i2c_bus_number, part_of, serial_path, w1_name
from telemetry.clock import Clock, SystemClock
from telemetry.parts import Part

if TYPE_CHECKING:
    from sensors.driver import Driver
    from sensors.simulated.rooms import Rooms

DRIVERS: Final[dict[str, str]] = {
    "scd40": "scd4x:Scd40",
    "scd41": "scd4x:Scd41",
    "sfa30": "sfa3x:Sfa30",
    "sfa40": "sfa4x:Sfa40",
    "sen63c": "sen6x:Sen63c",
    "sen65": "sen6x:Sen65",
    "sen66": "sen6x:Sen66",
    "sen68": "sen6x:Sen68",
    "sen69c": "sen6x:Sen69c",
    "sps30": "sps30:Sps30",
    "sgp40": "sgp4x:Sgp40",
    "sgp41": "sgp4x:Sgp41",
    "sht40": "sht4x:Sht40",
    "sht41": "sht4x:Sht41",
    "sht45": "sht4x:Sht45",
    "bme280": "bosch:Bme280",
    "bmp280": "bosch:Bmp280",
    "bh1750": "bh1750:Bh1750",
    "pms5003": "plantower:Pms5003",
    "pmsa003": "plantower:Pmsa003",
    "ds18b20": "ds18b20:Ds18b20",
}
"""Module and class of each part that we can read; the table of parts knows more. Words, so that only what is used is
imported: a Pi has little memory."""


def driver_of(part: str) -> "type[Driver[Any]]":
    """The class that reads a part.

    Raises:
        KeyError: If there is none.
    """
    module, name = DRIVERS[part].split(":")
    found: type[Driver[Any]] = getattr(import_module(f"sensors.{module}"), name)
    return found


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
        sleep: How the driver waits for a chip, and a simulated bus while a chip holds it.

    Raises:
        SensorMisconfigured: If there is no such sensor, or it cannot be set that way.
    """
    part = part_of(spec)
    if part.name not in DRIVERS:
        text = f"the {part.title} is in the table of parts and has no driver yet; these have: {', '.join(DRIVERS)}"
        raise SensorMisconfigured(text, setting="part", got=part.name, sensor=part.name, bus=str(spec.bus))
    real = _real_port(spec, part)
    if spec.simulate:
        # Only here: a Pi with real sensors has no use for rooms and chips in memory.
        from sensors.simulated.hanging import shared_rooms, simulated_port

        real = functools.partial(simulated_port, spec, rooms or shared_rooms(), sleep)
    return driver_of(part.name)(real, spec=spec, clock=clock or SystemClock(), sleep=sleep)


def _real_port(spec: SensorSpec, part: Part) -> Callable[[], Any]:
    """What opens the bus of a part; its name is checked at once, also where it is only a name."""
    if part.bus == "serial":
        path = serial_path(spec)

        def open_serial() -> Any:
            from sensors.plantower import BAUD
            from sensors.serial_port import LinuxSerial

            return LinuxSerial(path, BAUD)

        return open_serial
    if part.bus == "1-wire":
        w1_name(spec)

        def open_w1() -> Any:
            from sensors.w1 import LinuxW1

            return LinuxW1()

        return open_w1
    number = i2c_bus_number(spec.bus)

    def open_i2c() -> Any:
        from sensors.i2c import LinuxI2C

        return LinuxI2C(number)

    return open_i2c
