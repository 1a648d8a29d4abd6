"""The agent's bus over paho-mqtt: MQTT 3.1.1, clean sessions, one connection after another.

Each connection is a client of its own, since paho sends again on a new connection what it still has from the old one;
what is owed is the uplink's to say. paho's thread does the socket, a short-lived one the blocking CONNECT.
"""

import os
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import MQTTErrorCode

from agent.config import BrokerConfig
from agent.errors import ConfigurationError
from agent.proxy import ProxiedClient, secret_in
from telemetry.bus import Message
from telemetry.messages import MAX_BODY_BYTES

if TYPE_CHECKING:
    from paho.mqtt.client import ConnectFlags, DisconnectFlags
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

MAX_INFLIGHT: Final = 100
"""Publications without PUBACK at one time. paho's own 20 makes a distant broker's round trip the limit."""

MAX_QUEUED: Final = 1_000
"""Publications that wait in paho's memory, those in flight included; beyond, they are refused and the uplink's timer
brings them again."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """Connection `number` stands and everything is subscribed."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """Connection `number` could not be made, or broke, for this reason."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message came on connection `number`."""

    number: int
    topic: str
    body: bytes
    retained: bool


BusEvent = Connected | Disconnected | Received


def tls_context(broker: BrokerConfig) -> ssl.SSLContext | None:
    """What checks the broker's certificate and shows ours; None without TLS.

    Raises:
        ConfigurationError: If a file holds no certificate or key, or they do not belong together.
    """
    if broker.ca_file is None:
        return None
    try:
        context = ssl.create_default_context(cafile=broker.ca_file)
    except (OSError, ValueError) as error:
        raise ConfigurationError([f"$.broker.ca_file: no PEM certificates in {broker.ca_file}: {error}"]) from error
    context.sslsocket_class = _ClosingSocket
    if broker.cert_file is not None:
        try:
            context.load_cert_chain(broker.cert_file, broker.key_file, password=_refuse_password)
        except (OSError, ValueError) as error:
            text = f"{broker.cert_file} and {broker.key_file} are no certificate and its private key, both PEM: {error}"
            raise ConfigurationError([f"$.broker.cert_file: {text}"]) from error
    return context


class _ClosingSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho drops it open, and an agent tries again for days."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _refuse_password() -> str:
    # Without this OpenSSL would ask on the terminal, and the agent would hang.
    raise ValueError("the private key is encrypted; give one that is not, readable by the agent alone")


