"""Rule 5: what a gateway's status makes urgent. It hurries, it never holds."""

from dataclasses import dataclass
from enum import Enum, auto

from telemetry.messages import GatewayStatus

MAX_GATEWAYS = 64
"""Gateways remembered; a region has one or two. Of more, the oldest is forgotten and counts as new again."""


class Hurry(Enum):
    """What a status changes."""

    NOTHING = auto()
    NEW_BOOT = auto()
    """A gateway of the region that was not known in this boot: all goes again within seconds, unheard calls at once."""
    STORING = auto()
    """A known one stores again: all goes again within seconds."""


@dataclass(slots=True)
class _Known:
    boot: str
    storing: bool


class Gateways:
    """What is known of the gateways of one region."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._online: set[str] = set()

    @property
    def is_any_online(self) -> bool:
        """True if one of them said so and has not gone since; nothing is held because of it."""
        return bool(self._online)

    @property
    def is_missing(self) -> bool:
        """True if some are known, and none of them is online and storing."""
        return bool(self._known) and not any(
            one in self._online and known.storing for one, known in self._known.items()
        )

    def disconnected(self) -> None:
        """The connection is gone; who is online says so anew in the next one, by its retained status."""
        self._online.clear()

    def hear(self, gateway: str, status: GatewayStatus, region: str) -> Hurry:
        """Take in a status, and say what it makes urgent for an agent of `region`."""
        serves = region in status.regions or "+" in status.regions
        if not status.online or not serves:
            known = self._known.get(gateway)
            # A late will of an older connection says nothing of the newer one.
            if known is None or known.boot == status.boot or status.online:
                self._online.discard(gateway)
            # The will or another region's: that it is gone is no reason to hold anything back.
            return Hurry.NOTHING
        known = self._known.pop(gateway, None)
        storing = status.storing is not False
        self._known[gateway] = _Known(status.boot, storing)
        self._online.add(gateway)
        if len(self._known) > MAX_GATEWAYS:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._online.discard(oldest)
        if known is None or known.boot != status.boot:
            return Hurry.NEW_BOOT
        if storing and not known.storing:
            return Hurry.STORING
        return Hurry.NOTHING

    def forget(self, gateway: str) -> None:
        """Its status was removed."""
        self._known.pop(gateway, None)
        self._online.discard(gateway)
