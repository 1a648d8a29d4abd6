"""A simulated MQTT broker that does all that brokers and networks have been seen to do.

Sessions are clean. While faults are on, a message may be lost, repeated, late and out of order; a will may come late;
a crash forgets what was under way and, as it happens, the retained messages too.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from telemetry.bus import Message
from tests.simulation.world import World

Receive = Callable[[str, bytes, bool], None]


@dataclass(kw_only=True)
class Weather:
    """How bad the network is."""

    loss: float = 0.0
    repeat: float = 0.0
    late: float = 0.0
    late_s: float = 60.0


@dataclass(eq=False, kw_only=True)
class Connection:
    """One client's session."""

    name: str
    filters: tuple[tuple[str, ...], ...]
    receive: Receive
    dropped: Callable[[], None]
    will: Message | None
    alive: bool = True
    last_delivery_s: float = 0.0


@dataclass(kw_only=True)
class Broker:
    """The broker and the network round it."""

    world: World
    weather: Weather = field(default_factory=Weather)
    up: bool = True
    retained: dict[str, bytes] = field(default_factory=dict)
    connections: list[Connection] = field(default_factory=list)
    published: int = 0
    lost: int = 0
    _life: int = 0

    def connect(
        self, name: str, filters: list[str], receive: Receive, dropped: Callable[[], None], will: Message | None
    ) -> Connection | None:
        """A new session with its subscriptions; the retained messages follow. None if the broker is down."""
        if not self.up:
            return None
        split = tuple(tuple(one.split("/")) for one in filters)
        connection = Connection(name=name, filters=split, receive=receive, dropped=dropped, will=will)
        self.connections.append(connection)
        for topic, body in list(self.retained.items()):
            if _matches(split, topic):
                self._deliver(connection, topic, body, retained=True)
        return connection

    def publish(self, connection: Connection, message: Message) -> None:
        """From a client to the broker and on to all that listen."""
        if not connection.alive:
            return
        self.published += 1
        for _ in range(2 if self.world.chance(self.weather.repeat) else 1):
            if self.world.chance(self.weather.loss):
                self.lost += 1
                continue
            self.world.after(self._delay_s(), partial(self._spread, message, self._life))

    def cut(self, connection: Connection, *, will_delay_s: float) -> None:
        """End a session without a DISCONNECT: the will is published, late."""
        if not connection.alive:
            return
        connection.alive = False
        self.connections.remove(connection)
        if connection.will is not None:
            will, life = connection.will, self._life
            self.world.after(will_delay_s, lambda: self._spread(will, life))

    def leave(self, connection: Connection) -> None:
        """End a session properly: no will."""
        if connection.alive:
            connection.alive = False
            self.connections.remove(connection)

    def crash(self, *, keep_retained: bool) -> None:
        """Die: every session ends without its will, what is under way is lost."""
        self.up = False
        self._life += 1
        if not keep_retained:
            self.retained.clear()
        connections, self.connections = self.connections, []
        for connection in connections:
            connection.alive = False
            self.world.after(self.world.random.uniform(0.0, 2.0), connection.dropped)

    def start(self) -> None:
        self.up = True

    def _spread(self, message: Message, life: int) -> None:
        if life != self._life or not self.up:
            self.lost += 1
            return
        if message.retain:
            if message.body:
                self.retained[message.topic] = message.body
            else:
                self.retained.pop(message.topic, None)
        for connection in list(self.connections):
            if _matches(connection.filters, message.topic):
                for _ in range(2 if self.world.chance(self.weather.repeat) else 1):
                    if self.world.chance(self.weather.loss):
                        self.lost += 1
                    else:
                        self._deliver(connection, message.topic, message.body, retained=False)

    def _deliver(self, connection: Connection, topic: str, body: bytes, *, retained: bool) -> None:
        at_s = self.world.now_s + self._delay_s()
        if not self.weather.late:
            # In fair weather one connection delivers in order, as TCP does.
            at_s = connection.last_delivery_s = max(at_s, connection.last_delivery_s)

        def arrive() -> None:
            if connection.alive:
                connection.receive(topic, body, retained)

        self.world.at(at_s, arrive)

    def _delay_s(self) -> float:
        if self.world.chance(self.weather.late):
            return self.world.random.uniform(0.0, self.weather.late_s)
        return self.world.random.uniform(0.001, 0.02)


@functools.lru_cache(maxsize=10_000)
def _matches(filters: tuple[tuple[str, ...], ...], topic: str) -> bool:
    parts = topic.split("/")
    return any(_matches_one(one, parts) for one in filters)


def _matches_one(one: tuple[str, ...], parts: list[str]) -> bool:
    if one[-1] == "#":
        # `a/#` has `a` too.
        one = one[:-1]
        parts = parts[: len(one)]
    return len(one) == len(parts) and all(want in ("+", got) for want, got in zip(one, parts, strict=True))
