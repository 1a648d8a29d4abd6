"""A connection over paho: the default client."""

import contextlib
import socket
import ssl
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.mqtt_link import CONNECT_WITHIN_S, UNREADABLE_TOPIC, Hello, Link, LinkOwner
from telemetry.bus import Message

ALL_IN_FLIGHT: Final = 0
"""paho's word for no limit. With one it looks through all that waits at every PUBACK, which was a quarter of our
processor time with many branches; what waits is bounded by `max_queued` alone."""


class PahoLink(Link):
    """paho's own thread reads the socket, hands over what came and acknowledges it after that."""

    def __init__(self, hello: Hello, owner: LinkOwner) -> None:
        """Make it; nothing is opened."""
        super().__init__(hello, owner)
        self._client = client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=hello.client_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_WITHIN_S
        client.max_queued_messages_set(hello.max_queued)
        client.max_inflight_messages_set(ALL_IN_FLIGHT)
        client.will_set(hello.will.topic, hello.will.body, hello.will.qos, hello.will.retain)
        if hello.username is not None:
            client.username_pw_set(hello.username, hello.password)
        if hello.tls is not None:
            client.tls_set_context(hello.tls)
        client.on_socket_open = _without_delay
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect

    def open(self) -> None:
        """As `Link`; returns once CONNECT is sent."""
        self._client.connect(self._hello.host, self._hello.port, self._hello.keepalive_s)
        self._client.loop_start()

    def publish(self, message: Message) -> None:
        """As `Link`; paho bounds what waits."""
        self._publish(message)

    def farewell(self, message: Message, within_s: float) -> None:
        """As `Link`."""
        info = self._publish(message)
        with contextlib.suppress(RuntimeError, ValueError):  # no connection any more: the will speaks for us
            info.wait_for_publish(within_s)

    def close(self) -> None:
        """As `Link`; paho's client is let go, so that it is freed at once and not by the garbage collector."""
        self._client.disconnect()
        self._client.loop_stop()
        for name in ("on_connect", "on_subscribe", "on_message", "on_disconnect"):
            setattr(self._client, name, None)

    def _publish(self, message: Message) -> MQTTMessageInfo:
        info = self._client.publish(message.topic, message.body, message.qos, message.retain)
        if info.rc is MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            self._owner.link_dropped("full")
        return info

    def _on_connect(
        self, client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self.refused(str(reason))
            return
        link = client.socket()
        self.shown = link.getpeercert(binary_form=True) if isinstance(link, ssl.SSLSocket) else None
        client.subscribe([(filter_, 1) for filter_ in self._hello.filters])

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        self.subscribed([reason.is_failure for reason in reasons])

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = UNREADABLE_TOPIC
        self._owner.link_received([(topic, bytes(message.payload), message.retain)])

    def _on_disconnect(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.lost(str(reason))


def _without_delay(_client: Client, _data: object, link: Any) -> None:
    # Receipts are small: one after another they would else wait 40 ms for the other end's delayed acknowledgement.
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
