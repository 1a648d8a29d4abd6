"""The 1-Wire bus as our drivers use it, and the real one: what Linux tells under /sys/bus/w1/devices."""

import errno
from pathlib import Path
from typing import Final, Protocol

DEVICES: Final = Path("/sys/bus/w1/devices")
FAMILY: Final = "28-"
"""The family code of the DS18B20, with which its names begin."""


class W1Bus(Protocol):
    """What drivers ask of the bus. Every failure is an `OSError`."""

    def names(self) -> list[str]:
        """The thermometers that the kernel's search found, sorted."""

    def convert(self, name: str) -> str:
        """Have one measured and tell its scratchpad as the kernel's `w1_slave` does: two lines; takes 0.75 s."""

    def deinit(self) -> None:
        """Close it."""


class LinuxW1:
    """The 1-Wire buses of this machine; the kernel searches them all the time.

    Raises:
        FileNotFoundError: If there is none.
    """

    def __init__(self, devices: Path = DEVICES) -> None:
        if not devices.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no 1-Wire bus", str(devices))
        self._devices = devices

    def names(self) -> list[str]:
        """By the kernel's directory."""
        return sorted(path.name for path in self._devices.iterdir() if path.name.startswith(FAMILY))

    def convert(self, name: str) -> str:
        """By its file; one that vanished is a missing device, not a missing bus."""
        try:
            return (self._devices / name / "w1_slave").read_text(encoding="ascii", errors="replace")
        except FileNotFoundError as error:
            raise OSError(errno.ENODEV, f"{name} is not on the bus") from error

    def deinit(self) -> None:
        """Nothing is held open."""


def crc8(data: bytes) -> int:
    """Maxim's checksum: polynomial 0x31 reflected, start 0 (Maxim application note 27)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc
