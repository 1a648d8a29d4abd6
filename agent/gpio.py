"""GPIO through gpiozero: the one module that knows which library drives the pins. Imported only where pins are used."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from gpiozero import DigitalInputDevice, DigitalOutputDevice, SPIDevice
from gpiozero.pins.mock import MockFactory
from gpiozero.pins.pi import PiFactory

from agent.facility_config import LineConfig
from agent.inputs.line import LineClassifier, WireState
from agent.inputs.wiring import levels_of_line

FULL_SCALE = 1023
"""Ten bits (Microchip MCP3004/3008 data sheet DS21295D, section 4.2)."""


def open_factory(folder: Path) -> PiFactory:
    """The pins of this machine, through the kernel's character devices.

    lgpio alone serves every Raspberry Pi up to the fifth, needs no root (only the group `gpio`), no daemon and no
    compiler; that others are not tried keeps a machine without GPIO from warnings, and the error its own.

    Args:
        folder: Where lgpio may put its notification pipe; it takes the working directory else, and fails where that
            cannot be written to, as under systemd.

    Raises:
        OSError: They cannot be opened.
    """
    os.environ["LG_WD"] = str(folder)
    factory: PiFactory | None = None
    try:
        from gpiozero.pins.lgpio import LGPIOFactory

        factory = LGPIOFactory()
        # gpiozero finds out which Raspberry Pi this is, and whether it is one, only when asked.
        _ = factory.board_info
    except Exception as error:
        if factory is not None:
            factory.close()
        raise OSError(f"no pins: {error}; is this a Raspberry Pi, is this user in the group gpio?") from error
    return factory


def simulated_factory() -> MockFactory:
    """Pins that exist in memory only."""
    factory: MockFactory = MockFactory()
    return factory


class GpioEye:
    """A contact at a GPIO.

    Args:
        factory: Gives the pins, when asked.
        pin: The GPIO's number.
        pull: `up`, `down` or `none`.
        closed_is_high: What the GPIO reads while the contact is closed.
    """

    def __init__(self, factory: Callable[[], Any], pin: int, pull: str, *, closed_is_high: bool) -> None:
        self._factory = factory
        self._pin = pin
        self._pull = {"up": True, "down": False, "none": None}[pull]
        self._closed_is_high = closed_is_high
        self._device: Any = None

    def open(self, moved: Callable[[WireState], None]) -> None:
        """Begin to look; `moved` is called at each edge, in the library's thread."""
        # gpiozero ties "active" to the pull: with the pull up it is low.
        self._device = DigitalInputDevice(
            self._pin,
            pull_up=self._pull,
            active_state=True if self._pull is None else None,
            pin_factory=self._factory(),
        )
        is_high_when_active = self._pull is not True
        closed_when_active = is_high_when_active is self._closed_is_high
        active, idle = (WireState.CLOSED, WireState.OPEN) if closed_when_active else (WireState.OPEN, WireState.CLOSED)
        self._device.when_activated = lambda: moved(active)
        self._device.when_deactivated = lambda: moved(idle)

    def look(self) -> WireState:
        """The contact's state now."""
        is_high = bool(self._device.pin.state)
        return WireState.CLOSED if is_high is self._closed_is_high else WireState.OPEN

    def close(self) -> None:
        """Let the pin go."""
        device, self._device = self._device, None
        if device is not None:
            device.close()


class _Mcp300x(SPIDevice):  # type: ignore[misc]
    """gpiozero's own class for this converter takes the answer of a missing one for a reading."""

    def read_raw(self, channel: int) -> int:
        # MCP3004/3008 data sheet DS21295D, section 6.1: a start bit, single-ended and channel, then a null bit and ten
        # bits; a converter that is missing leaves the line high, where the null bit should be.
        answer = self._spi.transfer([0x01, 0x80 | channel << 4, 0x00])
        if len(answer) != 3 or answer[1] & 0x04:
            raise OSError("no answer from the converter; see to its wires and that SPI is on")
        reading: int = (answer[1] & 0x03) << 8 | answer[2]
        return reading


class Mcp300x:
    """An MCP3004 or MCP3008 on SPI bus 0, ten bits, single-ended.

    Args:
        factory: Gives the pins, when asked.
        select: Its chip select.
        channel: Its input.
    """

    def __init__(self, factory: Callable[[], Any], select: int, channel: int) -> None:
        self._factory = factory
        self._select = select
        self._channel = channel
        self._device: _Mcp300x | None = None

    def open(self) -> None:
        """Take the bus."""
        self._device = _Mcp300x(port=0, device=self._select, shared=True, pin_factory=self._factory())

    def read(self) -> float:
        """The reading now, as a part of full scale.

        Raises:
            OSError: It is not open, or what came is no answer of such a converter.
        """
        if self._device is None:
            raise OSError("the converter is not open")
        return self._device.read_raw(self._channel) / FULL_SCALE

    def close(self) -> None:
        """Let the bus go."""
        device, self._device = self._device, None
        if device is not None:
            device.close()


class Converter(Protocol):
    """What reads a supervised line."""

    def open(self) -> None:
        """Take it."""

    def read(self) -> float:
        """The reading now, as a part of full scale."""

    def close(self) -> None:
        """Let it go."""


class LineEye:
    """A supervised line.

    Args:
        line: How it is built.
        converter: What reads it.
    """

    def __init__(self, line: LineConfig, converter: Converter) -> None:
        self._line = line
        self._converter = converter
        self._classifier = LineClassifier(levels_of_line(line))

    def open(self, moved: Callable[[WireState], None]) -> None:
        """Take the converter; it tells no edges."""
        del moved
        self._converter.open()

    def look(self) -> WireState:
        """The line's state now."""
        return self._classifier.see(self._converter.read())

    def close(self) -> None:
        """Let the converter go."""
        self._converter.close()


class GpioSwitch:
    """Something at a GPIO that is on or off.

    Args:
        factory: Gives the pins, when asked.
        pin: The GPIO's number.
        active_high: What the GPIO is while it is on.
    """

    def __init__(self, factory: Callable[[], Any], pin: int, *, active_high: bool) -> None:
        self._device = DigitalOutputDevice(pin, active_high=active_high, initial_value=False, pin_factory=factory())

    def set(self, on: bool) -> None:
        """Switch it, and see that the pin followed.

        Raises:
            OSError: It did not.
        """
        self._device.value = on
        if bool(self._device.value) is not on:
            raise OSError(f"the pin does not follow: it should be {'on' if on else 'off'}")

    def close(self) -> None:
        """Switch it off and let the pin go."""
        self._device.close()
