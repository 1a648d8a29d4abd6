"""A held bus is clocked free: the procedure, the Pi's tool, and a driver that starts through it."""

import errno
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from sensors.errors import BusHung, SensorUnavailable
from sensors.i2c import BusHeld, LinuxI2C
from sensors.i2c_recovery import CLOCKS, PinctrlLines, clock_out, lines_of
from tests.sensors.lab import Bench


class Wires:
    """Two wires and a device that lets go of the data line after so many clocks."""

    def __init__(self, clocks_to_go: int) -> None:
        self.clocks_to_go = clocks_to_go
        self.clock_is_low = False
        self.we_hold_data = False
        self.clocks = 0
        self.stops = 0
        self.given_back = 0

    def data_is_low(self) -> bool:
        return self.we_hold_data or self.clocks_to_go > 0

    def pull(self, *, data: bool | None = None, clock: bool | None = None) -> None:
        if clock is not None:
            if self.clock_is_low and not clock:
                self.clocks += 1
                self.clocks_to_go -= 1
            self.clock_is_low = clock
        if data is not None:
            if self.we_hold_data and not data and not self.clock_is_low:
                self.stops += 1
            self.we_hold_data = data

    def give_back(self) -> None:
        self.given_back += 1


class TestProcedure:
    """UM10204, section 3.1.16."""

    @pytest.mark.parametrize("clocks", range(1, CLOCKS + 1))
    def test_device_within_a_byte_is_clocked_free_and_stopped(self, clocks: int) -> None:
        """Wherever in the byte it lost count; the wires go back to the controller."""
        wires = Wires(clocks)
        assert clock_out(wires, lambda _: None)
        assert (wires.clocks - 1, wires.stops, wires.given_back) == (clocks, 1, 1)

    def test_device_that_never_lets_go(self) -> None:
        """Nine clocks and no more, no stop into a held line, and the wires go back all the same."""
        wires = Wires(1_000)
        assert not clock_out(wires, lambda _: None)
        assert (wires.clocks, wires.stops, wires.given_back) == (CLOCKS, 0, 1)

    def test_wires_go_back_also_when_the_way_to_them_fails(self) -> None:
        """Else the bus stays cut off for every sensor on it."""
        wires = Wires(3)

        def broken(_: float) -> None:
            raise OSError("no")

        with pytest.raises(OSError, match="no"):
            clock_out(wires, broken)
        assert wires.given_back == 1


TOOL = """#!/bin/sh
# A stand-in for Raspberry Pi OS's pinctrl, over files: `held` counts the clocks until the device lets go.
cd {folder}
echo "$@" >> asked
case "$*" in
  "lev 2") [ "$(cat held)" -gt 0 ] && echo 0 || echo 1;;
  "set 3 ip pu") echo $(( $(cat held) - 1 )) > held;;
  "fail") exit 1;;
esac
"""


@pytest.fixture
def pi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with the tool, whose bus 1 nobody holds."""
    tool = tmp_path / "pinctrl"
    tool.write_text(TOOL.format(folder=tmp_path))
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "held").write_text("0")
    (tmp_path / "asked").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr("sensors.i2c.SMBus", lambda _: None)
    assert shutil.which("pinctrl") == str(tool)
    return tmp_path


class TestOnAPi:
    """The adapter, through a real subprocess."""

    def test_healthy_bus_is_left_alone(self, pi: Path) -> None:
        """One look, nothing touched."""
        assert LinuxI2C(1).recover() is False
        assert (pi / "asked").read_text() == "lev 2\n"

    def test_held_bus_is_freed_and_given_back(self, pi: Path) -> None:
        """To the controller: alternate function 0."""
        (pi / "held").write_text("4")
        assert LinuxI2C(1).recover() is True
        assert (pi / "asked").read_text().splitlines()[-1] == "set 2,3 a0 pu"

    def test_bus_that_stays_held_is_told(self, pi: Path) -> None:
        """By its name."""
        (pi / "held").write_text("100")
        with pytest.raises(BusHeld, match="i2c-1"):
            LinuxI2C(1).recover()
        assert (pi / "asked").read_text().splitlines()[-1] == "set 2,3 a0 pu"

    def test_other_buses_and_machines_have_no_way(self, pi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A USB adapter's bus, or no tool: not recovered, not harmed."""
        assert lines_of(22) is None
        assert LinuxI2C(22).recover() is False
        monkeypatch.setenv("PATH", "/nowhere")
        assert LinuxI2C(1).recover() is False

    def test_failing_tool_is_a_bus_fault(self, pi: Path) -> None:
        """An `OSError`, as all of the bus."""
        with pytest.raises(OSError, match="fail"):
            PinctrlLines(str(pi / "pinctrl"), 2, 3)._run("fail")


class TestDriver:
    """A start finds the bus held."""

    def test_start_frees_the_bus(self, bench: Bench) -> None:
        """And the sensor reads, though every transfer failed before."""
        bench.chip.sda_clocks = 6
        bench.sensor.start()
        assert bench.read_soon()

    def test_read_tells_that_the_bus_hangs_and_the_next_start_frees_it(self, bench: Bench) -> None:
        """As the agent does: fault, then start again."""
        bench.sensor.start()
        bench.clock.sleep(5)
        bench.chip.sda_clocks = 3
        with pytest.raises(SensorUnavailable, match="held the bus"):
            bench.sensor.read()
        bench.sensor.start()
        assert bench.read_soon()

    def test_bus_that_cannot_be_freed_is_declared(self, bench: Bench) -> None:
        """With what to do; nothing stays open."""
        bench.chip.sda_clocks = 100
        with pytest.raises(BusHung, match="cut the power") as hung:
            bench.sensor.start()
        assert (hung.value.sensor, hung.value.address) == ("scd41", 0x62)
        bench.chip.plug_in()
        bench.clock.sleep(1)
        bench.sensor.start()
        assert bench.read_soon()

    def test_bus_that_refuses_to_be_freed_leaves_the_first_reason(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An adapter that was pulled out: what is told is that the sensor does not answer."""
        open_port = bench.sensor._open_port

        def gone() -> bool:
            raise OSError(errno.ENODEV, "no such device")

        def opened() -> Any:
            port = open_port()
            monkeypatch.setattr(port, "recover", gone)
            return port

        monkeypatch.setattr(bench.sensor, "_open_port", opened)
        bench.chip.sda_clocks = 100
        with pytest.raises(SensorUnavailable) as found:
            bench.sensor.start()
        assert "check plug" in str(found.value)
        assert "no such device" not in str(found.value)
