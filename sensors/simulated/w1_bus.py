"""A 1-Wire bus in memory, told as the kernel tells it; the surface of `sensors.w1.W1Bus`."""

import errno
from collections.abc import Callable
from typing import Final, Protocol

CONVERT_S: Final = 0.75
"""How long the kernel waits for a conversion of 12 bits."""


class Thermometer(Protocol):
    """A device on the bus."""

    name: str
    is_on_bus: bool

    def convert(self) -> None:
        """Measure."""

    def scratchpad(self) -> bytes:
        """Its nine bytes as they arrive."""


class SimulatedW1:
    """One bus.

    Args:
        devices: What is on it.
        sleep: Waits for a conversion: the real `time.sleep`, or one that moves a test's clock.
    """

    def __init__(self, devices: list[Thermometer], sleep: Callable[[float], None]) -> None:
        self._devices = devices
        self._sleep = sleep

    def names(self) -> list[str]:
        """Those that answer the kernel's search."""
        return sorted(device.name for device in self._devices if device.is_on_bus)

    def convert(self, name: str) -> str:
        """Measure, wait, and tell the scratchpad in the kernel's two lines."""
        device = next((one for one in self._devices if one.name == name and one.is_on_bus), None)
        if device is None:
            raise OSError(errno.ENODEV, f"{name} is not on the bus")
        device.convert()
        self._sleep(CONVERT_S)
        raw = device.scratchpad()
        said = raw.hex(" ")
        value = int.from_bytes(raw[:2], "little", signed=True) * 1_000 // 16
        return f"{said} : crc={raw[8]:02x} YES\n{said} t={value}\n"

    def deinit(self) -> None:
        """Nothing is held open."""
