"""Time lines of the sampler on a fake clock: when it reads, what it reports, what it never does."""

import itertools
import random
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import CalibrationConfig, SamplerConfig
from agent.sampler import Job, JobKind, Outcome, Sampler, SensorPlan
from telemetry.parts import PARTS
from telemetry.readings import Flag
from tests.fakes import FakeClock

GOOD = {"co2_ppm": 600.0, "temperature_c": 21.0, "humidity_pct": 40.0}


class FakeSink:
    """Remembers what the sampler hands on, with the time."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.readings: list[tuple[float, str, dict[str, float], dict[str, tuple[Flag, ...]]]] = []
        self.states: list[tuple[str, str, bool, str, str]] = []
        self.serials: dict[str, str] = {}

    def measure(self, point: str, values: Mapping[str, float], flags: Mapping[str, tuple[Flag, ...]]) -> None:
        self.readings.append((self.clock.monotonic(), point, dict(values), dict(flags)))

    def set_state(self, point: str, room: str, kind: str, working: bool, state: str, reason: str = "") -> None:
        assert kind == "sensor"
        self.states.append((point, room, working, state, reason))

    def identify(self, point: str, serial: str) -> None:
        self.serials[point] = serial


class Bench:
    """A sampler on a fake clock, and sensors that behave as `answer` says."""

    def __init__(self, *plans: SensorPlan, settings: SamplerConfig | None = None) -> None:
        self.clock = FakeClock()
        self.sink = FakeSink(self.clock)
        self.sampler = Sampler(
            plans or [plan()],
            sink=self.sink,
            settings=settings or SamplerConfig(),
            clock=self.clock,
            rng=random.Random(1),
        )
        self.jobs: list[tuple[float, Job]] = []
        self.hanging: list[Job] = []
        self.start_s = self.clock.monotonic()

    def answer(self, job: Job) -> Outcome | None:
        """What a worker says at once; None: it hangs."""
        return Outcome(serial="abc") if job.kind is JobKind.OPEN else Outcome(values=GOOD)

    def run(self, seconds: float) -> None:
        """Let so much time pass, with every job answered on the spot."""
        end_s = self.clock.monotonic() + seconds
        for _ in range(100_000):
            for job in self.sampler.poll():
                self.jobs.append((self.clock.monotonic() - self.start_s, job))
                outcome = self.answer(job)
                if outcome is None:
                    self.hanging.append(job)
                else:
                    self.sampler.finished(job, outcome)
            due_s = self.sampler.next_due()
            assert due_s is not None
            if due_s > end_s:
                self.clock.advance(end_s - self.clock.monotonic())
                return
            self.clock.advance(max(due_s - self.clock.monotonic(), 0.0))
        raise AssertionError("the sampler spins")


def plan(**changes: object) -> SensorPlan:
    words = {"point": "hall-air", "room": "hall", "part": PARTS["scd41"], "period_s": 60.0}
    return SensorPlan(**(words | changes))  # type: ignore[arg-type]


def test_the_first_reading_comes_at_once_then_one_a_period() -> None:
    """Opened, read, and then on a grid that does not drift."""
    bench = Bench()
    bench.run(300)
    assert [round(at_s - bench.start_s) for at_s, *_ in bench.sink.readings] == [0, 60, 120, 180, 240, 300]
    assert bench.sink.states == [("hall-air", "hall", True, "ok", "")]
    assert bench.sink.serials == {"hall-air": "abc"}


def test_late_data_does_not_move_the_grid() -> None:
    """A chip that has its data some seconds after it was asked is read again on the grid all the same."""
    bench = Bench()

    def answer(job: Job) -> Outcome:
        if job.kind is JobKind.OPEN:
            return Outcome(serial="abc")
        since_s = (bench.clock.monotonic() - bench.start_s) % 60
        return Outcome(values=GOOD if 5 <= since_s < 10 else None)

    bench.answer = answer  # type: ignore[method-assign]
    bench.run(250)
    times = [at_s - bench.start_s for at_s, *_ in bench.sink.readings]
    assert times == pytest.approx([5, 65, 125, 185, 245], abs=0.6)
    assert not [state for state in bench.sink.states if not state[2]]


def test_each_sensor_has_its_own_period() -> None:
    """One a second beside one a minute."""
    bench = Bench(plan(point="fast", period_s=1.0), plan(point="slow"))
    bench.run(59.5)
    points = [point for _, point, *_ in bench.sink.readings]
    assert (points.count("fast"), points.count("slow")) == (60, 1)


def test_a_sensor_that_hangs_is_reported_and_tried_again() -> None:
    """The call is given up after `hang_s`, the sensor is a fault, and a worker of a new generation opens it."""
    bench = Bench()
    answer = bench.answer
    bench.answer = lambda job: None if job.generation == 0 and job.kind is JobKind.READ else answer(job)  # type: ignore[method-assign]
    bench.run(29)
    assert bench.sink.states == []
    bench.run(10)
    assert [state[2:4] for state in bench.sink.states] == [(False, "fault"), (True, "ok")]
    assert "hangs" in bench.sink.states[0][4]
    assert bench.sampler.abandoned == 1
    assert bench.sink.readings, "the new worker reads"
    bench.sampler.finished(bench.hanging[0], Outcome(values={"co2_ppm": 1.0}))
    assert bench.sampler.abandoned == 0
    assert all(values == GOOD for _, _, values, _ in bench.sink.readings), "what comes too late is no reading"


def test_hanging_calls_are_bounded() -> None:
    """A sensor whose every call hangs takes so many threads and no more, and is tried again once one is free."""
    bench = Bench(settings=SamplerConfig(max_abandoned=3))
    bench.answer = lambda _: None  # type: ignore[method-assign]
    bench.run(36_000)
    assert bench.sampler.abandoned == 3
    assert len(bench.hanging) == 3
    bench.sampler.finished(bench.hanging[0], Outcome(error="came back"))
    bench.run(400)
    assert len(bench.hanging) == 4
    assert len(bench.sink.states) == 1, "one fault, told once"


def test_one_that_hangs_never_stops_the_others() -> None:
    """A neighbour's readings stay on their grid."""
    bench = Bench(plan(point="bad"), plan(point="good"), settings=SamplerConfig(max_abandoned=1))
    answer = bench.answer
    bench.answer = lambda job: None if job.sensor == 0 else answer(job)  # type: ignore[method-assign]
    bench.run(3_599)
    times = [at_s - bench.start_s for at_s, point, *_ in bench.sink.readings if point == "good"]
    assert times == pytest.approx([60.0 * number for number in range(60)])


