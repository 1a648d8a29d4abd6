"""Whether a telephone line's SIP server answers OPTIONS over UDP (RFC 3261, section 11)."""

import secrets
import socket
import time
from typing import Final

from agent.errors import CheckError
from agent.facility_points import PointState
from agent.probes.targets import Target
from agent.probes.tcp import words_of

T1_S: Final = 0.5
T2_S: Final = 4.0
"""First and longest wait before a request over UDP is sent again (RFC 3261, section 17.1.2.2)."""

ANSWER_BYTES: Final = 65_535

ALIVE: Final = frozenset({401, 405, 407, 486, 600})
"""Beside 2xx: it wants a password, does not know OPTIONS, or the line is busy. It is there, and would take a call."""


class SipOptions:
    """One OPTIONS request.

    Args:
        target: Where; `path` is the name before the `@`.
        timeout_s: A final answer must come within so long.
        status: The status it must have; None: whatever shows a living line.
    """

    def __init__(self, target: Target, timeout_s: float, *, status: int | None = None) -> None:
        self._target = target
        self._timeout_s = timeout_s
        self._status = status

    def ask(self) -> PointState:
        """Up if the answer shows a living line."""
        try:
            status, words = self._transact()
        except OSError as error:
            raise CheckError(f"{self._target.place}: {words_of(error)}") from error
        wanted = status == self._status if self._status else 200 <= status < 300 or status in ALIVE
        if not wanted:
            raise CheckError(f"{self._target.place}: SIP {status} {words}".rstrip())
        return PointState(working=True, state="up")

    def close(self) -> None:
        """Nothing is kept open."""

    def _transact(self) -> tuple[int, str]:
        end_s = time.monotonic() + self._timeout_s
        family, kind, protocol, _, address = socket.getaddrinfo(
            self._target.host, self._target.port, type=socket.SOCK_DGRAM
        )[0]
        call = secrets.token_hex(12)
        with socket.socket(family, kind, protocol) as one:
            one.connect(address)
            host, port = one.getsockname()[:2]
            request = request_of(self._target, call, f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
            wait_s, again_s = T1_S, 0.0
            while True:
                now_s = time.monotonic()
                if now_s >= end_s:
                    raise TimeoutError
                if now_s >= again_s:
                    one.send(request)
                    again_s, wait_s = now_s + wait_s, min(2 * wait_s, T2_S)
                one.settimeout(max(min(end_s, again_s) - now_s, 0.001))
                try:
                    found = answer_of(one.recv(ANSWER_BYTES), call)
                except TimeoutError:
                    continue
                if found is not None:
                    return found


def request_of(target: Target, call: str, own: str) -> bytes:
    """The request; `call` makes it unlike any other, `own` is where the answer is to go."""
    uri = f"sip:{target.path}@{target.place}" if target.path else f"sip:{target.place}"
    # RFC 3261, section 8.1.1.7: a branch begins with z9hG4bK. RFC 3581: rport brings the answer back through NAT.
    lines = [
        f"OPTIONS {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {own};branch=z9hG4bK{call};rport",
        "Max-Forwards: 70",
        f"From: <sip:openhall@{own}>;tag={call[:8]}",
        f"To: <{uri}>",
        f"Call-ID: {call}",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:openhall@{own}>",
        "Accept: application/sdp",
        "Content-Length: 0",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer_of(datagram: bytes, call: str) -> tuple[int, str] | None:
    """Status and words of a final answer to that request; None for anything else that came."""
    head = datagram.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").split("\r\n")
    version, _, rest = head[0].partition(" ")
    number, _, words = rest.partition(" ")
    if version != "SIP/2.0" or not number.isdecimal() or not 200 <= int(number) <= 699:
        return None
    fields = [line.partition(":") for line in head[1:]]
    calls = [value.strip() for name, _, value in fields if name.strip().lower() in ("call-id", "i")]
    return (int(number), words.strip()[:80]) if call in calls else None
