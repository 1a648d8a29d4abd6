"""Lets nothing be kept before the store has proved itself; tries for ever, slower where only a person can help."""

from collections.abc import Sequence
from typing import Final

import structlog

from gateway.errors import StoreMisconfigured, StoreUnavailable
from gateway.ports import Store
from telemetry.clock import Clock

log = structlog.get_logger(__name__)

RETRY_S: Final = 1.0
RETRY_AT_MOST_S: Final = 30.0
MISCONFIGURED_RETRY_S: Final = 15.0


class StoreGate:
    """Used from one thread; `fault` may be read from any."""

    def __init__(self, store: Store, regions: Sequence[str], clock: Clock) -> None:
        self.fault: str | None = "not proved yet"
        self._store = store
        self._regions = regions
        self._clock = clock
        self._wait_s = RETRY_S
        self._next_at = clock.monotonic()
        self._warned = False

    def is_open(self) -> bool:
        """True once the store was proved; tries when it is time to."""
        if self.fault is None:
            return True
        if self._clock.monotonic() < self._next_at:
            return False
        try:
            self._store.prove(self._regions)
        except StoreMisconfigured as error:
            self._failed(error, MISCONFIGURED_RETRY_S)
            return False
        except StoreUnavailable as error:
            self._failed(error, max(self._wait_s, error.retry_after_s or 0.0))
            self._wait_s = min(self._wait_s * 2, RETRY_AT_MOST_S)
            return False
        self.fault = None
        return True

    def _failed(self, error: StoreUnavailable, wait_s: float) -> None:
        text = str(error)
        say = log.debug if self._warned and text == self.fault else log.warning
        say("store cannot be used yet, trying on", error=text, retry_s=wait_s)
        self.fault, self._warned = text, True
        self._next_at = self._clock.monotonic() + wait_s
