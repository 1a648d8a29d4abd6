"""A connection for each branch of the twin, thousands of them in one thread, that the system may drop at any time."""

import select
import socket
from collections.abc import Sequence
from typing import Final

from bench.mqtt_wire import CONNACK, HOST, PUBACK, PUBLISH, READ_BYTES, Frame, frames, heard_of, length_of, publish_head
from bench.twin_branch import Out

KEEP_ALIVE_S: Final = 600
OUT_BYTES: Final = 1_000_000
"""A branch that the broker does not read from sends no more than that."""

PACKET_IDS: Final = 65_535
WAIT_S: Final = 0.05


class Wire:
    """One branch's connection. `state` is `down`, `greeting` (until CONNACK) or `up`."""

    def __init__(self, client_id: str, subscriptions: Sequence[str]) -> None:
        self.state = "down"
        self.heard: list[tuple[str, bytes]] = []
        self.published = 0
        self.connections = 0
        self._client_id = client_id
        self._subscriptions = subscriptions
        self._socket: socket.socket | None = None
        self._out = bytearray()
        self._in = bytearray()
        self._packet = 0

    def fileno(self) -> int:
        """Of its socket; -1 without."""
        return -1 if self._socket is None else self._socket.fileno()

    @property
    def wants_to_write(self) -> bool:
        """True if something waits to go."""
        return bool(self._out)

    def connect(self, port: int, will: Out) -> None:
        """Begin a clean session with a will."""
        self.drop()
        link = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        link.setblocking(False)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.connect_ex((HOST, port))
        self._socket, self.state = link, "greeting"
        self.connections += 1
        # MQTT 3.1.1 section 3.1.2: clean session, will with QoS 1, retained.
        rest = b"\x00\x04MQTT\x04\x2e" + KEEP_ALIVE_S.to_bytes(2, "big")
        for word in (self._client_id.encode(), will.topic.encode(), will.body):
            rest += len(word).to_bytes(2, "big") + word
        self._out += b"\x10" + length_of(len(rest)) + rest

    def publish(self, message: Out) -> bool:
        """Queue a message with QoS 1; False if it is not up, or too much waits."""
        if self.state != "up" or len(self._out) > OUT_BYTES:
            return False
        self._packet = self._packet % PACKET_IDS + 1
        head = publish_head(message.topic, len(message.body), retain=message.retain)
        self._out += head + self._packet.to_bytes(2, "big") + message.body
        self.published += 1
        return True

    def drop(self) -> None:
        """Close it without a word, as a power cut does; the broker sends the will."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self.state = None, "down"
        self._out.clear()
        self._in.clear()
        self.heard.clear()

    def turn(self, *, readable: bool, writable: bool) -> None:
        """Move bytes; a connection that fails is down afterwards."""
        if self._socket is None:
            return
        try:
            if writable and self._out:
                sent = self._socket.send(self._out)
                del self._out[:sent]
            if readable:
                data = self._socket.recv(READ_BYTES)
                if not data:
                    raise ConnectionError("the broker closed the connection")
                self._in += data
                for frame in frames(self._in):
                    self._take(frame)
        except BlockingIOError:
            return
        except OSError:
            self.drop()

    def _take(self, frame: Frame) -> None:
        if frame.kind == CONNACK:
            if frame.rest[-1]:
                raise ConnectionError(f"the broker refuses us with code {frame.rest[-1]}")
            self.state = "up"
            rest = (1).to_bytes(2, "big")
            for topic in self._subscriptions:
                words = topic.encode()
                rest += len(words).to_bytes(2, "big") + words + b"\x01"
            self._out += b"\x82" + length_of(len(rest)) + rest
        elif frame.kind == PUBLISH:
            heard = heard_of(frame)
            if heard.number:
                self._out += bytes([PUBACK << 4, 2]) + heard.number.to_bytes(2, "big")
            self.heard.append((heard.topic.decode(), heard.body))


class Wires:
    """Waits for all of them at once."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._watched: dict[int, tuple[Wire, int, int]] = {}

    def turn(self, wires: Sequence[Wire]) -> None:
        """Move the bytes of all that can, after waiting a moment for one to."""
        for wire in wires:
            self._watch(wire)
        for number, events in self._poll.poll(WAIT_S, max(1, len(self._watched))):
            wire = self._watched[number][0]
            failed = bool(events & (select.EPOLLHUP | select.EPOLLERR))
            wire.turn(readable=bool(events & select.EPOLLIN) or failed, writable=bool(events & select.EPOLLOUT))

    def close(self) -> None:
        """Let go of them."""
        self._poll.close()

    def _watch(self, wire: Wire) -> None:
        number = wire.fileno()
        if number < 0:
            return
        mask = select.EPOLLIN | (select.EPOLLOUT if wire.wants_to_write else 0)
        wanted = (wire, wire.connections, mask)
        if self._watched.get(number) == wanted:
            return
        self._watched[number] = wanted
        try:
            self._poll.modify(number, mask)
        except FileNotFoundError:
            # A new socket, though maybe of the same number: the old one went out of the poll when it was closed.
            self._poll.register(number, mask)
