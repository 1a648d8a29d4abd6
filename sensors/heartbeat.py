"""What beats once a second for sensors that must be measured on time, however seldom they are read."""

import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

END_WAIT_S: Final = 2.0
"""How long an ending waits for a beat that is under way."""


class Heart(Protocol):
    """Something that beats."""

    def every(self, period_s: float, beat: Callable[[], None]) -> Callable[[], None]:
        """Call `beat`, which never raises, once a period from now on; the answer ends it."""


class ThreadHeart:
    """A heart with a thread for each beat."""

    def every(self, period_s: float, beat: Callable[[], None]) -> Callable[[], None]:
        """Beats that come late are not made up for: the next is a period after."""
        ending = threading.Event()

        def run() -> None:
            due = time.monotonic() + period_s
            while not ending.wait(max(0.0, due - time.monotonic())):
                beat()
                due = max(due + period_s, time.monotonic())

        thread = threading.Thread(target=run, name="heartbeat", daemon=True)
        thread.start()

        def end() -> None:
            ending.set()
            if thread is not threading.current_thread():
                thread.join(END_WAIT_S)

        return end
