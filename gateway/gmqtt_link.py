"""A connection over gmqtt on uvloop: for who takes in ten thousand packs a second.

The event loop has a thread of its own. What came with one read of the socket is handed over together; what is
published from other threads gathers, and the loop is woken once for it.
"""

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import gmqtt
import structlog
import uvloop
from gmqtt.mqtt.constants import MQTTv311

from gateway.mqtt_link import CONNECT_WITHIN_S, UNREADABLE_TOPIC, Arrival, Hello, Link, LinkOwner, words_of
from telemetry.bus import Message

log = structlog.get_logger(__name__)

NEVER: Final = -2
"""gmqtt connects again by itself while its failures are at most so many, and -1 means always: we make each connection
anew."""

SENT_AT_ONCE: Final = 200
"""So many publications leave before the loop looks at the socket again."""

LAST_WORD_S: Final = 0.25
"""How long after the end of a connection its CONNACK, already read, may take to reach us."""

CLOSE_WITHIN_S: Final = 1.0
"""How long a broker has to take what was written before the connection is cut."""


class GmqttLink(Link):
    """One client in one event loop in one thread.

    PUBACK leaves with the end of the turn of the loop in which a message came, about when it is handed over.
    """

    def __init__(self, hello: Hello, owner: LinkOwner) -> None:
        """Make it; nothing is opened."""
        super().__init__(hello, owner)
        self._client: Any = None
        self._subscription = 0
        self._flight = _Flight()
        self._outbox: deque[tuple[Message, threading.Event | None]] = deque()
        self._called = False
        self._arrivals: list[Arrival] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="bus-gmqtt", daemon=True)

    def open(self) -> None:
        """As `Link`."""
        self._thread.start()

    def publish(self, message: Message) -> None:
        """As `Link`."""
        self._put(message, None)

    def farewell(self, message: Message, within_s: float) -> None:
        """As `Link`."""
        acknowledged = threading.Event()
        if self._put(message, acknowledged):
            acknowledged.wait(within_s)

    def close(self) -> None:
        """As `Link`."""
        self._closing = True
        self._call(self._finish)
        self._thread.join(2 * CLOSE_WITHIN_S)

    def _put(self, message: Message, acknowledged: threading.Event | None) -> bool:
        if len(self._outbox) + len(self._flight.waiting) >= self._hello.max_queued:
            self._owner.link_dropped("full")
            return False
        self._outbox.append((message, acknowledged))
        if not self._called:
            self._called = True
            self._call(self._send)
        return True

    def _call(self, what: Any) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # closed in this moment: there is no connection any more
                loop.call_soon_threadsafe(what)

    # From here on: in the thread of the loop.

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._live())
        except OSError as error:
            self._end(words_of(error))
        except Exception as error:
            log.exception("the bus failed, connecting again")
            self._end(words_of(error))
        finally:
            for _ in range(len(self._outbox)):
                self._owner.link_dropped("offline")

    async def _live(self) -> None:
        self._over = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        if self._closing:
            return
        client = self._client = self._new_client()
        try:
            if await self._connect(client):
                self._subscribe(client)
                await self._over.wait()
        finally:
            self.ready = False
            await _disconnect(client)

    def _new_client(self) -> Any:
        hello = self._hello
        will = gmqtt.Message(hello.will.topic, hello.will.body, qos=hello.will.qos, retain=hello.will.retain)
        client = gmqtt.Client(
            hello.client_id,
            clean_session=True,
            will_message=will,
            persistent_storage=self._flight,
            logger=_Ear(self._owner).logger,
        )
        client.set_config({"reconnect_retries": NEVER})
        if hello.username is not None:
            client.set_auth_credentials(hello.username, hello.password)
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        return client

    async def _connect(self, client: Any) -> bool:
        assert self._over is not None
        hello = self._hello
        secured = hello.tls or False
        made = asyncio.create_task(
            client.connect(hello.host, hello.port, ssl=secured, keepalive=hello.keepalive_s, version=MQTTv311)
        )
        over = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait({made, over}, timeout=CONNECT_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
            if not made.done() and over.done() and not self._closing:
                # The broker says no and hangs up, both in one read: gmqtt tells the second first.
                await asyncio.wait({made}, timeout=LAST_WORD_S)
            if not made.done():
                self.lost("it closed" if over.done() else f"no answer to CONNECT within {CONNECT_WITHIN_S:g} s")
                return False
            made.result()
        except gmqtt.MQTTConnectError as error:
            self.refused(str(error))
            return False
        finally:
            over.cancel()
            made.cancel()
        return not over.done()

    def _subscribe(self, client: Any) -> None:
        secured = _transport(client).get_extra_info("ssl_object")
        self.shown = None if secured is None else secured.getpeercert(binary_form=True)
        self._subscription = client.subscribe([gmqtt.Subscription(name, qos=1) for name in self._hello.filters])

    def _on_subscribe(self, _client: object, number: int, granted: Sequence[int], _properties: object) -> None:
        if number == self._subscription:
            # MQTT 3.1.1 section 3.9.3: 0x80 is failure.
            self.subscribed([code >= 0x80 for code in granted])

    def _on_message(self, _client: object, topic: str | bytes, body: bytes, _qos: int, marks: dict[str, int]) -> None:
        if not self._arrivals:
            assert self._loop is not None
            self._loop.call_soon(self._hand_over)
        name = topic if isinstance(topic, str) else UNREADABLE_TOPIC
        self._arrivals.append((name, body, marks["retain"] == 1))

    def _hand_over(self) -> None:
        arrivals, self._arrivals = self._arrivals, []
        self._owner.link_received(arrivals)

    def _on_disconnect(self, _client: object, _packet: bytes, _error: Exception | None = None) -> None:
        if self._over is not None and not self._closing:
            if self.ready:
                self.lost("the broker or the network closed it")
            self._over.set()

    def _send(self) -> None:
        self._called = False
        for _ in range(min(len(self._outbox), SENT_AT_ONCE)):
            message, acknowledged = self._outbox.popleft()
            if not self.ready:
                self._owner.link_dropped("offline")
                continue
            self._client.publish(message.topic, message.body, message.qos, message.retain)
            if acknowledged is not None:
                self._flight.tell(acknowledged)
        if self._outbox and not self._called:
            self._called = True
            assert self._loop is not None
            self._loop.call_soon(self._send)

    def _finish(self) -> None:
        if self._over is not None:
            self._over.set()


class _Flight:
    """What gmqtt asks of a storage for publications without PUBACK; nothing of it is ever sent again."""

    is_empty = True

    def __init__(self) -> None:
        self.waiting: dict[int, threading.Event | None] = {}
        self._newest = 0

    def push_message(self, number: int, _packet: bytes) -> None:
        self.waiting[number] = None
        self._newest = number

    def remove_message_by_mid(self, number: int) -> None:
        told = self.waiting.pop(number, None)
        if told is not None:
            told.set()

    def tell(self, event: threading.Event) -> None:
        """Set it when what was published last is acknowledged."""
        if self._newest in self.waiting:
            self.waiting[self._newest] = event

    def clear(self) -> None:
        self.waiting.clear()

    def get_all(self) -> list[tuple[int, bytes]]:
        return []

    async def wait_empty(self) -> None:
        return


class _Ear(logging.Handler):
    """Hears of packets that gmqtt could not read, which it only logs, with all their bytes: here they are counted."""

    def __init__(self, owner: LinkOwner) -> None:
        super().__init__(logging.ERROR)
        self._owner = owner
        self.logger = logging.Logger("gmqtt", logging.ERROR)  # noqa: LOG001  each connection counts for itself
        self.logger.addHandler(self)
        # Of its modules some speak through a logger of their own, and say nothing that we do not say.
        logging.getLogger("gmqtt").setLevel(logging.CRITICAL)

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self._owner.link_dropped("malformed")


async def _disconnect(client: Any) -> None:
    """Say goodbye, wait until it is written, and cut the connection if the broker does not take it."""
    transport = _transport(client)
    if transport is None:
        return
    try:
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await client.disconnect()
    finally:
        transport.abort()


def _transport(client: Any) -> Any:
    # gmqtt has no other word for it; the version is bound in pyproject.toml.
    connection = client._connection
    return None if connection is None else connection._transport
