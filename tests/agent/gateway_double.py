"""What an agent needs of a gateway, in a hundred lines: it keeps what comes, and receipts it if the test says so."""

import json
import threading
from collections.abc import Callable
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from telemetry import senml
from telemetry.readings import Pack
from telemetry.topics import Root, parse
from tests.servers import HOST


class GatewayDouble:
    """Subscribes like a gateway of one region. All that it heard is kept, in order.

    Attributes:
        readings: (point, quantity, time_ms) -> every value that came for it, repeats included.
        packs: Every pack, repeats included, with the topic it came on.
        bodies: The same as it came: topic root, body.
        retained: The retained messages it would find now, by topic.
        presences: Bodies of presence messages, wills included.
        healths: Bodies of health messages.
        replies: Bodies of answers.
        receipting: Says for each pack whether it is receipted.
    """

    def __init__(self, port: int, region: str, *, receipting: Callable[[Pack], bool] = lambda _: True) -> None:
        self.readings: dict[tuple[str, str, int], list[float]] = {}
        self.packs: list[tuple[str, Pack]] = []
        self.bodies: list[tuple[Root, bytes]] = []
        self.retained: dict[str, bytes] = {}
        self.presences: list[dict[str, Any]] = []
        self.healths: list[dict[str, Any]] = []
        self.replies: list[dict[str, Any]] = []
        self.receipting = receipting
        self._region = region
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe(f"openhall/v1/{self._region}/#", 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(0.05, 0.2)
        self._client.connect(HOST, port)

    def __enter__(self) -> Self:
        self._client.loop_start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, body: dict[str, Any] | bytes, *, retain: bool = False) -> None:
        """Send something to an agent."""
        self._client.publish(topic, body if isinstance(body, bytes) else json.dumps(body), 1, retain)

    def values(self, point: str) -> dict[tuple[str, int], float]:
        """(quantity, time_ms) -> the value; fails if one place got two values."""
        found = {}
        for (name, quantity, time_ms), values in self.readings.items():
            if name == point:
                assert len(set(values)) == 1, (name, quantity, time_ms, values)
                found[quantity, time_ms] = values[0]
        return found

    def states(self, point: str) -> list[str]:
        """The states that a facility point had, in the order of their numbers, each once."""
        packs = {pack.sequence: pack for _, pack in self.packs if pack.point == point and pack.kind is not None}
        return [str(packs[sequence].value_of("state")) for sequence in sorted(packs)]

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        channel = parse(message.topic)
        body = bytes(message.payload)
        if message.retain or channel.name in ("facility", "presence"):
            self.retained[message.topic] = body
        if channel.name in ("receipt", "command") or not body:
            return
        if channel.name in ("readings", "facility"):
            self._take(channel.root, message.topic, body)
        else:
            kept = {"presence": self.presences, "health": self.healths, "reply": self.replies}[channel.name]
            kept.append(json.loads(body))

    def _take(self, root: Root, topic: str, body: bytes) -> None:
        decoded = senml.decode(body, root.site)
        assert not decoded.faults
        pack = decoded.pack
        assert pack is not None
        self.bodies.append((root, body))
        self.packs.append((topic, pack))
        if pack.kind is None and not pack.relative and not pack.is_declaration:
            for record in pack.records:
                assert isinstance(record.value, float)
                self.readings.setdefault((pack.point, record.name, record.time_ms), []).append(record.value)
        if not pack.relative and self.receipting(pack):
            pair = [pack.sequence, pack.sequence]
            receipt = {"journal": pack.journal, "ranges": [pair]}
            self.publish(root.receipt, receipt | ({"heard": [pair]} if pack.kind else {}))