def test_one_garbled_answer_is_read_again_and_is_no_fault() -> None:
    """A single failure is retried after a second without opening the sensor anew."""
    bench = Bench()
    answers = iter([Outcome(serial="a"), Outcome(error="crc"), Outcome(values=GOOD)])
    bench.answer = lambda job: next(answers, Outcome(values=GOOD))  # type: ignore[method-assign]
    bench.run(30)
    assert [job.kind for _, job in bench.jobs] == [JobKind.OPEN, JobKind.READ, JobKind.READ]
    assert [state[3] for state in bench.sink.states] == ["ok"]


def test_a_sensor_that_stays_bad_backs_off_with_a_cap() -> None:
    """Waits double up to the longest, and the fault is told once, with its reason."""
    bench = Bench(settings=SamplerConfig(retry_min_s=1, retry_max_s=60))
    bench.answer = lambda _: Outcome(error="no such device")  # type: ignore[method-assign]
    bench.run(1_000)
    times = [at_s for at_s, _ in bench.jobs]
    waits = [after - before for before, after in itertools.pairwise(times)]
    for number, wait_s in enumerate(waits):
        assert min(2.0**number, 60) * 0.8 <= wait_s <= min(2.0**number, 60) * 1.2 + 1e-6
    assert len(bench.sink.states) == 1
    point, room, working, state, reason = bench.sink.states[0]
    assert (point, room, working, state) == ("hall-air", "hall", False, "fault")
    assert reason == "no such device"


def test_recovery_is_told_and_the_back_off_begins_anew() -> None:
    """After a fault one good reading is enough."""
    bench = Bench()
    good = bench.answer
    bench.answer = lambda job: Outcome(error="gone")  # type: ignore[method-assign]
    bench.run(100)
    bench.answer = good  # type: ignore[method-assign]
    bench.run(200)
    assert [state[3] for state in bench.sink.states] == ["fault", "ok"]
    bench.jobs.clear()
    bench.answer = lambda job: Outcome(error="gone")  # type: ignore[method-assign]
    bench.run(64)
    assert len(bench.jobs) >= 3, "the first retries come fast again"


