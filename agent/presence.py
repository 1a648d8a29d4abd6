"""Who the agent is and that it lives: the retained presence message and its will."""

import random
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import structs

from telemetry.bus import Message
from telemetry.clock import to_seconds
from telemetry.messages import PointInfo, Presence, encode
from telemetry.topics import Root


class PresenceCard:
    """The presence of one agent, connection by connection.

    Attributes:
        boot: Names the connection; drawn anew for every CONNECT, so that a late will of an older one is known for one.
        points: All that the agent measures, as the next message will tell.
    """

    def __init__(
        self, root: Root, points: Sequence[PointInfo], *, version: str, rng: random.Random, key: str = ""
    ) -> None:
        self.boot = ""
        self.points = list(points)
        self._root = root
        self._version = version
        self._rng = rng
        self._key = key

    def will(self) -> Message:
        """What the broker is to say if the connection about to be made breaks: draws the new boot."""
        self.boot = f"{self._rng.getrandbits(64):016x}"
        return self.offline()

    def online(self, *, since_ms: int, clock_ok: bool) -> Message:
        """The agent lives. `since_ms` is when the connection began; left out while the clock is not trusted."""
        body: dict[str, Any] = {"online": True, "boot": self.boot, "version": self._version}
        if clock_ok:
            body["since"] = to_seconds(since_ms)
        body["clock"] = "ok" if clock_ok else "held"
        if self._key:
            body["key"] = self._key
        body["points"] = [_declared(point) for point in self.points]
        return self._message(msgspec.json.encode(body))

    def offline(self) -> Message:
        """The agent has gone: the will, and the last word of a clean end."""
        return self._message(encode(Presence(online=False, boot=self.boot)))

    def _message(self, body: bytes) -> Message:
        return Message(topic=self._root.presence, body=body, retain=True)


def _declared(point: PointInfo) -> dict[str, Any]:
    """Every word the contract names, also where it says what is usual: not every reader knows our defaults."""
    words = structs.asdict(point)
    if point.calibration is None:
        del words["calibration"]
    if point.period_s is None:
        del words["period_s"]
    return words
