"""A thread that does rounds of work when woken, and outlives its own faults."""

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

log = structlog.get_logger(__name__)

AFTER_FAULT_S: Final = 1.0
IDLE_S: Final = 0.5


class Worker:
    """Calls `work`, with a short rest after each round, until it has nothing left; then sleeps until `wake`.

    A fault of ours in one round is logged and the next round is tried a second later: a gateway that hears and stores
    a part is worth more than one that is gone.

    Attributes:
        fault: What went wrong in the last round, None if nothing did.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], int],
        *,
        idle_s: Callable[[], float] = lambda: IDLE_S,
        gather_s: float = 0.0,
        gather_at_most_s: float = 0.0,
        full: int = 1,
    ) -> None:
        """Make it; it begins with `start`.

        Args:
            name: Of the thread, in logs and in `/readyz`.
            work: Does a bounded round, returns how much it did; 0: nothing left.
            idle_s: The longest sleep, asked before each.
            gather_s: The rest before a round, in which work may gather.
            gather_at_most_s: If more, the rest is as long as the last round took, up to this: under load more gathers.
            full: A round that did so much is followed by the next one without a rest.
        """
        self.fault: str | None = None
        self._rounds = 0
        self._name = name
        self._work = work
        self._idle_s = idle_s
        self._gather_s = gather_s
        self._gather_at_most_s = max(gather_s, gather_at_most_s)
        self._took_s = 0.0
        self._full = full
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def rounds_done(self) -> int:
        """How often it has gone round, idle or not; it stands still while a round hangs."""
        return self._rounds

    @property
    def name(self) -> str:
        """Of the thread."""
        return self._name

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is work; may be called from any thread, as often as one likes."""
        # Ten thousand times a second it is set already, and asking costs less than setting it again.
        if not self._woken.is_set():
            self._woken.set()

    def stop(self, within_s: float) -> bool:
        """End after the round under way; True if it did within that time."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._rounds += 1
            if self._woken.wait(self._idle_s()) and self._stopping.wait(self._rest_s()):
                break
            self._woken.clear()
            try:
                done = self._timed()
                while done >= self._full and not self._stopping.is_set():
                    done = self._timed()
                if done:
                    self._woken.set()
            except Exception as error:
                # One round must not take the thread with it.
                if self.fault is None:
                    log.exception("a round of work failed, trying on", worker=self._name)
                self.fault = f"{self._name}: {type(error).__name__}: {error}"
                self._stopping.wait(AFTER_FAULT_S)
                self._woken.set()
            else:
                if self.fault is not None:
                    log.info("rounds of work succeed again", worker=self._name)
                self.fault = None

    def _rest_s(self) -> float:
        return rest_s(self._took_s, least_s=self._gather_s, most_s=self._gather_at_most_s)

    def _timed(self) -> int:
        began_s = time.monotonic()
        done = self._work()
        self._took_s = time.monotonic() - began_s
        self._rounds += 1
        return done


def rest_s(took_s: float, *, least_s: float, most_s: float) -> float:
    """How long to let work gather after a round that took so long."""
    return min(max(took_s, least_s), most_s)
