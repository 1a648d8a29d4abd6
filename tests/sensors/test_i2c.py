"""The real bus's adapter: what it asks of the kernel, and what it makes of the kernel's answers."""

import ctypes
import errno
import threading
import time
from types import SimpleNamespace

import pytest

from sensors import SensorSpec, open_sensor
from sensors.errors import SensorMisconfigured, SensorUnavailable
from sensors.i2c import LinuxI2C, Lock
from sensors.simulated import Air
from sensors.simulated.bus import Hang, Nack, SimulatedI2C
from sensors.simulated.sensirion.scd4x import SimulatedScd4x
from sensors.spec import i2c_bus_number
from telemetry.parts import PARTS
from tests.sensors.lab import BenchClock

I2C_M_RD = 0x0001  # linux/i2c.h


class Kernel:
    """Stands in the place of smbus2's `SMBus`: takes the same messages, and has chips where the kernel has wires."""

    chips: dict[int, SimulatedScd4x] = {}  # noqa: RUF012
    opened: list[int] = []  # noqa: RUF012
    closed: list[int] = []  # noqa: RUF012

    def __init__(self, number: int) -> None:
        if number == 7:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", "/dev/i2c-7")
        if number == 8:
            raise PermissionError(errno.EACCES, "Permission denied", "/dev/i2c-8")
        self.number = number
        self.opened.append(number)

    def i2c_rdwr(self, *messages: object) -> None:
        """One combined transfer."""
        for message in messages:
            self._transfer(message)

    def _transfer(self, message: object) -> None:
        address, flags, length = message.addr, message.flags, message.len  # type: ignore[attr-defined]
        chip = self.chips.get(address)
        if chip is None:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        if flags & I2C_M_RD:
            data = chip.read(length)
            if data is None:
                raise OSError(errno.EREMOTEIO, "Remote I/O error")
            ctypes.memmove(message.buf, data, length)  # type: ignore[attr-defined]
        elif not chip.write(ctypes.string_at(message.buf, length)):  # type: ignore[attr-defined]
            raise OSError(errno.EREMOTEIO, "Remote I/O error")

    def close(self) -> None:
        """Counted."""
        self.closed.append(self.number)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> BenchClock:
    """A machine with one SCD41 on its bus 1, in air of 640 ppm."""
    clock = BenchClock()
    air = Air(co2_ppm=640, temperature_c=21, humidity_pct=40)
    chip = SimulatedScd4x(PARTS["scd41"], air=lambda: air, now=clock.monotonic, serial=0xF8969F073BBE, seed=None)
    monkeypatch.setattr("sensors.i2c.SMBus", Kernel)
    monkeypatch.setattr(Kernel, "chips", {0x62: chip})
    monkeypatch.setattr(Kernel, "opened", [])
    monkeypatch.setattr(Kernel, "closed", [])
    monkeypatch.setattr("adafruit_scd4x.time", SimpleNamespace(sleep=clock.sleep))
    return clock


