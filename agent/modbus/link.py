"""A Modbus link, RTU or TCP, shared by all that is read over it; pymodbus is imported when one is opened."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from agent.errors import CheckError
from agent.facility_config import ModbusConfig, RegisterConfig
from agent.modbus.registers import is_bit, words_of

TCP_PREFIX: Final = "tcp://"
TCP_PORT: Final = 502
"""Modbus messaging on TCP/IP v1.0b, section 4.3.1."""

BUSY_S: Final = 10.0
"""How long a read waits for others on the same link."""

RETRIES: Final = 1
"""One garbled answer on RS-485 is usual; what fails twice is reported, and the next period tries again."""

EXCEPTIONS: Final = {
    1: "it does not know this function",
    2: "it has no such register",
    3: "it refuses the number of registers",
    4: "it failed",
    6: "it is busy",
    10: "the path through the gateway is missing",
    11: "no device behind the gateway answers",
}
"""Modbus application protocol v1.1b3, section 7."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPlan:
    """A link as it is set: the serial settings count for a serial port only."""

    link: str
    baud_rate: int = 9600
    parity: str = "none"
    stop_bits: int = 1

    @property
    def tcp(self) -> tuple[str, int] | None:
        """Host and port; None for a serial port."""
        if not self.link.startswith(TCP_PREFIX):
            return None
        place = self.link.removeprefix(TCP_PREFIX)
        host, _, port = place.rpartition(":")
        return (host, int(port)) if host and port.isdecimal() else (place, TCP_PORT)


class Link(Protocol):
    """What registers are read over; from any thread, one at a time."""

    def read(self, unit: int, register: RegisterConfig, timeout_s: float) -> list[int]:
        """The words, or bits, of one register.

        Raises:
            CheckError: No answer, or the device refuses.
        """


def link_of(config: ModbusConfig) -> LinkPlan:
    """The link of one table."""
    if config.link.startswith(TCP_PREFIX):
        return LinkPlan(link=config.link)
    return LinkPlan(link=config.link, baud_rate=config.baud_rate, parity=config.parity, stop_bits=config.stop_bits)


class Links:
    """One link for each plan, made when it is first asked for.

    Args:
        make: Makes one.
    """

    def __init__(self, make: Callable[[LinkPlan], Link]) -> None:
        self._make = make
        self._links: dict[LinkPlan, Link] = {}
        self._lock = threading.Lock()

    def get(self, plan: LinkPlan) -> Link:
        """The link of that plan."""
        with self._lock:
            if plan not in self._links:
                self._links[plan] = self._make(plan)
            return self._links[plan]


class PymodbusLink:
    """A real link through pymodbus's synchronous clients.

    It is opened with the first read and again after every failure, so that an adapter that was unplugged, or a late
    answer still on its way, does no lasting harm.
    """

    def __init__(self, plan: LinkPlan) -> None:
        self._plan = plan
        self._client: Any = None
        self._lock = threading.Lock()

    def read(self, unit: int, register: RegisterConfig, timeout_s: float) -> list[int]:
        """See `Link`."""
        if not self._lock.acquire(timeout=BUSY_S):
            raise CheckError(f"{self._plan.link}: busy for {BUSY_S:g} s with devices that do not answer")
        try:
            answer = self._ask(unit, register, timeout_s)
        finally:
            self._lock.release()
        if answer.isError():
            code = getattr(answer, "exception_code", 0)
            words = EXCEPTIONS.get(code, "it refuses")
            place = f"{self._plan.link} unit {unit}, {register.table} {register.address}"
            raise CheckError(f"{place}: {words} (exception {code})")
        read = answer.bits if is_bit(register) else answer.registers
        return [int(word) for word in read[: words_of(register)]]

    def close(self) -> None:
        """Let the port or connection go; the next read opens it again."""
        with self._lock:
            self._close()

    def _ask(self, unit: int, register: RegisterConfig, timeout_s: float) -> Any:
        from pymodbus.exceptions import ModbusException

        place = f"{self._plan.link} unit {unit}"
        try:
            client = self._opened(timeout_s)
            reading = {
                "holding": client.read_holding_registers,
                "input": client.read_input_registers,
                "coil": client.read_coils,
                "discrete": client.read_discrete_inputs,
            }[register.table]
            return reading(register.address, count=words_of(register), device_id=unit)
        except ModbusException as error:
            self._close()
            raise CheckError(f"{place}: no answer in time") from error
        except OSError as error:
            self._close()
            raise CheckError(f"{place}: {error.strerror or error}") from error

    def _opened(self, timeout_s: float) -> Any:
        if self._client is None:
            self._client = self._make(timeout_s)
        self._client.comm_params.timeout_connect = timeout_s
        if not self._client.connected and not self._client.connect():
            raise OSError("cannot be opened; see to the adapter, its cable and its address")
        return self._client

    def _make(self, timeout_s: float) -> Any:
        from pymodbus.client import ModbusSerialClient, ModbusTcpClient

        # It logs each failure itself, as lines that are no JSON; the first of a streak is logged where it is handled.
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
        plan = self._plan
        if plan.tcp is not None:
            host, port = plan.tcp
            return ModbusTcpClient(host, port=port, timeout=timeout_s, retries=RETRIES)
        return ModbusSerialClient(
            plan.link,
            baudrate=plan.baud_rate,
            parity=plan.parity[0].upper(),
            stopbits=plan.stop_bits,
            timeout=timeout_s,
            retries=RETRIES,
        )

    def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
