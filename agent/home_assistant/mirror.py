"""What is told to Home Assistant, and when; no socket. May be called from any thread.

Nothing here is owed to anybody: what cannot be told now is told anew with the next connection, from the newest values.
"""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
from msgspec import structs

from agent.home_assistant.entities import AIR, Topics, entities_of
from agent.home_assistant.settings import HomeAssistantConfig
from telemetry.bus import Message
from telemetry.clock import Clock
from telemetry.messages import PointInfo
from telemetry.readings import DOUBTFUL_FLAGS, SENSOR_KIND, Flag
from telemetry.topics import Root

ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
MAX_WAITING: Final = 2_000
"""Messages that wait for the next turn; a branch has some dozens of points."""


class Mirror:
    """The branch as Home Assistant is to see it.

    Args:
        config: Where and how.
        root: The agent.
        points: All its points.
        clock: Where time comes from.
        rng: Spreads what is told when Home Assistant comes up.

    Attributes:
        topics: Where everything goes.
        shed: Messages that found no room.
    """

    def __init__(
        self, config: HomeAssistantConfig, root: Root, points: Sequence[PointInfo], *, clock: Clock, rng: random.Random
    ) -> None:
        self.topics = Topics(root, config.discovery_prefix)
        self.shed = 0
        self._config = config
        self._site = root.site
        self._points = {info.point: info for info in points}
        self._clock = clock
        self._rng = rng
        self._lock = threading.Lock()
        self._states: dict[str, bytes] = {}
        self._working: dict[str, bytes] = {}
        self._waiting: list[Message] = []
        self._is_connected = False
        self._tell_at_s: float | None = None

    @property
    def subscriptions(self) -> list[str]:
        """Home Assistant's birth, and our own configurations, so that those of points that are gone are found."""
        return [self._config.birth_topic, self.topics.configs]

    def now_s(self) -> float:
        """Monotonic time, as `next_due` counts it."""
        return self._clock.monotonic()

    def will(self) -> Message:
        """What the broker says when we are gone."""
        return Message(topic=self.topics.availability, body=OFFLINE, retain=True)

    def connected(self) -> None:
        """The connection stands: everything is told."""
        with self._lock:
            self._is_connected = True
            self._waiting = []
            self._tell_at_s = self._clock.monotonic()

    def disconnected(self) -> None:
        """It is gone; nothing waits for the next."""
        with self._lock:
            self._is_connected = False
            self._waiting = []

    def receive(self, topic: str, body: bytes) -> None:
        """Take in Home Assistant's birth, or a configuration that somebody left."""
        with self._lock:
            if topic == self._config.birth_topic:
                if body == ONLINE:
                    # Hundreds of devices hear this at once.
                    self._tell_at_s = self._clock.monotonic() + self._rng.uniform(0.0, self._config.jitter_s)
            elif body and topic not in self._config_topics():
                self._say(Message(topic=topic, body=b"", retain=True))

    # -- what the branch says ------------------------------------------------------------------------------------------

    def measure(self, point: str, values: Mapping[str, float], flags: Mapping[str, tuple[Flag, ...]]) -> None:
        """A reading; values that the sensor itself doubts are left out, since nobody there would see the doubt."""
        good = {name: value for name, value in values.items() if not DOUBTFUL_FLAGS.intersection(flags.get(name, ()))}
        if good:
            self._told(point, good, retain=False)

    def set_state(self, point: str, kind: str, working: bool, state: str, reason: str) -> None:
        """A state; that of a sensor is the availability of its point."""
        if kind == SENSOR_KIND:
            self._set_working(point, working)
            return
        info = self._points.get(point)
        if info is not None and info.kind != AIR:
            self._told(point, {"state": state, "working": working, "reason": reason}, retain=True)

    def identify(self, point: str, serial: str) -> None:
        """A sensor's serial number; its device is told anew if that is news."""
        with self._lock:
            info = self._points.get(point)
            if info is None or info.serial == serial:
                return
            self._points[point] = structs.replace(info, serial=serial)
            if self._is_connected:
                self._say_configs(self._points[point])

    def _told(self, point: str, body: Mapping[str, Any], *, retain: bool) -> None:
        with self._lock:
            encoded = msgspec.json.encode(body)
            self._states[point] = encoded
            self._say(Message(topic=self.topics.state(point), body=encoded, retain=retain, qos=1 if retain else 0))

    def _set_working(self, point: str, working: bool) -> None:
        with self._lock:
            self._working[point] = ONLINE if working else OFFLINE
            self._say(Message(topic=self.topics.working(point), body=self._working[point], retain=True))

    # -- what goes out -------------------------------------------------------------------------------------------------

    def take(self) -> list[Message]:
        """All that is to be published now, in order; nothing while there is no connection."""
        with self._lock:
            if not self._is_connected:
                return []
            if self._tell_at_s is not None and self._clock.monotonic() >= self._tell_at_s:
                self._tell_at_s = None
                self._tell_all()
            waiting, self._waiting = self._waiting, []
            return waiting

    def next_due(self) -> float:
        """Monotonic time of the next `take` with something to give; infinity if nothing waits."""
        with self._lock:
            if not self._is_connected:
                return float("inf")
            if self._waiting:
                return self._clock.monotonic()
            return float("inf") if self._tell_at_s is None else self._tell_at_s

    def _tell_all(self) -> None:
        for info in self._points.values():
            self._say_configs(info)
        self._say(Message(topic=self.topics.availability, body=ONLINE, retain=True))
        for info in self._points.values():
            working = self._working.get(info.point, ONLINE)
            self._say(Message(topic=self.topics.working(info.point), body=working, retain=True))
            body = self._states.get(info.point)
            if body is not None:
                self._say(Message(topic=self.topics.state(info.point), body=body, retain=info.kind != AIR))

    def _say_configs(self, info: PointInfo) -> None:
        for entity in entities_of(info, self._site, self.topics):
            body = msgspec.json.encode(entity.config)
            self._say(Message(topic=self.topics.config(entity), body=body, retain=True))

    def _config_topics(self) -> set[str]:
        return {
            self.topics.config(entity)
            for info in self._points.values()
            for entity in entities_of(info, self._site, self.topics)
        }

    def _say(self, message: Message) -> None:
        if not self._is_connected:
            return
        if len(self._waiting) >= MAX_WAITING:
            self.shed += 1
            return
        self._waiting.append(message)