class TestLinuxI2C:
    """Adapter, smbus2's messages, Adafruit's driver and the chip together."""

    def test_sensor_reads_over_kernel_messages(self, clock: BenchClock) -> None:
        """Serial number and values arrive whole."""
        sensor = open_sensor(SensorSpec(part="scd41", bus=1), clock=clock)
        sensor.start()
        assert sensor.serial == "f8969f073bbe"
        clock.sleep(5)
        values = sensor.read()
        assert values is not None
        assert values["co2_ppm"] == 640
        assert values["temperature_c"] == pytest.approx(21, abs=0.01)
        sensor.stop()
        assert Kernel.opened == Kernel.closed == [1]

    def test_scan_finds_who_answers(self, clock: BenchClock) -> None:
        """An SCD4x answers a read only when it has something to say."""
        bus = LinuxI2C(1)
        assert bus.scan() == []
        bus.writeto(0x62, b"\x36\x82")
        clock.sleep(0.001)
        assert bus.scan() == [0x62]

    def test_parts_of_buffers(self, clock: BenchClock) -> None:
        """Only `[start:end]` is sent and filled."""
        bus = LinuxI2C(1)
        bus.writeto(0x62, bytearray(b"\x00\x36\x82\x00"), start=1, end=3)
        clock.sleep(0.001)
        got = bytearray(b"\x11" * 7)
        bus.readfrom_into(0x62, got, start=2, end=5)
        assert got == b"\x11\x11\xf8\x96\x31\x11\x11"

    def test_write_then_read_is_one_transfer(self, clock: BenchClock, monkeypatch: pytest.MonkeyPatch) -> None:
        """With a repeated start in between."""
        sent: list[int] = []
        whole = Kernel.i2c_rdwr
        monkeypatch.setattr(Kernel, "i2c_rdwr", lambda self, *m: (sent.append(len(m)), whole(self, *m)))
        got = bytearray(5)
        with pytest.raises(OSError, match="Remote I/O"):
            # An SCD4x needs its millisecond in between and says no.
            LinuxI2C(1).writeto_then_readfrom(0x62, b"\x36\x82", got, in_start=1, in_end=4)
        assert sent == [2]
        monkeypatch.setattr(SimulatedScd4x, "read", lambda _, length: bytes(range(1, length + 1)))
        clock.sleep(1)
        LinuxI2C(1).writeto_then_readfrom(0x62, b"\x36\x82", got, in_start=1, in_end=4)
        assert got == b"\x00\x01\x02\x03\x00"

    @pytest.mark.parametrize(("number", "hint"), [(7, "raspi-config"), (8, "group i2c")])
    def test_bus_that_cannot_be_opened(self, clock: BenchClock, number: int, hint: str) -> None:
        """What to do about it is said."""
        sensor = open_sensor(SensorSpec(part="scd41", bus=number), clock=clock)
        with pytest.raises(SensorUnavailable, match=hint):
            sensor.start()

    def test_empty_bus(self, clock: BenchClock) -> None:
        """And nothing stays open."""
        Kernel.chips.clear()
        sensor = open_sensor(SensorSpec(part="scd41", bus="i2c-1"), clock=clock)
        with pytest.raises(SensorUnavailable, match="check plug"):
            sensor.start()
        assert Kernel.opened == Kernel.closed == [1]


class TestNames:
    """How a bus may be named."""

    @pytest.mark.parametrize(
        ("name", "number"), [("/dev/i2c-1", 1), ("i2c-1", 1), ("1", 1), (1, 1), (0, 0), ("/dev/i2c-22", 22)]
    )
    def test_known_forms(self, name: str | int, number: int) -> None:
        """All mean the same."""
        assert i2c_bus_number(name) == number

    @pytest.mark.parametrize("name", ["", "/dev/ttyS0", "i2c", "i2c--1", -1, "/dev/i2c-1 ", "i2c-1/../../x", True])
    def test_others_are_refused(self, name: str | int) -> None:
        """With the three forms in the text."""
        with pytest.raises(SensorMisconfigured, match="/dev/i2c-1, i2c-1 or 1") as refused:
            i2c_bus_number(name)
        assert refused.value.setting == "bus"


class TestLock:
    """Several threads on one bus."""

    def test_second_waits_for_the_first(self) -> None:
        """Instead of spinning."""
        lock = Lock()
        assert lock.try_lock()
        got: list[bool] = []
        waiting = threading.Thread(target=lambda: got.append(lock.try_lock()))
        waiting.start()
        assert got == []
        lock.unlock()
        waiting.join(5)
        assert got == [True]

    def test_lock_that_never_comes_is_a_bus_fault(self) -> None:
        """Adafruit's device would ask for ever."""
        lock = Lock(wait_s=0.01)
        lock.try_lock()
        with pytest.raises(OSError, match="not free"):
            lock.try_lock()


class TestSimulatedBus:
    """The same surface in memory."""

    def test_nobody_there(self) -> None:
        """The kernel's error number for a missing acknowledge."""
        bus = SimulatedI2C(time.sleep)
        with pytest.raises(Nack) as lost:
            bus.writeto(0x62, b"")
        assert lost.value.errno == errno.EREMOTEIO
        with pytest.raises(Nack):
            bus.readfrom_into(0x62, bytearray(1))
        assert bus.scan() == []

    def test_write_then_read_and_scan(self, clock: BenchClock) -> None:
        """An SCD4x needs its millisecond in between and says no; it is on the bus all the same."""
        bus = SimulatedI2C(clock.sleep)
        bus.chips[0x62] = Kernel.chips[0x62]
        assert bus.scan() == [0x62]
        with pytest.raises(Nack):
            bus.writeto_then_readfrom(0x62, b"\x36\x82", bytearray(9))

    def test_held_clock_line_times_out(self, clock: BenchClock) -> None:
        """After as long as it is held."""
        bus = SimulatedI2C(clock.sleep)
        bus.chips[0x62] = Kernel.chips[0x62]
        bus.chips[0x62].held_s = 3.0
        began = clock.time
        with pytest.raises(Hang) as hung:
            bus.writeto(0x62, b"")
        assert hung.value.errno == errno.ETIMEDOUT
        assert clock.time - began == 3.0
