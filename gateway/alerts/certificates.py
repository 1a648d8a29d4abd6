"""How long certificates are still good: the last day of each PEM file that the configuration names."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from telemetry.clock import to_ms

if TYPE_CHECKING:
    from gateway.config import Config

log = structlog.get_logger(__name__)

DAY_MS: Final = 86_400_000
MOST_BYTES: Final = 1_000_000

_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _EXPLICIT_0, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


class CertificateLife(NamedTuple):
    """One certificate: what people call it, where it is used, and the end of its last day in Unix ms."""

    name: str
    what: str
    region: str
    until_ms: int
    site: str = ""


class Certificates:
    """Those of some files; one that cannot be read is told once and looked at again the next time."""

    def __init__(self, files: Mapping[str, Path], region: str) -> None:
        """Remember the files by a short name, and the region whose people are told."""
        self._files = files
        self._region = region
        self._failing: set[str] = set()

    def all(self) -> Iterator[CertificateLife]:
        """Of each file the certificate that ends first."""
        for name, path in self._files.items():
            try:
                body = path.read_bytes()[:MOST_BYTES]
                until_ms = min(ends_of(body))
            except (OSError, ValueError) as error:
                if name not in self._failing:
                    log.warning("a certificate cannot be read", file=str(path), error=str(error))
                self._failing.add(name)
                continue
            self._failing.discard(name)
            yield CertificateLife(name, f"{path.name}: {_day(until_ms)}", self._region, until_ms)


def certificate_files(config: "Config") -> dict[str, Path]:
    """The certificates that a configuration names, by a short name."""
    given = {
        "broker-ca": config.broker.ca_file,
        "broker-own": config.broker.cert_file,
        "store-ca": getattr(config.store, "ca_file", None),
    }
    return {name: Path(path) for name, path in given.items() if path is not None}


def ends_of(pem: bytes) -> list[int]:
    """When each certificate of a PEM file ends, in Unix ms.

    Raises:
        ValueError: If there is none, or one cannot be read.
    """
    found = [_end_of(base64.b64decode(match[1])) for match in _PEM.finditer(pem)]
    if not found:
        raise ValueError("no certificate in it; give a PEM file")
    return found


def _end_of(der: bytes) -> int:
    try:
        # RFC 5280, section 4.1: Certificate > TBSCertificate: [0] version, serial, signature, issuer, validity.
        parts = list(_parts(next(_parts(next(_parts(der))[1]))[1]))
        if parts[0][0] == _EXPLICIT_0:
            del parts[0]
        tag, body = parts[3]
        (_before, (kind, end)) = list(_parts(body))
        if tag != _SEQUENCE or kind not in (_UTC_TIME, _GENERALIZED_TIME):
            raise ValueError
        # Section 4.1.2.5.1: of two digits, 50 and more are of the last century; both forms end in Z.
        text = end.decode("ascii")
        if kind == _UTC_TIME:
            text = ("19" if text[:2] >= "50" else "20") + text
        moment = datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except (ValueError, IndexError, StopIteration, binascii.Error) as error:
        raise ValueError("a certificate in it cannot be read; is it whole?") from error
    return to_ms(moment.timestamp())


def _parts(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The tags and contents of DER values one after another (X.690, section 8.1)."""
    at = 0
    while at < len(body):
        tag, length = body[at], body[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4:
                raise ValueError
            length = int.from_bytes(body[at : at + size], "big")
            at += size
        if at + length > len(body):
            raise ValueError
        yield tag, body[at : at + length]
        at += length


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")
