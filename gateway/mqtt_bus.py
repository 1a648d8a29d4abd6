"""The gateway's bus: MQTT 3.1.1 over paho, a fresh session for every connection.

Nothing that concerns a reading rests on the broker: what is published while there is no connection is dropped and
counted, because an agent sends again whatever was not receipted. A new client for each connection keeps messages of an
old one, its status above all, from coming out after the new one's.
"""

import contextlib
import random
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.bus_metrics import BusMetrics
from gateway.config import BrokerConfig
from gateway.config_file import read_secret
from gateway.errors import ConfigurationError
from gateway.own_status import OwnStatus
from telemetry.bus import Message
from telemetry.clock import Clock
from telemetry.messages import MAX_BODY_BYTES
from telemetry.topics import GATEWAY_STATUS_FILTER, region_filters

log = structlog.get_logger(__name__)

CONNECT_WITHIN_S: Final = 10.0
"""How long TCP, TLS, CONNACK and SUBACK may each take."""

STEADY_AFTER_S: Final = 20.0
"""A connection that lasted this long starts the waits from the shortest again; one that is thrown out at once, as when
two gateways share an id, does not."""

ALL_IN_FLIGHT: Final = 0
"""paho's word for no limit. With one it looks through all that waits at every PUBACK, which was a quarter of our
processor time with many branches; what waits is bounded by `max_queued` alone."""

MISSED_PINGS: Final = 3
"""After so many unanswered pings the connection is given up, whatever TCP believes."""

Receive = Callable[[str, bytes, bool], object]


