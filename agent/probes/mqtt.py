"""Whether a device keeps speaking on its MQTT topic."""

import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from agent.errors import CheckError
from agent.facility_points import PointState
from agent.probes.targets import Target

RECONNECT_MIN_S: Final = 1
RECONNECT_MAX_S: Final = 60


class MqttHeartbeat:
    """Listens on a topic, on a connection of its own; a retained message is old, and counts for nothing.

    Args:
        target: Broker and topic; the topic may hold `+` and `#`.
        timeout_s: How much later than due a message may be.
        every_s: How often one must come.
        username: None: anonymous.
        password_file: Holds the password and nothing else but a line end.
        tls: For `mqtts`.
        now: Monotonic seconds.
    """

    def __init__(
        self,
        target: Target,
        timeout_s: float,
        *,
        every_s: float,
        username: str | None = None,
        password_file: str | None = None,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target = target
        self._limit_s = every_s + timeout_s
        self._now = now
        self._heard_s: float | None = None
        self._listening_since_s: float | None = None
        self._trouble = "not connected yet"
        self._lock = threading.Lock()
        self._client = Client(CallbackAPIVersion.VERSION2)
        if username is not None:
            password = Path(password_file).read_text(encoding="utf-8").rstrip("\r\n") if password_file else None
            self._client.username_pw_set(username, password)
        if tls is not None:
            self._client.tls_set_context(tls)
        self._client.on_connect = self._connected
        self._client.on_connect_fail = lambda *_: self._lost("the broker cannot be reached")
        self._client.on_disconnect = lambda *_: self._lost("the broker ended the connection")
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._heard
        self._client.reconnect_delay_set(RECONNECT_MIN_S, RECONNECT_MAX_S)
        self._client.connect_async(target.host, target.port)
        self._client.loop_start()

    def ask(self) -> PointState | None:
        """Up if something was said within the limit."""
        with self._lock:
            return verdict(
                heard_s=self._heard_s,
                listening_since_s=self._listening_since_s,
                trouble=self._trouble,
                limit_s=self._limit_s,
                now_s=self._now(),
                topic=self._target.path,
            )

    def close(self) -> None:
        """End the connection."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: Client, _data: object, _flags: object, reason: Any, _properties: object) -> None:
        if reason.is_failure:
            self._lost(f"the broker refuses: {reason}")
            return
        code, _ = client.subscribe(self._target.path, 0)
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._lost(f"cannot subscribe: {code.name}")

    def _subscribed(self, _client: object, _data: object, _mid: object, codes: list[Any], _properties: object) -> None:
        if any(code.is_failure for code in codes):
            self._lost("the broker refuses the topic")
            return
        with self._lock:
            self._listening_since_s = self._now()
            self._trouble = ""

    def _lost(self, trouble: str) -> None:
        with self._lock:
            self._listening_since_s = None
            self._trouble = trouble

    def _heard(self, _client: object, _data: object, message: MQTTMessage) -> None:
        if not message.retain:
            with self._lock:
                self._heard_s = self._now()


def verdict(
    *,
    heard_s: float | None,
    listening_since_s: float | None,
    trouble: str,
    limit_s: float,
    now_s: float,
    topic: str,
) -> PointState | None:
    """Up if a message came within `limit_s`; None while nobody has listened for so long, since then nobody can tell.

    Raises:
        CheckError: Nothing came for too long, or nobody could listen.
    """
    if heard_s is not None and now_s - heard_s <= limit_s:
        return PointState(working=True, state="up")
    if listening_since_s is None:
        raise CheckError(trouble)
    quiet_s = now_s - max(heard_s or listening_since_s, listening_since_s)
    if quiet_s <= limit_s:
        return None
    raise CheckError(f"nothing on {topic} for {quiet_s:.0f} s")
