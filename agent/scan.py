"""`openhall-agent scan`: what is on the buses, found out by the drivers' own identification and a first read."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from agent.errors import CheckError
from agent.facility_config import RegisterConfig
from agent.modbus.link import Link, LinkPlan
from sensors import Sensor, SensorError, SensorSpec, open_sensor
from sensors.opening import DRIVERS
from telemetry.parts import PARTS

SETTLE_S: Final = 1.5
"""After a start: a chip that takes another part's commands for none of its own has refused one by then."""

SERIAL_WAIT_S: Final = 4.0
"""A particle sensor talks every 2.3 s (Plantower PMS5003 manual V2.3, stable mode)."""

OTHER_ADDRESSES: Final = {"bme280": 0x77, "bmp280": 0x77, "bh1750": 0x5C, "sht40": 0x45, "sht41": 0x45, "sht45": 0x45}
"""The second address that a part can be set to, or is sold with."""

UNITS: Final = range(1, 17)
UNIT_WAIT_S: Final = 0.3
FREE_PINS: Final = (5, 6, 12, 13, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27)
"""GPIOs that no bus of the header has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something that answers.

    Attributes:
        bus: Where.
        address: Its I2C address.
        parts: What it may be; several: nobody can tell them apart from here; none: no part that we have a driver for.
        serial: Its serial number, if it has one.
        why: Why no driver takes it.
    """

    bus: str
    address: int | None = None
    parts: tuple[str, ...] = ()
    serial: str = ""
    why: str = ""


@dataclass(slots=True, kw_only=True)
class Findings:
    """All that was found.

    Attributes:
        sensors: On I2C, serial ports and 1-Wire.
        units: On Modbus: link and unit.
        closed: GPIOs whose contact, to ground, is closed.
        notes: What could not be looked at, and why.
    """

    sensors: list[Found] = field(default_factory=list)
    units: list[tuple[str, int]] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class World(Protocol):
    """The buses of a machine, real or simulated."""

    def i2c(self) -> Iterable[tuple[str, list[int]]]:
        """Each bus, and the addresses that answer on it; an `OSError` of one is raised when it is asked for."""

    def serial(self) -> Sequence[str]:
        """The serial ports."""

    def w1(self) -> Sequence[str]:
        """The thermometers on 1-Wire."""

    def open(self, spec: SensorSpec) -> Sensor:
        """A driver, not yet started."""

    def link(self, plan: LinkPlan) -> Link:
        """A Modbus link."""

    def closed_pins(self, pins: Sequence[int]) -> list[int]:
        """Those of the pins that read low while they are pulled up.

        Raises:
            OSError: If there are no pins.
        """


def scan(world: World, *, modbus: Sequence[LinkPlan] = (), sleep: Callable[[float], None] = time.sleep) -> Findings:
    """Look at every bus. Sensors are started and stopped again on the way; nothing is written to their memories.

    Args:
        world: The machine.
        modbus: Links to ask; what listens on a serial port is not known before, so that none is asked unbidden.
        sleep: For tests.
    """
    found = Findings()
    _look_at_i2c(world, found, sleep)
    asked = {plan.link for plan in modbus}
    for port in world.serial():
        if port not in asked:
            _look_at_serial(world, port, found, sleep)
    for name in world.w1():
        found.sensors.append(Found(bus=f"w1:{name}", parts=("ds18b20",), serial=name))
    for plan in modbus:
        _look_at_modbus(world, plan, found)
    try:
        found.closed = world.closed_pins(FREE_PINS)
    except OSError as error:
        found.notes.append(f"GPIO: {error}")
    return found


def candidates(address: int) -> list[str]:
    """The parts that may sit at an I2C address, by the table of parts."""
    return [
        name
        for name in DRIVERS
        if PARTS[name].bus == "i2c" and address in (PARTS[name].address, OTHER_ADDRESSES.get(name))
    ]


def _look_at_i2c(world: World, found: Findings, sleep: Callable[[float], None]) -> None:
    try:
        for bus, addresses in world.i2c():
            for address in addresses:
                found.sensors.append(_identified(world, bus, address, sleep))
    except OSError as error:
        found.notes.append(f"I2C: {error}; enable it (raspi-config), and add this user to the group i2c")


