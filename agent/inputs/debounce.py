"""When a change of a contact counts: once it has stood still for a while."""

from typing import Generic, TypeVar

Value = TypeVar("Value")


class Debounce(Generic[Value]):
    """A value that is believed once it has not changed for `hold_s`. Pure; times are monotonic seconds.

    Every edge is told, also that of a change which was taken back at once: it shows that the contact moves. What stood
    for long enough before the next edge is believed, however late anybody asks.

    Attributes:
        believed: The newest value that stood for long enough; None until one did.
    """

    def __init__(self, hold_s: float, *, restless_s: float) -> None:
        """Nothing seen yet.

        Args:
            hold_s: How long a value must stand.
            restless_s: A contact that moves for so long without ever standing is restless: a fault.
        """
        self.believed: Value | None = None
        self._hold_s = hold_s
        self._restless_s = restless_s
        self._seen: Value | None = None
        self._since_s = 0.0
        self._moving_since_s: float | None = None

    def edge(self, value: Value, at_s: float) -> Value | None:
        """The contact moved and is `value` now; what is believed by that, if it is new."""
        news = self.poll(at_s)
        self._move(value, at_s)
        return news

    def sample(self, value: Value, at_s: float) -> Value | None:
        """The contact was looked at and is `value`; what is believed by that, if it is new."""
        if value != self._seen:
            return self.edge(value, at_s)
        return self.poll(at_s)

    def poll(self, now_s: float) -> Value | None:
        """What has come to be believed by now, if it is new."""
        if self._seen is None or now_s < self._since_s + self._hold_s:
            return None
        self._moving_since_s = None
        if self._seen == self.believed:
            return None
        self.believed = self._seen
        return self.believed

    def is_restless(self, now_s: float) -> bool:
        """True if the contact has been moving for too long."""
        return self._moving_since_s is not None and now_s - self._moving_since_s >= self._restless_s

    def due(self) -> float:
        """When `poll` could have news; infinity while all stands still."""
        return float("inf") if self._moving_since_s is None else self._since_s + self._hold_s

    def _move(self, value: Value, at_s: float) -> None:
        self._seen = value
        self._since_s = at_s
        if self._moving_since_s is None:
            self._moving_since_s = at_s
