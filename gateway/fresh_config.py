"""A configuration that is read again while the gateway runs; one that cannot be used changes nothing."""

import threading
from collections.abc import Callable
from typing import TypeVar

import structlog

from gateway.config import Config
from gateway.errors import GatewayError

_Made = TypeVar("_Made")

log = structlog.get_logger(__name__)


class FreshConfig:
    """What was asked for by a signal, looked at by the main thread between two ticks."""

    def __init__(self, config: Config, read: Callable[[], Config] | None) -> None:
        """Nothing is asked for; `read` gives the configuration as it is now, None: there is none to read."""
        self._asked = threading.Event()
        self._read = read
        self._config = config
        self._next = config

    def ask(self) -> None:
        """Read it at the next look; may be called by a signal handler."""
        self._asked.set()

    def look(self) -> bool:
        """True if there is another configuration to begin anew with."""
        if not self._asked.is_set() or self._read is None:
            return False
        self._asked.clear()
        try:
            self._next = self._read()
        except (GatewayError, OSError) as error:
            log.warning("new configuration cannot be used, going on with the old one", error=str(error))
            return False
        if self._next == self._config:
            log.info("configuration is as it was")
            return False
        log.info("configuration changed, beginning anew")
        return True

    def begin(self, make: Callable[[Config], _Made]) -> _Made:
        """What `make` makes of the new configuration; of the old one if that fails.

        Raises:
            GatewayError: If the old one cannot be used any more either.
        """
        try:
            made = make(self._next)
        except GatewayError as error:
            log.warning("new configuration cannot be used, going back to the old one", error=str(error))
            return make(self._config)
        self._config = self._next
        return made