def _identified(world: World, bus: str, address: int, sleep: Callable[[float], None]) -> Found:
    fits, serial, why = [], "", "no part that sits at this address has a driver"
    for part in candidates(address):
        spec = SensorSpec(part=part, bus=bus, address=address)
        try:
            number = _tried(world.open(spec), sleep)
        except SensorError as error:
            why = str(error)
            continue
        fits.append(part)
        serial = serial or number
    return Found(bus=bus, address=address, parts=tuple(fits), serial=serial, why="" if fits else why)


def _tried(sensor: Sensor, sleep: Callable[[float], None]) -> str:
    """Start, read once, stop; the serial number.

    Raises:
        SensorError: If it is no such part.
    """
    try:
        sensor.start()
        sleep(SETTLE_S)
        sensor.read()
        return sensor.serial
    finally:
        sensor.stop()


def _look_at_serial(world: World, port: str, found: Findings, sleep: Callable[[float], None]) -> None:
    sensor = world.open(SensorSpec(part="pms5003", bus=port))
    try:
        sensor.start()
        waited_s = 0.0
        while waited_s < SERIAL_WAIT_S:
            if sensor.read() is not None:
                found.sensors.append(Found(bus=port, parts=("pms5003", "pmsa003")))
                return
            sleep(0.2)
            waited_s += 0.2
        found.notes.append(f"{port}: nothing that we know talks here; a Modbus device is asked with --modbus {port}")
    except SensorError as error:
        found.notes.append(f"{port}: {error}")
    finally:
        sensor.stop()


def _look_at_modbus(world: World, plan: LinkPlan, found: Findings) -> None:
    link = world.link(plan)
    register = RegisterConfig(address=0)
    before = len(found.units)
    for unit in UNITS:
        try:
            link.read(unit, register, UNIT_WAIT_S)
        except CheckError as error:
            # A refusal is an answer all the same: somebody is there, and has no such register.
            if "(exception" not in str(error):
                continue
        except OSError as error:
            found.notes.append(f"{plan.link}: {error}")
            return
        found.units.append((plan.link, unit))
    if len(found.units) == before:
        found.notes.append(f"{plan.link}: no unit from 1 to 16 answers; see to its wires A and B, and to --baud")


class RealWorld:
    """This machine.

    Args:
        dev: Where its devices are.
    """

    def __init__(self, dev: Path = Path("/dev")) -> None:
        self._dev = dev

    def i2c(self) -> Iterable[tuple[str, list[int]]]:
        """Each `/dev/i2c-N`; on a Raspberry Pi 20 and above belong to the displays."""
        from sensors.i2c import LinuxI2C

        numbers = sorted(int(path.name[4:]) for path in self._dev.glob("i2c-*") if path.name[4:].isdigit())
        for number in numbers:
            if number >= 20:
                continue
            bus = LinuxI2C(number)
            try:
                yield f"/dev/i2c-{number}", bus.scan()
            finally:
                bus.deinit()

    def serial(self) -> Sequence[str]:
        """The header's port, and adapters."""
        names = [*self._dev.glob("serial0"), *sorted(self._dev.glob("ttyUSB*")), *sorted(self._dev.glob("ttyACM*"))]
        return [str(path) for path in names]

    def w1(self) -> Sequence[str]:
        """By the kernel's own search."""
        from sensors.w1 import LinuxW1

        try:
            return LinuxW1().names()
        except OSError:
            return []

    def open(self, spec: SensorSpec) -> Sensor:
        """The driver in front of the real bus."""
        return open_sensor(spec)

    def link(self, plan: LinkPlan) -> Link:
        """A link through pymodbus."""
        from agent.modbus.link import PymodbusLink

        return PymodbusLink(plan)

    def closed_pins(self, pins: Sequence[int]) -> list[int]:
        """Each pin is made an input with the pull up, and let go again."""
        import tempfile

        from agent.gpio import GpioEye, open_factory
        from agent.inputs.line import WireState

        with tempfile.TemporaryDirectory(prefix="openhall-scan-") as folder:
            factory = open_factory(Path(folder))
            try:
                closed = []
                for pin in pins:
                    eye = GpioEye(lambda: factory, pin, "up", closed_is_high=False)
                    eye.open(lambda _state: None)
                    if eye.look() is WireState.CLOSED:
                        closed.append(pin)
                    eye.close()
                return closed
            finally:
                factory.close()
