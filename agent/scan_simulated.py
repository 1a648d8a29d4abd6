"""A machine to try `scan` on: simulated chips on simulated buses, a Modbus device, and a contact that is closed."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from agent.errors import CheckError
from agent.facility_config import ModbusConfig, RegisterConfig
from agent.modbus.link import Link, LinkPlan
from sensors import Sensor, SensorSpec
from sensors.i2c import I2CBus
from sensors.opening import driver_of
from sensors.simulated import Rooms, simulated_chip
from sensors.simulated.bus import SimulatedI2C
from sensors.simulated.hanging import shared_rooms
from sensors.simulated.serial_line import SimulatedSerial
from telemetry.clock import Clock, SystemClock
from telemetry.parts import PARTS

CHIPS: Final = ("scd41", "sfa30", "sgp41", "sht45", "bme280", "bh1750", "sps30")
BUS: Final = "/dev/i2c-1"
PORT: Final = "/dev/serial0"
LINK: Final = "/dev/ttyUSB0"
UNIT: Final = 2
PROBE: Final = "28-0316a2795aff"


class SimulatedWorld:
    """Seven chips on one I2C bus, a particle sensor, a thermometer, a Modbus device, one closed contact.

    Args:
        chips: The parts on the I2C bus, each at its own address.
        rooms: Where they hang.
        clock: For tests.
        sleep: For tests.
    """

    def __init__(
        self,
        chips: Sequence[str] = CHIPS,
        *,
        rooms: Rooms | None = None,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._clock = clock or SystemClock()
        rooms = rooms or shared_rooms()
        self.bus = SimulatedI2C(self._sleep)
        for part in chips:
            spec = SensorSpec(part=part, bus=BUS, simulate=True)
            self.bus.chips[PARTS[part].address or 0] = simulated_chip(spec, rooms)
        self._talker = simulated_chip(SensorSpec(part="pms5003", bus=PORT, simulate=True), rooms)

    def i2c(self) -> Iterable[tuple[str, list[int]]]:
        """One bus."""
        return [(BUS, self.bus.scan())]

    def serial(self) -> Sequence[str]:
        """The particle sensor's port, and an adapter's."""
        return [PORT, LINK]

    def w1(self) -> Sequence[str]:
        """One thermometer."""
        return [PROBE]

    def open(self, spec: SensorSpec) -> Sensor:
        """The real driver in front of the bus with all the chips."""

        def port() -> I2CBus | SimulatedSerial:
            if spec.bus in (PORT, LINK):
                return SimulatedSerial(self._talker if spec.bus == PORT else _Silent())
            return self.bus

        driver = driver_of(spec.part)
        return driver(port, spec=replace(spec, simulate=True), clock=self._clock, sleep=self._sleep)

    def link(self, plan: LinkPlan) -> Link:
        """A device that answers as unit 2."""
        from agent.modbus.simulated import SimulatedLink

        device = ModbusConfig(
            point="duct-air",
            room="duct",
            link=plan.link,
            unit=UNIT,
            registers=[RegisterConfig(address=0, quantity="co2_ppm")],
        )
        return _Answering(SimulatedLink(plan, [device]))

    def closed_pins(self, pins: Sequence[int]) -> list[int]:
        """A door that is shut."""
        return [pin for pin in pins if pin == 5]


class _Silent:
    """A port on which nobody talks."""

    port_is_gone = False

    def sent(self) -> bytes:
        return b""


class _Answering:
    """A link whose other units do not answer."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def read(self, unit: int, register: RegisterConfig, timeout_s: float) -> list[int]:
        try:
            return self._link.read(unit, register, timeout_s)
        except KeyError as error:
            raise CheckError(f"unit {unit}: no answer in time") from error
