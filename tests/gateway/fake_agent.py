"""An agent as the wire knows it: presence, packs, receipts; it keeps no journal and decides nothing."""

import threading
from collections.abc import Iterable, Mapping
from typing import Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from telemetry import messages, senml
from telemetry.messages import PointInfo, Presence, Receipt
from telemetry.readings import Flag, Pack, Record
from telemetry.topics import Root


class FakeAgent:
    """One agent on a broker, connected within the block.

    with FakeAgent(broker.port, Root("north", "hall-1", "pi-1")) as agent:
        agent.present([PointInfo(point="hall-air", room="hall")])
        number = agent.air("hall-air", "hall", {1_700_000_000_000: {"co2_ppm": 612.0}})
        wait_until(lambda: number in agent.receipted)
    """

    def __init__(self, port: int, root: Root, *, journal: str = "fake") -> None:
        self.root = root
        self.journal = journal
        self.receipted: set[int] = set()
        self.heard: set[int] = set()
        self._sequence = 0
        self._port = port
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.will_set(root.presence, messages.encode(Presence(online=False, boot="b1")), 1, retain=True)
        self._client.on_connect = lambda client, *_: client.subscribe(root.receipt, 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_message = None  # it refers to us: without, the garbage collector finds open sockets

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        receipt = messages.decode(bytes(message.payload), Receipt)
        if receipt.journal != self.journal:
            return
        for spans, numbers in ((receipt.ranges, self.receipted), (receipt.heard, self.heard)):
            for first, last in spans:
                numbers.update(range(first, last + 1))

    def publish(self, topic: str, body: bytes, *, retain: bool = False) -> None:
        """Any message, acknowledged by the broker."""
        self._client.publish(topic, body, 1, retain).wait_for_publish(10)

    def present(self, points: Iterable[PointInfo], *, online: bool = True) -> None:
        """Presence, retained."""
        body = messages.encode(Presence(online=online, boot="b1", version="0.1.0", points=list(points)))
        self.publish(self.root.presence, body, retain=True)

    def air(
        self,
        point: str,
        room: str,
        rows: Mapping[int, Mapping[str, float]],
        *,
        flags: Mapping[str, tuple[Flag, ...]] | None = None,
    ) -> int:
        """One pack of air: by time in ms, values by quantity; returns its sequence number."""
        records = tuple(
            Record(name=name, time_ms=time_ms, value=float(value), flags=(flags or {}).get(name, ()))
            for time_ms, values in rows.items()
            for name, value in values.items()
        )
        return self._pack(self.root.readings, point, room, None, records, retain=False)

    def state(
        self, point: str, room: str, kind: str, time_ms: int, *, working: bool, state: str, reason: str = ""
    ) -> int:
        """One facility state, retained; returns its sequence number."""
        values: dict[str, bool | str] = {"working": working, "state": state, **({"reason": reason} if reason else {})}
        records = tuple(Record(name=name, time_ms=time_ms, value=value) for name, value in values.items())
        return self._pack(self.root.facility(point), point, room, kind, records, retain=True)

    def _pack(
        self, topic: str, point: str, room: str, kind: str | None, records: tuple[Record, ...], *, retain: bool
    ) -> int:
        self._sequence += 1
        pack = Pack(
            site=self.root.site,
            point=point,
            room=room,
            journal=self.journal,
            sequence=self._sequence,
            kind=kind,
            records=records,
        )
        self.publish(topic, senml.encode(pack), retain=retain)
        return self._sequence
