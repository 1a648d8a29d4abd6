"""What is peculiar to the SGP40 and SGP41: a heartbeat, conditioning that must not harm, an algorithm that learns."""

import threading

import pytest
from adafruit_sgp41.gas_index_algorithm import ALGORITHM_TYPE_NOX, ALGORITHM_TYPE_VOC, GasIndexAlgorithm

from sensors import open_sensor
from sensors.errors import SelfTestFailed, SensorUnavailable
from sensors.heartbeat import ThreadHeart
from sensors.sgp4x import CONDITIONING_S
from sensors.simulated import Air
from tests.sensors.lab import Bench, MakeBench

CLEAN = Air(co2_ppm=500, temperature_c=23, humidity_pct=45, tvoc_ug_m3=150, no2_ppb=15)
PAINT = Air(co2_ppm=500, temperature_c=23, humidity_pct=45, tvoc_ug_m3=6_000, no2_ppb=15)


def count(bench: Bench, code: int) -> int:
    """How often the chip took a command, among its last 200."""
    return int(bench.chip.commands.count(code))


class TestHeartbeat:
    """Measured every second, however seldom it is read."""

    @pytest.mark.parametrize(("part", "code"), [("sgp40", 0x260F), ("sgp41", 0x2619)])
    def test_chip_is_measured_every_second_between_two_reads(self, make_bench: MakeBench, part: str, code: int) -> None:
        """The algorithm's filters are made for that."""
        bench = make_bench(part, air=CLEAN)
        bench.sensor.start()
        bench.clock.sleep(100)
        assert 88 <= count(bench, code) <= 100
        assert bench.sensor.read()

    def test_stop_ends_the_beats_and_the_heater(self, make_bench: MakeBench) -> None:
        """Nothing measures a closed sensor."""
        bench = make_bench("sgp41", air=CLEAN)
        bench.sensor.start()
        bench.clock.sleep(30)
        bench.sensor.stop()
        assert bench.chip.commands[-1] == 0x3615
        before = len(bench.chip.commands)
        bench.clock.sleep(30)
        assert len(bench.chip.commands) == before

    def test_failed_beats_are_told_at_the_next_read_and_it_goes_on(self, make_bench: MakeBench) -> None:
        """One error a read, though thirty beats failed."""
        bench = make_bench("sgp40", air=CLEAN)
        bench.sensor.start()
        bench.clock.sleep(60)
        bench.chip.faults.nacks = 60
        bench.clock.sleep(30)
        with pytest.raises(SensorUnavailable):
            bench.sensor.read()
        bench.chip.faults.nacks = 0
        bench.clock.sleep(2)
        assert bench.sensor.read()

    def test_real_heart_beats_and_ends(self) -> None:
        """With a thread of its own, which is gone afterwards; an end from within a beat does not wait for itself."""
        beats = threading.Semaphore(0)
        end = ThreadHeart().every(0.001, beats.release)
        for _ in range(3):
            assert beats.acquire(timeout=5)
        end()
        assert not [thread for thread in threading.enumerate() if thread.name == "heartbeat"]
        done = threading.Event()
        ends = []

        def beat() -> None:
            ends[0]()
            done.set()

        ready = threading.Event()
        ends.append(ThreadHeart().every(0.001, lambda: ready.wait(5) and beat()))
        ready.set()
        assert done.wait(5)