def test_silence_is_a_fault() -> None:
    """A sensor that answers and never has anything new is opened again and reported."""
    bench = Bench(plan(period_s=10.0))
    bench.answer = lambda job: Outcome(serial="a") if job.kind is JobKind.OPEN else Outcome()  # type: ignore[method-assign]
    bench.run(59)
    assert bench.sink.states == []
    bench.run(10)
    assert bench.sink.states[0][2:4] == (False, "fault")
    assert "no new data" in bench.sink.states[0][4]
    assert [job.kind for _, job in bench.jobs].count(JobKind.OPEN) == 2


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_no_number_is_refused(bad: float) -> None:
    """Nothing of such a reading is handed on; it counts as a failure."""
    bench = Bench()
    bench.answer = lambda job: (  # type: ignore[method-assign]
        Outcome(serial="a") if job.kind is JobKind.OPEN else Outcome(values=GOOD | {"co2_ppm": bad})
    )
    bench.run(60)
    assert bench.sink.readings == []
    assert bench.sink.states[0][3] == "fault"
    assert "co2_ppm" in bench.sink.states[0][4]


def test_a_value_outside_the_part_s_range_is_flagged() -> None:
    """The value goes on, with the flag, and only that value has it."""
    bench = Bench()
    bench.answer = lambda job: (  # type: ignore[method-assign]
        Outcome(serial="a") if job.kind is JobKind.OPEN else Outcome(values=GOOD | {"temperature_c": 61.0})
    )
    bench.run(1)
    assert bench.sink.readings[0][3] == {"temperature_c": (Flag.RANGE,)}


def test_a_gas_is_held_against_its_range_in_the_data_sheet_s_unit() -> None:
    """The table of parts has ppb, the reading µg/m³."""
    bench = Bench(plan(part=PARTS["sfa30"]))
    values = iter([1_200.0, 1_300.0])  # 1000 ppb are 1227 µg/m³
    bench.answer = lambda job: (  # type: ignore[method-assign]
        Outcome(serial="a") if job.kind is JobKind.OPEN else Outcome(values={"hcho_ug_m3": next(values)})
    )
    bench.run(61)
    assert [flags for *_, flags in bench.sink.readings] == [{}, {"hcho_ug_m3": (Flag.RANGE,)}]


def test_warm_up_and_simulation_are_flagged() -> None:
    """`warmup` until the part's time has passed, `simulated` always, in the order of the wire."""
    import msgspec

    slow = msgspec.structs.replace(PARTS["scd41"], warmup_s=90)
    bench = Bench(plan(part=slow, simulated=True))
    bench.run(125)
    words = [flags["co2_ppm"] for *_, flags in bench.sink.readings]
    assert words == [(Flag.WARMUP, Flag.SIMULATED), (Flag.WARMUP, Flag.SIMULATED), (Flag.SIMULATED,)]


def test_a_calibration_is_applied_and_the_range_judged_before_it() -> None:
    """Gain first, then offset; the part's range is that of what the part says."""
    calibration = CalibrationConfig(gain={"co2_ppm": 1.1}, offset={"co2_ppm": -10.0, "humidity_pct": 80.0})
    bench = Bench(plan(calibration=calibration))
    bench.run(1)
    _, _, values, flags = bench.sink.readings[0]
    assert values == pytest.approx({"co2_ppm": 650.0, "temperature_c": 21.0, "humidity_pct": 120.0})
    assert flags == {}


@given(
    st.lists(
        st.sampled_from(["good", "nothing", "error", "hang", "nan"]),
        min_size=1,
        max_size=60,
    ),
    st.integers(0, 2**32),
)
def test_whatever_one_does_the_other_stays_on_its_grid(script: list[str], seed: int) -> None:
    """No behaviour of a sensor changes when its neighbour is read, and no fault is told twice in a row."""
    bench = Bench(plan(point="bad", period_s=7.0), plan(point="good", period_s=20.0))
    words = iter(script)
    outcomes = {
        "good": Outcome(values=GOOD),
        "nothing": Outcome(),
        "error": Outcome(error="boom"),
        "hang": None,
        "nan": Outcome(values={"co2_ppm": float("nan")}),
    }
    good = bench.answer
    bench.answer = lambda job: good(job) if job.sensor else outcomes[next(words, "good")]  # type: ignore[method-assign]
    bench.run(399)
    times = [at_s - bench.start_s for at_s, point, *_ in bench.sink.readings if point == "good"]
    assert times == pytest.approx([20.0 * number for number in range(20)])
    told = [state[3] for state in bench.sink.states if state[0] == "bad"]
    assert all(before != after for before, after in itertools.pairwise(told))
    assert bench.sampler.abandoned <= SamplerConfig().max_abandoned
