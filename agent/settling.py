"""When a replay is over: a last receipt is not the end, for the store behind it may have been lost meanwhile."""

from typing import Final, Protocol

from telemetry.clock import Clock

SETTLE_S: Final = 3.0
"""A gateway looks at what agents hold once a second; with three looks one may come late."""


class Listener(Protocol):
    """What is asked of the core."""

    def say_held(self) -> None:
        """Send health with what the journal holds, soon."""

    @property
    def held_said_s(self) -> float | None:
        """When it was said because it was due at once, monotonic; None: it still is."""

    @property
    def asked_s(self) -> float:
        """When a gateway last asked for something again, monotonic."""

    @property
    def is_gateway_missing(self) -> bool:
        """Whether gateways are known and none of them is there and storing."""


class Settling:
    """Says what the journal holds once nothing waits for a receipt, and gives the gateway time to ask for it again."""

    def __init__(self, core: Listener, clock: Clock, settle_s: float) -> None:
        """Not settled.

        Args:
            core: Whom it makes say what the journal holds.
            clock: Where time comes from.
            settle_s: The silence that is waited for, in seconds; 0: the last receipt is the end.
        """
        self._core = core
        self._clock = clock
        self._settle_s = settle_s
        self._said = False

    def look(self, unreceipted: int) -> bool:
        """To be called at every turn once the file is read; True if all is over.

        Args:
            unreceipted: How many packs wait for a receipt.
        """
        if unreceipted:
            self._said = False
            return False
        if not self._settle_s:
            return True
        if not self._said:
            self._said = True
            self._core.say_held()
        due_s = self.due_s
        return due_s is not None and self._clock.monotonic() >= due_s

    @property
    def due_s(self) -> float | None:
        """When all is over if nothing comes between, monotonic; None: gateway or connection is waited for."""
        said_s = self._core.held_said_s
        if not self._said or said_s is None or self._core.is_gateway_missing:
            return None
        return max(said_s, self._core.asked_s) + self._settle_s
