"""The gateway's own status message: what it says, its will, and what to do when the broker shows another one."""

import random
from collections import deque
from collections.abc import Sequence
from typing import Final

import structlog

from telemetry import messages
from telemetry.bus import Message
from telemetry.clock import Clock, to_ms, to_seconds
from telemetry.errors import MalformedError
from telemetry.messages import GatewayStatus
from telemetry.topics import gateway_status

log = structlog.get_logger(__name__)

SAY_AGAIN_AFTER_S: Final = 30.0
"""A contradicted status is repeated at most this often: two gateways with one id do not shout each other down."""

RIVAL_FOR_S: Final = 300.0


class OwnStatus:
    """Status of one gateway, in one process; no socket, no thread."""

    def __init__(self, *, gateway: str, regions: Sequence[str], clock: Clock, rng: random.Random) -> None:
        self.topic = gateway_status(gateway)
        self.ping_topic = f"{self.topic}/ping"
        self._regions = list(regions)
        self._clock = clock
        self._rng = rng
        self._boot = ""
        self._boots: deque[str] = deque(maxlen=64)
        self._since: float | None = None
        self._storing = False
        self._introduced = False
        self._spoken = False
        self._contradicted = False
        self._said_at = -SAY_AGAIN_AFTER_S
        self._rival_at: float | None = None

    @property
    def rival(self) -> bool:
        """True if another program showed itself under our id lately."""
        return self._rival_at is not None and self._clock.monotonic() - self._rival_at < RIVAL_FOR_S

    def new_boot(self) -> Message:
        """Draw the boot of the CONNECT about to be made; what comes back is its will."""
        self._boot = f"{self._rng.getrandbits(64):016x}"
        self._boots.append(self._boot)
        # What the broker kept may still come in after we have spoken on this connection; only earlier ones tell.
        self._spoken = self._introduced
        self._since = to_seconds(to_ms(self._clock.now()))
        self._contradicted = False
        return self.offline()

    def set_storing(self, storing: bool) -> bool:
        """Take in whether the store takes readings; True if that is news."""
        changed, self._storing = storing != self._storing, storing
        return changed

    def online(self) -> Message:
        """The status while connected."""
        self._introduced = True
        status = GatewayStatus(
            online=True, boot=self._boot, since=self._since, regions=self._regions, storing=self._storing
        )
        return Message(topic=self.topic, body=messages.encode(status), retain=True)

    def offline(self) -> Message:
        """The will, and the last word of a proper stop."""
        return Message(
            topic=self.topic, body=messages.encode(GatewayStatus(online=False, boot=self._boot)), retain=True
        )

    def heard(self, body: bytes, retained: bool) -> None:
        """Take in what the broker shows under our own topic: our echo, a will of ours that came late, or a rival.

        Two programs with one id share the client id too, so the broker throws one out when the other comes: what tells
        of a rival is a boot that is not ours, met alive, or kept by the broker although we spoke on an earlier one.
        """
        try:
            status = messages.decode(body, GatewayStatus)
        except MalformedError:
            self._contradicted = True
            return
        if status.boot == self._boot and status.online:
            return
        self._contradicted = True
        foreign = status.boot not in self._boots
        if foreign and (self._spoken if retained else status.online):
            if not self.rival:
                log.error("another gateway uses our id; give each its own", topic=self.topic, boot=status.boot)
            self._rival_at = self._clock.monotonic()

    def take_contradiction(self, now: float) -> bool:
        """True if our status must be said again, at most once in a while."""
        if not self._contradicted or now - self._said_at < SAY_AGAIN_AFTER_S:
            return False
        self._contradicted, self._said_at = False, now
        return True
