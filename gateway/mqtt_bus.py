"""The gateway's bus: MQTT 3.1.1, a fresh session for every connection, made again for ever.

Nothing that concerns a reading rests on the broker: what is published while there is no connection is dropped and
counted, because an agent sends again whatever was not receipted. A new client for each connection keeps messages of an
old one, its status above all, from coming out after the new one's. Which library makes a connection is `mqtt_link`'s.
"""

import contextlib
import random
import threading
from collections.abc import Callable, Sequence
from typing import Final, Literal

import structlog

from gateway.bus_metrics import BusMetrics
from gateway.config import BrokerConfig
from gateway.errors import ConfigurationError
from gateway.mqtt_link import CONNECT_WITHIN_S, Arrival, Hello, Link, link_maker, words_of
from gateway.own_status import OwnStatus
from telemetry.bus import Message
from telemetry.clock import Clock
from telemetry.messages import MAX_BODY_BYTES
from telemetry.topics import GATEWAY_STATUS_FILTER, region_filters

log = structlog.get_logger(__name__)

STEADY_AFTER_S: Final = 20.0
"""A connection that lasted this long starts the waits from the shortest again; one that is thrown out at once, as when
two gateways share an id, does not."""

MISSED_PINGS: Final = 3
"""After so many unanswered pings the connection is given up, whatever TCP believes."""

Receive = Callable[[list[Arrival]], object]


