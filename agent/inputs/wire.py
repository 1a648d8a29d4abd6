"""One contact's wires: from edges that come in any thread to states that are believed."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from agent.inputs.debounce import Debounce
from agent.inputs.line import WireState
from telemetry.clock import Clock

RESTLESS_S: Final = 10.0
"""A contact that moves for so long without standing still once is worn out or picks up interference."""

MAX_NEWS: Final = 64
"""Believed states that may wait for the main thread; of more, the two oldest go, which cancel each other."""


class Eye(Protocol):
    """What looks at one contact. Its calls do not block; they may raise anything."""

    def open(self, moved: Callable[[WireState], None]) -> None:
        """Begin to look; `moved` is called at each edge, from any thread, where the hardware tells edges."""

    def look(self) -> WireState:
        """The contact's state now."""

    def close(self) -> None:
        """Look no longer; may be called at any time."""


class Wire:
    """The believed states of one contact. `edge` may be called from any thread.

    Args:
        hold_s: How long a state must stand to be believed.
        clock: Where time comes from; read in the thread of the edge, so that a busy main thread changes nothing.
        wake: Called when the main thread has something to do; once until it has looked.

    Attributes:
        shed: News given up because the main thread did not take them.
    """

    def __init__(self, hold_s: float, clock: Clock, wake: Callable[[], None]) -> None:
        self.shed = 0
        self._debounce: Debounce[WireState] = Debounce(hold_s, restless_s=RESTLESS_S)
        self._clock = clock
        self._wake = wake
        self._news: deque[WireState] = deque()
        self._is_woken = False
        self._lock = threading.Lock()

    def edge(self, state: WireState) -> None:
        """The contact moved and is in this state now."""
        with self._lock:
            self._note(self._debounce.edge(state, self._clock.monotonic()))
            must_wake, self._is_woken = not self._is_woken, True
        if must_wake:
            self._wake()

    def sample(self, state: WireState) -> None:
        """The contact was looked at: should an edge have been missed, this is when it is noticed."""
        with self._lock:
            self._note(self._debounce.sample(state, self._clock.monotonic()))

    def take(self) -> list[WireState]:
        """The states believed since the last call, oldest first."""
        with self._lock:
            self._is_woken = False
            self._note(self._debounce.poll(self._clock.monotonic()))
            news = list(self._news)
            self._news.clear()
            return news

    @property
    def is_restless(self) -> bool:
        """True while the contact moves without ever standing still."""
        with self._lock:
            return self._debounce.is_restless(self._clock.monotonic())

    def due(self) -> float:
        """Monotonic time at which `take` could have something; infinity while all stands still."""
        with self._lock:
            return self._clock.monotonic() if self._news else self._debounce.due()

    def _note(self, state: WireState | None) -> None:
        if state is None:
            return
        self._news.append(state)
        if len(self._news) > MAX_NEWS:
            self._news.popleft()
            self._news.popleft()
            self.shed += 2
