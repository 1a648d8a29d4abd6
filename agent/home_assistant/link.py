"""The second connection: to Home Assistant's broker, over paho, in threads of its own. It never disturbs the first."""

import contextlib
import threading
from pathlib import Path
from typing import Any, Final

import structlog
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from agent.config import PLAIN_PORT, TLS_PORT, BrokerConfig
from agent.home_assistant.mirror import OFFLINE, Core, Mirror, Mirrored
from agent.home_assistant.settings import HomeAssistantConfig
from agent.mqtt_bus import tls_context

LONGEST_WAIT_S: Final = 60.0
IDLE_S: Final = 1.0
MAX_QUEUED: Final = 2_000

log = structlog.get_logger(__name__)


class Link:
    """Keeps the mirror told, until closed.

    Args:
        config: Where.
        mirror: What.
        client_id: Unique at that broker.

    Attributes:
        connects: Connections made.
    """

    def __init__(self, config: HomeAssistantConfig, mirror: Mirror, client_id: str) -> None:
        self.connects = 0
        self._config = config
        self._mirror = mirror
        self._wake = threading.Event()
        self._ending = False
        self._client: Any = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTv311)
        self._set_up()
        self._thread = threading.Thread(target=self._run, name="home-assistant", daemon=True)

    def beside(self, core: Core) -> Mirrored:
        """The core with this mirror beside it."""
        return Mirrored(core, self._mirror, self.wake)

    def start(self) -> None:
        """Connect, and again whenever that breaks; returns at once."""
        self._client.connect_async(self._config.host, self._port, keepalive=30)
        self._client.loop_start()
        self._thread.start()

    def wake(self) -> None:
        """Something waits."""
        self._wake.set()

    def close(self, timeout_s: float) -> None:
        """Say that we are gone, and let go."""
        self._ending = True
        self._wake.set()
        self._thread.join(timeout_s)
        with contextlib.suppress(ValueError, OSError, RuntimeError):
            self._client.publish(self._mirror.topics.availability, OFFLINE, qos=1, retain=True).wait_for_publish(0.2)
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def _port(self) -> int:
        return self._config.port or (TLS_PORT if self._config.ca_file else PLAIN_PORT)

    def _set_up(self) -> None:
        config, client = self._config, self._client
        if config.username:
            password = Path(config.password_file).read_text(encoding="utf-8").strip() if config.password_file else None
            client.username_pw_set(config.username, password)
        context = tls_context(BrokerConfig(host=config.host, ca_file=config.ca_file))
        if context is not None:
            client.tls_set_context(context)
        will = self._mirror.will()
        client.will_set(will.topic, will.body, qos=1, retain=True)
        client.reconnect_delay_set(1, round(LONGEST_WAIT_S))
        client.max_queued_messages_set(MAX_QUEUED)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message

    def _on_connect(self, client: Any, _data: object, _flags: object, code: Any, _properties: object) -> None:
        if code.is_failure:
            log.warning("home assistant's broker refuses", host=self._config.host, reason=str(code))
            return
        self.connects += 1
        log.info("home assistant's broker connected", host=self._config.host)
        for topic in self._mirror.subscriptions:
            client.subscribe(topic, qos=1)
        self._mirror.connected()
        self._wake.set()

    def _on_disconnect(self, _client: Any, _data: object, _flags: object, code: Any, _properties: object) -> None:
        self._mirror.disconnected()
        if not self._ending:
            log.warning("home assistant's broker is gone", host=self._config.host, reason=str(code))

    def _on_message(self, _client: Any, _data: object, message: MQTTMessage) -> None:
        self._mirror.receive(message.topic, bytes(message.payload))
        self._wake.set()

    def _run(self) -> None:
        while not self._ending:
            for message in self._mirror.take():
                self._client.publish(message.topic, message.body, qos=message.qos, retain=message.retain)
            wait_s = self._mirror.next_due() - self._mirror.now_s()
            self._wake.wait(min(max(wait_s, 0.0), IDLE_S))
            self._wake.clear()