class MqttBus:
    """One gateway's connection to its broker, made again for ever.

    `publish` and `set_storing` may be called from any thread; `receive` is called from the client library's.
    """

    def __init__(
        self,
        config: BrokerConfig,
        *,
        gateway: str,
        regions: Sequence[str],
        receive: Receive,
        clock: Clock,
        rng: random.Random,
        metrics: BusMetrics,
    ) -> None:
        """Make it; nothing is opened before `start`.

        Args:
            config: Where the broker is.
            gateway: Our id: client id, status topic, ping topic.
            regions: Whose agents are heard.
            receive: Takes what came together, oldest first: topic, body, whether it was retained. Must be quick and
                never block; if it raises, each of these messages is handed over again alone.
            clock: For `since` and for what is overdue.
            rng: For boots and jitter.
            metrics: Where everything dropped is counted.

        Raises:
            ConfigurationError: If the client library is not installed.
        """
        self._config = config
        self._status = OwnStatus(gateway=gateway, regions=regions, clock=clock, rng=rng)
        self._client_id = f"openhall-gateway-{gateway}"
        self._filters = [filter_ for region in regions for filter_ in region_filters(region)]
        self._filters += [GATEWAY_STATUS_FILTER, self._status.ping_topic]
        self._receive = receive
        self._clock = clock
        self._rng = rng
        self._metrics = metrics
        self._farewell_s = 0.0
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._make_link = link_maker(config)
        self._link: Link | None = None
        self._own_topics = frozenset((self._status.topic, self._status.ping_topic))
        self._echo = _Echo()
        self._fault: str | None = "not connected yet"
        self.shown: bytes | None = None
        """The certificate (DER) that the broker showed at the newest connection; None before it and without TLS."""
        self._warned = False
        self._thread = threading.Thread(target=self._run, name="bus", daemon=True)

    @property
    def fault(self) -> str | None:
        """Why the broker does not carry our messages, in words; None while it does."""
        return self._fault

    @property
    def rival(self) -> bool:
        """True if another program was seen to use our gateway's id within the last minutes."""
        return self._status.rival

    def start(self) -> None:
        """Begin to connect; an unreachable broker is tried again for ever.

        Raises:
            ConfigurationError: If password or certificates cannot be used.
        """
        self._hello(self._status.offline())
        self._thread.start()

    def publish(self, message: Message) -> None:
        """Send it, or drop and count it: too long, no connection, or too many waiting."""
        problem = _unsendable(message)
        if problem is not None:
            self._metrics.dropped.labels("unsendable").inc()
            log.error("message not sent", topic=message.topic[:200], problem=problem)
            return
        link = self._link
        if link is None or not link.ready:
            self._metrics.dropped.labels("offline").inc()
            return
        link.publish(message)

    def set_storing(self, storing: bool) -> None:
        """Tell the agents whether the store takes readings; said again at every connection."""
        with self._lock:
            changed = self._status.set_storing(storing)
            link = self._link
            if changed and link is not None and link.ready and not self._stopping.is_set():
                link.publish(self._status.online())

    def stop(self, within_s: float = 2.0) -> None:
        """Say farewell, disconnect and end the thread; returns after about `within_s` whatever the broker does."""
        self._farewell_s = within_s
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(within_s + 0.5)

    def _run(self) -> None:
        attempt = 0
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            try:
                self._one_connection()
            except (OSError, ValueError, ConfigurationError) as error:
                self._failed(words_of(error))
            attempt = 0 if self._clock.monotonic() - began >= STEADY_AFTER_S else attempt + 1
            self._stopping.wait(self._pause(attempt))

    def _pause(self, attempt: int) -> float:
        longest = min(self._config.reconnect_max_s, self._config.reconnect_min_s * 2 ** min(max(attempt - 1, 0), 16))
        return float(longest) * self._rng.uniform(0.5, 1.0)

    def _failed(self, problem: str) -> None:
        self._fault = f"no broker at {self._config.host}:{self._config.effective_port}: {problem}"
        say = log.debug if self._warned else log.warning
        say("broker not reached, trying on", broker=f"{self._config.host}:{self._config.effective_port}", error=problem)
        self._warned = True

    def _one_connection(self) -> None:
        """Connect, stay until the connection ends or stops carrying, and take everything apart again."""
        self._wake.clear()
        link = self._make_link(self._hello(self._status.new_boot()), self)
        try:
            link.open()
            self._await_ready(link)
            if not self._stopping.is_set():
                self._introduce(link)
                self._stay(link)
                # A proper DISCONNECT silences the will, so we say it ourselves.
                link.farewell(self._status.offline(), self._farewell_s)
        finally:
            self._link = None
            link.close()
            self._metrics.connected.set(0)

    def _await_ready(self, link: Link) -> None:
        end = self._clock.monotonic() + CONNECT_WITHIN_S
        while not link.ready:
            self._wake.wait(0.2)
            self._wake.clear()
            if self._stopping.is_set():
                return
            if link.ended is not None:
                raise OSError(link.ended)
            if self._clock.monotonic() > end:
                raise OSError(f"no answer to CONNECT and SUBSCRIBE within {CONNECT_WITHIN_S:g} s")

    def _introduce(self, link: Link) -> None:
        self._link, self.shown = link, link.shown
        self._metrics.connects.inc()
        with self._lock:
            link.publish(self._status.online())
        self._metrics.connected.set(1)
        self._fault, self._warned = None, False
        log.info("broker connected", broker=f"{self._config.host}:{self._config.effective_port}")

    def _stay(self, link: Link) -> None:
        answered = asked = self._clock.monotonic()
        self._echo = _Echo()
        self._ping(link)
        while not self._stopping.is_set():
            self._wake.wait(min(self._config.ping_s, 1.0))
            self._wake.clear()
            now = self._clock.monotonic()
            if link.ended is not None:
                raise OSError(link.ended)
            if self._echo.take():
                answered = now
                self._fault = None
            if now - answered > MISSED_PINGS * self._config.ping_s:
                raise OSError(f"no message came back through the broker for {now - answered:.0f} s")
            if now - answered > 2 * self._config.ping_s:
                self._fault = f"no message came back through the broker for {now - answered:.0f} s"
            if now - asked >= self._config.ping_s:
                asked = now
                self._ping(link)
            if self._status.take_contradiction(now):
                link.publish(self._status.online())

    def _ping(self, link: Link) -> None:
        link.publish(Message(topic=self._status.ping_topic, body=self._echo.ask(), qos=0))

    def _hello(self, will: Message) -> Hello:
        return Hello.of(self._config, client_id=self._client_id, will=will, filters=self._filters)

    # What a link tells us, from its library's thread.

    def link_changed(self) -> None:
        """A link became ready or ended."""
        self._wake.set()

    def link_received(self, arrivals: list[Arrival]) -> None:
        """Messages arrived."""
        self._metrics.received.inc(len(arrivals))
        foreign = []
        for arrival in arrivals:
            if arrival[0] in self._own_topics:
                self._hear_own(*arrival)
            else:
                foreign.append(arrival)
        if foreign and not self._handed_over(foreign) and len(foreign) > 1:
            for arrival in foreign:
                self._handed_over([arrival])

    def link_dropped(self, reason: Literal["full", "offline", "malformed"]) -> None:
        """A message was not sent, or one that came could not be read."""
        self._metrics.dropped.labels(reason).inc()

    def _hear_own(self, topic: str, body: bytes, retained: bool) -> None:
        if topic == self._status.topic:
            self._status.heard(body, retained)
        else:
            self._echo.heard(body)
            self._wake.set()

    def _handed_over(self, arrivals: list[Arrival]) -> bool:
        try:
            self._receive(arrivals)
        except Exception:
            # Whatever is wrong with one message or with us, the library's thread must live for the next.
            if len(arrivals) == 1:
                self._metrics.dropped.labels("fault").inc()
                log.exception("message not taken in", topic=arrivals[0][0][:200])
            return False
        return True


class _Echo:
    """The messages that we send round through the broker on one connection, to see whether it carries."""

    def __init__(self) -> None:
        self._sent = 0
        self._heard = 0
        self._taken = 0

    def ask(self) -> bytes:
        """The body of the next one."""
        self._sent += 1
        return str(self._sent).encode()

    def heard(self, body: bytes) -> None:
        """One came back, or somebody publishes there."""
        with contextlib.suppress(ValueError):
            self._heard = max(self._heard, min(int(body[:20]), self._sent))

    def take(self) -> bool:
        """True if one came back since the last call."""
        news = self._heard > self._taken
        self._taken = self._heard
        return news


def _unsendable(message: Message) -> str | None:
    if len(message.body) > MAX_BODY_BYTES:
        return f"{len(message.body)} bytes; a body has at most {MAX_BODY_BYTES}"
    if not message.topic or not message.topic.isascii() or any(letter in message.topic for letter in "+#\0"):
        return "the topic is not plain ASCII without wildcards"
    return None
