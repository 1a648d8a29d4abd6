"""One thread a sensor, which makes the blocking calls that the sampler asks for."""

import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Protocol, runtime_checkable

from agent.sampler import Job, JobKind, Outcome
from sensors.spec import Sensor

Opener = Callable[[], Sensor]
Report = Callable[[Job, Outcome], None]


class Workers:
    """Threads that open and read sensors.

    A sensor's next generation gets a thread of its own; the one that hangs is left alone, and should it ever come
    back, it closes its sensor and ends. All threads are daemons: none keeps the program from ending.

    Args:
        openers: One a sensor, in the sampler's order; each makes a sensor that is not yet started.
        report: Takes each outcome; called from the workers' threads.
    """

    def __init__(self, openers: Sequence[Opener], report: Report) -> None:
        self._openers = openers
        self._report = report
        self._workers: dict[int, _Worker] = {}

    def submit(self, job: Job) -> None:
        """Have one job done; its outcome is reported unless the call never ends."""
        worker = self._workers.get(job.sensor)
        if worker is None or worker.generation != job.generation:
            if worker is not None:
                worker.retire()
            worker = _Worker(job.sensor, job.generation, self._openers[job.sensor], self._report)
            self._workers[job.sensor] = worker
        worker.jobs.put(job)

    def close(self, timeout_s: float) -> bool:
        """Close all sensors; False if some did not end within that time in all."""
        for worker in self._workers.values():
            worker.retire()
        threads = [worker.thread for worker in self._workers.values()]
        end_s = time.monotonic() + timeout_s
        for thread in threads:
            thread.join(max(end_s - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in threads)


@runtime_checkable
class Calibratable(Protocol):
    """A sensor that can be told what the air holds."""

    def calibrate(self, reference_ppm: int) -> int:
        """The correction in ppm."""


def calibrated_by(sensor: Sensor, reference: int) -> int:
    """What a forced calibration corrects by.

    Raises:
        SensorError: If the sensor refuses.
        TypeError: If it takes none.
    """
    if not isinstance(sensor, Calibratable):
        raise TypeError(f"the {sensor.part.title} takes no forced calibration; SCD4x do")
    return sensor.calibrate(reference)


class _Worker:
    def __init__(self, sensor: int, generation: int, opener: Opener, report: Report) -> None:
        self.generation = generation
        self.jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._opener = opener
        self._report = report
        self._sensor: Sensor | None = None
        self.thread = threading.Thread(target=self._run, name=f"sensor-{sensor}-{generation}", daemon=True)
        self.thread.start()

    def retire(self) -> None:
        """Let it end after the call it is in, and close its sensor."""
        self.jobs.put(None)

    def _run(self) -> None:
        while (job := self.jobs.get()) is not None:
            try:
                outcome = self._do(job)
            except Exception as error:  # noqa: BLE001 - a driver may raise anything; it is reported as a fault
                outcome = Outcome(error=_words(error))
            self._report(job, outcome)
        self._stop()

    def _do(self, job: Job) -> Outcome:
        if job.kind is JobKind.OPEN:
            self._stop()
            self._sensor = self._opener()
            self._sensor.start()
            return Outcome(serial=self._sensor.serial)
        if self._sensor is None:
            return Outcome(error="it is not open")
        if job.kind is JobKind.CALIBRATE:
            return Outcome(correction=calibrated_by(self._sensor, job.reference))
        return Outcome(values=self._sensor.read())

    def _stop(self) -> None:
        sensor, self._sensor = self._sensor, None
        if sensor is None:
            return
        try:
            sensor.stop()
        except Exception as error:  # noqa: BLE001 - it is being given up anyway
            del error


def _words(error: Exception) -> str:
    text = str(error)
    return text if text else type(error).__name__
