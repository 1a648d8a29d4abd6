"""Contacts, converters and switches on gpiozero's mock pins."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockSPIDevice

from agent.facility_config import LineConfig
from agent.gpio import GpioEye, GpioSwitch, LineEye, Mcp300x, open_factory, simulated_factory
from agent.inputs.line import WireState

OPEN, CLOSED = WireState.OPEN, WireState.CLOSED


@pytest.mark.parametrize("closed_is_high", [False, True])
@pytest.mark.parametrize("pull", ["up", "down", "none"])
def test_edges_and_looks_agree(pull: str, closed_is_high: bool) -> None:
    """However it is wired, an edge tells the state that a look finds."""
    factory = simulated_factory()
    eye = GpioEye(lambda: factory, 17, pull, closed_is_high=closed_is_high)
    moved: list[WireState] = []
    eye.open(moved.append)
    pin: Any = factory.pin(17)
    assert pin.pull == {"up": "up", "down": "down", "none": "floating"}[pull]
    begins_high = bool(pin.state)
    for is_high in (not begins_high, begins_high, not begins_high):
        (pin.drive_high if is_high else pin.drive_low)()
        expected = CLOSED if is_high is closed_is_high else OPEN
        assert eye.look() is expected
        assert moved[-1] is expected
    assert len(moved) == 3
    eye.close()
    (pin.drive_high if begins_high else pin.drive_low)()
    assert len(moved) == 3


def test_a_pin_that_is_let_go_can_be_taken_again() -> None:
    """After a fault it is opened anew."""
    factory = simulated_factory()
    for _ in range(2):
        eye = GpioEye(lambda: factory, 17, "up", closed_is_high=False)
        eye.open(lambda _: None)
        eye.close()
        eye.close()


class Mcp3008(MockSPIDevice):  # type: ignore[misc]
    """Answers bit by bit as the data sheet draws it (DS21295D, figure 6-1)."""

    def __init__(self, factory: MockFactory) -> None:
        super().__init__(11, 10, 9, 8, pin_factory=factory)
        self.channels = [0] * 8
        self.asked: list[int] = []

    def on_bit(self) -> None:
        # The word is 8 bits of which the last is the start bit, then single-ended, three of channel, 11 of answer.
        if self.rx_bit == 12:
            word = self.rx_word()
            assert word >> 4 & 1, "start bit"
            assert word >> 3 & 1, "single-ended"
            channel = word & 0x07
            self.asked.append(channel)
            # One clock to settle, the null bit, ten of data.
            self.tx_word(self.channels[channel], 12)


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    """Mock pins which are the default ones too: gpiozero's mock of SPI takes its pins from there."""
    before, Device.pin_factory = Device.pin_factory, simulated_factory()
    yield Device.pin_factory
    Device.pin_factory = before


def converter_of(factory: MockFactory, channel: int) -> Mcp300x:
    return Mcp300x(lambda: factory, 0, channel)


def test_the_converter_is_read_bit_by_bit(factory: MockFactory) -> None:
    """Each channel gives its own ten bits."""
    with Mcp3008(factory) as chip:
        one, other = converter_of(factory, 0), converter_of(factory, 7)
        one.open()
        other.open()
        for reading in (0, 1, 320, 606, 1022, 1023):
            chip.channels[0], chip.channels[7] = reading, 1023 - reading
            assert one.read() == reading / 1023
            assert other.read() == (1023 - reading) / 1023
        assert set(chip.asked) == {0, 7}
        one.close()
        other.close()


def test_a_missing_converter_is_no_cut_line(factory: MockFactory) -> None:
    """The line floats high: without the null bit that would be full scale, a cut."""
    one = converter_of(factory, 0)
    one.open()
    pin: Any = factory.pin(9)
    pin.drive_high()
    with pytest.raises(OSError, match="no answer from the converter"):
        one.read()
    one.close()
    with pytest.raises(OSError, match="not open"):
        one.read()


def test_a_supervised_line_is_classified(factory: MockFactory) -> None:
    """Readings of a divider of 2200, 1000 and 2200 ohm."""
    with Mcp3008(factory) as chip:
        eye = LineEye(LineConfig(channel=2), converter_of(factory, 2))
        eye.open(lambda _: None)
        found = []
        for reading in (320, 606, 1023, 0):
            chip.channels[2] = reading
            found.append(eye.look())
        assert found == [CLOSED, OPEN, WireState.CUT, WireState.SHORT]
        eye.close()


@pytest.mark.parametrize("active_high", [True, False])
def test_a_switch_drives_its_pin(active_high: bool) -> None:
    """It begins off, and ends off."""
    factory = simulated_factory()
    switch = GpioSwitch(lambda: factory, 22, active_high=active_high)
    pin: Any = factory.pin(22)
    assert bool(pin.state) is not active_high
    switch.set(True)
    assert bool(pin.state) is active_high
    switch.set(False)
    assert bool(pin.state) is not active_high
    switch.close()


def test_a_pin_that_does_not_follow_is_noticed() -> None:
    """A short holds it down."""
    factory = simulated_factory()
    switch = GpioSwitch(lambda: factory, 22, active_high=True)
    pin: Any = factory.pin(22)
    pin._change_state = lambda _value: False
    with pytest.raises(OSError, match="does not follow"):
        switch.set(True)
    switch.close()


def test_a_machine_without_pins_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the character device exists, as on servers; lgpio's pipe goes where the journal is."""
    monkeypatch.setenv("LG_WD", "")
    if Path("/proc/device-tree/model").exists():
        pytest.skip("this machine may well have pins")
    with pytest.raises(OSError, match="is this a Raspberry Pi"):
        open_factory(tmp_path)
    assert os.environ["LG_WD"] == str(tmp_path)
