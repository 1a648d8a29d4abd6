"""How lines become bodies, and how one bad line is found without losing the good ones or waiting for ever."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from gateway.errors import GatewayError, StoreMisconfigured
from gateway.ports import Refused
from gateway.stores.influx_http import BodyRefusedError, ServerFaultError
from gateway.stores.points import Counters

MAX_REMEMBERED_BODIES: Final = 256
LONE_FAULTS: Final = 3
"""A lone line must get 500 this often, other lines being taken, before it is refused."""


class Line(NamedTuple):
    """One line and the place of its point in the batch."""

    place: int
    text: bytes


class BodyWriter:
    """Sends lines in bodies and splits a body that the server will not take, until the bad line is alone.

    Whether the lines of a refused body have been stored differs (InfluxDB 1.x keeps the good ones, 2 none), so every
    half is sent again: repeats are harmless.

    Args:
        post: Sends one body to a bucket; raises as `InfluxHttp.write` does.
        probe: Writes one line that is known to be good into that bucket, likewise.
        max_lines: Of one body.
        max_bytes: Of one body; a longer line is refused.
        faults_before_split: So many times one body may be answered 500, over any number of calls, before `probe`
            says whether the body is to blame.
        counters: Where splits and commits are counted.
    """

    def __init__(
        self,
        *,
        post: Callable[[str, bytes], None],
        probe: Callable[[str], None],
        max_lines: int,
        max_bytes: int,
        faults_before_split: int,
        counters: Counters,
    ) -> None:
        self._post = post
        self._probe = probe
        self._max_lines = max_lines
        self._max_bytes = max_bytes
        self._faults_before_split = faults_before_split
        self._counters = counters
        self._faults: dict[tuple[str, int, int], int] = {}

    def write(self, bucket: str, lines: Sequence[Line]) -> list[Refused]:
        """Store all lines but the refused.

        Raises:
            StoreUnavailable: As `post` raises it; StoreMisconfigured also if the server refuses even the probe.
        """
        refused = [
            Refused(line.place, f"a line of {len(line.text)} bytes; at most {self._max_bytes} are sent")
            for line in lines
            if len(line.text) > self._max_bytes
        ]
        for body in self._bodies(lines):
            refused += self._send(bucket, body, split=False)
        return refused

    def _bodies(self, lines: Sequence[Line]) -> Iterator[list[Line]]:
        body: list[Line] = []
        length = 0
        for line in lines:
            if len(line.text) > self._max_bytes:
                continue
            if body and (len(body) >= self._max_lines or length + len(line.text) + 1 > self._max_bytes):
                yield body
                body, length = [], 0
            body.append(line)
            length += len(line.text) + 1
        if body:
            yield body

    def _send(self, bucket: str, lines: list[Line], *, split: bool) -> list[Refused]:
        """Send one body; `split` says that it is part of one that was answered 500 too often."""
        body = b"\n".join([line.text for line in lines])
        try:
            self._post(bucket, body)
        except BodyRefusedError as error:
            if len(lines) > 1:
                return self._halves(bucket, lines, split=split)
            self._require_probe(bucket, error)
            return [Refused(lines[0].place, error.detail)]
        except ServerFaultError as error:
            if not split and not self._is_suspect(bucket, body):
                raise
            self._require_probe(bucket, error)
            # The count stays: should another body of this batch fail, this one need not fail five times again.
            if len(lines) > 1:
                return self._halves(bucket, lines, split=True)
            return self._send_alone(bucket, lines[0], error)
        self._faults.pop(_name_of(bucket, body), None)
        self._counters.commits += 1
        return []

    def _halves(self, bucket: str, lines: list[Line], *, split: bool) -> list[Refused]:
        self._counters.splits += 1
        middle = len(lines) // 2
        first = self._send(bucket, lines[:middle], split=split)
        return first + self._send(bucket, lines[middle:], split=split)

    def _send_alone(self, bucket: str, line: Line, fault: ServerFaultError) -> list[Refused]:
        for _ in range(LONE_FAULTS - 1):
            try:
                self._post(bucket, line.text)
            except ServerFaultError as again:
                fault = again
                self._require_probe(bucket, fault)
            except BodyRefusedError as error:
                self._require_probe(bucket, error)
                return [Refused(line.place, error.detail)]
            else:
                self._counters.commits += 1
                return []
        return [Refused(line.place, str(fault))]

    def _is_suspect(self, bucket: str, body: bytes) -> bool:
        """Count one more 500 of this body; True once there are enough of them."""
        name = _name_of(bucket, body)
        count = self._faults.pop(name, 0) + 1
        while len(self._faults) >= MAX_REMEMBERED_BODIES:
            del self._faults[next(iter(self._faults))]
        self._faults[name] = count
        return count >= self._faults_before_split

    def _require_probe(self, bucket: str, refusal: GatewayError) -> None:
        """Before a line or body is held to be at fault, make sure that the server takes one that is good.

        Raises:
            StoreUnavailable: As the probe raises it; StoreMisconfigured if the probe too is refused.
        """
        try:
            self._probe(bucket)
        except BodyRefusedError as error:
            raise StoreMisconfigured(
                f"bucket {bucket}: the server refuses every line, even one that is known to be good ({refusal})"
            ) from error


def _name_of(bucket: str, body: bytes) -> tuple[str, int, int]:
    return bucket, len(body), zlib.crc32(body)
