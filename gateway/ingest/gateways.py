"""The other gateways on the broker: two that own one region without an agreement are a fault of the installation."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from telemetry.messages import GatewayStatus

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Other:
    boot: str
    regions: frozenset[str]


class OtherGateways:
    """Which gateways besides ours are online. May be used from several threads."""

    def __init__(self, own: str, regions: Iterable[str]) -> None:
        self._own = own
        self._regions = frozenset(regions)
        self._lock = threading.Lock()
        self._online: dict[str, _Other] = {}

    def status(self, gateway: str, status: GatewayStatus) -> None:
        """A gateway's status came, or its will; a will counts only with the boot it belongs to."""
        if not self._own or gateway == self._own:
            return
        with self._lock:
            known = self._online.get(gateway)
            if status.online:
                self._online[gateway] = _Other(status.boot, frozenset(status.regions))
                shared = self._regions & frozenset(status.regions)
                if shared and (known is None or known.boot != status.boot):
                    log.error(
                        "another gateway is online for our region; let only one own it",
                        gateway=gateway,
                        regions=sorted(shared),
                    )
            elif known is not None and known.boot == status.boot:
                del self._online[gateway]

    def removed(self, gateway: str) -> None:
        """A gateway's status was removed for good."""
        with self._lock:
            self._online.pop(gateway, None)

    def rivals(self) -> dict[str, list[str]]:
        """Gateways that are online for regions of ours, with those regions."""
        with self._lock:
            return {
                gateway: sorted(self._regions & other.regions)
                for gateway, other in sorted(self._online.items())
                if self._regions & other.regions
            }
