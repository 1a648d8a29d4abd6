"""The machine round the core: one thread that waits for events, and keeps the core connected.

`run` and `replay` share it. All that the core does happens in the thread that calls `turn`.
"""

import random
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import structlog

from agent.config import BrokerConfig
from agent.core import AgentCore
from agent.inbox import Inbox
from agent.mqtt_bus import BusEvent, Connected, Disconnected, MqttBus, Received
from agent.reconnect import Reconnect
from telemetry.clock import Clock

MAX_EVENTS: Final = 500
"""Events taken in before the core may send again."""

EVENT_BYTES: Final = 200
"""What a message takes in memory beside its body, about."""

MAX_SHORT: Final = 3
"""So many connections in a row that broke soon are no accident: brokers end the older session of an id."""

REST_S: Final = 0.01
"""A turn in which nothing happened is followed by a wait of at least so long, whatever the core says is due."""

log = structlog.get_logger(__name__)

Other = TypeVar("Other")


class Shell(Generic[Other]):
    """Core, bus and inbox as one loop.

    Attributes:
        is_connected: Whether the broker is there.
        published: Messages handed to the bus.
        refused: Messages that the bus had no room for; the uplink's timers bring them again.
    """

    def __init__(
        self,
        *,
        core: AgentCore,
        bus: MqttBus,
        inbox: Inbox[BusEvent | Other],
        reconnect: Reconnect,
        clock: Clock,
        connect_timeout_s: float,
        handle: Callable[[Other], None],
    ) -> None:
        self.is_connected = False
        self.published = 0
        self.refused = 0
        self._core = core
        self._bus = bus
        self._inbox = inbox
        self._reconnect = reconnect
        self._clock = clock
        self._connect_timeout_s = connect_timeout_s
        self._handle = handle
        self._deadline_s: float | None = None
        self._idle = False

    def turn(self, until_s: float) -> None:
        """Wait for something to happen, until that monotonic time at most; take it in, send what is due."""
        due_s = min(until_s, self._core.next_due(), self._connection_due())
        wait_s = max(due_s - self._clock.monotonic(), REST_S if self._idle else 0.0)
        taken = 0
        event = self._inbox.get(wait_s)
        while event is not None:
            self._take(event)
            taken += 1
            event = self._inbox.get(0) if taken < MAX_EVENTS else None
        self._mind_connection()
        sent = self._send()
        self._idle = not taken and not sent

    def close(self, timeout_s: float) -> None:
        """Say farewell and disconnect, within that time."""
        self._bus.close(self._core.farewell() if self.is_connected else [], timeout_s)
        if self.is_connected:
            self.is_connected = False
            self._core.disconnected()

    def _send(self) -> int:
        messages = self._core.tick()
        for message in messages:
            if self._bus.publish(message):
                self.published += 1
            else:
                self.refused += 1
                log.debug("message refused by the bus", topic=message.topic, bytes=len(message.body))
        return len(messages)

    def _take(self, event: BusEvent | Other) -> None:
        if not isinstance(event, Connected | Disconnected | Received):
            self._handle(event)
        elif event.number != self._bus.number:
            return
        elif isinstance(event, Received):
            self._core.receive(event.topic, event.body, event.retained)
        elif isinstance(event, Connected):
            self._connected()
        else:
            self._lost(event.reason)

    # -- the connection ------------------------------------------------------------------------------------------------

    def _connection_due(self) -> float:
        if self.is_connected:
            return float("inf")
        return self._reconnect.due_s if self._deadline_s is None else self._deadline_s

    def _mind_connection(self) -> None:
        if self.is_connected or self._clock.monotonic() < self._connection_due():
            return
        if self._deadline_s is not None:
            self._lost(f"no answer within {self._connect_timeout_s:g} s; is this an MQTT broker?")
        elif self._bus.open(self._core.will()):
            self._deadline_s = self._clock.monotonic() + self._connect_timeout_s
        else:
            self._lost("an earlier attempt still hangs in the system, name resolution most likely")

    def _connected(self) -> None:
        log.info("connected", attempts=self._reconnect.failures + 1)
        self._deadline_s = None
        self.is_connected = True
        self._reconnect.connected()
        self._core.connected()

    def _lost(self, reason: str) -> None:
        was_connected, self.is_connected = self.is_connected, False
        self._deadline_s = None
        self._bus.abandon()
        wait_s = self._reconnect.lost()
        if was_connected and self._reconnect.failures >= MAX_SHORT:
            reason += "; it never lasts: is another agent of this site running under the same id?"
        first = was_connected or self._reconnect.failures == 1
        (log.warning if first else log.debug)("not connected", reason=reason, retry_in_s=round(wait_s, 1))
        if was_connected:
            self._core.disconnected()


def make_shell(
    broker: BrokerConfig,
    *,
    core: AgentCore,
    client_id: str,
    inbox: Inbox[BusEvent | Other],
    clock: Clock,
    rng: random.Random,
    handle: Callable[[Other], None],
) -> Shell[Other]:
    """A shell over MQTT as `[broker]` says."""

    def report(event: BusEvent) -> None:
        if not isinstance(event, Received):
            inbox.put(event)
        elif not inbox.offer(event, len(event.body) + EVENT_BYTES):
            log.debug("message shed, the inbox is full", topic=event.topic, bytes=len(event.body))

    return Shell(
        core=core,
        bus=MqttBus(broker, client_id=client_id, subscriptions=core.subscriptions, report=report),
        inbox=inbox,
        reconnect=Reconnect(min_s=broker.reconnect_min_s, max_s=broker.reconnect_max_s, clock=clock, rng=rng),
        clock=clock,
        connect_timeout_s=broker.connect_timeout_s,
        handle=handle,
    )
