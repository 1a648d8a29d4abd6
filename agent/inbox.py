"""The one place where the agent's main thread waits: what sensors' threads, the bus and signals have to say."""

import threading
from queue import Empty, SimpleQueue
from typing import Final, Generic, TypeVar

MAX_COUNT: Final = 10_000
MAX_BYTES: Final = 8_000_000
"""Bounds for what the bus may pile up while the main thread is busy. What is shed here is receipts and commands, which
come again: an unreceipted pack is sent again, a gateway repeats what was not answered."""

Event = TypeVar("Event")


class Inbox(Generic[Event]):
    """A queue from any thread to one; `put` is safe in a signal handler too.

    Attributes:
        shed: Events refused because too many, or too many bytes, were waiting.
    """

    def __init__(self, *, max_count: int = MAX_COUNT, max_bytes: int = MAX_BYTES) -> None:
        self.shed = 0
        self._events: SimpleQueue[tuple[Event, int]] = SimpleQueue()
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._bytes = 0
        self._lock = threading.Lock()

    def put(self, event: Event) -> None:
        """Put in what is bounded by its nature: at most one outcome a sensor, a few changes of the connection."""
        self._events.put((event, 0))

    def offer(self, event: Event, size: int) -> bool:
        """Put in a message of `size` bytes; False if it was shed."""
        with self._lock:
            if self._events.qsize() >= self._max_count or self._bytes + size > self._max_bytes:
                self.shed += 1
                return False
            self._bytes += size
        self._events.put((event, size))
        return True

    def get(self, timeout_s: float) -> Event | None:
        """The next event; None if none came within that time."""
        try:
            event, size = self._events.get(timeout=timeout_s) if timeout_s > 0 else self._events.get_nowait()
        except Empty:
            return None
        if size:
            with self._lock:
                self._bytes -= size
        return event
