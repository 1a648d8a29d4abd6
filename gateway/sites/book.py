"""The register in the memory of a running gateway, so that an import is seen without a restart."""

import threading
from typing import Final

import structlog

from gateway.errors import StateUnavailable
from gateway.sites import register
from gateway.sites.site import Site
from gateway.state.state import State
from telemetry.clock import Clock

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 5.0


class SiteBook:
    """May be asked from any thread. A state database that does not answer leaves what was known."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._lock = threading.Lock()
        self._sites: dict[str, Site] = {}
        self._version: tuple[int, int] | None = None
        self._next_look_s = 0.0

    def all(self) -> dict[str, Site]:
        """By site id, the branches of the register as it was at most a few seconds ago."""
        with self._lock:
            now_s = self._clock.monotonic()
            if now_s >= self._next_look_s:
                self._next_look_s = now_s + LOOK_EVERY_S
                self._look()
            return self._sites

    def _look(self) -> None:
        try:
            version = register.version(self._state)
            if version != self._version:
                self._sites = {site.site: site for site in register.load(self._state)}
                self._version = version
                log.info("register of branches read", branches=len(self._sites))
        except StateUnavailable as error:
            log.warning("register of branches cannot be read", error=str(error))