class MqttBus:
    """One gateway's connection to its broker, made again for ever.

    `publish` and `set_storing` may be called from any thread; `receive` is called from paho's.
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
            receive: Takes topic, body and whether it was retained; must be quick and never block.
            clock: For `since` and for what is overdue.
            rng: For boots and jitter.
            metrics: Where everything dropped is counted.
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
        self._link: _Link | None = None
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
        self._client()
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
                words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                self._failed(words or type(error).__name__)
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
        client = self._client()
        will = self._status.new_boot()
        client.will_set(will.topic, will.body, will.qos, will.retain)
        link = _Link(self, client)
        client.connect(self._config.host, self._config.effective_port, self._config.keepalive_s)
        self._metrics.connects.inc()
        client.loop_start()
        try:
            self._await_ready(link)
            if not self._stopping.is_set():
                self._introduce(link)
                self._stay(link)
                # A proper DISCONNECT silences the will, so we say it ourselves.
                link.farewell(self._status.offline(), self._farewell_s)
        finally:
            self._link = None
            client.disconnect()
            client.loop_stop()
            link.let_go()
            self._metrics.connected.set(0)

    def _await_ready(self, link: "_Link") -> None:
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

    def _introduce(self, link: "_Link") -> None:
        self._link = link
        with self._lock:
            link.publish(self._status.online())
        self._metrics.connected.set(1)
        self._fault, self._warned = None, False
        log.info("broker connected", broker=f"{self._config.host}:{self._config.effective_port}")

    def _stay(self, link: "_Link") -> None:
        answered = asked = self._clock.monotonic()
        link.ping()
        while not self._stopping.is_set():
            self._wake.wait(min(self._config.ping_s, 1.0))
            self._wake.clear()
            now = self._clock.monotonic()
            if link.ended is not None:
                raise OSError(link.ended)
            if link.take_echo():
                answered = now
                self._fault = None
            if now - answered > MISSED_PINGS * self._config.ping_s:
                raise OSError(f"no message came back through the broker for {now - answered:.0f} s")
            if now - answered > 2 * self._config.ping_s:
                self._fault = f"no message came back through the broker for {now - answered:.0f} s"
            if now - asked >= self._config.ping_s:
                asked = now
                link.ping()
            if self._status.take_contradiction(now):
                link.publish(self._status.online())

    def _client(self) -> Client:
        config = self._config
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_WITHIN_S
        client.max_queued_messages_set(config.max_queued)
        client.max_inflight_messages_set(ALL_IN_FLIGHT)
        if config.username is not None:
            secret = read_secret(config.password_file, "$.broker.password_file") if config.password_file else None
            client.username_pw_set(config.username, secret)
        if config.ca_file is not None:
            try:
                client.tls_set(ca_certs=config.ca_file, certfile=config.cert_file, keyfile=config.key_file)
            except (OSError, ValueError) as error:
                text = f"$.broker.ca_file, cert_file, key_file: {error}; give PEM files that belong together"
                raise ConfigurationError(text) from error
        return client

    # What a link tells us, from paho's thread.

    def link_changed(self) -> None:
        """A link became ready, ended, or heard its ping."""
        self._wake.set()

    def link_received(self, topic: str, body: bytes, retained: bool) -> None:
        """A message arrived."""
        self._metrics.received.inc()
        if topic == self._status.topic:
            self._status.heard(body, retained)
            return
        try:
            self._receive(topic, body, retained)
        except Exception:
            # Whatever is wrong with one message or with us, paho's thread must live for the next.
            self._metrics.dropped.labels("fault").inc()
            log.exception("message not taken in", topic=topic[:200])

    def link_dropped(self) -> None:
        """Too many messages wait for the broker."""
        self._metrics.dropped.labels("full").inc()

    @property
    def filters(self) -> list[str]:
        """Everything subscribed to, at every connect."""
        return self._filters

    @property
    def ping_topic(self) -> str:
        """Where our own pings travel."""
        return self._status.ping_topic


class _Link:
    """One connection from CONNECT to its end; the callbacks run in paho's thread."""

    def __init__(self, bus: MqttBus, client: Client) -> None:
        self.ready = False
        self.ended: str | None = None
        self._bus = bus
        self._client = client
        self._sent = 0
        self._echoed = 0
        self._taken = 0
        client.on_socket_open = _without_delay
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect

    def publish(self, message: Message) -> MQTTMessageInfo:
        """Hand it to paho, which bounds what waits."""
        info = self._client.publish(message.topic, message.body, message.qos, message.retain)
        if info.rc is MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            self._bus.link_dropped()
        return info

    def ping(self) -> None:
        """Send a message that should come back."""
        self._sent += 1
        self._client.publish(self._bus.ping_topic, str(self._sent).encode(), qos=0)

    def take_echo(self) -> bool:
        """True if a ping came back since the last call."""
        news = self._echoed > self._taken
        self._taken = self._echoed
        return news

    def farewell(self, message: Message, within_s: float) -> None:
        """Publish the last word and see it acknowledged, within a bound."""
        info = self.publish(message)
        with contextlib.suppress(RuntimeError, ValueError):  # no connection any more: the will speaks for us
            info.wait_for_publish(within_s)

    def let_go(self) -> None:
        """Part from paho's client, so that it and its sockets are freed at once and not by the garbage collector."""
        for name in ("on_connect", "on_subscribe", "on_message", "on_disconnect"):
            setattr(self._client, name, None)

    def _on_connect(
        self, client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self.ended = f"the broker refuses us: {reason}; check [broker] username, password_file and certificates"
            self._bus.link_changed()
            return
        link = client.socket()
        self._bus.shown = link.getpeercert(binary_form=True) if isinstance(link, ssl.SSLSocket) else None
        client.subscribe([(filter_, 1) for filter_ in self._bus.filters])

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [name for name, reason in zip(self._bus.filters, reasons, strict=False) if reason.is_failure]
        if refused:
            self.ended = f"the broker refuses the subscription to {', '.join(refused)}; check its ACL"
        else:
            self.ready = True
        self._bus.link_changed()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "(no UTF-8)"
        if topic == self._bus.ping_topic:
            with contextlib.suppress(ValueError):
                self._echoed = max(self._echoed, min(int(message.payload[:20]), self._sent))
            self._bus.link_changed()
            return
        self._bus.link_received(topic, bytes(message.payload), message.retain)

    def _on_disconnect(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self.ready:
            self.ended = self.ended or f"connection lost: {reason}"
        else:
            advice = "its log has the reason; often a certificate, a name or an ACL that does not fit"
            self.ended = self.ended or f"the broker closed the connection before it took us ({reason}): {advice}"
        self.ready = False
        self._bus.link_changed()


def _without_delay(_client: Client, _data: object, link: Any) -> None:
    # Receipts are small: one after another they would else wait 40 ms for the other end's delayed acknowledgement.
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _unsendable(message: Message) -> str | None:
    if len(message.body) > MAX_BODY_BYTES:
        return f"{len(message.body)} bytes; a body has at most {MAX_BODY_BYTES}"
    if not message.topic or not message.topic.isascii() or any(letter in message.topic for letter in "+#\0"):
        return "the topic is not plain ASCII without wildcards"
    return None
