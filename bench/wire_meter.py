"""A relay between an agent and its broker that counts the bytes of every connection, both ways."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.mqtt_wire import HOST

CHUNK: Final = 65_536


@dataclass(slots=True)
class Meter:
    """What passed so far, in bytes of TCP's payload: MQTT, without TLS and without the headers of TCP and IP.

    Attributes:
        port: Where the agent connects.
        up: From the agent.
        down: To it.
    """

    port: int
    up: int = 0
    down: int = 0


@contextlib.contextmanager
def metered(broker_port: int) -> Iterator[Meter]:
    """A relay to that port of loopback, while the block runs."""
    with socket.create_server((HOST, 0)) as listener:
        meter = Meter(port=listener.getsockname()[1])
        open_ones: list[socket.socket] = [listener]
        threading.Thread(target=_accept, args=(listener, broker_port, meter, open_ones), daemon=True).start()
        try:
            yield meter
        finally:
            for end in (lambda one: one.shutdown(socket.SHUT_RDWR), socket.socket.close):
                for one in list(open_ones):
                    with contextlib.suppress(OSError):
                        end(one)


def _accept(listener: socket.socket, broker_port: int, meter: Meter, open_ones: list[socket.socket]) -> None:
    while True:
        try:
            agent, _ = listener.accept()
            broker = socket.create_connection((HOST, broker_port))
        except OSError:
            return
        open_ones += [agent, broker]
        for source, sink, way in ((agent, broker, "up"), (broker, agent, "down")):
            threading.Thread(target=_pass_on, args=(source, sink, meter, way), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket, meter: Meter, way: str) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            setattr(meter, way, getattr(meter, way) + len(data))
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
