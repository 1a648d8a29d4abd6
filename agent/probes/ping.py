"""Whether a host answers a ping: by an unprivileged ICMP socket, or by the `ping` program where there is none."""

import shutil
import socket
import struct
import subprocess
import time
from math import ceil
from typing import Final

from agent.errors import CheckError
from agent.facility_points import PointState
from agent.probes.tcp import words_of

ECHO_V4: Final = (8, 0)
ECHO_V6: Final = (128, 129)
"""Types of request and reply: RFC 792, "Echo or Echo Reply Message"; RFC 4443, sections 4.1 and 4.2."""

PAYLOAD: Final = b"openhall" * 4
ANSWER_BYTES: Final = 1_500


class Ping:
    """One echo request.

    Linux gives every user an ICMP socket where `net.ipv4.ping_group_range` allows it (icmp(7)); it writes identifier
    and checksum itself, and hands over only what answers this socket.

    Args:
        host: Name or address.
        timeout_s: The answer must come within so long.
        use_socket: False: always the `ping` program.
    """

    def __init__(self, host: str, timeout_s: float, *, use_socket: bool = True) -> None:
        self._host = host
        self._timeout_s = timeout_s
        self._use_socket = use_socket
        self._sequence = 0

    def ask(self) -> PointState:
        """Up if it answers."""
        try:
            family, address = _resolve(self._host)
            if self._use_socket:
                try:
                    self._by_socket(family, address)
                    return PointState(working=True, state="up")
                except PermissionError:
                    self._use_socket = False
            self._by_program(address[0])
        except OSError as error:
            raise CheckError(f"{self._host}: {words_of(error)}") from error
        return PointState(working=True, state="up")

    def close(self) -> None:
        """Nothing is kept open."""

    def _by_socket(self, family: int, address: tuple[str, int]) -> None:
        v6 = family == socket.AF_INET6
        request, reply = ECHO_V6 if v6 else ECHO_V4
        protocol = socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP
        end_s = time.monotonic() + self._timeout_s
        with socket.socket(family, socket.SOCK_DGRAM, protocol) as one:
            self._sequence = (self._sequence + 1) & 0xFFFF
            one.connect(address)
            one.send(struct.pack("!BBHHH", request, 0, 0, 0, self._sequence) + PAYLOAD)
            while True:
                left_s = end_s - time.monotonic()
                if left_s <= 0:
                    raise TimeoutError
                one.settimeout(left_s)
                answer = one.recv(ANSWER_BYTES)
                if is_reply(answer, reply, self._sequence):
                    return

    def _by_program(self, address: str) -> None:
        program = shutil.which("ping")
        if program is None:
            raise CheckError(
                f"{self._host}: this user may not ping; widen net.ipv4.ping_group_range or install the program ping"
            )
        words = [program, "-n", "-q", "-c", "1", "-W", str(ceil(self._timeout_s)), address]
        try:
            done = subprocess.run(words, capture_output=True, timeout=self._timeout_s, check=False)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError from error
        if done.returncode:
            text = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise CheckError(f"{self._host}: {text[-1] if text else 'no answer in time'}")


def is_reply(answer: bytes, reply: int, sequence: int) -> bool:
    """True for the answer to that request; an earlier one may come late."""
    if len(answer) < 8:
        return False
    kind, code, _, _, number = struct.unpack_from("!BBHHH", answer)
    return bool((kind, code, number) == (reply, 0, sequence) and answer[8:] == PAYLOAD)


def _resolve(host: str) -> tuple[int, tuple[str, int]]:
    family, _, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_DGRAM)[0]
    return family, (str(address[0]), 0)
