"""One thread a check, which makes the blocking calls that the rounds ask for."""

import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Protocol

from agent.errors import CheckError
from agent.facility_points import PointState
from agent.probes.rounds import Answer, CheckJob


class Check(Protocol):
    """One device, asked again and again from one thread."""

    def ask(self) -> PointState | None:
        """What it is like now; None: that cannot be told yet.

        Raises:
            CheckError: It did not answer, or wrongly; the text says how.
        """

    def close(self) -> None:
        """Let everything go."""


class Callers:
    """Threads that make checks. A check's next generation gets a thread of its own; all are daemons.

    Args:
        makers: One a check, in the order of the rounds.
        report: Takes each answer; called from the callers' threads.
    """

    def __init__(self, makers: Sequence[Callable[[], Check]], report: Callable[[CheckJob, Answer], None]) -> None:
        self._makers = makers
        self._report = report
        self._callers: dict[int, _Caller] = {}

    def submit(self, job: CheckJob) -> None:
        """Have one check made; its answer is reported unless the call never ends."""
        caller = self._callers.get(job.check)
        if caller is None or caller.generation != job.generation:
            if caller is not None:
                caller.jobs.put(None)
            caller = _Caller(job, self._makers[job.check], self._report)
            self._callers[job.check] = caller
        caller.jobs.put(job)

    def close(self, timeout_s: float) -> bool:
        """End all threads; False if some did not within that time in all."""
        for caller in self._callers.values():
            caller.jobs.put(None)
        end_s = time.monotonic() + timeout_s
        for caller in self._callers.values():
            caller.thread.join(max(end_s - time.monotonic(), 0))
        return not any(caller.thread.is_alive() for caller in self._callers.values())


class _Caller:
    def __init__(self, job: CheckJob, make: Callable[[], Check], report: Callable[[CheckJob, Answer], None]) -> None:
        self.generation = job.generation
        self.jobs: SimpleQueue[CheckJob | None] = SimpleQueue()
        self._make = make
        self._report = report
        self.thread = threading.Thread(target=self._run, name=f"check-{job.check}-{job.generation}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        check: Check | None = None
        while (job := self.jobs.get()) is not None:
            try:
                if check is None:
                    check = self._make()
                answer = Answer(state=check.ask())
            except CheckError as error:
                answer = Answer(failure=str(error))
            except Exception as error:  # noqa: BLE001 - a library may raise anything; it is a failed check
                answer = Answer(failure=str(error) or type(error).__name__)
            self._report(job, answer)
        if check is not None:
            check.close()
