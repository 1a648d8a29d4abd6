"""Real pymodbus servers for tests: TCP on a free loopback port, RTU over a pair of pseudo terminals."""

import asyncio
import os
import select
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from tests.servers import HOST, free_port

HOLDING = [700, 0xFF38, 0x0001, 0x86A0, 0x41AC, 0x0000, 0b1010_0000, 3]
"""CO2, -200, the two words of 100,000, those of 21.5 as float32, bits, a state."""


def device(unit: int = 1) -> SimDevice:
    """A device with four tables of its own."""
    bits = [True, False, True] + [False] * 13
    return SimDevice(
        id=unit,
        simdata=(
            [SimData(address=0, values=bits, datatype=DataType.BITS)],
            [SimData(address=0, values=[not bit for bit in bits], datatype=DataType.BITS)],
            [SimData(address=0, values=HOLDING, datatype=DataType.REGISTERS)],
            [SimData(address=0, values=[value ^ 1 for value in HOLDING], datatype=DataType.REGISTERS)],
        ),
    )


@contextmanager
def _running(make: Callable[[], Any]) -> Iterator[None]:
    """A server in a loop and a thread of its own."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    servers: list[Any] = []

    async def begin() -> None:
        server = make()
        servers.append(server)
        await server.serve_forever(background=True)
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(begin())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(servers[0].shutdown(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def tcp_server(port: int | None = None) -> Iterator[int]:
    """Its port."""
    port = port or free_port()
    with _running(lambda: ModbusTcpServer(device(), address=(HOST, port))):
        yield port


@contextmanager
def rtu_server() -> Iterator[str]:
    """The name of the serial port to read it over, units 1 and 2 behind it."""
    with (
        _pty_pair() as (ours, theirs),
        _running(lambda: ModbusSerialServer([device(1), device(2)], port=theirs, baudrate=9600)),
    ):
        yield ours


@contextmanager
def _pty_pair() -> Iterator[tuple[str, str]]:
    """Two serial ports, joined by a cable."""
    pairs = [os.openpty() for _ in range(2)]
    for _, end in pairs:
        tty.setraw(end)
    ended = threading.Event()

    def carry() -> None:
        masters = [master for master, _ in pairs]
        while not ended.is_set():
            for master in select.select(masters, [], [], 0.05)[0]:
                other = masters[1 - masters.index(master)]
                os.write(other, os.read(master, 1_024))

    thread = threading.Thread(target=carry, daemon=True)
    thread.start()
    try:
        yield os.ttyname(pairs[0][1]), os.ttyname(pairs[1][1])
    finally:
        ended.set()
        thread.join(5)
        for master, end in pairs:
            os.close(master)
            os.close(end)