class TestConditioning:
    """Of the SGP41."""

    def test_it_is_done_for_ten_seconds_at_most(self, make_bench: MakeBench) -> None:
        """And done."""
        bench = make_bench("sgp41", air=CLEAN)
        bench.sensor.start()
        bench.clock.sleep(120)
        assert 5 <= count(bench, 0x2612) <= 10
        assert 5 < bench.chip.longest_conditioning_s <= CONDITIONING_S

    def test_lost_acknowledges_do_not_make_it_longer(self, make_bench: MakeBench) -> None:
        """Beats that failed are not made up for."""
        bench = make_bench("sgp41", air=CLEAN)
        bench.sensor.start()
        bench.clock.sleep(3)
        bench.chip.faults.nacks = 4
        bench.clock.sleep(60)
        assert bench.chip.longest_conditioning_s <= CONDITIONING_S

    def test_start_after_start_does_not_add_up(self, make_bench: MakeBench) -> None:
        """The heater is turned off in between: an agent that restarts every few seconds does no harm."""
        bench = make_bench("sgp41", air=CLEAN)
        for _ in range(20):
            bench.sensor.start()
            bench.clock.sleep(4)
        assert bench.chip.longest_conditioning_s <= CONDITIONING_S

    def test_agents_that_are_killed_do_not_add_up(self, make_bench: MakeBench) -> None:
        """Nobody turned the heater off then: the next start does."""
        bench = make_bench("sgp41", air=CLEAN)
        for _ in range(5):
            bench.sensor.start()
            bench.clock.sleep(6)
            bench.sensor._stop_beats()
            bench.sensor = open_sensor(bench.spec, clock=bench.clock, rooms=bench.rooms, sleep=bench.clock.sleep)
        assert count(bench, 0x2612) > 15
        assert bench.chip.longest_conditioning_s <= CONDITIONING_S

    def test_sgp40_is_never_conditioned(self, make_bench: MakeBench) -> None:
        """It does not know the command."""
        bench = make_bench("sgp40", air=CLEAN)
        bench.sensor.start()
        bench.clock.sleep(60)
        assert count(bench, 0x2612) == 0


class TestIndex:
    """Sensirion's algorithm."""

    def test_no_index_before_the_algorithm_has_one(self, make_bench: MakeBench) -> None:
        """Its 0 is no value; and the wait is no silence."""
        bench = make_bench("sgp40", air=CLEAN)
        bench.sensor.start()
        for _ in range(44):
            assert bench.sensor.read() is None
            bench.clock.sleep(1)
        assert bench.read_soon()["voc_index"] >= 1

    def test_usual_air_becomes_100_and_paint_is_seen(self, make_bench: MakeBench) -> None:
        """Within a minute; and it comes down when the air is clean again."""
        bench = make_bench("sgp41", air=CLEAN)
        bench.sensor.start()
        bench.clock.sleep(3_600)
        usual = bench.read_soon()
        assert usual["voc_index"] == pytest.approx(100, abs=30)
        assert usual["nox_index"] == pytest.approx(1, abs=1)
        bench.breathe(PAINT)
        bench.clock.sleep(60)
        assert bench.read_soon()["voc_index"] > 250
        bench.breathe(CLEAN)
        bench.clock.sleep(300)
        assert bench.read_soon()["voc_index"] < 200

    def test_what_was_learned_survives_a_fault_of_minutes(self, make_bench: MakeBench) -> None:
        """A sensor opened anew has an index at once, from the old baseline; after half an hour it learns again."""
        for part, waits_s in (("sgp40", 2), ("sgp41", 12)):
            bench = make_bench(part, air=CLEAN)
            bench.sensor.start()
            bench.clock.sleep(1_800)
            bench.sensor.stop()
            bench.clock.sleep(300)
            bench.sensor.start()
            bench.clock.sleep(waits_s)
            assert bench.sensor.read()
            bench.sensor.stop()
            bench.clock.sleep(1_800)
            bench.sensor.start()
            bench.clock.sleep(waits_s)
            assert bench.sensor.read() is None

    def test_port_is_the_original(self) -> None:
        """Values of Sensirion's own library 3.2.2 for the same raw values; its rounding may differ by one."""
        voc, nox = GasIndexAlgorithm(ALGORITHM_TYPE_VOC), GasIndexAlgorithm(ALGORITHM_TYPE_NOX)
        expected = {44: (0, 0), 50: (6, 1), 100: (92, 1), 1_000: (100, 1), 1_100: (119, 1), 1_200: (113, 12)}
        for at in range(1_201):
            got = (
                voc.process(30_000 - (700 if at > 1_000 else 0) + at % 7),
                nox.process(16_000 + (2_500 if at > 1_100 else 0) + at % 5),
            )
            if at in expected:
                assert got == pytest.approx(expected[at], abs=1), at


def test_failed_self_test_is_told(make_bench: MakeBench) -> None:
    """At start."""
    bench = make_bench("sgp41", air=CLEAN)
    bench.chip.faults.self_test = 0x4B00
    with pytest.raises(SelfTestFailed, match="replace"):
        bench.sensor.start()
