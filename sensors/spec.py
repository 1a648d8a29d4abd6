"""Which sensor, where it sits, and how it is set: what a line of the configuration becomes."""

import re
from dataclasses import dataclass
from typing import Final, Protocol

from sensors.errors import SensorMisconfigured
from telemetry.parts import PARTS, Part

_I2C_BUS: Final = re.compile(r"(?:/dev/)?i2c-(\d{1,3})|(\d{1,3})")
_W1: Final = re.compile(r"(?:w1|/sys/bus/w1/devices)(?:[:/](28-[0-9a-f]{12}))?")
_SERIAL_PORT: Final = re.compile(r"/dev/(?!i2c)[A-Za-z][\w.:+/-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSpec:
    """One sensor as the configuration names it.

    Attributes:
        part: A name of `telemetry.parts.PARTS`.
        bus: `/dev/i2c-1`, `i2c-1` or 1; for serial sensors the port, `/dev/serial0`; for
            1-Wire `w1`, or `w1:28-0316a2795aff` where several are.
        address: Its I2C address; None for the one it is sold with.
        simulate: True for a simulated chip in a simulated room; `bus` is then only a name.
        room: The room it hangs in; simulated sensors of one site and room breathe the same air.
        site: The branch; only simulated rooms ask for it.
        period_s: How often it is asked for a reading, in seconds.
        altitude_m: Height above sea level, for sensors whose reading depends on air pressure.
        ambient_pressure_hpa: Air pressure in hPa; where given it counts instead of the height.
        self_calibration: True lets the sensor correct itself; see the sensor's docstring before you do.
        temperature_offset_c: Self-heating to be taken off, in °C; None for what the sensor is delivered with.
    """

    part: str
    bus: str | int = "/dev/i2c-1"
    address: int | None = None
    simulate: bool = False
    room: str = "hall"
    site: str = ""
    period_s: float = 30.0
    altitude_m: int = 0
    ambient_pressure_hpa: int | None = None
    self_calibration: bool = False
    temperature_offset_c: float | None = None


class Sensor(Protocol):
    """One physical sensor. Its calls block, for seconds at worst, and come from one thread at a time.

    Attributes:
        part: Its row in the table of parts.
        serial: Its serial number as text, "" until it is started.
        interval_s: Seconds between two measurements of its own; asking more often brings None.
    """

    part: Part
    serial: str
    interval_s: float

    def start(self) -> None:
        """Find it, set it, let it measure. Called again it starts anew, as after a sensor was plugged back in.

        Raises:
            SensorError: It is not there, or not what the configuration says; nothing is left open.
        """

    def read(self) -> dict[str, float] | None:
        """The newest measurement by quantity, each in its quantity's unit; None if there is no new one yet.

        Raises:
            SensorError: No reading; the class says what to do.
        """

    def stop(self) -> None:
        """Let it rest and close its bus. Never raises, and may be called at any time."""


def part_of(spec: SensorSpec) -> Part:
    """The part a spec names.

    Raises:
        SensorMisconfigured: If there is none of that name.
    """
    part = PARTS.get(spec.part)
    if part is None:
        text = f"no part of that name; known are {', '.join(sorted(PARTS))}"
        raise SensorMisconfigured(text, setting="part", got=spec.part, sensor=spec.part, bus=str(spec.bus))
    return part


def i2c_bus_number(bus: str | int) -> int:
    """The number of an I2C bus named as `/dev/i2c-1`, `i2c-1`, `1` or 1.

    Raises:
        SensorMisconfigured: If it is named otherwise.
    """
    if isinstance(bus, int) and not isinstance(bus, bool):
        found = bus if bus >= 0 else None
    else:
        match = _I2C_BUS.fullmatch(str(bus))
        found = int(match[1] or match[2]) if match else None
    if found is None:
        text = "an I2C bus is named /dev/i2c-1, i2c-1 or 1; list yours with `ls /dev/i2c-*`"
        raise SensorMisconfigured(text, setting="bus", got=bus, bus=str(bus))
    return found


def serial_path(spec: SensorSpec) -> str:
    """The path of a serial port.

    Raises:
        SensorMisconfigured: If it is none, or an address is given.
    """
    no_address(spec)
    if not _SERIAL_PORT.fullmatch(str(spec.bus)) or ".." in str(spec.bus):
        text = f"the {spec.part} sits on a serial port, as /dev/serial0 or /dev/ttyUSB0; see `ls -l /dev/serial*`"
        raise SensorMisconfigured(text, setting="bus", got=spec.bus, sensor=spec.part, bus=str(spec.bus))
    return str(spec.bus)


def w1_name(spec: SensorSpec) -> str | None:
    """The name of a 1-Wire thermometer; None if none is named and the only one is meant.

    Raises:
        SensorMisconfigured: If the bus is none, or an address is given.
    """
    no_address(spec)
    match = _W1.fullmatch(str(spec.bus))
    if match is None:
        text = f"the {spec.part} sits on 1-Wire: w1, or w1:28-0316a2795aff; see `ls /sys/bus/w1/devices`"
        raise SensorMisconfigured(text, setting="bus", got=spec.bus, sensor=spec.part, bus=str(spec.bus))
    return match[1]


def no_address(spec: SensorSpec) -> None:
    """Refuse an address where there is none.

    Raises:
        SensorMisconfigured: If one is given.
    """
    if spec.address is not None:
        text = f"the {spec.part} has no I2C address; remove the line"
        raise SensorMisconfigured(text, setting="address", got=spec.address, sensor=spec.part, bus=str(spec.bus))


def i2c_address(spec: SensorSpec, part: Part, known: frozenset[int] = frozenset()) -> int:
    """The address to talk to.

    Args:
        spec: Which may name one.
        part: Which has one of its own.
        known: Those the part can be set to; empty where a multiplexer may give it any.

    Raises:
        SensorMisconfigured: If it is no 7-bit address that a device may have, or none of the part's.
    """
    address = part.address if spec.address is None else spec.address
    # I2C-bus specification UM10204 rev. 6, section 3.1.12: 0x00-0x07 and 0x78-0x7F are reserved.
    if address is None or not 0x08 <= address <= 0x77:
        text = f"an I2C address runs from 0x08 to 0x77; the {part.title} is sold with {part.address!r}"
        raise SensorMisconfigured(text, setting="address", got=address, sensor=part.name, bus=str(spec.bus))
    if known and address not in known:
        text = f"the {part.title} sits at {' or '.join(f'0x{one:02x}' for one in sorted(known))}"
        raise SensorMisconfigured(text, setting="address", got=address, sensor=part.name, bus=str(spec.bus))
    return address