class MqttBus:
    """Makes connections one at a time and publishes on the newest.

    Args:
        broker: Where and as whom.
        client_id: Unique at the broker.
        subscriptions: Topic filters, subscribed on every connection before it counts as standing.
        report: Takes every event; called from threads of the bus.
    """

    def __init__(
        self, broker: BrokerConfig, *, client_id: str, subscriptions: Sequence[str], report: Callable[[BusEvent], None]
    ) -> None:
        self._broker = broker
        self._client_id = client_id
        self._subscriptions = list(subscriptions)
        self._report = report
        self._number = 0
        self._client: Client | None = None
        self._opening: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def number(self) -> int:
        """Of the newest connection; events of older ones are to be ignored."""
        return self._number

    def open(self, will: Message | None) -> bool:
        """Begin a connection; its fate is reported. False while an earlier attempt still blocks in the system."""
        if self._opening is not None and self._opening.is_alive():
            return False
        self.abandon()
        self._opening = threading.Thread(target=self._open, args=(self._number, will), name="mqtt-connect", daemon=True)
        self._opening.start()
        return True

    def publish(self, message: Message) -> bool:
        """Hand a message over. False: not connected, too long, or too many waiting; it is then not sent at all."""
        client = self._client
        if client is None or len(message.body) > MAX_BODY_BYTES:
            return False
        info = client.publish(message.topic, message.body, qos=message.qos, retain=message.retain)
        return info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def abandon(self) -> None:
        """Drop the newest connection without waiting; what it still reports carries an old number."""
        with self._lock:
            client, self._client = self._client, None
            self._number += 1
        if client is not None:
            client.disconnect()

    def close(self, last_words: Sequence[Message], timeout_s: float) -> None:
        """Publish the last words, wait until the broker has them, disconnect; all within that time."""
        client = self._client
        if client is not None and client.is_connected():
            infos = [client.publish(words.topic, words.body, words.qos, words.retain) for words in last_words]
            for info in infos:
                try:
                    info.wait_for_publish(timeout_s)
                except (RuntimeError, ValueError):
                    break
        self.abandon()

    # -- threads of the bus --------------------------------------------------------------------------------------------

    def _open(self, number: int, will: Message | None) -> None:
        try:
            client = self._make_client(number, will)
            client.connect(self._broker.host, self._broker.effective_port, keepalive=self._broker.keepalive_s)
        except (OSError, ValueError, ConfigurationError) as error:
            self._report(Disconnected(number=number, reason=_words(error)))
            return
        with self._lock:
            is_current = number == self._number
            self._client = client if is_current else self._client
        if is_current:
            client.loop_start()
        else:
            client.disconnect()

    def _make_client(self, number: int, will: Message | None) -> Client:
        broker = self._broker
        client = ProxiedClient(
            broker,
            client_id=self._client_id,
            clean_session=True,
            protocol=MQTTv311,
            transport=broker.transport,
            reconnect_on_failure=False,
        )
        if broker.transport == "websockets":
            client.ws_set_options(path=broker.path)
        # Half of the whole, so that the system's own reason comes before the shell's deadline.
        client.connect_timeout = broker.connect_timeout_s / 2
        client.max_inflight_messages_set(MAX_INFLIGHT)
        client.max_queued_messages_set(MAX_QUEUED)
        if will is not None:
            client.will_set(will.topic, will.body, will.qos, will.retain)
        if broker.username is not None:
            client.username_pw_set(broker.username, _password(broker))
        context = tls_context(broker)
        if context is not None:
            client.tls_set_context(context)
        self._listen(client, number)
        return client

    def _listen(self, client: Client, number: int) -> None:
        report = self._report

        def on_connect(
            client: Client, _data: Any, _flags: "ConnectFlags", code: "ReasonCode", _properties: "Properties | None"
        ) -> None:
            if code.is_failure:
                report(Disconnected(number=number, reason=f"the broker refuses us: {code}{_advice(str(code))}"))
                client.disconnect()
                return
            client.subscribe([(topic, 1) for topic in self._subscriptions])

        def on_subscribe(
            _client: Client, _data: Any, _mid: int, codes: "list[ReasonCode]", _properties: "Properties | None"
        ) -> None:
            for topic, code in zip(self._subscriptions, codes, strict=False):
                if code.is_failure:
                    log.error("subscription refused, check the broker's access list", topic=topic, code=str(code))
            report(Connected(number=number))

        def on_disconnect(
            _client: Client, _data: Any, _flags: "DisconnectFlags", code: "ReasonCode", _properties: "Properties | None"
        ) -> None:
            report(Disconnected(number=number, reason=f"the connection broke: {code}"))

        def on_message(_client: Client, _data: Any, message: MQTTMessage) -> None:
            try:
                topic = message.topic
            except UnicodeDecodeError:
                return
            report(Received(number=number, topic=topic, body=bytes(message.payload), retained=message.retain))

        def on_socket_open(_client: Client, _data: Any, link: Any) -> None:
            # Small messages one after another would else wait 40 ms for the other end's delayed acknowledgement.
            # Through a second handle of the same socket: paho's WebSocket wrapper does not pass options on.
            with socket.socket(fileno=os.dup(link.fileno())) as same:
                same.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        client.on_socket_open = on_socket_open
        client.on_connect = on_connect
        client.on_subscribe = on_subscribe
        client.on_disconnect = on_disconnect
        client.on_message = on_message


def _password(broker: BrokerConfig) -> str | None:
    return None if broker.password_file is None else secret_in(broker.password_file)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _advice(code: str) -> str:
    if "uthor" in code or "password" in code:
        return "; check username, password_file and certificate"
    return ""