class Core(Protocol):
    """What is asked of the agent's core, by sampler and facility."""

    def measure(self, point: str, values: Mapping[str, float], flags: Mapping[str, tuple[Flag, ...]]) -> object:
        """Take one reading."""

    def set_state(self, point: str, room: str, kind: str, working: bool, state: str, reason: str = "") -> object:
        """Take a state."""

    def identify(self, point: str, serial: str) -> object:
        """Take a serial number."""

    def call_of(self, point: str) -> tuple[str | None, bool]:
        """A point's newest state, and whether it was heard."""

    def silent_since(self) -> float | None:
        """Since when no gateway was heard."""


class Mirrored:
    """The core with a mirror beside it: whatever is told to the one is told to the other, the core first.

    Args:
        core: The agent's.
        mirror: Home Assistant's.
        woken: Called when something waits to be told.
    """

    def __init__(self, core: Core, mirror: Mirror, woken: Callable[[], None]) -> None:
        self._core = core
        self._mirror = mirror
        self._woken = woken
        self.call_of = core.call_of
        self.silent_since = core.silent_since

    def measure(self, point: str, values: Mapping[str, float], flags: Mapping[str, tuple[Flag, ...]]) -> object:
        """See `Core`."""
        taken = self._core.measure(point, values, flags)
        self._mirror.measure(point, values, flags)
        self._woken()
        return taken

    def set_state(self, point: str, room: str, kind: str, working: bool, state: str, reason: str = "") -> object:
        """See `Core`."""
        taken = self._core.set_state(point, room, kind, working, state, reason)
        self._mirror.set_state(point, kind, working, state, reason)
        self._woken()
        return taken

    def identify(self, point: str, serial: str) -> object:
        """See `Core`."""
        taken = self._core.identify(point, serial)
        self._mirror.identify(point, serial)
        self._woken()
        return taken
