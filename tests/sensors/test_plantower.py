"""What is peculiar to Plantower's sensors: a stream of frames, out of sync, garbled, stale; a port that goes away."""

import contextlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors import SensorSpec, open_sensor
from sensors.errors import ChecksumMismatch, SelfTestFailed, SensorMisconfigured, SensorUnavailable
from sensors.plantower_frames import FRAME_BYTES, Frames
from sensors.serial_port import LinuxSerial
from sensors.simulated import Air
from sensors.simulated.hanging import chip_class
from telemetry.parts import PARTS
from tests.sensors.lab import BenchClock, MakeBench

AIR = Air(co2_ppm=500, temperature_c=23, humidity_pct=45, pm1_ug_m3=28, pm2_5_ug_m3=40, pm10_ug_m3=50)


def frame_of(*words: int) -> bytes:
    """A frame with those 13 words."""
    raw = b"\x42\x4d" + struct.pack(">H13H", 28, *words)
    return raw + (sum(raw) & 0xFFFF).to_bytes(2, "big")


words = st.lists(st.integers(0, 0xFFFF), min_size=13, max_size=13).map(tuple)


class TestFrames:
    """The parser."""

    def test_frame_of_the_manual(self) -> None:
        """Appendix I: the words in their places, the third three being the air's."""
        (frame,) = Frames().feed(frame_of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x9700))
        assert frame.air_ug_m3 == (4, 5, 6)
        assert frame.counts == (7, 8, 9, 10, 11, 12)
        assert frame.error_code == 0

    @given(before=st.binary(max_size=100), these=st.lists(words, min_size=1, max_size=4), cut=st.integers(1, 40))
    def test_frames_are_found_whatever_came_before_and_however_they_are_cut(
        self, before: bytes, these: list[tuple[int, ...]], cut: int
    ) -> None:
        """Out of sync, a start within data, a byte at a time: at most the frame that garbage runs into is lost."""
        stream = before + b"".join(frame_of(*one) for one in these)
        frames = Frames()
        found = []
        for at in range(0, len(stream), cut):
            found += frames.feed(stream[at : at + cut])
        tail = [frame.words for frame in found][-len(these) :]
        assert these[-1] in tail or not Frames().feed(stream[-FRAME_BYTES:])
        if b"\x42" not in before:
            assert tail == these

    @given(these=words, bit=st.integers(0, 8 * FRAME_BYTES - 1))
    def test_one_turned_bit_is_always_refused(self, these: tuple[int, ...], bit: int) -> None:
        """Wherever it is."""
        raw = bytearray(frame_of(*these))
        raw[bit // 8] ^= 1 << bit % 8
        assert these not in [frame.words for frame in Frames().feed(bytes(raw))]

    @given(data=st.binary(max_size=3_000))
    def test_garbage_is_not_kept(self, data: bytes) -> None:
        """Less than a frame."""
        frames = Frames()
        frames.feed(data)
        assert len(frames._kept) < FRAME_BYTES

    def test_garbled_frames_are_counted(self) -> None:
        """A wrong sum; something else of another length is none of ours."""
        frames = Frames()
        frames.feed(frame_of(*range(13))[:-1] + b"\x00")
        frames.feed(b"\x42\x4d\x00\x14" + bytes(40))
        assert frames.garbled == 1


class TestReading:
    """Over the simulated line."""

    def test_reading_is_of_now_though_minutes_of_frames_wait(self, make_bench: MakeBench) -> None:
        """The kernel keeps the oldest 4,095 bytes of a line that nobody reads: five minutes of them."""
        bench = make_bench("pms5003", air=AIR)
        bench.sensor.start()
        assert bench.read_soon()["pm2_5_ug_m3"] == pytest.approx(40, abs=10)
        for second in range(600):
            if second == 400:
                bench.breathe(Air(co2_ppm=500, temperature_c=23, humidity_pct=45, pm1_ug_m3=140, pm2_5_ug_m3=200))
            bench.clock.sleep(1)
            bench.sensor.port._look()  # as the kernel takes bytes in, read or not
        assert bench.read_soon()["pm2_5_ug_m3"] == pytest.approx(200, abs=20)

    def test_frames_out_of_sync_are_found(self, make_bench: MakeBench) -> None:
        """Noise with half a frame's start in it, before every frame."""
        bench = make_bench("pms5003", air=AIR)
        bench.chip.faults.noise = b"\x42\x42\x4d\x00\x1c\x00\x42"
        bench.sensor.start()
        for _ in range(5):
            assert bench.read_soon()["pm2_5_ug_m3"] == pytest.approx(40, abs=10)

    def test_garbled_frame_is_passed_over_for_the_next(self, make_bench: MakeBench) -> None:
        """No part of it is used."""
        bench = make_bench("pms5003", air=AIR)
        bench.sensor.start()
        bench.read_soon()
        bench.chip.faults.bad_crc = 1
        assert bench.read_soon()["pm2_5_ug_m3"] == pytest.approx(40, abs=10)

    def test_nothing_but_garbled_frames_is_told(self, make_bench: MakeBench) -> None:
        """A long cable, or another's signal."""
        bench = make_bench("pms5003", air=AIR)
        bench.sensor.start()
        bench.chip.faults.bad_crc = 100
        with pytest.raises(ChecksumMismatch, match="frames"):
            bench.exhaust(for_s=30)
        bench.chip.faults.bad_crc = 0
        assert bench.read_soon()

    def test_bytes_without_frames_are_told(self, make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another device, or another speed."""
        bench = make_bench("pms5003", air=AIR)
        bench.sensor.start()
        monkeypatch.setattr(bench.chip, "_frame", lambda: b"\x00\x7f hello")
        with pytest.raises(SensorUnavailable, match="9600 baud"):
            bench.exhaust(for_s=30)

    def test_silent_line_is_told_with_what_to_check(self, make_bench: MakeBench) -> None:
        """Within seconds, again and again, until it talks."""
        bench = make_bench("pms5003", air=AIR)
        bench.chip.faults.is_deaf = True
        bench.sensor.start()
        for _ in range(3):
            began = bench.clock.time
            with pytest.raises(SensorUnavailable, match="TX is on our RX"):
                bench.exhaust(for_s=30)
            assert bench.clock.time - began < 9
        bench.chip.faults.is_deaf = False
        assert bench.read_soon()

    def test_clean_air_may_look_the_same_for_long(self, make_bench: MakeBench) -> None:
        """All zeros are no stuck sensor."""
        bench = make_bench("pms5003", air=Air(co2_ppm=500, temperature_c=23, humidity_pct=45, pm1_ug_m3=0))
        bench.breathe(Air(co2_ppm=500, temperature_c=23, humidity_pct=45, pm2_5_ug_m3=0, pm10_ug_m3=0))
        bench.chip.cells._draw = None
        bench.sensor.start()
        for _ in range(10):
            assert bench.read_soon()["pm2_5_ug_m3"] == 0.0

    def test_error_code_is_of_the_pmsa003(self, make_bench: MakeBench) -> None:
        """The PMS5003's manual calls the byte reserved."""
        for part in ("pms5003", "pmsa003"):
            bench = make_bench(part, air=AIR)
            bench.chip.faults.error_code = 2
            bench.sensor.start()
            if part == "pms5003":
                assert bench.read_soon()
                continue
            with pytest.raises(SelfTestFailed, match="error code 2"):
                bench.exhaust(for_s=10)

    def test_adapter_pulled_out_and_put_in_again(self, make_bench: MakeBench) -> None:
        """Its port is gone; a start opens it anew."""
        bench = make_bench("pmsa003", bus="/dev/ttyUSB0", air=AIR)
        bench.sensor.start()
        bench.read_soon()
        bench.chip.port_is_gone = True
        with pytest.raises(SensorUnavailable, match="gone"):
            bench.sensor.read()
        with pytest.raises(SensorUnavailable):
            bench.sensor.start()
        bench.chip.port_is_gone = False
        bench.sensor.start()
        assert bench.read_soon()


class Line:
    """A real terminal of the kernel's, with a simulated sensor at its other end."""

    def __init__(self, folder: Path) -> None:
        self.clock = BenchClock()
        self.chip = chip_class("pms5003")(
            PARTS["pms5003"], air=lambda: AIR, now=self.clock.monotonic, serial=0, seed=None
        )
        self.path = folder / "ttyUSB0"
        self._ours = -1

    def plug_in(self) -> None:
        """The port appears under its name."""
        self._ours, theirs = os.openpty()
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(theirs))
        self._theirs = theirs

    def pull_out(self) -> None:
        """The port's device goes away; whoever holds it open reads an error."""
        os.close(self._ours)
        os.close(self._theirs)
        self.path.unlink()

    def talk(self, seconds: float) -> None:
        """Time goes by and the sensor talks."""
        self.clock.sleep(seconds)
        os.write(self._ours, self.chip.sent())


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """One that is plugged in."""
    made = Line(tmp_path)
    made.plug_in()
    yield made
    with contextlib.suppress(OSError):
        made.pull_out()


class TestLinuxSerial:
    """Through pyserial and a terminal of the kernel's."""

    def test_driver_reads_pulls_and_reopens(self, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
        """Frames arrive whole; a pulled adapter is told; the next start finds the new one."""
        monkeypatch.setattr("sensors.opening.serial_path", lambda _: str(line.path))
        sensor = open_sensor(SensorSpec(part="pms5003", bus="/dev/ttyUSB0"), clock=line.clock)
        sensor.start()
        line.talk(2.5)
        assert sensor.read() == {"pm1_ug_m3": 28.0, "pm2_5_ug_m3": 40.0, "pm10_ug_m3": 50.0}
        line.pull_out()
        with pytest.raises(SensorUnavailable):
            sensor.read()
            sensor.read()
        with pytest.raises(SensorUnavailable, match="is it plugged"):
            sensor.start()
        line.plug_in()
        sensor.start()
        line.chip.plug_in()
        line.talk(0.1)
        line.talk(2.5)
        assert sensor.read()
        sensor.stop()

    def test_port_is_ours_alone(self, line: Line) -> None:
        """Two programs would each get half the bytes."""
        port = LinuxSerial(str(line.path), 9_600)
        with pytest.raises(OSError, match="lock"):
            LinuxSerial(str(line.path), 9_600)
        port.deinit()
        port.deinit()
        LinuxSerial(str(line.path), 9_600).deinit()

    def test_what_waits_can_be_dropped(self, line: Line) -> None:
        """By the kernel."""
        port = LinuxSerial(str(line.path), 9_600)
        line.talk(10)
        port.drop_waiting()
        assert port.read_waiting() == b""
        port.deinit()

    def test_no_such_port_and_no_right(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """As the classes that say what to do."""
        with pytest.raises(FileNotFoundError):
            LinuxSerial(str(tmp_path / "none"), 9_600)

        def forbidden(*_: object, **__: object) -> None:
            raise OSError(13, "could not open port")

        monkeypatch.setattr("serial.Serial", forbidden)
        with pytest.raises(PermissionError):
            LinuxSerial("/dev/ttyS0", 9_600)


@pytest.mark.parametrize("bus", ["/dev/i2c-1", 1, "serial0", "/dev/../etc/passwd", "/dev/", ""])
def test_what_is_no_serial_port_is_refused(bus: str | int) -> None:
    """With what one looks like; the default of I2C sensors among them."""
    with pytest.raises(SensorMisconfigured, match="/dev/serial0 or /dev/ttyUSB0") as refused:
        open_sensor(SensorSpec(part="pms5003", bus=bus))
    assert refused.value.setting == "bus"


def test_address_is_refused() -> None:
    """It has none."""
    with pytest.raises(SensorMisconfigured, match="no I2C address") as refused:
        open_sensor(SensorSpec(part="pms5003", bus="/dev/serial0", address=0x12))
    assert refused.value.setting == "address"
