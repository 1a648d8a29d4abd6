"""Real threads round drivers that hang and raise."""

import threading
from queue import SimpleQueue

from agent.sampler import Job, JobKind, Outcome
from agent.workers import Workers
from telemetry.parts import PARTS


class FakeSensor:
    """A driver that does what the test says, and remembers."""

    part = PARTS["scd41"]
    serial = "abc"
    interval_s = 5.0

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.started = 0
        self.stopped = threading.Event()

    def start(self) -> None:
        self.started += 1

    def read(self) -> dict[str, float] | None:
        self.gate.wait()
        if self.error is not None:
            raise self.error
        return {"co2_ppm": 500.0}

    def stop(self) -> None:
        self.stopped.set()


def job(kind: JobKind, *, sensor: int = 0, generation: int = 0) -> Job:
    return Job(sensor=sensor, generation=generation, kind=kind)


class Bench:
    def __init__(self, *sensors: FakeSensor) -> None:
        self.reports: SimpleQueue[tuple[Job, Outcome]] = SimpleQueue()
        self.workers = Workers([lambda one=one: one for one in sensors], lambda *report: self.reports.put(report))

    def do(self, one: Job) -> Outcome:
        self.workers.submit(one)
        done, outcome = self.reports.get(timeout=10)
        assert done == one
        return outcome


def test_a_sensor_is_opened_and_read_in_its_thread() -> None:
    """The outcome carries serial and values."""
    sensor = FakeSensor()
    bench = Bench(sensor)
    assert bench.do(job(JobKind.OPEN)) == Outcome(serial="abc")
    assert bench.do(job(JobKind.READ)) == Outcome(values={"co2_ppm": 500.0})
    assert bench.workers.close(10)
    assert sensor.stopped.is_set()


def test_whatever_a_driver_raises_is_an_outcome() -> None:
    """The worker lives on; an error without words has its type's name."""
    sensor = FakeSensor()
    bench = Bench(sensor)
    bench.do(job(JobKind.OPEN))
    sensor.error = RuntimeError("crc")
    assert bench.do(job(JobKind.READ)) == Outcome(error="crc")
    sensor.error = ZeroDivisionError()
    assert bench.do(job(JobKind.READ)) == Outcome(error="ZeroDivisionError")
    sensor.error = None
    assert bench.do(job(JobKind.READ)).values
    bench.workers.close(10)


def test_a_hanging_call_stops_nobody() -> None:
    """Another sensor is read, the same one is opened by a new thread, and the old one closes when it comes back."""
    stuck, other = FakeSensor(), FakeSensor()
    bench = Bench(stuck, other)
    bench.do(job(JobKind.OPEN))
    stuck.gate.clear()
    bench.workers.submit(job(JobKind.READ))
    assert bench.do(job(JobKind.OPEN, sensor=1)) == Outcome(serial="abc")
    assert bench.do(job(JobKind.READ, sensor=1)).values
    assert bench.do(job(JobKind.OPEN, generation=1)) == Outcome(serial="abc")
    assert not stuck.stopped.is_set()
    stuck.gate.set()
    late, outcome = bench.reports.get(timeout=10)
    assert late.generation == 0
    assert outcome.values
    assert stuck.stopped.wait(10)
    assert bench.workers.close(10)


def test_a_clean_end_does_not_wait_for_a_hanging_call() -> None:
    """`close` says that something was left open."""
    stuck = FakeSensor()
    bench = Bench(stuck)
    bench.do(job(JobKind.OPEN))
    stuck.gate.clear()
    bench.workers.submit(job(JobKind.READ))
    assert not bench.workers.close(0.05)
    stuck.gate.set()


def test_a_read_before_it_is_open_is_an_error() -> None:
    """Not a crash of the thread."""
    assert Bench(FakeSensor()).do(job(JobKind.READ)).error
