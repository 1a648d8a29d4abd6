"""As little of MQTT 3.1.1 as a load needs: on two shared cores a client library would be half of what is measured."""

import select
import socket
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

HOST: Final = "127.0.0.1"
ANSWER_WITHIN_S: Final = 10.0
READ_BYTES: Final = 262_144

# MQTT 3.1.1, table 2.1: the packet type stands in the upper four bits of the first byte.
CONNACK: Final = 2
PUBLISH: Final = 3
PUBACK: Final = 4
SUBACK: Final = 9

DISCONNECT: Final = b"\xe0\x00"
PUBLISH_QOS_1: Final = 0x32
RETAIN: Final = 0x01


class Frame(NamedTuple):
    """One packet from the broker: its first byte, and what follows its length."""

    head: int
    rest: bytes

    @property
    def kind(self) -> int:
        """The packet type."""
        return self.head >> 4


class Heard(NamedTuple):
    """One PUBLISH taken apart; `number` is 0 at QoS 0."""

    topic: bytes
    body: bytes
    number: int


def length_of(size: int) -> bytes:
    """A remaining length as it stands on the wire (MQTT 3.1.1 section 2.2.3)."""
    digits = bytearray()
    while True:
        size, digit = divmod(size, 128)
        digits.append(digit | 0x80 if size else digit)
        if not size:
            return bytes(digits)


def publish_head(topic: str, body_bytes: int, *, retain: bool = False) -> bytes:
    """All of a QoS 1 PUBLISH that comes before its packet id, for a body of that length."""
    words = topic.encode()
    head = bytes([PUBLISH_QOS_1 | (RETAIN if retain else 0)])
    return head + length_of(2 + len(words) + 2 + body_bytes) + len(words).to_bytes(2, "big") + words


def heard_of(frame: Frame) -> Heard:
    """The message in a PUBLISH frame."""
    rest = frame.rest
    at = 2 + int.from_bytes(rest[:2], "big")
    topic = rest[2:at]
    if not frame.head & 0x06:
        return Heard(topic, rest[at:], 0)
    return Heard(topic, rest[at + 2 :], int.from_bytes(rest[at : at + 2], "big"))


def frames(data: bytearray) -> Iterator[Frame]:
    """Every whole packet at the front of what came; they are taken out of it."""
    at, end = 0, len(data)
    while at + 2 <= end:
        size = data[at + 1]
        begin = at + 2
        if size & 0x80:
            size, shift = size & 0x7F, 7
            while begin < end:
                digit = data[begin]
                size |= (digit & 0x7F) << shift
                begin, shift = begin + 1, shift + 7
                if not digit & 0x80:
                    break
            else:
                break
        if begin + size > end:
            break
        yield Frame(data[at], bytes(data[begin : begin + size]))
        at = begin + size
    del data[:at]


class Link:
    """One clean session, connected within the block. Not thread-safe.

    `send` queues, `turn` moves bytes both ways and gives what came.
    """

    def __init__(self, port: int, client_id: str, subscriptions: Sequence[str] = ()) -> None:
        """Connect and subscribe with QoS 1.

        Raises:
            OSError: If the broker refuses or does not answer.
        """
        self._out = bytearray()
        self._in = bytearray()
        self._socket = socket.create_connection((HOST, port), ANSWER_WITHIN_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            words = client_id.encode()
            # MQTT 3.1.1 section 3.1: name, level 4, clean session, no keep-alive.
            rest = b"\x00\x04MQTT\x04\x02\x00\x00" + len(words).to_bytes(2, "big") + words
            self._ask(b"\x10" + length_of(len(rest)) + rest, CONNACK)
            for at, topic in enumerate(subscriptions, start=1):
                words = topic.encode()
                rest = at.to_bytes(2, "big") + len(words).to_bytes(2, "big") + words + b"\x01"
                self._ask(b"\x82" + length_of(len(rest)) + rest, SUBACK)
        except BaseException:
            self._socket.close()
            raise
        self._socket.setblocking(False)

    @property
    def unsent(self) -> int:
        """Bytes that the system has not taken yet."""
        return len(self._out)

    def send(self, data: bytes) -> None:
        """Queue a packet."""
        self._out += data

    def turn(self, wait_s: float) -> Iterator[Frame]:
        """Send what goes, wait for something to come, at most that long; then give every whole frame.

        Raises:
            ConnectionError: If the broker has gone.
        """
        readable, writable, _ = select.select([self._socket], [self._socket] if self._out else [], [], wait_s)
        if writable:
            sent = self._socket.send(self._out)
            del self._out[:sent]
        if readable:
            data = self._socket.recv(READ_BYTES)
            if not data:
                raise ConnectionError("the broker closed the connection")
            self._in += data
        yield from frames(self._in)

    def acknowledge(self, heard: Heard) -> None:
        """Queue the PUBACK of a message that came with QoS 1."""
        if heard.number:
            self._out += b"\x40\x02" + heard.number.to_bytes(2, "big")

    def close(self) -> None:
        """Say goodbye and close."""
        self._socket.setblocking(True)
        self._socket.settimeout(ANSWER_WITHIN_S)
        try:
            self._socket.sendall(bytes(self._out) + DISCONNECT)
        finally:
            self._socket.close()

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, packet: bytes, wanted: int) -> None:
        self._socket.sendall(packet)
        while True:
            for frame in frames(self._in):
                if frame.kind == wanted:
                    code = frame.rest[-1]
                    if code >= 0x80 or (wanted == CONNACK and code):
                        raise OSError(f"the broker refuses us with code {code}")
                    return
            data = self._socket.recv(READ_BYTES)
            if not data:
                raise OSError("the broker closed the connection")
            self._in += data
