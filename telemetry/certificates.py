"""When certificates end: the validity of PEM certificates, read without a library."""

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from telemetry.clock import to_ms

MOST_BYTES: Final = 1_000_000
"""Nobody need read more of a file of certificates."""

_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _EXPLICIT_0, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


def ends_of(pem: bytes) -> list[int]:
    """When each certificate of a PEM file ends, in Unix ms.

    Raises:
        ValueError: If there is none, or one cannot be read.
    """
    found = [end_of(base64.b64decode(match[1])) for match in _PEM.finditer(pem)]
    if not found:
        raise ValueError("no certificate in it; give a PEM file")
    return found


def end_of(der: bytes) -> int:
    """When one certificate ends, in Unix ms, of its DER bytes.

    Raises:
        ValueError: If it cannot be read.
    """
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
